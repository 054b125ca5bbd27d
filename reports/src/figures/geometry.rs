//! Plane geometry of outlines: areas, what is inside, where a label fits, cutting at a frame.

use super::canvas::{Area, Xy};

/// Area of a ring, whatever its direction.
pub(crate) fn ring_area(ring: &[Xy]) -> f64 {
    let twice: f64 = edges(ring).map(|((x0, y0), (x1, y1))| x0 * y1 - x1 * y0).sum();
    (twice / 2.0).abs()
}

/// Centre of gravity of a ring; its first point when it has no area.
pub(crate) fn centroid(ring: &[Xy]) -> Xy {
    let (mut twice, mut cx, mut cy) = (0.0, 0.0, 0.0);
    for ((x0, y0), (x1, y1)) in edges(ring) {
        let cross = x0 * y1 - x1 * y0;
        twice += cross;
        cx += (x0 + x1) * cross;
        cy += (y0 + y1) * cross;
    }
    if twice == 0.0 {
        ring.first().copied().unwrap_or_default()
    } else {
        (cx / (3.0 * twice), cy / (3.0 * twice))
    }
}

/// Box around points; none without points.
pub(crate) fn bounds<'a>(points: impl IntoIterator<Item = &'a Xy>) -> Option<Area> {
    points.into_iter().fold(None, |found: Option<Area>, &(x, y)| {
        Some(match found {
            None => Area { left: x, top: y, right: x, bottom: y },
            Some(area) => Area {
                left: area.left.min(x),
                top: area.top.min(y),
                right: area.right.max(x),
                bottom: area.bottom.max(y),
            },
        })
    })
}

/// Whether a point lies inside a ring.
pub(crate) fn is_inside((x, y): Xy, ring: &[Xy]) -> bool {
    edges(ring).fold(false, |inside, ((x0, y0), (x1, y1))| {
        let crosses = (y0 > y) != (y1 > y) && x < x0 + (x1 - x0) * (y - y0) / (y1 - y0);
        inside != crosses
    })
}

/// Where the centre of a box of this width and height lies best inside a ring, and how far the box then stays from the
/// outline; negative when it does not fit.
///
/// Distances are taken with the box shrunk to a point, that is, with each edge seen from the nearest side of the box.
pub(crate) fn best_spot(ring: &[Xy], width: f64, height: f64) -> (Xy, f64) {
    let centre = centroid(ring);
    let Some(area) = bounds(ring) else { return (centre, f64::NEG_INFINITY) };
    let least = f64::NEG_INFINITY;
    let mut best = (centre, clearance(ring, centre, width, height, least).unwrap_or(least));
    // A coarse grid, then twice a finer one around the best cell.
    let mut window = area;
    for _ in 0..3 {
        const STEPS: u16 = 16;
        let (dx, dy) = (window.width() / f64::from(STEPS), window.height() / f64::from(STEPS));
        for i in 0..=STEPS {
            for j in 0..=STEPS {
                let at = (window.left + f64::from(i) * dx, window.top + f64::from(j) * dy);
                // Among places nearly as good, the one nearest the centre of gravity.
                let pull = |(x, y): Xy| 0.02 * (x - centre.0).hypot(y - centre.1);
                let bar = best.1 - pull(best.0) + pull(at);
                if let Some(room) = clearance(ring, at, width, height, bar) {
                    best = (at, room);
                }
            }
        }
        let (x, y) = best.0;
        window = Area { left: x - dx, right: x + dx, top: y - dy, bottom: y + dy };
    }
    best
}

/// Least distance between a box and the outline, negative when the outline runs through the box; none when its centre is
/// outside, and as soon as the distance is found to be at most `bar`.
fn clearance(ring: &[Xy], (x, y): Xy, width: f64, height: f64, bar: f64) -> Option<f64> {
    let (half_width, half_height) = (width / 2.0, height / 2.0);
    let (per_width, per_height) = (1.0 / half_width.max(1e-9), 1.0 / half_height.max(1e-9));
    let mut least = f64::INFINITY;
    for (a, b) in edges(ring) {
        // The nearest point of the edge to the box: to its centre, with both axes scaled so that the box is a square.
        let scale = |(px, py): Xy| ((px - x) * per_width, (py - y) * per_height);
        let (sa, sb) = (scale(a), scale(b));
        let (ex, ey) = (sb.0 - sa.0, sb.1 - sa.1);
        let length = ex * ex + ey * ey;
        let along = if length == 0.0 { 0.0 } else { (-(sa.0 * ex + sa.1 * ey) / length).clamp(0.0, 1.0) };
        let near = (a.0 + (b.0 - a.0) * along, a.1 + (b.1 - a.1) * along);
        least = least.min(((near.0 - x).abs() - half_width).max((near.1 - y).abs() - half_height));
        if least <= bar {
            return None;
        }
    }
    is_inside((x, y), ring).then_some(least)
}

