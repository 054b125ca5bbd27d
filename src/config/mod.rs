//! The configuration: one TOML file, every key optional.

pub(crate) mod lines;
pub(crate) mod mailbox;
pub mod secret;
pub mod serve;
pub mod source;
pub mod theme;
pub(crate) mod values;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::time::Duration;

use jiff::SignedDuration;
use serde::Deserialize;
use vigie_ingest::FetchPolicy;
use vigie_queries::{Place, Vocabulary};
use vigie_transform::QueryFault;

use crate::config::lines::{Places, line_of};
use crate::config::secret::SecretPlace;
use crate::config::serve::Serve;
pub use crate::config::source::Source;
use crate::error::Error;

/// What an agency decides.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Config {
    /// Folder of the lake; relative to the file.
    pub lake: PathBuf,
    /// Folder that overlays the vocabulary (contracts, queries, rules); relative to the file.
    pub vocabulary: Option<PathBuf>,
    /// Folder of the agency's own look (`bulletin.typ`, `bulletin.css`, `logo.svg`); relative to the file.
    pub theme: Option<PathBuf>,
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
    /// Who receives bulletins, one block a target.
    pub send: Vec<Target>,
    /// The mail server.
    pub smtp: Smtp,
    /// Patience with targets.
    pub delivery: Delivery,
    /// Who hears of what goes wrong.
    pub notify: Notify,
    /// Memory for queries, in MiB.
    pub memory_mib: usize,
    /// SQL for analysts.
    pub serve: Serve,
    /// The open-data package.
    pub publish: Publish,
    /// The copy of the lake that the service keeps.
    pub backup: Backup,
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

/// What the open-data package says of itself, besides the agency's name and contact.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Publish {
    /// Title.
    pub title: Option<String>,
    /// Address under which the package will be found.
    pub base_url: Option<String>,
}

/// The copy of the lake that the service keeps.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Backup {
    /// Its folder, best on another disk; relative to the file. None: no backup by the service.
    pub folder: Option<PathBuf>,
}

/// Daily build and weekly bulletin, as cron patterns read in `time_zone`.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Schedule {
    /// Zone of all patterns.
    pub time_zone: String,
    /// When indicators and alerts are computed.
    pub build: String,
    /// When the bulletin of the last full week is written.
    pub bulletin: String,
    /// When the files of days, months and years that are over are merged.
    pub compact: String,
    /// When a seventh of the files is read again.
    pub verify: String,
    /// When the backup is brought up to date, if there is one.
    pub backup: String,
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

/// A target of bulletins: a list of mail addresses, a folder or a web address.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Target {
    /// Its name, in the table `deliveries`.
    pub name: String,
    /// Territory whose bulletins it gets; that of the configuration when none.
    pub territory: Option<Place>,
    /// Mail addresses; each gets a mail of its own.
    pub to: Vec<String>,
    /// Folder that gets every file; relative to the file.
    pub folder: Option<PathBuf>,
    /// Web address that gets every file by PUT; `{file}` stands for its name.
    pub url: Option<String>,
    /// What a mail carries.
    pub attach: Attach,
}

/// What a mail carries.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Attach {
    /// The whole bulletin.
    #[default]
    Pdf,
    /// Its first page for a telephone.
    A5,
}

/// The mail server. Its password is never in this file.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Smtp {
    /// Its name.
    pub host: String,
    /// Its port; that of the kind of security when none.
    pub port: Option<u16>,
    /// How the connection is protected.
    pub security: Security,
    /// Certificate (PEM) of an authority of the agency's own.
    pub certificate: Option<PathBuf>,
    /// Who signs in, if anybody.
    pub user: Option<String>,
    /// File whose first line is the password, `credential:NAME` or `env:NAME`.
    pub password_file: Option<SecretPlace>,
    /// Sender of the mails.
    pub from: String,
    /// Largest attachment, in KiB; beyond, the mail holds a link.
    pub attachment_max_kib: u32,
    /// Address under which the folder of bulletins is served.
    pub link: Option<String>,
}

/// How the connection to the mail server is protected.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Security {
    /// TLS after a greeting in clear, required.
    #[default]
    StartTls,
    /// TLS from the first byte.
    Tls,
    /// None: for a relay on the same machine.
    None,
}

/// Patience with targets.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Delivery {
    /// Tries before a delivery is left for the next time.
    pub attempts: u32,
    /// Pause before the second try; each further one is three times as long.
    pub retry_after: SignedDuration,
    /// Longest wait for an answer of the mail server.
    pub timeout: SignedDuration,
}

