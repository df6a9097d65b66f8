//! User sessions, and the pool of sessions behind retryable writes.
//!
//! A retryable write carries a transaction number that must grow within its server session. The `mongodb` crate counts
//! those of transactions privately, so the two kinds are kept apart: pooled sessions are ours alone and never start a
//! transaction; on a user's session each retryable write first makes the crate count one up (a transaction started and
//! aborted before anything is sent), and the same count is kept here.

use std::collections::HashMap;
use std::sync::{Arc, Mutex as StdMutex, PoisonError};
use std::time::{Duration, Instant};

use mongodb::ClientSession;
use tokio::sync::{Mutex, MutexGuard};

use crate::error::{Error, Result};
use crate::request::SessionAction;

/// Servers forget a session after 30 minutes without use.
const REUSE_WITHIN: Duration = Duration::from_secs(25 * 60);

pub(crate) type Numbers = Arc<StdMutex<HashMap<Vec<u8>, i64>>>;

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
                held.count_up()?;
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
        self.count_up()
    }

    fn count_up(&self) -> Result<i64> {
        let key = self.session.id().get_binary_generic("id").map_err(|error| Error::Internal(error.to_string()))?;
        let mut numbers = self.numbers.lock().unwrap_or_else(PoisonError::into_inner);
        let number = numbers.entry(key.clone()).or_insert(0);
        *number += 1;
        Ok(*number)
    }
}

pub(crate) struct Pooled {
    pub session: ClientSession,
    number: i64,
    used: Instant,
}

impl Pooled {
    pub fn next_number(&mut self) -> i64 {
        self.number += 1;
        self.number
    }
}

#[derive(Default)]
pub(crate) struct Pool {
    idle: StdMutex<Vec<Pooled>>,
}

impl Pool {
    pub async fn take(&self, client: &mongodb::Client) -> Result<Pooled> {
        let idle = self.idle.lock().unwrap_or_else(PoisonError::into_inner).pop();
        match idle {
            Some(pooled) if pooled.used.elapsed() < REUSE_WITHIN => Ok(pooled),
            _ => {
                let session = client.start_session().causal_consistency(false).await?;
                Ok(Pooled { session, number: 0, used: Instant::now() })
            }
        }
    }

    /// Only for sessions that met no network error: the server may still be busy with those.
    pub fn put_back(&self, mut pooled: Pooled) {
        pooled.used = Instant::now();
        self.idle.lock().unwrap_or_else(PoisonError::into_inner).push(pooled);
    }
}
