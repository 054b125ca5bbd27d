//! The sentences of the bulletin: a controlled vocabulary, each clause bound to a computed fact and saying nothing more.
//!
//! Numbers arrive printed, through the register; words are chosen here. A clause is said only where its predicate holds,
//! and each predicate has a bar of materiality (size, noise of small numbers: [`crate::trend`]). No claim is made across
//! a definition break, a provisional figure says so, and places arrive in order of size.
//!
//! Most patterns give two texts: the lead, which stands out, and the rest.

mod beds;
mod change;
mod legal;
mod levels;
mod outlook;
mod places;
mod steps;
mod supply;
#[cfg(test)]
mod tests;

pub(crate) use beds::{
    Beds, Count, Which, beds, estimated, levels_by_rule, no_margin, readings, step_beside,
};
pub(crate) use change::{
    More, Pace, PrintedChange, Record, Size, Subject, holiday, how_to_read_changes, last_known, missing,
    moved, without,
};
pub(crate) use legal::{Gap, gap, standing, status};
pub(crate) use levels::{
    AtLevel, Move, OneSubject, alerts, another_rule, began_and_ended, bounds, changed_levels, kinds,
    no_alert, pending, rule_begins, rule_ended, silent, since_day, state, state_of_one, state_unknown,
};
pub(crate) use outlook::{
    Ahead, Capacity, Past, Reach, ahead, alone_a_criterion, holidays_ahead, how_to_read_a_fan,
    near_thresholds, no_forecast, none_is_near, past, school_holidays_ahead, what_a_forecast_is,
};
pub(crate) use places::{Spread, Way, concentrated, opposite, spread};
pub(crate) use steps::{asks_the_same, demands, left_to_ask, more_steps, not_judged, nothing_to_do, step};
pub(crate) use supply::{absent, feeds_late, low_cover};

/// A reason without its final stop, to stand in brackets.
pub(crate) fn trim(reason: &str) -> &str {
    reason.trim().trim_end_matches('.')
}

/// A counted noun in words of the page: `1 département`, `3 départements`.
fn counted(n: usize, one: &str, many: &str) -> String {
    format!("{n} {}", if n >= 2 { many } else { one })
}

/// The first names of a list, the others counted: « Gard, Hérault et 3 autres ».
fn named(names: &[String], max: usize) -> String {
    match names.len() {
        // One more than the most is named too: « et 1 autre » is no shorter.
        n if n > max + 1 => format!("{} et {} autres", names[..max].join(", "), n - max),
        _ => crate::french::list(names),
    }
}
