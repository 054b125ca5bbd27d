//! The next step.

use super::named;

/// What to do, and where: « Gard et Hérault : réunir la cellule de crise… »
pub(crate) fn step(names: &[String], max: usize, action: &str) -> (String, String) {
    (named(names, max), format!(" : {}", first_small(action)))
}

/// The demands of an action, in its order: « réunir la cellule de crise », « ouvrir des lits ».
pub(crate) fn demands(action: &str) -> Vec<String> {
    let demands = action.trim_end_matches('.').split([':', ',']);
    demands.map(|demand| demand.trim().to_owned()).filter(|demand| !demand.is_empty()).collect()
}

/// Whether one demand says no more than another: « réunir la cellule de crise dans la journée » holds « réunir la cellule de
/// crise ».
pub(crate) fn asks_the_same(before: &str, demand: &str) -> bool {
    let words = |text: &str| text.to_lowercase().split_whitespace().map(str::to_owned).collect::<Vec<_>>();
    let (before, demand) = (words(before), words(demand));
    before.starts_with(&demand) || demand.starts_with(&before)
}

/// An action without the demands that are known already; as it was written when none is.
pub(crate) fn left_to_ask(action: &str, known: impl Fn(&str) -> bool) -> String {
    let all = demands(action);
    let left: Vec<&String> = all.iter().filter(|demand| !known(demand)).collect();
    match left.len() {
        0 => String::new(),
        n if n == all.len() => action.to_owned(),
        _ => format!("{}.", left.iter().map(|demand| demand.as_str()).collect::<Vec<_>>().join(", ")),
    }
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

/// The rule of the map could not be applied this week: no action can be told, or those told are of other rules or from before.
pub(crate) fn not_judged(steps: usize) -> String {
    match steps {
        0 => "La règle de la carte ne peut être appliquée cette semaine, il manque des données : aucune action ne peut en être \
              déduite. Se renseigner auprès des établissements et du SAMU."
            .to_owned(),
        _ => "La règle de la carte ne peut être appliquée cette semaine, il manque des données : ces actions répondent à d’autres \
              règles ou à des alertes d’avant, à vérifier auprès des établissements et du SAMU."
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
