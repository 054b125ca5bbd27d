//! Dated rules: criteria, thresholds, levels, and the rule's own tests.

use std::collections::BTreeMap;

use jiff::civil::Date;
use serde::{Deserialize, Serialize};

use crate::{Error, GeoType, Place};

/// A rule, one TOML file in `rules/`.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Rule {
    /// Id, such as `zones-2020-09-23`; also the name of the file.
    pub id: String,
    /// Title for readers.
    pub title_fr: String,
    /// The text it comes from.
    pub reference: String,
    /// How sure the thresholds are.
    pub source_grade: GradeOfSource,
    /// First day in force; none when set by the agency at will.
    #[serde(default, deserialize_with = "some_day")]
    pub valid_from: Option<Date>,
    /// Last day in force.
    #[serde(default, deserialize_with = "some_day")]
    pub valid_to: Option<Date>,
    /// Day from which a person must look at it again: told by `config check` and `status` once it is past.
    #[serde(default, deserialize_with = "some_day")]
    pub review_on: Option<Date>,
    /// Kinds of place it judges: for a legal text, the units that the text classifies.
    pub geo_types: Vec<GeoType>,
    /// Only these places (`region:76`), all of the kinds above when empty.
    #[serde(default)]
    pub places: Vec<Place>,
    /// How criteria combine into a level.
    pub combine: Combine,
    /// `score` only: share of [`Level::score_min`] under which an alert clears; 1 when absent.
    #[serde(default = "one_share")]
    pub score_clear_ratio: f64,
    /// Levels above "nothing to say", from the mildest; their rank is their position from 1.
    pub levels: Vec<Level>,
    /// The criteria.
    pub criteria: Vec<Criterion>,
    /// What it is for among the rules.
    #[serde(default)]
    pub role: Role,
    /// Whether it may colour the map: a rule under which nearly every place stands at one level tells places apart no more.
    #[serde(default = "yes")]
    pub maps: bool,
    /// Query of the real acts that it should warn of, for its review: `geo_type`, `geo_value`, `day`, for each first day. Acts of the
    /// register of legal status are found by the levels that name theirs ([`Level::legal_status`]).
    #[serde(default)]
    pub acts: Option<String>,
    /// What its owner knows of it that `vigie rules review` finds, with the reason.
    #[serde(default)]
    pub owned: Owned,
    /// Whether it raises alerts (rules kept for the record only judge).
    #[serde(default = "yes")]
    pub alerts: bool,
    /// Rank from which an alert is raised.
    #[serde(default = "one")]
    pub alert_rank: u8,
    /// Days in a row over the raise threshold before an alert is active.
    #[serde(default = "one_day")]
    pub raise_days: u16,
    /// Days in a row under the clear threshold before it is resolved.
    #[serde(default = "one_day")]
    pub clear_days: u16,
    /// Given values and the level they must lead to.
    #[serde(default)]
    pub tests: Vec<RuleTest>,
    /// Fingerprint of the text (set by the reader).
    #[serde(skip)]
    pub fingerprint: String,
}

/// What a rule is for among the rules: documents ask for a role, and name no rule.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Role {
    /// Grades territories as a whole. One of these colours the map: that which knows most departments.
    #[default]
    Grade,
    /// Grades territories, and colours the map before the others wherever it knows half of the departments.
    Map,
    /// Watches a stock: its thresholds are those of bars and tables of days of cover.
    Stock,
    /// Watches patients against the steps of capacity.
    Capacity,
    /// Watches one thing and grades no territory: shifts, requests, feeds.
    Watch,
}

impl Role {
    /// Whether its levels grade a territory as a whole.
    #[must_use]
    pub fn grades(self) -> bool {
        matches!(self, Self::Grade | Self::Map)
    }
}

/// What the review of a rule finds and its owner lets stand, each with the reason.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Owned {
    /// It raises no alert over a long time.
    pub never_fires: Option<String>,
    /// Nearly every place stands in alert for weeks.
    pub always_fires: Option<String>,
    /// It warns after the act, or not at all.
    pub warns_late: Option<String>,
}

/// How sure the thresholds of a rule are.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum GradeOfSource {
    /// Read in the text of the rule itself.
    Primary,
    /// Read in the press or another page about it.
    Secondary,
    /// Vigie's own proposal: an agency sets its own.
    Vigie,
}

