//! The least changes that turn one document into another.

use std::collections::HashMap;
use std::ops::Range;

use bson::spec::ElementType;
use pyo3::prelude::*;
use pyo3::types::{PyBytes, PyDict};

use super::reader::{DEEPEST, Element, Elements, malformed};
use super::scope::Scope;
use super::{decode, document_to_raw, statement};
use crate::gate::guarded;

/// What differs between two states of a document. Nested documents are compared field by field, lists whole.
#[derive(Default)]
pub struct Difference {
    pub set: Vec<(Path, Span)>,
    pub unset: Vec<Path>,
}

/// A value, as a part of the document as it is now.
pub struct Span {
    pub kind: ElementType,
    place: Range<usize>,
}

impl Span {
    /// `element` is one of those of `document`.
    fn of_element(element: &Element<'_>, document: &[u8]) -> Self {
        // Both are parts of one slice.
        let start = element.value.as_ptr() as usize - document.as_ptr() as usize;
        Self { kind: element.kind, place: start..start + element.value.len() }
    }

    /// The value's bytes in its document.
    pub fn of<'a>(&self, document: &'a [u8]) -> &'a [u8] {
        document.get(self.place.clone()).unwrap_or_default()
    }

    pub fn len(&self) -> usize {
        self.place.len()
    }
}

pub struct Path {
    pub text: String,
    /// It is the name of one field, which an update would read as a path or an operator.
    pub is_name: bool,
}

impl Path {
    pub fn len(&self) -> usize {
        self.text.len()
    }

    /// The name of the document's field in which it is.
    pub fn field(&self) -> &str {
        if self.is_name { &self.text } else { self.text.split('.').next().unwrap_or_default() }
    }

    /// Whether it is the other, or stands above or below it.
    fn meets(&self, other: &Self) -> bool {
        let below = |long: &str, short: &str| long.strip_prefix(short).is_some_and(|rest| rest.starts_with('.'));
        let (own, other) = (self.text.as_str(), other.text.as_str());
        own == other || below(own, other) || below(other, own)
    }
}

impl Difference {
    pub fn between(now: &[u8], image: &[u8]) -> Result<Self, &'static str> {
        let mut found = Comparison { whole: now, difference: Self::default() };
        found.compare("", now, image, 0)?;
        Ok(found.difference)
    }

    /// Of this difference, what is at places of which the other says something too.
    pub fn also_in(mut self, other: &Self) -> Self {
        let known = |path: &Path| other.paths().any(|other| path.meets(other));
        self.set.retain(|(path, _)| known(path));
        self.unset.retain(known);
        self
    }

    pub fn paths(&self) -> impl Iterator<Item = &Path> {
        self.set.iter().map(|(path, _)| path).chain(&self.unset)
    }

    pub fn is_empty(&self) -> bool {
        self.set.is_empty() && self.unset.is_empty()
    }
}

/// What was found of a difference so far.
struct Comparison<'a> {
    /// The whole document as it is now.
    whole: &'a [u8],
    difference: Difference,
}

impl Comparison<'_> {
    /// Compares the documents that stand at a path, the present one a part of the whole.
    fn compare(&mut self, prefix: &str, now: &[u8], image: &[u8], depth: usize) -> Result<(), &'static str> {
        if depth > DEEPEST {
            return Err("a document is nested too deep");
        }
        let (set, unset) = (self.difference.set.len(), self.difference.unset.len());
        if self.compare_in_step(prefix, now, image, depth)? {
            return Ok(());
        }
        self.difference.set.truncate(set);
        self.difference.unset.truncate(unset);
        self.compare_by_name(prefix, now, image, depth)
    }

    /// True when both have the same fields in the same order, as documents that were only changed have.
    fn compare_in_step(&mut self, prefix: &str, now: &[u8], image: &[u8], depth: usize) -> Result<bool, &'static str> {
        let (mut now, mut image) = (Elements::new(now)?, Elements::new(image)?);
        while let Some((element, raw)) = now.next_raw()? {
            if image.skip_same(&raw) {
                continue;
            }
            match image.next()? {
                Some(old) if old.key == element.key => self.look(prefix, &element, Some(&old), depth)?,
                _ => return Ok(false),
            }
        }
        Ok(image.left() == 0)
    }

    fn compare_by_name(&mut self, prefix: &str, now: &[u8], image: &[u8], depth: usize) -> Result<(), &'static str> {
        let before = fields(image)?;
        let mut known: HashMap<&[u8], &Element<'_>> = before.iter().map(|element| (element.key, element)).collect();
        for element in fields(now)? {
            let old = known.remove(element.key);
            self.look(prefix, &element, old, depth)?;
        }
        for element in before.iter().filter(|element| known.contains_key(element.key)) {
            self.difference.unset.push(join(prefix, element.key)?);
        }
        Ok(())
    }

    /// Notes how a field differs from what it was.
    fn look(
        &mut self,
        prefix: &str,
        now: &Element<'_>,
        old: Option<&Element<'_>>,
        depth: usize,
    ) -> Result<(), &'static str> {
        if old.is_some_and(|old| old.kind == now.kind && old.value == now.value) {
            return Ok(());
        }
        let path = join(prefix, now.key)?;
        match old {
            Some(old) if !path.is_name && is_document(now) && is_document(old) && addressable(now, old)? => {
                self.compare(&path.text, now.value, old.value, depth + 1)
            }
            _ => {
                self.difference.set.push((path, Span::of_element(now, self.whole)));
                Ok(())
            }
        }
    }
}

