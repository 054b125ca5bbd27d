//! A Parquet file whose bytes are checked as they are read, so that a flipped bit is an error, never a number.
//!
//! The library that writes these files gives pages no checksum. The footer has one of each block of 64 KiB of rows, and
//! a seal of its own (`footer.rs`); what is read is read by whole blocks and compared first.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::Read;
use std::ops::Range;
use std::os::unix::fs::FileExt as _;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use bytes::{Bytes, BytesMut};
use datafusion::common::internal_err;
use datafusion::datasource::listing::PartitionedFile;
use datafusion::datasource::physical_plan::parquet::{ParquetFileMetrics, ParquetFileReaderFactory};
use datafusion::error::DataFusionError;
use datafusion::object_store::path::Path as StorePath;
use datafusion::physical_plan::metrics::ExecutionPlanMetricsSet;
use futures::FutureExt as _;
use futures::future::BoxFuture;
use parquet::arrow::arrow_reader::ArrowReaderOptions;
use parquet::arrow::async_reader::AsyncFileReader;
use parquet::errors::ParquetError;
use parquet::file::metadata::{PageIndexPolicy, ParquetMetaData, ParquetMetaDataReader};
use parquet::file::reader::{ChunkReader, Length};

use crate::error::{disk, parquet};
use crate::layout::{DataFile, Files};
use crate::{Error, footer, parquet_file};

/// CRC-32 of each block of rows, eight hexadecimal digits each.
pub(crate) const BLOCK_CRC32: &str = "vigie.block_crc32";
/// Bytes of a block. Less would lengthen the footers, more would read more than is asked for.
const BLOCK_BYTES: u64 = 64 << 10;

/// Checksums of what is written, block by block.
#[derive(Debug, Default)]
pub(crate) struct Blocks {
    open: crc32fast::Hasher,
    /// Bytes of the open block so far.
    filled: u64,
    digits: String,
}

impl Blocks {
    pub(crate) fn add(&mut self, mut bytes: &[u8]) {
        while !bytes.is_empty() {
            let room = usize::try_from(BLOCK_BYTES - self.filled).unwrap_or(usize::MAX);
            let (block, rest) = bytes.split_at(room.min(bytes.len()));
            self.open.update(block);
            self.filled += block.len() as u64;
            if self.filled == BLOCK_BYTES {
                self.close();
            }
            bytes = rest;
        }
    }

    fn close(&mut self) {
        use std::fmt::Write as _;
        let _ = write!(self.digits, "{:08x}", std::mem::take(&mut self.open).finalize());
        self.filled = 0;
    }

    /// The value of [`BLOCK_CRC32`].
    pub(crate) fn finish(mut self) -> String {
        if self.filled > 0 {
            self.close();
        }
        self.digits
    }
}

/// A file whose footer was read and found sound. Holds no open file: a merge may read thousands.
#[derive(Debug)]
pub(crate) struct CheckedFile {
    table: String,
    path: PathBuf,
    /// Bytes of rows; `rest` begins there.
    data_bytes: u64,
    rest: Bytes,
    /// The rows of a small file, as read with its footer; compared with their checksums whenever they are used.
    rows: Option<Bytes>,
    blocks: Vec<u32>,
    pub(crate) metadata: Arc<ParquetMetaData>,
}

