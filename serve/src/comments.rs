//! Comments of tables and columns where clients of PostgreSQL look for them: `pg_catalog.pg_description`, made from the
//! catalogue.

use std::fmt;
use std::sync::Arc;

use async_trait::async_trait;
use datafusion::catalog::{SchemaProvider, TableProvider};
use datafusion::common::DataFusionError;
use datafusion::datasource::ViewTable;
use datafusion::error::Result;
use datafusion::execution::SessionState;
use datafusion::logical_expr::{LogicalPlanBuilder, cast, col};
use datafusion::prelude::SessionContext;

const PG_CATALOG: &str = "pg_catalog";
const COMMENTS: &str = "pg_description";

/// 1259 is the oid of `pg_class`: what is commented is a table (column 0) or one of its columns.
const QUERY: &str = "
    select c.oid as objoid, 1259 as classoid, 0 as objsubid, t.title_fr || '. ' || t.description_fr as description
    from pg_catalog.pg_class as c
    join public.catalogue_tables as t on t.table_name = c.relname
    union all
    select c.oid, 1259, a.attnum, d.title_fr || coalesce(' (' || d.unit || ')', '')
    from pg_catalog.pg_attribute as a
    join pg_catalog.pg_class as c on c.oid = a.attrelid
    join public.catalogue_columns as d on d.source = c.relname and d.column_name = a.attname";

/// The system tables, with comments.
struct Commented {
    system: Arc<dyn SchemaProvider>,
    /// The session it is a part of, as long as that lives.
    session: Arc<dyn Fn() -> Option<SessionState> + Send + Sync>,
}

/// Puts comments into the system tables of a session that has them.
///
/// # Errors
/// When the session has no system tables, which would be a fault here.
pub(crate) fn add(ctx: &SessionContext, catalogue: &str) -> Result<()> {
    let missing = || DataFusionError::Internal("a session has no system tables".to_owned());
    let catalogue = ctx.catalog(catalogue).ok_or_else(missing)?;
    let system = catalogue.schema(PG_CATALOG).ok_or_else(missing)?;
    let session = ctx.state_weak_ref();
    let session = Arc::new(move || session.upgrade().map(|state| state.read().clone()));
    catalogue.register_schema(PG_CATALOG, Arc::new(Commented { system, session }))?;
    Ok(())
}

impl fmt::Debug for Commented {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Commented").field("system", &self.system).finish_non_exhaustive()
    }
}

#[async_trait]
impl SchemaProvider for Commented {
    fn table_names(&self) -> Vec<String> {
        self.system.table_names()
    }

    async fn table(&self, name: &str) -> Result<Option<Arc<dyn TableProvider>>> {
        let table = self.system.table(name).await?;
        let (true, Some(table), Some(state)) = (name == COMMENTS, &table, (self.session)()) else {
            return Ok(table);
        };
        let plan = state.create_logical_plan(QUERY).await?;
        // In the types that clients expect.
        let columns: Vec<_> = table
            .schema()
            .fields()
            .iter()
            .map(|field| cast(col(field.name()), field.data_type().clone()).alias(field.name()))
            .collect();
        let plan = LogicalPlanBuilder::from(plan).project(columns)?.build()?;
        Ok(Some(Arc::new(ViewTable::new(plan, None))))
    }

    fn table_exist(&self, name: &str) -> bool {
        self.system.table_exist(name)
    }
}
