//! Decides computed predicates, and parts of them, that read no document.
//!
//! ```text
//! expr(1 < 2)   =>   true        expr(cond(true, a, b))   =>   expr(a)        expr(and(a, false))   =>   false
//! ```
//!
//! Only comparisons of constants of one type, and logic: sums may overflow, and how texts compare depends on a
//! collation. Null, missing and arrays: null and 0 are false and everything else is true, lists and texts too, as in the
//! server's own evaluation. What fails on a document fails no longer where it is not asked.

use bson::RawBson;
use data_bridge_ir::expr::CompareOp;
use data_bridge_ir::{Expr, Operands, Value};

use super::values::order;
use super::{Nodes, PredicateRule};
use crate::facts::Facts;

pub struct FoldComputed;

impl PredicateRule for FoldComputed {
    fn name(&self) -> &'static str {
        "fold_computed"
    }

    fn concerns(&self) -> Nodes {
        Nodes::COMPUTED
    }

    fn rewrite(&self, predicate: &Expr, _facts: &Facts) -> Option<Expr> {
        let Expr::Computed(inner) = predicate else { return None };
        if let Some(holds) = truth(inner) {
            return Some(Expr::Constant(holds));
        }
        let better = folded(inner)?;
        Some(truth(&better).map_or_else(|| Expr::Computed(Box::new(better)), Expr::Constant))
    }
}

/// Whether a constant counts as true.
fn truth(value: &Expr) -> Option<bool> {
    match value {
        Expr::Constant(value) => Some(*value),
        Expr::Literal(Value(value)) => match value {
            RawBson::Boolean(value) => Some(*value),
            RawBson::Null => Some(false),
            RawBson::Int32(number) => Some(*number != 0),
            RawBson::Int64(number) => Some(*number != 0),
            RawBson::Double(number) => Some(*number != 0.0),
            RawBson::String(_) | RawBson::ObjectId(_) | RawBson::DateTime(_) => Some(true),
            _ => None,
        },
        _ => None,
    }
}

fn literal(value: bool) -> Expr {
    Expr::Literal(Value::from(value))
}

/// The value with its constant parts computed; none when there are none.
fn folded(value: &Expr) -> Option<Expr> {
    match value {
        Expr::Compare { op, left, right } => match (&**left, &**right) {
            (Expr::Literal(left), Expr::Literal(right)) => compared(*op, left, right).map(literal),
            (left, right) => {
                let (better, other) = (folded(left), folded(right));
                (better.is_some() || other.is_some()).then(|| {
                    let or = |better: Option<Expr>, known: &Expr| better.unwrap_or_else(|| known.clone());
                    Expr::compare(*op, or(better, left), or(other, right))
                })
            }
        },
        Expr::Call { name, operands: Operands::Positional(items) } => {
            let better: Vec<_> = items.iter().map(folded).collect();
            let changed = better.iter().any(Option::is_some);
            let items: Vec<_> =
                better.into_iter().zip(items).map(|(better, item)| better.unwrap_or_else(|| item.clone())).collect();
            let rest = |items| Expr::Call { name: name.clone(), operands: Operands::Positional(items) };
            logic(name, &items).or_else(|| changed.then(|| rest(items)))
        }
        _ => None,
    }
}

fn compared(op: CompareOp, left: &Value, right: &Value) -> Option<bool> {
    let order = order(left, right)?;
    Some(match op {
        CompareOp::Eq => order.is_eq(),
        CompareOp::Ne => order.is_ne(),
        CompareOp::Gt => order.is_gt(),
        CompareOp::Gte => order.is_ge(),
        CompareOp::Lt => order.is_lt(),
        CompareOp::Lte => order.is_le(),
    })
}