/// What a write changes, or changed, in a stored document.
#[pyclass(frozen, module = "data_bridge._core")]
pub struct Changes {
    difference: Difference,
    now: Py<PyBytes>,
}

impl Changes {
    /// Of a difference between the document as it is now and another.
    pub fn new(difference: Difference, now: &Bound<'_, PyBytes>) -> Self {
        Self { difference, now: now.clone().unbind() }
    }

    pub fn is_empty(&self) -> bool {
        self.difference.is_empty()
    }
}

#[pymethods]
impl Changes {
    fn __bool__(&self) -> bool {
        !self.is_empty()
    }

    /// The new values by dotted path; None for what is removed.
    fn to_dict<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyDict>> {
        guarded(py, || {
            let dict = PyDict::new(py);
            let now = self.now.as_bytes(py);
            for (path, value) in &self.difference.set {
                dict.set_item(&path.text, decode::value(Scope::alone(py), value.kind, value.of(now))?)?;
            }
            self.difference.unset.iter().try_for_each(|path| dict.set_item(&path.text, py.None()))?;
            Ok(dict)
        })
    }

    /// The statement of an update command that makes the changes in the stored document, if it also has the values of
    /// the condition.
    #[pyo3(signature = (condition = None))]
    pub fn statement<'py>(
        &self,
        py: Python<'py>,
        condition: Option<&Bound<'py, PyDict>>,
    ) -> PyResult<Bound<'py, PyBytes>> {
        guarded(py, || {
            let condition = condition.map(|condition| document_to_raw(condition)).transpose()?.unwrap_or_default();
            let statement = statement::update(&self.difference, self.now.as_bytes(py), condition.as_bytes());
            Ok(PyBytes::new(py, &statement.map_err(|problem| malformed(py, problem))?))
        })
    }
}

/// What differs between two documents.
#[pyfunction]
pub fn changes(py: Python<'_>, now: &Bound<'_, PyBytes>, image: &[u8]) -> PyResult<Changes> {
    guarded(py, || {
        let difference = Difference::between(now.as_bytes(), image).map_err(|problem| malformed(py, problem))?;
        Ok(Changes::new(difference, now))
    })
}

fn fields(document: &[u8]) -> Result<Vec<Element<'_>>, &'static str> {
    let mut elements = Elements::new(document)?;
    let mut found = Vec::new();
    while let Some(element) = elements.next()? {
        found.push(element);
    }
    Ok(found)
}

fn is_document(element: &Element<'_>) -> bool {
    element.kind == ElementType::EmbeddedDocument
}

/// Whether every field of both can be named by a dotted path.
fn addressable(now: &Element<'_>, image: &Element<'_>) -> Result<bool, &'static str> {
    let all = |document: &[u8]| {
        let mut elements = Elements::new(document)?;
        let mut all = true;
        while let Some(element) = elements.next()? {
            all &= is_step(element.key);
        }
        Ok::<bool, &'static str>(all)
    };
    Ok(all(now.value)? && all(image.value)?)
}

/// Whether the name of a field can be a step of a path.
fn is_step(key: &[u8]) -> bool {
    !key.is_empty() && !key.starts_with(b"$") && !key.contains(&b'.')
}

