//! What is wrong with a query: data, so that every front end can show it in its own way.

use std::fmt;

/// One thing wrong, and where.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CompileError {
    /// A stable name, the anchor in the documentation of errors.
    pub code: &'static str,
    pub message: String,
    /// The field or node it is about.
    pub path: Option<String>,
    /// What to do instead.
    pub hint: Option<String>,
}

impl CompileError {
    pub fn new(code: &'static str, message: impl Into<String>) -> Self {
        Self { code, message: message.into(), path: None, hint: None }
    }

    pub fn at(mut self, path: impl Into<String>) -> Self {
        self.path = Some(path.into());
        self
    }

    pub fn hint(mut self, hint: impl Into<String>) -> Self {
        self.hint = Some(hint.into());
        self
    }
}

impl fmt::Display for CompileError {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(&self.message)?;
        self.hint.iter().try_for_each(|hint| write!(out, "; {hint}"))
    }
}

/// Why a plan did not compile.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Failure {
    /// The query is wrong: every error found, at least one.
    Query(Vec<CompileError>),
    /// The compiler is wrong.
    Bug(String),
}

impl From<CompileError> for Failure {
    fn from(error: CompileError) -> Self {
        Self::Query(vec![error])
    }
}
