//! Checks and writes values in one walk, where a look at their types is a whole check.
//!
//! The answer is the bytes that the general writer gives to what fits, or nothing: then that one, behind pydantic's check,
//! writes or says what is wrong. So no error is raised here, and no path is kept for one.

use bson::spec::ElementType;
use pyo3::exceptions::PyException;
use pyo3::prelude::*;
use pyo3::type_object::PyTypeInfo;
use pyo3::types::{PyBool, PyDateTime, PyDict, PyFloat, PyInt, PyList, PyString, PyType};

use super::encode;
use super::fit::{Fit, fits};
use super::path::Path;
use super::scalar::{self, Buffer, Positions};
use super::shape::{Model, Shape};
use super::{ids, types};

/// How the values of an exact class are written.
#[derive(Clone, Copy)]
pub enum Scalar {
    Bool,
    Int,
    Float,
    Text,
    Moment,
    ObjectId,
    /// As the general writer does it.
    Other,
}

impl Scalar {
    pub fn of(class: &Bound<'_, PyType>) -> PyResult<Self> {
        let py = class.py();
        Ok(if class.is(PyBool::type_object(py)) {
            Self::Bool
        } else if class.is(PyInt::type_object(py)) {
            Self::Int
        } else if class.is(PyFloat::type_object(py)) {
            Self::Float
        } else if class.is(PyString::type_object(py)) {
            Self::Text
        } else if class.is(PyDateTime::type_object(py)) {
            Self::Moment
        } else if class.is(&types::get(py)?.object_id) {
            Self::ObjectId
        } else {
            Self::Other
        })
    }

    fn write(self, buffer: &mut Buffer, key: &[u8], value: &Bound<'_, PyAny>, path: &Path<'_>) -> PyResult<()> {
        match self {
            Self::Bool => scalar::boolean(buffer, key, value.cast::<PyBool>()?.is_true()),
            Self::Int => scalar::integer(buffer, key, value, path)?,
            Self::Float => scalar::double(buffer, key, value.cast::<PyFloat>()?.value()),
            Self::Text => scalar::text(buffer, key, value.cast()?, path)?,
            Self::Moment => scalar::moment(buffer, key, value.cast()?)?,
            Self::ObjectId => scalar::object_id(buffer, key, value)?,
            Self::Other => encode::element(buffer, key, value, path)?,
        }
        Ok(())
    }
}

impl Fit {
    /// Writes an instance that fits; with this id if it has none of its own.
    ///
    /// # Returns
    /// False when it does not fit or cannot be written so; the buffer is then as it was.
    pub fn write(
        &self,
        buffer: &mut Buffer,
        instance: &Bound<'_, PyAny>,
        new_id: Option<&ids::Bytes>,
    ) -> PyResult<bool> {
        let Shape::Model(model) = &self.shape else { return Ok(false) };
        let start = buffer.len();
        let written = match model.write(buffer, instance, &Path::root(""), new_id) {
            // What cannot be written, and user code that fails, is met again by the general writer.
            Err(error) if error.is_instance_of::<PyException>(instance.py()) => false,
            other => other?,
        };
        if !written {
            buffer.truncate(start);
        }
        Ok(written)
    }
}

impl Model {
    /// Writes the document, without tag and key.
    fn write(
        &self,
        buffer: &mut Buffer,
        instance: &Bound<'_, PyAny>,
        path: &Path<'_>,
        new_id: Option<&ids::Bytes>,
    ) -> PyResult<bool> {
        let py = instance.py();
        let definition = self.layout.get().definition()?;
        let Some(values) = self.values(instance, definition)? else { return Ok(false) };
        let path = &path.dropping_nulls(definition.drops_nulls);
        let mut tag = definition.tag.as_ref();
        let start = scalar::open(buffer);
        for (field, shape) in definition.fields.iter().zip(&self.fields) {
            let Some(value) = values.get(field.name.bind(py))? else { return Ok(false) };
            if let Some(tag) = tag.take_if(|_| field.key() != b"_id") {
                buffer.extend_from_slice(&tag.element);
            }
            let written = match new_id {
                Some(id) if field.key() == b"_id" && value.is_none() => {
                    scalar::head(buffer, ElementType::ObjectId, b"_id");
                    buffer.extend_from_slice(id);
                    true
                }
                _ if !field.is_stored() => fits(shape, &value)?,
                _ if field.is_left_out(&value, path) => fits(shape, &value)?,
                _ if field.is_written_as_it_is() => write(shape, buffer, field.key(), &value, &path.child(""))?,
                _ => {
                    field.encode(buffer, instance, &value, path)?;
                    fits(shape, &value)?
                }
            };
            if !written {
                return Ok(false);
            }
        }
        if let Some(tag) = tag {
            buffer.extend_from_slice(&tag.element);
        }
        scalar::close(py, buffer, start, path)?;
        Ok(true)
    }
}

