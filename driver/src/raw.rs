//! Reading and extending raw BSON documents.

use bson::{RawBsonRef, RawDocument, RawDocumentBuf};

use crate::error::Result;

/// An integer under `key`, whatever numeric type the server chose for it.
pub fn integer(document: &RawDocument, key: &str) -> Option<i64> {
    match document.get(key).ok().flatten()? {
        RawBsonRef::Int32(number) => Some(number.into()),
        RawBsonRef::Int64(number) => Some(number),
        RawBsonRef::Double(number) => Some(number as i64),
        _ => None,
    }
}

pub fn has(document: &RawDocument, key: &str) -> bool {
    matches!(document.get(key), Ok(Some(_)))
}

pub fn string(document: &RawDocument, key: &str) -> Option<String> {
    document.get_str(key).ok().map(str::to_owned)
}

/// The raw form of a document that the driver has already decoded.
pub fn encode(document: &bson::Document) -> Result<RawDocumentBuf> {
    Ok(RawDocumentBuf::try_from(document)?)
}

/// The documents of a cursor reply.
pub fn batch(reply: &RawDocument) -> impl Iterator<Item = &RawDocument> {
    let batch = reply
        .get_document("cursor")
        .ok()
        .and_then(|cursor| cursor.get_array("firstBatch").or_else(|_| cursor.get_array("nextBatch")).ok());
    batch.into_iter().flatten().filter_map(|item| item.ok()?.as_document())
}

/// Whether the server has closed the cursor of this reply.
pub fn is_last_batch(reply: &RawDocument) -> bool {
    reply.get_document("cursor").is_ok_and(|cursor| integer(cursor, "id") == Some(0))
}
