//! Class layouts: how one pydantic class is stored, compiled once.
//!
//! Decoding (`load`) predicts that fields come in the layout's order and writes values straight into a new instance. A
//! document whose BSON types are not those of the layout goes through pydantic instead, which either converts it or
//! says what is wrong.

use std::collections::{HashMap, HashSet};
use std::sync::OnceLock;

use pyo3::exceptions::{PyException, PyRuntimeError};
use pyo3::intern;
use pyo3::prelude::*;
use pyo3::sync::PyOnceLock;
use pyo3::types::{PyBytes, PyDict, PyList, PySet, PyString, PyType};

use super::changes::{self, Changes, Difference};
use super::encode;
use super::family::{Family, Tag};
use super::field::Field;
use super::instance::Instances;
use super::json::Shape;
use super::lazy::Values;
use super::path::Path;
use super::reader::{Elements, malformed};
use super::scalar::{self, Buffer};
use super::scope::Scope;
use crate::gate::guarded;

#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Extra {
    Ignore,
    Allow,
    Forbid,
}

pub struct Definition {
    pub fields: Vec<Field>,
    stored: usize,
    pub by_key: HashMap<Vec<u8>, usize>,
    /// Keys under which no field is stored, and which pydantic may take for one.
    other_names: HashSet<Vec<u8>>,
    pub extra: Extra,
    /// Sets the private attributes of a new instance; None where the class has none.
    pub private: Option<Py<PyAny>>,
    /// Only pydantic can build an instance of this class.
    pub validated: bool,
    /// Has pydantic build an instance of a stored document.
    pub read: Py<PyAny>,
    /// Instances keep the bytes they were loaded from.
    pub keeps_image: bool,
    /// The class id that stands behind `_id`, for classes of a family.
    pub tag: Option<Tag>,
    /// None is left out, here and below, wherever it comes back.
    pub drops_nulls: bool,
    /// The names of all fields.
    complete: Py<PySet>,
    /// The class has no attribute that hides what an instance holds under a field's name.
    pub plain_attributes: bool,
    /// Instances may share `complete`: the class gives a copy to whoever asks for its `model_fields_set`.
    shares_complete: bool,
}

impl Definition {
    /// The fields that are stored; those that are not come last.
    pub fn stored(&self) -> &[Field] {
        &self.fields[..self.stored]
    }

    /// Whether pydantic may take what stands under a key for a field that is stored under another.
    pub fn is_misnamed(&self, key: &[u8]) -> bool {
        self.other_names.contains(key)
    }

    /// Whether a key is that of the discriminator.
    pub fn is_tag(&self, key: &[u8]) -> bool {
        self.tag.as_ref().is_some_and(|tag| tag.key.as_bytes() == key)
    }

    /// `model_fields_set` of an instance with the fields whose places `came` names.
    pub fn present<'py>(&self, py: Python<'py>, came: impl Fn(usize) -> bool) -> PyResult<Bound<'py, PySet>> {
        let all = 0..self.fields.len();
        if all.clone().all(|position| came(position) == (position < self.stored)) {
            return self.all_present(py);
        }
        PySet::new(py, all.filter(|position| came(*position)).map(|position| self.fields[position].name.bind(py)))
    }

    /// `model_fields_set` of an instance with every stored field.
    pub fn all_present<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PySet>> {
        let complete = self.complete.bind(py);
        if self.shares_complete {
            return Ok(complete.clone());
        }
        Ok(complete.call_method0(intern!(py, "copy"))?.cast_into()?)
    }

    /// Whether this is the set that instances share.
    pub fn is_complete(&self, names: &Bound<'_, PyAny>) -> bool {
        self.shares_complete && names.is(&self.complete)
    }
}

/// How a class is stored.
#[pyclass(frozen, module = "data_bridge._core")]
pub struct Layout {
    pub class: Py<PyType>,
    definition: OnceLock<Definition>,
    /// A document's own class id chooses the layout: this one only stands for the family.
    pub family: OnceLock<Family>,
    /// How instances are made, with the slots of `load::Own`.
    pub instances: PyOnceLock<Instances>,
    json: PyOnceLock<Option<Shape>>,
}

#[pymethods]
impl Layout {
    #[new]
    fn new(class: Py<PyType>) -> Self {
        let (definition, family) = (OnceLock::new(), OnceLock::new());
        Self { class, definition, family, instances: PyOnceLock::new(), json: PyOnceLock::new() }
    }

