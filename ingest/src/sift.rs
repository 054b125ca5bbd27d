//! Whether a row passes a filter of the contract.
//!
//! A row is left out only when its value says so: where the contract keeps `0` (both sexes, all ages), other whole
//! numbers are other classes. An empty field, a word or a broken number is no class, and the row is set aside.

use vigie_queries::{Contract, Filter};

use crate::findings::Code;
use crate::values;

/// What becomes of a row.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Sifted {
    Kept,
    /// Kept, its class being written otherwise than in the contract: `0.0`, `00`.
    KeptAs(Code),
    LeftOut,
    /// Set aside: nobody can tell.
    Unclear(Code),
}

/// Judges the trimmed text of a filter's field.
pub(crate) fn sift(filter: &Filter, value: &[u8], contract: &Contract) -> Sifted {
    if filter.keep.iter().any(|keep| keep.as_bytes() == value) {
        return Sifted::Kept;
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
    let mut kept = filter.keep.iter().map(|keep| values::digits(keep.as_bytes()));
    if kept.any(|number| number.is_none()) {
        return Sifted::LeftOut; // classes are words: any other word is another class
    }
    match values::integer(value) {
        Ok((number, repair)) => {
            let same = filter.keep.iter().any(|keep| values::digits(keep.as_bytes()) == Some(number));
            match (same, number < 0) {
                (true, _) => Sifted::KeptAs(repair.unwrap_or(Code::LeadingZero)),
                (false, true) => Sifted::Unclear(Code::UnknownValue),
                (false, false) => Sifted::LeftOut,
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
