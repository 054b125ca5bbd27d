//! What can be wrong with a file of the vocabulary.

/// A faulty file, with the place of the fault: `file:line: what; why`.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The file is not what its folder promises (syntax, unknown key, wrong type, broken reference).
    #[error("{file}:{line}: {what}")]
    Faulty {
        /// Path inside the vocabulary, such as `sources/tests.toml`.
        file: String,
        /// Line of the fault, from 1.
        line: usize,
        /// What was found and what was expected, in one sentence.
        what: String,
    },
    /// The overlay folder could not be read.
    #[error("cannot read {path}")]
    Unreadable {
        /// The file or folder.
        path: String,
        /// The cause.
        #[source]
        source: std::io::Error,
    },
}

impl Error {
    /// A fault at the line that holds byte `offset` of `text`.
    pub(crate) fn at(file: &str, text: &str, offset: usize, what: impl Into<String>) -> Self {
        let upto = offset.min(text.len());
        let line = text.as_bytes()[..upto].iter().filter(|b| **b == b'\n').count() + 1;
        Self::Faulty { file: file.to_owned(), line, what: what.into() }
    }

    /// A TOML fault, at the place the parser names.
    pub(crate) fn toml(file: &str, text: &str, fault: &toml::de::Error) -> Self {
        let (span, what) = crate::toml_fault(text, fault);
        Self::at(file, text, span.start, what)
    }
}
