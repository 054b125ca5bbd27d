//! A published bulletin is rebuilt byte for byte, whatever was loaded, recorded or redefined since.

use std::path::{Path, PathBuf};

use arrow::datatypes::Schema;
use jiff::Timestamp;
use serde_json::{Value, json};
use vigie_store::{AsOf, TableSpec, tables};

use crate::support::{Lake, command, shared, succeed};

/// The PDF and its twins.
fn bytes(pdf: &Path) -> [Vec<u8>; 3] {
    ["pdf", "json", "xlsx"].map(|form| std::fs::read(pdf.with_extension(form)).unwrap())
}

/// Publication days of the vintages, in order.
pub(crate) fn days(vintages: &Path) -> Vec<String> {
    let index = std::fs::read_to_string(vintages.join("index.csv")).unwrap();
    index.lines().skip(1).map(|line| line.split(',').next().unwrap().to_owned()).collect()
}

/// Loads the editions of some days: new admissions, and patients in hospital.
pub(crate) fn load(lake: &Lake, vintages: &Path, days: &[String]) {
    for day in days {
        for (source, folder) in [("hospital_admissions", "incid"), ("hospital_stock", "hosp")] {
            let file = vintages.join(folder).join(format!("published-{day}.csv"));
            let issued_at = format!("{day}T17:15:00Z");
            let (_, report) = lake.fetch_file(source, &file, &["--issued-at", &issued_at]);
            assert!(
                ["new", "unchanged", "stale", "held"].contains(&report["outcome"].as_str().unwrap()),
                "{day} {source}: {report:#}"
            );
        }
    }
}

/// A configuration over the lake whose vocabulary has another formula of admissions and another score.
fn redefined(lake: &Lake) -> PathBuf {
    let queries = Path::new(env!("CARGO_MANIFEST_DIR")).join("queries");
    let ours = lake.folder().join("ours");
    for (file, from, to) in [
        ("indicators/admissions_7d.sql", "admissions_7d_known as value", "2 * admissions_7d_known as value"),
        ("rules/tension-score.toml", "title_fr = \"", "title_fr = \"Nouveau : "),
    ] {
        let text = std::fs::read_to_string(queries.join(file)).unwrap();
        let changed = text.replacen(from, to, 1);
        assert_ne!(text, changed, "{file} holds {from:?}");
        std::fs::create_dir_all(ours.join(file).parent().unwrap()).unwrap();
        std::fs::write(ours.join(file), changed).unwrap();
    }
    let config = lake.folder().join("vigie.toml");
    std::fs::write(
        &config,
        "lake = \"lake\"\nvocabulary = \"ours\"\n[agency]\nname = \"Une autre agence\"\n",
    )
    .unwrap();
    config
}

