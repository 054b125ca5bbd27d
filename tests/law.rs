//! The register of legal status against the lists as they were counted, and the conscience of rules on the real files.

use serde_json::{Value, json};

use crate::support::{Lake, pdf_text, shared};

/// Departments that had a status on a day; the collectivities are not counted among them.
fn counted(lake: &Lake, status: &str, geo_type: &str, day: &str) -> Value {
    lake.value(&format!(
        "select count(*) as n from legal_status where status = '{status}' and geo_type = '{geo_type}'
         and starts <= date '{day}' and (ends is null or date '{day}' <= ends)
         and geo_value not in ('977', '978', '987')"
    ))
}

/// Counts of decrees, announcements and press, as the register's page gives them (real/register/README.md): 2 and 21
/// departments in August, 28, 40, 55, 69 in September, 72 in October, of which the ministry's 74 with two collectivities.
#[test]
fn the_register_has_the_lists_as_they_were_counted() {
    let lake = Lake::new();
    lake.ok(&["build"]);
    for (day, zones) in [
        ("2020-08-13", 0),
        ("2020-08-14", 2),
        ("2020-08-28", 2),
        ("2020-08-29", 21),
        ("2020-09-05", 21),
        ("2020-09-06", 28),
        ("2020-09-12", 28),
        ("2020-09-13", 40),
        ("2020-09-18", 42),
        ("2020-09-19", 42),
        ("2020-09-20", 55),
        ("2020-09-26", 55),
        ("2020-09-27", 69),
        ("2020-10-04", 72),
        ("2020-10-10", 72),
        ("2020-10-17", 0),
    ] {
        assert_eq!(counted(&lake, "zca", "department", day), json!(zones), "zones on {day}");
    }
    for (status, geo_type, day, places) in [
        ("couvre_feu", "department", "2020-10-17", 8),
        ("couvre_feu", "epci", "2020-10-17", 8),
        ("couvre_feu", "department", "2020-10-24", 54),
        ("couvre_feu", "department", "2021-01-02", 15),
        ("couvre_feu", "department", "2021-01-10", 23),
        ("couvre_feu", "department", "2021-01-12", 25),
        ("surveillance_renforcee", "department", "2021-02-25", 20),
        ("surveillance_renforcee", "department", "2021-03-04", 23),
        ("confinement", "department", "2021-03-20", 16),
        ("confinement", "department", "2021-03-27", 19),
        ("map_red", "department", "2020-04-30", 35),
        ("map_red", "department", "2020-05-01", 32),
        ("map_red", "department", "2020-05-11", 32),
        ("map_green", "department", "2020-05-11", 69),
        ("map_orange", "department", "2020-06-02", 10),
        ("map_green", "department", "2020-06-02", 91),
        ("map_green", "department", "2020-06-15", 99),
    ] {
        assert_eq!(counted(&lake, status, geo_type, day), json!(places), "{status} {geo_type} on {day}");
    }
    // Where a list is said to be whole, the register has as many places as it was counted to have; never more.
    let wrong = lake.sql(
        "select l.status, l.geo_type, l.starts, l.total, count(s.geo_value) as n, bool_and(s.whole_list) as whole
         from legal_lists l
         join legal_status s on s.status = l.status and s.geo_type = l.geo_type and s.starts <= l.starts
              and (s.ends is null or l.starts <= s.ends) and s.geo_value not in ('977', '978', '987')
         group by 1, 2, 3, 4 having count(s.geo_value) > l.total or (bool_and(s.whole_list) and count(s.geo_value) < l.total)",
    );
    assert!(wrong.is_empty(), "{wrong:?}");
}

/// The published files of hospital, tests and emergency, and the metropoles' file of 19 October 2020 in the agency's layout.
fn real() -> Option<Lake> {
    let spf = shared("real/spf")?;
    let register = shared("real/register/metropole_incidence.csv")?;
    let lake = Lake::new();
    for (source, file) in [
        ("hospital_stock", "donnees-hospitalieres-covid19.csv"),
        ("tests", "sp-pos-quot-dep.csv"),
        ("er_visits", "sursaud-corona-quot-dep.csv"),
    ] {
        let (code, report) = lake.fetch_file(source, &spf.join(file), &[]);
        assert_eq!(code, 0, "{report:#}");
    }
    let mut text = String::from("epci2020;semaine_glissante;clage_65;ti\n");
    for line in std::fs::read_to_string(register).unwrap().lines() {
        // Names have no comma before the rate in this file.
        let fields: Vec<&str> = line.split(',').collect();
        if fields.get(6) == Some(&"2020-10-19") {
            let age = if fields[4] == "65+" { "65" } else { "0" };
            text.push_str(&format!("{};{}-{};{age};{}\n", fields[0], fields[2], fields[3], fields[5]));
        }
    }
    let file = lake.folder().join("metropoles.csv");
    std::fs::write(&file, text).unwrap();
    let (code, report) = lake.fetch_file("metropole_incidence", &file, &["--issued-at", "2020-10-19"]);
    assert_eq!(code, 0, "{report:#}");
    Some(lake)
}

