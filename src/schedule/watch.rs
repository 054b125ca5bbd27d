//! The state of the watch-room itself: service, jobs, feeds, editions that wait, deliveries, room on the disk; and what of it asks
//! for a person. `vigie status` prints it, the notices of the service are made from it.

use std::collections::BTreeMap;

use jiff::civil::Date;
use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};
use vigie_reports::input::{FeedState, Freshness};
use vigie_store::{AsOf, FetchRecord, Outcome, Runs};

use crate::build::feeds::{self, Days};
use crate::clock::now;
use crate::delivery;
use crate::error::Error;
use crate::room::Room;
use crate::rows;
use crate::schedule::{self, Service};

/// What is known of the watch-room at an instant.
#[derive(Debug)]
pub struct Watch {
    /// That instant.
    pub at: Timestamp,
    /// The service.
    pub service: Service,
    /// Whether the configuration on the disk is another than that the service runs with.
    pub settings_changed: bool,
    /// Jobs of the schedule, and what became of them.
    pub jobs: Vec<Job>,
    /// Every feed.
    pub feeds: Vec<FeedState>,
    /// Newest edition of a source that waits for a person.
    pub waiting: Vec<Waiting>,
    /// Sources whose newest poll failed, and what it said.
    pub failed_polls: Vec<(String, String)>,
    /// Days of addresses that hold the day, asked for and never received, by source.
    pub missing_files: BTreeMap<String, Vec<Date>>,
    /// The newest bulletin.
    pub bulletin: Option<Bulletin>,
    /// Deliveries whose last try failed.
    pub deliveries: Vec<delivery::Failed>,
    /// Room left on the lake's disk, in MiB; none where the system does not tell.
    pub disk_free_mib: Option<u64>,
    /// Files of the agency's own that are faulty, `file:line: what`.
    pub left_out: Vec<String>,
}

/// A job of the schedule.
#[derive(Debug, Clone, Serialize)]
pub struct Job {
    /// Its name: `build`, `bulletin`, `fetch:tests`…
    pub job: String,
    /// When it last ended, and how: `ok`, `partial` or `failed`.
    pub last: Option<LastRun>,
    /// When it last ended well.
    pub last_success: Option<Timestamp>,
    /// Its next window.
    pub next: Option<Timestamp>,
}

/// How a job last ended.
#[derive(Debug, Clone, Serialize)]
pub struct LastRun {
    /// `ok`, `partial` or `failed`.
    pub outcome: String,
    /// When.
    pub ended_at: Option<Timestamp>,
    /// What was done, or why not.
    pub message: Option<String>,
}

/// An edition that was not applied, and waits for a person.
#[derive(Debug, Clone, Serialize)]
pub struct Waiting {
    /// The source.
    pub source: String,
    /// Id to accept it by.
    pub fetch_id: String,
    /// `held` or `rejected`.
    pub outcome: String,
    /// Its edition time.
    pub issued_at: Option<Timestamp>,
    /// When it came.
    pub recorded_at: Timestamp,
    /// Why, a French sentence.
    pub message: Option<String>,
}

/// The newest bulletin.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Bulletin {
    /// Its id.
    pub bulletin_id: String,
    /// Place it is about.
    pub territory: String,
    /// Monday of its week.
    pub week: jiff::civil::Date,
    /// Its edition.
    pub edition: u32,
    /// When it was published.
    pub published_at: Timestamp,
}

/// What asks for a person.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Problem {
    /// What it is about, the same from one look to the next: `held:tests`, `job:build`, `disk`.
    pub key: String,
    /// What kind it is.
    pub kind: Kind,
    /// A French sentence.
    pub sentence: String,
    /// What the program said, on a line of its own: often English.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub detail: Option<String>,
    /// A command that does something about it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub command: Option<String>,
}

/// Kinds of problems, each with an exit code of `vigie status`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Kind {
    /// An edition waits for a person.
    Waiting,
    /// A source is stale.
    Stale,
    /// A job, a poll or a delivery failed, the service died, or the disk is nearly full.
    Failed,
}

