//! The same curve of every department.

use vigie_queries::{Measure, Place};

use super::super::labels;
use super::super::parts;
use super::super::view::View;
use crate::document::Block;
use crate::figures::{Drawing, Panel, Size, SmallMultiples};
use crate::published::Register;

/// The first figure that some department has, on common scales.
pub(super) fn write(view: &View, register: &mut Register, asked: &[Measure]) -> Option<Block> {
    let places: Vec<&Place> = view.departments.iter().map(|info| &info.place).collect();
    if places.len() > super::PANELS_MAX {
        return None;
    }
    let has = |measure: &&Measure| {
        let id = measure.indicator.as_str();
        view.defined(id) && places.iter().any(|place| view.has(id, "", place))
    };
    let measure = asked.iter().find(has)?;
    let (id, title) = (measure.indicator.as_str(), labels::measure(view, measure));
    let title = title.as_str();
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
