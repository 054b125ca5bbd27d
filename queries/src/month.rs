//! The months in French, as readers of bulletins and of reasons for gaps meet them.

use jiff::civil::Date;

/// Names of the months, January first.
pub const MONTHS_FR: [&str; 12] = [
    "janvier",
    "février",
    "mars",
    "avril",
    "mai",
    "juin",
    "juillet",
    "août",
    "septembre",
    "octobre",
    "novembre",
    "décembre",
];

/// Name of the month of a day: `octobre`.
#[must_use]
pub fn month_fr(date: Date) -> &'static str {
    MONTHS_FR[usize::from(date.month().unsigned_abs()) - 1]
}

/// `1er octobre 2020`, `13 octobre 2020`.
#[must_use]
pub fn date_fr(date: Date) -> String {
    let day = if date.day() == 1 { "1er".to_owned() } else { date.day().to_string() };
    format!("{day} {} {}", month_fr(date), date.year())
}
