//! Hand-counted cases of `tests/truth`, and figures that others published about the real files.
//!
//! A case is a folder named after an indicator: `given.<table>.csv` (columns of the contract, those left out are empty;
//! `given.as_of.csv` sets the day of the run), `expected.csv` (rows that must come out; an empty value is a gap, `a/b`
//! is a quotient, empty numerators and denominators are not compared) and `why.md`. Tables not given are empty, except
//! `departments`, which is then the reference file.

use std::collections::BTreeMap;
use std::fs::File;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use arrow::array::{ArrayRef, AsArray, Date32Array, RecordBatch, StringArray, new_null_array};
use arrow::csv::ReaderBuilder;
use arrow::datatypes::{DataType, Date32Type, Field, Schema, SchemaRef};
use datafusion::execution::context::SessionContext;
use jiff::civil::{Date, date};
use vigie_queries::{ColumnType, Observation, Observations, Place, Status, TimeType, Vocabulary};

use crate::compute;
use crate::run::{compute_one, register};

/// Tables by name.
type Tables = BTreeMap<String, RecordBatch>;

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..")
}

/// The real files, when this machine has them.
fn shared() -> Option<PathBuf> {
    let place = std::env::var_os("VIGIE_SHARED").map_or_else(|| root().join("../shared"), PathBuf::from);
    place.join("real/spf").is_dir().then_some(place.join("real"))
}

/// Schema of a table that queries read: that of its contract, all cells may be empty.
fn schema_of(vocabulary: &Vocabulary, table: &str) -> SchemaRef {
    let text = |name: &str| Field::new(name, DataType::Utf8, true);
    if table == "fetches" {
        return Arc::new(Schema::new(vec![
            text("source"),
            text("outcome"),
            Field::new("issued_at", ColumnType::instant(), true),
        ]));
    }
    let contract = vocabulary.contract(table.strip_suffix("_versions").unwrap_or(table)).unwrap();
    let mut fields: Vec<Field> =
        contract.schema().fields().iter().map(|field| field.as_ref().clone().with_nullable(true)).collect();
    if table.ends_with("_versions") {
        fields.push(Field::new("issued_at", ColumnType::instant(), true));
        fields.push(Field::new("recorded_at", ColumnType::instant(), true));
        fields.push(text("fetch_id"));
        fields.push(Field::new("withdrawn", DataType::Boolean, true));
    }
    Arc::new(Schema::new(fields))
}

/// Reads a CSV file into a table; `names` gives the column of each header.
fn read_csv(path: &Path, schema: &SchemaRef, delimiter: u8, names: impl Fn(&str) -> String) -> RecordBatch {
    let header = std::fs::read_to_string(path).unwrap();
    let header = header.lines().next().unwrap();
    let fields: Vec<Field> = header
        .split(char::from(delimiter))
        .map(|name| {
            let name = names(name.trim_matches('"'));
            let kind =
                schema.field_with_name(&name).map_or(DataType::Utf8, |field| field.data_type().clone());
            Field::new(name, kind, true)
        })
        .collect();
    let of_file = Arc::new(Schema::new(fields));
    let reader = ReaderBuilder::new(Arc::clone(&of_file))
        .with_header(true)
        .with_delimiter(delimiter)
        .build(File::open(path).unwrap())
        .unwrap();
    let batches: Vec<RecordBatch> = reader.map(Result::unwrap).collect();
    let read = arrow::compute::concat_batches(&of_file, &batches).unwrap();
    let columns: Vec<ArrayRef> = schema
        .fields()
        .iter()
        .map(|field| match read.column_by_name(field.name()) {
            Some(column) => Arc::clone(column),
            None => new_null_array(field.data_type(), read.num_rows()),
        })
        .collect();
    RecordBatch::try_new(Arc::clone(schema), columns).unwrap()
}

