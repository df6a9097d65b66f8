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
    use crate::testing::{assert_rewrites, assert_unchanged, eq, gt};

    fn not(inner: Expr) -> Expr {
        Expr::Not(Box::new(inner))
    }

    #[test]
    fn complements_are_named() {
        assert_rewrites(&CombineNegation, not(eq("a", 1)), "a != 1");
        assert_rewrites(&CombineNegation, not(not(gt("a", 1))), "a > 1");
        assert_rewrites(&CombineNegation, not(Expr::Or(vec![eq("a", 1), eq("b", 1)])), "nor(a == 1, b == 1)");
    }

    #[test]
    fn ranges_have_no_complement() {
        assert_unchanged(&CombineNegation, not(gt("a", 1)));
    }
}
