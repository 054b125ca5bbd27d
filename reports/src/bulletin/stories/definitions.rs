//! Definitions of the indicators printed, the rules applied, the sources with their licences.

use vigie_queries::{ForecastModel, GradeOfSource};

use super::super::levels::Levels;
use super::super::parts;
use super::super::view::View;
use crate::document::{Block, Cell, Column, Definition, Row, Table};
use crate::figures;
use crate::french;
use crate::input::{FeedState, Freshness};
use crate::published::Register;

pub(crate) fn write(view: &View, register: &Register, levels: Option<&Levels>) -> Vec<Block> {
    let printed = register.indicators();
    let received = received(view);
    let items: Vec<Definition> = printed
        .iter()
        .filter_map(|id| view.input.vocabulary.query(id))
        .map(|query| {
            // Sources by their number in the table below.
            let own = view.input.vocabulary.sources_of(&query.id);
            let numbers: Vec<String> = received
                .iter()
                .enumerate()
                .filter(|(_, feed)| own.contains(feed.source.as_str()) && feed.source != "events")
                .map(|(index, _)| (index + 1).to_string())
                .collect();
            let source =
                if numbers.is_empty() { String::new() } else { format!("[{}]", numbers.join(",\u{A0}")) };
            Definition {
                term: query.title_fr.clone(),
                text: french::typography(&crate::clean::short(&query.definition_fr, 500)),
                source,
            }
        })
        .collect();
    let mut blocks = Vec::new();
    if !items.is_empty() {
        blocks.push(Block::Definitions { items });
    }
    blocks.extend(rules(view, levels));
    blocks.extend(models(view));
    blocks.push(Block::Paragraph { text: parts::text(crate::sentences::how_to_read_changes()) });
    let text = format!(
        "Les chiffres imprimés et les séries tracées sont joints à ce fichier (chiffres.json, chiffres.csv). {}.",
        figures::contours::ATTRIBUTION
    );
    blocks.push(Block::Paragraph { text: parts::text(text) });
    blocks.push(sources(view));
    blocks
}

/// Rules quoted: the one of the map and those of standing alerts.
fn rules(view: &View, levels: Option<&Levels>) -> Option<Block> {
    let mut ids: Vec<&str> = levels.iter().map(|levels| levels.rule.id.as_str()).collect();
    for alert in super::super::blocks::alerts::standing(view) {
        if !ids.contains(&alert.rule.as_str()) {
            ids.push(&alert.rule);
        }
    }
    // Rules of one text and grade share a line.
    let mut by_source: Vec<(String, Vec<String>)> = Vec::new();
    for rule in ids.into_iter().filter_map(|id| view.input.vocabulary.rule(id)) {
        let reference = crate::sentences::trim(&rule.reference);
        let source = match rule.source_grade {
            GradeOfSource::Primary => format!("{reference} ; seuils lus dans le texte"),
            GradeOfSource::Secondary => {
                format!("{reference} ; seuils repris d’un document qui cite le texte")
            }
            GradeOfSource::Vigie => reference.to_owned(),
        };
        let title = format!("« {} »", crate::clean::short(&rule.title_fr, 90));
        match by_source.iter_mut().find(|(known, _)| *known == source) {
            Some((_, titles)) => titles.push(title),
            None => by_source.push((source, vec![title])),
        }
    }
    let item = |(source, titles): (String, Vec<String>)| {
        let lead = if titles.len() == 1 { "Règle" } else { "Règles" };
        parts::led(&format!("{lead} {} ", french::list(&titles)), &format!(": {source}."))
    };
    let items: Vec<_> = by_source.into_iter().map(item).collect();
    (!items.is_empty()).then_some(Block::Bullets { items })
}

/// Models whose forecasts are printed.
fn models(view: &View) -> Option<Block> {
    let mut models: Vec<_> = super::forecast::printed(view).into_iter().map(|(_, model)| model).collect();
    models.dedup_by_key(|model| model.id.as_str());
    let item = |model: &ForecastModel| {
        let reference = crate::sentences::trim(&model.reference);
        parts::led(
            &format!("Prévision, {} ", french::small(&model.title_fr)),
            &format!(": {}. {reference}.", model.method_fr),
        )
    };
    let items: Vec<_> = models.into_iter().map(item).collect();
    (!items.is_empty()).then_some(Block::Bullets { items })
}

/// Sources in use, in the order of their numbers.
fn received<'a>(view: &View<'a>) -> Vec<&'a FeedState> {
    view.input.feeds.iter().filter(|feed| feed.state != Freshness::Absent).collect()
}

fn sources(view: &View) -> Block {
    let rows = received(view)
        .into_iter()
        .enumerate()
        .map(|(index, feed)| {
            Row::of(vec![
                Cell::text((index + 1).to_string()),
                Cell::text(crate::clean::short(&feed.title_fr, 80)),
                Cell::text(crate::clean::short(&feed.publisher, 100)),
                Cell::text(crate::clean::short(&feed.licence, 80)),
            ])
        })
        .collect();
    Block::Table(Table {
        caption: "Sources et licences".to_owned(),
        columns: vec![
            Column::text("N°", 0.0),
            Column::text("Source", 1.2),
            Column::text("Éditeur", 1.3),
            Column::text("Licence", 1.0),
        ],
        rows,
        notes: Vec::new(),
        source: String::new(),
    })
}
