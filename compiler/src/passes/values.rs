//! The order that a match sees among constants, so far as it is known for certain.

use std::cell::OnceCell;
use std::cmp::Ordering;

use bson::RawBson;
use data_bridge_ir::expr::CompareOp;
use data_bridge_ir::{Expr, Path, Value};

use crate::hashing::HashSet;

/// A test of one path against constants.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Test<'a> {
    Compare(CompareOp, &'a Value),
    In(&'a [Value]),
    NotIn(&'a [Value]),
}

impl<'a> Test<'a> {
    /// The path and the test, of a term that is one whose constants can all be told apart and ordered.
    pub fn of(term: &'a Expr) -> Option<(&'a Path, Self)> {
        if let Some((op, path, value)) = term.as_field_compare() {
            let single = std::slice::from_ref(value);
            return match op {
                CompareOp::Eq if is_plain(value) => Some((path, Self::In(single))),
                CompareOp::Ne if is_plain(value) => Some((path, Self::NotIn(single))),
                // Null has no range of its own: `>= null` is equality.
                _ if is_plain(value) && !value.is_null() => Some((path, Self::Compare(op, value))),
                _ => None,
            };
        }
        let Expr::In { needle, values, negated } = term else { return None };
        let Expr::Field(path) = &**needle else { return None };
        let test = if *negated { Self::NotIn(values) } else { Self::In(values) };
        values.iter().all(is_plain).then_some((path, test))
    }
}

/// A test that many values are put to.
pub struct Asked<'a> {
    pub test: Test<'a>,
    /// Of a long list, made when it is first needed.
    listed: OnceCell<HashSet<Key<'a>>>,
}

impl<'a> Asked<'a> {
    pub fn of(test: Test<'a>) -> Self {
        Self { test, listed: OnceCell::new() }
    }

    /// Whether a single stored value that equals this one passes.
    pub fn admits(&self, value: &Value, order: Order) -> bool {
        match self.test {
            Test::Compare(op, bound) => admits(op, order(value, bound)),
            Test::In(values) => self.lists(values, value, order),
            Test::NotIn(values) => !self.lists(values, value, order),
        }
    }

    fn lists(&self, values: &'a [Value], value: &Value, order: Order) -> bool {
        if values.len() <= FEW {
            return values.iter().any(|each| order(value, each) == Some(Ordering::Equal));
        }
        let listed = self.listed.get_or_init(|| values.iter().filter_map(Key::of).collect());
        Key::of(value).is_some_and(|key| listed.contains(&key))
    }
}

/// So many values are sooner compared than hashed.
const FEW: usize = 8;

/// The same of two plain values exactly where they are equal.
#[derive(PartialEq, Eq, Hash)]
enum Key<'a> {
    Null,
    Boolean(bool),
    Whole(i64),
    /// By its bits: a number that no integer equals.
    Double(u64),
    Text(&'a str),
    Id([u8; 12]),
    Date(i64),
}

impl<'a> Key<'a> {
    fn of(value: &'a Value) -> Option<Self> {
        Some(match &value.0 {
            RawBson::Null => Self::Null,
            RawBson::Boolean(boolean) => Self::Boolean(*boolean),
            RawBson::Double(number) => whole(*number).map_or(Self::Double(number.to_bits()), Self::Whole),
            RawBson::String(text) => Self::Text(text),
            RawBson::ObjectId(id) => Self::Id(id.bytes()),
            RawBson::DateTime(date) => Self::Date(date.timestamp_millis()),
            _ => Self::Whole(integer(value)?),
        })
    }
}

/// The integer that a double equals.
fn whole(number: f64) -> Option<i64> {
    #[expect(
        clippy::cast_possible_truncation,
        reason = "a number beyond the range of i64 is not equal to what it gives"
    )]
    let whole = number as i64;
    (against(whole, number) == Some(Ordering::Equal)).then_some(whole)
}

/// How two plain values compare; none where that is not known, and between types that a match does not compare.
pub type Order = fn(&Value, &Value) -> Option<Ordering>;

