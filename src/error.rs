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
    /// A service runs on this lake already.
    #[error("a service runs on this lake already{}", .0.as_ref().as_ref().map(|note| format!(
        ": process {} on {}, since {}", note.pid, note.host, note.since
    )).unwrap_or_default())]
    Running(Box<Option<crate::service_note::Note>>),
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
            Self::Store(vigie_store::Error::Locked { .. }) | Self::Running(_) => 6,
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
            Self::Running(_) => Some(
                "two services would poll, publish and mail everything twice; `vigie status` tells of the other",
            ),
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
        let text = lines.join(" ; ").replace("caused by: ", "");
        text.trim_start_matches("error: ").trim_start_matches("erreur : ").to_owned()
    }

    /// The error, its causes and the hint, a line each. What is said to readers of data is French, all else English; a line
    /// is one or the other.
    #[must_use]
    pub fn report(&self) -> String {
        let mut said = self.to_string();
        let mut text = match self {
            Self::Refused(refused) => match refusal(refused) {
                Some(english) => format!("error: {english}"),
                None => format!("erreur : {said}"),
            },
            Self::Held(_) | Self::Feed(_) | Self::Reports(vigie_reports::Error::Wording(_)) => {
                format!("erreur : {said}")
            }
            _ => format!("error: {said}"),
        };
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

/// What a refused statement is told on the command line, in English as all of it; analysts on the wire read its French sentence.
/// None of what is new and has no English words yet.
pub(crate) fn refusal(refused: &vigie_serve::Refused) -> Option<String> {
    use vigie_serve::Refused as R;
    let engine = |said: &str| {
        let said = said.trim_start_matches("Error during planning: ").replace("'vigie.public.", "'");
        said.trim_end_matches('.').to_owned()
    };
    let (said, code) = match refused {
        R::Plan(said) => (format!("the statement is refused: {}", engine(said)), "requete-refusee"),
        R::Syntax(said) => (format!("the statement is not understood: {}", engine(said)), "syntaxe"),
        R::Empty => ("the statement is empty".to_owned(), "requete-vide"),
        R::Several(n) => (format!("{n} statements at once; give one"), "une-seule-requete"),
        R::OnlyReads(what) => {
            let what = format!(
                "{what:?} is not allowed: the lake is read by SELECT, WITH, VALUES, EXPLAIN and SHOW only"
            );
            (what, "lecture-seule")
        }
        R::Writes(what) => (
            format!("the statement holds {what:?}, which writes or locks; the lake can only be read"),
            "lecture-seule",
        ),
        R::Setting(name) => (format!("the setting {name:?} is not the client's to change"), "reglage-refuse"),
        R::File(name) => (
            format!("{name:?} is no table: neither files nor addresses can be read from here"),
            "fichier-refuse",
        ),
        R::Table(name) => (format!("the table {name:?} cannot be read from here"), "table-refusee"),
        R::Function(name) => (format!("the function {name:?} is not offered here"), "fonction-refusee"),
        R::TooBig => {
            let what = "the statement asks for more memory than its share; restrict days or places, or aggregate before joining";
            (what.to_owned(), "memoire-depassee")
        }
        _ => return None,
    };
    Some(format!("{said} ({code})"))
}
