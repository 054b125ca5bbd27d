//! `vigie bulletin`: gather, render, write the PDF and its twins, record the edition and every number it printed.

use std::path::{Path, PathBuf};
use std::time::Duration;

use jiff::civil::Date;
use jiff::{Timestamp, ToSpan};
use serde::{Deserialize, Serialize};
use vigie_queries::{AlertState, Place};
use vigie_reports::Rendered;
use vigie_reports::input::{Agency, AsOf as PrintedAsOf, Input};
use vigie_store::{AsOf, create_folder, step, sync_folder};

use crate::build::{Judged, Picture, picture};
use crate::clock::now;
use crate::error::Error;
use crate::fetch::{ensure_reference, sha256_hex};
use crate::published::{self, Edition};
use crate::room::Room;
use crate::{changes, feeds, gates, gather, rows};

/// Weeks of judgements that a bulletin looks back on.
const WEEKS_BACK: i32 = 14;

/// What was made.
#[derive(Debug, Clone, Serialize)]
pub struct Made {
    /// The document.
    pub pdf: PathBuf,
    /// Every number it prints.
    pub json: PathBuf,
    /// The same, as a workbook.
    pub xlsx: PathBuf,
    /// Its number of pages.
    pub pages: usize,
    /// Its edition for this territory and week, from 1.
    pub edition: u32,
    /// Alerts it tells of, a line each.
    pub alerts: Vec<String>,
    /// What the document could not show.
    pub warnings: Vec<String>,
}

/// Which bulletin to make, and where.
#[derive(Debug, Clone, Copy)]
pub struct Order<'a> {
    /// Place it is about.
    pub territory: &'a Place,
    /// Monday of its week.
    pub week: Date,
    /// From what was issued up to then.
    pub issued: Timestamp,
    /// Name of the PDF; the twins lie beside it.
    pub out: &'a Path,
    /// Makes another edition even when one was made from what was issued up to the same instant.
    pub new_edition: bool,
}

/// What a bulletin is drawn from: fixed before the lake is read, recorded with the edition.
#[derive(Debug, Clone)]
pub struct Brief {
    /// Place it is about.
    pub territory: Place,
    /// Monday of its week.
    pub week: Date,
    /// State of the data.
    pub as_of: AsOf,
    /// Number of the edition.
    pub number: u32,
    /// The bulletin it is compared with.
    pub previous: Option<Edition>,
}

/// A bulletin, before it is written.
#[derive(Debug)]
pub struct Drawn {
    /// Its bytes and numbers.
    pub rendered: Rendered,
    /// Alerts it tells of, a line each.
    pub alerts: Vec<String>,
    /// Why it may not be published, a sentence a gate; empty when it may.
    pub held: Vec<String>,
    /// Acknowledgements that it tells of.
    pub acknowledgements: Vec<String>,
}

/// How long a bulletin waits for another one: the number of an edition is given once.
const LOCK_WAIT: Duration = Duration::from_secs(300);

/// Makes the bulletin of a territory and week as of a time, and records it.
///
/// A bulletin that was published from the same as-of is given again, from what was recorded of it: same data, rules and
/// settings, same bytes; nothing is recorded anew.
///
/// # Errors
/// [`Error::Held`] when a gate holds it and nobody acknowledged it: nothing is written then. [`Error::Transform`],
/// [`Error::Reports`], [`Error::Write`]; [`vigie_store::Error::Locked`] when another bulletin is
/// being made.
pub async fn publish(room: &Room, order: Order<'_>) -> Result<Made, Error> {
    let _one_at_a_time = room.lake.lock("bulletin", LOCK_WAIT)?;
    let known = published::editions(room).await?;
    if !order.new_edition
        && let Some(edition) = published::same(&known, order.territory, order.week, order.issued)
    {
        return again(room, &known, edition, order.out).await;
    }
    ensure_reference(room).await?;
    let brief = Brief {
        territory: order.territory.clone(),
        week: order.week,
        // Up to there nothing can appear any more: whoever asks again sees the same.
        as_of: AsOf { issued: order.issued, recorded: room.lake.settled()? },
        number: published::next_number(&known, order.territory, order.week),
        previous: published::previous(&known, order.territory, order.week, order.issued).cloned(),
    };
    let drawn = draw(room, &brief).await?;
    if !drawn.held.is_empty() {
        return Err(Error::Held(drawn.held.join("\n")));
    }
    let made = write_all(&drawn, brief.number, order.out)?;
    let new = published::New {
        territory: &brief.territory,
        week: brief.week,
        number: brief.number,
        as_of: brief.as_of,
        path: order.out.display().to_string(),
        previous: brief.previous.as_ref().map(|edition| edition.bulletin_id.clone()),
        acknowledgements: drawn.acknowledgements.clone(),
    };
    published::record(room, new, &drawn.rendered, now()).await?;
    Ok(made)
}

