//! Where files lie and what their names say. The folder is the manifest: nothing else lists the files, except in a
//! backup, whose list says which of them count.

use std::collections::BTreeSet;
use std::ops::{Deref, DerefMut};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use jiff::Timestamp;
use jiff::civil::{Date, DateTime};
use jiff::tz::TimeZone;

use crate::Error;
use crate::checked::CheckedFile;
use crate::error::{disk, misfit};
use crate::footers::Footers;
use crate::lock::{self, Hold, TableLock};
use crate::parquet_file;
use crate::spec::from_micros;

/// What the name of a Parquet file says.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum FileName {
    /// `<YYYY-MM>.parquet`: a closed month; `<YYYY-MM>.<turn>.parquet` when it was merged again.
    Month(Month, u32),
    /// `<recorded_at>-<id>.parquet`: one commit.
    Commit {
        /// When it was committed.
        recorded: Timestamp,
        /// Its fetch or run.
        id: String,
    },
}

/// A calendar month, UTC.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Month {
    /// Year.
    pub year: i16,
    /// Month, 1 to 12.
    pub month: i8,
}

impl Month {
    /// The month an instant lies in, UTC.
    #[must_use]
    pub fn of(at: Timestamp) -> Self {
        let date = at.to_zoned(TimeZone::UTC).date();
        Self { year: date.year(), month: date.month() }
    }

    /// First day.
    fn first(self) -> Option<Date> {
        Date::new(self.year, self.month, 1).ok()
    }
}

impl std::fmt::Display for Month {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{:04}-{:02}", self.year, self.month)
    }
}

/// A file of a table.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct DataFile {
    pub(crate) name: FileName,
    pub(crate) path: PathBuf,
    pub(crate) bytes: u64,
    /// When it was last written, where the file system tells.
    pub(crate) written: Option<SystemTime>,
}

impl DataFile {
    /// Whether every row of the file was recorded up to that instant, as far as the name tells.
    pub(crate) fn recorded_by(&self, recorded: Timestamp) -> bool {
        match &self.name {
            FileName::Commit { recorded: at, .. } => *at <= recorded,
            FileName::Month(month, _) => *month < Month::of(recorded),
        }
    }

    /// The month its rows were recorded in, UTC.
    pub(crate) fn month(&self) -> Month {
        self.name.month()
    }

    /// Whether some row of the file may have been recorded up to that instant.
    fn may_hold(&self, recorded: Timestamp) -> bool {
        match &self.name {
            FileName::Commit { recorded: at, .. } => *at <= recorded,
            FileName::Month(month, _) => *month <= Month::of(recorded),
        }
    }
}

/// Files of a table, which no compaction removes until this is dropped.
#[derive(Debug)]
pub(crate) struct Files {
    files: Vec<DataFile>,
    /// Those of their lake.
    footers: Arc<Footers>,
    _stay: Option<TableLock>,
}

impl From<Vec<DataFile>> for Files {
    /// For a compaction, which alone removes files.
    fn from(files: Vec<DataFile>) -> Self {
        Self { files, footers: Arc::default(), _stay: None }
    }
}

impl Files {
    /// The file at a place, its footer read unless it is known.
    ///
    /// # Errors
    /// As [`CheckedFile::open`].
    pub(crate) fn open(&self, table: &str, place: usize) -> Result<Arc<CheckedFile>, Error> {
        self.footers.open(table, &self.files[place])
    }
}

impl Deref for Files {
    type Target = Vec<DataFile>;

    fn deref(&self) -> &Self::Target {
        &self.files
    }
}

impl DerefMut for Files {
    fn deref_mut(&mut self) -> &mut Self::Target {
        &mut self.files
    }
}

/// Held together by readers, alone by a compaction while it removes files.
const READING: &str = "_reading";
/// How long a reader waits for files to be removed: a matter of milliseconds.
const REMOVAL_WAIT: Duration = Duration::from_secs(10);
/// How long a compaction waits for the readers of the files that it replaced.
const READERS_WAIT: Duration = Duration::from_secs(60);

/// `20201013T180000.123456Z`: sorts as text, and no character a file system dislikes.
pub(crate) fn stamp(at: Timestamp) -> String {
    from_micros(crate::spec::micros(at)).strftime("%Y%m%dT%H%M%S.%6fZ").to_string()
}

