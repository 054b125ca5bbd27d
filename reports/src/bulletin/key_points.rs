//! The first page: key figures, what changed in sentences, the map, the alerts in brief.

use std::cmp::Ordering;

use vigie_queries::{GeoType, Place};

use super::alerts;
use super::catalogue;
use super::levels::{Levels, Standing};
use super::map;
use super::parts;
use super::supply;
use super::view::View;
use crate::document::{Block, KeyFigure, Rich};
use crate::figures::Size;
use crate::french;
use crate::published::Register;
use crate::sentences::{self, AtLevel, PrintedChange, Subject};
use crate::trend::Direction;

/// Key figures, in order of preference; five are printed.
const KEY: [(&str, &str); 7] = [
    ("hospital_patients", "Patients hospitalisés"),
    ("icu_patients", "Patients en réanimation"),
    ("icu_occupancy_initial", "Occupation de la réanimation"),
    ("admissions_7d", "Admissions en 7 jours"),
    ("incidence_7d_per_100k", "Incidence pour 100 000"),
    ("positivity_7d", "Taux de positivité"),
    ("er_covid_share_7d", "Urgences, part Covid-19"),
];
const KEY_FIGURES: usize = 5;
/// Departments named after a change.
const PLACES_MAX: usize = 3;
/// Alerts named on the first page.
const ALERTS_MAX: usize = 4;
/// Places named per alert on the first page.
const PLACES_NAMED: usize = 5;

pub(crate) fn write(
    view: &View,
    register: &mut Register,
    levels: Option<&Levels>,
    mapped: &[&Place],
) -> Vec<Block> {
    let mut blocks = Vec::new();
    blocks.extend(state(view, register, levels).map(|text| Block::Lead { text }));
    let figures = key_figures(view, register);
    if !figures.is_empty() {
        blocks.push(Block::KeyFigures { items: figures });
    }
    let mut points = changes(view, register);
    points.extend(low_stocks(view, register));
    points.extend(super::changes::key_point(view, register));
    let left = vec![Block::Bullets { items: points }];
    let size = Size { width_pt: 225.0, height_pt: 215.0 };
    let mut right: Vec<Block> = map::write(view, register, levels, mapped, size).into_iter().collect();
    right.extend(alerts_in_brief(view).map(|text| Block::Note { text }));
    right.extend(feeds(view).map(|text| Block::Note { text }));
    blocks.push(Block::Columns { left, right, ratio: 1.08 });
    blocks
}

fn key_figures(view: &View, register: &mut Register) -> Vec<KeyFigure> {
    let place = view.territory();
    let available: Vec<_> =
        KEY.into_iter().filter(|(id, _)| view.defined(id) && view.has_lately(id, "", place)).collect();
    available
        .into_iter()
        .take(KEY_FIGURES)
        .map(|(id, label)| {
            let shown = view.print(register, "text", label, id, "", place, 0);
            let fact = view.compare(id, "", place);
            let change = parts::change(view, register, "text", label, id, "", place, &fact);
            let (direction, change) = match &fact.direction {
                Ok(Direction::Up) => ("up", change),
                Ok(Direction::Down) => ("down", change),
                Ok(Direction::Flat) => ("flat", change),
                Err(super::view::WhyNot::Break(_)) => ("none", "rupture de définition".to_owned()),
                Err(_) => ("none", "pas de comparaison".to_owned()),
            };
            let detail = match (&shown.reason, shown.provisional) {
                (Some(reason), _) => crate::clean::short(sentences::trim(reason), 90),
                (None, true) => "provisoire ; sur une semaine".to_owned(),
                (None, false) => "sur une semaine".to_owned(),
            };
            KeyFigure {
                label: label.to_owned(),
                value: shown.text,
                change,
                direction: direction.to_owned(),
                detail: french::typography(&detail),
            }
        })
        .collect()
}

