//! Text of one cell to a day: ISO, French, or any layout that the contract names, weeks and months included.

use std::borrow::Cow;

use jiff::fmt::strtime::BrokenDownTime;
use jiff::tz::TimeZone;

use crate::findings::Code;
use crate::numbers::digits;
use crate::say::{NNBSP, counted};
use crate::stop::{Stop, refuse};
use crate::values::Read;

/// Layout of a day.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum DateForm {
    /// `2020-10-05`
    Iso,
    /// `05/10/2020`
    DayFirst,
    /// Any other, in `strftime` form.
    Other(Layout),
}

impl DateForm {
    pub(crate) fn new(layout: &str) -> Self {
        match layout {
            "%Y-%m-%d" | "%F" => Self::Iso,
            "%d/%m/%Y" => Self::DayFirst,
            other => Self::Other(Layout::new(other)),
        }
    }

    /// The layout as French readers write it: `AAAA-MM-JJ`.
    pub(crate) fn french(&self) -> String {
        match self {
            Self::Iso => "AAAA-MM-JJ".to_owned(),
            Self::DayFirst => "JJ/MM/AAAA".to_owned(),
            Self::Other(layout) => layout.french(),
        }
    }
}

/// A layout in `strftime` form, made to name one day: a week (`%G-W%V`) is its Monday, a month its first day, a year
/// its 1 January.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Layout {
    written: String,
    /// With what is missing to name a day.
    whole: String,
    /// The same, to be put behind the text.
    behind: &'static str,
    /// How months are written out, if they are.
    months: Option<Months>,
}

/// Names of months: `%B` or `%b`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Months {
    Long,
    Short,
}

impl Layout {
    pub(crate) fn new(written: &str) -> Self {
        let has = |directives: &[&str]| directives.iter().any(|directive| written.contains(directive));
        // The year of a week is the one in which most of its days lie, whichever of the two letters names it.
        let by_week = has(&["%V"]);
        let mut whole = if by_week { written.replace("%Y", "%G") } else { written.to_owned() };
        let has_day = has(&["%d", "%e", "%j", "%D", "%F", "%x", "%c", "%s"]);
        let (behind, directives) = match () {
            () if by_week && has(&["%u", "%w", "%a", "%A"]) => ("", ""),
            () if by_week => ("|1", "|%u"),
            () if has_day => ("", ""),
            () if has(&["%m", "%B", "%b", "%h"]) => ("|1", "|%d"),
            () => ("|1-1", "|%m-%d"),
        };
        whole.push_str(directives);
        let months = match () {
            () if has(&["%B"]) => Some(Months::Long),
            () if has(&["%b", "%h"]) => Some(Months::Short),
            () => None,
        };
        Self { written: written.to_owned(), whole, behind, months }
    }

    /// Parts of the date and time, if the text is of this layout.
    pub(crate) fn read(&self, text: &[u8]) -> Option<BrokenDownTime> {
        let text = std::str::from_utf8(text).ok()?;
        let mut text = Cow::Borrowed(text);
        if let Some(months) = self.months {
            text = english_months(&text, months).into();
        }
        if !self.behind.is_empty() {
            text = (text.into_owned() + self.behind).into();
        }
        BrokenDownTime::parse(&self.whole, text.as_bytes()).ok()
    }

    /// The day, in the zone where the text says an offset.
    fn day(&self, text: &[u8], zone: Option<&TimeZone>) -> Option<Option<i32>> {
        let parts = self.read(text)?;
        let date = match zone {
            Some(zone) if parts.offset().is_some() || self.written.contains("%s") => {
                parts.to_timestamp().map(|instant| zone.to_datetime(instant).date())
            }
            _ => parts.to_date(),
        };
        Some(date.ok().and_then(number_of))
    }

    /// As French readers write it: `AAAA-Wss`.
    pub(crate) fn french(&self) -> String {
        const WORDS: [(&str, &str); 17] = [
            ("%Y", "AAAA"),
            ("%G", "AAAA"),
            ("%m", "MM"),
            ("%B", "mois en lettres"),
            ("%b", "mois abrégé"),
            ("%d", "JJ"),
            ("%e", "J"),
            ("%y", "AA"),
            ("%V", "ss (semaine ISO)"),
            ("%j", "jour de l’année"),
            ("%H", "hh"),
            ("%M", "mm"),
            ("%S", "ss"),
            ("%T", "hh:mm:ss"),
            ("%R", "hh:mm"),
            ("%:z", "±hh:mm"),
            ("%z", "±hhmm"),
        ];
        WORDS.iter().fold(self.written.clone(), |text, (directive, word)| text.replace(directive, word))
    }
}

