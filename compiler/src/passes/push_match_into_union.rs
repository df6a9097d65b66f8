//! Moves a `Match` below a `UnionWith`, and into it: indexes of both collections may serve it.
//!
//! ```text
//! UnionWith(old, [p]) . Match(year > 2000)   =>   Match(year > 2000) . UnionWith(old, [p . Match(year > 2000)])
//! ```
//!
//! Never across chance (`$rand`), and never what is opaque, a link or the whole document (`$$ROOT`). Null, missing and
//! arrays: a union gives the documents of both sides as they are, and the match decides for each by itself.

use data_bridge_ir::stage::UnionWith;
use data_bridge_ir::{Expr, Stage};

use super::flatten_boolean::joined;
use super::{Rewrite, StageRule};
use crate::analyze::reads::movable;

pub struct PushMatchIntoUnion;

impl StageRule for PushMatchIntoUnion {
    fn name(&self) -> &'static str {
        "push_match_into_union"
    }

    fn rewrite(&self, stages: &[Stage]) -> Option<Rewrite> {
        let [Stage::UnionWith(union), Stage::Match(predicate), ..] = stages else { return None };
        let terms = if let Expr::And(terms) = predicate { terms.as_slice() } else { std::slice::from_ref(predicate) };
        // Of the terms behind one that stays, those that may fail could be guarded by it: so all before it, or none.
        let moved = terms.iter().position(|term| movable(term).is_none()).unwrap_or(terms.len());
        if moved == 0 {
            return None;
        }
        let (moved, left) = terms.split_at(moved);
        let matching = Stage::Match(joined(moved.to_vec(), Expr::And));
        let pipeline = union.pipeline.iter().cloned().chain([matching.clone()]).collect();
        let union = Stage::UnionWith(UnionWith { pipeline, ..union.clone() });
        let left = (!left.is_empty()).then(|| Stage::Match(joined(left.to_vec(), Expr::And)));
        Some(Rewrite::Replace(2, [matching, union].into_iter().chain(left).collect()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{assert_stages_rewrite, assert_stages_unchanged, chance, computed, eq, union};

    #[test]
    fn moves_to_both_sides() {
        let after = "Match(a == 1) . UnionWith(others, [Limit(3) . Match(a == 1)])";
        assert_stages_rewrite(&PushMatchIntoUnion, &[union(vec![Stage::Limit(3)]), Stage::Match(eq("a", 1))], after);
    }

    #[test]
    fn what_stays_keeps_what_is_behind_it() {
        let terms = vec![eq("a", 1), computed(chance()), eq("b", 2)];
        let after = "Match(a == 1) . UnionWith(others, [Match(a == 1)]) . Match(expr(rand()) & (b == 2))";
        assert_stages_rewrite(&PushMatchIntoUnion, &[union(vec![]), Stage::Match(Expr::And(terms))], after);
    }

    #[test]
    fn chance_and_opaque_predicates_stay() {
        for stays in [computed(chance()), Expr::Raw(1.into())] {
            assert_stages_unchanged(&PushMatchIntoUnion, &[union(vec![]), Stage::Match(stays)]);
        }
    }

    #[test]
    fn nothing_moves_across_a_limit_of_both() {
        assert_stages_unchanged(&PushMatchIntoUnion, &[union(vec![]), Stage::Limit(3), Stage::Match(eq("a", 1))]);
    }
}
