//! Sessions: the tables of the lake, as of T, in a fresh query context.

use std::num::NonZeroUsize;
use std::sync::Arc;

use datafusion::error::DataFusionError;
use datafusion::prelude::SessionContext;

use crate::engine;
use crate::error::engine as fault;
use crate::provider::{AsOfTable, EveryRow};
use crate::spec::{AsOf, TableSpec};
use crate::{Error, Lake};

/// Limits of a session.
#[derive(Debug, Clone, Copy)]
pub struct SessionOptions {
    /// Bytes the operators of one session may hold before they spill or fail; none is no limit.
    pub memory_limit: Option<usize>,
    /// Bytes they may spill to disk; none is the engine's own limit.
    pub spill_limit: Option<u64>,
    /// Threads of a query. Sums of decimal numbers may differ in their last digit between runs unless it is 1.
    pub target_partitions: usize,
}

impl Default for SessionOptions {
    fn default() -> Self {
        let threads = std::thread::available_parallelism().map_or(1, NonZeroUsize::get);
        Self { memory_limit: None, spill_limit: None, target_partitions: threads }
    }
}

impl Lake {
    /// A fresh session with the default [`SessionOptions`].
    ///
    /// Registers `<t>` (newest version of each key, without `withdrawn`) and `<t>_versions` (every row recorded by
    /// then, of any issue, `withdrawn` included) for versioned tables, and logs under their name. Files are listed when a
    /// query is planned, so a session sees what is committed meanwhile if it was recorded by its as-of.
    ///
    /// # Errors
    /// [`Error::Engine`] when the engine refuses a table.
    pub fn session(&self, as_of: AsOf, specs: &[TableSpec]) -> Result<SessionContext, Error> {
        self.session_with(as_of, specs, SessionOptions::default())
    }

    /// A fresh session.
    ///
    /// # Errors
    /// [`Error::Engine`] when the engine refuses a table.
    pub fn session_with(
        &self,
        as_of: AsOf,
        specs: &[TableSpec],
        options: SessionOptions,
    ) -> Result<SessionContext, Error> {
        let context = self.empty_session(options)?;
        for spec in specs {
            self.register(&context, as_of, spec).map_err(fault("registration", &spec.name))?;
        }
        Ok(context)
    }

    /// A session that has no table yet, within limits: for who brings tables of other sessions together.
    ///
    /// # Errors
    /// [`Error::Engine`] when the engine refuses.
    pub fn empty_session(&self, options: SessionOptions) -> Result<SessionContext, Error> {
        engine::session(options, self.spill().as_deref()).map_err(fault("session", "*"))
    }

    /// Registers one table in a session.
    fn register(
        &self,
        context: &SessionContext,
        as_of: AsOf,
        spec: &TableSpec,
    ) -> Result<(), DataFusionError> {
        let layout = self.layout().clone();
        let every = EveryRow::new(layout.clone(), spec.clone(), as_of.recorded);
        if spec.is_versioned() {
            let view = AsOfTable::new(layout, spec.clone(), as_of);
            context.register_table(spec.name.as_str(), Arc::new(view))?;
            context.register_table(format!("{}_versions", spec.name), Arc::new(every))?;
        } else {
            context.register_table(spec.name.as_str(), Arc::new(every))?;
        }
        Ok(())
    }
}
