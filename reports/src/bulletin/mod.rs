//! The weekly bulletin: which sections, in which order, and the register they write through.

mod blocks;
pub(crate) mod budget;
mod facts;
mod first_page;
mod labels;
pub(crate) mod levels;
mod next;
pub(crate) mod parts;
mod stories;
pub(crate) mod summary;
pub(crate) mod view;

use std::collections::BTreeMap;

use jiff::civil::Date;

use vigie_queries::{GeoType, Outline};

use crate::document::{Attachment, Block, Document, Frame, Head, Rich, Section};
use crate::figures::{Drawing, Figure, draw_all, fonts};
use crate::french;
use crate::input::Input;
use crate::published::{PlottedSeries, PublishedValue, Register, picture_name};
use crate::wording;
use blocks::{Page, PrintedSection};
use budget::Budget;
use levels::Levels;
use view::View;

/// A bulletin before typesetting.
pub(crate) struct Draft {
    pub(crate) document: Document,
    /// The first page for a telephone; a sheet has none, being one page itself.
    pub(crate) summary: Option<Document>,
    pub(crate) published: Vec<PublishedValue>,
    pub(crate) plotted: Vec<PlottedSeries>,
    /// Figures of the document, in their order.
    drawings: Vec<Drawing>,
    /// Indicators printed or plotted.
    pub(crate) indicators: Vec<String>,
    /// Words of an editor that were not taken, and why.
    pub(crate) refused: Vec<String>,
}

/// The document of a territory: a sheet for a department, a bulletin for a region or the country.
pub(crate) fn outline<'a>(input: &Input<'a>) -> &'a Outline {
    let id = if input.territory.geo_type == GeoType::Department { "sheet" } else { "bulletin" };
    input.vocabulary.outline(id).expect("a vocabulary without it is refused when it is read")
}

/// Writes the bulletin of a region or of France, or the sheet of a department, with all the room it may take.
pub(crate) fn write(input: &Input) -> Draft {
    write_in(input, Budget::roomiest(outline(input)))
}

/// The same within a budget.
pub(crate) fn write_in(input: &Input, budget: Budget) -> Draft {
    let view = View::new(input);
    let outline = outline(input);
    let mut register = Register::default();
    let mapped = blocks::map::places(&view);
    let levels = Levels::choose(&view, &mapped);
    let page = Page { view: &view, outline, levels: levels.as_ref(), mapped: &mapped, budget };
    let sections = sections(&page, &mut register);
    let indicators = register.indicators().iter().filter(|id| view.defined(id)).cloned().collect();
    let mut document = Document { head: head(&view, outline), sections };
    let refused =
        wording::apply(&mut document, &input.wording, &bound_names(&view), input.reviewed_by.as_deref());
    let summary = (!budget::is_one_page(outline)).then(|| summary::of(&document));
    let (published, plotted, drawings) = register.finish();
    Draft { document, summary, published, plotted, drawings, indicators, refused }
}

/// Of a further edition of a week: that it replaces the one before, and what changed.
pub(crate) fn corrects(input: &Input) -> Option<String> {
    stories::changes::corrects(&View::new(input)).map(|text| text.replace(['\u{A0}', '\u{202F}'], " "))
}

/// Names that a draft may neither swap nor add.
fn bound_names(view: &View) -> wording::Names {
    let rules = view.input.vocabulary.rules().flat_map(|rule| &rule.levels);
    let levels = rules.map(|level| level.title_fr.to_lowercase().replace('\'', "’"));
    let mut levels: Vec<String> = levels.chain([levels::BELOW.to_owned()]).collect();
    levels.sort();
    levels.dedup();
    let places = view.input.places.iter().map(|info| &info.place).filter(|place| *place != view.territory());
    let mut places: Vec<String> = places.map(|place| view.name(place).replace('\'', "’")).collect();
    places.sort();
    places.dedup();
    wording::Names { levels, places }
}

/// The alerts that a bulletin tells of, a line each.
pub(crate) fn standing_alerts(input: &Input) -> Vec<String> {
    blocks::alerts::told(&View::new(input))
}

impl Draft {
    /// Draws the figures: their blocks get text alternative, width and numbers; the pictures come back by the names that
    /// the document gives them.
    pub(crate) fn draw(&mut self) -> BTreeMap<String, Vec<u8>> {
        let names = (1..).map(picture_name);
        let mut figures: BTreeMap<String, Figure> = names.zip(draw_all(&self.drawings)).collect();
        for section in &mut self.document.sections {
            complete(&mut section.blocks, &mut figures);
        }
        figures.into_iter().map(|(name, figure)| (name, figure.svg.into_bytes())).collect()
    }
}

