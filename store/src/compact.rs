//! Compaction: the many small files of a day, a month or a year become one, and every answer stays what it was.

use std::fs::File;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use arrow::array::RecordBatch;
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
use crate::error::{disk as disk_error, engine, misfit, parquet};
use crate::footers::Footers;
use crate::layout::{DataFile, FileName, Files, entries};
use crate::levels::{self, COMMITS_MAX, Merge};
use crate::lock::{self, Hold, TableLock};
use crate::parquet_file::{self, FileWriter, Part};
use crate::period::Period;
use crate::purge::{self, Change};
use crate::scan::file_scan;
use crate::spec::{TableSpec, micros};
use crate::{Error, Lake, newest};

/// Files of a table that became one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Compacted {
    /// The table.
    pub table: String,
    /// The period of the file, by `recorded_at`, UTC.
    pub period: Period,
    /// Files that became one.
    pub files: usize,
    /// Rows in it.
    pub rows: u64,
}

/// Held alone by a compaction, together by those who need the files to stay.
const COMPACTION: &str = "_compaction";
/// How long a compaction waits for the writers of a table.
const WAIT: Duration = Duration::from_secs(60);
/// How long it waits for the readers of the files that it replaces.
const READERS_WAIT: Duration = Duration::from_secs(60);
/// Files merged at once; more than these go through a first merge of their own.
const FILES_AT_ONCE: usize = 500;
/// Marks a merge whose files are about to change places, with the table's name after it; locked by the living process.
const MERGING: &str = "merging-";
/// What a poll merges on its way: more is left to the compaction.
const ON_THE_WAY_FILES: usize = 256;
const ON_THE_WAY_BYTES: u64 = 32 << 20;
/// From so many commits on, a poll waits for readers as a compaction does, rather than let them pile up.
const COMMITS_PILED_UP: usize = 8 * COMMITS_MAX;

impl Lake {
    /// Merges what is due in some tables at `now`, so that their files stay few ([`Period`]): commits become days, days
    /// months, months years.
    ///
    /// A merged file holds every commit of its table between the two instants in its footer; readers leave other files
    /// with these commits out, and they are removed once those who read them have finished (a query of more than a minute
    /// may find one gone: run it again). The lake's readers never see a row twice.
    ///
    /// # Errors
    /// [`Error::Locked`] when a writer holds a table for long; [`Error::Disk`], [`Error::Parquet`], [`Error::Engine`].
    pub async fn compact(&self, specs: &[TableSpec], now: Timestamp) -> Result<Vec<Compacted>, Error> {
        self.check_writable()?;
        self.raise_format()?;
        // A backup or a check under way would lose its files.
        let _alone = lock::take(&self.layout().locks(), COMPACTION, Hold::Alone, WAIT)?;
        let settled = self.settled()?;
        self.roll_forward()?;
        let mut done = Vec::new();
        for spec in specs {
            if !self.layout().table(&spec.name).is_dir() {
                continue;
            }
            let _lock = self.lock(&spec.name, WAIT)?;
            // What a writer that died since the roll-forward left must keep its footer until it is recorded.
            self.roll_forward_table(&spec.name)?;
            self.clear_replaced(&spec.name, READERS_WAIT)?;
            // What was merged may be due for the next level at once.
            loop {
                let merges = self.due(&spec.name, settled, now)?;
                if merges.is_empty() {
                    break;
                }
                for merge in merges {
                    done.extend(self.merge(spec, merge, READERS_WAIT, true, None).await?);
                }
            }
        }
        Ok(done)
    }

    /// Merges the commits of tables that have become many since, as part of a poll: a little at a time, and nothing that
    /// would have to wait for somebody. Cheap when nothing is due.
    ///
    /// # Errors
    /// [`Error::Disk`], [`Error::Parquet`], [`Error::Damaged`], [`Error::Engine`].
    pub async fn tidy(&self, specs: &[TableSpec], now: Timestamp) -> Result<Vec<Compacted>, Error> {
        self.check_writable()?;
        let mut many = Vec::new();
        for spec in specs {
            let n_commits = self.layout().commit_names(&spec.name)?.len();
            if n_commits >= COMMITS_MAX {
                many.push((spec, n_commits));
            }
        }
        if many.is_empty() {
            return Ok(Vec::new());
        }
        self.raise_format()?;
        let Ok(_alone) = lock::take(&self.layout().locks(), COMPACTION, Hold::Alone, Duration::ZERO) else {
            return Ok(Vec::new());
        };
        let settled = self.settled()?;
        let mut done = Vec::new();
        for (spec, n_commits) in many {
            // Who writes the table merges it at the end of their own poll.
            let Ok(_lock) = self.lock(&spec.name, Duration::ZERO) else { continue };
            self.roll_forward_table(&spec.name)?;
            let wait = if n_commits < COMMITS_PILED_UP { Duration::ZERO } else { READERS_WAIT };
            self.clear_replaced(&spec.name, wait)?;
            for merge in self.due(&spec.name, settled, now)? {
                if merge.bytes() > ON_THE_WAY_BYTES {
                    continue;
                }
                if let Some(merge) = merge.at_most(ON_THE_WAY_FILES) {
                    done.extend(self.merge(spec, merge, wait, !wait.is_zero(), None).await?);
                }
            }
        }
        Ok(done)
    }

