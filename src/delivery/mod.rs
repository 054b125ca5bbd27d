//! Sending: each published bulletin to the lists, folders and addresses of its territory, at least once.
//!
//! A delivery is due until a row of the table `deliveries` says that it was sent. The row is written after the other side
//! has said yes: a crash in between sends the same thing again, under the same id (`Message-ID` of a mail,
//! `Idempotency-Key` of a request), which lets the other side tell it from a new one.

mod mail;
mod targets;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use vigie_ingest::redact::redact;
use vigie_store::{AsOf, fetch_id, tables};

use crate::bulletins::published::{self, Edition};
use crate::bulletins::{BulletinSpec, draw};
use crate::calendar::week_label;
use crate::clock::now;
use crate::config::{Attach, Target};
use crate::error::Error;
use crate::files::sha256_hex;
use crate::room::Room;
use crate::rows;

pub(crate) use mail::notice;

/// How long a sender waits for another one: nobody gets the same mail twice from two commands.
const LOCK_WAIT: Duration = Duration::from_secs(300);

/// How long a folder may take.
const FOLDER_MAX: Duration = Duration::from_secs(120);

/// What became of one delivery.
#[derive(Debug, Clone, Serialize)]
pub struct Delivery {
    /// Id of the bulletin.
    pub bulletin_id: String,
    /// Name of the target in the configuration.
    pub target: String,
    /// Mail address, folder or web address.
    pub address: String,
    /// The id it is sent under.
    pub message_id: String,
    /// `sent` or `failed`.
    pub outcome: &'static str,
    /// `attached`, `link` or `files`.
    pub form: &'static str,
    /// What was said: the answer of the other side, or why it failed.
    pub message: String,
}

/// One row of `deliveries`.
#[derive(Debug, Serialize)]
struct Row<'a> {
    delivery_id: String,
    bulletin_id: &'a str,
    territory: String,
    target: &'a str,
    address: &'a str,
    message_id: &'a str,
    outcome: &'static str,
    form: &'static str,
    message: &'a str,
    attempts: u32,
    recorded_at: Timestamp,
}

/// A delivery that nobody said was sent.
#[derive(Debug, Clone)]
struct Due {
    edition: Edition,
    target: Target,
    address: Address,
    message_id: String,
}

/// Why a target did not take a bulletin.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Unsent {
    why: String,
    /// The same would be answered again: a password that is refused three times more locks an account.
    is_final: bool,
    /// The server was not reached: nothing else that goes there is tried any more, and nobody waits for it.
    is_gone: bool,
}

impl From<String> for Unsent {
    fn from(why: String) -> Self {
        Self { why, is_final: false, is_gone: false }
    }
}

impl Unsent {
    fn gone(why: String) -> Self {
        Self { why, is_final: true, is_gone: true }
    }
}

/// Where a delivery goes.
#[derive(Debug, Clone)]
enum Address {
    Mail(String),
    Folder(PathBuf),
    Web(String),
}

impl Address {
    /// As it is kept and told: without passwords and keys.
    fn text(&self) -> String {
        match self {
            Self::Mail(address) => address.clone(),
            Self::Web(address) => redact(address),
            Self::Folder(path) => path.display().to_string(),
        }
    }

    /// As it was configured: what tells one address from another.
    fn whole(&self) -> String {
        match self {
            Self::Web(address) => address.clone(),
            other => other.text(),
        }
    }
}

/// What a bulletin is sent as: its bytes as published, and the words of a mail.
struct Parcel {
    name: String,
    pdf: Vec<u8>,
    summary: Option<Vec<u8>>,
    html: Vec<u8>,
    json: Vec<u8>,
    xlsx: Vec<u8>,
    subject: String,
    text: String,
}

impl Parcel {
    /// File names and bytes, the PDF first.
    fn files(&self) -> Vec<(String, &[u8], &'static str)> {
        let stem = self.name.trim_end_matches(".pdf");
        let mut files = vec![(self.name.clone(), self.pdf.as_slice(), "application/pdf")];
        files.extend(
            self.summary.as_deref().map(|bytes| (format!("{stem}-a5.pdf"), bytes, "application/pdf")),
        );
        files.push((format!("{stem}.html"), self.html.as_slice(), "text/html; charset=utf-8"));
        files.push((format!("{stem}.json"), self.json.as_slice(), "application/json"));
        let xlsx = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet";
        files.push((format!("{stem}.xlsx"), self.xlsx.as_slice(), xlsx));
        files
    }
}

