//! Delimited text: finds the delimiter and the header, gives the rows.

use std::collections::BTreeMap;
use std::io::{BufRead as _, BufReader, Read};

use vigie_queries::Contract;

use crate::body::Opened;
use crate::columns::count_missing;
use crate::findings::{Code, Finding, Severity};
use crate::line_ends::{LfReader, LineEnds};
use crate::records::{FIELDS_MAX, Failure, RECORD_MAX, Records};
use crate::row::Row;
use crate::say::{self, NBSP, NNBSP, counted, grouped, size};
use crate::stop::{Reason, Stop};
use crate::text::{TextForm, Utf8Reader};

/// Delimiters that feeds are known to use, tried to name the one found when the declared ones fail.
const KNOWN: [char; 5] = [';', ',', '\t', '|', ':'];

/// Records among which the header is looked for: titles, notes and `sep=;` may stand before it.
pub(crate) const PREAMBLE_MAX: usize = 12;
/// Records looked at to know whether every line ends with delimiters too many.
const SAMPLE: usize = 100;

/// A body of delimited text whose header is read.
pub(crate) struct CsvBody<'a> {
    opened: &'a Opened,
    form: TextForm,
    /// Lines above the first record, as the contract says.
    above: u32,
    pub(crate) delimiter: char,
    pub(crate) header: Vec<String>,
    /// Line of the header.
    pub(crate) header_line: u64,
    /// Records up to and including the header.
    skip: usize,
}

/// A header as one delimiter splits it.
struct Header {
    names: Vec<String>,
    line: u64,
    skip: usize,
    /// Required columns that it lacks.
    missing: usize,
}

/// Finds the delimiter by the header: the declared one, else a declared alternative.
pub(crate) fn open<'a>(
    opened: &'a Opened,
    form: TextForm,
    contract: &Contract,
    findings: &mut Vec<Finding>,
) -> Result<CsvBody<'a>, Stop> {
    let declared = contract.dialect.delimiter;
    let above = contract.feed.skip_rows.as_ref().map_or(0, |rows| *rows.get_ref());
    let body = |delimiter: char, header: Header, findings: &mut Vec<Finding>| {
        self::body(opened, form, above, delimiter, header, findings)
    };
    let first = header(opened, &form, declared, contract)?;
    if first.missing == 0 {
        return body(declared, first, findings);
    }
    for other in &contract.dialect.also_delimiters {
        let header = self::header(opened, &form, *other, contract)?;
        if header.missing == 0 {
            findings.push(other_delimiter(declared, *other, header.line));
            return body(*other, header, findings);
        }
    }
    for other in KNOWN {
        if other == declared {
            continue;
        }
        let split = self::header(opened, &form, other, contract)?;
        let better = split.missing < first.missing || (first.names.len() == 1 && split.names.len() > 2);
        if better && !contract.dialect.also_delimiters.contains(&other) {
            return Err(wrong_delimiter(contract, other, &first.names));
        }
    }
    // The delimiter is not what is wrong: the mapping of columns says what is.
    for other in &contract.dialect.also_delimiters {
        let split = self::header(opened, &form, *other, contract)?;
        if split.names.len() > first.names.len() && split.missing <= first.missing {
            return body(*other, split, findings);
        }
    }
    body(declared, first, findings)
}

fn body<'a>(
    opened: &'a Opened,
    form: TextForm,
    above: u32,
    delimiter: char,
    mut header: Header,
    findings: &mut Vec<Finding>,
) -> Result<CsvBody<'a>, Stop> {
    if header.skip > 1 {
        findings.push(preamble((header.skip - 1) as u64, header.line));
    }
    if header.missing == 0 {
        fit_width(opened, &form, above, delimiter, &mut header, findings)?;
    }
    let Header { names, line, skip, .. } = header;
    Ok(CsvBody { opened, form, above, delimiter, header: names, header_line: line, skip })
}

/// Titles and notes above the header, which is on that line.
pub(crate) fn preamble(lines: u64, header_line: u64) -> Finding {
    let s = if lines > 1 { "s" } else { "" };
    let sentence = format!(
        "{} avant l’en-tête (ligne {header_line}), laissée{s} de côté.",
        counted(lines, "ligne", "lignes")
    );
    remark(Code::Preamble, Some(header_line), "", sentence)
}

