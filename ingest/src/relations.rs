//! What holds between the columns of a row, as the contract says it: looked at for every row, before anything is kept.

use vigie_queries::{Operand, Operator, RelationSeverity, Term};

use crate::columns::Columns;
use crate::dates::days_of;
use crate::findings::{Code, Finding, Severity};
use crate::row::Row;
use crate::say::{NBSP, NNBSP, counted, quoted, shown};
use crate::table::Value;
use crate::values::trimmed;
use crate::wording::RowWord;

/// Rows of one relation whose warnings are given one by one; the others are counted.
const WARNINGS_MAX: u64 = 100;
/// Sums of decimal numbers are equal when they differ by less than this share of the larger one: 0.1 + 0.2 is 0.3.
const NEAR: f64 = 1e-9;

/// The relations of a contract, ready to be looked at.
#[derive(Debug)]
pub(crate) struct Relations<'c> {
    all: Vec<Compiled<'c>>,
}

#[derive(Debug)]
struct Compiled<'c> {
    relation: &'c vigie_queries::Relation,
    left: Vec<Part>,
    right: Vec<Part>,
    /// Slots of its columns, each once.
    slots: Vec<usize>,
    /// Rows that break it and were loaded.
    warned: u64,
}

/// A term whose column is found.
#[derive(Debug)]
struct Part {
    negative: bool,
    from: Of,
}

#[derive(Debug)]
enum Of {
    Slot(usize),
    Constant(Figure),
}

/// An exact whole number (days since 1970-01-01 for a date, microseconds for an instant), or a decimal one.
#[derive(Debug, Clone, Copy)]
enum Figure {
    Whole(i128),
    Decimal(f64),
}

impl<'c> Relations<'c> {
    pub(crate) fn new(contract: &'c vigie_queries::Contract, columns: &Columns<'_>) -> Self {
        let slot = |name: &str| columns.slots.iter().position(|slot| slot.column.name.get_ref() == name);
        let part = |term: &Term| {
            let from = match &term.operand {
                Operand::Column(name) => Of::Slot(slot(name)?),
                Operand::Day(day) => Of::Constant(Figure::Whole(days_of(*day).into())),
                Operand::Number(number) if number.fract() == 0.0 && number.abs() < 1e15 => {
                    Of::Constant(Figure::Whole(*number as i128))
                }
                Operand::Number(number) => Of::Constant(Figure::Decimal(*number)),
            };
            Some(Part { negative: term.negative, from })
        };
        let compiled = |relation: &'c vigie_queries::Relation| {
            let condition = relation.holds.get_ref();
            Some(Compiled {
                relation,
                left: condition.left.iter().map(part).collect::<Option<_>>()?,
                right: condition.right.iter().map(part).collect::<Option<_>>()?,
                slots: condition.columns().into_iter().map(slot).collect::<Option<_>>()?,
                warned: 0,
            })
        };
        // The contract's reader has checked that every column is there.
        Self { all: contract.relations.iter().filter_map(compiled).collect() }
    }

    /// Ranks of the relations that a row breaks: nothing to say of those with a missing value.
    pub(crate) fn broken<'a>(&'a self, values: &'a [Value]) -> impl Iterator<Item = usize> + 'a {
        self.all.iter().enumerate().filter(|(_, one)| one.is_broken(values)).map(|(rank, _)| rank)
    }

    /// Whether a row that breaks it is set aside.
    pub(crate) fn sets_aside(&self, rank: usize) -> bool {
        self.all[rank].relation.severity == RelationSeverity::SetAside
    }

    /// Counts a row that breaks a relation and is loaded; `false` when it is only counted.
    pub(crate) fn warn(&mut self, rank: usize) -> bool {
        self.all[rank].warned += 1;
        self.all[rank].warned <= WARNINGS_MAX
    }

    /// The finding about a row, with both columns and both values as received.
    pub(crate) fn finding(
        &self,
        rank: usize,
        word: RowWord,
        row: &Row<'_>,
        columns: &Columns<'_>,
    ) -> Finding {
        let one = &self.all[rank];
        let aside = self.sets_aside(rank);
        let values: Vec<(String, String)> = one
            .slots
            .iter()
            .map(|slot| {
                let slot = &columns.slots[*slot];
                let value = match slot.field {
                    Some(field) => shown(trimmed(row.cell(row.cells[field]))),
                    None => slot.column.default.clone().unwrap_or_default(),
                };
                (slot.name.clone(), value)
            })
            .collect();
        let listed =
            |of: &dyn Fn(&(String, String)) -> String| and(&values.iter().map(of).collect::<Vec<_>>());
        let names = listed(&|(name, _)| quoted(name));
        let said = listed(&|(name, value)| format!("{} vaut {value}", quoted(name)));
        let expected = one.expected(columns);
        let code = Code::RelationBroken;
        let fate = if aside { "" } else { " La ligne est gardée." };
        Finding {
            line: Some(row.line),
            column: Some(values.iter().map(|(name, _)| name.as_str()).collect::<Vec<_>>().join(", ")),
            code,
            severity: if aside { Severity::Error } else { Severity::Warn },
            found: Some(
                values.iter().map(|(name, value)| format!("{name} = {value}")).collect::<Vec<_>>().join(", "),
            ),
            message: format!(
                "{}, {} {names}{NBSP}: {said}. Attendu{NBSP}: {expected}.{fate} ({code})",
                word.at(row.line),
                if values.len() == 1 { "colonne" } else { "colonnes" },
            ),
            expected: Some(expected),
            raw: Some(row.raw_shown()),
        }
    }

    /// What is to be said at the end of rows whose warnings were only counted.
    pub(crate) fn uncounted(&self, columns: &Columns<'_>) -> Vec<Finding> {
        let beyond = self.all.iter().filter(|one| one.warned > WARNINGS_MAX);
        beyond
            .map(|one| {
                let code = Code::RelationBroken;
                let expected = one.expected(columns);
                let more = one.warned - WARNINGS_MAX;
                Finding {
                    line: None,
                    column: Some(
                        one.slots.iter().map(|slot| columns.slots[*slot].name.as_str()).collect::<Vec<_>>().join(", "),
                    ),
                    code,
                    severity: Severity::Warn,
                    found: Some(more.to_string()),
                    message: format!(
                        "{} ne respectent pas non plus{NBSP}: {expected}. Elles sont gardées{NNBSP}; le fichier reçu les montre. ({code})",
                        counted(more, "autre ligne", "autres lignes")
                    ),
                    expected: Some(expected),
                    raw: None,
                }
            })
            .collect()
    }
}

