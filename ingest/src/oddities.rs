//! Lines that are no data: a header repeated, totals, notes.
//!
//! They are set aside like any faulty row, under the name that a person would give them. Only rows that fail some check
//! come here, so that looking closely costs nothing on good ones.

use crate::columns::{Columns, bare};
use crate::findings::Code;
use crate::row::Row;
use crate::say::{NBSP, NNBSP};
use crate::stop::{Reason, Stop};

/// First words of lines of totals.
const TOTALS: [&str; 14] = [
    "total",
    "totaux",
    "sous-total",
    "sous total",
    "grand total",
    "somme",
    "sum",
    "ensemble",
    "cumul",
    "moyenne",
    "gesamt",
    "summe",
    "france entière",
    "france métropolitaine",
];

/// What a faulty row is, when it is no row at all.
///
/// # Errors
/// [`Stop::Refused`] when another header comes: nobody can tell which columns the lines after it have.
pub(crate) fn recognise(row: &Row<'_>, columns: &Columns<'_>) -> Result<Option<Code>, Stop> {
    let header = &columns.header;
    // Two cells of a header, a first word: rows of figures have none of them, and there may be millions.
    let letters = row.text.iter().filter(|b| b.is_ascii_alphabetic() || !b.is_ascii()).take(2).count();
    if letters < 2 && header.iter().all(|name| name.is_empty() || name.contains(char::is_alphabetic)) {
        return Ok(None);
    }
    let cells: Vec<String> = row
        .cells
        .iter()
        // What a wide table's row is made of stands behind the fields as sent.
        .take(if columns.is_shaped { header.len() } else { header.len() + 8 })
        .map(|cell| bare(&String::from_utf8_lossy(row.cell(*cell))))
        .collect();
    let named = header.iter().filter(|name| !name.is_empty()).count();
    let enough = (named / 2).max(2);
    let known =
        cells.iter().filter(|cell| !cell.is_empty() && columns.known.binary_search(cell).is_ok()).count();
    if known >= enough {
        let in_place =
            cells.iter().zip(header).filter(|(cell, name)| !cell.is_empty() && cell == name).count();
        return if in_place == known { Ok(Some(Code::RepeatedHeader)) } else { Err(other_header(row.line)) };
    }
    let mut filled = cells.iter().filter(|cell| !cell.is_empty());
    let Some(first) = filled.next() else { return Ok(None) };
    if cells.iter().take(3).any(|cell| TOTALS.iter().any(|word| starts_with_word(cell, word))) {
        return Ok(Some(Code::TotalRow));
    }
    let wordy = first.chars().filter(|c| c.is_alphabetic()).count() >= 4
        && first.chars().any(|c| c.is_whitespace() || matches!(c, '#' | '*' | ':'));
    if filled.next().is_none() && wordy && row.fields <= header.len() && header.len() > 1 {
        return Ok(Some(Code::NoteLine));
    }
    Ok(None)
}

fn starts_with_word(text: &str, word: &str) -> bool {
    text.strip_prefix(word).is_some_and(|rest| !rest.starts_with(char::is_alphabetic))
}

fn other_header(line: u64) -> Stop {
    Reason::new(
        Code::HeaderChanges,
        format!(
            "Un autre en-tête, avec d’autres colonnes ou dans un autre ordre, vient à la ligne {line}{NBSP}: plusieurs fichiers ont été mis bout à bout. Rien n’a été chargé{NNBSP}; les charger un à un ou prévenir le producteur."
        ),
    )
    .line(line)
    .into()
}
