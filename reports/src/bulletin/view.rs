//! Looks up in an [`Input`] what the sections ask for: values of weeks, comparisons, names, sources, ages.

use std::collections::BTreeSet;

use jiff::civil::Date;
use jiff::{Span, Timestamp};
use vigie_queries::{GeoType, Observation, Place, Status, TimeType};

use crate::french;
use crate::input::{Event, FeedState, Freshness, Input, PlaceInfo, breaks, touches};
use crate::published::{About, Register};
use crate::trend::{self, Direction, Nature, Sample};

/// Weeks shown on charts, the bulletin's week included.
pub(crate) const WEEKS_SHOWN: i64 = 30;

/// An input with what is derived from it once.
pub(crate) struct View<'a> {
    pub(crate) input: &'a Input<'a>,
    /// Last day of the week.
    pub(crate) sunday: Date,
    /// Departments of the territory in order of code (none for a department's own bulletin).
    pub(crate) departments: Vec<&'a PlaceInfo>,
}

/// A value as printed.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Shown {
    pub(crate) text: String,
    pub(crate) provisional: bool,
    /// Why there is none; where too few reported, with what those who did give, so called.
    pub(crate) reason: Option<String>,
    /// How much of what was expected the value rests on, when that is not all.
    pub(crate) coverage: Option<String>,
}

/// A value against the week before.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Comparison {
    pub(crate) now: Option<Sample>,
    pub(crate) before: Option<Sample>,
    pub(crate) provisional: bool,
    /// Which way, when that can be said.
    pub(crate) direction: Result<Direction, WhyNot>,
    /// Weeks in a row in that direction, at least 1; 0 when flat or unknown.
    pub(crate) weeks: u32,
    /// Monday of the first of them.
    pub(crate) since: Date,
}

/// Why no comparison is made.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum WhyNot {
    /// No value for this week.
    Missing(String),
    /// None for the week before.
    NoBefore(String),
    /// The source counts anew.
    Break(String),
    /// Others are missing this week than the week before.
    OtherPanel,
}

/// The file of the metropoles, of which no bulletin is made: no figure of a bulletin is as old as it is.
const METROPOLES: &str = "metropole_incidence";

const NO_REASON: &str = "donnée non disponible";

/// Names few enough to be read in a note.
fn few(names: &str) -> Option<String> {
    let names: Vec<String> = names.split(", ").map(str::to_owned).collect();
    (names.len() <= LACKING_NAMED).then(|| french::list(&names))
}

/// Who is missing is named up to so many.
const LACKING_NAMED: usize = 3;

impl<'a> View<'a> {
    pub(crate) fn new(input: &'a Input<'a>) -> Self {
        let territory = &input.territory;
        let mut departments: Vec<&PlaceInfo> = input
            .places
            .iter()
            .filter(|info| info.place.geo_type == GeoType::Department)
            .filter(|info| match territory.geo_type {
                GeoType::Region => info.region.as_deref() == Some(territory.code.as_str()),
                GeoType::Country => info.region.is_some(),
                GeoType::Department | GeoType::Epci | GeoType::Source => false,
            })
            .collect();
        departments.sort_by(|a, b| a.place.cmp(&b.place));
        Self { input, sunday: input.week.saturating_add(Span::new().days(6)), departments }
    }

    /// Monday of the week `back` weeks before the bulletin's.
    pub(crate) fn monday(&self, back: i64) -> Date {
        self.input.week.saturating_sub(Span::new().weeks(back))
    }

    /// Last day of the week before.
    pub(crate) fn sunday_before(&self) -> Date {
        self.sunday.saturating_sub(Span::new().weeks(1))
    }

    /// First day of the charts.
    pub(crate) fn chart_start(&self) -> Date {
        self.monday(WEEKS_SHOWN - 1)
    }

