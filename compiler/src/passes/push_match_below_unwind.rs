//! Moves the terms of a `Match` that read neither the unwound field nor its index below an `Unwind`: lists of documents
//! that are not asked for are never taken apart.
//!
//! ```text
//! Unwind(items) . Match(city == "NYC" & items.price > 3)   =>   Match(city == "NYC") . Unwind(items) . Match(items.price > 3)
//! ```
//!
//! Never a term on the unwound field: `items == 5` is met by one element of `[4, 5]` before and by one document of two
//! behind. Never a computed term: it would be computed, and could fail, for documents that the unwinding drops. Never
//! what is opaque or a link. Null, missing and arrays: whether a document is dropped, kept or multiplied depends on the
//! unwound field alone, and every copy has the other fields as they were.

use data_bridge_ir::Stage;

use super::{Rewrite, StageRule, split_match};
use crate::analyze::reads::may_fail;

pub struct PushMatchBelowUnwind;

impl StageRule for PushMatchBelowUnwind {
    fn name(&self) -> &'static str {
        "push_match_below_unwind"
    }

    fn rewrite(&self, stages: &[Stage]) -> Option<Rewrite> {
        let [unwind @ Stage::Unwind { .. }, Stage::Match(predicate), ..] = stages else { return None };
        split_match::around(unwind, predicate, |term| {
            (split_match::is_untouched(unwind, term) && !may_fail(term)).then(|| term.clone())
        })
    }
}

#[cfg(test)]
mod tests {
    use data_bridge_ir::Expr;

    use super::*;
    use crate::testing::{assert_stages_rewrite, assert_stages_unchanged, call, computed, eq, gt};

    fn unwind(preserve: bool) -> Stage {
        Stage::Unwind { path: "items.parts".into(), index: Some("at".into()), preserve }
    }

    #[test]
    fn terms_on_other_fields_move_and_the_rest_stays() {
        let predicate = Expr::And(vec![gt("items.price", 3), eq("city", "NYC")]);
        let after = "Match(city == \"NYC\") . Unwind(items.parts, index=at) . Match(items.price > 3)";
        assert_stages_rewrite(&PushMatchBelowUnwind, &[unwind(false), Stage::Match(predicate)], after);
        let after = "Match(city == \"NYC\") . Unwind(items.parts, index=at, preserve=True)";
        assert_stages_rewrite(&PushMatchBelowUnwind, &[unwind(true), Stage::Match(eq("city", "NYC"))], after);
    }

    #[test]
    fn the_unwound_field_and_its_index_keep_their_terms() {
        for read in ["items", "items.parts", "items.parts.x", "items.0.parts", "at"] {
            assert_stages_unchanged(&PushMatchBelowUnwind, &[unwind(false), Stage::Match(eq(read, 1))]);
        }
    }

    #[test]
    fn computed_and_opaque_terms_stay() {
        let size = computed(call("$size", Expr::field("a")));
        assert_stages_unchanged(&PushMatchBelowUnwind, &[unwind(false), Stage::Match(size)]);
        assert_stages_unchanged(&PushMatchBelowUnwind, &[unwind(false), Stage::Match(Expr::Raw(1.into()))]);
    }
}
