//! User sessions, and the pool of sessions behind retryable writes.
//!
//! A retryable write carries a transaction number that must grow within its server session: a number sent twice is
//! answered with the first result, and nothing is written. The `mongodb` crate counts those of transactions privately
//! and reuses server sessions, so the numbers of every server session are kept here, for the client's lifetime. On a
//! user's session each retryable write first makes the crate count one up (a transaction started and aborted before
//! anything is sent). A server session that once was pooled, whose number the crate does not know, never becomes a
//! user's.

use std::collections::HashMap;
use std::sync::{Arc, Mutex as StdMutex, PoisonError};
use std::time::{Duration, Instant};

use bson::Bson;
use mongodb::ClientSession;
use tokio::sync::{Mutex, MutexGuard};

use crate::error::{Error, Result};
use crate::request::SessionAction;

/// Servers forget a session after 30 minutes without use.
const REUSE_WITHIN: Duration = Duration::from_secs(29 * 60);

/// The last transaction number of each server session, by its id.
#[derive(Clone, Default)]
pub(crate) struct Numbers(Arc<StdMutex<HashMap<Vec<u8>, Count>>>);

#[derive(Default)]
struct Count {
    last: i64,
    pooled: bool,
}

impl Numbers {
    fn of<T>(&self, session: &ClientSession, read: impl FnOnce(&mut Count) -> T) -> Result<T> {
        let Some(Bson::Binary(id)) = session.id().get("id") else {
            return Err(Error::Internal("a session without an id".into()));
        };
        let mut counts = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(count) = counts.get_mut(&id.bytes) {
            return Ok(read(count));
        }
        Ok(read(counts.entry(id.bytes.clone()).or_default()))
    }

    fn next(&self, session: &ClientSession) -> Result<i64> {
        self.of(session, |count| {
            count.last += 1;
            count.last
        })
    }
}

/// A session a user holds. Operations on one session run one after the other.
#[derive(Clone)]
pub struct Session {
    pub(crate) process: u32,
    held: Arc<Mutex<Held>>,
}

impl std::fmt::Debug for Session {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str("Session")
    }
}

pub(crate) struct Held {
    pub session: ClientSession,
    pub in_transaction: bool,
    pub causal: bool,
    numbers: Numbers,
}

impl Session {
    pub(crate) fn new(session: ClientSession, causal: bool, numbers: Numbers) -> Self {
        let held = Held { session, in_transaction: false, causal, numbers };
        Session { process: std::process::id(), held: Arc::new(Mutex::new(held)) }
    }

    pub(crate) async fn lock(&self) -> MutexGuard<'_, Held> {
        self.held.lock().await
    }

    pub(crate) async fn act(&self, action: SessionAction) -> Result<()> {
        let mut held = self.lock().await;
        match action {
            SessionAction::StartTransaction => {
                held.session.start_transaction().await?;
                held.numbers.next(&held.session)?;
                held.in_transaction = true;
            }
            SessionAction::Commit => {
                held.session.commit_transaction().await?;
                held.in_transaction = false;
            }
            SessionAction::Abort => {
                held.in_transaction = false;
                held.session.abort_transaction().await?;
            }
        }
        Ok(())
    }
}

impl Held {
    /// The number for a retryable write on this session, outside a transaction.
    pub async fn next_number(&mut self) -> Result<i64> {
        self.session.start_transaction().await?;
        self.session.abort_transaction().await?;
        self.numbers.next(&self.session)
    }
}

pub(crate) struct Pooled {
    pub session: ClientSession,
    used: Instant,
}

#[derive(Default)]
pub(crate) struct Pool {
    idle: StdMutex<Vec<Pooled>>,
    numbers: Numbers,
}

impl Pool {
    /// A session and the number of its next write.
    pub async fn take(&self, client: &mongodb::Client) -> Result<(Pooled, i64)> {
        let idle = self.idle.lock().unwrap_or_else(PoisonError::into_inner).pop();
        let pooled = match idle {
            Some(pooled) if pooled.used.elapsed() < REUSE_WITHIN => pooled,
            _ => {
                let session = client.start_session().causal_consistency(false).await?;
                self.numbers.of(&session, |count| count.pooled = true)?;
                Pooled { session, used: Instant::now() }
            }
        };
        let number = self.numbers.next(&pooled.session)?;
        Ok((pooled, number))
    }

    pub fn put_back(&self, mut pooled: Pooled) {
        pooled.used = Instant::now();
        self.idle.lock().unwrap_or_else(PoisonError::into_inner).push(pooled);
    }

    /// A session for a user.
    pub async fn start(&self, client: &mongodb::Client, causal: bool, snapshot: bool) -> Result<Session> {
        // Kept until the end of the search, so that each is met once.
        let mut strays = Vec::new();
        loop {
            let start = client.start_session().causal_consistency(causal);
            let session = if snapshot { start.snapshot(true).await? } else { start.await? };
            if !self.numbers.of(&session, |count| count.pooled)? {
                return Ok(Session::new(session, causal, self.numbers.clone()));
            }
            strays.push(session);
        }
    }
}
