//! `vigie run` while the clock jumps, stops for long, and changes from summer to winter time and back: every window of
//! the schedule exactly once, run or recorded as missed.

use std::collections::BTreeMap;
use std::path::Path;
use std::process::{Child, Stdio};
use std::time::{Duration, Instant};

use jiff::{SignedDuration, Timestamp};

use super::server::{Reply, Server};
use super::site::Site;
use super::{Check, Options, Tally, drill, ensure, feeds};

/// One stretch of a life under `vigie run`: the time it starts at, how fast it passes, for how many real seconds.
struct Stretch {
    from: &'static str,
    rate: u32,
    seconds: u64,
}

/// What is done to the clock, and the windows that must be there.
struct Case {
    name: &'static str,
    stretches: &'static [Stretch],
    /// Cron pattern of the fetch job, in Paris.
    cron: &'static str,
    /// Seconds between two windows in UTC, where they are regular; the number of windows a day, where they are not.
    every: Every,
}

enum Every {
    Seconds(i64),
    /// Windows between two instants, counted by hand.
    Windows(&'static str, &'static str, usize),
}

/// After everything that is done here: what is looked at must have been recorded before.
const LATER: &str = "@2035-01-01 00:00:00";

const CASES: &[Case] = &[
    Case {
        name: "autumn: 02:00 to 03:00 comes twice, hourly job",
        stretches: &[Stretch { from: "2020-10-24 20:30:00", rate: 2400, seconds: 16 }],
        cron: "0 * * * *",
        every: Every::Seconds(3600),
    },
    Case {
        name: "autumn: a job at 02:30 runs once",
        stretches: &[Stretch { from: "2020-10-24 20:30:00", rate: 2400, seconds: 16 }],
        cron: "30 2 * * *",
        every: Every::Windows("2020-10-24T22:00:00Z", "2020-10-25T05:00:00Z", 1),
    },
    Case {
        name: "spring: 02:00 to 03:00 never comes, hourly job",
        stretches: &[Stretch { from: "2021-03-27 20:30:00", rate: 2400, seconds: 16 }],
        cron: "0 * * * *",
        every: Every::Seconds(3600),
    },
    Case {
        name: "spring: a job at 02:30 runs once",
        stretches: &[Stretch { from: "2021-03-27 20:30:00", rate: 2400, seconds: 16 }],
        cron: "30 2 * * *",
        every: Every::Windows("2021-03-27T22:00:00Z", "2021-03-28T05:00:00Z", 1),
    },
    Case {
        name: "stopped for an hour",
        stretches: &[
            Stretch { from: "2020-11-03 10:02:00", rate: 60, seconds: 6 },
            Stretch { from: "2020-11-03 11:07:30", rate: 60, seconds: 6 },
        ],
        cron: "* * * * *",
        every: Every::Seconds(60),
    },
    Case {
        name: "stopped for a day",
        stretches: &[
            Stretch { from: "2020-11-03 10:02:00", rate: 600, seconds: 6 },
            Stretch { from: "2020-11-04 11:07:30", rate: 600, seconds: 6 },
        ],
        cron: "*/10 * * * *",
        every: Every::Seconds(600),
    },
    Case {
        name: "stopped for ten days, over the end of a year of 53 weeks",
        stretches: &[
            Stretch { from: "2020-12-30 10:02:00", rate: 3600, seconds: 6 },
            Stretch { from: "2021-01-09 11:07:30", rate: 3600, seconds: 6 },
        ],
        cron: "0 */2 * * *",
        every: Every::Seconds(7200),
    },
    Case {
        name: "started again with a clock an hour behind",
        stretches: &[
            Stretch { from: "2020-11-03 10:02:00", rate: 60, seconds: 6 },
            Stretch { from: "2020-11-03 09:10:00", rate: 600, seconds: 8 },
        ],
        cron: "* * * * *",
        every: Every::Seconds(60),
    },
];

pub(crate) fn run(_: &Options) -> Tally {
    let Some(library) = drill::faketime() else {
        return Tally::skipped("libfaketime is missing (.ci/setup --torture installs it)");
    };
    let server = Server::start();
    for source in feeds::SOURCES {
        server.set(&format!("/{source}.csv"), Reply::Body(feeds::body(source, 0)));
    }
    let mut tally =
        super::side_by_side(4, CASES, |case| case.name.to_owned(), |case| live(&server, &library, case));
    let more: [(&str, Life); 3] = [
        ("jumps of an hour and a day, forward and back, while it runs", jumps),
        ("the bulletin of week 53", week_53),
        ("a server that says 304 of an edition that did change is believed for a day at most", lying_server),
    ];
    let others =
        super::side_by_side(3, &more, |(name, _)| (*name).to_owned(), |(_, run)| run(&server, &library));
    tally.cases += others.cases;
    tally.failures.extend(others.failures);
    tally
}

