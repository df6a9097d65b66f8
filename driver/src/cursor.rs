//! A cursor as whole server replies.

use std::sync::Arc;

use bson::RawDocumentBuf;
use futures_util::StreamExt;
use mongodb::raw_batch_cursor::{RawBatchCursor, SessionRawBatchCursor};
use tokio::sync::Mutex;
use tokio::task::JoinHandle;

use crate::error::{Error, Result};
use crate::raw;
use crate::session::Session;

/// Batches that are asked for before the reader is known to want them all: from the next one on, each is on its way
/// while the one before is decoded.
const READ_BEFORE_AHEAD: usize = 1;

/// An open cursor. Dropping the last handle before its end closes it on the server.
#[derive(Clone)]
pub struct Cursor {
    pub(crate) process: u32,
    inner: Arc<Mutex<Inner>>,
}

struct Inner {
    state: State,
    given: usize,
}

pub(crate) enum State {
    Plain(Box<RawBatchCursor>),
    /// The next batch is being fetched.
    Ahead(JoinHandle<(Option<Batch>, Box<RawBatchCursor>)>),
    InSession(Box<SessionRawBatchCursor>, Session),
    Empty,
}

type Batch = mongodb::error::Result<mongodb::raw_batch_cursor::RawBatch>;

impl std::fmt::Debug for Cursor {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str("Cursor")
    }
}

impl Cursor {
    pub(crate) fn new(state: State) -> Self {
        Cursor { process: std::process::id(), inner: Arc::new(Mutex::new(Inner { state, given: 0 })) }
    }

    /// The next whole reply; none at the end.
    pub(crate) async fn next(&self) -> Result<Option<RawDocumentBuf>> {
        self.inner.lock().await.next(READ_BEFORE_AHEAD).await
    }

    /// The first reply, for a reader of every document: the next one is on its way from the start.
    pub(crate) async fn first(&self) -> Result<Option<RawDocumentBuf>> {
        self.inner.lock().await.next(0).await
    }

    /// Ends the cursor; an unfinished one is closed on the server, in the background.
    pub(crate) async fn close(&self) {
        self.inner.lock().await.state = State::Empty;
    }
}

impl Inner {
    async fn next(&mut self, read_before_ahead: usize) -> Result<Option<RawDocumentBuf>> {
        // What is interrupted here is not taken up again.
        let (batch, state) = match std::mem::replace(&mut self.state, State::Empty) {
            State::Plain(mut cursor) => (cursor.next().await, State::Plain(cursor)),
            State::Ahead(task) => {
                let (batch, cursor) =
                    task.await.map_err(|error| Error::Internal(format!("a batch was not fetched: {error}")))?;
                (batch, State::Plain(cursor))
            }
            State::InSession(mut cursor, session) => {
                let mut held = session.lock().await;
                let batch = cursor.stream(&mut held.session).next().await;
                drop(held);
                (batch, State::InSession(cursor, session))
            }
            State::Empty => (None, State::Empty),
        };
        let Some(batch) = batch else { return Ok(None) };
        let batch = batch?.as_raw_document().to_owned();
        self.given += 1;
        self.state = match state {
            _ if raw::is_last_batch(&batch) => State::Empty,
            State::Plain(cursor) if self.given > read_before_ahead => fetch_ahead(cursor),
            state => state,
        };
        Ok(Some(batch))
    }
}

fn fetch_ahead(mut cursor: Box<RawBatchCursor>) -> State {
    State::Ahead(tokio::spawn(async move {
        let batch = cursor.next().await;
        (batch, cursor)
    }))
}
