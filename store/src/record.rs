//! The records of fetches and findings, and their rows in `fetches` and `findings`.

use std::sync::Arc;

use arrow::array::{
    Array, ArrayRef, BooleanArray, Date32Array, Int64Array, RecordBatch, StringArray,
    TimestampMicrosecondArray,
};
use jiff::Timestamp;
use jiff::civil::Date;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use crate::error::misfit;
use crate::spec::{from_micros, micros};
use crate::{Error, tables};

/// What became of a poll.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Outcome {
    /// Rows were added.
    New,
    /// The edition says what is known already.
    Unchanged,
    /// An older edition than the one known came back.
    Stale,
    /// The edition goes beyond the bounds of its contract: `vigie accept` applies it.
    Held,
    /// The whole file was refused.
    Rejected,
    /// No body came.
    #[default]
    Failed,
}

impl Outcome {
    const ALL: [Self; 6] =
        [Self::New, Self::Unchanged, Self::Stale, Self::Held, Self::Rejected, Self::Failed];

    /// The word used in tables.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::New => "new",
            Self::Unchanged => "unchanged",
            Self::Stale => "stale",
            Self::Held => "held",
            Self::Rejected => "rejected",
            Self::Failed => "failed",
        }
    }

    /// Whether the edition is the one the table now shows.
    #[must_use]
    pub fn is_applied(self) -> bool {
        matches!(self, Self::New | Self::Unchanged)
    }

    fn parse(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|outcome| outcome.as_str() == word)
    }
}

/// One poll of a source. Instants keep microseconds.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
pub struct FetchRecord {
    /// Id of the fetch ([`fetch_id`]).
    pub fetch_id: String,
    /// Name of the source.
    pub source: String,
    /// What became of it.
    pub outcome: Outcome,
    /// Where the body came from.
    pub url: Option<String>,
    /// HTTP status of the answer.
    pub http_status: Option<u16>,
    /// `ETag` of the answer.
    pub etag: Option<String>,
    /// `Last-Modified` of the answer, as sent.
    pub last_modified: Option<String>,
    /// When the publisher issued the edition.
    pub issued_at: Option<Timestamp>,
    /// When Vigie committed it.
    pub recorded_at: Timestamp,
    /// SHA-256 of the body as received.
    pub sha256: Option<String>,
    /// Size of the body as received.
    pub bytes: Option<u64>,
    /// Encoding of the text.
    pub encoding: Option<String>,
    /// Field separator.
    pub delimiter: Option<char>,
    /// Rows of the body, without those the contract filters out.
    pub rows_in: u64,
    /// Rows that keep the contract.
    pub rows_accepted: u64,
    /// Versions added (set by the store).
    pub rows_changed: u64,
    /// Withdrawals added (set by the store).
    pub rows_withdrawn: u64,
    /// Rows that do not keep the contract.
    pub rows_quarantined: u64,
    /// Rows the contract filters out.
    pub rows_filtered: u64,
    /// How long it took.
    pub duration_ms: u64,
    /// What to know about it, in French.
    pub message: Option<String>,
    /// Fingerprint of the contract it was read by.
    pub contract_fingerprint: Option<String>,
    /// The day asked for, where the address holds one.
    pub asked_day: Option<Date>,
}

/// One problem found in a fetch.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct FindingRecord {
    /// The fetch.
    pub fetch_id: String,
    /// Name of the source.
    pub source: String,
    /// Line of the body, from 1.
    pub line: Option<u64>,
    /// Column.
    pub column: Option<String>,
    /// Stable code.
    pub code: String,
    /// `info`, `warn` or `error`.
    pub severity: String,
    /// What was found.
    pub found: Option<String>,
    /// What was expected.
    pub expected: Option<String>,
    /// A French sentence.
    pub message: String,
    /// The line as received.
    pub raw: Option<String>,
}

/// Id of a fetch: 16 hexadecimal digits, the same for the same source, instant and body.
#[must_use]
pub fn fetch_id(source: &str, recorded_at: Timestamp, sha256: &str) -> String {
    let text = format!("{source}\n{}\n{sha256}", micros(recorded_at));
    crate::parquet_file::hex(&Sha256::digest(text.as_bytes())[..8])
}

