//! Short names for tables and charts: the full titles of the vocabulary are sentences, a table needs words.
//!
//! An indicator that is not listed prints the title of its query, so an agency's own indicator needs nothing here.

use super::view::View;

/// Short label of an indicator, as row heading.
pub(crate) fn label(view: &View, indicator: &str) -> String {
    let short = match indicator {
        "hospital_patients" => "Patients hospitalisés",
        "icu_patients" => "Patients en réanimation",
        "hospital_patients_per_100k" => "Hospitalisés pour 100 000 hab.",
        "icu_occupancy_initial" => "Occupation de la réanimation (Covid-19, lits SAE)",
        "icu_occupancy_critical_care" => "Occupation des soins critiques (Covid-19, lits SAE)",
        "icu_occupancy_open" => "Occupation de la réanimation (tous, lits ouverts)",
        "icu_step_occupancy" => "Occupation de la réanimation (tous, palier)",
        "icu_covid_share_open" => "dont patients Covid-19 (lits ouverts)",
        "icu_patients_all" => "Patients en réanimation, toutes causes",
        "admissions_7d_growth" => "Évolution des admissions, hors petits nombres",
        "admissions_7d" => "Admissions à l’hôpital, 7 jours",
        "admissions_7d_per_100k" => "Admissions pour 100 000 hab., 7 jours",
        "icu_admissions_7d" => "Admissions en réanimation, 7 jours",
        "deaths_7d" => "Décès à l’hôpital, 7 jours",
        "tests_7d" => "Personnes testées, 7 jours",
        "cases_7d" => "Cas confirmés, 7 jours",
        "positivity_7d" => "Taux de positivité, 7 jours",
        "incidence_7d_per_100k" => "Incidence pour 100 000 hab., 7 jours",
        "testing_7d_per_100k" => "Dépistage pour 100 000 hab., 7 jours",
        "er_covid_share_7d" => "Passages aux urgences pour suspicion de Covid-19",
        "sos_covid_share_7d" => "Actes SOS Médecins pour suspicion de Covid-19",
        "centres_open" => "Centres de consultation ouverts",
        "centre_open_share" => "Part des centres ouverts",
        "centre_slots_per_100k_day" => "Créneaux de consultation par jour, pour 100 000 hab.",
        "centre_slot_use" => "Créneaux réservés",
        "nurses_registered" => "Infirmiers inscrits",
        "nurses_active_7d" => "Infirmiers actifs, 7 jours",
        "nurses_per_10k_75plus" => "Infirmiers pour 10 000 hab. de 75 ans et plus",
        "home_requests_unserved_share_7d" => "Demandes à domicile sans réponse sous 24 h",
        "home_patients" | "patients_at_home" => "Patients suivis à domicile",
        "telemedicine_doctors" => "Médecins inscrits en télémédecine",
        "telemedicine_consultations_7d" => "Téléconsultations, 7 jours",
        "reinforcement_unfilled_share" => "Demandes de renfort non pourvues à 48 h",
        "test_days_of_cover" => "Jours de stock",
        "test_days_of_cover_7d" => "Jours de stock, moyenne sur sept jours",
        "test_order_fill_rate_14d" => "Commandes livrées, 14 jours",
        "on_call_cover" => "Gardes pourvues",
        "on_call_cost_7d" => "Coût de la permanence des soins, 7 jours",
        _ => "",
    };
    if !short.is_empty() {
        return short.to_owned();
    }
    view.input
        .vocabulary
        .query(indicator)
        .map_or_else(|| indicator.to_owned(), |query| query.title_fr.clone())
}

/// Label of a row: the indicator, and its category where it has one.
pub(crate) fn row_label(view: &View, indicator: &str, category: &str) -> String {
    match (indicator, category) {
        (_, "") => label(view, indicator),
        ("test_days_of_cover", product) => format!("{} : jours de stock", self::category(product)),
        (_, category) => format!("{} : {}", label(view, indicator), self::category(category)),
    }
    .replace(" :", "\u{A0}:")
}

/// French words for the categories of indicators; an unknown one prints as it stands.
pub(crate) fn category(code: &str) -> String {
    let word = match code {
        "rt_pcr" => "Tests RT-PCR",
        "antigen" => "Tests antigéniques",
        "surgical_mask" => "Masques chirurgicaux",
        "ffp2_mask" => "Masques FFP2",
        "laboratory" => "Laboratoires",
        "pharmacy" => "Pharmacies",
        "wholesaler" => "Grossistes",
        "mobile_team" => "Équipes mobiles",
        "hospital" => "Hôpitaux",
        "project" => "En projet",
        "supported" => "Accompagnés",
        "open" => "Ouverts",
        "suspended" => "Suspendus",
        "closed" => "Fermés",
        "dedicated" => "Dédiés Covid-19",
        "reorganised" => "Réorganisés",
        "regulator" => "Médecins régulateurs",
        "on_duty_doctor" => "Médecins effecteurs",
        "day" => "Journées",
        "evening" => "Soirées",
        "night" => "Nuits",
        "sunday" => "Dimanches",
        "strike" => "Jours de grève",
        "no_strike" => "Hors grève",
        "holiday" => "Jours fériés",
        "ordinary" | "normal" => "Jours ordinaires",
        "icu" => "Réanimation",
        "intermediate" => "Soins intensifs",
        "continuing" => "Surveillance continue",
        "medicine" => "Médecine",
        "surgery" => "Chirurgie",
        "rehabilitation" => "Soins de suite (SSR)",
        "home" => "Hospitalisation à domicile",
        "inzee-care" => "Inzee.Care",
        "medicam" => "MEDICAM",
        "renfort-covid" => "Renfort-Covid",
        "nurse" => "Infirmiers",
        "icu_nurse" => "Infirmiers de réanimation",
        "physician" => "Médecins",
        "anaesthetist" => "Anesthésistes-réanimateurs",
        "physiotherapist" => "Kinésithérapeutes",
        "doctor" => "Médecins",
        "nursing_assistant" => "Aides-soignants",
        _ => "",
    };
    if !word.is_empty() {
        return word.to_owned();
    }
    // Compound categories: `regulator/strike`, `dedicated:open`.
    for mark in ['/', ':', '|'] {
        if code.contains(mark) {
            let parts: Vec<String> = code.split(mark).map(category).collect();
            return parts.join(", ").replace(", Jours", ", jours").replace(", Hors", ", hors");
        }
    }
    crate::clean::short(code, 60)
}

/// The same inside a line: `dont laboratoires`, but `dont Inzee.Care`.
pub(crate) fn category_inside(code: &str) -> String {
    let word = category(code);
    if ["inzee-care", "medicam", "renfort-covid"].contains(&code) || word == code {
        return word;
    }
    let mut chars = word.chars();
    chars.next().map_or_else(String::new, |first| first.to_lowercase().chain(chars).collect())
}
