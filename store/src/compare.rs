//! What an edition changes: a merge of two streams sorted by key, the edition and the state it is issued into.

use std::cmp::Ordering;
use std::sync::Arc;

use arrow::array::{Array, ArrayRef, AsArray, BooleanArray, BooleanBufferBuilder, RecordBatch, UInt32Array};
use arrow::compute::{
    SortColumn, concat_batches, filter_record_batch, lexsort_to_indices, take_record_batch,
};
use arrow::datatypes::{Field, Schema, SchemaRef, TimestampMicrosecondType};
use arrow::row::{OwnedRow, RowConverter, Rows, SortField};
use datafusion::execution::{SendableRecordBatchStream, TaskContext};
use datafusion::physical_plan::ExecutionPlan;
use futures::StreamExt;
use jiff::Timestamp;

use crate::as_of::{LatestPerKeyExec, Request};
use crate::commit::instants;
use crate::error::{engine, misfit};
use crate::parquet_file::conform;
use crate::spec::{AsOf, ISSUED, TableKind, TableSpec, WITHDRAWN, instant, micros};
use crate::{Error, Lake};

/// What an edition changes in a table.
#[derive(Debug, Clone, Default)]
pub struct Change {
    /// Rows to add: key, values, `issued_at`, `withdrawn`; sorted by key and `issued_at`. Empty when nothing changes.
    pub batches: Vec<RecordBatch>,
    /// Rows that are new or changed, and those that keep later editions what they were (see [`Lake::compare`]).
    pub rows_changed: u64,
    /// Keys that a snapshot no longer gives.
    pub rows_withdrawn: u64,
    /// Keys alive in the state the edition was compared to.
    pub keys_known: u64,
    /// Newest `issued_at` of the table's rows and applied fetches, whatever the edition's.
    pub latest_issued_at: Option<Timestamp>,
}

/// The rows of a change, before they are recorded.
fn change_schema(spec: &TableSpec) -> SchemaRef {
    let mut fields: Vec<Field> = spec
        .schema
        .fields()
        .iter()
        .map(|field| Field::new(field.name(), field.data_type().clone(), !spec.key.contains(field.name())))
        .collect();
    fields.push(Field::new(ISSUED, instant(), false));
    fields.push(Field::new(WITHDRAWN, arrow::datatypes::DataType::Boolean, false));
    Arc::new(Schema::new(fields))
}

/// Turns key and value columns into rows of bytes that compare as the values do.
struct Converters {
    key: RowConverter,
    values: Option<RowConverter>,
    n_key: usize,
    n_columns: usize,
}

impl Converters {
    fn new(spec: &TableSpec) -> Result<Self, Error> {
        let fields: Vec<SortField> =
            spec.schema.fields().iter().map(|field| SortField::new(field.data_type().clone())).collect();
        let converter =
            |fields: &[SortField]| RowConverter::new(fields.to_vec()).map_err(engine("compare", &spec.name));
        let n_key = spec.key.len();
        let values = (fields.len() > n_key).then(|| converter(&fields[n_key..])).transpose()?;
        Ok(Self { key: converter(&fields[..n_key])?, values, n_key, n_columns: fields.len() })
    }

    fn rows(&self, table: &str, batch: &RecordBatch) -> Result<(Rows, Option<Rows>), Error> {
        let columns = batch.columns();
        let key = self.key.convert_columns(&columns[..self.n_key]).map_err(engine("compare", table))?;
        let values = match &self.values {
            Some(converter) => Some(
                converter
                    .convert_columns(&columns[self.n_key..self.n_columns])
                    .map_err(engine("compare", table))?,
            ),
            None => None,
        };
        Ok((key, values))
    }
}

/// Walks a state in key order.
struct State<'a> {
    table: &'a str,
    converters: &'a Converters,
    stream: Option<SendableRecordBatchStream>,
    loaded: Option<Loaded>,
    /// Rows chosen in batches already walked.
    chosen: Vec<RecordBatch>,
    n_rows: u64,
}

struct Loaded {
    batch: RecordBatch,
    key: Rows,
    values: Option<Rows>,
    at: usize,
    chosen: Vec<u32>,
}

impl<'a> State<'a> {
    fn new(table: &'a str, converters: &'a Converters, stream: Option<SendableRecordBatchStream>) -> Self {
        Self { table, converters, stream, loaded: None, chosen: Vec::new(), n_rows: 0 }
    }

    fn exhausted(&self) -> bool {
        self.loaded.as_ref().is_none_or(|loaded| loaded.at >= loaded.batch.num_rows())
    }

