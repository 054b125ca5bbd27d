//! Beds open and patients present, by establishment and care chain. Establishments and their numbers are fictional.
//!
//! Covid-19 patients are those of the stock feed, shared out among the establishments of the department: intensive care
//! to `icu`, the others to `medicine` and `rehabilitation`. The sums agree to the unit.

use std::fmt::Write as _;

use jiff::civil::date;

use crate::hospital;
use crate::places::Department;
use crate::rng::Rng;
use crate::wave::{Window, along, day_at, index_of, weekday};

/// A fictional establishment.
struct Establishment {
    finess: String,
    department: usize,
    /// Share of the department's beds.
    weight: i64,
    cares: &'static [&'static str],
}

const UNIVERSITY: &[&str] = &["icu", "intermediate", "continuing", "medicine", "surgery", "rehabilitation"];
const GENERAL: &[&str] = &["icu", "intermediate", "continuing", "medicine", "surgery", "rehabilitation"];
const CLINIC: &[&str] = &["continuing", "medicine", "surgery"];
const RURAL: &[&str] = &["icu", "continuing", "medicine", "rehabilitation"];
const HOME: &[&str] = &["home"];

/// Establishments by department: care chains and weights.
fn establishments(departments: &[Department]) -> Vec<Establishment> {
    let mut list = Vec::new();
    for (at, department) in departments.iter().enumerate() {
        let plan: &[(&'static [&'static str], i64)] = match department.code {
            "31" => &[(UNIVERSITY, 7), (GENERAL, 3), (CLINIC, 2), (CLINIC, 2), (HOME, 1)],
            "34" => &[(UNIVERSITY, 7), (GENERAL, 3), (CLINIC, 2), (HOME, 1)],
            "30" => &[(UNIVERSITY, 6), (GENERAL, 2), (CLINIC, 2)],
            "66" | "11" | "81" => &[(GENERAL, 5), (CLINIC, 2)],
            "48" | "09" | "46" | "32" => &[(RURAL, 1)],
            _ => &[(GENERAL, 1)],
        };
        for (number, (cares, weight)) in plan.iter().enumerate() {
            // No real FINESS number has 99 after its department.
            let finess = format!("{}99{:05}", department.code, 10 * (number + 1));
            list.push(Establishment { finess, department: at, weight: *weight, cares });
        }
    }
    list
}

/// Share of the installed intensive-care beds that were staffed, one value a week from 2 March 2020: more in spring, a
/// first step again in October (not the real steps, which are a rule of their own).
const STAFFED: [f64; 35] = [
    0.97, 0.98, 1.05, 1.20, 1.38, 1.45, 1.42, 1.35, 1.25, 1.15, 1.08, 1.02, 1.0, 0.98, 0.98, 0.98, 0.97,
    0.96, 0.94, 0.92, 0.90, 0.88, 0.88, 0.88, 0.90, 0.94, 0.98, 0.98, 1.0, 1.0, 1.02, 1.05, 1.08, 1.08, 1.08,
];
/// Share of open intensive-care beds taken by patients without Covid-19.
const OTHER_ICU: [f64; 35] = [
    0.72, 0.70, 0.60, 0.45, 0.38, 0.36, 0.37, 0.40, 0.44, 0.48, 0.54, 0.60, 0.64, 0.66, 0.68, 0.70, 0.70,
    0.70, 0.69, 0.68, 0.66, 0.64, 0.64, 0.65, 0.66, 0.66, 0.64, 0.62, 0.60, 0.59, 0.58, 0.57, 0.56, 0.55,
    0.55,
];

/// Body of an edition: the days of the window, all establishments but those that had not declared yet.
pub(crate) fn csv(
    departments: &[Department],
    stays: &[Vec<hospital::Day>],
    window: Window,
    seed: u64,
) -> String {
    let list = establishments(departments);
    let mut text = String::from(
        "finess,time_value,care,department,beds_installed,beds_staffed,patients,covid_patients,closed_reason\n",
    );
    for day in window.from..window.to {
        for (at, department) in departments.iter().enumerate() {
            let Some(stay) = stays.get(at).and_then(|stays| stays.get(day)) else { continue };
            let ward = stay.hospital - stay.icu;
            let rehabilitation = ward * 15 / 100;
            for place in list.iter().filter(|place| place.department == at) {
                for care in place.cares {
                    let sharers: Vec<&Establishment> = list
                        .iter()
                        .filter(|other| other.department == at && other.cares.contains(care))
                        .collect();
                    let covid = match *care {
                        "icu" => stay.icu,
                        "medicine" => ward - rehabilitation,
                        "rehabilitation" => rehabilitation,
                        _ => 0,
                    };
                    let covid = portion(covid, place, &sharers);
                    if is_late(&place.finess, day, window.issued) {
                        continue;
                    }
                    row(&mut text, department, place, &sharers, care, day, covid, seed);
                }
            }
        }
    }
    text
}