/// A session with the tables given; the others are empty.
fn session(vocabulary: &Vocabulary, tables: &Tables) -> SessionContext {
    let ctx = SessionContext::new();
    for contract in vocabulary.contracts() {
        for table in [contract.name().to_owned(), format!("{}_versions", contract.name())] {
            register(&ctx, &table, &RecordBatch::new_empty(schema_of(vocabulary, &table))).unwrap();
        }
    }
    let reference = root().join("queries/reference/departments.csv");
    let departments = read_csv(&reference, &schema_of(vocabulary, "departments"), b',', str::to_owned);
    register(&ctx, "departments", &departments).unwrap();
    for (table, batch) in tables {
        register(&ctx, table, batch).unwrap();
    }
    ctx
}

/// A number of `expected.csv`: products and one quotient.
fn number(text: &str) -> f64 {
    match text.split_once('/') {
        Some((above, below)) => number(above) / number(below),
        None => text.split('*').map(|factor| factor.parse::<f64>().unwrap()).product(),
    }
}

fn close(left: f64, right: f64) -> bool {
    (left - right).abs() <= 1e-9 * right.abs().max(1.0)
}

/// What of one expected row does not hold; empty when all does.
fn differences(indicator: &str, row: &BTreeMap<&str, &str>, found: &Observations) -> Vec<String> {
    let place: Place = format!("{}:{}", row["geo_type"], row["geo_value"]).parse().unwrap();
    let time_type = if row["time_type"] == "week" { TimeType::Week } else { TimeType::Day };
    let day: Date = row["time_value"].parse().unwrap();
    let name = format!("{indicator} {} {place} {} {day}", row["category"], row["time_type"]);
    let Some(seen) = found.get(indicator, row["category"], &place, time_type, day) else {
        return vec![format!("{name}: no row")];
    };
    let mut wrong = Vec::new();
    let numbers = [("value", seen.value), ("numerator", seen.numerator), ("denominator", seen.denominator)];
    for (column, seen) in numbers {
        let expected = row[column];
        let holds = match (expected.is_empty(), seen) {
            (true, seen) => column != "value" || seen.is_none(),
            (false, Some(seen)) => close(seen, number(expected)),
            (false, None) => false,
        };
        if !holds {
            wrong.push(format!("{name}: {column} is {seen:?}, expected {expected:?}"));
        }
    }
    if seen.status.as_str() != row["status"] {
        wrong.push(format!("{name}: status is {}, expected {}", seen.status.as_str(), row["status"]));
    }
    if seen.missing_reason.as_deref().unwrap_or_default() != row["missing_reason"] {
        wrong.push(format!(
            "{name}: reason is {:?}, expected {:?}",
            seen.missing_reason, row["missing_reason"]
        ));
    }
    wrong
}

#[tokio::test]
async fn hand_counted_cases_hold() {
    let vocabulary = Vocabulary::embedded().unwrap();
    let mut cases: Vec<PathBuf> = std::fs::read_dir(root().join("tests/truth"))
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.is_dir())
        .collect();
    cases.sort();
    assert!(cases.len() >= 30, "only {} cases found", cases.len());
    let mut wrong = Vec::new();
    for case in cases {
        let indicator = case.file_name().unwrap().to_str().unwrap().to_owned();
        assert!(vocabulary.query(&indicator).is_some(), "{indicator} is no indicator");
        assert!(case.join("why.md").is_file(), "{indicator} does not say why");
        let mut as_of_day = date(2022, 12, 31);
        let mut tables = Tables::new();
        for entry in std::fs::read_dir(&case).unwrap() {
            let path = entry.unwrap().path();
            let file = path.file_name().unwrap().to_str().unwrap().to_owned();
            let Some(table) = file.strip_prefix("given.").and_then(|rest| rest.strip_suffix(".csv")) else {
                continue;
            };
            if table == "as_of" {
                let text = std::fs::read_to_string(&path).unwrap();
                as_of_day = text.lines().nth(1).unwrap().parse().unwrap();
            } else {
                let schema = schema_of(&vocabulary, table);
                tables.insert(table.to_owned(), read_csv(&path, &schema, b',', str::to_owned));
            }
        }
        let ctx = session(&vocabulary, &tables);
        let computed = compute_one(&ctx, &vocabulary, &indicator, as_of_day).await.unwrap();
        let found = computed.observations().unwrap();
        let expected = std::fs::read_to_string(case.join("expected.csv")).unwrap();
        let mut lines = expected.lines();
        let header: Vec<&str> = lines.next().unwrap().split(',').collect();
        for line in lines {
            let row: BTreeMap<&str, &str> = header.iter().copied().zip(line.split(',')).collect();
            assert_eq!(row.len(), header.len(), "{indicator}: {line:?} has not {} cells", header.len());
            wrong.extend(differences(&indicator, &row, &found));
        }
    }
    assert!(wrong.is_empty(), "{} differences:\n{}", wrong.len(), wrong.join("\n"));
}

