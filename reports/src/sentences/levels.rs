//! Levels and alerts: how the territory stands, what changed of it.

use jiff::civil::Date;

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
}

/// How many departments stand at each level: the state of the territory in one sentence.
///
/// `levels`: from the highest; `unknown`: departments that could not be judged.
pub(crate) fn state(levels: &[AtLevel], total: usize, unknown: usize) -> (String, String) {
    let mut parts: Vec<String> = Vec::new();
    for AtLevel { title, names, at_least } in levels.iter().filter(|level| !level.names.is_empty()) {
        let shown =
            if names.len() <= NAMED_MAX { format!(" ({})", french::list(names)) } else { String::new() };
        let or_more = if *at_least { " ou au-dessus" } else { "" };
        parts.push(format!("{} au niveau « {title} »{or_more}{shown}", names.len()));
    }
    let of_unknown = match unknown {
        0 => String::new(),
        n => format!(
            " Le niveau de {} ne peut être établi : il manque des données.",
            counted(n, "département", "départements")
        ),
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
        n if n == total && n > 1 => format!("Les {n} départements sont en alerte"),
        1 => format!("1 département sur {total} est en alerte"),
        n => format!("{n} départements sur {total} sont en alerte"),
    };
    (lead, format!(" : {}.{of_unknown}", french::list(&parts)))
}

/// No rule could be applied to any department.
pub(crate) fn state_unknown() -> (String, String) {
    (
        "Le niveau d’alerte ne peut être établi".to_owned(),
        " cette semaine : il manque des données.".to_owned(),
    )
}

/// The level of one department: on its own sheet.
///
/// `level` is none when it cannot be judged; `before` is that of the week before where it is known.
pub(crate) fn state_of_one(level: Option<&str>, before: Option<&str>, rule: &str) -> (String, String) {
    let rule = format!(" (règle « {rule} »)");
    let Some(level) = level else {
        return (
            "Le niveau d’alerte ne peut être établi".to_owned(),
            format!(" : il manque des données{rule}."),
        );
    };
    let lead = format!("Niveau « {level} »");
    match before {
        Some(before) if before == level => (lead, format!(", comme la semaine précédente{rule}.")),
        Some(before) => (lead, format!(", contre « {before} » la semaine précédente{rule}.")),
        None => (lead, format!("{rule}.")),
    }
}

/// A department whose level is not that of the week before.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Move {
    pub(crate) name: String,
    /// Title of the level it reached.
    pub(crate) to: String,
    pub(crate) up: bool,
}

/// Which departments changed their level: those that climb first. `judged`: departments judged in both weeks.
pub(crate) fn changed_levels(moves: &[Move], judged: usize) -> Option<(String, String)> {
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
            format!("{} {verb} au niveau « {to} »", named(&names, NAMED_MAX))
        }));
    }
    let lead = match moves.len() {
        1 => "1 département change de niveau".to_owned(),
        n => format!("{n} départements changent de niveau"),
    };
    Some((lead, format!(" : {}.", clauses.join(" ; "))))
}

/// How many alerts stand, and the gravest: one clause a rule and level, with its places.
///
/// `rest`: subjects that are not among the clauses.
pub(crate) fn alerts(
    n: usize,
    clauses: &[(String, Vec<String>)],
    rest: usize,
    named_max: usize,
) -> (String, String) {
    if n == 0 {
        return ("Aucune alerte active".to_owned(), " à la fin de la semaine.".to_owned());
    }
    let said: Vec<String> = clauses
        .iter()
        .map(|(title, places)| match places.len() {
            n if n > named_max => {
                let others = counted(n - named_max, "autre lieu", "autres lieux");
                format!("{title} : {} et {others}", places[..named_max].join(", "))
            }
            _ => format!("{title} : {}", french::list(places)),
        })
        .collect();
    let more = match rest {
        0 => String::new(),
        n => format!(" ; {} plus loin", counted(n, "autre sujet d’alerte", "autres sujets d’alerte")),
    };
    (
        format!("{} en cours", counted(n, "alerte", "alertes")),
        format!(" (date de début). {}{more}.", said.join(" ; ")),
    )
}

/// Thresholds passed, not yet for long enough.
pub(crate) fn pending(n: usize) -> Option<String> {
    match n {
        0 => None,
        1 => Some("1 dépassement récent, pas encore assez durable pour une alerte".to_owned()),
        n => Some(format!("{n} dépassements récents, pas encore assez durables pour une alerte")),
    }
}

/// Alerts of departments that the region's covers.
pub(crate) fn covered(n: usize) -> Option<String> {
    match n {
        0 => None,
        1 => Some("1 alerte départementale couverte par l’alerte régionale de la même règle".to_owned()),
        n => Some(format!("{n} alertes départementales couvertes par l’alerte régionale de la même règle")),
    }
}

/// `12 octobre (7 jours)`: since when, both ends included.
pub(crate) fn since_day(since: Date, until: Date) -> String {
    let days = i64::from((until - since).get_days()) + 1;
    let noun = if days >= 2 { "jours" } else { "jour" };
    format!("{} ({days} {noun})", french::day_month(since))
}
