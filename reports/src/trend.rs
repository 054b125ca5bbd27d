//! Whether a figure moved: materiality before words.
//!
//! A change is said only when it is large enough to matter **and** larger than what counting small numbers makes by
//! chance: two counts that come from one unchanged rate differ that much less than once in twenty ([`LEVEL`], two-sided).
//! The test of two counts is exact (given their sum, one of them is binomial), that of two shares of few cases too
//! (given the margins of the table, hypergeometric). The sign alone is never enough.

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
/// Chance, two-sided, under which a difference is no longer put down to small numbers.
pub const LEVEL: f64 = 0.05;
/// The same as a number of standard deviations, where counts are large.
pub(crate) const Z: f64 = 1.959_963_985;
/// Counts above which the normal law is as good as the exact one.
const LARGE: f64 = 2_000.0;
/// Cases, or non-cases, of two shares up to which the exact test is used.
const FEW_CASES: f64 = 100.0;

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

/// Whether two counts differ by more than chance makes of one unchanged rate: less than once in twenty.
pub(crate) fn beyond_noise(before: f64, now: f64) -> bool {
    let sum = before + now;
    if sum > LARGE {
        // With a correction for continuity, as the exact law has steps.
        return (now - before).abs() - 1.0 > Z * sum.sqrt();
    }
    p_of_counts(before, now) < LEVEL
}

/// Two-sided chance of a difference as large between two counts of one rate. Given their sum, each is binomial with one half.
pub(crate) fn p_of_counts(before: f64, now: f64) -> f64 {
    let (before, now) = (before.max(0.0).round(), now.max(0.0).round());
    let sum = before + now;
    if sum == 0.0 {
        return 1.0;
    }
    // Both tails are alike: twice the smaller one, from its far end.
    let fewest = before.min(now);
    let mut term = -sum * std::f64::consts::LN_2;
    let mut tail = term.exp();
    for k in 1..=(fewest as u32) {
        term += ((sum - f64::from(k) + 1.0) / f64::from(k)).ln();
        tail += term.exp();
    }
    (2.0 * tail).min(1.0)
}

/// Two-sided chance of two shares as different as `a` of `n` and `b` of `m`, given how many cases there are in all.
fn p_of_shares(a: f64, n: f64, b: f64, m: f64) -> f64 {
    let (a, n, b, m) = (a.round(), n.round(), b.round(), m.round());
    let cases = a + b;
    // Whichever is rarer is counted: the test is the same.
    if cases > n + m - cases {
        return p_of_shares(n - a, n, m - b, m);
    }
    let weight = |k: f64| ln_choose(n, k) + ln_choose(m, cases - k) - ln_choose(n + m, cases);
    let (least, most) = ((cases - m).max(0.0) as u32, cases.min(n) as u32);
    let (mut below, mut above) = (0.0, 0.0);
    for k in least..=most {
        let chance = weight(f64::from(k)).exp();
        if f64::from(k) <= a {
            below += chance;
        }
        if f64::from(k) >= a {
            above += chance;
        }
    }
    (2.0 * f64::min(below, above)).min(1.0)
}

/// Logarithm of the number of ways to choose `k` of `n`; `k` is small.
fn ln_choose(n: f64, k: f64) -> f64 {
    (0..k as u32).map(|i| ((n - f64::from(i)) / (k - f64::from(i))).ln()).sum()
}

