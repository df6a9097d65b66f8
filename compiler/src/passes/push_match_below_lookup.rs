//! Moves the terms of a `Match` that do not read what is joined below a `Lookup`: fewer documents are joined.
//!
//! ```text
//! Lookup(authors -> author) . Match(year > 2000 & author.name == "A")
//!     =>   Match(year > 2000) . Lookup(authors -> author) . Match(author.name == "A")
//! ```
//!
//! Never a term on the joined field or anything around it: with `Lookup(... -> a.b)` it keeps every term on `a`. Never
//! across a join that depends on chance or on an opaque stage, and never what is opaque itself or follows a link. Null,
//! missing and arrays: a join gives every document back, and its other fields as they were. A join that fails on a
//! document fails no longer when that document is not asked for; a term that may fail itself stays behind the terms it
//! follows.

use data_bridge_ir::Stage;
use data_bridge_ir::expr::root;

use super::{MatchRule, Passing};
use crate::analyze::effects::gives_one_for_one;

pub struct PushMatchBelowLookup;

impl MatchRule for PushMatchBelowLookup {
    fn name(&self) -> &'static str {
        "push_match_below_lookup"
    }

    fn passing<'a>(&self, stage: &'a Stage) -> Option<Passing<'a>> {
        let Stage::Lookup(join) = stage else { return None };
        gives_one_for_one(stage).then(|| Passing::Around(vec![root(&join.output)]))
    }
}

#[cfg(test)]
mod tests {
    use data_bridge_ir::Expr;

    use super::*;
    use crate::testing::{assert_passes, assert_stays, call, chance, computed, eq, gt, linked, lookup};

    #[test]
    fn terms_on_other_fields_move_and_the_rest_stays() {
        let predicate = Expr::And(vec![eq("author.name", "A"), gt("own", 3), gt("year", 3)]);
        let after =
            "Match((own > 3) & (year > 3)) . Lookup(others -> author, own == other) . Match(author.name == \"A\")";
        assert_passes(&PushMatchBelowLookup, &[lookup("author"), Stage::Match(predicate)], after);
    }

    #[test]
    fn what_is_joined_keeps_its_terms() {
        for read in ["a", "a.b", "a.b.c", "a.x"] {
            assert_stays(&PushMatchBelowLookup, &[lookup("a.b"), Stage::Match(eq(read, 1))]);
        }
    }

    #[test]
    fn an_opaque_join_is_not_crossed_and_opaque_terms_stay() {
        let Stage::Lookup(mut join) = lookup("a") else { unreachable!("made as one") };
        join.pipeline = Some(vec![Stage::Raw(1.into())]);
        assert_stays(&PushMatchBelowLookup, &[Stage::Lookup(join), Stage::Match(eq("b", 1))]);
        let Stage::Lookup(mut join) = lookup("a") else { unreachable!("made as one") };
        join.variables = vec![("v".into(), chance())];
        assert_stays(&PushMatchBelowLookup, &[Stage::Lookup(join), Stage::Match(eq("b", 1))]);
        for stays in [Expr::Raw(1.into()), linked("b", eq("c", 1)), computed(chance())] {
            assert_stays(&PushMatchBelowLookup, &[lookup("a"), Stage::Match(stays)]);
        }
    }

    #[test]
    fn a_term_that_may_fail_stays_behind_its_guard() {
        let size = computed(call("$size", Expr::field("b")));
        assert_stays(&PushMatchBelowLookup, &[lookup("a"), Stage::Match(Expr::And(vec![eq("a", 1), size]))]);
    }

    #[test]
    fn an_unwind_between_is_not_crossed() {
        let unwind = Stage::Unwind { path: "a".into(), index: None, preserve: false };
        assert_stays(&PushMatchBelowLookup, &[lookup("a"), unwind, Stage::Match(eq("b", 1))]);
    }
}
