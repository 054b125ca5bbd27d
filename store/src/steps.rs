//! Named steps at which a fault test may stop the process: the whole path from a body to a bulletin and a backup.

use std::sync::atomic::{AtomicU64, Ordering};

/// Every step, in the order of the work. `VIGIE_CRASH_AT=<step>` stops the process there as a power cut would, without
/// any cleaning; `VIGIE_CRASH_AT=<step>:<n>` at the n-th time it comes there.
pub const STEPS: &[&str] = &[
    // A fetch.
    "body-written",
    "body-kept",
    "stamp-taken",
    "findings-prepared",
    "data-written",
    "data-committed",
    "findings-published",
    "fetch-recorded",
    // A build.
    "indicators-committed",
    "judgements-committed",
    "forecasts-committed",
    "alert-events-written",
    "build-committed",
    // A bulletin.
    "bulletin-pdf-written",
    "bulletin-files-written",
    "bulletin-values-recorded",
    "bulletin-recorded",
    "bulletin-committed",
    // A merge of files, by a poll or a compaction.
    "merge-written",
    "merge-begun",
    "merge-published",
    "merge-removed",
    // The mark of the format, on a new lake or one of an earlier version.
    "format-written",
    "format-published",
    // A purge of secrets, besides the steps of a merge.
    "body-removed",
    // A backup, and its way back.
    "backup-file-copied",
    "backup-files-copied",
    "backup-list-written",
    "backup-list-published",
    "restore-file-copied",
    "restore-verified",
];

/// A step has been reached: stops the process without any cleaning when `VIGIE_CRASH_AT` names it.
pub fn step(name: &str) {
    static REACHED: AtomicU64 = AtomicU64::new(0);
    debug_assert!(STEPS.contains(&name), "{name} is not in the list of steps");
    let Ok(wanted) = std::env::var("VIGIE_CRASH_AT") else { return };
    let (step, turn) = match wanted.split_once(':') {
        Some((step, turn)) => (step, turn.parse().unwrap_or(1)),
        None => (wanted.as_str(), 1),
    };
    if step == name && REACHED.fetch_add(1, Ordering::Relaxed) + 1 == turn {
        std::process::abort();
    }
}
