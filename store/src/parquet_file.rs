//! One Parquet file: how it is written, what its footer says, and how it is read without the engine.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::{Read, Write};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use arrow::array::RecordBatch;
use arrow::datatypes::SchemaRef;
use jiff::Timestamp;
use parquet::arrow::arrow_reader::{
    ArrowReaderMetadata, ArrowReaderOptions, ParquetRecordBatchReaderBuilder, RowSelection,
};
use parquet::arrow::{ArrowWriter, ProjectionMask};
use parquet::basic::{Compression, ZstdLevel};
use parquet::errors::ParquetError;
use parquet::file::metadata::{KeyValue, ParquetMetaData, SortingColumn};
use parquet::file::properties::{EnabledStatistics, WriterProperties};
use sha2::{Digest, Sha256};

use crate::Error;
use crate::checked::{BLOCK_CRC32, Blocks, CheckedFile, Chunks};
use crate::error::{disk, parquet};
use crate::footer;
use crate::spec::{TableSpec, from_micros};

/// The record of the fetch that a file came with, JSON.
pub(crate) const RECORD: &str = "vigie.fetch";
/// Oldest and newest `recorded_at` of a merged file, microseconds: it holds every commit of its table between them.
pub(crate) const RECORDED_MIN: &str = "vigie.recorded_min";
pub(crate) const RECORDED_MAX: &str = "vigie.recorded_max";
/// The rows of a merged log that are asked for again and again, JSON (`newest.rs`).
pub(crate) const NEWEST: &str = "vigie.newest";
/// The format of the lake that the file was written for (`format.rs`).
pub(crate) const FORMAT: &str = "vigie.format";
/// Number of rows.
pub(crate) const ROWS: &str = "vigie.rows";
/// SHA-256 of everything before the footer, for those who read the whole file. Who reads a part of it checks that part
/// (`checked.rs`); the footer has a hash of its own (`footer.rs`).
pub(crate) const DATA_SHA256: &str = "vigie.data_sha256";

/// Rows of a row group: small enough to share a big file between threads and to skip parts of it.
const ROW_GROUP_ROWS: usize = 128 * 1024;
/// Bytes of a row group: it is held in memory, packed, until it is written.
const ROW_GROUP_BYTES: usize = 32 << 20;

/// A file whose rows are hashed as they are written; its footer is held back, to be sealed.
struct Hashed {
    file: File,
    hash: Sha256,
    blocks: Blocks,
    bytes: u64,
    footer: Option<Vec<u8>>,
}

impl Write for Hashed {
    fn write(&mut self, buffer: &[u8]) -> std::io::Result<usize> {
        if let Some(footer) = &mut self.footer {
            footer.extend_from_slice(buffer);
            return Ok(buffer.len());
        }
        let written = self.file.write(buffer)?;
        self.hash.update(&buffer[..written]);
        self.blocks.add(&buffer[..written]);
        self.bytes += written as u64;
        Ok(written)
    }

    fn flush(&mut self) -> std::io::Result<()> {
        self.file.flush()
    }
}

/// Lower-case hexadecimal.
pub(crate) fn hex(bytes: &[u8]) -> String {
    use std::fmt::Write as _;
    bytes.iter().fold(String::with_capacity(bytes.len() * 2), |mut text, byte| {
        let _ = write!(text, "{byte:02x}");
        text
    })
}

fn properties(spec: &TableSpec, schema: &SchemaRef) -> WriterProperties {
    let sorting: Vec<SortingColumn> = spec
        .sort_columns()
        .iter()
        .filter_map(|name| schema.index_of(name).ok())
        .map(|at| SortingColumn {
            column_idx: i32::try_from(at).unwrap_or(i32::MAX),
            descending: false,
            nulls_first: true,
        })
        .collect();
    WriterProperties::builder()
        .set_compression(Compression::ZSTD(ZstdLevel::default()))
        .set_statistics_enabled(EnabledStatistics::Page)
        .set_max_row_group_row_count(Some(ROW_GROUP_ROWS))
        .set_max_row_group_bytes(Some(ROW_GROUP_BYTES))
        .set_sorting_columns((!sorting.is_empty()).then_some(sorting))
        .build()
}

/// A writer of one Parquet file, for batches in the stored schema, already in order.
pub(crate) struct FileWriter {
    table: String,
    path: PathBuf,
    writer: ArrowWriter<Hashed>,
    rows: u64,
}

