//! Excel workbooks, read cell by cell.
//!
//! calamine's `worksheet_range` trusts the declared size of a sheet (a file of 1.4 kB can ask for 512 GiB), so that only
//! its stream of cells is used here, and the parts it holds in memory are measured first.

use std::fs::File;
use std::io::{BufReader, Read, Write};
use std::panic::{AssertUnwindSafe, catch_unwind};

use calamine::{DataRef, Reader, SheetVisible, Xlsx};
use vigie_queries::Contract;
use zip::ZipArchive;

use crate::body::{self, Opened};
use crate::columns::count_missing;
use crate::csv::{PREAMBLE_MAX, preamble, too_many_columns};
use crate::findings::{Code, Finding};
use crate::records::RECORD_MAX;
use crate::row::{Kind, Row, Span};
use crate::say::{NBSP, NNBSP, quoted, shown};
use crate::stop::{Reason, Stop, refuse};

/// Columns of a sheet beyond which it is refused.
const COLUMNS_MAX: u32 = 1_000;
/// Bytes of the shared texts, which calamine keeps in memory, once unpacked.
const SHARED_MAX: u64 = 32 << 20;
/// Bytes of a sheet, once unpacked; cells are streamed from it.
const SHEET_MAX: u64 = 1 << 30;
/// Bytes of any other XML part, once unpacked: the list of sheets, the styles, which calamine keeps in memory too.
const PART_MAX: u64 = 8 << 20;

/// A workbook whose header is read.
pub(crate) struct XlsxBody<'a> {
    opened: &'a Opened,
    sheet: Option<String>,
    /// Bytes of text that the cells may give out, shared texts counted each time.
    text_max: u64,
    pub(crate) header: Vec<String>,
    /// Its row, from 0.
    pub(crate) header_row: u32,
}

/// Measures the workbook and reads the header.
pub(crate) fn open<'a>(
    opened: &'a Opened,
    contract: &Contract,
    findings: &mut Vec<Finding>,
) -> Result<XlsxBody<'a>, Stop> {
    measure(opened, contract.bounds.decompressed_bytes_max)?;
    let mut body = XlsxBody {
        opened,
        sheet: contract.feed.sheet.clone(),
        text_max: contract.bounds.decompressed_bytes_max,
        header: Vec::new(),
        header_row: 0,
    };
    // Titles may stand above the header: it is the row that names most of the required columns.
    let mut best: Option<(u32, Vec<String>, usize, u64)> = None;
    let (mut seen, mut widest_above) = (0, 0);
    let skipped = contract.feed.skip_rows.as_ref().map_or(0, |rows| *rows.get_ref());
    body.scan(&mut |row, cells, text| {
        if row < skipped {
            return Ok(true);
        }
        let header = header_of(cells, text);
        let missing = count_missing(&header, contract);
        if best.as_ref().is_none_or(|(_, _, least, _)| missing < *least && widest_above * 2 <= cells.len()) {
            best = Some((row, header, missing, seen));
        }
        seen += 1;
        widest_above = widest_above.max(cells.len());
        Ok(missing > 0 && seen < PREAMBLE_MAX as u64)
    })?;
    let Some((row, header, _, above)) = best else {
        return Err(refuse(
            Code::EmptyBody,
            format!(
                "La feuille est vide. Rien n’a été chargé{NNBSP}; les dernières données restent en place."
            ),
        ));
    };
    if above > 0 {
        findings.push(preamble(above, u64::from(row) + 1));
    }
    (body.header_row, body.header) = (row, header);
    Ok(body)
}

/// Texts by column, holes as empty names.
fn header_of(cells: &[(u32, Span)], text: &[u8]) -> Vec<String> {
    let width = cells.last().map_or(0, |(column, _)| *column as usize + 1);
    let mut header = vec![String::new(); width];
    for (column, span) in cells {
        header[*column as usize] =
            String::from_utf8_lossy(&text[span.start as usize..span.end as usize]).into_owned();
    }
    header
}

