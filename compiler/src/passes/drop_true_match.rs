//! Drops a match that every document passes.
//!
//! ```text
//! Match(true) . Sort(-age)   =>   Sort(-age)
//! ```
//!
//! Never a match that is only likely true: `a != null` may drop documents. Null, missing and arrays: a constant looks at
//! none of them.

use data_bridge_ir::{Expr, Stage};

use super::{Rewrite, StageRule};

pub struct DropTrueMatch;

impl StageRule for DropTrueMatch {
    fn name(&self) -> &'static str {
        "drop_true_match"
    }

    fn rewrite(&self, stages: &[Stage]) -> Option<Rewrite> {
        match stages {
            [Stage::Match(Expr::Constant(true)), ..] => Some(Rewrite::replace(1, vec![])),
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use data_bridge_ir::expr::CompareOp;

    use super::*;
    use crate::testing::{assert_stages_rewrite, assert_stages_unchanged, compare, eq, null, sort};

    #[test]
    fn a_true_match_goes() {
        assert_stages_rewrite(&DropTrueMatch, &[Stage::Match(Expr::Constant(true)), sort("age")], "Sort(-age)");
    }

    #[test]
    fn any_other_stays() {
        let present = compare("a", CompareOp::Ne, null());
        for stays in [eq("a", 1), present, Expr::Constant(false), Expr::Or(vec![]), Expr::Raw(1.into())] {
            assert_stages_unchanged(&DropTrueMatch, &[Stage::Match(stays)]);
        }
    }
}
