//! Checks rows, one after the other, against the contract: a row is stored whole or set aside with a finding.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;

use arrow::datatypes::{DataType, Field, Schema, SchemaRef};
use vigie_queries::{Column, ColumnType, Contract, Filter, LastLine, department_by_name, known_departments};

use crate::classes::{Classes, Fate};
use crate::columns::{Columns, Slot};
use crate::csv::remark;
use crate::dates::SlashDates;
use crate::findings::{Code, Finding, Severity};
use crate::footers::Footers;
use crate::keys_aside::Gathered;
use crate::limits::Limits;
use crate::numbers;
use crate::oddities;
use crate::relations::Relations;
use crate::row::{Fault, Kind, Row, Span};
use crate::runs::Runs;
use crate::say::{NBSP, grouped, quoted, shown};
use crate::sift::{Sifted, is_missing_word, sift};
use crate::stop::{Stop, refuse};
use crate::table::{Stored, TEXT_MAX, Table, Value};
use crate::text::is_garbled;
use crate::unicode;
use crate::values;
use crate::wording::{self, RowWord};
use crate::{Counts, Error};

/// Findings about single rows that are kept; the others are counted.
pub(crate) const ROW_FINDINGS_MAX: usize = 100_000;
/// Bytes of their text.
const ROW_FINDINGS_BYTES_MAX: usize = 40 << 20;

/// A repair of one kind in one column, counted.
#[derive(Debug)]
pub(crate) struct Repair {
    pub(crate) count: u64,
    pub(crate) first_line: u64,
    pub(crate) example: String,
}

/// Rows checked so far.
#[derive(Debug)]
pub(crate) struct Checker<'c> {
    pub(crate) contract: &'c Contract,
    pub(crate) columns: Columns<'c>,
    pub(crate) relations: Relations<'c>,
    pub(crate) classes: Classes,
    pub(crate) today: i32,
    pub(crate) row_word: RowWord,
    /// Rows may hold NUL or bytes that are not text: look at each.
    look_closely: bool,
    /// First bytes of the words that mean "missing".
    missing_starts: [bool; 256],
    /// Values of absent columns.
    defaults: Vec<Value>,
    /// Accepted rows that are not on disk.
    pub(crate) table: Table,
    pub(crate) runs: Runs,
    pub(crate) limits: Limits,
    pub(crate) counts: Counts,
    pub(crate) repairs: BTreeMap<(Code, Option<usize>), Repair>,
    pub(crate) findings: Vec<Finding>,
    findings_bytes: usize,
    pub(crate) left_out: u64,
    pub(crate) slash_dates: SlashDates,
    pub(crate) keys_aside: Gathered,
    /// Rows as sent: lines of text, records, rows of a sheet.
    pub(crate) records: u64,
    /// Lines at the foot that are no rows.
    pub(crate) footers: Footers,
    /// What is wrong with the row at hand is wrong with its whole line.
    line_is_bad: bool,
    /// Values and repairs of the row at hand.
    values: Vec<Value>,
    row_repairs: Vec<(Code, usize)>,
    /// Its texts brought to another form.
    formed: Vec<u8>,
    /// Line of the last row.
    pub(crate) last_line: u64,
}

impl<'c> Checker<'c> {
    pub(crate) fn new(
        contract: &'c Contract,
        columns: Columns<'c>,
        today: i32,
        row_word: RowWord,
        look_closely: bool,
        spool: &Path,
        limits: Limits,
    ) -> Self {
        let mut missing_starts = [false; 256];
        for word in &contract.dialect.missing {
            if let Some(first) = word.as_bytes().first() {
                missing_starts[usize::from(first.to_ascii_lowercase())] = true;
                missing_starts[usize::from(first.to_ascii_uppercase())] = true;
            }
        }
        let keys = contract.key_names();
        let stored = columns
            .slots
            .iter()
            .map(|slot| {
                let column = slot.column;
                let repeated = column.kind == ColumnType::Department
                    || keys.contains(column.name.get_ref())
                    || !column.values.is_empty()
                    || column.width.is_some()
                    || column.default.is_some()
                    || !column.pattern.is_empty()
                    || !column.map.is_empty();
                Stored::new(&column.kind.arrow(), repeated)
            })
            .collect();
        let lined = lined(&contract.schema());
        let mut checker = Self {
            contract,
            relations: Relations::new(contract, &columns),
            classes: Classes::new(contract, &columns),
            columns,
            today,
            row_word,
            look_closely,
            missing_starts,
            defaults: Vec::new(),
            table: Table::new(stored, keys.len()),
            runs: Runs::new(spool, SchemaRef::clone(&lined), keys.len(), limits),
            limits,
            counts: Counts::default(),
            repairs: BTreeMap::new(),
            findings: Vec::new(),
            findings_bytes: 0,
            left_out: 0,
            slash_dates: SlashDates::default(),
            keys_aside: Gathered::new(contract, &lined),
            records: 0,
            footers: Footers::default(),
            line_is_bad: false,
            values: Vec::new(),
            row_repairs: Vec::new(),
            formed: Vec::new(),
            last_line: 0,
        };
        checker.take_defaults();
        checker
    }

