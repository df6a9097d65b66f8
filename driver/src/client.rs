//! A connection to a deployment. Nothing is sent before the first request.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use bson::{RawDocumentBuf, doc};
use data_bridge_compiler::requirements::unmet;
use mongodb::options::{ConnectionString, SelectionCriteria};
use tokio::sync::OnceCell;

use crate::command::is_retryable;
use crate::error::{Error, Result};
use crate::request::{Reply, Request, RunOptions};
use crate::session::Pool;
use crate::topology::Topology;

const POOL_SIZE: u32 = 100;

/// What a caller may say beside the connection string; the string wins where both speak.
#[derive(Debug, Clone, Default)]
pub struct ClientOptions {
    pub app_name: Option<String>,
    pub max_pool_size: Option<u32>,
    pub server_selection_timeout: Option<Duration>,
    pub connect_timeout: Option<Duration>,
}

/// The database of those who name none, as in MongoDB's shell and its other drivers.
const DEFAULT_DATABASE: &str = "test";

/// A client of one deployment. After a fork the child connects anew on its next request.
pub struct Client {
    uri: String,
    options: ClientOptions,
    default_database: String,
    current: Mutex<Option<Current>>,
    closed: AtomicBool,
}

struct Current {
    process: u32,
    cell: Arc<OnceCell<Connected>>,
}

/// The live half of a client; every module of this crate adds what it can do.
pub(crate) struct Connected {
    pub client: mongodb::Client,
    pub default_database: String,
    pub read_concern: Option<RawDocumentBuf>,
    pub write_concern: Option<RawDocumentBuf>,
    pub selection: Option<SelectionCriteria>,
    pub retry_reads: bool,
    pub retry_writes: bool,
    pub pool: Pool,
    topology: OnceCell<Topology>,
}

impl Client {
    /// Checks the connection string; no I/O. `database` is used where a request names none, before the string's own,
    /// before "test".
    pub fn new(uri: &str, database: Option<String>, options: ClientOptions) -> Result<Self> {
        let parsed = ConnectionString::parse(uri).map_err(|error| Error::InvalidUri(error.kind.to_string()))?;
        let default_database = database.or(parsed.default_database).unwrap_or_else(|| DEFAULT_DATABASE.to_owned());
        Ok(Client {
            uri: uri.to_owned(),
            options,
            default_database,
            current: Mutex::new(None),
            closed: AtomicBool::new(false),
        })
    }

    pub fn default_database(&self) -> &str {
        &self.default_database
    }

    pub fn is_closed(&self) -> bool {
        self.closed.load(Ordering::Acquire)
    }

    /// The one entry: a future to be run by whoever drives ([`crate::runtime::start`]) to its end.
    pub fn execute(self: &Arc<Self>, request: Request) -> impl Future<Output = Result<Reply>> + Send + 'static {
        let client = Arc::clone(self);
        async move { client.run(request).await }
    }

    async fn run(&self, request: Request) -> Result<Reply> {
        check_process(&request)?;
        if let Request::Close = request {
            self.close().await;
            return Ok(Reply::Done);
        }
        if self.is_closed() {
            return Err(Error::Closed);
        }
        let cell = self.cell();
        let connected = cell.get_or_try_init(|| self.connect()).await?;
        connected.answer(request).await
    }

    fn cell(&self) -> Arc<OnceCell<Connected>> {
        let process = std::process::id();
        let mut current = self.current.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(found) = current.as_ref().filter(|found| found.process == process) {
            return Arc::clone(&found.cell);
        }
        let cell = Arc::new(OnceCell::new());
        // The parent's sockets are not ours to close.
        std::mem::forget(current.replace(Current { process, cell: Arc::clone(&cell) }));
        cell
    }

    async fn connect(&self) -> Result<Connected> {
        let parsed = mongodb::options::ClientOptions::parse(&self.uri).await;
        let mut options = parsed.map_err(|error| match Error::from(error) {
            Error::InvalidArgument(message) => Error::InvalidUri(message),
            other => other,
        })?;
        options.max_pool_size = options.max_pool_size.or(self.options.max_pool_size).or(Some(POOL_SIZE));
        options.app_name = options.app_name.or_else(|| self.options.app_name.clone());
        options.connect_timeout = options.connect_timeout.or(self.options.connect_timeout);
        options.server_selection_timeout = options.server_selection_timeout.or(self.options.server_selection_timeout);
        let concern = |found: bson::error::Result<RawDocumentBuf>| found.map_err(Error::from);
        let read_concern = options.read_concern.as_ref().map(bson::serialize_to_raw_document_buf).map(concern);
        let write_concern = options.write_concern.as_ref().map(bson::serialize_to_raw_document_buf).map(concern);
        Ok(Connected {
            default_database: self.default_database.clone(),
            read_concern: read_concern.transpose()?,
            write_concern: write_concern.transpose()?.filter(|concern| !concern.is_empty()),
            selection: options.selection_criteria.clone(),
            retry_reads: options.retry_reads.unwrap_or(true),
            retry_writes: options.retry_writes.unwrap_or(true),
            client: mongodb::Client::with_options(options)?,
            pool: Pool::default(),
            topology: OnceCell::new(),
        })
    }

    async fn close(&self) {
        if self.closed.swap(true, Ordering::AcqRel) {
            return;
        }
        let current = self.current.lock().unwrap_or_else(PoisonError::into_inner).take();
        let Some(current) = current else { return };
        if current.process != std::process::id() {
            return std::mem::forget(current);
        }
        let Some(connected) = current.cell.get() else { return };
        let shutdown = connected.client.clone().shutdown().immediate(true);
        let ended = tokio::spawn(async move { shutdown.await });
        // A server that is gone cannot be told that the sessions ended.
        let _ = tokio::time::timeout(Duration::from_secs(2), ended).await;
    }
}