/// A life that is not told by stretches.
type Life = fn(&Server, &Path) -> Check;

fn configure(site: &Site, server: &Server, cron: &str, bulletin: &str) {
    let url = server.url("/tests.csv");
    site.configure(&format!(
        "[fetch]\nattempts = 1\n[schedule]\nbuild = \"0 4 1 1 *\"\nbulletin = \"{bulletin}\"\n\
         [sources.tests]\nurl = \"{url}\"\ncron = \"{cron}\"\n"
    ));
}

fn start(site: &Site) -> Check<Child> {
    let log = std::fs::File::options().create(true).append(true).open(site.folder().join("run.log"));
    let log = log.map_err(|fault| fault.to_string())?;
    let mut command = site.command(&[], &["run"]);
    command.stderr(log).stdout(Stdio::null()).spawn().map_err(|fault| fault.to_string())
}

/// SIGTERM; it must end by itself, and well.
fn stop(site: &Site, mut child: Child) -> Check {
    let told = std::process::Command::new("kill").arg(child.id().to_string()).status();
    ensure!(told.is_ok_and(|status| status.success()), "kill");
    let started = Instant::now();
    while started.elapsed() < Duration::from_secs(30) {
        if let Some(status) = child.try_wait().map_err(|fault| fault.to_string())? {
            let log = std::fs::read_to_string(site.folder().join("run.log")).unwrap_or_default();
            ensure!(status.success(), "vigie run ended with {status}: {log}");
            ensure!(!log.contains("panicked at"), "a panic: {log}");
            return Ok(());
        }
        std::thread::sleep(Duration::from_millis(20));
    }
    let _ = child.kill();
    Err("vigie run does not stop within 30 s of SIGTERM".into())
}

/// The windows of the fetch job, seen from a later time: how often each is recorded, and how many ran.
fn windows(site: &mut Site) -> Check<(BTreeMap<Timestamp, u64>, u64)> {
    site.set("FAKETIME", LATER);
    let mut windows = BTreeMap::new();
    let mut ran = 0;
    for row in site.sql("select scheduled_for, outcome from runs where job = 'fetch:tests'")? {
        let at = row["scheduled_for"].as_str().unwrap_or_default();
        let at: Timestamp = at.parse().map_err(|fault| format!("{at:?}: {fault}"))?;
        *windows.entry(at).or_default() += 1;
        ran += u64::from(row["outcome"] == "ok");
    }
    Ok((windows, ran))
}

fn live(server: &Server, library: &Path, case: &Case) -> Check {
    let mut site = Site::new();
    configure(&site, server, case.cron, "0 9 1 1 *");
    for (at, stretch) in case.stretches.iter().enumerate() {
        let time = format!("@{} x{}", stretch.from, stretch.rate);
        if at == 0 {
            drill::fake(&mut site, library, &time);
        }
        site.set("FAKETIME", &time);
        site.set("TZ", "UTC");
        let child = start(&site)?;
        std::thread::sleep(Duration::from_secs(stretch.seconds));
        stop(&site, child)?;
    }
    let (windows, ran) = windows(&mut site)?;
    ensure!(ran >= case.stretches.len() as u64, "only {ran} windows ran");
    if let Some((window, times)) = windows.iter().find(|(_, times)| **times > 1) {
        return Err(format!("the window {window} is recorded {times} times"));
    }
    match case.every {
        Every::Seconds(seconds) => {
            ensure!(windows.len() > 2, "only {} windows", windows.len());
            let list: Vec<&Timestamp> = windows.keys().collect();
            for pair in list.windows(2) {
                let step = pair[1].duration_since(*pair[0]);
                ensure!(
                    step == SignedDuration::from_secs(seconds),
                    "between {} and {}: {step}",
                    pair[0],
                    pair[1]
                );
            }
        }
        Every::Windows(from, to, expected) => {
            let (from, to): (Timestamp, Timestamp) = (from.parse().unwrap(), to.parse().unwrap());
            let found: Vec<&Timestamp> = windows.keys().filter(|at| (from..=to).contains(*at)).collect();
            ensure!(found.len() == expected, "windows {found:?}, expected {expected}");
        }
    }
    site.verify()
}

