//! Gathers equalities of one path in a disjunction into one membership test.
//!
//! ```text
//! a == 1 | a == 2 | b == 3   =>   a in [1, 2] | b == 3
//! ```
//!
//! Never for regexes: in `$in` a regex matches by pattern as it does alone, but a disjunction keeps its own order of
//! tests. Never for documents that begin like an operator, which the server refuses in a list. Null, missing and
//! arrays: `$in` is defined as the disjunction of the equalities.

use data_bridge_ir::expr::CompareOp;
use data_bridge_ir::{Expr, Path, Value};

use super::flatten_boolean::joined;
use super::values::is_listable;
use super::{Nodes, PredicateRule};
use crate::facts::Facts;
use crate::hashing::{HashSet, IndexMap, IndexSet};

pub struct EqualitiesToIn;

impl PredicateRule for EqualitiesToIn {
    fn name(&self) -> &'static str {
        "equalities_to_in"
    }

    fn concerns(&self) -> Nodes {
        Nodes::OR
    }

    fn rewrite(&self, predicate: &Expr, _facts: &Facts) -> Option<Expr> {
        match predicate {
            Expr::Or(terms) if applies(terms) => Some(gather(terms)),
            _ => None,
        }
    }
}

/// The path and the values that a term tests it for.
fn membership(term: &Expr) -> Option<(&Path, &[Value])> {
    match term {
        Expr::Compare { op: CompareOp::Eq, left, right } => match (&**left, &**right) {
            (Expr::Field(path), Expr::Literal(value)) if is_listable(value) => {
                Some((path, std::slice::from_ref(value)))
            }
            _ => None,
        },
        Expr::In { needle, values, negated: false } => match &**needle {
            Expr::Field(path) if values.iter().all(is_listable) => Some((path, values)),
            _ => None,
        },
        _ => None,
    }
}

fn applies(terms: &[Expr]) -> bool {
    let mut seen = HashSet::default();
    !terms.iter().filter_map(membership).all(|(path, _)| seen.insert(path))
}

fn gather(terms: &[Expr]) -> Expr {
    // Each path keeps the place of its first term.
    let mut by_path: IndexMap<Path, Vec<Value>> = IndexMap::default();
    let mut order = Vec::with_capacity(terms.len());
    for term in terms {
        match membership(term) {
            Some((path, values)) => {
                let known = by_path.entry(path.clone()).or_insert_with(|| {
                    order.push(Err(path.clone()));
                    Vec::new()
                });
                known.extend(values.iter().cloned());
            }
            None => order.push(Ok(term.clone())),
        }
    }
    let rebuilt = order.into_iter().map(|place| match place {
        Ok(term) => term,
        Err(path) => {
            let values = by_path.swap_remove(&path).unwrap_or_default();
            within(path, values)
        }
    });
    joined(rebuilt.collect(), Expr::Or)
}

fn within(path: Path, values: Vec<Value>) -> Expr {
    let mut values: Vec<Value> = values.into_iter().collect::<IndexSet<_>>().into_iter().collect();
    if values.len() == 1 {
        let only = values.remove(0);
        return Expr::compare(CompareOp::Eq, Expr::Field(path), Expr::Literal(only));
    }
    Expr::In { needle: Box::new(Expr::Field(path)), values, negated: false }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{assert_rewrites, assert_unchanged, compare, eq, gt, pattern};

    fn within(values: &[i32]) -> Expr {
        super::within("a".into(), values.iter().map(|value| (*value).into()).collect())
    }

    #[test]
    fn one_path_is_gathered_in_place() {
        let terms = vec![eq("a", 1), eq("b", 3), eq("a", 2)];
        assert_rewrites(&EqualitiesToIn, Expr::Or(terms), "(a in [1, 2]) | (b == 3)");
    }

    #[test]
    fn different_paths_stay() {
        assert_unchanged(&EqualitiesToIn, Expr::Or(vec![eq("a", 1), eq("b", 2)]));
    }

    #[test]
    fn conjunctions_stay() {
        assert_unchanged(&EqualitiesToIn, Expr::And(vec![eq("a", 1), eq("a", 2)]));
    }

    #[test]
    fn memberships_join_and_each_value_stands_once() {
        let terms = vec![within(&[1, 2]), eq("a", 3), within(&[2, 4])];
        assert_rewrites(&EqualitiesToIn, Expr::Or(terms), "a in [1, 2, 3, 4]");
        assert_rewrites(&EqualitiesToIn, Expr::Or(vec![eq("a", 1), eq("a", 1)]), "a == 1");
    }

    #[test]
    fn bounds_and_exclusions_stay() {
        let outside = |value| Expr::In { needle: Box::new(Expr::field("a")), values: vec![value], negated: true };
        for other in [gt("a", 5), compare("a", CompareOp::Ne, 2), outside(2.into())] {
            assert_unchanged(&EqualitiesToIn, Expr::Or(vec![eq("a", 1), other.clone()]));
            assert_unchanged(&EqualitiesToIn, Expr::Or(vec![other.clone(), other]));
        }
    }

    #[test]
    fn what_a_list_would_read_otherwise_stays() {
        for value in [pattern(), bson::rawdoc! { "$x": 1 }.into()] {
            assert_unchanged(&EqualitiesToIn, Expr::Or(vec![eq("a", 1), eq("a", value.clone())]));
            let listed = Expr::In { needle: Box::new(Expr::field("a")), values: vec![value], negated: false };
            assert_unchanged(&EqualitiesToIn, Expr::Or(vec![eq("a", 1), listed]));
        }
    }
}