/// Which deliveries to make.
#[derive(Debug, Clone, Default)]
pub struct Wanted<'a> {
    /// Of this bulletin; of the newest one of each target's territory when none is named.
    pub edition: Option<&'a Edition>,
    /// Only to this target.
    pub target: Option<&'a str>,
    /// Also what was already sent.
    pub again: bool,
}

/// Makes every delivery that is due: mails one after the other, each folder and each web address beside them. One that fails is
/// tried again after a pause, then left, recorded as failed, and due at the next call. A server that is not reached costs one
/// time-out: nothing else is tried there in this call, and no other target waits for it.
///
/// # Errors
/// When the lake cannot be read or written. What a target answers is no error: see [`Delivery::outcome`].
pub async fn send(room: &Room, wanted: Wanted<'_>) -> Result<Vec<Delivery>, Error> {
    let _one_at_a_time = room.lake.lock("send", LOCK_WAIT)?;
    let known = published::editions(room).await?;
    let due = due(room, &known, &wanted).await?;
    let mut parcels: Parcels<'_> = BTreeMap::new();
    for due in &due {
        let id = due.edition.bulletin_id.as_str();
        if !parcels.contains_key(id) {
            let made = parcel(room, &known, &due.edition).await.map(Arc::new).map_err(|fault| {
                tracing::error!(bulletin = id, error = fault.sentence(), "a bulletin cannot be sent");
                format!("ce bulletin ne peut pas être refait tel qu’il a été publié : vigie replay {id}")
            });
            parcels.insert(id, made);
        }
    }
    let mut lanes: BTreeMap<String, Vec<usize>> = BTreeMap::new();
    for (place, due) in due.iter().enumerate() {
        let lane = match &due.address {
            Address::Mail(_) => "mail".to_owned(),
            other => other.whole(),
        };
        lanes.entry(lane).or_default().push(place);
    }
    let under_way = lanes.into_values().map(|places| lane(room, &due, &parcels, places));
    let mut done = Vec::new();
    for lane in futures::future::join_all(under_way).await {
        done.extend(lane?);
    }
    done.sort_by_key(|(place, _)| *place);
    Ok(done.into_iter().map(|(_, delivery)| delivery).collect())
}

/// Bulletins as they were published, by id; or why one cannot be sent.
type Parcels<'a> = BTreeMap<&'a str, Result<Arc<Parcel>, String>>;

/// Deliveries that go the same way, in rounds: each is tried once, and after a pause those again that may succeed later. So the pauses
/// are the same for one address as for a hundred. Gives each with its place in `due`.
async fn lane(
    room: &Room,
    due: &[Due],
    parcels: &Parcels<'_>,
    mut places: Vec<usize>,
) -> Result<Vec<(usize, Delivery)>, Error> {
    let settings = &room.config.delivery;
    let rounds = settings.attempts.max(1);
    let mut pause = Duration::try_from(settings.retry_after).unwrap_or_default();
    let mut gone: Option<String> = None;
    let mut done = Vec::new();
    for round in 1..=rounds {
        let mut again = Vec::new();
        for place in places {
            let due = &due[place];
            let (form, result) = match (parcels.get(due.edition.bulletin_id.as_str()), &gone) {
                (_, Some(why)) => (due.form(), Err(Unsent::gone(why.clone()))),
                (Some(Ok(parcel)), None) => hand_over(room, due, parcel).await,
                (Some(Err(why)), None) => {
                    (due.form(), Err(Unsent { why: why.clone(), is_final: true, is_gone: false }))
                }
                (None, None) => continue,
            };
            let (outcome, message, is_final) = match result {
                Ok(said) => ("sent", said, true),
                Err(Unsent { why, is_final, is_gone }) => {
                    if is_gone {
                        gone = Some(why.clone());
                    }
                    ("failed", why, is_final)
                }
            };
            let (bulletin, target) = (&due.edition.bulletin_id, &due.target.name);
            tracing::info!(bulletin, target, outcome, detail = message, attempts = round, "delivery");
            if !is_final && round < rounds {
                again.push(place);
                continue;
            }
            let delivery = Delivery {
                bulletin_id: bulletin.clone(),
                target: target.clone(),
                address: due.address.text(),
                message_id: due.message_id.clone(),
                outcome,
                form,
                message,
            };
            record(room, due, &delivery, round).await?;
            done.push((place, delivery));
        }
        if again.is_empty() {
            break;
        }
        places = again;
        tokio::time::sleep(pause).await;
        pause = pause.saturating_mul(3);
    }
    Ok(done)
}

