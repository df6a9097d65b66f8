//! What elements are made of, as bytes.

use bson::RawBson;
use bson::spec::ElementType;
use pyo3::intern;
use pyo3::prelude::*;
use pyo3::types::{PyBytes, PyDateTime, PyInt, PyString};

use super::path::Path;
use super::reader::DEEPEST;
use super::time;
use crate::gate::has_room;

/// The largest document the server stores. Source: MongoDB manual, "Limits and Thresholds".
const LARGEST: usize = 16 * 1024 * 1024;

pub type Buffer = Vec<u8>;

/// Begins a document or a list; gives where.
pub fn open(buffer: &mut Buffer) -> usize {
    let start = buffer.len();
    buffer.extend_from_slice(&[0; 4]);
    start
}

/// Ends what was begun at `start`.
pub fn close(py: Python<'_>, buffer: &mut Buffer, start: usize, path: &Path<'_>) -> PyResult<()> {
    buffer.push(0);
    let length = buffer.len() - start;
    if length > LARGEST {
        return Err(
            path.refuse(py, &format!("the document has {length} bytes and the server stores at most {LARGEST}"))
        );
    }
    // It fits: it is at most 16 MiB.
    buffer[start..start + 4].copy_from_slice(&(length as i32).to_le_bytes());
    Ok(())
}

/// Refuses what stands too deep.
pub fn deeper(path: &Path<'_>, py: Python<'_>) -> PyResult<()> {
    if path.depth() > DEEPEST {
        return Err(path.refuse(py, &format!("the value is nested more than {DEEPEST} levels deep, or holds itself")));
    }
    if !has_room() {
        return Err(path.refuse(py, "the value is nested too deep for the small stack of this thread"));
    }
    Ok(())
}

/// Writes tag and key.
pub fn head(buffer: &mut Buffer, kind: ElementType, key: &[u8]) {
    buffer.push(kind as u8);
    buffer.extend_from_slice(key);
    buffer.push(0);
}

pub fn utf8<'a>(text: &'a Bound<'_, PyString>, path: &Path<'_>) -> PyResult<&'a str> {
    text.to_str().map_err(|_| path.refuse(text.py(), "the text holds a lone surrogate, which is not UTF-8"))
}

/// The value of a string, without tag and key.
pub fn string(buffer: &mut Buffer, py: Python<'_>, text: &str, path: &Path<'_>) -> PyResult<()> {
    let length = i32::try_from(text.len() + 1).map_err(|_| path.refuse(py, "the text is longer than 2 GiB"))?;
    buffer.extend_from_slice(&length.to_le_bytes());
    buffer.extend_from_slice(text.as_bytes());
    buffer.push(0);
    Ok(())
}

pub fn text(buffer: &mut Buffer, key: &[u8], text: &Bound<'_, PyString>, path: &Path<'_>) -> PyResult<()> {
    head(buffer, ElementType::String, key);
    string(buffer, text.py(), utf8(text, path)?, path)
}

pub fn c_string(buffer: &mut Buffer, py: Python<'_>, text: &str, path: &Path<'_>) -> PyResult<()> {
    if text.as_bytes().contains(&0) {
        return Err(path.refuse(py, "a regular expression with a NUL cannot be stored"));
    }
    buffer.extend_from_slice(text.as_bytes());
    buffer.push(0);
    Ok(())
}

pub fn null(buffer: &mut Buffer, key: &[u8]) {
    head(buffer, ElementType::Null, key);
}

pub fn boolean(buffer: &mut Buffer, key: &[u8], flag: bool) {
    head(buffer, ElementType::Boolean, key);
    buffer.push(u8::from(flag));
}

pub fn double(buffer: &mut Buffer, key: &[u8], number: f64) {
    head(buffer, ElementType::Double, key);
    buffer.extend_from_slice(&number.to_le_bytes());
}

pub fn millis(buffer: &mut Buffer, key: &[u8], millis: i64) {
    head(buffer, ElementType::DateTime, key);
    buffer.extend_from_slice(&millis.to_le_bytes());
}

pub fn moment(buffer: &mut Buffer, key: &[u8], moment: &Bound<'_, PyDateTime>) -> PyResult<()> {
    millis(buffer, key, time::datetime_to_millis(moment)?);
    Ok(())
}

pub fn integer(buffer: &mut Buffer, key: &[u8], value: &Bound<'_, PyAny>, path: &Path<'_>) -> PyResult<()> {
    let number: i64 = value.extract().map_err(|_| {
        path.refuse(value.py(), "the integer is beyond 64 bits; declare the field as Decimal, float or str")
    })?;
    match i32::try_from(number) {
        Ok(small) => {
            head(buffer, ElementType::Int32, key);
            buffer.extend_from_slice(&small.to_le_bytes());
        }
        Err(_) => {
            head(buffer, ElementType::Int64, key);
            buffer.extend_from_slice(&number.to_le_bytes());
        }
    }
    Ok(())
}

/// Text and whole numbers by themselves, as they would be in an element; None of all others, and of what cannot be stored.
pub fn alone(value: &Bound<'_, PyAny>) -> Option<RawBson> {
    if let Ok(text) = value.cast_exact::<PyString>() {
        return text.to_str().ok().map(|text| RawBson::String(text.to_owned()));
    }
    if !value.is_exact_instance_of::<PyInt>() {
        return None;
    }
    let number: i64 = value.extract().ok()?;
    Some(i32::try_from(number).map_or(RawBson::Int64(number), RawBson::Int32))
}

/// PyMongo's `ObjectId`.
pub fn object_id(buffer: &mut Buffer, key: &[u8], id: &Bound<'_, PyAny>) -> PyResult<()> {
    let bytes = id.getattr(intern!(id.py(), "binary"))?;
    head(buffer, ElementType::ObjectId, key);
    buffer.extend_from_slice(bytes.cast::<PyBytes>()?.as_bytes());
    Ok(())
}

pub fn binary(
    buffer: &mut Buffer,
    key: &[u8],
    subtype: u8,
    bytes: &[u8],
    path: &Path<'_>,
    py: Python<'_>,
) -> PyResult<()> {
    head(buffer, ElementType::Binary, key);
    // The old subtype 2 repeats the length inside.
    let inner = if subtype == 2 { bytes.len() + 4 } else { bytes.len() };
    let length = i32::try_from(inner).map_err(|_| path.refuse(py, "the binary value is longer than 2 GiB"))?;
    buffer.extend_from_slice(&length.to_le_bytes());
    buffer.push(subtype);
    if subtype == 2 {
        buffer.extend_from_slice(&(length - 4).to_le_bytes());
    }
    buffer.extend_from_slice(bytes);
    Ok(())
}

/// The keys of a list's items: "0", "1", ...
pub struct Positions {
    digits: [u8; 20],
    start: usize,
}

impl Positions {
    pub fn new() -> Self {
        Self { digits: [b'0'; 20], start: 19 }
    }

    /// The key of the item that comes next.
    pub fn current(&self) -> &str {
        // Digits are UTF-8.
        std::str::from_utf8(&self.digits[self.start..]).unwrap_or_default()
    }

    pub fn advance(&mut self) {
        for place in (0..self.digits.len()).rev() {
            self.start = self.start.min(place);
            if self.digits[place] < b'9' {
                self.digits[place] += 1;
                return;
            }
            self.digits[place] = b'0';
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn positions_count() {
        let mut positions = Positions::new();
        for number in 0..2000 {
            assert_eq!(positions.current(), number.to_string());
            positions.advance();
        }
    }
}
