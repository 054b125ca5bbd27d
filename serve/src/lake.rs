//! Where sessions get the tables of the lake from: the outermost layer opens them, which alone reads the clock.

use std::sync::Arc;

use datafusion::prelude::SessionContext;
use jiff::Timestamp;
use vigie_queries::Vocabulary;
use vigie_store::{Lake, SessionOptions};

/// Opens the tables and views of the lake as of a time of publication; as they are now when none is given.
pub type OpenTables = Arc<dyn Fn(Option<Timestamp>) -> Result<SessionContext, String> + Send + Sync>;

/// Reads a time as the command line does: a date (the end of that day in Paris) or an instant.
pub type ReadTime = fn(&str) -> Result<Timestamp, String>;

/// A lake that sessions read.
#[derive(Clone)]
pub struct Source {
    /// The lake.
    pub lake: Lake,
    /// Its vocabulary, which the catalogue tells.
    pub vocabulary: Arc<Vocabulary>,
    /// Its tables.
    pub open: OpenTables,
    /// How times are written.
    pub read_time: ReadTime,
    /// What the statements of one session may take together.
    pub options: SessionOptions,
}
