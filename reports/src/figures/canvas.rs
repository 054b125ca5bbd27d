//! The one door to the drawing library: marks in points in, SVG with real text out.
//!
//! A [`Canvas`] collects marks and the boxes its texts take; [`Canvas::into_svg`] hands them to plotters. Plotters
//! draws on whole pixels, so a point is [`SCALE`] of them and rounding is invisible. No transparency is used: tints
//! are solid colours, which every archive format of PDF accepts.

use std::sync::Once;

use plotters::backend::{DrawingBackend, SVGBackend};
use plotters::style::text_anchor::{HPos, Pos, VPos};
use plotters::style::{
    FontDesc, FontFamily, FontStyle, FontTransform, IntoTextStyle, RGBColor, ShapeStyle, register_font,
};

use super::fonts;
use super::style::{self, Rgb};
pub(crate) use super::text::{fit, lines_within, printable, title};

/// The family as CSS wants it: a name with a part that starts with a digit is only valid between quotes.
const QUOTED_FAMILY: &str = "'Source Sans 3'";

const PROVISIONAL: &str = "* provisoire";

/// Pixels a point.
const SCALE: f64 = 10.0;

/// A place on paper, in points from the upper left corner.
pub(crate) type Xy = (f64, f64);

/// A rectangle on paper, in points.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Area {
    pub(crate) left: f64,
    pub(crate) top: f64,
    pub(crate) right: f64,
    pub(crate) bottom: f64,
}

impl Area {
    pub(crate) fn width(&self) -> f64 {
        self.right - self.left
    }

    pub(crate) fn height(&self) -> f64 {
        self.bottom - self.top
    }

    pub(crate) fn overlaps(&self, other: &Self) -> bool {
        self.left < other.right
            && other.left < self.right
            && self.top < other.bottom
            && other.top < self.bottom
    }

    pub(crate) fn contains(&self, (x, y): Xy) -> bool {
        (self.left..=self.right).contains(&x) && (self.top..=self.bottom).contains(&y)
    }

    /// Whether the other lies wholly inside.
    pub(crate) fn holds(&self, other: &Self) -> bool {
        self.left <= other.left
            && self.top <= other.top
            && self.right >= other.right
            && self.bottom >= other.bottom
    }

    pub(crate) fn grown(&self, by: f64) -> Self {
        Self { left: self.left - by, top: self.top - by, right: self.right + by, bottom: self.bottom + by }
    }

    pub(crate) fn corners(&self) -> [Xy; 4] {
        [(self.left, self.top), (self.right, self.top), (self.right, self.bottom), (self.left, self.bottom)]
    }
}

/// Side of a text that its x stands for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Anchor {
    Start,
    Middle,
    End,
}

/// How a text looks.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Type {
    pub(crate) size: f64,
    pub(crate) bold: bool,
    pub(crate) colour: Rgb,
    pub(crate) anchor: Anchor,
}

impl Type {
    pub(crate) fn new(size: f64, colour: Rgb) -> Self {
        Self { size, bold: false, colour, anchor: Anchor::Start }
    }

    pub(crate) fn bold(self) -> Self {
        Self { bold: true, ..self }
    }

    pub(crate) fn anchored(self, anchor: Anchor) -> Self {
        Self { anchor, ..self }
    }

    pub(crate) fn width(&self, text: &str) -> f64 {
        fonts::width(text, self.size, self.bold)
    }

    /// Box of a text whose baseline is at `y`.
    pub(crate) fn area(&self, (x, y): Xy, text: &str) -> Area {
        let width = self.width(text);
        let left = match self.anchor {
            Anchor::Start => x,
            Anchor::Middle => x - width / 2.0,
            Anchor::End => x - width,
        };
        Area {
            left,
            top: y - self.size * fonts::ASCENT,
            right: left + width,
            bottom: y + self.size * fonts::DESCENT,
        }
    }
}

enum Mark {
    Path { points: Vec<Xy>, colour: Rgb, width: f64 },
    Polygon { points: Vec<Xy>, colour: Rgb },
    Disc { centre: Xy, radius: f64, colour: Rgb },
    Text { at: Xy, text: String, style: Type },
}

