//! Runs on disk: accepted rows, sorted a memory's worth at a time.

use std::path::{Path, PathBuf};

use arrow::array::RecordBatch;
use arrow::datatypes::SchemaRef;

use crate::Error;
use crate::limits::Limits;
use crate::merge::Merge;
use crate::spill::{Spilled, Writing};

/// The runs of a body so far.
#[derive(Debug)]
pub(crate) struct Runs {
    spool: PathBuf,
    /// Columns of a run: those of the contract, then the line.
    pub(crate) schema: SchemaRef,
    key_columns: usize,
    limits: Limits,
    /// Runs as they came, then runs merged once, twice…; a level that is full is merged into one of the next.
    levels: Vec<Vec<Spilled>>,
}

impl Runs {
    pub(crate) fn new(spool: &Path, schema: SchemaRef, key_columns: usize, limits: Limits) -> Self {
        Self { spool: spool.to_owned(), schema, key_columns, limits, levels: Vec::new() }
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.levels.is_empty()
    }

    /// Writes a run, given as batches in key order.
    pub(crate) fn add(
        &mut self,
        batches: impl Iterator<Item = Result<RecordBatch, Error>>,
    ) -> Result<(), Error> {
        let mut run = self.write(batches)?;
        let mut level = 0;
        loop {
            if level == self.levels.len() {
                self.levels.push(Vec::new());
            }
            self.levels[level].push(run);
            if self.levels[level].len() < self.limits.fan_in {
                return Ok(());
            }
            let full = std::mem::take(&mut self.levels[level]);
            run = self.merge_to_one(&full)?;
            level += 1;
        }
    }

    /// All rows in key order.
    pub(crate) fn merged(&mut self) -> Result<Merge, Error> {
        // The rows of higher levels came first.
        let mut runs: Vec<Spilled> = std::mem::take(&mut self.levels).into_iter().rev().flatten().collect();
        while runs.len() > self.limits.fan_in {
            let newest = runs.split_off(runs.len() - self.limits.fan_in);
            runs.push(self.merge_to_one(&newest)?);
        }
        Merge::new(&runs, self.key_columns, self.limits.output())
    }

    fn merge_to_one(&self, runs: &[Spilled]) -> Result<Spilled, Error> {
        let merge = Merge::new(runs, self.key_columns, self.limits.on_disk())?;
        self.write(merge.map(|piece| Ok(piece?.batch)))
    }

    fn write(&self, batches: impl Iterator<Item = Result<RecordBatch, Error>>) -> Result<Spilled, Error> {
        let mut run = Writing::new(&self.spool, &self.schema)?;
        for batch in batches {
            run.write(&batch?)?;
        }
        run.finish()
    }
}
