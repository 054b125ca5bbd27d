//! Text or number of one cell to an instant, or to the day on which an instant falls.
//!
//! A time without an offset is read in the zone that the contract names. One that the clock shows twice, or never, at a
//! change of the clocks is told and not guessed.

use jiff::civil::DateTime;
use jiff::tz::{AmbiguousOffset, TimeZone};
use jiff::{SignedDuration, Timestamp};
use vigie_queries::{Column, ColumnType, Contract, Epoch};

use crate::dates::{self, DateForm, Layout, day_first_parts, day_number, iso_parts, number_of, two};
use crate::findings::Code;
use crate::numbers::digits;
use crate::row::Kind;
use crate::values::Read;

/// How a column of dates or instants is read.
#[derive(Debug, Clone)]
pub(crate) struct TimeReading {
    /// Layouts of days.
    pub(crate) days: Vec<DateForm>,
    /// Layouts of instants, the usual ones where the contract names none.
    instants: Vec<Layout>,
    pub(crate) zone: Option<TimeZone>,
    epoch: Option<Epoch>,
    /// First day allowed, as days since 1970-01-01.
    since: i32,
    is_joined: bool,
    /// The column has layouts of its own: a number such as 202042 may be written in one.
    has_layouts: bool,
    /// Dates with slashes are read day first: whether the feed writes them so is looked at.
    pub(crate) is_day_first: bool,
}

/// Milliseconds of 1973 read as seconds, or the other way round, are a wrong unit and no date of a feed.
const EARLIEST: i32 = 1_096; // 1973-01-01

impl TimeReading {
    pub(crate) fn new(column: &Column, contract: &Contract) -> Self {
        let own = &column.formats;
        let days = if own.is_empty() { &contract.dialect.date_formats } else { own };
        let is_instant = column.kind == ColumnType::Timestamp;
        Self {
            days: if is_instant {
                Vec::new()
            } else {
                days.iter().map(|layout| DateForm::new(layout)).collect()
            },
            instants: if is_instant {
                own.iter().map(|layout| Layout::new(layout)).collect()
            } else {
                Vec::new()
            },
            // Checked with the contract.
            zone: column.time_zone.as_ref().and_then(|zone| TimeZone::get(zone).ok()),
            epoch: column.epoch,
            since: column.since.map_or(i32::MIN, dates::days_of),
            is_joined: column.join.is_some(),
            has_layouts: !own.is_empty(),
            is_day_first: if own.is_empty() && is_instant {
                true
            } else {
                let day_first = |layout: &String| layout.starts_with("%d/%m/%Y");
                if own.is_empty() { days.iter().any(day_first) } else { own.iter().any(day_first) }
            },
        }
    }

    /// A day: written as one, or the day of an instant in the column's zone.
    pub(crate) fn day(&self, text: &[u8], kind: Kind) -> Read<i32> {
        let (day, repair) = match kind {
            Kind::Day if text.len() == 10 || self.zone.is_none() => {
                dates::date(text, &[DateForm::Iso], None)?
            }
            Kind::Day => {
                (number_of(clock(text).ok_or(Code::TypeError)??.date()).ok_or(Code::ImpossibleDate)?, None)
            }
            Kind::Text | Kind::Number => match self.epoch {
                Some(epoch) if kind == Kind::Number || is_number(text) => {
                    (self.day_of_number(text, epoch)?, None)
                }
                _ if kind == Kind::Number && !self.has_layouts => return Err(Code::TypeError),
                _ => self.day_of_text(text)?,
            },
            _ => return Err(Code::TypeError),
        };
        if day < self.since || (self.epoch.is_some() && self.since == i32::MIN && day < EARLIEST) {
            return Err(Code::TooEarly);
        }
        // The parts of a joined value have no layout of their own to be told of.
        Ok((day, repair.filter(|_| !self.is_joined)))
    }

    fn day_of_number(&self, text: &[u8], epoch: Epoch) -> Result<i32, Code> {
        if epoch == Epoch::Excel {
            let micros = scaled(text, 86_400_000_000).ok_or(Code::TypeError)?;
            let day = i32::try_from(micros.div_euclid(86_400_000_000)).map_err(|_| Code::ImpossibleDate)?;
            return known(day.checked_add(EXCEL_ZERO).ok_or(Code::ImpossibleDate)?);
        }
        let instant = since_1970(text, epoch)?;
        let zone = self.zone.as_ref().ok_or(Code::NoTimeZone)?;
        number_of(zone.to_datetime(instant).date()).ok_or(Code::ImpossibleDate)
    }

