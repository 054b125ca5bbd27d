//! Beds of intensive care: all who lie in them, the steps of capacity, and what is left for Covid-19 patients.

use jiff::civil::Date;

use super::super::parts;
use super::super::view::View;
use crate::document::Block;
use crate::figures::Threshold;
use crate::french;
use crate::input::IcuDay;
use crate::published::{About, Register};
use crate::sentences::{self, Count, Which};

/// What the table of indicators calls the occupancy of the step.
const OF_STEP: &str = "icu_step_occupancy";
/// That of the beds declared open.
const OF_OPEN: &str = "icu_occupancy_open";

/// Patients and beds of the territory on a day.
pub(crate) fn on<'a>(view: &View<'a>, day: Date) -> Option<&'a IcuDay> {
    view.input.icu_days.iter().find(|icu| icu.place == *view.territory() && icu.day == day)
}

/// Who lies in the beds on the week's last day: of those declared open where all declared them, else of the step in force.
/// Nothing where there is neither.
pub(crate) fn write(view: &View, register: &mut Register) -> Option<Block> {
    let icu = on(view, view.sunday)?;
    let (lead, rest) = said(view, register, icu)?;
    Some(Block::Paragraph { text: parts::led(&lead, &rest) })
}

fn said(view: &View, register: &mut Register, icu: &IcuDay) -> Option<(String, String)> {
    let step = icu.step;
    if let (Some(open), Some(patients)) = (icu.beds_open, icu.patients) {
        let told = against(view, register, OF_OPEN, Which::Open, Count::Declared, patients, open);
        let (lead, mut rest) = sentences::beds(&told);
        if let Some((step, beds)) = step.filter(|step| !step.only_covid).and_then(|s| Some((s, s.beds?))) {
            let mut note = noting(view, register, OF_STEP);
            let (beds_text, share) = (french::number(beds, 0), french::percent(patients / beds, 1));
            let beds_text = note("denominator", beds, "beds", beds_text);
            let share = note("share", patients / beds, "share", share);
            rest.push_str(&sentences::step_beside(&beds_text, step.is_usual, &share));
        }
        return Some((lead, rest));
    }
    let step = step?;
    let which = if step.is_usual { Which::Usual } else { Which::Step };
    let counted = if step.only_covid { icu.covid } else { icu.patients };
    if let (Some(beds), Some(patients), None) = (step.beds, counted, icu.reason.as_ref()) {
        let count = match (&icu.estimate, icu.covid, icu.others) {
            _ if step.only_covid => Count::OnlyCovid,
            (Some(estimate), Some(covid), Some(others)) => {
                let mut note = noting(view, register, OF_STEP);
                Count::Estimated {
                    covid: note("covid", covid, "patients", french::number(covid, 0)),
                    others: note("others", others, "patients", french::number(others, 0)),
                    on: estimate.on,
                    elsewhere: estimate.elsewhere.as_ref().map(|region| view.name(region)),
                }
            }
            _ => Count::Declared,
        };
        return Some(sentences::beds(&against(view, register, OF_STEP, which, count, patients, beds)));
    }
    let known = step.beds.zip(icu.covid).map(|(beds, covid)| {
        let mut note = noting(view, register, OF_STEP);
        let covid = note("covid", covid, "patients", french::number(covid, 0));
        (covid, note("denominator", beds, "beds", french::number(beds, 0)))
    });
    let known = known.as_ref().map(|(covid, beds)| (covid.as_str(), beds.as_str()));
    Some(sentences::no_margin(known, icu.reason.as_deref().unwrap_or("donnée non disponible")))
}

/// Patients against beds, noted as printed.
fn against(
    view: &View,
    register: &mut Register,
    id: &str,
    which: Which,
    count: Count,
    patients: f64,
    beds: f64,
) -> sentences::Beds {
    let mut note = noting(view, register, id);
    let margin = (beds - patients).abs();
    sentences::Beds {
        patients: note("numerator", patients, "patients", french::number(patients, 0)),
        count,
        beds: note("denominator", beds, "beds", french::number(beds, 0)),
        which,
        share: note("share", patients / beds, "share", french::percent(patients / beds, 1)),
        margin: note("margin", margin, "beds", french::number(margin, 0)),
        over: patients - beds,
    }
}

/// Notes parts of one occupancy of the week.
fn noting<'r>(
    view: &View,
    register: &'r mut Register,
    id: &str,
) -> impl FnMut(&str, f64, &str, String) -> String + 'r {
    let (id, about) = (id.to_owned(), view.about(id, "", view.territory(), 0));
    move |part, value, unit, text| {
        let about = About { indicator: format!("{id}.{part}"), ..about.clone() };
        register.note("text", "Lits de réanimation", &about, Some(value), unit, text)
    }
}

/// What the week's count of all patients rests on, where it is an estimate: under a table that shows the occupancy of the step.
pub(crate) fn note_under(view: &View, register: &mut Register, shown: &[&str]) -> Option<String> {
    if !shown.contains(&OF_STEP) {
        return None;
    }
    let icu = on(view, view.sunday)?;
    let (estimate, others) = (icu.estimate.as_ref()?, icu.others?);
    let others = noting(view, register, OF_STEP)("others", others, "patients", french::number(others, 0));
    let region = estimate.elsewhere.as_ref().map(|region| view.name(region));
    Some(french::typography(&sentences::estimated(&others, estimate.on, region.as_deref())))
}

/// Beds of the steps as lines on a chart that shows those they are for: everybody, or Covid-19 patients alone.
pub(crate) fn steps(view: &View) -> Vec<Threshold> {
    let place = view.territory();
    let all_drawn = view.has("icu_patients_all", "", place);
    let (from, until) = (view.chart_start(), view.sunday);
    let days =
        view.input.icu_days.iter().filter(|icu| icu.place == *place && (from..=until).contains(&icu.day));
    let mut found: Vec<Threshold> = Vec::new();
    for (day, step) in days.filter_map(|icu| Some((icu.day, icu.step?))) {
        let Some(beds) = step.beds.filter(|_| step.only_covid || all_drawn) else { continue };
        let label = match step.only_covid {
            true => format!("{} lits Covid-19", french::number(beds, 0)),
            false => format!("{} lits", french::number(beds, 0)),
        };
        match found.last_mut().filter(|last| last.label == label && last.until == day.yesterday().ok()) {
            Some(last) => last.until = Some(day),
            None => found.push(Threshold { value: beds, label, from: Some(day), until: Some(day) }),
        }
    }
    found
}

/// What Covid-19 patients may take of the beds there are.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) enum Left {
    /// So many of `beds`, the `others` being taken; estimated or declared.
    Of { beds: f64, others: f64, left: f64, is_estimated: bool },
    /// All of them: they are kept for Covid-19 patients.
    Kept { beds: f64 },
    /// Nobody counts who else lies there.
    Unknown { beds: f64 },
}

/// The beds of a day for Covid-19 patients; nothing where no beds are known.
pub(crate) fn left_for_covid(view: &View, day: Date) -> Option<Left> {
    let icu = on(view, day)?;
    let of_step = icu.step.and_then(|step| step.beds);
    if icu.step.is_some_and(|step| step.only_covid) {
        return of_step.map(|beds| Left::Kept { beds });
    }
    let beds = icu.beds_open.or(of_step)?;
    Some(match icu.others {
        Some(others) => {
            Left::Of { beds, others, left: (beds - others).max(0.0), is_estimated: icu.estimate.is_some() }
        }
        None => Left::Unknown { beds },
    })
}