/// Unpacks every part into nothing, to know that none outgrows its bound.
fn measure(opened: &Opened, bytes_max: u64) -> Result<(), Stop> {
    if !opened.head(4)?.starts_with(b"PK\x03\x04") {
        return Err(not_a_workbook("ce n’est pas un fichier xlsx"));
    }
    body::check_members(opened)?;
    let broken = |cause: zip::result::ZipError| body::broken(&cause);
    let mut archive = ZipArchive::new(BufReader::new(opened.reader()?)).map_err(broken)?;
    let mut total = 0;
    let mut chunk = vec![0; 1 << 16];
    for rank in 0..archive.len() {
        let mut part = archive.by_index(rank).map_err(broken)?;
        let name = part.name().map_err(broken)?.to_ascii_lowercase();
        // The folder of the shared texts is the file's own choice: their name tells them apart.
        let streamed = name.contains("worksheets/") && !KEPT.iter().any(|kept| name.ends_with(kept));
        let bound = match () {
            () if streamed => SHEET_MAX,
            () if name.ends_with(".xml") && !name.ends_with(KEPT[0]) => PART_MAX,
            () => SHARED_MAX,
        };
        let mut untagged = Untagged::default();
        let mut size = 0;
        loop {
            let read = part.read(&mut chunk).map_err(|cause| body::broken(&cause))? as u64;
            size += read;
            total += read;
            if size > bound || total > bytes_max {
                return Err(body::too_large(bound.min(bytes_max)));
            }
            if body::is_bomb(total, opened.bytes) {
                return Err(body::bomb(total, opened.bytes));
            }
            if read == 0 {
                break;
            }
            untagged.see(&chunk[..read as usize]);
            if streamed && untagged.run > RECORD_MAX {
                return Err(not_a_workbook("une cellule de plus de 1 Mio"));
            }
        }
    }
    Ok(())
}

/// Parts that calamine keeps in memory wherever they lie.
const KEPT: [&str; 2] = ["sharedstrings.xml", "styles.xml"];

/// Measures the text since the last tag.
#[derive(Default)]
struct Untagged {
    run: usize,
}

impl Untagged {
    /// Takes the next bytes, far fewer than the bound: a longer text is seen at the end of some of them.
    fn see(&mut self, bytes: &[u8]) {
        self.run = match bytes.iter().rposition(|b| *b == b'<') {
            Some(last) => bytes.len() - last,
            None => self.run + bytes.len(),
        };
    }
}

fn not_a_workbook(cause: &str) -> Stop {
    refuse(
        Code::BrokenWorkbook,
        format!(
            "Le classeur n’est pas lisible ({}). Attendu{NBSP}: un fichier xlsx. Rien n’a été chargé{NNBSP}; le télécharger de nouveau ou prévenir le producteur.",
            quoted(&shown(cause.as_bytes()))
        ),
    )
}

/// Takes one sheet row: its number from 0, its cells by column, their text. `false` ends the reading.
type Take<'t> = dyn FnMut(u32, &[(u32, Span)], &[u8]) -> Result<bool, Stop> + 't;

impl XlsxBody<'_> {
    /// Gives every row below the header to `take`; rows without any value are not there.
    pub(crate) fn rows(&self, take: &mut dyn FnMut(&Row<'_>) -> Result<(), Stop>) -> Result<(), Stop> {
        let width = self.header.len();
        let mut spans = Vec::new();
        self.scan(&mut |row, cells, text| {
            if row <= self.header_row {
                return Ok(true);
            }
            spans.clear();
            spans.resize(width, Span::MISSING);
            let mut fields = width;
            for (column, span) in cells {
                match spans.get_mut(*column as usize) {
                    Some(place) => *place = *span,
                    None => fields = *column as usize + 1,
                }
            }
            take(&Row {
                line: u64::from(row) + 1,
                text,
                cells: &spans,
                fields,
                raw: None,
                fault: None,
                ended: true,
                part: None,
            })?;
            Ok(true)
        })
    }

    /// Reads the sheet row by row. A hostile file may trip an assertion of the parser: that too is a broken workbook.
    fn scan(&self, take: &mut Take<'_>) -> Result<(), Stop> {
        let file = BufReader::new(self.opened.reader()?);
        catch_unwind(AssertUnwindSafe(|| self.scan_cells(file, take)))
            .unwrap_or_else(|_| Err(not_a_workbook("contenu incohérent")))
    }

    fn scan_cells(&self, file: BufReader<File>, take: &mut Take<'_>) -> Result<(), Stop> {
        let broken = |cause: calamine::XlsxError| not_a_workbook(&cause.to_string());
        let mut workbook = Xlsx::new(file).map_err(broken)?;
        let sheets = workbook.sheet_names();
        let wanted = self.sheet.as_ref();
        // A hidden sheet is no sheet that its author means to show.
        let shown = workbook.sheets_metadata().iter().find(|sheet| sheet.visible == SheetVisible::Visible);
        let first = shown.map(|sheet| &sheet.name).or(sheets.first());
        let Some(name) = wanted.map_or(first, |name| sheets.iter().find(|sheet| *sheet == name)) else {
            return Err(missing_sheet(wanted.map_or("", String::as_str), &sheets));
        };
        let name = name.clone();
        let mut cells = workbook.worksheet_cells_reader(&name).map_err(broken)?;
        let mut text = Vec::new();
        let mut row: Vec<(u32, Span)> = Vec::new();
        let mut at = 0;
        let mut given = 0u64;
        while let Some(cell) = cells.next_cell().map_err(broken)? {
            let (number, column) = cell.get_position();
            if column >= COLUMNS_MAX {
                return Err(too_many_columns(column as usize + 1));
            }
            if number != at {
                if number < at {
                    return Err(not_a_workbook("lignes dans le désordre"));
                }
                if !row.is_empty() && !take(at, &row, &text)? {
                    return Ok(());
                }
                row.clear();
                text.clear();
                at = number;
            }
            let start = text.len() as u32;
            let kind = put(cell.get_value(), &mut text);
            given += text.len() as u64 - u64::from(start);
            if text.len() > RECORD_MAX {
                return Err(not_a_workbook("une ligne de plus de 1 Mio"));
            }
            // A shared text is short in the file and long in every cell that shows it.
            if given > self.text_max {
                return Err(body::too_large(self.text_max));
            }
            if body::is_bomb(given, self.opened.bytes) {
                return Err(body::bomb(given, self.opened.bytes));
            }
            let empty = kind == Kind::Missing;
            if row.last().is_some_and(|(before, _)| *before >= column) {
                return Err(not_a_workbook("cellules dans le désordre"));
            }
            if !empty {
                row.push((column, Span { start, end: text.len() as u32, kind }));
            }
        }
        if !row.is_empty() {
            take(at, &row, &text)?;
        }
        Ok(())
    }
}

