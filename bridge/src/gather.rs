//! A result with all its documents, decoded as its batches come, in slices between which others may run.

use std::sync::Arc;
use std::time::Instant;

use bson::RawDocumentBuf;
use data_bridge_driver::{Client, Cursor, Reply, Request};
use pyo3::prelude::*;

use crate::codec::{Batch, OnInvalid, Sink, at_rest};
use crate::completion::{Finish, Finished, Outcome, TICK};
use crate::errors::{internal, to_python};

/// Documents between two looks at the clock.
const STRIDE: usize = 32;

/// A reply that is decoded in slices.
struct Slices {
    sink: Box<dyn Sink>,
    on_invalid: OnInvalid,
    batch: Option<Batch>,
}

impl Slices {
    fn take(&mut self, py: Python<'_>, reply: Option<RawDocumentBuf>) -> PyResult<()> {
        self.batch = reply.map(|reply| Batch::new(py, reply)).transpose()?;
        Ok(())
    }

    /// Decodes for a while; true when the batch is done.
    fn decode(&mut self, py: Python<'_>) -> PyResult<bool> {
        let Some(batch) = &mut self.batch else { return Ok(true) };
        let started = Instant::now();
        let done = at_rest(py, || {
            loop {
                let done = batch.decode(py, &mut *self.sink, self.on_invalid, STRIDE)?;
                if done || started.elapsed() > TICK {
                    return Ok(done);
                }
            }
        })?;
        if done {
            self.batch = None;
        }
        Ok(done)
    }
}

/// The whole answer of a plan.
pub struct Gather {
    client: Arc<Client>,
    slices: Slices,
    rest: Option<Cursor>,
}

impl Gather {
    pub fn new(client: Arc<Client>, sink: Box<dyn Sink>, on_invalid: OnInvalid) -> Self {
        Self { client, slices: Slices { sink, on_invalid, batch: None }, rest: None }
    }

    fn take(&mut self, py: Python<'_>, reply: Reply) -> PyResult<()> {
        match reply {
            Reply::Documents { batch, rest } => {
                self.rest = rest;
                self.slices.take(py, batch)
            }
            Reply::Batch(batch) => {
                if batch.is_none() {
                    self.rest = None;
                }
                self.slices.take(py, batch)
            }
            Reply::Done => Ok(()),
            other => Err(internal(py, &format!("documents were asked for and {other:?} came"))),
        }
    }
}

impl Finish for Gather {
    fn finish(mut self: Box<Self>, py: Python<'_>, outcome: Outcome) -> PyResult<Finished> {
        let reply = outcome.map_err(|error| to_python(py, error))?;
        self.take(py, reply)?;
        if !self.slices.decode(py)? {
            return Ok(Finished::Later(self));
        }
        if let Some(cursor) = self.rest.clone() {
            return Ok(Finished::Wait(Arc::clone(&self.client), Request::NextBatch(cursor), self));
        }
        self.slices.sink.finish(py).map(Finished::Value)
    }
}

/// One batch of a cursor; None at its end.
pub struct NextBatch(Slices);

impl NextBatch {
    pub fn new(sink: Box<dyn Sink>, on_invalid: OnInvalid) -> Self {
        Self(Slices { sink, on_invalid, batch: None })
    }
}

impl Finish for NextBatch {
    fn finish(mut self: Box<Self>, py: Python<'_>, outcome: Outcome) -> PyResult<Finished> {
        match outcome.map_err(|error| to_python(py, error))? {
            Reply::Batch(None) => return Ok(Finished::Value(py.None())),
            Reply::Batch(batch) => self.0.take(py, batch)?,
            Reply::Done => {}
            other => return Err(internal(py, &format!("a batch was asked for and {other:?} came"))),
        }
        if self.0.decode(py)? { self.0.sink.finish(py).map(Finished::Value) } else { Ok(Finished::Later(self)) }
    }
}
