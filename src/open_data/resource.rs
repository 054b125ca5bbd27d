//! One table of the package: what it is, where its rows come from, the files it became.

use std::collections::BTreeMap;

use arrow::datatypes::{DataType, Schema};
use vigie_queries::{Contract, DescribedTable, Place};

use super::parts;
use crate::cli::Publish;
use crate::error::Error;
use crate::room::Room;

/// Tables that Vigie fills itself and that may be published: nothing about people who act, no addresses, no raw lines.
const PUBLIC: [&str; 7] =
    ["alert_events", "bulletins", "decisions", "forecasts", "indicators", "judgements", "published_values"];
/// Of these, the tables that would give away what is hidden of `indicators`, and why.
const GIVE_AWAY: [(&str, &str); 2] = [
    ("published_values", "it is what bulletins printed"),
    ("forecasts", "their ranges start from the last counts"),
];
/// Columns left out of the tables that may be published: words of people.
const PRIVATE: [&str; 4] = ["by", "note", "inputs", "path"];
/// Columns that repeat values, left out where small cells are hidden.
const REPEATED: [(&str, &str); 2] = [("judgements", "criteria"), ("alert_events", "value")];

/// One table of the package.
pub(crate) struct Resource {
    pub(crate) name: String,
    pub(crate) title_fr: String,
    pub(crate) description_fr: String,
    /// Columns that identify a row; none for a log.
    pub(crate) key: Vec<String>,
    pub(crate) columns: Vec<Column>,
    /// Licence, where it is not that of the package.
    pub(crate) licence: Option<String>,
    pub(crate) rows: u64,
    pub(crate) files: Vec<WrittenFile>,
    /// First and last day, as ISO dates, where rows have one.
    pub(crate) days: Option<(String, String)>,
}

/// One column.
pub(crate) struct Column {
    pub(crate) name: String,
    pub(crate) title_fr: String,
    pub(crate) unit: Option<String>,
    pub(crate) kind: DataType,
    pub(crate) required: bool,
    pub(crate) min: Option<f64>,
    pub(crate) max: Option<f64>,
    pub(crate) values: Vec<String>,
}

/// A file of the package.
#[derive(Debug, Clone)]
pub(crate) struct WrittenFile {
    /// Relative to the package, `/` between folders.
    pub(crate) path: String,
    pub(crate) media_type: &'static str,
    pub(crate) bytes: u64,
    pub(crate) sha256: String,
}

/// Whether a table may be published.
///
/// # Errors
/// A sentence that says which may.
pub(crate) fn check(room: &Room, table: &str, small_cells: bool) -> Result<(), String> {
    if let Some(contract) = room.vocabulary.contract(table) {
        // Reference data ship with Vigie; feeds count people day by day.
        if small_cells && contract.feed.bundled.is_none() {
            return Err(format!(
                "{table} cannot be published with --small-cells: its days would give away the sums of days that \
                 `indicators` hides; publish it alone and without, or leave it out"
            ));
        }
        return Ok(());
    }
    if let Some((_, why)) = GIVE_AWAY.iter().find(|(name, _)| small_cells && *name == table) {
        return Err(format!("{table} cannot be published with --small-cells: {why}"));
    }
    if PUBLIC.contains(&table) || super::CATALOGUE.contains(&table) {
        return Ok(());
    }
    let sources: Vec<&str> = room.vocabulary.contracts().map(Contract::name).collect();
    Err(format!(
        "{table:?} is no table for publication; known: {}, and the sources {}",
        PUBLIC.join(", "),
        sources.join(", ")
    ))
}

impl Resource {
    /// Describes a table that [`check`] let through.
    pub(crate) fn of(room: &Room, table: &str, options: &Publish) -> Result<Self, Error> {
        if let Some(contract) = room.vocabulary.contract(table) {
            return Ok(Self::of_contract(contract));
        }
        let described = room.vocabulary.described_tables().find(|described| described.id == table);
        let described =
            described.ok_or_else(|| Error::Failed(format!("the table {table} is not described")))?;
        Ok(Self::of_described(described, options.small_cells.is_some()))
    }

