//! Compaction: the many small files of a closed month become one, and every answer stays what it was.

use std::sync::Arc;
use std::time::Duration;

use arrow::datatypes::{Field, Schema, SchemaRef};
use datafusion::execution::SendableRecordBatchStream;
use datafusion::execution::memory_pool::MemoryConsumer;
use datafusion::physical_expr::expressions::Column;
use datafusion::physical_expr::{LexOrdering, PhysicalSortExpr};
use datafusion::physical_plan::metrics::{BaselineMetrics, ExecutionPlanMetricsSet};
use datafusion::physical_plan::sorts::streaming_merge::StreamingMergeBuilder;
use futures::StreamExt;
use jiff::Timestamp;

use crate::checked::CheckedFiles;
use crate::disk::{self, Aside};
use crate::error::{engine, misfit, parquet};
use crate::layout::{DataFile, FileName, Month};
use crate::lock::{self, Hold, TableLock};
use crate::parquet_file::{self, FileWriter};
use crate::scan::file_scan;
use crate::spec::{TableSpec, from_micros, micros};
use crate::{Error, Lake};

/// A month of a table that was compacted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Compacted {
    /// The table.
    pub table: String,
    /// The month, by `recorded_at`, UTC.
    pub month: Month,
    /// Files that became one.
    pub files: usize,
    /// Rows in it.
    pub rows: u64,
}

/// Held alone by a compaction, together by those who need the files to stay.
const COMPACTION: &str = "_compaction";
/// How long a compaction waits for the writers of a table.
const WAIT: Duration = Duration::from_secs(60);
/// Files merged at once; more than these go through a first merge of their own.
const FILES_AT_ONCE: usize = 500;

impl Lake {
    /// Merges the files of each month before `before` (by `recorded_at`, UTC) into one file per table and month.
    ///
    /// The new file appears first, its footer naming the files it replaces, which readers then leave out; these are
    /// removed once those who read them have finished (a query of more than a minute may find one gone: run it again).
    /// The lake's readers never see a row twice.
    ///
    /// # Errors
    /// [`Error::Locked`] when a writer holds a table for long; [`Error::Disk`], [`Error::Parquet`], [`Error::Engine`].
    pub async fn compact(&self, specs: &[TableSpec], before: Month) -> Result<Vec<Compacted>, Error> {
        self.check_writable()?;
        // A backup or a check under way would lose its files.
        let _alone = lock::take(&self.layout().locks(), COMPACTION, Hold::Alone, WAIT)?;
        self.bury_dead()?;
        self.roll_forward()?;
        // A month that a commit under way belongs to is not closed.
        let before = self.pending_month()?.map_or(before, |pending| pending.min(before));
        let mut done = Vec::new();
        for spec in specs {
            if !self.layout().table(&spec.name).is_dir() {
                continue;
            }
            let _lock = self.lock(&spec.name, WAIT)?;
            // What a writer that died since the roll-forward left must keep its footer until it is recorded.
            self.roll_forward_table(&spec.name)?;
            self.clear_superseded(&spec.name)?;
            let files = self.layout().files(&spec.name, Timestamp::MAX)?.to_vec();
            let mut months: Vec<Month> =
                files.iter().map(DataFile::month).filter(|month| *month < before).collect();
            months.sort_unstable();
            months.dedup();
            for month in months {
                let files: Vec<DataFile> =
                    files.iter().filter(|file| file.month() == month).cloned().collect();
                if files.len() > 1 {
                    done.push(self.compact_month(spec, month, &files).await?);
                }
            }
        }
        Ok(done)
    }

    /// Holds off compactions until dropped; none where the lake may only be read.
    pub(crate) fn keep_files(&self) -> Result<Option<TableLock>, Error> {
        if !self.is_writable() {
            return Ok(None);
        }
        lock::take(&self.layout().locks(), COMPACTION, Hold::Shared, WAIT).map(Some)
    }