/// Gives a published bulletin again, and says what a new edition would take into account.
async fn again(room: &Room, known: &[Edition], edition: &Edition, out: &Path) -> Result<Made, Error> {
    let then = published::room_of(room, edition)?;
    let drawn = draw(&then, &Brief::of(edition, known)).await?;
    let mut made = write_all(&drawn, edition.number, out)?;
    if sha256_hex(&drawn.rendered.pdf) != edition.pdf_sha256 {
        made.warnings.push(format!(
            "Ce bulletin n’est plus octet pour octet celui qui a été publié ; pour savoir pourquoi : vigie replay {}",
            edition.bulletin_id
        ));
    }
    let mut since = Vec::new();
    if room.vocabulary.files() != then.vocabulary.files() {
        since.push("des définitions ou des règles ont changé".to_owned());
    }
    match recorded_since(room, edition.as_of).await? {
        0 => {}
        1 => since.push("1 édition de source a été enregistrée".to_owned()),
        n => since.push(format!("{n} éditions de sources ont été enregistrées")),
    }
    if !since.is_empty() {
        made.warnings.push(format!(
            "Bulletin déjà publié à cette date d’arrêt (édition {}) : il est rendu tel quel. Depuis, {}. Pour en tenir \
             compte dans une nouvelle édition : --new-edition",
            edition.number,
            since.join(" et ")
        ));
    }
    Ok(made)
}

impl Brief {
    /// The brief that an edition was drawn from.
    #[must_use]
    pub fn of(edition: &Edition, known: &[Edition]) -> Self {
        let previous = edition.inputs.as_ref().and_then(|inputs| inputs.previous.as_ref());
        Self {
            territory: edition.territory.clone(),
            week: edition.week,
            as_of: edition.as_of,
            number: edition.number,
            previous: previous.and_then(|id| known.iter().find(|other| other.bulletin_id == *id)).cloned(),
        }
    }
}

/// Editions of sources that were recorded after an as-of, though issued before it.
async fn recorded_since(room: &Room, as_of: AsOf) -> Result<u64, Error> {
    #[derive(Deserialize)]
    struct Count {
        n: u64,
    }
    let query = format!(
        "select count(*) as n from fetches where outcome = 'new' and issued_at <= timestamp '{}'
         and recorded_at > timestamp '{}'",
        as_of.issued, as_of.recorded
    );
    let counted: Vec<Count> = rows::read(&room.session(AsOf::everything())?, &query).await?;
    Ok(counted.into_iter().next().map_or(0, |count| count.n))
}

/// Draws a bulletin: the same brief, lake, vocabulary and settings give the same bytes. Nothing is written.
///
/// # Errors
/// [`Error::Transform`], [`Error::Reports`], [`Error::Query`].
pub async fn draw(room: &Room, brief: &Brief) -> Result<Drawn, Error> {
    let sunday = brief.week.saturating_add(6.days());
    let picture = picture(room, brief.as_of).await?;
    let from = brief.week.saturating_sub(WEEKS_BACK.weeks());
    let earlier = brief.previous.as_ref().map(|edition| edition.week.saturating_add(6.days()));
    let (judged, stood) = picture.judge_twice(room, from, sunday, earlier);
    let mut input = input(room, &picture, &judged, brief).await?;
    input.changes = Some(changes::since(room, &picture, &input, brief, &stood).await?);
    let rendered = vigie_reports::render(&input)?;
    let alerts = told(&judged.alerts, room, &input);
    let held = gates::held(&input.gates, &brief.territory, brief.week);
    let acknowledged = input.gates.iter().filter_map(|result| result.acknowledged.as_ref());
    let acknowledgements = acknowledged.map(|one| one.id.clone()).collect();
    Ok(Drawn { rendered, alerts, held, acknowledgements })
}

