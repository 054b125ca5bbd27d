//! Jobs, ticks, records of runs, clean stop.

use std::collections::BTreeMap;
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use serde::Serialize;
use tokio::signal::unix::{Signal, SignalKind, signal};
use tokio::sync::{mpsc, oneshot};
use tokio::task::JoinSet;
use tokio_cron_scheduler::{Job as Ticker, JobScheduler};
use vigie_store::{AsOf, FetchRecord, Outcome, tables};

use super::{Timetable, upkeep};
use crate::calendar::{last_full_week, paris_day, week_label};
use crate::clock::now;
use crate::error::Error;
use crate::fetch::{Report, Request, fetch_source};
use crate::room::Room;
use crate::rows;

/// How long a stop waits for the jobs under way.
const STOP_WAIT: Duration = Duration::from_secs(60);

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
    running: bool,
}

/// A run that ended: of which job, and when its source was asked, if it is to be asked again.
struct Ended {
    place: usize,
    awaits: Option<Timestamp>,
}

/// One row of `runs`.
#[derive(Debug, Clone, Serialize)]
struct Run {
    run_id: String,
    job: String,
    scheduled_for: Timestamp,
    started_at: Option<Timestamp>,
    ended_at: Option<Timestamp>,
    outcome: &'static str,
    message: String,
    caught_up: bool,
}

/// SIGTERM or Ctrl-C.
pub struct Stop {
    terminate: Signal,
    interrupt: Signal,
}

impl Stop {
    /// Listens from now on.
    ///
    /// # Errors
    /// [`Error::Failed`] when the system gives no signals.
    pub fn new() -> Result<Self, Error> {
        let signals = |kind| signal(kind).map_err(|source| Error::Failed(format!("no signals: {source}")));
        Ok(Self {
            terminate: signals(SignalKind::terminate())?,
            interrupt: signals(SignalKind::interrupt())?,
        })
    }

    /// Waits until one comes.
    pub async fn asked(&mut self) {
        tokio::select! {
            _ = self.terminate.recv() => {}
            _ = self.interrupt.recv() => {}
        }
    }
}

/// Runs the schedule until SIGTERM or Ctrl-C.
///
/// # Errors
/// When the lake cannot be read at start, or the scheduler cannot start. What a job fails at is in `runs`.
pub async fn run(room: &Room) -> Result<(), Error> {
    crate::fetch::ensure_reference(room).await?;
    let mut jobs = jobs(room).await?;
    let started = now();
    tracing::info!(jobs = jobs.len(), lake = %room.lake.root().display(), "the watch begins");
    for job in &jobs {
        let next = job.timetable.next_after(started).map(|at| at.to_string()).unwrap_or_default();
        tracing::info!(job = job.name, last = ?job.last.map(|at| at.to_string()), next, "job");
    }
    let (tick, mut ticks) = mpsc::channel::<()>(1);
    let failed = |cause| Error::Failed(format!("the scheduler failed: {cause}"));
    let mut scheduler = JobScheduler::new().await.map_err(failed)?;
    let ticker = Ticker::new("* * * * * *", move |_, _| {
        let _ = tick.try_send(()); // a tick that finds the last one still waiting says nothing new
    });
    scheduler.add(ticker.map_err(failed)?).await.map_err(failed)?;
    scheduler.start().await.map_err(failed)?;

    let mut stop = Stop::new()?;
    let (close, closed) = oneshot::channel::<()>();
    let wire = match room.config.serve.listen {
        Some(listen) => {
            let wire = crate::serve::bind(room, listen).await?;
            tracing::info!(%listen, "SQL for analysts");
            Some(tokio::spawn(wire.serve(async { closed.await.unwrap_or_default() })))
        }
        None => None,
    };
    let mut under_way: JoinSet<Ended> = JoinSet::new();
    start_due(room, &mut jobs, &mut under_way, started).await;
    loop {
        tokio::select! {
            () = stop.asked() => break,
            Some(()) = ticks.recv() => start_due(room, &mut jobs, &mut under_way, started).await,
            Some(ended) = under_way.join_next() => match ended {
                Ok(Ended { place, awaits }) => (jobs[place].running, jobs[place].awaits) = (false, awaits),
                Err(panic) => tracing::error!(%panic, "a job ended badly"),
            },
        }
    }
    tracing::info!(under_way = under_way.len(), "stopping: jobs under way may finish");
    let _ = scheduler.shutdown().await; // it only stops ticking
    drop(close);
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

/// One job per source with an address, the daily build, the weekly bulletin; each with its newest recorded window.
async fn jobs(room: &Room) -> Result<Vec<Job>, Error> {
    let recorded: BTreeMap<String, Timestamp> = room
        .lake
        .runs()
        .await?
        .into_iter()
        .filter_map(|(job, runs)| Some((job, runs.window?.scheduled_for?)))
        .collect();
    let polls = room.lake.polls(AsOf::everything()).await?;
    let mut planned: Vec<(Work, String, String, String)> = Vec::new();
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
    let mut jobs = Vec::new();
    for (work, name, cron, zone) in planned {
        let timetable = Timetable::new(&cron, &zone).map_err(Error::Usage)?;
        let last = recorded.get(&name).copied();
        let mut job = Job { name, work, timetable, last, awaits: None, running: false };
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
            // A new watch-room has nothing to compute or print yet. The window before its first start is recorded
            // as passed over, so that a stop before the first run is noticed as for any other window.
            let at = now();
            if let Some(window) = job.timetable.latest(at) {
                let message = "Premier démarrage : ce créneau précède la mise en service.".to_owned();
                record(room, &job, window, None, "missed", message, false).await?;
                job.last = Some(window);
            }
        }
        jobs.push(job);
    }
    Ok(jobs)
}

