//! A watch-room in a folder of its own, and the binary that works in it.

use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitStatus, Stdio};
use std::sync::OnceLock;
use std::time::{Duration, Instant};

use serde_json::Value;

use super::{Check, ensure};

static BINARY: OnceLock<PathBuf> = OnceLock::new();

/// Tortures this binary instead of the one cargo built.
#[allow(dead_code, reason = "only the binary of its own takes --vigie")]
pub(crate) fn use_binary(path: PathBuf) {
    let _ = BINARY.set(path);
}

/// The binary under torture.
pub(crate) fn binary() -> &'static Path {
    BINARY.get_or_init(|| PathBuf::from(env!("CARGO_BIN_EXE_vigie")))
}

/// How a process ended and what it said.
#[derive(Debug, Clone)]
pub(crate) struct Ended {
    /// Exit code; none when a signal ended it.
    pub(crate) code: Option<i32>,
    /// Standard output.
    pub(crate) out: String,
    /// Standard error.
    pub(crate) err: String,
}

impl Ended {
    fn new(status: ExitStatus, out: &[u8], err: &[u8]) -> Self {
        Self {
            code: status.code(),
            out: String::from_utf8_lossy(out).into_owned(),
            err: String::from_utf8_lossy(err).into_owned(),
        }
    }

    /// Standard output, of a process that must have ended well.
    pub(crate) fn ok(self) -> Check<String> {
        ensure!(self.code == Some(0), "exit {:?}: {}", self.code, self.err.trim());
        Ok(self.out)
    }

    /// Standard output as JSON, whatever the exit code.
    pub(crate) fn json(&self) -> Check<Value> {
        serde_json::from_str(&self.out)
            .map_err(|_| format!("exit {:?}, no JSON: {:?} {}", self.code, self.out, self.err.trim()))
    }

    /// The reports of `vigie --json fetch`.
    pub(crate) fn reports(&self) -> Check<Vec<Value>> {
        Ok(match self.json()? {
            Value::Array(many) => many,
            one => vec![one],
        })
    }
}

/// A folder with a lake in it, gone with its value.
pub(crate) struct Site {
    folder: tempfile::TempDir,
    environment: Vec<(OsString, OsString)>,
}

impl Site {
    pub(crate) fn new() -> Self {
        Self { folder: tempfile::Builder::new().prefix("torture-").tempdir().unwrap(), environment: vec![] }
    }

    /// A site on another disk.
    pub(crate) fn new_in(disk: &Path) -> Self {
        let folder = tempfile::Builder::new().prefix("torture-").tempdir_in(disk).unwrap();
        Self { folder, environment: vec![] }
    }

    /// A copy of another site, files and all.
    pub(crate) fn copy_of(other: &Self) -> Self {
        let copy = Self::new();
        let from = other.folder().join(".");
        let status = Command::new("cp").arg("-a").arg(from).arg(copy.folder()).status().unwrap();
        assert!(status.success(), "cp -a");
        copy
    }

    pub(crate) fn folder(&self) -> &Path {
        self.folder.path()
    }

    pub(crate) fn lake(&self) -> PathBuf {
        self.folder().join("lake")
    }

    /// Every process started from now on has this variable.
    pub(crate) fn set(&mut self, name: impl Into<OsString>, value: impl Into<OsString>) {
        self.environment.push((name.into(), value.into()));
    }

    /// Writes `vigie.toml`.
    pub(crate) fn configure(&self, text: &str) {
        std::fs::write(self.folder().join("vigie.toml"), format!("lake = \"lake\"\n{text}")).unwrap();
    }

    /// `vigie …` in this folder, started by another program when one is given (`strace …`).
    pub(crate) fn command(&self, wrapper: &[&str], words: &[&str]) -> Command {
        let mut command = match wrapper.split_first() {
            Some((program, more)) => {
                let mut command = Command::new(program);
                command.args(more).arg(binary());
                command
            }
            None => Command::new(binary()),
        };
        command
            .current_dir(self.folder())
            .env_remove("VIGIE_CONFIG")
            .env_remove("VIGIE_LOG")
            .env("NO_COLOR", "1");
        for (name, value) in &self.environment {
            command.env(name, value);
        }
        if !self.folder().join("vigie.toml").exists() && !words.contains(&"--lake") {
            command.args(["--lake", "lake"]);
        }
        command.args(words).stdin(Stdio::null());
        command
    }

