//! Feeds that no plain column describes, as an agency would declare them: a contract in its own folder, files as partners
//! send them, then the tables as an analyst and a reader of the open-data package see them.

use std::path::PathBuf;

use serde_json::Value;

use crate::support::{Lake, shared};

/// A folder with one contract of that name.
fn declare(lake: &Lake, source: &str, rest: &str) {
    let folder = lake.folder().join("vocabulary/sources");
    std::fs::create_dir_all(&folder).unwrap();
    let text = format!(
        "id = \"{source}\"\ntitle_fr = \"Essai\"\ndescription_fr = \"Essai.\"\npublisher = \"Essai\"\nlicence = \"Licence Ouverte 2.0\"\n\
         {rest}\n[cadence]\ncron = \"0 19 * * *\"\nwarn_after = \"36h\"\nerror_after = \"96h\"\n"
    );
    std::fs::write(folder.join(format!("{source}.toml")), text).unwrap();
    std::fs::write(lake.folder().join("vigie.toml"), "vocabulary = \"vocabulary\"\n").unwrap();
}

fn fetch(lake: &Lake, source: &str, body: &[u8], issued: &str) -> (i32, Value) {
    let file = lake.folder().join("body");
    std::fs::write(&file, body).unwrap();
    lake.fetch_file(source, &file, &["--issued-at", issued])
}

fn cells(lake: &Lake, query: &str) -> Vec<String> {
    let csv = lake.ok(&["sql", "--format", "csv", query]);
    csv.lines().skip(1).map(str::to_owned).collect()
}

const CALLS: &str = r#"
kind = "snapshot"
key = ["department", "moment"]
[feed]
format = "csv"
[dialect]
delimiter = ";"
[[columns]]
name = "department"
from = ["Département"]
type = "department"
title_fr = "Département"
[[columns]]
name = "moment"
from = ["Horodatage"]
type = "timestamp"
time_zone = "Europe/Paris"
title_fr = "Heure"
[[columns]]
name = "time_value"
from = ["Horodatage"]
type = "date"
time_zone = "Europe/Paris"
title_fr = "Jour"
[[columns]]
name = "calls"
from = ["Appels"]
type = "integer"
min = 0
unit = "calls"
title_fr = "Appels"
"#;

/// Calls an hour, three days, two departments; `more` in the last hour.
fn hours(more: u32) -> String {
    let mut text = String::from("Département;Horodatage;Appels\n");
    for day in 1..=3 {
        for hour in 0..24 {
            for (department, base) in [("31", 100), ("2A", 20)] {
                let calls = base + hour + if (day, hour) == (3, 23) { more } else { 0 };
                text.push_str(&format!("{department};{day:02}/10/2020 {hour:02}:00;{calls}\n"));
            }
        }
    }
    text
}

