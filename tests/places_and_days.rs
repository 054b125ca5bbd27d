//! No place and no day is lost or doubled without a word: what vanishes from a feed is named, what rests on it follows, a
//! date that cannot be true is not believed, and a file that comes late is asked for again.

use std::fmt::Write as _;

use jiff::ToSpan as _;
use jiff::civil::{Date, date};
use serde_json::Value;

use crate::support::Lake;
use crate::torture::server::{Reply, Server};

const DEPARTMENTS: [&str; 45] = [
    "01", "02", "03", "04", "05", "06", "07", "08", "09", "10", "11", "12", "13", "14", "15", "16", "17",
    "18", "19", "21", "22", "23", "24", "25", "26", "27", "28", "29", "2A", "2B", "30", "31", "32", "33",
    "34", "35", "36", "37", "38", "39", "40", "41", "42", "43", "44",
];

/// Patients in hospital from 25 days before the month of `last` to it, in the layout of Santé publique France; lines for which `keep` says no are
/// left out. Every number moves from day to day.
fn stocks(last: Date, keep: impl Fn(&str, Date) -> bool) -> String {
    let mut text = String::from("dep;sexe;jour;hosp;rea;rad;dc\n");
    // Enough days before those that matter for an alert to be judged.
    let first = last.first_of_month().saturating_sub(25.days());
    for day in first.series(1.day()).take_while(|day| *day <= last) {
        let n = i64::from(day.day_of_year());
        for (at, department) in (0_i64..).zip(DEPARTMENTS).filter(|(_, department)| keep(department, day)) {
            let patients = 100 + 3 * at + (n * (7 + at % 5)) % 23;
            writeln!(
                text,
                "{department};0;{day};{patients};{};{};{}",
                patients / 5,
                20 * n + at,
                10 * n + at
            )
            .unwrap();
        }
    }
    text
}

fn everything(_: &str, _: Date) -> bool {
    true
}

fn load(lake: &Lake, source: &str, text: &str, issued: &str) -> (i32, Value) {
    let file = lake.folder().join("feed.csv");
    std::fs::write(&file, text).unwrap();
    lake.fetch_file(source, &file, &["--issued-at", issued])
}

/// Code and sentence of what was found in a poll, remarks left out.
fn told(lake: &Lake, report: &Value) -> Vec<(String, String)> {
    let id = report["fetch_id"].as_str().unwrap();
    lake.sql(&format!("select code, message from findings where fetch_id = '{id}' and severity <> 'info'"))
        .iter()
        .map(|row| (row["code"].as_str().unwrap().to_owned(), row["message"].as_str().unwrap().to_owned()))
        .map(|(code, message)| (code, message.replace(['\u{a0}', '\u{202f}'], " ")))
        .collect()
}

/// People tested and positive in the same departments and days: rules of departments judge them by their own figures.
fn tests_of(last: Date, keep: impl Fn(&str) -> bool) -> String {
    let mut text = String::from("dep;jour;P;T;cl_age90\n");
    let first = last.first_of_month().saturating_sub(25.days());
    for day in first.series(1.day()).take_while(|day| *day <= last) {
        for department in DEPARTMENTS.iter().filter(|department| keep(department)) {
            writeln!(text, "{department};{day};{};1626;0", 40 + day.day()).unwrap();
        }
    }
    text
}

fn codes(lake: &Lake, report: &Value) -> Vec<String> {
    told(lake, report).into_iter().map(|(code, _)| code).collect()
}

