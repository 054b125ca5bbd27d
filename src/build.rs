//! `vigie build`: indicators, judgements and alerts from the lake as of a time, kept in the lake.

use std::time::{Duration, Instant};

use datafusion::prelude::SessionContext;
use jiff::civil::Date;
use serde::Serialize;
use vigie_queries::{Alert, AlertEvent, AlertState, Judgement, Observations};
use vigie_reports::input::PlaceInfo;
use vigie_store::{AsOf, fetch_id, tables};
use vigie_transform::{Computed, Populations, Stamp, judgements_of, with_recorded};

use crate::calendar::paris_day;
use crate::clock::now;
use crate::error::Error;
use crate::fetch::ensure_reference;
use crate::gather;
use crate::room::Room;

/// Before any feed: every day that has data is judged.
const BEGINNING: Date = Date::constant(2000, 1, 1);

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
    /// What the rules in force say of each place and day.
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
/// # Errors
/// [`Error::Transform`] naming the query, [`Error::Store`].
pub async fn picture(room: &Room, as_of: AsOf, until: Option<Date>) -> Result<Picture, Error> {
    let ctx = room.session(as_of)?;
    let today = paris_day(as_of.issued);
    let computed = vigie_transform::compute(&ctx, &room.vocabulary, today).await?;
    let observations = computed.observations()?;
    let places = gather::places(&ctx).await?;
    let populations: Populations =
        places.iter().filter_map(|info| Some((info.place.clone(), info.population?))).collect();
    let until = until.unwrap_or(today);
    let judgements = vigie_transform::judge_all(&room.vocabulary, &observations, &populations, BEGINNING, until);
    // How late a feed is, is known for the day of a run only: earlier days come from what earlier runs recorded.
    let recorded = ctx.sql("select * from judgements where geo_type = 'source'").await?.collect().await?;
    let judgements = with_recorded(judgements, judgements_of(&recorded)?);
    let (alerts, events) = vigie_transform::alerts(&room.vocabulary, &judgements, until);
    Ok(Picture { ctx, computed, observations, places, populations, judgements, alerts, events, until })
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
    let picture = picture(room, as_of, None).await?;
    let at = now();
    let id = fetch_id("build", at, "");

    let spec = tables::indicators();
    let lock = room.lake.lock(&spec.name, LOCK_WAIT)?;
    let change = room
        .lake
        .append_versions(&lock, &spec, &picture.computed.indicators, as_of.issued, at, &id)
        .await?;
    drop(lock);

    let spec = tables::judgements();
    let lock = room.lake.lock(&spec.name, LOCK_WAIT)?;
    let batch = vigie_transform::judgements_batch(&room.vocabulary, &picture.judgements)?;
    room.lake.append_versions(&lock, &spec, &[batch], as_of.issued, at, &id).await?;
    drop(lock);

    let alert_events = record_events(room, &picture, as_of, &id).await?;
    Ok(Built {
        indicators: picture.computed.indicators.iter().map(|batch| batch.num_rows() as u64).sum(),
        indicators_changed: change.rows_changed,
        judgements: picture.judgements.len() as u64,
        alert_events,
        alerts_active: picture
            .alerts
            .iter()
            .filter(|alert| {
                matches!(alert.state, AlertState::Active | AlertState::Clearing)
            })
            .count() as u64,
        duration_ms: u64::try_from(started.elapsed().as_millis()).unwrap_or(u64::MAX),
    })
}

/// Adds the transitions that are new, and marks those that revised data no longer support: none is erased.
async fn record_events(room: &Room, picture: &Picture, as_of: AsOf, id: &str) -> Result<u64, Error> {
    let spec = tables::alert_events();
    let recorded = picture.ctx.sql("select * from alert_events order by recorded_at").await?.collect().await?;
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

