//! Class layouts: how one pydantic class is stored, compiled once.
//!
//! Decoding predicts that fields come in the layout's order and writes values straight into a new instance's
//! dictionary. A document whose BSON types are not those of the layout goes through pydantic instead, which either
//! converts it or says what is wrong.

use std::collections::HashMap;
use std::sync::OnceLock;

use bson::spec::ElementType;
use pyo3::exceptions::{PyRuntimeError, PyTypeError};
use pyo3::intern;
use pyo3::prelude::*;
use pyo3::sync::PyOnceLock;
use pyo3::types::{PyBytes, PyDict, PyFrozenSet, PyList, PySet, PyString, PyTuple, PyType};

use super::encode::{self, Buffer};
use super::family::{Family, Tag};
use super::path::Path;
use super::reader::{Element, Elements, malformed};
use super::{decode, time};
use crate::errors::raise;

/// How one stored value becomes a field's value.
enum Converter {
    Any,
    Bool,
    Int,
    Float,
    Str,
    Bytes,
    ObjectId,
    Datetime,
    List(Box<Self>),
    Tuple(Box<Self>),
    Set(Box<Self>),
    FrozenSet(Box<Self>),
    Dict(Box<Self>),
    Optional(Box<Self>),
    Model(Py<Layout>),
    /// Stored value to member.
    Members(Py<PyDict>),
    /// A function of the plain value: what only pydantic knows.
    Validate(Py<PyAny>),
}

enum Default {
    Required,
    Value(Py<PyAny>),
    Factory(Py<PyAny>),
}

struct Field {
    key: Vec<u8>,
    name: Py<PyString>,
    converter: Converter,
    default: Default,
    /// Turns the field's value into what is stored, where pydantic has its own way.
    serializer: Option<Py<PyAny>>,
    /// A missing value is left out instead of stored as null.
    omit_none: bool,
    /// A missing value is read back as None, so that leaving None out loses nothing.
    none_when_missing: bool,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Extra {
    Ignore,
    Allow,
    Forbid,
}

struct Definition {
    fields: Vec<Field>,
    by_key: HashMap<Vec<u8>, usize>,
    extra: Extra,
    /// Gives the private attributes of a new instance, or None where the class has none.
    private: Option<Py<PyAny>>,
    /// Only pydantic can build an instance of this class.
    validated: bool,
    /// Instances keep the bytes they were loaded from.
    keeps_image: bool,
    /// The class id that stands behind `_id`, for classes of a family.
    tag: Option<Tag>,
    /// None is left out, here and below, wherever it comes back.
    drops_nulls: bool,
}

/// How a class is stored.
#[pyclass(frozen, module = "data_bridge._core")]
pub struct Layout {
    class: Py<PyType>,
    definition: OnceLock<Definition>,
    /// A document's own class id chooses the layout: this one only stands for the family.
    family: OnceLock<Family>,
}

/// What a value that does not fit its converter says: let pydantic look at the whole document.
type Fit<'py> = PyResult<Option<Bound<'py, PyAny>>>;

#[pymethods]
impl Layout {
    #[new]
    fn new(class: Py<PyType>) -> Self {
        Self { class, definition: OnceLock::new(), family: OnceLock::new() }
    }

    /// Gives the layout its fields: (stored name, attribute, converter, default, serializer, omit_none).
    #[pyo3(signature = (
        fields, *, extra, private = None, validated = false, keeps_image = false, class_id = None, drops_nulls = false
    ))]
    #[allow(clippy::too_many_arguments)]
    fn define(
        &self,
        fields: &Bound<'_, PyList>,
        extra: &str,
        private: Option<Py<PyAny>>,
        validated: bool,
        keeps_image: bool,
        class_id: Option<(String, String)>,
        drops_nulls: bool,
    ) -> PyResult<()> {
        let fields: Vec<_> = fields.iter().map(|field| read_field(&field)).collect::<PyResult<_>>()?;
        let by_key = fields.iter().enumerate().map(|(position, field)| (field.key.clone(), position)).collect();
        let extra = match extra {
            "allow" => Extra::Allow,
            "forbid" => Extra::Forbid,
            _ => Extra::Ignore,
        };
        let tag = class_id.map(|(key, id)| Tag::new(key, &id)).transpose()?;
        let definition = Definition { fields, by_key, extra, private, validated, keeps_image, tag, drops_nulls };
        self.definition.set(definition).map_err(|_| PyRuntimeError::new_err("this layout is already defined"))
    }

    /// Makes this the layout of a whole family: (class id, layout) of each class.
    fn choose_by(&self, key: String, members: HashMap<String, Py<Self>>, py: Python<'_>) -> PyResult<()> {
        let root = self.class.bind(py).name()?.to_string();
        let family = Family::new(root, key, members);
        self.family.set(family).map_err(|_| PyRuntimeError::new_err("this layout is already that of a family"))
    }

    /// An instance as BSON bytes.
    fn encode<'py>(&self, instance: &Bound<'py, PyAny>) -> PyResult<Bound<'py, PyBytes>> {
        let mut buffer = Buffer::with_capacity(256);
        self.encode_into(&mut buffer, instance, &Path::root(""))?;
        Ok(PyBytes::new(instance.py(), &buffer))
    }

    /// BSON bytes as an instance.
    fn decode<'py>(&self, py: Python<'py>, document: &[u8]) -> PyResult<Bound<'py, PyAny>> {
        self.decode_bytes(py, document)
    }
}

