//! A cursor as whole server replies.

use std::collections::VecDeque;
use std::sync::Arc;

use bson::RawDocument;
use data_bridge_compiler::physical::Step;
use futures_util::StreamExt;
use mongodb::raw_batch_cursor::{RawBatchCursor, SessionRawBatchCursor};
use tokio::sync::Mutex;
use tokio::task::JoinHandle;

use crate::client::Connected;
use crate::error::{Error, Result};
use crate::raw;
use crate::request::{Page, RunOptions};
use crate::runtime;
use crate::session::Session;

/// Batches that are asked for before the reader is known to want them all: from the next one on, each is on its way
/// while the one before is decoded.
const READ_BEFORE_AHEAD: usize = 1;

/// An open cursor. Dropping the last handle before its end closes it on the server.
#[derive(Clone)]
pub struct Cursor {
    pub(crate) process: u32,
    inner: Arc<Mutex<Inner>>,
    /// What is read when this has come to its end.
    later: Arc<Mutex<Later>>,
}

/// Commands whose documents follow those of a cursor.
#[derive(Default)]
struct Later {
    steps: VecDeque<Step>,
    options: RunOptions,
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
        let inner = Arc::new(Mutex::new(Inner { state, given: 0 }));
        Cursor { process: std::process::id(), inner, later: Arc::default() }
    }

    /// The cursor, with the documents of these commands behind its own.
    pub(crate) fn followed_by(self, steps: impl IntoIterator<Item = Step>, options: &RunOptions) -> Self {
        let later = Later { steps: steps.into_iter().collect(), options: options.clone() };
        Cursor { later: Arc::new(Mutex::new(later)), ..self }
    }

    /// Whether a reply that is the last of its command is the last of all.
    pub(crate) async fn ends_with(&self, reply: &RawDocument) -> bool {
        raw::is_last_batch(reply) && self.later.lock().await.steps.is_empty()
    }

    /// The next whole reply; none at the end.
    pub(crate) async fn next(&self) -> Result<Option<Page>> {
        self.inner.lock().await.next(READ_BEFORE_AHEAD).await
    }

    /// The first reply, for a reader of every document: the next one is on its way from the start.
    pub(crate) async fn first(&self) -> Result<Option<Page>> {
        self.inner.lock().await.next(0).await
    }

    /// Ends the cursor; an unfinished one is closed on the server, in the background.
    pub(crate) async fn close(&self) {
        self.inner.lock().await.state = State::Empty;
        self.later.lock().await.steps.clear();
    }
}

impl Connected {
    /// The next whole reply of a cursor, or of what follows it; none at the end of all.
    pub(crate) async fn next_batch(&self, cursor: &Cursor) -> Result<Option<Page>> {
        let mut later = cursor.later.lock().await;
        loop {
            if let Some(batch) = cursor.next().await? {
                return Ok(Some(batch));
            }
            let Some(step) = later.steps.pop_front() else { return Ok(None) };
            let opened = self.open_step(step, &later.options).await?;
            let state = std::mem::replace(&mut opened.inner.lock().await.state, State::Empty);
            cursor.inner.lock().await.state = state;
        }
    }
}

impl Inner {
    async fn next(&mut self, read_before_ahead: usize) -> Result<Option<Page>> {
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
        let batch = Page::Received(batch?);
        self.given += 1;
        self.state = match state {
            _ if raw::is_last_batch(&batch) => State::Empty,
            State::Plain(cursor) if self.given > read_before_ahead => fetch_ahead(cursor)?,
            state => state,
        };
        Ok(Some(batch))
    }
}

/// Whoever asked decodes meanwhile, so that somebody else has to drive.
fn fetch_ahead(mut cursor: Box<RawBatchCursor>) -> Result<State> {
    let in_flight = runtime::io()?.beside();
    Ok(State::Ahead(tokio::spawn(async move {
        let batch = cursor.next().await;
        drop(in_flight);
        (batch, cursor)
    })))
}