/// The three files of Santé publique France, as their contracts read them.
fn real_tables(vocabulary: &Vocabulary, real: &Path) -> Tables {
    let files = [
        ("hospital_stock", "spf/donnees-hospitalieres-covid19.csv"),
        ("tests", "spf/sp-pos-quot-dep.csv"),
        ("er_visits", "spf/sursaud-corona-quot-dep.csv"),
    ];
    let mut tables = Tables::new();
    for (source, file) in files {
        let contract = vocabulary.contract(source).unwrap();
        let names = |header: &str| {
            let column = contract.columns.iter().find(|column| column.from.iter().any(|from| from == header));
            column.map_or(header, |column| column.name.get_ref()).to_owned()
        };
        let batch = read_csv(&real.join(file), &schema_of(vocabulary, source), b';', names);
        tables.insert(source.to_owned(), batch);
    }
    for source in ["events", "capacity_steps", "icu_other_patients"] {
        let body = root().join(format!("queries/reference/{source}.csv"));
        let schema = schema_of(vocabulary, source);
        tables.insert(source.to_owned(), read_csv(&body, &schema, b',', str::to_owned));
    }
    tables
}

async fn real() -> Option<Observations> {
    real_as_of(date(2021, 1, 31)).await
}

/// What is computed from the real files by a run of that day.
async fn real_as_of(day: Date) -> Option<Observations> {
    let Some(place) = shared() else {
        eprintln!("skipped: no real files (VIGIE_SHARED, or ../shared beside the repository)");
        return None;
    };
    let vocabulary = Vocabulary::embedded().unwrap();
    let ctx = session(&vocabulary, &real_tables(&vocabulary, &place));
    let computed = compute(&ctx, &vocabulary, day).await.unwrap();
    let found = computed.observations().unwrap();
    Some(found)
}

fn at<'a>(found: &'a Observations, indicator: &str, place: &Place, day: Date) -> &'a Observation {
    found.get(indicator, "", place, TimeType::Day, day).unwrap()
}

