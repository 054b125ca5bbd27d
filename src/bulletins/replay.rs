//! `vigie replay`: a published bulletin rebuilt from what was recorded of it, and compared byte for byte.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use jiff::civil::Date;
use serde::Serialize;
use vigie_queries::Vocabulary;
use vigie_reports::{PublishedValue, Rendered, is_of_forecast};

use crate::bulletins::published::{self, Edition, Inputs};
use crate::bulletins::{BulletinSpec, RenderedBulletin, draw, summary_path, write};
use crate::calendar::week_label;
use crate::error::Error;
use crate::files::sha256_hex;
use crate::room::Room;

/// What a replay found.
#[derive(Debug, Clone, Serialize)]
pub struct Replayed {
    /// Id of the bulletin.
    pub bulletin_id: String,
    /// Place it is about.
    pub territory: String,
    /// Its ISO week.
    pub week: String,
    /// Its number for this territory and week.
    pub edition: u32,
    /// Issue instant of its as-of.
    pub as_of_issued: jiff::Timestamp,
    /// Recording instant of its as-of.
    pub as_of_recorded: jiff::Timestamp,
    /// Whether the PDF, its summary and its twins are the same bytes.
    pub identical: bool,
    /// Files that are not, in words of the command line: `pdf`, `json`, `xlsx`, `html`, `a5`.
    pub files_differ: Vec<&'static str>,
    /// Printed numbers that are not what was published.
    pub differences: Vec<Difference>,
    /// Why, a sentence each.
    pub reasons: Vec<String>,
    /// Published numbers that today's definitions and rules would change, when asked for.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub today: Option<Today>,
}

/// What today's definitions and rules would print from the same data.
#[derive(Debug, Clone, Serialize)]
pub struct Today {
    /// Files of the vocabulary that changed since.
    pub files: Vec<ChangedFile>,
    /// Published numbers that would read otherwise.
    pub differences: Vec<Difference>,
}

/// A printed number, then and now.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Difference {
    /// Section of the bulletin.
    pub section: String,
    /// What the reader sees it named.
    pub label: String,
    /// Id of the indicator.
    pub indicator: String,
    /// Place, such as `department:31`.
    pub place: String,
    /// The day, or the Monday of the week.
    pub date: Date,
    /// What was printed; none when nothing was.
    pub printed: Option<String>,
    /// What is printed now; none when nothing is.
    pub now: Option<String>,
    /// Sources or files of the vocabulary that explain it.
    pub why: Vec<String>,
}

/// A file of the vocabulary that is not what it was.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct ChangedFile {
    /// Path inside the vocabulary.
    pub file: String,
    /// `changed`, `added` or `removed`.
    pub what: &'static str,
}

