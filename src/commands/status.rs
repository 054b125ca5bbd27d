//! `vigie status`: the state of the watch-room, for people on duty and for monitoring.

use comfy_table::{CellAlignment, ContentArrangement, Table, presets};
use jiff::Timestamp;
use serde::Serialize;
use vigie_reports::input::{FeedState, Freshness};

use crate::build::feeds::Days;
use crate::calendar::instant_fr;
use crate::calendar::week_label;
use crate::cli::Global;
use crate::delivery::Failed;
use crate::error::Error;
use crate::output::print_json;
use crate::room::Room;
use crate::schedule::watch::{Bulletin, Job, Problem, Waiting, Watch, exit_code};
use crate::schedule::{Service, name_fr};

/// What `vigie --json status` prints: a contract with scripts.
#[derive(Serialize)]
struct Printed<'a> {
    at: Timestamp,
    exit_code: u8,
    service: PrintedService,
    last_bulletin: Option<&'a Bulletin>,
    jobs: &'a [Job],
    feeds: Vec<Feed<'a>>,
    waiting: &'a [Waiting],
    deliveries_failed: &'a [Failed],
    disk_free_mib: Option<u64>,
    problems: &'a [Problem],
}

#[derive(Serialize)]
struct PrintedService {
    /// `running`, `stopped` or `died`.
    state: &'static str,
    pid: Option<u32>,
    host: Option<String>,
    since: Option<Timestamp>,
    /// Whether the configuration on the disk is another than that it runs with.
    settings_changed: bool,
}

#[derive(Serialize)]
struct Feed<'a> {
    source: &'a str,
    state: &'static str,
    /// `held` or `rejected` when its newest edition waits for a person.
    waiting: Option<&'a str>,
    /// Whether it is polled.
    is_polled: bool,
    /// Whether it ships with Vigie.
    is_reference: bool,
    last_issued_at: Option<Timestamp>,
    age_hours: Option<f64>,
    last_day: Option<jiff::civil::Date>,
    rows_accepted: u64,
    rows_quarantined: u64,
    last_fetch_outcome: Option<&'a str>,
    last_fetch_message: Option<&'a str>,
    /// Days of an address that holds the day, asked for and never received.
    #[serde(skip_serializing_if = "<[_]>::is_empty")]
    missing_files: &'a [jiff::civil::Date],
}

/// Prints the state of the watch-room, and on standard error what asks for a person; exit code 3 when an edition waits, else 4 when
/// a feed that has been received is stale, else 5 when something failed.
pub(super) async fn run(global: &Global, as_of: Option<Timestamp>) -> Result<u8, Error> {
    let room = Room::open(global)?;
    let as_of = Room::as_of(as_of, room.now()?);
    let watch = Watch::of(&room, as_of, Days::LookedUp).await?;
    let problems = watch.problems(&room);
    let code = exit_code(&problems);
    if global.json {
        print_json(&Printed {
            at: watch.at,
            exit_code: code,
            service: service(&watch),
            last_bulletin: watch.bulletin.as_ref(),
            jobs: &watch.jobs,
            feeds: watch.feeds.iter().map(|feed| of_feed(&room, &watch, feed)).collect(),
            waiting: &watch.waiting,
            deliveries_failed: &watch.deliveries,
            disk_free_mib: watch.disk_free_mib,
            problems: &problems,
        })?;
        return Ok(code);
    }
    print(&room, &watch);
    for problem in &problems {
        eprintln!("{}", problem.sentence);
        for line in problem.detail.iter().flat_map(|detail| detail.lines()) {
            eprintln!("    {line}");
        }
        if let Some(command) = &problem.command {
            eprintln!("    → {command}");
        }
    }
    Ok(code)
}

fn service(watch: &Watch) -> PrintedService {
    let (state, note) = match &watch.service {
        Service::Stopped => ("stopped", None),
        Service::Running(note) => ("running", note.as_ref()),
        Service::Died(note) => ("died", Some(note)),
    };
    PrintedService {
        state,
        pid: note.map(|note| note.pid),
        host: note.map(|note| note.host.clone()),
        since: note.map(|note| note.since),
        settings_changed: watch.settings_changed,
    }
}

