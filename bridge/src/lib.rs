//! The Python extension module: exports only.

mod allocator;
mod answer;
pub mod client;
mod codec;
mod comparison;
mod compiled;
pub mod completion;
mod dtype;
pub mod errors;
mod gate;
mod gather;
pub mod handles;
mod links;
mod maker;
mod pending;
mod read;
mod run;
mod selector;
mod turn;

use pyo3::prelude::*;

#[pymodule]
fn _core(module: &Bound<'_, PyModule>) -> PyResult<()> {
    module.add("__version__", env!("CARGO_PKG_VERSION"))?;
    allocator::register(module)?;
    client::register(module)?;
    codec::register(module)?;
    comparison::register(module)?;
    compiled::register(module)?;
    dtype::register(module)?;
    links::register(module)?;
    maker::register(module)?;
    run::register(module)?;
    turn::register(module)
}
