//! Merging by level: nobody can tell, whatever is asked, as of whenever; files stay few; a crash at any step is mended.

use std::process::Command;

use super::*;
use crate::{Month, Polls};

const HOUR: Duration = Duration::from_secs(3600);

/// The instants of polls: every seven hours, from the end of November into January, past a year's end.
fn polls(n: u32) -> Vec<Timestamp> {
    let first: Timestamp = "2020-11-25T01:30:00Z".parse().unwrap();
    (0..n).map(|turn| first + HOUR * 7 * turn).collect()
}

/// An edition that changes a value, now and then none, and at times goes back to an earlier body.
fn edition(turn: u32) -> Rows {
    let turn = i64::from(turn);
    let n = if turn % 11 == 5 { turn - 1 } else { turn };
    rows(&[("01", 1, Some(n / 3)), ("2A", n % 6, Some(n)), ("2B", 1, (n % 4 > 0).then_some(n % 4))])
}

fn run_row(job: &str, at: Timestamp, outcome: &str) -> RecordBatch {
    let spec = tables::runs();
    let instants = |at: Timestamp| -> ArrayRef { crate::commit::instants(at, 1) };
    let text = |text: &str| -> ArrayRef { Arc::new(StringArray::from(vec![text.to_owned()])) };
    let columns = vec![
        text(&format!("{job}-{at}")),
        text(job),
        instants(at),
        instants(at),
        instants(at),
        text(outcome),
        text("Essai."),
        Arc::new(arrow::array::BooleanArray::from(vec![false])),
    ];
    RecordBatch::try_new(spec.schema, columns).unwrap()
}

fn specs() -> Vec<TableSpec> {
    vec![beds(true), tables::fetches(), tables::findings(), tables::runs()]
}

/// Fills a lake; `after` is what is done after each poll.
async fn fill(lake: &Lake, n: u32, mut after: impl AsyncFnMut(&Lake, Timestamp)) {
    for (turn, at) in (0..).zip(polls(n)) {
        // One in nine is issued before the one before it.
        let issued = if turn % 9 == 8 { at - HOUR * 10 } else { at };
        fetch(lake, &beds(true), &edition(turn), issued, at).await;
        let (job, outcome) =
            (if turn % 2 == 0 { "build" } else { "fetch:beds" }, if turn % 5 == 4 { "failed" } else { "ok" });
        lake.append(&tables::runs(), &[run_row(job, at, outcome)], at + HOUR, &format!("run-{turn}"))
            .await
            .unwrap();
        after(lake, at + HOUR).await;
    }
}

/// Everything a table holds as of an instant, row by row.
async fn every_row(lake: &Lake, table: &str, at: Timestamp) -> Vec<String> {
    let as_of = AsOf { issued: Timestamp::MAX, recorded: at };
    let text = sql(lake, &specs(), as_of, &format!("select * from {table}")).await;
    let mut lines: Vec<String> =
        text.lines().filter(|line| line.starts_with('|')).map(str::to_owned).collect();
    lines.sort();
    lines
}

