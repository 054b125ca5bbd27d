//! The tables that a client sees: those of the lake that its role may read, as of the session's time, and the catalogue.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;

use async_trait::async_trait;
use datafusion::catalog::{SchemaProvider, TableProvider};
use datafusion::error::Result;
use datafusion::prelude::SessionContext;

use crate::Role;

/// What the role `lecture` sees besides the catalogue: what is published.
const PUBLISHED: [&str; 16] = [
    "access_numbers",
    "alert_events",
    "bulletins",
    "capacity_steps",
    "decisions",
    "departments",
    "events",
    "forecasts",
    "icu_other_patients",
    "indicators",
    "judgements",
    "legal_lists",
    "legal_status",
    "published_values",
    "settling_times",
    "stated_totals",
];

/// Whether a role may read a table of the lake.
pub(crate) fn may_read(role: Role, table: &str) -> bool {
    role == Role::Analyste || PUBLISHED.contains(&table)
}

/// One schema over a session of the lake.
pub(crate) struct Shown {
    /// Owns the tables and the views, which are planned in it.
    lake: SessionContext,
    tables: Arc<dyn SchemaProvider>,
    catalogue: Arc<BTreeMap<&'static str, Arc<dyn TableProvider>>>,
    role: Role,
}

impl fmt::Debug for Shown {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Shown").field("session", &self.lake.session_id()).field("role", &self.role).finish()
    }
}

impl Shown {
    /// None when the session of the lake has no default schema.
    pub(crate) fn new(
        lake: SessionContext,
        catalogue: Arc<BTreeMap<&'static str, Arc<dyn TableProvider>>>,
        role: Role,
    ) -> Option<Self> {
        let names = lake.copied_config().options().catalog.clone();
        let tables = lake.catalog(&names.default_catalog)?.schema(&names.default_schema)?;
        Some(Self { lake, tables, catalogue, role })
    }
}

#[async_trait]
impl SchemaProvider for Shown {
    fn table_names(&self) -> Vec<String> {
        let mut names = self.tables.table_names();
        names.retain(|name| may_read(self.role, name));
        names.extend(self.catalogue.keys().map(|name| (*name).to_owned()));
        names.sort_unstable();
        names
    }

    async fn table(&self, name: &str) -> Result<Option<Arc<dyn TableProvider>>> {
        if let Some(table) = self.catalogue.get(name) {
            return Ok(Some(Arc::clone(table)));
        }
        if may_read(self.role, name) { self.tables.table(name).await } else { Ok(None) }
    }

    fn table_exist(&self, name: &str) -> bool {
        self.catalogue.contains_key(name) || may_read(self.role, name) && self.tables.table_exist(name)
    }
}
