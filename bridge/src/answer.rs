//! What a coroutine awaits while a request is on its way.
//!
//! It does what `asyncio.Future` does, but for one thing: whoever waits goes on in the very turn of the loop that brings
//! the outcome, where a future asks the loop for another turn. Only a cancelled one is told in the next.
//! Source of the protocol: CPython's `Lib/asyncio/futures.py` and the part of `Task.__step` that takes what a coroutine
//! yields.

use pyo3::exceptions::{PyException, PyStopIteration};
use pyo3::prelude::*;
use pyo3::sync::PyOnceLock;
use pyo3::types::{PyDict, PyType};
use pyo3::{PyTraverseError, PyVisit, intern};

enum State {
    Waiting,
    Cancelled(Option<Py<PyAny>>),
    Value(Py<PyAny>),
    Error(PyErr),
}

/// The answer that is to come, for one event loop.
#[pyclass(weakref, module = "data_bridge._core")]
pub struct Answer {
    event_loop: Py<PyAny>,
    state: State,
    /// Each with the context it runs in.
    callbacks: Vec<(Py<PyAny>, Py<PyAny>)>,
    /// A task that was given this knows by it that it was awaited, not yielded.
    blocking: bool,
}

impl Answer {
    pub fn new<'py>(event_loop: &Bound<'py, PyAny>) -> PyResult<Bound<'py, Self>> {
        let answer = Self {
            event_loop: event_loop.clone().unbind(),
            state: State::Waiting,
            callbacks: Vec::with_capacity(1),
            blocking: false,
        };
        Bound::new(event_loop.py(), answer)
    }

    pub fn is_done(&self) -> bool {
        !matches!(self.state, State::Waiting)
    }

    /// Sets what came of it, and lets whoever waits go on.
    ///
    /// # Errors
    /// What must end the loop: `KeyboardInterrupt`, `SystemExit`.
    pub fn settle(answer: &Bound<'_, Self>, outcome: PyResult<Py<PyAny>>) -> PyResult<()> {
        let py = answer.py();
        let callbacks = {
            let mut this = answer.borrow_mut();
            if this.is_done() {
                return Ok(());
            }
            this.state = outcome.map_or_else(State::Error, State::Value);
            std::mem::take(&mut this.callbacks)
        };
        let mut callbacks = callbacks.into_iter();
        while let Some((callback, context)) = callbacks.next() {
            let Err(error) = context.call_method1(py, intern!(py, "run"), (callback, answer)) else { continue };
            if error.is_instance_of::<PyException>(py) {
                error.write_unraisable(py, Some(answer));
                continue;
            }
            // The others are told when the loop goes on, if it does.
            callbacks.try_for_each(|(callback, context)| Self::call_soon(answer, &callback, &context))?;
            return Err(error);
        }
        Ok(())
    }

    fn call_soon(answer: &Bound<'_, Self>, callback: &Py<PyAny>, context: &Py<PyAny>) -> PyResult<()> {
        let py = answer.py();
        let event_loop = answer.borrow().event_loop.clone_ref(py);
        let named = PyDict::new(py);
        named.set_item(intern!(py, "context"), context)?;
        event_loop.bind(py).call_method(intern!(py, "call_soon"), (callback, answer), Some(&named))?;
        Ok(())
    }
}

fn asyncio_error<'py>(
    py: Python<'py>,
    cell: &'static PyOnceLock<Py<PyType>>,
    name: &str,
) -> PyResult<Bound<'py, PyType>> {
    Ok(cell.import(py, "asyncio.exceptions", name)?.clone())
}

fn cancelled_error(py: Python<'_>, message: Option<&Py<PyAny>>) -> PyErr {
    static CANCELLED: PyOnceLock<Py<PyType>> = PyOnceLock::new();
    match asyncio_error(py, &CANCELLED, "CancelledError") {
        Ok(class) => PyErr::from_type(class, message.map(|message| message.clone_ref(py))),
        Err(error) => error,
    }
}

fn unfinished(py: Python<'_>) -> PyErr {
    static INVALID: PyOnceLock<Py<PyType>> = PyOnceLock::new();
    match asyncio_error(py, &INVALID, "InvalidStateError") {
        Ok(class) => PyErr::from_type(class, "the answer is not there yet"),
        Err(error) => error,
    }
}

#[pymethods]
impl Answer {
    #[getter(_asyncio_future_blocking)]
    fn blocking(&self) -> bool {
        self.blocking
    }

