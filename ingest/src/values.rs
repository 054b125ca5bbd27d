//! Text of one cell to a value: booleans. Numbers are read in `numbers`, days in `dates`, instants in `instants`.
//!
//! Each function gives the value with the repair it took, if any, or the code of what is wrong. A repair is made only
//! where no other reading exists.

use crate::findings::Code;

/// A value and the repair it took to read it.
pub(crate) type Read<T> = Result<(T, Option<Code>), Code>;

/// Leaves out spaces on both sides, no-break spaces and stray byte-order marks included.
pub(crate) fn trimmed(text: &[u8]) -> &[u8] {
    trimmed_at(text).1
}

/// The same, with how many bytes were left out in front.
pub(crate) fn trimmed_at(text: &[u8]) -> (usize, &[u8]) {
    let plain = |b: &u8| *b > b' ' && *b < 0x80;
    if text.first().is_none_or(plain) && text.last().is_none_or(plain) {
        return (0, text);
    }
    // No-break, narrow, thin, figure and ideographic spaces; zero-width space and joiner, marks of direction, soft hyphen,
    // byte-order mark.
    const WIDE: [&[u8]; 11] = [
        b"\xc2\xa0",
        b"\xe2\x80\xaf",
        b"\xe2\x80\x89",
        b"\xe2\x80\x87",
        b"\xe3\x80\x80",
        b"\xe2\x80\x8b",
        b"\xe2\x81\xa0",
        b"\xe2\x80\x8e",
        b"\xe2\x80\x8f",
        b"\xc2\xad",
        b"\xef\xbb\xbf",
    ];
    let (mut lead, mut rest) = (0, text);
    loop {
        let before = rest.len();
        let from_start = rest.trim_ascii_start();
        let from_start = WIDE.iter().find_map(|space| from_start.strip_prefix(*space)).unwrap_or(from_start);
        lead += before - from_start.len();
        rest = from_start.trim_ascii_end();
        rest = WIDE.iter().find_map(|space| rest.strip_suffix(*space)).unwrap_or(rest);
        if rest.len() == before {
            return (lead, rest);
        }
    }
}

/// `true`, `1`, `oui`, `vrai`, `yes` and their opposites, in any case.
pub(crate) fn boolean(text: &[u8]) -> Result<bool, Code> {
    match text.to_ascii_lowercase().as_slice() {
        b"true" | b"1" | b"oui" | b"vrai" | b"yes" => Ok(true),
        b"false" | b"0" | b"non" | b"faux" | b"no" => Ok(false),
        _ => Err(Code::TypeError),
    }
}