/// Hands to each block of a figure what came with its picture.
fn complete(blocks: &mut [Block], figures: &mut BTreeMap<String, Figure>) {
    for block in blocks {
        match block {
            Block::Figure(block) => {
                let Some(figure) = figures.get_mut(&block.file) else { continue };
                block.width_pt = figure.width_pt;
                block.alt = std::mem::take(&mut figure.alt);
                block.data = std::mem::take(&mut figure.table);
            }
            Block::Columns { left, right, .. } => {
                complete(left, figures);
                complete(right, figures);
            }
            _ => {}
        }
    }
}

/// The sections of a document, its first page first. Those of which nothing was received stand together, before what changed and
/// what the data are worth, instead of a heading and a box each.
fn sections(page: &Page, register: &mut Register) -> Vec<Section> {
    let Some((first, others)) = page.outline.sections.split_first() else { return Vec::new() };
    register.enter(&first.id);
    let mut sections = vec![Section {
        id: first.id.clone(),
        title: first.title_fr.clone(),
        blocks: first_page::write(page, register, first),
    }];
    // A section that is long yields to the next one.
    let standing = blocks::alerts::standing(page.view).len();
    let mut order: Vec<_> = others.iter().collect();
    for (at, outline) in others.iter().enumerate().rev().skip(1) {
        if outline.yields_above.is_some_and(|most| standing > most) {
            order.swap(at, at + 1);
        }
    }
    let mut absent: Vec<Rich> = Vec::new();
    for outline in order {
        match blocks::section(page, register, outline) {
            PrintedSection::Full(section) => sections.push(section),
            PrintedSection::Absent(Block::Note { text }) => absent.push(text),
            PrintedSection::Absent(_) | PrintedSection::Silent => {}
        }
    }
    if !absent.is_empty() {
        let at = sections.iter().position(|section| BEFORE_ABSENT.contains(&section.id.as_str()));
        let section = Section {
            id: "absent".to_owned(),
            title: "Rubriques sans donnée".to_owned(),
            blocks: vec![Block::Bullets { items: absent }],
        };
        sections.insert(at.unwrap_or(sections.len()), section);
    }
    sections
}

/// Sections before which those without data are named.
const BEFORE_ABSENT: [&str; 2] = ["changes", "quality"];

fn head(view: &View, outline: &Outline) -> Head {
    let input = view.input;
    let territory = view.name(&input.territory);
    let week = french::week(input.week);
    let frame = if budget::is_one_page(outline) { Frame::Sheet } else { Frame::Bulletin };
    let (kind, title) = (&outline.title_fr, &outline.short_fr);
    let issued = view::paris_day(input.as_of.issued);
    let author = if input.agency.name.is_empty() { "Vigie".to_owned() } else { input.agency.name.clone() };
    Head {
        frame,
        title: format!("{territory}, {week} – {title}"),
        kind: kind.clone(),
        territory,
        week: french::capital(&week),
        as_of: format!("Données publiées jusqu’au {}", french::moment(input.as_of.issued)),
        data_day: format!("Données au {}", french::date(issued)),
        edition: format!("édition {}", input.edition),
        agency: input.agency.name.clone(),
        service: input.agency.service.clone(),
        contact: input.agency.contact.clone(),
        logo: input.theme.logo.as_ref().map(|logo| logo.name.clone()).unwrap_or_default(),
        logo_alt: format!("Logo de {author}"),
        reviewed: wording::reviewed(input.reviewed_by.as_deref()),
        author,
        keywords: outline.keywords.clone(),
        date: date_parts(issued),
        font: fonts::FAMILY.to_owned(),
        attachments: ATTACHED
            .map(|(name, mime, description)| Attachment {
                name: name.to_owned(),
                mime: mime.to_owned(),
                description: description.to_owned(),
            })
            .to_vec(),
    }
}

/// Files attached to the PDF: name, MIME type, what they hold.
const ATTACHED: [(&str, &str, &str); 3] = [
    ("chiffres.json", "application/json", "Tous les chiffres imprimés et les séries tracées"),
    ("chiffres.csv", "text/csv", "Tous les chiffres imprimés"),
    ("courbes.csv", "text/csv", "Les points de toutes les figures"),
];

fn date_parts(date: Date) -> [i16; 3] {
    [date.year(), i16::from(date.month()), i16::from(date.day())]
}

#[cfg(test)]
mod prose_tests;
#[cfg(test)]
mod tests;