    #[setter(_asyncio_future_blocking)]
    fn set_blocking(&mut self, blocking: bool) {
        self.blocking = blocking;
    }

    fn get_loop(&self, py: Python<'_>) -> Py<PyAny> {
        self.event_loop.clone_ref(py)
    }

    fn done(&self) -> bool {
        self.is_done()
    }

    fn cancelled(&self) -> bool {
        matches!(self.state, State::Cancelled(_))
    }

    fn result(&self, py: Python<'_>) -> PyResult<Py<PyAny>> {
        match &self.state {
            State::Value(value) => Ok(value.clone_ref(py)),
            State::Error(error) => Err(error.clone_ref(py)),
            State::Cancelled(message) => Err(cancelled_error(py, message.as_ref())),
            State::Waiting => Err(unfinished(py)),
        }
    }

    fn exception(&self, py: Python<'_>) -> PyResult<Option<Py<PyAny>>> {
        match &self.state {
            State::Value(_) => Ok(None),
            State::Error(error) => Ok(Some(error.clone_ref(py).into_value(py).into_any())),
            State::Cancelled(message) => Err(cancelled_error(py, message.as_ref())),
            State::Waiting => Err(unfinished(py)),
        }
    }

    /// The request itself still runs to its end.
    #[pyo3(signature = (msg = None))]
    fn cancel(slf: &Bound<'_, Self>, msg: Option<Py<PyAny>>) -> PyResult<bool> {
        let callbacks = {
            let mut this = slf.borrow_mut();
            if this.is_done() {
                return Ok(false);
            }
            this.state = State::Cancelled(msg);
            std::mem::take(&mut this.callbacks)
        };
        for (callback, context) in callbacks {
            Self::call_soon(slf, &callback, &context)?;
        }
        Ok(true)
    }

    #[pyo3(signature = (callback, /, *, context = None))]
    fn add_done_callback(slf: &Bound<'_, Self>, callback: Py<PyAny>, context: Option<Py<PyAny>>) -> PyResult<()> {
        static COPY_CONTEXT: PyOnceLock<Py<PyAny>> = PyOnceLock::new();
        let py = slf.py();
        let context = match context {
            Some(context) => context,
            None => COPY_CONTEXT.import(py, "contextvars", "copy_context")?.call0()?.unbind(),
        };
        if slf.borrow().is_done() {
            return Self::call_soon(slf, &callback, &context);
        }
        slf.borrow_mut().callbacks.push((callback, context));
        Ok(())
    }

    fn remove_done_callback(slf: &Bound<'_, Self>, callback: &Bound<'_, PyAny>) -> PyResult<usize> {
        let py = slf.py();
        // Comparing runs Python code, which may fail or add others: nothing is borrowed or taken away meanwhile.
        let known: Vec<_> = slf.borrow().callbacks.iter().map(|(each, _)| each.clone_ref(py)).collect();
        let mut equal = Vec::new();
        for each in known {
            if each.bind(py).eq(callback)? {
                equal.push(each);
            }
        }
        let is_equal = |each: &Py<PyAny>| equal.iter().any(|other| other.is(each));
        let (removed, kept): (Vec<_>, Vec<_>) =
            std::mem::take(&mut slf.borrow_mut().callbacks).into_iter().partition(|(each, _)| is_equal(each));
        slf.borrow_mut().callbacks = kept;
        Ok(removed.len())
    }

    fn __await__(slf: Bound<'_, Self>) -> Bound<'_, Self> {
        slf
    }

    fn __iter__(slf: Bound<'_, Self>) -> Bound<'_, Self> {
        slf
    }

    fn __next__(slf: Bound<'_, Self>) -> PyResult<Bound<'_, Self>> {
        if slf.borrow().is_done() {
            let value = slf.borrow().result(slf.py())?;
            return Err(PyStopIteration::new_err((value,)));
        }
        slf.borrow_mut().blocking = true;
        Ok(slf)
    }

    fn __traverse__(&self, visit: PyVisit<'_>) -> Result<(), PyTraverseError> {
        visit.call(&self.event_loop)?;
        for (callback, context) in &self.callbacks {
            visit.call(callback)?;
            visit.call(context)?;
        }
        match &self.state {
            State::Value(value) | State::Cancelled(Some(value)) => visit.call(value),
            State::Waiting | State::Cancelled(None) | State::Error(_) => Ok(()),
        }
    }

    fn __clear__(&mut self) {
        self.callbacks.clear();
    }
}
