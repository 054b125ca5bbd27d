//! Places ranked by value: one row a place, a dot on a common scale, the value in figures.

use super::axis::ValueScale;
use super::canvas::{self, Anchor, Area, Canvas, Type, fit};
use super::lines::ring_mark;
use super::spec::{Figure, Format, RankedDots, RankedRow, Table, Threshold, Tone, Unit};
use super::{style, words};
use crate::french;

const ROW: f64 = 12.0;
const HEAD: f64 = 9.0;
const CHANGE: &str = "en 1 sem.";

/// Draws places ranked by value, the greatest first, those without a value last with their reason. A hollow dot shows
/// the week before; a dot at or over the last threshold passed is vermilion and larger.
#[must_use]
pub fn ranked_dots(spec: &RankedDots) -> Figure {
    let rows = ranked(&spec.rows);
    let label_style = Type::new(style::SIZE_LABEL, style::INK);
    let small = Type::new(style::SIZE_SMALL, style::MUTED);
    let has_previous = rows.iter().any(|row| row.value.is_some() && row.previous.is_some());
    let head_rows = head_rows(spec);
    let title_height = {
        let mut probe = Canvas::new(spec.width_pt, 1000.0);
        canvas::title(&mut probe, &spec.title, &spec.unit.name)
    };
    let head = HEAD * (head_rows.max(1) as f64);
    let height = title_height + head + ROW * rows.len() as f64 + 3.0;
    let mut canvas = Canvas::new(spec.width_pt, height);
    canvas::title(&mut canvas, &spec.title, &spec.unit.name);

    let limits = spec.thresholds.iter().map(|threshold| threshold.value);
    let shown = rows.iter().flat_map(|row| [row.value, row.previous]).flatten();
    let scale = ValueScale::holding(shown.chain(limits), &spec.unit, 4);
    let widest =
        |texts: Vec<String>, style: &Type| texts.iter().map(|text| style.width(text)).fold(0.0, f64::max);
    let bold = label_style.bold();
    let names = widest(rows.iter().map(|row| row.label.clone()).collect(), &bold).min(spec.width_pt * 0.35);
    let value_width = widest(rows.iter().map(|row| printed(row, &spec.unit)).collect(), &bold);
    let change_width = if has_previous {
        widest(rows.iter().map(|row| change(row, &spec.unit)).collect(), &label_style)
            .max(small.width(CHANGE))
            + 8.0
    } else {
        0.0
    };
    let plot = Area {
        left: names + 8.0,
        right: spec.width_pt - value_width - change_width - 8.0,
        top: title_height + head,
        bottom: height - 3.0,
    };
    if has_previous {
        canvas.text((spec.width_pt, plot.top - 3.0), CHANGE, small.anchored(Anchor::End));
        // What hollow dots are.
        ring_mark(&mut canvas, (2.5, plot.top - 5.5), 2.3, style::series(Tone::Context));
        canvas.text((7.0, plot.top - 3.0), &fit("une semaine avant", &small, names), small);
    }
    for i in 0..=rows.len() {
        let y = plot.top + ROW * i as f64;
        canvas.path(&[(0.0, y), (spec.width_pt, y)], style::GRID, style::LINE_HAIR);
    }
    let zero = scale.x(0.0, &plot);
    canvas.path(&[(zero, plot.top), (zero, plot.bottom)], style::AXIS, 0.6);
    draw_thresholds(&mut canvas, spec, &scale, &plot, spec.width_pt - change_width);
    for (i, row) in rows.iter().enumerate() {
        let y = plot.top + ROW * (i as f64 + 0.5);
        let text = if row.strong { bold } else { label_style };
        let baseline = y + text.size * 0.33;
        canvas.text((0.0, baseline), &fit(&row.label, &text, names), text);
        let Some(value) = row.value else {
            let reason = row.reason.as_deref().unwrap_or("sans donnée");
            let muted = Type::new(style::SIZE_SMALL, style::MUTED);
            let room = plot.width() - 6.0;
            let reason = fit(reason, &muted, room);
            let area = Area {
                left: zero + 3.0,
                right: zero + 5.0 + muted.width(&reason),
                top: y - 4.5,
                bottom: y + 4.5,
            };
            canvas.rectangle(area, style::PAPER);
            canvas.text((zero + 4.0, baseline), &reason, muted);
            let value_style = label_style.anchored(Anchor::End);
            canvas.text((spec.width_pt - change_width, baseline), french::UNKNOWN, value_style);
            continue;
        };
        draw_dot(&mut canvas, row, value, spec, &scale, &plot, y);
        let right = spec.width_pt - change_width;
        canvas.text((right, baseline), &printed(row, &spec.unit), text.anchored(Anchor::End));
        canvas.text(
            (spec.width_pt, baseline),
            &change(row, &spec.unit),
            Type { colour: style::MUTED, ..label_style }.anchored(Anchor::End),
        );
    }
    if rows.iter().any(|row| row.provisional && row.value.is_some()) {
        canvas.provisional_note();
    }
    Figure {
        svg: canvas.into_svg(),
        width_pt: spec.width_pt,
        height_pt: height,
        alt: alt(spec, &rows),
        table: table(spec, &rows),
    }
}