/// How criteria combine into a level.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Combine {
    /// The level is the highest that any criterion reaches.
    Any,
    /// The level is the highest of which every criterion that names it is fulfilled.
    All,
    /// Each criterion gives 0 at its normal value, 1 at the threshold of the first level, 2 at that of the second,
    /// linear between and no more than that. The score of a department is their sum, that of a region the
    /// population-weighted mean of its departments' scores, and both reach a level at the same score
    /// ([`Level::score_min`]): no region stands above each of its departments.
    Score,
}

/// A level of a rule, with what to do when it is reached.
#[derive(Debug, Clone, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct Level {
    /// Id, such as `alerte_renforcee`.
    pub id: String,
    /// Title for readers.
    pub title_fr: String,
    /// What to do: a level without an action is decoration.
    pub action_fr: String,
    /// How sure its thresholds are, when that is not the grade of the rule.
    #[serde(default)]
    pub source_grade: Option<GradeOfSource>,
    /// Status of the register (source `legal_status`) that the level stands for. What is computed is never that status: the two
    /// are printed side by side.
    #[serde(default)]
    pub legal_status: Option<String>,
    /// Once reached it stays until the rule ends: a decree is not lifted by a better week.
    #[serde(default)]
    pub stays: bool,
    /// `all` only: it counts only where the level below is reached too.
    #[serde(default)]
    pub needs_below: bool,
    /// `score` only: score from which a place has reached it, be it a department or a region.
    #[serde(default)]
    pub score_min: Option<f64>,
}

/// Comparison of a value with a threshold.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, Serialize)]
pub enum Comparison {
    /// Strictly above.
    #[serde(rename = ">")]
    Above,
    /// At or above.
    #[serde(rename = ">=")]
    AtLeast,
    /// Strictly below.
    #[serde(rename = "<")]
    Below,
    /// At or below.
    #[serde(rename = "<=")]
    AtMost,
}

impl std::fmt::Display for Comparison {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::Above => ">",
            Self::AtLeast => ">=",
            Self::Below => "<",
            Self::AtMost => "<=",
        })
    }
}

/// One criterion.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Criterion {
    /// Id within the rule.
    pub id: String,
    /// Title for readers.
    pub title_fr: String,
    /// Indicator compared.
    pub indicator: String,
    /// Category within it.
    #[serde(default)]
    pub category: String,
    /// Judge the region's value even for a department.
    #[serde(default)]
    pub of_region: bool,
    /// How it is compared.
    pub comparison: Comparison,
    /// Levels that are compared otherwise (« orange à partir de 6 %, rouge au-dessus de 10 % »).
    #[serde(default)]
    pub comparisons: BTreeMap<String, Comparison>,
    /// Decimals to round to **before** comparing; compared as it is when absent. (For a share: of the share.)
    pub round_before: Option<u8>,
    /// `score` only: value that scores 0.
    pub normal: Option<f64>,
    /// Thresholds by date, the last one in force on the day applies. Level id to threshold.
    pub thresholds: Vec<Thresholds>,
    /// Clear threshold, as share of the raise one (0.9: an alert over 100 clears under 90, one under 7 days of cover
    /// clears over 7.7); 1 when absent.
    #[serde(default = "one_share")]
    pub clear_ratio: f64,
}

/// Thresholds of a criterion from a day on.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Thresholds {
    /// First day they apply; none: from the beginning.
    #[serde(default, deserialize_with = "some_day")]
    pub from: Option<Date>,
    /// Level id to threshold. A level that is absent is not reached by this criterion.
    pub levels: BTreeMap<String, f64>,
}

/// A case that the rule must pass.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RuleTest {
    /// The fact it states.
    pub name: String,
    /// Day judged.
    #[serde(deserialize_with = "day")]
    pub on: Date,
    /// Values by criterion id; one that is absent is unknown. `score` rules: `score` stands for the score itself.
    pub given: BTreeMap<String, f64>,
    /// Level expected (`none` below all).
    pub expect: String,
    /// Highest level possible, when criteria are unknown.
    pub expect_max: Option<String>,
}

impl Rule {
    /// Reads and checks one rule.
    ///
    /// # Errors
    /// [`Error::Faulty`] with file and line.
    pub fn parse(file: &str, text: &str) -> Result<Self, Error> {
        let mut rule: Self = toml::from_str(text).map_err(|fault| Error::toml(file, text, &fault))?;
        rule.fingerprint = crate::vocabulary::fingerprint(text);
        rule.check(file, text)?;
        Ok(rule)
    }

