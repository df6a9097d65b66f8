//! The typed intermediate representation: what a query means, apart from how it is written or run.
//!
//! | module | holds |
//! |---|---|
//! | `dtype` | the types of stored values |
//! | `schema` | what a document class promises |
//! | `value` | literals, already BSON |
//! | `compare` | comparisons |
//! | `expr` | predicates and values |
//! | `stage` | what is done to a stream of documents |
//! | `update` | what is written into stored documents |
//! | `plan` | whole requests |
//! | `catalog` | operators as data |
//! | `display` | the one printer |
//! | `format` | the serialized form |

pub mod catalog;
pub mod compare;
pub mod display;
pub mod dtype;
pub mod expr;
pub mod format;
pub mod plan;
pub mod schema;
pub mod stage;
pub mod update;
pub mod value;

pub use dtype::DType;
pub use expr::{CompareOp, Expr, Operands, Path};
pub use plan::Plan;
pub use schema::SchemaRef;
pub use stage::Stage;
pub use value::Value;