#[tokio::test]
async fn the_real_files_give_the_figures_that_were_published() {
    let Some(found) = real().await else { return };
    let occitanie = Place::region("76");

    // ARS Occitanie, bulletin of 13 October 2020: 159 patients, 474 beds.
    let day = date(2020, 10, 13);
    assert_eq!(at(&found, "icu_patients", &occitanie, day).value, Some(159.0));
    let occupancy = at(&found, "icu_occupancy_initial", &occitanie, day);
    assert_eq!((occupancy.numerator, occupancy.denominator), (Some(159.0), Some(474.0)));
    assert!(close(occupancy.value.unwrap(), 159.0 / 474.0));
    assert_eq!(occupancy.status, Status::Ok);

    // Nine departments of 101 are in the file of 27 to 29 June 2020, of Occitanie Ariège alone.
    for day in [date(2020, 6, 27), date(2020, 6, 28), date(2020, 6, 29)] {
        let gap = at(&found, "icu_patients", &occitanie, day);
        assert_eq!((gap.value, gap.status), (None, Status::Missing));
        assert_eq!(gap.missing_reason.as_deref(), Some("1 département sur 13 a transmis"));
        let gap = at(&found, "hospital_patients", &Place::france(), day);
        assert_eq!(gap.missing_reason.as_deref(), Some("9 départements sur 101 ont transmis"));
        assert_eq!(at(&found, "icu_patients", &Place::department("09"), day).status, Status::Ok);
        assert_eq!(at(&found, "icu_patients", &Place::department("31"), day).value, None);
    }

    // Lozère sent nothing on 6 September 2020, so Occitanie has six days of emergency visits, and 90 department-days of 91.
    let days = at(&found, "er_reporting_days_7d", &occitanie, date(2020, 9, 6));
    assert_eq!(days.value, Some(6.0));
    let share = at(&found, "er_covid_share_7d", &occitanie, date(2020, 9, 6));
    assert!(share.value.is_some() && close(share.coverage.unwrap(), 90.0 / 91.0));
    let sum = at(&found, "er_covid_visits_7d", &occitanie, date(2020, 9, 6));
    let why = "12 départements sur 13 ont transmis les 7 jours (manque : Lozère)";
    assert_eq!((sum.value, sum.missing_reason.as_deref()), (None, Some(why)));
    assert!(sum.without.is_some(), "the sum of the twelve others is there, under its own name");

    // Martinique never gave a visit: the country has its share, and says on how many of its departments' days it rests.
    let france = at(&found, "er_covid_share_7d", &Place::france(), date(2020, 11, 1));
    assert!(france.value.is_some() && france.coverage.unwrap() < 100.5 / 101.0);
    assert_eq!(france.lacking.as_deref(), Some("Martinique"));

    // The new way of counting of 1 and 2 November 2020 is one of the people tested; positives hardly move (P + 1 %), so the
    // cases are compared: 22,024 from 2 to 8 November after 25,589, by awk.
    assert!(at(&found, "cases_7d_change", &occitanie, date(2020, 10, 31)).value.is_some());
    let change = at(&found, "cases_7d_change", &occitanie, date(2020, 11, 8));
    assert_eq!((change.numerator, change.denominator), (Some(22_024.0 - 25_589.0), Some(25_589.0)));
    assert!(at(&found, "positivity_7d", &occitanie, date(2020, 11, 8)).value.is_some());
}

/// The ARS said on 27 October 2020 that it had opened 551 beds, 90 % of them taken, and on 10 November 650, 90 % taken, whatever
/// the cause. Occitanie had 199 Covid-19 patients in intensive care on 19 October (SI-VIC), 384 on Sunday 8 November.
#[tokio::test]
async fn steps_of_beds_are_held_against_everybody_who_lies_in_them() {
    let Some(found) = real_as_of(date(2020, 10, 19)).await else { return };
    let occitanie = Place::region("76");
    let step = |found: &Observations, day| at(found, "icu_step_occupancy", &occitanie, day).clone();
    // By hand: 469 usual beds; half of the 671 beds of Auvergne-Rhône-Alpes, 336, held others on 16 October: of its 559 usual
    // beds 336/559, so 282 of 469. 199 + 282 = 481. What was opened on the 27th is not known.
    let seen = step(&found, date(2020, 10, 19));
    assert_eq!((seen.numerator, seen.denominator), (Some(481.0), Some(469.0)));
    // 187 Covid-19 patients on Sunday the 18th, the newest day that a bulletin of the 19th has.
    let seen = step(&found, date(2020, 10, 18));
    assert_eq!((seen.numerator, seen.denominator), (Some(469.0), Some(469.0)));
    let vocabulary = Vocabulary::embedded().unwrap();
    let rule = vocabulary.rule("capacity-steps").unwrap();
    let level = |on| crate::judge(rule, &found, &crate::Populations::new(), &occitanie, on).level;
    assert_eq!(level(date(2020, 10, 19)), "saturation", "eight days before 551 beds were opened");
    assert_eq!(
        level(date(2020, 10, 16)),
        "approche",
        "on the day of the count it rests on: 170 + 282 of 469"
    );
    assert_eq!(level(date(2020, 10, 15)), "unknown", "nobody had published a count of other patients");

    let found = real().await.unwrap();
    for (day, patients, beds) in [
        (date(2020, 10, 27), 496.0, 551.0), // 90 % of 551
        (date(2020, 11, 8), 614.0, 640.0),  // 384, and the 230 others of 27 October
        (date(2020, 11, 10), 585.0, 650.0), // 90 % of 650
    ] {
        let seen = step(&found, day);
        assert_eq!((seen.numerator, seen.denominator), (Some(patients), Some(beds)), "{day}");
    }
    let gap = step(&found, date(2020, 12, 13));
    assert_eq!(gap.missing_reason.as_deref(), Some("patients autres que Covid-19 non comptés"));
    assert_eq!((gap.value, gap.denominator), (None, Some(650.0)));
}

