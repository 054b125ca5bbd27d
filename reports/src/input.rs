//! What one bulletin is made from: plain data, gathered by the caller, nothing read from disk or clock here.
//!
//! Two calls with an equal [`Input`] give the same bytes. Feed text (names, titles, messages) is data: it is printed as it
//! stands and never read as markup.

use std::collections::BTreeMap;

use jiff::Timestamp;
use jiff::civil::Date;
use serde::Serialize;
use vigie_queries::{Alert, Forecast, GeoType, Judgement, Observations, Place, TimeType, Vocabulary};

use crate::wording::Wording;

/// Everything one bulletin says.
#[derive(Debug, Clone)]
pub struct Input<'a> {
    /// The place the bulletin is about: a region, a department or France.
    pub territory: Place,
    /// Monday of the ISO week.
    pub week: Date,
    /// State of the data the bulletin was made from.
    pub as_of: AsOf,
    /// Edition number for this territory and week, from 1.
    pub edition: u32,
    /// Values of indicators, days and weeks, of the territory, its departments and what contains it.
    pub observations: &'a Observations,
    /// What the rules say of each place on each day. At least the territory and its departments, on the week's Sunday and
    /// the Sundays before it; more days do no harm.
    pub judgements: &'a [Judgement],
    /// Alerts as they stand at the end of the week, feeds included. Inactive ones do no harm.
    pub alerts: &'a [Alert],
    /// What the models say of the days after the week: at least of the territory. None is said so.
    pub forecasts: &'a [Forecast],
    /// Titles, definitions, units, rules, contracts.
    pub vocabulary: &'a Vocabulary,
    /// The territory, its departments and what contains it, with populations and beds.
    pub places: Vec<PlaceInfo>,
    /// One entry per source of the vocabulary, also those never received ([`Freshness::Absent`]).
    pub feeds: Vec<FeedState>,
    /// What was found wrong in the editions in use, by source and code.
    pub findings: Vec<FindingSummary>,
    /// What the gates of the bulletin found, those without a finding included, and those of the editions of the last weeks.
    pub gates: Vec<GateResult>,
    /// What to dial, by department.
    pub access_numbers: Vec<AccessNumber>,
    /// Dated context: holidays, strikes, measures, definition breaks.
    pub events: Vec<Event>,
    /// What the authorities set for places, as far as it was known.
    pub legal_statuses: Vec<LegalStatus>,
    /// How many places the official lists had.
    pub legal_lists: Vec<LegalList>,
    /// Patients and beds of intensive care, of each region and the country on each day that has some.
    pub icu_days: Vec<IcuDay>,
    /// Who publishes; neutral when empty.
    pub agency: Agency,
    /// What became of the numbers of the bulletin before; none leaves the page out.
    pub changes: Option<Changes>,
    /// Words an editor chose, by id of the text; the others are those computed.
    pub wording: BTreeMap<String, Wording>,
    /// Who reviewed the text.
    pub reviewed_by: Option<String>,
    /// The agency's own look; neutral when empty.
    pub theme: Theme,
}

/// An agency's own look, instead of the one that ships with Vigie.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Theme {
    /// Layout of the PDF: a Typst file that reads `data.json`.
    pub template: Option<String>,
    /// Style of the HTML twin.
    pub style: Option<String>,
    /// Logo at the head of the first page.
    pub logo: Option<Logo>,
}

/// A picture of the publisher.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Logo {
    /// File name; its end says the format: `logo.svg`, `logo.png`, `logo.jpg`.
    pub name: String,
    /// The file.
    pub bytes: Vec<u8>,
}

/// What became of the numbers that the bulletin before this one printed.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Changes {
    /// That bulletin; none for the first of a territory.
    pub previous: Option<Previous>,
    /// Values and levels of it that were read again.
    pub compared: usize,
    /// Those that would be printed otherwise today, the most important first.
    pub changes: Vec<Change>,
}

/// An earlier bulletin of the same territory.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Previous {
    /// Monday of its week.
    pub week: Date,
    /// Its number for that week.
    pub edition: u32,
    /// Editions of sources issued until then counted.
    pub issued: Timestamp,
    /// Id of the rule that coloured its map, where it had one.
    pub rule: Option<String>,
}

