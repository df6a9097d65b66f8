//! Walks BSON bytes that may lie: every length is checked before it is believed.

use std::collections::HashMap;
use std::ops::Range;

use bson::spec::ElementType;
use pyo3::prelude::*;
use pyo3::types::PyDict;

use crate::errors::raise;

/// Deeper documents are refused; the server stores at most 100 levels unless told otherwise.
pub const DEEPEST: usize = 200;

pub fn malformed(py: Python<'_>, problem: &str) -> PyErr {
    raise(py, "DecodeError", &format!("malformed BSON: {problem}"), Some(&PyDict::new(py)))
}

pub struct Element<'a> {
    pub kind: ElementType,
    pub key: &'a [u8],
    pub value: &'a [u8],
}

/// The bytes of an element: tag, key and value.
pub struct Raw<'a>(&'a [u8]);

/// The elements of a document.
pub struct Elements<'a> {
    rest: &'a [u8],
}

impl<'a> Elements<'a> {
    /// # Errors
    /// The problem, when the bytes are not one whole document.
    pub fn new(document: &'a [u8]) -> Result<Self, &'static str> {
        let length = int32(document).ok_or("a document without a length")?;
        if usize::try_from(length) != Ok(document.len()) || document.len() < 5 {
            return Err("a document's length is not that of its bytes");
        }
        match document[4..].split_last() {
            Some((0, rest)) => Ok(Self { rest }),
            _ => Err("a document does not end with a zero byte"),
        }
    }

    /// The elements in a part of a document that begins and ends between two of them.
    pub fn part(elements: &'a [u8]) -> Self {
        Self { rest: elements }
    }

    /// How many bytes are not read yet.
    pub fn left(&self) -> usize {
        self.rest.len()
    }

    /// Goes over the next element if it is the given one, byte for byte.
    pub fn skip_same(&mut self, element: &Raw<'_>) -> bool {
        let after = self.rest.strip_prefix(element.0);
        self.rest = after.unwrap_or(self.rest);
        after.is_some()
    }

    /// The next element, and all its bytes.
    pub fn next_raw(&mut self) -> Result<Option<(Element<'a>, Raw<'a>)>, &'static str> {
        let before = self.rest;
        let Some(element) = self.next()? else { return Ok(None) };
        Ok(Some((element, Raw(&before[..before.len() - self.rest.len()]))))
    }

    pub fn next(&mut self) -> Result<Option<Element<'a>>, &'static str> {
        Ok(self.next_predicted(&[])?.map(|(element, _)| element))
    }

    /// The next element if it is whole and its key is the expected one, which is given with its NUL; else nothing is read.
    // What it gives would else go through memory, in pieces that the caller waits for.
    #[inline(always)]
    pub fn next_if(&mut self, expected: &[u8]) -> Option<Element<'a>> {
        let (&tag, rest) = self.rest.split_first()?;
        let rest = rest.strip_prefix(expected)?;
        let key = &self.rest[1..expected.len()];
        let kind = ElementType::from(tag)?;
        let (value, rest) = rest.split_at_checked(length(kind, rest).ok()?)?;
        self.rest = rest;
        Some(Element { kind, key, value })
    }

    /// The next element, and whether its key is the expected one, which is given with its NUL (empty: none is).
    // What it gives would else go through memory, in pieces that the caller waits for.
    #[inline(always)]
    pub fn next_predicted(&mut self, expected: &[u8]) -> Result<Option<(Element<'a>, bool)>, &'static str> {
        let Some((&tag, rest)) = self.rest.split_first() else { return Ok(None) };
        let kind = ElementType::from(tag).ok_or("an unknown element type")?;
        let met = !expected.is_empty() && rest.starts_with(expected);
        let end = if met {
            expected.len() - 1
        } else {
            rest.iter().position(|byte| *byte == 0).ok_or("a key without an end")?
        };
        let (key, rest) = (&rest[..end], &rest[end + 1..]);
        let length = length(kind, rest)?;
        if length > rest.len() {
            return Err("a value reaches beyond its document");
        }
        let (value, rest) = rest.split_at(length);
        self.rest = rest;
        Ok(Some((Element { kind, key, value }, met)))
    }
}

pub fn int32(bytes: &[u8]) -> Option<i32> {
    bytes.first_chunk::<4>().map(|bytes| i32::from_le_bytes(*bytes))
}

fn size(bytes: &[u8]) -> Result<usize, &'static str> {
    let length = int32(bytes).ok_or("a value without a length")?;
    usize::try_from(length).map_err(|_| "a negative length")
}

fn c_string(bytes: &[u8]) -> Result<usize, &'static str> {
    bytes.iter().position(|byte| *byte == 0).map(|end| end + 1).ok_or("a string without an end")
}