/// One establishment forgot its declaration of 17 October 2020 and made it on the 20th.
fn is_late(finess: &str, day: usize, issued: usize) -> bool {
    finess == "349900030"
        && Some(day) == index_of(date(2020, 10, 17))
        && Some(issued) <= index_of(date(2020, 10, 20))
}

#[expect(clippy::too_many_arguments, reason = "one row needs them all, and only one caller gives them")]
fn row(
    text: &mut String,
    department: &Department,
    place: &Establishment,
    sharers: &[&Establishment],
    care: &str,
    day: usize,
    covid: i64,
    seed: u64,
) {
    let thousands = |share: f64| (department.population as f64 / 1000.0 * share).round() as i64;
    let in_department = match care {
        "icu" => department.beds[0],
        "intermediate" => department.beds[1].max(4),
        "continuing" => department.beds[2].max(4),
        "medicine" => thousands(1.9),
        "surgery" => thousands(1.1),
        "rehabilitation" => thousands(1.3),
        _ => thousands(0.25),
    };
    let installed = portion(in_department, place, sharers);
    // The state of a service changes by the week, its patients by the day.
    let mut weekly = Rng::new(seed, &format!("beds {} {care} {}", place.finess, day / 7));
    let mut daily = Rng::new(seed, &format!("beds {} {care} day {day}", place.finess));
    let weekend = if weekday(day) >= 5 { 0.93 } else { 1.0 };
    let (staffed, others) = if care == "icu" {
        let week_start = (day - weekday(day)) as f64;
        let staffed = (installed as f64 * along(&STAFFED, week_start)).round() as i64;
        let others = along(&OTHER_ICU, day as f64) * staffed as f64;
        // Beds are opened for those who come: never fewer than two more than the Covid-19 patients.
        (staffed.max(covid + 2), daily.around(others, 0.08))
    } else {
        let staffed = (installed as f64 * weekly.around(0.94, 0.06)).round() as i64;
        let summer = if (119..182).contains(&day) { 0.90 } else { 1.0 };
        let busy = if care == "surgery" { 0.66 * weekend } else { 0.82 * summer };
        let staffed = staffed.max(covid + 2);
        (staffed, daily.around(busy * staffed as f64 - covid as f64 * 0.5, 0.05))
    };
    let patients = (covid + (others.max(0.0).round() as i64)).min(staffed);
    let closed = installed - staffed;
    let reason = if closed * 10 > installed {
        ["manque de personnel", "travaux", "congés"][weekly.below(3)]
    } else {
        ""
    };
    let date = day_at(day);
    let (finess, code) = (&place.finess, department.code);
    let _ = writeln!(text, "{finess},{date},{care},{code},{installed},{staffed},{patients},{covid},{reason}");
}

/// The share of `total` that falls to `place`: by weight, whole, and adding up to `total` over `sharers`.
fn portion(total: i64, place: &Establishment, sharers: &[&Establishment]) -> i64 {
    let weights: i64 = sharers.iter().map(|sharer| sharer.weight).sum();
    let mut before = 0;
    for sharer in sharers {
        if sharer.finess == place.finess {
            return total * (before + sharer.weight) / weights - total * before / weights;
        }
        before += sharer.weight;
    }
    0
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::places;
    use crate::wave::Shape;

    #[test]
    fn covid_patients_add_up_to_the_stock_feed() {
        let departments = places::occitanie();
        let stays: Vec<_> =
            departments.iter().map(|one| hospital::stays(one, Shape::of(one, 1), 231, 1)).collect();
        let text = csv(&departments, &stays, Window { from: 220, to: 221, issued: 300 }, 1);
        for (department, stays) in departments.iter().zip(&stays) {
            let sum = |care: &str| -> i64 {
                text.lines()
                    .map(|line| line.split(',').collect::<Vec<_>>())
                    .filter(|row| row[3] == department.code && (care.is_empty() || row[2] == care))
                    .map(|row| row[7].parse::<i64>().unwrap())
                    .sum()
            };
            assert_eq!(sum("icu"), stays[220].icu);
            assert_eq!(sum(""), stays[220].hospital);
        }
    }

    #[test]
    fn no_service_has_more_patients_than_open_beds() {
        let departments = places::occitanie();
        let stays: Vec<_> =
            departments.iter().map(|one| hospital::stays(one, Shape::of(one, 1), 231, 1)).collect();
        for line in csv(&departments, &stays, Window { from: 0, to: 231, issued: 300 }, 1).lines().skip(1) {
            let row: Vec<&str> = line.split(',').collect();
            let [staffed, patients, covid] = [5, 6, 7].map(|at| row[at].parse::<i64>().unwrap());
            assert!(patients <= staffed && covid <= patients, "{line}");
        }
    }
}
