//! The one row shape that CSV, JSON and XLSX all give to the checker.

/// What a reader knows about a cell besides its text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    /// Text as written in the feed.
    Text,
    /// A number of JSON or Excel, written with a full stop.
    Number,
    /// A number of Excel with more digits than Excel keeps: the last ones are zeros in the place of others.
    Rounded,
    /// A day of Excel, written `2020-10-05`.
    Day,
    /// `true` or `false` of JSON or Excel.
    Flag,
    /// Nothing: an empty cell, JSON `null`, a field that the object does not have.
    Missing,
    /// An array or object inside a JSON record, an error value of Excel: no column takes it.
    Other,
}

/// Place of a cell in the row's text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Span {
    pub(crate) start: u32,
    pub(crate) end: u32,
    pub(crate) kind: Kind,
}

impl Span {
    pub(crate) const MISSING: Self = Self { start: 0, end: 0, kind: Kind::Missing };
}

/// What a reader found wrong with a whole row.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Fault {
    /// A quote that is not closed, or text after a closing quote.
    BadQuote,
    /// A name that comes twice in one JSON object.
    DuplicateField,
    /// A line that is not a JSON object.
    BrokenRecord,
    /// A JSON record without the object that holds its fields.
    NoRecord,
}

/// One row: cells in the order of the header.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Row<'a> {
    /// Physical line, sheet row or rank of the record, from 1.
    pub(crate) line: u64,
    /// Bytes that the spans point into.
    pub(crate) text: &'a [u8],
    pub(crate) cells: &'a [Span],
    /// How many fields the row has, which may be more than `cells`.
    pub(crate) fields: usize,
    /// The line as received; rows without one are shown as their cells.
    pub(crate) raw: Option<&'a [u8]>,
    pub(crate) fault: Option<Fault>,
    /// The line is ended by a line end (not by the end of the file).
    pub(crate) ended: bool,
    /// For one of the rows that a line of a wide table makes.
    pub(crate) part: Option<Part<'a>>,
}

/// One of the columns of a wide table that become rows.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Part<'a> {
    /// Its title, for messages.
    pub(crate) title: &'a str,
    /// It is the first of its line.
    pub(crate) is_first: bool,
}

impl<'a> Row<'a> {
    /// Text of a cell.
    pub(crate) fn cell(&self, span: Span) -> &'a [u8] {
        &self.text[span.start as usize..span.end as usize]
    }

    /// Whether no cell holds anything.
    pub(crate) fn is_blank(&self) -> bool {
        self.fault.is_none() && self.cells.iter().all(|cell| self.cell(*cell).trim_ascii().is_empty())
    }

    /// The row as received, or its cells joined by semicolons, for a finding.
    pub(crate) fn raw_shown(&self) -> String {
        if let Some(raw) = self.raw {
            return crate::say::raw_line(raw);
        }
        let mut joined = Vec::new();
        for (rank, span) in self.cells.iter().enumerate() {
            if rank > 0 {
                joined.push(b';');
            }
            joined.extend_from_slice(self.cell(*span));
            if joined.len() > 4096 {
                break;
            }
        }
        crate::say::raw_line(&joined)
    }
}
