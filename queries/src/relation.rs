//! What holds between the columns of one row: `positives <= tests`, `men + women = patients`, `starts <= ends`.
//!
//! The grammar is closed: two sides and one of `<=`, `<`, `=`, `>`, `>=` between them; a side is a sum or difference of
//! columns and constants. A side of dates is one date, with a number of days added or taken away.

use std::fmt;

use jiff::civil::Date;
use serde::{Deserialize, Serialize};
use toml::Spanned;

use crate::ColumnType;

/// A relation that the rows of a source keep.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Relation {
    /// The condition, in names of columns of the table.
    pub holds: Spanned<Condition>,
    /// What becomes of a row that breaks it.
    pub severity: RelationSeverity,
    /// Why it holds, for readers: part of the finding's sentence.
    pub reason_fr: Option<String>,
}

/// What becomes of a row that breaks a relation.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum RelationSeverity {
    /// The row is set aside: one of its values is wrong and nobody knows which.
    SetAside,
    /// The row is loaded, with a warning.
    Warn,
}

impl RelationSeverity {
    /// The word used in contracts and in the catalogue.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::SetAside => "set-aside",
            Self::Warn => "warn",
        }
    }
}

/// Two sides and what holds between them.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(try_from = "String")]
pub struct Condition {
    /// Terms of the left side, added up.
    pub left: Vec<Term>,
    /// What holds between the sides.
    pub operator: Operator,
    /// Terms of the right side, added up.
    pub right: Vec<Term>,
}

/// What holds between the two sides of a [`Condition`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Operator {
    /// `<`
    Less,
    /// `<=`
    AtMost,
    /// `=`
    Equal,
    /// `>=`
    AtLeast,
    /// `>`
    Greater,
}

/// One term of a sum.
#[derive(Debug, Clone, PartialEq)]
pub struct Term {
    /// Taken away instead of added.
    pub negative: bool,
    /// What is added.
    pub operand: Operand,
}

/// A column or a constant.
#[derive(Debug, Clone, PartialEq)]
pub enum Operand {
    /// Value of the column of that name in the table.
    Column(String),
    /// A number; days where the side is one of dates.
    Number(f64),
    /// A day, written `2020-01-31`.
    Day(Date),
}

impl Condition {
    /// Names of the columns, in the order in which they are written, each once.
    #[must_use]
    pub fn columns(&self) -> Vec<&str> {
        let mut names = Vec::new();
        for term in self.left.iter().chain(&self.right) {
            if let Operand::Column(name) = &term.operand
                && !names.contains(&name.as_str())
            {
                names.push(name.as_str());
            }
        }
        names
    }

    /// The condition in mathematical signs, each column under the name that `name` gives it: `P ≤ T`.
    #[must_use]
    pub fn shown(&self, name: impl Fn(&str) -> String) -> String {
        let side = |terms: &[Term]| {
            let mut text = String::new();
            for (rank, term) in terms.iter().enumerate() {
                text.push_str(match (rank, term.negative) {
                    (0, false) => "",
                    (0, true) => "\u{2212}",
                    (_, false) => " + ",
                    (_, true) => " \u{2212} ",
                });
                match &term.operand {
                    Operand::Column(column) => text.push_str(&name(column)),
                    Operand::Number(number) => text.push_str(&number.to_string().replace('.', ",")),
                    Operand::Day(day) => text.push_str(&day.to_string()),
                }
            }
            text
        };
        format!("{} {} {}", side(&self.left), self.operator, side(&self.right))
    }

