//! The gates a bulletin passes before it is published.

use std::sync::Arc;

use arrow::array::{ArrayRef, Date32Builder, Float64Builder, RecordBatch, StringBuilder};
use arrow::datatypes::{DataType, Field, Schema};
use datafusion::prelude::SessionContext;
use jiff::ToSpan as _;
use jiff::civil::Date;
use vigie_queries::{GateSeverity, GeoType, Place, Stage, TimeType};
use vigie_reports::french;
use vigie_reports::input::{Acknowledged, FeedState, FindingSummary, Freshness, GateResult};
use vigie_transform::{QueryFault, offences};

use super::what_if;
use crate::acknowledgements::{Acknowledgement, acknowledgements};
use crate::build::{Computation, Judged};
use crate::bulletins::BulletinSpec;
use crate::calendar::{paris_day, week_label};
use crate::error::Error;
use crate::gates as words;
use crate::room::Room;

/// Days before the week's Sunday, that day included, of which the gates see the daily values.
const DAYS: i32 = 14;

/// Sentences shown of one gate.
const EXAMPLES: usize = 5;

/// Asks every gate of the stage `bulletin`, and takes what the gates of fetches found out of `findings`.
///
/// One result a gate, those without a finding included, in the order of their ids; then those of fetches.
///
/// A gate that cannot run is told among them, and does not stop the bulletin.
///
/// # Errors
/// [`Error::Transform`] when the machine fails (memory, disk).
pub async fn results(
    room: &Room,
    computation: &Computation,
    judged: &Judged,
    spec: &BulletinSpec,
    feeds: &[FeedState],
    findings: &mut Vec<FindingSummary>,
) -> Result<Vec<GateResult>, Error> {
    let mut results = Vec::new();
    let mut faulty = [room.left_out.as_slice(), &computation.computed.failed].concat();
    let said = acknowledgements(&computation.ctx).await?;
    let day = paris_day(spec.as_of.issued);
    if room.vocabulary.gates(Stage::Bulletin).next().is_some() {
        register(room, computation, judged, spec, feeds)?;
    }
    for gate in room.vocabulary.gates(Stage::Bulletin) {
        let found = match offences(&computation.ctx, &gate.file, &gate.on_bulletin(), |_| true).await {
            Err(fault) if fault.is_of_the_query() => {
                let told = fault.told(&room.vocabulary, &gate.id, &gate.file, &gate.sql);
                tracing::error!(
                    gate = gate.id,
                    file = told.file,
                    line = told.line,
                    "a gate cannot run: {}",
                    told.what
                );
                faulty.push(told);
                continue;
            }
            found => found?,
        };
        let mut examples = Vec::new();
        let mut acknowledged = None;
        let mut all_known = found.count > 0;
        for row in &found.rows {
            let place = row.place.as_deref().unwrap_or_default();
            let source = place.strip_prefix("source:");
            match said.iter().rfind(|one| one.covers(&gate.id, source, &spec.territory, spec.week, day)) {
                Some(one) => acknowledged = Some(one),
                None => all_known = false,
            }
            if examples.len() < EXAMPLES {
                let column = row.column.as_deref().unwrap_or_default();
                let column = room
                    .vocabulary
                    .query(column)
                    .map_or(column.to_owned(), |q| format!("« {} »", q.title_fr));
                examples.push(words::sentence(gate, row, &words::place_of(place), &column));
            }
        }
        results.push(GateResult {
            gate: gate.id.clone(),
            title_fr: gate.title_fr.clone(),
            source: None,
            severity: gate.severity.as_str().to_owned(),
            count: found.count,
            examples,
            acknowledged: acknowledged.filter(|_| all_known).map(printed),
        });
    }
    results.append(&mut of_fetches(room, &said, findings));
    if !faulty.is_empty() {
        results.push(left_out(&faulty));
    }
    Ok(results)
}

/// The definitions that this bulletin does without, told among the checks: what they would have given is missing.
fn left_out(faulty: &[QueryFault]) -> GateResult {
    let sentence = |fault: &QueryFault| {
        let lost = match fault.file.split('/').next() {
            Some("indicators") => {
                "L’indicateur n’est pas calculé et les règles qui le lisent ne sont pas jugées."
            }
            Some("marts") => "Les indicateurs qui la lisent ne sont pas calculés.",
            Some("rules") => "La règle n’est pas jugée ; les alertes déjà enregistrées restent.",
            Some("sources") => "Ce qui s’appuie sur cette source n’est pas calculé.",
            Some("gates") => "Le contrôle n’est pas fait.",
            _ => "Ce qui s’appuie sur ce fichier manque.",
        };
        french::typography(&format!(
            "Fichier {} (ligne {}) en défaut : il est laissé de côté. {lost}",
            fault.file, fault.line
        ))
    };
    GateResult {
        gate: "faulty-definition".to_owned(),
        title_fr: "Définitions en défaut".to_owned(),
        source: None,
        severity: GateSeverity::Warn.as_str().to_owned(),
        count: faulty.len() as u64,
        examples: faulty.iter().take(EXAMPLES).map(sentence).collect(),
        acknowledged: None,
    }
}