#[tokio::test]
async fn a_lake_merged_by_level_answers_as_one_that_never_was() {
    let (one, two) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let (plain, merged) = (open(one.path()), open(two.path()));
    const N: u32 = 150;
    fill(&plain, N, async |_, _| {}).await;
    let mut most = 0;
    fill(&merged, N, async |lake, now| {
        lake.tidy(&specs(), now).await.unwrap();
        if now.to_string().contains("T03:30") {
            lake.compact(&specs(), now).await.unwrap();
        }
        most = most.max(names(lake, "fetches").len());
    })
    .await;
    assert_eq!(names(&plain, "fetches").len(), N as usize);
    assert!(most <= 20, "{most} files");
    assert!(
        names(&merged, "fetches").contains(&"2020.parquet".to_owned())
            || names(&merged, "fetches").iter().any(|name| name.starts_with("2020.")),
        "{:?}",
        names(&merged, "fetches")
    );
    assert_sound(&merged);

    let instants: Vec<Timestamp> = fetches(&plain).iter().map(|fetch| fetch.recorded_at).collect();
    for at in instants.iter().step_by(3) {
        for recorded in [*at, *at - Duration::from_micros(1)] {
            for table in ["beds_versions", "fetches", "findings", "runs"] {
                let (found, expected) =
                    (every_row(&merged, table, recorded).await, every_row(&plain, table, recorded).await);
                assert_eq!(found, expected, "{table} as of {recorded}");
            }
            for issued in [recorded, recorded - HOUR * 9, Timestamp::MAX] {
                let as_of = AsOf { issued, recorded };
                assert_eq!(view(&merged, &beds(true), as_of).await, view(&plain, &beds(true), as_of).await);
            }
        }
    }

    // What the log is asked, against all its rows gone through one by one.
    let rows = fetches(&plain);
    for as_of in instants.iter().step_by(7).map(|at| AsOf::at(*at)).chain([AsOf::everything()]) {
        let seen = || {
            rows.iter().filter(|row| row.recorded_at <= as_of.recorded && row.issued_at <= Some(as_of.issued))
        };
        let expected = Polls {
            edition: seen()
                .filter(|row| row.outcome.is_applied())
                .max_by_key(|row| (row.issued_at, row.recorded_at))
                .cloned(),
            last: seen().max_by_key(|row| row.recorded_at).cloned(),
            brought: seen()
                .filter(|row| row.outcome != Outcome::Failed)
                .max_by_key(|row| row.recorded_at)
                .cloned(),
        };
        for lake in [&merged, &plain] {
            assert_eq!(lake.polls(as_of).await.unwrap().remove("beds"), Some(expected.clone()), "{as_of:?}");
        }
    }
    for lake in [&merged, &plain, &open(two.path())] {
        let last = rows.iter().find(|row| row.outcome.is_applied());
        assert_eq!(lake.last_fetch("beds").await.unwrap().as_ref(), last);
        assert_eq!(lake.last_fetch("elsewhere").await.unwrap(), None);
        for row in rows.iter().step_by(4) {
            assert_eq!(lake.fetch(&row.fetch_id).await.unwrap().as_ref(), Some(row));
            let of = |other: &&FetchRecord| other.outcome == Outcome::New && other.sha256 == row.sha256;
            let sha256 = row.sha256.as_deref().unwrap();
            assert_eq!(lake.applied_body("beds", sha256).await.unwrap().as_ref(), rows.iter().find(of));
            assert_eq!(lake.findings_of(row).await.unwrap(), lake.findings(&row.fetch_id).await.unwrap());
            assert_eq!(lake.findings_of(row).await.unwrap().len(), 1);
        }
        assert_eq!(lake.applied_body("beds", &"0".repeat(64)).await.unwrap(), None);
        let mut issues: Vec<Timestamp> =
            rows.iter().filter(|row| row.outcome == Outcome::New).filter_map(|row| row.issued_at).collect();
        issues.sort_unstable_by(|a, b| b.cmp(a));
        for limit in [1, 5, 1000] {
            let expected: Vec<Timestamp> = issues.iter().copied().take(limit).collect();
            assert_eq!(lake.applied_editions("beds", limit).await.unwrap(), expected);
        }
        for after in issues.iter().step_by(10) {
            let next = rows
                .iter()
                .filter(|row| row.outcome.is_applied())
                .filter_map(|row| row.issued_at)
                .filter(|at| at > after)
                .min();
            assert_eq!(lake.next_applied_issue("beds", *after).unwrap(), next);
        }
        let runs = lake.runs().await.unwrap();
        let (even, odd) = (polls(N)[N as usize - 2], polls(N)[N as usize - 1]);
        let last = |job: &str| runs[job].last.clone().unwrap();
        assert_eq!(last("build").scheduled_for, Some(even));
        assert_eq!(runs["build"].window, runs["build"].last);
        // Turn 149 failed, as every fifth: the newest run of `fetch:beds` that did not is turn 147.
        assert_eq!(
            (last("fetch:beds").scheduled_for, last("fetch:beds").outcome.as_str()),
            (Some(odd), "failed")
        );
        let success = runs["fetch:beds"].success.as_ref().unwrap();
        assert_eq!(success.scheduled_for, Some(polls(N)[147]));
    }

    // Merged or not, the next edition finds the same things changed.
    let at = polls(N + 1)[N as usize];
    let next = rows_of_next();
    let (a, b) = (
        fetch(&plain, &beds(true), &next, at, at).await.0,
        fetch(&merged, &beds(true), &next, at, at).await.0,
    );
    assert_eq!(a, b);
}

