//! Alerts: where, since when, on which figures, and what to do.

use std::cmp::Reverse;

use vigie_queries::{Alert, AlertState, Combine, CriterionResult, GeoType, Rule, SCORE};

use super::catalogue;
use super::parts;
use super::view::View;
use crate::document::{Block, Cell, Column, Row, RowKind, Table};
use crate::figures::style;
use crate::french;
use crate::published::Register;
use crate::sentences;

/// Rows printed per rule and level; the rest is counted.
const ROWS_MAX: usize = 15;
/// Alerts that leave room for the key indicators on the same page.
const FEW: usize = 5;
/// Criteria printed per alert.
const CRITERIA_MAX: usize = 3;

/// Alerts that stand, department alerts under a regional one left out, the gravest first.
pub(crate) fn standing<'a>(view: &View<'a>) -> Vec<&'a Alert> {
    let mut found: Vec<&Alert> = view
        .input
        .alerts
        .iter()
        .filter(|alert| matches!(alert.state, AlertState::Active | AlertState::Clearing))
        // On a department's own sheet its alert is told, whatever its region's says.
        .filter(|alert| !alert.inhibited || view.territory().geo_type == GeoType::Department)
        .filter(|alert| alert.place.geo_type == GeoType::Source || concerned(view, alert))
        .collect();
    found.sort_by(|a, b| {
        let key = |alert: &Alert| {
            let breadth = match alert.place.geo_type {
                GeoType::Country => 0,
                GeoType::Region => 1,
                GeoType::Department | GeoType::Epci => 2,
                GeoType::Source => 3,
            };
            (breadth == 3, Reverse(alert.rank), breadth, alert.since)
        };
        key(a).cmp(&key(b)).then_with(|| a.rule.cmp(&b.rule)).then_with(|| a.place.cmp(&b.place))
    });
    found
}

/// Alerts of the territory and of its departments; those of the country above it are not its own.
pub(crate) fn concerned(view: &View, alert: &Alert) -> bool {
    alert.place == view.input.territory || view.departments.iter().any(|info| info.place == alert.place)
}

/// At most `rows_max` places are printed per rule and level.
pub(crate) fn write(view: &View, register: &mut Register, rows_max: usize) -> Vec<Block> {
    let alerts = standing(view);
    let mut blocks = Vec::new();
    if alerts.is_empty() {
        blocks.push(Block::Paragraph { text: parts::text("Aucune alerte active à la fin de la semaine.") });
    } else {
        blocks.push(table(view, register, &alerts, rows_max.min(ROWS_MAX)));
    }
    let pending = count(view, AlertState::Pending);
    let inhibited = view
        .input
        .alerts
        .iter()
        .filter(|alert| alert.inhibited && alert.state == AlertState::Active && concerned(view, alert))
        .count();
    let more: Vec<String> =
        sentences::pending(pending).into_iter().chain(sentences::covered(inhibited)).collect();
    if !more.is_empty() {
        let text = format!("En outre : {}.", french::list(&more));
        blocks.push(Block::Paragraph { text: parts::text(text) });
    }
    blocks
}

fn count(view: &View, state: AlertState) -> usize {
    view.input.alerts.iter().filter(|alert| alert.state == state && concerned(view, alert)).count()
}

/// Whether the table of alerts is short enough to stand before the indicators.
pub(crate) fn are_few(view: &View) -> bool {
    standing(view).len() <= FEW
}

