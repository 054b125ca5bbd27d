//! What was found in the feeds, as people list it, look at it, and have bodies read again.

use serde_json::Value;

use crate::support::{Lake, succeed};

/// Four departments on a day, in the layout of the hospital feed.
fn hospital(day: u32, patients: [&str; 4]) -> String {
    let rows = ["01", "02", "03", "04"].iter().zip(patients);
    let rows: String = rows.map(|(dep, hosp)| format!("{dep};0;2020-10-{day:02};{hosp};1;1;1\n")).collect();
    format!("dep;sexe;jour;hosp;rea;rad;dc\n{rows}")
}

/// The contract of the hospital feed, changed; every bad row may be set aside.
fn overlay(lake: &Lake, change: impl Fn(&str) -> String) {
    let embedded = include_str!("../queries/sources/hospital_stock.toml");
    let folder = lake.folder().join("overlay/sources");
    std::fs::create_dir_all(&folder).unwrap();
    let lenient = format!("{embedded}\n[bounds]\nbad_rows_share_max = 1.0\n");
    std::fs::write(folder.join("hospital_stock.toml"), change(&lenient)).unwrap();
    std::fs::write(lake.folder().join("vigie.toml"), "lake = \"lake\"\nvocabulary = \"overlay\"\n").unwrap();
}

/// Patients by department, as of a time.
fn patients(lake: &Lake, as_of: &str) -> Vec<String> {
    let query = "select department, hospital_patients as p from hospital_stock order by 1, 2";
    let rows: Vec<Value> =
        serde_json::from_str(&lake.ok(&["sql", "--format", "json", "--as-of", as_of, query])).unwrap();
    rows.iter().map(|row| format!("{} {}", row["department"].as_str().unwrap(), row["p"])).collect()
}

fn fetch(lake: &Lake, body: &str, issued: &str) -> Value {
    let file = lake.folder().join("body.csv");
    std::fs::write(&file, body).unwrap();
    lake.fetch_file("hospital_stock", &file, &["--issued-at", issued]).1
}

#[test]
fn a_value_that_cannot_be_read_leaves_the_last_good_one_in_place() {
    let lake = Lake::new();
    overlay(&lake, str::to_owned);
    fetch(&lake, &hospital(5, ["10", "20", "30", "40"]), "2020-10-05T19:00:00Z");
    let spoilt = fetch(&lake, &hospital(5, ["11", "2O", "30", "40"]), "2020-10-06T19:00:00Z");
    let counts = ["rows_changed", "rows_withdrawn", "rows_quarantined"].map(|name| spoilt[name].as_u64());
    assert_eq!(counts, [Some(1), Some(0), Some(1)], "{spoilt}");
    assert!(spoilt["message"].as_str().unwrap().contains("1 valeur déjà connue gardée"), "{spoilt}");
    assert_eq!(patients(&lake, "2020-10-06"), ["01 11", "02 20", "03 30", "04 40"]);
    // A key that the publisher no longer gives is withdrawn all the same.
    let shorter = hospital(5, ["11", "2O", "30", "40"]).replace("04;0;2020-10-05;40;1;1;1\n", "");
    let held = fetch(&lake, &shorter, "2020-10-07T19:00:00Z");
    assert_eq!(held["outcome"], "held", "a quarter of the rows is missing: {held}");
    let accept =
        ["--json", "accept", held["fetch_id"].as_str().unwrap(), "--by", "essai", "--reason", "essai"];
    let withdrawn: Value = serde_json::from_str(&lake.ok(&accept)).unwrap();
    assert_eq!(withdrawn["rows_withdrawn"].as_u64(), Some(1), "{withdrawn}");
    assert_eq!(patients(&lake, "2020-10-07"), ["01 11", "02 20", "03 30"]);
}

