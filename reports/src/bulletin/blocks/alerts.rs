//! Alerts: where, since when, on which figures, and what to do.

use std::cmp::Reverse;
use std::collections::BTreeSet;

use vigie_queries::{
    Alert, AlertBounds, AlertState, Combine, Comparison, Criterion, CriterionResult, GeoType, Place, Rule,
    SCORE, TimeType, Week,
};

use super::super::view::View;
use super::super::{labels, levels, parts};
use crate::document::{Block, Cell, Column, Row, RowKind, Table};
use crate::figures::style;
use crate::french;
use crate::published::{About, Register};
use crate::sentences;

/// Rows printed per rule and level; the rest is counted.
const ROWS_MAX: usize = 15;
/// Criteria printed per alert.
const CRITERIA_MAX: usize = 3;

/// Rows of one alert that share their first cell. The printed page breaks between such groups and never within one: a longer one
/// ran over the foot of its page.
const ROWS_TOGETHER: usize = 3;
/// Places of one kind named one by one in a country's table; more are counted, and their names follow.
const ROWS_OF_KIND: usize = 4;
/// Places named of what began or ended.
const NAMED_MAX: usize = 6;

/// Alerts that stand, department alerts under a regional one left out where the region itself is told, the gravest first. A
/// country counts all of them; a department's own sheet tells its own, whatever its region's says.
pub(crate) fn standing<'a>(view: &View<'a>) -> Vec<&'a Alert> {
    let mut found: Vec<&Alert> = view
        .input
        .alerts
        .iter()
        .filter(|alert| alert.state.stands())
        .filter(|alert| !alert.inhibited || view.territory().geo_type != GeoType::Region)
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

/// Alerts of the territory and of what it is made of: a country's regions and departments, a region's departments. Those of
/// what it lies in are not its own.
pub(crate) fn concerned(view: &View, alert: &Alert) -> bool {
    let territory = view.territory();
    alert.place == *territory
        || view.departments.iter().any(|info| info.place == alert.place)
        || (territory.geo_type == GeoType::Country && alert.place.geo_type == GeoType::Region)
}

/// Whether some rule establishes a level of the territory, or of what lies in it, in the week.
pub(crate) fn judged(view: &View) -> bool {
    let concerns =
        |place: &Place| place == view.territory() || view.departments.iter().any(|d| d.place == *place);
    view.input.judgements.iter().any(|judgement| {
        (view.input.week..=view.sunday).contains(&judgement.date)
            && judgement.level != "unknown"
            && (judgement.rank > 0 || judgement.rank_max == 0)
            && concerns(&judgement.place)
    })
}

/// Alerts of departments that stand and that the table leaves to the region's of the same rule.
pub(crate) fn covered<'a>(view: &View<'a>) -> Vec<&'a Alert> {
    let covered = |alert: &&Alert| alert.inhibited && alert.state.stands() && concerned(view, alert);
    match view.territory().geo_type {
        GeoType::Region => view.input.alerts.iter().filter(covered).collect(),
        _ => Vec::new(),
    }
}

/// What stands, a line each; a country counts places of one rule and level.
pub(crate) fn told(view: &View) -> Vec<String> {
    let health = standing(view).into_iter().filter(|alert| alert.place.geo_type != GeoType::Source);
    if view.territory().geo_type == GeoType::Country {
        let line =
            |(_, _, group): &Group| format!("{} : {}", subject(view, group[0]), places_of(view, group));
        return groups(health).iter().map(line).collect();
    }
    let line = |alert: &Alert| {
        let since = french::date(alert.since);
        format!("{} : {} depuis le {since}", view.name(&alert.place), subject(view, alert))
    };
    health.map(line).collect()
}

/// Rule, level, and the alerts that stand under them.
type Group<'a> = (&'a str, &'a str, Vec<&'a Alert>);

/// Alerts by rule and level, in the order in which each is first met.
fn groups<'a>(alerts: impl Iterator<Item = &'a Alert>) -> Vec<Group<'a>> {
    let mut groups: Vec<Group> = Vec::new();
    for alert in alerts {
        match groups.iter_mut().find(|(rule, level, _)| *rule == alert.rule && *level == alert.level) {
            Some((.., group)) => group.push(alert),
            None => groups.push((&alert.rule, &alert.level, vec![alert])),
        }
    }
    groups
}

