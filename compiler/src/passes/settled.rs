//! What no rule can make better, known at a glance.
//!
//! Most queries are one conjunction of plain comparisons of different fields. It is its own normal form: no rule need be
//! asked about it, which is half of what compiling it takes.

use bson::RawBson;
use data_bridge_ir::expr::CompareOp;
use data_bridge_ir::plan::{Read, Terminal};
use data_bridge_ir::{Expr, Path, Stage, Value};

use crate::facts::Facts;

/// Whether a predicate is one plain comparison, or a conjunction of such of different fields in the order of their paths,
/// on documents of which nothing is known.
pub fn is_settled(predicate: &Expr, facts: &Facts) -> bool {
    facts.are_none()
        && match predicate {
            Expr::And(terms) => terms.len() > 1 && are_in_order(terms),
            term => compared(term).is_some(),
        }
}

/// Whether a read is one such predicate. That a document exists is asked for with a limit.
pub fn is_settled_read(read: &Read, facts: &Facts) -> bool {
    match read.stages.as_slice() {
        [Stage::Match(predicate)] => !matches!(read.terminal, Terminal::Exists) && is_settled(predicate, facts),
        _ => false,
    }
}

fn are_in_order(terms: &[Expr]) -> bool {
    let mut last: Option<&Path> = None;
    terms.iter().all(|term| {
        let path = compared(term);
        let follows = path.is_some_and(|path| last.is_none_or(|last| last.as_str() < path.as_str()));
        last = path;
        follows
    })
}

/// The field that a plain comparison is of.
fn compared(term: &Expr) -> Option<&Path> {
    let (op, path, value) = term.as_field_compare()?;
    (op != CompareOp::Ne && is_plain(value)).then_some(path)
}

fn is_plain(value: &Value) -> bool {
    match &value.0 {
        RawBson::Int32(_)
        | RawBson::Int64(_)
        | RawBson::String(_)
        | RawBson::ObjectId(_)
        | RawBson::Boolean(_)
        | RawBson::DateTime(_) => true,
        RawBson::Double(number) => !number.is_nan(),
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use data_bridge_ir::schema::Unique;

    use super::*;
    use crate::passes::{JOINING_RULES, PREDICATE_RULES, READ_RULES, STAGE_RULES};
    use crate::testing::{compare, eq, gt, known, null, read};

    /// Every operator with every kind of value, of fields that are links and others, each followed by one of another.
    fn settled() -> Vec<Expr> {
        let values = || {
            let id = bson::oid::ObjectId::from_bytes([7; 12]);
            let date = bson::DateTime::from_millis(-1);
            [
                Value::from(1),
                Value::from(1_i64 << 40),
                Value::from(-0.0),
                Value::from(f64::INFINITY),
                Value::from(""),
                Value::from("$a"),
                Value::from(true),
                Value(id.into()),
                Value(date.into()),
            ]
        };
        let ops = [CompareOp::Eq, CompareOp::Gt, CompareOp::Gte, CompareOp::Lt, CompareOp::Lte];
        let paths = ["_id", "author", "author.$id", "title", "title.x", "x.0"];
        let of = |path: &'static str| {
            ops.into_iter().flat_map(move |op| values().map(|value| compare(path, op, value)).into_iter())
        };
        let alone: Vec<_> = paths.into_iter().flat_map(of).collect();
        let pair = |(at, path): (usize, &'static str)| {
            let behind = paths.into_iter().skip(at + 1).flat_map(of);
            behind.enumerate().map(move |(nth, second)| {
                let first = of(path).nth(nth % 45).expect("there are as many");
                Expr::And(vec![first, second])
            })
        };
        let pairs: Vec<_> = paths.into_iter().enumerate().flat_map(pair).collect();
        let three = Expr::And(vec![eq("a", 1), eq("a.b", 1), eq("b", 1)]);
        alone.into_iter().chain(pairs).chain([three]).collect()
    }

    #[test]
    fn no_rule_makes_it_better() {
        let facts = Facts::none();
        for predicate in settled() {
            assert!(is_settled(&predicate, &facts), "{predicate}");
            for rule in PREDICATE_RULES {
                assert_eq!(rule.rewrite(&predicate, &facts), None, "{} of {predicate}", rule.name());
            }
            let stages = [Stage::Match(predicate)];
            for rule in STAGE_RULES.iter().chain(JOINING_RULES) {
                assert_eq!(rule.rewrite(&stages), None, "{}", rule.name());
            }
            for terminal in
                [Terminal::Find, Terminal::First, Terminal::Aggregate, Terminal::Count, Terminal::Distinct("a".into())]
            {
                let read = read(stages.to_vec(), terminal);
                let unique = Unique { paths: ["_id".into(), "title".into()].into(), reason: "an index".into() };
                read.source.schema.set_unique(Some(unique));
                let facts = Facts::of(&read.source.schema, &read.options);
                assert!(is_settled_read(&read, &facts));
                for rule in READ_RULES {
                    assert_eq!(rule.rewrite(&read, &facts), None, "{}", rule.name());
                }
            }
        }
    }

    #[test]
    fn what_a_rule_may_make_better_is_not_settled() {
        let of = |terms: &[Expr]| Expr::And(terms.to_vec());
        let unsettled = [
            of(&[eq("b", 1), eq("a", 1)]),
            of(&[gt("a", 1), gt("a", 2)]),
            of(&[eq("a", 1)]),
            of(&[]),
            of(&[eq("a", 1), of(&[eq("b", 1), eq("c", 1)])]),
            of(&[eq("a", 1), compare("b", CompareOp::Ne, 1)]),
            compare("a", CompareOp::Ne, 1),
            eq("a", f64::NAN),
            eq("a", null()),
            Expr::Or(vec![eq("a", 1), eq("b", 1)]),
            Expr::Constant(true),
        ];
        for predicate in unsettled {
            assert!(!is_settled(&predicate, &Facts::none()), "{predicate}");
        }
        assert!(!is_settled(&eq("a", 1), &known()));
        let of_stages = |stages: &[Stage], terminal| is_settled_read(&read(stages.to_vec(), terminal), &Facts::none());
        assert!(!of_stages(&[Stage::Match(eq("a", 1))], Terminal::Exists));
        assert!(!of_stages(&[Stage::Match(eq("a", 1)), Stage::Limit(1)], Terminal::Find));
    }
}
