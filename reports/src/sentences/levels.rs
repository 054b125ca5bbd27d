//! Levels and alerts: how the territory stands, what changed of it.

use jiff::Span;
use jiff::civil::Date;
use vigie_queries::Comparison;

use super::{counted, named};
use crate::french;

/// Departments named at one level.
const NAMED_MAX: usize = 6;

/// Departments at one level.
#[derive(Debug, Clone, Default)]
pub(crate) struct AtLevel {
    /// Title of the level.
    pub(crate) title: String,
    /// Names of the departments.
    pub(crate) names: Vec<String>,
    /// Whether missing criteria could put some of them higher.
    pub(crate) at_least: bool,
    /// Those criteria.
    pub(crate) because: String,
}

/// How many departments stand at each level: the state of the territory in one sentence, by the names of the levels. The word
/// « alerte » is that of levels called so, and of alerts that stand.
///
/// `levels`: from the highest; `unknown`: departments that could not be judged; `because`: for want of which criteria, may be
/// empty; `rule`: title of the rule.
pub(crate) fn state(
    levels: &[AtLevel],
    total: usize,
    unknown: usize,
    because: &str,
    rule: &str,
) -> (String, String) {
    let because = if because.is_empty() { String::new() } else { format!(" ({because})") };
    let of_unknown = match unknown {
        0 => String::new(),
        n => format!(
            " Le niveau de {} ne peut être établi : il manque des données{because}.",
            counted(n, "département", "départements")
        ),
    };
    let raised: Vec<&AtLevel> = levels.iter().filter(|level| !level.names.is_empty()).collect();
    let below = total.saturating_sub(unknown + raised.iter().map(|level| level.names.len()).sum::<usize>());
    let subject = |n: usize| match n {
        n if n == total && n > 1 => format!("Les {n} départements sont"),
        1 => format!("1 département sur {total} est"),
        n => format!("{n} départements sur {total} sont"),
    };
    let [first, others @ ..] = raised.as_slice() else {
        return match below {
            0 => (
                "Aucun niveau ne peut être établi".to_owned(),
                format!(" pour les départements : il manque des données{because}."),
            ),
            n => (format!("{} sous les seuils", subject(n)), format!(" de la règle « {rule} ».{of_unknown}")),
        };
    };
    let at = |level: &AtLevel| {
        format!("au niveau « {} »{}", level.title, if level.at_least { " ou au-dessus" } else { "" })
    };
    let detail = |level: &AtLevel| {
        let names = if level.names.len() <= NAMED_MAX { french::list(&level.names) } else { String::new() };
        let said: Vec<&str> =
            [names.as_str(), level.because.as_str()].into_iter().filter(|part| !part.is_empty()).collect();
        if said.is_empty() { String::new() } else { format!(" ({})", said.join(" ; ")) }
    };
    let mut rest = detail(first);
    for level in others {
        rest.push_str(&format!(", {} {}{}", level.names.len(), at(level), detail(level)));
    }
    rest.push_str(&match below {
        0 => String::new(),
        1 => ", 1 sous les seuils".to_owned(),
        n => format!(", {n} sous les seuils"),
    });
    (format!("{} {}", subject(first.names.len()), at(first)), format!("{rest}.{of_unknown}"))
}

/// No rule could be applied to any department.
pub(crate) fn state_unknown() -> (String, String) {
    ("Aucun niveau ne peut être établi".to_owned(), " cette semaine : il manque des données.".to_owned())
}

/// The level of one department: on its own sheet.
///
/// `level` says where it stands (« au niveau « alerte » », « sous les seuils »), none when it cannot be judged; `before` is
/// that of the week before where it is known; `because`: for want of which criteria the level is unknown, may be empty.
pub(crate) fn state_of_one(
    level: Option<&str>,
    before: Option<&str>,
    because: &str,
    rule: &str,
) -> (String, String) {
    let Some(level) = level else {
        let because = if because.is_empty() { String::new() } else { format!("{because} ; ") };
        return (
            "Le niveau ne peut être établi".to_owned(),
            format!(" : il manque des données ({because}règle « {rule} »)."),
        );
    };
    let rule = format!(" (règle « {rule} »)");
    let lead = format!("Département {level}");
    match before {
        Some(before) if before == level => (lead, format!(", comme la semaine précédente{rule}.")),
        Some(before) => (lead, format!(", {before} la semaine précédente{rule}.")),
        None => (lead, format!("{rule}.")),
    }
}

