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

/// Feeds that are out of date or late, in the words of the table of sources: what a page rests on is said on it.
pub(crate) fn feeds_late(stale: &[String], late: &[String]) -> Option<(String, String)> {
    let quoted = |titles: &[String]| {
        french::list(&titles.iter().map(|title| format!("« {title} »")).collect::<Vec<_>>())
    };
    let noun = |titles: &[String], one: &str, many: &str| {
        if titles.len() == 1 { one.to_owned() } else { many.to_owned() }
    };
    let (stale_lead, late_lead) = (
        noun(stale, "Source périmée", "Sources périmées"),
        noun(late, "Source en retard", "Sources en retard"),
    );
    match (stale, late) {
        ([], []) => None,
        ([], late) => Some((format!("{late_lead} "), format!(": {}.", quoted(late)))),
        (stale, []) => Some((format!("{stale_lead} "), format!(": {}.", quoted(stale)))),
        (stale, late) => {
            Some((format!("{stale_lead} "), format!(": {}. {late_lead} : {}.", quoted(stale), quoted(late))))
        }
    }
}