/// Starts what is due and records the windows that nobody ran.
async fn start_due(room: &Room, jobs: &mut [Job], under_way: &mut JoinSet<Ended>, started: Timestamp) {
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
            let message = format!("{} créneaux plus anciens n’ont pas été tenus.", due.missed_before);
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
            let report = perform(&room, &name, &work, window, due.caught_up).await;
            Ended { place, awaits: awaits(&timetable, &work, window, report) }
        });
    }
}

/// Asks a source again that had nothing new at its hour: the publisher may be late. That is no window of its own: a stop
/// loses nothing but a try.
fn poll_again(room: &Room, place: usize, job: &mut Job, under_way: &mut JoinSet<Ended>, at: Timestamp) {
    let Work::Fetch { source, late_by, .. } = &job.work else { return };
    let (Some(window), Some(asked)) = (job.last, job.awaits) else { return };
    let Some(due) = job.timetable.again(window, *late_by, asked, at) else { return };
    job.running = true;
    let name = format!("again:{source}");
    let (room, work, timetable) = (room.clone(), job.work.clone(), job.timetable.clone());
    under_way.spawn(async move {
        let report = poll(&room, &name, &work, window, due).await;
        Ended { place, awaits: awaits(&timetable, &work, window, report) }
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
        scheduled_for: due,
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

/// Does the work of one window and records it. A window whose record is missing (kill, power) is due again.
/// What came of a poll is handed back.
async fn perform(room: &Room, name: &str, work: &Work, window: Timestamp, caught_up: bool) -> Option<Report> {
    let mut polled = None;
    let began = now();
    let present = room.now().unwrap_or(began); // a lake that cannot be read is told by the work
    tracing::info!(job = name, scheduled_for = %window, caught_up, "run begins");
    let result: Result<String, Error> = match work {
        Work::Fetch { source, url, .. } => {
            let report = fetch_source(room, Request::at(source, url, paris_day(window), false)).await;
            let (is_failed, message) = (report.outcome == "failed", report.message.clone());
            polled = Some(report);
            if is_failed { Err(Error::Failed(message)) } else { Ok(message) }
        }
        Work::Build => {
            crate::build::build(room, Room::as_of(None, present)).await.map(|built| built.summary())
        }
        Work::Bulletin => {
            let week = last_full_week(window);
            let territory = room.config.territory.clone();
            let name =
                format!("bulletin-{}-{}.pdf", week_label(week), territory.to_string().replace(':', "-"));
            let out = room.config.bulletins.join(name);
            let order = crate::bulletin::Order::one(territory, week, present, out);
            crate::bulletin::publish(room, &order).await.map(|all| {
                let made =
                    all.made.iter().map(|made| format!("{} ({} pages)", made.pdf.display(), made.pages));
                made.collect::<Vec<_>>().join(" ; ")
            })
        }
        Work::Compact => upkeep::compact(room).await,
        Work::Verify => upkeep::verify(room, window).await,
        Work::Backup => upkeep::backup(room).await,
    };
    let (outcome, message) = match result {
        Ok(message) => ("ok", message),
        Err(error) => ("failed", error.sentence()),
    };
    tracing::info!(job = name, scheduled_for = %window, outcome, message, "run ends");
    let is_ok = outcome == "ok";
    let row = Run {
        run_id: run_id(name, window),
        job: name.to_owned(),
        scheduled_for: window,
        started_at: Some(began),
        ended_at: Some(now()),
        outcome,
        message,
        caught_up,
    };
    tell(append(room, &row).await);
    // What was left of earlier bulletins is tried again with the daily build.
    if is_ok && matches!(work, Work::Build | Work::Bulletin) && !room.config.send.is_empty() {
        deliver(room, window).await;
    }
    polled
}

/// Sends what is due, and records it as a run of its own when there was anything.
async fn deliver(room: &Room, window: Timestamp) {
    let began = now();
    let (outcome, message) = match crate::delivery::send(room, crate::delivery::Wanted::default()).await {
        Ok(done) if done.is_empty() => return,
        Ok(done) => {
            let failed: Vec<String> = done
                .iter()
                .filter(|delivery| delivery.outcome != "sent")
                .map(|delivery| format!("{} → {} : {}", delivery.target, delivery.address, delivery.message))
                .collect();
            match failed.as_slice() {
                [] => ("ok", format!("{} envois", done.len())),
                failed => ("failed", failed.join(" ; ")),
            }
        }
        Err(error) => ("failed", error.sentence()),
    };
    if outcome == "failed" {
        tracing::error!(message, "deliveries failed; they are tried again with the next build");
    }
    let row = Run {
        run_id: run_id("send", began),
        job: "send".to_owned(),
        scheduled_for: window,
        started_at: Some(began),
        ended_at: Some(now()),
        outcome,
        message,
        caught_up: false,
    };
    tell(append(room, &row).await);
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
        scheduled_for: window,
        started_at,
        ended_at: None,
        outcome,
        message,
        caught_up,
    };
    append(room, &row).await
}

async fn append(room: &Room, row: &Run) -> Result<(), Error> {
    let spec = tables::runs();
    let batch = rows::batch(&spec.schema, std::slice::from_ref(row))?;
    room.lake.append(&spec, &[batch], now(), &row.run_id).await?;
    upkeep::tidy(room, &[spec]).await;
    Ok(())
}

/// A window of a job has one id.
fn run_id(job: &str, window: Timestamp) -> String {
    vigie_store::fetch_id(job, window, "")
}
