//! Lines at the foot of a table that the contract names: `Total : 303 lignes`, `Source : …`. They are no rows.

use vigie_queries::Contract;

use crate::csv::remark;
use crate::findings::{Code, Finding};
use crate::row::Row;
use crate::say::{NBSP, counted, quoted, shown};
use crate::values::trimmed;

/// Lines left out, and the numbers of rows that they state.
#[derive(Debug, Default)]
pub(crate) struct Footers {
    count: u64,
    first: Option<(u64, String)>,
    /// Number of rows stated, and the text that states it.
    pub(crate) stated: Vec<(u64, String)>,
}

impl Footers {
    /// Whether the row is one of them; what it states is kept.
    pub(crate) fn take(&mut self, row: &Row<'_>, contract: &Contract) -> bool {
        let patterns = &contract.dialect.footer;
        if patterns.is_empty() {
            return false;
        }
        let text = text_of(row);
        let Some(found) = patterns.iter().find_map(|pattern| pattern.read(&text)) else { return false };
        self.count += 1;
        self.first.get_or_insert_with(|| (row.line, shown(text.as_bytes())));
        let digits: String = found.chars().filter(|letter| !letter.is_whitespace()).collect();
        if let Ok(rows) = digits.parse() {
            self.stated.push((rows, shown(text.as_bytes())));
        }
        true
    }

    /// That lines were left out.
    pub(crate) fn finding(&self) -> Option<Finding> {
        let (line, text) = self.first.as_ref()?;
        let s = if self.count > 1 { "s" } else { "" };
        let sentence = format!(
            "{} de pied de page, laissée{s} de côté (la première{NBSP}: ligne {line}, {}).",
            counted(self.count, "ligne", "lignes"),
            quoted(text)
        );
        Some(remark(Code::Footer, Some(*line), "", sentence))
    }
}

/// The filled cells of a row with a space between them; the line itself where it could not be parted.
fn text_of(row: &Row<'_>) -> String {
    if row.fault.is_some() {
        return String::from_utf8_lossy(row.raw.unwrap_or(row.text)).trim().to_owned();
    }
    let mut text = String::new();
    for cell in row.cells {
        let cell = trimmed(row.cell(*cell));
        if cell.is_empty() {
            continue;
        }
        if !text.is_empty() {
            text.push(' ');
        }
        text.push_str(&String::from_utf8_lossy(cell));
    }
    text
}
