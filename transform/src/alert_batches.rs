//! Judgements and alert events as rows of their tables, and back.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use arrow::array::{
    Array, ArrayRef, AsArray, BooleanArray, Date32Array, Float64Array, Int64Array, RecordBatch, StringArray,
    TimestampMicrosecondArray,
};
use arrow::compute::cast;
use arrow::datatypes::{DataType, Date32Type, Field, Float64Type, Int64Type, Schema, SchemaRef, TimeUnit};
use arrow::error::ArrowError;
use jiff::civil::{Date, date};
use jiff::{Timestamp, ToSpan};
use vigie_queries::{AlertEvent, AlertState, Judgement, Place, Vocabulary};

use crate::alerts::identity;
use crate::judge::place_key;

/// Columns of the table `judgements` that a run fills (key: the first four).
#[must_use]
pub fn judgements_schema() -> SchemaRef {
    let key = [
        ("rule", DataType::Utf8),
        ("geo_type", DataType::Utf8),
        ("geo_value", DataType::Utf8),
        ("time_value", DataType::Date32),
    ];
    let values = [
        ("rank", DataType::Int64),
        ("rank_max", DataType::Int64),
        ("level", DataType::Utf8),
        ("criteria", DataType::Utf8),
        ("rule_fingerprint", DataType::Utf8),
    ];
    let key = key.into_iter().map(|(name, kind)| Field::new(name, kind, false));
    let values = values.into_iter().map(|(name, kind)| Field::new(name, kind, true));
    Arc::new(Schema::new(key.chain(values).collect::<Vec<_>>()))
}

/// Columns of the log `alert_events`.
#[must_use]
pub fn events_schema() -> SchemaRef {
    let instant = DataType::Timestamp(TimeUnit::Microsecond, Some("UTC".into()));
    let columns = [
        ("rule", DataType::Utf8),
        ("geo_type", DataType::Utf8),
        ("geo_value", DataType::Utf8),
        ("time_value", DataType::Date32),
        ("state_from", DataType::Utf8),
        ("state_to", DataType::Utf8),
        ("level", DataType::Utf8),
        ("value", DataType::Float64),
        ("threshold", DataType::Float64),
        ("indicator", DataType::Utf8),
        ("rule_fingerprint", DataType::Utf8),
        ("issued_at", instant.clone()),
        ("recorded_at", instant),
        ("by", DataType::Utf8),
        ("note", DataType::Utf8),
        ("revoked", DataType::Boolean),
    ];
    Arc::new(Schema::new(columns.map(|(name, kind)| Field::new(name, kind, true)).to_vec()))
}

/// Who wrote a set of events, of which data, and when.
#[derive(Debug, Clone, Copy)]
pub struct Stamp<'a> {
    /// As-of of the data they were derived from.
    pub issued_at: Timestamp,
    /// When they are committed.
    pub recorded_at: Timestamp,
    /// Who did it: `vigie build`, a person.
    pub by: &'a str,
}

/// Judgements as rows of their table, sorted by its key. `criteria` is a JSON array of
/// [`vigie_queries::CriterionResult`].
///
/// # Errors
/// [`ArrowError`] when a day cannot be written as a date (never for days of this era).
pub fn judgements_batch(
    vocabulary: &Vocabulary,
    judgements: &[Judgement],
) -> Result<RecordBatch, ArrowError> {
    let mut rows: Vec<&Judgement> = judgements.iter().collect();
    rows.sort_by(|a, b| {
        (a.rule.as_str(), place_key(&a.place), a.date).cmp(&(b.rule.as_str(), place_key(&b.place), b.date))
    });
    let criteria = rows
        .iter()
        .map(|row| {
            serde_json::to_string(&row.criteria).map_err(|fault| ArrowError::ExternalError(Box::new(fault)))
        })
        .collect::<Result<Vec<String>, ArrowError>>()?;
    let fingerprint = |row: &&Judgement| vocabulary.rule(&row.rule).map(|rule| rule.fingerprint.as_str());
    let columns: Vec<ArrayRef> = vec![
        text(rows.iter().map(|row| Some(row.rule.as_str()))),
        text(rows.iter().map(|row| Some(row.place.geo_type.as_str()))),
        text(rows.iter().map(|row| Some(row.place.code.as_str()))),
        Arc::new(rows.iter().map(|row| Some(days_of(row.date))).collect::<Date32Array>()),
        Arc::new(rows.iter().map(|row| Some(i64::from(row.rank))).collect::<Int64Array>()),
        Arc::new(rows.iter().map(|row| Some(i64::from(row.rank_max))).collect::<Int64Array>()),
        text(rows.iter().map(|row| Some(row.level.as_str()))),
        text(criteria.iter().map(|json| Some(json.as_str()))),
        text(rows.iter().map(fingerprint)),
    ];
    RecordBatch::try_new(judgements_schema(), columns)
}

