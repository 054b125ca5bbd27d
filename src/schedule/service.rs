//! Jobs, ticks, records of runs, clean stop.

use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use tokio::sync::{mpsc, oneshot};
use tokio::task::JoinSet;
use tokio_cron_scheduler::{Job as Ticker, JobScheduler};
use vigie_queries::Place;
use vigie_store::{AsOf, FetchRecord, Outcome};

use super::alone::Alone;
use super::{fingerprint, notify, upkeep};
use crate::calendar::{last_full_week, paris_day, week_label};
use crate::clock::now;
use crate::error::Error;
use crate::fetch::{Report, Request, fetch_source};
use crate::room::Room;
use crate::runs::{Ended, Run, append, run_id};
use crate::stop::Stop;
use crate::timetable::Timetable;

/// How long a stop waits for the jobs under way.
const STOP_WAIT: Duration = Duration::from_secs(60);
/// How often the configuration on the disk is compared with that of the service.
const SETTINGS_EVERY: Duration = Duration::from_secs(60);
/// Waits before deliveries that failed are tried again, one after the other; the last one again and again.
const RESEND_AFTER: [i64; 4] = [10, 20, 40, 60];

/// What a job does.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Work {
    Fetch { source: String, url: String, late_by: SignedDuration },
    Build,
    Bulletin,
    Compact,
    Verify,
    Backup,
}

#[derive(Debug)]
struct Job {
    name: String,
    work: Work,
    timetable: Timetable,
    /// Newest window run or recorded.
    last: Option<Timestamp>,
    /// When the source was asked last, as long as it may have something new for the newest window.
    awaits: Option<Timestamp>,
    /// When it last ran; none when it never did.
    ran: Option<Timestamp>,
    /// A new watch-room has nothing to compute before its first polls have ended.
    after_first_polls: bool,
    running: bool,
}

/// A task of the service that ended.
enum Finished {
    /// A job.
    Job(Done),
    /// Deliveries, and whether all that was due is sent.
    Sent(bool),
}

/// A run that ended.
struct Done {
    /// Place of its job in the list.
    place: usize,
    /// How it ended.
    ended: Ended,
    /// Whether a person is needed.
    asks: bool,
    /// When its source was asked, if it is to be asked again.
    awaits: Option<Timestamp>,
}

/// When deliveries that failed are tried again.
#[derive(Debug, Default)]
struct Resend {
    at: Option<Timestamp>,
    failed: usize,
    running: bool,
}

impl Resend {
    /// After deliveries: again later, each time later, while some fail.
    fn sent(&mut self, all: bool, at: Timestamp) {
        self.running = false;
        if all {
            *self = Self::default();
            return;
        }
        let minutes = RESEND_AFTER[self.failed.min(RESEND_AFTER.len() - 1)];
        self.failed += 1;
        self.at = at.checked_add(jiff::SignedDuration::from_mins(minutes)).ok();
    }
}

