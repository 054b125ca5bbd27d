//! SQL for analysts: sessions that only read, the catalogue as tables, and the Postgres wire.
//!
//! Three fences stand between a statement and the machine, each of which would do alone: what a statement may be
//! ([`guard`]), what a plan may do ([`verify`]), and an engine that has nothing to write to and nothing to read from but
//! the lake (`store/src/engine.rs`).
//!
//! This crate knows no feed and no document, writes nothing, and reads no clock: tables are opened by who calls it.

mod as_of;
mod bounded;
mod catalogue;
mod comments;
mod expected;
pub mod guard;
mod lake;
mod refused;
mod role;
mod schema;
mod session;
pub mod wire;

pub use bounded::{BATCH_MAX, VALUE_MAX};
pub use lake::{OpenTables, ReadTime, Source};
pub use refused::Refused;
pub use role::Role;
pub use session::{Answer, Session, verify};
