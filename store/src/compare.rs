//! What an edition changes: a merge of two streams sorted by key, the edition and the state it is issued into. The
//! changed rows go straight into the file of the commit to come, so that memory does not grow with the edition.

use std::cmp::Ordering;
use std::collections::BTreeSet;
use std::sync::Arc;

use arrow::array::RecordBatch;
use arrow::datatypes::SchemaRef;
use arrow::row::{OwnedRow, Row};
use datafusion::execution::SendableRecordBatchStream;
use datafusion::physical_plan::ExecutionPlan;
use jiff::Timestamp;

use crate::as_of::{LatestPerKeyExec, Request};
use crate::disk::Aside;
use crate::draft::Draft;
use crate::error::{engine, misfit};
use crate::merge::{Converters, Picks, Says, Source, State, change_schema, check_order};
use crate::parquet_file::{self, conform};
use crate::spec::{AsOf, ISSUED, TableKind, TableSpec, WITHDRAWN, micros};
use crate::{Error, Lake, Stamp};

/// What an edition changes in a table: counts, and a file that waits for its commit. Dropping it discards the file.
#[derive(Debug)]
pub struct Change {
    /// Rows that are new or changed, and those that keep later editions what they were (see [`Lake::compare`]).
    pub rows_changed: u64,
    /// Keys that a snapshot no longer gives.
    pub rows_withdrawn: u64,
    /// Keys that stay what they were, as their rows could not be used.
    pub rows_spared: u64,
    /// Keys alive in the state the edition was compared to.
    pub keys_known: u64,
    /// Of these, keys that the edition gives again.
    pub keys_again: u64,
    /// Of these, keys whose values differ.
    pub keys_revised: u64,
    /// Newest `issued_at` of the table's rows and applied fetches, whatever the edition's.
    pub latest_issued_at: Option<Timestamp>,
    /// When it will have been recorded.
    pub recorded_at: Timestamp,
    pub(crate) draft: Draft,
    /// Pending as long as the change may be committed; none for a change of a transaction.
    pub(crate) stamp: Option<Stamp>,
}

impl Change {
    /// Whether there is nothing to commit.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.draft.rows() == 0
    }
}

/// Whether editions say nothing of a row by leaving it out; the row is told by its batch and its place in it.
pub type IsSilentOn<'a> = &'a (dyn Fn(&RecordBatch, usize) -> bool + Send + Sync);

/// Keys that a snapshot does not withdraw by leaving them out: they stay what they were.
#[derive(Default)]
pub struct Spared<'a> {
    /// Keys given in rows that cannot be used: batches that begin with the key columns of the table.
    pub keys: Vec<RecordBatch>,
    /// They are not all known: nothing is withdrawn.
    pub every_key: bool,
    /// Rows that editions say nothing of by leaving them out, such as those that only the run of their day knows.
    pub is_silent_on: Option<IsSilentOn<'a>>,
}

impl Spared<'_> {
    fn is_silent_on(&self, batch: &RecordBatch, row: usize) -> bool {
        self.is_silent_on.is_some_and(|is_silent_on| is_silent_on(batch, row))
    }

    /// The keys, as rows that compare with those of the state.
    fn rows(&self, table: &str, converters: &Converters) -> Result<BTreeSet<OwnedRow>, Error> {
        let mut rows = BTreeSet::new();
        for batch in &self.keys {
            rows.extend(converters.key(table, batch)?.iter().map(|row| row.owned()));
        }
        Ok(rows)
    }
}

/// When an edition was issued, when and under which name its change is written.
#[derive(Clone, Copy)]
pub(crate) struct Under<'a> {
    pub(crate) issued_at: Timestamp,
    pub(crate) recorded_at: Timestamp,
    pub(crate) id: &'a str,
}

impl Lake {
    /// What an edition changes against the state as of its `issued_at`, all that is recorded so far included. The
    /// edition comes in batches in the schema of the table, sorted by key, without duplicate key.
    ///
    /// - A row is changed when its key is new or a value differs (missing equals missing).
    /// - A snapshot that lacks a known key withdraws it, unless it is spared; an increment withdraws nothing.
    /// - An edition older than one already applied must not alter what later editions said. What it changes is
    ///   therefore stated again, as it was, from the next edition on (snapshots only: an increment does not say
    ///   which keys it confirmed).
    ///
    /// The changed rows are written aside under the stamp and `fetch_id`; [`Lake::commit_fetch`] makes them count.
    /// Take the table's lock first. Memory holds a few batches and one row group, whatever the size of the edition.
    ///
    /// # Errors
    /// [`Error::Misfit`] when the edition does not fit, is not sorted, or has a key twice; [`Error::Edition`] when its
    /// reader fails; [`Error::Engine`] when the state cannot be read; [`Error::Disk`] when the disk refuses.
    pub async fn compare<E: Into<Box<dyn std::error::Error + Send + Sync>>>(
        &self,
        spec: &TableSpec,
        edition: impl IntoIterator<Item = Result<RecordBatch, E>>,
        spared: &Spared<'_>,
        issued_at: Timestamp,
        stamp: Stamp,
        fetch_id: &str,
    ) -> Result<Change, Error> {
        let snapshot = spec.kind == TableKind::Versioned { snapshot: true };
        let fetched = if self.has_files(spec)? {
            self.last_fetch(&spec.name).await?.and_then(|fetch| fetch.issued_at)
        } else {
            None
        };
        let under = Under { issued_at, recorded_at: stamp.recorded_at(), id: fetch_id };
        let mut change = self.difference(spec, edition, spared, fetched, snapshot, under).await?;
        change.stamp = Some(stamp);
        Ok(change)
    }

