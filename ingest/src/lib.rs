//! The one door to the outside: fetches a body, recognises its form, checks its rows against a contract.
//!
//! ```text
//! Fetcher::get ──▶ Received (a file, its hash) ──▶ parse ──▶ Parsed::Rows (sorted rows, findings, counts)
//! open_local ───▶                                       └──▶ Parsed::Refused (why, in French)
//! ```
//!
//! Problems in the data are results: a row set aside is a [`Finding`], a file refused a [`Refusal`], a failed download
//! a [`FetchError`]. [`Error`] is left for our own disk and set-up. Nothing of a body is lost in silence: what is
//! repaired, left out or set aside is said, and the body itself is kept by the caller.
//!
//! This crate knows no lake, no SQL and no clock.

mod access;
mod beside;
mod body;
mod cells;
mod check;
mod classes;
mod columns;
mod csv;
mod dates;
mod duplicates;
mod error;
mod fetch;
mod fetch_error;
mod findings;
pub mod folder;
mod footers;
mod instants;
mod json;
mod keys_aside;
mod limits;
mod line_ends;
mod merge;
mod network;
mod numbers;
mod oddities;
mod order;
mod pages;
mod parts;
mod received;
mod records;
pub mod redact;
mod relations;
mod row;
mod rows;
mod runs;
mod say;
mod settle;
mod shape;
mod sift;
mod spill;
mod stated;
mod stop;
mod table;
#[cfg(test)]
mod tests;
mod text;
mod totals;
mod unicode;
mod values;
mod wording;
mod xlsx;

use std::path::Path;

use jiff::civil::Date;
use serde::Serialize;
use vigie_queries::{Contract, Format};

pub use access::{Access, Credentials, Post, Proxy};
pub use error::Error;
pub use fetch::{FetchPolicy, Fetcher, Reply, Validators};
pub use fetch_error::FetchError;
pub use findings::{Code, Finding, Severity};
pub use keys_aside::KeysAside;
pub use pages::{Next, Paging};
pub use received::{Received, open_local};
pub use redact::Secret;
pub use rows::{Batches, Rows};

use body::Opened;
use check::Checker;
use csv::{CsvBody, remark};
use json::JsonBody;
use limits::Limits;
use parts::Parts;
use row::Row;
use settle::RawLines;
use stop::Stop;
use wording::RowWord;
use xlsx::XlsxBody;

/// What became of a body.
#[derive(Debug)]
pub enum Parsed {
    /// Its good rows, and what was odd.
    Rows(Checked),
    /// It is refused as a whole: the last good data stay.
    Refused(Refusal),
}

/// Good rows of a body, and what was odd.
#[derive(Debug)]
pub struct Checked {
    /// Columns of `contract.schema()`, sorted by key, each key once.
    pub rows: Rows,
    /// Rows set aside by line, then remarks, then repairs (one for each kind and column, with a count).
    pub findings: Vec<Finding>,
    /// Keys that the body gives in rows that were set aside.
    pub keys_aside: KeysAside,
    /// Rows by fate.
    pub counts: Counts,
    /// How the body was written.
    pub form: Form,
    /// Why the body does not hold all rows that the source has, by what it states itself: code and sentence. The caller
    /// decides; a body of several pages put together is judged by whoever followed them.
    pub incomplete: Option<Finding>,
}

/// A body refused as a whole.
#[derive(Debug)]
pub struct Refusal {
    /// Stable code.
    pub code: Code,
    /// Why, where and what to do, code included.
    pub message_fr: String,
    /// The refusal itself first, then what was found before.
    pub findings: Vec<Finding>,
    /// Rows by fate as far as they were read; none is accepted.
    pub counts: Counts,
    /// How the body was written, as far as it was read.
    pub form: Form,
}

/// Rows by fate: accepted and quarantined rows add up to rows in.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
pub struct Counts {
    /// Data rows, those left out by the contract's filters excepted.
    pub rows_in: u64,
    /// Rows whose values are in the table; exact copies of a row count too.
    pub rows_accepted: u64,
    /// Rows set aside.
    pub rows_quarantined: u64,
    /// Rows that the contract's filters leave out.
    pub rows_filtered: u64,
}

