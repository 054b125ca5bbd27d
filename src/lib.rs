//! Vigie: the watch-room of a regional health agency.
//!
//! Feeds come in over HTTP (`ingest`), are kept as versions in a Parquet lake (`store`), become indicators and alerts by
//! SQL and dated rules (`queries`, `transform`), and leave as a weekly bulletin (`reports`). This crate is the command
//! line and the schedule: the only place that joins the stages, reads the clock and knows the configuration.

pub mod build;
pub mod bulletin;
pub mod bundle;
pub mod calendar;
pub mod changes;
pub mod cli;
pub mod clock;
pub mod commands;
pub mod config;
pub mod delivery;
pub mod demo;
pub mod draft;
pub mod error;
pub mod feeds;
pub mod fetch;
mod forecasts;
pub mod gates;
pub mod gather;
pub mod init;
mod notify;
pub mod pipe;
mod places;
pub mod progress;
pub mod publish;
pub mod published;
pub mod replay;
pub mod room;
pub mod rows;
pub mod runs;
pub mod scene;
pub mod schedule;
pub mod secret;
pub mod serve;
pub mod source;
pub mod sql;
pub mod theme;
pub mod watch;
pub mod worker;