    async fn compact_month(
        &self,
        spec: &TableSpec,
        month: Month,
        files: &[DataFile],
    ) -> Result<Compacted, Error> {
        let folder = self.layout().table(&spec.name);
        let mut turn = 1;
        let mut replaces: Vec<String> = Vec::new();
        let mut newest = i64::MIN;
        for file in files {
            match &file.name {
                FileName::Month(_, earlier) => {
                    turn = turn.max(earlier + 1);
                    replaces.push(FileName::of_month(month, *earlier));
                    replaces.extend(parquet_file::replaced_names(&spec.name, &file.path)?);
                    let recorded = parquet_file::recorded_max(&spec.name, &file.path)?;
                    newest = newest.max(recorded.map_or(i64::MIN, micros));
                }
                FileName::Commit { recorded, id } => {
                    replaces.push(FileName::commit(&spec.name, *recorded, id)?);
                    newest = newest.max(micros(*recorded));
                }
            }
        }
        replaces.sort_unstable();
        let target = folder.join(FileName::of_month(month, turn));
        let schema = every_column(spec, files)?;
        let aside = Aside::beside(&target)?;
        let mut writer = FileWriter::create_with(spec, &schema, aside.path())?;
        if spec.is_versioned() {
            let mut rows = merged(spec, &schema, files)?;
            while let Some(batch) = rows.next().await {
                writer.write(&batch.map_err(engine("compaction", &spec.name))?)?;
            }
        } else {
            for file in files {
                for batch in parquet_file::reader(&spec.name, &file.path)? {
                    writer.write(&parquet_file::conform(&spec.name, &batch?, &schema)?)?;
                }
            }
        }
        let names =
            serde_json::to_string(&replaces).map_err(|fault| misfit(&spec.name, fault.to_string()))?;
        let rows = writer
            .finish(&[(parquet_file::REPLACES, names), (parquet_file::RECORDED_MAX, newest.to_string())])?;
        disk::step("month-written");
        if !aside.publish(&target)? {
            return Err(misfit(&spec.name, format!("{} is there already", target.display())));
        }
        disk::step("month-published");
        let readers_are_gone = self.layout().wait_for_readers();
        for file in files {
            disk::remove(&file.path)?;
        }
        drop(readers_are_gone);
        disk::sync_folder(&folder)?;
        tracing::info!(table = spec.name, %month, files = files.len(), rows, newest = %from_micros(newest), "compacted");
        Ok(Compacted { table: spec.name.clone(), month, files: files.len(), rows })
    }

    /// Removes files that a compacted month replaces and that a crash left beside it. Under the table's lock.
    pub(crate) fn clear_superseded(&self, table: &str) -> Result<(), Error> {
        let folder = self.layout().table(table);
        let names = self.layout().superseded_names(table)?;
        if names.is_empty() {
            return Ok(());
        }
        let readers_are_gone = self.layout().wait_for_readers();
        for name in &names {
            disk::remove(&folder.join(name))?;
        }
        drop(readers_are_gone);
        disk::sync_folder(&folder)
    }
}

/// The columns of the table, and those that only its older files have: compaction forgets nothing.
fn every_column(spec: &TableSpec, files: &[DataFile]) -> Result<SchemaRef, Error> {
    let stored = spec.stored_schema();
    let mut fields: Vec<Arc<Field>> = stored.fields().iter().cloned().collect();
    for file in files {
        let metadata = parquet_file::metadata(&spec.name, &file.path)?;
        let schema = parquet::arrow::parquet_to_arrow_schema(
            metadata.file_metadata().schema_descr(),
            metadata.file_metadata().key_value_metadata(),
        )
        .map_err(parquet("read the schema of", &spec.name, &file.path))?;
        for field in schema.fields() {
            if !fields.iter().any(|known| known.name() == field.name()) {
                fields.push(Arc::new(field.as_ref().clone().with_nullable(true)));
            }
        }
    }
    Ok(Arc::new(Schema::new(fields)))
}

/// All rows of some files, by key and version.
fn merged(
    spec: &TableSpec,
    schema: &SchemaRef,
    files: &[DataFile],
) -> Result<SendableRecordBatchStream, Error> {
    let fault = || engine::<datafusion::error::DataFusionError>("compaction", &spec.name);
    let columns: Vec<usize> = (0..schema.fields().len()).collect();
    let context = crate::engine::task_context();
    let order: Result<Vec<PhysicalSortExpr>, Error> = spec
        .sort_columns()
        .iter()
        .map(|name| {
            Column::new_with_schema(name, schema)
                .map(|column| PhysicalSortExpr::new_default(Arc::new(column)))
        })
        .collect::<Result<_, _>>()
        .map_err(fault());
    let Some(order) = LexOrdering::new(order?) else {
        return Err(misfit(&spec.name, "the table has no key"));
    };
    let merge = |streams: Vec<SendableRecordBatchStream>| {
        StreamingMergeBuilder::new()
            .with_streams(streams)
            .with_schema(Arc::clone(schema))
            .with_expressions(&order)
            .with_metrics(BaselineMetrics::new(&ExecutionPlanMetricsSet::new(), 0))
            .with_batch_size(context.session_config().batch_size())
            .with_reservation(MemoryConsumer::new("compaction").register(context.memory_pool()))
            .build()
            .map_err(fault())
    };
    let checked = CheckedFiles::new(&spec.name, files.to_vec().into()).map_err(fault())?;
    let scan = file_scan(schema, &checked, files.len(), columns, None, None).map_err(fault())?;
    let mut streams = Vec::with_capacity(files.len().div_ceil(FILES_AT_ONCE));
    for first in (0..files.len()).step_by(FILES_AT_ONCE) {
        let some = (first..files.len().min(first + FILES_AT_ONCE))
            .map(|file| scan.execute(file, Arc::clone(&context)).map_err(fault()))
            .collect::<Result<Vec<_>, Error>>()?;
        streams.push(merge(some)?);
    }
    merge(streams)
}
