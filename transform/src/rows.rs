//! From the result of an indicator's query to rows of the table `indicators`.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::sync::Arc;

use arrow::array::{
    Array, ArrayRef, AsArray, Date32Array, Float64Array, RecordBatch, StringArray, UInt32Array,
    new_null_array,
};
use arrow::compute::{SortColumn, cast, lexsort_to_indices, take};
use arrow::datatypes::{DataType, Date32Type, Field, Float64Type, Schema, SchemaRef};
use jiff::civil::Date;
use vigie_queries::{Query, Status, Week};

use crate::Error;
use crate::system::{date_of, date32};

/// Said of a gap whose query gives no reason.
pub(crate) const NO_REASON: &str = "raison non précisée";

/// Said of a value that is not a number.
const NOT_A_NUMBER: &str = "calcul impossible : dénominateur nul";

/// The schema of the table `indicators`, version columns left out.
#[must_use]
pub fn indicators_schema() -> SchemaRef {
    let text = |name, nullable| Field::new(name, DataType::Utf8, nullable);
    let number = |name| Field::new(name, DataType::Float64, true);
    Arc::new(Schema::new(vec![
        text("indicator", false),
        text("category", false),
        text("geo_type", false),
        text("geo_value", false),
        text("time_type", false),
        Field::new("time_value", DataType::Date32, false),
        number("value"),
        number("numerator"),
        number("denominator"),
        text("status", false),
        text("missing_reason", true),
        text("definition", false),
        number("coverage"),
        text("lacking", true),
        number("value_without"),
    ]))
}

/// Rows of one indicator: its days, then the weeks made of them, series by series in key order.
///
/// The week is made as the header says ([`Week`]) and dated by its Monday. A value is `partial` on a day younger than
/// `settling_days` at `as_of_day`. A value that is not finite is a gap, and so is one that rests on less than the share of
/// those expected that the header asks for. The gap of a day of `absent` has that reason.
///
/// # Errors
/// [`Error::Shape`] when a column is missing or of another type, a key is empty, or a key comes twice.
pub(crate) fn of_indicator(
    query: &Query,
    result: &RecordBatch,
    settling_days: u16,
    as_of_day: Date,
    absent: &BTreeMap<i32, &str>,
) -> Result<RecordBatch, Error> {
    let result = in_key_order(query, conform(query, result)?)?;
    let shape = |what: String| Error::Shape { file: query.file.clone(), what };
    let as_of = date32(as_of_day);
    let reader = Reader::of(query, &result, as_of - i32::from(settling_days), absent);
    let mut rows: Vec<Told<'_>> = Vec::with_capacity(result.num_rows() * 8 / 7 + 1);
    let mut first = 0;
    while first < result.num_rows() {
        let mut end = first + 1;
        while end < result.num_rows() && reader.same_series(first, end) {
            if reader.day(end) == reader.day(end - 1) {
                return Err(shape(format!(
                    "two rows for {} on {}; a key has one row",
                    reader.series(end),
                    date_of(reader.day(end)).unwrap_or_default(),
                )));
            }
            end += 1;
        }
        let start = rows.len();
        for row in first..end {
            rows.push(reader.told(row).map_err(shape)?);
        }
        let weeks = weeks_of(query, &rows[start..], as_of);
        rows.extend(weeks);
        first = end;
    }
    batch_of(query, &result, &rows)
}

/// What a row of the table says.
#[derive(Clone)]
struct Told<'a> {
    /// A row of the query's result of the same series.
    at: u32,
    is_week: bool,
    /// The day, or the Monday.
    date: i32,
    value: Option<f64>,
    numerator: Option<f64>,
    denominator: Option<f64>,
    is_settled: bool,
    reason: Option<Cow<'a, str>>,
    coverage: Option<f64>,
    lacking: Option<Cow<'a, str>>,
    without: Option<f64>,
}

/// Reads the rows of a result made by [`conform`].
struct Reader<'a> {
    query: &'a Query,
    category: &'a StringArray,
    geo_type: &'a StringArray,
    geo_value: &'a StringArray,
    days: &'a Date32Array,
    numbers: [&'a Float64Array; 4],
    reasons: &'a StringArray,
    lacking: &'a StringArray,
    /// The last day that is settled.
    settled: i32,
    absent: &'a BTreeMap<i32, &'a str>,
}