#[tokio::test]
async fn week_42_of_2020_is_what_awk_counts_in_the_real_files() {
    let Some(found) = real().await else { return };
    // Sums over the 13 departments of Occitanie, by awk: tests and emergency visits from 12 to 18 October 2020, hospital
    // patients on Sundays 11 (584; 146 in intensive care; 638 deaths) and 18 October (793; 187; 709).
    let expected = [
        ("cases_7d", 14_815.0),
        ("tests_7d", 108_023.0),
        ("positivity_7d", 14_815.0 / 108_023.0),
        ("incidence_7d_per_100k", 100_000.0 * 14_815.0 / 5_924_858.0),
        ("hospital_patients", 793.0),
        ("hospital_weekly_change", 209.0),
        ("icu_weekly_change", 41.0),
        ("icu_weekly_change_share", 41.0 / 146.0),
        ("deaths_7d", 71.0),
        ("er_covid_share_7d", 640.0 / 24_513.0),
        ("sos_covid_share_7d", 278.0 / 2_986.0),
    ];
    for (indicator, value) in expected {
        let week =
            found.get(indicator, "", &Place::region("76"), TimeType::Week, date(2020, 10, 12)).unwrap();
        assert!(week.value.is_some_and(|seen| close(seen, value)), "{indicator}: {week:?}, expected {value}");
    }
}

#[tokio::test]
async fn every_gap_of_the_real_files_has_a_reason_and_no_value_is_beyond_sense() {
    let Some(found) = real().await else { return };
    let mut gaps = 0_usize;
    for (key, series) in found.iter() {
        for (day, seen) in series {
            if seen.value.is_none() {
                gaps += 1;
                let reason = seen.missing_reason.as_deref().unwrap_or_default();
                assert!(!reason.is_empty() && reason != crate::rows::NO_REASON, "{key:?} {day}: {reason:?}");
            }
            let is_share = key.indicator == "positivity_7d" || key.indicator.ends_with("covid_share_7d");
            if let Some(value) = seen.value.filter(|_| is_share) {
                assert!((0.0..=1.0).contains(&value), "{key:?} {day}: {value}");
            }
        }
    }
    assert!(gaps > 0);
}

#[tokio::test]
async fn the_same_tables_give_the_same_rows_in_key_order() {
    let Some(place) = shared() else {
        eprintln!("skipped: no real files (VIGIE_SHARED, or ../shared beside the repository)");
        return;
    };
    let vocabulary = Vocabulary::embedded().unwrap();
    let tables = real_tables(&vocabulary, &place);
    let ctx = session(&vocabulary, &tables);
    let first = compute(&ctx, &vocabulary, date(2021, 1, 31)).await.unwrap();
    let second = compute(&ctx, &vocabulary, date(2021, 1, 31)).await.unwrap();
    assert_eq!(first.indicators, second.indicators);
    let mut before: Option<(Vec<String>, i32)> = None;
    for batch in &first.indicators {
        let text: Vec<&StringArray> = (0..5).map(|at| batch.column(at).as_string::<i32>()).collect();
        let days: &Date32Array = batch.column(5).as_primitive::<Date32Type>();
        for row in 0..batch.num_rows() {
            let series: Vec<String> = text.iter().map(|column| column.value(row).to_owned()).collect();
            let key = Some((series, days.value(row)));
            assert!(before < key, "{before:?} comes before {key:?}");
            before = key;
        }
    }
    assert!(before.is_some());
}
