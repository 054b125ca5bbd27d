//! Runs the vocabulary's queries, each after those it reads.
//!
//! The run has a session of its own: it reads each source table once, all of them side by side, computes marts and indicators from memory, two
//! at a time where they do not depend on each other, and hands its tables to the caller's session at the end. A run
//! that fails leaves the caller's session as it was. A query that cannot run does not end the run: it is left out with those that
//! read it, and told ([`Computed::failed`]); one slip in a file of an agency's own must not silence all alerts.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Instant;

use arrow::array::{AsArray as _, BooleanArray, RecordBatch};
use arrow::compute::{cast, concat_batches, filter_record_batch, max};
use arrow::datatypes::{DataType, Date32Type, SchemaRef};
use datafusion::common::Column;
use datafusion::common::runtime::SpawnedTask;
use datafusion::dataframe::DataFrame;
use datafusion::datasource::MemTable;
use datafusion::error::DataFusionError;
use datafusion::execution::context::SessionContext;
use datafusion::logical_expr::Expr;
use futures::StreamExt;
use futures::stream::FuturesUnordered;
use jiff::civil::Date;
use rayon::prelude::*;
use vigie_queries::{GeoType, Query, QueryKind, Vocabulary};

use crate::computed::Computed;
use crate::revisions::{self, Settling};
use crate::rows;
use crate::system;
use crate::{Error, QueryFault};

/// Queries under way at the same time. Each runs on one thread, so that rows keep the order their query gave them.
const SIDE_BY_SIDE: usize = 4;

/// Computes every mart and indicator of the vocabulary as of a day.
///
/// - **In**: a session in which the source tables are registered under their names (and `<source>_versions` for the
///   queries that read versions), and possibly the log `fetches`.
/// - **Out**: the rows of the table `indicators`, days and weeks, sorted by its key. Marts and indicators are then
///   registered in `ctx` under their ids, besides `as_of` and `feeds`, for whoever prints from them.
/// - **Provisional**: a value younger than the settling time of a source is `partial`; that time is measured where the
///   session has the views of revisions ([`crate::register_revisions`]) and history enough, else the contract's.
/// - **Order**: the same tables and day give the same rows in the same order.
///
/// # Errors
/// [`Error::Query`] when the machine fails a query (memory, disk), [`Error::Table`] naming a table that cannot be read. A query
/// that is itself at fault is no error of the run: see [`Computed::failed`].
pub async fn compute(
    ctx: &SessionContext,
    vocabulary: &Vocabulary,
    as_of_day: Date,
) -> Result<Computed, Error> {
    run(ctx, vocabulary, vocabulary.queries().iter().collect(), as_of_day, None).await
}

/// Whether the values of a place, told by its kind and code, are wanted.
pub type Wanted<'a> = &'a (dyn Fn(GeoType, &str) -> bool + Sync);

/// [`compute`], the values of some places only. Everything is queried all the same, so that a value is what it is among
/// all of them; what is left out is not made into rows of the table `indicators`.
///
/// # Errors
/// As [`compute`].
pub async fn compute_where(
    ctx: &SessionContext,
    vocabulary: &Vocabulary,
    as_of_day: Date,
    wanted: Wanted<'_>,
) -> Result<Computed, Error> {
    run(ctx, vocabulary, vocabulary.queries().iter().collect(), as_of_day, Some(wanted)).await
}

/// [`compute`] for one indicator and the marts it reads.
#[cfg(test)]
pub(crate) async fn compute_one(
    ctx: &SessionContext,
    vocabulary: &Vocabulary,
    id: &str,
    as_of_day: Date,
) -> Result<Computed, Error> {
    let mut wanted = BTreeSet::from([id]);
    for query in vocabulary.queries().iter().rev() {
        if wanted.contains(query.id.as_str()) {
            wanted.extend(query.sources.iter().map(String::as_str));
        }
    }
    let queries = vocabulary.queries().iter().filter(|query| wanted.contains(query.id.as_str())).collect();
    run(ctx, vocabulary, queries, as_of_day, None).await
}

