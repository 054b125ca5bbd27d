//! Splits delimited text into records, and keeps count of physical lines.
//!
//! The crate `csv` is not used here for two reasons: its positions drift after CR LF and blank lines, and one quote
//! left open makes it swallow the rest of the file as one field. Here such a quote spoils its own line, and reading goes
//! on at the next one. Well-formed files are split as `csv` does (a test compares the two).

use std::io::{self, Read};

use crate::row::{Fault, Kind, Row, Span};

/// Bytes of one record, quotes and line ends included, beyond which the body is refused.
pub(crate) const RECORD_MAX: usize = 1 << 20;
/// Lines that one quoted field may span before its quote is taken for one left open.
const QUOTED_LINES_MAX: u64 = 100;
/// Fields whose place is kept; further ones are only counted.
pub(crate) const FIELDS_MAX: usize = 10_000;

/// Why there is no next record.
#[derive(Debug)]
pub(crate) enum Failure {
    /// A record longer than [`RECORD_MAX`].
    TooLong {
        line: u64,
    },
    Io(io::Error),
}

/// Reads records one by one.
pub(crate) struct Records<R> {
    source: R,
    buffer: Vec<u8>,
    /// Start of the part not read yet.
    start: usize,
    end: usize,
    at_end: bool,
    /// Line of the next record.
    line: u64,
    delimiter: u8,
    /// Fields of the header, once it is known.
    width: Option<usize>,
    spans: Vec<Span>,
    /// Text of the last record, when quotes inside quotes had to be undone.
    unescaped: Vec<u8>,
    /// Lines that ended with CR LF.
    pub(crate) crlf_lines: u64,
    /// Blank lines passed over, and the first of them.
    pub(crate) blank_lines: u64,
    pub(crate) first_blank: u64,
    /// Quoted fields with spaces outside their quotes, and the line of the first.
    pub(crate) spaced_quotes: u64,
    pub(crate) first_spaced: u64,
}

/// Outcome of splitting the text at hand.
enum Split {
    /// A record: its length with its line end, its lines, how many fields.
    Whole { length: usize, lines: u64, fields: usize, escaped: bool, fault: Option<Fault>, ended: bool },
    /// The record goes on beyond the text at hand.
    More,
}

impl<R: Read> Records<R> {
    pub(crate) fn new(source: R, delimiter: u8) -> Self {
        Self {
            source,
            buffer: vec![0; 1 << 18],
            start: 0,
            end: 0,
            at_end: false,
            line: 1,
            delimiter,
            width: None,
            spans: Vec::new(),
            unescaped: Vec::new(),
            crlf_lines: 0,
            blank_lines: 0,
            first_blank: 0,
            spaced_quotes: 0,
            first_spaced: 0,
        }
    }

    /// Says on which line the first record is.
    pub(crate) fn start_at(&mut self, line: u64) {
        self.line = line;
    }

    /// Says how many fields a record has: one that spans lines and has another number holds a quote left open.
    pub(crate) fn expect(&mut self, width: usize) {
        self.width = Some(width);
    }

