//! Whether a figure moved: materiality before words.
//!
//! A change is said only when it is large enough to matter **and** larger than what counting small numbers makes by
//! chance. The sign alone is never enough.

/// What kind of figure is compared; each kind has its own bar.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Nature {
    /// A count (patients, tests).
    Count,
    /// A share, 0..1.
    Share,
    /// A rate with a numerator (per 100,000 residents).
    Rate,
    /// Days of cover.
    Days,
    /// Anything else.
    Other,
}

impl Nature {
    /// The nature of an indicator, from its unit and decimals.
    #[must_use]
    pub fn of(unit: &str, decimals: u8) -> Self {
        match unit {
            "share" => Self::Share,
            "days" => Self::Days,
            unit if unit.contains("per_") || unit.contains("per ") => Self::Rate,
            _ if decimals == 0 => Self::Count,
            _ => Self::Other,
        }
    }
}

/// A value with what it was made from.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Sample {
    /// The value.
    pub value: f64,
    /// What was counted.
    pub numerator: Option<f64>,
    /// What it was divided by.
    pub denominator: Option<f64>,
}

/// Which way a figure moved.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Direction {
    /// Materially up.
    Up,
    /// Materially down.
    Down,
    /// No material change.
    Flat,
}

/// Relative change under which nothing is said.
const RELATIVE_MIN: f64 = 0.05;
/// Change of a share (in share, 0.005 is half a point) under which nothing is said.
const SHARE_MIN: f64 = 0.005;
/// The same when the counts behind the share are unknown.
const SHARE_MIN_UNCOUNTED: f64 = 0.01;
/// Change in days of cover under which nothing is said.
const DAYS_MIN: f64 = 0.5;
/// Two-sided 95 % for the difference of two shares.
const Z: f64 = 1.96;

/// Which way a figure moved from `before` to `now`.
#[must_use]
pub fn direction(nature: Nature, before: Sample, now: Sample) -> Direction {
    let change = now.value - before.value;
    let relative = if before.value == 0.0 { f64::INFINITY } else { (change / before.value).abs() };
    let material = match nature {
        Nature::Count => relative >= RELATIVE_MIN && beyond_noise(before.value, now.value),
        Nature::Rate => {
            relative >= RELATIVE_MIN
                && match (before.numerator, now.numerator) {
                    (Some(before), Some(now)) => beyond_noise(before, now),
                    _ => true,
                }
        }
        Nature::Share => share_moved(before, now),
        Nature::Days => change.abs() >= DAYS_MIN && relative >= 0.10,
        Nature::Other => relative >= RELATIVE_MIN,
    };
    match (material && change != 0.0, change > 0.0) {
        (false, _) => Direction::Flat,
        (true, true) => Direction::Up,
        (true, false) => Direction::Down,
    }
}

/// More than one standard deviation of the difference of two counts (Poisson: the variance is the sum).
fn beyond_noise(before: f64, now: f64) -> bool {
    (now - before).abs() > (before + now).max(0.0).sqrt()
}

fn share_moved(before: Sample, now: Sample) -> bool {
    let change = (now.value - before.value).abs();
    let counts = (before.numerator, before.denominator, now.numerator, now.denominator);
    let (Some(a), Some(n), Some(b), Some(m)) = counts else { return change >= SHARE_MIN_UNCOUNTED };
    // A share over 1 (occupancy of the initial beds) is no proportion: only its size is judged.
    if change < SHARE_MIN || n <= 0.0 || m <= 0.0 || a > n || b > m {
        return change >= SHARE_MIN;
    }
    // A denominator that stands still is a stock (beds), not a sample: judge the counts.
    if n == m {
        return beyond_noise(a, b);
    }
    let pooled = (a + b) / (n + m);
    let error = (pooled * (1.0 - pooled) * (1.0 / n + 1.0 / m)).sqrt();
    change > Z * error
}

#[cfg(test)]
mod tests {
    use super::*;

    fn count(value: f64) -> Sample {
        Sample { value, numerator: None, denominator: None }
    }

    fn share(numerator: f64, denominator: f64) -> Sample {
        Sample { value: numerator / denominator, numerator: Some(numerator), denominator: Some(denominator) }
    }

    #[test]
    fn a_small_department_going_from_three_to_five_has_not_moved() {
        assert_eq!(direction(Nature::Count, count(3.0), count(5.0)), Direction::Flat);
    }

    #[test]
    fn a_large_count_needs_five_percent() {
        assert_eq!(direction(Nature::Count, count(10_000.0), count(10_400.0)), Direction::Flat);
        assert_eq!(direction(Nature::Count, count(10_000.0), count(10_500.0)), Direction::Up);
    }

    #[test]
    fn from_zero_a_count_must_pass_the_noise() {
        assert_eq!(direction(Nature::Count, count(0.0), count(1.0)), Direction::Flat);
        assert_eq!(direction(Nature::Count, count(0.0), count(4.0)), Direction::Up);
        assert_eq!(direction(Nature::Count, count(0.0), count(0.0)), Direction::Flat);
    }

    #[test]
    fn a_share_moves_by_points_and_beyond_its_noise() {
        assert_eq!(
            direction(Nature::Share, share(1_000.0, 10_000.0), share(1_200.0, 10_000.5)),
            Direction::Up
        );
        assert_eq!(direction(Nature::Share, share(2.0, 20.0), share(4.0, 21.0)), Direction::Flat);
        assert_eq!(direction(Nature::Share, share(100_000.0, 1e6), share(101_000.0, 1.1e6)), Direction::Down);
    }

    #[test]
    fn an_occupancy_over_one_is_judged_by_its_size() {
        assert_eq!(direction(Nature::Share, share(110.0, 100.0), share(130.0, 100.0)), Direction::Up);
    }

    #[test]
    fn days_of_cover_move_by_half_a_day() {
        assert_eq!(direction(Nature::Days, count(3.0), count(2.4)), Direction::Down);
        assert_eq!(direction(Nature::Days, count(30.0), count(29.0)), Direction::Flat);
    }

    #[test]
    fn the_unit_tells_the_nature() {
        assert_eq!(Nature::of("share", 1), Nature::Share);
        assert_eq!(Nature::of("per_100k", 0), Nature::Rate);
        assert_eq!(Nature::of("patients", 0), Nature::Count);
        assert_eq!(Nature::of("days", 1), Nature::Days);
    }
}
