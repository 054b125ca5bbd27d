//! Text from feeds, made safe to print: every character is drawn or named, nothing reorders or overflows the line.
//!
//! A bulletin prints hostile text literally. What cannot be drawn with the embedded fonts would be an empty box and an
//! export error, so it is spelled by its code point.

use serde_json::Value;

/// Characters of one text above which it is cut.
const LENGTH_MAX: usize = 1_600;
/// Characters without a place to break above which one is made.
const RUN_MAX: usize = 28;
/// Zero-width space: a place where a line may break.
const BREAK: char = '\u{200B}';

/// Cleans every string of a document.
pub(crate) fn every_string(value: &mut Value) {
    match value {
        Value::String(text) => *text = printable(text),
        Value::Array(items) => items.iter_mut().for_each(every_string),
        Value::Object(fields) => fields.values_mut().for_each(every_string),
        _ => {}
    }
}

/// The text with what cannot be drawn spelled out, controls left out, long runs made breakable.
pub(crate) fn printable(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut run = 0_usize;
    for (index, c) in text.chars().enumerate() {
        if index >= LENGTH_MAX {
            out.push('…');
            break;
        }
        if c.is_whitespace() {
            // No-break spaces stay; line ends and tabs become spaces.
            out.push(if c.is_control() { ' ' } else { c });
            run = 0;
            continue;
        }
        if is_invisible(c) {
            continue;
        }
        if run >= RUN_MAX {
            out.push(BREAK);
            run = 0;
        }
        if c.is_ascii() || crate::pdf::can_draw(c) {
            out.push(c);
            run = if matches!(c, '-' | '–' | '/') { 0 } else { run + 1 };
        } else {
            out.push_str(&format!("[U+{:04X}]", u32::from(c)));
            run += 8;
        }
    }
    out
}

/// A reference without its web addresses, which nobody types from a page; the twins and the tables keep them.
pub(crate) fn without_addresses(reference: &str) -> String {
    let is_address = |word: &&str| {
        let word = word.trim_start_matches('(');
        word.starts_with("http://") || word.starts_with("https://")
    };
    let words: Vec<&str> = reference.split(' ').filter(|word| !is_address(word)).collect();
    words.join(" ").trim_end_matches([' ', ',', ';', ':']).to_owned()
}

/// A feed's text cut to `max` characters.
pub(crate) fn short(text: &str, max: usize) -> String {
    if text.chars().count() <= max {
        return text.to_owned();
    }
    let cut: String = text.chars().take(max.saturating_sub(1)).collect();
    format!("{}…", cut.trim_end())
}

/// Controls, and marks that reorder or join what stands around them.
fn is_invisible(c: char) -> bool {
    c.is_control()
        || matches!(c, '\u{AD}' | '\u{200B}'..='\u{200F}' | '\u{202A}'..='\u{202E}' | '\u{2060}'..='\u{206F}'
            | '\u{FE00}'..='\u{FE0F}' | '\u{FEFF}' | '\u{E0000}'..='\u{E0FFF}')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn markup_stays_as_it_is() {
        assert_eq!(printable("#strong[x] *a* $y$ <b>"), "#strong[x] *a* $y$ <b>");
    }

    #[test]
    fn an_emoji_is_named_and_right_to_left_marks_vanish() {
        assert_eq!(printable("a\u{202E}b😀"), "ab[U+1F600]");
    }

    #[test]
    fn ten_thousand_characters_are_cut_and_can_break() {
        let printed = printable(&"x".repeat(10_000));
        assert!(printed.chars().count() < 1_700);
        assert!(printed.contains(BREAK));
    }

    #[test]
    fn french_spaces_stay() {
        assert_eq!(
            printable("1\u{202F}234\u{A0}: «\u{A0}a\u{A0}»\nb"),
            "1\u{202F}234\u{A0}: «\u{A0}a\u{A0}» b"
        );
    }

    #[test]
    fn a_short_text_is_cut_with_an_ellipsis() {
        assert_eq!(short("abcdef", 4), "abc…");
        assert_eq!(short("abcd", 4), "abcd");
    }

    #[test]
    fn a_printed_reference_has_no_web_address() {
        assert_eq!(without_addresses("calendrier scolaire, https://example.org/a"), "calendrier scolaire");
        assert_eq!(without_addresses("https://example.org/a"), "");
        assert_eq!(without_addresses("arrêté (https://example.org/a) du préfet"), "arrêté du préfet");
        assert_eq!(without_addresses("décret nº 1"), "décret nº 1");
    }
}