/// A sheet of marks, in the order they are drawn.
pub(crate) struct Canvas {
    width: f64,
    height: f64,
    marks: Vec<Mark>,
    texts: Vec<Area>,
    reserved: Vec<Area>,
}

impl Canvas {
    pub(crate) fn new(width: f64, height: f64) -> Self {
        Self { width, height, marks: Vec::new(), texts: Vec::new(), reserved: Vec::new() }
    }

    /// Width of the sheet.
    pub(crate) fn width(&self) -> f64 {
        self.width
    }

    /// A line through points.
    pub(crate) fn path(&mut self, points: &[Xy], colour: Rgb, width: f64) {
        if points.len() > 1 {
            self.marks.push(Mark::Path { points: points.to_vec(), colour, width });
        }
    }

    /// A closed outline.
    pub(crate) fn outline(&mut self, points: &[Xy], colour: Rgb, width: f64) {
        let closed: Vec<Xy> = points.iter().chain(points.first()).copied().collect();
        self.path(&closed, colour, width);
    }

    /// A line of dashes through points.
    pub(crate) fn dashes(&mut self, points: &[Xy], colour: Rgb, width: f64, dash: f64, space: f64) {
        let (mut on, mut left) = (true, dash);
        for pair in points.windows(2) {
            let (from, to) = (pair[0], pair[1]);
            let length = (to.0 - from.0).hypot(to.1 - from.1);
            let mut done = 0.0;
            while done < length {
                let step = left.min(length - done);
                let at = |along: f64| {
                    let share = along / length;
                    (from.0 + (to.0 - from.0) * share, from.1 + (to.1 - from.1) * share)
                };
                if on {
                    self.path(&[at(done), at(done + step)], colour, width);
                }
                done += step;
                left -= step;
                if left <= 1e-9 {
                    on = !on;
                    left = if on { dash } else { space };
                }
            }
        }
    }

    /// A filled polygon.
    pub(crate) fn polygon(&mut self, points: &[Xy], colour: Rgb) {
        if points.len() > 2 {
            self.marks.push(Mark::Polygon { points: points.to_vec(), colour });
        }
    }

    /// A filled rectangle.
    pub(crate) fn rectangle(&mut self, area: Area, colour: Rgb) {
        self.polygon(&area.corners(), colour);
    }

    /// A filled disc.
    pub(crate) fn disc(&mut self, centre: Xy, radius: f64, colour: Rgb) {
        self.marks.push(Mark::Disc { centre, radius, colour });
    }

    /// Hatching at 45 degrees inside rings (even-odd), `space` points apart, lined up over the whole sheet.
    pub(crate) fn hatch(&mut self, rings: &[&[Xy]], colour: Rgb, width: f64, space: f64) {
        // Lines x + y = c, cut at the outline; along one, points are told apart by x - y.
        let sum = |(x, y): Xy| x + y;
        let all = || rings.iter().flat_map(|ring| ring.iter().copied());
        let first = (all().map(sum).fold(f64::INFINITY, f64::min) / space).ceil();
        let last = (all().map(sum).fold(f64::NEG_INFINITY, f64::max) / space).floor();
        let mut line = first;
        while line <= last {
            let c = line * space;
            let mut cuts: Vec<f64> = Vec::new();
            for ring in rings {
                for (i, &a) in ring.iter().enumerate() {
                    let b = ring[(i + 1) % ring.len()];
                    if (sum(a) <= c) != (sum(b) <= c) {
                        let share = (c - sum(a)) / (sum(b) - sum(a));
                        cuts.push((a.0 + (b.0 - a.0) * share) - (a.1 + (b.1 - a.1) * share));
                    }
                }
            }
            cuts.sort_by(f64::total_cmp);
            for pair in cuts.chunks_exact(2) {
                let at = |d: f64| ((c + d) / 2.0, (c - d) / 2.0);
                self.path(&[at(pair[0]), at(pair[1])], colour, width);
            }
            line += 1.0;
        }
    }

