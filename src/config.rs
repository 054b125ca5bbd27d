//! The configuration: one TOML file, every key optional.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::time::Duration;

use jiff::SignedDuration;
use serde::Deserialize;
use vigie_ingest::FetchPolicy;
use vigie_queries::{Place, Vocabulary};

use crate::error::Error;

/// What an agency decides.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Config {
    /// Folder of the lake; relative to the file.
    pub lake: PathBuf,
    /// Folder that overlays the vocabulary (contracts, queries, rules); relative to the file.
    pub vocabulary: Option<PathBuf>,
    /// Territory of the bulletin.
    pub territory: Place,
    /// Who signs the bulletin.
    pub agency: Agency,
    /// Daily build and weekly bulletin.
    pub schedule: Schedule,
    /// Patience with feeds.
    pub fetch: Fetch,
    /// Where bulletins go; relative to the file.
    pub bulletins: PathBuf,
    /// Memory for queries, in MiB.
    pub memory_mib: usize,
    /// What differs from the contract, by source.
    pub sources: BTreeMap<String, Source>,
}

/// Who signs the bulletin.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Agency {
    /// Name printed in the header.
    pub name: Option<String>,
    /// Lines of the contact block.
    pub contact: Vec<String>,
}

/// Daily build and weekly bulletin, as cron patterns read in `time_zone`.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Schedule {
    /// Zone of both patterns.
    pub time_zone: String,
    /// When indicators and alerts are computed.
    pub build: String,
    /// When the bulletin of the last full week is written.
    pub bulletin: String,
    /// Fetches under way at once.
    pub fetches_at_once: usize,
}

/// Patience with feeds.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Fetch {
    /// Longest wait for a connection.
    pub connect_timeout: SignedDuration,
    /// Longest silence in the middle of a body.
    pub read_timeout: SignedDuration,
    /// Longest time for one source, retries included.
    pub total_deadline: SignedDuration,
    /// Tries before giving up.
    pub attempts: u32,
    /// Longest wait for another process that writes the same source.
    pub lock_wait: SignedDuration,
}

/// What differs from the contract of a source.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Source {
    /// Address of the feed; `{date}` stands for the day.
    pub url: Option<String>,
    /// Cron pattern of the polls.
    pub cron: Option<String>,
    /// Whether it is polled at all.
    pub enabled: Option<bool>,
}

impl Default for Config {
    fn default() -> Self {
        Self {
            lake: PathBuf::from("lake"),
            vocabulary: None,
            territory: Place::region("76"),
            agency: Agency::default(),
            schedule: Schedule::default(),
            fetch: Fetch::default(),
            bulletins: PathBuf::from("bulletins"),
            memory_mib: 2048,
            sources: BTreeMap::new(),
        }
    }
}

impl Default for Schedule {
    fn default() -> Self {
        Self {
            time_zone: "Europe/Paris".into(),
            build: "30 6 * * *".into(),
            bulletin: "0 9 * * THU".into(),
            fetches_at_once: 4,
        }
    }
}

impl Default for Fetch {
    fn default() -> Self {
        Self {
            connect_timeout: SignedDuration::from_secs(10),
            read_timeout: SignedDuration::from_secs(30),
            total_deadline: SignedDuration::from_mins(10),
            attempts: 5,
            lock_wait: SignedDuration::from_mins(2),
        }
    }
}

/// A time to wait; one before now is none.
fn positive(wait: SignedDuration) -> Duration {
    Duration::try_from(wait).unwrap_or(Duration::ZERO)
}

impl Fetch {
    /// Longest wait for another writer of the same source.
    #[must_use]
    pub fn lock_wait(&self) -> Duration {
        positive(self.lock_wait)
    }

    /// The same, as the fetcher wants it.
    #[must_use]
    pub fn policy(&self) -> FetchPolicy {
        FetchPolicy {
            connect_timeout: positive(self.connect_timeout),
            read_timeout: positive(self.read_timeout),
            total_deadline: positive(self.total_deadline),
            attempts: self.attempts,
            ..FetchPolicy::default()
        }
    }
}

