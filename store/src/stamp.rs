//! Stamps: the instants of commits, in one order for the whole lake.
//!
//! A stamp is later than every stamp given before, also after a restart or when the clock jumped back, and it is
//! *pending* until what is written under it is whole. So a reader may ask for the newest instant that nothing can
//! change any more ([`Lake::settled`]), and what it sees up to there it will see for ever.
//!
//! Each stamp is an empty file in `locks/`, whose name says the instant and the state, locked by the living process:
//!
//! ```text
//! stamp-20201013T180000.123456Z.open   given; when its lock is free its writer is gone
//! stamp-20201013T180000.123456Z.all    the same, of a transaction: all of it or nothing
//! stamp-20201013T180000.123456Z.done   over; the newest one stays as the mark that later stamps exceed
//! ```

use std::fs::{File, TryLockError};
use std::io::ErrorKind;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use jiff::Timestamp;

use crate::error::disk as disk_error;
use crate::layout::{self, FileName};
use crate::lock::{self, Hold, TableLock};
use crate::spec::{from_micros, micros};
use crate::{Error, Lake, disk, tables};

/// Lock under which stamps are given and looked at.
const CLOCK: &str = "_clock";
/// It is held for a few file operations only.
const CLOCK_WAIT: Duration = Duration::from_secs(60);
const PREFIX: &str = "stamp-";

/// Where a stamp is in its life.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum State {
    Open,
    All,
    Done,
}

impl State {
    const EVERY: [Self; 3] = [Self::Open, Self::All, Self::Done];

    fn suffix(self) -> &'static str {
        match self {
            Self::Open => ".open",
            Self::All => ".all",
            Self::Done => ".done",
        }
    }
}

/// The file of a stamp.
#[derive(Debug, Clone)]
struct Marker {
    at: Timestamp,
    state: State,
    path: PathBuf,
}

impl Marker {
    fn new(locks: &Path, at: Timestamp, state: State) -> Self {
        Self { at, state, path: locks.join(format!("{PREFIX}{}{}", layout::stamp(at), state.suffix())) }
    }

    fn parse(locks: &Path, name: &str) -> Option<Self> {
        let rest = name.strip_prefix(PREFIX)?;
        let state = State::EVERY.into_iter().find(|state| rest.ends_with(state.suffix()))?;
        let at = layout::parse_stamp(rest.strip_suffix(state.suffix())?)?;
        Some(Self { at, state, path: locks.join(name) })
    }

    /// Whether its writer is gone. Only under the clock's lock.
    fn is_dead(&self) -> Result<bool, Error> {
        if self.state == State::Done {
            return Ok(false);
        }
        let file = match File::open(&self.path) {
            Ok(file) => file,
            // Over since it was listed.
            Err(gone) if gone.kind() == ErrorKind::NotFound => return Ok(false),
            Err(fault) => return Err(disk_error("open", &self.path)(fault)),
        };
        match file.try_lock() {
            Ok(()) => Ok(true),
            Err(TryLockError::WouldBlock) => Ok(false),
            Err(TryLockError::Error(fault)) => Err(disk_error("lock", &self.path)(fault)),
        }
    }

    fn finish(&self) -> std::io::Result<()> {
        let locks = self.path.parent().unwrap_or(Path::new("."));
        std::fs::rename(&self.path, Self::new(locks, self.at, State::Done).path)
    }
}

/// The instant of a commit, pending until dropped.
#[derive(Debug)]
pub struct Stamp {
    marker: Marker,
    /// Something is there already that is not whole yet.
    begun: AtomicBool,
    _locked: File,
}

impl Stamp {
    /// The instant: later than that of every stamp given before.
    #[must_use]
    pub fn recorded_at(&self) -> Timestamp {
        self.marker.at
    }

    /// From here on a part may be visible: if the writer stops, the stamp stays pending until that is mended.
    pub(crate) fn begin(&self) {
        self.begun.store(true, Ordering::Relaxed);
    }

    /// All of it is there, or nothing.
    pub(crate) fn end(&self) {
        self.begun.store(false, Ordering::Relaxed);
    }
}

impl Drop for Stamp {
    fn drop(&mut self) {
        if !self.begun.load(Ordering::Relaxed) {
            // If this fails the file stays, its lock free, as that of a writer that is gone.
            let _ = self.marker.finish();
        }
    }
}