/// How the departments stand under the rule of the map.
fn state(view: &View, register: &mut Register, levels: Option<&Levels>) -> Option<Rich> {
    let levels = levels?;
    let places: Vec<&Place> = if view.departments.is_empty() {
        vec![view.territory()]
    } else {
        view.departments.iter().map(|info| &info.place).collect()
    };
    let ranks: Vec<(String, Standing)> =
        places.iter().map(|place| (view.name(place), levels.at(place, view.sunday))).collect();
    if view.territory().geo_type == GeoType::Department {
        let standing = levels.at(view.territory(), view.sunday);
        levels.note(view, register, view.territory(), &standing);
        return Some(parts::led(
            "Niveau ",
            &format!(": {} (règle « {} »).", standing.text, levels.rule.title_fr),
        ));
    }
    let unknown = ranks.iter().filter(|(_, standing)| standing.rank.is_none()).count();
    let by_level: Vec<AtLevel> = (1..=levels.rule.levels.len())
        .rev()
        .filter_map(|rank| u8::try_from(rank).ok())
        .map(|rank| {
            let here = || ranks.iter().filter(|(_, standing)| standing.rank == Some(rank));
            AtLevel {
                title: levels.title(rank),
                names: here().map(|(name, _)| name.clone()).collect(),
                at_least: here().any(|(_, standing)| standing.at_least),
            }
        })
        .collect();
    let (lead, rest) = sentences::state(&by_level, ranks.len(), unknown);
    let own = levels.at(view.territory(), view.sunday);
    let own = match own.rank {
        Some(_) if levels.rule.geo_types.contains(&view.territory().geo_type) => {
            format!(" {} : {}.", view.name(view.territory()), own.text)
        }
        _ => String::new(),
    };
    Some(parts::led(&lead, &format!("{rest}{own}")))
}

const SUBJECTS: [(&str, Subject); 6] = [
    (
        "hospital_patients",
        Subject { text: "Le nombre de patients hospitalisés", plural: false, feminine: false },
    ),
    (
        "icu_patients",
        Subject { text: "Le nombre de patients en réanimation", plural: false, feminine: false },
    ),
    (
        "admissions_7d",
        Subject { text: "Les admissions à l’hôpital en 7 jours", plural: true, feminine: true },
    ),
    ("incidence_7d_per_100k", Subject { text: "L’incidence", plural: false, feminine: true }),
    ("positivity_7d", Subject { text: "Le taux de positivité", plural: false, feminine: false }),
    (
        "er_covid_share_7d",
        Subject { text: "La part des passages aux urgences pour suspicion", plural: false, feminine: true },
    ),
];

/// What rose, where, by how much, since when.
fn changes(view: &View, register: &mut Register) -> Vec<Rich> {
    let place = view.territory();
    let mut points = Vec::new();
    for (id, subject) in SUBJECTS {
        if !view.defined(id) || !view.has_lately(id, "", place) {
            continue;
        }
        let fact = view.compare(id, "", place);
        let label = catalogue::label(view, id);
        let mut printed = PrintedChange {
            now: view.print(register, "text", &label, id, "", place, 0).text,
            ..PrintedChange::default()
        };
        if fact.direction.is_ok() {
            printed.before = view.print(register, "text", &label, id, "", place, 1).text;
            printed.change = parts::change(view, register, "text", &label, id, "", place, &fact);
        }
        let (lead, mut rest) = sentences::moved(subject, &printed, &fact);
        rest.push_str(&where_it_moved(view, register, id, &fact));
        points.push(parts::led(&lead, &rest));
    }
    points
}

/// The departments whose figure moved most in the territory's direction, when theirs moved materially.
fn where_it_moved(view: &View, register: &mut Register, id: &str, fact: &super::view::Comparison) -> String {
    let Ok(direction) = &fact.direction else { return String::new() };
    // A stable total may hide a rise: it is told.
    let wanted = if *direction == Direction::Down { Direction::Down } else { Direction::Up };
    let mut moved: Vec<(f64, &Place)> = view
        .departments
        .iter()
        .filter_map(|info| {
            let fact = view.compare(id, "", &info.place);
            let (Ok(direction), Some(now), Some(before)) = (fact.direction, fact.now, fact.before) else {
                return None;
            };
            (direction == wanted).then_some((now.value - before.value, &info.place))
        })
        .collect();
    moved.sort_by(|a, b| b.0.abs().partial_cmp(&a.0.abs()).unwrap_or(Ordering::Equal).then(a.1.cmp(b.1)));
    let (unit, decimals) = view.unit(id);
    let places: Vec<(String, String)> = moved
        .into_iter()
        .take(PLACES_MAX)
        .map(|(difference, place)| {
            let name = view.name(place);
            let mut about = view.about(id, "", place, 0);
            about.indicator = format!("{id}.change");
            let text = if unit == "share" {
                french::points(difference, decimals)
            } else {
                french::signed(difference, decimals)
            };
            let text = register.note("text", &name, &about, Some(difference), &unit, text);
            (name, text)
        })
        .collect();
    match wanted {
        Direction::Down => sentences::ranked("Plus forte baisse", "Plus fortes baisses", &places),
        _ => sentences::ranked("Plus forte hausse", "Plus fortes hausses", &places),
    }
}

