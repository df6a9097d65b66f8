//! Runs compiled plans and turns their answers into Python objects.

use std::num::NonZeroUsize;

use bson::{RawBson, RawBsonRef, RawDocument};
use data_bridge_compiler::physical::{Answer, PhysicalPlan};
use data_bridge_driver::{Batch, Filled, Kind, Page, Reply, Request, RunOptions, Statements, Written};
use pyo3::exceptions::PyValueError;
use pyo3::prelude::*;
use pyo3::types::{PyBytes, PyDict, PyList};

use crate::client::{Client, run_options};
use crate::codec::{self, Decoder, Objects, OnInvalid, Scope};
use crate::compiled::Compiled;
use crate::completion::Outcome;
use crate::errors::{internal, to_python};
use crate::gate::guarded;
use crate::gather::{Gather, NextBatch, NextPart, Slices};
use crate::handles::{Cursor, Session};
use crate::pending::Pending;

fn read_preference(plan: &data_bridge_ir::Plan) -> Option<String> {
    let data_bridge_ir::Plan::Read(read) = plan else { return None };
    match &read.options.get("readPreference")?.0 {
        bson::RawBson::String(mode) => Some(mode.clone()),
        _ => None,
    }
}

fn options_of(compiled: &Compiled, session: Option<&Bound<'_, Session>>) -> RunOptions {
    let options = run_options(session, read_preference(&compiled.0.optimized));
    RunOptions { requires: compiled.0.requires.clone(), ..options }
}

/// A compiled plan as a request whose answer has the plan's own shape.
#[pyfunction]
#[pyo3(signature = (client, compiled, layout = None, on_invalid = "raise", session = None))]
fn execute(
    py: Python<'_>,
    client: Py<Client>,
    compiled: &Compiled,
    layout: Option<Decoder>,
    on_invalid: &str,
    session: Option<&Bound<'_, Session>>,
) -> PyResult<Pending> {
    let plan = compiled.0.physical.clone();
    let options = options_of(compiled, session);
    let (decoder, on_invalid) = (layout.unwrap_or(Decoder::Dict), OnInvalid::parse(on_invalid)?);
    let course = options.course.clone();
    let answer = plan.answer;
    let request = Request::Run { plan, options };
    if answer == Answer::Documents {
        let gather = Gather::new(client.get().driver(), decoder.into_sink(py), on_invalid);
        return Ok(Pending::new(client.get().driver(), request, gather).telling(course));
    }
    let finish = move |py: Python<'_>, outcome: Outcome| {
        shape(py, outcome.map_err(|error| to_python(py, error))?, answer, &decoder, on_invalid)
    };
    Ok(Pending::new(client.get().driver(), request, finish).telling(course))
}

/// A compiled plan as a request for a cursor.
#[pyfunction]
#[pyo3(signature = (client, compiled, session = None))]
fn open(client: Py<Client>, compiled: &Compiled, session: Option<&Bound<'_, Session>>) -> Pending {
    let plan: PhysicalPlan = compiled.0.physical.clone();
    let options = options_of(compiled, session);
    let (driver, course) = (client.get().driver(), options.course.clone());
    let finish = move |py: Python<'_>, outcome: Outcome| match outcome.map_err(|error| to_python(py, error))? {
        Reply::Cursor(cursor) => Ok(Py::new(py, Cursor::new(driver, cursor))?.into_any()),
        other => Err(internal(py, &format!("a cursor was asked for and {other:?} came"))),
    };
    Pending::new(client.get().driver(), Request::OpenCursor { plan, options }, finish).telling(course)
}

/// Reads the ids that a plan asks for first; the answer is the commands that were sent for that, and those that would be
/// sent next, with the ids in them. Which these are its course tells.
#[pyfunction]
#[pyo3(signature = (client, compiled, session = None))]
fn filled(client: Py<Client>, compiled: &Compiled, session: Option<&Bound<'_, Session>>) -> Pending {
    let options = options_of(compiled, session);
    let course = options.course.clone();
    let request = Request::Fill { plan: compiled.0.physical.clone(), options };
    let finish = |py: Python<'_>, outcome: Outcome| match outcome.map_err(|error| to_python(py, error))? {
        Reply::Filled(Filled { feeds, plan }) => {
            let commands = feeds.into_iter().chain(plan.steps.into_iter().map(|step| step.command));
            let commands = commands.map(|command| codec::rawbson_to_py(py, &RawBson::Document(command)));
            Ok(commands.collect::<PyResult<Vec<_>>>()?.into_pyobject(py)?.unbind())
        }
        other => Err(internal(py, &format!("commands were asked for and {other:?} came"))),
    };
    Pending::new(client.get().driver(), request, finish).telling(course)
}

/// The next documents of a cursor as a request, those of a batch, or at most so many; its answer is None at the end. The
/// layout is that of the whole batch, whatever is given for its later parts.
#[pyfunction]
#[pyo3(signature = (cursor, layout = None, on_invalid = "raise", most = None))]
fn next_documents(
    py: Python<'_>,
    cursor: Py<Cursor>,
    layout: Option<Decoder>,
    on_invalid: &str,
    most: Option<NonZeroUsize>,
) -> PyResult<Pending> {
    let (driver, request) = (cursor.get().driver(), cursor.get().next());
    let (decoder, on_invalid) = (layout.unwrap_or(Decoder::Dict), OnInvalid::parse(on_invalid)?);
    let Some(most) = most.map(NonZeroUsize::get) else {
        return Ok(Pending::new(driver, request, NextBatch::new(decoder.into_sink(py), on_invalid)));
    };
    if let Some(begun) = cursor.get().take_begun() {
        return Ok(Pending::answered(NextPart::new(cursor, begun, most)));
    }
    let slices = Slices::new(Box::new(Objects::new(py, decoder)), on_invalid);
    Ok(Pending::new(driver, request, NextPart::new(cursor, slices, most)))
}