fn rows_of_next() -> Rows {
    rows(&[("01", 1, Some(9_999)), ("2A", 0, Some(7)), ("974", 2, None)])
}

#[tokio::test]
async fn a_poll_leaves_what_others_hold() {
    let folder = tempfile::tempdir().unwrap();
    let lake = open(folder.path());
    let day = "2020-10-13T06:00:00Z".parse::<Timestamp>().unwrap();
    for turn in 0..20 {
        let at = day + Duration::from_secs(turn * 60);
        fetch(&lake, &beds(true), &rows(&[("01", 1, Some(turn as i64))]), at, at).await;
    }
    let now = day + HOUR;
    // Somebody reads: nothing is waited for, nothing is done.
    let reading = lake.layout().files("beds", Timestamp::MAX).unwrap();
    assert_eq!(lake.tidy(&specs(), now).await.unwrap(), []);
    assert_eq!(names(&lake, "beds").len(), 20);
    drop(reading);
    // Somebody writes the table: the others are merged.
    let writing = lake.lock("beds", Duration::ZERO).unwrap();
    let done: Vec<String> =
        lake.tidy(&specs(), now).await.unwrap().into_iter().map(|merge| merge.table).collect();
    assert_eq!(done, ["fetches", "findings"]);
    drop(writing);
    // A stamp is pending: what comes after it stays.
    let pending = lake.stamp(now).unwrap();
    let at = now + Duration::from_secs(60);
    fetch(&lake, &beds(true), &rows(&[("01", 1, Some(99))]), at, at).await;
    let done = lake.tidy(&specs(), at).await.unwrap();
    assert_eq!((done.len(), done[0].files), (1, 20));
    assert_eq!(names(&lake, "beds").len(), 2);
    drop(pending);
    assert_sound(&lake);
    assert_eq!(view(&lake, &beds(true), AsOf::everything()).await, rows(&[("01", 1, Some(99))]));
}

#[tokio::test]
async fn marks_older_than_the_tables_cannot_hide_a_commit() {
    let folder = tempfile::tempdir().unwrap();
    let lake = open(folder.path());
    for turn in 1..20 {
        fetch(&lake, &beds(true), &rows(&[("01", 1, Some(turn))]), day(turn), day(turn)).await;
    }
    lake.compact(&specs(), day(25)).await.unwrap();
    assert_eq!(names(&lake, "fetches"), ["2020-10.parquet"]);
    drop(lake);
    // As if the tables of a newer copy had been put under older marks.
    for name in crate::layout::entries(&folder.path().join("locks")).unwrap() {
        if name.starts_with("stamp-") {
            std::fs::remove_file(folder.path().join("locks").join(name)).unwrap();
        }
    }
    let lake = open(folder.path());
    lake.mark(day(3)).unwrap();
    for name in crate::layout::entries(&folder.path().join("locks")).unwrap() {
        if name.starts_with("stamp-") && !name.contains(&crate::layout::stamp(day(3))) {
            std::fs::remove_file(folder.path().join("locks").join(name)).unwrap();
        }
    }
    let told = try_fetch(&lake, &beds(true), &rows(&[("01", 1, Some(5))]), day(4), day(4), &[]).await;
    let told = told.unwrap_err().to_string();
    assert!(told.contains("stamp-*"), "{told}");
    assert_eq!(view(&lake, &beds(true), AsOf::everything()).await, rows(&[("01", 1, Some(19))]));
    assert_sound(&lake);
}

/// Run by the test below in a process of its own, with `VIGIE_CRASH_AT` set.
#[test]
fn child_that_merges() {
    let Some(folder) = std::env::var_os("VIGIE_STORE_LEVELS") else { return };
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(async {
        let lake = open(Path::new(&folder));
        for month in [1, 2] {
            lake.compact(&specs(), Month { year: 2021, month }.start()).await.unwrap();
        }
    });
}

