//! Text of one cell to a number. docs/numbers.md has the rule, value by value.

use crate::findings::Code;
use crate::values::Read;

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

/// A whole number as the feed writes it: `12`, `-3`, `12.0`, `1 234`.
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
    if scientific(body).is_some() {
        return Err(Code::LostDigits);
    }
    let parts = Parts::of(body)?;
    let value = digits(&parts.whole).ok_or(Code::AboveMax)?;
    match parts.fraction {
        None => Ok((signed(value), Some(Code::ThousandsSpace))),
        Some(_) if parts.may_be_thousands() => Err(Code::AmbiguousNumber),
        Some(fraction) if fraction.iter().any(|digit| *digit != b'0') => Err(Code::FractionalCount),
        Some(_) => Ok((signed(value), Some(Code::IntegerForm))),
    }
}

/// A whole number written by a program that knows its type (JSON, Excel): it is exact whatever its spelling.
pub(crate) fn typed_integer(text: &[u8]) -> Read<i64> {
    match digits(text) {
        Some(value) => Ok((value, None)),
        None => match std::str::from_utf8(text).ok().and_then(|text| text.parse::<i64>().ok()) {
            Some(value) => Ok((value, None)),
            None => float_as_integer(text).map(|value| (value, None)),
        },
    }
}

/// 2^53: beyond it a decimal number does not hold all its digits.
const EXACT_MAX: f64 = 9_007_199_254_740_992.0;

fn float_as_integer(text: &[u8]) -> Result<i64, Code> {
    let value = float(text).ok_or(Code::TypeError)?;
    if value.fract() != 0.0 {
        return Err(Code::FractionalCount);
    }
    if value.abs() > EXACT_MAX {
        return Err(Code::AboveMax);
    }
    Ok(value as i64)
}

fn float(text: &[u8]) -> Option<f64> {
    // `inf`, `nan` and the like are words, not numbers.
    let numeric = text.iter().all(|b| b.is_ascii_digit() || matches!(b, b'.' | b'-' | b'+' | b'e' | b'E'));
    let value: f64 = std::str::from_utf8(text).ok().filter(|_| numeric)?.parse().ok()?;
    value.is_finite().then_some(value + 0.0) // no negative zero
}

/// A decimal number, its mark being `decimal` unless the other mark leaves no other reading.
pub(crate) fn number(text: &[u8], decimal: char) -> Read<f64> {
    if let Some(value) = digits(text) {
        return Ok((value as f64, None));
    }
    let declared = if decimal == ',' { b',' } else { b'.' };
    let (negative, body) = sign(text);
    let read =
        |plain: &[u8]| typed_number(plain).map(|(value, _)| if negative { 0.0 - value } else { value });
    if let Some((mantissa, exponent)) = scientific(body) {
        let mark = mantissa.iter().position(|b| matches!(b, b'.' | b','));
        let decimals = mark.map_or(0, |mark| mantissa.len() - mark - 1);
        // Of `1.23E+03` the last whole digit is not written: the mantissa must go down to the units.
        if exponent > decimals as i64 {
            return Err(Code::LostDigits);
        }
        let plain: Vec<u8> = body.iter().map(|b| if *b == b',' { b'.' } else { *b }).collect();
        let other = mark.is_some_and(|mark| mantissa[mark] != declared);
        return Ok((read(&plain)?, other.then_some(Code::DecimalMark)));
    }
    if let [b'.' | b',', fraction @ ..] = body
        && !fraction.is_empty()
        && fraction.iter().all(u8::is_ascii_digit)
    {
        let other = body[0] != declared;
        return Ok((read(&[b".", fraction].concat())?, other.then_some(Code::DecimalMark)));
    }
    let parts = Parts::of(body)?;
    let Some(fraction) = parts.fraction else {
        let grouped = parts.spaced.then_some(Code::ThousandsSpace);
        return Ok((read(&parts.whole)?, grouped));
    };
    if parts.mark != declared && parts.may_be_thousands() {
        return Err(Code::AmbiguousNumber);
    }
    let value = read(&[&parts.whole, b".".as_slice(), fraction].concat())?;
    let repair = match (parts.mark == declared, parts.spaced) {
        (false, _) => Some(Code::DecimalMark),
        (true, true) => Some(Code::ThousandsSpace),
        (true, false) => None,
    };
    Ok((value, repair))
}

/// A decimal number written by a program that knows its type.
pub(crate) fn typed_number(text: &[u8]) -> Read<f64> {
    match float(text) {
        Some(value) if value.abs() > EXACT_MAX => Err(Code::AboveMax),
        Some(value) => Ok((value, None)),
        None => Err(Code::TypeError),
    }
}

/// The minus sign is a hyphen or U+2212.
fn sign(text: &[u8]) -> (bool, &[u8]) {
    match text.strip_prefix(b"-").or_else(|| text.strip_prefix("\u{2212}".as_bytes())) {
        Some(body) => (true, body),
        None => (false, text),
    }
}