impl Config {
    /// Reads a file; paths in it become relative to its folder.
    ///
    /// # Errors
    /// [`Error::Config`] with file, line and what is wrong.
    pub fn read(file: &Path) -> Result<Self, Error> {
        let text =
            std::fs::read_to_string(file).map_err(|source| Error::Read { path: file.to_owned(), source })?;
        Self::parse(file, &text)
    }

    /// Reads the text of a file; paths in it become relative to the file's folder.
    ///
    /// # Errors
    /// [`Error::Config`] with file, line and what is wrong.
    pub fn parse(file: &Path, text: &str) -> Result<Self, Error> {
        let faulty = |offset: usize, what: String| {
            let line = text[..offset.min(text.len())].matches('\n').count() + 1;
            Error::Config { file: file.to_owned(), line, what }
        };
        let mut config: Self = toml::from_str(text).map_err(|fault| {
            faulty(fault.span().map_or(0, |s| s.start), fault.message().replace('\n', " "))
        })?;
        for (name, pattern) in [("build", &config.schedule.build), ("bulletin", &config.schedule.bulletin)] {
            crate::schedule::Timetable::new(pattern, &config.schedule.time_zone)
                .map_err(|what| faulty(text.find(name).unwrap_or(0), format!("schedule.{name}: {what}")))?;
        }
        let folder = file.parent().unwrap_or(Path::new(""));
        config.lake = folder.join(&config.lake);
        config.bulletins = folder.join(&config.bulletins);
        config.vocabulary = config.vocabulary.map(|path| folder.join(path));
        Ok(config)
    }

    /// Checks what only the vocabulary can tell: sources that exist, patterns that read.
    ///
    /// # Errors
    /// [`Error::Config`] naming the source.
    pub fn check_sources(&self, file: &Path, vocabulary: &Vocabulary) -> Result<(), Error> {
        for (name, source) in &self.sources {
            let faulty = |what: String| {
                let text = std::fs::read_to_string(file).unwrap_or_default();
                let offset = text.find(&format!("[sources.{name}]")).unwrap_or(0);
                Error::Config { file: file.to_owned(), line: text[..offset].matches('\n').count() + 1, what }
            };
            let Some(contract) = vocabulary.contract(name) else {
                let known: Vec<&str> = vocabulary.contracts().map(|c| c.name()).collect();
                return Err(faulty(format!("no source is named {name:?}; known: {}", known.join(", "))));
            };
            if let Some(cron) = &source.cron {
                crate::schedule::Timetable::new(cron, contract.cadence.time_zone.get_ref())
                    .map_err(|what| faulty(format!("sources.{name}.cron: {what}")))?;
            }
        }
        Ok(())
    }
}

/// The file that `vigie init` writes.
pub const TEMPLATE: &str = include_str!("vigie.toml.in");

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_template_reads_and_says_the_defaults() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("vigie.toml");
        std::fs::write(&file, TEMPLATE.replace("@TERRITORY@", "region:76")).unwrap();
        let config = Config::read(&file).unwrap();
        assert_eq!(config.schedule.bulletin, Schedule::default().bulletin);
        assert_eq!(config.schedule.build, Schedule::default().build);
        assert_eq!(config.fetch.attempts, Fetch::default().attempts);
        assert_eq!(config.lake, folder.path().join("lake"));
        config.check_sources(&file, &Vocabulary::embedded().unwrap()).unwrap();
    }

    #[test]
    fn a_fault_names_file_and_line() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("vigie.toml");
        std::fs::write(&file, "lake = \"l\"\n\n[schedule]\nbulletin = \"every day\"\n").unwrap();
        let said = Config::read(&file).unwrap_err().to_string();
        assert!(said.contains("vigie.toml:4: schedule.bulletin"), "{said}");
        std::fs::write(&file, "lake = \"l\"\nlaek = 3\n").unwrap();
        let said = Config::read(&file).unwrap_err().to_string();
        assert!(said.contains("vigie.toml:2: unknown field `laek`"), "{said}");
        std::fs::write(&file, "[sources.nowhere]\nurl = \"http://x\"\n").unwrap();
        let config = Config::read(&file).unwrap();
        let said = config.check_sources(&file, &Vocabulary::embedded().unwrap()).unwrap_err().to_string();
        assert!(said.contains("no source is named \"nowhere\""), "{said}");
    }
}
