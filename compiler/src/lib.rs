//! The compiler: binds a plan to its schema, makes it cheaper without changing its answer, and lowers it to commands.

pub mod analyze;
mod compile;
pub mod error;
pub mod explain;
pub mod facts;
mod firings;
mod hashing;
pub mod lower;
mod parts;
pub mod passes;
pub mod physical;
pub mod relations;
pub mod requirements;
pub mod sent;
#[cfg(test)]
mod testing;
#[cfg(test)]
mod tests;

pub use compile::{Compiled, compile, compile_get};
pub use error::{CompileError, Failure};
pub use requirements::Requirement;
