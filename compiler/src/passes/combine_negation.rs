//! Turns a negation into the operator that is its complement over documents.
//!
//! ```text
//! ~(a == 1)   =>   a != 1        ~(a in [..])   =>   a not in [..]        ~~p   =>   p
//! ~(a | b)    =>   nor(a, b)     ~nor(a, b)     =>   a | b
//! ```
//!
//! Never for ranges: `~(a > 1)` is not `a <= 1`; it also keeps documents where `a` is missing, null or a string.
//! Null, missing and arrays: `$ne`, `$nin` and `$nor` are defined as the complement of the positive form, whatever the
//! document holds.

use data_bridge_ir::Expr;
use data_bridge_ir::expr::CompareOp;

use super::{Nodes, PredicateRule};
use crate::facts::Facts;

pub struct CombineNegation;

impl PredicateRule for CombineNegation {
    fn name(&self) -> &'static str {
        "combine_negation"
    }

    fn concerns(&self) -> Nodes {
        Nodes::NOT
    }

    fn rewrite(&self, predicate: &Expr, _facts: &Facts) -> Option<Expr> {
        if let Expr::Not(inner) = predicate { complement(inner) } else { None }
    }
}

/// The positive or negative form that holds for just the other documents.
pub fn complement(predicate: &Expr) -> Option<Expr> {
    Some(match predicate {
        Expr::Compare { op, left, right } if !is_regex(right) => {
            let op = match op {
                CompareOp::Eq => CompareOp::Ne,
                CompareOp::Ne => CompareOp::Eq,
                _ => return None,
            };
            Expr::Compare { op, left: left.clone(), right: right.clone() }
        }
        Expr::In { needle, values, negated } => {
            Expr::In { needle: needle.clone(), values: values.clone(), negated: !negated }
        }
        Expr::Exists { field, present } => Expr::Exists { field: field.clone(), present: !present },
        Expr::Constant(value) => Expr::Constant(!value),
        Expr::Not(inner) => (**inner).clone(),
        Expr::Or(terms) => Expr::Nor(terms.clone()),
        Expr::Nor(terms) => Expr::Or(terms.clone()),
        _ => return None,
    })
}

/// The server refuses `$ne` of a regex.
pub fn is_regex(operand: &Expr) -> bool {
    matches!(operand, Expr::Literal(value) if value.is_regex())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{assert_rewrites, assert_unchanged, compare, computed, eq, gt, pattern};

    fn not(inner: Expr) -> Expr {
        Expr::Not(Box::new(inner))
    }

    #[test]
    fn complements_are_named() {
        assert_rewrites(&CombineNegation, not(eq("a", 1)), "a != 1");
        assert_rewrites(&CombineNegation, not(not(gt("a", 1))), "a > 1");
        assert_rewrites(&CombineNegation, not(compare("a", CompareOp::Ne, 1)), "a == 1");
        let within =
            |negated| Expr::In { needle: Box::new(Expr::field("a")), values: vec![1.into(), pattern()], negated };
        assert_eq!(CombineNegation.rewrite(&not(within(false)), &Facts::none()), Some(within(true)));
        assert_eq!(CombineNegation.rewrite(&not(within(true)), &Facts::none()), Some(within(false)));
        let exists = |present| Expr::Exists { field: "a".into(), present };
        assert_rewrites(&CombineNegation, not(exists(true)), "a is missing");
        assert_rewrites(&CombineNegation, not(exists(false)), "a exists");
        assert_rewrites(&CombineNegation, not(Expr::Constant(true)), "false");
        let both = || vec![eq("a", 1), eq("b", 1)];
        assert_rewrites(&CombineNegation, not(Expr::Or(both())), "nor(a == 1, b == 1)");
        assert_rewrites(&CombineNegation, not(Expr::Nor(both())), "(a == 1) | (b == 1)");
    }

    #[test]
    fn ranges_have_no_complement() {
        for op in [CompareOp::Gt, CompareOp::Gte, CompareOp::Lt, CompareOp::Lte] {
            assert_unchanged(&CombineNegation, not(compare("a", op, 1)));
        }
    }

    #[test]
    fn patterns_conjunctions_and_what_is_computed_have_none() {
        assert_unchanged(&CombineNegation, not(eq("a", pattern())));
        assert_unchanged(&CombineNegation, not(Expr::And(vec![eq("a", 1), eq("b", 1)])));
        assert_unchanged(&CombineNegation, not(computed(eq("a", 1))));
        assert_unchanged(&CombineNegation, not(Expr::Raw(1.into())));
        assert_unchanged(&CombineNegation, not(Expr::ElemMatch { field: "a".into(), predicate: Box::new(eq("b", 1)) }));
    }
}
