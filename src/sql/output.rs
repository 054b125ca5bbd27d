//! Results in each form: streamed where the form allows it.

use std::fmt::Write as _;
use std::fs::File;
use std::io::{BufWriter, Write};
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use arrow::array::{Array, AsArray as _, RecordBatch};
use arrow::csv::WriterBuilder;
use arrow::datatypes::{DataType, Date32Type, Schema};
use arrow::json::writer::{JsonArray, LineDelimited, WriterBuilder as JsonBuilder};
use arrow::util::display::{ArrayFormatter, FormatOptions};
use comfy_table::{CellAlignment, ContentArrangement, Table, presets};
use datafusion::dataframe::DataFrame;
use futures::stream::BoxStream;
use futures::{StreamExt as _, TryStreamExt as _};
use parquet::arrow::ArrowWriter;
use parquet::basic::{Compression, ZstdLevel};
use parquet::file::properties::WriterProperties;
use rust_xlsxwriter::{ExcelDateTime, Format, Workbook};

use crate::cli::OutputFormat;
use crate::error::Error;

/// Rows that a box or a Markdown table shows; other forms are never cut.
const TABLE_ROWS_MAX: usize = 1000;

/// Rows of a worksheet, header left out.
pub(crate) const SHEET_ROWS_MAX: u32 = 1_048_575;

/// The most rows that are given; whether there were more is known at the end.
#[derive(Debug, Clone, Default)]
pub struct Cut {
    rows_max: Option<u64>,
    was_cut: Arc<AtomicBool>,
}

impl Cut {
    /// At most so many rows.
    #[must_use]
    pub fn at(rows_max: Option<u64>) -> Self {
        Self { rows_max, ..Self::default() }
    }

    /// What to tell when rows were left out.
    #[must_use]
    pub fn notice(&self) -> Option<String> {
        let rows_max = self.rows_max.filter(|_| self.was_cut.load(Ordering::Relaxed))?;
        Some(format!("the first {rows_max} rows are given, there are more (--max-rows)"))
    }

    /// The rows of a frame up to there.
    async fn rows(&self, frame: DataFrame) -> Result<BoxStream<'static, Result<RecordBatch, Error>>, Error> {
        let Some(rows_max) = self.rows_max else {
            return Ok(frame.execute_stream().await?.map_err(Error::from).boxed());
        };
        // One more than is given tells that there are more; the engine need not make the others.
        let wanted = usize::try_from(rows_max).unwrap_or(usize::MAX);
        let stream = frame.limit(0, Some(wanted.saturating_add(1)))?.execute_stream().await?;
        let (mut left, was_cut) = (wanted, Arc::clone(&self.was_cut));
        let cut = stream.map_err(Error::from).map_ok(move |batch| {
            let given = batch.num_rows().min(left);
            left -= given;
            was_cut.fetch_or(given < batch.num_rows(), Ordering::Relaxed);
            batch.slice(0, given)
        });
        Ok(cut.boxed())
    }
}

/// Prints a result on standard output.
///
/// # Errors
/// [`Error::Query`] when the engine fails, [`Error::Write`] when the reader has gone for another reason than a
/// closed pipe.
pub async fn print_batches(frame: DataFrame, format: OutputFormat, cut: &Cut) -> Result<(), Error> {
    let out = BufWriter::new(std::io::stdout().lock());
    match write_text(frame, format, cut, out).await {
        Err(Error::Write { source, .. }) if source.kind() == std::io::ErrorKind::BrokenPipe => Ok(()),
        other => other.map(|_| ()),
    }
}

/// A result as a table in boxes.
pub(super) async fn table(frame: DataFrame) -> Result<String, Error> {
    let mut out = Vec::new();
    write_text(frame, OutputFormat::Table, &Cut::default(), &mut out).await?;
    Ok(String::from_utf8_lossy(&out).into_owned())
}

/// A result with a line for each column of each row.
pub(super) async fn expanded(frame: DataFrame) -> Result<String, Error> {
    let names: Vec<String> = frame.schema().fields().iter().map(|field| field.name().clone()).collect();
    let width = names.iter().map(|name| name.chars().count()).max().unwrap_or_default();
    let mut rows = Cut::at(Some(TABLE_ROWS_MAX as u64)).rows(frame).await?;
    let (mut out, mut n) = (String::new(), 0);
    let options = FormatOptions::default().with_null("");
    while let Some(batch) = rows.next().await {
        let batch = batch?;
        let columns = batch.columns().iter().map(|column| ArrayFormatter::try_new(column, &options));
        let columns = columns.collect::<Result<Vec<_>, _>>()?;
        for row in 0..batch.num_rows() {
            n += 1;
            let _ = writeln!(out, "── {n} {}", "─".repeat(width));
            for (name, column) in names.iter().zip(&columns) {
                let _ = writeln!(out, "{name:<width$}  {}", column.value(row));
            }
        }
    }
    Ok(out)
}

