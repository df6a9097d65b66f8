//! Links of loaded documents: which ids they hold, and the fetched documents put in their place.

use pyo3::intern;
use pyo3::prelude::*;
use pyo3::types::{PyDict, PyList, PyString, PyTuple};

use crate::codec::set_attribute;

/// What is done to each value at the end of a path; what it gives takes the value's place.
type Visit<'a, 'py> = dyn FnMut(&Bound<'py, PyAny>) -> PyResult<Option<Bound<'py, PyAny>>> + 'a;

/// Walks attributes, lists, tuples and the values of dicts; at the end of the path, the lists and dicts there too.
fn walk<'py>(
    value: &Bound<'py, PyAny>,
    path: &[Bound<'py, PyString>],
    visit: &mut Visit<'_, 'py>,
) -> PyResult<Option<Bound<'py, PyAny>>> {
    if let Ok(items) = value.cast::<PyList>() {
        for (position, item) in items.iter().enumerate() {
            if let Some(better) = walk(&item, path, visit)? {
                items.set_item(position, better)?;
            }
        }
        return Ok(None);
    }
    if let Ok(items) = value.cast::<PyTuple>() {
        let mut changed = false;
        let mut walked = Vec::with_capacity(items.len());
        for item in items {
            let better = walk(&item, path, visit)?;
            changed |= better.is_some();
            walked.push(better.unwrap_or(item));
        }
        return if changed { Ok(Some(PyTuple::new(value.py(), walked)?.into_any())) } else { Ok(None) };
    }
    if let Ok(entries) = value.cast::<PyDict>() {
        for (key, item) in entries.iter() {
            if let Some(better) = walk(&item, path, visit)? {
                entries.set_item(key, better)?;
            }
        }
        return Ok(None);
    }
    let Some((name, rest)) = path.split_first() else { return visit(value) };
    if value.is_none() {
        return Ok(None);
    }
    // A member of a union, or a document that was built without validation, may lack the field.
    let Some(inner) = value.getattr_opt(name)? else { return Ok(None) };
    if let Some(better) = walk(&inner, rest, visit)? {
        set_attribute(value, name, &better)?;
    }
    Ok(None)
}

fn is_link(value: &Bound<'_, PyAny>) -> PyResult<bool> {
    let class = crate::codec::link_class(value.py())?;
    value.is_instance(class.as_any())
}

/// The links that stand at a path of the documents, in order, each as often as it is met.
#[pyfunction]
fn links_at<'py>(documents: &Bound<'py, PyList>, path: Vec<Bound<'py, PyString>>) -> PyResult<Bound<'py, PyList>> {
    let found = PyList::empty(documents.py());
    walk(documents.as_any(), &path, &mut |value| {
        if is_link(value)? {
            found.append(value)?;
        }
        Ok(None)
    })?;
    Ok(found)
}

/// Puts documents, given by id, in the place of the links at a path. Where all that are stored were asked for, a link
/// whose document is not given is missing.
#[pyfunction]
fn place_links<'py>(
    documents: &Bound<'py, PyList>,
    path: Vec<Bound<'py, PyString>>,
    found: &Bound<'py, PyDict>,
    all: bool,
) -> PyResult<()> {
    let py = documents.py();
    walk(documents.as_any(), &path, &mut |value| {
        if !is_link(value)? {
            return Ok(None);
        }
        let document = found.get_item(value.getattr(intern!(py, "key"))?)?;
        if all {
            set_attribute(value, intern!(py, "missing"), pyo3::types::PyBool::new(py, document.is_none()).as_any())?;
        }
        Ok(document)
    })?;
    Ok(())
}

pub fn register(module: &Bound<'_, PyModule>) -> PyResult<()> {
    module.add_function(wrap_pyfunction!(links_at, module)?)?;
    module.add_function(wrap_pyfunction!(place_links, module)?)
}