#[test]
fn places_that_leave_are_named_and_the_tables_that_rest_on_them_follow() {
    let lake = Lake::new();
    let (_, report) =
        load(&lake, "hospital_stock", &stocks(date(2020, 9, 10), everything), "2020-09-10T20:00:00Z");
    assert_eq!(report["outcome"], "new", "{report:#}");
    load(&lake, "tests", &tests_of(date(2020, 9, 10), |_| true), "2020-09-10T20:00:00Z");
    lake.ok(&["build", "--as-of", "2020-09-10"]);
    let of_corsica =
        "select count(value) from indicators where indicator = 'hospital_patients' and time_type = 'day'
                      and geo_type = 'region' and geo_value = '94'";
    let judged = "select count(*) from judgements where geo_value in ('2A', '2B', '94')";
    assert_eq!(lake.value(of_corsica), 35);
    assert!(lake.value(judged).as_u64().unwrap() > 0);

    let without =
        stocks(date(2020, 9, 11), |department, _| !department.starts_with('2') || department < "2A");
    let (code, report) = load(&lake, "hospital_stock", &without, "2020-09-11T20:00:00Z");
    assert_eq!(
        (code, report["outcome"].as_str().unwrap()),
        (0, "new"),
        "the others have their day: {report:#}"
    );
    let found = told(&lake, &report);
    let gone = found.iter().find(|(code, _)| code == "place-gone").unwrap_or_else(|| panic!("{found:?}"));
    assert!(
        gone.1.contains("Corse-du-Sud (2A), Haute-Corse (2B)") && gone.1.contains("70 lignes"),
        "{gone:?}"
    );
    let without = tests_of(date(2020, 9, 11), |department| !["2A", "2B"].contains(&department));
    load(&lake, "tests", &without, "2020-09-11T20:00:00Z");
    lake.ok(&["build", "--as-of", "2020-09-11"]);
    assert_eq!(lake.value(of_corsica), 0, "no value without a source");
    assert_eq!(lake.value(judged), 0);
    let ain =
        "select count(value) from indicators where indicator = 'hospital_patients' and time_type = 'day'
               and geo_type = 'department' and geo_value = '01'";
    assert_eq!(lake.value(ain), 36);

    // The package that others read has none of it either.
    let out = lake.folder().join("open");
    lake.ok(&["publish", out.to_str().unwrap(), "--as-of", "2020-09-11"]);
    let published = std::fs::read_to_string(out.join("indicators/indicators.csv")).unwrap();
    let of = |place: &str| published.lines().filter(|line| line.contains(place)).count();
    assert_eq!((of("hospital_patients,,region,94,"), of("hospital_patients,,department,2A,")), (0, 0));
    assert!(of("hospital_patients,,department,01,") > 0);

    // As of the day before, Corsica is what it was; a build as of that day takes nothing from what came later.
    let before: Value =
        serde_json::from_str(&lake.ok(&["sql", "--format", "json", "--as-of", "2020-09-10", of_corsica]))
            .unwrap();
    assert_eq!(before[0].as_object().unwrap().values().next().unwrap(), 35);
    let rows = lake.value("select count(*) from indicators");
    lake.ok(&["build", "--as-of", "2020-09-10"]);
    assert_eq!(lake.value("select count(*) from indicators"), rows);
    assert_eq!((lake.value(of_corsica), lake.value(ain)), (0.into(), 36.into()));

    // And back again, named once more as a place that was not there.
    let (_, report) =
        load(&lake, "hospital_stock", &stocks(date(2020, 9, 12), everything), "2020-09-12T20:00:00Z");
    let found = told(&lake, &report);
    assert!(
        found.iter().any(|(code, text)| code == "place-new" && text.contains("Haute-Corse (2B)")),
        "{found:?}"
    );
    lake.ok(&["build", "--as-of", "2020-09-12"]);
    assert_eq!(lake.value(of_corsica), 37);
}

#[test]
fn the_age_of_feeds_on_earlier_days_outlives_the_builds_that_follow() {
    let lake = Lake::new();
    load(&lake, "hospital_stock", &stocks(date(2020, 10, 10), everything), "2020-10-10T20:00:00Z");
    for day in ["2020-10-10", "2020-10-11", "2020-10-12"] {
        lake.ok(&["build", "--as-of", day]);
    }
    let days = lake.value(
        "select count(distinct time_value) from indicators where indicator = 'feed_overdue' and time_type = 'day'
         and geo_value = 'hospital_stock'",
    );
    assert_eq!(days, 3, "each build knows of its own day only, and leaves the others");
}

