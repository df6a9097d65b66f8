//! The update statement that makes changes in the stored document.

use bson::spec::ElementType;

use super::changes::{Difference, Path, Span};
use super::reader::{Element, Elements};

/// The statement of an `update` that makes the difference in the stored document, if it also meets the condition.
///
/// # Arguments
/// * `now` - the document that the difference leads to.
/// * `condition` - what the stored document must also hold, as a document.
pub fn update(difference: &Difference, now: &[u8], condition: &[u8]) -> Result<Vec<u8>, &'static str> {
    let mut statement =
        Writer::with_capacity(difference.set.iter().map(|(path, value)| path.len() + value.len()).sum());
    let id = id(now)?;
    let mut condition = Elements::new(condition)?;
    statement.document(ElementType::EmbeddedDocument, "q", |query| {
        if let Some(id) = &id {
            // A document in the place of an id would be read as operators.
            if id.kind == ElementType::EmbeddedDocument {
                query.document(ElementType::EmbeddedDocument, "_id", |equal| equal.value("$eq", id.kind, id.value));
            } else {
                query.value("_id", id.kind, id.value);
            }
        }
        while let Some(Element { kind, key, value }) = condition.next()? {
            query.element(kind, key, value);
        }
        Ok::<_, &'static str>(())
    })?;
    let update = Update { set: &difference.set, unset: &difference.unset, now };
    if difference.paths().any(|path| path.is_name) {
        statement.document(ElementType::Array, "u", |stages| update.stages(stages));
    } else {
        statement.document(ElementType::EmbeddedDocument, "u", |operators| update.operators(operators));
    }
    Ok(statement.finish())
}

struct Update<'a> {
    set: &'a [(Path, Span)],
    unset: &'a [Path],
    now: &'a [u8],
}

impl Update<'_> {
    fn operators(&self, update: &mut Writer) {
        if !self.set.is_empty() {
            update.document(ElementType::EmbeddedDocument, "$set", |set| {
                self.set.iter().for_each(|(path, value)| set.value(&path.text, value.kind, value.of(self.now)));
            });
        }
        if !self.unset.is_empty() {
            update.document(ElementType::EmbeddedDocument, "$unset", |unset| {
                self.unset.iter().for_each(|path| unset.text(&path.text, ""));
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
                    set.document(ElementType::EmbeddedDocument, &path.text, |to| {
                        to.value("$literal", value.kind, value.of(self.now));
                    });
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
                                to.value("$literal", value.kind, value.of(self.now));
                            }),
                            None => field.text("value", "$$REMOVE"),
                        }
                    });
                }),
            });
        }
    }
}

fn id(document: &[u8]) -> Result<Option<Element<'_>>, &'static str> {
    let mut elements = Elements::new(document)?;
    while let Some(element) = elements.next()? {
        if element.key == b"_id" {
            return Ok(Some(element));
        }
    }
    Ok(None)
}

/// Writes a document element by element.
struct Writer(Vec<u8>);

impl Writer {
    /// For values of so many bytes.
    fn with_capacity(size: usize) -> Self {
        let mut bytes = Vec::with_capacity(size + 64);
        bytes.extend_from_slice(&[0; 4]);
        Self(bytes)
    }

    fn head(&mut self, kind: ElementType, key: &[u8]) {
        self.0.push(kind as u8);
        self.0.extend_from_slice(key);
        self.0.push(0);
    }

    fn element(&mut self, kind: ElementType, key: &[u8], value: &[u8]) {
        self.head(kind, key);
        self.0.extend_from_slice(value);
    }

    fn value(&mut self, key: &str, kind: ElementType, value: &[u8]) {
        self.element(kind, key.as_bytes(), value);
    }

    fn text(&mut self, key: &str, text: &str) {
        self.head(ElementType::String, key.as_bytes());
        self.0.extend_from_slice(&length(text.len() + 1));
        self.0.extend_from_slice(text.as_bytes());
        self.0.push(0);
    }

    fn document<T>(&mut self, kind: ElementType, key: &str, fill: impl FnOnce(&mut Self) -> T) -> T {
        self.head(kind, key.as_bytes());
        let start = self.0.len();
        self.0.extend_from_slice(&[0; 4]);
        let filled = fill(self);
        self.end(start);
        filled
    }

    fn end(&mut self, start: usize) {
        self.0.push(0);
        let length = length(self.0.len() - start);
        self.0[start..start + 4].copy_from_slice(&length);
    }

    fn finish(mut self) -> Vec<u8> {
        self.end(0);
        self.0
    }
}

/// A length as BSON has it. What is written here comes from two documents of at most 16 MiB.
fn length(bytes: usize) -> [u8; 4] {
    (bytes as u32).to_le_bytes()
}

#[cfg(test)]
mod tests {
    use bson::{RawDocumentBuf, rawdoc};

    use super::*;

    fn update(now: &RawDocumentBuf, image: &RawDocumentBuf) -> String {
        let difference = Difference::between(now.as_bytes(), image.as_bytes()).unwrap();
        let statement = super::update(&difference, now.as_bytes(), rawdoc! {}.as_bytes()).unwrap();
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
}
