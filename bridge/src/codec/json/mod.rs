//! Stored bytes to JSON, as `model_dump_json(by_alias=True)` of the loaded document writes it.
//!
//! What pydantic alone can write (serializers and computed fields of the user's, sets, values that do not fit) is left
//! to it, for that document.

mod scalars;

use std::collections::HashMap;

use bson::spec::ElementType;
use pyo3::intern;
use pyo3::prelude::*;
use pyo3::types::{PyDict, PyString};

use super::convert::{Converter, integer, number, uuid_bytes};
use super::decimal::Finite;
use super::field::Default;
use super::layout::{Definition, Extra, Layout};
use super::reader::{DEEPEST, Element, Elements, malformed, text, unique};
use super::scope::Scope;
use super::{links, time};
use crate::errors::raise;

/// How a class's documents look in JSON.
pub struct Shape {
    /// In the order of the layout's fields.
    fields: Vec<Shown>,
}

struct Shown {
    /// The name and the colon; none of a field that is left out.
    label: Option<Vec<u8>>,
    /// The value of a document without the field, where it is the same for all.
    default: Option<Vec<u8>>,
}

impl Shape {
    /// Asks Python how the class is dumped; None where only pydantic knows.
    pub fn of(layout: &Layout, definition: &Definition, py: Python<'_>) -> PyResult<Option<Self>> {
        let direct = definition.fields.iter().all(|field| !field.is_stored() || is_direct(&field.converter));
        if definition.validated || definition.extra == Extra::Allow || !direct {
            return Ok(None);
        }
        let shape_of = py.import("data_bridge.json_shape")?.getattr("shape_of")?;
        let Some(shown) = shape_of.call1((&layout.class,))?.extract::<Option<HashMap<String, _>>>()? else {
            return Ok(None);
        };
        let fields = definition.fields.iter().map(|field| {
            let (label, default) = shown.get(&field.name.bind(py).to_cow()?.into_owned()).cloned().unwrap_or_default();
            Ok(Shown { label, default })
        });
        Ok(Some(Self { fields: fields.collect::<PyResult<_>>()? }))
    }
}

/// Whether values that the converter takes can be written without pydantic.
fn is_direct(converter: &Converter) -> bool {
    match converter {
        Converter::List(inner) | Converter::Tuple(inner) | Converter::Dict(inner) | Converter::Optional(inner) => {
            is_direct(inner)
        }
        Converter::Set(_) | Converter::FrozenSet(_) | Converter::Text(_) | Converter::Validate(_) => false,
        _ => true,
    }
}

/// Whether it was written; false where only pydantic knows how.
type Wrote = PyResult<bool>;

/// Appends a document of the layout's class. What was appended before an error, or by halves, is taken away.
pub fn document(py: Python<'_>, layout: &Layout, bytes: &[u8], out: &mut Vec<u8>) -> PyResult<()> {
    let start = out.len();
    let wrote = Writer { py, out }.model(layout, bytes, 0);
    if !matches!(wrote, Ok(true)) {
        out.truncate(start);
    }
    if wrote? {
        return Ok(());
    }
    let keywords = PyDict::new(py);
    keywords.set_item(intern!(py, "by_alias"), true)?;
    let document = layout.decode_bytes(Scope::alone(py), bytes)?;
    let text = document.call_method(intern!(py, "model_dump_json"), (), Some(&keywords))?;
    out.extend_from_slice(text.cast::<PyString>()?.to_str()?.as_bytes());
    Ok(())
}

/// Appends a document of no class, such as a row of a pipeline.
///
/// Ids and Decimal128 are written as texts, binary values in base64.
pub fn row(py: Python<'_>, bytes: &[u8], out: &mut Vec<u8>) -> PyResult<()> {
    let start = out.len();
    let wrote = Writer { py, out }.map(bytes, 0, &mut |writer, element| writer.loose(element, 1));
    if wrote.is_err() {
        out.truncate(start);
    }
    wrote.map(drop)
}

struct Writer<'a, 'py> {
    py: Python<'py>,
    out: &'a mut Vec<u8>,
}

impl Writer<'_, '_> {
    fn malformed(&self, problem: &str) -> PyErr {
        malformed(self.py, problem)
    }

