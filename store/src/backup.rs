//! A copy of the lake elsewhere, made while writers go on, and its way back.
//!
//! A backup is a folder with the bodies and the files of the tables as they are in the lake, and the list of those that
//! belong to it, `SHA256SUMS`, which `sha256sum -c SHA256SUMS` reads too. It holds every commit up to one settled
//! instant and none after. The list is replaced in one step when everything it names is there and synced, and what it
//! no longer names is removed after: a backup that is interrupted leaves the one before. Files of a lake never change,
//! so that only new ones are copied.
//!
//! [`Lake::open`] opens a backup for reading: only the files of its list count.

use std::collections::{BTreeMap, BTreeSet};
use std::fs::File;
use std::io::{ErrorKind, Read, Write};
use std::path::{Component, Path, PathBuf};
use std::time::Duration;

use jiff::Timestamp;
use serde::Serialize;
use sha2::{Digest, Sha256};

use crate::disk::{self, Aside};
use crate::error::disk as disk_error;
use crate::format::{self, Mark};
use crate::layout::{FileName, Layout, TMP, entries};
use crate::lock::{self, Hold};
use crate::parquet_file::hex;
use crate::verify::{VerifyReport, check_body, check_rows};
use crate::{Error, Lake};

/// The list of the files of a backup.
pub(crate) const LIST: &str = "SHA256SUMS";
/// Two backups into one folder take turns; its file also marks the folder as one of backups.
const LOCK: &str = "backup";
const TITLE: &str = "# vigie backup 1";

/// What a backup did.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct BackupReport {
    /// It holds every commit recorded up to then.
    pub settled: Timestamp,
    /// Files in it.
    pub files: u64,
    /// Bytes in them.
    pub bytes: u64,
    /// Files copied now; the others were there.
    pub files_copied: u64,
    /// Bytes copied now.
    pub bytes_copied: u64,
    /// Files removed that the lake has merged into others since.
    pub files_removed: u64,
}

/// What a restore did.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct RestoreReport {
    /// The lake holds every commit recorded up to then.
    pub settled: Timestamp,
    /// Files copied.
    pub files: u64,
    /// Bytes in them.
    pub bytes: u64,
    /// What a check of the new lake read.
    pub verified: VerifyReport,
}

/// The list of a backup.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct List {
    /// Every commit up to then is in it.
    pub(crate) settled: Timestamp,
    /// SHA-256 by path inside the lake.
    pub(crate) files: BTreeMap<String, String>,
}

fn damaged(path: &Path, what: impl Into<String>) -> Error {
    Error::DamagedBackup { path: path.to_path_buf(), what: what.into() }
}

impl List {
    fn text(&self) -> String {
        let mut text = format!("{TITLE}\n# settled {}\n", self.settled);
        for (path, sha256) in &self.files {
            text.push_str(&format!("{sha256}  {path}\n"));
        }
        let hash = hex(&Sha256::digest(text.as_bytes()));
        text.push_str(&format!("# sha256 of the lines above {hash}\n"));
        text
    }

    /// The list of a folder; none when it has none.
    pub(crate) fn read(folder: &Path) -> Result<Option<Self>, Error> {
        let path = folder.join(LIST);
        let bytes = match std::fs::read(&path) {
            Ok(bytes) => bytes,
            Err(none) if none.kind() == ErrorKind::NotFound => return Ok(None),
            Err(fault) => return Err(disk_error("read", &path)(fault)),
        };
        let found = String::from_utf8(bytes).ok().and_then(|text| Self::parse(&text));
        found.map(Some).ok_or_else(|| damaged(&path, "it is not the list that was written"))
    }

    /// None unless it is, to the byte, what [`List::text`] wrote.
    fn parse(text: &str) -> Option<Self> {
        let mut lines = text.lines();
        let title = lines.next()? == TITLE;
        let settled = lines.next()?.strip_prefix("# settled ")?.parse().ok()?;
        let mut files = BTreeMap::new();
        for line in lines.filter(|line| !line.starts_with('#')) {
            let (sha256, path) = line.split_once("  ")?;
            let inside = Path::new(path).components().all(|part| matches!(part, Component::Normal(_)));
            if !inside || sha256.len() != 64 {
                return None;
            }
            files.insert(path.to_owned(), sha256.to_owned());
        }
        let list = Self { settled, files };
        (title && list.text() == text).then_some(list)
    }

    /// Its files of tables, as `<table>/<name>`.
    fn of_tables(&self) -> BTreeSet<String> {
        self.files.keys().filter_map(|path| path.strip_prefix("tables/")).map(str::to_owned).collect()
    }
}

/// The layout of a folder that is a backup.
pub(crate) fn layout_of(root: &Path) -> Result<Option<Layout>, Error> {
    Ok(List::read(root)?.map(|list| Layout::of_backup(root, list.of_tables())))
}

