//! City care: consultation centres, nurses, home follow-up, telemedicine, reinforcement.

use vigie_queries::Place;

use super::catalogue;
use super::parts::{self, Line, Notes};
use super::view::View;
use crate::document::{Block, Row, Table};
use crate::figures::Size;
use crate::published::Register;

const CENTRES: [&str; 5] = [
    "centres_open",
    "centres_by_status",
    "centre_open_share",
    "centre_slots_per_100k_day",
    "centre_slot_use",
];
const NURSES: [&str; 5] = [
    "nurses_registered",
    "nurses_active_7d",
    "nurses_per_10k_75plus",
    "home_requests_unserved_share_7d",
    "patients_at_home",
];
const OTHERS: [&str; 3] =
    ["telemedicine_doctors", "telemedicine_consultations_7d", "reinforcement_unfilled_share"];

pub(crate) fn write(view: &View, register: &mut Register) -> Vec<Block> {
    let place = view.territory();
    let mut blocks = Vec::new();
    let mut charts = Vec::new();
    let drawn = [
        ("centre_slot_use", "Créneaux de consultation réservés", "% des créneaux offerts"),
        ("home_requests_unserved_share_7d", "Demandes à domicile sans réponse sous 24 h", "% des demandes"),
        ("patients_at_home", "Patients suivis à domicile", "patients"),
        ("telemedicine_consultations_7d", "Téléconsultations, 7 jours", "actes"),
    ];
    for (id, title, unit) in drawn {
        if view.has(id, "", place) {
            charts.push(parts::chart(
                view,
                register,
                title,
                unit,
                &[Line::alone(id)],
                Vec::new(),
                Size::HALF,
            ));
        }
    }

    let mut notes = Notes::default();
    let mut rows = Vec::new();
    let mut shown = Vec::new();
    let mut silent = Vec::new();
    let groups: [(&str, &[&str]); 3] = [
        ("Centres de consultation", &CENTRES),
        ("Infirmiers et suivi à domicile", &NURSES),
        ("Télémédecine et renforts", &OTHERS),
    ];
    for (title, ids) in groups {
        let mut group = Vec::new();
        for id in ids.iter().filter(|id| view.defined(id)) {
            for (category, label) in lines(view, id, place) {
                if !view.has_lately(id, &category, place) {
                    continue;
                }
                shown.push(*id);
                group.push(parts::three_week_row(view, register, &mut notes, &label, id, &category, place));
            }
        }
        if group.is_empty() {
            silent.push((title, ids));
        } else {
            rows.push(Row::group(title));
            rows.append(&mut group);
        }
    }
    if silent.len() == groups.len() {
        let all: Vec<&str> = groups.iter().flat_map(|(_, ids)| ids.iter().copied()).collect();
        return vec![parts::absent(view, "Soins de ville", &all)];
    }
    charts.truncate(2);
    blocks.extend(parts::side_by_side(charts));
    blocks.push(Block::Table(Table {
        caption: "Offre de soins de ville, trois dernières semaines".to_owned(),
        columns: parts::three_weeks(view, "Indicateur"),
        rows,
        notes: notes.lines(),
        source: view.source_line(&shown),
    }));
    blocks.extend(silent.into_iter().map(|(title, ids)| parts::absent(view, title, ids)));
    blocks
}

/// Rows of an indicator: the whole, then its categories. A lone category names the whole.
fn lines(view: &View, id: &str, place: &Place) -> Vec<(String, String)> {
    let whole = catalogue::label(view, id);
    let categories = view.input.observations.categories(id, place);
    if id == "centres_by_status" {
        // Open centres by kind stand under « centres_open » where it tells kinds apart.
        let by_kind = !view.input.observations.categories("centres_open", place).is_empty();
        return STATUSES
            .iter()
            .filter(|(category, _)| categories.contains(category) && !(by_kind && category.contains('/')))
            .map(|(category, label)| ((*category).to_owned(), (*label).to_owned()))
            .collect();
    }
    match categories.as_slice() {
        [] => vec![(String::new(), whole)],
        [only] if view.has(id, "", place) => {
            vec![(String::new(), format!("{whole} ({})", catalogue::category(only)))]
        }
        many => std::iter::once((String::new(), whole))
            .chain(
                many.iter().map(|c| ((*c).to_owned(), format!("– dont {}", catalogue::category_inside(c)))),
            )
            .collect(),
    }
}

/// Statuses printed, after the number of open centres.
const STATUSES: [(&str, &str); 6] = [
    ("dedicated/open", "– dont dédiés à la Covid-19"),
    ("reorganised/open", "– dont structures réorganisées"),
    ("project", "Centres en projet"),
    ("supported", "Centres accompagnés, pas encore ouverts"),
    ("suspended", "Centres suspendus"),
    ("closed", "Centres fermés"),
];
