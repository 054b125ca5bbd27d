//! The newest value of each key as of a date, over twenty million versions: Vigie and DuckDB on the same Parquet files,
//! in turns, in one run (`make bench-versions`). 101 departments, 330 days, 20 measures; 30 editions that each change
//! every value, then 60 that each change half of the values, others in each.
//!
//! DuckDB is the Python package, asked by `benches/versions.py`, which keeps one connection and times each question as
//! this program does. Count and sum must be the same.
#![expect(
    clippy::unwrap_used,
    clippy::print_stdout,
    reason = "a bench fails by panicking and prints its table"
)]

use std::io::{BufRead, BufReader, Write};
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};
use std::sync::Arc;
use std::time::{Duration, Instant};

use arrow::array::{ArrayRef, AsArray, Date32Array, Float64Array, RecordBatch, StringArray};
use arrow::datatypes::{DataType, Field, Float64Type, Int64Type, Schema};
use jiff::{Timestamp, ToSpan as _};
use vigie_store::{AsOf, Lake, Month, TableKind, TableSpec};

const DEPARTMENTS: usize = 101;
const DAYS: usize = 330;
const MEASURES: usize = 20;
/// Editions, and which share of the values (one in so many) each changes. `VIGIE_BENCH_EDITIONS=3` for a quick look.
const LAKES: [(i64, usize); 2] = [(30, 1), (60, 2)];
/// Runs of each question; the median counts.
const RUNS: usize = 7;

fn main() {
    if std::env::args().any(|word| word == "--test") {
        return; // `cargo test --benches` only checks that it builds
    }
    tokio::runtime::Builder::new_multi_thread().enable_all().build().unwrap().block_on(run());
}

async fn run() {
    let mut duck = Duck::start();
    println!("\nEach question {RUNS} times, medians\n");
    println!(
        "| changed by an edition | files | question | Vigie | DuckDB | ratio |\n|---|---|---|---|---|---|"
    );
    for (editions, one_in) in LAKES {
        let editions = std::env::var("VIGIE_BENCH_EDITIONS").map_or(editions, |text| text.parse().unwrap());
        race(&mut duck, editions, one_in).await;
    }
}

/// The questions to one lake.
async fn race(duck: &mut Duck, editions: i64, one_in: usize) {
    let folder = tempfile::tempdir().unwrap();
    let lake = Lake::open(folder.path()).unwrap();
    let spec = measures();
    let first: Timestamp = "2020-09-01T18:00:00Z".parse().unwrap();
    for edition in 0..editions {
        let lock = lake.lock(&spec.name, Duration::ZERO).unwrap();
        let issued = first + (edition * 24).hours();
        let stamp = lake.stamp(issued).unwrap();
        let id = format!("edition{edition}");
        lake.append_versions(&lock, &spec, &batches(edition, one_in), issued, &stamp, &id).await.unwrap();
    }
    let changed = if one_in == 1 { "every value".to_owned() } else { format!("one value in {one_in}") };
    let middle = first + (editions / 2 * 24).hours();
    let latest = first + (editions * 24).hours();
    for compacted in [false, true] {
        if compacted {
            lake.compact(std::slice::from_ref(&spec), Month { year: 2021, month: 1 }.start()).await.unwrap();
        }
        let n_files = std::fs::read_dir(lake.root().join("tables/measures")).unwrap().count();
        for (name, issued, only) in [
            ("every key, as of the middle edition", middle, "true"),
            ("every key, as of the last", latest, "true"),
            (
                "a department and a measure, as of the middle",
                middle,
                "department = '031' and measure = 'measure_07'",
            ),
        ] {
            let query = format!("select count(*), sum(value) from measures where {only}");
            let (mut ours, mut theirs) = (Vec::new(), Vec::new());
            for run in 0..=RUNS {
                let (took, said) = ask(&lake, &spec, issued, &query).await;
                let (duck_took, duck_said) = duck.ask(&lake, issued, only);
                assert_eq!(said.0, duck_said.0, "{name}: the counts differ");
                assert!(
                    (said.1 - duck_said.1).abs() <= said.1.abs() * 1e-9,
                    "{name}: {said:?} and {duck_said:?}"
                );
                // The first run of each warms up.
                if run > 0 {
                    ours.push(took);
                    theirs.push(duck_took);
                }
            }
            let (ours, theirs) = (median(ours), median(theirs));
            println!(
                "| {changed} | {n_files} | {name} | {ours:.3} s | {theirs:.3} s | {:.2} |",
                ours / theirs
            );
        }
    }
}