fn ranked(rows: &[RankedRow]) -> Vec<RankedRow> {
    let mut rows: Vec<RankedRow> = rows.to_vec();
    for row in &mut rows {
        row.value = row.value.filter(|value| value.is_finite());
        row.previous = row.previous.filter(|value| value.is_finite());
    }
    rows.sort_by(|a, b| {
        let by_value = b.value.unwrap_or(f64::NEG_INFINITY).total_cmp(&a.value.unwrap_or(f64::NEG_INFINITY));
        by_value.then_with(|| a.label.cmp(&b.label))
    });
    rows
}

fn printed(row: &RankedRow, unit: &Unit) -> String {
    words::cell(row.value, row.provisional, unit)
}

/// The change on the week before, as printed: in points for shares.
fn change(row: &RankedRow, unit: &Unit) -> String {
    match (row.value, row.previous) {
        (Some(value), Some(previous)) => match unit.format {
            Format::Count => french::signed(value - previous, 0),
            Format::Decimal(decimals) => french::signed(value - previous, decimals),
            Format::Share(decimals) => {
                format!("{}{}pt", french::signed((value - previous) * 100.0, decimals), french::NARROW)
            }
        },
        _ => String::new(),
    }
}

/// Greatest threshold at or under a value.
fn passed(value: f64, thresholds: &[Threshold]) -> bool {
    thresholds.iter().any(|threshold| value >= threshold.value)
}

fn draw_dot(
    canvas: &mut Canvas,
    row: &RankedRow,
    value: f64,
    spec: &RankedDots,
    scale: &ValueScale,
    plot: &Area,
    y: f64,
) {
    let look = style::series(if passed(value, &spec.thresholds) { Tone::Second } else { Tone::Main });
    let radius = if passed(value, &spec.thresholds) { 3.6 } else { 3.0 };
    let x = scale.x(value, plot);
    if let Some(previous) = row.previous {
        let before = scale.x(previous, plot);
        canvas.path(&[(before, y), (x, y)], style::HATCH, 0.9);
        ring_mark(canvas, (before, y), 2.3, style::series(Tone::Context));
    }
    if row.provisional {
        ring_mark(canvas, (x, y), radius, look);
        canvas.disc((x, y), radius - 1.8, look.line);
    } else {
        canvas.disc((x, y), radius, look.line);
    }
}

/// Rows that the words of thresholds take over the plot: one each, so that they never meet.
fn head_rows(spec: &RankedDots) -> usize {
    spec.thresholds.iter().filter(|threshold| threshold.value.is_finite()).count()
}

fn draw_thresholds(canvas: &mut Canvas, spec: &RankedDots, scale: &ValueScale, plot: &Area, right: f64) {
    let small = Type::new(style::SIZE_SMALL, style::ALERT_TEXT);
    let mut thresholds: Vec<&Threshold> =
        spec.thresholds.iter().filter(|threshold| threshold.value.is_finite()).collect();
    // The greatest nearest the plot: the lines of the others then pass at the left of its words.
    thresholds.sort_by(|a, b| b.value.total_cmp(&a.value));
    for (row, threshold) in thresholds.iter().enumerate() {
        let x = scale.x(threshold.value, plot);
        let baseline = plot.top - 3.0 - HEAD * row as f64;
        canvas.dashes(&[(x, plot.bottom), (x, baseline - small.size * 0.7)], style::ALERT, 0.8, 4.0, 2.0);
        let text = fit(&threshold.label, &small, plot.width());
        let fits_right = x + 3.0 + small.width(&text) <= right;
        let (at, anchor) = if fits_right { (x + 3.0, Anchor::Start) } else { (x - 3.0, Anchor::End) };
        canvas.text((at, baseline), &text, small.anchored(anchor));
    }
}

fn alt(spec: &RankedDots, rows: &[RankedRow]) -> String {
    let mut parts = vec![format!("Classement. {}.", words::caption(&spec.title, &spec.unit.name))];
    let known: Vec<String> = rows
        .iter()
        .filter_map(|row| {
            row.value.map(|value| {
                let provisional = if row.provisional { " (provisoire)" } else { "" };
                format!("{} {}{provisional}", row.label, spec.unit.print(value))
            })
        })
        .collect();
    if !known.is_empty() {
        parts.push(format!("Du plus élevé au plus bas : {}.", known.join(" ; ")));
    }
    let unknown: Vec<&str> =
        rows.iter().filter(|row| row.value.is_none()).map(|row| row.label.as_str()).collect();
    if !unknown.is_empty() {
        parts.push(format!("Sans valeur : {}.", french::list(&unknown)));
    }
    parts.push(words::thresholds(&spec.thresholds, &spec.unit));
    words::joined(&parts)
}

fn table(spec: &RankedDots, rows: &[RankedRow]) -> Table {
    let columns =
        ["Territoire", "Valeur", "Semaine précédente", "Évolution", "Remarque"].map(str::to_owned).to_vec();
    let cells = rows
        .iter()
        .map(|row| {
            let remark = match (&row.reason, row.provisional) {
                (Some(reason), _) => reason.clone(),
                (None, true) => "* provisoire".to_owned(),
                (None, false) => String::new(),
            };
            vec![
                row.label.clone(),
                printed(row, &spec.unit),
                words::cell(row.previous, false, &spec.unit),
                change(row, &spec.unit),
                remark,
            ]
        })
        .collect();
    Table { caption: words::caption(&spec.title, &spec.unit.name), columns, rows: cells }
}
