//! Python's garbage collector beside big answers.
//!
//! What is decoded is alive and holds no cycles, but for the collector it is new: it would go through it again and
//! again, which takes as long as decoding it. So it rests, and is then told that all there is is old, which takes no
//! time (`gc.freeze()` and `gc.unfreeze()` only join its lists).

use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

use pyo3::prelude::*;
use pyo3::sync::PyOnceLock;

use super::instance::CollectorPaused;

/// By how much Python's memory may grow, in blocks, while objects become old so, until all there is was collected: cycles
/// among them, which a program may have made since, are only found then.
const MOST: usize = 1_000_000;

/// The interpreter itself may freeze so many objects before a program begins (CPython 3.12.1: 375); a program that calls
/// `gc.freeze()` freezes all there is, thousands at least.
const FROZEN_FROM_THE_START: usize = 2_000;

/// Functions of `gc`, and what was made old.
struct Collector {
    count: Py<PyAny>,
    threshold: Py<PyAny>,
    stats: Py<PyAny>,
    frozen: Py<PyAny>,
    freeze: Py<PyAny>,
    unfreeze: Py<PyAny>,
    /// How many blocks of memory Python holds.
    blocks: Py<PyAny>,
    /// Objects made old since it was last looked how many of them are left.
    aged: AtomicUsize,
    /// How many collections of all there had been, and how many blocks were held, when `aged` began.
    collections: AtomicUsize,
    held: AtomicUsize,
    /// Too much was left when it was last looked: a collection of all must come first.
    waits: AtomicBool,
}

impl Collector {
    fn get(py: Python<'_>) -> PyResult<&Self> {
        static COLLECTOR: PyOnceLock<Collector> = PyOnceLock::new();
        COLLECTOR.get_or_try_init(py, || {
            let gc = py.import("gc")?;
            let function = |name: &str| gc.getattr(name).map(Bound::unbind);
            let stats = function("get_stats")?;
            let blocks = py.import("sys")?.getattr("getallocatedblocks")?;
            Ok(Self {
                held: AtomicUsize::new(blocks.call0()?.extract()?),
                blocks: blocks.unbind(),
                count: function("get_count")?,
                threshold: function("get_threshold")?,
                collections: AtomicUsize::new(collections(stats.bind(py))?),
                stats,
                frozen: function("get_freeze_count")?,
                freeze: function("freeze")?,
                unfreeze: function("unfreeze")?,
                aged: AtomicUsize::new(0),
                waits: AtomicBool::new(false),
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
        // What the program itself has frozen is to stay so.
        let frozen = self.frozen.bind(py).call0()?.extract::<usize>()?;
        Ok(frozen <= FROZEN_FROM_THE_START && (self.aged.load(Ordering::Relaxed) <= MOST || self.little_is_left(py)?))
    }

    /// Whether most of what was made old is gone again, or all there is was collected since.
    fn little_is_left(&self, py: Python<'_>) -> PyResult<bool> {
        let now = collections(self.stats.bind(py))?;
        let collected = self.collections.swap(now, Ordering::Relaxed) != now;
        if !collected && self.waits.load(Ordering::Relaxed) {
            return Ok(false);
        }
        // The interpreter goes through all its memory for this number: it is asked once, and not for every slice.
        let blocks: usize = self.blocks.bind(py).call0()?.extract()?;
        if collected {
            self.held.store(blocks, Ordering::Relaxed);
        }
        let grown = blocks.saturating_sub(self.held.load(Ordering::Relaxed));
        let little = grown <= MOST;
        self.waits.store(!little, Ordering::Relaxed);
        if little {
            self.aged.store(grown, Ordering::Relaxed);
        }
        Ok(little)
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
