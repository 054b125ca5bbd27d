//! A query that cannot run, told to whoever wrote it: its file, the line, what is wrong.

use std::fmt;

use arrow::error::ArrowError;
use datafusion::error::DataFusionError;
use vigie_queries::{Vocabulary, nearest};

use crate::Error;

/// A query of the vocabulary that cannot run as it is written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct QueryFault {
    /// Id of the mart, indicator, gate or saved query.
    pub id: String,
    /// Path inside the vocabulary, such as `indicators/icu_patients.sql`.
    pub file: String,
    /// Line of the file, from 1; as near as the engine tells.
    pub line: usize,
    /// What was found and what was expected, in one English sentence.
    pub what: String,
}

impl fmt::Display for QueryFault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}: {}", self.file, self.line, self.what)
    }
}

impl Error {
    /// Whether the query, or what it met in the data, is at fault: the same would come of it again. The others (memory, disk)
    /// are of the machine and of the moment.
    #[must_use]
    pub fn is_of_the_query(&self) -> bool {
        match self {
            Self::Query { source, .. } => is_of_the_query(source),
            Self::Shape { .. } => true,
            Self::Table { .. } | Self::Arrow { .. } => false,
        }
    }

    /// What to tell the author of the query `id`, whose SQL is `sql` as it was run.
    #[must_use]
    pub fn told(&self, vocabulary: &Vocabulary, id: &str, file: &str, sql: &str) -> QueryFault {
        let text = vocabulary.text(file);
        let (line, what) = match self {
            Self::Query { source, .. } => (line_in(sql, source), sentence(source, vocabulary)),
            Self::Shape { what, .. } => (None, what.clone()),
            other => (None, other.to_string()),
        };
        // Placeholders are filled in where they stand: line by line the SQL is that of the file.
        let begins = first_line_of_sql(text);
        QueryFault { id: id.to_owned(), file: file.to_owned(), line: begins + line.unwrap_or(1) - 1, what }
    }
}

fn is_of_the_query(fault: &DataFusionError) -> bool {
    use DataFusionError as Fault;
    match fault.find_root() {
        Fault::ResourcesExhausted(_)
        | Fault::IoError(_)
        | Fault::ObjectStore(_)
        | Fault::ParquetError(_)
        | Fault::External(_)
        | Fault::ExecutionJoin(_) => false,
        Fault::ArrowError(fault, _) => !matches!(
            **fault,
            ArrowError::IoError(..) | ArrowError::MemoryError(_) | ArrowError::ExternalError(_)
        ),
        _ => true,
    }
}

/// Line of the file on which the SQL begins, after the header.
fn first_line_of_sql(text: &str) -> usize {
    let Some((header, sql)) = text.split_once("---*/") else { return 1 };
    let blank = sql.len() - sql.trim_start().len();
    header.matches('\n').count() + sql[..blank].matches('\n').count() + 1
}

/// Line of the SQL that the engine complains of, from 1.
fn line_in(sql: &str, fault: &DataFusionError) -> Option<usize> {
    let span = fault.diagnostic().and_then(|diagnostic| diagnostic.span);
    if let Some(span) = span {
        return usize::try_from(span.start.line).ok();
    }
    let said = fault.find_root().to_string();
    if let Some((_, after)) = said.split_once(" at Line: ") {
        return after.split(',').next()?.trim().parse().ok();
    }
    // No place is told: that of the first name in the sentence which stands in the query.
    names(&said).into_iter().find_map(|name| {
        let at = sql.find(name)?;
        Some(sql[..at].matches('\n').count() + 1)
    })
}

/// Names in a sentence of the engine: `'vigie.public.x'`, `"x"`, `field named x.y`.
fn names(said: &str) -> Vec<&str> {
    let quoted = said.split(['\'', '"']).skip(1).step_by(2);
    let named = said.split("named ").skip(1).filter_map(|rest| rest.split([' ', '.', ',']).next());
    let all = named.chain(quoted).map(|name| name.rsplit('.').next().unwrap_or(name));
    all.filter(|name| name.len() > 1 && !name.contains(' ')).collect()
}

/// One sentence for what the engine says.
fn sentence(fault: &DataFusionError, vocabulary: &Vocabulary) -> String {
    let said = fault.find_root().strip_backtrace();
    let said = said.lines().next().unwrap_or_default().trim_end_matches('.');
    let mut said = said;
    for kind in [
        "Error during planning: ",
        "SQL error: ",
        "Schema error: ",
        "Execution error: ",
        "Arrow error: ",
        "This feature is not implemented: ",
    ] {
        said = said.strip_prefix(kind).unwrap_or(said);
    }
    if let Some(table) = said.strip_prefix("table '").and_then(|rest| rest.strip_suffix("' not found")) {
        let table = table.rsplit('.').next().unwrap_or(table);
        let queries = vocabulary.queries().iter().map(|query| query.id.as_str());
        let known = vocabulary.contracts().map(|contract| contract.name()).chain(queries);
        return match nearest(table, known) {
            Some(meant) => format!("there is no table {table:?}; was {meant:?} meant?"),
            None => format!("there is no table {table:?}"),
        };
    }
    if let Some(rest) = said.split("ParserError(\"").nth(1) {
        // `ParserError("Expected: an SQL statement, found: slect at Line: 1, Column: 1")`
        let rest = rest.trim_end_matches("\")").split(" at Line: ").next().unwrap_or(rest);
        return format!(
            "this is not SQL: {}",
            rest.replacen("Expected: ", "expected ", 1).replace("found: ", "found ")
        );
    }
    format!("the engine refuses it: {said}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_taken_out_of_the_engines_sentences() {
        assert_eq!(names("table 'vigie.public.samu_call' not found"), ["samu_call"]);
        assert_eq!(names("No field named tests.positive. Did you mean 'tests.positives'?")[0], "tests");
    }

    #[test]
    fn the_line_of_the_sql_counts_from_the_top_of_the_file() {
        assert_eq!(first_line_of_sql("/*---\nid = 1\n---*/\n\nselect 1\n"), 5);
        assert_eq!(first_line_of_sql("select 1"), 1);
    }
}
