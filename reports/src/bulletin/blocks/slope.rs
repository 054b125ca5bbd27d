//! Several measures of one thing, from the week before to this one.

use vigie_queries::{Measure, Status};

use super::super::labels;
use super::super::parts;
use super::super::view::View;
use crate::document::Block;
use crate::figures::{Drawing, Size, Slope, SlopeRow, Tone};
use crate::french;
use crate::published::Register;

/// Tones of the measures, in order.
const TONES: [Tone; 4] = [Tone::Main, Tone::Third, Tone::Second, Tone::Context];

/// Lines from the week before to this one. Names without a line say less than a table: two lines at least are drawn.
pub(super) fn write(
    view: &View,
    register: &mut Register,
    title: &str,
    axis: &str,
    measures: &[Measure],
) -> Option<Block> {
    let place = view.territory();
    let mut rows: Vec<SlopeRow> = Vec::new();
    let mut shown = Vec::new();
    let defined = measures.iter().filter(|measure| view.defined(&measure.indicator));
    for (measure, tone) in defined.zip(TONES) {
        let (id, label) = (measure.indicator.as_str(), labels::measure(view, measure));
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
        rows.push(SlopeRow { label, before, now, provisional, tone });
    }
    if rows.iter().filter(|row| row.before.is_some() && row.now.is_some()).count() < 2 {
        return None;
    }
    let (unit, decimals) = view.unit(shown.first().copied().unwrap_or_default());
    let slope = Drawing::Slope(Slope {
        title: title.to_owned(),
        unit: parts::figure_unit(&unit, decimals, axis),
        rows,
        thresholds: Vec::new(),
        from: french::week_short(view.monday(1)),
        until: french::week_short(view.monday(0)),
        size: Size { width_pt: Size::WIDE.width_pt, height_pt: 112.0 },
    });
    Some(parts::picture(view, register, slope, title, &shown))
}
