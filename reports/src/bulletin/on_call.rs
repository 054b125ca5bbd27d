//! On-call care when practices are closed, and the numbers to dial.

use vigie_queries::GeoType;

use super::catalogue;
use super::parts::{self, Line, Notes};
use super::view::View;
use crate::document::{Block, Cell, Column, Row, Table};
use crate::figures::Size;
use crate::french;
use crate::input::{AccessNumber, EventKind};
use crate::published::Register;

const COVER: &str = "on_call_cover";
const COST: &str = "on_call_cost_7d";

pub(crate) fn write(view: &View, register: &mut Register) -> Vec<Block> {
    let place = view.territory();
    let mut blocks = Vec::new();
    let mut notes = Notes::default();
    let mut rows = Vec::new();
    let mut shown = Vec::new();
    for id in [COVER, COST] {
        let mut categories = vec![""];
        categories.extend(view.input.observations.categories(id, place));
        for category in categories.into_iter().filter(|category| view.has_lately(id, category, place)) {
            shown.push(id);
            let label = if category.is_empty() {
                catalogue::label(view, id)
            } else {
                format!("– {}", catalogue::category(category))
            };
            rows.push(parts::three_week_row(view, register, &mut notes, &label, id, category, place));
        }
    }
    let table = (!rows.is_empty()).then(|| {
        Block::Table(Table {
            caption: "Gardes pourvues, trois dernières semaines".to_owned(),
            columns: parts::three_weeks(view, "Permanence des soins"),
            rows,
            notes: notes.lines(),
            source: view.source_line(&shown),
        })
    });
    match table {
        Some(table) => {
            blocks.push(table);
            blocks.extend(strikes(view));
            if view.has(COVER, "", place) {
                blocks.push(parts::chart(
                    view,
                    register,
                    "Gardes pourvues, jour par jour",
                    "% des gardes du jour",
                    &[Line::alone(COVER)],
                    Vec::new(),
                    Size { width_pt: Size::WIDE.width_pt, height_pt: 130.0 },
                ));
            }
        }
        None => blocks.push(parts::absent(view, "Permanence des soins", &[COVER])),
    }
    blocks.extend(numbers(view));
    blocks
}

/// Strikes of the week and of the one before.
fn strikes(view: &View) -> Option<Block> {
    let from = view.monday(1);
    let titles: Vec<String> = view
        .input
        .events
        .iter()
        .filter(|event| event.kind == EventKind::Strike && view.concerns(&event.place))
        .filter(|event| event.starts <= view.sunday && event.ends.is_none_or(|ends| ends >= from))
        .map(|event| {
            let when = match event.ends {
                Some(ends) => french::date_range(event.starts, ends),
                None => format!("depuis le {}", french::date(event.starts)),
            };
            format!("{} ({when})", crate::clean::short(&event.title_fr, 120))
        })
        .collect();
    (!titles.is_empty())
        .then(|| Block::Note { text: parts::led("Mouvement social ", &format!(": {}.", titles.join(" ; "))) })
}

/// The number to dial in a department, in a line.
pub(crate) fn number(view: &View) -> Option<Block> {
    let code = &view.territory().code;
    let phones: Vec<String> = view
        .input
        .access_numbers
        .iter()
        .filter(|number| number.department == *code)
        .map(|number| crate::clean::short(&number.phone, 30).replace(' ', "\u{A0}"))
        .collect();
    if phones.is_empty() {
        return None;
    }
    let text = format!(": {}. D’abord le médecin traitant ; urgence vitale : 15.", french::list(&phones));
    Some(Block::Note { text: parts::led("Cabinet fermé ", &text) })
}

/// Numbers to dial, grouped: one row a number, the departments it serves.
fn numbers(view: &View) -> Option<Block> {
    let concerned: Vec<&AccessNumber> = view
        .input
        .access_numbers
        .iter()
        .filter(|number| match view.territory().geo_type {
            GeoType::Department => number.department == view.territory().code,
            GeoType::Country => true,
            _ => view.departments.iter().any(|d| d.place.code == number.department),
        })
        .collect();
    if concerned.is_empty() {
        let text = "Aucun numéro d’accès propre au territoire n’est enregistré. Urgence vitale : 15.";
        return Some(Block::Note { text: parts::text(text) });
    }
    let mut phones: Vec<&str> = Vec::new();
    for number in &concerned {
        if !phones.contains(&number.phone.as_str()) {
            phones.push(&number.phone);
        }
    }
    let mut groups: Vec<(usize, &str, String)> = phones
        .into_iter()
        .map(|phone| {
            let names: Vec<String> = concerned
                .iter()
                .filter(|number| number.phone == phone)
                .map(|number| view.name(&vigie_queries::Place::department(&number.department)))
                .collect();
            (names.len(), phone, french::list(&names))
        })
        .collect();
    groups.sort_by(|a, b| b.0.cmp(&a.0).then(a.1.cmp(b.1)));
    let mut notes = vec!["D’abord le médecin traitant ; urgence vitale\u{A0}: 15.".to_owned()];
    let without = view
        .departments
        .iter()
        .filter(|d| concerned.iter().all(|number| number.department != d.place.code))
        .count();
    if without > 0 {
        let departments = french::counted(without as f64, 0, "département n’a", "départements n’ont");
        notes.push(format!("{departments} pas de numéro propre enregistré\u{A0}: composer le 15."));
    }
    let rows = groups
        .into_iter()
        .map(|(_, phone, names)| {
            // A number to dial never breaks over two lines.
            let phone = crate::clean::short(phone, 30).replace(' ', "\u{A0}");
            Row::of(vec![Cell { text: phone, strong: true, ..Cell::default() }, Cell::text(names)])
        })
        .collect();
    Some(Block::Table(Table {
        caption: "Cabinet fermé : le numéro à composer".to_owned(),
        columns: vec![Column::text("Numéro", 0.0), Column::text("Départements", 1.0)],
        rows,
        notes,
        source: String::new(),
    }))
}
