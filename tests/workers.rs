//! SQL in processes of its own: whatever a statement does, its client gets a sentence, and the others go on.

use serde_json::Value;

use crate::served::Served;

const LARGE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/large.sql");

#[test]
fn statements_that_are_huge_to_compute_are_answered_in_their_time_while_others_are_served() {
    let folder = tempfile::tempdir().unwrap();
    let config = "[serve]\nstatement_timeout = \"2s\"\nrows_max = 20000\n";
    let served = Served::start(folder.path(), config, &[]);
    let pid = served.pid().to_string();
    let Some(said) = served.python("large", &served.dsn("ana"), &[LARGE, &pid, "2"]) else { return };
    eprintln!("{said}");
    assert!(said["statements"].as_u64().unwrap() >= 100, "{said}");
    assert_eq!(said["lost"], Value::Array(Vec::new()), "{said}");
    assert_eq!(said["slow"], Value::Array(Vec::new()), "{said}");
    for code in ["valeur-trop-grande", "temps-depasse", "memoire-depassee", "message-trop-long"] {
        assert!(said["codes"][code].as_u64().unwrap_or(0) > 0, "{code}: {said}");
    }
    assert!(said["witness"]["longest"].as_f64().unwrap() < 2.0, "{said}");
    assert!(said["mib"].as_u64().unwrap() < 3 << 10, "{said}");
}

#[test]
fn a_worker_that_is_killed_costs_its_client_one_statement() {
    let folder = tempfile::tempdir().unwrap();
    let served = Served::start(folder.path(), "", &[]);
    let pid = served.pid().to_string();
    let Some(said) = served.python("fallen", &served.dsn("ana"), &[&pid]) else { return };
    let told = said["told"].as_str().unwrap();
    assert!(told.starts_with("58000") && told.contains("(processus-arrete)"), "{said}");
    assert!(said["seconds"].as_f64().unwrap() < 5.0, "{said}");
    for name in ["as_of", "as_of_again"] {
        assert_eq!(said[name], "2020-10-10T21:59:59.999999Z", "{said}");
    }
    assert_eq!((&said["prepared"], &said["again"]), (&true.into(), &true.into()), "{said}");
    assert_eq!(said["pipeline"], "processus-arrete", "{said}");
    assert_eq!(said["transaction"], "processus-arrete INERROR", "{said}");
    for name in ["alive", "after", "others"] {
        assert_eq!(said[name], 1, "{said}");
    }
}

#[test]
fn a_computation_that_does_not_pause_is_stopped_by_its_client_and_by_its_time() {
    let folder = tempfile::tempdir().unwrap();
    let served = Served::start(folder.path(), "[serve]\nstatement_timeout = \"3s\"\n", &[]);
    let Some(said) = served.python("stubborn", &served.dsn("ana"), &[]) else { return };
    assert_eq!((&said["cancel"], &said["timeout"]), (&"annulee".into(), &"temps-depasse".into()), "{said}");
    assert!(said["cancel_seconds"].as_f64().unwrap() < 3.0, "{said}");
    assert!(said["timeout_seconds"].as_f64().unwrap() < 5.0, "{said}");
    assert_eq!(said["alive"], 1, "{said}");
}

#[test]
fn no_worker_outlives_a_server_that_is_killed() {
    let folder = tempfile::tempdir().unwrap();
    let served = Served::start(folder.path(), "", &[]);
    let pid = served.pid().to_string();
    let Some(said) = served.python("orphans", &served.dsn("ana"), &[&pid]) else { return };
    assert!(said["workers"].as_u64().unwrap() >= 3, "{said}");
    assert_eq!(said["left"], Value::Array(Vec::new()), "{said}");
}

#[test]
fn all_clients_together_are_held_to_one_bound_of_memory() {
    let folder = tempfile::tempdir().unwrap();
    let config = "[serve]\nmemory_mib = 256\nmemory_total_mib = 512\nrows_max = 1000\n";
    let served = Served::start(folder.path(), config, &[]);
    let pid = served.pid().to_string();
    let Some(said) = served.python("greedy", &served.dsn("ana"), &[&pid, "6"]) else { return };
    eprintln!("{said}");
    assert!(said["codes"]["memoire-commune"].as_u64().unwrap_or(0) > 0, "{said}");
    // What is added between two looks comes on top.
    assert!(said["mib"].as_u64().unwrap() < 768, "{said}");
    assert!(said["longest"].as_f64().unwrap() < 2.0, "{said}");
}

#[test]
fn nothing_of_the_configuration_is_in_the_arguments_or_the_environment_of_a_worker() {
    let folder = tempfile::tempdir().unwrap();
    let served = Served::start_with(folder.path(), "", &[], &[("VIGIE_SMTP_PASSWORD", "une longue phrase")]);
    let Some((true, _)) = served.psql(&served.dsn("ana"), "select 1") else { return };
    std::thread::sleep(std::time::Duration::from_secs(2)); // the next one is ready
    let mut n = 0;
    for worker in served.workers() {
        let read = |name: &str| {
            let bytes = std::fs::read(format!("/proc/{worker}/{name}")).unwrap_or_default();
            String::from_utf8_lossy(&bytes).into_owned()
        };
        if read("cmdline").is_empty() {
            continue; // the one whose client has gone
        }
        n += 1;
        assert!(!read("environ").contains("phrase"), "{}", read("environ"));
        assert!(!read("cmdline").contains("lake"), "{}", read("cmdline"));
        let limits = read("limits");
        let limit = |name: &str| limits.lines().find(|line| line.starts_with(name)).unwrap().to_owned();
        assert!(!limit("Max data size").contains("unlimited"), "{limits}");
        assert!(limit("Max core file size").contains(" 0 "), "{limits}");
        let stat = read("stat");
        let nice = stat.rsplit(')').next().unwrap().split_whitespace().nth(16).unwrap();
        assert_eq!(nice, "10", "{stat}");
    }
    assert!(n > 0, "no worker was looked at");
}

#[test]
fn a_worker_started_by_hand_says_who_starts_it() {
    let folder = tempfile::tempdir().unwrap();
    let output = crate::support::command(folder.path())
        .arg("sql-worker")
        .stdin(std::process::Stdio::null())
        .output()
        .unwrap();
    let said = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(1), "{said}");
    assert!(said.contains("started by `vigie serve` or `vigie run`"), "{said}");
}
