//! Lazy documents: instances whose fields are decoded from the stored bytes when they are first read.
//!
//! A lazy document is an instance of its own class with nothing in its `__dict__`. Python looks for a missing value on
//! the class, where a `FieldAccess` stands for every field: it decodes that field alone. Whoever asks for `__dict__`
//! (pydantic does to dump, compare, copy, pickle and assign) meets the class's `InstanceDict`, which decodes the rest
//! first. From then on the document is like any other.

use std::cell::Cell;

use pyo3::exceptions::PyAttributeError;
use pyo3::intern;
use pyo3::prelude::*;
use pyo3::types::{PyBytes, PyDict, PySet, PyString};

use super::layout::{Definition, Extra, Layout};
use super::load::{self, Image};
use super::reader::{Elements, malformed};
use super::scope::Scope;
use super::{decode, instance, types};
use crate::gate::guarded;

/// A layout whose documents are decoded field by field, as they are read.
#[pyclass(frozen, module = "data_bridge._core")]
pub struct LazyLayout(#[pyo3(get, name = "layout")] pub Py<Layout>);

#[pymethods]
impl LazyLayout {
    #[new]
    fn new(layout: Py<Layout>) -> Self {
        Self(layout)
    }

    /// BSON bytes as a lazy instance.
    fn decode<'py>(&self, py: Python<'py>, document: &[u8]) -> PyResult<Bound<'py, PyAny>> {
        guarded(py, || defer(Scope::alone(py), self.0.bind(py), document))
    }
}

/// An instance that decodes its fields when they are read; of a class whose instances only pydantic can build, or that
/// keeps no image, one that is decoded now.
pub fn defer<'py>(scope: Scope<'_, 'py>, layout: &Bound<'py, Layout>, document: &[u8]) -> PyResult<Bound<'py, PyAny>> {
    let py = scope.py;
    let this = layout.get();
    if let Some(family) = this.family.get() {
        return defer(scope, family.choose(py, document)?.bind(py), document);
    }
    let definition = this.definition()?;
    if definition.validated || !definition.keeps_image {
        return this.decode_bytes(scope, document);
    }
    let names = Names::of(scope, definition, document)?;
    if names.misnamed
        && let Ok(whole) = this.decode_bytes(scope, document)
    {
        return Ok(whole);
    }
    let Some(fresh) = this.fresh(py, definition)? else { return this.decode_bytes(scope, document) };
    let image = Image { bytes: document, pending: Some(layout) };
    load::complete(fresh, definition, names.present, names.extra, Some(image))
}

/// What a document's keys alone tell.
struct Names<'py> {
    present: Bound<'py, PySet>,
    /// What is stored besides the class's fields, where the class keeps it.
    extra: Option<Bound<'py, PyDict>>,
    /// Pydantic may take what stands under a key for a field that is stored under another, and says so only of the
    /// whole document.
    misnamed: bool,
}

impl<'py> Names<'py> {
    fn of(scope: Scope<'_, 'py>, definition: &Definition, document: &[u8]) -> PyResult<Self> {
        let py = scope.py;
        let bad = |problem| malformed(py, problem);
        if in_order(definition, document).map_err(bad)? {
            return Ok(Self { present: definition.all_present(py)?, extra: None, misnamed: false });
        }
        let present = PySet::empty(py)?;
        let mut extra: Option<Bound<'py, PyDict>> = None;
        let mut misnamed = false;
        let mut elements = Elements::new(document).map_err(bad)?;
        while let Some(element) = elements.next().map_err(bad)? {
            if let Some(position) = definition.by_key.get(element.key) {
                present.add(definition.fields[*position].name.bind(py))?;
                continue;
            }
            misnamed |= definition.is_misnamed(element.key);
            if definition.extra == Extra::Allow && !definition.is_tag(element.key) {
                let key = scope.key(element.key)?;
                let value = decode::value(scope, element.kind, element.value)?;
                present.add(&key)?;
                extra.get_or_insert_with(|| PyDict::new(py)).set_item(key, value)?;
            }
        }
        Ok(Self { present, extra, misnamed })
    }
}

