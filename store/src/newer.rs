//! Merges streams of newest rows, each sorted by key with every key once, into one: of a key that several have, the newest
//! version stays.
//!
//! Streams are merged two by two, so that older versions drop out early and most rows are compared once or twice. Editions
//! often give the same keys again: a stretch in which both sides have them is taken from one side whole, without a copy.

use std::cmp::Ordering;

use arrow::array::{Array, ArrayRef, AsArray, DynComparator, RecordBatch, make_comparator};
use arrow::compute::{BatchCoalescer, SortOptions, interleave_record_batch};
use arrow::datatypes::TimestampMicrosecondType;
use datafusion::error::Result;
use datafusion::execution::SendableRecordBatchStream;
use datafusion::physical_plan::stream::RecordBatchStreamAdapter;
use futures::StreamExt;

/// Runs of at least so many rows on average are copied run by run, shorter ones row by row.
const LONG_RUN: usize = 32;

/// Where the key and the version are.
#[derive(Debug, Clone)]
pub(crate) struct Version {
    /// Positions of the key columns, in sort order.
    pub(crate) key: Vec<usize>,
    /// Positions of `issued_at` and `recorded_at`.
    pub(crate) instants: [usize; 2],
}

/// One stream of all, oldest file first.
pub(crate) fn newest_of_all(
    mut streams: Vec<SendableRecordBatchStream>,
    version: &Version,
    batch_size: usize,
) -> Option<SendableRecordBatchStream> {
    while streams.len() > 1 {
        let mut merged = Vec::with_capacity(streams.len().div_ceil(2));
        let mut waiting = streams.into_iter();
        while let Some(older) = waiting.next() {
            merged.push(match waiting.next() {
                Some(newer) => newer_of(older, newer, version.clone(), batch_size),
                None => older,
            });
        }
        streams = merged;
    }
    streams.pop()
}

fn newer_of(
    older: SendableRecordBatchStream,
    newer: SendableRecordBatchStream,
    version: Version,
    batch_size: usize,
) -> SendableRecordBatchStream {
    let schema = older.schema();
    let ready = BatchCoalescer::new(schema.clone(), batch_size)
        // Half a batch or more goes through as it is.
        .with_biggest_coalesce_batch_size(Some(batch_size / 2));
    let merge =
        Merge { sides: [Side::new(older), Side::new(newer)], version, comparators: None, ready, done: false };
    let rows = futures::stream::try_unfold(merge, |mut merge| async move {
        Ok(merge.next().await?.map(|batch| (batch, merge)))
    });
    Box::pin(RecordBatchStreamAdapter::new(schema, rows))
}

/// One of the two streams.
struct Side {
    input: SendableRecordBatchStream,
    batch: Option<RecordBatch>,
    at: usize,
}

impl Side {
    fn new(input: SendableRecordBatchStream) -> Self {
        Self { input, batch: None, at: 0 }
    }

    /// Whether rows are left; loads the next batch with rows when this one is used up.
    async fn fill(&mut self) -> Result<(bool, bool)> {
        let mut is_other = false;
        while self.batch.as_ref().is_none_or(|batch| self.at >= batch.num_rows()) {
            (self.batch, self.at, is_other) = (self.input.next().await.transpose()?, 0, true);
            if self.batch.is_none() {
                return Ok((false, is_other));
            }
        }
        Ok((true, is_other))
    }

    /// The rows that are left of the batch.
    fn rest(&self) -> Option<RecordBatch> {
        self.batch.as_ref().map(|batch| batch.slice(self.at, batch.num_rows() - self.at))
    }
}

/// Merges an older and a newer stream.
struct Merge {
    sides: [Side; 2],
    version: Version,
    /// Of the two batches at hand.
    comparators: Option<Vec<DynComparator>>,
    ready: BatchCoalescer,
    done: bool,
}

/// Rows of one side, one after the other.
struct Run {
    side: usize,
    start: usize,
    length: usize,
}

impl Merge {
    async fn next(&mut self) -> Result<Option<RecordBatch>> {
        loop {
            if let Some(batch) = self.ready.next_completed_batch() {
                return Ok(Some(batch));
            }
            if self.done {
                return Ok(None);
            }
            let [older, newer] = &mut self.sides;
            // Together, so that a disk is asked for the next rows of all files at once.
            let ((has_older, other_older), (has_newer, other_newer)) =
                futures::try_join!(older.fill(), newer.fill())?;
            if other_older || other_newer {
                self.comparators = None;
            }
            match (has_older, has_newer) {
                (true, true) => self.step()?,
                (true, false) => self.give_rest(0)?,
                (false, true) => self.give_rest(1)?,
                (false, false) => {
                    self.done = true;
                    self.ready.finish_buffered_batch()?;
                }
            }
        }
    }

