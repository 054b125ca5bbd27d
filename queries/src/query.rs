//! SQL files with a header: marts, indicators, checks.

use std::collections::BTreeMap;

use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

use crate::Error;

/// What a query is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum QueryKind {
    /// An intermediate table that several indicators read (`marts/`).
    Mart,
    /// An indicator (`indicators/`).
    Indicator,
}

/// A count of people that a value rests on: who publishes the value with a small count publishes these people.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum PeopleCount {
    /// The value of an indicator, at the same place and time or some days before.
    Value {
        /// Its id.
        indicator: String,
        /// So many days before.
        days_before: u16,
    },
    /// The row's own numerator.
    Numerator,
    /// The row's own denominator.
    Denominator,
}

impl PeopleCount {
    /// Reads `numerator`, `denominator`, or the id of an indicator, `-7d` after it for the value 7 days before.
    fn parse(text: &str) -> Option<Self> {
        let (indicator, days_before) = match text {
            "numerator" => return Some(Self::Numerator),
            "denominator" => return Some(Self::Denominator),
            _ => match text.rsplit_once('-') {
                Some((id, days)) => (id, days.strip_suffix('d')?.parse().ok()?),
                None => (text, 0),
            },
        };
        let is_id = !indicator.is_empty() && indicator.chars().all(|c| c.is_ascii_alphanumeric() || c == '_');
        is_id.then(|| Self::Value { indicator: indicator.to_owned(), days_before })
    }
}

fn people_counts(file: &str, text: &str, written: &[String]) -> Result<Vec<PeopleCount>, Error> {
    let read = |word: &String| {
        let what =
            || format!("people names {word:?}; expected \"numerator\", \"denominator\" or an indicator");
        PeopleCount::parse(word).ok_or_else(|| Error::at(file, text, OPEN.len(), what()))
    };
    written.iter().map(read).collect()
}

/// How the value of a week is made of those of its days.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Week {
    /// A stock: the week is told by its Sunday.
    Sunday,
    /// A value that itself rests on the seven days ending that day: that of the Sunday is the week's.
    Window,
    /// A share of the flows of a day: numerators and denominators of the seven days are summed.
    Ratio,
    /// A flow of the day: the values of the seven days are summed.
    Sum,
}

impl Week {
    /// The word of the header.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Sunday => "sunday",
            Self::Window => "window",
            Self::Ratio => "ratio",
            Self::Sum => "sum",
        }
    }
}

/// How much of those expected must have reported for a value to be one.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Coverage {
    /// What is counted, for readers: `départements`, `lits`, `jours de garde`.
    pub unit_fr: String,
    /// Share of them, 0 to 1, under which there is no value.
    pub at_least: f64,
}

/// A SQL file: its header and its text.
#[derive(Debug, Clone)]
pub struct Query {
    /// Id: name of the table it makes, and of the file.
    pub id: String,
    /// What it is for.
    pub kind: QueryKind,
    /// Title for readers.
    pub title_fr: String,
    /// How the figure is made, in one or two French sentences, for the definitions page.
    pub definition_fr: String,
    /// Short label, for rows and heads of tables; the title without one.
    pub label_fr: String,
    /// The subject of a sentence on it: « Les admissions à l’hôpital en 7 jours »; none where no sentence is written.
    pub subject: Option<Subject>,
    /// What stands on the axis of its curve: « % des personnes testées ».
    pub axis_fr: String,
    /// The direction that is bad news.
    pub worse: Worse,
    /// Labels of its categories, and of those of the queries that read it.
    pub categories_fr: BTreeMap<String, String>,
    /// What the value says, after the number and for readers: « des lits ouverts (tous patients) »; empty when nothing names
    /// it as a second reading.
    pub reading_fr: String,
    /// Indicators that say the same thing by another count, denominator or rule: printed beside this one.
    pub second_readings: Vec<String>,
    /// Unit: `patients`, `share`, `per_100k`, `days`, `euros`…
    pub unit: String,
    /// Decimals printed (of a percentage, for shares).
    pub decimals: u8,
    /// Columns that identify a row.
    pub grain: Vec<String>,
    /// Tables it reads: sources, marts, indicators.
    pub sources: Vec<String>,
    /// Documents the formula comes from.
    pub references: Vec<String>,
    /// How the week's value is made; none for a mart.
    pub week: Option<Week>,
    /// The share of those expected that a value needs; none where a value is whole or is none.
    pub coverage: Option<Coverage>,
    /// Days of its sources that a value rests on, its own day included, where its id does not tell.
    window_days: Option<u16>,
    /// Counts of people that a value rests on; empty when it rests on none.
    pub people: Vec<PeopleCount>,
    /// Columns of its sources that a value rests on, `source.column`; empty: all of them. A change of definition of other
    /// columns does not touch it.
    pub columns: Vec<String>,
    /// Path inside the vocabulary, for messages.
    pub file: String,
    /// The SQL, header left out.
    pub sql: String,
    /// Fingerprint of the whole text.
    pub fingerprint: String,
}

