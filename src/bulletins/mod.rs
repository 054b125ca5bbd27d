//! `vigie bulletin`: gather, render, write the PDF and its twins, record the edition and every number it printed.

pub mod changes;
pub mod draft;
pub mod gates;
pub mod published;
pub mod replay;
pub mod week_data;
mod what_if;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::time::Duration;

use jiff::Timestamp;
use jiff::civil::Date;
use serde::{Deserialize, Serialize};
use vigie_queries::Place;
use vigie_reports::Rendered;
use vigie_reports::wording::Wording;
use vigie_store::{AsOf, step};

use crate::bulletins::draft::Draft;
use crate::bulletins::published::Edition;
use crate::bulletins::week_data::WeekData;
use crate::clock::now;
use crate::error::Error;
use crate::fetch::ensure_reference;
use crate::files::{sha256_hex, write};
use crate::room::Room;
use crate::rows;

/// What was made.
#[derive(Debug, Clone, Serialize)]
pub struct WrittenBulletin {
    /// Place it is about.
    pub territory: String,
    /// The document.
    pub pdf: PathBuf,
    /// The same as one page for a browser.
    pub html: PathBuf,
    /// Its first page for a telephone; none for a department's sheet.
    pub summary: Option<PathBuf>,
    /// Every number it prints.
    pub json: PathBuf,
    /// The same, as a workbook.
    pub xlsx: PathBuf,
    /// Its number of pages.
    pub pages: usize,
    /// Its edition for this territory and week, from 1.
    pub edition: u32,
    /// Its id in the table `bulletins`; none before it is recorded.
    pub bulletin_id: Option<String>,
    /// The state of the territory in one sentence.
    pub state: String,
    /// Alerts it tells of, a line each.
    pub alerts: Vec<String>,
    /// What the document could not show.
    pub warnings: Vec<String>,
}

/// What came of an order for several bulletins.
#[derive(Debug, Clone, Default, Serialize)]
pub struct WrittenBulletins {
    /// Those made, the first ordered first.
    pub made: Vec<WrittenBulletin>,
    /// Why others were held, a sentence a gate.
    pub held: Vec<String>,
    /// Files of the agency's own that they were made without, a sentence each; empty when all is well.
    pub faults: Vec<String>,
}

impl WrittenBulletins {
    /// What was made, for the table `runs`.
    #[must_use]
    pub fn summary(&self) -> String {
        let made = self.made.iter().map(|made| {
            format!(
                "{} ({} {})",
                made.pdf.display(),
                made.pages,
                if made.pages < 2 { "page" } else { "pages" }
            )
        });
        made.collect::<Vec<_>>().join(" ; ")
    }
}

/// Which bulletins to make, and where.
#[derive(Debug, Clone)]
pub struct BulletinRequest {
    /// Places they are about, each with the name of its PDF; the twins lie beside it.
    pub territories: Vec<(Place, PathBuf)>,
    /// Monday of their week.
    pub week: Date,
    /// From what was issued up to then.
    pub issued: Timestamp,
    /// Makes another edition even when one was made from what was issued up to the same instant.
    pub new_edition: bool,
    /// Who publishes them; recorded, and printed with a draft.
    pub by: Option<String>,
}

impl BulletinRequest {
    /// One bulletin, by the schedule.
    #[must_use]
    pub fn one(territory: Place, week: Date, issued: Timestamp, out: PathBuf) -> Self {
        Self { territories: vec![(territory, out)], week, issued, new_edition: false, by: None }
    }
}

/// What a bulletin is drawn from: fixed before the lake is read, recorded with the edition.
#[derive(Debug, Clone)]
pub struct BulletinSpec {
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
    /// Words an editor chose, by id of the text.
    pub wording: BTreeMap<String, Wording>,
    /// Who publishes it.
    pub by: Option<String>,
}

/// A bulletin, before it is written.
#[derive(Debug)]
pub struct RenderedBulletin {
    /// Its bytes and numbers.
    pub rendered: Rendered,
    /// Alerts it tells of, a line each.
    pub alerts: Vec<String>,
    /// Why it may not be published, a sentence a gate; empty when it may.
    pub held: Vec<String>,
    /// Acknowledgements that it tells of.
    pub acknowledgements: Vec<String>,
    /// What the agency's own layout is at fault for; the neutral one took its place.
    pub layout_fault: Option<String>,
    /// Files of the agency's own that it was made without, that layout included, a sentence each.
    pub faults: Vec<String>,
}

