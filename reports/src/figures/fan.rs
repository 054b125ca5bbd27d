//! A fan: what is known of a series, then the ranges a forecast gives for the days to come.

use super::axis::{DayScale, ValueScale};
use super::canvas::{self, Area, Canvas, Type, Xy};
use super::labels::{self, SideLabel};
use super::lines::{self, Plane};
use super::spec::{Fan, FanDay, Figure, Series, Shape, Table, Tone};
use super::time_series::{draw_threshold, last_known, ticks_for};
use super::{style, words};
use crate::french;

/// Draws what is known as a line, then the ranges of 8 and of 5 chances in 10 as bands, the wide one with its outline, and
/// the median as dashes. The last day's median and wide range are printed beside their ends; a line parts what is known
/// from what is not. The scale starts at zero.
#[must_use]
pub fn fan(spec: &Fan) -> Figure {
    let (width, height) = (spec.size.width_pt, spec.size.height_pt);
    let mut canvas = Canvas::new(width, height);
    let top = canvas::title(&mut canvas, &spec.title, &spec.unit.name);
    let until = spec.ahead.last().map_or(spec.reference, |last| last.date);
    let days = DayScale::new(spec.from, until);
    let known = spec.known.iter().filter(|point| days.holds(point.date)).filter_map(|point| point.value);
    let limits = spec.thresholds.iter().map(|threshold| threshold.value);
    let shown = known.chain(limits).chain(spec.ahead.iter().map(|day| day.range_80.1));
    let values = ValueScale::holding(shown, &spec.unit, ticks_for(height));

    let mut plot = Area {
        left: values.width(&spec.unit) + 5.0,
        top: top + 4.0,
        right: width,
        bottom: height - days.height(),
    };
    let wanted = |plot: &Area| side_labels(spec, &Plane { plot, days: &days, values: &values });
    let side = labels::width(&wanted(&plot), width * 0.32);
    plot.right -= side + 5.0;
    let plane = Plane { plot: &plot, days: &days, values: &values };

    values.draw(&mut canvas, &plot, &spec.unit, true);
    let look = style::series(Tone::Main);
    let edge = |of: &dyn Fn(&FanDay) -> f64| -> Vec<Xy> {
        spec.ahead.iter().map(|day| plane.at(day.date, of(day))).collect()
    };
    let series =
        Series { label: String::new(), points: spec.known.clone(), tone: Tone::Main, shape: Shape::Line };
    // The fan opens from the last known value.
    let start = last_known(&series, &days).map(|(point, value)| plane.at(point.date, value));
    let band = |low: Vec<Xy>, high: Vec<Xy>| -> Vec<Xy> {
        start.into_iter().chain(high).chain(low.into_iter().rev()).collect()
    };
    let (low, high) = (edge(&|day| day.range_80.0), edge(&|day| day.range_80.1));
    canvas.polygon(&band(low.clone(), high.clone()), look.area);
    canvas.polygon(&band(edge(&|day| day.range_50.0), edge(&|day| day.range_50.1)), style::FAN);
    for line in [low, high] {
        canvas.path(&start.into_iter().chain(line).collect::<Vec<Xy>>(), look.line, 0.6);
    }
    for threshold in &spec.thresholds {
        draw_threshold(&mut canvas, threshold, &plane);
    }
    let x = days.right(spec.reference, &plot);
    canvas.dashes(&[(x, plot.top), (x, plot.bottom)], style::AXIS, 0.6, 1.5, 1.5);
    lines::draw_line(&mut canvas, &plane, &series);
    let median: Vec<Xy> = start.into_iter().chain(edge(&|day| day.median)).collect();
    canvas.dashes(&median, look.line, look.width, 4.0, 2.5);
    values.draw_zero(&mut canvas, &plot);
    days.draw(&mut canvas, &plot);

    let placed = labels::place(&wanted(&plot), side, plot.top - 4.0, plot.bottom + 4.0);
    labels::draw(&mut canvas, &placed, plot.right + 5.0, &plot);
    note(&mut canvas, spec, &plane);

    Figure { svg: canvas.into_svg(), width_pt: width, height_pt: height, alt: alt(spec), table: table(spec) }
}

