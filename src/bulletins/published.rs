//! What was published: the rows of `bulletins` and `published_values`, and what each bulletin was made from.

use std::collections::BTreeMap;
use std::io::Write as _;
use std::sync::Arc;

use jiff::Timestamp;
use jiff::civil::Date;
use serde::{Deserialize, Serialize};
use vigie_queries::{Place, Vocabulary};
use vigie_reports::PublishedValue;
use vigie_reports::wording::Wording;
use vigie_store::{AsOf, fetch_id, step, tables};

use crate::bulletins::BulletinSpec;
use crate::bundle;
use crate::config::theme;
use crate::config::{self, Config};
use crate::error::Error;
use crate::files::sha256_hex;
use crate::room::Room;
use crate::rows;

/// Folder of the kept vocabularies and themes among the raw bodies (a name that no source may take).
pub(crate) const KEPT: &str = "vocabulary";

/// What a bulletin was made from, besides the rows of the lake as of its two instants.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Inputs {
    /// Version of Vigie.
    pub vigie: String,
    /// SHA-256 of the vocabulary, kept whole under `raw/vocabulary/`.
    pub vocabulary: String,
    /// Fingerprint of every file of it, by path.
    pub files: BTreeMap<String, String>,
    /// What the agency's settings put on the page.
    pub agency: Agency,
    /// The bulletin that the page of changes compares with.
    pub previous: Option<String>,
    /// Acknowledged checks that the bulletin tells of.
    pub acknowledgements: Vec<String>,
    /// SHA-256 of the theme, kept whole beside the vocabularies; none for the neutral one.
    pub theme: Option<String>,
    /// Words an editor chose, by id of the text.
    pub wording: BTreeMap<String, Wording>,
    /// Who published it; none for the schedule.
    pub by: Option<String>,
}

/// Settings that reach the page.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Agency {
    /// Name in the header.
    pub name: Option<String>,
    /// Lines of the contact block.
    pub contact: Vec<String>,
}

/// One published edition of a bulletin.
#[derive(Debug, Clone, PartialEq)]
pub struct Edition {
    /// Its id.
    pub bulletin_id: String,
    /// Place it is about.
    pub territory: Place,
    /// Monday of its week.
    pub week: Date,
    /// Its number for this territory and week, from 1.
    pub number: u32,
    /// State of the data it was made from.
    pub as_of: AsOf,
    /// Fingerprint of contracts, queries and rules.
    pub vocabulary_fingerprint: String,
    /// SHA-256 of the PDF.
    pub pdf_sha256: String,
    /// SHA-256 of the JSON twin.
    pub json_sha256: String,
    /// SHA-256 of the workbook; none before it was recorded.
    pub xlsx_sha256: Option<String>,
    /// SHA-256 of the HTML twin; none before it was made.
    pub html_sha256: Option<String>,
    /// SHA-256 of the summary; none for a sheet.
    pub summary_sha256: Option<String>,
    /// Where the PDF was written.
    pub path: String,
    /// When it was recorded.
    pub recorded_at: Timestamp,
    /// What it was made from; none before that was recorded.
    pub inputs: Option<Inputs>,
}

#[derive(Serialize, Deserialize)]
struct Row {
    bulletin_id: String,
    territory: String,
    week: Date,
    edition: u32,
    as_of_issued: Timestamp,
    as_of_recorded: Timestamp,
    vocabulary_fingerprint: String,
    pdf_sha256: String,
    json_sha256: String,
    path: String,
    recorded_at: Timestamp,
    xlsx_sha256: Option<String>,
    inputs: Option<String>,
    html_sha256: Option<String>,
    summary_sha256: Option<String>,
}

/// Every edition, in the order they were recorded.
///
/// # Errors
/// [`Error::Query`] when the lake cannot be read, [`Error::Failed`] when a row is not one of ours.
pub async fn editions(room: &Room) -> Result<Vec<Edition>, Error> {
    let ctx = room.session(AsOf::everything())?;
    let query = "select * from bulletins order by recorded_at, bulletin_id";
    rows::read::<Row>(&ctx, query).await?.into_iter().map(edition).collect()
}

