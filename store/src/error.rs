//! What can go wrong in the lake, naming the table and the file.

use std::path::{Path, PathBuf};

use datafusion::error::DataFusionError;
use parquet::errors::ParquetError;

/// A failure of the lake. The cause is a field ([`std::error::Error::source`]), not part of the text.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The disk refused: full, gone, not ours, or an fsync that failed.
    #[error("cannot {what} {}", path.display())]
    Disk {
        /// What was tried (`write`, `sync`, `open`…).
        what: &'static str,
        /// On which file or folder.
        path: PathBuf,
        /// The system's answer.
        source: std::io::Error,
    },
    /// A Parquet file could not be written or read.
    #[error("table {table}: cannot {what} {}", path.display())]
    Parquet {
        /// What was tried.
        what: &'static str,
        /// The table.
        table: String,
        /// The file.
        path: PathBuf,
        /// Parquet's answer.
        source: ParquetError,
    },
    /// The query engine failed on a table.
    #[error("table {table}: {what} failed")]
    Engine {
        /// What was tried.
        what: &'static str,
        /// The table.
        table: String,
        /// The engine's answer.
        source: Box<DataFusionError>,
    },
    /// Another process or thread writes the table and did not finish in time.
    #[error("table {table} is locked by another writer ({})", path.display())]
    Locked {
        /// The table.
        table: String,
        /// Its lock file.
        path: PathBuf,
    },
    /// The rows of an edition could not be read to their end.
    #[error("table {table}: the edition cannot be read")]
    Edition {
        /// The table.
        table: String,
        /// What the reader of the edition answered.
        source: Box<dyn std::error::Error + Send + Sync>,
    },
    /// A lake that may only be read: a backup, or one that is not ours to write.
    #[error("{} may only be read: {why}", path.display())]
    ReadOnly {
        /// The folder of the lake.
        path: PathBuf,
        /// What keeps it from being written, and what to do.
        why: &'static str,
    },
    /// Batches that do not fit the table.
    #[error("table {table}: {what}")]
    Misfit {
        /// The table.
        table: String,
        /// What was found, what was expected.
        what: String,
    },
    /// A file of the lake does not say what it should.
    #[error("table {table}: {} is damaged: {what}", path.display())]
    Damaged {
        /// The table.
        table: String,
        /// The file.
        path: PathBuf,
        /// What was found, what was expected.
        what: String,
    },
    /// The lake is of a format that this version does not know.
    #[error("{}: {what}", path.display())]
    Format {
        /// The mark of the lake.
        path: PathBuf,
        /// What was found, and which version to install.
        what: String,
    },
    /// A file of a backup is not what it was.
    #[error("backup {} is damaged: {what}", path.display())]
    DamagedBackup {
        /// The file.
        path: PathBuf,
        /// What was found, what was expected.
        what: String,
    },
    /// A folder that a backup or a lake cannot be put into or taken from.
    #[error("{}: {what}", path.display())]
    Folder {
        /// The folder.
        path: PathBuf,
        /// Why not, and what to give instead.
        what: String,
    },
    /// A kept body is not what its name says.
    #[error("body {} is damaged: {what}", path.display())]
    DamagedBody {
        /// The file under `raw/`.
        path: PathBuf,
        /// What was found, what was expected.
        what: String,
    },
}

impl Error {
    /// The file or folder it is about.
    #[must_use]
    pub fn path(&self) -> Option<&Path> {
        match self {
            Self::Disk { path, .. }
            | Self::Parquet { path, .. }
            | Self::Locked { path, .. }
            | Self::Damaged { path, .. }
            | Self::DamagedBody { path, .. }
            | Self::DamagedBackup { path, .. }
            | Self::Folder { path, .. }
            | Self::Format { path, .. }
            | Self::ReadOnly { path, .. } => Some(path),
            Self::Engine { .. } | Self::Edition { .. } | Self::Misfit { .. } => None,
        }
    }
}

/// Names the file in a disk error.
pub(crate) fn disk<'a>(what: &'static str, path: &'a Path) -> impl FnOnce(std::io::Error) -> Error + 'a {
    move |source| Error::Disk { what, path: path.to_path_buf(), source }
}

/// Names table and file in a Parquet error.
pub(crate) fn parquet<'a>(
    what: &'static str,
    table: &'a str,
    path: &'a Path,
) -> impl FnOnce(ParquetError) -> Error + 'a {
    move |source| Error::Parquet { what, table: table.to_owned(), path: path.to_path_buf(), source }
}

/// Names the table in an engine error.
pub(crate) fn engine<'a, E: Into<DataFusionError>>(
    what: &'static str,
    table: &'a str,
) -> impl FnOnce(E) -> Error + 'a {
    move |source| Error::Engine { what, table: table.to_owned(), source: Box::new(source.into()) }
}

/// Batches that do not fit the table.
pub(crate) fn misfit(table: &str, what: impl Into<String>) -> Error {
    Error::Misfit { table: table.to_owned(), what: what.into() }
}
