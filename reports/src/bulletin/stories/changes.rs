//! What changed since the bulletin before: published values and levels that today's data would print otherwise.

use jiff::Span;
use vigie_queries::{GeoType, Rule, TimeType};

use super::super::labels;
use super::super::levels::Levels;
use super::super::parts;
use super::super::view::{View, paris_day};
use crate::document::{Block, Cell, Column, Rich, Row, Table};
use crate::french;
use crate::input::{Cause, Change, Changes, Previous};
use crate::published::{About, Register};
use crate::sentences;

/// Changes printed; the rest is counted, and all are in the twins.
const ROWS_MAX: usize = 25;
/// Changes told in the mail of a further edition.
const CORRECTED_MAX: usize = 10;
/// Printed for a gap.
const GAP: &str = "–";

/// At most `rows_max` changes are printed.
pub(crate) fn write(
    view: &View,
    register: &mut Register,
    levels: Option<&Levels>,
    rows_max: usize,
) -> Vec<Block> {
    let Some(changes) = &view.input.changes else { return Vec::new() };
    let Some(previous) = &changes.previous else {
        let text = "C’est le premier bulletin publié pour ce territoire : il n’y a rien à comparer.";
        return vec![Block::Paragraph { text: parts::text(text) }];
    };
    let mut blocks = vec![Block::Paragraph { text: parts::text(told(view, register, changes, previous)) }];
    let rules = rules(view, previous, levels);
    if !rules.is_empty() {
        blocks.push(Block::Bullets { items: rules });
    }
    if !changes.changes.is_empty() {
        blocks.push(table(view, register, changes, rows_max.min(ROWS_MAX)));
    }
    blocks
}

/// How many were read again, and how many changed.
fn told(view: &View, register: &mut Register, changes: &Changes, previous: &Previous) -> String {
    let compared = count(view, register, "compared", "valeurs et niveaux relus", changes.compared);
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
    let outcome = match changes.changes.len() {
        0 => format!(
            "Les {compared} valeurs et niveaux relus se lisent de même avec les données d’aujourd’hui."
        ),
        1 => format!(
            "Sur {compared} valeurs et niveaux relus, 1 se lit autrement avec les données d’aujourd’hui."
        ),
        n => {
            let n = count(view, register, "changed", "valeurs et niveaux changés", n);
            format!(
                "Sur {compared} valeurs et niveaux relus, {n} se lisent autrement avec les données d’aujourd’hui{detail}."
            )
        }
    };
    format!(
        "Bulletin précédent : semaine {}, édition {}, données publiées jusqu’au {}. {outcome}",
        previous.week.iso_week_date().week(),
        previous.edition,
        french::moment(previous.issued),
    )
}

/// The rule of the map where it is not that of the bulletin before, and the rules that came into force or ended since: levels
/// of two rules are no scale, and an alert that went with its rule did not end by its figures.
fn rules(view: &View, previous: &Previous, levels: Option<&Levels>) -> Vec<Rich> {
    let title = |id: &str| {
        let rule = view.input.vocabulary.rule(id);
        crate::clean::short(rule.map_or(id, |rule| rule.title_fr.as_str()), 80)
    };
    let mut told = Vec::new();
    if let (Some(levels), Some(then)) = (levels, &previous.rule)
        && levels.rule.id != *then
    {
        let (lead, rest) = sentences::another_rule(&title(then), &title(&levels.rule.id));
        told.push(parts::led(&lead, &rest));
    }
    let was = previous.week.saturating_add(Span::new().days(6));
    // A rule of the country alone says nothing of a region.
    let is_country = view.territory().geo_type == GeoType::Country;
    let concern = |rule: &&Rule| is_country || rule.geo_types.iter().any(|kind| *kind != GeoType::Country);
    for rule in view.input.vocabulary.rules().filter(concern) {
        let name = crate::clean::short(&rule.title_fr, 80);
        if let Some(from) = rule.valid_from.filter(|from| was < *from && *from <= view.sunday) {
            told.push(parts::text(sentences::rule_begins(&name, from)));
        }
        if let Some(last) = rule.valid_to.filter(|last| was <= *last && *last < view.sunday) {
            told.push(parts::text(sentences::rule_ended(&name, last, rule.alerts)));
        }
    }
    told
}

/// The sentence of the first page when the map follows another rule.
pub(crate) fn of_the_map(view: &View, levels: Option<&Levels>) -> Option<Rich> {
    let previous = view.input.changes.as_ref()?.previous.as_ref()?;
    let then = previous.rule.as_ref().filter(|then| levels.is_some_and(|levels| levels.rule.id != **then))?;
    let title =
        |id: &str| view.input.vocabulary.rule(id).map_or_else(|| id.to_owned(), |rule| rule.title_fr.clone());
    let (lead, rest) = sentences::another_rule(
        &crate::clean::short(&title(then), 80),
        &crate::clean::short(&title(&levels?.rule.id), 80),
    );
    Some(parts::led(&lead, &rest))
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
    let moved = match (first.before, first.now) {
        (None, Some(_)) if before == GAP => format!("n’avait pas de valeur, à présent {now}"),
        (Some(_), None) if now == GAP => format!("n’a plus de valeur ({before} publié)"),
        _ => format!("passe {} à {now}", french::de(&before)),
    };
    Some(parts::led(
        &lead,
        &format!(
            " {since} : {which}{what} ({}, {}), {moved} ({cause}).",
            view.name(&first.place),
            period(first)
        ),
    ))
}

/// What a further edition of a week changes of the one before, for those who had that one.
pub(crate) fn corrects(view: &View) -> Option<String> {
    let changes = view.input.changes.as_ref()?;
    let previous = changes.previous.as_ref().filter(|previous| previous.week == view.input.week)?;
    let mut text = format!(
        "RECTIFICATIF : cette édition {} remplace l’édition {}, faite des données publiées jusqu’au {}.",
        view.input.edition,
        previous.edition,
        french::moment(previous.issued)
    );
    if changes.changes.is_empty() {
        text.push_str(
            " Aucune valeur ni aucun niveau publié n’a changé ; les mots ou la mise en page, peut-être.",
        );
        return Some(text);
    }
    text.push_str(" Ce qui a changé :");
    for change in changes.changes.iter().take(CORRECTED_MAX) {
        text.push_str(&format!(
            "\n- {} ({}, {}) : {} au lieu de {} ({})",
            what(view, change),
            view.name(&change.place),
            period(change),
            crate::clean::short(&change.printed_now, 40),
            crate::clean::short(&change.printed_before, 40),
            causes(change)
        ));
    }
    let rest = changes.changes.len().saturating_sub(CORRECTED_MAX);
    if rest > 0 {
        let rest = french::counted(rest as f64, 0, "autre changement", "autres changements");
        text.push_str(&format!("\n- et {rest}, dans le bulletin."));
    }
    Some(text)
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
        None => labels::with_category(view, id, &change.category),
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
