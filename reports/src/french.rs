//! French as it is printed: numbers, percentages, dates, weeks, lists, plurals, names of places with their articles, and
//! a filter for the typography of whole sentences.
//!
//! Numbers go through ICU (narrow no-break space U+202F between thousands, decimal comma); what ICU leaves out is ours:
//! the true minus sign, `1er`, elisions, articles. Values are rounded half away from zero **on their shortest decimal
//! form**, so that 0.125 prints `12,5 %` whatever its binary digits.

mod names;
mod typography;

use std::cell::LazyCell;

use icu_decimal::DecimalFormatter;
use icu_decimal::input::Decimal;
use icu_locale::locale;
use jiff::Timestamp;
use jiff::civil::Date;
use jiff::tz::TimeZone;
use vigie_queries::{date_fr, month_fr};

pub use names::{Name, department, region};
pub use typography::typography;

/// Narrow no-break space: between thousands, before `%`, `;`, `!`, `?`.
pub const NARROW: char = '\u{202F}';
/// No-break space: before `:`, inside « », between a number and its noun.
pub const NO_BREAK: char = '\u{A0}';
/// True minus sign.
pub const MINUS: char = '\u{2212}';
/// Printed in place of a value that is not known.
pub const UNKNOWN: &str = "n. d.";

/// A number with exactly so many decimals: `1 234,5`, `−3`, `0` (never `−0`). Not a number prints [`UNKNOWN`].
#[must_use]
pub fn number(value: f64, decimals: u8) -> String {
    scaled(value, 0, decimals)
}

/// A share 0..1 in percent with so many decimals: `percent(0.125, 1)` is `12,5 %`.
#[must_use]
pub fn percent(share: f64, decimals: u8) -> String {
    with_unit(scaled(share, 2, decimals), "%")
}

/// A change, its sign always printed save for zero: `+12`, `−3,5`, `0`.
#[must_use]
pub fn signed(change: f64, decimals: u8) -> String {
    plus(scaled(change, 0, decimals))
}

/// A relative change in percent: `signed_percent(0.125, 0)` is `+13 %`.
#[must_use]
pub fn signed_percent(change: f64, decimals: u8) -> String {
    with_unit(plus(scaled(change, 2, decimals)), "%")
}

/// A difference of two shares, in points of percentage: `points(0.031, 1)` is `+3,1 points`, `+1,0 point`.
#[must_use]
pub fn points(difference: f64, decimals: u8) -> String {
    let word = if is_plural(rounded(difference * 100.0, decimals)) { "points" } else { "point" };
    format!("{}{NO_BREAK}{word}", plus(scaled(difference, 2, decimals)))
}

/// An amount: `75 €`, `1 234,50 €`.
#[must_use]
pub fn euros(amount: f64, decimals: u8) -> String {
    with_unit(scaled(amount, 0, decimals), "€")
}

/// A number and its noun in the right number: `0 patient`, `1,5 patient`, `2 patients`.
#[must_use]
pub fn counted(value: f64, decimals: u8, singular: &str, plural: &str) -> String {
    let noun = if is_plural(value) { plural } else { singular };
    format!("{}{NO_BREAK}{noun}", number(value, decimals))
}

/// Whether a value takes the plural in French: from 2 up, in absolute value.
#[must_use]
pub fn is_plural(value: f64) -> bool {
    value.abs() >= 2.0
}

/// The number that a value is printed as, with so many decimals; the value itself where it is no number.
#[must_use]
pub fn rounded(value: f64, decimals: u8) -> f64 {
    let Some(decimal) = decimal(value, 0, decimals) else { return value };
    decimal.to_string().parse::<f64>().map_or(value, |size| size.copysign(value))
}

