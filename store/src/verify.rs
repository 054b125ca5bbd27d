//! Reads the whole lake and says what is not as it was written.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use arrow::array::{Array, AsArray, RecordBatch};
use arrow::datatypes::TimestampMicrosecondType;
use arrow::row::{OwnedRow, RowConverter, SortField};
use jiff::Timestamp;
use serde::Serialize;

use crate::backup::List;
use crate::error::disk;
use crate::layout::{DataFile, FileName, TMP, entries};
use crate::parquet_file::hash_of;
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
    /// Hashes every kept body, reads every Parquet file (checksums of its rows and of its footer, row count, order, name
    /// against content), and checks that each fetch has its body, its rows, each commit its fetch, and each published
    /// number its bulletin. Of a backup, every file is compared with its list. Writers may go on meanwhile: what is not
    /// settled yet is only read.
    ///
    /// # Errors
    /// [`Error::Disk`] when a folder cannot be listed; a file that cannot be read is a problem, not an error.
    pub fn verify(&self) -> Result<VerifyReport, Error> {
        let _files_stay = self.keep_files()?;
        let mut report = VerifyReport::default();
        self.verify_list(&mut report)?;
        let found = self.verify_files(&mut report, &|_| true)?;
        // After the tables: the body of a poll is there before the poll.
        let bodies = self.verify_bodies(&mut report, &|_| true)?;
        self.verify_fetches(&found, &bodies, &mut report);
        for (id, path) in &found.published {
            if !found.bulletins.contains(id) && !found.is_unread("bulletins", None) {
                let what = format!("its numbers are of the bulletin {id}, which has no row in bulletins");
                report.problem("published_values", path, what);
            }
        }
        report.problems.sort();
        report.problems.dedup();
        Ok(report)
    }

    /// A part of what [`Lake::verify`] does, so that a lake can be read again little by little: each file and each body
    /// belongs to one of the parts numbered from 0 to `of`, for as long as it has its name. Files are not checked against
    /// each other, but for the bodies of the fetches that are read.
    ///
    /// # Errors
    /// As [`Lake::verify`].
    pub fn verify_parts(&self, parts: &[u32], of: u32) -> Result<VerifyReport, Error> {
        let _files_stay = self.keep_files()?;
        let mut report = VerifyReport::default();
        let is_due = |path: &Path| {
            let inside = path.strip_prefix(self.root()).unwrap_or(path).to_string_lossy();
            parts.contains(&(crc32fast::hash(inside.as_bytes()) % of.max(1)))
        };
        let found = self.verify_files(&mut report, &is_due)?;
        self.verify_bodies(&mut report, &is_due)?;
        for (path, fetch) in &found.fetches {
            if let Some(sha256) = &fetch.sha256
                && !self.layout().body(&fetch.source, sha256).exists()
            {
                let (id, source) = (&fetch.fetch_id, &fetch.source);
                let what = format!("fetch {id}: its body raw/{source}/{sha256}.zst is missing");
                report.problem("fetches", path, what);
            }
        }
        report.problems.sort();
        report.problems.dedup();
        Ok(report)
    }

    /// Reads the files of tables that are due.
    fn verify_files(
        &self,
        report: &mut VerifyReport,
        is_due: &dyn Fn(&Path) -> bool,
    ) -> Result<Found, Error> {
        let mut found = Found { settled: self.settled().unwrap_or(Timestamp::MAX), ..Found::default() };
        for table in self.layout().table_names()? {
            let (files, unread) = match self.layout().readable_files(&table) {
                Ok(files) => files,
                Err(fault) => {
                    let folder = self.layout().table(&table);
                    report.problem(&table, fault.path().unwrap_or(&folder), explain(&fault));
                    found.unread.push((table.clone(), None));
                    continue;
                }
            };
            for (name, fault) in unread {
                report.files += 1;
                let folder = self.layout().table(&table);
                report.problem(&table, fault.path().unwrap_or(&folder), explain(&fault));
                found.unread.push((table.clone(), Some(name)));
            }
            for file in files.iter().filter(|file| is_due(&file.path)) {
                if let Err(fault) = verify_file(&table, file, &mut found, report) {
                    report.problem(&table, &file.path, explain(&fault));
                    found.unread.push((table.clone(), Some(file.name.clone())));
                }
            }
        }
        Ok(found)
    }

    /// The files of a backup against its list.
    fn verify_list(&self, report: &mut VerifyReport) -> Result<(), Error> {
        let Some(list) = List::read(self.root())? else { return Ok(()) };
        for (path, sha256) in &list.files {
            let file = self.root().join(path);
            let folder = path.rsplit_once('/').map_or(path.as_str(), |(folder, _)| folder);
            let place = folder.trim_start_matches("tables/");
            match std::fs::File::open(&file).map_err(disk("open", &file)).and_then(|f| hash_of(f, &file)) {
                Ok((_, found)) if found == *sha256 => {}
                Ok((_, found)) => report.problem(
                    place,
                    &file,
                    format!("its SHA-256 is {found}, the list of the backup says {sha256}"),
                ),
                Err(fault) => report.problem(place, &file, explain(&fault)),
            }
        }
        Ok(())
    }

    /// Hashes the bodies that are due; gives those that are there, sound or not.
    fn verify_bodies(
        &self,
        report: &mut VerifyReport,
        is_due: &dyn Fn(&Path) -> bool,
    ) -> Result<BTreeSet<(String, String)>, Error> {
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
                if name.starts_with(TMP) || !is_due(&path) {
                    continue; // on its way, or left by a writer that is gone
                }
                let Some(sha256) = name.strip_suffix(".zst") else {
                    report.problem(&place, &path, "not a kept body; expected <sha256>.zst");
                    continue;
                };
                report.bodies += 1;
                if let Err(fault) = check_body(&path, sha256) {
                    report.problem(&place, &path, explain(&fault));
                }
                found.insert((source.clone(), sha256.to_owned()));
            }
        }
        Ok(found)
    }

    fn verify_fetches(&self, found: &Found, bodies: &BTreeSet<(String, String)>, report: &mut VerifyReport) {
        let mut expected: BTreeMap<(String, String), (u64, Timestamp)> = BTreeMap::new();
        for (path, fetch) in &found.fetches {
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
            let rows = fetch.rows_changed + fetch.rows_withdrawn;
            let entry = expected.entry((source.clone(), id.clone())).or_insert((0, fetch.recorded_at));
            if rows > 0 {
                *entry = (entry.0 + rows, fetch.recorded_at);
            }
        }
        for ((source, id), (rows, at)) in &expected {
            let there = found.rows_of.get(&(source.clone(), id.clone())).map_or(0, |(rows, _)| *rows);
            if there != *rows && !found.is_unread(source, Some((id, *at))) {
                let what = format!("fetch {id} has {there} rows, its record says {rows}");
                report.problem(source, &self.file_of(source, id, *at), what);
            }
        }
        for ((source, id), (_, path)) in &found.rows_of {
            let known = tables::is_own(source) || expected.contains_key(&(source.clone(), id.clone()));
            if !known && !found.is_unread("fetches", Some((id, Timestamp::MIN))) {
                report.problem(source, path, format!("the rows of fetch {id} have no row in fetches"));
            }
        }
    }

    /// The file that holds, or should hold, the rows of a fetch.
    fn file_of(&self, source: &str, id: &str, at: Timestamp) -> PathBuf {
        let folder = self.layout().table(source);
        let commit = FileName::commit(source, at, id).map(|name| folder.join(name));
        let merged = self.layout().readable_files(source).ok().and_then(|(files, _)| {
            files.iter().find(|file| file.span.contains(at)).map(|file| file.path.clone())
        });
        match (commit, merged) {
            (Ok(commit), _) if commit.exists() => commit,
            (_, Some(merged)) => merged,
            (Ok(commit), None) => commit,
            (Err(_), None) => folder,
        }
    }
}

