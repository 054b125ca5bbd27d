//! Levels by week and place: one row a place, one cell a week, a mark in each so that colour is never alone.

use super::canvas::{self, Anchor, Area, Canvas, Type, fit};
use super::legend;
use super::spec::{Figure, HeatStrip, Level, Table};
use super::{style, words};
use crate::french;

const ROW: f64 = 12.5;
const HEAD: f64 = 19.0;

/// Draws levels by week and place. A cell carries the mark of its level; one that could not be judged is hatched.
#[must_use]
pub fn heat_strip(spec: &HeatStrip) -> Figure {
    let title_height = {
        let mut probe = Canvas::new(spec.width_pt, 1000.0);
        canvas::title(&mut probe, &spec.title, "")
    };
    let has_missing =
        spec.rows.iter().any(|row| (0..spec.weeks.len()).any(|i| rank(row.cells.get(i), spec).is_none()));
    let legend = legend::Legend::of_levels(&spec.levels, has_missing);
    let legend_height = legend.height(spec.width_pt);
    let height = title_height + HEAD + ROW * spec.rows.len() as f64 + 6.0 + legend_height;
    let mut canvas = Canvas::new(spec.width_pt, height);
    canvas::title(&mut canvas, &spec.title, "");

    let label = Type::new(style::SIZE_LABEL, style::INK);
    let names =
        spec.rows.iter().map(|row| label.width(&row.label)).fold(0.0, f64::max).min(spec.width_pt * 0.35);
    let plot = Area {
        left: names + 6.0,
        right: spec.width_pt,
        top: title_height + HEAD,
        bottom: title_height + HEAD + ROW * spec.rows.len() as f64,
    };
    let step = (plot.width() / spec.weeks.len().max(1) as f64).min(34.0);
    draw_weeks(&mut canvas, spec, &plot, step);
    for (i, row) in spec.rows.iter().enumerate() {
        let top = plot.top + ROW * i as f64;
        canvas.text((0.0, top + ROW / 2.0 + label.size * 0.33), &fit(&row.label, &label, names), label);
        for week in 0..spec.weeks.len() {
            let left = plot.left + step * week as f64;
            let cell = Area { left, right: left + step, top, bottom: top + ROW };
            draw_cell(&mut canvas, cell, rank(row.cells.get(week), spec), &spec.levels);
        }
    }
    legend.draw(&mut canvas, (0.0, plot.bottom + 6.0), spec.width_pt);
    Figure {
        svg: canvas.into_svg(),
        width_pt: spec.width_pt,
        height_pt: height,
        alt: alt(spec),
        table: table(spec),
    }
}

/// The rank of a cell when it is one of the levels.
fn rank(cell: Option<&super::spec::HeatCell>, spec: &HeatStrip) -> Option<u8> {
    cell.and_then(|cell| cell.rank).filter(|rank| usize::from(*rank) < spec.levels.len())
}

/// What is printed in the cells of a level.
pub(crate) fn mark(levels: &[Level], rank: u8) -> String {
    match levels.get(usize::from(rank)) {
        Some(level) if !level.mark.is_empty() => level.mark.clone(),
        _ => rank.to_string(),
    }
}

fn draw_cell(canvas: &mut Canvas, cell: Area, rank: Option<u8>, levels: &[Level]) {
    let Some(rank) = rank else {
        canvas.rectangle(cell, style::PAPER);
        canvas.hatch(&[&cell.corners()], style::HATCH, 0.5, 3.0);
        canvas.outline(&cell.corners(), style::PAPER, 0.8);
        return;
    };
    let fill = style::level(rank, levels.len());
    canvas.rectangle(cell, fill);
    canvas.outline(&cell.corners(), style::PAPER, 0.8);
    let text = Type::new(style::SIZE_SMALL, style::text_on(fill)).anchored(Anchor::Middle);
    let printed = mark(levels, rank);
    if text.width(&printed) <= cell.width() {
        let at = ((cell.left + cell.right) / 2.0, (cell.top + cell.bottom) / 2.0 + text.size * 0.33);
        canvas.text(at, &printed, text);
    }
}

/// Numbers of weeks over the cells, months over them.
fn draw_weeks(canvas: &mut Canvas, spec: &HeatStrip, plot: &Area, step: f64) {
    let small = Type::new(style::SIZE_SMALL, style::MUTED);
    let every = ((small.width("S53") + 2.0) / step).ceil().max(1.0) as usize;
    let mut month = None;
    let mut right = f64::NEG_INFINITY;
    for (i, week) in spec.weeks.iter().enumerate() {
        let left = plot.left + step * i as f64;
        if (spec.weeks.len() - 1 - i).is_multiple_of(every) {
            let words = french::week_short(*week);
            let x = (left + step / 2.0).min(spec.width_pt - small.width(&words) / 2.0);
            canvas.text((x, plot.top - 3.0), &words, small.anchored(Anchor::Middle));
        }
        let this = (week.year(), week.month());
        if month != Some(this) {
            let mut words = french::month_short(*week).to_owned();
            if month.is_none_or(|(year, _)| year != week.year()) {
                words = format!("{words} {}", week.year());
            }
            let at = (left + 0.5, plot.top - 3.0 - small.size * 1.2);
            let area = small.area(at, &words);
            if area.left > right + 3.0 && area.right <= spec.width_pt {
                canvas.text(at, &words, small);
                right = area.right;
            }
            month = Some(this);
        }
    }
}

fn alt(spec: &HeatStrip) -> String {
    let (Some(first), Some(last)) = (spec.weeks.first(), spec.weeks.last()) else {
        return words::joined(&[format!("Niveaux par semaine. {}. Aucune semaine.", spec.title)]);
    };
    let last_column = spec.weeks.len() - 1;
    let mut parts = vec![format!(
        "Niveaux par semaine et par territoire. {}, de la {} à la {}.",
        spec.title,
        french::week(*first),
        french::week(*last)
    )];
    for (rank, level) in spec.levels.iter().enumerate().rev() {
        let there: Vec<&str> = spec
            .rows
            .iter()
            .filter(|row| self::rank(row.cells.get(last_column), spec).map(usize::from) == Some(rank))
            .map(|row| row.label.as_str())
            .collect();
        if !there.is_empty() {
            parts.push(format!("Dernière semaine, {} : {}.", level.name, french::list(&there)));
        }
    }
    let unknown: Vec<&str> = spec
        .rows
        .iter()
        .filter(|row| rank(row.cells.get(last_column), spec).is_none())
        .map(|row| row.label.as_str())
        .collect();
    if !unknown.is_empty() {
        parts.push(format!("Dernière semaine, niveau inconnu : {}.", french::list(&unknown)));
    }
    words::joined(&parts)
}

fn table(spec: &HeatStrip) -> Table {
    let mut columns = vec!["Territoire".to_owned()];
    columns.extend(spec.weeks.iter().map(|week| french::week_short(*week)));
    let name =
        |rank: u8| spec.levels.get(usize::from(rank)).map_or_else(String::new, |level| level.name.clone());
    let rows = spec
        .rows
        .iter()
        .map(|row| {
            let cells = (0..spec.weeks.len())
                .map(|i| rank(row.cells.get(i), spec).map_or_else(|| french::UNKNOWN.to_owned(), name));
            std::iter::once(row.label.clone()).chain(cells).collect()
        })
        .collect();
    Table { caption: spec.title.clone(), columns, rows }
}
