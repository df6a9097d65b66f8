//! Whether an instance's values are of exactly the types of its fields, where nothing else is asked of them.

use pyo3::exceptions::PyValueError;
use pyo3::prelude::*;
use pyo3::types::{PyDict, PyList, PyTuple, PyType};

use super::layout::{Definition, Layout};
use super::plain::Scalar;
use super::{lazy, types};
use crate::gate::guarded;

/// What a value must be.
pub enum Shape {
    Any,
    /// Of this class, and of none below it.
    Exact(Py<PyType>, Scalar),
    Nullable(Box<Shape>),
    List(Box<Shape>),
    Dict(Box<Shape>, Box<Shape>),
    Union(Vec<Shape>),
    Model(Model),
}

/// An instance of exactly one class.
pub struct Model {
    pub layout: Py<Layout>,
    /// Of each field of the layout.
    pub fields: Vec<Shape>,
}

/// What pydantic would find valid without looking closer; where it says no, pydantic decides.
#[pyclass(frozen, module = "data_bridge._core")]
pub struct Fit {
    pub shape: Shape,
    /// An instance without an id is given an ObjectId.
    pub makes_ids: bool,
}

#[pymethods]
impl Fit {
    /// From nested tuples: `("any",)`, `("exact", class)`, `("nullable", of)`, `("list", of)`, `("dict", keys, values)`,
    /// `("union", of, ...)`, `("model", layout, {field: of})`.
    #[new]
    #[pyo3(signature = (shape, makes_ids = false))]
    fn new(shape: &Bound<'_, PyTuple>, makes_ids: bool) -> PyResult<Self> {
        Ok(Self { shape: read(shape)?, makes_ids })
    }

    fn fits(&self, value: &Bound<'_, PyAny>) -> PyResult<bool> {
        guarded(value.py(), || fits(&self.shape, value))
    }
}

fn read(shape: &Bound<'_, PyTuple>) -> PyResult<Shape> {
    let part = |index: usize| shape.get_item(index);
    let inner = |index: usize| PyResult::Ok(Box::new(read(&part(index)?.cast_into()?)?));
    Ok(match part(0)?.extract::<String>()?.as_str() {
        "any" => Shape::Any,
        "exact" => {
            let class = part(1)?.cast_into()?;
            let scalar = Scalar::of(&class)?;
            Shape::Exact(class.unbind(), scalar)
        }
        "nullable" => Shape::Nullable(inner(1)?),
        "list" => Shape::List(inner(1)?),
        "dict" => Shape::Dict(inner(1)?, inner(2)?),
        "union" => Shape::Union(shape.iter().skip(1).map(|of| read(&of.cast_into()?)).collect::<PyResult<_>>()?),
        "model" => Shape::Model(read_model(&part(1)?.extract()?, &part(2)?.cast_into()?)?),
        other => return Err(PyValueError::new_err(format!("{other:?} is not a shape"))),
    })
}

fn read_model(layout: &Py<Layout>, fields: &Bound<'_, PyDict>) -> PyResult<Model> {
    let py = fields.py();
    let in_order = layout.get().definition()?.fields.iter().map(|field| {
        let name = field.name.bind(py);
        let shape = fields.get_item(name)?;
        let shape = shape.ok_or_else(|| PyValueError::new_err(format!("the field {name} has no shape")))?;
        read(&shape.cast_into()?)
    });
    Ok(Model { fields: in_order.collect::<PyResult<_>>()?, layout: layout.clone_ref(py) })
}

pub fn fits(shape: &Shape, value: &Bound<'_, PyAny>) -> PyResult<bool> {
    Ok(match shape {
        Shape::Any => true,
        Shape::Exact(class, _) => value.get_type().is(class),
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
        Shape::Model(model) => model.fits(value)?,
    })
}

impl Model {
    fn fits(&self, instance: &Bound<'_, PyAny>) -> PyResult<bool> {
        let definition = self.layout.get().definition()?;
        let Some(values) = self.values(instance, definition)? else { return Ok(false) };
        for (field, shape) in definition.fields.iter().zip(&self.fields) {
            match values.get_item(field.name.bind(instance.py()))? {
                Some(value) if fits(shape, &value)? => {}
                _ => return Ok(false),
            }
        }
        Ok(true)
    }

    /// What an instance of exactly this class, with nothing beside its fields, holds; None of others.
    pub fn values<'py>(
        &self,
        given: &Bound<'py, PyAny>,
        definition: &Definition,
    ) -> PyResult<Option<Bound<'py, PyDict>>> {
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
        lazy::values(given, definition).map(Some)
    }
}
