//! Python values to BSON bytes.

use bson::spec::ElementType;
use pyo3::intern;
use pyo3::prelude::*;
use pyo3::types::{
    PyBool, PyByteArray, PyBytes, PyDate, PyDateTime, PyDelta, PyDeltaAccess, PyDict, PyFloat, PyFrozenSet, PyInt,
    PyList, PyMapping, PySet, PyString, PyTime, PyTuple,
};

use super::path::Path;
use super::scalar::{self, Buffer, Positions, binary, close, deeper, head, open, utf8};
use super::{layout, time, types};

pub fn open_document() -> Buffer {
    let mut buffer = Buffer::with_capacity(64);
    buffer.extend_from_slice(&[0; 4]);
    buffer
}

pub fn close_document(py: Python<'_>, mut buffer: Buffer, start: usize, path: &Path<'_>) -> PyResult<Buffer> {
    close(py, &mut buffer, start, path)?;
    Ok(buffer)
}

/// A mapping, or a document instance, as one BSON document.
pub fn whole_document(value: &Bound<'_, PyAny>) -> PyResult<Buffer> {
    let mut buffer = Buffer::with_capacity(256);
    document_body(&mut buffer, value, &Path::root(""))?;
    Ok(buffer)
}

fn document_body(buffer: &mut Buffer, value: &Bound<'_, PyAny>, path: &Path<'_>) -> PyResult<()> {
    let py = value.py();
    if let Ok(dict) = value.cast::<PyDict>() {
        return dict_body(buffer, dict, path);
    }
    if value.is_instance(types::get(py)?.base_model.bind(py))? {
        return layout::of(value)?.get().encode_into(buffer, value, path);
    }
    let dict = PyDict::new(py);
    dict.update(value.cast::<PyMapping>()?)?;
    dict_body(buffer, &dict, path)
}

fn dict_body(buffer: &mut Buffer, dict: &Bound<'_, PyDict>, path: &Path<'_>) -> PyResult<()> {
    let py = dict.py();
    let start = open(buffer);
    let mut converted = Vec::new();
    for (key, value) in dict {
        if let Ok(text) = key.cast::<PyString>() {
            let key = utf8(text, path)?;
            element_of(buffer, key, &value, path)?;
            continue;
        }
        let text = key_text(&key, path)?;
        if dict.contains(&text)? || converted.contains(&text) {
            return Err(path.refuse(py, &format!("two keys are stored as {text:?}")));
        }
        element_of(buffer, &text, &value, path)?;
        converted.push(text);
    }
    close(py, buffer, start, path)
}

/// BSON keys are text; other keys are stored as the text that pydantic reads them back from.
fn key_text(key: &Bound<'_, PyAny>, path: &Path<'_>) -> PyResult<String> {
    let py = key.py();
    let known = types::get(py)?;
    if let Ok(text) = key.cast::<PyString>() {
        return Ok(utf8(text, path)?.to_owned());
    }
    if key.is_instance(known.enumeration.bind(py))? {
        let value = key.getattr(intern!(py, "value"))?;
        return key_text(&value, path);
    }
    if key.is_instance_of::<PyDate>() || key.is_instance_of::<PyTime>() {
        return key.call_method0("isoformat")?.extract();
    }
    let plain = key.is_instance_of::<PyInt>()
        || key.is_instance_of::<PyFloat>()
        || key.is_instance(known.uuid.bind(py))?
        || key.is_instance(known.object_id.bind(py))?
        || key.is_instance(known.decimal.bind(py))?;
    if plain { Ok(key.str()?.to_str()?.to_owned()) } else { Err(path.refuse(py, &unknown(key, "as a key"))) }
}

fn unknown(value: &Bound<'_, PyAny>, place: &str) -> String {
    let class = value.get_type().fully_qualified_name().map_or_else(|_| "?".to_owned(), |name| name.to_string());
    format!("a value of type {class} cannot be stored {place}").trim_end().to_owned()
}

pub fn element_of(buffer: &mut Buffer, key: &str, value: &Bound<'_, PyAny>, path: &Path<'_>) -> PyResult<()> {
    if key.as_bytes().contains(&0) {
        return Err(path.refuse(value.py(), &format!("the key {key:?} holds a NUL, which BSON cannot store")));
    }
    element(buffer, key.as_bytes(), value, &path.child(key))
}

