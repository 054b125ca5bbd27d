//! The N-th system call fails (strace injects the fault): a clean error or no harm, a lake that verifies, a next run that
//! heals. A failed fsync is never told as success.

use std::sync::Mutex;

use super::drill::Drill;
use super::rng::Rng;
use super::site::Site;
use super::{Check, Options, Tally, ensure, side_by_side};

/// Calls that fail, and how.
const CALLS: &[(&str, &str)] = &[
    ("openat", "EIO"),
    ("openat", "EMFILE"),
    ("read", "EIO"),
    ("pread64", "EIO"),
    ("write", "EIO"),
    ("write", "ENOSPC"),
    ("pwrite64", "EIO"),
    ("fsync", "EIO"),
    ("fdatasync", "EIO"),
    ("rename", "EIO"),
    ("linkat", "EIO"),
    ("link", "EIO"),
    ("unlink", "EIO"),
    ("ftruncate", "EIO"),
    ("mkdir", "EIO"),
    ("flock", "EIO"),
    ("getdents64", "EIO"),
    ("statx", "EIO"),
    ("copy_file_range", "EIO"),
];

/// Of the calls after the first ones so many are drawn.
const DRAWN: u64 = 4;

struct Case {
    step: usize,
    call: &'static str,
    error: &'static str,
    turn: u64,
}

pub(crate) fn run(options: &Options) -> Tally {
    let works = std::process::Command::new("strace").args(["-f", "-o", "/dev/null", "true"]).output();
    if !works.is_ok_and(|output| output.status.success()) {
        return Tally::skipped("strace is missing or may not trace (.ci/setup --torture installs it)");
    }
    let drill = match Drill::prepare() {
        Ok(drill) => drill,
        Err(fault) => return Tally::failed("the undisturbed drill", fault),
    };
    let mut rng = Rng::new(options.seed, "calls");
    let first = options.rounds.unwrap_or(if options.long { 40 } else { 6 });
    let mut cases = Vec::new();
    for (step, name) in ["fetch", "build", "bulletin", "compact"].into_iter().enumerate() {
        for (call, error) in CALLS {
            // The commit path in full; what costs a second a run, in samples.
            let first = if matches!(name, "fetch" | "compact") { first } else { first / 3 };
            let mut turns: Vec<u64> = (1..=first).collect();
            turns.extend((0..DRAWN.min(first)).map(|_| first + 1 + rng.below(60)));
            cases.extend(turns.into_iter().map(|turn| Case { step, call, error, turn }));
        }
    }
    // A turn that a command never comes to ends the turns after it.
    let quiet: Mutex<std::collections::BTreeMap<(usize, &str), u64>> = Mutex::default();
    let hits = Mutex::new((0_u64, 0_u64));
    let mut tally = side_by_side(
        2,
        &cases,
        |case| format!("{} {}:{}:{}", drill.steps()[case.step].0, case.call, case.error, case.turn),
        |case| {
            let known = quiet.lock().unwrap().get(&(case.step, case.call)).copied();
            if known.is_some_and(|turn| case.turn >= turn) {
                return Ok(());
            }
            match inject(&drill, case)? {
                Came::OnAFile => hits.lock().unwrap().0 += 1,
                Came::Elsewhere => hits.lock().unwrap().1 += 1,
                Came::Never => {
                    let mut quiet = quiet.lock().unwrap();
                    let turn = quiet.entry((case.step, case.call)).or_insert(case.turn);
                    *turn = case.turn.min(*turn);
                }
            }
            Ok(())
        },
    );
    let (hit, elsewhere) = hits.into_inner().unwrap();
    // Runs that no fault came to are not counted.
    tally.cases = hit + tally.failures.len() as u64;
    tally
        .notes
        .push(format!("{hit} runs with a fault on a file; {elsewhere} left aside, whose fault met no file"));
    tally
}

/// Where the fault came.
enum Came {
    OnAFile,
    /// On what wakes threads up and never fails in truth: nothing can be learnt from it.
    Elsewhere,
    Never,
}

/// Runs one command with one fault.
fn inject(drill: &Drill, case: &Case) -> Check<Came> {
    let mut site = Site::copy_of(&drill.stages[case.step]);
    let steps = drill.steps();
    let words: Vec<&str> = steps[case.step].1.iter().map(String::as_str).collect();
    let log = site.folder().join("strace.txt");
    let trace = format!("trace={}", case.call);
    let fault = format!("inject={}:error={}:when={}", case.call, case.error, case.turn);
    site.set("TOKIO_WORKER_THREADS", "1");
    let wrapper = [
        "timeout",
        "-s",
        "KILL",
        "20",
        "strace",
        "-f",
        "--seccomp-bpf",
        "-y",
        "-o",
        log.to_str().unwrap(),
        "-e",
        &trace,
        "-e",
        &fault,
    ];
    let ended = Site::output(&mut site.command(&wrapper, &words))?;
    let traced = std::fs::read_to_string(&log).map_err(|fault| fault.to_string())?;
    let injected: Vec<&str> = traced.lines().filter(|line| line.contains("(INJECTED)")).collect();
    if injected.is_empty() {
        ensure!(ended.code == Some(0), "no fault, yet exit {:?}: {}{}", ended.code, ended.out, ended.err);
        return Ok(Came::Never);
    }
    if injected
        .iter()
        .any(|line| ["anon_inode", "pipe:", "socket:", "TCP:", "UNIX"].iter().any(|kind| line.contains(kind)))
    {
        return Ok(Came::Elsewhere);
    }
    let place = injected[0].split_once(' ').map_or("", |(_, call)| call);
    ensure!(!ended.err.contains("panicked at"), "a panic after {place}: {}", ended.err);
    ensure!(ended.code.is_some(), "died by a signal after {place}: {}", ended.err);
    if ended.code != Some(0) {
        let said = format!("{}{}", ended.out, ended.err);
        ensure!(!said.trim().is_empty(), "exit {:?} without a word after {place}", ended.code);
    }
    if matches!(case.call, "fsync" | "fdatasync") {
        ensure!(ended.code != Some(0), "told as success: {place}");
    }
    let after = |fault: String| format!("exit {:?} after {place}: {fault}", ended.code);
    site.verify().map_err(after)?;
    if ended.code != Some(0) {
        // What was told as done must be there without a second run; what was not is done by it.
        Drill::take(&site, &steps[case.step]).map_err(|fault| after(format!("again {fault}")))?;
        site.verify().map_err(after)?;
    }
    drill.compare(&site, case.step).map_err(after)?;
    Ok(Came::OnAFile)
}