/// « Stocks de tests, niveau « rupture proche » ».
pub(crate) fn subject(view: &View, alert: &Alert) -> String {
    format!("{}, niveau « {} »", crate::clean::short(&rule_title(view, alert), 80), level_title(view, alert))
}

/// Regions and departments of some alerts, how many of each.
fn kinds(alerts: &[&Alert]) -> (usize, usize) {
    let of = |kind| alerts.iter().filter(|alert| alert.place.geo_type == kind).count();
    (of(GeoType::Region), of(GeoType::Department))
}

/// Their names, or how many they are.
fn places_of(view: &View, alerts: &[&Alert]) -> String {
    if alerts.len() <= NAMED_MAX {
        let mut names: Vec<String> = alerts.iter().map(|alert| view.name(&alert.place)).collect();
        // A region of one department has its name.
        names.dedup();
        return french::list(&names);
    }
    let (regions, departments) = kinds(alerts);
    sentences::kinds(regions, departments)
}

/// At most `rows_max` places are printed per rule and level.
pub(crate) fn write(view: &View, register: &mut Register, rows_max: usize) -> Vec<Block> {
    let alerts = standing(view);
    let mut blocks = Vec::new();
    if alerts.is_empty() {
        let (lead, rest) = sentences::no_alert(judged(view));
        blocks.push(Block::Paragraph { text: parts::led(lead, rest) });
    } else {
        blocks.push(table(view, register, &alerts, rows_max.min(ROWS_MAX)));
    }
    blocks.extend(covered_table(view, rows_max));
    let more: Vec<String> = sentences::pending(count(view, AlertState::Pending))
        .into_iter()
        .chain(sentences::silent(count(view, AlertState::Silent)))
        .collect();
    if !more.is_empty() {
        blocks.push(Block::Paragraph { text: parts::text(format!("{}.", french::list(&more))) });
    }
    blocks.push(Block::Paragraph { text: parts::text(began_and_ended(view)) });
    blocks
}

/// What began and what ended from the Monday to the Sunday of the week.
fn began_and_ended(view: &View) -> String {
    let told = |wanted: &dyn Fn(&Alert) -> bool| -> Vec<String> {
        let found = view.input.alerts.iter().filter(|alert| concerned(view, alert) && wanted(alert));
        let mut by_rule: Vec<(&str, Vec<&Alert>)> = Vec::new();
        for alert in found {
            match by_rule.iter_mut().find(|(rule, _)| *rule == alert.rule) {
                Some((_, group)) => group.push(alert),
                None => by_rule.push((&alert.rule, vec![alert])),
            }
        }
        let line = |(_, group): &(&str, Vec<&Alert>)| {
            format!("{} ({})", crate::clean::short(&rule_title(view, group[0]), 80), places_of(view, group))
        };
        by_rule.iter().map(line).collect()
    };
    let began = told(&|alert| alert.state.stands() && alert.since >= view.input.week);
    let ended = told(&|alert| alert.state == AlertState::Resolved);
    sentences::began_and_ended(&began, &ended)
}

/// Departments under an alert of their region of the same rule: not in the table above, and to be found all the same.
///
/// At most `rows_max` rules and levels are printed, the rest is counted.
fn covered_table(view: &View, rows_max: usize) -> Option<Block> {
    let covered = covered(view);
    if covered.is_empty() {
        return None;
    }
    let mut groups = groups(covered.into_iter());
    let rest = groups.split_off(groups.len().min(rows_max));
    let mut rows: Vec<Row> = groups
        .into_iter()
        .map(|(.., group)| {
            let names: Vec<String> = group.iter().map(|alert| view.name(&alert.place)).collect();
            Row::of(vec![
                Cell::text(french::typography(&subject(view, group[0]))),
                Cell::text(names.len().to_string()),
                Cell::text(french::list(&names)),
            ])
        })
        .collect();
    if !rest.is_empty() {
        let alerts: usize = rest.iter().map(|(.., group)| group.len()).sum();
        let others = if rest.len() == 1 {
            "Un autre sujet".to_owned()
        } else {
            format!("{} autres sujets", rest.len())
        };
        rows.push(Row::of(vec![
            Cell::text(others),
            Cell::text(alerts.to_string()),
            Cell::text(String::new()),
        ]));
    }
    Some(Block::Table(Table {
        caption: "Alertes départementales couvertes par celle de la région".to_owned(),
        columns: vec![
            Column::text("Alerte", 1.2),
            Column::text("Nombre", 0.0),
            Column::text("Départements", 1.8),
        ],
        rows,
        notes: vec![
            "La région est au même niveau de la même règle, ou au-dessus : c’est pour elle qu’il faut agir."
                .replace(" :", "\u{A0}:"),
        ],
        source: String::new(),
    }))
}

