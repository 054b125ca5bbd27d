//! Real feeds and real defects, with the handling that their index asks for. Skipped where that folder is absent.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use arrow::array::RecordBatch;
use arrow::util::display::{ArrayFormatter, FormatOptions};
use vigie_queries::{Contract, Vocabulary};

use super::{batches, contract, spool, today};
use crate::{Checked, Code, Parsed, Severity, parse};

fn real() -> Option<PathBuf> {
    let shared = std::env::var_os("VIGIE_SHARED")
        .map_or_else(|| Path::new(env!("CARGO_MANIFEST_DIR")).join("../../shared"), PathBuf::from);
    let real = shared.join("real");
    if real.is_dir() {
        return Some(real);
    }
    eprintln!("skipped: no real data at {}", real.display());
    None
}

fn contract_of(feed: &str) -> Contract {
    let name = match feed {
        "hosp" => "hospital_stock",
        "tests" => "tests",
        "ed" => "er_visits",
        "incid" => "hospital_admissions",
        "reference" => "departments",
        _ => return contract(include_str!("icu_register_de.toml")),
    };
    Vocabulary::embedded().unwrap().contract(name).unwrap().clone()
}

/// Cells of a CSV file by header name.
fn read_csv(path: &Path, delimiter: u8) -> Vec<BTreeMap<String, String>> {
    let mut reader = csv::ReaderBuilder::new().delimiter(delimiter).from_path(path).unwrap();
    let header = reader.headers().unwrap().clone();
    reader
        .records()
        .map(|record| {
            let record = record.unwrap();
            header.iter().map(str::to_owned).zip(record.iter().map(str::to_owned)).collect()
        })
        .collect()
}

/// The columns of the contract that the expected file has, as text, sorted.
fn loaded(checked: &Checked, contract: &Contract, header: &[&String]) -> Vec<String> {
    let options = FormatOptions::default().with_null("");
    let mut lines = Vec::new();
    for batch in &batches(checked) {
        let picked = picked(contract, header);
        let formatters: Vec<_> = picked.iter().map(|(name, _)| column(batch, name, &options)).collect();
        for row in 0..batch.num_rows() {
            lines.push(formatters.iter().map(|f| f.value(row).to_string()).collect::<Vec<_>>().join(";"));
        }
    }
    lines.sort();
    lines
}

fn column<'a>(batch: &'a RecordBatch, name: &str, options: &'a FormatOptions<'a>) -> ArrayFormatter<'a> {
    ArrayFormatter::try_new(batch.column_by_name(name).unwrap(), options).unwrap()
}

/// Pairs of column name and feed name.
fn picked(contract: &Contract, header: &[&String]) -> Vec<(String, String)> {
    contract
        .ordered_columns()
        .iter()
        .filter_map(|column| {
            let name = column.name.get_ref();
            let feed = header.iter().find(|h| **h == name || column.from.contains(h))?;
            Some((name.clone(), (**feed).clone()))
        })
        .collect()
}

#[test]
fn every_bad_feed_is_handled_as_its_index_says() {
    let Some(folder) = real().map(|real| real.join("bad-feeds")) else { return };
    let mut faults = Vec::new();
    for case in read_csv(&folder.join("index.csv"), b',') {
        let file = &case["file"];
        let contract = contract_of(&case["feed"]);
        // The German file goes on after the French ones.
        let day = if case["feed"] == "rki" { jiff::civil::date(2026, 1, 1) } else { today() };
        let parsed = parse(&folder.join(file), &contract, day, &spool()).unwrap();
        match (&parsed, case["expected"].as_str()) {
            (Parsed::Refused(refusal), "reject-file") => {
                let named = if file.contains("renamed") { "«\u{a0}P\u{a0}»" } else { "" };
                if !refusal.message_fr.contains(named) {
                    faults.push(format!("{file}: {}", refusal.message_fr));
                }
            }
            (Parsed::Refused(refusal), expected) => {
                faults.push(format!("{file}: refused, expected {expected}: {}", refusal.message_fr));
            }
            (Parsed::Rows(_), "reject-file") => faults.push(format!("{file}: not refused")),
            (Parsed::Rows(checked), expected) => {
                check_rows(&folder, &case, &contract, checked, &mut faults);
                let said = checked.findings.iter().any(|f| f.severity == Severity::Info);
                if expected == "accept-normalised" && !said {
                    faults.push(format!("{file}: nothing said of the repair"));
                }
            }
        }
    }
    assert!(faults.is_empty(), "{}", faults.join("\n"));
}