    /// Loads the next batch with rows, if any is left.
    async fn load(&mut self) -> Result<(), Error> {
        self.unload()?;
        while let Some(stream) = &mut self.stream {
            let Some(batch) = stream.next().await else {
                self.stream = None;
                break;
            };
            let batch = batch.map_err(engine("reading", self.table))?;
            if batch.num_rows() > 0 {
                self.n_rows += batch.num_rows() as u64;
                let (key, values) = self.converters.rows(self.table, &batch)?;
                self.loaded = Some(Loaded { batch, key, values, at: 0, chosen: Vec::new() });
                break;
            }
        }
        Ok(())
    }

    fn unload(&mut self) -> Result<(), Error> {
        if let Some(loaded) = self.loaded.take()
            && !loaded.chosen.is_empty()
        {
            let rows = UInt32Array::from(loaded.chosen);
            self.chosen.push(take_record_batch(&loaded.batch, &rows).map_err(engine("compare", self.table))?);
        }
        Ok(())
    }
}

impl Loaded {
    fn choose(&mut self) {
        // A batch has at most a few thousand rows.
        self.chosen.push(u32::try_from(self.at).unwrap_or(u32::MAX));
    }
}

impl Lake {
    /// What an edition (batches in the schema of the table, sorted by key, without duplicate key) changes against
    /// the state as of its `issued_at`, all that is recorded so far included.
    ///
    /// - A row is changed when its key is new or a value differs (missing equals missing).
    /// - A snapshot that lacks a known key withdraws it; an increment withdraws nothing.
    /// - An edition older than one already applied must not alter what later editions said. What it changes is
    ///   therefore stated again, as it was, from the next edition on (snapshots only: an increment does not say
    ///   which keys it confirmed).
    ///
    /// Take the table's lock first.
    ///
    /// # Errors
    /// [`Error::Misfit`] when the edition does not fit, is not sorted, or has a key twice; [`Error::Engine`] when the
    /// state cannot be read.
    pub async fn compare(
        &self,
        spec: &TableSpec,
        edition: &[RecordBatch],
        issued_at: Timestamp,
    ) -> Result<Change, Error> {
        let snapshot = spec.kind == TableKind::Versioned { snapshot: true };
        let fetched = if self.has_files(spec)? {
            self.last_fetch(&spec.name).await?.and_then(|fetch| fetch.issued_at)
        } else {
            None
        };
        self.difference(spec, edition, issued_at, fetched, snapshot).await
    }

    /// As [`Lake::compare`] for a table that runs fill, whose editions all have rows in the table.
    pub(crate) async fn compare_derived(
        &self,
        spec: &TableSpec,
        edition: &[RecordBatch],
        issued_at: Timestamp,
    ) -> Result<Change, Error> {
        self.difference(spec, edition, issued_at, None, true).await
    }

    fn has_files(&self, spec: &TableSpec) -> Result<bool, Error> {
        Ok(!self.layout().files(&spec.name, Timestamp::MAX)?.is_empty())
    }

