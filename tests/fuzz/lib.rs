//! What every body must keep, whatever its bytes; shared by the targets.

use std::path::PathBuf;
use std::sync::LazyLock;

use arrow::array::{Array as _, RecordBatch};
use arrow::util::display::{ArrayFormatter, FormatOptions};
use jiff::civil::{Date, date};
use vigie_ingest::{Finding, Parsed, Severity, parse};
use vigie_queries::{Contract, Vocabulary};

static VOCABULARY: LazyLock<Vocabulary> =
    LazyLock::new(|| Vocabulary::embedded().expect("the embedded vocabulary reads"));

/// A folder in memory where there is one.
static FOLDER: LazyLock<tempfile::TempDir> = LazyLock::new(|| {
    tempfile::tempdir_in("/dev/shm").or_else(|_| tempfile::tempdir()).expect("a temporary folder")
});

/// The contract of a source as embedded.
pub fn contract(source: &str) -> Contract {
    VOCABULARY.contract(source).expect("a source of that name").clone()
}

/// The day on which bodies are read: fixed, so that a crash stays one.
pub const TODAY: Date = date(2020, 12, 31);

/// Reads a body twice and checks what must hold.
pub fn check_body(bytes: &[u8], contract: &Contract) {
    let first = read(bytes, contract);
    let second = read(bytes, contract);
    assert_eq!(first, second, "the same body read twice");
}

/// Everything that reading gave, as text.
fn read(bytes: &[u8], contract: &Contract) -> String {
    let path: PathBuf = FOLDER.path().join("body");
    std::fs::write(&path, bytes).expect("the body can be written");
    let parsed = parse(&path, contract, TODAY, FOLDER.path()).expect("our own disk works");
    match parsed {
        Parsed::Rows(checked) => {
            let counts = checked.counts;
            assert_eq!(
                counts.rows_accepted + counts.rows_quarantined,
                counts.rows_in,
                "every row is accounted for"
            );
            let batches: Vec<RecordBatch> = checked
                .rows
                .batches()
                .expect("rows can be read")
                .collect::<Result<_, _>>()
                .expect("rows can be read");
            let rows = rows(&batches, contract);
            assert!(rows.len() as u64 <= counts.rows_accepted, "no row comes from nowhere");
            assert_eq!(rows.len() as u64, checked.rows.len() as u64);
            check_findings(&checked.findings, bytes, contract);
            let errors =
                checked.findings.iter().filter(|finding| finding.severity == Severity::Error).count();
            assert_eq!(errors as u64, counts.rows_quarantined, "every row set aside has its finding");
            format!("{counts:?} {:?} {rows:?} {:?}", checked.form, checked.findings)
        }
        Parsed::Refused(refusal) => {
            assert!(refusal.message_fr.ends_with(&format!("({})", refusal.code)), "{}", refusal.message_fr);
            check_findings(&refusal.findings, bytes, contract);
            format!("{refusal:?}")
        }
    }
}

/// Rows as text, after a look at their schema, their order and their keys.
fn rows(batches: &[RecordBatch], contract: &Contract) -> Vec<String> {
    let keys = contract.key_names().len();
    let options = FormatOptions::default().with_null("∅");
    let mut rows = Vec::new();
    let mut before: Option<Vec<String>> = None;
    for batch in batches {
        assert_eq!(batch.schema(), contract.schema());
        for (column, field) in batch.columns().iter().zip(contract.schema().fields()) {
            assert!(field.is_nullable() || column.null_count() == 0, "{} has a hole", field.name());
        }
        let cells: Vec<_> = batch
            .columns()
            .iter()
            .map(|column| ArrayFormatter::try_new(column, &options).expect("a printable column"))
            .collect();
        for row in 0..batch.num_rows() {
            let texts: Vec<String> = cells.iter().map(|cell| cell.value(row).to_string()).collect();
            let key = texts[..keys].to_vec();
            if let Some(before) = &before {
                assert_ne!(before, &key, "a key comes twice");
                // Text and ISO days sort as they print.
                assert!(
                    contract_sorts_as_text(contract) <= (before < &key),
                    "rows are in key order: {before:?} {key:?}"
                );
            }
            before = Some(key);
            rows.push(texts.join("\u{1f}"));
        }
    }
    rows
}

fn contract_sorts_as_text(contract: &Contract) -> bool {
    use vigie_queries::ColumnType::{Date, Department, Text};
    contract.key_names().iter().all(|name| {
        contract.column(name).is_some_and(|column| matches!(column.kind, Text | Department | Date))
    })
}

fn check_findings(findings: &[Finding], bytes: &[u8], contract: &Contract) {
    // Beyond the last line end there may be one line more. A packed body has lines that nobody sees here.
    let packed = bytes.starts_with(&[0x1f, 0x8b]) || bytes.starts_with(b"PK");
    let lines = bytes.iter().filter(|b| matches!(b, b'\n' | b'\r' | b'{')).count() as u64 + 2;
    for finding in findings {
        assert!(finding.message.contains(finding.code.as_str()), "{}", finding.message);
        assert!(finding.message.chars().all(|c| !c.is_control()), "{:?}", finding.message);
        if let Some(line) = finding.line {
            assert!(line >= 1 && (packed || line <= lines), "line {line} of {lines}: {}", finding.message);
        }
        let aside = finding.severity == Severity::Error && finding.raw.is_some();
        assert!(!aside || finding.line.is_some(), "a row set aside has a line: {}", finding.message);
    }
    let _ = contract;
}

/// A faulty file of the vocabulary is told with its name and a line that exists.
pub fn check_fault(error: &vigie_queries::Error, file: &str, text: &str) {
    let vigie_queries::Error::Faulty { file: named, line, what } = error else { panic!("{error}") };
    assert_eq!(named, file);
    assert!((1..=text.matches('\n').count() + 1).contains(line), "line {line}: {what}");
    assert!(!what.is_empty());
}
