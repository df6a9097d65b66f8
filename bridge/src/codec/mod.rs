//! The codec: Python objects to BSON bytes and back, with nothing in between.

mod convert;
mod decode;
mod diff;
mod encode;
mod family;
mod instance;
mod layout;
mod links;
mod load;
mod path;
mod reader;
mod time;
mod types;

use std::ops::Range;

use bson::{RawArrayBuf, RawBson, RawDocumentBuf};
use pyo3::exceptions::PyValueError;
use pyo3::prelude::*;
use pyo3::types::{PyBytes, PyDict, PyList, PyType};

use instance::CollectorPaused;
pub use instance::set as set_attribute;
pub use layout::Layout;
use path::Path;
use reader::Elements;

/// What becomes of a stored document that does not fit its class.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum OnInvalid {
    Raise,
    Skip,
    Raw,
}

impl OnInvalid {
    pub fn parse(name: &str) -> PyResult<Self> {
        Ok(match name {
            "raise" => Self::Raise,
            "skip" => Self::Skip,
            "raw" => Self::Raw,
            other => {
                let message = format!("on_invalid is {other:?}; give \"raise\", \"skip\" or \"raw\"");
                return Err(PyValueError::new_err(message));
            }
        })
    }
}

/// How documents become Python objects.
pub enum Decoder {
    Dict,
    Layout(Py<Layout>),
}

impl From<Option<Py<Layout>>> for Decoder {
    fn from(layout: Option<Py<Layout>>) -> Self {
        layout.map_or(Self::Dict, Self::Layout)
    }
}

impl Decoder {
    pub fn decode_one(&self, py: Python<'_>, document: &[u8]) -> PyResult<Py<PyAny>> {
        match self {
            Self::Dict => Ok(decode::document(py, document)?.into_any().unbind()),
            Self::Layout(layout) => Ok(layout.get().decode_bytes(py, document)?.unbind()),
        }
    }

    /// The documents of a cursor's reply.
    pub fn decode_batch<'py>(
        &self,
        py: Python<'py>,
        reply: RawDocumentBuf,
        on_invalid: OnInvalid,
    ) -> PyResult<Bound<'py, PyList>> {
        let list = PyList::empty(py);
        Batch::new(py, reply)?.decode(py, self, on_invalid, &list, usize::MAX)?;
        Ok(list)
    }
}

/// The documents of a cursor's reply, decoded some at a time.
pub struct Batch {
    reply: RawDocumentBuf,
    /// What of the reply is left.
    rest: Range<usize>,
}

impl Batch {
    pub fn new(py: Python<'_>, reply: RawDocumentBuf) -> PyResult<Self> {
        let rest = reader::batch(reply.as_bytes()).map_err(|problem| reader::malformed(py, problem))?;
        Ok(Self { reply, rest })
    }

    /// Appends up to `count` documents to the list; true at the end. The garbage collector rests meanwhile: what is
    /// built is all alive.
    pub fn decode(
        &mut self,
        py: Python<'_>,
        decoder: &Decoder,
        on_invalid: OnInvalid,
        list: &Bound<'_, PyList>,
        count: usize,
    ) -> PyResult<bool> {
        let _paused = CollectorPaused::new(py);
        let mut elements = Elements::part(&self.reply.as_bytes()[self.rest.clone()]);
        for _ in 0..count {
            let Some(element) = elements.next().map_err(|problem| reader::malformed(py, problem))? else {
                return Ok(true);
            };
            match decoder.decode_one(py, element.value) {
                Ok(instance) => list.append(instance)?,
                Err(error) => match on_invalid {
                    OnInvalid::Raise => return Err(error),
                    OnInvalid::Skip => {}
                    OnInvalid::Raw => list.append(decode::document(py, element.value)?)?,
                },
            }
        }
        self.rest.start = self.rest.end - elements.left();
        Ok(self.rest.is_empty())
    }
}

/// `data_bridge.links.Link`.
pub fn link_class(py: Python<'_>) -> PyResult<&Bound<'_, PyType>> {
    Ok(types::get(py)?.link.bind(py))
}

/// A Python value as BSON; `path` names it in errors.
pub fn value_to_rawbson(value: &Bound<'_, PyAny>, path: &str) -> PyResult<RawBson> {
    let py = value.py();
    let mut holder = encode::open_document();
    encode::element(&mut holder, b"v", value, &Path::root(path))?;
    let holder = encode::close_document(py, holder, 0, &Path::root(path))?;
    let holder = RawDocumentBuf::from_bytes(holder).map_err(|error| malformed(py, &error))?;
    let found = holder.get("v").map_err(|error| malformed(py, &error))?;
    Ok(found.map_or(RawBson::Null, RawBson::from))
}

/// A mapping or a document instance as BSON.
pub fn document_to_raw(mapping: &Bound<'_, PyAny>) -> PyResult<RawDocumentBuf> {
    let bytes = encode::whole_document(mapping)?;
    RawDocumentBuf::from_bytes(bytes).map_err(|error| malformed(mapping.py(), &error))
}

/// PyMongo's integer that is stored with 64 bits however small it is.
pub fn int64(py: Python<'_>, number: i64) -> PyResult<Bound<'_, PyAny>> {
    types::get(py)?.int64.bind(py).call1((number,))
}

pub fn rawbson_to_py<'py>(py: Python<'py>, value: &RawBson) -> PyResult<Bound<'py, PyAny>> {
    let mut holder = RawArrayBuf::new();
    holder.push(value.clone());
    decode::array(py, holder.as_bytes())?.get_item(0)
}

fn malformed(py: Python<'_>, error: &dyn std::fmt::Display) -> PyErr {
    crate::errors::internal(py, &format!("the encoder wrote malformed BSON: {error}"))
}

/// A mapping, or a document instance, as BSON bytes.
#[pyfunction]
fn encode_document<'py>(mapping: &Bound<'py, PyAny>) -> PyResult<Bound<'py, PyBytes>> {
    Ok(PyBytes::new(mapping.py(), &encode::whole_document(mapping)?))
}

/// BSON bytes as a dict.
#[pyfunction]
fn decode_document<'py>(py: Python<'py>, document: &[u8]) -> PyResult<Bound<'py, PyDict>> {
    decode::document(py, document)
}

/// The least changes that make `image` into `now`: the values to set by dotted path, and the paths to unset.
#[pyfunction]
#[pyo3(name = "diff")]
fn diff_documents<'py>(py: Python<'py>, now: &[u8], image: &[u8]) -> PyResult<(Bound<'py, PyDict>, Vec<String>)> {
    diff::diff(py, now, image)
}

pub fn register(module: &Bound<'_, PyModule>) -> PyResult<()> {
    module.add_class::<Layout>()?;
    module.add_function(wrap_pyfunction!(encode_document, module)?)?;
    module.add_function(wrap_pyfunction!(decode_document, module)?)?;
    module.add_function(wrap_pyfunction!(diff_documents, module)?)
}