/// Writes an element whose value fits; false where it does not.
fn write(shape: &Shape, buffer: &mut Buffer, key: &[u8], value: &Bound<'_, PyAny>, path: &Path<'_>) -> PyResult<bool> {
    let py = value.py();
    match shape {
        Shape::Any => encode::element(buffer, key, value, path)?,
        Shape::Exact(class, _) if !value.get_type().is(class) => return Ok(false),
        Shape::Exact(_, scalar) => scalar.write(buffer, key, value, path)?,
        Shape::Nullable(_) if value.is_none() => scalar::null(buffer, key),
        Shape::Nullable(of) => return write(of, buffer, key, value, path),
        Shape::List(of) => {
            let Ok(items) = value.cast_exact::<PyList>() else { return Ok(false) };
            return write_list(of, buffer, key, items, path);
        }
        Shape::Dict(keys, values) => {
            let Ok(entries) = value.cast_exact::<PyDict>() else { return Ok(false) };
            return write_dict((keys, values), buffer, key, entries, path);
        }
        Shape::Union(choices) => {
            let start = buffer.len();
            for choice in choices {
                if write(choice, buffer, key, value, path)? {
                    return Ok(true);
                }
                buffer.truncate(start);
            }
            return Ok(false);
        }
        Shape::Where(of, condition) => return Ok(write(of, buffer, key, value, path)? && condition.holds(value)?),
        Shape::Made(_) | Shape::Unknown => return Ok(false),
        Shape::Model(model) => {
            scalar::deeper(path, py)?;
            scalar::head(buffer, ElementType::EmbeddedDocument, key);
            return model.write(buffer, value, path, None);
        }
    }
    Ok(true)
}

fn write_list(
    of: &Shape,
    buffer: &mut Buffer,
    key: &[u8],
    items: &Bound<'_, PyList>,
    path: &Path<'_>,
) -> PyResult<bool> {
    let py = items.py();
    scalar::deeper(path, py)?;
    scalar::head(buffer, ElementType::Array, key);
    let start = scalar::open(buffer);
    let mut positions = Positions::new();
    for item in items {
        if !write(of, buffer, positions.current().as_bytes(), &item, &path.child(""))? {
            return Ok(false);
        }
        positions.advance();
    }
    scalar::close(py, buffer, start, path)?;
    Ok(true)
}

/// Keys that are no texts are left to the general writer.
fn write_dict(
    (of_keys, of_values): (&Shape, &Shape),
    buffer: &mut Buffer,
    key: &[u8],
    entries: &Bound<'_, PyDict>,
    path: &Path<'_>,
) -> PyResult<bool> {
    let py = entries.py();
    scalar::deeper(path, py)?;
    scalar::head(buffer, ElementType::EmbeddedDocument, key);
    let start = scalar::open(buffer);
    for (name, item) in entries {
        let Ok(text) = name.cast_exact::<PyString>() else { return Ok(false) };
        let inner = path.child("");
        let text = scalar::utf8(text, &inner)?.as_bytes();
        if text.contains(&0) || !fits(of_keys, &name)? || !write(of_values, buffer, text, &item, &inner)? {
            return Ok(false);
        }
    }
    scalar::close(py, buffer, start, path)?;
    Ok(true)
}
