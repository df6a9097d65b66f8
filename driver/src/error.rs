//! What went wrong, as data.

use bson::RawDocumentBuf;
use data_bridge_compiler::CompileError;
use mongodb::error::ErrorKind;

pub type Result<T> = std::result::Result<T, Error>;

/// One document of an insert (or one statement of a write) that the server refused.
#[derive(Debug, Clone, PartialEq)]
pub struct Failure {
    /// Its place among all the documents given, over all commands sent.
    pub index: usize,
    pub code: i32,
    pub message: String,
    pub key_pattern: Option<RawDocumentBuf>,
    pub key_value: Option<RawDocumentBuf>,
}

#[derive(Debug, Clone, PartialEq)]
pub struct DuplicateKey {
    pub message: String,
    /// The name of the unique index.
    pub index: Option<String>,
    pub key_pattern: Option<RawDocumentBuf>,
    pub key_value: Option<RawDocumentBuf>,
    pub details: RawDocumentBuf,
}

#[derive(Debug, Clone, PartialEq)]
pub struct BulkWrite {
    pub inserted: u64,
    pub failures: Vec<Failure>,
    pub write_concern_error: Option<RawDocumentBuf>,
}

#[derive(Debug, Clone, PartialEq)]
pub struct ServerError {
    pub code: i32,
    pub code_name: String,
    pub message: String,
    pub labels: Vec<String>,
    pub details: RawDocumentBuf,
}

#[derive(Debug, Clone, thiserror::Error)]
pub enum Error {
    #[error("the connection string is not valid: {0}")]
    InvalidUri(String),
    #[error("{message}")]
    Connection { message: String, labels: Vec<String> },
    #[error("{message}")]
    Timeout { message: String, details: Option<RawDocumentBuf> },
    #[error("{}", .0.message)]
    DuplicateKey(Box<DuplicateKey>),
    #[error("{} of the documents could not be written; {} were", .0.failures.len(), .0.inserted)]
    BulkWrite(Box<BulkWrite>),
    #[error("{}", .0.message)]
    Server(Box<ServerError>),
    #[error("document {index} takes {size} bytes; the server stores at most {limit} bytes in one document")]
    DocumentTooLarge { index: usize, size: usize, limit: usize },
    /// The server lacks operators that a plan needs.
    #[error("the server is too old for this query")]
    Unsupported(Vec<CompileError>),
    #[error("{0}")]
    InvalidArgument(String),
    #[error("the client is closed")]
    Closed,
    #[error("the operation was cancelled")]
    Cancelled,
    #[error("{0}")]
    Internal(String),
}

const MAX_TIME_EXPIRED: [i32; 3] = [50, 262, 202];
/// How the driver says that it could not read the answer of a command that failed.
const UNREADABLE_FAILURE: &str = "error deserializing command error";
const DUPLICATE_KEY: [i32; 3] = [11000, 11001, 12582];

pub fn is_duplicate_key(code: i32) -> bool {
    DUPLICATE_KEY.contains(&code)
}

impl From<bson::error::Error> for Error {
    fn from(error: bson::error::Error) -> Self {
        Error::Internal(format!("BSON that could not be read or written: {error}"))
    }
}

impl From<mongodb::error::Error> for Error {
    fn from(error: mongodb::error::Error) -> Self {
        let mut labels: Vec<String> = error.labels().iter().cloned().collect();
        labels.sort();
        let details = error.server_response().cloned();
        match *error.kind {
            ErrorKind::Command(command) => {
                from_server(command.code, command.code_name, command.message, labels, details)
            }
            ErrorKind::Io(ref io) if io.kind() == std::io::ErrorKind::TimedOut => {
                Error::Timeout { message: format!("the server did not answer in time: {io}"), details: None }
            }
            ErrorKind::Io(io) => Error::Connection { message: format!("the connection was lost: {io}"), labels },
            ErrorKind::ConnectionPoolCleared { message, .. }
            | ErrorKind::DnsResolve { message, .. }
            | ErrorKind::InvalidTlsConfig { message, .. } => Error::Connection { message, labels },
            ErrorKind::Authentication { message, .. } => {
                Error::Connection { message: format!("the server refused the login: {message}"), labels }
            }
            ErrorKind::ServerSelection { message, .. } => {
                Error::Connection { message: unreachable_servers(&message).unwrap_or(message), labels }
            }
            ErrorKind::InvalidArgument { message, .. }
            | ErrorKind::Transaction { message, .. }
            | ErrorKind::IncompatibleServer { message, .. } => Error::InvalidArgument(message),
            ErrorKind::SessionsNotSupported => Error::InvalidArgument("this server does not support sessions".into()),
            ErrorKind::Shutdown => Error::Closed,
            ErrorKind::InvalidResponse { message, .. } if message.contains(UNREADABLE_FAILURE) => {
                let message = format!(
                    "the command failed, and what the server says of it is no valid text, as when it quotes a value up \
                     to the middle of a character ({message})"
                );
                from_server(0, "Unreadable".into(), message, labels, None)
            }
            other => Error::Internal(other.to_string()),
        }
    }
}

