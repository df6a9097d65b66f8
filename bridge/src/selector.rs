//! How an event loop waits, of which this library's answers are a part: while it has borrowed the driver it waits for
//! the sockets of the I/O runtime and for its own at once, on its own thread.
//!
//! asyncio's loop waits in its selector alone, so that takes the place of it; it does what the other does in all else.
//! Source: CPython's `Lib/asyncio/base_events.py` (`_run_once`) and `selector_events.py` (`_process_events`). Loops of
//! other kinds keep theirs, and are told by an eventfd.

use std::os::fd::RawFd;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use data_bridge_driver::{Borrower, Io, LEASE, runtime};
use futures_util::FutureExt;
use pyo3::prelude::*;
use pyo3::sync::PyOnceLock;
use pyo3::types::{PyList, PyType};
use pyo3::{PyTraverseError, PyVisit, intern};
use tokio::io::Interest;
use tokio::io::unix::AsyncFd;

use crate::completion::Inbox;
use crate::errors;
use crate::gate::guarded;

/// `selectors.EVENT_READ`.
const EVENT_READ: u8 = 1;

/// A loop's selector that can drive.
#[pyclass(module = "data_bridge._core")]
pub struct Selector {
    /// Readable when the loop's own selector has something to give. It must go before that closes.
    readable: Option<AsyncFd<RawFd>>,
    /// The loop's own; none once the interpreter has broken a cycle of garbage.
    own: Option<Py<PyAny>>,
    /// What the loop's own gives when the queue's eventfd is readable.
    arrived: Option<Py<PyAny>>,
    inbox: Arc<Inbox>,
    io: Arc<Io>,
    borrower: Borrower,
}

/// What ended the waiting.
enum Came {
    Outcome,
    Event,
}

/// Makes the loop wait in a selector that can drive; None where it is of a kind that waits elsewhere.
pub fn install(event_loop: &Bound<'_, PyAny>, eventfd: RawFd, inbox: &Arc<Inbox>) -> PyResult<Option<Borrower>> {
    static EPOLL: PyOnceLock<Py<PyType>> = PyOnceLock::new();
    let py = event_loop.py();
    let Some(own) = event_loop.getattr_opt(intern!(py, "_selector"))? else { return Ok(None) };
    if !own.get_type().is(EPOLL.import(py, "selectors", "EpollSelector")?) {
        return Ok(None);
    }
    let io = runtime::io().map_err(|error| errors::to_python(py, error))?;
    let descriptor: RawFd = own.call_method0(intern!(py, "fileno"))?.extract()?;
    let readable = {
        let _of_the_runtime = io.enter();
        #[expect(deprecated, reason = "the other asks for unsafe code; the selector holds its descriptor open")]
        AsyncFd::with_interest(descriptor, Interest::READABLE)?
    };
    let key = own.call_method1(intern!(py, "get_key"), (eventfd,))?;
    let borrower = Borrower::new();
    let selector = Selector {
        readable: Some(readable),
        own: Some(own.unbind()),
        arrived: Some((key, EVENT_READ).into_pyobject(py)?.into_any().unbind()),
        inbox: Arc::clone(inbox),
        io,
        borrower,
    };
    event_loop.setattr(intern!(py, "_selector"), Bound::new(py, selector)?)?;
    Ok(Some(borrower))
}

#[pymethods]
impl Selector {
    /// Waits as the loop's own does, for at most so many seconds.
    #[pyo3(signature = (timeout = None))]
    fn select<'py>(&self, py: Python<'py>, timeout: Option<f64>) -> PyResult<Bound<'py, PyAny>> {
        let waits = timeout.is_none_or(|seconds| seconds > 0.0);
        let readable = self.readable.as_ref().filter(|_| waits && self.io.is_busy() && self.io.is_with(self.borrower));
        if !self.inbox.looks(readable.is_some() || !waits) {
            return self.with_arrived(self.ask(py, Some(0.0))?);
        }
        let Some(readable) = readable else { return self.ask(py, timeout) };
        // What comes from here on makes it readable anew.
        if let Some(Ok(mut seen)) = readable.readable().now_or_never() {
            seen.clear_ready();
        }
        let events = self.ask(py, Some(0.0))?;
        if events.len()? > 0 {
            return Ok(events);
        }
        let longest = timeout.and_then(|seconds| Duration::try_from_secs_f64(seconds).ok()).unwrap_or(LEASE).min(LEASE);
        match guarded(py, || Ok(py.detach(|| self.wait(readable, longest))))? {
            Some(Came::Outcome) => self.with_arrived(events),
            Some(Came::Event) => self.ask(py, Some(0.0)),
            None => {
                if longest == LEASE {
                    // The keeper can wait for what takes so long. The loop comes again at once, and lets signals in.
                    self.io.give_back(self.borrower);
                }
                Ok(events)
            }
        }
    }

    fn close(&mut self, py: Python<'_>) -> PyResult<()> {
        self.let_go();
        self.own(py)?.call_method0(intern!(py, "close")).map(drop)
    }

    fn __getattr__<'py>(&self, py: Python<'py>, name: &str) -> PyResult<Bound<'py, PyAny>> {
        self.own(py)?.getattr(name)
    }

    fn __traverse__(&self, visit: PyVisit<'_>) -> Result<(), PyTraverseError> {
        visit.call(&self.own)?;
        visit.call(&self.arrived)
    }

    fn __clear__(&mut self) {
        self.let_go();
        self.own = None;
        self.arrived = None;
    }
}

impl Selector {
    fn own<'py>(&self, py: Python<'py>) -> PyResult<&Bound<'py, PyAny>> {
        let own = self.own.as_ref().map(|own| own.bind(py));
        own.ok_or_else(|| errors::internal(py, "a selector is used after its loop was thrown away"))
    }

    fn ask<'py>(&self, py: Python<'py>, timeout: Option<f64>) -> PyResult<Bound<'py, PyAny>> {
        self.own(py)?.call_method1(intern!(py, "select"), (timeout,))
    }

    fn with_arrived<'py>(&self, events: Bound<'py, PyAny>) -> PyResult<Bound<'py, PyAny>> {
        events.cast::<PyList>()?.append(&self.arrived)?;
        Ok(events)
    }

    fn wait(&self, readable: &AsyncFd<RawFd>, longest: Duration) -> Option<Came> {
        let came = |context: &mut Context<'_>| {
            self.inbox.register(context);
            if !self.inbox.is_empty() {
                return Poll::Ready(Came::Outcome);
            }
            readable.poll_read_ready(context).map(|_| Came::Event)
        };
        self.io.drive(async move { tokio::time::timeout(longest, std::future::poll_fn(came)).await.ok() })
    }

    /// Takes it out of the runtime. That of another process shares its epoll with this one's, and stays as it is.
    fn let_go(&mut self) {
        let readable = self.readable.take();
        if self.io.is_here() {
            drop(readable);
            self.io.give_back(self.borrower);
        } else {
            std::mem::forget(readable);
        }
    }
}

impl Drop for Selector {
    fn drop(&mut self) {
        self.let_go();
    }
}
