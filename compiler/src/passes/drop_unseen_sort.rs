//! Drops a `Sort` whose order nothing behind it can see.
//!
//! ```text
//! Sort(name) . Set(n=a + 1) . Sort(-age)            =>   Set(n=a + 1) . Sort(-age)
//! Sort(name) . Group(by=city, n=sum(1))             =>   Group(by=city, n=sum(1))
//! Sort(name) . Match(age > 3) . Count(n)            =>   Match(age > 3) . Count(n)
//! ```
//!
//! Never across `Limit`, `Skip`, `Sample` or an opaque stage, which choose by the order, nor before an accumulator whose
//! value depends on it: `first`, `last`, `push`, but also `top` (its ties), `std_dev_pop` (its rounding) and `median` (an
//! approximation). A sort keeps no order among its ties, so a second one owes nothing to the first. Null, missing and
//! arrays: a sort never changes, adds or drops a document. Of numbers that are equal but of several types a group gives
//! any one, sorted or not.

use data_bridge_ir::Stage;
use data_bridge_ir::catalog::{Kind, Operator};
use data_bridge_ir::stage::Accumulator;

use super::{Rewrite, StageRule};
use crate::analyze::effects::gives_one_for_one;
use crate::analyze::reads::movable;

/// Of those that the operator table calls insensitive: whose value is the same to the last bit in any order.
const EXACT: [&str; 8] = ["$addToSet", "$avg", "$count", "$max", "$maxN", "$min", "$minN", "$sum"];

pub struct DropUnseenSort;

impl StageRule for DropUnseenSort {
    fn name(&self) -> &'static str {
        "drop_unseen_sort"
    }

    fn rewrite(&self, stages: &[Stage]) -> Option<Rewrite> {
        let [Stage::Sort(_), behind @ ..] = stages else { return None };
        let forgets = behind.iter().find(|stage| !passes_on(stage))?;
        let unseen = match forgets {
            Stage::Sort(_) | Stage::Count(_) => true,
            Stage::Group { outputs, .. } => outputs.iter().all(is_exact),
            _ => false,
        };
        unseen.then(|| Rewrite::replace(1, vec![]))
    }
}

/// Whether documents come out in the order in which they go in, and each by itself.
fn passes_on(stage: &Stage) -> bool {
    match stage {
        Stage::Match(predicate) => movable(predicate).is_some(),
        Stage::Unwind { .. } => true,
        other => gives_one_for_one(other),
    }
}

fn is_exact(output: &Accumulator) -> bool {
    let known = Operator::find(Kind::Accumulator, &output.name).is_some_and(|operator| !operator.order_sensitive);
    known && EXACT.contains(&output.name.as_str())
}

#[cfg(test)]
mod tests {
    use data_bridge_ir::{Expr, Operands};

    use super::*;
    use crate::testing::{assert_stages_rewrite, assert_stages_unchanged, chance, computed, eq, facet, generic};
    use crate::testing::{lookup, set, sort, union};

    fn group(accumulator: &str) -> Stage {
        let operands = Some(Operands::Single(Box::new(Expr::field("a"))));
        let output = Accumulator { output: "n".into(), name: accumulator.into(), operands };
        Stage::Group { by: Some(Expr::field("city")), outputs: vec![output] }
    }

    #[test]
    fn another_sort_a_group_and_a_count_forget_the_order() {
        assert_stages_rewrite(&DropUnseenSort, &[sort("a"), sort("b")], "Sort(-b)");
        assert_stages_rewrite(&DropUnseenSort, &[sort("a"), group("$sum")], "Group(by=city, n=sum(a))");
        assert_stages_rewrite(&DropUnseenSort, &[sort("a"), Stage::Count("n".into())], "Count(n)");
    }

    #[test]
    fn what_passes_documents_on_does_not_see_their_order() {
        let unwind = Stage::Unwind { path: "c".into(), index: None, preserve: false };
        let stages = [sort("a"), set("b", Expr::field("c")), Stage::Match(eq("b", 1)), unwind, lookup("d"), sort("b")];
        let after = "Set(b=c) . Match(b == 1) . Unwind(c) . Lookup(others -> d, own == other) . Sort(-b)";
        assert_stages_rewrite(&DropUnseenSort, &stages, after);
    }

    #[test]
    fn what_chooses_by_the_order_keeps_it() {
        for stage in [Stage::Limit(1), Stage::Skip(1), Stage::Sample(1), Stage::Raw(1.into())] {
            assert_stages_unchanged(&DropUnseenSort, &[sort("a"), stage, sort("b")]);
        }
        let opaque = [Stage::Match(computed(chance())), Stage::Match(Expr::Raw(1.into())), set("n", chance())];
        for stage in [union(vec![]), facet(vec![vec![]]), generic()].into_iter().chain(opaque) {
            assert_stages_unchanged(&DropUnseenSort, &[sort("a"), stage, sort("b")]);
        }
    }

    #[test]
    fn accumulators_that_see_the_order_keep_it() {
        for name in ["$first", "$push", "$top", "$stdDevPop", "$median", "$accumulator", "$newlyMade"] {
            assert_stages_unchanged(&DropUnseenSort, &[sort("a"), group(name)]);
            let (Stage::Group { by, mut outputs }, Stage::Group { outputs: exact, .. }) = (group(name), group("$sum"))
            else {
                unreachable!("made as these")
            };
            outputs.extend(exact);
            assert_stages_unchanged(&DropUnseenSort, &[sort("a"), Stage::Group { by, outputs }]);
        }
    }

    #[test]
    fn the_last_sort_is_seen() {
        assert_stages_unchanged(&DropUnseenSort, &[sort("a"), Stage::Match(eq("b", 1))]);
    }
}
