//! From the result of an indicator's query to rows of the table `indicators`.

use std::collections::BTreeMap;
use std::sync::Arc;

use arrow::array::{
    Array, ArrayRef, AsArray, BooleanArray, Date32Array, Float64Array, RecordBatch, StringArray, UInt32Array,
};
use arrow::compute::{SortColumn, cast, lexsort_to_indices, take, take_record_batch};
use arrow::datatypes::{DataType, Date32Type, Field, Float64Type, Schema, SchemaRef};
use jiff::civil::{Date, Weekday};
use vigie_queries::{Query, Status};

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
    ]))
}

/// Rows of one indicator: its days, then the weeks made of them, series by series in key order.
///
/// A week's value is that of its Sunday, dated by its Monday. A value is `partial` on a day younger than
/// `settling_days` at `as_of_day`. A value that is not finite is a gap. The gap of a day of `absent` has that reason.
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
    let (category, geo_type, geo_value) =
        (text(&result, CATEGORY), text(&result, GEO_TYPE), text(&result, GEO_VALUE));
    let days: &Date32Array = result.column(TIME_VALUE).as_primitive::<Date32Type>();

    let mut order: Vec<u32> = Vec::with_capacity(result.num_rows() * 8 / 7 + 1);
    let mut is_week: Vec<bool> = Vec::with_capacity(order.capacity());
    let mut sundays: Vec<u32> = Vec::new();
    let close = |order: &mut Vec<u32>, is_week: &mut Vec<bool>, sundays: &mut Vec<u32>| {
        is_week.resize(order.len(), false);
        order.append(sundays);
        is_week.resize(order.len(), true);
    };
    for row in 0..result.num_rows() {
        if row > 0 {
            let same_series = geo_value.value(row) == geo_value.value(row - 1)
                && geo_type.value(row) == geo_type.value(row - 1)
                && category.value(row) == category.value(row - 1);
            if !same_series {
                close(&mut order, &mut is_week, &mut sundays);
            } else if days.value(row) == days.value(row - 1) {
                return Err(shape(format!(
                    "two rows for {} {} {:?} on {}; a key has one row",
                    geo_type.value(row),
                    geo_value.value(row),
                    category.value(row),
                    date_of(days.value(row)).unwrap_or_default(),
                )));
            }
        }
        let at = u32::try_from(row).map_err(|_| shape("more than 4 billion rows".into()))?;
        order.push(at);
        if is_sunday(days.value(row)) {
            sundays.push(at);
        }
    }
    close(&mut order, &mut is_week, &mut sundays);

    let order = UInt32Array::from(order);
    let arrow = |source| Error::Arrow { what: query.id.clone(), source };
    let taken = take_record_batch(&result, &order).map_err(arrow)?;
    let days: &Date32Array = taken.column(TIME_VALUE).as_primitive::<Date32Type>();
    let values: &Float64Array = taken.column(VALUE).as_primitive::<Float64Type>();
    let reasons = text(&taken, MISSING_REASON);
    let settled = date32(as_of_day) - i32::from(settling_days);

    let is_value: BooleanArray = (0..taken.num_rows())
        .map(|row| Some(values.is_valid(row) && values.value(row).is_finite()))
        .collect();
    let value: Float64Array =
        (0..taken.num_rows()).map(|row| is_value.value(row).then(|| values.value(row))).collect();
    let status: StringArray = (0..taken.num_rows())
        .map(|row| {
            let status = match (is_value.value(row), days.value(row) > settled) {
                (false, _) => Status::Missing,
                (true, true) => Status::Partial,
                (true, false) => Status::Ok,
            };
            Some(status.as_str())
        })
        .collect();
    let missing_reason: StringArray = (0..taken.num_rows())
        .map(|row| match (is_value.value(row), values.is_valid(row), reasons.is_valid(row)) {
            (true, _, _) => None,
            (false, true, _) => Some(NOT_A_NUMBER),
            (false, false, _) if absent.contains_key(&days.value(row)) => Some(absent[&days.value(row)]),
            (false, false, true) => Some(reasons.value(row)),
            (false, false, false) => Some(NO_REASON),
        })
        .collect();
    let time_type: StringArray =
        is_week.iter().map(|week| Some(if *week { "week" } else { "day" })).collect();
    let time_value: Date32Array = is_week
        .iter()
        .zip(days.values())
        .map(|(week, day)| Some(if *week { day - DAYS_FROM_MONDAY_TO_SUNDAY } else { *day }))
        .collect();
    let same =
        |text: &str| -> ArrayRef { Arc::new(StringArray::from_iter_values(is_week.iter().map(|_| text))) };

    let columns: Vec<ArrayRef> = vec![
        same(&query.id),
        Arc::clone(taken.column(CATEGORY)),
        Arc::clone(taken.column(GEO_TYPE)),
        Arc::clone(taken.column(GEO_VALUE)),
        Arc::new(time_type),
        Arc::new(time_value),
        Arc::new(value),
        Arc::clone(taken.column(NUMERATOR)),
        Arc::clone(taken.column(DENOMINATOR)),
        Arc::new(status),
        Arc::new(missing_reason),
        same(&query.fingerprint),
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
const DAYS_FROM_MONDAY_TO_SUNDAY: i32 = 6;

/// The columns an indicator gives, in the order used here; `category` may be left out.
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
    ];
    let schema = result.schema();
    if let Some(stranger) =
        schema.fields().iter().find(|field| expected.iter().all(|(name, _)| name != field.name()))
    {
        return Err(shape(format!(
            "column {:?} is none of geo_type, geo_value, category, time_value, value, numerator, denominator, \
             missing_reason",
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

fn is_sunday(days: i32) -> bool {
    date_of(days).is_some_and(|day| day.weekday() == Weekday::Sunday)
}

#[cfg(test)]
#[path = "rows_tests.rs"]
mod tests;
