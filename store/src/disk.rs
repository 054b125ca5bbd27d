//! Atomic steps on disk: a file is there wholly or not at all, and what is said to be kept survives a power cut.

use std::fs::File;
use std::io::ErrorKind;
use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};

use crate::Error;
use crate::error::disk;
use crate::layout::TMP;
pub(crate) use crate::steps::step;

static COUNTER: AtomicU64 = AtomicU64::new(0);

/// A file being written, taken away when dropped before [`Aside::publish`].
pub(crate) struct Aside {
    path: PathBuf,
    folder: PathBuf,
}

impl Aside {
    /// A fresh name in the spool, whose leftovers are cleared when the lake is opened; beside the file to come when that
    /// lies on another file system. Nothing is created yet.
    pub(crate) fn new(spool: &Path, target: &Path) -> Result<Self, Error> {
        let folder = target.parent().unwrap_or(Path::new(".")).to_path_buf();
        create_folder(&folder)?;
        let device = |path: &Path| std::fs::metadata(path).map(|meta| meta.dev()).ok();
        let place = if device(spool) == device(&folder) { spool } else { &folder };
        Self::in_folder(place, folder.clone(), target)
    }

    /// A fresh name in the same folder as the file to come. Nothing is created yet.
    pub(crate) fn beside(target: &Path) -> Result<Self, Error> {
        let folder = target.parent().unwrap_or(Path::new(".")).to_path_buf();
        create_folder(&folder)?;
        Self::in_folder(&folder.clone(), folder, target)
    }

    fn in_folder(place: &Path, folder: PathBuf, target: &Path) -> Result<Self, Error> {
        let name = target.file_name().unwrap_or_default().to_string_lossy();
        let turn = COUNTER.fetch_add(1, Ordering::Relaxed);
        let path = place.join(format!("{TMP}{}-{turn}-{name}", std::process::id()));
        // Left by a dead process that had the same number.
        match std::fs::remove_file(&path) {
            Err(fault) if fault.kind() != ErrorKind::NotFound => Err(disk("clear", &path)(fault)),
            _ => Ok(Self { path, folder }),
        }
    }

    pub(crate) fn path(&self) -> &Path {
        &self.path
    }

    /// Makes the synced file appear under its name, in one step, only if that name is free; then syncs the folder.
    /// Gives `false` when the name was taken. When the folder cannot be synced the file goes away again: what is not
    /// durable is not there.
    pub(crate) fn publish(self, target: &Path) -> Result<bool, Error> {
        let fresh = link_if_absent(&self.path, target)?;
        if let Err(fault) = sync_folder(&self.folder) {
            if fresh {
                let _ = std::fs::remove_file(target);
            }
            return Err(fault);
        }
        Ok(fresh)
    }

    /// Makes the synced file appear under its name, in one step, in place of the one that was there.
    pub(crate) fn replace(self, target: &Path) -> Result<(), Error> {
        std::fs::rename(&self.path, target).map_err(disk("rename to", target))?;
        sync_folder(&self.folder)
    }
}

impl Drop for Aside {
    fn drop(&mut self) {
        // Gone already when renamed; a second name when linked; rubbish when the write failed.
        let _ = std::fs::remove_file(&self.path);
    }
}

/// Gives a file a second name only if that name is free (`false` when taken). File systems without hard links get a
/// rename: writers of one table take turns, so that the check before it holds.
pub(crate) fn link_if_absent(from: &Path, to: &Path) -> Result<bool, Error> {
    match std::fs::hard_link(from, to) {
        Ok(()) => Ok(true),
        Err(taken) if taken.kind() == ErrorKind::AlreadyExists => Ok(false),
        Err(fault) if matches!(fault.kind(), ErrorKind::Unsupported | ErrorKind::PermissionDenied) => {
            if to.exists() {
                return Ok(false);
            }
            std::fs::rename(from, to).map_err(disk("rename to", to))?;
            Ok(true)
        }
        Err(fault) => Err(disk("link", to)(fault)),
    }
}

/// Makes the names in a folder durable.
///
/// # Errors
/// [`Error::Disk`]: what was done in the folder may not survive a power cut. Do not try again: the system may have
/// dropped what it could not write.
pub fn sync_folder(folder: &Path) -> Result<(), Error> {
    File::open(folder).and_then(|folder| folder.sync_all()).map_err(disk("sync", folder))
}

/// Creates a folder and its parents, durably.
///
/// # Errors
/// [`Error::Disk`] when the disk refuses.
pub fn create_folder(folder: &Path) -> Result<(), Error> {
    if folder.is_dir() {
        return Ok(());
    }
    let parent = match folder.parent() {
        Some(parent) if !parent.as_os_str().is_empty() => parent,
        _ => Path::new("."),
    };
    create_folder(parent)?;
    match std::fs::create_dir(folder) {
        Err(fault) if fault.kind() != ErrorKind::AlreadyExists || !folder.is_dir() => {
            return Err(disk("create", folder)(fault));
        }
        _ => {}
    }
    sync_folder(parent)
}

/// Removes a file; it is fine when it is gone.
pub(crate) fn remove(path: &Path) -> Result<(), Error> {
    match std::fs::remove_file(path) {
        Err(fault) if fault.kind() != ErrorKind::NotFound => Err(disk("remove", path)(fault)),
        _ => Ok(()),
    }
}
