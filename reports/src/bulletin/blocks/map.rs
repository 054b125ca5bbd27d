//! The map of departments: coloured by level, the value printed in each.

use vigie_queries::{GeoType, Place, Status};

use super::super::labels;
use super::super::levels::Levels;
use super::super::parts;
use super::super::view::View;
use crate::document::Block;
use crate::figures::{self, Drawing, Level, Map, MapPlace, Size};
use crate::french;
use crate::published::Register;

/// Departments the map shows: the territory's, or for a department those of its region that are known.
pub(crate) fn places<'a>(view: &View<'a>) -> Vec<&'a Place> {
    if view.territory().geo_type != GeoType::Department {
        return view.departments.iter().map(|info| &info.place).collect();
    }
    let region = view.info(view.territory()).and_then(|info| info.region.clone());
    let mut found: Vec<&Place> = view
        .input
        .places
        .iter()
        .filter(|info| info.place.geo_type == GeoType::Department)
        .filter(|info| info.place == *view.territory() || (info.region.is_some() && info.region == region))
        .map(|info| &info.place)
        .collect();
    found.sort();
    found
}

/// What is printed in each department.
enum Printed {
    Score,
    Indicator(String),
}

/// The map, when there is anything to show.
pub(crate) fn write(
    view: &View,
    register: &mut Register,
    levels: Option<&Levels>,
    places: &[&Place],
    general: &[String],
    size: Size,
) -> Option<Block> {
    let printed = what(view, levels, places, general)?;
    let (title, unit, sources) = match &printed {
        Printed::Score => (
            "Niveau par département".to_owned(),
            figures::Unit::decimal("chiffre\u{A0}: score sur 12", 1),
            levels.map(indicators_of).unwrap_or_default(),
        ),
        Printed::Indicator(id) => {
            let (unit, decimals) = view.unit(id);
            let decimals = if unit == "per_100k" { 0 } else { decimals };
            let name = labels::of(view, id);
            let words = french::typography(&format!("chiffre : {}", french::small(&name)));
            let title = match levels {
                Some(_) => "Niveau par département".to_owned(),
                None => format!("{name}, par département"),
            };
            (title, parts::figure_unit(&unit, decimals, &words), vec![id.clone()])
        }
    };
    let map_places: Vec<MapPlace> = places
        .iter()
        .map(|place| {
            let rank = levels.and_then(|levels| levels.at(place, view.sunday).rank);
            let (value, provisional) = match &printed {
                Printed::Score => (levels.and_then(|levels| levels.score(place, view.sunday)), false),
                Printed::Indicator(id) => {
                    let observation = view.week(id, "", place, 0);
                    let provisional = observation.is_some_and(|o| o.status == Status::Partial);
                    (observation.and_then(|o| o.value), provisional)
                }
            };
            if let Some(value) = value {
                let (id, unit_id) = match &printed {
                    Printed::Score => {
                        let rule = levels.map_or("", |levels| levels.rule.id.as_str());
                        (format!("rule:{rule}"), "score".to_owned())
                    }
                    Printed::Indicator(id) => (id.clone(), view.unit(id).0),
                };
                let mut about = view.about(&id, "", place, 0);
                about.indicator = id;
                register.note("figure", &title, &about, Some(value), &unit_id, unit.print(value));
            }
            MapPlace {
                code: place.code.clone(),
                name: view.name(place),
                rank,
                value,
                provisional,
                strong: *place == view.territory(),
            }
        })
        .collect();
    let legend = legend(levels.map(Levels::names).unwrap_or_default());
    let map = Map { title: title.clone(), unit, places: map_places, levels: legend, size };
    let sources: Vec<&str> = sources.iter().map(String::as_str).collect();
    Some(parts::picture(view, register, Drawing::Map(map), &title, &sources))
}

fn indicators_of(levels: &Levels) -> Vec<String> {
    levels.rule.criteria.iter().map(|criterion| criterion.indicator.clone()).collect()
}

/// The score where it is known, else the rule's first criterion that departments have, else the first that the document names.
fn what(view: &View, levels: Option<&Levels>, places: &[&Place], general: &[String]) -> Option<Printed> {
    let share = |known: usize| known > 0 && known * 2 >= places.len();
    if let Some(levels) = levels {
        let scored = places.iter().filter(|place| levels.score(place, view.sunday).is_some()).count();
        if share(scored) {
            return Some(Printed::Score);
        }
    }
    let of_rule = levels.map(indicators_of).unwrap_or_default();
    of_rule.into_iter().chain(general.iter().cloned()).find_map(|id| {
        let known = places
            .iter()
            .filter(|place| view.week(&id, "", place, 0).is_some_and(|o| o.value.is_some()))
            .count();
        share(known).then_some(Printed::Indicator(id))
    })
}

/// Levels with the mark printed in cells: a dot below every level, else the initial, or the rank where two share one.
pub(crate) fn legend(names: Vec<String>) -> Vec<Level> {
    let initial = |name: &str| french::capital(name).chars().take(1).collect::<String>();
    let initials: Vec<String> = names.iter().skip(1).map(|name| initial(name)).collect();
    let unique = initials.iter().enumerate().all(|(i, mark)| !initials[..i].contains(mark));
    names
        .into_iter()
        .enumerate()
        .map(|(rank, name)| {
            let mark = match rank {
                0 => "·".to_owned(),
                _ if unique => initial(&name),
                rank => rank.to_string(),
            };
            Level { name, mark }
        })
        .collect()
}
