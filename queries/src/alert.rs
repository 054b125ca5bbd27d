//! Judgements and alerts: what a rule says of a place on a day, and what is made of it over time.

use jiff::civil::Date;
use serde::{Deserialize, Serialize};

use crate::Place;

/// What one rule says of one place on one day.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Judgement {
    /// Id of the rule.
    pub rule: String,
    /// The place.
    pub place: Place,
    /// The day judged.
    pub date: Date,
    /// Rank of the level reached for certain (0: below every level).
    pub rank: u8,
    /// Rank that could be reached if the unknown criteria were all unfavourable; equal to `rank` when they could
    /// change nothing.
    pub rank_max: u8,
    /// Id of the level at `rank`, or `none` below every level, `unknown` when nothing can be said.
    pub level: String,
    /// The criteria, with value and threshold, in the order of the rule. A `score` rule adds its sum under the id
    /// [`crate::SCORE`]; for a region, the values of its criteria are then mean scores (0 to 2).
    pub criteria: Vec<CriterionResult>,
}

/// One criterion of a judgement.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct CriterionResult {
    /// Id of the criterion within its rule.
    pub id: String,
    /// The value compared (after rounding, when the rule rounds before comparing); none when unknown.
    pub value: Option<f64>,
    /// Threshold of the highest level reached, or of the first level when none is.
    pub threshold: Option<f64>,
    /// Rank of the level this criterion reaches alone; none when unknown, 0 without a value where nothing was due.
    pub rank: Option<u8>,
    /// Why the value is unknown, in French.
    pub missing_reason: Option<String>,
}

impl CriterionResult {
    /// Whether there was nothing to judge: no value is missing, none was due.
    #[must_use]
    pub fn nothing_due(&self) -> bool {
        self.value.is_none() && self.rank.is_some()
    }
}

/// State of an alert.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum AlertState {
    /// Nothing to say.
    Inactive,
    /// The raise threshold is passed, not yet for long enough.
    Pending,
    /// Raised.
    Active,
    /// Under the clear threshold, not yet for long enough.
    Clearing,
    /// Over.
    Resolved,
    /// Given up: of what raised it nothing fresh has been heard for weeks. Nobody knows whether it is over.
    Silent,
}

impl AlertState {
    /// The state a word stands for.
    #[must_use]
    pub fn named(word: &str) -> Option<Self> {
        [Self::Inactive, Self::Pending, Self::Active, Self::Clearing, Self::Resolved, Self::Silent]
            .into_iter()
            .find(|state| state.as_str() == word)
    }

    /// Whether the alert stands: raised, and not yet over.
    #[must_use]
    pub fn stands(self) -> bool {
        matches!(self, Self::Active | Self::Clearing)
    }

    /// The word used in tables.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Inactive => "inactive",
            Self::Pending => "pending",
            Self::Active => "active",
            Self::Clearing => "clearing",
            Self::Resolved => "resolved",
            Self::Silent => "silent",
        }
    }
}

/// One transition of one alert.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct AlertEvent {
    /// Rule and place make the alert.
    pub rule: String,
    /// The place.
    pub place: Place,
    /// Day of the transition.
    pub date: Date,
    /// State left.
    pub from: AlertState,
    /// State entered.
    pub to: AlertState,
    /// Level at that day.
    pub level: String,
    /// Value of the criterion that decided.
    pub value: Option<f64>,
    /// Its threshold.
    pub threshold: Option<f64>,
    /// Indicator of that criterion.
    pub indicator: String,
    /// Fingerprint of the rule it was judged by.
    pub rule_fingerprint: String,
    /// Why it came about otherwise than by its values, in French (a rule that is no longer in force).
    pub note: Option<String>,
}

/// An alert as it stands on a day.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Alert {
    /// Id of the rule.
    pub rule: String,
    /// The place.
    pub place: Place,
    /// State on that day.
    pub state: AlertState,
    /// Level of the last day over the raise threshold.
    pub level: String,
    /// Rank of that level.
    pub rank: u8,
    /// First day of the present episode (first day over the raise threshold).
    pub since: Date,
    /// The criteria of the last judgement.
    pub criteria: Vec<CriterionResult>,
    /// Whether a department's alert is covered by an active one of its region.
    pub inhibited: bool,
    /// What to do, in French.
    pub action_fr: String,
}
