//! The first fence: what a statement may be, looked at as parsed, before the engine sees it.
//!
//! Behind it stand two more, each of which would do alone: the engine's own check of the plan ([`crate::Session::plan`]),
//! and an engine that has nothing to write to or read from but the lake (`store/src/engine.rs`).

use std::collections::BTreeSet;
use std::ops::ControlFlow;

use datafusion::sql::sqlparser::ast::{
    Expr, Function, ObjectName, Query, Select, Set, SetExpr, Statement, TableFactor, Visit, Visitor,
};
use datafusion::sql::sqlparser::dialect::PostgreSqlDialect;
use datafusion::sql::sqlparser::parser::Parser;

use crate::Refused;

/// What a statement asks for.
#[derive(Debug, Clone, PartialEq)]
pub enum Asked {
    /// Rows: a query, or the plan of one.
    Rows,
    /// `SET vigie.as_of = …`: the text of the time.
    SetAsOf(String),
    /// `RESET vigie.as_of`, `SET vigie.as_of = default`.
    ResetAsOf,
    /// `SHOW vigie.as_of`.
    ShowAsOf,
    /// `SHOW server_version`: that of PostgreSQL whose ways are followed.
    ShowVersion,
    /// A harmless setting of a client, or one shown.
    ClientSetting,
    /// `BEGIN`, `COMMIT`, `ROLLBACK`: there is nothing to undo.
    Transaction,
    /// `SAVEPOINT`, `RELEASE`, `ROLLBACK TO`, by the word that answers it: drivers that look types up inside a transaction.
    Savepoint(&'static str),
}

/// Name of the setting that moves a session in time.
pub const AS_OF: &str = "vigie.as_of";

/// The answer to `ROLLBACK TO`, after which the transaction goes on.
pub(crate) const BACK_TO_SAVEPOINT: &str = "ROLLBACK";

/// Settings that clients make without being asked, and that change nothing here but how values are shown.
const CLIENT_SETTINGS: [&str; 18] = [
    "application_name",
    "bytea_output",
    "client_encoding",
    "client_min_messages",
    "datestyle",
    "default_transaction_isolation",
    "extra_float_digits",
    "geqo",
    "idle_in_transaction_session_timeout",
    "intervalstyle",
    "lc_messages",
    "search_path",
    "standard_conforming_strings",
    "statement_timeout",
    "timezone",
    "time zone",
    "transaction_isolation",
    "jit",
];

/// Settings that may be shown besides.
const SHOWN: [&str; 7] = [
    "server_version_num",
    "server_encoding",
    "is_superuser",
    "transaction_read_only",
    "default_transaction_read_only",
    "max_identifier_length",
    "transaction isolation level",
];

/// Tables of PostgreSQL that hold passwords; empty here, and asked for by nobody who means well.
const SECRET: [&str; 3] = ["pg_authid", "pg_shadow", "pg_user_mapping"];

/// Functions of other systems that read files, addresses or the machine: told apart from a typing mistake.
const REACHING: [&str; 16] = [
    "copy_",
    "dblink",
    "getenv",
    "glob",
    "httpfs",
    "load_",
    "lo_",
    "parquet_",
    "pg_ls_",
    "pg_read_",
    "pg_stat_file",
    "query_to_xml",
    "read_",
    "sniff_",
    "st_read",
    "system",
];

/// Parses one statement.
///
/// # Errors
/// [`Refused::Syntax`], [`Refused::Empty`], [`Refused::Several`].
pub fn parse(sql: &str) -> Result<Statement, Refused> {
    let mut statements =
        Parser::parse_sql(&PostgreSqlDialect {}, sql).map_err(|fault| Refused::syntax(&fault))?;
    match (statements.len(), statements.pop()) {
        (1, Some(statement)) => Ok(statement),
        (0, _) | (_, None) => Err(Refused::Empty),
        (several, _) => Err(Refused::Several(several)),
    }
}

/// Whether a statement may be carried out, and what it asks for. `functions` are those of the session, in lower case.
///
/// # Errors
/// [`Refused`], which says why not.
pub fn check(statement: &Statement, functions: &BTreeSet<String>) -> Result<Asked, Refused> {
    match statement {
        Statement::Query(query) => rows(query, functions).map(|()| Asked::Rows),
        Statement::Explain { statement, .. } => match &**statement {
            Statement::Query(query) => rows(query, functions).map(|()| Asked::Rows),
            other => Err(Refused::OnlyReads(first_words(other))),
        },
        Statement::ExplainTable { table_name, .. } => relation(table_name).map(|()| Asked::Rows),
        Statement::Set(set) => setting(set),
        Statement::Reset(reset) => match reset.to_string().to_lowercase().split_once("reset ") {
            Some((_, name)) if name == AS_OF => Ok(Asked::ResetAsOf),
            Some((_, name)) if is_client_setting(name) => Ok(Asked::ClientSetting),
            _ => Err(Refused::Setting(reset.to_string())),
        },
        Statement::ShowVariable { variable } => {
            let words: Vec<String> = variable.iter().map(|word| word.value.to_lowercase()).collect();
            let (dotted, spaced) = (words.join("."), words.join(" "));
            if dotted == AS_OF {
                return Ok(Asked::ShowAsOf);
            }
            if dotted == "server_version" {
                return Ok(Asked::ShowVersion);
            }
            let is_shown = |name: &String| is_client_setting(name) || SHOWN.contains(&name.as_str());
            if is_shown(&dotted) || is_shown(&spaced) {
                return Ok(Asked::ClientSetting);
            }
            Err(Refused::Setting(spaced))
        }
        Statement::ShowTables { .. } | Statement::ShowColumns { .. } => Ok(Asked::Rows),
        Statement::Savepoint { .. } => Ok(Asked::Savepoint("SAVEPOINT")),
        Statement::ReleaseSavepoint { .. } => Ok(Asked::Savepoint("RELEASE")),
        Statement::Rollback { savepoint: Some(_), .. } => Ok(Asked::Savepoint(BACK_TO_SAVEPOINT)),
        Statement::StartTransaction { .. } | Statement::Commit { .. } | Statement::Rollback { .. } => {
            Ok(Asked::Transaction)
        }
        other => Err(Refused::OnlyReads(first_words(other))),
    }
}

fn is_client_setting(name: &str) -> bool {
    CLIENT_SETTINGS.contains(&name)
}

fn setting(set: &Set) -> Result<Asked, Refused> {
    match set {
        Set::SingleAssignment { variable, values, .. } => {
            let name = variable.to_string().replace('"', "").to_lowercase();
            if name == AS_OF {
                let [value] = values.as_slice() else {
                    return Err(Refused::Time("Plusieurs valeurs".to_owned()));
                };
                let text = value.to_string();
                return Ok(match text.trim_matches('\'') {
                    word if word.eq_ignore_ascii_case("default") => Asked::ResetAsOf,
                    text => Asked::SetAsOf(text.to_owned()),
                });
            }
            if is_client_setting(&name) { Ok(Asked::ClientSetting) } else { Err(Refused::Setting(name)) }
        }
        Set::SetTimeZone { .. } | Set::SetNames { .. } | Set::SetNamesDefault { .. } => {
            Ok(Asked::ClientSetting)
        }
        Set::SetTransaction { .. } | Set::SetSessionParam(_) => Ok(Asked::Transaction),
        other => Err(Refused::Setting(other.to_string())),
    }
}

/// The first words of a statement, as they name it: `DROP TABLE`.
fn first_words(statement: &Statement) -> String {
    let text = statement.to_string();
    let words: Vec<&str> = text.split_whitespace().take(2).collect();
    words.join(" ").chars().take(40).collect()
}

fn rows(query: &Query, functions: &BTreeSet<String>) -> Result<(), Refused> {
    match query.visit(&mut Looker { functions }) {
        ControlFlow::Continue(()) => Ok(()),
        ControlFlow::Break(refused) => Err(refused),
    }
}

/// A name that may be one of a table: not a path, not an address, not a name of a file.
fn relation(name: &ObjectName) -> Result<(), Refused> {
    let text = name.to_string().replace('"', "");
    let lower = text.to_lowercase();
    let is_path = lower.contains(['/', '\\', ':', '*', '~', '\'', '$']);
    let is_file = ["csv", "parquet", "json", "ndjson", "arrow", "avro", "txt", "gz", "zst", "toml", "db"]
        .iter()
        .any(|extension| lower.ends_with(&format!(".{extension}")));
    if is_path || is_file || name.0.len() > 3 {
        return Err(Refused::File(text));
    }
    let last = lower.rsplit('.').next().unwrap_or_default();
    if SECRET.contains(&last) { Err(Refused::Table(text)) } else { Ok(()) }
}

struct Looker<'a> {
    functions: &'a BTreeSet<String>,
}

