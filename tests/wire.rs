//! The Postgres wire, asked by the clients that analysts have: psql, psycopg, SQLAlchemy with pandas.

use std::path::Path;
use std::process::Command;

use serde_json::Value;

use crate::served::{Served, demo};
use crate::support::{Lake, command};

#[test]
fn psql_asks_as_of_any_day_and_sees_the_catalogue() {
    let folder = tempfile::tempdir().unwrap();
    let served = Served::start(folder.path(), "", &[]);
    let dsn = served.dsn("ana");
    let ask = |sql: &str| served.psql(&dsn, sql);
    let Some((true, rows)) = ask("select count(*) from tests") else { return };
    assert!(rows.parse::<u64>().unwrap() > 1000, "{rows}");
    for (words, expected) in [
        ("\\dt catalogue_rules", "public|catalogue_rules|table|"),
        ("\\d tests", "time_value|date|"),
        ("\\dn", "public"),
        ("\\dv departments", "public|departments|view|"),
        ("\\l", "vigie"),
        ("select version()", "PostgreSQL 16"),
        ("show server_version", "16"),
        ("select unit from catalogue_indicators where indicator = 'icu_occupancy_open'", "share"),
    ] {
        let (well, said) = ask(words).unwrap();
        assert!(well && said.contains(expected), "{words}: {said}");
    }
    let (well, said) = ask("select nothing from nowhere").unwrap();
    assert!(!well && said.contains("(requete-refusee)"), "{said}");
}

#[test]
fn psycopg_binds_parameters_and_reads_types_in_text_and_binary() {
    let folder = tempfile::tempdir().unwrap();
    let served = Served::start(folder.path(), "", &[]);
    let Some(said) = served.python("types", &served.dsn("ana"), &[]) else { return };
    assert_eq!(said["text"], said["binary"]);
    assert_eq!((&said["text"][0], &said["text"][1]), (&"31".into(), &"2020-10-05".into()), "{said}");
    assert_eq!(
        (&said["text"][3], &said["text"][4], &said["text"][6]),
        (&"1.5".into(), &"12.34".into(), &"None".into())
    );
    assert_eq!(said["injected"], 0);
    assert!(said["any"].as_u64().unwrap() > 100, "{said}");
    let said = served.python("as_of", &served.dsn("ana"), &[]).unwrap();
    assert_eq!(said["now"], said["again"]);
    assert!(said["then"].as_str() < said["now"].as_str(), "{said}");
    assert_eq!(said["shown"], "2020-10-10T21:59:59.999999Z");
    assert!(said["changed"].as_u64().unwrap() > 0, "{said}");
    let said = served.python("pandas", &served.dsn("ana"), &[]).unwrap();
    assert!(said["rows"].as_u64().unwrap() > 100 && said["tables"].as_u64().unwrap() > 10, "{said}");
    assert!(said["columns"].as_array().unwrap().contains(&"positives".into()), "{said}");
}

/// Paths that any program of this kind opens.
fn is_ordinary(path: &str) -> bool {
    [
        "/etc/ld.so",
        "/lib",
        "/usr/lib",
        "/proc/",
        "/sys/",
        "/dev/",
        "/etc/localtime",
        "/usr/share/zoneinfo",
        "/etc/timezone",
    ]
    .iter()
    .any(|start| path.starts_with(start))
}