    /// The next record that is not a blank line; `None` at the end.
    pub(crate) fn next(&mut self) -> Result<Option<Row<'_>>, Failure> {
        let (length, lines, fields, escaped, fault, ended) = loop {
            self.skip_blank_lines()?;
            if self.start == self.end && self.at_end {
                return Ok(None);
            }
            match self.split(false) {
                Split::Whole { length, lines, fields, escaped, fault, ended } => {
                    break (length, lines, fields, escaped, fault, ended);
                }
                Split::More if !self.at_end && self.end - self.start < RECORD_MAX => self.fill()?,
                // Either the file or the patience is at its end inside quotes: only this line is spoilt.
                Split::More => match self.split(true) {
                    Split::Whole { length, lines, fields, escaped, fault, ended } => {
                        break (length, lines, fields, escaped, fault, ended);
                    }
                    Split::More => return Err(Failure::TooLong { line: self.line }),
                },
            }
        };
        let record = self.start..self.start + length;
        let line = self.line;
        self.start = record.end;
        self.line += lines;
        let mut raw = &self.buffer[record];
        if ended {
            raw = &raw[..raw.len() - 1];
            if let Some(rest) = raw.strip_suffix(b"\r") {
                raw = rest;
                self.crlf_lines += 1;
            }
        }
        let text: &[u8] = if escaped { &self.unescaped } else { raw };
        Ok(Some(Row { line, text, cells: &self.spans, fields, raw: Some(raw), fault, ended, part: None }))
    }

    fn skip_blank_lines(&mut self) -> Result<(), Failure> {
        loop {
            if self.end - self.start < 2 && !self.at_end {
                self.fill()?;
                continue;
            }
            let skipped = match &self.buffer[self.start..self.end] {
                [b'\n', ..] => 1,
                [b'\r', b'\n', ..] => 2,
                _ => return Ok(()),
            };
            if self.blank_lines == 0 {
                self.first_blank = self.line;
            }
            self.blank_lines += 1;
            self.line += 1;
            self.start += skipped;
        }
    }

    fn fill(&mut self) -> Result<(), Failure> {
        if self.start > 0 {
            self.buffer.copy_within(self.start..self.end, 0);
            self.end -= self.start;
            self.start = 0;
        }
        if self.end == self.buffer.len() {
            self.buffer.resize(self.buffer.len() * 2, 0);
        }
        loop {
            match self.source.read(&mut self.buffer[self.end..]) {
                Ok(read) => {
                    self.end += read;
                    self.at_end = read == 0;
                    return Ok(());
                }
                Err(cause) if cause.kind() == io::ErrorKind::Interrupted => {}
                Err(cause) => return Err(Failure::Io(cause)),
            }
        }
    }

    /// Splits the record at the start of the text at hand. With `first_line_only`, a quote left open ends with its
    /// line and is a fault.
    fn split(&mut self, first_line_only: bool) -> Split {
        let bytes = &self.buffer[self.start..self.end];
        let delimiter = self.delimiter;
        let (mut spaced, line_end) = (0, b'\n');
        self.spans.clear();
        let mut fields = 0;
        let mut fault = None;
        let mut lines = 1;
        let mut escaped = false;
        let mut at = 0; // where the field starts
        loop {
            let spaces = bytes[at.min(bytes.len())..].iter().take_while(|b| **b == b' ').count();
            let lead = if delimiter == b' ' { 0 } else { spaces };
            if lead > 0 && at + lead == bytes.len() && !self.at_end {
                return Split::More;
            }
            if bytes.get(at + lead) == Some(&b'"') {
                // A quoted field, perhaps after spaces.
                at += lead;
                let mut scan = at + 1;
                let mut loose = lead > 0;
                let mut doubled = false;
                let close = loop {
                    match bytes.get(scan) {
                        Some(b'"') if bytes.get(scan + 1) == Some(&b'"') => {
                            doubled = true;
                            scan += 2;
                        }
                        // The quote may be the first of two.
                        Some(b'"') if scan + 1 == bytes.len() && !self.at_end => return Split::More,
                        Some(b'"') => break Some(scan),
                        Some(b) if *b == line_end => {
                            if first_line_only {
                                break None;
                            }
                            lines += 1;
                            if lines > QUOTED_LINES_MAX {
                                return self.split(true);
                            }
                            scan += 1;
                        }
                        Some(_) => scan += 1,
                        None if first_line_only && self.at_end => break None,
                        None => return Split::More,
                    }
                };
                // A field left open ends with its line, before CR LF as well.
                let open_end = if bytes[at + 1..scan].ends_with(b"\r") { scan - 1 } else { scan };
                let (start, end) = (at + 1, close.unwrap_or(open_end));
                let mut next = close.map_or(scan, |close| close + 1);
                // After the closing quote: delimiter or line end, else a fault.
                while let Some(b) = bytes.get(next) {
                    if *b == delimiter || *b == line_end {
                        break;
                    }
                    if *b == b' ' {
                        loose = true;
                    } else if !(*b == b'\r' && bytes.get(next + 1).is_none_or(|after| *after == line_end)) {
                        fault = Some(Fault::BadQuote);
                    }
                    next += 1;
                }
                if close.is_none() {
                    fault = Some(Fault::BadQuote);
                }
                if next == bytes.len() && !self.at_end {
                    return Split::More;
                }
                if close.is_some() && next == bytes.len() && bytes.ends_with(b"\r") {
                    next -= 1; // half a line end, and the value before it is whole
                }
                if doubled && fault.is_none() && fields < FIELDS_MAX {
                    if !escaped {
                        escaped = true;
                        self.unescaped.clear();
                    }
                    // Undone fields are put after the raw record, which is copied once at the end.
                    let from = self.unescaped.len();
                    let mut pending = false;
                    for b in &bytes[start..end] {
                        if *b == b'"' && !pending {
                            pending = true;
                        } else {
                            pending = false;
                            self.unescaped.push(*b);
                        }
                    }
                    self.spans.push(Span {
                        start: from as u32 | UNDONE,
                        end: self.unescaped.len() as u32,
                        kind: Kind::Text,
                    });
                } else if fields < FIELDS_MAX {
                    self.spans.push(Span { start: start as u32, end: end as u32, kind: Kind::Text });
                }
                fields += 1;
                spaced += u64::from(loose);
                if bytes.get(next) == Some(&delimiter) {
                    at = next + 1;
                    continue;
                }
                return self.whole(next, lines, fields, escaped, fault, spaced);
            }
            let rest = &bytes[at.min(bytes.len())..];
            let Some(offset) = rest.iter().position(|b| *b == delimiter || *b == line_end) else {
                if !self.at_end {
                    return Split::More;
                }
                // CR is the first half of a line end: a line cut between CR and LF is whole.
                let end = at + rest.strip_suffix(b"\r").unwrap_or(rest).len();
                if fields < FIELDS_MAX {
                    self.spans.push(Span { start: at as u32, end: end as u32, kind: Kind::Text });
                }
                return self.whole(end, lines, fields + 1, escaped, fault, spaced);
            };
            let end = at + offset;
            let ends_line = rest[offset] == line_end;
            let plain_end = if ends_line && offset > 0 && rest[offset - 1] == b'\r' { end - 1 } else { end };
            if fields < FIELDS_MAX {
                self.spans.push(Span { start: at as u32, end: plain_end as u32, kind: Kind::Text });
            }
            fields += 1;
            if ends_line {
                return self.whole(end, lines, fields, escaped, fault, spaced);
            }
            at = end + 1;
        }
    }

    /// Ends a record at `end`, the place of its line end or the end of the file.
    ///
    /// One that spans lines and is faulty, or has not the fields of the header, holds a quote left open: it ends with
    /// its first line.
    fn whole(
        &mut self,
        end: usize,
        lines: u64,
        fields: usize,
        escaped: bool,
        fault: Option<Fault>,
        spaced: u64,
    ) -> Split {
        if lines > 1 && (fault.is_some() || self.swallows_rows(end, fields)) {
            return self.split(true);
        }
        if spaced > 0 {
            if self.spaced_quotes == 0 {
                self.first_spaced = self.line;
            }
            self.spaced_quotes += spaced;
        }
        let bytes = &self.buffer[self.start..self.end];
        let ended = end < bytes.len();
        if escaped {
            // One text for all cells: undone fields first, then the record as it stands.
            let shift = self.unescaped.len() as u32;
            self.unescaped.extend_from_slice(&bytes[..end]);
            for span in &mut self.spans {
                if span.start & UNDONE != 0 {
                    span.start &= !UNDONE;
                } else {
                    span.start += shift;
                    span.end += shift;
                }
            }
        }
        Split::Whole { length: end + usize::from(ended), lines, fields, escaped, fault, ended }
    }
}

