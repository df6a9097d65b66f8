//! Joins all tests of one path that holds one value: bounds into the narrowest, memberships into what they share.
//!
//! ```text
//! a >= 5 & a <= 5   =>   a == 5       a in [1, 2, 3] & a > 1 & a != 3   =>   a == 2       a == 1 & a == 2   =>   false
//! ```
//!
//! Needs the fact that no array stands on the path: `a == 1 & a == 2` is met by `[1, 2]`, `a > 5 & a < 3` by `[1, 9]`.
//! Null and missing: tests that null passes are memberships, and what they share holds null when each of them does; a
//! value has one type, so bounds of two types contradict each other.

use std::cmp::Ordering;

use data_bridge_ir::expr::CompareOp;
use data_bridge_ir::{Expr, Path, Value};

use super::flatten_boolean::joined;
use super::values::{Asked, Test, membership, order_with_texts};
use super::{Nodes, PredicateRule};
use crate::facts::Facts;
use crate::hashing::HashMap;

pub struct IntersectTests;

impl PredicateRule for IntersectTests {
    fn name(&self) -> &'static str {
        "intersect_tests"
    }

    fn concerns(&self) -> Nodes {
        Nodes::AND
    }

    fn rewrite(&self, predicate: &Expr, facts: &Facts) -> Option<Expr> {
        let Expr::And(terms) = predicate else { return None };
        if facts.are_none() {
            return None;
        }
        let mut by_path: HashMap<&Path, Vec<(usize, Test<'_>)>> = HashMap::default();
        for (position, term) in terms.iter().enumerate() {
            if let Some((path, test)) = Test::of(term) {
                by_path.entry(path).or_default().push((position, test));
            }
        }
        let mut paths: Vec<_> = by_path.into_iter().filter(|(_, tests)| tests.len() > 1).collect();
        paths.sort_by_key(|(_, tests)| tests[0].0);
        paths.retain(|(path, _)| facts.is_single(path));
        let mut kept: Vec<Option<Vec<Expr>>> = terms.iter().map(|term| Some(vec![term.clone()])).collect();
        let mut changed = false;
        for (path, tests) in paths {
            let shared = Shared::of(tests.iter().map(|(_, test)| *test));
            let better = shared.terms(path);
            if better.len() >= tests.len() {
                continue;
            }
            changed = true;
            for (position, _) in &tests {
                kept[*position] = None;
            }
            kept[tests[0].0] = Some(better);
        }
        changed.then(|| joined(kept.into_iter().flatten().flatten().collect(), Expr::And))
    }
}

/// What several tests of one value leave.
#[derive(Default)]
struct Shared<'a> {
    among: Option<Vec<&'a Value>>,
    bounds: Vec<(CompareOp, &'a Value)>,
    excluded: Vec<&'a Value>,
}

impl<'a> Shared<'a> {
    fn of(tests: impl Iterator<Item = Test<'a>> + Clone) -> Self {
        let mut shared = Self::default();
        for test in tests.clone() {
            match test {
                Test::Compare(op, bound) => shared.bounded(op, bound),
                Test::In(values) => shared.among = Some(values.iter().collect()),
                Test::NotIn(values) => shared.excluded.extend(values),
            }
        }
        if let Some(among) = &mut shared.among {
            let asked: Vec<_> = tests.map(Asked::of).collect();
            among.retain(|value| asked.iter().all(|test| test.admits(value, order_with_texts)));
        }
        shared
    }

    /// Takes a bound, unless one that is there is as narrow; a wider one goes.
    fn bounded(&mut self, op: CompareOp, bound: &'a Value) {
        let is_lower = |op: CompareOp| matches!(op, CompareOp::Gt | CompareOp::Gte);
        let is_narrower = |(op, bound): (CompareOp, &Value), (other, limit): (CompareOp, &Value)| {
            is_lower(op) == is_lower(other)
                && match order_with_texts(bound, limit) {
                    Some(Ordering::Equal) => other == op || matches!(op, CompareOp::Gt | CompareOp::Lt),
                    Some(Ordering::Greater) => is_lower(op),
                    Some(Ordering::Less) => !is_lower(op),
                    None => false,
                }
        };
        if !self.bounds.iter().any(|known| is_narrower(*known, (op, bound))) {
            self.bounds.retain(|known| !is_narrower((op, bound), *known));
            self.bounds.push((op, bound));
        }
    }