fn texts<'a, T>(rows: &'a [T], value: impl Fn(&'a T) -> Option<&'a str>) -> ArrayRef {
    Arc::new(rows.iter().map(value).collect::<StringArray>())
}

fn numbers<T>(rows: &[T], value: impl Fn(&T) -> Option<u64>) -> ArrayRef {
    Arc::new(
        rows.iter()
            .map(|row| value(row).map(|n| i64::try_from(n).unwrap_or(i64::MAX)))
            .collect::<Int64Array>(),
    )
}

fn instants<T>(rows: &[T], value: impl Fn(&T) -> Option<Timestamp>) -> ArrayRef {
    let values: TimestampMicrosecondArray = rows.iter().map(|row| value(row).map(micros)).collect();
    Arc::new(values.with_timezone("UTC"))
}

const EPOCH: Date = Date::constant(1970, 1, 1);

/// Days since 1970.
fn days(day: Date) -> i32 {
    day.since((jiff::Unit::Day, EPOCH)).map_or(0, |span| span.get_days())
}

impl FetchRecord {
    /// Rows of the `fetches` table.
    ///
    /// # Errors
    /// [`Error::Misfit`]: never, unless the table's columns are changed and these are not.
    pub fn batch(records: &[Self]) -> Result<RecordBatch, Error> {
        let delimiters: Vec<Option<String>> =
            records.iter().map(|record| record.delimiter.map(String::from)).collect();
        let columns = vec![
            texts(records, |r| Some(&r.fetch_id)),
            texts(records, |r| Some(&r.source)),
            texts(records, |r| Some(r.outcome.as_str())),
            texts(records, |r| r.url.as_deref()),
            numbers(records, |r| r.http_status.map(u64::from)),
            texts(records, |r| r.etag.as_deref()),
            texts(records, |r| r.last_modified.as_deref()),
            instants(records, |r| r.issued_at),
            instants(records, |r| Some(r.recorded_at)),
            texts(records, |r| r.sha256.as_deref()),
            numbers(records, |r| r.bytes),
            texts(records, |r| r.encoding.as_deref()),
            Arc::new(StringArray::from(delimiters)),
            numbers(records, |r| Some(r.rows_in)),
            numbers(records, |r| Some(r.rows_accepted)),
            numbers(records, |r| Some(r.rows_changed)),
            numbers(records, |r| Some(r.rows_withdrawn)),
            numbers(records, |r| Some(r.rows_quarantined)),
            numbers(records, |r| Some(r.rows_filtered)),
            numbers(records, |r| Some(r.duration_ms)),
            texts(records, |r| r.message.as_deref()),
            texts(records, |r| r.contract_fingerprint.as_deref()),
            Arc::new(records.iter().map(|r| r.asked_day.map(days)).collect::<Date32Array>()),
        ];
        let spec = tables::fetches();
        RecordBatch::try_new(spec.schema, columns).map_err(|fault| misfit("fetches", fault.to_string()))
    }

