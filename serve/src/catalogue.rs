//! The catalogue as tables: what each source, column, indicator and rule is. Made from the contracts, the headers of the
//! queries and the rules that are at work, so that it says what they say.

use std::collections::BTreeMap;
use std::sync::Arc;

use arrow::array::{ArrayRef, BooleanArray, Date32Array, Float64Array, Int64Array, RecordBatch, StringArray};
use arrow::datatypes::DataType;
use arrow::error::ArrowError;
use datafusion::catalog::TableProvider;
use datafusion::datasource::MemTable;
use jiff::civil::{Date, date};
use vigie_queries::{Column, Contract, QueryKind, Vocabulary, Week};

/// The tables, by name.
pub(crate) type Catalogue = BTreeMap<&'static str, Arc<dyn TableProvider>>;

/// Makes the tables.
///
/// # Errors
/// When columns of one table differ in length, which would be a fault here.
pub(crate) fn tables(vocabulary: &Vocabulary) -> Result<Catalogue, datafusion::error::DataFusionError> {
    let made = [
        ("catalogue_sources", sources(vocabulary)?),
        ("catalogue_columns", columns(vocabulary)?),
        ("catalogue_relations", relations(vocabulary)?),
        ("catalogue_indicators", indicators(vocabulary)?),
        ("catalogue_rules", rules(vocabulary)?),
        ("catalogue_queries", queries(vocabulary)?),
        ("catalogue_tables", described(vocabulary)?),
    ];
    let mut tables = Catalogue::new();
    for (name, batch) in made {
        let schema = batch.schema();
        tables.insert(name, Arc::new(MemTable::try_new(schema, vec![vec![batch]])?));
    }
    Ok(tables)
}

fn texts<'a>(values: impl IntoIterator<Item = &'a str>) -> ArrayRef {
    Arc::new(values.into_iter().map(Some).collect::<StringArray>())
}

fn owned(values: impl IntoIterator<Item = Option<String>>) -> ArrayRef {
    Arc::new(values.into_iter().collect::<StringArray>())
}

fn dates(values: impl IntoIterator<Item = Option<Date>>) -> ArrayRef {
    let epoch = date(1970, 1, 1);
    let days = |day: Date| (day - epoch).get_days();
    Arc::new(values.into_iter().map(|day| day.map(days)).collect::<Date32Array>())
}

fn sources(vocabulary: &Vocabulary) -> Result<RecordBatch, ArrowError> {
    let all: Vec<&Contract> = vocabulary.contracts().collect();
    let whole = |value: u16| i64::from(value);
    RecordBatch::try_from_iter([
        ("source", texts(all.iter().map(|c| c.name()))),
        ("title_fr", texts(all.iter().map(|c| c.title_fr.as_str()))),
        ("description_fr", texts(all.iter().map(|c| c.description_fr.as_str()))),
        ("kind", owned(all.iter().map(|c| Some(format!("{:?}", c.kind).to_lowercase())))),
        ("key", owned(all.iter().map(|c| Some(c.key_names().join(", "))))),
        ("publisher", texts(all.iter().map(|c| c.publisher.as_str()))),
        ("licence", texts(all.iter().map(|c| c.licence.as_str()))),
        ("reference", owned(all.iter().map(|c| c.reference.clone()))),
        ("cron", texts(all.iter().map(|c| c.cadence.cron.get_ref().as_str()))),
        ("time_zone", texts(all.iter().map(|c| c.cadence.time_zone.get_ref().as_str()))),
        ("warn_after_hours", hours(all.iter().map(|c| c.cadence.warn_after))),
        ("error_after_hours", hours(all.iter().map(|c| c.cadence.error_after))),
        (
            "settling_days",
            Arc::new(all.iter().map(|c| Some(whole(c.cadence.settling_days))).collect::<Int64Array>()),
        ),
        ("fingerprint", texts(all.iter().map(|c| c.fingerprint.as_str()))),
    ])
}

fn hours(values: impl Iterator<Item = jiff::SignedDuration>) -> ArrayRef {
    Arc::new(values.map(|value| Some(value.as_secs_f64() / 3600.0)).collect::<Float64Array>())
}

