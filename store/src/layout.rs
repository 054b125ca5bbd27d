//! Where files lie and what their names say. The folder is the manifest: nothing else lists the files, except in a
//! backup, whose list says which of them count.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::{Deref, DerefMut};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use jiff::Timestamp;
use jiff::civil::DateTime;
use jiff::tz::TimeZone;

use crate::Error;
use crate::checked::CheckedFile;
use crate::error::{disk, misfit};
use crate::footers::Footers;
use crate::lock::{self, Hold, TableLock};
use crate::parquet_file;
use crate::period::Period;
use crate::spec::from_micros;

/// What the name of a Parquet file says.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum FileName {
    /// `<YYYY-MM-DD>.parquet`, `<YYYY-MM>.parquet`, `<YYYY>.parquet`: commits of a period, merged;
    /// `<period>.<turn>.parquet` when there was one of that name before.
    Merged(Period, u32),
    /// `<recorded_at>-<id>.parquet`: one commit.
    Commit {
        /// When it was committed.
        recorded: Timestamp,
        /// Its fetch or run.
        id: String,
    },
}

/// The oldest and the newest instant of the commits in a file, both included. A merged file holds every commit of its
/// table between them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Span {
    pub(crate) oldest: Timestamp,
    pub(crate) newest: Timestamp,
}

impl Span {
    pub(crate) fn contains(self, at: Timestamp) -> bool {
        self.oldest <= at && at <= self.newest
    }

    pub(crate) fn meets(self, other: Self) -> bool {
        self.oldest <= other.newest && other.oldest <= self.newest
    }

    fn holds(self, other: Self) -> bool {
        self.oldest <= other.oldest && other.newest <= self.newest
    }
}

/// A file of a table.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct DataFile {
    pub(crate) name: FileName,
    pub(crate) path: PathBuf,
    pub(crate) bytes: u64,
    /// When it was last written, where the file system tells.
    pub(crate) written: Option<SystemTime>,
    pub(crate) span: Span,
}

impl DataFile {
    /// Whether every row of the file was recorded up to that instant.
    pub(crate) fn recorded_by(&self, recorded: Timestamp) -> bool {
        self.span.newest <= recorded
    }