/// What the gates of fetches found in the editions of the last weeks.
fn of_fetches(room: &Room, said: &[Acknowledgement], findings: &mut Vec<FindingSummary>) -> Vec<GateResult> {
    let mut results = Vec::new();
    findings.retain(|finding| {
        let Some(gate) = room.vocabulary.gate(&finding.code).filter(|gate| gate.stage == Stage::Fetch) else {
            return true;
        };
        let contract = room.vocabulary.contract(&finding.source);
        let severity =
            contract.and_then(|contract| gate.on_source(contract)).map_or(gate.severity, |on| on.severity);
        let let_through = said.iter().rfind(|one| {
            one.gate == gate.id && one.fetch_id.is_some() && one.source.as_deref() == Some(&finding.source)
        });
        results.push(GateResult {
            gate: gate.id.clone(),
            title_fr: gate.title_fr.clone(),
            source: Some(finding.source.clone()),
            severity: severity.as_str().to_owned(),
            count: finding.count,
            examples: vec![finding.example_message.clone()],
            acknowledged: let_through.map(printed),
        });
        false
    });
    results
}

fn printed(one: &Acknowledgement) -> Acknowledged {
    Acknowledged {
        id: one.acknowledgement_id.clone(),
        by: one.by.clone().unwrap_or_default(),
        reason: one.reason.clone().unwrap_or_default(),
        until: one.until,
    }
}

/// Why the bulletin may not be published, a sentence a gate, with what to do; empty when it may.
#[must_use]
pub fn held(results: &[GateResult], territory: &Place, week: Date) -> Vec<String> {
    let holds = |result: &&GateResult| {
        result.source.is_none()
            && result.severity == GateSeverity::Hold.as_str()
            && result.count > 0
            && result.acknowledged.is_none()
    };
    results
        .iter()
        .filter(holds)
        .map(|result| {
            let example = result.examples.first().map(String::as_str).unwrap_or_default();
            let text = format!(
                "Bulletin non publié : {} ({}). {example} À corriger, ou à publier quand même en le disant : \
                 vigie acknowledge {} --territory {territory} --week {} --by NOM --reason TEXTE",
                result.title_fr,
                french::counted(count(result.count), 0, "constat", "constats"),
                result.gate,
                week_label(week),
            );
            french::typography(&text)
        })
        .collect()
}

#[expect(clippy::cast_precision_loss, reason = "a count of rows")]
fn count(rows: u64) -> f64 {
    rows as f64
}

/// The same tables without a row, to plan gates on.
///
/// # Errors
/// [`Error::Query`] when they cannot be registered.
pub fn register_empty(room: &Room, computation: &Computation, spec: &BulletinSpec) -> Result<(), Error> {
    register(room, computation, &Judged::default(), spec, &[])
}

