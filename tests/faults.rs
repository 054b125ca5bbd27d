//! A faulty feed server: every fault ends in its verdict, the raw bytes are kept, the other feeds go on. And a quick
//! selection of what `make torture` does at length.

use serde_json::Value;

use crate::support::Lake;
use crate::torture::server::{Reply, Server};
use crate::torture::{Options, PARTS, rng};

/// Two departments, three days of the hospital feed.
fn hospital(days: &[&str]) -> Vec<u8> {
    let mut text = String::from("\"dep\";\"sexe\";\"jour\";\"hosp\";\"rea\";\"rad\";\"dc\"\n");
    for day in days {
        text.push_str(&format!("\"31\";\"0\";\"{day}\";120;25;300;40\n\"2A\";\"0\";\"{day}\";12;2;30;4\n"));
    }
    text.into_bytes()
}

fn tests_feed() -> Vec<u8> {
    b"dep;jour;P;T;cl_age90\n31;2020-10-05;208;1626;0\n2A;2020-10-05;20;162;0\n".to_vec()
}

fn configured(lake: &Lake, server: &Server) {
    let config = format!(
        "[fetch]\nattempts = 2\nconnect_timeout = \"2s\"\nread_timeout = \"2s\"\ntotal_deadline = \"8s\"\n\
         [sources.hospital_stock]\nurl = \"{}\"\n[sources.tests]\nurl = \"{}\"\n",
        server.url("/hospital.csv"),
        server.url("/tests.csv")
    );
    std::fs::write(lake.folder().join("vigie.toml"), config).unwrap();
}

fn outcomes(lake: &Lake) -> (i32, Vec<(String, String)>) {
    let output = lake.vigie(&["--json", "fetch"]);
    let reports: Vec<Value> = serde_json::from_slice(&output.stdout).unwrap();
    let of = |report: &Value, name: &str| report[name].as_str().unwrap().to_owned();
    (output.status.code().unwrap(), reports.iter().map(|r| (of(r, "source"), of(r, "outcome"))).collect())
}

#[test]
fn one_failing_source_never_stops_the_others() {
    let server = Server::start();
    let lake = Lake::new();
    configured(&lake, &server);
    server.set("/tests.csv", Reply::Body(tests_feed()));
    for (fault, outcome, code) in [
        (Reply::Hangup, "failed", 5),
        (Reply::Status(500), "failed", 5),
        (Reply::Status(404), "failed", 5),
        (Reply::Cut(hospital(&["2020-10-05", "2020-10-06"])), "failed", 5),
        (Reply::Html("<!DOCTYPE html><html><body>Maintenance</body></html>"), "rejected", 3),
        (Reply::Body(Vec::new()), "rejected", 3),
        (Reply::Body(b"dep;sexe;jour;hosp\n31;0;2020-10-05;120\n".to_vec()), "rejected", 3),
    ] {
        server.set("/hospital.csv", fault);
        let (exit, outcomes) = outcomes(&lake);
        assert_eq!(exit, code, "{outcomes:?}");
        assert_eq!(outcomes[0], ("hospital_stock".to_owned(), outcome.to_owned()));
        assert!(matches!(outcomes[1].1.as_str(), "new" | "unchanged"), "{outcomes:?}");
    }
    assert_eq!(lake.value("select count(*) from tests"), 2);
    assert_eq!(lake.value("select count(*) from hospital_stock"), 0);
    let polls = lake.value("select count(*) from fetches where source = 'hospital_stock'");
    assert_eq!(polls, 7, "every poll is recorded, whatever came of it");
    lake.ok(&["verify"]);
}

