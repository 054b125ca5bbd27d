//! Intensive care: all who lie there against the beds there are. No margin is told of a part of the patients.

use jiff::civil::Date;

use super::trim;
use crate::french;

/// Beds that are counted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Which {
    /// Those open that day, as declared.
    Open,
    /// Those of the step in force, opened in the crisis.
    Step,
    /// Those there are outside the crisis.
    Usual,
}

/// How patients were counted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Count {
    /// All of them, declared by the establishments.
    Declared,
    /// Covid-19 patients, for whom alone the beds are.
    OnlyCovid,
    /// Covid-19 patients, and an estimate of the others, as printed.
    Estimated {
        /// Covid-19 patients.
        covid: String,
        /// The others.
        others: String,
        /// The day of the published count.
        on: Date,
        /// The other region it was made in.
        elsewhere: Option<String>,
    },
}

/// Patients against beds, all as printed.
#[derive(Debug, Clone)]
pub(crate) struct Beds {
    /// Patients.
    pub(crate) patients: String,
    /// How they were counted.
    pub(crate) count: Count,
    /// Beds.
    pub(crate) beds: String,
    /// Which they are.
    pub(crate) which: Which,
    /// Patients over beds.
    pub(crate) share: String,
    /// Beds free, or patients too many: without a sign.
    pub(crate) margin: String,
    /// Patients less beds: its sign says on which side they stand.
    pub(crate) over: f64,
}

/// Occupancy of intensive care against the beds there are.
pub(crate) fn beds(of: &Beds) -> (String, String) {
    let Beds { beds, share, margin, over, which, count, .. } = of;
    let about = if matches!(count, Count::Estimated { .. }) { "environ\u{A0}" } else { "" };
    let who = who(of);
    let lits = if beds == "1" { "lit" } else { "lits" };
    let (what, feminine, plural) = match which {
        Which::Open => ("les lits de réanimation ouverts", false, true),
        Which::Step => ("le palier de capacité en vigueur", false, false),
        Which::Usual => ("la capacité habituelle de réanimation", true, false),
    };
    let agreed =
        |word: &str| format!("{word}{}{}", if feminine { "e" } else { "" }, if plural { "s" } else { "" });
    let is = if plural { "sont" } else { "est" };
    if *over > 0.0 {
        return (
            format!("{} {is} {}", french::capital(what), agreed("dépassé")),
            format!(" : {who} pour {beds} {lits}, {about}{margin} de trop ({share})."),
        );
    }
    if *over == 0.0 {
        return (
            format!("{} {is} {}", french::capital(what), agreed("atteint")),
            format!(" : {who} pour {beds} {lits} ({share})."),
        );
    }
    let of_what = match which {
        Which::Open => "des lits de réanimation ouverts sont occupés",
        Which::Step => "du palier de capacité en vigueur est occupé",
        Which::Usual => "de la capacité habituelle de réanimation est occupé",
    };
    let free = match (*which, margin.as_str()) {
        (Which::Open, "1") => "1 lit libre".to_owned(),
        (Which::Open, _) => format!("{margin} lits libres"),
        (_, "1") => format!("{about}1 lit de marge"),
        _ => format!("{about}{margin} lits de marge"),
    };
    (format!("{share} {of_what}"), format!(" : {who} pour {beds} {lits}, {free}."))
}

fn who(of: &Beds) -> String {
    let patients = &of.patients;
    match &of.count {
        Count::Declared => format!("{patients} patients, Covid-19 ou non,"),
        Count::OnlyCovid => format!("{patients} patients Covid-19, à qui ces lits sont réservés,"),
        Count::Estimated { covid, others, on, elsewhere } => {
            let day = french::day_month(*on);
            let from = elsewhere.as_ref().map_or_else(
                || format!("compte publié le {day}"),
                |region| format!("dans la proportion publiée le {day} pour la région {region}"),
            );
            format!(
                "environ\u{A0}{patients} patients ({covid} Covid-19 et environ\u{A0}{others} autres, {from})"
            )
        }
    }
}

/// The step in force beside the beds declared open: « Le palier en vigueur, 469 lits, est occupé à 98 %. »
pub(crate) fn step_beside(beds: &str, is_usual: bool, share: &str) -> String {
    if is_usual {
        return format!(" La capacité habituelle, {beds} lits, est occupée à {share}.");
    }
    format!(" Le palier annoncé, {beds} lits, est occupé à {share}.")
}

/// There are beds of a step, and nobody knows how many are taken.
pub(crate) fn no_margin(covid_and_beds: Option<(&str, &str)>, reason: &str) -> (String, String) {
    let rest = match covid_and_beds {
        Some((covid, beds)) => format!(
            " : on compte {covid} patients Covid-19, mais pas les autres, qui occupent aussi une part des {beds} lits."
        ),
        None => format!(" : {}.", trim(reason)),
    };
    ("La marge en lits de réanimation ne peut être dite".to_owned(), rest)
}

/// One figure by its own words and by those of its second readings.
pub(crate) fn readings(label: &str, own: &str, others: &[String]) -> String {
    format!("{} : {own}, {}", french::small(label), others.join(", "))
}

/// The level of the territory by each other rule in force: title and level.
pub(crate) fn levels_by_rule(rules: &[(String, String)]) -> Option<String> {
    let each: Vec<String> = rules.iter().map(|(title, level)| format!("{level} (« {title} »)")).collect();
    (!each.is_empty()).then(|| format!("niveau selon d’autres règles en vigueur : {}", french::list(&each)))
}

/// Under a table: whom the count of all patients rests on, where it is an estimate.
pub(crate) fn estimated(others: &str, on: Date, elsewhere: Option<&str>) -> String {
    let from = elsewhere.map_or_else(String::new, |region| format!(" pour la région {region}"));
    format!(
        "Palier, tous patients : patients Covid-19 et environ\u{A0}{others} autres, estimés d’après le compte publié le {}{from}.",
        french::day_month(on)
    )
}