    /// Gives the layout its fields: (stored name, attribute, converter, default, serializer, omit_none, link form). Those
    /// that are not stored have no stored name and come last. The link form is "id", or the collection of references.
    #[pyo3(signature = (
        fields, *, extra, read, other_names, private = None, validated = false, keeps_image = false, shares_complete = false,
        plain_attributes = false, class_id = None, drops_nulls = false
    ))]
    #[allow(clippy::too_many_arguments)]
    fn define(
        &self,
        fields: &Bound<'_, PyList>,
        extra: &str,
        read: Py<PyAny>,
        other_names: Vec<String>,
        private: Option<Py<PyAny>>,
        validated: bool,
        keeps_image: bool,
        shares_complete: bool,
        plain_attributes: bool,
        class_id: Option<(String, String)>,
        drops_nulls: bool,
    ) -> PyResult<()> {
        let py = fields.py();
        let fields: Vec<_> = fields.iter().map(|field| Field::read(&field)).collect::<PyResult<_>>()?;
        let stored = fields.iter().take_while(|field| field.is_stored()).count();
        let by_key =
            fields[..stored].iter().enumerate().map(|(position, field)| (field.key().to_vec(), position)).collect();
        let complete = PySet::new(py, fields[..stored].iter().map(|field| field.name.bind(py)))?.unbind();
        let extra = match extra {
            "allow" => Extra::Allow,
            "forbid" => Extra::Forbid,
            _ => Extra::Ignore,
        };
        let tag = class_id.map(|(key, id)| Tag::new(key, &id)).transpose()?;
        let definition = Definition {
            stored,
            by_key,
            extra,
            private,
            validated,
            read,
            other_names: other_names.into_iter().map(String::into_bytes).collect(),
            keeps_image,
            tag,
            drops_nulls,
            complete,
            plain_attributes,
            // To assign a field that is not stored adds its name.
            shares_complete: shares_complete && stored == fields.len(),
            fields,
        };
        self.definition.set(definition).map_err(|_| PyRuntimeError::new_err("this layout is already defined"))
    }

    /// The class whose instances it reads and writes.
    #[getter]
    fn model(&self, py: Python<'_>) -> Py<PyType> {
        self.class.clone_ref(py)
    }

    /// Whether a function of Python's makes the field's values.
    fn validates(&self, name: &str, py: Python<'_>) -> PyResult<bool> {
        let named = |field: &&Field| field.name.bind(py).to_str().is_ok_and(|known| known == name);
        Ok(self.definition()?.fields.iter().find(named).is_some_and(|field| field.converter.is_validate()))
    }

    /// Makes this the layout of a whole family: (class id, layout) of each class.
    fn choose_by(&self, key: String, members: HashMap<String, Py<Self>>, py: Python<'_>) -> PyResult<()> {
        let root = self.class.bind(py).name()?.to_string();
        let family = Family::new(root, key, members);
        self.family.set(family).map_err(|_| PyRuntimeError::new_err("this layout is already that of a family"))
    }

    /// An instance as BSON bytes.
    pub fn encode<'py>(&self, instance: &Bound<'py, PyAny>) -> PyResult<Bound<'py, PyBytes>> {
        let py = instance.py();
        let mut buffer = Buffer::with_capacity(256);
        guarded(py, || self.encode_into(&mut buffer, instance, &Path::root("")))?;
        Ok(PyBytes::new(py, &buffer))
    }

    /// What differs between a document and a stored one. Only what also differs from what the stored one says to this
    /// class is a change: fields that the class does not know, and defaults of fields that are not stored, are none.
    pub fn changes(&self, py: Python<'_>, now: &Bound<'_, PyBytes>, image: &[u8]) -> PyResult<Changes> {
        guarded(py, || Ok(Changes::new(self.difference(py, now.as_bytes(), image)?, now)))
    }

    /// BSON bytes as an instance.
    fn decode<'py>(&self, py: Python<'py>, document: &[u8]) -> PyResult<Bound<'py, PyAny>> {
        guarded(py, || self.decode_bytes(Scope::alone(py), document))
    }
}

static LAYOUTS: PyOnceLock<Py<PyDict>> = PyOnceLock::new();

/// The layout of a model instance's class.
pub fn of<'py>(instance: &Bound<'py, PyAny>) -> PyResult<Bound<'py, Layout>> {
    let py = instance.py();
    if let Some(layout) = known(instance)? {
        return Ok(layout);
    }
    let class = instance.get_type();
    let layout = py.import("data_bridge.layout")?.getattr("layout_of")?.call1((&class,))?;
    layouts(py).set_item(class, &layout)?;
    Ok(layout.cast_into()?)
}

/// The layout of a model instance's class, if one was asked for before; of other instances none.
pub fn known<'py>(instance: &Bound<'py, PyAny>) -> PyResult<Option<Bound<'py, Layout>>> {
    let found = layouts(instance.py()).get_item(instance.get_type())?;
    Ok(found.map(|layout| layout.cast_into()).transpose()?)
}

