//! Hospital: stock, admissions, occupancy of intensive care against each denominator.

use jiff::Span;
use jiff::civil::Date;
use vigie_queries::{Status, TimeType};

use super::catalogue;
use super::parts::{self, Line, Notes};
use super::view::View;
use crate::document::{Block, Cell, Column, Row, Table};
use crate::figures::{Drawing, Size, Slope, SlopeRow, Threshold, Tone};
use crate::french;
use crate::published::{About, Register};
use crate::sentences;

const ALL: [&str; 3] = ["hospital_patients", "icu_patients", "admissions_7d"];
const OCCUPANCIES: [(&str, &str); 5] = [
    ("icu_occupancy_initial", "Lits de réanimation installés (SAE)"),
    ("icu_occupancy_critical_care", "Réanimation, soins intensifs et surveillance continue (SAE)"),
    ("icu_occupancy_open", "Lits de réanimation ouverts, tous patients"),
    ("icu_covid_share_open", "Patients de réanimation, part Covid-19"),
    ("icu_occupancy_open_covid", "Lits de réanimation ouverts, patients Covid-19"),
];

pub(crate) fn write(view: &View, register: &mut Register) -> Vec<Block> {
    let place = view.territory();
    if !ALL.iter().any(|id| view.has(id, "", place)) {
        return vec![parts::absent(view, "Hôpital", &ALL)];
    }
    let mut blocks: Vec<Block> = capacity(view, register).into_iter().collect();
    let mut charts = Vec::new();
    let drawn = [
        ("hospital_patients", "Patients hospitalisés", "patients"),
        ("icu_patients", "Patients en réanimation", "patients"),
        ("admissions_7d", "Admissions à l’hôpital, 7 jours", "patients"),
        ("icu_admissions_7d", "Admissions en réanimation, 7 jours", "patients"),
    ];
    for (id, title, unit) in drawn {
        if view.has(id, "", place) {
            let steps = if id == "icu_patients" { capacity_steps(view) } else { Vec::new() };
            charts.push(parts::chart(view, register, title, unit, &[Line::alone(id)], steps, Size::HALF));
        }
    }
    blocks.extend(parts::side_by_side(charts));
    blocks.extend(day_by_day(view, register));
    blocks.extend(slopes(view, register));
    blocks.extend(occupancy(view, register));
    blocks.extend(care_chains(view, register));
    blocks
}

/// Patients in intensive care against the step of capacity in force on the week's last day.
fn capacity(view: &View, register: &mut Register) -> Option<Block> {
    let id = "icu_patients";
    let place = view.territory();
    let patients = view.sample(id, "", place, 0)?.value;
    let step = step_in_force(view, view.sunday)?;
    let label = "Réanimation et palier de capacité";
    let mut note = |part: &str, value: f64, unit: &str, text: String| {
        let mut about = view.about(id, "", place, 0);
        about.indicator = if part.is_empty() { id.to_owned() } else { format!("{id}.{part}") };
        register.note("text", label, &about, Some(value), unit, text)
    };
    let margin = (step.value - patients).abs();
    let beds = sentences::Beds {
        patients: note("", patients, "patients", french::number(patients, 0)),
        beds: note("step", step.value, "beds", french::number(step.value, 0)),
        share: note("step_share", patients / step.value, "share", french::percent(patients / step.value, 0)),
        margin: note("step_margin", margin, "beds", french::number(margin, 0)),
        over: patients - step.value,
    };
    let (lead, rest) = sentences::beds(&beds);
    Some(Block::Paragraph { text: parts::led(&lead, &rest) })
}

/// Beds by capacity step, as lines on the chart of intensive-care patients.
fn capacity_steps(view: &View) -> Vec<Threshold> {
    let mut found = Vec::new();
    let rules = view.input.vocabulary.rules().filter(|rule| {
        rule.id.starts_with("capacity") && rule.places.iter().any(|place| place == view.territory())
    });
    for criterion in rules.flat_map(|rule| &rule.criteria).filter(|c| c.indicator == "icu_patients") {
        let mut sets: Vec<_> = criterion.thresholds.iter().collect();
        sets.sort_by_key(|set| set.from);
        for (index, set) in sets.iter().enumerate() {
            let until = sets
                .get(index + 1)
                .and_then(|next| next.from)
                .map(|next| next.saturating_sub(Span::new().days(1)));
            let seen = set.from.is_none_or(|from| from <= view.sunday)
                && until.is_none_or(|until| until >= view.chart_start());
            // One line a step: its highest threshold is the capacity itself.
            let beds = set.levels.values().copied().fold(f64::NEG_INFINITY, f64::max);
            if seen && beds.is_finite() {
                let label = format!("{} lits", french::number(beds, 0));
                found.push(Threshold { value: beds, label, from: set.from, until });
            }
        }
    }
    found
}

/// The step of capacity of a day.
pub(crate) fn step_in_force(view: &View, day: Date) -> Option<Threshold> {
    let holds = |step: &Threshold| {
        step.from.is_none_or(|from| from <= day) && step.until.is_none_or(|until| until >= day)
    };
    capacity_steps(view).into_iter().find(holds).filter(|step| step.value > 0.0)
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
        ("icu_occupancy_initial", "lits installés (SAE)", Tone::Main),
        ("icu_occupancy_critical_care", "soins critiques (SAE)", Tone::Third),
        ("icu_occupancy_open", "lits ouverts, tous patients", Tone::Second),
        ("icu_occupancy_open_covid", "lits ouverts, Covid-19", Tone::Fourth),
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
    let patients = |back: i64| view.sample("icu_patients", "", place, back).map(|sample| sample.value);
    let step_on = |day: Date| step_in_force(view, day).map(|step| step.value);
    let of_step = |back: i64| {
        let day = view.monday(back).saturating_add(Span::new().days(6));
        Some(patients(back)? / step_on(day)?)
    };
    let (before, now) = (of_step(1), of_step(0));
    if let Some(beds) = step_on(view.sunday).filter(|_| now.is_some()) {
        let label = format!("palier de {} lits", french::number(beds, 0));
        for (back, share) in [(1, before), (0, now)] {
            let mut about = view.about("icu_patients", "", place, back);
            about.indicator = "icu_patients.step_share".to_owned();
            let printed = share.map_or_else(|| "–".to_owned(), |share| french::percent(share, 1));
            register.note("figure", &format!("{title} : {label}"), &about, share, "share", printed);
        }
        rows.push(SlopeRow { label, before, now, provisional: false, tone: Tone::Context });
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
        notes: notes.lines(),
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