    fn model(&mut self, layout: &Layout, bytes: &[u8], depth: usize) -> Wrote {
        self.check_depth(depth)?;
        if let Some(family) = layout.family.get() {
            return self.model(family.choose(self.py, bytes)?.get(), bytes, depth);
        }
        let definition = layout.definition()?;
        let Some(shape) = layout.json_shape(self.py)? else { return Ok(false) };
        let mut values: Vec<Option<Element<'_>>> = Vec::with_capacity(definition.fields.len());
        values.resize_with(definition.fields.len(), || None);
        let mut predicted = 0;
        let mut elements = Elements::new(bytes).map_err(|problem| self.malformed(problem))?;
        loop {
            let expected = definition.fields.get(predicted).map_or(&[][..], |field| &field.terminated_key);
            let next = elements.next_predicted(expected).map_err(|problem| self.malformed(problem))?;
            let Some((element, met)) = next else { break };
            let position = if met { Some(predicted) } else { definition.by_key.get(element.key).copied() };
            match position {
                Some(position) => {
                    values[position] = Some(element);
                    predicted = position + 1;
                }
                None if definition.extra == Extra::Forbid && !definition.is_tag(element.key) => return Ok(false),
                None => {}
            }
        }
        let opening = self.out.len();
        self.out.push(b'{');
        for ((field, shown), value) in definition.fields.iter().zip(&shape.fields).zip(values) {
            // What is left out must fit all the same.
            let before = self.out.len();
            if before > opening + 1 {
                self.out.push(b',');
            }
            self.out.extend_from_slice(shown.label.as_deref().unwrap_or_default());
            match (value, &shown.default) {
                (Some(element), _) => {
                    if !self.value(&field.converter, &element, depth + 1)? {
                        return Ok(false);
                    }
                }
                (None, Some(default)) => self.out.extend_from_slice(default),
                (None, None) if shown.label.is_none() && !matches!(field.default, Default::Required) => {}
                (None, None) => return Ok(false),
            }
            if shown.label.is_none() {
                self.out.truncate(before);
            }
        }
        self.out.push(b'}');
        Ok(true)
    }

    /// A value of a field; false where it does not fit.
    fn value(&mut self, converter: &Converter, element: &Element<'_>, depth: usize) -> Wrote {
        let kind = element.kind;
        match converter {
            Converter::Any => self.strict(element, depth),
            Converter::Bool if kind == ElementType::Boolean => self.strict(element, depth),
            Converter::Int => match integer(element) {
                Some(number) => self.integer(number),
                None => Ok(false),
            },
            Converter::Float => match number(element) {
                Some(number) => self.float(number),
                None => Ok(false),
            },
            Converter::Str if kind == ElementType::String => self.text(element.value),
            Converter::Bytes if kind == ElementType::Binary && element.value.get(4) == Some(&0) => {
                self.strict(element, depth)
            }
            Converter::ObjectId if kind == ElementType::ObjectId => self.object_id(element.value),
            Converter::Datetime if kind == ElementType::DateTime => self.datetime(element.value),
            Converter::Date if kind == ElementType::DateTime => match time::calendar_day(element.value) {
                Some((year, month, day)) => self.shown(format_args!("\"{year:04}-{month:02}-{day:02}\"")),
                None => Ok(false),
            },
            Converter::Time if kind == ElementType::String => {
                let known = text(element.value).map_err(|problem| self.malformed(problem))?;
                let Some((.., micros)) = time::clock(known) else { return Ok(false) };
                // pydantic leaves a fraction of nothing out.
                self.string(if micros == 0 { &known[..8] } else { known })
            }
            Converter::Span => match number(element).and_then(time::span) {
                Some(span) => self.span(span),
                None => Ok(false),
            },
            Converter::Decimal if kind == ElementType::Decimal128 => match Finite::read(element.value) {
                Some(finite) => self.shown(format_args!("\"{finite}\"")),
                None => Ok(false),
            },
            Converter::Uuid if kind == ElementType::Binary => self.uuid(element),
            Converter::Members(members) if members.find(element).is_some() => self.strict(element, depth),
            Converter::Optional(_) if kind == ElementType::Null => self.plain(b"null"),
            Converter::Optional(inner) => self.value(inner, element, depth),
            Converter::List(inner) | Converter::Tuple(inner) if kind == ElementType::Array => {
                self.items(element.value, depth, &mut |writer, item| writer.value(inner, item, depth + 1))
            }
            Converter::Dict(inner) if kind == ElementType::EmbeddedDocument => {
                self.map(element.value, depth, &mut |writer, item| writer.value(inner, item, depth + 1))
            }
            Converter::Model(layout) if kind == ElementType::EmbeddedDocument => {
                self.model(layout.get(), element.value, depth)
            }
            Converter::Link(_) => self.link(element),
            _ => Ok(false),
        }
    }

