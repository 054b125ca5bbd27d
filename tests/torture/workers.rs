//! Workers of the wire are killed at random while clients ask: every statement is answered, rightly or by the sentence
//! that says that its worker fell. Then the server is killed: no worker outlives it, and it leaves a sound lake.

use std::io::{BufRead as _, BufReader};
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use serde_json::Value;

use super::site::Site;
use super::{Check, Options, Tally, ensure};

/// Clients at once.
const CLIENTS: u64 = 6;

/// Seconds of a round.
const SECONDS: u64 = 20;

/// The Python that has the clients; as `tests/served.rs` finds it.
fn python() -> Option<PathBuf> {
    let cache = std::env::var_os("XDG_CACHE_HOME")
        .map(PathBuf::from)
        .or_else(|| std::env::var_os("HOME").map(|home| PathBuf::from(home).join(".cache")));
    let named = std::env::var_os("VIGIE_PYTHON").map(PathBuf::from);
    named.or_else(|| Some(cache?.join("vigie/python/bin/python"))).filter(|python| python.exists())
}

pub(super) fn run(options: &Options) -> Tally {
    let Some(python) = python() else {
        return Tally::skipped("the Python clients are not installed (.ci/setup --tests)");
    };
    let rounds = options.rounds.unwrap_or(if options.long { 20 } else { 2 });
    let mut tally = Tally::default();
    let (mut killed, mut answered, mut fell) = (0, 0, 0);
    for round in 0..rounds {
        let seed = options.seed.wrapping_add(round) % 1_000_000;
        let outcome = torment(&python, seed).map(|said| {
            let count = |name: &str| said[name].as_u64().unwrap_or(0);
            killed += count("killed");
            answered += count("answered");
            fell += count("fell");
        });
        tally.case(&format!("round {round} (seed {seed})"), outcome);
    }
    tally
        .notes
        .push(format!("{killed} workers killed; {answered} statements answered, {fell} lost with a worker"));
    tally
}

/// One server, its clients, and whoever kills its workers.
fn torment(python: &PathBuf, seed: u64) -> Check<Value> {
    let site = Site::new();
    site.configure("");
    for edition in 0..3 {
        site.load("tests", edition)?;
        site.load("hospital_stock", edition)?;
    }
    site.run(&["build"])?.ok()?;
    let mut server = Server::start(&site)?;
    let script = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/clients/wire.py");
    let dsn = format!("postgresql://ana@{}/vigie", server.address);
    let numbers = [server.child.id().into(), CLIENTS, SECONDS, seed].map(|number: u64| number.to_string());
    let mut command = Command::new(python);
    command.args([script, "torment", &dsn]).args(&numbers);
    let said = Site::output(&mut command)?.ok()?;
    let said: Value = serde_json::from_str(&said).map_err(|fault| format!("{fault}: {said}"))?;
    ensure!(said["wrong"].as_array().is_some_and(Vec::is_empty), "{said}");
    ensure!(said["least"].as_u64().unwrap_or(0) > 0, "a client was never answered: {said}");
    ensure!(said["killed"].as_u64().unwrap_or(0) > SECONDS / 2, "too few were killed: {said}");
    ensure!(said["longest"].as_f64().unwrap_or(99.0) < 20.0, "a client waited: {said}");
    let workers = children(server.child.id());
    ensure!(!workers.is_empty(), "no worker is left to be orphaned");
    let fault = |fault: std::io::Error| fault.to_string();
    server.child.kill().map_err(fault)?;
    server.child.wait().map_err(fault)?;
    for _ in 0..50 {
        if !workers.iter().any(|worker| lives(*worker)) {
            break;
        }
        std::thread::sleep(Duration::from_millis(100));
    }
    let left: Vec<&u32> = workers.iter().filter(|worker| lives(**worker)).collect();
    ensure!(left.is_empty(), "workers that outlive their server: {left:?}");
    site.verify()?;
    site.run(&["status"])?; // opens the lake alone, which clears what the dead left
    let spool: Vec<_> = std::fs::read_dir(site.lake().join("spool")).map_err(fault)?.flatten().collect();
    ensure!(spool.is_empty(), "left in the spool: {spool:?}");
    Ok(said)
}

struct Server {
    child: Child,
    address: String,
}

impl Server {
    fn start(site: &Site) -> Check<Self> {
        let mut command = site.command(&[], &["serve", "--listen", "127.0.0.1:0"]);
        let spawned = command.env("VIGIE_LOG", "error").stderr(Stdio::piped()).spawn();
        let mut child = spawned.map_err(|fault| fault.to_string())?;
        let stderr = child.stderr.take().ok_or("no standard error")?;
        let mut lines = BufReader::new(stderr).lines().map_while(Result::ok);
        let line = lines.find(|line| line.contains("postgresql://")).ok_or("the server did not start")?;
        let address = line.split("postgresql://").nth(1).and_then(|rest| rest.split('/').next());
        let address = address.ok_or("no address")?.to_owned();
        std::thread::spawn(move || lines.for_each(drop));
        Ok(Self { child, address })
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Number of its parent and state of a process.
fn stat(pid: u32) -> Option<(u32, String)> {
    let stat = std::fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
    let mut fields = stat.rsplit(')').next()?.split_whitespace().map(str::to_owned);
    let state = fields.next()?;
    Some((fields.next()?.parse().ok()?, state))
}

fn lives(pid: u32) -> bool {
    stat(pid).is_some_and(|(_, state)| state != "Z")
}

fn children(of: u32) -> Vec<u32> {
    let processes = std::fs::read_dir("/proc").into_iter().flatten().flatten();
    let numbers = processes.filter_map(|entry| entry.file_name().to_str()?.parse::<u32>().ok());
    numbers.filter(|pid| stat(*pid).is_some_and(|(parent, _)| parent == of)).collect()
}
