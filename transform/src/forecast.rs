//! Forecasts: what the models of the vocabulary say of the days after a Sunday, from the days up to it.
//!
//! A model smooths the logarithms of a series (level and trend, the trend damped) and prolongs them. Its ranges are the
//! errors that the same smoothing made at the same horizon on every day before, taken up and down alike; so they need no
//! assumption on how a number varies, and widen where the past was agitated. Gaps are stepped over.

use std::collections::BTreeMap;
use std::sync::Arc;

use arrow::array::{Date32Array, Float64Array, Int64Array, RecordBatch, StringArray};
use arrow::datatypes::{DataType, Field, Schema, SchemaRef};
use jiff::ToSpan as _;
use jiff::civil::Date;
use rayon::prelude::*;
use vigie_queries::{
    Forecast, ForecastDay, ForecastModel, Observation, Observations, Place, QUANTILE_LEVELS, SeriesKey,
    TimeType, Track, Vocabulary,
};

use crate::Error;
use crate::system::date32;

/// The last value may be so many days older than the day of reference.
const STALE_DAYS: usize = 2;
/// Sundays on which a model is tried again, those whose day to come is known.
const TRACK_SUNDAYS: usize = 12;

/// Asks every model of the vocabulary of the series it is for.
///
/// - `reference`: the Sunday from which days are counted; later days are not looked at.
/// - `begins`: first day that may be counted (after a break of definition); none for all.
///
/// A series that is too short, too small or not known on that Sunday gives no forecast. In order of model, indicator, place.
#[must_use]
pub fn forecasts(
    vocabulary: &Vocabulary,
    observations: &Observations,
    reference: Date,
    begins: &(dyn Fn(&str, &Place) -> Option<Date> + Sync),
) -> Vec<Forecast> {
    let series: Vec<(&SeriesKey, &BTreeMap<Date, Observation>)> = observations
        .iter()
        .filter(|(key, _)| key.time_type == TimeType::Day && key.category.is_empty())
        .collect();
    let of_model = |model: &ForecastModel| {
        let asked =
            series.par_iter().filter(|(key, _)| model.is_asked_of(&key.indicator, key.place.geo_type));
        let said = asked.filter_map(|(key, days)| {
            let days = values(days, begins(&key.indicator, &key.place), reference)?;
            let (days, track) = ask(model, &days, reference)?;
            Some(Forecast {
                model: model.id.clone(),
                indicator: key.indicator.clone(),
                place: key.place.clone(),
                reference,
                days,
                track,
            })
        });
        said.collect::<Vec<Forecast>>()
    };
    vocabulary.forecast_models().flat_map(of_model).collect()
}

/// One value a day, none for a gap, from the first value counted to the day of reference.
fn values(
    series: &BTreeMap<Date, Observation>,
    begins: Option<Date>,
    reference: Date,
) -> Option<Vec<Option<f64>>> {
    let counted = |day: Date| begins.is_none_or(|begins| begins <= day);
    let count =
        |observation: &Observation| observation.value.filter(|value| value.is_finite() && *value >= 0.0);
    let known =
        series.range(..=reference).find(|(day, observation)| counted(**day) && count(observation).is_some());
    let (mut day, mut days) = (*known?.0, Vec::new());
    while day <= reference {
        days.push(series.get(&day).and_then(count));
        day = day.checked_add(1.day()).ok()?;
    }
    Some(days)
}

/// The days to come after the last of `values`, and how the model did before.
fn ask(
    model: &ForecastModel,
    values: &[Option<f64>],
    reference: Date,
) -> Option<(Vec<ForecastDay>, Option<Track>)> {
    let last = values.iter().rposition(Option::is_some)?;
    let late = values.len() - 1 - last;
    if late > STALE_DAYS || values[last]? < model.value_min {
        return None;
    }
    let smoothed = Smoothed::of(model, values);
    let days: Option<Vec<ForecastDay>> = (1..=model.horizon_days)
        .map(|horizon| {
            let quantiles = smoothed.quantiles(last, late + usize::from(horizon), model.errors_min)?;
            let day = reference.checked_add(i64::from(horizon).days()).ok()?;
            Some(ForecastDay { day, horizon, quantiles })
        })
        .collect();
    Some((days?, track(model, &smoothed, values)))
}

