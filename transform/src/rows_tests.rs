//! Tests of the rows made from a query's result.

use std::collections::BTreeMap;
use std::sync::Arc;

use arrow::array::{
    Array, ArrayRef, AsArray, Date32Array, Float64Array, Int64Array, RecordBatch, StringArray,
};
use arrow::datatypes::{Date32Type, Float64Type};
use jiff::civil::{Date, date};
use vigie_queries::{Query, QueryKind};

use super::{NO_REASON, NOT_A_NUMBER, of_indicator};
use crate::system::date32;

fn query() -> Query {
    let text = "/*---\nid = \"patients\"\ntitle_fr = \"Patients\"\ndefinition_fr = \"Patients.\"\nunit = \"patients\"\nweek = \"sunday\"\n\
                grain = [\"geo_type\"]\nsources = []\n---*/\nselect 1";
    Query::parse(QueryKind::Indicator, "indicators/patients.sql", text).unwrap()
}

/// A result with one department and the given days and values; numerators are whole numbers.
fn result(rows: &[(Date, Option<f64>, Option<&str>)]) -> RecordBatch {
    let same = |text: &str| -> ArrayRef { Arc::new(StringArray::from(vec![text; rows.len()])) };
    RecordBatch::try_from_iter_with_nullable([
        ("geo_type", same("department"), false),
        ("geo_value", same("2A"), false),
        (
            "time_value",
            Arc::new(rows.iter().map(|row| Some(date32(row.0))).collect::<Date32Array>()) as _,
            false,
        ),
        ("value", Arc::new(rows.iter().map(|row| row.1).collect::<Float64Array>()) as _, true),
        ("numerator", Arc::new(rows.iter().map(|_| Some(1)).collect::<Int64Array>()) as _, true),
        ("denominator", Arc::new(arrow::array::NullArray::new(rows.len())) as _, true),
        ("missing_reason", Arc::new(rows.iter().map(|row| row.2).collect::<StringArray>()) as _, true),
    ])
    .unwrap()
}

fn table(rows: &[(Date, Option<f64>, Option<&str>)], settling_days: u16, as_of_day: Date) -> Vec<String> {
    let batch = of_indicator(&query(), &result(rows), settling_days, as_of_day, &BTreeMap::new()).unwrap();
    let text = |at: usize| batch.column(at).as_string::<i32>();
    let days: &Date32Array = batch.column(5).as_primitive::<Date32Type>();
    let values: &Float64Array = batch.column(6).as_primitive::<Float64Type>();
    (0..batch.num_rows())
        .map(|row| {
            let value = if values.is_valid(row) { values.value(row).to_string() } else { "-".into() };
            let reason = if text(10).is_valid(row) { text(10).value(row) } else { "" };
            let day = crate::system::date_of(days.value(row)).unwrap();
            format!("{} {day} {value} {} {reason}", text(4).value(row), text(9).value(row))
                .trim_end()
                .to_owned()
        })
        .collect()
}

#[test]
fn the_week_is_its_sunday_dated_by_its_monday_also_in_week_53() {
    let rows = [
        (date(2021, 1, 2), Some(3.0), None),
        (date(2021, 1, 3), Some(4.0), None),
        (date(2021, 1, 4), Some(5.0), None),
    ];
    assert_eq!(
        table(&rows, 0, date(2021, 2, 1)),
        ["day 2021-01-02 3 ok", "day 2021-01-03 4 ok", "day 2021-01-04 5 ok", "week 2020-12-28 4 ok"]
    );
}

#[test]
fn a_value_is_provisional_until_its_day_is_settled() {
    let rows = [
        (date(2020, 10, 9), Some(1.0), None),
        (date(2020, 10, 10), Some(2.0), None),
        (date(2020, 10, 11), Some(3.0), None),
    ];
    assert_eq!(
        table(&rows, 3, date(2020, 10, 12)),
        [
            "day 2020-10-09 1 ok",
            "day 2020-10-10 2 partial",
            "day 2020-10-11 3 partial",
            "week 2020-10-05 3 partial"
        ]
    );
}

