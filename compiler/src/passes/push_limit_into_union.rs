//! Gives a `Limit` behind a `UnionWith` to both of its sides too: neither reads more documents than are asked for.
//!
//! ```text
//! UnionWith(old, [p]) . Limit(10)   =>   Limit(10) . UnionWith(old, [p . Limit(10)]) . Limit(10)
//! ```
//!
//! Never a `Skip`, which leaves out documents of the two sides together. Never where the other side gives no more than
//! that already. Null, missing and arrays: whole documents are counted, never looked into.

use data_bridge_ir::Stage;
use data_bridge_ir::stage::UnionWith;

use super::{Rewrite, StageRule};
use crate::analyze::effects::most;

pub struct PushLimitIntoUnion;

impl StageRule for PushLimitIntoUnion {
    fn name(&self) -> &'static str {
        "push_limit_into_union"
    }

    fn rewrite(&self, stages: &[Stage]) -> Option<Rewrite> {
        let [Stage::UnionWith(union), limit @ Stage::Limit(count), ..] = stages else { return None };
        if most(&union.pipeline).is_some_and(|most| most <= *count) {
            return None;
        }
        let pipeline = union.pipeline.iter().cloned().chain([limit.clone()]).collect();
        let union = Stage::UnionWith(UnionWith { pipeline, ..union.clone() });
        Some(Rewrite::Replace(2, vec![limit.clone(), union, limit.clone()]))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{assert_stages_rewrite, assert_stages_unchanged, eq, sort, union};

    #[test]
    fn both_sides_are_limited() {
        let after = "Limit(3) . UnionWith(others, [Match(a == 1) . Limit(3)]) . Limit(3)";
        assert_stages_rewrite(&PushLimitIntoUnion, &[union(vec![Stage::Match(eq("a", 1))]), Stage::Limit(3)], after);
    }

    #[test]
    fn a_side_that_is_limited_stays() {
        let stages = [union(vec![Stage::Limit(3), Stage::Match(eq("a", 1))]), Stage::Limit(3)];
        assert_stages_unchanged(&PushLimitIntoUnion, &stages);
        let after = "Limit(3) . UnionWith(others, [Limit(4) . Limit(3)]) . Limit(3)";
        assert_stages_rewrite(&PushLimitIntoUnion, &[union(vec![Stage::Limit(4)]), Stage::Limit(3)], after);
    }

    #[test]
    fn a_skip_and_an_order_are_of_both_together() {
        assert_stages_unchanged(&PushLimitIntoUnion, &[union(vec![]), Stage::Skip(3)]);
        assert_stages_unchanged(&PushLimitIntoUnion, &[union(vec![]), sort("a"), Stage::Limit(3)]);
        assert_stages_unchanged(&PushLimitIntoUnion, &[union(vec![]), Stage::Match(eq("a", 1)), Stage::Limit(3)]);
    }
}
