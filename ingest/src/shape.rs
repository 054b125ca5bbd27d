//! From rows as they are sent to rows of the contract: several fields joined into one value, and one row for each column
//! of a wide table.
//!
//! What is made stands behind the fields as sent: first the joined values, then, for a wide table, the title of the column
//! and its cell. A field of the feed is thus found where its header says, whatever is made of it.

use std::collections::BTreeSet;

use vigie_queries::{Column, ColumnType, Contract, Format, Join, Piece};

use crate::check::canonical;
use crate::columns::{Slot, positions, same_loosely, twice};
use crate::dates::{self, DateForm, SlashDates};
use crate::instants::TimeReading;
use crate::numbers;
use crate::row::{Kind, Part, Row, Span};
use crate::stop::Stop;
use crate::values::{self, trimmed};

/// How rows as sent become rows of the contract.
#[derive(Debug)]
pub(crate) struct Shape {
    /// Fields as sent.
    width: usize,
    joined: Vec<Joined>,
    series: Option<Series>,
    /// Words that mean "missing", in small letters.
    missing: Vec<Vec<u8>>,
    /// The row at hand.
    text: Vec<u8>,
    cells: Vec<Span>,
}

/// A value made of several fields.
#[derive(Debug)]
struct Joined {
    pieces: Vec<Place>,
}

#[derive(Debug)]
enum Place {
    Text(String),
    Field(usize),
}

/// Columns of a wide table that become rows.
#[derive(Debug)]
struct Series {
    /// Their fields, and their titles.
    columns: Vec<(usize, String, Kind)>,
    /// The titles as text, one after the other.
    titles: Vec<u8>,
}

/// Where the fields of a joined value are.
#[derive(Debug)]
pub(crate) enum Found {
    /// The place of the value, and its fields.
    Whole(usize, Vec<usize>),
    /// The names that the header lacks.
    Lacking(Vec<String>),
}

/// Whether a column of the table takes titles or cells of a wide table.
pub(crate) fn is_made(column: &Column, contract: &Contract) -> bool {
    let name = column.name.get_ref();
    contract
        .unpivot
        .as_ref()
        .is_some_and(|unpivot| unpivot.names.get_ref() == name || unpivot.values.get_ref() == name)
}

/// Whether a header of a wide table has no column that could become rows.
pub(crate) fn lacks_series(header: &[String], contract: &Contract) -> bool {
    let Some(names) = names_column(contract) else { return false };
    let time = TimeReading::new(names, contract);
    !header.iter().any(|title| read_title(title, names, &time, contract).is_some())
}

fn names_column(contract: &Contract) -> Option<&Column> {
    contract.unpivot.as_ref().and_then(|unpivot| contract.column(unpivot.names.get_ref()))
}

/// What a title is as a value of the column that takes titles; nothing when it is none.
fn read_title(title: &str, column: &Column, time: &TimeReading, contract: &Contract) -> Option<Kind> {
    let text = trimmed(title.as_bytes());
    if text.is_empty() {
        return None;
    }
    let is_excel = contract.feed.format == Format::Xlsx;
    // The cell of a title has lost its type: a day of Excel is known by its form.
    let day = is_excel && dates::date(text, &[DateForm::Iso], None).is_ok();
    let kinds = if day { [Kind::Day, Kind::Text] } else { [Kind::Text, Kind::Number] };
    kinds.into_iter().find(|kind| match column.kind {
        ColumnType::Date => time.day(text, *kind).is_ok(),
        ColumnType::Timestamp => time.instant(text, *kind).is_ok(),
        ColumnType::Integer => *kind == Kind::Text && numbers::integer(text).is_ok(),
        ColumnType::Number => *kind == Kind::Text && numbers::number(text, contract.dialect.decimal).is_ok(),
        ColumnType::Boolean => *kind == Kind::Text && values::boolean(text).is_ok(),
        ColumnType::Text | ColumnType::Department => *kind == Kind::Text && canonical(column, text).is_ok(),
    })
}

impl Shape {
    pub(crate) fn new(header: &[String], contract: &Contract) -> Self {
        Self {
            width: header.len(),
            joined: Vec::new(),
            series: contract.unpivot.as_ref().map(|_| Series { columns: Vec::new(), titles: Vec::new() }),
            missing: contract
                .dialect
                .missing
                .iter()
                .map(|word| word.to_ascii_lowercase().into_bytes())
                .collect(),
            text: Vec::new(),
            cells: Vec::new(),
        }
    }

    /// Whether rows differ from what is sent.
    pub(crate) fn is_needed(&self) -> bool {
        !self.joined.is_empty() || self.series.is_some()
    }

    /// Place of a column that takes titles (the last but one) or cells (the last).
    pub(crate) fn made(&self, column: &Column, contract: &Contract) -> Option<usize> {
        let unpivot = contract.unpivot.as_ref().filter(|_| is_made(column, contract))?;
        let joins = contract.columns.iter().filter(|column| column.join.is_some()).count();
        let names = self.width + joins;
        Some(if unpivot.names.get_ref() == column.name.get_ref() { names } else { names + 1 })
    }