/// A published value or level that would be printed otherwise today.
#[derive(Debug, Clone, PartialEq)]
pub struct Change {
    /// Id under which it was published ([`crate::PublishedValue::indicator`]).
    pub indicator: String,
    /// Category within it, may be empty.
    pub category: String,
    /// The place.
    pub place: Place,
    /// Days or weeks.
    pub time_type: TimeType,
    /// The day, or the Monday of the week.
    pub date: Date,
    /// Its unit.
    pub unit: String,
    /// The value published; none for a gap.
    pub before: Option<f64>,
    /// What was printed.
    pub printed_before: String,
    /// The value today; none for a gap.
    pub now: Option<f64>,
    /// What is printed today.
    pub printed_now: String,
    /// Why, several at once where several apply; empty when the cause is not established.
    pub causes: Vec<Cause>,
}

/// Why a published value would be printed otherwise.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Cause {
    /// Rows came since, or the days concerned were not consolidated yet.
    LateData,
    /// Rows of consolidated days were revised.
    Correction,
    /// Rows were withdrawn.
    Withdrawal,
    /// The query or the rule is another one.
    Definition,
}

impl Cause {
    /// The cause in French, as the page prints it.
    #[must_use]
    pub fn title_fr(self) -> &'static str {
        match self {
            Self::LateData => "donnée tardive",
            Self::Correction => "correction à la source",
            Self::Withdrawal => "retrait à la source",
            Self::Definition => "règle ou définition modifiée",
        }
    }

    /// The cause as the twins name it.
    #[must_use]
    pub fn code(self) -> &'static str {
        match self {
            Self::LateData => "late-data",
            Self::Correction => "correction",
            Self::Withdrawal => "withdrawal",
            Self::Definition => "definition",
        }
    }
}

/// State of the data: what had been issued, and what Vigie had recorded.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct AsOf {
    /// Editions issued until then count.
    pub issued: Timestamp,
    /// Versions recorded until then count.
    pub recorded: Timestamp,
}

/// A place with its denominators.
#[derive(Debug, Clone, PartialEq)]
pub struct PlaceInfo {
    /// The place.
    pub place: Place,
    /// Name for readers.
    pub name: String,
    /// Code of the region a department belongs to.
    pub region: Option<String>,
    /// Residents.
    pub population: Option<f64>,
    /// Residents aged 75 and more.
    pub population_75plus: Option<f64>,
    /// Year of the population.
    pub population_year: Option<i16>,
    /// Intensive-care beds of the yearly census (SAE).
    pub icu_beds: Option<f64>,
    /// Intermediate-care beds of the census.
    pub intermediate_beds: Option<f64>,
    /// Continuing-care beds of the census.
    pub continuing_beds: Option<f64>,
    /// Year of the census.
    pub beds_year: Option<i16>,
}

/// All who lie in intensive care on a day, and the beds there are for them.
#[derive(Debug, Clone, PartialEq)]
pub struct IcuDay {
    /// The place.
    pub place: Place,
    /// The day.
    pub day: Date,
    /// Covid-19 patients (SI-VIC).
    pub covid: Option<f64>,
    /// All patients, declared or estimated; none when nobody counted those of other causes.
    pub patients: Option<f64>,
    /// Those of other causes among them.
    pub others: Option<f64>,
    /// Where others are estimated: from which count.
    pub estimate: Option<Estimate>,
    /// Beds open that day, when every establishment declared them.
    pub beds_open: Option<f64>,
    /// The step of capacity in force.
    pub step: Option<Step>,
    /// Why patients cannot be set against the step.
    pub reason: Option<String>,
}

/// A published count of patients of other causes that an estimate rests on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Estimate {
    /// The day it is of.
    pub on: Date,
    /// The other region it was made in; none when it is the place's own.
    pub elsewhere: Option<Place>,
}

/// Beds that an agency announced, in force on a day.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Step {
    /// Beds; none when the step is too old to be taken for what is open.
    pub beds: Option<f64>,
    /// The first day.
    pub from: Date,
    /// Outside the crisis, rather than opened in it.
    pub is_usual: bool,
    /// Kept for Covid-19 patients.
    pub only_covid: bool,
}

