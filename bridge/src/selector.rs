//! How an event loop waits, of which this library's answers are a part: while it has borrowed the driver it waits for
//! the sockets of the I/O runtime and for its own at once, on its own thread.
//!
//! asyncio's loop waits in its selector alone, so that takes the place of it; it does what the other does in all else.
//! Source: CPython's `Lib/asyncio/base_events.py` (`_run_once`) and `selector_events.py` (`_process_events`). Loops of
//! other kinds keep theirs, and are told by an eventfd.

use std::os::fd::RawFd;
use std::pin::Pin;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::task::Poll;
use std::time::Duration;

use data_bridge_driver::{Borrower, Io, LEASE, runtime};
use futures_util::FutureExt;
use pyo3::prelude::*;
use pyo3::sync::PyOnceLock;
use pyo3::types::{PyList, PyType};
use pyo3::{PyTraverseError, PyVisit, intern};
use tokio::io::Interest;
use tokio::io::unix::AsyncFd;
use tokio::time::{Instant, Sleep};

use crate::completion::{Inbox, locked};
use crate::errors;
use crate::gate::guarded;
use crate::turn::Turn;

/// `selectors.EVENT_READ`.
const EVENT_READ: u8 = 1;

/// A loop's selector that can drive.
#[pyclass(dict, module = "data_bridge._core")]
pub struct Selector {
    /// The loop's own; none once the interpreter has broken a cycle of garbage.
    own: Option<Py<PyAny>>,
    /// What the loop's own gives when the queue's eventfd is readable.
    arrived: Option<Py<PyAny>>,
    /// Only while this drives, for each event wakes whoever drives. It must go before `epoll`.
    watch: Mutex<Option<Watch>>,
    /// A second descriptor of the loop's own epoll, which nobody else closes.
    epoll: Py<PyAny>,
    /// The loop came by without waiting since this last drove.
    passed: AtomicBool,
    inbox: Arc<Inbox>,
    turn: Arc<Turn>,
    io: Arc<Io>,
    borrower: Borrower,
}

/// What a loop that drives waits for beside its outcomes.
struct Watch {
    /// The runtime's sight of what is readable when the loop's own selector has something to give.
    readable: AsyncFd<RawFd>,
    /// The loop's own selector gave nothing when it was last asked, and has not become readable since.
    is_quiet: bool,
    /// When the loop waits no longer: one timer for all requests, for to make one wakes the runtime.
    until: Pin<Box<Sleep>>,
}

/// What ended the waiting.
enum Came {
    Outcome,
    Event,
    Nothing,
}

/// Makes the loop wait in a selector that can drive; None where it is of a kind that waits elsewhere.
pub fn install(
    event_loop: &Bound<'_, PyAny>,
    eventfd: RawFd,
    inbox: &Arc<Inbox>,
    turn: &Arc<Turn>,
) -> PyResult<Option<Borrower>> {
    static KIND: PyOnceLock<Py<PyType>> = PyOnceLock::new();
    static EPOLL: PyOnceLock<Py<PyType>> = PyOnceLock::new();
    static DUP: PyOnceLock<Py<PyAny>> = PyOnceLock::new();
    let py = event_loop.py();
    let Some(own) = event_loop.getattr_opt(intern!(py, "_selector"))? else { return Ok(None) };
    if !own.get_type().is(KIND.import(py, "selectors", "EpollSelector")?) {
        return Ok(None);
    }
    let descriptor = DUP.import(py, "os", "dup")?.call1((own.call_method0(intern!(py, "fileno"))?,))?;
    let epoll = EPOLL.import(py, "select", "epoll")?.call_method1(intern!(py, "fromfd"), (descriptor,))?;
    let key = own.call_method1(intern!(py, "get_key"), (eventfd,))?;
    let borrower = Borrower::new();
    let selector = Selector {
        own: Some(own.unbind()),
        arrived: Some((key, EVENT_READ).into_pyobject(py)?.into_any().unbind()),
        watch: Mutex::default(),
        epoll: epoll.unbind(),
        passed: AtomicBool::default(),
        inbox: Arc::clone(inbox),
        turn: Arc::clone(turn),
        io: runtime::io().map_err(|error| errors::to_python(py, error))?,
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
        self.turn.end();
        let waits = timeout.is_none_or(|seconds| seconds > 0.0);
        let drives = self.io.is_busy() && self.io.is_with(self.borrower);
        if !self.inbox.looks(drives || !waits) {
            return self.with_arrived(self.ask(py, Some(0.0))?);
        }
        if !drives {
            if waits {
                self.let_go();
            }
            return self.ask(py, timeout);
        }
        if !waits {
            let events = self.ask(py, timeout)?;
            return self.pass(events);
        }
        let before = locked(&self.watch).take();
        let mut watch = before.map_or_else(|| self.watch(py), Ok)?;
        let events = self.drive(py, &mut watch, timeout);
        *locked(&self.watch) = Some(watch);
        events
    }

    fn close(&self, py: Python<'_>) -> PyResult<()> {
        self.turn.end();
        self.let_go();
        if self.io.is_here() {
            self.io.give_back(self.borrower);
        }
        self.epoll.call_method0(py, intern!(py, "close"))?;
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
        self.own = None;
        self.arrived = None;
    }
}

