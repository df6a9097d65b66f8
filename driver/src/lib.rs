//! Runs physical plans: the only crate that does I/O.
//!
//! | module | what it holds |
//! |---|---|
//! | `runtime` | the one runtime on which everything here runs |
//! | `driving` | which thread drives that |
//! | `client` | a connection to a deployment; one entry, [`Client::execute`] |
//! | `request` | what can be asked, and what comes back |
//! | `run` | walks a physical plan |
//! | `feed` | what a plan reads first |
//! | `command` | one command: concerns, sessions, the retry |
//! | `batch` | statements given as bytes: as many commands as they take |
//! | `statements` | those bytes |
//! | `cursor` | a cursor as whole server replies |
//! | `session` | user sessions, and the pool behind retryable writes |
//! | `topology` | what the deployment is and can |
//! | `error` | what went wrong, as data |

mod batch;
mod client;
mod command;
mod cursor;
mod driving;
mod error;
mod feed;
mod raw;
mod request;
mod run;
pub mod runtime;
mod session;
mod statements;
mod topology;

pub use batch::{Batch, Kind};
pub use client::{Client, ClientOptions};
pub use cursor::Cursor;
pub use driving::{Borrower, Io, LEASE};
pub use error::{BulkWrite, DuplicateKey, Error, Failure, Result, ServerError};
pub use request::{Course, Fed, Filled, Page, Reply, Request, RunOptions, SessionAction, Written};
pub use session::Session;
pub use statements::Statements;
pub use topology::Topology;