#[test]
fn a_series_moved_by_a_day_is_held_in_both_directions_and_in_weeks() {
    for (to, words) in [(1, "la veille"), (-1, "le lendemain")] {
        let lake = Lake::new();
        let day = date(2020, 10, 20);
        let text = stocks(day, everything);
        load(&lake, "hospital_stock", &text, "2020-10-20T20:00:00Z");
        let moved: String = text
            .lines()
            .map(|line| {
                let fields: Vec<&str> = line.split(';').collect();
                match fields[2].parse::<Date>() {
                    Ok(day) => {
                        line.replace(fields[2], &day.saturating_add(i64::from(to).days()).to_string()) + "\n"
                    }
                    Err(_) => line.to_owned() + "\n",
                }
            })
            .collect();
        let (code, report) = load(&lake, "hospital_stock", &moved, "2020-10-21T20:00:00Z");
        assert_eq!((code, report["outcome"].as_str().unwrap()), (3, "held"), "{report:#}");
        let found = told(&lake, &report);
        let shift = found.iter().find(|(code, _)| code == "day-shift").unwrap_or_else(|| panic!("{found:?}"));
        assert!(
            shift.1.contains("La série paraît décalée d’un jour") && shift.1.contains(words),
            "{shift:?}"
        );
        let at = lake.value("select max(time_value) from hospital_stock");
        assert_eq!(at, "2020-10-20", "nothing is applied");
    }
}

#[test]
fn days_that_vanish_or_are_skipped_are_named() {
    let lake = Lake::new();
    load(&lake, "hospital_stock", &stocks(date(2020, 10, 10), everything), "2020-10-10T20:00:00Z");
    // A whole day in the middle is one row in 35, below the bound of a mass withdrawal.
    let hole = date(2020, 9, 24);
    let text = stocks(date(2020, 10, 10), |_, day| day != hole);
    let (code, report) = load(&lake, "hospital_stock", &text, "2020-10-10T21:00:00Z");
    assert_eq!((code, report["outcome"].as_str().unwrap()), (0, "new"), "{report:#}");
    let found = told(&lake, &report);
    assert!(
        found.iter().any(|(code, text)| code == "day-gone" && text.starts_with("24 septembre 2020")),
        "{found:?}"
    );
    assert!(!found.iter().any(|(code, _)| code == "place-gone"), "{found:?}");
    // The 11th is skipped; the oldest day leaves.
    let kept = |day: Date| day > date(2020, 9, 6) && day != date(2020, 10, 11) && day != hole;
    let text = stocks(date(2020, 10, 12), |_, day| kept(day));
    let (_, report) = load(&lake, "hospital_stock", &text, "2020-10-12T20:00:00Z");
    let found = told(&lake, &report);
    assert!(
        found.iter().any(|(code, text)| code == "day-skipped" && text.contains("11 octobre 2020")),
        "{found:?}"
    );
    assert!(
        found.iter().any(|(code, text)| code == "day-gone" && text.contains("Le jour le plus ancien")),
        "{found:?}"
    );
    assert_eq!(found.len(), 2, "{found:?}");
}

#[test]
fn an_edition_that_revises_most_of_what_was_known_is_told_and_young_days_do_not_count() {
    let lake = Lake::new();
    let text = stocks(date(2020, 10, 10), everything);
    load(&lake, "hospital_stock", &text, "2020-10-10T20:00:00Z");
    let revised = |from: Date| -> String {
        text.lines()
            .map(|line| {
                let mut fields: Vec<String> = line.split(';').map(str::to_owned).collect();
                if fields[2].parse::<Date>().is_ok_and(|day| day >= from) {
                    let known: u32 = fields[3].parse().unwrap();
                    fields[3] = (known + known / 4 + 3).to_string(); // no small adjustment
                }
                fields.join(";") + "\n"
            })
            .collect()
    };
    // Stocks settle after a day: the newest one may move.
    let (_, report) = load(&lake, "hospital_stock", &revised(date(2020, 10, 10)), "2020-10-10T21:00:00Z");
    assert_eq!(codes(&lake, &report), Vec::<String>::new());
    let (code, report) = load(&lake, "hospital_stock", &revised(date(2020, 9, 25)), "2020-10-10T22:00:00Z");
    assert_eq!((code, report["outcome"].as_str().unwrap()), (0, "new"), "{report:#}");
    let found = told(&lake, &report);
    assert_eq!(found.len(), 1, "{found:?}");
    // 15 of the 34 days before the newest: 675 rows of 1,530.
    assert!(
        found[0].0 == "mass-revision" && found[0].1.contains("675 lignes") && found[0].1.contains("44 %"),
        "{found:?}"
    );
}