    /// A text on one line, its baseline at `y`.
    pub(crate) fn text(&mut self, at: Xy, text: &str, style: Type) {
        let text = printable(text);
        if !text.is_empty() {
            self.texts.push(style.area(at, &text));
            self.marks.push(Mark::Text { at, text, style });
        }
    }

    /// Says what an asterisk means, at the right end of the title's line where that is free.
    pub(crate) fn provisional_note(&mut self) {
        let style = Type::new(style::SIZE_SMALL, style::MUTED).anchored(Anchor::End);
        let at = (self.width, style::SIZE_TITLE);
        if self.is_free(&style.area(at, PROVISIONAL)) {
            self.text(at, PROVISIONAL, style);
        }
    }

    /// Keeps a box free of texts that look for room from now on.
    pub(crate) fn reserve(&mut self, area: Area) {
        self.reserved.push(area);
    }

    /// Whether a box lies on the sheet and meets no text and nothing reserved.
    pub(crate) fn is_free(&self, area: &Area) -> bool {
        area.left >= 0.0
            && area.top >= 0.0
            && area.right <= self.width
            && area.bottom <= self.height
            && !self.texts.iter().chain(&self.reserved).any(|taken| taken.overlaps(area))
    }

    /// Whether a straight line meets no text.
    pub(crate) fn is_clear(&self, from: Xy, until: Xy) -> bool {
        let mut points = (0..=40).map(|i| {
            let share = f64::from(i) / 40.0;
            (from.0 + (until.0 - from.0) * share, from.1 + (until.1 - from.1) * share)
        });
        points.all(|at| !self.texts.iter().any(|text| text.contains(at)))
    }

    /// Hands the marks to plotters.
    pub(crate) fn into_svg(self) -> String {
        register_fonts();
        #[cfg(test)]
        self.check_inside();
        let mut svg = String::new();
        let size = (pixels(self.width).unsigned_abs(), pixels(self.height).unsigned_abs());
        {
            let mut backend = SVGBackend::with_string(&mut svg, size);
            for mark in &self.marks {
                draw(&mut backend, mark);
            }
            // Closing the tags writes to memory as well.
            let _ = backend.present();
        }
        with_head(&svg, self.width, self.height)
    }

    /// Every unit test that draws checks this: nothing is cut at the edge of the sheet.
    #[cfg(test)]
    fn check_inside(&self) {
        let sheet = Area { left: 0.0, top: 0.0, right: self.width, bottom: self.height }.grown(0.5);
        for mark in &self.marks {
            match mark {
                Mark::Path { points, .. } | Mark::Polygon { points, .. } => {
                    assert!(points.iter().all(|at| sheet.contains(*at)), "{points:?} outside {sheet:?}");
                }
                Mark::Disc { centre, .. } => assert!(sheet.contains(*centre), "{centre:?}"),
                Mark::Text { at, text, style } => {
                    assert!(sheet.holds(&style.area(*at, text)), "{text:?} at {at:?} outside {sheet:?}");
                }
            }
        }
        for (i, a) in self.texts.iter().enumerate() {
            for b in &self.texts[i + 1..] {
                assert!(!a.grown(-0.3).overlaps(&b.grown(-0.3)), "two texts overlap: {a:?} and {b:?}");
            }
        }
    }
}

fn pixels(points: f64) -> i32 {
    (points * SCALE).round() as i32
}

fn pixel((x, y): Xy) -> (i32, i32) {
    (pixels(x), pixels(y))
}

