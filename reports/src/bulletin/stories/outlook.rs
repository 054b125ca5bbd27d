//! Perspectives: what the forecasts, the calendar and the distance to the next thresholds say. Nothing is printed that was
//! not known on the day.

use jiff::Span;
use vigie_queries::{Comparison, Criterion, CriterionResult, Place, SCORE};

use super::super::budget::Budget;
use super::super::labels;
use super::super::levels::Levels;
use super::super::parts;
use super::super::view::View;
use super::forecast;
use crate::document::{Block, Cell, Column, Row, Table};
use crate::french;
use crate::input::EventKind;
use crate::published::Register;
use crate::sentences;

/// Distance to a threshold, as a share of it, beyond which a place is not near.
const NEAR: f64 = 0.2;
/// Rows printed.
const ROWS_MAX: usize = 8;
/// Days ahead that holidays are looked for.
const DAYS_AHEAD: i64 = 14;

/// A value that is near the next threshold of its criterion.
struct Near<'a> {
    place: &'a Place,
    criterion: &'a Criterion,
    value: f64,
    threshold: f64,
    /// Title of the level whose threshold it is.
    level: String,
    /// Share of the threshold that is missing.
    gap: f64,
}

pub(crate) fn write(
    view: &View,
    register: &mut Register,
    levels: Option<&Levels>,
    places: &[&Place],
    budget: Budget,
) -> Vec<Block> {
    let holidays = ahead(view, EventKind::Holiday);
    let school = ahead(view, EventKind::SchoolHoliday);
    let near = levels.map(|levels| nearest(view, levels, places)).unwrap_or_default();
    let (mut said, fans) = forecast::write(view, register, budget.keeps(Some(1)));
    if levels.is_none() && holidays.is_empty() && school.is_empty() && said.is_empty() {
        return Vec::new(); // no rule could be applied: nothing can be said of thresholds
    }
    if said.is_empty() {
        said.push(parts::text(sentences::no_forecast()));
    }
    if !holidays.is_empty() {
        said.push(parts::text(sentences::holidays_ahead(&holidays)));
    }
    if !school.is_empty() {
        said.push(parts::text(sentences::school_holidays_ahead(&school)));
    }
    if levels.is_some() && near.is_empty() {
        said.push(parts::text(sentences::none_is_near(NEAR)));
    }
    let mut blocks = vec![Block::Bullets { items: said }];
    blocks.extend(parts::side_by_side(fans));
    if let Some(levels) = levels.filter(|_| !near.is_empty()) {
        blocks.push(table(view, register, levels, near));
    }
    blocks
}

/// Public or school holidays that begin in the two weeks to come: known long before, and days on which feeds are late.
/// Measures and strikes are not looked up: of some the table of events does not say since when they were known.
fn ahead(view: &View, kind: EventKind) -> Vec<String> {
    let until = view.sunday.saturating_add(Span::new().days(DAYS_AHEAD));
    view.input
        .events
        .iter()
        .filter(|event| event.kind == kind && view.holds_here(&event.place))
        .filter(|event| event.starts > view.sunday && event.starts <= until)
        .map(|event| {
            format!("{} ({})", french::day_month(event.starts), crate::clean::short(&event.title_fr, 60))
        })
        .collect()
}

/// The places nearest to the next threshold of a criterion, the nearest first.
fn nearest<'a>(view: &View, levels: &Levels<'a>, places: &[&'a Place]) -> Vec<Near<'a>> {
    let mut near = Vec::new();
    for place in places {
        let Some(judgement) = levels.judgement(place, view.sunday) else { continue };
        for result in judgement.criteria.iter().filter(|result| result.id != SCORE) {
            let Some(criterion) = levels.rule.criterion(&result.id).filter(|criterion| !criterion.of_region)
            else {
                continue;
            };
            let Some((threshold, level, comparison)) =
                next_threshold(levels, criterion, result, judgement.date)
            else {
                continue;
            };
            let Some(value) = result.value else { continue };
            let gap = match comparison {
                Comparison::Above | Comparison::AtLeast => (threshold - value) / threshold,
                Comparison::Below | Comparison::AtMost => (value - threshold) / threshold,
            };
            if threshold > 0.0 && (0.0..=NEAR).contains(&gap) {
                near.push(Near { place, criterion, value, threshold, level, gap });
            }
        }
    }
    near.sort_by(|left, right| left.gap.total_cmp(&right.gap).then_with(|| left.place.cmp(right.place)));
    near.truncate(ROWS_MAX);
    near
}

/// The threshold of the first level above the one that a criterion reaches alone.
fn next_threshold(
    levels: &Levels,
    criterion: &Criterion,
    result: &CriterionResult,
    on: jiff::civil::Date,
) -> Option<(f64, String, Comparison)> {
    let reached = result.rank?;
    let set = criterion.thresholds.iter().rfind(|set| set.from.is_none_or(|from| from <= on))?;
    let above = set.levels.iter().filter_map(|(id, threshold)| {
        let rank = levels.rule.rank(id).filter(|rank| *rank > reached)?;
        Some((rank, id, *threshold))
    });
    let (rank, id, threshold) = above.min_by_key(|(rank, ..)| *rank)?;
    let comparison = criterion.comparisons.get(id).copied().unwrap_or(criterion.comparison);
    Some((threshold, levels.title(rank), comparison))
}

fn table(view: &View, register: &mut Register, levels: &Levels, near: Vec<Near>) -> Block {
    let indicators: Vec<String> = near.iter().map(|near| near.criterion.indicator.clone()).collect();
    let rows = near.into_iter().map(|near| {
        let (indicator, category) = (near.criterion.indicator.as_str(), near.criterion.category.as_str());
        let title = match category {
            "" => labels::of(view, indicator),
            _ => near.criterion.title_fr.clone(),
        };
        let name = view.name(near.place);
        let (unit, _) = view.unit(indicator);
        let label = format!("{name} : {title}");
        let about = view.about(indicator, category, near.place, 0);
        let value =
            register.note("table", &label, &about, Some(near.value), &unit, view.text(indicator, near.value));
        let mut about = about;
        about.indicator = format!("{indicator}.threshold");
        let text = view.text(indicator, near.threshold);
        let label = format!("{label}, seuil suivant");
        let threshold = register.note("table", &label, &about, Some(near.threshold), &unit, text);
        Row::of(vec![
            Cell::text(name),
            Cell::text(french::typography(&title)),
            Cell::text(value),
            Cell::text(threshold),
            Cell::text(near.level),
        ])
    });
    let rows = rows.collect();
    let indicators: Vec<&str> = indicators.iter().map(String::as_str).collect();
    Block::Table(Table {
        caption: sentences::near_thresholds(NEAR),
        columns: vec![
            Column::text("Lieu", 1.0),
            Column::text("Critère", 1.6),
            Column::number("Valeur"),
            Column::number("Seuil"),
            Column::text("Niveau de ce seuil", 0.8),
        ],
        rows,
        notes: vec![sentences::alone_a_criterion(&crate::clean::short(&levels.rule.title_fr, 80))],
        source: view.source_line(&indicators),
    })
}
