//! The key-indicator table: two weeks before, one week before, this week, change.

use vigie_queries::Week;

use super::catalogue;
use super::parts::{self, Notes};
use super::view::View;
use crate::document::{Block, Row, Table};
use crate::published::Register;

/// Rows by group: title, indicator and category.
const GROUPS: [(&str, &[(&str, &str)]); 4] = [
    (
        "Hôpital",
        &[
            ("hospital_patients", ""),
            ("admissions_7d", ""),
            ("icu_patients", ""),
            ("icu_admissions_7d", ""),
            ("icu_occupancy_initial", ""),
            ("icu_occupancy_open", ""),
            ("icu_step_occupancy", ""),
            ("deaths_7d", ""),
        ],
    ),
    (
        "Dépistage et urgences",
        &[
            ("incidence_7d_per_100k", ""),
            ("incidence_65plus_7d_per_100k", ""),
            ("testing_7d_per_100k", ""),
            ("positivity_7d", ""),
            ("er_covid_share_7d", ""),
            ("sos_covid_share_7d", ""),
        ],
    ),
    (
        "Soins de ville",
        &[
            ("centres_open", ""),
            ("centre_slot_use", ""),
            ("nurses_active_7d", ""),
            ("home_requests_unserved_share_7d", ""),
            ("patients_at_home", ""),
            ("telemedicine_doctors", ""),
            ("reinforcement_unfilled_share", ""),
        ],
    ),
    (
        "Stocks et permanence des soins",
        &[
            ("test_days_of_cover", "rt_pcr"),
            ("test_days_of_cover", "antigen"),
            ("test_days_of_cover", "surgical_mask"),
            ("test_days_of_cover", "ffp2_mask"),
            ("on_call_cover", ""),
        ],
    ),
];

pub(crate) fn write(view: &View, register: &mut Register) -> Vec<Block> {
    let place = view.territory();
    let mut notes = Notes::default();
    let mut rows = Vec::new();
    let mut shown: Vec<&str> = Vec::new();
    let mut left_out: Vec<&str> = Vec::new();
    for (title, lines) in GROUPS {
        let mut group = Vec::new();
        for (indicator, category) in lines.iter().filter(|(indicator, _)| view.defined(indicator)) {
            if !view.has(indicator, category, place) {
                left_out.push(indicator);
                continue;
            }
            shown.push(indicator);
            let label = catalogue::row_label(view, indicator, category);
            group.push(parts::three_week_row(view, register, &mut notes, &label, indicator, category, place));
        }
        if !group.is_empty() {
            rows.push(Row::group(title));
            rows.append(&mut group);
        }
    }
    if rows.is_empty() {
        return vec![parts::absent(view, "Indicateurs clés", &left_out)];
    }
    let mut lines = notes.lines();
    lines.extend(
        super::beds::note_of_estimate(view, register).filter(|_| shown.contains(&"icu_step_occupancy")),
    );
    lines.push(format!(
        "Valeur au dimanche de la semaine ; « 7 jours »{} : somme ou part des sept jours qui finissent ce dimanche. \
         ▲ ▼ : évolution que le hasard des petits nombres ferait moins d’une fois sur vingt.",
        of_the_week(view, &shown)
    ));
    let absent = view.absent(&left_out);
    if !absent.is_empty() {
        let sources: Vec<String> = absent.iter().map(|title| format!("« {title} »")).collect();
        lines.push(crate::french::typography(&format!(
            "Lignes absentes faute de données : {}.",
            crate::french::list(&sources)
        )));
    }
    vec![Block::Table(Table {
        caption: "Indicateurs du territoire, trois dernières semaines".to_owned(),
        columns: parts::three_weeks(view, "Indicateur"),
        rows,
        notes: lines,
        source: view.source_line(&shown),
    })]
}

/// `, « Gardes pourvues »`: rows of seven days whose label does not say so.
fn of_the_week(view: &View, shown: &[&str]) -> String {
    let of_seven = |id: &&&str| {
        let week = view.input.vocabulary.query(id).and_then(|query| query.week);
        matches!(week, Some(Week::Ratio | Week::Sum))
    };
    let mut labels: Vec<String> =
        shown.iter().filter(of_seven).map(|id| catalogue::label(view, id)).collect();
    labels.retain(|label| !label.contains("7 jours"));
    labels.dedup();
    labels.iter().map(|label| format!(", « {label} »")).collect()
}
