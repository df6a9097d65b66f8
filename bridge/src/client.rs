//! `_core.Client`: every method in an asynchronous and a synchronous form.

use std::sync::Arc;
use std::sync::mpsc::{RecvTimeoutError, channel};
use std::time::Duration;

use bson::RawDocumentBuf;
use data_bridge_compiler::physical::{Answer, PhysicalPlan, Step, StepKind};
use data_bridge_driver::{ClientOptions, Error, Reply, Request, RunOptions, runtime};
use pyo3::prelude::*;
use pyo3::types::{PyBytes, PyDict};

use crate::completion::{self, Finish, Finished, LoopQueue, Outcome, run_finish};
use crate::errors::{internal, to_python};
use crate::handles::{Cursor, Session};

/// How often a blocked caller looks for signals, so that Ctrl-C works.
const SIGNAL_CHECK: Duration = Duration::from_millis(50);

/// Sets a request going; gives a future of the running event loop. A cancelled future lets the request finish.
pub fn start<'py>(
    py: Python<'py>,
    client: &Arc<data_bridge_driver::Client>,
    request: Request,
    finish: Box<dyn Finish>,
) -> PyResult<Bound<'py, PyAny>> {
    let (event_loop, queue) = completion::current(py)?;
    queue.get().expect(&event_loop, finish, |id, inbox| {
        runtime::start(client, request, move |outcome| inbox.push(id, outcome))
    })
}

/// Runs a request and blocks this thread, with the interpreter lock released.
pub fn wait(
    py: Python<'_>,
    client: &Arc<data_bridge_driver::Client>,
    request: Request,
    finish: Box<dyn Finish>,
) -> PyResult<Py<PyAny>> {
    let mut outcome = answered(py, client, request)?;
    let mut finish = finish;
    loop {
        match run_finish(py, finish, outcome)? {
            Finished::Value(value) => return Ok(value),
            Finished::Later(next) => (finish, outcome) = (next, Ok(Reply::Done)),
            Finished::Wait(client, request, next) => (finish, outcome) = (next, answered(py, &client, request)?),
        }
    }
}

fn answered(py: Python<'_>, client: &Arc<data_bridge_driver::Client>, request: Request) -> PyResult<Outcome> {
    let (sender, mut receiver) = channel::<Outcome>();
    // The caller may be gone after Ctrl-C: then nobody wants the outcome.
    runtime::start(client, request, move |outcome| drop(sender.send(outcome))).map_err(|error| to_python(py, error))?;
    loop {
        let (received, returned) = py.detach(move || (receiver.recv_timeout(SIGNAL_CHECK), receiver));
        receiver = returned;
        match received {
            Ok(outcome) => return Ok(outcome),
            Err(RecvTimeoutError::Timeout) => py.check_signals()?,
            Err(RecvTimeoutError::Disconnected) => {
                return Ok(Err(Error::Internal("an operation ended unheard".into())));
            }
        }
    }
}

/// A connection to a deployment. Lazy: nothing is sent before the first operation.
#[pyclass(frozen, module = "data_bridge._core")]
pub struct Client {
    driver: Arc<data_bridge_driver::Client>,
}

impl Client {
    pub fn driver(&self) -> Arc<data_bridge_driver::Client> {
        Arc::clone(&self.driver)
    }

    pub fn start<'py>(
        &self,
        py: Python<'py>,
        request: Request,
        finish: Box<dyn Finish>,
    ) -> PyResult<Bound<'py, PyAny>> {
        start(py, &self.driver, request, finish)
    }

    pub fn wait(&self, py: Python<'_>, request: Request, finish: Box<dyn Finish>) -> PyResult<Py<PyAny>> {
        wait(py, &self.driver, request, finish)
    }

    fn start_plain<'py>(&self, py: Python<'py>, request: PyResult<Request>) -> PyResult<Bound<'py, PyAny>> {
        self.start(py, request?, plain(&self.driver))
    }

    fn wait_plain(&self, py: Python<'_>, request: PyResult<Request>) -> PyResult<Py<PyAny>> {
        self.wait(py, request?, plain(&self.driver))
    }
}

