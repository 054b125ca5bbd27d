//! From values to documents: figures (plotters to SVG), the bulletin (Typst to PDF), its twins (HTML, JSON, XLSX).
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
mod html;
pub mod input;
mod pdf;
mod plain;
mod published;
mod reread;
mod sentences;
pub mod trend;
mod twin;
pub mod wording;
mod workbook;

use std::collections::BTreeMap;

use serde_json::Value;

pub use input::Input;
pub use published::{PlottedSeries, PublishedValue};
pub use reread::{Reread, Rereads, reread};
pub use twin::defused;

/// The layout of the PDF that ships with Vigie.
pub const TEMPLATE: &str = include_str!("../templates/bulletin.typ");
pub use html::STYLE;

/// A bulletin, ready to write.
#[derive(Debug, Clone)]
pub struct Rendered {
    /// PDF/UA-1 and PDF/A-3a, the numbers attached.
    pub pdf: Vec<u8>,
    /// The same document as one HTML page that needs nothing else.
    pub html: Vec<u8>,
    /// The first page alone on A5, PDF/UA-1 and PDF/A-3a; none for a department's sheet, which is one page itself.
    pub summary: Option<Vec<u8>>,
    /// Twin: every printed number and plotted series.
    pub json: Vec<u8>,
    /// Twin as a spreadsheet.
    pub xlsx: Vec<u8>,
    /// Every printed number, for the `published_values` table.
    pub published: Vec<PublishedValue>,
    /// The state of the territory in one sentence: the subject of a mail.
    pub state: String,
    /// The first page as plain text: the body of a mail.
    pub text: String,
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
    /// Words of a draft say other numbers than those computed; a French sentence each.
    #[error("brouillon refusé : {}", .0.join(" ; "))]
    Wording(Vec<String>),
    /// The JSON twin could not be written.
    #[error("the JSON twin could not be written")]
    Twin(#[source] serde_json::Error),
    /// The spreadsheet could not be written.
    #[error("the spreadsheet could not be written")]
    Workbook(#[source] rust_xlsxwriter::XlsxError),
}

/// Renders one bulletin: of a region or of France, or the sheet of a department.
///
/// The same input gives the same bytes. A feed that was never received makes a sentence, not an error.
///
/// # Errors
/// [`Error`], naming what failed; [`Error::Typeset`] with file and line when the theme's layout is at fault.
pub fn render(input: &Input) -> Result<Rendered, Error> {
    // The first page of a bulletin and a sheet are one page: what does not fit is left out, room by room.
    let rooms = bulletin::sheet::rooms(&input.territory);
    let mut made = None;
    for room in rooms {
        let draft = bulletin::write_in(input, *room);
        if !draft.refused.is_empty() {
            return Err(Error::Wording(draft.refused));
        }
        let json = twin::json(input, &draft.document.head.territory, &draft.published, &draft.plotted)?;
        let attached = [
            ("chiffres.json", json.clone()),
            ("chiffres.csv", twin::csv(&draft.published)),
            ("courbes.csv", twin::series_csv(&draft.plotted)),
        ];
        let pdf = typeset(input, &draft.document, &draft.pictures, attached)?;
        let fits = match draft.document.head.frame {
            document::Frame::Bulletin => {
                pdf.pages <= bulletin::sheet::PAGES_MAX && pdf.second_at.is_none_or(|page| page <= 2)
            }
            _ => pdf.pages == 1,
        };
        made = Some((draft, json, pdf));
        if fits {
            break;
        }
    }
    let Some((draft, json, pdf)) = made else { return Err(Error::Typeset(Vec::new())) };
    let head = &draft.document.head;
    let xlsx = workbook::write(input, &head.title, &draft.published, &draft.plotted, &draft.indicators)?;
    let style = input.theme.style.as_deref().unwrap_or(STYLE);
    let html = html::page(&draft.document, &draft.pictures, input.theme.logo.as_ref(), style);
    let mut warnings = pdf.warnings;
    let summary = match &draft.summary {
        Some(document) => {
            let made = fit_summary(input, document)?;
            warnings.extend(made.warnings);
            Some(made.bytes)
        }
        None => None,
    };
    Ok(Rendered {
        pdf: pdf.bytes,
        html,
        summary,
        json,
        xlsx,
        state: plain::state(&draft.document),
        text: plain::first_page(&draft.document),
        published: draft.published,
        pages: pdf.pages,
        warnings,
    })
}

/// The texts of a bulletin that an editor may change, as they are computed.
#[must_use]
pub fn texts(input: &Input) -> Vec<wording::TextBlock> {
    wording::texts(&bulletin::write(input).document)
}

/// The summary on one page: sentences leave from the end until it fits.
fn fit_summary(input: &Input, document: &document::Document) -> Result<pdf::Pdf, Error> {
    let mut document = document.clone();
    loop {
        let made = typeset(input, &document, &BTreeMap::new(), [])?;
        if made.pages == 1 || !bulletin::summary::shorten(&mut document) {
            return Ok(made);
        }
    }
}

/// Sets a document with the theme's layout, else with the one that ships with Vigie.
fn typeset<const N: usize>(
    input: &Input,
    document: &document::Document,
    pictures: &BTreeMap<String, Vec<u8>>,
    attached: [(&str, Vec<u8>); N],
) -> Result<pdf::Pdf, Error> {
    let mut data: Value = serde_json::to_value(document).map_err(Error::Twin)?;
    clean::every_string(&mut data);
    let mut files = pictures.clone();
    files.insert("data.json".to_owned(), serde_json::to_vec(&data).map_err(Error::Twin)?);
    files.extend(attached.map(|(name, body)| (name.to_owned(), body)));
    if let Some(logo) = &input.theme.logo {
        files.insert(logo.name.clone(), logo.bytes.clone());
    }
    let frame = if document.head.frame == document::Frame::Summary { "/a5" } else { "" };
    let ident = format!("vigie-bulletin/{}/{}/{}{frame}", input.territory, input.week, input.edition);
    let template = input.theme.template.as_deref().unwrap_or(TEMPLATE);
    pdf::typeset(template, files, &ident, input.as_of.issued)
}
