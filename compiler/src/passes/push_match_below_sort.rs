//! Moves a `Match` below a `Sort`: fewer documents are sorted, and an index may serve the match.
//!
//! ```text
//! Sort(-age) . Match(city == "NYC")   =>   Match(city == "NYC") . Sort(-age)
//! ```
//!
//! Never across `Limit`: `Sort(-age) . Limit(10) . Match(p)` keeps those of the ten oldest that pass `p`; matching
//! first would return the ten oldest that pass. Null, missing and arrays: a match keeps or drops whole documents and a
//! sort never changes one, so neither sees the other.

use data_bridge_ir::Stage;

use super::{MatchRule, Passing};

pub struct PushMatchBelowSort;

impl MatchRule for PushMatchBelowSort {
    fn name(&self) -> &'static str {
        "push_match_below_sort"
    }

    fn passing<'a>(&self, stage: &'a Stage) -> Option<Passing<'a>> {
        matches!(stage, Stage::Sort(_)).then_some(Passing::All)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{assert_passes, assert_stays, eq, generic, sort};

    #[test]
    fn moves_below_sort() {
        let stages = [sort("age"), Stage::Match(eq("city", "NYC"))];
        assert_passes(&PushMatchBelowSort, &stages, "Match(city == \"NYC\") . Sort(-age)");
    }

    #[test]
    fn stays_above_limit() {
        assert_stays(&PushMatchBelowSort, &[sort("age"), Stage::Limit(10), Stage::Match(eq("city", "NYC"))]);
    }

    #[test]
    fn stays_above_all_else_that_chooses_documents() {
        for stage in [Stage::Limit(10), Stage::Skip(10), Stage::Sample(10), generic(), Stage::Raw(1.into())] {
            assert_stays(&PushMatchBelowSort, &[stage, Stage::Match(eq("city", "NYC"))]);
        }
    }
}