    fn of_contract(contract: &Contract) -> Self {
        let key = contract.key_names();
        let column = |column: &vigie_queries::Column| Column {
            name: column.name.get_ref().clone(),
            title_fr: column.title_fr.clone(),
            unit: column.unit.clone(),
            kind: DataType::Utf8,
            required: key.contains(column.name.get_ref()) && !column.nullable,
            min: column.min,
            max: column.max,
            values: column.values.clone(),
        };
        Self {
            name: contract.name().to_owned(),
            title_fr: contract.title_fr.clone(),
            description_fr: contract.description_fr.clone(),
            columns: contract.ordered_columns().into_iter().map(column).collect(),
            key,
            licence: Some(contract.licence.clone()),
            rows: 0,
            files: Vec::new(),
            days: None,
        }
    }

    fn of_described(table: &DescribedTable, small_cells: bool) -> Self {
        let spec = vigie_store::tables::all().into_iter().find(|spec| spec.name == table.id);
        let key = spec.map(|spec| spec.key).unwrap_or_default();
        let is_left_out = |column: &str| {
            PRIVATE.contains(&column) || small_cells && REPEATED.contains(&(table.id.as_str(), column))
        };
        let columns = table.columns.iter().filter(|column| !is_left_out(&column.name)).map(|column| Column {
            name: column.name.clone(),
            title_fr: column.title_fr.clone(),
            unit: column.unit.clone(),
            kind: DataType::Utf8,
            // `category` is empty where an indicator has none.
            required: key.contains(&column.name) && column.name != "category",
            min: None,
            max: None,
            values: Vec::new(),
        });
        Self {
            name: table.id.clone(),
            title_fr: table.title_fr.clone(),
            description_fr: table.description_fr.clone(),
            columns: columns.collect(),
            key,
            licence: None,
            rows: 0,
            files: Vec::new(),
            days: None,
        }
    }

    /// Its rows, sorted; those of a territory and its parts when one is given.
    pub(crate) fn query(&self, territory: Option<&Place>, regions: &BTreeMap<String, String>) -> String {
        let quoted = |name: &str| format!("\"{name}\"");
        let columns: Vec<String> = self.columns.iter().map(|column| quoted(&column.name)).collect();
        let has = |name: &str| self.columns.iter().any(|column| column.name == name);
        let text = |text: &str| format!("'{}'", text.replace('\'', "''"));
        let places =
            territory.map(|territory| parts(territory, regions)).filter(|_| self.name != "departments");
        let within = places.and_then(|places| {
            let any: Vec<String> = if has("geo_value") {
                let one = |(kind, code): &(&str, &str)| {
                    format!("geo_type = {} and geo_value = {}", text(kind), text(code))
                };
                places.iter().map(one).collect()
            } else if has("department") {
                let own = places.iter().filter(|(kind, _)| *kind == "department");
                own.map(|(_, code)| format!("department = {}", text(code))).collect()
            } else if has("territory") {
                places
                    .iter()
                    .map(|(kind, code)| format!("territory = {}", text(&format!("{kind}:{code}"))))
                    .collect()
            } else {
                return None;
            };
            Some(if any.is_empty() { "false".to_owned() } else { any.join(" or ") })
        });
        let order = if self.key.is_empty() {
            columns.clone()
        } else {
            self.key.iter().map(|name| quoted(name)).collect()
        };
        format!(
            "select {} from {} where {} order by {}",
            columns.join(", "),
            self.name,
            within.as_deref().unwrap_or("true"),
            order.join(", ")
        )
    }

    /// The types that the engine gives its columns.
    pub(crate) fn set_types(&mut self, schema: &Schema) {
        for (column, field) in self.columns.iter_mut().zip(schema.fields()) {
            column.kind = field.data_type().clone();
        }
    }
}
