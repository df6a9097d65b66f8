//! Lowering: from an optimized plan to the commands of one kind of server.

pub mod mongo;
