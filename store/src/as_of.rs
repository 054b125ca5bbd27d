//! The physical plan of "newest version of each key as of T": files merged in key order, one pass, by key ranges.

use std::fmt;
use std::sync::Arc;

use arrow::array::{AsArray, BooleanArray, RecordBatch, RecordBatchOptions};
use arrow::compute::filter_record_batch;
use arrow::datatypes::{Schema, SchemaRef};
use datafusion::common::tree_node::TreeNodeRecursion;
use datafusion::common::{ScalarValue, internal_err};
use datafusion::error::Result;
use datafusion::execution::{SendableRecordBatchStream, TaskContext};
use datafusion::logical_expr::Operator;
use datafusion::physical_expr::expressions::{BinaryExpr, Column, Literal};
use datafusion::physical_expr::utils::reassign_expr_columns;
use datafusion::physical_expr::{
    EquivalenceProperties, LexOrdering, Partitioning, PhysicalExpr, PhysicalSortExpr,
};
use datafusion::physical_plan::EmptyRecordBatchStream;
use datafusion::physical_plan::execution_plan::{Boundedness, EmissionType, ReplaceChildrenOptions};
use datafusion::physical_plan::metrics::{BaselineMetrics, ExecutionPlanMetricsSet, MetricsSet};
use datafusion::physical_plan::stream::RecordBatchStreamAdapter;
use datafusion::physical_plan::{DisplayAs, DisplayFormatType, ExecutionPlan, PlanProperties};
use futures::StreamExt;

use crate::checked::CheckedFiles;
use crate::latest::{Keep, Latest};
use crate::layout::{DataFile, Files};
use crate::newer::{Version, newest_of_all};
use crate::prune::files_that_may_hold;
use crate::ranges::{KeyRange, key_ranges};
use crate::scan::{Skip, file_scan};
use crate::spec::{AsOf, ISSUED, RECORDED, TableSpec, WITHDRAWN, instant, micros};

/// What is asked of a versioned table.
pub(crate) struct Request<'a> {
    pub(crate) spec: &'a TableSpec,
    /// Files that may hold rows recorded by then.
    pub(crate) files: Files,
    pub(crate) as_of: AsOf,
    /// Columns to give.
    pub(crate) columns: Vec<String>,
    /// Predicate over key columns only, on the stored schema.
    pub(crate) key_filter: Option<Arc<dyn PhysicalExpr>>,
    /// Threads to use at most.
    pub(crate) partitions: usize,
    /// Gives also the keys whose newest version is a withdrawal.
    pub(crate) keep_withdrawn: bool,
}

/// One range of keys: its scan (a partition per file) and what its rows must satisfy.
#[derive(Debug, Clone)]
struct Part {
    scan: Arc<dyn ExecutionPlan>,
    /// Partitions of the scan, one a file, that may hold a row of it.
    files: Vec<usize>,
    predicate: Option<Arc<dyn PhysicalExpr>>,
}

/// Newest version of each key as of T. A leaf for the optimiser, so that nothing slips between the sorted files
/// and the operator that relies on their order; filters on values stay above it.
#[derive(Debug)]
pub(crate) struct LatestPerKeyExec {
    table: String,
    as_of: AsOf,
    n_files: usize,
    key_filter: Option<Arc<dyn PhysicalExpr>>,
    parts: Vec<Part>,
    n_key: usize,
    withdrawn: Option<usize>,
    /// Positions in the scan of the columns to give.
    output: Vec<usize>,
    schema: SchemaRef,
    properties: Arc<PlanProperties>,
    metrics: ExecutionPlanMetricsSet,
}

/// `column <= instant` on the stored schema.
fn up_to(schema: &Schema, column: &str, at: jiff::Timestamp) -> Result<Arc<dyn PhysicalExpr>> {
    let literal = ScalarValue::TimestampMicrosecond(Some(micros(at)), Some("UTC".into()));
    debug_assert_eq!(literal.data_type(), instant());
    Ok(binary(Arc::new(Column::new_with_schema(column, schema)?), Operator::LtEq, literal))
}

fn binary(left: Arc<dyn PhysicalExpr>, operator: Operator, right: ScalarValue) -> Arc<dyn PhysicalExpr> {
    Arc::new(BinaryExpr::new(left, operator, Arc::new(Literal::new(right))))
}

fn all_of(parts: impl IntoIterator<Item = Arc<dyn PhysicalExpr>>) -> Option<Arc<dyn PhysicalExpr>> {
    parts.into_iter().reduce(|left, right| Arc::new(BinaryExpr::new(left, Operator::And, right)))
}

