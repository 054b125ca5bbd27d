//! The watch-room: configuration, vocabulary and lake, opened together.

use std::io::IsTerminal as _;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use datafusion::prelude::SessionContext;
use jiff::Timestamp;
use vigie_queries::{Contract, Vocabulary};
use vigie_reports::input::Theme;
use vigie_store::{AsOf, Lake, SessionOptions, TableSpec, tables};

use crate::cli::Global;
use crate::config::Config;
use crate::error::Error;

/// Configuration, vocabulary and lake.
#[derive(Debug, Clone)]
pub struct Room {
    /// What the agency decides.
    pub config: Config,
    /// Contracts, queries, rules.
    pub vocabulary: Arc<Vocabulary>,
    /// The look of bulletins.
    pub theme: Theme,
    /// The lake.
    pub lake: Lake,
    /// How much is said on standard error.
    pub talk: Talk,
}

/// How much is said on standard error.
#[derive(Debug, Clone, Copy)]
pub struct Talk {
    /// Only errors.
    pub quiet: bool,
    /// Whether a person is looking (progress bars, tables in boxes).
    pub terminal: bool,
}

impl Talk {
    /// As the options and the terminal say.
    #[must_use]
    pub fn new(global: &Global) -> Self {
        Self { quiet: global.quiet, terminal: std::io::stderr().is_terminal() && !global.quiet }
    }

    /// A line for people, unless they asked for silence.
    pub fn say(&self, line: &str) {
        if !self.quiet {
            eprintln!("{line}");
        }
    }
}

/// The configuration and vocabulary that a command works with, and the file they came from.
///
/// # Errors
/// [`Error::Config`], [`Error::Vocabulary`].
pub fn settings(global: &Global) -> Result<(Config, Vocabulary, Option<PathBuf>), Error> {
    let beside = Path::new("vigie.toml");
    let file = global.config.clone().or_else(|| beside.is_file().then(|| beside.to_owned()));
    let mut config = match &file {
        Some(file) => Config::read(file)?,
        None => Config::default(),
    };
    if let Some(lake) = &global.lake {
        config.lake.clone_from(lake);
    }
    let vocabulary = match &config.vocabulary {
        Some(folder) => Vocabulary::with_overlay(folder)?,
        None => Vocabulary::embedded()?,
    };
    if let Some(file) = &file {
        config.check_sources(file, &vocabulary)?;
    }
    Ok((config, vocabulary, file))
}

impl Room {
    /// Opens everything a command needs; the lake is created when absent.
    ///
    /// # Errors
    /// As [`settings`], and [`Error::Store`] when the lake cannot be opened; [`Error::Usage`] when no lake is named.
    pub fn open(global: &Global) -> Result<Self, Error> {
        let (config, vocabulary, file) = settings(global)?;
        if file.is_none() && global.lake.is_none() {
            return Err(Error::Usage(
                "no lake is named: give --lake DIR, or make a configuration with `vigie init DIR`".into(),
            ));
        }
        let theme = config.theme.as_deref().map(crate::theme::read).transpose()?.unwrap_or_default();
        let lake = Lake::open(&config.lake)?;
        Ok(Self { theme, config, vocabulary: Arc::new(vocabulary), lake, talk: Talk::new(global) })
    }

    /// The contract of a source.
    ///
    /// # Errors
    /// [`Error::Usage`] naming the known ones.
    pub fn contract(&self, source: &str) -> Result<&Contract, Error> {
        self.vocabulary.contract(source).ok_or_else(|| {
            let known: Vec<&str> = self.vocabulary.contracts().map(Contract::name).collect();
            Error::Usage(format!("no source is named {source:?}; known: {}", known.join(", ")))
        })
    }

    /// Address of a source, as configured, else as its contract says; `{date}` still in it.
    #[must_use]
    pub fn url(&self, contract: &Contract) -> Option<String> {
        let configured = self.config.sources.get(contract.name());
        if configured.and_then(|source| source.enabled) == Some(false) {
            return None;
        }
        configured.and_then(|source| source.url.clone()).or_else(|| contract.feed.url.clone())
    }

    /// Cron pattern of the polls of a source, as configured, else as its contract says.
    #[must_use]
    pub fn cron(&self, contract: &Contract) -> String {
        let configured = self.config.sources.get(contract.name()).and_then(|source| source.cron.clone());
        configured.unwrap_or_else(|| contract.cadence.cron.get_ref().clone())
    }

    /// Every table of the lake: sources, then what Vigie writes itself.
    #[must_use]
    pub fn tables(&self) -> Vec<TableSpec> {
        self.vocabulary.contracts().map(TableSpec::of).chain(tables::all()).collect()
    }

    /// A session as of a time, within the memory the configuration allows: the tables of the lake and the views of their
    /// revisions.
    ///
    /// # Errors
    /// [`Error::Store`], [`Error::Transform`].
    pub fn session(&self, as_of: AsOf) -> Result<SessionContext, Error> {
        let memory_limit = Some(self.config.memory_bytes());
        let options = SessionOptions { memory_limit, ..SessionOptions::default() };
        let ctx = self.lake.session_with(as_of, &self.tables(), options)?;
        vigie_transform::register_revisions(&ctx, &self.vocabulary, as_of.issued)?;
        Ok(ctx)
    }

    /// The present, as the lake knows it: a clock that was set back hides nothing that is recorded.
    ///
    /// # Errors
    /// [`Error::Store`] when the lake cannot be read.
    pub fn now(&self) -> Result<Timestamp, Error> {
        Ok(self.lake.present(crate::clock::now())?)
    }

    /// The sources of a lake made by `now`, unless the caller names an earlier publication time.
    #[must_use]
    pub fn as_of(issued: Option<Timestamp>, now: Timestamp) -> AsOf {
        AsOf { issued: issued.unwrap_or(now), recorded: now }
    }
}