impl<'a> Reader<'a> {
    fn of(
        query: &'a Query,
        batch: &'a RecordBatch,
        settled: i32,
        absent: &'a BTreeMap<i32, &'a str>,
    ) -> Self {
        Self {
            query,
            category: text(batch, CATEGORY),
            geo_type: text(batch, GEO_TYPE),
            geo_value: text(batch, GEO_VALUE),
            days: batch.column(TIME_VALUE).as_primitive::<Date32Type>(),
            numbers: [VALUE, NUMERATOR, DENOMINATOR, COVERAGE]
                .map(|at| batch.column(at).as_primitive::<Float64Type>()),
            reasons: text(batch, MISSING_REASON),
            lacking: text(batch, LACKING),
            settled,
            absent,
        }
    }

    fn day(&self, row: usize) -> i32 {
        self.days.value(row)
    }

    fn same_series(&self, row: usize, other: usize) -> bool {
        [self.geo_value, self.geo_type, self.category].iter().all(|text| text.value(row) == text.value(other))
    }

    fn series(&self, row: usize) -> String {
        let (kind, code) = (self.geo_type.value(row), self.geo_value.value(row));
        format!("{kind} {code} {:?}", self.category.value(row))
    }

    fn told(&self, row: usize) -> Result<Told<'a>, String> {
        let [value, mut numerator, mut denominator, coverage] =
            self.numbers.map(|column| column.is_valid(row).then(|| column.value(row)));
        let lacking = word(self.lacking, row).filter(|names| !names.is_empty());
        let stated = word(self.reasons, row);
        let day = self.day(row);
        let (mut found, mut without) = (value.filter(|value| value.is_finite()), None);
        let at_least = self.query.coverage.as_ref().map_or(1.0, |coverage| coverage.at_least);
        let mut reason = match (found, value) {
            (Some(_), _) => None,
            (None, Some(_)) => Some(Cow::Borrowed(NOT_A_NUMBER)),
            (None, None) if self.absent.contains_key(&day) => Some(Cow::Borrowed(self.absent[&day])),
            (None, None) => Some(match stated {
                Some(stated) if lacking.is_some() => Cow::Owned(named(stated, lacking)),
                stated => Cow::Borrowed(stated.unwrap_or(NO_REASON)),
            }),
        };
        if let Some(share) = coverage.filter(|share| *share < at_least - SAME) {
            without = found.take();
            (numerator, denominator) = (None, None);
            let stated = match self.absent.get(&day) {
                Some(why) => Some(*why),
                None => stated,
            };
            reason = Some(match stated {
                Some(stated) => Cow::Owned(named(stated, lacking)),
                None => Cow::Owned(named(&too_few(self.query, share), lacking)),
            });
        }
        if self.query.week == Some(Week::Ratio) {
            self.check_ratio(row, found, numerator, denominator)?;
        }
        Ok(Told {
            at: u32::try_from(row).map_err(|_| "more than 4 billion rows".to_owned())?,
            is_week: false,
            date: day,
            value: found,
            numerator,
            denominator,
            is_settled: day <= self.settled,
            reason,
            coverage,
            lacking: lacking.map(Cow::Borrowed),
            without,
        })
    }

    /// A week of the sums of numerators and denominators says what its days say only where these are their ratio.
    fn check_ratio(
        &self,
        row: usize,
        value: Option<f64>,
        numerator: Option<f64>,
        denominator: Option<f64>,
    ) -> Result<(), String> {
        let Some(value) = value else { return Ok(()) };
        let ratio = numerator.zip(denominator).map(|(numerator, denominator)| numerator / denominator);
        if ratio.is_some_and(|ratio| (ratio - value).abs() <= 1e-9 * value.abs().max(1.0)) {
            return Ok(());
        }
        let day = date_of(self.day(row)).unwrap_or_default();
        Err(format!(
            "{} on {day}: the value is not numerator / denominator, which week = \"ratio\" needs",
            self.series(row)
        ))
    }
}

