//! Alerts: judgements given a memory.
//!
//! `inactive → pending → active → clearing → resolved` (or `silent`), one alert per rule and place, run through the judged days in
//! order. A day is *over* when the rule's `alert_rank` is reached for certain; *clear* when it is not reached even
//! against the clear thresholds; *between* when it lies between the two; *unknown* when a criterion that put the
//! alert over has no value. Then:
//!
//! - over: `raise_days` of them in a row make a pending alert active;
//! - clear: `clear_days` of them in a row resolve an active one; one ends a pending one;
//! - between: an alert that was clearing is active again, a pending one ends;
//! - unknown (or not judged at all): nothing moves and no count is reset. Missing data neither raise nor clear;
//! - unknown for more than [`SILENCE_DAYS`] days: the alert is *silent*, and ends with that reason. It is heard of only by
//!   fresh values of what raised it, and nobody knows whether it still holds. Fresh data start it anew.
//!
//! A criterion that has nothing to do with the alert may be unknown for months without keeping it up.

use std::collections::{BTreeMap, BTreeSet};

use jiff::ToSpan;
use jiff::civil::Date;
use vigie_queries::{
    Alert, AlertEvent, AlertState, Combine, Criterion, CriterionResult, GeoType, Judgement, Place, Rule,
    SCORE, Vocabulary,
};

use crate::judge::{SILENCE_DAYS, combine, place_key, region_of, score_rank};
use crate::thresholds::{Side, fulfils, threshold};

/// Days for which a resolved alert is still listed: a weekly reader sees each of them once.
pub const RESOLVED_LISTED_DAYS: i64 = 7;

/// Follows every rule that raises alerts through its judgements up to `until`.
///
/// Gives the alerts as they stand on `until` (pending, active, clearing, and resolved within the last
/// [`RESOLVED_LISTED_DAYS`]) and all their transitions, both sorted by rule, kind of place, place and day. Beside
/// the changes of state, `active → active` is a rise to a level that the episode had not reached yet.
#[must_use]
pub fn alerts(
    vocabulary: &Vocabulary,
    judgements: &[Judgement],
    until: Date,
) -> (Vec<Alert>, Vec<AlertEvent>) {
    let mut by_alert: BTreeMap<(&str, (&str, &str)), Vec<&Judgement>> = BTreeMap::new();
    for judgement in judgements.iter().filter(|judgement| judgement.date <= until) {
        by_alert.entry((judgement.rule.as_str(), place_key(&judgement.place))).or_default().push(judgement);
    }
    let (mut alerts, mut events) = (Vec::new(), Vec::new());
    let mut possible: BTreeMap<(String, Place), u8> = BTreeMap::new();
    for ((id, _), mut days) in by_alert {
        let Some(rule) = vocabulary.rule(id).filter(|rule| rule.alerts) else { continue };
        days.sort_by_key(|judgement| judgement.date);
        let (alert, transitions) = follow(rule, &days, until);
        if let (Some(alert), Some(last)) = (&alert, days.last()) {
            possible.insert((alert.rule.clone(), alert.place.clone()), last.rank_max);
        }
        alerts.extend(alert);
        events.extend(transitions);
    }
    inhibit(&mut alerts, &possible);
    (alerts, events)
}

/// Judgements of this run, and those recorded earlier of days that it did not judge.
///
/// Some things are only known on their day, such as the age of a feed: the judgements of the days before come from
/// the table, or every run would start the alert anew.
#[must_use]
pub fn with_recorded(judgements: Vec<Judgement>, recorded: Vec<Judgement>) -> Vec<Judgement> {
    let key = |judgement: &Judgement| (judgement.rule.clone(), judgement.place.clone(), judgement.date);
    let mut all: BTreeMap<_, Judgement> = BTreeMap::new();
    for judgement in recorded.into_iter().chain(judgements) {
        all.insert(key(&judgement), judgement);
    }
    all.into_values().collect()
}

/// What to add to the log so that it says what the data say now.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Reconciled {
    /// Transitions that were not known.
    pub added: Vec<AlertEvent>,
    /// Transitions that were recorded and no longer hold: marked, never erased.
    pub revoked: Vec<AlertEvent>,
}

