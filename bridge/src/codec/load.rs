//! Stored bytes to instances of a layout's class.

use pyo3::intern;
use pyo3::prelude::*;
use pyo3::types::{PyBytes, PyDict, PySet};
use smallvec::SmallVec;

use super::convert::Fit;
use super::field::Default;
use super::layout::{Definition, Extra, Layout};
use super::reader::{Elements, malformed};
use super::scope::Scope;
use super::{decode, instance, types};
use crate::errors::raise;

/// The values of a document's fields, in their order; most classes have fewer, and need no allocation.
type Values<'py> = SmallVec<[Option<Bound<'py, PyAny>>; 16]>;

impl Layout {
    pub fn decode_bytes<'py>(&self, scope: Scope<'_, 'py>, document: &[u8]) -> PyResult<Bound<'py, PyAny>> {
        let py = scope.py;
        if let Some(family) = self.family.get() {
            return family.choose(py, document)?.get().decode_bytes(scope, document);
        }
        let definition = self.definition()?;
        let fast = if definition.validated { None } else { self.fast(scope, definition, document)? };
        let built = match fast {
            Some(built) => built,
            None => self.validate(py, definition, document)?,
        };
        if definition.keeps_image {
            types::slots(py)?.image.set(&built, PyBytes::new(py, document).as_any())?;
        }
        Ok(built)
    }

    /// A nested model; its own misfit sends the whole document to pydantic.
    pub fn nested<'py>(&self, scope: Scope<'_, 'py>, document: &[u8]) -> Fit<'py> {
        let definition = self.definition()?;
        if definition.validated { Ok(None) } else { self.fast(scope, definition, document) }
    }

    /// The instance built directly, or None when the bytes do not fit the layout.
    fn fast<'py>(&self, scope: Scope<'_, 'py>, definition: &Definition, document: &[u8]) -> Fit<'py> {
        let (py, fields) = (scope.py, &definition.fields);
        let mut values = Values::new();
        values.resize_with(fields.len(), || None);
        let mut extra: Option<Bound<'py, PyDict>> = None;
        let mut predicted = 0;
        let mut elements = Elements::new(document).map_err(|problem| malformed(py, problem))?;
        loop {
            let expected = fields.get(predicted).map_or(&[][..], |field| &field.terminated_key);
            let Some((element, met)) = elements.next_predicted(expected).map_err(|problem| malformed(py, problem))?
            else {
                break;
            };
            let position = if met { Some(predicted) } else { definition.by_key.get(element.key).copied() };
            let Some(position) = position else {
                if definition.is_tag(element.key) {
                    continue;
                }
                match definition.extra {
                    Extra::Ignore => continue,
                    Extra::Forbid => return Ok(None),
                    Extra::Allow => {
                        let value = decode::value(scope, element.kind, element.value)?;
                        extra.get_or_insert_with(|| PyDict::new(py)).set_item(scope.key(element.key)?, value)?;
                        continue;
                    }
                }
            };
            let Some(value) = fields[position].converter.convert(scope, &element)? else { return Ok(None) };
            values[position] = Some(value);
            predicted = position + 1;
        }
        self.build(py, definition, values, extra)
    }

