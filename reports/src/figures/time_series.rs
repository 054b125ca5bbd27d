//! Lines over days, with gaps as gaps, thresholds and steps, breaks of definition, holidays and strikes.

use std::collections::BTreeMap;

use jiff::civil::Date;

use super::axis::{DayScale, ValueScale};
use super::canvas::{self, Anchor, Area, Canvas, Type, lines_within};
use super::events::EventRows;
use super::labels::{self, SideLabel};
use super::lines::{self, Plane};
use super::spec::{Figure, Point, Series, Shape, Table, Threshold, TimeSeries};
use super::{style, words};
use crate::french;

/// Draws lines over days.
///
/// - Days without a value are not bridged; when the subject (the last series) lacks several in a row, a grey band
///   says so. Provisional points are dotted.
/// - Each line is named at its right end with its last value; each threshold at its right end, or above its line when
///   it ended before.
/// - The scale starts at zero.
#[must_use]
pub fn time_series(spec: &TimeSeries) -> Figure {
    let mut canvas = Canvas::new(spec.size.width_pt, spec.size.height_pt);
    let top = canvas::title(&mut canvas, &spec.title, &spec.unit.name);
    let days = DayScale::new(spec.from, spec.until);
    let values = ValueScale::holding(shown_values(spec, &days), &spec.unit, ticks_for(spec.size.height_pt));

    // Widths first: labels at the right, ticks at the left, then events above what is left.
    let mut plot = Area {
        left: values.width(&spec.unit) + 5.0,
        top,
        right: spec.size.width_pt,
        bottom: spec.size.height_pt - days.height(),
    };
    let wanted = side_labels(spec, &days, &values, &plot);
    let side = labels::width(&wanted, spec.size.width_pt * 0.3);
    plot.right -= side + if side > 0.0 { 5.0 } else { 2.0 };
    let events = EventRows::lay_out(&spec.events, &days, &plot, spec.size.width_pt);
    plot.top += events.height().max(4.0);
    let plane = Plane { plot: &plot, days: &days, values: &values };

    if let Some((from, until)) = spec.highlight {
        let band = Area { left: days.left(from, &plot), right: days.right(until, &plot), ..plot };
        if band.left < band.right {
            canvas.rectangle(band, style::HIGHLIGHT);
        }
    }
    let gaps = gap_bands(&mut canvas, spec, &plane);
    values.draw(&mut canvas, &plot, &spec.unit, true);
    for series in &spec.series {
        lines::draw_area(&mut canvas, &plane, series);
    }
    for threshold in &spec.thresholds {
        draw_threshold(&mut canvas, threshold, &plane);
    }
    events.draw(&mut canvas, &days, &plot);
    for series in &spec.series {
        lines::draw_line(&mut canvas, &plane, series);
    }
    values.draw_zero(&mut canvas, &plot);
    days.draw(&mut canvas, &plot);

    let wanted = side_labels(spec, &days, &values, &plot);
    for label in wanted.iter().filter(|label| label.bold) {
        canvas.disc(label.at, style::LINE_MAIN * 1.1, label.colour);
    }
    let placed = labels::place(&wanted, side, plot.top - 4.0, plot.bottom + 4.0);
    labels::draw(&mut canvas, &placed, plot.right + 5.0, &plot);
    let taken = Taken { spec, plane: &plane, breaks: events.breaks(&days, &plot) };
    label_ended_thresholds(&mut canvas, &taken);
    label_gaps(&mut canvas, &gaps, &taken);

    if wanted.iter().any(|label| label.text.contains('*')) {
        canvas.provisional_note();
    }

    Figure {
        svg: canvas.into_svg(),
        width_pt: spec.size.width_pt,
        height_pt: spec.size.height_pt,
        alt: alt(spec),
        table: table(spec),
    }
}

pub(crate) fn ticks_for(height_pt: f64) -> u8 {
    if height_pt < 110.0 { 3 } else { 4 }
}

fn shown_values(spec: &TimeSeries, days: &DayScale) -> Vec<f64> {
    let points = spec.series.iter().flat_map(|series| &series.points);
    points
        .filter(|point| days.holds(point.date))
        .filter_map(|point| point.value)
        .chain(
            spec.thresholds
                .iter()
                .filter(|threshold| is_shown(threshold, spec))
                .map(|threshold| threshold.value),
        )
        .collect()
}

fn is_shown(threshold: &Threshold, spec: &TimeSeries) -> bool {
    threshold.value.is_finite()
        && threshold.from.is_none_or(|from| from <= spec.until)
        && threshold.until.is_none_or(|until| until >= spec.from)
}

pub(crate) fn last_known<'a>(series: &'a Series, days: &DayScale) -> Option<(&'a Point, f64)> {
    series
        .points
        .iter()
        .rev()
        .filter(|point| days.holds(point.date))
        .find_map(|point| point.value.filter(|value| value.is_finite()).map(|value| (point, value)))
}

