//! Where the extension's memory comes from.

use pyo3::prelude::*;

/// Compiling a query makes many small allocations, which the system's allocator serves slowly.
#[cfg(not(feature = "counted"))]
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

/// Counting costs more than it is worth but where leaks are looked for.
#[cfg(feature = "counted")]
#[global_allocator]
static ALLOCATOR: &stats_alloc::StatsAlloc<std::alloc::System> = &stats_alloc::INSTRUMENTED_SYSTEM;

/// How many pieces of memory the extension holds, and their bytes; None in a build that does not count them.
#[pyfunction]
fn allocations() -> Option<(isize, isize)> {
    #[cfg(feature = "counted")]
    {
        let seen = ALLOCATOR.stats();
        let pieces = seen.allocations.wrapping_sub(seen.deallocations);
        let bytes = seen.bytes_allocated.wrapping_sub(seen.bytes_deallocated);
        Some((pieces.cast_signed(), bytes.cast_signed()))
    }
    #[cfg(not(feature = "counted"))]
    None
}

pub fn register(module: &Bound<'_, PyModule>) -> PyResult<()> {
    module.add_function(wrap_pyfunction!(allocations, module)?)
}