/// Writes a result to a file and returns its number of rows.
///
/// # Errors
/// [`Error::Query`], [`Error::Write`]; [`Error::Failed`] when a worksheet cannot hold the rows.
pub async fn write_file(
    frame: DataFrame,
    format: OutputFormat,
    path: &Path,
    cut: &Cut,
) -> Result<u64, Error> {
    let failed = |source: std::io::Error| Error::Write { path: path.to_owned(), source };
    match format {
        OutputFormat::Parquet => {
            let file = File::create(path).map_err(failed)?;
            write_parquet(frame, cut, file).await
        }
        OutputFormat::Xlsx => write_xlsx(frame, cut, path).await,
        _ => write_text(frame, format, cut, BufWriter::new(File::create(path).map_err(failed)?)).await,
    }
}

async fn write_text(
    frame: DataFrame,
    format: OutputFormat,
    cut: &Cut,
    mut out: impl Write,
) -> Result<u64, Error> {
    let failed = |source: std::io::Error| Error::Write { path: "standard output".into(), source };
    let schema = frame.schema().as_arrow().clone();
    let mut stream = cut.rows(frame).await?;
    let mut rows = 0_u64;
    match format {
        OutputFormat::Csv | OutputFormat::Tsv => {
            let separator = if format == OutputFormat::Tsv { b'\t' } else { b',' };
            let mut writer = WriterBuilder::new().with_header(true).with_delimiter(separator).build(&mut out);
            writer.write(&RecordBatch::new_empty(schema.into())).map_err(arrow_failed)?;
            while let Some(batch) = stream.next().await {
                let batch = batch?;
                rows += batch.num_rows() as u64;
                writer.write(&batch).map_err(arrow_failed)?;
            }
        }
        OutputFormat::Json => {
            let mut writer = JsonBuilder::new().with_explicit_nulls(true).build::<_, JsonArray>(&mut out);
            while let Some(batch) = stream.next().await {
                let batch = batch?;
                rows += batch.num_rows() as u64;
                writer.write(&batch).map_err(arrow_failed)?;
            }
            writer.finish().map_err(arrow_failed)?;
            drop(writer);
            out.write_all(b"\n").map_err(failed)?;
        }
        OutputFormat::Ndjson => {
            let mut writer = JsonBuilder::new().with_explicit_nulls(true).build::<_, LineDelimited>(&mut out);
            while let Some(batch) = stream.next().await {
                let batch = batch?;
                rows += batch.num_rows() as u64;
                writer.write(&batch).map_err(arrow_failed)?;
            }
            writer.finish().map_err(arrow_failed)?;
        }
        OutputFormat::Table | OutputFormat::Markdown => {
            let mut table = Table::new();
            table.load_preset(if format == OutputFormat::Markdown {
                presets::ASCII_MARKDOWN
            } else {
                presets::UTF8_FULL_CONDENSED
            });
            if format == OutputFormat::Table {
                table.set_content_arrangement(ContentArrangement::Dynamic);
            }
            table.set_header(schema.fields().iter().map(|field| field.name().as_str()));
            for (place, field) in schema.fields().iter().enumerate() {
                if field.data_type().is_numeric()
                    && let Some(column) = table.column_mut(place)
                {
                    column.set_cell_alignment(CellAlignment::Right);
                }
            }
            while let Some(batch) = stream.next().await {
                let batch = batch?;
                let shown = usize::try_from(rows).unwrap_or(usize::MAX);
                add_rows(&mut table, &batch, TABLE_ROWS_MAX.saturating_sub(shown), format)?;
                rows += batch.num_rows() as u64;
            }
            writeln!(out, "{table}").map_err(failed)?;
            if rows > TABLE_ROWS_MAX as u64 {
                eprintln!("{TABLE_ROWS_MAX} rows of {rows} shown; --format csv gives them all");
            }
        }
        OutputFormat::Parquet | OutputFormat::Xlsx => {
            return Err(Error::Usage("this format needs --out FILE".into()));
        }
    }
    out.flush().map_err(failed)?;
    Ok(rows)
}

/// An I/O error inside an Arrow writer keeps its kind, so that a closed pipe can be told apart.
fn arrow_failed(error: arrow::error::ArrowError) -> Error {
    match error {
        arrow::error::ArrowError::IoError(_, source) => {
            Error::Write { path: "standard output".into(), source }
        }
        other => Error::Arrow(other),
    }
}

