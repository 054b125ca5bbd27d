//! The open-data package, read by who will read it: Frictionless, LibreOffice, DuckDB.

use std::collections::BTreeMap;
use std::path::Path;
use std::process::Command;

use serde_json::Value;

use crate::served::{demo, python};
use crate::support::{Lake, command, succeed};

/// Publishes the demo's lake into `folder/out`.
fn publish(folder: &Path, words: &[&str]) -> Value {
    let lake = demo().join("demo/lake");
    let output = command(folder)
        .args(["--json", "--lake", lake.to_str().unwrap(), "publish", "out", "--as-of", "2020-10-22"])
        .args(words)
        .output()
        .unwrap();
    serde_json::from_str(&succeed(&output)).unwrap()
}

/// Every file under a folder, by its path in it.
fn files(folder: &Path) -> BTreeMap<String, Vec<u8>> {
    let mut found = BTreeMap::new();
    let mut waiting = vec![folder.to_owned()];
    while let Some(place) = waiting.pop() {
        for entry in std::fs::read_dir(place).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                waiting.push(path);
            } else {
                let name = path.strip_prefix(folder).unwrap().to_string_lossy().into_owned();
                found.insert(name, std::fs::read(&path).unwrap());
            }
        }
    }
    found
}

fn rows(csv_file: &Path) -> Vec<BTreeMap<String, String>> {
    let mut reader = csv::Reader::from_path(csv_file).unwrap();
    let names = reader.headers().unwrap().clone();
    let row = |record: csv::StringRecord| {
        names.iter().map(str::to_owned).zip(record.iter().map(str::to_owned)).collect()
    };
    reader.records().map(|record| row(record.unwrap())).collect()
}