/// Compares the transitions derived from the data as they are now with those that stand in the log.
///
/// Only days from `from` to `until` are compared: a run that looked at fewer days says nothing of the others. A
/// transition is the same when rule, place, day, states and level are; its value may have been revised by a little.
#[must_use]
pub fn reconcile(recorded: &[AlertEvent], derived: &[AlertEvent], from: Date, until: Date) -> Reconciled {
    let in_window = |event: &&AlertEvent| from <= event.date && event.date <= until;
    let recorded: Vec<&AlertEvent> = recorded.iter().filter(in_window).collect();
    let derived: Vec<&AlertEvent> = derived.iter().filter(in_window).collect();
    Reconciled { added: only_in(&derived, &recorded), revoked: only_in(&recorded, &derived) }
}

/// Events of the first list that the second does not hold, each once.
fn only_in(events: &[&AlertEvent], others: &[&AlertEvent]) -> Vec<AlertEvent> {
    let mut known: BTreeSet<_> = others.iter().map(|event| identity(event)).collect();
    events.iter().filter(|event| known.insert(identity(event))).map(|event| (*event).clone()).collect()
}

/// What makes two recorded transitions the same one.
pub(crate) fn identity(event: &AlertEvent) -> (&str, (&str, &str), Date, AlertState, AlertState, &str) {
    (&event.rule, place_key(&event.place), event.date, event.from, event.to, &event.level)
}

/// A department's alert is covered by that of its region when the region's stands at the same level or above, also above the
/// level that unknown criteria make possible in the department (`possible`).
fn inhibit(alerts: &mut [Alert], possible: &BTreeMap<(String, Place), u8>) {
    let regional: BTreeMap<(String, Place), u8> = alerts
        .iter()
        .filter(|alert| alert.place.geo_type == GeoType::Region && alert.state.stands())
        .map(|alert| ((alert.rule.clone(), alert.place.clone()), alert.rank))
        .collect();
    for alert in alerts.iter_mut().filter(|alert| alert.place.geo_type == GeoType::Department) {
        let region = region_of(&alert.place).map(|region| (alert.rule.clone(), region));
        let own =
            possible.get(&(alert.rule.clone(), alert.place.clone())).copied().unwrap_or(0).max(alert.rank);
        alert.inhibited = region.and_then(|key| regional.get(&key)).is_some_and(|rank| *rank >= own);
    }
}

/// The state of one alert and what it was led by.
struct Machine<'a> {
    rule: &'a Rule,
    state: AlertState,
    /// The last day whose values said something of the alert.
    heard: Option<Date>,
    /// Days in a row that count towards the next state.
    count: u16,
    since: Option<Date>,
    /// The last day over the raise threshold.
    last_over: Option<&'a Judgement>,
    /// Highest rank said in this episode.
    peak: u8,
    resolved_on: Option<Date>,
    events: Vec<AlertEvent>,
}

/// What a judged day means for an alert.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Day {
    Over,
    Between,
    Clear,
    Unknown,
}

fn follow(rule: &Rule, days: &[&Judgement], until: Date) -> (Option<Alert>, Vec<AlertEvent>) {
    let mut machine = Machine {
        rule,
        state: AlertState::Inactive,
        heard: None,
        count: 0,
        since: None,
        last_over: None,
        peak: 0,
        resolved_on: None,
        events: Vec::new(),
    };
    for judgement in days.iter().copied().filter(|judgement| rule.in_force(judgement.date)) {
        machine.silence(judgement.date);
        machine.day(judgement);
    }
    let last = rule.valid_to.map_or(until, |last| last.min(until));
    machine.silence(last.tomorrow().unwrap_or(last));
    machine.end_of_rule(until);
    let alert = machine.alert(days, until);
    (alert, machine.events)
}

impl<'a> Machine<'a> {
    fn day(&mut self, judgement: &'a Judgement) {
        use AlertState::{Active, Clearing, Inactive, Pending, Resolved, Silent};
        let day = self.read(judgement);
        if day != Day::Unknown {
            self.heard = Some(judgement.date);
        }
        match (self.state, day) {
            (_, Day::Unknown)
            | (Inactive | Resolved | Silent, Day::Between | Day::Clear)
            | (Active, Day::Between) => {}
            (Inactive | Resolved | Silent, Day::Over) => {
                self.since = Some(judgement.date);
                self.last_over = Some(judgement);
                self.peak = 0;
                self.go(Pending, judgement);
                self.count = 1;
                self.raise_when_held(judgement);
            }
            (Pending, Day::Over) => {
                self.last_over = Some(judgement);
                self.count = self.count.saturating_add(1);
                self.raise_when_held(judgement);
            }
            (Pending, Day::Between | Day::Clear) => self.go(Inactive, judgement),
            (Active, Day::Over) => {
                self.last_over = Some(judgement);
                if judgement.rank > self.peak {
                    self.go(Active, judgement);
                }
            }
            (Clearing, Day::Over) => {
                self.last_over = Some(judgement);
                self.go(Active, judgement);
            }
            (Clearing, Day::Between) => self.go(Active, judgement),
            (Active, Day::Clear) => {
                self.go(Clearing, judgement);
                self.count = 1;
                self.resolve_when_held(judgement);
            }
            (Clearing, Day::Clear) => {
                self.count = self.count.saturating_add(1);
                self.resolve_when_held(judgement);
            }
        }
    }