    /// Whether the rule is in force on a day.
    #[must_use]
    pub fn in_force(&self, on: Date) -> bool {
        self.valid_from.is_none_or(|from| from <= on) && self.valid_to.is_none_or(|to| on <= to)
    }

    /// Whether the day on which a person should have looked at it again is past.
    #[must_use]
    pub fn is_due_for_review(&self, today: Date) -> bool {
        self.review_on.is_some_and(|day| day < today) && self.valid_to.is_none_or(|last| today <= last)
    }

    /// Rank of a level: its position from 1, 0 for `none`.
    #[must_use]
    pub fn rank(&self, level: &str) -> Option<u8> {
        if level == "none" {
            return Some(0);
        }
        let position = self.levels.iter().position(|l| l.id == level)?;
        u8::try_from(position + 1).ok()
    }

    /// The level of a rank; none below every level.
    #[must_use]
    pub fn level(&self, rank: u8) -> Option<&Level> {
        self.levels.get(usize::from(rank).checked_sub(1)?)
    }

    /// The criterion of that id.
    #[must_use]
    pub fn criterion(&self, id: &str) -> Option<&Criterion> {
        self.criteria.iter().find(|criterion| criterion.id == id)
    }

    fn check(&self, file: &str, text: &str) -> Result<(), Error> {
        let fault =
            |needle: &str, what: String| Err(Error::at(file, text, text.find(needle).unwrap_or(0), what));
        let stem = file.rsplit('/').next().unwrap_or(file).trim_end_matches(".toml");
        if stem != self.id {
            return fault(
                "id",
                format!("id is {:?} but the file is named {stem:?}; they must be the same", self.id),
            );
        }
        if self.levels.is_empty() || self.criteria.is_empty() {
            return fault("id", "a rule needs at least one level and one criterion".into());
        }
        if let (Some(from), Some(to)) = (self.valid_from, self.valid_to)
            && to < from
        {
            return fault("valid_to", format!("valid_to {to} is before valid_from {from}"));
        }
        if self.alert_rank == 0 || usize::from(self.alert_rank) > self.levels.len() {
            let what = format!("alert_rank is {}; expected 1 to {}", self.alert_rank, self.levels.len());
            return fault("alert_rank", what);
        }
        for (position, level) in self.levels.iter().enumerate() {
            let needle = format!("\"{}\"", level.id);
            if self.rank(&level.id).map(usize::from) != Some(position + 1) || level.id == "unknown" {
                return fault(&needle, format!("level id {:?} is taken", level.id));
            }
            if level.action_fr.trim().is_empty() {
                return fault(
                    &needle,
                    format!("level {:?} needs action_fr: what to do when it is reached", level.id),
                );
            }
            if level.needs_below && (position == 0 || self.combine != Combine::All) {
                let what = format!(
                    "level {:?} has needs_below; expected of an upper level of a rule whose criteria combine by \"all\"",
                    level.id
                );
                return fault(&needle, what);
            }
            if self.combine == Combine::Score && level.score_min.is_none_or(|least| least <= 0.0) {
                let what = format!("level {:?} of a score rule needs score_min, above 0", level.id);
                return fault(&needle, what);
            }
        }
        if self.levels.windows(2).any(|pair| pair[0].score_min > pair[1].score_min) {
            return fault("score_min", "score_min falls from one level to the next".into());
        }
        if self.combine == Combine::Score && self.levels.len() != 2 {
            return fault("levels", "a score rule has two levels: the thresholds that score 1 and 2".into());
        }
        self.criteria.iter().try_for_each(|criterion| self.check_criterion(criterion, file, text))?;
        for test in &self.tests {
            let needle = format!("{:?}", test.name);
            for level in std::iter::once(&test.expect).chain(&test.expect_max) {
                if self.rank(level).is_none() && level != "unknown" {
                    let what =
                        format!("test {:?} expects {level:?}, which is no level of the rule", test.name);
                    return fault(&needle, what);
                }
            }
            for id in test.given.keys() {
                let is_score = self.combine == Combine::Score && id == SCORE;
                if self.criterion(id).is_none() && !is_score {
                    let what =
                        format!("test {:?} gives {id:?}, which is no criterion of the rule", test.name);
                    return fault(&needle, what);
                }
            }
        }
        Ok(())
    }