/// A department whose level is not that of the week before.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Move {
    pub(crate) name: String,
    /// Where it stands now: « au niveau « alerte » ».
    pub(crate) to: String,
    pub(crate) up: bool,
}

/// Which departments changed their level: those that climb first. `judged`: departments judged in both weeks, of `total`.
pub(crate) fn changed_levels(moves: &[Move], judged: usize, total: usize) -> Option<(String, String)> {
    if moves.is_empty() && judged < total {
        return (judged > 1).then(|| {
            (
                "Aucun changement de niveau n’est établi".to_owned(),
                format!(
                    " par rapport à la semaine précédente : {judged} départements sur {total} ont un niveau établi les deux semaines."
                ),
            )
        });
    }
    if moves.is_empty() {
        return (judged > 1).then(|| {
            (
                "Aucun département ne change de niveau".to_owned(),
                " par rapport à la semaine précédente.".to_owned(),
            )
        });
    }
    let mut clauses: Vec<String> = Vec::new();
    for (up, one, many) in [(true, "monte", "montent"), (false, "redescend", "redescendent")] {
        let mut groups: Vec<(&str, Vec<String>)> = Vec::new();
        for moved in moves.iter().filter(|moved| moved.up == up) {
            match groups.iter_mut().find(|(to, _)| *to == moved.to) {
                Some((_, names)) => names.push(moved.name.clone()),
                None => groups.push((&moved.to, vec![moved.name.clone()])),
            }
        }
        clauses.extend(groups.into_iter().map(|(to, names)| {
            let verb = if names.len() == 1 { one } else { many };
            format!("{} {verb} {to}", named(&names, NAMED_MAX))
        }));
    }
    let lead = match moves.len() {
        1 => "1 département change de niveau".to_owned(),
        n => format!("{n} départements changent de niveau"),
    };
    Some((lead, format!(" : {}.", clauses.join(" ; "))))
}

/// Alerts of one rule and level.
#[derive(Debug, Clone, Default)]
pub(crate) struct OneSubject {
    /// Rule and level.
    pub(crate) title: String,
    /// The places, each with the day it began.
    pub(crate) places: Vec<String>,
    /// How many of them are regions, for a country that counts instead of naming.
    pub(crate) regions: usize,
}

/// The map follows another rule than in the bulletin before.
pub(crate) fn another_rule(then: &str, now: &str) -> (String, String) {
    (
        "La carte change de règle".to_owned(),
        format!(
            " : « {now} », au lieu de « {then} » dans le bulletin précédent ; leurs niveaux ne se comparent pas."
        ),
    )
}

/// A rule that came into force since.
pub(crate) fn rule_begins(rule: &str, from: Date) -> String {
    format!("La règle « {rule} » s’applique depuis le {}.", french::date(from))
}

/// A rule that ended since, and its alerts with it.
pub(crate) fn rule_ended(rule: &str, last: Date, alerts: bool) -> String {
    let of_alerts = if alerts { " : plus aucune alerte n’en relève" } else { "" };
    format!(
        "La règle « {rule} » ne s’applique plus depuis le {}{of_alerts}.",
        french::date(last.saturating_add(Span::new().days(1)))
    )
}

/// No alert stands. `judged`: whether any rule could be applied; where none could, that no alert stands means nothing.
pub(crate) fn no_alert(judged: bool) -> (&'static str, &'static str) {
    match judged {
        true => ("Aucune alerte active", " à la fin de la semaine."),
        false => (
            "Alertes inconnues",
            " : à la fin de la semaine, aucune règle ne peut être appliquée, faute de données fraîches.",
        ),
    }
}

