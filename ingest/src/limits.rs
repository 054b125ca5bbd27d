//! How much is held in memory at once. Tests make these small; nobody else changes them.

/// Bounds of what reading holds in memory.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Limits {
    /// Rows of a run: accepted rows that are sorted in memory before they go to disk.
    pub(crate) run_rows: usize,
    /// Bytes of a run, with what sorting it takes.
    pub(crate) run_bytes: usize,
    /// Runs merged at once, each with one batch of rows in memory.
    pub(crate) fan_in: usize,
    /// Rows of an output batch.
    pub(crate) batch_rows: usize,
    /// Bytes of an output batch.
    pub(crate) batch_bytes: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            run_rows: u32::MAX as usize,
            run_bytes: 64 << 20,
            fan_in: 64,
            batch_rows: 65_536,
            batch_bytes: 8 << 20,
        }
    }
}

/// Bytes of a batch in a run on disk: each of the merged runs has one in memory.
const RUN_BATCH_BYTES: usize = 512 << 10;
/// Rows of such a batch.
const RUN_BATCH_ROWS: usize = 8_192;

/// Where a batch is cut: after so many rows, or sooner when they are large.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Cut {
    pub(crate) rows: usize,
    pub(crate) bytes: usize,
}

impl Limits {
    /// Batches given out.
    pub(crate) fn output(&self) -> Cut {
        Cut { rows: self.batch_rows, bytes: self.batch_bytes }
    }

    /// Batches of a run on disk.
    pub(crate) fn on_disk(&self) -> Cut {
        Cut { rows: self.batch_rows.min(RUN_BATCH_ROWS), bytes: self.batch_bytes.min(RUN_BATCH_BYTES) }
    }
}
