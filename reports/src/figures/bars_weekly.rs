//! One bar a week, for sums that a line would make look continuous.

use super::axis::ValueScale;
use super::canvas::{self, Anchor, Area, Canvas, Type};
use super::labels::{self, SideLabel};
use super::spec::{BarsWeekly, Figure, Point, Table, Tone};
use super::time_series::ticks_for;
use super::{style, words};
use crate::french;

/// Draws one bar a week, the value over it where it fits, always over the last one. Weeks without a value are grey
/// with « n. d. », provisional ones hatched.
#[must_use]
pub fn bars_weekly(spec: &BarsWeekly) -> Figure {
    let mut canvas = Canvas::new(spec.size.width_pt, spec.size.height_pt);
    let small = Type::new(style::SIZE_SMALL, style::MUTED);
    let look = style::series(Tone::Main);
    let top = canvas::title(&mut canvas, &spec.title, &spec.unit.name);

    let weeks: Vec<(&Point, Option<f64>)> =
        spec.weeks.iter().map(|week| (week, week.value.filter(|value| value.is_finite()))).collect();
    let known = weeks.iter().filter_map(|(_, value)| *value);
    let limits = spec.thresholds.iter().map(|threshold| threshold.value);
    let values = ValueScale::holding(known.chain(limits), &spec.unit, ticks_for(spec.size.height_pt));
    let mut plot = Area {
        left: values.width(&spec.unit) + 5.0,
        top: top + style::SIZE_LABEL,
        right: spec.size.width_pt,
        bottom: spec.size.height_pt - 3.0 - 2.1 * small.size,
    };
    let wanted = |plot: &Area| -> Vec<SideLabel> {
        let thresholds = spec.thresholds.iter().filter(|threshold| threshold.value.is_finite());
        thresholds
            .map(|threshold| SideLabel {
                at: (plot.right, values.y(threshold.value, plot)),
                text: threshold.label.clone(),
                colour: style::ALERT_TEXT,
                bold: false,
            })
            .collect()
    };
    let side = labels::width(&wanted(&plot), spec.size.width_pt * 0.3);
    plot.right -= side + if side > 0.0 { 5.0 } else { 2.0 };

    values.draw(&mut canvas, &plot, &spec.unit, true);
    let step = plot.width() / weeks.len().max(1) as f64;
    let bar_width = (step * 0.72).min(26.0);
    let zero = values.y(0.0, &plot);
    let value_style = small.anchored(Anchor::Middle);
    for (i, (week, value)) in weeks.iter().enumerate() {
        let x = plot.left + (i as f64 + 0.5) * step;
        let (left, right) = (x - bar_width / 2.0, x + bar_width / 2.0);
        let Some(value) = *value else {
            canvas.rectangle(Area { left, right, ..plot }, style::GAP);
            if value_style.width(french::UNKNOWN) <= step {
                canvas.text((x, zero - 3.0), french::UNKNOWN, value_style);
            }
            continue;
        };
        let y = values.y(value, &plot);
        let bar = Area { left, right, top: y.min(zero), bottom: y.max(zero) };
        if week.provisional {
            canvas.rectangle(bar, style::PAPER);
            canvas.hatch(&[&bar.corners()], look.line, 0.7, 2.6);
            canvas.outline(&bar.corners(), look.line, 0.8);
        } else {
            canvas.rectangle(bar, look.line);
        }
    }
    for threshold in spec.thresholds.iter().filter(|threshold| threshold.value.is_finite()) {
        let y = values.y(threshold.value, &plot);
        canvas.dashes(&[(plot.left, y), (plot.right, y)], style::ALERT, 0.8, 4.0, 2.0);
    }
    print_values(&mut canvas, spec, &weeks, &values, &plot);
    canvas.path(&[(plot.left, zero), (plot.right, zero)], style::AXIS, 0.7);
    draw_weeks(&mut canvas, &weeks, &plot, step, spec.size.width_pt);
    let placed = labels::place(&wanted(&plot), side, plot.top - 4.0, plot.bottom + 4.0);
    labels::draw(&mut canvas, &placed, plot.right + 5.0, &plot);

    if weeks.iter().any(|(week, value)| week.provisional && value.is_some()) {
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

/// Values over their bars: all where they fit, else the last one.
fn print_values(
    canvas: &mut Canvas,
    spec: &BarsWeekly,
    weeks: &[(&Point, Option<f64>)],
    values: &ValueScale,
    plot: &Area,
) {
    let plain = Type::new(style::SIZE_SMALL, style::MUTED).anchored(Anchor::Middle);
    let strong = Type { colour: style::series(Tone::Main).text, ..plain.bold() };
    let step = plot.width() / weeks.len().max(1) as f64;
    let print = |week: &Point, value: f64| words::cell(Some(value), week.provisional, &spec.unit);
    let known = weeks.iter().filter_map(|(week, value)| value.map(|value| print(week, value)));
    let widest = known.map(|printed| strong.width(&printed)).fold(0.0, f64::max);
    for (i, (week, value)) in weeks.iter().enumerate() {
        let is_last = i + 1 == weeks.len();
        let Some(value) = value.filter(|_| is_last || widest + 2.0 <= step) else { continue };
        let style = if is_last { strong } else { plain };
        let printed = print(week, value);
        let half = style.width(&printed) / 2.0;
        // A wide number over a narrow last bar leans inwards.
        let x = (plot.left + (i as f64 + 0.5) * step).min(spec.size.width_pt - half).max(half);
        let y = values.y(value, plot) + if value < 0.0 { style.size } else { -2.5 };
        let area = style.area((x, y), &printed);
        if canvas.is_free(&area) {
            // Lines stop at the number.
            canvas.rectangle(Area { bottom: area.bottom - 1.0, ..area }, style::PAPER);
            canvas.text((x, y), &printed, style);
        }
    }
}

/// Numbers of the weeks, as many as fit counting back from the last one, and the month under the first of each.
fn draw_weeks(canvas: &mut Canvas, weeks: &[(&Point, Option<f64>)], plot: &Area, step: f64, right_edge: f64) {
    let small = Type::new(style::SIZE_SMALL, style::MUTED).anchored(Anchor::Middle);
    let every = ((small.width("S53") + 3.0) / step).ceil().max(1.0) as usize;
    let y = plot.bottom + 3.0 + small.size * 0.75;
    let mut month = None;
    let mut right = f64::NEG_INFINITY;
    for (i, (week, _)) in weeks.iter().enumerate() {
        let x = plot.left + (i as f64 + 0.5) * step;
        if (weeks.len() - 1 - i).is_multiple_of(every) {
            let words = french::week_short(week.date);
            canvas.text((x.min(right_edge - small.width(&words) / 2.0), y), &words, small);
        }
        let this = (week.date.year(), week.date.month());
        if month != Some(this) {
            let first = month.is_none() || week.date.month() == 1;
            let mut words = french::month_short(week.date).to_owned();
            if first {
                words = format!("{words} {}", week.date.year());
            }
            let start = Type { anchor: Anchor::Start, ..small };
            let at = (x - step * 0.36, y + small.size * 1.1);
            let area = start.area(at, &words);
            if area.left > right + 3.0 && area.right <= plot.right + 4.0 {
                canvas.text(at, &words, start);
                right = area.right;
            }
            month = Some(this);
        }
    }
}

fn alt(spec: &BarsWeekly) -> String {
    let mut parts = vec![format!("Barres par semaine. {}.", words::caption(&spec.title, &spec.unit.name))];
    parts.push(french::capital(&words::series("", &spec.weeks, &spec.unit, true)));
    parts.push(words::thresholds(&spec.thresholds, &spec.unit));
    words::joined(&parts)
}

fn table(spec: &BarsWeekly) -> Table {
    let columns = vec!["Semaine".to_owned(), french::capital(&spec.unit.name), "Remarque".to_owned()];
    let rows = spec
        .weeks
        .iter()
        .map(|week| {
            let remark = match (&week.reason, week.provisional) {
                (Some(reason), _) => reason.clone(),
                (None, true) => "* provisoire".to_owned(),
                (None, false) => String::new(),
            };
            vec![french::week(week.date), words::cell(week.value, week.provisional, &spec.unit), remark]
        })
        .collect();
    Table { caption: words::caption(&spec.title, &spec.unit.name), columns, rows }
}
