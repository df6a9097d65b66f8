//! Comparisons of fields with plain values, made in one step: they are most of what queries are built of.

use data_bridge_ir::DType;
use pyo3::intern;
use pyo3::prelude::*;
use pyo3::types::{PyBool, PyFloat, PyInt, PyString, PyType};

use crate::codec::Parts;
use crate::dtype::PyDType;
use crate::gate::guarded;
use crate::maker::Maker;

/// Makes the nodes of such comparisons, as Python's classes make them.
#[pyclass(frozen, module = "data_bridge._core")]
pub struct Comparisons {
    field: Parts,
    literal: Maker,
    compare: Maker,
    holder: Option<Maker>,
}

#[pymethods]
impl Comparisons {
    /// Takes the classes of the nodes: what is compared, what with, and what is made; and of what holds that, if anything.
    #[new]
    #[pyo3(signature = (field, literal, compare, holder = None))]
    fn new(
        field: &Bound<'_, PyType>,
        literal: &Bound<'_, PyType>,
        compare: &Bound<'_, PyType>,
        holder: Option<&Bound<'_, PyType>>,
    ) -> PyResult<Self> {
        Ok(Self {
            field: Parts::of(field, &["dtype"])?,
            literal: Maker::with(literal, ["value"])?,
            compare: Maker::with(compare, ["op", "left", "right"])?,
            holder: holder.map(|holder| Maker::with(holder, ["__ir__"])).transpose()?,
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
            let dtype = self.field.get(left, intern!(py, "dtype"));
            if !dtype.is_some_and(|dtype| takes(&dtype, value)) {
                return Ok(None);
            }
            let right = self.literal.make(py, [value])?;
            let node = self.compare.make(py, [op, left, &right])?;
            self.holder.as_ref().map_or_else(|| Ok(node.clone()), |holder| holder.make(py, [&node])).map(Some)
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
