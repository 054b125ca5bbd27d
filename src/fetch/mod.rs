//! One poll of one source: body in, versions and a record out.
//!
//! Order matters: the raw body is kept before it is read, the record is written last, and whatever happens to one
//! source stays with it.

mod dated;
mod edition_time;
mod gates;
mod older;
mod reach;
mod reference;
mod report;

use std::io::Write as _;
use std::path::PathBuf;
use std::time::Instant;

use futures::StreamExt as _;
use jiff::Timestamp;
use vigie_ingest::redact::redact;
use vigie_ingest::{Finding, Parsed, Reply, open_local};
use vigie_queries::{Contract, Kind};
use vigie_store::{FetchRecord, FindingRecord, Outcome, Spared, TableSpec, fetch_id, tables};

pub use dated::{Dated, on_day, poll_each};
pub(crate) use dated::{listed, missing_files};
pub use reach::{Files, fetch_each, fetch_source};
pub use reference::ensure_reference;
pub use report::{Report, Said};

use crate::calendar::{paris, paris_day};
use edition_time::{EDITION_TIME, EditionTime};

use crate::error::Error;
use crate::room::Room;
use gates::Edition;

/// What a poll says that waited in vain.
const LOCKED: &str = "Un autre processus écrit dans le lac et n’a pas fini à temps : l’édition reçue n’a pas été appliquée. \
                      Son fichier est gardé ; le prochain relevé la reprendra.";

/// What a poll says of a lake that it may not write.
const READ_ONLY: &str = "Le lac ne peut être que lu : droits du dossier, disque en lecture seule ou sauvegarde. Rien n’a été chargé ; \
                         le journal en dit la cause.";

/// Code of the finding about an edition older than what is known.
pub(crate) const OLDER_EDITION: &str = "older-edition";

/// Code of the finding about a secret that the publisher repeats in its body.
const SECRET_IN_BODY: &str = "secret-in-body";
const SECRET_IN_BODY_SAID: &str = "Le fichier reçu répète un secret de la source (clé ou mot de passe) : il est gardé avec *** à sa place. \
                                   (secret-in-body)";

/// Where the body of a poll comes from.
#[derive(Debug, Clone)]
pub enum Origin {
    /// An address; conditional when it is the one polled last. Several, a line each, make one edition; `folder:` and a
    /// pattern name files of a folder.
    Url(String),
    /// Files of a folder.
    Files(Files),
    /// A file on this machine.
    File(PathBuf),
    /// Bytes that ship with Vigie, with their edition time.
    Bundled {
        /// File name in `reference/`.
        file: String,
        /// The body.
        body: Vec<u8>,
    },
    /// The raw body of an earlier poll, read again.
    Kept(Box<FetchRecord>),
}

/// One poll.
#[derive(Debug, Clone)]
pub struct Request {
    /// The source.
    pub source: String,
    /// Where its body comes from.
    pub origin: Origin,
    /// Edition time, when the caller knows it.
    pub issued_at: Option<Timestamp>,
    /// Apply it even if it is older than what is known, or a gate holds it (`vigie accept`).
    pub accepted: bool,
    /// The day it is asked for, where the address holds one.
    pub dated: Option<Dated>,
}

/// Polls several sources side by side; the reports come in the order of the requests.
pub async fn fetch_all(room: &Room, requests: Vec<Request>, done: impl Fn(&Report)) -> Vec<Report> {
    let at_once = room.config.schedule.fetches_at_once.max(1);
    let mut reports: Vec<(usize, Vec<Report>)> = futures::stream::iter(requests.into_iter().enumerate())
        .map(|(place, request)| async move { (place, poll_each(room, request).await) })
        .buffer_unordered(at_once)
        .inspect(|(_, reports)| reports.iter().for_each(&done))
        .collect()
        .await;
    reports.sort_by_key(|(place, _)| *place);
    reports.into_iter().flat_map(|(_, reports)| reports).collect()
}

