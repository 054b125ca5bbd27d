//! What a bulletin is made from, read from a session: places, numbers to call, dated context.

use datafusion::prelude::SessionContext;
use jiff::civil::Date;
use serde::Deserialize;
use vigie_queries::{Place, known_epcis, official_name};
use vigie_reports::input::{
    AccessNumber, Estimate, Event, EventKind, IcuDay, LegalList, LegalStatus, PlaceInfo, Step,
};

use crate::error::Error;
use crate::rows;

/// Every place with its denominators: the mart `places`, which the run has registered, and the metropoles, which are no
/// sums of departments and have none.
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
    let rows = rows::read::<Row>(ctx, query).await?;
    let places: Result<Vec<PlaceInfo>, Error> = rows
        .into_iter()
        .map(|row| {
            let place = place(&row.geo_type, &row.geo_value)?;
            // Collectivities report to SI-DEP but have no row in `departments`.
            let known = official_name(&place).map(str::to_owned);
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
        .collect();
    let metropoles = known_epcis().iter().map(|(code, epci)| {
        let place = Place::epci(code);
        PlaceInfo {
            name: epci.name.to_owned(),
            region: vigie_transform::region_of(&place).map(|region| region.code),
            place,
            population: None,
            population_75plus: None,
            population_year: None,
            icu_beds: None,
            intermediate_beds: None,
            continuing_beds: None,
            beds_year: None,
        }
    });
    Ok(places?.into_iter().chain(metropoles).collect())
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

/// Patients and beds of intensive care by region and country, and day: the mart `icu_place_day`.
///
/// # Errors
/// [`Error::Query`].
pub async fn icu_days(ctx: &SessionContext) -> Result<Vec<IcuDay>, Error> {
    #[derive(Deserialize)]
    struct Row {
        geo_type: String,
        geo_value: String,
        time_value: Date,
        covid_patients: Option<f64>,
        patients: Option<f64>,
        other_patients: Option<f64>,
        others_on: Option<Date>,
        others_region: Option<String>,
        beds_open: Option<f64>,
        step_beds: Option<f64>,
        step_counts: Option<String>,
        step_status: Option<String>,
        step_from: Option<Date>,
        reason: Option<String>,
    }
    // A vocabulary of before, or one whose file is at fault, has no such table.
    if !ctx.table_exist("icu_place_day").unwrap_or(false) {
        return Ok(Vec::new());
    }
    let query = "select geo_type, geo_value, time_value, covid_patients, patients, other_patients, others_on, others_region,
                        beds_open, step_beds, step_counts, step_status, step_from, reason
                 from icu_place_day
                 where geo_type <> 'department' and (step_from is not null or beds_open is not null)
                 order by geo_type, geo_value, time_value";
    rows::read::<Row>(ctx, query)
        .await?
        .into_iter()
        .map(|row| {
            Ok(IcuDay {
                place: place(&row.geo_type, &row.geo_value)?,
                day: row.time_value,
                covid: row.covid_patients,
                patients: row.patients,
                others: row.other_patients,
                estimate: row
                    .others_on
                    .map(|on| Estimate { on, elsewhere: row.others_region.as_deref().map(Place::region) }),
                beds_open: row.beds_open,
                step: row.step_from.map(|from| Step {
                    beds: row.step_beds,
                    from,
                    is_usual: row.step_status.as_deref() == Some("usual"),
                    only_covid: row.step_counts.as_deref() == Some("covid"),
                }),
                reason: row.reason,
            })
        })
        .collect()
}

/// What the register of legal status knew on the as-of: a status that was set later is not there, an end that lay ahead is
/// open.
///
/// # Errors
/// [`Error::Query`]; [`Error::Failed`] when a status names a kind of place that does not exist.
pub async fn legal_statuses(ctx: &SessionContext) -> Result<Vec<LegalStatus>, Error> {
    #[derive(Deserialize)]
    struct Row {
        geo_type: String,
        geo_value: String,
        status: String,
        starts: Date,
        ends: Option<Date>,
        end_unknown: bool,
        precision: Option<String>,
        whole_list: Option<bool>,
        reference: Option<String>,
    }
    let query = "select geo_type, geo_value, status, starts,
                        case when ends < (select day from as_of) then ends end as ends, ends is null as end_unknown,
                        precision, whole_list, reference
                 from legal_status where starts <= (select day from as_of)
                 order by geo_type, geo_value, starts, status";
    rows::read::<Row>(ctx, query)
        .await?
        .into_iter()
        .map(|row| {
            Ok(LegalStatus {
                place: place(&row.geo_type, &row.geo_value)?,
                status: row.status,
                starts: row.starts,
                ends: row.ends,
                end_unknown: row.end_unknown,
                month_only: row.precision.as_deref() == Some("month"),
                whole_list: row.whole_list.unwrap_or(false),
                reference: row.reference.unwrap_or_default(),
            })
        })
        .collect()
}

/// How many places the official lists had, those known on the as-of.
///
/// # Errors
/// As [`legal_statuses`].
pub async fn legal_lists(ctx: &SessionContext) -> Result<Vec<LegalList>, Error> {
    #[derive(Deserialize)]
    struct Row {
        status: String,
        geo_type: String,
        starts: Date,
        ends: Date,
        total: u32,
    }
    let query = "select status, geo_type, starts, ends, total from legal_lists
                 where starts <= (select day from as_of) order by status, geo_type, starts";
    rows::read::<Row>(ctx, query)
        .await?
        .into_iter()
        .map(|row| {
            Ok(LegalList {
                status: row.status,
                of: row.geo_type.parse().map_err(Error::Failed)?,
                starts: row.starts,
                ends: row.ends,
                total: row.total,
            })
        })
        .collect()
}

/// Holidays, strikes, measures and definition breaks, as far as they were known; what the register of legal status says of
/// single places stands among the measures.
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
        columns: Option<String>,
    }
    let query = "select starts, ends, geo_type, geo_value, kind, title_fr, reference, sources, columns, event_id
                 from events where known_from is null or known_from <= (select day from as_of)
                 union all
                 select starts, ends, geo_type, geo_value, 'measure',
                        case status when 'couvre_feu' then 'Couvre-feu' else 'Confinement' end,
                        reference, null, null, geo_type || geo_value || status
                 from legal_status
                 where status in ('couvre_feu', 'confinement') and geo_type <> 'country' and precision <> 'month'
                   and starts <= (select day from as_of)
                 order by starts, event_id, geo_type, geo_value";
    let names = |written: Option<String>| {
        written.map(|names| names.split(',').map(|name| name.trim().to_owned()).collect()).unwrap_or_default()
    };
    rows::read::<Row>(ctx, query)
        .await?
        .into_iter()
        .map(|row| {
            Ok(Event {
                starts: row.starts,
                ends: row.ends,
                place: place(&row.geo_type, &row.geo_value)?,
                kind: EventKind::ALL
                    .into_iter()
                    .find(|kind| kind.as_str() == row.kind)
                    .unwrap_or(EventKind::Measure),
                title_fr: row.title_fr,
                reference: row.reference.unwrap_or_default(),
                sources: names(row.sources),
                columns: names(row.columns),
            })
        })
        .collect()
}

fn place(geo_type: &str, geo_value: &str) -> Result<Place, Error> {
    Ok(Place { geo_type: geo_type.parse().map_err(Error::Failed)?, code: geo_value.to_owned() })
}