/// Encoded statements of one kind, as many commands as they take; its answer is the counts that a write plan's is.
#[pyfunction]
#[pyo3(signature = (client, database, collection, kind, statements, ordered = true, session = None))]
fn write_batch(
    client: Py<Client>,
    database: Option<String>,
    collection: String,
    kind: &str,
    statements: Vec<Bound<'_, PyBytes>>,
    ordered: bool,
    session: Option<&Bound<'_, Session>>,
) -> PyResult<Pending> {
    let kind = Kind::parse(kind).ok_or_else(|| PyValueError::new_err(format!("{kind:?} is not a kind of write")))?;
    let statements = Statements::of(statements.iter().map(|statement| statement.as_bytes()));
    let batch = Batch { kind, database, collection, statements, ordered };
    let request = Request::Batch { batch, options: run_options(session, None) };
    Ok(Pending::new(client.get().driver(), request, |py: Python<'_>, outcome: Outcome| {
        match outcome.map_err(|error| to_python(py, error))? {
            Reply::Written(written) => counts(py, &written),
            other => Err(internal(py, &format!("writes were answered with {other:?}"))),
        }
    }))
}

/// A command given as a document; its answer is the reply.
#[pyfunction]
#[pyo3(signature = (client, database, command, write = false, session = None))]
fn command(
    client: Py<Client>,
    database: Option<String>,
    command: &Bound<'_, PyAny>,
    write: bool,
    session: Option<&Bound<'_, Session>>,
) -> PyResult<Pending> {
    let command = guarded(command.py(), || codec::document_to_raw(command))?;
    let options = run_options(session, None);
    let request = Request::Command { database, command, write, options };
    Ok(Pending::new(client.get().driver(), request, |py: Python<'_>, outcome: Outcome| {
        match outcome.map_err(|error| to_python(py, error))? {
            Reply::Document(Some(reply)) => Decoder::Dict.decode_one(Scope::alone(py), reply.as_bytes()),
            other => Err(internal(py, &format!("a command was answered with {other:?}"))),
        }
    }))
}

fn shape(
    py: Python<'_>,
    reply: Reply,
    answer: Answer,
    decoder: &Decoder,
    on_invalid: OnInvalid,
) -> PyResult<Py<PyAny>> {
    Ok(match reply {
        Reply::Documents { batch, .. } => return first(py, batch, decoder, on_invalid),
        Reply::Count(count) => count.into_pyobject(py)?.into_any().unbind(),
        Reply::Exists(found) => found.into_pyobject(py)?.to_owned().into_any().unbind(),
        Reply::Document(None) if answer == Answer::Distinct => PyList::empty(py).into_any().unbind(),
        Reply::Document(None) => py.None(),
        Reply::Document(Some(reply)) => return value(py, &reply, answer, decoder),
        Reply::Written(written) => return counts(py, &written),
        Reply::Done => py.None(),
        other => return Err(internal(py, &format!("a plan was answered with {other:?}"))),
    })
}

fn counts(py: Python<'_>, written: &Written) -> PyResult<Py<PyAny>> {
    let counts = PyDict::new(py);
    counts.set_item("n", written.n)?;
    counts.set_item("modified", written.modified)?;
    let upserted = written.upserted.iter().map(|id| codec::rawbson_to_py(py, id));
    counts.set_item("upserted", upserted.collect::<PyResult<Vec<_>>>()?)?;
    Ok(counts.into_any().unbind())
}

fn first(py: Python<'_>, batch: Option<Page>, decoder: &Decoder, on_invalid: OnInvalid) -> PyResult<Py<PyAny>> {
    match batch {
        Some(batch) => decoder.decode_first(py, &batch, on_invalid),
        None => Ok(decoder.nothing(py)),
    }
}

/// What stands under a reply's `values` (distinct) or `value` (find-and-modify).
fn value(py: Python<'_>, reply: &RawDocument, answer: Answer, decoder: &Decoder) -> PyResult<Py<PyAny>> {
    let key = if answer == Answer::Distinct { "values" } else { "value" };
    match reply.get(key).map_err(|error| internal(py, &format!("the server's reply is malformed: {error}")))? {
        None | Some(RawBsonRef::Null) => Ok(py.None()),
        Some(RawBsonRef::Document(document)) if answer == Answer::Value => {
            decoder.decode_one(Scope::alone(py), document.as_bytes())
        }
        Some(other) => Ok(codec::rawbson_to_py(py, &other.into())?.unbind()),
    }
}

pub fn register(module: &Bound<'_, PyModule>) -> PyResult<()> {
    module.add_class::<Pending>()?;
    module.add_function(wrap_pyfunction!(execute, module)?)?;
    module.add_function(wrap_pyfunction!(open, module)?)?;
    module.add_function(wrap_pyfunction!(filled, module)?)?;
    module.add_function(wrap_pyfunction!(next_documents, module)?)?;
    module.add_function(wrap_pyfunction!(write_batch, module)?)?;
    module.add_function(wrap_pyfunction!(command, module)?)
}
