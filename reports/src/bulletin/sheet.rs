//! The sheet of a department: one A4 page that its watch-room pins on the wall.
//!
//! The same words and figures as the bulletin of its region, beside the region's values. What does not fit leaves in a
//! fixed order: each [`Room`] gives up something more, and the first that fits one page is printed.

use vigie_queries::{GeoType, Place};

use super::catalogue;
use super::key_points::{self, First};
use super::legal;
use super::levels::Levels;
use super::map;
use super::on_call;
use super::parts::{self, Line, Notes};
use super::view::View;
use crate::document::{Block, Column, Section, Table};
use crate::figures::Size;
use crate::french;
use crate::published::Register;
use crate::trend::Direction;

/// How much a document may take, from the roomiest: the first page of a bulletin and a sheet are one page each.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Room {
    /// Sentences on what moved.
    pub(crate) points: usize,
    /// What to do.
    pub(crate) steps: usize,
    /// Alerts named on the first page; of each at most one place more.
    pub(crate) alerts: usize,
    /// Sheets: rows of the table. Bulletins: rows of the table of changes, and of alerts of one kind.
    pub(crate) rows: usize,
    /// Sheets: height of the curves, in points; 0 leaves them out.
    curves_pt: u16,
    /// Bulletins: whether pictures are drawn of what is also told or tabled (forecasts, occupancies of two weeks, ranks).
    pub(crate) repeats: bool,
}

/// Rooms of a sheet; the last one always fits (a test prints the longest texts there are).
pub(crate) const ROOMS: [Room; 6] = [
    Room { points: 7, steps: 4, alerts: 4, rows: 15, curves_pt: 104, repeats: false },
    Room { points: 7, steps: 3, alerts: 4, rows: 13, curves_pt: 92, repeats: false },
    Room { points: 6, steps: 3, alerts: 4, rows: 11, curves_pt: 84, repeats: false },
    Room { points: 5, steps: 2, alerts: 4, rows: 8, curves_pt: 84, repeats: false },
    Room { points: 4, steps: 2, alerts: 4, rows: 9, curves_pt: 0, repeats: false },
    Room { points: 3, steps: 1, alerts: 4, rows: 6, curves_pt: 0, repeats: false },
];

/// First pages of a bulletin, from the roomiest: sentences, steps, alerts.
const FIRST_PAGES: [(usize, usize, usize); 6] =
    [(12, 4, 4), (9, 3, 4), (7, 3, 4), (6, 3, 3), (5, 2, 2), (4, 1, 1)];

/// What follows the first page, from the roomiest, for the whole to have at most [`PAGES_MAX`]: rows, repeats.
const OTHER_PAGES: [(usize, bool); 5] = [(25, true), (25, false), (12, false), (4, false), (2, false)];

/// Pages of a bulletin.
pub(crate) const PAGES_MAX: usize = 12;

/// Rows of the table, in order of preference: the first that the department has are printed.
const ROWS: [(&str, &str); 17] = [
    ("hospital_patients", ""),
    ("icu_patients", ""),
    ("admissions_7d", ""),
    ("icu_occupancy_initial", ""),
    ("incidence_7d_per_100k", ""),
    ("positivity_7d", ""),
    ("er_covid_share_7d", ""),
    ("test_days_of_cover", "antigen"),
    ("on_call_cover", ""),
    ("icu_occupancy_open", ""),
    ("home_requests_unserved_share_7d", ""),
    ("centres_open", ""),
    ("test_days_of_cover", "rt_pcr"),
    ("centre_slot_use", ""),
    ("deaths_7d", ""),
    ("sos_covid_share_7d", ""),
    ("nurses_active_7d", ""),
];
/// Curves, in order of preference; two are drawn.
const CURVES: [(&str, &str, &str); 4] = [
    ("hospital_patients", "Patients hospitalisés", "patients"),
    ("incidence_7d_per_100k", "Taux d’incidence, 7 jours", "pour 100 000 habitants"),
    ("admissions_7d", "Admissions à l’hôpital, 7 jours", "patients"),
    ("er_covid_share_7d", "Urgences, part Covid-19, 7 jours", "% des passages"),
];

