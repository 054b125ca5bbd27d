//! Keeps the newest version of each key of a stream sorted by key and version: one pass, one batch held back.

use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};

use arrow::array::{Array, ArrayRef, AsArray, BooleanArray, BooleanBufferBuilder, RecordBatch};
use arrow::buffer::BooleanBuffer;
use arrow::compute::kernels::cmp::distinct;
use arrow::compute::{BatchCoalescer, filter_record_batch, prep_null_mask_filter};
use arrow::datatypes::SchemaRef;
use datafusion::error::Result;
use datafusion::execution::{RecordBatchStream, SendableRecordBatchStream};
use datafusion::physical_expr::PhysicalExpr;
use futures::{Stream, StreamExt};

/// What to keep of a sorted stream.
#[derive(Clone)]
pub(crate) struct Keep {
    /// Rows that fail it are not seen at all (it must not look at anything a newer version may change).
    pub(crate) predicate: Option<Arc<dyn PhysicalExpr>>,
    /// Positions of the key columns.
    pub(crate) key: Vec<usize>,
    /// Position of `withdrawn`, to drop the keys whose newest version is a withdrawal.
    pub(crate) unless: Option<usize>,
    /// Positions of the columns to give, at least one.
    pub(crate) output: Vec<usize>,
}

/// A batch whose last row waits for the next batch to know whether it is the newest of its key.
struct Held {
    output: RecordBatch,
    keep: BooleanBufferBuilder,
    last_key: Vec<ArrayRef>,
}

/// The stream of newest versions.
pub(crate) struct Latest {
    input: SendableRecordBatchStream,
    keep: Keep,
    held: Option<Held>,
    ready: BatchCoalescer,
    schema: SchemaRef,
    done: bool,
}

impl Latest {
    pub(crate) fn new(input: SendableRecordBatchStream, keep: Keep, batch_size: usize) -> Result<Self> {
        let schema: SchemaRef = Arc::new(input.schema().project(&keep.output)?);
        // Half a batch or more goes through as it is.
        let ready = BatchCoalescer::new(Arc::clone(&schema), batch_size)
            .with_biggest_coalesce_batch_size(Some(batch_size / 2));
        Ok(Self { input, keep, held: None, ready, schema, done: false })
    }

    fn push(&mut self, batch: RecordBatch) -> Result<()> {
        let batch = match &self.keep.predicate {
            Some(predicate) => only(batch, predicate)?,
            None => batch,
        };
        let rows = batch.num_rows();
        if rows == 0 {
            return Ok(());
        }
        let key: Vec<&ArrayRef> = self.keep.key.iter().map(|at| batch.column(*at)).collect();
        if let Some(held) = self.held.take() {
            let first: Vec<ArrayRef> = key.iter().map(|column| column.slice(0, 1)).collect();
            let differs = differences(held.last_key.iter().zip(&first))?.is_none_or(|bits| bits.value(0));
            self.release(held, differs)?;
        }
        let mut keep = BooleanBufferBuilder::new(rows);
        let before: Vec<ArrayRef> = key.iter().map(|column| column.slice(0, rows - 1)).collect();
        let after: Vec<ArrayRef> = key.iter().map(|column| column.slice(1, rows - 1)).collect();
        match differences(before.iter().zip(&after))? {
            Some(bits) => keep.append_buffer(&bits),
            None => keep.append_n(rows - 1, false),
        }
        keep.append(true);
        if let Some(at) = self.keep.unless {
            let gone = batch.column(at).as_boolean();
            if gone.true_count() > 0 {
                let stays = &keep.finish() & &!gone.values();
                keep.append_buffer(&stays);
            }
        }
        let last_key = key.iter().map(|column| column.slice(rows - 1, 1)).collect();
        self.held = Some(Held { output: batch.project(&self.keep.output)?, keep, last_key });
        Ok(())
    }

    fn release(&mut self, mut held: Held, last_is_newest: bool) -> Result<()> {
        if !last_is_newest {
            held.keep.set_bit(held.output.num_rows() - 1, false);
        }
        let keep = BooleanArray::new(held.keep.finish(), None);
        match keep.true_count() {
            0 => {}
            all if all == keep.len() => self.ready.push_batch(held.output)?,
            _ => self.ready.push_batch_with_filter(held.output, &keep)?,
        }
        Ok(())
    }
}

