//! Accepted values in memory, column by column, and their way out as sorted Arrow batches.
//!
//! Codes and other repeated text are kept once and numbered; the numbers also make sorting by key cheap. No text is
//! allocated per cell.

use std::collections::BTreeMap;
use std::sync::Arc;

use arrow::array::{
    ArrayRef, BooleanArray, Date32Array, Float64Array, Int64Array, RecordBatch, StringBuilder,
};
use arrow::buffer::{BooleanBuffer, NullBuffer};
use arrow::datatypes::{DataType, SchemaRef};

use crate::findings::Code;

/// Rows of an output batch. Texts are at most 32,767 bytes, so that a batch cannot outgrow 32-bit offsets.
pub(crate) const BATCH_ROWS: usize = 65_536;
/// Longest text of a cell, in bytes.
pub(crate) const TEXT_MAX: usize = 32_767;
/// Number of a missing text.
const NO_TEXT: u32 = u32::MAX;

/// A checked value, not yet stored: a row is stored as a whole or not at all.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) enum Value {
    Missing,
    Integer(i64),
    Number(f64),
    Day(i32),
    Flag(bool),
    /// A text kept once, by number.
    Known(u32),
    /// A text of the row, by place.
    Text {
        start: u32,
        end: u32,
    },
}

/// Repeated text: each kept once, with what reading it took.
#[derive(Debug, Default)]
pub(crate) struct Words {
    /// Text as sent, the number of the text it stands for, the repair it took, and which entry came next last time.
    entries: Vec<Entry>,
    by_raw: BTreeMap<Box<[u8]>, u32>,
    texts: Vec<String>,
    by_text: BTreeMap<String, u32>,
    last: usize,
}

#[derive(Debug)]
struct Entry {
    raw: Box<[u8]>,
    number: u32,
    repair: Option<Code>,
    next: usize,
}

impl Words {
    /// Number of a text seen before, as sent, and the repair it took. Feeds are mostly in order, so that the entry
    /// that followed last time is tried first.
    #[inline]
    pub(crate) fn find(&mut self, raw: &[u8]) -> Option<(u32, Option<Code>)> {
        let last = self.entries.get(self.last)?;
        if *last.raw == *raw {
            return Some((last.number, last.repair));
        }
        let guess = last.next;
        let found = match self.entries.get(guess) {
            Some(entry) if *entry.raw == *raw => guess,
            _ => *self.by_raw.get(raw)? as usize,
        };
        self.entries[self.last].next = found;
        self.last = found;
        let entry = &self.entries[found];
        Some((entry.number, entry.repair))
    }

    /// Keeps a text under its form as sent.
    pub(crate) fn keep(&mut self, raw: &[u8], text: &str, repair: Option<Code>) -> u32 {
        let number = match self.by_text.get(text) {
            Some(number) => *number,
            None => {
                let number = self.texts.len() as u32;
                self.texts.push(text.to_owned());
                self.by_text.insert(text.to_owned(), number);
                number
            }
        };
        let place = self.entries.len();
        self.entries.push(Entry { raw: raw.into(), number, repair, next: place });
        self.by_raw.insert(raw.into(), place as u32);
        self.last = place;
        number
    }

    pub(crate) fn text(&self, number: u32) -> &str {
        &self.texts[number as usize]
    }

    /// Rank of each text in byte order, by number.
    fn ranks(&self) -> Vec<u64> {
        let mut ranks = vec![0; self.texts.len()];
        for (rank, number) in self.by_text.values().enumerate() {
            ranks[*number as usize] = rank as u64;
        }
        ranks
    }
}

/// One column in memory.
#[derive(Debug)]
pub(crate) enum Stored {
    Words { words: Box<Words>, numbers: Vec<u32> },
    Text { bytes: Vec<u8>, ends: Vec<usize>, present: Presence },
    Integer(Vec<i64>, Presence),
    Number(Vec<f64>, Presence),
    Day(Vec<i32>, Presence),
    Flag(Vec<bool>, Presence),
}

/// Which rows have a value; costs nothing while all have one.
#[derive(Debug, Default)]
pub(crate) struct Presence {
    absent_any: bool,
    present: Vec<bool>,
}

