//! `_core.Client`: a deployment, and what is asked of it besides compiled plans.

use std::sync::Arc;
use std::time::Duration;

use bson::RawDocumentBuf;
use data_bridge_compiler::physical::{Answer, PhysicalPlan, Step, StepKind};
use data_bridge_driver::{ClientOptions, Request, RunOptions};
use pyo3::prelude::*;
use pyo3::types::PyDict;

use crate::completion::LoopQueue;
use crate::errors::to_python;
use crate::handles::{Cursor, Session};
use crate::pending::Pending;

/// A connection to a deployment. Lazy: nothing is sent before the first operation.
#[pyclass(frozen, module = "data_bridge._core")]
pub struct Client {
    driver: Arc<data_bridge_driver::Client>,
}

impl Client {
    pub fn driver(&self) -> Arc<data_bridge_driver::Client> {
        Arc::clone(&self.driver)
    }
}

/// Options of a run: a session made by `start_session`, and a read preference's mode.
pub fn run_options(session: Option<&Bound<'_, Session>>, read_preference: Option<String>) -> RunOptions {
    let session = session.map(|session| session.get().driver_session());
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
    fn database(&self) -> &str {
        self.driver.default_database()
    }

    #[getter]
    fn closed(&self) -> bool {
        self.driver.is_closed()
    }

    /// A command as it is; the answer is the reply's bytes.
    #[pyo3(signature = (database, command, write = false, session = None))]
    fn run_command(
        &self,
        py: Python<'_>,
        database: Option<String>,
        command: &[u8],
        write: bool,
        session: Option<&Bound<'_, Session>>,
    ) -> PyResult<Pending> {
        let (command, options) = (raw(py, command)?, run_options(session, None));
        Ok(Pending::plain(&self.driver, Request::Command { database, command, write, options }))
    }

    #[pyo3(signature = (database, command, batch_size = None, session = None, read_preference = None))]
    fn open_cursor(
        &self,
        py: Python<'_>,
        database: Option<String>,
        command: &[u8],
        batch_size: Option<u32>,
        session: Option<&Bound<'_, Session>>,
        read_preference: Option<String>,
    ) -> PyResult<Pending> {
        let step = Step { database, command: raw(py, command)?, kind: StepKind::Cursor { batch_size } };
        let plan = PhysicalPlan::of(vec![step], Answer::Documents);
        let options = run_options(session, read_preference);
        Ok(Pending::plain(&self.driver, Request::OpenCursor { plan, options }))
    }

    fn ping(&self) -> Pending {
        Pending::plain(&self.driver, Request::Ping)
    }

    fn close(&self) -> Pending {
        Pending::plain(&self.driver, Request::Close)
    }

    /// A dict: `server_version`, `replica_set`, `sharded`, `sessions`, `retryable_writes`, size limits.
    fn topology(&self) -> Pending {
        Pending::plain(&self.driver, Request::Topology)
    }

    #[pyo3(signature = (causal_consistency = true, snapshot = false))]
    fn start_session(&self, causal_consistency: bool, snapshot: bool) -> Pending {
        Pending::plain(&self.driver, Request::StartSession { causal_consistency, snapshot })
    }
}

fn raw(py: Python<'_>, bytes: &[u8]) -> PyResult<RawDocumentBuf> {
    RawDocumentBuf::from_bytes(bytes.to_vec()).map_err(|error| to_python(py, error.into()))
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
