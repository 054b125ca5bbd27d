//! A table of departments, a column a figure.

use vigie_queries::{Measure, Place};

use super::super::labels;
use super::super::parts::{self, Notes};
use super::Page;
use crate::document::{Block, Cell, Column, Row, Table};
use crate::figures::style;
use crate::french;
use crate::published::Register;
use crate::trend::Direction;

/// A row a department, the territory's last; levels where a rule of the map could be applied.
pub(super) fn write(page: &Page, register: &mut Register, title: &str, asked: &[Measure]) -> Option<Block> {
    let (view, levels) = (page.view, page.levels);
    if view.departments.is_empty() {
        return None;
    }
    let places: Vec<&Place> = view.departments.iter().map(|info| &info.place).collect();
    let columns: Vec<&Measure> = asked
        .iter()
        .filter(|measure| {
            let known = |place: &&Place| view.has_lately(&measure.indicator, &measure.category, place);
            view.defined(&measure.indicator) && places.iter().any(known)
        })
        .collect();
    if columns.is_empty() && levels.is_none() {
        let text =
            "Aucun chiffre de département n’est connu pour cette semaine ni pour les deux précédentes.";
        return Some(Block::Paragraph { text: parts::text(text) });
    }
    let mut notes = Notes::default();
    let mut rows: Vec<Row> = Vec::new();
    let mut with_total = places.clone();
    if places.len() > 1 {
        with_total.push(view.territory());
    }
    for place in with_total {
        let name = view.name(place);
        let mut cells = vec![Cell::text(name.clone())];
        for measure in &columns {
            let (id, category) = (measure.indicator.as_str(), measure.category.as_str());
            let label = format!("{name}, {}", labels::measure(view, measure));
            let mut cell = parts::value_cell(view, register, &mut notes, &label, id, category, place, 0);
            match view.compare(id, category, place).direction {
                Ok(Direction::Up) => cell.text.push_str("\u{A0}▲"),
                Ok(Direction::Down) => cell.text.push_str("\u{A0}▼"),
                _ => {}
            }
            cells.push(cell);
        }
        if let Some(levels) = levels {
            let standing = levels.at(place, view.sunday);
            let swatch = standing
                .rank
                .map_or_else(String::new, |rank| style::level(rank, levels.rule.levels.len() + 1).hex());
            let text = if standing.at_least {
                standing.text.replacen("au moins ", "≥\u{A0}", 1)
            } else {
                standing.text.clone()
            };
            levels.note(view, register, place, &standing);
            cells.push(Cell { text, swatch, ..Cell::default() });
        }
        rows.push(Row { strong: place == view.territory(), ..Row::of(cells) });
    }
    let mut heads = vec![Column::text("Département", 0.0)];
    heads.extend(columns.iter().map(|measure| {
        let heading = labels::measure(view, measure);
        Column::number(heading).with_subtitle(measure.second_fr.as_str()).with_share(1.0)
    }));
    if levels.is_some() {
        heads.push(Column::text("Niveau", 0.0));
    }
    parts::lift_provisional(&mut heads, &mut rows);
    let mut lines = notes.lines();
    lines.push(
        "▲ ▼ : évolution sur une semaine que le hasard des petits nombres ferait moins d’une fois sur vingt."
            .replace(" :", "\u{A0}:"),
    );
    if let Some(because) = levels.and_then(|levels| {
        places.iter().map(|place| levels.at(place, view.sunday).because).find(|because| !because.is_empty())
    }) {
        lines.push(french::typography(&format!("« ≥ » (au moins) et « non établi » : {because}.")));
    }
    if let Some(levels) = levels {
        lines.push(french::typography(&format!("Niveau : règle « {} ».", levels.rule.title_fr)));
    }
    let ids: Vec<&str> = columns.iter().map(|measure| measure.indicator.as_str()).collect();
    Some(Block::Table(Table {
        caption: title.to_owned(),
        columns: heads,
        rows,
        notes: lines,
        source: view.source_line(&ids),
    }))
}
