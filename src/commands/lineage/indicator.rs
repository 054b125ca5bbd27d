//! Where an indicator comes from, and where it went: feeds and raw bodies, tables, queries, rules, bulletins.

use jiff::Timestamp;
use jiff::civil::Date;
use serde::{Deserialize, Serialize};
use vigie_queries::{Query, QueryKind};
use vigie_store::AsOf;

use super::{Edition, editions};
use crate::error::Error;
use crate::output::print_json;
use crate::room::Room;
use crate::rows;

/// An indicator from end to end.
#[derive(Serialize)]
struct Origin<'a> {
    indicator: &'a str,
    title_fr: &'a str,
    definition_fr: &'a str,
    unit: &'a str,
    /// Sources, the edition in use and the raw body it came in.
    sources: Vec<Feed>,
    /// Tables between the sources and the indicator, in the order they are made.
    tables: Vec<&'a str>,
    /// Files of the queries, in the order they run; its own is the last.
    queries: Vec<&'a str>,
    /// Rules that judge by it.
    rules: Vec<&'a str>,
    /// Bulletins that printed it.
    bulletins: Vec<Printed>,
}

#[derive(Serialize)]
struct Feed {
    #[serde(flatten)]
    edition: Edition,
    /// File of the body, in the lake.
    raw_body: Option<String>,
}

/// A section of a bulletin that printed the indicator.
#[derive(Serialize, Deserialize)]
struct Printed {
    bulletin_id: String,
    territory: String,
    week: Date,
    edition: i64,
    as_of_issued: Timestamp,
    section: String,
    n_values: i64,
}

/// Prints the origin of an indicator or mart.
pub(super) async fn run(room: &Room, query: &Query, json: bool) -> Result<u8, Error> {
    let vocabulary = &room.vocabulary;
    let known = editions(room, Room::as_of(None, room.now()?)).await?;
    let own: Vec<&str> = vocabulary.queries_of(&query.id).iter().map(|query| query.id.as_str()).collect();
    // In the order of the vocabulary, which is that in which they run.
    let run: Vec<&Query> =
        vocabulary.queries().iter().filter(|query| own.contains(&query.id.as_str())).collect();
    let feed = |source: &str| {
        let unknown = Edition { source: source.to_owned(), issued_at: None, sha256: None, fetch_id: None };
        let edition = known.get(source).cloned().unwrap_or(unknown);
        let raw_body = edition.sha256.as_ref().map(|sha256| format!("raw/{source}/{sha256}.zst"));
        Feed { edition, raw_body }
    };
    let rules = vocabulary
        .rules()
        .filter(|rule| rule.criteria.iter().any(|criterion| criterion.indicator == query.id))
        .map(|rule| rule.id.as_str());
    let origin = Origin {
        indicator: &query.id,
        title_fr: &query.title_fr,
        definition_fr: &query.definition_fr,
        unit: &query.unit,
        sources: vocabulary.sources_of(&query.id).into_iter().map(feed).collect(),
        tables: run
            .iter()
            .filter(|query| query.kind == QueryKind::Mart)
            .map(|query| query.id.as_str())
            .collect(),
        queries: run.iter().map(|query| query.file.as_str()).collect(),
        rules: rules.collect(),
        bulletins: printed(room, &query.id).await?,
    };
    if json {
        print_json(&origin)?;
    } else {
        print(&origin);
    }
    Ok(0)
}

/// The sections of bulletins that printed a number of the indicator: its value, its change, a threshold…
async fn printed(room: &Room, id: &str) -> Result<Vec<Printed>, Error> {
    let ctx = room.session(AsOf::everything())?;
    // Ids have letters, digits and underscores only.
    let query = format!(
        "select b.bulletin_id, b.territory, b.week, b.edition, b.as_of_issued, v.section, count(*) as n_values \
         from published_values as v join bulletins as b on b.bulletin_id = v.bulletin_id \
         where split_part(v.indicator, '.', 1) = '{id}' \
         group by b.bulletin_id, b.territory, b.week, b.edition, b.as_of_issued, v.section \
         order by b.week, b.territory, b.edition, v.section"
    );
    rows::read(&ctx, &query).await
}

fn print(origin: &Origin<'_>) {
    println!("{}  {} ({})", origin.indicator, origin.title_fr, origin.unit);
    println!("    {}", origin.definition_fr);
    for feed in &origin.sources {
        super::print_edition(&feed.edition);
        if let Some(body) = &feed.raw_body {
            println!("    fichier   {body}");
        }
    }
    if !origin.tables.is_empty() {
        println!("    tables    {} → indicators", origin.tables.join(" → "));
    }
    println!("    requêtes  {}", origin.queries.join(" → "));
    if !origin.rules.is_empty() {
        println!("    règles    {}", origin.rules.join(", "));
    }
    for printed in &origin.bulletins {
        println!(
            "    bulletin  {} du {}, édition {} ({}) : {}, {} chiffres",
            printed.territory,
            printed.week,
            printed.edition,
            printed.bulletin_id,
            printed.section,
            printed.n_values
        );
    }
    if origin.bulletins.is_empty() {
        println!("    bulletin  aucun ne l’a imprimé");
    }
}
