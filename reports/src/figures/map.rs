//! Departments coloured by level, the value printed in each.

mod labels;

use std::collections::BTreeMap;

use super::canvas::{self, Anchor, Area, Canvas, Type, Xy};
use super::contours::{self, Contour};
use super::geometry;
use super::legend::Legend;
use super::spec::{Figure, Format, Map, MapPlace, Table};
use super::{style, words};
use crate::french;

/// Paris and the inner ring: too small on a map of their region.
const INNER_RING: [&str; 4] = ["75", "92", "93", "94"];
/// Over so many departments, names are left to the table and values lose their percent sign.
const NAMES_MAX: usize = 20;
const OVERSEAS_WIDTH: f64 = 78.0;

/// Draws a map. Departments without a level are hatched; the outline of each is dark over a white halo, so that two
/// dark neighbours and two pale ones are told apart alike. Codes that are no department are left out of the picture
/// and stay in the table.
#[must_use]
pub fn map(spec: &Map) -> Figure {
    let mut canvas = Canvas::new(spec.size.width_pt, spec.size.height_pt);
    let top = canvas::title(&mut canvas, &spec.title, &unit_line(spec)) + 2.0;
    let places: BTreeMap<&str, &MapPlace> =
        spec.places.iter().map(|place| (place.code.as_str(), place)).collect();
    let known = contours::all();
    let drawn = |overseas: bool| -> Vec<Shape<'_>> {
        let shapes =
            places.iter().filter_map(|(code, place)| Some(Shape { place, contour: known.get::<str>(code)? }));
        shapes.filter(|shape| contours::is_overseas(&shape.place.code) == overseas).collect()
    };
    let (mainland, overseas) = (drawn(false), drawn(true));
    let has_missing = has_levels(spec) && spec.places.iter().any(|place| rank(place, spec).is_none());
    let legend =
        if is_beside(spec) { legend(spec, has_missing).in_column() } else { legend(spec, has_missing) };
    let layout =
        Layout::new(spec, top, &legend, needs_inset(&mainland), !mainland.is_empty() && !overseas.is_empty());

    if mainland.is_empty() {
        draw_apart(&mut canvas, spec, &overseas, layout.main);
    } else {
        draw_mainland(&mut canvas, spec, &mainland, &layout);
        if let Some(column) = layout.overseas {
            draw_overseas(&mut canvas, spec, &overseas, column);
        }
    }
    legend.draw(&mut canvas, (layout.legend.left, layout.legend.top), layout.legend.width());
    Figure {
        svg: canvas.into_svg(),
        width_pt: spec.size.width_pt,
        height_pt: spec.size.height_pt,
        alt: alt(spec),
        table: table(spec),
    }
}

/// A department to draw.
struct Shape<'a> {
    place: &'a MapPlace,
    contour: &'static Contour,
}

/// From kilometres to paper.
#[derive(Debug, Clone, Copy)]
struct Projection {
    scale: f64,
    shift: Xy,
}

impl Projection {
    /// Fits a box of kilometres in the middle of a box on paper.
    fn fitting(from: Area, into: Area) -> Self {
        let scale = (into.width() / from.width()).min(into.height() / from.height());
        let shift = (
            (into.left + into.right) / 2.0 - (from.left + from.right) / 2.0 * scale,
            (into.top + into.bottom) / 2.0 - (from.top + from.bottom) / 2.0 * scale,
        );
        Self { scale, shift }
    }

    fn at(&self, (x, y): Xy) -> Xy {
        (x * self.scale + self.shift.0, y * self.scale + self.shift.1)
    }

    fn rings(&self, contour: &Contour) -> Vec<Vec<Xy>> {
        contour.rings.iter().map(|ring| ring.iter().map(|point| self.at(*point)).collect()).collect()
    }
}

/// Where the parts of the picture stand.
struct Layout {
    main: Area,
    inset: Option<Area>,
    overseas: Option<Area>,
    legend: Area,
}