#[test]
fn a_platform_that_appears_is_named_with_the_one_it_resembles() {
    let lake = Lake::new();
    let day = |platform: &str, day: &str| {
        format!(
            "{{\"platform\":\"{platform}\",\"department\":\"31\",\"time_value\":\"{day}\",\"registered_total\":120,\
             \"active_7d\":60,\"requests\":30,\"accepted_24h\":20,\"patients_at_home\":15}}"
        )
    };
    let body = |rows: &[String]| format!("{{\"donnees\":[{}]}}", rows.join(","));
    let (_, report) =
        load(&lake, "nurse_platform", &body(&[day("Inzee", "2020-10-09")]), "2020-10-10T08:00:00Z");
    assert_eq!(report["outcome"], "new", "{report:#}");
    let (_, report) =
        load(&lake, "nurse_platform", &body(&[day("Inzee", "2020-10-10")]), "2020-10-11T08:00:00Z");
    assert_eq!(codes(&lake, &report), Vec::<String>::new(), "an increment loses nobody");
    let second =
        body(&[day("Inzee", "2020-10-11"), day("INZÉE", "2020-10-11"), day("Libheros", "2020-10-11")]);
    let (_, report) = load(&lake, "nurse_platform", &second, "2020-10-12T08:00:00Z");
    assert_eq!(report["outcome"], "new");
    let found = told(&lake, &report);
    let new = found.iter().find(|(code, _)| code == "place-new").unwrap_or_else(|| panic!("{found:?}"));
    assert!(new.1.contains("INZÉE (écrit autrement que « Inzee »), Libheros"), "{new:?}");
    let (_, report) =
        load(&lake, "nurse_platform", &body(&[day("Libheros", "2020-10-12")]), "2020-10-13T08:00:00Z");
    assert_eq!(codes(&lake, &report), Vec::<String>::new(), "known by now");
}

/// A configuration that gives a source an address.
fn configure(lake: &Lake, source: &str, url: &str) {
    let text = format!("lake = \"lake\"\n[fetch]\nattempts = 1\n[sources.{source}]\nurl = \"{url}\"\n");
    std::fs::write(lake.folder().join("vigie.toml"), text).unwrap();
}

fn fetch(lake: &Lake, words: &[&str]) -> (i32, Value) {
    let output = lake.vigie(&[&["--json", "fetch"], words].concat());
    let said = String::from_utf8_lossy(&output.stderr);
    let report = serde_json::from_slice(&output.stdout).unwrap_or_else(|_| panic!("no report: {said}"));
    (output.status.code().unwrap(), report)
}

#[test]
fn a_date_of_the_server_that_cannot_be_true_is_not_believed() {
    let server = Server::start();
    let lake = Lake::new();
    configure(&lake, "hospital_stock", &server.url("/f.csv"));
    let body = |patients: u32| {
        format!("dep;sexe;jour;hosp;rea;rad;dc\n31;0;2020-10-10;{patients};0;2010;91\n").into_bytes()
    };
    let arrived = |report: &Value| {
        let issued: jiff::Timestamp = report["issued_at"].as_str().unwrap().parse().unwrap();
        vigie::clock::now().duration_since(issued).as_secs() < 60
    };
    #[rustfmt::skip]
    let cases = [
        (1, "Thu, 01 Jan 1970 00:00:00 GMT", true, Some("aucune donnée n’est aussi ancienne")),
        (2, "Thu, 01 Jan 1970 00:00:00 GMT", true, Some("aucune donnée n’est aussi ancienne")),
        (3, "Wed, 07 Oct 2020 19:00:00 GMT", true, Some("l’édition parle déjà du 10 octobre 2020")),
        (4, "Fri, 01 Jan 2038 00:00:00 GMT", true, Some("elle est dans l’avenir")),
    ];
    for (patients, modified, is_arrival, sentence) in cases {
        server.set("/f.csv", Reply::Edition(body(patients), modified.to_owned()));
        let (code, report) = fetch(&lake, &["hospital_stock"]);
        assert_eq!((code, report["outcome"].as_str().unwrap()), (0, "new"), "{modified}: {report:#}");
        assert_eq!(arrived(&report), is_arrival, "{modified}: {report:#}");
        let found = told(&lake, &report);
        let said = found.iter().find(|(code, _)| code == "edition-time").map(|(_, text)| text.as_str());
        assert_eq!(said.is_some(), sentence.is_some(), "{modified}: {found:?}");
        assert!(said.zip(sentence).is_none_or(|(said, words)| said.contains(words)), "{found:?}");
    }
    let state: Value = serde_json::from_slice(&lake.vigie(&["--json", "status"]).stdout).unwrap();
    assert!(!state.to_string().contains("1970"), "{state:#}");

    // One that can be true is believed, and the next request depends on it; the caller's word is taken, and doubted aloud.
    let lake = Lake::new();
    configure(&lake, "hospital_stock", &server.url("/f.csv"));
    server.set("/f.csv", Reply::Edition(body(1), "Sat, 10 Oct 2020 19:00:00 GMT".into()));
    let (_, report) = fetch(&lake, &["hospital_stock"]);
    assert_eq!(report["issued_at"], "2020-10-10T19:00:00Z", "{report:#}");
    assert_eq!(codes(&lake, &report), Vec::<String>::new());
    let (_, report) = fetch(&lake, &["hospital_stock"]);
    assert_eq!(
        (&report["outcome"], &report["http_status"]),
        (&"unchanged".into(), &304.into()),
        "{report:#}"
    );
    let lake = Lake::new();
    let (_, report) =
        load(&lake, "hospital_stock", &String::from_utf8(body(1)).unwrap(), "2020-10-05T20:00:00Z");
    assert_eq!(report["issued_at"], "2020-10-05T20:00:00Z", "{report:#}");
    assert_eq!(codes(&lake, &report), ["edition-time"]);
}