/// Several appends that count together or not at all: what was appended under its stamp is taken away again, by
/// whoever takes the next stamp or opens the lake, when it is dropped (or its process dies) before
/// [`Transaction::commit`]. For Vigie's own tables only; a fetch is whole by itself.
#[derive(Debug)]
pub struct Transaction(Stamp);

impl Transaction {
    /// The stamp of all its rows.
    #[must_use]
    pub fn stamp(&self) -> &Stamp {
        &self.0
    }

    /// Makes all of it count.
    ///
    /// # Errors
    /// [`Error::Disk`] when the disk refuses: none of it counts then.
    pub fn commit(self) -> Result<(), Error> {
        let marker = &self.0.marker;
        let locks = marker.path.parent().unwrap_or(Path::new("."));
        marker.finish().map_err(disk_error("rename", &marker.path))?;
        if let Err(fault) = disk::sync_folder(locks) {
            // What is not durable does not count.
            let _ = std::fs::rename(Marker::new(locks, marker.at, State::Done).path, &marker.path);
            return Err(fault);
        }
        Ok(())
    }
}

impl Lake {
    /// Gives the instant of a commit: `now`, or a microsecond after the newest stamp of the lake when `now` is not
    /// later. Pending until dropped.
    ///
    /// # Errors
    /// [`Error::Disk`] when the disk refuses, [`Error::ReadOnly`], [`Error::Locked`] when another process does not
    /// let go of the clock.
    pub fn stamp(&self, now: Timestamp) -> Result<Stamp, Error> {
        self.give_stamp(now, State::Open)
    }

    /// Begins a transaction, stamped as by [`Lake::stamp`].
    ///
    /// # Errors
    /// As [`Lake::stamp`].
    pub fn transaction(&self, now: Timestamp) -> Result<Transaction, Error> {
        let stamp = self.give_stamp(now, State::All)?;
        stamp.begin();
        Ok(Transaction(stamp))
    }

    fn give_stamp(&self, now: Timestamp, state: State) -> Result<Stamp, Error> {
        self.check_writable()?;
        let is_first = !self.was_written();
        if is_first {
            self.raise_format()?;
        }
        let locks = self.layout().locks();
        let _clock = self.clock()?;
        let markers = markers(&locks)?;
        self.undo_dead(&markers)?;
        let newest = match newest(&markers) {
            // Files may be newer than the marks (copied by hand): looked at once by whoever writes.
            Some(newest) if is_first => self.layout().newest_commit(Some(newest))?,
            Some(newest) => Some(newest),
            None => self.layout().newest_commit(None)?,
        };
        let at = newest.map_or(i64::MIN, |newest| micros(newest).saturating_add(1)).max(micros(now));
        let marker = Marker::new(&locks, from_micros(at), state);
        let file = File::create_new(&marker.path).map_err(disk_error("create", &marker.path))?;
        file.lock().map_err(disk_error("lock", &marker.path))?;
        // A stamp must be known as given after a power cut too: others may have been told that nothing comes before.
        disk::sync_folder(&locks)?;
        for done in markers.iter().filter(|marker| marker.state == State::Done) {
            disk::remove(&done.path)?;
        }
        self.set_written();
        disk::step("stamp-taken");
        Ok(Stamp { marker, begun: AtomicBool::new(false), _locked: file })
    }

    /// The newest instant up to which nothing can appear any more: every commit recorded by then is there, whole.
    /// Commits of writers that died are completed first. [`Timestamp::MIN`] for an empty lake.
    ///
    /// # Errors
    /// [`Error::Disk`], [`Error::Parquet`] or [`Error::Damaged`] when the lake cannot be read or mended.
    pub fn settled(&self) -> Result<Timestamp, Error> {
        let locks = self.layout().locks();
        let _clock = if self.is_writable() {
            self.bury_dead()?;
            Some(self.clock()?)
        } else {
            None
        };
        let markers = markers(&locks)?;
        let pending =
            markers.iter().filter(|marker| marker.state != State::Done).map(|marker| marker.at).min();
        Ok(match pending {
            Some(pending) => from_micros(micros(pending).saturating_sub(1)),
            None => self.newest_stamp()?.unwrap_or(Timestamp::MIN),
        })
    }

