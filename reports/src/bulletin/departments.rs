//! One row per department, the same series side by side, and the levels of the last weeks.

use vigie_queries::Place;

use super::levels::Levels;
use super::parts::{self, Notes};
use super::view::View;
use crate::document::{Block, Cell, Column, Row, Table};
use crate::figures::{
    Drawing, HeatCell, HeatRow, HeatStrip, Panel, RankedDots, RankedRow, Size, SmallMultiples, style,
};
use crate::french;
use crate::published::Register;
use crate::trend::Direction;

/// Columns: indicator, category, heading, second line of the heading.
const COLUMNS: [(&str, &str, &str, &str); 9] = [
    ("hospital_patients", "", "Hospit.", "patients"),
    ("icu_patients", "", "Réa.", "patients"),
    ("icu_occupancy_initial", "", "Occ. réa.", "lits SAE"),
    ("admissions_7d", "", "Admiss.", "7 jours"),
    ("incidence_7d_per_100k", "", "Incid.", "/100 000"),
    ("positivity_7d", "", "Positiv.", "7 jours"),
    ("er_covid_share_7d", "", "Urgences", "part Covid"),
    ("test_days_of_cover", "antigen", "Tests ant.", "jours"),
    ("centres_open", "", "Centres", "ouverts"),
];
/// Weeks of the level strip.
const STRIP_WEEKS: i64 = 12;
/// Beyond this many departments small multiples are unreadable.
const PANELS_MAX: usize = 20;

/// `with_ranks`: two figures are drawn in order of size, besides standing in the table.
pub(crate) fn write(
    view: &View,
    register: &mut Register,
    levels: Option<&Levels>,
    with_ranks: bool,
) -> Vec<Block> {
    if view.departments.is_empty() {
        return Vec::new();
    }
    let places: Vec<&Place> = view.departments.iter().map(|info| &info.place).collect();
    let known = COLUMNS.iter().any(|(id, category, ..)| {
        view.defined(id) && places.iter().any(|place| view.has_lately(id, category, place))
    });
    if !known && levels.is_none() {
        let text =
            "Aucun chiffre de département n’est connu pour cette semaine ni pour les deux précédentes.";
        return vec![Block::Paragraph { text: parts::text(text) }];
    }
    let mut blocks = vec![table(view, register, levels, &places)];
    if places.len() <= PANELS_MAX {
        if with_ranks {
            blocks.extend(parts::side_by_side(ranked(view, register, &places)));
        }
        blocks.extend(multiples(view, register, &places));
    }
    if let Some(levels) = levels {
        blocks.extend(strip(view, register, levels, &places));
    }
    blocks
}

fn table(view: &View, register: &mut Register, levels: Option<&Levels>, places: &[&Place]) -> Block {
    let columns: Vec<_> = COLUMNS
        .into_iter()
        .filter(|(id, category, ..)| {
            view.defined(id) && places.iter().any(|place| view.has_lately(id, category, place))
        })
        .collect();
    let mut notes = Notes::default();
    let mut rows: Vec<Row> = Vec::new();
    let mut with_total = places.to_vec();
    if places.len() > 1 {
        with_total.push(view.territory());
    }
    for place in with_total {
        let name = view.name(place);
        let mut cells = vec![Cell::text(name.clone())];
        for (id, category, heading, _) in &columns {
            let label = format!("{name}, {heading}");
            let mut cell = parts::value_cell(view, register, &mut notes, &label, id, category, place, 0);
            match view.compare(id, category, place).direction {
                Ok(Direction::Up) => cell.text.push_str("\u{A0}▲"),
                Ok(Direction::Down) => cell.text.push_str("\u{A0}▼"),
                _ => {}
            }
            cells.push(cell);
        }
        if let Some(levels) = levels {
            let standing = levels.at(place, view.sunday);
            let swatch = standing
                .rank
                .map_or_else(String::new, |rank| style::level(rank, levels.rule.levels.len() + 1).hex());
            let text = if standing.at_least {
                standing.text.replacen("au moins ", "≥\u{A0}", 1)
            } else {
                standing.text.clone()
            };
            levels.note(view, register, place, &standing);
            cells.push(Cell { text, swatch, ..Cell::default() });
        }
        rows.push(Row { strong: place == view.territory(), ..Row::of(cells) });
    }
    let mut heads = vec![Column::text("Département", 0.0)];
    heads.extend(
        columns
            .iter()
            .map(|(_, _, heading, second)| Column::number(*heading).with_subtitle(*second).with_share(1.0)),
    );
    if levels.is_some() {
        heads.push(Column::text("Niveau", 0.0));
    }
    parts::lift_provisional(&mut heads, &mut rows);
    let mut lines = notes.lines();
    lines.push(
        "▲ ▼ : évolution sur une semaine que le hasard des petits nombres ferait moins d’une fois sur vingt."
            .replace(" :", "\u{A0}:"),
    );
    if let Some(because) = levels.and_then(|levels| {
        places.iter().map(|place| levels.at(place, view.sunday).because).find(|because| !because.is_empty())
    }) {
        lines.push(french::typography(&format!("« ≥ » (au moins) et « non établi » : {because}.")));
    }
    if let Some(levels) = levels {
        lines.push(french::typography(&format!("Niveau : règle « {} ».", levels.rule.title_fr)));
    }
    let ids: Vec<&str> = columns.iter().map(|(id, ..)| *id).collect();
    Block::Table(Table {
        caption: "Situation de chaque département, au dimanche de la semaine".to_owned(),
        columns: heads,
        rows,
        notes: lines,
        source: view.source_line(&ids),
    })
}