/// French names of months, long and abbreviated, in English; `1er` as `1`. Other words stay as they are.
fn english_months(text: &str, months: Months) -> String {
    const NAMES: [(&str, &[&str]); 12] = [
        ("January", &["janvier", "janv", "jan"]),
        ("February", &["février", "fevrier", "févr", "fevr", "fév", "fev"]),
        ("March", &["mars"]),
        ("April", &["avril", "avr"]),
        ("May", &["mai"]),
        ("June", &["juin"]),
        ("July", &["juillet", "juil"]),
        ("August", &["août", "aout"]),
        ("September", &["septembre", "sept", "sep"]),
        ("October", &["octobre", "oct"]),
        ("November", &["novembre", "nov"]),
        ("December", &["décembre", "decembre", "déc", "dec"]),
    ];
    let mut out = String::with_capacity(text.len() + 8);
    let mut rest = text;
    while !rest.is_empty() {
        let end = rest.find(|c: char| !c.is_alphabetic()).unwrap_or(rest.len());
        if end == 0 {
            let next = rest.chars().next().map_or(1, char::len_utf8);
            out.push_str(&rest[..next]);
            rest = &rest[next..];
            continue;
        }
        let (sent, word) = (&rest[..end], rest[..end].to_lowercase());
        rest = &rest[end..];
        if word == "er" && out.ends_with('1') {
            continue;
        }
        match NAMES.iter().find(|(_, names)| names.contains(&word.as_str())) {
            Some((english, names)) => {
                out.push_str(if months == Months::Long { english } else { &english[..3] });
                // The full stop of an abbreviation.
                if word != names[0] {
                    rest = rest.strip_prefix('.').unwrap_or(rest);
                }
            }
            None => out.push_str(sent),
        }
    }
    out
}

/// A day, as days since 1970-01-01, in the first layout that reads it. An instant with an offset is on the day that it
/// has in `zone`, if one is given.
pub(crate) fn date(text: &[u8], forms: &[DateForm], zone: Option<&TimeZone>) -> Read<i32> {
    let mut impossible = false;
    for (rank, form) in forms.iter().enumerate() {
        let found = match form {
            DateForm::Iso => iso_parts(text).map(|(y, m, d)| day_number(y, m, d)),
            DateForm::DayFirst => day_first_parts(text).map(|(y, m, d)| day_number(y, m, d)),
            DateForm::Other(layout) => layout.day(text, zone),
        };
        match found {
            Some(Some(day)) => return Ok((day, (rank > 0).then_some(Code::DateForm))),
            Some(None) => impossible = true,
            None => {}
        }
    }
    // Other ways to write year, month and day in that order, if days are written the ISO way: no other reading exists.
    if forms.contains(&DateForm::Iso)
        && let Some((y, m, d)) = loose_iso_parts(text)
    {
        return day_number(y, m, d).map(|day| (day, Some(Code::DateForm))).ok_or(Code::ImpossibleDate);
    }
    Err(if impossible { Code::ImpossibleDate } else { Code::TypeError })
}

/// `2020-6-7`, `20200607`, `2020/06/07` and an instant at midnight, `2020-06-07T00:00:00+02:00`.
fn loose_iso_parts(text: &[u8]) -> Option<(i32, u32, u32)> {
    if text.len() == 8 && text.iter().all(u8::is_ascii_digit) {
        return Some((digits(&text[..4])? as i32, two(&text[4..6])?, two(&text[6..])?));
    }
    if text.len() > 10 && at_midnight(&text[10..]) {
        return iso_parts(&text[..10]);
    }
    let mark = text.get(4).copied().filter(|mark| matches!(mark, b'-' | b'/'))?;
    let mut parts = text.split(|b| *b == mark);
    let (year, month, day) = (parts.next()?, two(parts.next()?)?, two(parts.next()?)?);
    (parts.next().is_none() && year.len() == 4).then_some((digits(year)? as i32, month, day))
}

fn at_midnight(rest: &[u8]) -> bool {
    let Some(time) = rest.strip_prefix(b"T").or_else(|| rest.strip_prefix(b" ")) else { return false };
    // The day is that of the place where it is written, whatever its offset.
    let time = match time.iter().position(|b| matches!(b, b'+' | b'-')) {
        Some(sign) if (3..=6).contains(&(time.len() - sign)) => &time[..sign],
        _ => time.strip_suffix(b"Z").unwrap_or(time),
    };
    time.len() >= 5 && time.iter().all(|b| matches!(b, b'0' | b':' | b'.'))
}

/// Dates with slashes, and what they tell about the order of day and month.
#[derive(Debug, Default)]
pub(crate) struct SlashDates {
    /// Such as `27/06/2020`: the day comes first.
    day_first: u64,
    /// Such as `06/27/2020`: the month comes first.
    month_first: u64,
    /// Such as `06/07/2020`: either.
    either: u64,
}