impl Due {
    /// The form it would take.
    fn form(&self) -> &'static str {
        if matches!(self.address, Address::Mail(_)) { "attached" } else { "files" }
    }
}

/// One try. The form it took, and what was said.
async fn hand_over(room: &Room, due: &Due, parcel: &Arc<Parcel>) -> (&'static str, Result<String, Unsent>) {
    match &due.address {
        Address::Mail(to) => mail::send(room, &due.target, to, &due.message_id, parcel).await,
        Address::Folder(folder) => ("files", to_folder(folder, parcel).await),
        Address::Web(url) => ("files", targets::to_web(url, &due.message_id, parcel).await),
    }
}

/// A folder may be a share of another machine that hangs: nobody else waits for it.
async fn to_folder(folder: &Path, parcel: &Arc<Parcel>) -> Result<String, Unsent> {
    let (to, parcel) = (folder.to_owned(), Arc::clone(parcel));
    let writing = tokio::task::spawn_blocking(move || targets::to_folder(&to, &parcel));
    match tokio::time::timeout(FOLDER_MAX, writing).await {
        Ok(Ok(written)) => written.map_err(Unsent::from),
        Ok(Err(_)) => Err(Unsent::gone(format!("{} : l’écriture s’est interrompue", folder.display()))),
        Err(_) => Err(Unsent::gone(format!("{} : le dossier ne répond pas", folder.display()))),
    }
}

/// Deliveries that are due, in the order of the configuration.
async fn due(room: &Room, known: &[Edition], wanted: &Wanted<'_>) -> Result<Vec<Due>, Error> {
    #[derive(Deserialize)]
    struct Sent {
        message_id: String,
    }
    let ctx = room.session(AsOf::everything())?;
    let sent: Vec<Sent> =
        rows::read(&ctx, "select distinct message_id from deliveries where outcome = 'sent'").await?;
    let mut found = Vec::new();
    for target in &room.config.send {
        if wanted.target.is_some_and(|name| name != target.name) {
            continue;
        }
        let territory = target.territory.clone().unwrap_or_else(|| room.config.territory.clone());
        let newest =
            || known.iter().filter(|edition| edition.territory == territory).max_by_key(|e| e.recorded_at);
        let edition = match wanted.edition {
            Some(edition) => Some(edition).filter(|edition| edition.territory == territory),
            None => newest(),
        };
        let Some(edition) = edition else { continue };
        for address in addresses(target) {
            let message_id = message_id(edition, target, &address, &room.config.smtp.from);
            if wanted.again || !sent.iter().any(|sent| sent.message_id == message_id) {
                found.push(Due { edition: edition.clone(), target: target.clone(), address, message_id });
            }
        }
    }
    Ok(found)
}

fn addresses(target: &Target) -> Vec<Address> {
    let mails = target.to.iter().cloned().map(Address::Mail);
    let folder = target.folder.iter().cloned().map(Address::Folder);
    let web = target.url.iter().cloned().map(Address::Web);
    mails.chain(folder).chain(web).collect()
}

/// The same for the same bulletin, target and address, whenever it is asked: what makes a second copy known as one.
fn message_id(edition: &Edition, target: &Target, address: &Address, from: &str) -> String {
    let text = format!("{}\n{}\n{}", edition.bulletin_id, target.name, address.whole());
    let domain = from.trim_end_matches('>').rsplit('@').next().filter(|domain| !domain.is_empty());
    format!("<vigie.{}@{}>", &sha256_hex(text.as_bytes())[..32], domain.unwrap_or("vigie.invalid"))
}