#[test]
fn a_server_that_gives_one_date_to_whatever_it_serves_is_found_out() {
    let server = Server::start();
    let lake = Lake::new();
    configure(&lake, "centres", &server.url("/c.csv"));
    let sample = vigie_samples::committed();
    let body = sample[5].bodies.iter().find(|body| body.source == "centres").unwrap().bytes.to_vec();
    let text = String::from_utf8(body).unwrap();
    let modified = "Sun, 01 Nov 2020 19:00:00 GMT";
    // No condition of the client is heard here: what the server says of its files is not to be relied on.
    let plain = |text: &str| {
        let head = format!(
            "HTTP/1.1 200 OK\r\nLast-Modified: {modified}\r\nContent-Length: {}\r\nConnection: close\r\n\r\n{text}",
            text.len()
        );
        Reply::Raw(vec![crate::torture::server::Step::Send(head.into_bytes())])
    };
    server.set("/c.csv", plain(&text));
    let (_, report) = fetch(&lake, &["centres"]);
    assert_eq!(report["issued_at"], "2020-11-01T19:00:00Z", "{report:#}");
    for turn in 0..2 {
        let shorter: Vec<&str> = text.lines().collect();
        let shorter = shorter[..shorter.len() - 1 - turn].join("\n") + "\n";
        server.set("/c.csv", plain(&shorter));
        let (code, report) = fetch(&lake, &["centres"]);
        assert_eq!((code, report["outcome"].as_str().unwrap()), (0, "new"), "turn {turn}: {report:#}");
        assert_ne!(report["issued_at"], "2020-11-01T19:00:00Z", "turn {turn}");
        assert!(codes(&lake, &report).contains(&"edition-time".to_owned()), "turn {turn}: {report:#}");
    }
}

/// Beds of three establishments on a day.
fn beds(day: Date) -> Reply {
    let mut text =
        "finess,time_value,care,department,beds_installed,beds_staffed,patients,covid_patients,closed_reason\n".to_owned();
    for at in 1..=3 {
        writeln!(text, "31000000{at},{day},icu,31,20,18,{},{},", 10 + i32::from(day.day()) % 5, at).unwrap();
    }
    Reply::Body(text.into_bytes())
}