    async fn difference(
        &self,
        spec: &TableSpec,
        edition: &[RecordBatch],
        issued_at: Timestamp,
        fetched: Option<Timestamp>,
        restore: bool,
    ) -> Result<Change, Error> {
        let snapshot = spec.kind == TableKind::Versioned { snapshot: true };
        let table = spec.name.as_str();
        let schema = change_schema(spec);
        let edition = fit(spec, edition)?;
        let converters = Converters::new(spec)?;
        let mut state = State::new(table, &converters, self.state(spec, issued_at, false)?);
        let mut pieces: Vec<RecordBatch> = Vec::new();
        let mut last: Option<OwnedRow> = None;
        for batch in &edition {
            let (key, values) = converters.rows(table, batch)?;
            check_order(table, &key, last.as_ref())?;
            last = (batch.num_rows() > 0).then(|| key.row(batch.num_rows() - 1).owned()).or(last);
            let mut changed = BooleanBufferBuilder::new(batch.num_rows());
            for row in 0..batch.num_rows() {
                changed.append(loop {
                    if state.exhausted() {
                        state.load().await?;
                    }
                    let Some(known) = &mut state.loaded else { break true };
                    match known.key.row(known.at).cmp(&key.row(row)) {
                        Ordering::Less => {
                            if snapshot {
                                known.choose();
                            }
                            known.at += 1;
                        }
                        Ordering::Equal => {
                            let differs = match (&values, &known.values) {
                                (Some(values), Some(known_values)) => {
                                    values.row(row) != known_values.row(known.at)
                                }
                                _ => false,
                            };
                            known.at += 1;
                            break differs;
                        }
                        Ordering::Greater => break true,
                    }
                });
            }
            let changed = BooleanArray::new(changed.finish(), None);
            if changed.true_count() > 0 {
                let rows = filter_record_batch(batch, &changed).map_err(engine("compare", table))?;
                pieces.push(dated(spec, &schema, &rows, issued_at, Some(false))?);
            }
        }
        // What is left of the state is not in the edition.
        loop {
            if state.exhausted() {
                state.load().await?;
            }
            let Some(known) = &mut state.loaded else { break };
            if snapshot {
                known.choose();
            }
            known.at += 1;
        }
        state.unload()?;
        let rows_changed: usize = pieces.iter().map(RecordBatch::num_rows).sum();
        let rows_withdrawn: usize = state.chosen.iter().map(RecordBatch::num_rows).sum();
        for vanished in &state.chosen {
            pieces.push(dated(spec, &schema, vanished, issued_at, None)?);
        }
        let mut change = Change {
            batches: if rows_withdrawn > 0 { sorted(spec, &schema, &pieces)? } else { pieces },
            rows_changed: rows_changed as u64,
            rows_withdrawn: rows_withdrawn as u64,
            keys_known: state.n_rows,
            latest_issued_at: self.latest_issue(spec)?.max(fetched),
        };
        if restore && !change.batches.is_empty() && change.latest_issued_at > Some(issued_at) {
            let restored = self.restored(spec, &schema, &converters, &change, issued_at, snapshot).await?;
            if !restored.is_empty() {
                change.rows_changed += restored.iter().map(|batch| batch.num_rows() as u64).sum::<u64>();
                change.batches.extend(restored);
                change.batches = sorted(spec, &schema, &change.batches)?;
            }
        }
        Ok(change)
    }

    /// For a late edition: what the next edition said of the keys it changes, as versions of that next edition.
    async fn restored(
        &self,
        spec: &TableSpec,
        schema: &SchemaRef,
        converters: &Converters,
        change: &Change,
        issued_at: Timestamp,
        snapshot: bool,
    ) -> Result<Vec<RecordBatch>, Error> {
        let Some(next) = self.next_issue(spec, issued_at).await? else { return Ok(Vec::new()) };
        let table = spec.name.as_str();
        let mut state = State::new(table, converters, self.state(spec, next, true)?);
        let mut pieces = Vec::new();
        for batch in &change.batches {
            let (key, _) = converters.rows(table, batch)?;
            let mut unknown: Vec<u32> = Vec::new();
            for row in 0..batch.num_rows() {
                let found = loop {
                    if state.exhausted() {
                        state.load().await?;
                    }
                    let Some(known) = &mut state.loaded else { break false };
                    match known.key.row(known.at).cmp(&key.row(row)) {
                        Ordering::Less => known.at += 1,
                        Ordering::Greater => break false,
                        Ordering::Equal => {
                            if issued_of(&known.batch, known.at) <= micros(issued_at) {
                                known.choose();
                            }
                            known.at += 1;
                            break true;
                        }
                    }
                };
                if !found && snapshot {
                    unknown.push(u32::try_from(row).unwrap_or(u32::MAX));
                }
            }
            if !unknown.is_empty() {
                let rows = take_record_batch(batch, &UInt32Array::from(unknown))
                    .map_err(engine("compare", table))?;
                pieces.push(dated(spec, schema, &rows, next, None)?);
            }
        }
        state.unload()?;
        for known in &state.chosen {
            let known = conform(table, known, schema)?;
            let mut columns = known.columns().to_vec();
            columns[converters.n_columns] = instants(next, known.num_rows());
            pieces.push(batch(spec, schema, columns)?);
        }
        Ok(pieces)
    }

    /// The newest version of each key as of an issue, with all that is recorded, in key order.
    fn state(
        &self,
        spec: &TableSpec,
        issued: Timestamp,
        keep_withdrawn: bool,
    ) -> Result<Option<SendableRecordBatchStream>, Error> {
        let files = self.layout().files(&spec.name, Timestamp::MAX)?;
        if files.is_empty() {
            return Ok(None);
        }
        let mut columns: Vec<String> =
            spec.schema.fields().iter().map(|field| field.name().clone()).collect();
        if keep_withdrawn {
            columns.extend([ISSUED.to_owned(), WITHDRAWN.to_owned()]);
        }
        let as_of = AsOf { issued, recorded: Timestamp::MAX };
        let plan = LatestPerKeyExec::new(Request {
            spec,
            files,
            as_of,
            columns,
            key_filter: None,
            partitions: 1,
            keep_withdrawn,
        })
        .map_err(engine("reading", &spec.name))?;
        let stream =
            plan.execute(0, Arc::new(TaskContext::default())).map_err(engine("reading", &spec.name))?;
        Ok(Some(stream))
    }
}