/// What the files said, for the checks of one against another.
#[derive(Debug, Default)]
struct Found {
    /// Later commits may still be under way: they are left out.
    settled: Timestamp,
    /// Rows by source and fetch, and a file that holds some.
    rows_of: BTreeMap<(String, String), (u64, PathBuf)>,
    fetches: Vec<(PathBuf, FetchRecord)>,
    bulletins: BTreeSet<String>,
    /// Bulletins that have numbers, and the file of these.
    published: BTreeMap<String, PathBuf>,
    /// Files that could not be read, or whole tables: what they hold is not missed a second time.
    unread: Vec<(String, Option<FileName>)>,
}

impl Found {
    /// Whether a file that was not read may hold the rows of a fetch (of anything, when none is named).
    fn is_unread(&self, table: &str, fetch: Option<(&str, Timestamp)>) -> bool {
        self.unread.iter().filter(|(unread, _)| unread == table).any(|(_, name)| match (name, fetch) {
            (Some(FileName::Commit { id, .. }), Some((wanted, _))) => id == wanted,
            (Some(FileName::Merged(period, _)), Some((_, at))) => at == Timestamp::MIN || period.contains(at),
            _ => true,
        })
    }
}

/// Whether a kept body has the content that its name says.
pub(crate) fn check_body(path: &Path, sha256: &str) -> Result<(), Error> {
    let (_, found) = crate::lake::hash_of_body(path)?;
    if found == sha256 {
        return Ok(());
    }
    let what = format!("its content has the SHA-256 {found}");
    Err(Error::DamagedBody { path: path.to_path_buf(), what })
}