    fn give_rest(&mut self, side: usize) -> Result<()> {
        let side = &mut self.sides[side];
        if let Some(rest) = side.rest() {
            side.at += rest.num_rows();
            self.ready.push_batch(rest)?;
        }
        Ok(())
    }

    /// Merges until one of the two batches is used up.
    fn step(&mut self) -> Result<()> {
        let [Some(older), Some(newer)] = [self.sides[0].rest(), self.sides[1].rest()] else { return Ok(()) };
        let n = older.num_rows().min(newer.num_rows());
        if self.version.key.iter().all(|at| same(older.column(*at), newer.column(*at), n)) {
            self.give_stretch(&older, &newer, n)?;
            self.sides.iter_mut().for_each(|side| side.at += n);
            return Ok(());
        }
        let runs = self.runs()?;
        self.give_runs(&runs)
    }

    /// `n` rows that both sides have.
    fn give_stretch(&mut self, older: &RecordBatch, newer: &RecordBatch, n: usize) -> Result<()> {
        let (before, after) = (Instants::of(older, &self.version), Instants::of(newer, &self.version));
        let is_newer = |row: usize| after.at(row) >= before.at(row);
        let n_newer = (0..n).filter(|row| is_newer(*row)).count();
        if n_newer == n || n_newer == 0 {
            let side = if n_newer == n { newer } else { older };
            return Ok(self.ready.push_batch(side.slice(0, n))?);
        }
        let rows: Vec<(usize, usize)> = (0..n).map(|row| (usize::from(is_newer(row)), row)).collect();
        Ok(self.ready.push_batch(interleave_record_batch(&[older, newer], &rows)?)?)
    }

    /// Which rows stay, up to the end of one of the batches.
    fn runs(&mut self) -> Result<Vec<Run>> {
        let [Some(older), Some(newer)] = [&self.sides[0].batch, &self.sides[1].batch] else {
            return Ok(Vec::new());
        };
        if self.comparators.is_none() {
            let comparator =
                |at: &usize| make_comparator(older.column(*at), newer.column(*at), SortOptions::default());
            self.comparators = Some(self.version.key.iter().map(comparator).collect::<Result<_, _>>()?);
        }
        let comparators = self.comparators.as_deref().unwrap_or_default();
        let compare = |left: usize, right: usize| {
            comparators
                .iter()
                .map(|one| one(left, right))
                .find(|order| order.is_ne())
                .unwrap_or(Ordering::Equal)
        };
        let (before, after) = (Instants::of(older, &self.version), Instants::of(newer, &self.version));
        let (mut left, mut right) = (self.sides[0].at, self.sides[1].at);
        let mut runs: Vec<Run> = Vec::new();
        let mut add = |side: usize, start: usize, length: usize| match runs.last_mut() {
            Some(last) if last.side == side && last.start + last.length == start => last.length += length,
            _ => runs.push(Run { side, start, length }),
        };
        while left < older.num_rows() && right < newer.num_rows() {
            match compare(left, right) {
                Ordering::Less => {
                    let end = end_of_run(left, older.num_rows(), |row| compare(row, right).is_lt());
                    add(0, left, end - left);
                    left = end;
                }
                Ordering::Greater => {
                    let end = end_of_run(right, newer.num_rows(), |row| compare(left, row).is_gt());
                    add(1, right, end - right);
                    right = end;
                }
                Ordering::Equal => {
                    match after.at(right) >= before.at(left) {
                        true => add(1, right, 1),
                        false => add(0, left, 1),
                    }
                    left += 1;
                    right += 1;
                }
            }
        }
        (self.sides[0].at, self.sides[1].at) = (left, right);
        Ok(runs)
    }

    fn give_runs(&mut self, runs: &[Run]) -> Result<()> {
        let [Some(older), Some(newer)] = [&self.sides[0].batch, &self.sides[1].batch] else { return Ok(()) };
        let batches = [older, newer];
        let n: usize = runs.iter().map(|run| run.length).sum();
        if n >= runs.len() * LONG_RUN {
            for run in runs {
                self.ready.push_batch(batches[run.side].slice(run.start, run.length))?;
            }
            return Ok(());
        }
        let rows: Vec<(usize, usize)> = runs
            .iter()
            .flat_map(|run| (run.start..run.start + run.length).map(|row| (run.side, row)))
            .collect();
        Ok(self.ready.push_batch(interleave_record_batch(&batches, &rows)?)?)
    }
}

/// The versions of a batch.
struct Instants<'a> {
    issued: &'a [i64],
    recorded: &'a [i64],
}