/// The size of a value times 10^`shift`, rounded half away from zero; the exact decimal arithmetic is ICU's.
fn decimal(value: f64, shift: i16, decimals: u8) -> Option<Decimal> {
    // Shortest decimal digits that give this f64 back; `Decimal` reads no exponent, `{}` prints none.
    let mut decimal = Decimal::try_from_str(&format!("{}", value.abs())).ok()?;
    let places = -i16::from(decimals);
    decimal.multiply_pow10(shift);
    // The first digit dropped decides.
    if decimal.digit_at(places - 1) >= 5 {
        decimal.expand(places);
    } else {
        decimal.trunc(places);
    }
    decimal.trim_start();
    decimal.pad_end(places);
    Some(decimal)
}

/// The value times 10^`shift`, rounded and printed.
fn scaled(value: f64, shift: i16, decimals: u8) -> String {
    thread_local! {
        static FORMATTER: LazyCell<Option<DecimalFormatter>> =
            LazyCell::new(|| DecimalFormatter::try_new(locale!("fr").into(), Default::default()).ok());
    }
    let Some(decimal) = decimal(value, shift, decimals) else { return UNKNOWN.to_owned() };
    let zero = decimal.to_string().bytes().all(|byte| matches!(byte, b'0' | b'.'));
    let printed = FORMATTER.with(|formatter| match &**formatter {
        Some(formatter) => formatter.format(&decimal).to_string(),
        None => decimal.to_string().replace('.', ","),
    });
    if value < 0.0 && !zero { format!("{MINUS}{printed}") } else { printed }
}

fn plus(printed: String) -> String {
    let zero = printed.chars().all(|c| matches!(c, '0' | ','));
    if zero || printed.starts_with(MINUS) || printed == UNKNOWN { printed } else { format!("+{printed}") }
}

fn with_unit(printed: String, unit: &str) -> String {
    if printed == UNKNOWN { printed } else { format!("{printed}{NARROW}{unit}") }
}

const MONTHS_SHORT: [&str; 12] =
    ["janv.", "févr.", "mars", "avr.", "mai", "juin", "juil.", "août", "sept.", "oct.", "nov.", "déc."];
const WEEKDAYS: [&str; 7] = ["lundi", "mardi", "mercredi", "jeudi", "vendredi", "samedi", "dimanche"];

/// Short name of a month: `sept.`, `oct.`, `mai`.
#[must_use]
pub fn month_short(date: Date) -> &'static str {
    MONTHS_SHORT[usize::from(date.month().unsigned_abs()) - 1]
}

/// Day of the week: `mardi`.
#[must_use]
pub fn weekday(date: Date) -> &'static str {
    WEEKDAYS[usize::from(date.weekday().to_monday_zero_offset().unsigned_abs())]
}

fn day_number(date: Date) -> String {
    if date.day() == 1 { "1er".to_owned() } else { date.day().to_string() }
}

/// `1er octobre 2020`, `13 octobre 2020`.
#[must_use]
pub fn date(date: Date) -> String {
    date_fr(date)
}

/// `1er octobre`, `13 octobre`.
#[must_use]
pub fn day_month(date: Date) -> String {
    format!("{} {}", day_number(date), month_fr(date))
}

/// `22 octobre 2020 à 9 h 00`: an instant as the clocks of Paris show it.
#[must_use]
pub fn moment(at: Timestamp) -> String {
    let at = at.to_zoned(paris());
    format!("{} à {}\u{A0}h\u{A0}{:02}", date(at.date()), at.hour(), at.minute())
}

/// The time zone of readers.
pub(crate) fn paris() -> TimeZone {
    TimeZone::get("Europe/Paris").unwrap_or(TimeZone::UTC)
}

/// `1er oct.`, `13 oct.`: for axes and tables.
#[must_use]
pub fn day_month_short(date: Date) -> String {
    format!("{} {}", day_number(date), month_short(date))
}

/// `13/10/2020`: for tables.
#[must_use]
pub fn date_digits(date: Date) -> String {
    format!("{:02}/{:02}/{}", date.day(), date.month(), date.year())
}

