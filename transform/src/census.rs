//! The tables `edition_names` and `edition_days`: which names of a source's key appear in an edition or vanish from it, and
//! which of its days do.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use arrow::array::{Array, ArrayRef, AsArray, Date32Array, Int64Array, RecordBatch, StringArray};
use arrow::datatypes::{DataType, Date32Type, Field, Int64Type, Schema, SchemaRef};
use arrow::error::ArrowError;
use arrow::util::display::{ArrayFormatter, FormatOptions};
use jiff::civil::Date;
use unicode_normalization::UnicodeNormalization as _;
use vigie_queries::{ColumnType, Contract, known_departments};

use crate::recent::KEY_SEPARATOR;

/// Names of a column that are counted; a column of more holds numbers of files, and not names.
const NAMES_MAX: usize = 20_000;

/// Names that a query is asked about one by one; beyond, it is asked about all.
const NAMES_ASKED: usize = 200;

/// Counts the names and days of an edition: [`Census::give`] over its batches, [`Census::know_recent`] over what is known
/// of the last weeks, then the rows that [`Census::questions`] ask for to [`Census::answer`], and [`Census::tables`].
///
/// **Memory**: at most 20,000 names a column, and as many of their combinations.
#[derive(Debug)]
pub struct Census {
    source: String,
    day: Option<String>,
    parts: Vec<Part>,
    days_given: BTreeMap<i32, i64>,
    days_known: Option<BTreeMap<i32, i64>>,
}

/// A column of the key that names something, or all of them together.
#[derive(Debug)]
struct Part {
    /// None for all of them together.
    column: Option<String>,
    columns: Vec<String>,
    title_fr: String,
    is_department: bool,
    given: BTreeSet<String>,
    /// Given, but only in rows that cannot be used.
    aside: BTreeSet<String>,
    recent: BTreeSet<String>,
    /// Rows known by name; none as long as nobody asked.
    known: BTreeMap<String, i64>,
    is_cut: bool,
}

/// What a question is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum About {
    /// The names of a part of the key.
    Names(usize),
    /// The days.
    Days,
}

impl Census {
    /// For an edition of a source.
    #[must_use]
    pub fn new(contract: &Contract) -> Self {
        let day = contract.day_column().map(|column| column.name.get_ref().clone());
        let part = |column: Option<String>, columns: Vec<String>, title: &str, is_department: bool| Part {
            column,
            columns,
            title_fr: title.to_owned(),
            is_department,
            given: BTreeSet::new(),
            aside: BTreeSet::new(),
            recent: BTreeSet::new(),
            known: BTreeMap::new(),
            is_cut: false,
        };
        let named: Vec<_> = contract
            .key
            .iter()
            .filter_map(|name| contract.column(name.get_ref()))
            .filter(|column| matches!(column.kind, ColumnType::Text | ColumnType::Department))
            .collect();
        let mut parts: Vec<Part> = named
            .iter()
            .map(|column| {
                let name = column.name.get_ref().clone();
                let is_department = column.kind == ColumnType::Department;
                part(Some(name.clone()), vec![name], &column.title_fr, is_department)
            })
            .collect();
        if named.len() > 1 {
            let all = named.iter().map(|column| column.name.get_ref().clone()).collect();
            parts.push(part(None, all, "", false));
        }
        Self { source: contract.name().to_owned(), day, parts, days_given: BTreeMap::new(), days_known: None }
    }

    /// Counts a batch of the edition.
    ///
    /// # Errors
    /// [`ArrowError::SchemaError`] when the batch is not one of the source.
    pub fn give(&mut self, batch: &RecordBatch) -> Result<(), ArrowError> {
        for part in &mut self.parts {
            part.is_cut |= !gather(batch, &part.columns, &mut part.given)?;
        }
        if let Some(day) = &self.day {
            let days = column(batch, day)?.as_primitive::<Date32Type>();
            days.iter().flatten().for_each(|day| *self.days_given.entry(day).or_default() += 1);
        }
        Ok(())
    }

    /// Takes a batch of keys given in rows that cannot be used: what is known under them stays, so that no name vanishes.
    ///
    /// # Errors
    /// As [`Census::give`].
    pub fn give_aside(&mut self, batch: &RecordBatch) -> Result<(), ArrowError> {
        for part in &mut self.parts {
            part.is_cut |= !gather(batch, &part.columns, &mut part.aside)?;
        }
        Ok(())
    }

    /// Takes a batch of what is known of the last weeks: a name in it is none that appears.
    ///
    /// # Errors
    /// As [`Census::give`].
    pub fn know_recent(&mut self, batch: &RecordBatch) -> Result<(), ArrowError> {
        for part in &mut self.parts {
            part.is_cut |= !gather(batch, &part.columns, &mut part.recent)?;
        }
        Ok(())
    }