impl Presence {
    #[inline]
    fn push(&mut self, row: usize, present: bool) {
        if !present && !self.absent_any {
            self.absent_any = true;
            self.present = vec![true; row];
        }
        if self.absent_any {
            self.present.push(present);
        }
    }

    #[inline]
    fn has(&self, row: usize) -> bool {
        !self.absent_any || self.present[row]
    }

    fn nulls(&self, rows: &[u32]) -> Option<NullBuffer> {
        self.absent_any.then(|| {
            NullBuffer::new(BooleanBuffer::collect_bool(rows.len(), |i| self.present[rows[i] as usize]))
        })
    }
}

impl Stored {
    pub(crate) fn new(kind: &DataType, repeated: bool) -> Self {
        match kind {
            DataType::Int64 => Self::Integer(Vec::new(), Presence::default()),
            DataType::Float64 => Self::Number(Vec::new(), Presence::default()),
            DataType::Date32 => Self::Day(Vec::new(), Presence::default()),
            DataType::Boolean => Self::Flag(Vec::new(), Presence::default()),
            _ if repeated => Self::Words { words: Box::default(), numbers: Vec::new() },
            _ => Self::Text { bytes: Vec::new(), ends: Vec::new(), present: Presence::default() },
        }
    }

    #[inline]
    pub(crate) fn push(&mut self, value: Value, text: &[u8]) {
        match (self, value) {
            (Self::Words { numbers, .. }, Value::Known(number)) => numbers.push(number),
            (Self::Words { numbers, .. }, _) => numbers.push(NO_TEXT),
            (Self::Text { bytes, ends, present }, value) => {
                present.push(ends.len(), !matches!(value, Value::Missing));
                if let Value::Text { start, end } = value {
                    bytes.extend_from_slice(&text[start as usize..end as usize]);
                }
                ends.push(bytes.len());
            }
            (Self::Integer(values, present), value) => {
                let (value, there) =
                    if let Value::Integer(value) = value { (value, true) } else { (0, false) };
                present.push(values.len(), there);
                values.push(value);
            }
            (Self::Number(values, present), value) => {
                let (value, there) =
                    if let Value::Number(value) = value { (value, true) } else { (0.0, false) };
                present.push(values.len(), there);
                values.push(value);
            }
            (Self::Day(values, present), value) => {
                let (value, there) = if let Value::Day(value) = value { (value, true) } else { (0, false) };
                present.push(values.len(), there);
                values.push(value);
            }
            (Self::Flag(values, present), value) => {
                let (value, there) =
                    if let Value::Flag(value) = value { (value, true) } else { (false, false) };
                present.push(values.len(), there);
                values.push(value);
            }
        }
    }

    /// Numbers that sort as the column's values do, missing values first.
    pub(crate) fn sort_codes(&self, rows: usize) -> Vec<u64> {
        const FLIP: u64 = 1 << 63;
        let coded = |present: &Presence, code: &dyn Fn(usize) -> u64| -> Vec<u64> {
            // Values are far from the ends of their ranges, so that adding one for "missing first" is safe.
            (0..rows).map(|row| if present.has(row) { code(row).saturating_add(1) } else { 0 }).collect()
        };
        match self {
            Self::Words { words, numbers } => {
                let ranks = words.ranks();
                numbers.iter().map(|n| if *n == NO_TEXT { 0 } else { ranks[*n as usize] + 1 }).collect()
            }
            Self::Integer(values, present) => coded(present, &|row| values[row] as u64 ^ FLIP),
            Self::Day(values, present) => coded(present, &|row| i64::from(values[row]) as u64 ^ FLIP),
            Self::Flag(values, present) => coded(present, &|row| u64::from(values[row])),
            Self::Number(values, present) => coded(present, &|row| {
                let bits = values[row].to_bits();
                if bits & FLIP == 0 { bits | FLIP } else { !bits }
            }),
            // Key columns of text are kept as words.
            Self::Text { .. } => vec![0; rows],
        }
    }