/// `du 5 au 11 octobre 2020`, `du 28 septembre au 4 octobre 2020`, `du 28 décembre 2020 au 3 janvier 2021`;
/// a single day is `le 13 octobre 2020`.
#[must_use]
pub fn date_range(from: Date, until: Date) -> String {
    if from == until {
        format!("le {}", date(from))
    } else if from.year() != until.year() {
        format!("du {} au {}", date(from), date(until))
    } else if from.month() != until.month() {
        format!("du {} au {}", day_month(from), date(until))
    } else {
        format!("du {} au {}", day_number(from), date(until))
    }
}

/// `semaine 41 (du 5 au 11 octobre 2020)`, given any day of the ISO week.
#[must_use]
pub fn week(day: Date) -> String {
    let (monday, sunday) = week_bounds(day);
    format!("semaine {} ({})", day.iso_week_date().week(), date_range(monday, sunday))
}

/// `S41`: for axes and heads of columns.
#[must_use]
pub fn week_short(day: Date) -> String {
    format!("S{:02}", day.iso_week_date().week())
}

/// Monday and Sunday of the ISO week of a day.
#[must_use]
pub fn week_bounds(day: Date) -> (Date, Date) {
    let offset = i64::from(day.weekday().to_monday_zero_offset());
    let monday = day.saturating_sub(jiff::Span::new().days(offset));
    (monday, monday.saturating_add(jiff::Span::new().days(6)))
}

/// `A`, `A et B`, `A, B et C`.
#[must_use]
pub fn list<S: AsRef<str>>(items: &[S]) -> String {
    match items {
        [] => String::new(),
        [only] => only.as_ref().to_owned(),
        [first @ .., last] => {
            let head: Vec<&str> = first.iter().map(AsRef::as_ref).collect();
            format!("{} et {}", head.join(", "), last.as_ref())
        }
    }
}

/// `de` before a word: `de Lozère`, `d’Occitanie`, `d’hospitalisation`, `de huit`.
#[must_use]
pub fn de(word: &str) -> String {
    if elides(word) { format!("d’{word}") } else { format!("de {word}") }
}

/// `que` before a word: `que Paris`, `qu’Albi`.
#[must_use]
pub fn que(word: &str) -> String {
    if elides(word) { format!("qu’{word}") } else { format!("que {word}") }
}

/// The singular definite article before a word: `le taux`, `la part`, `l’incidence`.
#[must_use]
pub fn article(feminine: bool, word: &str) -> String {
    match (elides(word), feminine) {
        (true, _) => format!("l’{word}"),
        (false, true) => format!("la {word}"),
        (false, false) => format!("le {word}"),
    }
}

/// Beginnings of words with an aspirated h or another initial that refuses elision, among those Vigie prints.
const NO_ELISION: [&str; 12] = [
    "haut",
    "hauss",
    "huit",
    "hors",
    "handicap",
    "harc",
    "hasard",
    "héros",
    "hiérarch",
    "holland",
    "onz",
    "oui",
];

/// Whether `le`, `la`, `de`, `que` lose their vowel before this word.
#[must_use]
pub fn elides(word: &str) -> bool {
    let lower = word.to_lowercase();
    if NO_ELISION.iter().any(|beginning| lower.starts_with(beginning)) {
        return false;
    }
    match lower.chars().next() {
        Some('y') => {
            lower.chars().nth(1).is_some_and(|c| !"aeiouéè".contains(c)) || lower.starts_with("yonne")
        }
        Some(first) => "aàâäeéèêëiîïoôöuùûühœæ".contains(first),
        None => false,
    }
}

/// The word with its first letter as a capital: `é` gives `É`.
#[must_use]
pub fn capital(text: &str) -> String {
    let mut chars = text.chars();
    match chars.next() {
        Some(first) => first.to_uppercase().chain(chars).collect(),
        None => String::new(),
    }
}

/// The word with its first letter small: `É` gives `é`.
#[must_use]
pub fn small(text: &str) -> String {
    let mut chars = text.chars();
    match chars.next() {
        Some(first) => first.to_lowercase().chain(chars).collect(),
        None => String::new(),
    }
}

#[cfg(test)]
mod tests;