/// Departments in order of two figures, the week before beside this one: two figures, side by side.
fn ranked(view: &View, register: &mut Register, places: &[&Place]) -> Vec<Block> {
    const FIGURES: [(&str, &str, &str); 3] = [
        ("icu_occupancy_initial", "Occupation de la réanimation", "lits installés (SAE)"),
        ("incidence_7d_per_100k", "Taux d’incidence, 7 jours", "pour 100 000 habitants"),
        ("hospital_patients_per_100k", "Patients hospitalisés", "pour 100 000 habitants"),
    ];
    let known = |id: &str| places.iter().filter(|place| view.sample(id, "", place, 0).is_some()).count();
    let mut blocks = Vec::new();
    for (id, title, unit_name) in
        FIGURES.into_iter().filter(|(id, ..)| view.defined(id) && known(id) >= 2).take(2)
    {
        let (unit, decimals) = view.unit(id);
        let crossed = view.break_between(id, 1, 0).is_some();
        let mut with_total = places.to_vec();
        with_total.push(view.territory());
        let rows: Vec<RankedRow> = with_total
            .into_iter()
            .map(|place| {
                let name = view.name(place);
                let label = format!("{name}, {title}");
                let shown = view.print(register, "figure", &label, id, "", place, 0);
                let previous = view.sample(id, "", place, 1).filter(|_| !crossed);
                if previous.is_some() {
                    view.print(register, "figure", &label, id, "", place, 1);
                }
                RankedRow {
                    label: name,
                    // As printed, so that the difference beside them is theirs.
                    value: view.sample(id, "", place, 0).map(|sample| view.as_printed(id, sample.value)),
                    previous: previous.map(|sample| view.as_printed(id, sample.value)),
                    provisional: shown.provisional,
                    reason: shown.reason,
                    strong: place == view.territory(),
                }
            })
            .collect();
        let dots = Drawing::RankedDots(RankedDots {
            title: title.to_owned(),
            unit: parts::figure_unit(&unit, decimals, unit_name),
            rows,
            thresholds: Vec::new(),
            width_pt: Size::HALF.width_pt,
        });
        blocks.push(parts::picture(view, register, dots, title, &[id]));
    }
    blocks
}

/// The same series for all departments, on common scales.
fn multiples(view: &View, register: &mut Register, places: &[&Place]) -> Option<Block> {
    let (id, title) = [
        ("hospital_patients_per_100k", "Patients hospitalisés pour 100 000 habitants"),
        ("incidence_7d_per_100k", "Taux d’incidence pour 100 000 habitants, 7 jours"),
        ("hospital_patients", "Patients hospitalisés"),
    ]
    .into_iter()
    .find(|(id, _)| view.defined(id) && places.iter().any(|place| view.has(id, "", place)))?;
    let panels: Vec<Panel> = places
        .iter()
        .map(|place| Panel {
            label: view.name(place),
            points: parts::points(view, register, title, id, "", place),
        })
        .collect();
    let (unit, decimals) = view.unit(id);
    let multiples = Drawing::SmallMultiples(SmallMultiples {
        title: title.to_owned(),
        unit: parts::figure_unit(&unit, decimals.min(1), ""),
        panels,
        thresholds: Vec::new(),
        from: view.chart_start(),
        until: view.sunday,
        columns: 5,
        width_pt: Size::WIDE.width_pt,
    });
    Some(parts::picture(view, register, multiples, title, &[id]))
}

/// Levels of the last weeks.
fn strip(view: &View, register: &mut Register, levels: &Levels, places: &[&Place]) -> Option<Block> {
    let sunday = |back: i64| view.monday(back).saturating_add(jiff::Span::new().days(6));
    // Weeks before the rule was in force have no level.
    let in_force = |back: &i64| levels.rule.valid_from.is_none_or(|from| from <= sunday(*back));
    let backs: Vec<i64> = (0..STRIP_WEEKS).rev().filter(in_force).collect();
    let judged = backs
        .iter()
        .filter(|back| places.iter().any(|place| levels.at(place, sunday(**back)).rank.is_some()))
        .count();
    if judged < 2 || places.len() > 30 {
        return None;
    }
    let names = levels.names();
    let rows: Vec<HeatRow> = places
        .iter()
        .map(|place| HeatRow {
            label: view.name(place),
            cells: backs.iter().map(|back| HeatCell { rank: levels.at(place, sunday(*back)).rank }).collect(),
        })
        .collect();
    let title = "Niveau de chaque département, dernières semaines";
    for place in places {
        let points = backs.iter().map(|back| {
            let rank = levels.at(place, sunday(*back)).rank;
            (
                view.monday(*back),
                rank.map(f64::from),
                if rank.is_some() { "ok" } else { "missing" }.to_owned(),
            )
        });
        let id = format!("rule:{}", levels.rule.id);
        register.plot(title, &id, "", place, "rank", points.collect());
    }
    let strip = Drawing::HeatStrip(HeatStrip {
        title: title.to_owned(),
        weeks: backs.iter().map(|back| view.monday(*back)).collect(),
        levels: super::map::legend(names),
        rows,
        width_pt: Size::WIDE.width_pt,
    });
    let ids: Vec<&str> = levels.rule.criteria.iter().map(|criterion| criterion.indicator.as_str()).collect();
    Some(parts::picture(view, register, strip, title, &ids))
}