/// Names of lines with their last value, then of thresholds that hold to the end; the subject first.
fn side_labels(spec: &TimeSeries, days: &DayScale, values: &ValueScale, plot: &Area) -> Vec<SideLabel> {
    let plane = Plane { plot, days, values };
    let series = spec.series.iter().rev().filter_map(|series| {
        let (point, value) = last_known(series, days)?;
        let printed = words::last(point, value, spec.until, &spec.unit);
        let text = match (series.label.as_str(), series.shape) {
            ("", _) => printed,
            (label, Shape::Ghost) => label.to_owned(),
            (label, _) => format!("{label}{}: {printed}", french::NO_BREAK),
        };
        let bold = series.shape != Shape::Ghost;
        Some(SideLabel {
            at: plane.at(point.date, value),
            text,
            colour: style::series(series.tone).text,
            bold,
        })
    });
    let thresholds =
        spec.thresholds.iter().filter(|threshold| is_shown(threshold, spec)).filter_map(|threshold| {
            let holds = threshold.until.is_none_or(|until| until >= spec.until);
            holds.then(|| SideLabel {
                at: (plot.right, values.y(threshold.value, plot)),
                text: threshold.label.clone(),
                colour: style::ALERT_TEXT,
                bold: false,
            })
        });
    series.chain(thresholds).collect()
}

/// Left and right end of a threshold on paper.
fn span(threshold: &Threshold, plane: &Plane<'_>) -> (f64, f64) {
    let plot = plane.plot;
    let left = threshold.from.map_or(plot.left, |from| plane.days.left(from, plot));
    let right = threshold.until.map_or(plot.right, |until| plane.days.right(until, plot));
    (left, right)
}

pub(crate) fn draw_threshold(canvas: &mut Canvas, threshold: &Threshold, plane: &Plane<'_>) {
    let (left, right) = span(threshold, plane);
    let y = plane.values.y(threshold.value, plane.plot);
    if left < right && threshold.value.is_finite() {
        canvas.dashes(&[(left, y), (right, y)], style::ALERT, 0.8, 4.0, 2.0);
    }
}

/// Words of a step that ended before the right edge, over or under its line where nothing else is.
fn label_ended_thresholds(canvas: &mut Canvas, taken: &Taken<'_>) {
    let (spec, plane) = (taken.spec, taken.plane);
    let small = Type::new(style::SIZE_SMALL, style::ALERT_TEXT);
    for threshold in spec.thresholds.iter().filter(|threshold| is_shown(threshold, spec)) {
        let Some(until) = threshold.until.filter(|until| *until < spec.until) else { continue };
        let left = threshold.from.map_or(plane.plot.left, |from| plane.days.left(from, plane.plot)) + 1.0;
        let right = plane.days.right(until, plane.plot) - 1.0;
        let y = plane.values.y(threshold.value, plane.plot);
        let spots = [
            ((left, y - 2.5), Anchor::Start),
            ((right, y - 2.5), Anchor::End),
            ((left, y + small.size), Anchor::Start),
            ((right, y + small.size), Anchor::End),
            ((left - 4.0, y + small.size * 0.33), Anchor::End),
        ];
        write_in_free_spot(canvas, taken, std::slice::from_ref(&threshold.label), small, &spots);
    }
}

/// What words inside the plot must keep clear of.
struct Taken<'a> {
    spec: &'a TimeSeries,
    plane: &'a Plane<'a>,
    breaks: Vec<f64>,
}

impl Taken<'_> {
    fn leaves(&self, area: &Area) -> bool {
        let level = |value: f64| self.plane.values.y(value, self.plane.plot);
        self.plane.plot.grown(1.0).holds(area)
            && !self.spec.series.iter().any(|series| lines::meets(area, self.plane, series))
            && !self.spec.thresholds.iter().any(|other| {
                let (left, right) = span(other, self.plane);
                (area.top..area.bottom).contains(&level(other.value))
                    && left < area.right
                    && area.left < right
            })
            && !self.breaks.iter().any(|x| (area.left..area.right).contains(x))
    }

    fn is_on_grid(&self, area: &Area) -> bool {
        let ticks = self.plane.values.ticks.iter();
        ticks
            .map(|tick| self.plane.values.y(*tick, self.plane.plot))
            .any(|y| (area.top..area.bottom).contains(&y))
    }
}

