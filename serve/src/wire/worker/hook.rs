//! A statement on the wire, by the simple and the extended protocol: guard, plan, rows, and a line in the log.

use std::fmt::Debug;
use std::sync::Arc;
use std::time::Instant;

use async_trait::async_trait;
use datafusion::arrow::datatypes::{DataType, Field, Schema};
use datafusion::common::ParamValues;
use datafusion::dataframe::DataFrame;
use datafusion::error::DataFusionError;
use datafusion::logical_expr::{EmptyRelation, LogicalPlan};
use datafusion::prelude::SessionContext;
use datafusion::sql::sqlparser::ast::Statement;
use datafusion::sql::sqlparser::parser::ParserError;
use datafusion_postgres::arrow_pg::datatypes::df::encode_dataframe;
use datafusion_postgres::hooks::set_show::SetShowHook;
use datafusion_postgres::hooks::transactions::TransactionStatementHook;
use datafusion_postgres::hooks::{HookClient, QueryHook};
use datafusion_postgres::pgwire::api::portal::{Format, Portal};
use datafusion_postgres::pgwire::api::query::{ExtendedQueryHandler, SimpleQueryHandler};
use datafusion_postgres::pgwire::api::results::{
    DataRowEncoder, FieldFormat, FieldInfo, QueryResponse, Response, Tag,
};
use datafusion_postgres::pgwire::api::stmt::QueryParser;
use datafusion_postgres::pgwire::api::store::PortalStore;
use datafusion_postgres::pgwire::api::{ClientInfo, ClientPortalStore, Type};
use datafusion_postgres::pgwire::error::{ErrorInfo, PgWireError, PgWireResult};
use datafusion_postgres::pgwire::messages::PgWireBackendMessage;
use datafusion_postgres::pgwire::types::format::FormatOptions;
use datafusion_postgres::{DfSessionService, Parser};
use futures::{Sink, StreamExt as _};
use tokio::runtime::Handle;

use super::known::understood;
use super::log;
use super::threads::{on, over};
use crate::guard::Asked;
use crate::wire::said::Said;
use crate::{Refused, Role, Session};

/// The statements of one client.
pub(super) struct Service {
    /// Encodes and decodes; whatever it would carry out comes by the hooks first.
    inner: DfSessionService,
    guard: Arc<Guard>,
}

impl Service {
    pub(super) fn new(session: Session, role: Role, rows_max: u64, threads: Handle) -> Self {
        let engine = Arc::new(session.engine().clone());
        let guard = Arc::new(Guard { session, role, rows_max, threads });
        let hooks: Vec<Arc<dyn QueryHook>> = vec![
            Arc::<Guard>::clone(&guard),
            Arc::new(SetShowHook),
            Arc::new(TransactionStatementHook),
            Arc::new(NothingElse),
        ];
        Self { inner: DfSessionService::new_with_hooks(engine, hooks), guard }
    }

    /// Where its session stands in time; none is the present.
    pub(super) fn as_of(&self) -> Option<jiff::Timestamp> {
        self.guard.session.as_of()
    }
}

#[async_trait]
impl SimpleQueryHandler for Service {
    async fn do_query<C>(&self, client: &mut C, query: &str) -> PgWireResult<Vec<Response>>
    where
        C: ClientInfo + ClientPortalStore + Sink<PgWireBackendMessage> + Unpin + Send + Sync,
        C::PortalStore: PortalStore,
        C::Error: Debug,
        PgWireError: From<<C as Sink<PgWireBackendMessage>>::Error>,
    {
        let query = understood(query);
        // Several at once are refused whole, before the first is carried out.
        if let Err(refused @ Refused::Several(_)) = crate::guard::parse(query) {
            return Err(refused.into());
        }
        let answers = SimpleQueryHandler::do_query(&self.inner, client, query);
        on(&self.guard.threads, answers).await.map_err(translated)
    }
}

type Parsed = <DfSessionService as ExtendedQueryHandler>::Statement;

/// The parser of the library takes the first of several statements and forgets the others.
pub(super) struct OneStatement(Arc<Parser>);

#[async_trait]
impl QueryParser for OneStatement {
    type Statement = Parsed;

    async fn parse_sql<C>(
        &self,
        client: &C,
        sql: &str,
        types: &[Option<Type>],
    ) -> PgWireResult<Option<Self::Statement>>
    where
        C: ClientInfo + Unpin + Send + Sync,
    {
        let sql = understood(sql);
        if let Err(refused @ Refused::Several(_)) = crate::guard::parse(sql) {
            return Err(refused.into());
        }
        self.0.parse_sql(client, sql, types).await.map_err(translated)
    }

    fn get_parameter_types(&self, statement: &Self::Statement) -> PgWireResult<Vec<Type>> {
        self.0.get_parameter_types(statement).map_err(translated)
    }

    fn get_result_schema(
        &self,
        statement: &Self::Statement,
        format: Option<&Format>,
    ) -> PgWireResult<Vec<FieldInfo>> {
        self.0.get_result_schema(statement, format).map_err(translated)
    }
}