fn edition(row: Row) -> Result<Edition, Error> {
    let unreadable = |what: String| {
        Error::Failed(format!("bulletin {}: its record cannot be read: {what}", row.bulletin_id))
    };
    let inputs = row.inputs.as_deref().map(serde_json::from_str).transpose();
    Ok(Edition {
        territory: row.territory.parse().map_err(unreadable)?,
        inputs: inputs.map_err(|cause| unreadable(cause.to_string()))?,
        week: row.week,
        number: row.edition,
        as_of: AsOf { issued: row.as_of_issued, recorded: row.as_of_recorded },
        vocabulary_fingerprint: row.vocabulary_fingerprint.clone(),
        pdf_sha256: row.pdf_sha256.clone(),
        json_sha256: row.json_sha256.clone(),
        xlsx_sha256: row.xlsx_sha256.clone(),
        html_sha256: row.html_sha256.clone(),
        summary_sha256: row.summary_sha256.clone(),
        path: row.path.clone(),
        recorded_at: row.recorded_at,
        bulletin_id: row.bulletin_id,
    })
}

/// The newest edition of a territory and week made from what was issued up to this very instant.
#[must_use]
pub fn same<'a>(
    known: &'a [Edition],
    territory: &Place,
    week: Date,
    issued: Timestamp,
) -> Option<&'a Edition> {
    of_week(known, territory, week).filter(|edition| edition.as_of.issued == issued).last()
}

/// The number of the next edition of a territory and week.
#[must_use]
pub fn next_number(known: &[Edition], territory: &Place, week: Date) -> u32 {
    of_week(known, territory, week).map(|edition| edition.number).max().unwrap_or(0) + 1
}

/// The newest bulletin of a territory before a new one: of an earlier week, or an earlier edition of the same week.
#[must_use]
pub fn previous<'a>(
    known: &'a [Edition],
    territory: &Place,
    week: Date,
    issued: Timestamp,
) -> Option<&'a Edition> {
    known
        .iter()
        .filter(|edition| edition.territory == *territory && edition.week <= week)
        .filter(|edition| edition.as_of.issued <= issued)
        .max_by_key(|edition| (edition.as_of.issued, edition.recorded_at))
}

fn of_week<'a>(known: &'a [Edition], territory: &Place, week: Date) -> impl Iterator<Item = &'a Edition> {
    known.iter().filter(move |edition| edition.territory == *territory && edition.week == week)
}

/// Every number that an edition printed, in the order of the page.
///
/// # Errors
/// [`Error::Query`] when the lake cannot be read.
pub async fn values(room: &Room, bulletin_id: &str) -> Result<Vec<PublishedValue>, Error> {
    let ctx = room.session(AsOf::everything())?;
    let id = bulletin_id.replace('\'', "''");
    rows::read(&ctx, &format!("select * from published_values where bulletin_id = '{id}'")).await
}

/// An edition about to be recorded.
#[derive(Debug)]
pub struct New<'a> {
    /// What it was drawn from.
    pub spec: &'a BulletinSpec,
    /// Where the PDF was written.
    pub path: String,
    /// Acknowledged checks that it tells of.
    pub acknowledgements: Vec<String>,
}

