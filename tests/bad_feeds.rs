//! Files with one defect each, judged as their index says (`vigie fetch --json`).

use std::collections::BTreeMap;
use std::path::Path;

use serde_json::Value;

use crate::support::{Lake, shared};

/// Source of each layout, and the columns of its expected rows: name in the file, name in the table.
fn layout(feed: &str) -> (&'static str, &'static [(&'static str, &'static str)]) {
    match feed {
        "hosp" => (
            "hospital_stock",
            &[
                ("dep", "department"),
                ("jour", "time_value"),
                ("hosp", "hospital_patients"),
                ("rea", "icu_patients"),
                ("rad", "discharged_total"),
                ("dc", "deaths_total"),
            ],
        ),
        "tests" => {
            ("tests", &[("dep", "department"), ("jour", "time_value"), ("P", "positives"), ("T", "tests")])
        }
        "ed" => (
            "er_visits",
            &[
                ("dep", "department"),
                ("date_de_passage", "time_value"),
                ("nbre_pass_corona", "covid_visits"),
                ("nbre_pass_tot", "visits"),
                ("nbre_hospit_corona", "covid_admitted"),
                ("nbre_acte_corona", "sos_covid_calls"),
                ("nbre_acte_tot", "sos_calls"),
            ],
        ),
        "reference" => (
            "departments",
            &[
                ("dep", "department"),
                ("nom", "name"),
                ("reg", "region"),
                ("pop_total", "population"),
                ("rea", "icu_beds"),
            ],
        ),
        "rki" => (
            "icu_register_de",
            &[
                ("datum", "time_value"),
                ("bundesland_id", "land"),
                ("behandlungsgruppe", "patient_group"),
                ("faelle_covid_aktuell", "covid_patients"),
                ("intensivbetten_belegt", "beds_occupied"),
                ("intensivbetten_frei", "beds_free"),
            ],
        ),
        other => panic!("no contract for the layout {other}"),
    }
}

#[test]
fn every_bad_file_is_handled_as_its_index_says() {
    let Some(folder) = shared("real/bad-feeds") else { return };
    let mut seen = 0;
    for case in csv::Reader::from_path(folder.join("index.csv")).unwrap().deserialize() {
        let case: BTreeMap<String, String> = case.unwrap();
        judge(&folder, &case);
        seen += 1;
    }
    assert_eq!(seen, 12);
}

fn judge(folder: &Path, case: &BTreeMap<String, String>) {
    let file = &case["file"];
    let (source, columns) = layout(&case["feed"]);
    let lake = Lake::new();
    // The German register is no source of the first release: one contract file in an overlay makes it one.
    let overlay = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/overlay");
    let config = lake.folder().join("vigie.toml");
    std::fs::write(&config, format!("vocabulary = {overlay:?}\n")).unwrap();

    let (code, report) = lake.fetch_file(source, &folder.join(file), &[]);
    let outcome = report["outcome"].as_str().unwrap();
    let total = |name: &str| report[name].as_u64().unwrap();
    assert_eq!(
        total("rows_accepted") + total("rows_quarantined"),
        total("rows_in"),
        "{file}: the rows add up: {report:#}"
    );

    // In every case the bytes received are kept as they came.
    let sha256 = report["sha256"].as_str().unwrap();
    assert_eq!(sha256, case["sha256"], "{file}");
    let raw = lake.path().join(format!("raw/{source}/{sha256}.zst"));
    let bytes = zstd::decode_all(std::fs::File::open(raw).unwrap()).unwrap();
    let again = vigie::files::sha256_hex(&bytes);
    assert_eq!(again, case["sha256"], "{file}: the raw body");

    if case["expected"] == "reject-file" {
        assert_eq!((outcome, code), ("rejected", 3), "{file}: {report:#}");
        let names_it = match file.as_str() {
            "d01-rki-xml-error.csv" => "XML",
            "d05-tests-pipe.csv" => "|",
            "d08-tests-renamed-column.csv" => "« P »",
            _ => "",
        };
        let message = report["message"].as_str().unwrap().replace('\u{a0}', " ");
        assert!(message.contains(names_it), "{file}: « {message} » names what is wrong ({names_it})");
        assert_eq!(
            lake.value(&format!("select count(*) from {source}_versions")),
            if source == "departments" { 101 } else { 0 }
        );
        return;
    }
    assert_eq!((outcome, code), ("new", 0), "{file}: {report:#}");
    let number = |name: &str| case[name].parse::<u64>().unwrap();
    assert_eq!(total("rows_in"), number("rows_in"), "{file}");
    assert_eq!(total("rows_accepted"), number("rows_accepted"), "{file}: {report:#}");
    assert_eq!(total("rows_quarantined"), number("rows_quarantined"), "{file}");
    let lines: Vec<Value> =
        case["quarantined_lines"].split_whitespace().map(|line| line.parse().unwrap()).collect();
    let mut said: Vec<Value> = lake
        .sql("select distinct line from findings where severity = 'error' order by line")
        .iter()
        .map(|row| row["line"].clone())
        .collect();
    said.retain(|line| !line.is_null());
    assert_eq!(said, lines, "{file}: the lines set aside");
    if case["expected"] == "accept-normalised" && file != "d12-hosp-nan-day.csv" {
        let notes = lake.value("select count(*) from findings where severity <> 'error'");
        assert!(notes.as_u64().unwrap() > 0, "{file}: a repair is said");
    }
    compare(&lake, source, columns, &folder.join(&case["expected_rows_file"]));

    let (code, report) = lake.fetch_file(source, &folder.join(file), &[]);
    assert_eq!(
        (report["outcome"].as_str().unwrap(), code),
        ("unchanged", 0),
        "{file}: a second run changes nothing"
    );
}

