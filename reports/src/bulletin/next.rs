//! The next step: what the rules ask to be done for the alerts that stand, the gravest first; else what to watch.

use vigie_queries::{Alert, AlertState, GeoType};

use super::blocks::alerts;
use super::parts;
use super::view::View;
use crate::document::Rich;
use crate::sentences;

/// Title of the block.
pub(crate) const TITLE: &str = "Prochaine étape";
/// Steps printed; the others stand with their alerts.
const STEPS_MAX: usize = 3;
/// Places named per step.
const PLACES_MAX: usize = 4;

/// `judged`: whether the rule of the map could be applied at all this week.
pub(crate) fn write(view: &View, judged: bool) -> Vec<Rich> {
    let standing = alerts::standing(view);
    let mut groups: Vec<(&str, Vec<&Alert>)> = Vec::new();
    for alert in standing.into_iter().filter(|alert| alert.place.geo_type != GeoType::Source) {
        let action = alert.action_fr.trim();
        match groups.iter_mut().find(|(known, _)| *known == action) {
            Some((_, alerts)) => alerts.push(alert),
            None if !action.is_empty() => groups.push((action, vec![alert])),
            None => {}
        }
    }
    let steps = once_a_place(view, groups);
    let rest = steps.len().saturating_sub(STEPS_MAX);
    let mut steps: Vec<Rich> = steps
        .into_iter()
        .take(STEPS_MAX)
        .map(|(names, action)| {
            let (lead, text) = sentences::step(&names, PLACES_MAX, &crate::clean::short(&action, 300));
            parts::led(&lead, &text)
        })
        .collect();
    if rest > 0 {
        steps.push(parts::text(sentences::more_steps(rest)));
    }
    if !judged {
        steps.push(parts::text(sentences::not_judged(steps.len())));
    } else if steps.is_empty() {
        let watched: Vec<String> = view
            .input
            .alerts
            .iter()
            .filter(|alert| alert.state == AlertState::Pending && alerts::concerned(view, alert))
            .map(|alert| view.name(&alert.place))
            .collect();
        steps.push(parts::text(sentences::nothing_to_do(&dedup(watched))));
    }
    steps
}

/// Actions with their places; what was asked of all of them further up (« réunir la cellule de crise ») is not asked again.
fn once_a_place(view: &View, groups: Vec<(&str, Vec<&Alert>)>) -> Vec<(Vec<String>, String)> {
    let mut asked: Vec<(Vec<String>, String)> = Vec::new();
    let mut steps = Vec::new();
    for (action, alerts) in groups {
        let names = dedup(alerts.iter().map(|alert| view.name(&alert.place)).collect());
        let known = |demand: &str| {
            asked.iter().any(|(places, before)| {
                names.iter().all(|name| places.contains(name)) && sentences::asks_the_same(before, demand)
            })
        };
        let left = sentences::left_to_ask(action, known);
        if left.is_empty() {
            continue;
        }
        asked.extend(sentences::demands(&left).into_iter().map(|demand| (names.clone(), demand)));
        steps.push((names, left));
    }
    steps
}

fn dedup(names: Vec<String>) -> Vec<String> {
    let mut seen: Vec<String> = Vec::new();
    for name in names {
        if !seen.contains(&name) {
            seen.push(name);
        }
    }
    seen
}
