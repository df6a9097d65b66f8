//! `_core.compile`: from Python's plan node to commands.

use std::sync::Arc;

use bson::{RawBson, RawBsonRef, RawDocument};
use data_bridge_compiler::passes::flags::Flags;
use data_bridge_compiler::relations::{MOST_IDS, Strategy};
use data_bridge_compiler::requirements::unmet;
use data_bridge_compiler::sent::Sent;
use data_bridge_compiler::{Failure, explain};
use data_bridge_ir::Value;
use pyo3::IntoPyObjectExt;
use pyo3::exceptions::PyValueError;
use pyo3::prelude::*;
use pyo3::types::{PyBool, PyBytes, PyDict, PyList};

use crate::dtype::PyDType;
use crate::gate::{guarded, with_room};
use crate::{codec, errors, read};

/// A compiled plan: what was asked, what each rule did, what is sent.
#[pyclass(frozen, module = "data_bridge._core")]
pub struct Compiled(pub Arc<data_bridge_compiler::Compiled>);

#[pymethods]
impl Compiled {
    /// The plan for a person to read.
    #[pyo3(signature = (verbose = false))]
    fn text(&self, py: Python<'_>, verbose: bool) -> PyResult<String> {
        guarded(py, || Ok(explain::text(&self.0, verbose)))
    }

    /// The same as data.
    fn to_dict<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyDict>> {
        guarded(py, || self.as_dict(py))
    }

    /// The commands, as documents.
    #[getter]
    fn commands<'py>(&self, py: Python<'py>) -> PyResult<Vec<Bound<'py, PyAny>>> {
        guarded(py, || self.sent(py))
    }

    /// The only statement of an update or a delete, as it stands in the command; None when nothing is sent.
    #[getter]
    fn statement<'py>(&self, py: Python<'py>) -> PyResult<Option<Bound<'py, PyBytes>>> {
        guarded(py, || {
            let steps = &self.0.physical.steps;
            if steps.len() > 1 {
                let message = "a statement among others takes no more than 16 MiB; delete or update many by itself";
                return Err(PyValueError::new_err(message));
            }
            let Some(step) = steps.first() else { return Ok(None) };
            let list = ["updates", "deletes"].iter().find_map(|list| step.command.get_array(*list).ok());
            let statement = list.and_then(|list| list.into_iter().next()?.ok()?.as_document());
            Ok(statement.map(|statement| PyBytes::new(py, statement.as_bytes())))
        })
    }

    /// The commands with what each is for, as (purpose, class, database, command).
    #[getter]
    fn steps<'py>(&self, py: Python<'py>) -> PyResult<Vec<Bound<'py, PyAny>>> {
        guarded(py, || self.tuples(py, &self.0.sent()))
    }

    /// What is sent instead when there are more ids than these: (how many, commands); None where there is no other way.
    #[getter]
    fn otherwise<'py>(&self, py: Python<'py>) -> PyResult<Option<(u64, Vec<Bound<'py, PyAny>>)>> {
        guarded(py, || {
            let sent = self.0.sent_otherwise();
            Ok(if sent.is_empty() { None } else { Some((MOST_IDS, self.tuples(py, &sent)?)) })
        })
    }

    /// The operators of the plan that need a server of some version, each with that version.
    #[getter]
    fn requires(&self, py: Python<'_>) -> PyResult<Vec<(String, String)>> {
        guarded(py, || Ok(self.needs()))
    }

    /// Refuses a server of this version when it lacks an operator of the plan.
    fn check_server(&self, py: Python<'_>, version: &str) -> PyResult<()> {
        guarded(py, || match unmet(&self.0.requires, version) {
            Some(found) if found.is_empty() => Ok(()),
            Some(found) => Err(errors::from_compile(py, found)),
            None => Err(PyValueError::new_err(format!(
                "{version:?} is not a server version; write one such as \"7.0\" or \"7.0.3\""
            ))),
        })
    }
}

impl Compiled {
    fn as_dict<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyDict>> {
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
                entry.set_item("line", explain::line(firing))?;
                entry.set_item("past", firing.past)?;
                entry.set_item("place", &firing.place)?;
                entry.set_item("before", &firing.before)?;
                entry.set_item("after", &firing.after)?;
                entry.set_item("facts", &firing.facts)?;
                Ok(entry)
            })
            .collect::<PyResult<_>>()?;
        dict.set_item("rules", rules)?;
        dict.set_item("links", &self.0.links)?;
        dict.set_item("commands", self.sent(py)?)?;
        Ok(dict)
    }

    fn needs(&self) -> Vec<(String, String)> {
        self.0.requires.iter().map(|each| (each.operator.clone(), each.since.to_string())).collect()
    }

    fn sent<'py>(&self, py: Python<'py>) -> PyResult<Vec<Bound<'py, PyAny>>> {
        self.0.sent().iter().map(|each| self.shown(py, each.command)).collect()
    }

    fn tuples<'py>(&self, py: Python<'py>, sent: &[Sent<'_>]) -> PyResult<Vec<Bound<'py, PyAny>>> {
        sent.iter().map(|each| as_tuple(py, each, self.shown(py, each.command)?)).collect()
    }

    /// A command as a document, with the holes for ids named.
    fn shown<'py>(&self, py: Python<'py>, command: &RawDocument) -> PyResult<Bound<'py, PyAny>> {
        if self.0.physical.feeds.is_empty() {
            return codec::rawbson_to_py(py, &RawBson::Document(command.to_owned()));
        }
        let named = explain::named_holes(command).map_err(|error| errors::internal(py, &error.to_string()))?;
        codec::rawbson_to_py(py, &RawBson::Document(named))
    }
}