pub(crate) fn parse_stamp(text: &str) -> Option<Timestamp> {
    let digits = |range: std::ops::Range<usize>| text.get(range)?.parse::<u32>().ok();
    let marks = [(8, 'T'), (15, '.'), (22, 'Z')];
    if text.len() != STAMP || !text.is_ascii() || marks.iter().any(|(at, c)| !text[*at..].starts_with(*c)) {
        return None;
    }
    let at = DateTime::new(
        i16::try_from(digits(0..4)?).ok()?,
        i8::try_from(digits(4..6)?).ok()?,
        i8::try_from(digits(6..8)?).ok()?,
        i8::try_from(digits(9..11)?).ok()?,
        i8::try_from(digits(11..13)?).ok()?,
        i8::try_from(digits(13..15)?).ok()?,
        i32::try_from(digits(16..22)?).ok()? * 1_000,
    )
    .ok()?;
    Some(at.to_zoned(TimeZone::UTC).ok()?.timestamp())
}

const STAMP: usize = "20201013T180000.123456Z".len();
const SUFFIX: &str = ".parquet";
/// A file being written: gone with its writer.
pub(crate) const TMP: &str = ".tmp-";
/// Findings whose commit is under way: they follow their data file.
pub(crate) const PENDING: &str = ".pending-";

impl FileName {
    pub(crate) fn parse(name: &str) -> Option<Self> {
        let stem = name.strip_suffix(SUFFIX)?;
        if let Some((year, rest)) = stem.split_once('-')
            && year.len() == 4
        {
            let (month, turn) = rest.split_once('.').unwrap_or((rest, "1"));
            let month = Month { year: year.parse().ok()?, month: month.parse().ok()? };
            let found = Self::Month(month, turn.parse().ok()?);
            // One way to write each name.
            return month.first().filter(|_| found.month_name().as_deref() == Some(name)).map(|_| found);
        }
        let recorded = parse_stamp(stem.get(..STAMP)?)?;
        let id = stem.get(STAMP..)?.strip_prefix('-')?;
        Some(Self::Commit { recorded, id: id.to_owned() })
    }

    /// The name of a commit's file.
    ///
    /// # Errors
    /// [`Error::Misfit`] when the id has characters other than letters, digits, `-`, `_` and `.`, or the year is
    /// not one of four digits.
    pub(crate) fn commit(table: &str, recorded: Timestamp, id: &str) -> Result<String, Error> {
        let fits = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.');
        if id.is_empty() || id.len() > 120 || !id.chars().all(fits) {
            return Err(misfit(
                table,
                format!("id {id:?} cannot name a file; expected letters, digits, '-', '_' and '.'"),
            ));
        }
        let name = format!("{}-{id}{SUFFIX}", stamp(recorded));
        if Self::parse(&name).is_none() {
            return Err(misfit(table, format!("recorded_at {recorded} cannot name a file")));
        }
        Ok(name)
    }

    /// The name of a compacted month's file.
    pub(crate) fn of_month(month: Month, turn: u32) -> String {
        if turn == 1 { format!("{month}{SUFFIX}") } else { format!("{month}.{turn}{SUFFIX}") }
    }

    fn month_name(&self) -> Option<String> {
        match self {
            Self::Month(month, turn) => Some(Self::of_month(*month, *turn)),
            Self::Commit { .. } => None,
        }
    }

    /// The month the file belongs to.
    pub(crate) fn month(&self) -> Month {
        match self {
            Self::Month(month, _) => *month,
            Self::Commit { recorded, .. } => Month::of(*recorded),
        }
    }
}

/// Folders of a lake.
#[derive(Debug, Clone)]
pub(crate) struct Layout {
    root: PathBuf,
    /// In a backup: the files of tables that count, as `<table>/<name>`.
    only: Option<Arc<BTreeSet<String>>>,
    footers: Arc<Footers>,
}

impl Layout {
    pub(crate) fn new(root: &Path) -> Self {
        Self { root: root.to_path_buf(), only: None, footers: Arc::default() }
    }

    /// The layout of a backup, of whose tables only these files count.
    pub(crate) fn of_backup(root: &Path, files: BTreeSet<String>) -> Self {
        Self { root: root.to_path_buf(), only: Some(Arc::new(files)), footers: Arc::default() }
    }

