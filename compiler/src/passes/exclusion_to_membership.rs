//! Turns what a field is not into what it is, of a field with few known values: an index then reads less.
//!
//! ```text
//! color != "red"   =>   color in ["blue", "green"]        color == "pink"   =>   false
//! ```
//!
//! Needs the facts that the field is always there, with one value out of a closed set. Null, missing and arrays: the fact
//! excludes them; without it `!=` also finds documents that have no color.

use data_bridge_ir::Expr;

use super::values::{Asked, Test, membership, order_with_texts};
use super::{Nodes, PredicateRule};
use crate::facts::Facts;

pub struct ExclusionToMembership;

impl PredicateRule for ExclusionToMembership {
    fn name(&self) -> &'static str {
        "exclusion_to_membership"
    }

    fn concerns(&self) -> Nodes {
        Nodes::COMPARE.or(Nodes::IN)
    }

    fn rewrite(&self, predicate: &Expr, facts: &Facts) -> Option<Expr> {
        let (path, test) = Test::of(predicate)?;
        let is_exclusion = match test {
            Test::NotIn(_) => true,
            Test::In(_) => false,
            Test::Compare(..) => return None,
        };
        let possible = facts.values(path).filter(|_| facts.is_present(path))?;
        let asked = Asked::of(test);
        let left: Vec<_> = possible.iter().filter(|value| asked.admits(value, order_with_texts)).cloned().collect();
        if left.is_empty() {
            return Some(Expr::Constant(false));
        }
        if left.len() == possible.len() {
            return Some(Expr::Constant(true));
        }
        is_exclusion.then(|| membership(path, left, false))
    }
}

#[cfg(test)]
mod tests {
    use data_bridge_ir::expr::CompareOp;

    use super::*;
    use crate::testing::{assert_rewrites_knowing, assert_unchanged, assert_unchanged_knowing};
    use crate::testing::{compare, eq, known, null, pattern};

    #[test]
    fn the_other_values_are_named() {
        let red = compare("color", CompareOp::Ne, "red");
        assert_rewrites_knowing(&ExclusionToMembership, &known(), red, "color in [\"blue\", \"green\"]");
        let others = vec!["red".into(), "blue".into(), null(), 1.into()];
        let others = Expr::In { needle: Box::new(Expr::field("color")), values: others, negated: true };
        assert_rewrites_knowing(&ExclusionToMembership, &known(), others, "color == \"green\"");
    }

    #[test]
    fn impossible_values_decide() {
        assert_rewrites_knowing(&ExclusionToMembership, &known(), eq("color", "pink"), "false");
        assert_rewrites_knowing(&ExclusionToMembership, &known(), compare("color", CompareOp::Ne, "pink"), "true");
    }

    #[test]
    fn what_is_possible_or_open_stays() {
        assert_unchanged_knowing(&ExclusionToMembership, &known(), eq("color", "red"));
        assert_unchanged_knowing(&ExclusionToMembership, &known(), compare("city", CompareOp::Ne, "x"));
        assert_unchanged(&ExclusionToMembership, compare("color", CompareOp::Ne, "red"));
        assert_unchanged_knowing(&ExclusionToMembership, &known(), compare("color", CompareOp::Gt, "a"));
        assert_unchanged_knowing(&ExclusionToMembership, &known(), compare("color", CompareOp::Ne, pattern()));
    }

    #[test]
    fn fields_that_may_hold_something_else_or_several_stay() {
        for path in ["second", "third", "colors"] {
            assert_unchanged_knowing(&ExclusionToMembership, &known(), compare(path, CompareOp::Ne, "red"));
            assert_unchanged_knowing(&ExclusionToMembership, &known(), compare(path, CompareOp::Ne, "pink"));
        }
    }
}
