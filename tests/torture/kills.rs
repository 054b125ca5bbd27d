//! SIGKILL at a random moment of fetch, build, bulletin and `vigie run`, again and again: what was said to be done stays
//! done, nothing is there twice, and the lake ends like one that was never disturbed.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Mutex;
use std::time::{Duration, Instant};

use super::rng::Rng;
use super::server::{Reply, Server};
use super::site::{Ended, Site};
use super::{Check, Options, Tally, ensure, feeds};

/// Kills in `make torture`.
const KILLS: u64 = 1_000;

/// Kills of one lake, before its end is compared with that of an undisturbed one.
const CAMPAIGN: u64 = 50;

/// Editions that a source has at most: all are issued before any clock that runs this.
const EDITIONS: u32 = 24;

pub(crate) fn run(options: &Options) -> Tally {
    let kills = options.rounds.unwrap_or(if options.long { 10 * KILLS } else { KILLS });
    let server = Server::start();
    let sizes: Vec<u64> =
        (0..kills.div_ceil(CAMPAIGN)).map(|at| CAMPAIGN.min(kills - at * CAMPAIGN)).collect();
    let next = Mutex::new(sizes.into_iter().enumerate());
    let total = Mutex::new((Tally::default(), Counts::default()));
    std::thread::scope(|scope| {
        for _ in 0..2 {
            scope.spawn(|| {
                loop {
                    let Some((number, size)) = next.lock().unwrap().next() else { return };
                    let mut campaign = Campaign::new(&server, options.seed, number);
                    let outcome = campaign.run(size);
                    let (tally, counts) = &mut *total.lock().unwrap();
                    counts.add(&campaign.counts);
                    tally.cases += campaign.counts.kills;
                    if let Err(fault) = outcome {
                        tally.cases = tally.cases.max(tally.failures.len() as u64 + 1);
                        tally.failures.push(format!("campaign {number}: {fault}"));
                    }
                }
            });
        }
    });
    let (mut tally, counts) = total.into_inner().unwrap();
    tally.notes.push(format!("kills that hit, by command: {:?}", counts.by_command));
    tally.notes.push(format!(
        "{} runs ended before their kill; {} fetches in the ledger, {} of them applied; {} bulletins",
        counts.finished, counts.fetches, counts.applied, counts.bulletins
    ));
    tally
}

#[derive(Default)]
struct Counts {
    kills: u64,
    finished: u64,
    fetches: u64,
    applied: u64,
    bulletins: u64,
    by_command: BTreeMap<String, u64>,
}

impl Counts {
    fn add(&mut self, other: &Self) {
        self.finished += other.finished;
        self.fetches += other.fetches;
        self.applied += other.applied;
        self.bulletins += other.bulletins;
        for (command, kills) in &other.by_command {
            *self.by_command.entry(command.clone()).or_default() += kills;
        }
    }
}

/// One lake, its server paths, and what must be true of it.
struct Campaign<'a> {
    server: &'a Server,
    site: Site,
    rng: Rng,
    number: usize,
    /// Edition that each source serves.
    editions: BTreeMap<&'static str, u32>,
    /// Rows of `fetches` seen so far, by id: they never change and never go.
    fetches: BTreeMap<String, String>,
    /// Outcomes printed: they are durable.
    printed: BTreeMap<String, String>,
    bulletins: BTreeMap<String, String>,
    /// As-of of the bulletins printed; asked for again, one is given again and not recorded twice.
    bulletins_printed: BTreeSet<String>,
    /// How long a command takes when nothing stops it.
    usual: BTreeMap<&'static str, Duration>,
    counts: Counts,
}

impl<'a> Campaign<'a> {
    fn new(server: &'a Server, seed: u64, number: usize) -> Self {
        let mut campaign = Self {
            server,
            site: Site::new(),
            rng: Rng::new(seed, &format!("kills {number}")),
            number,
            editions: feeds::SOURCES.into_iter().map(|source| (source, 0)).collect(),
            fetches: BTreeMap::new(),
            printed: BTreeMap::new(),
            bulletins: BTreeMap::new(),
            bulletins_printed: BTreeSet::new(),
            usual: BTreeMap::new(),
            counts: Counts::default(),
        };
        let sources: String = feeds::SOURCES
            .iter()
            .map(|source| {
                let url = campaign.server.url(&campaign.path(source));
                format!("[sources.{source}]\nurl = \"{url}\"\ncron = \"* * * * * *\"\n")
            })
            .collect();
        campaign.site.configure(&format!(
            "[schedule]\nbuild = \"*/2 * * * * *\"\nbulletin = \"*/3 * * * * *\"\n[fetch]\nattempts = 2\n{sources}"
        ));
        for source in feeds::SOURCES {
            campaign.serve(source);
        }
        campaign.usual.insert("fetch", Duration::from_millis(150));
        campaign.usual.insert("build", Duration::from_millis(900));
        campaign.usual.insert("bulletin", Duration::from_millis(1_200));
        campaign
    }

