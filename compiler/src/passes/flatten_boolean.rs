//! Merges nested conjunctions and disjunctions of one kind, and unwraps those of one term.
//!
//! ```text
//! (a & b) & c   =>   a & b & c          and(a)   =>   a
//! ```
//!
//! Never across kinds: `(a | b) & c` is not `a | b | c`. Null, missing and arrays: each term still decides for the
//! whole document, and `and`/`or` are associative over documents.

use data_bridge_ir::Expr;

use super::{Nodes, PredicateRule};
use crate::facts::Facts;

pub struct FlattenBoolean;

impl PredicateRule for FlattenBoolean {
    fn name(&self) -> &'static str {
        "flatten_boolean"
    }

    fn concerns(&self) -> Nodes {
        Nodes::AND.or(Nodes::OR)
    }

    fn rewrite(&self, predicate: &Expr, _facts: &Facts) -> Option<Expr> {
        match predicate {
            Expr::And(terms) if terms.len() == 1 || terms.iter().any(|term| matches!(term, Expr::And(_))) => {
                let inner = |term: &Expr| if let Expr::And(inner) = term { inner.clone() } else { vec![term.clone()] };
                Some(joined(terms.iter().flat_map(inner).collect(), Expr::And))
            }
            Expr::Or(terms) if terms.len() == 1 || terms.iter().any(|term| matches!(term, Expr::Or(_))) => {
                let inner = |term: &Expr| if let Expr::Or(inner) = term { inner.clone() } else { vec![term.clone()] };
                Some(joined(terms.iter().flat_map(inner).collect(), Expr::Or))
            }
            _ => None,
        }
    }
}

/// One term stands for itself.
pub fn joined(mut terms: Vec<Expr>, kind: fn(Vec<Expr>) -> Expr) -> Expr {
    if terms.len() == 1 { terms.remove(0) } else { kind(terms) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{assert_rewrites, assert_unchanged, eq};

    #[test]
    fn nested_terms_of_one_kind_join() {
        let nested = Expr::And(vec![Expr::And(vec![eq("a", 1), eq("b", 2)]), eq("c", 3)]);
        assert_rewrites(&FlattenBoolean, nested, "(a == 1) & (b == 2) & (c == 3)");
        let nested = Expr::Or(vec![eq("c", 3), Expr::Or(vec![eq("a", 1), eq("b", 2)])]);
        assert_rewrites(&FlattenBoolean, nested, "(c == 3) | (a == 1) | (b == 2)");
    }

    #[test]
    fn one_term_stands_for_itself() {
        assert_rewrites(&FlattenBoolean, Expr::And(vec![eq("a", 1)]), "a == 1");
        assert_rewrites(&FlattenBoolean, Expr::Or(vec![eq("a", 1)]), "a == 1");
    }

    #[test]
    fn kinds_do_not_mix() {
        let two = || vec![eq("a", 1), eq("b", 2)];
        assert_unchanged(&FlattenBoolean, Expr::And(vec![Expr::Or(two()), eq("c", 3)]));
        assert_unchanged(&FlattenBoolean, Expr::Or(vec![Expr::And(two()), eq("c", 3)]));
        assert_unchanged(&FlattenBoolean, Expr::Nor(vec![Expr::Or(two()), eq("c", 3)]));
        assert_unchanged(&FlattenBoolean, Expr::Nor(vec![eq("a", 1)]));
        let mixed = Expr::And(vec![Expr::And(two()), Expr::Or(two())]);
        assert_rewrites(&FlattenBoolean, mixed, "(a == 1) & (b == 2) & ((a == 1) | (b == 2))");
    }
}
