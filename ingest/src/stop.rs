//! Why reading a body ends early: the body is refused, or our own disk fails.

use crate::Error;
use crate::findings::{Code, Finding, Severity};

/// Reading ends here.
#[derive(Debug)]
pub(crate) enum Stop {
    /// The body as a whole is refused.
    Refused(Box<Reason>),
    /// Our own disk failed.
    Ours(Error),
}

/// Why a body is refused.
#[derive(Debug)]
pub(crate) struct Reason {
    pub(crate) code: Code,
    /// French, without the code.
    pub(crate) sentence: String,
    pub(crate) line: Option<u64>,
    pub(crate) column: Option<String>,
    pub(crate) found: Option<String>,
    pub(crate) expected: Option<String>,
}

impl Reason {
    pub(crate) fn new(code: Code, sentence: impl Into<String>) -> Self {
        Self { code, sentence: sentence.into(), line: None, column: None, found: None, expected: None }
    }

    pub(crate) fn line(mut self, line: u64) -> Self {
        self.line = Some(line);
        self
    }

    pub(crate) fn column(mut self, column: impl Into<String>) -> Self {
        self.column = Some(column.into());
        self
    }

    pub(crate) fn found(mut self, found: impl Into<String>) -> Self {
        self.found = Some(found.into());
        self
    }

    pub(crate) fn expected(mut self, expected: impl Into<String>) -> Self {
        self.expected = Some(expected.into());
        self
    }

    /// The sentence with its code.
    pub(crate) fn message(&self) -> String {
        format!("{} ({})", self.sentence, self.code)
    }

    /// The refusal as a finding, for the table of findings.
    pub(crate) fn finding(&self) -> Finding {
        Finding {
            line: self.line,
            column: self.column.clone(),
            code: self.code,
            severity: Severity::Error,
            found: self.found.clone(),
            expected: self.expected.clone(),
            message: self.message(),
            raw: None,
        }
    }
}

impl From<Reason> for Stop {
    fn from(reason: Reason) -> Self {
        Self::Refused(Box::new(reason))
    }
}

impl From<Error> for Stop {
    fn from(error: Error) -> Self {
        Self::Ours(error)
    }
}

/// A refusal with a sentence.
pub(crate) fn refuse(code: Code, sentence: impl Into<String>) -> Stop {
    Reason::new(code, sentence).into()
}