fn logic(name: &str, items: &[Expr]) -> Option<Expr> {
    match (name, items) {
        ("$and", items) if items.iter().any(|item| truth(item) == Some(false)) => Some(literal(false)),
        ("$or", items) if items.iter().any(|item| truth(item) == Some(true)) => Some(literal(true)),
        ("$and" | "$or", items) if items.iter().all(|item| truth(item).is_some()) => Some(literal(name == "$and")),
        ("$not", [item]) => truth(item).map(|value| literal(!value)),
        ("$cond", [condition, then, otherwise]) => {
            truth(condition).map(|holds| if holds { then.clone() } else { otherwise.clone() })
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{assert_rewrites, assert_unchanged, computed, eq, null, pattern};

    fn constant(value: impl Into<Value>) -> Expr {
        Expr::Literal(value.into())
    }

    fn call(name: &str, items: Vec<Expr>) -> Expr {
        Expr::Call { name: name.to_owned(), operands: Operands::Positional(items) }
    }

    #[test]
    fn constants_are_compared() {
        let less = Expr::compare(CompareOp::Lt, constant(1), constant(2.5));
        assert_rewrites(&FoldComputed, computed(less.clone()), "true");
        assert_rewrites(&FoldComputed, computed(call("$not", vec![less])), "false");
        assert_rewrites(&FoldComputed, computed(constant(Value(RawBson::Null))), "false");
    }

    #[test]
    fn every_comparison_is_known() {
        for (op, less, equal) in [
            (CompareOp::Eq, "false", "true"),
            (CompareOp::Ne, "true", "false"),
            (CompareOp::Gt, "false", "false"),
            (CompareOp::Gte, "false", "true"),
            (CompareOp::Lt, "true", "false"),
            (CompareOp::Lte, "true", "true"),
        ] {
            let with_two = |number: i32| computed(Expr::compare(op, constant(number), constant(2.0)));
            assert_rewrites(&FoldComputed, with_two(1), less);
            assert_rewrites(&FoldComputed, with_two(2), equal);
        }
    }

    #[test]
    fn null_and_zero_are_false_and_all_else_is_true() {
        for zero in [constant(null()), constant(0), constant(0_i64), constant(-0.0), constant(false)] {
            assert_rewrites(&FoldComputed, computed(zero), "false");
        }
        let date = Value(RawBson::DateTime(bson::DateTime::from_millis(0)));
        for other in [constant(""), constant(1), constant(2_i64), constant(f64::NAN), constant(true), constant(date)] {
            assert_rewrites(&FoldComputed, computed(other), "true");
        }
        for unsure in [pattern(), Value(RawBson::Undefined), Value(RawBson::MinKey)] {
            assert_unchanged(&FoldComputed, computed(constant(unsure)));
        }
    }

    #[test]
    fn logic_with_constants_is_settled() {
        let field = || Expr::field("a");
        assert_rewrites(&FoldComputed, computed(call("$and", vec![field(), constant(0)])), "false");
        assert_rewrites(&FoldComputed, computed(call("$or", vec![field(), constant("")])), "true");
        assert_rewrites(&FoldComputed, computed(call("$and", vec![constant(1), constant("")])), "true");
        assert_rewrites(&FoldComputed, computed(call("$or", vec![constant(0), constant(null())])), "false");
        assert_rewrites(&FoldComputed, computed(call("$and", vec![])), "true");
        assert_rewrites(&FoldComputed, computed(call("$or", vec![])), "false");
        let other = call("$cond", vec![constant(0), field(), Expr::field("b")]);
        assert_rewrites(&FoldComputed, computed(other), "expr(b)");
        let chosen = call("$cond", vec![constant(true), field(), Expr::field("b")]);
        assert_rewrites(&FoldComputed, computed(chosen.clone()), "expr(a)");
        let inside = Expr::compare(CompareOp::Gt, chosen, constant(1));
        assert_rewrites(&FoldComputed, computed(inside), "expr(a > 1)");
    }

    #[test]
    fn what_a_document_or_a_collation_decides_stays() {
        assert_unchanged(&FoldComputed, computed(eq("a", 1)));
        assert_unchanged(&FoldComputed, computed(call("$and", vec![Expr::field("a"), constant(1)])));
        assert_unchanged(&FoldComputed, computed(call("$or", vec![Expr::field("a"), constant(0)])));
        assert_unchanged(&FoldComputed, computed(call("$not", vec![constant(1), constant(0)])));
        let texts = Expr::compare(CompareOp::Eq, constant("a"), constant("A"));
        assert_unchanged(&FoldComputed, computed(texts));
        let types = Expr::compare(CompareOp::Lt, constant(1), constant("1"));
        assert_unchanged(&FoldComputed, computed(types));
        let nan = Expr::compare(CompareOp::Eq, constant(f64::NAN), constant(f64::NAN));
        assert_unchanged(&FoldComputed, computed(nan));
        let sum = call("$add", vec![constant(1), constant(i32::MAX)]);
        assert_unchanged(&FoldComputed, computed(Expr::compare(CompareOp::Gt, sum, constant(1))));
    }
}
