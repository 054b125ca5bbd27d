//! `vigie build`: indicators, judgements, forecasts and alerts from the lake as of a time, kept in the lake.

pub mod feeds;
pub(crate) mod forecasts;
pub mod gather;

use std::collections::{BTreeMap, BTreeSet};
use std::time::{Duration, Instant};

use arrow::array::{AsArray as _, RecordBatch};
use datafusion::prelude::SessionContext;
use jiff::Timestamp;
use jiff::civil::Date;
use serde::Serialize;
use vigie_queries::{Alert, AlertEvent, GeoType, Judgement, Observations, Place, Rule};
use vigie_reports::input::PlaceInfo;
use vigie_store::{Appended, AsOf, Run, Spared, TableSpec, Transaction, fetch_id, step, tables};
use vigie_transform::{
    Computed, Populations, Stamp, judge_rule, judgements_batch, judgements_of, with_recorded,
};

use crate::calendar::paris_day;
use crate::clock::now;
use crate::error::Error;
use crate::fetch::ensure_reference;
use crate::room::Room;

/// Before any feed: every day that has data is judged.
const BEGINNING: Date = Date::constant(2000, 1, 1);

/// How long a build waits for another one.
const LOCK_WAIT: Duration = Duration::from_secs(300);

/// Everything computed from the lake as of a time.
pub struct Computation {
    /// The session it was computed in, with every mart and indicator registered.
    pub ctx: SessionContext,
    /// The indicators, as batches of their table.
    pub computed: Computed,
    /// The same, looked up by what they are about.
    pub observations: Observations,
    /// Every place known, with its denominators.
    pub places: Vec<PlaceInfo>,
    /// Residents by place: the weights of a region's score.
    pub populations: Populations,
    /// What earlier runs judged of things that are known on their day only (how late a feed is).
    recorded: Vec<Judgement>,
}

/// A count and its noun, as sentences of the build write them.
fn counted(number: u64, one: &str, many: &str) -> String {
    format!("{number} {}", if number < 2 { one } else { many })
}

/// What one rule says of every place and day, and the alerts it leads to.
#[derive(Debug, Default)]
pub struct Judged {
    /// Judgements of every day.
    pub judgements: Vec<Judgement>,
    /// Alerts as they stand on the last day judged.
    pub alerts: Vec<Alert>,
    /// Every transition that led there.
    pub events: Vec<AlertEvent>,
}

/// What a build did.
#[derive(Debug, Clone, Default, Serialize)]
pub struct Built {
    /// Values computed, gaps included.
    pub indicators: u64,
    /// Of these, new or changed since the last build.
    pub indicators_changed: u64,
    /// Values of the last build that the data no longer give.
    pub indicators_withdrawn: u64,
    /// Judgements made.
    pub judgements: u64,
    /// Series forecast, once a model.
    pub forecasts: u64,
    /// Transitions of alerts recorded now.
    pub alert_events: u64,
    /// Alerts active or clearing.
    pub alerts_active: u64,
    /// Time taken.
    pub duration_ms: u64,
    /// Files of the vocabulary that it did without, `file:line: what`; empty when all is well.
    pub faults: Vec<String>,
}

impl Built {
    /// One French sentence.
    #[must_use]
    pub fn summary(&self) -> String {
        let withdrawn = match self.indicators_withdrawn {
            0 => String::new(),
            1 => ", 1 retirée faute de données".to_owned(),
            n => format!(", {n} retirées faute de données"),
        };
        format!(
            "{} (dont {}{withdrawn}), {}, {}, {}.",
            counted(self.indicators, "valeur d’indicateur", "valeurs d’indicateurs"),
            counted(self.indicators_changed, "nouvelle ou modifiée", "nouvelles ou modifiées"),
            counted(self.judgements, "jugement", "jugements"),
            counted(self.forecasts, "prévision", "prévisions"),
            counted(self.alerts_active, "alerte active", "alertes actives"),
        )
    }
}

/// Computes the indicators as of a time, and what judging them needs.
///
/// # Errors
/// [`Error::Transform`] naming the query, [`Error::Store`].
pub async fn compute(room: &Room, as_of: AsOf) -> Result<Computation, Error> {
    compute_for(room, as_of, &[]).await
}

