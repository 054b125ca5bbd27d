//! Comparing a value with a dated threshold: tolerance, rounding, clear thresholds, points.
//!
//! Values are computed in binary floating point, thresholds are written in decimal: `284.4 / 474` must count as 0.6,
//! and 0.1 + 0.2 as 0.3. Two numbers closer than a relative 1e-12 are therefore taken as equal, and a value
//! that close to a half is rounded as the half its decimal text shows.

use jiff::civil::Date;
use vigie_queries::{Comparison, Criterion, Rule};

/// Relative difference under which two numbers are the same.
const SAME: f64 = 1e-12;

/// Which threshold a value is held against.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Side {
    /// The threshold as written: it raises an alert.
    Raise,
    /// The threshold moved to the favourable side by `1 - clear_ratio` of its size: an alert clears beyond it.
    Clear,
}

/// Rounds half away from zero, as one does on paper: 49.95 to one decimal is 50.0, -0.25 is -0.3.
///
/// The value is taken for the decimal number it stands for: 0.285 is stored as 0.28499999… and still rounds to 0.29.
#[must_use]
pub fn round_half_away(value: f64, decimals: u8) -> f64 {
    let scale = 10_f64.powi(i32::from(decimals));
    let scaled = value.abs() * scale;
    let whole = scaled.floor();
    let rounded = if scaled - whole >= 0.5 - SAME * scaled.max(1.0) { whole + 1.0 } else { whole };
    (rounded / scale).copysign(value)
}

/// Whether a value passes a threshold.
pub(crate) fn passes(comparison: Comparison, value: f64, threshold: f64) -> bool {
    let margin = SAME * value.abs().max(threshold.abs());
    match comparison {
        Comparison::Above => value - threshold > margin,
        Comparison::AtLeast => value - threshold >= -margin,
        Comparison::Below => threshold - value > margin,
        Comparison::AtMost => threshold - value >= -margin,
    }
}

/// Threshold of a criterion for a level on a day; none when the criterion does not name that level then.
pub(crate) fn threshold(rule: &Rule, criterion: &Criterion, rank: u8, on: Date, side: Side) -> Option<f64> {
    let bounds = criterion.bounds(&rule.level(rank)?.id, on)?;
    Some(match side {
        Side::Raise => bounds.raise,
        Side::Clear => bounds.clear,
    })
}

/// Whether a criterion fulfils a level: none when it does not name it, `Some(None)` when its value is unknown.
#[expect(clippy::option_option, reason = "silent and unknown are two different answers")]
pub(crate) fn fulfils(
    rule: &Rule,
    criterion: &Criterion,
    value: Option<f64>,
    rank: u8,
    on: Date,
    side: Side,
) -> Option<Option<bool>> {
    let level = rule.level(rank)?;
    let threshold = threshold(rule, criterion, rank, on, side)?;
    Some(value.map(|value| passes(criterion.comparison_for(&level.id), value, threshold)))
}

/// Rank of the highest level whose threshold a value passes.
pub(crate) fn rank_alone(rule: &Rule, criterion: &Criterion, value: f64, on: Date, side: Side) -> u8 {
    (1..)
        .zip(&rule.levels)
        .map(|(rank, _)| rank)
        .filter(|rank| fulfils(rule, criterion, Some(value), *rank, on, side) == Some(Some(true)))
        .max()
        .unwrap_or(0)
}

/// Threshold to print beside a value: that of the level reached, else of the first level the criterion names.
pub(crate) fn threshold_shown(rule: &Rule, criterion: &Criterion, rank: u8, on: Date) -> Option<f64> {
    let ranks = std::iter::once(rank).chain((1..).zip(&rule.levels).map(|(rank, _)| rank));
    ranks.into_iter().find_map(|rank| threshold(rule, criterion, rank, on, Side::Raise))
}

/// Points of a value in a `score` rule: 0 at `normal`, 1 and 2 at the two thresholds, linear between, never beyond.
///
/// Whether more is worse follows from the order of the three numbers (days of cover: 14, 7, 3).
pub(crate) fn points(rule: &Rule, criterion: &Criterion, value: f64, on: Date) -> f64 {
    let (Some(normal), Some(first), Some(second)) = (
        criterion.normal,
        threshold(rule, criterion, 1, on, Side::Raise),
        threshold(rule, criterion, 2, on, Side::Raise),
    ) else {
        return 0.0;
    };
    let way = |from: f64, to: f64| if from == to { 1.0 } else { (value - from) / (to - from) };
    let to_first = way(normal, first);
    if to_first < 1.0 { to_first.max(0.0) } else { 1.0 + way(first, second).clamp(0.0, 1.0) }
}
