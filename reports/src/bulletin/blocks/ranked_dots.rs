//! Departments in order of a figure, the week before beside this one.

use vigie_queries::{Measure, Place};

use super::super::labels;
use super::super::parts;
use super::super::view::View;
use crate::document::Block;
use crate::figures::{Drawing, RankedDots, RankedRow, Size};
use crate::published::Register;

/// The first figures that two departments have, side by side; not for more departments than a figure can hold.
pub(super) fn write(view: &View, register: &mut Register, asked: &[Measure], at_most: usize) -> Vec<Block> {
    let places: Vec<&Place> = view.departments.iter().map(|info| &info.place).collect();
    if places.len() > super::PANELS_MAX {
        return Vec::new();
    }
    let known = |id: &str| places.iter().filter(|place| view.sample(id, "", place, 0).is_some()).count();
    let mut blocks = Vec::new();
    let has = |measure: &&Measure| view.defined(&measure.indicator) && known(&measure.indicator) >= 2;
    for measure in asked.iter().filter(has).take(at_most) {
        let (id, title) = (measure.indicator.as_str(), labels::measure(view, measure));
        let title = title.as_str();
        let (unit, decimals) = view.unit(id);
        let crossed = view.break_between(id, 1, 0).is_some();
        let mut with_total = places.clone();
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
            unit: parts::figure_unit(&unit, decimals, &measure.second_fr),
            rows,
            thresholds: Vec::new(),
            width_pt: Size::HALF.width_pt,
        });
        blocks.push(parts::picture(view, register, dots, title, &[id]));
    }
    parts::side_by_side(blocks)
}
