//! After a crash: what was committed is completed, what was not is cleared.

use std::time::Duration;

use crate::disk;
use crate::layout::{FileName, Layout, PENDING, TMP, entries};
use crate::lock::{self, Hold};
use crate::{Error, Lake, tables};

/// Clears files that dead writers left. Only for who has the lake alone. Versions before there were formats wrote beside
/// the files to come: in an `old` lake these folders are looked through too.
pub(crate) fn clear_leftovers(layout: &Layout, old: bool) -> Result<(), Error> {
    for name in entries(&layout.spool())? {
        let path = layout.spool().join(name);
        if path.is_file() {
            disk::remove(&path)?;
        } else {
            // What a query of a dead process could not hold in memory.
            let _ = std::fs::remove_dir_all(&path);
        }
    }
    if !old {
        return Ok(());
    }
    for parent in [layout.raw(), layout.tables()] {
        for folder in entries(&parent)? {
            let folder = parent.join(folder);
            if !folder.is_dir() {
                continue;
            }
            for name in entries(&folder)?.into_iter().filter(|name| name.starts_with(TMP)) {
                disk::remove(&folder.join(name))?;
            }
        }
    }
    Ok(())
}

/// Whether the disk had no room left.
fn is_full(fault: &Error) -> bool {
    let mut cause: Option<&(dyn std::error::Error + 'static)> = Some(fault);
    while let Some(fault) = cause {
        if let Some(io) = fault.downcast_ref::<std::io::Error>() {
            return matches!(io.kind(), std::io::ErrorKind::StorageFull | std::io::ErrorKind::QuotaExceeded);
        }
        cause = fault.source();
    }
    false
}

impl Lake {
    /// As [`Lake::roll_forward`]; on a full disk what is interrupted waits until there is room: what is there can be read
    /// meanwhile.
    pub(crate) fn roll_forward_if_room(&self) -> Result<bool, Error> {
        match self.roll_forward() {
            Err(fault) if is_full(&fault) => {
                tracing::warn!(error = %fault, "the disk is full: an interrupted commit waits");
                Ok(false)
            }
            outcome => outcome,
        }
    }

    /// Gives a row in `fetches` to every fetch whose data file is there, and their findings to the fetches that are
    /// recorded. Lists names only, unless something is missing; leaves tables alone that a live writer holds, and says
    /// whether there was none such. Asked for when a writer died.
    pub(crate) fn roll_forward(&self) -> Result<bool, Error> {
        let mut complete = true;
        let known = self.layout().commit_names("fetches")?;
        for table in self.layout().table_names()? {
            if tables::is_own(&table) || self.layout().commit_names(&table)?.is_subset(&known) {
                continue;
            }
            // A live writer completes its commit by itself.
            let Ok(_lock) = self.lock(&table, Duration::ZERO) else {
                complete = false;
                continue;
            };
            self.roll_forward_table(&table)?;
        }
        Ok(self.settle_findings()? && complete)
    }

    /// Gives their row in `fetches` to the commits of one table that lack it. Under the table's lock.
    pub(crate) fn roll_forward_table(&self, table: &str) -> Result<(), Error> {
        if tables::is_own(table) {
            return Ok(());
        }
        let known = self.layout().commit_names("fetches")?;
        for name in self.layout().commit_names(table)?.difference(&known) {
            let Some(FileName::Commit { recorded, .. }) = FileName::parse(name) else { continue };
            // Fetches are merged when every commit up to the newest of them has its row.
            if self.layout().is_merged("fetches", recorded)? {
                continue;
            }
            if let Some(record) = self.footer_record(table, &self.layout().table(table).join(name))? {
                tracing::warn!(table, fetch = record.fetch_id, "interrupted commit rolled forward");
                self.write_fetch_row(&record)?;
            }
        }
        Ok(())
    }

    /// Findings that were ready before their fetch was committed: published if it was, cleared if not.
    fn settle_findings(&self) -> Result<bool, Error> {
        let folder = self.layout().table("findings");
        let pending = |names: Vec<String>| names.into_iter().filter(|name| name.starts_with(PENDING));
        if pending(entries(&folder)?).next().is_none() {
            return Ok(true);
        }
        let locks = self.layout().locks();
        let Ok(_lock) = lock::take(&locks, "findings", Hold::Alone, Duration::ZERO) else { return Ok(false) };
        let recorded = self.layout().commit_names("fetches")?;
        for name in pending(entries(&folder)?) {
            let target =
                name.strip_prefix(PENDING).and_then(|rest| rest.split_once('-')).map(|(_, name)| name);
            if let Some(target) = target
                && let Some(FileName::Commit { recorded: at, id }) = FileName::parse(target)
                && (recorded.contains(target) || self.is_recorded(&id, at)?)
            {
                disk::link_if_absent(&folder.join(&name), &folder.join(target))?;
            }
            disk::remove(&folder.join(&name))?;
        }
        disk::sync_folder(&folder)?;
        Ok(true)
    }
}