    /// Whether columns of those types can be compared so; `kind` gives the type of a column.
    ///
    /// # Errors
    /// What is wrong, in a sentence for the author of the contract.
    pub(crate) fn check(&self, kind: impl Fn(&str) -> Option<ColumnType>) -> Result<(), String> {
        if self.columns().is_empty() {
            return Err("the relation names no column".into());
        }
        let mut dated = [None; 2];
        for (dated, terms) in dated.iter_mut().zip([&self.left, &self.right]) {
            let (mut dates, mut numbers, mut instants) = (0, 0, 0);
            for term in terms {
                let is_date = match &term.operand {
                    Operand::Day(_) => true,
                    Operand::Number(_) => continue,
                    Operand::Column(name) => match kind(name) {
                        None => return Err(format!("{name:?} is not among the columns")),
                        Some(ColumnType::Date) => true,
                        Some(ColumnType::Timestamp) => {
                            instants += 1;
                            true
                        }
                        Some(ColumnType::Integer | ColumnType::Number) => {
                            numbers += 1;
                            continue;
                        }
                        Some(ColumnType::Text | ColumnType::Department | ColumnType::Boolean) => {
                            return Err(format!(
                                "column {name:?} is neither a number nor a date, so that it cannot be compared"
                            ));
                        }
                    },
                };
                if is_date && term.negative {
                    return Err("a date cannot be taken away from anything".into());
                }
                dates += 1;
            }
            *dated = (dates > 0).then_some(instants > 0);
            if instants > 0 && terms.len() > 1 {
                return Err("an instant is compared as it is, with nothing added".into());
            }
            if dates > 1 || (dates == 1 && numbers > 0) {
                return Err(
                    "a side of dates is one date, with a constant number of days added or taken away \
                            (starts + 30)"
                        .into(),
                );
            }
            let whole = |term: &Term| match term.operand {
                Operand::Number(number) => number.fract() == 0.0,
                Operand::Column(_) | Operand::Day(_) => true,
            };
            if dates == 1 && !terms.iter().all(whole) {
                return Err("days are added to a date in whole numbers".into());
            }
        }
        if dated[0] != dated[1] {
            return Err("a date is compared with a number, or with an instant".into());
        }
        Ok(())
    }
}

impl fmt::Display for Operator {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Less => "<",
            Self::AtMost => "≤",
            Self::Equal => "=",
            Self::AtLeast => "≥",
            Self::Greater => ">",
        })
    }
}

impl fmt::Display for Condition {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.shown(str::to_owned))
    }
}

impl TryFrom<String> for Condition {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        let fault = |what: &str| {
            format!(
                "{text:?}: {what}; expected two sums with <=, <, =, > or >= between them, such as positives <= tests"
            )
        };
        let mut sides = vec![Vec::new()];
        let mut operator = None;
        // The sign in front of the next term; none right after a term.
        let mut sign = Some(false);
        let mut rest = text.trim();
        while let Some(first) = rest.chars().next() {
            if let Some((found, after)) = operator_at(rest) {
                if sign.is_some() {
                    return Err(fault("a column or number is missing"));
                }
                if operator.replace(found?).is_some() {
                    return Err(fault("there is more than one comparison"));
                }
                sides.push(Vec::new());
                (sign, rest) = (Some(false), after.trim_start());
                continue;
            }
            if matches!(first, '+' | '-') {
                let opens = sign == Some(false) && sides.last().is_some_and(Vec::is_empty);
                if sign.is_some() && !opens {
                    return Err(fault("two signs follow each other"));
                }
                (sign, rest) = (Some(first == '-'), rest[1..].trim_start());
                continue;
            }
            let end = rest
                .find(|c: char| !(c.is_ascii_alphanumeric() || matches!(c, '_' | '.')))
                .unwrap_or(rest.len());
            let end = if is_day(rest) { DAY.len() } else { end };
            let operand = operand(&rest[..end]).ok_or_else(|| {
                let shown: String = rest.chars().take(end.max(1)).collect();
                fault(&format!("{shown:?} is neither a column nor a number nor a day"))
            })?;
            let Some(negative) = sign.take() else {
                return Err(fault("a sign is missing between two terms"));
            };
            if let Some(side) = sides.last_mut() {
                side.push(Term { negative, operand });
            }
            rest = rest[end..].trim_start();
        }
        if sign.is_some() {
            return Err(fault("a column or number is missing"));
        }
        match (operator, <[Vec<Term>; 2]>::try_from(sides)) {
            (Some(operator), Ok([left, right])) => Ok(Self { left, operator, right }),
            _ => Err(fault("there is no comparison")),
        }
    }
}

const DAY: &str = "2020-01-31";

/// Whether a day written `2020-01-31` stands in front.
fn is_day(text: &str) -> bool {
    let like = |(a, b): (u8, u8)| if b.is_ascii_digit() { a.is_ascii_digit() } else { a == b };
    text.len() >= DAY.len() && text.bytes().zip(DAY.bytes()).all(like)
}

fn operand(text: &str) -> Option<Operand> {
    if is_day(text) {
        return text.parse().ok().map(Operand::Day);
    }
    if text.starts_with(|c: char| c.is_ascii_digit()) {
        let plain = text.bytes().all(|b| b.is_ascii_digit() || b == b'.') && !text.ends_with('.');
        return text.parse().ok().filter(|_| plain).map(Operand::Number);
    }
    let named = text.starts_with(|c: char| c.is_ascii_alphabetic()) && !text.contains('.');
    named.then(|| Operand::Column(text.to_owned()))
}

