//! Writes raw BSON documents key by key.

use bson::raw::{BindRawBsonRef, CStr};
use bson::{RawArrayBuf, RawBson, RawDocumentBuf};

use super::Lowered;
use crate::error::CompileError;

pub struct Document(RawDocumentBuf);

impl Default for Document {
    fn default() -> Self {
        // With room for what most documents hold: it grows seldom.
        let mut empty = Vec::with_capacity(64);
        empty.extend_from_slice(&[5, 0, 0, 0, 0]);
        Self(RawDocumentBuf::from_bytes(empty).unwrap_or_default())
    }
}

impl Document {
    /// Appends a key. Keys come from users too, so one that BSON cannot hold is an error.
    pub fn put(&mut self, key: &str, value: impl BindRawBsonRef) -> Lowered<()> {
        let key = <&CStr>::try_from(key).map_err(|_| {
            CompileError::new("nul_in_name", format!("the name {key:?} holds a NUL character, which BSON cannot store"))
                .at(key)
        })?;
        self.0.append(key, value);
        Ok(())
    }

    pub fn finish(self) -> RawDocumentBuf {
        self.0
    }
}

/// `{key: value}`.
pub fn single(key: &str, value: impl BindRawBsonRef) -> Lowered<Document> {
    let mut document = Document::default();
    document.put(key, value)?;
    Ok(document)
}

/// `{key: value}` as a value.
pub fn wrap(key: &str, value: impl BindRawBsonRef) -> Lowered<RawBson> {
    single(key, value).map(|document| RawBson::Document(document.finish()))
}

/// A list, each item lowered in turn.
pub fn array<T>(items: impl IntoIterator<Item = T>, mut lower: impl FnMut(T) -> Lowered<RawBson>) -> Lowered<RawBson> {
    let mut list = RawArrayBuf::new();
    for item in items {
        list.push(lower(item)?);
    }
    Ok(RawBson::Array(list))
}
