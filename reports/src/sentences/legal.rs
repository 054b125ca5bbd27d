//! What the authorities set, beside what the published criteria give.

use super::counted;
use crate::french;

/// Places named in one clause; of more the number alone is told.
const NAMED_MAX: usize = 30;

/// Title of a status of the register.
pub(crate) fn status(id: &str) -> String {
    match id {
        "map_green" => "carte du déconfinement, vert",
        "map_orange" => "carte du déconfinement, orange",
        "map_red" => "carte du déconfinement, rouge",
        "zca" => "zone de circulation active",
        "alerte" => "zone d’alerte",
        "alerte_renforcee" => "zone d’alerte renforcée",
        "alerte_maximale" => "zone d’alerte maximale",
        "couvre_feu" => "couvre-feu",
        "confinement" => "confinement",
        "surveillance_renforcee" => "surveillance renforcée",
        "plan_blanc" => "plan blanc",
        "orsan" => "plan ORSAN",
        "etat_urgence_sanitaire" => "état d’urgence sanitaire",
        other => other,
    }
    .to_owned()
}

/// Departments that have a status and those whose figures meet its published criteria.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Gap {
    /// Title of the status.
    pub(crate) status: String,
    /// The day, as text.
    pub(crate) on: String,
    /// How many have it, as printed, and of how many when some are missing in the register.
    pub(crate) classified: usize,
    /// Number of places of the whole list, where the register has fewer.
    pub(crate) of: Option<u32>,
    /// Whether the register may lack places here.
    pub(crate) partial: bool,
    /// First day of the rule, where a level once reached stands until the rule ends (`stays`): the counts are of those that met its
    /// criteria on some day since.
    pub(crate) since: Option<String>,
    /// How many meet the criteria for certain.
    pub(crate) computed: usize,
    /// How many may, for want of data.
    pub(crate) possible: usize,
    /// Those that have the status and do not meet the criteria.
    pub(crate) only_classified: Vec<String>,
    /// Those that meet the criteria and do not have the status; empty where the register may lack places.
    pub(crate) only_computed: Vec<String>,
}

/// « Zone de circulation active, le 12 octobre : classés 74, calculés 96 : … »
pub(crate) fn gap(of: &Gap) -> (String, String) {
    let lead = format!("{}, le {} :", french::capital(&of.status), of.on);
    let departments = |n: usize| counted(n, "département", "départements");
    let mut said = match (of.partial, of.of) {
        (true, Some(total)) => format!(
            " classés, au moins {} (le registre en tient {} sur {total})",
            departments(of.classified),
            of.classified
        ),
        (true, None) => format!(" classés, au moins {} (registre incomplet)", departments(of.classified)),
        (false, _) => format!(" classés, {}", departments(of.classified)),
    };
    match &of.since {
        Some(since) => {
            said.push_str(&format!(
                " ; ayant répondu aux critères publiés depuis le {since}, {}",
                of.computed
            ));
        }
        None => said.push_str(&format!(" ; répondant aux critères publiés, {}", of.computed)),
    }
    if of.possible > 0 {
        said.push_str(&format!(
            ", et {} pour {} il manque des données",
            of.possible,
            if of.possible == 1 { "lequel" } else { "lesquels" }
        ));
    }
    said.push('.');
    let (without, though) = match of.since {
        Some(_) => ("Classés sans y avoir répondu", "Y ont répondu sans être classés"),
        None => ("Classés sans y répondre", "Y répondent sans être classés"),
    };
    if !of.only_classified.is_empty() {
        said.push_str(&format!(" {without} : {}.", names(&of.only_classified)));
    }
    if !of.only_computed.is_empty() {
        said.push_str(&format!(" {though} : {}.", names(&of.only_computed)));
    }
    (lead, said)
}

fn names(names: &[String]) -> String {
    match names.len() {
        n if n > NAMED_MAX => counted(n, "département", "départements"),
        _ => french::list(names),
    }
}

/// What a place has: « couvre-feu depuis le 17 octobre (Toulouse Métropole) ».
pub(crate) fn standing(status: &str, since: &str, place: Option<&str>) -> String {
    let place = place.map_or_else(String::new, |place| format!(" ({place})"));
    format!("{status} depuis {since}{place}")
}

#[cfg(test)]
mod tests {
    use super::{Gap, gap};

    fn told(of: &Gap) -> String {
        let (lead, rest) = gap(of);
        format!("{lead}{rest}")
    }

    #[test]
    fn a_gap_names_those_on_either_side_and_says_what_the_register_lacks() {
        let whole = Gap {
            status: "zone de circulation active".into(),
            on: "12 octobre".into(),
            classified: 72,
            computed: 73,
            only_computed: vec!["Lot".into(), "Jura".into()],
            only_classified: vec!["Mayotte".into()],
            ..Gap::default()
        };
        assert_eq!(
            told(&whole),
            "Zone de circulation active, le 12 octobre : classés, 72 départements ; répondant aux critères publiés, 73. \
             Classés sans y répondre : Mayotte. Y répondent sans être classés : Lot et Jura."
        );
        // A level that stays counts those that met the criteria on some day.
        let stays = Gap { since: Some("14 août 2020".into()), ..whole.clone() };
        assert_eq!(
            told(&stays),
            "Zone de circulation active, le 12 octobre : classés, 72 départements ; ayant répondu aux critères publiés depuis le \
             14 août 2020, 73. Classés sans y avoir répondu : Mayotte. Y ont répondu sans être classés : Lot et Jura."
        );
        let partial = Gap { partial: true, classified: 44, of: Some(67), possible: 2, ..whole.clone() };
        assert!(told(&partial).contains("au moins 44 départements (le registre en tient 44 sur 67)"));
        assert!(told(&partial).contains(", et 2 pour lesquels il manque des données."));
        let same = Gap { only_computed: Vec::new(), only_classified: Vec::new(), computed: 72, ..whole };
        assert!(told(&same).ends_with("répondant aux critères publiés, 72."), "{}", told(&same));
    }
}