impl Lake {
    /// Copies what the folder does not have yet, so that it becomes a backup of this lake at its settled instant.
    /// Writers go on meanwhile; compactions wait. Every file copied is checked.
    ///
    /// # Errors
    /// [`Error::Folder`] when the folder holds something else or lies inside the lake, [`Error::Damaged`] and
    /// [`Error::DamagedBody`] naming a file of the lake that is not sound, [`Error::Disk`]; the backup that was there
    /// stays in all cases.
    pub fn backup(&self, folder: &Path) -> Result<BackupReport, Error> {
        self.check_writable()?;
        self.check_target(folder)?;
        disk::create_folder(folder)?;
        let _turn = lock::take(folder, LOCK, Hold::Alone, Duration::ZERO)?;
        let before = List::read(folder)?;
        let _files_stay = self.keep_files()?;
        let settled = self.settled()?;
        let mut list = List { settled, files: BTreeMap::new() };
        let mut report =
            BackupReport { settled, files: 0, bytes: 0, files_copied: 0, bytes_copied: 0, files_removed: 0 };
        let mut folders: BTreeSet<PathBuf> = BTreeSet::new();
        for path in self.files_up_to(settled)? {
            let from = self.root().join(&path);
            let to = folder.join(&path);
            let bytes = size(&from)?;
            let known = before.as_ref().and_then(|list| list.files.get(&path));
            let sha256 = match known.filter(|_| size(&to).is_ok_and(|there| there == bytes)) {
                Some(sha256) => sha256.clone(),
                None => {
                    let sha256 = copy(&from, &to)?;
                    check_copy(&path, &from, &to)?;
                    folders.extend(to.parent().map(Path::to_path_buf));
                    report.files_copied += 1;
                    report.bytes_copied += bytes;
                    disk::step("backup-file-copied");
                    sha256
                }
            };
            report.files += 1;
            report.bytes += bytes;
            list.files.insert(path, sha256);
        }
        for folder in &folders {
            disk::sync_folder(folder)?;
        }
        disk::step("backup-files-copied");
        if before.as_ref() != Some(&list) {
            let target = folder.join(LIST);
            let aside = Aside::beside(&target)?;
            let mut file = File::create_new(aside.path()).map_err(disk_error("create", aside.path()))?;
            file.write_all(list.text().as_bytes()).map_err(disk_error("write", aside.path()))?;
            file.sync_all().map_err(disk_error("sync", aside.path()))?;
            disk::step("backup-list-written");
            aside.replace(&target)?;
            disk::step("backup-list-published");
        }
        report.files_removed = remove_others(folder, &list)?;
        Ok(report)
    }

    /// Paths inside the lake of every body, and of every file of tables with commits up to an instant.
    fn files_up_to(&self, settled: Timestamp) -> Result<Vec<String>, Error> {
        let mut paths = Vec::new();
        if self.root().join(format::FILE).exists() {
            paths.push(format::FILE.to_owned());
        }
        for table in self.layout().table_names()? {
            for file in self.layout().files(&table, settled)?.iter() {
                let name = file.path.file_name().unwrap_or_default().to_string_lossy();
                paths.push(format!("tables/{table}/{name}"));
            }
        }
        for source in entries(&self.layout().raw())? {
            for name in entries(&self.layout().raw().join(&source))? {
                if name.ends_with(".zst") && !name.starts_with(TMP) {
                    paths.push(format!("raw/{source}/{name}"));
                }
            }
        }
        paths.sort_unstable();
        Ok(paths)
    }

    /// A backup goes into a folder of its own, outside the lake.
    fn check_target(&self, folder: &Path) -> Result<(), Error> {
        let refuse = |what: &str| Err(Error::Folder { path: folder.to_path_buf(), what: what.to_owned() });
        let names = entries(folder)?;
        let is_ours = names.iter().any(|name| name == LIST || *name == format!("{LOCK}.lock"));
        if !names.is_empty() && !is_ours {
            return refuse("it holds something else than a backup; give an empty or a new folder");
        }
        // The nearest folder that exists says where it will lie.
        let mut there = std::path::absolute(folder).map_err(disk_error("look at", folder))?;
        while !there.exists() && there.pop() {}
        let there = there.canonicalize().map_err(disk_error("look at", folder))?;
        if there.starts_with(self.root()) {
            return refuse("it lies inside the lake; give a folder elsewhere, best on another disk");
        }
        Ok(())
    }

