//! Drops sorts before the distinct values of a path are taken.
//!
//! ```text
//! Distinct(city): Match(age > 3) . Sort(-age)   =>   Distinct(city): Match(age > 3)
//! ```
//!
//! Never before a `Limit`, a `Skip` or any other stage that may choose by the order. Null, missing and arrays: a sort
//! never changes, adds or drops a document, and distinct values come in no promised order.

use data_bridge_ir::Stage;
use data_bridge_ir::plan::{Read, Terminal};

use super::ReadRule;
use crate::analyze::effects::gives_one_for_one;
use crate::facts::Facts;

pub struct DistinctWithoutOrder;

impl ReadRule for DistinctWithoutOrder {
    fn name(&self) -> &'static str {
        "distinct_without_order"
    }

    fn rewrite(&self, read: &Read, _facts: &Facts) -> Option<Vec<Stage>> {
        if !matches!(read.terminal, Terminal::Distinct(_)) {
            return None;
        }
        let passes = |stage: &Stage| {
            matches!(stage, Stage::Match(_) | Stage::Sort(_) | Stage::Unwind { .. }) || gives_one_for_one(stage)
        };
        let start = read.stages.iter().rposition(|stage| !passes(stage)).map_or(0, |last| last + 1);
        let (kept, tail) = read.stages.split_at(start);
        let unordered: Vec<_> = tail.iter().filter(|stage| !matches!(stage, Stage::Sort(_))).collect();
        (unordered.len() < tail.len()).then(|| kept.iter().chain(unordered).cloned().collect())
    }
}

#[cfg(test)]
mod tests {
    use data_bridge_ir::Expr;

    use super::*;
    use crate::testing::{chance, eq, generic, group, lookup, print, read, set, sort, union, unwind};

    fn rewritten(stages: &[Stage], terminal: Terminal) -> Option<String> {
        DistinctWithoutOrder.rewrite(&read(stages.to_vec(), terminal), &Facts::none()).map(|stages| print(&stages))
    }

    #[test]
    fn the_order_is_not_seen() {
        let stages = [Stage::Match(eq("a", 1)), sort("b")];
        assert_eq!(rewritten(&stages, Terminal::Distinct("c".into())).unwrap(), "Match(a == 1)");
        assert_eq!(rewritten(&stages, Terminal::Find), None);
    }

    #[test]
    fn what_chooses_by_the_order_keeps_it() {
        let distinct = || Terminal::Distinct("c".into());
        assert_eq!(rewritten(&[sort("b"), Stage::Limit(3)], distinct()), None);
        assert_eq!(rewritten(&[sort("b"), Stage::Raw(1.into())], distinct()), None);
        let twice = [sort("b"), Stage::Limit(3), sort("a")];
        assert_eq!(rewritten(&twice, distinct()).unwrap(), "Sort(-b) . Limit(3)");
    }

    #[test]
    fn what_takes_each_document_by_itself_does_not_see_it() {
        let stages = [sort("b"), set("n", Expr::field("a")), lookup("d"), unwind("d"), Stage::Match(eq("d", 1))];
        let after = "Set(n=a) . Lookup(others -> d, own == other) . Unwind(d) . Match(d == 1)";
        assert_eq!(rewritten(&stages, Terminal::Distinct("c".into())).unwrap(), after);
    }

    #[test]
    fn all_that_may_choose_by_the_order_keeps_it() {
        let others = [Stage::Skip(1), Stage::Sample(1), group("a", "b"), union(vec![]), set("n", chance()), generic()];
        for stage in others {
            assert_eq!(rewritten(&[sort("b"), stage], Terminal::Distinct("c".into())), None);
        }
    }
}
