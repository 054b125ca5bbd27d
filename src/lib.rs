//! Vigie: the watch-room of a regional health agency.
//!
//! Feeds come in over HTTP (`ingest`), are kept as versions in a Parquet lake (`store`), become indicators and alerts by
//! SQL and dated rules (`queries`, `transform`), and leave as a weekly bulletin (`reports`). This crate is the command
//! line and the schedule: the only place that joins the stages, reads the clock and knows the configuration.

pub mod acknowledgements;
pub mod build;
pub mod bulletins;
pub mod bundle;
pub mod calendar;
pub mod cli;
pub mod clock;
pub mod commands;
pub mod config;
pub mod delivery;
pub mod error;
pub mod fetch;
pub mod files;
pub mod gates;
pub mod open_data;
mod output;
pub mod pipe;
pub mod room;
pub mod rows;
pub mod runs;
pub mod schedule;
pub mod service_note;
pub mod sql;
pub mod stop;
pub mod timetable;
