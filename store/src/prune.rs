//! Which files of a table may hold a row that a predicate wants, by the statistics in their footers: a file that is not
//! opened by the engine costs nothing, one that is opened and found empty does.

#[expect(
    clippy::disallowed_types,
    reason = "a trait of the engine asks for it; nothing is printed from it"
)]
use std::collections::HashSet;
use std::sync::Arc;

use arrow::array::{ArrayRef, BooleanArray};
use arrow::datatypes::Schema;
use datafusion::common::pruning::PruningStatistics;
use datafusion::common::{Column, ScalarValue};
use datafusion::error::{DataFusionError, Result};
use datafusion::physical_expr::PhysicalExpr;
use datafusion::physical_optimizer::pruning::PruningPredicateBuilder;
use parquet::arrow::arrow_reader::statistics::StatisticsConverter;
use parquet::file::metadata::ParquetMetaData;

use crate::checked::CheckedFiles;

/// Places of the files that may hold a row which satisfies the predicate, on the stored schema; all without one.
pub(crate) fn files_that_may_hold(
    files: &CheckedFiles,
    schema: &Arc<Schema>,
    predicate: Option<&Arc<dyn PhysicalExpr>>,
) -> Result<Vec<usize>> {
    let every = 0..files.files().len();
    let Some(predicate) = predicate else { return Ok(every.collect()) };
    let builder = PruningPredicateBuilder::new().with_file_schema(Arc::clone(schema));
    let Some(pruning) = builder.build(Arc::clone(predicate)) else { return Ok(every.collect()) };
    let mut kept = Vec::with_capacity(files.files().len());
    for place in every {
        let file = files.open(place).map_err(|fault| DataFusionError::External(Box::new(fault)))?;
        let groups = RowGroups { schema, metadata: &file.metadata };
        if pruning.prune(&groups)?.into_iter().any(|may_hold| may_hold) {
            kept.push(place);
        }
    }
    Ok(kept)
}

/// The row groups of one file.
struct RowGroups<'a> {
    schema: &'a Schema,
    metadata: &'a ParquetMetaData,
}

impl RowGroups<'_> {
    fn of(
        &self,
        column: &Column,
        read: impl Fn(&StatisticsConverter<'_>) -> parquet::errors::Result<ArrayRef>,
    ) -> Option<ArrayRef> {
        let parquet_schema = self.metadata.file_metadata().schema_descr();
        let converter = StatisticsConverter::try_new(&column.name, self.schema, parquet_schema).ok()?;
        read(&converter).ok()
    }
}

impl PruningStatistics for RowGroups<'_> {
    fn min_values(&self, column: &Column) -> Option<ArrayRef> {
        self.of(column, |converter| converter.row_group_mins(self.metadata.row_groups()))
    }

    fn max_values(&self, column: &Column) -> Option<ArrayRef> {
        self.of(column, |converter| converter.row_group_maxes(self.metadata.row_groups()))
    }

    fn num_containers(&self) -> usize {
        self.metadata.num_row_groups()
    }

    fn null_counts(&self, column: &Column) -> Option<ArrayRef> {
        self.of(column, |converter| {
            converter
                .row_group_null_counts(self.metadata.row_groups())
                .map(|counts| Arc::new(counts) as ArrayRef)
        })
    }

    fn row_counts(&self) -> Option<ArrayRef> {
        None
    }

    #[expect(clippy::disallowed_types, reason = "a trait of the engine asks for it")]
    fn contained(&self, _: &Column, _: &HashSet<ScalarValue>) -> Option<BooleanArray> {
        None
    }
}
