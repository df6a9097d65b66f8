//! How one stored value becomes a field's value.

use std::collections::HashMap;

use bson::spec::ElementType;
use pyo3::exceptions::PyTypeError;
use pyo3::prelude::*;
use pyo3::types::{PyDict, PyFloat, PyFrozenSet, PyInt, PyList, PySet, PyString, PyTuple};
use smallvec::SmallVec;

use super::layout::Layout;
use super::links::LinkMaker;
use super::reader::{Element, Elements, malformed, text, text_bytes};
use super::scope::Scope;
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
    Uuid,
    Decimal,
    Date,
    Time,
    Span,
    /// A class of which `class(text)` is what pydantic makes of a text.
    Text(Py<PyAny>),
    Members(Members),
    /// A function of the plain value: what only pydantic knows.
    Validate(Py<PyAny>),
}

/// A value, or None where it does not fit: pydantic must look at the whole document.
pub type Fit<'py> = PyResult<Option<Bound<'py, PyAny>>>;

impl Converter {
    pub fn is_validate(&self) -> bool {
        matches!(self, Self::Validate(_))
    }

    pub fn is_any(&self) -> bool {
        matches!(self, Self::Any)
    }

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
            "uuid" => Self::Uuid,
            "decimal" => Self::Decimal,
            "date" => Self::Date,
            "time" => Self::Time,
            "timedelta" => Self::Span,
            "text" => Self::Text(spec.get_item(1)?.unbind()),
            "members" => Self::Members(Members::read(spec.get_item(1)?.cast::<PyDict>()?)?),
            "validate" => Self::Validate(spec.get_item(1)?.unbind()),
            other => return Err(PyTypeError::new_err(format!("'{other}' is not a converter"))),
        })
    }

    /// The value of an element; the commonest are made here, in the caller's own loop.
    #[inline]
    pub fn convert<'py>(&self, scope: Scope<'_, 'py>, element: &Element<'_>) -> Fit<'py> {
        let py = scope.py;
        match (self, element.kind) {
            (Self::Str, ElementType::String) => match text_bytes(element.value) {
                Ok(bytes) => Ok(Some(scope.text(bytes)?.into_any())),
                Err(problem) => Err(malformed(py, problem)),
            },
            (Self::Int, ElementType::Int32 | ElementType::Int64) => match integer(element) {
                Some(number) => Ok(Some(PyInt::new(py, number).into_any())),
                None => Ok(None),
            },
            (Self::Datetime, ElementType::DateTime) => time::read_datetime(py, element.value),
            _ => self.convert_other(scope, element),
        }
    }

    #[inline(never)]
    fn convert_other<'py>(&self, scope: Scope<'_, 'py>, element: &Element<'_>) -> Fit<'py> {
        let (py, kind) = (scope.py, element.kind);
        match self {
            Self::Any => plain(scope, element),
            Self::Bool if kind == ElementType::Boolean => plain(scope, element),
            Self::ObjectId if kind == ElementType::ObjectId => plain(scope, element),
            Self::Bytes if kind == ElementType::Binary && element.value.get(4) == Some(&0) => plain(scope, element),
            Self::Float => match number(element) {
                Some(number) => Ok(Some(PyFloat::new(py, number).into_any())),
                None => Ok(None),
            },
            Self::Date if kind == ElementType::DateTime => time::read_date(py, element.value),
            Self::Time if kind == ElementType::String => match text(element.value) {
                Ok(text) => time::read_time(py, text),
                Err(problem) => Err(malformed(py, problem)),
            },
            Self::Span => match number(element) {
                Some(seconds) => time::read_span(py, seconds),
                None => Ok(None),
            },
            Self::Decimal if kind == ElementType::Decimal128 => decode::decimal(py, element.value),
            Self::Uuid if kind == ElementType::Binary => match uuid_bytes(element) {
                Some(bytes) => decode::uuid(py, bytes).map(Some),
                None => Ok(None),
            },
            Self::Text(class) if kind == ElementType::String => {
                let text = decode::value(scope, kind, element.value)?;
                Ok(class.bind(py).call1((text,)).ok())
            }
            Self::Optional(_) if kind == ElementType::Null => Ok(Some(py.None().into_bound(py))),
            Self::Optional(inner) => inner.convert(scope, element),
            Self::List(inner) => match items(scope, inner, element)? {
                Some(items) => Ok(Some(PyList::new(py, items)?.into_any())),
                None => Ok(None),
            },
            Self::Tuple(inner) => match items(scope, inner, element)? {
                Some(items) => Ok(Some(PyTuple::new(py, items)?.into_any())),
                None => Ok(None),
            },
            Self::Set(inner) => match items(scope, inner, element)? {
                Some(items) => hashed(py, PySet::new(py, items)),
                None => Ok(None),
            },
            Self::FrozenSet(inner) => match items(scope, inner, element)? {
                Some(items) => hashed(py, PyFrozenSet::new(py, items)),
                None => Ok(None),
            },
            Self::Dict(inner) => entries(scope, inner, element),
            Self::Model(layout) if kind == ElementType::EmbeddedDocument => {
                layout.get().nested(scope.deeper()?, element.value)
            }
            Self::Link(link) => link.convert(scope, element),
            Self::Members(members) => Ok(members.find(element).map(|member| member.bind(py).clone())),
            Self::Validate(validate) => {
                let value = decode::with_decimals(decode::value(scope, kind, element.value)?)?;
                // Whatever pydantic refuses here it will refuse, and explain, for the whole document.
                Ok(validate.bind(py).call1((value,)).ok())
            }
            _ => Ok(None),
        }
    }
}