/// Whether footer and rows of a Parquet file have the hashes written with them. Nothing is made sense of before its
/// hash is known to be right.
pub(crate) fn check_rows(table: &str, path: &Path) -> Result<(), Error> {
    let pairs = parquet_file::pairs_in(table, path)?;
    let damaged = |what: String| Error::Damaged { table: table.to_owned(), path: path.to_path_buf(), what };
    let bytes = number(&pairs, footer::DATA_BYTES).map_err(damaged)?;
    let (hashed, hash) = parquet_file::hash_of_start(path, bytes)?;
    if hashed == bytes && pairs.get(parquet_file::DATA_SHA256) == Some(&hash) {
        return Ok(());
    }
    Err(damaged(format!("its first {bytes} bytes have the SHA-256 {hash}, not the one in its footer")))
}

/// A number among the pairs of a footer.
fn number(pairs: &BTreeMap<String, String>, name: &str) -> Result<u64, String> {
    let text = pairs.get(name).ok_or_else(|| format!("{name} is not in its footer"))?;
    text.parse().map_err(|_| format!("{name} in its footer is {text:?}, expected a number"))
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

/// Reads one file to its end, and keeps what other files are checked against.
fn verify_file(
    table: &str,
    file: &DataFile,
    found: &mut Found,
    report: &mut VerifyReport,
) -> Result<(), Error> {
    let damaged = |what: String| Error::Damaged { table: table.to_owned(), path: file.path.clone(), what };
    report.files += 1;
    check_rows(table, &file.path)?;
    let metadata = parquet_file::metadata(table, &file.path)?;
    let pairs = parquet_file::pairs(&metadata);
    let sorting: Vec<usize> = metadata
        .row_groups()
        .first()
        .and_then(|group| group.sorting_columns())
        .into_iter()
        .flatten()
        .filter_map(|column| usize::try_from(column.column_idx).ok())
        .collect();
    let mut order = Order { sorting, converter: None, last: None };
    let is_settled = !matches!(&file.name, FileName::Commit { recorded, .. } if *recorded > found.settled);
    let mut rows = 0;
    for batch in parquet_file::reader(table, &file.path)? {
        let batch = batch?;
        rows += batch.num_rows() as u64;
        order.check(&batch).map_err(&damaged)?;
        let is_versioned = batch.column_by_name(WITHDRAWN).is_some();
        if is_versioned {
            check_names(file, &batch).map_err(&damaged)?;
        }
        if !is_settled {
            continue;
        }
        match table {
            "fetches" => {
                let batch = parquet_file::conform(table, &batch, &tables::fetches().stored_schema())?;
                let records = FetchRecord::from_batch(&batch)?;
                found.fetches.extend(records.into_iter().map(|fetch| (file.path.clone(), fetch)));
            }
            "bulletins" => found.bulletins.extend(texts(&batch, "bulletin_id").map(str::to_owned)),
            "published_values" => {
                for id in texts(&batch, "bulletin_id") {
                    if !found.published.contains_key(id) {
                        found.published.insert(id.to_owned(), file.path.clone());
                    }
                }
            }
            _ if is_versioned && !tables::is_own(table) => count(table, file, &batch, found),
            _ => {}
        }
    }
    report.rows += rows;
    let expected = number(&pairs, parquet_file::ROWS).map_err(&damaged)?;
    if rows != expected {
        return Err(damaged(format!("it has {rows} rows, its footer says {expected}")));
    }
    Ok(())
}

/// Counts the rows of a batch by fetch.
fn count(table: &str, file: &DataFile, batch: &RecordBatch, found: &mut Found) {
    let mut counts: BTreeMap<&str, u64> = BTreeMap::new();
    for id in texts(batch, FETCH) {
        *counts.entry(id).or_default() += 1;
    }
    for (id, rows) in counts {
        let entry = found.rows_of.entry((table.to_owned(), id.to_owned()));
        entry.or_insert_with(|| (0, file.path.clone())).0 += rows;
    }
}

/// The texts of a column, those that are there.
fn texts<'a>(batch: &'a RecordBatch, column: &str) -> impl Iterator<Item = &'a str> {
    batch
        .column_by_name(column)
        .and_then(|column| column.as_string_opt::<i32>())
        .into_iter()
        .flatten()
        .flatten()
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

/// The rows of a commit carry the instant and the id that its name says; those of a merged file lie in its period.
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
        FileName::Merged(period, _) => recorded.values().iter().all(|at| {
            let at = crate::spec::from_micros(*at);
            period.contains(at) && file.span.contains(at)
        }),
    };
    if fits { Ok(()) } else { Err("its rows are not those that its name says".into()) }
}