impl Selector {
    /// Drives until there is something for the loop, or the time is up.
    fn drive<'py>(&self, py: Python<'py>, watch: &mut Watch, timeout: Option<f64>) -> PyResult<Bound<'py, PyAny>> {
        if let Some(Ok(mut seen)) = watch.readable.readable().now_or_never() {
            // What comes from here on makes it readable anew.
            seen.clear_ready();
            watch.is_quiet = false;
        }
        if !watch.is_quiet {
            let events = self.ask(py, Some(0.0))?;
            if events.len()? > 0 {
                return self.pass(events);
            }
            watch.is_quiet = true;
        }
        self.passed.store(false, Ordering::Relaxed);
        let longest = timeout.and_then(|seconds| Duration::try_from_secs_f64(seconds).ok()).unwrap_or(LEASE).min(LEASE);
        let nothing = PyList::empty(py).into_any();
        match guarded(py, || Ok(py.detach(|| self.wait(watch, longest))))? {
            Came::Outcome => self.with_arrived(nothing),
            Came::Event => self.ask(py, Some(0.0)),
            Came::Nothing => {
                if longest == LEASE {
                    // The keeper can wait for what takes so long. The loop comes again at once, and lets signals in.
                    self.io.give_back(self.borrower);
                }
                Ok(nothing)
            }
        }
    }

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

    /// A loop that has other things to do does not wait, turn after turn: it drives in passing. What has just been sent is
    /// not answered yet, so the first turn is free.
    fn pass<'py>(&self, events: Bound<'py, PyAny>) -> PyResult<Bound<'py, PyAny>> {
        if !self.passed.swap(true, Ordering::Relaxed) {
            return Ok(events);
        }
        guarded(events.py(), || {
            self.io.drive_on(self.borrower);
            Ok(())
        })?;
        if self.inbox.is_empty() { Ok(events) } else { self.with_arrived(events) }
    }

    fn watch(&self, py: Python<'_>) -> PyResult<Watch> {
        let descriptor: RawFd = self.epoll.call_method0(py, intern!(py, "fileno"))?.extract(py)?;
        let _of_the_runtime = self.io.enter();
        #[expect(deprecated, reason = "the other asks for unsafe code; `epoll` holds the descriptor open")]
        let readable = AsyncFd::with_interest(descriptor, Interest::READABLE)?;
        Ok(Watch { readable, is_quiet: false, until: Box::pin(tokio::time::sleep(LEASE)) })
    }

    fn wait(&self, watch: &mut Watch, longest: Duration) -> Came {
        let Watch { readable, is_quiet, until } = watch;
        until.as_mut().reset(Instant::now() + longest);
        let came = std::future::poll_fn(|context| {
            self.inbox.register(context);
            if !self.inbox.is_empty() {
                return Poll::Ready(Came::Outcome);
            }
            if readable.poll_read_ready(context).is_ready() {
                *is_quiet = false;
                return Poll::Ready(Came::Event);
            }
            until.as_mut().poll(context).map(|()| Came::Nothing)
        });
        self.io.drive(self.borrower, came)
    }

    /// Takes the loop's own out of the runtime. That of another process shares its epoll with this one's, and stays as it is.
    fn let_go(&self) {
        let watch = locked(&self.watch).take();
        if watch.is_some() && !self.io.is_here() {
            std::mem::forget(watch);
        }
    }
}

impl Drop for Selector {
    fn drop(&mut self) {
        self.let_go();
    }
}
