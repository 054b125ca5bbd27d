//! The files of one table, written side by side from one pass over its rows.

use std::fs::File;
use std::io::{Read as _, Write as _};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use arrow::array::{ArrayRef, AsArray as _, RecordBatch, StringArray};
use arrow::csv::WriterBuilder;
use arrow::datatypes::{DataType, Date32Type, Field, Schema, SchemaRef};
use jiff::Timestamp;
use jiff::civil::date;
use jiff::tz::TimeZone;
use parquet::arrow::ArrowWriter;
use parquet::basic::{Compression, ZstdLevel};
use parquet::file::properties::WriterProperties;
use rust_xlsxwriter::{DocProperties, ExcelDateTime, Format, Workbook, XlsxError};
use sha2::{Digest as _, Sha256};

use super::resource::{Column, Resource, WrittenFile};
use super::{Package, describe};
use crate::error::Error;
use crate::sql::{SHEET_ROWS_MAX, write_cell};

/// The sheet of the rows in a workbook.
const DATA_SHEET: &str = "données";

/// Writes one table.
pub(super) struct Writer {
    root: PathBuf,
    resource: Resource,
    schema: SchemaRef,
    csv: arrow::csv::Writer<File>,
    parquet: ArrowWriter<File>,
    /// None when there are more rows than a worksheet holds.
    workbook: Option<Workbook>,
    date_format: Format,
    days: Option<(i32, i32)>,
}

impl Writer {
    /// Starts the files of a table that has so many rows, in its folder under `root`.
    pub(super) fn create(
        root: &Path,
        resource: Resource,
        as_of: Timestamp,
        rows: u64,
    ) -> Result<Self, Error> {
        let folder = root.join(&resource.name);
        std::fs::create_dir_all(&folder).map_err(|source| Error::Write { path: folder.clone(), source })?;
        let create = |extension: &str| {
            let path = folder.join(format!("{}.{extension}", resource.name));
            File::create(&path).map_err(|source| Error::Write { path, source })
        };
        let fields =
            resource.columns.iter().map(|column| Field::new(&column.name, column.kind.clone(), true));
        let schema: SchemaRef = Arc::new(Schema::new(fields.collect::<Vec<_>>()));
        // The header is quoted: a reader that guesses the form of a file from its first lines sees that texts may be.
        let mut file = create("csv")?;
        let names: Vec<String> =
            schema.fields().iter().map(|field| format!("\"{}\"", field.name())).collect();
        let path = || folder.join(format!("{}.csv", resource.name));
        writeln!(file, "{}", names.join(",")).map_err(|source| Error::Write { path: path(), source })?;
        let csv = WriterBuilder::new()
            .with_header(false)
            .with_timestamp_tz_format("%Y-%m-%dT%H:%M:%SZ".into())
            .build(file);
        let properties = WriterProperties::builder().set_compression(Compression::ZSTD(ZstdLevel::default()));
        let parquet = ArrowWriter::try_new(create("parquet")?, Arc::clone(&schema), Some(properties.build()));
        let workbook = (rows <= u64::from(SHEET_ROWS_MAX)).then(|| start(&resource, as_of)).transpose();
        Ok(Self {
            root: root.to_owned(),
            schema,
            csv,
            parquet: parquet.map_err(|fault| Error::Arrow(fault.into()))?,
            workbook: workbook.map_err(|fault| workbook_fault(&resource.name, &fault))?,
            date_format: Format::new().set_num_format("yyyy-mm-dd"),
            days: None,
            resource,
        })
    }

    /// Adds rows, whose columns are those of the table, in order.
    pub(super) fn write(&mut self, batch: &RecordBatch) -> Result<(), Error> {
        let batch = RecordBatch::try_new(Arc::clone(&self.schema), batch.columns().to_vec())?;
        self.parquet.write(&batch).map_err(|fault| Error::Arrow(fault.into()))?;
        self.csv.write(&defused(&batch)?)?;
        let first = self.resource.rows;
        self.resource.rows += batch.num_rows() as u64;
        if let Some(days) =
            batch.column_by_name("time_value").and_then(|days| days.as_primitive_opt::<Date32Type>())
        {
            for day in days.iter().flatten() {
                let (from, until) = self.days.unwrap_or((day, day));
                self.days = Some((from.min(day), until.max(day)));
            }
        }
        let Some(workbook) = &mut self.workbook else { return Ok(()) };
        let mut fill = || -> Result<(), XlsxError> {
            let sheet = workbook.worksheet_from_index(0)?;
            for row in 0..batch.num_rows() {
                // The heading is line 0.
                let line =
                    u32::try_from(first).unwrap_or(u32::MAX) + u32::try_from(row).unwrap_or(u32::MAX) + 1;
                for (column, values) in (0_u16..).zip(batch.columns()) {
                    write_cell(sheet, line, column, values, row, &self.date_format)?;
                }
            }
            Ok(())
        };
        fill().map_err(|fault| workbook_fault(&self.resource.name, &fault))
    }

    /// Ends the files and describes them.
    pub(super) fn finish(mut self, package: &Package) -> Result<Resource, Error> {
        let name = self.resource.name.clone();
        let day = |days: i32| date(1970, 1, 1).saturating_add(jiff::Span::new().days(days)).to_string();
        self.resource.days = self.days.map(|(from, until)| (day(from), day(until)));
        let mut csv = self.csv.into_inner();
        let flushed = csv.flush().and_then(|()| csv.sync_all());
        flushed.map_err(|source| Error::Write { path: self.root.join(&name), source })?;
        self.parquet.close().map_err(|fault| Error::Arrow(fault.into()))?;
        let mut kinds = vec![("csv", "text/csv"), ("parquet", "application/vnd.apache.parquet")];
        if let Some(mut workbook) = self.workbook {
            let path = self.root.join(&name).join(format!("{name}.xlsx"));
            end(&mut workbook, &self.resource, package)
                .and_then(|()| workbook.save(path))
                .map_err(|fault| workbook_fault(&name, &fault))?;
            kinds.push(("xlsx", "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"));
        }
        for (extension, media_type) in kinds {
            let path = format!("{name}/{name}.{extension}");
            self.resource.files.push(measured(&self.root, path, media_type)?);
        }
        describe::write_schema(&self.root, &self.resource)?;
        Ok(self.resource)
    }
}

