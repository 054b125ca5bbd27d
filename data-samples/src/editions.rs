//! The sequence of editions: what each feed said on seven mornings of 2020.

use jiff::Timestamp;
use jiff::civil::{Date, date};

use crate::places::{self, DEPARTMENTS_CSV, Department};
use crate::wave::{Shape, Window, index_of};
use crate::write::{gzip, workbook};
use crate::{
    capacity, centres, context, defects, emergency, hospital, on_call, platforms, screening, supply,
};

/// What the feeds said at one moment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Edition {
    /// When the publishers issued it.
    pub issued_at: Timestamp,
    /// One body per source.
    pub bodies: Vec<Body>,
}

/// One file, as a publisher serves it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Body {
    /// Name of the source, such as `hospital_stock`.
    pub source: String,
    /// Name of the file, such as `hospital_stock.csv.gz`.
    pub file_name: String,
    /// The file.
    pub bytes: Vec<u8>,
}

/// Days of issue, all at 06:00 UTC. The last two come after the series' last day: late rows and revisions only.
const ISSUED: [Date; 7] = [
    date(2020, 3, 30),
    date(2020, 6, 29),
    date(2020, 9, 14),
    date(2020, 10, 5),
    date(2020, 10, 12),
    date(2020, 10, 19),
    date(2020, 10, 22),
];

/// Length of the series: 33 weeks, to Sunday 18 October 2020 (end of week 42).
pub(crate) const DAYS: usize = 33 * 7;

/// Days that an increment sends again, corrected, before its own.
const OVERLAP: usize = 7;

/// Everything that was really so, of which each edition tells what was known.
struct World {
    departments: Vec<Department>,
    shapes: Vec<Shape>,
    stays: Vec<Vec<hospital::Day>>,
    tests: Vec<Vec<screening::Day>>,
    visits: Vec<Vec<emergency::Day>>,
    seed: u64,
}

impl World {
    fn new(seed: u64) -> Self {
        let departments = places::occitanie();
        let shapes: Vec<Shape> = departments.iter().map(|one| Shape::of(one, seed)).collect();
        let both = || departments.iter().zip(&shapes);
        Self {
            stays: both().map(|(one, shape)| hospital::stays(one, *shape, DAYS, seed)).collect(),
            tests: both().map(|(one, shape)| screening::days(one, *shape, DAYS, seed)).collect(),
            visits: both().map(|(one, shape)| emergency::days(one, *shape, DAYS, seed)).collect(),
            shapes,
            departments,
            seed,
        }
    }
}

/// Generates all editions: the same seed gives the same figures on every machine.
#[must_use]
pub fn editions(seed: u64) -> Vec<Edition> {
    let world = World::new(seed);
    let mut told = 0;
    ISSUED
        .into_iter()
        .map(|day| {
            let issued = index_of(day).unwrap_or(DAYS);
            let to = issued.min(DAYS);
            let window = Window { from: told.min(to).saturating_sub(OVERLAP), to, issued };
            told = to;
            Edition { issued_at: issued_at(day), bodies: bodies(&world, day, window) }
        })
        .collect()
}

/// An edition's time of issue: 06:00 UTC on its day.
pub(crate) fn issued_at(day: Date) -> Timestamp {
    day.at(6, 0, 0, 0)
        .to_zoned(jiff::tz::TimeZone::UTC)
        .expect("no day of 2020 to 2030 is out of the range of an instant")
        .timestamp()
}

fn bodies(world: &World, day: Date, window: Window) -> Vec<Body> {
    let World { departments, shapes, stays, tests, visits, seed } = world;
    let (seed, Window { to, issued, .. }) = (*seed, window);
    let demands = platforms::demands(departments, shapes, window, seed);
    let plain = |source: &str, extension: &str, text: String| Body {
        source: source.to_owned(),
        file_name: format!("{source}.{extension}"),
        bytes: defects::apply(source, day, text).into_bytes(),
    };
    let packed = |source: &str, extension: &str, text: String| {
        let body = plain(source, extension, text);
        Body { file_name: format!("{}.gz", body.file_name), bytes: gzip(&body.bytes), ..body }
    };
    vec![
        plain("access_numbers", "csv", context::ACCESS_NUMBERS_CSV.to_owned()),
        plain("capacity_steps", "csv", context::CAPACITY_STEPS_CSV.to_owned()),
        plain("centres", "csv", centres::csv(departments, day, seed)),
        plain("departments", "csv", DEPARTMENTS_CSV.to_owned()),
        packed("er_visits", "csv", emergency::csv(departments, visits, to, issued)),
        plain("events", "csv", context::events_csv(day)),
        packed("hospital_admissions", "csv", hospital::admissions_csv(departments, stays, to, issued, seed)),
        packed("hospital_capacity", "csv", capacity::csv(departments, stays, window, seed)),
        packed("hospital_stock", "csv", hospital::stock_csv(departments, stays, to)),
        plain("icu_other_patients", "csv", context::ICU_OTHER_PATIENTS_CSV.to_owned()),
        packed("nurse_platform", "json", platforms::nurses_json(departments, shapes, window, seed)),
        packed("on_call", "csv", on_call::csv(departments, window, seed)),
        Body {
            source: "reinforcement".into(),
            file_name: "reinforcement.xlsx".into(),
            bytes: workbook(&demands),
        },
        plain("telemedicine", "csv", platforms::telemedicine_csv(departments, shapes, window, seed)),
        packed("test_supply", "ndjson", supply::ndjson(departments, tests, window, seed)),
        packed("tests", "csv", screening::csv(departments, tests, to, issued)),
    ]
}