fn check_rows(
    folder: &Path,
    case: &BTreeMap<String, String>,
    contract: &Contract,
    checked: &Checked,
    faults: &mut Vec<String>,
) {
    let file = &case["file"];
    let mut lines: Vec<u64> =
        checked.findings.iter().filter(|f| f.severity == Severity::Error).filter_map(|f| f.line).collect();
    lines.sort_unstable();
    let expected: Vec<u64> =
        case["quarantined_lines"].split(' ').filter_map(|line| line.parse().ok()).collect();
    if lines != expected {
        faults.push(format!("{file}: lines {lines:?} set aside, expected {expected:?}"));
    }
    let counts = checked.counts;
    let figures = [&case["rows_in"], &case["rows_accepted"], &case["rows_quarantined"]]
        .map(|n| n.parse::<u64>().unwrap());
    if [counts.rows_in, counts.rows_accepted, counts.rows_quarantined] != figures {
        faults.push(format!("{file}: {counts:?}, expected {figures:?}"));
    }
    let delimiter = if matches!(case["feed"].as_str(), "reference" | "rki") { b',' } else { b';' };
    let wanted = read_csv(&folder.join(&case["expected_rows_file"]), delimiter);
    let header: Vec<&String> = wanted[0].keys().collect();
    let columns = picked(contract, &header);
    assert!(columns.len() >= 4, "{file}: {columns:?}");
    let missing = |text: &String| if text == "NA" { String::new() } else { text.clone() };
    let mut wanted: Vec<String> = wanted
        .iter()
        .map(|row| columns.iter().map(|(_, feed)| missing(&row[feed])).collect::<Vec<_>>().join(";"))
        .collect();
    wanted.sort();
    let found = loaded(checked, contract, &header);
    if let Some(rank) = (0..wanted.len().max(found.len())).find(|rank| wanted.get(*rank) != found.get(*rank))
    {
        faults.push(format!("{file}: row {rank} is {:?}, expected {:?}", found.get(rank), wanted.get(rank)));
    }
}

#[test]
fn the_published_files_are_loaded_whole() {
    let Some(real) = real() else { return };
    for (feed, path, rows_in, aside) in [
        ("hosp", "spf/donnees-hospitalieres-covid19.csv", 28_914, 1),
        ("hosp", "spf/late-rows-2020-06-27_29.csv", 276, 0),
        ("tests", "spf/sp-pos-quot-dep.csv", 24_232, 0),
        ("ed", "spf/sursaud-corona-quot-dep.csv", 29_189, 0),
        ("reference", "reference/departements.csv", 101, 0),
    ] {
        let Parsed::Rows(checked) = parse(&real.join(path), &contract_of(feed), today(), &spool()).unwrap()
        else {
            panic!("{path} is refused");
        };
        assert_eq!((checked.counts.rows_in, checked.counts.rows_quarantined), (rows_in, aside), "{path}");
        let out = checked.rows.len();
        assert_eq!(out, rows_in - aside, "{path}");
    }
}

#[test]
fn falls_of_running_totals_are_those_counted_by_hand() {
    let Some(real) = real() else { return };
    let path = real.join("spf/donnees-hospitalieres-covid19.csv");
    let Parsed::Rows(checked) = parse(&path, &contract_of("hosp"), today(), &spool()).unwrap() else {
        panic!("refused")
    };
    let falls: Vec<&str> = checked
        .findings
        .iter()
        .filter(|f| f.code == Code::RunningTotalFalls)
        .map(|f| f.message.as_str())
        .collect();
    let [rad, dc] = falls.as_slice() else { panic!("{falls:?}") };
    assert!(rad.contains("304 fois") && rad.contains("−123 (dep 68, 2020-05-07"), "{rad}");
    assert!(dc.contains("86 fois") && dc.contains("−19 (dep 68, 2020-04-02"), "{dc}");
}
