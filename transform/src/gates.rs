//! Runs gates: queries that return offending rows ([`vigie_queries::Gate`]).

use std::sync::Arc;
use std::time::Instant;

use arrow::array::{Array, AsArray, RecordBatch};
use arrow::compute::cast;
use arrow::datatypes::{DataType, Date32Type, Field, Float64Type, Schema, SchemaRef};
use datafusion::error::DataFusionError;
use datafusion::prelude::SessionContext;
use futures::StreamExt as _;
use jiff::civil::Date;
use vigie_queries::{Contract, Stage, Vocabulary};

use crate::census::{edition_days_schema, edition_names_schema};
use crate::recent::{recent_rows_schema, recent_schema};
use crate::run::register;
use crate::system::date_of;
use crate::{Error, QueryFault};

/// Rows of a gate that are kept to be shown; the others are counted.
const ROWS_KEPT: usize = 100;

/// A cell of an offending row.
#[derive(Debug, Clone, PartialEq)]
pub enum Found {
    /// A number, printed the way of its readers.
    Number(f64),
    /// Anything else.
    Text(String),
}

/// A row that a gate returned.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Offence {
    /// Place, or the key without its day.
    pub place: Option<String>,
    /// Day.
    pub day: Option<Date>,
    /// Column of the source, or indicator.
    pub column: Option<String>,
    /// What was found.
    pub found: Option<Found>,
    /// What was expected.
    pub expected: Option<Found>,
    /// The sentence, where the query makes it.
    pub message: Option<String>,
}

/// What a gate returned.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Offences {
    /// The first rows, in the order of the query.
    pub rows: Vec<Offence>,
    /// How many rows there are.
    pub count: u64,
}

/// Runs the SQL of a gate. Rows about a column that does not concern it are left out (`concerned`).
///
/// # Errors
/// [`Error::Query`] naming the file; [`Error::Shape`] when a column is missing or of another type.
pub async fn offences(
    ctx: &SessionContext,
    file: &str,
    sql: &str,
    concerned: impl Fn(&str) -> bool,
) -> Result<Offences, Error> {
    let fault = |source| Error::Query { file: file.to_owned(), source: Box::new(source) };
    let started = Instant::now();
    let frame = ctx.sql(sql).await.map_err(fault)?;
    check_shape(file, frame.schema().as_arrow())?;
    let mut stream = frame.execute_stream().await.map_err(fault)?;
    let planned = started.elapsed();
    let mut found = Offences::default();
    while let Some(batch) = stream.next().await {
        for offence in read(file, &batch.map_err(fault)?)? {
            if offence.column.as_deref().is_some_and(|column| !concerned(column)) {
                continue;
            }
            found.count += 1;
            if found.rows.len() < ROWS_KEPT {
                found.rows.push(offence);
            }
        }
    }
    let ms = |of: std::time::Duration| of.as_secs_f64() * 1e3;
    tracing::debug!(file, plan_ms = ms(planned), ms = ms(started.elapsed()), rows = found.count, "gate run");
    Ok(found)
}

const COLUMNS: [&str; 5] = ["place", "day", "column", "found", "expected"];

fn check_shape(file: &str, schema: &Schema) -> Result<(), Error> {
    for name in COLUMNS {
        if schema.field_with_name(name).is_err() {
            let what = format!("no column {name:?}; a gate yields {} (and message)", COLUMNS.join(", "));
            return Err(Error::Shape { file: file.to_owned(), what });
        }
    }
    Ok(())
}

fn read(file: &str, batch: &RecordBatch) -> Result<Vec<Offence>, Error> {
    let cell = |name: &str, kind: &DataType| {
        let Some(column) = batch.column_by_name(name) else { return Ok(None) };
        cast(column, kind).map(Some).map_err(|cause| Error::Shape {
            file: file.to_owned(),
            what: format!("column {name:?} is {}, expected {kind}: {cause}", column.data_type()),
        })
    };
    let text = |name| cell(name, &DataType::Utf8);
    let (place, column, message) = (text("place")?, text("column")?, text("message")?);
    let day = cell("day", &DataType::Date32)?;
    let said = |name: &str| -> Result<_, Error> {
        let is_number = batch.column_by_name(name).is_some_and(|column| column.data_type().is_numeric());
        Ok((is_number, cell(name, if is_number { &DataType::Float64 } else { &DataType::Utf8 })?))
    };
    let (found, expected) = (said("found")?, said("expected")?);
    let words = |array: &Option<arrow::array::ArrayRef>, row: usize| {
        array
            .as_ref()
            .filter(|array| array.is_valid(row))
            .map(|array| array.as_string::<i32>().value(row).to_owned())
    };
    let value = |(is_number, array): &(bool, Option<arrow::array::ArrayRef>), row: usize| {
        let array = array.as_ref().filter(|array| array.is_valid(row))?;
        Some(match is_number {
            true => Found::Number(array.as_primitive::<Float64Type>().value(row)),
            false => Found::Text(array.as_string::<i32>().value(row).to_owned()),
        })
    };
    Ok((0..batch.num_rows())
        .map(|row| Offence {
            place: words(&place, row),
            day: day
                .as_ref()
                .filter(|days| days.is_valid(row))
                .and_then(|days| date_of(days.as_primitive::<Date32Type>().value(row))),
            column: words(&column, row),
            found: value(&found, row),
            expected: value(&expected, row),
            message: words(&message, row),
        })
        .collect())
}