/// A polygon cut at a rectangle (Sutherland and Hodgman); parts may stay joined along the frame, which a fill hides.
pub(crate) fn clip_polygon(ring: &[Xy], frame: &Area) -> Vec<Xy> {
    type Side = (fn(&Area, Xy) -> f64, fn(&Area) -> f64);
    let sides: [Side; 4] = [
        (|f, p| p.0 - f.left, |f| f.left),
        (|f, p| f.right - p.0, |f| f.right),
        (|f, p| p.1 - f.top, |f| f.top),
        (|f, p| f.bottom - p.1, |f| f.bottom),
    ];
    let mut points = ring.to_vec();
    for (depth, _) in sides {
        let mut kept = Vec::with_capacity(points.len() + 4);
        for (a, b) in edges(&points) {
            let (da, db) = (depth(frame, a), depth(frame, b));
            if da >= 0.0 {
                kept.push(a);
            }
            if (da >= 0.0) != (db >= 0.0) {
                let share = da / (da - db);
                kept.push((a.0 + (b.0 - a.0) * share, a.1 + (b.1 - a.1) * share));
            }
        }
        points = kept;
    }
    points
}

/// The parts of a ring's outline that lie inside a rectangle, as lines.
pub(crate) fn clip_outline(ring: &[Xy], frame: &Area) -> Vec<Vec<Xy>> {
    let mut lines: Vec<Vec<Xy>> = Vec::new();
    for (a, b) in edges(ring) {
        let (mut from, mut until) = (0.0_f64, 1.0_f64);
        let (dx, dy) = (b.0 - a.0, b.1 - a.1);
        let sides = [
            (-dx, a.0 - frame.left),
            (dx, frame.right - a.0),
            (-dy, a.1 - frame.top),
            (dy, frame.bottom - a.1),
        ];
        for (slope, room) in sides {
            if slope < 0.0 {
                from = from.max(room / slope);
            } else if slope > 0.0 {
                until = until.min(room / slope);
            } else if room < 0.0 {
                until = -1.0;
            }
        }
        if from < until {
            let at = |share: f64| (a.0 + dx * share, a.1 + dy * share);
            match lines.last_mut() {
                Some(line) if from == 0.0 && line.last() == Some(&a) => line.push(at(until)),
                _ => lines.push(vec![at(from), at(until)]),
            }
        }
    }
    lines
}

fn edges(ring: &[Xy]) -> impl Iterator<Item = (Xy, Xy)> + '_ {
    ring.iter().enumerate().map(|(i, &a)| (a, ring[(i + 1) % ring.len()]))
}

#[cfg(test)]
mod tests {
    use super::*;

    const SQUARE: [Xy; 4] = [(0.0, 0.0), (10.0, 0.0), (10.0, 10.0), (0.0, 10.0)];
    // A U: its centre of gravity is outside of it.
    const U: [Xy; 8] = [
        (0.0, 0.0),
        (4.0, 0.0),
        (4.0, 16.0),
        (16.0, 16.0),
        (16.0, 0.0),
        (20.0, 0.0),
        (20.0, 20.0),
        (0.0, 20.0),
    ];

    #[test]
    fn a_square_of_ten_has_an_area_of_a_hundred() {
        assert_eq!(ring_area(&SQUARE), 100.0);
        assert_eq!(centroid(&SQUARE), (5.0, 5.0));
        assert!(is_inside((1.0, 9.0), &SQUARE) && !is_inside((11.0, 5.0), &SQUARE));
    }

    #[test]
    fn a_label_is_put_inside_a_hollow_shape() {
        let (at, room) = best_spot(&U, 6.0, 2.0);
        assert!(is_inside(at, &U) && room > 0.0, "{at:?} {room}");
    }

    #[test]
    fn a_label_too_wide_does_not_fit() {
        assert!(best_spot(&SQUARE, 12.0, 2.0).1 < 0.0);
        let (at, room) = best_spot(&SQUARE, 6.0, 2.0);
        assert!((at.0 - 5.0).abs() < 0.5 && (room - 2.0).abs() < 0.3, "{at:?} {room}");
    }

    #[test]
    fn what_leaves_the_frame_is_cut() {
        let frame = Area { left: 5.0, top: -5.0, right: 25.0, bottom: 5.0 };
        assert_eq!(ring_area(&clip_polygon(&SQUARE, &frame)), 25.0);
        let outline = clip_outline(&SQUARE, &frame);
        assert!(outline.iter().flatten().all(|at| frame.contains(*at)), "{outline:?}");
        assert_eq!(outline.len(), 1);
    }
}