    fn day_of_text(&self, text: &[u8]) -> Read<i32> {
        if let Some(zone) = &self.zone
            && text.len() > 10
            && let Some(found) =
                iso_clock(text).or_else(|| Some(day_first_clock(text)?.map(|local| (local, None))))
        {
            let (local, offset) = found?;
            let day = match offset {
                Some(seconds) => zone.to_datetime(at_offset(local, seconds)?).date(),
                None => local.date(),
            };
            return number_of(day).map(|day| (day, None)).ok_or(Code::ImpossibleDate);
        }
        dates::date(text, &self.days, self.zone.as_ref())
    }

    /// An instant, as microseconds since 1970-01-01 00:00 UTC.
    pub(crate) fn instant(&self, text: &[u8], kind: Kind) -> Read<i64> {
        let (instant, repair) = match kind {
            Kind::Day if text.len() > 10 => (self.local(clock(text).ok_or(Code::TypeError)??)?, None),
            Kind::Text | Kind::Number => match self.epoch {
                Some(epoch) if kind == Kind::Number || is_number(text) => {
                    (self.of_number(text, epoch)?, None)
                }
                _ if kind == Kind::Number && !self.has_layouts => return Err(Code::TypeError),
                _ => self.of_text(text)?,
            },
            // Midnight of Excel is a day without a time.
            Kind::Day => (self.local(day_start(text)?)?, None),
            _ => return Err(Code::TypeError),
        };
        let day = self.day_of(instant.as_microsecond());
        if day < self.since || (self.epoch.is_some() && self.since == i32::MIN && day < EARLIEST) {
            return Err(Code::TooEarly);
        }
        known(day)?;
        Ok((instant.as_microsecond(), repair))
    }

    /// The day of an instant in the column's zone, else in UTC.
    pub(crate) fn day_of(&self, micros: i64) -> i32 {
        let instant = Timestamp::from_microsecond(micros).unwrap_or_default();
        let local = match &self.zone {
            Some(zone) => zone.to_datetime(instant),
            None => TimeZone::UTC.to_datetime(instant),
        };
        dates::days_of(local.date())
    }

    fn of_number(&self, text: &[u8], epoch: Epoch) -> Result<Timestamp, Code> {
        if epoch != Epoch::Excel {
            return since_1970(text, epoch);
        }
        // Excel's times are rounded to the millisecond: it keeps no more.
        let millis = scaled(text, 86_400_000).ok_or(Code::TypeError)?;
        let millis = millis + i64::from(EXCEL_ZERO) * 86_400_000;
        let instant = Timestamp::from_millisecond(millis).map_err(|_| Code::ImpossibleDate)?;
        self.local(TimeZone::UTC.to_datetime(instant))
    }

    fn of_text(&self, text: &[u8]) -> Read<Timestamp> {
        if self.instants.is_empty() {
            if let Some(found) = iso_clock(text) {
                let (local, offset) = found?;
                let instant = match offset {
                    Some(seconds) => at_offset(local, seconds)?,
                    None => self.local(local)?,
                };
                return Ok((instant, None));
            }
            return match day_first_clock(text) {
                Some(local) => Ok((self.local(local?)?, None)),
                None => Err(Code::TypeError),
            };
        }
        let mut impossible = false;
        for (rank, layout) in self.instants.iter().enumerate() {
            let Some(parts) = layout.read(text) else { continue };
            let repair = (rank > 0).then_some(Code::DateForm);
            if let Ok(instant) = parts.to_timestamp() {
                return Ok((instant, repair));
            }
            match parts.to_datetime() {
                Ok(local) => return Ok((self.local(local)?, repair)),
                Err(_) => impossible = true,
            }
        }
        Err(if impossible { Code::ImpossibleDate } else { Code::TypeError })
    }

    /// The instant at which the clocks of the column's zone show that time.
    fn local(&self, local: DateTime) -> Result<Timestamp, Code> {
        let zone = self.zone.as_ref().ok_or(Code::NoTimeZone)?;
        let there = zone.to_ambiguous_timestamp(local);
        match there.offset() {
            AmbiguousOffset::Unambiguous { offset } => {
                offset.to_timestamp(local).map_err(|_| Code::ImpossibleDate)
            }
            AmbiguousOffset::Gap { .. } => Err(Code::ImpossibleTime),
            AmbiguousOffset::Fold { .. } => Err(Code::AmbiguousTime),
        }
    }

