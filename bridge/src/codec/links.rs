//! Links: an id, or a reference that holds it, on the wire; a `Link` or the document itself in Python.

use bson::spec::ElementType;
use pyo3::intern;
use pyo3::prelude::*;
use pyo3::types::{PyDict, PyList, PyTuple, PyType};

use super::convert::Fit;
use super::encode;
use super::path::Path;
use super::reader::{Element, Elements, malformed};
use super::scalar::Buffer;
use super::scope::Scope;
use super::{decode, instance, types};

/// How a class stores its links; in Python `(None,)` for ids, or `((collection, database),)`.
pub enum LinkForm {
    Id,
    /// `{$ref: collection, $id: id}`, and `$db` for another database.
    Reference {
        collection: String,
        database: Option<String>,
    },
}

impl<'py> FromPyObject<'_, 'py> for LinkForm {
    type Error = PyErr;

    fn extract(form: Borrowed<'_, 'py, PyAny>) -> PyResult<Self> {
        let (form,): (Option<(String, Option<String>)>,) = form.extract()?;
        Ok(form.map_or(Self::Id, |(collection, database)| Self::Reference { collection, database }))
    }
}

/// Makes the links of a field.
pub struct LinkMaker {
    class: Py<PyType>,
    to: Py<PyAny>,
}

impl LinkMaker {
    /// Written `(Link, what it leads to)`.
    pub fn read(spec: &Bound<'_, PyAny>) -> PyResult<Self> {
        let (class, to) = spec.extract()?;
        Ok(Self { class, to })
    }

    pub fn convert<'py>(&self, scope: Scope<'_, 'py>, element: &Element<'_>) -> Fit<'py> {
        let py = scope.py;
        if matches!(element.kind, ElementType::Null | ElementType::Array) {
            return Ok(None);
        }
        let referred =
            if element.kind == ElementType::EmbeddedDocument { reference(scope, element.value)? } else { None };
        let id = match referred {
            Some(id) => id,
            None => decode::value(scope, element.kind, element.value)?,
        };
        let link = instance::new(self.class.bind(py))?;
        let none = py.None().into_bound(py);
        instance::set(&link, intern!(py, "id"), &id)?;
        instance::set(&link, intern!(py, "_to"), self.to.bind(py))?;
        instance::set(&link, intern!(py, "_document"), &none)?;
        instance::set(&link, intern!(py, "missing"), pyo3::types::PyBool::new(py, false).as_any())?;
        Ok(Some(link))
    }
}

/// The id of a reference; none when the document is none.
fn reference<'py>(scope: Scope<'_, 'py>, document: &[u8]) -> Fit<'py> {
    match referred(document).map_err(|problem| malformed(scope.py, problem))? {
        Some(element) => decode::value(scope, element.kind, element.value).map(Some),
        None => Ok(None),
    }
}

/// The element of a reference that holds the id; none when the document is no reference.
pub fn referred(document: &[u8]) -> Result<Option<Element<'_>>, &'static str> {
    let mut elements = Elements::new(document)?;
    let mut is_reference = false;
    while let Some(element) = elements.next()? {
        match element.key {
            b"$ref" => is_reference = true,
            b"$id" if is_reference => return Ok(Some(element)),
            _ => {}
        }
    }
    Ok(None)
}

/// Whether a document comes back as PyMongo's `DBRef`.
pub fn is_reference(document: &[u8]) -> Result<bool, &'static str> {
    let mut elements = Elements::new(document)?;
    let (mut collection, mut id, mut database) = (false, false, true);
    while let Some(element) = elements.next()? {
        match element.key {
            b"$ref" => collection = element.kind == ElementType::String,
            b"$db" => database = matches!(element.kind, ElementType::String | ElementType::Null),
            b"$id" => id = true,
            _ => {}
        }
    }
    Ok(collection && id && database)
}

/// Writes what a field of links holds: links and documents as what is stored of them, in lists and dicts too.
pub fn encode(
    buffer: &mut Buffer,
    key: &[u8],
    value: &Bound<'_, PyAny>,
    form: &LinkForm,
    path: &Path<'_>,
) -> PyResult<()> {
    let py = value.py();
    let known = types::get(py)?;
    if value.is_instance(known.link.bind(py))? || value.is_instance(known.document.bind(py))? {
        return one(buffer, key, &value.getattr(intern!(py, "id"))?, form, path);
    }
    // A part of the document that was fetched as another model.
    if value.is_instance(known.base_model.bind(py))?
        && let Some(id) = value.getattr_opt(intern!(py, "id"))?
    {
        return one(buffer, key, &id, form, path);
    }
    if value.is_instance_of::<PyList>() || value.is_instance_of::<PyTuple>() {
        let items = value.try_iter()?.collect::<PyResult<Vec<_>>>()?;
        let write = |buffer: &mut Buffer, key: &[u8], item: &Bound<'_, PyAny>, path: &Path<'_>| {
            encode(buffer, key, item, form, path)
        };
        return encode::list_of(buffer, key, items.into_iter(), path, py, write);
    }
    if let Ok(entries) = value.cast::<PyDict>() {
        let write = |buffer: &mut Buffer, key: &[u8], item: &Bound<'_, PyAny>, path: &Path<'_>| {
            encode(buffer, key, item, form, path)
        };
        return encode::map_of(buffer, key, entries, path, write);
    }
    encode::element(buffer, key, value, path)
}

fn one(buffer: &mut Buffer, key: &[u8], id: &Bound<'_, PyAny>, form: &LinkForm, path: &Path<'_>) -> PyResult<()> {
    let py = id.py();
    if id.is_none() {
        return Err(path
            .refuse(py, "links to a document that was never saved: insert() it first, or save with WriteRules.WRITE"));
    }
    match form {
        LinkForm::Id => encode::element(buffer, key, id, path),
        LinkForm::Reference { collection, database } => {
            let reference = PyDict::new(py);
            reference.set_item("$ref", collection)?;
            reference.set_item("$id", id)?;
            if let Some(database) = database {
                reference.set_item("$db", database)?;
            }
            encode::element(buffer, key, reference.as_any(), path)
        }
    }
}