/// Size and hash of a written file.
fn measured(root: &Path, path: String, media_type: &'static str) -> Result<WrittenFile, Error> {
    let full = root.join(&path);
    let read = |source| Error::Read { path: full.clone(), source };
    let mut file = File::open(&full).map_err(read)?;
    let (mut hash, mut bytes, mut buffer) = (Sha256::new(), 0, vec![0; 1 << 16]);
    loop {
        let n = file.read(&mut buffer).map_err(read)?;
        if n == 0 {
            break;
        }
        hash.update(&buffer[..n]);
        bytes += n as u64;
    }
    let sha256 = hash.finalize().iter().map(|byte| format!("{byte:02x}")).collect();
    Ok(WrittenFile { path, media_type, bytes, sha256 })
}

fn workbook_fault(table: &str, fault: &XlsxError) -> Error {
    Error::Failed(format!("{table}.xlsx: {fault}"))
}

/// Text that a spreadsheet would run as a formula starts with an apostrophe.
fn defused(batch: &RecordBatch) -> Result<RecordBatch, Error> {
    let defuse = |column: &ArrayRef| -> ArrayRef {
        match column.as_string_opt::<i32>() {
            Some(texts) => {
                Arc::new(texts.iter().map(|text| text.map(vigie_reports::defused)).collect::<StringArray>())
            }
            None => Arc::clone(column),
        }
    };
    Ok(RecordBatch::try_new(batch.schema(), batch.columns().iter().map(defuse).collect())?)
}

/// A workbook with the heading of its rows; its creation date is the as-of.
fn start(resource: &Resource, as_of: Timestamp) -> Result<Workbook, XlsxError> {
    let mut workbook = Workbook::new();
    let at = as_of.to_zoned(TimeZone::UTC);
    let created = ExcelDateTime::from_ymd(
        u16::try_from(at.year()).unwrap_or(2000),
        at.month().unsigned_abs(),
        at.day().unsigned_abs(),
    )?;
    workbook
        .set_properties(&DocProperties::new().set_title(&resource.title_fr).set_creation_datetime(&created));
    let bold = Format::new().set_bold();
    // Rows go to disk as they come: a worksheet of a million would not fit in memory.
    let sheet = workbook.add_worksheet_with_constant_memory()?;
    sheet.set_name(DATA_SHEET)?;
    for (at, column) in (0_u16..).zip(&resource.columns) {
        let width = if column.kind == DataType::Utf8 { 22.0 } else { 14.0 };
        sheet.set_column_width(at, width)?;
        sheet.write_string_with_format(0, at, &column.name, &bold)?;
    }
    sheet.set_freeze_panes(1, 0)?;
    Ok(workbook)
}

/// The dictionary and the provenance.
fn end(workbook: &mut Workbook, resource: &Resource, package: &Package) -> Result<(), XlsxError> {
    let bold = Format::new().set_bold();
    let sheet = workbook.add_worksheet();
    sheet.set_name("dictionnaire")?;
    for (at, (title, width)) in
        (0_u16..).zip([("colonne", 24.0), ("intitulé", 70.0), ("type", 14.0), ("unité", 24.0), ("clé", 8.0)])
    {
        sheet.write_string_with_format(0, at, title, &bold)?;
        sheet.set_column_width(at, width)?;
    }
    for (line, column) in (1_u32..).zip(&resource.columns) {
        sheet.write_string(line, 0, &column.name)?;
        sheet.write_string(line, 1, &column.title_fr)?;
        sheet.write_string(line, 2, type_fr(column))?;
        sheet.write_string(line, 3, column.unit.as_deref().unwrap_or_default())?;
        sheet.write_string(line, 4, if resource.key.contains(&column.name) { "oui" } else { "" })?;
    }
    sheet.set_freeze_panes(1, 0)?;
    let sheet = workbook.add_worksheet();
    sheet.set_name("provenance")?;
    sheet.set_column_width(0, 26)?;
    sheet.set_column_width(1, 110)?;
    for (line, (what, text)) in (0_u32..).zip(describe::provenance(resource, package)) {
        sheet.write_string_with_format(line, 0, what, &bold)?;
        sheet.write_string(line, 1, text)?;
    }
    Ok(())
}

fn type_fr(column: &Column) -> &'static str {
    match describe::type_of(&column.kind) {
        "integer" => "entier",
        "number" => "nombre",
        "boolean" => "vrai ou faux",
        "date" => "date",
        "datetime" => "date et heure (UTC)",
        _ => "texte",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_that_would_run_in_a_spreadsheet_is_defused_in_csv() {
        let texts = StringArray::from(vec![Some("=1+1"), Some("31"), None, Some("@x")]);
        let batch = RecordBatch::try_from_iter([("a", Arc::new(texts) as ArrayRef)]).unwrap();
        let defused = defused(&batch).unwrap();
        let out: Vec<Option<&str>> = defused.column(0).as_string::<i32>().iter().collect();
        assert_eq!(out, [Some("'=1+1"), Some("31"), None, Some("'@x")]);
    }
}
