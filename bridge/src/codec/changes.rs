//! The least changes that turn one document into another, and the update that makes them.

use std::collections::HashMap;

use bson::spec::ElementType;
use pyo3::prelude::*;
use pyo3::types::{PyBytes, PyDict};

use super::reader::{DEEPEST, Element, Elements, malformed};
use super::scope::Scope;
use super::{decode, document_to_raw};
use crate::gate::guarded;

/// What differs between two states of a document. Nested documents are compared field by field, lists whole.
#[pyclass(frozen, module = "data_bridge._core")]
pub struct Changes {
    /// The document's `_id`.
    id: Option<Value>,
    set: Vec<(Path, Value)>,
    unset: Vec<Path>,
}

struct Value {
    kind: ElementType,
    bytes: Vec<u8>,
}

impl Value {
    fn of(element: &Element<'_>) -> Self {
        Self { kind: element.kind, bytes: element.value.to_vec() }
    }
}

struct Path {
    text: String,
    /// It is the name of one field, which an update would read as a path or an operator.
    is_name: bool,
}

impl Path {
    /// Whether it is the other, or stands above or below it.
    fn meets(&self, other: &Self) -> bool {
        let below = |long: &str, short: &str| long.strip_prefix(short).is_some_and(|rest| rest.starts_with('.'));
        let (own, other) = (self.text.as_str(), other.text.as_str());
        own == other || below(own, other) || below(other, own)
    }
}

impl Changes {
    pub fn between(now: &[u8], image: &[u8]) -> Result<Self, &'static str> {
        let mut changes = Self { id: None, set: Vec::new(), unset: Vec::new() };
        changes.id = fields(now)?.iter().find(|element| element.key == b"_id").map(Value::of);
        compare("", now, image, &mut changes, 0)?;
        Ok(changes)
    }

    /// Of these changes, those of which others say something too.
    pub fn also_in(mut self, others: &Self) -> Self {
        let known = |path: &Path| {
            let mut others = others.set.iter().map(|(path, _)| path).chain(&others.unset);
            others.any(|other| path.meets(other))
        };
        self.set.retain(|(path, _)| known(path));
        self.unset.retain(known);
        self
    }

    pub fn is_empty(&self) -> bool {
        self.set.is_empty() && self.unset.is_empty()
    }

    /// The statement of an `update` that makes the changes in the stored document, if it also meets the condition.
    fn update(&self, condition: &[Element<'_>]) -> Vec<u8> {
        let mut statement = Writer::default();
        statement.document(ElementType::EmbeddedDocument, "q", |query| {
            if let Some(id) = &self.id {
                // A document in the place of an id would be read as operators.
                if id.kind == ElementType::EmbeddedDocument {
                    query.document(ElementType::EmbeddedDocument, "_id", |equal| equal.value("$eq", id));
                } else {
                    query.value("_id", id);
                }
            }
            for element in condition {
                query.element(element.kind, element.key, element.value);
            }
        });
        let named = self.set.iter().map(|(path, _)| path).chain(&self.unset).any(|path| path.is_name);
        if named {
            statement.document(ElementType::Array, "u", |stages| self.stages(stages));
        } else {
            statement.document(ElementType::EmbeddedDocument, "u", |update| self.operators(update));
        }
        statement.finish()
    }

    fn operators(&self, update: &mut Writer) {
        if !self.set.is_empty() {
            update.document(ElementType::EmbeddedDocument, "$set", |set| {
                self.set.iter().for_each(|(path, value)| set.value(&path.text, value));
            });
        }
        if !self.unset.is_empty() {
            update.document(ElementType::EmbeddedDocument, "$unset", |unset| {
                self.unset.iter().for_each(|path| unset.element(ElementType::String, path.text.as_bytes(), EMPTY_TEXT));
            });
        }
    }

    /// The changes as stages, in which a field can be named whatever its name is.
    /// Source: MongoDB manual, `$setField`.
    fn stages(&self, stages: &mut Writer) {
        let set = self.set.iter().map(|(path, value)| (path, Some(value)));
        for (index, (path, value)) in set.chain(self.unset.iter().map(|path| (path, None))).enumerate() {
            stages.document(ElementType::EmbeddedDocument, &index.to_string(), |stage| match value {
                Some(value) if !path.is_name => stage.document(ElementType::EmbeddedDocument, "$set", |set| {
                    set.document(ElementType::EmbeddedDocument, &path.text, |to| to.value("$literal", value));
                }),
                None if !path.is_name => stage.text("$unset", &path.text),
                _ => stage.document(ElementType::EmbeddedDocument, "$replaceWith", |with| {
                    with.document(ElementType::EmbeddedDocument, "$setField", |field| {
                        field.document(ElementType::EmbeddedDocument, "field", |name| {
                            name.text("$literal", &path.text);
                        });
                        field.text("input", "$$ROOT");
                        match value {
                            Some(value) => field.document(ElementType::EmbeddedDocument, "value", |to| {
                                to.value("$literal", value);
                            }),
                            None => field.text("value", "$$REMOVE"),
                        }
                    });
                }),
            });
        }
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
            for (path, value) in &self.set {
                dict.set_item(&path.text, decode::value(Scope::alone(py), value.kind, &value.bytes)?)?;
            }
            self.unset.iter().try_for_each(|path| dict.set_item(&path.text, py.None()))?;
            Ok(dict)
        })
    }

    /// The statement of an update command that makes the changes in the stored document, if it also has the values of
    /// the condition.
    #[pyo3(signature = (condition = None))]
    fn statement<'py>(&self, py: Python<'py>, condition: Option<&Bound<'py, PyDict>>) -> PyResult<Bound<'py, PyBytes>> {
        guarded(py, || {
            let condition = condition.map(|condition| document_to_raw(condition)).transpose()?.unwrap_or_default();
            let condition = fields(condition.as_bytes()).map_err(|problem| malformed(py, problem))?;
            Ok(PyBytes::new(py, &self.update(&condition)))
        })
    }
}

