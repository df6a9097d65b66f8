//! Python's garbage collector beside big answers.
//!
//! What is decoded is alive and holds no cycles, but for the collector it is new: it would go through it again and
//! again, which takes as long as decoding it. So it rests, and is then told that all there is is old, which takes no
//! time (`gc.freeze()` and `gc.unfreeze()` only join its lists).

use std::sync::atomic::{AtomicUsize, Ordering};

use pyo3::prelude::*;
use pyo3::sync::PyOnceLock;

use super::instance::CollectorPaused;

/// How many objects become old so between two collections of all there is: cycles among them, which a program may have
/// made since, are only found then.
const MOST: usize = 1_000_000;

/// Functions of `gc`, and what was made old.
struct Collector {
    count: Py<PyAny>,
    threshold: Py<PyAny>,
    stats: Py<PyAny>,
    frozen: Py<PyAny>,
    freeze: Py<PyAny>,
    unfreeze: Py<PyAny>,
    /// Objects made old since the last collection of all.
    aged: AtomicUsize,
    /// How many of those collections there had been.
    collections: AtomicUsize,
}

impl Collector {
    fn get(py: Python<'_>) -> PyResult<&Self> {
        static COLLECTOR: PyOnceLock<Collector> = PyOnceLock::new();
        COLLECTOR.get_or_try_init(py, || {
            let gc = py.import("gc")?;
            let function = |name: &str| gc.getattr(name).map(Bound::unbind);
            let stats = function("get_stats")?;
            Ok(Self {
                count: function("get_count")?,
                threshold: function("get_threshold")?,
                collections: AtomicUsize::new(collections(stats.bind(py))?),
                stats,
                frozen: function("get_freeze_count")?,
                freeze: function("freeze")?,
                unfreeze: function("unfreeze")?,
                aged: AtomicUsize::new(0),
            })
        })
    }

    /// Makes everything old, if the collector would look at what is young when it goes on.
    fn age(&self, py: Python<'_>) -> PyResult<()> {
        let young: usize = self.count.bind(py).call0()?.get_item(0)?.extract()?;
        let threshold: usize = self.threshold.bind(py).call0()?.get_item(0)?.extract()?;
        if threshold == 0 || young <= threshold || !self.may_age(py)? {
            return Ok(());
        }
        self.freeze.bind(py).call0()?;
        self.unfreeze.bind(py).call0()?;
        self.aged.fetch_add(young, Ordering::Relaxed);
        Ok(())
    }

    fn may_age(&self, py: Python<'_>) -> PyResult<bool> {
        if self.aged.load(Ordering::Relaxed) > MOST {
            let now = collections(self.stats.bind(py))?;
            if self.collections.swap(now, Ordering::Relaxed) == now {
                return Ok(false);
            }
            self.aged.store(0, Ordering::Relaxed);
        }
        // What the program itself has frozen is to stay so.
        Ok(self.frozen.bind(py).call0()?.extract::<usize>()? == 0)
    }
}

/// How often all there is was looked at.
fn collections(stats: &Bound<'_, PyAny>) -> PyResult<usize> {
    stats.call0()?.get_item(2)?.get_item("collections")?.extract()
}

/// Lets the collector rest while something is built that lives on.
pub fn at_rest<T>(py: Python<'_>, build: impl FnOnce() -> PyResult<T>) -> PyResult<T> {
    let paused = CollectorPaused::new(py);
    let built = build()?;
    if paused.was_enabled() {
        Collector::get(py)?.age(py)?;
    }
    Ok(built)
}
