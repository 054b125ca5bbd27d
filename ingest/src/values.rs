//! Text of one cell to a value: whole numbers, decimal numbers, booleans.
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
    // No-break, narrow, thin and ideographic spaces, zero-width space, byte-order mark.
    const WIDE: [&[u8]; 6] =
        [b"\xc2\xa0", b"\xe2\x80\xaf", b"\xe2\x80\x89", b"\xe3\x80\x80", b"\xe2\x80\x8b", b"\xef\xbb\xbf"];
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

/// A whole number in plain digits: the usual case.
#[inline]
pub(crate) fn digits(text: &[u8]) -> Option<i64> {
    if text.is_empty() || text.len() > 18 {
        return None;
    }
    let mut value = 0i64;
    for byte in text {
        let digit = byte.wrapping_sub(b'0');
        if digit > 9 {
            return None;
        }
        value = value * 10 + i64::from(digit);
    }
    Some(value)
}

/// A whole number as the feed writes it: `12`, `-3`, `12.0`, `1e+05`, `1 234`.
pub(crate) fn integer(text: &[u8]) -> Read<i64> {
    if let Some(value) = digits(text) {
        return Ok((value, None));
    }
    let (negative, body) = sign(text);
    let signed = |value: i64| if negative { -value } else { value };
    if let Some(value) = digits(body) {
        return Ok((signed(value), None));
    }
    if !body.is_empty() && body.iter().all(u8::is_ascii_digit) {
        return Err(Code::AboveMax); // beyond 18 digits nothing is a count
    }
    if let Some(joined) = without_thousands_spaces(body) {
        let value = digits(&joined).ok_or(Code::AboveMax)?;
        return Ok((signed(value), Some(Code::ThousandsSpace)));
    }
    if let Some((whole, fraction)) = one_mark(body) {
        if looks_like_thousands(whole, fraction) {
            return Err(Code::AmbiguousNumber);
        }
        if fraction.iter().any(|digit| *digit != b'0') {
            return Err(Code::FractionalCount);
        }
        let value = digits(whole).ok_or(Code::AboveMax)?;
        return Ok((signed(value), Some(Code::IntegerForm)));
    }
    if groups_of_three(body) {
        return Err(Code::AmbiguousNumber);
    }
    if body.iter().any(|b| matches!(b, b'e' | b'E')) && body.first().is_some_and(u8::is_ascii_digit) {
        return float_as_integer(text);
    }
    Err(Code::TypeError)
}

/// A whole number written by a program that knows its type (JSON, Excel): there is no ambiguity.
pub(crate) fn typed_integer(text: &[u8]) -> Read<i64> {
    match digits(text) {
        Some(value) => Ok((value, None)),
        None => match std::str::from_utf8(text).ok().and_then(|text| text.parse::<i64>().ok()) {
            Some(value) => Ok((value, None)),
            None => float_as_integer(text).map(|(value, _)| (value, None)),
        },
    }
}

fn float_as_integer(text: &[u8]) -> Read<i64> {
    let value = float(text).ok_or(Code::TypeError)?;
    if value.fract() != 0.0 {
        return Err(Code::FractionalCount);
    }
    if value.abs() > 9_007_199_254_740_992.0 {
        return Err(Code::AboveMax); // beyond 2^53 the digits are not all there
    }
    Ok((value as i64, Some(Code::IntegerForm)))
}

fn float(text: &[u8]) -> Option<f64> {
    // `inf`, `nan` and the like are words, not numbers.
    let numeric = text.iter().all(|b| b.is_ascii_digit() || matches!(b, b'.' | b'-' | b'+' | b'e' | b'E'));
    let value: f64 = std::str::from_utf8(text).ok().filter(|_| numeric)?.parse().ok()?;
    value.is_finite().then_some(value)
}

/// A decimal number, its mark being `decimal` unless the other mark leaves no other reading.
pub(crate) fn number(text: &[u8], decimal: char) -> Read<f64> {
    if let Some(value) = digits(text) {
        return Ok((value as f64, None));
    }
    let (mark, other) = if decimal == ',' { (b',', b'.') } else { (b'.', b',') };
    let (negative, body) = sign(text);
    let count = |wanted: u8| body.iter().filter(|b| **b == wanted).count();
    let read = |body: &[u8], mark: u8| -> Option<f64> {
        let plain: Vec<u8> = body.iter().map(|b| if *b == mark { b'.' } else { *b }).collect();
        let starts_well = plain.first().is_some_and(|b| b.is_ascii_digit() || *b == b'.');
        float(&plain).filter(|_| starts_well).map(|value| if negative { -value } else { value })
    };
    match (count(mark), count(other)) {
        (0 | 1, 0) => {
            if let Some(value) = read(body, mark) {
                return Ok((value, None));
            }
            let split = body.iter().position(|b| *b == mark).unwrap_or(body.len());
            if let Some(mut joined) = without_thousands_spaces(&body[..split]) {
                joined.extend_from_slice(&body[split..]);
                let value = read(&joined, mark).ok_or(Code::TypeError)?;
                return Ok((value, Some(Code::ThousandsSpace)));
            }
            Err(Code::TypeError)
        }
        (0, 1) => match one_mark(body) {
            Some((whole, fraction)) if looks_like_thousands(whole, fraction) => Err(Code::AmbiguousNumber),
            _ => read(body, other).map(|value| (value, Some(Code::DecimalMark))).ok_or(Code::TypeError),
        },
        _ if body.iter().all(|b| b.is_ascii_digit() || *b == mark || *b == other) => {
            Err(Code::AmbiguousNumber)
        }
        _ => Err(Code::TypeError),
    }
}

