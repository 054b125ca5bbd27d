//! The lake: its folders, its locks, and the bodies kept in it.

use std::fs::File;
use std::io::{BufReader, Read, Write};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use crate::Error;
use crate::disk::{self, Aside};
use crate::error::{disk as disk_error, misfit};
use crate::format::{self, Mark};
use crate::layout::Layout;
use crate::lock::{self, Hold, TableLock};
use crate::parquet_file;

/// How long the writer of a log waits for a compaction of that log, which itself may wait a minute for readers.
const LOG_WAIT: Duration = Duration::from_secs(120);
/// Held shared by every open lake: who gets it alone may clean up after the dead.
const ALIVE: &str = "_open";

/// A lake of tables on disk. Cheap to clone.
#[derive(Debug, Clone)]
pub struct Lake {
    inner: Arc<Inner>,
}

#[derive(Debug)]
struct Inner {
    layout: Layout,
    /// None for a lake that may only be read.
    alive: Option<TableLock>,
    /// Whether a first stamp was given: what is looked at once before is not looked at again.
    written: AtomicBool,
    /// Where queries put what does not fit their memory, when it is not [`Lake::spool`].
    spill: Option<PathBuf>,
}

/// Rejects what cannot name a folder or a file of the lake.
pub(crate) fn check_name(name: &str) -> Result<(), Error> {
    let fits = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_';
    if name.is_empty() || name.len() > 100 || !name.chars().all(fits) {
        return Err(misfit(name, "expected a name of lower-case letters, digits and underscores"));
    }
    Ok(())
}

impl Lake {
    /// Opens a lake, creating its folders. What a dead writer left is completed or cleared; a lake that nobody died in is
    /// opened without a look at its tables, so that it opens as fast after ten years as on its first day. A backup, a lake
    /// on a read-only disk, or one that only a newer version may write, opens for reading.
    ///
    /// # Errors
    /// [`Error::Disk`] when a folder cannot be made or read, [`Error::Format`] when a newer version of Vigie made it,
    /// [`Error::Parquet`] or [`Error::Damaged`] when an interrupted commit cannot be read, [`Error::DamagedBackup`] when
    /// it is a backup whose list is not what it was.
    pub fn open(root: &Path) -> Result<Self, Error> {
        use std::io::ErrorKind::{PermissionDenied, ReadOnlyFilesystem};
        let root = &std::path::absolute(root).map_err(disk_error("open", root))?;
        let mark = Mark::read(root)?;
        if let Some(layout) = crate::backup::layout_of(root)? {
            return Ok(Self::of(layout, None));
        }
        let is_new = !Layout::new(root).tables().exists();
        let writable = match create_folders(&Layout::new(root)) {
            Ok(()) => mark.may_be_written(),
            Err(Error::Disk { source, .. })
                if matches!(source.kind(), PermissionDenied | ReadOnlyFilesystem) =>
            {
                false
            }
            Err(fault) => return Err(fault),
        };
        let root = root.canonicalize().map_err(disk_error("open", root))?;
        let layout = Layout::new(&root);
        if !writable {
            return Ok(Self::of(layout, None));
        }
        if let Ok(alone) = lock::take(&layout.locks(), ALIVE, Hold::Alone, Duration::ZERO) {
            crate::recover::clear_leftovers(&layout, mark.is_old())?;
            drop(alone);
        }
        let alive = lock::take(&layout.locks(), ALIVE, Hold::Shared, LOG_WAIT)?;
        // Not before: whoever has the lake alone clears the spool that the mark is written in.
        if is_new {
            format::write(&root, &layout.spool())?;
        }
        let lake = Self::of(layout, Some(alive));
        if lake.newest_mark()?.is_none() {
            // A new lake, or one whose marks are gone.
            lake.mark_newest()?;
            lake.roll_forward_if_room()?;
        }
        lake.bury_dead()?;
        lake.finish_merges()?;
        Ok(lake)
    }

    /// Opens a lake as it is, for reading, mending nothing: to look at one that [`Lake::open`] refuses.
    ///
    /// # Errors
    /// [`Error::Disk`] when it is not there, [`Error::DamagedBackup`], [`Error::Format`].
    pub fn open_as_it_is(root: &Path) -> Result<Self, Error> {
        let root = root.canonicalize().map_err(disk_error("open", root))?;
        Mark::read(&root)?;
        let layout = crate::backup::layout_of(&root)?.unwrap_or_else(|| Layout::new(&root));
        Ok(Self::of(layout, None))
    }