    /// Runs a command to its end. A panic is never an answer.
    pub(crate) fn run(&self, words: &[&str]) -> Check<Ended> {
        self.finish(self.command(&[], words))
    }

    /// Runs a command made by [`Site::command`] to its end.
    pub(crate) fn finish(&self, mut command: Command) -> Check<Ended> {
        let ended = Self::output(&mut command)?;
        ensure!(!ended.err.contains("panicked at"), "a panic in {command:?}: {}", ended.err);
        Ok(ended)
    }

    /// The same, panics being for the caller to judge.
    pub(crate) fn output(command: &mut Command) -> Check<Ended> {
        let output = command.output().map_err(|fault| format!("{command:?}: {fault}"))?;
        Ok(Ended::new(output.status, &output.stdout, &output.stderr))
    }

    /// Starts a command and kills it (SIGKILL) after a while, unless it ended before; how it ended, and whether the
    /// kill came first. Its output goes through files: what it said before it died counts.
    pub(crate) fn kill_after(&self, words: &[&str], after: Duration) -> Check<(Ended, bool)> {
        let (out, err) = (self.folder().join("out.txt"), self.folder().join("err.txt"));
        let file = |path: &Path| std::fs::File::create(path).map_err(|fault| fault.to_string());
        let mut command = self.command(&[], words);
        command.stdout(file(&out)?).stderr(file(&err)?);
        let mut child = command.spawn().map_err(|fault| format!("{command:?}: {fault}"))?;
        let started = Instant::now();
        let mut killed = false;
        let status = loop {
            if let Some(status) = child.try_wait().map_err(|fault| fault.to_string())? {
                break status;
            }
            let left = after.saturating_sub(started.elapsed());
            if left.is_zero() {
                killed = true;
                child.kill().map_err(|fault| fault.to_string())?;
                break child.wait().map_err(|fault| fault.to_string())?;
            }
            std::thread::sleep(left.min(Duration::from_millis(2)));
        };
        let read = |path: &Path| std::fs::read(path).map_err(|fault| fault.to_string());
        let ended = Ended::new(status, &read(&out)?, &read(&err)?);
        ensure!(!ended.err.contains("panicked at"), "a panic in {words:?}: {}", ended.err);
        Ok((ended, killed))
    }

    /// Rows of a query.
    pub(crate) fn sql(&self, query: &str) -> Check<Vec<Value>> {
        self.sql_as_of(query, None)
    }

    /// Rows of a query as of a time.
    pub(crate) fn sql_as_of(&self, query: &str, as_of: Option<&str>) -> Check<Vec<Value>> {
        let mut words = vec!["sql", "--format", "json"];
        if let Some(time) = as_of {
            words.extend(["--as-of", time]);
        }
        words.push(query);
        let out = self.run(&words)?.ok().map_err(|fault| format!("{query}: {fault}"))?;
        serde_json::from_str(&out).map_err(|fault| format!("{query}: {fault}"))
    }

    /// The only number of a query.
    pub(crate) fn number(&self, query: &str) -> Check<u64> {
        let rows = self.sql(query)?;
        let value = rows.first().and_then(|row| row.as_object()).and_then(|row| row.values().next());
        value.and_then(Value::as_u64).ok_or(format!("{query}: no number in {rows:?}"))
    }

    /// What a source said as of an instant, as text to be compared.
    pub(crate) fn content(&self, source: &str, as_of: Option<&str>) -> Check<String> {
        let columns = super::feeds::columns(source);
        let rows = self.sql_as_of(&format!("select {columns} from {source} order by 1, 2"), as_of)?;
        Ok(rows.iter().map(|row| format!("{row}\n")).collect())
    }

    /// `vigie verify` must find no damage.
    pub(crate) fn verify(&self) -> Check {
        let ended = self.run(&["verify"])?;
        ensure!(
            ended.code == Some(0),
            "vigie verify: exit {:?}: {}{}",
            ended.code,
            ended.out.trim(),
            ended.err
        );
        Ok(())
    }

    /// Loads an edition from a file, with its edition time.
    pub(crate) fn load(&self, source: &str, edition: u32) -> Check<Ended> {
        let file = self.folder().join(format!("{source}-{edition}.csv"));
        if !file.exists() {
            std::fs::write(&file, super::feeds::body(source, edition)).map_err(|fault| fault.to_string())?;
        }
        let issued = super::feeds::issued(edition).to_string();
        self.run(&["--json", "fetch", source, "--from", file.to_str().unwrap(), "--issued-at", &issued])
    }
}
