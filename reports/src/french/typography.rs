//! The typography of French sentences as a filter: straight signs in, the printer's signs and spaces out.

use super::{NARROW, NO_BREAK};

/// Sets a French sentence as a printer would; text already right is left as it is (the filter is idempotent).
///
/// - `'` becomes ’, `"…"` becomes « … » with no-break spaces inside, `...` becomes …, a lone ` - ` becomes – ;
/// - a narrow no-break space stands before `;` `!` `?`, and before `%` and `€` after a digit; a no-break space before `:`;
/// - a day stays with its month and `n°` with its number;
/// - addresses (`https://…`, `name@…`), times (`08:00`) and signs inside words are left alone.
#[must_use]
pub fn typography(text: &str) -> String {
    let mut out = String::with_capacity(text.len() + 16);
    let mut quote_open = false;
    let mut first = true;
    // Only plain spaces part words here: no-break spaces belong to what they bind.
    for word in text.split(' ') {
        if !first {
            push_space(&mut out, word);
        }
        first = false;
        if word.contains("://") || word.contains('@') {
            out.push_str(word);
        } else if word == "-" {
            out.push('–');
        } else {
            set_word(&mut out, word, &mut quote_open);
        }
    }
    out
}

/// The space before a word, bound when the two must stay together.
fn push_space(out: &mut String, word: &str) {
    let after_digit = out.ends_with(|c: char| c.is_ascii_digit());
    let bare = word.trim_end_matches([',', '.', ';', ')', NARROW]);
    let space = if matches!(word.chars().next(), Some(';' | '!' | '?')) {
        return;
    } else if matches!(word, ":" | "»") || word.starts_with('»') || out.ends_with('«') {
        NO_BREAK
    } else if after_digit && matches!(word.chars().next(), Some('%' | '€')) {
        NARROW
    } else if out.ends_with("n°") || ((after_digit || ends_with_first(out)) && is_month(bare)) {
        NO_BREAK
    } else {
        ' '
    };
    out.push(space);
}

fn ends_with_first(out: &str) -> bool {
    out.strip_suffix("1er").is_some_and(|rest| !rest.ends_with(|c: char| c.is_alphanumeric()))
}

fn is_month(word: &str) -> bool {
    vigie_queries::MONTHS_FR.contains(&word) || super::MONTHS_SHORT.contains(&word)
}

fn set_word(out: &mut String, word: &str, quote_open: &mut bool) {
    let chars: Vec<char> = word.chars().collect();
    let mut at = 0;
    while at < chars.len() {
        let c = chars[at];
        let next = chars.get(at + 1).copied();
        // A sign that ends the word, or is followed only by other closing signs.
        let closing = chars[at + 1..].iter().all(|c| ".,;:!?…)»\"'’".contains(*c));
        match c {
            '\'' => out.push('’'),
            '"' if *quote_open => {
                *quote_open = false;
                bind(out, NO_BREAK);
                out.push('»');
            }
            '"' => {
                *quote_open = true;
                out.push('«');
                out.push(NO_BREAK);
            }
            '«' => {
                out.push('«');
                if next.is_some_and(|next| !is_space(next)) {
                    out.push(NO_BREAK);
                }
            }
            '»' => {
                bind(out, NO_BREAK);
                out.push('»');
            }
            '.' if chars[at..].starts_with(&['.', '.', '.']) => {
                out.push('…');
                at += 2;
            }
            ';' | '!' | '?' if closing => {
                // Signs in a row (`?!`) stay together.
                if !out.ends_with(['!', '?']) {
                    bind(out, NARROW);
                }
                out.push(c);
            }
            ':' if closing => {
                bind(out, NO_BREAK);
                out.push(':');
            }
            '%' | '€' if out.ends_with(|c: char| c.is_ascii_digit() || is_space(c)) => {
                bind(out, NARROW);
                out.push(c);
            }
            c => out.push(c),
        }
        at += 1;
    }
}

fn is_space(c: char) -> bool {
    matches!(c, ' ' | NARROW | NO_BREAK)
}

/// Ends the text with exactly this space, unless it is empty.
fn bind(out: &mut String, space: char) {
    while out.ends_with(is_space) {
        out.pop();
    }
    if !out.is_empty() {
        out.push(space);
    }
}