    /// Opens a lake that the service has open, for the queries of a process beside it: nothing is mended, nothing is
    /// written but what does not fit the memory, into a folder of their own.
    ///
    /// # Errors
    /// [`Error::Disk`] when it is not there, [`Error::DamagedBackup`], [`Error::Format`].
    pub fn open_for_queries(root: &Path, spill: &Path) -> Result<Self, Error> {
        let root = root.canonicalize().map_err(disk_error("open", root))?;
        Mark::read(&root)?;
        let backup = crate::backup::layout_of(&root)?;
        let is_backup = backup.is_some();
        let layout = backup.unwrap_or_else(|| Layout::new(&root));
        // Held like every reader of a lake that may be written: what it reads is not cleared away.
        let alive =
            if is_backup { None } else { lock::take(&layout.locks(), ALIVE, Hold::Shared, LOG_WAIT).ok() };
        let spill = std::fs::create_dir_all(spill).is_ok().then(|| spill.to_path_buf());
        Ok(Self { inner: Arc::new(Inner { layout, alive, written: AtomicBool::new(false), spill }) })
    }

    fn of(layout: Layout, alive: Option<TableLock>) -> Self {
        Self { inner: Arc::new(Inner { layout, alive, written: AtomicBool::new(false), spill: None }) }
    }

    /// Whether a stamp was given since the lake was opened.
    pub(crate) fn was_written(&self) -> bool {
        self.inner.written.load(Ordering::Relaxed)
    }

    pub(crate) fn set_written(&self) {
        self.inner.written.store(true, Ordering::Relaxed);
    }

    /// Gives a lake of an earlier format the mark of this one. From then on merged days may appear in it.
    pub(crate) fn raise_format(&self) -> Result<(), Error> {
        let mark = Mark::read(self.root())?;
        if !mark.may_be_written() {
            return Err(self.read_only());
        }
        if mark.is_old() {
            format::write(self.root(), &self.spool())?;
            tracing::info!(lake = %self.root().display(), from = mark.format, to = format::FORMAT, "format raised");
        }
        Ok(())
    }

    /// Its folder.
    #[must_use]
    pub fn root(&self) -> &Path {
        self.layout().root()
    }

    /// A folder for bodies on their way, on the same file system; cleared when the lake is next opened alone.
    #[must_use]
    pub fn spool(&self) -> PathBuf {
        self.layout().spool()
    }

    /// Where queries put what does not fit their memory; none is a folder of the system's.
    pub(crate) fn spill(&self) -> Option<PathBuf> {
        self.inner.spill.clone().or_else(|| self.is_writable().then(|| self.spool()))
    }

    /// Whether it may be written.
    pub(crate) fn is_writable(&self) -> bool {
        self.inner.alive.is_some()
    }

    /// Whether it may be written, before any work is done for it.
    ///
    /// # Errors
    /// [`Error::ReadOnly`] with what keeps it from being written.
    pub fn check_writable(&self) -> Result<(), Error> {
        if self.is_writable() { Ok(()) } else { Err(self.read_only()) }
    }

    /// Why it may only be read, looked up when somebody wants to write.
    fn read_only(&self) -> Error {
        use std::io::ErrorKind::{PermissionDenied, ReadOnlyFilesystem};
        let root = self.root();
        let probe = self.layout().locks().join(format!("{ALIVE}.lock"));
        let opened = File::options().create(true).truncate(false).write(true).open(probe);
        let why = if matches!(crate::backup::layout_of(root), Ok(Some(_))) {
            "it is a backup; `vigie restore` makes a lake of it"
        } else if Mark::read(root).is_ok_and(|mark| !mark.may_be_written()) {
            "a newer version of Vigie writes it; install that one"
        } else {
            match opened.map_err(|fault| fault.kind()) {
                Err(PermissionDenied) => {
                    "this user has no right to write there; look at the owner and the rights of the folder"
                }
                Err(ReadOnlyFilesystem) => "its disk is mounted read-only",
                _ => "it could not be written when it was opened; try again",
            }
        };
        Error::ReadOnly { path: root.to_path_buf(), why }
    }

    pub(crate) fn layout(&self) -> &Layout {
        &self.inner.layout
    }

