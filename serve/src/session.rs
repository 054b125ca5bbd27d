//! The session of one client: it only reads, as of the time that the client set.

use std::collections::BTreeSet;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use arrow::datatypes::DataType;
use datafusion::common::{DataFusionError, ParamValues, ScalarValue};
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
use crate::{Refused, Role, bounded, catalogue, comments, expected};

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
        comments::add(&ctx, CATALOGUE)?;
        for function in expected::functions() {
            ctx.register_udf(function);
        }
        ctx.register_udtf("as_of", Arc::new(AsOfFunction::new(source.clone(), role)));
        bounded::bound(&ctx);
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
        self.ask_with(sql, &[]).await
    }

    /// The same, with values for the parameters `$name` of the statement: read as the type that the plan expects of
    /// each (text where it expects none), and bound, never spliced into the text.
    ///
    /// # Errors
    /// [`Refused`]; [`Refused::Parameter`] when a parameter has no value, or one that is not of its type.
    pub async fn ask_with(&self, sql: &str, values: &[(String, String)]) -> Result<Answer, Refused> {
        let statement = guard::parse(sql)?;
        match self.check(&statement)? {
            Asked::Rows => {
                let plan = bound(self.plan(&statement).await?, values)?;
                Ok(Answer::Rows(Box::new(DataFrame::new(self.ctx.state(), plan))))
            }
            Asked::SetAsOf(text) => self.set_as_of(Some(&text)).map(|()| self.told()),
            Asked::ResetAsOf => self.set_as_of(None).map(|()| self.told()),
            Asked::ShowAsOf => Ok(self.told()),
            Asked::ShowVersion => Ok(Answer::Told(format!("server_version = {}", expected::POSTGRES))),
            Asked::ClientSetting | Asked::Transaction | Asked::Savepoint(_) => {
                Ok(Answer::Told(String::new()))
            }
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

/// A plan with values in the place of its parameters.
fn bound(plan: LogicalPlan, values: &[(String, String)]) -> Result<LogicalPlan, Refused> {
    let expected = plan.get_parameter_types().map_err(|fault| Refused::of(&fault))?;
    let mut given = Vec::with_capacity(values.len());
    for (name, text) in values {
        let Some(kind) = expected.get(&format!("${name}")) else {
            return Err(Refused::Parameter(format!("« ${name} » n’est pas dans la requête")));
        };
        let kind = kind.clone().unwrap_or(DataType::Utf8);
        let value = ScalarValue::try_from_string(text.clone(), &kind).map_err(|_| {
            Refused::Parameter(format!("${name} : « {text} » n’est pas du type attendu ({kind})"))
        })?;
        given.push((name.as_str(), value));
    }
    let mut missing: Vec<&String> = expected.keys().collect();
    missing.retain(|name| !values.iter().any(|(given, _)| name.trim_start_matches('$') == given));
    missing.sort_unstable();
    if let Some(name) = missing.first() {
        return Err(Refused::Parameter(format!("« {name} » n’a pas de valeur")));
    }
    if given.is_empty() {
        return Ok(plan);
    }
    let plan =
        plan.replace_params_with_values(&ParamValues::from(given)).map_err(|fault| Refused::of(&fault))?;
    verify(&plan)?;
    Ok(plan)
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

#[cfg(test)]
mod tests {
    use vigie_queries::Vocabulary;
    use vigie_store::{AsOf, Lake, SessionOptions, TableSpec};

    use super::*;

    fn source(folder: &std::path::Path) -> Source {
        let lake = Lake::open(&folder.join("lake")).unwrap();
        let vocabulary = Arc::new(Vocabulary::embedded().unwrap());
        let (opened, contracts) = (lake.clone(), Arc::clone(&vocabulary));
        Source {
            lake,
            vocabulary,
            open: Arc::new(move |issued| {
                let specs: Vec<TableSpec> = contracts.contracts().map(TableSpec::of).collect();
                let issued = issued.unwrap_or(Timestamp::MAX);
                opened
                    .session(AsOf { issued, recorded: Timestamp::MAX }, &specs)
                    .map_err(|fault| fault.to_string())
            }),
            read_time: |text| text.parse().map_err(|_| format!("« {text} » n’est pas un instant")),
            options: SessionOptions { memory_limit: Some(64 << 20), ..SessionOptions::default() },
        }
    }

    /// Statements that would reach out of the lake or change it.
    fn hostile() -> impl Iterator<Item = &'static str> {
        include_str!("../../tests/hostile.sql")
            .lines()
            .filter(|line| !line.is_empty() && !line.starts_with("-- "))
    }

    #[tokio::test(flavor = "multi_thread")]
    async fn every_hostile_statement_is_refused_with_a_code() {
        let folder = tempfile::tempdir().unwrap();
        let session = Session::open(source(folder.path()), Role::Analyste).unwrap();
        for sql in hostile() {
            let refused = match session.ask(sql).await {
                Err(refused) => refused.to_string(),
                Ok(answer) => panic!("carried out: {sql}: {answer:?}"),
            };
            assert!(refused.ends_with(')') && refused.contains('('), "{sql}: {refused}");
        }
        let rows = session.ask("select count(*) from tests").await;
        assert!(matches!(rows, Ok(Answer::Rows(_))), "the session goes on: {rows:?}");
    }

    /// The second fence without the first, over an engine that has files, formats and external tables.
    #[tokio::test]
    async fn a_plan_that_writes_is_refused_whatever_let_it_through() {
        let open = SessionContext::new();
        open.sql("create table tests as select 1 as a").await.unwrap();
        let mut n = 0;
        for sql in hostile() {
            // Those that the engine cannot even plan are no matter.
            let Ok(plan) = open.state().create_logical_plan(sql).await else { continue };
            let reads =
                matches!(&plan, LogicalPlan::Projection(_) | LogicalPlan::Limit(_) | LogicalPlan::Explain(_));
            if verify(&plan).is_err() {
                n += 1;
                continue;
            }
            assert!(reads, "{sql}: {plan}");
        }
        assert!(n >= 25, "{n} plans refused");
    }

    /// The third fence without the others: nothing is read from or written to a file.
    #[tokio::test(flavor = "multi_thread")]
    async fn the_engine_can_reach_nothing_but_the_lake() {
        let folder = tempfile::tempdir().unwrap();
        let source = source(folder.path());
        let file = folder.path().join("outside.csv");
        std::fs::write(&file, "a\n1\n").unwrap();
        let (outside, out) = (file.display(), folder.path().join("out.csv"));
        let ctx = source.lake.empty_session(source.options).unwrap();
        for sql in [
            format!("select * from '{outside}'"),
            format!("create external table t stored as csv location '{outside}'"),
            format!("create external table t stored as parquet location '{outside}'"),
            format!("copy (select 1) to '{}'", out.display()),
            format!("copy (select 1) to '{}' stored as csv", out.display()),
            format!("explain analyze copy (select 1) to '{}'", out.display()),
            "create external table t stored as csv location 'http://127.0.0.1:1/x.csv'".to_owned(),
        ] {
            let outcome = match ctx.sql(&sql).await {
                Ok(frame) => frame.collect().await,
                Err(fault) => Err(fault),
            };
            assert!(outcome.is_err(), "{sql}: {outcome:?}");
        }
        assert!(!out.exists());
        // A table of files made by hand is not read either.
        let options = datafusion::prelude::CsvReadOptions::new();
        let read = match ctx.read_csv(file.to_str().unwrap(), options).await {
            Ok(frame) => frame.collect().await,
            Err(fault) => Err(fault),
        };
        assert!(read.is_err(), "{read:?}");
    }

    #[tokio::test(flavor = "multi_thread")]
    async fn a_role_sees_what_is_published_or_everything() {
        let folder = tempfile::tempdir().unwrap();
        let lecture = Session::open(source(folder.path()), Role::Lecture).unwrap();
        let analyste = Session::open(source(folder.path()), Role::Analyste).unwrap();
        for (table, published) in
            [("departments", true), ("tests", false), ("tests_versions", false), ("catalogue_rules", true)]
        {
            let sql = format!("select count(*) from {table}");
            assert_eq!(lecture.ask(&sql).await.is_ok(), published, "{table}");
            assert!(analyste.ask(&sql).await.is_ok(), "{table}");
        }
        assert!(lecture.ask("select * from as_of('tests', '2020-10-12T00:00:00Z')").await.is_err());
        assert!(analyste.ask("select * from as_of('tests', '2020-10-12T00:00:00Z')").await.is_ok());
    }

    #[tokio::test(flavor = "multi_thread")]
    async fn a_query_that_wants_all_memory_is_told_so() {
        let folder = tempfile::tempdir().unwrap();
        let mut source = source(folder.path());
        source.options.memory_limit = Some(2 << 20);
        source.options.spill_limit = Some(1 << 20);
        let session = Session::open(source, Role::Analyste).unwrap();
        let sql = "select value, count(*) from generate_series(1, 3000000) group by value order by 2, 1";
        let Ok(Answer::Rows(frame)) = session.ask(sql).await else { panic!("not planned") };
        let fault = frame.collect().await.unwrap_err();
        assert_eq!(Refused::of(&fault), Refused::TooBig, "{fault}");
        let Ok(Answer::Rows(frame)) = session.ask("select 1").await else { panic!("not planned") };
        assert_eq!(frame.count().await.unwrap(), 1);
    }
}