fn missing_sheet(wanted: &str, sheets: &[String]) -> Stop {
    let found: Vec<String> = sheets.iter().take(12).map(|name| quoted(&shown(name.as_bytes()))).collect();
    Reason::new(
        Code::MissingSheet,
        format!(
            "La feuille {} n’est pas dans le classeur. Feuilles trouvées{NBSP}: {}. Rien n’a été chargé{NNBSP}; vérifier le fichier ou feed.sheet dans le contrat.",
            quoted(wanted),
            found.join(", ")
        ),
    )
    .found(found.join(", "))
    .expected(quoted(wanted))
    .into()
}

/// Excel keeps fifteen digits of a number and puts zeros in the place of the others.
fn number_of(value: f64) -> Kind {
    if value.abs() < 1e15 { Kind::Number } else { Kind::Rounded }
}

/// Writes a cell as text and says what it is.
fn put(value: &DataRef<'_>, text: &mut Vec<u8>) -> Kind {
    // Writing to a Vec cannot fail.
    match value {
        DataRef::Empty => return Kind::Missing,
        DataRef::String(value) if value.is_empty() => return Kind::Missing,
        DataRef::SharedString("") => return Kind::Missing,
        DataRef::String(value) => text.extend_from_slice(value.as_bytes()),
        DataRef::SharedString(value) => text.extend_from_slice(value.as_bytes()),
        DataRef::Int(value) => {
            let _ = write!(text, "{value}");
            return number_of(*value as f64);
        }
        DataRef::Float(value) => {
            let _ = write!(text, "{value}");
            return number_of(*value);
        }
        DataRef::Bool(value) => {
            let _ = write!(text, "{value}");
            return Kind::Flag;
        }
        DataRef::DateTime(value) if value.is_datetime() => {
            let (year, month, day, hour, minute, second, _) = value.to_ymd_hms_milli();
            let _ = write!(text, "{year:04}-{month:02}-{day:02}");
            if (hour, minute, second) != (0, 0, 0) {
                let _ = write!(text, "T{hour:02}:{minute:02}:{second:02}");
            }
            return Kind::Day;
        }
        // A duration (`36:00`) is held as a share of a day, which is the number of nothing.
        DataRef::DateTime(value) => {
            let _ = write!(text, "{}", value.as_f64());
            return Kind::Other;
        }
        DataRef::DateTimeIso(value) => text.extend_from_slice(value.as_bytes()),
        DataRef::DurationIso(value) => text.extend_from_slice(value.as_bytes()),
        DataRef::Error(value) => {
            let _ = write!(text, "{value}");
            return Kind::Other;
        }
    }
    Kind::Text
}
