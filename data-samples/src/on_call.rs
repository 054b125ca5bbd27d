//! On-call care: shifts of regulators, doctors on duty, laboratories and pharmacies when practices are closed.
//!
//! Rates are those of the document on Haute-Garonne's regulators: 75 €/h, 85 €/h at night, so that an evening of 4 h is
//! 300 €, a night of 8 h 680 €, a Sunday of 8 h 600 €. They are applied to every role. The strike of those regulators is
//! real, its dates here are fictional.

use std::fmt::Write as _;

use jiff::civil::{Date, date};

use crate::places::Department;
use crate::rng::Rng;
use crate::wave::{Window, day_at, index_of, is_closed, weekday};

/// Haute-Garonne's regulators are on strike (fictional dates).
pub(crate) const STRIKE: (Date, Date) = (date(2020, 9, 28), date(2020, 10, 16));

const RATE: u32 = 75;
const RATE_AT_NIGHT: u32 = 85;

/// A slot: name, start, hours, rate.
type Slot = (&'static str, &'static str, u32, u32);
const EVENING: Slot = ("evening", "20:00:00", 4, RATE);
const NIGHT: Slot = ("night", "00:00:00", 8, RATE_AT_NIGHT);
const SUNDAY: Slot = ("sunday", "08:00:00", 8, RATE);
const DAY: Slot = ("day", "12:00:00", 8, RATE);

/// Territories of a department: most are one, the largest are cut up.
fn territories(code: &str) -> usize {
    match code {
        "31" => 4,
        "34" => 3,
        "30" => 2,
        _ => 1,
    }
}

/// Body of an edition. The roster is checked against who really came after three days; until then, shifts count some who
/// were only announced.
pub(crate) fn csv(departments: &[Department], window: Window, seed: u64) -> String {
    let mut text = String::from(
        "territory,shift_start,role,department,slot,hours,planned,filled,rate_eur_per_hour,strike\n",
    );
    for day in window.from..window.to {
        for department in departments {
            for territory in 1..=territories(department.code) {
                for slot in slots(day) {
                    for role in ["regulator", "on_duty_doctor", "laboratory", "pharmacy"] {
                        let checked = day + 3 < window.issued;
                        row(&mut text, department, territory, day, slot, role, checked, seed);
                    }
                }
            }
        }
    }
    text
}

fn slots(day: usize) -> &'static [Slot] {
    if is_closed(day_at(day)) {
        &[NIGHT, SUNDAY, EVENING]
    } else if weekday(day) == 5 {
        &[NIGHT, DAY, EVENING]
    } else {
        &[NIGHT, EVENING]
    }
}

#[expect(clippy::too_many_arguments, reason = "one row needs them all, and only one caller gives them")]
fn row(
    text: &mut String,
    department: &Department,
    territory: usize,
    day: usize,
    (slot, start, hours, rate): &Slot,
    role: &str,
    checked: bool,
    seed: u64,
) {
    let code = department.code;
    let people = department.population as usize / territories(code);
    let planned = match role {
        // Calls are answered for the whole department.
        "regulator" if territory == 1 => 1 + department.population as usize / 350_000,
        "on_duty_doctor" => 1 + people / 150_000,
        "laboratory" if territory == 1 && *slot == "sunday" => 1,
        "pharmacy" => 1 + people / 400_000,
        _ => return,
    };
    let date = day_at(day);
    let strike = code == "31" && role == "regulator" && (STRIKE.0..=STRIKE.1).contains(&date);
    let summer = index_of(date).is_some_and(|day| (133..182).contains(&day));
    let odds = match role {
        _ if strike => 0.42,
        "regulator" => 0.97,
        "on_duty_doctor" if *slot == "night" => 0.86,
        "on_duty_doctor" if summer => 0.88,
        "on_duty_doctor" => 0.94,
        _ => 0.995,
    };
    let mut rng = Rng::new(seed, &format!("shift {code} {territory} {day} {slot} {role}"));
    let came = rng.binomial(planned as i64, odds);
    // Before the check, one absence in three is not known yet.
    let filled = if !checked && came < planned as i64 && rng.chance(0.33) { came + 1 } else { came };
    let _ = writeln!(
        text,
        "{code}-{territory},{date}T{start},{role},{code},{slot},{hours},{planned},{filled},{rate},{strike}"
    );
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::places;

    #[test]
    fn an_evening_costs_300_euros_a_night_680_a_sunday_600() {
        let text = csv(&places::occitanie(), Window { from: 0, to: 231, issued: 300 }, 1);
        for (slot, cost) in [("evening", 300), ("night", 680), ("sunday", 600)] {
            for row in
                text.lines().map(|line| line.split(',').collect::<Vec<_>>()).filter(|row| row[4] == slot)
            {
                assert_eq!(row[5].parse::<u32>().unwrap() * row[8].parse::<u32>().unwrap(), cost);
            }
        }
    }
}
