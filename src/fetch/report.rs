//! What a poll came to, as `vigie fetch --json` prints it: a contract with scripts.

use jiff::Timestamp;
use serde::Serialize;
use vigie_store::{FetchRecord, FindingRecord};

/// Findings that a report lists; the lake has them all.
const FINDINGS_LISTED: usize = 20;

/// What came of a poll: what `vigie fetch --json` prints.
#[derive(Debug, Clone, Serialize)]
pub struct Report {
    /// The source.
    pub source: String,
    /// `new`, `unchanged`, `stale`, `held`, `rejected` or `failed`.
    pub outcome: &'static str,
    /// Where the body came from.
    pub url: Option<String>,
    /// Status of the reply.
    pub http_status: Option<u16>,
    /// Edition time, UTC.
    pub issued_at: Option<Timestamp>,
    /// Hash of the body as received.
    pub sha256: Option<String>,
    /// Its size.
    pub bytes: Option<u64>,
    /// Text encoding found.
    pub encoding: Option<String>,
    /// Separator found.
    pub delimiter: Option<String>,
    /// Rows in the body, those that the contract filters out left aside.
    pub rows_in: u64,
    /// Rows that honour the contract.
    pub rows_accepted: u64,
    /// Versions added to the lake.
    pub rows_changed: u64,
    /// Keys withdrawn.
    pub rows_withdrawn: u64,
    /// Rows set aside.
    pub rows_quarantined: u64,
    /// Rows left out by the contract's filter.
    pub rows_filtered: u64,
    /// The first findings.
    pub findings: Vec<Said>,
    /// How many there are in all.
    pub findings_total: u64,
    /// One French sentence.
    pub message: String,
    /// Time taken.
    pub duration_ms: u64,
    /// Id of the poll.
    pub fetch_id: String,
    /// Polls for the days missed before, made first (addresses with a day).
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub earlier: Vec<Report>,
    /// Whether it failed because another process writes the table (exit code 6, no part of the JSON).
    #[serde(skip)]
    pub locked: bool,
}

/// A finding, as a report lists it.
#[derive(Debug, Clone, Serialize)]
pub struct Said {
    /// Physical line, the header being line 1.
    pub line: Option<u64>,
    /// Column as named in the feed.
    pub column: Option<String>,
    /// Stable code.
    pub code: String,
    /// `info`, `warn` or `error`.
    pub severity: String,
    /// French sentence.
    pub message: String,
}

impl Report {
    /// A poll that came to nothing.
    pub(super) fn nothing(source: &str) -> Self {
        report(FetchRecord { source: source.to_owned(), ..FetchRecord::default() }, &[])
    }
}

/// The report of a poll from its record and all its findings.
pub(super) fn report(record: FetchRecord, findings: &[FindingRecord]) -> Report {
    Report {
        outcome: record.outcome.as_str(),
        findings: findings
            .iter()
            .take(FINDINGS_LISTED)
            .map(|finding| Said {
                line: finding.line,
                column: finding.column.clone(),
                code: finding.code.clone(),
                severity: finding.severity.clone(),
                message: finding.message.clone(),
            })
            .collect(),
        findings_total: findings.len() as u64,
        source: record.source,
        url: record.url,
        http_status: record.http_status,
        issued_at: record.issued_at,
        sha256: record.sha256,
        bytes: record.bytes,
        encoding: record.encoding,
        delimiter: record.delimiter.map(String::from),
        rows_in: record.rows_in,
        rows_accepted: record.rows_accepted,
        rows_changed: record.rows_changed,
        rows_withdrawn: record.rows_withdrawn,
        rows_quarantined: record.rows_quarantined,
        rows_filtered: record.rows_filtered,
        message: record.message.unwrap_or_default(),
        duration_ms: record.duration_ms,
        fetch_id: record.fetch_id,
        earlier: Vec::new(),
        locked: false,
    }
}
