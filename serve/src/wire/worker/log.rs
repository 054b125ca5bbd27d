//! The log of statements: who (a role, never a name), what (its shape, without a value), how long, how many rows.

use std::io::{self, Write as _};
use std::ops::ControlFlow;
use std::time::Instant;

use datafusion::sql::sqlparser::ast::{Statement, Value, ValueWithSpan, VisitMut, VisitorMut};
use datafusion_postgres::pgwire::error::PgWireError;

use super::UNDER_WAY;
use crate::{Refused, Role};

/// Longest shape that is written.
const SHAPE_CHARS: usize = 2_000;

/// Tells the front which statement begins: it names it in its log if this process falls.
pub(super) fn begins(statement: &Statement, role: Role) {
    let _ = writeln!(io::stderr(), "{UNDER_WAY}{role}: {}", shape(statement)); // only for the log
}

/// A statement that runs.
pub(super) struct Entry {
    shape: String,
    role: Role,
    start: Instant,
}

impl Entry {
    pub(super) fn new(statement: &Statement, role: Role, start: Instant) -> Self {
        Self { shape: shape(statement), role, start }
    }

    pub(super) fn ended(self, rows: u64) {
        let duration_ms = self.start.elapsed().as_millis();
        tracing::info!(role = %self.role, duration_ms, rows, statement = self.shape, "query");
    }

    pub(super) fn failed(self, fault: &PgWireError) {
        let duration_ms = self.start.elapsed().as_millis();
        tracing::info!(role = %self.role, duration_ms, %fault, statement = self.shape, "query failed");
    }
}

/// Notes a statement that was turned away, by its first words, and gives back why.
pub(super) fn refused(statement: &Statement, role: Role, refused: Refused) -> Refused {
    let words = shape(statement).split_whitespace().take(2).collect::<Vec<_>>().join(" ");
    tracing::info!(%role, state = refused.sqlstate(), statement = words, "query refused");
    refused
}

/// A statement whose values are `?`: what was looked for may be about persons.
fn shape(statement: &Statement) -> String {
    struct Blank;
    impl VisitorMut for Blank {
        type Break = ();

        fn pre_visit_value(&mut self, value: &mut ValueWithSpan) -> ControlFlow<()> {
            value.value = Value::Placeholder("?".to_owned());
            ControlFlow::Continue(())
        }
    }
    let mut blank = statement.clone();
    let _ = blank.visit(&mut Blank);
    blank.to_string().chars().take(SHAPE_CHARS).collect()
}

#[cfg(test)]
mod tests {
    use super::shape;

    #[test]
    fn no_value_is_in_a_shape() {
        let statement =
            crate::guard::parse("select a, 'x' from t where name = 'Durand' and n in (1, 2) limit 3")
                .unwrap();
        assert_eq!(shape(&statement), "SELECT a, ? FROM t WHERE name = ? AND n IN (?, ?) LIMIT ?");
    }
}