    /// Makes a lake from a backup, in a folder that is new or empty. Every file is checked against the list while it is
    /// copied, and the new lake is verified whole before it gets its name.
    ///
    /// # Errors
    /// [`Error::Folder`] when the folder is not empty or the other is no backup, [`Error::DamagedBackup`] naming the
    /// file that is not what it was, [`Error::Disk`].
    pub fn restore(backup: &Path, root: &Path) -> Result<RestoreReport, Error> {
        let refuse =
            |path: &Path, what: &str| Error::Folder { path: path.to_path_buf(), what: what.to_owned() };
        let Some(list) = List::read(backup)? else {
            return Err(refuse(backup, "it is no backup: it has no file SHA256SUMS"));
        };
        if !entries(root)?.is_empty() || root.is_file() {
            return Err(refuse(
                root,
                "it is not empty; restore into a new folder, then put it in the place of the old one",
            ));
        }
        let root = std::path::absolute(root).map_err(disk_error("look at", root))?;
        let (Some(parent), Some(name)) = (root.parent(), root.file_name()) else {
            return Err(refuse(&root, "it cannot hold a lake"));
        };
        disk::create_folder(parent)?;
        // Under a name of its own until it is whole: what an interrupted restore left is no lake, and starts anew.
        let aside = parent.join(format!("{}.restoring", name.to_string_lossy()));
        let _turn =
            lock::take(parent, &format!("{}.restoring", name.to_string_lossy()), Hold::Alone, Duration::ZERO);
        let _turn = _turn?;
        if aside.exists() {
            std::fs::remove_dir_all(&aside).map_err(disk_error("remove", &aside))?;
        }
        let mut folders: BTreeSet<PathBuf> = BTreeSet::new();
        let (mut files, mut bytes) = (0, 0);
        for (path, sha256) in &list.files {
            let (from, to) = (backup.join(path), aside.join(path));
            if !from.exists() {
                return Err(damaged(&from, "it is missing"));
            }
            let found = copy(&from, &to)?;
            if found != *sha256 {
                return Err(damaged(&from, format!("its SHA-256 is {found}, the list says {sha256}")));
            }
            folders.extend(to.parent().map(Path::to_path_buf));
            files += 1;
            bytes += size(&to)?;
            disk::step("restore-file-copied");
        }
        for folder in &folders {
            disk::sync_folder(folder)?;
        }
        let verified = {
            let lake = Self::open(&aside)?;
            lake.mark(list.settled)?;
            lake.verify()?
        };
        if let Some(problem) = verified.problems.first() {
            return Err(damaged(&problem.file, problem.what.clone()));
        }
        disk::step("restore-verified");
        // An empty folder gives way.
        std::fs::rename(&aside, &root).map_err(disk_error("rename to", &root))?;
        disk::sync_folder(parent)?;
        let _ = std::fs::remove_file(parent.join(format!("{}.restoring.lock", name.to_string_lossy())));
        Ok(RestoreReport { settled: list.settled, files, bytes, verified })
    }
}

fn size(path: &Path) -> Result<u64, Error> {
    std::fs::metadata(path).map(|meta| meta.len()).map_err(disk_error("look at", path))
}

/// Copies a file, synced, in the place of what an interrupted copy left; its SHA-256.
fn copy(from: &Path, to: &Path) -> Result<String, Error> {
    if let Some(folder) = to.parent() {
        disk::create_folder(folder)?;
    }
    let mut source = File::open(from).map_err(disk_error("open", from))?;
    let mut target = File::create(to).map_err(disk_error("create", to))?;
    let mut hash = Sha256::new();
    let mut buffer = vec![0; 1 << 18];
    loop {
        let read = match source.read(&mut buffer) {
            Ok(0) => break,
            Ok(read) => read,
            Err(again) if again.kind() == ErrorKind::Interrupted => continue,
            Err(fault) => return Err(disk_error("read", from)(fault)),
        };
        hash.update(&buffer[..read]);
        target.write_all(&buffer[..read]).map_err(disk_error("write", to))?;
    }
    target.sync_all().map_err(disk_error("sync", to))?;
    Ok(hex(&hash.finalize()))
}

/// Reads a copy back: a lake that is damaged must not become a backup that is.
fn check_copy(path: &str, from: &Path, to: &Path) -> Result<(), Error> {
    let name = to.file_name().unwrap_or_default().to_string_lossy();
    let sound = match path.split('/').collect::<Vec<_>>()[..] {
        [format::FILE] => Mark::read(to.parent().unwrap_or(Path::new("."))).map(drop),
        ["tables", table, _] if FileName::parse(&name).is_some() => check_rows(table, to),
        _ => check_body(to, name.trim_end_matches(".zst")),
    };
    sound.map_err(|fault| match fault {
        Error::Damaged { table, what, .. } => Error::Damaged { table, path: from.to_path_buf(), what },
        Error::DamagedBody { what, .. } => Error::DamagedBody { path: from.to_path_buf(), what },
        fault => fault,
    })
}

/// Removes from a backup what its list does not name; how many files that were.
fn remove_others(folder: &Path, list: &List) -> Result<u64, Error> {
    let mut removed = 0;
    for name in entries(folder)?.iter().filter(|name| name.starts_with(TMP)) {
        disk::remove(&folder.join(name))?;
    }
    for part in ["raw", "tables"] {
        for inner in entries(&folder.join(part))? {
            let inside = folder.join(part).join(&inner);
            let mut gone = false;
            for name in entries(&inside)? {
                if !list.files.contains_key(&format!("{part}/{inner}/{name}")) {
                    disk::remove(&inside.join(name))?;
                    removed += 1;
                    gone = true;
                }
            }
            if gone {
                disk::sync_folder(&inside)?;
            }
        }
    }
    Ok(removed)
}
