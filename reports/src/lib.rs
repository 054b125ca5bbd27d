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
pub use published::{PlottedSeries, PublishedValue, is_of_forecast};
pub use reread::{Reread, Rereads, reread};
pub use twin::defused;

/// The layout of the PDF that ships with Vigie.
pub const TEMPLATE: &str = include_str!("../templates/bulletin.typ");
pub use html::STYLE;
pub use pdf::forget_documents;

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
    /// A further edition of a week: that it replaces the one before, and what changed, as plain text.
    pub corrects: Option<String>,
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
    let made = fitting(input)?;
    let (draft, head) = (&made.draft, &made.draft.document.head);
    // Four files that do not wait for each other.
    let ((pdf, summary), (xlsx, html)) = rayon::join(
        || {
            rayon::join(
                || made.laid.export(&ident(input, head.frame)),
                || draft.summary.as_ref().map(|document| fit_summary(input, document)).transpose(),
            )
        },
        || {
            rayon::join(
                || workbook::write(input, &head.title, &draft.published, &draft.plotted, &draft.indicators),
                || {
                    let style = input.theme.style.as_deref().unwrap_or(STYLE);
                    html::page(&draft.document, &made.pictures, input.theme.logo.as_ref(), style)
                },
            )
        },
    );
    let (pdf, summary, xlsx) = (pdf?, summary?, xlsx?);
    let mut warnings = made.laid.warnings;
    let summary = summary.map(|(bytes, more)| {
        warnings.extend(more);
        bytes
    });
    Ok(Rendered {
        pdf,
        html,
        summary,
        json: made.json,
        xlsx,
        state: plain::state(&draft.document),
        text: plain::first_page(&draft.document),
        corrects: bulletin::corrects(input),
        published: made.draft.published,
        pages: made.laid.pages,
        warnings,
    })
}

/// A bulletin whose pages are as many as they may be.
struct Fitting {
    draft: bulletin::Draft,
    pictures: BTreeMap<String, Vec<u8>>,
    json: Vec<u8>,
    laid: pdf::Laid,
}

/// The first page of a bulletin and a sheet are one page, a bulletin has a bounded number of them: what does not fit is left out,
/// step by step, of the first page for the one, of the others for the other.
fn fitting(input: &Input) -> Result<Fitting, Error> {
    let mut made = Err(Error::Typeset(Vec::new()));
    let outline = bulletin::outline(input);
    let (mut first, mut others) = (0, 0);
    while let Some(budget) = bulletin::budget::Budget::of(outline, first, others) {
        let mut draft = bulletin::write_in(input, budget);
        if !draft.refused.is_empty() {
            return Err(Error::Wording(draft.refused));
        }
        let pictures = draft.draw();
        let json = twin::json(input, &draft.document.head.territory, &draft.published, &draft.plotted)?;
        let attached = [
            ("chiffres.json", json.clone()),
            ("chiffres.csv", twin::csv(&draft.published)),
            ("courbes.csv", twin::series_csv(&draft.plotted)),
        ];
        let laid = lay_out(input, &draft.document, &pictures, attached)?;
        let (first_fits, whole_fits) = match draft.document.head.frame {
            document::Frame::Bulletin => {
                (laid.second_at.is_none_or(|page| page <= 2), laid.pages <= outline.pages_max)
            }
            _ => (laid.pages == 1, true),
        };
        made = Ok(Fitting { draft, pictures, json, laid });
        match (first_fits, whole_fits) {
            (true, true) => break,
            (false, _) => first += 1,
            (true, false) => others += 1,
        }
    }
    made
}

/// The alerts that a bulletin tells of, a line each; a country counts the places of one rule and level.
#[must_use]
pub fn standing_alerts(input: &Input) -> Vec<String> {
    bulletin::standing_alerts(input)
}

/// The texts of a bulletin that an editor may change, as they are computed.
#[must_use]
pub fn texts(input: &Input) -> Vec<wording::TextBlock> {
    wording::texts(&bulletin::write(input).document)
}

/// The summary on one page, with what the typesetter warned about: sentences leave from the end until it fits.
fn fit_summary(input: &Input, document: &document::Document) -> Result<(Vec<u8>, Vec<String>), Error> {
    let mut document = document.clone();
    loop {
        let laid = lay_out(input, &document, &BTreeMap::new(), [])?;
        if laid.pages == 1 || !bulletin::summary::shorten(&mut document) {
            return Ok((laid.export(&ident(input, document.head.frame))?, laid.warnings));
        }
    }
}

/// Lays a document out as the theme says, else as the template that ships with Vigie.
fn lay_out<const N: usize>(
    input: &Input,
    document: &document::Document,
    pictures: &BTreeMap<String, Vec<u8>>,
    attached: [(&str, Vec<u8>); N],
) -> Result<pdf::Laid, Error> {
    let mut data: Value = serde_json::to_value(document).map_err(Error::Twin)?;
    clean::every_string(&mut data);
    let mut files = pictures.clone();
    files.insert("data.json".to_owned(), serde_json::to_vec(&data).map_err(Error::Twin)?);
    files.extend(attached.map(|(name, body)| (name.to_owned(), body)));
    if let Some(logo) = &input.theme.logo {
        files.insert(logo.name.clone(), logo.bytes.clone());
    }
    let template = input.theme.template.as_deref().unwrap_or(TEMPLATE);
    pdf::lay_out(template, files, input.as_of.issued)
}

/// What identifies a document, whatever its bytes.
fn ident(input: &Input, frame: document::Frame) -> String {
    let frame = if frame == document::Frame::Summary { "/a5" } else { "" };
    format!("vigie-bulletin/{}/{}/{}{frame}", input.territory, input.week, input.edition)
}
