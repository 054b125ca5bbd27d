//! The accepted rows of a body, in key order, read as often as needed.

use std::sync::Arc;

use arrow::array::RecordBatch;
use arrow::datatypes::SchemaRef;

use crate::Error;

/// Accepted rows: columns of `contract.schema()`, sorted by key, each key once.
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
}

impl Rows {
    /// Rows that fit in memory.
    pub(crate) fn in_memory(schema: SchemaRef, batches: Vec<RecordBatch>) -> Self {
        let len = batches.iter().map(|batch| batch.num_rows() as u64).sum();
        Self { schema, len, held: Held::Memory(batches.into()) }
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

    /// The rows from the first one, as batches of at most 65,536 rows. May be asked for again, also while another
    /// reading is under way.
    ///
    /// # Errors
    /// [`Error::Disk`] when the file that holds them cannot be read.
    pub fn batches(&self) -> Result<Batches, Error> {
        match &self.held {
            Held::Memory(batches) => Ok(Batches(From::Memory { batches: Arc::clone(batches), next: 0 })),
        }
    }
}

/// Batches of [`Rows`], in key order. It owns what it reads: it may outlive the rows it came from.
#[derive(Debug)]
pub struct Batches(From);

#[derive(Debug)]
enum From {
    Memory { batches: Arc<[RecordBatch]>, next: usize },
}

impl Iterator for Batches {
    type Item = Result<RecordBatch, Error>;

    fn next(&mut self) -> Option<Self::Item> {
        match &mut self.0 {
            From::Memory { batches, next } => {
                let batch = batches.get(*next)?.clone();
                *next += 1;
                Some(Ok(batch))
            }
        }
    }
}