    fn path(&self, source: &str) -> String {
        format!("/kills-{}/{source}.csv", self.number)
    }

    fn serve(&self, source: &str) {
        let edition = self.editions[source];
        let reply = Reply::Edition(feeds::body(source, edition), feeds::http_date(feeds::issued(edition)));
        self.server.set(&self.path(source), reply);
    }

    /// The end of the newest day that any source speaks of.
    fn as_of(&self) -> String {
        feeds::issued(self.editions.values().copied().max().unwrap_or(0)).to_string()
    }

    fn run(&mut self, kills: u64) -> Check {
        let mut tries = 0;
        while self.counts.kills < kills {
            tries += 1;
            ensure!(tries < 20 * kills + 100, "only {} kills hit in {tries} tries", self.counts.kills);
            let turn = format!("kill {} (try {tries})", self.counts.kills);
            self.one().map_err(|fault| format!("{turn}: {fault}"))?;
            self.check().map_err(|fault| format!("{turn}: {fault}"))?;
            self.advance();
        }
        self.finish().map_err(|fault| format!("at the end: {fault}"))
    }

    /// Starts something and kills it, unless it is quicker.
    fn one(&mut self) -> Check {
        let as_of = self.as_of();
        let one_source = *self.rng.pick(&feeds::SOURCES);
        let (name, words): (&'static str, Vec<&str>) = match self.rng.below(100) {
            0..=39 => ("fetch", vec!["--json", "fetch"]),
            40..=59 => ("fetch", vec!["--json", "fetch", one_source]),
            60..=74 => ("build", vec!["--json", "build", "--as-of", &as_of]),
            75..=86 => (
                "bulletin",
                vec!["--json", "bulletin", "--week", "2020-W41", "--as-of", &as_of, "--out", "week.pdf"],
            ),
            _ => ("run", vec!["run"]),
        };
        let usual = self.usual.get(name).copied().unwrap_or(Duration::from_millis(2_500));
        let after = usual.mul_f64(self.rng.below(1_200) as f64 / 1_000.0);
        let started = Instant::now();
        let (ended, killed) = self.site.kill_after(&words, after)?;
        if killed {
            self.counts.kills += 1;
            *self.counts.by_command.entry(name.to_owned()).or_default() += 1;
        } else {
            self.counts.finished += 1;
            let took = started.elapsed();
            self.usual.entry(name).and_modify(|usual| *usual = (*usual * 3 + took) / 4);
            ensure!(ended.code == Some(0), "{words:?}: exit {:?}: {}{}", ended.code, ended.out, ended.err);
        }
        self.note(name, &as_of, &ended, killed)
    }

    /// What was printed is durable, whether a kill came after it or not.
    fn note(&mut self, name: &str, as_of: &str, ended: &Ended, killed: bool) -> Check {
        match name {
            "fetch" => {
                let reports = match ended.reports() {
                    Ok(reports) => reports,
                    Err(_) if killed => return Ok(()),
                    Err(fault) => return Err(fault),
                };
                for report in reports {
                    let of = |field: &str| report[field].as_str().unwrap_or_default().to_owned();
                    ensure!(of("outcome") != "failed", "a fetch failed: {}", report["message"]);
                    self.printed.insert(of("fetch_id"), of("outcome"));
                }
            }
            "bulletin" if ended.json().is_ok() => {
                self.bulletins_printed.insert(as_of.to_owned());
            }
            _ => {}
        }
        Ok(())
    }

    /// Restarts, and checks the lake against the ledger.
    fn check(&mut self) -> Check {
        self.site.verify()?;
        let rows = self.site.sql(
            "select fetch_id, source, outcome, sha256, rows_changed, rows_withdrawn, recorded_at from fetches
             order by recorded_at",
        )?;
        let mut now: BTreeMap<String, String> = BTreeMap::new();
        let mut applied: BTreeSet<(String, String)> = BTreeSet::new();
        for row in &rows {
            let of = |field: &str| row[field].as_str().unwrap_or_default().to_owned();
            let twice = now.insert(of("fetch_id"), row.to_string());
            ensure!(twice.is_none(), "the fetch {} is recorded twice", row["fetch_id"]);
            if of("outcome") == "new" {
                let fresh = applied.insert((of("source"), of("sha256")));
                ensure!(fresh, "an edition of {} is applied twice: {row}", row["source"]);
            }
        }
        for (id, row) in &self.fetches {
            ensure!(now.get(id) == Some(row), "the fetch {row} is lost or changed: {:?}", now.get(id));
        }
        for (id, outcome) in &self.printed {
            let said = format!("\"outcome\":\"{outcome}\"");
            ensure!(
                now.get(id).is_some_and(|row| row.contains(&said)),
                "{id} was printed as {outcome} and is lost"
            );
        }
        self.counts.fetches = now.len() as u64;
        self.counts.applied = applied.len() as u64;
        self.fetches = now;

        let twice = self.site.sql(
            "select 'run' as what, job as id from runs group by job, scheduled_for having count(*) > 1
             union all
             select 'alert', rule || ' ' || geo_value from alert_events
             group by rule, geo_type, geo_value, time_value, state_from, state_to, issued_at, revoked
             having count(*) > 1",
        )?;
        ensure!(twice.is_empty(), "there twice: {twice:?}");
        self.check_bulletins()
    }

