//! The clock: the only place that reads it.

use std::sync::atomic::{AtomicI64, Ordering};

use jiff::{SignedDuration, Timestamp};

/// Microseconds by which the present is shifted: none, but in a bench that lives through a year in minutes.
static SHIFT: AtomicI64 = AtomicI64::new(0);

/// The present instant, to the microsecond (the precision of the lake).
#[expect(clippy::disallowed_methods, reason = "this is the place that reads the clock")]
#[must_use]
pub fn now() -> Timestamp {
    let now = Timestamp::now();
    let now = Timestamp::from_microsecond(now.as_microsecond()).unwrap_or(now);
    now.checked_add(SignedDuration::from_micros(SHIFT.load(Ordering::Relaxed))).unwrap_or(now)
}

/// Lets the present of this process begin at an instant. For benches only: a watch-room lives in the present.
pub fn set(present: Timestamp) {
    let ahead = present.duration_since(now()).as_micros();
    SHIFT.fetch_add(i64::try_from(ahead).unwrap_or_default(), Ordering::Relaxed);
}
