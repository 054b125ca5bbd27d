//! Fetches, findings and runs read back without the engine: what a poll and `vigie status` ask must cost as much after ten
//! thousand polls as after a hundred.
//!
//! Files are gone through from the newest back. The newest rows of each source are in the footers of merged files
//! (`newest.rs`); what is looked for beyond them is looked for in two or three columns, and only where the statistics in
//! the footer allow it to be.

use std::collections::BTreeMap;
use std::sync::Arc;

use arrow::array::{Array, AsArray, RecordBatch};
use arrow::datatypes::TimestampMicrosecondType;
use jiff::Timestamp;

use crate::checked::CheckedFile;
use crate::issues::issued_max;
use crate::layout::{DataFile, FileName, Files};
use crate::newest::{self, LogRow};
use crate::parquet_file::{self, Part};
use crate::record::{FetchRecord, FindingRecord, Outcome, RunRecord};
use crate::spec::{AsOf, from_micros};
use crate::{Error, Lake, tables};

/// What is known of the polls of a source.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Polls {
    /// The newest applied fetch, by issue then by record: the edition in use.
    pub edition: Option<FetchRecord>,
    /// The newest poll, whatever came of it.
    pub last: Option<FetchRecord>,
    /// The newest poll that brought something: one that failed after it says nothing new of its edition.
    pub brought: Option<FetchRecord>,
}

/// What is known of the runs of a job.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Runs {
    /// The newest window, run or passed over.
    pub window: Option<RunRecord>,
    /// What ran and ended last, also what a person asked for.
    pub last: Option<RunRecord>,
    /// What ended last and did its work.
    pub success: Option<RunRecord>,
}

impl Lake {
    /// The newest applied fetch of a source (outcome `new` or `unchanged`), with its validators and SHA-256.
    ///
    /// # Errors
    /// [`Error::Disk`], [`Error::Parquet`] or [`Error::Misfit`] when `fetches` cannot be read.
    pub async fn last_fetch(&self, source: &str) -> Result<Option<FetchRecord>, Error> {
        for file in self.log("fetches")?.iter().rev() {
            let rows = newest::of_file::<FetchRecord>(file, self.layout().footers())?;
            let applied = rows.into_iter().filter(|row| row.source == source && row.outcome.is_applied());
            if let Some(found) = applied.max_by_key(|row| row.recorded_at) {
                return Ok(Some(found));
            }
        }
        Ok(None)
    }

    /// What is known of the polls of every source, of those whose edition (or, without one, whose record) is not later than
    /// the as-of.
    ///
    /// # Errors
    /// As [`Lake::last_fetch`].
    pub async fn polls(&self, as_of: AsOf) -> Result<BTreeMap<String, Polls>, Error> {
        let mut rows: Vec<FetchRecord> = Vec::new();
        let files = self.layout().files("fetches", as_of.recorded)?;
        for (place, file) in files.iter().enumerate() {
            let opened = files.open("fetches", place)?;
            let newest_issue = issued_max(&tables::fetches(), &file.path, &opened)?;
            if newest::is_all_of(file, newest_issue, as_of.issued, as_of.recorded) {
                rows.extend(newest::of_file::<FetchRecord>(file, self.layout().footers())?);
                continue;
            }
            let seen = newest::rows_of::<FetchRecord>(file, opened, None)?.into_iter().filter(|row| {
                row.recorded_at <= as_of.recorded && row.issued_at.unwrap_or(row.recorded_at) <= as_of.issued
            });
            rows.extend(newest::of_rows(seen));
        }
        let mut found: BTreeMap<String, Polls> = BTreeMap::new();
        for row in rows {
            let polls = found.entry(row.source.clone()).or_default();
            let edition = |row: &FetchRecord| (row.issued_at, row.recorded_at);
            if row.outcome.is_applied()
                && polls.edition.as_ref().is_none_or(|known| edition(known) < edition(&row))
            {
                polls.edition = Some(row.clone());
            }
            let is_newer = |known: &Option<FetchRecord>| {
                known.as_ref().is_none_or(|known| known.recorded_at < row.recorded_at)
            };
            if row.outcome != Outcome::Failed && is_newer(&polls.brought) {
                polls.brought = Some(row.clone());
            }
            if is_newer(&polls.last) {
                polls.last = Some(row);
            }
        }
        Ok(found)
    }