#[test]
fn hostile_statements_are_refused_on_the_wire_and_open_no_file_outside_the_lake() {
    let folder = tempfile::tempdir().unwrap();
    let log = folder.path().join("strace.txt");
    let traced = Command::new("strace")
        .args(["-f", "-o", "/dev/null", "true"])
        .status()
        .is_ok_and(|end| end.success());
    // Detached (-D): the signal that ends the service must reach it, not strace.
    let wrapper = [
        "strace",
        "-D",
        "-f",
        "-e",
        "trace=open,openat,creat,rename,unlink,connect",
        "-o",
        log.to_str().unwrap(),
    ];
    let served = Served::start(folder.path(), "", if traced { &wrapper } else { &[] });
    let file = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/hostile.sql");
    let Some(said) = served.python("hostile", &served.dsn("ana"), &[file]) else { return };
    assert_eq!(said["carried_out"], Value::Array(Vec::new()), "{said}");
    assert!(said["statements"].as_u64().unwrap() >= 150);
    assert_eq!(said["alive"], 1);
    for code in ["lecture-seule", "fichier-refuse", "fonction-refusee", "reglage-refuse", "une-seule-requete"]
    {
        assert!(said["codes"][code].as_u64().unwrap_or(0) > 1, "{code}: {said}");
    }
    assert!(!Path::new("/tmp/vigie-hostile.csv").exists());
    if !traced {
        eprintln!("skipped: strace is missing or may not trace (.ci/setup --tests)");
        return;
    }
    drop(served);
    let (lake, here) = (demo().join("demo/lake"), folder.path());
    // strace ends a moment after the service.
    let mut text = String::new();
    for _ in 0..100 {
        text = std::fs::read_to_string(&log).unwrap();
        if text.contains("+++ exited with") {
            break;
        }
        std::thread::sleep(std::time::Duration::from_millis(50));
    }
    let mut opened = 0;
    for line in text.lines().filter(|line| !line.contains(" = -1 ")) {
        let Some(path) = line.split('"').nth(1).filter(|path| path.starts_with('/')) else { continue };
        opened += 1;
        let is_ours = Path::new(path).starts_with(&lake) || Path::new(path).starts_with(here);
        assert!(is_ours || is_ordinary(path), "{line}");
    }
    assert!(opened > 100, "strace saw {opened} files");
}

#[test]
fn hostile_statements_are_refused_by_the_command_line() {
    let lake = Lake::new();
    lake.ok(&["status"]);
    let statements: Vec<&str> = include_str!("hostile.sql")
        .lines()
        .filter(|line| !line.is_empty() && !line.starts_with("-- "))
        .step_by(4) // each of them is a process; every one is tried on the session and on the wire
        .collect();
    for statement in statements {
        let output = lake.vigie(&["sql", "--", statement]);
        let said = String::from_utf8_lossy(&output.stderr);
        assert_eq!(output.status.code(), Some(1), "{statement}: {said}");
        let is_refusal = said.starts_with("erreur : ") || said.starts_with("error: ");
        assert!(is_refusal && said.contains('('), "{statement}: {said}");
    }
}

#[test]
fn long_silent_and_hungry_clients_are_cut_and_the_others_go_on() {
    let folder = tempfile::tempdir().unwrap();
    let config =
        "[serve]\nlogin_timeout = \"1s\"\nstatement_timeout = \"3s\"\nmemory_mib = 16\nspill_mib = 1\n";
    let served = Served::start(folder.path(), config, &[]);
    let dsn = served.dsn("ana");
    let Some(said) = served.python("cancel", &dsn, &[]) else { return };
    assert!(said["said"].as_str().unwrap().contains("(annulee)"), "{said}");
    assert_eq!(said["alive"], 1);
    let said = served.python("timeout", &dsn, &[]).unwrap();
    assert!(said["said"].as_str().unwrap().starts_with("57014") && said["alive"] == 1, "{said}");
    let said = served.python("half_open", &dsn, &[]).unwrap();
    for seconds in said["seconds"].as_array().unwrap() {
        assert!(seconds.as_f64().unwrap() < 10.0, "{said}");
    }
    let hungry = "select value, count(*) from generate_series(1, 3000000) group by value order by 2, 1";
    let said = served.python("crowd", &dsn, &["8", "8", hungry]).unwrap();
    assert_eq!(said["errors"], Value::Array(Vec::new()), "{said}");
    assert!(said["least"].as_u64().unwrap() > 0, "{said}");
    let hungry: Vec<&String> = said["hungry"].as_object().unwrap().keys().collect();
    assert_eq!(hungry, ["memoire-depassee"], "{said}");
}

#[test]
fn rows_and_clients_beyond_the_limits_are_refused_and_the_others_go_on() {
    let folder = tempfile::tempdir().unwrap();
    let served = Served::start(folder.path(), "[serve]\nrows_max = 5000\nconnections = 3\n", &[]);
    let Some(said) = served.python("too_much", &served.dsn("ana"), &["3"]) else { return };
    let rows = said["rows"].as_str().unwrap();
    assert!(rows.starts_with("54000") && rows.contains("(trop-de-lignes)"), "{said}");
    assert!(said["connections"].as_str().unwrap().contains("(trop-de-connexions)"), "{said}");
    assert_eq!(said["alive"], 1);
}

