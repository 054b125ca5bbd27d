//! The sentences of the bulletin: each is bound to a computed fact and says nothing more.
//!
//! Numbers arrive printed, through the register; words are chosen here. No claim is made across a definition break,
//! a provisional figure says so, and places are listed in order of size by the caller.

use crate::bulletin::view::{Comparison, WhyNot};
use crate::french;
use crate::trend::Direction;

/// What a sentence is about.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Subject {
    /// With its article, at the start of a sentence: « Le nombre de patients hospitalisés ».
    pub(crate) text: &'static str,
    /// Whether the verb is plural.
    pub(crate) plural: bool,
    /// Whether the adjective is feminine (« provisoire » does not care, « stable » neither; « comparée » does).
    pub(crate) feminine: bool,
}

/// A change with its numbers as printed.
#[derive(Debug, Clone, Default)]
pub(crate) struct PrintedChange {
    /// This week's value.
    pub(crate) now: String,
    /// The week before's.
    pub(crate) before: String,
    /// Difference, with its sign and unit: `+158 (+24 %)`.
    pub(crate) change: String,
}

/// What moved, by how much, since when. Two parts: the lead that stands out, and the rest.
pub(crate) fn moved(subject: Subject, printed: &PrintedChange, fact: &Comparison) -> (String, String) {
    let provisional = if fact.provisional { " (provisoire)" } else { "" };
    let PrintedChange { now, before, change } = printed;
    match &fact.direction {
        Ok(direction) => {
            let lead = format!("{} {}", subject.text, verb(*direction, subject.plural));
            let size = match direction {
                Direction::Flat => format!(" : {now}{provisional}, contre {before} la semaine précédente."),
                _ => format!(
                    " : {now}{provisional}, contre {before} la semaine précédente, soit {change}{}.",
                    since(fact, *direction)
                ),
            };
            (lead, size)
        }
        Err(WhyNot::Missing(reason)) => {
            (subject.text.to_owned(), format!(" : pas de valeur pour cette semaine ({}).", trim(reason)))
        }
        Err(WhyNot::NoBefore(reason)) => (
            subject.text.to_owned(),
            format!(" : {now}{provisional}. La valeur de la semaine précédente manque ({}).", trim(reason)),
        ),
        Err(WhyNot::Break(title)) => {
            let compared = match (subject.plural, subject.feminine) {
                (false, false) => "comparé",
                (false, true) => "comparée",
                (true, false) => "comparés",
                (true, true) => "comparées",
            };
            let modal = if subject.plural { "ne peuvent être" } else { "ne peut être" };
            (
                subject.text.to_owned(),
                format!(
                    " : {now}{provisional}, qui {modal} {compared} à la semaine précédente : rupture de définition \
                     ({}).",
                    trim(title)
                ),
            )
        }
    }
}

fn verb(direction: Direction, plural: bool) -> &'static str {
    match (direction, plural) {
        (Direction::Up, false) => "augmente",
        (Direction::Up, true) => "augmentent",
        (Direction::Down, false) => "diminue",
        (Direction::Down, true) => "diminuent",
        (Direction::Flat, false) => "est stable",
        (Direction::Flat, true) => "sont stables",
    }
}

/// `, en hausse depuis 4 semaines (S39)`, from two weeks on.
fn since(fact: &Comparison, direction: Direction) -> String {
    if fact.weeks < 2 {
        return String::new();
    }
    let way = if direction == Direction::Up { "hausse" } else { "baisse" };
    format!(", en {way} depuis {} semaines ({})", fact.weeks, french::week_short(fact.since))
}

/// A reason without its final stop, to stand in brackets.
pub(crate) fn trim(reason: &str) -> &str {
    reason.trim().trim_end_matches('.')
}

/// Places with their numbers: « Plus fortes hausses : Haute-Garonne (+45) et Hérault (+23). » Nothing for no place.
pub(crate) fn ranked(lead_one: &str, lead_many: &str, places: &[(String, String)]) -> String {
    if places.is_empty() {
        return String::new();
    }
    let items: Vec<String> = places.iter().map(|(name, printed)| format!("{name} ({printed})")).collect();
    let lead = if items.len() == 1 { lead_one } else { lead_many };
    format!(" {lead} : {}.", french::list(&items))
}

/// Departments at one level.
#[derive(Debug, Clone, Default)]
pub(crate) struct AtLevel {
    /// Title of the level.
    pub(crate) title: String,
    /// Names of the departments.
    pub(crate) names: Vec<String>,
    /// Whether missing criteria could put some of them higher.
    pub(crate) at_least: bool,
}

