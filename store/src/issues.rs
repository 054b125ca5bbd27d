//! Which editions a table knows: from the footers of its files, their rows, and the fetches that changed nothing.

use arrow::array::AsArray;
use arrow::datatypes::TimestampMicrosecondType;
use futures::StreamExt;
use jiff::Timestamp;
use parquet::arrow::arrow_reader::statistics::StatisticsConverter;

use crate::checked::CheckedFiles;
use crate::error::{engine, parquet};
use crate::parquet_file;
use crate::scan::file_scan;
use crate::spec::{ISSUED, TableSpec, from_micros, micros};
use crate::{Error, Lake, tables};

impl Lake {
    /// The newest issue among the rows of a table, from footers only.
    pub(crate) fn latest_issue(&self, spec: &TableSpec) -> Result<Option<Timestamp>, Error> {
        let stored = spec.stored_schema();
        let mut latest: Option<i64> = None;
        for file in self.layout().files(&spec.name, Timestamp::MAX)?.iter() {
            let metadata = parquet_file::metadata(&spec.name, &file.path)?;
            let of_file = || -> parquet::errors::Result<Option<i64>> {
                let schema = metadata.file_metadata().schema_descr();
                let greatest = StatisticsConverter::try_new(ISSUED, &stored, schema)?
                    .row_group_maxes(metadata.row_groups())?;
                let greatest = greatest.as_primitive::<TimestampMicrosecondType>();
                Ok(greatest.iter().flatten().max())
            };
            latest = latest.max(of_file().map_err(parquet("read statistics of", &spec.name, &file.path))?);
        }
        Ok(latest.map(from_micros))
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
        let of_fetches =
            self.applied_issues(&spec.name)?.into_iter().map(micros).filter(|at| *at > micros(after));
        Ok(of_fetches.chain(next).min().map(from_micros))
    }
}
