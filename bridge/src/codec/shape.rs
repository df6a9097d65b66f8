//! What values are of exactly the types of their fields, where nothing else is asked of them.

use std::sync::atomic::AtomicUsize;

use pyo3::exceptions::PyValueError;
use pyo3::prelude::*;
use pyo3::pyclass::CompareOp;
use pyo3::types::{PyDict, PyFrozenSet, PyString, PyTuple, PyType};
use smallvec::SmallVec;

use super::layout::{Definition, Layout};
use super::lazy::Values;
use super::plain::Scalar;
use super::types;

/// What a value must be.
pub enum Shape {
    Any,
    /// Of this class, and of none below it.
    Exact(Py<PyType>, Scalar),
    Nullable(Box<Shape>),
    List(Box<Shape>),
    Dict(Box<Shape>, Box<Shape>),
    Union(Vec<Shape>),
    Where(Box<Shape>, Condition),
    Model(Model),
    /// What a function of this library makes of it.
    Made(Py<PyAny>),
    /// Only pydantic can tell.
    Unknown,
}

/// What more is asked of a value that has the shape.
pub enum Condition {
    Within(Vec<(CompareOp, Py<PyAny>)>),
    Sized { least: usize, most: usize },
    OneOf(Py<PyFrozenSet>),
}

/// An instance of exactly one class.
pub struct Model {
    pub layout: Py<Layout>,
    /// Of each field of the layout.
    pub fields: Vec<Shape>,
    /// How an instance is made of values, in the order in which the fields are declared; None where pydantic has to.
    pub given: Option<Vec<Given>>,
    /// The place in `given` of what did not fit the last time: it most likely does not fit the next time either.
    pub suspect: AtomicUsize,
}

/// A field that a value may be given for.
pub struct Given {
    /// Its place in the layout.
    pub position: usize,
    /// What it may be given as: most often its name alone.
    pub keys: SmallVec<[Py<PyString>; 1]>,
}

impl Shape {
    /// From nested tuples: `("any",)`, `("exact", class)`, `("nullable", of)`, `("list", of)`, `("dict", keys, values)`,
    /// `("union", of, ...)`, `("within", of, {"ge": bound, ...})`, `("sized", of, least, most)`, `("one of", of, values)`,
    /// `("model", layout, {field: of}, [(field, keys)])` with None for the last where pydantic makes the instances,
    /// `("made", function)`, `("unknown",)`.
    pub fn read(shape: &Bound<'_, PyTuple>) -> PyResult<Self> {
        let part = |index: usize| shape.get_item(index);
        let inner = |index: usize| PyResult::Ok(Box::new(Self::read(&part(index)?.cast_into()?)?));
        Ok(match part(0)?.extract::<String>()?.as_str() {
            "any" => Self::Any,
            "exact" => {
                let class = part(1)?.cast_into()?;
                let scalar = Scalar::of(&class)?;
                Self::Exact(class.unbind(), scalar)
            }
            "nullable" => Self::Nullable(inner(1)?),
            "list" => Self::List(inner(1)?),
            "dict" => Self::Dict(inner(1)?, inner(2)?),
            "union" => {
                Self::Union(shape.iter().skip(1).map(|of| Self::read(&of.cast_into()?)).collect::<PyResult<_>>()?)
            }
            "within" => Self::Where(inner(1)?, Condition::within(&part(2)?.cast_into()?)?),
            "sized" => {
                let most = part(3)?.extract::<Option<usize>>()?.unwrap_or(usize::MAX);
                Self::Where(inner(1)?, Condition::Sized { least: part(2)?.extract()?, most })
            }
            "one of" => Self::Where(inner(1)?, Condition::OneOf(part(2)?.cast_into()?.unbind())),
            "model" => Self::Model(Model::read(&part(1)?.extract()?, &part(2)?.cast_into()?, part(3)?.extract()?)?),
            "made" => Self::Made(part(1)?.unbind()),
            "unknown" => Self::Unknown,
            other => return Err(PyValueError::new_err(format!("{other:?} is not a shape"))),
        })
    }

