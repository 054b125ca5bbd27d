//! Reads the whole lake and says what is not as it was written.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use arrow::array::{Array, AsArray, RecordBatch};
use arrow::datatypes::TimestampMicrosecondType;
use arrow::row::{OwnedRow, RowConverter, SortField};
use jiff::Timestamp;
use serde::Serialize;

use crate::layout::{DataFile, FileName, TMP, entries};
use crate::record::FetchRecord;
use crate::spec::{FETCH, RECORDED, WITHDRAWN, micros};
use crate::{Error, Lake, footer, parquet_file, tables};

/// What is wrong with a file.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub struct Problem {
    /// The table, or `raw/<source>`.
    pub table: String,
    /// The file.
    pub file: PathBuf,
    /// What was found, what was expected.
    pub what: String,
}

/// What was read, and what is wrong.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct VerifyReport {
    /// Bodies hashed.
    pub bodies: u64,
    /// Parquet files read.
    pub files: u64,
    /// Rows in them.
    pub rows: u64,
    /// Problems, by table and file; empty when all is well.
    pub problems: Vec<Problem>,
}

impl VerifyReport {
    /// Whether nothing is wrong.
    #[must_use]
    pub fn is_ok(&self) -> bool {
        self.problems.is_empty()
    }

    fn problem(&mut self, table: &str, file: &Path, what: impl Into<String>) {
        self.problems.push(Problem { table: table.to_owned(), file: file.to_path_buf(), what: what.into() });
    }
}

impl Lake {
    /// Hashes every kept body, reads every Parquet file (checksum of its rows, row count, order, name against content;
    /// its footer is only checked by being read), and checks
    /// that each fetch has its body, its rows, and each commit its fetch. Writers may go on meanwhile.
    ///
    /// # Errors
    /// [`Error::Disk`] when a folder cannot be listed; a file that cannot be read is a problem, not an error.
    pub fn verify(&self) -> Result<VerifyReport, Error> {
        let mut report = VerifyReport::default();
        let bodies = self.verify_bodies(&mut report)?;
        let mut rows_of: BTreeMap<(String, String), u64> = BTreeMap::new();
        let mut fetches: Vec<(PathBuf, FetchRecord)> = Vec::new();
        for table in self.layout().table_names()? {
            let files = match self.layout().files(&table, Timestamp::MAX) {
                Ok(files) => files,
                Err(fault) => {
                    report.problem(&table, &self.layout().table(&table), explain(&fault));
                    continue;
                }
            };
            for file in files {
                match verify_file(&table, &file, &mut report) {
                    Ok(counts) => {
                        for (fetch, rows) in counts {
                            *rows_of.entry((table.clone(), fetch)).or_default() += rows;
                        }
                    }
                    Err(fault) => {
                        report.problem(&table, &file.path, explain(&fault));
                        continue;
                    }
                }
                if table == "fetches" {
                    match read_fetches(&file) {
                        Ok(found) => {
                            fetches.extend(found.into_iter().map(|fetch| (file.path.clone(), fetch)))
                        }
                        Err(fault) => report.problem(&table, &file.path, explain(&fault)),
                    }
                }
            }
        }
        self.verify_fetches(&fetches, &bodies, &rows_of, &mut report);
        report.problems.sort();
        Ok(report)
    }

    /// Hashes the bodies; gives those that are there, sound or not.
    fn verify_bodies(&self, report: &mut VerifyReport) -> Result<BTreeSet<(String, String)>, Error> {
        let mut found = BTreeSet::new();
        let mut sources = entries(&self.layout().raw())?;
        sources.sort_unstable();
        for source in sources {
            let folder = self.layout().raw().join(&source);
            let place = format!("raw/{source}");
            let mut names = entries(&folder)?;
            names.sort_unstable();
            for name in names {
                let path = folder.join(&name);
                let Some(sha256) = name.strip_suffix(".zst") else {
                    if !name.starts_with(TMP) {
                        report.problem(&place, &path, "not a kept body; expected <sha256>.zst");
                    }
                    continue;
                };
                report.bodies += 1;
                match crate::lake::hash_of_body(&path) {
                    Ok((_, hash)) if hash == sha256 => {}
                    Ok((_, hash)) => {
                        report.problem(&place, &path, format!("its content has the SHA-256 {hash}"))
                    }
                    Err(fault) => report.problem(&place, &path, explain(&fault)),
                }
                found.insert((source.clone(), sha256.to_owned()));
            }
        }
        Ok(found)
    }

    fn verify_fetches(
        &self,
        fetches: &[(PathBuf, FetchRecord)],
        bodies: &BTreeSet<(String, String)>,
        rows_of: &BTreeMap<(String, String), u64>,
        report: &mut VerifyReport,
    ) {
        let mut expected: BTreeMap<(String, String), u64> = BTreeMap::new();
        for (path, fetch) in fetches {
            let (source, id) = (&fetch.source, &fetch.fetch_id);
            if let Some(sha256) = &fetch.sha256
                && !bodies.contains(&(source.clone(), sha256.clone()))
            {
                report.problem(
                    "fetches",
                    path,
                    format!("fetch {id}: its body raw/{source}/{sha256}.zst is missing"),
                );
            }
            *expected.entry((source.clone(), id.clone())).or_default() +=
                fetch.rows_changed + fetch.rows_withdrawn;
        }
        for ((source, id), rows) in &expected {
            let found = rows_of.get(&(source.clone(), id.clone())).copied().unwrap_or_default();
            if found != *rows {
                let what = format!("fetch {id} has {found} rows, its record says {rows}");
                report.problem(source, &self.layout().table(source), what);
            }
        }
        for (source, id) in rows_of.keys() {
            if !tables::is_own(source) && !expected.contains_key(&(source.clone(), id.clone())) {
                let what = format!("the rows of fetch {id} have no row in fetches");
                report.problem(source, &self.layout().table(source), what);
            }
        }
    }
}