impl<'a> Instants<'a> {
    fn of(batch: &'a RecordBatch, version: &Version) -> Self {
        let [issued, recorded] =
            version.instants.map(|at| batch.column(at).as_primitive::<TimestampMicrosecondType>().values());
        Self { issued, recorded }
    }

    fn at(&self, row: usize) -> (i64, i64) {
        (self.issued[row], self.recorded[row])
    }
}

/// Whether two columns begin with the same `n` values.
fn same(left: &ArrayRef, right: &ArrayRef, n: usize) -> bool {
    left.slice(0, n) == right.slice(0, n)
}

/// The first row from `from + 1` on that is not in the run any more; steps double, so that long runs cost little.
fn end_of_run(from: usize, end: usize, is_in: impl Fn(usize) -> bool) -> usize {
    let (mut inside, mut step) = (from, 1);
    let mut outside = loop {
        let next = inside + step;
        if next >= end {
            break end;
        }
        if !is_in(next) {
            break next;
        }
        (inside, step) = (next, step * 2);
    };
    while inside + 1 < outside {
        let middle = inside + (outside - inside) / 2;
        if is_in(middle) { inside = middle } else { outside = middle }
    }
    outside
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;
    use std::sync::Arc;

    use arrow::array::{StringArray, TimestampMicrosecondArray};
    use proptest::prelude::*;

    use super::*;

    /// Rows as `(key, issued, recorded)`, cut into batches of `size`.
    fn stream(rows: &[(String, i64, i64)], size: usize) -> SendableRecordBatchStream {
        let instants = |of: fn(&(String, i64, i64)) -> i64| -> ArrayRef {
            Arc::new(TimestampMicrosecondArray::from_iter_values(rows.iter().map(of)))
        };
        let key: ArrayRef = Arc::new(StringArray::from_iter_values(rows.iter().map(|row| &row.0)));
        let columns =
            [("key", key), ("issued_at", instants(|row| row.1)), ("recorded_at", instants(|row| row.2))];
        let batch = RecordBatch::try_from_iter(columns).unwrap();
        let parts: Vec<_> =
            (0..rows.len()).step_by(size).map(|at| Ok(batch.slice(at, size.min(rows.len() - at)))).collect();
        Box::pin(RecordBatchStreamAdapter::new(batch.schema(), futures::stream::iter(parts)))
    }

    fn rows_of(stream: SendableRecordBatchStream) -> Vec<(String, i64, i64)> {
        let batches: Vec<RecordBatch> =
            futures::executor::block_on_stream(stream).map(|batch| batch.unwrap()).collect();
        let version = Version { key: vec![0], instants: [1, 2] };
        let rows = |batch: &RecordBatch| -> Vec<(String, i64, i64)> {
            let (key, instants) = (batch.column(0).as_string::<i32>(), Instants::of(batch, &version));
            (0..batch.num_rows())
                .map(|row| (key.value(row).to_owned(), instants.at(row).0, instants.at(row).1))
                .collect()
        };
        batches.iter().flat_map(rows).collect()
    }

    proptest! {
        /// Beside a map that keeps the newest of each key.
        #[test]
        fn the_newest_version_of_each_key_stays(
            files in prop::collection::vec(
                prop::collection::btree_map(0_u32..200, (0_i64..5, 0_i64..3), 0..200), 1..6),
            whole in prop::bool::ANY,
            size in 1_usize..50,
        ) {
            let mut expected: BTreeMap<u32, (i64, i64)> = BTreeMap::new();
            let mut streams = Vec::new();
            for (place, file) in (0_i64..).zip(&files) {
                // Files that all have every key, too: stretches taken whole.
                let file: BTreeMap<u32, (i64, i64)> = match whole {
                    true => (0..200).map(|key| (key, (place % 3, place))).collect(),
                    false => file.clone(),
                };
                for (key, version) in &file {
                    let known = expected.entry(*key).or_insert(*version);
                    *known = (*known).max(*version);
                }
                let rows: Vec<_> =
                    file.iter().map(|(key, (issued, recorded))| (format!("{key:03}"), *issued, *recorded)).collect();
                streams.push(stream(&rows, size));
            }
            let version = Version { key: vec![0], instants: [1, 2] };
            let found = rows_of(newest_of_all(streams, &version, 16).unwrap());
            let expected: Vec<_> =
                expected.into_iter().map(|(key, (issued, recorded))| (format!("{key:03}"), issued, recorded)).collect();
            prop_assert_eq!(found, expected);
        }
    }

    #[test]
    fn a_run_ends_where_it_ends() {
        for end in 0..40 {
            for stop in 1..40 {
                let expected = stop.min(end).max(1);
                if end >= 1 {
                    assert_eq!(end_of_run(0, end, |row| row < stop), expected, "{end} {stop}");
                }
            }
        }
    }
}
