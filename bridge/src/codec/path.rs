//! Where in a document something is, kept on the stack and spelled out only in errors.

use std::fmt;

use pyo3::prelude::*;

use crate::errors::raise;

pub struct Path<'a> {
    parent: Option<&'a Self>,
    key: &'a str,
    depth: usize,
    drops_nulls: bool,
}

impl<'a> Path<'a> {
    pub fn root(key: &'a str) -> Self {
        Self { parent: None, key, depth: 0, drops_nulls: false }
    }

    pub fn child(&'a self, key: &'a str) -> Self {
        Self { parent: Some(self), key, depth: self.depth + 1, drops_nulls: self.drops_nulls }
    }

    /// The same place; what is None here and below is left out where it comes back by itself.
    pub fn dropping_nulls(&self, drops_nulls: bool) -> Self {
        Self { parent: self.parent, key: self.key, depth: self.depth, drops_nulls: self.drops_nulls || drops_nulls }
    }

    pub fn drops_nulls(&self) -> bool {
        self.drops_nulls
    }

    pub fn depth(&self) -> usize {
        self.depth
    }

    /// An `EncodeError` about the value here.
    pub fn refuse(&self, py: Python<'_>, problem: &str) -> PyErr {
        let details = pyo3::types::PyDict::new(py);
        let path = self.to_string();
        if let Err(error) = details.set_item("path", &path) {
            return error;
        }
        // The document as a whole has no path.
        let place = if path.is_empty() { path } else { format!("{path}: ") };
        raise(py, "EncodeError", &format!("{place}{problem}"), Some(&details))
    }
}

impl fmt::Display for Path<'_> {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(parent) = self.parent.filter(|parent| !parent.key.is_empty()) {
            write!(out, "{parent}.")?;
        }
        out.write_str(self.key)
    }
}
