//! The clock: the only place that reads it.

use jiff::Timestamp;

/// The present instant, to the microsecond (the precision of the lake).
#[expect(clippy::disallowed_methods, reason = "this is the place that reads the clock")]
#[must_use]
pub fn now() -> Timestamp {
    let now = Timestamp::now();
    Timestamp::from_microsecond(now.as_microsecond()).unwrap_or(now)
}
