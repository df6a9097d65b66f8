//! compiler

pub mod physical;