/// Says on which side the forecast is, over or under the fan, where nothing else is.
fn note(canvas: &mut Canvas, spec: &Fan, plane: &Plane<'_>) {
    const NOTE: &str = "prévision";
    let plot = plane.plot;
    let small = Type::new(style::SIZE_SMALL, style::MUTED);
    let left = plane.days.right(spec.reference, plot) + 3.0;
    for baseline in [plot.top + style::SIZE_SMALL, plot.bottom - 3.0] {
        let area = small.area((left, baseline), NOTE).grown(1.0);
        let is_crossed = |value: f64| (area.top..=area.bottom).contains(&plane.values.y(value, plot));
        let under_the_fan =
            spec.ahead.iter().filter(|day| plane.days.x(day.date, plot) <= area.right).any(|day| {
                let (low, high) = day.range_80;
                plane.values.y(high, plot) <= area.bottom && plane.values.y(low, plot) >= area.top
            });
        let is_hidden = spec.thresholds.iter().any(|threshold| is_crossed(threshold.value)) || under_the_fan;
        if area.right < plot.right && !is_hidden && canvas.is_free(&area) {
            canvas.text((left, baseline), NOTE, small);
            return;
        }
    }
}

fn side_labels(spec: &Fan, plane: &Plane<'_>) -> Vec<SideLabel> {
    let Some(last) = spec.ahead.last() else { return Vec::new() };
    let look = style::series(Tone::Main);
    let label = |value: f64, bold: bool| SideLabel {
        at: plane.at(last.date, value),
        text: spec.unit.print(value),
        colour: look.text,
        bold,
    };
    let mut wanted =
        vec![label(last.median, true), label(last.range_80.1, false), label(last.range_80.0, false)];
    wanted.extend(spec.thresholds.iter().map(|threshold| SideLabel {
        at: (plane.plot.right, plane.values.y(threshold.value, plane.plot)),
        text: threshold.label.clone(),
        colour: style::ALERT_TEXT,
        bold: false,
    }));
    wanted
}

fn alt(spec: &Fan) -> String {
    let mut parts = vec![format!(
        "Courbe et prévision. {}, à partir du {}.",
        words::caption(&spec.title, &spec.unit.name),
        french::date(spec.from)
    )];
    parts.push(french::capital(&words::series("", &spec.known, &spec.unit)));
    if let Some(last) = spec.ahead.last() {
        parts.push(format!(
            "Prévision pour le {} : médiane {}, entre {} et {} avec 8 chances sur 10, entre {} et {} avec 5 chances sur 10.",
            french::date(last.date),
            spec.unit.print(last.median),
            spec.unit.print(last.range_80.0),
            spec.unit.print(last.range_80.1),
            spec.unit.print(last.range_50.0),
            spec.unit.print(last.range_50.1),
        ));
    }
    parts.push(words::thresholds(&spec.thresholds, &spec.unit));
    words::joined(&parts)
}

fn table(spec: &Fan) -> Table {
    let columns = [
        "Date",
        "Connu",
        "Bas, 8 sur 10",
        "Bas, 5 sur 10",
        "Médiane",
        "Haut, 5 sur 10",
        "Haut, 8 sur 10",
        "Remarque",
    ];
    let known = spec.known.iter().filter(|point| point.date >= spec.from).map(|point| {
        let mut row =
            vec![french::date_digits(point.date), words::cell(point.value, point.provisional, &spec.unit)];
        row.extend(std::iter::repeat_n(String::new(), 5));
        let provisional = if point.provisional { "* provisoire" } else { "" };
        row.push(point.reason.clone().unwrap_or_else(|| provisional.to_owned()));
        row
    });
    let ahead = spec.ahead.iter().map(|day| {
        let mut row = vec![french::date_digits(day.date), String::new()];
        let values = [day.range_80.0, day.range_50.0, day.median, day.range_50.1, day.range_80.1];
        row.extend(values.map(|value| spec.unit.print(value)));
        row.push("prévision".to_owned());
        row
    });
    Table {
        caption: words::caption(&spec.title, &spec.unit.name),
        columns: columns.map(String::from).to_vec(),
        rows: known.chain(ahead).collect(),
    }
}