#[test]
fn a_gap_keeps_its_reason_and_a_value_loses_it() {
    let rows = [
        (date(2020, 10, 5), None, Some("1 département sur 13 a transmis")),
        (date(2020, 10, 6), Some(1.0), Some("sans objet")),
        (date(2020, 10, 7), None, None),
        (date(2020, 10, 8), Some(f64::INFINITY), None),
        (date(2020, 10, 9), Some(f64::NAN), None),
    ];
    assert_eq!(
        table(&rows, 0, date(2020, 12, 1)),
        [
            "day 2020-10-05 - missing 1 département sur 13 a transmis".to_owned(),
            "day 2020-10-06 1 ok".to_owned(),
            format!("day 2020-10-07 - missing {NO_REASON}"),
            format!("day 2020-10-08 - missing {NOT_A_NUMBER}"),
            format!("day 2020-10-09 - missing {NOT_A_NUMBER}"),
        ]
    );
}

#[test]
fn rows_are_sorted_whatever_order_the_query_gave_them() {
    let rows = [(date(2020, 10, 6), Some(2.0), None), (date(2020, 10, 5), Some(1.0), None)];
    assert_eq!(table(&rows, 0, date(2020, 12, 1)), ["day 2020-10-05 1 ok", "day 2020-10-06 2 ok"]);
}

#[test]
fn a_gap_that_a_missing_file_explains_has_that_reason_and_a_value_keeps_none() {
    let rows = [
        (date(2020, 10, 7), Some(2.0), None),
        (date(2020, 10, 8), None, Some("aucun des 3 établissements n’a déclaré")),
        (date(2020, 10, 9), None, Some("1 établissement sur 3 a déclaré")),
    ];
    let why = crate::system::missing_file_fr(crate::system::date32(date(2020, 10, 8)));
    assert_eq!(why, "le fichier du 8 octobre 2020 n’a pas été reçu de son éditeur");
    let absent = [7, 8].map(|day| (crate::system::date32(date(2020, 10, day)), why.as_str()));
    let batch = of_indicator(&query(), &result(&rows), 0, date(2020, 12, 1), &absent.into()).unwrap();
    let reasons: Vec<Option<&str>> = batch.column(10).as_string::<i32>().iter().collect();
    assert_eq!(reasons, [None, Some(why.as_str()), Some("1 établissement sur 3 a déclaré")]);
}

/// A day of October 2020: its number, filled, planned, coverage.
type Day = (i8, Option<f64>, Option<f64>, f64);

/// Rows of shares of one place.
fn shares(rows: &[Day]) -> RecordBatch {
    let same = |text: &str| -> ArrayRef { Arc::new(StringArray::from(vec![text; rows.len()])) };
    let number = |of: &dyn Fn(&Day) -> Option<f64>| -> ArrayRef {
        Arc::new(rows.iter().map(of).collect::<Float64Array>())
    };
    let share = |row: &Day| Some(row.1? / row.2.filter(|planned| *planned > 0.0)?);
    let why = |row: &Day| match (row.1, row.3 < 1.0) {
        (_, true) => Some("1 département sur 2 a transmis"),
        (Some(_), _) => Some("sans objet : aucun poste de garde prévu"),
        (None, _) => Some("aucune garde déclarée"),
    };
    let columns: [(&str, ArrayRef, bool); 9] = [
        ("geo_type", same("region"), false),
        ("geo_value", same("94"), false),
        (
            "time_value",
            Arc::new(rows.iter().map(|row| Some(date32(date(2020, 10, row.0)))).collect::<Date32Array>()),
            false,
        ),
        ("value", number(&share), true),
        ("numerator", number(&|row| row.1), true),
        ("denominator", number(&|row| row.2), true),
        ("missing_reason", Arc::new(rows.iter().map(why).collect::<StringArray>()), true),
        ("coverage", number(&|row| Some(row.3)), true),
        (
            "lacking",
            Arc::new(rows.iter().map(|row| (row.3 < 1.0).then_some("Corse-du-Sud")).collect::<StringArray>()),
            true,
        ),
    ];
    RecordBatch::try_from_iter_with_nullable(columns).unwrap()
}

