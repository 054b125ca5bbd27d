//! Timings, by hand: `cargo test --release -p vigie-store speed -- --ignored --nocapture`. The benches of the workspace
//! compare with other engines.

use std::time::Instant;

use arrow::array::{BooleanArray, Float64Array};

use super::*;

fn series() -> TableSpec {
    let text = |name| Field::new(name, DataType::Utf8, false);
    TableSpec {
        name: "series".into(),
        key: vec!["dep".into(), "day".into(), "measure".into()],
        schema: Arc::new(Schema::new(vec![
            text("dep"),
            Field::new("day", DataType::Date32, false),
            text("measure"),
            Field::new("value", DataType::Float64, true),
        ])),
        kind: TableKind::Versioned { snapshot: false },
    }
}

/// `n_issues` issues of 101 departments, `n_days` days and 20 measures, in one batch sorted by key and issue.
fn versions(n_days: i32, issues: std::ops::Range<i64>) -> RecordBatch {
    let (mut dep, mut days, mut measure) = (Vec::new(), Vec::new(), Vec::new());
    let (mut value, mut issued) = (Vec::new(), Vec::new());
    for place in 0..101 {
        for at in 0..n_days {
            for what in 0..20 {
                for issue in issues.clone() {
                    dep.push(format!("{place:03}"));
                    days.push(18_000 + at);
                    measure.push(format!("measure_{what:02}"));
                    value.push(f64::from(place * at + what) + issue as f64);
                    issued.push(crate::spec::micros(day(issue)));
                }
            }
        }
    }
    let n = dep.len();
    let columns: Vec<(&str, ArrayRef)> = vec![
        ("dep", Arc::new(StringArray::from(dep))),
        ("day", Arc::new(arrow::array::Date32Array::from(days))),
        ("measure", Arc::new(StringArray::from(measure))),
        ("value", Arc::new(Float64Array::from(value))),
        ("issued_at", Arc::new(arrow::array::TimestampMicrosecondArray::from(issued).with_timezone("UTC"))),
        ("withdrawn", Arc::new(BooleanArray::from(vec![false; n]))),
    ];
    RecordBatch::try_from_iter(columns).unwrap()
}

async fn time(name: &str, lake: &Lake, query: &str, target_partitions: usize) {
    let specs = [series()];
    let options = SessionOptions { target_partitions, ..SessionOptions::default() };
    let as_of = AsOf { issued: day(20), recorded: day(99) };
    let (mut best, mut cpu) = (f64::MAX, f64::MAX);
    for _ in 0..3 {
        let session = lake.session_with(as_of, &specs, options).unwrap();
        let (start, before) = (Instant::now(), cpu_seconds());
        let found = session.sql(query).await.unwrap().collect().await.unwrap();
        assert!(!found.is_empty());
        best = best.min(start.elapsed().as_secs_f64());
        cpu = cpu.min(cpu_seconds() - before);
    }
    println!("{name:<40} {target_partitions} threads {best:>8.3} s, CPU {cpu:>6.2} s");
}

/// Processor time of this process, where the system tells (hundredths of a second).
fn cpu_seconds() -> f64 {
    let stat = std::fs::read_to_string("/proc/self/stat").unwrap_or_default();
    let fields = stat.rsplit(')').next().unwrap_or_default().split_whitespace().skip(11).take(2);
    fields.filter_map(|ticks| ticks.parse::<f64>().ok()).sum::<f64>() / 100.0
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "takes minutes without optimisation"]
async fn speed_of_reading_as_of() {
    let n_days: i32 = std::env::var("VIGIE_SPEED_DAYS").map_or(330, |days| days.parse().unwrap());
    let whole = "select count(*), sum(value) from series";
    let part = "select sum(value) from series where dep = '031' and day >= date '2019-06-01'";
    for (name, step) in [("one file", 30), ("one file an issue", 1), ("five files", 6)] {
        let folder = tempfile::tempdir().unwrap();
        let lake = open(folder.path());
        let start = Instant::now();
        for first in (1..=30).step_by(step) {
            let batch = versions(n_days, first..first + step as i64);
            lake.write_versions(&series(), &[batch], day(first + step as i64 - 1), &format!("r{first}"))
                .unwrap();
        }
        println!("{name}: written in {:.1} s", start.elapsed().as_secs_f64());
        for threads in [1, 2] {
            time(&format!("{name}: whole table"), &lake, whole, threads).await;
            time(
                &format!("{name}: all versions"),
                &lake,
                &whole.replace("series", "series_versions"),
                threads,
            )
            .await;
            time(&format!("{name}: one department"), &lake, part, threads).await;
        }
    }
}