/// Polls one source. What goes wrong is in the report: one source never stops the others.
pub async fn fetch(room: &Room, request: Request) -> Report {
    let started = Instant::now();
    let clock = crate::clock::now();
    let now = room.lake.present(clock).unwrap_or(clock); // a lake that cannot be read is told by the poll
    let mut record = FetchRecord {
        fetch_id: fetch_id(&request.source, now, ""),
        source: request.source.clone(),
        outcome: Outcome::Failed,
        url: request.url(),
        issued_at: request.issued_at,
        recorded_at: now,
        asked_day: request.dated.as_ref().map(|dated| dated.day),
        ..FetchRecord::default()
    };
    let mut findings = Vec::new();
    let mut locked = false;
    let result = poll(room, &request, &mut record, &mut findings, started).await;
    if let Err(error) = result {
        // Whatever was written before is whole or absent; the poll itself is still recorded if the lake allows.
        if let Error::Feed(fault) = &error {
            tracing::error!(source = record.source, attempts = fault.attempts, "{fault}");
            record.http_status = fault.http_status;
        }
        record.outcome = Outcome::Failed;
        (record.rows_changed, record.rows_withdrawn) = (0, 0); // what was about to be added is not there
        locked = matches!(&error, Error::Store(vigie_store::Error::Locked { .. }));
        let read_only = matches!(&error, Error::Store(vigie_store::Error::ReadOnly { .. }));
        if read_only {
            tracing::error!(source = record.source, "{error}");
        }
        record.message = Some(match &error {
            _ if locked => LOCKED.to_owned(),
            _ if read_only => READ_ONLY.to_owned(),
            Error::Feed(fault) => fault.message_fr.clone(),
            _ => error.sentence(),
        });
        findings.clear(); // they are about an edition that is not there
        if let Some(dated) = request.dated.as_ref().filter(|_| !locked) {
            dated.tell_failure(&mut record, &mut findings);
        }
        stamp(&mut record, started);
        // A lake that cannot be written has been told of once.
        if !read_only && let Err(unrecorded) = room.lake.record_fetch(&record, &findings).await {
            tracing::error!(source = record.source, error = %unrecorded, "the poll could not be recorded");
        }
    }
    tracing::info!(
        source = record.source,
        outcome = record.outcome.as_str(),
        rows_changed = record.rows_changed,
        rows_quarantined = record.rows_quarantined,
        duration_ms = record.duration_ms,
        "fetched"
    );
    if let Ok(contract) = room.contract(&record.source) {
        let tables = [TableSpec::of(contract), tables::fetches(), tables::findings()];
        room.tidy(&tables).await;
    }
    Report { locked, ..report::report(record, &findings) }
}