    fn take_defaults(&mut self) {
        self.defaults = (0..self.columns.slots.len()).map(|slot| self.default_of(slot)).collect();
    }

    fn default_of(&mut self, slot: usize) -> Value {
        let Slot { column, field: None, .. } = &self.columns.slots[slot] else { return Value::Missing };
        let Some(text) = &column.default else { return Value::Missing };
        self.value(slot, text.as_bytes(), Kind::Text, 0).unwrap_or(Value::Missing)
    }

    /// Takes one row as sent: a line at the foot of the file is left out, any other becomes rows of the contract.
    ///
    /// # Errors
    /// [`Stop::Refused`] when there are more rows than the contract bears.
    pub(crate) fn take(&mut self, row: &Row<'_>) -> Result<(), Stop> {
        self.last_line = row.line;
        if self.footers.take(row, self.contract) {
            return Ok(());
        }
        self.records += u64::from(!row.is_blank());
        if !self.columns.is_shaped {
            return self.row(row);
        }
        let Some(mut shape) = self.columns.shape.take() else { return self.row(row) };
        let outcome = shape.each(row, &mut |row| {
            self.line_is_bad = false;
            self.row(row)?;
            Ok(!self.line_is_bad)
        });
        self.columns.shape = Some(shape);
        outcome
    }