/// The table holds exactly the expected rows; blank means missing.
fn compare(lake: &Lake, source: &str, columns: &[(&str, &str)], expected: &Path) {
    let mut reader = csv::Reader::from_path(expected).unwrap();
    if reader.headers().unwrap().len() == 1 {
        reader = csv::ReaderBuilder::new().delimiter(b';').from_path(expected).unwrap();
    }
    let headers = reader.headers().unwrap().clone();
    let mut wanted: Vec<Vec<String>> = Vec::new();
    for record in reader.records() {
        let record = record.unwrap();
        let cell = |name: &str| record[headers.iter().position(|header| header == name).unwrap()].to_owned();
        wanted.push(columns.iter().map(|(file, _)| cell(file)).collect());
    }
    let names: Vec<&str> = columns.iter().map(|(_, table)| *table).collect();
    let mut found: Vec<Vec<String>> = lake
        .sql(&format!("select {} from {source}", names.join(", ")))
        .iter()
        .map(|row| {
            names
                .iter()
                .map(|name| match &row[*name] {
                    Value::Null => String::new(),
                    Value::String(text) => text.clone(),
                    other => other.to_string(),
                })
                .collect()
        })
        .collect();
    wanted.sort();
    found.sort();
    assert_eq!(found.len(), wanted.len(), "{}", expected.display());
    for (found, wanted) in found.iter().zip(&wanted) {
        assert_eq!(found, wanted, "{}", expected.display());
    }
}

