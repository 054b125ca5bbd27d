//! The visual language of every figure, defined once: colours, line widths, sizes of text.
//!
//! Colours are safe for colour-blind readers and in grey print (Okabe-Ito for series, one blue ramp for levels), and
//! never alone: series carry their name and differ by width or dash, levels carry a mark or a value. A test computes
//! the contrasts: text at least 4.5:1, lines and marks at least 3:1.

use super::spec::Tone;

/// A colour: red, green, blue.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Rgb(pub u8, pub u8, pub u8);

impl Rgb {
    /// `#0072B2`, for the document and pages.
    #[must_use]
    pub fn hex(self) -> String {
        format!("#{:02X}{:02X}{:02X}", self.0, self.1, self.2)
    }

    /// Relative luminance as WCAG 2 defines it, 0 (black) to 1 (white).
    #[must_use]
    pub fn luminance(self) -> f64 {
        let linear = |channel: u8| {
            let share = f64::from(channel) / 255.0;
            if share <= 0.040_45 { share / 12.92 } else { ((share + 0.055) / 1.055).powf(2.4) }
        };
        0.2126 * linear(self.0) + 0.7152 * linear(self.1) + 0.0722 * linear(self.2)
    }

    /// Contrast with another colour as WCAG 2 defines it, 1 to 21.
    #[must_use]
    pub fn contrast(self, other: Self) -> f64 {
        let (a, b) = (self.luminance(), other.luminance());
        (a.max(b) + 0.05) / (a.min(b) + 0.05)
    }
}

/// Paper.
pub const PAPER: Rgb = Rgb(255, 255, 255);
/// Text and outlines.
pub const INK: Rgb = Rgb(0x1A, 0x1A, 0x1A);
/// Secondary text: axis labels, units, notes.
pub const MUTED: Rgb = Rgb(0x55, 0x55, 0x55);
/// Hairlines of the grid.
pub const GRID: Rgb = Rgb(0xDD, 0xDD, 0xDD);
/// The zero line.
pub const AXIS: Rgb = Rgb(0x70, 0x70, 0x70);
/// Band of days without a value.
pub const GAP: Rgb = Rgb(0xEE, 0xEE, 0xEE);
/// Band of the bulletin's week.
pub const HIGHLIGHT: Rgb = Rgb(0xFB, 0xF1, 0xD5);
/// The inner band of a fan, over [`SeriesStyle::area`] of the subject.
pub const FAN: Rgb = Rgb(0x9F, 0xC7, 0xE2);
/// Band of a holiday.
pub const HOLIDAY: Rgb = Rgb(0xC9, 0xC9, 0xC9);
/// Places around the ones a map is about.
pub const AROUND: Rgb = Rgb(0xF2, 0xF2, 0xF2);
/// Hatching: missing values, provisional bars.
pub const HATCH: Rgb = Rgb(0x8A, 0x8A, 0x8A);
/// Outlines of departments.
pub const OUTLINE: Rgb = Rgb(0x4D, 0x4D, 0x4D);
/// Threshold lines and what is over them.
pub const ALERT: Rgb = Rgb(0xD5, 0x5E, 0x00);
/// Words about a threshold.
pub const ALERT_TEXT: Rgb = Rgb(0xA6, 0x45, 0x00);

/// Title of a figure, in points.
pub const SIZE_TITLE: f64 = 9.0;
/// Direct labels and values, in points.
pub const SIZE_LABEL: f64 = 8.0;
/// Axis labels and notes, in points.
pub const SIZE_SMALL: f64 = 7.0;
/// Smallest text anywhere, in points.
pub const SIZE_MIN: f64 = 6.5;

/// Width of the subject's line, in points.
pub const LINE_MAIN: f64 = 1.6;
/// Width of other lines.
pub const LINE_THIN: f64 = 0.9;
/// Width of the grid.
pub const LINE_HAIR: f64 = 0.4;

/// How a series looks.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct SeriesStyle {
    /// Colour of the line.
    pub line: Rgb,
    /// Colour of its name, dark enough to read.
    pub text: Rgb,
    /// Colour of the area under it.
    pub area: Rgb,
    /// Width of the line, in points.
    pub width: f64,
}