    pub(crate) fn root(&self) -> &Path {
        &self.root
    }

    pub(crate) fn raw(&self) -> PathBuf {
        self.root.join("raw")
    }

    pub(crate) fn body(&self, source: &str, sha256: &str) -> PathBuf {
        self.raw().join(source).join(format!("{sha256}.zst"))
    }

    pub(crate) fn tables(&self) -> PathBuf {
        self.root.join("tables")
    }

    pub(crate) fn table(&self, table: &str) -> PathBuf {
        self.tables().join(table)
    }

    pub(crate) fn locks(&self) -> PathBuf {
        self.root.join("locks")
    }

    pub(crate) fn spool(&self) -> PathBuf {
        self.root.join("spool")
    }

    /// Names of the tables that have a folder, sorted.
    pub(crate) fn table_names(&self) -> Result<Vec<String>, Error> {
        let mut names: Vec<String> =
            entries(&self.tables())?.into_iter().filter(|name| !name.starts_with('.')).collect();
        names.sort_unstable();
        Ok(names)
    }

    /// Names in the folder of a table, unsorted.
    fn names(&self, table: &str) -> Result<Vec<String>, Error> {
        let mut names = entries(&self.table(table))?;
        if let Some(only) = &self.only {
            names.retain(|name| only.contains(&format!("{table}/{name}")));
        }
        Ok(names)
    }

    /// The files of a table, oldest first, that may hold rows recorded up to an instant. Files whose rows a
    /// compacted month already holds are left out.
    pub(crate) fn files(&self, table: &str, recorded: Timestamp) -> Result<Files, Error> {
        let stay = self.hold_files();
        // A compaction may take a file away between its listing and its size: the second look finds the month.
        for _ in 0..8 {
            if let Some(files) = self.files_once(table, recorded)? {
                return Ok(Files { files, footers: Arc::clone(&self.footers), _stay: stay });
            }
        }
        Err(disk("list", &self.table(table))(std::io::ErrorKind::NotFound.into()))
    }

    fn files_once(&self, table: &str, recorded: Timestamp) -> Result<Option<Vec<DataFile>>, Error> {
        let folder = self.table(table);
        let mut found = BTreeSet::new();
        for entry in self.names(table)? {
            if let Some(name) = FileName::parse(&entry) {
                found.insert((name, entry));
            }
        }
        let superseded = self.superseded(table, &found)?;
        let mut files = Vec::with_capacity(found.len());
        for (name, entry) in found {
            if superseded.contains(&entry) {
                continue;
            }
            let path = folder.join(entry);
            let file = DataFile { name, path, bytes: 0, written: None };
            if !file.may_hold(recorded) {
                continue;
            }
            match std::fs::metadata(&file.path) {
                Ok(meta) => {
                    files.push(DataFile { bytes: meta.len(), written: meta.modified().ok(), ..file });
                }
                Err(gone) if gone.kind() == std::io::ErrorKind::NotFound => return Ok(None),
                Err(fault) => return Err(disk("look at", &file.path)(fault)),
            }
        }
        Ok(Some(files))
    }

    /// Keeps files where they are until dropped. None where the lake may only be read: nobody removes files there.
    fn hold_files(&self) -> Option<TableLock> {
        lock::take(&self.locks(), READING, Hold::Shared, REMOVAL_WAIT).ok()
    }

    /// Waits for those who may still read files that were replaced. A query that goes on for longer than a minute may
    /// find one gone, and says so.
    pub(crate) fn wait_for_readers(&self) -> Option<TableLock> {
        let alone = lock::take(&self.locks(), READING, Hold::Alone, READERS_WAIT).ok();
        if alone.is_none() {
            tracing::warn!("files that were merged are removed under a query of more than a minute");
        }
        alone
    }

    /// Names of files that stand beside the compacted month that replaces them.
    pub(crate) fn superseded_names(&self, table: &str) -> Result<BTreeSet<String>, Error> {
        let entries = self.names(table)?;
        let present: BTreeSet<String> = entries.iter().cloned().collect();
        let found = entries.into_iter().filter_map(|entry| FileName::parse(&entry).map(|name| (name, entry)));
        let superseded = self.superseded(table, &found.collect())?;
        Ok(superseded.intersection(&present).cloned().collect())
    }