    /// A value of no declared type, as pydantic writes what it was loaded as.
    fn strict(&mut self, element: &Element<'_>, depth: usize) -> Wrote {
        match element.kind {
            ElementType::String | ElementType::Symbol => self.text(element.value),
            ElementType::Int32 | ElementType::Int64 => self.integer(integer(element).unwrap_or_default()),
            ElementType::Double => self.float(number(element).unwrap_or_default()),
            ElementType::Boolean => match element.value {
                [0] => self.plain(b"false"),
                [1] => self.plain(b"true"),
                _ => Err(self.malformed("a boolean is neither 0 nor 1")),
            },
            ElementType::Null | ElementType::Undefined => self.plain(b"null"),
            ElementType::DateTime => self.datetime(element.value),
            ElementType::Array => self.items(element.value, depth, &mut |writer, item| writer.strict(item, depth + 1)),
            ElementType::EmbeddedDocument => {
                // References come back as objects that pydantic does not write.
                if links::is_reference(element.value).map_err(|problem| self.malformed(problem))? {
                    return Ok(false);
                }
                self.map(element.value, depth, &mut |writer, item| writer.strict(item, depth + 1))
            }
            ElementType::Binary => match element.value {
                [_, _, _, _, 0, bytes @ ..] => match std::str::from_utf8(bytes) {
                    Ok(text) => self.string(text),
                    Err(_) => Ok(false),
                },
                _ => self.uuid(element),
            },
            _ => Ok(false),
        }
    }

    /// A value of a row: what pydantic would not write has a form too, or is refused.
    fn loose(&mut self, element: &Element<'_>, depth: usize) -> Wrote {
        let wrote = match element.kind {
            ElementType::ObjectId => self.object_id(element.value)?,
            ElementType::Decimal128 => match Finite::read(element.value) {
                Some(finite) => self.shown(format_args!("\"{finite}\""))?,
                None => self.plain(b"null")?,
            },
            ElementType::Array => {
                self.items(element.value, depth, &mut |writer, item| writer.loose(item, depth + 1))?
            }
            ElementType::EmbeddedDocument => {
                self.map(element.value, depth, &mut |writer, item| writer.loose(item, depth + 1))?
            }
            ElementType::Binary if uuid_bytes(element).is_none() => {
                let bytes = element.value.get(5..).unwrap_or_default();
                self.base64(bytes)?
            }
            _ => self.strict(element, depth)?,
        };
        if wrote {
            return Ok(true);
        }
        let key = String::from_utf8_lossy(element.key);
        let problem = format!("{key}: a value of BSON type {:?} has no form in JSON", element.kind);
        let details = PyDict::new(self.py);
        details.set_item("path", &key)?;
        Err(raise(self.py, "DecodeError", &problem, Some(&details)))
    }

    fn items(&mut self, bytes: &[u8], depth: usize, write: &mut dyn FnMut(&mut Self, &Element<'_>) -> Wrote) -> Wrote {
        self.check_depth(depth)?;
        self.out.push(b'[');
        let mut elements = Elements::new(bytes).map_err(|problem| self.malformed(problem))?;
        let mut first = true;
        while let Some(item) = elements.next().map_err(|problem| self.malformed(problem))? {
            if !std::mem::replace(&mut first, false) {
                self.out.push(b',');
            }
            if !write(self, &item)? {
                return Ok(false);
            }
        }
        self.out.push(b']');
        Ok(true)
    }

    fn map(&mut self, bytes: &[u8], depth: usize, write: &mut dyn FnMut(&mut Self, &Element<'_>) -> Wrote) -> Wrote {
        self.check_depth(depth)?;
        self.out.push(b'{');
        for (position, item) in unique(bytes).map_err(|problem| self.malformed(problem))?.iter().enumerate() {
            if position > 0 {
                self.out.push(b',');
            }
            let key = std::str::from_utf8(item.key).map_err(|_| self.malformed("a key is not UTF-8"))?;
            self.string(key)?;
            self.out.push(b':');
            if !write(self, item)? {
                return Ok(false);
            }
        }
        self.out.push(b'}');
        Ok(true)
    }

    fn check_depth(&self, depth: usize) -> PyResult<()> {
        if depth > DEEPEST { Err(self.malformed("a document is nested too deep")) } else { Ok(()) }
    }

    fn link(&mut self, element: &Element<'_>) -> Wrote {
        let id = match element.kind {
            ElementType::EmbeddedDocument => {
                links::referred(element.value).map_err(|problem| self.malformed(problem))?
            }
            _ => None,
        };
        let id = id.as_ref().unwrap_or(element);
        match id.kind {
            ElementType::ObjectId => self.object_id(id.value),
            ElementType::Binary => self.uuid(id),
            ElementType::String
            | ElementType::Int32
            | ElementType::Int64
            | ElementType::Double
            | ElementType::Boolean => self.strict(id, 0),
            _ => Ok(false),
        }
    }
}