/// Writes one element. `key` holds no NUL.
pub fn element(buffer: &mut Buffer, key: &[u8], value: &Bound<'_, PyAny>, path: &Path<'_>) -> PyResult<()> {
    let py = value.py();
    if value.is_none() {
        scalar::null(buffer, key);
    } else if let Ok(text) = value.cast_exact::<PyString>() {
        scalar::text(buffer, key, text, path)?;
    } else if let Ok(flag) = value.cast_exact::<PyBool>() {
        scalar::boolean(buffer, key, flag.is_true());
    } else if value.is_exact_instance_of::<PyInt>() {
        scalar::integer(buffer, key, value, path)?;
    } else if let Ok(number) = value.cast_exact::<PyFloat>() {
        scalar::double(buffer, key, number.value());
    } else if let Ok(moment) = value.cast::<PyDateTime>() {
        scalar::moment(buffer, key, moment)?;
    } else if let Ok(items) = value.cast::<PyList>() {
        array(buffer, key, items.iter(), path, py)?;
    } else if let Ok(dict) = value.cast::<PyDict>() {
        deeper(path, py)?;
        head(buffer, ElementType::EmbeddedDocument, key);
        dict_body(buffer, dict, path)?;
    } else if let Some(layout) = layout::known(value)? {
        deeper(path, py)?;
        head(buffer, ElementType::EmbeddedDocument, key);
        layout.get().encode_into(buffer, value, path)?;
    } else {
        rare(buffer, key, value, path)?;
    }
    Ok(())
}

fn array<'py>(
    buffer: &mut Buffer,
    key: &[u8],
    items: impl Iterator<Item = Bound<'py, PyAny>>,
    path: &Path<'_>,
    py: Python<'py>,
) -> PyResult<()> {
    list_of(buffer, key, items, path, py, element)
}

/// Writes a list, each item by the given function.
pub fn list_of<'py>(
    buffer: &mut Buffer,
    key: &[u8],
    items: impl Iterator<Item = Bound<'py, PyAny>>,
    path: &Path<'_>,
    py: Python<'py>,
    mut write: impl FnMut(&mut Buffer, &[u8], &Bound<'py, PyAny>, &Path<'_>) -> PyResult<()>,
) -> PyResult<()> {
    deeper(path, py)?;
    head(buffer, ElementType::Array, key);
    let start = open(buffer);
    let mut positions = Positions::new();
    for item in items {
        let position = positions.current();
        write(buffer, position.as_bytes(), &item, &path.child(position))?;
        positions.advance();
    }
    close(py, buffer, start, path)
}

/// Writes a dict of text keys, each value by the given function.
pub fn map_of<'py>(
    buffer: &mut Buffer,
    key: &[u8],
    entries: &Bound<'py, PyDict>,
    path: &Path<'_>,
    mut write: impl FnMut(&mut Buffer, &[u8], &Bound<'py, PyAny>, &Path<'_>) -> PyResult<()>,
) -> PyResult<()> {
    let py = entries.py();
    deeper(path, py)?;
    head(buffer, ElementType::EmbeddedDocument, key);
    let start = open(buffer);
    for (name, item) in entries {
        let name = key_text(&name, path)?;
        if name.as_bytes().contains(&0) {
            return Err(path.refuse(py, &format!("the key {name:?} holds a NUL, which BSON cannot store")));
        }
        write(buffer, name.as_bytes(), &item, &path.child(&name))?;
    }
    close(py, buffer, start, path)
}