/// How long a bulletin waits for another one: the number of an edition is given once.
const LOCK_WAIT: Duration = Duration::from_secs(300);

/// Makes the bulletins of some territories and one week as of a time, and records them together.
///
/// A bulletin that was published from the same as-of is given again, from what was recorded of it: same data, rules and
/// settings, same bytes; nothing is recorded anew. What is computed from the lake is computed once for all of them.
///
/// # Errors
/// [`Error::Held`] when a gate holds the first one and nobody acknowledged it: nothing is written then. [`Error::Transform`],
/// [`Error::Reports`], [`Error::Write`]; [`vigie_store::Error::Locked`] when another bulletin is
/// being made.
pub async fn publish(room: &Room, order: &BulletinRequest) -> Result<WrittenBulletins, Error> {
    let _one_at_a_time = room.lake.lock("bulletin", LOCK_WAIT)?;
    let known = published::editions(room).await?;
    let mut made: Vec<Option<WrittenBulletin>> = vec![None; order.territories.len()];
    let mut fresh = Vec::new();
    let mut kept = None;
    for (place, (territory, out)) in order.territories.iter().enumerate() {
        let same = published::same(&known, territory, order.week, order.issued);
        match same.filter(|_| !order.new_edition) {
            Some(edition) => made[place] = Some(again(room, &known, edition, out, &mut kept).await?),
            None => fresh.push((place, territory, out)),
        }
    }
    drop(kept);
    let (mut held, mut faults) = (Vec::new(), Vec::new());
    if !fresh.is_empty() {
        ensure_reference(room).await?;
        // Up to there nothing can appear any more: whoever asks again sees the same.
        let as_of = AsOf { issued: order.issued, recorded: room.lake.settled()? };
        let specs: Vec<BulletinSpec> = fresh
            .iter()
            .map(|(_, territory, _)| BulletinSpec {
                territory: (*territory).clone(),
                week: order.week,
                as_of,
                number: published::next_number(&known, territory, order.week),
                previous: published::previous(&known, territory, order.week, order.issued).cloned(),
                wording: BTreeMap::new(),
                by: order.by.clone(),
            })
            .collect();
        let week_data = WeekData::of(room, as_of, &specs).await?;
        let drawn = week_data.draw(room, &specs).await?;
        drop(week_data);
        faults = drawn.first().map(|drawn| drawn.faults.clone()).unwrap_or_default();
        for fault in &faults {
            tracing::error!("the bulletin does without it: {fault}");
        }
        let (mut records, mut places) = (Vec::new(), Vec::new());
        for (((place, _, out), spec), drawn) in fresh.iter().zip(&specs).zip(&drawn) {
            if !drawn.held.is_empty() {
                if *place == 0 {
                    return Err(Error::Held(drawn.held.join("\n")));
                }
                held.extend(drawn.held.iter().cloned());
                continue;
            }
            made[*place] = Some(write_all(drawn, spec, out)?);
            records.push((new(spec, out, drawn), &drawn.rendered));
            places.push(*place);
        }
        let ids = published::record(room, &records, now()).await?;
        for (place, id) in places.into_iter().zip(ids) {
            if let Some(made) = &mut made[place] {
                made.bulletin_id = Some(id);
            }
        }
    }
    Ok(WrittenBulletins { made: made.into_iter().flatten().collect(), held, faults })
}