/// Options of a run: a session made by `start_session`, and a read preference's mode.
pub fn run_options(session: Option<&Bound<'_, Session>>, read_preference: Option<String>) -> RunOptions {
    let session = session.map(|session| session.get().driver_session.clone());
    RunOptions { session, read_preference, ..RunOptions::default() }
}

#[pymethods]
impl Client {
    #[new]
    #[pyo3(signature = (uri, database = None, options = None))]
    fn new(uri: &str, database: Option<String>, options: Option<&Bound<'_, PyDict>>, py: Python<'_>) -> PyResult<Self> {
        let options = options.map(client_options).transpose()?.unwrap_or_default();
        let driver = data_bridge_driver::Client::new(uri, database, options).map_err(|error| to_python(py, error))?;
        Ok(Client { driver: Arc::new(driver) })
    }

    #[getter]
    fn database(&self) -> Option<&str> {
        self.driver.default_database()
    }

    #[getter]
    fn closed(&self) -> bool {
        self.driver.is_closed()
    }

    #[pyo3(signature = (database, command, write = false, session = None, read_preference = None))]
    fn run_command<'py>(
        &self,
        py: Python<'py>,
        database: Option<String>,
        command: &[u8],
        write: bool,
        session: Option<&Bound<'py, Session>>,
        read_preference: Option<String>,
    ) -> PyResult<Bound<'py, PyAny>> {
        self.start_plain(py, command_request(py, database, command, write, run_options(session, read_preference)))
    }

    #[pyo3(signature = (database, command, write = false, session = None, read_preference = None))]
    fn run_command_sync(
        &self,
        py: Python<'_>,
        database: Option<String>,
        command: &[u8],
        write: bool,
        session: Option<&Bound<'_, Session>>,
        read_preference: Option<String>,
    ) -> PyResult<Py<PyAny>> {
        self.wait_plain(py, command_request(py, database, command, write, run_options(session, read_preference)))
    }

    #[pyo3(signature = (database, command, batch_size = None, session = None, read_preference = None))]
    fn open_cursor<'py>(
        &self,
        py: Python<'py>,
        database: Option<String>,
        command: &[u8],
        batch_size: Option<u32>,
        session: Option<&Bound<'py, Session>>,
        read_preference: Option<String>,
    ) -> PyResult<Bound<'py, PyAny>> {
        let options = run_options(session, read_preference);
        self.start_plain(py, cursor_request(py, database, command, batch_size, options))
    }

    #[pyo3(signature = (database, command, batch_size = None, session = None, read_preference = None))]
    fn open_cursor_sync(
        &self,
        py: Python<'_>,
        database: Option<String>,
        command: &[u8],
        batch_size: Option<u32>,
        session: Option<&Bound<'_, Session>>,
        read_preference: Option<String>,
    ) -> PyResult<Py<PyAny>> {
        let options = run_options(session, read_preference);
        self.wait_plain(py, cursor_request(py, database, command, batch_size, options))
    }

    fn ping<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyAny>> {
        self.start_plain(py, Ok(Request::Ping))
    }

    fn ping_sync(&self, py: Python<'_>) -> PyResult<Py<PyAny>> {
        self.wait_plain(py, Ok(Request::Ping))
    }

    fn close<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyAny>> {
        self.start_plain(py, Ok(Request::Close))
    }

    fn close_sync(&self, py: Python<'_>) -> PyResult<Py<PyAny>> {
        self.wait_plain(py, Ok(Request::Close))
    }

    /// A dict: `server_version`, `replica_set`, `sharded`, `sessions`, `retryable_writes`, size limits.
    fn topology<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyAny>> {
        self.start_plain(py, Ok(Request::Topology))
    }

    fn topology_sync(&self, py: Python<'_>) -> PyResult<Py<PyAny>> {
        self.wait_plain(py, Ok(Request::Topology))
    }

    #[pyo3(signature = (causal_consistency = true, snapshot = false))]
    fn start_session<'py>(
        &self,
        py: Python<'py>,
        causal_consistency: bool,
        snapshot: bool,
    ) -> PyResult<Bound<'py, PyAny>> {
        self.start_plain(py, Ok(Request::StartSession { causal_consistency, snapshot }))
    }

    #[pyo3(signature = (causal_consistency = true, snapshot = false))]
    fn start_session_sync(&self, py: Python<'_>, causal_consistency: bool, snapshot: bool) -> PyResult<Py<PyAny>> {
        self.wait_plain(py, Ok(Request::StartSession { causal_consistency, snapshot }))
    }
}

