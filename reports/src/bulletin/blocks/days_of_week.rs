//! A table of the seven days of the week.

use jiff::Span;
use vigie_queries::{Status, TimeType};

use super::super::labels;
use super::super::parts::Notes;
use super::super::view::View;
use crate::document::{Block, Cell, Column, Row, Table};
use crate::french;
use crate::published::{About, Register};

/// The seven days of the week: what a watch-room compares with its own count of the morning.
pub(super) fn write(view: &View, register: &mut Register, title: &str, ids: &[String]) -> Option<Block> {
    let place = view.territory();
    let mut notes = Notes::default();
    let mut rows = Vec::new();
    let ids: Vec<&str> = ids.iter().map(String::as_str).collect();
    for id in ids.iter().copied().filter(|id| view.defined(id) && view.has(id, "", place)) {
        let label = labels::of(view, id);
        let mut cells = vec![Cell::text(label.clone())];
        for offset in 0..7 {
            let day = view.input.week.saturating_add(Span::new().days(offset));
            let observation = view.input.observations.get(id, "", place, TimeType::Day, day);
            let value = observation.and_then(|o| o.value);
            let text = value.map_or_else(|| "–".to_owned(), |value| view.text(id, value));
            let about = About { time_type: TimeType::Day, date: day, ..view.about(id, "", place, 0) };
            let text = register.note("table", &label, &about, value, &view.unit(id).0, text);
            let note = match (value, observation) {
                (None, observation) => notes.mark(&view.reason(observation)),
                (_, Some(o)) if o.status == Status::Partial => notes.provisional(),
                _ => String::new(),
            };
            cells.push(Cell { text, note, ..Cell::default() });
        }
        rows.push(Row::of(cells));
    }
    if rows.is_empty() {
        return None;
    }
    let mut columns = vec![Column::text("Jour par jour", 1.0)];
    columns.extend((0..7).map(|offset| {
        let day = view.input.week.saturating_add(Span::new().days(offset));
        let weekday: String = french::weekday(day).chars().take(3).collect();
        Column::number(format!("{}.", french::capital(&weekday))).with_subtitle(french::day_month_short(day))
    }));
    Some(Block::Table(Table {
        caption: title.to_owned(),
        columns,
        rows,
        notes: notes.lines(),
        source: view.source_line(&ids),
    }))
}
