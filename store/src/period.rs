//! Calendar periods of commits, UTC: what the name of a merged file says.

use jiff::Timestamp;
use jiff::civil::Date;
use jiff::tz::TimeZone;

/// A calendar month, UTC.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Month {
    /// Year.
    pub year: i16,
    /// Month, 1 to 12.
    pub month: i8,
}

impl Month {
    /// The month an instant lies in, UTC.
    #[must_use]
    pub fn of(at: Timestamp) -> Self {
        let date = day_of(at);
        Self { year: date.year(), month: date.month() }
    }

    /// First instant.
    #[must_use]
    pub fn start(self) -> Timestamp {
        Period::Month(self).start()
    }
}

impl std::fmt::Display for Month {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{:04}-{:02}", self.year, self.month)
    }
}

/// The day an instant lies in, UTC.
pub(crate) fn day_of(at: Timestamp) -> Date {
    at.to_zoned(TimeZone::UTC).date()
}

/// A day, a month or a year, UTC.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Period {
    /// A year.
    Year(i16),
    /// A month.
    Month(Month),
    /// A day.
    Day(Date),
}

impl Period {
    /// The day an instant lies in.
    #[must_use]
    pub fn day(at: Timestamp) -> Self {
        Self::Day(day_of(at))
    }

    /// `2020`, `2020-10` or `2020-10-13`, written in this way only.
    pub(crate) fn parse(text: &str) -> Option<Self> {
        let parts: Vec<&str> = text.split('-').collect();
        let found = match parts[..] {
            [year] => Self::Year(year.parse().ok()?),
            [year, month] => Self::Month(Month { year: year.parse().ok()?, month: month.parse().ok()? }),
            [year, month, day] => {
                Self::Day(Date::new(year.parse().ok()?, month.parse().ok()?, day.parse().ok()?).ok()?)
            }
            _ => return None,
        };
        (found.first().is_some() && found.to_string() == text).then_some(found)
    }

    /// First day.
    fn first(self) -> Option<Date> {
        match self {
            Self::Year(year) => Date::new(year, 1, 1).ok(),
            Self::Month(month) => Date::new(month.year, month.month, 1).ok(),
            Self::Day(day) => Some(day),
        }
    }

    /// First instant.
    #[must_use]
    pub fn start(self) -> Timestamp {
        let start = self.first().and_then(|day| day.to_zoned(TimeZone::UTC).ok());
        start.map_or(Timestamp::MIN, |start| start.timestamp())
    }

    /// Whether an instant lies in it.
    #[must_use]
    pub fn contains(self, at: Timestamp) -> bool {
        let day = day_of(at);
        match self {
            Self::Year(year) => day.year() == year,
            Self::Month(month) => (day.year(), day.month()) == (month.year, month.month),
            Self::Day(own) => day == own,
        }
    }

    /// Whether it is over at an instant.
    #[must_use]
    pub fn is_over(self, now: Timestamp) -> bool {
        self.start() <= now && !self.contains(now)
    }

    /// A day is 0, a month 1, a year 2.
    pub(crate) fn level(self) -> u8 {
        match self {
            Self::Day(_) => 0,
            Self::Month(_) => 1,
            Self::Year(_) => 2,
        }
    }
}

impl std::fmt::Display for Period {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Year(year) => write!(f, "{year:04}"),
            Self::Month(month) => write!(f, "{month}"),
            Self::Day(day) => write!(f, "{day}"),
        }
    }
}

impl Ord for Period {
    /// By first day; of those that begin together the longer first.
    fn cmp(&self, other: &Self) -> std::cmp::Ordering {
        (self.first(), std::cmp::Reverse(self.level()))
            .cmp(&(other.first(), std::cmp::Reverse(other.level())))
    }
}

impl PartialOrd for Period {
    fn partial_cmp(&self, other: &Self) -> Option<std::cmp::Ordering> {
        Some(self.cmp(other))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_period_is_written_in_one_way() {
        for text in ["2020", "2020-10", "2020-10-13", "2020-02-29", "0987"] {
            assert_eq!(Period::parse(text).map(|period| period.to_string()).as_deref(), Some(text));
        }
        for wrong in
            ["", "20", "2020-1", "2020-13", "2021-02-29", "2020-10-1", "2020-10-13-1", "+2020", "-2020"]
        {
            assert_eq!(Period::parse(wrong), None, "{wrong}");
        }
    }

    #[test]
    fn a_day_ends_at_midnight_utc() {
        let at = |text: &str| text.parse::<Timestamp>().unwrap();
        let day = Period::day(at("2020-12-31T23:59:59.999999Z"));
        assert_eq!(day.to_string(), "2020-12-31");
        assert!(!day.is_over(at("2020-12-31T23:59:59.999999Z")));
        assert!(day.is_over(at("2021-01-01T00:00:00Z")));
        assert!(!day.is_over(at("2020-12-30T00:00:00Z")), "a day to come is not over");
        for period in [Period::Year(2020), Period::Month(Month { year: 2020, month: 12 })] {
            assert!(period.contains(at("2020-12-31T23:59:59.999999Z")));
            assert!(!period.contains(at("2021-01-01T00:00:00Z")));
        }
        assert_eq!(Period::Year(2020).start(), at("2020-01-01T00:00:00Z"));
    }
}
