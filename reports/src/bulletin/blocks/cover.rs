//! Stocks in days of cover: bars by product, and a table of departments by product.

use vigie_queries::Role;

use super::super::labels;
use super::super::parts::{self, Notes};
use super::super::view::View;
use crate::document::{Block, Cell, Column, Row, Table};
use crate::figures::{CoverRow, DaysOfCover, Drawing, Size};
use crate::french;
use crate::published::Register;

/// Days of cover under which a stock is low, then critical: from the rules that watch this stock (`role = "stock"`), else 7
/// and 3.
pub(crate) fn bounds(view: &View, indicator: &str) -> (f64, f64) {
    let days: Vec<f64> = view
        .input
        .vocabulary
        .rules()
        .filter(|rule| rule.role == Role::Stock && rule.in_force(view.sunday))
        .flat_map(|rule| &rule.criteria)
        .filter(|criterion| criterion.indicator.starts_with(indicator))
        .filter_map(|criterion| criterion.thresholds_on(view.sunday))
        .flat_map(|set| set.levels.values().copied())
        .collect();
    let most = days.iter().copied().max_by(f64::total_cmp);
    let least = days.iter().copied().min_by(f64::total_cmp);
    most.zip(least).unwrap_or((7.0, 3.0))
}

/// Products with stocks: those of an order, then the others.
pub(crate) fn products<'a>(view: &'a View, indicator: &str, order: &[String]) -> Vec<&'a str> {
    let mut found = view.input.observations.categories(indicator, view.territory());
    for info in &view.departments {
        for product in view.input.observations.categories(indicator, &info.place) {
            if !found.contains(&product) {
                found.push(product);
            }
        }
    }
    found.sort_by_key(|product| {
        (order.iter().position(|known| known == product).unwrap_or(order.len()), (*product).to_owned())
    });
    found.retain(|product| {
        view.has(indicator, product, view.territory())
            || view.departments.iter().any(|info| view.has(indicator, product, &info.place))
    });
    found
}

/// Bars of the territory's days of cover.
pub(super) fn bars(
    view: &View,
    register: &mut Register,
    title: &str,
    indicator: &str,
    order: &[String],
) -> Option<Block> {
    let (low, critical) = bounds(view, indicator);
    let place = view.territory();
    let rows: Vec<CoverRow> = products(view, indicator, order)
        .iter()
        .map(|product| {
            let observation = view.week(indicator, product, place, 0);
            let days = observation.and_then(|o| o.value);
            let label = labels::category(view, indicator, product);
            if let Some(days) = days {
                let about = view.about(indicator, product, place, 0);
                register.note("figure", &label, &about, Some(days), "days", french::number(days, 1));
            }
            CoverRow { label, days, reason: observation.and_then(|o| o.missing_reason.clone()) }
        })
        .collect();
    if rows.iter().all(|row| row.days.is_none()) {
        return None;
    }
    let width_pt = Size::WIDE.width_pt;
    let cover = DaysOfCover { title: title.to_owned(), rows, low, critical, width_pt };
    Some(parts::picture(view, register, Drawing::DaysOfCover(cover), title, &[indicator]))
}

/// Departments by product, a mark under each bound; not for more departments than a page has lines.
pub(super) fn by_department(
    view: &View,
    register: &mut Register,
    title: &str,
    indicator: &str,
    order: &[String],
) -> Option<Block> {
    let products = products(view, indicator, order);
    if products.is_empty() || view.departments.is_empty() || view.departments.len() > super::MANY {
        return None;
    }
    let (low, critical) = bounds(view, indicator);
    let place = view.territory();
    let mut notes = Notes::default();
    let mut rows = Vec::new();
    for info in &view.departments {
        let name = view.name(&info.place);
        let mut cells = vec![Cell::text(name.clone())];
        for product in &products {
            let label = format!("{name} : {}", labels::category(view, indicator, product));
            let mut cell =
                parts::value_cell(view, register, &mut notes, &label, indicator, product, &info.place, 0);
            let days = view.week(indicator, product, &info.place, 0).and_then(|o| o.value);
            if days.is_some_and(|days| days < critical) {
                cell.text = format!("!! {}", cell.text);
                cell.strong = true;
            } else if days.is_some_and(|days| days < low) {
                cell.text = format!("! {}", cell.text);
                cell.strong = true;
            }
            cells.push(cell);
        }
        rows.push(Row::of(cells));
    }
    let mut cells = vec![Cell::text(view.name(place))];
    for product in &products {
        let label = labels::category(view, indicator, product);
        cells.push(parts::value_cell(view, register, &mut notes, &label, indicator, product, place, 0));
    }
    rows.push(Row { strong: true, ..Row::of(cells) });
    let mut columns = vec![Column::text("Département", 1.0)];
    columns.extend(products.iter().map(|product| Column::number(labels::category(view, indicator, product))));
    let mut lines = notes.lines();
    let (low, critical) = (french::number(low, 0), french::number(critical, 0));
    lines.insert(
        0,
        format!("!\u{A0}: moins de {low}\u{A0}jours\u{202F}; !!\u{A0}: moins de {critical}\u{A0}jours."),
    );
    Some(Block::Table(Table {
        caption: title.to_owned(),
        columns,
        rows,
        notes: lines,
        source: view.source_line(&[indicator]),
    }))
}
