//! One order of terms and of values, the same in every process.
//!
//! Tests of fields come first, by path, and of one path equality before bounds, as people write them; then what goes
//! through links, then connectives. What is equal in this order is the same term, or the same value.

use std::cmp::Ordering;

use data_bridge_ir::expr::CompareOp;
use data_bridge_ir::{Expr, Path, Value};

use super::values::order;

/// The order of two terms.
pub fn term_order(left: &Expr, right: &Expr) -> Ordering {
    Placed::of(left).order(&Placed::of(right))
}

/// A term with what its order goes by first: its group, the path that it tests, and how it tests it.
pub struct Placed<'a> {
    pub term: &'a Expr,
    place: (u8, &'a str, u8),
}

impl<'a> Placed<'a> {
    pub fn of(term: &'a Expr) -> Self {
        Self { term, place: place(term) }
    }

    pub fn order(&self, other: &Self) -> Ordering {
        self.place.cmp(&other.place).then_with(|| within(self.term, other.term))
    }
}

/// The order of two values: numbers by what they say, then by type; texts by their bytes.
pub fn value_order(left: &Value, right: &Value) -> Ordering {
    let (first, second) = (kind_of(left), kind_of(right));
    let known = || match (&left.0, &right.0) {
        (bson::RawBson::String(left), bson::RawBson::String(right)) => left.as_bytes().cmp(right.as_bytes()),
        _ => order(left, right).unwrap_or(Ordering::Equal),
    };
    let differ = || match (&left.0, &right.0) {
        (bson::RawBson::Int32(_), bson::RawBson::Int32(_)) | (bson::RawBson::String(_), bson::RawBson::String(_)) => {
            Ordering::Equal
        }
        _ => (left.element_type() as u8)
            .cmp(&(right.element_type() as u8))
            .then_with(|| left.bytes().cmp(&right.bytes())),
    };
    first.cmp(&second).then_with(known).then_with(differ)
}

/// Numbers that have an order, texts, and the rest.
fn kind_of(value: &Value) -> u8 {
    match &value.0 {
        bson::RawBson::Int32(_) | bson::RawBson::Int64(_) => 0,
        bson::RawBson::Double(number) if !number.is_nan() => 0,
        bson::RawBson::String(_) => 1,
        bson::RawBson::DateTime(_) => 2,
        bson::RawBson::ObjectId(_) => 3,
        _ => 4,
    }
}

fn place(term: &Expr) -> (u8, &str, u8) {
    match (tested(term), term) {
        (Some((path, how)), _) => (0, path.as_str(), how),
        (None, Expr::Linked { link, .. }) => (1, link.as_str(), 0),
        (None, Expr::Or(_)) => (2, "", 0),
        (None, Expr::And(_)) => (2, "", 1),
        (None, Expr::Nor(_)) => (2, "", 2),
        (None, Expr::Not(_)) => (2, "", 3),
        (None, Expr::Constant(_)) => (3, "", 0),
        _ => (4, "", 0),
    }
}

/// The field that a term tests, and the place of the test among those of one field.
fn tested(term: &Expr) -> Option<(&Path, u8)> {
    let compared = |op: CompareOp| match op {
        CompareOp::Eq => 0,
        CompareOp::Gt => 2,
        CompareOp::Gte => 3,
        CompareOp::Lt => 4,
        CompareOp::Lte => 5,
        CompareOp::Ne => 6,
    };
    Some(match term {
        Expr::Compare { .. } => {
            let (op, path, _) = term.as_field_compare()?;
            (path, compared(op))
        }
        Expr::In { needle, negated, .. } => match &**needle {
            Expr::Field(path) => (path, if *negated { 7 } else { 1 }),
            _ => return None,
        },
        Expr::Exists { field, .. } => (field, 8),
        Expr::IsType { field, .. } => (field, 9),
        Expr::Regex { field, .. } => (field, 10),
        Expr::Size { field, .. } => (field, 11),
        Expr::All { field, .. } => (field, 12),
        Expr::Mod { field, .. } => (field, 13),
        Expr::ElemMatch { field, .. } => (field, 14),
        Expr::FieldOperator { field, .. } => (field, 15),
        Expr::Not(inner) => (tested(inner)?.0, 16),
        _ => return None,
    })
}

