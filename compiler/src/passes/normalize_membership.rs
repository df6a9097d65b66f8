//! Writes a membership test in one way: each value once, in a fixed order, and a single value as an equality.
//!
//! ```text
//! a in [3, 1, 3]   =>   a in [1, 3]        a in [5]   =>   a == 5        a not in [5]   =>   a != 5
//! ```
//!
//! So that equal queries look equal, to a reader and to the server's plan cache. Never with a regex among the values: it
//! matches by pattern in `$in`, and `$ne` refuses it. Null, missing and arrays: `$in` of one value is equality with it, and
//! the order of the values does not matter.

use data_bridge_ir::{Expr, Value};

use super::values::membership;
use super::{Nodes, PredicateRule};
use crate::facts::Facts;

pub struct NormalizeMembership;

impl PredicateRule for NormalizeMembership {
    fn name(&self) -> &'static str {
        "normalize_membership"
    }

    fn concerns(&self) -> Nodes {
        Nodes::IN
    }

    fn rewrite(&self, predicate: &Expr, _facts: &Facts) -> Option<Expr> {
        let Expr::In { needle, values, negated } = predicate else { return None };
        let Expr::Field(path) = &**needle else { return None };
        if values.is_empty() || values.iter().any(Value::is_regex) {
            return None;
        }
        let mut keyed: Vec<(Key, &Value)> = values.iter().map(|value| (key(value), value)).collect();
        let is_normal = values.len() > 1 && keyed.windows(2).all(|pair| pair[0].0 < pair[1].0);
        if is_normal {
            return None;
        }
        keyed.sort_by(|left, right| left.0.cmp(&right.0));
        keyed.dedup_by(|left, right| left.0 == right.0);
        Some(membership(path, keyed.into_iter().map(|(_, value)| value.clone()).collect(), *negated))
    }
}

/// Integers and texts in their order, everything else by its bytes: an order that is the same in every process.
type Key = (u8, i64, Vec<u8>);

fn key(value: &Value) -> Key {
    match &value.0 {
        bson::RawBson::Int32(number) => (0, (*number).into(), Vec::new()),
        bson::RawBson::Int64(number) => (1, *number, Vec::new()),
        bson::RawBson::String(text) => (2, 0, text.clone().into_bytes()),
        _ => (3, 0, value.bytes()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{assert_rewrites, assert_unchanged};

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
    fn numbers_of_two_types_are_both_kept() {
        assert_unchanged(&NormalizeMembership, within(vec![1.into(), 1.0.into()], false));
    }

    #[test]
    fn regexes_and_empty_lists_stay() {
        let regex = bson::Regex { pattern: bson::cstr!("^x").into(), options: bson::cstr!("").into() };
        let regex = Value(bson::RawBson::RegularExpression(regex));
        assert_unchanged(&NormalizeMembership, within(vec![regex], false));
        assert_unchanged(&NormalizeMembership, within(vec![], false));
    }
}
