//! Cuts a big table into ranges of its first key column, so that several threads can each read one.

use arrow::array::Array;
use datafusion::common::ScalarValue;
use datafusion::error::{DataFusionError, Result};
use parquet::arrow::arrow_reader::statistics::StatisticsConverter;
use parquet::file::metadata::ParquetMetaData;

use crate::checked::CheckedFiles;
use crate::spec::TableSpec;

/// Keys from (included) and until (excluded); none is open.
#[derive(Debug, Clone, Default, PartialEq)]
pub(crate) struct KeyRange {
    pub(crate) from: Option<ScalarValue>,
    pub(crate) until: Option<ScalarValue>,
}

/// Below this the work of a second thread costs more than it saves.
const BYTES_MIN: u64 = 2 << 20;
/// Footers looked at: the biggest files say enough about where the rows lie.
const FILES_LOOKED_AT: usize = 8;

/// At most `n` ranges of about as many rows each, which together hold every key.
pub(crate) fn key_ranges(spec: &TableSpec, files: &CheckedFiles, n: usize) -> Result<Vec<KeyRange>> {
    let total: u64 = files.files().iter().map(|file| file.bytes).sum();
    if n < 2 || total < BYTES_MIN {
        return Ok(vec![KeyRange::default()]);
    }
    let mut biggest: Vec<usize> = (0..files.files().len()).collect();
    biggest.sort_by_key(|place| std::cmp::Reverse(files.files()[*place].bytes));
    let mut starts: Vec<(ScalarValue, u64)> = Vec::new();
    for place in biggest.into_iter().take(FILES_LOOKED_AT) {
        let file = files.open(place).map_err(|fault| DataFusionError::External(Box::new(fault)))?;
        starts.extend(row_group_starts(spec, &file.metadata)?);
    }
    starts.sort_by(|(left, _), (right, _)| left.partial_cmp(right).unwrap_or(std::cmp::Ordering::Equal));
    let rows: u64 = starts.iter().map(|(_, rows)| rows).sum();
    let mut cuts: Vec<ScalarValue> = Vec::new();
    let mut before = 0;
    for (start, count) in starts.iter() {
        let wanted = rows * (cuts.len() as u64 + 1) / n as u64;
        // A cut at the very first value would leave an empty range.
        if before > 0
            && before >= wanted
            && cuts.len() + 1 < n
            && cuts.last() != Some(start)
            && *start != starts[0].0
        {
            cuts.push(start.clone());
        }
        before += count;
    }
    let mut ranges = Vec::with_capacity(cuts.len() + 1);
    let mut from = None;
    for cut in cuts {
        ranges.push(KeyRange { from: from.replace(cut.clone()), until: Some(cut) });
    }
    ranges.push(KeyRange { from, until: None });
    Ok(ranges)
}

/// The least first key and the row count of each row group.
fn row_group_starts(spec: &TableSpec, metadata: &ParquetMetaData) -> Result<Vec<(ScalarValue, u64)>> {
    let stored = spec.stored_schema();
    let parquet_schema = metadata.file_metadata().schema_descr();
    let Ok(converter) = StatisticsConverter::try_new(&spec.key[0], &stored, parquet_schema) else {
        return Ok(Vec::new());
    };
    let least = converter.row_group_mins(metadata.row_groups())?;
    let mut starts = Vec::with_capacity(least.len());
    for (at, group) in metadata.row_groups().iter().enumerate() {
        if least.is_valid(at) {
            let rows = u64::try_from(group.num_rows()).unwrap_or_default();
            starts.push((ScalarValue::try_from_array(&least, at)?, rows));
        }
    }
    Ok(starts)
}
