//! Turns the negation of a bound into the other bound, which an index serves.
//!
//! ```text
//! ~(a > 5)   =>   a <= 5
//! ```
//!
//! Needs the facts that the field always holds one value of one type, none of which is without an order. Without them
//! `~(a > 5)` also keeps documents where `a` is missing, null, a text, NaN or an array of small numbers, and `a <= 5`
//! does not.

use data_bridge_ir::Expr;
use data_bridge_ir::expr::CompareOp;

use super::{Nodes, PredicateRule};
use crate::facts::Facts;

pub struct ComplementRanges;

impl PredicateRule for ComplementRanges {
    fn name(&self) -> &'static str {
        "complement_ranges"
    }

    fn concerns(&self) -> Nodes {
        Nodes::NOT.or(Nodes::NOR)
    }

    fn rewrite(&self, predicate: &Expr, facts: &Facts) -> Option<Expr> {
        let inner = match predicate {
            Expr::Not(inner) => inner,
            Expr::Nor(terms) if terms.len() == 1 => &terms[0],
            _ => return None,
        };
        let (op, path, value) = inner.as_field_compare()?;
        let op = match op {
            CompareOp::Gt => CompareOp::Lte,
            CompareOp::Gte => CompareOp::Lt,
            CompareOp::Lt => CompareOp::Gte,
            CompareOp::Lte => CompareOp::Gt,
            CompareOp::Eq | CompareOp::Ne => return None,
        };
        let known = facts.is_present(path) && facts.is_ordered(path, &value.dtype());
        known.then(|| Expr::compare(op, Expr::Field(path.clone()), Expr::Literal(value.clone())))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{assert_rewrites_knowing, assert_unchanged, assert_unchanged_knowing};
    use crate::testing::{compare, gt, known, known_under_collation, null};

    fn not(inner: Expr) -> Expr {
        Expr::Not(Box::new(inner))
    }

    #[test]
    fn a_bound_becomes_the_other_one() {
        assert_rewrites_knowing(&ComplementRanges, &known(), not(gt("age", 5)), "age <= 5");
        assert_rewrites_knowing(&ComplementRanges, &known(), Expr::Nor(vec![gt("city", "b")]), "city <= \"b\"");
        let age = |op| not(compare("age", op, 5));
        assert_rewrites_knowing(&ComplementRanges, &known(), age(CompareOp::Gte), "age < 5");
        assert_rewrites_knowing(&ComplementRanges, &known(), age(CompareOp::Lt), "age >= 5");
        assert_rewrites_knowing(&ComplementRanges, &known(), age(CompareOp::Lte), "age > 5");
    }

    #[test]
    fn equalities_and_several_bounds_are_for_other_rules() {
        assert_unchanged_knowing(&ComplementRanges, &known(), not(compare("age", CompareOp::Eq, 5)));
        assert_unchanged_knowing(&ComplementRanges, &known(), not(compare("age", CompareOp::Ne, 5)));
        assert_unchanged_knowing(&ComplementRanges, &known(), Expr::Nor(vec![gt("age", 5), gt("age", 3)]));
    }

    #[test]
    fn values_that_no_bound_admits_keep_the_negation() {
        assert_unchanged(&ComplementRanges, not(gt("age", 5)));
        assert_unchanged_knowing(&ComplementRanges, &known(), not(gt("nickname", "b")));
        assert_unchanged_knowing(&ComplementRanges, &known(), not(gt("score", 0.5)));
        assert_unchanged_knowing(&ComplementRanges, &known(), not(gt("age", 5.5)));
        assert_unchanged_knowing(&ComplementRanges, &known(), not(gt("tags", "b")));
        assert_unchanged_knowing(&ComplementRanges, &known(), not(gt("age", "b")));
        assert_unchanged_knowing(&ComplementRanges, &known(), not(gt("age", null())));
        assert_unchanged_knowing(&ComplementRanges, &known_under_collation(), not(gt("city", "b")));
    }
}
