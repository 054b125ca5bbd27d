//! Backup and restore by command, and work that is stopped half way: nothing half-done counts, nothing comes twice.

use std::fmt::Write as _;
use std::path::Path;

use serde_json::Value;

use crate::support::{Lake, command, stock_feed};

/// Six weeks of tests in two departments: calm, then many positives.
fn tests_feed() -> String {
    let mut text = String::from("dep;jour;P;T;cl_age90\n");
    for dep in ["31", "2A"] {
        for day in 0..42_u32 {
            let (month, day_of) = if day < 30 { (9, day + 1) } else { (10, day - 29) };
            for age in [0, 69, 79, 89, 90] {
                let positive = if day < 21 { 20 } else { 1_500 };
                writeln!(text, "{dep};2020-{month:02}-{day_of:02};{positive};6000;{age}").unwrap();
            }
        }
    }
    text
}

fn filled() -> Lake {
    let lake = Lake::new();
    for (source, body) in [("tests", tests_feed()), ("hospital_stock", stock_feed(110))] {
        let file = lake.folder().join("feed.csv");
        std::fs::write(&file, body).unwrap();
        let (code, report) = lake.fetch_file(source, &file, &["--issued-at", "2020-10-13"]);
        assert_eq!(code, 0, "{report:#}");
    }
    lake
}

/// Runs a command that must die at a step.
fn dies(lake: &Lake, step: &str, words: &[&str]) {
    let mut vigie = command(lake.folder());
    let ended =
        vigie.arg("--lake").arg(lake.path()).args(words).env("VIGIE_CRASH_AT", step).output().unwrap();
    assert!(ended.status.code().is_none(), "{step}: {}", String::from_utf8_lossy(&ended.stderr));
}

const BUILD: &[&str] = &["build", "--as-of", "2020-10-13"];
const WEEK: &[&str] = &["bulletin", "--week", "2020-W41", "--as-of", "2020-10-13", "--out", "b.pdf"];

/// Rows of what a build writes.
fn built(lake: &Lake) -> Vec<Value> {
    ["indicators_versions", "judgements_versions", "forecasts_versions", "alert_events"]
        .map(|table| lake.value(&format!("select count(*) from {table}")))
        .to_vec()
}

#[test]
fn a_build_that_is_stopped_counts_as_a_whole_or_not_at_all() {
    let whole = filled();
    whole.ok(BUILD);
    let expected = built(&whole);
    assert!(expected.iter().all(|rows| rows.as_u64() > Some(0)), "{expected:?}");
    let lake = filled();
    for step in
        ["indicators-committed", "judgements-committed", "forecasts-committed", "alert-events-written"]
    {
        dies(&lake, step, BUILD);
        assert_eq!(built(&lake), [0, 0, 0, 0], "{step}");
    }
    dies(&lake, "build-committed", BUILD);
    assert_eq!(built(&lake), expected);
    lake.ok(BUILD);
    assert_eq!(built(&lake), expected, "a build that finds the same adds nothing");
    lake.ok(&["verify"]);
}

#[test]
fn a_bulletin_that_is_stopped_is_recorded_whole_or_not_at_all() {
    let lake = filled();
    let recorded = || {
        let values = lake.value("select count(distinct bulletin_id) from published_values");
        (values, lake.value("select count(*) from bulletins"))
    };
    let steps =
        ["bulletin-pdf-written", "bulletin-files-written", "bulletin-values-recorded", "bulletin-recorded"];
    for step in steps {
        dies(&lake, step, WEEK);
        assert_eq!(recorded(), (0.into(), 0.into()), "{step}");
    }
    dies(&lake, "bulletin-committed", WEEK);
    assert_eq!(recorded(), (1.into(), 1.into()));
    let edition = lake.value("select edition from bulletins");
    assert_eq!(edition, 1, "what did not count has no number");
    lake.ok(WEEK);
    assert!(lake.ok(&["replay", "b.pdf"]).starts_with("identique"));
    lake.ok(&["verify"]);
}