/// Of a description of servers that did not answer, each server's address and why; nothing when it tells no reason.
fn unreachable_servers(description: &str) -> Option<String> {
    let reason = |server: &str| {
        let (address, rest) = server.split_once(',')?;
        let (_, reason) = rest.split_once("Error: Kind: ")?;
        let reason = reason.split_once(", labels:").map_or(reason, |(reason, _)| reason);
        let reason = reason.split_once(" (os error").map_or(reason, |(reason, _)| reason);
        Some(format!("{address}: {}", reason.strip_prefix("I/O error: ").unwrap_or(reason)))
    };
    let servers: Vec<_> = description.split("Address: ").skip(1).filter_map(reason).collect();
    let timeout = "no server of the connection string answered in time (server_selection_timeout_ms)";
    (!servers.is_empty()).then(|| format!("{}; {timeout}", servers.join("; ")))
}

/// The error for a code the server gave.
pub fn from_server(
    code: i32,
    code_name: String,
    message: String,
    labels: Vec<String>,
    details: Option<RawDocumentBuf>,
) -> Error {
    if MAX_TIME_EXPIRED.contains(&code) {
        return Error::Timeout { message, details };
    }
    let details = details.unwrap_or_default();
    if is_duplicate_key(code) {
        return Error::DuplicateKey(Box::new(duplicate_key(message, details)));
    }
    Error::Server(Box::new(ServerError { code, code_name, message, labels, details }))
}

pub fn duplicate_key(message: String, details: RawDocumentBuf) -> DuplicateKey {
    let document = |key: &str| details.get_document(key).ok().map(|found| found.to_owned());
    DuplicateKey {
        index: index_name(&message),
        key_pattern: document("keyPattern"),
        key_value: document("keyValue"),
        message,
        details,
    }
}

/// `E11000 duplicate key error collection: app.users index: email_1 dup key: {...}`: only the text names the index.
fn index_name(message: &str) -> Option<String> {
    let (_, rest) = message.split_once(" index: ")?;
    let (name, _) = rest.split_once(" dup key")?;
    Some(name.trim().to_owned())
}

/// Whether a read that failed so may be sent once more (codes: the driver specification on retryable reads).
pub fn read_retryable(error: &mongodb::error::Error) -> bool {
    const CODES: [i32; 13] = [11600, 11602, 10107, 13435, 13436, 189, 91, 7, 6, 89, 9001, 134, 262];
    is_network(error) || matches!(*error.kind, ErrorKind::Command(ref command) if CODES.contains(&command.code))
}

/// Whether a write that failed so may be sent once more: servers since 4.4 say so by a label.
pub fn write_retryable(error: &mongodb::error::Error) -> bool {
    is_network(error) || error.contains_label(mongodb::error::RETRYABLE_WRITE_ERROR)
}

pub fn is_network(error: &mongodb::error::Error) -> bool {
    matches!(*error.kind, ErrorKind::Io(_) | ErrorKind::ConnectionPoolCleared { .. })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_the_index_of_a_duplicate_key() {
        let message = "E11000 duplicate key error collection: app.users index: email_1 dup key: { email: \"a\" }";
        assert_eq!(index_name(message).as_deref(), Some("email_1"));
        assert_eq!(index_name("something else"), None);
    }
}
