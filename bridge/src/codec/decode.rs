//! BSON bytes to plain Python values.

use bson::spec::ElementType;
use pyo3::intern;
use pyo3::prelude::*;
use pyo3::types::{PyBool, PyBytes, PyDict, PyFloat, PyInt, PyList};

use super::decimal::Finite;
use super::reader::{Elements, int32, malformed, text, text_bytes};
use super::scope::Scope;
use super::{instance, links, time, types};

/// A document as a dict.
pub fn document<'py>(scope: Scope<'_, 'py>, bytes: &[u8]) -> PyResult<Bound<'py, PyDict>> {
    let py = scope.py;
    let dict = PyDict::new(py);
    let mut elements = Elements::new(bytes).map_err(|problem| malformed(py, problem))?;
    while let Some(element) = elements.next().map_err(|problem| malformed(py, problem))? {
        dict.set_item(scope.key(element.key)?, value(scope, element.kind, element.value)?)?;
    }
    Ok(dict)
}

/// An array as a list.
pub fn array<'py>(scope: Scope<'_, 'py>, bytes: &[u8]) -> PyResult<Bound<'py, PyList>> {
    let py = scope.py;
    let list = PyList::empty(py);
    let mut elements = Elements::new(bytes).map_err(|problem| malformed(py, problem))?;
    while let Some(element) = elements.next().map_err(|problem| malformed(py, problem))? {
        list.append(value(scope, element.kind, element.value)?)?;
    }
    Ok(list)
}

fn fixed<const N: usize>(py: Python<'_>, value: &[u8]) -> PyResult<[u8; N]> {
    value.first_chunk::<N>().copied().ok_or_else(|| malformed(py, "a value is cut short"))
}

/// The value of an element, whose bytes the reader has measured.
pub fn value<'py>(scope: Scope<'_, 'py>, kind: ElementType, bytes: &[u8]) -> PyResult<Bound<'py, PyAny>> {
    let py = scope.py;
    let bad = |problem| malformed(py, problem);
    Ok(match kind {
        ElementType::String | ElementType::Symbol => scope.text(text_bytes(bytes).map_err(bad)?)?.into_any(),
        ElementType::Int32 => PyInt::new(py, i32::from_le_bytes(fixed(py, bytes)?)).into_any(),
        ElementType::Double => PyFloat::new(py, f64::from_le_bytes(fixed(py, bytes)?)).into_any(),
        ElementType::EmbeddedDocument => embedded(scope.deeper()?, bytes)?,
        ElementType::Array => array(scope.deeper()?, bytes)?.into_any(),
        ElementType::ObjectId => object_id(py, &bytes[..12])?,
        ElementType::DateTime => time::millis_to_datetime(py, i64::from_le_bytes(fixed(py, bytes)?))?,
        ElementType::Boolean => match bytes {
            [0] => PyBool::new(py, false).to_owned().into_any(),
            [1] => PyBool::new(py, true).to_owned().into_any(),
            _ => return Err(bad("a boolean is neither 0 nor 1")),
        },
        ElementType::Null | ElementType::Undefined => py.None().into_bound(py),
        ElementType::Int64 => {
            let number = i64::from_le_bytes(fixed(py, bytes)?);
            PyInt::new(py, number).into_any()
        }
        ElementType::Binary => binary(py, bytes)?,
        other => rare(scope, other, bytes)?,
    })
}

/// A reference to another document comes back as PyMongo's `DBRef`.
fn embedded<'py>(scope: Scope<'_, 'py>, bytes: &[u8]) -> PyResult<Bound<'py, PyAny>> {
    let py = scope.py;
    let dict = document(scope, bytes)?;
    if !links::is_reference(bytes).map_err(|problem| malformed(py, problem))? {
        return Ok(dict.into_any());
    }
    let take = |name: &str| -> PyResult<Bound<'py, PyAny>> {
        let found = dict.get_item(name)?;
        if found.is_some() {
            dict.del_item(name)?;
        }
        Ok(found.unwrap_or_else(|| py.None().into_bound(py)))
    };
    let (collection, id, database) = (take("$ref")?, take("$id")?, take("$db")?);
    types::get(py)?.dbref.bind(py).call1((collection, id, database, dict))
}

pub fn object_id<'py>(py: Python<'py>, bytes: &[u8]) -> PyResult<Bound<'py, PyAny>> {
    let id = instance::new(types::get(py)?.object_id.bind(py))?;
    // What the constructor does besides is to check the length.
    types::slots(py)?.object_id_bytes.set(&id, PyBytes::new(py, bytes).as_any())?;
    Ok(id)
}