async fn run(
    ctx: &SessionContext,
    vocabulary: &Vocabulary,
    queries: Vec<&Query>,
    as_of_day: Date,
    wanted: Option<Wanted<'_>>,
) -> Result<Computed, Error> {
    let inner =
        SessionContext::new_with_config_rt(ctx.copied_config().with_target_partitions(1), ctx.runtime_env());
    let mut reading = Vec::new();
    for table in tables_read(vocabulary, &queries) {
        reading.push(SpawnedTask::spawn(read_table(frame_of(ctx, vocabulary, &table).await?, table)));
    }
    let settling = revisions::measure(ctx, vocabulary).await?;
    let mut made = system::register(ctx, &inner, vocabulary, &settling, as_of_day).await?;
    let missing_files = system::missing_files(ctx).await?;
    let mut absent: BTreeMap<String, BTreeMap<i32, String>> = BTreeMap::new();
    let mut last_days = BTreeMap::new();
    for read in reading {
        let (table, batch) = read.join().await.map_err(|gone| Error::Table {
            table: "a source".to_owned(),
            source: Box::new(DataFusionError::External(Box::new(gone))),
        })??;
        last_days.insert(table.clone(), last_day(&batch));
        if let Some(days) = missing_files.get(&table) {
            absent.insert(table.clone(), without_rows(&batch, days));
        }
        register(&inner, &table, &batch)?;
    }

    let (mut results, mut failed) = run_queries(&inner, vocabulary, &queries).await?;
    let mut indicators: Vec<&Query> =
        queries.into_iter().filter(|query| query.kind == QueryKind::Indicator).collect();
    indicators.sort_by(|left, right| left.id.cmp(&right.id));
    let to_rows = |query: &Query, batch: &RecordBatch| {
        let settling_days = vocabulary
            .sources_of(&query.id)
            .into_iter()
            .filter_map(|source| settling.get(source))
            .map(Settling::days)
            .max()
            .unwrap_or(0);
        let kept = wanted.map(|wanted| of_places(query, batch, wanted)).transpose()?;
        let sources = vocabulary.sources_of(&query.id);
        let absent = sources.into_iter().filter_map(|source| absent.get(source)).flatten();
        let absent = absent.map(|(day, why)| (*day, why.as_str())).collect();
        rows::of_indicator(query, kept.as_ref().unwrap_or(batch), settling_days, as_of_day, &absent)
    };
    let made_of: Vec<_> = indicators
        .par_iter()
        .filter_map(|query| {
            results.get(&query.id).map(|batch| to_rows(query, batch)).map(|made| (query, made))
        })
        .collect();
    let mut batches = Vec::with_capacity(made_of.len());
    for (query, rows) in made_of {
        match rows {
            Ok(batch) => batches.push(batch),
            Err(fault) if fault.is_of_the_query() => {
                failed.push(fault.told(vocabulary, &query.id, &query.file, &query.sql));
            }
            Err(fault) => return Err(fault),
        }
    }
    failed.sort_by(|left, right| left.id.cmp(&right.id));
    for fault in &failed {
        results.remove(&fault.id);
    }

    made.append(&mut results);
    for (table, batch) in &made {
        register(ctx, table, batch)?;
    }
    Ok(Computed { indicators: batches, settling, last_days, failed })
}

/// Of days whose file is missing, those of which the table has no row, and what is said of them: it is not those who
/// report that are missing.
fn without_rows(batch: &RecordBatch, days: &BTreeSet<i32>) -> BTreeMap<i32, String> {
    let column =
        batch.column_by_name("time_value").and_then(|column| column.as_primitive_opt::<Date32Type>());
    let Some(column) = column else { return BTreeMap::new() };
    let given: BTreeSet<i32> = column.iter().flatten().filter(|day| days.contains(day)).collect();
    days.difference(&given).map(|day| (*day, system::missing_file_fr(*day))).collect()
}

