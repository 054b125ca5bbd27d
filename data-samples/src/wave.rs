//! The epidemic behind the feeds: a spring wave, a quiet summer, an autumn rise, never the same in two departments.
//!
//! Curves are given by one value a week (Mondays, from 2 March 2020) for Occitanie as a whole, joined by straight lines.
//! Their size is that of the real epidemic; the figures of a department and a day are drawn, hence fictional.

use jiff::civil::{Date, Weekday, date};

use crate::places::Department;
use crate::rng::Rng;

/// First day of every series: a Monday.
pub(crate) const FIRST_DAY: Date = date(2020, 3, 2);

/// Weeks of a curve; longer series, made for benches, repeat it.
const WEEKS: usize = 34;

/// Population of Occitanie, for which the curves below are given.
const CURVES_POPULATION: f64 = 5_924_858.0;

/// New hospital admissions a day, Occitanie.
const ADMISSIONS: [f64; WEEKS + 1] = [
    0.5, 4.0, 26.0, 72.0, 84.0, 60.0, 42.0, 30.0, 20.0, 13.0, 9.0, 6.5, 5.0, 4.0, 3.4, 3.0, 2.6, 2.5, 2.6,
    3.0, 3.4, 4.0, 4.6, 5.5, 7.5, 11.0, 15.0, 20.0, 26.0, 31.0, 35.0, 41.0, 54.0, 74.0, 100.0,
];
/// People tested a day, Occitanie.
const TESTS: [f64; WEEKS + 1] = [
    120.0, 240.0, 600.0, 1100.0, 1500.0, 1900.0, 2200.0, 2400.0, 2600.0, 2900.0, 3600.0, 3700.0, 3800.0,
    4000.0, 4200.0, 4400.0, 4700.0, 4900.0, 5200.0, 5800.0, 6600.0, 7600.0, 8300.0, 9400.0, 10500.0, 12300.0,
    13400.0, 14500.0, 15200.0, 14900.0, 14200.0, 14600.0, 16300.0, 18400.0, 20000.0,
];
/// Share of them who are positive.
const POSITIVITY: [f64; WEEKS + 1] = [
    0.10, 0.14, 0.18, 0.21, 0.20, 0.16, 0.12, 0.08, 0.05, 0.032, 0.022, 0.017, 0.014, 0.012, 0.010, 0.009,
    0.009, 0.010, 0.011, 0.013, 0.015, 0.017, 0.019, 0.022, 0.030, 0.039, 0.046, 0.052, 0.058, 0.062, 0.066,
    0.080, 0.105, 0.130, 0.150,
];
/// Share of the visits to emergency departments that are for a suspicion of Covid-19.
const VISIT_SHARE: [f64; WEEKS + 1] = [
    0.010, 0.025, 0.075, 0.130, 0.125, 0.095, 0.068, 0.048, 0.034, 0.025, 0.018, 0.013, 0.010, 0.008, 0.007,
    0.006, 0.006, 0.006, 0.007, 0.009, 0.010, 0.011, 0.012, 0.014, 0.018, 0.023, 0.027, 0.030, 0.033, 0.035,
    0.038, 0.044, 0.058, 0.072, 0.085,
];
/// All visits to emergency departments, as a share of an ordinary day's.
const VISITS: [f64; WEEKS + 1] = [
    1.00, 1.00, 0.80, 0.55, 0.50, 0.52, 0.55, 0.58, 0.62, 0.66, 0.70, 0.76, 0.80, 0.84, 0.88, 0.90, 0.93,
    0.96, 1.00, 1.03, 1.04, 1.05, 1.05, 1.04, 1.02, 1.00, 0.99, 0.98, 0.97, 0.96, 0.95, 0.95, 0.93, 0.91,
    0.90,
];

/// What makes the days of a week differ, Monday first; each list adds up to 7.
pub(crate) mod weekly {
    /// Admissions.
    pub(crate) const ADMISSIONS: [f64; 7] = [1.15, 1.10, 1.08, 1.06, 1.09, 0.80, 0.72];
    /// Patients who leave: few do at the weekend, so that stocks rise on Sundays.
    pub(crate) const EXITS: [f64; 7] = [1.10, 1.35, 1.15, 1.10, 1.15, 0.70, 0.45];
    /// Tests.
    pub(crate) const TESTS: [f64; 7] = [1.50, 1.30, 1.20, 1.15, 1.07, 0.65, 0.13];
    /// Visits to emergency departments.
    pub(crate) const VISITS: [f64; 7] = [1.09, 1.00, 0.99, 0.98, 1.02, 0.97, 0.95];
    /// Work of practices and platforms.
    pub(crate) const OFFICE: [f64; 7] = [1.30, 1.20, 1.15, 1.15, 1.15, 0.65, 0.40];
}

