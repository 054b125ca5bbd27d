//! Hospital stays, and the two SI-VIC feeds told from them: stocks and new admissions.
//!
//! Patients are counted, never averaged: who comes in leaves one day, so that stocks, admissions, discharges and deaths
//! agree to the unit (a test adds them up).

use std::fmt::Write as _;

use crate::places::Department;
use crate::rng::Rng;
use crate::wave::{Curve, Shape, day_at, weekday, weekly};

/// One department, one day.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Day {
    pub(crate) admissions: i64,
    pub(crate) icu_admissions: i64,
    pub(crate) deaths: i64,
    pub(crate) discharges: i64,
    /// Patients present, intensive care included.
    pub(crate) hospital: i64,
    pub(crate) icu: i64,
}

/// Probabilities of a patient's day: mean stays of 10 days in wards, 15 in intensive care.
const DIRECT_TO_ICU: f64 = 0.18;
const WARD_TO_ICU: f64 = 0.010;
const WARD_EXIT: f64 = 0.10;
const WARD_DEATH: f64 = 0.12; // of exits
const ICU_EXIT: f64 = 1.0 / 15.0;
const ICU_DEATH: f64 = 0.32; // of exits; the others go to a ward

/// Follows the patients of a department through `days` days.
pub(crate) fn stays(department: &Department, shape: Shape, days: usize, seed: u64) -> Vec<Day> {
    let mut rng = Rng::new(seed, &format!("stays {}", department.code));
    let (mut ward, mut icu) = (0_i64, 0_i64);
    (0..days)
        .map(|day| {
            let expected = shape.value(Curve::Admissions, day, department.population);
            let admissions = rng.poisson(expected * weekly::ADMISSIONS[weekday(day)]);
            let direct = rng.binomial(admissions, DIRECT_TO_ICU);
            let worse = rng.binomial(ward, WARD_TO_ICU);
            let ward_exits = rng.binomial(ward - worse, WARD_EXIT * weekly::EXITS[weekday(day)]);
            let ward_deaths = rng.binomial(ward_exits, WARD_DEATH);
            let icu_exits = rng.binomial(icu, ICU_EXIT);
            let icu_deaths = rng.binomial(icu_exits, ICU_DEATH);
            ward += admissions - direct - worse - ward_exits + (icu_exits - icu_deaths);
            icu += direct + worse - icu_exits;
            Day {
                admissions,
                icu_admissions: direct + worse,
                deaths: ward_deaths + icu_deaths,
                discharges: ward_exits - ward_deaths,
                hospital: ward + icu,
                icu,
            }
        })
        .collect()
}

/// Body of the stock feed, layout of the agency's file: both sexes together (0), men (1), women (2).
pub(crate) fn stock_csv(departments: &[Department], stays: &[Vec<Day>], days: usize) -> String {
    let mut totals = vec![(0_i64, 0_i64); departments.len()];
    let mut text = String::from("\"dep\";\"sexe\";\"jour\";\"hosp\";\"rea\";\"rad\";\"dc\"\n");
    for day in 0..days {
        let date = day_at(day);
        for ((department, stays), total) in departments.iter().zip(stays).zip(&mut totals) {
            let Some(stay) = stays.get(day) else { continue };
            total.0 += stay.discharges;
            total.1 += stay.deaths;
            let values = [stay.hospital, stay.icu, total.0, total.1];
            let men = values.map(|value| value * 54 / 100);
            for (sex, pick) in [(0, values), (1, men), (2, [0, 1, 2, 3].map(|at| values[at] - men[at]))] {
                let [hospital, icu, discharged, dead] = pick;
                let code = department.code;
                let _ =
                    writeln!(text, "\"{code}\";\"{sex}\";\"{date}\";{hospital};{icu};{discharged};{dead}");
            }
        }
    }
    text
}

/// Body of the feed of new admissions as an edition of day `issued` (index) gives it.
///
/// In a cell out of 14 an early edition counts a patient in the next department, put right days or months later: the
/// total of the two never changes, as in the real feed.
pub(crate) fn admissions_csv(
    departments: &[Department],
    stays: &[Vec<Day>],
    days: usize,
    issued: usize,
    seed: u64,
) -> String {
    let mut text = String::from("dep;jour;incid_hosp;incid_rea;incid_dc;incid_rad\n");
    for day in 0..days {
        let mut shown: Vec<i64> =
            stays.iter().map(|stays| stays.get(day).map_or(0, |stay| stay.admissions)).collect();
        for at in 0..departments.len() {
            let mut rng = Rng::new(seed, &format!("move {} {day}", departments[at].code));
            let settled = [2, 3, 5, 8, 13, 13, 20, 40, 90][rng.below(9)];
            let next = (at + 1) % departments.len();
            if rng.chance(1.0 / 14.0) && issued < day + settled && shown[at] > 0 {
                shown[at] -= 1;
                shown[next] += 1;
            }
        }
        let date = day_at(day);
        for ((department, stays), admissions) in departments.iter().zip(stays).zip(shown) {
            let Some(stay) = stays.get(day) else { continue };
            let Day { icu_admissions, deaths, discharges, .. } = stay;
            let code = department.code;
            let _ = writeln!(text, "{code};{date};{admissions};{icu_admissions};{deaths};{discharges}");
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::places;

    #[test]
    fn every_patient_who_came_in_is_present_or_has_left() {
        for department in places::occitanie() {
            let mut present = 0;
            for day in stays(&department, Shape::of(&department, 1), 231, 1) {
                present += day.admissions - day.deaths - day.discharges;
                assert_eq!(day.hospital, present);
                assert!(day.icu >= 0 && day.icu <= day.hospital);
            }
        }
    }

    #[test]
    fn the_wave_has_the_size_of_the_real_one() {
        let region: Vec<Vec<Day>> = places::occitanie()
            .iter()
            .map(|department| stays(department, Shape::of(department, 2020), 231, 2020))
            .collect();
        let icu = |day: usize| region.iter().map(|stays| stays[day].icu).sum::<i64>();
        let spring = (0..120).map(icu).max().unwrap();
        let summer = (120..160).map(icu).min().unwrap();
        let autumn = icu(225);
        assert!((200..400).contains(&spring), "spring {spring}");
        assert!((3..40).contains(&summer), "summer {summer}");
        assert!((120..220).contains(&autumn), "13 October {autumn}");
    }
}