/// The newest `time_value` of a table, where that is a day.
fn last_day(batch: &RecordBatch) -> Option<Date> {
    let days = batch.column_by_name("time_value")?.as_primitive_opt::<Date32Type>()?;
    system::date_of(max(days)?)
}

/// The rows of some places. A batch that does not name its places stays whole: its shape is told later.
fn of_places(query: &Query, batch: &RecordBatch, wanted: Wanted<'_>) -> Result<RecordBatch, Error> {
    let text = |name: &str| {
        let column = cast(batch.column_by_name(name)?, &DataType::Utf8).ok()?;
        Some(column.as_string::<i32>().clone())
    };
    let (Some(kinds), Some(codes)) = (text("geo_type"), text("geo_value")) else { return Ok(batch.clone()) };
    let keep: BooleanArray = kinds
        .iter()
        .zip(&codes)
        .map(|(kind, code)| match (kind.map(str::parse), code) {
            (Some(Ok(kind)), Some(code)) => Some(wanted(kind, code)),
            _ => Some(true),
        })
        .collect();
    filter_record_batch(batch, &keep)
        .map_err(|cause| Error::Shape { file: query.file.clone(), what: cause.to_string() })
}

/// Names of the source tables that some query reads.
fn tables_read(vocabulary: &Vocabulary, queries: &[&Query]) -> BTreeSet<String> {
    queries
        .iter()
        .flat_map(|query| &query.sources)
        .filter(|name| vocabulary.query(name).is_none() && !system::TABLES.contains(&name.as_str()))
        .cloned()
        .collect()
}

/// A source table whole; of a source as of now, only the contract's columns.
async fn frame_of(ctx: &SessionContext, vocabulary: &Vocabulary, table: &str) -> Result<DataFrame, Error> {
    let fault = |source: DataFusionError| Error::Table { table: table.to_owned(), source: Box::new(source) };
    let mut frame = ctx.table(table).await.map_err(fault)?;
    if let Some(contract) = vocabulary.contract(table) {
        let columns: Vec<&str> =
            contract.ordered_columns().iter().map(|column| column.name.get_ref().as_str()).collect();
        frame = frame.select_columns(&columns).map_err(fault)?;
    }
    if let Some(contract) = table.strip_suffix("_versions").and_then(|source| vocabulary.contract(source)) {
        // A merge of closed months changes the order of its files; a sum of decimals must not notice.
        let version = ["issued_at", "recorded_at"].map(String::from);
        let order = contract.key_names().into_iter().chain(version);
        let order = order.map(|name| Expr::Column(Column::from_name(name)).sort(true, false)).collect();
        frame = frame.sort(order).map_err(fault)?;
    }
    Ok(frame)
}

/// Ranges of keys are read side by side and put together in their order, whatever the number of threads.
async fn read_table(frame: DataFrame, table: String) -> Result<(String, RecordBatch), Error> {
    let schema = Arc::clone(frame.schema().inner());
    let parts = frame.collect_partitioned().await;
    let parts = parts.map_err(|source| Error::Table { table: table.clone(), source: Box::new(source) })?;
    let batch = together(&table, schema, &parts.concat())?;
    Ok((table, batch))
}