/// Digits, perhaps with one decimal mark, then an exponent: `1.23E+03`, `1e5`.
fn scientific(body: &[u8]) -> Option<(&[u8], i64)> {
    let place = body.iter().position(|b| matches!(b, b'e' | b'E'))?;
    let (mantissa, exponent) = (&body[..place], &body[place + 1..]);
    let marks = mantissa.iter().filter(|b| matches!(b, b'.' | b',')).count();
    let plain = mantissa.iter().all(|b| b.is_ascii_digit() || matches!(b, b'.' | b','));
    if !plain || marks > 1 || !mantissa.first().is_some_and(u8::is_ascii_digit) {
        return None;
    }
    let (negative, power) = match exponent {
        [b'-', power @ ..] => (true, power),
        [b'+', power @ ..] | power => (false, power),
    };
    if power.is_empty() || !power.iter().all(u8::is_ascii_digit) {
        return None;
    }
    let power = digits(power).unwrap_or(i64::MAX);
    Some((mantissa, if negative { -power } else { power }))
}

/// A code that a spreadsheet took for a number and rounded: `3.10E+08`, `3,1E+08`.
pub(crate) fn is_rounded_code(text: &[u8]) -> bool {
    text.contains(&b'+') && scientific(text).is_some_and(|(_, exponent)| exponent > 0)
}

/// What a spreadsheet shows in the place of a value it cannot compute, or for which its column is too narrow.
pub(crate) fn is_spreadsheet_error(text: &[u8]) -> bool {
    const WORDS: [&[u8]; 14] = [
        b"#DIV/0!",
        b"#N/A",
        b"#NAME?",
        b"#NULL!",
        b"#NUM!",
        b"#REF!",
        b"#VALUE!",
        b"#SPILL!",
        b"#CALC!",
        b"#GETTING_DATA",
        b"#NOM?",
        b"#NOMBRE!",
        b"#VALEUR!",
        b"#NUL!",
    ];
    text.first() == Some(&b'#')
        && (WORDS.iter().any(|word| text.eq_ignore_ascii_case(word))
            || (text.len() >= 3 && text.iter().all(|b| *b == b'#')))
}

/// Digits grouped by spaces or not, perhaps one decimal mark and digits after it.
struct Parts<'t> {
    /// Digits before the mark, spaces left out.
    whole: Vec<u8>,
    /// Its groups are set apart by spaces.
    spaced: bool,
    /// Full stop or comma; 0 without one.
    mark: u8,
    /// Digits after the mark.
    fraction: Option<&'t [u8]>,
}

impl<'t> Parts<'t> {
    /// # Errors
    /// [`Code::Percentage`], [`Code::ThousandsMarks`] or [`Code::AmbiguousNumber`] where digits and marks have no one
    /// reading, [`Code::TypeError`] where there is anything else.
    fn of(body: &'t [u8]) -> Result<Self, Code> {
        let text = std::str::from_utf8(body).map_err(|_| Code::TypeError)?;
        if let Some(number) = text.strip_suffix(['%', '‰']) {
            let numeric = |c: char| c.is_ascii_digit() || matches!(c, '.' | ',') || is_space(c);
            let is_number = number.starts_with(|c: char| c.is_ascii_digit()) && number.chars().all(numeric);
            return Err(if is_number { Code::Percentage } else { Code::TypeError });
        }
        let is_mark = |c: char| matches!(c, '.' | ',');
        if !text.starts_with(|c: char| c.is_ascii_digit())
            || !text.chars().all(|c| c.is_ascii_digit() || is_mark(c) || is_space(c))
        {
            return Err(Code::TypeError);
        }
        let mut pieces = text.split(is_mark);
        let whole = pieces.next().unwrap_or_default();
        let (fraction, more) = (pieces.next(), pieces.next());
        if more.is_some() {
            return Err(several_marks(text));
        }
        let spaced = whole.contains(is_space);
        if spaced && !groups(whole.split(is_space)) {
            return Err(Code::ThousandsMarks);
        }
        if fraction.is_some_and(|fraction| fraction.contains(is_space)) {
            return Err(Code::ThousandsMarks);
        }
        Ok(Self {
            whole: whole.bytes().filter(u8::is_ascii_digit).collect(),
            spaced,
            mark: text.bytes().find(|b| matches!(b, b'.' | b',')).unwrap_or_default(),
            fraction: fraction.map(str::as_bytes),
        })
    }

    /// `1.234`: one to three digits, not a lone zero, then exactly three; or `1 234,567`.
    fn may_be_thousands(&self) -> bool {
        self.fraction.is_some_and(|fraction| fraction.len() == 3)
            && (self.spaced || (self.whole.len() <= 3 && self.whole.first() != Some(&b'0')))
    }
}