/// The members of an enumeration or a literal, by what is stored of them.
pub struct Members {
    texts: HashMap<Vec<u8>, Py<PyAny>>,
    numbers: HashMap<i64, Py<PyAny>>,
}

impl Members {
    fn read(members: &Bound<'_, PyDict>) -> PyResult<Self> {
        let (mut texts, mut numbers) = (HashMap::new(), HashMap::new());
        for (stored, member) in members {
            match stored.cast::<PyString>() {
                Ok(text) => drop(texts.insert(text.to_str()?.as_bytes().to_vec(), member.unbind())),
                Err(_) => drop(numbers.insert(stored.extract()?, member.unbind())),
            }
        }
        Ok(Self { texts, numbers })
    }

    /// The member that the value stands for.
    pub fn find(&self, element: &Element<'_>) -> Option<&Py<PyAny>> {
        match element.kind {
            ElementType::String => self.texts.get(text_bytes(element.value).ok()?),
            _ => self.numbers.get(&integer(element)?),
        }
    }
}

/// An integer of either length.
pub fn integer(element: &Element<'_>) -> Option<i64> {
    match element.kind {
        ElementType::Int32 => Some(i64::from(i32::from_le_bytes(*element.value.first_chunk()?))),
        ElementType::Int64 => Some(i64::from_le_bytes(*element.value.first_chunk()?)),
        _ => None,
    }
}

/// A number that a float field takes.
pub fn number(element: &Element<'_>) -> Option<f64> {
    match element.kind {
        ElementType::Double => Some(f64::from_le_bytes(*element.value.first_chunk()?)),
        // As Python converts integers: to the nearest float.
        _ => integer(element).map(|number| number as f64),
    }
}

/// The bytes of a standard UUID.
pub fn uuid_bytes<'a>(element: &Element<'a>) -> Option<&'a [u8; 16]> {
    match element.value {
        [_, _, _, _, 4, bytes @ ..] => bytes.try_into().ok(),
        _ => None,
    }
}

fn plain<'py>(scope: Scope<'_, 'py>, element: &Element<'_>) -> Fit<'py> {
    decode::value(scope, element.kind, element.value).map(Some)
}

/// Most lists are shorter, and are gathered without an allocation.
type Items<'py> = SmallVec<[Bound<'py, PyAny>; 8]>;

fn items<'py>(scope: Scope<'_, 'py>, inner: &Converter, element: &Element<'_>) -> PyResult<Option<Items<'py>>> {
    if element.kind != ElementType::Array {
        return Ok(None);
    }
    let (py, scope) = (scope.py, scope.deeper()?);
    let mut items = Items::new();
    let mut elements = Elements::new(element.value).map_err(|problem| malformed(py, problem))?;
    while let Some(item) = elements.next().map_err(|problem| malformed(py, problem))? {
        let Some(value) = inner.convert(scope, &item)? else { return Ok(None) };
        items.push(value);
    }
    Ok(Some(items))
}

/// A set; None where it cannot hold what is stored, such as documents.
fn hashed<'py, T>(py: Python<'py>, made: PyResult<Bound<'py, T>>) -> Fit<'py> {
    match made {
        Ok(set) => Ok(Some(set.into_any())),
        Err(error) if error.is_instance_of::<PyTypeError>(py) => Ok(None),
        Err(error) => Err(error),
    }
}

fn entries<'py>(scope: Scope<'_, 'py>, inner: &Converter, element: &Element<'_>) -> Fit<'py> {
    if element.kind != ElementType::EmbeddedDocument {
        return Ok(None);
    }
    let (py, scope) = (scope.py, scope.deeper()?);
    let dict = PyDict::new(py);
    let mut elements = Elements::new(element.value).map_err(|problem| malformed(py, problem))?;
    while let Some(item) = elements.next().map_err(|problem| malformed(py, problem))? {
        let Some(value) = inner.convert(scope, &item)? else { return Ok(None) };
        dict.set_item(scope.key(item.key)?, value)?;
    }
    Ok(Some(dict.into_any()))
}
