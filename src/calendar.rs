//! Times as people write them on the command line: instants, days, ISO weeks, all in Europe/Paris.

use jiff::civil::{Date, ISOWeekDate, Weekday};
use jiff::tz::TimeZone;
use jiff::{Timestamp, ToSpan};

/// The zone of days and weeks.
///
/// # Panics
/// Never: the zone data base is in the binary.
#[must_use]
pub fn paris() -> TimeZone {
    TimeZone::get("Europe/Paris").expect("the zone data base is bundled")
}

/// The day it is in Paris at an instant.
#[must_use]
pub fn paris_day(at: Timestamp) -> Date {
    at.to_zoned(paris()).date()
}

/// An instant (RFC 3339), or a date, which means the end of that day in Paris.
///
/// # Errors
/// A sentence that says what was found and what is expected.
pub fn parse_time(text: &str) -> Result<Timestamp, String> {
    if let Ok(date) = text.parse::<Date>()
        && !text.contains('T')
    {
        return end_of_day(date).map_err(|cause| format!("{text:?} is out of range: {cause}"));
    }
    text.parse::<Timestamp>().map_err(|_| {
        format!("{text:?} is not a time; expected a date such as 2020-10-12 or an instant such as 2020-10-12T18:00:00Z")
    })
}

/// Last microsecond of a day in Paris.
fn end_of_day(date: Date) -> Result<Timestamp, jiff::Error> {
    let next = date.tomorrow()?.to_zoned(paris())?;
    next.timestamp().checked_sub(1.microsecond())
}

/// A plain date.
///
/// # Errors
/// A sentence that says what was found and what is expected.
pub fn parse_date(text: &str) -> Result<Date, String> {
    text.parse::<Date>().map_err(|_| format!("{text:?} is not a date; expected the form 2020-10-12"))
}

/// The Monday of an ISO week written `2020-W42`.
///
/// # Errors
/// A sentence that says what was found and what is expected, also for a week 53 that the year does not have.
pub fn parse_week(text: &str) -> Result<Date, String> {
    let wrong = || format!("{text:?} is not an ISO week; expected the form 2020-W42");
    let (year, week) = text.split_once("-W").ok_or_else(wrong)?;
    let year: i16 = year.parse().map_err(|_| wrong())?;
    if week.len() != 2 {
        return Err(wrong());
    }
    let number: i8 = week.parse().map_err(|_| wrong())?;
    let week = ISOWeekDate::new(year, number, Weekday::Monday)
        .map_err(|_| format!("the year {year} has no week {number}"))?;
    Ok(week.date())
}

/// `2020-W42` for any day of that week.
#[must_use]
pub fn week_label(day: Date) -> String {
    let week = day.iso_week_date();
    format!("{:04}-W{:02}", week.year(), week.week())
}

/// The Monday of the last full week before an instant.
#[must_use]
pub fn last_full_week(at: Timestamp) -> Date {
    let day = paris_day(at);
    let since_monday = i64::from(day.weekday().to_monday_zero_offset());
    day.saturating_sub((since_monday + 7).days())
}

/// An instant as the clock of Paris shows it.
#[must_use]
pub fn instant_fr(at: Timestamp) -> String {
    at.to_zoned(paris()).strftime("%d/%m/%Y %H:%M").to_string()
}

#[cfg(test)]
mod tests {
    use super::*;
    use jiff::civil::date;

    #[test]
    fn a_date_means_the_end_of_that_day_in_paris() {
        assert_eq!(parse_time("2020-10-12").unwrap().to_string(), "2020-10-12T21:59:59.999999Z");
        assert_eq!(parse_time("2020-12-12").unwrap().to_string(), "2020-12-12T22:59:59.999999Z");
        assert_eq!(parse_time("2020-10-12T06:00:00Z").unwrap().to_string(), "2020-10-12T06:00:00Z");
        assert!(parse_time("yesterday").unwrap_err().contains("not a time"));
    }

    #[test]
    fn week_53_exists_in_2020_and_not_in_2021() {
        assert_eq!(parse_week("2020-W53").unwrap(), date(2020, 12, 28));
        assert_eq!(parse_week("2021-W53").unwrap_err(), "the year 2021 has no week 53");
        assert_eq!(parse_week("2020-W01").unwrap(), date(2019, 12, 30));
        assert!(parse_week("2020-42").is_err());
        assert!(parse_week("2020-W1").is_err());
        assert_eq!(week_label(date(2021, 1, 3)), "2020-W53");
    }

    #[test]
    fn on_a_monday_the_last_full_week_is_the_one_that_ended_yesterday() {
        let monday = "2020-10-19T06:00:00Z".parse().unwrap();
        assert_eq!(last_full_week(monday), date(2020, 10, 12));
        let sunday_late = "2020-10-18T21:30:00Z".parse().unwrap(); // 23:30 in Paris, still Sunday
        assert_eq!(last_full_week(sunday_late), date(2020, 10, 5));
    }
}