    /// Finds the fields of a joined value: its place and its fields, or the names that the header lacks.
    ///
    /// # Errors
    /// [`Stop::Refused`] when one of them comes twice.
    pub(crate) fn join(&mut self, header: &[String], join: &Join, line: u64) -> Result<Found, Stop> {
        let (mut pieces, mut fields, mut lacking) = (Vec::new(), Vec::new(), Vec::new());
        for piece in &join.pieces {
            let name = match piece {
                Piece::Text(text) => {
                    pieces.push(Place::Text(text.clone()));
                    continue;
                }
                Piece::Field(name) => name,
            };
            let mut found = positions(header, |field| trimmed(field.as_bytes()) == name.as_bytes());
            if found.is_empty() {
                found = positions(header, |field| same_loosely(field, name));
            }
            match found.as_slice() {
                [] => lacking.push(name.clone()),
                [only] => {
                    pieces.push(Place::Field(*only));
                    fields.push(*only);
                }
                several => return Err(twice(header, several, line)),
            }
        }
        // A place is taken in any case: those behind it are counted.
        let place = self.width + self.joined.len();
        let is_whole = lacking.is_empty();
        self.joined.push(Joined { pieces: if is_whole { pieces } else { Vec::new() } });
        Ok(if is_whole { Found::Whole(place, fields) } else { Found::Lacking(lacking) })
    }

    /// Takes the columns that become rows: those that no other column has and whose title can be read.
    ///
    /// # Errors
    /// [`Stop::Refused`] when titles that are days seem to be written month first: those that can be read either way
    /// would be other days.
    pub(crate) fn take_series(
        &mut self,
        header: &[String],
        contract: &Contract,
        slots: &[Slot<'_>],
        claimed: &BTreeSet<usize>,
    ) -> Result<Option<Vec<usize>>, Stop> {
        let (Some(series), Some(names)) = (self.series.as_mut(), names_column(contract)) else {
            return Ok(None);
        };
        let Some(slot) = slots.iter().find(|slot| std::ptr::eq(slot.column, names)) else { return Ok(None) };
        let time = &slot.time;
        let except = contract.unpivot.as_ref().map_or(&[][..], |unpivot| &unpivot.except);
        let mut slashes = SlashDates::default();
        for (field, title) in header.iter().enumerate() {
            if claimed.contains(&field) || except.iter().any(|other| same_loosely(other, title)) {
                continue;
            }
            if time.is_day_first && matches!(names.kind, ColumnType::Date | ColumnType::Timestamp) {
                slashes.look(trimmed(title.as_bytes()));
            }
            if let Some(kind) = read_title(title, names, time, contract) {
                series.columns.push((field, title.clone(), kind));
                series.titles.extend_from_slice(title.as_bytes());
            }
        }
        slashes.refuse_if_ambiguous()?;
        Ok(Some(series.columns.iter().map(|(field, ..)| *field).collect()))
    }

    /// Gives `take` each row of the contract that a row as sent makes, until it says that this line is done with.
    pub(crate) fn each(
        &mut self,
        row: &Row<'_>,
        take: &mut dyn FnMut(&Row<'_>) -> Result<bool, Stop>,
    ) -> Result<(), Stop> {
        let is_empty = |cell: &Span| row.cell(*cell).trim_ascii().is_empty();
        if row.fault.is_some() || row.fields != self.width || (row.ended && row.cells.iter().all(is_empty)) {
            return take(row).map(|_| ());
        }
        self.text.clear();
        self.text.extend_from_slice(row.text);
        self.cells.clear();
        self.cells.extend_from_slice(row.cells);
        for joined in &self.joined {
            let start = self.text.len();
            let kind = joined.write(row, &self.missing, &mut self.text);
            if kind == Kind::Missing {
                self.text.truncate(start);
            }
            self.cells.push(Span { start: start as u32, end: self.text.len() as u32, kind });
        }
        let Some(series) = &self.series else {
            return take(&Row { text: &self.text, cells: &self.cells, ..*row }).map(|_| ());
        };
        let mut at = self.text.len() as u32;
        self.text.extend_from_slice(&series.titles);
        let made = self.cells.len();
        self.cells.extend([Span::MISSING; 2]);
        for (rank, (field, title, kind)) in series.columns.iter().enumerate() {
            let end = at + title.len() as u32;
            self.cells[made] = Span { start: at, end, kind: *kind };
            self.cells[made + 1] = row.cells[*field];
            at = end;
            let part = Some(Part { title, is_first: rank == 0 });
            if !take(&Row { text: &self.text, cells: &self.cells, part, ..*row })? {
                break;
            }
        }
        Ok(())
    }
}

impl Joined {
    /// Writes the value; missing when one of its fields is.
    fn write(&self, row: &Row<'_>, missing: &[Vec<u8>], out: &mut Vec<u8>) -> Kind {
        if self.pieces.is_empty() {
            return Kind::Missing;
        }
        for piece in &self.pieces {
            let field = match piece {
                Place::Text(text) => {
                    out.extend_from_slice(text.as_bytes());
                    continue;
                }
                Place::Field(field) => row.cells[*field],
            };
            let text = trimmed(row.cell(field));
            match field.kind {
                Kind::Missing => return Kind::Missing,
                Kind::Other | Kind::Flag | Kind::Rounded => return Kind::Other,
                _ if text.is_empty() || missing.iter().any(|word| word.eq_ignore_ascii_case(text)) => {
                    return Kind::Missing;
                }
                // A time of day is a day of 1899 or 1900 to Excel.
                Kind::Day if text.starts_with(b"1899-12-") || text.starts_with(b"1900-01-0") => {
                    out.extend_from_slice(text.get(11..).unwrap_or(b"00:00:00"));
                }
                Kind::Text | Kind::Number | Kind::Day => {
                    // A whole number that a program wrote back as `10.0`.
                    let whole = text.strip_suffix(b".0").filter(|whole| numbers::digits(whole).is_some());
                    out.extend_from_slice(whole.unwrap_or(text));
                }
            }
        }
        Kind::Text
    }
}
