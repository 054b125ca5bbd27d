//! Values and names inside departments; beside them, with a leader, where they are too small.

use super::super::canvas::{Anchor, Area, Canvas, Type, Xy};
use super::super::spec::Map;
use super::super::{fonts, geometry, style};
use super::{Projection, Shape, printed, rank};

/// Writes the value of each department, with its name where there is room. `all` are the shapes that a label beside
/// its department must not cover.
pub(super) fn draw(
    canvas: &mut Canvas,
    spec: &Map,
    shapes: &[&Shape<'_>],
    all: &[Shape<'_>],
    projection: &Projection,
    frame: &Area,
    with_names: bool,
) {
    let mut beside: Vec<(&Shape<'_>, Xy)> = Vec::new();
    for shape in shapes {
        let ring: Vec<Xy> = shape.contour.rings[0].iter().map(|point| projection.at(*point)).collect();
        let fill = rank(shape.place, spec).map_or(style::PAPER, |rank| style::level(rank, spec.levels.len()));
        let hatched = rank(shape.place, spec).is_none();
        let placed = candidates(shape, spec, with_names).into_iter().find_map(|block| {
            let (width, height) = block.size();
            let (at, room) = geometry::best_spot(&ring, width, height);
            let area = around(at, width, height);
            (room >= 0.4 && canvas.is_free(&area)).then_some((block, area))
        });
        match placed {
            Some((block, area)) => {
                if hatched {
                    canvas.rectangle(area.grown(0.5), style::PAPER);
                }
                block.draw(canvas, &area, style::text_on(fill));
            }
            None => beside.push((shape, projection.at(shape.contour.centre()))),
        }
    }
    // After all the others, so that what is outside does not take their room.
    for (shape, centre) in beside {
        draw_beside(canvas, spec, shape, centre, all, projection, frame, with_names);
    }
}

/// Lines of a label, with their size and weight.
#[derive(Clone)]
struct Block {
    lines: Vec<(String, Type)>,
}

const GAP: f64 = 1.0;

impl Block {
    fn size(&self) -> (f64, f64) {
        let width = self.lines.iter().map(|(text, style)| style.width(text)).fold(0.0, f64::max);
        let heights: f64 = self.lines.iter().map(|(_, style)| style.size * (fonts::ASCENT + 0.05)).sum();
        (width + 1.0, heights + GAP * (self.lines.len() as f64 - 1.0) + 1.5)
    }

    fn draw(&self, canvas: &mut Canvas, area: &Area, colour: style::Rgb) {
        let x = (area.left + area.right) / 2.0;
        let mut y = area.top + 0.5;
        for (text, style) in &self.lines {
            y += style.size * (fonts::ASCENT + 0.05);
            canvas.text((x, y - style.size * 0.05), text, Type { colour, ..*style }.anchored(Anchor::Middle));
            y += GAP;
        }
    }
}

/// From the fullest label to the value alone.
fn candidates(shape: &Shape<'_>, spec: &Map, with_names: bool) -> Vec<Block> {
    let value = printed(shape.place, spec);
    let strong = |size: f64| Type::new(size, style::INK).bold();
    let name = Type::new(style::SIZE_MIN, style::INK);
    let mut blocks = Vec::new();
    if with_names {
        let lines = |width: f64| -> Vec<(String, Type)> {
            fonts::wrap(&shape.place.name, name.size, false, width)
                .into_iter()
                .map(|line| (line, name))
                .collect()
        };
        for lines in [lines(f64::INFINITY), lines(48.0), lines(34.0)] {
            let mut lines = lines;
            lines.push((value.clone(), strong(9.0)));
            blocks.push(Block { lines });
        }
        blocks.push(Block {
            lines: vec![(shape.place.code.clone(), name), (value.clone(), strong(style::SIZE_LABEL))],
        });
    }
    blocks.push(Block { lines: vec![(value.clone(), strong(style::SIZE_LABEL))] });
    blocks.push(Block { lines: vec![(value, strong(style::SIZE_MIN))] });
    blocks
}

fn around((x, y): Xy, width: f64, height: f64) -> Area {
    Area { left: x - width / 2.0, right: x + width / 2.0, top: y - height / 2.0, bottom: y + height / 2.0 }
}

/// The nearest place outside all shapes and texts, tied to the department by a line.
#[expect(clippy::too_many_arguments, reason = "one call; a struct would only rename them")]
fn draw_beside(
    canvas: &mut Canvas,
    spec: &Map,
    shape: &Shape<'_>,
    centre: Xy,
    all: &[Shape<'_>],
    projection: &Projection,
    frame: &Area,
    with_names: bool,
) {
    let value = printed(shape.place, spec);
    let name = if with_names { &shape.place.name } else { &shape.place.code };
    let block = Block {
        lines: vec![
            (name.clone(), Type::new(style::SIZE_MIN, style::INK)),
            (value, Type::new(style::SIZE_LABEL, style::INK).bold()),
        ],
    };
    let (width, height) = block.size();
    let rings: Vec<Vec<Xy>> = all.iter().flat_map(|shape| projection.rings(shape.contour)).collect();
    for distance in 2..30 {
        for turn in 0..24 {
            let angle = f64::from(turn) * std::f64::consts::TAU / 24.0;
            let reach = f64::from(distance) * 6.0;
            let at = (centre.0 + reach * angle.cos() * 1.2, centre.1 + reach * angle.sin());
            let area = around(at, width, height);
            let free = frame.holds(&area)
                && canvas.is_free(&area.grown(1.0))
                && !rings.iter().any(|ring| covers(&area.grown(2.0), ring));
            let near = (centre.0.clamp(area.left, area.right), centre.1.clamp(area.top, area.bottom));
            // The leader crosses no other label.
            if free && canvas.is_clear(centre, near) {
                canvas.path(&[centre, near], style::INK, 0.5);
                canvas.disc(centre, 1.0, style::INK);
                block.draw(canvas, &area, style::INK);
                return;
            }
        }
    }
}

/// Whether a box and a ring have a point in common.
fn covers(area: &Area, ring: &[Xy]) -> bool {
    ring.iter().any(|point| area.contains(*point)) || geometry::is_inside((area.left, area.top), ring) || {
        area.corners().iter().any(|corner| geometry::is_inside(*corner, ring))
    }
}