/// One group per rule and level: its title and what to do beside one row per place.
fn table(view: &View, register: &mut Register, alerts: &[&Alert], rows_max: usize) -> Block {
    let mut groups: Vec<(&str, &str, Vec<&Alert>)> = Vec::new();
    for &alert in alerts {
        match groups.iter_mut().find(|(rule, level, _)| *rule == alert.rule && *level == alert.level) {
            Some((.., group)) => group.push(alert),
            None => groups.push((&alert.rule, &alert.level, vec![alert])),
        }
    }
    let mut rows = Vec::new();
    // A raised alert is a published fact, printed or counted.
    for (rule_id, level_id, group) in &groups {
        let rule = view.input.vocabulary.rule(rule_id);
        let rule_title = rule.map_or(*rule_id, |rule| rule.title_fr.as_str());
        let level = rule.and_then(|rule| rule.levels.iter().find(|level| level.id == *level_id));
        let level_title = level.map_or(*level_id, |level| level.title_fr.as_str());
        for alert in group {
            let about = view.about(&format!("rule:{rule_id}.alert"), "", &alert.place, 0);
            let label = format!("{} : {rule_title}", view.name(&alert.place));
            let rank = Some(f64::from(alert.rank));
            register.note("table", &label, &about, rank, "rank", level_title.to_lowercase());
        }
    }
    // The gravest come first; kinds of alert for which there is no room are counted.
    let rest = groups.split_off(groups.len().min(rows_max));
    for (rule_id, level_id, group) in groups {
        let rule = view.input.vocabulary.rule(rule_id);
        let level = rule.and_then(|rule| rule.levels.iter().find(|level| level.id == level_id));
        let rule_title = rule.map_or(rule_id, |rule| rule.title_fr.as_str());
        let level_title = level.map_or(level_id, |level| level.title_fr.as_str());
        let heading = french::typography(&format!("{rule_title} : {level_title}"));
        let swatch = group.first().map_or_else(String::new, |alert| {
            style::level(alert.rank, 1 + rule.map_or(usize::from(alert.rank), |rule| rule.levels.len())).hex()
        });
        let action = group.first().map_or("", |alert| alert.action_fr.trim());
        let detail = match action {
            "" => String::new(),
            action => french::typography(&format!("Que faire : {}", crate::clean::short(action, 400))),
        };
        for (place, alert) in group.iter().take(rows_max).enumerate() {
            let mut row = row(view, register, rule, alert);
            if place == 0 {
                row.cells.insert(
                    0,
                    Cell {
                        text: heading.clone(),
                        swatch: swatch.clone(),
                        strong: true,
                        detail: detail.clone(),
                        rows: group.len().min(rows_max),
                        ..Cell::default()
                    },
                );
            }
            rows.push(row);
        }
        if group.len() > rows_max {
            let names: Vec<String> = group[rows_max..].iter().map(|alert| view.name(&alert.place)).collect();
            let text = french::typography(&format!("Et aussi : {}.", french::list(&names)));
            rows.push(Row { cells: vec![Cell::text(text)], strong: false, kind: RowKind::Across });
        }
    }
    if !rest.is_empty() {
        let kinds: Vec<String> = rest
            .iter()
            .map(|(rule, _, group)| {
                let title = view.input.vocabulary.rule(rule).map_or(*rule, |rule| rule.title_fr.as_str());
                let places = group.len() as f64;
                format!(
                    "{} ({})",
                    crate::clean::short(title, 60),
                    french::counted(places, 0, "lieu", "lieux")
                )
            })
            .collect();
        let text = french::typography(&format!("Et aussi : {}.", kinds.join(" ; ")));
        rows.push(Row { cells: vec![Cell::text(text)], strong: false, kind: RowKind::Across });
    }
    Block::Table(Table {
        caption: format!("Alertes en cours au {}", french::date(view.sunday)),
        columns: vec![
            Column::text("Alerte", 1.9),
            Column::text("Lieu", 0.85),
            Column::text("Depuis", 0.0),
            Column::text("Chiffres et seuils", 1.9),
            Column::text("État", 0.0),
        ],
        rows,
        notes: Vec::new(),
        source: String::new(),
    })
}

