//! The documents of a page, and what the last of them holds of the page's order: behind it the next page begins.
//!
//! A loaded document does not tell: where a field is missing it has the default, and a projection has dropped the field.

use std::borrow::Cow;

use bson::spec::ElementType;
use pyo3::prelude::*;
use pyo3::types::{PyBytes, PyList};

use super::Decoder;
use super::reader::{Element, Elements, malformed};
use super::sink::{Objects, Sink};

/// A layout, or None for rows of no class, whose documents are those of a page.
#[pyclass(frozen, module = "data_bridge._core")]
pub struct PageLayout {
    layout: Option<Py<PyAny>>,
    size: usize,
    keys: Vec<String>,
    aside: Option<String>,
}

#[pymethods]
impl PageLayout {
    /// Of `size` documents, in the order of the keys. They are put aside in a field of this name, which is not decoded.
    #[new]
    #[pyo3(signature = (layout, size, keys, aside = None))]
    fn new(layout: Option<Py<PyAny>>, size: usize, keys: Vec<String>, aside: Option<String>) -> Self {
        Self { layout, size, keys, aside }
    }
}

impl PageLayout {
    pub fn sink(&self, py: Python<'_>) -> PyResult<PageSink> {
        let decoder = self.layout.as_ref().map(|layout| layout.extract(py)).transpose()?.unwrap_or(Decoder::Dict);
        Ok(PageSink {
            objects: Box::new(Objects::new(py, decoder)),
            size: self.size,
            keys: self.keys.clone(),
            aside: self.aside.clone(),
            met: 0,
            last: None,
            listed: None,
        })
    }
}

/// Its answer: how many documents there were, at most one more than the page has; those of the page; the values of the
/// last one's keys, as a document whose names are the keys' places; and a key that leads to a list in one of them.
pub struct PageSink {
    objects: Box<Objects>,
    size: usize,
    keys: Vec<String>,
    aside: Option<String>,
    met: usize,
    last: Option<Vec<u8>>,
    listed: Option<usize>,
}

impl PageSink {
    /// Notes the document's place in the order; what is left of it to decode, or None of one behind the page.
    fn note<'a>(&mut self, document: &'a [u8]) -> Result<Option<Cow<'a, [u8]>>, &'static str> {
        self.met += 1;
        if self.met > self.size {
            return Ok(None);
        }
        let values = match &self.aside {
            Some(name) => at(document, name)?.map_or(&[][..], |found| found.value),
            None => document,
        };
        let mut place = Vec::new();
        for (number, key) in self.keys.iter().enumerate() {
            let aside = number.to_string();
            let Some(found) = at(values, if self.aside.is_some() { &aside } else { key })? else { continue };
            if found.kind == ElementType::Array {
                self.listed.get_or_insert(number);
            }
            push(&mut place, aside.as_bytes(), &found);
        }
        if self.met == self.size {
            self.last = Some(whole(&place));
        }
        self.rest(document).map(Some)
    }

    /// The document without what was put aside in it.
    fn rest<'a>(&self, document: &'a [u8]) -> Result<Cow<'a, [u8]>, &'static str> {
        match &self.aside {
            Some(name) => without(document, name.as_bytes()).map(Cow::Owned),
            None => Ok(Cow::Borrowed(document)),
        }
    }
}

impl Sink for PageSink {
    fn add(&mut self, py: Python<'_>, document: &[u8]) -> PyResult<()> {
        match self.note(document).map_err(|problem| malformed(py, problem))? {
            Some(rest) => self.objects.add(py, &rest),
            None => Ok(()),
        }
    }

    fn add_unfit(&mut self, py: Python<'_>, document: &[u8]) -> PyResult<()> {
        let rest = self.rest(document).map_err(|problem| malformed(py, problem))?;
        self.objects.add_unfit(py, &rest)
    }

    fn finish(self: Box<Self>, py: Python<'_>) -> PyResult<Py<PyAny>> {
        let last = self.last.map(|bytes| PyBytes::new(py, &bytes));
        let documents: Py<PyList> = self.objects.finish(py)?.extract(py)?;
        Ok((self.met, documents, last, self.listed).into_pyobject(py)?.into_any().unbind())
    }
}

/// What stands at a dotted path. A list on the way is found in place of what lies behind it.
fn at<'a>(document: &'a [u8], path: &str) -> Result<Option<Element<'a>>, &'static str> {
    let (name, rest) = path.split_once('.').map_or((path, None), |(name, rest)| (name, Some(rest)));
    let mut elements = Elements::new(document)?;
    while let Some(element) = elements.next()? {
        if element.key == name.as_bytes() {
            return match (element.kind, rest) {
                (_, None) | (ElementType::Array, _) => Ok(Some(element)),
                (ElementType::EmbeddedDocument, Some(rest)) => at(element.value, rest),
                _ => Ok(None),
            };
        }
    }
    Ok(None)
}

fn without(document: &[u8], name: &[u8]) -> Result<Vec<u8>, &'static str> {
    let mut kept = Vec::with_capacity(document.len());
    let mut elements = Elements::new(document)?;
    while let Some(element) = elements.next()? {
        if element.key != name {
            push(&mut kept, element.key, &element);
        }
    }
    Ok(whole(&kept))
}

fn push(elements: &mut Vec<u8>, key: &[u8], element: &Element<'_>) {
    elements.push(element.kind as u8);
    elements.extend_from_slice(key);
    elements.push(0);
    elements.extend_from_slice(element.value);
}

/// A document of these elements.
fn whole(elements: &[u8]) -> Vec<u8> {
    // What a document held is no longer than one may be.
    let length = i32::try_from(elements.len() + 5).unwrap_or(i32::MAX);
    [&length.to_le_bytes()[..], elements, &[0]].concat()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_leads_through_documents_and_ends_at_a_list() {
        let document = bson::rawdoc! { "a": { "b": 3 }, "l": [{ "b": 1 }], "n": 1 };
        let kind = |path| at(document.as_bytes(), path).unwrap().map(|found| found.kind);
        assert_eq!(kind("a.b"), Some(ElementType::Int32));
        assert_eq!(kind("l.b"), Some(ElementType::Array));
        assert_eq!(kind("n.b"), None);
        assert_eq!(kind("a.c"), None);
    }

    #[test]
    fn a_field_is_taken_out() {
        let document = bson::rawdoc! { "a": 1, "aside": { "0": 2 }, "b": "x" };
        let rest = without(document.as_bytes(), b"aside").unwrap();
        assert_eq!(rest, bson::rawdoc! { "a": 1, "b": "x" }.into_bytes());
    }
}