fn count(view: &View, state: AlertState) -> usize {
    view.input.alerts.iter().filter(|alert| alert.state == state && concerned(view, alert)).count()
}

/// One group per rule and level: its title and what to do beside one row per place.
fn table(view: &View, register: &mut Register, alerts: &[&Alert], rows_max: usize) -> Block {
    let mut groups = groups(alerts.iter().copied());
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
        let heading = french::typography(&format!("{rule_title}, niveau « {} »", french::small(level_title)));
        let swatch = group.first().map_or_else(String::new, |alert| {
            style::level(alert.rank, 1 + rule.map_or(usize::from(alert.rank), |rule| rule.levels.len())).hex()
        });
        let action = group.first().map_or("", |alert| alert.action_fr.trim());
        let detail = match action {
            "" => String::new(),
            action => french::typography(&format!("Que faire : {}", crate::clean::short(action, 400))),
        };
        let by_kind = view.territory().geo_type == GeoType::Country && group.len() > ROWS_OF_KIND;
        // What is unknown of all of them is said once, under them.
        let unknown: BTreeSet<String> = group.iter().map(|alert| unknown_of(view, rule, alert)).collect();
        let alike = (group.len() > 1 && unknown.len() == 1).then(|| unknown.into_iter().next()).flatten();
        let alike = alike.filter(|unknown| !unknown.is_empty() && !by_kind);
        let told: Vec<Row> = match by_kind {
            true => rows_of_kinds(view, &group),
            false => group
                .iter()
                .take(rows_max)
                .map(|alert| row(view, register, rule, alert, alike.is_none()))
                .collect(),
        };
        let n = told.len();
        for (place, mut row) in told.into_iter().enumerate() {
            if place % ROWS_TOGETHER == 0 {
                let goes_on = place > 0;
                row.cells.insert(
                    0,
                    Cell {
                        text: if goes_on { format!("{heading} (suite)") } else { heading.clone() },
                        swatch: swatch.clone(),
                        strong: true,
                        detail: if goes_on { String::new() } else { detail.clone() },
                        rows: (n - place).min(ROWS_TOGETHER),
                        ..Cell::default()
                    },
                );
            }
            rows.push(row);
        }
        if by_kind {
            let text = french::typography(&format!("{}.", names_by_kind(view, &group)));
            rows.push(Row { cells: vec![Cell::text(text)], strong: false, kind: RowKind::Across });
        } else if group.len() > rows_max {
            let names: Vec<String> = group[rows_max..].iter().map(|alert| view.name(&alert.place)).collect();
            let text = french::typography(&format!("Et aussi : {}.", french::list(&names)));
            rows.push(Row { cells: vec![Cell::text(text)], strong: false, kind: RowKind::Across });
        }
        if let Some(unknown) = alike {
            let text = french::typography(&format!("{rule_title}, pour chacun : {unknown}."));
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
        notes: vec![
            "Depuis\u{A0}: premier jour de l’alerte\u{202F}; son niveau a pu changer depuis lors.".to_owned(),
        ],
        source: String::new(),
    })
}

