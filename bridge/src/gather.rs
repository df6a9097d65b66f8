//! A result with all its documents, decoded as its batches come, in slices between which others may run.

use std::sync::Arc;
use std::time::{Duration, Instant};

use bson::RawDocumentBuf;
use data_bridge_driver::{Client, Cursor, Reply, Request};
use pyo3::prelude::*;

use crate::codec::{Batch, OnInvalid, Sink};
use crate::completion::{Finish, Finished, Outcome};
use crate::errors::{internal, to_python};

/// How long documents are decoded before others may run.
const SLICE: Duration = Duration::from_millis(2);

/// Documents between two looks at the clock.
const STRIDE: usize = 32;

pub struct Gather {
    client: Arc<Client>,
    sink: Box<dyn Sink>,
    on_invalid: OnInvalid,
    batch: Option<Batch>,
    rest: Option<Cursor>,
}

impl Gather {
    pub fn new(client: Arc<Client>, sink: Box<dyn Sink>, on_invalid: OnInvalid) -> Self {
        Self { client, sink, on_invalid, batch: None, rest: None }
    }

    fn take(&mut self, py: Python<'_>, reply: Reply) -> PyResult<()> {
        let batch: Option<RawDocumentBuf> = match reply {
            Reply::Documents { batch, rest } => {
                self.rest = rest;
                batch
            }
            Reply::Batch(batch) => {
                if batch.is_none() {
                    self.rest = None;
                }
                batch
            }
            Reply::Done => return Ok(()),
            other => return Err(internal(py, &format!("documents were asked for and {other:?} came"))),
        };
        self.batch = batch.map(|reply| Batch::new(py, reply)).transpose()?;
        Ok(())
    }

    /// Decodes for a while; true when the batch is done.
    fn decode(&mut self, py: Python<'_>) -> PyResult<bool> {
        let Some(batch) = &mut self.batch else { return Ok(true) };
        let started = Instant::now();
        loop {
            if batch.decode(py, &mut *self.sink, self.on_invalid, STRIDE)? {
                self.batch = None;
                return Ok(true);
            }
            if started.elapsed() > SLICE {
                return Ok(false);
            }
        }
    }
}

impl Finish for Gather {
    fn finish(mut self: Box<Self>, py: Python<'_>, outcome: Outcome) -> PyResult<Finished> {
        let reply = outcome.map_err(|error| to_python(py, error))?;
        self.take(py, reply)?;
        if !self.decode(py)? {
            return Ok(Finished::Later(self));
        }
        if let Some(cursor) = self.rest.clone() {
            return Ok(Finished::Wait(Arc::clone(&self.client), Request::NextBatch(cursor), self));
        }
        self.sink.finish(py).map(Finished::Value)
    }
}