fn add_rows(table: &mut Table, batch: &RecordBatch, room: usize, format: OutputFormat) -> Result<(), Error> {
    let options = FormatOptions::default().with_null("");
    let columns = batch
        .columns()
        .iter()
        .map(|column| ArrayFormatter::try_new(column, &options))
        .collect::<Result<Vec<_>, _>>()?;
    for row in 0..batch.num_rows().min(room) {
        table.add_row(columns.iter().map(|column| {
            let text = column.value(row).to_string();
            if format == OutputFormat::Markdown { text.replace('|', "\\|").replace('\n', " ") } else { text }
        }));
    }
    Ok(())
}

async fn write_parquet(frame: DataFrame, cut: &Cut, file: File) -> Result<u64, Error> {
    let schema: Schema = frame.schema().as_arrow().clone();
    let properties =
        WriterProperties::builder().set_compression(Compression::ZSTD(ZstdLevel::default())).build();
    let failed = |error: parquet::errors::ParquetError| Error::Arrow(error.into());
    let mut writer = ArrowWriter::try_new(file, schema.into(), Some(properties)).map_err(failed)?;
    let mut stream = cut.rows(frame).await?;
    let mut rows = 0;
    while let Some(batch) = stream.next().await {
        let batch = batch?;
        rows += batch.num_rows() as u64;
        writer.write(&batch).map_err(failed)?;
    }
    writer.close().map_err(failed)?;
    Ok(rows)
}

/// One sheet with real types: numbers, dates, and text that a spreadsheet never takes for a formula.
async fn write_xlsx(frame: DataFrame, cut: &Cut, path: &Path) -> Result<u64, Error> {
    let schema: Schema = frame.schema().as_arrow().clone();
    let failed = |error: rust_xlsxwriter::XlsxError| Error::Failed(format!("{}: {error}", path.display()));
    let mut workbook = Workbook::new();
    let date_format = Format::new().set_num_format("yyyy-mm-dd");
    let header_format = Format::new().set_bold();
    let sheet = workbook.add_worksheet();
    for (column, field) in (0_u16..).zip(schema.fields()) {
        sheet.write_string_with_format(0, column, field.name(), &header_format).map_err(failed)?;
    }
    let mut stream = cut.rows(frame).await?;
    let mut line = 0_u32;
    while let Some(batch) = stream.next().await {
        let batch = batch?;
        for row in 0..batch.num_rows() {
            line += 1;
            if line > SHEET_ROWS_MAX {
                return Err(Error::Failed(format!(
                    "a worksheet holds {SHEET_ROWS_MAX} rows and the result has more; use --format csv or parquet"
                )));
            }
            for (column, values) in (0_u16..).zip(batch.columns()) {
                write_cell(sheet, line, column, values, row, &date_format).map_err(failed)?;
            }
        }
    }
    sheet.set_freeze_panes(1, 0).map_err(failed)?;
    sheet.autofit();
    workbook.save(path).map_err(failed)?;
    Ok(u64::from(line))
}

/// One cell with its real type; nothing for a null.
pub(crate) fn write_cell(
    sheet: &mut rust_xlsxwriter::Worksheet,
    line: u32,
    column: u16,
    values: &dyn Array,
    row: usize,
    date_format: &Format,
) -> Result<(), rust_xlsxwriter::XlsxError> {
    if values.is_null(row) {
        return Ok(());
    }
    let text = |values: &dyn Array| {
        ArrayFormatter::try_new(values, &FormatOptions::default())
            .map(|formatter| formatter.value(row).to_string())
            .unwrap_or_default()
    };
    match values.data_type() {
        DataType::Date32 => {
            let days = values.as_primitive::<Date32Type>().value(row);
            // Excel counts days from 1899-12-30; day 0 of Unix is its day 25569.
            let date = ExcelDateTime::from_serial_datetime(f64::from(days) + 25_569.0)?;
            sheet.write_datetime_with_format(line, column, &date, date_format)?;
        }
        DataType::Boolean => {
            sheet.write_boolean(line, column, values.as_boolean().value(row))?;
        }
        kind if kind.is_numeric() => {
            let number = text(values);
            match number.parse::<f64>() {
                Ok(number) => sheet.write_number(line, column, number)?,
                Err(_) => sheet.write_string(line, column, number)?,
            };
        }
        _ => {
            sheet.write_string(line, column, text(values))?;
        }
    }
    Ok(())
}
