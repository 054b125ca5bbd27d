//! Tests and masks: stocks in days of cover, orders delivered.

use super::catalogue;
use super::parts::{self, Notes};
use super::view::View;
use crate::document::{Block, Cell, Column, Row, Table};
use crate::figures::{CoverRow, DaysOfCover, Drawing, Size};
use crate::french;
use crate::published::Register;

const COVER: &str = "test_days_of_cover";
const FILL: &str = "test_order_fill_rate_14d";
/// Order of products; those an agency adds follow.
const PRODUCTS: [&str; 4] = ["rt_pcr", "antigen", "surgical_mask", "ffp2_mask"];

/// Days of cover under which a stock is low, then critical: from the rule that watches tests, else 7 and 3.
pub(crate) fn bounds(view: &View) -> (f64, f64) {
    let days: Vec<f64> = view
        .input
        .vocabulary
        .rules()
        .filter(|rule| rule.id.starts_with("cover-tests") && rule.in_force(view.sunday))
        .flat_map(|rule| &rule.criteria)
        .filter(|criterion| criterion.indicator.starts_with(COVER))
        .filter_map(|criterion| criterion.thresholds_on(view.sunday))
        .flat_map(|set| set.levels.values().copied())
        .collect();
    let most = days.iter().copied().max_by(f64::total_cmp);
    let least = days.iter().copied().min_by(f64::total_cmp);
    most.zip(least).unwrap_or((7.0, 3.0))
}

/// Products with stocks, in printing order.
pub(crate) fn products<'a>(view: &'a View) -> Vec<&'a str> {
    let mut found = view.input.observations.categories(COVER, view.territory());
    for info in &view.departments {
        for product in view.input.observations.categories(COVER, &info.place) {
            if !found.contains(&product) {
                found.push(product);
            }
        }
    }
    found.sort_by_key(|product| {
        (PRODUCTS.iter().position(|known| known == product).unwrap_or(PRODUCTS.len()), (*product).to_owned())
    });
    found
}

pub(crate) fn write(view: &View, register: &mut Register) -> Vec<Block> {
    let place = view.territory();
    let products = products(view);
    let known = |product: &&str| {
        view.has(COVER, product, place) || view.departments.iter().any(|d| view.has(COVER, product, &d.place))
    };
    let products: Vec<&str> = products.into_iter().filter(known).collect();
    if products.is_empty() {
        return vec![parts::absent(view, "Stocks de tests et de masques", &[COVER, FILL])];
    }
    let (low, critical) = bounds(view);
    let mut blocks = Vec::new();
    let title = "Jours de stock au rythme d’utilisation des 7 derniers jours";
    let rows: Vec<CoverRow> = products
        .iter()
        .map(|product| {
            let observation = view.week(COVER, product, place, 0);
            let days = observation.and_then(|o| o.value);
            let label = catalogue::category(product);
            if let Some(days) = days {
                let about = view.about(COVER, product, place, 0);
                register.note("figure", &label, &about, Some(days), "days", french::number(days, 1));
            }
            CoverRow { label, days, reason: observation.and_then(|o| o.missing_reason.clone()) }
        })
        .collect();
    if rows.iter().any(|row| row.days.is_some()) {
        let width_pt = Size::WIDE.width_pt;
        let cover = DaysOfCover { title: title.to_owned(), rows, low, critical, width_pt };
        blocks.push(parts::picture(view, register, Drawing::DaysOfCover(cover), title, &[COVER]));
    }

    let mut notes = Notes::default();
    let mut rows = Vec::new();
    for info in &view.departments {
        let name = view.name(&info.place);
        let mut cells = vec![Cell::text(name.clone())];
        for product in &products {
            let label = format!("{name} : {}", catalogue::category(product));
            let mut cell =
                parts::value_cell(view, register, &mut notes, &label, COVER, product, &info.place, 0);
            let days = view.week(COVER, product, &info.place, 0).and_then(|o| o.value);
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
    if !rows.is_empty() && rows.len() <= 30 {
        let mut cells = vec![Cell::text(view.name(place))];
        for product in &products {
            let label = catalogue::category(product);
            cells.push(parts::value_cell(view, register, &mut notes, &label, COVER, product, place, 0));
        }
        rows.push(Row { strong: true, ..Row::of(cells) });
        let mut columns = vec![Column::text("Département", 1.0)];
        columns.extend(products.iter().map(|product| Column::number(catalogue::category(product))));
        let mut lines = notes.lines();
        let (low, critical) = (french::number(low, 0), french::number(critical, 0));
        lines.insert(
            0,
            format!("!\u{A0}: moins de {low}\u{A0}jours\u{202F}; !!\u{A0}: moins de {critical}\u{A0}jours."),
        );
        blocks.push(Block::Table(Table {
            caption: "Jours de stock par département et produit".to_owned(),
            columns,
            rows,
            notes: lines,
            source: view.source_line(&[COVER]),
        }));
    }
    blocks.extend(fill_rates(view, register, &products));
    blocks
}

fn fill_rates(view: &View, register: &mut Register, products: &[&str]) -> Option<Block> {
    let place = view.territory();
    if !view.defined(FILL) {
        return None;
    }
    let mut notes = Notes::default();
    let mut rows = Vec::new();
    for product in products.iter().filter(|product| view.has(FILL, product, place)) {
        let label = catalogue::category(product);
        rows.push(parts::three_week_row(view, register, &mut notes, &label, FILL, product, place));
    }
    if rows.is_empty() {
        return None;
    }
    Some(Block::Table(Table {
        caption: "Commandes livrées sur 14 jours".to_owned(),
        columns: parts::three_weeks(view, "Produit"),
        rows,
        notes: notes.lines(),
        source: view.source_line(&[FILL]),
    }))
}