    /// The records of a batch of the `fetches` table.
    ///
    /// # Errors
    /// [`Error::Misfit`] when a column is missing, of another type, or an outcome is an unknown word.
    pub fn from_batch(batch: &RecordBatch) -> Result<Vec<Self>, Error> {
        let columns = Columns { table: "fetches", batch };
        (0..batch.num_rows())
            .map(|row| {
                let word = columns.text("outcome", row)?.unwrap_or_default();
                let outcome = Outcome::parse(&word)
                    .ok_or_else(|| misfit("fetches", format!("outcome {word:?} is unknown")))?;
                Ok(Self {
                    fetch_id: columns.text("fetch_id", row)?.unwrap_or_default(),
                    source: columns.text("source", row)?.unwrap_or_default(),
                    outcome,
                    url: columns.text("url", row)?,
                    http_status: columns.number("http_status", row)?.and_then(|n| u16::try_from(n).ok()),
                    etag: columns.text("etag", row)?,
                    last_modified: columns.text("last_modified", row)?,
                    issued_at: columns.instant("issued_at", row)?,
                    recorded_at: columns.instant("recorded_at", row)?.unwrap_or_default(),
                    sha256: columns.text("sha256", row)?,
                    bytes: columns.number("bytes", row)?,
                    encoding: columns.text("encoding", row)?,
                    delimiter: columns.text("delimiter", row)?.and_then(|text| text.chars().next()),
                    rows_in: columns.number("rows_in", row)?.unwrap_or_default(),
                    rows_accepted: columns.number("rows_accepted", row)?.unwrap_or_default(),
                    rows_changed: columns.number("rows_changed", row)?.unwrap_or_default(),
                    rows_withdrawn: columns.number("rows_withdrawn", row)?.unwrap_or_default(),
                    rows_quarantined: columns.number("rows_quarantined", row)?.unwrap_or_default(),
                    rows_filtered: columns.number("rows_filtered", row)?.unwrap_or_default(),
                    duration_ms: columns.number("duration_ms", row)?.unwrap_or_default(),
                    message: columns.text("message", row)?,
                    contract_fingerprint: columns.text("contract_fingerprint", row)?,
                    asked_day: columns.day("asked_day", row)?,
                })
            })
            .collect()
    }
}

/// One window of a job of the service. Instants keep microseconds.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
pub struct RunRecord {
    /// Id of the run: a window of a job has one.
    pub run_id: String,
    /// Name of the job.
    pub job: String,
    /// The window; none when a person asked.
    pub scheduled_for: Option<Timestamp>,
    /// When the run began; none for a window that nobody ran.
    pub started_at: Option<Timestamp>,
    /// When it ended.
    pub ended_at: Option<Timestamp>,
    /// `ok`, `partial` (done without files that are faulty), `failed`, `missed`, `skipped`.
    pub outcome: String,
    /// What it did, or why not.
    pub message: Option<String>,
    /// Whether it ran later than its window.
    pub caught_up: Option<bool>,
}

impl RunRecord {
    /// When it was over: the end of the run, else its begin, else its window.
    #[must_use]
    pub fn at(&self) -> Option<Timestamp> {
        self.ended_at.or(self.started_at).or(self.scheduled_for)
    }

    /// Whether the run did its work.
    #[must_use]
    pub fn is_success(&self) -> bool {
        matches!(self.outcome.as_str(), "ok" | "partial")
    }

    /// The records of a batch of the `runs` table.
    ///
    /// # Errors
    /// [`Error::Misfit`] when a column is missing or of another type.
    pub fn from_batch(batch: &RecordBatch) -> Result<Vec<Self>, Error> {
        let columns = Columns { table: "runs", batch };
        (0..batch.num_rows())
            .map(|row| {
                Ok(Self {
                    run_id: columns.text("run_id", row)?.unwrap_or_default(),
                    job: columns.text("job", row)?.unwrap_or_default(),
                    scheduled_for: columns.instant("scheduled_for", row)?,
                    started_at: columns.instant("started_at", row)?,
                    ended_at: columns.instant("ended_at", row)?,
                    outcome: columns.text("outcome", row)?.unwrap_or_default(),
                    message: columns.text("message", row)?,
                    caught_up: columns.cell::<BooleanArray>("caught_up", row)?.map(|array| array.value(row)),
                })
            })
            .collect()
    }
}

impl FindingRecord {
    /// Rows of the `findings` table.
    ///
    /// # Errors
    /// [`Error::Misfit`]: never, unless the table's columns are changed and these are not.
    pub fn batch(records: &[Self]) -> Result<RecordBatch, Error> {
        let columns = vec![
            texts(records, |r| Some(&r.fetch_id)),
            texts(records, |r| Some(&r.source)),
            numbers(records, |r| r.line),
            texts(records, |r| r.column.as_deref()),
            texts(records, |r| Some(&r.code)),
            texts(records, |r| Some(&r.severity)),
            texts(records, |r| r.found.as_deref()),
            texts(records, |r| r.expected.as_deref()),
            texts(records, |r| Some(&r.message)),
            texts(records, |r| r.raw.as_deref()),
        ];
        let spec = tables::findings();
        RecordBatch::try_new(spec.schema, columns).map_err(|fault| misfit("findings", fault.to_string()))
    }

