//! Ten thousand hourly polls of a small source that changes each time, on a clock of the bench's own: does a poll cost at
//! the end what it cost at the beginning? `make bench-polls`, see docs/benches.md.
//!
//! The polls run in this process, as those of `vigie run` do, with the runs the service records and a compaction each
//! night. At each mark the built binary is also asked what a person asks: one more `vigie fetch`, `vigie status`,
//! `vigie sql "select 1"`; processor time of the child, opening the lake included.
#![expect(
    clippy::unwrap_used,
    clippy::print_stdout,
    reason = "a bench fails by panicking and prints its table"
)]

use std::fmt::Write as _;
use std::path::Path;
use std::process::{Command, Stdio};
use std::sync::Arc;

use arrow::array::{ArrayRef, BooleanArray, RecordBatch, StringArray, TimestampMicrosecondArray};
use jiff::{SignedDuration, Timestamp, ToSpan as _};
use vigie::cli::Global;
use vigie::fetch::{Origin, Request, fetch};
use vigie::room::Room;
use vigie_store::tables;

/// The source: departments and days in each edition.
const DEPARTMENTS: usize = 94;
const DAYS: usize = 20;
/// Polls after which is looked at the cost; the mean of so many up to there, a whole number of days.
const MARKS: [u32; 4] = [100, 1_000, 5_000, 10_000];
const AVERAGED: u32 = 48;
/// Runs of each command of the binary, whose mean is taken.
const ASKED: u32 = 5;

fn main() {
    if std::env::args().any(|word| word == "--test") {
        return; // `cargo test --benches` only checks that it builds
    }
    rustls::crypto::ring::default_provider().install_default().unwrap();
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().unwrap();
    let polls = std::env::var("POLLS").ok().and_then(|text| text.parse().ok());
    runtime.block_on(run(polls.unwrap_or(MARKS[MARKS.len() - 1])));
}

async fn run(polls: u32) {
    let folder = tempfile::tempdir().unwrap();
    let lake = folder.path().join("lake");
    let global = Global { config: None, lake: Some(lake.clone()), json: false, quiet: true, verbose: 0 };
    let room = Room::open(&global).unwrap();
    let body = folder.path().join("hospital_stock.csv");
    // It ends before the present, so that the binary asked at the marks lives after it.
    let begin: Timestamp = "2025-08-01T00:10:00Z".parse().unwrap();
    println!(
        "{DEPARTMENTS} departments, {DAYS} days, one value changed per poll, a poll an hour, a compaction a night\n"
    );
    println!(
        "| after polls | CPU of a poll, ms | nightly compaction, ms | `vigie fetch`, ms | opens under fetches | `status`, ms | `select 1`, ms | most files of a table |"
    );
    println!("|---|---|---|---|---|---|---|---|");
    let (mut averaged, mut nights, mut n_nights, mut first) = (0.0, 0.0, 0, None);
    for poll in 0..polls {
        let now = begin + SignedDuration::from_hours(i64::from(poll));
        vigie::clock::set(now);
        std::fs::write(&body, edition(poll)).unwrap();
        let before = cpu(Whose::Own);
        let request = Request {
            source: "hospital_stock".into(),
            origin: Origin::File(body.clone()),
            issued_at: Some(now),
            accepted: false,
            dated: None,
        };
        let report = fetch(&room, request).await;
        assert_eq!(report.outcome, "new", "poll {poll}: {}", report.message);
        record_run(&room, "fetch:hospital_stock", now).await;
        averaged += cpu(Whose::Own) - before;
        if now.to_string().contains("T03:") {
            let before = cpu(Whose::Own);
            room.lake.compact(&room.tables(), now).await.unwrap();
            record_run(&room, "compact", now).await;
            (nights, n_nights) = (nights + cpu(Whose::Own) - before, n_nights + 1);
        }
        let done = poll + 1;
        if MARKS.contains(&(done + AVERAGED)) {
            (averaged, nights, n_nights) = (0.0, 0.0, 0);
        }
        if MARKS.contains(&done) {
            let of_a_poll = averaged * 1000.0 / f64::from(AVERAGED);
            let asked = ask(&lake, &body, done);
            println!(
                "| {done} | {of_a_poll:.1} | {:.1} | {:.0} | {} | {:.0} | {:.0} | {} |",
                nights * 1000.0 / f64::from(n_nights.max(1)),
                asked.fetch,
                asked.opens.map_or_else(|| "no strace".to_owned(), |n| n.to_string()),
                asked.status,
                asked.select,
                most_files(&lake),
            );
            let first = *first.get_or_insert(of_a_poll);
            if done == polls {
                println!("\na poll at the end / at the beginning: {:.2}", of_a_poll / first);
            }
        }
    }
}