#[test]
fn a_bulletin_made_before_thirty_further_editions_is_rebuilt_byte_for_byte_after_them() {
    let Some(vintages) = shared("real/vintages") else { return };
    let days = days(&vintages);
    assert_eq!(days.len(), 60);
    let (before, after) = days.split_at(30);
    let lake = Lake::new();
    load(&lake, &vintages, before);
    let as_of = before.last().unwrap();
    lake.ok(&["build", "--as-of", as_of]);
    let pdf = lake.folder().join("before.pdf");
    let make = |pdf: &Path, more: &[&str]| {
        let out = pdf.to_str().unwrap();
        let words = ["bulletin", "--week", "2020-W38", "--territory", "76", "--as-of", as_of, "--out", out];
        let output = lake.vigie(&[&words, more].concat());
        succeed(&output);
        String::from_utf8(output.stderr).unwrap()
    };
    make(&pdf, &[]);
    let published = bytes(&pdf);
    let words = ["replay", pdf.to_str().unwrap()];
    assert!(lake.ok(&words).starts_with("identique : "), "at once");

    load(&lake, &vintages, after);
    lake.ok(&["build"]);
    lake.ok(&["bulletin", "--week", "2020-W42", "--out", lake.folder().join("w42.pdf").to_str().unwrap()]);
    let config = redefined(&lake);

    // Another process, another folder, another configuration: the record decides.
    for bulletin in [pdf.to_str().unwrap(), pdf.with_extension("json").to_str().unwrap(), "W38", "2020-w38"] {
        assert!(lake.ok(&["replay", bulletin]).starts_with("identique : "), "{bulletin}");
    }
    let rebuilt = lake.folder().join("rebuilt");
    lake.ok(&["replay", "W38", "--out", rebuilt.to_str().unwrap()]);
    assert!(bytes(&rebuilt.join("before.pdf")) == published, "what is written is what was published");
    let again = lake.folder().join("again.pdf");
    let said = make(&again, &[]);
    assert!(bytes(&again) == published, "the same as-of gives the same bytes");
    assert!(said.contains("déjà publié") && said.contains("définitions ou des règles ont changé"), "{said}");
    assert_eq!(lake.value("select count(*) from bulletins"), 2, "nothing of it is a new edition");

    // What today's rules would print: every figure of the redefined indicator, and nothing of the others.
    let told = lake.vigie(&["--json", "replay", "W38", "--today-rules"]);
    let told: Value = serde_json::from_str(&succeed(&told)).unwrap();
    assert_eq!(told["identical"], true);
    assert_eq!(
        told["today"]["files"],
        json!([
            {"file": "indicators/admissions_7d.sql", "what": "changed"},
            {"file": "rules/tension-score.toml", "what": "changed"}
        ])
    );
    let differences = told["today"]["differences"].as_array().unwrap();
    assert!(!differences.is_empty());
    for difference in differences {
        let indicator = difference["indicator"].as_str().unwrap();
        assert!(indicator.starts_with("admissions_7d") || indicator.starts_with("rule:"), "{difference:#}");
    }
    let doubled = differences
        .iter()
        .find(|d| d["indicator"] == "admissions_7d" && d["place"] == "region:76" && d["date"] == "2020-09-14")
        .unwrap();
    let number = |text: &Value| text.as_str().unwrap().parse::<f64>().unwrap();
    assert_eq!(number(&doubled["now"]), 2.0 * number(&doubled["printed"]), "{doubled:#}");
    assert_eq!(doubled["why"], json!(["indicators/admissions_7d.sql"]));

    // A new edition takes them into account, and is another bulletin.
    make(&again, &["--new-edition", "--config", config.to_str().unwrap()]);
    assert!(bytes(&again) != published);
    assert_eq!(
        lake.value("select max(edition) from bulletins where week = date '2020-09-14'"),
        2,
        "the second of that week"
    );
    assert!(lake.ok(&words).starts_with("identique : "), "the first one is still what it was");
}

#[test]
fn damage_to_the_data_of_then_is_told_with_the_source_and_the_file() {
    let Some(vintages) = shared("real/vintages") else { return };
    let days = days(&vintages);
    let lake = Lake::new();
    load(&lake, &vintages, &days[..6]);
    let pdf = lake.folder().join("a.pdf");
    let out = pdf.to_str().unwrap();
    lake.ok(&["bulletin", "--week", "2020-W34", "--as-of", &days[5], "--out", out]);
    assert!(lake.ok(&["replay", out]).starts_with("identique"));

    let table = lake.path().join("tables/hospital_admissions");
    let mut files: Vec<PathBuf> =
        std::fs::read_dir(&table).unwrap().map(|entry| entry.unwrap().path()).collect();
    files.sort();
    let first = &files[0];
    let whole = std::fs::read(first).unwrap();
    std::fs::remove_file(first).unwrap();
    let told = lake.vigie(&["--json", "replay", out]);
    assert_eq!(told.status.code(), Some(1));
    let told: Value = serde_json::from_slice(&told.stdout).unwrap();
    let reasons = told["reasons"].to_string();
    assert!(reasons.contains("hospital_admissions") && reasons.contains("endommagé"), "{reasons}");
    let differences = told["differences"].as_array().unwrap();
    let admissions = differences.iter().find(|d| d["indicator"] == "admissions_7d").unwrap();
    assert!(admissions["why"].to_string().contains("hospital_admissions"), "{admissions:#}");
    assert!(differences.iter().all(|d| d["indicator"] != "hospital_patients"), "the other source is sound");

    // Flipped bits in its rows.
    let mut flipped = whole.clone();
    flipped[4..whole.len() / 2].iter_mut().step_by(97).for_each(|byte| *byte ^= 0x10);
    std::fs::write(first, flipped).unwrap();
    let told = lake.vigie(&["replay", out]);
    assert_eq!(told.status.code(), Some(1));
    let said = String::from_utf8_lossy(&[told.stdout, told.stderr].concat()).into_owned();
    assert!(said.contains("hospital_admissions"), "{said}");

    std::fs::write(first, whole).unwrap();
    assert!(lake.ok(&["replay", out]).starts_with("identique"));

    // The vocabulary kept is part of the record.
    let kept = std::fs::read_dir(lake.path().join("raw/vocabulary")).unwrap().next().unwrap().unwrap().path();
    std::fs::write(&kept, b"not it").unwrap();
    let said = lake.ok(&["replay", out]);
    assert!(said.contains("le vocabulaire gardé ne peut plus être lu"), "{said}");
}

