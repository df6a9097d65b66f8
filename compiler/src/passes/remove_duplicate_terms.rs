//! Drops a term that stands twice in one conjunction or disjunction.
//!
//! ```text
//! a == 1 & b == 2 & a == 1   =>   a == 1 & b == 2
//! ```
//!
//! Never for equal numbers of different types: 1 and 1.0 are told apart where values are returned. Never what is opaque
//! or depends on chance (`$rand`), which is drawn twice. Null, missing and arrays: a document that meets a term meets
//! its copy.

use data_bridge_ir::Expr;

use super::flatten_boolean::joined;
use super::{Nodes, PredicateRule};
use crate::analyze::reads::is_deterministic;
use crate::facts::Facts;
use crate::hashing::HashSet;

pub struct RemoveDuplicateTerms;

impl PredicateRule for RemoveDuplicateTerms {
    fn name(&self) -> &'static str {
        "remove_duplicate_terms"
    }

    fn concerns(&self) -> Nodes {
        Nodes::AND.or(Nodes::OR)
    }

    fn rewrite(&self, predicate: &Expr, _facts: &Facts) -> Option<Expr> {
        match predicate {
            Expr::And(terms) => distinct(terms, Expr::And),
            Expr::Or(terms) => distinct(terms, Expr::Or),
            _ => None,
        }
    }
}

fn distinct(terms: &[Expr], kind: fn(Vec<Expr>) -> Expr) -> Option<Expr> {
    if terms.len() < 2 || !has_duplicate(terms) {
        return None;
    }
    let mut kept: Vec<Expr> = Vec::with_capacity(terms.len());
    let mut seen = HashSet::default();
    for term in terms {
        if seen.insert(term) || !is_deterministic(term) {
            kept.push(term.clone());
        }
    }
    Some(joined(kept, kind))
}

/// Few terms are compared directly; many are hashed, to stay linear.
fn has_duplicate(terms: &[Expr]) -> bool {
    if terms.len() <= 8 {
        let again = |(position, term): (usize, &Expr)| terms[..position].contains(term) && is_deterministic(term);
        return terms.iter().enumerate().any(again);
    }
    let mut seen = HashSet::with_capacity_and_hasher(terms.len(), Default::default());
    !terms.iter().all(|term| seen.insert(term) || !is_deterministic(term))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{assert_rewrites, assert_unchanged, chance, computed, eq};

    #[test]
    fn copies_go() {
        let terms = vec![eq("a", 1), eq("b", 2), eq("a", 1)];
        assert_rewrites(&RemoveDuplicateTerms, Expr::And(terms), "(a == 1) & (b == 2)");
        assert_rewrites(&RemoveDuplicateTerms, Expr::Or(vec![eq("a", 1), eq("a", 1)]), "a == 1");
    }

    #[test]
    fn copies_among_many_go() {
        let terms = (0..9).chain(0..9).map(|value| eq("a", value));
        let once = (0..9).map(|value| format!("(a == {value})")).collect::<Vec<_>>().join(" | ");
        assert_rewrites(&RemoveDuplicateTerms, Expr::Or(terms.collect()), &once);
        assert_unchanged(&RemoveDuplicateTerms, Expr::Or((0..9).map(|value| eq("a", value)).collect()));
    }

    #[test]
    fn types_are_told_apart() {
        assert_unchanged(&RemoveDuplicateTerms, Expr::And(vec![eq("a", 1), eq("a", 1.0)]));
    }

    #[test]
    fn what_is_opaque_or_by_chance_is_asked_twice() {
        for part in [Expr::Raw(1.into()), computed(chance())] {
            let twice = vec![part.clone(), part];
            assert_unchanged(&RemoveDuplicateTerms, Expr::Or(twice.clone()));
            let copies = || vec![eq("a", 1); 2];
            let after = format!("(a == 1) & {0} & {0}", twice[0]);
            assert_rewrites(&RemoveDuplicateTerms, Expr::And([copies(), twice.clone()].concat()), &after);
            let many = (0..9).map(|value| eq("b", value)).chain(twice);
            assert_unchanged(&RemoveDuplicateTerms, Expr::And(many.collect()));
        }
    }
}
