//! `vigie run` against a local server, stopped and started: no window lost, none run twice.

use std::io::Read as _;
use std::process::{Child, Stdio};
use std::time::{Duration, Instant};

use crate::support::{Lake, command};
use crate::torture::server::{Reply, Server};

fn start(lake: &Lake) -> Child {
    command(lake.folder())
        .args(["--config", "vigie.toml", "run"])
        .stderr(Stdio::piped())
        .stdout(Stdio::null())
        .spawn()
        .unwrap()
}

/// SIGTERM, then the exit code and what was logged.
fn stop(mut child: Child) -> (Option<i32>, String) {
    let told = std::process::Command::new("kill").arg(child.id().to_string()).status().unwrap();
    assert!(told.success());
    let mut said = String::new();
    child.stderr.take().unwrap().read_to_string(&mut said).unwrap();
    (child.wait().unwrap().code(), said)
}

fn wait_for_runs(lake: &Lake, least: u64) {
    let until = Instant::now() + Duration::from_secs(60);
    loop {
        let runs = lake.value("select count(*) from runs where job like 'fetch:%' and outcome = 'ok'");
        if runs.as_u64().unwrap() >= least {
            return;
        }
        assert!(Instant::now() < until, "only {runs} runs of {least} within a minute");
        std::thread::sleep(Duration::from_millis(300));
    }
}

#[test]
fn stopped_and_started_no_window_is_lost_or_run_twice() {
    let server = Server::start();
    let feed = "dep;jour;P;T;cl_age90\n31;2020-10-05;208;1626;0\n";
    server.set("/tests.csv", Reply::Body(feed.into()));
    server.set("/hospital.csv", Reply::Status(503));
    let lake = Lake::new();
    let config = format!(
        "lake = \"lake\"\n[fetch]\nattempts = 1\n[schedule]\nbuild = \"0 4 1 1 *\"\n\
         [sources.tests]\nurl = \"{}\"\ncron = \"*/2 * * * * *\"\n\
         [sources.hospital_stock]\nurl = \"{}\"\ncron = \"*/3 * * * * *\"\n",
        server.url("/tests.csv"),
        server.url("/hospital.csv")
    );
    std::fs::write(lake.folder().join("vigie.toml"), config).unwrap();

    let first = start(&lake);
    wait_for_runs(&lake, 3);
    let (code, said) = stop(first);
    assert_eq!(code, Some(0), "a clean stop: {said}");
    assert!(said.contains("the watch ends"), "{said}");
    std::thread::sleep(Duration::from_secs(5));
    let mut second = start(&lake);
    wait_for_runs(&lake, 6);
    second.kill().unwrap(); // and once without a word
    second.wait().unwrap();
    let third = start(&lake);
    wait_for_runs(&lake, 9);
    let (code, said) = stop(third);
    assert_eq!(code, Some(0), "{said}");

    // Every window of two seconds between the first and the last run is there, exactly once.
    let counts = lake.sql(
        "select count(*) as rows, count(distinct scheduled_for) as windows,
                cast(max(extract(epoch from scheduled_for)) - min(extract(epoch from scheduled_for)) as bigint) as seconds
         from runs where job = 'fetch:tests'",
    );
    let number = |name: &str| counts[0][name].as_i64().unwrap();
    assert_eq!(number("rows"), number("windows"), "none twice: {counts:?}");
    assert_eq!(number("windows"), number("seconds") / 2 + 1, "none lost: {counts:?}");
    let missed = lake.value("select count(*) from runs where job = 'fetch:tests' and outcome = 'missed'");
    assert!(missed.as_u64().unwrap() >= 1, "the windows of the stop are told");
    let caught_up =
        lake.value("select count(*) from runs where job = 'fetch:tests' and caught_up and outcome = 'ok'");
    assert!(caught_up.as_u64().unwrap() >= 1, "the newest one was run at start");

    // A source that fails is told as such and does not stop the other one.
    let failed =
        lake.value("select count(*) from runs where job = 'fetch:hospital_stock' and outcome = 'failed'");
    assert!(failed.as_u64().unwrap() >= 1);
    assert_eq!(lake.value("select count(*) from tests_versions"), 1, "polls of the same body add nothing");
    lake.ok(&["verify"]);
}
