//! The typed intermediate representation: what a query means, apart from how it is written or run.
//!
//! | module | holds |
//! |---|---|
//! | `dtype` | the types of stored values |
//! | `schema` | what a document class promises |

pub mod dtype;
pub mod schema;

pub use dtype::DType;
pub use schema::SchemaRef;
