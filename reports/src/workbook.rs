//! The spreadsheet twin: printed numbers, definitions, provenance. Codes are text, numbers are numbers, dates are dates.

use jiff::tz::TimeZone;
use rust_xlsxwriter::{DocProperties, ExcelDateTime, Format, Workbook, Worksheet, XlsxError};

use crate::Error;
use crate::input::{Changes, Freshness, Input};
use crate::published::{PlottedSeries, PublishedValue, time_word};

/// Longest text a cell may hold.
const CELL_MAX: usize = 32_000;

/// Writes the workbook; the creation date is the as-of, so the same input gives the same bytes.
///
/// # Errors
/// [`Error::Workbook`] when the writer refuses a cell or a sheet.
pub(crate) fn write(
    input: &Input,
    title: &str,
    published: &[PublishedValue],
    plotted: &[PlottedSeries],
    indicators: &[String],
) -> Result<Vec<u8>, Error> {
    build(input, title, published, plotted, indicators).map_err(Error::Workbook)
}

fn build(
    input: &Input,
    title: &str,
    published: &[PublishedValue],
    plotted: &[PlottedSeries],
    indicators: &[String],
) -> Result<Vec<u8>, XlsxError> {
    let mut book = Workbook::new();
    let at = input.as_of.issued.to_zoned(TimeZone::UTC);
    let created = ExcelDateTime::from_ymd(
        u16::try_from(at.year()).unwrap_or(2000),
        at.month().unsigned_abs(),
        at.day().unsigned_abs(),
    )?
    .and_hms(u16::from(at.hour().unsigned_abs()), at.minute().unsigned_abs(), f64::from(at.second()))?;
    let author = if input.agency.name.is_empty() { "Vigie" } else { &input.agency.name };
    book.set_properties(
        &DocProperties::new().set_title(title).set_author(author).set_creation_datetime(&created),
    );
    numbers(book.add_worksheet(), published)?;
    series(book.add_worksheet(), plotted)?;
    if let Some(found) = &input.changes {
        changes(book.add_worksheet(), found)?;
    }
    definitions(book.add_worksheet(), input, indicators)?;
    provenance(book.add_worksheet(), input, title)?;
    book.save_to_buffer()
}

/// A sheet with its heading row, frozen and filtered.
fn head(sheet: &mut Worksheet, name: &str, columns: &[(&str, f64)]) -> Result<(), XlsxError> {
    sheet.set_name(name)?;
    let bold = Format::new().set_bold();
    for (index, (title, width)) in columns.iter().enumerate() {
        let column = u16::try_from(index).unwrap_or(u16::MAX);
        sheet.write_string_with_format(0, column, *title, &bold)?;
        sheet.set_column_width(column, *width)?;
    }
    sheet.set_freeze_panes(1, 0)?;
    Ok(())
}

/// Text is always written as a string: a feed's `=1+1` stays text.
fn text(sheet: &mut Worksheet, row: u32, column: u16, text: &str) -> Result<(), XlsxError> {
    if !text.is_empty() {
        sheet.write_string(row, column, crate::clean::short(text, CELL_MAX))?;
    }
    Ok(())
}

fn day(sheet: &mut Worksheet, row: u32, column: u16, date: jiff::civil::Date) -> Result<(), XlsxError> {
    let format = Format::new().set_num_format("yyyy-mm-dd");
    let value = ExcelDateTime::from_ymd(
        u16::try_from(date.year()).unwrap_or(1900),
        date.month().unsigned_abs(),
        date.day().unsigned_abs(),
    )?;
    sheet.write_datetime_with_format(row, column, &value, &format)?;
    Ok(())
}

fn number(sheet: &mut Worksheet, row: u32, column: u16, value: Option<f64>) -> Result<(), XlsxError> {
    if let Some(value) = value.filter(|value| value.is_finite()) {
        sheet.write_number(row, column, value)?;
    }
    Ok(())
}

fn numbers(sheet: &mut Worksheet, published: &[PublishedValue]) -> Result<(), XlsxError> {
    head(
        sheet,
        "Chiffres",
        &[
            ("section", 14.0),
            ("nature", 9.0),
            ("libellé", 44.0),
            ("indicateur", 30.0),
            ("catégorie", 14.0),
            ("type de lieu", 12.0),
            ("code du lieu", 12.0),
            ("type de période", 12.0),
            ("période", 12.0),
            ("valeur", 14.0),
            ("unité", 12.0),
            ("imprimé", 16.0),
        ],
    )?;
    let mut row = 0;
    for entry in published {
        row += 1;
        for (column, body) in [
            (0, &entry.section),
            (1, &entry.kind),
            (2, &entry.label),
            (3, &entry.indicator),
            (4, &entry.category),
            (5, &entry.geo_type),
            (6, &entry.geo_value),
            (7, &entry.time_type),
            (10, &entry.unit),
            (11, &entry.printed),
        ] {
            text(sheet, row, column, body)?;
        }
        day(sheet, row, 8, entry.time_value)?;
        number(sheet, row, 9, entry.value)?;
    }
    sheet.autofilter(0, 0, row, 11)?;
    Ok(())
}

