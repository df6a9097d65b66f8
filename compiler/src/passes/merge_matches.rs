//! Joins adjacent matches into one conjunction.
//!
//! ```text
//! Match(a == 1) . Match(b == 2)   =>   Match(a == 1 & b == 2)
//! ```
//!
//! Never when either is opaque: a `$text` search must stand in the first stage as written. Null, missing and arrays: a
//! document passes both matches exactly when it passes their conjunction, each term walking arrays by itself.

use data_bridge_ir::{Expr, Stage};

use super::{MatchRule, Passing};

pub struct MergeMatches;

impl MatchRule for MergeMatches {
    fn name(&self) -> &'static str {
        "merge_matches"
    }

    fn passing<'a>(&self, stage: &'a Stage) -> Option<Passing<'a>> {
        matches!(stage, Stage::Match(predicate) if !matches!(predicate, Expr::Raw(_))).then_some(Passing::Joined)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{assert_passes, assert_stays, call, computed, eq};

    #[test]
    fn neighbours_join() {
        let stages = [Stage::Match(eq("a", 1)), Stage::Match(eq("b", 2))];
        assert_passes(&MergeMatches, &stages, "Match((a == 1) & (b == 2))");
    }

    #[test]
    fn a_limit_keeps_them_apart() {
        let stages = [Stage::Match(eq("a", 1)), Stage::Limit(1), Stage::Match(eq("b", 2))];
        assert_stays(&MergeMatches, &stages);
    }

    #[test]
    fn what_is_opaque_stands_alone() {
        let opaque = || Stage::Match(Expr::Raw(1.into()));
        let matching = || Stage::Match(eq("a", 1));
        for stages in [[opaque(), matching()], [matching(), opaque()], [opaque(), opaque()]] {
            assert_stays(&MergeMatches, &stages);
        }
    }

    #[test]
    fn terms_stand_in_the_order_in_which_they_were_tested() {
        let size = computed(call("$size", Expr::field("a")));
        let stages = [Stage::Match(Expr::And(vec![eq("b", 1), eq("a", 1)])), Stage::Match(size)];
        assert_passes(&MergeMatches, &stages, "Match((b == 1) & (a == 1) & expr(size(a)))");
    }
}
