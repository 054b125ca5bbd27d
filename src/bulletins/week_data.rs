//! What the bulletins of one week are drawn from: computed from the lake once, whatever the number of territories.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Instant;

use datafusion::common::runtime::SpawnedTask;
use jiff::ToSpan;
use jiff::civil::Date;
use rayon::prelude::*;
use vigie_queries::{Alert, Forecast, Place};
use vigie_reports::input::{
    AccessNumber, Agency, AsOf as PrintedAsOf, Event, FeedState, FindingSummary, IcuDay, Input, LegalList,
    LegalStatus, Theme,
};
use vigie_store::AsOf;

use crate::build::feeds::Days;
use crate::build::{Computation, Judged, compute_for};
use crate::build::{feeds, forecasts, gather};
use crate::bulletins::{BulletinSpec, RenderedBulletin};
use crate::bulletins::{changes, gates};
use crate::error::Error;
use crate::room::Room;

/// Weeks of judgements that a bulletin looks back on.
const WEEKS_BACK: i32 = 14;

/// What every bulletin of one week and as-of shares.
pub struct WeekData {
    computation: Computation,
    judged: Judged,
    /// Alerts as they stood on the Sundays of the bulletins before, by today's data.
    stood: BTreeMap<Date, Vec<Alert>>,
    feeds: Vec<FeedState>,
    findings: Vec<FindingSummary>,
    access_numbers: Vec<AccessNumber>,
    events: Vec<Event>,
    legal_statuses: Vec<LegalStatus>,
    legal_lists: Vec<LegalList>,
    icu_days: Vec<IcuDay>,
    forecasts: Vec<Forecast>,
}

impl WeekData {
    /// Computes what some bulletins of one week are drawn from.
    ///
    /// # Errors
    /// [`Error::Transform`], [`Error::Query`] when the lake cannot be read.
    pub async fn of(room: &Room, as_of: AsOf, specs: &[BulletinSpec]) -> Result<Self, Error> {
        let week = specs.first().map_or(Date::MIN, |spec| spec.week);
        let sunday = week.saturating_add(6.days());
        let started = Instant::now();
        let territories: Vec<&Place> = specs.iter().map(|spec| &spec.territory).collect();
        let computation = compute_for(room, as_of, &territories).await?;
        tracing::debug!(ms = millis(started), "indicators computed");
        let started = Instant::now();
        // An earlier bulletin is read again with the judgements of its own weeks.
        let first = specs.iter().filter_map(|spec| spec.previous.as_ref()).map(|edition| edition.week).min();
        let from = first.map_or(week, |first| first.min(week)).saturating_sub(WEEKS_BACK.weeks());
        let earlier: BTreeSet<Date> = specs
            .iter()
            .filter_map(|spec| spec.previous.as_ref())
            .map(|edition| edition.week.saturating_add(6.days()))
            .collect();
        // While the rules are judged, the rest is read.
        let ctx = computation.ctx.clone();
        let reading = SpawnedTask::spawn(async move {
            let findings = feeds::findings(&ctx, as_of).await?;
            let (numbers, events) = (gather::access_numbers(&ctx).await?, gather::events(&ctx).await?);
            let legal = (gather::legal_statuses(&ctx).await?, gather::legal_lists(&ctx).await?);
            Ok::<_, Error>((findings, numbers, events, legal, gather::icu_days(&ctx).await?))
        });
        let (judged, stood) =
            tokio::task::block_in_place(|| computation.judge_and_before(room, from, sunday, &earlier));
        tracing::debug!(ms = millis(started), "rules judged");
        let started = Instant::now();
        let feeds = feeds::states(room, &computation.ctx, as_of, Days::Of(&computation.computed)).await?;
        let gone = |cause| Error::Failed(format!("findings and events were not read: {cause}"));
        let (findings, access_numbers, events, legal, icu_days) = reading.join().await.map_err(gone)??;
        tracing::debug!(ms = millis(started), "feeds, findings and events read");
        let forecasts = tokio::task::block_in_place(|| forecasts::of(room, &computation, &events, sunday));
        let (legal_statuses, legal_lists) = legal;
        Ok(Self {
            computation,
            judged,
            stood,
            feeds,
            findings,
            access_numbers,
            events,
            legal_statuses,
            legal_lists,
            icu_days,
            forecasts,
        })
    }

    /// Whether what a territory's bulletin reads is here: a week_data holds the regions it was made for.
    #[must_use]
    pub fn holds(&self, territory: &Place) -> bool {
        self.computation.observations.iter().any(|(key, _)| key.place == *territory)
    }

