//! One form of each name: `é` may be one sign or two, a space may not break, and some signs are not seen at all.
//!
//! Names that look the same are the same name. Letters that look alike and are others (`'` and `’`, `O` and `0`), and small
//! and capital letters, stay what they are.

use std::borrow::Cow;

use unicode_normalization::{UnicodeNormalization, is_nfc};

/// A text with each accented letter as one sign (Unicode form NFC).
pub(crate) fn composed(text: &str) -> Cow<'_, str> {
    if text.is_ascii() || is_nfc(text) { text.into() } else { text.nfc().collect::<String>().into() }
}

/// A name in one form: accented letters as one sign, every space an ordinary one and alone, nothing invisible.
pub(crate) fn name(text: &str) -> Cow<'_, str> {
    if text.is_ascii() && !text.contains("  ") {
        return text.into();
    }
    let mut out = String::with_capacity(text.len());
    for letter in text.nfc().filter(|letter| !is_invisible(*letter)) {
        let letter = if is_space(letter) { ' ' } else { letter };
        if letter != ' ' || !out.ends_with(' ') {
            out.push(letter);
        }
    }
    let trimmed = out.trim_matches(' ');
    if trimmed == text { text.into() } else { trimmed.to_owned().into() }
}

/// Spaces of all widths; tabs and line ends are no part of a name.
fn is_space(letter: char) -> bool {
    letter == ' ' || (letter.is_whitespace() && !letter.is_control())
}

/// Soft hyphens, joiners, marks of direction, byte-order marks.
fn is_invisible(letter: char) -> bool {
    matches!(
        letter,
        '\u{ad}'
            | '\u{34f}'
            | '\u{180e}'
            | '\u{200b}'..='\u{200f}'
            | '\u{202a}'..='\u{202e}'
            | '\u{2060}'..='\u{2069}'
            | '\u{feff}'
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_that_look_the_same_are_the_same() {
        for (text, expected) in [
            ("Renfort Santé", "Renfort Santé"),
            ("Renfort Sante\u{301}", "Renfort Santé"),
            ("Renfort\u{a0}Santé", "Renfort Santé"),
            ("Renfort \u{202f} Santé", "Renfort Santé"),
            ("Renfort  Covid", "Renfort Covid"),
            ("Ren\u{ad}fort\u{200b} Covid\u{feff}", "Renfort Covid"),
            ("\u{200e}Covid\u{a0}", "Covid"),
            ("A\u{30a}", "Å"),
            ("", ""),
            // What stays apart.
            ("L'Isle", "L'Isle"),
            ("L’Isle", "L’Isle"),
            ("COVID", "COVID"),
            ("two\nlines", "two\nlines"),
        ] {
            assert_eq!(name(text), expected, "{text:?}");
        }
        assert!(matches!(name("Île-de-France"), Cow::Borrowed(_)), "nothing is copied where nothing changes");
    }

    #[test]
    fn other_text_keeps_its_spaces() {
        assert_eq!(composed("Nume\u{301}ro\u{a0}: 15"), "Numéro\u{a0}: 15");
        assert!(matches!(composed("Numéro\u{a0}: 15"), Cow::Borrowed(_)));
    }
}
