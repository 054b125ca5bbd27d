//! What is to come: ranges of a forecast, the calendar, distances to thresholds.

use jiff::civil::Date;

use crate::french;

/// What the section rests on, without a forecast.
pub(crate) fn no_forecast() -> String {
    "Aucune prévision n’est donnée : ce qui suit vient du calendrier et de l’écart aux seuils.".to_owned()
}

/// What a forecast knows, and what it does not.
pub(crate) fn what_a_forecast_is() -> String {
    "La prévision prolonge la tendance en l’amortissant : elle ne connaît ni les mesures à venir ni les comportements."
        .to_owned()
}

/// Under a fan.
pub(crate) fn how_to_read_a_fan() -> &'static str {
    "Bandes : 5 et 8 chances sur 10 ; tirets : médiane."
}

/// A number to come, as printed.
#[derive(Debug, Clone)]
pub(crate) struct Ahead {
    /// What is forecast: « Patients en réanimation ».
    pub(crate) what: String,
    /// The day.
    pub(crate) day: Date,
    /// Low end, median and high end of the range of 8 chances in 10.
    pub(crate) low: String,
    pub(crate) median: String,
    pub(crate) high: String,
}

/// Where a range lies against a capacity.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Reach {
    /// All of it below.
    Below,
    /// Its high end above, its median below.
    HighEnd,
    /// Its median at or above, its low end below.
    Median,
    /// All of it at or above.
    All,
    /// As many already on the last day known, and its median still.
    Already,
}

impl Reach {
    /// Compares the ends and the median of a range with a capacity. `now` is the last value known.
    pub(crate) fn of(low: f64, median: f64, high: f64, capacity: f64, now: Option<f64>) -> Self {
        match () {
            () if median >= capacity && now.is_some_and(|now| now >= capacity) => Self::Already,
            () if low >= capacity => Self::All,
            () if median >= capacity => Self::Median,
            () if high >= capacity => Self::HighEnd,
            () => Self::Below,
        }
    }
}

/// What Covid-19 patients to come are held against, as printed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Capacity {
    /// The beds that other patients leave.
    Left {
        /// Beds for all.
        beds: String,
        /// Those other patients take; with « environ » where they are estimated.
        others: String,
        /// What is left of them.
        left: String,
        /// How the forecast lies to it.
        reach: Reach,
    },
    /// Beds kept for Covid-19 patients.
    Kept {
        /// Beds.
        beds: String,
        /// How the forecast lies to them.
        reach: Reach,
    },
    /// Beds for all, of which nobody knows how many others take.
    Unknown {
        /// Beds for all.
        beds: String,
    },
}

/// « Patients en réanimation le 1er novembre » : between which numbers, and the capacity.
pub(crate) fn ahead(of: &Ahead, capacity: Option<&Capacity>) -> (String, String) {
    let lead = format!("{} le {}", of.what, french::day_month(of.day));
    let range = if of.low == of.high {
        format!(" : {} si la tendance se poursuit", of.median)
    } else {
        format!(" : entre {} et {} (8 chances sur 10), médiane {}", of.low, of.high, of.median)
    };
    let capacity = match capacity {
        None => String::new(),
        Some(Capacity::Unknown { beds }) => format!(
            " ; pas de comparaison aux {beds} lits du palier, qui servent à tous : les autres patients ne sont pas comptés"
        ),
        Some(Capacity::Left { beds, others, left, reach }) => reached(
            *reach,
            &format!(
                "les {left} lits que laissent les autres patients ({beds} lits, {others} patients non Covid-19)"
            ),
        ),
        Some(Capacity::Kept { beds, reach }) => {
            reached(*reach, &format!("les {beds} lits réservés aux patients Covid-19"))
        }
    };
    (lead, format!("{range}{capacity}."))
}

fn reached(reach: Reach, beds: &str) -> String {
    match reach {
        Reach::Below => format!(" ; {beds} restent au-dessus de cette fourchette"),
        Reach::HighEnd => format!(" ; le haut de la fourchette atteint {beds}"),
        Reach::Median => format!(" ; la médiane atteint {beds}"),
        Reach::All => format!(" ; toute la fourchette atteint {beds}"),
        Reach::Already => format!(" ; {beds} sont déjà atteints, et le resteraient"),
    }
}

/// How a forecast did on the Sundays before, as printed.
#[derive(Debug, Clone)]
pub(crate) struct Past {
    /// Days ahead.
    pub(crate) days: u16,
    /// « 10 fois sur 12 ».
    pub(crate) times: String,
    /// Mean error.
    pub(crate) error: String,
    /// Mean error of saying that nothing changes.
    pub(crate) no_change: Option<String>,
    /// The range was often too narrow.
    pub(crate) is_narrow: bool,
    /// Saying that nothing changes did as well.
    pub(crate) is_no_better: bool,
}

/// « Refaite pour les dimanches précédents… »: goes after the numbers to come.
pub(crate) fn past(of: &Past) -> String {
    let no_change = of
        .no_change
        .as_ref()
        .map_or_else(String::new, |error| format!(" ({error} en supposant que rien ne change)"));
    let narrow = if of.is_narrow { ", trop peu : elle a été trop étroite" } else { "" };
    let no_better = if of.is_no_better {
        " : prolonger la tendance n’a pas fait mieux que « rien ne change »"
    } else {
        ""
    };
    format!(
        " Refaite pour les dimanches précédents avec les données d’aujourd’hui, la fourchette à {} jours a été juste {}{narrow} ; \
         erreur moyenne {}{no_change}{no_better}.",
        of.days, of.times, of.error
    )
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

/// School holidays that begin.
pub(crate) fn school_holidays_ahead(holidays: &[String]) -> String {
    format!("Vacances scolaires dans les deux semaines, premier jour : {}.", french::list(holidays))
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
