//! The watch-room: configuration, vocabulary and lake, opened together.

use std::io::IsTerminal as _;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use datafusion::prelude::SessionContext;
use jiff::Timestamp;
use vigie_queries::{Contract, GeoType, Place, Vocabulary};
use vigie_reports::input::Theme;
use vigie_store::{AsOf, Lake, SessionOptions, TableSpec, tables};
use vigie_transform::QueryFault;

use crate::cli::{Global, Territory};
use crate::clock::now;
use crate::config::Config;
use crate::config::lines::Places;
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
    /// The configuration file, where there is one.
    pub file: Option<PathBuf>,
    /// Files of the agency's own that are faulty, and left out.
    pub left_out: Vec<QueryFault>,
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

/// What a command works with, the lake aside.
#[derive(Debug)]
pub struct Settings {
    /// What the agency decides.
    pub config: Config,
    /// Contracts, queries, rules.
    pub vocabulary: Vocabulary,
    /// The configuration file, where there is one.
    pub file: Option<PathBuf>,
    /// Files of the agency's own that are faulty, and left out.
    pub left_out: Vec<QueryFault>,
}

/// The configuration and vocabulary that a command works with, and the file they came from. A faulty file of the vocabulary is
/// left out: one slip must not silence all alerts. `vigie config check` fails on it, and everything else tells it.
///
/// # Errors
/// [`Error::Config`], also when the folder of the vocabulary is not there; [`Error::Vocabulary`] when it cannot be read.
pub fn settings(global: &Global) -> Result<Settings, Error> {
    let beside = Path::new("vigie.toml");
    let file = global.config.clone().or_else(|| beside.is_file().then(|| beside.to_owned()));
    let mut config = match &file {
        Some(file) => Config::read(file)?,
        None => Config::default(),
    };
    if let Some(lake) = &global.lake {
        config.lake.clone_from(lake);
    }
    let (vocabulary, faults) = match &config.vocabulary {
        Some(folder) if !folder.is_dir() => {
            let file = file.unwrap_or_default();
            let text = std::fs::read_to_string(&file).unwrap_or_default();
            let line = Places::of(&text).line(&["vocabulary"]);
            let what = format!("vocabulary: there is no folder {}", folder.display());
            return Err(Error::Config { file, line, what });
        }
        Some(folder) => Vocabulary::with_sound_overlay(folder)?,
        None => (Vocabulary::embedded()?, Vec::new()),
    };
    let left_out: Vec<QueryFault> = faults.into_iter().filter_map(left_out).collect();
    if let Some(file) = &file {
        config.check_sources(file, &vocabulary, &left_out)?;
    }
    Ok(Settings { config, vocabulary, file, left_out })
}

fn left_out(fault: vigie_queries::Error) -> Option<QueryFault> {
    match fault {
        vigie_queries::Error::Faulty { file, line, what } => {
            let name = file.rsplit('/').next().unwrap_or(&file);
            let id = name.rsplit_once('.').map_or(name, |(stem, _)| stem).to_owned();
            Some(QueryFault { id, file, line, what })
        }
        vigie_queries::Error::Unreadable { .. } => None,
    }
}

impl Room {
    /// Merges what has become many since, after a piece of work that wrote to some tables. It never fails the work: what is
    /// left undone is done by the next, or by the night's compaction.
    pub(crate) async fn tidy(&self, tables: &[vigie_store::TableSpec]) -> Vec<vigie_store::Compacted> {
        match self.lake.tidy(tables, now()).await {
            Ok(merged) => merged,
            Err(vigie_store::Error::ReadOnly { .. }) => Vec::new(), // the work itself has reported it
            Err(fault) => {
                tracing::warn!(error = Error::from(fault).report(), "files could not be merged");
                Vec::new()
            }
        }
    }

    /// Opens everything a command needs; the lake is created when absent.
    ///
    /// # Errors
    /// As [`settings`], and [`Error::Store`] when the lake cannot be opened; [`Error::Usage`] when no lake is named.
    pub fn open(global: &Global) -> Result<Self, Error> {
        let Settings { config, vocabulary, file, left_out } = settings(global)?;
        if file.is_none() && global.lake.is_none() {
            return Err(Error::Usage(
                "no lake is named: give --lake DIR, or make a configuration with `vigie init DIR`".into(),
            ));
        }
        let theme = config.theme.as_deref().map(crate::config::theme::read).transpose()?.unwrap_or_default();
        let lake = Lake::open(&config.lake)?;
        // What is built in and left out with a file of one's own is a consequence: its fault is told once.
        for fault in left_out.iter().filter(|fault| vocabulary.is_own(&fault.file)) {
            tracing::error!(file = fault.file, line = fault.line, "left out: {}", fault.what);
        }
        let talk = Talk::new(global);
        Ok(Self { theme, config, vocabulary: Arc::new(vocabulary), lake, talk, file, left_out })
    }

    /// The same settings over an empty lake in a folder, to try them on.
    ///
    /// # Errors
    /// [`Error::Store`] when the folder cannot be written.
    pub fn over_nothing(
        config: &Config,
        vocabulary: &Vocabulary,
        theme: Theme,
        folder: &Path,
    ) -> Result<Self, Error> {
        Ok(Self {
            config: config.clone(),
            vocabulary: Arc::new(vocabulary.clone()),
            theme,
            lake: Lake::open(folder)?,
            talk: Talk { quiet: true, terminal: false },
            file: None,
            left_out: Vec::new(),
        })
    }

    /// The contract of a source.
    ///
    /// # Errors
    /// [`Error::Usage`] naming the known ones.
    pub fn contract(&self, source: &str) -> Result<&Contract, Error> {
        self.vocabulary.contract(source).ok_or_else(|| {
            if let Some(fault) =
                self.left_out.iter().find(|fault| fault.file == format!("sources/{source}.toml"))
            {
                return Error::Usage(fault.to_string());
            }
            let known: Vec<&str> = self.vocabulary.contracts().map(Contract::name).collect();
            Error::Usage(format!("no source is named {source:?}; known: {}", known.join(", ")))
        })
    }

    /// The place that a person means by a territory of the command line; that of the configuration when none is given.
    ///
    /// # Errors
    /// [`Error::Usage`] when a bare code is that of a far region and of a department that this watch-room watches: a bulletin of
    /// the region would be empty, and nobody would say so.
    pub fn territory(&self, given: Option<&Territory>) -> Result<Place, Error> {
        let ours = &self.config.territory;
        let Some(given) = given else { return Ok(ours.clone()) };
        let Some(department) =
            given.or_department.as_ref().filter(|_| self.file.is_some() && given.place != *ours)
        else {
            return Ok(given.place.clone());
        };
        let home =
            vigie_queries::known_departments().get(department.code.as_str()).and_then(|(_, region)| *region);
        let is_ours =
            department == ours || (ours.geo_type == GeoType::Region && home == Some(ours.code.as_str()));
        if !is_ours {
            return Ok(given.place.clone());
        }
        let name = |place: &Place| place.name().to_owned();
        Err(Error::Usage(format!(
            "{} is {} ({}), outside the territory of this configuration, and {} ({}) inside it: write which one is meant",
            department.code,
            name(&given.place),
            given.place,
            name(department),
            department
        )))
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