static LAYOUTS: PyOnceLock<Py<PyDict>> = PyOnceLock::new();

/// The layout of a model instance's class.
pub fn of<'py>(instance: &Bound<'py, PyAny>) -> PyResult<Bound<'py, Layout>> {
    let py = instance.py();
    let known = LAYOUTS.get_or_init(py, || PyDict::new(py).unbind()).bind(py);
    let class = instance.get_type();
    if let Some(layout) = known.get_item(&class)? {
        return Ok(layout.cast_into()?);
    }
    let layout = py.import("data_bridge.layout")?.getattr("layout_of")?.call1((&class,))?;
    known.set_item(class, &layout)?;
    Ok(layout.cast_into()?)
}

impl Layout {
    fn definition(&self) -> PyResult<&Definition> {
        self.definition.get().ok_or_else(|| PyRuntimeError::new_err("the layout is used before it is defined"))
    }

    pub fn encode_into(&self, buffer: &mut Buffer, instance: &Bound<'_, PyAny>, path: &Path<'_>) -> PyResult<()> {
        let py = instance.py();
        let definition = self.definition()?;
        let path = &path.dropping_nulls(definition.drops_nulls);
        let mut tag = definition.tag.as_ref();
        let values = instance.getattr(intern!(py, "__dict__"))?.cast_into::<PyDict>()?;
        let start = buffer.len();
        buffer.extend_from_slice(&[0; 4]);
        for field in &definition.fields {
            if let Some(tag) = tag.take_if(|_| field.key != b"_id") {
                buffer.extend_from_slice(&tag.element);
            }
            // A value that was never set (`model_construct`) is not stored.
            let Some(value) = values.get_item(field.name.bind(py))? else { continue };
            if (field.omit_none || (field.none_when_missing && path.drops_nulls())) && value.is_none() {
                continue;
            }
            // Stored names come from UTF-8 Python text.
            let place = path.child(std::str::from_utf8(&field.key).unwrap_or_default());
            match &field.serializer {
                Some(serializer) => encode::element(buffer, &field.key, &serializer.bind(py).call1((value,))?, &place)?,
                None => encode::element(buffer, &field.key, &value, &place)?,
            }
        }
        if let Some(tag) = tag {
            buffer.extend_from_slice(&tag.element);
        }
        if definition.extra == Extra::Allow {
            encode_extra(buffer, instance, path)?;
        }
        encode::close(py, buffer, start, path)
    }

