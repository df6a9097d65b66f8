//! Statements given as bytes: put into `insert`, `update` and `delete` commands without being read.

use std::ops::Range;

use bson::raw::CStr;
use bson::{RawDocument, RawDocumentBuf, cstr};
use futures_util::future::join_all;

use crate::client::Connected;
use crate::command::is_retryable;
use crate::error::{BulkWrite, DuplicateKey, Error, Failure, Result, from_server, is_duplicate_key};
use crate::raw;
use crate::request::{RunOptions, Written};
use crate::statements::Statements;
use crate::topology::Topology;

/// What the statements of a batch do.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    Insert,
    Update,
    Delete,
}

impl Kind {
    /// The kind with a command's name.
    pub fn parse(command: &str) -> Option<Self> {
        [Self::Insert, Self::Update, Self::Delete].into_iter().find(|kind| kind.command().as_str() == command)
    }

    fn command(self) -> &'static CStr {
        match self {
            Self::Insert => cstr!("insert"),
            Self::Update => cstr!("update"),
            Self::Delete => cstr!("delete"),
        }
    }

    fn list(self) -> &'static str {
        match self {
            Self::Insert => "documents",
            Self::Update => "updates",
            Self::Delete => "deletes",
        }
    }
}

/// Writes of one kind to one collection, however many commands they take.
#[derive(Debug, Clone)]
pub struct Batch {
    pub kind: Kind,
    pub database: Option<String>,
    pub collection: String,
    /// Complete BSON documents: those to insert, `_id` first, or the statements of `update` or `delete`.
    pub statements: Statements,
    /// One after another, up to the first that is refused.
    pub ordered: bool,
}

/// Commands of one unordered insert that are sent before the first is answered: the server carries them out beside each
/// other.
const IN_FLIGHT: usize = 4;
/// The least that is worth a command of its own beside others, in documents or in bytes.
const PART: (usize, usize) = (500, 128 * 1024);
/// What a list says before each of its documents: type byte, decimal index of at most six digits, its terminator.
const ELEMENT: usize = 8;

impl Connected {
    pub(crate) async fn write_batch(&self, batch: Batch, options: &RunOptions) -> Result<Written> {
        if batch.statements.is_empty() {
            return Ok(Written::default());
        }
        // A session does one thing at a time, and of two changes of one document the last that is given shall be the last.
        let is_alone = batch.ordered || options.session.is_some() || batch.kind != Kind::Insert;
        let at_once = if is_alone { 1 } else { parts(&batch.statements) };
        let chunks = chunks(&batch, self.topology().await?, at_once)?;
        let mut written = Written::default();
        let mut outcome = BulkWrite { inserted: 0, failures: Vec::new(), write_concern_error: None };
        for together in chunks.chunks(at_once) {
            let sent = together.iter().map(|chunk| self.write_chunk(&batch, chunk.clone(), options));
            let mut failed = None;
            for (chunk, reply) in together.iter().zip(join_all(sent).await) {
                match reply {
                    Ok(reply) => {
                        let found = crate::run::written(&reply);
                        written.n += found.n;
                        written.modified += found.modified;
                        written.upserted.extend(found.upserted);
                        merge(&mut outcome, &reply, chunk.start);
                    }
                    Err(error) => failed = failed.or(Some(error)),
                }
            }
            if let Some(error) = failed {
                return Err(interrupted(error, written.n));
            }
            if batch.ordered && !outcome.failures.is_empty() {
                break;
            }
        }
        finish(outcome, batch.statements.len()).map(|()| written)
    }

    /// The reply to the command of these statements.
    async fn write_chunk(&self, batch: &Batch, chunk: Range<usize>, options: &RunOptions) -> Result<RawDocumentBuf> {
        self.write(batch.database.as_deref(), command(batch, chunk)?, is_retryable, options).await
    }
}

/// A connection lost while others wrote: what is known to be written is worth knowing.
fn interrupted(error: Error, written: u64) -> Error {
    match error {
        Error::Connection { message, labels } if written > 0 => {
            Error::Connection { message: format!("{message} (of the statements, {written} had been applied)"), labels }
        }
        other => other,
    }
}

/// How many commands beside each other these statements are worth.
fn parts(statements: &Statements) -> usize {
    let (documents, bytes) = PART;
    (statements.len() / documents).max(statements.size() / bytes).clamp(1, IN_FLIGHT)
}

/// The statements of each command, of at least so many commands.
fn chunks(batch: &Batch, topology: &Topology, parts: usize) -> Result<Vec<Range<usize>>> {
    let most = topology.max_write_batch_size.min(batch.statements.len().div_ceil(parts));
    // The command may be this large although a document of that size may not be much smaller: servers allow 16 KiB more.
    let limit = topology.max_bson_object_size;
    let mut chunks = Vec::new();
    let (mut start, mut bytes) = (0, 0);
    for (index, statement) in batch.statements.iter().enumerate() {
        if batch.kind == Kind::Insert && statement.len() > limit {
            return Err(Error::DocumentTooLarge { index, size: statement.len(), limit });
        }
        let size = statement.len() + ELEMENT;
        if index > start && (bytes + size > limit || index - start == most) {
            chunks.push(start..index);
            (start, bytes) = (index, 0);
        }
        bytes += size;
    }
    chunks.push(start..batch.statements.len());
    Ok(chunks)
}

