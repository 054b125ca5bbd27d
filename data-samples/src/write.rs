//! Bytes and files: gzip, workbook, folders.

use std::io::{self, Write as _};
use std::path::Path;

use flate2::Compression;
use flate2::write::GzEncoder;
use rust_xlsxwriter::{DocProperties, ExcelDateTime, Format, Workbook, XlsxError};

use crate::Edition;
use crate::platforms::Demand;
use crate::wave::day_at;

/// Compresses a body. The header holds no time, so that the same body gives the same bytes.
pub(crate) fn gzip(body: &[u8]) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::best());
    encoder.write_all(body).and_then(|()| encoder.finish()).expect("writing to memory does not fail")
}

/// The workbook of the reinforcement feed: a sheet of demands, a sheet that says they are fictional.
pub(crate) fn workbook(demands: &[Demand]) -> Vec<u8> {
    fill(demands).expect("sheet names and cells are ours, and within the limits of a workbook")
}

fn fill(demands: &[Demand]) -> Result<Vec<u8>, XlsxError> {
    let mut workbook = Workbook::new();
    // The creation time is the clock's unless it is given.
    workbook.set_properties(
        &DocProperties::new()
            .set_title("Renforts : données fictives")
            .set_creation_datetime(&ExcelDateTime::from_ymd(2020, 3, 2)?),
    );
    let date_format = Format::new().set_num_format("yyyy-mm-dd");
    let sheet = workbook.add_worksheet();
    sheet.set_name("demandes")?;
    let header = ["platform", "department", "profession", "time_value", "requested", "offered", "filled_48h"];
    for (column, name) in (0..).zip(header) {
        sheet.write_string(0, column, name)?;
    }
    for (row, demand) in (1..).zip(demands) {
        let day = day_at(demand.day);
        let date = ExcelDateTime::from_ymd(day.year() as u16, day.month() as u8, day.day() as u8)?;
        sheet.write_string(row, 0, "renfort-covid")?;
        sheet.write_string(row, 1, demand.department)?;
        sheet.write_string(row, 2, demand.profession)?;
        sheet.write_datetime_with_format(row, 3, &date, &date_format)?;
        for (column, value) in (4..).zip([demand.requested, demand.offered, demand.filled_48h]) {
            sheet.write_number(row, column, value as f64)?;
        }
    }
    let notes = workbook.add_worksheet();
    notes.set_name("lisez-moi")?;
    notes.write_string(0, 0, "Données fictives, produites par le générateur d’échantillons de Vigie.")?;
    workbook.save_to_buffer()
}

/// Writes each edition to `out/<day>/<file>`.
///
/// # Errors
/// When a folder or file cannot be written.
pub fn to_disk(editions: &[Edition], out: &Path) -> io::Result<()> {
    for edition in editions {
        let folder = out.join(edition.issued_at.strftime("%Y-%m-%d").to_string());
        std::fs::create_dir_all(&folder)?;
        for body in &edition.bodies {
            std::fs::write(folder.join(&body.file_name), &body.bytes)?;
        }
    }
    Ok(())
}