/// How many alerts stand, and the gravest: one clause a rule and level, with its places; where there are more than
/// `named_max` of both kinds they are counted.
///
/// `covered`: alerts of departments that the region's covers; `rest`: subjects that are not among the clauses.
pub(crate) fn alerts(
    n: usize,
    covered: usize,
    clauses: &[OneSubject],
    rest: usize,
    named_max: usize,
) -> (String, String) {
    if n == 0 {
        let (lead, rest) = no_alert(true);
        return (lead.to_owned(), rest.to_owned());
    }
    let dated = clauses.iter().any(|clause| clause.regions == 0 || clause.places.len() <= named_max);
    let said: Vec<String> = clauses
        .iter()
        .map(|OneSubject { title, places, regions }| match places.len() {
            n if n > named_max && *regions > 0 => {
                format!("{title} : {}", kinds(*regions, n - regions))
            }
            n if n > named_max => {
                let others = counted(n - named_max, "autre lieu", "autres lieux");
                format!("{title} : {} et {others}", places[..named_max].join(", "))
            }
            _ => format!("{title} : {}", french::list(places)),
        })
        .collect();
    let more = match rest {
        0 => String::new(),
        n => format!(" ; {}, voir « Alertes »", counted(n, "autre sujet", "autres sujets")),
    };
    let covered = self::covered(covered).map_or_else(String::new, |text| format!(" En outre, {text}."));
    (
        format!("{} en cours", counted(n, "alerte", "alertes")),
        format!("{}. {}{more}.{covered}", if dated { " (date de début)" } else { "" }, said.join(" ; ")),
    )
}

/// « 3 régions et 74 départements ».
pub(crate) fn kinds(regions: usize, departments: usize) -> String {
    let parts = [(regions, "région", "régions"), (departments, "département", "départements")];
    let said: Vec<String> =
        parts.into_iter().filter(|(n, ..)| *n > 0).map(|(n, one, many)| counted(n, one, many)).collect();
    french::list(&said)
}

/// Thresholds passed, not yet for long enough.
pub(crate) fn pending(n: usize) -> Option<String> {
    match n {
        0 => None,
        1 => Some("1 seuil est dépassé depuis trop peu de jours pour une alerte".to_owned()),
        n => Some(format!("{n} seuils sont dépassés depuis trop peu de jours pour une alerte")),
    }
}

/// Alerts given up: nothing fresh was heard of what had raised them.
pub(crate) fn silent(n: usize) -> Option<String> {
    match n {
        0 => None,
        1 => Some(
            "1 alerte close cette semaine faute de donnée fraîche : nul ne sait si elle tient".to_owned(),
        ),
        n => Some(format!(
            "{n} alertes closes cette semaine faute de donnée fraîche : nul ne sait si elles tiennent"
        )),
    }
}

/// Alerts of departments that the region's covers.
pub(crate) fn covered(n: usize) -> Option<String> {
    match n {
        0 => None,
        1 => Some("1 alerte départementale est couverte par celle de la région".to_owned()),
        n => Some(format!("{n} alertes départementales sont couvertes par celles de la région")),
    }
}

/// What began and what ended in the week: subjects with their places.
pub(crate) fn began_and_ended(began: &[String], ended: &[String]) -> String {
    let told = |lead: &str, none: &str, what: &[String]| match what {
        [] => none.to_owned(),
        what => format!("{lead} : {}.", what.join(" ; ")),
    };
    format!(
        "{} {}",
        told("Nouvelles cette semaine", "Aucune alerte nouvelle cette semaine.", began),
        told("Terminées cette semaine", "Aucune ne s’est terminée.", ended)
    )
}

/// On which side of its thresholds a value raises an alert and ends it, both as printed: « alerte sous 90 %, levée à partir
/// de 92,7 % »; of a criterion that raises only with others: « critère atteint à partir de 8,0, quitté sous 7,2 ».
pub(crate) fn bounds(comparison: Comparison, alone: bool, raise: &str, clear: &str) -> String {
    let (up, down) = if alone { ("alerte", "levée") } else { ("critère atteint", "quitté") };
    match comparison {
        Comparison::Above => format!("{up} au-dessus de {raise}, {down} à {clear} ou moins"),
        Comparison::AtLeast => format!("{up} à partir de {raise}, {down} sous {clear}"),
        Comparison::Below => format!("{up} sous {raise}, {down} à partir de {clear}"),
        Comparison::AtMost => format!("{up} à {raise} ou moins, {down} au-dessus de {clear}"),
    }
}

/// `12 octobre (7 jours)`: since when, both ends included; the year where it is another.
pub(crate) fn since_day(since: Date, until: Date) -> String {
    let days = i64::from((until - since).get_days()) + 1;
    let day = if since.year() == until.year() { french::day_month(since) } else { french::date(since) };
    format!("{day} ({})", french::counted(days as f64, 0, "jour", "jours"))
}