/// The model asked on earlier Sundays, at its last horizon.
fn track(model: &ForecastModel, smoothed: &Smoothed, values: &[Option<f64>]) -> Option<Track> {
    let ahead = usize::from(model.horizon_days);
    let mut track = Track { horizon: model.horizon_days, asked: 0, within_80: 0, error: 0.0 };
    let sundays = (0..values.len()).rev().step_by(7);
    for sunday in sundays.filter(|sunday| sunday + ahead < values.len()).take(TRACK_SUNDAYS) {
        let (Some(known), Some(came)) = (values[sunday], values[sunday + ahead]) else { continue };
        let Some(said) = smoothed.quantiles(sunday, ahead, model.errors_min) else { continue };
        if known < model.value_min {
            continue;
        }
        track.asked += 1;
        track.within_80 += usize::from((said[1]..=said[5]).contains(&came));
        track.error += (said[3] - came).abs() / came.max(1.0);
    }
    track.error = rounded(track.error / track.asked.max(1) as f64);
    (track.asked > 0).then_some(track)
}

/// A series smoothed day by day.
struct Smoothed {
    /// Logarithms of the values, one added so that none is of zero.
    logs: Vec<Option<f64>>,
    /// Level and trend after each day.
    states: Vec<(f64, f64)>,
    /// How many times the trend adds to the level within so many days.
    reach: Vec<f64>,
}

impl Smoothed {
    fn of(model: &ForecastModel, values: &[Option<f64>]) -> Self {
        let logs: Vec<Option<f64>> =
            values.iter().map(|value| value.map(|value| (value + 1.0).ln())).collect();
        let mut states = Vec::with_capacity(logs.len());
        let mut state: Option<(f64, f64)> = None;
        for log in &logs {
            let next = match (state, log) {
                (None, log) => (log.unwrap_or(0.0), 0.0), // a series begins with a value
                (Some((level, trend)), None) => (level + model.damping * trend, model.damping * trend),
                (Some((level, trend)), Some(log)) => {
                    let expected = level + model.damping * trend;
                    let new = model.level * log + (1.0 - model.level) * expected;
                    (new, model.trend * (new - level) + (1.0 - model.trend) * model.damping * trend)
                }
            };
            states.push(next);
            state = Some(next);
        }
        let mut share = 1.0;
        let reach = (0..=usize::from(model.horizon_days) + STALE_DAYS)
            .scan(0.0, |sum, day| {
                if day > 0 {
                    share *= model.damping;
                    *sum += share;
                }
                Some(*sum)
            })
            .collect();
        Self { logs, states, reach }
    }

    /// The logarithm expected so many days after a day.
    fn ahead(&self, day: usize, horizon: usize) -> f64 {
        let (level, trend) = self.states[day];
        level + trend * self.reach[horizon]
    }

    /// Values at [`QUANTILE_LEVELS`] so many days after a day, to a millionth; none with fewer past errors than asked.
    fn quantiles(&self, day: usize, horizon: usize, errors_min: usize) -> Option<[f64; 7]> {
        let origins = 0..=day.checked_sub(horizon)?;
        let known = origins.filter(|origin| self.logs[*origin].is_some());
        let mut errors: Vec<f64> = known
            .filter_map(|origin| Some(self.logs[origin + horizon]? - self.ahead(origin, horizon)))
            .collect();
        if errors.len() < errors_min {
            return None;
        }
        errors.extend_from_within(..);
        let half = errors.len() / 2;
        errors[half..].iter_mut().for_each(|error| *error = -*error);
        errors.sort_by(f64::total_cmp);
        let expected = self.ahead(day, horizon);
        Some(
            QUANTILE_LEVELS
                .map(|level| rounded(((expected + quantile(&errors, level)).exp() - 1.0).max(0.0))),
        )
    }
}

