//! French wording shared by the findings: quotes, numbers, bounded feed text.
//!
//! Text from a feed is data: it is cut to a bounded length and its control characters are escaped, so that a message
//! can be printed on a terminal or a page as it stands.

use std::fmt::Write as _;

/// No-break space, inside guillemets and before a colon.
pub(crate) const NBSP: char = '\u{a0}';
/// Narrow no-break space, in large numbers and before `;`, `!`, `?` and `%`.
pub(crate) const NNBSP: char = '\u{202f}';
/// Characters of a value shown in a sentence.
const VALUE_SHOWN_MAX: usize = 60;
/// Characters of a raw line kept with a finding.
const RAW_KEPT_MAX: usize = 500;

/// A value as shown in a sentence: lossy UTF-8, at most 60 characters, control characters escaped.
pub(crate) fn shown(value: &[u8]) -> String {
    bounded(value, VALUE_SHOWN_MAX)
}

/// A raw line as kept with a finding: lossy UTF-8, at most 500 characters, control characters escaped.
pub(crate) fn raw_line(line: &[u8]) -> String {
    bounded(line, RAW_KEPT_MAX)
}

fn bounded(value: &[u8], chars_max: usize) -> String {
    // Four bytes a character at most: nothing beyond them can be shown.
    let head = &value[..value.len().min(chars_max * 4 + 4)];
    let text = String::from_utf8_lossy(head);
    let mut out = String::with_capacity(head.len());
    for (rank, letter) in text.chars().enumerate() {
        if rank == chars_max {
            out.push('…');
            return out;
        }
        match letter {
            '\n' => out.push_str("\\n"),
            '\r' => out.push_str("\\r"),
            '\t' => out.push_str("\\t"),
            c if c.is_control() || is_invisible(c) => {
                let _ = write!(out, "\\u{{{:x}}}", c as u32); // writing to a String cannot fail
            }
            c => out.push(c),
        }
    }
    out
}

/// Characters that change the direction of text or hide: they could make a message say something else.
fn is_invisible(c: char) -> bool {
    matches!(c, '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{2069}' | '\u{feff}')
}

/// `« text »` with its no-break spaces.
pub(crate) fn quoted(text: &str) -> String {
    format!("«{NBSP}{text}{NBSP}»")
}

/// A number with narrow no-break spaces between its thousands.
pub(crate) fn grouped(number: u64) -> String {
    let digits = number.to_string();
    let mut out = String::with_capacity(digits.len() + digits.len() / 3);
    for (rank, digit) in digits.chars().enumerate() {
        if rank > 0 && (digits.len() - rank).is_multiple_of(3) {
            out.push(NNBSP);
        }
        out.push(digit);
    }
    out
}

/// `1 ligne`, `2 lignes`.
pub(crate) fn counted(number: u64, one: &str, many: &str) -> String {
    format!("{}{NBSP}{}", grouped(number), if number < 2 { one } else { many })
}

/// A size in MiB or KiB, for people.
pub(crate) fn size(bytes: u64) -> String {
    match bytes {
        0..1024 => counted(bytes, "octet", "octets"),
        1024..0x10_0000 => format!("{}{NBSP}Kio", grouped(bytes / 1024)),
        _ => format!("{}{NBSP}Mio", grouped(bytes >> 20)),
    }
}

/// A name of a delimiter.
pub(crate) fn delimiter(mark: char) -> String {
    match mark {
        ';' => "le point-virgule".to_owned(),
        ',' => "la virgule".to_owned(),
        '\t' => "la tabulation".to_owned(),
        '|' => "la barre verticale".to_owned(),
        ' ' => "l’espace".to_owned(),
        ':' => "les deux-points".to_owned(),
        other => format!("le caractère {}", quoted(&shown(other.to_string().as_bytes()))),
    }
}

/// A share as a percentage, at most one decimal: `20 %`, `33,3 %`.
pub(crate) fn percent(share: f64) -> String {
    let text = format!("{:.1}", share * 100.0).replace('.', ",");
    format!("{}{NNBSP}%", text.strip_suffix(",0").unwrap_or(&text))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn feed_text_is_bounded_and_harmless() {
        assert_eq!(shown(b"a\x1b[31m\n\0"), "a\\u{1b}[31m\\n\\u{0}");
        assert_eq!(shown(&[b'x'; 5000]).chars().count(), 61);
        assert_eq!(shown("\u{202e}exe".as_bytes()), "\\u{202e}exe");
        assert_eq!(shown(b"Rh\xf4ne"), "Rh\u{fffd}ne");
    }

    #[test]
    fn numbers_read_as_in_french() {
        assert_eq!(grouped(1_234_567), "1\u{202f}234\u{202f}567");
        assert_eq!(percent(0.2), "20\u{202f}%");
        assert_eq!(percent(1.0 / 3.0), "33,3\u{202f}%");
        assert_eq!(counted(1, "ligne", "lignes"), "1\u{a0}ligne");
    }
}