#[test]
fn rows_set_aside_by_too_strict_a_contract_come_in_when_it_is_mended() {
    let lake = Lake::new();
    overlay(&lake, |text| text.replacen("max = 67000000", "max = 100", 1));
    let first = fetch(&lake, &hospital(5, ["10", "200", "30", "x"]), "2020-10-05T19:00:00Z");
    assert_eq!((first["rows_accepted"].as_u64(), first["rows_quarantined"].as_u64()), (Some(2), Some(2)));
    let second = fetch(&lake, &hospital(5, ["10", "201", "31", "40"]), "2020-10-06T19:00:00Z");
    assert_eq!((second["outcome"].as_str(), second["rows_quarantined"].as_u64()), (Some("new"), Some(1)));
    let first_id = first["fetch_id"].as_str().unwrap();

    let listed = lake.ok(&["findings", "list"]).replace(['\u{a0}', '\u{202f}'], " ");
    assert!(
        listed.contains("  erreur         1  above-max              Ligne 3, colonne « hosp »"),
        "{listed}"
    );
    assert!(!listed.contains("compression"), "repairs are not listed one by one: {listed}");
    let shown = lake.ok(&["findings", "show", first_id]).replace(['\u{a0}', '\u{202f}'], " ");
    assert!(shown.contains("erreur    ligne 3  colonne hosp  above-max\n"), "{shown}");
    assert!(shown.contains("« 200 » est trop grand. Attendu : un entier de 0 à 100, ou rien."), "{shown}");
    assert!(shown.contains("  reçu : 02;0;2020-10-05;200;1;1;1\n"), "{shown}");
    let json: Value = serde_json::from_str(&lake.ok(&["--json", "findings", "show", first_id])).unwrap();
    assert_eq!(json[0]["raw"], "02;0;2020-10-05;200;1;1;1");

    overlay(&lake, str::to_owned);
    let output = lake.vigie(&["--json", "findings", "replay", first_id]);
    let replayed: Value = serde_json::from_str(&succeed(&output)).unwrap();
    assert_eq!(replayed.as_array().unwrap().len(), 2, "that edition and the later one: {replayed:#}");
    assert_eq!(replayed[0]["before"]["rows_quarantined"], 2);
    let counts = |place: usize| {
        ["rows_quarantined", "rows_changed"].map(|name| replayed[place][name].as_u64().unwrap())
    };
    // One row comes in, and is stated as absent from the next edition on until that one is read again.
    assert_eq!(counts(0), [1, 2]);
    assert_eq!(counts(1), [0, 1]);

    // Each row is there as of the edition that brought it.
    assert_eq!(patients(&lake, "2020-10-05"), ["01 10", "02 200", "03 30"]);
    assert_eq!(patients(&lake, "2020-10-06"), ["01 10", "02 201", "03 31", "04 40"]);
    let issued = "select cast(issued_at as varchar) from hospital_stock_versions where hospital_patients = 200 and not withdrawn";
    assert!(lake.value(issued).as_str().unwrap().starts_with("2020-10-05T19:00:00"));
    let now = replayed[0]["fetch_id"].as_str().unwrap();
    assert_eq!(
        lake.value(&format!("select count(*) from findings where severity = 'error' and fetch_id = '{now}'")),
        1,
        "the new reading has its own findings"
    );

    // Once more changes nothing, and neither does the next poll of the same file.
    let output = lake.vigie(&["findings", "replay", "--source", "hospital_stock"]);
    let said = succeed(&output);
    assert!(said.ends_with("2 éditions relues : 0 version ajoutée, autant de lignes de côté.\n"), "{said}");
    assert_eq!(
        fetch(&lake, &hospital(5, ["10", "201", "31", "40"]), "2020-10-06T19:00:00Z")["outcome"],
        "unchanged"
    );
}

#[test]
fn a_refused_edition_comes_in_when_the_contract_is_mended() {
    let lake = Lake::new();
    overlay(&lake, str::to_owned);
    fetch(&lake, &hospital(5, ["10", "20", "30", "40"]), "2020-10-05T19:00:00Z");
    let renamed = hospital(6, ["11", "21", "31", "41"]).replace("hosp;rea", "patients;rea")
        + hospital(5, ["10", "20", "30", "40"]).split_once('\n').unwrap().1;
    let refused = fetch(&lake, &renamed, "2020-10-06T19:00:00Z");
    assert_eq!(refused["outcome"], "rejected");
    assert_eq!(lake.value("select count(*) from hospital_stock"), 4, "the last good data stay");
    assert_eq!(fetch(&lake, &renamed, "2020-10-06T19:00:00Z")["outcome"], "rejected", "and it is said again");
    overlay(&lake, |text| text.replacen("from = [\"hosp\"]", "from = [\"hosp\", \"patients\"]", 1));
    let output = lake.vigie(&["findings", "replay", refused["fetch_id"].as_str().unwrap()]);
    let said = succeed(&output).replace('\u{202f}', " ");
    assert!(said.contains("hospital_stock  édition 06/10/2020 21:00  new"), "{said}");
    assert!(said.contains("acceptées 8 (avant 0), de côté 0 (avant 0)"), "{said}");
    assert_eq!(lake.value("select count(*) from hospital_stock"), 8);
}
