//! Moves what all outputs of a `Facet` ask of their first documents before it: an index may serve it.
//!
//! ```text
//! Facet(n=[Match(a == 1) . Count(n)], top=[Match(a == 1 & b == 2)])
//!     =>   Match(a == 1) . Facet(n=[Count(n)], top=[Match(b == 2)])
//! ```
//!
//! Never what one output does not ask: it takes all documents. Never a term that may fail, which an earlier one may
//! guard, nor what is opaque, a link or chance. Null, missing and arrays: every output takes the same documents, and the
//! terms decide for each by itself.

use data_bridge_ir::{Expr, Stage};

use super::flatten_boolean::joined;
use super::{Rewrite, StageRule};
use crate::analyze::reads::{may_fail, movable};

pub struct PushMatchBeforeFacet;

impl StageRule for PushMatchBeforeFacet {
    fn name(&self) -> &'static str {
        "push_match_before_facet"
    }

    fn rewrite(&self, stages: &[Stage]) -> Option<Rewrite> {
        let [Stage::Facet(outputs), ..] = stages else { return None };
        let asked: Vec<&[Expr]> = outputs.iter().map(|(_, stages)| first_terms(stages)).collect::<Option<_>>()?;
        let (first, others) = asked.split_first()?;
        let moves = |term: &&Expr| {
            movable(term).is_some() && !may_fail(term) && others.iter().all(|terms| terms.contains(term))
        };
        let common: Vec<Expr> = first.iter().filter(moves).cloned().collect();
        if common.is_empty() {
            return None;
        }
        let outputs = outputs.iter().map(|(name, stages)| (name.clone(), without(stages, &common))).collect();
        Some(Rewrite::replace(1, vec![Stage::Match(joined(common, Expr::And)), Stage::Facet(outputs)]))
    }
}

/// What the first stage asks of documents, where it asks anything.
fn first_terms(stages: &[Stage]) -> Option<&[Expr]> {
    match stages.first()? {
        Stage::Match(Expr::And(terms)) => Some(terms),
        Stage::Match(predicate) => Some(std::slice::from_ref(predicate)),
        _ => None,
    }
}

fn without(stages: &[Stage], common: &[Expr]) -> Vec<Stage> {
    let terms = first_terms(stages).unwrap_or_default();
    let left: Vec<_> = terms.iter().filter(|term| !common.contains(term)).cloned().collect();
    let matching = (!left.is_empty()).then(|| Stage::Match(joined(left, Expr::And)));
    matching.into_iter().chain(stages.iter().skip(1).cloned()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{assert_stages_rewrite, assert_stages_unchanged, call, chance, computed, eq, facet, linked};

    #[test]
    fn what_all_ask_moves() {
        let both = Stage::Match(Expr::And(vec![eq("b", 2), eq("a", 1)]));
        let stages = [facet(vec![vec![Stage::Match(eq("a", 1)), Stage::Count("n".into())], vec![both]])];
        let after = "Match(a == 1) . Facet(f0=[Count(n)], f1=[Match(b == 2)])";
        assert_stages_rewrite(&PushMatchBeforeFacet, &stages, after);
        let all = [facet(vec![vec![Stage::Match(eq("a", 1))]; 2])];
        assert_stages_rewrite(&PushMatchBeforeFacet, &all, "Match(a == 1) . Facet(f0=[], f1=[])");
    }

    #[test]
    fn what_one_does_not_ask_stays() {
        let matching = || vec![Stage::Match(eq("a", 1))];
        assert_stages_unchanged(&PushMatchBeforeFacet, &[facet(vec![matching(), vec![]])]);
        assert_stages_unchanged(&PushMatchBeforeFacet, &[facet(vec![matching(), vec![Stage::Match(eq("a", 2))]])]);
        let later = vec![Stage::Limit(1), Stage::Match(eq("a", 1))];
        assert_stages_unchanged(&PushMatchBeforeFacet, &[facet(vec![matching(), later])]);
    }

    #[test]
    fn what_may_fail_or_is_opaque_stays() {
        let others = [computed(chance()), linked("a", eq("b", 1))];
        for stays in [computed(call("$size", Expr::field("a"))), Expr::Raw(1.into())].into_iter().chain(others) {
            assert_stages_unchanged(&PushMatchBeforeFacet, &[facet(vec![vec![Stage::Match(stays)]])]);
        }
    }
}
