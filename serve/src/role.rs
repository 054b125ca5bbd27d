//! Which tables a user may read.

use std::fmt;
use std::str::FromStr;

/// A role.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Role {
    /// What is published: indicators, judgements, alerts, forecasts, bulletins, places and the catalogue.
    Lecture,
    /// Every table: sources, their versions and revisions, polls and findings too.
    Analyste,
}

impl FromStr for Role {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        match text {
            "lecture" => Ok(Self::Lecture),
            "analyste" => Ok(Self::Analyste),
            other => Err(format!("role {other:?}, expected \"lecture\" or \"analyste\"")),
        }
    }
}

impl fmt::Display for Role {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Lecture => "lecture",
            Self::Analyste => "analyste",
        })
    }
}
