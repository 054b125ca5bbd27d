//! Advisory locks: writers of one table take turns, readers never wait. They go with their process.

use std::fs::{File, TryLockError};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use crate::Error;
use crate::error::disk;

/// The right to write a table, until dropped.
#[derive(Debug)]
pub struct TableLock {
    table: String,
    _file: File,
}

impl TableLock {
    /// The table that may be written.
    #[must_use]
    pub fn table(&self) -> &str {
        &self.table
    }
}

/// How a lock is held.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Hold {
    /// Alone.
    Alone,
    /// Together with others that share: writers of a log, who each write files of their own.
    Shared,
}

/// Takes the lock of a table, waiting at most so long.
pub(crate) fn take(folder: &Path, table: &str, hold: Hold, wait: Duration) -> Result<TableLock, Error> {
    let path = file(folder, table);
    let open = File::options().create(true).truncate(false).read(true).write(true).open(&path);
    let file = open.map_err(disk("open", &path))?;
    let start = Instant::now();
    let mut pause = Duration::from_millis(1);
    loop {
        let taken = match hold {
            Hold::Alone => file.try_lock(),
            Hold::Shared => file.try_lock_shared(),
        };
        match taken {
            Ok(()) => return Ok(TableLock { table: table.to_owned(), _file: file }),
            Err(TryLockError::Error(fault)) => return Err(disk("lock", &path)(fault)),
            Err(TryLockError::WouldBlock) => {
                let left = wait.saturating_sub(start.elapsed());
                if left.is_zero() {
                    return Err(Error::Locked { table: table.to_owned(), path });
                }
                std::thread::sleep(pause.min(left));
                pause = (pause * 2).min(Duration::from_millis(50));
            }
        }
    }
}

fn file(folder: &Path, table: &str) -> PathBuf {
    folder.join(format!("{table}.lock"))
}
