//! `vigie run` keeps its lake up: it compacts, verifies and backs up by itself, and damage is a failure that is told.

use std::io::Read as _;
use std::process::Stdio;
use std::time::{Duration, Instant};

use crate::support::{Lake, command, succeed};

/// Waits until a job has a run with an outcome, and gives the message of the newest.
fn wait_for(lake: &Lake, job: &str, outcome: &str) -> String {
    let query = format!(
        "select message from runs where job = '{job}' and outcome = '{outcome}' order by scheduled_for desc limit 1"
    );
    let until = Instant::now() + Duration::from_secs(90);
    loop {
        if let Some(row) = lake.sql(&query).first() {
            return row["message"].as_str().unwrap().to_owned();
        }
        assert!(Instant::now() < until, "no run of {job} ended {outcome} within a minute and a half");
        std::thread::sleep(Duration::from_millis(300));
    }
}

/// Two departments over September, of which the last day of the last is `n`.
fn edition(n: u32) -> String {
    let mut text = "dep;jour;P;T;cl_age90\n".to_owned();
    for department in ["09", "31"] {
        for day in 1..=30 {
            let positives = if (department, day) == ("31", 30) { n } else { day };
            text.push_str(&format!("{department};2020-09-{day:02};{positives};1626;0\n"));
        }
    }
    text
}

#[test]
fn the_service_compacts_verifies_and_backs_up_and_tells_damage() {
    let lake = Lake::new();
    let feed = lake.folder().join("tests.csv");
    // Twenty editions within a day: the sixteenth poll merges what there is.
    for n in 0..20 {
        std::fs::write(&feed, edition(n)).unwrap();
        let (code, report) = lake.fetch_file("tests", &feed, &[]);
        assert_eq!(code, 0, "{report}");
    }
    let files = |table: &str| std::fs::read_dir(lake.path().join("tables").join(table)).unwrap().count();
    assert!(
        files("tests") <= 5 && files("fetches") <= 16,
        "{} and {} files",
        files("tests"),
        files("fetches")
    );
    assert_eq!(lake.value("select count(*) from tests_versions"), 60 + 19);
    assert_eq!(lake.value("select count(*) from fetches where source = 'tests'"), 20);
    lake.ok(&["verify"]);

    let config = "lake = \"lake\"\n[backup]\nfolder = \"copy\"\n[schedule]\nbuild = \"0 4 1 1 *\"\n\
                  compact = \"*/3 * * * * *\"\nverify = \"*/4 * * * * *\"\nbackup = \"*/5 * * * * *\"\n";
    std::fs::write(lake.folder().join("vigie.toml"), config).unwrap();
    let mut service = command(lake.folder())
        .args(["--config", "vigie.toml", "run"])
        .stderr(Stdio::piped())
        .stdout(Stdio::null())
        .spawn()
        .unwrap();
    wait_for(&lake, "compact", "ok");
    assert!(wait_for(&lake, "verify", "ok").contains("aucun dommage"));
    wait_for(&lake, "backup", "ok");
    // The copy is a lake.
    let copied = command(lake.folder())
        .args(["--lake", "copy", "sql", "select count(*) as n from tests_versions"])
        .output();
    assert!(succeed(&copied.unwrap()).contains("79"));

    // A flipped bit in every body: the one of today's seventh is among them.
    for source in std::fs::read_dir(lake.path().join("raw")).unwrap().flatten() {
        for body in std::fs::read_dir(source.path()).unwrap().flatten() {
            let mut bytes = std::fs::read(body.path()).unwrap();
            let middle = bytes.len() / 2;
            bytes[middle] ^= 0x10;
            std::fs::write(body.path(), bytes).unwrap();
        }
    }
    let told = wait_for(&lake, "verify", "failed");
    assert!(told.contains("vigie verify"), "{told}");
    assert!(std::process::Command::new("kill").arg(service.id().to_string()).status().unwrap().success());
    let mut said = String::new();
    service.stderr.take().unwrap().read_to_string(&mut said).unwrap();
    assert_eq!(service.wait().unwrap().code(), Some(0), "{said}");
    assert!(said.contains("ERROR") && said.contains("damage in the lake"), "{said}");
}