/// How a body was written.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Form {
    /// Name of the encoding (`UTF-8`, `windows-1252`, `UTF-16LE`), empty when it is not text.
    pub encoding: String,
    /// Field separator of delimited text.
    pub delimiter: Option<char>,
    /// `gzip` or `zip`.
    pub compression: Option<String>,
}

/// Reads one body and checks it against its contract.
///
/// - **In**: a file as received; `today` bounds dates in columns that may not hold future ones; `spool` is a folder on
///   a large disk for temporary files.
/// - **Out**: rows of `contract.schema()`, or a refusal. Every row set aside is a finding.
/// - **Memory**: bounded, whatever the body: rows beyond some 64 MiB are sorted and merged in the spool.
///
/// # Errors
/// [`Error::Disk`] when the file, or a temporary file in the spool, cannot be read or written.
pub fn parse(body: &Path, contract: &Contract, today: Date, spool: &Path) -> Result<Parsed, Error> {
    parse_within(body, contract, today, spool, Limits::default())
}

/// The same with other bounds of memory.
fn parse_within(
    body: &Path,
    contract: &Contract,
    today: Date,
    spool: &Path,
    limits: Limits,
) -> Result<Parsed, Error> {
    let mut seen = Seen::default();
    match read(body, contract, today, spool, limits, &mut seen) {
        Ok(checked) => Ok(Parsed::Rows(checked)),
        Err(Stop::Ours(error)) => Err(error),
        Err(Stop::Refused(reason)) => {
            let mut findings = vec![reason.finding()];
            findings.append(&mut seen.findings);
            Ok(Parsed::Refused(Refusal {
                code: reason.code,
                message_fr: reason.message(),
                findings,
                counts: Counts { rows_accepted: 0, ..seen.counts },
                form: seen.form,
            }))
        }
    }
}

/// What is known when reading ends early.
#[derive(Default)]
struct Seen {
    form: Form,
    findings: Vec<Finding>,
    counts: Counts,
}

