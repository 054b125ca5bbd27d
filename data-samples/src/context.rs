//! Reference feeds and dated context: departments, numbers to call, events.

use std::collections::BTreeSet;
use std::sync::LazyLock;

use jiff::civil::Date;

use crate::on_call::STRIKE;

const EVENTS_CSV: &str = include_str!("../../queries/reference/events.csv");

/// Numbers to call in Occitanie when practices are closed: the reference file, as it is.
pub(crate) const ACCESS_NUMBERS_CSV: &str = include_str!("../../queries/reference/access_numbers.csv");

/// Beds of intensive care by step, and published counts of other patients: the reference files, as they are.
pub(crate) const CAPACITY_STEPS_CSV: &str = include_str!("../../queries/reference/capacity_steps.csv");
pub(crate) const ICU_OTHER_PATIENTS_CSV: &str =
    include_str!("../../queries/reference/icu_other_patients.csv");

/// Whether the day is a public holiday of the whole country.
pub(crate) fn is_holiday(day: Date) -> bool {
    static HOLIDAYS: LazyLock<BTreeSet<Date>> = LazyLock::new(|| {
        EVENTS_CSV
            .lines()
            .filter(|line| line.contains(",country,FR,holiday,"))
            .filter_map(|line| line.split(',').nth(1)?.parse().ok())
            .collect()
    });
    HOLIDAYS.contains(&day)
}

/// Events of an edition issued on that day: the reference file, and what a region adds to it once it is known.
pub(crate) fn events_csv(issued: Date) -> String {
    let mut text = EVENTS_CSV.to_owned();
    let (starts, ends) = STRIKE;
    let own = [
        (
            starts,
            format!(
                "greve-regul-31-2020,{starts},{ends},department,31,strike,Grève des régulateurs de Haute-Garonne,\
                 Dates fictives,,,"
            ),
        ),
        (
            jiff::civil::date(2020, 10, 13),
            "grippe-2020,2020-10-13,2021-01-31,country,FR,campaign,Vaccination contre la grippe,,,,"
                .to_owned(),
        ),
    ];
    for (known_from, line) in own {
        if known_from < issued {
            text.push_str(&line);
            text.push('\n');
        }
    }
    text
}