/// How many departments stand at each level: the state of the territory in one sentence.
///
/// `levels`: from the highest; `unknown`: departments that could not be judged.
pub(crate) fn state(levels: &[AtLevel], total: usize, unknown: usize) -> (String, String) {
    let mut parts: Vec<String> = Vec::new();
    for AtLevel { title, names, at_least } in levels.iter().filter(|level| !level.names.is_empty()) {
        let shown = if names.len() <= 6 { format!(" ({})", french::list(names)) } else { String::new() };
        let or_more = if *at_least { " ou au-dessus" } else { "" };
        parts.push(format!("{} au niveau « {title} »{or_more}{shown}", names.len()));
    }
    let of_unknown = match unknown {
        0 => String::new(),
        1 => " Le niveau de 1 département ne peut être établi : il manque des données.".to_owned(),
        n => format!(" Le niveau de {n} départements ne peut être établi : il manque des données."),
    };
    if parts.is_empty() {
        let judged = total.saturating_sub(unknown);
        return match judged {
            0 => (
                "Le niveau d’alerte ne peut être établi".to_owned(),
                " pour aucun département : il manque des données.".to_owned(),
            ),
            1 => ("Le département jugé n’est pas en alerte.".to_owned(), of_unknown),
            n => (format!("Aucun des {n} départements jugés n’est en alerte."), of_unknown),
        };
    }
    let raised: usize = levels.iter().map(|level| level.names.len()).sum();
    let lead = match raised {
        1 => format!("1 département sur {total} est en alerte"),
        n => format!("{n} départements sur {total} sont en alerte"),
    };
    (lead, format!(" : {}.{of_unknown}", french::list(&parts)))
}

/// Few days of stock: « Moins de 7 jours de tests antigéniques dans 2 départements : Gers (2,8) et Lot (4,1). »
pub(crate) fn low_cover(product: &str, bound: &str, places: &[(String, String)]) -> Option<(String, String)> {
    if places.is_empty() {
        return None;
    }
    let noun = if places.len() == 1 { "département" } else { "départements" };
    let items: Vec<String> = places.iter().take(5).map(|(name, days)| format!("{name} ({days})")).collect();
    let rest = match places.len().saturating_sub(5) {
        0 => String::new(),
        1 => " ; 1 autre".to_owned(),
        n => format!(" ; {n} autres"),
    };
    Some((
        format!("{product} : moins de {bound} jours de stock"),
        format!(" dans {} {noun} : {}{rest}.", places.len(), french::list(&items)),
    ))
}

/// Feeds that were never received, in one sentence.
pub(crate) fn absent(subject: &str, titles: &[String]) -> String {
    match titles {
        [] => format!("{subject} : aucune valeur pour ces semaines."),
        [only] => format!("{subject} : aucune donnée. La source « {only} » n’a pas été reçue."),
        many => {
            let quoted: Vec<String> = many.iter().map(|title| format!("« {title} »")).collect();
            format!("{subject} : aucune donnée. Les sources {} n’ont pas été reçues.", french::list(&quoted))
        }
    }
}

/// `depuis le 12 octobre (7 jours)`.
pub(crate) fn since_day(since: jiff::civil::Date, until: jiff::civil::Date) -> String {
    let days = i64::from((until - since).get_days()) + 1;
    let noun = if days >= 2 { "jours" } else { "jour" };
    format!("{} ({days} {noun})", french::day_month(since))
}

#[cfg(test)]
mod tests {
    use super::*;
    use jiff::civil::date;

    const PATIENTS: Subject = Subject { text: "Le nombre de patients", plural: false, feminine: false };
    const ADMISSIONS: Subject = Subject { text: "Les admissions", plural: true, feminine: true };

    fn fact(direction: Result<Direction, WhyNot>, weeks: u32, provisional: bool) -> Comparison {
        Comparison { now: None, before: None, provisional, direction, weeks, since: date(2020, 9, 21) }
    }

    fn printed() -> PrintedChange {
        PrintedChange { now: "812".into(), before: "654".into(), change: "+158 (+24 %)".into() }
    }

    fn at(title: &str, names: &[&str]) -> AtLevel {
        AtLevel {
            title: title.into(),
            names: names.iter().map(|n| (*n).to_owned()).collect(),
            at_least: false,
        }
    }

    fn said(subject: Subject, fact: &Comparison) -> String {
        let (lead, rest) = moved(subject, &printed(), fact);
        lead + &rest
    }

    #[test]
    fn a_rise_says_how_much_and_since_when() {
        assert_eq!(
            said(PATIENTS, &fact(Ok(Direction::Up), 4, false)),
            "Le nombre de patients augmente : 812, contre 654 la semaine précédente, soit +158 (+24 %), en hausse \
             depuis 4 semaines (S39)."
        );
    }

