//! SQL files with a header: marts, indicators, checks.

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
    /// Days of its sources that a value rests on, its own day included, where its id does not tell.
    window_days: Option<u16>,
    /// Path inside the vocabulary, for messages.
    pub file: String,
    /// The SQL, header left out.
    pub sql: String,
    /// Fingerprint of the whole text.
    pub fingerprint: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Header {
    id: String,
    title_fr: String,
    #[serde(default)]
    definition_fr: String,
    #[serde(default)]
    unit: String,
    #[serde(default)]
    decimals: u8,
    grain: Vec<String>,
    sources: Vec<String>,
    #[serde(default)]
    references: Vec<String>,
    window_days: Option<u16>,
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
        let header: Header = toml::from_str(header_text).map_err(|fault| {
            let offset = OPEN.len() + fault.span().map_or(0, |span| span.start);
            Error::at(file, text, offset, fault.message().replace('\n', " "))
        })?;
        let stem = file.rsplit('/').next().unwrap_or(file).trim_end_matches(".sql");
        if stem != header.id {
            return Err(Error::at(
                file,
                text,
                OPEN.len(),
                format!("id is {:?} but the file is named {stem:?}; they must be the same", header.id),
            ));
        }
        if kind == QueryKind::Indicator && (header.unit.is_empty() || header.definition_fr.is_empty()) {
            return Err(Error::at(file, text, OPEN.len(), "an indicator needs unit and definition_fr"));
        }
        Ok(Self {
            id: header.id,
            kind,
            title_fr: header.title_fr,
            definition_fr: header.definition_fr,
            unit: header.unit,
            decimals: header.decimals,
            grain: header.grain,
            sources: header.sources,
            references: header.references,
            window_days: header.window_days,
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
