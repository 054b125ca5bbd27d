//! The status that the authorities gave to places, from the register, and the gap between it and what their published criteria
//! give on the figures at hand. A computed level is never printed as a status, nor a status as computed.

use std::collections::{BTreeMap, BTreeSet};

use jiff::Span;
use jiff::civil::Date;
use vigie_queries::{GeoType, Place, Rule};

use super::super::levels::Levels;
use super::super::parts;
use super::super::view::View;
use crate::document::{Block, Cell, Column, Rich, Row, Table};
use crate::french;
use crate::input::LegalStatus;
use crate::published::Register;
use crate::sentences::{self, Gap};

/// Days for which a status is told whose end was not found: later nobody knows whether it still stands.
const UNKNOWN_END_DAYS: i64 = 60;

/// The section of a region or of the country; nothing where no status stands and none is computed.
pub(crate) fn write(view: &View, register: &mut Register) -> Vec<Block> {
    let gaps = gaps(view, register);
    let table = table(view, register);
    let mut blocks = Vec::new();
    if !gaps.is_empty() {
        blocks.push(Block::Bullets { items: gaps });
    }
    blocks.extend(table);
    blocks
}

/// What a department and its metropoles have, in a line of its sheet.
pub(crate) fn line(view: &View) -> Option<Block> {
    let mut standing: Vec<&LegalStatus> = here(view).filter(|status| status.stands(view.sunday)).collect();
    // The newest first, and those that may be over last.
    standing.sort_by_key(|status| (status.end_unknown, std::cmp::Reverse(status.starts)));
    let said: Vec<String> = standing
        .into_iter()
        .map(|status| {
            let place = (status.place.geo_type != GeoType::Department).then(|| view.name(&status.place));
            sentences::standing(&sentences::status(&status.status), &since(status), place.as_deref())
        })
        .collect();
    (!said.is_empty())
        .then(|| Block::Note { text: parts::led("Statut officiel ", &format!(": {}.", said.join(" ; "))) })
}

/// Entries of the register about the territory, what lies in it, and what it lies in.
fn here<'a>(view: &'a View<'a>) -> impl Iterator<Item = &'a LegalStatus> {
    let oldest = view.sunday.saturating_sub(Span::new().days(UNKNOWN_END_DAYS));
    let told = move |status: &&LegalStatus| !status.end_unknown || status.starts >= oldest;
    view.input.legal_statuses.iter().filter(|status| view.concerns(&status.place)).filter(told)
}

fn since(status: &LegalStatus) -> String {
    let day = match status.month_only {
        true => format!("{} {}", vigie_queries::month_fr(status.starts), status.starts.year()),
        false => format!("le {}", french::date(status.starts)),
    };
    if status.end_unknown { format!("{day}, fin non trouvée") } else { day }
}

/// The last day of the week on which a rule is in force.
fn day_of(view: &View, rule: &Rule) -> Option<Date> {
    let back = |n: i64| view.sunday.saturating_sub(Span::new().days(n));
    (0..7).map(back).find(|day| rule.in_force(*day))
}

/// Classified against computed, of each status that a level stands for.
fn gaps(view: &View, register: &mut Register) -> Vec<Rich> {
    let mut said = Vec::new();
    if view.departments.is_empty() {
        return said;
    }
    for rule in view.input.vocabulary.rules().filter(|rule| rule.geo_types.contains(&GeoType::Department)) {
        let Some(on) = day_of(view, rule) else { continue };
        let levels = Levels::of(view, rule);
        for (rank, level) in (1_u8..).zip(&rule.levels) {
            let Some(status) = &level.legal_status else { continue };
            let Some(gap) = gap(view, &levels, rank, status, on) else { continue };
            for (what, count) in [("classified", gap.classified), ("computed", gap.computed)] {
                let mut about = view.about(&format!("legal:{status}.{what}"), "", view.territory(), 0);
                about.date = on;
                about.time_type = vigie_queries::TimeType::Day;
                let label = format!("{}, {what}", gap.status);
                register.note("text", &label, &about, Some(count as f64), "places", count.to_string());
            }
            let (lead, rest) = sentences::gap(&gap);
            said.push(parts::led(&lead, &rest));
        }
    }
    said
}

