//! `_core.Cursor` and `_core.Session`: what a client opens and a caller holds.

use std::sync::Arc;

use data_bridge_driver::{Request, SessionAction};
use pyo3::prelude::*;

use crate::client::{plain, start, wait};
use crate::completion::Finish;

/// An open server cursor; its batches are whole replies.
#[pyclass(frozen, module = "data_bridge._core")]
pub struct Cursor {
    pub(crate) driver: Arc<data_bridge_driver::Client>,
    pub(crate) driver_cursor: data_bridge_driver::Cursor,
}

impl Cursor {
    pub fn new(driver: Arc<data_bridge_driver::Client>, driver_cursor: data_bridge_driver::Cursor) -> Self {
        Self { driver, driver_cursor }
    }

    pub fn driver_cursor(&self) -> &data_bridge_driver::Cursor {
        &self.driver_cursor
    }

    /// The next batch, finished by the caller's own decoder.
    pub fn start_next<'py>(&self, py: Python<'py>, finish: Box<dyn Finish>) -> PyResult<Bound<'py, PyAny>> {
        start(py, &self.driver, Request::NextBatch(self.driver_cursor.clone()), finish)
    }

    pub fn wait_next(&self, py: Python<'_>, finish: Box<dyn Finish>) -> PyResult<Py<PyAny>> {
        wait(py, &self.driver, Request::NextBatch(self.driver_cursor.clone()), finish)
    }
}

#[pymethods]
impl Cursor {
    fn next_batch<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyAny>> {
        self.start_next(py, plain(&self.driver))
    }

    fn next_batch_sync(&self, py: Python<'_>) -> PyResult<Py<PyAny>> {
        self.wait_next(py, plain(&self.driver))
    }

    fn close<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyAny>> {
        start(py, &self.driver, Request::CloseCursor(self.driver_cursor.clone()), plain(&self.driver))
    }

    fn close_sync(&self, py: Python<'_>) -> PyResult<Py<PyAny>> {
        wait(py, &self.driver, Request::CloseCursor(self.driver_cursor.clone()), plain(&self.driver))
    }
}

/// A client session; operations on it run one after the other.
#[pyclass(frozen, module = "data_bridge._core")]
pub struct Session {
    pub(crate) driver: Arc<data_bridge_driver::Client>,
    pub(crate) driver_session: data_bridge_driver::Session,
}

impl Session {
    fn act<'py>(&self, py: Python<'py>, action: SessionAction) -> PyResult<Bound<'py, PyAny>> {
        start(py, &self.driver, Request::Session(self.driver_session.clone(), action), plain(&self.driver))
    }

    fn act_sync(&self, py: Python<'_>, action: SessionAction) -> PyResult<Py<PyAny>> {
        wait(py, &self.driver, Request::Session(self.driver_session.clone(), action), plain(&self.driver))
    }
}

#[pymethods]
impl Session {
    fn start_transaction<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyAny>> {
        self.act(py, SessionAction::StartTransaction)
    }

    fn start_transaction_sync(&self, py: Python<'_>) -> PyResult<Py<PyAny>> {
        self.act_sync(py, SessionAction::StartTransaction)
    }

    fn commit<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyAny>> {
        self.act(py, SessionAction::Commit)
    }

    fn commit_sync(&self, py: Python<'_>) -> PyResult<Py<PyAny>> {
        self.act_sync(py, SessionAction::Commit)
    }

    fn abort<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyAny>> {
        self.act(py, SessionAction::Abort)
    }

    fn abort_sync(&self, py: Python<'_>) -> PyResult<Py<PyAny>> {
        self.act_sync(py, SessionAction::Abort)
    }
}