/// A body in the layout of Santé publique France, in which each poll changes one value.
fn edition(poll: u32) -> String {
    let mut text = String::from("\"dep\";\"sexe\";\"jour\";\"hosp\";\"rea\";\"rad\";\"dc\"\n");
    let first = jiff::civil::date(2020, 9, 21);
    for place in 0..DEPARTMENTS * DAYS {
        let (department, day) = (place / DAYS, place % DAYS);
        // Codes without Corsica's letters and the overseas departments: 01 to 19, 21 to 95.
        let code = if department < 19 { department + 1 } else { department + 2 };
        let changed = (poll as usize + DEPARTMENTS * DAYS - place) / (DEPARTMENTS * DAYS);
        let n = 100 + department * 3 + day + changed;
        let date = first + i64::try_from(day).unwrap().days();
        let _ = writeln!(
            text,
            "\"{code:02}\";\"0\";\"{date}\";{n};{};{};{}",
            n / 7,
            day * 5 + department,
            day + 1
        );
    }
    text
}

/// One row of `runs`, as the service writes it.
async fn record_run(room: &Room, job: &str, at: Timestamp) {
    let instants = || -> ArrayRef {
        Arc::new(TimestampMicrosecondArray::from_value(at.as_microsecond(), 1).with_timezone("UTC"))
    };
    let text = |text: &str| -> ArrayRef { Arc::new(StringArray::from(vec![text.to_owned()])) };
    let id = vigie_store::fetch_id(job, at, "");
    let columns = vec![
        text(&id),
        text(job),
        instants(),
        instants(),
        instants(),
        text("ok"),
        text("1 ligne nouvelle ou corrigée."),
        Arc::new(BooleanArray::from(vec![false])),
    ];
    let spec = tables::runs();
    let batch = RecordBatch::try_new(spec.schema.clone(), columns).unwrap();
    room.lake.append(&spec, &[batch], vigie::clock::now(), &id).await.unwrap();
    room.lake.tidy(&[spec], vigie::clock::now()).await.unwrap();
}

/// What the binary takes, milliseconds of processor time.
struct Asked {
    fetch: f64,
    opens: Option<usize>,
    status: f64,
    select: f64,
}

fn ask(lake: &Path, body: &Path, polls: u32) -> Asked {
    // A copy: what is asked changes nothing of what is measured next.
    let folder = tempfile::tempdir().unwrap();
    let copy = folder.path().join("lake");
    assert!(Command::new("cp").arg("-a").args([lake, &copy]).status().unwrap().success());
    let vigie = |words: &[&str]| {
        let mut command = Command::new(env!("CARGO_BIN_EXE_vigie"));
        command.arg("--lake").arg(&copy).args(words).stdout(Stdio::null()).stderr(Stdio::null());
        command
    };
    let cost = |command: &mut dyn FnMut(u32) -> Command| {
        let before = cpu(Whose::Children);
        for turn in 0..ASKED {
            let code = command(turn).status().unwrap().code();
            assert!(matches!(code, Some(0 | 4)), "exit {code:?}");
        }
        (cpu(Whose::Children) - before) * 1000.0 / f64::from(ASKED)
    };
    let next = folder.path().join("next.csv");
    let path = body.with_file_name("opens.txt");
    let mut turn = 0;
    let mut fetch = |_| {
        turn += 1;
        std::fs::write(&next, edition(polls + turn)).unwrap();
        vigie(&["fetch", "hospital_stock", "--from", next.to_str().unwrap()])
    };
    let fetch_cost = cost(&mut fetch);
    let traced = fetch(0);
    let mut strace = Command::new("strace");
    strace
        .args(["-f", "-qq", "-e", "trace=open,openat", "-o"])
        .arg(&path)
        .arg(traced.get_program())
        .args(traced.get_args());
    let works =
        strace.stdout(Stdio::null()).stderr(Stdio::null()).status().is_ok_and(|status| status.success());
    let opens = works.then(|| {
        let text = std::fs::read_to_string(&path).unwrap_or_default();
        text.lines().filter(|line| line.contains("tables/fetches/")).count()
    });
    Asked {
        fetch: fetch_cost,
        opens,
        status: cost(&mut |_| vigie(&["status"])),
        select: cost(&mut |_| vigie(&["sql", "select 1"])),
    }
}

/// The largest number of files that a table has.
fn most_files(lake: &Path) -> usize {
    let tables = std::fs::read_dir(lake.join("tables")).unwrap().flatten();
    tables.map(|table| std::fs::read_dir(table.path()).unwrap().count()).max().unwrap_or(0)
}

#[derive(Clone, Copy)]
enum Whose {
    Own,
    Children,
}

/// Seconds of processor time, user and system, of this process or of its children that ended.
fn cpu(whose: Whose) -> f64 {
    let text = std::fs::read_to_string("/proc/self/stat").unwrap();
    let fields: Vec<&str> = text.rsplit_once(')').unwrap().1.split_whitespace().collect();
    // Fields 14 to 17 of proc(5), the third being the first after the name; a hundred ticks a second on Linux.
    let at = match whose {
        Whose::Own => 11,
        Whose::Children => 13,
    };
    let ticks: u64 = fields[at..at + 2].iter().map(|ticks| ticks.parse::<u64>().unwrap()).sum();
    ticks as f64 / 100.0
}