/// What comes of each defect in a lake that has good data: ingest's own tests say it of two hundred files, this one
/// that the command says the same, keeps the bytes, and changes nothing the second time.
#[test]
fn a_bad_file_never_takes_the_last_good_data_away() {
    let good = "dep;sexe;jour;hosp;rea;rad;dc\n".to_owned()
        + &(1..=20)
            .map(|dep| format!("{dep:02};0;2020-10-05;{};1;1;1\n", 100 + dep))
            .collect::<String>()
            .replace("\n20;0;2020-10-05", "\n2A;0;2020-10-05");
    let next = good.replace("2020-10-05", "2020-10-06");
    let both = format!("{good}{}", next.split_once('\n').unwrap().1);
    let utf16: Vec<u8> = both.encode_utf16().flat_map(u16::to_le_bytes).collect();
    /// Name, body, outcome, rows in, accepted and set aside, lines set aside.
    type Case<'a> = (&'a str, Vec<u8>, &'a str, [u64; 3], &'a [u64]);
    let cases: Vec<Case<'_>> = vec![
        ("UTF-16 without a mark", utf16, "new", [40, 40, 0], &[]),
        ("CR alone", both.replace('\n', "\r").into_bytes(), "new", [40, 40, 0], &[]),
        ("sep= line", format!("sep=;\n{both}").into_bytes(), "new", [40, 40, 0], &[]),
        ("files put together", format!("{good}{next}").into_bytes(), "new", [41, 40, 1], &[22]),
        ("totals", format!("{both}Total;0;2020-10-06;1;1;1;1\n").into_bytes(), "new", [41, 40, 1], &[42]),
        ("cut short", both.as_bytes()[..both.len() - 8].to_vec(), "new", [40, 39, 1], &[41]),
        ("no header", both.split_once('\n').unwrap().1.into(), "rejected", [0; 3], &[]),
        ("header only", b"dep;sexe;jour;hosp;rea;rad;dc\n".to_vec(), "rejected", [0; 3], &[]),
        ("garbled", vec![0x80; 700], "rejected", [0; 3], &[]),
        (
            "American dates",
            both.replace("2020-10-05", "10/05/2020").replace("2020-10-06", "10/25/2020").into_bytes(),
            "rejected",
            [0; 3],
            &[],
        ),
    ];
    for (name, body, outcome, [rows_in, accepted, aside], lines) in cases {
        let lake = Lake::new();
        let file = lake.folder().join("body.csv");
        std::fs::write(&file, &good).unwrap();
        let (_, first) = lake.fetch_file("hospital_stock", &file, &["--issued-at", "2020-10-05T19:00:00Z"]);
        assert_eq!(first["outcome"], "new", "{first:#}");
        std::fs::write(&file, &body).unwrap();
        let poll = || lake.fetch_file("hospital_stock", &file, &["--issued-at", "2020-10-06T19:00:00Z"]).1;
        let report = poll();
        assert_eq!(report["outcome"], outcome, "{name}: {report:#}");
        let counts =
            ["rows_in", "rows_accepted", "rows_quarantined"].map(|count| report[count].as_u64().unwrap());
        if outcome == "new" {
            assert_eq!(counts, [rows_in, accepted, aside], "{name}: {report:#}");
            let errors = report["findings"].as_array().unwrap().iter().filter(|f| f["severity"] == "error");
            let said: Vec<u64> = errors.map(|finding| finding["line"].as_u64().unwrap()).collect();
            assert_eq!(said, lines, "{name}");
        }
        let expected = if outcome == "new" { accepted } else { 20 };
        assert_eq!(lake.value("select count(*) from hospital_stock"), expected, "{name}");
        let sha256 = report["sha256"].as_str().unwrap();
        let raw = lake.path().join(format!("raw/hospital_stock/{sha256}.zst"));
        assert_eq!(
            zstd::decode_all(std::fs::File::open(raw).unwrap()).unwrap(),
            body,
            "{name}: the bytes are kept"
        );
        let again = poll();
        let second = if outcome == "new" { "unchanged" } else { outcome };
        assert_eq!(
            (again["outcome"].as_str(), again["rows_changed"].as_u64()),
            (Some(second), Some(0)),
            "{name}"
        );
        assert_eq!(lake.value("select count(*) from hospital_stock"), expected, "{name}");
    }
}

/// A download that stops short of the last digits: `520` reads as `5`, and only the missing line end tells. The places
/// that came after it are still in the feed, as far as anybody knows.
#[test]
fn a_cut_snapshot_takes_nothing_away() {
    let lake = Lake::new();
    let file = lake.folder().join("body.csv");
    let whole: String = "dep;jour;P;T;cl_age90\n".to_owned()
        + &(10..50)
            .map(|dep| format!("{dep};2020-10-05;{dep};1520;0\n"))
            .collect::<String>()
            .replace("\n20;", "\n2A;");
    std::fs::write(&file, &whole).unwrap();
    assert_eq!(lake.fetch_file("tests", &file, &["--issued-at", "2020-10-06T19:00:00Z"]).1["outcome"], "new");
    let next = whole.replace(";48;1520", ";30;1520").replace(";12;1520", ";13;1520");
    let cut = next.find("48;2020-10-05").unwrap() + "48;2020-10-05;3".len();
    for (end, code) in [(cut, "line-cut-short"), (cut + ";1520;0".len() + 1, "line-may-be-cut")] {
        std::fs::write(&file, &next[..end]).unwrap();
        let (_, report) = lake.fetch_file("tests", &file, &["--issued-at", "2020-10-07T19:00:00Z"]);
        let codes: Vec<&str> =
            report["findings"].as_array().unwrap().iter().filter_map(|f| f["code"].as_str()).collect();
        assert!(codes.contains(&code), "{report:#}");
        assert_eq!(lake.value("select positives from tests where department = '12'"), 13, "{report:#}");
        assert_eq!(lake.value("select positives from tests where department = '48'"), 48);
        assert_eq!(
            lake.value("select positives from tests where department = '49'"),
            49,
            "the place after the cut stays"
        );
        assert_eq!(lake.value("select count(*) from tests"), 40);
    }
}