    /// What is known of the runs of every job of the service.
    ///
    /// # Errors
    /// [`Error::Disk`], [`Error::Parquet`] or [`Error::Misfit`] when `runs` cannot be read.
    pub async fn runs(&self) -> Result<BTreeMap<String, Runs>, Error> {
        let mut rows: Vec<RunRecord> = Vec::new();
        for file in self.log("runs")?.iter() {
            rows.extend(newest::of_file::<RunRecord>(file, self.layout().footers())?);
        }
        let mut found: BTreeMap<String, Runs> = BTreeMap::new();
        // Rising: the newest comes last.
        rows.sort_by_key(|row| (row.at(), row.scheduled_for));
        for row in rows {
            let runs = found.entry(row.job.clone()).or_default();
            let window = |row: &RunRecord| row.scheduled_for;
            if row.scheduled_for.is_some()
                && runs.window.as_ref().is_none_or(|known| window(known) <= window(&row))
            {
                runs.window = Some(row.clone());
            }
            if row.is_success() {
                runs.success = Some(row.clone());
            }
            if row.started_at.is_some() {
                runs.last = Some(row);
            }
        }
        Ok(found)
    }

    /// The newest record of a fetch id (a held fetch that was accepted has two).
    ///
    /// # Errors
    /// As [`Lake::last_fetch`].
    pub async fn fetch(&self, fetch_id: &str) -> Result<Option<FetchRecord>, Error> {
        let files = self.log("fetches")?;
        for (place, file) in files.iter().enumerate().rev() {
            if matches!(&file.name, FileName::Commit { id, .. } if id != fetch_id) {
                continue;
            }
            let opened = files.open("fetches", place)?;
            let is_wanted = |batch: &RecordBatch, row: usize| text(batch, "fetch_id", row) == Some(fetch_id);
            let found = find::<FetchRecord>(file, opened, &["fetch_id"], is_wanted)?;
            if let Some(found) = found.into_iter().max_by_key(|record| record.recorded_at) {
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
        let files = self.log("fetches")?;
        for (place, file) in files.iter().enumerate().rev() {
            if found.len() >= limit {
                break;
            }
            found.extend(newest::rows_of::<FetchRecord>(file, files.open("fetches", place)?, None)?);
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
        self.findings_in(fetch_id, |_| true)
    }

    /// The findings of a fetch, in the order they were given: only the files of the time it was recorded are looked into.
    ///
    /// # Errors
    /// As [`Lake::findings`].
    pub async fn findings_of(&self, fetch: &FetchRecord) -> Result<Vec<FindingRecord>, Error> {
        self.findings_in(&fetch.fetch_id, |file| file.span.contains(fetch.recorded_at))
    }

    fn findings_in(
        &self,
        fetch_id: &str,
        may_hold: impl Fn(&DataFile) -> bool,
    ) -> Result<Vec<FindingRecord>, Error> {
        let spec = tables::findings();
        let stored = spec.stored_schema();
        let mut found = Vec::new();
        let files = self.log(&spec.name)?;
        for (place, file) in files.iter().enumerate() {
            if matches!(&file.name, FileName::Commit { id, .. } if id != fetch_id) || !may_hold(file) {
                continue;
            }
            let opened = files.open(&spec.name, place)?;
            let is_wanted = |batch: &RecordBatch, row: usize| text(batch, "fetch_id", row) == Some(fetch_id);
            let places = places_of(&spec.name, file, &opened, &["fetch_id"], is_wanted)?;
            if places.is_empty() {
                continue;
            }
            let part = Part { rows: Some(&places), ..Part::default() };
            for batch in parquet_file::part_of(&spec.name, &file.path, opened, part)? {
                let batch = parquet_file::conform(&spec.name, &batch?, &stored)?;
                found.extend(FindingRecord::from_batch(&batch)?);
            }
        }
        Ok(found)
    }

    /// The newest fetch of a source that applied this very body and changed something. A body that [`Lake::keep_body`] did
    /// not know has none: do not ask.
    ///
    /// # Errors
    /// As [`Lake::last_fetch`].
    pub async fn applied_body(&self, source: &str, sha256: &str) -> Result<Option<FetchRecord>, Error> {
        let files = self.log("fetches")?;
        for (place, file) in files.iter().enumerate().rev() {
            let is_wanted = |batch: &RecordBatch, row: usize| {
                text(batch, "sha256", row) == Some(sha256)
                    && is_of(batch, row, source, |word| word == Outcome::New.as_str())
            };
            let columns = ["source", "outcome", "sha256"];
            let found = find::<FetchRecord>(file, files.open("fetches", place)?, &columns, is_wanted)?;
            if let Some(found) = found.into_iter().max_by_key(|record| record.recorded_at) {
                return Ok(Some(found));
            }
        }
        Ok(None)
    }

    /// When the newest editions of a source that changed something were issued, newest first, at most so many.
    ///
    /// # Errors
    /// As [`Lake::last_fetch`].
    pub async fn applied_editions(&self, source: &str, limit: usize) -> Result<Vec<Timestamp>, Error> {
        let mut newest: Vec<Timestamp> = Vec::new();
        let files = self.log("fetches")?;
        for (place, file) in files.iter().enumerate().rev() {
            let opened = files.open("fetches", place)?;
            let least = newest.get(limit.saturating_sub(1)).copied();
            if least.is_some() && issued_max(&tables::fetches(), &file.path, &opened)? <= least {
                continue;
            }
            let is_new = |word: &str| word == Outcome::New.as_str();
            newest.extend(issues_in(file, &opened, source, is_new, |_| true)?);
            newest.sort_unstable_by(|a, b| b.cmp(a));
            newest.dedup();
            newest.truncate(limit);
        }
        Ok(newest)
    }

    /// The first issue after an instant among the applied fetches of a source.
    pub(crate) fn next_applied_issue(
        &self,
        source: &str,
        after: Timestamp,
    ) -> Result<Option<Timestamp>, Error> {
        let mut next: Option<Timestamp> = None;
        let files = self.log("fetches")?;
        for (place, file) in files.iter().enumerate() {
            let opened = files.open("fetches", place)?;
            if issued_max(&tables::fetches(), &file.path, &opened)?.is_none_or(|newest| newest <= after) {
                continue;
            }
            let is_applied =
                |word: &str| word == Outcome::New.as_str() || word == Outcome::Unchanged.as_str();
            let later = issues_in(file, &opened, source, is_applied, |at| at > after)?;
            next = later.into_iter().chain(next).min();
        }
        Ok(next)
    }

    /// Whether a fetch has its row in `fetches`, in a file that may hold the commits of an instant.
    pub(crate) fn is_recorded(&self, fetch_id: &str, recorded: Timestamp) -> Result<bool, Error> {
        let files = self.log("fetches")?;
        for (place, file) in files.iter().enumerate() {
            if !file.span.contains(recorded) {
                continue;
            }
            let is_wanted = |batch: &RecordBatch, row: usize| text(batch, "fetch_id", row) == Some(fetch_id);
            if !places_of("fetches", file, &files.open("fetches", place)?, &["fetch_id"], is_wanted)?
                .is_empty()
            {
                return Ok(true);
            }
        }
        Ok(false)
    }

    /// The files of a log, oldest first.
    fn log(&self, table: &str) -> Result<Files, Error> {
        self.layout().files(table, Timestamp::MAX)
    }
}

/// Issues of fetches of a source, in one file.
fn issues_in(
    file: &DataFile,
    opened: &Arc<CheckedFile>,
    source: &str,
    outcome: impl Fn(&str) -> bool,
    wanted: impl Fn(Timestamp) -> bool,
) -> Result<Vec<Timestamp>, Error> {
    let mut found = Vec::new();
    places_of("fetches", file, opened, &["source", "outcome", "issued_at"], |batch, row| {
        let issued = batch.column_by_name("issued_at");
        let issued = issued.and_then(|column| column.as_primitive_opt::<TimestampMicrosecondType>());
        let issued =
            issued.filter(|column| column.is_valid(row)).map(|column| from_micros(column.value(row)));
        found.extend(issued.filter(|at| is_of(batch, row, source, &outcome) && wanted(*at)));
        false
    })?;
    Ok(found)
}

fn is_of(batch: &RecordBatch, row: usize, source: &str, outcome: impl Fn(&str) -> bool) -> bool {
    text(batch, "source", row) == Some(source) && text(batch, "outcome", row).is_some_and(outcome)
}

/// The text of a cell; none where there is none.
fn text<'a>(batch: &'a RecordBatch, column: &str, row: usize) -> Option<&'a str> {
    let column = batch.column_by_name(column)?.as_string_opt::<i32>()?;
    column.is_valid(row).then(|| column.value(row))
}

/// Places of the rows of a file that are wanted, by a few of its columns.
fn places_of(
    table: &str,
    file: &DataFile,
    opened: &Arc<CheckedFile>,
    columns: &[&str],
    mut is_wanted: impl FnMut(&RecordBatch, usize) -> bool,
) -> Result<Vec<usize>, Error> {
    let (mut found, mut before) = (Vec::new(), 0);
    let part = Part { columns, rows: None };
    for batch in parquet_file::part_of(table, &file.path, Arc::clone(opened), part)? {
        let batch = batch?;
        found.extend((0..batch.num_rows()).filter(|row| is_wanted(&batch, *row)).map(|row| before + row));
        before += batch.num_rows();
    }
    Ok(found)
}

/// The rows of a file that are wanted, by a few of its columns.
fn find<T: LogRow>(
    file: &DataFile,
    opened: Arc<CheckedFile>,
    columns: &[&str],
    is_wanted: impl FnMut(&RecordBatch, usize) -> bool,
) -> Result<Vec<T>, Error> {
    match places_of(&T::spec().name, file, &opened, columns, is_wanted)? {
        none if none.is_empty() => Ok(Vec::new()),
        places => newest::rows_of(file, opened, Some(&places)),
    }
}
