//! From values to documents: figures (plotters to SVG), the bulletin (Typst to PDF), its twins (JSON, XLSX).
//!
//! [`render`] takes an [`Input`] and gives bytes. This crate knows no SQL, no lake, no arrow and no clock; the same input
//! gives the same bytes.

mod bulletin;
mod clean;
pub mod document;
pub mod figures;
#[cfg(test)]
mod fixture;
pub mod french;
pub mod input;
mod pdf;
mod published;
mod reread;
mod sentences;
pub mod trend;
mod twin;
mod workbook;

use serde_json::Value;

pub use input::Input;
pub use published::{PlottedSeries, PublishedValue};
pub use reread::{Reread, Rereads, reread};

/// The layout of the bulletin that ships with Vigie.
pub const TEMPLATE: &str = include_str!("../templates/bulletin.typ");

/// A bulletin, ready to write.
#[derive(Debug, Clone)]
pub struct Rendered {
    /// PDF/UA-1 and PDF/A-3a, the numbers attached.
    pub pdf: Vec<u8>,
    /// Twin: every printed number and plotted series.
    pub json: Vec<u8>,
    /// Twin as a spreadsheet.
    pub xlsx: Vec<u8>,
    /// Every printed number, for the `published_values` table.
    pub published: Vec<PublishedValue>,
    /// Number of pages.
    pub pages: usize,
    /// What the typesetter warned about.
    pub warnings: Vec<String>,
}

/// Why a bulletin could not be made.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The template or a figure is at fault; diagnostics with file and line.
    #[error("the page could not be typeset: {}", .0.join("; "))]
    Typeset(Vec<String>),
    /// The JSON twin could not be written.
    #[error("the JSON twin could not be written")]
    Twin(#[source] serde_json::Error),
    /// The spreadsheet could not be written.
    #[error("the spreadsheet could not be written")]
    Workbook(#[source] rust_xlsxwriter::XlsxError),
}

/// Renders one bulletin with the layout that ships with Vigie.
///
/// The same input gives the same bytes. A feed that was never received makes a sentence, not an error.
///
/// # Errors
/// [`Error`], naming what failed.
pub fn render(input: &Input) -> Result<Rendered, Error> {
    render_with(input, TEMPLATE)
}

/// Renders one bulletin with an agency's own layout (a Typst file that reads `data.json`).
///
/// # Errors
/// [`Error::Typeset`] with file and line when the layout is at fault.
pub fn render_with(input: &Input, template: &str) -> Result<Rendered, Error> {
    let draft = bulletin::write(input);
    let head = &draft.document.head;
    let json = twin::json(input, &head.territory, &draft.published, &draft.plotted)?;
    let xlsx = workbook::write(input, &head.title, &draft.published, &draft.plotted, &draft.indicators)?;

    let mut data: Value = serde_json::to_value(&draft.document).map_err(Error::Twin)?;
    clean::every_string(&mut data);
    let mut files = draft.pictures;
    files.insert("data.json".to_owned(), serde_json::to_vec(&data).map_err(Error::Twin)?);
    files.insert("chiffres.json".to_owned(), json.clone());
    files.insert("chiffres.csv".to_owned(), twin::csv(&draft.published));
    let ident = format!("vigie-bulletin/{}/{}/{}", input.territory, input.week, input.edition);
    let made = pdf::typeset(template, files, &ident, input.as_of.issued)?;
    Ok(Rendered {
        pdf: made.bytes,
        json,
        xlsx,
        published: draft.published,
        pages: made.pages,
        warnings: made.warnings,
    })
}
