//! One service a lake: who runs it, and since when.
//!
//! The right is a lock that the system frees when its process ends, however it ends. Beside it lies a note of who holds it; a
//! note without a lock is that of a service that was killed.

use std::path::{Path, PathBuf};
use std::time::Duration;

use vigie_store::TableLock;

use crate::clock::now;
use crate::error::Error;
use crate::room::Room;
use crate::service_note::Note;

/// Name of the lock; sources begin with a letter.
const LOCK: &str = "_service";
/// `vigie status` holds the lock for an instant to see whether it is free: a start waits that long for it.
const WAIT: Duration = Duration::from_secs(2);

/// The right to run the service of a lake; given back when dropped.
#[derive(Debug)]
pub(super) struct Alone {
    _lock: TableLock,
    note: PathBuf,
}

impl Alone {
    /// Takes the right, and leaves a note of it.
    ///
    /// # Errors
    /// [`Error::Running`] when a service runs on this lake; [`Error::Store`], [`Error::Write`] when the lake cannot be written.
    pub(super) fn take(room: &Room, settings: &str) -> Result<Self, Error> {
        let path = note_path(room);
        let lock = room.lake.lock(LOCK, WAIT).map_err(|fault| match fault {
            vigie_store::Error::Locked { .. } => Error::Running(Box::new(read(&path))),
            fault => fault.into(),
        })?;
        let note =
            Note { pid: std::process::id(), host: host(), since: now(), settings: settings.to_owned() };
        let text = serde_json::to_vec_pretty(&note).map_err(|cause| Error::Failed(cause.to_string()))?;
        crate::files::write(&path, &text)?;
        Ok(Self { _lock: lock, note: path })
    }
}

impl Drop for Alone {
    fn drop(&mut self) {
        let _ = std::fs::remove_file(&self.note); // one that stays is told as that of a service that was killed
    }
}

/// What is known of the service of a lake.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Service {
    /// None runs.
    Stopped,
    /// One runs.
    Running(Option<Note>),
    /// One ended without a word: killed, or the machine went down.
    Died(Note),
}

/// Whether a service runs on this lake.
#[must_use]
pub fn service(room: &Room) -> Service {
    let note = read(&note_path(room));
    match room.lake.lock(LOCK, Duration::ZERO) {
        Ok(_) => note.map_or(Service::Stopped, Service::Died),
        Err(vigie_store::Error::Locked { .. }) => Service::Running(note),
        // A lake that may only be read here: the note alone tells.
        Err(_) => note.map_or(Service::Stopped, |note| Service::Running(Some(note))),
    }
}

fn note_path(room: &Room) -> PathBuf {
    room.lake.root().join("locks").join(format!("{LOCK}.json"))
}

fn read(path: &Path) -> Option<Note> {
    serde_json::from_slice(&std::fs::read(path).ok()?).ok()
}

/// Name of this machine, as the system gives it.
fn host() -> String {
    let name = std::fs::read_to_string("/proc/sys/kernel/hostname")
        .or_else(|_| std::fs::read_to_string("/etc/hostname"));
    name.map(|name| name.trim().to_owned()).unwrap_or_default()
}