impl Layout {
    fn new(spec: &Map, top: f64, legend: &Legend, inset: bool, overseas: bool) -> Self {
        let (width, height) = (spec.size.width_pt, spec.size.height_pt);
        let beside = is_beside(spec);
        if beside && overseas && is_large(spec) {
            return Self::of_france(spec, top, legend, inset);
        }
        let left = if overseas { OVERSEAS_WIDTH } else { 0.0 };
        let column = match (beside, inset) {
            (true, _) => legend.column_width().clamp(if inset { 110.0 } else { 60.0 }, width * 0.34) + 8.0,
            (false, true) => width * 0.36,
            (false, false) => 0.0,
        };
        let legend_height = legend.height(width);
        let bottom = if beside { height - 1.0 } else { height - legend_height - 3.0 };
        let main = Area { left, top, right: width - column, bottom };
        let inset = inset.then(|| {
            let side = Area { left: width - column + 8.0, right: width - 1.0, top: top + 10.0, bottom };
            Area {
                bottom: (side.top + side.width())
                    .min(side.bottom - if beside { legend_height + 8.0 } else { 0.0 }),
                ..side
            }
        });
        let legend = if beside {
            Area {
                left: width - column + 8.0,
                right: width,
                top: height - legend_height - 1.0,
                bottom: height,
            }
        } else {
            Area { left: 0.0, right: width, top: height - legend_height, bottom: height }
        };
        let overseas = overseas.then_some(Area { left: 0.0, right: OVERSEAS_WIDTH - 6.0, top, bottom });
        Self { main, inset, overseas, legend }
    }
}

impl Layout {
    /// France fills the sheet; its empty corners hold the rest: overseas at the left, the legend in the bay of Biscay,
    /// the inset over Alsace.
    fn of_france(spec: &Map, top: f64, legend: &Legend, inset: bool) -> Self {
        let (width, height) = (spec.size.width_pt, spec.size.height_pt);
        let legend_height = legend.height(width);
        let legend = Area {
            left: 0.0,
            right: legend.column_width().min(width * 0.25),
            top: height - legend_height - 1.0,
            bottom: height,
        };
        let side = (height * 0.165).min(width * 0.16);
        let inset = inset.then_some(Area {
            left: width - side * 1.3 - 1.0,
            right: width - 1.0,
            top: top + 8.0,
            bottom: top + 8.0 + side,
        });
        let overseas = Area { left: 0.0, right: OVERSEAS_WIDTH - 6.0, top, bottom: legend.top - 8.0 };
        let main = Area { left: OVERSEAS_WIDTH - 10.0, top, right: width, bottom: height };
        Self { main, inset, overseas: Some(overseas), legend }
    }
}

/// Whether there is room for the legend at the right of the map.
fn is_beside(spec: &Map) -> bool {
    spec.size.width_pt >= 330.0
}

