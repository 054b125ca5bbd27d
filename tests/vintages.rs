//! The 60 editions of autumn 2020, published evening after evening for Occitanie and Île-de-France: as of each day the
//! lake shows that day's file, stores only what changed, and counts the revisions that others counted.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use arrow::array::{Array as _, AsArray as _};
use arrow::datatypes::{Date32Type, Int64Type};
use clap::Parser as _;
use serde_json::{Value, json};
use vigie::room::Room;
use vigie_store::AsOf;

use crate::support::{Lake, shared};

/// A line of `index.csv`.
#[derive(Clone)]
struct Edition {
    day: String,
    issued_at: String,
    file: PathBuf,
}

/// Department and day (days since 1970), and the values in the order of the file.
type Rows = BTreeMap<(String, i32), Vec<Option<i64>>>;

struct Feed {
    source: &'static str,
    folder: &'static str,
    columns: [&'static str; 4],
    /// Columns of the file, in the order of `columns`.
    from: [&'static str; 4],
}

const STOCK: Feed = Feed {
    source: "hospital_stock",
    folder: "hosp",
    columns: ["hospital_patients", "icu_patients", "discharged_total", "deaths_total"],
    from: ["hosp", "rea", "rad", "dc"],
};

const ADMISSIONS: Feed = Feed {
    source: "hospital_admissions",
    folder: "incid",
    columns: ["admissions", "icu_admissions", "deaths", "discharges"],
    from: ["incid_hosp", "incid_rea", "incid_dc", "incid_rad"],
};

/// The editions of a feed in the order they were published.
fn editions(feed: &Feed) -> Option<Vec<Edition>> {
    let folder = shared("real/vintages")?;
    let mut index = csv::Reader::from_path(folder.join("index.csv")).unwrap();
    let editions: Vec<Edition> = index
        .records()
        .map(|line| {
            let line = line.unwrap();
            let file = folder.join(feed.folder).join(format!("published-{}.csv", &line[0]));
            Edition { day: line[0].to_owned(), issued_at: line[2].to_owned(), file }
        })
        .collect();
    assert_eq!(editions.len(), 60);
    Some(editions)
}

/// A published file, read without Vigie.
fn published(feed: &Feed, file: &Path) -> Rows {
    let mut reader = csv::ReaderBuilder::new().delimiter(b';').from_path(file).unwrap();
    let header = reader.headers().unwrap().clone();
    let at = |name: &str| header.iter().position(|column| column == name).unwrap();
    let (department, day, values) = (at("dep"), at("jour"), feed.from.map(at));
    let epoch = jiff::civil::date(1970, 1, 1);
    let mut rows = Rows::new();
    for line in reader.records() {
        let line = line.unwrap();
        let date: jiff::civil::Date = line[day].parse().unwrap();
        let days = date.since((jiff::Unit::Day, epoch)).unwrap().get_days();
        let cells = values.map(|at| (!line[at].is_empty()).then(|| line[at].parse().unwrap()));
        assert!(
            rows.insert((line[department].to_owned(), days), cells.to_vec()).is_none(),
            "no key comes twice"
        );
    }
    rows
}

/// The lake as of each instant, read in one process as `vigie sql --as-of` does.
fn states(lake: &Lake, feed: &Feed, instants: &[&str]) -> Vec<Rows> {
    let path = lake.path();
    let cli = vigie::cli::Cli::parse_from(["vigie", "--lake", path.to_str().unwrap(), "status"]);
    let room = Room::open(&cli.global).unwrap();
    let query = format!("select department, time_value, {} from {}", feed.columns.join(", "), feed.source);
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().unwrap();
    let state = |instant: &&str| {
        let as_of = AsOf { issued: instant.parse().unwrap(), recorded: vigie::clock::now() };
        let ctx = room.session(as_of).unwrap();
        let batches = runtime.block_on(async { ctx.sql(&query).await.unwrap().collect().await.unwrap() });
        let mut rows = Rows::new();
        for batch in &batches {
            let departments = batch.column(0).as_string::<i32>();
            let days = batch.column(1).as_primitive::<Date32Type>();
            for row in 0..batch.num_rows() {
                let cell = |at: usize| {
                    let column = batch.column(at).as_primitive::<Int64Type>();
                    column.is_valid(row).then(|| column.value(row))
                };
                let key = (departments.value(row).to_owned(), days.value(row));
                assert!(rows.insert(key, (2..6).map(cell).collect()).is_none(), "no key comes twice");
            }
        }
        rows
    };
    instants.iter().map(state).collect()
}

/// Rows that are new, changed or gone from each state to the next: all that a lake of changes has to hold.
fn changes(states: &[&Rows]) -> usize {
    let nothing = Rows::new();
    let before = std::iter::once(&nothing).chain(states.iter().copied());
    before
        .zip(states)
        .map(|(before, after)| {
            let new_or_changed =
                after.iter().filter(|(key, values)| before.get(*key) != Some(*values)).count();
            new_or_changed + before.keys().filter(|key| !after.contains_key(*key)).count()
        })
        .sum()
}

fn fetch(lake: &Lake, feed: &Feed, edition: &Edition) -> (i32, Value) {
    lake.fetch_file(feed.source, &edition.file, &["--issued-at", &edition.issued_at])
}

#[test]
fn sixty_editions_of_stocks_are_seen_as_of_their_days() {
    let Some(editions) = editions(&STOCK) else { return };
    let lake = Lake::new();
    for edition in &editions {
        let (code, report) = fetch(&lake, &STOCK, edition);
        assert_eq!((code, &report["outcome"]), (0, &json!("new")), "{}: {report:#}", edition.day);
        let falls = report["findings"].as_array().unwrap().iter();
        let falls = falls.filter(|finding| finding["code"] == "running-total-falls").count();
        assert!(falls > 0, "{}: running totals that fall are said (and kept, see below)", edition.day);
    }
    let files: Vec<Rows> = editions.iter().map(|edition| published(&STOCK, &edition.file)).collect();
    let instants: Vec<&str> = editions.iter().map(|edition| edition.issued_at.as_str()).collect();
    for (edition, (seen, file)) in editions.iter().zip(states(&lake, &STOCK, &instants).iter().zip(&files)) {
        assert!(seen == file, "as of {} the lake shows that day's file", edition.day);
    }
    let stored = lake.value("select count(*) from hospital_stock_versions");
    assert_eq!(stored, changes(&files.iter().collect::<Vec<_>>()));
    assert_eq!(stored, 4620, "nothing was revised: as many versions as the last file has rows");

    // README of the data: no value changed, 21 rows came late (26 August, on the 28th), none was withdrawn.
    let events = "select kind, time_value, cast(issued_at as date) as day, age_days, count(*) as n
                  from hospital_stock_revision_events group by 1, 2, 3, 4";
    assert_eq!(
        lake.sql(events),
        [json!({"kind": "late", "time_value": "2020-08-26", "day": "2020-08-28", "age_days": 2, "n": 21})]
    );

    // 15 October is in no edition: a gap with its reason, for both regions, on the day itself and in the week's sums.
    lake.ok(&["build", "--as-of", "2020-10-24T20:00:00Z"]);
    let gap = "select geo_value, value, status, missing_reason from indicators where indicator = 'hospital_patients'
               and geo_type = 'region' and geo_value in ('11', '76') and time_value = date '2020-10-15' order by 1";
    for row in lake.sql(gap) {
        assert_eq!((&row["value"], &row["status"]), (&Value::Null, &json!("missing")), "{row}");
        assert!(row["missing_reason"].as_str().is_some_and(|reason| !reason.is_empty()), "{row}");
    }
    // Stocks are final at once: measured over the days that 60 editions saw come, where the contract says one day.
    let settling = "select declared_days, measured_days, used_days, editions from settling_times
                    where source = 'hospital_stock'";
    assert_eq!(
        lake.sql(settling),
        [json!({"declared_days": 1, "measured_days": 0, "used_days": 0, "editions": 60})]
    );
}

#[test]
fn an_older_edition_served_after_a_newer_one_is_held_and_may_be_accepted() {
    let Some(editions) = editions(&ADMISSIONS) else { return };
    let lake = Lake::new();
    let mut held = String::new();
    for edition in &editions {
        let (code, report) = fetch(&lake, &ADMISSIONS, edition);
        if edition.day == "2020-08-27" {
            assert_eq!((code, &report["outcome"]), (3, &json!("stale")), "{report:#}");
            assert_eq!(report["findings"][0]["code"], "older-edition");
            let said = report["message"].as_str().unwrap();
            assert!(said.contains("24 août 2020"), "it says which edition came back: {said}");
            held = report["fetch_id"].as_str().unwrap().to_owned();
        } else {
            assert_eq!((code, &report["outcome"]), (0, &json!("new")), "{}: {report:#}", edition.day);
        }
    }
    let files: Vec<Rows> = editions.iter().map(|edition| published(&ADMISSIONS, &edition.file)).collect();
    let instants: Vec<&str> = editions.iter().map(|edition| edition.issued_at.as_str()).collect();
    let withheld = editions.iter().position(|edition| edition.day == "2020-08-27").unwrap();
    let as_held: Vec<&Rows> =
        (0..60).map(|at| if at == withheld { &files[at - 1] } else { &files[at] }).collect();
    for (at, seen) in states(&lake, &ADMISSIONS, &instants).iter().enumerate() {
        assert!(seen == as_held[at], "as of {}, that of 27 August left out", editions[at].day);
    }
    let stored = lake.value("select count(*) from hospital_admissions_versions");
    assert_eq!(stored, changes(&as_held));

    // Accepted two months later: every day is then that day's file, the days after it untouched.
    lake.ok(&["accept", &held, "--by", "essai", "--reason", "essai"]);
    for (at, seen) in states(&lake, &ADMISSIONS, &instants).iter().enumerate() {
        assert!(seen == &files[at], "as of {} the lake shows that day's file", editions[at].day);
    }
    let stored = lake.value("select count(*) from hospital_admissions_versions");
    assert_eq!(stored, changes(&files.iter().collect::<Vec<_>>()));
    the_published_counts(&lake);
}

/// The table « What was revised » of the README of the data, line by line.
fn the_published_counts(lake: &Lake) {
    let events = "select kind, value_column, count(*) as n, sum(change) as net
                  from hospital_admissions_revision_events group by 1, 2 order by 1, 2";
    assert_eq!(
        lake.sql(events),
        [
            json!({"kind": "changed", "value_column": "admissions", "n": 708, "net": 2.0}),
            json!({"kind": "changed", "value_column": "icu_admissions", "n": 246, "net": -1.0}),
            // 63 came late: the 21 of 26 August and the 21 of the 27th for the first time, the 21 of the 25th again.
            json!({"kind": "late", "value_column": null, "n": 42, "net": null}),
            json!({"kind": "returned", "value_column": null, "n": 21, "net": null}),
            json!({"kind": "withdrawn", "value_column": null, "n": 21, "net": null}),
        ]
    );
    let late = "select time_value, cast(issued_at as date) as day, count(*) as n
                from hospital_admissions_revision_events where late group by 1, 2 order by 1";
    assert_eq!(
        lake.sql(late),
        [
            json!({"time_value": "2020-08-25", "day": "2020-08-28", "n": 21}),
            json!({"time_value": "2020-08-26", "day": "2020-08-28", "n": 21}),
            json!({"time_value": "2020-08-27", "day": "2020-08-31", "n": 21}),
        ]
    );
    let age = "select median(age_days) as median, max(age_days) as most,
                 count(case when age_days < 152 then 1 end) as under_152, count(case when age_days <= 7 then 1 end) as n_7
               from hospital_admissions_revision_events where kind = 'changed'";
    let age = &lake.sql(age)[0];
    assert_eq!((&age["median"], &age["most"], &age["n_7"]), (&json!(13.0), &json!(204), &json!(334)));
    let under = age["under_152"].as_f64().unwrap() / 954.0;
    assert!((0.89..0.91).contains(&under), "90 % of the changes under 152 days: {under}");
    let sizes = "select abs(change) as size, count(*) as n from hospital_admissions_revision_events
                 where kind = 'changed' group by 1 order by 1";
    let sizes: Vec<(f64, u64)> = lake
        .sql(sizes)
        .iter()
        .map(|row| (row["size"].as_f64().unwrap(), row["n"].as_u64().unwrap()))
        .collect();
    assert_eq!(sizes, [(1.0, 922), (2.0, 26), (3.0, 5), (4.0, 1)]);
    let cells = "select sum(n_changes) as changes, count(case when n_changes > 0 then 1 end) as touched,
                   count(case when first_value <> last_value then 1 end) as moved,
                   count(case when first_value <> last_value and time_value >= date '2020-08-24' then 1 end) as moved_inside,
                   count(case when time_value >= date '2020-08-24' and first_value is not null then 1 end) as inside,
                   sum(n_withdrawn) / 4 as withdrawn_rows
                 from hospital_admissions_revisions";
    assert_eq!(
        lake.sql(cells),
        [
            json!({"changes": 954, "touched": 628, "moved": 541, "moved_inside": 338, "inside": 2604, "withdrawn_rows": 21})
        ]
    );
    // The as-of holds for the views too: on the evening of 27 August, one correction and its undoing.
    let early = lake.ok(&[
        "sql",
        "--format",
        "csv",
        "--as-of",
        "2020-08-27",
        "select kind, count(*) as n from hospital_admissions_revision_events group by 1 order by 1",
    ]);
    // `index.csv`: 14 cells on the 25th, 14 on the 27th with 21 rows withdrawn.
    assert_eq!(early, "kind,n\nchanged,28\nwithdrawn,21\n");
}

/// The fourth edition, with the rows in another order and the lines ended otherwise: other bytes, the same content.
#[test]
fn an_older_edition_is_known_by_its_content() {
    let Some(editions) = editions(&ADMISSIONS) else { return };
    let lake = Lake::new();
    for edition in &editions[..2] {
        assert_eq!(fetch(&lake, &ADMISSIONS, edition).0, 0);
    }
    let text = std::fs::read_to_string(&editions[2].file).unwrap();
    let (header, rows) = text.split_once('\n').unwrap();
    let mut lines: Vec<&str> = rows.lines().collect();
    lines.reverse();
    let file = lake.folder().join("reordered.csv");
    std::fs::write(&file, format!("{header}\r\n{}\r\n", lines.join("\r\n"))).unwrap();
    let reordered = Edition { file: file.clone(), ..editions[2].clone() };
    let (code, report) = fetch(&lake, &ADMISSIONS, &reordered);
    assert_eq!((code, &report["outcome"]), (3, &json!("stale")), "{report:#}");
    let codes: Vec<&Value> = report["findings"].as_array().unwrap().iter().map(|f| &f["code"]).collect();
    assert_eq!(codes, ["line-ends", "older-edition"]);
    assert!(report["message"].as_str().unwrap().contains("24 août 2020"), "{}", report["message"]);

    // One row short of it, it is still the old edition; with the day of the 25th in it, it is a new one that corrects.
    lines.pop();
    std::fs::write(&file, format!("{header}\n{}\n", lines.join("\n"))).unwrap();
    assert_eq!(fetch(&lake, &ADMISSIONS, &reordered).1["outcome"], "stale");
    let with_25 = std::fs::read_to_string(&editions[1].file).unwrap();
    lines.extend(with_25.lines().filter(|line| line.contains(";2020-08-25;")));
    let told: BTreeSet<&str> = lines.iter().copied().collect();
    assert_eq!(told.len(), 3338 + 21);
    std::fs::write(&file, format!("{header}\n{}\n", lines.join("\n"))).unwrap();
    let (code, report) = fetch(&lake, &ADMISSIONS, &reordered);
    assert_eq!((code, &report["outcome"]), (0, &json!("new")), "{report:#}");
}

#[test]
fn rows_that_come_in_a_file_of_their_own_are_held_and_join_the_next_full_edition() {
    let Some(spf) = shared("real/spf") else { return };
    let lake = Lake::new();
    let full = spf.join("donnees-hospitalieres-covid19.csv");
    let late = spf.join("late-rows-2020-06-27_29.csv");
    let (code, _) = lake.fetch_file("hospital_stock", &full, &["--issued-at", "2020-12-31T19:00:00Z"]);
    assert_eq!(code, 0);

    // Alone, the 276 rows would withdraw the 28,913 others: held, nothing lost.
    let (code, report) = lake.fetch_file("hospital_stock", &late, &["--issued-at", "2021-01-01T19:00:00Z"]);
    assert_eq!((code, &report["outcome"]), (3, &json!("held")), "{report:#}");
    assert_eq!(lake.value("select count(*) from hospital_stock"), 28_913);

    // With the full file they are late rows of three days in June.
    let mut both = std::fs::read_to_string(&full).unwrap();
    let rows = std::fs::read_to_string(&late).unwrap();
    both.push_str(rows.split_once('\n').unwrap().1);
    let file = lake.folder().join("both.csv");
    std::fs::write(&file, both).unwrap();
    let (code, report) = lake.fetch_file("hospital_stock", &file, &["--issued-at", "2021-01-01T19:00:00Z"]);
    assert_eq!((code, &report["rows_changed"]), (0, &json!(276)), "{report:#}");
    let events =
        "select kind, time_value, count(*) as n from hospital_stock_revision_events group by 1, 2 order by 2";
    let day = |day: &str| json!({"kind": "late", "time_value": day, "n": 92});
    assert_eq!(lake.sql(events), [day("2020-06-27"), day("2020-06-28"), day("2020-06-29")]);
}

/// German register, counted by its README: 40 numbers revised and 16 blanks filled in a week while 24,461 zeros went missing;
/// then 12 and 16. Of its columns the contract of the tests has three.
#[test]
fn numbers_that_go_missing_are_told_from_numbers_that_change() {
    let Some(folder) = shared("real/rki/vintages") else { return };
    let lake = Lake::new();
    let overlay = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/overlay");
    let config = lake.folder().join("vigie.toml");
    std::fs::write(&config, format!("vocabulary = {overlay:?}\n")).unwrap();
    for day in ["2023-01-20", "2023-01-27", "2023-02-03"] {
        let file = folder.join(format!("published-{day}.csv"));
        let (code, report) = lake.fetch_file("icu_register_de", &file, &["--issued-at", day]);
        assert_eq!((code, &report["outcome"]), (0, &json!("new")), "{report:#}");
    }
    let wanted = by_hand(&folder);
    let events = lake.sql(
        "select cast(issued_at as date) as day, kind, count(*) as n from icu_register_de_revision_events
         where value_column is not null group by 1, 2 order by 1, 2",
    );
    let found: BTreeMap<(String, String), u64> = events
        .iter()
        .map(|row| {
            let text = |name: &str| row[name].as_str().unwrap().to_owned();
            ((text("day"), text("kind")), row["n"].as_u64().unwrap())
        })
        .collect();
    assert_eq!(found, wanted);
}

/// The same, cell by cell from the files.
fn by_hand(folder: &Path) -> BTreeMap<(String, String), u64> {
    let columns = ["faelle_covid_aktuell", "intensivbetten_belegt", "intensivbetten_frei"];
    let read = |day: &str| -> BTreeMap<(String, String, String), Vec<Option<String>>> {
        let mut reader = csv::Reader::from_path(folder.join(format!("published-{day}.csv"))).unwrap();
        let header = reader.headers().unwrap().clone();
        let at = |name: &str| header.iter().position(|column| column == name).unwrap();
        let (date, land, group) = (at("datum"), at("bundesland_id"), at("behandlungsgruppe"));
        let values = columns.map(at);
        reader
            .records()
            .map(|line| {
                let line = line.unwrap();
                let key = (line[date].to_owned(), format!("{:0>2}", &line[land]), line[group].to_owned());
                (key, values.map(|at| (&line[at] != "NA").then(|| line[at].to_owned())).to_vec())
            })
            .collect()
    };
    let mut counts = BTreeMap::new();
    for (before, after) in [("2023-01-20", "2023-01-27"), ("2023-01-27", "2023-02-03")] {
        let old = read(before);
        for (key, values) in read(after) {
            let Some(known) = old.get(&key) else { continue };
            for (was, is) in known.iter().zip(&values) {
                let kind = match (was, is) {
                    (Some(was), Some(is)) if was != is => "changed",
                    (None, Some(_)) => "filled",
                    (Some(_), None) => "emptied",
                    _ => continue,
                };
                *counts.entry((after.to_owned(), kind.to_owned())).or_insert(0) += 1;
            }
        }
    }
    counts
}
