//! Tests of the whole way from a body to its rows, and of the way from a server to a body.

mod corpus;
mod cut;
mod defects;
mod forms;
mod http;
mod layouts;
mod names;
mod numbers;
mod packed;
mod props;
mod real;
mod relations;
mod runs;
mod speed;
mod stated;

use std::path::PathBuf;

use arrow::array::RecordBatch;
use arrow::compute::concat_batches;
use arrow::util::display::{ArrayFormatter, FormatOptions};
use vigie_queries::Contract;

use crate::limits::Limits;
use crate::{Checked, Code, Parsed, Refusal, Severity, parse, parse_within};

/// A small contract in the layout of the hospital feed.
pub(crate) const STOCK: &str = r#"
id = "stock"
title_fr = "t"
description_fr = "d"
kind = "snapshot"
key = ["department", "time_value"]
publisher = "p"
licence = "l"
columns = [
  { name = "department", from = ["dep"], type = "department", title_fr = "t" },
  { name = "time_value", from = ["jour"], type = "date", title_fr = "t" },
  { name = "patients", from = ["hosp"], type = "integer", nullable = true, min = 0, title_fr = "t" },
  { name = "total", from = ["rad"], type = "integer", min = 0, running_total = true, optional = true, title_fr = "t" },
]
[feed]
format = "csv"
[dialect]
delimiter = ";"
also_delimiters = [","]
[cadence]
cron = "0 8 * * *"
warn_after = "36h"
error_after = "72h"
[bounds]
bad_rows_share_max = 0.6
rows_max = 1000
decompressed_bytes_max = 40000000
"#;

pub(crate) fn contract(text: &str) -> Contract {
    let id = text.lines().find_map(|line| line.strip_prefix("id = \"")).unwrap().trim_end_matches('"');
    Contract::parse(&format!("sources/{id}.toml"), text).unwrap()
}

pub(crate) fn today() -> jiff::civil::Date {
    jiff::civil::date(2020, 12, 31)
}

/// A folder for temporary files, which have no names there.
pub(crate) fn spool() -> PathBuf {
    std::env::temp_dir()
}

/// Bounds that put even small bodies on disk, in many runs.
const SMALL: Limits =
    Limits { run_rows: 3, run_bytes: usize::MAX, fan_in: 2, batch_rows: 2, batch_bytes: 1 << 20 };

/// All that is known of a body, however its rows are held.
pub(crate) fn whole(parsed: &Parsed) -> (Vec<RecordBatch>, String) {
    match parsed {
        Parsed::Rows(checked) => {
            let all = concat_batches(&checked.rows.schema(), &batches(checked)).unwrap();
            let Checked { rows, findings, keys_aside, counts, form, incomplete } = checked;
            let mut known = vec![all];
            let keys = &keys_aside.batches;
            known.extend(keys.first().map(|first| concat_batches(&first.schema(), keys).unwrap()));
            (
                known,
                format!(
                    "{} {findings:#?} {} {counts:?} {form:?} {incomplete:?}",
                    rows.len(),
                    keys_aside.is_cut
                ),
            )
        }
        Parsed::Refused(refusal) => (Vec::new(), format!("{refusal:#?}")),
    }
}

/// Parses a body given as bytes.
pub(crate) fn parsed(body: &[u8], contract: &Contract) -> Parsed {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("body");
    std::fs::write(&path, body).unwrap();
    let parsed = parse(&path, contract, today(), folder.path()).unwrap();
    let in_runs = parse_within(&path, contract, today(), folder.path(), SMALL).unwrap();
    assert_eq!(whole(&parsed), whole(&in_runs), "a body is read alike in one run and in many");
    if let Parsed::Rows(checked) = &parsed {
        let counts = checked.counts;
        assert_eq!(counts.rows_accepted + counts.rows_quarantined, counts.rows_in);
        let errors = checked.findings.iter().filter(|f| f.severity == Severity::Error).count() as u64;
        assert_eq!(errors, counts.rows_quarantined, "every row set aside is a finding");
        assert_eq!(checked.rows.schema(), contract.schema());
        let mut out = 0;
        for batch in batches(checked) {
            assert_eq!(batch.schema(), contract.schema());
            out += batch.num_rows() as u64;
        }
        assert_eq!(checked.rows.len(), out);
    }
    parsed
}

pub(crate) fn rows(body: &[u8], contract: &Contract) -> Checked {
    match parsed(body, contract) {
        Parsed::Rows(checked) => checked,
        Parsed::Refused(refusal) => panic!("refused: {}", refusal.message_fr),
    }
}

pub(crate) fn refused(body: &[u8], contract: &Contract) -> Refusal {
    match parsed(body, contract) {
        Parsed::Rows(checked) => panic!("not refused: {:?} {:?}", checked.counts, table(&checked)),
        Parsed::Refused(refusal) => {
            assert!(refusal.message_fr.ends_with(&format!("({})", refusal.code)), "{}", refusal.message_fr);
            assert_eq!(refusal.findings[0].code, refusal.code);
            refusal
        }
    }
}

/// Accepted rows, batch by batch.
pub(crate) fn batches(checked: &Checked) -> Vec<RecordBatch> {
    checked.rows.batches().unwrap().map(Result::unwrap).collect()
}

/// Rows as text, cells joined by `;`, missing values empty.
pub(crate) fn table(checked: &Checked) -> Vec<String> {
    let options = FormatOptions::default().with_null("");
    let mut lines = Vec::new();
    for batch in batches(checked) {
        let columns: Vec<_> =
            batch.columns().iter().map(|column| ArrayFormatter::try_new(column, &options).unwrap()).collect();
        for row in 0..batch.num_rows() {
            lines.push(
                columns.iter().map(|column| column.value(row).to_string()).collect::<Vec<_>>().join(";"),
            );
        }
    }
    lines
}

/// Codes of a severity, each with its line, `code@line`, in order.
pub(crate) fn codes(checked: &Checked, severity: Severity) -> Vec<String> {
    checked
        .findings
        .iter()
        .filter(|finding| finding.severity == severity)
        .map(|finding| match finding.line {
            Some(line) => format!("{}@{line}", finding.code),
            None => finding.code.to_string(),
        })
        .collect()
}

pub(crate) fn has(checked: &Checked, code: Code) -> bool {
    checked.findings.iter().any(|finding| finding.code == code)
}
