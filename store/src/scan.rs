//! Scans of a table's Parquet files by the engine.

use std::sync::Arc;

use arrow::datatypes::SchemaRef;
use datafusion::common::config::TableParquetOptions;
use datafusion::datasource::listing::PartitionedFile;
use datafusion::datasource::physical_plan::parquet::ParquetFileReaderFactory;
use datafusion::datasource::physical_plan::{FileGroup, FileScanConfigBuilder, ParquetSource};
use datafusion::datasource::source::DataSourceExec;
use datafusion::error::Result;
use datafusion::physical_expr::PhysicalExpr;
use datafusion::physical_plan::ExecutionPlan;

use crate::checked::CheckedFiles;
use crate::engine::lake_url;

/// Rows that need not be read.
pub(crate) struct Skip {
    /// They fail it. Row groups and pages that cannot hold another row are not read.
    pub(crate) predicate: Arc<dyn PhysicalExpr>,
    /// Whether most rows are expected to: then single rows are skipped as well.
    pub(crate) drops_most: bool,
}

/// A scan of whole files in `groups` partitions (each keeps the order of its files), giving the columns at
/// `projection`. What may be skipped may also be given: the predicate must be applied again.
/// A column that a file is too old to have is null.
pub(crate) fn file_scan(
    schema: &SchemaRef,
    files: &Arc<CheckedFiles>,
    groups: usize,
    projection: Vec<usize>,
    skip: Option<Skip>,
    limit: Option<usize>,
) -> Result<Arc<dyn ExecutionPlan>> {
    let mut options = TableParquetOptions::default();
    options.global.schema_force_view_types = false;
    // Columns of rows that fail are not decoded; it costs more than it saves when most rows pass.
    options.global.pushdown_filters = skip.as_ref().is_some_and(|skip| skip.drops_most);
    // Row groups need no bloom filter here: none is written.
    options.global.bloom_filter_on_read = false;
    let checked: Arc<dyn ParquetFileReaderFactory> = Arc::<CheckedFiles>::clone(files);
    let mut source = ParquetSource::new(Arc::clone(schema))
        .with_table_parquet_options(options)
        .with_parquet_file_reader_factory(checked);
    if let Some(Skip { predicate, .. }) = skip {
        source = source.with_predicate(predicate);
    }
    let files: Vec<PartitionedFile> =
        files.files().iter().map(CheckedFiles::partitioned).collect::<Result<_>>()?;
    let per_group = files.len().div_ceil(groups.max(1)).max(1);
    let groups = files.chunks(per_group).map(|files| FileGroup::new(files.to_vec())).collect();
    let config = FileScanConfigBuilder::new(lake_url()?, Arc::new(source))
        .with_file_groups(groups)
        .with_projection_indices(Some(projection))?
        .with_limit(limit)
        // Else a partition may take over the files of another, and a merge of partitions would mix versions up.
        .with_preserve_order(true)
        .build();
    Ok(DataSourceExec::from_data_source(config))
}