fn word(column: &StringArray, row: usize) -> Option<&str> {
    column.is_valid(row).then(|| column.value(row))
}

/// A reason, and who is missing where they are few enough to be called and it does not say so itself.
fn named(reason: &str, lacking: Option<&str>) -> String {
    match lacking.filter(|names| !reason.contains(names)).map(|names| (names, names.split(", ").count())) {
        Some((name, 1)) => format!("{reason} (manque : {name})"),
        Some((names, count)) if count <= NAMED_AT_MOST => format!("{reason} (manquent : {names})"),
        _ => reason.to_owned(),
    }
}

/// Said of a gap for want of coverage whose query gives no reason.
fn too_few(query: &Query, share: f64) -> String {
    let unit = query.coverage.as_ref().map_or("", |coverage| coverage.unit_fr.as_str());
    // Rounded down: what is under the bound never prints as the bound.
    format!("{} % seulement des {unit} attendus ont répondu", (share * 100.0 + SAME).floor())
}

/// Those who are missing are named when they are so few.
const NAMED_AT_MOST: usize = 3;

/// Two shares closer than this are the same.
const SAME: f64 = 1e-9;

/// The weeks of a series, which are over on the day `as_of`.
fn weeks_of<'a>(query: &Query, days: &[Told<'a>], as_of: i32) -> Vec<Told<'a>> {
    let mut weeks = Vec::new();
    let mut rest = days;
    while let Some(first) = rest.first() {
        let monday = monday_of(first.date);
        let sunday = monday + DAYS_FROM_MONDAY_TO_SUNDAY;
        let (week, later) = rest.split_at(rest.partition_point(|day| day.date <= sunday));
        rest = later;
        weeks.extend(match query.week {
            Some(Week::Ratio | Week::Sum) => (sunday <= as_of).then(|| summed(query, week, monday)),
            _ => week.last().filter(|day| day.date == sunday).map(|day| Told {
                is_week: true,
                date: monday,
                ..day.clone()
            }),
        });
    }
    weeks
}

/// A week of flows: the sums of its days. A day on which nothing was due adds nothing; a day that is not known leaves a gap,
/// unless the header admits it.
fn summed<'a>(query: &Query, days: &[Told<'a>], monday: i32) -> Told<'a> {
    let is_ratio = query.week == Some(Week::Ratio);
    let nothing_due = |day: &Told<'_>| is_ratio && day.numerator == Some(0.0) && day.denominator == Some(0.0);
    let known: Vec<&Told<'_>> = days.iter().filter(|day| day.value.is_some() || nothing_due(day)).collect();
    let sum = |part: fn(&Told<'_>) -> Option<f64>| -> Option<f64> {
        let parts: Option<Vec<f64>> = known.iter().map(|day| part(day)).collect();
        parts.filter(|parts| !parts.is_empty()).map(|parts| parts.iter().sum())
    };
    let (numerator, denominator) = (sum(|day| day.numerator), sum(|day| day.denominator));
    let value = match is_ratio {
        true => numerator.zip(denominator).map(|(numerator, denominator)| numerator / denominator),
        false => sum(|day| day.value),
    };
    let value = value.filter(|value| value.is_finite());
    let coverage = known.iter().map(|day| day.coverage.unwrap_or(1.0)).sum::<f64>() / 7.0;
    let at_least = query.coverage.as_ref().map_or(1.0, |coverage| coverage.at_least);
    let is_whole = coverage >= at_least - SAME;
    let missing: Vec<&str> = (0..)
        .zip(WEEKDAYS)
        .filter(|(weekday, _)| known.iter().all(|day| day.date != monday + weekday))
        .map(|(_, name)| name)
        .collect();
    let missing = Some(missing.join(", ")).filter(|names| !names.is_empty());
    let reason = match (is_whole, value, known.len()) {
        (true, Some(_), _) => None,
        (true, None, _) => {
            let stated = known.iter().find_map(|day| day.reason.clone());
            Some(stated.unwrap_or(Cow::Borrowed(NOT_A_NUMBER)))
        }
        (false, _, 0) => {
            let why = days.iter().find_map(|day| day.reason.as_deref()).unwrap_or(NO_REASON);
            Some(Cow::Owned(format!("aucun jour sur 7 disponible ({why})")))
        }
        (false, _, 1) => Some(Cow::Borrowed("1 jour sur 7 disponible")),
        (false, _, 7) => {
            let lacking = days.iter().find_map(|day| day.lacking.as_deref());
            Some(Cow::Owned(named(&too_few(query, coverage), lacking)))
        }
        (false, _, count) => {
            Some(Cow::Owned(named(&format!("{count} jours sur 7 disponibles"), missing.as_deref())))
        }
    };
    Told {
        at: days[0].at,
        is_week: true,
        date: monday,
        value: value.filter(|_| is_whole),
        numerator: numerator.filter(|_| is_whole),
        denominator: denominator.filter(|_| is_whole),
        is_settled: days.iter().all(|day| day.is_settled),
        reason,
        coverage: Some(coverage),
        lacking: missing.map(Cow::Owned).or_else(|| days.iter().find_map(|day| day.lacking.clone())),
        without: value.filter(|_| !is_whole),
    }
}