/// A millionth is enough, and logarithms may differ in their last bit from one machine to another.
fn rounded(value: f64) -> f64 {
    (value * 1e6).round() / 1e6
}

/// Quantile of sorted values, between neighbours by their distance; the outermost value beyond the ends.
fn quantile(sorted: &[f64], level: f64) -> f64 {
    let place = (level * (sorted.len() + 1) as f64 - 1.0).clamp(0.0, (sorted.len() - 1) as f64);
    let (below, share) = (place.floor() as usize, place.fract());
    let above = (below + 1).min(sorted.len() - 1);
    sorted[below] + share * (sorted[above] - sorted[below])
}

/// The schema of the table `forecasts`, version columns left out.
#[must_use]
pub fn forecasts_schema() -> SchemaRef {
    let text = |name| Field::new(name, DataType::Utf8, false);
    Arc::new(Schema::new(vec![
        text("model_id"),
        Field::new("reference_date", DataType::Date32, false),
        text("target"),
        Field::new("horizon", DataType::Int64, false),
        Field::new("target_end_date", DataType::Date32, false),
        text("geo_type"),
        text("geo_value"),
        text("output_type"),
        text("output_type_id"),
        Field::new("value", DataType::Float64, true),
    ]))
}

/// Rows of the table `forecasts` (hubverse) of one day of reference: one a quantile, sorted by the key of the table.
///
/// # Errors
/// [`Error::Arrow`]: never, the columns are made together.
pub fn forecasts_batch(forecasts: &[Forecast]) -> Result<RecordBatch, Error> {
    let mut rows: Vec<(&Forecast, &ForecastDay, f64, f64)> = forecasts
        .iter()
        .flat_map(|forecast| forecast.days.iter().map(move |day| (forecast, day)))
        .flat_map(|(forecast, day)| {
            QUANTILE_LEVELS
                .iter()
                .zip(day.quantiles)
                .map(move |(level, value)| (forecast, day, *level, value))
        })
        .collect();
    rows.sort_by(|(one, day, level, _), (other, other_day, other_level, _)| {
        fn key<'a>(of: &'a Forecast, day: &ForecastDay) -> (&'a str, &'a str, u16, &'a str, &'a str) {
            (&of.model, &of.indicator, day.horizon, of.place.geo_type.as_str(), &of.place.code)
        }
        key(one, day).cmp(&key(other, other_day)).then_with(|| level.total_cmp(other_level))
    });
    let text = |of: &dyn Fn(&Forecast) -> String| -> StringArray {
        rows.iter().map(|(forecast, ..)| Some(of(forecast))).collect()
    };
    let columns: Vec<arrow::array::ArrayRef> = vec![
        Arc::new(text(&|forecast| format!("vigie-{}", forecast.model))),
        Arc::new(rows.iter().map(|(forecast, ..)| Some(date32(forecast.reference))).collect::<Date32Array>()),
        Arc::new(text(&|forecast| forecast.indicator.clone())),
        Arc::new(rows.iter().map(|(_, day, ..)| Some(i64::from(day.horizon))).collect::<Int64Array>()),
        Arc::new(rows.iter().map(|(_, day, ..)| Some(date32(day.day))).collect::<Date32Array>()),
        Arc::new(text(&|forecast| forecast.place.geo_type.as_str().to_owned())),
        Arc::new(text(&|forecast| forecast.place.code.clone())),
        Arc::new(text(&|_| "quantile".to_owned())),
        Arc::new(rows.iter().map(|(_, _, level, _)| Some(level.to_string())).collect::<StringArray>()),
        Arc::new(rows.iter().map(|(.., value)| Some(*value)).collect::<Float64Array>()),
    ];
    RecordBatch::try_new(forecasts_schema(), columns)
        .map_err(|source| Error::Arrow { what: "forecasts".to_owned(), source })
}

#[cfg(test)]
#[path = "forecast_tests.rs"]
mod tests;