fn row(view: &View, register: &mut Register, rule: Option<&Rule>, alert: &Alert) -> Row {
    let name = crate::clean::short(&view.name(&alert.place), 80);
    let state = match alert.state {
        AlertState::Clearing => "en recul",
        _ => "active",
    };
    let since = sentences::since_day(alert.since, view.sunday.max(alert.since));
    // The score decides, so it stands first. A region's is the mean of its departments': its criteria are points there, only the
    // sum is a figure.
    let of_region = rule.is_some_and(|rule| rule.combine == Combine::Score)
        && alert.place.geo_type != GeoType::Department;
    let told = |result: &&CriterionResult| (result.id == SCORE || !of_region) && result.value.is_some();
    let raised = |result: &&CriterionResult| result.rank.is_some_and(|rank| rank > 0);
    let mut criteria: Vec<&CriterionResult> = alert.criteria.iter().filter(told).filter(raised).collect();
    if criteria.is_empty() {
        // On its way out an alert has no criterion over its threshold any more.
        criteria = alert.criteria.iter().filter(told).collect();
    }
    criteria.sort_by_key(|criterion| (criterion.id != SCORE, Reverse(criterion.rank)));
    let mut figures = Vec::new();
    for result in criteria.iter().take(CRITERIA_MAX) {
        let Some(value) = result.value else { continue };
        let criterion = rule.and_then(|rule| rule.criteria.iter().find(|c| c.id == result.id));
        let (indicator, category) = criterion
            .map_or(("", ""), |criterion| (criterion.indicator.as_str(), criterion.category.as_str()));
        let title = match (criterion, category) {
            (Some(_), "") => catalogue::label(view, indicator),
            (Some(criterion), category) if criterion.indicator == "test_days_of_cover" => {
                format!("{}, jours de stock", catalogue::category(category))
            }
            (Some(criterion), _) => criterion.title_fr.clone(),
            (None, _) if result.id == SCORE && of_region => {
                "Score moyen des départements (sur 12)".to_owned()
            }
            (None, _) if result.id == SCORE => "Score (sur 12)".to_owned(),
            (None, _) => crate::clean::short(&result.id, 40),
        };
        let place = match criterion {
            Some(criterion) if criterion.of_region => region_of(view, alert),
            _ => alert.place.clone(),
        };
        let mut about = view.about(indicator, category, &place, 0);
        if indicator.is_empty() {
            about.indicator = format!("rule:{}", alert.rule);
        }
        let (unit, _) = view.unit(indicator);
        let label = format!("{name} : {title}");
        let printed = register.note("table", &label, &about, Some(value), &unit, view.text(indicator, value));
        let bound = result.threshold.map_or_else(String::new, |threshold| {
            let mut about = about.clone();
            about.indicator = format!("{}.threshold", about.indicator);
            let text = view.text(indicator, threshold);
            let text =
                register.note("table", &format!("{label}, seuil"), &about, Some(threshold), &unit, text);
            format!(" (seuil {text})")
        });
        figures.push(format!("{title} : {printed}{bound}"));
    }
    if of_region {
        let mut names: Vec<String> = Vec::new();
        for result in alert.criteria.iter().filter(raised) {
            let criterion = rule.and_then(|rule| rule.criteria.iter().find(|c| c.id == result.id));
            names.extend(
                criterion.map(|criterion| french::small(&catalogue::label(view, &criterion.indicator))),
            );
        }
        if !names.is_empty() {
            figures.push(format!("critères les plus hauts : {}", french::list(&names)));
        }
    }
    if criteria.len() > CRITERIA_MAX {
        figures.push(match criteria.len() - CRITERIA_MAX {
            1 => "1 autre critère".to_owned(),
            n => format!("{n} autres critères"),
        });
    }
    let figures = if figures.is_empty() { "–".to_owned() } else { figures.join(" ; ") };
    Row::of(vec![
        Cell { text: name, strong: alert.place.geo_type != GeoType::Department, ..Cell::default() },
        Cell::text(since),
        Cell::text(french::typography(&figures)),
        Cell::text(state),
    ])
}

fn region_of(view: &View, alert: &Alert) -> vigie_queries::Place {
    view.info(&alert.place)
        .and_then(|info| info.region.as_deref())
        .map_or_else(|| alert.place.clone(), vigie_queries::Place::region)
}

/// Short label of what an alert is about, for the first page: « Tension hospitalière ».
pub(crate) fn rule_title(view: &View, alert: &Alert) -> String {
    view.input.vocabulary.rule(&alert.rule).map_or_else(|| alert.rule.clone(), |rule| rule.title_fr.clone())
}

/// The products an alert of supply is about, when its criterion has a category.
pub(crate) fn products(view: &View, alert: &Alert) -> Vec<String> {
    let Some(rule) = view.input.vocabulary.rule(&alert.rule) else { return Vec::new() };
    if rule.criteria.iter().any(|criterion| criterion.category.is_empty()) {
        return Vec::new();
    }
    alert
        .criteria
        .iter()
        .filter(|result| result.rank.is_some_and(|rank| rank > 0))
        .filter_map(|result| rule.criteria.iter().find(|criterion| criterion.id == result.id))
        .filter(|criterion| !criterion.category.is_empty())
        .map(|criterion| catalogue::category(&criterion.category))
        .collect()
}

/// Title of an alert's level.
pub(crate) fn level_title(view: &View, alert: &Alert) -> String {
    view.input
        .vocabulary
        .rule(&alert.rule)
        .and_then(|rule| rule.levels.iter().find(|level| level.id == alert.level))
        .map_or_else(|| alert.level.clone(), |level| level.title_fr.to_lowercase())
}