/// The look of a tone.
#[must_use]
pub fn series(tone: Tone) -> SeriesStyle {
    let (line, text, area, width) = match tone {
        Tone::Main => (Rgb(0x00, 0x72, 0xB2), Rgb(0x00, 0x5F, 0x96), Rgb(0xD6, 0xE8, 0xF3), LINE_MAIN),
        Tone::Second => (ALERT, ALERT_TEXT, Rgb(0xFA, 0xE3, 0xD3), 1.4),
        Tone::Third => (Rgb(0x00, 0x8F, 0x68), Rgb(0x00, 0x70, 0x52), Rgb(0xD3, 0xEE, 0xE5), 1.2),
        Tone::Fourth => (Rgb(0xB8, 0x5C, 0x90), Rgb(0x9A, 0x42, 0x74), Rgb(0xF4, 0xE1, 0xEB), 1.2),
        Tone::Context => (Rgb(0x80, 0x80, 0x80), MUTED, Rgb(0xE6, 0xE6, 0xE6), LINE_THIN),
    };
    SeriesStyle { line, text, area, width }
}

/// The ramp of levels, from the mildest; darker is worse, so the order survives grey print.
const RAMP: [Rgb; 5] = [
    Rgb(0xEA, 0xF1, 0xF8),
    Rgb(0xBF, 0xD7, 0xEC),
    Rgb(0x79, 0xAD, 0xD6),
    Rgb(0x25, 0x6B, 0xAE),
    Rgb(0x0A, 0x2F, 0x5E),
];

/// Fill of a level, given how many levels there are (at most five; more share the darkest).
#[must_use]
pub fn level(rank: u8, levels: usize) -> Rgb {
    let picks: &[usize] = match levels {
        0 | 1 => &[1],
        2 => &[0, 3],
        3 => &[0, 2, 4],
        4 => &[0, 2, 3, 4],
        _ => &[0, 1, 2, 3, 4],
    };
    RAMP[picks[usize::from(rank).min(picks.len() - 1)]]
}

/// The text colour to print on a fill: ink or paper, whichever is read best.
#[must_use]
pub fn text_on(fill: Rgb) -> Rgb {
    if INK.contrast(fill) >= PAPER.contrast(fill) { INK } else { PAPER }
}

#[cfg(test)]
mod tests {
    use super::*;

    const TONES: [Tone; 5] = [Tone::Main, Tone::Second, Tone::Third, Tone::Fourth, Tone::Context];

    #[test]
    fn black_on_white_is_21() {
        assert!((Rgb(0, 0, 0).contrast(PAPER) - 21.0).abs() < 1e-9);
    }

    #[test]
    fn every_text_is_read_on_what_it_stands_on() {
        for text in [INK, MUTED, ALERT_TEXT] {
            for ground in [PAPER, GAP, HIGHLIGHT, AROUND] {
                assert!(text.contrast(ground) >= 4.5, "{} on {}", text.hex(), ground.hex());
            }
        }
        for tone in TONES {
            assert!(series(tone).text.contrast(PAPER) >= 4.5, "{tone:?}");
        }
        for levels in 1..=5 {
            for rank in 0..levels {
                let fill = level(u8::try_from(rank).unwrap(), levels);
                assert!(text_on(fill).contrast(fill) >= 4.5, "{}", fill.hex());
            }
        }
    }

    #[test]
    fn every_line_is_seen_on_paper() {
        for tone in TONES {
            assert!(series(tone).line.contrast(PAPER) >= 3.0, "{tone:?}");
        }
        for line in [ALERT, AXIS, OUTLINE, HATCH] {
            assert!(line.contrast(PAPER) >= 3.0, "{}", line.hex());
        }
        // The mildest level is nearly paper: its outline draws the department.
        for rank in 0..5 {
            let fill = level(rank, 5);
            let outline = if OUTLINE.contrast(fill) >= 3.0 { OUTLINE } else { PAPER };
            assert!(outline.contrast(fill) >= 3.0 || fill.contrast(PAPER) >= 3.0, "{}", fill.hex());
        }
    }

    #[test]
    fn a_worse_level_is_always_darker() {
        for levels in 2..=5 {
            for rank in 1..levels {
                let (mild, worse) = (
                    level(u8::try_from(rank - 1).unwrap(), levels),
                    level(u8::try_from(rank).unwrap(), levels),
                );
                assert!(mild.luminance() > worse.luminance() * 1.2, "{levels} levels, rank {rank}");
            }
        }
    }
}