/// A bulletin as it was published: made again from its record, and checked against it byte for byte; else its file.
async fn parcel(room: &Room, known: &[Edition], edition: &Edition) -> Result<Parcel, Error> {
    let then = published::room_of(room, edition)?;
    let drawn = draw(&then, &BulletinSpec::of(edition, known)).await?;
    let mut rendered = drawn.rendered;
    if sha256_hex(&rendered.pdf) != edition.pdf_sha256 {
        let kept = std::fs::read(&edition.path).ok().filter(|body| sha256_hex(body) == edition.pdf_sha256);
        rendered.pdf = kept.ok_or_else(|| {
            Error::Failed(format!(
                "bulletin {}: it can no longer be made as it was published, and {} is not it either; vigie replay says why",
                edition.bulletin_id, edition.path
            ))
        })?;
    }
    let name = Path::new(&edition.path).file_name().map_or_else(
        || {
            format!(
                "bulletin-{}-{}.pdf",
                week_label(edition.week),
                edition.territory.to_string().replace(':', "-")
            )
        },
        |name| name.to_string_lossy().into_owned(),
    );
    let territory = edition.territory.name();
    let week = edition.week.iso_week_date().week();
    let again = match edition.number {
        0 | 1 => String::new(),
        n => format!("Rectificatif (édition {n}) – "),
    };
    let subject = format!("{again}{territory}, semaine {week} : {}", rendered.state)
        .replace(['\u{A0}', '\u{202F}'], " ");
    Ok(Parcel {
        name,
        subject,
        text: match rendered.corrects {
            Some(corrects) => format!("{corrects}\n\n{}", rendered.text),
            None => rendered.text,
        },
        pdf: rendered.pdf,
        summary: rendered.summary,
        html: rendered.html,
        json: rendered.json,
        xlsx: rendered.xlsx,
    })
}

async fn record(room: &Room, due: &Due, delivery: &Delivery, attempts: u32) -> Result<(), Error> {
    let at = now();
    let delivery_id = fetch_id(&delivery.message_id, at, delivery.outcome);
    let row = Row {
        delivery_id: delivery_id.clone(),
        bulletin_id: &delivery.bulletin_id,
        territory: due.edition.territory.to_string(),
        target: &delivery.target,
        address: &delivery.address,
        message_id: &delivery.message_id,
        outcome: delivery.outcome,
        form: delivery.form,
        message: &delivery.message,
        attempts,
        recorded_at: at,
    };
    let spec = tables::deliveries();
    let batch = rows::batch(&spec.schema, std::slice::from_ref(&row))?;
    Ok(room.lake.append(&spec, &[batch], at, &delivery_id).await?)
}

/// A delivery whose last try failed.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Failed {
    /// Name of the target.
    pub target: String,
    /// Where it should have gone.
    pub address: String,
    /// The bulletin.
    pub bulletin_id: String,
    /// Why.
    pub message: String,
    /// When it was last tried.
    pub recorded_at: Timestamp,
}

/// Targets of the configuration whose last delivery failed: what `vigie status` shows.
///
/// # Errors
/// [`Error::Query`] when the lake cannot be read.
pub async fn failed(room: &Room) -> Result<Vec<Failed>, Error> {
    let ctx = room.session(AsOf::everything())?;
    let query = "select target, address, bulletin_id, message, recorded_at from (
                   select *, row_number() over (partition by target, address order by recorded_at desc) as place
                   from deliveries
                 ) where place = 1 and outcome = 'failed' order by target, address";
    let mut found: Vec<Failed> = rows::read(&ctx, query).await?;
    found.retain(|failed| room.config.send.iter().any(|target| target.name == failed.target));
    Ok(found)
}

/// Which file a mail carries.
impl Attach {
    fn of(self, parcel: &Parcel) -> (String, &[u8]) {
        match (self, &parcel.summary) {
            (Self::A5, Some(summary)) => {
                (format!("{}-a5.pdf", parcel.name.trim_end_matches(".pdf")), summary.as_slice())
            }
            _ => (parcel.name.clone(), parcel.pdf.as_slice()),
        }
    }
}
