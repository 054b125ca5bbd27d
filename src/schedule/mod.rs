//! The service: what is due is run, once, and every run is recorded.
//!
//! tokio-cron-scheduler gives one tick a second, in UTC. What a tick means is decided here: its own time zones freeze
//! the offset of the day a job was made, it lets a job overlap itself and forgets what was missed while stopped.

mod plan;
mod service;
mod upkeep;

pub use plan::{Due, Timetable};
pub use service::{Stop, run};
pub(crate) use upkeep::tidy;
