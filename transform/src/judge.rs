//! Judging: what a dated rule says of a place on a day.
//!
//! A criterion whose value is missing is *unknown*, never favourable: the judgement is then a range, from the level
//! reached for certain (`rank`) to the one that would be reached if every unknown criterion were unfavourable
//! (`rank_max`). Where nothing was due (no post planned, no request) there is nothing to judge: the criterion is left out,
//! and neither raises nor widens. Any day can be judged under any rule; only [`judge_rule`] keeps to the days a rule is in force.

use std::collections::{BTreeMap, BTreeSet};

use jiff::ToSpan;
use jiff::civil::Date;
use vigie_queries::{
    Combine, CriterionResult, GeoType, Judgement, Observation, Observations, Place, Rule, SCORE, TimeType,
    known_departments, known_epcis,
};

use crate::thresholds::{Side, points, rank_alone, round_half_away, threshold_shown};

/// Residents by department: the weights of a region's score.
pub type Populations = BTreeMap<Place, f64>;

/// Days after the last row of its criteria on which a place is still judged, as unknown. Later ones have no judgement:
/// a feed that ended years ago has nothing to say of today.
pub(crate) const SILENCE_DAYS: i32 = 28;

/// What a rule says of given values.
#[derive(Debug, Clone, PartialEq)]
pub struct Verdict {
    /// Rank reached for certain.
    pub rank: u8,
    /// Rank that could be reached, were the unknown criteria unfavourable.
    pub rank_max: u8,
    /// Id of the level at `rank`, `none` below every level, `unknown` when no criterion is known.
    pub level: String,
    /// The criteria, in the order of the rule.
    pub criteria: Vec<CriterionResult>,
}

/// A test of a rule that does not hold.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("rule {rule}: test {test:?}: expected {expected}, found {found}")]
pub struct RuleTestFailure {
    /// Id of the rule.
    pub rule: String,
    /// Name of the test.
    pub test: String,
    /// Level, or range of levels, expected.
    pub expected: String,
    /// Level, or range of levels, found.
    pub found: String,
}

/// The region of a department, that of a metropole's seat, a region's own self; none for other places and collectivities without a region.
#[must_use]
pub fn region_of(place: &Place) -> Option<Place> {
    match place.geo_type {
        GeoType::Region => Some(place.clone()),
        GeoType::Department => {
            let (_, region) = known_departments().get(place.code.as_str())?;
            region.map(Place::region)
        }
        GeoType::Epci => {
            let seat = known_epcis().get(place.code.as_str())?.departments.first()?;
            region_of(&Place::department(seat))
        }
        GeoType::Country | GeoType::Source => None,
    }
}

/// Judges one place on one day, in force or not, from daily values.
///
/// `populations` serves only the `score` rules, for regions.
#[must_use]
pub fn judge(
    rule: &Rule,
    observations: &Observations,
    populations: &Populations,
    place: &Place,
    on: Date,
) -> Judgement {
    let bench = Bench::new(rule, observations, populations, place);
    let standing = if rule.in_force(on) { bench.set_before(on) } else { 0 };
    bench.judge_under(standing, on)
}

/// Judges a rule on every day from `from` to `to` (both included) on which it is in force, for each place of its kinds
/// that has a row of one of its criteria that day or before, and not more than four weeks ago.
///
/// Sorted by kind of place, place and day, as the table `judgements` is within a rule.
#[must_use]
pub fn judge_rule(
    rule: &Rule,
    observations: &Observations,
    populations: &Populations,
    from: Date,
    to: Date,
) -> Vec<Judgement> {
    let last = rule.valid_to.map_or(to, |end| end.min(to));
    let mut places: Vec<Place> = places_judged(rule, observations).into_iter().collect();
    places.sort_by(|a, b| place_key(a).cmp(&place_key(b)));
    let mut judgements = Vec::new();
    for place in places {
        let bench = Bench::new(rule, observations, populations, &place);
        let Some((known_from, known_to)) = bench.days() else { continue };
        let last = last.min(known_to.saturating_add(SILENCE_DAYS.days()));
        let mut on = rule.valid_from.map_or(from, |start| start.max(from)).max(known_from);
        let mut standing = bench.set_before(on);
        while on <= last {
            let judgement = bench.judge_under(standing, on);
            standing = standing.max(set_by(rule, &judgement));
            judgements.push(judgement);
            let Ok(next) = on.tomorrow() else { break };
            on = next;
        }
    }
    judgements
}

