//! Emergency visits and SOS Médecins (SurSaUD layout). Late hospitals complete a day during the week that follows.

use std::fmt::Write as _;

use jiff::civil::{Date, date};

use crate::places::Department;
use crate::rng::Rng;
use crate::wave::{Curve, Shape, day_at, weekday, weekly};

/// One department, one day, once all hospitals have reported.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Day {
    covid_visits: i64,
    visits: i64,
    covid_admitted: i64,
    /// Suspected Covid-19 and all calls, where SOS Médecins has a service.
    sos: Option<(i64, i64)>,
}

/// Visits a day in an ordinary year, for a population of the size of Occitanie's.
const ORDINARY_VISITS: f64 = 4_200.0;

/// Departments of Occitanie with a SOS Médecins service.
const WITH_SOS: [&str; 4] = ["30", "31", "34", "66"];

/// Days when Lozère's only emergency department did not report: the feed then says 0, which means "no data".
const SILENT: [(&str, Date); 2] = [("48", date(2020, 9, 6)), ("48", date(2020, 10, 11))];

/// Share of the visits known when the day is 0, 1, 2… days old: the edition after the first has 18 % more.
const KNOWN: [f64; 8] = [0.0, 0.82, 0.93, 0.96, 0.975, 0.985, 0.992, 0.996];

/// Draws the final counts of a department.
pub(crate) fn days(department: &Department, shape: Shape, days: usize, seed: u64) -> Vec<Day> {
    let mut rng = Rng::new(seed, &format!("visits {}", department.code));
    let has_sos =
        if department.region == "76" { WITH_SOS.contains(&department.code) } else { rng.chance(0.45) };
    (0..days)
        .map(|day| {
            let usual = shape.value(Curve::Visits, day, department.population) * ORDINARY_VISITS;
            let share = shape.value(Curve::VisitShare, day, 0);
            let visits = rng.poisson(usual * weekly::VISITS[weekday(day)]);
            let covid_visits = rng.binomial(visits, share);
            let covid_admitted = rng.binomial(covid_visits, 0.35);
            // SOS Médecins is called when practices are closed.
            let busy = if weekday(day) >= 5 { 1.5 } else { 0.8 };
            let sos = has_sos.then(|| {
                let calls = rng.poisson(usual * 0.22 * busy);
                (rng.binomial(calls, (share * 1.3).min(0.5)), calls)
            });
            Day { covid_visits, visits, covid_admitted, sos }
        })
        .collect()
}

/// Body of an edition of day `issued` (index): young days are incomplete, no service is an empty field.
pub(crate) fn csv(departments: &[Department], counts: &[Vec<Day>], days: usize, issued: usize) -> String {
    let mut text = String::from(
        "dep;date_de_passage;sursaud_cl_age_corona;nbre_pass_corona;nbre_pass_tot;nbre_hospit_corona;\
         nbre_acte_corona;nbre_acte_tot\n",
    );
    for (department, counts) in departments.iter().zip(counts) {
        for (day, count) in counts.iter().enumerate().take(days) {
            let date = day_at(day);
            let silent = SILENT.contains(&(department.code, date));
            let known = KNOWN.get(issued.saturating_sub(day)).copied().unwrap_or(1.0);
            let part = |value: i64| if silent { 0 } else { (value as f64 * known).round() as i64 };
            let sos =
                count.sos.map_or(";".to_owned(), |(covid, all)| format!("{};{}", part(covid), part(all)));
            let [covid, all, admitted] = [count.covid_visits, count.visits, count.covid_admitted].map(part);
            let _ = writeln!(text, "{};{date};0;{covid};{all};{admitted};{sos}", department.code);
        }
    }
    text
}