    /// What one bulletin says, its changes since the one before included.
    ///
    /// # Errors
    /// [`Error::Transform`] naming the gate that cannot run, [`Error::Query`].
    pub async fn input<'a>(&'a self, room: &'a Room, spec: &BulletinSpec) -> Result<Input<'a>, Error> {
        let Self { computation, judged, .. } = self;
        let agency = &room.config.agency;
        let mut findings = self.findings.clone();
        let started = Instant::now();
        let gates = gates::results(room, computation, judged, spec, &self.feeds, &mut findings).await?;
        tracing::debug!(ms = millis(started), territory = %spec.territory, "gates asked");
        let mut input = Input {
            territory: spec.territory.clone(),
            week: spec.week,
            as_of: PrintedAsOf { issued: spec.as_of.issued, recorded: spec.as_of.recorded },
            edition: spec.number,
            observations: &computation.observations,
            judgements: &judged.judgements,
            alerts: &judged.alerts,
            vocabulary: &room.vocabulary,
            places: computation.places.clone(),
            feeds: self.feeds.clone(),
            findings,
            gates,
            access_numbers: self.access_numbers.clone(),
            events: self.events.clone(),
            legal_statuses: self.legal_statuses.clone(),
            legal_lists: self.legal_lists.clone(),
            icu_days: self.icu_days.clone(),
            forecasts: &self.forecasts,
            agency: Agency {
                name: agency.name.clone().unwrap_or_default(),
                service: String::new(),
                contact: agency.contact.clone(),
            },
            changes: None,
            wording: spec.wording.clone(),
            reviewed_by: spec.by.clone(),
            theme: room.theme.clone(),
        };
        let sunday = spec.previous.as_ref().map(|edition| edition.week.saturating_add(6.days()));
        let stood = sunday.and_then(|sunday| self.stood.get(&sunday)).map_or(&[][..], Vec::as_slice);
        let started = Instant::now();
        input.changes = Some(changes::since(room, computation, &input, spec, stood).await?);
        tracing::debug!(ms = millis(started), territory = %spec.territory, "changes looked up");
        Ok(input)
    }

    /// Draws bulletins: the lake is asked in turn, the pages are set side by side.
    ///
    /// # Errors
    /// [`Error::Reports`] when a page cannot be set, and as [`Self::input`].
    pub async fn draw(&self, room: &Room, specs: &[BulletinSpec]) -> Result<Vec<RenderedBulletin>, Error> {
        let mut inputs = Vec::new();
        for spec in specs {
            inputs.push(self.input(room, spec).await?);
        }
        let started = Instant::now();
        // As many at once as there are cores: each goes on side by side within itself, and a thread that waits takes up other
        // work on its stack.
        let at_once = inputs.chunks(rayon::current_num_threads());
        let rendered: Vec<_> = tokio::task::block_in_place(|| {
            at_once.flat_map(|some| some.par_iter().map(render).collect::<Vec<_>>()).collect()
        });
        vigie_reports::forget_documents();
        tracing::debug!(ms = millis(started), bulletins = inputs.len(), "pages set");
        let mut drawn = Vec::new();
        for ((spec, input), rendered) in specs.iter().zip(&inputs).zip(rendered) {
            let (rendered, layout_fault) = rendered?;
            let acknowledged = input.gates.iter().filter_map(|result| result.acknowledged.as_ref());
            drawn.push(RenderedBulletin {
                rendered,
                faults: self.computation.faults(room).into_iter().chain(layout_fault.clone()).collect(),
                layout_fault,
                alerts: vigie_reports::standing_alerts(input),
                held: gates::held(&input.gates, &spec.territory, spec.week),
                acknowledgements: acknowledged.map(|one| one.id.clone()).collect(),
            });
        }
        Ok(drawn)
    }
}

/// The pages of a bulletin. An agency's own layout that does not typeset is left aside for the neutral one: the bulletin comes
/// out, and what Typst says of the layout is told.
fn render(input: &Input<'_>) -> Result<(vigie_reports::Rendered, Option<String>), vigie_reports::Error> {
    match vigie_reports::render(input) {
        Err(vigie_reports::Error::Typeset(faults)) if input.theme.template.is_some() => {
            let neutral = Theme { template: None, ..input.theme.clone() };
            let rendered = vigie_reports::render(&Input { theme: neutral, ..input.clone() })?;
            Ok((rendered, Some(faults.join(" ; "))))
        }
        rendered => Ok((rendered?, None)),
    }
}

/// Whole milliseconds since then.
fn millis(started: Instant) -> u128 {
    started.elapsed().as_millis()
}