/// Columns of the table `edition_facts`: one row about the edition as a whole.
#[must_use]
pub fn edition_facts_schema() -> SchemaRef {
    let text = |name: &str| Field::new(name, DataType::Utf8, true);
    let count = |name: &str| Field::new(name, DataType::Int64, true);
    Arc::new(Schema::new(vec![
        text("source"),
        Field::new("issued_at", vigie_queries::ColumnType::instant(), true),
        count("n_rows"),
        count("keys_known"),
        count("rows_changed"),
        count("rows_withdrawn"),
        count("rows_again"),
        count("rows_revised"),
        Field::new("is_dated", DataType::Boolean, true),
        count("one_in"),
        text("encoding"),
        text("encoding_before"),
        text("delimiter"),
        text("delimiter_before"),
        text("compression"),
        text("compression_before"),
    ]))
}

/// Plans every gate over empty tables: says which cannot run, and why. Those of the stage `bulletin` are planned in `bulletin`,
/// a session that holds what they read.
///
/// # Errors
/// [`Error::Table`] when the empty tables cannot be made.
pub async fn check_gates(
    vocabulary: &Vocabulary,
    bulletin: &SessionContext,
) -> Result<Vec<QueryFault>, Error> {
    let ctx = SessionContext::new_with_config(bulletin.copied_config());
    for contract in vocabulary.contracts() {
        register(&ctx, contract.name(), &RecordBatch::new_empty(contract.schema()))?;
    }
    register(&ctx, "recent", &RecordBatch::new_empty(recent_schema()))?;
    register(&ctx, "recent_rows", &RecordBatch::new_empty(recent_rows_schema()))?;
    register(&ctx, "edition_facts", &RecordBatch::new_empty(edition_facts_schema()))?;
    register(&ctx, "edition_names", &RecordBatch::new_empty(edition_names_schema()))?;
    register(&ctx, "edition_days", &RecordBatch::new_empty(edition_days_schema()))?;
    let mut faults = Vec::new();
    for gate in vocabulary.gates(Stage::Fetch) {
        // One contract tells: the tables are the same for all, unless the gate reads the source itself.
        let reads_source =
            gate.sql.contains("{source}") || gate.sql.contains("{key}") || gate.sql.contains("edition");
        let concerned = vocabulary.contracts().filter(|contract| gate.on_source(contract).is_some());
        for contract in concerned.take(if reads_source { usize::MAX } else { 1 }) {
            if let Err(fault) = check_one(&ctx, contract, gate).await {
                faults.push(fault.told(vocabulary, &gate.id, &gate.file, &gate.sql));
                break;
            }
        }
    }
    for gate in vocabulary.gates(Stage::Bulletin) {
        if let Err(fault) = plan(bulletin, &gate.file, &gate.on_bulletin()).await {
            faults.push(fault.told(vocabulary, &gate.id, &gate.file, &gate.sql));
        }
    }
    Ok(faults)
}

async fn plan(ctx: &SessionContext, file: &str, sql: &str) -> Result<(), Error> {
    let fault = |source: DataFusionError| Error::Query { file: file.to_owned(), source: Box::new(source) };
    let frame = ctx.sql(sql).await.map_err(fault)?;
    check_shape(file, frame.schema().as_arrow())?;
    frame.create_physical_plan().await.map_err(fault)?;
    Ok(())
}

async fn check_one(
    ctx: &SessionContext,
    contract: &Contract,
    gate: &vigie_queries::Gate,
) -> Result<(), Error> {
    let Some(ready) = gate.on_source(contract) else { return Ok(()) };
    register(ctx, "edition", &RecordBatch::new_empty(contract.schema()))?;
    plan(ctx, &gate.file, &ready.sql).await
}