/// A command and what it is for, as Python sees it.
fn as_tuple<'py>(py: Python<'py>, sent: &Sent<'_>, command: Bound<'py, PyAny>) -> PyResult<Bound<'py, PyAny>> {
    (sent.purpose.as_str(), sent.class, sent.database, command).into_bound_py_any(py)
}

/// Compiles a plan node. `flags`: True (all rules), False (none), or a switch per rule.
/// `links`: "auto", "batch" or "lookup", how predicates on linked documents are followed.
#[pyfunction]
#[pyo3(signature = (node, flags, traced = false, links = "auto"))]
fn compile(node: &Bound<'_, PyAny>, flags: &Bound<'_, PyAny>, traced: bool, links: &str) -> PyResult<Compiled> {
    let py = node.py();
    guarded(py, || {
        let mut flags = read_flags(flags)?;
        flags.links = Strategy::parse(links).map_err(|error| errors::from_compile(py, vec![error]))?;
        let plan = read::plan(node)?;
        let compiled = with_room(|| data_bridge_compiler::compile(plan, &flags, traced));
        compiled.map(|compiled| Compiled(Arc::new(compiled))).map_err(|failure| refused(py, failure))
    })
}

/// Compiles the read of one document of a source node by its id; None where that takes more than the id as it is.
#[pyfunction]
fn compile_get(source: &Bound<'_, PyAny>, id: &Bound<'_, PyAny>) -> PyResult<Option<Compiled>> {
    let py = source.py();
    guarded(py, || {
        // What cannot be written is said of the query that it stands in.
        let Ok(id) = codec::value_to_rawbson(id, "_id") else { return Ok(None) };
        let compiled = data_bridge_compiler::compile_get(read::source(source)?, Value(id));
        Ok(compiled.map_err(|failure| refused(py, failure))?.map(|compiled| Compiled(Arc::new(compiled))))
    })
}

fn refused(py: Python<'_>, failure: Failure) -> PyErr {
    match failure {
        Failure::Query(found) => errors::from_compile(py, found),
        Failure::Bug(message) => errors::internal(py, &message),
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

/// Fields with their types, and why there may be others.
type Rows = (Vec<(String, PyDType)>, Option<String>);

/// The rows that a plan gives.
#[pyfunction]
fn rows(node: &Bound<'_, PyAny>) -> PyResult<Rows> {
    let py = node.py();
    guarded(py, || {
        let plan = read::plan(node)?;
        let found = with_room(|| data_bridge_compiler::analyze::rows::rows(plan));
        let found = found.map_err(|failure| refused(py, failure))?;
        Ok((found.fields.into_iter().map(|(name, dtype)| (name, PyDType(dtype))).collect(), found.open))
    })
}

/// A node as plain Python, lowered without optimization.
#[pyfunction]
fn to_mql<'py>(node: &Bound<'py, PyAny>) -> PyResult<Bound<'py, PyAny>> {
    guarded(node.py(), || lowered(node))
}

fn lowered<'py>(node: &Bound<'py, PyAny>) -> PyResult<Bound<'py, PyAny>> {
    use data_bridge_compiler::lower::mongo;
    let py = node.py();
    let wrong = |error| errors::from_compile(py, vec![error]);
    let lowered = match read::Node::of(node)?.kind() {
        "match" | "project" | "set" | "unset" | "sort" | "skip" | "limit" | "group" | "unwind" | "count_stage"
        | "sample" | "lookup" | "union_with" | "facet" | "generic_stage" => {
            bson::RawBson::Document(mongo::stage(&read::stage(node)?).map_err(wrong)?)
        }
        "field" | "literal" | "call" | "variable" | "document" | "array" | "filter" => {
            mongo::expression(&read::expr(node)?).map_err(wrong)?
        }
        _ => bson::RawBson::Document(mongo::filter(&read::expr(node)?).map_err(wrong)?),
    };
    written(py, lowered.as_raw_bson_ref())
}

/// MQL as Python values that are written the same again: a number of 64 bits that 32 would hold stays one of 64.
fn written<'py>(py: Python<'py>, value: RawBsonRef<'_>) -> PyResult<Bound<'py, PyAny>> {
    let malformed = |error| errors::internal(py, &format!("the compiler wrote malformed BSON: {error}"));
    match value {
        RawBsonRef::Document(document) if !matches!(document.get("$ref"), Ok(Some(_))) => {
            let dict = PyDict::new(py);
            for element in document {
                let (name, item) = element.map_err(malformed)?;
                dict.set_item(name.as_str(), written(py, item)?)?;
            }
            Ok(dict.into_any())
        }
        RawBsonRef::Array(items) => {
            let list = PyList::empty(py);
            for item in items {
                list.append(written(py, item.map_err(malformed)?)?)?;
            }
            Ok(list.into_any())
        }
        RawBsonRef::Int64(number) => codec::int64(py, number),
        other => codec::rawbson_to_py(py, &other.into()),
    }
}

/// The names of the rewrite rules, in the order they are tried.
#[pyfunction]
fn rules() -> Vec<&'static str> {
    data_bridge_compiler::passes::names().collect()
}

pub fn register(module: &Bound<'_, PyModule>) -> PyResult<()> {
    module.add_class::<Compiled>()?;
    module.add_function(wrap_pyfunction!(compile, module)?)?;
    module.add_function(wrap_pyfunction!(compile_get, module)?)?;
    module.add_function(wrap_pyfunction!(rows, module)?)?;
    module.add_function(wrap_pyfunction!(to_mql, module)?)?;
    module.add_function(wrap_pyfunction!(rules, module)?)
}
