//! The driver's errors as the classes of `data_bridge.errors`.

use bson::RawDocumentBuf;
use data_bridge_driver::{BulkWrite, DuplicateKey, Error, Failure, ServerError};
use pyo3::prelude::*;
use pyo3::types::{PyBytes, PyDict, PyList};

/// An exception of `data_bridge.errors`; when that cannot be built, the reason why.
pub fn raise(py: Python<'_>, class: &str, message: &str, details: Option<&Bound<'_, PyDict>>) -> PyErr {
    let built = py
        .import("data_bridge.errors")
        .and_then(|module| module.getattr(class))
        .and_then(|class| class.call((message,), details));
    match built {
        Ok(error) => PyErr::from_value(error),
        Err(error) => error,
    }
}

/// A bug of ours.
pub fn internal(py: Python<'_>, message: &str) -> PyErr {
    raise(py, "InternalError", message, None)
}

pub fn to_python(py: Python<'_>, error: Error) -> PyErr {
    if let Error::Unsupported(found) = error {
        return from_compile(py, found);
    }
    convert(py, error).unwrap_or_else(|failed| failed)
}

fn convert(py: Python<'_>, error: Error) -> PyResult<PyErr> {
    let message = error.to_string();
    let details = PyDict::new(py);
    let class = match error {
        Error::DuplicateKey(found) => {
            let DuplicateKey { index, key_value, details: reply, .. } = *found;
            details.set_item("index", index)?;
            details.set_item("key", optional(py, key_value)?)?;
            details.set_item("details", decode(py, &reply)?)?;
            "DuplicateKeyError"
        }
        Error::BulkWrite(found) => {
            let BulkWrite { inserted, failures, write_concern_error } = *found;
            details.set_item("inserted", inserted)?;
            let failures = failures.into_iter().map(|failure| self::failure(py, failure));
            details.set_item("failures", PyList::new(py, failures.collect::<PyResult<Vec<_>>>()?)?)?;
            details.set_item("write_concern_error", optional(py, write_concern_error)?)?;
            "BulkWriteError"
        }
        Error::Server(found) => {
            let ServerError { code, code_name, labels, details: reply, .. } = *found;
            details.set_item("code", code)?;
            details.set_item("code_name", code_name)?;
            details.set_item("labels", labels)?;
            details.set_item("details", decode(py, &reply)?)?;
            "ServerError"
        }
        Error::Connection { labels, .. } => {
            details.set_item("labels", labels)?;
            "ConnectionFailure"
        }
        Error::Timeout { details: reply, .. } => {
            details.set_item("details", optional(py, reply)?)?;
            "OperationTimeout"
        }
        Error::Unsupported(_) => "CompileError",
        Error::DocumentTooLarge { .. } => "EncodeError",
        Error::InvalidUri(_) | Error::Closed | Error::Cancelled => "ConnectionFailure",
        Error::InvalidArgument(_) => "DataBridgeError",
        Error::Internal(_) => "InternalError",
    };
    Ok(raise(py, class, &message, Some(&details)))
}

fn failure<'py>(py: Python<'py>, failure: Failure) -> PyResult<Bound<'py, PyDict>> {
    let entry = PyDict::new(py);
    entry.set_item("index", failure.index)?;
    entry.set_item("code", failure.code)?;
    entry.set_item("message", failure.message)?;
    entry.set_item("key_pattern", optional(py, failure.key_pattern)?)?;
    entry.set_item("key", optional(py, failure.key_value)?)?;
    Ok(entry)
}

fn optional(py: Python<'_>, document: Option<RawDocumentBuf>) -> PyResult<Option<Bound<'_, PyAny>>> {
    document.map(|document| decode(py, &document)).transpose()
}

/// Server replies in errors are small and rare: PyMongo's decoder is good enough.
fn decode<'py>(py: Python<'py>, document: &RawDocumentBuf) -> PyResult<Bound<'py, PyAny>> {
    py.import("bson")?.call_method1("decode", (PyBytes::new(py, document.as_bytes()),))
}

/// The errors of a query, all in one `CompileError`.
pub fn from_compile(py: Python<'_>, found: Vec<data_bridge_compiler::CompileError>) -> PyErr {
    build_compile_errors(py, &found).unwrap_or_else(|failed| failed)
}

/// One error of a query.
pub fn compile_error(py: Python<'_>, code: &str, message: &str, path: Option<&str>, hint: Option<&str>) -> PyErr {
    let built = one_compile_error(py, code, message, path, hint, &[]);
    built.map_or_else(|failed| failed, PyErr::from_value)
}

fn build_compile_errors(py: Python<'_>, found: &[data_bridge_compiler::CompileError]) -> PyResult<PyErr> {
    let each: Vec<_> = found
        .iter()
        .map(|error| {
            one_compile_error(py, error.code, &error.message, error.path.as_deref(), error.hint.as_deref(), &[])
        })
        .collect::<PyResult<_>>()?;
    let Some(first) = found.first() else { return Ok(internal(py, "a compile failed without an error")) };
    if each.len() == 1 {
        return one_compile_error(py, first.code, &first.message, first.path.as_deref(), first.hint.as_deref(), &each)
            .map(PyErr::from_value);
    }
    let lines: Vec<_> = found.iter().map(|error| format!("- {error}")).collect();
    let message = format!("{} errors in this query:\n{}", found.len(), lines.join("\n"));
    one_compile_error(py, first.code, &message, first.path.as_deref(), None, &each).map(PyErr::from_value)
}

fn one_compile_error<'py>(
    py: Python<'py>,
    code: &str,
    message: &str,
    path: Option<&str>,
    hint: Option<&str>,
    errors: &[Bound<'py, PyAny>],
) -> PyResult<Bound<'py, PyAny>> {
    let details = PyDict::new(py);
    details.set_item("code", code)?;
    details.set_item("path", path)?;
    details.set_item("hint", hint)?;
    details.set_item("errors", PyList::new(py, errors)?)?;
    py.import("data_bridge.errors")?.getattr("CompileError")?.call((message,), Some(&details))
}
