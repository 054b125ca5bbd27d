//! The service: what is due is run, once, and every run is recorded.
//!
//! tokio-cron-scheduler gives one tick a second, in UTC. What a tick means is decided here: its own time zones freeze
//! the offset of the day a job was made, it lets a job overlap itself and forgets what was missed while stopped.

mod alone;
pub(crate) mod notify;
mod on_disk;
mod service;
mod upkeep;
pub mod watch;

pub use alone::{Service, service};
pub use on_disk::fingerprint;
pub use service::{name_fr, run, timetables};
