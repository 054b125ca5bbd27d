//! Inputs of any size for benches: the four national feeds, up to 101 departments, any number of days and editions.

use std::io::{self, Write};

use jiff::Timestamp;

use crate::editions::issued_at;
use crate::places::{self, Department};
use crate::wave::{Shape, day_at};
use crate::{emergency, hospital, screening};

/// A feed that [`Big`] writes, in the layout of Santé publique France.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum BigFeed {
    /// `hospital_stock`: three rows (sexes 0, 1, 2) a department and day.
    HospitalStock,
    /// `hospital_admissions`.
    HospitalAdmissions,
    /// `tests`.
    Tests,
    /// `er_visits`.
    ErVisits,
}

impl BigFeed {
    /// All four.
    pub const ALL: [Self; 4] = [Self::HospitalStock, Self::HospitalAdmissions, Self::Tests, Self::ErVisits];

    /// Name of the source.
    #[must_use]
    pub fn source(self) -> &'static str {
        match self {
            Self::HospitalStock => "hospital_stock",
            Self::HospitalAdmissions => "hospital_admissions",
            Self::Tests => "tests",
            Self::ErVisits => "er_visits",
        }
    }
}

/// A country of which the feeds tell: `big(101, 1096, seed)` is France over three years.
#[derive(Debug)]
pub struct Big {
    departments: Vec<Department>,
    stays: Vec<Vec<hospital::Day>>,
    tests: Vec<Vec<screening::Day>>,
    visits: Vec<Vec<emergency::Day>>,
    days: usize,
    seed: u64,
}

/// Draws the first `departments` departments (101 at most, by code) over `days` days from 2 March 2020; the wave comes
/// back every 34 weeks.
#[must_use]
pub fn big(departments: usize, days: usize, seed: u64) -> Big {
    let departments: Vec<Department> = places::all().into_iter().take(departments).collect();
    let shaped = || departments.iter().map(|one| (one, Shape::of(one, seed)));
    Big {
        stays: shaped().map(|(one, shape)| hospital::stays(one, shape, days, seed)).collect(),
        tests: shaped().map(|(one, shape)| screening::days(one, shape, days, seed)).collect(),
        visits: shaped().map(|(one, shape)| emergency::days(one, shape, days, seed)).collect(),
        departments,
        days,
        seed,
    }
}

impl Big {
    /// When the edition that came `back` days before the last was issued: the morning after its last day.
    #[must_use]
    pub fn issued_at(&self, back: usize) -> Timestamp {
        issued_at(day_at(self.days.saturating_sub(back)))
    }

    /// Writes one edition of a feed, `back` days before the last one: it tells `back` days fewer, and its young days are
    /// not complete yet. So `back = n - 1`, …, 1, 0 are n editions, each revising the one before. Gives the number of
    /// rows written, the header not counted.
    ///
    /// # Errors
    /// When `out` fails.
    pub fn write(&self, feed: BigFeed, back: usize, out: &mut impl Write) -> io::Result<u64> {
        let days = self.days.saturating_sub(back);
        let departments = &self.departments;
        let text = match feed {
            BigFeed::HospitalStock => hospital::stock_csv(departments, &self.stays, days),
            BigFeed::HospitalAdmissions => {
                hospital::admissions_csv(departments, &self.stays, days, days, self.seed)
            }
            BigFeed::Tests => screening::csv(departments, &self.tests, days, days),
            BigFeed::ErVisits => emergency::csv(departments, &self.visits, days, days),
        };
        out.write_all(text.as_bytes())?;
        Ok(text.lines().count().saturating_sub(1) as u64)
    }
}