    /// The present as this lake knows it: `now`, or its newest stamp when the clock was set back since. What is read
    /// as of it misses nothing that is recorded.
    ///
    /// # Errors
    /// [`Error::Disk`] or [`Error::Parquet`] when the lake cannot be read.
    pub fn present(&self, now: Timestamp) -> Result<Timestamp, Error> {
        Ok(self.newest_stamp()?.map_or(now, |newest| newest.max(now)))
    }

    /// Completes or takes away what dead writers left, and closes their stamps. What a living writer of the same table
    /// keeps from being looked at stays for the next time.
    pub(crate) fn bury_dead(&self) -> Result<(), Error> {
        let locks = self.layout().locks();
        let mut dead = Vec::new();
        {
            let _clock = self.clock()?;
            let markers = markers(&locks)?;
            self.undo_dead(&markers)?;
            for marker in markers.into_iter().filter(|marker| marker.state == State::Open) {
                if marker.is_dead()? {
                    dead.push(marker);
                }
            }
        }
        if !dead.is_empty() && self.roll_forward_if_room()? {
            for marker in &dead {
                match marker.finish() {
                    Err(fault) if fault.kind() != ErrorKind::NotFound => {
                        return Err(disk_error("rename", &marker.path)(fault));
                    }
                    _ => {}
                }
            }
        }
        Ok(())
    }

    /// A lake whose marks are older than its files (made before there were any, copied by hand) gets a mark again.
    pub(crate) fn mark_newest(&self) -> Result<(), Error> {
        let locks = self.layout().locks();
        let _clock = self.clock()?;
        let known = newest(&markers(&locks)?);
        match self.layout().newest_commit(known)? {
            Some(found) if known < Some(found) => self.mark(found),
            _ => Ok(()),
        }
    }

    /// Marks an instant as given.
    pub(crate) fn mark(&self, at: Timestamp) -> Result<(), Error> {
        let locks = self.layout().locks();
        let marker = Marker::new(&locks, at, State::Done);
        File::create(&marker.path).map_err(disk_error("create", &marker.path))?;
        disk::sync_folder(&locks)
    }

    /// The newest stamp given, by its mark alone.
    pub(crate) fn newest_mark(&self) -> Result<Option<Timestamp>, Error> {
        Ok(newest(&markers(&self.layout().locks())?))
    }

    /// The newest stamp given, as far as its marks and files tell.
    pub(crate) fn newest_stamp(&self) -> Result<Option<Timestamp>, Error> {
        match newest(&markers(&self.layout().locks())?) {
            Some(newest) => Ok(Some(newest)),
            None => self.layout().newest_commit(None),
        }
    }

    fn clock(&self) -> Result<TableLock, Error> {
        lock::take(&self.layout().locks(), CLOCK, Hold::Alone, CLOCK_WAIT)
    }

    /// Takes away what unfinished transactions of dead writers appended. Under the clock's lock, so that no later
    /// stamp is given before: nothing can build on what goes.
    fn undo_dead(&self, markers: &[Marker]) -> Result<(), Error> {
        for marker in markers.iter().filter(|marker| marker.state == State::All) {
            if !marker.is_dead()? {
                continue;
            }
            for table in tables::all() {
                let folder = self.layout().table(&table.name);
                let mut gone = false;
                for entry in layout::entries(&folder)? {
                    let recorded = match FileName::parse(&entry) {
                        Some(FileName::Commit { recorded, .. }) => recorded,
                        _ => continue,
                    };
                    if recorded == marker.at {
                        tracing::warn!(table = table.name, file = entry, "interrupted transaction undone");
                        disk::remove(&folder.join(entry))?;
                        gone = true;
                    }
                }
                if gone {
                    disk::sync_folder(&folder)?;
                }
            }
            marker.finish().map_err(disk_error("rename", &marker.path))?;
        }
        Ok(())
    }
}

fn markers(locks: &Path) -> Result<Vec<Marker>, Error> {
    Ok(layout::entries(locks)?.iter().filter_map(|name| Marker::parse(locks, name)).collect())
}

fn newest(markers: &[Marker]) -> Option<Timestamp> {
    markers.iter().map(|marker| marker.at).max()
}