fn print(room: &Room, watch: &Watch) {
    let service = match &watch.service {
        Service::Stopped => "arrêté".to_owned(),
        Service::Running(None) => "en marche".to_owned(),
        Service::Running(Some(note)) => {
            format!(
                "en marche depuis le {} (processus {} sur {})",
                instant_fr(note.since),
                note.pid,
                note.host
            )
        }
        Service::Died(note) => format!("arrêté sans prévenir (processus {} sur {})", note.pid, note.host),
    };
    println!("{:<15} {service}", "Service");
    if watch.settings_changed {
        println!("{:<15} la configuration du disque a changé depuis : elle vaudra au prochain démarrage", "");
    }
    for job in watch.jobs.iter().filter(|job| !job.job.starts_with("fetch:")) {
        println!("{:<15} {}", name_fr(&job.job), of_job(job));
    }
    if let Some(bulletin) = &watch.bulletin {
        println!(
            "{:<15} {} {}, édition {}, du {}",
            "Dernier publié",
            bulletin.territory,
            week_label(bulletin.week),
            bulletin.edition,
            instant_fr(bulletin.published_at)
        );
    }
    let polls = watch.jobs.iter().filter(|job| job.job.starts_with("fetch:"));
    if let Some((at, job)) = polls.filter_map(|job| Some((job.next?, job))).min_by_key(|(at, _)| *at) {
        println!("{:<15} {} ({})", "Prochain relevé", instant_fr(at), job.job.trim_start_matches("fetch:"));
    }
    if let Some(free) = watch.disk_free_mib {
        println!("{:<15} {free} Mio libres", "Disque");
    }

    let mut table = Table::new();
    table.load_preset(presets::UTF8_FULL_CONDENSED).set_content_arrangement(ContentArrangement::Disabled);
    table.set_header([
        "flux",
        "état",
        "édition",
        "âge",
        "dernier jour",
        "lignes",
        "de côté",
        "dernier relevé",
    ]);
    for column in [3, 5, 6] {
        if let Some(column) = table.column_mut(column) {
            column.set_cell_alignment(CellAlignment::Right);
        }
    }
    let mut never = Vec::new();
    for feed in &watch.feeds {
        let row = of_feed(room, watch, feed);
        if feed.state == Freshness::Absent && !row.is_polled && row.last_fetch_outcome.is_none() {
            never.push(row.source);
            continue;
        }
        table.add_row([
            row.source.to_owned(),
            state(&row, feed.state).to_owned(),
            row.last_issued_at.map(instant_fr).unwrap_or_default(),
            row.age_hours.filter(|_| !row.is_reference).map(age).unwrap_or_default(),
            row.last_day.map(|day| day.to_string()).unwrap_or_default(),
            row.rows_accepted.to_string(),
            row.rows_quarantined.to_string(),
            row.last_fetch_outcome.map(outcome).unwrap_or_default().to_owned(),
        ]);
    }
    if !table.is_empty() {
        println!("{table}");
    }
    for (source, days) in &watch.missing_files {
        println!("{source} : jamais reçu de l’éditeur, fichier du {}", crate::fetch::listed(days));
    }
    if !never.is_empty() {
        println!("Sans adresse et jamais reçus : {}", never.join(", "));
    }
    let today = crate::calendar::paris_day(watch.at);
    for rule in room.vocabulary.rules().filter(|rule| rule.is_due_for_review(today)) {
        let day = rule.review_on.map(|day| day.to_string()).unwrap_or_default();
        println!("Règle {} : à revoir depuis le {day}", rule.id);
    }
}

fn of_job(job: &Job) -> String {
    let last = match &job.last {
        None => "jamais".to_owned(),
        Some(last) => {
            let how = match last.outcome.as_str() {
                "ok" => "réussite",
                "partial" => "réussite partielle (fichiers en défaut laissés de côté)",
                _ => "échec",
            };
            let at = last.ended_at.map(instant_fr).unwrap_or_default();
            match job.last_success.filter(|_| last.outcome == "failed") {
                Some(success) => format!("{how} le {at} (dernier succès le {})", instant_fr(success)),
                None => format!("{how} le {at}"),
            }
        }
    };
    match job.next {
        Some(next) => format!("{last} ; prochaine le {}", instant_fr(next)),
        None => last,
    }
}

fn of_feed<'a>(room: &Room, watch: &'a Watch, feed: &'a FeedState) -> Feed<'a> {
    let contract = room.vocabulary.contract(&feed.source);
    Feed {
        source: &feed.source,
        state: match feed.state {
            Freshness::Fresh => "fresh",
            Freshness::Late => "late",
            Freshness::Stale => "stale",
            Freshness::Absent => "absent",
        },
        waiting: watch
            .waiting
            .iter()
            .find(|edition| edition.source == feed.source)
            .map(|edition| edition.outcome.as_str()),
        is_polled: contract.is_some_and(|contract| room.url(contract).is_some()),
        is_reference: contract.is_some_and(|contract| contract.feed.bundled.is_some()),
        last_issued_at: feed.last_issued_at,
        age_hours: feed.age_hours,
        last_day: feed.last_day,
        rows_accepted: feed.rows_accepted,
        rows_quarantined: feed.rows_quarantined,
        last_fetch_outcome: feed.last_fetch_outcome.as_deref(),
        last_fetch_message: feed.last_fetch_message.as_deref(),
        missing_files: watch.missing_files.get(&feed.source).map_or(&[], Vec::as_slice),
    }
}

/// An edition that waits comes first: figures that look up to date are those from before it.
fn state(feed: &Feed<'_>, freshness: Freshness) -> &'static str {
    match (feed.waiting, freshness) {
        (Some("held"), _) => "retenue",
        (Some(_), _) => "refusée",
        (None, Freshness::Absent) => "jamais reçu",
        (None, _) if feed.is_reference => "référentiel",
        (None, Freshness::Fresh) => "à jour",
        (None, Freshness::Late) => "en retard",
        (None, Freshness::Stale) => "périmé",
    }
}

/// What became of a poll, in the words of readers.
fn outcome(word: &str) -> &str {
    match word {
        "new" => "nouveau",
        "unchanged" => "inchangé",
        "stale" => "plus ancien",
        "held" => "retenu",
        "rejected" => "refusé",
        "failed" => "échec",
        other => other,
    }
}

fn age(hours: f64) -> String {
    if hours < 48.0 { format!("{hours:.0} h") } else { format!("{:.0} j", hours / 24.0) }
}
