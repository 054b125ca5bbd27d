//! Direct labels at the right of a plot: each beside what it names, none over another.

use super::canvas::{Area, Canvas, Type, Xy, lines_within};
use super::style::{self, Rgb};

const LINE: f64 = 1.12;

/// A label wanted beside a point of the plot.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct SideLabel {
    /// The point it names: end of a line, right end of a threshold.
    pub(crate) at: Xy,
    pub(crate) text: String,
    pub(crate) colour: Rgb,
    pub(crate) bold: bool,
}

impl SideLabel {
    fn style(&self) -> Type {
        let plain = Type::new(style::SIZE_LABEL, self.colour);
        if self.bold { plain.bold() } else { plain }
    }
}

/// Room the labels want, at most so much.
pub(crate) fn width(labels: &[SideLabel], most: f64) -> f64 {
    labels.iter().map(|label| label.style().width(&label.text)).fold(0.0, f64::max).min(most)
}

/// A label with its lines and the top of its box.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Placed {
    pub(crate) label: SideLabel,
    pub(crate) lines: Vec<String>,
    pub(crate) top: f64,
}

impl Placed {
    pub(crate) fn height(&self) -> f64 {
        self.lines.len() as f64 * style::SIZE_LABEL * LINE
    }
}

/// Puts labels one under another between `top` and `bottom`, each as near its point as the others let it. Labels for
/// which there is no room at all are left out, the last ones given first: the text alternative still has them.
pub(crate) fn place(labels: &[SideLabel], width: f64, top: f64, bottom: f64) -> Vec<Placed> {
    let mut placed: Vec<Placed> = Vec::new();
    let line = style::SIZE_LABEL * LINE;
    let mut lines_left = ((bottom - top) / line + 1e-9).floor() as usize;
    for label in labels {
        // Whoever comes after still needs a line.
        let lines = lines_within(&label.text, &label.style(), width, 2.min(lines_left.max(1)));
        if lines.len() > lines_left {
            break;
        }
        lines_left -= lines.len();
        placed.push(Placed { label: label.clone(), lines, top: 0.0 });
    }
    placed.sort_by(|a, b| a.label.at.1.total_cmp(&b.label.at.1));
    let mut floor = top;
    for item in &mut placed {
        item.top = (item.label.at.1 - item.height() / 2.0).max(floor);
        floor = item.top + item.height();
    }
    let mut ceiling = bottom;
    for item in placed.iter_mut().rev() {
        item.top = item.top.min(ceiling - item.height());
        ceiling = item.top;
    }
    placed
}

/// Writes placed labels from `x` on, with a thin leader to a point that is not level with its label.
pub(crate) fn draw(canvas: &mut Canvas, placed: &[Placed], x: f64, plot: &Area) {
    for item in placed {
        let middle = item.top + item.height() / 2.0;
        let (from_x, from_y) = item.label.at;
        if (middle - from_y).abs() > 3.0 || from_x < plot.right - 4.0 {
            canvas.path(
                &[(from_x.max(plot.left) + 2.0, from_y), (x - 1.5, middle)],
                style::HATCH,
                style::LINE_HAIR,
            );
        }
        let text = item.label.style();
        for (i, line) in item.lines.iter().enumerate() {
            let y = item.top + (i as f64 + 0.5) * text.size * LINE + text.size * 0.33;
            canvas.text((x, y), line, text);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn label(y: f64, text: &str) -> SideLabel {
        SideLabel { at: (100.0, y), text: text.to_owned(), colour: style::INK, bold: false }
    }

    #[test]
    fn labels_never_overlap_and_stay_between_the_edges() {
        for ys in [
            [50.0, 50.0, 51.0, 52.0],
            [0.0, 0.0, 0.0, 0.0],
            [99.0, 99.0, 98.0, 97.0],
            [10.0, 90.0, 11.0, 89.0],
        ] {
            let labels: Vec<SideLabel> =
                ys.iter().map(|y| label(*y, "seuil d’alerte renforcée 150")).collect();
            let placed = place(&labels, 70.0, 0.0, 100.0);
            assert_eq!(placed.len(), 4);
            for pair in placed.windows(2) {
                assert!(pair[0].top + pair[0].height() <= pair[1].top + 1e-9, "{placed:?}");
            }
            assert!(
                placed[0].top >= -1e-9 && placed[3].top + placed[3].height() <= 100.0 + 1e-9,
                "{placed:?}"
            );
        }
    }

    #[test]
    fn a_label_alone_is_level_with_its_point() {
        let placed = place(&[label(40.0, "159")], 70.0, 0.0, 100.0);
        assert!((placed[0].top + placed[0].height() / 2.0 - 40.0).abs() < 1e-9);
    }

    #[test]
    fn without_room_the_last_labels_are_left_out() {
        let labels: Vec<SideLabel> = (0..10).map(|i| label(f64::from(i), &format!("n{i}"))).collect();
        let placed = place(&labels, 70.0, 0.0, 40.0);
        assert_eq!(placed.len(), 4);
        assert_eq!(placed[0].label.text, "n0");
    }
}