    pub fn decode_bytes<'py>(&self, py: Python<'py>, document: &[u8]) -> PyResult<Bound<'py, PyAny>> {
        if let Some(family) = self.family.get() {
            return family.choose(py, document)?.get().decode_bytes(py, document);
        }
        let definition = self.definition()?;
        let fast = if definition.validated { None } else { self.fast(py, definition, document)? };
        let instance = match fast {
            Some(instance) => instance,
            None => self.validate(py, definition, document)?,
        };
        if definition.keeps_image {
            set_slot(&instance, intern!(py, "__image__"), PyBytes::new(py, document).as_any())?;
        }
        Ok(instance)
    }

    /// The instance built directly, or None when the bytes do not fit the layout.
    fn fast<'py>(&self, py: Python<'py>, definition: &Definition, document: &[u8]) -> Fit<'py> {
        let values = PyDict::new(py);
        let present = PySet::empty(py)?;
        let mut extra: Option<Bound<'py, PyDict>> = None;
        let mut seen = vec![false; definition.fields.len()];
        let mut predicted = 0;
        let mut elements = Elements::new(document).map_err(|problem| malformed(py, problem))?;
        while let Some(element) = elements.next().map_err(|problem| malformed(py, problem))? {
            let position = match definition.fields.get(predicted) {
                Some(field) if field.key == element.key => Some(predicted),
                _ => definition.by_key.get(element.key).copied(),
            };
            let Some(position) = position else {
                if definition.tag.as_ref().is_some_and(|tag| tag.key.as_bytes() == element.key) {
                    continue;
                }
                match definition.extra {
                    Extra::Ignore => continue,
                    Extra::Forbid => return Ok(None),
                    Extra::Allow => {
                        let value = decode::value(py, element.kind, element.value, 0)?;
                        extra.get_or_insert_with(|| PyDict::new(py)).set_item(decode::key(py, element.key)?, value)?;
                        continue;
                    }
                }
            };
            let field = &definition.fields[position];
            let Some(value) = convert(py, &field.converter, &element)? else { return Ok(None) };
            values.set_item(field.name.bind(py), value)?;
            present.add(field.name.bind(py))?;
            seen[position] = true;
            predicted = position + 1;
        }
        for (field, _) in definition.fields.iter().zip(&seen).filter(|(_, seen)| !**seen) {
            match &field.default {
                Default::Required => return Ok(None),
                Default::Value(value) => values.set_item(field.name.bind(py), value)?,
                Default::Factory(factory) => values.set_item(field.name.bind(py), factory.bind(py).call0()?)?,
            }
        }
        self.build(py, definition, values, present, extra).map(Some)
    }

    fn build<'py>(
        &self,
        py: Python<'py>,
        definition: &Definition,
        values: Bound<'py, PyDict>,
        present: Bound<'py, PySet>,
        extra: Option<Bound<'py, PyDict>>,
    ) -> PyResult<Bound<'py, PyAny>> {
        let class = self.class.bind(py);
        let instance = class.call_method1(intern!(py, "__new__"), (class,))?;
        let none = py.None().into_bound(py);
        let extra = match (definition.extra, extra) {
            (Extra::Allow, extra) => extra.unwrap_or_else(|| PyDict::new(py)).into_any(),
            _ => none.clone(),
        };
        let private = match &definition.private {
            Some(make) => make.bind(py).call0()?,
            None => none,
        };
        set_slot(&instance, intern!(py, "__dict__"), values.as_any())?;
        set_slot(&instance, intern!(py, "__pydantic_fields_set__"), present.as_any())?;
        set_slot(&instance, intern!(py, "__pydantic_extra__"), &extra)?;
        set_slot(&instance, intern!(py, "__pydantic_private__"), &private)?;
        Ok(instance)
    }

    /// The instance as pydantic builds it, or an error that names the document.
    fn validate<'py>(&self, py: Python<'py>, definition: &Definition, bytes: &[u8]) -> PyResult<Bound<'py, PyAny>> {
        let document = decode::document(py, bytes)?;
        if let Some(tag) = definition.tag.as_ref().filter(|tag| document.contains(&tag.key).unwrap_or(false)) {
            document.del_item(&tag.key)?;
        }
        let id = document.get_item("_id")?;
        let named = definition.fields.iter().find(|field| field.key == b"_id");
        if let (Some(field), Some(id)) = (named, &id) {
            document.del_item("_id")?;
            document.set_item(field.name.bind(py), id)?;
        }
        let wrong = match self.class.bind(py).call_method1(intern!(py, "model_validate"), (document,)) {
            Ok(instance) => return Ok(instance),
            Err(wrong) => wrong,
        };
        let invalid = py.import("pydantic")?.getattr("ValidationError")?;
        if !wrong.is_instance(py, &invalid) {
            return Err(wrong);
        }
        let location = first_location(wrong.value(py)).unwrap_or_default();
        let details = PyDict::new(py);
        details.set_item("document_id", &id)?;
        details.set_item("path", &location)?;
        let shown = id.map_or_else(|| Ok("without _id".to_owned()), |id| id.repr().map(|id| id.to_string()))?;
        let class = self.class.bind(py).name()?;
        let message = format!("the stored document {shown} does not fit {class} at '{location}': {}", wrong.value(py));
        let error = raise(py, "DecodeError", &message, Some(&details));
        error.set_cause(py, Some(wrong));
        Err(error)
    }
}

