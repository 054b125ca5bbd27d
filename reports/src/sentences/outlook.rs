//! What is to come, without a model.

use crate::french;

/// What the section rests on.
pub(crate) fn no_forecast() -> String {
    "Aucune prévision n’est calculée : ce qui suit vient du calendrier et de l’écart aux seuils.".to_owned()
}

/// « Jour férié dans les deux semaines : 1er novembre (Toussaint)… »
pub(crate) fn holidays_ahead(holidays: &[String]) -> String {
    let what = if holidays.len() == 1 { "Jour férié" } else { "Jours fériés" };
    let days = if holidays.len() == 1 { "ce jour-là" } else { "ces jours-là" };
    format!(
        "{what} dans les deux semaines : {} ; on consulte et on teste moins {days}, et les remontées tardent.",
        french::list(holidays)
    )
}

/// Nobody is near.
pub(crate) fn none_is_near(share: f64) -> String {
    format!("Aucun département n’est à moins de {} d’un seuil supérieur.", french::percent(share, 0))
}

/// Caption of the table.
pub(crate) fn near_thresholds(share: f64) -> String {
    format!(
        "Départements à moins de {} d’un seuil supérieur, du plus proche au plus lointain",
        french::percent(share, 0)
    )
}

/// What a threshold of one criterion is worth.
pub(crate) fn alone_a_criterion(rule: &str) -> String {
    format!(
        "Règle « {rule} ». Passer le seuil d’un critère ne change pas toujours le niveau, qui dépend de tous."
    )
}