#[tokio::test]
async fn a_crash_at_any_step_of_any_merge_or_of_a_migration_is_mended() {
    let folder = tempfile::tempdir().unwrap();
    let template = folder.path().join("template");
    let lake = open(&template);
    fill(&lake, 120, async |_, _| {}).await;
    let mut expected = Vec::new();
    for table in ["beds_versions", "fetches", "findings", "runs"] {
        expected.push(every_row(&lake, table, Timestamp::MAX).await);
    }
    drop(lake);
    // A lake of the first format has no mark.
    std::fs::remove_file(template.join(crate::format::FILE)).unwrap();
    let steps = [
        "format-written",
        "format-published",
        "merge-written",
        "merge-begun",
        "merge-published",
        "merge-removed",
    ];
    for step in steps {
        for turn in [1, 2, 4] {
            if step.starts_with("format") && turn > 1 {
                continue;
            }
            let place = folder.path().join(format!("{step}-{turn}"));
            let copied = Command::new("cp").arg("-a").args([&template, &place]).status().unwrap();
            assert!(copied.success());
            let child = |crash_at: &str| {
                let mut command = Command::new(std::env::current_exe().unwrap());
                command.args(["--exact", "tests::levels::child_that_merges", "--nocapture"]);
                command.env("VIGIE_STORE_LEVELS", &place).env("VIGIE_CRASH_AT", crash_at);
                command.output().unwrap().status.success()
            };
            assert!(!child(&format!("{step}:{turn}")), "the child did not stop at {step}:{turn}");
            let check = async || {
                let lake = open(&place);
                assert_sound(&lake);
                for (table, expected) in
                    ["beds_versions", "fetches", "findings", "runs"].iter().zip(&expected)
                {
                    assert_eq!(
                        &every_row(&lake, table, Timestamp::MAX).await,
                        expected,
                        "{step}:{turn}: {table}"
                    );
                }
                for folder in ["locks", "spool"] {
                    let left = crate::layout::entries(&lake.root().join(folder)).unwrap();
                    let mut left =
                        left.iter().filter(|name| name.starts_with("merging-") || name.starts_with('.'));
                    assert_eq!(left.next(), None, "{step}:{turn}");
                }
                // Plain readers of the folder see each row once, too.
                assert_eq!(
                    lake.layout().replaced_files("fetches").unwrap(),
                    Vec::<std::path::PathBuf>::new()
                );
            };
            check().await;
            assert!(child(""));
            check().await;
            let lake = open(&place);
            assert_eq!(lake.format().unwrap(), Lake::NEWEST_FORMAT);
            assert_eq!(names(&lake, "fetches").len(), 1, "{:?}", names(&lake, "fetches"));
        }
    }
}

#[tokio::test]
async fn each_file_is_read_in_one_part_of_a_check() {
    let folder = tempfile::tempdir().unwrap();
    let lake = open(folder.path());
    for turn in 1..12 {
        fetch(&lake, &beds(true), &rows(&[("01", 1, Some(turn))]), day(turn), day(turn)).await;
    }
    let whole = lake.verify().unwrap();
    let parts: Vec<crate::VerifyReport> = (0..7).map(|part| lake.verify_parts(&[part], 7).unwrap()).collect();
    let sum = |of: fn(&crate::VerifyReport) -> u64| parts.iter().map(of).sum::<u64>();
    assert_eq!(sum(|part| part.files), whole.files);
    assert_eq!(sum(|part| part.bodies), whole.bodies);
    assert_eq!(sum(|part| part.rows), whole.rows);
    assert_eq!(lake.verify_parts(&[0, 1, 2, 3, 4, 5, 6], 7).unwrap().files, whole.files);
    // Damage is found in exactly one part.
    for table in ["tables/beds", "tables/findings", "raw/beds"] {
        let folder = lake.root().join(table);
        let path = folder.join(crate::layout::entries(&folder).unwrap().remove(0));
        let sound = std::fs::read(&path).unwrap();
        let mut damaged = sound.clone();
        damaged[sound.len() / 2] ^= 0x10;
        std::fs::write(&path, &damaged).unwrap();
        let found = (0..7).filter(|part| !lake.verify_parts(&[*part], 7).unwrap().is_ok()).count();
        assert_eq!(found, 1, "{table}");
        std::fs::write(&path, &sound).unwrap();
    }
}