/// Makes the header as wide as the lines when these, or it, end with delimiters too many.
///
/// Only where the first hundred lines agree: in a single line an empty field at the end may as well be the trace of one
/// put in too early.
fn fit_width(
    opened: &Opened,
    form: &TextForm,
    above: u32,
    delimiter: char,
    header: &mut Header,
    findings: &mut Vec<Finding>,
) -> Result<(), Stop> {
    let width = header.names.len();
    let blank_names = header.names.iter().rev().take_while(|name| name.trim().is_empty()).count();
    let mut records = records(opened, form, above, delimiter)?;
    let (mut seen, mut as_header) = (0, 0);
    let (mut longer, mut shorter) = (BTreeMap::new(), BTreeMap::new());
    for rank in 0..header.skip + SAMPLE {
        let Some(row) = records.next().map_err(|failure| stop(opened, failure))? else { break };
        if rank < header.skip {
            continue;
        }
        seen += 1;
        if row.fields == width {
            as_header += 1;
        } else if row.fields > width {
            let more = row.cells.get(width..).unwrap_or_default();
            if more.iter().all(|cell| cell.start == cell.end) {
                *longer.entry(row.fields - width).or_insert(0) += 1;
            }
        } else if width - row.fields <= blank_names {
            *shorter.entry(width - row.fields).or_insert(0) += 1;
        }
    }
    let most = |counts: &BTreeMap<usize, usize>| {
        counts.iter().find(|(_, count)| as_header == 0 && **count * 5 >= seen * 4).map(|(width, _)| *width)
    };
    let sentence = if let Some(more) = most(&longer) {
        header.names.resize(width + more, String::new());
        "Chaque ligne finit par un séparateur de trop, laissé de côté."
    } else if let Some(fewer) = most(&shorter) {
        header.names.truncate(width - fewer);
        "L’en-tête finit par un séparateur de trop, laissé de côté."
    } else {
        return Ok(());
    };
    findings.push(remark(
        Code::TrailingDelimiter,
        Some(header.line),
        &delimiter.to_string(),
        sentence.to_owned(),
    ));
    Ok(())
}

fn records(
    opened: &Opened,
    form: &TextForm,
    above: u32,
    delimiter: char,
) -> Result<Records<Box<dyn Read>>, Stop> {
    let text = Utf8Reader::new(opened, form)?;
    let mut text: Box<dyn Read> =
        if form.line_ends == LineEnds::Plain { Box::new(text) } else { Box::new(LfReader::new(text)) };
    if above > 0 {
        text = Box::new(below(text, above).map_err(opened.unreadable())?);
    }
    // A delimiter beyond ASCII never occurs alone in UTF-8: such a contract finds one wide column.
    let delimiter = if delimiter.is_ascii() { delimiter as u8 } else { 0xff };
    let mut records = Records::new(text, delimiter);
    records.start_at(u64::from(above) + 1);
    Ok(records)
}

/// What is below so many lines, whatever they hold: quotes in a title close nothing.
fn below(text: impl Read, lines: u32) -> std::io::Result<impl Read> {
    let mut text = BufReader::with_capacity(1 << 16, text);
    for _ in 0..lines {
        text.skip_until(b'\n')?;
    }
    Ok(text)
}

/// The record that names most of the required columns, if only titles and notes stand before it; else the first one.
fn header(opened: &Opened, form: &TextForm, delimiter: char, contract: &Contract) -> Result<Header, Stop> {
    let above = contract.feed.skip_rows.as_ref().map_or(0, |rows| *rows.get_ref());
    let mut records = records(opened, form, above, delimiter)?;
    let mut best: Option<Header> = None;
    let mut widest_before = 0;
    for skip in 1..=PREAMBLE_MAX {
        let row = match records.next() {
            Ok(Some(row)) => row,
            Ok(None) => break,
            Err(failure) if best.is_none() => return Err(stop(opened, failure)),
            Err(_) => break,
        };
        if row.fields > FIELDS_MAX {
            if best.is_none() {
                return Err(too_many_columns(row.fields));
            }
            break;
        }
        let names: Vec<String> =
            row.cells.iter().map(|cell| String::from_utf8_lossy(row.cell(*cell)).into_owned()).collect();
        let filled = names.iter().filter(|name| !name.trim().is_empty()).count();
        let missing = count_missing(&names, contract);
        let better = best.as_ref().is_none_or(|best| missing < best.missing && widest_before * 2 <= filled);
        if better {
            best = Some(Header { names, line: row.line, skip, missing });
            if missing == 0 {
                break;
            }
        }
        widest_before = widest_before.max(filled);
    }
    best.ok_or_else(|| {
        Reason::new(
            Code::EmptyBody,
            format!("Le fichier ne contient que des lignes vides. Rien n’a été chargé{NNBSP}; les dernières données restent en place."),
        )
        .into()
    })
}

pub(crate) fn too_many_columns(fields: usize) -> Stop {
    Reason::new(
        Code::TooManyColumns,
        format!(
            "L’en-tête a {} colonnes, plus que la limite de {}. Rien n’a été chargé{NNBSP}; prévenir le producteur.",
            grouped(fields as u64),
            grouped(FIELDS_MAX as u64)
        ),
    )
    .line(1)
    .into()
}

