//! `vigie rules review`: what each rule did over the past, against what the authorities really did.

use comfy_table::{ContentArrangement, Table, presets};
use jiff::ToSpan as _;
use jiff::civil::Date;
use serde::Deserialize;
use vigie_queries::{Place, Rule};
use vigie_transform::{Act, Review, judge_rule};

use crate::build::gather;
use crate::build::{Computation, compute};
use crate::cli::{Global, ReviewOptions};
use crate::error::Error;
use crate::fetch::ensure_reference;
use crate::output::print_json;
use crate::room::Room;
use crate::rows;

/// Before any feed.
const BEGINNING: Date = Date::constant(2000, 1, 1);

/// Reviews all rules, or one. Exit code 1 when something is found that no rule file owns.
pub(super) async fn review(global: &Global, options: &ReviewOptions) -> Result<u8, Error> {
    let room = Room::open(global)?;
    if let Some(id) = &options.rule
        && room.vocabulary.rule(id).is_none()
    {
        let known: Vec<&str> = room.vocabulary.rules().map(|rule| rule.id.as_str()).collect();
        return Err(Error::Usage(format!("no rule is named {id:?}; known: {}", known.join(", "))));
    }
    if let (Some(from), Some(to)) = (options.from, options.to)
        && to < from
    {
        return Err(Error::Usage(format!("--to {to} is before --from {from}")));
    }
    ensure_reference(&room).await?;
    let as_of = Room::as_of(options.as_of, room.now()?);
    let computation = compute(&room, as_of).await?;
    let to = options.to.unwrap_or_else(|| crate::calendar::paris_day(as_of.issued));
    let from = options.from.unwrap_or(BEGINNING);
    let unjudged = computation.unjudged(&room);
    let mut reviews = Vec::new();
    for rule in room.vocabulary.rules().filter(|rule| !unjudged.contains(&rule.id)) {
        if options.rule.as_ref().is_some_and(|id| *id != rule.id) {
            continue;
        }
        let acts = acts(&computation, rule).await?;
        let judgements = judge_rule(rule, &computation.observations, &computation.populations, from, to);
        let (_, events) = vigie_transform::alerts(&room.vocabulary, &judgements, to);
        reviews.push(vigie_transform::review(rule, &judgements, &events, &acts));
    }
    let owned = reviews.iter().flat_map(|review| &review.findings).all(|finding| finding.owned.is_some());
    if global.json {
        print_json(&reviews)?;
    } else {
        print(&reviews, &computation);
    }
    Ok(u8::from(!owned))
}

/// The real acts of a rule: those of the register, by level, and those of its own query.
async fn acts(computation: &Computation, rule: &Rule) -> Result<Vec<Act>, Error> {
    #[derive(Deserialize)]
    struct Row {
        geo_type: String,
        geo_value: String,
        day: Date,
    }
    let mut found = Vec::new();
    for status in gather::legal_statuses(&computation.ctx).await? {
        let level = rule.levels.iter().position(|level| level.legal_status.as_ref() == Some(&status.status));
        let Some(rank) = level.and_then(|at| u8::try_from(at + 1).ok()) else { continue };
        // What is published on the last day is in force on the next.
        let within = |day: &Date| rule.valid_to.is_none_or(|last| *day <= last.saturating_add(1.day()));
        if status.month_only || !within(&status.starts) || !rule.geo_types.contains(&status.place.geo_type) {
            continue;
        }
        let (place, starts, ends, whole) = (status.place, status.starts, status.ends, status.whole_list);
        found.push(Act { place, starts, ends, rank, whole });
    }
    if let Some(query) = &rule.acts {
        let told = |cause: Error| Error::Failed(format!("rules/{}.toml: acts: {cause}", rule.id));
        for row in rows::read::<Row>(&computation.ctx, query).await.map_err(told)? {
            let geo_type = row.geo_type.parse().map_err(Error::Failed).map_err(told)?;
            let place = Place { geo_type, code: row.geo_value };
            found.push(Act { place, starts: row.day, ends: None, rank: rule.alert_rank, whole: true });
        }
    }
    Ok(found)
}

fn print(reviews: &[Review], computation: &Computation) {
    let mut table = Table::new();
    table.load_preset(presets::UTF8_FULL_CONDENSED).set_content_arrangement(ContentArrangement::Dynamic);
    table.set_header([
        "règle",
        "jugée",
        "jours-lieux",
        "en alerte",
        "alertes (lieux)",
        "actes annoncés",
        "préavis médian",
        "fausses alertes",
        "constat",
    ]);
    for review in reviews {
        table.add_row(row(review));
    }
    println!("{table}");
    let name = |place: &Place| {
        let info = computation.places.iter().find(|info| info.place == *place);
        info.map_or_else(|| place.to_string(), |info| info.name.clone())
    };
    for review in reviews.iter().filter(|review| review.first_alert.is_some() || review.nearly_all.is_some())
    {
        let first = review.first_alert.as_ref();
        let first = first.map(|(day, place)| format!("première alerte le {day} ({})", name(place)));
        let stretch = review.nearly_all.map(|run| {
            let days = if run.days == 1 { "jour" } else { "jours" };
            format!("au moins 80 % des lieux en alerte du {} au {} ({} {days})", run.from, run.to, run.days)
        });
        let said: Vec<String> = first.into_iter().chain(stretch).collect();
        println!("{} : {}.", review.rule, said.join(" ; "));
    }
    for review in reviews {
        for finding in &review.findings {
            let what = match finding.code {
                "never-fires" => "ne lève jamais d’alerte",
                "always-fires" => "met presque tous les lieux en alerte pendant des semaines",
                _ => "annonce moins de la moitié des actes",
            };
            match &finding.owned {
                Some(reason) => println!("{} {what} ; assumé : {reason}", review.rule),
                None => {
                    println!("{} {what} : à revoir, ou à assumer dans son fichier ([owned])", review.rule)
                }
            }
        }
    }
}

fn row(review: &Review) -> Vec<String> {
    let share = |part: usize, whole: usize| match whole {
        0 => "–".to_owned(),
        whole => format!("{:.0} %", 100.0 * part as f64 / whole as f64),
    };
    let days = review.days.map_or_else(|| "aucun jour".to_owned(), |(from, to)| format!("{from} à {to}"));
    let acts = match (review.acts.len(), review.decided_acts()) {
        (0, _) => "–".to_owned(),
        (all, decided) if all == decided => format!("{} sur {all}", review.warned()),
        (all, decided) => format!("{} sur {decided} ({} sans données)", review.warned(), all - decided),
    };
    let notice = review.median_notice().map_or_else(|| "–".to_owned(), |days| format!("{days} j"));
    let verdict: Vec<&str> = review.findings.iter().map(|finding| finding.code).collect();
    vec![
        review.rule.clone(),
        days,
        format!("{} ({} établis)", review.place_days, share(review.decided, review.place_days)),
        share(review.fired, review.place_days),
        format!("{} ({})", review.alerts, review.places_alerted.len()),
        acts,
        notice,
        review.false_alarms.map_or_else(|| "–".to_owned(), |count| count.to_string()),
        if verdict.is_empty() { "–".to_owned() } else { verdict.join(", ") },
    ]
}
