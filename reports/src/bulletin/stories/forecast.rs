//! What the forecasts say of the territory: fans, the numbers of the last day, how the same model did before.

use jiff::civil::Date;
use vigie_queries::{Forecast, ForecastModel, QUANTILE_LEVELS, TimeType};

use super::super::labels;
use super::super::parts;
use super::super::view::View;
use super::beds::{self, Left};
use crate::document::{Block, Rich};
use crate::figures::{Drawing, Fan, FanDay, Size, Threshold};
use crate::french;
use crate::published::{About, Register};
use crate::sentences::{self, Ahead, Capacity, Past, Reach};

/// Weeks drawn before the fan opens.
const WEEKS_KNOWN: i64 = 8;
/// Sundays tried again, below which nothing is said of the past.
const ASKED_MIN: usize = 6;
/// Share of the days that fell into the range, below which it was too narrow: eight in ten were meant, and less than half is
/// more than chance.
const WITHIN_MIN: f64 = 0.5;

/// The forecasts of the territory by the models that are printed, each with its model.
pub(crate) fn printed<'a>(view: &View<'a>) -> Vec<(&'a Forecast, &'a ForecastModel)> {
    let own = view.input.forecasts.iter().filter(|forecast| forecast.place == *view.territory());
    own.filter_map(|forecast| {
        let model = view.input.vocabulary.printed_model(&forecast.indicator, forecast.place.geo_type)?;
        (model.id == forecast.model).then_some((forecast, model))
    })
    .collect()
}

/// Sentences on the days to come, and their fans where there is room for them.
pub(crate) fn write(view: &View, register: &mut Register, with_fans: bool) -> (Vec<Rich>, Vec<Block>) {
    let (mut said, mut fans) = (Vec::new(), Vec::new());
    let printed = printed(view);
    // Two stand side by side; one alone takes the width of the page.
    let width_pt = if printed.len() == 1 { Size::WIDE.width_pt } else { Size::HALF.width_pt };
    for (forecast, model) in printed {
        let what = labels::of(view, &forecast.indicator);
        let rival = view.input.forecasts.iter().find(|other| {
            model.compared_with.as_ref() == Some(&other.model)
                && (&other.indicator, &other.place) == (&forecast.indicator, &forecast.place)
        });
        let Some((lead, mut rest)) = ahead(view, register, forecast, &what) else { continue };
        rest.push_str(&track(view, register, forecast, rival, &what));
        said.push(parts::led(&lead, &rest));
        if with_fans {
            fans.push(fan(view, register, forecast, &what, width_pt));
        }
    }
    if !said.is_empty() {
        said.insert(0, parts::text(sentences::what_a_forecast_is()));
    }
    (said, fans)
}

/// What a number of a forecast is about; `category` tells those of one day apart: the quantile, the model.
fn about(view: &View, forecast: &Forecast, part: &str, category: &str, date: Date) -> About {
    About {
        indicator: format!("{}.{part}", forecast.indicator),
        category: category.to_owned(),
        time_type: TimeType::Day,
        date,
        ..view.about(&forecast.indicator, "", &forecast.place, 0)
    }
}

/// The category of a quantile.
fn quantile(level: f64) -> String {
    format!("quantile {level}")
}

/// The range of the last day, and the capacity it is measured against.
fn ahead(view: &View, register: &mut Register, forecast: &Forecast, what: &str) -> Option<(String, String)> {
    let last = forecast.days.last()?;
    let (unit, decimals) = view.unit(&forecast.indicator);
    let mut note = |name: &str, index: usize| {
        let (level, value) = (QUANTILE_LEVELS[index], last.quantiles[index]);
        let label = format!("{what}, prévision : {name}");
        let about = about(view, forecast, "forecast", &quantile(level), last.day);
        register.note("text", &label, &about, Some(value), &unit, view.text(&forecast.indicator, value))
    };
    let ahead = Ahead {
        what: what.to_owned(),
        day: last.day,
        low: note("bas de la fourchette, 8 chances sur 10", 1),
        median: note("médiane", 3),
        high: note("haut de la fourchette, 8 chances sur 10", 5),
    };
    // A range is held against the capacity as it is printed.
    let scale = 10_f64.powi(i32::from(decimals));
    let [low, median, high] = [1, 3, 5].map(|index| (last.quantiles[index] * scale).round() / scale);
    let mut note = |part: &str, value: f64, unit: &str| {
        let mut about = view.about(&forecast.indicator, "", &forecast.place, 0);
        // Beds and patients of today: facts of a bulletin's day, as thresholds are.
        about.indicator = format!("{}.{part}.threshold", forecast.indicator);
        let label = format!("{what}, capacité");
        register.note("text", &label, &about, Some(value), unit, french::number(value, 0))
    };
    let now = view.sample(&forecast.indicator, "", &forecast.place, 0).map(|sample| sample.value);
    let reach = |bound: f64| Reach::of(low, median, high, bound, now);
    let capacity = capacity(view, forecast).map(|found| match found {
        Left::Of { beds, others, left, is_estimated } => Capacity::Left {
            beds: note("beds", beds, "lits"),
            others: match note("others", others, "patients") {
                text if is_estimated => format!("environ\u{A0}{text}"),
                text => text,
            },
            left: note("left", left, "lits"),
            reach: reach(left),
        },
        Left::Kept { beds } => Capacity::Kept { beds: note("beds", beds, "lits"), reach: reach(beds) },
        Left::Unknown { beds } => Capacity::Unknown { beds: note("beds", beds, "lits") },
    });
    Some(sentences::ahead(&ahead, capacity.as_ref()))
}