/// One row for the regions and one for the departments of a rule and level: how many, since when, how many are new.
fn rows_of_kinds(view: &View, group: &[&Alert]) -> Vec<Row> {
    let of_kind = |kind: GeoType| {
        let alerts: Vec<&Alert> =
            group.iter().copied().filter(|alert| alert.place.geo_type == kind).collect();
        let (first, last) = (alerts.iter().map(|a| a.since).min()?, alerts.iter().map(|a| a.since).max()?);
        let since = match first == last {
            true => french::day_month_short(first),
            false => format!("{} à {}", french::day_month_short(first), french::day_month_short(last)),
        };
        let (regions, departments) = kinds(&alerts);
        let new = alerts.iter().filter(|alert| alert.since >= view.input.week).count();
        let back = alerts.iter().filter(|alert| alert.state == AlertState::Clearing).count();
        let covered = alerts.iter().filter(|alert| alert.inhibited).count();
        let mut parts = Vec::new();
        for (n, one, many) in [
            (new, "nouvelle", "nouvelles"),
            (back, "en recul", "en recul"),
            (covered, "couverte par celle de sa région", "couvertes par celle de leur région"),
        ] {
            if n > 0 {
                parts.push(french::counted(n as f64, 0, one, many));
            }
        }
        let told = if parts.is_empty() { "–".to_owned() } else { format!("dont {}", french::list(&parts)) };
        Some(Row::of(vec![
            Cell { text: sentences::kinds(regions, departments), strong: true, ..Cell::default() },
            Cell::text(since),
            Cell::text(told),
            Cell::text(if back == alerts.len() { "en recul" } else { "actives" }),
        ]))
    };
    [GeoType::Country, GeoType::Region, GeoType::Department, GeoType::Source]
        .into_iter()
        .filter_map(of_kind)
        .collect()
}

/// « Régions : … ; départements : … ».
fn names_by_kind(view: &View, group: &[&Alert]) -> String {
    let of_kind = |(kind, title): (GeoType, &str)| {
        let names: Vec<String> =
            group.iter().filter(|a| a.place.geo_type == kind).map(|a| view.name(&a.place)).collect();
        (!names.is_empty()).then(|| format!("{title} : {}", french::list(&names)))
    };
    let told: Vec<String> = [(GeoType::Region, "Régions"), (GeoType::Department, "Départements")]
        .into_iter()
        .filter_map(of_kind)
        .collect();
    told.join(". ")
}

/// What raises and what ends an alert, of one of its criteria, as printed. The level it stands at raises; it is over below the
/// mildest level that alerts.
fn bounds_text(
    view: &View,
    register: &mut Register,
    rule: &Rule,
    alert: &Alert,
    result: &CriterionResult,
    (about, label): (&About, &str),
) -> Option<String> {
    let ranks = || (1_u8..).zip(&rule.levels);
    let bounds = if result.id == SCORE {
        let min = |rank: u8| rule.level(rank).and_then(|level| level.score_min);
        let clear = ranks().find(|(rank, _)| *rank >= rule.alert_rank).and_then(|(rank, _)| min(rank))?;
        AlertBounds {
            raise: min(alert.rank)?,
            clear: clear * rule.score_clear_ratio,
            comparison: Comparison::AtLeast,
        }
    } else {
        let criterion = rule.criterion(&result.id)?;
        let named: Vec<(u8, AlertBounds)> = ranks()
            .filter_map(|(rank, level)| Some((rank, criterion.bounds(&level.id, view.sunday)?)))
            .collect();
        let (_, raise) =
            named.iter().rev().find(|(rank, _)| *rank <= alert.rank).or_else(|| named.first())?;
        let (_, clear) = named.iter().find(|(rank, _)| *rank >= rule.alert_rank)?;
        AlertBounds { raise: raise.raise, clear: clear.clear, comparison: raise.comparison }
    };
    let alone = rule.combine == Combine::Any || result.id == SCORE;
    let indicator = about.indicator.as_str();
    let id = if indicator.starts_with("rule:") { "" } else { indicator };
    let mut print = |suffix: &str, title: &str, value: f64| {
        let about = About { indicator: format!("{indicator}.{suffix}"), ..about.clone() };
        let (unit, _) = view.unit(id);
        let text = view.exact_text(id, value);
        register.note("table", &format!("{label}, {title}"), &about, Some(value), &unit, text)
    };
    let (raise, clear) =
        (print("threshold", "seuil", bounds.raise), print("clear", "seuil de levée", bounds.clear));
    Some(sentences::bounds(bounds.comparison, alone, &raise, &clear))
}

/// The criteria of an alert that are not known and could put it higher; nothing for the mean of a region.
fn unknown_of(view: &View, rule: Option<&Rule>, alert: &Alert) -> String {
    let Some(rule) = rule else { return String::new() };
    if rule.combine == Combine::Score && alert.place.geo_type != GeoType::Department {
        return String::new();
    }
    let known = |id: &str| alert.criteria.iter().any(|result| result.id == id && result.value.is_some());
    levels::unknown(rule, alert.rank, view.sunday, known)
}

