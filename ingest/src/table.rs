//! Accepted values in memory, column by column, and their way out as sorted Arrow batches.
//!
//! A [`Table`] holds as many rows as its share of memory bears: a whole body, or one run of a large one.
//!
//! Codes and other repeated text are kept once and numbered; the numbers also make sorting by key cheap. No text is
//! allocated per cell.

use std::collections::BTreeMap;
use std::sync::Arc;

use arrow::array::{
    ArrayRef, BooleanArray, Date32Array, Float64Array, Int64Array, RecordBatch, StringBuilder,
    TimestampMicrosecondArray, UInt64Array,
};
use arrow::buffer::{BooleanBuffer, NullBuffer};
use arrow::datatypes::{DataType, SchemaRef};

use crate::Error;
use crate::findings::Code;
use crate::limits::{Cut, Limits};
use crate::merge::Piece;
use crate::order::{self, Order};

/// Texts longer than that are counted one by one when a batch is cut.
const LONG: usize = 64;
/// Bytes that a word takes beside its text, which is kept four times.
const WORD_BYTES: usize = 200;
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
    /// Microseconds since 1970-01-01 00:00 UTC.
    Instant(i64),
    Flag(bool),
    /// A text kept once, by number.
    Known(u32),
    /// A text of the row, by place.
    Text {
        start: u32,
        end: u32,
    },
    /// A text brought to another form, by place among those of the row.
    Formed {
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
    /// Bytes held, more or less.
    bytes: usize,
    /// Some text is longer than [`LONG`].
    has_long: bool,
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
        self.bytes += WORD_BYTES + 2 * (raw.len() + text.len());
        self.has_long |= text.len() > LONG;
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
    Instant(Vec<i64>, Presence),
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
            DataType::Timestamp(..) => Self::Instant(Vec::new(), Presence::default()),
            DataType::Boolean => Self::Flag(Vec::new(), Presence::default()),
            _ if repeated => Self::Words { words: Box::default(), numbers: Vec::new() },
            _ => Self::Text { bytes: Vec::new(), ends: Vec::new(), present: Presence::default() },
        }
    }

    #[inline]
    pub(crate) fn push(&mut self, value: Value, text: &[u8], formed: &[u8]) {
        match (self, value) {
            (Self::Words { numbers, .. }, Value::Known(number)) => numbers.push(number),
            (Self::Words { numbers, .. }, _) => numbers.push(NO_TEXT),
            (Self::Text { bytes, ends, present }, value) => {
                present.push(ends.len(), !matches!(value, Value::Missing));
                match value {
                    Value::Text { start, end } => {
                        bytes.extend_from_slice(&text[start as usize..end as usize])
                    }
                    Value::Formed { start, end } => {
                        bytes.extend_from_slice(&formed[start as usize..end as usize]);
                    }
                    _ => {}
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
            (Self::Instant(values, present), value) => {
                let (value, there) =
                    if let Value::Instant(value) = value { (value, true) } else { (0, false) };
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
            Self::Integer(values, present) | Self::Instant(values, present) => {
                coded(present, &|row| values[row] as u64 ^ FLIP)
            }
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

    fn text(&self, row: usize) -> &[u8] {
        match self {
            Self::Text { bytes, ends, .. } => {
                let start = if row == 0 { 0 } else { ends[row - 1] };
                &bytes[start..ends[row]]
            }
            _ => &[],
        }
    }

    /// Bytes of the text of a row, where the column may hold long ones.
    fn long_text(&self, row: usize) -> usize {
        match self {
            Self::Text { .. } => self.text(row).len(),
            Self::Words { words, numbers } if words.has_long => {
                words.texts.get(numbers[row] as usize).map_or(0, String::len)
            }
            _ => 0,
        }
    }

    fn may_be_long(&self) -> bool {
        match self {
            Self::Text { .. } => true,
            Self::Words { words, .. } => words.has_long,
            _ => false,
        }
    }

    fn words_bytes(&self) -> usize {
        if let Self::Words { words, .. } = self { words.bytes } else { 0 }
    }

    /// Bytes that a row takes, texts left aside, whether or not it has a value.
    fn row_bytes(&self) -> usize {
        match self {
            Self::Words { .. } => 4,
            Self::Text { .. } | Self::Integer(..) | Self::Instant(..) | Self::Number(..) => 9,
            Self::Day(..) => 5,
            Self::Flag(..) => 2,
        }
    }

    /// Forgets the rows, not the words.
    fn clear(&mut self) {
        match self {
            Self::Words { numbers, .. } => numbers.clear(),
            Self::Text { bytes, ends, present } => {
                bytes.clear();
                ends.clear();
                *present = Presence::default();
            }
            Self::Integer(values, present) | Self::Instant(values, present) => {
                values.clear();
                *present = Presence::default();
            }
            Self::Number(values, present) => {
                values.clear();
                *present = Presence::default();
            }
            Self::Day(values, present) => {
                values.clear();
                *present = Presence::default();
            }
            Self::Flag(values, present) => {
                values.clear();
                *present = Presence::default();
            }
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
            Self::Instant(values, present) => {
                let instants = TimestampMicrosecondArray::new(pick(values, rows).into(), present.nulls(rows));
                Arc::new(instants.with_timezone("UTC"))
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

/// Rows as they came, not sorted yet.
#[derive(Debug, Default)]
pub(crate) struct Table {
    pub(crate) columns: Vec<Stored>,
    /// Line of each row.
    lines: Vec<u64>,
    key_columns: usize,
    row_bytes: usize,
    /// Bytes held, with what sorting takes.
    held: usize,
}

impl Table {
    pub(crate) fn new(columns: Vec<Stored>, key_columns: usize) -> Self {
        // The line; for sorting, a code for each key column, a word of at most 128 bits, the row number, a flag.
        let beside = 8 + 8 * key_columns + 16 + 4 + 1;
        let row_bytes = columns.iter().map(Stored::row_bytes).sum::<usize>() + beside;
        Self { columns, lines: Vec::new(), key_columns, row_bytes, held: 0 }
    }

    pub(crate) fn rows(&self) -> usize {
        self.lines.len()
    }

    /// Whether it is time to sort these rows and put them aside.
    #[inline]
    pub(crate) fn is_full(&self, limits: &Limits) -> bool {
        self.held >= limits.run_bytes || self.lines.len() >= limits.run_rows
    }

    /// Adds a row: `text` is that of the row, `formed` that of its [`Value::Formed`].
    #[inline]
    pub(crate) fn push(&mut self, values: &[Value], text: &[u8], formed: &[u8], line: u64) {
        self.held += self.row_bytes;
        for (column, value) in self.columns.iter_mut().zip(values) {
            column.push(*value, text, formed);
            if let Value::Text { start, end } | Value::Formed { start, end } = value {
                self.held += (end - start) as usize;
            }
        }
        self.lines.push(line);
    }

    /// Keeps a repeated text.
    pub(crate) fn keep_word(&mut self, slot: usize, raw: &[u8], text: &str, repair: Option<Code>) -> Value {
        let Stored::Words { words, .. } = &mut self.columns[slot] else { return Value::Missing };
        let before = words.bytes;
        let number = words.keep(raw, text, repair);
        self.held += words.bytes - before;
        Value::Known(number)
    }

    /// Forgets the rows; the words too when they take a good part of the room, which is said.
    pub(crate) fn clear(&mut self, limits: &Limits) -> bool {
        let words: usize = self.columns.iter().map(Stored::words_bytes).sum();
        let forget = words > limits.run_bytes / 8;
        for column in &mut self.columns {
            column.clear();
            if forget && let Stored::Words { words, .. } = column {
                **words = Words::default();
            }
        }
        self.lines.clear();
        self.held = if forget { 0 } else { words };
        forget
    }

    /// The rows in key order, those of one key in the order in which they came.
    pub(crate) fn sorted(&self, schema: SchemaRef, cut: Cut) -> Sorted<'_> {
        let rows = self.lines.len();
        let keys: Vec<Vec<u64>> =
            self.columns[..self.key_columns].iter().map(|column| column.sort_codes(rows)).collect();
        let may_be_long = self.columns.iter().any(Stored::may_be_long);
        let rows_max = cut.rows.min(cut.bytes / self.row_bytes).max(1);
        Sorted {
            table: self,
            order: order::sort(&keys, rows),
            schema,
            cut: Cut { rows: rows_max, bytes: cut.bytes },
            may_be_long,
            at: 0,
        }
    }
}

/// Rows of a [`Table`] in key order, a piece at a time.
#[derive(Debug)]
pub(crate) struct Sorted<'t> {
    table: &'t Table,
    order: Order,
    /// The contract's columns, then the line.
    schema: SchemaRef,
    cut: Cut,
    may_be_long: bool,
    at: usize,
}

impl Sorted<'_> {
    fn end(&self) -> usize {
        let end = self.order.rows.len().min(self.at + self.cut.rows);
        if !self.may_be_long {
            return end;
        }
        let mut bytes = 0;
        for place in self.at..end {
            let row = self.order.rows[place] as usize;
            bytes += self.table.columns.iter().map(|column| column.long_text(row)).sum::<usize>();
            if bytes > self.cut.bytes {
                return place.max(self.at + 1);
            }
        }
        end
    }

    fn piece(&self, end: usize) -> Result<Piece, Error> {
        let rows = &self.order.rows[self.at..end];
        let mut arrays: Vec<ArrayRef> = self.table.columns.iter().map(|column| column.gather(rows)).collect();
        let lines: Vec<u64> = rows.iter().map(|row| self.table.lines[*row as usize]).collect();
        arrays.push(Arc::new(UInt64Array::from(lines)));
        let batch = RecordBatch::try_new(Arc::clone(&self.schema), arrays).map_err(Error::batch)?;
        let goes_on = self.order.same.get(end).copied().unwrap_or_default();
        Ok(Piece { batch, same: self.order.same[self.at..end].to_vec(), goes_on })
    }
}

impl Iterator for Sorted<'_> {
    type Item = Result<Piece, Error>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.at == self.order.rows.len() {
            return None;
        }
        let end = self.end();
        let piece = self.piece(end);
        self.at = end;
        Some(piece)
    }
}
