//! Values of indicators, looked up by what they are about.

use std::collections::BTreeMap;

use jiff::civil::Date;
use serde::{Deserialize, Serialize};

use crate::Place;

/// Whether a value can be relied on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Status {
    /// Complete and settled.
    Ok,
    /// Complete but younger than the settling time of a source: printed hatched, said *provisoire*.
    Partial,
    /// No value; the reason says why.
    Missing,
}

impl Status {
    /// The word used in tables.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Ok => "ok",
            Self::Partial => "partial",
            Self::Missing => "missing",
        }
    }
}

/// Span of time a value is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum TimeType {
    /// A day.
    Day,
    /// An ISO week, dated by its Monday.
    Week,
}

/// One value of one indicator, or the gap in its stead.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Observation {
    /// The value, in the indicator's unit; shares are 0..1.
    pub value: Option<f64>,
    /// What was counted.
    pub numerator: Option<f64>,
    /// What it was divided by.
    pub denominator: Option<f64>,
    /// Whether the value can be relied on.
    pub status: Status,
    /// French sentence: why there is no value.
    pub missing_reason: Option<String>,
    /// Share of those expected that the value rests on, 0 to 1; none where it is whole or nothing.
    pub coverage: Option<f64>,
    /// Who is missing, by name, where that is known.
    pub lacking: Option<String>,
    /// Where too few reported for a value: what those who did would give. It is never printed without saying so.
    pub without: Option<f64>,
}

/// How the reason of a gap begins where nothing was due: no strike that day, no request, no bed to fill. Nobody failed to
/// report, and there is nothing to judge.
pub const NOTHING_DUE: &str = "sans objet";

impl Observation {
    /// A value, or the reason of a gap, and nothing else.
    #[must_use]
    pub fn of(value: Option<f64>, status: Status, missing_reason: Option<String>) -> Self {
        Self {
            value,
            numerator: None,
            denominator: None,
            status,
            missing_reason,
            coverage: None,
            lacking: None,
            without: None,
        }
    }

    /// Whether there is no value because nothing was due.
    #[must_use]
    pub fn nothing_due(&self) -> bool {
        self.value.is_none() && self.missing_reason.as_deref().is_some_and(|why| why.starts_with(NOTHING_DUE))
    }
}

/// What a series is about.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
pub struct SeriesKey {
    /// Id of the indicator.
    pub indicator: String,
    /// Category within the indicator (a product, a platform); empty for the whole.
    pub category: String,
    /// The place.
    pub place: Place,
    /// Days or weeks.
    pub time_type: TimeType,
}

/// All values known in a run, ordered: what is printed from it never depends on hashing.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Observations {
    series: BTreeMap<SeriesKey, BTreeMap<Date, Observation>>,
}

impl Observations {
    /// Adds one value; a second one for the same key and date replaces the first.
    pub fn insert(&mut self, key: SeriesKey, date: Date, observation: Observation) {
        self.series.entry(key).or_default().insert(date, observation);
    }

    /// Takes in the series of others; one of the same key replaces the one here.
    pub fn append(&mut self, mut others: Self) {
        self.series.append(&mut others.series);
    }

    /// The series of a key, empty when there was none: for many values of one key.
    pub fn series_mut(&mut self, key: SeriesKey) -> &mut BTreeMap<Date, Observation> {
        self.series.entry(key).or_default()
    }

    /// The value at a date, when the run produced one (possibly a gap).
    #[must_use]
    pub fn get(
        &self,
        indicator: &str,
        category: &str,
        place: &Place,
        time_type: TimeType,
        date: Date,
    ) -> Option<&Observation> {
        self.series(indicator, category, place, time_type)?.get(&date)
    }

    /// A whole series by date.
    #[must_use]
    pub fn series(
        &self,
        indicator: &str,
        category: &str,
        place: &Place,
        time_type: TimeType,
    ) -> Option<&BTreeMap<Date, Observation>> {
        self.series.get(&SeriesKey {
            indicator: indicator.to_owned(),
            category: category.to_owned(),
            place: place.clone(),
            time_type,
        })
    }

    /// The non-empty categories an indicator has at a place, in order.
    #[must_use]
    pub fn categories(&self, indicator: &str, place: &Place) -> Vec<&str> {
        let mut found: Vec<&str> = self
            .series
            .keys()
            .filter(|k| k.indicator == indicator && k.place == *place && !k.category.is_empty())
            .map(|k| k.category.as_str())
            .collect();
        found.dedup();
        found.sort_unstable();
        found.dedup();
        found
    }

    /// Every series, in order.
    pub fn iter(&self) -> impl Iterator<Item = (&SeriesKey, &BTreeMap<Date, Observation>)> {
        self.series.iter()
    }
}
