//! The gates an edition passes before it is applied.

use std::sync::Arc;
use std::time::Instant;

use arrow::array::RecordBatch;
use arrow::datatypes::SchemaRef;
use datafusion::catalog::streaming::StreamingTable;
use datafusion::common::runtime::SpawnedTask;
use datafusion::error::DataFusionError;
use datafusion::execution::{SendableRecordBatchStream, TaskContext};
use datafusion::physical_plan::stream::RecordBatchStreamAdapter;
use datafusion::physical_plan::streaming::PartitionStream;
use datafusion::prelude::SessionContext;
use futures::StreamExt as _;
use jiff::Timestamp;
use serde::Serialize;
use vigie_ingest::Rows;
use vigie_queries::{Contract, Gate, GateSeverity, Stage};
use vigie_store::{AsOf, FetchRecord, FindingRecord, SessionOptions};
use vigie_transform::{Census, Offences, Recent, edition_facts_schema, offences};

use crate::calendar::paris_day;
use crate::error::Error;
use crate::gates as words;
use crate::room::Room;
use crate::rows;

/// Rows of a gate that become findings; the others are counted.
const ROWS_TOLD: usize = 20;

/// An edition that is read and compared, and not yet applied.
pub(crate) struct Edition<'a> {
    /// Its poll.
    pub(crate) record: &'a FetchRecord,
    /// The newest poll that was applied before.
    pub(crate) last: Option<&'a FetchRecord>,
    /// Its rows.
    pub(crate) rows: &'a Rows,
    /// `gzip` or `zip`.
    pub(crate) compression: Option<String>,
    /// Keys alive before it, those of them that it gives again, and those with other values.
    pub(crate) keys_known: u64,
    pub(crate) keys_again: u64,
    pub(crate) keys_revised: u64,
    /// Keys that it gives in rows that cannot be used.
    pub(crate) aside: &'a [RecordBatch],
    /// When it was issued.
    pub(crate) issued_at: Timestamp,
    /// Whether a person let it through: what the gates find is told, and holds nothing.
    pub(crate) accepted: bool,
}

/// What the gates say.
#[derive(Debug, Default)]
pub(crate) struct Verdict {
    /// What they found; the code of a finding is the gate's id.
    pub(crate) findings: Vec<FindingRecord>,
    /// Why the edition is held, and what to do; none when it may be applied.
    pub(crate) held: Option<String>,
}

/// Asks every gate that concerns the source. A first edition has nothing to be compared with and passes.
///
/// **Memory**: five weeks of numbers at most ([`Recent`]); the rows themselves are streamed.
pub(crate) async fn check(room: &Room, contract: &Contract, edition: &Edition<'_>) -> Result<Verdict, Error> {
    let mut verdict = Verdict::default();
    if edition.keys_known == 0 {
        return Ok(verdict);
    }
    let gates: Vec<_> = room
        .vocabulary
        .gates(Stage::Fetch)
        .filter_map(|gate| Some((gate, gate.on_source(contract)?)))
        .collect();
    if gates.is_empty() {
        return Ok(verdict);
    }
    let ctx = session(room, contract, edition).await?;
    let asked: Vec<_> = gates
        .iter()
        .map(|(gate, ready)| {
            let (ctx, file, ready) = (ctx.clone(), gate.file.clone(), ready.clone());
            SpawnedTask::spawn(async move {
                offences(&ctx, &file, &ready.sql, |column| ready.concerns(column)).await
            })
        })
        .collect();
    for ((gate, ready), answer) in gates.into_iter().zip(asked) {
        let found = match answer.join().await.map_err(panicked)? {
            Err(fault) if fault.is_of_the_query() => {
                // A gate that cannot run holds nothing: the others are asked, and `vigie config check` names its line.
                let told = fault.told(&room.vocabulary, &gate.id, &gate.file, &ready.sql);
                tracing::error!(
                    source = contract.name(),
                    file = told.file,
                    line = told.line,
                    "a gate cannot run: {}",
                    told.what
                );
                continue;
            }
            found => found?,
        };
        if found.count > 0 {
            tell(contract, edition, gate, ready.severity, &found, &mut verdict);
        }
    }
    Ok(verdict)
}