/// The weeks of an indicator whose week is a ratio: Monday, value, numerator, denominator, coverage, value without, reason.
fn ratio_weeks(at_least: f64, rows: &[(i8, Option<f64>, Option<f64>, f64)], as_of_day: Date) -> Vec<String> {
    let text = format!(
        "/*---\nid = \"cover\"\ntitle_fr = \"Gardes\"\ndefinition_fr = \"Gardes.\"\nunit = \"share\"\nweek = \"ratio\"\n\
         coverage = {{ unit_fr = \"départements\", at_least = {at_least:?} }}\ngrain = [\"geo_type\"]\nsources = []\n---*/\nselect 1"
    );
    let query = Query::parse(QueryKind::Indicator, "indicators/cover.sql", &text).unwrap();
    let batch = of_indicator(&query, &shares(rows), 0, as_of_day, &BTreeMap::new()).unwrap();
    let text = |at: usize| batch.column(at).as_string::<i32>();
    let number = |at: usize, row: usize| {
        let column: &Float64Array = batch.column(at).as_primitive::<Float64Type>();
        if column.is_valid(row) { format!("{:.4}", column.value(row)) } else { "-".into() }
    };
    let days: &Date32Array = batch.column(5).as_primitive::<Date32Type>();
    (0..batch.num_rows())
        .filter(|row| text(4).value(*row) == "week")
        .map(|row| {
            let monday = crate::system::date_of(days.value(row)).unwrap();
            let reason = if text(10).is_valid(row) { text(10).value(row) } else { "" };
            let numbers = [6, 7, 8, 12, 14].map(|at| number(at, row)).join(" ");
            format!("{monday} {numbers} {reason}").trim_end().to_owned()
        })
        .collect()
}

#[test]
fn a_week_of_shares_is_the_share_of_its_seven_days_and_not_its_sunday() {
    // Regulators of Haute-Garonne in the strike week of 12 October 2020, counted by hand in the sample's roster: 4, 2, 5, 3
    // and 6 of 10 from Monday to Friday, 14 of 15 and 15 of 15: 49 of 80. The Sunday alone would say 100 %.
    let filled = [4.0, 2.0, 5.0, 3.0, 6.0, 14.0, 15.0];
    let planned = [10.0, 10.0, 10.0, 10.0, 10.0, 15.0, 15.0];
    let days: Vec<_> = (12..)
        .zip(filled)
        .zip(planned)
        .map(|((day, filled), planned)| (day, Some(filled), Some(planned), 1.0))
        .collect();
    assert_eq!(ratio_weeks(1.0, &days, date(2020, 10, 18)), ["2020-10-12 0.6125 49.0000 80.0000 1.0000 -"]);
    assert!(ratio_weeks(1.0, &days, date(2020, 10, 17)).is_empty(), "the week is not over");

    // Wednesday is missing: no smaller sum. What the six others say is kept under its own name.
    let mut short = days.clone();
    short.remove(2);
    assert_eq!(
        ratio_weeks(1.0, &short, date(2020, 10, 18)),
        ["2020-10-12 - - - 0.8571 0.6286 6 jours sur 7 disponibles (manque : mercredi)"]
    );
    assert_eq!(
        ratio_weeks(0.8, &short, date(2020, 10, 18)),
        ["2020-10-12 0.6286 44.0000 70.0000 0.8571 -"],
        "the header admits six days, and the coverage says so"
    );
    // A Sunday without a roster does not take the week away.
    assert_eq!(
        ratio_weeks(1.0, &days[..6], date(2020, 10, 18)),
        ["2020-10-12 - - - 0.8571 0.5231 6 jours sur 7 disponibles (manque : dimanche)"]
    );
}

#[test]
fn a_day_on_which_nothing_was_due_is_no_gap_of_its_week() {
    // A strike on two days, no shift under strike on the five others.
    let days: Vec<_> = (12..19)
        .map(
            |day| if day < 14 { (day, Some(3.0), Some(10.0), 1.0) } else { (day, Some(0.0), Some(0.0), 1.0) },
        )
        .collect();
    assert_eq!(ratio_weeks(1.0, &days, date(2020, 10, 31)), ["2020-10-12 0.3000 6.0000 20.0000 1.0000 -"]);
    let none: Vec<_> = (12..19).map(|day| (day, Some(0.0), Some(0.0), 1.0)).collect();
    assert_eq!(
        ratio_weeks(1.0, &none, date(2020, 10, 31)),
        ["2020-10-12 - 0.0000 0.0000 1.0000 - sans objet : aucun poste de garde prévu"]
    );
}