/// The tables that only the gates of a bulletin read; `docs/gates.md` describes them.
fn register(
    room: &Room,
    computation: &Computation,
    judged: &Judged,
    spec: &BulletinSpec,
    feeds: &[FeedState],
) -> Result<(), Error> {
    let ctx = &computation.ctx;
    let sunday = spec.week.saturating_add(6.days());
    let scope = scope(computation, &spec.territory);

    let mut bulletin = Table::new(&["place", "geo_type", "geo_value"], &["week", "sunday"], &[]);
    let place = &spec.territory;
    bulletin.push(
        &[&place.to_string(), place.geo_type.as_str(), &place.code],
        &[Some(spec.week), Some(sunday)],
        &[],
    );
    bulletin.register(ctx, "bulletin")?;

    let mut places = Table::new(&["place", "place_fr", "geo_type", "geo_value"], &[], &[]);
    for place in &scope {
        let name = words::place_of(&place.to_string());
        places.push(&[&place.to_string(), &name, place.geo_type.as_str(), &place.code], &[], &[]);
    }
    places.register(ctx, "scope")?;

    let mut values = Table::new(
        &["indicator", "category", "unit", "place", "geo_type", "geo_value", "status"],
        &["time_value"],
        &["value", "numerator", "denominator"],
    );
    let first = sunday.saturating_sub((DAYS - 1).days());
    for (key, series) in computation.observations.iter() {
        if key.time_type != TimeType::Day || !scope.contains(&key.place) {
            continue;
        }
        let unit = room.vocabulary.query(&key.indicator).map_or("", |query| query.unit.as_str());
        let place = key.place.to_string();
        let texts = [
            key.indicator.as_str(),
            &key.category,
            unit,
            &place,
            key.place.geo_type.as_str(),
            &key.place.code,
        ];
        for (date, seen) in series.range(first..=sunday) {
            let texts = [&texts[..], &[seen.status.as_str()]].concat();
            values.push(&texts, &[Some(*date)], &[seen.value, seen.numerator, seen.denominator]);
        }
    }
    values.register(ctx, "observations")?;

    let mut states = Table::new(
        &["source", "title_fr", "state", "is_used"],
        &["last_issued_on", "last_day"],
        &["age_hours", "error_after_hours"],
    );
    for feed in feeds {
        let state = match feed.state {
            Freshness::Fresh => "fresh",
            Freshness::Late => "late",
            Freshness::Stale => "stale",
            Freshness::Absent => "absent",
        };
        let is_used = room.vocabulary.queries().iter().any(|query| {
            room.vocabulary.sources_of(&query.id).contains(feed.source.as_str())
                && computation.observations.series(&query.id, "", &spec.territory, TimeType::Day).is_some()
        });
        let limit =
            room.vocabulary.contract(&feed.source).map(|c| c.cadence.error_after.as_secs_f64() / 3600.0);
        states.push(
            &[&feed.source, &feed.title_fr, state, if is_used { "yes" } else { "no" }],
            &[feed.last_issued_at.map(paris_day), feed.last_day],
            &[feed.age_hours, limit],
        );
    }
    states.register(ctx, "feed_states")?;

    let mut rows = Table::new(&what_if::TEXTS, &["day"], &what_if::NUMBERS);
    for row in what_if::rows(room, computation, judged, &scope, sunday) {
        rows.push(&row.texts(), &[Some(sunday)], &row.numbers());
    }
    rows.register(ctx, "what_if")
}

/// The territory and what it is made of.
fn scope(computation: &Computation, territory: &Place) -> Vec<Place> {
    let mut found = vec![territory.clone()];
    for info in &computation.places {
        let inside = match (territory.geo_type, info.place.geo_type) {
            (GeoType::Region, GeoType::Department) => info.region.as_deref() == Some(territory.code.as_str()),
            (GeoType::Country, GeoType::Department) => info.region.is_some(),
            (GeoType::Country, GeoType::Region) => true,
            _ => false,
        };
        if inside {
            found.push(info.place.clone());
        }
    }
    found
}

/// A small table under way: texts, then dates, then numbers.
struct Table {
    names: Vec<String>,
    texts: Vec<StringBuilder>,
    dates: Vec<Date32Builder>,
    numbers: Vec<Float64Builder>,
}

impl Table {
    fn new(texts: &[&str], dates: &[&str], numbers: &[&str]) -> Self {
        Self {
            names: [texts, dates, numbers].concat().into_iter().map(str::to_owned).collect(),
            texts: texts.iter().map(|_| StringBuilder::new()).collect(),
            dates: dates.iter().map(|_| Date32Builder::new()).collect(),
            numbers: numbers.iter().map(|_| Float64Builder::new()).collect(),
        }
    }

    fn push(&mut self, texts: &[&str], dates: &[Option<Date>], numbers: &[Option<f64>]) {
        let epoch = Date::constant(1970, 1, 1);
        let days = |date: Date| date.since((jiff::Unit::Day, epoch)).map_or(0, |span| span.get_days());
        self.texts.iter_mut().zip(texts).for_each(|(column, text)| column.append_value(text));
        self.dates.iter_mut().zip(dates).for_each(|(column, date)| column.append_option(date.map(days)));
        self.numbers.iter_mut().zip(numbers).for_each(|(column, number)| column.append_option(*number));
    }

    fn register(mut self, ctx: &SessionContext, name: &str) -> Result<(), Error> {
        let mut columns: Vec<ArrayRef> = Vec::new();
        columns.extend(self.texts.iter_mut().map(|column| Arc::new(column.finish()) as ArrayRef));
        columns.extend(self.dates.iter_mut().map(|column| Arc::new(column.finish()) as ArrayRef));
        columns.extend(self.numbers.iter_mut().map(|column| Arc::new(column.finish()) as ArrayRef));
        let fields: Vec<Field> = self
            .names
            .iter()
            .zip(&columns)
            .map(|(name, column)| {
                Field::new(name, column.data_type().clone(), *column.data_type() != DataType::Utf8)
            })
            .collect();
        let batch = RecordBatch::try_new(Arc::new(Schema::new(fields)), columns)?;
        ctx.deregister_table(name)?; // that of the territory before, where several are made at once
        ctx.register_batch(name, batch)?;
        Ok(())
    }
}