#[test]
fn rules_are_reviewed_on_the_real_files() {
    let Some(lake) = real() else { return };
    let output = lake.vigie(&["--json", "rules", "review", "--from", "2020-05-13", "--to", "2020-12-31"]);
    let reviews: Value = serde_json::from_slice(&output.stdout)
        .unwrap_or_else(|_| panic!("{}", String::from_utf8_lossy(&output.stderr)));
    let of = |rule: &str| reviews.as_array().unwrap().iter().find(|one| one["rule"] == rule).unwrap();
    for review in reviews.as_array().unwrap() {
        for finding in review["findings"].as_array().unwrap() {
            // The rule of Occitanie's beds counts Covid-19 patients alone against beds for all: it is not owned, it is wrong.
            let known = review["rule"] == "capacity-steps-76" || finding["owned"].is_string();
            assert!(known, "{}: {}", review["rule"], finding);
        }
    }
    // 76 departments and two collectivities (977, 978) entered the zone between 14 August and 10 October 2020.
    let zones = of("zca-2020-08");
    assert!(zones["acts"].as_array().unwrap().len() >= 70, "{}", zones["acts"]);
    assert!(zones["false_alarms"].is_u64(), "all lists are known: {zones:#}");
    // The list of alert levels is not whole in the register: an alert without an act says nothing.
    assert!(of("zones-2020-09-23")["false_alarms"].is_null());
    // Toulouse and Montpellier were in the highest alert from 13 October (announcement of the 11th).
    let toulouse = lake.ok(&[
        "--json",
        "judge",
        "--rule",
        "zones-2020-09-23",
        "--on",
        "2020-10-13",
        "--territory",
        "epci:243100518",
    ]);
    let toulouse: Value = serde_json::from_str(&toulouse).unwrap();
    assert_eq!(toulouse[0]["level"], "alerte_maximale", "{toulouse:#}");
    assert_eq!(toulouse[0]["rank"], toulouse[0]["rank_max"], "certain: the file has the 65 and over");
}

/// P of 1 November is 1 % higher in the edition of 22 December than in that of the 3rd, T 39 % (real/README.md): a break of the
/// people tested leaves the cases comparable. Before 8 December nobody knew of either.
#[test]
fn a_break_of_the_people_tested_leaves_the_cases_comparable() {
    let Some(spf) = shared("real/spf") else { return };
    let lake = Lake::new();
    let (code, report) = lake.fetch_file("tests", &spf.join("sp-pos-quot-dep.csv"), &[]);
    assert_eq!(code, 0, "{report:#}");
    lake.ok(&["build"]);
    let gaps = lake.value(
        "select count(*) from indicators where indicator = 'cases_7d_change' and geo_type = 'region' and time_type = 'day'
         and time_value between date '2020-11-01' and date '2020-11-15' and value is null",
    );
    assert_eq!(gaps, json!(0));
}

/// The computed level stands beside the legal one, and the gap is printed.
#[test]
fn the_bulletin_prints_what_is_classified_beside_what_is_computed() {
    let Some(lake) = real() else { return };
    let pdf = lake.folder().join("w41.pdf");
    lake.ok(&["bulletin", "--week", "2020-W41", "--territory", "FR", "--out", pdf.to_str().unwrap()]);
    let twin = std::fs::read_to_string(pdf.with_extension("json")).unwrap();
    let twin: Value = serde_json::from_str(&twin).unwrap();
    let of = |indicator: &str| {
        let values = twin["published"].as_array().unwrap().iter();
        values
            .filter(|value| value["indicator"] == indicator)
            .map(|value| value["value"].clone())
            .collect::<Vec<_>>()
    };
    // 72 departments on Sunday 11 October 2020: the ministry's 74 less Saint-Martin and Saint-Barthélemy.
    assert_eq!(of("legal:zca.classified"), [json!(72.0)]);
    assert_eq!(of("legal:zca.computed").len(), 1);
    let Some(text) = pdf_text(&pdf) else { return };
    assert!(text.contains("Statuts officiels"), "{text}");
    assert!(!text.contains("État d’urgence sanitaire"), "a legal regime is never computed");
}
