//! Stocks in days of cover: how long each product lasts at the pace of the last week.

use super::axis::ValueScale;
use super::canvas::{self, Anchor, Area, Canvas, Type, fit};
use super::spec::{CoverRow, DaysOfCover, Figure, Table, Tone, Unit};
use super::{style, words};
use crate::french;

const ROW: f64 = 17.0;
const HEAD: f64 = 10.0;

/// Draws one bar a product, its days and a word for what they mean (« critique », « bas ») beside it. Critical bars
/// are vermilion and hatched, low ones vermilion, others blue.
#[must_use]
pub fn days_of_cover(spec: &DaysOfCover) -> Figure {
    let unit = Unit::decimal("jours de couverture", 1);
    let title_height = {
        let mut probe = Canvas::new(spec.width_pt, 1000.0);
        canvas::title(&mut probe, &spec.title, &unit.name)
    };
    let height = title_height + HEAD + ROW * spec.rows.len() as f64 + 2.0;
    let mut canvas = Canvas::new(spec.width_pt, height);
    canvas::title(&mut canvas, &spec.title, &unit.name);

    let label = Type::new(style::SIZE_LABEL, style::INK);
    let names =
        spec.rows.iter().map(|row| label.width(&row.label)).fold(0.0, f64::max).min(spec.width_pt * 0.35);
    let said = spec.rows.iter().map(|row| label.bold().width(&said(row, spec))).fold(0.0, f64::max);
    let plot = Area {
        left: names + 8.0,
        right: (spec.width_pt - said.min(spec.width_pt * 0.35) - 6.0).max(names + 60.0),
        top: title_height + HEAD,
        bottom: height - 2.0,
    };
    let known = spec.rows.iter().filter_map(days);
    let scale = ValueScale::holding(known.chain([spec.low * 1.5]), &unit, 4);
    let small = Type::new(style::SIZE_SMALL, style::ALERT_TEXT);
    for (limit, name) in [(spec.critical, "critique"), (spec.low, "bas")] {
        let x = scale.x(limit, &plot);
        let words = format!("< {} j : {name}", french::number(limit, 0));
        let words = french::typography(&words);
        // Each on its own side of the line, so that they never meet.
        let (at, anchor) = if limit == spec.low { (x + 2.0, Anchor::Start) } else { (x - 2.0, Anchor::End) };
        let style = small.anchored(anchor);
        if canvas.is_free(&style.area((at, plot.top - 3.0), &words)) {
            canvas.text((at, plot.top - 3.0), &words, style);
        }
    }
    for limit in [spec.critical, spec.low] {
        let x = scale.x(limit, &plot);
        canvas.dashes(&[(x, plot.bottom), (x, plot.top)], style::ALERT, 0.8, 3.0, 1.5);
    }
    for (i, row) in spec.rows.iter().enumerate() {
        let y = plot.top + ROW * (i as f64 + 0.5);
        let baseline = y + label.size * 0.33;
        canvas.text((0.0, baseline), &fit(&row.label, &label, names), label);
        let Some(days) = days(row) else {
            let muted = Type { colour: style::MUTED, ..label };
            let text = fit(&said_missing(row), &muted, spec.width_pt - plot.left - 4.0);
            let at = (plot.left + 3.0, baseline);
            // Lines give way to words.
            canvas.rectangle(muted.area(at, &text).grown(1.5), style::PAPER);
            canvas.text(at, &text, muted);
            continue;
        };
        let bar = Area { left: plot.left, right: scale.x(days, &plot), top: y - 4.8, bottom: y + 4.8 };
        let is_short = days < spec.low;
        let look = style::series(if is_short { Tone::Second } else { Tone::Main });
        if days < spec.critical {
            canvas.rectangle(bar, look.area);
            canvas.hatch(&[&bar.corners()], look.line, 0.9, 2.8);
            canvas.outline(&bar.corners(), look.line, 0.8);
        } else {
            canvas.rectangle(bar, look.line);
        }
        let text = Type { colour: look.text, ..label.bold() };
        let room = spec.width_pt - bar.right - 4.0;
        let words = fit(&said_value(days, spec), &text, room);
        let at = (bar.right + 4.0, baseline);
        canvas.rectangle(text.area(at, &words).grown(1.0), style::PAPER);
        canvas.text(at, &words, text);
    }
    canvas.path(&[(plot.left, plot.top), (plot.left, plot.bottom)], style::AXIS, 0.7);
    Figure {
        svg: canvas.into_svg(),
        width_pt: spec.width_pt,
        height_pt: height,
        alt: alt(spec),
        table: table(spec),
    }
}

fn days(row: &CoverRow) -> Option<f64> {
    row.days.filter(|days| days.is_finite() && *days >= 0.0)
}

fn state(days: f64, spec: &DaysOfCover) -> &'static str {
    if days < spec.critical {
        "critique"
    } else if days < spec.low {
        "bas"
    } else {
        ""
    }
}

fn said_value(days: f64, spec: &DaysOfCover) -> String {
    let counted = french::counted(days, 1, "jour", "jours");
    match state(days, spec) {
        "" => counted,
        state => format!("{counted}, {state}"),
    }
}

fn said_missing(row: &CoverRow) -> String {
    row.reason.clone().unwrap_or_else(|| "sans donnée".to_owned())
}

fn said(row: &CoverRow, spec: &DaysOfCover) -> String {
    days(row).map_or_else(String::new, |days| said_value(days, spec))
}

fn alt(spec: &DaysOfCover) -> String {
    let rows: Vec<String> = spec
        .rows
        .iter()
        .map(|row| match days(row) {
            Some(days) => format!("{} : {}", row.label, said_value(days, spec)),
            None => format!("{} : sans valeur ({})", row.label, said_missing(row).trim_end_matches('.')),
        })
        .collect();
    words::joined(&[
        format!("Barres. {}.", words::caption(&spec.title, "jours de couverture")),
        format!("{}.", rows.join(" ; ")),
        format!(
            "Un stock est bas sous {}, critique sous {}.",
            french::counted(spec.low, 0, "jour", "jours"),
            french::counted(spec.critical, 0, "jour", "jours")
        ),
    ])
}

fn table(spec: &DaysOfCover) -> Table {
    let columns = ["Produit", "Jours de couverture", "État"].map(str::to_owned).to_vec();
    let rows = spec
        .rows
        .iter()
        .map(|row| match days(row) {
            Some(days) => {
                vec![row.label.clone(), french::number(days, 1), french::capital(state(days, spec))]
            }
            None => vec![row.label.clone(), french::UNKNOWN.to_owned(), said_missing(row)],
        })
        .collect();
    Table { caption: words::caption(&spec.title, "jours de couverture"), columns, rows }
}
