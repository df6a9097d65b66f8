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
    use super::*;
    use crate::testing::{eq, print, read, sort};

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
}
