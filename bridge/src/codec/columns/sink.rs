//! Documents of a class, put into columns one after the other.

use pyo3::intern;
use pyo3::prelude::*;
use pyo3::types::{PyBytes, PyDict, PyTuple};

use super::super::decode;
use super::super::layout::{self, Layout};
use super::super::reader::malformed;
use super::super::scope::Scope;
use super::super::sink::Sink;
use super::kind::Struct;
use super::{Column, Misfit, arrow};
use crate::errors::raise;
use crate::gate::guarded;

/// A layout whose documents become columns.
#[pyclass(frozen, module = "data_bridge._core")]
pub struct ColumnLayout {
    layout: Py<Layout>,
    fields: Struct,
    direct: bool,
}

#[pymethods]
impl ColumnLayout {
    /// The columns are given as `("struct", ...)`; `direct` says that stored values are those of loaded documents.
    #[new]
    fn new(layout: Py<Layout>, columns: &Bound<'_, PyTuple>, direct: bool) -> PyResult<Self> {
        Ok(Self { layout, fields: Struct::read(columns)?, direct })
    }

    /// BSON documents as columns: how many there are, and the table.
    fn decode(slf: &Bound<'_, Self>, documents: Vec<Bound<'_, PyBytes>>) -> PyResult<Py<PyAny>> {
        let py = slf.py();
        guarded(py, || {
            let mut sink = Box::new(Columns::new(slf.clone().unbind()));
            for document in &documents {
                sink.add(py, document.as_bytes())?;
            }
            sink.finish(py)
        })
    }
}

/// The rows so far; it comes to how many there are, and the table.
pub struct Columns {
    layout: Py<ColumnLayout>,
    rows: Column,
}

impl Columns {
    pub fn new(layout: Py<ColumnLayout>) -> Self {
        let rows = Column::of(&layout.get().fields);
        Self { layout, rows }
    }
}

impl Sink for Columns {
    fn add(&mut self, py: Python<'_>, document: &[u8]) -> PyResult<()> {
        let ColumnLayout { layout, fields, direct } = self.layout.get();
        if *direct {
            match self.rows.add(fields, document) {
                Ok(()) => return Ok(()),
                Err(Misfit::Malformed(problem)) => return Err(malformed(py, problem)),
                Err(Misfit::Unfit(_)) => {}
            }
        }
        // What pydantic makes of it, as it would be stored.
        let loaded = layout.get().decode_bytes(Scope::alone(py), document)?;
        let again = match layout::of(&loaded)?.get().encode(&loaded) {
            Ok(again) => again,
            Err(error) => {
                let path = error.value(py).getattr_opt(intern!(py, "path"))?.and_then(|path| path.extract().ok());
                return Err(refuse(py, document, path.into_iter().collect())?);
            }
        };
        match self.rows.add(fields, again.as_bytes()) {
            Ok(()) => Ok(()),
            Err(Misfit::Malformed(problem)) => Err(malformed(py, problem)),
            Err(Misfit::Unfit(path)) => Err(refuse(py, document, path)?),
        }
    }

    fn add_unfit(&mut self, py: Python<'_>, document: &[u8]) -> PyResult<()> {
        Err(refuse(py, document, Vec::new())?)
    }

    fn finish(self: Box<Self>, py: Python<'_>) -> PyResult<Py<PyAny>> {
        let table = arrow::table(py, self.rows, &self.layout.get().fields)?;
        Ok((table.num_rows(), table).into_pyobject(py)?.into_any().unbind())
    }
}

/// The error that names a document without a row.
fn refuse(py: Python<'_>, document: &[u8], path: Vec<String>) -> PyResult<PyErr> {
    let id = decode::document(Scope::alone(py), document)?.get_item("_id")?;
    let path = path.into_iter().rev().collect::<Vec<_>>().join(".");
    let details = PyDict::new(py);
    details.set_item("document_id", &id)?;
    details.set_item("path", &path)?;
    let shown = id.map_or_else(|| Ok("without _id".to_owned()), |id| id.repr().map(|id| id.to_string()))?;
    let place = if path.is_empty() { String::new() } else { format!(" at '{path}'") };
    let message = format!("the stored document {shown} does not fit its columns{place}: load it with to_list()");
    Ok(raise(py, "DecodeError", &message, Some(&details)))
}