    /// Checks one row and stores it, or sets it aside.
    fn row(&mut self, row: &Row<'_>) -> Result<(), Stop> {
        if let Some(fault) = row.fault {
            let code = match fault {
                Fault::BadQuote => Code::BadQuote,
                Fault::DuplicateField => Code::DuplicateField,
                Fault::BrokenRecord if !row.ended => Code::LineCutShort,
                Fault::BrokenRecord => Code::BrokenRecord,
                Fault::NoRecord => Code::MissingRecord,
            };
            return self.set_row_aside(row, code);
        }
        if row.fields != self.columns.width || row.cells.first().is_none_or(|cell| cell.start == cell.end) {
            if row.is_blank() && (row.ended || row.fields == 1) {
                self.repaired(Code::BlankLine, None, row.line, "");
                return Ok(());
            }
            if row.fields != self.columns.width {
                let cut = !row.ended && row.fields < self.columns.width;
                let nul = row.text.contains(&0);
                let code = if nul {
                    Code::NulBytes
                } else if cut {
                    Code::LineCutShort
                } else {
                    Code::FieldCount
                };
                return self.set_row_aside(row, code);
            }
        }
        if self.look_closely && row.part.is_none_or(|part| part.is_first) {
            if row.text.contains(&0) {
                return self.set_row_aside(row, Code::NulBytes);
            }
            match std::str::from_utf8(row.text) {
                Ok(text) if is_garbled(text) => return self.set_row_aside(row, Code::GarbledText),
                Ok(text) if !text.contains('\u{fffd}') => {}
                _ => return self.set_row_aside(row, Code::InvalidText),
            }
        }
        let may_be_cut = self.may_be_cut(row);
        let mut class_repair = None;
        let day = self.day_of(row);
        for (rank, (field, filter)) in self.columns.filters.iter().enumerate() {
            if may_be_cut && *field + 1 == row.fields {
                continue; // the class itself may be cut
            }
            let class = values::trimmed(row.cell(row.cells[*field]));
            let sifted = sift(filter, class, self.contract);
            let is_named = |classes: &[String]| classes.iter().any(|named| named.as_bytes() == class);
            let (class, fate) = match sifted {
                // A class kept under another spelling, or as one of many (`DEP-*`): it is only asked whether some came.
                Sifted::Kept | Sifted::KeptAs(_) if !is_named(&filter.keep) => {
                    (filter.keep.first().map_or(&b"*"[..], |keep| keep.as_bytes()), Fate::Kept)
                }
                Sifted::Kept | Sifted::KeptAs(_) => (class, Fate::Kept),
                Sifted::LeftOut if filter.keep.is_empty() && !is_named(&filter.leave_out) => {
                    (filter.leave_out.first().map_or(class, |class| class.as_bytes()), Fate::Other)
                }
                Sifted::LeftOut => (class, Fate::Other),
                Sifted::LeftOutUnknown => (class, Fate::Unknown),
                Sifted::Unclear(code) => return self.set_class_aside(row, *field, filter, code),
            };
            self.classes.see(rank, class, fate, day, row.line);
            match sifted {
                Sifted::KeptAs(code) => class_repair = Some((code, *field)),
                Sifted::LeftOut | Sifted::LeftOutUnknown => {
                    self.counts.rows_filtered += 1;
                    if may_be_cut {
                        self.keys_aside.any_key();
                    }
                    return Ok(());
                }
                _ => {}
            }
        }
        if may_be_cut {
            return self.set_row_aside(row, Code::LineMayBeCut);
        }
        self.count_in()?;
        self.values.clear();
        self.row_repairs.clear();
        self.formed.clear();
        for slot in 0..self.columns.slots.len() {
            let value = match self.columns.slots[slot].field {
                None => self.defaults[slot],
                Some(field) => {
                    let cell = row.cells[field];
                    match self.value(slot, row.cell(cell), cell.kind, cell.start) {
                        Ok(value) => value,
                        Err(code) => {
                            return self.set_cell_aside(row, slot, cell, code);
                        }
                    }
                }
            };
            self.values.push(value);
        }
        let broken: Vec<usize> = self.relations.broken(&self.values).collect();
        if let Some(rank) = broken.iter().find(|rank| self.relations.sets_aside(**rank)) {
            return self.set_contradiction_aside(row, *rank);
        }
        for rank in broken {
            if self.relations.warn(rank) && self.has_room() {
                let finding = self.relations.finding(rank, self.row_word, row, &self.columns);
                self.keep_finding(finding);
            }
        }
        self.table.push(&self.values, row.text, &self.formed, row.line);
        if let Some((code, field)) = class_repair {
            self.repaired(code, None, row.line, &shown(row.cell(row.cells[field])));
        }
        for (code, slot) in std::mem::take(&mut self.row_repairs) {
            let example = self.columns.slots[slot].field.map_or(&b""[..], |field| row.cell(row.cells[field]));
            match self.repairs.get_mut(&(code, Some(slot))) {
                Some(repair) => repair.count += 1,
                None => self.repaired(code, Some(slot), row.line, &shown(example)),
            }
        }
        if self.table.is_full(&self.limits) {
            self.end_run()?;
        }
        Ok(())
    }

