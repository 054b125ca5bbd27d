//! Footers read lately, kept for the next query. Files are never changed, so one whose footer was sound stays so; who
//! overwrites a file gives it another size or time, and its footer is read again.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};

use crate::Error;
use crate::checked::CheckedFile;
use crate::layout::DataFile;

/// Bytes of footers that are kept.
const BYTES_MAX: u64 = 32 << 20;

/// The footers of a lake.
#[derive(Debug, Default)]
pub(crate) struct Footers(Mutex<Kept>);

#[derive(Debug, Default)]
struct Kept {
    by_path: BTreeMap<PathBuf, (DataFile, Arc<CheckedFile>)>,
    bytes: u64,
}

impl Footers {
    /// A file, its footer read unless it is known.
    ///
    /// # Errors
    /// As [`CheckedFile::open`].
    pub(crate) fn open(&self, table: &str, file: &DataFile) -> Result<Arc<CheckedFile>, Error> {
        if let Some((seen, known)) = self.kept().by_path.get(&file.path)
            && seen == file
        {
            return Ok(Arc::clone(known));
        }
        let opened = Arc::new(CheckedFile::open(table, &file.path)?);
        let mut kept = self.kept();
        kept.bytes += opened.footer_bytes();
        if kept.bytes > BYTES_MAX {
            // Whatever is still needed is soon here again.
            *kept = Kept { bytes: opened.footer_bytes(), ..Kept::default() };
        }
        kept.by_path.insert(file.path.clone(), (file.clone(), Arc::clone(&opened)));
        Ok(opened)
    }

    fn kept(&self) -> std::sync::MutexGuard<'_, Kept> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
