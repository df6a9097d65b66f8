//! Gathers what one path may not be into one test.
//!
//! ```text
//! a != 1 & a not in [2, 3]   =>   a not in [1, 2, 3]
//! ```
//!
//! Never in a disjunction, where one of the two is enough. Never for regexes, nor for documents that begin like an
//! operator, which the server refuses in a list. Null, missing and arrays: `$nin` is the complement of `$in`,
//! so it holds where every one of the exclusions does.

use data_bridge_ir::expr::CompareOp;
use data_bridge_ir::{Expr, Path, Value};

use super::flatten_boolean::joined;
use super::values::{is_listable, membership};
use super::{Nodes, PredicateRule};
use crate::facts::Facts;
use crate::hashing::{IndexMap, IndexSet};

pub struct MergeExclusions;

impl PredicateRule for MergeExclusions {
    fn name(&self) -> &'static str {
        "merge_exclusions"
    }

    fn concerns(&self) -> Nodes {
        Nodes::AND
    }

    fn rewrite(&self, predicate: &Expr, _facts: &Facts) -> Option<Expr> {
        let Expr::And(terms) = predicate else { return None };
        // With fewer than two there is nothing to merge.
        terms.iter().filter_map(exclusion).nth(1)?;
        // Each path keeps the place of its first term.
        let mut by_path: IndexMap<&Path, (usize, IndexSet<&Value>)> = IndexMap::default();
        let mut merged: Vec<Option<Expr>> = Vec::with_capacity(terms.len());
        for term in terms {
            let Some((path, values)) = exclusion(term) else {
                merged.push(Some(term.clone()));
                continue;
            };
            let (_, known) = by_path.entry(path).or_insert_with(|| {
                merged.push(None);
                (merged.len() - 1, IndexSet::default())
            });
            known.extend(values);
        }
        if merged.len() == terms.len() {
            return None;
        }
        for (path, (place, values)) in by_path {
            merged[place] = Some(membership(path, values.into_iter().cloned().collect(), true));
        }
        Some(joined(merged.into_iter().flatten().collect(), Expr::And))
    }
}

fn exclusion(term: &Expr) -> Option<(&Path, &[Value])> {
    let (path, values) = match term {
        Expr::In { needle, values, negated: true } => match &**needle {
            Expr::Field(path) => (path, values.as_slice()),
            _ => return None,
        },
        _ => match term.as_field_compare()? {
            (CompareOp::Ne, path, value) => (path, std::slice::from_ref(value)),
            _ => return None,
        },
    };
    values.iter().all(is_listable).then_some((path, values))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{assert_rewrites, assert_unchanged, compare, eq, gt, pattern};

    fn ne(path: &str, value: i32) -> Expr {
        compare(path, CompareOp::Ne, value)
    }

    #[test]
    fn exclusions_of_one_path_are_one() {
        let terms = vec![ne("a", 1), ne("b", 1), ne("a", 2), ne("a", 1)];
        assert_rewrites(&MergeExclusions, Expr::And(terms), "(a not in [1, 2]) & (b != 1)");
    }

    #[test]
    fn what_a_list_would_read_otherwise_stays() {
        for value in [pattern(), bson::rawdoc! { "$x": 1 }.into()] {
            let differs = compare("a", CompareOp::Ne, value.clone());
            assert_unchanged(&MergeExclusions, Expr::And(vec![ne("a", 1), differs]));
            let outside = Expr::In { needle: Box::new(Expr::field("a")), values: vec![value], negated: true };
            assert_unchanged(&MergeExclusions, Expr::And(vec![ne("a", 1), outside]));
        }
    }

    #[test]
    fn other_tests_stay() {
        let within = |values: &[i32]| {
            let values = values.iter().map(|value| (*value).into()).collect();
            Expr::In { needle: Box::new(Expr::field("a")), values, negated: false }
        };
        for other in [eq("a", 2), gt("a", 2), within(&[2, 3])] {
            assert_unchanged(&MergeExclusions, Expr::And(vec![ne("a", 1), other]));
        }
    }

    #[test]
    fn paths_and_disjunctions_stay_apart() {
        assert_unchanged(&MergeExclusions, Expr::And(vec![ne("a", 1), ne("a.b", 1)]));
        assert_unchanged(&MergeExclusions, Expr::Or(vec![ne("a", 1), ne("a", 2)]));
    }
}