/// The subject of a French sentence.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Subject {
    /// With its article: « Les admissions à l’hôpital en 7 jours ».
    pub text_fr: String,
    /// Whether its verb is plural.
    #[serde(default)]
    pub plural: bool,
    /// Whether its participle is feminine.
    #[serde(default)]
    pub feminine: bool,
}

/// The direction of a figure that is bad news.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Worse {
    /// More is worse: patients, incidence.
    #[default]
    Up,
    /// Less is worse: days of stock, shifts filled.
    Down,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Header {
    id: String,
    title_fr: String,
    #[serde(default)]
    label_fr: String,
    subject: Option<Subject>,
    #[serde(default)]
    axis_fr: String,
    #[serde(default)]
    worse: Worse,
    #[serde(default)]
    categories_fr: BTreeMap<String, String>,
    #[serde(default)]
    definition_fr: String,
    #[serde(default)]
    reading_fr: String,
    #[serde(default)]
    second_readings: Vec<String>,
    #[serde(default)]
    unit: String,
    #[serde(default)]
    decimals: u8,
    grain: Vec<String>,
    sources: Vec<String>,
    #[serde(default)]
    references: Vec<String>,
    week: Option<Week>,
    coverage: Option<Coverage>,
    window_days: Option<u16>,
    #[serde(default)]
    people: Vec<String>,
    #[serde(default)]
    columns: Vec<String>,
}

const OPEN: &str = "/*---";
const CLOSE: &str = "---*/";

impl Query {
    /// Reads a SQL file: a TOML header between `/*---` and `---*/`, then the query.
    ///
    /// # Errors
    /// [`Error::Faulty`] when the header is missing, not closed, not valid, or names another file.
    pub fn parse(kind: QueryKind, file: &str, text: &str) -> Result<Self, Error> {
        let (header_text, sql) = split_header(file, text)?;
        let header: Header = read_header(file, text, header_text)?;
        check_id(file, text, &header.id)?;
        if kind == QueryKind::Indicator && (header.unit.is_empty() || header.definition_fr.is_empty()) {
            return Err(Error::at(file, text, OPEN.len(), "an indicator needs unit and definition_fr"));
        }
        check_weeks(kind, &header).map_err(|(key, what)| Error::at(file, text, line_of(text, key), what))?;
        Ok(Self {
            id: header.id,
            kind,
            title_fr: header.title_fr,
            label_fr: header.label_fr,
            subject: header.subject,
            axis_fr: header.axis_fr,
            worse: header.worse,
            categories_fr: header.categories_fr,
            definition_fr: header.definition_fr,
            reading_fr: header.reading_fr,
            second_readings: header.second_readings,
            unit: header.unit,
            decimals: header.decimals,
            grain: header.grain,
            sources: header.sources,
            references: header.references,
            week: header.week,
            coverage: header.coverage,
            window_days: header.window_days,
            people: people_counts(file, text, &header.people)?,
            columns: header.columns,
            file: file.to_owned(),
            sql: sql.trim().to_owned(),
            fingerprint: crate::vocabulary::fingerprint(text),
        })
    }