    /// Whether two rows have the same value.
    pub(crate) fn same(&self, a: usize, b: usize) -> bool {
        let both = |present: &Presence| match (present.has(a), present.has(b)) {
            (true, true) => None,
            (left, right) => Some(left == right),
        };
        match self {
            Self::Words { numbers, .. } => numbers[a] == numbers[b],
            Self::Text { present, .. } => both(present).unwrap_or_else(|| self.text(a) == self.text(b)),
            Self::Integer(values, present) => both(present).unwrap_or_else(|| values[a] == values[b]),
            Self::Number(values, present) => both(present).unwrap_or_else(|| values[a] == values[b]),
            Self::Day(values, present) => both(present).unwrap_or_else(|| values[a] == values[b]),
            Self::Flag(values, present) => both(present).unwrap_or_else(|| values[a] == values[b]),
        }
    }

    fn text(&self, row: usize) -> &[u8] {
        match self {
            Self::Text { bytes, ends, .. } => {
                let start = if row == 0 { 0 } else { ends[row - 1] };
                &bytes[start..ends[row]]
            }
            _ => &[],
        }
    }

    /// A numeric value, for running totals.
    pub(crate) fn figure(&self, row: usize) -> Option<f64> {
        match self {
            Self::Integer(values, present) => present.has(row).then(|| values[row] as f64),
            Self::Number(values, present) => present.has(row).then(|| values[row]),
            _ => None,
        }
    }

    /// A value as shown in a sentence.
    pub(crate) fn shown(&self, row: usize) -> String {
        match self {
            Self::Words { words, numbers } if numbers[row] != NO_TEXT => {
                crate::say::shown(words.text(numbers[row]).as_bytes())
            }
            Self::Words { .. } => String::new(),
            Self::Text { .. } => crate::say::shown(self.text(row)),
            Self::Integer(values, _) => values[row].to_string(),
            Self::Number(values, _) => values[row].to_string(),
            Self::Day(values, _) => crate::values::iso(values[row]),
            Self::Flag(values, _) => values[row].to_string(),
        }
    }

    fn gather(&self, rows: &[u32]) -> ArrayRef {
        fn pick<T: Copy>(values: &[T], rows: &[u32]) -> Vec<T> {
            rows.iter().map(|row| values[*row as usize]).collect()
        }
        match self {
            Self::Integer(values, present) => {
                Arc::new(Int64Array::new(pick(values, rows).into(), present.nulls(rows)))
            }
            Self::Number(values, present) => {
                Arc::new(Float64Array::new(pick(values, rows).into(), present.nulls(rows)))
            }
            Self::Day(values, present) => {
                Arc::new(Date32Array::new(pick(values, rows).into(), present.nulls(rows)))
            }
            Self::Flag(values, present) => {
                let bits = BooleanBuffer::collect_bool(rows.len(), |i| values[rows[i] as usize]);
                Arc::new(BooleanArray::new(bits, present.nulls(rows)))
            }
            Self::Words { words, numbers } => {
                let mut out = StringBuilder::with_capacity(rows.len(), rows.len() * 4);
                for row in rows {
                    match numbers[*row as usize] {
                        NO_TEXT => out.append_null(),
                        number => out.append_value(words.text(number)),
                    }
                }
                Arc::new(out.finish())
            }
            Self::Text { present, .. } => {
                let mut out = StringBuilder::with_capacity(rows.len(), rows.len() * 8);
                for row in rows {
                    let row = *row as usize;
                    if present.has(row) {
                        // Checked when the row was read.
                        out.append_value(String::from_utf8_lossy(self.text(row)));
                    } else {
                        out.append_null();
                    }
                }
                Arc::new(out.finish())
            }
        }
    }
}

/// The rows in that order, as batches of the contract's schema.
pub(crate) fn batches(
    columns: &[Stored],
    schema: &SchemaRef,
    order: &[u32],
) -> Result<Vec<RecordBatch>, arrow::error::ArrowError> {
    order
        .chunks(BATCH_ROWS)
        .map(|rows| {
            let arrays = columns.iter().map(|column| column.gather(rows)).collect();
            RecordBatch::try_new(schema.clone(), arrays)
        })
        .collect()
}
