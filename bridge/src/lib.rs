//! The Python extension module: exports only.

pub mod client;
pub mod completion;
mod compiled;
mod dtype;
pub mod errors;
mod read;

use pyo3::prelude::*;

#[pymodule]
fn _core(module: &Bound<'_, PyModule>) -> PyResult<()> {
    module.add("__version__", env!("CARGO_PKG_VERSION"))?;
    client::register(module)?;
    compiled::register(module)?;
    dtype::register(module)
}