/// Whether the document holds every stored field in its place and nothing else, as documents written by this class do.
fn in_order(definition: &Definition, document: &[u8]) -> Result<bool, &'static str> {
    let mut elements = Elements::new(document)?;
    for field in definition.stored() {
        match elements.next_predicted(&field.terminated_key)? {
            Some((_, true)) => {}
            // A family's discriminator stands behind the id.
            Some((element, _)) if definition.is_tag(element.key) => {
                if !elements.next_predicted(&field.terminated_key)?.is_some_and(|(_, met)| met) {
                    return Ok(false);
                }
            }
            _ => return Ok(false),
        }
    }
    Ok(elements.left() == 0)
}

/// The layout that the instance's fields are still to be decoded by.
fn pending<'py>(instance: &Bound<'py, PyAny>) -> PyResult<Option<Bound<'py, Layout>>> {
    let layout = types::slots(instance.py())?.pending.get(instance);
    Ok(layout.and_then(|layout| layout.cast_into().ok()))
}

/// Decodes one field of a lazy document and remembers it; None where there is none to decode.
fn read<'py>(document: &Bound<'py, PyAny>, name: &Bound<'py, PyString>) -> PyResult<Option<Bound<'py, PyAny>>> {
    let py = document.py();
    let Some(layout) = pending(document)? else { return Ok(None) };
    let definition = layout.get().definition()?;
    let Some(field) = definition.fields.iter().find(|field| field.name.is(name)) else { return Ok(None) };
    let image = image(document)?;
    let mut found = None;
    // A document that holds what its class forbids fits in no field.
    if definition.extra != Extra::Forbid {
        // The set of all names is that of documents in order, which hold no name twice.
        let in_order = types::slots(py)?.fields_set.get(document).is_some_and(|set| definition.is_complete(&set));
        let mut elements = Elements::new(image.as_bytes()).map_err(|problem| malformed(py, problem))?;
        while let Some((element, met)) =
            elements.next_predicted(&field.terminated_key).map_err(|problem| malformed(py, problem))?
        {
            if met {
                found = Some(element);
                if in_order {
                    break;
                }
            }
        }
    }
    let value = match found {
        Some(element) => field.converter.convert(Scope::alone(py), &element)?,
        None if definition.extra != Extra::Forbid => field.default.value(py)?,
        None => None,
    };
    let Some(value) = value else { return decode_rest(document, &layout)?.get_item(name) };
    instance::set(document, name, &value)?;
    Ok(Some(value))
}

/// What an instance holds, decoded where it still has to be.
pub enum Values<'a, 'py> {
    /// The instance itself: to ask it for its `__dict__` would make one, which stays.
    Attributes(&'a Bound<'py, PyAny>),
    Dict(Bound<'py, PyDict>),
}

impl<'a, 'py> Values<'a, 'py> {
    /// # Arguments
    /// * `definition` - that of the instance's class.
    pub fn of(instance: &'a Bound<'py, PyAny>, definition: &Definition) -> PyResult<Self> {
        if definition.keeps_image
            && let Some(layout) = pending(instance)?
        {
            return decode_rest(instance, &layout).map(Self::Dict);
        }
        if definition.plain_attributes {
            return Ok(Self::Attributes(instance));
        }
        instance::dict(instance).map(Self::Dict)
    }

    /// The value of a field; None where none was ever set.
    pub fn get(&self, name: &Bound<'py, PyString>) -> PyResult<Option<Bound<'py, PyAny>>> {
        match self {
            Self::Attributes(instance) => Ok(instance::get(instance, name)),
            Self::Dict(values) => values.get_item(name),
        }
    }
}

/// The bytes that are stored of a document.
fn image<'py>(document: &Bound<'py, PyAny>) -> PyResult<Bound<'py, PyBytes>> {
    let lost = || crate::errors::internal(document.py(), "a stored document has lost the bytes it was loaded from");
    stored_image(document)?.ok_or_else(lost)
}

/// The bytes that are stored of a document; None of one that is new.
pub fn stored_image<'py>(document: &Bound<'py, PyAny>) -> PyResult<Option<Bound<'py, PyBytes>>> {
    let image = types::slots(document.py())?.image.get(document).filter(|image| !image.is_none());
    Ok(image.map(Bound::cast_into).transpose()?)
}