/// What the forecast of Covid-19 patients in intensive care is held against: the beds that others leave on the Sunday.
fn capacity(view: &View, forecast: &Forecast) -> Option<Left> {
    (forecast.indicator == "icu_patients").then(|| beds::left_for_covid(view, view.sunday)).flatten()
}

/// That capacity as a line of the fan.
fn line(capacity: Left) -> Option<Threshold> {
    let (value, label) = match capacity {
        Left::Of { left, .. } => (left, format!("{} lits laissés au Covid-19", french::number(left, 0))),
        Left::Kept { beds } => (beds, format!("{} lits Covid-19", french::number(beds, 0))),
        Left::Unknown { .. } => return None,
    };
    Some(Threshold { value, label, from: None, until: None })
}

fn fan(view: &View, register: &mut Register, forecast: &Forecast, what: &str, width_pt: f64) -> Block {
    let id = forecast.indicator.as_str();
    let (unit, decimals) = view.unit(id);
    let from = view.monday(WEEKS_KNOWN - 1);
    let title = french::typography(&format!("{what} : prévision"));
    let known = parts::points(view, register, &title, id, "", &forecast.place);
    for (index, level) in QUANTILE_LEVELS.iter().enumerate() {
        let of_level =
            |day: &vigie_queries::ForecastDay| (day.day, Some(day.quantiles[index]), "forecast".to_owned());
        let points = forecast.days.iter().map(of_level).collect();
        let (id, category) = (format!("{id}.forecast"), quantile(*level));
        register.plot(&title, &id, &category, &forecast.place, &unit, points);
    }
    let spec = Fan {
        title: title.clone(),
        unit: parts::figure_unit(&unit, decimals, &unit),
        known: known.into_iter().filter(|point| point.date >= from).collect(),
        ahead: forecast
            .days
            .iter()
            .map(|day| FanDay {
                date: day.day,
                median: day.median(),
                range_50: day.range_50(),
                range_80: day.range_80(),
            })
            .collect(),
        thresholds: capacity(view, forecast).and_then(line).into_iter().collect(),
        from,
        reference: forecast.reference,
        size: Size { width_pt, height_pt: 118.0 },
    };
    let mut block = parts::picture(view, register, Drawing::Fan(spec), &title, &[id]);
    if let Block::Figure(figure) = &mut block {
        figure.source = french::typography(&format!("{} {}", sentences::how_to_read_a_fan(), figure.source));
    }
    block
}

/// How the same model did before, against one of no change; nothing where it was hardly ever asked.
fn track(
    view: &View,
    register: &mut Register,
    forecast: &Forecast,
    rival: Option<&Forecast>,
    what: &str,
) -> String {
    let Some(track) = forecast.track.filter(|track| track.asked >= ASKED_MIN) else { return String::new() };
    // Only a rival that was asked as often and as far ahead.
    let rival = rival.and_then(|rival| Some((rival, rival.track?)));
    let rival = rival.filter(|(_, other)| (other.asked, other.horizon) == (track.asked, track.horizon));
    let mut note = |part: &str, name: &str, model: &str, value: f64, printed: String| {
        let label = format!("{what}, prévisions passées : {name}");
        let about = about(view, forecast, part, model, view.sunday);
        register.note("text", &label, &about, Some(value), "share", printed)
    };
    let within = track.within_80 as f64 / track.asked as f64;
    let times = format!(
        "{} fois sur {}",
        french::number(track.within_80 as f64, 0),
        french::number(track.asked as f64, 0)
    );
    let mut error = |name: &str, model: &str, error: f64| {
        note("forecast_error", name, model, error, french::percent(error, 0))
    };
    let own = error("erreur moyenne", &forecast.model, track.error);
    let no_change =
        rival.map(|(rival, other)| error("erreur moyenne si rien ne change", &rival.model, other.error));
    let past = Past {
        days: track.horizon,
        times: note("forecast_within", "part dans la fourchette", &forecast.model, within, times),
        error: own,
        no_change,
        is_narrow: within < WITHIN_MIN,
        is_no_better: rival.is_some_and(|(_, other)| other.error <= track.error),
    };
    sentences::past(&past)
}
