//! Parts of the comparison: keys as comparable bytes, a walk through a state, rows picked from several batches.

use std::sync::Arc;

use arrow::array::{ArrayRef, AsArray, BooleanArray, RecordBatch, UInt32Array};
use arrow::compute::{interleave_record_batch, take_record_batch};
use arrow::datatypes::{DataType, Field, Schema, SchemaRef, TimestampMicrosecondType};
use arrow::row::{OwnedRow, RowConverter, Rows, SortField};
use datafusion::execution::SendableRecordBatchStream;
use futures::StreamExt;
use jiff::Timestamp;

use crate::Error;
use crate::commit::instants;
use crate::draft::Draft;
use crate::error::{engine, misfit};
use crate::parquet_file::conform;
use crate::spec::{ISSUED, TableSpec, WITHDRAWN, instant};

/// Rows gathered before they are written.
const ROWS_AT_ONCE: usize = 8192;
/// Batches they may come from.
const SOURCES_AT_ONCE: usize = 16;

/// The rows of a change, before they are recorded: key, values, `issued_at`, `withdrawn`.
pub(crate) fn change_schema(spec: &TableSpec) -> SchemaRef {
    let mut fields: Vec<Field> = spec
        .schema
        .fields()
        .iter()
        .map(|field| Field::new(field.name(), field.data_type().clone(), !spec.key.contains(field.name())))
        .collect();
    fields.push(Field::new(ISSUED, instant(), false));
    fields.push(Field::new(WITHDRAWN, DataType::Boolean, false));
    Arc::new(Schema::new(fields))
}

/// Turns key and value columns into rows of bytes that compare as the values do.
pub(crate) struct Converters {
    key: RowConverter,
    values: Option<RowConverter>,
    n_key: usize,
    n_columns: usize,
}

impl Converters {
    pub(crate) fn new(spec: &TableSpec) -> Result<Self, Error> {
        let fields: Vec<SortField> =
            spec.schema.fields().iter().map(|field| SortField::new(field.data_type().clone())).collect();
        let converter =
            |fields: &[SortField]| RowConverter::new(fields.to_vec()).map_err(engine("compare", &spec.name));
        let n_key = spec.key.len();
        let values = (fields.len() > n_key).then(|| converter(&fields[n_key..])).transpose()?;
        Ok(Self { key: converter(&fields[..n_key])?, values, n_key, n_columns: fields.len() })
    }

    pub(crate) fn key(&self, table: &str, batch: &RecordBatch) -> Result<Rows, Error> {
        self.key.convert_columns(&batch.columns()[..self.n_key]).map_err(engine("compare", table))
    }

    /// None for a table that has keys only.
    pub(crate) fn values(&self, table: &str, batch: &RecordBatch) -> Result<Option<Rows>, Error> {
        let columns = &batch.columns()[self.n_key..self.n_columns];
        let convert = |converter: &RowConverter| converter.convert_columns(columns);
        self.values.as_ref().map(convert).transpose().map_err(engine("compare", table))
    }
}

/// Refuses keys that do not rise.
pub(crate) fn check_order(table: &str, key: &Rows, last: Option<&OwnedRow>) -> Result<(), Error> {
    let starts_late = key.num_rows() > 0 && last.is_some_and(|last| last.row() >= key.row(0));
    if starts_late || (1..key.num_rows()).any(|row| key.row(row - 1) >= key.row(row)) {
        return Err(misfit(table, "the edition is not sorted by key, or has a key twice"));
    }
    Ok(())
}

/// Walks a state in key order.
pub(crate) struct State<'a> {
    table: &'a str,
    converters: &'a Converters,
    with_values: bool,
    stream: Option<SendableRecordBatchStream>,
    loaded: Option<Loaded>,
    n_rows: u64,
}

/// The batch of a state that is being walked.
pub(crate) struct Loaded {
    pub(crate) source: Source,
    pub(crate) key: Rows,
    pub(crate) values: Option<Rows>,
    pub(crate) at: usize,
}

impl<'a> State<'a> {
    /// A walk; `with_values` when values are compared too.
    pub(crate) fn new(
        table: &'a str,
        converters: &'a Converters,
        stream: Option<SendableRecordBatchStream>,
        with_values: bool,
    ) -> Self {
        Self { table, converters, with_values, stream, loaded: None, n_rows: 0 }
    }

    /// Rows loaded so far: all of them once the end is reached.
    pub(crate) fn n_rows(&self) -> u64 {
        self.n_rows
    }

    /// Whether [`State::load`] must come before [`State::row`].
    pub(crate) fn must_load(&self) -> bool {
        match &self.loaded {
            Some(loaded) => loaded.at >= loaded.key.num_rows(),
            None => self.stream.is_some(),
        }
    }

    /// Loads the next batch with rows, if any is left.
    pub(crate) async fn load(&mut self) -> Result<(), Error> {
        self.loaded = None;
        while let Some(stream) = &mut self.stream {
            let Some(batch) = stream.next().await else {
                self.stream = None;
                break;
            };
            let batch = batch.map_err(engine("reading", self.table))?;
            if batch.num_rows() > 0 {
                self.n_rows += batch.num_rows() as u64;
                let key = self.converters.key(self.table, &batch)?;
                let values =
                    if self.with_values { self.converters.values(self.table, &batch)? } else { None };
                self.loaded = Some(Loaded { source: Source::new(batch), key, values, at: 0 });
                break;
            }
        }
        Ok(())
    }

