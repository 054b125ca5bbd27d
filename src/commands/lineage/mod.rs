//! `vigie lineage`: where each number of a published bulletin comes from (rule, queries, sources, editions), and where an
//! indicator comes from and went.

mod indicator;

use std::collections::BTreeMap;

use jiff::Timestamp;
use jiff::civil::Date;
use serde::{Deserialize, Serialize};
use vigie_reports::{PublishedValue, is_of_forecast};
use vigie_store::AsOf;

use crate::bulletins::{published, replay};
use crate::cli::{Global, Lineage};
use crate::error::Error;
use crate::output::print_json;
use crate::room::Room;
use crate::rows;

/// One number and what it was made from.
#[derive(Serialize)]
struct Traced {
    section: String,
    label: String,
    printed: String,
    value: Option<f64>,
    unit: String,
    indicator: String,
    category: String,
    place: String,
    date: Date,
    /// What the number is of its indicator: the value, its change, a threshold…
    part: String,
    /// The rule that judged it, as a file of the vocabulary.
    rule: Option<String>,
    /// The model that forecast it, as a file of the vocabulary.
    model: Option<String>,
    /// Files of the queries it went through, in the order they ran.
    queries: Vec<String>,
    /// Sources it rests on, with the edition in use.
    sources: Vec<Edition>,
    /// Where it comes from when no query gives it.
    other: Option<&'static str>,
}

/// The edition of a source that was in use.
#[derive(Clone, Serialize, Deserialize)]
struct Edition {
    source: String,
    issued_at: Option<Timestamp>,
    sha256: Option<String>,
    fetch_id: Option<String>,
}

/// Prints the trace of each number; exit code 1 when one has none.
pub(super) async fn run(global: &Global, options: &Lineage) -> Result<u8, Error> {
    let room = Room::open(global)?;
    if let Some(query) = room.vocabulary.query(&options.what) {
        return indicator::run(&room, query, global.json).await;
    }
    let known = published::editions(&room).await?;
    let edition = replay::find(&known, &options.what, &room)?;
    let then = published::room_of(&room, edition)?;
    let editions = editions(&then, edition.as_of).await?;
    let mut traced: Vec<Traced> = Vec::new();
    for value in published::values(&room, &edition.bulletin_id).await? {
        let wanted = options.section.as_ref().is_none_or(|section| *section == value.section);
        let asked = options.indicator.as_ref().is_none_or(|id| value.indicator.split('.').next() == Some(id));
        if wanted && asked {
            traced.push(trace(&then, &editions, value));
        }
    }
    let lost = traced.iter().filter(|one| one.queries.is_empty() && one.other.is_none()).count();
    if global.json {
        print_json(&traced)?;
    } else {
        traced.iter().for_each(print);
        println!("{} chiffres, {lost} sans origine", traced.len());
    }
    Ok(u8::from(lost > 0))
}

/// The newest edition of each source as of a time.
async fn editions(room: &Room, as_of: AsOf) -> Result<BTreeMap<String, Edition>, Error> {
    let ctx = room.session(AsOf::everything())?;
    let query = format!(
        "select source, issued_at, sha256, fetch_id from (
           select *, row_number() over (partition by source order by issued_at desc, recorded_at desc) as place
           from fetches where outcome in ('new', 'unchanged') and issued_at <= timestamp '{}'
             and recorded_at <= timestamp '{}'
         ) where place = 1",
        as_of.issued, as_of.recorded
    );
    let found: Vec<Edition> = rows::read(&ctx, &query).await?;
    Ok(found.into_iter().map(|edition| (edition.source.clone(), edition)).collect())
}

fn trace(room: &Room, editions: &BTreeMap<String, Edition>, value: PublishedValue) -> Traced {
    let vocabulary = &room.vocabulary;
    let (id, part) = value.indicator.split_once('.').unwrap_or((&value.indicator, "value"));
    let rule = id.strip_prefix("rule:").and_then(|id| vocabulary.rule(id));
    let indicators: Vec<&str> = match rule {
        Some(rule) => rule.criteria.iter().map(|criterion| criterion.indicator.as_str()).collect(),
        None => vec![id],
    };
    // Numbers about a model name it; the others come from the one that is printed.
    let printed = || vocabulary.printed_model(id, value.geo_type.parse().ok()?);
    let model =
        is_of_forecast(&value.indicator).then(|| vocabulary.forecast_model(&value.category).or_else(printed));
    let model = model.flatten();
    // In the order of the vocabulary, which is that in which they run.
    let own: Vec<&str> =
        indicators.iter().flat_map(|id| vocabulary.queries_of(id)).map(|query| query.file.as_str()).collect();
    let queries =
        vocabulary.queries().iter().map(|query| &query.file).filter(|file| own.contains(&file.as_str()));
    let mut sources: Vec<&str> = indicators.iter().flat_map(|id| vocabulary.sources_of(id)).collect();
    sources.sort_unstable();
    sources.dedup();
    let of = |source: &str| {
        let unknown = Edition { source: source.to_owned(), issued_at: None, sha256: None, fetch_id: None };
        editions.get(source).cloned().unwrap_or(unknown)
    };
    let other = match id {
        "feed" => Some("fetches"),
        "finding" => Some("findings"),
        "gate" => Some("gates"),
        "changes" => Some("published_values of the bulletin before"),
        _ => None,
    };
    Traced {
        part: part.to_owned(),
        rule: rule.map(|rule| format!("rules/{}.toml", rule.id)),
        model: model.map(|model| model.file.clone()),
        queries: queries.cloned().collect(),
        sources: sources.into_iter().map(of).collect(),
        other,
        place: format!("{}:{}", value.geo_type, value.geo_value),
        date: value.time_value,
        section: value.section,
        label: value.label,
        printed: value.printed,
        value: value.value,
        unit: value.unit,
        indicator: value.indicator,
        category: value.category,
    }
}

fn print(one: &Traced) {
    println!("{}  {}  ({}, {}, {})", one.printed, one.label, one.indicator, one.place, one.date);
    if let Some(rule) = &one.rule {
        println!("    règle     {rule}");
    }
    if let Some(model) = &one.model {
        println!("    modèle    {model}");
    }
    if !one.queries.is_empty() {
        println!("    requêtes  {}", one.queries.join(" → "));
    }
    one.sources.iter().for_each(print_edition);
    if let Some(other) = one.other {
        println!("    table     {other}");
    }
}

fn print_edition(edition: &Edition) {
    let issued = edition.issued_at.map_or_else(|| "jamais reçue".to_owned(), |at| format!("édition du {at}"));
    let fetch = edition.fetch_id.as_deref().map_or_else(String::new, |id| format!(", relevé {id}"));
    println!("    source    {} ({issued}{fetch})", edition.source);
}