/// Decodes what was not read yet, in the order of an eager document; what was read, or set since, stays as it is.
fn decode_rest<'py>(document: &Bound<'py, PyAny>, layout: &Bound<'py, Layout>) -> PyResult<Bound<'py, PyDict>> {
    let whole = layout.get().decode_bytes(Scope::alone(document.py()), image(document)?.as_bytes())?;
    let values = instance::dict(&whole)?.copy()?;
    // Validators are the user's code: looked at after they ran.
    values.update(instance::dict(document)?.as_mapping())?;
    store(document, values.as_any())?;
    Ok(values)
}

fn store(document: &Bound<'_, PyAny>, values: &Bound<'_, PyAny>) -> PyResult<()> {
    let py = document.py();
    instance::set_dict(document, values)?;
    types::slots(py)?.pending.set(document, py.None().bind(py))
}

thread_local! {
    /// How many classes this thread is building, one inside another.
    static BUILDING: Cell<i32> = const { Cell::new(0) };
}

/// Tells that this thread begins (1) or ends (-1) to build a class: pydantic then asks bases for their attributes, and must
/// not find what stands for fields.
#[pyfunction]
pub fn building(change: i32) {
    BUILDING.set(BUILDING.get() + change);
}

/// What stands for a field on its class. An instance's own value hides it.
#[pyclass(frozen, subclass, module = "data_bridge._core")]
pub struct FieldAccess {
    name: Py<PyString>,
    /// What each class gives for the field.
    of_classes: Py<PyDict>,
}

#[pymethods]
impl FieldAccess {
    #[new]
    fn new(name: &Bound<'_, PyString>) -> PyResult<Self> {
        let py = name.py();
        Ok(Self { name: PyString::intern(py, name.to_str()?).unbind(), of_classes: PyDict::new(py).unbind() })
    }

    #[getter]
    fn name(&self, py: Python<'_>) -> Py<PyString> {
        self.name.clone_ref(py)
    }

    /// On a class, what `of_class(owner)` gave when it was first asked; on a lazy document, the field's value.
    fn __get__<'py>(
        slf: &Bound<'py, Self>,
        instance: &Bound<'py, PyAny>,
        owner: Option<&Bound<'py, PyAny>>,
    ) -> PyResult<Bound<'py, PyAny>> {
        let py = slf.py();
        let name = slf.get().name.bind(py);
        let missing = |class: &Bound<'py, PyAny>| {
            let class = class.getattr(intern!(py, "__name__"))?;
            Err(PyAttributeError::new_err(format!("'{class}' object has no attribute '{name}'")))
        };
        let Some(owner) = owner.filter(|_| instance.is_none()) else {
            let value = guarded(py, || read(instance, name))?;
            return value.map_or_else(|| missing(instance.get_type().as_any()), Ok);
        };
        if BUILDING.get() > 0 {
            return missing(owner);
        }
        let known = slf.get().of_classes.bind(py);
        if let Some(found) = known.get_item(owner)? {
            return Ok(found);
        }
        let made = slf.call_method1(intern!(py, "of_class"), (owner,))?;
        known.set_item(owner, &made)?;
        Ok(made)
    }
}

/// The `__dict__` of documents: that of a lazy one is decoded when somebody asks for it.
#[pyclass(frozen, module = "data_bridge._core")]
pub struct InstanceDict;

#[pymethods]
impl InstanceDict {
    #[new]
    fn new() -> Self {
        Self
    }

    fn __get__<'py>(
        slf: &Bound<'py, Self>,
        instance: &Bound<'py, PyAny>,
        owner: Option<&Bound<'py, PyAny>>,
    ) -> PyResult<Bound<'py, PyAny>> {
        let _ = owner;
        if instance.is_none() {
            return Ok(slf.clone().into_any());
        }
        if let Some(layout) = pending(instance)? {
            guarded(slf.py(), || decode_rest(instance, &layout))?;
        }
        Ok(instance::dict(instance)?.into_any())
    }

    fn __set__(&self, instance: &Bound<'_, PyAny>, values: &Bound<'_, PyAny>) -> PyResult<()> {
        store(instance, values)
    }
}