fn stop(opened: &Opened, failure: Failure) -> Stop {
    match failure {
        Failure::Io(cause) => Stop::Ours(opened.unreadable()(cause)),
        Failure::TooLong { line } => Reason::new(
            Code::LineTooLong,
            format!(
                "Ligne {line}{NBSP}: plus longue que {}. Rien n’a été chargé{NNBSP}; ce n’est sans doute pas un tableau.",
                size(RECORD_MAX as u64)
            ),
        )
        .line(line)
        .into(),
    }
}

impl CsvBody<'_> {
    /// Gives every row after the header to `take`, then says what was repaired on the way.
    pub(crate) fn rows(
        &self,
        take: &mut dyn FnMut(&Row<'_>) -> Result<(), Stop>,
    ) -> Result<Vec<Finding>, Stop> {
        let mut records = records(self.opened, &self.form, self.above, self.delimiter)?;
        records.expect(self.header.len());
        let mut rank = 0;
        let mut end_mark = None;
        loop {
            let Some(row) = records.next().map_err(|failure| stop(self.opened, failure))? else { break };
            rank += 1;
            if rank <= self.skip {
                continue;
            }
            if !row.ended && row.raw == Some(b"\x1a") {
                end_mark = Some(row.line);
                continue;
            }
            take(&row)?;
        }
        let mut findings = Vec::new();
        let marks = match self.form.line_ends {
            LineEnds::Cr => Some("CR"),
            LineEnds::Mixed => Some("CR, LF et CR LF mêlées"),
            LineEnds::Plain if records.crlf_lines > 0 => Some("CR LF"),
            LineEnds::Plain => None,
        };
        if let Some(marks) = marks {
            findings.push(remark(
                Code::LineEnds,
                None,
                marks,
                format!("Fins de ligne {marks} au lieu de LF, lues sans perte."),
            ));
        }
        if records.spaced_quotes > 0 {
            let line = records.first_spaced;
            findings.push(remark(
                Code::SurroundingSpace,
                Some(line),
                "",
                format!(
                    "{} entre guillemets avec des espaces autour, lues sans eux (la première{NBSP}: ligne {line}).",
                    counted(records.spaced_quotes, "valeur", "valeurs")
                ),
            ));
        }
        if let Some(line) = end_mark {
            findings.push(remark(
                Code::BlankLine,
                Some(line),
                "",
                format!("Marque de fin de fichier (0x1A) à la ligne {line}, laissée de côté."),
            ));
        }
        if records.blank_lines > 0 {
            let sentence = format!(
                "{} laissées de côté (la première{NBSP}: ligne {}).",
                counted(records.blank_lines, "ligne vide", "lignes vides"),
                records.first_blank
            );
            let sentence =
                if records.blank_lines == 1 { sentence.replace("laissées", "laissée") } else { sentence };
            findings.push(remark(Code::BlankLine, Some(records.first_blank), "", sentence));
        }
        Ok(findings)
    }
}

pub(crate) fn remark(code: Code, line: Option<u64>, found: &str, sentence: String) -> Finding {
    Finding {
        line,
        column: None,
        code,
        severity: Severity::Info,
        found: Some(found.to_owned()).filter(|found| !found.is_empty()),
        expected: None,
        message: format!("{sentence} ({code})"),
        raw: None,
    }
}

fn other_delimiter(declared: char, found: char, line: u64) -> Finding {
    let code = Code::Delimiter;
    Finding {
        expected: Some(say::delimiter(declared)),
        ..remark(
            code,
            Some(line),
            &say::delimiter(found),
            format!(
                "Champs séparés par {} au lieu de {}{NBSP}: accepté par le contrat.",
                say::delimiter(found),
                say::delimiter(declared)
            ),
        )
    }
}

fn wrong_delimiter(contract: &Contract, found: char, header: &[String]) -> Stop {
    let accepted: Vec<String> = std::iter::once(contract.dialect.delimiter)
        .chain(contract.dialect.also_delimiters.iter().copied())
        .map(say::delimiter)
        .collect();
    let accepted = accepted.join(" ou ");
    Reason::new(
        Code::WrongDelimiter,
        format!(
            "Les champs sont séparés par {}. Attendu{NBSP}: {accepted}. En-tête{NBSP}: {}. Rien n’a été chargé{NNBSP}; vérifier le fichier, ou ajouter ce séparateur à also_delimiters dans le contrat.",
            say::delimiter(found),
            say::quoted(&say::shown(header.join(&contract.dialect.delimiter.to_string()).as_bytes())),
        ),
    )
    .line(1)
    .found(say::delimiter(found))
    .expected(accepted)
    .into()
}