    fn raise_when_held(&mut self, judgement: &Judgement) {
        if self.count >= self.rule.raise_days.max(1) {
            self.go(AlertState::Active, judgement);
        }
    }

    fn resolve_when_held(&mut self, judgement: &Judgement) {
        if self.count >= self.rule.clear_days.max(1) {
            self.resolved_on = Some(judgement.date);
            self.go(AlertState::Resolved, judgement);
        }
    }

    fn read(&self, judgement: &Judgement) -> Day {
        if judgement.rank >= self.rule.alert_rank {
            return Day::Over;
        }
        let known = |id: &str| {
            judgement.criteria.iter().any(|criterion| criterion.id == id && criterion.value.is_some())
        };
        if self.last_over.is_some_and(|over| !raisers(self.rule, over).all(known)) {
            return Day::Unknown;
        }
        if rank_to_clear(self.rule, judgement) < self.rule.alert_rank { Day::Clear } else { Day::Between }
    }

    /// Enters a state, by what the judgement of that day says.
    fn go(&mut self, to: AlertState, judgement: &Judgement) {
        let over = judgement.rank >= self.rule.alert_rank;
        let upwards = matches!(to, AlertState::Pending | AlertState::Active);
        let (by, side) = match (over, self.last_over) {
            (false, Some(last)) if self.state == AlertState::Pending => (last, Side::Raise),
            (false, Some(last)) => (last, Side::Clear),
            _ => (judgement, Side::Raise),
        };
        let (indicator, value, threshold) = deciding(self.rule, by, judgement, side, upwards);
        self.events.push(AlertEvent {
            rule: self.rule.id.clone(),
            place: judgement.place.clone(),
            date: judgement.date,
            from: self.state,
            to,
            level: judgement.level.clone(),
            value,
            threshold,
            indicator,
            rule_fingerprint: self.rule.fingerprint.clone(),
            note: None,
        });
        if to == AlertState::Active {
            self.peak = self.peak.max(judgement.rank);
        }
        if matches!(to, AlertState::Inactive | AlertState::Resolved) {
            self.last_over = self.last_over.filter(|_| to == AlertState::Resolved);
        }
        self.state = to;
        self.count = 0;
    }

    /// Gives up an alert that was last heard of too long before a day.
    fn silence(&mut self, day: Date) {
        let Some(heard) = self.heard.filter(|_| !self.is_over()) else { return };
        let ends = heard.saturating_add((SILENCE_DAYS + 1).days());
        if ends >= day {
            return;
        }
        let note =
            format!("Sans donnée fraîche depuis le {} : l’alerte n’est ni tenue, ni levée.", french(heard));
        self.end(ends, AlertState::Silent, "unknown", note);
    }

    fn is_over(&self) -> bool {
        matches!(self.state, AlertState::Inactive | AlertState::Resolved | AlertState::Silent)
    }

    /// A rule that is no longer in force ends its alerts the day after its last.
    fn end_of_rule(&mut self, until: Date) {
        let ended = self.rule.valid_to.filter(|last| *last < until).and_then(|last| last.tomorrow().ok());
        let Some(date) = ended.filter(|_| !self.is_over()) else { return };
        let to = if self.state == AlertState::Pending { AlertState::Inactive } else { AlertState::Resolved };
        self.end(date, to, "none", format!("La règle n’est plus en vigueur depuis le {}.", french(date)));
    }

    /// Ends an alert for another reason than its values.
    fn end(&mut self, date: Date, to: AlertState, level: &str, note: String) {
        let Some(last) = self.events.last() else { return };
        self.events.push(AlertEvent {
            date,
            from: self.state,
            to,
            level: level.to_owned(),
            value: None,
            threshold: None,
            note: Some(note),
            ..last.clone()
        });
        self.resolved_on = Some(date);
        self.state = to;
        self.count = 0;
    }