/// One platform, whether its accents are one sign or two (a Mac writes them apart).
#[test]
fn a_name_in_two_unicode_forms_is_one_platform() {
    let lake = Lake::new();
    let file = lake.folder().join("body.csv");
    let body = |name: &str, days: std::ops::Range<u8>| {
        let rows = days.map(|day| format!("{name},31,2020-10-0{day},5,{day}\n"));
        "platform,department,time_value,doctors_registered,consultations\n".to_owned()
            + &rows.collect::<String>()
    };
    for (name, days, issued) in [
        ("Télémédecine d’Oc", 5..8, "2020-10-08"),
        ("Te\u{301}le\u{301}me\u{301}decine d’Oc", 7..9, "2020-10-09"),
    ] {
        std::fs::write(&file, body(name, days)).unwrap();
        let (code, report) = lake.fetch_file("telemedicine", &file, &["--issued-at", issued]);
        assert_eq!(code, 0, "{report:#}");
    }
    assert_eq!(lake.value("select count(distinct platform) from telemedicine"), 1);
    assert_eq!(lake.value("select sum(consultations) from telemedicine"), 5 + 6 + 7 + 8);
    assert_eq!(lake.value("select count(*) from findings where code = 'unicode-form'"), 1);
}

/// The class that the contract keeps comes back from a spreadsheet as a date: the newest day is missing, and it is said
/// although no row changes.
#[test]
fn a_class_renamed_by_a_spreadsheet_is_told() {
    let lake = Lake::new();
    let sources = lake.folder().join("vocabulary/sources");
    std::fs::create_dir_all(&sources).unwrap();
    std::fs::write(lake.folder().join("vigie.toml"), "vocabulary = \"vocabulary\"\n").unwrap();
    let contract = r#"id = "young"
title_fr = "t"
description_fr = "d"
kind = "snapshot"
key = ["department", "time_value"]
publisher = "p"
licence = "l"
columns = [
  { name = "department", type = "department", title_fr = "t" },
  { name = "time_value", type = "date", title_fr = "t" },
  { name = "positives", type = "integer", title_fr = "t", min = 0 },
]
filters = [{ column = "age", keep = ["10-19"] }]
feed = { format = "csv" }
cadence = { cron = "0 19 * * *", warn_after = "36h", error_after = "96h" }
"#;
    std::fs::write(sources.join("young.toml"), contract).unwrap();
    let file = lake.folder().join("body.csv");
    let mut body = "department,time_value,age,positives\n".to_owned();
    for (day, class) in [(5, "10-19"), (6, "10-19"), (7, "oct.-19")] {
        for dep in ["31", "34", "66"] {
            body.push_str(&format!("{dep},2020-10-0{day},{class},{day}\n{dep},2020-10-0{day},tous,9\n"));
        }
        std::fs::write(&file, &body).unwrap();
        let (code, report) =
            lake.fetch_file("young", &file, &["--issued-at", &format!("2020-10-0{}", day + 1)]);
        assert_eq!(code, 0, "{report:#}");
    }
    assert_eq!(lake.value("select max(time_value) from young"), "2020-10-06");
    let told = lake.sql("select code, message from findings where severity = 'warn' order by code");
    let codes: Vec<&str> = told.iter().map(|row| row["code"].as_str().unwrap()).collect();
    assert_eq!(codes, ["missing-class", "new-class"], "{told:#?}");
    assert!(told[1]["message"].as_str().unwrap().contains("oct.-19"), "{told:#?}");
}
