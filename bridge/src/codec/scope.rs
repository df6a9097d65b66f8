//! What values are made with.

use std::cell::Cell;

use pyo3::prelude::*;
use pyo3::types::PyString;

use super::instance;
use super::reader::{DEEPEST, malformed};
use super::texts::{Texts, Use};
use crate::gate::has_room;

/// The interpreter, the texts that were met before, and in how many documents and lists a value stands.
#[derive(Clone, Copy)]
pub struct Scope<'a, 'py> {
    pub py: Python<'py>,
    texts: Option<&'a Cell<Texts>>,
    depth: usize,
}

impl<'a, 'py> Scope<'a, 'py> {
    /// Of a document that is read alone.
    pub fn alone(py: Python<'py>) -> Self {
        Self { py, texts: None, depth: 0 }
    }

    /// Of a document that is one of many, whose texts may have been met in others.
    pub fn among(py: Python<'py>, texts: &'a mut Texts) -> Self {
        Self { py, texts: Some(Cell::from_mut(texts)), depth: 0 }
    }

    /// That of what stands in a document or a list.
    ///
    /// # Errors
    /// It would be nested too deep.
    pub fn deeper(self) -> PyResult<Self> {
        if self.depth < DEEPEST && has_room() {
            Ok(Self { depth: self.depth + 1, ..self })
        } else {
            Err(malformed(self.py, "a document is nested too deep"))
        }
    }

    /// A text from UTF-8 bytes.
    pub fn text(self, bytes: &[u8]) -> PyResult<Bound<'py, PyString>> {
        let made = self.known(bytes, Use::Value, || instance::text(self.py, bytes));
        made.ok_or_else(|| malformed(self.py, "a string is not UTF-8"))
    }

    /// A key of a dict, interned.
    pub fn key(self, bytes: &[u8]) -> PyResult<Bound<'py, PyString>> {
        let intern = || Some(PyString::intern(self.py, std::str::from_utf8(bytes).ok()?));
        self.known(bytes, Use::Key, intern).ok_or_else(|| malformed(self.py, "a key is not UTF-8"))
    }

    fn known(
        self,
        bytes: &[u8],
        used: Use,
        make: impl FnOnce() -> Option<Bound<'py, PyString>>,
    ) -> Option<Bound<'py, PyString>> {
        let Some(cell) = self.texts else { return make() };
        let mut texts = cell.take();
        let found = texts.find_or(self.py, bytes, used, make);
        cell.set(texts);
        found
    }
}
