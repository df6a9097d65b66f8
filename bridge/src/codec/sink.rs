//! What the documents of an answer are put into, one after the other.

use pyo3::prelude::*;
use pyo3::types::{PyBytes, PyList};

use super::scope::Scope;
use super::texts::Texts;
use super::{Decoder, decode, json};

pub trait Sink: Send + Sync {
    /// Adds a stored document. When it fails, nothing of the document was added.
    fn add(&mut self, py: Python<'_>, document: &[u8]) -> PyResult<()>;

    /// Adds a document that does not fit its class, as it is stored.
    fn add_unfit(&mut self, py: Python<'_>, document: &[u8]) -> PyResult<()>;

    /// What the documents have become.
    fn finish(self: Box<Self>, py: Python<'_>) -> PyResult<Py<PyAny>>;
}

/// A list of Python objects.
pub struct Objects {
    decoder: Decoder,
    list: Py<PyList>,
    texts: Texts,
}

impl Objects {
    pub fn new(py: Python<'_>, decoder: Decoder) -> Self {
        Self { decoder, list: PyList::empty(py).unbind(), texts: Texts::default() }
    }

    /// What came so far; a new list is begun.
    pub fn take(&mut self, py: Python<'_>) -> Py<PyList> {
        std::mem::replace(&mut self.list, PyList::empty(py).unbind())
    }
}

impl Sink for Objects {
    fn add(&mut self, py: Python<'_>, document: &[u8]) -> PyResult<()> {
        let decoded = self.decoder.decode_one(Scope::among(py, &mut self.texts), document)?;
        self.list.bind(py).append(decoded)
    }

    fn add_unfit(&mut self, py: Python<'_>, document: &[u8]) -> PyResult<()> {
        let decoded = decode::document(Scope::among(py, &mut self.texts), document)?;
        self.list.bind(py).append(decoded)
    }

    fn finish(self: Box<Self>, _py: Python<'_>) -> PyResult<Py<PyAny>> {
        Ok(self.list.into_any())
    }
}

/// How documents become JSON.
pub struct JsonForm {
    /// Of no layout they are dicts.
    pub layout: Option<Py<super::Layout>>,
    /// In an array; otherwise only with commas between them.
    pub array: bool,
}

impl JsonForm {
    pub fn write(&self, py: Python<'_>, document: &[u8], out: &mut Vec<u8>) -> PyResult<()> {
        match &self.layout {
            Some(layout) => json::document(py, layout.get(), document, out),
            None => json::row(py, document, out),
        }
    }

    pub fn clone_ref(&self, py: Python<'_>) -> Self {
        Self { layout: self.layout.as_ref().map(|layout| layout.clone_ref(py)), array: self.array }
    }
}

/// The documents as JSON; it comes to how many there are, and their bytes.
pub struct JsonText {
    form: JsonForm,
    count: usize,
    text: Vec<u8>,
}

impl JsonText {
    pub fn new(form: JsonForm) -> Self {
        let text = if form.array { vec![b'['] } else { Vec::new() };
        Self { form, count: 0, text }
    }

    fn separated(&mut self, write: impl FnOnce(&JsonForm, &mut Vec<u8>) -> PyResult<()>) -> PyResult<()> {
        let before = self.text.len();
        if self.count > 0 {
            self.text.push(b',');
        }
        let written = write(&self.form, &mut self.text);
        match &written {
            Ok(()) => self.count += 1,
            Err(_) => self.text.truncate(before),
        }
        written
    }
}

impl Sink for JsonText {
    fn add(&mut self, py: Python<'_>, document: &[u8]) -> PyResult<()> {
        self.separated(|form, text| form.write(py, document, text))
    }

    fn add_unfit(&mut self, py: Python<'_>, document: &[u8]) -> PyResult<()> {
        self.separated(|_, text| json::row(py, document, text))
    }

    fn finish(mut self: Box<Self>, py: Python<'_>) -> PyResult<Py<PyAny>> {
        if self.form.array {
            self.text.push(b']');
        }
        Ok((self.count, PyBytes::new(py, &self.text)).into_pyobject(py)?.into_any().unbind())
    }
}