    /// Layouts as French readers write them.
    pub(crate) fn french(&self) -> String {
        match (self.instants.first(), self.epoch) {
            (_, Some(Epoch::S)) => "en secondes depuis 1970".to_owned(),
            (_, Some(Epoch::Ms)) => "en millisecondes depuis 1970".to_owned(),
            (_, Some(Epoch::Us)) => "en microsecondes depuis 1970".to_owned(),
            (_, Some(Epoch::Excel)) => "en jours d’Excel".to_owned(),
            (Some(layout), None) => layout.french(),
            (None, None) => "AAAA-MM-JJThh:mm:ss".to_owned(),
        }
    }
}

/// Day 0 of Excel, 30 December 1899, as days since 1970-01-01. Days before March 1900 are one off, as in Excel itself.
const EXCEL_ZERO: i32 = -25_569;

/// A day of the years that [`day_number`] takes.
fn known(day: i32) -> Result<i32, Code> {
    const FIRST: i32 = -25_567; // 1900-01-01
    const LAST: i32 = 84_005; // 2199-12-31
    if (FIRST..=LAST).contains(&day) { Ok(day) } else { Err(Code::ImpossibleDate) }
}

fn is_number(text: &[u8]) -> bool {
    text.iter().any(u8::is_ascii_digit)
        && text.iter().enumerate().all(|(at, b)| b.is_ascii_digit() || *b == b'.' || (at == 0 && *b == b'-'))
}

fn since_1970(text: &[u8], epoch: Epoch) -> Result<Timestamp, Code> {
    let unit = match epoch {
        Epoch::S => 1_000_000,
        Epoch::Ms => 1_000,
        Epoch::Us | Epoch::Excel => 1,
    };
    let micros = scaled(text, unit).ok_or(Code::TypeError)?;
    Timestamp::from_microsecond(micros).map_err(|_| Code::ImpossibleDate)
}

/// A decimal number of units, in parts of which `per_unit` make one; rounded to the nearest part. Nothing where the text
/// is no plain decimal number, or one too large.
fn scaled(text: &[u8], per_unit: i64) -> Option<i64> {
    let (negative, body) = match text.strip_prefix(b"-") {
        Some(body) => (true, body),
        None => (false, text),
    };
    let split = body.iter().position(|b| *b == b'.').unwrap_or(body.len());
    let whole = digits(&body[..split])?;
    let fraction = body.get(split + 1..).unwrap_or_default();
    let fraction = &fraction[..fraction.len().min(15)];
    let part = if fraction.is_empty() { 0 } else { digits(fraction)? };
    let scale = 10i128.pow(fraction.len() as u32);
    let parts = (i128::from(part) * i128::from(per_unit) * 2 + scale) / (2 * scale);
    let all = i128::from(whole) * i128::from(per_unit) + parts;
    i64::try_from(if negative { -all } else { all }).ok()
}

/// A time of day: `14:00`, `14:00:30`, `14:00:30.250`.
fn time_of_day(text: &[u8]) -> Option<Result<jiff::civil::Time, Code>> {
    let (hours, rest) = text.split_at_checked(text.iter().position(|b| *b == b':')?)?;
    let mut parts = rest[1..].splitn(2, |b| *b == b':');
    let (hour, minute) = (two(hours)?, parts.next().filter(|part| part.len() == 2).and_then(two)?);
    let (mut second, mut nano) = (0, 0);
    if let Some(rest) = parts.next() {
        let split = rest.iter().position(|b| matches!(b, b'.' | b',')).unwrap_or(rest.len());
        second = two(&rest[..split]).filter(|_| split == 2)?;
        if split < rest.len() {
            let fraction = &rest[split + 1..];
            let shown = &fraction[..fraction.len().min(9)];
            nano = digits(shown)? * 10i64.pow(9 - shown.len() as u32);
            digits(&fraction[shown.len()..]).or((fraction.len() == shown.len()).then_some(0))?;
        }
    }
    let time = jiff::civil::Time::new(hour as i8, minute as i8, second as i8, nano as i32);
    Some(time.map_err(|_| Code::ImpossibleTime))
}

/// `2020-10-01T14:00:00`, a space for the `T` being the same, with its offset in seconds where one is written.
fn iso_clock(text: &[u8]) -> Option<Result<(DateTime, Option<i32>), Code>> {
    let (day, rest) = text.split_at_checked(10)?;
    let (year, month, day) = iso_parts(day)?;
    let rest =
        rest.strip_prefix(b"T").or_else(|| rest.strip_prefix(b"t")).or_else(|| rest.strip_prefix(b" "))?;
    let sign = rest.iter().position(|b| matches!(b, b'+' | b'-'));
    let (time, offset) = match (sign, rest.strip_suffix(b"Z").or_else(|| rest.strip_suffix(b"z"))) {
        (_, Some(time)) => (time, Some(0)),
        (Some(sign), None) => (&rest[..sign], Some(offset_seconds(&rest[sign..])?)),
        (None, None) => (rest, None),
    };
    let time = time_of_day(time.trim_ascii_end())?;
    let (Some(date), Ok(time)) = (date_of(year, month, day), time) else {
        return Some(Err(time.err().unwrap_or(Code::ImpossibleDate)));
    };
    Some(Ok((date.to_datetime(time), offset)))
}

