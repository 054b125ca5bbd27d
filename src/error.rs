//! Errors of the command line, their exit codes and how they are told.

use std::fmt::Write as _;
use std::path::PathBuf;

/// Why a command could not do its work.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// A faulty configuration.
    #[error("{}:{line}: {what}", file.display())]
    Config {
        /// The file.
        file: PathBuf,
        /// Line of the fault, from 1.
        line: usize,
        /// What was found and what was expected.
        what: String,
    },
    /// A file that cannot be read.
    #[error("cannot read {}", path.display())]
    Read {
        /// The file.
        path: PathBuf,
        /// The cause.
        #[source]
        source: std::io::Error,
    },
    /// A file that cannot be written.
    #[error("cannot write {}", path.display())]
    Write {
        /// The file.
        path: PathBuf,
        /// The cause.
        #[source]
        source: std::io::Error,
    },
    /// The words of the command do not fit what is there.
    #[error("{0}")]
    Usage(String),
    /// The vocabulary is faulty.
    #[error(transparent)]
    Vocabulary(#[from] vigie_queries::Error),
    /// Our own disk, while a body was received or read.
    #[error(transparent)]
    Ingest(#[from] vigie_ingest::Error),
    /// A feed that gave no body: the French sentence that goes into its record.
    #[error("{}", .0.message_fr)]
    Feed(#[from] vigie_ingest::FetchError),
    /// The lake.
    #[error(transparent)]
    Store(#[from] vigie_store::Error),
    /// The computation.
    #[error(transparent)]
    Transform(#[from] vigie_transform::Error),
    /// The document.
    #[error(transparent)]
    Reports(#[from] vigie_reports::Error),
    /// The engine refused a query.
    #[error("the query failed")]
    Query(#[from] datafusion::error::DataFusionError),
    /// A batch could not be made or read.
    #[error("a table could not be read or written")]
    Arrow(#[from] arrow::error::ArrowError),
    /// A statement that is not carried out.
    #[error(transparent)]
    Refused(#[from] vigie_serve::Refused),
    /// A gate holds a bulletin: French sentences that say why and what to do.
    #[error("{0}")]
    Held(String),
    /// Anything else, in one sentence.
    #[error("{0}")]
    Failed(String),
}

impl Error {
    /// Exit code of the command (see `vigie --help`).
    #[must_use]
    pub fn exit_code(&self) -> u8 {
        match self {
            Self::Usage(_) | Self::Config { .. } | Self::Vocabulary(_) => 2,
            Self::Store(vigie_store::Error::Folder { .. }) => 2,
            Self::Held(_) => 3,
            Self::Store(vigie_store::Error::Locked { .. }) => 6,
            _ => 1,
        }
    }

    /// What to try next, where something can be said.
    #[must_use]
    pub fn hint(&self) -> Option<&'static str> {
        match self {
            Self::Config { .. } => Some("`vigie init DIR` writes a commented configuration to compare with"),
            Self::Store(vigie_store::Error::Locked { .. }) => {
                Some("another process writes to this lake; try again when it has finished")
            }
            Self::Query(_) | Self::Refused(vigie_serve::Refused::Plan(_)) => {
                Some("`vigie sql \"show tables\"` lists what can be queried")
            }
            _ => None,
        }
    }

    /// The error and its causes in one line, as the `message` of a poll or run.
    #[must_use]
    pub fn sentence(&self) -> String {
        let report = self.report();
        let lines: Vec<&str> = report.lines().filter(|line| !line.starts_with("hint: ")).collect();
        lines.join(" ; ").replacen("error: ", "", 1).replace("caused by: ", "")
    }

    /// The error, its causes and the hint, a line each.
    #[must_use]
    pub fn report(&self) -> String {
        let mut text = format!("error: {self}");
        let mut said = self.to_string();
        let mut cause = std::error::Error::source(self);
        while let Some(next) = cause {
            let sentence = next.to_string();
            if !said.contains(&sentence) {
                let _ = write!(text, "\ncaused by: {sentence}");
                said = sentence;
            }
            cause = next.source();
        }
        if let Some(hint) = self.hint() {
            let _ = write!(text, "\nhint: {hint}");
        }
        text
    }
}