impl Compiled<'_> {
    fn is_broken(&self, values: &[Value]) -> bool {
        let (Some(left), Some(right)) = (sum(&self.left, values), sum(&self.right, values)) else {
            return false;
        };
        let operator = self.relation.holds.get_ref().operator;
        let holds = match (left, right) {
            (Figure::Whole(left), Figure::Whole(right)) => match operator {
                Operator::Less => left < right,
                Operator::AtMost => left <= right,
                Operator::Equal => left == right,
                Operator::AtLeast => left >= right,
                Operator::Greater => left > right,
            },
            (left, right) => {
                let (left, right) = (left.decimal(), right.decimal());
                let near = (left - right).abs() <= NEAR * left.abs().max(right.abs());
                match operator {
                    Operator::Less => left < right && !near,
                    Operator::AtMost => left <= right || near,
                    Operator::Equal => near,
                    Operator::AtLeast => left >= right || near,
                    Operator::Greater => left > right && !near,
                }
            }
        };
        !holds
    }

    /// `P ≤ T`, with the contract's reason behind it.
    fn expected(&self, columns: &Columns<'_>) -> String {
        let name = |column: &str| {
            let slot = columns.slots.iter().find(|slot| slot.column.name.get_ref() == column);
            slot.map_or_else(|| column.to_owned(), |slot| slot.name.clone())
        };
        let condition = self.relation.holds.get_ref().shown(name);
        match &self.relation.reason_fr {
            Some(reason) => format!("{condition} ({})", reason.trim().trim_end_matches('.')),
            None => condition,
        }
    }
}

impl Figure {
    fn decimal(self) -> f64 {
        match self {
            Self::Whole(value) => value as f64,
            Self::Decimal(value) => value,
        }
    }
}

/// Nothing when a value is missing.
fn sum(parts: &[Part], values: &[Value]) -> Option<Figure> {
    let mut total = Figure::Whole(0);
    for part in parts {
        let figure = match part.from {
            Of::Constant(figure) => figure,
            Of::Slot(slot) => match values[slot] {
                Value::Integer(value) => Figure::Whole(value.into()),
                Value::Day(day) => Figure::Whole(day.into()),
                Value::Instant(micros) => Figure::Whole(micros.into()),
                Value::Number(value) => Figure::Decimal(value),
                _ => return None,
            },
        };
        total = match (total, figure) {
            // At most a few hundred numbers of 64 bits.
            (Figure::Whole(total), Figure::Whole(value)) => {
                Figure::Whole(if part.negative { total - value } else { total + value })
            }
            (total, figure) => {
                let value = figure.decimal();
                Figure::Decimal(total.decimal() + if part.negative { -value } else { value })
            }
        };
    }
    Some(total)
}

/// `a, b et c`.
fn and(words: &[String]) -> String {
    match words {
        [] => String::new(),
        [only] => only.clone(),
        [first @ .., last] => format!("{} et {last}", first.join(", ")),
    }
}
