//! Sorted rows on disk: nameless Arrow IPC files in the spool, gone when they are dropped or the process dies.

use std::fs::File;
use std::io::{self, BufReader, BufWriter, Read, Write};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use arrow::array::RecordBatch;
use arrow::datatypes::{Schema, SchemaRef};
use arrow::error::ArrowError;
use arrow_ipc::reader::StreamReader;
use arrow_ipc::writer::StreamWriter;

use crate::Error;

/// A file of batches being written.
pub(crate) struct Writing {
    out: StreamWriter<BufWriter<File>>,
    spool: PathBuf,
    pub(crate) rows: u64,
}

impl Writing {
    pub(crate) fn new(spool: &Path, schema: &Schema) -> Result<Self, Error> {
        let file = tempfile::tempfile_in(spool).map_err(Error::disk("create a temporary file in", spool))?;
        let out = StreamWriter::try_new(BufWriter::with_capacity(1 << 18, file), schema)
            .map_err(failed("write a temporary file in", spool))?;
        Ok(Self { out, spool: spool.to_owned(), rows: 0 })
    }

    pub(crate) fn write(&mut self, batch: &RecordBatch) -> Result<(), Error> {
        self.rows += batch.num_rows() as u64;
        self.out.write(batch).map_err(failed("write a temporary file in", &self.spool))
    }

    pub(crate) fn finish(mut self) -> Result<Spilled, Error> {
        let what = "write a temporary file in";
        self.out.finish().map_err(failed(what, &self.spool))?;
        let mut out = self.out.into_inner().map_err(failed(what, &self.spool))?;
        out.flush().map_err(Error::disk(what, &self.spool))?;
        let (file, _) = out.into_parts();
        Ok(Spilled { file: Arc::new(file), spool: self.spool, rows: self.rows })
    }
}

/// A file of batches, readable as often as needed.
#[derive(Debug, Clone)]
pub(crate) struct Spilled {
    file: Arc<File>,
    spool: PathBuf,
    pub(crate) rows: u64,
}

impl Spilled {
    /// The batches from the first one. Each reading has its own place in the file.
    pub(crate) fn read(&self) -> Result<Reading, Error> {
        let source = BufReader::with_capacity(1 << 16, Placed { file: Arc::clone(&self.file), place: 0 });
        let batches =
            StreamReader::try_new(source, None).map_err(failed("read a temporary file in", &self.spool))?;
        Ok(Reading { batches, spool: self.spool.clone() })
    }
}

/// Batches of a [`Spilled`] file.
#[derive(Debug)]
pub(crate) struct Reading {
    batches: StreamReader<BufReader<Placed>>,
    spool: PathBuf,
}

impl Reading {
    pub(crate) fn schema(&self) -> SchemaRef {
        self.batches.schema()
    }
}

impl Iterator for Reading {
    type Item = Result<RecordBatch, Error>;

    fn next(&mut self) -> Option<Self::Item> {
        let batch = self.batches.next()?;
        Some(batch.map_err(failed("read a temporary file in", &self.spool)))
    }
}

/// A file read from a place of its own: the other readers of the file have theirs.
#[derive(Debug)]
struct Placed {
    file: Arc<File>,
    place: u64,
}

impl Read for Placed {
    fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        #[cfg(unix)]
        let read = std::os::unix::fs::FileExt::read_at(&*self.file, out, self.place)?;
        #[cfg(windows)]
        let read = std::os::windows::fs::FileExt::seek_read(&*self.file, out, self.place)?;
        self.place += read as u64;
        Ok(read)
    }
}

fn failed(what: &'static str, spool: &Path) -> impl FnOnce(ArrowError) -> Error {
    let spool = spool.to_owned();
    move |fault| match fault {
        ArrowError::IoError(_, source) => Error::Disk { what, path: spool, source },
        source => Error::Batch { source },
    }
}