    /// What a compaction at `now` would merge first, table by table: the files that would become one.
    ///
    /// # Errors
    /// [`Error::Disk`], [`Error::Parquet`], [`Error::Damaged`] when the lake cannot be read.
    pub fn compaction_due(
        &self,
        specs: &[TableSpec],
        now: Timestamp,
    ) -> Result<Vec<(String, Period, usize)>, Error> {
        let settled = self.settled()?;
        let mut found = Vec::new();
        for spec in specs {
            let due = self.due(&spec.name, settled, now)?;
            found.extend(due.into_iter().map(|merge| (spec.name.clone(), merge.period, merge.files.len())));
        }
        Ok(found)
    }

    fn due(&self, table: &str, settled: Timestamp, now: Timestamp) -> Result<Vec<Merge>, Error> {
        Ok(levels::plan(&self.layout().files(table, Timestamp::MAX)?, settled, now))
    }

    /// Keeps compactions, backups and checks out until dropped.
    pub(crate) fn alone(&self) -> Result<TableLock, Error> {
        lock::take(&self.layout().locks(), COMPACTION, Hold::Alone, WAIT)
    }

    /// Writes one file of a table anew with its texts changed, under the table's lock.
    pub(crate) async fn rewrite(
        &self,
        spec: &TableSpec,
        file: DataFile,
        change: Change<'_>,
    ) -> Result<(), Error> {
        self.merge(spec, Merge::alone(file), READERS_WAIT, true, Some(change)).await.map(drop)
    }

    /// Holds off compactions until dropped; none where the lake may only be read.
    pub(crate) fn keep_files(&self) -> Result<Option<TableLock>, Error> {
        if !self.is_writable() {
            return Ok(None);
        }
        lock::take(&self.layout().locks(), COMPACTION, Hold::Shared, WAIT).map(Some)
    }

    /// One merge, under the table's lock. Readers of the files are waited for; when they go on for longer, it is `forced`
    /// upon them, or given up (none).
    async fn merge(
        &self,
        spec: &TableSpec,
        merge: Merge,
        wait: Duration,
        forced: bool,
        change: Option<Change<'_>>,
    ) -> Result<Option<Compacted>, Error> {
        let rewritten = |batch: RecordBatch| match change {
            Some(change) => purge::changed(&batch, Some(spec), change).map(|(batch, _)| batch),
            None => Ok(batch),
        };
        let (table, folder) = (spec.name.as_str(), self.layout().table(&spec.name));
        let Some(span) = merge.span() else { return Ok(None) };
        let others = self.layout().files(table, Timestamp::MAX)?;
        if let Some(other) = others.iter().find(|file| file.span.meets(span) && !merge.files.contains(file)) {
            let what =
                format!("{} lies among the files to merge; they are left as they are", other.path.display());
            return Err(misfit(table, what));
        }
        drop(others); // it would hold its own files
        let turn = self.layout().next_turn(table, merge.period)?;
        let target = folder.join(FileName::merged(merge.period, turn));
        let footers = self.layout().footers();
        let schema = every_column(spec, &merge.files, footers)?;
        let aside = Aside::new(&self.spool(), &target)?;
        let mut writer = FileWriter::create_with(spec, &schema, aside.path())?;
        if spec.is_versioned() {
            let mut rows = merged(spec, &schema, &merge.files, footers)?;
            while let Some(batch) = rows.next().await {
                writer.write(&rewritten(batch.map_err(engine("compaction", table))?)?)?;
            }
        } else {
            for file in &merge.files {
                let opened = footers.open(table, file)?;
                for batch in parquet_file::part_of(table, &file.path, opened, Part::default())? {
                    writer.write(&rewritten(parquet_file::conform(table, &batch?, &schema)?)?)?;
                }
            }
        }
        let mut pairs = vec![
            (parquet_file::RECORDED_MIN, micros(span.oldest).to_string()),
            (parquet_file::RECORDED_MAX, micros(span.newest).to_string()),
        ];
        pairs
            .extend(newest::of_files(table, &merge.files, footers)?.map(|json| (parquet_file::NEWEST, json)));
        if let Some(change) = change {
            for (_, text) in &mut pairs {
                *text = change(text).unwrap_or_else(|| std::mem::take(text));
            }
        }
        let rows = writer.finish(&pairs)?;
        disk::step("merge-written");
        // Nobody reads while files change places: those who list the folder themselves see it done within milliseconds.
        let readers_are_out = self.layout().keep_readers_out(wait);
        if readers_are_out.is_none() {
            if !forced {
                return Ok(None);
            }
            tracing::warn!(table, "files that were merged are removed under a query of more than a minute");
        }
        let mark = self.mark_merge(table)?;
        disk::step("merge-begun");
        if !aside.publish(&target)? {
            return Err(misfit(table, format!("{} is there already", target.display())));
        }
        disk::step("merge-published");
        for file in &merge.files {
            disk::remove(&file.path)?;
            footers.forget(&file.path);
        }
        disk::step("merge-removed");
        disk::sync_folder(&folder)?;
        disk::remove(&mark.path)?;
        drop(readers_are_out);
        let (period, files) = (merge.period, merge.files.len());
        tracing::info!(table, %period, files, rows, newest = %span.newest, "compacted");
        Ok(Some(Compacted { table: table.to_owned(), period, files, rows }))
    }