fn measures() -> TableSpec {
    TableSpec {
        name: "measures".into(),
        key: vec!["department".into(), "time_value".into(), "measure".into()],
        schema: Arc::new(Schema::new(vec![
            Field::new("department", DataType::Utf8, false),
            Field::new("time_value", DataType::Date32, false),
            Field::new("measure", DataType::Utf8, false),
            Field::new("value", DataType::Float64, true),
        ])),
        kind: TableKind::Versioned { snapshot: true },
    }
}

/// An edition by key, a batch a department; every value differs from that of every other edition. One row in `one_in` is
/// given.
fn batches(edition: i64, one_in: usize) -> Vec<RecordBatch> {
    let value = |row: usize| ((row as i64 * 7_919) % 1_000_003 * 100 + edition) as f64 / 100.0;
    // Multiplicative hashing: which rows an edition changes looks like chance, and is the same in each run.
    let is_given = move |row: &usize| {
        let mixed = (*row as u64).wrapping_mul(0x9e37_79b9_7f4a_7c15)
            ^ (edition as u64).wrapping_mul(0xc2b2_ae3d_27d4_eb4f);
        ((mixed.wrapping_mul(0xff51_afd7_ed55_8ccd) >> 33) as usize).is_multiple_of(one_in)
    };
    (0..DEPARTMENTS)
        .map(|department| {
            let rows: Vec<usize> = (0..DAYS * MEASURES).filter(is_given).collect();
            let rows = rows.iter().copied();
            let columns: [(&str, ArrayRef); 4] = [
                (
                    "department",
                    Arc::new(StringArray::from_iter_values(rows.clone().map(|_| format!("{department:03}")))),
                ),
                (
                    "time_value",
                    Arc::new(Date32Array::from_iter_values(
                        rows.clone().map(|row| 18_262 + (row / MEASURES) as i32),
                    )),
                ),
                (
                    "measure",
                    Arc::new(StringArray::from_iter_values(
                        rows.clone().map(|row| format!("measure_{:02}", row % MEASURES)),
                    )),
                ),
                (
                    "value",
                    Arc::new(Float64Array::from_iter_values(
                        rows.map(|row| value(department * DAYS * MEASURES + row)),
                    )),
                ),
            ];
            RecordBatch::try_from_iter(columns).unwrap()
        })
        .collect()
}

/// Seconds, count and sum, from the opening of the session on.
async fn ask(lake: &Lake, spec: &TableSpec, issued: Timestamp, query: &str) -> (f64, (i64, f64)) {
    let start = Instant::now();
    let as_of = AsOf { issued, recorded: Timestamp::MAX };
    let session = lake.session(as_of, std::slice::from_ref(spec)).unwrap();
    let batches = session.sql(query).await.unwrap().collect().await.unwrap();
    let took = start.elapsed().as_secs_f64();
    let count = batches[0].column(0).as_primitive::<Int64Type>().value(0);
    (took, (count, batches[0].column(1).as_primitive::<Float64Type>().value(0)))
}

fn median(mut times: Vec<f64>) -> f64 {
    times.sort_by(f64::total_cmp);
    times[times.len() / 2]
}

/// DuckDB in a process of its own.
struct Duck {
    child: Child,
    asks: ChildStdin,
    says: BufReader<ChildStdout>,
}

impl Duck {
    fn start() -> Self {
        let python = std::env::var("VIGIE_PYTHON").unwrap_or_else(|_| "python3".to_owned());
        let mut child = Command::new(python)
            .arg(concat!(env!("CARGO_MANIFEST_DIR"), "/benches/versions.py"))
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let (asks, says) = (child.stdin.take().unwrap(), BufReader::new(child.stdout.take().unwrap()));
        let mut duck = Self { child, asks, says };
        println!("{}", duck.line());
        duck
    }

    fn line(&mut self) -> String {
        let mut line = String::new();
        self.says.read_line(&mut line).unwrap();
        assert!(!line.is_empty(), "DuckDB ended; `make bench-versions` installs it");
        line.trim().to_owned()
    }

    fn ask(&mut self, lake: &Lake, issued: Timestamp, only: &str) -> (f64, (i64, f64)) {
        let files = lake.root().join("tables/measures/*.parquet");
        writeln!(self.asks, "{}\t{issued}\t{only}", files.display()).unwrap();
        let line = self.line();
        let mut words = line.split_whitespace();
        let mut next = || words.next().unwrap().parse::<f64>().unwrap();
        let (took, count, sum) = (next(), next(), next());
        (took, (count as i64, sum))
    }
}

impl Drop for Duck {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