/// Runs the schedule until SIGTERM or Ctrl-C.
///
/// # Errors
/// [`Error::Running`] when another service runs on the lake; when the lake cannot be read at start, or the scheduler cannot start.
/// What a job fails at is in `runs`.
pub async fn run(room: &Room) -> Result<(), Error> {
    let settings = fingerprint(room);
    let _alone = Alone::take(room, &settings)?;
    let mut stop = Stop::new()?;
    crate::fetch::ensure_reference(room).await?;
    let mut jobs = jobs(room).await?;
    let started = now();
    tracing::info!(
        jobs = jobs.len(),
        lake = %room.lake.root().display(),
        pid = std::process::id(),
        version = env!("CARGO_PKG_VERSION"),
        "the watch begins"
    );
    let file = room.file.as_deref().unwrap_or_else(|| std::path::Path::new(""));
    for odd in crate::config::values::odd(file, &room.config, &room.vocabulary) {
        tracing::warn!("{odd}");
    }
    for job in &jobs {
        let next = job.timetable.next_after(started).map(|at| at.to_string());
        tracing::info!(job = job.name, last = job.ran.map(|at| at.to_string()), next, "job");
    }
    let (tick, mut ticks) = mpsc::channel::<()>(1);
    let failed = |cause| Error::Failed(format!("the scheduler failed: {cause}"));
    let mut scheduler = JobScheduler::new().await.map_err(failed)?;
    let ticker = Ticker::new("* * * * * *", move |_, _| {
        let _ = tick.try_send(()); // a tick that finds the last one still waiting says nothing new
    });
    scheduler.add(ticker.map_err(failed)?).await.map_err(failed)?;
    scheduler.start().await.map_err(failed)?;

    let (close, closed) = oneshot::channel::<()>();
    let wire = match room.config.serve.listen {
        Some(listen) => {
            let wire = crate::sql::wire::bind(room, listen).await?;
            tracing::info!(%listen, "SQL for analysts");
            Some(tokio::spawn(wire.serve(async { closed.await.unwrap_or_default() })))
        }
        None => None,
    };
    let notices = notify::start(room);
    let mut under_way: JoinSet<Finished> = JoinSet::new();
    let mut resend = Resend::default();
    let mut compared = tokio::time::interval(SETTINGS_EVERY);
    let mut on_disk = settings.clone();
    start_due(room, &mut jobs, &mut under_way, started).await;
    loop {
        tokio::select! {
            () = stop.asked() => break,
            Some(()) = ticks.recv() => {
                start_due(room, &mut jobs, &mut under_way, started).await;
                if !resend.running && resend.at.is_some_and(|at| at <= now()) {
                    resend.running = true;
                    let room = room.clone();
                    under_way.spawn(async move { Finished::Sent(deliver(&room, now()).await) });
                }
            }
            _ = compared.tick() => {
                let found = fingerprint(room);
                if found != on_disk {
                    on_disk = found;
                    if on_disk == settings {
                        tracing::info!("the configuration on the disk is again the one that this service runs with");
                    } else {
                        tracing::warn!("the configuration on the disk has changed; this service runs with the one it was started with");
                    }
                }
            }
            Some(ended) = under_way.join_next() => match ended {
                Ok(Finished::Job(Done { place, ended, asks, awaits })) => {
                    (jobs[place].running, jobs[place].awaits) = (false, awaits);
                    if asks {
                        notices.look();
                    }
                    let delivers = ended.outcome != "failed" && matches!(jobs[place].work, Work::Build | Work::Bulletin);
                    if delivers && !room.config.send.is_empty() && !resend.running {
                        // What was left of earlier bulletins is tried again with the daily build.
                        resend.running = true;
                        let room = room.clone();
                        under_way.spawn(async move { Finished::Sent(deliver(&room, now()).await) });
                    }
                    begin_after_first_polls(&mut jobs);
                }
                Ok(Finished::Sent(all)) => {
                    resend.sent(all, now());
                    if !all {
                        notices.look();
                    }
                }
                Err(panic) => tracing::error!(%panic, "a job ended badly"),
            },
        }
    }
    tracing::info!(under_way = under_way.len(), "stopping: jobs under way may finish");
    let _ = scheduler.shutdown().await; // it only stops ticking
    drop(close);
    drop(notices);
    if let Some(wire) = wire {
        let _ = wire.await; // it waits for its clients for seconds only
    }
    if tokio::time::timeout(STOP_WAIT, async { while under_way.join_next().await.is_some() {} })
        .await
        .is_err()
    {
        tracing::warn!("jobs still under way are left; they will be run again at the next start");
    }
    tracing::info!("the watch ends");
    Ok(())
}

/// Once the first polls of a new watch-room have ended, what waited for them is due.
fn begin_after_first_polls(jobs: &mut [Job]) {
    let is_poll = |job: &Job| matches!(job.work, Work::Fetch { .. });
    if jobs.iter().any(|job| is_poll(job) && job.running) {
        return;
    }
    for job in jobs.iter_mut().filter(|job| job.after_first_polls) {
        job.after_first_polls = false;
        job.last = None; // its newest window is run at the next tick
    }
}

/// A planned job: what it does, its name, its cron pattern and the zone that is read in.
type Planned = (Work, String, String, String);

/// One job per source with an address, the daily build, the weekly bulletin.
fn planned(room: &Room) -> Vec<Planned> {
    let mut planned = Vec::new();
    for contract in room.vocabulary.contracts() {
        let Some(url) = room.url(contract) else { continue };
        let cron = room.cron(contract);
        let late_by = contract.cadence.late_by;
        let work = Work::Fetch { source: contract.name().to_owned(), url, late_by };
        planned.push((
            work,
            format!("fetch:{}", contract.name()),
            cron,
            contract.cadence.time_zone.get_ref().clone(),
        ));
    }
    let schedule = &room.config.schedule;
    planned.push((Work::Build, "build".into(), schedule.build.clone(), schedule.time_zone.clone()));
    planned.push((Work::Bulletin, "bulletin".into(), schedule.bulletin.clone(), schedule.time_zone.clone()));
    planned.push((Work::Compact, "compact".into(), schedule.compact.clone(), schedule.time_zone.clone()));
    planned.push((Work::Verify, upkeep::VERIFY.into(), schedule.verify.clone(), schedule.time_zone.clone()));
    if room.config.backup.folder.is_some() {
        planned.push((Work::Backup, "backup".into(), schedule.backup.clone(), schedule.time_zone.clone()));
    }
    planned
}

