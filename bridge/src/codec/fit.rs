//! Whether an instance's values are of exactly the types of its fields, where nothing else is asked of them.

use pyo3::prelude::*;
use pyo3::types::{PyDict, PyList, PyTuple};

use super::shape::{Model, Shape};
use crate::gate::guarded;

/// What pydantic would find valid without looking closer; where it says no, pydantic decides.
#[pyclass(frozen, module = "data_bridge._core")]
pub struct Fit {
    pub shape: Shape,
    /// An instance without an id is given an ObjectId.
    pub makes_ids: bool,
}

#[pymethods]
impl Fit {
    /// Of a shape that `Shape::read` reads.
    #[new]
    #[pyo3(signature = (shape, makes_ids = false))]
    fn new(shape: &Bound<'_, PyTuple>, makes_ids: bool) -> PyResult<Self> {
        Ok(Self { shape: Shape::read(shape)?, makes_ids })
    }

    /// Whether there are instances that fit.
    #[getter]
    fn is_known(&self) -> bool {
        self.shape.is_known()
    }

    fn fits(&self, value: &Bound<'_, PyAny>) -> PyResult<bool> {
        guarded(value.py(), || fits(&self.shape, value))
    }
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
        Shape::Where(of, condition) => fits(of, value)? && condition.holds(value)?,
        Shape::Model(model) => model.fits(value)?,
        // What is left as it is; why another value is refused, pydantic says.
        Shape::Made(make) => make.bind(value.py()).call1((value,)).is_ok_and(|made| made.is(value)),
        Shape::Unknown => false,
    })
}

impl Model {
    fn fits(&self, instance: &Bound<'_, PyAny>) -> PyResult<bool> {
        let definition = self.layout.get().definition()?;
        let Some(values) = self.values(instance, definition)? else { return Ok(false) };
        for (field, shape) in definition.fields.iter().zip(&self.fields) {
            match values.get(field.name.bind(instance.py()))? {
                Some(value) if fits(shape, &value)? => {}
                _ => return Ok(false),
            }
        }
        Ok(true)
    }
}
