//! What there is against what is needed: stocks, feeds.

use crate::french;

/// Places named with their days of stock.
const NAMED_MAX: usize = 5;

/// Few days of stock: « Moins de 7 jours de tests antigéniques dans 2 départements : Gers (2,8) et Lot (4,1). »
pub(crate) fn low_cover(product: &str, bound: &str, places: &[(String, String)]) -> Option<(String, String)> {
    if places.is_empty() {
        return None;
    }
    let noun = if places.len() == 1 { "département" } else { "départements" };
    let items: Vec<String> =
        places.iter().take(NAMED_MAX).map(|(name, days)| format!("{name} ({days})")).collect();
    let rest = match places.len().saturating_sub(NAMED_MAX) {
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

/// Feeds that are late: what a page rests on is said on it.
pub(crate) fn feeds_late(titles: &[String]) -> Option<(String, String)> {
    let quoted: Vec<String> = titles.iter().map(|title| format!("« {title} »")).collect();
    match quoted.as_slice() {
        [] => None,
        [only] => Some(("Source en retard ".to_owned(), format!(": {only}."))),
        many => Some(("Sources en retard ".to_owned(), format!(": {}.", french::list(many)))),
    }
}