/// One edition of `n` rows in batches of 8192, made as they are asked for: 20 measures by day and department; every
/// `changed`-th value differs by turn.
fn edition(n: usize, turn: i64, changed: usize) -> impl Iterator<Item = Result<RecordBatch, crate::Error>> {
    (0..n).step_by(8192).map(move |first| {
        let rows = first..n.min(first + 8192);
        let value = |row: usize| {
            let base = (row as i64 * 7_919).wrapping_mul(2_654_435_761) % 1_000_003;
            (base + if row.is_multiple_of(changed) { turn } else { 0 }) as f64
        };
        let dep = rows.clone().map(|row| format!("{:03}", row / 300_000));
        let days = rows.clone().map(|row| 18_000 + (row % 300_000 / 20) as i32);
        let measure = rows.clone().map(|row| format!("measure_{:02}", row % 20));
        let columns: Vec<(&str, ArrayRef)> = vec![
            ("dep", Arc::new(StringArray::from_iter_values(dep))),
            ("day", Arc::new(arrow::array::Date32Array::from_iter_values(days))),
            ("measure", Arc::new(StringArray::from_iter_values(measure))),
            ("value", Arc::new(Float64Array::from_iter_values(rows.map(value)))),
        ];
        Ok(RecordBatch::try_from_iter(columns).unwrap())
    })
}

/// The most memory this process ever held, in MB, where the system tells.
fn peak_mb() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find(|line| line.starts_with("VmHWM:")).unwrap_or_default();
    line.split_whitespace().nth(1).and_then(|kb| kb.parse::<u64>().ok()).unwrap_or_default() / 1024
}

/// `VIGIE_SPEED_ROWS=28000000` for the size of a gigabyte of CSV. Run alone: the peak is that of the process.
#[tokio::test]
#[ignore = "takes minutes without optimisation"]
async fn speed_and_memory_of_comparing() {
    let n: usize = std::env::var("VIGIE_SPEED_ROWS").map_or(2_000_000, |rows| rows.parse().unwrap());
    let folder = tempfile::tempdir().unwrap();
    let lake = open(folder.path());
    let spec = TableSpec { kind: TableKind::Versioned { snapshot: true }, ..series() };
    // The last edition comes late, before the second: everything it changes is merged with what came after.
    for (turn, issued) in [(1, 1), (2, 5), (3, 3)] {
        let lock = lake.lock("series", Duration::ZERO).unwrap();
        let (start, id) = (Instant::now(), format!("r{turn}"));
        let stamp = lake.stamp(day(turn)).unwrap();
        let change = lake
            .compare(&spec, edition(n, turn, 100), &Spared::default(), day(issued), stamp, &id)
            .await
            .unwrap();
        let compared = start.elapsed().as_secs_f64();
        let record = FetchRecord {
            fetch_id: id,
            source: "series".into(),
            outcome: Outcome::New,
            issued_at: Some(day(issued)),
            ..FetchRecord::default()
        };
        let record = lake.commit_fetch(&lock, &spec, change, &record, &[]).await.unwrap();
        println!(
            "turn {turn}: {} rows changed, compare {compared:.2} s, with commit {:.2} s, peak {} MB",
            record.rows_changed,
            start.elapsed().as_secs_f64(),
            peak_mb()
        );
    }
}
