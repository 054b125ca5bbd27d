//! The command line is a contract: words, exit codes, forms.

use std::process::Output;

use serde_json::Value;

use crate::support::{Lake, command, succeed};

fn vigie(words: &[&str]) -> (tempfile::TempDir, Output) {
    let folder = tempfile::tempdir().unwrap();
    let output = command(folder.path()).args(words).output().unwrap();
    (folder, output)
}

fn told(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).into_owned()
}

#[test]
fn help_of_every_command_is_pinned() {
    let mut text = String::new();
    for words in [
        vec!["--help"],
        vec!["demo", "--help"],
        vec!["init", "--help"],
        vec!["fetch", "--help"],
        vec!["build", "--help"],
        vec!["bulletin", "--help"],
        vec!["sql", "--help"],
        vec!["run", "--help"],
        vec!["status", "--help"],
        vec!["findings", "--help"],
        vec!["judge", "--help"],
    ] {
        text.push_str(&format!("$ vigie {}\n{}\n", words.join(" "), succeed(&vigie(&words).1)));
    }
    insta::assert_snapshot!("help", text);
}

#[test]
fn wrong_words_are_usage_errors_and_say_what_is_expected() {
    for (words, sentence) in [
        (vec!["fetch"], "no lake is named"),
        (vec!["--lake", "L", "fetch", "nowhere", "--from", "x.csv"], "no source is named \"nowhere\""),
        (vec!["--lake", "L", "fetch", "--from", "x.csv"], "--from takes exactly one source"),
        (vec!["--lake", "L", "fetch"], "no source has an address"),
        (vec!["--lake", "L", "fetch", "tests"], "has no address"),
        (vec!["--lake", "L", "bulletin", "--week", "2021-W53"], "the year 2021 has no week 53"),
        (vec!["--lake", "L", "bulletin", "--week", "2020-W42", "--territory", "99"], "unknown territory"),
        (vec!["--lake", "L", "build", "--as-of", "soon"], "is not a time"),
        (vec!["--lake", "L", "judge", "--rule", "none", "--on", "2020-10-12"], "no rule is named"),
        (vec!["--lake", "L", "sql", "--format", "xlsx", "select 1"], "need --out"),
        (
            vec!["--lake", "L", "accept", "0123456789abcdef", "--by", "A", "--reason", "B"],
            "no fetch has the id",
        ),
        (vec!["--lake", "L", "accept", "0123456789abcdef"], "--by <NAME>"),
        (
            vec!["--lake", "L", "accept", "0123456789abcdef", "--by", "A", "--reason", " "],
            "a decision names a person and a reason",
        ),
    ] {
        let output = vigie(&words).1;
        assert_eq!(output.status.code(), Some(2), "{words:?}: {}", told(&output));
        assert!(told(&output).contains(sentence), "{words:?}: {}", told(&output));
    }
}

#[test]
fn a_file_that_is_not_there_fails_with_its_name() {
    let lake = Lake::new();
    let output = lake.vigie(&["fetch", "tests", "--from", "absent.csv"]);
    assert_eq!(output.status.code(), Some(1));
    assert!(String::from_utf8_lossy(&output.stdout).contains("absent.csv"));
}

#[test]
fn init_writes_a_configuration_that_checks() {
    let folder = tempfile::tempdir().unwrap();
    let run = |words: &[&str]| command(folder.path()).args(words).output().unwrap();
    succeed(&run(&["init", "room", "--territory", "32"]));
    let text = std::fs::read_to_string(folder.path().join("room/vigie.toml")).unwrap();
    assert!(text.contains("territory = \"region:32\""), "{text}");
    let checked = succeed(&run(&["--config", "room/vigie.toml", "config", "check"]));
    assert!(checked.contains(" sources (0 with an address)"), "{checked}");
    assert!(checked.contains(" 0 failed"), "the rules pass their own tests: {checked}");
    assert_eq!(run(&["init", "room"]).status.code(), Some(2), "a configuration is never overwritten");
    std::fs::write(folder.path().join("room/vigie.toml"), "teritory = \"76\"\n").unwrap();
    let faulty = run(&["--config", "room/vigie.toml", "config", "check"]);
    assert_eq!(faulty.status.code(), Some(2));
    assert!(told(&faulty).contains("vigie.toml:1: unknown field `teritory`"), "{}", told(&faulty));
}

#[test]
fn a_faulty_contract_is_refused_with_file_and_line() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::create_dir_all(folder.path().join("mine/sources")).unwrap();
    std::fs::write(folder.path().join("vigie.toml"), "vocabulary = \"mine\"\n").unwrap();
    let contract = std::fs::read_to_string(
        std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/overlay/sources/icu_register_de.toml"),
    )
    .unwrap();
    let faulty = contract.replace("type = \"date\"", "type = \"day\"");
    let line = faulty.lines().position(|line| line == "type = \"day\"").unwrap() + 1;
    std::fs::write(folder.path().join("mine/sources/icu_register_de.toml"), faulty).unwrap();
    let output = command(folder.path()).args(["config", "check"]).output().unwrap();
    assert_eq!(output.status.code(), Some(2));
    let said = told(&output);
    assert!(
        said.contains(&format!("sources/icu_register_de.toml:{line}:")) && said.contains("`day`"),
        "{said}"
    );
}

