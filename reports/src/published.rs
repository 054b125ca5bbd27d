//! The register of what a bulletin prints: no number reaches the page without passing here.

use std::collections::BTreeMap;

use jiff::civil::Date;
use serde::{Deserialize, Serialize};
use vigie_queries::{Place, TimeType};

use crate::figures::Drawing;

/// One printed number, with what it is about.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct PublishedValue {
    /// Section of the bulletin.
    pub section: String,
    /// `text`, `table` or `figure`; empty when read back from the lake, which does not keep it.
    #[serde(default)]
    pub kind: String,
    /// What the reader sees it named.
    pub label: String,
    /// Id of the indicator; `.change` and `.change_share` follow the id of what changed, `.published` and `.revised` that
    /// of a value of the bulletin before; `rule:<id>` for scores, `rule:<id>.level` and `rule:<id>.alert` for levels (the
    /// value is the rank); `.forecast` follows the id of what is forecast (the quantile is the category), `.forecast_within` and
    /// `.forecast_error` what a model did before (the model is the category); `feed.…`, `finding.…`, `changes.…` for
    /// figures that are no indicators.
    pub indicator: String,
    /// Category within it, may be empty.
    pub category: String,
    /// `department`, `region`, `country`, `source`.
    pub geo_type: String,
    /// Code of the place.
    pub geo_value: String,
    /// `day` or `week`.
    pub time_type: String,
    /// The day, or the Monday of the week.
    pub time_value: Date,
    /// The value at full precision; none when a gap was printed.
    pub value: Option<f64>,
    /// Its unit.
    pub unit: String,
    /// What was printed.
    pub printed: String,
}

/// Whether an id is of a forecast or of what a model did before ([`PublishedValue::indicator`]).
#[must_use]
pub fn is_of_forecast(indicator: &str) -> bool {
    indicator.split_once('.').is_some_and(|(_, part)| part.starts_with("forecast"))
}

/// One plotted series.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct PlottedSeries {
    /// Section of the bulletin.
    pub section: String,
    /// Always `figure`.
    pub kind: String,
    /// Title of the figure.
    pub label: String,
    /// Id of the indicator.
    pub indicator: String,
    /// Category within it, may be empty.
    pub category: String,
    /// `department`, `region`, `country`.
    pub geo_type: String,
    /// Code of the place.
    pub geo_value: String,
    /// `day` or `week`.
    pub time_type: String,
    /// Unit.
    pub unit: String,
    /// Date, value (none is a gap) and status of each point.
    pub points: Vec<(Date, Option<f64>, String)>,
}

/// What a number is about.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct About {
    pub(crate) indicator: String,
    pub(crate) category: String,
    pub(crate) place: Place,
    pub(crate) time_type: TimeType,
    pub(crate) date: Date,
}

/// Where the numbers and pictures of a bulletin are gathered while it is written.
#[derive(Debug, Default)]
pub(crate) struct Register {
    section: String,
    values: Vec<PublishedValue>,
    plotted: Vec<PlottedSeries>,
    /// Places of the values, by label and text: the same number is often printed again.
    known: BTreeMap<(String, String), Vec<usize>>,
    drawings: Vec<Drawing>,
    indicators: Vec<String>,
}

/// Name of the picture of the figure drawn in this place, from 1.
pub(crate) fn picture_name(place: usize) -> String {
    format!("fig-{place:02}.svg")
}

impl Register {
    /// From here on numbers belong to this section.
    pub(crate) fn enter(&mut self, section: &str) {
        section.clone_into(&mut self.section);
    }

    /// Notes a number and hands its text back.
    pub(crate) fn note(
        &mut self,
        kind: &str,
        label: &str,
        about: &About,
        value: Option<f64>,
        unit: &str,
        printed: String,
    ) -> String {
        let entry = PublishedValue {
            section: self.section.clone(),
            kind: kind.to_owned(),
            label: label.to_owned(),
            indicator: about.indicator.clone(),
            category: about.category.clone(),
            geo_type: about.place.geo_type.as_str().to_owned(),
            geo_value: about.place.code.clone(),
            time_type: time_word(about.time_type).to_owned(),
            time_value: about.date,
            value,
            unit: unit.to_owned(),
            printed: printed.clone(),
        };
        let alike = self.known.entry((entry.label.clone(), entry.printed.clone())).or_default();
        if !alike.iter().any(|place| self.values[*place] == entry) {
            alike.push(self.values.len());
            self.values.push(entry);
        }
        self.define(&about.indicator);
        printed
    }

    /// Notes a plotted series.
    pub(crate) fn plot(
        &mut self,
        title: &str,
        indicator: &str,
        category: &str,
        place: &Place,
        unit: &str,
        points: Vec<(Date, Option<f64>, String)>,
    ) {
        self.define(indicator);
        self.plotted.push(PlottedSeries {
            section: self.section.clone(),
            kind: "figure".to_owned(),
            label: title.to_owned(),
            indicator: indicator.to_owned(),
            category: category.to_owned(),
            geo_type: place.geo_type.as_str().to_owned(),
            geo_value: place.code.clone(),
            time_type: "day".to_owned(),
            unit: unit.to_owned(),
            points,
        });
    }

    /// Keeps what is to be drawn and returns the name that its picture will have.
    pub(crate) fn keep_drawing(&mut self, drawing: Drawing) -> String {
        self.drawings.push(drawing);
        picture_name(self.drawings.len())
    }

    /// Ids whose definition the bulletin owes its readers, in the order they were first printed.
    pub(crate) fn indicators(&self) -> &[String] {
        &self.indicators
    }

    /// All that was gathered: printed numbers, plotted series, figures to draw.
    pub(crate) fn finish(self) -> (Vec<PublishedValue>, Vec<PlottedSeries>, Vec<Drawing>) {
        (self.values, self.plotted, self.drawings)
    }

    fn define(&mut self, indicator: &str) {
        let id = indicator.split('.').next().unwrap_or(indicator);
        if !self.indicators.iter().any(|known| known == id) {
            self.indicators.push(id.to_owned());
        }
    }
}

/// The word of a time type.
pub(crate) fn time_word(time_type: TimeType) -> &'static str {
    match time_type {
        TimeType::Day => "day",
        TimeType::Week => "week",
    }
}
