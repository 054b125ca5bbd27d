//! The figures of docs/benches.md: `make bench`, on generated data, one run, medians side by side.
//!
//! Plain wall time of whole pieces of work (seconds, not microseconds), so a harness of thirty lines says all there is
//! to say: runs, least, median, most, and on which machine.
#![expect(
    clippy::unwrap_used,
    clippy::print_stdout,
    reason = "a bench fails by panicking and prints its table"
)]

use std::collections::BTreeMap;
use std::fs::File;
use std::io::BufWriter;
use std::path::Path;
use std::time::{Duration, Instant};

use jiff::civil::date;
use vigie::build::build;
use vigie::bulletins::week_data::WeekData;
use vigie::bulletins::{self, BulletinRequest, BulletinSpec};
use vigie::cli::Global;
use vigie::fetch::{Origin, Request, ensure_reference, fetch};
use vigie::room::Room;
use vigie_queries::Place;
use vigie_samples::{BigFeed, big};
use vigie_store::AsOf;

/// Departments and days of the generated country: France over three years.
const DEPARTMENTS: usize = 101;
const DAYS: usize = 1096;
/// Editions that the as-of question looks through.
const EDITIONS: usize = 4;
/// Seed of the generated data.
const SEED: u64 = 7;
/// Runs of each piece of work.
const RUNS: usize = 5;

fn main() {
    if std::env::args().any(|word| word == "--test") {
        return; // `cargo test --benches` only checks that it builds
    }
    rustls::crypto::ring::default_provider().install_default().unwrap();
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().unwrap();
    runtime.block_on(run());
}

async fn run() {
    let folder = tempfile::tempdir().unwrap();
    let country = big(DEPARTMENTS, DAYS, SEED);
    let mut files = Vec::new();
    let mut rows_last = 0;
    for feed in BigFeed::ALL {
        for back in (0..EDITIONS).rev() {
            let path = folder.path().join(format!("{}-{back}.csv", feed.source()));
            let rows = country.write(feed, back, &mut BufWriter::new(File::create(&path).unwrap())).unwrap();
            if back == 0 {
                rows_last += rows;
            }
            files.push((feed, back, path));
        }
    }
    println!("{}", machine());
    println!("{DEPARTMENTS} departments, {DAYS} days, four feeds, seed {SEED}; {RUNS} runs\n");
    println!("| work | least | median | most | rate |");
    println!("|---|---|---|---|---|");

    // One national edition of each feed into an empty lake: parse, check, sort, compare, compress, fsync.
    let mut times = Vec::new();
    for number in 0..RUNS {
        let room = room(&folder.path().join(format!("fresh-{number}")));
        let started = Instant::now();
        for (feed, back, path) in files.iter().filter(|(_, back, _)| *back == 0) {
            load(&room, feed.source(), path, country.issued_at(*back)).await;
        }
        times.push(started.elapsed());
    }
    let rate = |median: Duration| format!("{:.0} k rows/s", rows_last as f64 / median.as_secs_f64() / 1000.0);
    line("four CSV feeds to validated, versioned Parquet", times, rate);

    // The same lake with several editions: what the as-of operator looks through.
    let room = room(&folder.path().join("editions"));
    ensure_reference(&room).await.unwrap();
    for (feed, back, path) in &files {
        load(&room, feed.source(), path, country.issued_at(*back)).await;
    }
    let last = country.issued_at(0);
    let as_of = |issued| AsOf { issued, recorded: vigie::clock::now() };
    let mut times = Vec::new();
    for _ in 0..RUNS {
        let started = Instant::now();
        let ctx = room.session(as_of(country.issued_at(EDITIONS - 1))).unwrap();
        let counted = ctx.sql("select count(*), sum(tests), sum(positives) from tests").await.unwrap();
        assert_eq!(counted.collect().await.unwrap()[0].num_rows(), 1);
        times.push(started.elapsed());
    }
    line("as-of question over every key of one feed", times, |_| String::new());
    let mut times = Vec::new();
    for _ in 0..RUNS {
        let started = Instant::now();
        let ctx = room.session(as_of(country.issued_at(1))).unwrap();
        let frame = ctx.sql("select * from tests where department = '31'").await.unwrap();
        assert!(frame.count().await.unwrap() > 1000);
        times.push(started.elapsed());
    }
    line("as-of question about one department", times, |_| String::new());

    let mut times = Vec::new();
    let mut values = 0;
    for _ in 0..RUNS {
        let started = Instant::now();
        let computed = vigie_transform::compute(
            &room.session(as_of(last)).unwrap(),
            &room.vocabulary,
            vigie::calendar::paris_day(last),
        )
        .await
        .unwrap();
        values = computed.indicators.iter().map(arrow::array::RecordBatch::num_rows).sum();
        times.push(started.elapsed());
        assert!(values > 1_000_000, "{values} values");
    }
    line("all indicators, France, three years", times, |median| {
        format!("{:.0} k values/s", values as f64 / median.as_secs_f64() / 1000.0)
    });
    let started = Instant::now();
    build(&room, as_of(last)).await.unwrap();
    line("full build: indicators, rules, alerts, into the lake", vec![started.elapsed()], |_| String::new());

    let week = date(2020, 10, 12);
    let out = folder.path().join("bulletin.pdf");
    let spec = BulletinSpec {
        territory: Place::region("76"),
        week,
        as_of: as_of(last),
        number: 1,
        previous: None,
        wording: BTreeMap::new(),
        by: None,
    };
    let sheets = vigie_queries::known_departments()
        .iter()
        .filter(|(_, (_, home))| *home == Some("76"))
        .map(|(code, _)| (Place::department(code), folder.path().join(format!("sheet-{code}.pdf"))));
    let region = (spec.territory.clone(), out);
    let with_sheets: Vec<_> = std::iter::once(region.clone()).chain(sheets).collect();
    let order =
        |territories| BulletinRequest { territories, week, issued: last, new_edition: true, by: None };
    let mut times = Vec::new();
    for _ in 0..RUNS {
        let started = Instant::now();
        bulletins::publish(&room, &order(vec![region.clone()])).await.unwrap();
        times.push(started.elapsed());
    }
    line("one bulletin from the lake, computation included", times, |_| String::new());
    let mut times = Vec::new();
    for _ in 0..RUNS {
        let started = Instant::now();
        bulletins::publish(&room, &order(with_sheets.clone())).await.unwrap();
        times.push(started.elapsed());
    }
    line("the same with 13 department sheets", times, |_| String::new());
    let week_data = WeekData::of(&room, as_of(last), std::slice::from_ref(&spec)).await.unwrap();
    let input = week_data.input(&room, &spec).await.unwrap();
    let mut times = Vec::new();
    for _ in 0..RUNS {
        let started = Instant::now();
        vigie_reports::render(&input).unwrap();
        times.push(started.elapsed());
    }
    line("the document alone: figures, pages, twins", times, |_| String::new());
}

