//! Which days were asked of an address that holds the day, and what came of it.

use std::collections::BTreeMap;

use jiff::Timestamp;
use jiff::civil::Date;
use jiff::tz::TimeZone;

use crate::record::{FetchRecord, Outcome};
use crate::{Error, Lake, newest};

/// What came of asking for a day.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Asked {
    /// How many times its file was asked for.
    pub times: u32,
    /// The last time.
    pub last: Timestamp,
    /// A file was read: applied, or kept for a person to decide.
    pub is_read: bool,
}

impl Lake {
    /// The days from `from` on whose file was asked of a source. A day is not asked for before it begins, so that of
    /// `fetches` only what was recorded since then is read.
    ///
    /// # Errors
    /// [`Error::Disk`], [`Error::Parquet`] or [`Error::Misfit`] when `fetches` cannot be read.
    pub async fn asked_days(&self, source: &str, from: Date) -> Result<BTreeMap<Date, Asked>, Error> {
        let begins = from.to_zoned(TimeZone::UTC).map_or(Timestamp::MIN, |day| day.timestamp());
        // A zone may be a day ahead of UTC.
        let since = begins.checked_sub(jiff::SignedDuration::from_hours(24)).unwrap_or(Timestamp::MIN);
        let mut found: BTreeMap<Date, Asked> = BTreeMap::new();
        for file in self.layout().files("fetches", Timestamp::MAX)?.iter() {
            if file.span.newest < since {
                continue;
            }
            let opened = self.layout().footers().open("fetches", file)?;
            for record in newest::rows_of::<FetchRecord>(file, opened, None)? {
                let Some(day) = record.asked_day.filter(|day| *day >= from) else { continue };
                if record.source == source {
                    let asked = found.entry(day).or_default();
                    asked.times += 1;
                    asked.last = asked.last.max(record.recorded_at);
                    asked.is_read |= !matches!(record.outcome, Outcome::Failed | Outcome::Rejected);
                }
            }
        }
        Ok(found)
    }
}