    /// Days of its sources that a value rests on, its own day included: as the header says (`window_days`), else as the
    /// id does (`…_7d`: 7, `…_14d`: 14, `…change`: 7 more than without), else 1.
    #[must_use]
    pub fn window_days(&self) -> u16 {
        if let Some(days) = self.window_days {
            return days;
        }
        let has = |mark: &str| self.id.split('_').any(|part| part == mark);
        let own = if has("14d") {
            14
        } else if has("7d") {
            7
        } else {
            1
        };
        own + if has("change") { 7 } else { 0 }
    }
}

/// An indicator says how its week is made and a mart does not; a share of coverage is a share. The key at fault, and what is.
fn check_weeks(kind: QueryKind, header: &Header) -> Result<(), (&'static str, String)> {
    match (kind, header.week) {
        (QueryKind::Indicator, None) => {
            let what = "an indicator needs week: how the value of a week is made, \"sunday\" (a stock, told by its Sunday), \
                        \"window\" (already seven days ending that day), \"ratio\" (numerators and denominators of the \
                        seven days summed) or \"sum\" (the seven days summed)";
            return Err(("", what.to_owned()));
        }
        (QueryKind::Mart, Some(_)) => {
            return Err(("week", "week is for indicators; a mart has no weeks".to_owned()));
        }
        _ => {}
    }
    match &header.coverage {
        Some(_) if kind == QueryKind::Mart => {
            Err(("coverage", "coverage is for indicators; a mart has none".to_owned()))
        }
        Some(coverage) if !(coverage.at_least > 0.0 && coverage.at_least <= 1.0) => {
            let what =
                format!("coverage: at_least is {}, expected a share above 0, up to 1", coverage.at_least);
            Err(("coverage", what))
        }
        Some(coverage) if coverage.unit_fr.trim().is_empty() => Err((
            "coverage",
            "coverage: unit_fr is empty; it says what is counted (départements, lits)".to_owned(),
        )),
        _ => Ok(()),
    }
}

/// Where a key of the header stands; its first line when it does not.
fn line_of(text: &str, key: &str) -> usize {
    let at = text.lines().scan(0, |start, line| {
        let here = *start;
        *start += line.len() + 1;
        Some((here, line))
    });
    let is_key = |line: &str| {
        line.trim_start().strip_prefix(key).is_some_and(|rest| rest.trim_start().starts_with('='))
    };
    at.into_iter().find(|(_, line)| !key.is_empty() && is_key(line)).map_or(OPEN.len(), |(start, _)| start)
}

/// The header of a SQL file and the query that follows it.
///
/// # Errors
/// [`Error::Faulty`] when the header is missing or not closed.
pub(crate) fn split_header<'a>(file: &str, text: &'a str) -> Result<(&'a str, &'a str), Error> {
    let Some(rest) = text.strip_prefix(OPEN) else {
        return Err(Error::at(file, text, 0, format!("no header; expected {OPEN} on the first line")));
    };
    rest.split_once(CLOSE)
        .ok_or_else(|| Error::at(file, text, 0, format!("header is not closed; expected a line {CLOSE}")))
}

/// Reads the header of a file whose whole text is `text`.
///
/// # Errors
/// [`Error::Faulty`] at the line of the fault.
pub(crate) fn read_header<T: DeserializeOwned>(file: &str, text: &str, header: &str) -> Result<T, Error> {
    toml::from_str(header).map_err(|fault| {
        let (span, what) = crate::toml_fault(header, &fault);
        Error::at(file, text, OPEN.len() + span.start, what)
    })
}

/// A file with a header is named as its id.
///
/// # Errors
/// [`Error::Faulty`] when it is not.
pub(crate) fn check_id(file: &str, text: &str, id: &str) -> Result<(), Error> {
    check_id_at(file, text, id, OPEN.len())
}

/// A file is named as its id, which stands at `offset`.
///
/// # Errors
/// [`Error::Faulty`] when it is not.
pub(crate) fn check_id_at(file: &str, text: &str, id: &str, offset: usize) -> Result<(), Error> {
    let name = file.rsplit('/').next().unwrap_or(file);
    let stem = name.rsplit_once('.').map_or(name, |(stem, _)| stem);
    if stem == id {
        return Ok(());
    }
    let what = format!("id is {id:?} but the file is named {stem:?}; they must be the same");
    Err(Error::at(file, text, offset, what))
}
