//! Requests before they are sent.

use std::sync::Arc;
use std::time::Duration;

use bson::RawDocument;
use data_bridge_driver::{Borrower, Course, Error, Fed, Reply, Request, runtime};
use pyo3::exceptions::PyRuntimeError;
use pyo3::prelude::*;
use pyo3::types::{PyBytes, PyDict};
use tokio::sync::oneshot::channel;

use crate::answer::Answer;
use crate::completion::{self, Finish, Finished, Inbox, Outcome, run_finish};
use crate::errors::{internal, to_python};
use crate::gate::guarded;
use crate::handles::{Cursor, Session};

type Driver = Arc<data_bridge_driver::Client>;

/// A request that has not been sent. It is sent once: awaited, by `start` or by `wait`.
#[pyclass(module = "data_bridge._core")]
pub struct Pending {
    unsent: Option<Unsent>,
    course: Course,
}

/// What is sent, if anything has to be, and what is done with the answer.
type Unsent = (Option<(Driver, Request)>, Box<dyn Finish + Sync>);

impl Pending {
    pub fn new(driver: Driver, request: Request, finish: impl Finish + Sync + 'static) -> Self {
        Self { unsent: Some((Some((driver, request)), Box::new(finish))), course: Course::default() }
    }

    /// One whose answer is here, and is still to be decoded: nothing is sent.
    pub fn answered(finish: impl Finish + Sync + 'static) -> Self {
        Self { unsent: Some((None, Box::new(finish))), course: Course::default() }
    }

    /// One whose answer needs no decoding: replies come as bytes, counts as numbers.
    pub fn plain(driver: &Driver, request: Request) -> Self {
        let opened = Arc::clone(driver);
        Self::new(Arc::clone(driver), request, move |py: Python<'_>, outcome: Outcome| plain(py, opened, outcome))
    }

    pub fn telling(self, course: Course) -> Self {
        Self { course, ..self }
    }

    fn take(&mut self) -> PyResult<Unsent> {
        self.unsent.take().ok_or_else(|| PyRuntimeError::new_err("this request was sent already"))
    }
}

#[pymethods]
impl Pending {
    /// Sends it; what it gives is awaited in the running event loop. If that is cancelled, the request still runs to its
    /// end.
    fn start<'py>(&mut self, py: Python<'py>) -> PyResult<Bound<'py, Answer>> {
        let (unsent, finish) = self.take()?;
        let (event_loop, queue) = completion::current(py)?;
        let start = |id, inbox: Arc<Inbox>| match unsent {
            Some((driver, request)) => {
                let from = inbox.borrower(&request);
                runtime::start(&driver, request, from, move |outcome| inbox.push(id, outcome))
            }
            None => {
                inbox.push(id, Ok(Reply::Done));
                Ok(())
            }
        };
        guarded(py, || queue.get().expect(&event_loop, finish, start))
    }

    fn __await__<'py>(&mut self, py: Python<'py>) -> PyResult<Bound<'py, Answer>> {
        self.start(py)
    }

    /// What became of the reads of ids so far: how many each found, None for one that was not read; and whether these
    /// were too many, so that the plan was run the other way.
    #[getter]
    fn course(&self) -> (Vec<Option<usize>>, bool) {
        let Fed { ids, fell_back } = self.course.so_far();
        (ids, fell_back)
    }

    /// Sends it and blocks until the answer is there, with the interpreter lock released.
    fn wait(&mut self, py: Python<'_>) -> PyResult<Py<PyAny>> {
        let (unsent, finish) = self.take()?;
        let mut outcome = match unsent {
            Some((driver, request)) => answered(py, &driver, request)?,
            None => Ok(Reply::Done),
        };
        let mut finish: Box<dyn Finish> = finish;
        loop {
            match run_finish(py, finish, outcome)? {
                Finished::Value(value) => return Ok(value),
                Finished::Later(next) => (finish, outcome) = (next, Ok(Reply::Done)),
                Finished::Wait(client, request, next) => (finish, outcome) = (next, answered(py, &client, request)?),
            }
        }
    }
}

/// How often a blocked caller looks for signals, so that Ctrl-C works.
const SIGNAL_CHECK: Duration = Duration::from_millis(50);

thread_local! {
    /// This thread, as one that drives while it waits.
    static BORROWER: Borrower = Borrower::new();
}

fn answered(py: Python<'_>, driver: &Driver, request: Request) -> PyResult<Outcome> {
    let borrower = BORROWER.with(|borrower| *borrower);
    let (sender, mut receiver) = channel::<Outcome>();
    // The caller may be gone after Ctrl-C: then nobody wants the outcome.
    runtime::start(driver, request, Some(borrower), move |outcome| drop(sender.send(outcome)))
        .map_err(|error| to_python(py, error))?;
    let io = runtime::io().map_err(|error| to_python(py, error))?;
    loop {
        if let Some(received) = guarded(py, || Ok(py.detach(|| io.wait(borrower, SIGNAL_CHECK, &mut receiver))))? {
            return Ok(received.unwrap_or_else(|_| Err(Error::Internal("an operation ended unheard".into()))));
        }
        py.check_signals()?;
    }
}

fn plain(py: Python<'_>, driver: Driver, outcome: Outcome) -> PyResult<Py<PyAny>> {
    let bytes = |reply: &RawDocument| PyBytes::new(py, reply.as_bytes());
    Ok(match outcome.map_err(|error| to_python(py, error))? {
        other @ (Reply::Documents { .. } | Reply::Filled(_)) => {
            return Err(internal(py, &format!("bytes were asked for and {other:?} came")));
        }
        Reply::Count(count) => count.into_pyobject(py)?.into_any().unbind(),
        Reply::Exists(found) => found.into_pyobject(py)?.to_owned().into_any().unbind(),
        Reply::Document(document) => document.as_deref().map(bytes).into_pyobject(py)?.into_any().unbind(),
        Reply::Batch(batch) => batch.as_deref().map(bytes).into_pyobject(py)?.into_any().unbind(),
        Reply::Written(written) => {
            let answer = PyDict::new(py);
            answer.set_item("n", written.n)?;
            answer.set_item("modified", written.modified)?;
            answer.set_item("upserted", written.upserted.len())?;
            answer.into_any().unbind()
        }
        Reply::Cursor(driver_cursor) => Py::new(py, Cursor::new(driver, driver_cursor))?.into_any(),
        Reply::Session(driver_session) => Py::new(py, Session::new(driver, driver_session))?.into_any(),
        Reply::Topology(topology) => {
            let answer = PyDict::new(py);
            answer.set_item("server_version", &topology.server_version)?;
            answer.set_item("max_wire_version", topology.max_wire_version)?;
            answer.set_item("replica_set", &topology.replica_set)?;
            answer.set_item("sharded", topology.sharded)?;
            answer.set_item("sessions", topology.sessions)?;
            answer.set_item("retryable_writes", topology.retryable_writes())?;
            answer.set_item("max_bson_object_size", topology.max_bson_object_size)?;
            answer.set_item("max_write_batch_size", topology.max_write_batch_size)?;
            answer.into_any().unbind()
        }
        Reply::Done => py.None(),
    })
}
