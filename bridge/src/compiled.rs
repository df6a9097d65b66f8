//! `_core.compile`: from Python's plan node to commands.

use std::sync::Arc;

use data_bridge_compiler::passes::flags::Flags;
use data_bridge_compiler::requirements::unmet;
use data_bridge_compiler::{Failure, explain};
use data_bridge_ir::Plan;
use pyo3::prelude::*;
use pyo3::types::{PyBool, PyDict};

use crate::{codec, errors, read};

/// A compiled plan: what was asked, what each rule did, what is sent.
#[pyclass(frozen, module = "data_bridge._core")]
pub struct Compiled(pub Arc<data_bridge_compiler::Compiled>);

#[pymethods]
impl Compiled {
    /// The plan for a person to read.
    #[pyo3(signature = (verbose = false))]
    fn text(&self, verbose: bool) -> String {
        explain::text(&self.0, verbose)
    }

    /// The same as data.
    fn to_dict<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyDict>> {
        let dict = PyDict::new(py);
        let asked = self.0.analyzed.as_ref().unwrap_or(&self.0.optimized);
        dict.set_item("plan", asked.to_string())?;
        dict.set_item("optimized", self.0.optimized.to_string())?;
        let rules: Vec<_> = self
            .0
            .trace
            .iter()
            .map(|firing| {
                let entry = PyDict::new(py);
                entry.set_item("rule", firing.rule)?;
                entry.set_item("before", &firing.before)?;
                entry.set_item("after", &firing.after)?;
                Ok(entry)
            })
            .collect::<PyResult<_>>()?;
        dict.set_item("rules", rules)?;
        dict.set_item("commands", self.commands(py)?)?;
        Ok(dict)
    }

    /// Refuses a server of this version when it lacks an operator of the plan.
    fn check_server(&self, py: Python<'_>, version: &str) -> PyResult<()> {
        match unmet(&self.0.requires, version) {
            Some(found) if found.is_empty() => Ok(()),
            Some(found) => Err(errors::from_compile(py, found)),
            None => Err(pyo3::exceptions::PyValueError::new_err(format!(
                "{version:?} is not a server version; write one such as \"7.0\" or \"7.0.3\""
            ))),
        }
    }

    /// The operators that not every server has, and the first version of each.
    #[getter]
    fn requires(&self) -> Vec<(String, String)> {
        self.0.requires.iter().map(|each| (each.operator.clone(), each.since.to_string())).collect()
    }

    /// The commands, as documents.
    #[getter]
    fn commands<'py>(&self, py: Python<'py>) -> PyResult<Vec<Bound<'py, PyAny>>> {
        self.0
            .physical
            .steps
            .iter()
            .map(|step| codec::rawbson_to_py(py, &bson::RawBson::Document(step.command.clone())))
            .collect()
    }
}

/// Compiles a plan node. `flags`: True (all rules), False (none), or a switch per rule.
#[pyfunction]
#[pyo3(signature = (node, flags, traced = false))]
fn compile(node: &Bound<'_, PyAny>, flags: &Bound<'_, PyAny>, traced: bool) -> PyResult<Compiled> {
    let py = node.py();
    let plan = read::plan(node)?;
    let flags = read_flags(flags)?;
    compiled(py, plan, &flags, traced)
}

fn compiled(py: Python<'_>, plan: Plan, flags: &Flags, traced: bool) -> PyResult<Compiled> {
    let done =
        std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| data_bridge_compiler::compile(plan, flags, traced)));
    match done {
        Ok(Ok(compiled)) => Ok(Compiled(Arc::new(compiled))),
        Ok(Err(Failure::Query(found))) => Err(errors::from_compile(py, found)),
        Ok(Err(Failure::Bug(message))) => Err(errors::internal(py, &message)),
        Err(panic) => Err(errors::internal(py, &data_bridge_driver::runtime::panic_message(panic.as_ref()))),
    }
}

fn read_flags(flags: &Bound<'_, PyAny>) -> PyResult<Flags> {
    if let Ok(all) = flags.cast::<PyBool>() {
        return Ok(if all.is_true() { Flags::all() } else { Flags::none() });
    }
    let mut read = Flags::all();
    for (name, on) in flags.cast::<PyDict>()? {
        let name: String = name.extract()?;
        read.set(&name, on.extract()?).map_err(|error| errors::from_compile(flags.py(), vec![error]))?;
    }
    Ok(read)
}

/// A node as plain Python, lowered without optimization.
#[pyfunction]
fn to_mql<'py>(node: &Bound<'py, PyAny>) -> PyResult<Bound<'py, PyAny>> {
    use data_bridge_compiler::lower::mongo;
    let py = node.py();
    let wrong = |error| errors::from_compile(py, vec![error]);
    let kind = read::kind(node)?;
    let lowered = match kind.to_str()? {
        "match" | "project" | "set" | "unset" | "sort" | "skip" | "limit" | "group" | "unwind" | "count_stage"
        | "sample" | "lookup" | "generic_stage" => {
            bson::RawBson::Document(mongo::stage(&read::stage(node)?).map_err(wrong)?)
        }
        "field" | "literal" | "call" | "variable" | "document" | "array" => {
            mongo::expression(&read::expr(node)?).map_err(wrong)?
        }
        _ => bson::RawBson::Document(mongo::filter(&read::expr(node)?).map_err(wrong)?),
    };
    codec::rawbson_to_py(py, &lowered)
}

/// The names of the rewrite rules, in the order they are tried.
#[pyfunction]
fn rules() -> Vec<&'static str> {
    data_bridge_compiler::passes::names().collect()
}

pub fn register(module: &Bound<'_, PyModule>) -> PyResult<()> {
    module.add_class::<Compiled>()?;
    module.add_function(wrap_pyfunction!(compile, module)?)?;
    module.add_function(wrap_pyfunction!(to_mql, module)?)?;
    module.add_function(wrap_pyfunction!(rules, module)?)
}
