//! Curves of the weeks before, two side by side.

use vigie_queries::Chart;

use super::super::labels;
use super::super::parts::{self, Line};
use super::super::stories::beds;
use super::{Page, Printed};
use crate::document::Block;
use crate::figures::{Size, Tone};
use crate::published::Register;

/// Tones of the lines of one chart, in order.
const TONES: [Tone; 4] = [Tone::Main, Tone::Second, Tone::Third, Tone::Fourth];

/// At most `at_most` charts of those the territory has; a subject of which none can be drawn is absent.
pub(super) fn write(
    page: &Page,
    register: &mut Register,
    charts: &[Chart],
    at_most: Option<usize>,
) -> Printed {
    if page.budget.curves_pt == Some(0) {
        return Printed::default();
    }
    let (view, place) = (page.view, page.view.territory());
    let mut drawn: Vec<Block> = Vec::new();
    let (mut across, mut known): (Vec<Block>, Vec<&str>) = (Vec::new(), Vec::new());
    for chart in charts {
        let has = |measure: &&vigie_queries::Measure| view.has(&measure.indicator, &measure.category, place);
        let lines: Vec<Line> = chart
            .lines
            .iter()
            .filter(has)
            .zip(TONES)
            .map(|(measure, tone)| Line {
                indicator: &measure.indicator,
                category: &measure.category,
                label: if chart.lines.len() == 1 { String::new() } else { labels::measure(view, measure) },
                tone,
            })
            .collect();
        let Some(first) = lines.first() else { continue };
        known.push(&chart.subject_fr);
        if at_most.is_some_and(|most| drawn.len() + across.len() >= most) {
            continue;
        }
        let query = view.input.vocabulary.query(first.indicator);
        let axis = match (chart.axis_fr.as_str(), query) {
            ("", Some(query)) => query.axis_fr.as_str(),
            (axis, _) => axis,
        };
        let title = if chart.title_fr.is_empty() {
            labels::of(view, first.indicator)
        } else {
            chart.title_fr.clone()
        };
        let steps = if chart.capacity { beds::steps(view) } else { Vec::new() };
        let size = if chart.wide { Size::WIDE } else { Size::HALF };
        let height = chart.height_pt.or(page.budget.curves_pt);
        let size = Size { height_pt: height.map_or(size.height_pt, f64::from), ..size };
        let block = parts::chart(view, register, (&title, axis), &lines, &chart.events, steps, size);
        if chart.wide { across.push(block) } else { drawn.push(block) }
    }
    let mut absent: Vec<(String, Vec<String>)> = Vec::new();
    for chart in charts
        .iter()
        .filter(|chart| !chart.subject_fr.is_empty() && !known.contains(&chart.subject_fr.as_str()))
    {
        let ids = chart.lines.iter().map(|measure| measure.indicator.clone());
        match absent.iter_mut().find(|(subject, _)| *subject == chart.subject_fr) {
            Some((_, known)) => known.extend(ids),
            None => absent.push((chart.subject_fr.clone(), ids.collect())),
        }
    }
    let mut blocks = parts::side_by_side(drawn);
    blocks.extend(across);
    Printed { blocks, absent }
}
