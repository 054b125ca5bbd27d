//! The page « Ce qui a changé depuis le dernier bulletin », against revisions counted in the published files.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use jiff::ToSpan;
use jiff::civil::Date;
use serde_json::Value;

use crate::replay::days;
use crate::support::{Lake, pdf_text, shared};

const ILE_DE_FRANCE: [&str; 8] = ["75", "77", "78", "91", "92", "93", "94", "95"];
/// Days after which new admissions are taken as consolidated (the contract's `settling_days`).
const SETTLING_DAYS: i64 = 14;

/// One edition of new admissions: by department and day, hospital and intensive care.
type Edition = BTreeMap<(String, Date), (f64, f64)>;

fn edition(file: &Path) -> Edition {
    let text = std::fs::read_to_string(file).unwrap();
    let rows = text.lines().skip(1).map(|line| {
        let cells: Vec<&str> = line.split(';').map(|cell| cell.trim_matches('"')).collect();
        let number = |at: usize| cells[at].parse().unwrap();
        ((cells[0].to_owned(), cells[1].parse().unwrap()), (number(2), number(3)))
    });
    rows.collect()
}

fn week(monday: Date) -> impl Iterator<Item = Date> {
    (0..7).map(move |day: i64| monday.saturating_add(day.days()))
}

/// Admissions of some departments in a week.
fn admissions(edition: &Edition, departments: &[&str], monday: Date) -> f64 {
    let cells =
        departments.iter().flat_map(|code| week(monday).map(|day| edition[&((*code).to_owned(), day)].0));
    cells.sum()
}

/// A count as a French reader writes it.
fn french(count: f64) -> String {
    let digits = count.to_string();
    match digits.len() {
        4.. => format!("{}\u{202F}{}", &digits[..digits.len() - 3], &digits[digits.len() - 3..]),
        _ => digits,
    }
}

/// Causes of a change, from the cells of both files.
fn causes(
    then: &Edition,
    now: &Edition,
    departments: &[&str],
    monday: Date,
    published: Date,
) -> Vec<&'static str> {
    let settled = published.saturating_sub(SETTLING_DAYS.days());
    let mut found = BTreeSet::new();
    for code in departments {
        for day in week(monday) {
            let key = ((*code).to_owned(), day);
            match (then.get(&key), now.get(&key)) {
                (None, Some(_)) => found.insert("late-data"),
                (Some(_), None) => found.insert("withdrawal"),
                (Some(before), Some(after)) if before != after => {
                    found.insert(if day > settled { "late-data" } else { "correction" })
                }
                _ => false,
            };
        }
    }
    let order = ["late-data", "correction", "withdrawal"];
    order.into_iter().filter(|cause| found.contains(cause)).collect()
}

fn twin(lake: &Lake, name: &str) -> Value {
    serde_json::from_slice(&std::fs::read(lake.folder().join(name).with_extension("json")).unwrap()).unwrap()
}

/// Changes of one indicator: place and week, then what was printed then and now, and the causes.
fn changes_of(twin: &Value, indicator: &str) -> BTreeMap<(String, String), (String, String, Vec<String>)> {
    let text = |value: &Value| value.as_str().unwrap().to_owned();
    let all = twin["changes"]["changes"].as_array().unwrap();
    all.iter()
        .filter(|change| change["indicator"] == indicator)
        .map(|change| {
            let causes = change["causes"].as_array().unwrap().iter().map(text).collect();
            (
                (
                    format!("{}:{}", text(&change["geo_type"]), text(&change["geo_value"])),
                    text(&change["time_value"]),
                ),
                (text(&change["printed_before"]), text(&change["printed_now"]), causes),
            )
        })
        .collect()
}

fn bulletin(lake: &Lake, name: &str, week: &str, as_of: &str, more: &[&str]) {
    let pdf = lake.folder().join(name);
    let out = pdf.to_str().unwrap();
    lake.ok(&[
        &["bulletin", "--territory", "region:11", "--week", week, "--as-of", as_of, "--out", out],
        more,
    ]
    .concat());
}