    /// As [`Lake::compare`] for a table that runs fill, whose editions all have rows in the table.
    pub(crate) async fn compare_derived<E: Into<Box<dyn std::error::Error + Send + Sync>>>(
        &self,
        spec: &TableSpec,
        edition: impl IntoIterator<Item = Result<RecordBatch, E>>,
        spared: &Spared<'_>,
        under: Under<'_>,
    ) -> Result<Change, Error> {
        self.difference(spec, edition, spared, None, true, under).await
    }

    fn has_files(&self, spec: &TableSpec) -> Result<bool, Error> {
        Ok(!self.layout().files(&spec.name, Timestamp::MAX)?.is_empty())
    }

    async fn difference<E: Into<Box<dyn std::error::Error + Send + Sync>>>(
        &self,
        spec: &TableSpec,
        edition: impl IntoIterator<Item = Result<RecordBatch, E>>,
        spared: &Spared<'_>,
        fetched: Option<Timestamp>,
        restore: bool,
        under: Under<'_>,
    ) -> Result<Change, Error> {
        let issued_at = under.issued_at;
        self.check_writable()?;
        let snapshot = spec.kind == TableKind::Versioned { snapshot: true };
        let table = spec.name.as_str();
        let edition_schema = edition_schema(spec)?;
        let latest_issued_at = self.latest_issue(spec)?.max(fetched);
        let converters = Converters::new(spec)?;
        let mut state = State::new(table, &converters, self.state(spec, issued_at, false)?, true);
        let mut picks = Picks::new(spec, Draft::new(self.layout(), spec, under.recorded_at, under.id)?);
        let spared_keys = spared.rows(table, &converters)?;
        let (mut rows_changed, mut rows_withdrawn, mut rows_spared) = (0, 0, 0);
        let (mut keys_again, mut keys_revised) = (0, 0);
        let is_spared = |key: Row<'_>, batch: &RecordBatch, at: usize| {
            spared.every_key
                || spared.is_silent_on(batch, at)
                || (!spared_keys.is_empty() && spared_keys.contains(&key.owned()))
        };
        let mut last: Option<OwnedRow> = None;
        for batch in edition {
            let batch =
                batch.map_err(|fault| Error::Edition { table: table.to_owned(), source: fault.into() })?;
            let batch = fit(spec, &edition_schema, &batch)?;
            let key = converters.key(table, &batch)?;
            check_order(table, &key, last.as_ref())?;
            last = (batch.num_rows() > 0).then(|| key.row(batch.num_rows() - 1).owned()).or(last);
            // Past the end of the state every row is new.
            if state.must_load() {
                state.load().await?;
            }
            let values = match state.row() {
                Some(_) => converters.values(table, &batch)?,
                None => None,
            };
            let mut source = Source::new(batch);
            for row in 0..key.num_rows() {
                let changed = loop {
                    if state.must_load() {
                        state.load().await?;
                    }
                    let Some(known) = state.row() else { break true };
                    let at = known.at;
                    match known.key.row(at).cmp(&key.row(row)) {
                        Ordering::Greater => break true,
                        Ordering::Less => {
                            known.at += 1;
                            if snapshot && is_spared(known.key.row(at), &known.source.batch, at) {
                                rows_spared += 1;
                            } else if snapshot {
                                rows_withdrawn += 1;
                                picks.pick(&mut known.source, at, Says::Gone(issued_at))?;
                            }
                        }
                        Ordering::Equal => {
                            known.at += 1;
                            let differs = match (&values, &known.values) {
                                (Some(values), Some(known_values)) => values.row(row) != known_values.row(at),
                                _ => false,
                            };
                            keys_again += 1;
                            keys_revised += u64::from(differs);
                            break differs;
                        }
                    }
                };
                if changed {
                    rows_changed += 1;
                    picks.pick(&mut source, row, Says::Values(issued_at))?;
                }
            }
        }
        // What is left of the state is not in the edition.
        loop {
            if state.must_load() {
                state.load().await?;
            }
            let Some(known) = state.row() else { break };
            let at = known.at;
            known.at += 1;
            if snapshot && is_spared(known.key.row(at), &known.source.batch, at) {
                rows_spared += 1;
            } else if snapshot {
                rows_withdrawn += 1;
                picks.pick(&mut known.source, at, Says::Gone(issued_at))?;
            }
        }
        let keys_known = state.n_rows();
        let mut draft = picks.finish()?;
        if restore && draft.rows() > 0 && latest_issued_at > Some(issued_at) {
            let before = draft.rows();
            draft = self.restored(spec, &converters, draft, snapshot.then_some(spared), under).await?;
            rows_changed += draft.rows() - before;
        }
        let recorded_at = under.recorded_at;
        Ok(Change {
            rows_changed,
            rows_withdrawn,
            rows_spared,
            keys_known,
            keys_again,
            keys_revised,
            latest_issued_at,
            recorded_at,
            draft,
            stamp: None,
        })
    }

    /// For a late edition: its changes, and among them what the next edition said of the same keys, as versions of that
    /// next edition. A snapshot (`withdraws`) that did not give a key withdrew it.
    async fn restored(
        &self,
        spec: &TableSpec,
        converters: &Converters,
        draft: Draft,
        withdraws: Option<&Spared<'_>>,
        under: Under<'_>,
    ) -> Result<Draft, Error> {
        let issued_at = under.issued_at;
        let Some(next) = self.next_issue(spec, issued_at).await? else { return Ok(draft) };
        let table = spec.name.as_str();
        let mut picks = Picks::new(spec, Draft::new(self.layout(), spec, under.recorded_at, under.id)?);
        let Some(first): Option<Aside> = draft.set_aside()? else { return picks.finish() };
        let schema = change_schema(spec);
        let mut state = State::new(table, converters, self.state(spec, next, true)?, false);
        for batch in parquet_file::reader(table, first.path())? {
            let batch = conform(table, &batch?, &schema)?;
            let key = converters.key(table, &batch)?;
            let mut source = Source::new(batch);
            for row in 0..key.num_rows() {
                picks.pick(&mut source, row, Says::AsItIs)?;
                let found = loop {
                    if state.must_load() {
                        state.load().await?;
                    }
                    let Some(known) = state.row() else { break false };
                    let at = known.at;
                    match known.key.row(at).cmp(&key.row(row)) {
                        Ordering::Less => known.at += 1,
                        Ordering::Greater => break false,
                        Ordering::Equal => {
                            known.at += 1;
                            if known.source.issued(at) <= micros(issued_at) {
                                picks.pick(&mut known.source, at, Says::Again(next))?;
                            }
                            break true;
                        }
                    }
                };
                let is_gone = withdraws.is_some_and(|spared| !spared.is_silent_on(&source.batch, row));
                if !found && is_gone {
                    picks.pick(&mut source, row, Says::Gone(next))?;
                }
            }
        }
        picks.finish()
    }

    /// The newest version of each key as of an issue, with all that is recorded, in key order.
    fn state(
        &self,
        spec: &TableSpec,
        issued: Timestamp,
        keep_withdrawn: bool,
    ) -> Result<Option<SendableRecordBatchStream>, Error> {
        let files = self.layout().files(&spec.name, Timestamp::MAX)?;
        if files.is_empty() {
            return Ok(None);
        }
        let mut columns: Vec<String> =
            spec.schema.fields().iter().map(|field| field.name().clone()).collect();
        if keep_withdrawn {
            columns.extend([ISSUED.to_owned(), WITHDRAWN.to_owned()]);
        }
        let as_of = AsOf { issued, recorded: Timestamp::MAX };
        let plan = LatestPerKeyExec::new(Request {
            spec,
            files,
            as_of,
            columns,
            key_filter: None,
            partitions: 1,
            keep_withdrawn,
        })
        .map_err(engine("reading", &spec.name))?;
        let stream = plan.execute(0, crate::engine::task_context()).map_err(engine("reading", &spec.name))?;
        Ok(Some(stream))
    }
}

