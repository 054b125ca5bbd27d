//! Why a run cannot go on.

use datafusion::error::DataFusionError;

/// A failed run, with the query file or the table it failed on.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// A query does not plan or does not run.
    #[error("{file}: the query failed")]
    Query {
        /// Path inside the vocabulary, such as `indicators/icu_patients.sql`.
        file: String,
        /// What the engine says.
        #[source]
        source: Box<DataFusionError>,
    },
    /// An indicator's result has not the shape of an indicator.
    #[error("{file}: {what}")]
    Shape {
        /// Path inside the vocabulary.
        file: String,
        /// What was found and what was expected.
        what: String,
    },
    /// A table that queries read cannot be read.
    #[error("cannot read the table {table}")]
    Table {
        /// Its name.
        table: String,
        /// What the engine says.
        #[source]
        source: Box<DataFusionError>,
    },
    /// A batch could not be put together.
    #[error("{what}: a batch could not be put together")]
    Arrow {
        /// The indicator or table.
        what: String,
        /// The cause.
        #[source]
        source: arrow::error::ArrowError,
    },
}