impl SlashDates {
    /// Takes note of one date.
    #[inline]
    pub(crate) fn look(&mut self, text: &[u8]) {
        if text.get(4) == Some(&b'-') {
            return; // the usual case
        }
        // A time may stand behind.
        let day = text.split(|b| matches!(b, b' ' | b'T')).next().unwrap_or(text);
        let Some((_, second, first)) = day_first_parts(day) else { return };
        match (first, second) {
            (13..=31, 1..=12) => self.day_first += 1,
            (1..=12, 13..=31) => self.month_first += 1,
            (1..=12, 1..=12) if first != second => self.either += 1,
            _ => {}
        }
    }

    /// # Errors
    /// [`Stop::Refused`] where every date that tells the order puts the month first: reading the others the French way
    /// would move them by months.
    pub(crate) fn refuse_if_ambiguous(&self) -> Result<(), Stop> {
        if self.month_first == 0 || self.day_first > 0 || self.either == 0 {
            return Ok(());
        }
        Err(refuse(
            Code::AmbiguousDates,
            format!(
                "Les dates semblent écrites mois d’abord, à l’américaine ({} sûrement, aucune jour d’abord), et {} se liraient des deux façons. Rien n’a été chargé{NNBSP}; prévenir le producteur.",
                counted(self.month_first, "date", "dates"),
                counted(self.either, "date", "dates"),
            ),
        ))
    }
}

pub(crate) fn two(text: &[u8]) -> Option<u32> {
    digits(text).filter(|_| text.len() <= 2).and_then(|value| u32::try_from(value).ok())
}

/// The day of a date of the calendar.
pub(crate) fn number_of(date: jiff::civil::Date) -> Option<i32> {
    day_number(date.year().into(), u32::try_from(date.month()).ok()?, u32::try_from(date.day()).ok()?)
}

#[inline]
pub(crate) fn iso_parts(text: &[u8]) -> Option<(i32, u32, u32)> {
    if text.len() != 10 || text[4] != b'-' || text[7] != b'-' {
        return None;
    }
    Some((digits(&text[..4])? as i32, two(&text[5..7])?, two(&text[8..])?))
}

/// `5/10/2020` is read too; a year of two digits is not.
pub(crate) fn day_first_parts(text: &[u8]) -> Option<(i32, u32, u32)> {
    let mut parts = text.split(|b| *b == b'/');
    let (day, month, year) = (two(parts.next()?)?, two(parts.next()?)?, parts.next()?);
    if parts.next().is_some() || year.len() != 4 {
        return None;
    }
    Some((digits(year)? as i32, month, day))
}

/// Days since 1970-01-01 of a day that exists, from 1900 to 2199; no feed has a reason to go beyond.
pub(crate) fn day_number(year: i32, month: u32, day: u32) -> Option<i32> {
    const LENGTHS: [u32; 12] = [31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31];
    if !(1900..2200).contains(&year) || !(1..=12).contains(&month) || day == 0 {
        return None;
    }
    let leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
    let length = LENGTHS[month as usize - 1] + u32::from(leap && month == 2);
    if day > length {
        return None;
    }
    // Howard Hinnant's days_from_civil, for years after 0.
    let shifted = if month <= 2 { year - 1 } else { year };
    let era = shifted / 400;
    let of_era = shifted % 400;
    let of_year = (153 * ((month as i32 + 9) % 12) + 2) / 5 + day as i32 - 1;
    Some(era * 146_097 + of_era * 365 + of_era / 4 - of_era / 100 + of_year - 719_468)
}

/// A day as days since 1970-01-01.
pub(crate) fn days_of(date: jiff::civil::Date) -> i32 {
    let seconds = date.to_zoned(jiff::tz::TimeZone::UTC).map_or(0, |day| day.timestamp().as_second());
    i32::try_from(seconds.div_euclid(86_400)).unwrap_or(i32::MAX)
}