fn within(schema: &Schema, key: &str, range: &KeyRange) -> Result<Vec<Arc<dyn PhysicalExpr>>> {
    let column: Arc<dyn PhysicalExpr> = Arc::new(Column::new_with_schema(key, schema)?);
    let from = range.from.clone().map(|value| binary(Arc::clone(&column), Operator::GtEq, value));
    let until = range.until.clone().map(|value| binary(column, Operator::Lt, value));
    Ok(from.into_iter().chain(until).collect())
}

/// `recorded_at <= T`, unless the names of the files already say so.
pub(crate) fn recorded_filter(
    schema: &Schema,
    files: &[DataFile],
    recorded: jiff::Timestamp,
) -> Result<Option<Arc<dyn PhysicalExpr>>> {
    if files.iter().all(|file| file.recorded_by(recorded)) {
        return Ok(None);
    }
    up_to(schema, RECORDED, recorded).map(Some)
}

impl LatestPerKeyExec {
    pub(crate) fn new(request: Request<'_>) -> Result<Self> {
        let Request { spec, files, as_of, columns, key_filter, partitions, keep_withdrawn } = request;
        if files.is_empty() || spec.key.is_empty() {
            return internal_err!("table {}: no file or no key to read the newest versions of", spec.name);
        }
        let stored = spec.stored_schema();
        // The scan gives the key and the version first, then what else is asked for.
        let mut names: Vec<&str> = spec.sort_columns();
        names.push(WITHDRAWN);
        for column in &columns {
            if !names.contains(&column.as_str()) {
                names.push(column);
            }
        }
        let scanned: Vec<usize> =
            names.iter().map(|name| stored.index_of(name)).collect::<std::result::Result<_, _>>()?;
        let scan_schema: SchemaRef = Arc::new(stored.project(&scanned)?);
        let output: Vec<usize> =
            columns.iter().map(|name| scan_schema.index_of(name)).collect::<std::result::Result<_, _>>()?;
        let schema: SchemaRef = Arc::new(scan_schema.project(&output)?);

        let mut common: Vec<Arc<dyn PhysicalExpr>> = Vec::new();
        if as_of.issued < jiff::Timestamp::MAX {
            common.push(up_to(&stored, ISSUED, as_of.issued)?);
        }
        common.extend(recorded_filter(&stored, &files, as_of.recorded)?);
        common.extend(key_filter.clone());
        let n_files = files.len();
        let files = CheckedFiles::new(&spec.name, files)?;
        let ranges = key_ranges(spec, &files, partitions)?;
        let mut parts = Vec::with_capacity(ranges.len());
        for range in &ranges {
            let bounds = within(&stored, &spec.key[0], range)?;
            let predicate = all_of(bounds.into_iter().chain(common.iter().cloned()));
            let kept = files_that_may_hold(&files, &stored, predicate.as_ref())?;
            let drops_most = key_filter.is_some();
            let skip = predicate.clone().map(|predicate| Skip { predicate, drops_most });
            let scan = file_scan(&stored, &files, n_files, scanned.clone(), skip, None)?;
            let predicate =
                predicate.map(|predicate| reassign_expr_columns(predicate, &scan_schema)).transpose()?;
            parts.push(Part { scan, files: kept, predicate });
        }

        let ordered = |schema: &Schema, names: &[&str]| -> Option<LexOrdering> {
            let columns = names.iter().map_while(|name| Column::new_with_schema(name, schema).ok());
            LexOrdering::new(columns.map(|column| PhysicalSortExpr::new_default(Arc::new(column))))
        };
        let key: Vec<&str> = spec.key.iter().map(String::as_str).collect();
        let equivalence =
            EquivalenceProperties::new_with_orderings(Arc::clone(&schema), ordered(&schema, &key));
        let properties = PlanProperties::new(
            equivalence,
            Partitioning::UnknownPartitioning(parts.len()),
            EmissionType::Incremental,
            Boundedness::Bounded,
        );
        Ok(Self {
            table: spec.name.clone(),
            as_of,
            n_files,
            key_filter,
            parts,
            n_key: spec.key.len(),
            withdrawn: (!keep_withdrawn).then_some(spec.key.len() + 2),
            output,
            schema,
            properties: Arc::new(properties),
            metrics: ExecutionPlanMetricsSet::new(),
        })
    }