fn first_location(wrong: &Bound<'_, PyAny>) -> Option<String> {
    let first = wrong.call_method0("errors").ok()?.get_item(0).ok()?;
    let parts: Vec<_> = first.get_item("loc").ok()?.try_iter().ok()?.filter_map(Result::ok).collect();
    Some(parts.iter().map(ToString::to_string).collect::<Vec<_>>().join("."))
}

/// Sets an attribute as `object.__setattr__` does: pydantic's own would validate and track it.
fn set_slot(instance: &Bound<'_, PyAny>, name: &Bound<'_, PyString>, value: &Bound<'_, PyAny>) -> PyResult<()> {
    static SETTER: PyOnceLock<Py<PyAny>> = PyOnceLock::new();
    let py = instance.py();
    let setter = SETTER.get_or_try_init(py, || {
        let object = py.import("builtins")?.getattr("object")?;
        Ok::<_, PyErr>(object.getattr("__setattr__")?.unbind())
    })?;
    setter.bind(py).call1((instance, name, value)).map(drop)
}

fn encode_extra(buffer: &mut Buffer, instance: &Bound<'_, PyAny>, path: &Path<'_>) -> PyResult<()> {
    let extra = instance.getattr(intern!(instance.py(), "__pydantic_extra__"))?;
    let Ok(extra) = extra.cast::<PyDict>() else { return Ok(()) };
    extra.iter().try_for_each(|(key, value)| {
        let key = key.cast_into::<PyString>()?;
        encode::element_of(buffer, encode::utf8(&key, path)?, &value, path)
    })
}

fn read_field(field: &Bound<'_, PyAny>) -> PyResult<Field> {
    type Spec<'py> =
        (String, Bound<'py, PyString>, Bound<'py, PyTuple>, Option<(String, Py<PyAny>)>, Option<Py<PyAny>>, bool);
    let (key, name, converter, default, serializer, omit_none): Spec<'_> = field.extract()?;
    let default = match default {
        None => Default::Required,
        Some((kind, value)) if kind == "value" => Default::Value(value),
        Some((_, factory)) => Default::Factory(factory),
    };
    let py = name.py();
    let none_when_missing = matches!(&default, Default::Value(value) if value.is_none(py));
    let name = PyString::intern(py, name.to_str()?).unbind();
    let converter = read_converter(&converter)?;
    Ok(Field { key: key.into_bytes(), name, converter, default, serializer, omit_none, none_when_missing })
}

/// A converter is written `(kind,)` or `(kind, argument)`.
fn read_converter(spec: &Bound<'_, PyTuple>) -> PyResult<Converter> {
    let kind: String = spec.get_item(0)?.extract()?;
    let inner = || Ok::<_, PyErr>(Box::new(read_converter(spec.get_item(1)?.cast::<PyTuple>()?)?));
    Ok(match kind.as_str() {
        "any" => Converter::Any,
        "bool" => Converter::Bool,
        "int" => Converter::Int,
        "float" => Converter::Float,
        "str" => Converter::Str,
        "bytes" => Converter::Bytes,
        "object_id" => Converter::ObjectId,
        "datetime" => Converter::Datetime,
        "list" => Converter::List(inner()?),
        "tuple" => Converter::Tuple(inner()?),
        "set" => Converter::Set(inner()?),
        "frozenset" => Converter::FrozenSet(inner()?),
        "dict" => Converter::Dict(inner()?),
        "optional" => Converter::Optional(inner()?),
        "model" => Converter::Model(spec.get_item(1)?.extract()?),
        "members" => Converter::Members(spec.get_item(1)?.cast_into::<PyDict>()?.unbind()),
        "validate" => Converter::Validate(spec.get_item(1)?.unbind()),
        other => return Err(PyTypeError::new_err(format!("'{other}' is not a converter"))),
    })
}