pub(crate) fn sections(
    view: &View,
    register: &mut Register,
    levels: Option<&Levels>,
    mapped: &[&Place],
    room: Room,
) -> Vec<Section> {
    let first = First::of(view, register, levels, room);
    let mut blocks = key_points::head(&first);
    let left =
        vec![Block::Bullets { items: first.points(room.points) }, Block::Note { text: first.alerts.clone() }];
    let size = Size { width_pt: 205.0, height_pt: 150.0 };
    let mut right: Vec<Block> = map::write(view, register, levels, mapped, size).into_iter().collect();
    right.extend(first.feeds.map(|text| Block::Note { text }));
    blocks.push(Block::Columns { left, right, ratio: 1.35 });
    let items = first.next.into_iter().take(room.steps).collect();
    blocks.push(Block::Steps { title: super::next::TITLE.to_owned(), items });

    register.enter("indicators");
    let mut figures = curves(view, register, room);
    figures.extend(table(view, register, room));
    register.enter("on_call");
    figures.extend(on_call::number(view));
    figures.extend(legal::line(view));
    let about = "Définitions, règles et qualité des données : bulletin de la région, et fichiers joints à cette fiche.";
    figures.push(Block::Paragraph { text: parts::text(about) });
    vec![
        Section { id: "key_points".to_owned(), title: "L’essentiel de la semaine".to_owned(), blocks },
        Section { id: "indicators".to_owned(), title: "Indicateurs".to_owned(), blocks: figures },
    ]
}

fn curves(view: &View, register: &mut Register, room: Room) -> Vec<Block> {
    if room.curves_pt == 0 {
        return Vec::new();
    }
    let place = view.territory();
    let size = Size { width_pt: Size::HALF.width_pt, height_pt: f64::from(room.curves_pt) };
    let drawn: Vec<_> = CURVES.into_iter().filter(|(id, ..)| view.has(id, "", place)).take(2).collect();
    let charts = drawn
        .into_iter()
        .map(|(id, title, unit)| {
            parts::chart(view, register, title, unit, &[Line::alone(id)], Vec::new(), size)
        })
        .collect();
    parts::side_by_side(charts)
}

/// Three weeks of the department, its change, and the region beside it.
fn table(view: &View, register: &mut Register, room: Room) -> Option<Block> {
    let place = view.territory();
    let region = view
        .info(place)
        .and_then(|info| info.region.as_deref())
        .map(Place::region)
        .filter(|region| view.info(region).is_some());
    let mut notes = Notes::default();
    let mut rows = Vec::new();
    let mut shown: Vec<&str> = Vec::new();
    let known = ROWS
        .into_iter()
        .filter(|(id, category)| view.defined(id) && view.has_lately(id, category, place))
        .take(room.rows);
    for (id, category) in known {
        shown.push(id);
        let label = catalogue::row_label(view, id, category);
        let mut row = parts::three_week_row(view, register, &mut notes, &label, id, category, place);
        if let Some(region) = &region {
            let label = format!("{label}, {}", view.name(region));
            let mut cell = parts::value_cell(view, register, &mut notes, &label, id, category, region, 0);
            match view.compare(id, category, region).direction {
                Ok(Direction::Up) => cell.text.push_str("\u{A0}▲"),
                Ok(Direction::Down) => cell.text.push_str("\u{A0}▼"),
                _ => {}
            }
            row.cells.push(cell);
        }
        rows.push(row);
    }
    if rows.is_empty() {
        return Some(parts::absent(view, &view.name(place), &["hospital_patients", "tests_7d"]));
    }
    let mut columns = parts::three_weeks(view, "Indicateur");
    if let Some(region) = &region {
        columns.push(
            Column::number(crate::clean::short(&view.name(region), 24))
                .with_subtitle(french::week_short(view.monday(0))),
        );
    }
    parts::lift_provisional(&mut columns, &mut rows);
    Some(Block::Table(Table {
        caption: "Trois dernières semaines, et la région".to_owned(),
        columns,
        rows,
        notes: notes.lines(),
        source: view.source_line(&shown),
    }))
}

/// Whether a place has a sheet instead of a bulletin.
pub(crate) fn is_for(place: &Place) -> bool {
    place.geo_type == GeoType::Department
}

/// The room that a place would have on pages without end.
pub(crate) fn roomiest(place: &Place) -> Room {
    room(place, 0, 0).unwrap_or(ROOMS[0])
}

/// The room of a place after so many steps down for its first page, and for the others; none when there is no smaller one.
pub(crate) fn room(place: &Place, first: usize, others: usize) -> Option<Room> {
    if is_for(place) {
        return ROOMS.get(first).copied();
    }
    let ((points, steps, alerts), (rows, repeats)) = (*FIRST_PAGES.get(first)?, *OTHER_PAGES.get(others)?);
    Some(Room { points, steps, alerts, rows, curves_pt: 0, repeats })
}
