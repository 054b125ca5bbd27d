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
    pub valid_from: Option<Date>,
    /// Last day in force.
    pub valid_to: Option<Date>,
    /// Kinds of place it judges.
    pub geo_types: Vec<GeoType>,
    /// Only these places (`region:76`), all of the kinds above when empty.
    #[serde(default)]
    pub places: Vec<Place>,
    /// How criteria combine into a level.
    pub combine: Combine,
    /// `score` only: number of criteria at red from which a department is saturated.
    pub red_criteria_min: Option<u8>,
    /// `score` only: score from which a region is saturated (population-weighted mean of its departments).
    pub region_score_min: Option<f64>,
    /// Levels above "nothing to say", from the mildest; their rank is their position from 1.
    pub levels: Vec<Level>,
    /// The criteria.
    pub criteria: Vec<Criterion>,
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
    /// Each criterion gives 0 at normal, 1 at orange, 2 at red, linear between; see `red_criteria_min`.
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
    /// Decimals to round to **before** comparing; compared as it is when absent. (For a share: of the share.)
    pub round_before: Option<u8>,
    /// `score` only: value that scores 0.
    pub normal: Option<f64>,
    /// Thresholds by date, the last one in force on the day applies. Level id to threshold.
    pub thresholds: Vec<Thresholds>,
    /// Clear thresholds, as share of the raise one (0.9: an alert over 100 clears under 90); 1 when absent.
    #[serde(default = "one_share")]
    pub clear_ratio: f64,
}

/// Thresholds of a criterion from a day on.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Thresholds {
    /// First day they apply; none: from the beginning.
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
    pub on: Date,
    /// Values by criterion id; one that is absent is unknown.
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

    fn check(&self, file: &str, text: &str) -> Result<(), Error> {
        let fault = |needle: &str, what: String| {
            Err(Error::at(file, text, text.find(needle).unwrap_or(0), what))
        };
        let stem = file.rsplit('/').next().unwrap_or(file).trim_end_matches(".toml");
        if stem != self.id {
            return fault("id", format!("id is {:?} but the file is named {stem:?}; they must be the same", self.id));
        }
        if self.levels.is_empty() || self.criteria.is_empty() {
            return fault("id", "a rule needs at least one level and one criterion".into());
        }
        for criterion in &self.criteria {
            for set in &criterion.thresholds {
                for level in set.levels.keys() {
                    if self.rank(level).is_none() {
                        return fault(
                            &format!("\"{}\"", criterion.id),
                            format!("criterion {:?} has a threshold for {level:?}, which is no level of the rule", criterion.id),
                        );
                    }
                }
            }
            if self.combine == Combine::Score && criterion.normal.is_none() {
                return fault(
                    &format!("\"{}\"", criterion.id),
                    format!("criterion {:?} needs normal, the value that scores 0", criterion.id),
                );
            }
        }
        for test in &self.tests {
            for level in std::iter::once(&test.expect).chain(&test.expect_max) {
                if self.rank(level).is_none() {
                    return fault(
                        &format!("{:?}", test.name),
                        format!("test {:?} expects {level:?}, which is no level of the rule", test.name),
                    );
                }
            }
            for id in test.given.keys() {
                if !self.criteria.iter().any(|criterion| criterion.id == *id) {
                    return fault(
                        &format!("{:?}", test.name),
                        format!("test {:?} gives {id:?}, which is no criterion of the rule", test.name),
                    );
                }
            }
        }
        Ok(())
    }
}

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