/// [`compute`] with the observations that bulletins of some territories read: theirs, those of their departments or of
/// their region's, the country's. All of them for no territory, and for the country.
///
/// # Errors
/// As [`compute`].
pub async fn compute_for(room: &Room, as_of: AsOf, territories: &[&Place]) -> Result<Computation, Error> {
    let ctx = room.session(as_of)?;
    up_to_issue(room, &ctx, as_of.issued).await?;
    let day = paris_day(as_of.issued);
    let computed = match scope(&ctx, territories).await? {
        None => vigie_transform::compute(&ctx, &room.vocabulary, day).await?,
        Some(scope) => {
            let wanted = |kind: GeoType, code: &str| {
                matches!(kind, GeoType::Country | GeoType::Source) || scope.contains(&(kind, code.to_owned()))
            };
            vigie_transform::compute_where(&ctx, &room.vocabulary, day, &wanted).await?
        }
    };
    let observations = computed.observations()?;
    let places = gather::places(&ctx).await?;
    let populations = places.iter().filter_map(|info| Some((info.place.clone(), info.population?))).collect();
    let recorded = ctx.sql("select * from judgements where geo_type = 'source'").await?.collect().await?;
    Ok(Computation { recorded: judgements_of(&recorded)?, ctx, computed, observations, places, populations })
}

/// The regions of some territories and their departments; none when that is everything.
async fn scope(
    ctx: &SessionContext,
    territories: &[&Place],
) -> Result<Option<BTreeSet<(GeoType, String)>>, Error> {
    #[derive(serde::Deserialize)]
    struct Home {
        department: String,
        region: Option<String>,
    }
    if territories.is_empty() || territories.iter().any(|place| place.geo_type == GeoType::Country) {
        return Ok(None);
    }
    let homes: Vec<Home> = crate::rows::read(ctx, "select department, region from departments").await?;
    let mut found: BTreeSet<(GeoType, String)> =
        territories.iter().map(|place| (place.geo_type, place.code.clone())).collect();
    for territory in territories {
        let region = match territory.geo_type {
            GeoType::Region => Some(territory.code.clone()),
            _ => homes
                .iter()
                .find(|home| home.department == territory.code)
                .and_then(|home| home.region.clone()),
        };
        let Some(region) = region else { continue };
        let inside = homes.iter().filter(|home| home.region.as_ref() == Some(&region));
        let inside: BTreeSet<&str> = inside.map(|home| home.department.as_str()).collect();
        let epcis = vigie_queries::known_epcis().iter();
        let epcis = epcis.filter(|(_, epci)| epci.departments.iter().any(|code| inside.contains(code)));
        found.extend(epcis.map(|(code, _)| (GeoType::Epci, (*code).to_owned())));
        found.extend(inside.into_iter().map(|department| (GeoType::Department, department.to_owned())));
        found.insert((GeoType::Region, region));
    }
    Ok(Some(found))
}

/// Hides from a session what was issued later. The tables of versions and the polls hold every issue recorded so far,
/// also those after the as-of: an old day computed anew must not know of them. A poll without an edition counts from when
/// it was made.
async fn up_to_issue(room: &Room, ctx: &SessionContext, issued: Timestamp) -> Result<(), Error> {
    let versions =
        room.vocabulary.contracts().map(|contract| (format!("{}_versions", contract.name()), "issued_at"));
    let polls = ("fetches".to_owned(), "coalesce(issued_at, recorded_at)");
    for (table, instant) in versions.chain([polls]) {
        let known = ctx.table(table.as_str()).await?;
        let by_then = known.parse_sql_expr(&format!("{instant} <= timestamp '{issued}'"))?;
        let view = known.filter(by_then)?.into_view();
        ctx.deregister_table(table.as_str())?;
        ctx.register_table(table.as_str(), view)?;
    }
    Ok(())
}

impl Computation {
    /// Rules that cannot be judged as they are meant: they read an indicator that could not be computed, or their own file is
    /// left out. What stands of them in the lake stays as it is.
    #[must_use]
    pub fn unjudged(&self, room: &Room) -> BTreeSet<String> {
        let failed: BTreeSet<&str> = self.computed.failed.iter().map(|fault| fault.id.as_str()).collect();
        let reads = |rule: &&Rule| rule.criteria.iter().any(|one| failed.contains(one.indicator.as_str()));
        let left_out = room.left_out.iter().filter(|fault| fault.file.starts_with("rules/"));
        let rules = room.vocabulary.rules().filter(reads).map(|rule| rule.id.clone());
        rules.chain(left_out.map(|fault| fault.id.clone())).collect()
    }

