//! Whether a row passes a filter of the contract.
//!
//! A row is left out only when its value says so: where the contract keeps `0` (both sexes, all ages), other whole
//! numbers are other classes, and so are the words that it names as `others`. An empty field, another word or a broken
//! number is no class, and the row is set aside.

use vigie_queries::{Contract, Filter};

use crate::findings::Code;
use crate::{numbers, unicode};

/// What becomes of a row.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Sifted {
    Kept,
    /// Kept, its class being written otherwise than in the contract: `0.0`, `00`, an accent in two signs.
    KeptAs(Code),
    LeftOut,
    /// Left out too, although the contract names the other classes and this is none of them.
    LeftOutUnknown,
    /// Set aside: nobody can tell.
    Unclear(Code),
}

/// Judges the trimmed text of a filter's field.
pub(crate) fn sift(filter: &Filter, value: &[u8], contract: &Contract) -> Sifted {
    let is_among = |classes: &[String]| classes.iter().any(|class| class.as_bytes() == value);
    if is_among(&filter.keep) {
        return Sifted::Kept;
    }
    if is_among(&filter.others) {
        return Sifted::LeftOut;
    }
    if value.is_empty() || is_missing_word(contract, value) {
        return Sifted::Unclear(Code::MissingValue);
    }
    let is_like = |classes: &[String]| classes.iter().any(|class| like(class, value));
    if filter.keep.is_empty() {
        return if is_like(&filter.leave_out) { Sifted::LeftOut } else { Sifted::Kept };
    }
    if is_like(&filter.keep) {
        return Sifted::Kept;
    }
    if is_like(&filter.others) {
        return Sifted::LeftOut;
    }
    let looks_like = |classes: &[String]| {
        std::str::from_utf8(value)
            .is_ok_and(|value| classes.iter().any(|class| unicode::name(class) == unicode::name(value)))
    };
    if looks_like(&filter.keep) {
        return Sifted::KeptAs(Code::UnicodeForm);
    }
    if looks_like(&filter.others) {
        return Sifted::LeftOut;
    }
    let left_out = if filter.others.is_empty() { Sifted::LeftOut } else { Sifted::LeftOutUnknown };
    let number = |class: &String| numbers::digits(class.as_bytes());
    if filter.keep.iter().any(|keep| number(keep).is_none()) {
        return left_out; // classes are words: any other word is another class
    }
    match numbers::integer(value) {
        Ok((value, repair)) => {
            let is_among = |classes: &[String]| classes.iter().any(|class| number(class) == Some(value));
            match (is_among(&filter.keep), value < 0) {
                (true, _) => Sifted::KeptAs(repair.unwrap_or(Code::LeadingZero)),
                (false, true) => Sifted::Unclear(Code::UnknownValue),
                (false, false) if is_among(&filter.others) => Sifted::LeftOut,
                (false, false) => left_out,
            }
        }
        Err(_) => Sifted::Unclear(Code::UnknownValue),
    }
}

/// Whether a value is of a class of the contract, in which a `*` at the beginning or the end is any text.
fn like(class: &str, value: &[u8]) -> bool {
    let head = class.strip_suffix('*');
    let bare = head.unwrap_or(class);
    let tail = bare.strip_prefix('*');
    let bare = tail.unwrap_or(bare).as_bytes();
    match (tail.is_some(), head.is_some()) {
        (false, false) => value == bare,
        (false, true) => value.starts_with(bare),
        (true, false) => value.ends_with(bare),
        (true, true) => value.windows(bare.len().max(1)).any(|window| window == bare),
    }
}

/// Whether a trimmed text means "missing", whatever its case.
pub(crate) fn is_missing_word(contract: &Contract, text: &[u8]) -> bool {
    contract.dialect.missing.iter().any(|word| word.as_bytes().eq_ignore_ascii_case(text))
}
