//! A table of three weeks: two weeks before, one week before, this week, change.

use vigie_queries::{Group, Measure, Place, Week};

use super::super::parts::{self, Notes};
use super::super::stories::beds;
use super::super::view::View;
use super::super::{budget, labels};
use super::{Page, Printed};
use crate::document::{Block, Column, Row, Table};
use crate::french;
use crate::published::Register;
use crate::trend::Direction;

/// What a document asks of the table.
pub(super) struct Weeks<'o> {
    pub(super) title_fr: &'o str,
    pub(super) first_fr: &'o str,
    pub(super) groups: &'o [Group],
    pub(super) is_main: bool,
    pub(super) beside_region: bool,
}

pub(super) fn write(page: &Page, register: &mut Register, asked: &Weeks) -> Printed {
    let (view, place) = (page.view, page.view.territory());
    let region = region_of(view, place).filter(|_| asked.beside_region);
    let mut room = if budget::is_one_page(page.outline) { page.budget.rows } else { usize::MAX };
    let mut notes = Notes::default();
    let mut rows = Vec::new();
    let (mut shown, mut left_out): (Vec<&str>, Vec<&str>) = (Vec::new(), Vec::new());
    let mut absent = Vec::new();
    for group in asked.groups {
        let mut printed = Vec::new();
        for measure in group.rows.iter().filter(|measure| view.defined(&measure.indicator)) {
            let id = measure.indicator.as_str();
            for (category, label) in lines(view, measure) {
                // The main table keeps a row whose value is missing these weeks, with its reason.
                let known = match asked.is_main {
                    true => view.has(id, &category, place),
                    false => view.has_lately(id, &category, place),
                };
                if !known {
                    left_out.push(id);
                    continue;
                }
                if room == 0 {
                    continue;
                }
                room -= 1;
                shown.push(id);
                let mut row = parts::three_week_row(view, register, &mut notes, &label, id, &category, place);
                if let Some(region) = &region {
                    let label = format!("{label}, {}", view.name(region));
                    row.cells.push(beside(view, register, &mut notes, &label, (id, &category), region));
                }
                printed.push(row);
            }
        }
        let subject = match (group.subject_fr.as_str(), asked.is_main) {
            ("", false) => group.title_fr.as_str(),
            (subject, _) => subject,
        };
        if !printed.is_empty() {
            if !group.title_fr.is_empty() {
                rows.push(Row::group(&group.title_fr));
            }
            rows.append(&mut printed);
        } else if !subject.is_empty() {
            let ids = group.rows.iter().map(|measure| measure.indicator.clone()).collect();
            absent.push((subject.to_owned(), ids));
        }
    }
    if rows.is_empty() {
        return Printed { blocks: Vec::new(), absent };
    }
    let mut columns = parts::three_weeks(view, asked.first_fr);
    if let Some(region) = &region {
        let name = crate::clean::short(&view.name(region), 24);
        columns.push(Column::number(name).with_subtitle(french::week_short(view.monday(0))));
    }
    if asked.beside_region {
        parts::lift_provisional(&mut columns, &mut rows);
    }
    let mut lines = notes.lines();
    if asked.is_main {
        lines.extend(beds::note_under(view, register, &shown));
        lines.push(how_to_read(view, &shown));
        lines.extend(rows_absent(view, &left_out));
    }
    let table = Block::Table(Table {
        caption: asked.title_fr.to_owned(),
        columns,
        rows,
        notes: lines,
        source: view.source_line(&shown),
    });
    Printed { blocks: vec![table], absent }
}

/// The rows of a measure: the whole, then its categories; a lone category names the whole.
fn lines(view: &View, measure: &Measure) -> Vec<(String, String)> {
    let (id, place) = (measure.indicator.as_str(), view.territory());
    let whole = labels::measure(view, measure);
    if !measure.with_categories && !measure.only_categories {
        return vec![(measure.category.clone(), whole)];
    }
    let instead = |other: &String| !view.input.observations.categories(other, place).is_empty();
    if measure.unless.as_ref().is_some_and(instead) {
        return Vec::new();
    }
    let found = view.input.observations.categories(id, place);
    let listed = measure.categories.iter().map(String::as_str).filter(|category| found.contains(category));
    let others = found
        .iter()
        .copied()
        .filter(|category| !measure.no_others && !measure.categories.iter().any(|listed| listed == category));
    let categories: Vec<&str> = listed.chain(others).collect();
    if measure.only_categories {
        let alone = |category: &&str| ((*category).to_owned(), labels::category(view, id, category));
        return categories.iter().map(alone).collect();
    }
    match categories.as_slice() {
        [] => vec![(String::new(), whole)],
        [only] if view.has(id, "", place) => {
            vec![(String::new(), format!("{whole} ({})", labels::category(view, id, only)))]
        }
        many => {
            let part = |category: &&str| {
                let label = format!("– dont {}", labels::category_inside(view, id, category));
                ((*category).to_owned(), label)
            };
            std::iter::once((String::new(), whole)).chain(many.iter().map(part)).collect()
        }
    }
}

/// The region of a department, where it is known.
fn region_of(view: &View, place: &Place) -> Option<Place> {
    let region = view.info(place).and_then(|info| info.region.as_deref()).map(Place::region);
    region.filter(|region| view.info(region).is_some())
}

/// The region's value of the week, with its arrow.
fn beside(
    view: &View,
    register: &mut Register,
    notes: &mut Notes,
    label: &str,
    (id, category): (&str, &str),
    region: &Place,
) -> crate::document::Cell {
    let mut cell = parts::value_cell(view, register, notes, label, id, category, region, 0);
    match view.compare(id, category, region).direction {
        Ok(Direction::Up) => cell.text.push_str("\u{A0}▲"),
        Ok(Direction::Down) => cell.text.push_str("\u{A0}▼"),
        _ => {}
    }
    cell
}

/// How the values of a week and the arrows read.
fn how_to_read(view: &View, shown: &[&str]) -> String {
    let of_seven = |id: &&&str| {
        let week = view.input.vocabulary.query(id).and_then(|query| query.week);
        matches!(week, Some(Week::Ratio | Week::Sum))
    };
    // Rows of seven days whose label does not say so.
    let mut named: Vec<String> = shown.iter().filter(of_seven).map(|id| labels::of(view, id)).collect();
    named.retain(|label| !label.contains("7 jours"));
    named.dedup();
    let named: String = named.iter().map(|label| format!(", « {label} »")).collect();
    format!(
        "Valeur au dimanche de la semaine ; « 7 jours »{named} : somme ou part des sept jours qui finissent ce dimanche. \
         ▲ ▼ : évolution que le hasard des petits nombres ferait moins d’une fois sur vingt."
    )
}

/// Rows that are not there because their source was never received.
fn rows_absent(view: &View, left_out: &[&str]) -> Option<String> {
    let sources: Vec<String> = view.absent(left_out).iter().map(|title| format!("« {title} »")).collect();
    (!sources.is_empty()).then(|| {
        french::typography(&format!("Lignes absentes faute de données : {}.", french::list(&sources)))
    })
}