impl CheckedFile {
    /// Reads the footer, and with it the indexes of pages. A small file is read whole, at once.
    ///
    /// # Errors
    /// [`Error::Damaged`], [`Error::Disk`], [`Error::Parquet`].
    pub(crate) fn open(table: &str, path: &Path) -> Result<Self, Error> {
        let footer::Rest { data_bytes, bytes: rest, rows } = footer::read(table, path)?;
        let tail = Tail { from: data_bytes, bytes: rest.clone() };
        let metadata = ParquetMetaDataReader::new()
            .with_page_index_policy(PageIndexPolicy::Optional)
            .parse_and_finish(&tail)
            .map_err(parquet("read the footer of", table, path))?;
        let damaged = |what: &str| Error::Damaged {
            table: table.to_owned(),
            path: path.to_path_buf(),
            what: what.to_owned(),
        };
        let pairs = parquet_file::pairs(&metadata);
        let digits =
            pairs.get(BLOCK_CRC32).ok_or_else(|| damaged("its footer has no checksums of blocks"))?;
        let blocks: Option<Vec<u32>> = digits
            .as_bytes()
            .chunks(8)
            .map(|eight| u32::from_str_radix(std::str::from_utf8(eight).ok()?, 16).ok())
            .collect();
        let blocks = blocks
            .filter(|blocks| blocks.len() as u64 == data_bytes.div_ceil(BLOCK_BYTES))
            .ok_or_else(|| damaged("the checksums of blocks in its footer are not as many as its blocks"))?;
        let (table, path) = (table.to_owned(), path.to_path_buf());
        Ok(Self { table, path, data_bytes, rest, rows, blocks, metadata: Arc::new(metadata) })
    }

    /// Bytes it takes in memory, about.
    pub(crate) fn memory(&self) -> usize {
        let rows = self.rows.as_ref().map_or(0, Bytes::len);
        self.metadata.memory_size() + self.rest.len() + rows + self.blocks.len() * size_of::<u32>()
    }

    fn len(&self) -> u64 {
        self.data_bytes + self.rest.len() as u64
    }

    /// The bytes of some ranges. Blocks that lie side by side are read at once, and each only once.
    fn read(&self, ranges: &[Range<u64>]) -> Result<Vec<Bytes>, Error> {
        if let Some(range) = ranges.iter().find(|range| range.start > range.end || range.end > self.len()) {
            return Err(self.damaged(format!("bytes {range:?} are asked for and it has {}", self.len())));
        }
        let runs = self.runs(ranges);
        let mut read: Vec<(u64, Bytes)> = Vec::with_capacity(runs.len());
        match &self.rows {
            Some(rows) => {
                for run in runs {
                    let start = run.start * BLOCK_BYTES;
                    let bytes = rows.slice(size(start)..size((run.end * BLOCK_BYTES).min(self.data_bytes)));
                    self.check_blocks(run.start, &bytes)?;
                    read.push((start, bytes));
                }
            }
            None if runs.is_empty() => {}
            None => {
                let file = File::open(&self.path).map_err(disk("open", &self.path))?;
                for run in runs {
                    read.push((run.start * BLOCK_BYTES, self.read_blocks(&file, run)?));
                }
            }
        }
        ranges.iter().map(|range| self.cut(range, &read)).collect()
    }

    fn read_one(&self, range: Range<u64>) -> Result<Bytes, Error> {
        Ok(self.read(std::slice::from_ref(&range))?.pop().unwrap_or_default())
    }

    /// Blocks that hold the ranges, those side by side together.
    fn runs(&self, ranges: &[Range<u64>]) -> Vec<Range<u64>> {
        let mut wanted: Vec<Range<u64>> = ranges
            .iter()
            .filter(|range| range.start < range.end && range.start < self.data_bytes)
            .map(|range| range.start / BLOCK_BYTES..range.end.min(self.data_bytes).div_ceil(BLOCK_BYTES))
            .collect();
        wanted.sort_unstable_by_key(|run| run.start);
        let mut runs: Vec<Range<u64>> = Vec::new();
        for run in wanted {
            match runs.last_mut() {
                Some(last) if run.start <= last.end => last.end = last.end.max(run.end),
                _ => runs.push(run),
            }
        }
        runs
    }

    fn read_blocks(&self, file: &File, run: Range<u64>) -> Result<Bytes, Error> {
        let start = run.start * BLOCK_BYTES;
        let length = (run.end * BLOCK_BYTES).min(self.data_bytes) - start;
        let mut bytes = vec![0; size(length)];
        file.read_exact_at(&mut bytes, start).map_err(disk("read", &self.path))?;
        self.check_blocks(run.start, &bytes)?;
        Ok(bytes.into())
    }