pub fn uuid<'py>(py: Python<'py>, bytes: &[u8; 16]) -> PyResult<Bound<'py, PyAny>> {
    let (known, slots) = (types::get(py)?, types::slots(py)?);
    let id = instance::new(known.uuid.bind(py))?;
    // The two slots that `UUID` has; its constructor sets them so, and pydantic does too.
    let number = u128::from_be_bytes(*bytes).into_pyobject(py)?;
    slots.uuid_number.set(&id, number.as_any())?;
    slots.uuid_safety.set(&id, known.uuid_unknown(py)?)?;
    Ok(id)
}

/// A number as Python's `Decimal`; None where it is none that `Decimal` and Decimal128 both write so.
pub fn decimal<'py>(py: Python<'py>, bytes: &[u8]) -> PyResult<Option<Bound<'py, PyAny>>> {
    let Some(finite) = Finite::read(bytes) else { return Ok(None) };
    types::get(py)?.decimal.bind(py).call1((finite.to_string(),)).map(Some)
}

/// The value with every `Decimal128` in it as a `Decimal`, which is what pydantic knows; changes lists and dicts in place.
pub fn with_decimals<'py>(value: Bound<'py, PyAny>) -> PyResult<Bound<'py, PyAny>> {
    let py = value.py();
    if let Ok(items) = value.cast::<PyList>() {
        for (position, item) in items.iter().enumerate() {
            items.set_item(position, with_decimals(item)?)?;
        }
    } else if let Ok(entries) = value.cast::<PyDict>() {
        for (key, item) in entries.copy()? {
            entries.set_item(key, with_decimals(item)?)?;
        }
    } else if value.is_exact_instance(types::get(py)?.decimal128.bind(py)) {
        return value.call_method0(intern!(py, "to_decimal"));
    }
    Ok(value)
}

fn binary<'py>(py: Python<'py>, bytes: &[u8]) -> PyResult<Bound<'py, PyAny>> {
    let (Some(&subtype), Some(content)) = (bytes.get(4), bytes.get(5..)) else {
        return Err(malformed(py, "a binary value is cut short"));
    };
    if subtype == 4
        && let Some(id) = content.first_chunk::<16>()
        && content.len() == 16
    {
        return uuid(py, id);
    }
    let content = if subtype == 2 { content.get(4..).unwrap_or_default() } else { content };
    let content = PyBytes::new(py, content);
    match subtype {
        0 => Ok(content.into_any()),
        _ => types::get(py)?.binary.bind(py).call1((content, subtype)),
    }
}

fn c_strings<'a>(py: Python<'_>, bytes: &'a [u8]) -> PyResult<(&'a str, &'a str)> {
    let utf8 = |part| std::str::from_utf8(part).map_err(|_| malformed(py, "a regular expression is not UTF-8"));
    let mut parts = bytes.split(|byte| *byte == 0);
    Ok((utf8(parts.next().unwrap_or_default())?, utf8(parts.next().unwrap_or_default())?))
}

fn rare<'py>(scope: Scope<'_, 'py>, kind: ElementType, bytes: &[u8]) -> PyResult<Bound<'py, PyAny>> {
    let py = scope.py;
    let known = types::get(py)?;
    match kind {
        ElementType::Decimal128 => {
            known.decimal128.bind(py).call_method1("from_bid", (PyBytes::new(py, &fixed::<16>(py, bytes)?),))
        }
        ElementType::Timestamp => {
            let both = u64::from_le_bytes(fixed(py, bytes)?);
            known.timestamp.bind(py).call1((both >> 32, both & 0xffff_ffff))
        }
        ElementType::RegularExpression => known.regex.bind(py).call1(c_strings(py, bytes)?),
        ElementType::JavaScriptCode => known.code.bind(py).call1((text(bytes).map_err(|why| malformed(py, why))?,)),
        ElementType::JavaScriptCodeWithScope => {
            let cut = || malformed(py, "code with scope is cut short");
            let code = bytes.get(4..).ok_or_else(cut)?;
            let length = int32(code).and_then(|length| usize::try_from(length).ok()).ok_or_else(cut)?;
            let end = length.checked_add(4).filter(|end| *end <= code.len()).ok_or_else(cut)?;
            let source = text(&code[..end]).map_err(|why| malformed(py, why))?;
            known.code.bind(py).call1((source, document(scope.deeper()?, &code[end..])?))
        }
        ElementType::DbPointer => {
            let (collection, id) = bytes.split_at(bytes.len() - 12);
            let collection = text(collection).map_err(|why| malformed(py, why))?;
            known.dbref.bind(py).call1((collection, object_id(py, id)?))
        }
        ElementType::MinKey => known.min_key.bind(py).call0(),
        ElementType::MaxKey => known.max_key.bind(py).call0(),
        _ => Err(malformed(py, "an element type without a Python form")),
    }
}
