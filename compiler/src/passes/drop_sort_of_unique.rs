//! Drops a `Sort` of the one document that has a unique value.
//!
//! ```text
//! Match(email == "a@b.c") . Sort(-age)   =>   Match(email == "a@b.c")
//! ```
//!
//! Needs the fact that no two documents hold the same value at the path: a unique index that leaves none out. Never for
//! null, which is met by every missing field in some list, nor for a list or a regular expression. Arrays: an index on
//! lists keeps each element in one document. A query with a collation of its own may find texts equal which the index
//! tells apart, and relies on nothing.

use bson::RawBson;
use data_bridge_ir::expr::CompareOp;
use data_bridge_ir::plan::Read;
use data_bridge_ir::{Expr, Stage};

use super::ReadRule;
use crate::analyze::effects::{gives_one_for_one, keeps_stored};
use crate::facts::Facts;

pub struct DropSortOfUnique;

impl ReadRule for DropSortOfUnique {
    fn name(&self) -> &'static str {
        "drop_sort_of_unique"
    }

    fn rewrite(&self, read: &Read, facts: &Facts) -> Option<Vec<Stage>> {
        let [Stage::Match(predicate), behind @ ..] = read.stages.as_slice() else { return None };
        let one = |stage: &Stage| keeps_stored(stage) || gives_one_for_one(stage);
        let alone = behind.iter().position(|stage| !one(stage)).unwrap_or(behind.len());
        let is_sort = |stage: &Stage| matches!(stage, Stage::Sort(_));
        if !behind[..alone].iter().any(is_sort) || !selects_one(predicate, facts) {
            return None;
        }
        let kept = behind.iter().enumerate().filter(|(place, stage)| *place >= alone || !is_sort(stage));
        Some(std::iter::once(&read.stages[0]).chain(kept.map(|(_, stage)| stage)).cloned().collect())
    }
}

/// Whether one document at most meets the predicate.
fn selects_one(predicate: &Expr, facts: &Facts) -> bool {
    let terms = if let Expr::And(terms) = predicate { terms.as_slice() } else { std::slice::from_ref(predicate) };
    terms.iter().any(|term| match term.as_field_compare() {
        Some((CompareOp::Eq, path, value)) => {
            let apart = !matches!(value.0, RawBson::Null | RawBson::Array(_) | RawBson::RegularExpression(_));
            apart && facts.is_unique(path)
        }
        _ => false,
    })
}

#[cfg(test)]
mod tests {
    use data_bridge_ir::Value;
    use data_bridge_ir::plan::Terminal;

    use super::*;
    use crate::testing::{compare, eq, generic, group, known, known_under_collation, null, pattern};
    use crate::testing::{print, read, set, sort, union, unwind};

    fn rewritten(stages: &[Stage], facts: Facts) -> Option<String> {
        DropSortOfUnique.rewrite(&read(stages.to_vec(), Terminal::Find), &facts).map(|stages| print(&stages))
    }

    #[test]
    fn one_document_has_no_order() {
        let stages = [Stage::Match(Expr::And(vec![eq("a", 1), eq("email", "x")])), sort("b"), Stage::Limit(3)];
        assert_eq!(rewritten(&stages, known()).unwrap(), "Match((a == 1) & (email == \"x\")) . Limit(3)");
    }

    #[test]
    fn without_the_fact_there_may_be_several() {
        assert_eq!(rewritten(&[Stage::Match(eq("email", "x")), sort("b")], Facts::none()), None);
        assert_eq!(rewritten(&[Stage::Match(eq("age", 1)), sort("b")], known()), None);
        assert_eq!(rewritten(&[Stage::Match(eq("email", "x")), sort("b")], known_under_collation()), None);
    }

    #[test]
    fn null_lists_patterns_and_ranges_may_meet_several() {
        let null = eq("email", null());
        let list = eq("email", Value(RawBson::Array(bson::RawArrayBuf::new())));
        let beyond = compare("email", CompareOp::Gt, "x");
        let either = Expr::Or(vec![eq("email", "x"), eq("age", 1)]);
        for predicate in [null, list, eq("email", pattern()), beyond, either] {
            assert_eq!(rewritten(&[Stage::Match(predicate), sort("b")], known()), None);
        }
    }

    #[test]
    fn what_multiplies_the_document_keeps_an_order_behind_it() {
        let others = [unwind("tags"), union(vec![]), group("a", "b"), generic(), Stage::Raw(1.into())];
        for stage in others {
            let stages = [Stage::Match(eq("email", "x")), stage, sort("tags")];
            assert_eq!(rewritten(&stages, known()), None);
        }
        let twice = [Stage::Match(eq("email", "x")), sort("age"), unwind("tags"), sort("tags")];
        let after = "Match(email == \"x\") . Unwind(tags) . Sort(-tags)";
        assert_eq!(rewritten(&twice, known()).unwrap(), after);
        let changed = [Stage::Match(eq("email", "x")), set("n", Expr::field("a")), sort("n")];
        assert_eq!(rewritten(&changed, known()).unwrap(), "Match(email == \"x\") . Set(n=a)");
    }

    #[test]
    fn what_has_no_order_stays() {
        assert_eq!(rewritten(&[Stage::Match(eq("email", "x")), Stage::Limit(3)], known()), None);
    }
}