    fn check_bulletins(&mut self) -> Check {
        let mut now = BTreeMap::new();
        for row in self.site.sql(
            "select b.bulletin_id, b.pdf_sha256, count(v.printed) as n from bulletins b
             left join published_values v on v.bulletin_id = b.bulletin_id group by 1, 2",
        )? {
            ensure!(row["n"].as_u64() > Some(0), "a bulletin without its values: {row}");
            now.insert(row["bulletin_id"].to_string(), row.to_string());
        }
        for (id, row) in &self.bulletins {
            ensure!(now.get(id) == Some(row), "the bulletin {row} is lost or changed");
        }
        ensure!(now.len() >= self.bulletins_printed.len(), "a bulletin printed is not recorded");
        self.counts.bulletins = now.len() as u64;
        self.bulletins = now;
        for name in ["week.pdf", "week.json", "week.xlsx"] {
            let Ok(bytes) = std::fs::read(self.site.folder().join(name)) else { continue };
            let whole = match name {
                "week.pdf" => bytes.starts_with(b"%PDF") && bytes.trim_ascii_end().ends_with(b"%%EOF"),
                "week.json" => serde_json::from_slice::<serde_json::Value>(&bytes).is_ok(),
                _ => bytes.starts_with(b"PK\x03\x04") && bytes.windows(4).any(|four| four == b"PK\x05\x06"),
            };
            ensure!(whole, "{name} is there in part");
        }
        Ok(())
    }

    /// Publishers go on once their edition is in the lake.
    fn advance(&mut self) {
        for source in feeds::SOURCES {
            let edition = self.editions[source];
            let issued = format!("\"source\":\"{source}\"");
            let here =
                self.fetches.values().filter(|row| row.contains(&issued) && row.contains("\"new\"")).count();
            if here > edition as usize && edition + 1 < EDITIONS && self.rng.chance(50) {
                self.editions.insert(source, edition + 1);
                self.serve(source);
            }
        }
    }

    /// The lake must be as one that was never disturbed.
    fn finish(&mut self) -> Check {
        let ended = self.site.run(&["--json", "fetch"])?;
        ensure!(ended.code == Some(0), "the last fetch: exit {:?}: {}{}", ended.code, ended.out, ended.err);
        let as_of = self.as_of();
        let calm = Site::new();
        for source in feeds::SOURCES {
            for edition in 0..=self.editions[source] {
                let ended = calm.load(source, edition)?;
                ensure!(ended.code == Some(0), "undisturbed: exit {:?}: {}", ended.code, ended.out);
            }
        }
        for source in feeds::SOURCES {
            for edition in 0..=self.editions[source] {
                let time = feeds::issued(edition).to_string();
                let (found, expected) =
                    (self.site.content(source, Some(&time))?, calm.content(source, Some(&time))?);
                ensure!(found == expected, "{source} as of {time} differs from the undisturbed lake");
            }
            let versions = format!("select count(*) from {source}_versions");
            let (found, expected) = (self.site.number(&versions)?, calm.number(&versions)?);
            ensure!(found == expected, "{source} has {found} versions, undisturbed {expected}");
        }
        for site in [&self.site, &calm] {
            site.run(&["build", "--as-of", &as_of])?.ok()?;
        }
        for query in [
            "select indicator, category, geo_type, geo_value, time_type, time_value, value, numerator, denominator,
                    status, missing_reason from indicators where geo_type <> 'source' order by 1, 2, 3, 4, 5, 6",
            "select rule, geo_type, geo_value, time_value, rank, level from judgements where geo_type <> 'source'
             order by 1, 2, 3, 4",
        ] {
            let found = self.site.sql_as_of(query, Some(&as_of))?;
            let expected = calm.sql_as_of(query, Some(&as_of))?;
            ensure!(found.len() == expected.len(), "{} rows, undisturbed {}: {query}", found.len(), expected.len());
            if let Some((found, expected)) = found.iter().zip(&expected).find(|(found, expected)| found != expected) {
                return Err(format!("{found}, undisturbed {expected}"));
            }
        }
        self.site.verify()
    }
}
