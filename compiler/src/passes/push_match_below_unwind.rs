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
use data_bridge_ir::expr::root;

use super::{MatchRule, Passing};

pub struct PushMatchBelowUnwind;

impl MatchRule for PushMatchBelowUnwind {
    fn name(&self) -> &'static str {
        "push_match_below_unwind"
    }

    fn passing<'a>(&self, stage: &'a Stage) -> Option<Passing<'a>> {
        let Stage::Unwind { path, index, .. } = stage else { return None };
        Some(Passing::Safely([path.root()].into_iter().chain(index.as_deref().map(root)).collect()))
    }
}

#[cfg(test)]
mod tests {
    use data_bridge_ir::Expr;

    use super::*;
    use crate::testing::{assert_passes, assert_stays, call, chance, computed, eq, gt, linked};

    fn unwind(preserve: bool) -> Stage {
        Stage::Unwind { path: "items.parts".into(), index: Some("at".into()), preserve }
    }

    #[test]
    fn terms_on_other_fields_move_and_the_rest_stays() {
        let predicate = Expr::And(vec![gt("items.price", 3), eq("city", "NYC")]);
        let after = "Match(city == \"NYC\") . Unwind(items.parts, index=at) . Match(items.price > 3)";
        assert_passes(&PushMatchBelowUnwind, &[unwind(false), Stage::Match(predicate)], after);
        let after = "Match(city == \"NYC\") . Unwind(items.parts, index=at, preserve=True)";
        assert_passes(&PushMatchBelowUnwind, &[unwind(true), Stage::Match(eq("city", "NYC"))], after);
    }

    #[test]
    fn the_unwound_field_and_its_index_keep_their_terms() {
        for read in ["items", "items.parts", "items.parts.x", "items.0.parts", "at"] {
            assert_stays(&PushMatchBelowUnwind, &[unwind(false), Stage::Match(eq(read, 1))]);
        }
    }

    #[test]
    fn computed_and_opaque_terms_stay() {
        let size = computed(call("$size", Expr::field("a")));
        assert_stays(&PushMatchBelowUnwind, &[unwind(false), Stage::Match(size)]);
        for stays in [Expr::Raw(1.into()), linked("a", eq("b", 1)), computed(chance())] {
            assert_stays(&PushMatchBelowUnwind, &[unwind(false), Stage::Match(stays)]);
        }
    }
}