#[test]
fn the_bulletin_of_the_demo_is_rebuilt_after_a_later_edition() {
    let folder = tempfile::tempdir().unwrap();
    let vigie = |words: &[&str]| command(folder.path()).args(words).output().unwrap();
    succeed(&vigie(&["demo", "--out", "here", "--quiet"]));
    let samples = Path::new(env!("CARGO_MANIFEST_DIR")).join("data-samples/bodies/2020-10-22");
    let text = std::fs::read_to_string(samples.join("centres.csv")).unwrap();
    let later = text.replacen(",open,", ",closed,", 12);
    assert_ne!(later, text);
    std::fs::write(folder.path().join("later.csv"), later).unwrap();
    let fetch =
        ["--lake", "here/lake", "fetch", "centres", "--from", "later.csv", "--issued-at", "2020-11-02"];
    succeed(&vigie(&fetch));
    let said = succeed(&vigie(&["--lake", "here/lake", "replay", "here/bulletin-2020-W42-region-76.pdf"]));
    assert!(said.starts_with("identique : "), "{said}");
}

#[test]
fn a_lake_written_before_inputs_were_recorded_opens_and_its_bulletins_are_told_as_such() {
    let lake = Lake::new();
    let spec = tables::bulletins();
    let old: Vec<_> = spec
        .schema
        .fields()
        .iter()
        .filter(|field| !["inputs", "xlsx_sha256"].contains(&field.name().as_str()))
        .cloned()
        .collect();
    let spec = TableSpec { schema: Schema::new(old).into(), ..spec };
    let at: Timestamp = "2020-10-22T07:00:00Z".parse().unwrap();
    let row = json!({
        "bulletin_id": "0123456789abcdef", "territory": "region:76", "week": "2020-10-12", "edition": 3,
        "as_of_issued": at, "as_of_recorded": at, "vocabulary_fingerprint": "f", "pdf_sha256": "a",
        "json_sha256": "b", "path": "old.pdf", "recorded_at": at
    });
    let batch = vigie::rows::batch(&spec.schema, &[row]).unwrap();
    let store = vigie_store::Lake::open(&lake.path()).unwrap();
    tokio::runtime::Runtime::new()
        .unwrap()
        .block_on(store.append(&spec, &[batch], at, "0123456789abcdef"))
        .unwrap();
    assert!(AsOf::everything().recorded > at);
    assert_eq!(lake.sql("select edition, inputs from bulletins"), [json!({"edition": 3, "inputs": null})]);
    let told = lake.vigie(&["--json", "replay", "0123456789abcdef"]);
    assert_eq!(told.status.code(), Some(1), "{}", String::from_utf8_lossy(&told.stderr));
    let told: Value = serde_json::from_slice(&told.stdout).unwrap();
    assert!(told["reasons"].to_string().contains("avant la conservation des vocabulaires"), "{told:#}");
    let out = lake.folder().join("next.pdf");
    lake.ok(&["bulletin", "--week", "2020-W42", "--as-of", "2020-10-23", "--out", out.to_str().unwrap()]);
    assert_eq!(lake.value("select max(edition) from bulletins"), 4);
}
