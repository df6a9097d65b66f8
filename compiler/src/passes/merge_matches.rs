//! Joins adjacent matches into one conjunction.
//!
//! ```text
//! Match(a == 1) . Match(b == 2)   =>   Match(a == 1 & b == 2)
//! ```
//!
//! Never when either is opaque: a `$text` search must stand in the first stage as written. Null, missing and arrays: a
//! document passes both matches exactly when it passes their conjunction, each term walking arrays by itself.

use data_bridge_ir::{Expr, Stage};

use super::{Rewrite, StageRule};

pub struct MergeMatches;

impl StageRule for MergeMatches {
    fn name(&self) -> &'static str {
        "merge_matches"
    }

    fn rewrite(&self, stages: &[Stage]) -> Option<Rewrite> {
        match stages {
            [Stage::Match(first), Stage::Match(second), ..] if !is_raw(first) && !is_raw(second) => {
                Some(Rewrite::JoinMatches)
            }
            _ => None,
        }
    }
}

fn is_raw(predicate: &Expr) -> bool {
    matches!(predicate, Expr::Raw(_))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{assert_stages_rewrite, assert_stages_unchanged, eq};

    #[test]
    fn neighbours_join() {
        let stages = [Stage::Match(eq("a", 1)), Stage::Match(eq("b", 2))];
        assert_stages_rewrite(&MergeMatches, &stages, "Match((a == 1) & (b == 2))");
    }

    #[test]
    fn a_limit_keeps_them_apart() {
        let stages = [Stage::Match(eq("a", 1)), Stage::Limit(1), Stage::Match(eq("b", 2))];
        assert_stages_unchanged(&MergeMatches, &stages);
    }
}