const WEEKDAYS: [&str; 7] = ["lundi", "mardi", "mercredi", "jeudi", "vendredi", "samedi", "dimanche"];

/// The Monday of the ISO week of a day (1970-01-01 was a Thursday).
fn monday_of(day: i32) -> i32 {
    day - (day + 3).rem_euclid(7)
}

/// The rows as a batch of the table.
fn batch_of(query: &Query, result: &RecordBatch, rows: &[Told<'_>]) -> Result<RecordBatch, Error> {
    let arrow = |source| Error::Arrow { what: query.id.clone(), source };
    let order: UInt32Array = rows.iter().map(|row| Some(row.at)).collect();
    let taken = |at: usize| take(result.column(at), &order, None).map_err(arrow);
    let same =
        |text: &str| -> ArrayRef { Arc::new(StringArray::from_iter_values(rows.iter().map(|_| text))) };
    let numbers = |of: fn(&Told<'_>) -> Option<f64>| -> ArrayRef {
        Arc::new(rows.iter().map(of).collect::<Float64Array>())
    };
    let texts = |of: for<'r> fn(&'r Told<'_>) -> Option<&'r str>| -> ArrayRef {
        Arc::new(rows.iter().map(of).collect::<StringArray>())
    };
    let status = |row: &Told<'_>| match (row.value, row.is_settled) {
        (None, _) => Status::Missing,
        (Some(_), false) => Status::Partial,
        (Some(_), true) => Status::Ok,
    };
    let columns: Vec<ArrayRef> = vec![
        same(&query.id),
        taken(CATEGORY)?,
        taken(GEO_TYPE)?,
        taken(GEO_VALUE)?,
        texts(|row| Some(if row.is_week { "week" } else { "day" })),
        Arc::new(rows.iter().map(|row| Some(row.date)).collect::<Date32Array>()),
        numbers(|row| row.value),
        numbers(|row| row.numerator),
        numbers(|row| row.denominator),
        Arc::new(rows.iter().map(|row| Some(status(row).as_str())).collect::<StringArray>()),
        texts(|row| row.reason.as_deref()),
        same(&query.fingerprint),
        numbers(|row| row.coverage),
        texts(|row| row.lacking.as_deref()),
        numbers(|row| row.without),
    ];
    RecordBatch::try_new(indicators_schema(), columns).map_err(arrow)
}

const CATEGORY: usize = 0;
const GEO_TYPE: usize = 1;
const GEO_VALUE: usize = 2;
const TIME_VALUE: usize = 3;
const VALUE: usize = 4;
const NUMERATOR: usize = 5;
const DENOMINATOR: usize = 6;
const MISSING_REASON: usize = 7;
const COVERAGE: usize = 8;
const LACKING: usize = 9;
const DAYS_FROM_MONDAY_TO_SUNDAY: i32 = 6;