    fn check_criterion(&self, criterion: &Criterion, file: &str, text: &str) -> Result<(), Error> {
        let id = &criterion.id;
        let fault = |what: String| {
            let offset = text.find(&format!("\"{id}\"")).unwrap_or(0);
            Err(Error::at(file, text, offset, format!("criterion {id:?} {what}")))
        };
        if id == SCORE || self.criteria.iter().filter(|other| other.id == *id).count() > 1 {
            return fault("has an id that is taken".into());
        }
        if !(criterion.clear_ratio > 0.0 && criterion.clear_ratio <= 1.0) {
            return fault(format!("has clear_ratio {}; expected above 0, up to 1", criterion.clear_ratio));
        }
        if criterion.thresholds.is_empty() {
            return fault("has no thresholds".into());
        }
        if criterion.thresholds.windows(2).any(|pair| pair[1].from.is_none() || pair[0].from >= pair[1].from)
        {
            return fault("has thresholds that are not in the order of their dates".into());
        }
        let named = criterion.thresholds.iter().flat_map(|set| set.levels.keys());
        for level in named.chain(criterion.comparisons.keys()) {
            if self.levels.iter().all(|known| known.id != *level) {
                return fault(format!("has a threshold for {level:?}, which is no level of the rule"));
            }
        }
        if self.combine == Combine::Score {
            if criterion.normal.is_none() {
                return fault("needs normal, the value that scores 0".into());
            }
            if criterion.thresholds.iter().any(|set| set.levels.len() != self.levels.len()) {
                return fault("needs a threshold for each level".into());
            }
        }
        Ok(())
    }
}

/// What raises and what ends an alert, of one criterion and level.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct AlertBounds {
    /// A value that passes it raises.
    pub raise: f64,
    /// A value that does not pass it ends.
    pub clear: f64,
    /// How a value passes.
    pub comparison: Comparison,
}

impl Criterion {
    /// The thresholds in force on a day; none before the first of them.
    #[must_use]
    pub fn thresholds_on(&self, on: Date) -> Option<&Thresholds> {
        self.thresholds.iter().rfind(|set| set.from.is_none_or(|from| from <= on))
    }

    /// The threshold of a level on a day: the one that raises, and the one on whose other side an alert ends
    /// ([`Self::clear_ratio`]). None when the criterion does not name that level then.
    #[must_use]
    pub fn bounds(&self, level: &str, on: Date) -> Option<AlertBounds> {
        let raise = *self.thresholds_on(on)?.levels.get(level)?;
        let margin = raise.abs() * (1.0 - self.clear_ratio);
        let comparison = self.comparison_for(level);
        let clear = match comparison {
            Comparison::Above | Comparison::AtLeast => raise - margin,
            Comparison::Below | Comparison::AtMost => raise + margin,
        };
        Some(AlertBounds { raise, clear, comparison })
    }

    /// How a level is compared.
    #[must_use]
    pub fn comparison_for(&self, level: &str) -> Comparison {
        self.comparisons.get(level).copied().unwrap_or(self.comparison)
    }
}

/// Id under which the sum of a `score` rule stands among the criteria of a judgement.
pub const SCORE: &str = "score";

fn yes() -> bool {
    true
}

fn one() -> u8 {
    1
}

fn one_day() -> u16 {
    1
}

fn one_share() -> f64 {
    1.0
}

/// A day as TOML writes it (`2020-10-12`), or between quotes.
fn day<'de, D: serde::Deserializer<'de>>(source: D) -> Result<Date, D::Error> {
    let text = match toml::Value::deserialize(source)? {
        toml::Value::Datetime(day) => day.to_string(),
        toml::Value::String(text) => text,
        other => other.to_string(),
    };
    let fault = || serde::de::Error::custom(format!("{text} is not a day; expected one such as 2020-10-12"));
    // jiff would take the day of an instant; a rule changes at midnight.
    if text.len() == "2020-10-12".len() { text.parse().map_err(|_| fault()) } else { Err(fault()) }
}

fn some_day<'de, D: serde::Deserializer<'de>>(source: D) -> Result<Option<Date>, D::Error> {
    day(source).map(Some)
}