#[async_trait]
impl ExtendedQueryHandler for Service {
    type Statement = Parsed;
    type QueryParser = OneStatement;

    fn query_parser(&self) -> Arc<Self::QueryParser> {
        Arc::new(OneStatement(self.inner.query_parser()))
    }

    async fn do_query<C>(
        &self,
        client: &mut C,
        portal: &Portal<Self::Statement>,
        max_rows: usize,
    ) -> PgWireResult<Response>
    where
        C: ClientInfo + ClientPortalStore + Sink<PgWireBackendMessage> + Unpin + Send + Sync,
        C::PortalStore: PortalStore<Statement = Self::Statement>,
        C::Error: Debug,
        PgWireError: From<<C as Sink<PgWireBackendMessage>>::Error>,
    {
        let entry = match &portal.statement.statement {
            (_, Some((statement, _))) => {
                log::begins(statement, self.guard.role);
                Some(log::Entry::new(statement, self.guard.role, Instant::now()))
            }
            (_, None) => None,
        };
        let answer = ExtendedQueryHandler::do_query(&self.inner, client, portal, max_rows);
        let answer = on(&self.guard.threads, answer).await;
        match (answer, entry) {
            (Ok(Response::Query(rows)), Some(entry)) => Ok(self.guard.counted(rows, entry)),
            (answer, _) => answer.map_err(translated),
        }
    }
}

impl From<Refused> for PgWireError {
    fn from(refused: Refused) -> Self {
        let state = refused.sqlstate().to_owned();
        Self::UserError(Box::new(ErrorInfo::new("ERROR".to_owned(), state, refused.to_string())))
    }
}

/// First of the hooks: whatever it does not know to be harmless ends here.
struct Guard {
    session: Session,
    role: Role,
    rows_max: u64,
    /// Those that compute.
    threads: Handle,
}

impl Guard {
    /// Answers what moves the session in time, and marks in a transaction that has nothing to undo; none when the
    /// statement asks for something else.
    fn answer(&self, asked: &Asked) -> Option<PgWireResult<Response>> {
        let moved = match asked {
            Asked::SetAsOf(text) => self.session.set_as_of(Some(text)),
            Asked::ResetAsOf => self.session.set_as_of(None),
            Asked::ShowAsOf => {
                let text = self.session.as_of().map_or_else(|| "maintenant".to_owned(), |at| at.to_string());
                return Some(shown(crate::guard::AS_OF, text));
            }
            Asked::ShowVersion => return Some(shown("server_version", crate::expected::POSTGRES.to_owned())),
            Asked::Savepoint(word) => {
                let tag = Tag::new(word);
                // A transaction that failed is sound again.
                let back = *word == crate::guard::BACK_TO_SAVEPOINT;
                return Some(Ok(if back {
                    Response::TransactionStart(tag)
                } else {
                    Response::Execution(tag)
                }));
            }
            _ => return None,
        };
        Some(moved.map(|()| Response::Execution(Tag::new("SET"))).map_err(PgWireError::from))
    }

    /// Runs a plan; its rows are text.
    async fn run(
        &self,
        statement: &Statement,
        plan: LogicalPlan,
        options: FormatOptions,
    ) -> PgWireResult<Response> {
        let entry = log::Entry::new(statement, self.role, Instant::now());
        let frame = DataFrame::new(self.session.engine().state(), plan);
        match encode_dataframe(frame, &Format::UnifiedText, Some(Arc::new(options))).await {
            Ok(rows) => Ok(self.counted(rows, entry)),
            Err(fault) => {
                let fault = translated(fault);
                entry.failed(&fault);
                Err(fault)
            }
        }
    }

    /// Counts rows as they go, and logs the statement when they are through.
    fn counted(&self, response: QueryResponse, entry: log::Entry) -> Response {
        let QueryResponse { row_schema, data_rows, .. } = response;
        let rows_max = self.rows_max;
        let counted = futures::stream::unfold(
            (data_rows, 0_u64, Some(entry)),
            move |(mut rows, n, entry)| async move {
                let entry = entry?;
                let fault = match rows.next().await {
                    None => {
                        entry.ended(n);
                        return None;
                    }
                    Some(Ok(row)) if n < rows_max => return Some((Ok(row), (rows, n + 1, Some(entry)))),
                    Some(Ok(_)) => Said::TooManyRows(rows_max).into(),
                    Some(Err(fault)) => translated(fault),
                };
                entry.failed(&fault);
                Some((Err(fault), (rows, n, None)))
            },
        );
        let broken = || Err(Said::Fault.into());
        Response::Query(QueryResponse::new(row_schema, over(&self.threads, counted, broken)))
    }
}

/// One row with one text.
fn shown(name: &str, text: String) -> PgWireResult<Response> {
    let fields =
        Arc::new(vec![FieldInfo::new(name.to_owned(), None, None, Type::VARCHAR, FieldFormat::Text)]);
    let mut row = DataRowEncoder::new(Arc::clone(&fields));
    row.encode_field(&Some(text))?;
    let rows = futures::stream::iter([Ok(row.take_row())]);
    Ok(Response::Query(QueryResponse::new(fields, rows)))
}