/// Rebuilds an edition and compares it. Nothing is recorded; `out` receives what was rebuilt.
///
/// # Errors
/// When the lake cannot be read at all; a difference is no error.
pub async fn replay(
    room: &Room,
    known: &[Edition],
    edition: &Edition,
    out: Option<&Path>,
    today_rules: bool,
) -> Result<Replayed, Error> {
    let spec = BulletinSpec::of(edition, known);
    let mut reasons = Vec::new();
    let kept = match published::room_of(room, edition) {
        Ok(then) => then,
        Err(cause) => {
            reasons.push(format!(
                "le vocabulaire gardé ne peut plus être lu ({}) ; le bulletin est refait avec celui d’aujourd’hui",
                cause.sentence()
            ));
            room.clone()
        }
    };
    if edition.inputs.is_none() {
        reasons.push(
            "ce bulletin date d’avant la conservation des vocabulaires ; il est refait avec celui d’aujourd’hui".into(),
        );
    }
    let drawn = match draw(&kept, &spec).await {
        Ok(drawn) => drawn,
        Err(cause) => return Err(unreadable(room, cause)),
    };
    if let Some(folder) = out {
        write_into(folder, edition, &drawn.rendered)?;
    }
    let published_then = published::values(room, &edition.bulletin_id).await?;
    let rebuilt_by_today = edition.inputs.is_none() || !reasons.is_empty();
    let changed = changed_files(edition.inputs.as_ref(), &room.vocabulary);
    let files_differ = differing(edition, &drawn.rendered);
    let differences = if files_differ.is_empty() {
        Vec::new()
    } else {
        let because = if rebuilt_by_today { Because::Files(&changed) } else { Because::Sources };
        differences(&published_then, &drawn, &kept.vocabulary, &because)
    };
    if !files_differ.is_empty() {
        reasons.extend(explain(room, edition, &differences, rebuilt_by_today, &changed));
    }
    let today = if today_rules {
        let drawn =
            draw(&Room { config: kept.config.clone(), theme: kept.theme.clone(), ..room.clone() }, &spec)
                .await?;
        let because = Because::Files(&changed);
        let differences = self::differences(&published_then, &drawn, &room.vocabulary, &because);
        Some(Today { files: changed, differences })
    } else {
        None
    };
    Ok(Replayed {
        bulletin_id: edition.bulletin_id.clone(),
        territory: edition.territory.to_string(),
        week: week_label(edition.week),
        edition: edition.number,
        as_of_issued: edition.as_of.issued,
        as_of_recorded: edition.as_of.recorded,
        identical: files_differ.is_empty(),
        files_differ,
        differences,
        reasons,
        today,
    })
}

/// Files whose bytes are not those recorded. What an edition has no recorded hash of is not judged.
fn differing(edition: &Edition, rendered: &Rendered) -> Vec<&'static str> {
    let same = |recorded: &Option<String>, bytes: Option<&[u8]>| {
        recorded.as_ref().is_none_or(|sha256| bytes.is_some_and(|bytes| *sha256 == sha256_hex(bytes)))
    };
    [
        ("pdf", edition.pdf_sha256 == sha256_hex(&rendered.pdf)),
        ("json", edition.json_sha256 == sha256_hex(&rendered.json)),
        ("xlsx", same(&edition.xlsx_sha256, Some(&rendered.xlsx))),
        ("html", same(&edition.html_sha256, Some(&rendered.html))),
        ("a5", same(&edition.summary_sha256, rendered.summary.as_deref())),
    ]
    .into_iter()
    .filter(|(_, same)| !same)
    .map(|(file, _)| file)
    .collect()
}

/// What may explain a difference.
enum Because<'a> {
    /// The vocabulary is the one kept: only the data can differ.
    Sources,
    /// The vocabulary is another one: these files changed.
    Files(&'a [ChangedFile]),
}

/// What identifies a printed number: section, label, indicator, category, place, period.
type Key = (String, String, String, String, String, String, Date);

fn key(value: &PublishedValue) -> Key {
    (
        value.section.clone(),
        value.label.clone(),
        value.indicator.clone(),
        value.category.clone(),
        format!("{}:{}", value.geo_type, value.geo_value),
        value.time_type.clone(),
        value.time_value,
    )
}

/// Numbers that are not printed alike, in the order of their keys.
fn differences(
    then: &[PublishedValue],
    drawn: &RenderedBulletin,
    vocabulary: &Vocabulary,
    because: &Because<'_>,
) -> Vec<Difference> {
    let mut pairs: BTreeMap<Key, [BTreeSet<&str>; 2]> = BTreeMap::new();
    for (side, values) in [then, &drawn.rendered.published].into_iter().enumerate() {
        for value in values {
            pairs.entry(key(value)).or_default()[side].insert(&value.printed);
        }
    }
    let mut found = Vec::new();
    for ((section, label, indicator, _, place, _, date), [then, now]) in pairs {
        if then == now {
            continue;
        }
        let text = |printed: BTreeSet<&str>| {
            (!printed.is_empty()).then(|| printed.into_iter().collect::<Vec<_>>().join(" ; "))
        };
        let why = why(&indicator, vocabulary, because);
        found.push(Difference {
            section,
            label,
            indicator,
            place,
            date,
            printed: text(then),
            now: text(now),
            why,
        });
    }
    found
}