/// Who hears of what goes wrong in the watch-room, by mail.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Notify {
    /// Mail addresses; nobody when empty.
    pub to: Vec<String>,
    /// How long after a mail another one reminds of what is still wrong.
    pub remind_after: SignedDuration,
    /// Room on the disk of the lake below which something is wrong, in MiB.
    pub disk_free_min_mib: u64,
}

impl Default for Notify {
    fn default() -> Self {
        Self { to: Vec::new(), remind_after: SignedDuration::from_hours(24), disk_free_min_mib: 1024 }
    }
}

impl Default for Smtp {
    fn default() -> Self {
        Self {
            host: "localhost".into(),
            port: None,
            security: Security::default(),
            certificate: None,
            user: None,
            password_file: None,
            from: "Vigie <vigie@localhost>".into(),
            attachment_max_kib: 8 * 1024,
            link: None,
        }
    }
}

impl Default for Delivery {
    fn default() -> Self {
        Self {
            attempts: 4,
            retry_after: SignedDuration::from_secs(10),
            timeout: SignedDuration::from_secs(30),
        }
    }
}

impl Smtp {
    /// The password: first line of its file, else the variable `VIGIE_SMTP_PASSWORD`.
    ///
    /// # Errors
    /// A sentence saying where it was looked for.
    pub fn password(&self) -> Result<String, String> {
        let Some(place) = &self.password_file else {
            return std::env::var("VIGIE_SMTP_PASSWORD").map_err(|_| {
                "no password: neither smtp.password_file nor VIGIE_SMTP_PASSWORD is set".into()
            });
        };
        Ok(place.read()?.expose().to_owned())
    }
}

impl Target {
    /// The key that is at fault and what is wrong, if anything.
    fn fault(&self) -> Option<(&'static str, String)> {
        let kinds = [!self.to.is_empty(), self.folder.is_some(), self.url.is_some()];
        if self.name.is_empty() {
            Some(("name", "send: a target needs a name".into()))
        } else if kinds.iter().filter(|is_set| **is_set).count() != 1 {
            Some(("name", format!("send {:?}: exactly one of to, folder and url is expected", self.name)))
        } else if self
            .url
            .as_ref()
            .is_some_and(|url| !url.starts_with("http://") && !url.starts_with("https://"))
        {
            Some(("url", format!("send {:?}: url starts with http:// or https://", self.name)))
        } else {
            self.to
                .iter()
                .find(|address| address.parse::<crate::config::mailbox::Mailbox>().is_err())
                .map(|address| ("to", format!("send {:?}: {address:?} is no mail address", self.name)))
        }
    }
}

