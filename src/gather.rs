//! What a bulletin is made from, read from a session: places, numbers to call, dated context.

use datafusion::prelude::SessionContext;
use jiff::civil::Date;
use serde::Deserialize;
use vigie_queries::{Place, known_departments};
use vigie_reports::input::{AccessNumber, Event, EventKind, PlaceInfo};

use crate::error::Error;
use crate::rows;

/// Every place with its denominators: the mart `places`, which the run has registered.
///
/// # Errors
/// [`Error::Query`].
pub async fn places(ctx: &SessionContext) -> Result<Vec<PlaceInfo>, Error> {
    #[derive(Deserialize)]
    struct Row {
        geo_type: String,
        geo_value: String,
        name: Option<String>,
        region: Option<String>,
        population: Option<f64>,
        population_75plus: Option<f64>,
        population_year: Option<i16>,
        icu_beds: Option<f64>,
        intermediate_beds: Option<f64>,
        continuing_beds: Option<f64>,
        beds_year: Option<i16>,
    }
    let query = "select p.geo_type, p.geo_value, p.name, d.region, p.population, p.population_75plus,
                        p.population_year, p.icu_beds, p.intermediate_beds, p.continuing_beds, p.beds_year
                 from places p left join departments d on p.geo_type = 'department' and d.department = p.geo_value
                 order by 1, 2";
    rows::read::<Row>(ctx, query)
        .await?
        .into_iter()
        .map(|row| {
            let place = place(&row.geo_type, &row.geo_value)?;
            // Collectivities report to SI-DEP but have no row in `departments`.
            let known = known_departments().get(place.code.as_str()).map(|(name, _)| (*name).to_owned());
            Ok(PlaceInfo {
                name: row.name.or(known).unwrap_or_else(|| place.code.clone()),
                place,
                region: row.region,
                population: row.population,
                population_75plus: row.population_75plus,
                population_year: row.population_year,
                icu_beds: row.icu_beds,
                intermediate_beds: row.intermediate_beds,
                continuing_beds: row.continuing_beds,
                beds_year: row.beds_year,
            })
        })
        .collect()
}

/// The numbers to call, by department.
///
/// # Errors
/// [`Error::Query`].
pub async fn access_numbers(ctx: &SessionContext) -> Result<Vec<AccessNumber>, Error> {
    #[derive(Deserialize)]
    struct Row {
        department: String,
        phone: String,
        label_fr: Option<String>,
    }
    let found: Vec<Row> =
        rows::read(ctx, "select department, phone, label_fr from access_numbers order by department").await?;
    Ok(found
        .into_iter()
        .map(|row| AccessNumber {
            department: row.department,
            phone: row.phone,
            label_fr: row.label_fr.unwrap_or_default(),
        })
        .collect())
}

/// Holidays, strikes, measures and definition breaks.
///
/// # Errors
/// [`Error::Query`]; [`Error::Failed`] when an event names a place that does not exist.
pub async fn events(ctx: &SessionContext) -> Result<Vec<Event>, Error> {
    #[derive(Deserialize)]
    struct Row {
        starts: Date,
        ends: Option<Date>,
        geo_type: String,
        geo_value: String,
        kind: String,
        title_fr: String,
        reference: Option<String>,
        sources: Option<String>,
    }
    let query = "select starts, ends, geo_type, geo_value, kind, title_fr, reference, sources
                 from events order by starts, event_id";
    rows::read::<Row>(ctx, query)
        .await?
        .into_iter()
        .map(|row| {
            Ok(Event {
                starts: row.starts,
                ends: row.ends,
                place: place(&row.geo_type, &row.geo_value)?,
                kind: match row.kind.as_str() {
                    "holiday" => EventKind::Holiday,
                    "strike" => EventKind::Strike,
                    "definition_break" => EventKind::DefinitionBreak,
                    "campaign" => EventKind::Campaign,
                    _ => EventKind::Measure,
                },
                title_fr: row.title_fr,
                reference: row.reference.unwrap_or_default(),
                sources: row
                    .sources
                    .map(|names| names.split(',').map(|name| name.trim().to_owned()).collect())
                    .unwrap_or_default(),
            })
        })
        .collect()
}

fn place(geo_type: &str, geo_value: &str) -> Result<Place, Error> {
    Ok(Place { geo_type: geo_type.parse().map_err(Error::Failed)?, code: geo_value.to_owned() })
}
