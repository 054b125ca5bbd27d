//! The session of one client: it only reads, as of the time that the client set.

use std::collections::BTreeSet;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use datafusion::common::DataFusionError;
use datafusion::dataframe::DataFrame;
use datafusion::execution::context::SQLOptions;
use datafusion::logical_expr::LogicalPlan;
use datafusion::prelude::SessionContext;
use datafusion::sql::parser::Statement as EngineStatement;
use datafusion::sql::sqlparser::ast::Statement;
use datafusion_postgres::datafusion_pg_catalog::pg_catalog::context::EmptyContextProvider;
use datafusion_postgres::datafusion_pg_catalog::setup_pg_catalog;
use jiff::Timestamp;

use crate::as_of::AsOfFunction;
use crate::guard::{self, Asked};
use crate::lake::Source;
use crate::schema::Shown;
use crate::{Refused, Role, catalogue, version};

/// A session that stays in the present looks for new commits at most so often.
const FRESH: Duration = Duration::from_secs(1);

const CATALOGUE: &str = "vigie";
const SCHEMA: &str = "public";

/// The session of one client.
pub struct Session {
    ctx: SessionContext,
    source: Source,
    role: Role,
    catalogue: Arc<catalogue::Catalogue>,
    functions: BTreeSet<String>,
    time: Mutex<Time>,
}

/// What became of a statement.
#[derive(Debug)]
pub enum Answer {
    /// Rows to read.
    Rows(Box<DataFrame>),
    /// Nothing to read: where the session stands in time now, or nothing at all.
    Told(String),
}

/// Where a session stands in time.
struct Time {
    as_of: Option<Timestamp>,
    opened: Instant,
}

impl Session {
    /// Opens a session in the present.
    ///
    /// # Errors
    /// [`DataFusionError`] when the tables or the catalogue cannot be made, or the lake cannot be read.
    pub fn open(source: Source, role: Role) -> Result<Self, DataFusionError> {
        let external = |fault: vigie_store::Error| DataFusionError::External(Box::new(fault));
        let ctx = source.lake.empty_session(source.options).map_err(external)?;
        let catalogue = Arc::new(catalogue::tables(&source.vocabulary)?);
        setup_pg_catalog(&ctx, CATALOGUE, EmptyContextProvider).map_err(|fault| *fault)?;
        ctx.register_udf(version::function());
        ctx.register_udtf("as_of", Arc::new(AsOfFunction::new(source.clone(), role)));
        let functions = functions(&ctx);
        let time = Mutex::new(Time { as_of: None, opened: Instant::now() });
        let session = Self { ctx, source, role, catalogue, functions, time };
        session.show(None)?;
        Ok(session)
    }

    /// Its engine: only for plans that [`Session::plan`] made.
    #[must_use]
    pub fn engine(&self) -> &SessionContext {
        &self.ctx
    }

    /// The time it was set to; none is the present.
    #[must_use]
    pub fn as_of(&self) -> Option<Timestamp> {
        self.time().as_of
    }

    /// Moves it in time.
    ///
    /// # Errors
    /// [`Refused::Time`] when the text is no time; [`Refused::Plan`] when the lake cannot be read.
    pub fn set_as_of(&self, text: Option<&str>) -> Result<(), Refused> {
        let at = text.map(|text| (self.source.read_time)(text).map_err(Refused::Time)).transpose()?;
        self.show(at).map_err(|fault| Refused::of(&fault))?;
        *self.time() = Time { as_of: at, opened: Instant::now() };
        Ok(())
    }

    /// Checks a parsed statement by the first fence.
    ///
    /// # Errors
    /// [`Refused`].
    pub fn check(&self, statement: &Statement) -> Result<Asked, Refused> {
        guard::check(statement, &self.functions)
    }

    /// Plans a statement that [`Session::check`] found to ask for rows, and checks the plan by the second fence.
    ///
    /// # Errors
    /// [`Refused`].
    pub async fn plan(&self, statement: &Statement) -> Result<LogicalPlan, Refused> {
        self.freshen().map_err(|fault| Refused::of(&fault))?;
        let statement = EngineStatement::Statement(Box::new(statement.clone()));
        let plan = self.ctx.state().statement_to_plan(statement).await;
        let plan = plan.map_err(|fault| Refused::of(&fault))?;
        verify(&plan)?;
        Ok(plan)
    }

    /// Carries out one statement: rows that are ready to be read, or a move in time.
    ///
    /// # Errors
    /// [`Refused`].
    pub async fn ask(&self, sql: &str) -> Result<Answer, Refused> {
        let statement = guard::parse(sql)?;
        match self.check(&statement)? {
            Asked::Rows => {
                let plan = self.plan(&statement).await?;
                Ok(Answer::Rows(Box::new(DataFrame::new(self.ctx.state(), plan))))
            }
            Asked::SetAsOf(text) => self.set_as_of(Some(&text)).map(|()| self.told()),
            Asked::ResetAsOf => self.set_as_of(None).map(|()| self.told()),
            Asked::ShowAsOf => Ok(self.told()),
            Asked::ClientSetting | Asked::Transaction => Ok(Answer::Told(String::new())),
        }
    }

    fn told(&self) -> Answer {
        let at = self.as_of().map_or_else(|| "now".to_owned(), |at| at.to_string());
        Answer::Told(format!("{} = {at}", guard::AS_OF))
    }

    fn time(&self) -> std::sync::MutexGuard<'_, Time> {
        self.time.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// In the present, sees what was committed meanwhile.
    fn freshen(&self) -> Result<(), DataFusionError> {
        let is_old = {
            let time = self.time();
            time.as_of.is_none() && time.opened.elapsed() > FRESH
        };
        if is_old {
            self.show(None)?;
            self.time().opened = Instant::now();
        }
        Ok(())
    }

    /// Shows the tables as of a time.
    fn show(&self, as_of: Option<Timestamp>) -> Result<(), DataFusionError> {
        let tables = (self.source.open)(as_of).map_err(DataFusionError::Execution)?;
        let missing = || DataFusionError::Internal("a session has no default schema".to_owned());
        let shown = Shown::new(tables, Arc::clone(&self.catalogue), self.role).ok_or_else(missing)?;
        let catalogue = self.ctx.catalog(CATALOGUE).ok_or_else(missing)?;
        catalogue.register_schema(SCHEMA, Arc::new(shown))?;
        Ok(())
    }
}

/// The second fence: the engine's own look at a plan, inside `EXPLAIN` too.
///
/// # Errors
/// [`Refused::Plan`] when the plan would write, define, or set.
pub fn verify(plan: &LogicalPlan) -> Result<(), Refused> {
    SQLOptions::new()
        .with_allow_ddl(false)
        .with_allow_dml(false)
        .with_allow_statements(false)
        .verify_plan(plan)
        .map_err(|fault| Refused::of(&fault))
}

/// Names of the functions that a session offers.
fn functions(ctx: &SessionContext) -> BTreeSet<String> {
    let state = ctx.state();
    let mut names: BTreeSet<String> = state.scalar_functions().keys().cloned().collect();
    names.extend(state.aggregate_functions().keys().cloned());
    names.extend(state.window_functions().keys().cloned());
    names.extend(state.higher_order_functions().keys().cloned());
    names.extend(state.table_functions().keys().cloned());
    names.into_iter().map(|name| name.to_lowercase()).collect()
}