#[test]
fn a_file_that_comes_late_is_asked_for_again_and_the_gap_names_its_publisher() {
    let server = Server::start();
    let lake = Lake::new();
    configure(&lake, "hospital_capacity", &server.url("/beds-{date}.csv"));
    let october = |day: i8| date(2020, 10, day);
    let path = |day: i8| format!("/beds-{}.csv", october(day));
    for day in [7, 9, 10, 11] {
        server.set(&path(day), beds(october(day)));
    }
    let ask = |day: i8| {
        let (date, issued) = (october(day).to_string(), format!("{}T12:00:00Z", october(day)));
        fetch(&lake, &["hospital_capacity", "--date", &date, "--issued-at", &issued])
    };
    assert_eq!(ask(7).0, 0);
    let (code, report) = ask(8);
    assert_eq!(code, 1, "{report:#}");
    let message = report["message"].as_str().unwrap().replace('\u{a0}', " ");
    assert!(message.contains("Le fichier du 8 octobre 2020 n’a pas été reçu de son éditeur"), "{message}");
    assert!(message.contains("jusqu’au 22 octobre 2020"), "{message}");
    assert_eq!(codes(&lake, &report), ["file-missing"]);

    // Not there yet: the day asked for is read, the other is told.
    let (code, report) = ask(9);
    assert_eq!((code, report["outcome"].as_str().unwrap()), (0, "new"), "{report:#}");
    assert_eq!(report["earlier"][0]["outcome"], "failed", "{report:#}");
    let found = told(&lake, &report);
    assert!(
        found.iter().any(|(code, text)| code == "file-missing" && text.contains("8 octobre 2020")),
        "{found:?}"
    );
    let status: Value = serde_json::from_slice(&lake.vigie(&["--json", "status"]).stdout).unwrap();
    assert!(status.to_string().contains("\"missing_files\":[\"2020-10-08\"]"), "{status:#}");
    lake.ok(&["build", "--as-of", "2020-10-09"]);
    let reason =
        "select missing_reason from indicators where indicator = 'icu_occupancy_open' and time_type = 'day'
                  and geo_type = 'department' and geo_value = '31' and time_value = date '2020-10-08'";
    let why = lake.value(reason);
    assert_eq!(why, "le fichier du 8 octobre 2020 n’a pas été reçu de son éditeur");

    // Then it is: as a poll of its own, before that of the day.
    server.set(&path(8), beds(october(8)));
    let (code, report) = ask(10);
    assert_eq!((code, &report["earlier"][0]["outcome"]), (0, &"new".into()), "{report:#}");
    assert!(report["earlier"][0]["url"].as_str().unwrap().ends_with(&path(8)), "{report:#}");
    let days = "select string_agg(distinct cast(time_value as text), ' ' order by cast(time_value as text)) from hospital_capacity";
    assert_eq!(lake.value(days), "2020-10-07 2020-10-08 2020-10-09 2020-10-10");
    let asked: Vec<String> = server.asked();
    assert_eq!(asked, [7, 8, 8, 9, 8, 10].map(path), "oldest first");
    lake.ok(&["build", "--as-of", "2020-10-10"]);
    assert_eq!(lake.value(reason), Value::Null);
    let (_, report) = ask(11);
    assert!(report.get("earlier").is_none() && codes(&lake, &report).is_empty(), "{report:#}");
    assert_eq!(server.times_asked(&path(8)), 3, "read is read");
}

#[test]
fn a_page_in_the_place_of_a_dated_file_is_no_file_and_one_found_elsewhere_settles_the_day() {
    let server = Server::start();
    let lake = Lake::new();
    configure(&lake, "hospital_capacity", &server.url("/beds-{date}.csv"));
    server.set("/beds-2020-10-08.csv", Reply::Html("<html>pas encore en ligne</html>"));
    server.set("/beds-2020-10-09.csv", beds(date(2020, 10, 9)));
    server.set("/beds-2020-10-10.csv", beds(date(2020, 10, 10)));
    let ask = |day: &str| fetch(&lake, &["hospital_capacity", "--date", day]);
    assert_eq!(ask("2020-10-08").1["outcome"], "rejected");
    let (code, report) = ask("2020-10-09");
    assert_eq!((code, &report["earlier"][0]["outcome"]), (0, &"rejected".into()), "{report:#}");
    let file = lake.folder().join("by-mail.csv");
    let Reply::Body(body) = beds(date(2020, 10, 8)) else { return };
    std::fs::write(&file, body).unwrap();
    let (_, report) =
        fetch(&lake, &["hospital_capacity", "--from", file.to_str().unwrap(), "--date", "2020-10-08"]);
    assert_eq!(report["outcome"], "new", "{report:#}");
    let (_, report) = ask("2020-10-10");
    assert!(report.get("earlier").is_none(), "{report:#}");
}