/// The gap of one status on a day; none where nobody has it and nobody is computed.
fn gap(view: &View, levels: &Levels, rank: u8, status: &str, on: Date) -> Option<Gap> {
    let entries: Vec<&LegalStatus> =
        view.input.legal_statuses.iter().filter(|entry| entry.status == status && entry.stands(on)).collect();
    // Without any entry of its time the register says nothing, not even that nobody had it.
    let any = view.input.legal_statuses.iter().any(|entry| entry.status == status);
    let whole = any
        && view
            .input
            .legal_statuses
            .iter()
            .filter(|entry| entry.status == status)
            .all(|entry| entry.whole_list);
    let own: BTreeSet<&Place> = entries.iter().map(|entry| &entry.place).collect();
    let total = view
        .input
        .legal_lists
        .iter()
        .find(|list| {
            list.status == status && list.of == GeoType::Department && list.starts <= on && on <= list.ends
        })
        .map(|list| list.total)
        .filter(|_| view.territory().geo_type == GeoType::Country);
    let (mut classified, mut computed, mut possible) = (0, 0, 0);
    let (mut only_classified, mut only_computed) = (Vec::new(), Vec::new());
    for info in &view.departments {
        let judged = levels.judgement(&info.place, on);
        let meets = judged.is_some_and(|judgement| judgement.rank >= rank);
        let may = judged.is_none_or(|judgement| judgement.rank_max >= rank) && !meets;
        let has = own.contains(&info.place);
        classified += usize::from(has);
        computed += usize::from(meets);
        possible += usize::from(may);
        if has && !meets && !may {
            only_classified.push(view.name(&info.place));
        }
        if meets && !has && whole {
            only_computed.push(view.name(&info.place));
        }
    }
    if !any || classified + computed == 0 {
        return None;
    }
    Some(Gap {
        status: sentences::status(status),
        on: french::day_month(on),
        classified,
        of: total.filter(|total| usize::try_from(*total).is_ok_and(|total| total > classified)),
        partial: !whole,
        since: levels
            .rule
            .valid_from
            .filter(|_| levels.rule.level(rank).is_some_and(|level| level.stays))
            .map(french::date),
        computed,
        possible,
        only_classified,
        only_computed,
    })
}

/// The statuses that stand on the Sunday, with their places and texts.
fn table(view: &View, register: &mut Register) -> Option<Block> {
    let mut groups: BTreeMap<(&str, Date), Vec<&LegalStatus>> = BTreeMap::new();
    for entry in here(view).filter(|entry| entry.stands(view.sunday)) {
        groups.entry((entry.status.as_str(), entry.starts)).or_default().push(entry);
    }
    if groups.is_empty() {
        return None;
    }
    let mut partial = false;
    let mut rows = Vec::new();
    for ((status, starts), entries) in groups {
        let first = entries[0];
        partial |= entries.iter().any(|entry| !entry.whole_list);
        let mut about = view.about(&format!("legal:{status}.places"), "", view.territory(), 0);
        about.date = starts;
        about.time_type = vigie_queries::TimeType::Day;
        let text = register.note(
            "table",
            &sentences::status(status),
            &about,
            Some(entries.len() as f64),
            "places",
            entries.len().to_string(),
        );
        // All of them: a crisis cell looks for its own.
        let names: Vec<String> = entries.iter().map(|entry| view.name(&entry.place)).collect();
        rows.push(Row::of(vec![
            Cell::text(french::capital(&sentences::status(status))),
            Cell::text(since(first)),
            Cell::text(text),
            Cell::text(names.join(", ")),
            Cell::text(crate::clean::short(&crate::clean::without_addresses(&first.reference), 90)),
        ]));
    }
    let mut notes = vec![french::typography(
        "Lu dans le registre des statuts officiels : rien n’y est calculé. Les jours sont ceux du texte ou de l’annonce, à un jour près pour certains.",
    )];
    if partial {
        notes.push(french::typography(
            "Le registre est incomplet pour une partie de ces statuts : un territoire qui n’y figure pas peut l’avoir.",
        ));
    }
    Some(Block::Table(Table {
        caption: "Statuts officiels en vigueur au dimanche de la semaine".to_owned(),
        columns: vec![
            Column::text("Statut", 0.0),
            Column::text("Depuis", 0.0),
            Column::number("Nombre"),
            Column::text("Territoires", 0.0),
            Column::text("Texte ou annonce", 0.0),
        ],
        rows,
        notes,
        source: String::new(),
    }))
}