/// The work of a poll, up to and including its record.
async fn poll(
    room: &Room,
    request: &Request,
    record: &mut FetchRecord,
    findings: &mut Vec<FindingRecord>,
    started: Instant,
) -> Result<(), Error> {
    let contract = room.contract(&request.source)?;
    room.lake.check_writable()?;
    record.contract_fingerprint = Some(contract.fingerprint.clone());
    let last = room.lake.last_fetch(&request.source).await?;
    let same_contract =
        |last: &FetchRecord| last.contract_fingerprint.as_ref() == Some(&contract.fingerprint);

    if let Origin::Files(nothing) = &request.origin
        && nothing.files.is_empty()
    {
        let Some(last) = &last else { return Err(vigie_ingest::folder::empty(&nothing.pattern).into()) };
        copy_facts(last, record);
        record.outcome = Outcome::Unchanged;
        record.message =
            Some("Rien de nouveau : le dossier ne contient aucun fichier qui n’ait été lu.".into());
        stamp(record, started);
        return Ok(room.lake.record_fetch(record, &[]).await?);
    }
    let reply =
        obtain(room, contract, &request.origin, last.as_ref().filter(|last| same_contract(last))).await?;
    let body = match reply {
        Reply::NotModified { status } => {
            record.http_status = Some(status);
            if let Some(last) = &last {
                copy_facts(last, record);
            }
            record.outcome = Outcome::Unchanged;
            record.message = Some("Rien de nouveau : la source répond que l’édition n’a pas changé.".into());
            stamp(record, started);
            return Ok(room.lake.record_fetch(record, &[]).await?);
        }
        Reply::Body(body) => body,
    };
    record.bytes = Some(body.bytes);
    record.http_status = body.http_status;
    record.etag.clone_from(&body.etag);
    record.last_modified.clone_from(&body.last_modified);
    if let Origin::Files(files) = &request.origin {
        record.last_modified = files.version();
    }
    record.fetch_id = fetch_id(&request.source, record.recorded_at, &body.sha256);
    let secrets_found = body.secrets_found;
    let mut issued = EditionTime::of(contract, request, &body, last.as_ref(), record.recorded_at);
    record.issued_at = Some(issued.at);
    let is_unseen = {
        let (lake, source) = (room.lake.clone(), request.source.clone());
        let (path, sha256) = (body.file.path().to_owned(), body.sha256.clone());
        blocking(move || Ok(lake.keep_body(&source, &path, &sha256)?)).await?
    };
    record.sha256 = Some(body.sha256.clone()); // not before: a record names only bodies that are kept

    let lock = {
        let (lake, source, wait) = (room.lake.clone(), request.source.clone(), room.config.fetch.lock_wait());
        blocking(move || Ok(lake.lock(&source, wait)?)).await?
    };
    let known_before = last.map(|last| last.recorded_at);
    let last = room.lake.last_fetch(&request.source).await?; // another process may have been first
    let is_unseen = is_unseen && known_before == last.as_ref().map(|last| last.recorded_at);
    // A body read again on purpose is read, whatever is known of it.
    let replayed = matches!(request.origin, Origin::Kept(_));
    if let Some(last) = &last
        && !replayed
        && last.sha256 == record.sha256
        && same_contract(last)
    {
        copy_facts(last, record);
        record.outcome = Outcome::Unchanged;
        record.message = Some("Rien de nouveau : le fichier est identique au précédent.".into());
        stamp(record, started);
        return Ok(room.lake.record_fetch(record, &[]).await?);
    }

    if secrets_found > 0 {
        let mut finding = edition_finding(record, SECRET_IN_BODY, SECRET_IN_BODY_SAID);
        "info".clone_into(&mut finding.severity);
        findings.push(finding);
    }
    let parsed = {
        let (path, contract, today) = (body.file, contract.clone(), paris_day(record.recorded_at));
        let spool = room.lake.spool();
        blocking(move || Ok(vigie_ingest::parse(path.path(), &contract, today, &spool)?)).await?
    };
    let checked = match parsed {
        Parsed::Rows(checked) => checked,
        Parsed::Refused(refusal) => {
            record.outcome = Outcome::Rejected;
            record.message = Some(refusal.message_fr);
            record.encoding = Some(refusal.form.encoding).filter(|name| !name.is_empty());
            record.delimiter = refusal.form.delimiter;
            record.rows_filtered = refusal.counts.rows_filtered;
            findings.extend(refusal.findings.into_iter().map(|finding| kept_finding(record, finding)));
            if let Some(dated) = &request.dated {
                dated.tell_failure(record, findings);
            }
            stamp(record, started);
            return Ok(room.lake.record_fetch(record, findings).await?);
        }
    };
    record.encoding = Some(checked.form.encoding).filter(|name| !name.is_empty());
    record.delimiter = checked.form.delimiter;
    record.rows_in = checked.counts.rows_in;
    record.rows_accepted = checked.counts.rows_accepted;
    record.rows_quarantined = checked.counts.rows_quarantined;
    record.rows_filtered = checked.counts.rows_filtered;
    findings.extend(checked.findings.into_iter().map(|finding| kept_finding(record, finding)));
    issued.check(contract, &checked.rows, record.recorded_at)?;
    let issued_at = issued.at;
    record.issued_at = Some(issued_at);
    if let Some((severity, sentence)) = issued.doubt {
        findings.push(FindingRecord {
            severity: severity.to_owned(),
            ..edition_finding(record, EDITION_TIME, &sentence)
        });
    }
    if let Some(sentence) = request.dated.as_ref().and_then(Dated::missing) {
        findings.push(edition_finding(record, dated::MISSING_FILE, &sentence));
    }

    if let Some(finding) = checked.incomplete {
        let mut finding = kept_finding(record, finding);
        if request.accepted {
            findings.push(finding);
        } else {
            finding.message += &format!(
                " L’édition est retenue\u{202f}; les données précédentes restent. Pour l’appliquer\u{a0}: vigie accept {} --by NOM --reason TEXTE",
                record.fetch_id
            );
            record.outcome = Outcome::Held;
            record.message = Some(finding.message.clone());
            findings.push(finding);
            stamp(record, started);
            return Ok(room.lake.record_fetch(record, findings).await?);
        }
    }
    let snapshot = contract.kind == Kind::Snapshot;
    if snapshot
        && !replayed
        && let Some(sentence) = older(room, record, last.as_ref(), issued_at, is_unseen).await?
    {
        findings.push(edition_finding(record, OLDER_EDITION, &sentence));
        record.outcome = Outcome::Stale;
        record.message = Some(sentence);
        stamp(record, started);
        return Ok(room.lake.record_fetch(record, findings).await?);
    }
    let spec = TableSpec::of(contract);
    let change = {
        let (lake, spec, id) = (room.lake.clone(), spec.clone(), record.fetch_id.clone());
        let (edition, engine) = (checked.rows.batches()?, tokio::runtime::Handle::current());
        let (keys, every_key) = (checked.keys_aside.batches.clone(), checked.keys_aside.is_cut);
        let spared = Spared { keys, every_key, ..Spared::default() };
        // On a thread of its own: a long comparison holds up no other source.
        blocking(move || {
            let stamp = lake.stamp(crate::clock::now())?;
            Ok(engine.block_on(lake.compare(&spec, edition, &spared, issued_at, stamp, &id))?)
        })
        .await?
    };
    if snapshot && !request.accepted {
        let differing = change.rows_changed + change.rows_withdrawn;
        let again = older::repeated(room, contract, &checked.rows, differing, change.keys_known).await?;
        if let Some(again) = again {
            let sentence = comes_back(&record.fetch_id, Some(again));
            findings.push(edition_finding(record, OLDER_EDITION, &sentence));
            record.outcome = Outcome::Stale;
            record.message = Some(sentence);
            stamp(record, started);
            return Ok(room.lake.record_fetch(record, findings).await?);
        }
    }
    record.rows_changed = change.rows_changed;
    record.rows_withdrawn = change.rows_withdrawn;
    if !matches!(request.origin, Origin::Bundled { .. }) {
        let edition = Edition {
            record,
            last: last.as_ref(),
            rows: &checked.rows,
            compression: checked.form.compression,
            keys_known: change.keys_known,
            keys_again: change.keys_again,
            keys_revised: change.keys_revised,
            aside: &checked.keys_aside.batches,
            issued_at,
            accepted: request.accepted,
        };
        let verdict = gates::check(room, contract, &edition).await?;
        findings.extend(verdict.findings);
        if let Some(sentence) = verdict.held {
            record.outcome = Outcome::Held;
            record.rows_changed = 0;
            record.rows_withdrawn = 0;
            record.message = Some(sentence);
            stamp(record, started);
            return Ok(room.lake.record_fetch(record, findings).await?);
        }
    }
    let nothing = change.rows_changed == 0 && change.rows_withdrawn == 0;
    record.outcome = if nothing { Outcome::Unchanged } else { Outcome::New };
    record.message = Some(summary(record, change.rows_spared));
    stamp(record, started);
    if nothing {
        drop(change);
        room.lake.record_fetch(record, findings).await?;
    } else {
        room.lake.commit_fetch(&lock, &spec, change, record, findings).await?;
    }
    Ok(())
}

