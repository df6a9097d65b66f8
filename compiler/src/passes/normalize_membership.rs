//! Writes a membership test in one way: each value once, in a fixed order, and a single value as an equality.
//!
//! ```text
//! a in [3, 1, 3]   =>   a in [1, 3]        a in [5]   =>   a == 5        a not in [5]   =>   a != 5
//! a has all [2, 1] =>   a has all [1, 2]
//! ```
//!
//! So that equal queries look equal, to a reader and to the server's plan cache. Never an equality with a single regex: it
//! matches by pattern in `$in`, and `$ne` refuses it. Null, missing and arrays: `$in` of one value is equality with it, and
//! the order of the values does not matter.

use std::cmp::Ordering;

use data_bridge_ir::Expr;

use super::term_order::value_order;
use super::values::membership;
use super::{Nodes, PredicateRule};
use crate::facts::Facts;

pub struct NormalizeMembership;

impl PredicateRule for NormalizeMembership {
    fn name(&self) -> &'static str {
        "normalize_membership"
    }

    fn concerns(&self) -> Nodes {
        Nodes::IN.or(Nodes::ALL).or(Nodes::IS_TYPE)
    }

    fn rewrite(&self, predicate: &Expr, _facts: &Facts) -> Option<Expr> {
        match predicate {
            Expr::In { needle, values, negated } => {
                let Expr::Field(path) = &**needle else { return None };
                match normal(values, value_order) {
                    None => {
                        (values.len() == 1 && !values[0].is_regex()).then(|| membership(path, values.clone(), *negated))
                    }
                    Some(values) => match values.as_slice() {
                        [only] if only.is_regex() => {
                            Some(Expr::In { needle: needle.clone(), values, negated: *negated })
                        }
                        _ => Some(membership(path, values, *negated)),
                    },
                }
            }
            Expr::All { field, values } => {
                Some(Expr::All { field: field.clone(), values: normal(values, value_order)? })
            }
            Expr::IsType { field, types } => {
                Some(Expr::IsType { field: field.clone(), types: normal(types, Ord::cmp)? })
            }
            _ => None,
        }
    }
}

/// Each of some values once and in order; none where they are so.
fn normal<T: Clone + PartialEq>(values: &[T], order: fn(&T, &T) -> Ordering) -> Option<Vec<T>> {
    if values.is_sorted_by(|left, right| order(left, right).is_lt()) {
        return None;
    }
    let mut sorted: Vec<&T> = values.iter().collect();
    sorted.sort_by(|left, right| order(left, right));
    sorted.dedup();
    Some(sorted.into_iter().cloned().collect())
}

#[cfg(test)]
mod tests {
    use data_bridge_ir::Value;

    use super::*;
    use crate::testing::{assert_rewrites, assert_unchanged, pattern};

    fn within(values: Vec<Value>, negated: bool) -> Expr {
        Expr::In { needle: Box::new(Expr::field("a")), values, negated }
    }

    #[test]
    fn values_stand_once_and_in_order() {
        let values = vec![3.into(), 1.into(), 3.into()];
        assert_rewrites(&NormalizeMembership, within(values, false), "a in [1, 3]");
    }

    #[test]
    fn one_value_is_an_equality() {
        assert_rewrites(&NormalizeMembership, within(vec![5.into(), 5.into()], false), "a == 5");
        assert_rewrites(&NormalizeMembership, within(vec![5.into()], true), "a != 5");
    }

    #[test]
    fn so_do_what_all_must_be_there_and_types() {
        let all = Expr::All { field: "a".into(), values: vec![2.into(), 1.into(), 2.into()] };
        assert_rewrites(&NormalizeMembership, all, "a has all [1, 2]");
        let typed = |types: [&str; 2]| Expr::IsType { field: "a".into(), types: types.map(str::to_owned).into() };
        assert_rewrites(&NormalizeMembership, typed(["string", "int"]), "a is int | string");
        assert_unchanged(&NormalizeMembership, typed(["int", "string"]));
        assert_unchanged(&NormalizeMembership, Expr::All { field: "a".into(), values: vec![] });
    }

    #[test]
    fn numbers_of_two_types_are_both_kept() {
        assert_unchanged(&NormalizeMembership, within(vec![1.0.into(), 1.into()], false));
    }

    #[test]
    fn a_single_regex_and_empty_lists_stay() {
        let regex = pattern();
        assert_unchanged(&NormalizeMembership, within(vec![regex.clone()], false));
        assert_unchanged(&NormalizeMembership, within(vec![regex.clone()], true));
        assert_unchanged(&NormalizeMembership, within(vec![], false));
        let computed =
            Expr::In { needle: Box::new(Expr::Variable("v".into())), values: vec![1.into()], negated: false };
        assert_unchanged(&NormalizeMembership, computed);
        let kept = NormalizeMembership.rewrite(&within(vec![regex.clone(), regex.clone()], true), &Facts::none());
        assert_eq!(kept, Some(within(vec![regex.clone()], true)));
        let kept = NormalizeMembership.rewrite(&within(vec![regex.clone(), 1.into()], false), &Facts::none());
        assert_eq!(kept, Some(within(vec![1.into(), regex], false)));
    }
}
