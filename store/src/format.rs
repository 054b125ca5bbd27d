//! The format of a lake: which versions of Vigie may read it, and which may write it.
//!
//! `FORMAT` beside `tables/` is JSON. A lake of format 1 has no such file: it was made before there was one. It is read
//! as it is; the first commit of this version gives it its mark, and from then on days may be merged (a version that
//! knows only months would not see them).

use std::io::{ErrorKind, Write as _};
use std::path::Path;

use serde::{Deserialize, Serialize};

use crate::disk::{self, Aside};
use crate::error::disk as disk_error;
use crate::{Error, Lake};

/// Name of the file.
pub(crate) const FILE: &str = "FORMAT";
/// The format that this version writes, and the newest that it reads.
pub(crate) const FORMAT: u32 = 2;
/// Format of the lakes without the file.
const FIRST: u32 = 1;

/// What `FORMAT` says.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Mark {
    pub(crate) format: u32,
    /// The oldest format that a version must know to read the lake.
    min_reader: u32,
    /// The oldest format that a version must know to write it.
    min_writer: u32,
    /// The version of Vigie that gave the mark.
    written_by: String,
}

impl Mark {
    /// The mark of a lake; that of the first format when it has none.
    ///
    /// # Errors
    /// [`Error::Format`] when a newer version of Vigie is needed to read the lake, or the mark makes no sense.
    pub(crate) fn read(root: &Path) -> Result<Self, Error> {
        let path = root.join(FILE);
        let text = match std::fs::read_to_string(&path) {
            Ok(text) => text,
            Err(none) if none.kind() == ErrorKind::NotFound => {
                let written_by = "0.1.0".to_owned();
                return Ok(Self { format: FIRST, min_reader: FIRST, min_writer: FIRST, written_by });
            }
            Err(fault) => return Err(disk_error("read", &path)(fault)),
        };
        let mark: Self = serde_json::from_str(&text).map_err(|fault| Error::Format {
            path: path.clone(),
            what: format!("it is not the mark of a lake ({fault}); bring it back from a backup"),
        })?;
        if mark.min_reader > FORMAT {
            return Err(Error::Format {
                path,
                what: format!(
                    "the lake has the format {}, and this version of Vigie ({}) reads formats up to {FORMAT}; install \
                     {} or newer",
                    mark.format,
                    env!("CARGO_PKG_VERSION"),
                    mark.written_by
                ),
            });
        }
        Ok(mark)
    }

    /// Whether this version may write such a lake.
    pub(crate) fn may_be_written(&self) -> bool {
        self.min_writer <= FORMAT
    }

    /// Whether the lake was last written by a version that knew no marks.
    pub(crate) fn is_old(&self) -> bool {
        self.format < FORMAT
    }
}

/// Gives a lake the mark of this version, in one durable step. Whoever is first writes the same as the others.
pub(crate) fn write(root: &Path, spool: &Path) -> Result<(), Error> {
    let mark = Mark {
        format: FORMAT,
        min_reader: FORMAT,
        min_writer: FORMAT,
        written_by: env!("CARGO_PKG_VERSION").to_owned(),
    };
    let target = root.join(FILE);
    let text = serde_json::to_string(&mark).unwrap_or_default();
    let aside = Aside::new(spool, &target)?;
    let mut file = std::fs::File::create_new(aside.path()).map_err(disk_error("create", aside.path()))?;
    file.write_all(text.as_bytes()).map_err(disk_error("write", aside.path()))?;
    file.write_all(b"\n").map_err(disk_error("write", aside.path()))?;
    file.sync_all().map_err(disk_error("sync", aside.path()))?;
    disk::step("format-written");
    aside.replace(&target)?;
    disk::step("format-published");
    Ok(())
}

impl Lake {
    /// The format that this version writes.
    pub const NEWEST_FORMAT: u32 = FORMAT;

    /// Gives a lake of an earlier format the mark of this one; nothing to do for one that has it.
    ///
    /// # Errors
    /// [`Error::Format`], [`Error::Disk`], [`Error::ReadOnly`].
    pub fn migrate(&self) -> Result<(), Error> {
        self.check_writable()?;
        self.raise_format()
    }

    /// The format of the lake as it is now.
    ///
    /// # Errors
    /// [`Error::Format`], [`Error::Disk`].
    pub fn format(&self) -> Result<u32, Error> {
        Mark::read(self.root()).map(|mark| mark.format)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_lake_of_the_future_is_refused_with_the_version_to_install() {
        let folder = tempfile::tempdir().unwrap();
        drop(crate::tests::open(folder.path()));
        let path = folder.path().join(FILE);
        assert_eq!(Mark::read(folder.path()).unwrap().format, FORMAT);
        let future = r#"{"format":7,"min_reader":6,"min_writer":7,"written_by":"9.1.0"}"#;
        std::fs::write(&path, future).unwrap();
        for told in [Lake::open(folder.path()), Lake::open_as_it_is(folder.path())] {
            let told = told.unwrap_err().to_string();
            assert!(told.contains("format 7") && told.contains("install 9.1.0"), "{told}");
        }
        assert_eq!(std::fs::read_to_string(&path).unwrap(), future, "nothing was written");
        // One that may be read, but not written.
        std::fs::write(&path, r#"{"format":3,"min_reader":2,"min_writer":3,"written_by":"9.1.0"}"#).unwrap();
        let lake = crate::tests::open(folder.path());
        assert!(lake.stamp(crate::tests::day(1)).is_err());
        std::fs::write(&path, "{").unwrap();
        assert!(Lake::open(folder.path()).unwrap_err().to_string().contains("not the mark"));
    }
}