    /// Keeps a body as received under `raw/<source>/<sha256>.zst`, durably. Nothing to do when it is kept already: gives
    /// whether it was not, so that no earlier fetch can have applied it.
    ///
    /// # Errors
    /// [`Error::DamagedBody`] when the file does not have that SHA-256, [`Error::Disk`] when the disk refuses.
    pub fn keep_body(&self, source: &str, body: &Path, sha256: &str) -> Result<bool, Error> {
        check_name(source)?;
        check_sha256(source, sha256)?;
        self.check_writable()?;
        let target = self.layout().body(source, sha256);
        if target.exists() {
            // Perhaps by a writer that died before its name was durable.
            if hash_of_body(&target).is_ok_and(|(_, kept)| kept == sha256) {
                disk::sync_folder(target.parent().unwrap_or(Path::new(".")))?;
                return Ok(false);
            }
            tracing::warn!(source, sha256, "a damaged body is replaced by a sound one");
        }
        let known = target.exists();
        let aside = Aside::new(&self.spool(), &target)?;
        let path = aside.path();
        let from = File::open(body).map_err(disk_error("open", body))?;
        let to = File::create_new(path).map_err(disk_error("create", path))?;
        let mut packed = zstd::Encoder::new(to, 3).map_err(disk_error("write", path))?;
        packed.include_checksum(true).map_err(disk_error("write", path))?;
        let mut tee = Tee { from, to: &mut packed, path, fault: None };
        let hashed = parquet_file::hash_of(&mut tee, body);
        if let Some(fault) = tee.fault.take() {
            return Err(fault);
        }
        let (_, found) = hashed?;
        if found != sha256 {
            let what = format!("its SHA-256 is {found}, expected {sha256}");
            return Err(Error::DamagedBody { path: body.to_path_buf(), what });
        }
        let file = packed.finish().map_err(disk_error("write", path))?;
        file.sync_all().map_err(disk_error("sync", path))?;
        disk::step("body-written");
        // Whatever has that name has that content, or is damaged.
        aside.replace(&target)?;
        disk::step("body-kept");
        Ok(!known)
    }

    /// Unpacks a kept body into a file.
    ///
    /// # Errors
    /// [`Error::Disk`] when it is not there or cannot be written, [`Error::DamagedBody`] when it is not what its
    /// name says.
    pub fn body(&self, source: &str, sha256: &str, into: &Path) -> Result<(), Error> {
        check_name(source)?;
        check_sha256(source, sha256)?;
        let kept = self.layout().body(source, sha256);
        let packed = File::open(&kept).map_err(disk_error("open", &kept))?;
        let from = zstd::Decoder::new(packed).map_err(disk_error("read", &kept))?;
        let mut to = File::create(into).map_err(disk_error("create", into))?;
        let mut tee = Tee { from, to: &mut to, path: into, fault: None };
        let hashed = parquet_file::hash_of(&mut tee, &kept);
        if let Some(fault) = tee.fault.take() {
            return Err(fault);
        }
        let (_, found) = hashed?;
        if found != sha256 {
            let what = format!("the SHA-256 of its content is {found}");
            return Err(Error::DamagedBody { path: kept, what });
        }
        Ok(())
    }

    /// Takes the right to write a table, waiting at most so long (the thread sleeps meanwhile).
    ///
    /// Take it before [`Lake::compare`] and keep it until the commit: what was compared must still be the newest.
    ///
    /// # Errors
    /// [`Error::Locked`] when another writer, of this process or another, keeps it.
    pub fn lock(&self, table: &str, wait: Duration) -> Result<TableLock, Error> {
        check_name(table)?;
        self.check_writable()?;
        lock::take(&self.layout().locks(), table, Hold::Alone, wait)
    }

    pub(crate) fn share(&self, table: &str) -> Result<TableLock, Error> {
        self.check_writable()?;
        lock::take(&self.layout().locks(), table, Hold::Shared, LOG_WAIT)
    }
}

fn create_folders(layout: &Layout) -> Result<(), Error> {
    for folder in [layout.raw(), layout.tables(), layout.locks(), layout.spool()] {
        disk::create_folder(&folder)?;
    }
    // Says at once whether the lake may be written.
    let probe = layout.locks().join(format!("{ALIVE}.lock"));
    File::options()
        .create(true)
        .truncate(false)
        .write(true)
        .open(&probe)
        .map(drop)
        .map_err(disk_error("open", &probe))
}

fn check_sha256(source: &str, sha256: &str) -> Result<(), Error> {
    let fits = |c: char| c.is_ascii_digit() || ('a'..='f').contains(&c);
    if sha256.len() != 64 || !sha256.chars().all(fits) {
        return Err(misfit(source, format!("{sha256:?} is not a SHA-256 in lower-case hexadecimal")));
    }
    Ok(())
}

/// Copies what is read; a failure to write is kept apart from a failure to read.
struct Tee<'a, R, W> {
    from: R,
    to: &'a mut W,
    path: &'a Path,
    fault: Option<Error>,
}

impl<R: Read, W: Write> Read for Tee<'_, R, W> {
    fn read(&mut self, buffer: &mut [u8]) -> std::io::Result<usize> {
        let read = self.from.read(buffer)?;
        if let Err(fault) = self.to.write_all(&buffer[..read]) {
            let kind = fault.kind();
            self.fault = Some(disk_error("write", self.path)(fault));
            return Err(kind.into());
        }
        Ok(read)
    }
}

/// Reads a kept body to its end: its length and SHA-256 once unpacked.
pub(crate) fn hash_of_body(path: &Path) -> Result<(u64, String), Error> {
    let file = File::open(path).map_err(disk_error("open", path))?;
    let unpacked = zstd::Decoder::with_buffer(BufReader::new(file)).map_err(disk_error("read", path))?;
    parquet_file::hash_of(unpacked, path)
}
