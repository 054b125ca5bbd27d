//! Outlines of the 101 departments, read from the embedded file (`assets/contours/README.md` says where from).
//!
//! The mainland's departments share one plane, Lambert-93 in kilometres with y to the south; each overseas department
//! has its own plane, centred on it. A picture made from them says [`ATTRIBUTION`].

use std::collections::BTreeMap;
use std::sync::LazyLock;

use super::canvas::{Area, Xy};
use super::geometry;

/// Words that a document with a map must carry.
pub const ATTRIBUTION: &str = "Contours : MapSVG (CC BY 4.0), Natural Earth";

const UNITS_PER_KM: f64 = 20.0;
const TEXT: &str = include_str!("../../assets/contours/departments.txt");

/// The shape of one department.
#[derive(Debug, Clone, PartialEq)]
pub struct Contour {
    /// Rings of points (x east, y south) in kilometres, the largest first.
    pub rings: Vec<Vec<(f64, f64)>>,
    /// Left, top, right and bottom, in kilometres.
    pub bounds: (f64, f64, f64, f64),
}

impl Contour {
    /// A point inside the largest ring, as far from its outline as can be.
    #[must_use]
    pub fn centre(&self) -> (f64, f64) {
        geometry::best_spot(&self.rings[0], 1.0, 1.0).0
    }

    pub(crate) fn area(&self) -> Area {
        let (left, top, right, bottom) = self.bounds;
        Area { left, top, right, bottom }
    }
}

/// Contours by INSEE code (`01`, `2A`, `971`).
#[must_use]
pub fn all() -> &'static BTreeMap<&'static str, Contour> {
    static ALL: LazyLock<BTreeMap<&'static str, Contour>> =
        LazyLock::new(|| TEXT.lines().filter_map(read).collect());
    &ALL
}

/// Whether a department has a plane of its own.
#[must_use]
pub fn is_overseas(code: &str) -> bool {
    code.len() == 3
}

fn read(line: &'static str) -> Option<(&'static str, Contour)> {
    if line.starts_with('#') {
        return None;
    }
    let (code, rings) = line.split_once(';')?;
    let rings: Vec<Vec<Xy>> = rings.split('|').map(ring).collect();
    let area = geometry::bounds(rings.iter().flatten())?;
    Some((code, Contour { bounds: (area.left, area.top, area.right, area.bottom), rings }))
}

fn ring(text: &str) -> Vec<Xy> {
    let mut at = (0, 0);
    text.split(' ')
        .filter_map(|step| {
            let (dx, dy) = step.split_once(',')?;
            at = (at.0 + dx.parse::<i32>().ok()?, at.1 + dy.parse::<i32>().ok()?);
            Some((f64::from(at.0) / UNITS_PER_KM, f64::from(at.1) / UNITS_PER_KM))
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn area_km2(code: &str) -> f64 {
        all()[code].rings.iter().map(|ring| geometry::ring_area(ring)).sum()
    }

    #[test]
    fn every_department_has_a_shape() {
        assert_eq!(all().len(), 101);
        for (code, (_, region)) in vigie_queries::known_departments() {
            assert_eq!(all().contains_key(code), region.is_some(), "{code}");
        }
    }

    #[test]
    fn every_centre_is_inside() {
        for (code, contour) in all() {
            assert!(geometry::is_inside(contour.centre(), &contour.rings[0]), "{code}");
        }
    }

    // Areas as INSEE prints them, in square kilometres (Paris is drawn without its two woods, so it is not here).
    #[test]
    fn areas_are_true_within_a_few_percent() {
        for (code, known) in [
            ("31", 6309.0),
            ("48", 5167.0),
            ("12", 8735.0),
            ("59", 5743.0),
            ("2B", 4666.0),
            ("29", 6733.0),
            ("973", 83_534.0),
            ("974", 2504.0),
            ("972", 1128.0),
            ("971", 1628.0),
            ("976", 374.0),
        ] {
            let found = area_km2(code);
            assert!((found / known - 1.0).abs() < 0.08, "{code}: {found:.0} km² against {known:.0}");
        }
    }

    // Toulouse to Montpellier: 196 km as the crow flies; their departments' centres are a little nearer or farther.
    #[test]
    fn distances_are_true() {
        let (a, b) = (all()["31"].centre(), all()["34"].centre());
        let km = (a.0 - b.0).hypot(a.1 - b.1);
        assert!((150.0..230.0).contains(&km), "{km}");
    }
}