#[test]
fn a_backup_is_read_as_a_lake_and_becomes_one_again() {
    let lake = filled();
    lake.ok(BUILD);
    let to = lake.folder().join("copy");
    let made: Value = serde_json::from_str(&lake.ok(&["--json", "backup", "copy"])).unwrap();
    assert_eq!(made["files"], made["files_copied"]);
    let query = "select count(*), sum(positives), max(recorded_at) from tests_versions";
    let of = |place: &Path, words: &[&str]| {
        command(lake.folder()).arg("--lake").arg(place).args(words).output().unwrap()
    };
    let expected = lake.sql(query);
    let shown = of(&to, &["sql", "--format", "json", query]);
    assert_eq!(serde_json::from_slice::<Vec<Value>>(&shown.stdout).unwrap(), expected);
    assert_eq!(of(&to, &["verify"]).status.code(), Some(0));
    let refused = of(&to, &["build"]);
    assert_eq!(refused.status.code(), Some(1));
    assert!(String::from_utf8_lossy(&refused.stderr).contains("may only be read"));
    // Not over a lake that is there.
    let refused = lake.vigie(&["restore", "copy"]);
    assert_eq!(refused.status.code(), Some(2));
    assert!(String::from_utf8_lossy(&refused.stderr).contains("is not empty"));
    let new = lake.folder().join("new");
    let told = of(&new, &["restore", "copy"]);
    assert_eq!(told.status.code(), Some(0), "{}", String::from_utf8_lossy(&told.stderr));
    let shown = of(&new, &["sql", "--format", "json", query]);
    assert_eq!(serde_json::from_slice::<Vec<Value>>(&shown.stdout).unwrap(), expected);
    assert_eq!(of(&new, BUILD).status.code(), Some(0));
    // A file of the backup that is not what it was.
    let table = to.join("tables/tests");
    let file = std::fs::read_dir(&table).unwrap().next().unwrap().unwrap().path();
    let mut bytes = std::fs::read(&file).unwrap();
    bytes[100] ^= 4;
    std::fs::write(&file, bytes).unwrap();
    let told = of(&lake.folder().join("newer"), &["restore", "copy"]);
    assert_eq!(told.status.code(), Some(1));
    assert!(String::from_utf8_lossy(&told.stderr).contains(file.file_name().unwrap().to_str().unwrap()));
    assert!(!lake.folder().join("newer").exists());
    assert_eq!(of(&to, &["verify"]).status.code(), Some(1));
}

#[test]
fn verify_tells_of_a_footer_that_nothing_else_can_read() {
    let lake = filled();
    let table = lake.path().join("tables/tests");
    let file = std::fs::read_dir(&table).unwrap().next().unwrap().unwrap().path();
    let mut bytes = std::fs::read(&file).unwrap();
    let last = bytes.len() - 6;
    bytes[last] ^= 1;
    std::fs::write(&file, bytes).unwrap();
    let told = lake.vigie(&["verify"]);
    assert_eq!(told.status.code(), Some(1));
    let said = String::from_utf8_lossy(&told.stdout).into_owned();
    assert!(said.contains(file.file_name().unwrap().to_str().unwrap()), "{said}");
    assert!(said.ends_with("1 problems\n"), "{said}");
}

#[test]
fn a_poll_into_a_backup_says_once_why_it_cannot_be_written() {
    let lake = Lake::new();
    let feed = lake.folder().join("feed.csv");
    std::fs::write(&feed, stock_feed(80)).unwrap();
    lake.fetch_file("hospital_stock", &feed, &[]);
    lake.ok(&["backup", "copy"]);
    let output = command(lake.folder())
        .args(["--lake", "copy", "fetch", "hospital_stock", "--from", "feed.csv"])
        .output()
        .unwrap();
    let (told, logged) = (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    assert_eq!(output.status.code(), Some(1), "{logged}");
    assert!(told.is_empty(), "nothing was polled: {told}");
    assert_eq!(logged.matches("it is a backup; `vigie restore` makes a lake of it").count(), 1, "{logged}");
}
