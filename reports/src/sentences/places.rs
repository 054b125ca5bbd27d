//! Where it moved: places in order of size.

use super::counted;
use crate::french;

/// Which way the places went.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Way {
    Up,
    Down,
}

impl Way {
    fn noun(self) -> &'static str {
        match self {
            Self::Up => "hausse",
            Self::Down => "baisse",
        }
    }
}

/// How many of the places went the territory's way.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Spread {
    pub(crate) moved: usize,
    pub(crate) total: usize,
    /// Whether the whole is stable: what moved is then hidden in it.
    pub(crate) hidden: bool,
}

/// Places with their numbers: « Hausses les plus nettes : Haute-Garonne (+45) et Hérault (+23). » Nothing for no place.
fn ranked(lead_one: &str, lead_many: &str, places: &[(String, String)]) -> String {
    if places.is_empty() {
        return String::new();
    }
    let items: Vec<String> = places.iter().map(|(name, printed)| format!("{name} ({printed})")).collect();
    let lead = if items.len() == 1 { lead_one } else { lead_many };
    format!(" {lead} : {}.", french::list(&items))
}

/// How far a move reaches, and the places where it is largest.
pub(crate) fn spread(way: Way, spread: Spread, places: &[(String, String)]) -> String {
    let Spread { moved, total, hidden } = spread;
    let noun = way.noun();
    if moved == 0 || places.is_empty() {
        return String::new();
    }
    if hidden {
        let (one, many) = match way {
            Way::Up => ("Hausse toutefois", "Hausses toutefois"),
            Way::Down => ("Baisse toutefois", "Baisses toutefois"),
        };
        return ranked(one, many, places);
    }
    let items: Vec<String> = places.iter().map(|(name, printed)| format!("{name} ({printed})")).collect();
    // Two thirds or more: it is no matter of a few places.
    let reach = if moved == total && total > 1 {
        format!(" La {noun} est nette dans tous les départements")
    } else if moved * 3 >= total * 2 && total > 2 {
        format!(" La {noun} est nette dans {} sur {total}", counted(moved, "département", "départements"))
    } else {
        let (one, many) = match way {
            Way::Up => ("Hausse la plus nette", "Hausses les plus nettes"),
            Way::Down => ("Baisse la plus nette", "Baisses les plus nettes"),
        };
        return ranked(one, many, places);
    };
    format!("{reach}, surtout : {}.", french::list(&items))
}

/// One place makes most of the change: « Haute-Garonne compte pour 62 % de la hausse. »
pub(crate) fn concentrated(way: Way, name: &str, share: &str) -> String {
    format!(" {name} compte pour {share} de la {}.", way.noun())
}

/// Places that go against the territory.
pub(crate) fn opposite(way: Way, places: &[(String, String)]) -> String {
    let lead = match way {
        Way::Up => "À l’inverse, hausse",
        Way::Down => "À l’inverse, baisse",
    };
    ranked(lead, lead, places)
}
