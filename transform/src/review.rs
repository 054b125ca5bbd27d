//! What a rule did over the past: how often it fired and where, whether it warned before the real act, and what nobody needed.
//!
//! Days are judged from the data as they are known now. A rule that never fires, or under which nearly every place stands in
//! alert for weeks, says nothing; one that warns after the act says it too late. Its owner may know and let it stand, with a
//! reason ([`vigie_queries::Owned`]).

use std::collections::{BTreeMap, BTreeSet};

use jiff::ToSpan;
use jiff::civil::Date;
use serde::Serialize;
use vigie_queries::{AlertEvent, AlertState, Judgement, Place, Rule};

use crate::judge::place_key;

/// Days before an act in which a warning counts for it, and days after a warning in which an act answers it.
pub const NOTICE_DAYS: i32 = 45;
/// Days after an act in which the rule is looked at for a warning that came late.
const LATE_DAYS: i32 = 14;
/// Share of the places in alert from which a day tells none of them apart.
const NEARLY_ALL: f64 = 0.8;
/// Days in a row of that kind from which a rule is said to fire always; days that must be decided before it is said never to.
const LONG: usize = 28;
/// Places under which « nearly all » means nothing.
const PLACES_MIN: usize = 5;

/// What the authorities did at a place.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Act {
    /// The place.
    pub place: Place,
    /// First day.
    pub starts: Date,
    /// Last day; none when it was not found.
    pub ends: Option<Date>,
    /// Rank of the level that stands for it.
    pub rank: u8,
    /// Whether all acts of that kind are known: where they are not, an alert without one is no false alarm.
    pub whole: bool,
}

/// An act and the warning before it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Warned {
    /// The place.
    pub place: Place,
    /// The level that stands for the act.
    pub level: String,
    /// First day of the act.
    pub act: Date,
    /// First day, no more than 45 before the act or 14 after it, on which the rule was at that level.
    pub warned: Option<Date>,
    /// Days from the warning to the act; below 0 when it came after.
    pub notice_days: Option<i32>,
    /// Whether, without a warning, data that are missing could have made one: nothing can be said of the rule.
    pub undecided: bool,
}

/// Days on which nearly all places were in alert.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct Stretch {
    /// First day.
    pub from: Date,
    /// Last day.
    pub to: Date,
    /// Days.
    pub days: usize,
}

/// What a review finds.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Finding {
    /// `never-fires`, `always-fires` or `warns-late`.
    pub code: &'static str,
    /// Why its owner lets it stand; none: nobody has said.
    pub owned: Option<String>,
}

/// A rule over some time.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Review {
    /// Its id.
    pub rule: String,
    /// Its title.
    pub title_fr: String,
    /// First and last day judged; none when nothing was.
    pub days: Option<(Date, Date)>,
    /// Places judged.
    pub places: usize,
    /// Days times places judged.
    pub place_days: usize,
    /// Of these, those whose level the data decide.
    pub decided: usize,
    /// Of these, those at or above the level that raises an alert, for certain.
    pub fired: usize,
    /// Days times places at each level, for certain.
    pub at_level: Vec<(String, usize)>,
    /// Alerts raised.
    pub alerts: usize,
    /// Places where one was raised.
    pub places_alerted: BTreeSet<Place>,
    /// The first.
    pub first_alert: Option<(Date, Place)>,
    /// The longest stretch of days on which at least 80 % of the places were in alert.
    pub nearly_all: Option<Stretch>,
    /// Acts at places that were judged, in order.
    pub acts: Vec<Warned>,
    /// Times that a place came to a level that stands for an act, for as many days as raise an alert, where no such act stood or
    /// followed within 45 days; none where the acts are not all known.
    pub false_alarms: Option<usize>,
    /// What a person should look at.
    pub findings: Vec<Finding>,
}

impl Review {
    /// Acts with a warning on their day or before.
    #[must_use]
    pub fn warned(&self) -> usize {
        self.acts.iter().filter(|act| act.notice_days.is_some_and(|days| days >= 0)).count()
    }

    /// Acts of which the data decide whether there was a warning.
    #[must_use]
    pub fn decided_acts(&self) -> usize {
        self.acts.iter().filter(|act| !act.undecided).count()
    }

    /// The middle one of the days of notice of the acts that were warned of, late ones included.
    #[must_use]
    pub fn median_notice(&self) -> Option<i32> {
        let mut days: Vec<i32> = self.acts.iter().filter_map(|act| act.notice_days).collect();
        days.sort_unstable();
        days.get(days.len().checked_sub(1)? / 2).copied()
    }
}

