//! Reads a published bulletin again: what the data of today print for each value and level it printed.
//!
//! The bulletin is written anew by the same code for the same week, and its numbers are compared one by one; what the
//! new text does not mention any more (a department that left the three highest) is looked up.

use std::collections::BTreeMap;

use jiff::Span;
use jiff::civil::Date;
use vigie_queries::{GeoType, Place, TimeType};

use crate::bulletin;
use crate::bulletin::levels::Levels;
use crate::bulletin::parts;
use crate::bulletin::view::View;
use crate::input::Input;
use crate::published::{PublishedValue, Register, is_of_forecast};

/// Said of an alert that is not there.
const NO_ALERT: &str = "aucune alerte";
/// Printed for a gap.
const GAP: &str = "–";
/// Two values are the same below this relative difference: what is left of a number written as text and read again.
const SAME: f64 = 1e-9;

/// A published value that would be printed otherwise.
#[derive(Debug, Clone, PartialEq)]
pub struct Reread {
    /// What was published. An alert that was not raised then has no value.
    pub then: PublishedValue,
    /// The value today; none for a gap.
    pub value: Option<f64>,
    /// What is printed today.
    pub printed: String,
}

/// What came of reading a bulletin again.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Rereads {
    /// Distinct values and levels that were compared.
    pub compared: usize,
    /// Those that changed, in the order of the page.
    pub changed: Vec<Reread>,
}

/// What a number is about, wherever it was printed.
type Fact = (String, String, String, String, String, Date);

fn fact(value: &PublishedValue) -> Fact {
    (
        value.indicator.clone(),
        value.category.clone(),
        value.geo_type.clone(),
        value.geo_value.clone(),
        value.time_type.clone(),
        value.time_value,
    )
}

/// Compares what a bulletin printed with what the data of `input` print today.
///
/// `input` is of the territory and week of that bulletin, with the alerts of that week's Sunday. The age of feeds and
/// the counts of findings are facts of their day and not compared, and a forecast is none yet.
#[must_use]
pub fn reread(input: &Input, published: &[PublishedValue]) -> Rereads {
    let written = bulletin::write(input).published;
    let view = View::new(input);
    let mut exact: BTreeMap<(&str, &str, Fact), &PublishedValue> = BTreeMap::new();
    let mut about: BTreeMap<Fact, &PublishedValue> = BTreeMap::new();
    for value in &written {
        exact.entry((&value.section, &value.label, fact(value))).or_insert(value);
        about.entry(fact(value)).or_insert(value);
    }
    let mut known: BTreeMap<Fact, bool> = BTreeMap::new();
    let mut found = Rereads::default();
    for then in published.iter().filter_map(comparable) {
        let fact = fact(&then);
        let now = exact
            .get(&(then.section.as_str(), then.label.as_str(), fact.clone()))
            .or_else(|| about.get(&fact))
            .map(|value| (value.value, value.printed.clone()))
            .or_else(|| look_up(&view, &then));
        let Some((value, printed)) = now else { continue };
        let is_changed = printed != then.printed && !same(then.value, value);
        let told = known.entry(fact).or_insert(false);
        if is_changed && !*told {
            *told = true;
            found.changed.push(Reread { then, value, printed });
        }
    }
    // An alert that was not raised then is a published silence; only bulletins that note their levels tell of it.
    if published.iter().any(|value| value.unit == "rank") {
        for value in written.iter().filter_map(comparable).filter(|value| value.indicator.ends_with(".alert"))
        {
            if known.insert(fact(&value), true).is_none() {
                let then = PublishedValue { value: None, printed: NO_ALERT.to_owned(), ..value.clone() };
                found.changed.push(Reread { then, value: value.value, printed: value.printed });
            }
        }
    }
    found.compared = known.len();
    found
}

/// The entry as a fact that can be read again, if it is one. A threshold is none: a rule's own word, printed beside
/// whichever criterion counted most; what it decided is a level.
fn comparable(value: &PublishedValue) -> Option<PublishedValue> {
    let mut value = value.clone();
    if let Some(id) = value.indicator.strip_suffix(".revised") {
        value.indicator = id.to_owned();
    }
    let of_its_day = ["feed.", "finding.", "changes.", "gate."];
    let skipped = value.geo_type == GeoType::Source.as_str()
        || value.section == "quality"
        || is_of_forecast(&value.indicator)
        || [".published", ".threshold", ".clear"].iter().any(|end| value.indicator.ends_with(end))
        || of_its_day.iter().any(|start| value.indicator.starts_with(start));
    (!skipped).then_some(value)
}

fn same(then: Option<f64>, now: Option<f64>) -> bool {
    match (then, now) {
        (Some(then), Some(now)) => (then - now).abs() <= SAME * then.abs().max(now.abs()),
        (None, None) => true,
        _ => false,
    }
}

/// What the data print for a fact that the text does not mention any more.
fn look_up(view: &View, then: &PublishedValue) -> Option<(Option<f64>, String)> {
    let geo_type: GeoType = then.geo_type.parse().ok()?;
    let place = Place { geo_type, code: then.geo_value.clone() };
    let (id, suffix) = then.indicator.split_once('.').unwrap_or((&then.indicator, ""));
    if let Some(rule) = id.strip_prefix("rule:") {
        if suffix == "alert" {
            return Some((None, NO_ALERT.to_owned()));
        }
        let levels = Levels::of(view, view.input.vocabulary.rule(rule)?);
        let sunday = then.time_value.saturating_add(Span::new().days(6));
        return (suffix == "level").then(|| {
            let standing = levels.at(&place, sunday);
            (standing.rank.map(f64::from), standing.text)
        });
    }
    // A criterion of an alert is the value that was judged, which need not be the week's.
    if then.section == "alerts" || !view.defined(id) {
        return None;
    }
    if matches!(suffix, "change" | "change_share") {
        if then.time_value != view.input.week {
            return None;
        }
        let mut scratch = Register::default();
        let compared = view.compare(id, &then.category, &place);
        parts::change(view, &mut scratch, "text", "", id, &then.category, &place, &compared);
        let (values, ..) = scratch.finish();
        let wanted = values.into_iter().find(|value| value.indicator == then.indicator);
        return Some(wanted.map_or((None, GAP.to_owned()), |value| (value.value, value.printed)));
    }
    if !suffix.is_empty() {
        return None;
    }
    let all = view.input.observations;
    let of_day = |day: Date| all.get(id, &then.category, &place, TimeType::Day, day);
    let observation = match then.time_type.as_str() {
        "week" => all
            .get(id, &then.category, &place, TimeType::Week, then.time_value)
            .or_else(|| of_day(then.time_value.saturating_add(Span::new().days(6)))),
        _ => of_day(then.time_value),
    };
    let value = observation.and_then(|observation| observation.value);
    Some((value, value.map_or_else(|| GAP.to_owned(), |value| view.text(id, value))))
}