/// Judgements read back from rows of their table (any further columns are ignored).
///
/// # Errors
/// [`ArrowError`] when a column is missing, or a row does not hold what [`judgements_batch`] writes.
pub fn judgements_of(batches: &[RecordBatch]) -> Result<Vec<Judgement>, ArrowError> {
    let mut found = Vec::new();
    for batch in batches {
        let place = Places::of(batch)?;
        let (rule, level, criteria) =
            (column(batch, "rule")?, column(batch, "level")?, column(batch, "criteria")?);
        let rank = typed(batch, "rank", &DataType::Int64)?;
        let rank_max = typed(batch, "rank_max", &DataType::Int64)?;
        let small = |array: &ArrayRef, row: usize| {
            u8::try_from(array.as_primitive::<Int64Type>().value(row))
                .map_err(|_| ArrowError::InvalidArgumentError("rank is not from 0 to 255".into()))
        };
        for row in 0..batch.num_rows() {
            let criteria = serde_json::from_str(word(&criteria, row).unwrap_or("[]"))
                .map_err(|fault| ArrowError::ExternalError(Box::new(fault)))?;
            found.push(Judgement {
                rule: word(&rule, row).unwrap_or_default().to_owned(),
                place: place.place(row)?,
                date: place.date(row)?,
                rank: small(&rank, row)?,
                rank_max: small(&rank_max, row)?,
                level: word(&level, row).unwrap_or_default().to_owned(),
                criteria,
            });
        }
    }
    Ok(found)
}

/// Events as rows of the log, in the order given; `revoked` marks transitions that no longer hold.
///
/// # Errors
/// [`ArrowError`] when the columns do not fit the schema (never).
pub fn events_batch(
    events: &[AlertEvent],
    stamp: Stamp<'_>,
    revoked: bool,
) -> Result<RecordBatch, ArrowError> {
    let instant = |at: Timestamp| {
        let values = TimestampMicrosecondArray::from(vec![at.as_microsecond(); events.len()]);
        Arc::new(values.with_timezone("UTC")) as ArrayRef
    };
    let columns: Vec<ArrayRef> = vec![
        text(events.iter().map(|event| Some(event.rule.as_str()))),
        text(events.iter().map(|event| Some(event.place.geo_type.as_str()))),
        text(events.iter().map(|event| Some(event.place.code.as_str()))),
        Arc::new(events.iter().map(|event| Some(days_of(event.date))).collect::<Date32Array>()),
        text(events.iter().map(|event| Some(event.from.as_str()))),
        text(events.iter().map(|event| Some(event.to.as_str()))),
        text(events.iter().map(|event| Some(event.level.as_str()))),
        Arc::new(events.iter().map(|event| event.value).collect::<Float64Array>()),
        Arc::new(events.iter().map(|event| event.threshold).collect::<Float64Array>()),
        text(events.iter().map(|event| Some(event.indicator.as_str()))),
        text(events.iter().map(|event| Some(event.rule_fingerprint.as_str()))),
        instant(stamp.issued_at),
        instant(stamp.recorded_at),
        text(events.iter().map(|_| Some(stamp.by))),
        text(events.iter().map(|event| event.note.as_deref())),
        Arc::new(BooleanArray::from(vec![revoked; events.len()])),
    ];
    RecordBatch::try_new(events_schema(), columns)
}