/// The clock of a running service is set forward and back.
fn jumps(server: &Server, library: &Path) -> Check {
    let mut site = Site::new();
    configure(&site, server, "* * * * *", "0 9 1 1 *");
    let file = site.folder().join("offset");
    let set = |offset: &str| std::fs::write(&file, offset).map_err(|fault| fault.to_string());
    set("+0")?;
    drill::preload(&mut site, library);
    site.set("FAKETIME_TIMESTAMP_FILE", &file);
    let child = start(&site)?;
    for offset in ["+0", "+3600", "+0", "+90000", "+3600", "+90060"] {
        set(offset)?;
        std::thread::sleep(Duration::from_secs(4));
    }
    stop(&site, child)?;
    let (windows, ran) = windows(&mut site)?;
    ensure!(ran >= 3, "only {ran} windows ran");
    if let Some((window, times)) = windows.iter().find(|(_, times)| **times > 1) {
        return Err(format!("the window {window} is recorded {times} times"));
    }
    // Beyond two hundred missed windows the oldest are told as one row, which names their number.
    let told: u64 = site
        .sql("select message from runs where message like '%créneaux plus anciens%'")?
        .iter()
        .filter_map(|row| row["message"].as_str()?.split(' ').next()?.parse::<u64>().ok())
        .sum();
    let (Some(first), Some(last)) = (windows.keys().next(), windows.keys().next_back()) else {
        return Err("no window".into());
    };
    let minutes = u64::try_from(last.duration_since(*first).as_mins()).unwrap_or(0) + 1;
    let told_rows = windows.keys().filter(|at| at.as_microsecond() % 60_000_000 != 0).count() as u64;
    let recorded = windows.len() as u64 - told_rows + told;
    ensure!(recorded == minutes, "{recorded} windows recorded of {minutes} from {first} to {last}");
    site.verify()
}

/// On Thursday 7 January 2021 the bulletin of week 53 of 2020 is made, by itself.
fn week_53(server: &Server, library: &Path) -> Check {
    let mut site = Site::new();
    configure(&site, server, "0 3 1 1 *", "0 9 * * THU");
    drill::fake(&mut site, library, "@2021-01-07 07:30:00 x240");
    site.set("TZ", "UTC");
    // A first start records the window before it; the second one meets Thursday 09:00 in Paris.
    let child = start(&site)?;
    std::thread::sleep(Duration::from_secs(14));
    stop(&site, child)?;
    site.set("FAKETIME", LATER);
    let rows = site.sql("select cast(week as varchar) as week, territory from bulletins")?;
    ensure!(
        rows.len() == 1 && rows[0]["week"] == "2020-12-28",
        "bulletins {rows:?}: {}",
        std::fs::read_to_string(site.folder().join("run.log")).unwrap_or_default()
    );
    let name = site.folder().join("bulletins/bulletin-2020-W53-region-76.pdf");
    ensure!(name.exists(), "{} is not there", name.display());
    site.verify()
}

/// The first poll of each day asks for the whole body.
fn lying_server(server: &Server, library: &Path) -> Check {
    let path = "/lying.csv";
    let head = "ETag: \"for ever\"\r\nConnection: close\r\n";
    let body = |edition: u32| {
        let body = feeds::body("tests", edition);
        let mut bytes =
            format!("HTTP/1.1 200 OK\r\n{head}Content-Length: {}\r\n\r\n", body.len()).into_bytes();
        bytes.extend_from_slice(&body);
        Reply::Raw(vec![super::server::Step::Send(bytes)])
    };
    let mut site = Site::new();
    site.configure(&format!("[sources.tests]\nurl = \"{}\"\n", server.url(path)));
    drill::fake(&mut site, library, "@2020-11-03 10:00:00");
    site.set("TZ", "UTC");
    let outcome = |site: &Site| -> Check<String> {
        let reports = site.run(&["--json", "fetch"])?.reports()?;
        Ok(format!("{} {}", reports[0]["outcome"], reports[0]["http_status"]))
    };
    server.set(path, body(0));
    let first = outcome(&site)?;
    ensure!(first == "\"new\" 200", "first {first}");
    server.set(path, Reply::Conditional(Box::new(body(1))));
    site.set("FAKETIME", "@2020-11-03 15:00:00");
    let same_day = outcome(&site)?;
    ensure!(same_day == "\"unchanged\" 304", "the same day {same_day}");
    site.set("FAKETIME", "@2020-11-04 07:00:00");
    let next_day = outcome(&site)?;
    ensure!(next_day == "\"new\" 200", "the next day {next_day}");
    site.verify()
}
