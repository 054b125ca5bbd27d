//! One worker as the front sees it: a process, the connection to it, and why it fell.

use std::ffi::OsString;
use std::fmt;
use std::io;
use std::os::fd::OwnedFd;
use std::os::unix::net::UnixStream as Socket;
use std::path::PathBuf;
use std::process::Stdio;
use std::sync::Arc;
use std::time::Duration;

use bytes::BytesMut;
use tokio::io::{AsyncBufReadExt as _, AsyncWriteExt as _, BufReader};
use tokio::net::UnixStream;
use tokio::net::unix::{OwnedReadHalf, OwnedWriteHalf};
use tokio::process::{Child, ChildStderr, Command};
use tokio::task::JoinHandle;
use tokio::time::timeout;

use super::memory::{Member, Memory};
use crate::wire::frame::{CLIENT, READY, Reader, frame};
use crate::wire::state::State;
use crate::wire::worker::{STOP, Setup, UNDER_WAY, setup_frame};

/// How long a worker may take to open the lake.
const START_WAIT: Duration = Duration::from_secs(30);

/// How long a process that has closed its connection may take to end.
const END_WAIT: Duration = Duration::from_secs(2);

/// How workers are started.
#[derive(Debug, Clone)]
pub struct Launch {
    /// The program; it calls [`crate::wire::worker::run`].
    pub program: PathBuf,
    /// Its arguments.
    pub arguments: Vec<OsString>,
    /// All of its environment.
    pub environment: Vec<(OsString, OsString)>,
    /// How to open the lake; handed to the worker as it is.
    pub order: Vec<u8>,
    /// Folder in which each worker gets one of its own for what does not fit its memory.
    pub spill: PathBuf,
    /// Most memory of a worker, in bytes.
    pub memory: u64,
    /// Most memory of all workers together, in bytes.
    pub memory_total: u64,
}

/// Why a worker fell.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::wire) enum Fall {
    /// A statement did not end in its time; the front ended the process.
    TooLong,
    /// It did not stop when its client asked for it; the front ended the process.
    Cancelled,
    /// It asked for more memory than it may have.
    Memory,
    /// All workers together had too much; it was the largest.
    Total,
    /// It was idle, and its memory was wanted.
    Retired,
    /// Its stack was used up: a statement that is nested too deeply.
    Depth,
    /// Anything else: a fault of the engine, or somebody who ended the process.
    Unknown,
}

impl fmt::Display for Fall {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::TooLong => "its time was over",
            Self::Cancelled => "its client asked to stop",
            Self::Memory => "it asked for more memory than it may have",
            Self::Total => "all workers together had too much memory",
            Self::Retired => "its memory was wanted",
            Self::Depth => "its stack was used up",
            Self::Unknown => "unknown",
        })
    }
}

/// What a worker said last.
#[derive(Debug, Default)]
struct LastWords {
    /// Why it fell, where that is told.
    fall: Option<Fall>,
    /// Role and statement under way, without values.
    statement: String,
}

/// A folder that goes with its worker.
#[derive(Debug)]
struct Spill(PathBuf);

impl Drop for Spill {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0); // most have written nothing
        if self.0.exists() {
            // It was being written to while its process was ended.
            let folder = std::mem::take(&mut self.0);
            std::thread::spawn(move || {
                std::thread::sleep(END_WAIT);
                let _ = std::fs::remove_dir_all(folder);
            });
        }
    }
}

/// A worker. Dropping it ends the process.
#[derive(Debug)]
pub(in crate::wire) struct Worker {
    /// What it answers.
    pub(in crate::wire) from: Reader<OwnedReadHalf>,
    /// What it is asked.
    pub(in crate::wire) to: OwnedWriteHalf,
    /// Its place among the others.
    pub(in crate::wire) member: Arc<Member>,
    line: Socket,
    last_words: JoinHandle<LastWords>,
    // In this order: it is not a member any more when its number can belong to another process.
    membership: Membership,
    child: Child,
    _spill: Spill,
}

#[derive(Debug)]
struct Membership(Arc<Memory>, u32);

impl Drop for Membership {
    fn drop(&mut self) {
        self.0.leave(self.1);
    }
}