/// Rank of the highest level that a judgement sets until it is lifted; 0 when it sets none.
fn set_by(rule: &Rule, judgement: &Judgement) -> u8 {
    (1..=judgement.rank).rev().find(|rank| rule.level(*rank).is_some_and(|level| level.stays)).unwrap_or(0)
}

/// Judges given values by criterion id, as if they were a department's; a criterion that is absent is unknown.
///
/// For a `score` rule, a value under [`SCORE`] stands for the score itself.
#[must_use]
pub fn judge_values(rule: &Rule, given: &BTreeMap<String, f64>, on: Date) -> Verdict {
    if rule.combine == Combine::Score
        && let Some(score) = given.get(SCORE)
    {
        let criteria = rule.criteria.iter().map(|criterion| unknown(&criterion.id, None)).collect();
        return score_verdict(rule, criteria, Some((*score, *score)));
    }
    let readings = rule
        .criteria
        .iter()
        .map(|criterion| Reading {
            value: given.get(&criterion.id).copied(),
            missing_reason: None,
            nothing_due: false,
        })
        .collect();
    verdict(rule, readings, on)
}

/// Runs the tests of a rule.
#[must_use]
pub fn check_rule_tests(rule: &Rule) -> Vec<RuleTestFailure> {
    let range = |least: &str, most: &str| match least == most {
        true => least.to_owned(),
        false => format!("{least} to {most}"),
    };
    let mut failures = Vec::new();
    for test in &rule.tests {
        let found = judge_values(rule, &test.given, test.on);
        let found_max = match found.rank_max == found.rank {
            true => found.level.as_str(),
            false => rule.level(found.rank_max).map_or("none", |level| level.id.as_str()),
        };
        let expected_max = test.expect_max.as_ref().unwrap_or(&test.expect);
        if found.level != test.expect || found_max != expected_max {
            failures.push(RuleTestFailure {
                rule: rule.id.clone(),
                test: test.name.clone(),
                expected: range(&test.expect, expected_max),
                found: range(&found.level, found_max),
            });
        }
    }
    failures
}

/// Order of places in tables: by the words, not by the declaration of [`GeoType`].
pub(crate) fn place_key(place: &Place) -> (&'static str, &str) {
    (place.geo_type.as_str(), place.code.as_str())
}

/// A value read for a criterion, or the reason why there is none.
#[derive(Clone)]
struct Reading {
    value: Option<f64>,
    missing_reason: Option<String>,
    /// There is no value, because nothing was due.
    nothing_due: bool,
}

type Series<'a> = Option<&'a BTreeMap<Date, Observation>>;

/// A rule set up for one place: each series is looked up once, not once a day.
struct Bench<'a> {
    rule: &'a Rule,
    place: &'a Place,
    series: Vec<Series<'a>>,
    /// `score` rules, regions only: the departments with their weight; none when a population is not known.
    members: Option<Vec<(f64, Vec<Series<'a>>)>>,
}

impl<'a> Bench<'a> {
    fn new(
        rule: &'a Rule,
        observations: &'a Observations,
        populations: &Populations,
        place: &'a Place,
    ) -> Self {
        let members = departments_of(place)
            .into_iter()
            .map(|department| {
                let population = populations.get(&department).copied().filter(|count| *count > 0.0)?;
                Some((population, series_of(rule, observations, &department)))
            })
            .collect::<Option<Vec<_>>>()
            .filter(|members| !members.is_empty());
        Self { rule, place, series: series_of(rule, observations, place), members }
    }

    fn by_departments(&self) -> bool {
        self.rule.combine == Combine::Score && self.place.geo_type == GeoType::Region
    }