/// One column of a table: of a source, as its contract says, or of a table that Vigie fills itself.
struct ColumnRow<'a> {
    table: &'a str,
    name: &'a str,
    title_fr: &'a str,
    kind: String,
    unit: Option<String>,
    is_key: bool,
    /// What only a contract says.
    promised: Option<&'a Column>,
}

fn column_rows(vocabulary: &Vocabulary) -> Vec<ColumnRow<'_>> {
    let mut all = Vec::new();
    for contract in vocabulary.contracts() {
        let key = contract.key_names();
        all.extend(contract.ordered_columns().into_iter().map(|column| ColumnRow {
            table: contract.name(),
            name: column.name.get_ref(),
            title_fr: &column.title_fr,
            kind: format!("{:?}", column.kind).to_lowercase(),
            unit: column.unit.clone(),
            is_key: key.contains(column.name.get_ref()),
            promised: Some(column),
        }));
    }
    let specs = vigie_store::tables::all();
    for table in vocabulary.described_tables() {
        let spec = specs.iter().find(|spec| spec.name == table.id);
        let kind = |name: &str| {
            let field = spec.and_then(|spec| spec.schema.field_with_name(name).ok());
            field.map_or_else(String::new, |field| word_for(field.data_type()).to_owned())
        };
        all.extend(table.columns.iter().map(|column| ColumnRow {
            table: &table.id,
            name: &column.name,
            title_fr: &column.title_fr,
            kind: kind(&column.name),
            unit: column.unit.clone(),
            is_key: spec.is_some_and(|spec| spec.key.contains(&column.name)),
            promised: None,
        }));
    }
    all
}

/// The word that contracts use for a type.
fn word_for(kind: &DataType) -> &'static str {
    match kind {
        DataType::Boolean => "boolean",
        DataType::Date32 => "date",
        DataType::Timestamp(..) => "timestamp",
        kind if kind.is_integer() => "integer",
        kind if kind.is_numeric() => "number",
        _ => "text",
    }
}

fn columns(vocabulary: &Vocabulary) -> Result<RecordBatch, ArrowError> {
    let all = column_rows(vocabulary);
    let flag = |of: &dyn Fn(&ColumnRow<'_>) -> Option<bool>| -> ArrayRef {
        Arc::new(all.iter().map(of).collect::<BooleanArray>())
    };
    let number = |of: fn(&Column) -> Option<f64>| -> ArrayRef {
        Arc::new(all.iter().map(|row| row.promised.and_then(of)).collect::<Float64Array>())
    };
    let allowed = |row: &ColumnRow<'_>| {
        row.promised.filter(|column| !column.values.is_empty()).map(|column| column.values.join(", "))
    };
    RecordBatch::try_from_iter([
        ("source", texts(all.iter().map(|row| row.table))),
        ("column_name", texts(all.iter().map(|row| row.name))),
        ("title_fr", texts(all.iter().map(|row| row.title_fr))),
        ("type", owned(all.iter().map(|row| Some(row.kind.clone())))),
        ("unit", owned(all.iter().map(|row| row.unit.clone()))),
        ("is_key", flag(&|row| Some(row.is_key))),
        ("nullable", flag(&|row| row.promised.map(|column| column.nullable))),
        ("running_total", flag(&|row| row.promised.map(|column| column.running_total))),
        ("min", number(|column| column.min)),
        ("max", number(|column| column.max)),
        ("since", dates(all.iter().map(|row| row.promised.and_then(|column| column.since)))),
        ("allowed", owned(all.iter().map(allowed))),
    ])
}

/// What holds between the columns of a row.
fn relations(vocabulary: &Vocabulary) -> Result<RecordBatch, ArrowError> {
    let all: Vec<_> = vocabulary
        .contracts()
        .flat_map(|contract| contract.relations.iter().map(move |relation| (contract.name(), relation)))
        .collect();
    RecordBatch::try_from_iter([
        ("source", texts(all.iter().map(|(source, _)| *source))),
        ("relation", owned(all.iter().map(|(_, relation)| Some(relation.holds.get_ref().to_string())))),
        ("severity", texts(all.iter().map(|(_, relation)| relation.severity.as_str()))),
        ("reason_fr", owned(all.iter().map(|(_, relation)| relation.reason_fr.clone()))),
    ])
}