    fn build<'py>(
        &self,
        py: Python<'py>,
        definition: &Definition,
        values: Values<'py>,
        extra: Option<Bound<'py, PyDict>>,
    ) -> Fit<'py> {
        let built = instance::new(self.class.bind(py))?;
        let present = present(py, definition, &values, extra.as_ref())?;
        for (field, value) in definition.fields.iter().zip(values) {
            let value = match (value, &field.default) {
                (Some(value), _) => value,
                (None, Default::Required) => return Ok(None),
                (None, Default::Value(value)) => value.bind(py).clone(),
                (None, Default::Factory(factory)) => factory.bind(py).call0()?,
            };
            instance::set(&built, field.name.bind(py), &value)?;
        }
        self.complete(&built, definition, &present, extra, None)?;
        Ok(Some(built))
    }

    /// Gives a new instance everything but its fields; a lazy one, the layout that they are still to be decoded by.
    pub fn complete<'py>(
        &self,
        built: &Bound<'py, PyAny>,
        definition: &Definition,
        present: &Bound<'py, PySet>,
        extra: Option<Bound<'py, PyDict>>,
        pending: Option<&Bound<'py, Self>>,
    ) -> PyResult<()> {
        let py = built.py();
        let slots = types::slots(py)?;
        let none = py.None().into_bound(py);
        let extra = match (definition.extra, extra) {
            (Extra::Allow, extra) => extra.unwrap_or_else(|| PyDict::new(py)).into_any(),
            _ => none.clone(),
        };
        let private = match &definition.private {
            Some(make) => make.bind(py).call0()?,
            None => none.clone(),
        };
        slots.fields_set.set(built, present.as_any())?;
        slots.extra.set(built, &extra)?;
        slots.private.set(built, &private)?;
        if definition.keeps_image {
            slots.pending.set(built, pending.map_or(&none, |layout| layout.as_any()))?;
        }
        Ok(())
    }

    /// The instance as pydantic builds it, or an error that names the document.
    fn validate<'py>(&self, py: Python<'py>, definition: &Definition, bytes: &[u8]) -> PyResult<Bound<'py, PyAny>> {
        let scope = Scope::alone(py);
        let document = decode::document(scope, bytes)?;
        if let Some(tag) = definition.tag.as_ref().filter(|tag| document.contains(&tag.key).unwrap_or(false)) {
            document.del_item(&tag.key)?;
        }
        let id = document.get_item("_id")?;
        let declared = self.class.bind(py).getattr(intern!(py, "__pydantic_fields__"))?;
        for field in definition.stored() {
            let key = scope.key(field.key())?;
            let Some(value) = document.get_item(&key)? else { continue };
            let name = field.name.bind(py);
            // pydantic reads ids, and fields with an alias for dumps alone, by their names.
            let renamed = field.key() == b"_id"
                || declared.get_item(name)?.getattr("validation_alias")?.is_none() && !key.is(name);
            if renamed {
                document.del_item(&key)?;
            }
            let value = if field.converter.is_any() { value } else { decode::with_decimals(value)? };
            document.set_item(if renamed { name } else { &key }, value)?;
        }
        let wrong = match self.class.bind(py).call_method1(intern!(py, "model_validate"), (document,)) {
            Ok(instance) => return Ok(instance),
            Err(wrong) => wrong,
        };
        let invalid = py.import("pydantic")?.getattr("ValidationError")?;
        if !wrong.is_instance(py, &invalid) {
            return Err(wrong);
        }
        let location = first_location(wrong.value(py)).unwrap_or_default();
        let details = PyDict::new(py);
        details.set_item("document_id", &id)?;
        details.set_item("path", &location)?;
        let shown = id.map_or_else(|| Ok("without _id".to_owned()), |id| id.repr().map(|id| id.to_string()))?;
        let class = self.class.bind(py).name()?;
        let message = format!("the stored document {shown} does not fit {class} at '{location}': {}", wrong.value(py));
        let error = raise(py, "DecodeError", &message, Some(&details));
        error.set_cause(py, Some(wrong));
        Err(error)
    }
}

/// The names of the fields that were stored: `model_fields_set`.
fn present<'py>(
    py: Python<'py>,
    definition: &Definition,
    values: &[Option<Bound<'py, PyAny>>],
    extra: Option<&Bound<'py, PyDict>>,
) -> PyResult<Bound<'py, PySet>> {
    let stored = definition.stored();
    if extra.is_none() && values[..stored.len()].iter().all(Option::is_some) {
        return definition.all_present(py);
    }
    let present = PySet::empty(py)?;
    for (field, _) in stored.iter().zip(values).filter(|(_, value)| value.is_some()) {
        present.add(field.name.bind(py))?;
    }
    for name in extra.into_iter().flat_map(|extra| extra.keys()) {
        present.add(name)?;
    }
    Ok(present)
}

fn first_location(wrong: &Bound<'_, PyAny>) -> Option<String> {
    let first = wrong.call_method0("errors").ok()?.get_item(0).ok()?;
    let parts: Vec<_> = first.get_item("loc").ok()?.try_iter().ok()?.filter_map(Result::ok).collect();
    Some(parts.iter().map(ToString::to_string).collect::<Vec<_>>().join("."))
}
