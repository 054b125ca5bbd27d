//! Which editions a table knows: from the footers of its files, their rows, and the fetches that changed nothing.

use std::path::Path;

use arrow::array::AsArray;
use arrow::datatypes::TimestampMicrosecondType;
use futures::StreamExt;
use jiff::Timestamp;
use parquet::arrow::arrow_reader::statistics::StatisticsConverter;

use crate::checked::{CheckedFile, CheckedFiles};
use crate::error::{engine, parquet};
use crate::scan::file_scan;
use crate::spec::{ISSUED, TableSpec, from_micros, micros};
use crate::{Error, Lake, tables};

/// The newest issue among the rows of a file, from its footer.
pub(crate) fn issued_max(
    spec: &TableSpec,
    path: &Path,
    file: &CheckedFile,
) -> Result<Option<Timestamp>, Error> {
    let of_file = || -> parquet::errors::Result<Option<i64>> {
        let schema = file.metadata.file_metadata().schema_descr();
        let greatest = StatisticsConverter::try_new(ISSUED, &spec.stored_schema(), schema)?
            .row_group_maxes(file.metadata.row_groups())?;
        let greatest = greatest.as_primitive::<TimestampMicrosecondType>();
        Ok(greatest.iter().flatten().max())
    };
    Ok(of_file().map_err(parquet("read statistics of", &spec.name, path))?.map(from_micros))
}

impl Lake {
    /// The newest issue among the rows of a table, from footers only.
    pub(crate) fn latest_issue(&self, spec: &TableSpec) -> Result<Option<Timestamp>, Error> {
        let files = self.layout().files(&spec.name, Timestamp::MAX)?;
        let mut latest = None;
        for (place, file) in files.iter().enumerate() {
            let opened = files.open(&spec.name, place)?;
            latest = latest.max(issued_max(spec, &file.path, &opened)?);
        }
        Ok(latest)
    }

    /// The first edition issued after an instant.
    pub(crate) async fn next_issue(
        &self,
        spec: &TableSpec,
        after: Timestamp,
    ) -> Result<Option<Timestamp>, Error> {
        let fault = || engine::<datafusion::error::DataFusionError>("reading", &spec.name);
        let mut next: Option<i64> = None;
        let files = self.layout().files(&spec.name, Timestamp::MAX)?;
        let stored = spec.stored_schema();
        let at = stored.index_of(ISSUED).map_err(engine("reading", &spec.name))?;
        if !files.is_empty() {
            let files = CheckedFiles::new(&spec.name, files).map_err(fault())?;
            let scan = file_scan(&stored, &files, 1, vec![at], None, None).map_err(fault())?;
            let mut rows = scan.execute(0, crate::engine::task_context()).map_err(fault())?;
            while let Some(batch) = rows.next().await {
                let batch = batch.map_err(fault())?;
                let issues = batch.column(0).as_primitive::<TimestampMicrosecondType>();
                let later = issues.values().iter().copied().filter(|issue| *issue > micros(after));
                next = later.chain(next).min();
            }
        }
        if tables::is_own(&spec.name) {
            return Ok(next.map(from_micros));
        }
        // An edition that changed nothing left no row, yet it said what it said.
        let of_fetches = self.next_applied_issue(&spec.name, after)?;
        Ok(of_fetches.into_iter().chain(next.map(from_micros)).min())
    }
}