/// Gets the body: over HTTP, from a file, from the binary, or from the raw bodies kept.
async fn obtain(
    room: &Room,
    contract: &Contract,
    origin: &Origin,
    last: Option<&FetchRecord>,
) -> Result<Reply, Error> {
    let bytes_max = contract.bounds.bytes_max;
    let spool = room.lake.spool();
    match origin {
        Origin::Url(url) => reach::reach(room, contract, url, last).await,
        Origin::Files(files) => files.read(room, contract).await,
        Origin::File(path) => {
            let path = path.clone();
            blocking(move || Ok(Reply::Body(open_local(&path, bytes_max, &spool)?))).await
        }
        Origin::Bundled { file, body } => {
            let mut aside = tempfile::NamedTempFile::new_in(&spool)
                .map_err(|source| Error::Write { path: spool.clone(), source })?;
            aside.write_all(body).map_err(|source| Error::Write { path: aside.path().to_owned(), source })?;
            let mut received = open_local(aside.path(), bytes_max, &spool)?;
            received.url = format!("vigie:reference/{file}");
            Ok(Reply::Body(received))
        }
        Origin::Kept(kept) => {
            let sha256 = kept.sha256.as_deref().unwrap_or_default();
            let aside = tempfile::NamedTempFile::new_in(&spool)
                .map_err(|source| Error::Write { path: spool.clone(), source })?;
            room.lake.body(&kept.source, sha256, aside.path())?;
            let mut received = open_local(aside.path(), u64::MAX, &spool)?;
            received.issued_at = kept.issued_at;
            Ok(Reply::Body(received))
        }
    }
}

/// Whether this edition is older than what is known: by its date, or because it is one that was applied before and
/// replaced since. The sentence says which. A body that was `unseen` before was never applied.
async fn older(
    room: &Room,
    record: &FetchRecord,
    last: Option<&FetchRecord>,
    issued_at: Timestamp,
    unseen: bool,
) -> Result<Option<String>, Error> {
    if let Some(known) = last.and_then(|last| last.issued_at)
        && issued_at < known
    {
        return Ok(Some(format!(
            "Édition du {}, plus ancienne que celle déjà connue ({}). Elle est retenue ; les données en place restent. \
             Pour l’ajouter à l’historique : vigie accept {} --by NOM --reason TEXTE",
            french_instant(issued_at),
            french_instant(known),
            record.fetch_id
        )));
    }
    if unseen {
        return Ok(None);
    }
    let sha256 = record.sha256.as_deref().unwrap_or_default();
    let again = room.lake.applied_body(&record.source, sha256).await?;
    let again = again.filter(|fetch| fetch.contract_fingerprint == record.contract_fingerprint);
    Ok(again.map(|fetch| comes_back(&record.fetch_id, fetch.issued_at)))
}

