//! Moves a `Limit` or a `Skip` below a `Lookup`: documents that are not asked for are not joined.
//!
//! ```text
//! Sort(-age) . Lookup(pets -> pets) . Limit(10)   =>   Sort(-age) . Limit(10) . Lookup(pets -> pets)
//! ```
//!
//! Never across an `Unwind` of what is joined: `Lookup . Unwind . Limit(10)` gives ten pairs, of maybe one document.
//! Never across a join that depends on chance or on an opaque stage. Null, missing and arrays: a join gives every
//! document back, once and in its place, whatever it finds.

use data_bridge_ir::Stage;

use super::LimitRule;
use crate::analyze::effects::gives_one_for_one;

pub struct PushLimitBelowLookup;

impl LimitRule for PushLimitBelowLookup {
    fn name(&self) -> &'static str {
        "push_limit_below_lookup"
    }

    fn is_passed(&self, stage: &Stage) -> bool {
        matches!(stage, Stage::Lookup(_)) && gives_one_for_one(stage)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{assert_limit_passes, assert_limit_stays, chance, lookup};

    #[test]
    fn moves_below_a_join() {
        let after = "Limit(10) . Lookup(others -> pets, own == other)";
        assert_limit_passes(&PushLimitBelowLookup, &[lookup("pets"), Stage::Limit(10)], after);
        let after = "Skip(10) . Lookup(others -> pets, own == other)";
        assert_limit_passes(&PushLimitBelowLookup, &[lookup("pets"), Stage::Skip(10)], after);
    }

    #[test]
    fn stays_above_an_unwind() {
        let unwind = Stage::Unwind { path: "pets".into(), index: None, preserve: true };
        assert_limit_stays(&PushLimitBelowLookup, &[lookup("pets"), unwind.clone(), Stage::Limit(10)]);
        assert_limit_stays(&PushLimitBelowLookup, &[unwind, Stage::Limit(10)]);
    }

    #[test]
    fn a_join_by_chance_is_not_crossed() {
        let Stage::Lookup(mut join) = lookup("pets") else { unreachable!("made as one") };
        join.variables = vec![("drawn".into(), chance())];
        assert_limit_stays(&PushLimitBelowLookup, &[Stage::Lookup(join), Stage::Limit(10)]);
    }

    #[test]
    fn an_opaque_join_is_not_crossed() {
        let Stage::Lookup(mut join) = lookup("pets") else { unreachable!("made as one") };
        join.pipeline = Some(vec![Stage::Sample(2)]);
        assert_limit_stays(&PushLimitBelowLookup, &[Stage::Lookup(join), Stage::Limit(10)]);
    }
}
