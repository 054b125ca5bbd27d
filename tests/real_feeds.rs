//! The published SpF files, as a new user loads them, against figures published elsewhere.

use serde_json::{Value, json};

use crate::support::{Lake, pdf_text, shared};

fn loaded() -> Option<Lake> {
    let spf = shared("real/spf")?;
    let lake = Lake::new();
    for (source, file, accepted, quarantined) in [
        ("hospital_stock", "donnees-hospitalieres-covid19.csv", 28_913, 1),
        ("tests", "sp-pos-quot-dep.csv", 24_232, 0),
        ("er_visits", "sursaud-corona-quot-dep.csv", 29_189, 0),
    ] {
        let (code, report) = lake.fetch_file(source, &spf.join(file), &[]);
        assert_eq!((code, report["outcome"].as_str().unwrap()), (0, "new"), "{report:#}");
        assert_eq!(report["rows_accepted"], accepted, "{source}: lines of the file less the header");
        assert_eq!(
            report["rows_quarantined"], quarantined,
            "{source}: the row of 24 March without a department"
        );
    }
    Some(lake)
}

#[test]
fn the_published_files_give_the_published_figures() {
    let Some(lake) = loaded() else { return };
    lake.ok(&["build"]);
    let one = |indicator: &str, place: &str, day: &str| {
        let rows = lake.sql(&format!(
            "select value, numerator, denominator, status, missing_reason from indicators where indicator = '{indicator}'
             and geo_type = 'region' and geo_value = '{place}' and time_type = 'day' and time_value = date '{day}'
             and category = ''"
        ));
        assert_eq!(rows.len(), 1, "{indicator} {place} {day}: {rows:?}");
        rows[0].clone()
    };
    // ARS Occitanie, bulletin of 13 October 2020: 159 patients in intensive care; 474 beds (SAE).
    assert_eq!(one("icu_patients", "76", "2020-10-13")["value"], 159.0);
    let occupancy = one("icu_occupancy_initial", "76", "2020-10-13");
    assert_eq!((&occupancy["numerator"], &occupancy["denominator"]), (&json!(159.0), &json!(474.0)));

    // 27 to 29 June 2020: nine departments of 101 are in the file, of Occitanie only Ariège.
    for day in ["2020-06-27", "2020-06-28", "2020-06-29"] {
        let gap = one("icu_patients", "76", day);
        assert_eq!((&gap["value"], &gap["status"]), (&Value::Null, &json!("missing")), "{day}");
        assert_eq!(gap["missing_reason"], "1 département sur 13 a transmis", "{day}");
    }

    // The people tested are counted anew from 1 November, the positives hardly (P + 1 % between the two editions): the cases
    // are compared. By awk 22,024 from 2 to 8 November, after 25,589.
    let trend = one("cases_7d_change", "76", "2020-11-08");
    assert_eq!((&trend["numerator"], &trend["denominator"]), (&json!(-3565.0), &json!(25589.0)), "{trend}");

    let pdf = lake.folder().join("s42.pdf");
    lake.ok(&["bulletin", "--week", "2020-W42", "--territory", "76", "--out", pdf.to_str().unwrap()]);
    let twin: Value = serde_json::from_slice(&std::fs::read(pdf.with_extension("json")).unwrap()).unwrap();
    assert_eq!(twin["territory"]["name"], "Occitanie");
    let Some(text) = pdf_text(&pdf) else { return };
    assert!(text.contains("Occitanie"), "{text}");
    assert!(text.contains("Semaine 42"), "{text}");
}

#[test]
fn the_bulletin_of_november_marks_the_definition_break() {
    let Some(lake) = loaded() else { return };
    let pdf = lake.folder().join("s45.pdf");
    lake.ok(&["bulletin", "--week", "2020-W45", "--territory", "76", "--out", pdf.to_str().unwrap()]);
    let Some(text) = pdf_text(&pdf) else { return };
    assert!(text.contains("rupture de définition"), "the positivity curve carries the mark: {text}");
}

#[test]
fn a_bulletin_of_the_same_time_has_the_same_bytes() {
    let Some(lake) = loaded() else { return };
    // Loaded now, so dated now: the as-of of both runs is an instant after the load.
    let as_of = jiff_now();
    let make = |name: &str| {
        let pdf = lake.folder().join(name);
        lake.ok(&["bulletin", "--week", "2020-W42", "--as-of", &as_of, "--out", pdf.to_str().unwrap()]);
        ["pdf", "json", "xlsx"].map(|form| std::fs::read(pdf.with_extension(form)).unwrap())
    };
    assert!(make("one.pdf") == make("two.pdf"), "two runs at one as-of give the same bytes");
}

fn jiff_now() -> String {
    vigie::clock::now().to_string()
}

#[test]
fn editions_of_a_day_are_seen_as_of_that_day() {
    let Some(folder) = shared("real/vintages/hosp") else { return };
    let lake = Lake::new();
    for (file, issued_at) in [
        ("published-2020-08-25.csv", "2020-08-25T17:15:00Z"),
        ("published-2020-08-27.csv", "2020-08-27T17:15:00Z"),
        ("published-2020-08-28.csv", "2020-08-28T17:15:00Z"),
    ] {
        let (code, report) =
            lake.fetch_file("hospital_stock", &folder.join(file), &["--issued-at", issued_at]);
        assert_eq!((code, report["outcome"].as_str().unwrap()), (0, "new"), "{report:#}");
    }
    let rows = |as_of: &str| {
        let text =
            lake.ok(&["sql", "--format", "csv", "--as-of", as_of, "select count(*) from hospital_stock"]);
        text.lines().nth(1).unwrap().to_owned()
    };
    // Lines of each file; 26 August came late, on the 28th, with 21 rows.
    assert_eq!(rows("2020-08-24"), "0");
    assert_eq!(rows("2020-08-25"), "3381");
    assert_eq!(rows("2020-08-27"), "3402");
    assert_eq!(rows("2020-08-28"), "3444");
    assert_eq!(
        lake.value("select count(*) from hospital_stock_versions"),
        3444,
        "only what is new is stored"
    );
    let (code, report) = lake.fetch_file(
        "hospital_stock",
        &folder.join("published-2020-08-24.csv"),
        &["--issued-at", "2020-08-24T17:15:00Z"],
    );
    assert_eq!(
        (code, report["outcome"].as_str().unwrap()),
        (3, "stale"),
        "an older edition is held: {report:#}"
    );
}