impl Worker {
    /// Starts a worker, and waits until it can take a client.
    pub(super) async fn start(launch: &Launch, setup: Setup, memory: &Arc<Memory>) -> io::Result<Self> {
        let spill = Spill(setup.spill.clone());
        let (ours, theirs) = Socket::pair()?;
        let (line, their_line) = Socket::pair()?;
        let mut child = Command::new(&launch.program)
            .args(&launch.arguments)
            .env_clear()
            .envs(launch.environment.iter().map(|(name, value)| (name, value)))
            .current_dir("/")
            .stdin(OwnedFd::from(theirs))
            .stdout(OwnedFd::from(their_line))
            .stderr(Stdio::piped())
            .kill_on_drop(true)
            .spawn()?;
        let gone = || io::Error::other("the process has ended");
        let pid = child.id().ok_or_else(gone)?;
        let member = memory.join(pid).ok_or_else(gone)?;
        let stderr = child.stderr.take().ok_or_else(gone)?;
        ours.set_nonblocking(true)?;
        let (from, to) = UnixStream::from_std(ours)?.into_split();
        let mut worker = Self {
            from: Reader::new(from, BytesMut::new(), usize::MAX),
            to,
            member,
            line,
            last_words: tokio::spawn(listen(pid, stderr)),
            membership: Membership(Arc::clone(memory), pid),
            child,
            _spill: spill,
        };
        let ready = async {
            worker.to.write_all(&setup_frame(&setup, &launch.order)?).await?;
            match worker.from.next().await? {
                Some(piece) if piece.kind == READY => Ok(()),
                _ => Err(io::Error::other("the worker ended before it was ready; the log says why")),
            }
        };
        timeout(START_WAIT, ready).await??;
        Ok(worker)
    }

    /// Number of its process.
    pub(in crate::wire) fn pid(&self) -> u32 {
        self.membership.1
    }

    /// Whether it still runs.
    pub(super) fn is_alive(&mut self) -> bool {
        self.member.is_alive() && matches!(self.child.try_wait(), Ok(None))
    }

    /// Gives it a client.
    pub(super) async fn assign(&mut self, state: &State) -> io::Result<()> {
        self.to.write_all(&frame(CLIENT, &serde_json::to_vec(state)?)).await
    }

    /// Asks it to stop what it computes.
    pub(in crate::wire) fn stop(&mut self) {
        use std::io::Write as _;
        let _ = self.line.write(&[STOP]); // one that has fallen has stopped
    }

    /// Why it ended, and the statement that it computed last: called when its connection is closed. None when it ended by
    /// itself, all said.
    pub(in crate::wire) async fn fall(mut self) -> Option<(Fall, String)> {
        let known = self.member.cause();
        drop(self.membership);
        let status = timeout(END_WAIT, self.child.wait()).await;
        let said = timeout(END_WAIT, &mut self.last_words).await;
        let said = said.ok().and_then(Result::ok).unwrap_or_default();
        let fall = match (known.or(said.fall), status) {
            (Some(fall), _) => fall,
            (None, Ok(Ok(status))) if status.success() => return None,
            (None, _) => Fall::Unknown,
        };
        Some((fall, said.statement))
    }
}

/// Passes the log of a worker on, and reads from its last words why it fell. Whatever is no line of a log is not passed on:
/// it may hold values.
async fn listen(pid: u32, stderr: ChildStderr) -> LastWords {
    let mut lines = BufReader::new(stderr).lines();
    let mut last = LastWords::default();
    while let Ok(Some(line)) = lines.next_line().await {
        if let Some(statement) = line.strip_prefix(UNDER_WAY) {
            statement.clone_into(&mut last.statement);
        } else if line.contains("memory allocation of") && line.contains("failed") {
            last.fall = Some(Fall::Memory);
        } else if line.contains("has overflowed its stack") {
            last.fall = Some(Fall::Depth);
        } else if is_log(&line) {
            eprintln!("{line}");
        } else if !line.trim().is_empty() {
            tracing::debug!(worker = pid, bytes = line.len(), "a worker wrote what is no line of a log");
        }
    }
    last
}

/// Lines of a log are JSON or start with a time, which may be coloured.
fn is_log(line: &str) -> bool {
    let line = line.strip_prefix("\u{1b}[2m").unwrap_or(line);
    let is_time = line
        .as_bytes()
        .first_chunk::<5>()
        .is_some_and(|year| year.ends_with(b"-") && year[..4].iter().all(u8::is_ascii_digit));
    is_time || line.starts_with("{\"")
}

#[cfg(test)]
mod tests {
    use super::is_log;

    #[test]
    fn only_lines_of_a_log_are_passed_on() {
        for line in [
            "2026-11-30T20:00:00.000000Z  INFO query role=analyste",
            "\u{1b}[2m2026-11-30T20:00:00.000000Z\u{1b}[0m  INFO query",
            "{\"timestamp\":\"2026-11-30T20:00:00Z\",\"level\":\"INFO\"}",
        ] {
            assert!(is_log(line), "{line}");
        }
        for line in ["thread 'vigie-query' panicked at src/x.rs:1:2:", "Durand, 31", "", "12 rue X"] {
            assert!(!is_log(line), "{line}");
        }
    }
}
