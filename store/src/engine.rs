//! The query engine as this lake uses it: it reads the lake's own files through `checked.rs`, and can reach nothing else.
//!
//! There is no store of local files, no address it could open, no format it could write, no kind of external table: a
//! statement that asks for any of these finds nothing to do it with, whatever let it through.

use std::num::NonZeroUsize;
use std::path::Path;
use std::sync::{Arc, LazyLock};

use datafusion::error::{DataFusionError, Result};
use datafusion::execution::TaskContext;
use datafusion::execution::memory_pool::{FairSpillPool, TrackConsumersPool};
use datafusion::execution::object_store::{ObjectStoreRegistry, ObjectStoreUrl};
use datafusion::execution::runtime_env::{RuntimeEnv, RuntimeEnvBuilder};
use datafusion::execution::session_state::SessionStateBuilder;
use datafusion::object_store::ObjectStore;
use datafusion::object_store::memory::InMemory;
use datafusion::prelude::{SessionConfig, SessionContext};
use url::Url;

use crate::session::SessionOptions;

/// The only address there is. Nothing lies there: files are opened by the reader that a scan brings with it.
const LAKE: &str = "vigie://lake";

pub(crate) fn lake_url() -> Result<ObjectStoreUrl> {
    ObjectStoreUrl::parse(LAKE)
}

/// Knows [`LAKE`] and nothing else.
#[derive(Debug)]
struct OnlyTheLake(Arc<dyn ObjectStore>);

impl ObjectStoreRegistry for OnlyTheLake {
    fn register_store(&self, _: &Url, store: Arc<dyn ObjectStore>) -> Option<Arc<dyn ObjectStore>> {
        Some(store) // given back: it is not kept
    }

    fn get_store(&self, url: &Url) -> Result<Arc<dyn ObjectStore>> {
        if url.as_str().trim_end_matches('/') == LAKE {
            return Ok(Arc::clone(&self.0));
        }
        Err(DataFusionError::Execution(format!(
            "{url} cannot be reached: only the tables of the lake can be read"
        )))
    }
}

fn runtime() -> RuntimeEnvBuilder {
    RuntimeEnvBuilder::new().with_object_store_registry(Arc::new(OnlyTheLake(Arc::new(InMemory::new()))))
}

/// For plans that the lake runs by itself.
pub(crate) fn task_context() -> Arc<TaskContext> {
    static RUNTIME: LazyLock<Option<Arc<RuntimeEnv>>> = LazyLock::new(|| runtime().build_arc().ok());
    let context = TaskContext::default();
    match &*RUNTIME {
        Some(runtime) => Arc::new(context.with_runtime(Arc::clone(runtime))),
        None => Arc::new(context),
    }
}

/// A session without tables, in the catalogue `vigie` and the schema `public`; what does not fit its memory goes into
/// `spool`.
pub(crate) fn session(options: SessionOptions, spool: Option<&Path>) -> Result<SessionContext> {
    let mut config = SessionConfig::new()
        .with_information_schema(true)
        .with_default_catalog_and_schema("vigie", "public")
        .with_target_partitions(options.target_partitions.max(1));
    let settings = config.options_mut();
    settings.execution.time_zone = Some("UTC".to_owned());
    settings.execution.parquet.schema_force_view_types = false;
    // One text type everywhere: the tables', Utf8.
    settings.sql_parser.map_string_types_to_utf8view = false;
    let mut runtime = runtime();
    if let Some(spool) = spool {
        runtime = runtime.with_temp_file_path(spool);
    }
    if let Some(bytes) = options.spill_limit {
        runtime = runtime.with_max_temp_directory_size(bytes);
    }
    if let Some(bytes) = options.memory_limit {
        let pool = FairSpillPool::new(bytes);
        let top = NonZeroUsize::new(3).unwrap_or(NonZeroUsize::MIN);
        runtime = runtime.with_memory_pool(Arc::new(TrackConsumersPool::new(pool, top)));
    }
    let state = SessionStateBuilder::new_with_default_features()
        .with_config(config)
        .with_runtime_env(runtime.build_arc()?)
        .with_table_factories(Default::default())
        .with_file_formats(Vec::new())
        .build();
    Ok(SessionContext::new_with_state(state))
}