/// A10 of a new user's trial: hours in the key, from the feed to the open-data package.
#[test]
fn an_hourly_feed_is_kept_in_utc_and_corrected_by_the_hour() {
    let lake = Lake::new();
    declare(&lake, "calls_hourly", CALLS);
    lake.ok(&["config", "check"]);
    let (code, report) = fetch(&lake, "calls_hourly", hours(0).as_bytes(), "2020-10-04T06:00:00Z");
    assert_eq!(
        (code, report["outcome"].as_str(), report["rows_changed"].as_u64()),
        (0, Some("new"), Some(144)),
        "{report}"
    );
    let (code, report) = fetch(&lake, "calls_hourly", hours(7).as_bytes(), "2020-10-05T06:00:00Z");
    assert_eq!(
        (code, report["rows_changed"].as_u64(), report["rows_withdrawn"].as_u64()),
        (0, Some(2), Some(0)),
        "{report}"
    );

    // 14:00 in Paris is 12:00 in UTC, and the first hour of the day lies on the evening before.
    let query = "select moment, time_value, calls from calls_hourly where department = '31' and calls = 114 order by 1";
    assert_eq!(
        cells(&lake, query),
        [
            "2020-10-01T12:00:00Z,2020-10-01,114",
            "2020-10-02T12:00:00Z,2020-10-02,114",
            "2020-10-03T12:00:00Z,2020-10-03,114"
        ]
    );
    assert_eq!(
        cells(&lake, "select min(moment), max(moment) from calls_hourly"),
        ["2020-09-30T22:00:00Z,2020-10-03T21:00:00Z"]
    );
    assert_eq!(
        cells(&lake, "select sum(calls) from calls_hourly where time_value = date '2020-10-01'"),
        ["3432"]
    );
    let last = "select calls from calls_hourly where department = '2A' and moment >= timestamp '2020-10-03T21:00:00Z'";
    assert_eq!(cells(&lake, last), ["50"]);
    let before = lake.ok(&["sql", "--format", "csv", "--as-of", "2020-10-04", last]);
    assert_eq!(before.lines().nth(1), Some("43"));
    lake.ok(&["compact"]);
    lake.ok(&["verify"]);
    assert_eq!(cells(&lake, last), ["50"]);

    for format in ["csv", "parquet", "xlsx"] {
        let file = lake.folder().join(format!("out.{format}"));
        lake.ok(&["sql", "--out", file.to_str().unwrap(), "select * from calls_hourly order by 1, 2"]);
        assert!(std::fs::metadata(&file).unwrap().len() > 0);
    }
    lake.ok(&["publish", "out", "--table", "calls_hourly", "--table", "catalogue_columns"]);
    let catalogue =
        std::fs::read_to_string(lake.folder().join("out/catalogue_columns/catalogue_columns.csv")).unwrap();
    assert!(
        catalogue.lines().any(|line| line.starts_with("calls_hourly,moment,Heure,timestamp,")),
        "{catalogue}"
    );
    let schema = std::fs::read(lake.folder().join("out/calls_hourly/schema.json")).unwrap();
    let schema: Value = serde_json::from_slice(&schema).unwrap();
    let moment = schema["fields"].as_array().unwrap().iter().find(|field| field["name"] == "moment").unwrap();
    assert_eq!(moment["type"], "datetime");
    assert_eq!(schema["primaryKey"], serde_json::json!(["department", "moment"]));
    let csv = std::fs::read_to_string(lake.folder().join("out/calls_hourly/calls_hourly.csv")).unwrap();
    assert!(csv.contains("2A,2020-09-30T22:00:00Z,2020-10-01,20"), "{}", &csv[..300]);
}

/// An hour that the clocks show twice is set aside with its reason, and the others come in.
#[test]
fn the_hour_that_comes_twice_is_not_guessed() {
    let lake = Lake::new();
    declare(&lake, "calls_hourly", CALLS);
    let rows: String = (0..24).map(|hour| format!("31;25/10/2020 {hour:02}:00;{hour}\n")).collect();
    let body = format!("Département;Horodatage;Appels\n{rows}31;25/10/2020 02:00;99\n");
    let (code, report) = fetch(&lake, "calls_hourly", body.as_bytes(), "2020-10-26T06:00:00Z");
    assert_eq!((code, report["rows_quarantined"].as_u64()), (0, Some(2)), "{report}");
    assert_eq!(
        cells(&lake, "select code, count(*) from findings where severity = 'error' group by 1"),
        ["ambiguous-time,2"]
    );
    assert_eq!(cells(&lake, "select count(*), max(calls) from calls_hourly"), ["23,23"]);
}

fn case(name: &str) -> Option<PathBuf> {
    shared("cases/public").map(|folder| folder.join(name))
}

const PAGED: &str = r#"
kind = "increment"
key = ["department", "time_value"]
columns = [
  { name = "department", type = "department", title_fr = "x", from = ["dep"] },
  { name = "time_value", type = "date", title_fr = "x", from = ["jour"] },
  { name = "hospital_patients", type = "integer", title_fr = "x", from = ["hosp"], min = 0 },
]
[feed]
format = "json"
path = "results"
"#;

