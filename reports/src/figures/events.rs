//! What happened, marked above a plot: breaks of definition, holidays, strikes, their words in rows without overlap.

use super::axis::DayScale;
use super::canvas::{Anchor, Area, Canvas, Type, fit};
use super::spec::{Event, EventKind};
use super::style;

const ROWS_MAX: usize = 3;
const ROW: f64 = 9.0;
const BAR: f64 = 3.0;

/// Events with the row their words stand in, counted up from the plot; no row when there is no room.
pub(crate) struct EventRows<'a> {
    events: Vec<Laid<'a>>,
}

impl<'a> EventRows<'a> {
    /// Finds a row for the words of each event on the axis. Breaks come first: they change what the figure means.
    /// Words may run on over the labels at the right of the plot, up to `right`.
    pub(crate) fn lay_out(events: &'a [Event], days: &DayScale, plot: &Area, right: f64) -> Self {
        let mut shown: Vec<&Event> = events
            .iter()
            .filter(|event| {
                event.from <= event.until && days.left(event.from, plot) < days.right(event.until, plot)
            })
            .collect();
        shown.sort_by_key(|event| (event.kind != EventKind::Break, event.from, event.until));
        // Words over their mark when all find room so, else to its right or left: whichever way marks most.
        let ways = [[0, 1, 2], [2, 1, 0], [1, 2, 0]].map(|spots| lay(&shown, spots, days, plot, right));
        let placed = |laid: &[Laid<'_>]| laid.iter().filter(|(_, place)| place.is_some()).count();
        let best = ways.iter().enumerate().max_by_key(|(i, laid)| (placed(laid), ways.len() - i));
        let laid = best.map(|(_, laid)| laid.clone()).unwrap_or_default();
        Self { events: laid }
    }

    /// Room the rows take above the plot.
    pub(crate) fn height(&self) -> f64 {
        if self.events.is_empty() {
            return 0.0;
        }
        let rows =
            self.events.iter().filter_map(|(_, place)| place.map(|(row, _)| row + 1)).max().unwrap_or(0);
        rows as f64 * ROW + BAR + 2.0
    }

    /// Where lines run down the whole plot.
    pub(crate) fn breaks(&self, days: &DayScale, plot: &Area) -> Vec<f64> {
        let breaks = self.events.iter().filter(|(event, _)| event.kind == EventKind::Break);
        breaks.map(|(event, _)| middle(event, days, plot)).collect()
    }

    /// Draws lines, bars and words.
    pub(crate) fn draw(&self, canvas: &mut Canvas, days: &DayScale, plot: &Area) {
        for (event, place) in &self.events {
            let x = middle(event, days, plot);
            let bar = Area {
                left: days.left(event.from, plot),
                right: days.right(event.until, plot),
                top: plot.top - BAR,
                bottom: plot.top,
            };
            let foot = place.map_or(plot.top - BAR, |(row, _)| plot.top - BAR - 1.0 - row as f64 * ROW);
            match event.kind {
                EventKind::Break => {
                    canvas.dashes(&[(x, plot.bottom), (x, foot)], style::INK, 0.8, 1.6, 1.6);
                }
                EventKind::Holiday => canvas.rectangle(bar, style::HOLIDAY),
                EventKind::Strike => {
                    canvas.hatch(&[&bar.corners()], style::INK, 0.5, 2.0);
                    canvas.outline(&bar.corners(), style::INK, 0.4);
                }
                EventKind::Mark => canvas.path(&[(x, plot.top + 4.0), (x, foot)], style::INK, 0.7),
            }
            let on_higher_row = place.is_some_and(|(row, _)| row > 0);
            if on_higher_row && matches!(event.kind, EventKind::Holiday | EventKind::Strike) {
                canvas.path(&[(x, bar.top), (x, foot)], style::HATCH, style::LINE_HAIR);
            }
            if let Some((_, area)) = place {
                let text = fit(&event.label, &words(), plot.width());
                canvas.text((area.left, foot - 1.5), &text, words().anchored(Anchor::Start));
            }
        }
    }
}

/// An event, and where its words stand.
type Laid<'a> = (&'a Event, Option<(usize, Area)>);

/// Gives each event the first free spot, trying its three spots in this order: over its mark, left of it, right.
fn lay<'a>(
    shown: &[&'a Event],
    order: [usize; 3],
    days: &DayScale,
    plot: &Area,
    right: f64,
) -> Vec<Laid<'a>> {
    let style = words();
    let mut laid: Vec<Laid<'a>> = Vec::new();
    for event in shown {
        let text = fit(&event.label, &style, plot.width());
        let width = style.width(&text);
        let x = middle(event, days, plot);
        let spots = [x - width / 2.0, x - width + 2.0, x - 2.0].map(|left| {
            let left = left.clamp(plot.left, (right - width).max(plot.left));
            Area { left, right: left + width, top: 0.0, bottom: 1.0 }
        });
        // An event may be marked without words.
        let rows = if text.is_empty() { 0 } else { ROWS_MAX };
        let place = (0..rows).find_map(|row| {
            let spots = order.iter().map(|i| spots[*i]);
            spots.into_iter().find(|area| is_clear(row, area, x, &laid, days, plot)).map(|spot| (row, spot))
        });
        laid.push((event, place));
    }
    laid
}

/// Words stand side by side in a row, and no line runs through words under its own.
fn is_clear(row: usize, area: &Area, x: f64, laid: &[Laid<'_>], days: &DayScale, plot: &Area) -> bool {
    laid.iter().all(|(other, place)| {
        let Some((other_row, other_area)) = place else { return true };
        let other_x = middle(other, days, plot);
        let over = |area: &Area, x: f64| (area.left - 1.0..=area.right + 1.0).contains(&x);
        let apart = *other_row != row || !area.grown(2.0).overlaps(other_area);
        let own_line = *other_row >= row || !over(other_area, x);
        let other_line = *other_row <= row || !over(area, other_x);
        apart && own_line && other_line
    })
}

fn words() -> Type {
    Type::new(style::SIZE_SMALL, style::INK)
}

fn middle(event: &Event, days: &DayScale, plot: &Area) -> f64 {
    (days.left(event.from, plot) + days.right(event.until, plot)) / 2.0
}