impl Looker<'_> {
    fn function(&self, name: &ObjectName) -> Result<(), Refused> {
        let full = name.to_string().replace('"', "").to_lowercase();
        // `pg_catalog.version()` is the function `version`.
        let last = full.rsplit('.').next().unwrap_or(&full);
        let is_known = self.functions.contains(last) && full.trim_start_matches("pg_catalog.") == last;
        if is_known && !REACHING.iter().any(|start| last.starts_with(start)) {
            return Ok(());
        }
        Err(Refused::Function(full))
    }
}

impl Visitor for Looker<'_> {
    type Break = Refused;

    fn pre_visit_query(&mut self, query: &Query) -> ControlFlow<Refused> {
        if !query.locks.is_empty() {
            return ControlFlow::Break(Refused::Writes("FOR UPDATE".to_owned()));
        }
        if query.for_clause.is_some() || query.settings.is_some() || query.format_clause.is_some() {
            return ControlFlow::Break(Refused::Writes("FOR, SETTINGS, FORMAT".to_owned()));
        }
        match &*query.body {
            SetExpr::Insert(written)
            | SetExpr::Update(written)
            | SetExpr::Delete(written)
            | SetExpr::Merge(written) => ControlFlow::Break(Refused::Writes(first_words(written))),
            _ => ControlFlow::Continue(()),
        }
    }

    fn pre_visit_select(&mut self, select: &Select) -> ControlFlow<Refused> {
        match &select.into {
            Some(into) => ControlFlow::Break(Refused::Writes(into.to_string())),
            None => ControlFlow::Continue(()),
        }
    }

    /// Anything that is not a query within a query.
    fn pre_visit_statement(&mut self, statement: &Statement) -> ControlFlow<Refused> {
        match statement {
            Statement::Query(_) => ControlFlow::Continue(()),
            other => ControlFlow::Break(Refused::Writes(first_words(other))),
        }
    }

    fn pre_visit_relation(&mut self, name: &ObjectName) -> ControlFlow<Refused> {
        broken(relation(name))
    }

    fn pre_visit_table_factor(&mut self, factor: &TableFactor) -> ControlFlow<Refused> {
        match factor {
            TableFactor::Table { name, args: Some(_), .. } | TableFactor::Function { name, .. } => {
                broken(self.function(name))
            }
            _ => ControlFlow::Continue(()),
        }
    }

    fn pre_visit_expr(&mut self, expr: &Expr) -> ControlFlow<Refused> {
        match expr {
            Expr::Function(Function { name, .. }) => broken(self.function(name)),
            _ => ControlFlow::Continue(()),
        }
    }
}