    /// Compares blocks with their checksums, from the one at `first` on.
    fn check_blocks(&self, first: u64, bytes: &[u8]) -> Result<(), Error> {
        for (at, block) in (size(first)..).zip(bytes.chunks(size(BLOCK_BYTES))) {
            let found = crc32fast::hash(block);
            if found != self.blocks[at] {
                let what = format!(
                    "its block {at} (64 KiB each) has the CRC-32 {found:08x}, its footer says {:08x}; \
                     `vigie verify` checks the whole lake",
                    self.blocks[at]
                );
                return Err(self.damaged(what));
            }
        }
        Ok(())
    }

    /// A range out of the runs that were read, and out of the rest.
    fn cut(&self, range: &Range<u64>, read: &[(u64, Bytes)]) -> Result<Bytes, Error> {
        let rows = range.start.min(self.data_bytes)..range.end.min(self.data_bytes);
        let rest = range.start.max(self.data_bytes)..range.end.max(self.data_bytes);
        let rest = self.rest.slice(size(rest.start - self.data_bytes)..size(rest.end - self.data_bytes));
        if rows.is_empty() {
            return Ok(rest);
        }
        let run = read
            .iter()
            .find(|(start, bytes)| *start <= rows.start && rows.end <= *start + bytes.len() as u64);
        let Some((start, bytes)) = run else {
            return Err(self.damaged(format!("bytes {rows:?} were not read")));
        };
        let rows = bytes.slice(size(rows.start - start)..size(rows.end - start));
        if rest.is_empty() {
            return Ok(rows);
        }
        let mut both = BytesMut::from(&rows[..]);
        both.extend_from_slice(&rest);
        Ok(both.freeze())
    }

    fn damaged(&self, what: String) -> Error {
        Error::Damaged { table: self.table.clone(), path: self.path.clone(), what }
    }
}

/// Sizes of files read here fit the memory of the machine.
fn size(bytes: u64) -> usize {
    usize::try_from(bytes).unwrap_or(usize::MAX)
}

fn external(fault: Error) -> ParquetError {
    ParquetError::External(Box::new(fault))
}

/// The end of a file, in the place where it lies.
struct Tail {
    from: u64,
    bytes: Bytes,
}

impl Length for Tail {
    fn len(&self) -> u64 {
        self.from + self.bytes.len() as u64
    }
}

impl ChunkReader for Tail {
    type T = bytes::buf::Reader<Bytes>;

    fn get_read(&self, start: u64) -> Result<Self::T, ParquetError> {
        use bytes::Buf as _;
        let at = start.checked_sub(self.from).map(size).filter(|at| *at <= self.bytes.len());
        let at = at.ok_or_else(|| ParquetError::EOF(format!("byte {start} is not in the footer")))?;
        Ok(self.bytes.slice(at..).reader())
    }

    fn get_bytes(&self, start: u64, length: usize) -> Result<Bytes, ParquetError> {
        let at = start.checked_sub(self.from).map(size);
        let range =
            at.and_then(|at| Some(at..at.checked_add(length).filter(|end| *end <= self.bytes.len())?));
        let range = range.ok_or_else(|| {
            ParquetError::EOF(format!("{length} bytes from {start} on are not in the footer"))
        })?;
        Ok(self.bytes.slice(range))
    }
}

/// For reading without the engine.
#[derive(Debug, Clone)]
pub(crate) struct Chunks(pub(crate) Arc<CheckedFile>);

impl Length for Chunks {
    fn len(&self) -> u64 {
        self.0.len()
    }
}

impl ChunkReader for Chunks {
    type T = Onward;

    fn get_read(&self, start: u64) -> Result<Onward, ParquetError> {
        Ok(Onward { file: Arc::clone(&self.0), at: start })
    }

    fn get_bytes(&self, start: u64, length: usize) -> Result<Bytes, ParquetError> {
        self.0.read_one(start..start.saturating_add(length as u64)).map_err(external)
    }
}

/// Reads on from a byte, a block at a time.
pub(crate) struct Onward {
    file: Arc<CheckedFile>,
    at: u64,
}

