//! The codec: Python objects to BSON bytes and back, with nothing in between.

mod build;
mod changes;
mod collector;
mod columns;
mod convert;
mod decimal;
mod decode;
mod encode;
mod family;
mod field;
mod fit;
mod ids;
mod instance;
mod json;
mod layout;
mod lazy;
mod links;
mod load;
mod page;
mod path;
mod plain;
mod reader;
mod scalar;
mod scope;
mod shape;
mod sink;
mod statement;
mod texts;
mod time;
mod types;
mod writes;

use std::ops::Range;

use bson::{RawArrayBuf, RawBson, RawDocument, RawDocumentBuf};
use data_bridge_driver::Page;
use pyo3::exceptions::PyValueError;
use pyo3::prelude::*;
use pyo3::types::{PyBytes, PyDict, PyType};

use build::Builder;
use changes::Changes;
pub use collector::at_rest;
use columns::{ArrowTable, ColumnLayout, Columns};
use fit::Fit;
pub use instance::{Parts, Slot, new as new_instance, set as set_attribute};
pub use layout::Layout;
use lazy::{FieldAccess, InstanceDict, LazyLayout};
use page::{PageLayout, PageSink};
use path::Path;
use reader::Elements;
pub use scope::Scope;
use sink::{JsonForm, JsonText};
pub use sink::{Objects, Sink};

use crate::gate::guarded;

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
    Lazy(Py<Layout>),
    Json(JsonForm),
    Columns(Py<ColumnLayout>),
    Page(Box<PageSink>),
}

impl<'py> FromPyObject<'_, 'py> for Decoder {
    type Error = PyErr;

    fn extract(given: Borrowed<'_, 'py, PyAny>) -> PyResult<Self> {
        if let Ok(json) = given.cast::<JsonLayout>() {
            return Ok(Self::Json(json.get().0.clone_ref(given.py())));
        }
        if let Ok(columns) = given.cast::<ColumnLayout>() {
            return Ok(Self::Columns(columns.to_owned().unbind()));
        }
        if let Ok(page) = given.cast::<PageLayout>() {
            return Ok(Self::Page(Box::new(page.get().sink(given.py())?)));
        }
        if let Ok(lazy) = given.cast::<LazyLayout>() {
            return Ok(Self::Lazy(lazy.get().0.clone_ref(given.py())));
        }
        Ok(Self::Layout(given.extract()?))
    }
}

impl Decoder {
    pub fn decode_one(&self, scope: Scope<'_, '_>, document: &[u8]) -> PyResult<Py<PyAny>> {
        let py = scope.py;
        match self {
            Self::Dict => Ok(decode::document(scope, document)?.into_any().unbind()),
            Self::Layout(layout) => Ok(layout.get().decode_bytes(scope, document)?.unbind()),
            Self::Lazy(layout) => Ok(lazy::defer(scope, layout.bind(py), document)?.unbind()),
            Self::Json(form) => {
                let mut text = Vec::new();
                form.write(py, document, &mut text)?;
                Ok(PyBytes::new(py, &text).into_any().unbind())
            }
            Self::Columns(_) => Err(crate::errors::internal(py, "one document alone is no columns")),
            Self::Page(_) => Err(crate::errors::internal(py, "one document alone is no page")),
        }
    }

    /// What stands for a document that is not there.
    pub fn nothing(&self, py: Python<'_>) -> Py<PyAny> {
        match self {
            Self::Json(_) => PyBytes::new(py, b"null").into_any().unbind(),
            _ => py.None(),
        }
    }

    /// What documents are put into.
    pub fn into_sink(self, py: Python<'_>) -> Box<dyn Sink> {
        match self {
            Self::Json(form) => Box::new(JsonText::new(form)),
            Self::Columns(layout) => Box::new(Columns::new(layout)),
            Self::Page(sink) => sink,
            other => Box::new(Objects::new(py, other)),
        }
    }

    /// The first document of a cursor's reply, of those that are not to be skipped.
    pub fn decode_first(&self, py: Python<'_>, reply: &RawDocument, on_invalid: OnInvalid) -> PyResult<Py<PyAny>> {
        let rest = reader::batch(reply.as_bytes()).map_err(|problem| reader::malformed(py, problem))?;
        let mut elements = Elements::part(&reply.as_bytes()[rest]);
        while let Some(element) = elements.next().map_err(|problem| reader::malformed(py, problem))? {
            match (self.decode_one(Scope::alone(py), element.value), on_invalid) {
                (Err(error), OnInvalid::Raise) => return Err(error),
                (Err(_), OnInvalid::Skip) => {}
                (Err(_), OnInvalid::Raw) => return self.decode_unfit(py, element.value),
                (decoded, _) => return decoded,
            }
        }
        Ok(self.nothing(py))
    }