/// Reviews a rule from its judgements of a time, the transitions of its alerts, and what was really done.
#[must_use]
pub fn review(rule: &Rule, judgements: &[Judgement], events: &[AlertEvent], acts: &[Act]) -> Review {
    let mut by_place: BTreeMap<(&str, &str), BTreeMap<Date, &Judgement>> = BTreeMap::new();
    let mut by_day: BTreeMap<Date, (usize, usize)> = BTreeMap::new();
    let mut decided_days: BTreeSet<Date> = BTreeSet::new();
    let mut at_level: Vec<(String, usize)> = rule.levels.iter().map(|level| (level.id.clone(), 0)).collect();
    let (mut decided, mut fired) = (0, 0);
    for judgement in judgements {
        by_place.entry(place_key(&judgement.place)).or_default().insert(judgement.date, judgement);
        let over = judgement.rank >= rule.alert_rank;
        let (places, firing) = by_day.entry(judgement.date).or_default();
        *places += 1;
        *firing += usize::from(over);
        fired += usize::from(over);
        if judgement.rank == judgement.rank_max {
            decided += 1;
            decided_days.insert(judgement.date);
        }
        if let Some((_, count)) =
            usize::from(judgement.rank).checked_sub(1).and_then(|at| at_level.get_mut(at))
        {
            *count += 1;
        }
    }
    let raised: Vec<&AlertEvent> = events
        .iter()
        .filter(|event| event.rule == rule.id && event.to == AlertState::Active)
        .filter(|event| {
            matches!(event.from, AlertState::Pending | AlertState::Inactive | AlertState::Resolved)
        })
        .collect();
    let first = raised.iter().min_by_key(|event| (event.date, place_key(&event.place)));
    let nearly_all = longest(&by_day);
    let judged_acts: Vec<&Act> =
        acts.iter().filter(|act| by_place.contains_key(&place_key(&act.place))).collect();
    let mut found = Review {
        rule: rule.id.clone(),
        title_fr: rule.title_fr.clone(),
        days: by_day.keys().next().copied().zip(by_day.keys().next_back().copied()),
        places: by_place.len(),
        place_days: judgements.len(),
        decided,
        fired,
        at_level,
        alerts: raised.len(),
        places_alerted: raised.iter().map(|event| event.place.clone()).collect(),
        first_alert: first.map(|event| (event.date, event.place.clone())),
        nearly_all,
        acts: warnings(rule, &by_place, &judged_acts),
        false_alarms: false_alarms(rule, &by_place, acts),
        findings: Vec::new(),
    };
    let never = found.alerts == 0 && rule.alerts && decided_days.len() >= LONG;
    let always = nearly_all.is_some_and(|stretch| stretch.days >= LONG);
    let late = found.warned() * 2 < found.decided_acts();
    for (holds, code, owned) in [
        (never, "never-fires", &rule.owned.never_fires),
        (always, "always-fires", &rule.owned.always_fires),
        (late, "warns-late", &rule.owned.warns_late),
    ] {
        if holds {
            found.findings.push(Finding { code, owned: owned.clone() });
        }
    }
    found
}

/// The longest run of days, one after the other, on which nearly all places were in alert.
fn longest(by_day: &BTreeMap<Date, (usize, usize)>) -> Option<Stretch> {
    let mut best: Option<Stretch> = None;
    let mut run: Option<Stretch> = None;
    for (day, (places, firing)) in by_day {
        let nearly = *places >= PLACES_MIN && *firing as f64 >= NEARLY_ALL * *places as f64;
        run = match run.filter(|run| nearly && run.to.tomorrow().ok() == Some(*day)) {
            Some(run) => Some(Stretch { to: *day, days: run.days + 1, ..run }),
            None => nearly.then_some(Stretch { from: *day, to: *day, days: 1 }),
        };
        if run.is_some_and(|run| best.is_none_or(|best| run.days > best.days)) {
            best = run;
        }
    }
    best
}

/// Of each act, the first day on which the rule was at its level.
fn warnings(
    rule: &Rule,
    by_place: &BTreeMap<(&str, &str), BTreeMap<Date, &Judgement>>,
    acts: &[&Act],
) -> Vec<Warned> {
    let mut found: Vec<Warned> = acts
        .iter()
        .filter_map(|act| {
            let days = by_place.get(&place_key(&act.place))?;
            let from = act.starts.saturating_sub(NOTICE_DAYS.days());
            let to = act.starts.saturating_add(LATE_DAYS.days());
            // An act outside the days judged says nothing of the rule.
            let (first, last) = (days.keys().next()?, days.keys().next_back()?);
            if act.starts > last.saturating_add(LATE_DAYS.days()) || act.starts < *first {
                return None;
            }
            let warned =
                days.range(from..=to).find(|(_, judged)| judged.rank >= act.rank).map(|(day, _)| *day);
            let possible = days.range(from..=to).any(|(_, judged)| judged.rank_max >= act.rank);
            Some(Warned {
                place: act.place.clone(),
                level: rule.level(act.rank).map_or_else(String::new, |level| level.id.clone()),
                act: act.starts,
                warned,
                notice_days: warned.map(|day| (act.starts - day).get_days()),
                undecided: warned.is_none() && possible,
            })
        })
        .collect();
    found.sort_by(|one, other| (one.act, place_key(&one.place)).cmp(&(other.act, place_key(&other.place))));
    found
}

/// Times that a place came to a level that stands for an act, where no such act stood or came.
fn false_alarms(
    rule: &Rule,
    by_place: &BTreeMap<(&str, &str), BTreeMap<Date, &Judgement>>,
    acts: &[Act],
) -> Option<usize> {
    let least = acts.iter().map(|act| act.rank).min()?;
    if acts.iter().any(|act| !act.whole) {
        return None;
    }
    let answered = |place: (&str, &str), day: Date| {
        let until = day.saturating_add(NOTICE_DAYS.days());
        acts.iter().filter(|act| place_key(&act.place) == place).any(|act| {
            let stood = act.starts <= day && act.ends.is_none_or(|last| day <= last);
            stood || (day..=until).contains(&act.starts)
        })
    };
    let mut alone = 0;
    for (place, days) in by_place {
        let mut run: Option<(Date, u16)> = None;
        for (day, judged) in days {
            run = match (judged.rank >= least, run) {
                (true, Some((first, length))) => Some((first, length.saturating_add(1))),
                (true, None) => Some((*day, 1)),
                (false, _) => None,
            };
            // Told once, on the day on which it has lasted long enough.
            if let Some((first, length)) = run
                && length == rule.raise_days.max(1)
                && !answered(*place, first)
            {
                alone += 1;
            }
        }
    }
    Some(alone)
}

#[cfg(test)]
#[path = "review_tests.rs"]
mod tests;
