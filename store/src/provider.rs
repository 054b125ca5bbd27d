//! The tables of the lake as the engine sees them: `<t>` as of T, and every row (`<t>_versions`, logs).

use std::sync::Arc;

use arrow::datatypes::SchemaRef;
use async_trait::async_trait;
use datafusion::catalog::{Session, TableProvider};
use datafusion::common::tree_node::{TreeNode, TreeNodeRecursion};
use datafusion::common::{DataFusionError, ToDFSchema};
use datafusion::datasource::TableType;
use datafusion::error::Result;
use datafusion::logical_expr::utils::conjunction;
use datafusion::logical_expr::{Expr, TableProviderFilterPushDown};
use datafusion::physical_expr::expressions::Column;
use datafusion::physical_expr::utils::reassign_expr_columns;
use datafusion::physical_plan::ExecutionPlan;
use datafusion::physical_plan::empty::EmptyExec;
use datafusion::physical_plan::filter::FilterExec;
use datafusion::physical_plan::projection::{ProjectionExec, ProjectionExpr};

use crate::as_of::{LatestPerKeyExec, Request, recorded_filter};
use crate::checked::CheckedFiles;
use crate::layout::Layout;
use crate::scan::{Skip, file_scan};
use crate::spec::{AsOf, RECORDED, TableSpec};

fn external(fault: crate::Error) -> DataFusionError {
    DataFusionError::External(Box::new(fault))
}

/// The newest version of each key as of T. The files are listed at each scan.
#[derive(Debug)]
pub(crate) struct AsOfTable {
    layout: Layout,
    spec: TableSpec,
    as_of: AsOf,
    schema: SchemaRef,
}

impl AsOfTable {
    pub(crate) fn new(layout: Layout, spec: TableSpec, as_of: AsOf) -> Self {
        let schema = spec.view_schema();
        Self { layout, spec, as_of, schema }
    }

    /// Only a filter on the key may go below the choice of the newest version: one on a value would bring an older
    /// version back to light.
    fn is_on_key(&self, filter: &Expr) -> bool {
        if filter.is_volatile() {
            return false;
        }
        let mut fits = true;
        let walked = filter.apply(|part| {
            fits &= match part {
                Expr::Column(column) => self.spec.key.contains(&column.name),
                Expr::ScalarSubquery(_)
                | Expr::InSubquery(_)
                | Expr::Exists(_)
                | Expr::SetComparison(_)
                | Expr::OuterReferenceColumn(..)
                | Expr::Placeholder(_)
                | Expr::ScalarVariable(..) => false,
                _ => true,
            };
            Ok(if fits { TreeNodeRecursion::Continue } else { TreeNodeRecursion::Stop })
        });
        walked.is_ok() && fits
    }
}

#[async_trait]
impl TableProvider for AsOfTable {
    fn schema(&self) -> SchemaRef {
        Arc::clone(&self.schema)
    }

    fn table_type(&self) -> TableType {
        TableType::View
    }

    fn supports_filters_pushdown(&self, filters: &[&Expr]) -> Result<Vec<TableProviderFilterPushDown>> {
        let fits = |filter: &&Expr| match self.is_on_key(filter) {
            true => TableProviderFilterPushDown::Exact,
            false => TableProviderFilterPushDown::Unsupported,
        };
        Ok(filters.iter().map(fits).collect())
    }

    async fn scan(
        &self,
        state: &dyn Session,
        projection: Option<&Vec<usize>>,
        filters: &[Expr],
        _limit: Option<usize>,
    ) -> Result<Arc<dyn ExecutionPlan>> {
        let all: Vec<usize> = (0..self.schema.fields().len()).collect();
        let projected = self.schema.project(projection.unwrap_or(&all))?;
        let files = self.layout.files(&self.spec.name, self.as_of.recorded).map_err(external)?;
        if files.is_empty() {
            return Ok(Arc::new(EmptyExec::new(Arc::new(projected))));
        }
        let stored = self.spec.stored_schema().to_dfschema()?;
        let key_filter = conjunction(filters.to_vec())
            .map(|filter| state.create_physical_expr(filter, &stored))
            .transpose()?;
        Ok(Arc::new(LatestPerKeyExec::new(Request {
            spec: &self.spec,
            files,
            as_of: self.as_of,
            columns: projected.fields().iter().map(|field| field.name().clone()).collect(),
            key_filter,
            partitions: state.config().target_partitions(),
            keep_withdrawn: false,
        })?))
    }
}

/// Every row recorded up to R: all versions of a table, or a log.
#[derive(Debug)]
pub(crate) struct EveryRow {
    layout: Layout,
    spec: TableSpec,
    recorded: jiff::Timestamp,
    schema: SchemaRef,
}

impl EveryRow {
    pub(crate) fn new(layout: Layout, spec: TableSpec, recorded: jiff::Timestamp) -> Self {
        let schema = spec.stored_schema();
        Self { layout, spec, recorded, schema }
    }
}

#[async_trait]
impl TableProvider for EveryRow {
    fn schema(&self) -> SchemaRef {
        Arc::clone(&self.schema)
    }

    fn table_type(&self) -> TableType {
        TableType::Base
    }

    async fn scan(
        &self,
        state: &dyn Session,
        projection: Option<&Vec<usize>>,
        _filters: &[Expr],
        limit: Option<usize>,
    ) -> Result<Arc<dyn ExecutionPlan>> {
        let all: Vec<usize> = (0..self.schema.fields().len()).collect();
        let projection = projection.unwrap_or(&all);
        let files = self.layout.files(&self.spec.name, self.recorded).map_err(external)?;
        if files.is_empty() {
            return Ok(Arc::new(EmptyExec::new(Arc::new(self.schema.project(projection)?))));
        }
        let groups = state.config().target_partitions().min(files.len());
        let recorded = recorded_filter(&self.schema, &files, self.recorded)?;
        let files = CheckedFiles::new(&self.spec.name, files)?;
        let Some(recorded) = recorded else {
            return file_scan(&self.schema, &files, groups, projection.clone(), None, limit);
        };
        // A compacted month of which only a part is old enough.
        let at = self.schema.index_of(RECORDED)?;
        let mut scanned = projection.clone();
        if !scanned.contains(&at) {
            scanned.push(at);
        }
        let skip = Skip { predicate: Arc::clone(&recorded), drops_most: false };
        let scan = file_scan(&self.schema, &files, groups, scanned, Some(skip), None)?;
        let recorded = reassign_expr_columns(recorded, &scan.schema())?;
        let filter: Arc<dyn ExecutionPlan> = Arc::new(FilterExec::try_new(recorded, scan)?);
        let columns = projection.iter().enumerate().map(|(position, at)| {
            let name = self.schema.field(*at).name();
            ProjectionExpr { expr: Arc::new(Column::new(name, position)), alias: name.clone() }
        });
        Ok(Arc::new(ProjectionExec::try_new(columns.collect::<Vec<_>>(), filter)?))
    }
}
