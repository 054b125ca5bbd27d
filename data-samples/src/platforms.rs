//! Platforms of city care: nurses (inzee-care), telemedicine (medicam), staff reinforcement (renfort-covid).
//!
//! Two figures are quoted from the document of 18 March 2020 and come out exactly: 3,300 nurses and 1,850 doctors
//! registered in Occitanie that day. Everything around them is fictional.

use std::fmt::Write as _;

use jiff::civil::date;
use serde_json::{Value, json};

use crate::places::Department;
use crate::rng::Rng;
use crate::wave::{Curve, Shape, Window, along, day_at, index_of, weekday, weekly};

/// Nurses registered on inzee-care in Occitanie on 18 March 2020.
const NURSES_ON_18_MARCH: i64 = 3_300;
/// Doctors registered on MEDICAM in Occitanie on 18 March 2020.
const DOCTORS_ON_18_MARCH: i64 = 1_850;

/// Registrations as a share of those of 18 March (a Wednesday, 2.29 weeks in), one value a week; it never falls.
const REGISTERED: [f64; 35] = [
    0.40, 0.58, 0.90, 1.22, 1.34, 1.41, 1.46, 1.49, 1.51, 1.53, 1.54, 1.55, 1.555, 1.56, 1.563, 1.566, 1.57,
    1.573, 1.576, 1.58, 1.583, 1.586, 1.59, 1.593, 1.60, 1.605, 1.61, 1.62, 1.63, 1.64, 1.65, 1.67, 1.69,
    1.71, 1.74,
];

/// Shares out a regional total by population: whole numbers that add up to it.
fn shares(departments: &[Department], total: i64) -> Vec<i64> {
    let people: i64 = departments.iter().map(|department| department.population).sum();
    let mut before = 0;
    departments
        .iter()
        .map(|department| {
            let upto = before + department.population;
            let share = total * upto / people - total * before / people;
            before = upto;
            share
        })
        .collect()
}

/// Registered to date: exactly the share of the total on 18 March, in step with the curve on other days.
fn registered(share: i64, day: usize) -> i64 {
    let anchor = index_of(date(2020, 3, 18)).unwrap_or(0);
    if day == anchor {
        return share;
    }
    let growth = along(&REGISTERED, day as f64) / along(&REGISTERED, anchor as f64);
    (share as f64 * growth) as i64
}

/// Nurses: body of an edition, days of the window; the requests of the last day are not all answered yet.
pub(crate) fn nurses_json(departments: &[Department], shapes: &[Shape], window: Window, seed: u64) -> String {
    let shares = shares(departments, NURSES_ON_18_MARCH);
    let mut rows: Vec<Value> = Vec::new();
    for ((department, shape), share) in departments.iter().zip(shapes).zip(shares) {
        let mut at_home = 0.0;
        for day in 0..window.to {
            let mut rng = Rng::new(seed, &format!("nurses {} {day}", department.code));
            let wave = shape.value(Curve::Admissions, day, department.population);
            let usual = department.population as f64 / 60_000.0;
            let rhythm = weekly::OFFICE[weekday(day)];
            let requests = rng.poisson((usual + 1.6 * wave) * rhythm);
            // The more is asked of the nurses of a place, the fewer requests find one.
            let strain = 1.6 * wave / (usual + 1.6 * wave);
            let accepted = rng.binomial(requests, (0.97 - 0.30 * strain * strain).clamp(0.5, 1.0));
            at_home = at_home * (1.0 - 1.0 / 11.0) + accepted as f64;
            if day < window.from {
                continue;
            }
            let registered = registered(share, day);
            let active = (registered as f64 * (0.16 + 0.30 * strain)).round() as i64;
            let accepted = if day + 1 >= window.issued { accepted * 7 / 10 } else { accepted };
            rows.push(json!({
                "platform": "inzee-care",
                "department": department.code,
                "time_value": day_at(day).to_string(),
                "registered_total": registered,
                "active_7d": active,
                "requests": requests,
                "accepted_24h": accepted,
                "patients_at_home": at_home.round() as i64,
            }));
        }
    }
    // One row a line: the file stays readable and its changes too.
    let mut text = String::from("{\"fictif\": true, \"plateforme\": \"inzee-care\", \"donnees\": [\n");
    for (at, row) in rows.iter().enumerate() {
        let _ = writeln!(text, "{row}{}", if at + 1 < rows.len() { "," } else { "" });
    }
    text.push_str("]}\n");
    text
}