/// A body of any form whose header is read.
enum Body<'a> {
    Csv(CsvBody<'a>),
    Json(JsonBody<'a>),
    Xlsx(XlsxBody<'a>),
    /// Several bodies that make one edition.
    Parts(Parts<'a>),
}

impl Body<'_> {
    fn header(&self) -> &[String] {
        match self {
            Self::Csv(body) => &body.header,
            Self::Json(body) => &body.header,
            Self::Xlsx(body) => &body.header,
            Self::Parts(parts) => &parts.header,
        }
    }

    fn header_line(&self) -> u64 {
        match self {
            Self::Csv(body) => body.header_line,
            Self::Json(_) | Self::Parts(_) => 1,
            Self::Xlsx(body) => u64::from(body.header_row) + 1,
        }
    }

    fn rows(&self, take: &mut dyn FnMut(&Row<'_>) -> Result<(), Stop>) -> Result<Vec<Finding>, Stop> {
        match self {
            Self::Csv(body) => body.rows(take),
            Self::Json(body) => body.rows(take).map(|()| Vec::new()),
            Self::Xlsx(body) => body.rows(take).map(|()| Vec::new()),
            Self::Parts(parts) => parts.rows(take),
        }
    }
}

fn read(
    path: &Path,
    contract: &Contract,
    today: Date,
    spool: &Path,
    limits: Limits,
    seen: &mut Seen,
) -> Result<Checked, Stop> {
    let opened = match parts::open(path, contract, spool)? {
        Some(parts) => parts,
        None => vec![(String::new(), body::open(path, contract, spool)?)],
    };
    let (body, look_closely) = open_all(&opened, contract, seen)?;
    let columns = columns::map(body.header(), body.header_line(), contract, &mut seen.findings)?;
    let row_word = if contract.feed.format == Format::Json { RowWord::Record } else { RowWord::Line };
    let today = dates::days_of(today);
    let mut checker = Checker::new(contract, columns, today, row_word, look_closely, spool, limits);
    checker.findings = std::mem::take(&mut seen.findings);
    let outcome = body.rows(&mut |row| checker.take(row)).and_then(|remarks| {
        checker.findings.extend(remarks);
        checker.findings.extend(checker.footers.finding());
        let mut checked = checker.settle(spool, seen.form.clone(), |lines| raw_lines(&body, &lines))?;
        checked.incomplete = match &body {
            Body::Json(body) if !body.is_lines() => {
                stated::of_json(&body.beside, body.path(), contract, checker.records)
            }
            Body::Parts(parts) if !parts.besides().is_empty() => {
                stated::of_parts(&parts.besides(), contract, checker.records)
            }
            _ => stated::of_footer(&checker.footers.stated, checker.records),
        };
        Ok(checked)
    });
    match outcome {
        Ok(mut checked) => {
            if let Body::Parts(parts) = &body {
                parts.locate(&mut checked.findings)?;
            }
            Ok(checked)
        }
        Err(stop) => {
            seen.counts = checker.counts;
            seen.findings = checker.all_findings();
            if let Body::Parts(parts) = &body {
                parts.locate(&mut seen.findings)?;
            }
            Err(stop)
        }
    }
}

/// Recognises the form of a body, or of each of its parts.
fn open_all<'a>(
    opened: &'a [(String, Opened)],
    contract: &Contract,
    seen: &mut Seen,
) -> Result<(Body<'a>, bool), Stop> {
    let mut bodies = Vec::with_capacity(opened.len());
    let mut look_closely = false;
    for (name, opened) in opened {
        if let Some(kind) = opened.compression {
            // Parts are packed alike: one remark is enough.
            if seen.form.compression.is_none() {
                let sentence = format!("Fichier reçu compressé ({kind}), décompressé.");
                seen.findings.push(remark(Code::Compression, None, kind, sentence));
            }
            seen.form.compression = Some(kind.to_owned());
        }
        let said = seen.findings.len();
        let (body, closely) = open_form(opened, contract, seen).map_err(|stop| parts::in_part(stop, name))?;
        if !bodies.is_empty() {
            parts::keep_once(&mut seen.findings, said);
        }
        look_closely |= closely;
        bodies.push((name.clone(), body));
    }
    match <[_; 1]>::try_from(bodies) {
        Ok([(_, body)]) => Ok((body, look_closely)),
        Err(bodies) => Ok((Body::Parts(Parts::new(bodies, contract)?), look_closely)),
    }
}

fn open_form<'a>(opened: &'a Opened, contract: &Contract, seen: &mut Seen) -> Result<(Body<'a>, bool), Stop> {
    if contract.feed.format == Format::Xlsx && opened.head(2)? == b"PK" {
        return Ok((Body::Xlsx(xlsx::open(opened, contract, &mut seen.findings)?), true));
    }
    let form = text::detect(opened, contract)?;
    seen.form.encoding = form.encoding.name().to_owned();
    let json = matches!(contract.feed.format, Format::Json | Format::Ndjson);
    text::refuse_other_kinds(opened, &form, json)?;
    if contract.feed.format == Format::Xlsx {
        return Ok((Body::Xlsx(xlsx::open(opened, contract, &mut seen.findings)?), true)); // refused there, as no workbook
    }
    seen.findings.extend(text::remarks(&form));
    if json {
        return Ok((Body::Json(json::open(opened, form, contract)?), true));
    }
    let body = csv::open(opened, form, contract, &mut seen.findings)?;
    seen.form.delimiter = Some(body.delimiter);
    Ok((Body::Csv(body), form.has_nul || form.has_invalid))
}

/// Reads the body again for the raw text of some lines, given in order.
fn raw_lines(body: &Body<'_>, lines: &[u64]) -> Result<RawLines, Stop> {
    let mut raw = RawLines::new();
    body.rows(&mut |row| {
        if lines.binary_search(&row.line).is_ok() {
            raw.insert(row.line, row.raw_shown());
        }
        Ok(())
    })?;
    Ok(raw)
}
