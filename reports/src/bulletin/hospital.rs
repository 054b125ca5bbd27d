//! Hospital: stock, admissions, occupancy of intensive care against each denominator.

use jiff::Span;
use vigie_queries::{Status, TimeType};

use super::beds;
use super::catalogue;
use super::parts::{self, Line, Notes};
use super::view::View;
use crate::document::{Block, Cell, Column, Row, Table};
use crate::figures::{Drawing, Size, Slope, SlopeRow, Tone};
use crate::french;
use crate::published::{About, Register};

const ALL: [&str; 3] = ["hospital_patients", "icu_patients", "admissions_7d"];
const OCCUPANCIES: [(&str, &str); 5] = [
    ("icu_occupancy_initial", "Lits de réanimation installés (SAE), patients Covid-19"),
    ("icu_occupancy_critical_care", "Tous lits de soins critiques (SAE), patients Covid-19"),
    ("icu_occupancy_open", "Lits de réanimation ouverts, tous patients"),
    ("icu_step_occupancy", "Lits du palier en vigueur, tous patients"),
    ("icu_covid_share_open", "Patients de réanimation, part Covid-19"),
];

/// `with_slopes`: the occupancies of two weeks are drawn, besides standing in the table.
pub(crate) fn write(view: &View, register: &mut Register, with_slopes: bool) -> Vec<Block> {
    let place = view.territory();
    if !ALL.iter().any(|id| view.has(id, "", place)) {
        return vec![parts::absent(view, "Hôpital", &ALL)];
    }
    let mut blocks: Vec<Block> = beds::write(view, register).into_iter().collect();
    let mut charts = Vec::new();
    let drawn = [
        ("hospital_patients", "Patients hospitalisés", "patients"),
        ("icu_patients", "Patients en réanimation", "patients"),
        ("admissions_7d", "Admissions à l’hôpital, 7 jours", "patients"),
        ("icu_admissions_7d", "Admissions en réanimation, 7 jours", "patients"),
    ];
    for (id, title, unit) in drawn {
        if view.has(id, "", place) {
            let (lines, steps) = match id {
                "icu_patients" => (in_intensive_care(view), beds::steps(view)),
                _ => (vec![Line::alone(id)], Vec::new()),
            };
            charts.push(parts::chart(view, register, title, unit, &lines, steps, Size::HALF));
        }
    }
    blocks.extend(parts::side_by_side(charts));
    blocks.extend(day_by_day(view, register));
    if with_slopes {
        blocks.extend(slopes(view, register));
    }
    blocks.extend(occupancy(view, register));
    blocks.extend(care_chains(view, register));
    blocks
}

/// Covid-19 patients of intensive care, and all of them where they are counted: beds are for all.
fn in_intensive_care<'a>(view: &View) -> Vec<Line<'a>> {
    if !view.has("icu_patients_all", "", view.territory()) {
        return vec![Line::alone("icu_patients")];
    }
    let line = |indicator, label: &str, tone| Line { indicator, category: "", label: label.to_owned(), tone };
    vec![
        line("icu_patients", "Covid-19", Tone::Main),
        line("icu_patients_all", "tous patients", Tone::Second),
    ]
}

/// The seven days of the week: what a watch-room compares with its own count of the morning.
fn day_by_day(view: &View, register: &mut Register) -> Option<Block> {
    let place = view.territory();
    let mut notes = Notes::default();
    let mut rows = Vec::new();
    let ids = ["hospital_patients", "icu_patients", "icu_occupancy_initial"];
    for id in ids.into_iter().filter(|id| view.defined(id) && view.has(id, "", place)) {
        let label = catalogue::label(view, id);
        let mut cells = vec![Cell::text(label.clone())];
        for offset in 0..7 {
            let day = view.input.week.saturating_add(Span::new().days(offset));
            let observation = view.input.observations.get(id, "", place, TimeType::Day, day);
            let value = observation.and_then(|o| o.value);
            let text = value.map_or_else(|| "–".to_owned(), |value| view.text(id, value));
            let about = About { time_type: TimeType::Day, date: day, ..view.about(id, "", place, 0) };
            let text = register.note("table", &label, &about, value, &view.unit(id).0, text);
            let note = match (value, observation) {
                (None, observation) => notes.mark(&view.reason(observation)),
                (_, Some(o)) if o.status == Status::Partial => notes.provisional(),
                _ => String::new(),
            };
            cells.push(Cell { text, note, ..Cell::default() });
        }
        rows.push(Row::of(cells));
    }
    if rows.is_empty() {
        return None;
    }
    let mut columns = vec![Column::text("Jour par jour", 1.0)];
    columns.extend((0..7).map(|offset| {
        let day = view.input.week.saturating_add(Span::new().days(offset));
        let weekday: String = french::weekday(day).chars().take(3).collect();
        Column::number(format!("{}.", french::capital(&weekday))).with_subtitle(french::day_month_short(day))
    }));
    Some(Block::Table(Table {
        caption: "Les sept jours de la semaine".to_owned(),
        columns,
        rows,
        notes: notes.lines(),
        source: view.source_line(&ids),
    }))
}