    /// Names that a compacted month replaces, of the months that have other files beside it.
    fn superseded(
        &self,
        table: &str,
        found: &BTreeSet<(FileName, String)>,
    ) -> Result<BTreeSet<String>, Error> {
        let mut names = BTreeSet::new();
        for (name, entry) in found {
            let FileName::Month(month, _) = name else { continue };
            if found.iter().any(|(other, _)| other.month() == *month && other != name) {
                names.extend(parquet_file::replaced_names(table, &self.table(table).join(entry))?);
            }
        }
        Ok(names)
    }

    /// The newest instant that a file of some table carries, if it is later than `known`: by the names of commits, and by
    /// the footers of months that may hold it.
    pub(crate) fn newest_commit(&self, known: Option<Timestamp>) -> Result<Option<Timestamp>, Error> {
        let mut newest = known;
        let mut months: Vec<(Month, String, String)> = Vec::new();
        for table in self.table_names()? {
            for entry in self.names(&table)? {
                match FileName::parse(&entry) {
                    Some(FileName::Commit { recorded, .. }) => newest = newest.max(Some(recorded)),
                    Some(FileName::Month(month, _)) => months.push((month, table.clone(), entry)),
                    None => {}
                }
            }
        }
        months.sort_unstable();
        for (month, table, entry) in months.iter().rev() {
            if newest.is_some_and(|newest| *month < Month::of(newest)) {
                break;
            }
            newest = newest.max(parquet_file::recorded_max(table, &self.table(table).join(entry))?);
        }
        Ok(newest)
    }

    /// File names of all commits of a table, those of compacted months included when `also_compacted`.
    pub(crate) fn commit_names(&self, table: &str, also_compacted: bool) -> Result<BTreeSet<String>, Error> {
        let mut names = BTreeSet::new();
        for entry in self.names(table)? {
            match FileName::parse(&entry) {
                Some(FileName::Commit { .. }) => {
                    names.insert(entry);
                }
                Some(FileName::Month(..)) if also_compacted => {
                    names.extend(parquet_file::replaced_names(table, &self.table(table).join(&entry))?);
                }
                _ => {}
            }
        }
        Ok(names)
    }
}

/// Names in a folder, unsorted; none when it does not exist.
pub(crate) fn entries(folder: &Path) -> Result<Vec<String>, Error> {
    let listing = match std::fs::read_dir(folder) {
        Ok(listing) => listing,
        Err(none) if none.kind() == std::io::ErrorKind::NotFound => return Ok(Vec::new()),
        Err(fault) => return Err(disk("list", folder)(fault)),
    };
    let mut names = Vec::new();
    for entry in listing {
        let entry = entry.map_err(disk("list", folder))?;
        if let Ok(name) = entry.file_name().into_string() {
            names.push(name);
        }
    }
    Ok(names)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_name_says_when_and_what() {
        let at: Timestamp = "2020-10-13T18:00:00.123456Z".parse().unwrap();
        let name = FileName::commit("t", at, "ab12").unwrap();
        assert_eq!(name, "20201013T180000.123456Z-ab12.parquet");
        assert_eq!(FileName::parse(&name), Some(FileName::Commit { recorded: at, id: "ab12".into() }));
        assert_eq!(
            FileName::parse("2020-10.parquet"),
            Some(FileName::Month(Month { year: 2020, month: 10 }, 1))
        );
        let again = FileName::Month(Month { year: 2020, month: 10 }, 2);
        assert_eq!(FileName::parse("2020-10.2.parquet"), Some(again));
        for wrong in [
            "2020-13.parquet",
            "2020-10.1.parquet",
            "2020-10.02.parquet",
            "2020-1.parquet",
            ".tmp-x",
            "x.parquet",
            "20201013T180000.123456Z.parquet",
            "é.parquet",
        ] {
            assert_eq!(FileName::parse(wrong), None, "{wrong}");
        }
    }

    #[test]
    fn an_id_cannot_leave_its_folder() {
        assert!(FileName::commit("t", Timestamp::UNIX_EPOCH, "../x").is_err());
        assert!(FileName::commit("t", Timestamp::UNIX_EPOCH, "").is_err());
    }
}