    /// The fewest terms that say the same.
    fn terms(self, path: &Path) -> Vec<Expr> {
        let nothing = || vec![Expr::Constant(false)];
        if let Some(among) = self.among {
            let values: Vec<Value> = among.into_iter().cloned().collect();
            return if values.is_empty() { nothing() } else { vec![membership(path, values, false)] };
        }
        if self.contradict() {
            return nothing();
        }
        let bounds = self.bounds;
        // Outside the bounds nothing needs to be excluded.
        let inside = |value: &&&Value| {
            bounds.iter().all(|(op, bound)| Asked::of(Test::Compare(*op, bound)).admits(value, order_with_texts))
        };
        let excluded: Vec<Value> = self.excluded.iter().filter(inside).map(|value| (*value).clone()).collect();
        if let [(CompareOp::Gte, low), (CompareOp::Lte, high)] | [(CompareOp::Lte, high), (CompareOp::Gte, low)] =
            bounds.as_slice()
            && order_with_texts(low, high) == Some(Ordering::Equal)
        {
            // An exclusion inside these bounds is of this very value.
            return if excluded.is_empty() { vec![membership(path, vec![(*low).clone()], false)] } else { nothing() };
        }
        let field = || Expr::Field(path.clone());
        let bounds = bounds.iter().map(|(op, bound)| Expr::compare(*op, field(), Expr::Literal((*bound).clone())));
        let excluded = (!excluded.is_empty()).then(|| membership(path, excluded, true));
        bounds.chain(excluded).collect()
    }

