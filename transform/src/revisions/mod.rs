//! Views of revisions: what each edition changed of what was published before it, and how long figures take to settle.
//!
//! Per source with numeric values: `<source>_revisions` (a row per key and value column), `<source>_revision_events` (a
//! row per revision), `<source>_settling`; and `<source>_delays` (the delay triangle) where the key holds a day.
//! `settling_times` puts the `_settling` rows of all sources together, and `source_editions` lists what was applied. They are text made from the contracts, planned when
//! a query names them and not before: a session pays nothing for the views it does not use.

mod settling;
mod views;

use std::collections::BTreeMap;
use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};

use async_trait::async_trait;
use datafusion::catalog::{SchemaProvider, TableProvider};
use datafusion::dataframe::DataFrame;
use datafusion::datasource::{MemTable, TableType, ViewTable};
use datafusion::error::{DataFusionError, Result};
use datafusion::execution::context::{SessionContext, SessionState};
use jiff::Timestamp;
use vigie_queries::Vocabulary;

pub(crate) use settling::measure;
pub use settling::{SETTLING_TIMES, Settling};

use crate::Error;

/// The editions applied: `source`, `issued_at`, and its `day` in Paris.
const SOURCE_EDITIONS: &str = "source_editions";

/// Adds the views of revisions to a session that has the tables `<source>_versions` and `fetches`.
///
/// - `issued`: the as-of of the session; editions issued later do not count. What was recorded later is already out of
///   sight in the tables.
///
/// # Errors
/// [`Error::Table`] when the session has no default schema to add them to.
pub fn register_revisions(
    ctx: &SessionContext,
    vocabulary: &Vocabulary,
    issued: Timestamp,
) -> std::result::Result<(), Error> {
    let fault = |source| Error::Table { table: SETTLING_TIMES.to_owned(), source: Box::new(source) };
    let names = ctx.copied_config().options().catalog.clone();
    let catalog = ctx
        .catalog(&names.default_catalog)
        .ok_or_else(|| fault(DataFusionError::Internal("the session has no default catalog".into())))?;
    let tables = catalog
        .schema(&names.default_schema)
        .ok_or_else(|| fault(DataFusionError::Internal("the session has no default schema".into())))?;
    // Weak, or the session would own itself.
    let weak = ctx.state_weak_ref();
    let state = move || weak.upgrade().map(|state| state.read().clone());
    let with_views = WithViews {
        tables,
        views: views::all(vocabulary, issued),
        editions: views::editions(issued),
        listed: Mutex::default(),
        state: Session(Arc::new(state)),
    };
    catalog.register_schema(&names.default_schema, Arc::new(with_views)).map_err(fault)?;
    Ok(())
}

/// The session that views are planned in, as it is by then.
#[derive(Clone)]
struct Session(Arc<dyn Fn() -> Option<SessionState> + Send + Sync>);

impl fmt::Debug for Session {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Session")
    }
}

/// A schema of registered tables and, behind them, of views that are planned when they are asked for.
#[derive(Debug)]
struct WithViews {
    tables: Arc<dyn SchemaProvider>,
    views: BTreeMap<String, String>,
    /// Text of [`SOURCE_EDITIONS`].
    editions: String,
    /// Its rows, read once: every other view asks for them, and they are one small file per poll.
    listed: Mutex<Option<Arc<dyn TableProvider>>>,
    state: Session,
}

impl WithViews {
    async fn source_editions(&self, state: SessionState) -> Result<Arc<dyn TableProvider>> {
        if let Some(listed) = self.listed.lock().unwrap_or_else(PoisonError::into_inner).clone() {
            return Ok(listed);
        }
        let plan = Box::pin(state.create_logical_plan(&self.editions)).await?;
        let schema = Arc::clone(plan.schema().inner());
        let batches = DataFrame::new(state, plan).collect().await?;
        let listed: Arc<dyn TableProvider> = Arc::new(MemTable::try_new(schema, vec![batches])?);
        *self.listed.lock().unwrap_or_else(PoisonError::into_inner) = Some(Arc::clone(&listed));
        Ok(listed)
    }
}

#[async_trait]
impl SchemaProvider for WithViews {
    fn table_names(&self) -> Vec<String> {
        let mut names = self.tables.table_names();
        let views = self.views.keys().map(String::as_str).chain([SOURCE_EDITIONS]);
        names.extend(views.filter(|name| !self.tables.table_exist(name)).map(str::to_owned));
        names
    }

    async fn table(&self, name: &str) -> Result<Option<Arc<dyn TableProvider>>> {
        if let Some(table) = self.tables.table(name).await? {
            return Ok(Some(table));
        }
        let Some(state) = (self.state.0)() else { return Ok(None) };
        if name == SOURCE_EDITIONS {
            return self.source_editions(state).await.map(Some);
        }
        let Some(sql) = self.views.get(name) else { return Ok(None) };
        // Views read views: planning one may come back here.
        let plan = Box::pin(state.create_logical_plan(sql)).await?;
        Ok(Some(Arc::new(ViewTable::new(plan, Some(sql.clone())))))
    }

    async fn table_type(&self, name: &str) -> Result<Option<TableType>> {
        if self.tables.table_exist(name) {
            return self.tables.table_type(name).await;
        }
        Ok(self.table_exist(name).then_some(TableType::View))
    }

    fn register_table(
        &self,
        name: String,
        table: Arc<dyn TableProvider>,
    ) -> Result<Option<Arc<dyn TableProvider>>> {
        self.tables.register_table(name, table)
    }

    fn deregister_table(&self, name: &str) -> Result<Option<Arc<dyn TableProvider>>> {
        self.tables.deregister_table(name)
    }

    fn table_exist(&self, name: &str) -> bool {
        self.tables.table_exist(name) || self.views.contains_key(name) || name == SOURCE_EDITIONS
    }
}

#[cfg(test)]
mod tests;
