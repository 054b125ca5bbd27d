//! Two to sixteen processes write at once, beside readers, a check and a compaction: nothing lost, nothing twice.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use serde_json::Value;

use super::drill::Drill;
use super::rng::Rng;
use super::site::{Ended, Site};
use super::{Check, Options, Tally, ensure, feeds};

/// Editions loaded at once.
const EDITIONS: std::ops::Range<u32> = 2..8;

pub(crate) fn run(options: &Options) -> Tally {
    let mut tally = Tally::default();
    let drill = match Drill::prepare() {
        Ok(drill) => drill,
        Err(fault) => return Tally::failed("the undisturbed drill", fault),
    };
    let calm = match undisturbed(&drill) {
        Ok(calm) => calm,
        Err(fault) => return Tally::failed("the undisturbed lake", fault),
    };
    let rounds = options.rounds.unwrap_or(if options.long { 20 } else { 4 });
    let mut totals = BTreeMap::new();
    for round in 0..rounds {
        for writers in [2, 4, 8, 16] {
            let mut rng = Rng::new(options.seed, &format!("writers {writers} {round}"));
            let outcome = at_once(&drill, &calm, writers, &mut rng, &mut totals);
            tally.case(&format!("{writers} writers, round {round}"), outcome);
        }
    }
    tally.notes.push(format!("outcomes printed: {totals:?}"));
    tally
}

fn undisturbed(drill: &Drill) -> Check<Site> {
    let site = Site::copy_of(drill.template());
    for edition in EDITIONS {
        for source in feeds::SOURCES {
            let ended = drill.load(&site, source, edition)?;
            ensure!(ended.code == Some(0), "exit {:?}: {}{}", ended.code, ended.out, ended.err);
        }
    }
    Ok(site)
}

fn at_once(
    drill: &Drill,
    calm: &Site,
    writers: usize,
    rng: &mut Rng,
    totals: &mut BTreeMap<String, u64>,
) -> Check {
    let site = Site::copy_of(drill.template());
    // Every edition twice, in any order.
    let mut jobs: Vec<(&str, u32)> =
        EDITIONS.flat_map(|edition| feeds::SOURCES.map(|source| (source, edition))).collect();
    jobs.extend(jobs.clone());
    for at in (1..jobs.len()).rev() {
        jobs.swap(at, usize::try_from(rng.below(at as u64 + 1)).unwrap());
    }
    let jobs = Mutex::new(jobs);
    let reports: Mutex<Vec<Check<Value>>> = Mutex::default();
    let others: Mutex<Check> = Mutex::new(Ok(()));
    let writing = AtomicBool::new(true);
    std::thread::scope(|scope| {
        let hands: Vec<_> = (0..writers)
            .map(|_| {
                scope.spawn(|| {
                    loop {
                        let Some((source, edition)) = jobs.lock().unwrap().pop() else { return };
                        let report = write(drill, &site, source, edition);
                        reports.lock().unwrap().push(report);
                    }
                })
            })
            .collect();
        let read = |words: &'static [&'static str]| {
            let (site, writing, others) = (&site, &writing, &others);
            scope.spawn(move || {
                while writing.load(Ordering::Relaxed) {
                    let outcome = site.run(words).and_then(|ended| {
                        // A compaction may find a table held; a query planned just before it, a file gone.
                        let held = words[0] == "compact" && ended.code == Some(6);
                        let fine = ended.code == Some(0) || held || is_gone(&ended);
                        ensure!(fine, "{words:?}: exit {:?}: {}{}", ended.code, ended.out, ended.err);
                        Ok(())
                    });
                    if let Err(fault) = outcome {
                        *others.lock().unwrap() = Err(fault);
                    }
                    std::thread::sleep(Duration::from_millis(20));
                }
            });
        };
        read(&["sql", "select count(*), sum(tests) from tests"]);
        read(&["verify"]);
        read(&["compact"]);
        for hand in hands {
            let _ = hand.join();
        }
        writing.store(false, Ordering::Relaxed);
    });
    others.into_inner().unwrap().map_err(|fault| format!("beside the writers: {fault}"))?;
    let reports: Vec<Value> = reports.into_inner().unwrap().into_iter().collect::<Check<_>>()?;
    for report in &reports {
        *totals.entry(report["outcome"].as_str().unwrap_or_default().to_owned()).or_default() += 1;
    }
    judge(&site, calm, &reports)
}

/// Whether a compaction took a file away that had just been listed: nothing was done, it is to be tried again.
fn is_gone(ended: &Ended) -> bool {
    ended.code == Some(1) && ended.out.is_empty() && ended.err.contains("No such file or directory")
}

/// Loads an edition; a lake that is locked is tried again, as its message says.
fn write(drill: &Drill, site: &Site, source: &str, edition: u32) -> Check<Value> {
    for _ in 0..20 {
        let ended = drill.load(site, source, edition)?;
        if ended.code != Some(6) && !is_gone(&ended) {
            return ended.json();
        }
    }
    Err(format!("{source}: locked twenty times over"))
}

fn judge(site: &Site, calm: &Site, reports: &[Value]) -> Check {
    site.verify()?;
    let of = |value: &Value, field: &str| value[field].as_str().unwrap_or_default().to_owned();
    let mut recorded: BTreeMap<String, Vec<String>> = BTreeMap::new();
    let mut applied: BTreeSet<(String, String)> = BTreeSet::new();
    for row in site.sql("select fetch_id, source, outcome, sha256 from fetches")? {
        recorded.entry(of(&row, "fetch_id")).or_default().push(of(&row, "outcome"));
        if of(&row, "outcome") == "new" {
            let fresh = applied.insert((of(&row, "source"), of(&row, "sha256")));
            ensure!(fresh, "applied twice: {row}");
        }
    }
    let mut held: BTreeMap<(String, String), (String, String)> = BTreeMap::new();
    for report in reports {
        let outcome = of(report, "outcome");
        ensure!(
            ["new", "unchanged", "stale"].contains(&outcome.as_str()),
            "a writer failed: {}",
            report["message"]
        );
        let id = of(report, "fetch_id");
        ensure!(
            recorded.get(&id) == Some(&vec![outcome.clone()]),
            "{id} printed {outcome}, recorded {:?}",
            recorded.get(&id)
        );
        if outcome == "stale" {
            held.insert((of(report, "source"), of(report, "issued_at")), (id, of(report, "sha256")));
        }
    }
    // A person accepts the older editions that came late: the history is then as if they had come in time.
    for ((source, _), (id, sha256)) in held {
        if applied.insert((source, sha256)) {
            site.run(&["accept", &id, "--by", "essai", "--reason", "essai"])?.ok()?;
        }
    }
    for source in feeds::SOURCES {
        for edition in 0..EDITIONS.end {
            let time = feeds::issued(edition).to_string();
            let (found, expected) = (site.content(source, Some(&time))?, calm.content(source, Some(&time))?);
            ensure!(found == expected, "{source} as of {time} differs from the undisturbed lake");
        }
    }
    site.verify()
}