    /// Whether no value is within all bounds.
    fn contradict(&self) -> bool {
        self.bounds.iter().any(|(op, bound)| {
            self.bounds.iter().any(|(other, limit)| match order_with_texts(bound, limit) {
                // Bounds of two types: no value has both.
                None => true,
                Some(Ordering::Greater) => {
                    matches!((op, other), (CompareOp::Gt | CompareOp::Gte, CompareOp::Lt | CompareOp::Lte))
                }
                Some(Ordering::Equal) => matches!(
                    (op, other),
                    (CompareOp::Gt, CompareOp::Lt | CompareOp::Lte) | (CompareOp::Gte, CompareOp::Lt)
                ),
                Some(Ordering::Less) => false,
            })
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{assert_rewrites_knowing, assert_unchanged, assert_unchanged_knowing};
    use crate::testing::{compare, eq, gt, known, known_under_collation, null, pattern};

    fn within(path: &str, values: &[i32]) -> Expr {
        let values = values.iter().map(|value| (*value).into()).collect();
        Expr::In { needle: Box::new(Expr::field(path)), values, negated: false }
    }

    fn becomes(terms: Vec<Expr>, after: &str) {
        assert_rewrites_knowing(&IntersectTests, &known(), Expr::And(terms), after);
    }

    fn stays(terms: Vec<Expr>) {
        assert_unchanged_knowing(&IntersectTests, &known(), Expr::And(terms));
    }

    #[test]
    fn bounds_narrow_and_meet() {
        becomes(vec![gt("age", 3), gt("age", 5)], "age > 5");
        becomes(vec![compare("age", CompareOp::Gte, 5), compare("age", CompareOp::Lte, 5.0)], "age == 5");
        becomes(vec![gt("age", 5), compare("age", CompareOp::Lt, 5)], "false");
        becomes(vec![gt("city", "b"), compare("city", CompareOp::Lt, "a")], "false");
        becomes(vec![gt("age", 5), compare("age", CompareOp::Ne, 3)], "age > 5");
    }

    #[test]
    fn of_bounds_of_one_side_the_narrowest_is_left() {
        let age = |op, value: i32| compare("age", op, value);
        let (above, from, below, to) = (CompareOp::Gt, CompareOp::Gte, CompareOp::Lt, CompareOp::Lte);
        becomes(vec![age(above, 5), age(from, 5)], "age > 5");
        becomes(vec![age(from, 5), age(above, 5)], "age > 5");
        becomes(vec![age(below, 5), age(to, 5)], "age < 5");
        becomes(vec![age(to, 5), age(below, 5)], "age < 5");
        becomes(vec![age(to, 5), age(to, 3)], "age <= 3");
        becomes(vec![age(below, 3), age(to, 5)], "age < 3");
        becomes(vec![age(from, 3), age(above, 1), age(to, 9)], "(age >= 3) & (age <= 9)");
    }

    #[test]
    fn bounds_with_nothing_between_them_contradict() {
        let age = |op, value: i32| compare("age", op, value);
        becomes(vec![age(CompareOp::Gte, 5), age(CompareOp::Lt, 5)], "false");
        becomes(vec![age(CompareOp::Gt, 5), age(CompareOp::Lte, 5)], "false");
        becomes(vec![age(CompareOp::Gte, 6), age(CompareOp::Lte, 5)], "false");
        becomes(vec![age(CompareOp::Gte, 5), age(CompareOp::Lte, 5), age(CompareOp::Ne, 5)], "false");
        becomes(vec![age(CompareOp::Lte, 5), age(CompareOp::Gte, 5), age(CompareOp::Ne, 3)], "age == 5");
    }

    #[test]
    fn null_is_shared_where_all_admit_it() {
        let nick =
            |values: Vec<Value>, negated| Expr::In { needle: Box::new(Expr::field("nickname")), values, negated };
        let with_null = || nick(vec![null(), "x".into()], false);
        becomes(vec![with_null(), nick(vec![null(), "y".into()], false)], "nickname == null");
        becomes(vec![with_null(), nick(vec![null()], true)], "nickname == \"x\"");
        becomes(vec![with_null(), gt("nickname", "a")], "nickname == \"x\"");
        becomes(vec![nick(vec![null()], true), gt("nickname", "a")], "nickname > \"a\"");
    }

    #[test]
    fn memberships_meet() {
        becomes(vec![within("age", &[1, 2, 3]), gt("age", 1), compare("age", CompareOp::Ne, 3)], "age == 2");
        becomes(vec![eq("age", 1), eq("age", 2)], "false");
        becomes(vec![eq("age", 1), eq("age", 1.0)], "age == 1.0");
        becomes(vec![within("age", &[1, 2]), within("age", &[2, 3]), eq("city", "x")], "(age == 2) & (city == \"x\")");
    }

    #[test]
    fn types_contradict() {
        becomes(vec![gt("age", 5), gt("age", "5")], "false");
    }

    #[test]
    fn two_bounds_that_leave_something_stay() {
        stays(vec![gt("age", 3), compare("age", CompareOp::Lt, 5)]);
        stays(vec![gt("age", 3), compare("age", CompareOp::Ne, 5)]);
        stays(vec![gt("age", 3), gt("score", 5)]);
    }

    #[test]
    fn where_arrays_may_be_nothing_is_joined() {
        stays(vec![eq("tags", "a"), eq("tags", "b")]);
        stays(vec![eq("unknown", 1), eq("unknown", 2)]);
        assert_unchanged(&IntersectTests, Expr::And(vec![eq("age", 1), eq("age", 2)]));
        let other_order = Expr::And(vec![gt("city", "a"), compare("city", CompareOp::Lt, "B")]);
        assert_unchanged_knowing(&IntersectTests, &known_under_collation(), other_order);
    }

    #[test]
    fn numbers_without_an_order_stay() {
        stays(vec![eq("age", f64::NAN), gt("age", 2)]);
        stays(vec![gt("nickname", null()), eq("nickname", "x")]);
        stays(vec![eq("nickname", pattern()), eq("nickname", "x")]);
    }
}