/// One alert: place, since when, figures and bounds, state; with its unknown criteria where they are asked for.
fn row(view: &View, register: &mut Register, rule: Option<&Rule>, alert: &Alert, with_unknown: bool) -> Row {
    let name = crate::clean::short(&view.name(&alert.place), 80);
    let state = match alert.state {
        AlertState::Clearing => "en recul",
        _ if alert.since >= view.input.week => "nouvelle",
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
            (Some(_), "") => labels::of(view, indicator),
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
        // What a rule reads is the day's: of an indicator whose week is made of seven of them the day is named.
        let title = match view.input.vocabulary.query(indicator).and_then(|query| query.week) {
            Some(Week::Ratio | Week::Sum) => format!("{title}, {}", french::weekday(view.sunday)),
            _ => title,
        };
        let label = format!("{name} : {title}");
        let printed = register.note("table", &label, &about, Some(value), &unit, view.text(indicator, value));
        let bound = rule
            .and_then(|rule| bounds_text(view, register, rule, alert, result, (&about, &label)))
            .map_or_else(String::new, |text| format!(" ({text})"));
        figures.push(format!("{title} : {printed}{bound}"));
    }
    if of_region {
        let mut names: Vec<String> = Vec::new();
        for result in alert.criteria.iter().filter(raised) {
            let criterion = rule.and_then(|rule| rule.criteria.iter().find(|c| c.id == result.id));
            names.extend(criterion.map(|criterion| french::small(&labels::of(view, &criterion.indicator))));
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
    if figures.is_empty() {
        figures.extend(rule.and_then(|rule| last_known(view, register, rule, alert)));
    }
    let unknown = unknown_of(view, rule, alert);
    if with_unknown && !unknown.is_empty() {
        figures.push(unknown);
    }
    let figures = if figures.is_empty() { "–".to_owned() } else { figures.join(" ; ") };
    Row::of(vec![
        Cell { text: name, strong: alert.place.geo_type != GeoType::Department, ..Cell::default() },
        Cell::text(since),
        Cell::text(french::typography(&figures)),
        Cell::text(state),
    ])
}

/// The newest value of a criterion of an alert that has none on the Sunday: it stands until its data have been silent for long.
fn last_known(view: &View, register: &mut Register, rule: &Rule, alert: &Alert) -> Option<String> {
    let newest = |criterion: &Criterion| {
        let days = view.input.observations.series(
            &criterion.indicator,
            &criterion.category,
            &alert.place,
            TimeType::Day,
        )?;
        days.range(..=view.sunday).rev().find_map(|(day, observation)| Some((*day, observation.value?)))
    };
    let found = rule.criteria.iter().filter_map(|criterion| Some((criterion, newest(criterion)?)));
    let (criterion, (day, value)) = found.max_by_key(|(_, (day, _))| *day)?;
    let id = criterion.indicator.as_str();
    let about =
        About { time_type: TimeType::Day, date: day, ..view.about(id, &criterion.category, &alert.place, 0) };
    let (unit, _) = view.unit(id);
    let title = criterion.title_fr.as_str();
    let label = format!("{} : {title}", view.name(&alert.place));
    let text = register.note("table", &label, &about, Some(value), &unit, view.text(id, value));
    Some(format!("pas de valeur cette semaine ; dernière, {title} : {}", sentences::last_known(&text, day)))
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
    let mut products: Vec<String> = alert
        .criteria
        .iter()
        .filter(|result| result.rank.is_some_and(|rank| rank > 0))
        .filter_map(|result| rule.criteria.iter().find(|criterion| criterion.id == result.id))
        .map(|criterion| labels::category(view, &criterion.indicator, &criterion.category))
        .collect();
    // Its stock of the day and that of the week are two criteria of one product.
    products.dedup();
    products
}

/// Title of an alert's level.
pub(crate) fn level_title(view: &View, alert: &Alert) -> String {
    view.input
        .vocabulary
        .rule(&alert.rule)
        .and_then(|rule| rule.levels.iter().find(|level| level.id == alert.level))
        .map_or_else(|| alert.level.clone(), |level| level.title_fr.to_lowercase())
}