    /// Marks the files of a table as about to change places: whoever opens the lake after a crash finishes it.
    fn mark_merge(&self, table: &str) -> Result<MergeMark, Error> {
        let path = self.layout().locks().join(format!("{MERGING}{table}"));
        let file = File::options().create(true).truncate(false).write(true).open(&path);
        let file = file.map_err(disk_error("create", &path))?;
        file.lock().map_err(disk_error("lock", &path))?;
        Ok(MergeMark { path, _locked: file })
    }

    /// Removes what merges of dead processes left beside the merged file. What somebody reads or writes stays for the next
    /// time: it is left out by readers.
    pub(crate) fn finish_merges(&self) -> Result<(), Error> {
        let locks = self.layout().locks();
        for name in entries(&locks)? {
            let Some(table) = name.strip_prefix(MERGING) else { continue };
            let path = locks.join(&name);
            let Ok(mark) = File::open(&path) else { continue };
            if mark.try_lock().is_err() {
                continue;
            }
            let Ok(_lock) = self.lock(table, Duration::ZERO) else { continue };
            match self.clear_replaced(table, Duration::ZERO) {
                Ok(true) => disk::remove(&path)?,
                Ok(false) => {}
                // Damage is for who reads the table, or for `vigie verify`, to tell.
                Err(fault) => tracing::warn!(table, error = %fault, "files that were merged are still there"),
            }
        }
        Ok(())
    }

    /// Removes files whose rows a merged one holds and that a crash left beside it; whether they are gone. Under the
    /// table's lock.
    fn clear_replaced(&self, table: &str, wait: Duration) -> Result<bool, Error> {
        let paths = self.layout().replaced_files(table)?;
        if paths.is_empty() {
            return Ok(true);
        }
        let readers_are_out = self.layout().keep_readers_out(wait);
        if readers_are_out.is_none() && wait.is_zero() {
            return Ok(false);
        }
        for path in &paths {
            disk::remove(path)?;
        }
        disk::sync_folder(&self.layout().table(table))?;
        Ok(true)
    }
}

/// The file that marks a merge.
struct MergeMark {
    path: PathBuf,
    _locked: File,
}

/// The columns of the table, and those that only its older files have: compaction forgets nothing.
fn every_column(spec: &TableSpec, files: &[DataFile], footers: &Footers) -> Result<SchemaRef, Error> {
    let stored = spec.stored_schema();
    let mut fields: Vec<Arc<Field>> = stored.fields().iter().cloned().collect();
    for file in files {
        let opened = footers.open(&spec.name, file)?;
        let metadata = opened.metadata.file_metadata();
        let schema =
            parquet::arrow::parquet_to_arrow_schema(metadata.schema_descr(), metadata.key_value_metadata())
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
    footers: &Arc<Footers>,
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
    let held = Files::unheld(files.to_vec(), footers);
    let checked = CheckedFiles::new(&spec.name, held).map_err(fault())?;
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
