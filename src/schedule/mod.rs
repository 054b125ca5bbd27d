//! The service: what is due is run, once, and every run is recorded.
//!
//! tokio-cron-scheduler gives one tick a second, in UTC. What a tick means is decided here: its own time zones freeze
//! the offset of the day a job was made, it lets a job overlap itself and forgets what was missed while stopped.

mod alone;
mod on_disk;
mod plan;
mod service;
mod upkeep;

pub use alone::{Note, Service, service};
pub use on_disk::fingerprint;
pub use plan::{Due, Timetable};
pub use service::{Stop, instant_fr, name_fr, run, timetables};
pub(crate) use upkeep::tidy;