fn indicators(vocabulary: &Vocabulary) -> Result<RecordBatch, ArrowError> {
    let all: Vec<_> = vocabulary.queries().iter().filter(|q| q.kind == QueryKind::Indicator).collect();
    let feeds = |id: &str| vocabulary.sources_of(id).into_iter().collect::<Vec<_>>().join(", ");
    RecordBatch::try_from_iter([
        ("indicator", texts(all.iter().map(|q| q.id.as_str()))),
        ("title_fr", texts(all.iter().map(|q| q.title_fr.as_str()))),
        ("definition_fr", texts(all.iter().map(|q| q.definition_fr.as_str()))),
        ("unit", texts(all.iter().map(|q| q.unit.as_str()))),
        ("decimals", Arc::new(all.iter().map(|q| Some(i64::from(q.decimals))).collect::<Int64Array>())),
        ("week", texts(all.iter().map(|q| q.week.map_or("", Week::as_str)))),
        ("coverage_of", texts(all.iter().map(|q| q.coverage.as_ref().map_or("", |of| of.unit_fr.as_str())))),
        (
            "coverage_min",
            Arc::new(all.iter().map(|q| q.coverage.as_ref().map(|of| of.at_least)).collect::<Float64Array>()),
        ),
        ("grain", owned(all.iter().map(|q| Some(q.grain.join(", "))))),
        ("reads", owned(all.iter().map(|q| Some(q.sources.join(", "))))),
        ("sources", owned(all.iter().map(|q| Some(feeds(&q.id))))),
        ("reference", owned(all.iter().map(|q| Some(q.references.join(" ; "))))),
        ("formula_sql", texts(all.iter().map(|q| q.sql.trim()))),
        ("fingerprint", texts(all.iter().map(|q| q.fingerprint.as_str()))),
    ])
}

fn queries(vocabulary: &Vocabulary) -> Result<RecordBatch, ArrowError> {
    let all: Vec<_> = vocabulary.saved_queries().collect();
    RecordBatch::try_from_iter([
        ("query", texts(all.iter().map(|q| q.id.as_str()))),
        ("title_fr", texts(all.iter().map(|q| q.title_fr.as_str()))),
        ("description_fr", texts(all.iter().map(|q| q.description_fr.as_str()))),
        ("parameters", owned(all.iter().map(|q| Some(q.signature())))),
        ("sql", texts(all.iter().map(|q| q.sql.as_str()))),
    ])
}

/// Tables with a title: sources, then those that Vigie fills itself.
fn described(vocabulary: &Vocabulary) -> Result<RecordBatch, ArrowError> {
    let sources = vocabulary.contracts().map(|c| (c.name(), "source", &c.title_fr, &c.description_fr));
    let own = vocabulary.described_tables().map(|table| {
        let kind = if table.id.starts_with("catalogue_") { "catalogue" } else { "vigie" };
        (table.id.as_str(), kind, &table.title_fr, &table.description_fr)
    });
    let mut all: Vec<_> = sources.chain(own).collect();
    all.sort_unstable();
    RecordBatch::try_from_iter([
        ("table_name", texts(all.iter().map(|(name, ..)| *name))),
        ("kind", texts(all.iter().map(|(_, kind, ..)| *kind))),
        ("title_fr", texts(all.iter().map(|(_, _, title, _)| title.as_str()))),
        ("description_fr", texts(all.iter().map(|(.., description)| description.as_str()))),
    ])
}

/// One row per rule, criterion, level and date from which a threshold holds.
struct RuleRow {
    rule: String,
    title_fr: String,
    reference: String,
    valid_from: Option<Date>,
    valid_to: Option<Date>,
    criterion: String,
    criterion_fr: String,
    indicator: String,
    comparison: String,
    level: String,
    level_fr: String,
    action_fr: String,
    threshold: f64,
    threshold_from: Option<Date>,
}

