//! A result with all its documents, decoded as its batches come, in slices between which others may run.

use std::sync::Arc;
use std::time::Instant;

use data_bridge_driver::{Client, Page, Reply, Request};
use pyo3::prelude::*;

use crate::codec::{Batch, Objects, OnInvalid, Sink, at_rest};
use crate::completion::{Finish, Finished, Outcome, TICK};
use crate::errors::{internal, to_python};
use crate::handles::Cursor;

/// Documents between two looks at the clock.
const STRIDE: usize = 32;

/// A reply that is decoded in slices.
pub struct Slices<S: Sink + ?Sized = dyn Sink> {
    on_invalid: OnInvalid,
    batch: Option<Batch>,
    sink: Box<S>,
}

impl<S: Sink + ?Sized> Slices<S> {
    pub fn new(sink: Box<S>, on_invalid: OnInvalid) -> Self {
        Self { on_invalid, batch: None, sink }
    }

    fn take(&mut self, py: Python<'_>, reply: Option<Page>) -> PyResult<()> {
        self.batch = reply.map(|reply| Batch::new(py, reply)).transpose()?;
        Ok(())
    }

    /// Takes what a cursor gave for its next batch; false at its end.
    fn take_next(&mut self, py: Python<'_>, outcome: Outcome) -> PyResult<bool> {
        match outcome.map_err(|error| to_python(py, error))? {
            Reply::Batch(None) => return Ok(false),
            Reply::Batch(batch) => self.take(py, batch)?,
            Reply::Done => {}
            other => return Err(internal(py, &format!("a batch was asked for and {other:?} came"))),
        }
        Ok(true)
    }

    /// Decodes for a while, and at most so many documents; true when the batch is done.
    fn decode(&mut self, py: Python<'_>, most: usize) -> PyResult<bool> {
        let Some(batch) = &mut self.batch else { return Ok(true) };
        let started = Instant::now();
        let mut left = most;
        let done = at_rest(py, || {
            loop {
                let stride = STRIDE.min(left);
                let done = batch.decode(py, &mut *self.sink, self.on_invalid, stride)?;
                left -= stride;
                if done || left == 0 || started.elapsed() > TICK {
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
    rest: Option<data_bridge_driver::Cursor>,
}

impl Gather {
    pub fn new(client: Arc<Client>, sink: Box<dyn Sink>, on_invalid: OnInvalid) -> Self {
        Self { client, slices: Slices::new(sink, on_invalid), rest: None }
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
        if !self.slices.decode(py, usize::MAX)? {
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
        Self(Slices::new(sink, on_invalid))
    }
}

impl Finish for NextBatch {
    fn finish(mut self: Box<Self>, py: Python<'_>, outcome: Outcome) -> PyResult<Finished> {
        if !self.0.take_next(py, outcome)? {
            return Ok(Finished::Value(py.None()));
        }
        if self.0.decode(py, usize::MAX)? {
            self.0.sink.finish(py).map(Finished::Value)
        } else {
            Ok(Finished::Later(self))
        }
    }
}

/// Some documents of a cursor's batch, the rest of which stays with the cursor; None at its end. Whoever goes through a
/// batch so holds few of its documents, in memory that the processor has at hand.
pub struct NextPart {
    cursor: Py<Cursor>,
    slices: Slices<Objects>,
    most: usize,
}

impl NextPart {
    pub fn new(cursor: Py<Cursor>, slices: Slices<Objects>, most: usize) -> Self {
        Self { cursor, slices, most }
    }
}

impl Finish for NextPart {
    fn finish(mut self: Box<Self>, py: Python<'_>, outcome: Outcome) -> PyResult<Finished> {
        if !self.slices.take_next(py, outcome)? {
            return Ok(Finished::Value(py.None()));
        }
        let done = self.slices.decode(py, self.most)?;
        let part = self.slices.sink.take(py);
        if !done {
            self.cursor.get().keep(self.slices);
        }
        Ok(Finished::Value(part.into_any()))
    }
}
