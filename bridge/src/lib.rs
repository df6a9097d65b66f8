//! The Python extension module: exports only.

pub mod client;
pub mod completion;
pub mod errors;
pub mod handles;

use pyo3::prelude::*;

#[pymodule]
fn _core(module: &Bound<'_, PyModule>) -> PyResult<()> {
    client::register(module)?;
    module.add("__version__", env!("CARGO_PKG_VERSION"))
}