#[inline]
fn length(kind: ElementType, rest: &[u8]) -> Result<usize, &'static str> {
    Ok(match kind {
        ElementType::Null | ElementType::Undefined | ElementType::MinKey | ElementType::MaxKey => 0,
        ElementType::Boolean => 1,
        ElementType::Int32 => 4,
        ElementType::Double | ElementType::DateTime | ElementType::Timestamp | ElementType::Int64 => 8,
        ElementType::ObjectId => 12,
        ElementType::Decimal128 => 16,
        ElementType::String | ElementType::Symbol | ElementType::JavaScriptCode => 4 + size(rest)?,
        ElementType::EmbeddedDocument | ElementType::Array | ElementType::JavaScriptCodeWithScope => size(rest)?.max(5),
        ElementType::Binary => 5 + size(rest)?,
        ElementType::DbPointer => 16 + size(rest)?,
        ElementType::RegularExpression => {
            let pattern = c_string(rest)?;
            pattern + c_string(&rest[pattern..])?
        }
    })
}

/// The bytes of a string value, which should be UTF-8.
pub fn text_bytes(value: &[u8]) -> Result<&[u8], &'static str> {
    match value.get(4..).and_then(<[u8]>::split_last) {
        Some((0, text)) => Ok(text),
        _ => Err("a string does not end with a zero byte"),
    }
}

/// The text of a string value.
pub fn text(value: &[u8]) -> Result<&str, &'static str> {
    std::str::from_utf8(text_bytes(value)?).map_err(|_| "a string is not UTF-8")
}

/// Where in a cursor's reply the elements of its batch are.
pub fn batch(reply: &[u8]) -> Result<Range<usize>, &'static str> {
    let cursor = child(reply, &[b"cursor"])?.ok_or("the reply has no cursor")?;
    let batch = child(cursor, &[b"firstBatch", b"nextBatch"])?.ok_or("the reply has no batch")?;
    let elements = Elements::new(batch)?;
    // All are parts of one slice.
    let start = elements.rest.as_ptr() as usize - reply.as_ptr() as usize;
    Ok(start..start + elements.rest.len())
}

fn child<'a>(document: &'a [u8], names: &[&[u8]]) -> Result<Option<&'a [u8]>, &'static str> {
    let mut elements = Elements::new(document)?;
    while let Some(element) = elements.next()? {
        if names.contains(&element.key) {
            return Ok(Some(element.value));
        }
    }
    Ok(None)
}

/// The elements of a document as a Python dict keeps them: of those with one name the last, in the place of the first.
pub fn unique(bytes: &[u8]) -> Result<Vec<Element<'_>>, &'static str> {
    let mut found: Vec<Element<'_>> = Vec::new();
    let mut places: HashMap<&[u8], usize> = HashMap::new();
    let mut elements = Elements::new(bytes)?;
    while let Some(element) = elements.next()? {
        // A few keys are compared faster than they are hashed.
        let place = if found.len() < FEW {
            found.iter().position(|known| known.key == element.key)
        } else {
            if places.is_empty() {
                places.extend(found.iter().enumerate().map(|(place, known)| (known.key, place)));
            }
            let place = places.get(element.key).copied();
            places.entry(element.key).or_insert(found.len());
            place
        };
        match place {
            Some(place) => found[place] = element,
            None => found.push(element),
        }
    }
    Ok(found)
}

/// So many keys are compared faster than they are hashed.
const FEW: usize = 16;

#[cfg(test)]
mod tests {
    use super::*;

    fn drain(document: &[u8]) -> Result<usize, &'static str> {
        let mut elements = Elements::new(document)?;
        let mut count = 0;
        while elements.next()?.is_some() {
            count += 1;
        }
        Ok(count)
    }

    #[test]
    fn a_document_is_walked() {
        let document = bson::rawdoc! { "a": 1, "b": "text", "c": [1, 2] };
        assert_eq!(drain(document.as_bytes()), Ok(3));
    }

    #[test]
    fn every_truncation_and_every_wrong_byte_is_survived() {
        let document = bson::rawdoc! { "a": 1, "b": "text", "c": { "d": [1.5, null] } };
        let bytes = document.as_bytes();
        for end in 0..bytes.len() {
            assert!(drain(&bytes[..end]).is_err());
        }
        for position in 0..bytes.len() {
            for wrong in [0, 1, 0x7f, 0x80, 0xff] {
                let mut hostile = bytes.to_vec();
                hostile[position] = wrong;
                // Any answer but a panic.
                let _ = drain(&hostile);
            }
        }
    }

    #[test]
    fn of_keys_that_are_alike_the_last_counts() {
        for count in [3, 40] {
            let mut bytes = vec![0; 4];
            for number in (0..count).chain([1]) {
                bytes.extend_from_slice(format!("\x10k{number}\0").as_bytes());
                bytes.extend_from_slice(&(bytes.len() as i32).to_le_bytes());
            }
            bytes.push(0);
            let length = bytes.len() as i32;
            bytes[..4].copy_from_slice(&length.to_le_bytes());
            let found = unique(&bytes).unwrap();
            assert_eq!(found.len(), count);
            assert_eq!(found[1].key, b"k1");
            assert!(found[1].value > found[2].value);
        }
    }
}