    #[test]
    fn a_rise_of_one_week_says_no_since() {
        assert!(!said(PATIENTS, &fact(Ok(Direction::Up), 1, false)).contains("depuis"));
    }

    #[test]
    fn plural_subjects_take_plural_verbs() {
        assert!(
            said(ADMISSIONS, &fact(Ok(Direction::Down), 1, false)).starts_with("Les admissions diminuent")
        );
        assert!(
            said(ADMISSIONS, &fact(Ok(Direction::Flat), 0, false)).starts_with("Les admissions sont stables")
        );
    }

    #[test]
    fn a_provisional_figure_says_so() {
        assert!(said(PATIENTS, &fact(Ok(Direction::Flat), 0, true)).contains("812 (provisoire)"));
    }

    #[test]
    fn nothing_is_claimed_across_a_definition_break() {
        let text = said(ADMISSIONS, &fact(Err(WhyNot::Break("on compte autrement".into())), 0, false));
        assert!(text.contains("ne peuvent être comparées à la semaine précédente"), "{text}");
        assert!(!text.contains("654") && !text.contains("+158"), "{text}");
    }

    #[test]
    fn a_missing_week_before_gives_no_comparison() {
        let text = said(
            PATIENTS,
            &fact(Err(WhyNot::NoBefore("9 départements sur 13 ont transmis.".into())), 0, false),
        );
        assert_eq!(
            text,
            "Le nombre de patients : 812. La valeur de la semaine précédente manque (9 départements sur 13 ont \
             transmis)."
        );
    }

    #[test]
    fn a_missing_value_gives_its_reason() {
        let text = said(PATIENTS, &fact(Err(WhyNot::Missing("source périmée".into())), 0, false));
        assert_eq!(text, "Le nombre de patients : pas de valeur pour cette semaine (source périmée).");
    }

    #[test]
    fn no_place_makes_no_sentence() {
        assert_eq!(ranked("Hausse", "Hausses", &[]), "");
        assert_eq!(ranked("Hausse", "Hausses", &[("Gers".into(), "+3".into())]), " Hausse : Gers (+3).");
    }

    #[test]
    fn no_department_in_alert_is_said() {
        let levels = vec![at("rouge", &[])];
        assert_eq!(state(&levels, 13, 0).0, "Aucun des 13 départements jugés n’est en alerte.");
        assert_eq!(
            state(&levels, 13, 2).1,
            " Le niveau de 2 départements ne peut être établi : il manque des données."
        );
        assert_eq!(state(&levels, 2, 2).0, "Le niveau d’alerte ne peut être établi");
    }

    #[test]
    fn departments_in_alert_are_counted_from_the_highest_level() {
        let levels = vec![at("rouge", &["Gard"]), at("orange", &["Hérault", "Lot"])];
        let (lead, rest) = state(&levels, 13, 0);
        assert_eq!(lead, "3 départements sur 13 sont en alerte");
        assert_eq!(rest, " : 1 au niveau « rouge » (Gard) et 2 au niveau « orange » (Hérault et Lot).");
    }

    #[test]
    fn a_level_known_only_from_below_is_said_so() {
        let levels = vec![AtLevel { at_least: true, ..at("orange", &["Lot"]) }];
        assert_eq!(state(&levels, 13, 0).1, " : 1 au niveau « orange » ou au-dessus (Lot).");
    }

    #[test]
    fn one_department_takes_the_singular() {
        let levels = vec![at("rouge", &["Gard"])];
        assert_eq!(state(&levels, 13, 1).0, "1 département sur 13 est en alerte");
        assert_eq!(
            low_cover("Tests antigéniques", "7", &[("Gers".into(), "2,8".into())]).unwrap().1,
            " dans 1 département : Gers (2,8)."
        );
        assert_eq!(low_cover("Tests antigéniques", "7", &[]), None);
    }

    #[test]
    fn absent_feeds_are_named() {
        assert_eq!(
            absent("Soins de ville", &["Centres".to_owned(), "Infirmiers".to_owned()]),
            "Soins de ville : aucune donnée. Les sources « Centres » et « Infirmiers » n’ont pas été reçues."
        );
    }

    #[test]
    fn an_alert_counts_its_days_both_ends_included() {
        assert_eq!(since_day(date(2020, 10, 1), date(2020, 10, 18)), "1er octobre (18 jours)");
        assert_eq!(since_day(date(2020, 10, 18), date(2020, 10, 18)), "18 octobre (1 jour)");
    }
}
