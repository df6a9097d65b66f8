//! A result with all its documents, decoded as its batches come, in slices between which others may run.

use std::sync::Arc;
use std::time::{Duration, Instant};

use bson::RawDocumentBuf;
use data_bridge_driver::{Client, Cursor, Reply, Request};
use pyo3::prelude::*;
use pyo3::types::PyList;

use crate::codec::{Batch, Decoder, OnInvalid};
use crate::completion::{Finish, Finished, Outcome};
use crate::errors::{internal, to_python};

/// How long documents are decoded before others may run.
const SLICE: Duration = Duration::from_millis(2);

/// Documents between two looks at the clock.
const STRIDE: usize = 32;

pub struct Gather {
    client: Arc<Client>,
    decoder: Decoder,
    on_invalid: OnInvalid,
    documents: Option<Py<PyList>>,
    batch: Option<Batch>,
    rest: Option<Cursor>,
}

impl Gather {
    pub fn new(client: Arc<Client>, decoder: Decoder, on_invalid: OnInvalid) -> Self {
        Self { client, decoder, on_invalid, documents: None, batch: None, rest: None }
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
        let documents = self.documents.get_or_insert_with(|| PyList::empty(py).unbind()).bind(py);
        let Some(batch) = &mut self.batch else { return Ok(true) };
        let started = Instant::now();
        loop {
            if batch.decode(py, &self.decoder, self.on_invalid, documents, STRIDE)? {
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
        let documents = self.documents.take().unwrap_or_else(|| PyList::empty(py).unbind());
        Ok(Finished::Value(documents.into_any()))
    }
}
