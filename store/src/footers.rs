//! Footers read lately, kept for the next query, and with them the rows of small files. Files are never changed, so one
//! whose footer was sound stays so; who overwrites a file gives it another size or time, and it is read again.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::SystemTime;

use crate::Error;
use crate::checked::CheckedFile;
use crate::layout::DataFile;

/// Bytes in memory that are kept, decoded footers and rows of small files together.
const BYTES_MAX: usize = 64 << 20;

/// The footers of a lake.
#[derive(Debug, Default)]
pub(crate) struct Footers(Mutex<Kept>);

#[derive(Debug, Default)]
struct Kept {
    by_path: BTreeMap<PathBuf, Entry>,
    /// Paths by when they were last asked for.
    by_use: BTreeMap<u64, PathBuf>,
    uses: u64,
    bytes: usize,
}

#[derive(Debug)]
struct Entry {
    /// Size and time of the file, by which one that was overwritten is known.
    seen: (u64, Option<SystemTime>),
    file: Arc<CheckedFile>,
    bytes: usize,
    used: u64,
}

impl Kept {
    fn get(&mut self, path: &Path, seen: (u64, Option<SystemTime>)) -> Option<Arc<CheckedFile>> {
        self.uses += 1;
        let entry = self.by_path.get_mut(path).filter(|entry| entry.seen == seen)?;
        self.by_use.remove(&entry.used);
        entry.used = self.uses;
        self.by_use.insert(entry.used, path.to_path_buf());
        Some(Arc::clone(&entry.file))
    }

    fn remove(&mut self, path: &Path) {
        if let Some(gone) = self.by_path.remove(path) {
            self.by_use.remove(&gone.used);
            self.bytes -= gone.bytes;
        }
    }

    fn insert(
        &mut self,
        path: &Path,
        seen: (u64, Option<SystemTime>),
        file: Arc<CheckedFile>,
        bytes_max: usize,
    ) {
        self.remove(path);
        self.uses += 1;
        let (bytes, used) = (file.memory(), self.uses);
        self.bytes += bytes;
        self.by_use.insert(used, path.to_path_buf());
        self.by_path.insert(path.to_path_buf(), Entry { seen, file, bytes, used });
        // The one that was not asked for the longest goes first; the new one stays, however big it is.
        while self.bytes > bytes_max && self.by_use.len() > 1 {
            let Some(oldest) = self.by_use.values().next().cloned() else { break };
            self.remove(&oldest);
        }
    }
}

impl Footers {
    /// A file, its footer read unless it is known.
    ///
    /// # Errors
    /// As [`CheckedFile::open`].
    pub(crate) fn open(&self, table: &str, file: &DataFile) -> Result<Arc<CheckedFile>, Error> {
        let seen = (file.bytes, file.written);
        if let Some(known) = self.kept().get(&file.path, seen) {
            return Ok(known);
        }
        let opened = Arc::new(CheckedFile::open(table, &file.path)?);
        self.kept().insert(&file.path, seen, Arc::clone(&opened), BYTES_MAX);
        Ok(opened)
    }

    /// Forgets a file that is removed.
    pub(crate) fn forget(&self, path: &Path) {
        self.kept().remove(path);
    }

    fn kept(&self) -> MutexGuard<'_, Kept> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn the_file_that_was_not_asked_for_the_longest_goes_first() {
        let folder = tempfile::tempdir().unwrap();
        let lake = crate::tests::open(folder.path());
        let mut files = Vec::new();
        for turn in 1..5 {
            let edition = crate::tests::rows(&[("01", 1, Some(turn))]);
            let at = crate::tests::day(turn);
            crate::tests::fetch(&lake, &crate::tests::beds(true), &edition, at, at).await;
        }
        for file in lake.layout().files("beds", jiff::Timestamp::MAX).unwrap().iter() {
            files.push((file.path.clone(), Arc::new(CheckedFile::open("beds", &file.path).unwrap())));
        }
        let seen = (1, None);
        let bytes = files[0].1.memory();
        let mut kept = Kept::default();
        for (path, file) in &files[..3] {
            kept.insert(path, seen, Arc::clone(file), bytes * 4);
        }
        assert!(kept.get(&files[0].0, seen).is_some());
        // Room for about three: the second is the one that nobody asked for.
        kept.insert(&files[3].0, seen, Arc::clone(&files[3].1), bytes * 3 + bytes / 2);
        assert!(kept.get(&files[1].0, seen).is_none());
        for at in [0, 2, 3] {
            assert!(kept.get(&files[at].0, seen).is_some(), "{at}");
        }
        assert!(kept.get(&files[3].0, (2, None)).is_none(), "a file of another size is another file");
        let sum: usize = kept.by_path.values().map(|entry| entry.bytes).sum();
        assert_eq!((kept.bytes, kept.by_use.len()), (sum, kept.by_path.len()));
        for (path, _) in &files {
            kept.remove(path);
        }
        assert_eq!((kept.bytes, kept.by_use.len()), (0, 0));
    }
}
