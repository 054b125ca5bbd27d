//! `vigie purge-secrets`: a lake as an earlier version left it, with passwords in addresses, footers, sentences and kept
//! vocabularies, loses them and nothing else.

use std::collections::BTreeMap;
use std::path::Path;
use std::time::Duration;

use jiff::Timestamp;
use serde_json::json;
use vigie_ingest::Parsed;
use vigie_queries::Vocabulary;
use vigie_store::{FetchRecord, FindingRecord, Outcome, Spared, TableSpec, fetch_id, tables};

use crate::reach::holds_none_of;
use crate::support::{Lake, command};

const FEED: &str = "dep;jour;P;T;cl_age90\n31;2020-10-05;208;1626;0\n11;2020-10-05;20;162;0\n";
const ADDRESS: &str = "http://ars:sesame-42@example.org/a.csv?key=k1234&x=1";
const WORDS: [&str; 4] = ["sesame-42", "k1234", "jeton-99", "ars:"];

fn keep(lake: &vigie_store::Lake, source: &str, body: &[u8]) -> String {
    let sha256 = vigie::files::sha256_hex(body);
    let file = tempfile::NamedTempFile::new().unwrap();
    std::fs::write(file.path(), body).unwrap();
    lake.keep_body(source, file.path(), &sha256).unwrap();
    sha256
}

/// Polls, runs, findings and a bulletin that hold secrets; gives the hash of the kept vocabulary.
async fn old_lake(path: &Path) -> String {
    let lake = vigie_store::Lake::open(path).unwrap();
    let vocabulary = Vocabulary::embedded().unwrap();
    let contract = vocabulary.contract("tests").unwrap();
    let spec = TableSpec::of(contract);
    let at = |hour: i64| Timestamp::from_second(1_602_600_000 + 3600 * hour).unwrap();
    for turn in 0..3_i64 {
        // The publisher repeats the key in a comment of its body.
        let body = FEED
            .replace("208", &format!("{}", 208 + turn))
            .replace("dep;", if turn == 2 { "jeton-99;\ndep;" } else { "dep;" });
        let sha256 = keep(&lake, "tests", body.as_bytes());
        let file = tempfile::NamedTempFile::new().unwrap();
        std::fs::write(file.path(), body.replace("jeton-99;\n", "")).unwrap();
        let today = jiff::civil::date(2020, 10, 14);
        let Parsed::Rows(checked) = vigie_ingest::parse(file.path(), contract, today, &lake.spool()).unwrap()
        else {
            panic!("refused")
        };
        let record = FetchRecord {
            fetch_id: fetch_id("tests", at(turn), &sha256),
            source: "tests".into(),
            outcome: Outcome::New,
            url: Some(ADDRESS.into()),
            issued_at: Some(at(turn)),
            recorded_at: at(turn),
            sha256: Some(sha256),
            message: Some(format!("De {ADDRESS}.")),
            ..FetchRecord::default()
        };
        let finding = FindingRecord {
            fetch_id: record.fetch_id.clone(),
            source: "tests".into(),
            code: "x".into(),
            severity: "info".into(),
            message: "Rien.".into(),
            raw: Some("31;jeton-99".into()),
            ..FindingRecord::default()
        };
        let lock = lake.lock("tests", Duration::from_secs(5)).unwrap();
        let stamp = lake.stamp(at(turn)).unwrap();
        let spared = Spared::default();
        let change = lake
            .compare(&spec, checked.rows.batches().unwrap(), &spared, at(turn), stamp, &record.fetch_id)
            .await
            .unwrap();
        lake.commit_fetch(&lock, &spec, change, &record, &[finding]).await.unwrap();
    }
    let run = json!({"run_id": "r1", "job": "fetch:tests", "scheduled_for": at(0), "started_at": at(0), "ended_at": at(0),
        "outcome": "failed", "message": format!("accès refusé à {ADDRESS}"), "caught_up": false});
    let runs = tables::runs();
    lake.append(&runs, &[vigie::rows::batch(&runs.schema, &[run]).unwrap()], at(4), "r1").await.unwrap();
    let files = BTreeMap::from([(
        "sources/a.toml".to_owned(),
        format!("[feed]\nurl = \"{ADDRESS}\"\n").into_bytes(),
    )]);
    let kept = keep(&lake, "vocabulary", &vigie::bundle::pack(&files).unwrap());
    let bulletin = json!({"bulletin_id": "b1", "territory": "region:76", "week": "2020-10-05", "edition": 1, "as_of_issued": at(4),
        "as_of_recorded": at(4), "vocabulary_fingerprint": "f", "pdf_sha256": "p", "json_sha256": "j", "path": "b.pdf",
        "recorded_at": at(5), "inputs": json!({"vocabulary": kept}).to_string()});
    let bulletins = tables::bulletins();
    lake.append(&bulletins, &[vigie::rows::batch(&bulletins.schema, &[bulletin]).unwrap()], at(5), "b1")
        .await
        .unwrap();
    kept
}