/// How one department lives the epidemic, compared with the curve: intensity in spring and in autumn, days of delay.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Shape {
    spring: f64,
    autumn: f64,
    lag: f64,
}

/// A curve of this module.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Curve {
    /// New hospital admissions a day.
    Admissions,
    /// People tested a day.
    Tests,
    /// Share of them who are positive.
    Positivity,
    /// Covid-19 share of emergency visits.
    VisitShare,
    /// Emergency visits, 1 on an ordinary day.
    Visits,
}

impl Shape {
    /// The shape of a department: chosen for Occitanie (Haute-Garonne, Gard and Hérault lead in autumn), drawn elsewhere.
    pub(crate) fn of(department: &Department, seed: u64) -> Self {
        let (spring, autumn, lag) = match department.code {
            "09" => (0.70, 0.60, 6.0),
            "11" => (1.25, 0.60, 4.0),
            "12" => (1.10, 0.75, 2.0),
            "30" => (0.95, 1.30, -1.0),
            "31" => (1.00, 1.35, -4.0),
            "32" => (0.80, 0.50, 7.0),
            "34" => (1.05, 1.20, -2.0),
            "46" => (0.95, 0.45, 8.0),
            "48" => (0.60, 0.50, 9.0),
            "65" => (0.90, 0.65, 5.0),
            "66" => (1.20, 0.70, 3.0),
            "81" => (0.90, 0.85, 1.0),
            "82" => (0.70, 0.70, 4.0),
            code => {
                let mut rng = Rng::new(seed, &format!("shape {code}"));
                (0.5 + rng.unit(), 0.5 + rng.unit(), rng.below(15) as f64 - 7.0)
            }
        };
        Self { spring, autumn, lag }
    }

    /// Value of a curve for this department on the day of that index (0 is [`FIRST_DAY`]); counts are for `population`.
    pub(crate) fn value(self, curve: Curve, day: usize, population: i64) -> f64 {
        let people = population as f64 / CURVES_POPULATION;
        // 29 June to 17 August: from the intensity of spring to that of autumn.
        let in_year = day % (7 * WEEKS);
        let turned = ((in_year as f64 - 119.0) / 49.0).clamp(0.0, 1.0);
        let strength = self.spring + (self.autumn - self.spring) * turned;
        let at = in_year as f64 - self.lag;
        match curve {
            Curve::Admissions => along(&ADMISSIONS, at) * people * strength,
            Curve::Tests => along(&TESTS, at) * people * (0.7 + 0.3 * strength),
            Curve::Positivity => (along(&POSITIVITY, at) * (0.3 + 0.7 * strength)).min(0.45),
            Curve::VisitShare => (along(&VISIT_SHARE, at) * (0.3 + 0.7 * strength)).min(0.45),
            Curve::Visits => along(&VISITS, in_year as f64) * people,
        }
    }
}

/// Value of a weekly curve `day` days after its first Monday.
pub(crate) fn along(curve: &[f64], day: f64) -> f64 {
    let last = curve.len() - 1;
    let week = (day / 7.0).clamp(0.0, last as f64);
    let before = week as usize;
    let after = (before + 1).min(last);
    curve[before] + (curve[after] - curve[before]) * (week - before as f64)
}

/// The days that one edition of an increment tells, as indices.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Window {
    /// First day told.
    pub(crate) from: usize,
    /// Day after the last one told.
    pub(crate) to: usize,
    /// Day of issue: young figures are not settled yet.
    pub(crate) issued: usize,
}

/// The day of that index.
pub(crate) fn day_at(index: usize) -> Date {
    FIRST_DAY.saturating_add(jiff::Span::new().days(index as i64))
}

/// Index of a day; days before the first have none.
pub(crate) fn index_of(day: Date) -> Option<usize> {
    usize::try_from((day - FIRST_DAY).get_days()).ok()
}

/// Place of a day in the lists of [`weekly`].
pub(crate) fn weekday(day: usize) -> usize {
    day % 7
}

/// Whether practices are closed that day: a Sunday or a public holiday.
pub(crate) fn is_closed(day: Date) -> bool {
    day.weekday() == Weekday::Sunday || crate::context::is_holiday(day)
}