impl<R> Records<R> {
    /// Whether a record that spans lines holds whole rows inside its quotes, or has another width than the header.
    fn swallows_rows(&self, end: usize, fields: usize) -> bool {
        let Some(width) = self.width else { return false };
        let rows: Vec<bool> = self.buffer[self.start..self.start + end]
            .split(|b| *b == b'\n')
            .map(|line| line.iter().filter(|b| **b == self.delimiter).count() + 1 == width)
            .collect();
        let [first, inner @ .., last] = rows.as_slice() else { return false };
        fields != width || (width > 1 && ((*first && *last) || inner.contains(&true)))
    }
}

/// Marks a span that points into the undone fields; records are far shorter.
const UNDONE: u32 = 1 << 31;

#[cfg(test)]
mod tests {
    use super::*;

    /// Lines and cells, `!` after a faulty record, `~` after one without line end.
    fn check(input: &str, expected: &[(u64, &[&str], &str)]) {
        // A source that gives a byte at a time meets every seam.
        struct Drip<'a>(&'a [u8]);
        impl Read for Drip<'_> {
            fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
                let Some((first, rest)) = self.0.split_first() else { return Ok(0) };
                out[0] = *first;
                self.0 = rest;
                Ok(1)
            }
        }
        let mut whole = Records::new(input.as_bytes(), b';');
        let mut drip = Records::new(Drip(input.as_bytes()), b';');
        for (line, cells, marks) in expected {
            let seen = |row: Row<'_>| {
                let cells: Vec<String> =
                    row.cells.iter().map(|s| String::from_utf8(row.cell(*s).to_vec()).unwrap()).collect();
                let marks = format!(
                    "{}{}",
                    if row.fault.is_some() { "!" } else { "" },
                    if row.ended { "" } else { "~" }
                );
                (row.line, cells, marks)
            };
            let wanted =
                (*line, cells.iter().map(|c| (*c).to_owned()).collect::<Vec<_>>(), (*marks).to_owned());
            assert_eq!(seen(whole.next().unwrap().unwrap()), wanted, "{input:?}");
            assert_eq!(seen(drip.next().unwrap().unwrap()), wanted, "{input:?}");
        }
        assert!(whole.next().unwrap().is_none(), "{input:?}");
        assert!(drip.next().unwrap().is_none(), "{input:?}");
    }

    #[test]
    fn records_are_split_and_lines_counted() {
        check("", &[]);
        check("a;b\n1;2\n", &[(1, &["a", "b"], ""), (2, &["1", "2"], "")]);
        check("a;b\r\n1;\r\n", &[(1, &["a", "b"], ""), (2, &["1", ""], "")]);
        check("a\n\n\r\nb", &[(1, &["a"], ""), (4, &["b"], "~")]);
        check(";\n;", &[(1, &["", ""], ""), (2, &["", ""], "~")]);
        check("\"a\";\"b;c\"\nx", &[(1, &["a", "b;c"], ""), (2, &["x"], "~")]);
        check("\"a\nb\";c\nd\n", &[(1, &["a\nb", "c"], ""), (3, &["d"], "")]);
        check("x;\"say \"\"yes\"\"\";y\r\nd\n", &[(1, &["x", "say \"yes\"", "y"], ""), (2, &["d"], "")]);
        check("\"a\";\"b\"\r\n\"c\"", &[(1, &["a", "b"], ""), (2, &["c"], "~")]);
        check("in\"side;b\n", &[(1, &["in\"side", "b"], "")]);
        check("\"a\"; \"b;c\" ;d\n", &[(1, &["a", "b;c", "d"], "")]);
        check("a;b\r\n1;2\r", &[(1, &["a", "b"], ""), (2, &["1", "2"], "")]);
        check("\"a\"\r\n\"b\"\r", &[(1, &["a"], ""), (2, &["b"], "")]);
        check(" a;  \"b\"\n", &[(1, &[" a", "b"], "")]);
    }

    #[test]
    fn a_quote_left_open_spoils_its_own_line_only() {
        check("a;\"b\nc;d\ne;f\n", &[(1, &["a", "b"], "!"), (2, &["c", "d"], ""), (3, &["e", "f"], "")]);
        check("\"a\"b;c\nd;e\n", &[(1, &["a", "c"], "!"), (2, &["d", "e"], "")]);
        check("a;\"", &[(1, &["a", ""], "!~")]);
        check("a;\"\r\nb", &[(1, &["a", ""], "!"), (2, &["b"], "~")]);
        check("\"a;b\n\"c\";\"d\"\ne;f\n", &[(1, &["a;b"], "!"), (2, &["c", "d"], ""), (3, &["e", "f"], "")]);
    }

    #[test]
    fn an_endless_line_is_refused() {
        let mut records = Records::new(io::repeat(b'x'), b';');
        assert!(matches!(records.next(), Err(Failure::TooLong { line: 1 })));
    }
}