/// A decimal number written by a program that knows its type.
pub(crate) fn typed_number(text: &[u8]) -> Read<f64> {
    float(text).map(|value| (value, None)).ok_or(Code::TypeError)
}

/// The minus sign is a hyphen or U+2212.
fn sign(text: &[u8]) -> (bool, &[u8]) {
    match text.strip_prefix(b"-").or_else(|| text.strip_prefix("\u{2212}".as_bytes())) {
        Some(body) => (true, body),
        None => (false, text),
    }
}

/// `1 234` with plain, no-break or narrow spaces, every group but the first of three digits.
fn without_thousands_spaces(body: &[u8]) -> Option<Vec<u8>> {
    let text = std::str::from_utf8(body).ok()?;
    if !text.contains([' ', '\u{a0}', '\u{202f}']) {
        return None;
    }
    let mut joined = Vec::with_capacity(body.len());
    for (rank, group) in text.split([' ', '\u{a0}', '\u{202f}']).enumerate() {
        let right = if rank == 0 { (1..=3).contains(&group.len()) } else { group.len() == 3 };
        if !right || !group.bytes().all(|b| b.is_ascii_digit()) {
            return None;
        }
        joined.extend_from_slice(group.as_bytes());
    }
    Some(joined)
}

/// Digits, one full stop or comma, digits (perhaps none).
fn one_mark(body: &[u8]) -> Option<(&[u8], &[u8])> {
    let place = body.iter().position(|b| matches!(b, b'.' | b','))?;
    let (whole, fraction) = (&body[..place], &body[place + 1..]);
    let all_digits = |part: &[u8]| part.iter().all(u8::is_ascii_digit);
    (!whole.is_empty() && all_digits(whole) && all_digits(fraction)).then_some((whole, fraction))
}

/// `1.234`: one to three digits, not a lone zero, then exactly three.
fn looks_like_thousands(whole: &[u8], fraction: &[u8]) -> bool {
    fraction.len() == 3 && whole.len() <= 3 && whole.first() != Some(&b'0')
}

/// `1.234.567` or `1,234,567`.
fn groups_of_three(body: &[u8]) -> bool {
    let mut groups = body.split(|b| matches!(b, b'.' | b','));
    let first = groups.next().unwrap_or_default();
    (1..=3).contains(&first.len())
        && first.iter().all(u8::is_ascii_digit)
        && groups.all(|group| group.len() == 3 && group.iter().all(u8::is_ascii_digit))
}

/// `true`, `1`, `oui`, `vrai`, `yes` and their opposites, in any case.
pub(crate) fn boolean(text: &[u8]) -> Result<bool, Code> {
    match text.to_ascii_lowercase().as_slice() {
        b"true" | b"1" | b"oui" | b"vrai" | b"yes" => Ok(true),
        b"false" | b"0" | b"non" | b"faux" | b"no" => Ok(false),
        _ => Err(Code::TypeError),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn whole_numbers() {
        let check =
            |text: &str, expected: Read<i64>| assert_eq!(integer(text.as_bytes()), expected, "{text:?}");
        check("0", Ok((0, None)));
        check("007", Ok((7, None)));
        check("-3", Ok((-3, None)));
        check("\u{2212}3", Ok((-3, None)));
        check("12.0", Ok((12, Some(Code::IntegerForm))));
        check("12,00", Ok((12, Some(Code::IntegerForm))));
        check("12.", Ok((12, Some(Code::IntegerForm))));
        check("1e+05", Ok((100_000, Some(Code::IntegerForm))));
        check("1 234", Ok((1234, Some(Code::ThousandsSpace))));
        check("1\u{202f}234\u{202f}567", Ok((1_234_567, Some(Code::ThousandsSpace))));
        check("12.5", Err(Code::FractionalCount));
        check("-0.5", Err(Code::FractionalCount));
        check("0.125", Err(Code::FractionalCount));
        check("1.000", Err(Code::AmbiguousNumber));
        check("1,234", Err(Code::AmbiguousNumber));
        check("1.234.567", Err(Code::AmbiguousNumber));
        check("1234567890123456789012", Err(Code::AboveMax));
        for text in ["", "-", "12,O", "1 23", "12 patients", "0x1f", "+5", "e5", "inf", ".", "--1", "1.2.3"] {
            check(text, Err(Code::TypeError));
        }
    }

    #[test]
    fn decimal_numbers() {
        let check = |text: &str, mark: char, expected: Read<f64>| {
            assert_eq!(number(text.as_bytes(), mark), expected, "{text:?} {mark:?}");
        };
        check("12.5", '.', Ok((12.5, None)));
        check("12,5", ',', Ok((12.5, None)));
        check("-1.234", '.', Ok((-1.234, None)));
        check("1.5e3", '.', Ok((1500.0, None)));
        check("12,5", '.', Ok((12.5, Some(Code::DecimalMark))));
        check("0,125", '.', Ok((0.125, Some(Code::DecimalMark))));
        check("1 234,5", ',', Ok((1234.5, Some(Code::ThousandsSpace))));
        check("1,234", '.', Err(Code::AmbiguousNumber));
        check("1.234", ',', Err(Code::AmbiguousNumber));
        check("1.234,5", ',', Err(Code::AmbiguousNumber));
        for text in ["", "inf", "NaN", "12%", "abc", "1e999", "-"] {
            check(text, '.', Err(Code::TypeError));
        }
    }
}