fn broken(outcome: Result<(), Refused>) -> ControlFlow<Refused> {
    match outcome {
        Ok(()) => ControlFlow::Continue(()),
        Err(refused) => ControlFlow::Break(refused),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// `tests/hostile.sql`, a statement a line; the doors are tried with it in `tests/hostile.rs`.
    pub(crate) fn hostile() -> impl Iterator<Item = &'static str> {
        include_str!("../../tests/hostile.sql")
            .lines()
            .filter(|line| !line.is_empty() && !line.starts_with("-- "))
    }

    fn asked(sql: &str) -> Result<Asked, Refused> {
        let known =
            ["count", "max", "sum", "coalesce", "version", "as_of", "generate_series", "current_date"];
        check(&parse(sql)?, &known.iter().map(|name| (*name).to_owned()).collect())
    }

    #[test]
    fn a_query_is_a_query() {
        for sql in [
            "select 1",
            "select count(*) from tests where department = $1 group by time_value",
            "with x as (select 1 as a) select * from x union all values (2)",
            "select * from public.tests t, as_of('tests', '2020-10-12') o where t.department = o.department",
            "select pg_catalog.version()",
            "explain analyze verbose select max(tests) from vigie.public.tests",
            "select * from generate_series(1, 3)",
            "select 'drop table tests; copy x to ''/tmp/x'''",
            "show tables",
        ] {
            assert_eq!(asked(sql), Ok(Asked::Rows), "{sql}");
        }
    }

    #[test]
    fn a_session_moves_in_time_and_clients_may_set_what_is_theirs() {
        assert_eq!(asked("set vigie.as_of = '2020-10-12'"), Ok(Asked::SetAsOf("2020-10-12".to_owned())));
        assert_eq!(asked("SET vigie.as_of TO DEFAULT"), Ok(Asked::ResetAsOf));
        assert_eq!(asked("reset vigie.as_of"), Ok(Asked::ResetAsOf));
        assert_eq!(asked("show vigie.as_of"), Ok(Asked::ShowAsOf));
        for sql in [
            "set extra_float_digits = 3",
            "set datestyle to 'ISO'",
            "SET TIME ZONE 'UTC'",
            "show transaction isolation level",
        ] {
            assert_eq!(asked(sql), Ok(Asked::ClientSetting), "{sql}");
        }
        for sql in ["begin", "commit", "rollback", "start transaction read only"] {
            assert_eq!(asked(sql), Ok(Asked::Transaction), "{sql}");
        }
        for (sql, tag) in [
            ("savepoint a", "SAVEPOINT"),
            ("release savepoint a", "RELEASE"),
            ("rollback to savepoint a", "ROLLBACK"),
        ] {
            assert_eq!(asked(sql), Ok(Asked::Savepoint(tag)), "{sql}");
        }
    }

    #[test]
    fn what_only_the_engine_can_tell_passes_this_fence_and_nothing_else_does() {
        let passed: Vec<&str> = hostile().filter(|sql| asked(sql).is_ok()).collect();
        // A time that is none, a table that is not there: told when the session is asked.
        for sql in &passed {
            assert!(sql.contains("as_of"), "passed: {sql}");
        }
        assert!(hostile().count() >= 150, "{}", hostile().count());
    }
}