/// What differs between two documents.
#[pyfunction]
pub fn changes(py: Python<'_>, now: &[u8], image: &[u8]) -> PyResult<Changes> {
    guarded(py, || Changes::between(now, image).map_err(|problem| malformed(py, problem)))
}

/// The empty string as BSON has it: its length with the terminator, and the terminator.
const EMPTY_TEXT: &[u8] = &[1, 0, 0, 0, 0];

/// Writes a document element by element.
struct Writer(Vec<u8>);

impl Default for Writer {
    fn default() -> Self {
        Self(vec![0; 4])
    }
}

impl Writer {
    fn element(&mut self, kind: ElementType, key: &[u8], value: &[u8]) {
        self.0.push(kind as u8);
        self.0.extend_from_slice(key);
        self.0.push(0);
        self.0.extend_from_slice(value);
    }

    fn value(&mut self, key: &str, value: &Value) {
        self.element(value.kind, key.as_bytes(), &value.bytes);
    }

    fn text(&mut self, key: &str, text: &str) {
        let mut value = Vec::with_capacity(text.len() + 5);
        value.extend_from_slice(&length(text.len() + 1));
        value.extend_from_slice(text.as_bytes());
        value.push(0);
        self.element(ElementType::String, key.as_bytes(), &value);
    }

    fn document(&mut self, kind: ElementType, key: &str, fill: impl FnOnce(&mut Self)) {
        let mut inner = Self::default();
        fill(&mut inner);
        self.element(kind, key.as_bytes(), &inner.finish());
    }

    fn finish(mut self) -> Vec<u8> {
        self.0.push(0);
        let length = length(self.0.len());
        self.0[..4].copy_from_slice(&length);
        self.0
    }
}

/// A length as BSON has it. What is written here comes from two documents of at most 16 MiB.
fn length(bytes: usize) -> [u8; 4] {
    (bytes as u32).to_le_bytes()
}

fn fields(document: &[u8]) -> Result<Vec<Element<'_>>, &'static str> {
    let mut elements = Elements::new(document)?;
    let mut found = Vec::new();
    while let Some(element) = elements.next()? {
        found.push(element);
    }
    Ok(found)
}