fn holds(path: &Path, word: &str) -> bool {
    std::panic::catch_unwind(|| holds_none_of(path, &[word])).is_err()
}

fn prepared() -> (Lake, String) {
    let lake = Lake::new();
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().unwrap();
    let kept = runtime.block_on(old_lake(&lake.path()));
    std::fs::write(lake.folder().join("old-secrets"), "jeton-99\n").unwrap();
    (lake, kept)
}

const PURGE: [&str; 7] =
    ["purge-secrets", "--by", "Jeanne", "--reason", "mots de passe changés", "--secrets", "old-secrets"];

fn facts(lake: &Lake) -> String {
    let rows = lake.sql("select fetch_id, source, outcome, issued_at, recorded_at from fetches where source = 'tests' order by 1");
    let versions = lake.sql("select * from tests_versions order by department, issued_at, recorded_at");
    let findings = lake.sql("select fetch_id, code, message from findings order by 1");
    format!("{rows:?}{versions:?}{findings:?}")
}

#[test]
fn a_lake_loses_its_secrets_and_nothing_else() {
    let (lake, kept) = prepared();
    for word in WORDS {
        assert!(holds(&lake.path(), word), "the old lake holds {word}");
    }
    let before = facts(&lake);
    lake.ok(&["backup", "copy"]);
    let dry = lake.ok(&[&PURGE[..], &["--dry-run"]].concat());
    assert!(dry.contains("would be cleared"), "{dry}");
    assert!(holds(&lake.path(), "sesame-42"), "only counted");

    let told = lake.ok(&PURGE);
    assert!(told.contains("bodies cleared"), "{told}");
    holds_none_of(&lake.path(), &WORDS);
    assert_eq!(facts(&lake), before);
    let urls = lake.sql("select distinct url from fetches where source = 'tests'");
    assert_eq!(urls, [json!({"url": "http://example.org/a.csv?key=***&x=1"})]);
    let run = lake.value("select message from runs where job = 'purge-secrets'");
    assert!(run.as_str().unwrap().contains("Par Jeanne : mots de passe changés"), "{run}");
    // Kept bodies and vocabularies are found under their new names.
    let inputs = lake.value("select inputs from bulletins");
    let new: serde_json::Value = serde_json::from_str(inputs.as_str().unwrap()).unwrap();
    let new = new["vocabulary"].as_str().unwrap();
    assert_ne!(new, kept);
    assert!(lake.path().join(format!("raw/vocabulary/{new}.zst")).exists());
    for row in lake.sql("select distinct sha256 from fetches where source = 'tests'") {
        assert!(
            lake.path().join(format!("raw/tests/{}.zst", row["sha256"].as_str().unwrap())).exists(),
            "{row}"
        );
    }
    assert!(lake.ok(&["verify"]).contains("no damage"));
    // The backup follows, and a second run finds nothing.
    lake.ok(&["backup", "copy"]);
    holds_none_of(&lake.folder().join("copy"), &WORDS);
    let told = lake.ok(&PURGE);
    assert!(told.starts_with("0 texts in 0 files of tables, 0 bodies"), "{told}");
    // The service goes on: a new edition is recorded, merged and read.
    let feed = lake.folder().join("next.csv");
    std::fs::write(&feed, FEED.replace("208", "300")).unwrap();
    let (code, report) = lake.fetch_file("tests", &feed, &[]);
    assert_eq!((code, report["rows_changed"].as_u64()), (0, Some(1)), "{report:#}");
    lake.ok(&["compact"]);
    assert_eq!(lake.value("select positives from tests where department = '31'"), 300);
}

#[test]
fn a_stop_at_any_step_leaves_a_sound_lake_and_the_next_run_ends_the_work() {
    for step in [
        "body-kept:1",
        "merge-written:1",
        "merge-begun:2",
        "merge-published:2",
        "merge-removed:3",
        "body-removed:1",
    ] {
        let (lake, _) = prepared();
        let before = facts(&lake);
        let mut stopped = command(lake.folder());
        let stopped =
            stopped.arg("--lake").arg(lake.path()).args(PURGE).env("VIGIE_CRASH_AT", step).output().unwrap();
        assert_eq!(
            stopped.status.code(),
            None,
            "stopped at {step}: {}",
            String::from_utf8_lossy(&stopped.stderr)
        );
        assert_eq!(facts(&lake), before, "{step}");
        assert!(lake.ok(&["verify"]).contains("no damage"), "{step}");
        lake.ok(&PURGE);
        holds_none_of(&lake.path(), &WORDS);
        assert_eq!(facts(&lake), before, "{step}");
        assert!(lake.ok(&["verify"]).contains("no damage"), "{step}");
    }
}
