//! What a table of the lake looks like: its key, its columns, and how its rows live.

use std::sync::Arc;

use arrow::datatypes::{DataType, Field, Schema, SchemaRef, TimeUnit};
use jiff::Timestamp;
use vigie_queries::{Contract, Kind};

/// The point from which the lake is looked at: rows issued and recorded up to these instants, both included.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct AsOf {
    /// Latest edition seen (`issued_at`).
    pub issued: Timestamp,
    /// Latest commit seen (`recorded_at`).
    pub recorded: Timestamp,
}

impl AsOf {
    /// Both clocks at one instant.
    #[must_use]
    pub fn at(instant: Timestamp) -> Self {
        Self { issued: instant, recorded: instant }
    }

    /// Everything in the lake, also rows whose publisher dated them in the future.
    #[must_use]
    pub fn everything() -> Self {
        Self::at(Timestamp::MAX)
    }
}

/// How the rows of a table live.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TableKind {
    /// One row per key and version.
    Versioned {
        /// Whether an edition repeats every key, so that a vanished key is a withdrawal.
        snapshot: bool,
    },
    /// One row per event, never corrected.
    Log,
}

/// A table of the lake.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TableSpec {
    /// Name: lower-case letters, digits and underscores.
    pub name: String,
    /// Key columns in sort order; empty for a log.
    pub key: Vec<String>,
    /// Key columns then values, without the columns the store adds.
    pub schema: SchemaRef,
    /// How its rows live.
    pub kind: TableKind,
}

/// When the publisher issued the edition, UTC.
pub(crate) const ISSUED: &str = "issued_at";
/// When Vigie committed the row, UTC.
pub(crate) const RECORDED: &str = "recorded_at";
/// The fetch (or run) the row came with.
pub(crate) const FETCH: &str = "fetch_id";
/// Whether the row says that its key is no longer given.
pub(crate) const WITHDRAWN: &str = "withdrawn";

/// The Arrow type of every instant in the lake: microseconds, UTC.
pub(crate) fn instant() -> DataType {
    DataType::Timestamp(TimeUnit::Microsecond, Some("UTC".into()))
}

/// Microseconds since 1970, rounded down: the precision of the lake.
pub(crate) fn micros(at: Timestamp) -> i64 {
    i64::try_from(at.as_nanosecond().div_euclid(1_000)).unwrap_or(i64::MAX)
}

/// The instant of a count of microseconds since 1970.
pub(crate) fn from_micros(at: i64) -> Timestamp {
    Timestamp::from_microsecond(at).unwrap_or(if at < 0 { Timestamp::MIN } else { Timestamp::MAX })
}

impl TableSpec {
    /// The table of a source: the contract's key and columns.
    #[must_use]
    pub fn of(contract: &Contract) -> Self {
        Self {
            name: contract.name().to_owned(),
            key: contract.key_names(),
            schema: contract.schema(),
            kind: TableKind::Versioned { snapshot: contract.kind == Kind::Snapshot },
        }
    }

    /// The same table, an edition of which repeats every key (or not).
    #[must_use]
    pub fn with_snapshot(mut self, snapshot: bool) -> Self {
        self.kind = TableKind::Versioned { snapshot };
        self
    }

    /// Whether the table keeps versions of keys.
    #[must_use]
    pub fn is_versioned(&self) -> bool {
        matches!(self.kind, TableKind::Versioned { .. })
    }

    /// The schema of the files.
    ///
    /// - versioned: key, values (all nullable, since a withdrawn row has none), `issued_at`, `recorded_at`,
    ///   `fetch_id`, `withdrawn`;
    /// - log: the columns as given, and `recorded_at` last when it is not among them.
    #[must_use]
    pub fn stored_schema(&self) -> SchemaRef {
        let mut fields: Vec<Field> = Vec::with_capacity(self.schema.fields().len() + 4);
        for field in self.schema.fields() {
            let nullable = !self.key.contains(field.name());
            fields.push(Field::new(field.name(), field.data_type().clone(), nullable));
        }
        if self.is_versioned() {
            fields.push(Field::new(ISSUED, instant(), false));
            fields.push(Field::new(RECORDED, instant(), false));
            fields.push(Field::new(FETCH, DataType::Utf8, false));
            fields.push(Field::new(WITHDRAWN, DataType::Boolean, false));
        } else if self.schema.field_with_name(RECORDED).is_err() {
            fields.push(Field::new(RECORDED, instant(), true));
        }
        Arc::new(Schema::new(fields))
    }

    /// The schema of the as-of view: the stored one without `withdrawn`.
    #[must_use]
    pub fn view_schema(&self) -> SchemaRef {
        let stored = self.stored_schema();
        let fields: Vec<_> =
            stored.fields().iter().filter(|field| field.name() != WITHDRAWN).cloned().collect();
        Arc::new(Schema::new(fields))
    }

    /// Columns a file of the table is sorted by.
    pub(crate) fn sort_columns(&self) -> Vec<&str> {
        if self.is_versioned() {
            self.key.iter().map(String::as_str).chain([ISSUED, RECORDED]).collect()
        } else {
            Vec::new()
        }
    }
}