fn join(prefix: &str, key: &[u8]) -> Result<Path, &'static str> {
    let text = std::str::from_utf8(key).map_err(|_| "a key is not UTF-8")?;
    Ok(if prefix.is_empty() {
        Path { text: text.to_owned(), is_name: !is_step(key) }
    } else {
        Path { text: format!("{prefix}.{text}"), is_name: false }
    })
}

#[cfg(test)]
mod tests {
    use bson::rawdoc;

    use super::*;

    fn paths(now: &bson::RawDocumentBuf, image: &bson::RawDocumentBuf) -> (Vec<String>, Vec<String>) {
        let Difference { set, unset } = Difference::between(now.as_bytes(), image.as_bytes()).unwrap();
        (set.into_iter().map(|(path, _)| path.text).collect(), unset.into_iter().map(|path| path.text).collect())
    }

    fn strings(items: &[&str]) -> Vec<String> {
        items.iter().map(|item| (*item).to_owned()).collect()
    }

    #[test]
    fn equal_documents_have_no_changes() {
        let document = rawdoc! { "a": 1, "b": { "c": [1, 2] } };
        assert_eq!(paths(&document, &document), (vec![], vec![]));
    }

    #[test]
    fn nested_fields_are_named_and_lists_set_whole() {
        let image = rawdoc! { "a": 1, "b": { "c": 1, "d": 2 }, "e": [1, 2], "gone": 1 };
        let now = rawdoc! { "a": 1, "b": { "c": 5, "d": 2 }, "e": [1, 3] };
        assert_eq!(paths(&now, &image), (strings(&["b.c", "e"]), strings(&["gone"])));
    }

    #[test]
    fn the_order_of_fields_is_no_change() {
        let image = rawdoc! { "a": 1, "b": { "c": 1, "d": 2 } };
        assert_eq!(paths(&rawdoc! { "b": { "d": 2, "c": 1 }, "a": 1 }, &image), (vec![], vec![]));
        assert_eq!(paths(&rawdoc! { "b": { "d": 2, "c": 5 }, "a": 2 }, &image), (strings(&["b.c", "a"]), vec![]));
    }

    #[test]
    fn what_differs_before_the_order_does_is_told_once() {
        let (now, image) = (rawdoc! { "a": 2, "n": { "x": 2, "z": 1 } }, rawdoc! { "a": 1, "n": { "x": 1, "y": 1 } });
        assert_eq!(paths(&now, &image), (strings(&["a", "n.x", "n.z"]), strings(&["n.y"])));
    }

    #[test]
    fn values_are_those_of_the_document_as_it_is_now() {
        let (now, image) = (rawdoc! { "b": { "c": "new" } }, rawdoc! { "b": { "c": "old" } });
        let difference = Difference::between(now.as_bytes(), image.as_bytes()).unwrap();
        assert_eq!(difference.set[0].1.of(now.as_bytes()), b"\x04\0\0\0new\0");
    }

    #[test]
    fn a_change_of_type_is_a_change() {
        assert_eq!(paths(&rawdoc! { "a": 1.0 }, &rawdoc! { "a": 1 }).0, strings(&["a"]));
    }

    #[test]
    fn names_that_no_path_can_say_set_their_parent() {
        let image = rawdoc! { "a": { "x.y": 1 } };
        let now = rawdoc! { "a": { "x.y": 2 } };
        assert_eq!(paths(&now, &image).0, strings(&["a"]));
    }

    #[test]
    fn below_a_name_that_is_no_path_nothing_is_named() {
        for name in ["", "x.y", "$z"] {
            let document = |value: i32| {
                let mut document = bson::RawDocumentBuf::new();
                document.append(bson::raw::CString::try_from(name).unwrap(), rawdoc! { "a": value });
                document
            };
            assert_eq!(paths(&document(2), &document(1)).0, strings(&[name]));
        }
    }

    #[test]
    fn of_other_changes_only_those_at_the_same_places_are_kept() {
        let image = rawdoc! { "a": { "b": 1 }, "c": 1, "d": 1 };
        let some =
            Difference::between(rawdoc! { "a": { "b": 2 }, "c": 1, "d": 1 }.as_bytes(), image.as_bytes()).unwrap();
        let more = Difference::between(rawdoc! { "a": 5, "c": 2 }.as_bytes(), image.as_bytes()).unwrap();
        let kept = more.also_in(&some);
        assert_eq!(kept.set.iter().map(|(path, _)| path.text.as_str()).collect::<Vec<_>>(), ["a"]);
        assert!(kept.unset.is_empty());
    }
}