impl FileWriter {
    /// Creates the file, which must not exist.
    pub(crate) fn create(spec: &TableSpec, path: &Path) -> Result<Self, Error> {
        Self::create_with(spec, &spec.stored_schema(), path)
    }

    /// Creates the file, which must not exist, with columns of its own.
    pub(crate) fn create_with(spec: &TableSpec, schema: &SchemaRef, path: &Path) -> Result<Self, Error> {
        let file = File::create_new(path).map_err(disk("create", path))?;
        let hashed = Hashed { file, hash: Sha256::new(), blocks: Blocks::default(), bytes: 0, footer: None };
        let writer = ArrowWriter::try_new(hashed, Arc::clone(schema), Some(properties(spec, schema)))
            .map_err(parquet("write", &spec.name, path))?;
        Ok(Self { table: spec.name.clone(), path: path.to_path_buf(), writer, rows: 0 })
    }

    /// Adds rows.
    pub(crate) fn write(&mut self, batch: &RecordBatch) -> Result<(), Error> {
        self.rows += batch.num_rows() as u64;
        self.writer.write(batch).map_err(|fault| self.fault(fault))
    }

    /// Parquet hides a full disk in its own error: give it back as what it is.
    fn fault(&self, fault: ParquetError) -> Error {
        match fault {
            ParquetError::External(cause) => match cause.downcast::<std::io::Error>() {
                Ok(cause) => disk("write", &self.path)(*cause),
                Err(cause) => parquet("write", &self.table, &self.path)(ParquetError::External(cause)),
            },
            fault => parquet("write", &self.table, &self.path)(fault),
        }
    }

    /// Writes the footer with these pairs, and syncs the file. Gives the number of rows.
    pub(crate) fn finish(mut self, pairs: &[(&str, String)]) -> Result<u64, Error> {
        self.writer.flush().map_err(|fault| self.fault(fault))?;
        self.writer.sync().map_err(disk("write", &self.path))?;
        let inner = self.writer.inner_mut();
        inner.footer = Some(Vec::new());
        let own = [
            (ROWS, self.rows.to_string()),
            (footer::DATA_BYTES, inner.bytes.to_string()),
            (DATA_SHA256, hex(&inner.hash.clone().finalize())),
            (BLOCK_CRC32, std::mem::take(&mut inner.blocks).finish()),
            (footer::SHA256, footer::BLANK.to_owned()),
            (FORMAT, crate::format::FORMAT.to_string()),
        ];
        for (key, value) in own.iter().chain(pairs) {
            self.writer.append_key_value_metadata(KeyValue::new((*key).to_owned(), value.clone()));
        }
        self.writer.finish().map_err(|fault| self.fault(fault))?;
        self.writer.sync().map_err(disk("write", &self.path))?;
        let inner = self.writer.inner_mut();
        let mut bytes = inner.footer.take().unwrap_or_default();
        footer::seal(&self.table, &self.path, &mut bytes)?;
        inner.file.write_all(&bytes).map_err(disk("write", &self.path))?;
        inner.file.sync_all().map_err(disk("sync", &self.path))?;
        Ok(self.rows)
    }
}

/// The metadata in a file's footer.
pub(crate) fn metadata(table: &str, path: &Path) -> Result<Arc<ParquetMetaData>, Error> {
    CheckedFile::open(table, path).map(|file| file.metadata)
}

/// The `vigie.*` pairs of a footer.
pub(crate) fn pairs(metadata: &ParquetMetaData) -> BTreeMap<String, String> {
    metadata
        .file_metadata()
        .key_value_metadata()
        .into_iter()
        .flatten()
        .filter(|pair| pair.key.starts_with("vigie."))
        .map(|pair| (pair.key.clone(), pair.value.clone().unwrap_or_default()))
        .collect()
}

/// The `vigie.*` pairs in the footer of a file.
pub(crate) fn pairs_in(table: &str, path: &Path) -> Result<BTreeMap<String, String>, Error> {
    metadata(table, path).map(|metadata| pairs(&metadata))
}

/// Newest `recorded_at` of a merged file.
pub(crate) fn recorded_max(table: &str, path: &Path) -> Result<Option<Timestamp>, Error> {
    let pairs = pairs_in(table, path)?;
    Ok(pairs.get(RECORDED_MAX).and_then(|text| text.parse().ok()).map(from_micros))
}

