//! What a rule would say of a place with one patient more, or one less.

use std::collections::BTreeMap;

use jiff::civil::Date;
use vigie_queries::{Combine, Criterion, Judgement, Place, Rule, TimeType};
use vigie_transform::{judge_values, region_of};

use crate::build::{Computation, Judged};
use crate::gates as words;
use crate::room::Room;

/// Text columns of the table `what_if`.
pub(super) const TEXTS: [&str; 11] = [
    "rule",
    "rule_title_fr",
    "place",
    "place_fr",
    "criterion",
    "criterion_title_fr",
    "indicator",
    "level",
    "level_fr",
    "level_after",
    "level_after_fr",
];

/// Number columns of the table `what_if`: what was counted, and one more or one less of it.
pub(super) const NUMBERS: [&str; 2] = ["numerator", "step"];

/// One judgement of the week's Sunday, judged again.
pub(super) struct WhatIf {
    texts: [String; 11],
    numerator: f64,
    step: f64,
}

impl WhatIf {
    pub(super) fn texts(&self) -> Vec<&str> {
        self.texts.iter().map(String::as_str).collect()
    }

    pub(super) fn numbers(&self) -> [Option<f64>; 2] {
        [Some(self.numerator), Some(self.step)]
    }
}

/// Every judgement of a day about the places, each criterion moved by one unit of its numerator both ways. Scores are
/// left out: they count many small thresholds, and a region's is a mean over departments.
pub(super) fn rows(
    room: &Room,
    computation: &Computation,
    judged: &Judged,
    scope: &[Place],
    on: Date,
) -> Vec<WhatIf> {
    let mut found = Vec::new();
    for judgement in &judged.judgements {
        let Some(rule) = room.vocabulary.rule(&judgement.rule).filter(|rule| rule.in_force(on)) else {
            continue;
        };
        let known = judgement.level != "unknown" && rule.combine != Combine::Score;
        if judgement.date != on || !known || !scope.contains(&judgement.place) {
            continue;
        }
        for criterion in &rule.criteria {
            found.extend(steps(room, computation, rule, judgement, criterion, on));
        }
    }
    found
}

fn steps(
    room: &Room,
    computation: &Computation,
    rule: &Rule,
    judgement: &Judgement,
    criterion: &Criterion,
    on: Date,
) -> Vec<WhatIf> {
    let place = if criterion.of_region { region_of(&judgement.place) } else { Some(judgement.place.clone()) };
    let seen = place.and_then(|place| {
        computation.observations.get(&criterion.indicator, &criterion.category, &place, TimeType::Day, on)
    });
    let Some((value, numerator)) = seen.and_then(|seen| Some((seen.value?, seen.numerator?))) else {
        return Vec::new();
    };
    let unit = room.vocabulary.query(&criterion.indicator).map_or("", |query| query.unit.as_str());
    let per_unit = match (seen.and_then(|seen| seen.denominator), unit) {
        (None, _) => 1.0,
        (Some(0.0), _) => return Vec::new(),
        (Some(_), _) if numerator != 0.0 => value / numerator,
        (Some(denominator), "share") => 1.0 / denominator,
        (Some(denominator), "per_100k") => 100_000.0 / denominator,
        (Some(denominator), "per_10k") => 10_000.0 / denominator,
        _ => return Vec::new(),
    };
    if numerator.fract() != 0.0 {
        return Vec::new(); // not a count
    }
    let given: BTreeMap<String, f64> =
        judgement.criteria.iter().filter_map(|found| Some((found.id.clone(), found.value?))).collect();
    if judge_values(rule, &given, on).rank != judgement.rank {
        return Vec::new(); // judged from more than its criteria
    }
    let level_fr = |rank: u8| {
        rule.level(rank).map_or_else(
            || "sous tous les seuils".to_owned(),
            |level| format!("niveau « {} »", level.title_fr),
        )
    };
    [-1.0, 1.0]
        .into_iter()
        .filter(|step| numerator < 0.0 || numerator + step >= 0.0)
        .filter_map(|step| {
            let mut given = given.clone();
            given.insert(criterion.id.clone(), value + step * per_unit);
            let after = judge_values(rule, &given, on);
            (after.rank != judgement.rank).then(|| WhatIf {
                texts: [
                    rule.id.clone(),
                    rule.title_fr.clone(),
                    judgement.place.to_string(),
                    words::place_of(&judgement.place.to_string()),
                    criterion.id.clone(),
                    criterion.title_fr.clone(),
                    criterion.indicator.clone(),
                    judgement.level.clone(),
                    level_fr(judgement.rank),
                    after.level.clone(),
                    level_fr(after.rank),
                ],
                numerator,
                step,
            })
        })
        .collect()
}
