//! Takes out of a disjunction what all of its branches ask.
//!
//! ```text
//! (x & a) | (x & b)   =>   x & (a | b)
//! ```
//!
//! Never out of fewer than all branches: in `(x & a) | b` the second does not ask `x`. Never what is opaque or depends
//! on chance (`$rand`), which each branch draws by itself. Null, missing and arrays: each term decides for the whole
//! document, and `and` distributes over `or` of such decisions.

use data_bridge_ir::Expr;

use super::flatten_boolean::joined;
use super::{Nodes, PredicateRule};
use crate::analyze::reads::is_deterministic;
use crate::facts::Facts;
use crate::hashing::{HashSet, IndexSet};

pub struct FactorCommonTerms;

impl PredicateRule for FactorCommonTerms {
    fn name(&self) -> &'static str {
        "factor_common_terms"
    }

    fn concerns(&self) -> Nodes {
        Nodes::OR
    }

    fn rewrite(&self, predicate: &Expr, _facts: &Facts) -> Option<Expr> {
        let Expr::Or(branches) = predicate else { return None };
        let [first, others @ ..] = branches.as_slice() else { return None };
        let (Expr::And(first), false) = (first, others.is_empty()) else { return None };
        let others: Vec<&Vec<Expr>> = others
            .iter()
            .map(|branch| if let Expr::And(terms) = branch { Some(terms) } else { None })
            .collect::<Option<_>>()?;
        let mut common: IndexSet<&Expr> = first.iter().collect();
        for terms in &others {
            if common.is_empty() {
                return None;
            }
            let terms: HashSet<&Expr> = terms.iter().collect();
            common.retain(|term| terms.contains(term));
        }
        common.retain(|term| is_deterministic(term));
        if common.is_empty() {
            return None;
        }
        let rest = |terms: &Vec<Expr>| {
            let left = terms.iter().filter(|term| !common.contains(term)).cloned().collect::<Vec<_>>();
            // A branch that asks nothing more holds with the common terms alone.
            if left.is_empty() { Expr::Constant(true) } else { joined(left, Expr::And) }
        };
        let rests = std::iter::once(first).chain(others.iter().copied()).map(rest).collect();
        Some(Expr::And(common.iter().map(|term| (*term).clone()).chain([Expr::Or(rests)]).collect()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{assert_rewrites, assert_unchanged, chance, computed, eq};

    fn both(value: i32) -> Expr {
        Expr::And(vec![eq("x", 0), eq("a", value)])
    }

    #[test]
    fn what_all_ask_stands_once() {
        assert_rewrites(&FactorCommonTerms, Expr::Or(vec![both(1), both(2)]), "(x == 0) & ((a == 1) | (a == 2))");
    }

    #[test]
    fn a_branch_that_asks_nothing_more_holds_with_what_all_ask() {
        let only = Expr::And(vec![eq("x", 0), eq("x", 0)]);
        assert_rewrites(&FactorCommonTerms, Expr::Or(vec![both(1), only]), "(x == 0) & ((a == 1) | true)");
    }

    #[test]
    fn what_is_opaque_or_by_chance_is_asked_by_each_branch() {
        for part in [Expr::Raw(1.into()), computed(chance())] {
            let with = |other: &[Expr]| Expr::And([std::slice::from_ref(&part), other].concat());
            assert_unchanged(&FactorCommonTerms, Expr::Or(vec![with(&[eq("a", 1)]), with(&[eq("a", 2)])]));
            let after = format!("(x == 0) & (({part} & (a == 1)) | ({part} & (a == 2)))");
            let branch = |value: i32| with(&[eq("x", 0), eq("a", value)]);
            assert_rewrites(&FactorCommonTerms, Expr::Or(vec![branch(1), branch(2)]), &after);
        }
    }

    #[test]
    fn one_branch_has_nothing_in_common() {
        assert_unchanged(&FactorCommonTerms, Expr::Or(vec![both(1)]));
    }

    #[test]
    fn what_one_branch_does_not_ask_stays() {
        assert_unchanged(&FactorCommonTerms, Expr::Or(vec![both(1), eq("b", 2)]));
        assert_unchanged(&FactorCommonTerms, Expr::Or(vec![both(1), Expr::And(vec![eq("x", 1), eq("a", 2)])]));
    }
}