    /// Indicators and rules that this computation says nothing of, because a file is at fault: what the lake has of them stays.
    fn silent_on(&self, room: &Room) -> BTreeSet<String> {
        let faulty = room.left_out.iter().chain(&self.computed.failed).map(|fault| fault.id.clone());
        faulty.chain(self.unjudged(room)).collect()
    }

    /// What the computation was made without, and why, a sentence each.
    #[must_use]
    pub fn faults(&self, room: &Room) -> Vec<String> {
        let own = room.left_out.iter().filter(|fault| room.vocabulary.is_own(&fault.file));
        own.chain(&self.computed.failed).map(ToString::to_string).collect()
    }

    /// Judges every place and day up to `until` by one rule, and follows its alerts. Rule by rule, so that memory grows
    /// with one rule and not with all of them.
    #[must_use]
    pub fn judge(&self, room: &Room, rule: &Rule, until: Date) -> Judged {
        let judgements = judge_rule(rule, &self.observations, &self.populations, BEGINNING, until);
        let earlier = self.recorded.iter().filter(|judgement| judgement.rule == rule.id).cloned().collect();
        let judgements = with_recorded(judgements, earlier);
        let (alerts, events) = vigie_transform::alerts(&room.vocabulary, &judgements, until);
        Judged { judgements, alerts, events }
    }

    /// Judges by every rule; of the judgements only those from `from` on are kept. Besides, the alerts as they stood on
    /// earlier days by the same data and rules.
    #[must_use]
    pub fn judge_and_before(
        &self,
        room: &Room,
        from: Date,
        until: Date,
        earlier: &BTreeSet<Date>,
    ) -> (Judged, BTreeMap<Date, Vec<Alert>>) {
        let mut all = Judged::default();
        let mut stood: BTreeMap<Date, Vec<Alert>> = BTreeMap::new();
        let unjudged = self.unjudged(room);
        for rule in room.vocabulary.rules().filter(|rule| !unjudged.contains(&rule.id)) {
            let judged = self.judge(room, rule, until);
            for day in earlier {
                let by_then: Vec<Judgement> =
                    judged.judgements.iter().filter(|judgement| judgement.date <= *day).cloned().collect();
                let alerts = vigie_transform::alerts(&room.vocabulary, &by_then, *day).0;
                stood.entry(*day).or_default().extend(alerts);
            }
            all.judgements.extend(judged.judgements.into_iter().filter(|judgement| judgement.date >= from));
            all.alerts.extend(judged.alerts);
            all.events.extend(judged.events);
        }
        (all, stood)
    }
}

/// Computes and keeps.
///
/// # Errors
/// As [`compute`]; [`vigie_store::Error::Locked`] when another build is under way.
pub async fn build(room: &Room, as_of: AsOf) -> Result<Built, Error> {
    let started = Instant::now();
    let _one_at_a_time = room.lake.lock("build", LOCK_WAIT)?;
    ensure_reference(room).await?;
    // All of it counts or nothing. What is recorded so far is seen, the reference editions just loaded included.
    let transaction = room.lake.transaction(now())?;
    let as_of = AsOf { issued: as_of.issued, recorded: transaction.stamp().recorded_at() };
    let id = fetch_id("build", as_of.recorded, "");
    let until = paris_day(as_of.issued);
    let mut computation = compute(room, as_of).await?;
    let run = Run { issued_at: as_of.issued, stamp: transaction.stamp(), id: &id };
    for fault in &computation.computed.failed {
        tracing::error!(
            file = fault.file,
            line = fault.line,
            "a query cannot run, and is left out: {}",
            fault.what
        );
    }
    let faults = computation.faults(room);
    let indicators = std::mem::take(&mut computation.computed.indicators);
    let mut built = Built { indicators: rows(&indicators), faults, ..Built::default() };
    let silent = computation.silent_on(room);
    let kept = keep(room, &tables::indicators(), indicators.into_iter().map(Ok), run, &silent).await?;
    built.indicators_changed = kept.rows_changed;
    built.indicators_withdrawn = kept.rows_withdrawn;
    step("indicators-committed");

    // Rule by rule, each judged when its turn comes: their criteria are text, and France over years has millions.
    let mut events = Vec::new();
    let unjudged = computation.unjudged(room);
    let rules: Vec<&Rule> = room.vocabulary.rules().filter(|rule| !unjudged.contains(&rule.id)).collect();
    let judgements: Box<dyn Iterator<Item = Result<RecordBatch, Error>> + Send> =
        Box::new(rules.into_iter().map(|rule| {
            let judged = computation.judge(room, rule, until);
            built.alerts_active += judged.alerts.iter().filter(|alert| alert.state.stands()).count() as u64;
            built.judgements += judged.judgements.len() as u64;
            events.extend(judged.events);
            Ok(judgements_batch(&room.vocabulary, &judged.judgements)?)
        }));
    keep(room, &tables::judgements(), judgements, run, &silent).await?;
    step("judgements-committed");
    let context = gather::events(&computation.ctx).await?;
    let sunday = forecasts::last_sunday(until);
    let said = forecasts::of(room, &computation, &context, sunday);
    built.forecasts = said.len() as u64;
    let said = forecasts::rows(&computation.ctx, &said, sunday).await?;
    keep(room, &tables::forecasts(), said.into_iter().map(Ok), run, &silent).await?;
    step("forecasts-committed");
    built.alert_events =
        record_events(room, &computation.ctx, &events, &unjudged, (until, as_of.issued), &transaction, &id)
            .await?;
    step("alert-events-written");
    transaction.commit()?;
    step("build-committed");
    built.duration_ms = u64::try_from(started.elapsed().as_millis()).unwrap_or(u64::MAX);
    Ok(built)
}

