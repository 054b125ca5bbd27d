//! Keys of rows that were set aside although their key could be read: the publisher still gives such a key, so that a
//! snapshot with a bad value for it must not be taken for one that withdraws it.

use arrow::array::{AsArray, RecordBatch};
use arrow::datatypes::{
    DataType, Date32Type, Float64Type, Int64Type, Schema, SchemaRef, TimestampMicrosecondType,
};
use vigie_queries::Contract;

use crate::Error;
use crate::limits::Limits;
use crate::table::{Stored, Table, Value};

/// Keys that are kept: as many as findings about single rows.
const KEYS_MAX: usize = crate::check::ROW_FINDINGS_MAX;

/// Keys of rows set aside.
#[derive(Debug, Default)]
pub struct KeysAside {
    /// Key columns of the contract and the line, by key; a key may come more than once.
    pub batches: Vec<RecordBatch>,
    /// There are more of them than are kept, or the body may be cut: any key may be among them.
    pub is_cut: bool,
}

/// Gathers them.
#[derive(Debug)]
pub(crate) struct Gathered {
    table: Table,
    /// Key columns, then the line.
    schema: SchemaRef,
    values: Vec<Value>,
    is_cut: bool,
}

impl Gathered {
    /// `lined` are the columns of the contract and the line.
    pub(crate) fn new(contract: &Contract, lined: &Schema) -> Self {
        let n_key = contract.key.len();
        let line = lined.fields().len() - 1;
        let fields = lined.fields()[..n_key].iter().chain([&lined.fields()[line]]).cloned();
        let schema = Schema::new(fields.collect::<Vec<_>>());
        let stored =
            schema.fields()[..n_key].iter().map(|field| Stored::new(field.data_type(), true)).collect();
        Self { table: Table::new(stored, n_key), schema: schema.into(), values: Vec::new(), is_cut: false }
    }

    /// Whether one more is kept; if not, that is remembered.
    pub(crate) fn has_room(&mut self) -> bool {
        self.is_cut |= self.table.rows() >= KEYS_MAX;
        !self.is_cut
    }

    /// Adds the next column of a key, given with the text of its word where it is one.
    pub(crate) fn column(&mut self, value: Value, word: Option<&str>) {
        let slot = self.values.len();
        let value = match word {
            Some(word) => self.table.keep_word(slot, word.as_bytes(), word, None),
            None => value,
        };
        self.values.push(value);
    }

    /// Ends a key, or forgets one of which a column could not be read.
    pub(crate) fn end(&mut self, line: u64, is_whole: bool) {
        if is_whole {
            self.table.push(&self.values, b"", b"", line);
        }
        self.values.clear();
    }

    /// The key of the first row of a batch.
    pub(crate) fn row(&mut self, batch: &RecordBatch, line: u64) {
        if !self.has_room() {
            return;
        }
        for column in &batch.columns()[..self.table.columns.len()] {
            let (value, word) = match column.data_type() {
                DataType::Int64 => (Value::Integer(column.as_primitive::<Int64Type>().value(0)), None),
                DataType::Float64 => (Value::Number(column.as_primitive::<Float64Type>().value(0)), None),
                DataType::Date32 => (Value::Day(column.as_primitive::<Date32Type>().value(0)), None),
                DataType::Timestamp(..) => {
                    (Value::Instant(column.as_primitive::<TimestampMicrosecondType>().value(0)), None)
                }
                DataType::Boolean => (Value::Flag(column.as_boolean().value(0)), None),
                _ => (Value::Missing, Some(column.as_string::<i32>().value(0))),
            };
            self.column(value, word);
        }
        self.end(line, true);
    }

    /// The body may be cut: any key may have been in what is missing.
    pub(crate) fn any_key(&mut self) {
        self.is_cut = true;
    }

    pub(crate) fn finish(&mut self, limits: &Limits) -> Result<KeysAside, Error> {
        let sorted = self.table.sorted(SchemaRef::clone(&self.schema), limits.output());
        let batches = sorted.map(|piece| Ok(piece?.batch)).collect::<Result<_, Error>>()?;
        Ok(KeysAside { batches, is_cut: self.is_cut })
    }
}
