//! Completion in an interactive session: keywords, tables and columns, at the word under the cursor.

use rustyline::completion::Completer;
use rustyline::highlight::Highlighter;
use rustyline::hint::Hinter;
use rustyline::validate::Validator;
use rustyline::{Context, Helper};
use serde::Deserialize;
use vigie_serve::{Answer, Session};

/// Words of SQL that analysts write, and of this session.
const KEYWORDS: [&str; 48] = [
    "all",
    "and",
    "as",
    "as_of",
    "asc",
    "between",
    "by",
    "case",
    "cast",
    "count",
    "cross",
    "current_date",
    "date",
    "desc",
    "distinct",
    "else",
    "end",
    "except",
    "exists",
    "explain",
    "from",
    "full",
    "group",
    "having",
    "in",
    "interval",
    "intersect",
    "is",
    "join",
    "left",
    "like",
    "limit",
    "not",
    "null",
    "offset",
    "on",
    "or",
    "order",
    "over",
    "partition",
    "select",
    "set",
    "show",
    "then",
    "union",
    "vigie.as_of",
    "when",
    "where",
];

/// The words that may be meant.
pub(super) struct Words(Vec<String>);

#[derive(Deserialize)]
struct Named {
    name: String,
}

impl Words {
    /// Keywords, and the names of the session. Without its names when they cannot be read.
    pub(super) async fn of(session: &Session) -> Self {
        let mut words: Vec<String> = KEYWORDS.iter().map(|word| (*word).to_owned()).collect();
        let names = "select table_name as name from information_schema.tables where table_schema = 'public' \
                     union select column_name from information_schema.columns where table_schema = 'public'";
        if let Ok(Answer::Rows(frame)) = session.ask(names).await
            && let Ok(batches) = frame.collect().await
            && let Ok(named) = crate::rows::of_batches::<Named>(&batches)
        {
            words.extend(named.into_iter().map(|row| row.name));
        }
        words.sort_unstable();
        words.dedup();
        Self(words)
    }

    /// Where the word before the cursor begins, and what it may become.
    fn at(&self, line: &str, cursor: usize) -> (usize, Vec<String>) {
        let is_part = |c: char| c.is_alphanumeric() || matches!(c, '_' | '.');
        let before = &line[..cursor];
        let start = before
            .rfind(|c: char| !is_part(c))
            .map_or(0, |at| at + before[at..].chars().next().map_or(1, char::len_utf8));
        // After `t.` the columns are meant.
        let start = before[start..]
            .rfind('.')
            .filter(|_| !before[start..].starts_with("vigie"))
            .map_or(start, |dot| start + dot + 1);
        let word = before[start..].to_lowercase();
        if word.is_empty() {
            return (start, Vec::new());
        }
        (start, self.0.iter().filter(|known| known.starts_with(&word)).cloned().collect())
    }
}

impl Completer for Words {
    type Candidate = String;

    fn complete(
        &self,
        line: &str,
        cursor: usize,
        _: &Context<'_>,
    ) -> rustyline::Result<(usize, Vec<String>)> {
        Ok(self.at(line, cursor))
    }
}

impl Hinter for Words {
    type Hint = String;
}

impl Highlighter for Words {}
impl Validator for Words {}
impl Helper for Words {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_word_under_the_cursor_is_completed() {
        let words =
            Words(["department", "departments", "select", "tests", "vigie.as_of"].map(str::to_owned).into());
        let check = |line: &str, start: usize, expected: &[&str]| {
            assert_eq!(
                words.at(line, line.len()),
                (start, expected.iter().map(|w| (*w).to_owned()).collect()),
                "{line}"
            );
        };
        check("sel", 0, &["select"]);
        check("select DEP", 7, &["department", "departments"]);
        check("select t.dep", 9, &["department", "departments"]);
        check("set vigie.", 4, &["vigie.as_of"]);
        check("select count(tes", 13, &["tests"]);
        check("where nom = 'é' and dep", 21, &["department", "departments"]);
        check("select ", 7, &[]);
    }
}