fn series(sheet: &mut Worksheet, plotted: &[PlottedSeries]) -> Result<(), XlsxError> {
    head(
        sheet,
        "Séries",
        &[
            ("section", 14.0),
            ("figure", 44.0),
            ("indicateur", 30.0),
            ("catégorie", 14.0),
            ("type de lieu", 12.0),
            ("code du lieu", 12.0),
            ("type de période", 12.0),
            ("période", 12.0),
            ("valeur", 14.0),
            ("statut", 10.0),
            ("unité", 12.0),
        ],
    )?;
    let mut row = 0;
    for line in plotted {
        for (date, value, status) in &line.points {
            row += 1;
            for (column, body) in [
                (0, &line.section),
                (1, &line.label),
                (2, &line.indicator),
                (3, &line.category),
                (4, &line.geo_type),
                (5, &line.geo_value),
                (6, &line.time_type),
                (9, status),
                (10, &line.unit),
            ] {
                text(sheet, row, column, body)?;
            }
            day(sheet, row, 7, *date)?;
            number(sheet, row, 8, *value)?;
        }
    }
    sheet.autofilter(0, 0, row, 10)?;
    Ok(())
}

/// Published values of the bulletin before that would be printed otherwise today.
fn changes(sheet: &mut Worksheet, found: &Changes) -> Result<(), XlsxError> {
    head(
        sheet,
        "Changements",
        &[
            ("indicateur", 30.0),
            ("catégorie", 14.0),
            ("type de lieu", 12.0),
            ("code du lieu", 12.0),
            ("type de période", 12.0),
            ("période", 12.0),
            ("unité", 12.0),
            ("valeur publiée", 14.0),
            ("imprimé alors", 16.0),
            ("valeur à présent", 14.0),
            ("imprimé à présent", 16.0),
            ("causes", 44.0),
        ],
    )?;
    let mut row = 0;
    for change in &found.changes {
        row += 1;
        let causes: Vec<&str> = change.causes.iter().map(|cause| cause.title_fr()).collect();
        for (column, body) in [
            (0, change.indicator.as_str()),
            (1, &change.category),
            (2, change.place.geo_type.as_str()),
            (3, &change.place.code),
            (4, time_word(change.time_type)),
            (6, &change.unit),
            (8, &change.printed_before),
            (10, &change.printed_now),
            (11, &causes.join(", ")),
        ] {
            text(sheet, row, column, body)?;
        }
        day(sheet, row, 5, change.date)?;
        number(sheet, row, 7, change.before)?;
        number(sheet, row, 9, change.now)?;
    }
    sheet.autofilter(0, 0, row, 11)?;
    Ok(())
}

fn definitions(sheet: &mut Worksheet, input: &Input, indicators: &[String]) -> Result<(), XlsxError> {
    head(
        sheet,
        "Définitions",
        &[("indicateur", 32.0), ("titre", 50.0), ("définition", 90.0), ("unité", 14.0), ("sources", 40.0)],
    )?;
    let mut row = 0;
    for query in indicators.iter().filter_map(|id| input.vocabulary.query(id)) {
        row += 1;
        let sources: Vec<&str> = input.vocabulary.sources_of(&query.id).into_iter().collect();
        text(sheet, row, 0, &query.id)?;
        text(sheet, row, 1, &query.title_fr)?;
        text(sheet, row, 2, &query.definition_fr)?;
        text(sheet, row, 3, &query.unit)?;
        text(sheet, row, 4, &sources.join(", "))?;
    }
    Ok(())
}

fn provenance(sheet: &mut Worksheet, input: &Input, title: &str) -> Result<(), XlsxError> {
    head(
        sheet,
        "Provenance",
        &[
            ("source", 22.0),
            ("titre", 44.0),
            ("éditeur", 40.0),
            ("licence", 26.0),
            ("édition", 24.0),
            ("dernier jour", 14.0),
            ("état", 14.0),
            ("lignes retenues", 14.0),
            ("lignes écartées", 14.0),
        ],
    )?;
    let mut row = 0;
    for feed in &input.feeds {
        row += 1;
        text(sheet, row, 0, &feed.source)?;
        text(sheet, row, 1, &feed.title_fr)?;
        text(sheet, row, 2, &feed.publisher)?;
        text(sheet, row, 3, &feed.licence)?;
        text(sheet, row, 4, &feed.last_issued_at.map_or_else(String::new, |at| at.to_string()))?;
        if let Some(date) = feed.last_day {
            day(sheet, row, 5, date)?;
        }
        let state = match feed.state {
            Freshness::Fresh => "à jour",
            Freshness::Late => "en retard",
            Freshness::Stale => "périmée",
            Freshness::Absent => "jamais reçue",
        };
        text(sheet, row, 6, state)?;
        number(sheet, row, 7, Some(feed.rows_accepted as f64))?;
        number(sheet, row, 8, Some(feed.rows_quarantined as f64))?;
    }
    row += 1;
    for (name, body) in [
        ("bulletin", title.to_owned()),
        ("édition", input.edition.to_string()),
        ("données publiées jusqu’au", input.as_of.issued.to_string()),
        ("données enregistrées jusqu’au", input.as_of.recorded.to_string()),
        ("empreinte du vocabulaire", input.vocabulary.fingerprint()),
    ] {
        row += 1;
        text(sheet, row, 0, name)?;
        text(sheet, row, 1, &body)?;
    }
    Ok(())
}
