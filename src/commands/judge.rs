//! `vigie judge`: what a rule says of places on a day.

use comfy_table::{ContentArrangement, Table, presets};
use jiff::Timestamp;
use jiff::civil::Date;
use vigie_queries::{Judgement, Rule};
use vigie_transform::judge;

use crate::build::compute;
use crate::cli::{Global, Territory};
use crate::error::Error;
use crate::fetch::ensure_reference;
use crate::output::print_json;
use crate::room::Room;

/// Judges every place of the rule (or one) on a day, whether or not the rule was in force.
pub(super) async fn run(
    global: &Global,
    rule: &str,
    on: Date,
    territory: Option<Territory>,
    as_of: Option<Timestamp>,
) -> Result<u8, Error> {
    let room = Room::open(global)?;
    let Some(rule) = room.vocabulary.rule(rule) else {
        let known: Vec<&str> = room.vocabulary.rules().map(|rule| rule.id.as_str()).collect();
        return Err(Error::Usage(format!("no rule is named {rule:?}; known: {}", known.join(", "))));
    };
    let territory = territory.as_ref().map(|given| room.territory(Some(given))).transpose()?;
    ensure_reference(&room).await?;
    let computation = compute(&room, Room::as_of(as_of, room.now()?)).await?;
    let judgements: Vec<Judgement> = computation
        .places
        .iter()
        .map(|info| &info.place)
        .filter(|place| rule.geo_types.contains(&place.geo_type))
        .filter(|place| rule.places.is_empty() || rule.places.contains(place))
        .filter(|place| territory.as_ref().is_none_or(|wanted| wanted == *place))
        .map(|place| judge(rule, &computation.observations, &computation.populations, place, on))
        .filter(|judgement| judgement.criteria.iter().any(|criterion| criterion.value.is_some()))
        .collect();
    if global.json {
        print_json(&judgements)?;
        return Ok(0);
    }
    if !rule.in_force(on) {
        room.talk.say(&format!(
            "La règle {} n’était pas en vigueur le {on} ; elle est appliquée quand même.",
            rule.id
        ));
    }
    if judgements.is_empty() {
        room.talk.say("Aucune donnée ce jour-là pour les critères de cette règle.");
        return Ok(0);
    }
    let mut table = Table::new();
    table.load_preset(presets::UTF8_FULL_CONDENSED).set_content_arrangement(ContentArrangement::Dynamic);
    let criteria = rule.criteria.iter().map(|criterion| criterion.title_fr.clone());
    table.set_header(["territoire".to_owned(), "niveau".to_owned()].into_iter().chain(criteria));
    for judgement in &judgements {
        let name = computation
            .places
            .iter()
            .find(|info| info.place == judgement.place)
            .map(|info| info.name.as_str());
        let level = if judgement.rank == judgement.rank_max {
            title(rule, judgement.rank)
        } else {
            format!("de « {} » à « {} »", title(rule, judgement.rank), title(rule, judgement.rank_max))
        };
        let values = rule.criteria.iter().map(|criterion| {
            let result = judgement.criteria.iter().find(|result| result.id == criterion.id);
            match result.and_then(|result| result.value) {
                Some(value) => format!("{value:.4}").trim_end_matches('0').trim_end_matches('.').to_owned(),
                None => "inconnu".to_owned(),
            }
        });
        let place = format!("{} ({})", name.unwrap_or_default(), judgement.place);
        table.add_row([place, level].into_iter().chain(values));
    }
    println!("{} : {on}\n{table}", rule.title_fr);
    Ok(0)
}

fn title(rule: &Rule, rank: u8) -> String {
    rule.level(rank).map_or_else(|| "aucun".to_owned(), |level| level.title_fr.clone())
}