/// The comparison in front, and the text after it.
fn operator_at(text: &str) -> Option<(Result<Operator, String>, &str)> {
    const KNOWN: [(&str, Operator); 7] = [
        ("<=", Operator::AtMost),
        (">=", Operator::AtLeast),
        ("≤", Operator::AtMost),
        ("≥", Operator::AtLeast),
        ("<", Operator::Less),
        (">", Operator::Greater),
        ("=", Operator::Equal),
    ];
    for unknown in ["==", "!=", "<>", "=<", "=>"] {
        if text.starts_with(unknown) {
            return Some((Err(format!("{unknown} is not a comparison; write <=, <, =, > or >=")), text));
        }
    }
    KNOWN.iter().find_map(|(sign, found)| Some((Ok(*found), text.strip_prefix(sign)?)))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parsed(text: &str) -> Result<Condition, String> {
        Condition::try_from(text.to_owned())
    }

    #[test]
    fn conditions_are_read_and_shown() {
        for (text, shown, columns) in [
            ("positives <= tests", "positives ≤ tests", vec!["positives", "tests"]),
            ("a+b=total", "a + b = total", vec!["a", "b", "total"]),
            ("  - a + 2.5 > b - 1 ", "\u{2212}a + 2,5 > b \u{2212} 1", vec!["a", "b"]),
            ("starts ≥ 2020-01-31", "starts ≥ 2020-01-31", vec!["starts"]),
            ("ends < starts + 30", "ends < starts + 30", vec!["ends", "starts"]),
            ("a - 5 <= a", "a \u{2212} 5 ≤ a", vec!["a"]),
        ] {
            let condition = parsed(text).unwrap();
            assert_eq!((condition.to_string().as_str(), condition.columns()), (shown, columns), "{text}");
        }
    }

    #[test]
    fn what_is_no_condition_is_refused_with_a_reason() {
        for (text, reason) in [
            ("", "a column or number is missing"),
            ("positives", "no comparison"),
            ("positives <=", "a column or number is missing"),
            ("<= tests", "a column or number is missing"),
            ("a <= b <= c", "more than one comparison"),
            ("a == b", "== is not a comparison"),
            ("a != b", "!= is not a comparison"),
            ("a => b", "=> is not a comparison"),
            ("a b <= c", "a sign is missing"),
            ("a + + b <= c", "two signs"),
            ("a + <= c", "a column or number is missing"),
            ("2 * a <= c", "neither a column nor a number"),
            ("a <= 2020-13-01", "neither a column nor a number"),
            ("a <= 1.", "neither a column nor a number"),
            ("a <= (b)", "neither a column nor a number"),
            ("é <= b", "neither a column nor a number"),
        ] {
            let fault = parsed(text).unwrap_err();
            assert!(fault.contains(reason), "{text:?}: {fault}");
        }
    }

    #[test]
    fn only_what_can_be_compared_is_taken() {
        let kind = |name: &str| match name {
            "n" | "m" => Some(ColumnType::Integer),
            "x" => Some(ColumnType::Number),
            "day" | "end" => Some(ColumnType::Date),
            "open" => Some(ColumnType::Boolean),
            "at" | "until" => Some(ColumnType::Timestamp),
            "name" => Some(ColumnType::Text),
            _ => None,
        };
        let check = |text: &str| parsed(text).unwrap().check(kind);
        for good in [
            "n <= m",
            "n + x = m",
            "n >= 1",
            "day <= end",
            "end <= day + 30 - 2",
            "day >= 2020-01-01",
            "at <= until",
        ] {
            assert_eq!(check(good), Ok(()), "{good}");
        }
        for (text, reason) in [
            ("n <= other", "\"other\" is not among the columns"),
            ("n <= name", "neither a number nor a date"),
            ("open <= n", "neither a number nor a date"),
            ("day <= n", "a date is compared with a number"),
            ("day + n <= end", "a side of dates is one date"),
            ("day + end <= day", "a side of dates is one date"),
            ("n <= 2020-01-01", "a date is compared with a number"),
            ("n <= m - day", "a date cannot be taken away"),
            ("day + 0.5 <= end", "whole numbers"),
            ("1 <= 2", "names no column"),
            ("at <= day", "or with an instant"),
            ("at + 1 <= until", "nothing added"),
        ] {
            let fault = check(text).unwrap_err();
            assert!(fault.contains(reason), "{text:?}: {fault}");
        }
    }
}
