//! Two moments side by side: one line a measure from the week before to this one, named where it ends.

use super::axis::ValueScale;
use super::canvas::{self, Anchor, Area, Canvas, Type};
use super::labels::{self, SideLabel};
use super::spec::{Figure, Slope, SlopeRow, Table, Threshold, Tone};
use super::{style, words};

/// Room of the values at the left of the lines.
const LEFT: f64 = 40.0;
/// Share of the width that names may take.
const NAMES: f64 = 0.62;
const FOOT: f64 = 12.0;

/// Draws one line a measure, its values at both ends and its name at the right. A measure without one of its values is
/// named with what it lacks, and draws no line.
#[must_use]
pub fn slope(spec: &Slope) -> Figure {
    let (width, height) = (spec.size.width_pt, spec.size.height_pt);
    let mut canvas = Canvas::new(width, height);
    let top = canvas::title(&mut canvas, &spec.title, &spec.unit.name) + 6.0;
    let limits = spec.thresholds.iter().map(|threshold| threshold.value);
    let known = spec.rows.iter().flat_map(|row| [row.before, row.now]).flatten().filter(|v| v.is_finite());
    let scale = ValueScale::holding(known.chain(limits), &spec.unit, 4);
    let names: Vec<String> = spec.rows.iter().map(|row| said(row, spec)).collect();
    let small = Type::new(style::SIZE_SMALL, style::MUTED);
    let label = Type::new(style::SIZE_LABEL, style::INK);
    let widest = names.iter().map(|name| label.bold().width(name)).fold(0.0, f64::max).min(width * NAMES);
    let plot = Area { left: LEFT, right: width - widest - 8.0, top, bottom: height - FOOT };

    for Threshold { value, label: words, .. } in &spec.thresholds {
        let y = scale.y(*value, &plot);
        canvas.dashes(&[(plot.left, y), (plot.right, y)], style::ALERT, 0.8, 3.0, 1.5);
        let note = Type::new(style::SIZE_SMALL, style::ALERT_TEXT);
        let at = (plot.left + 3.0, y - 2.5);
        if note.width(words) < plot.width() - 6.0 && canvas.is_free(&note.area(at, words)) {
            canvas.text(at, words, note);
        }
    }
    for (x, head) in [(plot.left, &spec.from), (plot.right, &spec.until)] {
        canvas.path(&[(x, plot.top), (x, plot.bottom)], style::GRID, 0.6);
        let anchor = Type { anchor: Anchor::Middle, ..small };
        let half = anchor.width(head) / 2.0;
        canvas.text((x.clamp(half, width - half), height - 3.0), head, anchor);
    }
    let (mut starts, mut ends) = (Vec::new(), Vec::new());
    for (row, name) in spec.rows.iter().zip(&names) {
        let look = style::series(row.tone);
        let y = |value: f64| scale.y(value, &plot);
        let bold = row.tone == Tone::Main;
        if let Some(before) = finite(row.before) {
            let text = spec.unit.print(before);
            starts.push(SideLabel { at: (plot.left, y(before)), text, colour: look.text, bold: false });
        }
        if let Some(now) = finite(row.now) {
            ends.push(SideLabel { at: (plot.right, y(now)), text: name.clone(), colour: look.text, bold });
            canvas.disc((plot.right, y(now)), 2.2, look.line);
        }
        if let (Some(before), Some(now)) = (finite(row.before), finite(row.now)) {
            canvas.path(&[(plot.left, y(before)), (plot.right, y(now))], look.line, look.width);
            canvas.disc((plot.left, y(before)), 2.2, look.line);
        }
    }
    let placed = labels::place(&ends, widest, plot.top - 4.0, plot.bottom + 4.0);
    labels::draw(&mut canvas, &placed, plot.right + 6.0, &plot);
    let placed = labels::place(&starts, LEFT - 6.0, plot.top - 4.0, plot.bottom + 4.0);
    for item in &placed {
        let baseline = item.top + style::SIZE_LABEL * 0.83;
        let text = Type { anchor: Anchor::End, ..Type::new(style::SIZE_LABEL, item.label.colour) };
        canvas.text((plot.left - 5.0, baseline), &item.label.text, text);
    }
    Figure { svg: canvas.into_svg(), width_pt: width, height_pt: height, alt: alt(spec), table: table(spec) }
}

fn finite(value: Option<f64>) -> Option<f64> {
    value.filter(|value| value.is_finite())
}

/// `34,5 % lits installés (SAE)`.
fn said(row: &SlopeRow, spec: &Slope) -> String {
    match finite(row.now) {
        Some(now) => {
            let mark = if row.provisional { "*" } else { "" };
            format!("{}{mark} {}", spec.unit.print(now), row.label)
        }
        None => format!("{} : sans valeur", row.label),
    }
}

fn alt(spec: &Slope) -> String {
    let print =
        |value: Option<f64>| finite(value).map_or_else(|| "sans valeur".to_owned(), |v| spec.unit.print(v));
    let rows: Vec<String> = spec
        .rows
        .iter()
        .map(|row| {
            format!("{} : {} {}, {} {}", row.label, spec.from, print(row.before), spec.until, print(row.now))
        })
        .collect();
    let limits = words::thresholds(&spec.thresholds, &spec.unit);
    let caption = words::caption(&spec.title, &spec.unit.name);
    format!("{caption}. {}. {limits}", rows.join(" ; ")).trim_end().to_owned()
}

fn table(spec: &Slope) -> Table {
    Table {
        caption: words::caption(&spec.title, &spec.unit.name),
        columns: vec!["Mesure".to_owned(), spec.from.clone(), spec.until.clone()],
        rows: spec
            .rows
            .iter()
            .map(|row| {
                vec![
                    row.label.clone(),
                    words::cell(row.before, false, &spec.unit),
                    words::cell(row.now, row.provisional, &spec.unit),
                ]
            })
            .collect(),
    }
}
