//! The work of a compile grows no faster than n log n with the number of stages and of terms.
//!
//! Work is counted, never timed: how often a rule is applied, and how many bytes are allocated, which is how lists that
//! are copied for each of their items show.

use std::alloc::System;

use data_bridge_compiler::passes::flags::Flags;
use data_bridge_compiler::{Compiled, compile};
use data_bridge_ir::Plan;
use stats_alloc::{INSTRUMENTED_SYSTEM, Region, StatsAlloc};

#[path = "../benches/growing.rs"]
mod growing;

#[global_allocator]
static ALLOCATOR: &StatsAlloc<System> = &INSTRUMENTED_SYSTEM;

fn compiled(plan: Plan, traced: bool) -> Compiled {
    match compile(plan, &Flags::all(), traced) {
        Ok(compiled) => compiled,
        Err(failure) => unreachable!("the plans of this test compile: {failure:?}"),
    }
}

fn applications(plan: Plan) -> usize {
    compiled(plan, true).trace.iter().map(|firing| firing.past.max(1)).sum()
}

fn bytes(plan: Plan) -> usize {
    let before = Region::new(ALLOCATOR);
    let compiled = compiled(plan, false);
    let bytes = before.change().bytes_allocated;
    drop(compiled);
    bytes
}

/// Checks that twice as much of each shape takes at most as many times the work as n log n does.
fn assert_grows_slowly(shapes: &[growing::Shape], from: i32, given: fn(Plan) -> Plan) {
    let to = 2 * from;
    let most = 2.0 * f64::from(to).ln() / f64::from(from).ln();
    let allowed = |work: usize| work as f64 * most;
    for (name, shape) in shapes {
        let shape = |size| given(shape(size));
        // What is done once and then kept is no part of the growth.
        bytes(shape(from));
        let (fewer, more) = (bytes(shape(from)), bytes(shape(to)));
        assert!(more as f64 <= allowed(fewer), "{name}: {fewer} bytes for {from}, {more} for {to}");
        let (fewer, more) = (applications(shape(from)), applications(shape(to)));
        assert!(more as f64 <= allowed(fewer.max(1)), "{name}: {fewer} applications for {from}, {more} for {to}");
    }
}

// One test: what another thread allocates would be counted too.
#[test]
fn work_grows_no_faster_than_n_log_n() {
    assert_grows_slowly(growing::STAGES, 100, |plan| plan);
    assert_grows_slowly(growing::TERMS, 2_500, |plan| plan);
    assert_grows_slowly(growing::TERMS, 1_000, growing::trusted);
}