    /// First and last day on which a criterion has a row, be it a gap.
    fn days(&self) -> Option<(Date, Date)> {
        let members = self.members.iter().flatten().flat_map(|(_, series)| series);
        let all: Vec<&Series<'_>> = match self.by_departments() {
            true => members.collect(),
            false => self.series.iter().collect(),
        };
        let known = || all.iter().filter_map(|series| series.as_ref());
        let first = known().filter_map(|series| series.keys().next()).min()?;
        let last = known().filter_map(|series| series.keys().next_back()).max()?;
        Some((*first, *last))
    }

    /// Rank of the highest level that was set on a day before, since the rule came into force, and stays.
    fn set_before(&self, on: Date) -> u8 {
        let (Some(start), Some((known_from, _))) = (self.rule.valid_from, self.days()) else { return 0 };
        if !self.rule.levels.iter().any(|level| level.stays) {
            return 0;
        }
        let (mut day, mut standing) = (start.max(known_from), 0);
        while day < on {
            standing = standing.max(set_by(self.rule, &self.judge(day)));
            let Ok(next) = day.tomorrow() else { break };
            day = next;
        }
        standing
    }

    /// The judgement of a day on which a level set before still stands.
    fn judge_under(&self, standing: u8, on: Date) -> Judgement {
        let mut judgement = self.judge(on);
        if standing > judgement.rank {
            judgement.rank = standing;
            judgement.rank_max = judgement.rank_max.max(standing);
            judgement.level = level_name(self.rule, standing, false);
        }
        judgement
    }

    fn judge(&self, on: Date) -> Judgement {
        let found = match (self.by_departments(), &self.members) {
            (false, _) => verdict(self.rule, readings(&self.series, on), on),
            (true, Some(members)) => regional_score(self.rule, members, on),
            (true, None) => {
                let reason = "population d’un département de la région inconnue";
                let criteria =
                    self.rule.criteria.iter().map(|c| unknown(&c.id, Some(reason.into()))).collect();
                score_verdict(self.rule, criteria, None)
            }
        };
        Judgement {
            rule: self.rule.id.clone(),
            place: self.place.clone(),
            date: on,
            rank: found.rank,
            rank_max: found.rank_max,
            level: found.level,
            criteria: found.criteria,
        }
    }
}

fn departments_of(place: &Place) -> Vec<Place> {
    if place.geo_type != GeoType::Region {
        return Vec::new();
    }
    known_departments()
        .iter()
        .filter(|(_, (_, region))| *region == Some(place.code.as_str()))
        .map(|(code, _)| Place::department(code))
        .collect()
}

fn series_of<'a>(rule: &Rule, observations: &'a Observations, place: &Place) -> Vec<Series<'a>> {
    let region = region_of(place);
    rule.criteria
        .iter()
        .map(|criterion| {
            let place = if criterion.of_region { region.as_ref()? } else { place };
            observations.series(&criterion.indicator, &criterion.category, place, TimeType::Day)
        })
        .collect()
}

/// Places that a rule can say something of: of its kinds, and with a series of one of its own criteria.
fn places_judged(rule: &Rule, observations: &Observations) -> BTreeSet<Place> {
    let own: BTreeSet<(&str, &str)> = rule
        .criteria
        .iter()
        .filter(|criterion| !criterion.of_region)
        .map(|criterion| (criterion.indicator.as_str(), criterion.category.as_str()))
        .collect();
    let mut places = BTreeSet::new();
    for (key, _) in observations.iter() {
        if key.time_type != TimeType::Day || !own.contains(&(key.indicator.as_str(), key.category.as_str())) {
            continue;
        }
        if rule.combine == Combine::Score && key.place.geo_type == GeoType::Department {
            places.extend(region_of(&key.place));
        }
        places.insert(key.place.clone());
    }
    places.retain(|place| {
        rule.geo_types.contains(&place.geo_type) && (rule.places.is_empty() || rule.places.contains(place))
    });
    places
}

