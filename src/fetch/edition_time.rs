//! When an edition was issued: as the caller says, else as the server's `Last-Modified` says where that can be, else when
//! it arrived.
//!
//! A header may say anything: the first second of 1970, the day the server was set up, one date for whatever it serves. An
//! edition dated before the days it speaks of would make its feed stale for ever, and show in the past what nobody knew then.

use arrow::array::AsArray as _;
use arrow::compute::max;
use arrow::datatypes::Date32Type;
use jiff::civil::Date;
use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp};
use vigie_ingest::{Received, Rows};
use vigie_queries::{Contract, EditionTimeFrom};
use vigie_store::FetchRecord;

use super::{Origin, Request, french_instant};
use crate::error::Error;

/// Code of the finding about an edition time that is not what it was said to be.
pub(super) const EDITION_TIME: &str = "edition-time";

/// No feed was issued before: what says so is a clock that was never set (1970, 1980, 2000).
const EARLIEST: Timestamp = Timestamp::constant(978_307_200, 0); // 2001-01-01

/// A publisher's clock may be ahead of ours by so much without a word.
const CLOCK_AHEAD: SignedDuration = SignedDuration::from_mins(10);

/// A header in the future by less than this gives local time as if it were UTC: the arrival is as good.
const ZONE_AHEAD: SignedDuration = SignedDuration::from_hours(14);

/// Who dates an edition.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum By {
    Caller,
    Server,
    Arrival,
}

/// When an edition was issued, and what is odd about it.
#[derive(Debug)]
pub(super) struct EditionTime {
    pub(super) at: Timestamp,
    by: By,
    whose: &'static str,
    /// Severity and French sentence of a finding.
    pub(super) doubt: Option<(&'static str, String)>,
}

impl EditionTime {
    /// What can be said before the body is read. `last` is the edition in place.
    pub(super) fn of(
        contract: &Contract,
        request: &Request,
        body: &Received,
        last: Option<&FetchRecord>,
        arrival: Timestamp,
    ) -> Self {
        if let Some(said) = request.issued_at {
            return Self { at: said.min(arrival), by: By::Caller, whose: "", doubt: None };
        }
        let by_arrival = |doubt| Self { at: arrival, by: By::Arrival, whose: "", doubt };
        let stated = body.issued_at.filter(|_| contract.feed.edition_time == EditionTimeFrom::LastModified);
        let Some(stated) = stated else { return by_arrival(None) };
        let whose = match request.origin {
            Origin::Files(_) => "Date du fichier déposé",
            _ => "Date de publication annoncée par le serveur (Last-Modified)",
        };
        let is_constant = last.is_some_and(|last| {
            last.url == request.url()
                && body.last_modified.is_some()
                && last.last_modified == body.last_modified
                && last.sha256.as_ref() != Some(&body.sha256)
        });
        if stated < EARLIEST {
            by_arrival(Some(("warn", not_believed(whose, stated, "aucune donnée n’est aussi ancienne"))))
        } else if stated > arrival.saturating_add(CLOCK_AHEAD).unwrap_or(arrival) {
            let ahead = stated.duration_since(arrival);
            let severity = if ahead <= ZONE_AHEAD { "info" } else { "warn" };
            by_arrival(Some((severity, not_believed(whose, stated, "elle est dans l’avenir"))))
        } else if is_constant {
            let why = "c’était déjà celle de l’édition précédente, dont le contenu est autre";
            by_arrival(Some(("warn", not_believed(whose, stated, why))))
        } else {
            Self { at: stated.min(arrival), by: By::Server, whose, doubt: None }
        }
    }

    /// Compares it with the newest day that the edition speaks of. What the server says gives way to the arrival; the
    /// caller's word stands, and the contradiction is told.
    ///
    /// # Errors
    /// [`Error::Ingest`] when the rows cannot be read from the spool.
    pub(super) fn check(
        &mut self,
        contract: &Contract,
        rows: &Rows,
        arrival: Timestamp,
    ) -> Result<(), Error> {
        if self.by == By::Arrival {
            return Ok(());
        }
        let Some(newest) = newest_day(contract, rows)? else { return Ok(()) };
        let zone =
            TimeZone::get(contract.cadence.time_zone.get_ref()).unwrap_or_else(|_| crate::calendar::paris());
        if newest <= self.at.to_zoned(zone).date() {
            return Ok(());
        }
        let day = vigie_reports::french::date(newest);
        if self.by == By::Server {
            let why = format!("l’édition parle déjà du {day}");
            self.doubt = Some(("warn", not_believed(self.whose, self.at, &why)));
            (self.at, self.by) = (arrival, By::Arrival);
        } else {
            self.doubt = Some((
                "warn",
                format!(
                    "Date de publication donnée à la commande (--issued-at) : {}, alors que l’édition parle déjà du {day}. \
                     Elle est retenue telle quelle ; vérifier qu’elle est juste.",
                    french_instant(self.at)
                ),
            ));
        }
        Ok(())
    }
}

fn not_believed(whose: &str, stated: Timestamp, why: &str) -> String {
    format!(
        "{whose} : {}. Elle n’est pas retenue, car {why} ; l’édition \
         est datée de sa réception.",
        french_instant(stated)
    )
}

/// The newest day of the key. None where a contract lets days lie ahead (plans, shifts), or has no day.
fn newest_day(contract: &Contract, rows: &Rows) -> Result<Option<Date>, Error> {
    let Some(column) = contract.day_column().filter(|column| !column.future) else { return Ok(None) };
    let mut newest = None;
    for batch in rows.batches()? {
        let batch = batch?;
        let days = batch.column_by_name(column.name.get_ref());
        newest = newest.max(days.and_then(|days| max(days.as_primitive::<Date32Type>())));
    }
    Ok(newest.and_then(vigie_transform::date_of))
}

/// Whether the server's date of the last edition was what dated it: only then may a request be made to depend on it. A
/// server that sends one date for whatever it serves would answer for ever that nothing changed.
pub(super) fn is_believed(last: &FetchRecord) -> bool {
    let Some(stated) = last.last_modified.as_deref() else { return true };
    let Ok(stated) = jiff::fmt::rfc2822::parse(stated.trim()).map(|at| at.timestamp()) else { return false };
    let latest = last.recorded_at.saturating_add(CLOCK_AHEAD).unwrap_or(last.recorded_at);
    last.issued_at.is_some_and(|issued| issued <= stated) && stated <= latest
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_request_depends_only_on_a_date_that_dated_the_edition() {
        let at = |text: &str| text.parse::<Timestamp>().unwrap();
        let arrival = "2020-10-13T19:30:00Z";
        let cases = [
            (None, arrival, true),
            (Some("Tue, 13 Oct 2020 19:00:00 GMT"), "2020-10-13T19:00:00Z", true),
            // The same body, put up again: the edition keeps its date.
            (Some("Tue, 13 Oct 2020 19:00:00 GMT"), "2020-10-12T19:00:00Z", true),
            (Some("Thu, 01 Jan 1970 00:00:00 GMT"), arrival, false),
            (Some("Fri, 01 Jan 2038 00:00:00 GMT"), arrival, false),
            (Some("yesterday"), arrival, false),
        ];
        for (last_modified, issued_at, believed) in cases {
            let last = FetchRecord {
                last_modified: last_modified.map(str::to_owned),
                issued_at: Some(at(issued_at)),
                recorded_at: at(arrival),
                ..FetchRecord::default()
            };
            assert_eq!(is_believed(&last), believed, "{last_modified:?}");
        }
    }
}