/// What is wrong with digits among which two marks or more stand.
fn several_marks(text: &str) -> Code {
    let marks: Vec<char> = text.chars().filter(|c| matches!(c, '.' | ',')).collect();
    let (last, others) = (marks[marks.len() - 1], &marks[..marks.len() - 1]);
    let one_kind = others.iter().all(|mark| *mark == others[0]);
    if text.contains(is_space) {
        return Code::ThousandsMarks;
    }
    if one_kind && last == others[0] && groups(text.split(last)) {
        return Code::AmbiguousNumber; // 1.234.567
    }
    let (whole, fraction) = text.rsplit_once(last).unwrap_or((text, ""));
    if one_kind && last != others[0] && fraction.len() != 3 && groups(whole.split(others[0])) {
        return Code::AmbiguousNumber; // 1.234,5
    }
    // Of `05.10.2020` or `1.2.3` nothing looks like thousands.
    let three = |group: &str| group.len() == 3;
    if text.split(['.', ',']).skip(1).any(three) { Code::ThousandsMarks } else { Code::TypeError }
}

/// Plain, no-break, narrow, thin and figure spaces.
fn is_space(c: char) -> bool {
    matches!(c, ' ' | '\u{a0}' | '\u{202f}' | '\u{2009}' | '\u{2007}')
}

/// Groups of three digits, the first of one to three.
fn groups<'t>(groups: impl Iterator<Item = &'t str>) -> bool {
    let mut ranked = groups.enumerate();
    ranked.all(|(rank, group)| {
        let right = if rank == 0 { (1..=3).contains(&group.len()) } else { group.len() == 3 };
        right && group.bytes().all(|b| b.is_ascii_digit())
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    // docs/numbers.md is run value by value in `tests::numbers`; these are the seams of the functions.

    #[test]
    fn whole_numbers() {
        let check =
            |text: &str, expected: Read<i64>| assert_eq!(integer(text.as_bytes()), expected, "{text:?}");
        check("0", Ok((0, None)));
        check("999999999999999999", Ok((999_999_999_999_999_999, None)));
        check("12.", Ok((12, Some(Code::IntegerForm))));
        check("0.125", Err(Code::FractionalCount));
        check("0.000", Ok((0, Some(Code::IntegerForm))));
        check("1234.000", Ok((1234, Some(Code::IntegerForm))));
        check("1 234,5", Err(Code::FractionalCount));
        check("1234567890123456789012.0", Err(Code::AboveMax));
        check("1234567890123456789012", Err(Code::AboveMax));
        check("1e99999999999999999999", Err(Code::LostDigits));
        for text in
            ["", "-", "12,O", "12 patients", "e5", "inf", ".", "--1", "1.2.3", "05.10.2020", "%", "1e", "1e+"]
        {
            check(text, Err(Code::TypeError));
        }
    }

    #[test]
    fn typed_whole_numbers_are_exact_or_refused() {
        let check = |text: &str, expected: Read<i64>| {
            assert_eq!(typed_integer(text.as_bytes()), expected, "{text:?}")
        };
        check("1230", Ok((1230, None)));
        check("-0", Ok((0, None)));
        check("12.5", Err(Code::FractionalCount));
        check("9007199254740992.0", Ok((9_007_199_254_740_992, None)));
        check("18446744073709551615", Err(Code::AboveMax));
        check("true", Err(Code::TypeError));
    }

    #[test]
    fn decimal_numbers() {
        let check = |text: &str, mark: char, expected: Read<f64>| {
            assert_eq!(number(text.as_bytes(), mark), expected, "{text:?} {mark:?}");
        };
        check("12,5", ',', Ok((12.5, None)));
        check("-1.234", '.', Ok((-1.234, None)));
        check("0,125", '.', Ok((0.125, Some(Code::DecimalMark))));
        check(",5", '.', Ok((0.5, Some(Code::DecimalMark))));
        check("1.234", ',', Err(Code::AmbiguousNumber));
        check("1,234", ',', Ok((1.234, None)));
        check("1.234,5", ',', Err(Code::AmbiguousNumber));
        check("1 234.5", ',', Ok((1234.5, Some(Code::DecimalMark))));
        check("1 234,567", ',', Ok((1234.567, Some(Code::ThousandsSpace))));
        check("1,5e-3", '.', Ok((0.0015, Some(Code::DecimalMark))));
        for text in ["", "inf", "NaN", "12 euros", "abc", "-", ".", "1e-", "%"] {
            check(text, '.', Err(Code::TypeError));
        }
        let zero = number(b"-0.0", '.').unwrap().0;
        assert!(zero == 0.0 && zero.is_sign_positive());
    }

    #[test]
    fn codes_that_a_spreadsheet_rounded_are_known() {
        for code in ["3.10E+08", "3,1E+08", "3E+08", "1.23457e+11"] {
            assert!(is_rounded_code(code.as_bytes()), "{code}");
        }
        for code in ["310000000", "12E5", "E+05", "2E+00", "A1.5E+03", ""] {
            assert!(!is_rounded_code(code.as_bytes()), "{code}");
        }
    }
}
