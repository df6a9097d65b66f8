//! Decides a predicate that asks for something and for its complement.
//!
//! ```text
//! a == 1 & a != 1   =>   false        a exists | a is missing   =>   true        p & ~p   =>   false
//! ```
//!
//! Never for bounds: `a > 1 & a <= 1` is met by `[0, 2]`, and `a > 1 | a <= 1` not by a text. Never what is opaque or
//! depends on chance. Null, missing and arrays: the two are complements over documents, whatever one holds. A computed
//! term that fails on a document fails no longer.

use std::collections::HashSet;

use data_bridge_ir::Expr;

use super::combine_negation::complement;
use super::{Nodes, PredicateRule};
use crate::analyze::reads::is_deterministic;
use crate::facts::Facts;

pub struct SettleComplements;

impl PredicateRule for SettleComplements {
    fn name(&self) -> &'static str {
        "settle_complements"
    }

    fn concerns(&self) -> Nodes {
        Nodes::AND.or(Nodes::OR)
    }

    fn rewrite(&self, predicate: &Expr, _facts: &Facts) -> Option<Expr> {
        match predicate {
            Expr::And(terms) if holds_both(terms) => Some(Expr::Constant(false)),
            Expr::Or(terms) if holds_both(terms) => Some(Expr::Constant(true)),
            _ => None,
        }
    }
}

fn holds_both(terms: &[Expr]) -> bool {
    let is_negative = |term: &&Expr| {
        matches!(
            term,
            Expr::Not(_)
                | Expr::Nor(_)
                | Expr::In { negated: true, .. }
                | Expr::Exists { present: false, .. }
                | Expr::Compare { op: data_bridge_ir::expr::CompareOp::Ne, .. }
        )
    };
    if terms.len() < 2 || !terms.iter().any(|term| is_negative(&term)) {
        return false;
    }
    // Few terms are compared directly; many are hashed, to stay linear.
    let all: HashSet<&Expr> = if terms.len() > 8 { terms.iter().collect() } else { HashSet::new() };
    let holds = |term: &Expr| if terms.len() > 8 { all.contains(term) } else { terms.contains(term) };
    terms.iter().filter(is_negative).any(|term| {
        let positive = match term {
            Expr::Not(inner) => Some((**inner).clone()),
            Expr::Nor(inner) if inner.len() == 1 => Some(inner[0].clone()),
            _ => complement(term),
        };
        positive.is_some_and(|positive| holds(&positive) && is_deterministic(term))
    })
}

#[cfg(test)]
mod tests {
    use data_bridge_ir::expr::CompareOp;

    use super::*;
    use crate::testing::{assert_rewrites, assert_unchanged, chance, compare, computed, eq, gt};

    fn not(term: Expr) -> Expr {
        Expr::Not(Box::new(term))
    }

    #[test]
    fn complements_are_settled() {
        let differs = compare("a", CompareOp::Ne, 1);
        assert_rewrites(&SettleComplements, Expr::And(vec![eq("a", 1), eq("b", 2), differs.clone()]), "false");
        assert_rewrites(&SettleComplements, Expr::Or(vec![differs, eq("a", 1)]), "true");
        assert_rewrites(&SettleComplements, Expr::And(vec![gt("a", 1), not(gt("a", 1))]), "false");
        assert_rewrites(&SettleComplements, Expr::Or(vec![gt("a", 1), Expr::Nor(vec![gt("a", 1)])]), "true");
        let either = vec![eq("a", 1), eq("b", 2)];
        assert_rewrites(&SettleComplements, Expr::And(vec![Expr::Or(either.clone()), Expr::Nor(either)]), "false");
    }

    #[test]
    fn other_bounds_values_and_fields_say_nothing() {
        assert_unchanged(&SettleComplements, Expr::And(vec![gt("a", 1), compare("a", CompareOp::Lte, 1)]));
        assert_unchanged(&SettleComplements, Expr::And(vec![eq("a", 1), compare("a", CompareOp::Ne, 1.0)]));
        assert_unchanged(&SettleComplements, Expr::Or(vec![eq("a", 1), compare("b", CompareOp::Ne, 1)]));
    }

    #[test]
    fn what_is_opaque_or_by_chance_is_asked_twice() {
        for part in [Expr::Raw(1.into()), computed(chance())] {
            assert_unchanged(&SettleComplements, Expr::And(vec![part.clone(), not(part)]));
        }
    }
}
