//! Classes that share a collection: a stored field, the discriminator, says which class a document is of.

use std::collections::HashMap;

use bson::RawDocumentBuf;
use bson::raw::CString;
use bson::spec::ElementType;
use pyo3::exceptions::PyValueError;
use pyo3::prelude::*;
use pyo3::types::PyDict;

use super::decode;
use super::layout::Layout;
use super::reader::{Elements, malformed, text};
use super::scope::Scope;
use crate::errors::raise;

/// The class id that a class's own documents are stored with.
pub struct Tag {
    pub key: String,
    /// The whole element, as it stands in a document.
    pub element: Vec<u8>,
}

impl Tag {
    pub fn new(key: String, class_id: &str) -> PyResult<Self> {
        let stored = CString::try_from(key.as_str()).map_err(|error| PyValueError::new_err(error.to_string()))?;
        let mut document = RawDocumentBuf::new();
        document.append(stored, class_id);
        let bytes = document.as_bytes();
        // Between the document's length and its last byte.
        let element = bytes[4..bytes.len() - 1].to_vec();
        Ok(Self { key, element })
    }
}

/// The layouts of a family's classes by class id.
pub struct Family {
    root: String,
    key: Vec<u8>,
    members: HashMap<String, Py<Layout>>,
}

impl Family {
    pub fn new(root: String, key: String, members: HashMap<String, Py<Layout>>) -> Self {
        Self { root, key: key.into_bytes(), members }
    }

    /// The layout of the class that the document is of, or an error that names the document.
    pub fn choose(&self, py: Python<'_>, document: &[u8]) -> PyResult<&Py<Layout>> {
        let mut elements = Elements::new(document).map_err(|problem| malformed(py, problem))?;
        while let Some(element) = elements.next().map_err(|problem| malformed(py, problem))? {
            if element.key != self.key {
                continue;
            }
            if element.kind != ElementType::String {
                break;
            }
            let class_id = text(element.value).map_err(|problem| malformed(py, problem))?;
            return self.members.get(class_id).ok_or_else(|| {
                let problem = format!(
                    "is of class '{class_id}', which is not defined here: import the module that defines it (known: {})",
                    self.known().join(", ")
                );
                self.refuse(py, document, &problem)
            });
        }
        let key = String::from_utf8_lossy(&self.key);
        let problem = format!("has no text in {key}, which says which class of the family of {} it is of", self.root);
        Err(self.refuse(py, document, &problem))
    }

    fn known(&self) -> Vec<&str> {
        let mut known: Vec<_> = self.members.keys().map(String::as_str).collect();
        known.sort_unstable();
        known
    }

    fn refuse(&self, py: Python<'_>, document: &[u8], problem: &str) -> PyErr {
        self.build_refusal(py, document, problem).unwrap_or_else(|failed| failed)
    }

    fn build_refusal(&self, py: Python<'_>, document: &[u8], problem: &str) -> PyResult<PyErr> {
        let id = decode::document(Scope::alone(py), document)?.get_item("_id")?;
        let details = PyDict::new(py);
        details.set_item("document_id", &id)?;
        details.set_item("path", String::from_utf8_lossy(&self.key))?;
        let shown = id.map_or_else(|| Ok("without _id".to_owned()), |id| id.repr().map(|id| id.to_string()))?;
        Ok(raise(py, "DecodeError", &format!("the stored document {shown} {problem}"), Some(&details)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_tag_is_the_element_of_a_document() {
        let tag = Tag::new("_class_id".to_owned(), "Vehicle.Car").unwrap();
        let document = bson::rawdoc! { "_class_id": "Vehicle.Car" };
        assert_eq!(tag.element, document.as_bytes()[4..document.as_bytes().len() - 1]);
        assert_eq!(tag.key, "_class_id");
    }
}