/// What is said of an edition that was applied before and replaced since.
fn comes_back(fetch_id: &str, issued_at: Option<Timestamp>) -> String {
    let when = issued_at.map_or_else(String::new, |at| format!(" (celle du {})", french_instant(at)));
    format!(
        "Le fichier reçu est une édition ancienne{when}, déjà remplacée depuis. Elle est retenue ; les données en place \
         restent. Pour l’appliquer quand même : vigie accept {fetch_id} --by NOM --reason TEXTE"
    )
}

fn french_instant(at: Timestamp) -> String {
    let local = at.to_zoned(paris());
    format!("{} à {}", vigie_reports::french::date(local.date()), local.strftime("%H:%M"))
}

impl Request {
    /// Where the body comes from, as the record names it.
    fn url(&self) -> Option<String> {
        origin_name(&self.origin)
    }
}

fn origin_name(origin: &Origin) -> Option<String> {
    match origin {
        Origin::Url(url) => Some(redact(&url.replace('\n', " "))),
        Origin::Files(files) => Some(files.name()),
        Origin::File(path) => Some(path.display().to_string()),
        Origin::Bundled { file, .. } => Some(format!("vigie:reference/{file}")),
        Origin::Kept(kept) => kept.url.as_deref().map(redact),
    }
}

/// An unchanged edition has the facts of the one it repeats.
fn copy_facts(last: &FetchRecord, record: &mut FetchRecord) {
    record.issued_at = last.issued_at;
    record.sha256.clone_from(&last.sha256);
    record.bytes = last.bytes;
    record.etag = record.etag.take().or_else(|| last.etag.clone());
    record.last_modified = record.last_modified.take().or_else(|| last.last_modified.clone());
    record.encoding.clone_from(&last.encoding);
    record.delimiter = last.delimiter;
    record.rows_in = last.rows_in;
    record.rows_accepted = last.rows_accepted;
    record.rows_quarantined = last.rows_quarantined;
    record.rows_filtered = last.rows_filtered;
}

fn summary(record: &FetchRecord, rows_spared: u64) -> String {
    let mut parts = vec![match record.rows_changed {
        0 => "Aucune valeur nouvelle".to_owned(),
        1 => "1 ligne nouvelle ou corrigée".to_owned(),
        n => format!("{n} lignes nouvelles ou corrigées"),
    }];
    match record.rows_withdrawn {
        0 => {}
        1 => parts.push("1 ligne retirée".into()),
        n => parts.push(format!("{n} lignes retirées")),
    }
    match record.rows_quarantined {
        0 => {}
        1 => parts.push("1 ligne mise de côté".into()),
        n => parts.push(format!("{n} lignes mises de côté")),
    }
    match rows_spared {
        0 => {}
        1 => parts.push("1 valeur déjà connue gardée à sa place".into()),
        n => parts.push(format!("{n} valeurs déjà connues gardées à leur place")),
    }
    format!("{}.", parts.join(", "))
}

fn kept_finding(record: &FetchRecord, finding: Finding) -> FindingRecord {
    FindingRecord {
        fetch_id: record.fetch_id.clone(),
        source: record.source.clone(),
        line: finding.line,
        column: finding.column,
        code: finding.code.as_str().to_owned(),
        severity: finding.severity.as_str().to_owned(),
        found: finding.found,
        expected: finding.expected,
        message: finding.message,
        raw: finding.raw,
    }
}

/// A finding about the edition as a whole.
fn edition_finding(record: &FetchRecord, code: &str, sentence: &str) -> FindingRecord {
    FindingRecord {
        fetch_id: record.fetch_id.clone(),
        source: record.source.clone(),
        code: code.to_owned(),
        severity: "warn".to_owned(),
        message: sentence.to_owned(),
        ..FindingRecord::default()
    }
}

async fn blocking<T: Send + 'static>(
    work: impl FnOnce() -> Result<T, Error> + Send + 'static,
) -> Result<T, Error> {
    tokio::task::spawn_blocking(work)
        .await
        .map_err(|panic| Error::Failed(format!("erreur interne pendant la lecture : {panic}")))?
}

/// The last thing before a poll is written: a slow download must not be dated before bulletins that could not see it.
fn stamp(record: &mut FetchRecord, started: Instant) {
    record.recorded_at = crate::clock::now();
    record.duration_ms = u64::try_from(started.elapsed().as_millis()).unwrap_or(u64::MAX);
}