fn admits(op: CompareOp, order: Option<Ordering>) -> bool {
    match op {
        CompareOp::Eq => order == Some(Ordering::Equal),
        CompareOp::Ne => order != Some(Ordering::Equal),
        CompareOp::Gt => order == Some(Ordering::Greater),
        CompareOp::Gte => order.is_some_and(Ordering::is_ge),
        CompareOp::Lt => order == Some(Ordering::Less),
        CompareOp::Lte => order.is_some_and(Ordering::is_le),
    }
}

/// Values whose order this module knows for certain. Not among them: regexes, which match by pattern; documents and
/// arrays, which are compared part by part; NaN, which has no order; decimals.
fn is_plain(value: &Value) -> bool {
    match &value.0 {
        RawBson::Double(number) => !number.is_nan(),
        RawBson::Null
        | RawBson::Boolean(_)
        | RawBson::Int32(_)
        | RawBson::Int64(_)
        | RawBson::String(_)
        | RawBson::ObjectId(_)
        | RawBson::DateTime(_) => true,
        _ => false,
    }
}

/// The order of two plain values where texts compare by their bytes.
pub fn order_with_texts(left: &Value, right: &Value) -> Option<Ordering> {
    match (&left.0, &right.0) {
        (RawBson::String(left), RawBson::String(right)) => Some(left.as_bytes().cmp(right.as_bytes())),
        _ => order(left, right),
    }
}

/// The order of two plain values. Of texts it is only known that equal ones are equal: a collection may have a collation.
pub fn order(left: &Value, right: &Value) -> Option<Ordering> {
    match (&left.0, &right.0) {
        (RawBson::Null, RawBson::Null) => Some(Ordering::Equal),
        (RawBson::Boolean(left), RawBson::Boolean(right)) => Some(left.cmp(right)),
        (RawBson::String(left), RawBson::String(right)) => (left == right).then_some(Ordering::Equal),
        (RawBson::ObjectId(left), RawBson::ObjectId(right)) => Some(left.bytes().cmp(&right.bytes())),
        (RawBson::DateTime(left), RawBson::DateTime(right)) => Some(left.cmp(right)),
        (RawBson::Double(left), RawBson::Double(right)) => left.partial_cmp(right),
        (RawBson::Double(left), _) => integer(right).and_then(|right| against(right, *left)).map(Ordering::reverse),
        (_, RawBson::Double(right)) => integer(left).and_then(|left| against(left, *right)),
        _ => Some(integer(left)?.cmp(&integer(right)?)),
    }
}

fn integer(value: &Value) -> Option<i64> {
    match value.0 {
        RawBson::Int32(number) => Some(number.into()),
        RawBson::Int64(number) => Some(number),
        _ => None,
    }
}

/// An integer against a double, exactly: large integers are not rounded.
fn against(integer: i64, double: f64) -> Option<Ordering> {
    const TWO_TO_63: f64 = 9_223_372_036_854_775_808.0;
    if double.is_nan() {
        return None;
    }
    if double >= TWO_TO_63 {
        return Some(Ordering::Less);
    }
    if double < -TWO_TO_63 {
        return Some(Ordering::Greater);
    }
    let whole = double.trunc();
    #[expect(clippy::cast_possible_truncation, reason = "a whole number within the range of i64")]
    let order = integer.cmp(&(whole as i64));
    Some(order.then_with(|| 0.0_f64.total_cmp(&(double - whole + 0.0))))
}

/// Whether a list of alternatives takes the value as what it is: a regex matches by pattern there, and the server refuses
/// a document that begins like an operator, unless it is a reference.
pub fn is_listable(value: &Value) -> bool {
    match &value.0 {
        RawBson::RegularExpression(_) => false,
        RawBson::Document(document) => {
            let first = document.iter().next();
            let like_operator = |(key, _): (&bson::raw::CStr, _)| key.as_str().starts_with('$');
            !first.is_some_and(|first| first.is_ok_and(like_operator)) || value.referred_id().is_some()
        }
        _ => true,
    }
}