/// Writes the PDF and its twins.
fn write_all(drawn: &Drawn, number: u32, out: &Path) -> Result<Made, Error> {
    let rendered = &drawn.rendered;
    let made = Made {
        pdf: out.to_owned(),
        json: out.with_extension("json"),
        xlsx: out.with_extension("xlsx"),
        pages: rendered.pages,
        edition: number,
        alerts: drawn.alerts.clone(),
        warnings: rendered.warnings.clone(),
    };
    let files = [(&made.pdf, &rendered.pdf), (&made.json, &rendered.json), (&made.xlsx, &rendered.xlsx)];
    for (path, bytes) in files {
        write(path, bytes)?;
        step("bulletin-pdf-written");
    }
    step("bulletin-files-written");
    Ok(made)
}

/// Gathers what one bulletin says from a picture of the lake.
///
/// # Errors
/// [`Error::Query`] when the lake cannot be read.
pub async fn input<'a>(
    room: &'a Room,
    picture: &'a Picture,
    judged: &'a Judged,
    brief: &Brief,
) -> Result<Input<'a>, Error> {
    let as_of = brief.as_of;
    let agency = &room.config.agency;
    let feeds = feeds::states(room, &picture.ctx, as_of, &picture.computed.settling).await?;
    let mut findings = feeds::findings(&picture.ctx, as_of).await?;
    let gates = gates::results(room, picture, judged, brief, &feeds, &mut findings).await?;
    Ok(Input {
        territory: brief.territory.clone(),
        week: brief.week,
        as_of: PrintedAsOf { issued: as_of.issued, recorded: as_of.recorded },
        edition: brief.number,
        observations: &picture.observations,
        judgements: &judged.judgements,
        alerts: &judged.alerts,
        vocabulary: &room.vocabulary,
        places: picture.places.clone(),
        feeds,
        findings,
        gates,
        access_numbers: gather::access_numbers(&picture.ctx).await?,
        events: gather::events(&picture.ctx).await?,
        agency: Agency {
            name: agency.name.clone().unwrap_or_default(),
            service: String::new(),
            contact: agency.contact.clone(),
        },
        changes: None,
    })
}

/// The alerts of the territory that are raised, a line each.
fn told(alerts: &[vigie_queries::Alert], room: &Room, input: &Input<'_>) -> Vec<String> {
    let mut lines = Vec::new();
    for alert in alerts {
        let inside = alert.place == input.territory
            || input.places.iter().any(|info| {
                info.place == alert.place
                    && info.region.as_deref().map(Place::region).as_ref() == Some(&input.territory)
            });
        if !inside || alert.inhibited || !matches!(alert.state, AlertState::Active | AlertState::Clearing) {
            continue;
        }
        let name =
            input.places.iter().find(|info| info.place == alert.place).map_or("", |info| info.name.as_str());
        let rule = room.vocabulary.rule(&alert.rule);
        let title = rule.map_or(alert.rule.as_str(), |rule| rule.title_fr.as_str());
        let level = rule
            .and_then(|rule| rule.level(alert.rank))
            .map_or(alert.level.as_str(), |l| l.title_fr.as_str());
        lines.push(format!(
            "{name} : {title}, niveau « {level} » depuis le {}",
            vigie_reports::french::date(alert.since)
        ));
    }
    lines
}

/// Writes a file whole or not at all, durably.
pub(crate) fn write(path: &Path, bytes: &[u8]) -> Result<(), Error> {
    use std::io::Write as _;
    use std::os::unix::fs::PermissionsExt as _;
    let failed = |source| Error::Write { path: path.to_owned(), source };
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    create_folder(folder)?;
    let readable = std::fs::Permissions::from_mode(0o666); // less the umask, as for any file of the user
    let mut aside = tempfile::Builder::new().permissions(readable).tempfile_in(folder).map_err(failed)?;
    aside.write_all(bytes).map_err(failed)?;
    aside.as_file().sync_all().map_err(failed)?;
    aside.persist(path).map_err(|cause| failed(cause.error))?;
    Ok(sync_folder(folder)?)
}
