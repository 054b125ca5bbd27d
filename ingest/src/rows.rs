//! The accepted rows of a body, in key order, read as often as needed.

use std::sync::Arc;

use arrow::array::RecordBatch;
use arrow::datatypes::SchemaRef;

use crate::Error;
use crate::spill::{Reading, Spilled};

/// Accepted rows: columns of `contract.schema()`, sorted by key, each key once.
///
/// Small editions are held in memory, large ones in a nameless file of the spool, which is gone with the last clone.
#[derive(Debug, Clone)]
pub struct Rows {
    schema: SchemaRef,
    len: u64,
    held: Held,
}

/// Where the rows are.
#[derive(Debug, Clone)]
enum Held {
    Memory(Arc<[RecordBatch]>),
    Disk(Spilled),
}

impl Rows {
    pub(crate) fn in_memory(schema: SchemaRef, batches: Vec<RecordBatch>) -> Self {
        let len = batches.iter().map(|batch| batch.num_rows() as u64).sum();
        Self { schema, len, held: Held::Memory(batches.into()) }
    }

    pub(crate) fn on_disk(schema: SchemaRef, file: Spilled) -> Self {
        Self { schema, len: file.rows, held: Held::Disk(file) }
    }

    /// The columns of the contract.
    #[must_use]
    pub fn schema(&self) -> SchemaRef {
        Arc::clone(&self.schema)
    }

    /// How many rows there are.
    #[must_use]
    pub fn len(&self) -> u64 {
        self.len
    }

    /// Whether there is no row.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len == 0
    }

    /// The rows from the first one, as batches of at most 65,536 rows and some 8 MiB. May be asked for again, also
    /// while another reading is under way.
    ///
    /// # Errors
    /// [`Error::Disk`] when the file that holds them cannot be read.
    pub fn batches(&self) -> Result<Batches, Error> {
        Ok(Batches(match &self.held {
            Held::Memory(batches) => Source::Memory { batches: Arc::clone(batches), next: 0 },
            Held::Disk(file) => Source::Disk(Box::new(file.read()?)),
        }))
    }
}

/// Batches of [`Rows`], in key order. It owns what it reads: it may outlive the rows it came from.
#[derive(Debug)]
pub struct Batches(Source);

#[derive(Debug)]
enum Source {
    Memory { batches: Arc<[RecordBatch]>, next: usize },
    Disk(Box<Reading>),
}

impl Iterator for Batches {
    type Item = Result<RecordBatch, Error>;

    fn next(&mut self) -> Option<Self::Item> {
        match &mut self.0 {
            Source::Memory { batches, next } => {
                let batch = batches.get(*next)?.clone();
                *next += 1;
                Some(Ok(batch))
            }
            Source::Disk(reading) => reading.next(),
        }
    }
}