/// Publishes a bulletin with the words of a draft, from the data that the draft was made from.
///
/// # Errors
/// As [`publish`]; [`Error::Reports`] when the draft turns what a text says, or when an edition published since computes a text
/// that the editor had changed otherwise: the draft is then written anew, on that edition, beside the old one.
pub async fn publish_draft(
    room: &Room,
    draft: &Draft,
    by: Option<&str>,
    out: &Path,
) -> Result<WrittenBulletin, Error> {
    let _one_at_a_time = room.lake.lock("bulletin", LOCK_WAIT)?;
    if draft.as_of.recorded > room.lake.settled()? {
        return Err(Error::Usage(
            "this draft was made from another lake: it knows of rows that are not here".into(),
        ));
    }
    let known = published::editions(room).await?;
    let of = |known: &[Edition], as_of: AsOf| BulletinSpec {
        territory: draft.territory.clone(),
        week: draft.week,
        as_of,
        number: published::next_number(known, &draft.territory, draft.week),
        previous: published::previous(known, &draft.territory, draft.week, as_of.issued).cloned(),
        wording: BTreeMap::new(),
        by: by.map(str::to_owned),
    };
    // What the editor had before him: the bulletin as it was computed then.
    let then: Vec<Edition> =
        known.iter().filter(|edition| edition.recorded_at <= draft.as_of.recorded).cloned().collect();
    let brief_then = of(&then, draft.as_of);
    let mut week_data = WeekData::of(room, draft.as_of, std::slice::from_ref(&brief_then)).await?;
    let texts_then = vigie_reports::texts(&week_data.input(room, &brief_then).await?);
    let edited = crate::bulletins::draft::changed(&draft.texts, &texts_then);
    // An edition published since from newer data: the draft goes on from there, never back to older figures.
    let newer = known.iter().filter(|edition| {
        edition.territory == draft.territory
            && edition.week == draft.week
            && (edition.as_of.issued, edition.as_of.recorded) > (draft.as_of.issued, draft.as_of.recorded)
    });
    let as_of = newer.map(|edition| edition.as_of).max_by_key(|as_of| (as_of.issued, as_of.recorded));
    let as_of = as_of.unwrap_or(draft.as_of);
    let mut spec = of(&known, as_of);
    if as_of != draft.as_of || spec.previous != brief_then.previous {
        week_data = WeekData::of(room, as_of, std::slice::from_ref(&spec)).await?;
    }
    let texts = vigie_reports::texts(&week_data.input(room, &spec).await?);
    let (kept, differing) = crate::bulletins::draft::rebased(&edited, &texts_then, &texts);
    if !differing.is_empty() {
        let with_kept: Vec<_> = texts
            .into_iter()
            .map(|mut block| {
                block.wording = kept.get(&block.id).cloned().unwrap_or(block.wording);
                block
            })
            .collect();
        let path = draft.path.with_extension("rebased.toml");
        crate::bulletins::draft::save(room, &spec, &with_kept, &draft.own, &differing, &path)?;
        let mut told: Vec<String> =
            differing.iter().map(crate::bulletins::draft::Differing::sentence).collect();
        told.push(format!(
            "une édition plus récente a été publiée depuis : le brouillon repris sur elle, avec vos autres textes, est dans {}",
            path.display()
        ));
        return Err(Error::Reports(vigie_reports::Error::Wording(told)));
    }
    spec.wording = kept;
    spec.wording.extend(draft.own.clone());
    let drawn = week_data.draw(room, std::slice::from_ref(&spec)).await?;
    let Some(drawn) = drawn.into_iter().next() else { return Err(Error::Failed("nothing was drawn".into())) };
    if !drawn.held.is_empty() {
        return Err(Error::Held(drawn.held.join("\n")));
    }
    let mut made = write_all(&drawn, &spec, out)?;
    let ids = published::record(room, &[(new(&spec, out, &drawn), &drawn.rendered)], now()).await?;
    made.bulletin_id = ids.into_iter().next();
    Ok(made)
}

/// The texts of a bulletin in a file that an editor may change. Nothing is recorded.
///
/// # Errors
/// As [`publish`].
pub async fn draft(
    room: &Room,
    territory: &Place,
    week: Date,
    issued: Timestamp,
    path: &Path,
) -> Result<usize, Error> {
    let known = published::editions(room).await?;
    ensure_reference(room).await?;
    let spec = BulletinSpec {
        territory: territory.clone(),
        week,
        as_of: AsOf { issued, recorded: room.lake.settled()? },
        number: published::next_number(&known, territory, week),
        previous: published::previous(&known, territory, week, issued).cloned(),
        wording: BTreeMap::new(),
        by: None,
    };
    let week_data = WeekData::of(room, spec.as_of, std::slice::from_ref(&spec)).await?;
    let texts = vigie_reports::texts(&week_data.input(room, &spec).await?);
    let n = texts.len();
    crate::bulletins::draft::save(room, &spec, &texts, &BTreeMap::new(), &[], path)?;
    Ok(n)
}

fn new<'a>(spec: &'a BulletinSpec, out: &Path, drawn: &RenderedBulletin) -> published::New<'a> {
    published::New { spec, path: out.display().to_string(), acknowledgements: drawn.acknowledgements.clone() }
}

/// A room as it was for an edition, and what bulletins of its as-of are drawn from.
type Kept = (Edition, Room, WeekData);

