//! The lake: plain Parquet files that any tool reads, written so that a fetch is there wholly or not at all, and read
//! as of any time.
//!
//! ```text
//! lake/raw/<source>/<sha256>.zst                        bodies as received
//! lake/tables/<table>/<recorded_at>-<fetch_id>.parquet  one immutable file per fetch that changed something
//! lake/tables/<table>/<YYYY-MM-DD>.parquet              the commits of a day, merged; <YYYY-MM>, <YYYY> in time
//! lake/FORMAT                                           which versions of Vigie may read and write it
//! lake/locks, lake/spool                                advisory locks and stamps; bodies and files on their way
//! ```
//!
//! **Two clocks.** A row has the instant its publisher issued it (`issued_at`) and the instant it was committed here
//! (`recorded_at`). [`Lake::session`] shows, for an [`AsOf`], the newest version of each key by both.
//!
//! **Writing a fetch**: [`Lake::keep_body`], [`Lake::lock`], [`Lake::stamp`], [`Lake::compare`], then
//! [`Lake::commit_fetch`] (or [`Lake::record_fetch`] when nothing changed). Nothing is ever updated in place, and the
//! folder is the manifest.
//!
//! **Stamps.** All commits of a lake have one order ([`Lake::stamp`]); up to [`Lake::settled`] nothing can appear any
//! more, so that what is read as of it can be read again for ever.
//!
//! This crate knows no HTTP, no indicator and no clock.

mod as_of;
mod asked;
mod backup;
mod checked;
mod commit;
mod compact;
mod compare;
mod disk;
mod draft;
mod engine;
mod error;
mod footer;
mod footers;
mod format;
mod issues;
mod lake;
mod latest;
mod layout;
mod levels;
mod lock;
mod log;
mod merge;
mod newer;
mod newest;
mod parquet_file;
mod period;
mod provider;
mod prune;
mod purge;
mod ranges;
mod record;
mod recover;
mod scan;
mod session;
mod spec;
mod stamp;
mod steps;
pub mod tables;
mod verify;

#[cfg(test)]
mod tests;

pub use asked::Asked;
pub use backup::{BackupReport, RestoreReport};
pub use commit::{Appended, Run};
pub use compact::Compacted;
pub use compare::{Change, IsSilentOn, Spared};
pub use disk::{create_folder, sync_folder};
pub use error::Error;
pub use lake::Lake;
pub use lock::TableLock;
pub use log::{Polls, Runs};
pub use period::{Month, Period};
pub use purge::{Change as TextChange, RewrittenTexts};
pub use record::{FetchRecord, FindingRecord, Outcome, RunRecord, fetch_id};
pub use session::SessionOptions;
pub use spec::{AsOf, TableKind, TableSpec};
pub use stamp::{Stamp, Transaction};
pub use steps::{STEPS, step};
pub use verify::{Problem, VerifyReport};