/// Public case 08: a page of 100 of 303 rows.
#[test]
fn a_page_is_held_until_a_person_accepts_it() {
    let lake = Lake::new();
    declare(&lake, "paged", PAGED);
    let rows: Vec<String> = (1..=20)
        .map(|day| format!("{{\"dep\": \"31\", \"jour\": \"2020-10-{day:02}\", \"hosp\": {day}}}"))
        .collect();
    let body = format!("{{\"total_count\": 303, \"results\": [{}]}}", rows.join(", "));
    let (code, held) = fetch(&lake, "paged", body.as_bytes(), "2020-10-21T19:00:00Z");
    assert_eq!((code, held["outcome"].as_str()), (3, Some("held")), "{held}");
    let message = held["message"].as_str().unwrap();
    for part in ["303", "20", "total_count", "vigie accept", "incomplete-body"] {
        assert!(message.contains(part), "{part}: {message}");
    }
    assert_eq!(cells(&lake, "select count(*) from paged"), ["0"]);
    let id = held["fetch_id"].as_str().unwrap();
    lake.ok(&["accept", id, "--by", "essai", "--reason", "les 20 premiers jours suffisent"]);
    assert_eq!(cells(&lake, "select count(*), sum(hospital_patients) from paged"), ["20,210"]);
    // The whole needs nobody.
    let whole = body.replace("303", "20").replace("\"hosp\": 20", "\"hosp\": 21");
    let (code, report) = fetch(&lake, "paged", whole.as_bytes(), "2020-10-22T19:00:00Z");
    assert_eq!((code, report["rows_changed"].as_u64()), (0, Some(1)), "{report}");
}

/// Public cases 04, 07 and 08 as their publishers sent them, with what contracts can say now.
#[test]
fn the_public_cases_can_be_declared() {
    let Some(folder) = case("04-prefixed-codes") else { return };
    let lake = Lake::new();
    declare(
        &lake,
        "cles",
        r#"
kind = "increment"
key = ["department", "time_value"]
columns = [
  { name = "department", type = "department", title_fr = "x", from = ["maille_code"], pattern = "DEP-{}" },
  { name = "time_value", type = "date", title_fr = "x", from = ["date"] },
  { name = "hospital_patients", type = "integer", title_fr = "x", from = ["hospitalises"], min = 0 },
]
filters = [{ column = "maille_code", leave_out = ["FRA", "REG-*", "COM-*"] }]
[feed]
format = "csv"
"#,
    );
    let body = std::fs::read(folder.join("chiffres-cles.csv")).unwrap();
    let (code, report) = fetch(&lake, "cles", &body, "2020-10-06");
    assert_eq!((code, report["rows_quarantined"].as_u64()), (0, Some(0)), "{report}");
    assert_eq!(
        cells(&lake, "select department, max(hospital_patients) from cles group by 1 order by 1"),
        ["2A,25", "31,175"]
    );

    declare(
        &lake,
        "esri",
        r#"
kind = "increment"
key = ["department", "time_value"]
columns = [
  { name = "department", type = "department", title_fr = "x", from = ["dep"] },
  { name = "time_value", type = "date", title_fr = "x", from = ["jour"], epoch = "ms", time_zone = "Europe/Paris" },
  { name = "hospital_patients", type = "integer", title_fr = "x", from = ["hosp"], min = 0 },
]
[feed]
format = "json"
path = "features"
record = "attributes"
"#,
    );
    let body = std::fs::read(case("07-arcgis-attributes").unwrap().join("edition.json")).unwrap();
    let (code, held) = fetch(&lake, "esri", &body, "2020-10-09");
    assert_eq!((code, held["outcome"].as_str()), (3, Some("held")), "{held}");
    assert!(held["message"].as_str().unwrap().contains("exceededTransferLimit"), "{held}");
    lake.ok(&["accept", held["fetch_id"].as_str().unwrap(), "--by", "essai", "--reason", "essai"]);
    assert_eq!(
        cells(&lake, "select min(time_value), max(time_value), count(*) from esri"),
        ["2020-10-06,2020-10-08,3"]
    );

    declare(&lake, "paged", PAGED);
    let body = std::fs::read(case("08-one-page-of-four").unwrap().join("page.json")).unwrap();
    assert_eq!(fetch(&lake, "paged", &body, "2020-10-12").0, 3);
}
