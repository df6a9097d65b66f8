//! `_core.Cursor` and `_core.Session`: what a client opens and a caller holds.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

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
#[pyclass(frozen, module = "data_bridge._core")]
pub struct Session {
    driver: Arc<data_bridge_driver::Client>,
    driver_session: data_bridge_driver::Session,
    /// What puts back what documents knew before the transaction wrote them; None outside of transactions.
    restores: Mutex<Option<Vec<Py<PyAny>>>>,
}

impl Session {
    pub fn new(driver: Arc<data_bridge_driver::Client>, driver_session: data_bridge_driver::Session) -> Self {
        Self { driver, driver_session, restores: Mutex::new(None) }
    }

    pub fn driver_session(&self) -> data_bridge_driver::Session {
        self.driver_session.clone()
    }

    fn request(&self, action: SessionAction) -> Request {
        Request::Session(self.driver_session.clone(), action)
    }

    fn restores(&self) -> MutexGuard<'_, Option<Vec<Py<PyAny>>>> {
        // Nothing that could panic is done while it is locked.
        self.restores.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Gives documents back what they knew before the last transaction, unless it was committed.
    fn restore(&self, py: Python<'_>) -> PyResult<()> {
        let restores = self.restores().take();
        restores.into_iter().flatten().rev().try_for_each(|restore| restore.bind(py).call0().map(drop))
    }
}

#[pymethods]
impl Session {
    fn start_transaction(slf: Py<Self>) -> Pending {
        let (driver, request) = (Arc::clone(&slf.get().driver), slf.get().request(SessionAction::StartTransaction));
        Pending::then(driver, request, move |py, outcome| {
            if outcome.is_ok() {
                slf.get().restore(py)?;
                *slf.get().restores() = Some(Vec::new());
            }
            Ok(())
        })
    }

    fn commit(slf: Py<Self>) -> Pending {
        let (driver, request) = (Arc::clone(&slf.get().driver), slf.get().request(SessionAction::Commit));
        Pending::then(driver, request, move |_, outcome| {
            if outcome.is_ok() {
                *slf.get().restores() = None;
            }
            Ok(())
        })
    }

    fn abort(slf: Py<Self>) -> Pending {
        let (driver, request) = (Arc::clone(&slf.get().driver), slf.get().request(SessionAction::Abort));
        // Whatever the server says: it does not commit what is to be aborted.
        Pending::then(driver, request, move |py, _| slf.get().restore(py))
    }

    /// Lets the transaction know a function that gives a document back what it knew before: called, if it is not
    /// committed, when it is aborted or the next begins. Outside of transactions nothing happens.
    fn remember(&self, restore: Py<PyAny>) {
        if let Some(restores) = self.restores().as_mut() {
            restores.push(restore);
        }
    }
}