/// `path in values`, or the equality that one value makes of it.
pub fn membership(path: &Path, mut values: Vec<Value>, negated: bool) -> Expr {
    if values.len() == 1 {
        let op = if negated { CompareOp::Ne } else { CompareOp::Eq };
        return Expr::compare(op, Expr::Field(path.clone()), Expr::Literal(values.remove(0)));
    }
    Expr::In { needle: Box::new(Expr::Field(path.clone())), values, negated }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn large_integers_are_told_from_the_doubles_beside_them() {
        let large = 9_007_199_254_740_993_i64;
        assert_eq!(order(&large.into(), &9_007_199_254_740_992.0.into()), Some(Ordering::Greater));
        assert_eq!(order(&i64::MAX.into(), &9_223_372_036_854_775_807.0.into()), Some(Ordering::Less));
        assert_eq!(order(&3_i32.into(), &3.5.into()), Some(Ordering::Less));
        assert_eq!(order(&(-3_i32).into(), &(-3.5).into()), Some(Ordering::Greater));
        assert_eq!(order(&0_i32.into(), &(-0.0).into()), Some(Ordering::Equal));
        assert_eq!(order(&1_i32.into(), &f64::INFINITY.into()), Some(Ordering::Less));
    }

    #[test]
    fn values_of_a_long_list_are_found_exactly_where_they_are_equal() {
        let id = bson::oid::ObjectId::from_bytes([7; 12]);
        let values = [
            Value(RawBson::Null),
            true.into(),
            false.into(),
            0_i32.into(),
            (-0.0).into(),
            1_i32.into(),
            1_i64.into(),
            1.0.into(),
            1.5.into(),
            (-1.5).into(),
            i64::MAX.into(),
            i64::MIN.into(),
            9_223_372_036_854_775_807.0.into(),
            (-9_223_372_036_854_775_808.0).into(),
            9_007_199_254_740_992.0.into(),
            9_007_199_254_740_993_i64.into(),
            f64::INFINITY.into(),
            "1".into(),
            "".into(),
            Value(RawBson::ObjectId(id)),
            Value(RawBson::DateTime(bson::DateTime::from_millis(1))),
        ];
        for (place, left) in values.iter().enumerate() {
            for right in &values {
                let equal = order(left, right) == Some(Ordering::Equal);
                assert_eq!(Key::of(left) == Key::of(right), equal, "{left} {right}");
            }
            let others: Vec<_> =
                values.iter().filter(|other| order(left, other) != Some(Ordering::Equal)).cloned().collect();
            assert!(others.len() > FEW);
            assert!(Asked::of(Test::In(&values)).admits(&values[place], order));
            assert!(!Asked::of(Test::In(&others)).admits(left, order));
            assert!(Asked::of(Test::NotIn(&others)).admits(left, order));
        }
    }

    #[test]
    fn what_a_list_would_read_otherwise_is_not_listed() {
        let regex = bson::Regex { pattern: bson::cstr!("^x").into(), options: bson::cstr!("").into() };
        assert!(!is_listable(&Value(RawBson::RegularExpression(regex))));
        assert!(!is_listable(&bson::rawdoc! { "$x": 1 }.into()));
        assert!(!is_listable(&bson::rawdoc! { "$ref": "authors" }.into()));
        assert!(is_listable(&Value::from(7).as_reference("authors", None)));
        assert!(is_listable(&bson::rawdoc! { "x": 1, "$x": 1 }.into()));
        assert!(is_listable(&bson::rawdoc! {}.into()));
    }

    #[test]
    fn texts_have_an_order_only_where_no_collation_can_change_it() {
        assert_eq!(order(&"a".into(), &"B".into()), None);
        assert_eq!(order(&"a".into(), &"a".into()), Some(Ordering::Equal));
        assert_eq!(order_with_texts(&"a".into(), &"B".into()), Some(Ordering::Greater));
    }

    #[test]
    fn types_of_different_brackets_have_no_order() {
        assert_eq!(order(&1_i32.into(), &"1".into()), None);
        assert_eq!(order(&true.into(), &1_i32.into()), None);
    }

    #[test]
    fn what_is_compared_part_by_part_is_left_alone() {
        let list = Value(RawBson::Array(bson::RawArrayBuf::new()));
        let nan = Value::from(f64::NAN);
        for value in [list, nan] {
            assert_eq!(Test::of(&Expr::compare(CompareOp::Eq, Expr::field("a"), Expr::Literal(value))), None);
        }
    }
}