/// `+02:00`, `+0200`, `+02`.
fn offset_seconds(text: &[u8]) -> Option<i32> {
    let (sign, rest) = (if text[0] == b'-' { -1 } else { 1 }, &text[1..]);
    let (hours, minutes) = match rest {
        [a, b, b':', c, d] | [a, b, c, d] => (two(&[*a, *b])?, two(&[*c, *d])?),
        [a, b] => (two(&[*a, *b])?, 0),
        _ => return None,
    };
    (hours < 24 && minutes < 60).then(|| sign * (hours as i32 * 3600 + minutes as i32 * 60))
}

/// `01/10/2020 14:00`, with or without seconds.
fn day_first_clock(text: &[u8]) -> Option<Result<DateTime, Code>> {
    let split = text.iter().position(|b| *b == b' ')?;
    let (year, month, day) = day_first_parts(&text[..split])?;
    let time = time_of_day(text[split..].trim_ascii())?;
    Some(match (date_of(year, month, day), time) {
        (Some(date), Ok(time)) => Ok(date.to_datetime(time)),
        (_, Err(code)) => Err(code),
        (None, _) => Err(Code::ImpossibleDate),
    })
}

/// The clock of a cell of Excel, which has no offset.
fn clock(text: &[u8]) -> Option<Result<DateTime, Code>> {
    iso_clock(text).map(|found| found.map(|(local, _)| local))
}

fn day_start(text: &[u8]) -> Result<DateTime, Code> {
    let (year, month, day) = iso_parts(text).ok_or(Code::TypeError)?;
    date_of(year, month, day).map(|date| date.at(0, 0, 0, 0)).ok_or(Code::ImpossibleDate)
}

fn date_of(year: i32, month: u32, day: u32) -> Option<jiff::civil::Date> {
    day_number(year, month, day)?;
    jiff::civil::Date::new(year as i16, month as i8, day as i8).ok()
}

