//! Writes a `Limit` with a `Skip` after it the other way round, which is how a `find` says it.
//!
//! ```text
//! Limit(10) . Skip(3)   =>   Skip(3) . Limit(7)          Limit(3) . Skip(3)   =>   Match(false)
//! ```
//!
//! Never a skip with a limit after it: that is the form aimed at. Null, missing and arrays: whole documents are counted,
//! never looked into.

use data_bridge_ir::{Expr, Stage};

use super::{Rewrite, StageRule};

pub struct SkipBeforeLimit;

impl StageRule for SkipBeforeLimit {
    fn name(&self) -> &'static str {
        "skip_before_limit"
    }

    fn rewrite(&self, stages: &[Stage]) -> Option<Rewrite> {
        let [Stage::Limit(limit), Stage::Skip(skip), ..] = stages else { return None };
        let left = limit.saturating_sub(*skip);
        // The server refuses a limit of nothing.
        let better = if left == 0 {
            vec![Stage::Match(Expr::Constant(false))]
        } else {
            vec![Stage::Skip(*skip), Stage::Limit(left)]
        };
        Some(Rewrite::replace(2, better))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{assert_stages_rewrite, assert_stages_unchanged};

    #[test]
    fn the_limit_counts_what_is_left() {
        assert_stages_rewrite(&SkipBeforeLimit, &[Stage::Limit(10), Stage::Skip(3)], "Skip(3) . Limit(7)");
    }

    #[test]
    fn nothing_may_be_left() {
        assert_stages_rewrite(&SkipBeforeLimit, &[Stage::Limit(3), Stage::Skip(3)], "Match(false)");
        assert_stages_rewrite(&SkipBeforeLimit, &[Stage::Limit(3), Stage::Skip(u64::MAX)], "Match(false)");
    }

    #[test]
    fn a_limit_after_a_skip_stays() {
        assert_stages_unchanged(&SkipBeforeLimit, &[Stage::Skip(3), Stage::Limit(10)]);
    }
}
