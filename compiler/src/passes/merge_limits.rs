//! Joins adjacent limits, and adjacent skips.
//!
//! ```text
//! Limit(10) . Limit(3)   =>   Limit(3)          Skip(5) . Skip(2)   =>   Skip(7)
//! ```
//!
//! Never a limit with a skip after it: `Limit(10) . Skip(3)` gives seven documents. Never skips whose sum is beyond the
//! 64 bits that a command can say. Null, missing and arrays: whole documents are counted, never looked into.

use data_bridge_ir::Stage;

use super::{Rewrite, StageRule};

pub struct MergeLimits;

impl StageRule for MergeLimits {
    fn name(&self) -> &'static str {
        "merge_limits"
    }

    fn rewrite(&self, stages: &[Stage]) -> Option<Rewrite> {
        match stages {
            [Stage::Limit(first), Stage::Limit(second), ..] => {
                Some(Rewrite::replace(2, vec![Stage::Limit(*first.min(second))]))
            }
            [Stage::Skip(first), Stage::Skip(second), ..] => {
                Some(Rewrite::replace(2, vec![Stage::Skip(added(*first, *second)?)]))
            }
            [Stage::Skip(0), ..] => Some(Rewrite::replace(1, vec![])),
            _ => None,
        }
    }
}

/// The sum of two counts of documents, where a command can say it.
pub fn added(first: u64, second: u64) -> Option<u64> {
    first.checked_add(second).filter(|total| i64::try_from(*total).is_ok())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{assert_stages_rewrite, assert_stages_unchanged};

    #[test]
    fn the_smaller_limit_wins_and_skips_add_up() {
        assert_stages_rewrite(&MergeLimits, &[Stage::Limit(10), Stage::Limit(3)], "Limit(3)");
        assert_stages_rewrite(&MergeLimits, &[Stage::Skip(5), Stage::Skip(2)], "Skip(7)");
    }

    #[test]
    fn a_skip_of_nothing_goes() {
        assert_stages_rewrite(&MergeLimits, &[Stage::Skip(0), Stage::Limit(3)], "Limit(3)");
    }

    #[test]
    fn skips_that_no_number_can_say_stay_two() {
        assert_stages_unchanged(&MergeLimits, &[Stage::Skip(i64::MAX.unsigned_abs()), Stage::Skip(1)]);
        assert_stages_unchanged(&MergeLimits, &[Stage::Skip(u64::MAX), Stage::Skip(1)]);
    }

    #[test]
    fn a_skip_after_a_limit_stays() {
        assert_stages_unchanged(&MergeLimits, &[Stage::Limit(10), Stage::Skip(3)]);
    }
}
