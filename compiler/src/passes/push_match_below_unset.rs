//! Moves the terms of a `Match` that read no dropped field below an `Unset`: an index may serve them.
//!
//! ```text
//! Unset(note) . Match(city == "NYC")   =>   Match(city == "NYC") . Unset(note)
//! ```
//!
//! Never a term that reads the dropped field, anything in it or anything around it: behind `Unset(a.b)` the field `a` is
//! another document. Never what is opaque, a link or the whole document (`$$ROOT`). Null, missing and arrays: the fields
//! that are read are the same on both sides.

use data_bridge_ir::{Path, Stage};

use super::{MatchRule, Passing};

pub struct PushMatchBelowUnset;

impl MatchRule for PushMatchBelowUnset {
    fn name(&self) -> &'static str {
        "push_match_below_unset"
    }

    fn passing<'a>(&self, stage: &'a Stage) -> Option<Passing<'a>> {
        let Stage::Unset(paths) = stage else { return None };
        Some(Passing::Around(paths.iter().map(Path::root).collect()))
    }
}

#[cfg(test)]
mod tests {
    use data_bridge_ir::Expr;

    use super::*;
    use crate::testing::{assert_passes, assert_stays, call, chance, computed, eq, linked};

    fn unset(path: &str) -> Stage {
        Stage::Unset(vec![path.into()])
    }

    #[test]
    fn terms_on_other_fields_move_and_the_rest_stays() {
        let stages = [unset("note"), Stage::Match(Expr::And(vec![eq("city", "NYC"), eq("note.x", 1)]))];
        let after = "Match(city == \"NYC\") . Unset(note) . Match(note.x == 1)";
        assert_passes(&PushMatchBelowUnset, &stages, after);
    }

    #[test]
    fn what_is_dropped_above_or_below_the_path_keeps_it() {
        for read in ["a", "a.b", "a.b.c", "a.0.b"] {
            assert_stays(&PushMatchBelowUnset, &[unset("a.b"), Stage::Match(eq(read, 1))]);
        }
    }

    #[test]
    fn opaque_terms_stay() {
        let root = computed(call("$isArray", Expr::Variable("ROOT".into())));
        for stays in [Expr::Raw(1.into()), root, linked("b", eq("c", 1)), computed(chance())] {
            assert_stays(&PushMatchBelowUnset, &[unset("a"), Stage::Match(stays)]);
        }
    }
}
