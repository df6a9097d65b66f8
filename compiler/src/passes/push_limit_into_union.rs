//! Gives a `Limit` behind a `UnionWith` to both of its sides too: neither reads more documents than are asked for.
//!
//! ```text
//! UnionWith(old, [p]) . Limit(10)              =>   Limit(10) . UnionWith(old, [p . Limit(10)]) . Limit(10)
//! UnionWith(old, [p]) . Skip(20) . Limit(10)   =>   Limit(30) . UnionWith(old, [p . Limit(30)]) . Skip(20) . Limit(10)
//! ```
//!
//! Never past a stage that needs all documents, or that does not give one for each: a sort, a match, an unwind, a group.
//! Never where the other side gives no more than that already. Null, missing and arrays: whole documents are counted,
//! never looked into.

use data_bridge_ir::Stage;
use data_bridge_ir::plan::Read;

use super::ReadRule;
use super::merge_limits::added;
use crate::analyze::effects::{gives_one_for_one, most};
use crate::facts::Facts;

pub struct PushLimitIntoUnion;

impl ReadRule for PushLimitIntoUnion {
    fn name(&self) -> &'static str {
        "push_limit_into_union"
    }

    fn rewrite(&self, read: &Read, _facts: &Facts) -> Option<Vec<Stage>> {
        if !read.stages.windows(2).any(|pair| matches!(pair[0], Stage::UnionWith(_))) {
            return None;
        }
        // How many of the documents that come out are asked for, from the first one on.
        let mut asked: Option<u64> = None;
        let mut changed = false;
        let mut stages = Vec::with_capacity(read.stages.len());
        for stage in read.stages.iter().rev() {
            stages.push(stage.clone());
            asked = match stage {
                Stage::Limit(count) => Some(asked.map_or(*count, |asked| asked.min(*count))),
                Stage::Skip(count) => asked.and_then(|asked| added(asked, *count)),
                Stage::UnionWith(_) => asked,
                other => asked.filter(|_| gives_one_for_one(other)),
            };
            if let (Some(asked), Some(Stage::UnionWith(union))) = (asked, stages.last_mut())
                && most(&union.pipeline).is_none_or(|most| most > asked)
            {
                union.pipeline.push(Stage::Limit(asked));
                stages.push(Stage::Limit(asked));
                changed = true;
            }
        }
        stages.reverse();
        changed.then_some(stages)
    }
}

#[cfg(test)]
mod tests {
    use data_bridge_ir::Expr;
    use data_bridge_ir::plan::Terminal;

    use super::*;
    use crate::testing::{chance, eq, facet, generic, group, print, read, set, sort, union, unwind};

    fn rewritten(stages: &[Stage]) -> Option<String> {
        PushLimitIntoUnion.rewrite(&read(stages.to_vec(), Terminal::Find), &Facts::none()).map(|stages| print(&stages))
    }

    #[test]
    fn both_sides_are_limited() {
        let after = "Limit(3) . UnionWith(others, [Match(a == 1) . Limit(3)]) . Limit(3)";
        assert_eq!(rewritten(&[union(vec![Stage::Match(eq("a", 1))]), Stage::Limit(3)]).unwrap(), after);
    }

    #[test]
    fn the_fewest_of_all_limits_are_asked_for() {
        let stages =
            [union(vec![]), Stage::Limit(9), union(vec![Stage::Limit(8)]), set("n", Expr::field("a")), Stage::Limit(3)];
        let after = "Limit(3) . UnionWith(others, [Limit(3)]) . Limit(9) . \
            Limit(3) . UnionWith(others, [Limit(8) . Limit(3)]) . Set(n=a) . Limit(3)";
        assert_eq!(rewritten(&stages).unwrap(), after);
    }

    #[test]
    fn what_is_skipped_is_asked_for_too() {
        let after = "Limit(5) . UnionWith(others, [Limit(5)]) . Skip(2) . Limit(3)";
        assert_eq!(rewritten(&[union(vec![]), Stage::Skip(2), Stage::Limit(3)]).unwrap(), after);
        assert_eq!(
            rewritten(&[union(vec![]), Stage::Limit(3), Stage::Skip(2)]).unwrap(),
            "Limit(3) . UnionWith(others, [Limit(3)]) . Limit(3) . Skip(2)"
        );
        assert_eq!(rewritten(&[union(vec![]), Stage::Skip(3)]), None);
        for skipped in [i64::MAX.unsigned_abs(), u64::MAX] {
            assert_eq!(rewritten(&[union(vec![]), Stage::Skip(skipped), Stage::Limit(3)]), None);
        }
    }

    #[test]
    fn a_side_that_is_limited_stays() {
        assert_eq!(rewritten(&[union(vec![Stage::Limit(3), Stage::Match(eq("a", 1))]), Stage::Limit(3)]), None);
        assert_eq!(rewritten(&[union(vec![Stage::Match(Expr::Constant(false))]), Stage::Limit(3)]), None);
    }

    #[test]
    fn an_order_a_match_and_chance_need_all() {
        let makes = [group("a", "b"), Stage::Count("n".into()), facet(vec![vec![]]), Stage::Sample(9)];
        let opaque = [set("n", chance()), generic(), Stage::Raw(1.into())];
        for stage in [sort("a"), Stage::Match(eq("a", 1)), unwind("a")].into_iter().chain(makes).chain(opaque) {
            assert_eq!(rewritten(&[union(vec![]), stage, Stage::Limit(3)]), None);
        }
    }
}
