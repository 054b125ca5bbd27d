//! Commits: what is written to the tables, and in which order.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use arrow::array::{ArrayRef, RecordBatch, TimestampMicrosecondArray};
use arrow::datatypes::{Field, Schema};
use jiff::Timestamp;

use crate::compare::Under;
use crate::disk::{self, Aside};
use crate::draft::Draft;
use crate::error::misfit;
use crate::lake::check_name;
use crate::layout::{FileName, PENDING};
use crate::lock::TableLock;
use crate::parquet_file::{self, FileWriter};
use crate::record::{FetchRecord, FindingRecord};
use crate::spec::{RECORDED, TableSpec, micros};
use crate::{Change, Error, Lake, Spared, Stamp, tables};

/// What was added to a derived table.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Appended {
    /// Rows that are new or changed.
    pub rows_changed: u64,
    /// Keys that a table whose runs repeat every key no longer has.
    pub rows_withdrawn: u64,
}

/// A run that fills a derived table.
#[derive(Debug, Clone, Copy)]
pub struct Run<'a> {
    /// The issue that it computed from.
    pub issued_at: Timestamp,
    /// When what it says is recorded.
    pub stamp: &'a Stamp,
    /// Name of what it writes.
    pub id: &'a str,
}

impl Lake {
    /// Commits what a fetch changed: the data file (with the record in its footer), then its findings, then its row in
    /// `fetches`, all recorded at the stamp of the change. Once the data file is there the fetch is applied; a crash
    /// after that is mended at the next [`Lake::open`]. Committing the same `fetch_id` again only completes it.
    ///
    /// `recorded_at` and the row counts of the record are those of the change. Gives the record as committed.
    ///
    /// # Errors
    /// [`Error::Misfit`] when lock, table and record do not go together; [`Error::Disk`] or [`Error::Parquet`] when
    /// the disk refuses: nothing of the fetch is visible then, unless only its findings or its row are missing.
    pub async fn commit_fetch(
        &self,
        lock: &TableLock,
        spec: &TableSpec,
        change: Change,
        fetch: &FetchRecord,
        findings: &[FindingRecord],
    ) -> Result<FetchRecord, Error> {
        self.check_lock(lock, spec)?;
        if fetch.source != spec.name {
            return Err(misfit(&spec.name, format!("the fetch is of the source {:?}", fetch.source)));
        }
        if let Some(done) = self.committed(&spec.name, &fetch.fetch_id)? {
            self.complete(&done, findings)?;
            return Ok(done);
        }
        let Change { rows_changed, rows_withdrawn, draft, stamp, .. } = change;
        let Some(stamp) = stamp else { return Err(misfit(&spec.name, "the change has no stamp of its own")) };
        let recorded_at = stamp.recorded_at();
        let record = FetchRecord { recorded_at, rows_changed, rows_withdrawn, ..fetch.clone() };
        if draft.rows() == 0 {
            return self.record_under(&stamp, record, findings);
        }
        self.layout().check_later("fetches", recorded_at)?;
        let _findings_lock = self.share("findings")?;
        let pending = self.prepare_findings(&record, findings)?;
        disk::step("findings-prepared");
        let json = serde_json::to_string(&record).map_err(|fault| misfit(&spec.name, fault.to_string()))?;
        stamp.begin();
        draft.publish(&[(parquet_file::RECORD, json)])?;
        disk::step("data-committed");
        self.publish_findings(&record, pending)?;
        disk::step("findings-published");
        self.write_fetch_row(&record)?;
        disk::step("fetch-recorded");
        stamp.end();
        Ok(record)
    }

    /// Records a fetch that changed nothing: unchanged, stale, held, rejected or failed. It is recorded at a stamp of
    /// its own, `fetch.recorded_at` being the present.
    ///
    /// # Errors
    /// [`Error::Disk`] or [`Error::Parquet`] when the disk refuses; [`Error::Locked`] when a compaction of the log
    /// lasts.
    pub async fn record_fetch(&self, fetch: &FetchRecord, findings: &[FindingRecord]) -> Result<(), Error> {
        check_name(&fetch.source)?;
        let stamp = self.stamp(fetch.recorded_at)?;
        // What a poll was about to change when it failed did not change.
        let recorded_at = stamp.recorded_at();
        let record = FetchRecord { recorded_at, rows_changed: 0, rows_withdrawn: 0, ..fetch.clone() };
        self.record_under(&stamp, record, findings).map(drop)
    }

    fn record_under(
        &self,
        stamp: &Stamp,
        record: FetchRecord,
        findings: &[FindingRecord],
    ) -> Result<FetchRecord, Error> {
        self.layout().check_later("fetches", record.recorded_at)?;
        let _findings_lock = self.share("findings")?;
        let pending = self.prepare_findings(&record, findings)?;
        stamp.begin();
        self.write_fetch_row(&record)?;
        disk::step("fetch-recorded");
        self.publish_findings(&record, pending)?;
        stamp.end();
        Ok(record)
    }

