//! Drops a term that stands twice in one conjunction or disjunction.
//!
//! ```text
//! a == 1 & b == 2 & a == 1   =>   a == 1 & b == 2
//! ```
//!
//! Never for equal numbers of different types: 1 and 1.0 are told apart where values are returned. Null, missing and
//! arrays: a document that meets a term meets its copy.

use data_bridge_ir::Expr;

use super::flatten_boolean::joined;
use super::{Nodes, PredicateRule};
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
        if seen.insert(term) {
            kept.push(term.clone());
        }
    }
    Some(joined(kept, kind))
}

/// Few terms are compared directly; many are hashed, to stay linear.
fn has_duplicate(terms: &[Expr]) -> bool {
    if terms.len() <= 8 {
        return terms.iter().enumerate().any(|(position, term)| terms[..position].contains(term));
    }
    let mut seen = HashSet::with_capacity_and_hasher(terms.len(), Default::default());
    !terms.iter().all(|term| seen.insert(term))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{assert_rewrites, assert_unchanged, eq};

    #[test]
    fn copies_go() {
        let terms = vec![eq("a", 1), eq("b", 2), eq("a", 1)];
        assert_rewrites(&RemoveDuplicateTerms, Expr::And(terms), "(a == 1) & (b == 2)");
    }

    #[test]
    fn types_are_told_apart() {
        assert_unchanged(&RemoveDuplicateTerms, Expr::And(vec![eq("a", 1), eq("a", 1.0)]));
    }
}
