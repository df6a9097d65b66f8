//! Drops a test that another test of the same path already settles.
//!
//! ```text
//! a > 5 & a > 3   =>   a > 5         a in [5, 7] & a > 3   =>   a in [5, 7]         a > 5 | a > 3   =>   a > 3
//! ```
//!
//! Never between different texts, whose order a collation decides. Never where two elements could decide:
//! `a > 5 & a < 3` is met by `[1, 9]`, and neither test settles the other. Null, missing and arrays: a test is dropped
//! only when every single value that passes the other one passes it too, so the element that meets the one meets both.
//! Tests of what a value is not are left alone: on arrays they ask every element.

use data_bridge_ir::expr::CompareOp;
use data_bridge_ir::{Expr, Path};

use super::flatten_boolean::joined;
use super::values::{Asked, Test, order};
use super::{Nodes, PredicateRule};
use crate::facts::Facts;

/// Every pair of tests is compared: not of more than these.
const MOST_TERMS: usize = 64;

pub struct DropImpliedTerms;

impl PredicateRule for DropImpliedTerms {
    fn name(&self) -> &'static str {
        "drop_implied_terms"
    }

    fn concerns(&self) -> Nodes {
        Nodes::AND.or(Nodes::OR)
    }

    fn rewrite(&self, predicate: &Expr, _facts: &Facts) -> Option<Expr> {
        match predicate {
            Expr::And(terms) => kept(terms, |test, other| implies(other, test)).map(|terms| joined(terms, Expr::And)),
            Expr::Or(terms) => kept(terms, implies).map(|terms| joined(terms, Expr::Or)),
            _ => None,
        }
    }
}

/// The terms without those that another one makes needless; none when all are needed.
fn kept(terms: &[Expr], is_needless: impl Fn(&Asked<'_>, &Asked<'_>) -> bool) -> Option<Vec<Expr>> {
    if terms.len() > MOST_TERMS {
        return None;
    }
    let tests: Vec<_> = terms.iter().map(|term| Test::of(term).map(|(path, test)| (path, Asked::of(test)))).collect();
    let of_path = |path: &Path| tests.iter().flatten().filter(|(other, _)| *other == path).nth(1).is_some();
    if !tests.iter().flatten().any(|(path, _)| of_path(path)) {
        return None;
    }
    let mut dropped = vec![false; terms.len()];
    for (position, test) in tests.iter().enumerate().rev() {
        let Some((path, test)) = test else { continue };
        dropped[position] = tests.iter().enumerate().any(|(place, other)| {
            // Of two that settle each other the first stays.
            let settles = || matches!(other, Some((same, other)) if same == path && is_needless(test, other));
            place != position && !dropped[place] && settles()
        });
    }
    let left = || terms.iter().zip(&dropped).filter(|(_, dropped)| !**dropped).map(|(term, _)| term.clone());
    dropped.contains(&true).then(|| left().collect())
}

