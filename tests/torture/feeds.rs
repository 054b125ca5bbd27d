//! Three feeds whose editions follow from a number: each adds a day and revises the last few.

use jiff::civil::Date;
use jiff::{SignedDuration, Timestamp, ToSpan as _};

use super::rng::mix;

/// The sources that the harness feeds.
pub(crate) const SOURCES: [&str; 3] = ["hospital_stock", "tests", "er_visits"];

/// Occitanie.
const DEPARTMENTS: [&str; 13] =
    ["09", "11", "12", "30", "31", "32", "34", "46", "48", "65", "66", "81", "82"];

/// First day in every edition.
const FIRST: Date = Date::constant(2020, 9, 21);

/// Last day of edition 0.
const LAST: Date = Date::constant(2020, 10, 11);

/// Days that an edition still revises.
const REVISED: i32 = 4;

/// When an edition was issued: 18:00 UTC of its last day.
pub(crate) fn issued(edition: u32) -> Timestamp {
    let at = last_day(edition).at(0, 0, 0, 0).to_zoned(jiff::tz::TimeZone::UTC).unwrap().timestamp();
    at + SignedDuration::from_hours(18)
}

/// The same, as HTTP writes it.
pub(crate) fn http_date(at: Timestamp) -> String {
    at.strftime("%a, %d %b %Y %H:%M:%S GMT").to_string()
}

pub(crate) fn last_day(edition: u32) -> Date {
    LAST + i64::from(edition).days()
}

/// Rows of an edition that Vigie accepts.
pub(crate) fn rows(edition: u32) -> u64 {
    let days = (last_day(edition) - FIRST).get_days() + 1;
    DEPARTMENTS.len() as u64 * u64::try_from(days).unwrap()
}

/// A number that a day and a department always have, from 0 to `end`.
fn noise(parts: &[u64], end: u64) -> u64 {
    parts.iter().fold(17, |sum, part| mix(sum ^ part)) % end
}

/// The body of an edition. Every third one has a row that Vigie sets aside.
pub(crate) fn body(source: &str, edition: u32) -> Vec<u8> {
    let mut text = String::from(match source {
        "hospital_stock" => "\"dep\";\"sexe\";\"jour\";\"hosp\";\"rea\";\"rad\";\"dc\"\n",
        "tests" => "dep;jour;P;T;cl_age90\n",
        _ => {
            "dep;date_de_passage;sursaud_cl_age_corona;nbre_pass_corona;nbre_pass_tot;nbre_hospit_corona;\
             nbre_acte_corona;nbre_acte_tot\n"
        }
    });
    let last = last_day(edition);
    let mut day = FIRST;
    while day <= last {
        let n = u64::try_from((day - FIRST).get_days()).unwrap();
        let fresh = (last - day).get_days() < REVISED;
        for (rank, department) in DEPARTMENTS.iter().enumerate() {
            let place = rank as u64;
            let revision =
                if fresh { noise(&[place, n, u64::from(edition), source.len() as u64], 4) } else { 4 };
            let base = 100 + place * 7 + n + noise(&[place, n], 9);
            text.push_str(&match source {
                // A stock is not revised, a running total never falls.
                "hospital_stock" => {
                    format!(
                        "\"{department}\";\"0\";\"{day}\";{base};{};{};{}\n",
                        base / 6,
                        n * 5 + place,
                        n + 1
                    )
                }
                "tests" => format!("{department};{day};{};{};0\n", base / 10, base * 10 + revision),
                _ => format!("{department};{day};0;{};{};{};3;40\n", base / 9, base + revision, base / 30),
            });
        }
        day = day.tomorrow().unwrap();
    }
    if edition % 3 == 1 {
        text.push_str(match source {
            "hospital_stock" => "\"31\";\"0\";\"2020-02-30\";1;1;1;1\n",
            "tests" => "31;2020-02-30;1;1;0\n",
            _ => "31;2020-02-30;0;1;1;1;1;1\n",
        });
    }
    text.into_bytes()
}

/// The columns of a source's table that hold what its feed said.
pub(crate) fn columns(source: &str) -> &'static str {
    match source {
        "hospital_stock" => {
            "department, time_value, hospital_patients, icu_patients, discharged_total, deaths_total"
        }
        "tests" => "department, time_value, tests, positives",
        _ => "department, time_value, covid_visits, visits, covid_admitted, sos_covid_calls, sos_calls",
    }
}
