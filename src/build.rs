//! `vigie build`: indicators, judgements and alerts from the lake as of a time, kept in the lake.

use std::time::{Duration, Instant};

use arrow::array::RecordBatch;
use datafusion::prelude::SessionContext;
use jiff::ToSpan;
use jiff::civil::Date;
use serde::Serialize;
use vigie_queries::{Alert, AlertEvent, Judgement, Observations, Rule};
use vigie_reports::input::PlaceInfo;
use vigie_store::{AsOf, Change, TableSpec, fetch_id, tables};
use vigie_transform::{
    Computed, Populations, Stamp, judge_rule, judgements_batch, judgements_of, with_recorded,
};

use crate::calendar::paris_day;
use crate::clock::now;
use crate::error::Error;
use crate::fetch::ensure_reference;
use crate::gather;
use crate::room::Room;

/// Before any feed: every day that has data is judged.
const BEGINNING: Date = Date::constant(2000, 1, 1);

/// Weeks of judgements that a bulletin looks back on.
const WEEKS_KEPT: i32 = 14;

/// How long a build waits for another one.
const LOCK_WAIT: Duration = Duration::from_secs(300);

/// Everything computed from the lake as of a time.
pub struct Picture {
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
    /// What the rules in force say of each place on the days of the last weeks.
    pub judgements: Vec<Judgement>,
    /// Alerts as they stand on the last day judged.
    pub alerts: Vec<Alert>,
    /// Every transition that led there.
    pub events: Vec<AlertEvent>,
    /// The last day judged.
    pub until: Date,
}

/// What a build did.
#[derive(Debug, Clone, Serialize)]
pub struct Built {
    /// Values computed, gaps included.
    pub indicators: u64,
    /// Of these, new or changed since the last build.
    pub indicators_changed: u64,
    /// Judgements made.
    pub judgements: u64,
    /// Transitions of alerts recorded now.
    pub alert_events: u64,
    /// Alerts active or clearing.
    pub alerts_active: u64,
    /// Time taken.
    pub duration_ms: u64,
}

impl Built {
    /// One French sentence.
    #[must_use]
    pub fn summary(&self) -> String {
        format!(
            "{} valeurs d’indicateurs (dont {} nouvelles ou modifiées), {} jugements, {} alertes actives.",
            self.indicators, self.indicators_changed, self.judgements, self.alerts_active
        )
    }
}

/// Computes the picture as of a time; judges every day up to `until` (the day of the as-of when absent).
///
/// `judged` sees each rule with all its judgements, rule after rule; only those of the last weeks stay in the picture,
/// so that memory grows with one rule and not with all of them.
///
/// # Errors
/// [`Error::Transform`] naming the query, [`Error::Store`]; what `judged` fails with.
pub async fn picture(
    room: &Room,
    as_of: AsOf,
    until: Option<Date>,
    mut judged: impl FnMut(&Rule, &[Judgement]) -> Result<(), Error>,
) -> Result<Picture, Error> {
    let ctx = room.session(as_of)?;
    let today = paris_day(as_of.issued);
    let computed = vigie_transform::compute(&ctx, &room.vocabulary, today).await?;
    let observations = computed.observations()?;
    let places = gather::places(&ctx).await?;
    let populations: Populations =
        places.iter().filter_map(|info| Some((info.place.clone(), info.population?))).collect();
    let until = until.unwrap_or(today);
    // How late a feed is, is known for the day of a run only: earlier days come from what earlier runs recorded.
    let recorded = ctx.sql("select * from judgements where geo_type = 'source'").await?.collect().await?;
    let recorded = judgements_of(&recorded)?;
    let kept_from = until.saturating_sub(WEEKS_KEPT.weeks());
    let mut picture = Picture {
        ctx,
        computed,
        observations,
        places,
        populations,
        until,
        judgements: vec![],
        alerts: vec![],
        events: vec![],
    };
    for rule in room.vocabulary.rules() {
        let judgements = judge_rule(rule, &picture.observations, &picture.populations, BEGINNING, until);
        let earlier = recorded.iter().filter(|judgement| judgement.rule == rule.id).cloned().collect();
        let judgements = with_recorded(judgements, earlier);
        let (alerts, events) = vigie_transform::alerts(&room.vocabulary, &judgements, until);
        picture.alerts.extend(alerts);
        picture.events.extend(events);
        judged(rule, &judgements)?;
        picture.judgements.extend(judgements.into_iter().filter(|judgement| judgement.date >= kept_from));
    }
    Ok(picture)
}

/// Computes and keeps.
///
/// # Errors
/// As [`picture`]; [`vigie_store::Error::Locked`] when another build is under way.
pub async fn build(room: &Room, as_of: AsOf) -> Result<Built, Error> {
    let started = Instant::now();
    let _one_at_a_time = room.lake.lock("build", LOCK_WAIT)?;
    ensure_reference(room).await?;
    let as_of = AsOf { issued: as_of.issued, recorded: now() }; // the reference editions just loaded count
    let mut judged: Vec<RecordBatch> = Vec::new();
    let picture = picture(room, as_of, None, |_, judgements| {
        judged.push(judgements_batch(&room.vocabulary, judgements)?);
        Ok(())
    })
    .await?;
    let at = now();
    let id = fetch_id("build", at, "");
    let indicators = keep(room, &tables::indicators(), &picture.computed.indicators, as_of, &id).await?;
    keep(room, &tables::judgements(), &judged, as_of, &id).await?;
    let alert_events = record_events(room, &picture, as_of, &id).await?;
    Ok(Built {
        indicators: rows(&picture.computed.indicators),
        indicators_changed: indicators.rows_changed,
        judgements: rows(&judged),
        alert_events,
        alerts_active: picture.alerts.iter().filter(|alert| alert.state.stands()).count() as u64,
        duration_ms: u64::try_from(started.elapsed().as_millis()).unwrap_or(u64::MAX),
    })
}

/// Adds to a derived table what is new or changed.
async fn keep(
    room: &Room,
    spec: &TableSpec,
    rows: &[RecordBatch],
    as_of: AsOf,
    id: &str,
) -> Result<Change, Error> {
    let lock = room.lake.lock(&spec.name, LOCK_WAIT)?;
    Ok(room.lake.append_versions(&lock, spec, rows, as_of.issued, now(), id).await?)
}

fn rows(batches: &[RecordBatch]) -> u64 {
    batches.iter().map(|batch| batch.num_rows() as u64).sum()
}

/// Adds the transitions that are new, and marks those that revised data no longer support: none is erased.
async fn record_events(room: &Room, picture: &Picture, as_of: AsOf, id: &str) -> Result<u64, Error> {
    let spec = tables::alert_events();
    let recorded =
        picture.ctx.sql("select * from alert_events order by recorded_at").await?.collect().await?;
    let recorded = vigie_transform::events_of(&recorded)?;
    let difference = vigie_transform::reconcile(&recorded, &picture.events, BEGINNING, picture.until);
    let count = (difference.added.len() + difference.revoked.len()) as u64;
    if count > 0 {
        let stamp = Stamp { issued_at: as_of.issued, recorded_at: now(), by: "vigie build" };
        let added = vigie_transform::events_batch(&difference.added, stamp, false)?;
        let revoked = vigie_transform::events_batch(&difference.revoked, stamp, true)?;
        room.lake.append(&spec, &[added, revoked], stamp.recorded_at, id).await?;
    }
    Ok(count)
}
