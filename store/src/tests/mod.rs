//! A real lake in a temporary folder.

mod as_of;
mod backup;
mod commit;
mod compaction;
mod crash;
mod disk_full;
mod flips;
mod levels;
mod model;
mod speed;
mod stamps;
mod streams;
mod writers;

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use arrow::array::{ArrayRef, AsArray, Int64Array, RecordBatch, StringArray};
use arrow::datatypes::{DataType, Field, Int64Type, Schema};
use arrow::util::pretty::pretty_format_batches;
use jiff::Timestamp;

use crate::{
    AsOf, Change, FetchRecord, FindingRecord, Lake, Outcome, SessionOptions, Spared, TableKind, TableSpec,
    fetch_id, tables,
};

/// Beds by department and day number.
pub(super) fn beds(snapshot: bool) -> TableSpec {
    TableSpec {
        name: "beds".into(),
        key: vec!["dep".into(), "day".into()],
        schema: Arc::new(Schema::new(vec![
            Field::new("dep", DataType::Utf8, false),
            Field::new("day", DataType::Int64, false),
            Field::new("n", DataType::Int64, true),
            Field::new("note", DataType::Utf8, true),
        ])),
        kind: TableKind::Versioned { snapshot },
    }
}

pub(super) type Rows = BTreeMap<(String, i64), Option<i64>>;

/// `("2A", 1, Some(5))…` as an edition.
pub(super) fn rows(from: &[(&str, i64, Option<i64>)]) -> Rows {
    from.iter().map(|(dep, day, n)| (((*dep).to_owned(), *day), *n)).collect()
}

pub(super) fn batch(rows: &Rows) -> RecordBatch {
    let columns: Vec<ArrayRef> = vec![
        Arc::new(rows.keys().map(|(dep, _)| Some(dep.as_str())).collect::<StringArray>()),
        Arc::new(rows.keys().map(|(_, day)| *day).collect::<Int64Array>()),
        Arc::new(rows.values().copied().collect::<Int64Array>()),
        Arc::new(rows.values().map(|n| n.map(|n| format!("note {n}"))).collect::<StringArray>()),
    ];
    RecordBatch::try_new(beds(true).schema, columns).unwrap()
}

/// Noon of a day of October 2020.
pub(super) fn day(day: i64) -> Timestamp {
    let first: Timestamp = "2020-10-01T12:00:00Z".parse().unwrap();
    first + Duration::from_secs(u64::try_from(day - 1).unwrap() * 86_400)
}

/// The counts of a change.
#[derive(Debug, PartialEq)]
pub(super) struct Counts {
    pub(super) rows_changed: u64,
    pub(super) rows_withdrawn: u64,
    pub(super) keys_known: u64,
    pub(super) latest_issued_at: Option<Timestamp>,
    pub(super) is_empty: bool,
}

/// What an edition changes, as of a present.
pub(super) async fn compare(
    lake: &Lake,
    spec: &TableSpec,
    edition: &[RecordBatch],
    issued_at: Timestamp,
    (now, id): (Timestamp, &str),
) -> Result<Change, crate::Error> {
    let edition = edition.iter().cloned().map(Ok::<_, std::convert::Infallible>);
    lake.compare(spec, edition, &Spared::default(), issued_at, lake.stamp(now)?, id).await
}

/// Fetches an edition as the runner does: keep, lock, compare, commit or record.
pub(super) async fn fetch(
    lake: &Lake,
    spec: &TableSpec,
    edition: &Rows,
    issued_at: Timestamp,
    recorded_at: Timestamp,
) -> (Counts, FetchRecord) {
    let findings =
        [FindingRecord { code: "test".into(), message: "Essai.".into(), ..FindingRecord::default() }];
    try_fetch(lake, spec, edition, issued_at, recorded_at, &findings).await.unwrap()
}

