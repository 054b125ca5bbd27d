//! Levels of every department over the last weeks, under the rule of the map.

use vigie_queries::Place;

use super::super::parts;
use super::{Page, map};
use crate::document::Block;
use crate::figures::{Drawing, HeatCell, HeatRow, HeatStrip, Size};
use crate::published::Register;

/// Levels of each department, oldest week first, as far back as the rule of the map was in force; nothing for one week alone.
pub(super) fn write(page: &Page, register: &mut Register, title: &str, weeks: u16) -> Option<Block> {
    let (view, levels) = (page.view, page.levels?);
    let places: Vec<&Place> = view.departments.iter().map(|info| &info.place).collect();
    let sunday = |back: i64| view.monday(back).saturating_add(jiff::Span::new().days(6));
    // Weeks before the rule was in force have no level.
    let in_force = |back: &i64| levels.rule.valid_from.is_none_or(|from| from <= sunday(*back));
    let backs: Vec<i64> = (0..i64::from(weeks)).rev().filter(in_force).collect();
    let judged = backs
        .iter()
        .filter(|back| places.iter().any(|place| levels.at(place, sunday(**back)).rank.is_some()))
        .count();
    if judged < 2 || places.len() > super::MANY {
        return None;
    }
    let names = levels.names();
    let rows: Vec<HeatRow> = places
        .iter()
        .map(|place| HeatRow {
            label: view.name(place),
            cells: backs.iter().map(|back| HeatCell { rank: levels.at(place, sunday(*back)).rank }).collect(),
        })
        .collect();
    for place in &places {
        let points = backs.iter().map(|back| {
            let rank = levels.at(place, sunday(*back)).rank;
            (
                view.monday(*back),
                rank.map(f64::from),
                if rank.is_some() { "ok" } else { "missing" }.to_owned(),
            )
        });
        let id = format!("rule:{}", levels.rule.id);
        register.plot(title, &id, "", place, "rank", points.collect());
    }
    let strip = Drawing::HeatStrip(HeatStrip {
        title: title.to_owned(),
        weeks: backs.iter().map(|back| view.monday(*back)).collect(),
        levels: map::legend(names),
        rows,
        width_pt: Size::WIDE.width_pt,
    });
    let ids: Vec<&str> = levels.rule.criteria.iter().map(|criterion| criterion.indicator.as_str()).collect();
    Some(parts::picture(view, register, strip, title, &ids))
}