/// The jobs of the schedule and when each is due.
///
/// # Errors
/// [`Error::Usage`] when a pattern does not read.
pub fn timetables(room: &Room) -> Result<Vec<(String, Timetable)>, Error> {
    let read = |(_, name, cron, zone): Planned| {
        Timetable::new(&cron, &zone).map(|timetable| (name, timetable)).map_err(Error::Usage)
    };
    planned(room).into_iter().map(read).collect()
}

/// What people call a job.
#[must_use]
pub fn name_fr(job: &str) -> String {
    match job {
        "build" => "Construction".to_owned(),
        "bulletin" => "Bulletin".to_owned(),
        "send" => "Envois".to_owned(),
        "compact" => "Regroupement des fichiers".to_owned(),
        "verify" => "Vérification du lac".to_owned(),
        "backup" => "Sauvegarde".to_owned(),
        other => match other.strip_prefix("fetch:") {
            Some(source) => format!("Relevé de {source}"),
            None => other.to_owned(),
        },
    }
}

/// The jobs of the schedule, each with its newest recorded window.
async fn jobs(room: &Room) -> Result<Vec<Job>, Error> {
    let recorded = room.lake.runs().await?;
    let polls = room.lake.polls(AsOf::everything()).await?;
    let planned = planned(room);
    let is_polled = planned.iter().any(|(work, ..)| matches!(work, Work::Fetch { .. }));
    let mut jobs = Vec::new();
    for (work, name, cron, zone) in planned {
        let timetable = Timetable::new(&cron, &zone).map_err(Error::Usage)?;
        let known = recorded.get(&name);
        let last = known.and_then(|runs| runs.window.as_ref()).and_then(|run| run.scheduled_for);
        let ran = known.and_then(|runs| runs.last.as_ref()).and_then(vigie_store::RunRecord::at);
        let mut job =
            Job { name, work, timetable, last, ran, awaits: None, after_first_polls: false, running: false };
        if let (Work::Fetch { source, late_by, .. }, Some(window)) = (&job.work, last) {
            let poll = polls.get(source).and_then(|polls| polls.last.as_ref());
            let is_new = |poll: &FetchRecord| matches!(poll.outcome, Outcome::New | Outcome::Held);
            let awaiting = poll.filter(|poll| {
                let awaits = job.timetable.awaits(window, *late_by, is_new(poll), poll.issued_at);
                poll.recorded_at >= window && awaits
            });
            job.awaits = awaiting.map(|poll| poll.recorded_at);
        }
        if job.last.is_none() && !matches!(job.work, Work::Fetch { .. }) {
            // A new watch-room has nothing to compute or print yet: its first build follows its first polls. For all else, the
            // window before its first start is recorded as passed over, so that a stop before the first run is noticed as for
            // any other window.
            let at = now();
            if let Some(window) = job.timetable.latest(at) {
                job.last = Some(window);
                if job.work == Work::Build && is_polled {
                    job.after_first_polls = true;
                } else {
                    let message = "Premier démarrage : ce créneau précède la mise en service.".to_owned();
                    record(room, &job, window, None, "missed", message, false).await?;
                }
            }
        }
        jobs.push(job);
    }
    Ok(jobs)
}

