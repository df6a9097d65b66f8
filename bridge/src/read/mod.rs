//! Reads Python's IR nodes into the Rust IR: one walk, under the GIL. Literals become BSON here.

mod expr;
mod plan;
mod stage;

use data_bridge_ir::plan::Plan;
use data_bridge_ir::{Expr, Stage, Value};
use pyo3::exceptions::PyTypeError;
use pyo3::prelude::*;
use pyo3::types::{PyDict, PyString, PyTuple};

use crate::codec;

/// Deeper trees are refused: reading them would exhaust the stack. The server's own limit is 100 levels.
const DEEPEST: usize = 200;

pub fn plan(node: &Bound<'_, PyAny>) -> PyResult<Plan> {
    plan::read(node)
}

pub fn expr(node: &Bound<'_, PyAny>) -> PyResult<Expr> {
    expr::read(node, 0)
}

pub fn stage(node: &Bound<'_, PyAny>) -> PyResult<Stage> {
    stage::read(node, 0)
}

/// What kind of node this is.
pub fn kind<'py>(node: &Bound<'py, PyAny>) -> PyResult<Bound<'py, PyString>> {
    let kind = node.getattr(pyo3::intern!(node.py(), "kind"))?;
    Ok(kind.cast_into::<PyString>()?)
}

fn unknown(node: &Bound<'_, PyAny>, expected: &str) -> PyErr {
    let class = node.get_type().name().map_or_else(|_| "?".to_owned(), |name| name.to_string());
    PyTypeError::new_err(format!("a {class} is not {expected}"))
}

fn value(value: &Bound<'_, PyAny>, path: &str) -> PyResult<Value> {
    codec::value_to_rawbson(value, path).map(Value)
}

fn text(node: &Bound<'_, PyAny>, name: &str) -> PyResult<String> {
    node.getattr(name)?.extract()
}

fn tuple<'py>(node: &Bound<'py, PyAny>, name: &str) -> PyResult<Bound<'py, PyTuple>> {
    Ok(node.getattr(name)?.cast_into::<PyTuple>()?)
}

fn dict<'py>(node: &Bound<'py, PyAny>, name: &str) -> PyResult<Bound<'py, PyDict>> {
    Ok(node.getattr(name)?.cast_into::<PyDict>()?)
}
