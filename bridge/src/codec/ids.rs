//! New ObjectIds.
//!
//! Source: the BSON specification of ObjectId: seconds since the epoch, five random bytes of the process, a counter.

use std::sync::{Mutex, PoisonError};
use std::time::{SystemTime, UNIX_EPOCH};

use pyo3::exceptions::PyValueError;
use pyo3::prelude::*;
use pyo3::types::PyBytes;

pub type Bytes = [u8; 12];

/// A child that was forked must not go on with its parent's numbers.
struct Process {
    number: u32,
    random: [u8; 5],
    counter: u32,
}

static PROCESS: Mutex<Option<Process>> = Mutex::new(None);

/// An id that no other process makes, and this one never again.
pub fn new(py: Python<'_>) -> PyResult<Bytes> {
    let number = std::process::id();
    let mut process = PROCESS.lock().unwrap_or_else(PoisonError::into_inner);
    let known = match process.take() {
        Some(known) if known.number == number => known,
        _ => Process::new(py, number)?,
    };
    let Process { random, counter, .. } = known;
    *process = Some(Process { counter: counter.wrapping_add(1), ..known });
    let seconds = SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |since| since.as_secs());
    let mut id = Bytes::default();
    // Four bytes of seconds last until 2106, and three of the counter are what the format has.
    id[..4].copy_from_slice(&seconds.to_be_bytes()[4..]);
    id[4..9].copy_from_slice(&random);
    id[9..].copy_from_slice(&counter.to_be_bytes()[1..]);
    Ok(id)
}

impl Process {
    fn new(py: Python<'_>, number: u32) -> PyResult<Self> {
        let bytes = py.import("os")?.getattr("urandom")?.call1((9,))?;
        match *bytes.cast::<PyBytes>()?.as_bytes() {
            [a, b, c, d, e, f, g, h, i] => {
                Ok(Self { number, random: [a, b, c, d, e], counter: u32::from_be_bytes([f, g, h, i]) })
            }
            _ => Err(PyValueError::new_err("os.urandom() gave another number of bytes than it was asked for")),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;

    #[test]
    fn ids_are_new_and_of_one_process() {
        Python::initialize();
        Python::attach(|py| {
            let ids: Vec<Bytes> = (0..1000).map(|_| new(py).unwrap()).collect();
            assert_eq!(ids.iter().collect::<HashSet<_>>().len(), ids.len());
            assert!(ids.iter().all(|id| id[4..9] == ids[0][4..9]));
        });
    }
}
