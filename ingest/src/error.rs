//! What stops this crate: our own disk and our own set-up, never the contents of a body.

use std::path::PathBuf;

/// A failure that is not about data. Faulty data is a [`crate::Refusal`] or a [`crate::Finding`], a failed download a
/// [`crate::FetchError`].
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// A file of ours (body kept, temporary file) could not be read or written.
    #[error("cannot {what} {}", path.display())]
    Disk {
        /// `read`, `create a temporary file in`…
        what: &'static str,
        /// The file or folder.
        path: PathBuf,
        /// The cause.
        #[source]
        source: std::io::Error,
    },
    /// A local file given by hand is larger than the contract bears.
    #[error(
        "Le fichier {} dépasse {}, la limite de cette source. Rien n’a été chargé. Si cette taille est normale, relever bounds.bytes_max dans le contrat. ({})",
        path.display(), crate::say::size(*bytes_max), crate::Code::BodyTooLarge
    )]
    FileTooLarge {
        /// The file.
        path: PathBuf,
        /// The bound, in bytes.
        bytes_max: u64,
    },
    /// The table's columns could not be put together; a fault of Vigie, not of the feed.
    #[error("cannot build the table of this source")]
    Batch {
        /// The cause.
        #[source]
        source: arrow::error::ArrowError,
    },
}

impl Error {
    /// A failure of the table's columns, for `map_err`.
    pub(crate) fn batch(source: arrow::error::ArrowError) -> Self {
        Self::Batch { source }
    }

    /// A constructor for `map_err`.
    pub(crate) fn disk(what: &'static str, path: impl Into<PathBuf>) -> impl FnOnce(std::io::Error) -> Self {
        let path = path.into();
        move |source| Self::Disk { what, path, source }
    }
}
