//! From tables to judgement: runs the vocabulary's queries in order ([`compute`]), judges what they give under the
//! dated rules, follows the state of alerts, and asks the models of forecasts. It also runs the gates that an edition and a bulletin pass.
//!
//! This crate takes a session whose tables are registered; it knows no file, no network and no clock.

mod alert_batches;
mod alerts;
mod census;
mod computed;
mod error;
mod fault;
mod forecast;
mod gates;
mod judge;
mod recent;
mod review;
mod revisions;
mod rows;
mod run;
mod small_cells;
mod system;
mod thresholds;

pub use alert_batches::{
    Stamp, events_batch, events_of, events_schema, judgements_batch, judgements_of, judgements_schema,
};
pub use alerts::{RESOLVED_LISTED_DAYS, Reconciled, alerts, reconcile, with_recorded};
pub use census::{About, Census};
pub use computed::Computed;
pub use error::Error;
pub use fault::QueryFault;
pub use forecast::{forecasts, forecasts_batch, forecasts_schema};
pub use gates::{Found, Offence, Offences, check_gates, edition_facts_schema, offences};
pub use judge::{
    Populations, RuleTestFailure, Verdict, check_rule_tests, judge, judge_rule, judge_values, region_of,
};
pub use recent::{KEY_SEPARATOR, Recent};
pub use review::{Act, Finding, NOTICE_DAYS, Review, Stretch, Warned, review};
pub use revisions::{SETTLING_TIMES, Settling, register_revisions};
pub use rows::indicators_schema;
pub use run::{Wanted, compute, compute_where};
pub use small_cells::{SUPPRESSED, hide_small_cells};
pub use system::date_of;
pub use thresholds::round_half_away;

#[cfg(test)]
mod truth_tests;
