//! What the tables that Vigie fills itself are, for people: titles and units of their columns (`tables/*.toml`). Those of
//! sources are in their contracts.

use serde::Deserialize;

use crate::Error;
use crate::query::check_id;

/// A table that Vigie fills itself, described.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct DescribedTable {
    /// Name of the table, and of the file.
    pub id: String,
    /// Title for readers.
    pub title_fr: String,
    /// One row is what, and what to know before using it.
    pub description_fr: String,
    /// Columns, in order.
    pub columns: Vec<DescribedColumn>,
}

/// One of its columns.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct DescribedColumn {
    /// Name.
    pub name: String,
    /// Title for readers.
    pub title_fr: String,
    /// Unit, where it always has the same.
    pub unit: Option<String>,
}

impl DescribedTable {
    /// Reads one file of `tables/`.
    ///
    /// # Errors
    /// [`Error::Faulty`] when it is not valid or names another file.
    pub fn parse(file: &str, text: &str) -> Result<Self, Error> {
        let table: Self = toml::from_str(text).map_err(|fault| Error::toml(file, text, &fault))?;
        check_id(file, text, &table.id)?;
        Ok(table)
    }
}
