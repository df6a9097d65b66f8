//! How one stored value becomes a field's value.

use bson::spec::ElementType;
use pyo3::exceptions::PyTypeError;
use pyo3::prelude::*;
use pyo3::types::{PyDict, PyFrozenSet, PyList, PySet, PyTuple};

use super::layout::Layout;
use super::links::LinkMaker;
use super::reader::{Element, Elements, malformed};
use super::{decode, time};

pub enum Converter {
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
    Link(LinkMaker),
    /// Stored value to member.
    Members(Py<PyDict>),
    /// A function of the plain value: what only pydantic knows.
    Validate(Py<PyAny>),
}

/// A value, or None where it does not fit: pydantic must look at the whole document.
pub type Fit<'py> = PyResult<Option<Bound<'py, PyAny>>>;

impl Converter {
    /// A converter is written `(kind,)` or `(kind, argument)`.
    pub fn read(spec: &Bound<'_, PyTuple>) -> PyResult<Self> {
        let kind: String = spec.get_item(0)?.extract()?;
        let inner = || Ok::<_, PyErr>(Box::new(Self::read(spec.get_item(1)?.cast::<PyTuple>()?)?));
        Ok(match kind.as_str() {
            "any" => Self::Any,
            "bool" => Self::Bool,
            "int" => Self::Int,
            "float" => Self::Float,
            "str" => Self::Str,
            "bytes" => Self::Bytes,
            "object_id" => Self::ObjectId,
            "datetime" => Self::Datetime,
            "list" => Self::List(inner()?),
            "tuple" => Self::Tuple(inner()?),
            "set" => Self::Set(inner()?),
            "frozenset" => Self::FrozenSet(inner()?),
            "dict" => Self::Dict(inner()?),
            "optional" => Self::Optional(inner()?),
            "model" => Self::Model(spec.get_item(1)?.extract()?),
            "link" => Self::Link(LinkMaker::read(&spec.get_item(1)?)?),
            "members" => Self::Members(spec.get_item(1)?.cast_into::<PyDict>()?.unbind()),
            "validate" => Self::Validate(spec.get_item(1)?.unbind()),
            other => return Err(PyTypeError::new_err(format!("'{other}' is not a converter"))),
        })
    }

    pub fn convert<'py>(&self, py: Python<'py>, element: &Element<'_>) -> Fit<'py> {
        let kind = element.kind;
        match self {
            Self::Any => plain(py, element),
            Self::Bool if kind == ElementType::Boolean => plain(py, element),
            Self::Int if kind == ElementType::Int32 || kind == ElementType::Int64 => plain(py, element),
            Self::Str if kind == ElementType::String => plain(py, element),
            Self::ObjectId if kind == ElementType::ObjectId => plain(py, element),
            Self::Bytes if kind == ElementType::Binary && element.value.get(4) == Some(&0) => plain(py, element),
            Self::Float if kind == ElementType::Double => plain(py, element),
            Self::Float if kind == ElementType::Int32 || kind == ElementType::Int64 => {
                let number: f64 = decode::value(py, kind, element.value, 1)?.extract()?;
                Ok(Some(number.into_pyobject(py)?.into_any()))
            }
            Self::Datetime if kind == ElementType::DateTime => time::read_datetime(py, element.value),
            Self::Optional(_) if kind == ElementType::Null => Ok(Some(py.None().into_bound(py))),
            Self::Optional(inner) => inner.convert(py, element),
            Self::List(inner) => match items(py, inner, element)? {
                Some(items) => Ok(Some(PyList::new(py, items)?.into_any())),
                None => Ok(None),
            },
            Self::Tuple(inner) => match items(py, inner, element)? {
                Some(items) => Ok(Some(PyTuple::new(py, items)?.into_any())),
                None => Ok(None),
            },
            Self::Set(inner) => match items(py, inner, element)? {
                Some(items) => Ok(Some(PySet::new(py, items)?.into_any())),
                None => Ok(None),
            },
            Self::FrozenSet(inner) => match items(py, inner, element)? {
                Some(items) => Ok(Some(PyFrozenSet::new(py, items)?.into_any())),
                None => Ok(None),
            },
            Self::Dict(inner) => entries(py, inner, element),
            Self::Model(layout) if kind == ElementType::EmbeddedDocument => layout.get().nested(py, element.value),
            Self::Link(link) => link.convert(py, element),
            Self::Members(members) => {
                let value = decode::value(py, kind, element.value, 1)?;
                // A document or a list cannot be a member, and cannot be looked up.
                if value.hash().is_err() { Ok(None) } else { members.bind(py).get_item(value) }
            }
            Self::Validate(validate) => {
                let value = decode::value(py, kind, element.value, 1)?;
                // Whatever pydantic refuses here it will refuse, and explain, for the whole document.
                Ok(validate.bind(py).call1((value,)).ok())
            }
            _ => Ok(None),
        }
    }
}

fn plain<'py>(py: Python<'py>, element: &Element<'_>) -> Fit<'py> {
    decode::value(py, element.kind, element.value, 1).map(Some)
}

fn items<'py>(py: Python<'py>, inner: &Converter, element: &Element<'_>) -> PyResult<Option<Vec<Bound<'py, PyAny>>>> {
    if element.kind != ElementType::Array {
        return Ok(None);
    }
    let mut items = Vec::new();
    let mut elements = Elements::new(element.value).map_err(|problem| malformed(py, problem))?;
    while let Some(item) = elements.next().map_err(|problem| malformed(py, problem))? {
        let Some(value) = inner.convert(py, &item)? else { return Ok(None) };
        items.push(value);
    }
    Ok(Some(items))
}

fn entries<'py>(py: Python<'py>, inner: &Converter, element: &Element<'_>) -> Fit<'py> {
    if element.kind != ElementType::EmbeddedDocument {
        return Ok(None);
    }
    let dict = PyDict::new(py);
    let mut elements = Elements::new(element.value).map_err(|problem| malformed(py, problem))?;
    while let Some(item) = elements.next().map_err(|problem| malformed(py, problem))? {
        let Some(value) = inner.convert(py, &item)? else { return Ok(None) };
        dict.set_item(decode::key(py, item.key)?, value)?;
    }
    Ok(Some(dict.into_any()))
}