/// The sources of an indicator, or those of its files that changed.
fn why(indicator: &str, vocabulary: &Vocabulary, because: &Because<'_>) -> Vec<String> {
    let id = indicator.split('.').next().unwrap_or(indicator);
    let rule = id.strip_prefix("rule:").and_then(|id| vocabulary.rule(id));
    let indicators: Vec<&str> = match rule {
        Some(rule) => rule.criteria.iter().map(|criterion| criterion.indicator.as_str()).collect(),
        None => vec![id],
    };
    match because {
        Because::Sources => {
            let sources: BTreeSet<&str> =
                indicators.iter().flat_map(|id| vocabulary.sources_of(id)).collect();
            sources.into_iter().map(str::to_owned).collect()
        }
        Because::Files(changed) => {
            let mut files: BTreeSet<String> =
                indicators.iter().flat_map(|id| vocabulary.queries_of(id)).map(|q| q.file.clone()).collect();
            let sources = indicators.iter().flat_map(|id| vocabulary.sources_of(id));
            files.extend(sources.map(|source| format!("sources/{source}.toml")));
            files.extend(rule.map(|rule| format!("rules/{}.toml", rule.id)));
            if is_of_forecast(indicator) {
                let asked =
                    vocabulary.forecast_models().filter(|model| model.indicators.iter().any(|own| own == id));
                files.extend(asked.map(|model| model.file.clone()));
            }
            changed.iter().map(|file| &file.file).filter(|file| files.contains(*file)).cloned().collect()
        }
    }
}

/// Files of the vocabulary that are not what they were when an edition was made.
fn changed_files(inputs: Option<&Inputs>, today: &Vocabulary) -> Vec<ChangedFile> {
    let Some(inputs) = inputs else { return Vec::new() };
    let now = today.fingerprints();
    let mut found = Vec::new();
    for file in inputs.files.keys().chain(now.keys()).collect::<BTreeSet<_>>() {
        let what = match (inputs.files.get(file), now.get(file)) {
            (Some(then), Some(now)) if then == now => continue,
            (Some(_), Some(_)) => "changed",
            (None, _) => "added",
            (_, None) => "removed",
        };
        found.push(ChangedFile { file: file.clone(), what });
    }
    found
}

/// Why the bytes differ, a sentence each.
fn explain(
    room: &Room,
    edition: &Edition,
    differences: &[Difference],
    rebuilt_by_today: bool,
    changed: &[ChangedFile],
) -> Vec<String> {
    let mut reasons = Vec::new();
    let here = env!("CARGO_PKG_VERSION");
    let made_by = edition.inputs.as_ref().map_or("", |inputs| inputs.vigie.as_str());
    if made_by != here {
        let made_by = if made_by.is_empty() { "une version inconnue" } else { made_by };
        reasons.push(format!("la version de Vigie a changé : publié par {made_by}, refait par {here}"));
    }
    if rebuilt_by_today && !changed.is_empty() {
        let files: Vec<&str> = changed.iter().map(|file| file.file.as_str()).collect();
        reasons.push(format!("définitions ou règles modifiées depuis : {}", files.join(", ")));
    }
    if rebuilt_by_today
        && edition.vocabulary_fingerprint != room.vocabulary.fingerprint()
        && changed.is_empty()
    {
        reasons.push("le vocabulaire n’est plus celui de la publication".into());
    }
    if reasons.is_empty() {
        let sources: BTreeSet<&str> = differences.iter().flat_map(|d| &d.why).map(String::as_str).collect();
        let sources: Vec<&str> = sources.into_iter().collect();
        reasons.push(match sources.as_slice() {
            [] if differences.is_empty() => "les chiffres imprimés sont les mêmes ; le texte, les courbes ou l’état des \
                                             sources diffèrent"
                .into(),
            [] => "les données du lac ne sont plus celles de la publication".into(),
            sources => format!(
                "les données de l’époque ne sont plus les mêmes : {} ; rien d’autre n’a changé, le lac est endommagé",
                sources.join(", ")
            ),
        });
        reasons.extend(damage(room));
    }
    reasons
}