    pub(crate) fn territory(&self) -> &'a Place {
        &self.input.territory
    }

    pub(crate) fn info(&self, place: &Place) -> Option<&'a PlaceInfo> {
        self.input.places.iter().find(|info| info.place == *place)
    }

    /// Name of a place; official names win over a feed's.
    pub(crate) fn name(&self, place: &Place) -> String {
        vigie_queries::official_name(place).map_or_else(
            || match place.geo_type {
                GeoType::Source => self.source_title(&place.code),
                _ => self.info(place).map_or_else(
                    || match place.code.as_str() {
                        // Collectivities of the Pacific, which no table of departments has.
                        "986" => "Wallis-et-Futuna".to_owned(),
                        "987" => "Polynésie française".to_owned(),
                        "988" => "Nouvelle-Calédonie".to_owned(),
                        code => code.to_owned(),
                    },
                    |info| info.name.clone(),
                ),
            },
            str::to_owned,
        )
    }

    pub(crate) fn source_title(&self, source: &str) -> String {
        self.input.vocabulary.contract(source).map_or_else(|| source.to_owned(), |c| c.title_fr.clone())
    }

    /// Whether the vocabulary defines an indicator.
    pub(crate) fn defined(&self, indicator: &str) -> bool {
        self.input.vocabulary.query(indicator).is_some()
    }

    /// Whether a place has any value of an indicator in the weeks shown.
    pub(crate) fn has(&self, indicator: &str, category: &str, place: &Place) -> bool {
        let (from, until) = (self.chart_start(), self.sunday);
        [TimeType::Week, TimeType::Day].into_iter().any(|time_type| {
            self.input.observations.series(indicator, category, place, time_type).is_some_and(|series| {
                series.range(from..=until).any(|(_, observation)| observation.value.is_some())
            })
        })
    }

    /// Whether a place has any value of an indicator in the three weeks of the tables.
    pub(crate) fn has_lately(&self, indicator: &str, category: &str, place: &Place) -> bool {
        (0..3).any(|back| self.week(indicator, category, place, back).is_some_and(|o| o.value.is_some()))
    }

    /// The value of the week `back` weeks before the bulletin's: the weekly row, else the Sunday's day row.
    pub(crate) fn week(
        &self,
        indicator: &str,
        category: &str,
        place: &Place,
        back: i64,
    ) -> Option<&'a Observation> {
        let monday = self.monday(back);
        let all = self.input.observations;
        all.get(indicator, category, place, TimeType::Week, monday).or_else(|| {
            let sunday = monday.saturating_add(Span::new().days(6));
            all.get(indicator, category, place, TimeType::Day, sunday)
        })
    }

    /// The value of the week as a sample.
    pub(crate) fn sample(&self, indicator: &str, category: &str, place: &Place, back: i64) -> Option<Sample> {
        let observation = self.week(indicator, category, place, back)?;
        Some(Sample {
            value: observation.value?,
            numerator: observation.numerator,
            denominator: observation.denominator,
        })
    }

    /// Unit and decimals of an indicator.
    pub(crate) fn unit(&self, indicator: &str) -> (String, u8) {
        self.input
            .vocabulary
            .query(indicator)
            .map_or_else(|| (String::new(), 1), |query| (query.unit.clone(), query.decimals))
    }

    /// A value of an indicator in its unit.
    pub(crate) fn text(&self, indicator: &str, value: f64) -> String {
        let (unit, decimals) = self.unit(indicator);
        match unit.as_str() {
            "share" => french::percent(value, decimals),
            "euros" => french::euros(value, decimals),
            _ => french::number(value, decimals),
        }
    }

    /// A bound in the unit of an indicator, with as many decimals as it has, at most two more than values have: who is on which
    /// side of it must not hang on a rounding.
    pub(crate) fn exact_text(&self, indicator: &str, value: f64) -> String {
        let (unit, decimals) = self.unit(indicator);
        let scale = if unit == "share" { 2 } else { 0 };
        let exact = |more: &u8| {
            let rounded = french::rounded(value, decimals + scale + more);
            (rounded - value).abs() <= value.abs() * 1e-9
        };
        let decimals = decimals + (0..2).find(exact).unwrap_or(2);
        match unit.as_str() {
            "share" => french::percent(value, decimals),
            "euros" => french::euros(value, decimals),
            _ => french::number(value, decimals),
        }
    }

    /// A value as far as it is printed: the number a reader has before him.
    pub(crate) fn as_printed(&self, indicator: &str, value: f64) -> f64 {
        let (unit, decimals) = self.unit(indicator);
        french::rounded(value, if unit == "share" { decimals + 2 } else { decimals })
    }

    /// A difference of two values as printed, with its sign and unit.
    pub(crate) fn difference_text(&self, indicator: &str, difference: f64) -> String {
        let (unit, decimals) = self.unit(indicator);
        match Nature::of(&unit, decimals) {
            Nature::Share => french::points(difference, decimals),
            Nature::Days => format!("{}\u{A0}j", french::signed(difference, decimals)),
            _ if unit == "euros" => format!("{}\u{A0}€", french::signed(difference, decimals)),
            _ => french::signed(difference, decimals),
        }
    }

    /// What the value of a week is about.
    pub(crate) fn about(&self, indicator: &str, category: &str, place: &Place, back: i64) -> About {
        About {
            indicator: indicator.to_owned(),
            category: category.to_owned(),
            place: place.clone(),
            time_type: TimeType::Week,
            date: self.monday(back),
        }
    }

    /// Prints the value of a week through the register; a gap prints « – » with its reason.
    #[expect(clippy::too_many_arguments, reason = "a printed value is what it is about, and where")]
    pub(crate) fn print(
        &self,
        register: &mut Register,
        kind: &str,
        label: &str,
        indicator: &str,
        category: &str,
        place: &Place,
        back: i64,
    ) -> Shown {
        let observation = self.week(indicator, category, place, back);
        let value = observation.and_then(|o| o.value);
        let text = value.map_or_else(|| "–".to_owned(), |value| self.text(indicator, value));
        let about = self.about(indicator, category, place, back);
        let (unit, _) = self.unit(indicator);
        let text = register.note(kind, label, &about, value, &unit, text);
        let reason = value.is_none().then(|| {
            let reason = self.reason(observation);
            match observation.and_then(|o| Some((o.without?, few(o.lacking.as_deref()?)?))) {
                Some((without, lacking)) => {
                    let about = About { indicator: format!("{indicator}.without"), ..about.clone() };
                    let label = format!("{label} (hors {lacking})");
                    let printed = self.text(indicator, without);
                    let printed = register.note(kind, &label, &about, Some(without), &unit, printed);
                    format!("{reason} ; {printed} hors {lacking}")
                }
                None => reason,
            }
        });
        Shown {
            text,
            provisional: value.is_some() && observation.is_some_and(|o| o.status == Status::Partial),
            reason,
            coverage: observation.filter(|o| o.value.is_some()).and_then(|o| self.coverage(indicator, o)),
        }
    }

    /// `99 % des départements (hors Martinique)`, of a value that does not rest on all that was expected.
    fn coverage(&self, indicator: &str, observation: &Observation) -> Option<String> {
        let share = observation.coverage.filter(|share| *share < 1.0 - 1e-9)?;
        let of = &self.input.vocabulary.query(indicator)?.coverage.as_ref()?.unit_fr;
        // Rounded down: what is not all never prints as all.
        let share = french::percent((share * 100.0 + 1e-9).floor() / 100.0, 0);
        Some(match observation.lacking.as_deref().and_then(few) {
            Some(lacking) => format!("sur {share} des {of} attendus (hors {lacking})"),
            None => format!("sur {share} des {of} attendus"),
        })
    }

    /// Why there is no value, in French.
    pub(crate) fn reason(&self, observation: Option<&Observation>) -> String {
        observation.and_then(|o| o.missing_reason.clone()).unwrap_or_else(|| NO_REASON.to_owned())
    }

    /// Compares this week with the one before.
    pub(crate) fn compare(&self, indicator: &str, category: &str, place: &Place) -> Comparison {
        let now = self.sample(indicator, category, place, 0);
        let before = self.sample(indicator, category, place, 1);
        let partial =
            |back| self.week(indicator, category, place, back).is_some_and(|o| o.status == Status::Partial);
        let (unit, decimals) = self.unit(indicator);
        let nature = Nature::of(&unit, decimals);
        let panel = |back| self.week(indicator, category, place, back).and_then(|o| o.lacking.as_deref());
        let direction = match (now, before, self.break_between(indicator, 1, 0)) {
            // A change of who is counted is no change of what is counted.
            (Some(_), Some(_), None) if panel(0) != panel(1) => Err(WhyNot::OtherPanel),
            (None, ..) => Err(WhyNot::Missing(self.reason(self.week(indicator, category, place, 0)))),
            (_, None, _) => Err(WhyNot::NoBefore(self.reason(self.week(indicator, category, place, 1)))),
            (_, _, Some(event)) => Err(WhyNot::Break(event.title_fr.clone())),
            (Some(now), Some(before), None) => Ok(trend::direction(nature, before, now)),
        };
        let weeks = match direction {
            Ok(Direction::Up) => self.streak(indicator, category, place, 1.0),
            Ok(Direction::Down) => self.streak(indicator, category, place, -1.0),
            _ => 0,
        };
        let since = self.monday(i64::from(weeks.max(1)) - 1);
        Comparison { now, before, provisional: partial(0) || partial(1), direction, weeks, since }
    }

    /// Weeks in a row, ending with the bulletin's, in which the value as printed moved that way; stops at gaps and breaks.
    fn streak(&self, indicator: &str, category: &str, place: &Place, sign: f64) -> u32 {
        let mut weeks = 0;
        for back in 0..WEEKS_SHOWN - 1 {
            let now = self.sample(indicator, category, place, back);
            let before = self.sample(indicator, category, place, back + 1);
            match (now, before) {
                (Some(now), Some(before))
                    if (self.as_printed(indicator, now.value) - self.as_printed(indicator, before.value))
                        * sign
                        > 0.0
                        && self.break_between(indicator, back + 1, back).is_none() =>
                {
                    weeks += 1;
                }
                _ => break,
            }
        }
        weeks
    }

    /// A definition break of the indicator's sources between the start of one week and the end of another.
    pub(crate) fn break_between(
        &self,
        indicator: &str,
        from_back: i64,
        until_back: i64,
    ) -> Option<&'a Event> {
        let from = self.monday(from_back);
        let until = self.monday(until_back).saturating_add(Span::new().days(6));
        self.breaks(indicator)
            .into_iter()
            .find(|event| event.starts <= until && event.ends.unwrap_or(event.starts) >= from)
    }

    /// Definition breaks of an indicator's sources here.
    pub(crate) fn breaks(&self, indicator: &str) -> Vec<&'a Event> {
        let Input { events, vocabulary, territory, places, .. } = self.input;
        breaks(events, vocabulary, indicator, territory, places).collect()
    }

    /// Whether what holds at a place holds in the whole territory: it is the territory, or what it lies in. A holiday of one
    /// department is no holiday of its region.
    pub(crate) fn holds_here(&self, place: &Place) -> bool {
        let territory = self.territory();
        place == territory
            || place.geo_type == GeoType::Country
            || self.info(territory).and_then(|info| info.region.as_deref()).map(Place::region).as_ref()
                == Some(place)
    }

    /// Whether what happens at a place concerns the territory.
    pub(crate) fn concerns(&self, place: &Place) -> bool {
        touches(place, &self.input.territory, &self.input.places)
    }

    pub(crate) fn feed(&self, source: &str) -> Option<&'a FeedState> {
        self.input.feeds.iter().find(|feed| feed.source == source)
    }

    /// A table that comes with the vocabulary: it is no feed, and as old as it is.
    pub(crate) fn is_bundled(&self, source: &str) -> bool {
        self.input.vocabulary.contract(source).is_some_and(|contract| contract.feed.bundled.is_some())
    }

    /// Sources of some indicators, without the tables that come with the vocabulary and the metropoles.
    fn sources(&self, indicators: &[&str]) -> BTreeSet<&'a str> {
        indicators
            .iter()
            .flat_map(|id| self.input.vocabulary.sources_of(id))
            .filter(|source| *source != METROPOLES && !self.is_bundled(source))
            .collect()
    }

    /// `Source : Santé publique France ; données au 18 octobre 2020.` for a figure or table made from these indicators.
    pub(crate) fn source_line(&self, indicators: &[&str]) -> String {
        let sources = self.sources(indicators);
        let mut publishers: Vec<String> = Vec::new();
        let mut newest: Option<Date> = None;
        for source in &sources {
            if let Some(feed) = self.feed(source)
                && feed.state != Freshness::Absent
            {
                let name = crate::clean::short(&feed.publisher, 90);
                if !publishers.contains(&name) {
                    publishers.push(name);
                }
                // A figure is only as fresh as its oldest feed.
                let day = feed.last_issued_at.map(paris_day);
                newest = match (newest, day) {
                    (Some(known), Some(day)) => Some(known.min(day)),
                    (known, day) => known.or(day),
                };
            }
        }
        if publishers.is_empty() {
            return String::new();
        }
        let word = if publishers.len() > 1 { "Sources" } else { "Source" };
        let at = newest.map_or_else(String::new, |day| format!(" ; données au {}", french::date(day)));
        let named = if publishers.len() > 2 {
            match self.territory().geo_type {
                GeoType::Department => "voir le bulletin de la région".to_owned(),
                _ => "voir « Définitions et sources »".to_owned(),
            }
        } else {
            publishers.join(", ")
        };
        french::typography(&format!("{word} : {named}{at}."))
    }

    /// Sources of these indicators that were never received, by title.
    pub(crate) fn absent(&self, indicators: &[&str]) -> Vec<String> {
        self.sources(indicators)
            .into_iter()
            .filter(|source| self.feed(source).is_none_or(|feed| feed.state == Freshness::Absent))
            .map(|source| self.source_title(source))
            .collect()
    }
}

/// The day an instant falls on in Paris.
pub(crate) fn paris_day(at: Timestamp) -> Date {
    at.to_zoned(french::paris()).date()
}