fn readings(series: &[Series<'_>], on: Date) -> Vec<Reading> {
    let read = |series: &Series<'_>| {
        let Some(found) = series.and_then(|s| s.get(&on)) else {
            let missing_reason = Some("aucune valeur calculée pour ce jour".to_owned());
            return Reading { value: None, missing_reason, nothing_due: false };
        };
        let value = found.value.filter(|value| value.is_finite());
        let missing_reason = if value.is_none() { found.missing_reason.clone() } else { None };
        Reading { value, missing_reason, nothing_due: found.nothing_due() }
    };
    series.iter().map(read).collect()
}

/// Combines the readings of one place: any, all, or the sum of a score.
fn verdict(rule: &Rule, readings: Vec<Reading>, on: Date) -> Verdict {
    let criteria: Vec<CriterionResult> = rule
        .criteria
        .iter()
        .zip(readings)
        .map(|(criterion, reading)| {
            let Some(value) = reading.value else {
                let rank = reading.nothing_due.then_some(0);
                return CriterionResult { rank, ..unknown(&criterion.id, reading.missing_reason) };
            };
            let value = criterion.round_before.map_or(value, |decimals| round_half_away(value, decimals));
            let rank = rank_alone(rule, criterion, value, on, Side::Raise);
            let threshold = threshold_shown(rule, criterion, rank, on);
            CriterionResult {
                id: criterion.id.clone(),
                value: Some(value),
                threshold,
                rank: Some(rank),
                missing_reason: None,
            }
        })
        .collect();
    if rule.combine == Combine::Score {
        let score = score_of(rule, &criteria, on);
        return score_verdict(rule, criteria, score);
    }
    let (rank, rank_max) = combine(rule, &criteria, on, Side::Raise);
    let nothing_known = criteria.iter().all(|criterion| criterion.value.is_none())
        && !criteria.iter().all(CriterionResult::nothing_due);
    let level = level_name(rule, rank, nothing_known);
    Verdict { rank, rank_max, level, criteria }
}

/// Rank for certain and rank possible under a rule of any or all, from the values of the criteria (`rank` of each is
/// looked at anew, so that the same judgement can be read against the clear thresholds).
pub(crate) fn combine(rule: &Rule, criteria: &[CriterionResult], on: Date, side: Side) -> (u8, u8) {
    let mut rank = 0;
    let mut rank_max = 0;
    for level in (1..).zip(&rule.levels).map(|(rank, _)| rank) {
        // Of the criteria that name the level: those that fulfil it, those that do not, those nobody knows.
        let (mut fulfilled, mut refuted, mut unknown) = (0_usize, 0_usize, 0_usize);
        for criterion in &rule.criteria {
            let found = criteria.iter().find(|found| found.id == criterion.id);
            if found.is_some_and(CriterionResult::nothing_due) {
                continue;
            }
            let value = found.and_then(|found| found.value);
            match crate::thresholds::fulfils(rule, criterion, value, level, on, side) {
                None => {}
                Some(Some(true)) => fulfilled += 1,
                Some(Some(false)) => refuted += 1,
                Some(None) => unknown += 1,
            }
        }
        let (certain, possible) = match rule.combine {
            Combine::Any | Combine::Score => (fulfilled > 0, fulfilled + unknown > 0),
            Combine::All => {
                (fulfilled > 0 && refuted + unknown == 0, fulfilled + unknown > 0 && refuted == 0)
            }
        };
        // A level that needs the one below it rests on it, for certain or possibly.
        let (below, below_max) = match rule.level(level) {
            Some(found) if found.needs_below => (rank + 1 >= level, rank_max + 1 >= level),
            _ => (true, true),
        };
        if certain && below {
            rank = level;
        }
        if possible && below_max {
            rank_max = level;
        }
    }
    (rank, rank_max.max(rank))
}

/// The least and the most that the score of a department can be: an unknown criterion counts 0 in one, 2 in the other.
/// None when no criterion is known.
fn score_of(rule: &Rule, criteria: &[CriterionResult], on: Date) -> Option<(f64, f64)> {
    let known: Vec<f64> = rule
        .criteria
        .iter()
        .zip(criteria)
        .filter_map(|(criterion, found)| Some(points(rule, criterion, found.value?, on)))
        .collect();
    let least: f64 = known.iter().sum();
    let n_unknown = criteria.len() - known.len();
    (!known.is_empty()).then_some((least, least + 2.0 * n_unknown as f64))
}

