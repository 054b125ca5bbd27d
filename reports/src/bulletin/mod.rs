//! The weekly bulletin: which sections, in which order, and the register they write through.

mod alerts;
mod catalogue;
mod changes;
mod city;
mod definitions;
mod departments;
mod hospital;
mod indicators;
mod key_points;
pub(crate) mod levels;
mod map;
mod on_call;
pub(crate) mod parts;
mod quality;
mod screening;
mod supply;
pub(crate) mod view;

use std::collections::BTreeMap;

use jiff::civil::Date;

use crate::document::{Attachment, Block, Document, Head, Section};
use crate::figures::fonts;
use crate::french;
use crate::input::Input;
use crate::published::{PlottedSeries, PublishedValue, Register};
use levels::Levels;
use view::View;

/// A bulletin before typesetting.
pub(crate) struct Draft {
    pub(crate) document: Document,
    pub(crate) published: Vec<PublishedValue>,
    pub(crate) plotted: Vec<PlottedSeries>,
    /// Figures by virtual file name.
    pub(crate) pictures: BTreeMap<String, Vec<u8>>,
    /// Indicators printed or plotted.
    pub(crate) indicators: Vec<String>,
}

/// Writes the bulletin.
pub(crate) fn write(input: &Input) -> Draft {
    let view = View::new(input);
    let mut register = Register::default();
    let mapped = map::places(&view);
    let levels = Levels::choose(&view, &mapped);

    let mut sections = Vec::new();
    let mut add = |id: &str, title: &str, blocks: Vec<Block>| {
        if !blocks.is_empty() {
            sections.push(Section { id: id.to_owned(), title: title.to_owned(), blocks });
        }
    };
    let r = &mut register;
    r.enter("key_points");
    add("key_points", "L’essentiel de la semaine", key_points::write(&view, r, levels.as_ref(), &mapped));
    // Few alerts come first; a long table of them would leave the table of indicators no room on its page.
    let alerts_first = alerts::are_few(&view);
    if alerts_first {
        r.enter("alerts");
        add("alerts", "Alertes", alerts::write(&view, r));
    }
    r.enter("indicators");
    add("indicators", "Indicateurs clés", indicators::write(&view, r));
    if !alerts_first {
        r.enter("alerts");
        add("alerts", "Alertes", alerts::write(&view, r));
    }
    r.enter("hospital");
    add("hospital", "Hôpital", hospital::write(&view, r));
    r.enter("screening");
    add("screening", "Dépistage et urgences", screening::write(&view, r));
    r.enter("city");
    add("city", "Soins de ville", city::write(&view, r));
    r.enter("supply");
    add("supply", "Tests et masques : jours de stock", supply::write(&view, r));
    r.enter("on_call");
    add("on_call", "Permanence des soins et numéros à composer", on_call::write(&view, r));
    r.enter("departments");
    add("departments", "Départements", departments::write(&view, r, levels.as_ref()));
    r.enter("changes");
    add("changes", "Ce qui a changé depuis le dernier bulletin", changes::write(&view, r));
    r.enter("quality");
    add("quality", "Qualité des données", quality::write(&view, r));
    let blocks = definitions::write(&view, r, levels.as_ref());
    add("definitions", "Définitions et sources", blocks);

    let indicators = register.indicators().iter().filter(|id| view.defined(id)).cloned().collect();
    let document = Document { head: head(&view), sections };
    let (published, plotted, pictures) = register.finish();
    Draft { document, published, plotted, pictures, indicators }
}

fn head(view: &View) -> Head {
    let input = view.input;
    let territory = view.name(&input.territory);
    let week = french::week(input.week);
    let kind = "Bulletin hebdomadaire de veille et de tension sanitaires".to_owned();
    let issued = view::paris_day(input.as_of.issued);
    let author = if input.agency.name.is_empty() { "Vigie".to_owned() } else { input.agency.name.clone() };
    Head {
        title: format!("{territory}, {week} – bulletin hebdomadaire"),
        kind,
        territory,
        week: french::capital(&week),
        as_of: format!("Données publiées jusqu’au {}", view::paris_moment(input.as_of.issued)),
        data_day: format!("Données au {}", french::date(issued)),
        edition: format!("édition {}", input.edition),
        agency: input.agency.name.clone(),
        service: input.agency.service.clone(),
        contact: input.agency.contact.clone(),
        author,
        keywords: ["veille sanitaire", "bulletin hebdomadaire", "tension hospitalière"]
            .map(String::from)
            .to_vec(),
        date: date_parts(issued),
        font: fonts::FAMILY.to_owned(),
        attachments: vec![
            Attachment {
                name: "chiffres.json".to_owned(),
                mime: "application/json".to_owned(),
                description: "Tous les chiffres imprimés et les séries tracées".to_owned(),
            },
            Attachment {
                name: "chiffres.csv".to_owned(),
                mime: "text/csv".to_owned(),
                description: "Tous les chiffres imprimés".to_owned(),
            },
        ],
    }
}

fn date_parts(date: Date) -> [i16; 3] {
    [date.year(), i16::from(date.month()), i16::from(date.day())]
}

#[cfg(test)]
mod tests;
