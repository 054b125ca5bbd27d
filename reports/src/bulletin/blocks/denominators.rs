//! The same patients by several denominators: what is counted, by what it is divided, the shares of two weeks.

use vigie_queries::Measure;

use super::super::labels;
use super::super::parts::{self, Notes};
use super::super::stories::beds;
use super::super::view::View;
use crate::document::{Block, Cell, Column, Row, Table};
use crate::french;
use crate::published::Register;

/// In a label: the year of the census of beds, after a space; nothing where it is not known.
const BEDS_YEAR: &str = "{ beds_year}";

/// The same patients against each denominator: the day reads 21 %, 34 % or 74 % according to the beds one counts.
pub(super) fn write(
    view: &View,
    register: &mut Register,
    title: &str,
    measures: &[Measure],
) -> Option<Block> {
    let place = view.territory();
    let mut notes = Notes::default();
    let mut rows = Vec::new();
    let mut shown = Vec::new();
    let year = view.info(place).and_then(|info| info.beds_year);
    for measure in measures {
        let id = measure.indicator.as_str();
        if !view.defined(id) || !view.has(id, "", place) {
            continue;
        }
        shown.push(id);
        let year = year.map_or_else(String::new, |year| format!(" {year}"));
        let label = labels::measure(view, measure).replace(BEDS_YEAR, &year);
        let observation = view.week(id, "", place, 0);
        let mut count = |part: &str, value: Option<f64>| {
            let mut about = view.about(id, "", place, 0);
            about.indicator = format!("{id}.{part}");
            let printed = value.map_or_else(|| "–".to_owned(), |value| french::number(value, 0));
            register.note("table", &label, &about, value, "count", printed)
        };
        let patients = count("numerator", observation.and_then(|o| o.numerator));
        let beds = count("denominator", observation.and_then(|o| o.denominator));
        let mut cells = vec![Cell::text(label.clone()), Cell::text(patients), Cell::text(beds)];
        for back in [1, 0] {
            cells.push(parts::value_cell(view, register, &mut notes, &label, id, "", place, back));
        }
        rows.push(Row::of(cells));
    }
    if rows.is_empty() {
        return None;
    }
    let mut lines = notes.lines();
    lines.extend(beds::note_under(view, register, &shown));
    Some(Block::Table(Table {
        caption: title.to_owned(),
        columns: vec![
            Column::text("Dénominateur", 1.0),
            Column::number("Patients").with_subtitle("comptés"),
            Column::number("Lits").with_subtitle("ou patients"),
            Column::number(french::week_short(view.monday(1))),
            Column::number(french::week_short(view.monday(0))).with_subtitle("cette semaine"),
        ],
        rows,
        notes: lines,
        source: view.source_line(&shown),
    }))
}