    /// The records of a batch of the `findings` table.
    ///
    /// # Errors
    /// [`Error::Misfit`] when a column is missing or of another type.
    pub fn from_batch(batch: &RecordBatch) -> Result<Vec<Self>, Error> {
        let columns = Columns { table: "findings", batch };
        (0..batch.num_rows())
            .map(|row| {
                Ok(Self {
                    fetch_id: columns.text("fetch_id", row)?.unwrap_or_default(),
                    source: columns.text("source", row)?.unwrap_or_default(),
                    line: columns.number("line", row)?,
                    column: columns.text("column", row)?,
                    code: columns.text("code", row)?.unwrap_or_default(),
                    severity: columns.text("severity", row)?.unwrap_or_default(),
                    found: columns.text("found", row)?,
                    expected: columns.text("expected", row)?,
                    message: columns.text("message", row)?.unwrap_or_default(),
                    raw: columns.text("raw", row)?,
                })
            })
            .collect()
    }
}

/// Cells of a batch by name.
struct Columns<'a> {
    table: &'static str,
    batch: &'a RecordBatch,
}

impl Columns<'_> {
    fn cell<A: Array + 'static>(&self, name: &str, row: usize) -> Result<Option<&A>, Error> {
        let array = self
            .batch
            .column_by_name(name)
            .and_then(|column| column.as_any().downcast_ref::<A>())
            .ok_or_else(|| misfit(self.table, format!("column {name:?} is missing or of another type")))?;
        Ok((!array.is_null(row)).then_some(array))
    }

    fn text(&self, name: &str, row: usize) -> Result<Option<String>, Error> {
        Ok(self.cell::<StringArray>(name, row)?.map(|array| array.value(row).to_owned()))
    }

    fn number(&self, name: &str, row: usize) -> Result<Option<u64>, Error> {
        Ok(self.cell::<Int64Array>(name, row)?.and_then(|array| u64::try_from(array.value(row)).ok()))
    }

    fn day(&self, name: &str, row: usize) -> Result<Option<Date>, Error> {
        let cell = self.cell::<Date32Array>(name, row)?;
        Ok(cell.and_then(|array| EPOCH.checked_add(jiff::Span::new().try_days(array.value(row)).ok()?).ok()))
    }

    fn instant(&self, name: &str, row: usize) -> Result<Option<Timestamp>, Error> {
        let cell = self.cell::<TimestampMicrosecondArray>(name, row)?;
        Ok(cell.map(|array| from_micros(array.value(row))))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_record_survives_its_row() {
        let record = FetchRecord {
            fetch_id: "ab".into(),
            source: "beds".into(),
            outcome: Outcome::Held,
            http_status: Some(200),
            issued_at: Some("2020-10-13T19:00:00.000001Z".parse().unwrap()),
            recorded_at: "2020-10-13T20:00:00Z".parse().unwrap(),
            delimiter: Some(';'),
            asked_day: Some(Date::constant(2020, 10, 12)),
            rows_in: 12,
            ..FetchRecord::default()
        };
        let batch = FetchRecord::batch(std::slice::from_ref(&record)).unwrap();
        assert_eq!(FetchRecord::from_batch(&batch).unwrap(), vec![record]);
    }

    #[test]
    fn a_fetch_id_is_short_and_always_the_same() {
        let id = fetch_id("beds", Timestamp::UNIX_EPOCH, "00");
        assert_eq!(id.len(), 16);
        assert_eq!(id, fetch_id("beds", Timestamp::UNIX_EPOCH, "00"));
        assert_ne!(id, fetch_id("tests", Timestamp::UNIX_EPOCH, "00"));
    }
}