/// An error of the engine, its parser or the encoder, in the words of analysts.
fn translated(fault: PgWireError) -> PgWireError {
    match fault {
        PgWireError::ApiError(cause) => match cause.downcast::<DataFusionError>() {
            Ok(cause) => Refused::of(&cause).into(),
            Err(cause) => match cause.downcast::<ParserError>() {
                Ok(cause) => Refused::syntax(&cause).into(),
                Err(cause) => unsupported(&cause.to_string()).unwrap_or(PgWireError::ApiError(cause)),
            },
        },
        PgWireError::UserError(said) => unsupported(&said.message).unwrap_or(PgWireError::UserError(said)),
        other => other,
    }
}

/// The encoder has no form for a type: the type is told, without the values that it adds.
fn unsupported(said: &str) -> Option<PgWireError> {
    let kind = said.strip_prefix("Unsupported ")?;
    let kind = kind.split(" and array").next().unwrap_or(kind);
    let kind = kind.trim_start_matches("List ").trim_start_matches("Datatype ");
    Some(Refused::Type(kind.to_owned()).into())
}

/// The plan of a statement that gives no rows to plan: it stands for itself until it is carried out.
fn nothing(column: Option<&str>) -> PgWireResult<LogicalPlan> {
    let fields: Vec<Field> = column.map(|name| Field::new(name, DataType::Utf8, true)).into_iter().collect();
    let schema = datafusion::common::ToDFSchema::to_dfschema(Schema::new(fields))
        .map_err(|fault| PgWireError::ApiError(Box::new(fault)))?;
    Ok(LogicalPlan::EmptyRelation(EmptyRelation { produce_one_row: false, schema: Arc::new(schema) }))
}

#[async_trait]
impl QueryHook for Guard {
    async fn handle_simple_query(
        &self,
        statement: &Statement,
        _: &SessionContext,
        client: &mut dyn HookClient,
    ) -> Option<PgWireResult<Response>> {
        let asked = match self.session.check(statement) {
            Ok(asked) => asked,
            Err(refused) => return Some(Err(log::refused(statement, self.role, refused).into())),
        };
        if let Some(answer) = self.answer(&asked) {
            return Some(answer);
        }
        if asked != Asked::Rows {
            return None;
        }
        log::begins(statement, self.role);
        let plan = match self.session.plan(statement).await {
            Ok(plan) => plan,
            Err(refused) => return Some(Err(log::refused(statement, self.role, refused).into())),
        };
        let options = FormatOptions::from_client_metadata(client.metadata());
        Some(self.run(statement, plan, options).await)
    }

    async fn handle_extended_parse_query(
        &self,
        statement: &Statement,
        _: &SessionContext,
        _: &(dyn ClientInfo + Send + Sync),
    ) -> Option<PgWireResult<LogicalPlan>> {
        match self.session.check(statement) {
            Err(refused) => Some(Err(log::refused(statement, self.role, refused).into())),
            Ok(Asked::Rows) => {
                log::begins(statement, self.role);
                let plan = self.session.plan(statement).await;
                Some(plan.map_err(|refused| log::refused(statement, self.role, refused).into()))
            }
            Ok(Asked::SetAsOf(_) | Asked::ResetAsOf | Asked::Savepoint(_)) => Some(nothing(None)),
            Ok(Asked::ShowAsOf) => Some(nothing(Some(crate::guard::AS_OF))),
            Ok(Asked::ShowVersion) => Some(nothing(Some("server_version"))),
            Ok(Asked::ClientSetting | Asked::Transaction) => None,
        }
    }

    async fn handle_extended_query(
        &self,
        statement: &Statement,
        _: &LogicalPlan,
        _: &ParamValues,
        _: &SessionContext,
        _: &mut dyn HookClient,
    ) -> Option<PgWireResult<Response>> {
        // Its plan was checked when it was made, and values bound since cannot change what it does.
        match self.session.check(statement) {
            Ok(asked) => self.answer(&asked),
            Err(refused) => Some(Err(refused.into())),
        }
    }
}

/// Last of the hooks: what nobody answered must not reach the engine.
struct NothingElse;

fn unanswered(statement: &Statement) -> PgWireError {
    Refused::OnlyReads(statement.to_string().chars().take(40).collect()).into()
}

#[async_trait]
impl QueryHook for NothingElse {
    async fn handle_simple_query(
        &self,
        statement: &Statement,
        _: &SessionContext,
        _: &mut dyn HookClient,
    ) -> Option<PgWireResult<Response>> {
        Some(Err(unanswered(statement)))
    }

    async fn handle_extended_parse_query(
        &self,
        statement: &Statement,
        _: &SessionContext,
        _: &(dyn ClientInfo + Send + Sync),
    ) -> Option<PgWireResult<LogicalPlan>> {
        Some(Err(unanswered(statement)))
    }

    async fn handle_extended_query(
        &self,
        _: &Statement,
        _: &LogicalPlan,
        _: &ParamValues,
        _: &SessionContext,
        _: &mut dyn HookClient,
    ) -> Option<PgWireResult<Response>> {
        None // without a plan that was checked there is nothing to carry out
    }
}
