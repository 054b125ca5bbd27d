//! The rows of a log that are asked for again and again (the newest poll of each source, the newest run of each job), kept
//! in the footer of merged files: whoever wants them reads no rows, however long the log has become.
//!
//! They are a copy of rows of the same file, made when it is written and sealed with it. Where they are missing (files of
//! earlier versions, single commits) the rows themselves are read.

use std::collections::BTreeMap;

use arrow::array::RecordBatch;
use jiff::Timestamp;
use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::checked::CheckedFile;
use crate::error::misfit;
use crate::footers::Footers;
use crate::layout::DataFile;
use crate::parquet_file::{self, Part, conform};
use crate::record::{FetchRecord, Outcome, RunRecord};
use crate::spec::TableSpec;
use crate::{Error, tables};

/// A row of a log, of a group of rows whose newest are wanted.
pub(crate) trait LogRow: Clone + PartialEq + Serialize + DeserializeOwned {
    /// The table.
    fn spec() -> TableSpec;
    /// The group: the source of a poll, the job of a run.
    fn group(&self) -> &str;
    /// Those of a group that are wanted; of the same rows in any order and cut always the same.
    fn newest(rows: Vec<Self>) -> Vec<Self>;
    /// The rows of a batch of the table.
    fn from_batch(batch: &RecordBatch) -> Result<Vec<Self>, Error>;
}

impl LogRow for FetchRecord {
    fn spec() -> TableSpec {
        tables::fetches()
    }

    fn group(&self) -> &str {
        &self.source
    }

    fn newest(rows: Vec<Self>) -> Vec<Self> {
        let applied = || rows.iter().filter(|row| row.outcome.is_applied());
        let wanted = [
            rows.iter().max_by_key(|row| row.recorded_at),
            applied().max_by_key(|row| row.recorded_at),
            applied().max_by_key(|row| (row.issued_at, row.recorded_at)),
            rows.iter().filter(|row| row.outcome != Outcome::Failed).max_by_key(|row| row.recorded_at),
        ];
        distinct(wanted)
    }

    fn from_batch(batch: &RecordBatch) -> Result<Vec<Self>, Error> {
        Self::from_batch(batch)
    }
}

impl LogRow for RunRecord {
    fn spec() -> TableSpec {
        tables::runs()
    }

    fn group(&self) -> &str {
        &self.job
    }

    fn newest(rows: Vec<Self>) -> Vec<Self> {
        let windows = rows.iter().filter(|row| row.scheduled_for.is_some());
        distinct([
            windows.max_by_key(|row| (row.scheduled_for, row.at())),
            rows.iter()
                .filter(|row| row.started_at.is_some())
                .max_by_key(|row| (row.at(), row.scheduled_for)),
            rows.iter().filter(|row| row.is_success()).max_by_key(|row| (row.at(), row.scheduled_for)),
        ])
    }

    fn from_batch(batch: &RecordBatch) -> Result<Vec<Self>, Error> {
        Self::from_batch(batch)
    }
}

fn distinct<T: Clone + PartialEq, const N: usize>(wanted: [Option<&T>; N]) -> Vec<T> {
    let mut found: Vec<T> = Vec::new();
    for row in wanted.into_iter().flatten() {
        if !found.contains(row) {
            found.push(row.clone());
        }
    }
    found
}

/// Keeps of some rows the newest of each group.
pub(crate) fn of_rows<T: LogRow>(rows: impl IntoIterator<Item = T>) -> Vec<T> {
    let mut groups: BTreeMap<String, Vec<T>> = BTreeMap::new();
    for row in rows {
        groups.entry(row.group().to_owned()).or_default().push(row);
    }
    groups.into_values().flat_map(T::newest).collect()
}

/// The newest rows of each group in a file: from its footer, or from its rows.
pub(crate) fn of_file<T: LogRow>(file: &DataFile, footers: &Footers) -> Result<Vec<T>, Error> {
    let spec = T::spec();
    let opened = footers.open(&spec.name, file)?;
    let pairs = parquet_file::pairs(&opened.metadata);
    // The footer is sound. Another version of Vigie may have given records other fields: the rows tell the same.
    if let Some(rows) = pairs.get(parquet_file::NEWEST).and_then(|json| serde_json::from_str(json).ok()) {
        return Ok(rows);
    }
    rows_of(file, opened, None).map(of_rows)
}

/// Rows of a file of a log: those at some places, or all.
pub(crate) fn rows_of<T: LogRow>(
    file: &DataFile,
    opened: std::sync::Arc<CheckedFile>,
    places: Option<&[usize]>,
) -> Result<Vec<T>, Error> {
    let spec = T::spec();
    let stored = spec.stored_schema();
    let mut found = Vec::new();
    let part = Part { rows: places, ..Part::default() };
    for batch in parquet_file::part_of(&spec.name, &file.path, opened, part)? {
        found.extend(T::from_batch(&conform(&spec.name, &batch?, &stored)?)?);
    }
    Ok(found)
}

/// What the footer of a file merged from others says of its newest rows, JSON; none for tables that nobody asks for them.
pub(crate) fn of_files(table: &str, files: &[DataFile], footers: &Footers) -> Result<Option<String>, Error> {
    match table {
        "fetches" => merged::<FetchRecord>(files, footers).map(Some),
        "runs" => merged::<RunRecord>(files, footers).map(Some),
        _ => Ok(None),
    }
}

fn merged<T: LogRow>(files: &[DataFile], footers: &Footers) -> Result<String, Error> {
    let mut rows = Vec::new();
    for file in files {
        rows.extend(of_file::<T>(file, footers)?);
    }
    serde_json::to_string(&of_rows(rows)).map_err(|fault| misfit(&T::spec().name, fault.to_string()))
}

/// Whether all rows of a file were issued and recorded by some instants, so that its newest rows are those as of them.
pub(crate) fn is_all_of(
    file: &DataFile,
    issued_max: Option<Timestamp>,
    issued: Timestamp,
    recorded: Timestamp,
) -> bool {
    file.recorded_by(recorded) && file.recorded_by(issued) && issued_max.is_none_or(|newest| newest <= issued)
}