    /// What the session of the lake must be asked, columns `name…, n` or `day, n`. An edition that withdraws nothing lacks
    /// no name and no day; then only names not seen for weeks are asked about, mostly none.
    #[must_use]
    pub fn questions(&self, withdraws: bool) -> Vec<(About, String)> {
        let mut questions = Vec::new();
        for (at, part) in self.parts.iter().enumerate().filter(|(_, part)| !part.is_cut) {
            let names: Vec<String> = part.columns.iter().map(|name| format!("\"{name}\"")).collect();
            let names = names.join(", ");
            let unseen: Vec<&String> = part.given.difference(&part.recent).collect();
            let of_these = match (&part.column, withdraws) {
                (None, false) => continue,
                (_, false) if unseen.is_empty() => continue,
                (Some(column), false) if unseen.len() <= NAMES_ASKED => {
                    let listed: Vec<String> =
                        unseen.iter().map(|name| format!("'{}'", name.replace('\'', "''"))).collect();
                    format!(" where \"{column}\" in ({})", listed.join(", "))
                }
                _ => String::new(),
            };
            let query = format!(
                "select {names}, count(*) as n from \"{}\"{of_these} group by {names} limit {}",
                self.source,
                NAMES_MAX + 1
            );
            questions.push((About::Names(at), query));
        }
        if let (Some(day), true) = (&self.day, withdraws) {
            let query =
                format!("select \"{day}\", count(*) as n from \"{}\" group by \"{day}\"", self.source);
            questions.push((About::Days, query));
        }
        questions
    }

    /// Takes a batch of an answer.
    ///
    /// # Errors
    /// As [`Census::give`].
    pub fn answer(&mut self, about: About, batch: &RecordBatch) -> Result<(), ArrowError> {
        let counts = column(batch, "n")?.as_primitive::<Int64Type>();
        match about {
            About::Names(at) => {
                let part = &mut self.parts[at];
                let names = Names::of(batch, &part.columns)?;
                for row in 0..batch.num_rows() {
                    part.known.insert(names.name(row), counts.value(row));
                }
                part.is_cut |= part.known.len() > NAMES_MAX;
            }
            About::Days => {
                let known = self.days_known.get_or_insert_default();
                let days = batch.column(0).as_primitive::<Date32Type>();
                for row in (0..batch.num_rows()).filter(|row| days.is_valid(*row)) {
                    known.insert(days.value(row), counts.value(row));
                }
            }
        }
        Ok(())
    }

    /// The two tables: see [`edition_names_schema`] and [`edition_days_schema`].
    ///
    /// # Errors
    /// Never for tables of its own making.
    pub fn tables(&self, withdraws: bool) -> Result<(RecordBatch, RecordBatch), ArrowError> {
        let mut found: Vec<Change<'_>> = Vec::new();
        for part in self.parts.iter().filter(|part| !part.is_cut) {
            let is_known = |name: &str| part.recent.contains(name) || part.known.contains_key(name);
            // A combination of known names is no new name.
            let appeared = part.given.iter().filter(|name| part.column.is_some() && !is_known(name));
            let is_given = |name: &String| part.given.contains(name) || part.aside.contains(name);
            let gone = part.known.iter().filter(|(name, _)| withdraws && !is_given(name));
            let of_part: Vec<Change<'_>> = appeared
                .map(|name| Change { part, name, is_new: true, n_known: 0 })
                .chain(gone.map(|(name, n_known)| Change { part, name, is_new: false, n_known: *n_known }))
                .collect();
            // Of a combination nothing more is said where one of its names is told already.
            let told: BTreeSet<&str> = found.iter().map(|change| change.name).collect();
            let news = |change: &Change<'_>| {
                change.part.column.is_some()
                    || !change.name.split(KEY_SEPARATOR).any(|name| told.contains(name))
            };
            found.extend(of_part.into_iter().filter(news));
        }
        let text = |of: &dyn Fn(&Change<'_>) -> Option<String>| -> ArrayRef {
            Arc::new(found.iter().map(of).collect::<StringArray>())
        };
        let names: Vec<ArrayRef> = vec![
            text(&|change| change.part.column.clone()),
            text(&|change| Some(change.part.title_fr.clone())),
            text(&|change| Some(change.name.to_owned())),
            text(&|change| Some(change.part.shown(change.name))),
            text(&|change| Some(if change.is_new { "new" } else { "gone" }.to_owned())),
            Arc::new(found.iter().map(|change| Some(change.n_known)).collect::<Int64Array>()),
            text(&|change| change.resembles().map(|name| change.part.shown(name))),
        ];
        let nothing = BTreeMap::new();
        let days = self.days_known.as_ref().unwrap_or(&nothing);
        let given = |day: &i32| self.days_given.get(day).copied().unwrap_or(0);
        let days: Vec<ArrayRef> = vec![
            Arc::new(days.keys().copied().map(Some).collect::<Date32Array>()),
            Arc::new(days.values().copied().map(Some).collect::<Int64Array>()),
            Arc::new(days.keys().map(|day| Some(given(day))).collect::<Int64Array>()),
        ];
        Ok((
            RecordBatch::try_new(edition_names_schema(), names)?,
            RecordBatch::try_new(edition_days_schema(), days)?,
        ))
    }
}