    /// Adds to a derived table the rows that are new or changed against its state as of `issued_at`. The rows must
    /// be sorted by key, without duplicate; they are taken one batch after the other, as they are made. What a table whose
    /// runs repeat every key no longer has is withdrawn, but for the rows that are spared. No file is written when nothing
    /// changed. An id may be used once under a stamp and table. Gives the counts.
    ///
    /// # Errors
    /// As [`Lake::compare`] and [`Lake::commit_fetch`].
    pub async fn append_run<E: Into<Box<dyn std::error::Error + Send + Sync>>>(
        &self,
        lock: &TableLock,
        spec: &TableSpec,
        batches: impl IntoIterator<Item = Result<RecordBatch, E>>,
        spared: &Spared<'_>,
        run: Run<'_>,
    ) -> Result<Appended, Error> {
        self.check_lock(lock, spec)?;
        let Run { issued_at, stamp, id } = run;
        let under = Under { issued_at, recorded_at: stamp.recorded_at(), id };
        let change = self.compare_derived(spec, batches, spared, under).await?;
        let appended = Appended { rows_changed: change.rows_changed, rows_withdrawn: change.rows_withdrawn };
        change.draft.publish(&[])?;
        Ok(appended)
    }

    /// [`Lake::append_run`] of rows that are there already, none being spared.
    ///
    /// # Errors
    /// As [`Lake::append_run`].
    pub async fn append_versions(
        &self,
        lock: &TableLock,
        spec: &TableSpec,
        batches: &[RecordBatch],
        issued_at: Timestamp,
        stamp: &Stamp,
        id: &str,
    ) -> Result<Appended, Error> {
        let batches = batches.iter().cloned().map(Ok::<_, std::convert::Infallible>);
        self.append_run(lock, spec, batches, &Spared::default(), Run { issued_at, stamp, id }).await
    }

    /// Adds rows to a log, in one file named after `id`, at a stamp of its own, `now` being the present.
    ///
    /// # Errors
    /// [`Error::Misfit`] when the batches do not fit, [`Error::Disk`] or [`Error::Parquet`] when the disk refuses.
    pub async fn append(
        &self,
        spec: &TableSpec,
        batches: &[RecordBatch],
        now: Timestamp,
        id: &str,
    ) -> Result<(), Error> {
        self.append_under(&self.stamp(now)?, spec, batches, id).await
    }

    /// Adds rows to a log under a stamp. A column `recorded_at` takes the instant of the stamp. Adding the same id again
    /// under the same stamp does nothing.
    ///
    /// # Errors
    /// As [`Lake::append`].
    pub async fn append_under(
        &self,
        stamp: &Stamp,
        spec: &TableSpec,
        batches: &[RecordBatch],
        id: &str,
    ) -> Result<(), Error> {
        check_name(&spec.name)?;
        if spec.is_versioned() {
            return Err(misfit(&spec.name, "versions are added with append_versions, under a lock"));
        }
        if batches.iter().all(|batch| batch.num_rows() == 0) {
            return Ok(());
        }
        let _lock = self.share(&spec.name)?;
        let target = self.target(&spec.name, stamp.recorded_at(), id)?;
        self.layout().check_later(&spec.name, stamp.recorded_at())?;
        self.write_log(spec, batches, stamp.recorded_at(), &target)
    }

    fn check_lock(&self, lock: &TableLock, spec: &TableSpec) -> Result<(), Error> {
        check_name(&spec.name)?;
        if !spec.is_versioned() {
            return Err(misfit(&spec.name, "a log has no versions; use append"));
        }
        if lock.table() != spec.name {
            return Err(misfit(&spec.name, format!("the lock is of the table {:?}", lock.table())));
        }
        Ok(())
    }

    fn target(&self, table: &str, recorded_at: Timestamp, id: &str) -> Result<PathBuf, Error> {
        Ok(self.layout().table(table).join(FileName::commit(table, recorded_at, id)?))
    }

    /// The record of a fetch whose data file is there.
    fn committed(&self, table: &str, id: &str) -> Result<Option<FetchRecord>, Error> {
        for name in self.layout().commit_names(table)? {
            if matches!(FileName::parse(&name), Some(FileName::Commit { id: found, .. }) if found == id) {
                return self.footer_record(table, &self.layout().table(table).join(name));
            }
        }
        Ok(None)
    }

    /// The record in the footer of a data file; none in the files of derived tables.
    pub(crate) fn footer_record(&self, table: &str, path: &Path) -> Result<Option<FetchRecord>, Error> {
        let pairs = parquet_file::pairs_in(table, path)?;
        let Some(json) = pairs.get(parquet_file::RECORD) else { return Ok(None) };
        serde_json::from_str(json).map(Some).map_err(|fault| Error::Damaged {
            table: table.to_owned(),
            path: path.to_path_buf(),
            what: format!("the record of its fetch cannot be read: {fault}"),
        })
    }

    /// Writes what a fetch with its data file in place may still lack.
    fn complete(&self, record: &FetchRecord, findings: &[FindingRecord]) -> Result<(), Error> {
        let _findings_lock = self.share("findings")?;
        let pending = self.prepare_findings(record, findings)?;
        self.publish_findings(record, pending)?;
        self.write_fetch_row(record)
    }

