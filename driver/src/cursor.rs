//! A cursor as whole server replies.

use std::sync::Arc;

use bson::RawDocumentBuf;
use futures_util::StreamExt;
use mongodb::raw_batch_cursor::{RawBatchCursor, SessionRawBatchCursor};
use tokio::sync::Mutex;

use crate::error::Result;
use crate::session::Session;

/// An open cursor. Dropping the last handle before its end closes it on the server.
#[derive(Clone)]
pub struct Cursor {
    pub(crate) process: u32,
    state: Arc<Mutex<State>>,
}

pub(crate) enum State {
    Plain(Box<RawBatchCursor>),
    InSession(Box<SessionRawBatchCursor>, Session),
    Empty,
}

impl std::fmt::Debug for Cursor {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str("Cursor")
    }
}

impl Cursor {
    pub(crate) fn new(state: State) -> Self {
        Cursor { process: std::process::id(), state: Arc::new(Mutex::new(state)) }
    }

    pub(crate) async fn next(&self) -> Result<Option<RawDocumentBuf>> {
        let mut state = self.state.lock().await;
        let batch = match &mut *state {
            State::Plain(cursor) => cursor.next().await,
            State::InSession(cursor, session) => {
                let mut held = session.lock().await;
                cursor.stream(&mut held.session).next().await
            }
            State::Empty => None,
        };
        match batch {
            Some(Ok(batch)) => Ok(Some(batch.as_raw_document().to_owned())),
            Some(Err(error)) => {
                *state = State::Empty;
                Err(error.into())
            }
            None => {
                *state = State::Empty;
                Ok(None)
            }
        }
    }

    /// Ends the cursor; an unfinished one is closed on the server, in the background.
    pub(crate) async fn close(&self) {
        *self.state.lock().await = State::Empty;
    }
}
