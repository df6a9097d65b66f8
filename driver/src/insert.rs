//! Documents given as bytes: put into `insert` commands without being read.

use bson::{RawDocument, RawDocumentBuf};

use crate::client::Connected;
use crate::error::{BulkWrite, DuplicateKey, Error, Failure, Result, from_server, is_duplicate_key};
use crate::raw;
use crate::request::RunOptions;
use crate::topology::Topology;

#[derive(Debug, Clone)]
pub struct Insert {
    pub database: Option<String>,
    pub collection: String,
    /// Complete BSON documents, `_id` first.
    pub documents: Vec<Vec<u8>>,
    /// Stop at the first failure.
    pub ordered: bool,
    /// More fields of the command (`comment`, `bypassDocumentValidation`, `writeConcern`, ...).
    pub extra: Option<RawDocumentBuf>,
}

#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Inserted {
    pub inserted: u64,
}

impl Connected {
    pub(crate) async fn insert(&self, insert: Insert, options: &RunOptions) -> Result<Inserted> {
        if insert.documents.is_empty() {
            return Ok(Inserted::default());
        }
        let topology = self.topology().await?;
        let chunks = chunks(&insert.documents, topology)?;
        let mut outcome = BulkWrite { inserted: 0, failures: Vec::new(), write_concern_error: None };
        let mut start = 0;
        for count in chunks {
            let command = command(&insert, &insert.documents[start..start + count])?;
            let reply = self.write(insert.database.as_deref(), command, true, options).await;
            let reply = reply.map_err(|error| interrupted(error, start))?;
            merge(&mut outcome, &reply, start);
            start += count;
            if insert.ordered && !outcome.failures.is_empty() {
                break;
            }
        }
        finish(outcome, insert.documents.len())
    }
}

/// A connection lost between two commands: what was already written is worth knowing.
fn interrupted(error: Error, written: usize) -> Error {
    match error {
        Error::Connection { message, labels } if written > 0 => {
            Error::Connection { message: format!("{message} (the first {written} documents had been sent)"), labels }
        }
        other => other,
    }
}

/// How many documents go into each command.
fn chunks(documents: &[Vec<u8>], topology: &Topology) -> Result<Vec<usize>> {
    // The command may be this large although a document of that size may not be much smaller: servers allow 16 KiB more.
    let limit = topology.max_bson_object_size;
    let mut counts = Vec::new();
    let (mut count, mut bytes) = (0, 0);
    for (index, document) in documents.iter().enumerate() {
        if document.len() > limit {
            return Err(Error::DocumentTooLarge { index, size: document.len(), limit });
        }
        // Type byte, decimal index of at most six digits, its terminator.
        let size = document.len() + 8;
        if count > 0 && (bytes + size > limit || count == topology.max_write_batch_size) {
            counts.push(count);
            (count, bytes) = (0, 0);
        }
        count += 1;
        bytes += size;
    }
    counts.push(count);
    Ok(counts)
}

fn command(insert: &Insert, documents: &[Vec<u8>]) -> Result<RawDocumentBuf> {
    let mut head = RawDocumentBuf::new();
    head.append(bson::cstr!("insert"), insert.collection.as_str());
    head.append(bson::cstr!("ordered"), insert.ordered);
    if let Some(extra) = &insert.extra {
        for element in extra {
            let (key, value) = element?;
            head.append(key, value);
        }
    }
    let body: usize = documents.iter().map(|document| document.len() + 8).sum();
    let mut bytes = Vec::with_capacity(head.as_bytes().len() + body + 64);
    let head = head.as_bytes();
    bytes.extend_from_slice(&head[..head.len() - 1]);
    bytes.push(4);
    bytes.extend_from_slice(b"documents\0");
    let array = bytes.len();
    bytes.extend_from_slice(&[0; 4]);
    for (index, document) in documents.iter().enumerate() {
        bytes.push(3);
        bytes.extend_from_slice(index.to_string().as_bytes());
        bytes.push(0);
        bytes.extend_from_slice(document);
    }
    bytes.push(0);
    write_length(&mut bytes, array)?;
    bytes.push(0);
    write_length(&mut bytes, 0)?;
    Ok(RawDocumentBuf::from_bytes(bytes)?)
}

/// Writes the length of the document that runs from `start` to the end into its first four bytes.
fn write_length(bytes: &mut [u8], start: usize) -> Result<()> {
    let length = i32::try_from(bytes.len() - start);
    let length = length.map_err(|_| Error::InvalidArgument("an insert command grew beyond 2 GiB".into()))?;
    bytes[start..start + 4].copy_from_slice(&length.to_le_bytes());
    Ok(())
}