fn compare(prefix: &str, now: &[u8], image: &[u8], changes: &mut Changes, depth: usize) -> Result<(), &'static str> {
    if depth > DEEPEST {
        return Err("a document is nested too deep");
    }
    let before = fields(image)?;
    let mut known: HashMap<&[u8], &Element<'_>> = before.iter().map(|element| (element.key, element)).collect();
    for element in fields(now)? {
        let old = known.remove(element.key);
        if old.is_some_and(|old| old.kind == element.kind && old.value == element.value) {
            continue;
        }
        let path = join(prefix, element.key)?;
        match old {
            Some(old) if is_document(&element) && is_document(old) && addressable(&element, old)? => {
                compare(&path.text, element.value, old.value, changes, depth + 1)?;
            }
            _ => changes.set.push((path, Value::of(&element))),
        }
    }
    for element in before.iter().filter(|element| known.contains_key(element.key)) {
        changes.unset.push(join(prefix, element.key)?);
    }
    Ok(())
}

fn is_document(element: &Element<'_>) -> bool {
    element.kind == ElementType::EmbeddedDocument
}

/// Whether every field of both can be named by a dotted path.
fn addressable(now: &Element<'_>, image: &Element<'_>) -> Result<bool, &'static str> {
    let all = |document: &[u8]| Ok::<bool, &'static str>(fields(document)?.iter().all(|element| is_step(element.key)));
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
        let Changes { set, unset, .. } = Changes::between(now.as_bytes(), image.as_bytes()).unwrap();
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
    fn a_change_of_type_is_a_change() {
        assert_eq!(paths(&rawdoc! { "a": 1.0 }, &rawdoc! { "a": 1 }).0, strings(&["a"]));
    }

    #[test]
    fn names_that_no_path_can_say_set_their_parent() {
        let image = rawdoc! { "a": { "x.y": 1 } };
        let now = rawdoc! { "a": { "x.y": 2 } };
        assert_eq!(paths(&now, &image).0, strings(&["a"]));
    }

    fn update(now: &bson::RawDocumentBuf, image: &bson::RawDocumentBuf) -> String {
        let statement = Changes::between(now.as_bytes(), image.as_bytes()).unwrap().update(&[]);
        bson::Document::try_from(bson::RawDocument::from_bytes(&statement).unwrap()).unwrap().to_string()
    }

    #[test]
    fn the_statement_sets_and_unsets_in_the_document_with_the_id() {
        let (now, image) = (rawdoc! { "_id": 1, "a": { "b": 2 } }, rawdoc! { "_id": 1, "a": { "b": 1 }, "c": 3 });
        assert_eq!(
            update(&now, &image),
            r#"{ "q": { "_id": 1 }, "u": { "$set": { "a.b": 2 }, "$unset": { "c": "" } } }"#
        );
    }

    #[test]
    fn an_id_that_is_a_document_is_no_operator() {
        let id = rawdoc! { "$gt": 1 };
        let (now, image) = (rawdoc! { "_id": id.clone(), "a": 2 }, rawdoc! { "_id": id, "a": 1 });
        assert!(update(&now, &image).starts_with(r#"{ "q": { "_id": { "$eq": { "$gt": 1 } } }"#));
    }

    #[test]
    fn a_field_whose_name_is_no_path_is_set_by_its_name() {
        let (now, image) = (rawdoc! { "_id": 1, "x.y": 2 }, rawdoc! { "_id": 1, "x.y": 1, "$z": 3, "w": 1 });
        let set = r#"{ "$replaceWith": { "$setField": { "field": { "$literal": "x.y" }, "input": "$$ROOT", "value": { "$literal": 2 } } } }"#;
        let removed = r#"{ "$replaceWith": { "$setField": { "field": { "$literal": "$z" }, "input": "$$ROOT", "value": "$$REMOVE" } } }"#;
        assert_eq!(
            update(&now, &image),
            format!(r#"{{ "q": {{ "_id": 1 }}, "u": [{set}, {removed}, {{ "$unset": "w" }}] }}"#)
        );
    }

    #[test]
    fn of_other_changes_only_those_at_the_same_places_are_kept() {
        let image = rawdoc! { "a": { "b": 1 }, "c": 1, "d": 1 };
        let some = Changes::between(rawdoc! { "a": { "b": 2 }, "c": 1, "d": 1 }.as_bytes(), image.as_bytes()).unwrap();
        let more = Changes::between(rawdoc! { "a": 5, "c": 2 }.as_bytes(), image.as_bytes()).unwrap();
        let kept = more.also_in(&some);
        assert_eq!(kept.set.iter().map(|(path, _)| path.text.as_str()).collect::<Vec<_>>(), ["a"]);
        assert!(kept.unset.is_empty());
    }
}
