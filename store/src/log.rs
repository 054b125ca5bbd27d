//! Fetches and findings read back, newest first, without the engine: the status of a source must be cheap.

use jiff::Timestamp;

use crate::layout::{DataFile, FileName, Files, Month};
use crate::record::{FetchRecord, FindingRecord, Outcome};
use crate::{Error, Lake, parquet_file, tables};

impl Lake {
    /// The newest applied fetch of a source (outcome `new` or `unchanged`), with its validators and SHA-256.
    ///
    /// # Errors
    /// [`Error::Disk`], [`Error::Parquet`] or [`Error::Misfit`] when `fetches` cannot be read.
    pub async fn last_fetch(&self, source: &str) -> Result<Option<FetchRecord>, Error> {
        self.newest(|record| record.source == source && record.outcome.is_applied())
    }

    /// The newest record of a fetch id (a held fetch that was accepted has two).
    ///
    /// # Errors
    /// As [`Lake::last_fetch`].
    pub async fn fetch(&self, fetch_id: &str) -> Result<Option<FetchRecord>, Error> {
        for file in self.fetch_files()?.iter() {
            let may_hold = match &file.name {
                FileName::Commit { id, .. } => id == fetch_id,
                FileName::Month(..) => true,
            };
            if may_hold && let Some(found) = newest_of(file, &|record| record.fetch_id == fetch_id)? {
                return Ok(Some(found));
            }
        }
        Ok(None)
    }

    /// The newest fetches, newest first, at most so many.
    ///
    /// # Errors
    /// As [`Lake::last_fetch`].
    pub async fn fetches(&self, limit: usize) -> Result<Vec<FetchRecord>, Error> {
        let mut found = Vec::new();
        for file in self.fetch_files()?.iter() {
            if found.len() >= limit {
                break;
            }
            found.extend(records(file)?);
        }
        found.sort_by_key(|record| std::cmp::Reverse(record.recorded_at));
        found.truncate(limit);
        Ok(found)
    }

    /// The findings of a fetch, in the order they were given.
    ///
    /// # Errors
    /// [`Error::Disk`], [`Error::Parquet`] or [`Error::Misfit`] when `findings` cannot be read.
    pub async fn findings(&self, fetch_id: &str) -> Result<Vec<FindingRecord>, Error> {
        let spec = tables::findings();
        let mut found = Vec::new();
        for file in self.layout().files(&spec.name, Timestamp::MAX)?.iter() {
            if matches!(&file.name, FileName::Commit { id, .. } if id != fetch_id) {
                continue;
            }
            for batch in parquet_file::read(&spec, &file.path)? {
                found.extend(
                    FindingRecord::from_batch(&batch)?.into_iter().filter(|f| f.fetch_id == fetch_id),
                );
            }
        }
        Ok(found)
    }

    /// The newest fetch of a source that applied this very body and changed something.
    ///
    /// # Errors
    /// As [`Lake::last_fetch`].
    pub async fn applied_body(&self, source: &str, sha256: &str) -> Result<Option<FetchRecord>, Error> {
        self.newest(|record| {
            record.source == source
                && record.outcome == Outcome::New
                && record.sha256.as_deref() == Some(sha256)
        })
    }

    /// Issues of the applied fetches of a source.
    pub(crate) fn applied_issues(&self, source: &str) -> Result<Vec<Timestamp>, Error> {
        let mut issues = Vec::new();
        for file in self.fetch_files()?.iter() {
            let applied = records(file)?.into_iter().filter(|r| r.source == source && r.outcome.is_applied());
            issues.extend(applied.filter_map(|record| record.issued_at));
        }
        Ok(issues)
    }

    fn newest(&self, wanted: impl Fn(&FetchRecord) -> bool) -> Result<Option<FetchRecord>, Error> {
        for file in self.fetch_files()?.iter() {
            if let Some(found) = newest_of(file, &wanted)? {
                return Ok(Some(found));
            }
        }
        Ok(None)
    }

    /// Files of `fetches`, newest first: the commits of a month before its compacted file.
    fn fetch_files(&self) -> Result<Files, Error> {
        let mut files = self.layout().files("fetches", Timestamp::MAX)?;
        files.sort_by_cached_key(|file| {
            std::cmp::Reverse(match &file.name {
                FileName::Commit { recorded, id } => (Month::of(*recorded), Some((*recorded, id.clone()))),
                FileName::Month(month, _) => (*month, None),
            })
        });
        Ok(files)
    }
}

fn records(file: &DataFile) -> Result<Vec<FetchRecord>, Error> {
    let mut found = Vec::new();
    for batch in parquet_file::read(&tables::fetches(), &file.path)? {
        found.extend(FetchRecord::from_batch(&batch)?);
    }
    Ok(found)
}

fn newest_of(file: &DataFile, wanted: &impl Fn(&FetchRecord) -> bool) -> Result<Option<FetchRecord>, Error> {
    let found = records(file)?.into_iter().filter(|record| wanted(record));
    Ok(found.max_by_key(|record| record.recorded_at))
}
