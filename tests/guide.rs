//! The analyst's guide is what it says: its SQL and its Python run, its links lead somewhere, the saved queries answer.

use std::path::Path;
use std::process::Command;

use serde_json::Value;

use crate::served::{Served, demo, python};
use crate::support::{command, succeed};

const GUIDE: &str = include_str!("../docs/guide-analyste.md");

/// The blocks of one language, in order.
fn blocks(language: &str) -> Vec<String> {
    let fence = format!("```{language}\n");
    GUIDE.split(&fence).skip(1).map(|rest| rest.split("```").next().unwrap().to_owned()).collect()
}

fn ask(folder: &Path, words: &[&str]) -> Vec<Value> {
    let lake = demo().join("demo/lake");
    let output = command(folder)
        .args(["--lake", lake.to_str().unwrap(), "sql", "--format", "json"])
        .args(words)
        .output()
        .unwrap();
    serde_json::from_str(&succeed(&output)).unwrap()
}

#[test]
fn each_question_of_the_guide_has_an_answer() {
    let folder = tempfile::tempdir().unwrap();
    let queries = blocks("sql");
    assert!(queries.len() >= 12, "{}", queries.len());
    // Two ask for what a lake of a single edition cannot have: revisions.
    let may_be_empty = ["as_of('hospital_stock'", "where value is null"];
    for query in queries {
        let rows = ask(folder.path(), &[&query]);
        let allowed = may_be_empty.iter().any(|part| query.contains(part));
        assert!(allowed || !rows.is_empty(), "no row: {query}");
    }
}

#[test]
fn the_python_of_the_guide_runs_against_the_server() {
    let Some(python) = python() else { return };
    let folder = tempfile::tempdir().unwrap();
    let served = Served::start(folder.path(), "", &[]);
    let script = folder.path().join("guide.py");
    std::fs::write(&script, blocks("python").join("\n")).unwrap();
    let dsn = served.dsn("ana").replace("postgresql://", "postgresql+psycopg://");
    let output = Command::new(python).arg(&script).env("VIGIE_DSN", dsn).output().unwrap();
    let said = succeed(&output);
    assert!(said.contains("geo_value") && said.contains("sept_jours_avant"), "{said}");
}

#[test]
fn each_saved_query_answers_from_the_demo() {
    let folder = tempfile::tempdir().unwrap();
    let lake = demo().join("demo/lake");
    let list = command(folder.path())
        .args(["--json", "--lake", lake.to_str().unwrap(), "sql", "--list"])
        .output()
        .unwrap();
    let list: Vec<Value> = serde_json::from_str(&succeed(&list)).unwrap();
    assert!(list.len() >= 10);
    // A lake of a single edition has nothing revised.
    let may_be_empty = ["revised_most", "known_then_and_now"];
    for query in &list {
        let id = query["id"].as_str().unwrap();
        let rows = ask(folder.path(), &["--saved", id]);
        assert!(may_be_empty.contains(&id) || !rows.is_empty(), "{id}: no row");
    }
    let hostile = "76' or '1'='1";
    let rows = ask(folder.path(), &["--saved", "levels", "--param", &format!("region={hostile}")]);
    assert!(rows.is_empty(), "bound, not spliced: {rows:?}");
    for (words, expected) in [
        (["--saved", "nothing"].as_slice(), "no query is saved as \"nothing\"; known: feed_health"),
        (&["--saved", "levels", "--param", "dep=31"], "« dep » n’est pas un paramètre de « levels »"),
        (&["--saved", "week_to_week", "--param", "week=W42"], "« W42 » n’est pas une date"),
    ] {
        let output = command(folder.path())
            .args(["--lake", lake.to_str().unwrap(), "sql"])
            .args(words)
            .output()
            .unwrap();
        let said = String::from_utf8_lossy(&output.stderr).into_owned();
        assert!(output.status.code() == Some(2) && said.contains(expected), "{words:?}: {said}");
    }
}

#[test]
fn an_indicator_is_traced_from_its_feed_to_the_bulletin() {
    let folder = tempfile::tempdir().unwrap();
    let lake = demo().join("demo/lake");
    let output = command(folder.path())
        .args(["--json", "--lake", lake.to_str().unwrap(), "lineage", "icu_occupancy_initial"])
        .output()
        .unwrap();
    let said: Value = serde_json::from_str(&succeed(&output)).unwrap();
    let names = |list: &str, field: &str| -> Vec<String> {
        let list = said[list].as_array().unwrap().iter();
        list.map(|one| one[field].as_str().unwrap_or_default().to_owned()).collect()
    };
    assert!(names("sources", "source").contains(&"hospital_stock".to_owned()), "{said}");
    for body in names("sources", "raw_body").iter().filter(|body| !body.is_empty()) {
        assert!(lake.join(body).is_file(), "{body}");
    }
    assert_eq!(said["queries"].as_array().unwrap().last().unwrap(), "indicators/icu_occupancy_initial.sql");
    assert!(said["tables"].as_array().unwrap().contains(&"hospital_place_day".into()));
    assert!(!names("bulletins", "bulletin_id").is_empty(), "{said}");
}

#[test]
fn links_of_the_guide_lead_to_files() {
    for part in GUIDE.split("](").skip(1) {
        let link = part.split(')').next().unwrap();
        if !link.starts_with("http") && !link.starts_with('#') {
            assert!(Path::new(env!("CARGO_MANIFEST_DIR")).join("docs").join(link).is_file(), "{link}");
        }
    }
}
