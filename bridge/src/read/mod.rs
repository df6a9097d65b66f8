//! Reads Python's IR nodes into the Rust IR: one walk, under the GIL. Literals become BSON here.

/// A part of a node, by a name that is made into a Python string once.
macro_rules! part {
    ($node:expr, $name:literal) => {
        $node.part(pyo3::intern!($node.py(), $name))
    };
}

mod expr;
mod node;
mod plan;
mod stage;

use data_bridge_ir::plan::{Plan, Source};
use data_bridge_ir::{Expr, Stage, Value};
use pyo3::exceptions::PyTypeError;
use pyo3::prelude::*;
use pyo3::types::{PyDict, PyTuple};

use crate::gate::has_room;
use crate::{codec, errors};
pub use node::Node;

/// Deeper trees are refused: reading them would exhaust the stack. The server's own limit is 100 levels.
const DEEPEST: usize = 200;

pub fn plan(node: &Bound<'_, PyAny>) -> PyResult<Plan> {
    plan::read(node)
}

pub fn source(node: &Bound<'_, PyAny>) -> PyResult<Source> {
    plan::source(node)
}

pub fn expr(node: &Bound<'_, PyAny>) -> PyResult<Expr> {
    expr::read(node, 0)
}

pub fn stage(node: &Bound<'_, PyAny>) -> PyResult<Stage> {
    stage::read(node, 0)
}

fn refuse_depth(py: Python<'_>, depth: usize) -> PyResult<()> {
    let refused = |message: &str, hint: &str| Err(errors::compile_error(py, "too_deep", message, None, Some(hint)));
    if depth > DEEPEST {
        let message = format!("the query is nested more than {DEEPEST} levels deep");
        return refused(&message, "build it flat: one & or | over many terms");
    }
    if !has_room() {
        let message = "the query is nested too deep for the small stack of this thread";
        return refused(message, "give the thread more: threading.stack_size(1024 * 1024) before it is started");
    }
    Ok(())
}

fn unknown(node: &Node<'_, '_>, expected: &str) -> PyErr {
    let class = node.instance.get_type().name().map_or_else(|_| "?".to_owned(), |name| name.to_string());
    PyTypeError::new_err(format!("a {class} is not {expected}"))
}

fn value(value: &Bound<'_, PyAny>, path: &str) -> PyResult<Value> {
    codec::value_to_rawbson(value, path).map(Value)
}

fn text(part: PyResult<Bound<'_, PyAny>>) -> PyResult<String> {
    part?.extract()
}

fn tuple(part: PyResult<Bound<'_, PyAny>>) -> PyResult<Bound<'_, PyTuple>> {
    Ok(part?.cast_into::<PyTuple>()?)
}

fn dict(part: PyResult<Bound<'_, PyAny>>) -> PyResult<Bound<'_, PyDict>> {
    Ok(part?.cast_into::<PyDict>()?)
}