impl Read for Onward {
    fn read(&mut self, buffer: &mut [u8]) -> std::io::Result<usize> {
        let until = (self.at + buffer.len() as u64).min(self.file.len());
        let bytes = self.file.read_one(self.at.min(until)..until).map_err(std::io::Error::other)?;
        buffer[..bytes.len()].copy_from_slice(&bytes);
        self.at += bytes.len() as u64;
        Ok(bytes.len())
    }
}

/// The files of one scan: the engine opens these, and no others.
#[derive(Debug)]
pub(crate) struct CheckedFiles {
    table: String,
    files: Files,
    /// Their places in `files`, by the names that the engine knows them by.
    places: BTreeMap<StorePath, usize>,
}

impl CheckedFiles {
    /// The files of a scan.
    ///
    /// # Errors
    /// A path that the engine cannot name.
    pub(crate) fn new(table: &str, files: Files) -> datafusion::error::Result<Arc<Self>> {
        let mut places = BTreeMap::new();
        for (place, file) in files.iter().enumerate() {
            places.insert(StorePath::from_absolute_path(&file.path).map_err(engine_error)?, place);
        }
        Ok(Arc::new(Self { table: table.to_owned(), files, places }))
    }

    pub(crate) fn files(&self) -> &[DataFile] {
        &self.files
    }

    /// A file as the engine knows it.
    pub(crate) fn partitioned(file: &DataFile) -> datafusion::error::Result<PartitionedFile> {
        let mut found = PartitionedFile::new(String::new(), file.bytes);
        found.object_meta.location = StorePath::from_absolute_path(&file.path).map_err(engine_error)?;
        Ok(found)
    }

    /// The file at a place.
    ///
    /// # Errors
    /// As [`CheckedFile::open`].
    pub(crate) fn open(&self, place: usize) -> Result<Arc<CheckedFile>, Error> {
        self.files.open(&self.table, place)
    }
}

fn engine_error(fault: impl std::error::Error + Send + Sync + 'static) -> DataFusionError {
    DataFusionError::External(Box::new(fault))
}

impl ParquetFileReaderFactory for CheckedFiles {
    fn create_reader(
        &self,
        partition: usize,
        file: PartitionedFile,
        _: Option<usize>,
        metrics: &ExecutionPlanMetricsSet,
    ) -> datafusion::error::Result<Box<dyn AsyncFileReader + Send>> {
        let name = &file.object_meta.location;
        let Some(place) = self.places.get(name) else {
            return internal_err!("{name} is not a file of the table {}", self.table);
        };
        let metrics = ParquetFileMetrics::new(partition, name.as_ref(), metrics);
        Ok(Box::new(CheckedReader { file: self.open(*place).map_err(engine_error)?, metrics }))
    }
}

struct CheckedReader {
    file: Arc<CheckedFile>,
    metrics: ParquetFileMetrics,
}

impl AsyncFileReader for CheckedReader {
    fn get_bytes(&mut self, range: Range<u64>) -> BoxFuture<'_, Result<Bytes, ParquetError>> {
        async move {
            let mut read = self.get_byte_ranges(vec![range]).await?;
            Ok(read.pop().unwrap_or_default())
        }
        .boxed()
    }

    fn get_byte_ranges(
        &mut self,
        ranges: Vec<Range<u64>>,
    ) -> BoxFuture<'_, Result<Vec<Bytes>, ParquetError>> {
        let bytes: u64 = ranges.iter().map(|range| range.end.saturating_sub(range.start)).sum();
        self.metrics.bytes_scanned.add(size(bytes));
        let file = Arc::clone(&self.file);
        async move {
            if file.rows.is_some() {
                return file.read(&ranges).map_err(external);
            }
            // A slow disk must not hold up the other queries of this thread.
            let read = tokio::task::spawn_blocking(move || file.read(&ranges)).await;
            read.map_err(|fault| ParquetError::External(Box::new(fault)))?.map_err(external)
        }
        .boxed()
    }

    fn get_metadata<'a>(
        &'a mut self,
        _: Option<&'a ArrowReaderOptions>,
    ) -> BoxFuture<'a, Result<Arc<ParquetMetaData>, ParquetError>> {
        let metadata = Arc::clone(&self.file.metadata);
        async move { Ok(metadata) }.boxed()
    }
}