#[test]
fn an_unchanged_edition_is_not_sent_again_and_adds_nothing() {
    let server = Server::start();
    let lake = Lake::new();
    configured(&lake, &server);
    server.set("/tests.csv", Reply::Body(tests_feed()));
    server.set("/hospital.csv", Reply::Body(hospital(&["2020-10-05"])));
    let all = |outcome: &str| {
        ["hospital_stock", "tests"].map(|source| (source.to_owned(), outcome.to_owned())).to_vec()
    };
    assert_eq!(outcomes(&lake), (0, all("new")));
    assert_eq!(outcomes(&lake), (0, all("unchanged")));
    assert_eq!(server.asked().len(), 4);
    let statuses = lake.sql(
        "select http_status as s, count(*) as n from fetches where url like 'http%' group by 1 order by 1",
    );
    assert_eq!(serde_json::to_string(&statuses).unwrap(), r#"[{"s":200,"n":2},{"s":304,"n":2}]"#);
    assert_eq!(lake.value("select count(*) from hospital_stock_versions"), 2);
}

#[test]
fn a_mass_withdrawal_is_held_until_a_person_accepts_it() {
    let server = Server::start();
    let lake = Lake::new();
    configured(&lake, &server);
    server.set("/hospital.csv", Reply::Body(hospital(&["2020-10-05", "2020-10-06", "2020-10-07"])));
    let url = server.url("/hospital.csv");
    lake.ok(&["fetch", "hospital_stock", "--from", &url]);
    server.set("/hospital.csv", Reply::Body(hospital(&["2020-10-07"])));
    let output = lake.vigie(&["--json", "fetch", "hospital_stock", "--from", &url]);
    assert_eq!(output.status.code(), Some(3));
    let report: Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(report["outcome"], "held", "{report:#}");
    assert_eq!(lake.value("select count(*) from hospital_stock"), 6, "the last good data stay");
    let id = report["fetch_id"].as_str().unwrap();
    lake.ok(&["accept", id, "--by", "essai", "--reason", "essai"]);
    assert_eq!(lake.value("select count(*) from hospital_stock"), 2);
    assert_eq!(lake.value("select count(*) from hospital_stock_versions where withdrawn"), 4);
    let shown = lake.ok(&["findings", "show", id]);
    assert!(shown.contains("mass-withdrawal"), "{shown}");
}

#[test]
fn an_edition_that_was_replaced_and_comes_back_is_stale() {
    let server = Server::start();
    let lake = Lake::new();
    configured(&lake, &server);
    let url = server.url("/hospital.csv");
    let fetch = || {
        let output = lake.vigie(&["--json", "fetch", "hospital_stock", "--from", &url]);
        let report: Value = serde_json::from_slice(&output.stdout).unwrap();
        report["outcome"].as_str().unwrap().to_owned()
    };
    server.set("/hospital.csv", Reply::Body(hospital(&["2020-10-05"])));
    assert_eq!(fetch(), "new");
    server.set("/hospital.csv", Reply::Body(hospital(&["2020-10-05", "2020-10-06"])));
    assert_eq!(fetch(), "new");
    server.set("/hospital.csv", Reply::Body(hospital(&["2020-10-05"])));
    assert_eq!(fetch(), "stale");
    assert_eq!(lake.value("select count(*) from hospital_stock"), 4);
}

/// A part of the torture harness, in small.
fn torture(name: &str, rounds: u64) {
    let options = Options { seed: rng::fresh_seed(), rounds: Some(rounds), long: false };
    let part = PARTS.iter().find(|part| part.name == name).unwrap();
    let tally = (part.run)(&options);
    let said = tally.failures.join("\n");
    assert!(tally.failures.is_empty(), "{}, seed {}: {said}", part.about, options.seed);
    assert!(
        tally.cases > 0 || tally.notes.iter().any(|note| note.starts_with("skipped")),
        "{name} did nothing"
    );
}

#[test]
fn a_few_kills_lose_nothing() {
    torture("kills", 8);
}

#[test]
fn a_crash_at_any_named_step_is_mended_at_the_next_start() {
    torture("failpoints", 1);
}

#[test]
fn forty_faults_of_a_server_have_their_verdicts() {
    torture("server", 40);
}

#[test]
fn workers_killed_under_load_cost_their_client_one_statement_each() {
    torture("workers", 1);
}

#[test]
fn a_source_that_another_process_writes_is_told_by_exit_code_6() {
    let lake = Lake::new();
    std::fs::write(lake.folder().join("vigie.toml"), "[fetch]\nlock_wait = \"300ms\"\n").unwrap();
    let body = lake.folder().join("hospital.csv");
    std::fs::write(&body, hospital(&["2020-10-05"])).unwrap();
    lake.ok(&["status"]); // makes the lake
    let held = std::fs::File::create(lake.path().join("locks/hospital_stock.lock")).unwrap();
    held.lock().unwrap();
    let (code, report) = lake.fetch_file("hospital_stock", &body, &[]);
    assert_eq!((code, report["outcome"].as_str()), (6, Some("failed")), "{report}");
    assert!(report["message"].as_str().unwrap().starts_with("Un autre processus écrit"), "{report}");
    let kept = "select count(sha256) from fetches where source = 'hospital_stock'";
    assert_eq!(lake.value(kept), 1, "its body is kept");
    drop(held);
    let (code, report) = lake.fetch_file("hospital_stock", &body, &[]);
    assert_eq!((code, report["outcome"].as_str()), (0, Some("new")), "{report}");
}
