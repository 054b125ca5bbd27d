//! Texts of a lake written anew: secrets that an earlier version kept are taken out, and every answer stays what it was
//! but for them.
//!
//! Files of a lake never change: one that holds such a text is written under a new name, as a merge of one file would be,
//! and takes the place of the old one by the same steps. A stop leaves a sound lake; begun again, the rest is done.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use arrow::array::{ArrayRef, AsArray as _, RecordBatch, StringArray};
use arrow::datatypes::DataType;
use jiff::Timestamp;

use crate::error::misfit;
use crate::layout::{DataFile, TMP, entries};
use crate::parquet_file::{self, Part};
use crate::spec::TableSpec;
use crate::{Error, Lake, disk};

/// How long a table's writers are waited for.
const WAIT: Duration = Duration::from_secs(60);

/// A text without its secrets; none when it holds none.
pub type Change<'a> = &'a (dyn Fn(&str) -> Option<String> + Send + Sync);

/// What was written anew.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct RewrittenTexts {
    /// Files.
    pub files: u64,
    /// Cells and footers that were changed.
    pub texts: u64,
    /// Tables without a description that hold such a text; they are left as they are.
    pub unknown_tables: Vec<String>,
}

impl Lake {
    /// Writes every file of tables anew that holds a text to change, in a cell or in its footer. Keys stay as they are.
    ///
    /// `count_only`: nothing is written.
    ///
    /// # Errors
    /// [`Error::Locked`] when a writer holds a table for long; [`Error::Disk`], [`Error::Parquet`], [`Error::Damaged`].
    pub async fn rewrite_texts(
        &self,
        specs: &[TableSpec],
        change: Change<'_>,
        count_only: bool,
    ) -> Result<RewrittenTexts, Error> {
        self.check_writable()?;
        self.raise_format()?;
        let _alone = self.alone()?;
        self.roll_forward()?;
        let mut done = RewrittenTexts::default();
        for table in self.layout().table_names()? {
            let spec = specs.iter().find(|spec| spec.name == table);
            let _lock = self.lock(&table, WAIT)?;
            if spec.is_some() {
                // The footer of a commit is what it is recorded from.
                self.roll_forward_table(&table)?;
            }
            let files: Vec<DataFile> = self.layout().files(&table, Timestamp::MAX)?.to_vec();
            for file in files {
                let texts = self.count_texts(&table, spec, &file, change)?;
                if texts == 0 {
                    continue;
                }
                let Some(spec) = spec else {
                    done.unknown_tables.push(table.clone());
                    break;
                };
                done.files += 1;
                done.texts += texts;
                if !count_only {
                    self.rewrite(spec, file, change).await?;
                }
            }
        }
        Ok(done)
    }

    /// Texts of a file to change.
    fn count_texts(
        &self,
        table: &str,
        spec: Option<&TableSpec>,
        file: &DataFile,
        change: Change<'_>,
    ) -> Result<u64, Error> {
        let opened = self.layout().footers().open(table, file)?;
        let in_footer =
            parquet_file::pairs(&opened.metadata).values().filter(|text| change(text).is_some()).count();
        let mut found = in_footer as u64;
        for batch in parquet_file::part_of(table, &file.path, opened, Part::default())? {
            found += changed(&batch?, spec, change)?.1;
        }
        Ok(found)
    }

    /// Source and SHA-256 of every body kept.
    ///
    /// # Errors
    /// [`Error::Disk`] when a folder cannot be read.
    pub fn bodies(&self) -> Result<Vec<(String, String)>, Error> {
        let mut found = Vec::new();
        for source in entries(&self.layout().raw())? {
            for name in entries(&self.layout().raw().join(&source))? {
                if let Some(sha256) = name.strip_suffix(".zst").filter(|_| !name.starts_with(TMP)) {
                    found.push((source.clone(), sha256.to_owned()));
                }
            }
        }
        Ok(found)
    }

    /// Removes a body that no row names any more.
    ///
    /// # Errors
    /// [`Error::Disk`] when the disk refuses.
    pub fn remove_body(&self, source: &str, sha256: &str) -> Result<(), Error> {
        self.check_writable()?;
        let _alone = self.alone()?;
        let path = self.layout().body(source, sha256);
        disk::remove(&path)?;
        disk::step("body-removed");
        disk::sync_folder(path.parent().unwrap_or(self.root()))
    }
}

/// Rows with their texts changed, and how many there were. Keys stay: rows are sorted by them.
pub(crate) fn changed(
    batch: &RecordBatch,
    spec: Option<&TableSpec>,
    change: Change<'_>,
) -> Result<(RecordBatch, u64), Error> {
    let keys: BTreeSet<&str> =
        spec.map(|spec| spec.key.iter().map(String::as_str).collect()).unwrap_or_default();
    let mut texts = 0;
    let mut columns: Vec<ArrayRef> = Vec::with_capacity(batch.num_columns());
    for (field, column) in batch.schema().fields().iter().zip(batch.columns()) {
        if *field.data_type() != DataType::Utf8 || keys.contains(field.name().as_str()) {
            columns.push(Arc::clone(column));
            continue;
        }
        let before = texts;
        let cells: StringArray = column
            .as_string::<i32>()
            .iter()
            .map(|cell| {
                cell.map(|text| match change(text) {
                    Some(clean) => {
                        texts += 1;
                        clean
                    }
                    None => text.to_owned(),
                })
            })
            .collect();
        columns.push(if texts == before { Arc::clone(column) } else { Arc::new(cells) });
    }
    let name = spec.map_or("", |spec| spec.name.as_str());
    let batch =
        RecordBatch::try_new(batch.schema(), columns).map_err(|fault| misfit(name, fault.to_string()))?;
    Ok((batch, texts))
}