#[test]
fn frictionless_validates_the_package_and_each_table_of_it() {
    let folder = tempfile::tempdir().unwrap();
    let written = publish(folder.path(), &[]);
    let Some(python) = python() else { return };
    let out = folder.path().join("out");
    let tables: Vec<&str> =
        written["tables"].as_array().unwrap().iter().map(|table| table["table"].as_str().unwrap()).collect();
    assert!(tables.contains(&"indicators") && tables.contains(&"catalogue_rules"), "{tables:?}");
    let script = "
import json, sys
from frictionless import Package, system
found = {}
for path in sys.argv[1:]:
    report = Package(path).validate()
    found[path] = [report.valid, report.stats['errors'], [t.name for t in report.tasks], report.flatten(['title', 'message'])[:5]]
print(json.dumps(found))
";
    let packages = std::iter::once(out.clone()).chain(tables.iter().map(|table| out.join(table)));
    let packages: Vec<_> = packages.map(|folder| folder.join("datapackage.json")).collect();
    let output = Command::new(&python).args(["-c", script]).args(&packages).output().unwrap();
    let found: Value = serde_json::from_str(&succeed(&output)).unwrap();
    for package in &packages {
        let report = &found[package.to_str().unwrap()];
        assert_eq!(report[0], true, "{package:?}: {report}");
    }
    let whole = &found[packages[0].to_str().unwrap()][2];
    assert_eq!(whole.as_array().unwrap().len(), tables.len());

    // The same rows in Parquet, and codes as text, for who reads that.
    let script = "
import duckdb, json, sys
out = sys.argv[1]
ask = lambda query: duckdb.sql(query).fetchall()
print(json.dumps([
    ask(f\"select count(*) from '{out}/indicators/indicators.parquet'\"),
    ask(f\"select count(*) from read_csv('{out}/indicators/indicators.csv', header = true, all_varchar = true)\"),
    ask(f\"select min(department), typeof(min(department)) from '{out}/departments/departments.parquet'\"),
]))
";
    let output = Command::new(&python).args(["-c", script, out.to_str().unwrap()]).output().unwrap();
    let said: Value = serde_json::from_str(&succeed(&output)).unwrap();
    assert_eq!(said[0], said[1]);
    assert_eq!(said[2], serde_json::json!([["01", "VARCHAR"]]));

    // The catalogue names every file, and each is there.
    let catalogue: Value =
        serde_json::from_slice(&std::fs::read(out.join("catalogue.jsonld")).unwrap()).unwrap();
    let distributions: Vec<&Value> = catalogue["dcat:dataset"]
        .as_array()
        .unwrap()
        .iter()
        .flat_map(|dataset| dataset["dcat:distribution"].as_array().unwrap())
        .collect();
    assert!(distributions.len() >= 2 * tables.len());
    for distribution in distributions {
        assert!(out.join(distribution["@id"].as_str().unwrap()).is_file(), "{distribution}");
    }
    let readme = std::fs::read_to_string(out.join("LISEZMOI.md")).unwrap();
    assert!(
        readme.contains("Licence Ouverte 2.0") && tables.iter().all(|table| readme.contains(table)),
        "{readme}"
    );
}

/// A worksheet as LibreOffice reads it, as CSV.
fn opened_by_libreoffice(workbook: &Path, folder: &Path) -> Option<Vec<csv::StringRecord>> {
    let profile = format!("-env:UserInstallation=file://{}", folder.join("profile").display());
    let convert = Command::new("soffice")
        .args([
            &profile,
            "--headless",
            "--convert-to",
            "csv:Text - txt - csv (StarCalc):44,34,76,1",
            "--outdir",
        ])
        .arg(folder)
        .arg(workbook)
        .output();
    let Ok(output) = convert else {
        eprintln!("skipped: LibreOffice is not installed (.ci/setup --tests)");
        return None;
    };
    succeed(&output);
    let converted = folder.join(workbook.with_extension("csv").file_name().unwrap());
    let mut reader = csv::ReaderBuilder::new().has_headers(false).from_path(converted).unwrap();
    Some(reader.records().map(|record| record.unwrap()).collect())
}

#[test]
fn libreoffice_opens_the_workbook_with_its_types() {
    let folder = tempfile::tempdir().unwrap();
    let written =
        publish(folder.path(), &["--territory", "76", "--table", "departments", "--table", "judgements"]);
    let out = folder.path().join("out");
    let book = out.join("departments/departments.xlsx");
    let Some(sheet) = opened_by_libreoffice(&book, folder.path()) else { return };
    let in_csv = rows(&out.join("departments/departments.csv"));
    assert_eq!(sheet.len(), in_csv.len() + 1);
    let department = sheet[0].iter().position(|name| name == "department").unwrap();
    assert_eq!(&sheet[1][department], "01"); // text: a number would be 1
    let population = sheet[0].iter().position(|name| name == "population").unwrap();
    assert!(sheet[1][population].parse::<u64>().unwrap() > 600_000);
    let judgements = opened_by_libreoffice(&out.join("judgements/judgements.xlsx"), folder.path()).unwrap();
    let counted =
        written["tables"].as_array().unwrap().iter().find(|table| table["table"] == "judgements").unwrap();
    assert_eq!(judgements.len() as u64, counted["rows"].as_u64().unwrap() + 1);
    let day = judgements[0].iter().position(|name| name == "time_value").unwrap();
    assert_eq!(judgements[1][day].len(), "2020-10-12".len(), "{:?}", judgements[1]);
}

#[test]
fn text_of_a_feed_is_no_formula_in_the_package() {
    let lake = Lake::new();
    let file = lake.folder().join("centres.csv");
    let header = "centre_id,finess,name,kind,structure,commune,department,status,status_since,slots_per_day,booked_7d,\
                  offered_7d,staff_missing,access";
    let rows_of_feed = "c1,,=1+1,dedicated,temporary,31555,31,open,2020-10-01,10,20,30,0,samu\n\
                        c2,,@SUM(A1),dedicated,temporary,31555,31,open,2020-10-01,10,20,30,0,samu";
    std::fs::write(&file, format!("{header}\n{rows_of_feed}\n")).unwrap();
    let (code, report) = lake.fetch_file("centres", &file, &["--issued-at", "2020-10-12T18:00:00Z"]);
    assert_eq!(code, 0, "{report}");
    lake.ok(&["publish", "out", "--table", "centres"]);
    let out = lake.folder().join("out/centres");
    let names: Vec<String> =
        rows(&out.join("centres.csv")).into_iter().map(|row| row["name"].clone()).collect();
    assert_eq!(names, ["'=1+1", "'@SUM(A1)"]);
    let Some(sheet) = opened_by_libreoffice(&out.join("centres.xlsx"), lake.folder()) else { return };
    let name = sheet[0].iter().position(|name| name == "name").unwrap();
    assert_eq!([&sheet[1][name], &sheet[2][name]], ["=1+1", "@SUM(A1)"]);
}

#[test]
fn the_same_as_of_gives_the_same_bytes_and_replaces_what_was_there() {
    let folder = tempfile::tempdir().unwrap();
    let words = ["--territory", "76", "--small-cells"];
    publish(folder.path(), &words);
    let first = files(&folder.path().join("out"));
    std::fs::write(folder.path().join("out/old.csv"), "gone\n").unwrap();
    publish(folder.path(), &words);
    let second = files(&folder.path().join("out"));
    let differ: Vec<&String> = first.keys().filter(|name| first.get(*name) != second.get(*name)).collect();
    assert!(differ.is_empty() && first.len() == second.len(), "{differ:?}");
    // Nothing is left beside it.
    let beside: Vec<_> =
        std::fs::read_dir(folder.path()).unwrap().map(|entry| entry.unwrap().file_name()).collect();
    assert_eq!(beside, ["out"]);
}

#[test]
fn small_cells_cannot_be_found_by_subtraction() {
    let folder = tempfile::tempdir().unwrap();
    let written = publish(folder.path(), &["--small-cells"]);
    let out = folder.path().join("out");
    let regions: BTreeMap<String, String> = rows(&out.join("departments/departments.csv"))
        .into_iter()
        .map(|row| (row["department"].clone(), row["region"].clone()))
        .collect();
    // Per indicator, step and day: the regions that are shown, and what is known of their departments.
    let mut shown: BTreeMap<(String, String, String, String), f64> = BTreeMap::new();
    let mut parts: BTreeMap<(String, String, String, String), (u32, f64)> = BTreeMap::new();
    let mut hidden = 0;
    for row in rows(&out.join("indicators/indicators.csv")) {
        let counts = ["hospital_patients", "icu_patients", "cases_7d", "admissions_7d", "icu_admissions_7d"];
        hidden += u64::from(row["status"] == "suppressed");
        assert!(row["status"] != "suppressed" || row["value"].is_empty() && row["numerator"].is_empty());
        if !counts.contains(&row["indicator"].as_str()) || row["status"] == "missing" {
            continue;
        }
        let at = |place: &str| {
            (row["indicator"].clone(), row["time_type"].clone(), row["time_value"].clone(), place.to_owned())
        };
        let value: Option<f64> = row["value"].parse().ok();
        assert!(value.is_none_or(|value| value == 0.0 || value >= 11.0), "{row:?}");
        match (row["geo_type"].as_str(), value) {
            ("region", Some(value)) => {
                shown.insert(at(&row["geo_value"]), value);
            }
            ("department", None) => {
                parts.entry(at(&regions[&row["geo_value"]])).or_default().0 += 1;
            }
            ("department", Some(value)) => {
                parts.entry(at(&regions[&row["geo_value"]])).or_default().1 += value
            }
            _ => {}
        }
    }
    let (mut tried, mut protected) = (0, 0);
    for (at, whole) in &shown {
        let Some((n_hidden, rest)) = parts.get(at) else { continue };
        tried += 1;
        if *n_hidden > 0 {
            protected += 1;
            assert!(*n_hidden > 1 && whole - rest >= 11.0, "{at:?}: {n_hidden} hidden, {whole} less {rest}");
        }
    }
    assert!(tried > 100 && protected > 10, "{tried} wholes, {protected} with hidden parts");
    assert_eq!(written["values_hidden"].as_u64(), Some(hidden));
    assert!(!rows(&out.join("judgements/judgements.csv"))[0].contains_key("criteria"));
}

#[test]
fn what_is_not_for_publication_is_refused() {
    let lake = Lake::new();
    std::fs::create_dir(lake.folder().join("full")).unwrap();
    std::fs::write(lake.folder().join("full/notes.txt"), "mine\n").unwrap();
    for (words, expected) in [
        (["publish", "out", "--table", "findings"].as_slice(), "no table for publication"),
        (&["publish", "out", "--table", "deliveries"], "no table for publication"),
        (&["publish", "out", "--table", "tests", "--small-cells"], "give away the sums of days"),
        (&["publish", "full"], "not a published package"),
        (&["publish", "out", "--small-cells=1"], "1 is not in"),
    ] {
        let output = lake.vigie(words);
        let said = String::from_utf8_lossy(&output.stderr).into_owned();
        assert!(output.status.code() == Some(2) && said.contains(expected), "{words:?}: {said}");
    }
    assert_eq!(std::fs::read_to_string(lake.folder().join("full/notes.txt")).unwrap(), "mine\n");
    assert!(!lake.folder().join("out").exists());
}