/// Gives a published bulletin again, and says what a new edition would take into account. `kept` is that of the edition
/// given before: those published together are computed together.
async fn again(
    room: &Room,
    known: &[Edition],
    edition: &Edition,
    out: &Path,
    kept: &mut Option<Kept>,
) -> Result<WrittenBulletin, Error> {
    let spec = BulletinSpec::of(edition, known);
    let alike = |(other, ..): &Kept| {
        let kept = |edition: &Edition| {
            edition.inputs.as_ref().map(|i| (i.vocabulary.clone(), i.theme.clone(), i.agency.clone()))
        };
        let before =
            |edition: &Edition| BulletinSpec::of(edition, known).previous.map(|previous| previous.week);
        (other.as_of, other.week, kept(other), before(other))
            == (edition.as_of, edition.week, kept(edition), before(edition))
    };
    let holds = |kept: &Kept| alike(kept) && kept.2.holds(&edition.territory);
    if !kept.as_ref().is_some_and(holds) {
        let then = published::room_of(room, edition)?;
        let week_data = WeekData::of(&then, edition.as_of, std::slice::from_ref(&spec)).await?;
        *kept = Some((edition.clone(), then, week_data));
    }
    let Some((_, then, week_data)) = kept.as_ref() else { return Err(Error::Failed("no room".into())) };
    let drawn = week_data.draw(then, std::slice::from_ref(&spec)).await?;
    let Some(drawn) = drawn.into_iter().next() else { return Err(Error::Failed("nothing was drawn".into())) };
    let mut made = write_all(&drawn, &spec, out)?;
    made.bulletin_id = Some(edition.bulletin_id.clone());
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

impl BulletinSpec {
    /// The spec that an edition was drawn from.
    #[must_use]
    pub fn of(edition: &Edition, known: &[Edition]) -> Self {
        let previous = edition.inputs.as_ref().and_then(|inputs| inputs.previous.as_ref());
        Self {
            territory: edition.territory.clone(),
            week: edition.week,
            as_of: edition.as_of,
            number: edition.number,
            previous: previous.and_then(|id| known.iter().find(|other| other.bulletin_id == *id)).cloned(),
            wording: edition.inputs.as_ref().map(|inputs| inputs.wording.clone()).unwrap_or_default(),
            by: edition.inputs.as_ref().and_then(|inputs| inputs.by.clone()),
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

/// Draws a bulletin: the same spec, lake, vocabulary and settings give the same bytes. Nothing is written.
///
/// # Errors
/// [`Error::Transform`], [`Error::Reports`], [`Error::Query`].
pub async fn draw(room: &Room, spec: &BulletinSpec) -> Result<RenderedBulletin, Error> {
    let specs = std::slice::from_ref(spec);
    let week_data = WeekData::of(room, spec.as_of, specs).await?;
    let drawn = week_data.draw(room, specs).await?.into_iter().next();
    drawn.ok_or_else(|| Error::Failed("nothing was drawn".into()))
}

/// Writes the PDF and its twins.
fn write_all(drawn: &RenderedBulletin, spec: &BulletinSpec, out: &Path) -> Result<WrittenBulletin, Error> {
    let rendered = &drawn.rendered;
    let made = WrittenBulletin {
        territory: spec.territory.to_string(),
        pdf: out.to_owned(),
        html: out.with_extension("html"),
        summary: rendered.summary.is_some().then(|| summary_path(out)),
        json: out.with_extension("json"),
        xlsx: out.with_extension("xlsx"),
        pages: rendered.pages,
        edition: spec.number,
        bulletin_id: None,
        state: rendered.state.clone(),
        alerts: drawn.alerts.clone(),
        warnings: rendered.warnings.clone(),
    };
    let summary = made.summary.as_ref().zip(rendered.summary.as_ref());
    let files = [(&made.pdf, &rendered.pdf), (&made.json, &rendered.json), (&made.xlsx, &rendered.xlsx)];
    for (path, bytes) in files.into_iter().chain([(&made.html, &rendered.html)]).chain(summary) {
        write(path, bytes)?;
        step("bulletin-pdf-written");
    }
    step("bulletin-files-written");
    Ok(made)
}

/// Name of the summary of a bulletin: `bulletin-2020-W42-region-76-a5.pdf`.
pub(crate) fn summary_path(pdf: &Path) -> PathBuf {
    let stem = pdf.file_stem().unwrap_or("bulletin".as_ref()).to_string_lossy();
    pdf.with_file_name(format!("{stem}-a5.pdf"))
}