    fn prepare_findings(
        &self,
        fetch: &FetchRecord,
        findings: &[FindingRecord],
    ) -> Result<Option<PathBuf>, Error> {
        // Merged findings are published ones.
        if findings.is_empty() || self.layout().is_merged("findings", fetch.recorded_at)? {
            return Ok(None);
        }
        let name = FileName::commit("findings", fetch.recorded_at, &fetch.fetch_id)?;
        let pending = self.layout().table("findings").join(format!("{PENDING}{}-{name}", fetch.source));
        disk::remove(&pending)?;
        let spec = tables::findings();
        self.write_log(&spec, &[FindingRecord::batch(findings)?], fetch.recorded_at, &pending)?;
        Ok(Some(pending))
    }

    fn publish_findings(&self, fetch: &FetchRecord, pending: Option<PathBuf>) -> Result<(), Error> {
        let Some(pending) = pending else { return Ok(()) };
        let target = self.target("findings", fetch.recorded_at, &fetch.fetch_id)?;
        disk::link_if_absent(&pending, &target)?;
        disk::remove(&pending)?;
        disk::sync_folder(&self.layout().table("findings"))
    }

    pub(crate) fn write_fetch_row(&self, record: &FetchRecord) -> Result<(), Error> {
        let _lock = self.share("fetches")?;
        // Only what is recorded is merged.
        if self.layout().is_merged("fetches", record.recorded_at)? {
            return Ok(());
        }
        let target = self.target("fetches", record.recorded_at, &record.fetch_id)?;
        let batch = FetchRecord::batch(std::slice::from_ref(record))?;
        self.write_log(&tables::fetches(), &[batch], record.recorded_at, &target)
    }

    fn write_log(
        &self,
        spec: &TableSpec,
        batches: &[RecordBatch],
        recorded_at: Timestamp,
        target: &Path,
    ) -> Result<(), Error> {
        let stored = spec.stored_schema();
        let aside = Aside::new(&self.layout().spool(), target)?;
        let mut writer = FileWriter::create(spec, aside.path())?;
        for batch in batches.iter().filter(|batch| batch.num_rows() > 0) {
            let batch = recorded(spec, batch, recorded_at)?;
            check_columns(spec, &batch)?;
            writer.write(&parquet_file::conform(&spec.name, &batch, &stored)?)?;
        }
        writer.finish(&[])?;
        aside.publish(target)?;
        Ok(())
    }

    /// Writes versions (key, values, `issued_at`, `withdrawn`; sorted) as one commit, without comparing them to
    /// anything: the quick way to fill a lake for a bench. Normal writers use [`Lake::commit_fetch`] or
    /// [`Lake::append_versions`].
    ///
    /// # Errors
    /// [`Error::Misfit`] when the batches do not fit or the name is taken, [`Error::Disk`] or [`Error::Parquet`].
    pub fn write_versions(
        &self,
        spec: &TableSpec,
        batches: &[RecordBatch],
        recorded_at: Timestamp,
        id: &str,
    ) -> Result<(), Error> {
        let mut draft = Draft::new(self.layout(), spec, recorded_at, id)?;
        for batch in batches {
            draft.write(batch)?;
        }
        draft.publish(&[])?;
        // What has no stamp would never count as settled.
        if self.newest_mark()? < Some(recorded_at) { self.mark(recorded_at) } else { Ok(()) }
    }
}

fn check_columns(spec: &TableSpec, batch: &RecordBatch) -> Result<(), Error> {
    let stored = spec.stored_schema();
    for field in batch.schema().fields() {
        if stored.field_with_name(field.name()).is_err() {
            return Err(misfit(&spec.name, format!("column {:?} is not one of the table", field.name())));
        }
    }
    for field in spec.schema.fields() {
        if batch.column_by_name(field.name()).is_none() {
            return Err(misfit(&spec.name, format!("column {:?} is missing", field.name())));
        }
    }
    Ok(())
}

pub(crate) fn instants(at: Timestamp, rows: usize) -> ArrayRef {
    Arc::new(TimestampMicrosecondArray::from_value(micros(at), rows).with_timezone("UTC"))
}

/// A batch of a log with the instant of its commit.
fn recorded(spec: &TableSpec, batch: &RecordBatch, at: Timestamp) -> Result<RecordBatch, Error> {
    let column = instants(at, batch.num_rows());
    let mut fields: Vec<Arc<Field>> = batch.schema().fields().iter().cloned().collect();
    let mut columns = batch.columns().to_vec();
    let field = Arc::new(Field::new(RECORDED, column.data_type().clone(), true));
    match batch.schema().index_of(RECORDED) {
        Ok(position) => (fields[position], columns[position]) = (field, column),
        Err(_) => {
            fields.push(field);
            columns.push(column);
        }
    }
    RecordBatch::try_new(Arc::new(Schema::new(fields)), columns)
        .map_err(|fault| misfit(&spec.name, fault.to_string()))
}