/// The lake as the edition finds it, and the tables `edition`, `edition_facts`, `edition_names`, `edition_days`, `recent`
/// and `recent_rows`.
async fn session(room: &Room, contract: &Contract, edition: &Edition<'_>) -> Result<SessionContext, Error> {
    let started = Instant::now();
    let as_of = AsOf { issued: edition.issued_at, recorded: Timestamp::MAX };
    let options = SessionOptions {
        memory_limit: Some(room.config.memory_bytes()),
        target_partitions: 1, // the same rows in the same order
        ..SessionOptions::default()
    };
    let ctx = room.lake.session_with(as_of, &room.tables(), options)?;
    // The tables are small: planning costs more than running, and a second pass over a plan gains nothing.
    ctx.state_ref().write().config_mut().options_mut().optimizer.max_passes = 1;

    let mut recent = Recent::new(contract, paris_day(edition.issued_at));
    let mut census = Census::new(contract);
    for batch in edition.aside {
        census.give_aside(batch)?;
    }
    let rows = edition.rows.clone();
    let (mut recent, mut census) = tokio::task::spawn_blocking(move || -> Result<(Recent, Census), Error> {
        for batch in rows.batches()? {
            let batch = batch?;
            recent.survey(&batch)?;
            census.give(&batch)?;
        }
        recent.begin();
        if recent.has_numbers() {
            for batch in rows.batches()? {
                recent.give(&batch?)?;
            }
        }
        Ok((recent, census))
    })
    .await
    .map_err(panicked)??;
    if recent.has_numbers() {
        let mut known = ctx.sql(&recent.known_query()).await?.execute_stream().await?;
        while let Some(batch) = known.next().await {
            let batch = batch?;
            recent.know(&batch)?;
            census.know_recent(&batch)?;
        }
    }
    let withdraws = edition.record.rows_withdrawn > 0;
    for (about, question) in census.questions(withdraws) {
        let mut known = ctx.sql(&question).await?.execute_stream().await?;
        while let Some(batch) = known.next().await {
            census.answer(about, &batch?)?;
        }
    }
    let (names, days) = census.tables(withdraws)?;
    ctx.register_batch("edition_names", names)?;
    ctx.register_batch("edition_days", days)?;
    ctx.register_batch("edition_facts", facts(room, contract, edition, recent.one_in()).await?)?;
    let (numbers, lines) = recent.tables()?;
    ctx.register_batch("recent", numbers)?;
    ctx.register_batch("recent_rows", lines)?;
    tracing::debug!(
        source = contract.name(),
        ms = started.elapsed().as_secs_f64() * 1e3,
        "tables of the gates"
    );
    let stream = EditionStream { schema: edition.rows.schema(), rows: edition.rows.clone() };
    let table = StreamingTable::try_new(edition.rows.schema(), vec![Arc::new(stream)])?;
    ctx.register_table("edition", Arc::new(table))?;
    Ok(ctx)
}

fn panicked(panic: impl std::fmt::Display) -> Error {
    Error::Failed(format!("erreur interne pendant les contrôles\u{a0}: {panic}"))
}

/// One row about the edition as a whole.
async fn facts(
    room: &Room,
    contract: &Contract,
    edition: &Edition<'_>,
    one_in: u64,
) -> Result<RecordBatch, Error> {
    #[derive(Serialize)]
    struct Facts<'a> {
        source: &'a str,
        issued_at: Timestamp,
        n_rows: u64,
        keys_known: u64,
        rows_changed: u64,
        rows_withdrawn: u64,
        rows_again: u64,
        rows_revised: u64,
        is_dated: bool,
        one_in: u64,
        encoding: Option<&'a str>,
        encoding_before: Option<&'a str>,
        delimiter: Option<String>,
        delimiter_before: Option<String>,
        compression: &'a str,
        compression_before: Option<String>,
    }
    const PLAIN: &str = "aucune";
    let record = edition.record;
    // The file that ships with Vigie says nothing of the form of a publisher's.
    let last = edition.last.filter(|last| !last.url.as_deref().is_some_and(|url| url.starts_with("vigie:")));
    let compression_before = match last {
        None => None,
        Some(last) => {
            let said = room.lake.findings_of(last).await?;
            let said = said.into_iter().find(|finding| finding.code == "compression");
            Some(said.and_then(|finding| finding.found).unwrap_or_else(|| PLAIN.to_owned()))
        }
    };
    let facts = Facts {
        source: contract.name(),
        issued_at: edition.issued_at,
        n_rows: edition.rows.len(),
        keys_known: edition.keys_known,
        rows_changed: record.rows_changed,
        rows_withdrawn: record.rows_withdrawn,
        rows_again: edition.keys_again,
        rows_revised: edition.keys_revised,
        is_dated: contract.day_column().is_some(),
        one_in,
        encoding: record.encoding.as_deref(),
        encoding_before: last.and_then(|last| last.encoding.as_deref()),
        delimiter: record.delimiter.map(shown),
        delimiter_before: last.and_then(|last| last.delimiter).map(shown),
        compression: edition.compression.as_deref().unwrap_or(PLAIN),
        compression_before,
    };
    rows::batch(&edition_facts_schema(), std::slice::from_ref(&facts))
}

