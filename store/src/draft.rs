//! The file of a commit under way: rows go straight to disk, under no name yet.

use std::path::PathBuf;
use std::sync::Arc;

use arrow::array::{ArrayRef, RecordBatch, StringArray};
use arrow::datatypes::SchemaRef;
use jiff::Timestamp;

use crate::Error;
use crate::commit::instants;
use crate::disk::{self, Aside};
use crate::error::misfit;
use crate::layout::{FileName, Layout};
use crate::parquet_file::FileWriter;
use crate::spec::{FETCH, RECORDED, TableSpec};

/// A file being filled; gone when dropped before [`Draft::publish`].
pub(crate) struct Draft {
    spec: TableSpec,
    stored: SchemaRef,
    recorded_at: Timestamp,
    id: String,
    target: PathBuf,
    layout: Layout,
    /// Created with its first row.
    under_way: Option<(FileWriter, Aside)>,
    rows: u64,
}

impl std::fmt::Debug for Draft {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Draft({}, {} rows)", self.target.display(), self.rows)
    }
}

impl Draft {
    /// The file of the commit of `id` at an instant. Nothing is created yet.
    pub(crate) fn new(
        layout: &Layout,
        spec: &TableSpec,
        recorded_at: Timestamp,
        id: &str,
    ) -> Result<Self, Error> {
        let target = layout.table(&spec.name).join(FileName::commit(&spec.name, recorded_at, id)?);
        let (spec, stored) = (spec.clone(), spec.stored_schema());
        Ok(Self {
            spec,
            stored,
            recorded_at,
            id: id.to_owned(),
            target,
            layout: layout.clone(),
            under_way: None,
            rows: 0,
        })
    }

    /// Adds versions: key, values, `issued_at`, `withdrawn`, in the order of the file.
    pub(crate) fn write(&mut self, versions: &RecordBatch) -> Result<(), Error> {
        let rows = versions.num_rows();
        if rows == 0 {
            return Ok(());
        }
        let mut columns: Vec<ArrayRef> = Vec::with_capacity(self.stored.fields().len());
        for field in self.stored.fields() {
            columns.push(match versions.column_by_name(field.name()) {
                Some(column) => Arc::clone(column),
                None if field.name() == RECORDED => instants(self.recorded_at, rows),
                None if field.name() == FETCH => {
                    let ids = std::iter::repeat_n(self.id.as_str(), rows);
                    Arc::new(StringArray::from_iter_values(ids))
                }
                None => arrow::array::new_null_array(field.data_type(), rows),
            });
        }
        let batch = RecordBatch::try_new(Arc::clone(&self.stored), columns)
            .map_err(|fault| misfit(&self.spec.name, fault.to_string()))?;
        let (writer, _) = match &mut self.under_way {
            Some(under_way) => under_way,
            none => {
                let aside = Aside::new(&self.layout.spool(), &self.target)?;
                let writer = FileWriter::create(&self.spec, aside.path())?;
                none.insert((writer, aside))
            }
        };
        self.rows += rows as u64;
        writer.write(&batch)
    }

    /// Rows so far.
    pub(crate) fn rows(&self) -> u64 {
        self.rows
    }

    /// Closes the file without publishing it, to be read again; none when it has no row.
    pub(crate) fn set_aside(self) -> Result<Option<Aside>, Error> {
        let Some((writer, aside)) = self.under_way else { return Ok(None) };
        writer.finish(&[])?;
        Ok(Some(aside))
    }

    /// Closes the file with these pairs in its footer, syncs it, and makes it appear. Nothing to do without a row.
    pub(crate) fn publish(self, footer: &[(&str, String)]) -> Result<(), Error> {
        let Some((writer, aside)) = self.under_way else { return Ok(()) };
        writer.finish(footer)?;
        self.layout.check_later(&self.spec.name, self.recorded_at)?;
        disk::step("data-written");
        if aside.publish(&self.target)? {
            return Ok(());
        }
        Err(misfit(&self.spec.name, format!("{} is there already", self.target.display())))
    }
}