/// Rows that satisfy a predicate.
fn only(batch: RecordBatch, predicate: &Arc<dyn PhysicalExpr>) -> Result<RecordBatch> {
    let holds = predicate.evaluate(&batch)?.into_array(batch.num_rows())?;
    let mut holds = holds.as_boolean().clone();
    if holds.null_count() > 0 {
        holds = prep_null_mask_filter(&holds);
    }
    if holds.true_count() == batch.num_rows() {
        return Ok(batch);
    }
    Ok(filter_record_batch(&batch, &holds)?)
}

/// Where some pair of columns differs, row by row; none when there is no pair.
fn differences<'a>(
    pairs: impl Iterator<Item = (&'a ArrayRef, &'a ArrayRef)>,
) -> Result<Option<BooleanBuffer>> {
    let mut differ: Option<BooleanBuffer> = None;
    for (left, right) in pairs {
        let (bits, _) = distinct(left, right)?.into_parts();
        differ = Some(match differ {
            Some(before) => &before | &bits,
            None => bits,
        });
    }
    Ok(differ)
}

impl Stream for Latest {
    type Item = Result<RecordBatch>;

    fn poll_next(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        let this = &mut *self;
        loop {
            if let Some(batch) = this.ready.next_completed_batch() {
                return Poll::Ready(Some(Ok(batch)));
            }
            if this.done {
                return Poll::Ready(None);
            }
            let step = match ready!(this.input.poll_next_unpin(context)) {
                Some(Ok(batch)) => this.push(batch),
                Some(Err(fault)) => Err(fault),
                None => {
                    this.done = true;
                    match this.held.take() {
                        Some(held) => this.release(held, true),
                        None => Ok(()),
                    }
                    .and_then(|()| Ok(this.ready.finish_buffered_batch()?))
                }
            };
            if let Err(fault) = step {
                this.done = true;
                return Poll::Ready(Some(Err(fault)));
            }
        }
    }
}

impl RecordBatchStream for Latest {
    fn schema(&self) -> SchemaRef {
        Arc::clone(&self.schema)
    }
}

#[cfg(test)]
mod tests {
    use arrow::array::{BooleanArray, Int64Array, StringArray};
    use datafusion::physical_plan::stream::RecordBatchStreamAdapter;

    use super::*;

    /// Newest rows of `(key, version)` pairs cut into batches of `size`, as `key version` words.
    fn check(rows: &[(&str, i64)], size: usize, withdrawn: &[usize], expected: &str) {
        let key = rows.iter().map(|(key, _)| Some(*key)).collect::<StringArray>();
        let version = rows.iter().map(|(_, version)| *version).collect::<Int64Array>();
        let gone = (0..rows.len()).map(|row| Some(withdrawn.contains(&row))).collect::<BooleanArray>();
        let columns: [(&str, ArrayRef); 3] =
            [("key", Arc::new(key)), ("version", Arc::new(version)), ("withdrawn", Arc::new(gone))];
        let batch = RecordBatch::try_from_iter(columns).unwrap();
        let parts: Vec<_> =
            (0..rows.len()).step_by(size).map(|at| Ok(batch.slice(at, size.min(rows.len() - at)))).collect();
        let input = RecordBatchStreamAdapter::new(batch.schema(), futures::stream::iter(parts));
        let keep = Keep { predicate: None, key: vec![0], unless: Some(2), output: vec![0, 1] };
        let latest = Latest::new(Box::pin(input), keep, 4).unwrap();
        let found: Vec<_> = futures::executor::block_on_stream(latest).map(|batch| batch.unwrap()).collect();
        let words: Vec<String> = found
            .iter()
            .flat_map(|batch| {
                let key = batch.column(0).as_string::<i32>();
                let version = batch.column(1).as_primitive::<arrow::datatypes::Int64Type>();
                (0..batch.num_rows())
                    .map(|row| format!("{}{}", key.value(row), version.value(row)))
                    .collect::<Vec<_>>()
            })
            .collect();
        assert_eq!(words.join(" "), expected, "batches of {size}");
    }

    #[test]
    fn the_newest_row_of_each_key_is_kept_however_batches_are_cut() {
        let rows = [("a", 1), ("a", 2), ("b", 1), ("c", 1), ("c", 2), ("c", 3), ("d", 1)];
        for size in 1..=8 {
            check(&rows, size, &[], "a2 b1 c3 d1");
            check(&rows, size, &[5], "a2 b1 d1");
            check(&rows, size, &[1, 4, 6], "b1 c3");
            check(&rows[..3], size, &[], "a2 b1");
            check(&rows[..0], size, &[], "");
        }
    }
}