/// Writes lines at the first spot where it meets neither text, line nor edge of the plot.
fn write_in_free_spot(
    canvas: &mut Canvas,
    taken: &Taken<'_>,
    lines: &[String],
    style: Type,
    spots: &[((f64, f64), Anchor)],
) {
    // Better off the hairlines of the grid, too.
    for off_grid in [true, false] {
        for (at, anchor) in spots {
            let style = style.anchored(*anchor);
            let step = style.size * 1.12;
            let at_line = |i: usize| (at.0, at.1 + i as f64 * step);
            let areas: Vec<Area> =
                lines.iter().enumerate().map(|(i, line)| style.area(at_line(i), line).grown(0.8)).collect();
            let free = areas.iter().all(|area| {
                canvas.is_free(area) && taken.leaves(area) && !(off_grid && taken.is_on_grid(area))
            });
            if free {
                for (i, line) in lines.iter().enumerate() {
                    canvas.text(at_line(i), line, style);
                }
                return;
            }
        }
    }
}

/// Grey bands where the subject has no value; gives them back for their words.
fn gap_bands(canvas: &mut Canvas, spec: &TimeSeries, plane: &Plane<'_>) -> Vec<(Area, Option<String>)> {
    let Some(subject) = spec.series.last() else { return Vec::new() };
    let bands: Vec<(Area, Option<String>)> = words::gap_runs(&shown(&subject.points, spec))
        .into_iter()
        .map(|run| {
            let band = Area {
                left: plane.days.left(run.from, plane.plot),
                right: plane.days.right(run.until, plane.plot),
                ..*plane.plot
            };
            (band, run.reason)
        })
        .filter(|(band, _)| band.left < band.right)
        .collect();
    for (band, _) in &bands {
        canvas.rectangle(*band, style::GAP);
    }
    bands
}

fn label_gaps(canvas: &mut Canvas, gaps: &[(Area, Option<String>)], taken: &Taken<'_>) {
    let plane = taken.plane;
    let small = Type::new(style::SIZE_MIN, style::MUTED);
    for (band, reason) in gaps {
        let reason = reason.as_deref().unwrap_or("sans donnée");
        let y = plane.plot.top + small.size;
        if band.width() > 40.0 {
            let lines = lines_within(reason, &small, band.width() - 4.0, 3);
            let at = ((band.left + band.right) / 2.0, y);
            write_in_free_spot(canvas, taken, &lines, small, &[(at, Anchor::Middle)]);
        } else {
            let spots: Vec<_> = [0.0, 0.3, 0.6]
                .iter()
                .flat_map(|down| {
                    let y = y + down * plane.plot.height();
                    [((band.right + 2.0, y), Anchor::Start), ((band.left - 2.0, y), Anchor::End)]
                })
                .collect();
            let lines = lines_within(reason, &small, (plane.plot.width() * 0.35).max(60.0), 3);
            write_in_free_spot(canvas, taken, &lines, small, &spots);
        }
    }
}

fn shown(points: &[Point], spec: &TimeSeries) -> Vec<Point> {
    points.iter().filter(|point| (spec.from..=spec.until).contains(&point.date)).cloned().collect()
}

fn alt(spec: &TimeSeries) -> String {
    let mut parts = vec![format!(
        "Courbe. {}, {}.",
        words::caption(&spec.title, &spec.unit.name),
        french::date_range(spec.from, spec.until)
    )];
    for series in spec.series.iter().rev() {
        let said = words::series(&series.label, &shown(&series.points, spec), &spec.unit);
        parts.push(french::capital(&said));
    }
    let thresholds: Vec<Threshold> =
        spec.thresholds.iter().filter(|threshold| is_shown(threshold, spec)).cloned().collect();
    parts.push(words::thresholds(&thresholds, &spec.unit));
    parts.push(words::events(&spec.events));
    words::joined(&parts)
}

fn table(spec: &TimeSeries) -> Table {
    let name = |series: &Series| {
        if series.label.is_empty() { french::capital(&spec.unit.name) } else { series.label.clone() }
    };
    let mut columns = vec!["Date".to_owned()];
    columns.extend(spec.series.iter().rev().map(name));
    columns.push("Remarque".to_owned());
    let mut by_day: BTreeMap<Date, Vec<Option<Point>>> = BTreeMap::new();
    for (i, series) in spec.series.iter().rev().enumerate() {
        for point in shown(&series.points, spec) {
            let day = by_day.entry(point.date).or_insert_with(|| vec![None; spec.series.len()]);
            day[i] = Some(point);
        }
    }
    let rows = by_day
        .into_iter()
        .map(|(day, points)| {
            let mut row = vec![french::date_digits(day)];
            let mut remark = String::new();
            for point in &points {
                let (value, provisional) =
                    point.as_ref().map_or((None, false), |point| (point.value, point.provisional));
                row.push(words::cell(value, provisional, &spec.unit));
                if provisional && remark.is_empty() {
                    remark = "* provisoire".to_owned();
                }
                if let Some(reason) = point.as_ref().and_then(|point| point.reason.clone()) {
                    remark = reason;
                }
            }
            row.push(remark);
            row
        })
        .collect();
    Table { caption: words::caption(&spec.title, &spec.unit.name), columns, rows }
}
