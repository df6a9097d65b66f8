//! What one event loop is asked for in one turn, kept until the turn ends.

use std::sync::Mutex;

use pyo3::intern;
use pyo3::prelude::*;
use pyo3::types::PyDict;

use crate::completion::{self, locked};

/// The running turn of a loop: a dict for whoever wants to keep something, none where nobody does.
#[derive(Default)]
pub struct Turn(Mutex<Option<Py<PyDict>>>);

impl Turn {
    /// What is kept in the running turn, and whether that has only just begun.
    pub fn kept<'py>(&self, py: Python<'py>) -> (Bound<'py, PyDict>, bool) {
        if let Some(kept) = &*locked(&self.0) {
            return (kept.bind(py).clone(), false);
        }
        // Unlocked: to make it may collect garbage, which runs code of the program.
        let new = PyDict::new(py);
        let mut kept = locked(&self.0);
        let begins = kept.is_none();
        (kept.get_or_insert_with(|| new.unbind()).bind(py).clone(), begins)
    }

    pub fn end(&self) {
        let kept = locked(&self.0).take();
        // Unlocked: what is let go of may run code of the program.
        drop(kept);
    }
}

/// What is kept in this turn of the running event loop: a dict that is empty when the next turn begins.
#[pyfunction]
fn turn(py: Python<'_>) -> PyResult<Bound<'_, PyDict>> {
    let (event_loop, queue) = completion::current(py)?;
    let (kept, begins) = queue.get().turn.kept(py);
    if begins && !queue.get().is_selected() {
        event_loop.call_method1(intern!(py, "call_soon"), (queue.getattr(intern!(py, "end_turn"))?,))?;
    }
    Ok(kept)
}

pub fn register(module: &Bound<'_, PyModule>) -> PyResult<()> {
    module.add_function(wrap_pyfunction!(turn, module)?)
}