/// A certificate of this machine, as an agency would make one for a trial.
fn certificate(folder: &Path) -> bool {
    let made = Command::new("openssl")
        .args(["req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj", "/CN=localhost"])
        .args([
            "-addext",
            "subjectAltName=DNS:localhost,IP:127.0.0.1",
            "-keyout",
            "key.pem",
            "-out",
            "cert.pem",
        ])
        .current_dir(folder)
        .output();
    made.is_ok_and(|made| made.status.success())
}

fn verifier(folder: &Path, password: &str) -> String {
    let file = folder.join("password");
    std::fs::write(&file, password).unwrap();
    let output = command(folder).arg("password").stdin(std::fs::File::open(&file).unwrap()).output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap().trim().to_owned()
}

#[test]
fn users_log_in_with_a_password_over_tls_and_see_what_their_role_may() {
    let folder = tempfile::tempdir().unwrap();
    if !certificate(folder.path()) {
        eprintln!("skipped: openssl is not installed (.ci/setup --tests)");
        return;
    }
    let (ana, leo) =
        (verifier(folder.path(), "une longue phrase"), verifier(folder.path(), "une autre phrase"));
    let config = format!(
        "[serve]\ntls = {{ certificate = \"cert.pem\", key = \"key.pem\" }}\n\
         [serve.users.ana]\nrole = \"analyste\"\nverifier = {ana:?}\n[serve.users.leo]\nrole = \"lecture\"\nverifier = {leo:?}\n"
    );
    let served = Served::start(folder.path(), &config, &[]);
    let root = folder.path().join("cert.pem");
    let dsn = |user: &str, password: &str, mode: &str| {
        let password = password.replace(' ', "%20");
        format!(
            "postgresql://{user}:{password}@{}/vigie?sslmode={mode}&sslrootcert={}",
            served.address,
            root.display()
        )
    };
    let ask = |dsn: String, sql: &str| served.psql(&dsn, sql);
    let Some((well, said)) =
        ask(dsn("ana", "une longue phrase", "verify-full"), "select count(*) from tests_versions")
    else {
        return;
    };
    assert!(well, "{said}");
    let (well, said) =
        ask(dsn("leo", "une autre phrase", "require"), "select count(*) from indicators").unwrap();
    assert!(well, "{said}");
    for (user, password, mode, sql, expected) in [
        ("leo", "une autre phrase", "require", "select count(*) from tests", "(requete-refusee)"),
        ("ana", "une autre phrase", "require", "select 1", "assword"),
        ("nobody", "une longue phrase", "require", "select 1", "assword"),
        ("ana", "une longue phrase", "disable", "select 1", "(chiffrement-exige)"),
    ] {
        let (well, said) = ask(dsn(user, password, mode), sql).unwrap();
        assert!(!well && said.contains(expected), "{user} {mode} {sql}: {said}");
    }
}

#[test]
fn no_port_is_opened_to_others_without_users_and_tls() {
    let folder = tempfile::tempdir().unwrap();
    let output =
        command(folder.path()).args(["--lake", "lake", "serve", "--listen", "0.0.0.0:0"]).output().unwrap();
    let said = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(2), "{said}");
    assert!(said.contains("not loopback") && said.contains("both are missing"), "{said}");
}

#[test]
fn dbeaver_and_metabase_read_the_catalogue_and_its_comments() {
    let folder = tempfile::tempdir().unwrap();
    let served = Served::start(folder.path(), "", &[]);
    let file = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/clients/catalogue.sql");
    let Some(said) = served.python("catalogue", &served.dsn("ana"), &[file]) else { return };
    let asked = said.as_object().unwrap();
    assert!(asked.len() > 20, "{said}");
    for (question, counts) in asked {
        assert!(question == "comments" || counts[0] == counts[1], "{question}: {counts}");
    }
    for (question, least) in [
        ("DBeaver: tables", 50),
        ("DBeaver: columns", 7),
        ("Metabase: tables", 50),
        ("Metabase: fields", 300),
        ("Metabase: schemas", 1),
    ] {
        assert!(said[question][0].as_u64().unwrap() >= least, "{question}: {}", said[question]);
    }
    // The table, and the columns that its contract tells of.
    let comments = said["comments"].as_array().unwrap();
    assert!(
        comments[0].as_str().unwrap().starts_with("Personnes testées et personnes positives. "),
        "{comments:?}"
    );
    assert!(comments.contains(&"Personnes testées (people per day)".into()), "{comments:?}");
}
