//! Stored bytes to instances of a layout's class.

use pyo3::prelude::*;
use pyo3::types::{PyBytes, PyDict, PySet, PyString};
use smallvec::SmallVec;

use super::convert::Fit;
use super::field::Field;
use super::instance::{Fresh, Instances};
use super::layout::{Definition, Extra, Layout};
use super::reader::{Elements, malformed};
use super::scope::Scope;
use super::{decode, types};
use crate::errors::raise;

/// The slots of documents that are filled here, in the order of `Layout::instances`; only stored ones have the last two.
#[derive(Clone, Copy)]
enum Own {
    FieldsSet,
    Extra,
    Private,
    Pending,
    Image,
}

/// Values that came before their turn, by position; most classes have fewer fields, and need no allocation.
type Early<'py> = SmallVec<[Option<Bound<'py, PyAny>>; 16]>;

/// An instance whose fields are set in the layout's order, which is that of its `__dict__`, whatever order they come in.
struct Building<'a, 'py> {
    definition: &'a Definition,
    fresh: Fresh<'a, 'py>,
    /// How many of the fields are set.
    set: usize,
    early: Early<'py>,
    extra: Option<Bound<'py, PyDict>>,
}

impl<'a, 'py> Building<'a, 'py> {
    fn new(definition: &'a Definition, fresh: Fresh<'a, 'py>) -> Self {
        Self { definition, fresh, set: 0, early: Early::new(), extra: None }
    }

    /// Sets the first field that is not set.
    #[inline]
    fn put_next(&mut self, field: &Field, value: &Bound<'py, PyAny>) -> PyResult<()> {
        self.set += 1;
        self.fresh.set(field.name.bind(value.py()), value)
    }

    fn put(&mut self, position: usize, value: Bound<'py, PyAny>) -> PyResult<()> {
        if position > self.set {
            if self.early.is_empty() {
                self.early.resize_with(self.definition.fields.len(), || None);
            }
            self.early[position] = Some(value);
            return Ok(());
        }
        self.set += usize::from(position == self.set);
        self.fresh.set(self.definition.fields[position].name.bind(value.py()), &value)
    }

    fn put_extra(&mut self, key: Bound<'py, PyString>, value: Bound<'py, PyAny>) -> PyResult<()> {
        self.extra.get_or_insert_with(|| PyDict::new(value.py())).set_item(key, value)
    }

    /// The instance with all its fields; None where one is missing that has no default.
    fn finish(mut self, py: Python<'py>, image: Option<Image<'_, 'py>>) -> Fit<'py> {
        let present = self.present(py)?;
        for position in self.set..self.definition.fields.len() {
            let field = &self.definition.fields[position];
            let value = match self.early.get_mut(position).and_then(Option::take) {
                Some(value) => Some(value),
                None => field.default.value(py)?,
            };
            let Some(value) = value else { return Ok(None) };
            self.fresh.set(field.name.bind(py), &value)?;
        }
        complete(self.fresh, self.definition, present, self.extra, image).map(Some)
    }

    /// The names of the fields that were stored: `model_fields_set`.
    fn present(&self, py: Python<'py>) -> PyResult<Bound<'py, PySet>> {
        // Most documents hold every field in its place, and each is asked for this.
        if self.extra.is_none() && self.set == self.definition.stored().len() {
            return self.definition.all_present(py);
        }
        let came = |position| position < self.set || matches!(self.early.get(position), Some(Some(_)));
        let present = self.definition.present(py, came)?;
        for name in self.extra.iter().flat_map(|extra| extra.keys()) {
            present.add(name)?;
        }
        Ok(present)
    }
}

/// What a stored document was loaded from.
pub struct Image<'a, 'py> {
    pub bytes: &'a [u8],
    /// The layout that the fields of a lazy document are still to be decoded by.
    pub pending: Option<&'a Bound<'py, Layout>>,
}

/// An instance with everything but its fields; without an image, one that stands in another.
pub fn complete<'py>(
    fresh: Fresh<'_, 'py>,
    definition: &Definition,
    present: Bound<'py, PySet>,
    extra: Option<Bound<'py, PyDict>>,
    image: Option<Image<'_, 'py>>,
) -> PyResult<Bound<'py, PyAny>> {
    let py = present.py();
    let none = || py.None().into_bound(py);
    let extra = match (definition.extra, extra) {
        (Extra::Allow, extra) => extra.unwrap_or_else(|| PyDict::new(py)).into_any(),
        _ => none(),
    };
    fresh.fill(Own::FieldsSet as usize, present.into_any());
    fresh.fill(Own::Extra as usize, extra);
    fresh.fill(Own::Private as usize, none());
    if definition.keeps_image {
        let pending = image.as_ref().and_then(|image| image.pending);
        fresh.fill(Own::Pending as usize, pending.map_or_else(none, |layout| layout.clone().into_any()));
        if let Some(image) = image {
            fresh.fill(Own::Image as usize, PyBytes::new(py, image.bytes).into_any());
        }
    }
    let made = fresh.finish();
    if let Some(initialize) = &definition.private {
        initialize.bind(py).call1((&made, py.None()))?;
    }
    Ok(made)
}

