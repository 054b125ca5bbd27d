//! What changed since the bulletin before: published values and levels that today's data would print otherwise.

use vigie_queries::TimeType;

use super::catalogue;
use super::parts;
use super::view::{View, paris_day};
use crate::document::{Block, Cell, Column, Rich, Row, Table};
use crate::french;
use crate::input::{Cause, Change, Changes, Previous};
use crate::published::{About, Register};

/// Changes printed; the rest is counted, and all are in the twins.
const ROWS_MAX: usize = 25;

/// At most `rows_max` changes are printed.
pub(crate) fn write(view: &View, register: &mut Register, rows_max: usize) -> Vec<Block> {
    let Some(changes) = &view.input.changes else { return Vec::new() };
    let Some(previous) = &changes.previous else {
        let text = "C’est le premier bulletin publié pour ce territoire : il n’y a rien à comparer.";
        return vec![Block::Paragraph { text: parts::text(text) }];
    };
    let mut blocks = vec![Block::Paragraph { text: parts::text(told(view, register, changes, previous)) }];
    if !changes.changes.is_empty() {
        blocks.push(table(view, register, changes, rows_max.min(ROWS_MAX)));
    }
    blocks
}

/// How many were read again, and how many changed.
fn told(view: &View, register: &mut Register, changes: &Changes, previous: &Previous) -> String {
    let compared = count(view, register, "compared", "valeurs et niveaux relus", changes.compared);
    let changed = match changes.changes.len() {
        0 => "aucun ne se lirait autrement avec les données d’aujourd’hui".to_owned(),
        1 => "1 se lirait autrement avec les données d’aujourd’hui".to_owned(),
        n => {
            let n = count(view, register, "changed", "valeurs et niveaux changés", n);
            format!("{n} se liraient autrement avec les données d’aujourd’hui")
        }
    };
    let by_kind: Vec<String> = [
        (Kind::Level, "niveau ou alerte", "niveaux ou alertes"),
        (Kind::Value, "valeur", "valeurs"),
        (Kind::Evolution, "évolution", "évolutions"),
    ]
    .into_iter()
    .filter_map(|(kind, one, many)| {
        let n = changes.changes.iter().filter(|change| Kind::of(change) == kind).count();
        (n > 0).then(|| french::counted(n as f64, 0, one, many))
    })
    .collect();
    let detail =
        if changes.changes.len() > 1 { format!(" : {}", french::list(&by_kind)) } else { String::new() };
    format!(
        "Bulletin précédent : semaine {}, édition {}, données publiées jusqu’au {}. Sur {compared} valeurs et niveaux \
         relus, {changed}{detail}.",
        previous.week.iso_week_date().week(),
        previous.edition,
        french::moment(previous.issued),
    )
}

/// The sentence of the first page.
pub(crate) fn key_point(view: &View, register: &mut Register) -> Option<Rich> {
    let changes = view.input.changes.as_ref()?;
    let previous = changes.previous.as_ref()?;
    let since = format!(
        "depuis le bulletin du {} ({})",
        french::day_month(paris_day(previous.issued)),
        french::week_short(previous.week)
    );
    let Some(first) = changes.changes.first() else {
        return Some(parts::led("Aucune valeur publiée n’a changé", &format!(" {since}.")));
    };
    let n = count(view, register, "changed", "valeurs et niveaux changés", changes.changes.len());
    let lead = match changes.changes.len() {
        1 => "1 valeur publiée a changé".to_owned(),
        _ => format!("{n} valeurs publiées ont changé"),
    };
    let (before, now) = printed(view, register, first);
    let which = if changes.changes.len() == 1 { "" } else { "la principale, " };
    let what = french::small(&what(view, first));
    let cause = causes(first);
    Some(parts::led(
        &lead,
        &format!(
            " {since} : {which}{what} ({}, {}), passe {} à {now} ({cause}).",
            view.name(&first.place),
            period(first),
            french::de(&before),
        ),
    ))
}