#[test]
fn the_changes_are_those_of_the_published_files_with_their_causes() {
    let Some(vintages) = shared("real/vintages") else { return };
    let file = |day: &str| vintages.join("incid").join(format!("published-{day}.csv"));
    let lake = Lake::new();
    for day in days(&vintages).iter().filter(|day| ("2020-09-15".."2020-10-02").contains(&day.as_str())) {
        let issued_at = format!("{day}T17:15:00Z");
        let (code, report) = lake.fetch_file("hospital_admissions", &file(day), &["--issued-at", &issued_at]);
        assert_eq!(code, 0, "{report:#}");
    }
    for (name, week, as_of) in [
        ("w37.pdf", "2020-W37", "2020-09-17"),
        ("w38.pdf", "2020-W38", "2020-09-24"),
        ("w39.pdf", "2020-W39", "2020-10-01"),
    ] {
        bulletin(&lake, name, week, as_of, &[]);
    }
    let first = twin(&lake, "w37");
    assert_eq!(
        first["changes"]["previous"],
        Value::Null,
        "the first bulletin of a territory has none before it"
    );
    if let Some(text) = pdf_text(&lake.folder().join("w37.pdf")) {
        assert!(text.contains("premier bulletin publié pour ce territoire"), "{text}");
    }

    // A department is printed for its week, the region for three; and what the page of changes itself printed.
    let printed = |name: &str, monday: Date| {
        let weeks = (0..3).map(|back: i64| monday.saturating_sub((7 * back).days()));
        let mut found: BTreeSet<(String, Date)> =
            weeks.map(|monday| ("region:11".to_owned(), monday)).collect();
        found.extend(ILE_DE_FRANCE.map(|code| (format!("department:{code}"), monday)));
        for value in twin(&lake, name)["published"].as_array().unwrap() {
            if value["section"] == "changes" && value["indicator"] == "admissions_7d.revised" {
                let text = |column: &str| value[column].as_str().unwrap();
                let place = format!("{}:{}", text("geo_type"), text("geo_value"));
                found.insert((place, text("time_value").parse().unwrap()));
            }
        }
        found
    };
    for (previous, name, monday, before, after) in [
        ("w37", "w38", "2020-09-07", "2020-09-17", "2020-09-24"),
        ("w38", "w39", "2020-09-14", "2020-09-24", "2020-10-01"),
    ] {
        let (then, now) = (edition(&file(before)), edition(&file(after)));
        let mut expected = BTreeMap::new();
        for (place, monday) in printed(previous, monday.parse().unwrap()) {
            let departments = match place.strip_prefix("department:") {
                Some(code) => vec![code],
                None => ILE_DE_FRANCE.to_vec(),
            };
            let [was, is] = [&then, &now].map(|edition| admissions(edition, &departments, monday));
            if was != is {
                let causes = causes(&then, &now, &departments, monday, before.parse().unwrap());
                let causes = causes.into_iter().map(str::to_owned).collect();
                let key = (place.clone(), monday.to_string());
                expected.insert(key, (french(was), french(is), causes));
            }
        }
        assert!(expected.len() >= 6, "the files were revised: {expected:?}");
        assert_eq!(changes_of(&twin(&lake, name), "admissions_7d"), expected, "{name}");
    }
    // Read in both files by a person: Île-de-France in the week of 31 August, 415 admissions then 414.
    let w39 = twin(&lake, "w39");
    let old = &changes_of(&w39, "admissions_7d")[&("region:11".to_owned(), "2020-08-31".to_owned())];
    assert_eq!(*old, ("415".to_owned(), "414".to_owned(), vec!["correction".to_owned()]));
    let changed = w39["changes"]["changes"].as_array().unwrap().len();
    if let Some(text) = pdf_text(&lake.folder().join("w39.pdf")) {
        let text = text.replace(['\u{a0}', '\u{202f}'], " ").split_whitespace().collect::<Vec<_>>().join(" ");
        assert!(text.contains(&format!("{changed} valeurs publiées ont changé")), "{text}");
        assert!(text.contains("24 septembre (S38)"), "{text}");
        assert!(text.contains("correction à la source"), "{text}");
    }

    // A day of Paris is withdrawn, then the indicator is defined anew: later editions of the same week.
    let text = std::fs::read_to_string(file("2020-10-01")).unwrap();
    let kept: Vec<&str> =
        text.lines().filter(|line| !line.replace('"', "").starts_with("75;2020-09-23;")).collect();
    let withdrawn = lake.folder().join("withdrawn.csv");
    std::fs::write(&withdrawn, format!("{}\n", kept.join("\n"))).unwrap();
    let (code, report) =
        lake.fetch_file("hospital_admissions", &withdrawn, &["--issued-at", "2020-10-02T17:15:00Z"]);
    assert_eq!((code, &report["rows_withdrawn"]), (0, &Value::from(1)), "{report:#}");
    bulletin(&lake, "w39b.pdf", "2020-W39", "2020-10-02", &[]);
    let second = changes_of(&twin(&lake, "w39b"), "admissions_7d");
    let monday = "2020-09-21".to_owned();
    for place in ["department:75", "region:11"] {
        let (_, now, causes) = &second[&(place.to_owned(), monday.clone())];
        assert_eq!((now.as_str(), causes), ("–", &vec!["withdrawal".to_owned()]), "{place}");
    }
    assert_eq!(second.len(), 2, "no other place or week is touched: {second:?}");

    let query = "indicators/admissions_7d.sql";
    let sql =
        std::fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("queries").join(query)).unwrap();
    std::fs::create_dir_all(lake.folder().join("ours/indicators")).unwrap();
    let doubled = sql.replacen("admissions_7d_known as value", "2 * admissions_7d_known as value", 1);
    std::fs::write(lake.folder().join("ours").join(query), doubled).unwrap();
    let config = lake.folder().join("vigie.toml");
    std::fs::write(&config, "lake = \"lake\"\nvocabulary = \"ours\"\n").unwrap();
    bulletin(&lake, "w39c.pdf", "2020-W39", "2020-10-03", &["--config", config.to_str().unwrap()]);
    let third = changes_of(&twin(&lake, "w39c"), "admissions_7d");
    let (was, is, causes) = &third[&("department:77".to_owned(), monday)];
    let number = |text: &String| text.parse::<f64>().unwrap();
    assert_eq!(number(is), 2.0 * number(was), "{third:?}");
    assert_eq!(*causes, ["definition"]);
    for name in ["w37.pdf", "w38.pdf", "w39.pdf", "w39b.pdf", "w39c.pdf"] {
        let said = lake.ok(&["replay", lake.folder().join(name).to_str().unwrap()]);
        assert!(said.starts_with("identique : "), "{name}: {said}");
    }
}