fn issued_of(batch: &RecordBatch, row: usize) -> i64 {
    batch
        .column_by_name(ISSUED)
        .and_then(|column| column.as_primitive_opt::<TimestampMicrosecondType>())
        .map_or(i64::MAX, |column| column.value(row))
}

/// The edition in the columns of the table, keys without nulls.
fn fit(spec: &TableSpec, edition: &[RecordBatch]) -> Result<Vec<RecordBatch>, Error> {
    let names: Vec<&String> =
        spec.schema.fields().iter().take(spec.key.len()).map(|field| field.name()).collect();
    if names != spec.key.iter().collect::<Vec<_>>() || spec.key.is_empty() {
        return Err(misfit(&spec.name, "the key must be the first columns of the schema"));
    }
    let change = change_schema(spec);
    let all: Vec<usize> = (0..spec.schema.fields().len()).collect();
    let schema: SchemaRef =
        Arc::new(change.project(&all).map_err(|fault| misfit(&spec.name, fault.to_string()))?);
    edition
        .iter()
        .map(|batch| {
            for field in spec.schema.fields() {
                match batch.column_by_name(field.name()) {
                    Some(column) if column.data_type() == field.data_type() => {}
                    Some(column) => {
                        let (found, expected) = (column.data_type(), field.data_type());
                        let what = format!("column {:?} is {found}, expected {expected}", field.name());
                        return Err(misfit(&spec.name, what));
                    }
                    None => return Err(misfit(&spec.name, format!("column {:?} is missing", field.name()))),
                }
            }
            conform(&spec.name, batch, &schema)
        })
        .collect()
}

fn check_order(table: &str, key: &Rows, last: Option<&OwnedRow>) -> Result<(), Error> {
    let fault = || Err(misfit(table, "the edition is not sorted by key, or has a key twice"));
    if key.num_rows() > 0 && last.is_some_and(|last| last.row() >= key.row(0)) {
        return fault();
    }
    if (1..key.num_rows()).any(|row| key.row(row - 1) >= key.row(row)) {
        return fault();
    }
    Ok(())
}

/// Rows with their version columns; `withdrawn` none means that the rows withdraw their keys, without values.
fn dated(
    spec: &TableSpec,
    schema: &SchemaRef,
    rows: &RecordBatch,
    issued_at: Timestamp,
    withdrawn: Option<bool>,
) -> Result<RecordBatch, Error> {
    let n = rows.num_rows();
    let mut columns: Vec<ArrayRef> = Vec::with_capacity(schema.fields().len());
    for (at, field) in spec.schema.fields().iter().enumerate() {
        let is_blank = withdrawn.is_none() && at >= spec.key.len();
        columns.push(if is_blank {
            arrow::array::new_null_array(field.data_type(), n)
        } else {
            Arc::clone(rows.column(at))
        });
    }
    columns.push(instants(issued_at, n));
    columns.push(Arc::new(BooleanArray::from(vec![withdrawn.unwrap_or(true); n])));
    batch(spec, schema, columns)
}

fn batch(spec: &TableSpec, schema: &SchemaRef, columns: Vec<ArrayRef>) -> Result<RecordBatch, Error> {
    RecordBatch::try_new(Arc::clone(schema), columns).map_err(|fault| misfit(&spec.name, fault.to_string()))
}

/// All rows in one batch, sorted by key and issue.
fn sorted(spec: &TableSpec, schema: &SchemaRef, pieces: &[RecordBatch]) -> Result<Vec<RecordBatch>, Error> {
    let all = concat_batches(schema, pieces).map_err(engine("compare", &spec.name))?;
    let by: Vec<SortColumn> = all.columns()[..spec.key.len()]
        .iter()
        .chain(all.column_by_name(ISSUED))
        .map(|values| SortColumn { values: Arc::clone(values), options: None })
        .collect();
    let order = lexsort_to_indices(&by, None).map_err(engine("compare", &spec.name))?;
    Ok(vec![take_record_batch(&all, &order).map_err(engine("compare", &spec.name))?])
}