/// The events that stand in rows of the log: written more often than revoked. The order of the rows does not matter.
///
/// # Errors
/// [`ArrowError`] when a column is missing, or a row does not hold what [`events_batch`] writes.
pub fn events_of(batches: &[RecordBatch]) -> Result<Vec<AlertEvent>, ArrowError> {
    let mut all = Vec::new();
    for batch in batches {
        let place = Places::of(batch)?;
        let [rule, from, to, level, indicator, fingerprint, note] =
            ["rule", "state_from", "state_to", "level", "indicator", "rule_fingerprint", "note"]
                .map(|name| column(batch, name));
        let (rule, from, to, level) = (rule?, from?, to?, level?);
        let (indicator, fingerprint, note) = (indicator?, fingerprint?, note?);
        let value = typed(batch, "value", &DataType::Float64)?;
        let threshold = typed(batch, "threshold", &DataType::Float64)?;
        let revoked = typed(batch, "revoked", &DataType::Boolean)?;
        let number = |array: &ArrayRef, row: usize| {
            array.is_valid(row).then(|| array.as_primitive::<Float64Type>().value(row))
        };
        let owned = |array: &ArrayRef, row: usize| word(array, row).unwrap_or_default().to_owned();
        let state = |array: &ArrayRef, row: usize| {
            let name = word(array, row).unwrap_or_default();
            AlertState::named(name)
                .ok_or_else(|| ArrowError::InvalidArgumentError(format!("{name:?} is no state of an alert")))
        };
        for row in 0..batch.num_rows() {
            let event = AlertEvent {
                rule: owned(&rule, row),
                place: place.place(row)?,
                date: place.date(row)?,
                from: state(&from, row)?,
                to: state(&to, row)?,
                level: owned(&level, row),
                value: number(&value, row),
                threshold: number(&threshold, row),
                indicator: owned(&indicator, row),
                rule_fingerprint: owned(&fingerprint, row),
                note: word(&note, row).map(str::to_owned),
            };
            all.push((event, revoked.is_valid(row) && revoked.as_boolean().value(row)));
        }
    }
    let mut balance: BTreeMap<_, i64> = BTreeMap::new();
    for (event, revoked) in &all {
        *balance.entry(identity(event)).or_default() += if *revoked { -1 } else { 1 };
    }
    let mut seen = BTreeSet::new();
    let standing = all.iter().filter(|(event, revoked)| {
        let key = identity(event);
        !revoked && balance.get(&key).is_some_and(|times| *times > 0) && seen.insert(key)
    });
    let mut standing: Vec<AlertEvent> = standing.map(|(event, _)| event.clone()).collect();
    // Several on one day follow each other: a new episode starts where the last one ended.
    let step = |event: &AlertEvent| match event.from {
        AlertState::Resolved => AlertState::Inactive,
        from => from,
    };
    standing.sort_by(|a, b| {
        let (before, after) =
            ((a.rule.as_str(), place_key(&a.place)), (b.rule.as_str(), place_key(&b.place)));
        before.cmp(&after).then(a.date.cmp(&b.date)).then(step(a).cmp(&step(b)))
    });
    Ok(standing)
}

fn text<'a>(values: impl Iterator<Item = Option<&'a str>>) -> ArrayRef {
    Arc::new(values.collect::<StringArray>())
}

const EPOCH: Date = date(1970, 1, 1);

fn days_of(day: Date) -> i32 {
    // jiff's days run from year -9999 to 9999: the difference always fits.
    day.since(EPOCH).map_or(0, |span| span.get_days())
}

/// A column in the type that is read here: the engine may hand over text as views.
fn typed(batch: &RecordBatch, name: &str, kind: &DataType) -> Result<ArrayRef, ArrowError> {
    let found = batch
        .column_by_name(name)
        .ok_or_else(|| ArrowError::SchemaError(format!("column {name:?} is missing from the rows read")))?;
    cast(found, kind)
}

fn column(batch: &RecordBatch, name: &str) -> Result<ArrayRef, ArrowError> {
    typed(batch, name, &DataType::Utf8)
}

fn word(array: &ArrayRef, row: usize) -> Option<&str> {
    array.is_valid(row).then(|| array.as_string::<i32>().value(row))
}

/// The place and day of each row.
struct Places {
    kind: ArrayRef,
    code: ArrayRef,
    day: ArrayRef,
}

impl Places {
    fn of(batch: &RecordBatch) -> Result<Self, ArrowError> {
        Ok(Self {
            kind: column(batch, "geo_type")?,
            code: column(batch, "geo_value")?,
            day: typed(batch, "time_value", &DataType::Date32)?,
        })
    }

    fn place(&self, row: usize) -> Result<Place, ArrowError> {
        let geo_type =
            word(&self.kind, row).unwrap_or_default().parse().map_err(ArrowError::InvalidArgumentError)?;
        Ok(Place { geo_type, code: word(&self.code, row).unwrap_or_default().to_owned() })
    }

    fn date(&self, row: usize) -> Result<Date, ArrowError> {
        let days = self.day.as_primitive::<Date32Type>().value(row);
        EPOCH.checked_add(days.days()).map_err(|fault| ArrowError::ExternalError(Box::new(fault)))
    }
}

#[cfg(test)]
#[path = "alert_batches_tests.rs"]
mod tests;