/// Whether what happens at one place changes the sums of another: it is it, holds it, or lies in it.
#[must_use]
pub fn touches(one: &Place, other: &Place, places: &[PlaceInfo]) -> bool {
    let region_of = |place: &Place| {
        if place.geo_type == GeoType::Epci {
            let seat = vigie_queries::known_epcis().get(place.code.as_str())?.departments.first()?;
            return vigie_queries::known_departments().get(seat)?.1.map(Place::region);
        }
        let info = places.iter().find(|info| info.place == *place);
        info.and_then(|info| info.region.as_deref()).map(Place::region)
    };
    let holds = |whole: &Place, part: &Place| {
        let lies_in = |epci: &vigie_queries::Epci| epci.departments.contains(&whole.code.as_str());
        whole.geo_type == GeoType::Country
            || region_of(part).as_ref() == Some(whole)
            || (whole.geo_type == GeoType::Department && part.geo_type == GeoType::Epci)
                && vigie_queries::known_epcis().get(part.code.as_str()).is_some_and(lies_in)
    };
    one == other || holds(one, other) || holds(other, one)
}

/// Breaks of definition that change the values of an indicator at a place.
pub fn breaks<'e>(
    events: &'e [Event],
    vocabulary: &Vocabulary,
    indicator: &str,
    place: &Place,
    places: &[PlaceInfo],
) -> impl Iterator<Item = &'e Event> {
    let sources = vocabulary.sources_of(indicator);
    let columns = vocabulary.query(indicator).map_or(&[][..], |query| &query.columns);
    let rests_on =
        |source: &str, column: &str| columns.iter().any(|own| *own == format!("{source}.{column}"));
    events
        .iter()
        .filter(|event| event.kind == EventKind::DefinitionBreak && touches(&event.place, place, places))
        .filter(|event| {
            event.sources.iter().filter(|source| sources.contains(source.as_str())).any(|source| {
                columns.is_empty()
                    || event.columns.is_empty()
                    || event.columns.iter().any(|column| rests_on(source, column))
            })
        })
        .collect::<Vec<_>>()
        .into_iter()
}

/// How old a feed's newest edition is, against its contract.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Freshness {
    /// Younger than `warn_after`.
    Fresh,
    /// Older than `warn_after`.
    Late,
    /// Older than `error_after`: its series prints as a gap.
    Stale,
    /// Never received.
    Absent,
}

/// State of one feed as of the bulletin.
#[derive(Debug, Clone, PartialEq)]
pub struct FeedState {
    /// Name of the source.
    pub source: String,
    /// Title for readers, from the contract.
    pub title_fr: String,
    /// Who publishes it.
    pub publisher: String,
    /// Licence of the data.
    pub licence: String,
    /// Issue time of the newest edition in use.
    pub last_issued_at: Option<Timestamp>,
    /// Hours from that issue to the bulletin's as-of.
    pub age_hours: Option<f64>,
    /// Newest day the feed speaks of.
    pub last_day: Option<Date>,
    /// Judgement of the age.
    pub state: Freshness,
    /// Rows of the edition in use.
    pub rows_accepted: u64,
    /// Rows of the edition in use that were set aside.
    pub rows_quarantined: u64,
    /// Outcome of the last poll, in the words of the `fetches` table (`new`, `unchanged`, `stale`, `held`, `rejected`,
    /// `failed`), and its French message when there is one.
    pub last_fetch_outcome: Option<String>,
    /// Message of the last poll.
    pub last_fetch_message: Option<String>,
    /// After how many days its figures no longer move.
    pub settling: Settling,
}

/// After how many days the figures of a source no longer move: younger ones are provisional.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Settling {
    /// Days.
    pub days: u16,
    /// Editions it was measured on; none when it is what the contract declares.
    pub editions: Option<u32>,
}

/// Findings of one kind in one source.
#[derive(Debug, Clone, PartialEq)]
pub struct FindingSummary {
    /// Name of the source.
    pub source: String,
    /// Stable code, such as `type-error`.
    pub code: String,
    /// `info`, `warn` or `error`.
    pub severity: String,
    /// How many.
    pub count: u64,
    /// Message of one of them, in French.
    pub example_message: String,
}

