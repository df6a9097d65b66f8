//! Comparisons of fields with plain values, made in one step: they are most of what queries are built of.

use data_bridge_ir::DType;
use pyo3::prelude::*;
use pyo3::types::{PyBool, PyFloat, PyInt, PyString, PyType};

use crate::codec::{Slot, new_instance};
use crate::dtype::PyDType;
use crate::gate::guarded;

/// Makes the nodes of such comparisons, as Python's classes make them.
#[pyclass(frozen, module = "data_bridge._core")]
pub struct Comparisons {
    field: Py<PyType>,
    dtype: Slot,
    literal: Py<PyType>,
    value: Slot,
    compare: Py<PyType>,
    op: Slot,
    left: Slot,
    right: Slot,
}

#[pymethods]
impl Comparisons {
    /// Takes the classes of the nodes: what is compared, what with, and what is made.
    #[new]
    fn new(field: &Bound<'_, PyType>, literal: &Bound<'_, PyType>, compare: &Bound<'_, PyType>) -> PyResult<Self> {
        Ok(Self {
            field: field.clone().unbind(),
            dtype: Slot::of(field, "dtype")?,
            literal: literal.clone().unbind(),
            value: Slot::of(literal, "value")?,
            compare: compare.clone().unbind(),
            op: Slot::of(compare, "op")?,
            left: Slot::of(compare, "left")?,
            right: Slot::of(compare, "right")?,
        })
    }

    /// `left op value`; None where `left` is no field, or the value is not one that the field is compared with as it is.
    fn of<'py>(
        &self,
        op: &Bound<'py, PyAny>,
        left: &Bound<'py, PyAny>,
        value: &Bound<'py, PyAny>,
    ) -> PyResult<Option<Bound<'py, PyAny>>> {
        let py = left.py();
        guarded(py, || {
            if !left.get_type().is(&self.field) || !self.dtype.get(left).is_some_and(|dtype| takes(&dtype, value)) {
                return Ok(None);
            }
            let right = new_instance(self.literal.bind(py))?;
            self.value.set(&right, value)?;
            let made = new_instance(self.compare.bind(py))?;
            self.op.set(&made, op)?;
            self.left.set(&made, left)?;
            self.right.set(&made, &right)?;
            Ok(Some(made))
        })
    }
}

/// Whether a field of the type is compared with the value as it is.
fn takes(dtype: &Bound<'_, PyAny>, value: &Bound<'_, PyAny>) -> bool {
    let Ok(dtype) = dtype.cast::<PyDType>() else { return false };
    let dtype = &dtype.get().0;
    if value.is_exact_instance_of::<PyString>() {
        // Text may stand for the id of something.
        return dtype.members().iter().all(|member| matches!(member, DType::String | DType::Null | DType::Any));
    }
    let given = if value.is_exact_instance_of::<PyInt>() {
        DType::Int
    } else if value.is_exact_instance_of::<PyFloat>() {
        DType::Double
    } else if value.is_exact_instance_of::<PyBool>() {
        DType::Bool
    } else if value.is_none() {
        DType::Null
    } else {
        return false;
    };
    dtype.comparable_to(&given)
}

pub fn register(module: &Bound<'_, PyModule>) -> PyResult<()> {
    module.add_class::<Comparisons>()
}
