//! Tests and emergency visits.

use super::catalogue;
use super::hospital::TONES;
use super::parts::{self, Line};
use super::view::View;
use crate::document::Block;
use crate::figures::Size;
use crate::french;
use crate::input::Event;
use crate::published::Register;

const TESTS: [&str; 3] = ["incidence_7d_per_100k", "positivity_7d", "tests_7d"];
const VISITS: [&str; 2] = ["er_covid_share_7d", "sos_covid_share_7d"];

pub(crate) fn write(view: &View, register: &mut Register) -> Vec<Block> {
    let place = view.territory();
    let mut blocks = Vec::new();
    let mut charts = Vec::new();
    let drawn = [
        ("incidence_7d_per_100k", "Taux d’incidence, 7 jours", "pour 100 000 habitants"),
        ("positivity_7d", "Taux de positivité, 7 jours", "% des personnes testées"),
        ("testing_7d_per_100k", "Taux de dépistage, 7 jours", "pour 100 000 habitants"),
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
    let missing_tests = charts.is_empty();
    let lines: Vec<Line> = VISITS
        .iter()
        .filter(|id| view.has(id, "", place))
        .zip(TONES)
        .map(|(id, tone)| Line {
            indicator: id,
            category: "",
            label: if *id == "er_covid_share_7d" { "urgences" } else { "SOS Médecins" }.to_owned(),
            tone,
        })
        .collect();
    let missing_visits = lines.is_empty();
    if !missing_visits {
        let title = "Suspicions de Covid-19, 7 jours";
        charts.push(parts::chart(view, register, title, "% des passages", &lines, Vec::new(), Size::HALF));
    }
    let drawn = view.chart_start()..=view.sunday;
    let mut breaks: Vec<&Event> = TESTS.iter().flat_map(|id| view.breaks(id)).collect();
    breaks.retain(|event| drawn.contains(&event.starts));
    breaks.sort_by_key(|event| event.starts);
    breaks.dedup();
    for event in breaks {
        let touched = TESTS.iter().filter(|id| view.breaks(id).contains(&event));
        let touched: Vec<String> = touched.map(|id| french::small(&catalogue::label(view, id))).collect();
        let words = format!(
            ": {}, {}. De part et d’autre ne se comparent pas : {} ; aucune tendance n’en est calculée à travers cette \
             rupture.",
            french::date_range(event.starts, event.ends.unwrap_or(event.starts)),
            crate::sentences::trim(&crate::clean::short(&event.title_fr, 160)),
            french::list(&touched),
        );
        blocks.push(Block::Note { text: parts::led("Rupture de définition ", &words) });
    }
    blocks.extend(parts::side_by_side(charts));
    if missing_tests {
        blocks.push(parts::absent(view, "Dépistage", &TESTS));
    }
    if missing_visits {
        blocks.push(parts::absent(view, "Passages aux urgences et SOS Médecins", &VISITS));
    }
    blocks
}