/// The day of that number, written `2020-10-05`.
pub(crate) fn iso(day: i32) -> String {
    jiff::civil::date(1970, 1, 1)
        .checked_add(jiff::Span::new().days(i64::from(day)))
        .map_or_else(|_| day.to_string(), |date| date.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn days() {
        let forms = [DateForm::Iso, DateForm::DayFirst, DateForm::new("%Y%m%d")];
        let check = |text: &str, expected: Result<(&str, Option<Code>), Code>| {
            let found = date(text.as_bytes(), &forms, None);
            assert_eq!(
                found.map(|(day, note)| (iso(day), note)),
                expected.map(|(d, n)| (d.to_owned(), n)),
                "{text:?}"
            );
        };
        check("2020-10-05", Ok(("2020-10-05", None)));
        check("2020-02-29", Ok(("2020-02-29", None)));
        check("27/06/2020", Ok(("2020-06-27", Some(Code::DateForm))));
        check("7/6/2020", Ok(("2020-06-07", Some(Code::DateForm))));
        check("20201005", Ok(("2020-10-05", Some(Code::DateForm))));
        check("2020-10-05T00:00:00Z", Ok(("2020-10-05", Some(Code::DateForm))));
        check("2021-02-29", Err(Code::ImpossibleDate));
        check("2020-13-01", Err(Code::ImpossibleDate));
        check("06/27/2020", Err(Code::ImpossibleDate));
        check("2020-6-7", Ok(("2020-06-07", Some(Code::DateForm))));
        check("2020/06/07", Ok(("2020-06-07", Some(Code::DateForm))));
        check("2020-10-05T00:00:00+02:00", Ok(("2020-10-05", Some(Code::DateForm))));
        check("2020-10-05 00:00:00.000", Ok(("2020-10-05", Some(Code::DateForm))));
        check("10102020", Err(Code::ImpossibleDate));
        check("2020-10-04T22:00:00Z", Err(Code::TypeError));
        check("27-06-2020", Err(Code::TypeError));
        check("44009", Err(Code::TypeError));
        check("27/06/20", Err(Code::TypeError));
        check("0020-06-27", Err(Code::ImpossibleDate));
        check("2020-10-05T13:00:00", Err(Code::TypeError));
        check("hier", Err(Code::TypeError));
        check("", Err(Code::TypeError));
    }

    #[test]
    fn weeks_months_and_written_dates() {
        let check = |layout: &str, text: &str, expected: Result<&str, Code>| {
            let found = date(text.as_bytes(), &[DateForm::new(layout)], None);
            assert_eq!(found.map(|(day, _)| iso(day)), expected.map(str::to_owned), "{layout:?} {text:?}");
        };
        // Mondays from `date -d`: week 42 of 2020 begins on 12 October, week 53 on 28 December, week 1 of 2021 on 4 January.
        check("%G-W%V", "2020-W42", Ok("2020-10-12"));
        check("%Y-W%V", "2020-W42", Ok("2020-10-12"));
        check("%GS%V", "2020S42", Ok("2020-10-12"));
        check("%G-%V", "2020-42", Ok("2020-10-12"));
        check("%G%V", "202042", Ok("2020-10-12"));
        check("S%V-%G", "S42-2020", Ok("2020-10-12"));
        check("%G-W%V", "2020-W53", Ok("2020-12-28"));
        check("%G-W%V", "2021-W01", Ok("2021-01-04"));
        check("%G-W%V", "2020-W1", Ok("2019-12-30"));
        check("%G-W%V", "2021-W53", Err(Code::ImpossibleDate));
        check("%G-W%V", "2020-W54", Err(Code::TypeError));
        check("%G-W%V", "2020-10-12", Err(Code::TypeError));
        check("%G-W%V-%u", "2020-W42-3", Ok("2020-10-14"));
        check("%Y-%m", "2020-10", Ok("2020-10-01"));
        check("%Y-%m", "2020-13", Err(Code::TypeError));
        check("%m/%Y", "10/2020", Ok("2020-10-01"));
        check("%Y", "2020", Ok("2020-01-01"));
        check("%Y-%j", "2020-060", Ok("2020-02-29"));
        check("%d %B %Y", "5 octobre 2020", Ok("2020-10-05"));
        check("%d %B %Y", "1er août 2020", Ok("2020-08-01"));
        check("%d %b %Y", "05 févr. 2021", Ok("2021-02-05"));
        check("%d-%b-%y", "05-déc-20", Ok("2020-12-05"));
        check("%B %Y", "Décembre 2020", Ok("2020-12-01"));
        check("%d %B %Y", "31 février 2020", Err(Code::ImpossibleDate));
        check("%d.%m.%Y, 00:00 Uhr", "30.07.2021, 00:00 Uhr", Ok("2021-07-30"));
        check("%d.%m.%Y, %H:%M Uhr", "30.07.2021, 08:15 Uhr", Ok("2021-07-30"));
        check("%d/%m/%y", "05/10/20", Ok("2020-10-05"));
        check("%m/%d/%y", "1/22/20", Ok("2020-01-22"));
        check("%Y-%m-%d-%Y-%m-%d", "2020-10-05-2020-10-11", Ok("2020-10-11"));
    }

    #[test]
    fn day_numbers_agree_with_the_calendar_library() {
        let first = jiff::civil::date(1900, 1, 1);
        for step in 0..109_500 {
            let day = first.checked_add(jiff::Span::new().days(step)).unwrap();
            let number = day_number(day.year().into(), day.month() as u32, day.day() as u32).unwrap();
            assert_eq!(number, step - 25_567);
        }
        assert_eq!(days_of(jiff::civil::date(2020, 10, 5)), 18_540);
    }
}
