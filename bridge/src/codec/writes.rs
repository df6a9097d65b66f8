//! What is written of many documents, made in one call.

use std::collections::HashMap;

use pyo3::intern;
use pyo3::prelude::*;
use pyo3::types::{PyBytes, PyDict, PyList, PySet, PyType};

use super::changes::Changes;
use super::fit::Fit;
use super::scalar::Buffer;
use super::{decode, ids, instance, layout, lazy};
use crate::gate::guarded;

/// Documents as what is stored of them, with ids; new ids are set once every document is checked.
///
/// # Arguments
/// * `fit_of` - gives a class's `Fit`, or None where it has none.
/// * `check` - raises for a document whose values are not those of its fields; None where nothing is to be checked.
/// * `encode` - gives a document its id, and its bytes. It is called for those that do not fit, after all were checked.
#[pyfunction]
#[pyo3(signature = (documents, fit_of, check, encode))]
pub fn encode_all<'py>(
    documents: &Bound<'py, PyList>,
    fit_of: &Bound<'py, PyAny>,
    check: Option<&Bound<'py, PyAny>>,
    encode: &Bound<'py, PyAny>,
) -> PyResult<Bound<'py, PyList>> {
    let py = documents.py();
    let mut written = Vec::with_capacity(documents.len());
    let mut fits = Fits { fit_of, last: None, new_ids: HashMap::new() };
    guarded(py, || {
        let mut buffer = Buffer::with_capacity(1024);
        for document in documents {
            let found = fits.write(&document, &mut buffer)?;
            if let (None, Some(check)) = (&found, check) {
                check.call1((&document,))?;
            }
            written.push(found);
        }
        Ok(())
    })?;
    let images = documents.iter().zip(written).map(|(document, found)| match found {
        Some((image, id)) => {
            id.map_or(Ok(()), |id| set_id(&document, &id))?;
            Ok(image.into_any())
        }
        None => encode.call1((document,)),
    });
    PyList::new(py, images.collect::<PyResult<Vec<_>>>()?)
}

/// The fits of documents, which mostly are all of one class.
struct Fits<'a, 'py> {
    fit_of: &'a Bound<'py, PyAny>,
    last: Option<(Bound<'py, PyType>, Option<Bound<'py, Fit>>)>,
    /// By the address of the document: one that is given twice has one id.
    new_ids: HashMap<usize, ids::Bytes>,
}

/// A document's bytes, and the id that it has to be given.
type Written<'py> = (Bound<'py, PyBytes>, Option<ids::Bytes>);

impl<'py> Fits<'_, 'py> {
    /// None of a document that does not fit.
    fn write(&mut self, document: &Bound<'py, PyAny>, buffer: &mut Buffer) -> PyResult<Option<Written<'py>>> {
        let py = document.py();
        let Some(fit) = self.of(document.get_type())? else { return Ok(None) };
        let id = match instance::get(document, intern!(py, "id")) {
            Some(id) if !id.is_none() => None,
            Some(_) if fit.get().makes_ids => Some(self.new_id(document)?),
            _ => return Ok(None),
        };
        buffer.clear();
        let written = fit.get().write(buffer, document, id.as_ref())?;
        Ok(written.then(|| (PyBytes::new(py, buffer), id)))
    }

    fn new_id(&mut self, document: &Bound<'py, PyAny>) -> PyResult<ids::Bytes> {
        let address = document.as_ptr() as usize;
        if let Some(known) = self.new_ids.get(&address) {
            return Ok(*known);
        }
        let id = ids::new(document.py())?;
        self.new_ids.insert(address, id);
        Ok(id)
    }

    fn of(&mut self, class: Bound<'py, PyType>) -> PyResult<Option<Bound<'py, Fit>>> {
        if let Some((_, fit)) = self.last.as_ref().filter(|(last, _)| last.is(&class)) {
            return Ok(fit.clone());
        }
        let fit: Option<Bound<'py, Fit>> = self.fit_of.call1((&class,))?.extract()?;
        self.last = Some((class, fit.clone()));
        Ok(fit)
    }
}

fn set_id(document: &Bound<'_, PyAny>, id: &ids::Bytes) -> PyResult<()> {
    let py = document.py();
    let (name, id) = (intern!(py, "id"), decode::object_id(py, id)?);
    document.getattr(intern!(py, "__dict__"))?.cast::<PyDict>()?.set_item(name, id)?;
    document.getattr(intern!(py, "__pydantic_fields_set__"))?.cast::<PySet>()?.add(name)
}

/// Which of many documents are changed, what differs of each and the statement of its update; and which are new.
type Saves<'py> = (Vec<usize>, Vec<Changes>, Vec<Bound<'py, PyBytes>>, Vec<usize>);

/// What saves documents: the places of those that are stored and differ from that, what differs of each, and the statement
/// of its update; and the places of those that are not stored.
///
/// # Arguments
/// * `images` - the documents as they are now.
#[pyfunction]
pub fn saves<'py>(documents: &Bound<'py, PyList>, images: Vec<Bound<'py, PyBytes>>) -> PyResult<Saves<'py>> {
    let py = documents.py();
    guarded(py, || {
        let (mut places, mut all) = (Vec::with_capacity(images.len()), Vec::with_capacity(images.len()));
        let (mut statements, mut new) = (Vec::with_capacity(images.len()), Vec::new());
        for (place, (document, now)) in documents.iter().zip(&images).enumerate() {
            let Some(image) = lazy::stored_image(&document)? else {
                new.push(place);
                continue;
            };
            let changes = layout::of(&document)?.get().changes(py, now, image.as_bytes())?;
            if !changes.is_empty() {
                statements.push(changes.statement(py, None)?);
                all.push(changes);
                places.push(place);
            }
        }
        Ok((places, all, statements, new))
    })
}

/// Lets documents know the bytes that are stored of them now, and what the write changed.
#[pyfunction]
#[pyo3(signature = (documents, images, changes = None))]
pub fn set_images<'py>(
    documents: &Bound<'py, PyList>,
    images: Vec<Bound<'py, PyBytes>>,
    changes: Option<Vec<Bound<'py, PyAny>>>,
) -> PyResult<()> {
    let py = documents.py();
    let none = py.None().into_bound(py);
    let mut changes = changes.into_iter().flatten();
    documents.iter().zip(images).try_for_each(|(document, image)| {
        instance::set(&document, intern!(py, "__image__"), image.as_any())?;
        instance::set(&document, intern!(py, "__previous__"), &changes.next().unwrap_or_else(|| none.clone()))
    })
}