/// Adds a reply to the outcome; `start` is the place of the command's first document among all.
pub(crate) fn merge(outcome: &mut BulkWrite, reply: &RawDocument, start: usize) {
    outcome.inserted += raw::integer(reply, "n").and_then(|n| u64::try_from(n).ok()).unwrap_or(0);
    let errors = reply.get_array("writeErrors").ok();
    for error in errors.into_iter().flatten().filter_map(|item| item.ok()?.as_document()) {
        let document = |key: &str| error.get_document(key).ok().map(RawDocument::to_owned);
        let index = raw::integer(error, "index").and_then(|index| usize::try_from(index).ok()).unwrap_or(0);
        outcome.failures.push(Failure {
            index: start + index,
            code: raw::integer(error, "code").and_then(|code| i32::try_from(code).ok()).unwrap_or(0),
            message: raw::string(error, "errmsg").unwrap_or_default(),
            key_pattern: document("keyPattern"),
            key_value: document("keyValue"),
        });
    }
    if let Ok(error) = reply.get_document("writeConcernError") {
        outcome.write_concern_error = Some(error.to_owned());
    }
}

/// The outcome as an answer or an error; a single document's failure is that failure.
fn finish(mut outcome: BulkWrite, documents: usize) -> Result<Inserted> {
    if documents == 1
        && let Some(failure) = outcome.failures.pop()
    {
        return Err(single(failure));
    }
    if !outcome.failures.is_empty() {
        return Err(Error::BulkWrite(Box::new(outcome)));
    }
    match outcome.write_concern_error {
        Some(error) => Err(write_concern(&error)),
        None => Ok(Inserted { inserted: outcome.inserted }),
    }
}

pub(crate) fn single(failure: Failure) -> Error {
    let mut details = RawDocumentBuf::new();
    details.append(bson::cstr!("code"), failure.code);
    details.append(bson::cstr!("errmsg"), failure.message.as_str());
    if let Some(pattern) = &failure.key_pattern {
        details.append(bson::cstr!("keyPattern"), pattern.clone());
    }
    if let Some(value) = &failure.key_value {
        details.append(bson::cstr!("keyValue"), value.clone());
    }
    if is_duplicate_key(failure.code) {
        let found: DuplicateKey = crate::error::duplicate_key(failure.message, details);
        return Error::DuplicateKey(Box::new(found));
    }
    from_server(failure.code, String::new(), failure.message, Vec::new(), Some(details))
}

pub(crate) fn write_concern(error: &RawDocument) -> Error {
    let code = raw::integer(error, "code").and_then(|code| i32::try_from(code).ok()).unwrap_or(0);
    let name = raw::string(error, "codeName").unwrap_or_default();
    let message = raw::string(error, "errmsg").unwrap_or_default();
    let message = format!("the write was applied, but its write concern was not met: {message}");
    from_server(code, name, message, Vec::new(), Some(error.to_owned()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn topology(max_bson_object_size: usize, max_write_batch_size: usize) -> Topology {
        Topology {
            server_version: "6.0".into(),
            max_wire_version: 17,
            replica_set: None,
            sharded: false,
            sessions: true,
            max_bson_object_size,
            max_write_batch_size,
        }
    }

    #[test]
    fn splits_by_size_and_by_number() {
        let documents = vec![vec![0; 40]; 5];
        assert_eq!(chunks(&documents, &topology(100, 1000)).unwrap(), [2, 2, 1]);
        assert_eq!(chunks(&documents, &topology(1000, 3)).unwrap(), [3, 2]);
        assert!(matches!(chunks(&documents, &topology(39, 3)), Err(Error::DocumentTooLarge { index: 0, .. })));
    }

    #[test]
    fn the_command_is_a_valid_document() {
        let document = bson::rawdoc! { "_id": 1, "name": "a" }.into_bytes();
        let insert = Insert {
            database: None,
            collection: "users".into(),
            documents: vec![document; 12],
            ordered: false,
            extra: Some(bson::rawdoc! { "comment": "x" }),
        };
        let command = command(&insert, &insert.documents).unwrap();
        let decoded = bson::Document::try_from(command.as_ref()).unwrap();
        assert_eq!(decoded.get_array("documents").unwrap().len(), 12);
        assert_eq!(decoded.get_str("comment").unwrap(), "x");
    }
}