/// The finisher for callers that want no decoding: replies as bytes, counts as numbers.
pub(crate) fn plain(client: &Arc<data_bridge_driver::Client>) -> Box<dyn Finish> {
    let driver = Arc::clone(client);
    Box::new(move |py: Python<'_>, outcome: Outcome| {
        let bytes = |reply: &RawDocumentBuf| PyBytes::new(py, reply.as_bytes());
        Ok(match outcome.map_err(|error| to_python(py, error))? {
            other @ (Reply::Documents { .. } | Reply::Filled(_)) => {
                return Err(internal(py, &format!("bytes were asked for and {other:?} came")));
            }
            Reply::Count(count) => count.into_pyobject(py)?.into_any().unbind(),
            Reply::Exists(found) => found.into_pyobject(py)?.to_owned().into_any().unbind(),
            Reply::Document(document) => document.as_ref().map(bytes).into_pyobject(py)?.into_any().unbind(),
            Reply::Batch(batch) => batch.as_ref().map(bytes).into_pyobject(py)?.into_any().unbind(),
            Reply::Written(written) => {
                let answer = PyDict::new(py);
                answer.set_item("n", written.n)?;
                answer.set_item("modified", written.modified)?;
                answer.set_item("upserted", written.upserted.len())?;
                answer.into_any().unbind()
            }
            Reply::Cursor(driver_cursor) => Py::new(py, Cursor { driver, driver_cursor })?.into_any(),
            Reply::Session(driver_session) => Py::new(py, Session { driver, driver_session })?.into_any(),
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
    })
}

fn raw(py: Python<'_>, bytes: &[u8]) -> PyResult<RawDocumentBuf> {
    RawDocumentBuf::from_bytes(bytes.to_vec()).map_err(|error| to_python(py, error.into()))
}

fn command_request(
    py: Python<'_>,
    database: Option<String>,
    command: &[u8],
    write: bool,
    options: RunOptions,
) -> PyResult<Request> {
    Ok(Request::Command { database, command: raw(py, command)?, write, options })
}

fn cursor_request(
    py: Python<'_>,
    database: Option<String>,
    command: &[u8],
    batch_size: Option<u32>,
    options: RunOptions,
) -> PyResult<Request> {
    let step = Step { database, command: raw(py, command)?, kind: StepKind::Cursor { batch_size } };
    Ok(Request::OpenCursor { plan: PhysicalPlan::of(vec![step], Answer::Documents), options })
}

/// `app_name`, `max_pool_size`, `server_selection_timeout_ms`, `connect_timeout_ms`.
fn client_options(given: &Bound<'_, PyDict>) -> PyResult<ClientOptions> {
    let mut options = ClientOptions::default();
    for (key, value) in given {
        match key.extract::<String>()?.as_str() {
            "app_name" => options.app_name = value.extract()?,
            "max_pool_size" => options.max_pool_size = value.extract()?,
            "server_selection_timeout_ms" => options.server_selection_timeout = milliseconds(&value)?,
            "connect_timeout_ms" => options.connect_timeout = milliseconds(&value)?,
            other => {
                return Err(pyo3::exceptions::PyTypeError::new_err(format!(
                    "{other:?} is not a client option; there are app_name, max_pool_size, \
                     server_selection_timeout_ms, connect_timeout_ms (others go into the connection string)"
                )));
            }
        }
    }
    Ok(options)
}

fn milliseconds(value: &Bound<'_, PyAny>) -> PyResult<Option<Duration>> {
    Ok(value.extract::<Option<u64>>()?.map(Duration::from_millis))
}

pub fn register(module: &Bound<'_, PyModule>) -> PyResult<()> {
    module.add_class::<Client>()?;
    module.add_class::<Cursor>()?;
    module.add_class::<Session>()?;
    module.add_class::<LoopQueue>()
}
