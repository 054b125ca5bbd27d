//! Tests (SI-DEP layout): people tested and people positive, by day of sampling. Results come in over ten days.

use std::fmt::Write as _;

use crate::places::Department;
use crate::rng::Rng;
use crate::wave::{Curve, Shape, day_at, is_closed, weekday, weekly};

/// One department, one day, once all results are in.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Day {
    pub(crate) tests: i64,
    pub(crate) positives: i64,
}

/// Share of the results known when the day of sampling is 0, 1, 2… days old; all of them after that. At four days tests
/// still grow by a quarter, as was measured on the real feed.
const KNOWN: [f64; 10] = [0.0, 0.30, 0.52, 0.68, 0.79, 0.85, 0.90, 0.94, 0.97, 0.99];

/// Draws the final counts of a department. A public holiday is tested like a Sunday.
pub(crate) fn days(department: &Department, shape: Shape, days: usize, seed: u64) -> Vec<Day> {
    let mut rng = Rng::new(seed, &format!("tests {}", department.code));
    (0..days)
        .map(|day| {
            let rhythm = if is_closed(day_at(day)) { weekly::TESTS[6] } else { weekly::TESTS[weekday(day)] };
            let expected = shape.value(Curve::Tests, day, department.population) * rhythm;
            let mean = rng.around(expected, 0.12);
            let tests = rng.poisson(mean);
            Day { tests, positives: rng.binomial(tests, shape.value(Curve::Positivity, day, 0)) }
        })
        .collect()
}

/// Body of an edition of day `issued` (index): young days are incomplete.
pub(crate) fn csv(departments: &[Department], counts: &[Vec<Day>], days: usize, issued: usize) -> String {
    let mut text = String::from("dep;jour;P;T;cl_age90\n");
    for (department, counts) in departments.iter().zip(counts) {
        for (day, count) in counts.iter().enumerate().take(days) {
            let known = KNOWN.get(issued.saturating_sub(day)).copied().unwrap_or(1.0);
            let positives = (count.positives as f64 * known).round() as i64;
            let tests = (count.tests as f64 * known).round() as i64;
            let _ = writeln!(text, "{};{};{positives};{tests};0", department.code, day_at(day));
        }
    }
    text
}
