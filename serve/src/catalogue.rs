//! The catalogue as tables: what each source, column, indicator and rule is. Made from the contracts, the headers of the
//! queries and the rules that are at work, so that it says what they say.

use std::collections::BTreeMap;
use std::sync::Arc;

use arrow::array::{ArrayRef, BooleanArray, Date32Array, Float64Array, Int64Array, RecordBatch, StringArray};
use arrow::error::ArrowError;
use datafusion::catalog::TableProvider;
use datafusion::datasource::MemTable;
use jiff::civil::{Date, date};
use vigie_queries::{Contract, QueryKind, Vocabulary};

/// The tables, by name.
pub(crate) type Catalogue = BTreeMap<&'static str, Arc<dyn TableProvider>>;

/// Makes the four tables.
///
/// # Errors
/// When columns of one table differ in length, which would be a fault here.
pub(crate) fn tables(vocabulary: &Vocabulary) -> Result<Catalogue, datafusion::error::DataFusionError> {
    let made = [
        ("catalogue_sources", sources(vocabulary)?),
        ("catalogue_columns", columns(vocabulary)?),
        ("catalogue_indicators", indicators(vocabulary)?),
        ("catalogue_rules", rules(vocabulary)?),
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

fn columns(vocabulary: &Vocabulary) -> Result<RecordBatch, ArrowError> {
    let all: Vec<_> = vocabulary
        .contracts()
        .flat_map(|contract| contract.ordered_columns().into_iter().map(move |column| (contract, column)))
        .collect();
    let is_key = |contract: &Contract, name: &str| contract.key_names().iter().any(|key| key == name);
    RecordBatch::try_from_iter([
        ("source", texts(all.iter().map(|(c, _)| c.name()))),
        ("column_name", texts(all.iter().map(|(_, column)| column.name.get_ref().as_str()))),
        ("title_fr", texts(all.iter().map(|(_, column)| column.title_fr.as_str()))),
        ("type", owned(all.iter().map(|(_, column)| Some(format!("{:?}", column.kind).to_lowercase())))),
        ("unit", owned(all.iter().map(|(_, column)| column.unit.clone()))),
        (
            "is_key",
            Arc::new(
                all.iter()
                    .map(|(c, column)| Some(is_key(c, column.name.get_ref())))
                    .collect::<BooleanArray>(),
            ),
        ),
        ("nullable", Arc::new(all.iter().map(|(_, column)| Some(column.nullable)).collect::<BooleanArray>())),
        (
            "running_total",
            Arc::new(all.iter().map(|(_, column)| Some(column.running_total)).collect::<BooleanArray>()),
        ),
        ("min", Arc::new(all.iter().map(|(_, column)| column.min).collect::<Float64Array>())),
        ("max", Arc::new(all.iter().map(|(_, column)| column.max).collect::<Float64Array>())),
        ("since", dates(all.iter().map(|(_, column)| column.since))),
        (
            "allowed",
            owned(
                all.iter().map(|(_, column)| (!column.values.is_empty()).then(|| column.values.join(", "))),
            ),
        ),
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
        ("grain", owned(all.iter().map(|q| Some(q.grain.join(", "))))),
        ("reads", owned(all.iter().map(|q| Some(q.sources.join(", "))))),
        ("sources", owned(all.iter().map(|q| Some(feeds(&q.id))))),
        ("reference", owned(all.iter().map(|q| Some(q.references.join(" ; "))))),
        ("formula_sql", texts(all.iter().map(|q| q.sql.trim()))),
        ("fingerprint", texts(all.iter().map(|q| q.fingerprint.as_str()))),
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

    #[test]
    fn every_column_indicator_and_threshold_is_in_it() {
        let vocabulary = Vocabulary::embedded().unwrap();
        let n_columns: usize = vocabulary.contracts().map(|contract| contract.columns.len()).sum();
        assert_eq!(columns(&vocabulary).unwrap().num_rows(), n_columns);
        assert_eq!(sources(&vocabulary).unwrap().num_rows(), vocabulary.contracts().count());
        let n = vocabulary.queries().iter().filter(|q| q.kind == QueryKind::Indicator).count();
        assert_eq!(indicators(&vocabulary).unwrap().num_rows(), n);
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