/// What a check of the whole lake finds, a sentence each.
fn damage(room: &Room) -> Vec<String> {
    match room.lake.verify() {
        Ok(report) => report
            .problems
            .iter()
            .map(|problem| {
                format!("vigie verify : {} : {} : {}", problem.table, problem.file.display(), problem.what)
            })
            .collect(),
        Err(cause) => vec![format!("vigie verify : {}", Error::from(cause).sentence())],
    }
}

/// A lake that cannot be read is told with what is wrong in it.
fn unreadable(room: &Room, cause: Error) -> Error {
    let problems = damage(room);
    if problems.is_empty() {
        return cause;
    }
    Error::Failed(format!(
        "le bulletin ne peut pas être refait : {} ; {}",
        cause.sentence(),
        problems.join(" ; ")
    ))
}

/// Writes what was rebuilt under the names it was published by.
fn write_into(folder: &Path, edition: &Edition, rendered: &Rendered) -> Result<(), Error> {
    let name = Path::new(&edition.path).file_name().unwrap_or("bulletin.pdf".as_ref());
    let pdf = folder.join(name);
    write(&pdf, &rendered.pdf)?;
    write(&pdf.with_extension("json"), &rendered.json)?;
    write(&pdf.with_extension("xlsx"), &rendered.xlsx)?;
    write(&pdf.with_extension("html"), &rendered.html)?;
    match &rendered.summary {
        Some(summary) => write(&summary_path(&pdf), summary),
        None => Ok(()),
    }
}

/// The edition that words of the command line name: an id, a file that was published, or a week.
///
/// # Errors
/// [`Error::Usage`] when none is, or several territories have a bulletin of that week.
pub fn find<'a>(known: &'a [Edition], words: &str, room: &Room) -> Result<&'a Edition, Error> {
    if let Some(edition) = known.iter().rfind(|edition| edition.bulletin_id == words) {
        return Ok(edition);
    }
    let path = Path::new(words);
    if path.is_file() {
        let body = std::fs::read(path).map_err(|source| Error::Read { path: path.to_owned(), source })?;
        let sha256 = sha256_hex(&body);
        let holds = |edition: &&Edition| {
            [
                Some(&edition.pdf_sha256),
                Some(&edition.json_sha256),
                edition.xlsx_sha256.as_ref(),
                edition.html_sha256.as_ref(),
                edition.summary_sha256.as_ref(),
            ]
            .contains(&Some(&sha256))
        };
        return known.iter().rfind(holds).ok_or_else(|| {
            Error::Usage(format!(
                "{words} is not, byte for byte, a bulletin published from this lake (SHA-256 {sha256})"
            ))
        });
    }
    let label = words.to_ascii_uppercase();
    let of_week: Vec<&Edition> = known
        .iter()
        .filter(|edition| {
            let week = week_label(edition.week);
            week == label || week.split_once('-').is_some_and(|(_, week)| week == label)
        })
        .collect();
    let ours = of_week.iter().rev().find(|edition| edition.territory == room.config.territory);
    match (ours, of_week.last()) {
        (Some(edition), _) => Ok(edition),
        (None, Some(edition)) if of_week.iter().all(|other| other.territory == edition.territory) => {
            Ok(edition)
        }
        (None, Some(_)) => {
            let named: Vec<String> =
                of_week.iter().map(|e| format!("{} ({})", e.bulletin_id, e.territory)).collect();
            Err(Error::Usage(format!("several territories have a bulletin of {words}: {}", named.join(", "))))
        }
        (None, None) => Err(Error::Usage(format!(
            "no bulletin is {words:?}; expected an id of the table bulletins, a published file, or a week such as 2020-W42"
        ))),
    }
}
