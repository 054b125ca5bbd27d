//! The legend of levels: a swatch with its mark, and its name in words.

use super::canvas::{Anchor, Area, Canvas, Type, Xy, fit};
use super::heat_strip::mark;
use super::spec::Level;
use super::style::{self, Rgb};

const SWATCH: (f64, f64) = (13.0, 9.0);
const LINE: f64 = 12.5;

struct Entry {
    /// None is the hatching of what is missing.
    fill: Option<Rgb>,
    mark: String,
    name: String,
}

/// Entries from the mildest level to the worst, then « non établi ».
pub(crate) struct Legend {
    entries: Vec<Entry>,
    note: Option<String>,
    in_column: bool,
}

impl Legend {
    /// Swatches with the marks that cells carry.
    pub(crate) fn of_levels(levels: &[Level], has_missing: bool) -> Self {
        Self::new(levels, has_missing, true)
    }

    /// Swatches alone, for maps that print values instead of marks.
    pub(crate) fn of_fills(levels: &[Level], has_missing: bool) -> Self {
        Self::new(levels, has_missing, false)
    }

    fn new(levels: &[Level], has_missing: bool, marks: bool) -> Self {
        let mut entries: Vec<Entry> = levels
            .iter()
            .zip(0_u8..)
            .map(|(level, rank)| Entry {
                fill: Some(style::level(rank, levels.len())),
                mark: if marks { mark(levels, rank) } else { String::new() },
                name: level.name.clone(),
            })
            .collect();
        if has_missing {
            entries.push(Entry { fill: None, mark: String::new(), name: "non établi".to_owned() });
        }
        Self { entries, note: None, in_column: false }
    }

    /// One entry a line, whatever the width.
    pub(crate) fn in_column(mut self) -> Self {
        self.in_column = true;
        self
    }

    /// Adds a line of words under the entries.
    pub(crate) fn with_note(mut self, note: &str) -> Self {
        self.note = Some(note.to_owned());
        self
    }

    /// Where entries stand when they flow over a width.
    fn flow(&self, width: f64) -> Vec<Xy> {
        let text = words();
        let (mut x, mut y) = (0.0, 0.0);
        self.entries
            .iter()
            .map(|entry| {
                let own = SWATCH.0 + 3.0 + text.width(&entry.name);
                if x > 0.0 && (self.in_column || x + own > width) {
                    x = 0.0;
                    y += LINE;
                }
                let at = (x, y);
                x += own + 10.0;
                at
            })
            .collect()
    }

    /// Height when entries flow over a width.
    pub(crate) fn height(&self, width: f64) -> f64 {
        let lines = self.flow(width).last().map_or(0.0, |(_, y)| y + LINE);
        lines + if self.note.is_some() { LINE } else { 0.0 }
    }

    /// Draws the entries in flowing lines or in a column.
    pub(crate) fn draw(&self, canvas: &mut Canvas, (left, top): Xy, width: f64) {
        let text = words();
        for (entry, (x, y)) in self.entries.iter().zip(self.flow(width)) {
            let swatch =
                Area { left: left + x, right: left + x + SWATCH.0, top: top + y, bottom: top + y + SWATCH.1 };
            match entry.fill {
                Some(fill) => {
                    canvas.rectangle(swatch, fill);
                    let mark = Type::new(style::SIZE_SMALL, style::text_on(fill)).anchored(Anchor::Middle);
                    let mark_at = ((swatch.left + swatch.right) / 2.0, swatch.bottom - 2.2);
                    canvas.text(mark_at, &fit(&entry.mark, &mark, SWATCH.0), mark);
                }
                None => canvas.hatch(&[&swatch.corners()], style::HATCH, 0.5, 3.0),
            }
            canvas.outline(&swatch.corners(), style::OUTLINE, 0.5);
            let room = width - x - SWATCH.0 - 3.0;
            canvas.text((swatch.right + 3.0, swatch.bottom - 1.8), &fit(&entry.name, &text, room), text);
        }
        if let Some(note) = &self.note {
            let y = top + self.height(width) - LINE + SWATCH.1 - 1.8;
            let style = Type::new(style::SIZE_SMALL, style::MUTED);
            canvas.text((left, y), &fit(note, &style, width), style);
        }
    }

    /// Width of the widest entry, when they stand in a column.
    pub(crate) fn column_width(&self) -> f64 {
        let entries = self.entries.iter().map(|entry| SWATCH.0 + 3.0 + words().width(&entry.name));
        let note = self.note.iter().map(|note| Type::new(style::SIZE_SMALL, style::MUTED).width(note));
        entries.chain(note).fold(0.0, f64::max)
    }
}

fn words() -> Type {
    Type::new(style::SIZE_LABEL, style::INK)
}
