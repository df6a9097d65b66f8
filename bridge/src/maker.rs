//! Instances of classes whose parts are slots, made in one step.

use pyo3::exceptions::PyTypeError;
use pyo3::prelude::*;
use pyo3::types::{PyTuple, PyType};

use crate::codec::{Slot, new_instance};

/// Makes instances of a class past its constructor, which may check and convert what it is given.
#[pyclass(frozen, module = "data_bridge._core")]
pub struct Maker {
    class: Py<PyType>,
    slots: Vec<Slot>,
}

#[pymethods]
impl Maker {
    /// Takes the class, and the names of the slots that are its parts.
    #[new]
    fn new(class: &Bound<'_, PyType>, slots: Vec<String>) -> PyResult<Self> {
        Self::with(class, slots.iter().map(String::as_str))
    }

    /// An instance of these parts, in the order of the slots.
    #[pyo3(signature = (*parts))]
    fn of<'py>(&self, parts: &Bound<'py, PyTuple>) -> PyResult<Bound<'py, PyAny>> {
        if parts.len() != self.slots.len() {
            return Err(PyTypeError::new_err(format!("{} parts are needed, not {}", self.slots.len(), parts.len())));
        }
        self.make(parts.py(), parts.as_slice())
    }
}

impl Maker {
    pub fn with<'a>(class: &Bound<'_, PyType>, slots: impl IntoIterator<Item = &'a str>) -> PyResult<Self> {
        let slots = slots.into_iter().map(|name| Slot::of(class, name)).collect::<PyResult<_>>()?;
        Ok(Self { class: class.clone().unbind(), slots })
    }

    pub fn make<'a, 'py: 'a>(
        &self,
        py: Python<'py>,
        parts: impl IntoIterator<Item = &'a Bound<'py, PyAny>>,
    ) -> PyResult<Bound<'py, PyAny>> {
        let made = new_instance(self.class.bind(py))?;
        for (slot, part) in self.slots.iter().zip(parts) {
            slot.set(&made, part)?;
        }
        Ok(made)
    }
}

pub fn register(module: &Bound<'_, PyModule>) -> PyResult<()> {
    module.add_class::<Maker>()
}
