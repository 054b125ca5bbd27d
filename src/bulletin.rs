//! `vigie bulletin`: gather, render, write the PDF and its twins, record the edition and every number it printed.

use std::path::{Path, PathBuf};

use jiff::civil::Date;
use jiff::{Timestamp, ToSpan};
use serde::{Deserialize, Serialize};
use vigie_queries::{AlertState, Place};
use vigie_reports::input::{Agency, AsOf as PrintedAsOf, Input};
use vigie_store::{AsOf, fetch_id, tables};

use crate::build::{Judged, Picture, picture};
use crate::clock::now;
use crate::error::Error;
use crate::fetch::{ensure_reference, sha256_hex};
use crate::room::Room;
use crate::{feeds, gather, rows};

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

/// One row of `bulletins`.
#[derive(Debug, Serialize)]
struct Row<'a> {
    bulletin_id: &'a str,
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
}

/// Makes the bulletin of a territory and week as of a time, and records it.
///
/// # Errors
/// [`Error::Transform`], [`Error::Reports`], [`Error::Write`].
pub async fn publish(
    room: &Room,
    territory: &Place,
    week: Date,
    as_of: AsOf,
    out: &Path,
) -> Result<Made, Error> {
    ensure_reference(room).await?;
    let as_of = AsOf { issued: as_of.issued, recorded: newest_poll(room, as_of.issued).await? };
    let sunday = week.saturating_add(6.days());
    let picture = picture(room, as_of).await?;
    let judged = picture.judge_all(room, week.saturating_sub(WEEKS_BACK.weeks()), sunday);
    let input = input(room, &picture, &judged, territory, week, as_of).await?;
    let rendered = vigie_reports::render(&input)?;
    let made = Made {
        pdf: out.to_owned(),
        json: out.with_extension("json"),
        xlsx: out.with_extension("xlsx"),
        pages: rendered.pages,
        edition: input.edition,
        alerts: told(&judged.alerts, room, &input),
        warnings: rendered.warnings.clone(),
    };
    for (path, bytes) in
        [(&made.pdf, &rendered.pdf), (&made.json, &rendered.json), (&made.xlsx, &rendered.xlsx)]
    {
        write(path, bytes)?;
    }
    record(room, &input, &rendered, out).await?;
    Ok(made)
}

/// When the lake last heard of its sources: all that a bulletin made now can know. Taken instead of the present, so that
/// the same data and as-of give the same bytes, and a later replay sees the same versions.
async fn newest_poll(room: &Room, issued: Timestamp) -> Result<Timestamp, Error> {
    #[derive(Deserialize)]
    struct Newest {
        recorded_at: Option<Timestamp>,
    }
    let ctx = room.session(Room::as_of(Some(issued), now()))?;
    let newest: Vec<Newest> = rows::read(&ctx, "select max(recorded_at) as recorded_at from fetches").await?;
    Ok(newest.into_iter().find_map(|row| row.recorded_at).unwrap_or(issued))
}

/// Gathers what one bulletin says from a picture of the lake.
///
/// # Errors
/// [`Error::Query`] when the lake cannot be read.
pub async fn input<'a>(
    room: &'a Room,
    picture: &'a Picture,
    judged: &'a Judged,
    territory: &Place,
    week: Date,
    as_of: AsOf,
) -> Result<Input<'a>, Error> {
    let agency = &room.config.agency;
    Ok(Input {
        territory: territory.clone(),
        week,
        as_of: PrintedAsOf { issued: as_of.issued, recorded: as_of.recorded },
        edition: edition(room, territory, week, as_of.issued).await?,
        observations: &picture.observations,
        judgements: &judged.judgements,
        alerts: &judged.alerts,
        vocabulary: &room.vocabulary,
        places: picture.places.clone(),
        feeds: feeds::states(room, &picture.ctx, as_of).await?,
        findings: feeds::findings(&picture.ctx, as_of).await?,
        access_numbers: gather::access_numbers(&picture.ctx).await?,
        events: gather::events(&picture.ctx).await?,
        agency: Agency {
            name: agency.name.clone().unwrap_or_default(),
            service: String::new(),
            contact: agency.contact.clone(),
        },
    })
}

/// The same as-of is the same edition; a later one is the next.
async fn edition(room: &Room, territory: &Place, week: Date, issued: Timestamp) -> Result<u32, Error> {
    #[derive(Deserialize)]
    struct Earlier {
        edition: u32,
        as_of_issued: Timestamp,
    }
    let query = format!(
        "select edition, as_of_issued from bulletins where territory = '{territory}' and week = date '{week}'"
    );
    let earlier: Vec<Earlier> = rows::read(&room.session(Room::as_of(None, now()))?, &query).await?;
    let same = earlier.iter().find(|made| made.as_of_issued == issued).map(|made| made.edition);
    Ok(same.unwrap_or_else(|| earlier.iter().map(|made| made.edition).max().unwrap_or(0) + 1))
}

/// Records the edition and every number it printed.
async fn record(
    room: &Room,
    input: &Input<'_>,
    rendered: &vigie_reports::Rendered,
    out: &Path,
) -> Result<(), Error> {
    let at = now();
    let pdf_sha256 = sha256_hex(&rendered.pdf);
    let bulletin_id = fetch_id(&format!("{}-{}", input.territory, input.week), at, &pdf_sha256);
    let spec = tables::published_values();
    let values: Vec<serde_json::Value> = rendered
        .published
        .iter()
        .map(|value| {
            let mut row = serde_json::to_value(value).unwrap_or_default();
            if let Some(row) = row.as_object_mut() {
                row.insert("bulletin_id".into(), bulletin_id.clone().into());
            }
            row
        })
        .collect();
    if !values.is_empty() {
        let batch = rows::batch(&spec.schema, &values)?;
        room.lake.append(&spec, &[batch], at, &bulletin_id).await?;
    }
    let row = Row {
        bulletin_id: &bulletin_id,
        territory: input.territory.to_string(),
        week: input.week,
        edition: input.edition,
        as_of_issued: input.as_of.issued,
        as_of_recorded: input.as_of.recorded,
        vocabulary_fingerprint: room.vocabulary.fingerprint(),
        pdf_sha256,
        json_sha256: sha256_hex(&rendered.json),
        path: out.display().to_string(),
        recorded_at: at,
    };
    let spec = tables::bulletins();
    let batch = rows::batch(&spec.schema, std::slice::from_ref(&row))?;
    Ok(room.lake.append(&spec, &[batch], at, &bulletin_id).await?)
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

/// Writes a file whole or not at all.
fn write(path: &Path, bytes: &[u8]) -> Result<(), Error> {
    use std::io::Write as _;
    use std::os::unix::fs::PermissionsExt as _;
    let failed = |source| Error::Write { path: path.to_owned(), source };
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    std::fs::create_dir_all(folder).map_err(failed)?;
    let readable = std::fs::Permissions::from_mode(0o666); // less the umask, as for any file of the user
    let mut aside = tempfile::Builder::new().permissions(readable).tempfile_in(folder).map_err(failed)?;
    aside.write_all(bytes).map_err(failed)?;
    aside.as_file().sync_all().map_err(failed)?;
    aside.persist(path).map_err(|cause| failed(cause.error))?;
    Ok(())
}
