//! What a large read makes, and the garbage collector.
//!
//! The collector walks what is new to find out what is garbage, and walks what survives twice again as it grows old.
//! Documents that were just decoded are all alive, and as many as there are of them, a quarter of a read is spent on
//! those walks. `gc.freeze()` and `gc.unfreeze()` together put everything into the oldest generation without a walk.
//!
//! What is there is collected only with everything else, and whether that is due is told by what the collector put
//! there itself. So only so much goes there between two full collections.

use std::sync::{Mutex, PoisonError};

use pyo3::intern;
use pyo3::prelude::*;
use pyo3::sync::PyOnceLock;

/// Documents of a large read; and of one, those between two moves. The collector begins to walk after 700 objects.
pub const LARGE: usize = 1000;
pub const OFTEN: usize = 128;

/// Objects that are moved between two full collections.
const MOST: usize = 500_000;

/// What was moved since so many full collections.
struct Moved {
    collections: usize,
    objects: usize,
}

static MOVED: Mutex<Moved> = Mutex::new(Moved { collections: 0, objects: 0 });

/// Moves what is new to the oldest generation. The collector rests meanwhile.
pub fn settle(py: Python<'_>) -> PyResult<()> {
    static GC: PyOnceLock<Py<PyModule>> = PyOnceLock::new();
    let gc = GC.get_or_try_init(py, || py.import("gc").map(Bound::unbind))?.bind(py);
    // What the program itself froze must stay so.
    if gc.call_method0(intern!(py, "get_freeze_count"))?.is_truthy()? {
        return Ok(());
    }
    let new: usize = gc.call_method0(intern!(py, "get_count"))?.get_item(0)?.extract()?;
    let full = gc.call_method0(intern!(py, "get_stats"))?.get_item(2)?;
    if !may_move(new, full.get_item(intern!(py, "collections"))?.extract()?) {
        return Ok(());
    }
    gc.call_method0(intern!(py, "freeze"))?;
    gc.call_method0(intern!(py, "unfreeze"))?;
    Ok(())
}

/// Whether so many more objects may be moved, after so many full collections; if so they count as moved.
fn may_move(new: usize, collections: usize) -> bool {
    let mut moved = MOVED.lock().unwrap_or_else(PoisonError::into_inner);
    if moved.collections != collections {
        *moved = Moved { collections, objects: 0 };
    }
    let objects = moved.objects.saturating_add(new);
    if objects <= MOST {
        moved.objects = objects;
    }
    objects <= MOST
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_so_much_is_moved_between_two_full_collections() {
        assert!(may_move(MOST - 1, 7));
        assert!(!may_move(2, 7));
        assert!(may_move(1, 7));
        assert!(!may_move(1, 7));
        assert!(may_move(1, 8));
        assert!(!may_move(usize::MAX, 8));
    }
}