/// Occupancy of intensive care from the week before to this one, by each denominator and against the step in force.
fn slopes(view: &View, register: &mut Register) -> Option<Block> {
    const MEASURES: [(&str, &str, Tone); 4] = [
        ("icu_occupancy_initial", "lits installés (SAE), Covid-19", Tone::Main),
        ("icu_occupancy_critical_care", "soins critiques (SAE), Covid-19", Tone::Third),
        ("icu_occupancy_open", "lits ouverts, tous patients", Tone::Second),
        ("icu_step_occupancy", "palier en vigueur, tous patients", Tone::Context),
    ];
    let place = view.territory();
    let title = "Occupation de la réanimation, d’une semaine à l’autre";
    let mut rows: Vec<SlopeRow> = Vec::new();
    let mut shown = Vec::new();
    for (id, label, tone) in MEASURES.into_iter().filter(|(id, ..)| view.defined(id)) {
        let value = |back: i64| view.sample(id, "", place, back).map(|sample| sample.value);
        let (before, now) = (value(1), value(0));
        if before.is_none() && now.is_none() {
            continue;
        }
        let provisional = view.week(id, "", place, 0).is_some_and(|o| o.status == Status::Partial);
        for back in [1, 0] {
            view.print(register, "figure", &format!("{title} : {label}"), id, "", place, back);
        }
        shown.push(id);
        rows.push(SlopeRow { label: label.to_owned(), before, now, provisional, tone });
    }
    // Names without a line say less than the table below.
    if rows.iter().filter(|row| row.before.is_some() && row.now.is_some()).count() < 2 {
        return None;
    }
    let slope = Drawing::Slope(Slope {
        title: title.to_owned(),
        unit: parts::figure_unit("share", 1, "part des lits occupés"),
        rows,
        thresholds: Vec::new(),
        from: french::week_short(view.monday(1)),
        until: french::week_short(view.monday(0)),
        size: Size { width_pt: Size::WIDE.width_pt, height_pt: 112.0 },
    });
    Some(parts::picture(view, register, slope, title, &shown))
}

/// The same patients against each denominator: the day reads 21 %, 34 % or 74 % according to the beds one counts.
fn occupancy(view: &View, register: &mut Register) -> Option<Block> {
    let place = view.territory();
    let mut notes = Notes::default();
    let mut rows = Vec::new();
    let mut shown = Vec::new();
    let year = view.info(place).and_then(|info| info.beds_year);
    for (id, words) in OCCUPANCIES {
        if !view.defined(id) || !view.has(id, "", place) {
            continue;
        }
        shown.push(id);
        let label = match year {
            Some(year) => words.replace("(SAE)", &format!("(SAE {year})")),
            None => words.to_owned(),
        };
        let observation = view.week(id, "", place, 0);
        let mut count = |part: &str, value: Option<f64>| {
            let mut about = view.about(id, "", place, 0);
            about.indicator = format!("{id}.{part}");
            let printed = value.map_or_else(|| "–".to_owned(), |value| french::number(value, 0));
            register.note("table", &label, &about, value, "count", printed)
        };
        let patients = count("numerator", observation.and_then(|o| o.numerator));
        let beds = count("denominator", observation.and_then(|o| o.denominator));
        let mut cells = vec![Cell::text(label.clone()), Cell::text(patients), Cell::text(beds)];
        for back in [1, 0] {
            cells.push(parts::value_cell(view, register, &mut notes, &label, id, "", place, back));
        }
        rows.push(Row::of(cells));
    }
    if rows.is_empty() {
        return None;
    }
    let mut lines = notes.lines();
    lines.extend(beds::note_of_estimate(view, register).filter(|_| shown.contains(&"icu_step_occupancy")));
    Some(Block::Table(Table {
        caption: "Occupation de la réanimation selon le dénominateur".to_owned(),
        columns: vec![
            Column::text("Dénominateur", 1.0),
            Column::number("Patients").with_subtitle("comptés"),
            Column::number("Lits").with_subtitle("ou patients"),
            Column::number(french::week_short(view.monday(1))),
            Column::number(french::week_short(view.monday(0))).with_subtitle("cette semaine"),
        ],
        rows,
        notes: lines,
        source: view.source_line(&shown),
    }))
}

/// Occupancy of open beds by chain of care.
fn care_chains(view: &View, register: &mut Register) -> Option<Block> {
    let place = view.territory();
    let id = "care_occupancy_open";
    let order = ["icu", "intermediate", "continuing", "medicine", "surgery", "rehabilitation", "home"];
    let mut categories = view.input.observations.categories(id, place);
    categories.sort_by_key(|category| order.iter().position(|known| known == category).unwrap_or(usize::MAX));
    let mut notes = Notes::default();
    let mut rows = Vec::new();
    for category in categories {
        if view.has_lately(id, category, place) {
            let label = catalogue::category(category);
            rows.push(parts::three_week_row(view, register, &mut notes, &label, id, category, place));
        }
    }
    if rows.is_empty() {
        let day = view.input.observations.series("icu_occupancy_open", "", place, TimeType::Week);
        return day.is_none().then(|| parts::absent(view, "Lits ouverts par filière de soins", &[id]));
    }
    Some(Block::Table(Table {
        caption: "Occupation des lits ouverts par filière de soins".to_owned(),
        columns: parts::three_weeks(view, "Filière"),
        rows,
        notes: notes.lines(),
        source: view.source_line(&[id]),
    }))
}

/// Tones of the lines of one chart, in order.
pub(crate) const TONES: [Tone; 4] = [Tone::Main, Tone::Second, Tone::Third, Tone::Fourth];