fn share_moved(before: Sample, now: Sample) -> bool {
    let change = (now.value - before.value).abs();
    let counts = (before.numerator, before.denominator, now.numerator, now.denominator);
    let (Some(a), Some(n), Some(b), Some(m)) = counts else { return change >= SHARE_MIN_UNCOUNTED };
    if change < SHARE_MIN || n <= 0.0 || m <= 0.0 {
        return change >= SHARE_MIN;
    }
    // A denominator that stands still is a stock (beds), not a sample: judge the counts. So of a share over 1 (occupancy of the
    // initial beds), which is no proportion.
    if n == m || a > n || b > m {
        return beyond_noise(a, b);
    }
    if (a + b).min(n + m - a - b) <= FEW_CASES {
        return p_of_shares(a, n, b, m) < LEVEL;
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

    /// Savoie, 13 December 2020: 26, then 28 patients for 18 beds. Two more of 54 are chance (exact test of two counts: p = 0.89).
    #[test]
    fn occupancy_above_all_beds_moves_as_its_patients_do() {
        assert_eq!(direction(Nature::Share, share(26.0, 18.0), share(28.0, 18.0)), Direction::Flat);
        assert_eq!(direction(Nature::Share, share(26.0, 18.0), share(52.0, 18.0)), Direction::Up);
    }

    #[test]
    fn a_large_count_needs_five_percent() {
        assert_eq!(direction(Nature::Count, count(10_000.0), count(10_400.0)), Direction::Flat);
        assert_eq!(direction(Nature::Count, count(10_000.0), count(10_500.0)), Direction::Up);
    }

    #[test]
    fn from_zero_a_count_must_pass_the_noise() {
        assert_eq!(direction(Nature::Count, count(0.0), count(1.0)), Direction::Flat);
        assert_eq!(direction(Nature::Count, count(0.0), count(5.0)), Direction::Flat);
        assert_eq!(direction(Nature::Count, count(0.0), count(6.0)), Direction::Up);
        assert_eq!(direction(Nature::Count, count(0.0), count(0.0)), Direction::Flat);
    }

    /// Cases of departments in weeks 29 and 30 of 2020 (SI-DEP), p by SciPy's `binomtest(now, before + now)`; the levels of 5 %
    /// are those of any table of the sign test: 6 of 6, 9 of 10, 15 of 20.
    #[test]
    fn the_chance_of_a_difference_is_exact() {
        let close = |(before, now): (f64, f64), p: f64| {
            let found = p_of_counts(before, now);
            assert!((found - p).abs() < 5e-4, "{before} to {now}: {found}, not {p}");
            assert_eq!(found, p_of_counts(now, before));
        };
        close((0.0, 2.0), 0.5); // Ariège
        close((5.0, 10.0), 0.3018); // Hautes-Pyrénées
        close((2.0, 6.0), 0.2891); // Gers
        close((0.0, 5.0), 0.0625);
        close((0.0, 6.0), 0.0313);
        close((2.0, 8.0), 0.1094);
        close((1.0, 9.0), 0.0215);
        close((5.0, 15.0), 0.0414);
        close((100.0, 130.0), 0.0558);
        assert_eq!(p_of_counts(0.0, 0.0), 1.0);
        assert_eq!((beyond_noise(10_000.0, 10_300.0), beyond_noise(10_000.0, 10_200.0)), (true, false));
    }

    /// Fisher's tea, 3 of 4 against 1 of 4: 17 chances in 70 at least as good, told twice; 0 of 10 against 5 of 11: p by hand,
    /// twice C(11,5) / C(21,5).
    #[test]
    fn shares_of_few_cases_are_compared_exactly() {
        assert!((p_of_shares(3.0, 4.0, 1.0, 4.0) - 34.0 / 70.0).abs() < 1e-9);
        assert!((p_of_shares(0.0, 10.0, 5.0, 11.0) - 2.0 * 462.0 / 20_349.0).abs() < 1e-9);
        assert_eq!(direction(Nature::Share, share(0.0, 10.0), share(5.0, 11.0)), Direction::Up);
        assert_eq!(direction(Nature::Share, share(0.0, 10.0), share(4.0, 11.0)), Direction::Flat);
    }

    /// Without any change an arrow comes less than once in twenty, whatever the size: counts of one rate, each pair weighed by
    /// its chance.
    #[test]
    fn an_unchanged_rate_makes_an_arrow_less_than_once_in_twenty() {
        for mean in [2.0_f64, 5.0, 12.0, 30.0, 100.0] {
            let most = (mean + 8.0 * mean.sqrt()) as u32 + 5;
            let mut chance = vec![(-mean).exp()];
            for k in 1..=most {
                chance.push(chance[k as usize - 1] * mean / f64::from(k));
            }
            let mut arrows = 0.0;
            for before in 0..=most {
                for now in 0..=most {
                    if direction(Nature::Count, count(f64::from(before)), count(f64::from(now)))
                        != Direction::Flat
                    {
                        arrows += chance[before as usize] * chance[now as usize];
                    }
                }
            }
            assert!(arrows < LEVEL, "{mean}: {arrows}");
        }
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
