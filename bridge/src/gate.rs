//! The one gate behind which the compiler and the codec run: a panic there is an `InternalError`, never a
//! `PanicException`, which `except Exception` would let through.

use std::panic::{AssertUnwindSafe, catch_unwind};

use data_bridge_driver::runtime::panic_message;
use pyo3::prelude::*;

use crate::errors;

/// Runs work on behalf of a Python caller.
///
/// # Errors
/// What the work itself raises, or an `InternalError` that says what it panicked with.
pub fn guarded<T>(py: Python<'_>, work: impl FnOnce() -> PyResult<T>) -> PyResult<T> {
    // What the work borrowed is either dropped with it or only read: nothing half-written is seen afterwards.
    catch_unwind(AssertUnwindSafe(work))
        .unwrap_or_else(|panic| Err(errors::internal(py, &panic_message(panic.as_ref()))))
}

/// What one level of reading a query or a value takes at most, with all that is called there.
const LEVEL: usize = 96 * 1024;
/// What compiling the deepest query that may be read takes at most.
const COMPILING: usize = 2 * 1024 * 1024;

/// Whether the stack of this thread has room for one level more. Threads may be given very small ones.
pub fn has_room() -> bool {
    stacker::remaining_stack().is_none_or(|left| left > LEVEL)
}

/// Runs work that touches no Python object, on a larger stack where this thread's is too small. What runs Python code has to
/// stay: newer versions of it look at where the stack is.
pub fn with_room<T>(work: impl FnOnce() -> T) -> T {
    stacker::maybe_grow(COMPILING, 2 * COMPILING, work)
}

#[cfg(test)]
pub mod tests {
    use std::path::Path;

    use pyo3::exceptions::{PyException, PyValueError};
    use pyo3::sync::PyOnceLock;
    use pyo3::types::PyDict;

    use super::*;

    /// The package itself needs this very extension, so its errors are loaded alone.
    pub fn with_errors(test: impl FnOnce(Python<'_>)) {
        static LOADED: PyOnceLock<()> = PyOnceLock::new();
        Python::initialize();
        Python::attach(|py| {
            LOADED.get_or_init(py, || load_errors(py));
            test(py);
        });
    }

    fn load_errors(py: Python<'_>) {
        let locals = PyDict::new(py);
        let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("../python/data_bridge/errors.py");
        locals.set_item("file", file).expect("a dict takes it");
        let load = c"
import importlib.util, sys, types
spec = importlib.util.spec_from_file_location('data_bridge.errors', file)
module = importlib.util.module_from_spec(spec)
spec.loader.exec_module(module)
sys.modules['data_bridge'] = types.ModuleType('data_bridge')
sys.modules['data_bridge.errors'] = module
";
        py.run(load, None, Some(&locals)).expect("the errors load");
    }

    #[test]
    fn a_panic_is_an_internal_error() {
        with_errors(|py| {
            for (error, said) in [
                (guarded(py, || -> PyResult<()> { panic!("a rule lost its head") }), "a rule lost its head"),
                (guarded(py, || -> PyResult<()> { panic!("{} of {}", 3, 2) }), "3 of 2"),
                (guarded(py, || -> PyResult<()> { std::panic::panic_any(7) }), "a panic without a message"),
            ] {
                let error = error.expect_err("it panics");
                assert_eq!(error.get_type(py).name().expect("it has a name"), "InternalError");
                assert!(error.is_instance_of::<PyException>(py));
                assert!(error.to_string().contains(said), "{error}");
            }
        });
    }

    #[test]
    fn a_panic_of_called_python_is_an_internal_error() {
        with_errors(|py| {
            let broken =
                pyo3::types::PyCFunction::new_closure(py, None, None, |_, _| -> PyResult<()> { panic!("deep") })
                    .expect("a function");
            let error = guarded(py, || broken.call0()).expect_err("it panics");
            assert_eq!(error.get_type(py).name().expect("it has a name"), "InternalError");
        });
    }

    #[test]
    fn results_and_errors_pass() {
        with_errors(|py| {
            assert_eq!(guarded(py, || Ok(5)).expect("it is well"), 5);
            let error = guarded(py, || -> PyResult<()> { Err(PyValueError::new_err("no")) }).expect_err("it fails");
            assert!(error.is_instance_of::<PyValueError>(py));
        });
    }
}
