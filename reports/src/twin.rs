//! The twins of a bulletin: the same numbers for machines, as JSON and CSV.

use std::borrow::Cow;

use jiff::civil::Date;
use serde::Serialize;

use crate::Error;
use crate::input::{GateResult, Input};
use crate::published::{PlottedSeries, PublishedValue, time_word};

/// Version of the twin's layout.
const FORMAT: &str = "vigie-bulletin/1";

#[derive(Serialize)]
struct Twin<'a> {
    format: &'static str,
    territory: Territory<'a>,
    week: Date,
    week_iso: String,
    as_of: AsOf,
    edition: u32,
    vocabulary_fingerprint: String,
    gates: &'a [GateResult],
    published: &'a [PublishedValue],
    plotted: &'a [PlottedSeries],
    #[serde(skip_serializing_if = "Option::is_none")]
    changes: Option<ChangesTwin<'a>>,
}

/// What became of the numbers of the bulletin before: all of them, also those that the page only counts.
#[derive(Serialize)]
struct ChangesTwin<'a> {
    previous: Option<PreviousTwin>,
    compared: usize,
    changes: Vec<ChangeTwin<'a>>,
}

#[derive(Serialize)]
struct PreviousTwin {
    week: Date,
    edition: u32,
    issued: jiff::Timestamp,
}

#[derive(Serialize)]
struct ChangeTwin<'a> {
    indicator: &'a str,
    category: &'a str,
    geo_type: &'a str,
    geo_value: &'a str,
    time_type: &'a str,
    time_value: Date,
    unit: &'a str,
    before: Option<f64>,
    printed_before: &'a str,
    now: Option<f64>,
    printed_now: &'a str,
    causes: Vec<&'static str>,
}

fn changes<'a>(input: &'a Input<'a>) -> Option<ChangesTwin<'a>> {
    let changes = input.changes.as_ref()?;
    Some(ChangesTwin {
        previous: changes.previous.as_ref().map(|previous| PreviousTwin {
            week: previous.week,
            edition: previous.edition,
            issued: previous.issued,
        }),
        compared: changes.compared,
        changes: changes
            .changes
            .iter()
            .map(|change| ChangeTwin {
                indicator: &change.indicator,
                category: &change.category,
                geo_type: change.place.geo_type.as_str(),
                geo_value: &change.place.code,
                time_type: time_word(change.time_type),
                time_value: change.date,
                unit: &change.unit,
                before: change.before,
                printed_before: &change.printed_before,
                now: change.now,
                printed_now: &change.printed_now,
                causes: change.causes.iter().map(|cause| cause.code()).collect(),
            })
            .collect(),
    })
}

#[derive(Serialize)]
struct Territory<'a> {
    geo_type: &'a str,
    geo_value: &'a str,
    name: String,
}

#[derive(Serialize)]
struct AsOf {
    issued: jiff::Timestamp,
    recorded: jiff::Timestamp,
}

/// Every printed number and every plotted series, with the as-of they rest on.
///
/// # Errors
/// [`Error::Twin`]: never for finite numbers; what is not a number becomes `null`.
pub(crate) fn json(
    input: &Input,
    name: &str,
    published: &[PublishedValue],
    plotted: &[PlottedSeries],
) -> Result<Vec<u8>, Error> {
    let week = input.week.iso_week_date();
    let twin = Twin {
        format: FORMAT,
        territory: Territory {
            geo_type: input.territory.geo_type.as_str(),
            geo_value: &input.territory.code,
            name: name.to_owned(),
        },
        week: input.week,
        week_iso: format!("{}-W{:02}", week.year(), week.week()),
        as_of: AsOf { issued: input.as_of.issued, recorded: input.as_of.recorded },
        edition: input.edition,
        vocabulary_fingerprint: input.vocabulary.fingerprint(),
        gates: &input.gates,
        published,
        plotted,
        changes: changes(input),
    };
    let mut bytes = serde_json::to_vec_pretty(&twin).map_err(Error::Twin)?;
    bytes.push(b'\n');
    Ok(bytes)
}

/// The printed numbers as CSV: UTF-8, comma, dates in ISO form, empty for missing.
pub(crate) fn csv(published: &[PublishedValue]) -> Vec<u8> {
    let mut out = String::from(
        "section,kind,label,indicator,category,geo_type,geo_value,time_type,time_value,value,unit,printed\n",
    );
    for entry in published {
        let value = entry.value.map_or_else(String::new, |value| value.to_string());
        let date = entry.time_value.to_string();
        let cells = [
            text_cell(&entry.section),
            text_cell(&entry.kind),
            text_cell(&entry.label),
            text_cell(&entry.indicator),
            text_cell(&entry.category),
            text_cell(&entry.geo_type),
            text_cell(&entry.geo_value),
            text_cell(&entry.time_type),
            date,
            value,
            text_cell(&entry.unit),
            text_cell(&entry.printed),
        ];
        out.push_str(&cells.join(","));
        out.push('\n');
    }
    out.into_bytes()
}

/// The points of every figure as CSV: one row a point, empty for a gap.
pub(crate) fn series_csv(plotted: &[PlottedSeries]) -> Vec<u8> {
    let mut out = String::from(
        "section,figure,indicator,category,geo_type,geo_value,time_type,unit,time_value,value,status\n",
    );
    for series in plotted {
        let head = [
            &series.section,
            &series.label,
            &series.indicator,
            &series.category,
            &series.geo_type,
            &series.geo_value,
            &series.time_type,
            &series.unit,
        ]
        .map(|text| text_cell(text))
        .join(",");
        for (date, value, status) in &series.points {
            let value = value.map_or_else(String::new, |value| value.to_string());
            out.push_str(&format!("{head},{date},{value},{}\n", text_cell(status)));
        }
    }
    out.into_bytes()
}

/// Text that a spreadsheet would run as a formula, with an apostrophe before it; other text as it is.
#[must_use]
pub fn defused(text: &str) -> Cow<'_, str> {
    match text.starts_with(['=', '+', '-', '@', '\t', '\r']) {
        true => Cow::Owned(format!("'{text}")),
        false => Cow::Borrowed(text),
    }
}

/// Text for a CSV cell: quoted where needed; what a spreadsheet would run as a formula starts with an apostrophe.
fn text_cell(text: &str) -> String {
    let text = defused(text);
    if text.contains([',', '"', '\n', '\r']) {
        format!("\"{}\"", text.replace('"', "\"\""))
    } else {
        text.into_owned()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_formula_is_defused_and_a_comma_quoted() {
        assert_eq!(text_cell("=HYPERLINK(1)"), "'=HYPERLINK(1)");
        assert_eq!(text_cell("a,\"b\""), "\"a,\"\"b\"\"\"");
        assert_eq!(text_cell("Gard"), "Gard");
    }
}
