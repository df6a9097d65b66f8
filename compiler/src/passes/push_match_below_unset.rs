//! Moves the terms of a `Match` that read no dropped field below an `Unset`: an index may serve them.
//!
//! ```text
//! Unset(note) . Match(city == "NYC")   =>   Match(city == "NYC") . Unset(note)
//! ```
//!
//! Never a term that reads the dropped field, anything in it or anything around it: behind `Unset(a.b)` the field `a` is
//! another document. Never what is opaque, a link or the whole document (`$$ROOT`). Null, missing and arrays: the fields
//! that are read are the same on both sides.

use data_bridge_ir::Stage;

use super::{Rewrite, StageRule, split_match};

pub struct PushMatchBelowUnset;

impl StageRule for PushMatchBelowUnset {
    fn name(&self) -> &'static str {
        "push_match_below_unset"
    }

    fn rewrite(&self, stages: &[Stage]) -> Option<Rewrite> {
        match stages {
            [unset @ Stage::Unset(_), Stage::Match(predicate), ..] => split_match::around_untouched(unset, predicate),
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use data_bridge_ir::Expr;

    use super::*;
    use crate::testing::{assert_stages_rewrite, assert_stages_unchanged, eq};

    fn unset(path: &str) -> Stage {
        Stage::Unset(vec![path.into()])
    }

    #[test]
    fn terms_on_other_fields_move_and_the_rest_stays() {
        let stages = [unset("note"), Stage::Match(Expr::And(vec![eq("city", "NYC"), eq("note.x", 1)]))];
        let after = "Match(city == \"NYC\") . Unset(note) . Match(note.x == 1)";
        assert_stages_rewrite(&PushMatchBelowUnset, &stages, after);
    }

    #[test]
    fn what_is_dropped_above_or_below_the_path_keeps_it() {
        for read in ["a", "a.b", "a.b.c", "a.0.b"] {
            assert_stages_unchanged(&PushMatchBelowUnset, &[unset("a.b"), Stage::Match(eq(read, 1))]);
        }
    }

    #[test]
    fn opaque_terms_stay() {
        assert_stages_unchanged(&PushMatchBelowUnset, &[unset("a"), Stage::Match(Expr::Raw(1.into()))]);
    }
}