/// What a gate found.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct GateResult {
    /// Id of the gate.
    pub gate: String,
    /// Title for readers.
    pub title_fr: String,
    /// Gates of fetches: the source whose editions it was asked of.
    pub source: Option<String>,
    /// `info`, `warn` or `hold`.
    pub severity: String,
    /// Rows found; 0 when the gate passes.
    pub count: u64,
    /// Sentences about the first of them.
    pub examples: Vec<String>,
    /// Who let it pass, when every row found is acknowledged.
    pub acknowledged: Option<Acknowledged>,
}

/// Who let a finding of a gate pass, and why.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Acknowledged {
    /// Its id in the table `acknowledgements`.
    pub id: String,
    /// Who; empty when nobody gave a name.
    pub by: String,
    /// Why; empty when nobody said.
    pub reason: String,
    /// Last day for which it holds.
    pub until: Option<Date>,
}

/// What to dial in a department when practices are closed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AccessNumber {
    /// Code of the department.
    pub department: String,
    /// The number, as dialled.
    pub phone: String,
    /// What it is for.
    pub label_fr: String,
}

/// Kind of dated context.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum EventKind {
    /// Public holiday.
    Holiday,
    /// School holidays of a zone.
    SchoolHoliday,
    /// Strike.
    Strike,
    /// Measure of the authorities.
    Measure,
    /// A source counts anew from that day: no comparison crosses it.
    DefinitionBreak,
    /// Beds or places opened.
    Capacity,
    /// Test or vaccination campaign.
    Campaign,
}

impl EventKind {
    /// As the source `events` writes it.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Holiday => "holiday",
            Self::SchoolHoliday => "school_holiday",
            Self::Strike => "strike",
            Self::Measure => "measure",
            Self::DefinitionBreak => "definition_break",
            Self::Capacity => "capacity",
            Self::Campaign => "campaign",
        }
    }

    /// All of them.
    pub const ALL: [Self; 7] = [
        Self::Holiday,
        Self::SchoolHoliday,
        Self::Strike,
        Self::Measure,
        Self::DefinitionBreak,
        Self::Capacity,
        Self::Campaign,
    ];
}

/// Dated context of a place.
#[derive(Debug, Clone, PartialEq)]
pub struct Event {
    /// First day.
    pub starts: Date,
    /// Last day; none for a moment or an open end.
    pub ends: Option<Date>,
    /// The place it concerns.
    pub place: Place,
    /// Kind.
    pub kind: EventKind,
    /// Title for readers.
    pub title_fr: String,
    /// Document of reference.
    pub reference: String,
    /// Definition breaks: the sources concerned.
    pub sources: Vec<String>,
    /// Definition breaks: the columns of those sources that count anew; empty: all of them.
    pub columns: Vec<String>,
}

/// What the authorities set for a place. Nothing of it is computed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LegalStatus {
    /// The place.
    pub place: Place,
    /// Its status, in the words of the register (`zca`, `couvre_feu`).
    pub status: String,
    /// First day.
    pub starts: Date,
    /// Last day; none while it stands, and where no end was found.
    pub ends: Option<Date>,
    /// Whether no end was found: it may be over.
    pub end_unknown: bool,
    /// Whether only the month of the first day is known.
    pub month_only: bool,
    /// Whether the register holds every place of that status; where it does not, a place without a row may have it.
    pub whole_list: bool,
    /// Text or announcement.
    pub reference: String,
}

impl LegalStatus {
    /// Whether it stands on a day.
    #[must_use]
    pub fn stands(&self, on: Date) -> bool {
        self.starts <= on && self.ends.is_none_or(|last| on <= last)
    }
}

/// How many places a list had, as it was announced.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LegalList {
    /// The status.
    pub status: String,
    /// The kind of place that was counted.
    pub of: GeoType,
    /// First day.
    pub starts: Date,
    /// Last day.
    pub ends: Date,
    /// Places.
    pub total: u32,
}

/// Who publishes the bulletin. Empty fields print nothing.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Agency {
    /// Name, such as « Agence régionale de santé Occitanie ».
    pub name: String,
    /// Service or cell that answers.
    pub service: String,
    /// Lines of contact: telephone, address, mail.
    pub contact: Vec<String>,
}
