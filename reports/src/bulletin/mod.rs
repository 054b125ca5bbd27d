//! The weekly bulletin: which sections, in which order, and the register they write through.

mod alerts;
mod beds;
mod catalogue;
mod changes;
mod city;
mod definitions;
mod departments;
mod facts;
mod forecast;
mod hospital;
mod indicators;
mod key_points;
mod legal;
pub(crate) mod levels;
mod map;
mod next;
mod on_call;
mod outlook;
pub(crate) mod parts;
mod quality;
mod screening;
pub(crate) mod sheet;
pub(crate) mod summary;
mod supply;
pub(crate) mod view;

use std::collections::BTreeMap;

use jiff::civil::Date;

use vigie_queries::Place;

use crate::document::{Attachment, Block, Document, Frame, Head, Rich, Section};
use crate::figures::{Drawing, Figure, draw_all, fonts};
use crate::french;
use crate::input::Input;
use crate::published::{PlottedSeries, PublishedValue, Register, picture_name};
use crate::wording;
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

/// Writes the bulletin of a region or of France, or the sheet of a department, with all the room it may take.
pub(crate) fn write(input: &Input) -> Draft {
    write_in(input, sheet::roomiest(&input.territory))
}

/// The same, the first page or the sheet being held to a room.
pub(crate) fn write_in(input: &Input, room: sheet::Room) -> Draft {
    let view = View::new(input);
    let mut register = Register::default();
    let mapped = map::places(&view);
    let levels = Levels::choose(&view, &mapped);
    register.enter("key_points");
    let sections = if sheet::is_for(&input.territory) {
        sheet::sections(&view, &mut register, levels.as_ref(), &mapped, room)
    } else {
        sections(&view, &mut register, levels.as_ref(), &mapped, room)
    };
    let indicators = register.indicators().iter().filter(|id| view.defined(id)).cloned().collect();
    let mut document = Document { head: head(&view), sections };
    let refused =
        wording::apply(&mut document, &input.wording, &bound_names(&view), input.reviewed_by.as_deref());
    let summary = (!sheet::is_for(&input.territory)).then(|| summary::of(&document));
    let (published, plotted, drawings) = register.finish();
    Draft { document, summary, published, plotted, drawings, indicators, refused }
}

/// Of a further edition of a week: that it replaces the one before, and what changed.
pub(crate) fn corrects(input: &Input) -> Option<String> {
    changes::corrects(&View::new(input)).map(|text| text.replace(['\u{A0}', '\u{202F}'], " "))
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
    alerts::told(&View::new(input))
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

/// The sections of a region's bulletin, the key page first.
fn sections(
    view: &View,
    r: &mut Register,
    levels: Option<&Levels>,
    mapped: &[&Place],
    room: sheet::Room,
) -> Vec<Section> {
    let mut sections = Vec::new();
    let mut add = |id: &str, title: &str, blocks: Vec<Block>| {
        if !blocks.is_empty() {
            sections.push(Section { id: id.to_owned(), title: title.to_owned(), blocks });
        }
    };
    add("key_points", "L’essentiel de la semaine", key_points::write(view, r, levels, mapped, room));
    // Few alerts come first; a long table of them would leave the table of indicators no room on its page.
    let alerts_first = alerts::are_few(view);
    if alerts_first {
        r.enter("alerts");
        add("alerts", "Alertes", alerts::write(view, r, room.rows));
    }
    r.enter("indicators");
    add("indicators", "Indicateurs clés", indicators::write(view, r));
    if !alerts_first {
        r.enter("alerts");
        add("alerts", "Alertes", alerts::write(view, r, room.rows));
    }
    r.enter("legal");
    add("legal", "Statuts officiels", legal::write(view, r));
    r.enter("hospital");
    add("hospital", "Hôpital", hospital::write(view, r, room.repeats));
    r.enter("city");
    add("city", "Soins de ville", city::write(view, r));
    r.enter("screening");
    add("screening", "Dépistage et urgences", screening::write(view, r));
    r.enter("supply");
    add("supply", "Tests et masques : jours de stock", supply::write(view, r));
    r.enter("on_call");
    add("on_call", "Permanence des soins et numéros à composer", on_call::write(view, r));
    r.enter("outlook");
    add("outlook", "Perspectives", outlook::write(view, r, levels, mapped, room));
    r.enter("departments");
    add("departments", "Départements", departments::write(view, r, levels, room.repeats));
    r.enter("changes");
    add("changes", "Ce qui a changé depuis le dernier bulletin", changes::write(view, r, levels, room.rows));
    r.enter("quality");
    add("quality", "Qualité des données", quality::write(view, r));
    let blocks = definitions::write(view, r, levels);
    add("definitions", "Définitions et sources", blocks);
    gather_absent(sections)
}

/// Sections of one note say that their feeds were never received: their notes stand together, before what changed, instead of
/// a heading and a box each.
fn gather_absent(sections: Vec<Section>) -> Vec<Section> {
    let is_note = |section: &Section| matches!(section.blocks.as_slice(), [Block::Note { .. }]);
    let (absent, mut sections): (Vec<Section>, Vec<Section>) = sections.into_iter().partition(is_note);
    let notes = absent.into_iter().flat_map(|section| section.blocks).filter_map(|block| match block {
        Block::Note { text } => Some(text),
        _ => None,
    });
    let items: Vec<Rich> = notes.collect();
    if !items.is_empty() {
        let before = ["changes", "quality"];
        let at = sections.iter().position(|section| before.contains(&section.id.as_str()));
        let section = Section {
            id: "absent".to_owned(),
            title: "Rubriques sans donnée".to_owned(),
            blocks: vec![Block::Bullets { items }],
        };
        sections.insert(at.unwrap_or(sections.len()), section);
    }
    sections
}

fn head(view: &View) -> Head {
    let input = view.input;
    let territory = view.name(&input.territory);
    let week = french::week(input.week);
    let (frame, kind, title) = if sheet::is_for(&input.territory) {
        (
            Frame::Sheet,
            "Fiche départementale hebdomadaire de veille et de tension sanitaires",
            "fiche hebdomadaire",
        )
    } else {
        (Frame::Bulletin, "Bulletin hebdomadaire de veille et de tension sanitaires", "bulletin hebdomadaire")
    };
    let issued = view::paris_day(input.as_of.issued);
    let author = if input.agency.name.is_empty() { "Vigie".to_owned() } else { input.agency.name.clone() };
    Head {
        frame,
        title: format!("{territory}, {week} – {title}"),
        kind: kind.to_owned(),
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
        keywords: ["veille sanitaire", "bulletin hebdomadaire", "tension hospitalière"]
            .map(String::from)
            .to_vec(),
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
