//! `_core.Cursor` and `_core.Session`: what a client opens and a caller holds.

use std::sync::{Arc, Mutex, PoisonError};

use data_bridge_driver::{Request, SessionAction};
use pyo3::prelude::*;

use crate::codec::Objects;
use crate::gather::Slices;
use crate::pending::Pending;

/// An open server cursor; its batches are whole replies.
#[pyclass(frozen, module = "data_bridge._core")]
pub struct Cursor {
    driver: Arc<data_bridge_driver::Client>,
    driver_cursor: data_bridge_driver::Cursor,
    /// A batch of which some documents were given.
    begun: Mutex<Option<Slices<Objects>>>,
}

impl Cursor {
    pub fn new(driver: Arc<data_bridge_driver::Client>, driver_cursor: data_bridge_driver::Cursor) -> Self {
        Self { driver, driver_cursor, begun: Mutex::new(None) }
    }

    /// Keeps the rest of a batch.
    pub fn keep(&self, begun: Slices<Objects>) {
        *self.begun.lock().unwrap_or_else(PoisonError::into_inner) = Some(begun);
    }

    /// The rest of a batch, if one was kept.
    pub fn take_begun(&self) -> Option<Slices<Objects>> {
        self.begun.lock().unwrap_or_else(PoisonError::into_inner).take()
    }

    pub fn driver(&self) -> Arc<data_bridge_driver::Client> {
        Arc::clone(&self.driver)
    }

    /// The request of the next batch.
    pub fn next(&self) -> Request {
        Request::NextBatch(self.driver_cursor.clone())
    }
}

#[pymethods]
impl Cursor {
    fn next_batch(&self) -> Pending {
        Pending::plain(&self.driver, self.next())
    }

    fn close(&self) -> Pending {
        drop(self.take_begun());
        Pending::plain(&self.driver, Request::CloseCursor(self.driver_cursor.clone()))
    }
}

/// A client session; operations on it run one after the other.
#[pyclass(frozen, subclass, module = "data_bridge._core")]
pub struct Session {
    driver: Arc<data_bridge_driver::Client>,
    driver_session: data_bridge_driver::Session,
}

impl Session {
    pub fn new(driver: Arc<data_bridge_driver::Client>, driver_session: data_bridge_driver::Session) -> Self {
        Self { driver, driver_session }
    }

    pub fn driver_session(&self) -> data_bridge_driver::Session {
        self.driver_session.clone()
    }

    fn act(&self, action: SessionAction) -> Pending {
        Pending::plain(&self.driver, Request::Session(self.driver_session.clone(), action))
    }
}

#[pymethods]
impl Session {
    /// The same session, for classes built on this one.
    #[new]
    fn again(of: &Session) -> Self {
        Self { driver: of.driver.clone(), driver_session: of.driver_session.clone() }
    }

    fn start_transaction(&self) -> Pending {
        self.act(SessionAction::StartTransaction)
    }

    fn commit(&self) -> Pending {
        self.act(SessionAction::Commit)
    }

    fn abort(&self) -> Pending {
        self.act(SessionAction::Abort)
    }
}
