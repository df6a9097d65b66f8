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

const MIXTURES: usize = 60;

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

/// Checks that twice as much of a shape takes at most as many times the work as n log n does.
fn assert_grows_slowly(name: &str, from: i32, shape: impl Fn(i32) -> Plan) {
    let to = 2 * from;
    assert_grows_at_most(name, [from, to], 2.0 * f64::from(to).ln() / f64::from(from).ln(), shape);
}

/// Checks that more of a shape takes at most so many times the work.
fn assert_grows_at_most(name: &str, [from, to]: [i32; 2], most: f64, shape: impl Fn(i32) -> Plan) {
    let allowed = |work: usize| work as f64 * most;
    // What is done once and then kept is no part of the growth.
    bytes(shape(from));
    let (fewer, more) = (bytes(shape(from)), bytes(shape(to)));
    assert!(more as f64 <= allowed(fewer), "{name}: {fewer} bytes for {from}, {more} for {to}");
    let (fewer, more) = (applications(shape(from)), applications(shape(to)));
    assert!(more as f64 <= allowed(fewer.max(1)), "{name}: {fewer} applications for {from}, {more} for {to}");
}

/// The next number of a fixed row that looks like chance, below a bound.
fn drawn(row: &mut u64, below: usize) -> usize {
    *row = row.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
    (*row >> 33) as usize % below
}

// One test: what another thread allocates would be counted too.
#[test]
fn work_grows_no_faster_than_n_log_n() {
    for (name, shape) in growing::STAGES {
        assert_grows_slowly(name, 100, shape);
    }
    for (name, shape) in growing::TERMS {
        assert_grows_slowly(name, 2_500, shape);
        assert_grows_slowly(&format!("{name}, trusted"), 1_000, |count| growing::trusted(shape(count)));
    }
    // Halfway to the square: of any one mixture a list may just have doubled its room.
    let mut row = 1;
    for _ in 0..MIXTURES {
        let kinds: Vec<_> =
            (0..2 + drawn(&mut row, 4)).map(|_| growing::KINDS[drawn(&mut row, growing::KINDS.len())]).collect();
        let name: Vec<_> = kinds.iter().map(|(name, _)| *name).collect();
        assert_grows_at_most(&name.join(", "), [100, 400], 8.0, |count| growing::mixture(&kinds, count));
    }
}
