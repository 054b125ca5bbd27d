//! Sorted runs merged into one sequence in key order; rows of one key stay in the order in which they came.

use arrow::array::{Array, RecordBatch};
use arrow::compute::interleave_record_batch;
use arrow::row::{RowConverter, Rows, SortField};

use crate::Error;
use crate::limits::Cut;
use crate::spill::{Reading, Spilled};

/// Some rows in key order.
#[derive(Debug)]
pub(crate) struct Piece {
    /// The columns of the contract, then the line of each row.
    pub(crate) batch: RecordBatch,
    /// For each row whether its key is that of the row before, in this piece or the one before.
    pub(crate) same: Vec<bool>,
    /// The next piece starts with the key that this one ends with.
    pub(crate) goes_on: bool,
}

/// Runs being merged.
pub(crate) struct Merge {
    converter: RowConverter,
    key_columns: usize,
    cut: Cut,
    runs: Vec<Cursor>,
    /// Runs that have rows left, as a binary heap: the one with the least next row first.
    heap: Vec<usize>,
    /// Key of the last row given out.
    last: Option<Vec<u8>>,
}

/// A run and the place reached in it.
struct Cursor {
    batches: Reading,
    batch: RecordBatch,
    keys: Rows,
    at: usize,
    /// Bytes of a row of this batch, on average.
    row_bytes: usize,
    /// Rank of the batch among those of the piece being put together.
    rank: Option<usize>,
}

impl Cursor {
    fn key(&self) -> &[u8] {
        self.keys.row(self.at).data()
    }

    /// Goes to the next batch that has rows; `false` at the end.
    fn load(&mut self, converter: &RowConverter, key_columns: usize) -> Result<bool, Error> {
        loop {
            let Some(batch) = self.batches.next().transpose()? else { return Ok(false) };
            if batch.num_rows() > 0 {
                self.keys =
                    converter.convert_columns(&batch.columns()[..key_columns]).map_err(Error::batch)?;
                self.row_bytes = bytes(&batch) / batch.num_rows() + 1;
                (self.batch, self.at, self.rank) = (batch, 0, None);
                return Ok(true);
            }
        }
    }
}

/// Bytes of the values of a batch.
fn bytes(batch: &RecordBatch) -> usize {
    let size = |column: &dyn Array| column.to_data().get_slice_memory_size().unwrap_or_default();
    batch.columns().iter().map(|column| size(column)).sum()
}

/// The piece being put together.
#[derive(Default)]
struct Picked {
    batches: Vec<RecordBatch>,
    rows: Vec<(usize, usize)>,
    same: Vec<bool>,
    bytes: usize,
}

impl Merge {
    /// Merges runs given in the order in which their rows came.
    pub(crate) fn new(runs: &[Spilled], key_columns: usize, cut: Cut) -> Result<Self, Error> {
        let mut merge = Self {
            converter: RowConverter::new(Vec::new()).map_err(Error::batch)?,
            key_columns,
            cut,
            runs: Vec::with_capacity(runs.len()),
            heap: Vec::with_capacity(runs.len()),
            last: None,
        };
        for run in runs {
            let batches = run.read()?;
            let schema = batches.schema();
            if merge.runs.is_empty() {
                let fields = schema.fields()[..key_columns].iter();
                let fields = fields.map(|field| SortField::new(field.data_type().clone())).collect();
                merge.converter = RowConverter::new(fields).map_err(Error::batch)?;
            }
            let keys = merge.converter.empty_rows(0, 0);
            let batch = RecordBatch::new_empty(schema);
            let mut run = Cursor { batches, batch, keys, at: 0, row_bytes: 0, rank: None };
            if run.load(&merge.converter, key_columns)? {
                merge.heap.push(merge.runs.len());
                merge.runs.push(run);
            }
        }
        for place in (0..merge.heap.len() / 2).rev() {
            merge.sift(place);
        }
        Ok(merge)
    }

    /// Whether the next row of run `a` comes before that of run `b`.
    fn before(&self, a: usize, b: usize) -> bool {
        (self.runs[a].key(), a) < (self.runs[b].key(), b)
    }

    /// Puts the run at a place of the heap where it belongs, below it.
    fn sift(&mut self, mut place: usize) {
        loop {
            let mut least = place;
            for child in [2 * place + 1, 2 * place + 2] {
                if child < self.heap.len() && self.before(self.heap[child], self.heap[least]) {
                    least = child;
                }
            }
            if least == place {
                return;
            }
            self.heap.swap(place, least);
            place = least;
        }
    }

    /// How far the first run can be read before another one has the next row, or the piece is full.
    fn stretch(&self, first: usize, room: usize) -> usize {
        let run = &self.runs[first];
        let end = run.keys.num_rows().min(run.at + room);
        let rivals = self.heap.iter().skip(1).take(2).copied();
        let Some(rival) = rivals.reduce(|a, b| if self.before(b, a) { b } else { a }) else { return end };
        let rival = (self.runs[rival].key(), rival);
        let comes_first = |row: usize| (run.keys.row(row).data(), first) < rival;
        if comes_first(end - 1) {
            return end;
        }
        (run.at + 1..end).find(|row| !comes_first(*row)).unwrap_or(end)
    }

    fn piece(&mut self) -> Result<Option<Piece>, Error> {
        let mut picked = Picked::default();
        while let Some(first) = self.heap.first().copied()
            && picked.rows.len() < self.cut.rows
            && picked.bytes < self.cut.bytes
        {
            let row_bytes = self.runs[first].row_bytes;
            let room =
                (self.cut.rows - picked.rows.len()).min((self.cut.bytes - picked.bytes) / row_bytes + 1);
            let end = self.stretch(first, room);
            let run = &mut self.runs[first];
            let rank = *run.rank.get_or_insert_with(|| {
                picked.batches.push(run.batch.clone());
                picked.batches.len() - 1
            });
            picked.bytes += (end - run.at) * row_bytes;
            picked.same.push(self.last.as_deref() == Some(run.key()));
            picked.same.extend((run.at + 1..end).map(|row| run.keys.row(row) == run.keys.row(row - 1)));
            picked.rows.extend((run.at..end).map(|row| (rank, row)));
            let last = self.last.get_or_insert_default();
            last.clear();
            last.extend_from_slice(run.keys.row(end - 1).data());
            run.at = end;
            if end == run.keys.num_rows() && !run.load(&self.converter, self.key_columns)? {
                self.heap.swap_remove(0);
            }
            self.sift(0);
        }
        if picked.rows.is_empty() {
            return Ok(None);
        }
        for run in &mut self.runs {
            run.rank = None;
        }
        let goes_on =
            self.heap.first().is_some_and(|first| self.last.as_deref() == Some(self.runs[*first].key()));
        let batch = picked.batch().map_err(Error::batch)?;
        Ok(Some(Piece { batch, same: picked.same, goes_on }))
    }
}

impl Picked {
    fn batch(&self) -> Result<RecordBatch, arrow::error::ArrowError> {
        let batches: Vec<&RecordBatch> = self.batches.iter().collect();
        if let [only] = batches.as_slice() {
            return Ok(only.slice(self.rows[0].1, self.rows.len()));
        }
        interleave_record_batch(&batches, &self.rows)
    }
}

impl Iterator for Merge {
    type Item = Result<Piece, Error>;

    fn next(&mut self) -> Option<Self::Item> {
        self.piece().transpose()
    }
}