fn convert<'py>(py: Python<'py>, converter: &Converter, element: &Element<'_>) -> Fit<'py> {
    let plain = || decode::value(py, element.kind, element.value, 1).map(Some);
    let only = |kinds: &[ElementType]| if kinds.contains(&element.kind) { plain() } else { Ok(None) };
    match converter {
        Converter::Any => plain(),
        Converter::Bool => only(&[ElementType::Boolean]),
        Converter::Int => only(&[ElementType::Int32, ElementType::Int64]),
        Converter::Str => only(&[ElementType::String]),
        Converter::ObjectId => only(&[ElementType::ObjectId]),
        Converter::Bytes => match (element.kind, element.value.get(4)) {
            (ElementType::Binary, Some(0)) => plain(),
            _ => Ok(None),
        },
        Converter::Float => match element.kind {
            ElementType::Double => plain(),
            ElementType::Int32 | ElementType::Int64 => {
                let number: f64 = decode::value(py, element.kind, element.value, 1)?.extract()?;
                Ok(Some(number.into_pyobject(py)?.into_any()))
            }
            _ => Ok(None),
        },
        Converter::Datetime => match (element.kind, element.value.first_chunk::<8>()) {
            (ElementType::DateTime, Some(millis)) => {
                time::millis_to_datetime(py, i64::from_le_bytes(*millis)).map(|moment| {
                    // Beyond Python's years pydantic must say what it thinks.
                    moment.is_instance_of::<pyo3::types::PyDateTime>().then_some(moment)
                })
            }
            _ => Ok(None),
        },
        Converter::Optional(inner) => match element.kind {
            ElementType::Null => Ok(Some(py.None().into_bound(py))),
            _ => convert(py, inner, element),
        },
        Converter::List(inner) => Ok(items(py, inner, element)?.map(Bound::into_any)),
        Converter::Tuple(inner) => match items(py, inner, element)? {
            Some(items) => Ok(Some(items.to_tuple().into_any())),
            None => Ok(None),
        },
        Converter::Set(inner) => match items(py, inner, element)? {
            Some(items) => Ok(Some(PySet::new(py, items)?.into_any())),
            None => Ok(None),
        },
        Converter::FrozenSet(inner) => match items(py, inner, element)? {
            Some(items) => Ok(Some(PyFrozenSet::new(py, items)?.into_any())),
            None => Ok(None),
        },
        Converter::Dict(inner) => entries(py, inner, element),
        Converter::Model(layout) => match element.kind {
            ElementType::EmbeddedDocument => layout.get().nested(py, element.value),
            _ => Ok(None),
        },
        Converter::Members(members) => {
            let value = decode::value(py, element.kind, element.value, 1)?;
            // A document or a list cannot be a member, and cannot be looked up.
            if value.hash().is_err() { Ok(None) } else { members.bind(py).get_item(value) }
        }
        Converter::Validate(validate) => {
            let value = decode::value(py, element.kind, element.value, 1)?;
            // Whatever pydantic refuses here it will refuse, and explain, for the whole document.
            Ok(validate.bind(py).call1((value,)).ok())
        }
    }
}

fn items<'py>(py: Python<'py>, inner: &Converter, element: &Element<'_>) -> PyResult<Option<Bound<'py, PyList>>> {
    if element.kind != ElementType::Array {
        return Ok(None);
    }
    let list = PyList::empty(py);
    let mut elements = Elements::new(element.value).map_err(|problem| malformed(py, problem))?;
    while let Some(item) = elements.next().map_err(|problem| malformed(py, problem))? {
        let Some(value) = convert(py, inner, &item)? else { return Ok(None) };
        list.append(value)?;
    }
    Ok(Some(list))
}

fn entries<'py>(py: Python<'py>, inner: &Converter, element: &Element<'_>) -> Fit<'py> {
    if element.kind != ElementType::EmbeddedDocument {
        return Ok(None);
    }
    let dict = PyDict::new(py);
    let mut elements = Elements::new(element.value).map_err(|problem| malformed(py, problem))?;
    while let Some(item) = elements.next().map_err(|problem| malformed(py, problem))? {
        let Some(value) = convert(py, inner, &item)? else { return Ok(None) };
        dict.set_item(decode::key(py, item.key)?, value)?;
    }
    Ok(Some(dict.into_any()))
}

impl Layout {
    /// A nested model; its own misfit sends the whole document to pydantic.
    fn nested<'py>(&self, py: Python<'py>, document: &[u8]) -> Fit<'py> {
        let definition = self.definition()?;
        if definition.validated { Ok(None) } else { self.fast(py, definition, document) }
    }
}
