//! `as_of('tests', '2020-10-12')`: a table or view of the lake as it was published by then, beside others in one query.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};

use datafusion::catalog::{TableFunctionArgs, TableFunctionImpl, TableProvider};
use datafusion::common::{ScalarValue, plan_err};
use datafusion::error::{DataFusionError, Result};
use datafusion::logical_expr::Expr;
use datafusion::prelude::SessionContext;
use jiff::Timestamp;

use crate::lake::Source;
use crate::schema::may_read;
use crate::{Refused, Role};

/// Times that a session keeps open; a query rarely compares more.
const TIMES_MAX: usize = 16;

/// The table function.
pub(crate) struct AsOfFunction {
    source: Source,
    role: Role,
    opened: Mutex<BTreeMap<Timestamp, SessionContext>>,
}

impl fmt::Debug for AsOfFunction {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("AsOfFunction")
    }
}

impl AsOfFunction {
    pub(crate) fn new(source: Source, role: Role) -> Self {
        Self { source, role, opened: Mutex::default() }
    }

    fn tables(&self, at: Timestamp) -> Result<SessionContext> {
        let mut opened = self.opened.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(tables) = opened.get(&at) {
            return Ok(tables.clone());
        }
        if opened.len() == TIMES_MAX {
            opened.pop_first();
        }
        let tables = (self.source.open)(Some(at)).map_err(DataFusionError::Execution)?;
        opened.insert(at, tables.clone());
        Ok(tables)
    }
}

fn text(expr: &Expr) -> Option<&str> {
    match expr {
        Expr::Literal(ScalarValue::Utf8(Some(text)) | ScalarValue::Utf8View(Some(text)), _) => Some(text),
        _ => None,
    }
}

impl TableFunctionImpl for AsOfFunction {
    fn call_with_args(&self, args: TableFunctionArgs) -> Result<Arc<dyn TableProvider>> {
        let [table, time] = args.exprs() else {
            return plan_err!("as_of prend deux textes : as_of('tests', '2020-10-12')");
        };
        let (Some(name), Some(time)) = (text(table), text(time)) else {
            return plan_err!("as_of prend deux textes : as_of('tests', '2020-10-12')");
        };
        let at = (self.source.read_time)(time)
            .map_err(|found| DataFusionError::Plan(Refused::Time(found).to_string()))?;
        let tables = self.tables(at)?;
        let found = if may_read(self.role, name) {
            // Views are planned when they are asked for, which may read a file; planning is not async here.
            tokio::task::block_in_place(|| {
                tokio::runtime::Handle::current().block_on(tables.table_provider(name))
            })
        } else {
            plan_err!("non permise à ce rôle")
        };
        found.map_err(|_| DataFusionError::Plan(format!("as_of : la table « {name} » n’existe pas")))
    }
}