    /// The newest row of each key of a range: one pass over each file, then over what they have left.
    fn newest(
        &self,
        part: &Part,
        keep: &Keep,
        context: &Arc<TaskContext>,
    ) -> Result<SendableRecordBatchStream> {
        let batch_size = context.session_config().batch_size();
        if let [only] = part.files[..] {
            let rows = part.scan.execute(only, Arc::clone(context))?;
            let keep = Keep { predicate: part.predicate.clone(), ..keep.clone() };
            return Ok(Box::pin(Latest::new(rows, keep, batch_size)?));
        }
        let mut streams: Vec<SendableRecordBatchStream> = Vec::with_capacity(part.files.len());
        for file in &part.files {
            let keep = Keep {
                predicate: part.predicate.clone(),
                key: keep.key.clone(),
                unless: None,
                output: (0..part.scan.schema().fields().len()).collect(),
            };
            let rows = part.scan.execute(*file, Arc::clone(context))?;
            streams.push(Box::pin(Latest::new(rows, keep, batch_size)?));
        }
        let version = Version { key: keep.key.clone(), instants: [self.n_key, self.n_key + 1] };
        let (schema, keep) = (Arc::new(part.scan.schema().project(&keep.output)?), keep.clone());
        let Some(newest) = newest_of_all(streams, &version, batch_size) else {
            return Ok(Box::pin(EmptyRecordBatchStream::new(schema)));
        };
        let given = newest.map(move |batch| stays(&batch?, &keep));
        Ok(Box::pin(RecordBatchStreamAdapter::new(schema, given)))
    }
}

/// The rows of newest versions that are not withdrawals, in the columns to give.
fn stays(batch: &RecordBatch, keep: &Keep) -> Result<RecordBatch> {
    let given = batch.project(&keep.output)?;
    let Some(gone) = keep.unless.map(|at| batch.column(at).as_boolean()) else { return Ok(given) };
    if gone.true_count() == 0 {
        return Ok(given);
    }
    Ok(filter_record_batch(&given, &BooleanArray::new(!gone.values(), None))?)
}

impl DisplayAs for LatestPerKeyExec {
    fn fmt_as(&self, _: DisplayFormatType, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "LatestPerKeyExec: table={}, issued<={}, recorded<={}, files={}, ranges={}",
            self.table,
            self.as_of.issued,
            self.as_of.recorded,
            self.n_files,
            self.parts.len()
        )?;
        match &self.key_filter {
            Some(filter) => write!(f, ", key_filter={filter}"),
            None => Ok(()),
        }
    }
}

impl ExecutionPlan for LatestPerKeyExec {
    fn name(&self) -> &'static str {
        "LatestPerKeyExec"
    }

    fn properties(&self) -> &Arc<PlanProperties> {
        &self.properties
    }

    fn children(&self) -> Vec<&Arc<dyn ExecutionPlan>> {
        Vec::new()
    }

    fn apply_expressions(
        &self,
        _: &mut dyn FnMut(&Arc<dyn PhysicalExpr>) -> Result<TreeNodeRecursion>,
    ) -> Result<TreeNodeRecursion> {
        Ok(TreeNodeRecursion::Continue)
    }

    fn replace_children(
        self: Arc<Self>,
        _: Vec<Arc<dyn ExecutionPlan>>,
        _: ReplaceChildrenOptions,
    ) -> Result<Arc<dyn ExecutionPlan>> {
        Ok(self)
    }

    fn with_new_children(self: Arc<Self>, _: Vec<Arc<dyn ExecutionPlan>>) -> Result<Arc<dyn ExecutionPlan>> {
        Ok(self)
    }

    fn execute(&self, partition: usize, context: Arc<TaskContext>) -> Result<SendableRecordBatchStream> {
        let Some(part) = self.parts.get(partition) else {
            return internal_err!("LatestPerKeyExec has no partition {partition}");
        };
        let metrics = BaselineMetrics::new(&self.metrics, partition);
        // Without a column to give (`count(*)`), one is carried through for the row counts.
        let output = if self.output.is_empty() { vec![0] } else { self.output.clone() };
        let keep = Keep { predicate: None, key: (0..self.n_key).collect(), unless: self.withdrawn, output };
        let newest = self.newest(part, &keep, &context)?;
        let (schema, n_columns) = (Arc::clone(&self.schema), self.output.len());
        let counted = newest.map(move |batch| {
            let batch = batch?;
            metrics.record_output(batch.num_rows());
            if n_columns > 0 {
                return Ok(batch);
            }
            let options = RecordBatchOptions::new().with_row_count(Some(batch.num_rows()));
            Ok(RecordBatch::try_new_with_options(Arc::clone(&schema), Vec::new(), &options)?)
        });
        Ok(Box::pin(RecordBatchStreamAdapter::new(Arc::clone(&self.schema), counted)))
    }

    fn metrics(&self) -> Option<MetricsSet> {
        Some(self.metrics.clone_inner())
    }
}