fn shown(delimiter: char) -> String {
    if delimiter == '\t' { "tabulation".to_owned() } else { delimiter.to_string() }
}

/// Turns what a gate returned into findings, and into a reason to hold the edition.
fn tell(
    contract: &Contract,
    edition: &Edition<'_>,
    gate: &Gate,
    severity: GateSeverity,
    found: &Offences,
    verdict: &mut Verdict,
) {
    let record = edition.record;
    let finding = |message: String| FindingRecord {
        fetch_id: record.fetch_id.clone(),
        source: record.source.clone(),
        code: gate.id.clone(),
        severity: if severity == GateSeverity::Info { "info" } else { "warn" }.to_owned(),
        message,
        ..FindingRecord::default()
    };
    let mut lines: Vec<FindingRecord> = found
        .rows
        .iter()
        .take(ROWS_TOLD)
        .map(|row| {
            let place = row.place.as_deref().map(|key| words::key_of(contract, key)).unwrap_or_default();
            let column =
                row.column.as_deref().map(|name| words::column_of(contract, name)).unwrap_or_default();
            FindingRecord {
                column: row.column.clone(),
                found: row.found.as_ref().map(words::cell),
                expected: row.expected.as_ref().map(words::cell),
                ..finding(words::sentence(gate, row, &place, &column))
            }
        })
        .collect();
    let more = found.count.saturating_sub(lines.len() as u64);
    if severity == GateSeverity::Hold {
        let first = lines.first().map(|line| line.message.clone()).unwrap_or_default();
        let mut sentence = words::summary(gate, &first, found.count);
        if !edition.accepted {
            sentence += &format!(
                " L’édition est retenue\u{202f}; les données précédentes restent. Pour l’appliquer\u{a0}: vigie accept {} --by NOM --reason TEXTE",
                record.fetch_id
            );
        }
        if gate.summary_fr.is_none() && !lines.is_empty() {
            lines[0].message.clone_from(&sentence);
        } else {
            lines.insert(0, finding(sentence.clone()));
        }
        if !edition.accepted {
            verdict.held.get_or_insert(sentence);
        }
    }
    verdict.findings.append(&mut lines);
    if more > 0 {
        verdict.findings.push(finding(format!("Et {more} autres lignes du même contrôle.")));
    }
}

/// The rows of an edition as a table that is read from where they are.
#[derive(Debug)]
struct EditionStream {
    schema: SchemaRef,
    rows: Rows,
}

impl PartitionStream for EditionStream {
    fn schema(&self) -> &SchemaRef {
        &self.schema
    }

    fn execute(&self, _: Arc<TaskContext>) -> SendableRecordBatchStream {
        let external = |fault: vigie_ingest::Error| DataFusionError::External(Box::new(fault));
        let batches: Box<dyn Iterator<Item = _> + Send> = match self.rows.batches() {
            Ok(batches) => Box::new(batches.map(move |batch| batch.map_err(external))),
            Err(fault) => Box::new(std::iter::once(Err(external(fault)))),
        };
        Box::pin(RecordBatchStreamAdapter::new(Arc::clone(&self.schema), futures::stream::iter(batches)))
    }
}