/// A name that appears or vanishes.
struct Change<'a> {
    part: &'a Part,
    name: &'a str,
    is_new: bool,
    n_known: i64,
}

impl Change<'_> {
    /// Another name of the column that is written alike: accents, capitals and signs aside.
    fn resembles(&self) -> Option<&str> {
        if self.part.is_department || self.part.column.is_none() {
            return None;
        }
        let folded = folded(self.name);
        let others = self.part.recent.iter().chain(self.part.known.keys()).chain(&self.part.given);
        others.map(String::as_str).find(|other| *other != self.name && self::folded(other) == folded)
    }
}

fn folded(name: &str) -> String {
    name.nfkd().filter(|c| c.is_alphanumeric()).flat_map(char::to_lowercase).collect()
}

impl Part {
    /// A name for readers.
    fn shown(&self, name: &str) -> String {
        let known = known_departments().get(name).filter(|_| self.is_department);
        known.map_or_else(|| name.to_owned(), |(title, _)| format!("{title} ({name})"))
    }
}

/// The names of the rows of a batch.
struct Names<'a>(Vec<ArrayFormatter<'a>>);

impl<'a> Names<'a> {
    fn of(batch: &'a RecordBatch, columns: &[String]) -> Result<Self, ArrowError> {
        const OPTIONS: FormatOptions<'static> = FormatOptions::new();
        let formatters: Result<_, _> =
            columns.iter().map(|name| ArrayFormatter::try_new(column(batch, name)?, &OPTIONS)).collect();
        formatters.map(Self)
    }

    fn name(&self, row: usize) -> String {
        let parts: Vec<String> = self.0.iter().map(|part| part.value(row).to_string()).collect();
        parts.join(KEY_SEPARATOR)
    }
}

/// Adds the names of a batch; false when there are more than are counted, or they are no names.
fn gather(batch: &RecordBatch, columns: &[String], into: &mut BTreeSet<String>) -> Result<bool, ArrowError> {
    let arrays = columns.iter().map(|name| column(batch, name)).collect::<Result<Vec<_>, _>>()?;
    let texts: Vec<&StringArray> =
        arrays.iter().filter_map(|array| array.as_any().downcast_ref::<StringArray>()).collect();
    let names = Names::of(batch, columns)?;
    let is_instant = |name: &str| name.get(..10).is_some_and(|day| day.parse::<Date>().is_ok());
    for row in 0..batch.num_rows() {
        // Rows of a name mostly follow each other.
        let is_same = row > 0
            && texts.len() == arrays.len()
            && texts.iter().all(|text| text.value(row) == text.value(row - 1));
        if is_same {
            continue;
        }
        if into.len() > NAMES_MAX {
            return Ok(false);
        }
        let name = names.name(row);
        if is_instant(&name) {
            return Ok(false); // hours of shifts, in a column of text: they pass, and name nothing
        }
        into.insert(name);
    }
    Ok(into.len() <= NAMES_MAX)
}

fn column<'a>(batch: &'a RecordBatch, name: &str) -> Result<&'a dyn Array, ArrowError> {
    let missing = || ArrowError::SchemaError(format!("the batch has no column {name:?}"));
    batch.column_by_name(name).map(AsRef::as_ref).ok_or_else(missing)
}

/// Columns of `edition_names`, a row a name of the key that appears in an edition or vanishes from it:
///
/// - `column` (none for a combination of names), `title_fr` (of the column), `name`, `name_fr`;
/// - `change`: `new` or `gone`; `n_known`: rows known of a name that is gone, all withdrawn with it;
/// - `resembles`: another name of the column written alike, accents, capitals and signs aside.
#[must_use]
pub(crate) fn edition_names_schema() -> SchemaRef {
    let text = |name, nullable| Field::new(name, DataType::Utf8, nullable);
    Arc::new(Schema::new(vec![
        text("column", true),
        text("title_fr", false),
        text("name", false),
        text("name_fr", false),
        text("change", false),
        Field::new("n_known", DataType::Int64, false),
        text("resembles", true),
    ]))
}

/// Columns of `edition_days`, a row a day known, where an edition withdraws rows: `day`, `n_known`, `n_given`.
#[must_use]
pub(crate) fn edition_days_schema() -> SchemaRef {
    Arc::new(Schema::new(vec![
        Field::new("day", DataType::Date32, false),
        Field::new("n_known", DataType::Int64, false),
        Field::new("n_given", DataType::Int64, false),
    ]))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_written_alike_are_one_name() {
        for (one, other, alike) in [
            ("MédiTél", "MEDITEL", true),
            ("Télé-Doc", "tele doc", true),
            ("Te\u{301}le\u{301}o", "Téléo", true),
            ("Téléo", "Téléa", false),
            ("310000001", "310000010", false),
        ] {
            assert_eq!(folded(one) == folded(other), alike, "{one} {other}");
        }
    }
}