/// Whether every value that passes the first passes the second.
fn implies(first: &Asked<'_>, second: &Asked<'_>) -> bool {
    match (first.test, second.test) {
        (Test::NotIn(_), _) | (_, Test::NotIn(_)) => false,
        (Test::In(values), _) => values.iter().all(|value| second.admits(value, order)),
        (Test::Compare(op, bound), Test::Compare(wider, limit)) => {
            let Some(order) = order(bound, limit) else { return false };
            match (op, wider) {
                (CompareOp::Gt, CompareOp::Gt | CompareOp::Gte) | (CompareOp::Gte, CompareOp::Gte) => order.is_ge(),
                (CompareOp::Gte, CompareOp::Gt) => order.is_gt(),
                (CompareOp::Lt, CompareOp::Lt | CompareOp::Lte) | (CompareOp::Lte, CompareOp::Lte) => order.is_le(),
                (CompareOp::Lte, CompareOp::Lt) => order.is_lt(),
                _ => false,
            }
        }
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{assert_rewrites, assert_unchanged, compare, eq, gt, null, pattern};

    fn within(values: &[i32]) -> Expr {
        let values = values.iter().map(|value| (*value).into()).collect();
        Expr::In { needle: Box::new(Expr::field("a")), values, negated: false }
    }

    #[test]
    fn the_narrower_test_is_enough_in_a_conjunction() {
        assert_rewrites(&DropImpliedTerms, Expr::And(vec![gt("a", 3), gt("a", 5)]), "a > 5");
        assert_rewrites(&DropImpliedTerms, Expr::And(vec![within(&[5, 7]), gt("a", 3)]), "a in [5, 7]");
        assert_rewrites(&DropImpliedTerms, Expr::And(vec![eq("a", 5), compare("a", CompareOp::Lte, 5.0)]), "a == 5");
    }

    #[test]
    fn the_wider_test_is_enough_in_a_disjunction() {
        assert_rewrites(&DropImpliedTerms, Expr::Or(vec![gt("a", 3), gt("a", 5)]), "a > 3");
        assert_rewrites(&DropImpliedTerms, Expr::Or(vec![eq("a", 5), gt("a", 3)]), "a > 3");
        assert_rewrites(&DropImpliedTerms, Expr::Or(vec![within(&[]), gt("a", 3)]), "a > 3");
    }

    #[test]
    fn bounds_of_each_side_are_compared_with_what_they_take_in() {
        let a = |op, value: i32| compare("a", op, value);
        let (above, from, below, to) = (CompareOp::Gt, CompareOp::Gte, CompareOp::Lt, CompareOp::Lte);
        assert_rewrites(&DropImpliedTerms, Expr::And(vec![a(from, 5), a(above, 5)]), "a > 5");
        assert_rewrites(&DropImpliedTerms, Expr::And(vec![a(above, 5), a(from, 5)]), "a > 5");
        assert_rewrites(&DropImpliedTerms, Expr::And(vec![a(from, 6), a(above, 5)]), "a >= 6");
        assert_rewrites(&DropImpliedTerms, Expr::And(vec![a(to, 5), a(below, 5)]), "a < 5");
        assert_rewrites(&DropImpliedTerms, Expr::And(vec![a(below, 5), a(to, 5)]), "a < 5");
        assert_rewrites(&DropImpliedTerms, Expr::And(vec![a(to, 4), a(below, 5)]), "a <= 4");
        assert_rewrites(&DropImpliedTerms, Expr::Or(vec![a(to, 4), a(below, 5)]), "a < 5");
    }

    #[test]
    fn so_many_terms_are_not_compared() {
        let bounds = |count| Expr::And((0..count).map(|value| gt("a", value)).collect());
        assert_rewrites(&DropImpliedTerms, bounds(64), "a > 63");
        assert_unchanged(&DropImpliedTerms, bounds(65));
    }

    #[test]
    fn one_of_two_equal_tests_stays() {
        assert_rewrites(&DropImpliedTerms, Expr::And(vec![gt("a", 3), gt("a", 3.0)]), "a > 3");
    }

    #[test]
    fn bounds_that_two_elements_may_meet_stay() {
        assert_unchanged(&DropImpliedTerms, Expr::And(vec![gt("a", 5), compare("a", CompareOp::Lt, 3)]));
        assert_unchanged(&DropImpliedTerms, Expr::And(vec![eq("a", 1), eq("a", 2)]));
    }

    #[test]
    fn exclusions_types_and_paths_stay() {
        assert_unchanged(&DropImpliedTerms, Expr::And(vec![eq("a", 5), compare("a", CompareOp::Ne, 3)]));
        assert_unchanged(&DropImpliedTerms, Expr::And(vec![gt("a", 5), gt("a", "5")]));
        assert_unchanged(&DropImpliedTerms, Expr::And(vec![gt("a", 5), gt("b", 3)]));
        let bounded = vec![gt("a", 5), compare("a", CompareOp::Lt, 9), gt("b", 3)];
        assert_unchanged(&DropImpliedTerms, Expr::And(bounded));
        assert_unchanged(&DropImpliedTerms, Expr::And(vec![gt("a", "b"), gt("a", "a")]));
        assert_unchanged(&DropImpliedTerms, Expr::And(vec![eq("a", "b"), gt("a", "a")]));
        let differs = |value: i32| compare("a", CompareOp::Ne, value);
        assert_unchanged(&DropImpliedTerms, Expr::Or(vec![differs(1), differs(2)]));
        assert_unchanged(&DropImpliedTerms, Expr::Or(vec![gt("a", 5), differs(2)]));
    }

    #[test]
    fn null_and_nan_have_no_bounds() {
        let with_null = Expr::In { needle: Box::new(Expr::field("a")), values: vec![null(), 5.into()], negated: false };
        assert_unchanged(&DropImpliedTerms, Expr::And(vec![with_null.clone(), gt("a", 3)]));
        assert_unchanged(&DropImpliedTerms, Expr::And(vec![eq("a", null()), compare("a", CompareOp::Gte, null())]));
        assert_unchanged(&DropImpliedTerms, Expr::And(vec![eq("a", f64::NAN), gt("a", f64::NAN)]));
        assert_unchanged(&DropImpliedTerms, Expr::And(vec![eq("a", pattern()), gt("a", "a")]));
        assert_rewrites(&DropImpliedTerms, Expr::And(vec![with_null, eq("a", null())]), "a == null");
    }
}