impl Watch {
    /// Looks at a watch-room. The ages of feeds are judged as of `as_of`, all else as it is now.
    ///
    /// # Errors
    /// [`Error::Query`], [`Error::Store`] when the lake cannot be read.
    pub async fn of(room: &Room, as_of: AsOf, days: Days<'_>) -> Result<Self, Error> {
        let at = now();
        let ctx = room.session(AsOf::everything())?;
        let then = room.session(as_of)?;
        let feeds = feeds::states(room, &then, as_of, days).await?;
        let missing_files = crate::fetch::missing_files(&then, as_of.recorded).await?;
        let service = schedule::service(room);
        let settings_changed = match &service {
            Service::Running(Some(note)) => note.settings != schedule::fingerprint(room),
            _ => false,
        };
        let (mut waiting, mut failed_polls) = (Vec::new(), Vec::new());
        for (source, polls) in room.lake.polls(AsOf::everything()).await? {
            let is_waiting = |poll: &FetchRecord| matches!(poll.outcome, Outcome::Held | Outcome::Rejected);
            if let Some(poll) = polls.brought.filter(is_waiting) {
                waiting.push(Waiting {
                    source: source.clone(),
                    fetch_id: poll.fetch_id,
                    outcome: poll.outcome.as_str().to_owned(),
                    issued_at: poll.issued_at,
                    recorded_at: poll.recorded_at,
                    message: poll.message,
                });
            }
            if let Some(poll) = polls.last.filter(|poll| poll.outcome == Outcome::Failed) {
                failed_polls.push((source, poll.message.unwrap_or_default()));
            }
        }
        let query = "select bulletin_id, territory, week, edition, recorded_at as published_at from bulletins
                     order by recorded_at desc, bulletin_id limit 1";
        let bulletin = rows::read::<Bulletin>(&ctx, query).await?.pop();
        Ok(Self {
            at,
            service,
            settings_changed,
            jobs: jobs(room, at).await?,
            feeds,
            waiting,
            failed_polls,
            missing_files,
            bulletin,
            deliveries: delivery::failed(room).await?,
            disk_free_mib: disk_free_mib(room),
            left_out: room
                .left_out
                .iter()
                .filter(|fault| room.vocabulary.is_own(&fault.file))
                .map(ToString::to_string)
                .collect(),
        })
    }

