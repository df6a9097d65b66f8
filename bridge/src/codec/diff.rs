//! The least changes that turn one document into another.

use std::collections::HashMap;

use pyo3::prelude::*;
use pyo3::types::PyDict;

use super::decode;
use super::reader::{DEEPEST, Element, Elements, malformed};
use bson::spec::ElementType;

/// Values to set by dotted path, and paths to unset. Nested documents are compared field by field, lists whole.
pub fn diff<'py>(py: Python<'py>, now: &[u8], image: &[u8]) -> PyResult<(Bound<'py, PyDict>, Vec<String>)> {
    let (set, unset) = changes(now, image).map_err(|problem| malformed(py, problem))?;
    let dict = PyDict::new(py);
    for (path, element) in set {
        dict.set_item(path, decode::value(py, element.kind, element.value, 0)?)?;
    }
    Ok((dict, unset))
}

type Changes<'a> = (Vec<(String, Element<'a>)>, Vec<String>);

fn changes<'a>(now: &'a [u8], image: &[u8]) -> Result<Changes<'a>, &'static str> {
    let mut changes = (Vec::new(), Vec::new());
    compare("", now, image, &mut changes, 0)?;
    Ok(changes)
}

fn fields(document: &[u8]) -> Result<Vec<Element<'_>>, &'static str> {
    let mut elements = Elements::new(document)?;
    let mut found = Vec::new();
    while let Some(element) = elements.next()? {
        found.push(element);
    }
    Ok(found)
}

fn compare<'a>(
    prefix: &str,
    now: &'a [u8],
    image: &[u8],
    changes: &mut Changes<'a>,
    depth: usize,
) -> Result<(), &'static str> {
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
                compare(&path, element.value, old.value, changes, depth + 1)?;
            }
            _ => changes.0.push((path, element)),
        }
    }
    for element in before.iter().filter(|element| known.contains_key(element.key)) {
        changes.1.push(join(prefix, element.key)?);
    }
    Ok(())
}

fn is_document(element: &Element<'_>) -> bool {
    element.kind == ElementType::EmbeddedDocument
}

/// Whether every field of both can be named by a dotted path.
fn addressable(now: &Element<'_>, image: &Element<'_>) -> Result<bool, &'static str> {
    let plain = |element: &Element<'_>| {
        !element.key.is_empty() && !element.key.starts_with(b"$") && !element.key.contains(&b'.')
    };
    Ok(fields(now.value)?.iter().all(plain) && fields(image.value)?.iter().all(plain))
}

fn join(prefix: &str, key: &[u8]) -> Result<String, &'static str> {
    let key = std::str::from_utf8(key).map_err(|_| "a key is not UTF-8")?;
    Ok(if prefix.is_empty() { key.to_owned() } else { format!("{prefix}.{key}") })
}

#[cfg(test)]
mod tests {
    use bson::rawdoc;

    use super::*;

    fn paths(now: &bson::RawDocumentBuf, image: &bson::RawDocumentBuf) -> (Vec<String>, Vec<String>) {
        let (set, unset) = changes(now.as_bytes(), image.as_bytes()).unwrap();
        (set.into_iter().map(|(path, _)| path).collect(), unset)
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
}