fn needs_inset(mainland: &[Shape<'_>]) -> bool {
    let inner = mainland.iter().filter(|shape| INNER_RING.contains(&shape.place.code.as_str())).count();
    inner > 1 && mainland.len() > inner
}

/// Whether places are graded at all; a map without levels prints values on plain ground.
fn has_levels(spec: &Map) -> bool {
    !spec.levels.is_empty()
}

fn rank(place: &MapPlace, spec: &Map) -> Option<u8> {
    place.rank.filter(|rank| usize::from(*rank) < spec.levels.len())
}

fn is_large(spec: &Map) -> bool {
    spec.places.len() > NAMES_MAX
}

fn unit_line(spec: &Map) -> String {
    if is_large(spec) && matches!(spec.unit.format, Format::Share(_)) {
        format!("{}, en{}%", spec.unit.name, french::NARROW)
    } else {
        spec.unit.name.clone()
    }
}

/// A value as printed on the map.
fn printed(place: &MapPlace, spec: &Map) -> String {
    match (place.value.filter(|value| value.is_finite()), spec.unit.format) {
        (Some(value), Format::Share(decimals)) if is_large(spec) => {
            let star = if place.provisional { "*" } else { "" };
            format!("{}{star}", french::number(value * 100.0, decimals))
        }
        (value, _) => words::cell(value, place.provisional, &spec.unit),
    }
}

fn legend(spec: &Map, has_missing: bool) -> Legend {
    let legend = Legend::of_fills(&spec.levels, has_missing);
    if spec.places.iter().any(|place| place.provisional && place.value.is_some()) {
        legend.with_note("* valeur provisoire")
    } else {
        legend
    }
}

fn draw_mainland(canvas: &mut Canvas, spec: &Map, shapes: &[Shape<'_>], layout: &Layout) {
    let Some(bounds) = bounds_of(shapes) else { return };
    let projection = Projection::fitting(bounds, layout.main.grown(-4.0));
    if spec.places.len() < 90 {
        draw_around(canvas, shapes, &projection, &layout.main);
    }
    draw_shapes(canvas, spec, shapes, &projection, 1.0);
    let inner: Vec<&Shape<'_>> =
        shapes.iter().filter(|shape| INNER_RING.contains(&shape.place.code.as_str())).collect();
    let outside: Vec<&Shape<'_>> = match layout.inset {
        Some(_) => shapes.iter().filter(|shape| !INNER_RING.contains(&shape.place.code.as_str())).collect(),
        None => shapes.iter().collect(),
    };
    let with_names = !is_large(spec);
    if let Some(inset) = layout.inset {
        let inner: Vec<Shape<'_>> =
            inner.iter().map(|shape| Shape { place: shape.place, contour: shape.contour }).collect();
        draw_inset(canvas, spec, &inner, &projection, inset);
    }
    labels::draw(canvas, spec, &outside, shapes, &projection, &layout.main, with_names);
}

/// The departments around, pale, cut at the frame.
fn draw_around(canvas: &mut Canvas, shapes: &[Shape<'_>], projection: &Projection, frame: &Area) {
    for (code, contour) in contours::all() {
        let is_drawn = shapes.iter().any(|shape| shape.place.code == *code);
        if is_drawn || contours::is_overseas(code) {
            continue;
        }
        for ring in projection.rings(contour) {
            canvas.polygon(&geometry::clip_polygon(&ring, frame), style::AROUND);
            for line in geometry::clip_outline(&ring, frame) {
                canvas.path(&line, style::PAPER, 0.8);
            }
        }
    }
}

/// Fills, then outlines, so that no fill covers a neighbour's outline.
fn draw_shapes(canvas: &mut Canvas, spec: &Map, shapes: &[Shape<'_>], projection: &Projection, width: f64) {
    let mut order: Vec<(Vec<Vec<Xy>>, Option<u8>)> =
        shapes.iter().map(|shape| (projection.rings(shape.contour), rank(shape.place, spec))).collect();
    // An enclave is drawn over what surrounds it.
    let size = |rings: &[Vec<Xy>]| rings.first().map_or(0.0, |ring| geometry::ring_area(ring));
    order.sort_by(|a, b| size(&b.0).total_cmp(&size(&a.0)));
    for (rings, rank) in &order {
        for ring in rings {
            canvas.polygon(ring, rank.map_or(style::PAPER, |rank| style::level(rank, spec.levels.len())));
            if rank.is_none() && has_levels(spec) {
                canvas.hatch(&[ring], style::HATCH, 0.5, 3.2);
            }
        }
    }
    for (halo, colour) in [(1.5, style::PAPER), (0.55, style::OUTLINE)] {
        for ring in order.iter().flat_map(|(rings, _)| rings) {
            canvas.outline(ring, colour, halo * width);
        }
    }
    for shape in shapes.iter().filter(|shape| shape.place.strong) {
        for ring in projection.rings(shape.contour) {
            canvas.outline(&ring, style::INK, 1.4 * width);
        }
    }
}

/// Paris and the inner ring, enlarged in a frame of their own.
fn draw_inset(canvas: &mut Canvas, spec: &Map, shapes: &[Shape<'_>], on_map: &Projection, inset: Area) {
    let Some(bounds) = bounds_of(shapes) else { return };
    let (left, top) = on_map.at((bounds.left, bounds.top));
    let (right, bottom) = on_map.at((bounds.right, bounds.bottom));
    let there = Area { left, top, right, bottom }.grown(2.0);
    canvas.outline(&there.corners(), style::INK, 0.7);
    canvas.rectangle(inset, style::PAPER);
    canvas.outline(&inset.corners(), style::INK, 0.5);
    let text = Type::new(style::SIZE_MIN, style::MUTED);
    canvas.text(
        (inset.left, inset.top - 3.0),
        &canvas::fit("Paris et petite couronne", &text, inset.width()),
        text,
    );
    let projection = Projection::fitting(bounds, inset.grown(-5.0));
    draw_shapes(canvas, spec, shapes, &projection, 1.0);
    let all: Vec<&Shape<'_>> = shapes.iter().collect();
    labels::draw(canvas, spec, &all, shapes, &projection, &inset, true);
    canvas.reserve(inset.grown(2.0));
}

/// The overseas departments in a column: shape, name and value, each on its own scale.
fn draw_overseas(canvas: &mut Canvas, spec: &Map, shapes: &[Shape<'_>], column: Area) {
    let cell_height = (column.height() / shapes.len().max(1) as f64).min(46.0);
    for (i, shape) in shapes.iter().enumerate() {
        let top = column.top + cell_height * i as f64;
        let room = Area { left: 1.0, right: 32.0, top: top + 3.0, bottom: top + cell_height - 4.0 };
        let projection = Projection::fitting(shape.contour.area(), room);
        draw_shapes(canvas, spec, &[Shape { place: shape.place, contour: shape.contour }], &projection, 0.8);
        let name = Type::new(style::SIZE_MIN, style::MUTED);
        let value = Type::new(style::SIZE_LABEL, style::INK).bold();
        let middle = (room.top + room.bottom) / 2.0;
        let width = column.right - 36.0;
        canvas.text((36.0, middle - 1.0), &canvas::fit(&shape.place.name, &name, width), name);
        canvas.text(
            (36.0, middle + value.size),
            &canvas::fit(&printed(shape.place, spec), &value, width),
            value,
        );
    }
}

/// Overseas departments alone: side by side.
fn draw_apart(canvas: &mut Canvas, spec: &Map, shapes: &[Shape<'_>], frame: Area) {
    let width = frame.width() / shapes.len().max(1) as f64;
    for (i, shape) in shapes.iter().enumerate() {
        let left = frame.left + width * i as f64;
        let room = Area { left, right: left + width, ..frame }.grown(-4.0);
        let room = Area { bottom: room.bottom - 14.0, ..room };
        let projection = Projection::fitting(shape.contour.area(), room);
        draw_shapes(canvas, spec, &[Shape { place: shape.place, contour: shape.contour }], &projection, 1.0);
        let text = Type::new(style::SIZE_LABEL, style::INK).bold().anchored(Anchor::Middle);
        let words = format!("{}{}: {}", shape.place.name, french::NO_BREAK, printed(shape.place, spec));
        canvas.text((left + width / 2.0, room.bottom + 12.0), &canvas::fit(&words, &text, width), text);
    }
}

fn bounds_of(shapes: &[Shape<'_>]) -> Option<Area> {
    let corners: Vec<Xy> = shapes.iter().flat_map(|shape| shape.contour.area().corners()).collect();
    geometry::bounds(&corners)
}

/// Worst level first, in each the greatest value first.
fn alt(spec: &Map) -> String {
    let mut places: Vec<&MapPlace> = spec.places.iter().collect();
    places.sort_by(|a, b| {
        let value =
            |place: &MapPlace| place.value.filter(|value| value.is_finite()).unwrap_or(f64::NEG_INFINITY);
        value(b).total_cmp(&value(a)).then_with(|| a.code.cmp(&b.code))
    });
    let mut parts = vec![format!("Carte. {}.", words::caption(&spec.title, &spec.unit.name))];
    for (at, level) in spec.levels.iter().enumerate().rev() {
        let there: Vec<&&MapPlace> =
            places.iter().filter(|place| rank(place, spec).map(usize::from) == Some(at)).collect();
        // Over so many, the first ones and how many more: the table has them all.
        let said_max = if is_large(spec) { 8 } else { usize::MAX };
        let mut said: Vec<String> = there
            .iter()
            .take(said_max)
            .map(|place| {
                format!("{} {}", place.name, words::cell(place.value, place.provisional, &spec.unit))
            })
            .collect();
        if there.len() > said.len() {
            let more = (there.len() - said.len()) as f64;
            said.push(format!("et {}", french::counted(more, 0, "autre département", "autres départements")));
        }
        if !said.is_empty() {
            parts.push(format!("{} : {}.", french::capital(&level.name), said.join(" ; ")));
        }
    }
    let missing: Vec<&str> =
        places.iter().filter(|place| rank(place, spec).is_none()).map(|place| place.name.as_str()).collect();
    if !has_levels(spec) {
        parts.push("Aucun niveau n’est établi.".to_owned());
    } else if !missing.is_empty() {
        parts.push(format!("Niveau inconnu : {}.", french::list(&missing)));
    }
    words::joined(&parts)
}

fn table(spec: &Map) -> Table {
    let columns = ["Code", "Département", "Valeur", "Niveau"].map(str::to_owned).to_vec();
    let rows = spec
        .places
        .iter()
        .map(|place| {
            let level = rank(place, spec)
                .and_then(|rank| spec.levels.get(usize::from(rank)))
                .map_or_else(|| french::UNKNOWN.to_owned(), |level| level.name.clone());
            let value = words::cell(place.value, place.provisional, &spec.unit);
            vec![place.code.clone(), place.name.clone(), value, level]
        })
        .collect();
    Table { caption: words::caption(&spec.title, &spec.unit.name), columns, rows }
}

#[cfg(test)]
mod tests;