/// The columns of an edition: those of the table, keys without nulls.
fn edition_schema(spec: &TableSpec) -> Result<SchemaRef, Error> {
    let names: Vec<&String> =
        spec.schema.fields().iter().take(spec.key.len()).map(|field| field.name()).collect();
    if names != spec.key.iter().collect::<Vec<_>>() || spec.key.is_empty() {
        return Err(misfit(&spec.name, "the key must be the first columns of the schema"));
    }
    let all: Vec<usize> = (0..spec.schema.fields().len()).collect();
    let schema = change_schema(spec).project(&all).map_err(|fault| misfit(&spec.name, fault.to_string()))?;
    Ok(Arc::new(schema))
}

/// A batch of the edition in the columns of the table.
fn fit(spec: &TableSpec, schema: &SchemaRef, batch: &RecordBatch) -> Result<RecordBatch, Error> {
    for field in spec.schema.fields() {
        match batch.column_by_name(field.name()) {
            Some(column) if column.data_type() == field.data_type() => {}
            Some(column) => {
                let (found, expected) = (column.data_type(), field.data_type());
                let what = format!("column {:?} is {found}, expected {expected}", field.name());
                return Err(misfit(&spec.name, what));
            }
            None => return Err(misfit(&spec.name, format!("column {:?} is missing", field.name()))),
        }
    }
    conform(&spec.name, batch, schema)
}
