//! What a run gives.

use std::collections::BTreeMap;

use arrow::array::{Array, AsArray, RecordBatch};
use arrow::datatypes::{Date32Type, Float64Type};
use jiff::civil::Date;
use rayon::prelude::*;
use vigie_queries::{GeoType, Observation, Observations, Place, SeriesKey, Status, TimeType};

use crate::revisions::Settling;
use crate::system::date_of;
use crate::{Error, QueryFault};

/// The indicators of a run.
#[derive(Debug, Clone)]
pub struct Computed {
    /// Rows of the table `indicators` ([`crate::indicators_schema`]), sorted by indicator, category, place and time.
    pub indicators: Vec<RecordBatch>,
    /// The settling time that set what is provisional, by source.
    pub settling: BTreeMap<String, Settling>,
    /// The newest day that each source table read speaks of; none where it does not speak of days.
    pub last_days: BTreeMap<String, Option<Date>>,
    /// Queries that could not run, and those that read them, in order of id: what they would have given is not there.
    pub failed: Vec<QueryFault>,
}

impl Computed {
    /// The same values, looked up by what they are about.
    ///
    /// # Errors
    /// [`Error::Shape`] when a batch is not one of the table `indicators`.
    pub fn observations(&self) -> Result<Observations, Error> {
        let read: Result<Vec<Observations>, Error> = self.indicators.par_iter().map(read).collect();
        let mut found = Observations::default();
        read?.into_iter().for_each(|of_indicator| found.append(of_indicator));
        Ok(found)
    }
}

fn read(batch: &RecordBatch) -> Result<Observations, Error> {
    let mut found = Observations::default();
    let shape = |what: String| Error::Shape { file: "indicators".to_owned(), what };
    let column = |name: &str| {
        batch.column_by_name(name).ok_or_else(|| shape(format!("the batch has no column {name:?}")))
    };
    let text = |name: &str| {
        column(name)?.as_string_opt::<i32>().ok_or_else(|| shape(format!("column {name:?} is not text")))
    };
    let number = |name: &str| {
        column(name)?
            .as_primitive_opt::<Float64Type>()
            .ok_or_else(|| shape(format!("column {name:?} is not a number")))
    };
    let (indicator, category) = (text("indicator")?, text("category")?);
    let (geo_type, geo_value, time_type) = (text("geo_type")?, text("geo_value")?, text("time_type")?);
    let time_value = column("time_value")?
        .as_primitive_opt::<Date32Type>()
        .ok_or_else(|| shape("column \"time_value\" is not a date".to_owned()))?;
    let (value, numerator, denominator) = (number("value")?, number("numerator")?, number("denominator")?);
    let (status, missing_reason) = (text("status")?, text("missing_reason")?);
    let (coverage, lacking, without) = (number("coverage")?, text("lacking")?, number("value_without")?);
    // Rows of one series follow each other: its key is made once.
    let texts = [indicator, category, geo_type, geo_value, time_type];
    let same = |row: usize, other: usize| texts.iter().all(|text| text.value(row) == text.value(other));
    let mut row = 0;
    while row < batch.num_rows() {
        let first = row;
        while row < batch.num_rows() && same(row, first) {
            row += 1;
        }
        let kind: GeoType = geo_type.value(first).parse().map_err(&shape)?;
        let series = found.series_mut(SeriesKey {
            indicator: indicator.value(first).to_owned(),
            category: category.value(first).to_owned(),
            place: Place { geo_type: kind, code: geo_value.value(first).to_owned() },
            time_type: if time_type.value(first) == "week" { TimeType::Week } else { TimeType::Day },
        });
        for row in first..row {
            let at = |array: &arrow::array::Float64Array| array.is_valid(row).then(|| array.value(row));
            let date =
                date_of(time_value.value(row)).ok_or_else(|| shape("a date out of range".to_owned()))?;
            let observation = Observation {
                value: at(value),
                numerator: at(numerator),
                denominator: at(denominator),
                status: match status.value(row) {
                    "ok" => Status::Ok,
                    "partial" => Status::Partial,
                    _ => Status::Missing,
                },
                missing_reason: missing_reason.is_valid(row).then(|| missing_reason.value(row).to_owned()),
                coverage: at(coverage),
                lacking: lacking.is_valid(row).then(|| lacking.value(row).to_owned()),
                without: at(without),
            };
            series.insert(date, observation);
        }
    }
    Ok(found)
}