/// Runs the queries, starting each as soon as those it reads are there. Gives the results, and the queries that cannot run.
async fn run_queries(
    inner: &SessionContext,
    vocabulary: &Vocabulary,
    queries: &[&Query],
) -> Result<(BTreeMap<String, RecordBatch>, Vec<QueryFault>), Error> {
    let ids: BTreeSet<&str> = queries.iter().map(|query| query.id.as_str()).collect();
    let mut waiting: Vec<&Query> = queries.to_vec();
    let mut results: BTreeMap<String, RecordBatch> = BTreeMap::new();
    let mut failed: Vec<QueryFault> = Vec::new();
    let mut under_way = FuturesUnordered::new();
    loop {
        let mut at = 0;
        while at < waiting.len() && under_way.len() < SIDE_BY_SIDE {
            let is_ready = waiting[at]
                .sources
                .iter()
                .all(|source| !ids.contains(source.as_str()) || results.contains_key(source));
            if is_ready {
                let query = waiting.remove(at);
                let task = SpawnedTask::spawn(run_query(inner.clone(), query.clone()));
                under_way.push(async move { (query, task.join().await) });
            } else {
                at += 1;
            }
        }
        let Some((query, outcome)) = under_way.next().await else { break };
        let outcome = outcome.map_err(|gone| Error::Query {
            file: query.file.clone(),
            source: Box::new(DataFusionError::External(Box::new(gone))),
        })?;
        match outcome {
            Ok(batch) => {
                register(inner, &query.id, &batch)?;
                results.insert(query.id.clone(), batch);
            }
            Err(fault) if fault.is_of_the_query() => {
                failed.push(fault.told(vocabulary, &query.id, &query.file, &query.sql));
            }
            Err(fault) => return Err(fault),
        }
    }
    // What is still waiting reads one that failed, if only through another.
    for query in waiting {
        let lacking = query
            .sources
            .iter()
            .find(|source| ids.contains(source.as_str()) && !results.contains_key(*source));
        let what = format!("it reads {:?}, which cannot run", lacking.map_or("", String::as_str));
        failed.push(QueryFault { id: query.id.clone(), file: query.file.clone(), line: 1, what });
    }
    Ok((results, failed))
}

async fn run_query(inner: SessionContext, query: Query) -> Result<RecordBatch, Error> {
    let started = Instant::now();
    let fault = |source| Error::Query { file: query.file.clone(), source: Box::new(source) };
    check_reads(&inner, &query)?;
    let frame = inner.sql(&query.sql).await.map_err(fault)?;
    let schema = Arc::clone(frame.schema().inner());
    let batches = frame.collect().await.map_err(fault)?;
    let batch = together(&query.id, schema, &batches)?;
    tracing::debug!(
        query = query.id,
        rows = batch.num_rows(),
        ms = started.elapsed().as_secs_f64() * 1e3,
        "query run"
    );
    Ok(batch)
}

/// A query may only read what its header names: another one that is there by chance might come later, or not at all.
fn check_reads(inner: &SessionContext, query: &Query) -> Result<(), Error> {
    let state = inner.state();
    let fault = |source| Error::Query { file: query.file.clone(), source: Box::new(source) };
    let dialect = state.config().options().sql_parser.dialect;
    let statement = state.sql_to_statement(&query.sql, &dialect).map_err(fault)?;
    for table in state.resolve_table_references(&statement).map_err(fault)? {
        let table = table.table();
        if !query.sources.iter().any(|source| source == table) && inner.table_exist(table).unwrap_or(false) {
            let what = format!("it reads the table {table:?}, which sources in its header does not name");
            return Err(Error::Shape { file: query.file.clone(), what });
        }
    }
    Ok(())
}

/// One batch of many, under the columns' plain names.
fn together(what: &str, schema: SchemaRef, batches: &[RecordBatch]) -> Result<RecordBatch, Error> {
    let schema = batches.first().map_or(schema, RecordBatch::schema);
    concat_batches(&schema, batches).map_err(|source| Error::Arrow { what: what.to_owned(), source })
}

/// Registers a table under a name, in the place of the one that has it.
pub(crate) fn register(ctx: &SessionContext, table: &str, batch: &RecordBatch) -> Result<(), Error> {
    let fault = |source: DataFusionError| Error::Table { table: table.to_owned(), source: Box::new(source) };
    let provider = MemTable::try_new(batch.schema(), vec![vec![batch.clone()]]).map_err(fault)?;
    ctx.deregister_table(table).map_err(fault)?;
    ctx.register_table(table, Arc::new(provider)).map_err(fault)?;
    Ok(())
}