/// The order of two terms that stand at one place.
fn within(left: &Expr, right: &Expr) -> Ordering {
    match (left, right) {
        (Expr::Compare { .. }, Expr::Compare { .. }) => match (left.as_field_compare(), right.as_field_compare()) {
            (Some((_, _, left)), Some((_, _, right))) => value_order(left, right),
            _ => left.to_string().cmp(&right.to_string()),
        },
        (Expr::In { values: left, .. }, Expr::In { values: right, .. })
        | (Expr::All { values: left, .. }, Expr::All { values: right, .. }) => lists(left, right, value_order),
        (Expr::Exists { present: left, .. }, Expr::Exists { present: right, .. }) => right.cmp(left),
        (Expr::IsType { types: left, .. }, Expr::IsType { types: right, .. }) => left.cmp(right),
        (Expr::Regex { pattern: left, options: with, .. }, Expr::Regex { pattern: right, options: others, .. }) => {
            (left, with).cmp(&(right, others))
        }
        (Expr::Size { size: left, .. }, Expr::Size { size: right, .. }) => left.cmp(right),
        (Expr::Mod { divisor: left, remainder: rest, .. }, Expr::Mod { divisor: right, remainder: others, .. }) => {
            value_order(left, right).then_with(|| value_order(rest, others))
        }
        (
            Expr::FieldOperator { name: left, operand: given, .. },
            Expr::FieldOperator { name: right, operand: other, .. },
        ) => left.cmp(right).then_with(|| value_order(given, other)),
        (Expr::ElemMatch { predicate: left, .. }, Expr::ElemMatch { predicate: right, .. })
        | (Expr::Not(left), Expr::Not(right)) => term_order(left, right),
        (
            Expr::Linked { target: left, back, predicate, .. },
            Expr::Linked { target: right, back: other, predicate: asked, .. },
        ) => (left.name(), back).cmp(&(right.name(), other)).then_with(|| term_order(predicate, asked)),
        (Expr::And(left), Expr::And(right))
        | (Expr::Or(left), Expr::Or(right))
        | (Expr::Nor(left), Expr::Nor(right)) => lists(left, right, term_order),
        (Expr::Constant(left), Expr::Constant(right)) => left.cmp(right),
        _ => left.to_string().cmp(&right.to_string()),
    }
}

fn lists<T>(left: &[T], right: &[T], order: fn(&T, &T) -> Ordering) -> Ordering {
    let differing = left.iter().zip(right).map(|(left, right)| order(left, right)).find(|order| order.is_ne());
    differing.unwrap_or_else(|| left.len().cmp(&right.len()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{compare, eq, gt};

    fn sorted(mut terms: Vec<Expr>) -> String {
        terms.sort_by(term_order);
        terms.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ")
    }

    #[test]
    fn fields_come_first_and_by_path() {
        let either = Expr::Or(vec![eq("a", 1), eq("b", 1)]);
        let not = |term| Expr::Not(Box::new(term));
        let terms =
            vec![either.clone(), not(either), not(gt("a", 5)), compare("a", CompareOp::Lt, 9), gt("a", 1), eq("a", 1)];
        assert_eq!(sorted(terms), "a == 1, a > 1, a < 9, ~(a > 5), (a == 1) | (b == 1), ~((a == 1) | (b == 1))");
    }

    #[test]
    fn numbers_are_in_the_order_of_what_they_say() {
        let mut values =
            [2.5.into(), 7_i64.into(), "a".into(), 1_i32.into(), (-3.5).into(), 1.0.into(), Value::from(f64::NAN)];
        values.sort_by(value_order);
        let shown: Vec<_> = values.iter().map(ToString::to_string).collect();
        assert_eq!(shown.join(" "), "-3.5 1.0 1 2.5 7 \"a\" {\"$numberDouble\":\"NaN\"}");
    }

    #[test]
    fn only_what_is_the_same_is_equal() {
        let values: [Value; 6] =
            [0.0.into(), (-0.0).into(), 0_i32.into(), 0_i64.into(), Value(bson::RawBson::Null), true.into()];
        for (at, left) in values.iter().enumerate() {
            for (other, right) in values.iter().enumerate() {
                assert_eq!(value_order(left, right) == Ordering::Equal, at == other, "{left} {right}");
                assert_eq!(value_order(left, right), value_order(right, left).reverse());
            }
        }
    }
}
