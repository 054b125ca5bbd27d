//! What is forecast, by which model (`forecasts/*.toml`), and what a model says.

use jiff::civil::Date;
use serde::Deserialize;

use crate::query::check_id;
use crate::{Error, GeoType, Place};

/// Levels of the quantiles that a forecast gives: the median, and ranges of 50, 80 and 95 %.
pub const QUANTILE_LEVELS: [f64; 7] = [0.025, 0.1, 0.25, 0.5, 0.75, 0.9, 0.975];

/// Furthest day that may be forecast.
const HORIZON_MAX: u16 = 28;

/// A model: exponential smoothing of logarithms, `level` and `trend` being the weights of the newest day, `damping` what is
/// left of the trend from one day to the next.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ForecastModel {
    /// Id, and name of the file.
    pub id: String,
    /// Title for readers.
    pub title_fr: String,
    /// How it works and what it ignores, for readers: follows a colon.
    pub method_fr: String,
    /// Where the method comes from.
    pub reference: String,
    /// Indicators of the day it is asked of.
    pub indicators: Vec<String>,
    /// Kinds of places it is asked of.
    pub geo_types: Vec<GeoType>,
    /// Last day forecast, counted from the day of reference.
    pub horizon_days: u16,
    /// Weight of the newest day in the level, 0 to 1.
    pub level: f64,
    /// Weight of the newest step in the trend, 0 to 1.
    pub trend: f64,
    /// Share of the trend left after a day, 0 to 1.
    pub damping: f64,
    /// Past errors at a horizon, below which nothing is said of it.
    pub errors_min: usize,
    /// Last value below which nothing is forecast.
    pub value_min: f64,
    /// Id of the model it is measured against.
    pub compared_with: Option<String>,
    /// Path inside the vocabulary, for messages.
    #[serde(skip)]
    pub file: String,
    /// Tells versions of the file apart.
    #[serde(skip)]
    pub fingerprint: String,
}

impl ForecastModel {
    /// Reads one file of `forecasts/`.
    ///
    /// # Errors
    /// [`Error::Faulty`] when it is not valid, names another file, or a number is out of its range.
    pub fn parse(file: &str, text: &str) -> Result<Self, Error> {
        let mut model: Self = toml::from_str(text).map_err(|fault| Error::toml(file, text, &fault))?;
        check_id(file, text, &model.id)?;
        let fault = |key: &str, what: String| {
            Err(Error::at(file, text, text.find(&format!("\n{key} ")).map_or(0, |at| at + 1), what))
        };
        for (key, weight) in [("level", model.level), ("trend", model.trend), ("damping", model.damping)] {
            if !(0.0..=1.0).contains(&weight) {
                return fault(key, format!("{key} is {weight}; expected a share, 0 to 1"));
            }
        }
        if model.level == 0.0 {
            return fault("level", "level is 0: no day would count".into());
        }
        if !(1..=HORIZON_MAX).contains(&model.horizon_days) {
            let days = model.horizon_days;
            return fault("horizon_days", format!("horizon_days is {days}; expected 1 to {HORIZON_MAX}"));
        }
        if model.errors_min < 20 {
            let least = model.errors_min;
            return fault(
                "errors_min",
                format!("errors_min is {least}; a range needs 20 past errors or more"),
            );
        }
        model.file = file.to_owned();
        model.fingerprint = crate::vocabulary::fingerprint(text);
        Ok(model)
    }

    /// Whether it is asked of an indicator and a kind of place.
    #[must_use]
    pub fn is_asked_of(&self, indicator: &str, geo_type: GeoType) -> bool {
        self.indicators.iter().any(|id| id == indicator) && self.geo_types.contains(&geo_type)
    }
}

/// What a model says of an indicator of a place.
#[derive(Debug, Clone, PartialEq)]
pub struct Forecast {
    /// Id of the model.
    pub model: String,
    /// Id of the indicator.
    pub indicator: String,
    /// The place.
    pub place: Place,
    /// Day of reference: a Sunday. No day after it was looked at.
    pub reference: Date,
    /// The days to come, the first after the reference first.
    pub days: Vec<ForecastDay>,
    /// How the model did before, at the last of these days; none before it could be asked.
    pub track: Option<Track>,
}

/// What is said of one day.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct ForecastDay {
    /// The day.
    pub day: Date,
    /// Days from the reference.
    pub horizon: u16,
    /// Values at [`QUANTILE_LEVELS`], rising.
    pub quantiles: [f64; 7],
}

impl ForecastDay {
    /// The middle of what may come.
    #[must_use]
    pub fn median(&self) -> f64 {
        self.quantiles[3]
    }

    /// Eight chances in ten.
    #[must_use]
    pub fn range_80(&self) -> (f64, f64) {
        (self.quantiles[1], self.quantiles[5])
    }

    /// One chance in two.
    #[must_use]
    pub fn range_50(&self) -> (f64, f64) {
        (self.quantiles[2], self.quantiles[4])
    }
}

/// How a model did on the Sundays before, asked of the same series cut there.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Track {
    /// Days ahead that it was asked for.
    pub horizon: u16,
    /// Sundays whose day to come is known by the reference.
    pub asked: usize,
    /// Of these, how often the day fell into the range of 80 %.
    pub within_80: usize,
    /// Mean error of the median, as a share of what came.
    pub error: f64,
}