pub(super) async fn try_fetch(
    lake: &Lake,
    spec: &TableSpec,
    edition: &Rows,
    issued_at: Timestamp,
    recorded_at: Timestamp,
    findings: &[FindingRecord],
) -> Result<(Counts, FetchRecord), crate::Error> {
    let body = lake.spool().join(format!("{}-{:?}", std::process::id(), std::thread::current().id()));
    std::fs::write(&body, format!("{edition:?}")).unwrap();
    let (bytes, sha256) = crate::parquet_file::hash_of(std::fs::File::open(&body).unwrap(), &body).unwrap();
    lake.keep_body(&spec.name, &body, &sha256)?;
    std::fs::remove_file(&body).unwrap();
    let lock = lake.lock(&spec.name, Duration::from_secs(60))?;
    let id = fetch_id(&spec.name, recorded_at, &sha256);
    let change = compare(lake, spec, &[batch(edition)], issued_at, (recorded_at, &id)).await?;
    let counts = Counts {
        rows_changed: change.rows_changed,
        rows_withdrawn: change.rows_withdrawn,
        keys_known: change.keys_known,
        latest_issued_at: change.latest_issued_at,
        is_empty: change.is_empty(),
    };
    let record = FetchRecord {
        fetch_id: id,
        source: spec.name.clone(),
        outcome: if counts.is_empty { Outcome::Unchanged } else { Outcome::New },
        issued_at: Some(issued_at),
        recorded_at,
        sha256: Some(sha256),
        bytes: Some(bytes),
        rows_in: edition.len() as u64,
        rows_accepted: edition.len() as u64,
        ..FetchRecord::default()
    };
    let findings: Vec<FindingRecord> = findings
        .iter()
        .map(|finding| FindingRecord {
            fetch_id: record.fetch_id.clone(),
            source: spec.name.clone(),
            ..finding.clone()
        })
        .collect();
    let record = lake.commit_fetch(&lock, spec, change, &record, &findings).await?;
    Ok((counts, record))
}

/// The as-of view, read by SQL.
pub(super) async fn view(lake: &Lake, spec: &TableSpec, as_of: AsOf) -> Rows {
    let options = SessionOptions { target_partitions: 3, ..SessionOptions::default() };
    let session = lake.session_with(as_of, std::slice::from_ref(spec), options).unwrap();
    let batches = session.sql("select dep, day, n from beds").await.unwrap().collect().await.unwrap();
    let mut found = Rows::new();
    for batch in batches {
        let (dep, day) = (batch.column(0).as_string::<i32>(), batch.column(1).as_primitive::<Int64Type>());
        let n = batch.column(2).as_primitive::<Int64Type>();
        for row in 0..batch.num_rows() {
            let key = (dep.value(row).to_owned(), day.value(row));
            let value = n.iter().nth(row).unwrap();
            assert!(found.insert(key.clone(), value).is_none(), "{key:?} is given twice");
        }
    }
    found
}

/// A query over all the tables, as text.
pub(super) async fn sql(lake: &Lake, specs: &[TableSpec], as_of: AsOf, query: &str) -> String {
    let session = lake.session(as_of, specs).unwrap();
    let batches = session.sql(query).await.unwrap().collect().await.unwrap();
    pretty_format_batches(&batches).unwrap().to_string()
}

/// One number.
pub(super) async fn number(lake: &Lake, specs: &[TableSpec], as_of: AsOf, query: &str) -> i64 {
    let session = lake.session(as_of, specs).unwrap();
    let batches = session.sql(query).await.unwrap().collect().await.unwrap();
    batches[0].column(0).as_primitive::<Int64Type>().value(0)
}

/// Every fetch recorded, newest first.
pub(super) fn fetches(lake: &Lake) -> Vec<FetchRecord> {
    let files = lake.layout().files("fetches", Timestamp::MAX).unwrap();
    let batches =
        files.iter().flat_map(|file| crate::parquet_file::read(&tables::fetches(), &file.path).unwrap());
    let mut found: Vec<FetchRecord> =
        batches.flat_map(|batch| FetchRecord::from_batch(&batch).unwrap()).collect();
    found.sort_by_key(|fetch| std::cmp::Reverse(fetch.recorded_at));
    found
}

/// The names in the folder of a table, sorted.
pub(super) fn names(lake: &Lake, table: &str) -> Vec<String> {
    let mut names = crate::layout::entries(&lake.root().join("tables").join(table)).unwrap();
    names.sort();
    names
}

pub(super) fn assert_sound(lake: &Lake) {
    let report = lake.verify().unwrap();
    assert!(report.is_ok(), "{:#?}", report.problems);
}

pub(super) fn open(folder: &Path) -> Lake {
    Lake::open(folder).unwrap()
}
