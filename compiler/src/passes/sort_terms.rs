//! Writes the terms of a connective in one order, so that equal queries look equal: to a reader, to the server's plan
//! cache, and to whoever compares plan hashes.
//!
//! ```text
//! city == "NYC" & age > 30 & age < 60   =>   age > 30 & age < 60 & city == "NYC"
//! expr(f) & a == 1                      =>   a == 1 & expr(f)
//! ```
//!
//! Tests of fields come by path, then links, then connectives. Never among terms that may fail, of which an earlier one
//! may guard a later: they follow all others, in the order in which they were written, so that a query fails on fewer
//! documents and never on more. Null, missing and arrays: each term decides for the whole document, and `and`, `or` and
//! `nor` of such decisions have no order.

use std::cmp::Ordering;

use data_bridge_ir::Expr;

use super::term_order::Placed;
use super::{Nodes, PredicateRule};
use crate::analyze::reads::may_fail;
use crate::facts::Facts;

pub struct SortTerms;

impl PredicateRule for SortTerms {
    fn name(&self) -> &'static str {
        "sort_terms"
    }

    fn concerns(&self) -> Nodes {
        Nodes::AND.or(Nodes::OR).or(Nodes::NOR)
    }

    fn rewrite(&self, predicate: &Expr, _facts: &Facts) -> Option<Expr> {
        let (terms, kind): (_, fn(Vec<Expr>) -> Expr) = match predicate {
            Expr::And(terms) => (terms, Expr::And),
            Expr::Or(terms) => (terms, Expr::Or),
            Expr::Nor(terms) => (terms, Expr::Nor),
            _ => return None,
        };
        let mut placed: Vec<_> = terms.iter().map(|term| (may_fail(term), Placed::of(term))).collect();
        if placed.is_sorted_by(|left, right| order(left, right).is_le()) {
            return None;
        }
        placed.sort_by(order);
        Some(kind(placed.into_iter().map(|(_, placed)| placed.term.clone()).collect()))
    }
}

fn order((fails, left): &(bool, Placed<'_>), (other_fails, right): &(bool, Placed<'_>)) -> Ordering {
    match (fails, other_fails) {
        (true, true) => Ordering::Equal,
        (false, false) => left.order(right),
        _ => fails.cmp(other_fails),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{assert_rewrites, assert_unchanged, call, computed, eq, gt};

    #[test]
    fn one_order_of_each_connective() {
        let terms = || vec![eq("b", 1), gt("a", 2), eq("a", 1)];
        assert_rewrites(&SortTerms, Expr::And(terms()), "(a == 1) & (a > 2) & (b == 1)");
        assert_rewrites(&SortTerms, Expr::Or(terms()), "(a == 1) | (a > 2) | (b == 1)");
        assert_rewrites(&SortTerms, Expr::Nor(terms()), "nor(a == 1, a > 2, b == 1)");
    }

    #[test]
    fn what_may_fail_keeps_its_order_behind_the_others() {
        let size = |path: &str| computed(call("$size", Expr::field(path)));
        let terms = vec![size("z"), eq("b", 1), size("c"), eq("a", 1)];
        let after = "(a == 1) & (b == 1) & expr(size(z)) & expr(size(c))";
        assert_rewrites(&SortTerms, Expr::And(terms), after);
        assert_unchanged(&SortTerms, Expr::And(vec![eq("a", 1), size("z"), size("c")]));
        let raw = || Expr::Raw(1.into());
        assert_unchanged(&SortTerms, Expr::Or(vec![eq("a", 1), size("z"), raw(), size("c")]));
        let either = Expr::Or(vec![eq("b", 1), size("z")]);
        let after = "(a == 1) & ((b == 1) | expr(size(z)))";
        assert_rewrites(&SortTerms, Expr::And(vec![either, eq("a", 1)]), after);
    }

    #[test]
    fn what_is_in_order_stays() {
        assert_unchanged(&SortTerms, Expr::And(vec![eq("a", 1), eq("a", 2), eq("b", 0)]));
        assert_unchanged(&SortTerms, Expr::And(vec![eq("a", 1), eq("a", 1)]));
    }
}