/// An error and its causes, in one line.
fn explain(fault: &dyn std::error::Error) -> String {
    let mut text = fault.to_string();
    let mut cause = fault.source();
    while let Some(next) = cause {
        text.push_str(": ");
        text.push_str(&next.to_string());
        cause = next.source();
    }
    text
}

fn read_fetches(file: &DataFile) -> Result<Vec<FetchRecord>, Error> {
    let batches = parquet_file::read(&tables::fetches(), &file.path)?;
    let records: Result<Vec<_>, Error> = batches.iter().map(FetchRecord::from_batch).collect();
    Ok(records?.into_iter().flatten().collect())
}

/// Reads one file to its end; gives its rows by fetch when it holds versions.
fn verify_file(
    table: &str,
    file: &DataFile,
    report: &mut VerifyReport,
) -> Result<BTreeMap<String, u64>, Error> {
    let damaged = |what: String| Error::Damaged { table: table.to_owned(), path: file.path.clone(), what };
    report.files += 1;
    let metadata = parquet_file::metadata(table, &file.path)?;
    let pairs = parquet_file::pairs(&metadata);
    let number = |name: &str| -> Result<u64, Error> {
        let text = pairs.get(name).ok_or_else(|| damaged(format!("{name} is not in its footer")))?;
        text.parse().map_err(|_| damaged(format!("{name} in its footer is {text:?}, expected a number")))
    };
    let bytes = number(footer::DATA_BYTES)?;
    let (hashed, hash) = parquet_file::hash_of_start(&file.path, bytes)?;
    if hashed != bytes || pairs.get(parquet_file::DATA_SHA256) != Some(&hash) {
        return Err(damaged(format!(
            "its first {bytes} bytes have the SHA-256 {hash}, not the one in its footer"
        )));
    }
    let sorting: Vec<usize> = metadata
        .row_groups()
        .first()
        .and_then(|group| group.sorting_columns())
        .into_iter()
        .flatten()
        .filter_map(|column| usize::try_from(column.column_idx).ok())
        .collect();
    let mut order = Order { sorting, converter: None, last: None };
    let (mut rows, mut counts) = (0, BTreeMap::new());
    for batch in parquet_file::reader(table, &file.path)? {
        let batch = batch?;
        rows += batch.num_rows() as u64;
        order.check(&batch).map_err(&damaged)?;
        if batch.column_by_name(WITHDRAWN).is_some() {
            check_names(file, &batch).map_err(&damaged)?;
            if let Some(ids) = batch.column_by_name(FETCH).and_then(|column| column.as_string_opt::<i32>()) {
                for id in ids.iter().flatten() {
                    match counts.get_mut(id) {
                        Some(count) => *count += 1,
                        None => {
                            counts.insert(id.to_owned(), 1);
                        }
                    }
                }
            }
        }
    }
    report.rows += rows;
    let expected = number(parquet_file::ROWS)?;
    if rows != expected {
        return Err(damaged(format!("it has {rows} rows, its footer says {expected}")));
    }
    Ok(counts)
}

/// Rows must come in the order that the footer declares: the as-of view relies on it.
struct Order {
    sorting: Vec<usize>,
    converter: Option<RowConverter>,
    last: Option<OwnedRow>,
}

impl Order {
    fn check(&mut self, batch: &RecordBatch) -> Result<(), String> {
        if self.sorting.is_empty() || batch.num_rows() == 0 {
            return Ok(());
        }
        let columns: Vec<_> =
            self.sorting.iter().filter_map(|at| batch.columns().get(*at)).cloned().collect();
        let converter = match &mut self.converter {
            Some(converter) => converter,
            none => {
                let fields =
                    columns.iter().map(|column| SortField::new(column.data_type().clone())).collect();
                none.insert(RowConverter::new(fields).map_err(|fault| fault.to_string())?)
            }
        };
        let rows = converter.convert_columns(&columns).map_err(|fault| fault.to_string())?;
        let starts_late = self.last.as_ref().is_some_and(|last| last.row() > rows.row(0));
        if starts_late || (1..rows.num_rows()).any(|at| rows.row(at - 1) > rows.row(at)) {
            return Err("its rows are not in the order its footer declares".into());
        }
        self.last = Some(rows.row(rows.num_rows() - 1).owned());
        Ok(())
    }
}

/// The rows of a commit carry the instant and the id that its name says; those of a month lie in it.
fn check_names(file: &DataFile, batch: &RecordBatch) -> Result<(), String> {
    let (Some(recorded), Some(ids)) = (
        batch
            .column_by_name(RECORDED)
            .and_then(|column| column.as_primitive_opt::<TimestampMicrosecondType>()),
        batch.column_by_name(FETCH).and_then(|column| column.as_string_opt::<i32>()),
    ) else {
        return Err(format!("its columns {RECORDED} and {FETCH} are not as expected"));
    };
    let fits = match &file.name {
        FileName::Commit { recorded: at, id } => {
            let at = micros(*at);
            recorded.values().iter().all(|found| *found == at) && ids.iter().all(|found| found == Some(id))
        }
        FileName::Month(month, _) => {
            recorded.values().iter().all(|at| crate::Month::of(crate::spec::from_micros(*at)) == *month)
        }
    };
    if fits { Ok(()) } else { Err("its rows are not those that its name says".into()) }
}
