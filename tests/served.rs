//! The demo's lake, and a server of it on a free port, for the tests of what analysts use.

use std::io::{BufRead as _, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::OnceLock;

use serde_json::Value;

use crate::support::command;

/// The lake of the demo, made once for all of these tests.
pub(crate) fn demo() -> &'static Path {
    static DEMO: OnceLock<tempfile::TempDir> = OnceLock::new();
    let folder = DEMO.get_or_init(|| {
        let folder = tempfile::tempdir().unwrap();
        let made = command(folder.path()).args(["demo", "--out", "demo", "--quiet"]).output().unwrap();
        assert!(made.status.success(), "{}", String::from_utf8_lossy(&made.stderr));
        folder
    });
    // A static is never dropped: the folder is left to the machine's own cleaning of temporary files.
    folder.path()
}

/// `vigie serve` on a free port, stopped when dropped.
pub(crate) struct Served {
    child: Child,
    pub(crate) address: String,
}

impl Served {
    /// Serves the demo's lake under a configuration.
    pub(crate) fn start(folder: &Path, config: &str, wrapper: &[&str]) -> Self {
        Self::start_with(folder, config, wrapper, &[])
    }

    /// The same, with more in its environment.
    pub(crate) fn start_with(
        folder: &Path,
        config: &str,
        wrapper: &[&str],
        environment: &[(&str, &str)],
    ) -> Self {
        let lake = demo().join("demo/lake");
        let text = format!("lake = {:?}\n{config}", lake.to_str().unwrap());
        std::fs::write(folder.join("vigie.toml"), text).unwrap();
        let vigie = env!("CARGO_BIN_EXE_vigie");
        let words = [wrapper, &[vigie, "serve", "--listen", "127.0.0.1:0"]].concat();
        let mut child = Command::new(words[0])
            .args(&words[1..])
            .current_dir(folder)
            .env_remove("VIGIE_CONFIG")
            .env("VIGIE_LOG", "warn")
            .envs(environment.iter().copied())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let mut lines = BufReader::new(child.stderr.take().unwrap()).lines();
        let line = lines.by_ref().map_while(Result::ok).find(|line| line.contains("postgresql://"));
        let line = line.expect("the address is told");
        let address = line.split("postgresql://").nth(1).unwrap().split('/').next().unwrap().to_owned();
        std::thread::spawn(move || lines.map_while(Result::ok).for_each(|line| eprintln!("serve: {line}")));
        Self { child, address }
    }

    /// Number of its process.
    pub(crate) fn pid(&self) -> u32 {
        self.child.id()
    }

    /// Its workers.
    pub(crate) fn workers(&self) -> Vec<u32> {
        let parent = |stat: &str| stat.rsplit(')').next()?.split_whitespace().nth(1)?.parse::<u32>().ok();
        let processes = std::fs::read_dir("/proc").unwrap().flatten();
        let numbers = processes.filter_map(|entry| entry.file_name().to_str()?.parse::<u32>().ok());
        let stat = |pid: &u32| std::fs::read_to_string(format!("/proc/{pid}/stat")).unwrap_or_default();
        numbers.filter(|pid| parent(&stat(pid)) == Some(self.pid())).collect()
    }

    pub(crate) fn dsn(&self, user: &str) -> String {
        format!("postgresql://{user}@{}/vigie", self.address)
    }

    /// Runs one statement with psql: whether it ended well, and what it said.
    pub(crate) fn psql(&self, dsn: &str, sql: &str) -> Option<(bool, String)> {
        let output = Command::new("psql")
            .args(["-X", "-A", "-t", "-v", "ON_ERROR_STOP=1", "-d", dsn, "-c", sql])
            .output();
        let Ok(output) = output else {
            eprintln!("skipped: psql is not installed (.ci/setup --tests)");
            return None;
        };
        let said = [output.stdout, output.stderr].concat();
        Some((output.status.success(), String::from_utf8_lossy(&said).trim().to_owned()))
    }

    /// Runs a task of `tests/clients/wire.py`.
    pub(crate) fn python(&self, task: &str, dsn: &str, words: &[&str]) -> Option<Value> {
        let script = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/clients/wire.py");
        let output = Command::new(python()?).args([script, task, dsn]).args(words).output().unwrap();
        assert!(output.status.success(), "{task}: {}", String::from_utf8_lossy(&output.stderr));
        Some(serde_json::from_slice(&output.stdout).unwrap())
    }
}

impl Drop for Served {
    fn drop(&mut self) {
        // SIGTERM: it ends as the service does.
        let _ = Command::new("kill").arg(self.child.id().to_string()).status();
        let _ = self.child.wait();
    }
}

/// The Python that has the clients: that of `VIGIE_PYTHON`, else the venv of `.ci/setup --tests`.
pub(crate) fn python() -> Option<PathBuf> {
    let cache = std::env::var_os("XDG_CACHE_HOME")
        .map(PathBuf::from)
        .or_else(|| std::env::var_os("HOME").map(|home| PathBuf::from(home).join(".cache")));
    let python = std::env::var_os("VIGIE_PYTHON")
        .map(PathBuf::from)
        .or_else(|| Some(cache?.join("vigie/python/bin/python")));
    let found = python.filter(|python| python.exists());
    if found.is_none() {
        eprintln!("skipped: the Python clients are not installed (.ci/setup --tests)");
    }
    found
}