#[test]
fn a_day_short_of_its_coverage_is_a_gap_that_names_who_is_missing() {
    let mut days: Vec<_> = (12..19).map(|day| (day, Some(9.0), Some(10.0), 1.0)).collect();
    days[0].3 = 0.5;
    let query = "/*---\nid = \"cover\"\ntitle_fr = \"Gardes\"\ndefinition_fr = \"Gardes.\"\nunit = \"share\"\nweek = \"ratio\"\n\
                 coverage = { unit_fr = \"départements\", at_least = 0.9 }\ngrain = [\"geo_type\"]\nsources = []\n---*/\nselect 1";
    let query = Query::parse(QueryKind::Indicator, "indicators/cover.sql", query).unwrap();
    let batch = of_indicator(&query, &shares(&days), 0, date(2020, 10, 18), &BTreeMap::new()).unwrap();
    let reasons = batch.column(10).as_string::<i32>();
    let (value, without): (&Float64Array, &Float64Array) =
        (batch.column(6).as_primitive::<Float64Type>(), batch.column(14).as_primitive::<Float64Type>());
    assert_eq!(reasons.value(0), "1 département sur 2 a transmis (manque : Corse-du-Sud)");
    assert!(value.is_null(0) && (without.value(0) - 0.9).abs() < 1e-12);
    assert_eq!(batch.column(13).as_string::<i32>().value(0), "Corse-du-Sud");
    // The week of six days and nothing: 6/7 of 90 % asked for.
    assert_eq!(
        ratio_weeks(0.9, &days, date(2020, 10, 18)),
        ["2020-10-12 - - - 0.8571 0.9000 6 jours sur 7 disponibles (manque : lundi)"]
    );
}

fn fault(result: &RecordBatch) -> String {
    of_indicator(&query(), result, 0, date(2020, 12, 1), &BTreeMap::new()).unwrap_err().to_string()
}

#[test]
fn a_key_that_comes_twice_stops_the_run() {
    let rows = [(date(2020, 10, 5), Some(2.0), None), (date(2020, 10, 5), Some(2.0), None)];
    assert_eq!(
        fault(&result(&rows)),
        "indicators/patients.sql: two rows for department 2A \"\" on 2020-10-05; a key has one row"
    );
}

#[test]
fn a_missing_or_a_strange_column_stops_the_run() {
    let whole = result(&[(date(2020, 10, 5), Some(2.0), None)]);
    let without = whole.project(&[0, 1, 2, 4, 5, 6]).unwrap();
    assert_eq!(fault(&without), "indicators/patients.sql: column \"value\" is missing");
    let mut columns: Vec<(&str, ArrayRef)> = Vec::new();
    let schema = whole.schema();
    for (field, column) in schema.fields().iter().zip(whole.columns()) {
        columns.push((if field.name() == "value" { "valeur" } else { field.name() }, Arc::clone(column)));
    }
    let renamed = RecordBatch::try_from_iter(columns).unwrap();
    assert!(fault(&renamed).starts_with("indicators/patients.sql: column \"valeur\" is none of geo_type"));
}

#[test]
fn an_empty_key_stops_the_run() {
    let whole = result(&[(date(2020, 10, 5), Some(2.0), None)]);
    let schema = whole.schema();
    let columns = schema.fields().iter().zip(whole.columns()).map(|(field, column)| {
        let empty = field.name() == "geo_value";
        let column =
            if empty { Arc::new(StringArray::from(vec![None::<&str>])) as _ } else { Arc::clone(column) };
        (field.name().as_str(), column, true)
    });
    let batch = RecordBatch::try_from_iter_with_nullable(columns).unwrap();
    assert_eq!(
        fault(&batch),
        "indicators/patients.sql: column \"geo_value\" has an empty cell; it is part of the key"
    );
}