/// Adds to a derived table what is new or changed, and withdraws what the data no longer give: a place that left its
/// source leaves the tables that rest on it.
async fn keep(
    room: &Room,
    spec: &TableSpec,
    rows: impl IntoIterator<Item = Result<RecordBatch, Error>>,
    run: Run<'_>,
    silent: &BTreeSet<String>,
) -> Result<Appended, Error> {
    let lock = room.lake.lock(&spec.name, LOCK_WAIT)?;
    let is_silent = |batch: &RecordBatch, row: usize| {
        of_its_day(batch, row)
            || ["indicator", "rule"].into_iter().any(|name| {
                let ids = batch.column_by_name(name).and_then(|column| column.as_string_opt::<i32>());
                ids.is_some_and(|ids| silent.contains(ids.value(row)))
            })
    };
    let spared = Spared { is_silent_on: Some(&is_silent), ..Spared::default() };
    Ok(room.lake.append_run(&lock, spec, rows, &spared, run).await?)
}

/// How late a feed was is known on its day only: a run says it of its own day, and nothing of the others.
fn of_its_day(batch: &RecordBatch, row: usize) -> bool {
    let kinds = batch.column_by_name("geo_type").and_then(|column| column.as_string_opt::<i32>());
    kinds.is_some_and(|kinds| kinds.value(row) == GeoType::Source.as_str())
}

fn rows(batches: &[RecordBatch]) -> u64 {
    batches.iter().map(|batch| batch.num_rows() as u64).sum()
}

/// Adds the transitions that are new, and marks those that revised data no longer support: none is erased. Those of rules that
/// were not judged stay as they are: nothing was said of them.
async fn record_events(
    room: &Room,
    ctx: &SessionContext,
    events: &[AlertEvent],
    unjudged: &BTreeSet<String>,
    (until, issued_at): (Date, Timestamp),
    transaction: &Transaction,
    id: &str,
) -> Result<u64, Error> {
    let spec = tables::alert_events();
    let recorded = ctx.sql("select * from alert_events order by recorded_at").await?.collect().await?;
    let mut recorded = vigie_transform::events_of(&recorded)?;
    recorded.retain(|event| !unjudged.contains(&event.rule));
    let difference = vigie_transform::reconcile(&recorded, events, BEGINNING, until);
    let count = (difference.added.len() + difference.revoked.len()) as u64;
    if count > 0 {
        let recorded_at = transaction.stamp().recorded_at();
        let stamp = Stamp { issued_at, recorded_at, by: "vigie build" };
        let added = vigie_transform::events_batch(&difference.added, stamp, false)?;
        let revoked = vigie_transform::events_batch(&difference.revoked, stamp, true)?;
        room.lake.append_under(transaction.stamp(), &spec, &[added, revoked], id).await?;
    }
    Ok(count)
}