impl Drop for Client {
    fn drop(&mut self) {
        let current = self.current.get_mut().unwrap_or_else(PoisonError::into_inner).take();
        if current.as_ref().is_some_and(|current| current.process != std::process::id()) {
            std::mem::forget(current);
        }
    }
}

impl Connected {
    /// What the deployment is, asked once.
    pub(crate) async fn topology(&self) -> Result<&Topology> {
        self.topology.get_or_try_init(|| Topology::discover(&self.client)).await
    }

    /// Refuses what the server is too old for. Plans that every server runs ask nothing of it.
    async fn check_server(&self, options: &RunOptions) -> Result<()> {
        if options.requires.is_empty() {
            return Ok(());
        }
        match unmet(&options.requires, &self.topology().await?.server_version) {
            Some(errors) if !errors.is_empty() => Err(Error::Unsupported(errors)),
            _ => Ok(()),
        }
    }

    async fn answer(&self, request: Request) -> Result<Reply> {
        match request {
            Request::Run { plan, options } => {
                self.check_server(&options).await?;
                self.run(plan, &options).await
            }
            Request::OpenCursor { plan, options } => {
                self.check_server(&options).await?;
                Ok(Reply::Cursor(self.open_cursor(plan, &options).await?))
            }
            Request::Fill { plan, options } => {
                self.check_server(&options).await?;
                Ok(Reply::Filled(self.filled(plan, &options).await?))
            }
            Request::NextBatch(cursor) => Ok(Reply::Batch(self.next_batch(&cursor).await?)),
            Request::CloseCursor(cursor) => {
                cursor.close().await;
                Ok(Reply::Done)
            }
            Request::Batch { batch, options } => Ok(Reply::Written(self.write_batch(batch, &options).await?)),
            Request::Command { database, command, write, options } => {
                self.command(database, command, write, options).await
            }
            Request::Ping => {
                self.client.database("admin").run_command(doc! { "ping": 1 }).await?;
                Ok(Reply::Done)
            }
            Request::Topology => Ok(Reply::Topology(self.topology().await?.clone())),
            Request::StartSession { causal_consistency, snapshot } => {
                let causal = causal_consistency && !snapshot;
                Ok(Reply::Session(self.pool.start(&self.client, causal, snapshot).await?))
            }
            Request::Session(session, action) => {
                session.act(action).await?;
                Ok(Reply::Done)
            }
            Request::Close => Ok(Reply::Done),
        }
    }

    async fn command(
        &self,
        database: Option<String>,
        command: RawDocumentBuf,
        write: bool,
        options: RunOptions,
    ) -> Result<Reply> {
        let reply = if write {
            self.write_checked(database.as_deref(), command, is_retryable, &options).await?
        } else {
            self.read(database.as_deref(), command, &options).await?
        };
        Ok(Reply::Document(Some(reply)))
    }
}

/// Cursors and sessions belong to the process that opened them.
fn check_process(request: &Request) -> Result<()> {
    let (cursor, session) = match request {
        Request::NextBatch(cursor) | Request::CloseCursor(cursor) => (Some(cursor), None),
        Request::Session(session, _) => (None, Some(session)),
        Request::Run { options, .. }
        | Request::OpenCursor { options, .. }
        | Request::Batch { options, .. }
        | Request::Fill { options, .. }
        | Request::Command { options, .. } => (None, options.session.as_ref()),
        _ => (None, None),
    };
    let process = cursor.map(|cursor| cursor.process).or(session.map(|session| session.process));
    match process {
        Some(process) if process != std::process::id() => Err(Error::InvalidArgument(
            "this cursor or session was opened before the process forked; open a new one here".into(),
        )),
        _ => Ok(()),
    }
}