/// Records editions, all of them or none: keeps the vocabulary and the theme, then writes every number they printed, then
/// their rows. Returns their ids.
///
/// # Errors
/// [`Error::Store`] when the disk refuses, [`Error::Failed`] when a file of the vocabulary cannot be kept.
pub async fn record(
    room: &Room,
    editions: &[(New<'_>, &vigie_reports::Rendered)],
    at: Timestamp,
) -> Result<Vec<String>, Error> {
    if editions.is_empty() {
        return Ok(Vec::new());
    }
    let vocabulary = keep(room, &without_secrets(room.vocabulary.files()))?;
    let theme = theme::files(&room.theme);
    let theme = if theme.is_empty() { None } else { Some(keep(room, &theme)?) };
    // Their rows and their numbers count together.
    let transaction = room.lake.transaction(at)?;
    let at = transaction.stamp().recorded_at();
    let (mut ids, mut values, mut rows) = (Vec::new(), Vec::new(), Vec::new());
    for (New { spec, path, acknowledgements }, rendered) in editions {
        let inputs = Inputs {
            vigie: env!("CARGO_PKG_VERSION").to_owned(),
            vocabulary: vocabulary.clone(),
            files: room.vocabulary.fingerprints(),
            agency: Agency {
                name: room.config.agency.name.clone(),
                contact: room.config.agency.contact.clone(),
            },
            previous: spec.previous.as_ref().map(|edition| edition.bulletin_id.clone()),
            acknowledgements: acknowledgements.clone(),
            theme: theme.clone(),
            wording: spec.wording.clone(),
            by: spec.by.clone(),
        };
        let pdf_sha256 = sha256_hex(&rendered.pdf);
        let bulletin_id = fetch_id(&format!("{}-{}", spec.territory, spec.week), at, &pdf_sha256);
        for value in &rendered.published {
            let mut row = serde_json::to_value(value).unwrap_or_default();
            if let Some(row) = row.as_object_mut() {
                row.insert("bulletin_id".into(), bulletin_id.clone().into());
            }
            values.push(row);
        }
        rows.push(Row {
            bulletin_id: bulletin_id.clone(),
            territory: spec.territory.to_string(),
            week: spec.week,
            edition: spec.number,
            as_of_issued: spec.as_of.issued,
            as_of_recorded: spec.as_of.recorded,
            vocabulary_fingerprint: room.vocabulary.fingerprint(),
            pdf_sha256,
            json_sha256: sha256_hex(&rendered.json),
            path: path.clone(),
            recorded_at: at,
            xlsx_sha256: Some(sha256_hex(&rendered.xlsx)),
            inputs: Some(serde_json::to_string(&inputs).map_err(|cause| Error::Failed(cause.to_string()))?),
            html_sha256: Some(sha256_hex(&rendered.html)),
            summary_sha256: rendered.summary.as_deref().map(sha256_hex),
        });
        ids.push(bulletin_id);
    }
    let first = ids.first().map_or("", String::as_str);
    let spec = tables::published_values();
    if !values.is_empty() {
        let batch = crate::rows::batch(&spec.schema, &values)?;
        room.lake.append_under(transaction.stamp(), &spec, &[batch], first).await?;
    }
    step("bulletin-values-recorded");
    let spec = tables::bulletins();
    let batch = crate::rows::batch(&spec.schema, &rows)?;
    room.lake.append_under(transaction.stamp(), &spec, &[batch], first).await?;
    step("bulletin-recorded");
    transaction.commit()?;
    step("bulletin-committed");
    Ok(ids)
}

/// Files as they may be kept: an address of a contract loses what it holds of secrets.
fn without_secrets(files: &BTreeMap<String, Vec<u8>>) -> BTreeMap<String, Vec<u8>> {
    let clean = |body: &Vec<u8>| match std::str::from_utf8(body) {
        Ok(text) if vigie_ingest::redact::holds_secret(text) => {
            vigie_ingest::redact::redact(text).into_bytes()
        }
        _ => body.clone(),
    };
    files.iter().map(|(path, body)| (path.clone(), clean(body))).collect()
}

/// Keeps files as one body among the raw bodies; its SHA-256.
fn keep(room: &Room, files: &BTreeMap<String, Vec<u8>>) -> Result<String, Error> {
    let body = bundle::pack(files).map_err(Error::Failed)?;
    let sha256 = sha256_hex(&body);
    let spool = room.lake.spool();
    let failed = |source| Error::Write { path: spool.clone(), source };
    let mut file = tempfile::NamedTempFile::new_in(&spool).map_err(failed)?;
    file.write_all(&body).map_err(failed)?;
    room.lake.keep_body(KEPT, file.path(), &sha256)?;
    Ok(sha256)
}

/// The files of a kept body.
fn kept(room: &Room, sha256: &str) -> Result<BTreeMap<String, Vec<u8>>, Error> {
    let unpacked = tempfile::NamedTempFile::new()
        .map_err(|source| Error::Write { path: std::env::temp_dir(), source })?;
    room.lake.body(KEPT, sha256, unpacked.path())?;
    let body = std::fs::read(unpacked.path())
        .map_err(|source| Error::Read { path: unpacked.path().to_owned(), source })?;
    bundle::unpack(&body).map_err(Error::Failed)
}

/// The room as it was when an edition was made: its vocabulary, theme and settings, over today's lake.
///
/// An edition made before vocabularies were kept is given today's.
///
/// # Errors
/// [`Error::Store`] when the kept vocabulary is damaged or gone, [`Error::Vocabulary`] when this version of Vigie cannot
/// read it any more.
pub fn room_of(room: &Room, edition: &Edition) -> Result<Room, Error> {
    let Some(inputs) = &edition.inputs else { return Ok(room.clone()) };
    let agency = config::Agency { name: inputs.agency.name.clone(), contact: inputs.agency.contact.clone() };
    let vocabulary = Vocabulary::from_files(kept(room, &inputs.vocabulary)?)?;
    let theme = inputs.theme.as_deref().map(|sha256| theme::of_files(kept(room, sha256)?)).transpose()?;
    Ok(Room {
        config: Config { agency, ..room.config.clone() },
        vocabulary: Arc::new(vocabulary),
        theme: theme.unwrap_or_default(),
        ..room.clone()
    })
}
