//! The same series for many places: small plots on common scales, the last value in figures.

use super::axis::{DayScale, ValueScale};
use super::canvas::{self, Anchor, Area, Canvas, Type, fit};
use super::lines::{self, Plane};
use super::spec::{Figure, Panel, Point, Series, Shape, SmallMultiples, Table, Tone};
use super::time_series::draw_threshold;
use super::{style, words};
use crate::french;

const PLOT_HEIGHT: f64 = 44.0;
const HEAD: f64 = 11.0;
const GUTTER: f64 = 10.0;

/// Draws one small plot a place, all on the same scales. Ticks stand at the left of each row and months under each
/// column; the words of thresholds stand once, under the title.
#[must_use]
pub fn small_multiples(spec: &SmallMultiples) -> Figure {
    let days = DayScale::new(spec.from, spec.until);
    let columns = spec.columns.clamp(1, spec.panels.len().max(1));
    let rows = spec.panels.len().div_ceil(columns).max(1);
    let small = Type::new(style::SIZE_SMALL, style::ALERT_TEXT);
    let said = spec.thresholds.iter().map(|threshold| format!("– – {}", threshold.label)).collect::<Vec<_>>();
    let title_height = {
        let mut probe = Canvas::new(spec.width_pt, 1000.0);
        canvas::title(&mut probe, &spec.title, &spec.unit.name)
    };
    let head = title_height + if said.is_empty() { 0.0 } else { small.size * 1.3 };
    let row_height = HEAD + PLOT_HEIGHT + 6.0;
    let height = head + row_height * rows as f64 + 5.0;
    let mut canvas = Canvas::new(spec.width_pt, height);
    canvas::title(&mut canvas, &spec.title, &spec.unit.name);
    if !said.is_empty() {
        canvas.text((0.0, head - 4.0), &fit(&said.join("   "), &small, spec.width_pt), small);
    }

    let shown = spec.panels.iter().flat_map(|panel| &panel.points).filter(|point| days.holds(point.date));
    let limits = spec.thresholds.iter().map(|threshold| threshold.value);
    let values = ValueScale::holding(shown.filter_map(|point| point.value).chain(limits), &spec.unit, 2);
    let left = values.width(&spec.unit) + 5.0;
    let width = (spec.width_pt - left - GUTTER * (columns as f64 - 1.0)) / columns as f64;
    for (i, panel) in spec.panels.iter().enumerate() {
        let (column, row) = (i % columns, i / columns);
        let x = left + (width + GUTTER) * column as f64;
        let y = head + row_height * row as f64 + HEAD;
        let plot = Area { left: x, right: x + width, top: y, bottom: y + PLOT_HEIGHT };
        let plane = Plane { plot: &plot, days: &days, values: &values };
        draw_panel(&mut canvas, spec, panel, &plane, column == 0);
        let is_lowest = i + columns >= spec.panels.len();
        if is_lowest {
            days.draw_sparse(&mut canvas, &plot);
        }
    }
    if spec
        .panels
        .iter()
        .flat_map(|panel| &panel.points)
        .any(|point| point.provisional && days.holds(point.date))
    {
        canvas.provisional_note();
    }
    Figure {
        svg: canvas.into_svg(),
        width_pt: spec.width_pt,
        height_pt: height,
        alt: alt(spec),
        table: table(spec),
    }
}

fn draw_panel(canvas: &mut Canvas, spec: &SmallMultiples, panel: &Panel, plane: &Plane<'_>, ticks: bool) {
    let plot = plane.plot;
    let series =
        Series { label: String::new(), points: panel.points.clone(), tone: Tone::Main, shape: Shape::Area };
    for run in words::gap_runs(&shown(panel, spec)) {
        let band =
            Area { left: plane.days.left(run.from, plot), right: plane.days.right(run.until, plot), ..*plot };
        canvas.rectangle(band, style::GAP);
    }
    plane.values.draw(canvas, plot, &spec.unit, ticks);
    lines::draw_area(canvas, plane, &series);
    for threshold in &spec.thresholds {
        draw_threshold(canvas, threshold, plane);
    }
    lines::draw_line(canvas, plane, &series);
    plane.values.draw_zero(canvas, plot);

    let look = style::series(Tone::Main);
    let value_style =
        Type { colour: look.text, ..Type::new(style::SIZE_LABEL, style::INK).bold() }.anchored(Anchor::End);
    let last = panel.points.iter().rev().find(|point| plane.days.holds(point.date) && point.value.is_some());
    let printed = last.map_or_else(
        || french::UNKNOWN.to_owned(),
        |point| match point.value {
            Some(value) => words::last(point, value, spec.until, &spec.unit),
            None => french::UNKNOWN.to_owned(),
        },
    );
    if let Some((date, value)) = last.and_then(|point| Some((point.date, point.value?))) {
        canvas.disc(plane.at(date, value), 1.7, look.line);
    }
    let baseline = plot.top - 3.5;
    canvas.text((plot.right, baseline), &printed, value_style);
    let name = Type::new(style::SIZE_LABEL, style::INK);
    let room = plot.width() - value_style.width(&printed) - 3.0;
    // Long names take the smaller size before they are cut.
    let name = if name.width(&panel.label) > room { Type { size: style::SIZE_MIN, ..name } } else { name };
    canvas.text((plot.left, baseline), &fit(&panel.label, &name, room), name);
}

fn shown(panel: &Panel, spec: &SmallMultiples) -> Vec<Point> {
    panel.points.iter().filter(|point| (spec.from..=spec.until).contains(&point.date)).cloned().collect()
}

fn alt(spec: &SmallMultiples) -> String {
    let mut parts = vec![format!(
        "Petites courbes à échelle commune. {}, {}.",
        words::caption(&spec.title, &spec.unit.name),
        french::date_range(spec.from, spec.until)
    )];
    for panel in &spec.panels {
        parts.push(words::series_short(&panel.label, &shown(panel, spec), &spec.unit));
    }
    parts.push(words::thresholds(&spec.thresholds, &spec.unit));
    words::joined(&parts)
}

/// One row a day, one column a place.
fn table(spec: &SmallMultiples) -> Table {
    let mut columns = vec!["Date".to_owned()];
    columns.extend(spec.panels.iter().map(|panel| panel.label.clone()));
    let mut by_day = std::collections::BTreeMap::new();
    for (i, panel) in spec.panels.iter().enumerate() {
        for point in shown(panel, spec) {
            let day = by_day
                .entry(point.date)
                .or_insert_with(|| vec![french::UNKNOWN.to_owned(); spec.panels.len()]);
            day[i] = words::cell(point.value, point.provisional, &spec.unit);
        }
    }
    let rows = by_day
        .into_iter()
        .map(|(day, cells)| std::iter::once(french::date_digits(day)).chain(cells).collect())
        .collect();
    Table { caption: words::caption(&spec.title, &spec.unit.name), columns, rows }
}