    /// The batch with the next row, none at the end.
    pub(crate) fn row(&mut self) -> Option<&mut Loaded> {
        self.loaded.as_mut()
    }
}

/// What picked rows say once they are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Says {
    /// These values, from this issue on.
    Values(Timestamp),
    /// Nothing any more, from this issue on.
    Gone(Timestamp),
    /// What they said, withdrawn or not, once more from this issue on.
    Again(Timestamp),
    /// What they say already.
    AsItIs,
}

/// A batch that rows are picked from.
pub(crate) struct Source {
    pub(crate) batch: RecordBatch,
    /// Its place among the batches gathered now: in which turn, as saying what, where.
    places: Vec<(u64, Says, usize)>,
}

impl Source {
    pub(crate) fn new(batch: RecordBatch) -> Self {
        Self { batch, places: Vec::new() }
    }

    /// When a row of a state that carries its version was issued.
    pub(crate) fn issued(&self, row: usize) -> i64 {
        self.batch
            .column_by_name(ISSUED)
            .and_then(|column| column.as_primitive_opt::<TimestampMicrosecondType>())
            .map_or(i64::MAX, |column| column.value(row))
    }
}

/// Rows picked in order from several batches, on their way into a draft.
pub(crate) struct Picks<'a> {
    spec: &'a TableSpec,
    schema: SchemaRef,
    draft: Draft,
    batches: Vec<RecordBatch>,
    rows: Vec<(usize, usize)>,
    turn: u64,
}

impl<'a> Picks<'a> {
    pub(crate) fn new(spec: &'a TableSpec, draft: Draft) -> Self {
        Self { spec, schema: change_schema(spec), draft, batches: Vec::new(), rows: Vec::new(), turn: 1 }
    }

    /// Adds a row.
    pub(crate) fn pick(&mut self, source: &mut Source, row: usize, says: Says) -> Result<(), Error> {
        source.places.retain(|(turn, _, _)| *turn == self.turn);
        let known = source.places.iter().find(|(_, said, _)| *said == says).map(|(_, _, at)| *at);
        let at = match known {
            Some(at) => at,
            None => {
                self.batches.push(self.said(&source.batch, says)?);
                source.places.push((self.turn, says, self.batches.len() - 1));
                self.batches.len() - 1
            }
        };
        self.rows.push((at, row));
        if self.rows.len() >= ROWS_AT_ONCE || self.batches.len() >= SOURCES_AT_ONCE {
            self.flush()?;
        }
        Ok(())
    }

    /// The draft with everything in it.
    pub(crate) fn finish(mut self) -> Result<Draft, Error> {
        self.flush()?;
        Ok(self.draft)
    }

    fn flush(&mut self) -> Result<(), Error> {
        let Some((first, last)) = self.rows.first().zip(self.rows.last()) else { return Ok(()) };
        let fault = || engine::<arrow::error::ArrowError>("compare", &self.spec.name);
        let batch = if self.batches.len() > 1 {
            let batches: Vec<&RecordBatch> = self.batches.iter().collect();
            interleave_record_batch(&batches, &self.rows).map_err(fault())?
        } else if last.1 - first.1 + 1 == self.rows.len() {
            self.batches[0].slice(first.1, self.rows.len())
        } else {
            let rows: UInt32Array =
                self.rows.iter().map(|(_, row)| u32::try_from(*row).unwrap_or(u32::MAX)).collect();
            take_record_batch(&self.batches[0], &rows).map_err(fault())?
        };
        self.draft.write(&batch)?;
        self.batches.clear();
        self.rows.clear();
        self.turn += 1;
        Ok(())
    }

    /// The rows of a batch in the columns of a change.
    fn said(&self, batch: &RecordBatch, says: Says) -> Result<RecordBatch, Error> {
        let n = batch.num_rows();
        let (at, gone) = match says {
            Says::AsItIs => return conform(&self.spec.name, batch, &self.schema),
            Says::Values(at) => (at, Some(false)),
            Says::Gone(at) => (at, Some(true)),
            Says::Again(at) => (at, None),
        };
        let mut columns: Vec<ArrayRef> = Vec::with_capacity(self.schema.fields().len());
        for (position, field) in self.spec.schema.fields().iter().enumerate() {
            let is_blank = gone == Some(true) && position >= self.spec.key.len();
            columns.push(if is_blank {
                arrow::array::new_null_array(field.data_type(), n)
            } else {
                Arc::clone(batch.column(position))
            });
        }
        columns.push(instants(at, n));
        columns.push(match gone {
            Some(gone) => Arc::new(BooleanArray::from(vec![gone; n])),
            None => batch
                .column_by_name(WITHDRAWN)
                .cloned()
                .ok_or_else(|| misfit(&self.spec.name, "the state does not say what is withdrawn"))?,
        });
        RecordBatch::try_new(Arc::clone(&self.schema), columns)
            .map_err(|fault| misfit(&self.spec.name, fault.to_string()))
    }
}