    /// Whether the last value of a row may be cut: no line end follows it, and nothing else shows that it is whole.
    fn may_be_cut(&mut self, row: &Row<'_>) -> bool {
        if row.ended || self.contract.dialect.last_line == LastLine::Unended {
            return false;
        }
        let Some(raw) = row.raw else { return false }; // sheets and records have an end of their own
        // A closing quote ends a value. In a free text it may be the first of two.
        let last = row.fields - 1;
        let free_text = |slot: &Slot<'_>| {
            slot.field == Some(last) && slot.column.kind == ColumnType::Text && slot.column.values.is_empty()
        };
        let quoted = raw.trim_ascii_end().ends_with(b"\"");
        if quoted && !self.columns.slots.iter().any(free_text) {
            let sentence = format!(
                "La dernière ligne ({}) a tous ses champs mais pas de fin de ligne{NBSP}: vérifier que le fichier n’est pas coupé.",
                row.line
            );
            if row.part.is_none_or(|part| part.is_first) {
                self.findings.push(remark(Code::NoFinalNewline, Some(row.line), "", sentence));
            }
            return false;
        }
        true
    }

    /// The day of a row whose class is looked at, as far as it can be told.
    fn day_of(&mut self, row: &Row<'_>) -> Option<i32> {
        if self.columns.filters.is_empty() {
            return None;
        }
        let slot = &self.columns.slots[self.classes.day_slot()?];
        let cell = row.cells[slot.field?];
        self.classes.day(row.cell(cell), cell.kind, slot, self.today)
    }

    /// Sorts the rows held and puts them on disk.
    pub(crate) fn end_run(&mut self) -> Result<(), Error> {
        let sorted = self.table.sorted(self.runs.schema.clone(), self.limits.on_disk());
        self.runs.add(sorted.map(|piece| Ok(piece?.batch)))?;
        if self.table.clear(&self.limits) {
            self.take_defaults(); // some are words
        }
        Ok(())
    }

    fn count_in(&mut self) -> Result<(), Stop> {
        self.counts.rows_in += 1;
        let most = self.contract.bounds.rows_max;
        if self.counts.rows_in > most {
            return Err(refuse(
                Code::TooManyRows,
                format!(
                    "Plus de {} lignes, la limite de cette source. Rien n’a été chargé. Si c’est normal, relever bounds.rows_max dans le contrat.",
                    grouped(most)
                ),
            ));
        }
        Ok(())
    }

    /// One cell to a value. `start` is the place of `raw` in the row's text.
    #[inline]
    fn value(&mut self, slot: usize, raw: &[u8], kind: Kind, start: u32) -> Result<Value, Code> {
        let column = self.columns.slots[slot].column;
        // The usual cases first: plain digits, a code seen before.
        if kind == Kind::Text {
            match &mut self.table.columns[slot] {
                Stored::Integer(..) => {
                    if let Some(value) = numbers::digits(raw) {
                        return in_range(value as f64, column).map(|()| Value::Integer(value));
                    }
                }
                Stored::Words { words, .. } => {
                    if let Some((number, repair)) = words.find(raw) {
                        if let Some(code) = repair {
                            self.row_repairs.push((code, slot));
                        }
                        return Ok(Value::Known(number));
                    }
                }
                _ => {}
            }
        }
        let (lead, text) = values::trimmed_at(raw);
        if kind == Kind::Missing || text.is_empty() || self.is_missing_word(text) {
            if !text.is_empty() && kind != Kind::Missing {
                self.row_repairs.push((Code::MissingWord, slot));
            }
            return if column.nullable { Ok(Value::Missing) } else { Err(Code::MissingValue) };
        }
        if text.len() != raw.len() {
            self.row_repairs.push((Code::SurroundingSpace, slot));
        }
        if numbers::is_spreadsheet_error(text) {
            return Err(Code::SpreadsheetError);
        }
        if kind == Kind::Other {
            return Err(Code::TypeError);
        }
        if kind == Kind::Rounded {
            return Err(Code::LostDigits);
        }
        let (value, repair) = match column.kind {
            ColumnType::Integer => {
                let (value, repair) = match kind {
                    Kind::Text => numbers::integer(text)?,
                    Kind::Number => numbers::typed_integer(text)?,
                    _ => return Err(Code::TypeError),
                };
                in_range(value as f64, column)?;
                (Value::Integer(value), repair)
            }
            ColumnType::Number => {
                let (value, repair) = match kind {
                    Kind::Text => numbers::number(text, self.contract.dialect.decimal)?,
                    Kind::Number => numbers::typed_number(text)?,
                    _ => return Err(Code::TypeError),
                };
                in_range(value, column)?;
                (Value::Number(value), repair)
            }
            ColumnType::Date => {
                if kind == Kind::Text && self.columns.slots[slot].time.is_day_first {
                    self.slash_dates.look(text);
                }
                let (day, repair) = self.columns.slots[slot].time.day(text, kind)?;
                if day > self.today && !column.future {
                    return Err(Code::FutureDate);
                }
                (Value::Day(day), repair)
            }
            ColumnType::Timestamp => {
                let time = &self.columns.slots[slot].time;
                if kind == Kind::Text && time.is_day_first {
                    self.slash_dates.look(text);
                }
                let (instant, repair) = time.instant(text, kind)?;
                if !column.future && time.day_of(instant) > self.today {
                    return Err(Code::FutureDate);
                }
                (Value::Instant(instant), repair)
            }
            ColumnType::Boolean => (Value::Flag(values::boolean(text)?), None),
            ColumnType::Text | ColumnType::Department => match &mut self.table.columns[slot] {
                Stored::Words { words, .. } => match words.find(text) {
                    Some((number, repair)) => (Value::Known(number), repair),
                    None => {
                        let (known, repair) = canonical(column, text)?;
                        (self.table.keep_word(slot, text, &known, repair), repair)
                    }
                },
                _ => match free_text(text)? {
                    Cow::Borrowed(_) => {
                        let start = start + lead as u32;
                        (Value::Text { start, end: start + text.len() as u32 }, None)
                    }
                    Cow::Owned(text) => {
                        let start = self.formed.len() as u32;
                        self.formed.extend_from_slice(text.as_bytes());
                        (Value::Formed { start, end: self.formed.len() as u32 }, Some(Code::UnicodeForm))
                    }
                },
            },
        };
        if let Some(code) = repair {
            self.row_repairs.push((code, slot));
        }
        Ok(value)
    }

    fn is_missing_word(&self, text: &[u8]) -> bool {
        text.first().is_some_and(|first| self.missing_starts[usize::from(*first)])
            && is_missing_word(self.contract, text)
    }

    /// Counts a repair that is not about a value of a stored row, or the first of its kind.
    pub(crate) fn repaired(&mut self, code: Code, slot: Option<usize>, line: u64, example: &str) {
        self.repairs
            .entry((code, slot))
            .or_insert_with(|| Repair { count: 0, first_line: line, example: example.to_owned() })
            .count += 1;
    }

    fn set_row_aside(&mut self, row: &Row<'_>, code: Code) -> Result<(), Stop> {
        self.line_is_bad = true;
        self.count_in()?;
        let code = oddities::recognise(row, &self.columns)?.unwrap_or(code);
        let is_data = !matches!(code, Code::NoteLine | Code::TotalRow | Code::RepeatedHeader);
        let is_cut = code == Code::LineCutShort || self.contract.dialect.last_line == LastLine::Ended;
        if !row.ended && is_data && is_cut {
            self.keys_aside.any_key();
        }
        if !self.has_room() {
            self.set_aside_unsaid(1);
            return Ok(());
        }
        let (fault, expected) = wording::row_fault(code, row.fields, self.columns.width);
        let message =
            format!("{}{NBSP}: {fault}. Attendu{NBSP}: {expected}. ({code})", self.row_word.at(row.line));
        self.set_aside(Finding {
            line: Some(row.line),
            column: None,
            code,
            severity: Severity::Error,
            found: None,
            expected: Some(expected),
            message,
            raw: Some(row.raw_shown()),
        });
        Ok(())
    }

    /// Keeps the key of a row that is set aside for another cell, if it can be read.
    fn keep_key(&mut self, row: &Row<'_>) {
        if !self.keys_aside.has_room() {
            return;
        }
        let is_whole = (0..self.contract.key.len()).all(|slot| {
            let value = match self.columns.slots[slot].field {
                None => Ok(self.defaults[slot]),
                Some(field) => {
                    let cell = row.cells[field];
                    self.value(slot, row.cell(cell), cell.kind, cell.start)
                }
            };
            let word = match (&value, &self.table.columns[slot]) {
                (Ok(Value::Known(number)), Stored::Words { words, .. }) => Some(words.text(*number)),
                _ => None,
            };
            value.map(|value| self.keys_aside.column(value, word)).is_ok()
        });
        self.keys_aside.end(row.line, is_whole);
    }

    /// Sets aside a row whose class (sex, age) decides whether it counts, and cannot be told.
    fn set_class_aside(
        &mut self,
        row: &Row<'_>,
        field: usize,
        filter: &Filter,
        code: Code,
    ) -> Result<(), Stop> {
        if let Some(code) = oddities::recognise(row, &self.columns)? {
            return self.set_row_aside(row, code);
        }
        self.line_is_bad = true;
        self.count_in()?;
        self.keep_key(row);
        if !self.has_room() {
            self.set_aside_unsaid(1);
            return Ok(());
        }
        let found = shown(row.cell(row.cells[field]));
        let finding = wording::unclear_class(self.row_word, row, filter, code, found);
        self.set_aside(finding);
        Ok(())
    }

    fn set_cell_aside(&mut self, row: &Row<'_>, slot: usize, cell: Span, code: Code) -> Result<(), Stop> {
        if let Some(code) = oddities::recognise(row, &self.columns)? {
            self.counts.rows_in -= 1; // counted again there
            return self.set_row_aside(row, code);
        }
        if slot >= self.contract.key.len() {
            self.keep_key(row);
        } else if self.columns.slots[slot].field.is_some_and(|field| field + 2 < row.cells.len()) {
            self.line_is_bad = true; // all rows of a wide table's line have that key
        }
        if !self.has_room() {
            self.set_aside_unsaid(1);
            return Ok(());
        }
        let Slot { column, name, time, field } = &self.columns.slots[slot];
        // The column of a wide table is known by its title.
        let made = field.is_some_and(|field| field + 1 == row.cells.len());
        let name =
            row.part.filter(|_| made).map_or_else(|| name.clone(), |part| shown(part.title.as_bytes()));
        let found = shown(row.cell(cell));
        let expected = wording::expected(column, time, self.today);
        let finding = Finding {
            line: Some(row.line),
            column: Some(name.clone()),
            code,
            severity: Severity::Error,
            message: format!(
                "{}, colonne {}{NBSP}: {}. Attendu{NBSP}: {expected}. ({code})",
                self.row_word.at(row.line),
                quoted(&name),
                wording::cell_fault(code, column, &found),
            ),
            found: Some(found),
            expected: Some(expected),
            raw: Some(row.raw_shown()),
        };
        self.set_aside(finding);
        Ok(())
    }

    /// Sets aside a row whose columns contradict each other.
    fn set_contradiction_aside(&mut self, row: &Row<'_>, rank: usize) -> Result<(), Stop> {
        self.keep_key(row);
        if !self.has_room() {
            self.set_aside_unsaid(1);
            return Ok(());
        }
        let finding = self.relations.finding(rank, self.row_word, row, &self.columns);
        self.set_aside(finding);
        Ok(())
    }

    /// Whether one more finding about a row is kept.
    pub(crate) fn has_room(&self) -> bool {
        self.findings.len() < ROW_FINDINGS_MAX && self.findings_bytes < ROW_FINDINGS_BYTES_MAX
    }

    /// Counts a row set aside and keeps its finding. Only where there is room.
    pub(crate) fn set_aside(&mut self, finding: Finding) {
        self.counts.rows_quarantined += 1;
        self.keep_finding(finding);
    }

    /// Keeps a finding about one row. Only where there is room.
    fn keep_finding(&mut self, finding: Finding) {
        let text = |text: &Option<String>| text.as_ref().map_or(0, String::len);
        self.findings_bytes += finding.message.len()
            + [&finding.column, &finding.found, &finding.expected, &finding.raw]
                .map(text)
                .iter()
                .sum::<usize>();
        self.findings.push(finding);
    }

    /// Counts rows set aside for whose findings there is no room.
    pub(crate) fn set_aside_unsaid(&mut self, rows: u64) {
        self.counts.rows_quarantined += rows;
        self.left_out += rows;
    }

    /// Counts copies of a row, the first of them at `line`.
    pub(crate) fn copies(&mut self, line: u64, count: u64) {
        let repair = self.repairs.entry((Code::DuplicateRow, None)).or_insert(Repair {
            count: 0,
            first_line: line,
            example: String::new(),
        });
        repair.count += count;
        repair.first_line = repair.first_line.min(line);
    }
}