fn command(batch: &Batch, chunk: Range<usize>) -> Result<RawDocumentBuf> {
    let body = batch.statements.size_of(&chunk) + chunk.len() * ELEMENT;
    let mut bytes = Vec::with_capacity(body + batch.collection.len() + 64);
    let mut head = RawDocumentBuf::new();
    head.append(batch.kind.command(), batch.collection.as_str());
    head.append(cstr!("ordered"), batch.ordered);
    let head = head.as_bytes();
    bytes.extend_from_slice(&head[..head.len() - 1]);
    bytes.push(4);
    bytes.extend_from_slice(batch.kind.list().as_bytes());
    bytes.push(0);
    let array = bytes.len();
    bytes.extend_from_slice(&[0; 4]);
    for (index, statement) in batch.statements.range(chunk).enumerate() {
        bytes.push(3);
        bytes.extend_from_slice(index.to_string().as_bytes());
        bytes.push(0);
        bytes.extend_from_slice(statement);
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
    let length = length.map_err(|_| Error::InvalidArgument("a write command grew beyond 2 GiB".into()))?;
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

/// The outcome as an answer or an error; a single statement's failure is that failure.
fn finish(mut outcome: BulkWrite, statements: usize) -> Result<()> {
    if statements == 1
        && let Some(failure) = outcome.failures.pop()
    {
        return Err(single(failure));
    }
    if !outcome.failures.is_empty() {
        return Err(Error::BulkWrite(Box::new(outcome)));
    }
    match outcome.write_concern_error {
        Some(error) => Err(write_concern(&error)),
        None => Ok(()),
    }
}

pub(crate) fn single(failure: Failure) -> Error {
    let mut details = RawDocumentBuf::new();
    details.append(cstr!("code"), failure.code);
    details.append(cstr!("errmsg"), failure.message.as_str());
    if let Some(pattern) = &failure.key_pattern {
        details.append(cstr!("keyPattern"), pattern.clone());
    }
    if let Some(value) = &failure.key_value {
        details.append(cstr!("keyValue"), value.clone());
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

    fn batch(kind: Kind, statements: Vec<Vec<u8>>) -> Batch {
        Batch {
            kind,
            database: None,
            collection: "users".into(),
            statements: Statements::of(statements.iter().map(Vec::as_slice)),
            ordered: false,
        }
    }

    #[test]
    fn splits_by_size_and_by_number() {
        let five = batch(Kind::Insert, vec![vec![0; 40]; 5]);
        assert_eq!(chunks(&five, &topology(100, 1000), 1).unwrap(), [0..2, 2..4, 4..5]);
        assert_eq!(chunks(&five, &topology(1000, 3), 1).unwrap(), [0..3, 3..5]);
        assert_eq!(chunks(&five, &topology(1000, 1000), 2).unwrap(), [0..3, 3..5]);
        assert_eq!(chunks(&five, &topology(100, 1000), 2).unwrap(), [0..2, 2..4, 4..5]);
    }

    #[test]
    fn many_documents_or_many_bytes_are_worth_several_commands() {
        let parts_of = |count, size| parts(&batch(Kind::Insert, vec![vec![0; size]; count]).statements);
        assert_eq!(parts_of(999, 40), 1);
        assert_eq!(parts_of(1000, 40), 2);
        assert_eq!(parts_of(100_000, 40), IN_FLIGHT);
        assert_eq!(parts_of(2, 100_000), 1);
        assert_eq!(parts_of(3, 100_000), 2);
    }

    #[test]
    fn a_document_that_cannot_be_stored_is_refused_here_and_a_large_statement_by_the_server() {
        let large = vec![vec![0; 40]];
        let refused = chunks(&batch(Kind::Insert, large.clone()), &topology(39, 3), 1);
        assert!(matches!(refused, Err(Error::DocumentTooLarge { index: 0, .. })));
        assert_eq!(chunks(&batch(Kind::Update, large), &topology(39, 3), 1).unwrap().len(), 1);
    }

    #[test]
    fn the_command_is_a_valid_document() {
        let document = bson::rawdoc! { "_id": 1, "name": "a" }.into_bytes();
        for (kind, name, list) in [
            (Kind::Insert, "insert", "documents"),
            (Kind::Update, "update", "updates"),
            (Kind::Delete, "delete", "deletes"),
        ] {
            assert_eq!(Kind::parse(name), Some(kind));
            let batch = batch(kind, vec![document.clone(); 12]);
            let command = command(&batch, 0..12).unwrap();
            let decoded = bson::Document::try_from(command.as_ref()).unwrap();
            assert_eq!(decoded.get_str(name).unwrap(), "users");
            assert_eq!(decoded.get_array(list).unwrap().len(), 12);
        }
        assert_eq!(Kind::parse("$where"), None);
    }
}