    fn decode_unfit(&self, py: Python<'_>, document: &[u8]) -> PyResult<Py<PyAny>> {
        match self {
            Self::Json(_) => Self::Json(JsonForm { layout: None, array: false }).decode_one(Scope::alone(py), document),
            _ => Self::Dict.decode_one(Scope::alone(py), document),
        }
    }
}

/// A layout, or None for rows of no class, whose documents become JSON.
#[pyclass(frozen, module = "data_bridge._core")]
pub struct JsonLayout(JsonForm);

#[pymethods]
impl JsonLayout {
    /// In an array, or only with commas between the documents.
    #[new]
    #[pyo3(signature = (layout, array = true))]
    fn new(layout: Option<Py<Layout>>, array: bool) -> Self {
        Self(JsonForm { layout, array })
    }

    /// BSON bytes as JSON.
    fn decode<'py>(&self, py: Python<'py>, document: &[u8]) -> PyResult<Bound<'py, PyBytes>> {
        let mut text = Vec::new();
        guarded(py, || self.0.write(py, document, &mut text))?;
        Ok(PyBytes::new(py, &text))
    }
}

/// Bytes after which a caller is asked whether it has time for more.
const STRETCH: usize = 64 * 1024;

/// The documents of a cursor's reply, decoded some at a time.
pub struct Batch {
    reply: Page,
    /// What of the reply is left.
    rest: Range<usize>,
}

impl Batch {
    pub fn new(py: Python<'_>, reply: Page) -> PyResult<Self> {
        let rest = reader::batch(reply.as_bytes()).map_err(|problem| reader::malformed(py, problem))?;
        Ok(Self { reply, rest })
    }

    /// Adds up to `count` documents, fewer where they are large, to the sink; true at the end.
    pub fn decode(
        &mut self,
        py: Python<'_>,
        sink: &mut (impl Sink + ?Sized),
        on_invalid: OnInvalid,
        count: usize,
    ) -> PyResult<bool> {
        let mut elements = Elements::part(&self.reply.as_bytes()[self.rest.clone()]);
        let before = elements.left();
        for _ in 0..count {
            if before - elements.left() > STRETCH {
                break;
            }
            let Some(element) = elements.next().map_err(|problem| reader::malformed(py, problem))? else {
                return Ok(true);
            };
            match (sink.add(py, element.value), on_invalid) {
                (Ok(()), _) | (Err(_), OnInvalid::Skip) => {}
                (Err(error), OnInvalid::Raise) => return Err(error),
                (Err(_), OnInvalid::Raw) => sink.add_unfit(py, element.value)?,
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
    if let Some(plain) = scalar::alone(value) {
        return Ok(plain);
    }
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
    decode::array(Scope::alone(py), holder.as_bytes())?.get_item(0)
}

fn malformed(py: Python<'_>, error: &dyn std::fmt::Display) -> PyErr {
    crate::errors::internal(py, &format!("the encoder wrote malformed BSON: {error}"))
}

/// A mapping, or a document instance, as BSON bytes.
#[pyfunction]
fn encode_document<'py>(mapping: &Bound<'py, PyAny>) -> PyResult<Bound<'py, PyBytes>> {
    let py = mapping.py();
    Ok(PyBytes::new(py, &guarded(py, || encode::whole_document(mapping))?))
}

/// BSON bytes as a dict.
#[pyfunction]
fn decode_document<'py>(py: Python<'py>, document: &[u8]) -> PyResult<Bound<'py, PyDict>> {
    guarded(py, || decode::document(Scope::alone(py), document))
}

pub fn register(module: &Bound<'_, PyModule>) -> PyResult<()> {
    module.add_class::<Builder>()?;
    module.add_class::<Changes>()?;
    module.add_class::<Fit>()?;
    module.add_class::<Layout>()?;
    module.add_class::<LazyLayout>()?;
    module.add_class::<JsonLayout>()?;
    module.add_class::<PageLayout>()?;
    module.add_class::<ColumnLayout>()?;
    module.add_class::<ArrowTable>()?;
    module.add_class::<FieldAccess>()?;
    module.add_class::<InstanceDict>()?;
    module.add_function(wrap_pyfunction!(build::construct, module)?)?;
    module.add_function(wrap_pyfunction!(encode_document, module)?)?;
    module.add_function(wrap_pyfunction!(decode_document, module)?)?;
    module.add_function(wrap_pyfunction!(lazy::building, module)?)?;
    module.add_function(wrap_pyfunction!(writes::encode_all, module)?)?;
    module.add_function(wrap_pyfunction!(writes::saves, module)?)?;
    module.add_function(wrap_pyfunction!(writes::set_images, module)?)?;
    module.add_function(wrap_pyfunction!(changes::changes, module)?)
}
