//! Whether an instance's values are of exactly the types of its fields, where nothing else is asked of them.

use pyo3::exceptions::PyValueError;
use pyo3::intern;
use pyo3::prelude::*;
use pyo3::types::{PyDict, PyList, PyString, PyTuple, PyType};

use crate::gate::guarded;

/// What a value must be.
enum Shape {
    Any,
    /// Of this class, and of none below it.
    Exact(Py<PyType>),
    Nullable(Box<Shape>),
    List(Box<Shape>),
    Dict(Box<Shape>, Box<Shape>),
    Union(Vec<Shape>),
    Model(Py<PyType>, Vec<(Py<PyString>, Shape)>),
}

/// What pydantic would find valid without looking closer; where it says no, pydantic decides.
#[pyclass(frozen, module = "data_bridge._core")]
pub struct Fit(Shape);

#[pymethods]
impl Fit {
    /// From nested tuples: `("any",)`, `("exact", class)`, `("nullable", of)`, `("list", of)`, `("dict", keys, values)`,
    /// `("union", of, ...)`, `("model", class, {field: of})`.
    #[new]
    fn new(shape: &Bound<'_, PyTuple>) -> PyResult<Self> {
        Ok(Self(read(shape)?))
    }

    fn fits(&self, value: &Bound<'_, PyAny>) -> PyResult<bool> {
        guarded(value.py(), || fits(&self.0, value))
    }
}

fn read(shape: &Bound<'_, PyTuple>) -> PyResult<Shape> {
    let part = |index: usize| shape.get_item(index);
    let inner = |index: usize| PyResult::Ok(Box::new(read(&part(index)?.cast_into()?)?));
    Ok(match part(0)?.extract::<String>()?.as_str() {
        "any" => Shape::Any,
        "exact" => Shape::Exact(part(1)?.cast_into()?.unbind()),
        "nullable" => Shape::Nullable(inner(1)?),
        "list" => Shape::List(inner(1)?),
        "dict" => Shape::Dict(inner(1)?, inner(2)?),
        "union" => Shape::Union(shape.iter().skip(1).map(|of| read(&of.cast_into()?)).collect::<PyResult<_>>()?),
        "model" => {
            let fields = part(2)?.cast_into::<PyDict>()?;
            let fields =
                fields.iter().map(|(name, of)| Ok((name.cast_into()?.unbind(), read(&of.cast_into::<PyTuple>()?)?)));
            Shape::Model(part(1)?.cast_into()?.unbind(), fields.collect::<PyResult<_>>()?)
        }
        other => return Err(PyValueError::new_err(format!("{other:?} is not a shape"))),
    })
}

fn fits(shape: &Shape, value: &Bound<'_, PyAny>) -> PyResult<bool> {
    let py = value.py();
    Ok(match shape {
        Shape::Any => true,
        Shape::Exact(class) => value.get_type().is(class),
        Shape::Nullable(of) => value.is_none() || fits(of, value)?,
        Shape::List(of) => {
            let Ok(list) = value.cast_exact::<PyList>() else { return Ok(false) };
            for item in list {
                if !fits(of, &item)? {
                    return Ok(false);
                }
            }
            true
        }
        Shape::Dict(keys, values) => {
            let Ok(dict) = value.cast_exact::<PyDict>() else { return Ok(false) };
            for (key, item) in dict {
                if !(fits(keys, &key)? && fits(values, &item)?) {
                    return Ok(false);
                }
            }
            true
        }
        Shape::Union(choices) => {
            for choice in choices {
                if fits(choice, value)? {
                    return Ok(true);
                }
            }
            false
        }
        Shape::Model(class, fields) => value.get_type().is(class) && model_fits(py, fields, value)?,
    })
}

fn model_fits(py: Python<'_>, fields: &[(Py<PyString>, Shape)], instance: &Bound<'_, PyAny>) -> PyResult<bool> {
    let extra = instance.getattr(intern!(py, "__pydantic_extra__"))?;
    if !extra.is_none() && !extra.is_empty()? {
        return Ok(false);
    }
    let values = instance.getattr(intern!(py, "__dict__"))?.cast_into::<PyDict>()?;
    for (name, shape) in fields {
        match values.get_item(name.bind(py))? {
            Some(value) if fits(shape, &value)? => {}
            _ => return Ok(false),
        }
    }
    Ok(true)
}