/// Starts what is due and records the windows that nobody ran.
async fn start_due(room: &Room, jobs: &mut [Job], under_way: &mut JoinSet<Finished>, started: Timestamp) {
    let at = now();
    for (place, job) in jobs.iter_mut().enumerate() {
        if job.running {
            continue;
        }
        let due = job.timetable.due(job.last, at, true);
        let Some(window) = due.run else {
            poll_again(room, place, job, under_way, at);
            continue;
        };
        if due.missed_before > 0 {
            let message = match due.missed_before {
                1 => "Un créneau plus ancien n’a pas été tenu.".to_owned(),
                windows => format!("{windows} créneaux plus anciens n’ont pas été tenus."),
            };
            tracing::warn!(job = job.name, windows = due.missed_before, "older windows were missed");
            if let Some(first) = due.missed.first().copied() {
                let before = first.checked_sub(jiff::SignedDuration::from_micros(1)).unwrap_or(first);
                tell(record(room, job, before, None, "missed", message, false).await);
            }
        }
        for missed in &due.missed {
            let (outcome, why) = if *missed < started {
                ("missed", "Vigie était arrêtée.")
            } else {
                ("skipped", "L’exécution précédente n’était pas finie.")
            };
            tell(record(room, job, *missed, None, outcome, why.to_owned(), false).await);
        }
        job.last = Some(window);
        job.running = true;
        let (room, name, work) = (room.clone(), job.name.clone(), job.work.clone());
        let timetable = job.timetable.clone();
        under_way.spawn(async move {
            let (ended, asks, report) = perform(&room, &name, &work, window, due.caught_up).await;
            let awaits = awaits(&timetable, &work, window, report);
            Finished::Job(Done { place, ended, asks, awaits })
        });
    }
}

/// Asks a source again that had nothing new at its hour: the publisher may be late. That is no window of its own: a stop
/// loses nothing but a try.
fn poll_again(room: &Room, place: usize, job: &mut Job, under_way: &mut JoinSet<Finished>, at: Timestamp) {
    let Work::Fetch { source, late_by, .. } = &job.work else { return };
    let (Some(window), Some(asked)) = (job.last, job.awaits) else { return };
    let Some(due) = job.timetable.again(window, *late_by, asked, at) else { return };
    job.running = true;
    let name = format!("again:{source}");
    let (room, work, timetable) = (room.clone(), job.work.clone(), job.timetable.clone());
    under_way.spawn(async move {
        let report = poll(&room, &name, &work, window, due).await;
        let outcome = report.as_ref().map_or("ok", |report| report.outcome);
        let asks = matches!(outcome, "held" | "rejected");
        let ended =
            Ended { outcome: if outcome == "failed" { "failed" } else { "ok" }, message: String::new() };
        Finished::Job(Done { place, ended, asks, awaits: awaits(&timetable, &work, window, report) })
    });
}

/// When a source was asked, if it had nothing new for a window.
fn awaits(
    timetable: &Timetable,
    work: &Work,
    window: Timestamp,
    report: Option<Report>,
) -> Option<Timestamp> {
    let Work::Fetch { late_by, .. } = work else { return None };
    let report = report?;
    let is_new = matches!(report.outcome, "new" | "held");
    timetable.awaits(window, *late_by, is_new, report.issued_at).then(now)
}

/// One more poll for a window, recorded as a run of its own name.
async fn poll(room: &Room, name: &str, work: &Work, window: Timestamp, due: Timestamp) -> Option<Report> {
    let Work::Fetch { source, url, .. } = work else { return None };
    let began = now();
    let report = fetch_source(room, Request::at(source, url, paris_day(window), false)).await;
    tracing::info!(job = name, scheduled_for = %due, outcome = report.outcome, "asked again");
    let row = Run {
        run_id: run_id(name, due),
        job: name.to_owned(),
        scheduled_for: Some(due),
        started_at: Some(began),
        ended_at: Some(now()),
        outcome: if report.outcome == "failed" { "failed" } else { "ok" },
        message: report.message.clone(),
        caught_up: false,
    };
    tell(append(room, &row).await);
    Some(report)
}

fn tell(recorded: Result<(), Error>) {
    if let Err(error) = recorded {
        tracing::error!(error = error.report(), "a run could not be recorded");
    }
}