/// Which rows and columns of a file are read.
#[derive(Debug, Default)]
pub(crate) struct Part<'a> {
    /// Only these columns, in the order of the file; all when none are named.
    pub(crate) columns: &'a [&'a str],
    /// Only these rows, by their place in the file, rising.
    pub(crate) rows: Option<&'a [usize]>,
}

/// A reader of the rows of a file, in the schema of the file.
pub(crate) fn reader(
    table: &str,
    path: &Path,
) -> Result<impl Iterator<Item = Result<RecordBatch, Error>> + use<>, Error> {
    let file = Arc::new(CheckedFile::open(table, path)?);
    part_of(table, path, file, Part::default())
}

/// A reader of a part of a file that is open, in the schema of the file.
pub(crate) fn part_of(
    table: &str,
    path: &Path,
    file: Arc<CheckedFile>,
    part: Part<'_>,
) -> Result<impl Iterator<Item = Result<RecordBatch, Error>> + use<>, Error> {
    let metadata = ArrowReaderMetadata::try_new(Arc::clone(&file.metadata), ArrowReaderOptions::new())
        .map_err(parquet("read the footer of", table, path))?;
    let n_rows = usize::try_from(file.metadata.file_metadata().num_rows()).unwrap_or_default();
    let mask = ProjectionMask::columns(metadata.parquet_schema(), part.columns.iter().copied());
    let mut builder =
        ParquetRecordBatchReaderBuilder::new_with_metadata(Chunks(file), metadata).with_batch_size(8192);
    if !part.columns.is_empty() {
        builder = builder.with_projection(mask);
    }
    if let Some(rows) = part.rows {
        let ranges = rows.iter().map(|row| *row..row + 1);
        builder = builder.with_row_selection(RowSelection::from_consecutive_ranges(ranges, n_rows));
    }
    let batches = builder.build().map_err(parquet("read", table, path))?;
    let (table, path) = (table.to_owned(), path.to_path_buf());
    Ok(batches.map(move |batch| batch.map_err(|fault| parquet("read", &table, &path)(fault.into()))))
}

/// Gives a batch the columns of `schema`: by name, cast when the type changed, null when the file is older than
/// the column.
pub(crate) fn conform(table: &str, batch: &RecordBatch, schema: &SchemaRef) -> Result<RecordBatch, Error> {
    let mut columns = Vec::with_capacity(schema.fields().len());
    for field in schema.fields() {
        columns.push(match batch.column_by_name(field.name()) {
            Some(column) if column.data_type() == field.data_type() => Arc::clone(column),
            Some(column) => arrow::compute::cast(column, field.data_type()).map_err(|fault| {
                crate::error::misfit(table, format!("column {:?}: {fault}", field.name()))
            })?,
            None => arrow::array::new_null_array(field.data_type(), batch.num_rows()),
        });
    }
    RecordBatch::try_new(Arc::clone(schema), columns)
        .map_err(|fault| crate::error::misfit(table, fault.to_string()))
}

/// Reads a whole file, in the table's stored schema.
#[cfg(test)]
pub(crate) fn read(spec: &TableSpec, path: &Path) -> Result<Vec<RecordBatch>, Error> {
    let schema = spec.stored_schema();
    reader(&spec.name, path)?.map(|batch| conform(&spec.name, &batch?, &schema)).collect()
}

/// SHA-256 of the first `bytes` bytes of a file.
pub(crate) fn hash_of_start(path: &Path, bytes: u64) -> Result<(u64, String), Error> {
    let file = File::open(path).map_err(disk("open", path))?;
    hash_of(file.take(bytes), path)
}

/// Length and SHA-256 of what a reader gives.
pub(crate) fn hash_of(mut from: impl Read, path: &Path) -> Result<(u64, String), Error> {
    let mut hash = Sha256::new();
    let mut buffer = vec![0; 1 << 16];
    let mut total = 0;
    loop {
        let read = match from.read(&mut buffer) {
            Ok(0) => return Ok((total, hex(&hash.finalize()))),
            Ok(read) => read,
            Err(again) if again.kind() == std::io::ErrorKind::Interrupted => continue,
            Err(fault) => return Err(disk("read", path)(fault)),
        };
        total += read as u64;
        hash.update(&buffer[..read]);
    }
}
