//! Decides what needs no document: an empty membership test, and constants among the terms of a predicate.
//!
//! ```text
//! a in []   =>   false      p & false   =>   false      p | false   =>   p      p & true   =>   p
//! ```
//!
//! Never from contradicting equalities: `a == 1 & a == 2` is met by `a: [1, 2]`. Null, missing and arrays: no value is
//! in an empty list, and every document is outside it.

use data_bridge_ir::Expr;

use super::flatten_boolean::joined;
use super::{Nodes, PredicateRule};
use crate::facts::Facts;

pub struct FoldConstants;

impl PredicateRule for FoldConstants {
    fn name(&self) -> &'static str {
        "fold_constants"
    }

    fn concerns(&self) -> Nodes {
        Nodes::AND.or(Nodes::OR).or(Nodes::NOR).or(Nodes::NOT).or(Nodes::IN).or(Nodes::ELEM_MATCH)
    }

    fn rewrite(&self, predicate: &Expr, _facts: &Facts) -> Option<Expr> {
        match predicate {
            Expr::In { values, negated, .. } if values.is_empty() => Some(Expr::Constant(*negated)),
            Expr::Not(inner) => {
                if let Expr::Constant(value) = **inner {
                    Some(Expr::Constant(!value))
                } else {
                    None
                }
            }
            Expr::And(terms) => fold(terms, false, Expr::And),
            Expr::Or(terms) => fold(terms, true, Expr::Or),
            Expr::Nor(terms) => Some(match fold(terms, true, Expr::Or)? {
                Expr::Constant(any) => Expr::Constant(!any),
                Expr::Or(terms) => Expr::Nor(terms),
                single => Expr::Nor(vec![single]),
            }),
            Expr::ElemMatch { predicate, .. } if **predicate == Expr::Constant(false) => Some(Expr::Constant(false)),
            _ => None,
        }
    }
}

/// `decides` is the constant that settles the whole; the other one says nothing.
fn fold(terms: &[Expr], decides: bool, kind: fn(Vec<Expr>) -> Expr) -> Option<Expr> {
    if !terms.is_empty() && !terms.iter().any(|term| matches!(term, Expr::Constant(_))) {
        return None;
    }
    if terms.contains(&Expr::Constant(decides)) {
        return Some(Expr::Constant(decides));
    }
    let left: Vec<_> = terms.iter().filter(|term| !matches!(term, Expr::Constant(_))).cloned().collect();
    Some(if left.is_empty() { Expr::Constant(!decides) } else { joined(left, kind) })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{assert_rewrites, assert_unchanged, eq};

    fn in_nothing(negated: bool) -> Expr {
        Expr::In { needle: Box::new(Expr::field("a")), values: vec![], negated }
    }

    #[test]
    fn empty_lists_are_decided() {
        assert_rewrites(&FoldConstants, in_nothing(false), "false");
        assert_rewrites(&FoldConstants, in_nothing(true), "true");
    }

    #[test]
    fn constants_settle_or_vanish() {
        assert_rewrites(&FoldConstants, Expr::And(vec![eq("a", 1), Expr::Constant(false)]), "false");
        assert_rewrites(&FoldConstants, Expr::Or(vec![eq("a", 1), Expr::Constant(false)]), "a == 1");
        assert_rewrites(&FoldConstants, Expr::And(vec![eq("a", 1), Expr::Constant(true)]), "a == 1");
        assert_rewrites(&FoldConstants, Expr::Or(vec![eq("a", 1), Expr::Constant(true)]), "true");
        assert_rewrites(&FoldConstants, Expr::Not(Box::new(Expr::Constant(true))), "false");
        assert_rewrites(&FoldConstants, Expr::And(vec![Expr::Constant(true); 2]), "true");
        assert_rewrites(&FoldConstants, Expr::Or(vec![Expr::Constant(false); 2]), "false");
        assert_rewrites(&FoldConstants, Expr::And(vec![]), "true");
        assert_rewrites(&FoldConstants, Expr::Or(vec![]), "false");
        assert_rewrites(&FoldConstants, Expr::Nor(vec![]), "true");
        assert_rewrites(&FoldConstants, Expr::Nor(vec![eq("a", 1), Expr::Constant(true)]), "false");
        let two = vec![eq("a", 1), Expr::Constant(false), eq("b", 1)];
        assert_rewrites(&FoldConstants, Expr::Nor(two), "nor(a == 1, b == 1)");
        assert_rewrites(&FoldConstants, Expr::Nor(vec![eq("a", 1), Expr::Constant(false)]), "nor(a == 1)");
    }

    #[test]
    fn no_element_meets_nothing_and_a_list_may_have_none_to_meet_all() {
        let any = |holds| Expr::ElemMatch { field: "a".into(), predicate: Box::new(Expr::Constant(holds)) };
        assert_rewrites(&FoldConstants, any(false), "false");
        assert_unchanged(&FoldConstants, any(true));
    }

    #[test]
    fn without_constants_nothing_is_decided() {
        let two = || vec![eq("a", 1), eq("b", 1)];
        for predicate in [Expr::And(two()), Expr::Or(two()), Expr::Nor(two()), Expr::Not(Box::new(eq("a", 1)))] {
            assert_unchanged(&FoldConstants, predicate);
        }
    }

    #[test]
    fn contradicting_equalities_stay_for_an_array_may_meet_both() {
        assert_unchanged(&FoldConstants, Expr::And(vec![eq("a", 1), eq("a", 2)]));
    }
}