/// What is met less often: other collections, other modules' classes, subclasses of the plain types.
fn rare(buffer: &mut Buffer, key: &[u8], value: &Bound<'_, PyAny>, path: &Path<'_>) -> PyResult<()> {
    let py = value.py();
    let known = types::get(py)?;
    let is = |class: &Py<pyo3::types::PyType>| value.is_instance(class.bind(py));
    if is(&known.object_id)? {
        scalar::object_id(buffer, key, value)?;
    } else if is(&known.enumeration)? {
        element(buffer, key, &value.getattr(intern!(py, "value"))?, path)?;
    } else if is(&known.base_model)? {
        deeper(path, py)?;
        head(buffer, ElementType::EmbeddedDocument, key);
        layout::of(value)?.get().encode_into(buffer, value, path)?;
    } else if is(&known.int64)? {
        head(buffer, ElementType::Int64, key);
        buffer.extend_from_slice(&value.extract::<i64>()?.to_le_bytes());
    } else if is(&known.binary)? {
        let subtype: u8 = value.getattr(intern!(py, "subtype"))?.extract()?;
        binary(buffer, key, subtype, value.cast::<PyBytes>()?.as_bytes(), path, py)?;
    } else if let Ok(bytes) = value.cast::<PyBytes>() {
        binary(buffer, key, 0, bytes.as_bytes(), path, py)?;
    } else if let Ok(bytes) = value.cast::<PyByteArray>() {
        binary(buffer, key, 0, &bytes.to_vec(), path, py)?;
    } else if is(&known.code)? {
        code(buffer, key, value, path)?;
    } else if let Ok(text) = value.cast::<PyString>() {
        scalar::text(buffer, key, text, path)?;
    } else if value.is_instance_of::<PyInt>() {
        scalar::integer(buffer, key, value, path)?;
    } else if let Ok(number) = value.cast::<PyFloat>() {
        scalar::double(buffer, key, number.value());
    } else if let Ok(items) = value.cast::<PyTuple>() {
        array(buffer, key, items.iter(), path, py)?;
    } else if let Ok(items) = value.cast::<PySet>() {
        array(buffer, key, items.iter(), path, py)?;
    } else if let Ok(items) = value.cast::<PyFrozenSet>() {
        array(buffer, key, items.iter(), path, py)?;
    } else if let Ok(date) = value.cast::<PyDate>() {
        scalar::millis(buffer, key, time::date_to_millis(date));
    } else if value.is_instance_of::<PyTime>() {
        element(buffer, key, &value.call_method0("isoformat")?, path)?;
    } else if let Ok(span) = value.cast::<PyDelta>() {
        let seconds = f64::from(span.get_days()) * 86_400.0 + f64::from(span.get_seconds());
        scalar::double(buffer, key, seconds + f64::from(span.get_microseconds()) / 1e6);
    } else if is(&known.decimal)? {
        let decimal = known.decimal128.bind(py).call1((value,)).map_err(|_| {
            path.refuse(py, &format!("{value} has more than the 34 digits, or the exponent, that Decimal128 can hold"))
        })?;
        rare(buffer, key, &decimal, path)?;
    } else if is(&known.decimal128)? {
        head(buffer, ElementType::Decimal128, key);
        let bytes = value.getattr(intern!(py, "bid"))?;
        buffer.extend_from_slice(bytes.cast::<PyBytes>()?.as_bytes());
    } else if is(&known.uuid)? {
        let bytes = value.getattr(intern!(py, "bytes"))?;
        binary(buffer, key, 4, bytes.cast::<PyBytes>()?.as_bytes(), path, py)?;
    } else if is(&known.secret)? || is(&known.secret_bytes)? {
        element(buffer, key, &value.call_method0("get_secret_value")?, path)?;
    } else if is(&known.path)?
        || is(&known.ipv4)?
        || is(&known.ip_network)?
        || is(&known.url)?
        || is(&known.multi_host_url)?
    {
        element(buffer, key, value.str()?.as_any(), path)?;
    } else if is(&known.pattern)? || is(&known.regex)? {
        regex(buffer, key, value, path)?;
    } else if is(&known.timestamp)? {
        head(buffer, ElementType::Timestamp, key);
        buffer.extend_from_slice(&value.getattr("inc")?.extract::<u32>()?.to_le_bytes());
        buffer.extend_from_slice(&value.getattr("time")?.extract::<u32>()?.to_le_bytes());
    } else if is(&known.datetime_ms)? {
        scalar::millis(buffer, key, value.call_method0("__int__")?.extract()?);
    } else if is(&known.min_key)? {
        head(buffer, ElementType::MinKey, key);
    } else if is(&known.max_key)? {
        head(buffer, ElementType::MaxKey, key);
    } else if is(&known.dbref)? {
        head(buffer, ElementType::EmbeddedDocument, key);
        document_body(buffer, &value.call_method0("as_doc")?, path)?;
    } else if value.cast::<PyMapping>().is_ok() {
        deeper(path, py)?;
        head(buffer, ElementType::EmbeddedDocument, key);
        document_body(buffer, value, path)?;
    } else {
        return Err(path.refuse(py, &unknown(value, "")));
    }
    Ok(())
}

fn code(buffer: &mut Buffer, key: &[u8], value: &Bound<'_, PyAny>, path: &Path<'_>) -> PyResult<()> {
    let py = value.py();
    let text = value.cast::<PyString>()?;
    let scope = value.getattr("scope")?;
    if scope.is_none() {
        head(buffer, ElementType::JavaScriptCode, key);
        return scalar::string(buffer, py, utf8(text, path)?, path);
    }
    head(buffer, ElementType::JavaScriptCodeWithScope, key);
    let start = open(buffer);
    scalar::string(buffer, py, utf8(text, path)?, path)?;
    document_body(buffer, &scope, path)?;
    let length = i32::try_from(buffer.len() - start).map_err(|_| path.refuse(py, "the code is longer than 2 GiB"))?;
    buffer[start..start + 4].copy_from_slice(&length.to_le_bytes());
    Ok(())
}

/// Python's flags as MongoDB's option letters, in the order BSON asks for.
fn regex(buffer: &mut Buffer, key: &[u8], value: &Bound<'_, PyAny>, path: &Path<'_>) -> PyResult<()> {
    let py = value.py();
    let pattern = value.getattr("pattern")?;
    let Ok(pattern) = pattern.cast::<PyString>() else {
        return Err(path.refuse(py, "a regular expression over bytes cannot be stored; write it over text"));
    };
    let flags: u32 = value.getattr("flags")?.extract()?;
    // Source: CPython's `re` constants, and the BSON specification's regex options.
    let letters = [(2, 'i'), (4, 'l'), (8, 'm'), (16, 's'), (32, 'u'), (64, 'x')];
    head(buffer, ElementType::RegularExpression, key);
    scalar::c_string(buffer, py, utf8(pattern, path)?, path)?;
    let options: String = letters.iter().filter(|(flag, _)| flags & flag != 0).map(|(_, letter)| letter).collect();
    scalar::c_string(buffer, py, &options, path)
}