/// Draws one mark. Writing to a string cannot fail, so results carry nothing.
fn draw(backend: &mut SVGBackend<'_>, mark: &Mark) {
    let fill = |colour: &Rgb| ShapeStyle { color: rgb(*colour).into(), filled: true, stroke_width: 0 };
    let _ = match mark {
        Mark::Path { points, colour, width } => {
            let stroke = ShapeStyle {
                color: rgb(*colour).into(),
                filled: false,
                stroke_width: pixels(*width).unsigned_abs().max(1),
            };
            backend.draw_path(points.iter().copied().map(pixel), &stroke)
        }
        Mark::Polygon { points, colour } => {
            backend.fill_polygon(points.iter().copied().map(pixel), &fill(colour))
        }
        Mark::Disc { centre, radius, colour } => {
            backend.draw_circle(pixel(*centre), pixels(*radius).unsigned_abs(), &fill(colour), true)
        }
        Mark::Text { at, text, style } => {
            let font_style = if style.bold { FontStyle::Bold } else { FontStyle::Normal };
            let h_pos = match style.anchor {
                Anchor::Start => HPos::Left,
                Anchor::Middle => HPos::Center,
                Anchor::End => HPos::Right,
            };
            // Plotters divides sizes by 1.24 and moves a text hung by its top down by 0.76 em.
            let size = style.size * SCALE;
            let font = FontDesc::new(FontFamily::Name(QUOTED_FAMILY), size * 1.24, font_style)
                .transform(FontTransform::None);
            let colour = rgb(style.colour);
            let text_style = font.into_text_style(&(1, 1)).color(&colour).pos(Pos::new(h_pos, VPos::Top));
            backend.draw_text(text, &text_style, pixel((at.0, at.1 - style.size * 0.76)))
        }
    };
}

fn rgb(Rgb(red, green, blue): Rgb) -> RGBColor {
    RGBColor(red, green, blue)
}

/// Gives the picture its size on paper; corners of lines are round, so that peaks end where their value is.
fn with_head(svg: &str, width: f64, height: f64) -> String {
    let body = svg.split_once('>').map_or("", |(_, body)| body);
    format!(
        "<svg width=\"{width}pt\" height=\"{height}pt\" viewBox=\"0 0 {} {}\" stroke-linejoin=\"round\" \
         xmlns=\"http://www.w3.org/2000/svg\">{body}",
        pixels(width),
        pixels(height)
    )
}

/// Plotters measures text only with fonts it was given, once for the process.
fn register_fonts() {
    static REGISTERED: Once = Once::new();
    REGISTERED.call_once(|| {
        // A face that cannot be read is caught by a test of `fonts`.
        let _ = register_font(QUOTED_FAMILY, FontStyle::Normal, fonts::REGULAR);
        let _ = register_font(QUOTED_FAMILY, FontStyle::Bold, fonts::BOLD);
    });
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_stays_text_with_its_family_and_is_escaped() {
        let mut canvas = Canvas::new(100.0, 20.0);
        canvas.text((2.0, 12.0), "<b>œuvre & « été »</b>", Type::new(8.0, style::INK).bold());
        let svg = canvas.into_svg();
        assert_eq!(QUOTED_FAMILY.trim_matches('\''), fonts::FAMILY);
        assert!(svg.contains("font-family=\"&apos;Source Sans 3&apos;\""), "{svg}");
        assert!(svg.contains("&lt;b&gt;œuvre &amp; « été »"), "{svg}");
        assert!(svg.contains("font-size=\"80\"") && svg.contains("font-weight=\"bold\""), "{svg}");
        assert!(svg.starts_with("<svg width=\"100pt\" height=\"20pt\" viewBox=\"0 0 1000 200\""), "{svg}");
    }

    #[test]
    fn hatching_stays_inside_its_outline() {
        let mut canvas = Canvas::new(40.0, 40.0);
        // An L: the notch must stay empty.
        let ring = [(5.0, 5.0), (15.0, 5.0), (15.0, 25.0), (35.0, 25.0), (35.0, 35.0), (5.0, 35.0)];
        canvas.hatch(&[&ring], style::HATCH, 0.4, 3.0);
        let mut n = 0;
        for mark in &canvas.marks {
            let Mark::Path { points, .. } = mark else { panic!("a hatch is made of lines") };
            let middle = ((points[0].0 + points[1].0) / 2.0, (points[0].1 + points[1].1) / 2.0);
            assert!(!(middle.0 > 15.01 && middle.1 < 24.99), "{middle:?}");
            n += 1;
        }
        assert!(n > 10);
    }

    #[test]
    fn dashes_go_on_around_corners() {
        let mut canvas = Canvas::new(100.0, 100.0);
        canvas.dashes(&[(0.0, 0.0), (3.0, 0.0), (3.0, 90.0)], style::INK, 1.0, 2.0, 2.0);
        assert_eq!(canvas.marks.len(), 24);
    }
}
