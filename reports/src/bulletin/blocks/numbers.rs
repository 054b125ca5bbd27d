//! The numbers to dial when practices are closed.

use vigie_queries::GeoType;

use super::super::parts;
use super::super::view::View;
use crate::document::{Block, Cell, Column, Row, Table};
use crate::french;
use crate::input::AccessNumber;

/// A line for a department, a table for what has several.
pub(super) fn write(view: &View) -> Option<Block> {
    match view.territory().geo_type {
        GeoType::Department => of_department(view),
        _ => table(view),
    }
}

/// The number to dial in a department, in a line.
fn of_department(view: &View) -> Option<Block> {
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
fn table(view: &View) -> Option<Block> {
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