impl Default for Config {
    fn default() -> Self {
        Self {
            lake: PathBuf::from("lake"),
            vocabulary: None,
            theme: None,
            territory: Place::region("76"),
            agency: Agency::default(),
            schedule: Schedule::default(),
            fetch: Fetch::default(),
            bulletins: PathBuf::from("bulletins"),
            send: Vec::new(),
            smtp: Smtp::default(),
            delivery: Delivery::default(),
            notify: Notify::default(),
            memory_mib: 2048,
            serve: Serve::default(),
            publish: Publish::default(),
            backup: Backup::default(),
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
            // After midnight UTC in summer and winter, and not in the hour that clocks change.
            compact: "15 3 * * *".into(),
            verify: "15 4 * * *".into(),
            backup: "15 7 * * *".into(),
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
pub(crate) fn positive(wait: SignedDuration) -> Duration {
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
    /// What a query may hold in memory, in bytes.
    #[must_use]
    pub fn memory_bytes(&self) -> usize {
        self.memory_mib.max(64) << 20
    }

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
        let places = Places::of(text);
        let faulty = |path: &[&str], what: String| Error::Config {
            file: file.to_owned(),
            line: places.line(path),
            what,
        };
        let mut config: Self = toml::from_str(text).map_err(|fault| {
            let (span, what) = vigie_queries::toml_fault(text, &fault);
            Error::Config { file: file.to_owned(), line: line_of(text, span.start), what }
        })?;
        if jiff::tz::TimeZone::get(&config.schedule.time_zone).is_err() {
            let what = format!(
                "schedule.time_zone: {:?} is no time zone; expected an IANA name such as Europe/Paris",
                config.schedule.time_zone
            );
            return Err(faulty(&["schedule", "time_zone"], what));
        }
        let schedule = &config.schedule;
        for (name, pattern) in [
            ("build", &schedule.build),
            ("bulletin", &schedule.bulletin),
            ("compact", &schedule.compact),
            ("verify", &schedule.verify),
            ("backup", &schedule.backup),
        ] {
            crate::timetable::Timetable::new(pattern, &config.schedule.time_zone)
                .map_err(|what| faulty(&["schedule", name], format!("schedule.{name}: {what}")))?;
        }
        let mut names: Vec<&str> = Vec::new();
        for (place, target) in config.send.iter().enumerate() {
            let twice = names
                .contains(&target.name.as_str())
                .then(|| ("name", format!("send {:?} stands twice", target.name)));
            if let Some((key, what)) = target.fault().or(twice) {
                return Err(faulty(&["send", &place.to_string(), key], what));
            }
            names.push(&target.name);
        }
        let is_address = |text: &str| text.parse::<crate::config::mailbox::Mailbox>().is_ok();
        if let Some(place) = config.notify.to.iter().position(|address| !is_address(address)) {
            let what = format!("notify.to: {:?} is no mail address", config.notify.to[place]);
            return Err(faulty(&["notify", "to", &place.to_string()], what));
        }
        if (!config.notify.to.is_empty() || config.send.iter().any(|target| !target.to.is_empty()))
            && config.smtp.from.parse::<crate::config::mailbox::Mailbox>().is_err()
        {
            let what = format!("smtp.from: {:?} is no mail address", config.smtp.from);
            return Err(faulty(&["smtp", "from"], what));
        }
        let folder = file.parent().unwrap_or(Path::new(""));
        config.lake = folder.join(&config.lake);
        config.bulletins = folder.join(&config.bulletins);
        config.vocabulary = config.vocabulary.map(|path| folder.join(path));
        config.theme = config.theme.map(|path| folder.join(path));
        config.smtp.certificate = config.smtp.certificate.map(|path| folder.join(path));
        config.smtp.password_file.iter_mut().for_each(|place| place.rooted(folder));
        for target in &mut config.send {
            target.folder = target.folder.take().map(|path| folder.join(path));
        }
        config.sources.values_mut().for_each(|source| source.rooted(folder));
        config.backup.folder = config.backup.folder.map(|path| folder.join(path));
        config.serve.rooted(folder);
        if let Some(what) = config.serve.fault() {
            return Err(faulty(&["serve", "memory_total_mib"], what));
        }
        config.serve.users().map_err(|what| faulty(&["serve", "users"], what))?;
        Ok(config)
    }

    /// Checks what only the vocabulary can tell: sources that exist, patterns that read. A source whose own contract was left out
    /// as faulty is passed over: that fault is told by itself.
    ///
    /// # Errors
    /// [`Error::Config`] naming the source.
    pub fn check_sources(
        &self,
        file: &Path,
        vocabulary: &Vocabulary,
        left_out: &[QueryFault],
    ) -> Result<(), Error> {
        let text = std::fs::read_to_string(file).unwrap_or_default();
        let places = Places::of(&text);
        for (name, source) in &self.sources {
            let faulty = |key: &str, what: String| Error::Config {
                file: file.to_owned(),
                line: places.line(&["sources", name, key]),
                what,
            };
            let Some(contract) = vocabulary.contract(name) else {
                if left_out.iter().any(|fault| fault.file == format!("sources/{name}.toml")) {
                    continue;
                }
                let known: Vec<&str> = vocabulary.contracts().map(|c| c.name()).collect();
                let what = match vigie_queries::nearest(name, known.iter().copied()) {
                    Some(meant) => format!("no source is named {name:?}; was {meant:?} meant?"),
                    None => format!("no source is named {name:?}; known: {}", known.join(", ")),
                };
                return Err(faulty("", what));
            };
            if let Some(fault) = source.fault() {
                return Err(faulty("", format!("sources.{name}: {fault}")));
            }
            if let Some(cron) = &source.cron {
                crate::timetable::Timetable::new(cron, contract.cadence.time_zone.get_ref())
                    .map_err(|what| faulty("cron", format!("sources.{name}.cron: {what}")))?;
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
        config.check_sources(&file, &Vocabulary::embedded().unwrap(), &[]).unwrap();
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
        let target = "[[send]]\nname = \"crise\"\nto = [\"pas une adresse\"]\n";
        std::fs::write(&file, target).unwrap();
        let said = Config::read(&file).unwrap_err().to_string();
        assert!(
            said.contains("vigie.toml:3: send \"crise\": \"pas une adresse\" is no mail address"),
            "{said}"
        );
        std::fs::write(&file, "[[send]]\nname = \"x\"\nfolder = \"f\"\nurl = \"https://e.org\"\n").unwrap();
        let said = Config::read(&file).unwrap_err().to_string();
        assert!(said.contains("exactly one of to, folder and url"), "{said}");
        std::fs::write(&file, "[sources.nowhere]\nurl = \"http://x\"\n").unwrap();
        let config = Config::read(&file).unwrap();
        let said =
            config.check_sources(&file, &Vocabulary::embedded().unwrap(), &[]).unwrap_err().to_string();
        assert!(said.contains("no source is named \"nowhere\""), "{said}");
    }
}
