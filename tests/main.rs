//! The binary as its users call it: real files, a real HTTP server on loopback, a real lake on disk.
//!
//! One binary for all of it: each further one would link the query engine again.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

mod backup;
mod bad_feeds;
mod changes;
mod command_line;
mod demo;
mod faults;
mod findings;
mod forecast;
mod gates;
mod guide;
mod lake_formats;
mod law;
mod layouts;
mod operate;
mod partner;
mod places_and_days;
mod publish;
mod purge;
mod reach;
mod real_feeds;
mod replay;
mod rooms;
mod schedule;
mod send;
mod served;
mod sheets;
mod support;
mod torture;
mod upkeep;
mod vintages;
mod wire;
mod workers;