/// The columns an indicator gives, in the order used here; `category` and `lacking` may be left out, `coverage` where the
/// header asks for none.
fn conform(query: &Query, result: &RecordBatch) -> Result<RecordBatch, Error> {
    let shape = |what: String| Error::Shape { file: query.file.clone(), what };
    let expected = [
        ("category", DataType::Utf8),
        ("geo_type", DataType::Utf8),
        ("geo_value", DataType::Utf8),
        ("time_value", DataType::Date32),
        ("value", DataType::Float64),
        ("numerator", DataType::Float64),
        ("denominator", DataType::Float64),
        ("missing_reason", DataType::Utf8),
        ("coverage", DataType::Float64),
        ("lacking", DataType::Utf8),
    ];
    let schema = result.schema();
    if schema.field_with_name("coverage").is_ok() != query.coverage.is_some() {
        let what = match query.coverage {
            Some(_) => "its header says what coverage it needs, and it gives no column \"coverage\"",
            None => {
                "it gives a column \"coverage\", and its header does not say of what, nor how much it needs"
            }
        };
        return Err(shape(what.to_owned()));
    }
    if let Some(stranger) =
        schema.fields().iter().find(|field| expected.iter().all(|(name, _)| name != field.name()))
    {
        return Err(shape(format!(
            "column {:?} is none of geo_type, geo_value, category, time_value, value, numerator, denominator, \
             missing_reason, coverage, lacking",
            stranger.name()
        )));
    }
    let mut fields = Vec::with_capacity(expected.len());
    let mut columns: Vec<ArrayRef> = Vec::with_capacity(expected.len());
    for (at, (name, kind)) in expected.into_iter().enumerate() {
        let column: ArrayRef = match result.column_by_name(name) {
            Some(column) => cast(column, &kind).map_err(|cause| {
                shape(format!("column {name:?} is {}, expected {kind}: {cause}", column.data_type()))
            })?,
            None if at == CATEGORY => {
                Arc::new(StringArray::from_iter_values((0..result.num_rows()).map(|_| "")))
            }
            None if at >= COVERAGE => new_null_array(&kind, result.num_rows()),
            None => return Err(shape(format!("column {name:?} is missing"))),
        };
        if at <= TIME_VALUE && column.null_count() > 0 {
            return Err(shape(format!("column {name:?} has an empty cell; it is part of the key")));
        }
        fields.push(Field::new(name, kind, at > TIME_VALUE));
        columns.push(column);
    }
    RecordBatch::try_new(Arc::new(Schema::new(fields)), columns)
        .map_err(|source| Error::Arrow { what: query.id.clone(), source })
}

/// Sorts by category, place and day; most queries give their rows in that order already.
fn in_key_order(query: &Query, batch: RecordBatch) -> Result<RecordBatch, Error> {
    let (category, geo_type, geo_value) =
        (text(&batch, CATEGORY), text(&batch, GEO_TYPE), text(&batch, GEO_VALUE));
    let days: &Date32Array = batch.column(TIME_VALUE).as_primitive::<Date32Type>();
    let key = |row: usize| (category.value(row), geo_type.value(row), geo_value.value(row), days.value(row));
    if (1..batch.num_rows()).all(|row| key(row - 1) <= key(row)) {
        return Ok(batch);
    }
    let arrow = |source| Error::Arrow { what: query.id.clone(), source };
    let columns: Vec<SortColumn> = (CATEGORY..=TIME_VALUE)
        .map(|at| SortColumn { values: Arc::clone(batch.column(at)), options: None })
        .collect();
    let order = lexsort_to_indices(&columns, None).map_err(arrow)?;
    let sorted: Result<Vec<ArrayRef>, _> =
        batch.columns().iter().map(|column| take(column, &order, None)).collect();
    RecordBatch::try_new(batch.schema(), sorted.map_err(arrow)?).map_err(arrow)
}

/// A text column of a batch made by [`conform`].
fn text(batch: &RecordBatch, at: usize) -> &StringArray {
    batch.column(at).as_string::<i32>()
}

#[cfg(test)]
#[path = "rows_tests.rs"]
mod tests;
