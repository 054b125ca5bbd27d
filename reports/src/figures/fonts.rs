//! The bulletin's typeface, embedded: Source Sans 3 (SIL Open Font License 1.1), see `assets/fonts/README.md`.
//!
//! Its digits all have one width, so columns of numbers line up without font features; it has the narrow no-break
//! space, the minus sign, arrows and triangles that French figures need.

use std::sync::LazyLock;

use ab_glyph::{Font, FontRef};

/// Family name, in SVG and in the document.
pub const FAMILY: &str = "Source Sans 3";

pub(crate) const REGULAR: &[u8] = include_bytes!("../../assets/fonts/SourceSans3-Regular.otf");
pub(crate) const BOLD: &[u8] = include_bytes!("../../assets/fonts/SourceSans3-Bold.otf");
const ITALIC: &[u8] = include_bytes!("../../assets/fonts/SourceSans3-It.otf");
const SEMIBOLD: &[u8] = include_bytes!("../../assets/fonts/SourceSans3-Semibold.otf");

/// All faces (regular, italic, semi-bold 600, bold 700) as OpenType files, for the document's own font store.
#[must_use]
pub fn all() -> &'static [&'static [u8]] {
    &[REGULAR, ITALIC, SEMIBOLD, BOLD]
}

/// Family name of the faces in [`WEB`]: the licence reserves that of the original.
pub(crate) const WEB_FAMILY: &str = "Vigie Sans";

/// The part of the typeface that the HTML twin carries, as WOFF2, by CSS weight.
pub(crate) const WEB: [(&str, &[u8]); 2] = [
    ("400", include_bytes!("../../assets/fonts/VigieSans-Regular.woff2")),
    ("600 700", include_bytes!("../../assets/fonts/VigieSans-Bold.woff2")),
];

/// Depth of descenders, as a share of the size of the text.
pub(crate) const DESCENT: f64 = 0.21;
/// Height of ascenders and accented capitals, as a share of the size of the text.
pub(crate) const ASCENT: f64 = 0.75;

/// Width of a text on one line, in points. Kerning is left out: it only makes lines shorter.
#[must_use]
pub fn width(text: &str, size_pt: f64, bold: bool) -> f64 {
    static FACES: LazyLock<[Option<FontRef<'static>>; 2]> =
        LazyLock::new(|| [REGULAR, BOLD].map(|bytes| FontRef::try_from_slice(bytes).ok()));
    let Some(face) = &FACES[usize::from(bold)] else {
        return text.chars().count() as f64 * size_pt * 0.6; // a test keeps this from happening
    };
    let em = f64::from(face.units_per_em().unwrap_or(1000.0));
    let units: f64 = text.chars().map(|c| f64::from(face.h_advance_unscaled(face.glyph_id(c)))).sum();
    units / em * size_pt
}

/// Breaks a text into lines no wider than asked, at plain spaces and after hyphens; a word too wide stays whole.
#[must_use]
pub fn wrap(text: &str, size_pt: f64, bold: bool, width_max_pt: f64) -> Vec<String> {
    let mut lines: Vec<String> = Vec::new();
    let mut line = String::new();
    for word in text.split_inclusive([' ', '-']) {
        let longer = format!("{line}{word}");
        if !line.is_empty() && width(longer.trim_end(), size_pt, bold) > width_max_pt {
            lines.push(line.trim_end().to_owned());
            line = word.to_owned();
        } else {
            line = longer;
        }
    }
    if !line.trim_end().is_empty() || lines.is_empty() {
        lines.push(line.trim_end().to_owned());
    }
    lines
}

#[cfg(test)]
mod tests {
    use super::*;

    const NEEDED: &str = "0123456789aéèêçœŒÉÀÇ«»’–—\u{202F}\u{A0}≥≤−×€%↑↓→▲▼…°*";

    #[test]
    fn every_face_is_read_and_has_what_french_needs() {
        for bytes in all() {
            let face = FontRef::try_from_slice(bytes).unwrap();
            for c in NEEDED.chars() {
                assert_ne!(face.glyph_id(c).0, 0, "{c:?}");
            }
        }
    }

    #[test]
    fn digits_share_one_width() {
        for bold in [false, true] {
            for digit in "123456789".chars() {
                assert_eq!(width(&digit.to_string(), 10.0, bold), width("0", 10.0, bold));
            }
        }
    }

    #[test]
    fn accents_do_not_widen_a_word() {
        assert!((width("Hérault", 8.0, false) - width("Herault", 8.0, false)).abs() < 0.1);
    }

    #[test]
    fn lines_are_broken_at_spaces_and_hyphens_only() {
        assert_eq!(wrap("Pyrénées-Orientales", 8.0, false, 45.0), ["Pyrénées-", "Orientales"]);
        assert_eq!(wrap("seuil d’alerte", 8.0, false, 500.0), ["seuil d’alerte"]);
        assert_eq!(wrap("", 8.0, false, 50.0), [""]);
        for line in wrap("rupture de définition les 1er et 2 novembre 2020", 7.0, true, 60.0) {
            assert!(width(&line, 7.0, true) <= 60.0, "{line}");
        }
    }

    #[test]
    fn the_set_stays_under_two_megabytes() {
        assert!(all().iter().map(|face| face.len()).sum::<usize>() < 2_000_000);
    }
}
