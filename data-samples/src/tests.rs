//! Facts about the bodies as a whole.

use std::collections::BTreeMap;
use std::io::Read as _;

use vigie_queries::{Contract, Vocabulary};

use crate::{Body, Edition, SEED, committed, editions};

/// A body as text rows: what a reader gets, whatever the compressor's version.
fn unpacked(body: &Body) -> Vec<u8> {
    if body.file_name.ends_with(".gz") {
        let mut text = Vec::new();
        flate2::read::GzDecoder::new(body.bytes.as_slice()).read_to_end(&mut text).unwrap();
        text
    } else if body.file_name.ends_with(".xlsx") {
        sheet(&body.bytes).into_iter().map(|row| row.join("\t") + "\n").collect::<String>().into_bytes()
    } else {
        body.bytes.clone()
    }
}

fn sheet(bytes: &[u8]) -> Vec<Vec<String>> {
    use calamine::Reader as _;
    let mut book: calamine::Xlsx<_> = calamine::open_workbook_from_rs(std::io::Cursor::new(bytes)).unwrap();
    let range = book.worksheet_range("demandes").unwrap();
    range.rows().map(|row| row.iter().map(ToString::to_string).collect()).collect()
}

fn text(edition: &Edition, source: &str) -> String {
    let body = edition.bodies.iter().find(|body| body.source == source).unwrap();
    String::from_utf8(unpacked(body)).unwrap()
}

/// Rows of a JSON feed of one object a line, commas between them or not.
fn objects(text: &str) -> Vec<serde_json::Value> {
    text.lines().filter_map(|line| serde_json::from_str(line.trim_end_matches(',')).ok()).collect()
}

fn header(contract: &Contract, edition: &Edition) -> Vec<String> {
    let body = text(edition, contract.name());
    match contract.name() {
        "nurse_platform" | "test_supply" => objects(&body)[0].as_object().unwrap().keys().cloned().collect(),
        _ => {
            let first = body.lines().next().unwrap();
            let separator = if first.contains('\t') { '\t' } else { contract.dialect.delimiter };
            first.split(separator).map(|name| name.trim_matches('"').to_owned()).collect()
        }
    }
}

#[test]
fn generating_again_gives_the_committed_bodies() {
    // Compressed bodies are compared unpacked: a newer compressor may pack the same figures in other bytes.
    let (made, kept) = (editions(SEED), committed());
    assert_eq!(made.len(), kept.len(), "run `cargo run -p vigie-samples -- write`");
    for (made, kept) in made.iter().zip(&kept) {
        assert_eq!(made.issued_at, kept.issued_at);
        assert_eq!(made.bodies.len(), kept.bodies.len());
        for (made, kept) in made.bodies.iter().zip(&kept.bodies) {
            assert_eq!(made.file_name, kept.file_name);
            assert!(unpacked(made) == unpacked(kept), "{} differs: write the bodies again", made.file_name);
        }
    }
}

#[test]
fn the_same_seed_gives_the_same_bytes_and_another_seed_others() {
    assert!(editions(7) == editions(7));
    assert!(editions(7) != editions(8));
}

#[test]
fn the_committed_bodies_stay_under_4_megabytes() {
    let bytes: usize =
        committed().iter().flat_map(|edition| &edition.bodies).map(|body| body.bytes.len()).sum();
    assert!(bytes < 4_000_000, "{bytes} bytes");
}

/// What the authorities decided and said is no fiction: the registers are those that ship with Vigie. Files of the metropoles and by age
/// are feeds that an agency may do without, the register of participants is its own.
const WITHOUT_BODY: [&str; 6] =
    ["legal_lists", "legal_status", "metropole_incidence", "participants", "stated_totals", "tests_by_age"];

#[test]
fn every_source_has_a_body_with_the_columns_of_its_contract_in_every_edition() {
    let vocabulary = Vocabulary::embedded().unwrap();
    for edition in committed() {
        for contract in vocabulary.contracts().filter(|contract| !WITHOUT_BODY.contains(&contract.name())) {
            let found = header(contract, &edition);
            for column in contract.columns.iter().filter(|column| !column.optional) {
                let known = std::iter::once(column.name.get_ref()).chain(&column.from);
                let matches = known.filter(|name| found.contains(name)).count();
                assert_eq!(matches, 1, "{} {}: {found:?}", contract.name(), column.name.get_ref());
            }
        }
    }
}

#[test]
fn occitanie_has_3300_nurses_and_1850_doctors_on_18_march_2020() {
    for edition in committed() {
        let nurses: Vec<i64> = objects(&text(&edition, "nurse_platform"))
            .iter()
            .filter(|row| row["time_value"] == "2020-03-18")
            .map(|row| row["registered_total"].as_i64().unwrap())
            .collect();
        let doctors: Vec<i64> = text(&edition, "telemedicine")
            .lines()
            .filter(|line| line.contains("2020-03-18"))
            .map(|line| line.split(',').nth(3).unwrap().parse().unwrap())
            .collect();
        // Increments: only the first edition tells of March.
        if !nurses.is_empty() {
            assert_eq!((nurses.len(), nurses.iter().sum::<i64>()), (13, 3_300));
            assert_eq!((doctors.len(), doctors.iter().sum::<i64>()), (13, 1_850));
        }
    }
}

#[test]
fn the_numbers_to_call_are_those_of_the_document() {
    let text = text(&committed()[0], "access_numbers");
    let numbers: BTreeMap<&str, &str> = text
        .lines()
        .skip(1)
        .map(|line| {
            let mut fields = line.split(',');
            (fields.next().unwrap(), fields.next().unwrap())
        })
        .collect();
    for (phone, departments) in
        [("39 66", "09 12 31 32 46 65 81 82"), ("15", "11 30 34 66"), ("0 810 604 608", "48")]
    {
        let found: Vec<&str> =
            numbers.iter().filter(|(_, known)| **known == phone).map(|(code, _)| *code).collect();
        assert_eq!(found.join(" "), departments);
    }
}

#[test]
fn a_later_edition_completes_the_young_days_of_the_one_before() {
    let kept = committed();
    let tests_on = |edition: &Edition, start: &str| -> i64 {
        let text = text(edition, "tests");
        let line = text.lines().find(|line| line.starts_with(start)).unwrap();
        line.split(';').nth(3).unwrap().parse().unwrap()
    };
    let young = tests_on(&kept[5], "31;2020-10-15");
    let older = tests_on(&kept[6], "31;2020-10-15");
    assert!(young * 110 < older * 100, "{young} then {older}");
    assert_eq!(tests_on(&kept[5], "31;2020-09-15"), tests_on(&kept[6], "31;2020-09-15"));
}