/// Products with few days of stock, in the departments and in the whole.
fn low_stocks(view: &View, register: &mut Register) -> Vec<Rich> {
    let id = "test_days_of_cover";
    if !view.defined(id) {
        return Vec::new();
    }
    let (low, _) = supply::bounds(view);
    let mut points = Vec::new();
    for product in supply::products(view) {
        let mut short: Vec<(f64, &Place)> = view
            .departments
            .iter()
            .filter_map(|info| Some((view.sample(id, product, &info.place, 0)?.value, &info.place)))
            .filter(|(days, _)| *days < low)
            .collect();
        short.sort_by(|a, b| a.0.partial_cmp(&b.0).unwrap_or(Ordering::Equal).then(a.1.cmp(b.1)));
        let places: Vec<(String, String)> = short
            .iter()
            .map(|(_, place)| {
                let name = view.name(place);
                let shown = view.print(register, "text", &name, id, product, place, 0);
                (name, shown.text)
            })
            .collect();
        let name = catalogue::category(product);
        let bound = french::number(low, 0);
        points.extend(
            sentences::low_cover(&name, &bound, &places).map(|(lead, rest)| parts::led(&lead, &rest)),
        );
    }
    points.truncate(2);
    points
}

/// How many alerts stand, and the gravest.
fn alerts_in_brief(view: &View) -> Option<Rich> {
    let standing = alerts::standing(view);
    let health: Vec<_> = standing.iter().filter(|alert| alert.place.geo_type != GeoType::Source).collect();
    if health.is_empty() {
        return Some(parts::led("Aucune alerte active", " à la fin de la semaine."));
    }
    let lead = match health.len() {
        1 => "1 alerte en cours".to_owned(),
        n => format!("{n} alertes en cours"),
    };
    // One clause per rule and level, with its places.
    let mut groups: Vec<(String, Vec<String>)> = Vec::new();
    for alert in &health {
        let products = alerts::products(view, alert);
        let products =
            if products.is_empty() { String::new() } else { format!(" ({})", french::list(&products)) };
        let title = crate::clean::short(&alerts::rule_title(view, alert), 70);
        let title = format!("{title}{products}, niveau « {} »", alerts::level_title(view, alert));
        let place = format!("{} ({})", view.name(&alert.place), french::day_month_short(alert.since));
        match groups.iter_mut().find(|(known, _)| *known == title) {
            Some((_, places)) => places.push(place),
            None => groups.push((title, vec![place])),
        }
    }
    let rest = groups.len().saturating_sub(ALERTS_MAX);
    let items: Vec<String> = groups
        .into_iter()
        .take(ALERTS_MAX)
        .map(|(title, places)| match places.len() {
            n if n > PLACES_NAMED => {
                format!(
                    "{title} : {} et {} autres lieux",
                    places[..PLACES_NAMED].join(", "),
                    n - PLACES_NAMED
                )
            }
            _ => format!("{title} : {}", french::list(&places)),
        })
        .collect();
    let more = match rest {
        0 => String::new(),
        1 => " ; 1 autre sujet d’alerte plus loin".to_owned(),
        n => format!(" ; {n} autres sujets d’alerte plus loin"),
    };
    Some(parts::led(&format!("{lead} "), &format!("(date de début). {}{more}.", items.join(" ; "))))
}

/// Feeds that are late, so that a reader knows what the page rests on.
fn feeds(view: &View) -> Option<Rich> {
    use crate::input::Freshness;
    let late: Vec<String> = view
        .input
        .feeds
        .iter()
        .filter(|feed| matches!(feed.state, Freshness::Late | Freshness::Stale))
        .map(|feed| format!("« {} »", crate::clean::short(&feed.title_fr, 60)))
        .collect();
    match late.as_slice() {
        [] => None,
        [only] => Some(parts::led("Source en retard ", &format!(": {only}."))),
        many => Some(parts::led("Sources en retard ", &format!(": {}.", french::list(many)))),
    }
}