    /// Whether the rows of another file are in this one.
    fn replaces(&self, other: &Self) -> bool {
        let rank = |file: &Self| match &file.name {
            FileName::Merged(period, turn) => Some((period.level(), *turn)),
            FileName::Commit { .. } => None,
        };
        self.span.holds(other.span)
            && (self.span != other.span || rank(self) > rank(other))
            && rank(self).is_some()
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

impl Files {
    /// For a compaction, which alone removes files.
    pub(crate) fn unheld(files: Vec<DataFile>, footers: &Arc<Footers>) -> Self {
        Self { files, footers: Arc::clone(footers), _stay: None }
    }

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
        let (period, turn) = stem.split_once('.').unwrap_or((stem, "1"));
        if let Some(period) = Period::parse(period) {
            let turn = turn.parse().ok()?;
            // One way to write each name.
            return (Self::merged(period, turn) == name).then_some(Self::Merged(period, turn));
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

    /// The name of a merged file.
    pub(crate) fn merged(period: Period, turn: u32) -> String {
        if turn == 1 { format!("{period}{SUFFIX}") } else { format!("{period}.{turn}{SUFFIX}") }
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

    /// The footers of the lake that were read lately.
    pub(crate) fn footers(&self) -> &Arc<Footers> {
        &self.footers
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

    /// The files of a table, oldest first, that may hold rows recorded up to an instant. Files whose rows a merged one
    /// already holds are left out.
    ///
    /// # Errors
    /// [`Error::Disk`] when the folder cannot be listed; as [`CheckedFile::open`] for a merged file, whose footer says
    /// what it holds.
    pub(crate) fn files(&self, table: &str, recorded: Timestamp) -> Result<Files, Error> {
        self.files_with(table, recorded, |_, fault| Err(fault))
    }

    /// As [`Layout::files`], without the files of the table that cannot be read: these come beside.
    pub(crate) fn readable_files(&self, table: &str) -> Result<(Files, Vec<(FileName, Error)>), Error> {
        let mut unread = Vec::new();
        let files = self.files_with(table, Timestamp::MAX, |name, fault| {
            if !unread.iter().any(|(known, _)| known == name) {
                unread.push((name.clone(), fault));
            }
            Ok(())
        })?;
        Ok((files, unread))
    }

    fn files_with(
        &self,
        table: &str,
        recorded: Timestamp,
        mut on_fault: impl FnMut(&FileName, Error) -> Result<(), Error>,
    ) -> Result<Files, Error> {
        let stay = self.hold_files();
        // A compaction may take a file away between its listing and its size: the second look finds the merged one.
        for _ in 0..8 {
            if let Some(mut files) = self.every_file(table, recorded, &mut on_fault)? {
                drop_replaced(&mut files);
                return Ok(Files { files, footers: Arc::clone(&self.footers), _stay: stay });
            }
        }
        Err(disk("list", &self.table(table))(std::io::ErrorKind::NotFound.into()))
    }

    /// Every file of a table that may hold rows recorded up to an instant, also those whose rows another holds, oldest
    /// first; none when one went away meanwhile.
    fn every_file(
        &self,
        table: &str,
        recorded: Timestamp,
        on_fault: &mut impl FnMut(&FileName, Error) -> Result<(), Error>,
    ) -> Result<Option<Vec<DataFile>>, Error> {
        let folder = self.table(table);
        let mut files = Vec::new();
        for entry in self.names(table)? {
            let Some(name) = FileName::parse(&entry) else { continue };
            let begins = match &name {
                FileName::Commit { recorded, .. } => *recorded,
                FileName::Merged(period, _) => period.start(),
            };
            if begins > recorded {
                continue;
            }
            let path = folder.join(entry);
            let meta = match std::fs::metadata(&path) {
                Ok(meta) => meta,
                Err(gone) if gone.kind() == std::io::ErrorKind::NotFound => return Ok(None),
                Err(fault) => return Err(disk("look at", &path)(fault)),
            };
            let span = Span { oldest: begins, newest: begins };
            let written = meta.modified().ok();
            let mut file = DataFile { name, path, bytes: meta.len(), written, span };
            if let FileName::Merged(..) = &file.name {
                match self.footers.open(table, &file) {
                    Ok(opened) => file.span = merged_span(&file, &parquet_file::pairs(&opened.metadata)),
                    Err(Error::Disk { source, .. }) if source.kind() == std::io::ErrorKind::NotFound => {
                        return Ok(None);
                    }
                    Err(fault) => {
                        on_fault(&file.name, fault)?;
                        continue;
                    }
                }
            }
            if file.span.oldest <= recorded {
                files.push(file);
            }
        }
        files.sort_unstable_by(|a, b| (a.span, &a.name).cmp(&(b.span, &b.name)));
        Ok(Some(files))
    }

    /// The merged files of a table that hold the commits of an instant, if there are any.
    ///
    /// # Errors
    /// As [`Layout::files`].
    pub(crate) fn is_merged(&self, table: &str, recorded: Timestamp) -> Result<bool, Error> {
        let folder = self.table(table);
        for entry in self.names(table)? {
            let Some(name @ FileName::Merged(period, _)) = FileName::parse(&entry) else { continue };
            if !period.contains(recorded) {
                continue;
            }
            let path = folder.join(entry);
            let meta = match std::fs::metadata(&path) {
                Ok(meta) => meta,
                Err(gone) if gone.kind() == std::io::ErrorKind::NotFound => continue,
                Err(fault) => return Err(disk("look at", &path)(fault)),
            };
            let span = Span { oldest: recorded, newest: recorded };
            let file = DataFile { name, path, bytes: meta.len(), written: meta.modified().ok(), span };
            let opened = self.footers.open(table, &file)?;
            if merged_span(&file, &parquet_file::pairs(&opened.metadata)).contains(recorded) {
                return Ok(true);
            }
        }
        Ok(false)
    }

    /// Refuses a commit whose instant lies among those that were merged already: it would never be seen.
    ///
    /// # Errors
    /// [`Error::Misfit`]; as [`Layout::files`].
    pub(crate) fn check_later(&self, table: &str, recorded: Timestamp) -> Result<(), Error> {
        if !self.is_merged(table, recorded)? {
            return Ok(());
        }
        let what = format!(
            "a commit at {recorded} would come before others that are merged already: the marks in {} are older than the \
             tables; remove its files named stamp-*, and they are made anew",
            self.locks().display()
        );
        Err(crate::error::misfit(table, what))
    }

    /// Keeps files where they are until dropped. None where the lake may only be read: nobody removes files there.
    fn hold_files(&self) -> Option<TableLock> {
        lock::take(&self.locks(), READING, Hold::Shared, REMOVAL_WAIT).ok()
    }

    /// Keeps readers out while merged files take the place of others, once those who read have finished. None when they
    /// did not finish in time.
    pub(crate) fn keep_readers_out(&self, wait: Duration) -> Option<TableLock> {
        lock::take(&self.locks(), READING, Hold::Alone, wait).ok()
    }

    /// Files that stand beside the merged one that holds their rows.
    pub(crate) fn replaced_files(&self, table: &str) -> Result<Vec<PathBuf>, Error> {
        for _ in 0..8 {
            let Some(mut files) = self.every_file(table, Timestamp::MAX, &mut |_, fault| Err(fault))? else {
                continue;
            };
            return Ok(drop_replaced(&mut files).into_iter().map(|file| file.path).collect());
        }
        Err(disk("list", &self.table(table))(std::io::ErrorKind::NotFound.into()))
    }

    /// The turn that the next merged file of a period takes in a table.
    pub(crate) fn next_turn(&self, table: &str, period: Period) -> Result<u32, Error> {
        let names = self.names(table)?;
        let turns = names.iter().filter_map(|entry| match FileName::parse(entry) {
            Some(FileName::Merged(known, turn)) if known == period => Some(turn),
            _ => None,
        });
        Ok(turns.max().map_or(1, |turn| turn + 1))
    }

    /// The newest instant that a file of some table carries, if it is later than `known`: by the names of commits, and by
    /// the footers of merged files where only these can tell.
    pub(crate) fn newest_commit(&self, known: Option<Timestamp>) -> Result<Option<Timestamp>, Error> {
        let mut newest = known;
        let mut merged: Vec<(Period, String, String)> = Vec::new();
        for table in self.table_names()? {
            for entry in self.names(&table)? {
                match FileName::parse(&entry) {
                    Some(FileName::Commit { recorded, .. }) => newest = newest.max(Some(recorded)),
                    Some(FileName::Merged(period, _)) => merged.push((period, table.clone(), entry)),
                    None => {}
                }
            }
        }
        merged.sort_unstable();
        for (period, table, entry) in merged.iter().rev() {
            // What begins before an instant that is known to be given is not asked: footers are many.
            if known.is_some_and(|known| period.start() <= known)
                || newest.is_some_and(|newest| period.is_over(newest))
            {
                continue;
            }
            newest = newest.max(parquet_file::recorded_max(table, &self.table(table).join(entry))?);
        }
        Ok(newest)
    }

    /// File names of the commits of a table that are in files of their own.
    pub(crate) fn commit_names(&self, table: &str) -> Result<BTreeSet<String>, Error> {
        let mut names = self.names(table)?;
        names.retain(|entry| matches!(FileName::parse(entry), Some(FileName::Commit { .. })));
        Ok(names.into_iter().collect())
    }
}

/// Takes out of the files of a table, oldest first, those whose rows another of them holds.
fn drop_replaced(files: &mut Vec<DataFile>) -> Vec<DataFile> {
    let merged: Vec<DataFile> =
        files.iter().filter(|file| matches!(file.name, FileName::Merged(..))).cloned().collect();
    let (replaced, kept) = std::mem::take(files)
        .into_iter()
        .partition(|file| merged.iter().any(|other| other.name != file.name && other.replaces(file)));
    *files = kept;
    replaced
}

/// What a merged file holds, by its footer. One that an earlier version of Vigie wrote holds all of its month until its
/// newest commit.
fn merged_span(file: &DataFile, pairs: &BTreeMap<String, String>) -> Span {
    let instant = |name| pairs.get(name).and_then(|text: &String| text.parse().ok()).map(from_micros);
    let begins = match &file.name {
        FileName::Merged(period, _) => period.start(),
        FileName::Commit { recorded, .. } => *recorded,
    };
    let oldest = instant(parquet_file::RECORDED_MIN).unwrap_or(begins);
    Span { oldest, newest: instant(parquet_file::RECORDED_MAX).unwrap_or(oldest) }
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
        let month = Period::Month(crate::Month { year: 2020, month: 10 });
        let day = Period::Day(jiff::civil::date(2020, 10, 13));
        for (name, period, turn) in [
            ("2020-10.parquet", month, 1),
            ("2020-10.2.parquet", month, 2),
            ("2020-10-13.parquet", day, 1),
            ("2020-10-13.17.parquet", day, 17),
            ("2020.parquet", Period::Year(2020), 1),
        ] {
            assert_eq!(FileName::parse(name), Some(FileName::Merged(period, turn)));
        }
        for wrong in [
            "2020-13.parquet",
            "2020-10.1.parquet",
            "2020-10.02.parquet",
            "2020-10-32.parquet",
            "2020.0x.parquet",
            "202.parquet",
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