    fn alert(&self, days: &[&Judgement], until: Date) -> Option<Alert> {
        let (last, over, since) = (days.last()?, self.last_over?, self.since?);
        let listed = match self.state {
            AlertState::Inactive => false,
            AlertState::Resolved | AlertState::Silent => {
                let oldest = until.checked_sub(RESOLVED_LISTED_DAYS.days()).unwrap_or(until);
                self.resolved_on.is_some_and(|day| day > oldest)
            }
            _ => true,
        };
        let level = self.rule.level(over.rank)?;
        listed.then(|| Alert {
            rule: self.rule.id.clone(),
            place: last.place.clone(),
            state: self.state,
            level: level.id.clone(),
            rank: over.rank,
            since,
            criteria: last.criteria.clone(),
            inhibited: false,
            action_fr: level.action_fr.clone(),
        })
    }
}

fn french(day: Date) -> String {
    day.strftime("%d/%m/%Y").to_string()
}

/// Rank of a judgement's values against the clear thresholds.
fn rank_to_clear(rule: &Rule, judgement: &Judgement) -> u8 {
    match sum_of(rule, judgement) {
        Some(sum) => sum.value.map_or(0, |score| score_rank(rule, score, Side::Clear)),
        None => combine(rule, &judgement.criteria, judgement.date, Side::Clear).0,
    }
}

/// The sum that decides in a `score` rule.
fn sum_of<'a>(rule: &Rule, judgement: &'a Judgement) -> Option<&'a CriterionResult> {
    judgement.criteria.iter().find(|criterion| rule.combine == Combine::Score && criterion.id == SCORE)
}

/// Criteria that put an alert over: it clears only on a day on which they are known. All known ones for a score, since each
/// of them is part of it.
fn raisers<'a>(rule: &Rule, over: &'a Judgement) -> impl Iterator<Item = &'a str> {
    let by_sum = sum_of(rule, over).is_some();
    let least = rule.alert_rank;
    over.criteria
        .iter()
        .filter(move |criterion| match by_sum {
            true => criterion.value.is_some(),
            false => criterion.rank.is_some_and(|rank| rank >= least),
        })
        .map(|criterion| criterion.id.as_str())
}

/// Indicator, value on `day` and threshold of the criterion that decided: of those that put `by` over, the first in
/// the order of the rule that passes its threshold on that day (`upwards`), or no longer does. The sum, under a `score`
/// rule.
fn deciding(
    rule: &Rule,
    by: &Judgement,
    day: &Judgement,
    side: Side,
    upwards: bool,
) -> (String, Option<f64>, Option<f64>) {
    let value_of = |judgement: &Judgement, id: &str| {
        judgement.criteria.iter().find(|found| found.id == id).and_then(|found| found.value)
    };
    // Under the clear thresholds the mildest level counts: below it the alert is over.
    let mildest = if side == Side::Raise { by.rank } else { rule.alert_rank.min(by.rank) };
    if sum_of(rule, by).is_some() {
        let ratio = if side == Side::Clear { rule.score_clear_ratio } else { 1.0 };
        let least = rule.level(mildest).and_then(|level| level.score_min).map(|least| least * ratio);
        return (SCORE.to_owned(), value_of(day, SCORE), least);
    }
    for rank in mildest..=by.rank {
        let answer = |criterion: &Criterion, judgement: &Judgement, side| {
            fulfils(rule, criterion, value_of(judgement, &criterion.id), rank, judgement.date, side)
        };
        let over = |criterion: &&Criterion| answer(criterion, by, Side::Raise) == Some(Some(true));
        let named =
            rule.criteria.iter().filter(|criterion| answer(criterion, by, Side::Raise).is_some()).count();
        let fulfilled: Vec<&Criterion> = rule.criteria.iter().filter(over).collect();
        if rule.combine == Combine::All && fulfilled.len() < named {
            continue;
        }
        let turned = |criterion: &&&Criterion| answer(criterion, day, side) == Some(Some(upwards));
        if let Some(criterion) = fulfilled.iter().find(turned).or(fulfilled.first()) {
            let threshold = threshold(rule, criterion, rank, day.date, side);
            return (criterion.indicator.clone(), value_of(day, &criterion.id), threshold);
        }
    }
    (String::new(), None, None)
}

#[cfg(test)]
#[path = "alerts_tests.rs"]
mod tests;