fn layouts(py: Python<'_>) -> &Bound<'_, PyDict> {
    LAYOUTS.get_or_init(py, || PyDict::new(py).unbind()).bind(py)
}

impl Layout {
    pub fn definition(&self) -> PyResult<&Definition> {
        self.definition.get().ok_or_else(|| PyRuntimeError::new_err("the layout is used before it is defined"))
    }

    /// How documents look in JSON; None where only pydantic knows.
    pub fn json_shape(&self, py: Python<'_>) -> PyResult<Option<&Shape>> {
        Ok(self.json.get_or_try_init(py, || Shape::of(self, self.definition()?, py))?.as_ref())
    }

    pub fn encode_into(&self, buffer: &mut Buffer, instance: &Bound<'_, PyAny>, path: &Path<'_>) -> PyResult<()> {
        let py = instance.py();
        let definition = self.definition()?;
        let path = &path.dropping_nulls(definition.drops_nulls);
        let mut tag = definition.tag.as_ref();
        let values = Values::of(instance, definition)?;
        let start = scalar::open(buffer);
        for field in definition.stored() {
            if let Some(tag) = tag.take_if(|_| field.key() != b"_id") {
                buffer.extend_from_slice(&tag.element);
            }
            // A value that was never set (`model_construct`) is not stored.
            if let Some(value) = values.get(field.name.bind(py))? {
                field.encode(buffer, instance, &value, path)?;
            }
        }
        if let Some(tag) = tag {
            buffer.extend_from_slice(&tag.element);
        }
        if definition.extra == Extra::Allow {
            encode_extra(buffer, instance, path)?;
        }
        scalar::close(py, buffer, start, path)
    }

    /// What differs between a document and a stored one that the stored one does not say to this class.
    pub fn difference(&self, py: Python<'_>, now: &[u8], image: &[u8]) -> PyResult<Difference> {
        let between = |other: &[u8]| Difference::between(now, other).map_err(|problem| malformed(py, problem));
        let differing = between(image)?;
        if differing.is_empty() || self.is_said(py, &differing, image)? {
            return Ok(differing);
        }
        match self.decode_bytes(Scope::alone(py), image).and_then(|said| self.encode(&said)) {
            Ok(said) => Ok(between(said.as_bytes())?.also_in(&differing)),
            // A validator of the user's cannot read what it made itself: then nothing is known but the bytes.
            Err(error) if error.is_instance_of::<PyException>(py) => Ok(differing),
            Err(error) => Err(error),
        }
    }

    /// Whether the stored document says to this class, in the fields that differ, what it holds; so it is with most.
    /// Fields are read one by one, so only these are looked at; where that does not tell, it is false.
    fn is_said(&self, py: Python<'_>, differing: &Difference, image: &[u8]) -> PyResult<bool> {
        let definition = self.definition()?;
        if definition.validated {
            return Ok(false);
        }
        let mut names: Vec<&str> = differing.paths().map(changes::Path::field).collect();
        names.dedup();
        let mut elements = Elements::new(image).map_err(|problem| malformed(py, problem))?;
        let path = Path::root("").dropping_nulls(definition.drops_nulls);
        while !names.is_empty()
            && let Some(element) = elements.next().map_err(|problem| malformed(py, problem))?
        {
            let Some(place) = names.iter().position(|name| name.as_bytes() == element.key) else { continue };
            names.swap_remove(place);
            let Some(field) = definition.by_key.get(element.key).map(|position| &definition.fields[*position]) else {
                return Ok(false);
            };
            match field.is_said(py, &element, &path) {
                Ok(true) => {}
                Err(error) if !error.is_instance_of::<PyException>(py) => return Err(error),
                _ => return Ok(false),
            }
        }
        // A field that is not stored may have a default.
        Ok(names.is_empty())
    }
}

fn encode_extra(buffer: &mut Buffer, instance: &Bound<'_, PyAny>, path: &Path<'_>) -> PyResult<()> {
    let extra = instance.getattr(intern!(instance.py(), "__pydantic_extra__"))?;
    let Ok(extra) = extra.cast::<PyDict>() else { return Ok(()) };
    extra.iter().try_for_each(|(key, value)| {
        let key = key.cast_into::<PyString>()?;
        encode::element_of(buffer, scalar::utf8(&key, path)?, &value, path)
    })
}

#[cfg(test)]
mod tests {
    use pyo3::types::PyCFunction;

    use super::*;
    use crate::gate::tests::with_errors;

    /// The layout of a class whose validation panics.
    fn broken(py: Python<'_>) -> Layout {
        let read = PyCFunction::new_closure(py, None, None, |_, _| -> PyResult<()> { panic!("lost its head") });
        let read = read.expect("a function").into_any().unbind();
        let class = py.eval(c"type('Broken', (), {})", None, None).expect("a class").cast_into().expect("a type");
        let layout = Layout::new(class.unbind());
        layout
            .define(&PyList::empty(py), "ignore", read, Vec::new(), None, true, false, false, false, None, false)
            .expect("it is defined");
        layout
    }

    #[test]
    fn a_panic_while_reading_is_an_internal_error() {
        with_errors(|py| {
            let error = broken(py).decode(py, &[5, 0, 0, 0, 0]).expect_err("it panics");
            assert_eq!(error.get_type(py).name().expect("it has a name"), "InternalError");
            assert!(error.to_string().contains("lost its head"), "{error}");
        });
    }
}