/// A text that is no code, its accents in one form.
fn free_text(text: &[u8]) -> Result<Cow<'_, str>, Code> {
    if text.len() > TEXT_MAX {
        return Err(Code::TextTooLong);
    }
    std::str::from_utf8(text).map(unicode::composed).map_err(|_| Code::InvalidText)
}

/// The code or name that a text stands for, and the repair it took to know.
pub(crate) fn canonical<'t>(column: &Column, text: &'t [u8]) -> Result<(Cow<'t, str>, Option<Code>), Code> {
    if text.len() > TEXT_MAX {
        return Err(Code::TextTooLong);
    }
    if numbers::is_rounded_code(text) {
        return Err(Code::LostDigits);
    }
    match unicode::name(std::str::from_utf8(text).map_err(|_| Code::InvalidText)?) {
        Cow::Borrowed(name) => code_of(column, name),
        Cow::Owned(name) if name.is_empty() => Err(Code::MissingValue),
        Cow::Owned(name) => {
            let (known, repair) = code_of(column, &name)?;
            Ok((known.into_owned().into(), repair.or(Some(Code::UnicodeForm))))
        }
    }
}

/// The same for a text in one form.
fn code_of<'t>(column: &Column, text: &'t str) -> Result<(Cow<'t, str>, Option<Code>), Code> {
    let mut mapped = column.map.iter().filter(|(name, _)| *name == text || unicode::name(name) == text);
    if let Some((_, code)) = mapped.next() {
        return Ok((code.clone().into(), None));
    }
    if !column.pattern.is_empty() {
        let code = column.pattern.iter().find_map(|pattern| pattern.read(text)).ok_or(Code::CodeForm)?;
        let (known, repair) = known_code(column, code.trim())?;
        return Ok((known.into_owned().into(), repair));
    }
    known_code(column, text)
}