fn table(view: &View, register: &mut Register, changes: &Changes, rows_max: usize) -> Block {
    let rows = changes
        .changes
        .iter()
        .take(rows_max)
        .map(|change| {
            let (before, now) = printed(view, register, change);
            Row::of(vec![
                Cell::text(what(view, change)),
                Cell::text(crate::clean::short(&view.name(&change.place), 60)),
                Cell::text(period(change)),
                Cell::text(before),
                Cell { text: now, strong: true, ..Cell::default() },
                Cell::text(causes(change)),
            ])
        })
        .collect();
    let mut notes = Vec::new();
    let rest = changes.changes.len().saturating_sub(rows_max);
    if rest > 0 {
        let rest = count(view, register, "not_printed", "changements non imprimés", rest);
        notes.push(format!("Et {rest} autres, dans les fichiers joints au bulletin (JSON, XLSX)."));
    }
    notes.push(
        "Donnée tardive : lignes reçues depuis, ou jours encore en consolidation. Correction : lignes consolidées, \
         révisées par le producteur."
            .to_owned(),
    );
    Block::Table(Table {
        caption: "Valeurs publiées qui se liraient autrement aujourd’hui".to_owned(),
        columns: vec![
            Column::text("Chiffre ou niveau", 1.7),
            Column::text("Lieu", 0.9),
            Column::text("Période", 0.0),
            Column::number("Publié"),
            Column::number("À présent"),
            Column::text("Cause", 1.3),
        ],
        rows,
        notes: notes.iter().map(|note| french::typography(note)).collect(),
        source: String::new(),
    })
}

/// What kind of published thing changed.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Kind {
    Level,
    Value,
    Evolution,
}

impl Kind {
    fn of(change: &Change) -> Self {
        match suffix(&change.indicator) {
            "level" | "alert" => Self::Level,
            "change" | "change_share" => Self::Evolution,
            _ => Self::Value,
        }
    }
}

fn base(indicator: &str) -> &str {
    indicator.split('.').next().unwrap_or(indicator)
}

fn suffix(indicator: &str) -> &str {
    indicator.split_once('.').map_or("", |(_, suffix)| suffix)
}

/// What the reader calls it.
fn what(view: &View, change: &Change) -> String {
    let id = base(&change.indicator);
    let name = match id.strip_prefix("rule:") {
        Some(rule) => {
            let title = view.input.vocabulary.rule(rule).map_or(rule, |rule| rule.title_fr.as_str());
            let title = crate::clean::short(title, 70);
            match suffix(&change.indicator) {
                "alert" => format!("Alerte « {title} »"),
                "level" => format!("Niveau « {title} »"),
                _ => format!("Score « {title} »"),
            }
        }
        None if change.category.is_empty() => catalogue::label(view, id),
        None => format!("{} : {}", catalogue::label(view, id), catalogue::category(&change.category)),
    };
    let more = match suffix(&change.indicator) {
        "change" => " (évolution)",
        "change_share" => " (évolution relative)",
        _ => "",
    };
    french::typography(&format!("{name}{more}"))
}

/// `S41`, or `14 oct.` for a day.
fn period(change: &Change) -> String {
    match change.time_type {
        TimeType::Week => french::week_short(change.date),
        TimeType::Day => french::day_month_short(change.date),
    }
}

/// Both texts, through the register.
fn printed(view: &View, register: &mut Register, change: &Change) -> (String, String) {
    let label = format!("{}, {}", view.name(&change.place), what(view, change));
    let about = |which: &str| About {
        indicator: format!("{}.{which}", change.indicator),
        category: change.category.clone(),
        place: change.place.clone(),
        time_type: change.time_type,
        date: change.date,
    };
    let mut note = |which: &str, value: Option<f64>, text: &str| {
        let text = crate::clean::short(text, 40);
        register.note("table", &label, &about(which), value, &change.unit, text)
    };
    let before = note("published", change.before, &change.printed_before);
    (before, note("revised", change.now, &change.printed_now))
}

fn causes(change: &Change) -> String {
    if change.causes.is_empty() {
        return "cause non établie".to_owned();
    }
    let causes: Vec<&str> = change.causes.iter().map(|cause: &Cause| cause.title_fr()).collect();
    french::typography(&causes.join(" ; "))
}

/// A count of the page, through the register.
fn count(view: &View, register: &mut Register, id: &str, label: &str, n: usize) -> String {
    let at = paris_day(view.input.as_of.issued);
    let about = parts::about_fact(&format!("changes.{id}"), view.territory(), at);
    let n = n as f64;
    register.note("text", label, &about, Some(n), "count", french::number(n, 0))
}