    /// What asks for a person, the most urgent kind first.
    #[must_use]
    pub fn problems(&self, room: &Room) -> Vec<Problem> {
        let mut found = Vec::new();
        let mut add =
            |key: String, kind, sentence: String, detail: Option<String>, command: Option<String>| {
                found.push(Problem { key, kind, sentence, detail, command });
            };
        for edition in &self.waiting {
            let Waiting { source, fetch_id, outcome, .. } = edition;
            let (sentence, command) = match outcome.as_str() {
                "held" => (
                    format!("Une édition de {source} est retenue et attend une décision."),
                    format!("vigie accept {fetch_id} --by NOM --reason TEXTE"),
                ),
                _ => (
                    format!(
                        "La dernière édition de {source} est refusée : son fichier ne suit pas le contrat."
                    ),
                    format!("vigie findings show {fetch_id}"),
                ),
            };
            add(
                format!("{outcome}:{source}"),
                Kind::Waiting,
                sentence,
                edition.message.clone(),
                Some(command),
            );
        }
        for feed in self.feeds.iter().filter(|feed| feed.state == Freshness::Stale) {
            let days = feed.age_hours.unwrap_or_default() / 24.0;
            let sentence =
                format!("La source {} est périmée : dernière édition il y a {}.", feed.source, jours(days));
            add(format!("stale:{}", feed.source), Kind::Stale, sentence, None, None);
        }
        if let Service::Died(note) = &self.service {
            let sentence = format!(
                "Le service s’est arrêté sans prévenir (processus {} sur {}, en marche depuis le {}).",
                note.pid,
                note.host,
                crate::calendar::instant_fr(note.since)
            );
            add("service".into(), Kind::Failed, sentence, None, Some("vigie run".into()));
        }
        for job in &self.jobs {
            // Deliveries and polls are told below, each by itself.
            let Some(last) = &job.last else { continue };
            if last.outcome == "ok" || job.job == "send" || job.job.starts_with("fetch:") {
                continue;
            }
            let name = schedule::name_fr(&job.job);
            let sentence = match last.outcome.as_str() {
                "partial" => {
                    format!("{name} : terminé, mais des fichiers en défaut ont été laissés de côté.")
                }
                _ => format!("{name} : échec."),
            };
            let command = (last.outcome == "partial").then(|| "vigie config check".to_owned());
            add(format!("job:{}", job.job), Kind::Failed, sentence, last.message.clone(), command);
        }
        if !self.left_out.is_empty() {
            let sentence = "Des fichiers du vocabulaire sont en défaut et laissés de côté.".to_owned();
            let command = Some("vigie config check".to_owned());
            add("vocabulary".into(), Kind::Failed, sentence, Some(self.left_out.join("\n")), command);
        }
        for (source, message) in &self.failed_polls {
            let sentence = format!("Le dernier relevé de {source} a échoué.");
            add(format!("poll:{source}"), Kind::Failed, sentence, Some(message.clone()), None);
        }
        for failed in &self.deliveries {
            let sentence = format!(
                "envoi en échec : {} → {} ({} ; bulletin {})",
                failed.target, failed.address, failed.message, failed.bulletin_id
            );
            let command = Some(format!("vigie send --target {}", failed.target));
            add(
                format!("delivery:{}:{}", failed.target, failed.address),
                Kind::Failed,
                sentence,
                None,
                command,
            );
        }
        if let Some(free) = self.disk_free_mib.filter(|free| *free < room.config.notify.disk_free_min_mib) {
            let sentence = format!("Le disque du lac est presque plein : il reste {free} Mio.");
            add("disk".into(), Kind::Failed, sentence, None, None);
        }
        found
    }
}

/// Exit code of `vigie status`: 3 an edition waits, else 4 a source is stale, else 5 something failed, else 0.
#[must_use]
pub fn exit_code(problems: &[Problem]) -> u8 {
    let any = |kind| problems.iter().any(|problem| problem.kind == kind);
    match (any(Kind::Waiting), any(Kind::Stale), any(Kind::Failed)) {
        (true, ..) => 3,
        (_, true, _) => 4,
        (.., true) => 5,
        _ => 0,
    }
}

fn jours(days: f64) -> String {
    if days < 2.0 { format!("{:.0} h", days * 24.0) } else { format!("{days:.0} jours") }
}

/// Jobs of the schedule with their last runs, and others that ran since.
async fn jobs(room: &Room, at: Timestamp) -> Result<Vec<Job>, Error> {
    let mut runs = room.lake.runs().await?;
    let job = |job: String, runs: Runs, next| Job {
        job,
        last: runs.last.map(|run| LastRun { ended_at: run.at(), outcome: run.outcome, message: run.message }),
        last_success: runs.success.and_then(|run| run.at()),
        next,
    };
    let mut found = Vec::new();
    for (name, timetable) in schedule::timetables(room)? {
        let known = runs.remove(&name).unwrap_or_default();
        found.push(job(name, known, timetable.next_after(at)));
    }
    // A source that is polled no more, or was only loaded from files, is no job.
    let is_poll = |name: &str| name.starts_with("fetch:") || name.starts_with("again:");
    let others = runs.into_iter().filter(|(name, _)| !is_poll(name));
    found.extend(others.map(|(name, known)| job(name, known, None)));
    Ok(found)
}

/// Room left on the disk of the lake for this user, in MiB.
fn disk_free_mib(room: &Room) -> Option<u64> {
    let disk = rustix::fs::statvfs(room.lake.root()).ok()?;
    Some(disk.f_bavail.saturating_mul(disk.f_frsize) >> 20)
}

/// How long a problem must be gone before it counts as ended.
pub const GONE_FOR: SignedDuration = SignedDuration::from_mins(15);
