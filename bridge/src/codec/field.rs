//! One field of a class: how it is stored.

use pyo3::prelude::*;
use pyo3::types::{PyString, PyTuple};

use super::convert::Converter;
use super::encode;
use super::links::{self, LinkForm};
use super::path::Path;
use super::reader::Element;
use super::scalar::Buffer;
use super::scope::Scope;

pub enum Default {
    Required,
    Value(Py<PyAny>),
    Factory(Py<PyAny>),
}

impl Default {
    /// What a field without a value gets; None where it needs one.
    pub fn value<'py>(&self, py: Python<'py>) -> PyResult<Option<Bound<'py, PyAny>>> {
        match self {
            Self::Required => Ok(None),
            Self::Value(value) => Ok(Some(value.bind(py).clone())),
            Self::Factory(factory) => factory.bind(py).call0().map(Some),
        }
    }
}

pub struct Field {
    /// The stored name and the NUL that ends it in BSON; empty for a field that is not stored.
    pub terminated_key: Vec<u8>,
    pub name: Py<PyString>,
    pub converter: Converter,
    pub default: Default,
    /// Gives what is stored of an instance's value, where pydantic has its own way.
    serializer: Option<Py<PyAny>>,
    /// A missing value is left out instead of stored as null.
    omit_none: bool,
    /// A missing value is read back as None, so that leaving None out loses nothing.
    none_when_missing: bool,
    /// The field holds links, stored in this form.
    links: Option<LinkForm>,
}

impl Field {
    /// (stored name, attribute, converter, default, serializer, omit_none, link form); not stored without a stored name.
    pub fn read(field: &Bound<'_, PyAny>) -> PyResult<Self> {
        type Spec<'py> = (
            Option<String>,
            Bound<'py, PyString>,
            Bound<'py, PyTuple>,
            Option<(String, Py<PyAny>)>,
            Option<Py<PyAny>>,
            bool,
            Option<LinkForm>,
        );
        let (key, name, converter, default, serializer, omit_none, links): Spec<'_> = field.extract()?;
        let default = match default {
            None => Default::Required,
            Some((kind, value)) if kind == "value" => Default::Value(value),
            Some((_, factory)) => Default::Factory(factory),
        };
        let py = name.py();
        let none_when_missing = matches!(&default, Default::Value(value) if value.is_none(py));
        let name = PyString::intern(py, name.to_str()?).unbind();
        let converter = Converter::read(&converter)?;
        let terminated_key = key.map_or_else(Vec::new, |key| [key.as_bytes(), &[0]].concat());
        Ok(Self { terminated_key, name, converter, default, serializer, omit_none, none_when_missing, links })
    }

    pub fn key(&self) -> &[u8] {
        self.terminated_key.strip_suffix(&[0]).unwrap_or_default()
    }

    pub fn is_stored(&self) -> bool {
        !self.terminated_key.is_empty()
    }

    /// Whether nothing is stored of the value; `path` is that of the document.
    pub fn is_left_out(&self, value: &Bound<'_, PyAny>, path: &Path<'_>) -> bool {
        (self.omit_none || (self.none_when_missing && path.drops_nulls())) && value.is_none()
    }

    /// Whether its values are stored as the codec writes them anywhere.
    pub fn is_written_as_it_is(&self) -> bool {
        self.serializer.is_none() && self.links.is_none()
    }

    /// Writes the element of an instance's value; `path` is that of the document.
    pub fn encode(
        &self,
        buffer: &mut Buffer,
        instance: &Bound<'_, PyAny>,
        value: &Bound<'_, PyAny>,
        path: &Path<'_>,
    ) -> PyResult<()> {
        let Some(serializer) = &self.serializer else { return self.encode_plain(buffer, value, path) };
        if self.is_left_out(value, path) {
            return Ok(());
        }
        let stored = serializer.bind(value.py()).call1((instance,))?;
        encode::element(buffer, self.key(), &stored, &self.place(path))
    }

    /// Writes the element of a value that no function of the user's changes.
    fn encode_plain(&self, buffer: &mut Buffer, value: &Bound<'_, PyAny>, path: &Path<'_>) -> PyResult<()> {
        if self.is_left_out(value, path) {
            return Ok(());
        }
        let place = self.place(path);
        match &self.links {
            Some(form) => links::encode(buffer, self.key(), value, form, &place),
            None => encode::element(buffer, self.key(), value, &place),
        }
    }

    fn place<'a>(&'a self, path: &'a Path<'a>) -> Path<'a> {
        // Stored names come from UTF-8 Python text.
        path.child(std::str::from_utf8(self.key()).unwrap_or_default())
    }

    /// Whether the element is stored as it would be if it was read and written again.
    pub fn is_said(&self, py: Python<'_>, element: &Element<'_>, path: &Path<'_>) -> PyResult<bool> {
        // What a function of the user's stores may depend on other fields.
        if self.serializer.is_some() {
            return Ok(false);
        }
        let Some(value) = self.converter.convert(Scope::alone(py), element)? else { return Ok(false) };
        let mut again = Buffer::with_capacity(64);
        self.encode_plain(&mut again, &value, path)?;
        let Some((kind, rest)) = again.split_first() else { return Ok(false) };
        Ok(*kind == element.kind as u8 && rest.strip_prefix(&self.terminated_key[..]) == Some(element.value))
    }
}
