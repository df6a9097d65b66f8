//! Drops a term that a sibling makes needless: `x & (x | y)` is `x`, and so is `x | (x & y)`.
//!
//! ```text
//! a == 1 & (a == 1 | b == 2)   =>   a == 1          a == 1 | (a == 1 & b == 2)   =>   a == 1
//! ```
//!
//! Never where the sibling is only alike: `a == 1` does not absorb `a == 1.0 | b == 2`. Never by what is opaque
//! or depends on chance (`$rand`), which is drawn twice. Null, missing and arrays: each term decides for the whole
//! document, whatever it holds.

use data_bridge_ir::Expr;

use super::flatten_boolean::joined;
use super::{Nodes, PredicateRule};
use crate::analyze::reads::is_deterministic;
use crate::facts::Facts;
use crate::hashing::HashSet;

pub struct AbsorbTerms;

impl PredicateRule for AbsorbTerms {
    fn name(&self) -> &'static str {
        "absorb_terms"
    }

    fn concerns(&self) -> Nodes {
        Nodes::AND.or(Nodes::OR)
    }

    fn rewrite(&self, predicate: &Expr, _facts: &Facts) -> Option<Expr> {
        match predicate {
            Expr::And(terms) => absorbed(terms, |term| if let Expr::Or(inner) = term { Some(inner) } else { None })
                .map(|terms| joined(terms, Expr::And)),
            Expr::Or(terms) => absorbed(terms, |term| if let Expr::And(inner) = term { Some(inner) } else { None })
                .map(|terms| joined(terms, Expr::Or)),
            _ => None,
        }
    }
}

fn absorbed(terms: &[Expr], nested: impl Fn(&Expr) -> Option<&Vec<Expr>>) -> Option<Vec<Expr>> {
    if !terms.iter().any(|term| nested(term).is_some()) {
        return None;
    }
    let all: HashSet<&Expr> = terms.iter().collect();
    let settles = |term: &Expr| all.contains(term) && is_deterministic(term);
    let is_needless = |term: &Expr| nested(term).is_some_and(|inner| inner.iter().any(settles));
    let left: Vec<_> = terms.iter().filter(|term| !is_needless(term)).collect();
    (left.len() < terms.len()).then(|| left.into_iter().cloned().collect())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{assert_rewrites, assert_unchanged, chance, computed, eq};

    #[test]
    fn the_smaller_term_absorbs_the_larger() {
        let either = Expr::Or(vec![eq("a", 1), eq("b", 2)]);
        assert_rewrites(&AbsorbTerms, Expr::And(vec![eq("a", 1), either]), "a == 1");
        let both = Expr::And(vec![eq("a", 1), eq("b", 2)]);
        assert_rewrites(&AbsorbTerms, Expr::Or(vec![both, eq("a", 1)]), "a == 1");
    }

    #[test]
    fn a_term_of_the_same_kind_or_of_another_does_not_absorb() {
        let both = Expr::And(vec![eq("a", 1), eq("b", 2)]);
        assert_unchanged(&AbsorbTerms, Expr::And(vec![eq("a", 1), both.clone()]));
        assert_unchanged(&AbsorbTerms, Expr::Or(vec![eq("c", 1), both]));
        let either = Expr::Or(vec![eq("a", 1), eq("b", 2)]);
        assert_unchanged(&AbsorbTerms, Expr::Or(vec![eq("a", 1), either]));
    }

    #[test]
    fn what_is_opaque_or_by_chance_is_asked_twice() {
        for part in [Expr::Raw(1.into()), computed(chance())] {
            let either = Expr::Or(vec![part.clone(), eq("b", 2)]);
            assert_unchanged(&AbsorbTerms, Expr::And(vec![part.clone(), either]));
            let both = Expr::And(vec![part.clone(), eq("b", 2)]);
            assert_unchanged(&AbsorbTerms, Expr::Or(vec![part.clone(), both]));
            let absorbed = Expr::Or(vec![part, eq("b", 2)]);
            assert_rewrites(&AbsorbTerms, Expr::And(vec![eq("b", 2), absorbed]), "b == 2");
        }
    }

    #[test]
    fn terms_that_are_only_alike_stay() {
        let either = Expr::Or(vec![eq("a", 1.0), eq("b", 2)]);
        assert_unchanged(&AbsorbTerms, Expr::And(vec![eq("a", 1), either]));
    }
}