fn room(lake: &Path) -> Room {
    let global = Global { config: None, lake: Some(lake.to_owned()), json: false, quiet: true, verbose: 0 };
    Room::open(&global).unwrap()
}

async fn load(room: &Room, source: &str, path: &Path, issued_at: jiff::Timestamp) {
    let origin = Origin::File(path.to_owned());
    let request = Request {
        source: source.to_owned(),
        origin,
        issued_at: Some(issued_at),
        accepted: false,
        dated: None,
    };
    let report = fetch(room, request).await;
    assert_eq!(report.outcome, "new", "{}", report.message);
}

fn line(work: &str, mut times: Vec<Duration>, rate: impl Fn(Duration) -> String) {
    times.sort();
    let median = times[times.len() / 2];
    println!(
        "| {work} | {:.3} s | {:.3} s | {:.3} s | {} |",
        secs(times[0]),
        secs(median),
        secs(*times.last().unwrap()),
        rate(median)
    );
}

fn secs(time: Duration) -> f64 {
    time.as_secs_f64()
}

/// What the figures were measured on.
fn machine() -> String {
    let cpu = std::fs::read_to_string("/proc/cpuinfo").unwrap_or_default();
    let model = cpu
        .lines()
        .find_map(|line| line.strip_prefix("model name"))
        .unwrap_or(" unknown")
        .trim_start_matches([' ', '\t', ':'])
        .to_owned();
    let memory = std::fs::read_to_string("/proc/meminfo").unwrap_or_default();
    let kib: u64 = memory.split_whitespace().nth(1).and_then(|n| n.parse().ok()).unwrap_or(0);
    let cores = std::thread::available_parallelism().map_or(0, usize::from);
    format!("{model}, {cores} cores, {} GiB", kib >> 20)
}