impl Layout {
    pub fn decode_bytes<'py>(&self, scope: Scope<'_, 'py>, document: &[u8]) -> PyResult<Bound<'py, PyAny>> {
        let py = scope.py;
        if let Some(family) = self.family.get() {
            return family.choose(py, document)?.get().decode_bytes(scope, document);
        }
        let definition = self.definition()?;
        let image = definition.keeps_image.then_some(Image { bytes: document, pending: None });
        if !definition.validated
            && let Some(built) = self.fast(scope, definition, document, image)?
        {
            return Ok(built);
        }
        let built = self.validate(py, definition, document)?;
        if definition.keeps_image {
            types::slots(py)?.image.set(&built, PyBytes::new(py, document).as_any())?;
        }
        Ok(built)
    }

    /// A nested model; its own misfit sends the whole document to pydantic.
    pub fn nested<'py>(&self, scope: Scope<'_, 'py>, document: &[u8]) -> Fit<'py> {
        let definition = self.definition()?;
        if definition.validated { Ok(None) } else { self.fast(scope, definition, document, None) }
    }

    /// An instance on which nothing is set; None of a class whose `__new__` gives something else.
    pub fn fresh<'py>(&self, py: Python<'py>, definition: &Definition) -> PyResult<Option<Fresh<'_, 'py>>> {
        self.instances(py, definition)?.make(py)
    }

    /// How instances are filled.
    pub fn instances(&self, py: Python<'_>, definition: &Definition) -> PyResult<&Instances> {
        let find = || {
            let slots = types::slots(py)?;
            let own = [&slots.fields_set, &slots.extra, &slots.private, &slots.pending, &slots.image];
            let own = if definition.keeps_image { &own[..] } else { &own[..Own::Pending as usize] };
            Instances::of(self.class.bind(py), own, definition.plain_attributes)
        };
        self.instances.get_or_try_init(py, find)
    }

    /// The instance built directly, or None when the bytes do not fit the layout.
    fn fast<'py>(
        &self,
        scope: Scope<'_, 'py>,
        definition: &Definition,
        document: &[u8],
        image: Option<Image<'_, 'py>>,
    ) -> Fit<'py> {
        let (py, fields) = (scope.py, &definition.fields);
        let Some(fresh) = self.fresh(py, definition)? else { return Ok(None) };
        let mut building = Building::new(definition, fresh);
        let mut elements = Elements::new(document).map_err(|problem| malformed(py, problem))?;
        // Most documents hold their fields in order, from the first on.
        for field in definition.stored() {
            let Some(element) = elements.next_if(&field.terminated_key) else { break };
            let Some(value) = field.converter.convert(scope, &element)? else { return Ok(None) };
            building.put_next(field, &value)?;
        }
        let mut predicted = building.set;
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
                if definition.is_misnamed(element.key) {
                    return Ok(None);
                }
                match definition.extra {
                    Extra::Ignore => continue,
                    Extra::Forbid => return Ok(None),
                    Extra::Allow => {
                        let value = decode::value(scope, element.kind, element.value)?;
                        building.put_extra(scope.key(element.key)?, value)?;
                        continue;
                    }
                }
            };
            let Some(value) = fields[position].converter.convert(scope, &element)? else { return Ok(None) };
            building.put(position, value)?;
            predicted = position + 1;
        }
        building.finish(py, image)
    }

    /// The instance as pydantic builds it, or an error that names the document.
    fn validate<'py>(&self, py: Python<'py>, definition: &Definition, bytes: &[u8]) -> PyResult<Bound<'py, PyAny>> {
        let scope = Scope::alone(py);
        let document = decode::document(scope, bytes)?;
        if let Some(tag) = definition.tag.as_ref().filter(|tag| document.contains(&tag.key).unwrap_or(false)) {
            document.del_item(&tag.key)?;
        }
        let id = document.get_item("_id")?;
        for field in definition.stored().iter().filter(|field| !field.converter.is_any()) {
            let key = scope.key(field.key())?;
            if let Some(value) = document.get_item(&key)? {
                document.set_item(&key, decode::with_decimals(value)?)?;
            }
        }
        let wrong = match definition.read.bind(py).call1((document,)) {
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

fn first_location(wrong: &Bound<'_, PyAny>) -> Option<String> {
    let first = wrong.call_method0("errors").ok()?.get_item(0).ok()?;
    let parts: Vec<_> = first.get_item("loc").ok()?.try_iter().ok()?.filter_map(Result::ok).collect();
    Some(parts.iter().map(ToString::to_string).collect::<Vec<_>>().join("."))
}