fn rules(vocabulary: &Vocabulary) -> Result<RecordBatch, ArrowError> {
    let mut all = Vec::new();
    for rule in vocabulary.rules() {
        for criterion in &rule.criteria {
            for thresholds in &criterion.thresholds {
                for (id, threshold) in &thresholds.levels {
                    let level = rule.levels.iter().find(|level| level.id == *id);
                    let comparison = criterion.comparisons.get(id).copied().unwrap_or(criterion.comparison);
                    all.push(RuleRow {
                        rule: rule.id.clone(),
                        title_fr: rule.title_fr.clone(),
                        reference: rule.reference.clone(),
                        valid_from: rule.valid_from,
                        valid_to: rule.valid_to,
                        criterion: criterion.id.clone(),
                        criterion_fr: criterion.title_fr.clone(),
                        indicator: criterion.indicator.clone(),
                        comparison: comparison.to_string(),
                        level: id.clone(),
                        level_fr: level.map(|level| level.title_fr.clone()).unwrap_or_default(),
                        action_fr: level.map(|level| level.action_fr.clone()).unwrap_or_default(),
                        threshold: *threshold,
                        threshold_from: thresholds.from,
                    });
                }
            }
        }
    }
    let text = |of: fn(&RuleRow) -> &str| texts(all.iter().map(of));
    RecordBatch::try_from_iter([
        ("rule", text(|row| &row.rule)),
        ("title_fr", text(|row| &row.title_fr)),
        ("reference", text(|row| &row.reference)),
        ("valid_from", dates(all.iter().map(|row| row.valid_from))),
        ("valid_to", dates(all.iter().map(|row| row.valid_to))),
        ("criterion", text(|row| &row.criterion)),
        ("criterion_fr", text(|row| &row.criterion_fr)),
        ("indicator", text(|row| &row.indicator)),
        ("comparison", text(|row| &row.comparison)),
        ("level", text(|row| &row.level)),
        ("level_fr", text(|row| &row.level_fr)),
        ("action_fr", text(|row| &row.action_fr)),
        ("threshold", Arc::new(all.iter().map(|row| Some(row.threshold)).collect::<Float64Array>())),
        ("threshold_from", dates(all.iter().map(|row| row.threshold_from))),
    ])
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The descriptions say what the tables have, in order: of those of the lake and of the catalogue itself.
    #[test]
    fn every_table_of_its_own_is_described_column_by_column() {
        let vocabulary = Vocabulary::embedded().unwrap();
        let mut expected: BTreeMap<String, Vec<String>> = BTreeMap::new();
        let names = |schema: &arrow::datatypes::Schema| {
            schema.fields().iter().map(|field| field.name().clone()).collect::<Vec<_>>()
        };
        for spec in vigie_store::tables::all() {
            expected.insert(spec.name.clone(), names(&spec.schema));
        }
        for (name, table) in tables(&vocabulary).unwrap() {
            expected.insert(name.to_owned(), names(&table.schema()));
        }
        let described = vocabulary.described_tables().map(|table| {
            (table.id.clone(), table.columns.iter().map(|column| column.name.clone()).collect::<Vec<_>>())
        });
        assert_eq!(described.collect::<BTreeMap<_, _>>(), expected);
    }

    #[test]
    fn every_column_indicator_and_threshold_is_in_it() {
        let vocabulary = Vocabulary::embedded().unwrap();
        let promised: usize = vocabulary.contracts().map(|contract| contract.columns.len()).sum();
        let described: usize = vocabulary.described_tables().map(|table| table.columns.len()).sum();
        let n_columns = promised + described;
        assert_eq!(columns(&vocabulary).unwrap().num_rows(), n_columns);
        assert_eq!(sources(&vocabulary).unwrap().num_rows(), vocabulary.contracts().count());
        let n = vocabulary.queries().iter().filter(|q| q.kind == QueryKind::Indicator).count();
        assert_eq!(indicators(&vocabulary).unwrap().num_rows(), n);
        let held: usize = vocabulary.contracts().map(|contract| contract.relations.len()).sum();
        assert_eq!((relations(&vocabulary).unwrap().num_rows(), held > 10), (held, true));
        let batch = rules(&vocabulary).unwrap();
        let named: std::collections::BTreeSet<&str> =
            arrow::array::AsArray::as_string::<i32>(batch.column(0)).iter().flatten().collect();
        let with_thresholds = vocabulary
            .rules()
            .filter(|rule| rule.criteria.iter().any(|c| !c.thresholds.is_empty()))
            .map(|rule| rule.id.as_str());
        assert_eq!(named, with_thresholds.collect());
    }
}