    /// Whether it tells of every value.
    pub fn is_known(&self) -> bool {
        match self {
            Self::Any | Self::Exact(..) | Self::Made(_) => true,
            Self::Nullable(of) | Self::List(of) | Self::Where(of, _) => of.is_known(),
            Self::Dict(keys, values) => keys.is_known() && values.is_known(),
            Self::Union(all) | Self::Model(Model { fields: all, .. }) => all.iter().all(Self::is_known),
            Self::Unknown => false,
        }
    }
}

impl Condition {
    fn within(bounds: &Bound<'_, PyDict>) -> PyResult<Self> {
        let read = |(name, bound): (Bound<'_, PyAny>, Bound<'_, PyAny>)| {
            let op = match name.extract::<String>()?.as_str() {
                "ge" => CompareOp::Ge,
                "gt" => CompareOp::Gt,
                "le" => CompareOp::Le,
                "lt" => CompareOp::Lt,
                other => return Err(PyValueError::new_err(format!("{other:?} is not a bound"))),
            };
            Ok((op, bound.unbind()))
        };
        Ok(Self::Within(bounds.iter().map(read).collect::<PyResult<_>>()?))
    }

    /// Whether it holds for a value that has the shape. Where it does not, pydantic says so: to NaN it has its own mind.
    pub fn holds(&self, value: &Bound<'_, PyAny>) -> PyResult<bool> {
        let py = value.py();
        Ok(match self {
            Self::Within(bounds) => {
                for (op, bound) in bounds {
                    if !value.rich_compare(bound.bind(py), *op)?.is_truthy()? {
                        return Ok(false);
                    }
                }
                true
            }
            // Of texts pydantic counts the characters of the UTF-8, which those with lone surrogates have not.
            Self::Sized { .. } if value.cast::<PyString>().is_ok_and(|text| text.to_str().is_err()) => false,
            Self::Sized { least, most } => (*least..=*most).contains(&value.len()?),
            Self::OneOf(values) => values.bind(py).contains(value)?,
        })
    }
}

impl Model {
    fn read(
        layout: &Py<Layout>,
        fields: &Bound<'_, PyDict>,
        keys: Option<Vec<(String, Vec<String>)>>,
    ) -> PyResult<Self> {
        let py = fields.py();
        let known = &layout.get().definition()?.fields;
        let in_order = known.iter().map(|field| {
            let name = field.name.bind(py);
            let shape = fields.get_item(name)?;
            let shape = shape.ok_or_else(|| PyValueError::new_err(format!("the field {name} has no shape")))?;
            Shape::read(&shape.cast_into()?)
        });
        let given = |(name, keys): (String, Vec<String>)| {
            let position = known.iter().position(|field| field.name.bind(py) == name.as_str());
            let position = position.ok_or_else(|| PyValueError::new_err(format!("{name} is no field")))?;
            let keys = keys.iter().map(|key| PyString::intern(py, key).unbind()).collect();
            Ok(Given { position, keys })
        };
        let given = keys.map(|keys| keys.into_iter().map(given).collect::<PyResult<_>>()).transpose()?;
        let suspect = AtomicUsize::new(usize::MAX);
        Ok(Self { suspect, fields: in_order.collect::<PyResult<_>>()?, given, layout: layout.clone_ref(py) })
    }

    /// What an instance of exactly this class, with nothing beside its fields, holds; None of others.
    pub fn values<'a, 'py>(
        &self,
        given: &'a Bound<'py, PyAny>,
        definition: &Definition,
    ) -> PyResult<Option<Values<'a, 'py>>> {
        let py = given.py();
        if !given.get_type().is(&self.layout.get().class) {
            return Ok(None);
        }
        // Where it was never set there is nothing beside the fields.
        if let Some(extra) = types::slots(py)?.extra.get(given)
            && !extra.is_none()
            && !extra.is_empty()?
        {
            return Ok(None);
        }
        Values::of(given, definition).map(Some)
    }
}