/// Does the work of one window and records it. A window whose record is missing (kill, power) is due again. Gives how it ended,
/// whether a person is needed, and what came of a poll.
async fn perform(
    room: &Room,
    name: &str,
    work: &Work,
    window: Timestamp,
    caught_up: bool,
) -> (Ended, bool, Option<Report>) {
    let (mut asks, mut polled) = (false, None);
    let began = now();
    let present = room.now().unwrap_or(began); // a lake that cannot be read is told by the work
    tracing::info!(job = name, scheduled_for = %window, caught_up, "run begins");
    let result: Result<(String, Vec<String>), Error> = match work {
        Work::Fetch { source, url, .. } => {
            let report = fetch_source(room, Request::at(source, url, paris_day(window), false)).await;
            let (outcome, message) = (report.outcome, report.message.clone());
            if matches!(outcome, "held" | "rejected") {
                asks = true;
                tracing::error!(source, fetch = report.fetch_id, outcome, "an edition was not applied");
            }
            polled = Some(report);
            if outcome == "failed" { Err(Error::Failed(message)) } else { Ok((message, Vec::new())) }
        }
        Work::Build => crate::build::build(room, Room::as_of(None, present))
            .await
            .map(|built| (built.summary(), built.faults)),
        Work::Bulletin => bulletins(room, window, present).await,
        Work::Compact => upkeep::compact(room).await.map(|done| (done, Vec::new())),
        Work::Verify => upkeep::verify(room, window).await.map(|done| (done, Vec::new())),
        Work::Backup => upkeep::backup(room).await.map(|done| (done, Vec::new())),
    };
    let ended = Ended::of(result.as_ref().map(Clone::clone));
    let seconds = now().duration_since(began).as_secs_f64();
    let Ended { outcome, message } = &ended;
    match *outcome {
        "ok" => {
            tracing::info!(job = name, scheduled_for = %window, outcome, seconds, detail = message, "run ends")
        }
        _ => {
            tracing::error!(job = name, scheduled_for = %window, outcome, seconds, detail = message, "run ends")
        }
    }
    let row = Run {
        run_id: run_id(name, window),
        job: name.to_owned(),
        scheduled_for: Some(window),
        started_at: Some(began),
        ended_at: Some(now()),
        outcome: ended.outcome,
        message: ended.message.clone(),
        caught_up,
    };
    tell(append(room, &row).await);
    asks |= ended.outcome != "ok";
    (ended, asks, polled)
}

/// The bulletin of the last full week, and the sheets and bulletins that targets of other territories wait for.
async fn bulletins(
    room: &Room,
    window: Timestamp,
    present: Timestamp,
) -> Result<(String, Vec<String>), Error> {
    let week = last_full_week(window);
    let mut territories: Vec<Place> = vec![room.config.territory.clone()];
    for territory in room.config.send.iter().filter_map(|target| target.territory.as_ref()) {
        if !territories.contains(territory) {
            territories.push(territory.clone());
        }
    }
    let named = |territory: Place| {
        let name = format!("bulletin-{}-{}.pdf", week_label(week), territory.to_string().replace(':', "-"));
        let out = room.config.bulletins.join(name);
        (territory, out)
    };
    let order = crate::bulletins::BulletinRequest {
        territories: territories.into_iter().map(named).collect(),
        week,
        issued: present,
        new_edition: false,
        by: None,
    };
    let all = crate::bulletins::publish(room, &order).await?;
    for held in &all.held {
        tracing::error!(detail = held, "a bulletin is held");
    }
    let told = [vec![all.summary()], all.held.clone()].concat().join(" ; ");
    Ok((told, all.faults))
}

/// Sends what is due, and records it as a run of its own when there was anything. Whether nothing is left.
async fn deliver(room: &Room, window: Timestamp) -> bool {
    let began = now();
    let (outcome, message) = match crate::delivery::send(room, crate::delivery::Wanted::default()).await {
        Ok(done) if done.is_empty() => return true,
        Ok(done) => {
            let failed: Vec<String> = done
                .iter()
                .filter(|delivery| delivery.outcome != "sent")
                .map(|delivery| format!("{} → {} : {}", delivery.target, delivery.address, delivery.message))
                .collect();
            match failed.as_slice() {
                [] if done.len() == 1 => ("ok", "1 envoi".to_owned()),
                [] => ("ok", format!("{} envois", done.len())),
                failed => ("failed", failed.join(" ; ")),
            }
        }
        Err(error) => ("failed", error.sentence()),
    };
    if outcome == "failed" {
        tracing::error!(detail = message, "deliveries failed; they are tried again");
    }
    let row = Run {
        run_id: run_id("send", began),
        job: "send".to_owned(),
        scheduled_for: Some(window),
        started_at: Some(began),
        ended_at: Some(now()),
        outcome,
        message,
        caught_up: false,
    };
    tell(append(room, &row).await);
    outcome == "ok"
}

async fn record(
    room: &Room,
    job: &Job,
    window: Timestamp,
    started_at: Option<Timestamp>,
    outcome: &'static str,
    message: String,
    caught_up: bool,
) -> Result<(), Error> {
    let row = Run {
        run_id: run_id(&job.name, window),
        job: job.name.clone(),
        scheduled_for: Some(window),
        started_at,
        ended_at: None,
        outcome,
        message,
        caught_up,
    };
    append(room, &row).await
}