/// The population-weighted mean of the departments' scores. An unknown criterion of a department counts 0 in the
/// score that is certain, 2 in the one that is possible.
fn regional_score(rule: &Rule, members: &[(f64, Vec<Series<'_>>)], on: Date) -> Verdict {
    let read: Vec<(f64, Vec<Reading>)> =
        members.iter().map(|(weight, series)| (*weight, readings(series, on))).collect();
    let residents: f64 = read.iter().map(|(weight, _)| weight).sum();
    let (mut least, mut most, mut any_known) = (0.0, 0.0, false);
    let mut criteria = Vec::new();
    for (position, criterion) in rule.criteria.iter().enumerate() {
        let (mut mean, mut weight_unknown, mut n_unknown) = (0.0, 0.0, 0);
        for (weight, readings) in &read {
            let reading = readings.get(position);
            match reading.and_then(|reading| reading.value) {
                Some(value) => {
                    let value = criterion.round_before.map_or(value, |d| round_half_away(value, d));
                    mean += weight * points(rule, criterion, value, on) / residents;
                    any_known = true;
                }
                None if reading.is_some_and(|reading| reading.nothing_due) => {}
                None => {
                    weight_unknown += weight;
                    n_unknown += 1;
                }
            }
        }
        least += mean;
        most += mean + 2.0 * weight_unknown / residents;
        criteria.push(if n_unknown == 0 {
            let rank = u8::from(mean >= 1.0 - 1e-12) + u8::from(mean >= 2.0 - 1e-12);
            let threshold = Some(f64::from(rank.max(1)));
            CriterionResult {
                id: criterion.id.clone(),
                value: Some(mean),
                threshold,
                rank: Some(rank),
                missing_reason: None,
            }
        } else {
            let n_all = members.len();
            let departments = if n_unknown == 1 { "département" } else { "départements" };
            unknown(
                &criterion.id,
                Some(format!("valeur inconnue dans {n_unknown} {departments} sur {n_all}")),
            )
        });
    }
    score_verdict(rule, criteria, any_known.then_some((least, most)))
}

/// The verdict by a score, from the least it can be to the most, on the one scale of departments and regions; no score:
/// nothing is known.
fn score_verdict(rule: &Rule, mut criteria: Vec<CriterionResult>, score: Option<(f64, f64)>) -> Verdict {
    let highest = u8::try_from(rule.levels.len()).unwrap_or(u8::MAX);
    let (rank, rank_max) = score.map_or((0, highest), |(least, most)| {
        (score_rank(rule, least, Side::Raise), score_rank(rule, most, Side::Raise))
    });
    criteria.push(CriterionResult {
        id: SCORE.into(),
        value: score.map(|(least, _)| least),
        threshold: rule.level(rank.max(1)).and_then(|level| level.score_min),
        rank: score.map(|_| rank),
        missing_reason: None,
    });
    Verdict { rank, rank_max, level: level_name(rule, rank, score.is_none()), criteria }
}

/// Rank of a score.
pub(crate) fn score_rank(rule: &Rule, score: f64, side: Side) -> u8 {
    let ratio = if side == Side::Clear { rule.score_clear_ratio } else { 1.0 };
    (1..)
        .zip(&rule.levels)
        .filter(|(_, level)| level.score_min.is_some_and(|least| score - least * ratio >= -1e-9))
        .map(|(rank, _)| rank)
        .max()
        .unwrap_or(0)
}

fn level_name(rule: &Rule, rank: u8, nothing_known: bool) -> String {
    match rule.level(rank) {
        Some(level) => level.id.clone(),
        None if nothing_known => "unknown".into(),
        None => "none".into(),
    }
}

fn unknown(id: &str, missing_reason: Option<String>) -> CriterionResult {
    CriterionResult { id: id.to_owned(), value: None, threshold: None, rank: None, missing_reason }
}

#[cfg(test)]
#[path = "judge_tests.rs"]
mod tests;