/// Telemedicine: body of an edition, days of the window.
pub(crate) fn telemedicine_csv(
    departments: &[Department],
    shapes: &[Shape],
    window: Window,
    seed: u64,
) -> String {
    let shares = shares(departments, DOCTORS_ON_18_MARCH);
    let mut text = String::from("platform,department,time_value,doctors_registered,consultations\n");
    for day in window.from..window.to {
        for ((department, shape), share) in departments.iter().zip(shapes).zip(&shares) {
            let mut rng = Rng::new(seed, &format!("doctors {} {day}", department.code));
            let doctors = registered(*share, day);
            let wave = shape.value(Curve::VisitShare, day, 0);
            let mean = doctors as f64 * (0.25 + 8.0 * wave) * weekly::OFFICE[weekday(day)];
            let consultations = rng.poisson(mean);
            let _ = writeln!(text, "medicam,{},{},{doctors},{consultations}", department.code, day_at(day));
        }
    }
    text
}

/// Professions that establishments ask for, and how hard they are to find (share filled within 48 hours in quiet times).
const PROFESSIONS: [(&str, f64, f64); 4] = [
    ("nurse", 1.0, 0.80),
    ("icu_nurse", 0.5, 0.62),
    ("nursing_assistant", 0.9, 0.86),
    ("physician", 0.3, 0.70),
];

/// One demand for reinforcement.
pub(crate) struct Demand {
    pub(crate) department: &'static str,
    pub(crate) profession: &'static str,
    pub(crate) day: usize,
    pub(crate) requested: i64,
    pub(crate) offered: i64,
    pub(crate) filled_48h: i64,
}

/// Reinforcement: demands of the days of the window; those of the last two days are not all filled yet.
pub(crate) fn demands(
    departments: &[Department],
    shapes: &[Shape],
    window: Window,
    seed: u64,
) -> Vec<Demand> {
    let mut list = Vec::new();
    for day in window.from..window.to {
        for (department, shape) in departments.iter().zip(shapes) {
            for (profession, weight, found) in PROFESSIONS {
                let mut rng = Rng::new(seed, &format!("demand {} {profession} {day}", department.code));
                let wave = shape.value(Curve::Admissions, day, department.population);
                let usual = department.population as f64 / 900_000.0;
                let requested = rng.poisson(weight * (usual + 0.45 * wave) * weekly::OFFICE[weekday(day)]);
                if requested == 0 {
                    continue;
                }
                // Volunteers came from everywhere in spring; in autumn they are at work.
                let autumn = ((day as f64 - 170.0) / 60.0).clamp(0.0, 1.0);
                let odds = found - 0.30 * autumn;
                let filled = rng.binomial(requested, odds);
                let offered = filled + rng.poisson(1.2 * (1.0 - 0.6 * autumn));
                let filled_48h = if day + 2 >= window.issued { filled / 2 } else { filled };
                let department = department.code;
                list.push(Demand { department, profession, day, requested, offered, filled_48h });
            }
        }
    }
    list
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::places;

    #[test]
    fn registrations_of_18_march_add_up_to_the_figures_of_the_document() {
        let departments = places::occitanie();
        assert_eq!(shares(&departments, NURSES_ON_18_MARCH).iter().sum::<i64>(), 3_300);
        assert_eq!(shares(&departments, DOCTORS_ON_18_MARCH).iter().sum::<i64>(), 1_850);
    }

    #[test]
    fn nobody_unregisters() {
        for share in [43, 786] {
            let series: Vec<i64> = (0..231).map(|day| registered(share, day)).collect();
            assert!(series.windows(2).all(|pair| pair[0] <= pair[1]));
        }
    }
}