#[test]
fn sql_prints_every_form() {
    let lake = Lake::new();
    let query =
        "select '2A' as department, date '2020-10-12' as day, 1.5 as value, cast(null as bigint) as empty";
    let form = |name: &str| lake.ok(&["sql", "--format", name, query]);
    assert_eq!(form("csv"), "department,day,value,empty\n2A,2020-10-12,1.5,\n");
    assert_eq!(form("json").trim(), r#"[{"department":"2A","day":"2020-10-12","value":1.5,"empty":null}]"#);
    assert_eq!(form("ndjson").trim(), r#"{"department":"2A","day":"2020-10-12","value":1.5,"empty":null}"#);
    assert!(form("markdown").contains("| 2A"), "{}", form("markdown"));
    assert!(form("table").contains("│"), "{}", form("table"));
    assert_eq!(lake.ok(&["--json", "sql", "select 1 as one"]).trim(), r#"[{"one":1}]"#);
    let book = lake.folder().join("t.xlsx");
    lake.ok(&["sql", "--out", book.to_str().unwrap(), query]);
    assert!(std::fs::read(&book).unwrap().starts_with(b"PK"));
    let file = lake.folder().join("t.parquet");
    lake.ok(&["sql", "--out", file.to_str().unwrap(), query]);
    assert!(std::fs::read(&file).unwrap().starts_with(b"PAR1"));
}

#[test]
fn sql_binds_parameters_cuts_on_request_and_writes_tabs() {
    let lake = Lake::new();
    let columns =
        "select * from catalogue_columns where source = $source and is_key = $key order by column_name";
    let given = ["sql", "--format", "tsv", "--param", "source=tests", "--param", "key=true", columns];
    let rows = lake.ok(&given);
    let first: Vec<&str> = rows.lines().map(|line| line.split('\t').nth(1).unwrap()).collect();
    assert_eq!(first, ["column_name", "department", "time_value"], "{rows}");
    for (value, code) in
        [("key=perhaps", "(parametre)"), ("other=1", "(parametre)"), ("source=x' or true --", "(parametre)")]
    {
        let output = lake.vigie(&["sql", "--param", value, columns]);
        assert!(!output.status.success() && told(&output).contains(code), "{value}: {}", told(&output));
    }
    let injected =
        ["sql", "--format", "csv", "--param", "source=x' or true --", "--param", "key=true", columns];
    assert_eq!(lake.ok(&injected).lines().count(), 1, "only the header");
    let output = lake.vigie(&[
        "sql",
        "--format",
        "csv",
        "--max-rows",
        "2",
        "select * from catalogue_sources order by 1",
    ]);
    assert_eq!(String::from_utf8_lossy(&output.stdout).lines().count(), 3, "a header and two rows");
    assert!(told(&output).contains("the first 2 rows are given, there are more"), "{}", told(&output));
    let output =
        lake.vigie(&["sql", "--format", "csv", "--max-rows", "100", "select * from catalogue_sources"]);
    assert!(!told(&output).contains("there are more"), "{}", told(&output));
}

#[test]
fn sql_only_reads() {
    let lake = Lake::new();
    let out = lake.folder().join("stolen.csv");
    for statement in [
        "create table t as select 1",
        "drop table tests",
        "insert into tests_versions select * from tests_versions",
        &format!("copy (select 1) to '{}'", out.display()),
        &format!("explain analyze copy (select 1) to '{}'", out.display()),
        "set datafusion.execution.batch_size = 1",
        "create external table t stored as csv location '/etc/passwd'",
    ] {
        let output = lake.vigie(&["sql", statement]);
        assert_eq!(output.status.code(), Some(1), "{statement}: {}", told(&output));
        let codes = ["(lecture-seule)", "(reglage-refuse)", "(syntaxe)"];
        assert!(codes.iter().any(|code| told(&output).contains(code)), "{}", told(&output));
    }
    assert!(!out.exists());
    let output = lake.vigie(&["sql", "select nothing from nowhere"]);
    assert!(told(&output).contains("hint: "), "{}", told(&output));
}

#[test]
fn status_of_an_empty_lake_lists_every_feed_as_never_received() {
    let lake = Lake::new();
    let status: Value = serde_json::from_str(&lake.ok(&["--json", "status"])).unwrap();
    let feeds = status["feeds"].as_array().unwrap();
    assert_eq!(feeds.len(), 22);
    assert!(feeds.iter().all(|feed| feed["state"] == "absent"), "{feeds:?}");
    assert_eq!(status["service"]["state"], "stopped");
    assert_eq!(status["problems"], serde_json::json!([]));
}

#[test]
fn a_feed_past_its_error_age_makes_status_say_so() {
    let lake = Lake::new();
    let file = lake.folder().join("t.csv");
    std::fs::write(&file, "dep;jour;P;T;cl_age90\n31;2020-10-05;208;1626;0\n").unwrap();
    lake.fetch_file("tests", &file, &["--issued-at", "2020-10-06"]);
    assert_eq!(lake.vigie(&["status", "--as-of", "2020-10-07"]).status.code(), Some(0));
    assert_eq!(lake.vigie(&["status", "--as-of", "2020-11-07"]).status.code(), Some(4));
}

#[test]
fn completions_and_version_are_printed() {
    for shell in ["bash", "zsh", "fish"] {
        assert!(succeed(&vigie(&["completions", shell]).1).contains("vigie"));
    }
    assert!(succeed(&vigie(&["--version"]).1).starts_with("vigie "));
}
