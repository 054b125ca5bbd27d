//! Tables that queries may read besides sources, marts and indicators: `as_of`, `feeds`, `fetches`.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use arrow::array::{
    Array, ArrayRef, AsArray as _, Date32Array, Float64Array, Int64Array, RecordBatch, StringArray,
};
use arrow::datatypes::{DataType, Date32Type, Field, Schema};
use datafusion::common::Column;
use datafusion::execution::context::SessionContext;
use datafusion::logical_expr::Expr;
use jiff::civil::Date;
use vigie_queries::{ColumnType, Contract, Kind, Vocabulary, date_fr};

use crate::Error;
use crate::revisions::Settling;
use crate::run::register as register_batch;

/// Their names.
pub(crate) const TABLES: [&str; 3] = ["as_of", "fetches", "feeds"];

/// Registers them in the run's session, and returns those made here.
///
/// - `as_of`: one row, `day`, the last day the run knows about.
/// - `feeds`: one row a contract, `source, kind, warn_after_hours, error_after_hours, settling_days`
///   (measured where it can be).
/// - `fetches`: the polls of the lake, `source, outcome, issued_at`; empty when the session has no such table.
pub(crate) async fn register(
    ctx: &SessionContext,
    inner: &SessionContext,
    vocabulary: &Vocabulary,
    settling: &BTreeMap<String, Settling>,
    as_of_day: Date,
) -> Result<BTreeMap<String, RecordBatch>, Error> {
    let made = BTreeMap::from([
        ("as_of".to_owned(), as_of(as_of_day)?),
        ("feeds".to_owned(), feeds(vocabulary, settling)?),
    ]);
    for (table, batch) in &made {
        register_batch(inner, table, batch)?;
    }
    register_batch(inner, "fetches", &fetches(ctx).await?)?;
    Ok(made)
}

/// Days since 1970-01-01, as Arrow stores a date.
pub(crate) fn date32(day: Date) -> i32 {
    let epoch = jiff::civil::date(1970, 1, 1);
    day.since((jiff::Unit::Day, epoch)).map_or(0, |span| span.get_days())
}

/// The date of a number of days since 1970-01-01.
#[must_use]
pub fn date_of(days: i32) -> Option<Date> {
    jiff::civil::date(1970, 1, 1).checked_add(jiff::Span::new().try_days(days).ok()?).ok()
}

fn as_of(day: Date) -> Result<RecordBatch, Error> {
    batch("as_of", vec![("day", Arc::new(Date32Array::from(vec![date32(day)])))])
}

fn feeds(vocabulary: &Vocabulary, settling: &BTreeMap<String, Settling>) -> Result<RecordBatch, Error> {
    let contracts: Vec<_> = vocabulary.contracts().collect();
    let source: StringArray = contracts.iter().map(|contract| Some(contract.name())).collect();
    let kind: StringArray = contracts
        .iter()
        .map(|contract| Some(if contract.kind == Kind::Snapshot { "snapshot" } else { "increment" }))
        .collect();
    let hours = |duration: jiff::SignedDuration| duration.as_secs_f64() / 3600.0;
    let warn: Float64Array = contracts.iter().map(|c| Some(hours(c.cadence.warn_after))).collect();
    let error: Float64Array = contracts.iter().map(|c| Some(hours(c.cadence.error_after))).collect();
    let days = |contract: &&Contract| settling.get(contract.name()).map(Settling::days);
    let settling: Int64Array =
        contracts.iter().map(|c| Some(i64::from(days(c).unwrap_or(c.cadence.settling_days)))).collect();
    batch(
        "feeds",
        vec![
            ("source", Arc::new(source)),
            ("kind", Arc::new(kind)),
            ("warn_after_hours", Arc::new(warn)),
            ("error_after_hours", Arc::new(error)),
            ("settling_days", Arc::new(settling)),
        ],
    )
}

/// Days whose file was asked for and never read, by source; none when the session has no polls.
pub(crate) async fn missing_files(ctx: &SessionContext) -> Result<BTreeMap<String, BTreeSet<i32>>, Error> {
    let fault = |source| Error::Table { table: "fetches".to_owned(), source: Box::new(source) };
    let mut found: BTreeMap<String, BTreeSet<i32>> = BTreeMap::new();
    if !ctx.table_exist("fetches").map_err(fault)? {
        return Ok(found);
    }
    let table = ctx.table("fetches").await.map_err(fault)?;
    if !table.schema().has_column_with_unqualified_name("asked_day") {
        return Ok(found);
    }
    let query = "select source, asked_day from fetches where asked_day is not null
                 group by source, asked_day having bool_and(outcome in ('failed', 'rejected'))";
    let batches = ctx.sql(query).await.map_err(fault)?.collect().await.map_err(fault)?;
    for batch in &batches {
        let (sources, days) =
            (batch.column(0).as_string::<i32>(), batch.column(1).as_primitive::<Date32Type>());
        for row in 0..batch.num_rows() {
            found.entry(sources.value(row).to_owned()).or_default().insert(days.value(row));
        }
    }
    Ok(found)
}

/// What is said of a gap that a missing file explains.
pub(crate) fn missing_file_fr(day: i32) -> String {
    let day = date_fr(date_of(day).unwrap_or_default());
    format!("le fichier du {day} n’a pas été reçu de son éditeur")
}

async fn fetches(ctx: &SessionContext) -> Result<RecordBatch, Error> {
    let fault = |source| Error::Table { table: "fetches".to_owned(), source: Box::new(source) };
    let columns = ["source", "outcome", "issued_at"];
    let schema = Arc::new(Schema::new(vec![
        Field::new("source", DataType::Utf8, true),
        Field::new("outcome", DataType::Utf8, true),
        Field::new("issued_at", ColumnType::instant(), true),
    ]));
    if !ctx.table_exist("fetches").map_err(fault)? {
        return Ok(RecordBatch::new_empty(schema));
    }
    let frame = ctx.table("fetches").await.map_err(fault)?.select_columns(&columns).map_err(fault)?;
    let order = columns.map(|name| Expr::Column(Column::from_name(name)).sort(true, false));
    let batches = frame.sort(order.to_vec()).map_err(fault)?.collect().await.map_err(fault)?;
    let schema = batches.first().map_or(schema, RecordBatch::schema);
    arrow::compute::concat_batches(&schema, &batches)
        .map_err(|source| Error::Arrow { what: "fetches".to_owned(), source })
}

fn batch(what: &str, columns: Vec<(&str, ArrayRef)>) -> Result<RecordBatch, Error> {
    let fields: Vec<Field> =
        columns.iter().map(|(name, column)| Field::new(*name, column.data_type().clone(), false)).collect();
    let columns = columns.into_iter().map(|(_, column)| column).collect();
    RecordBatch::try_new(Arc::new(Schema::new(fields)), columns)
        .map_err(|source| Error::Arrow { what: what.to_owned(), source })
}