fn at_offset(local: DateTime, seconds: i32) -> Result<Timestamp, Code> {
    let there = TimeZone::UTC.to_timestamp(local).map_err(|_| Code::ImpossibleDate)?;
    there.checked_sub(SignedDuration::from_secs(i64::from(seconds))).map_err(|_| Code::ImpossibleDate)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn column(rest: &str) -> TimeReading {
        let text = crate::tests::STOCK.replace(
            "columns = [",
            &format!(
                "columns = [\n  {{ name = \"moment\", title_fr = \"t\", {} }},",
                rest.trim_end_matches([',', ' '])
            ),
        );
        let contract = crate::tests::contract(&text);
        let column = contract.column("moment").unwrap();
        TimeReading::new(column, &contract)
    }

    /// Expected instants were made with `date -u -d "TZ=\"Europe/Paris\" 2020-10-01 14:00"` and the like.
    #[test]
    fn instants() {
        let check = |rest: &str, text: &str, kind: Kind, expected: Result<&str, Code>| {
            let found = column(&format!("type = \"timestamp\", {rest}")).instant(text.as_bytes(), kind);
            let found = found.map(|(micros, _)| Timestamp::from_microsecond(micros).unwrap().to_string());
            assert_eq!(found, expected.map(str::to_owned), "{rest} {text:?}");
        };
        let paris = "time_zone = \"Europe/Paris\"";
        check(paris, "01/10/2020 14:00", Kind::Text, Ok("2020-10-01T12:00:00Z"));
        check(paris, "1/10/2020 9:05:30", Kind::Text, Ok("2020-10-01T07:05:30Z"));
        check(paris, "2020-12-01 14:00", Kind::Text, Ok("2020-12-01T13:00:00Z"));
        check(paris, "2020-10-01T14:00:00.250", Kind::Text, Ok("2020-10-01T12:00:00.25Z"));
        check(paris, "2020-10-01T14:00:00Z", Kind::Text, Ok("2020-10-01T14:00:00Z"));
        check(paris, "2020-10-01T14:00:00-05:00", Kind::Text, Ok("2020-10-01T19:00:00Z"));
        check(paris, "2020-10-01 14:00 +0200", Kind::Text, Ok("2020-10-01T12:00:00Z"));
        // On 25 October 2020 the clocks showed 02:00 to 02:59 twice, on 29 March never.
        check(paris, "25/10/2020 02:30", Kind::Text, Err(Code::AmbiguousTime));
        check(paris, "2020-10-25T02:30:00+02:00", Kind::Text, Ok("2020-10-25T00:30:00Z"));
        check(paris, "25/10/2020 03:00", Kind::Text, Ok("2020-10-25T02:00:00Z"));
        check(paris, "29/03/2020 02:30", Kind::Text, Err(Code::ImpossibleTime));
        check(paris, "01/10/2020 24:00", Kind::Text, Err(Code::ImpossibleTime));
        check(paris, "31/02/2020 14:00", Kind::Text, Err(Code::ImpossibleDate));
        check(paris, "01/10/2020", Kind::Text, Err(Code::TypeError));
        check(paris, "1601935200", Kind::Text, Err(Code::TypeError));
        check(paris, "2020-10-01T14:00:00", Kind::Day, Ok("2020-10-01T12:00:00Z"));
        check(paris, "2020-10-01", Kind::Day, Ok("2020-09-30T22:00:00Z"));
        let german = "time_zone = \"Europe/Berlin\", formats = [\"%d.%m.%Y, %H:%M Uhr\", \"%s\"]";
        check(german, "30.07.2021, 00:00 Uhr", Kind::Text, Ok("2021-07-29T22:00:00Z"));
        check("epoch = \"s\"", "1601935200", Kind::Text, Ok("2020-10-05T22:00:00Z"));
        check("epoch = \"s\"", "1601935200.5", Kind::Number, Ok("2020-10-05T22:00:00.5Z"));
        check("epoch = \"ms\"", "1601935200000", Kind::Number, Ok("2020-10-05T22:00:00Z"));
        check("epoch = \"ms\"", "1601935200", Kind::Number, Err(Code::TooEarly));
        check("epoch = \"s\"", "1601935200000", Kind::Number, Err(Code::ImpossibleDate));
        check("epoch = \"ms\"", "2020-10-05T22:00:00Z", Kind::Text, Ok("2020-10-05T22:00:00Z"));
        check("epoch = \"ms\"", "2020-10-05T22:00:00", Kind::Text, Err(Code::NoTimeZone));
        check("epoch = \"ms\"", "1.6E+12", Kind::Text, Err(Code::TypeError));
        // 44109.5833333333 is 5 October 2020, 14:00, in a cell without a format.
        let excel = "epoch = \"excel\", time_zone = \"Europe/Paris\"";
        check(excel, "44109.5833333333", Kind::Number, Ok("2020-10-05T12:00:00Z"));
    }

    #[test]
    fn days_of_instants() {
        let check = |rest: &str, text: &str, kind: Kind, expected: Result<&str, Code>| {
            let found = column(&format!("type = \"date\", {rest}")).day(text.as_bytes(), kind);
            assert_eq!(found.map(|(day, _)| dates::iso(day)), expected.map(str::to_owned), "{rest} {text:?}");
        };
        let paris = "epoch = \"ms\", time_zone = \"Europe/Paris\"";
        // Midnight in Paris is 22:00 of the evening before in UTC in summer, 23:00 in winter.
        check(paris, "1601935200000", Kind::Number, Ok("2020-10-06"));
        check(paris, "1606777200000", Kind::Text, Ok("2020-12-01"));
        check(paris, "2020-10-05T22:00:00Z", Kind::Text, Ok("2020-10-06"));
        check(paris, "2020-10-06", Kind::Text, Ok("2020-10-06"));
        check(paris, "2020-10-06T23:59:00", Kind::Text, Ok("2020-10-06"));
        check("time_zone = \"Europe/Paris\"", "2020-10-06T00:00:00+02:00", Kind::Text, Ok("2020-10-06"));
        check("time_zone = \"Europe/Paris\"", "2020-10-06T14:00:00", Kind::Day, Ok("2020-10-06"));
        check("formats = \"%Y-%m-%dT%H:%M:%S\"", "2020-10-06T14:00:00", Kind::Text, Ok("2020-10-06"));
        check("epoch = \"excel\"", "44110", Kind::Number, Ok("2020-10-06"));
        check("time_zone = \"Europe/Paris\"", "06/10/2020 00:30", Kind::Text, Ok("2020-10-06"));
        check("epoch = \"excel\"", "44110", Kind::Text, Ok("2020-10-06"));
        check("", "2020-10-06T14:00:00", Kind::Day, Err(Code::TypeError));
        check("", "1601935200000", Kind::Number, Err(Code::TypeError));
    }
}
