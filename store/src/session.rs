//! Sessions: the tables of the lake, as of T, in a fresh query context.

use std::num::NonZeroUsize;
use std::sync::Arc;

use datafusion::error::DataFusionError;
use datafusion::execution::memory_pool::{FairSpillPool, TrackConsumersPool};
use datafusion::execution::runtime_env::RuntimeEnvBuilder;
use datafusion::prelude::{SessionConfig, SessionContext};

use crate::error::engine;
use crate::provider::{AsOfTable, EveryRow};
use crate::spec::{AsOf, TableSpec};
use crate::{Error, Lake};

/// Limits of a session.
#[derive(Debug, Clone, Copy)]
pub struct SessionOptions {
    /// Bytes the operators of one session may hold before they spill or fail; none is no limit.
    pub memory_limit: Option<usize>,
    /// Threads of a query. Sums of decimal numbers may differ in their last digit between runs unless it is 1.
    pub target_partitions: usize,
}

impl Default for SessionOptions {
    fn default() -> Self {
        let threads = std::thread::available_parallelism().map_or(1, NonZeroUsize::get);
        Self { memory_limit: None, target_partitions: threads }
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
        let mut config = SessionConfig::new()
            .with_information_schema(true)
            .with_target_partitions(options.target_partitions.max(1));
        let settings = config.options_mut();
        settings.execution.time_zone = Some("UTC".to_owned());
        settings.execution.parquet.schema_force_view_types = false;
        // One text type everywhere: the tables', Utf8.
        settings.sql_parser.map_string_types_to_utf8view = false;
        let mut runtime = RuntimeEnvBuilder::new();
        if let Some(bytes) = options.memory_limit {
            let pool = FairSpillPool::new(bytes);
            let top = NonZeroUsize::new(3).unwrap_or(NonZeroUsize::MIN);
            runtime = runtime.with_memory_pool(Arc::new(TrackConsumersPool::new(pool, top)));
        }
        let runtime = runtime.build_arc().map_err(engine("session", "*"))?;
        let context = SessionContext::new_with_config_rt(config, runtime);
        for spec in specs {
            self.register(&context, as_of, spec).map_err(engine("registration", &spec.name))?;
        }
        Ok(context)
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
