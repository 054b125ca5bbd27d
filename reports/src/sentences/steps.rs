//! The next step.

use super::named;

/// What to do, and where: « Gard et Hérault : réunir la cellule de crise… »
pub(crate) fn step(names: &[String], max: usize, action: &str) -> (String, String) {
    (named(names, max), format!(" : {}", first_small(action)))
}

/// Steps that stand with their alerts further on.
pub(crate) fn more_steps(n: usize) -> String {
    match n {
        1 => "Une autre action est demandée : voir « Alertes ».".to_owned(),
        n => format!("{n} autres actions sont demandées : voir « Alertes »."),
    }
}

/// No alert asks for anything; places that passed a threshold lately are to be watched.
pub(crate) fn nothing_to_do(watched: &[String]) -> String {
    match watched {
        [] => "Aucune action n’est demandée par les règles ; prochaine lecture au bulletin de la semaine suivante.".to_owned(),
        names => format!(
            "Aucune action n’est demandée par les règles. À surveiller, un seuil venant d’y être dépassé : {}.",
            named(names, 6)
        ),
    }
}

/// The rules could not be applied this week: no action can be told, or those told are of alerts from before.
pub(crate) fn not_judged(steps: usize) -> String {
    match steps {
        0 => "Les règles ne peuvent être appliquées cette semaine, il manque des données : aucune action ne peut en être \
              déduite. Se renseigner auprès des établissements et du SAMU."
            .to_owned(),
        _ => "Les règles ne peuvent être appliquées cette semaine, il manque des données : les alertes sont celles d’avant."
            .to_owned(),
    }
}

/// A sentence that goes on after a colon starts small, unless it starts with an acronym.
fn first_small(text: &str) -> String {
    let mut chars = text.chars();
    let (first, second) = (chars.next(), chars.next());
    match (first, second) {
        (Some(first), Some(second)) if first.is_uppercase() && !second.is_uppercase() => {
            first.to_lowercase().chain(std::iter::once(second)).chain(chars).collect()
        }
        _ => text.to_owned(),
    }
}