/// The same for a code without what the feed writes around it.
///
/// Leading zeros come back only to a run of digits: no other reading exists.
fn known_code<'t>(column: &Column, text: &'t str) -> Result<(Cow<'t, str>, Option<Code>), Code> {
    // A code read as a number somewhere before, and written back as one: `1.0`.
    if (column.kind == ColumnType::Department || column.width.is_some())
        && let Some(code) = text.strip_suffix(".0")
        && !code.is_empty()
        && code.bytes().all(|b| b.is_ascii_digit())
    {
        let (known, _) = known_code(column, code)?;
        return Ok((known.into_owned().into(), Some(Code::IntegerForm)));
    }
    let digits = text.bytes().all(|b| b.is_ascii_digit());
    if column.kind == ColumnType::Department {
        let known = known_departments();
        let padded = format!("0{text}");
        let upper = text.to_ascii_uppercase();
        return if known.contains_key(text) {
            Ok((text.into(), None))
        } else if text.len() == 1 && known.contains_key(padded.as_str()) {
            Ok((padded.into(), Some(Code::LeadingZero)))
        } else if known.contains_key(upper.as_str()) {
            Ok((upper.into(), Some(Code::CodeCase)))
        } else if let Some(code) = department_by_name(text).filter(|_| column.names) {
            Ok((code.into(), None))
        } else {
            Err(Code::UnknownPlace)
        };
    }
    let mut known = Cow::Borrowed(text);
    let mut repair = None;
    if let Some(width) = column.width {
        let length = text.chars().count();
        if digits && length < width {
            known = format!("{text:0>width$}").into();
            repair = Some(Code::LeadingZero);
        } else if length != width {
            return Err(Code::CodeLength);
        } else if text.contains('.') && text.parse::<f64>().is_ok() {
            return Err(Code::UnknownValue); // `310000.00` is as long as a FINESS number
        }
    }
    if !column.values.is_empty() && !column.values.iter().any(|value| *value == known) {
        let folded = |text: &str| unicode::name(text).to_lowercase();
        let mut alike = column.values.iter().filter(|value| folded(value) == folded(&known));
        return match (alike.next(), alike.next()) {
            (Some(value), None) => {
                let same = unicode::name(value) == known;
                Ok((value.clone().into(), (!same).then_some(Code::CodeCase)))
            }
            _ => Err(Code::UnknownValue),
        };
    }
    Ok((known, repair))
}

/// The contract's columns and the line of each row.
fn lined(schema: &Schema) -> SchemaRef {
    let line = Arc::new(Field::new("line", DataType::UInt64, false));
    Arc::new(Schema::new(schema.fields().iter().cloned().chain([line]).collect::<Vec<_>>()))
}

#[inline]
fn in_range(value: f64, column: &Column) -> Result<(), Code> {
    if column.min.is_some_and(|min| value < min) {
        return Err(if column.min == Some(0.0) { Code::NegativeCount } else { Code::BelowMin });
    }
    if column.max.is_some_and(|max| value > max) {
        return Err(Code::AboveMax);
    }
    Ok(())
}
