//! Moves the terms of a `Match` that read no written field below a `Set`: fewer documents are computed on.
//!
//! ```text
//! Set(n=a + 1) . Match(city == "NYC" & n > 3)   =>   Match(city == "NYC") . Set(n=a + 1) . Match(n > 3)
//! ```
//!
//! Never a term that reads the written field, anything in it or anything around it: `Set(a.b=1)` is seen by `a`, by
//! `a.b.c` and by `a.c` (a scalar `a` becomes a document). Never across chance (`$rand`), and never what is opaque, a
//! link or the whole document (`$$ROOT`). Null, missing and arrays: the fields that are read are the same on both
//! sides. A `Set` that fails on a document fails no longer when that document is not asked for; a term that may fail
//! itself stays behind the terms it follows.

use data_bridge_ir::Stage;

use super::{MatchRule, Passing};
use crate::analyze::effects::gives_one_for_one;

pub struct PushMatchBelowSet;

impl MatchRule for PushMatchBelowSet {
    fn name(&self) -> &'static str {
        "push_match_below_set"
    }

    fn passing<'a>(&self, stage: &'a Stage) -> Option<Passing<'a>> {
        let Stage::Set(fields) = stage else { return None };
        gives_one_for_one(stage).then(|| Passing::Around(fields.iter().map(|(path, _)| path.root()).collect()))
    }
}

#[cfg(test)]
mod tests {
    use data_bridge_ir::{Expr, Value};

    use super::*;
    use crate::testing::{assert_passes, assert_stays, call, chance, computed, eq, gt, set};

    fn written() -> Stage {
        set("n", Expr::field("a"))
    }

    #[test]
    fn terms_on_other_fields_move_and_the_rest_stays() {
        let stages = [written(), Stage::Match(Expr::And(vec![eq("n", 1), eq("city", "NYC"), gt("a", 3)]))];
        let after = "Match((city == \"NYC\") & (a > 3)) . Set(n=a) . Match(n == 1)";
        assert_passes(&PushMatchBelowSet, &stages, after);
        let whole = [written(), Stage::Match(Expr::Or(vec![eq("b", 1), eq("c", 1)]))];
        assert_passes(&PushMatchBelowSet, &whole, "Match((b == 1) | (c == 1)) . Set(n=a)");
    }

    #[test]
    fn computed_terms_move_by_the_fields_they_read() {
        let of = |path: &str| computed(call("$size", Expr::field(path)));
        let stages = [written(), Stage::Match(of("a"))];
        assert_passes(&PushMatchBelowSet, &stages, "Match(expr(size(a))) . Set(n=a)");
        assert_stays(&PushMatchBelowSet, &[written(), Stage::Match(of("n.x"))]);
    }

    #[test]
    fn what_is_written_above_or_below_the_path_keeps_it() {
        for read in ["a", "a.b", "a.b.c", "a.0.b", "a.c"] {
            let stages = [set("a.b", Expr::field("x")), Stage::Match(eq(read, 1))];
            assert_stays(&PushMatchBelowSet, &stages);
        }
        assert_stays(&PushMatchBelowSet, &[written(), Stage::Match(eq("n.x", 1))]);
    }

    #[test]
    fn one_side_of_a_disjunction_does_not_move() {
        let stages = [written(), Stage::Match(Expr::Or(vec![eq("n", 1), eq("b", 1)]))];
        assert_stays(&PushMatchBelowSet, &stages);
    }

    #[test]
    fn opaque_terms_and_the_whole_document_stay() {
        let root = computed(call("$isArray", Expr::Variable("ROOT".into())));
        for stays in [Expr::Raw(Value::from(1)), root, computed(chance())] {
            assert_stays(&PushMatchBelowSet, &[written(), Stage::Match(stays)]);
        }
    }

    #[test]
    fn chance_and_opaque_values_are_not_crossed() {
        assert_stays(&PushMatchBelowSet, &[set("n", chance()), Stage::Match(eq("a", 1))]);
        assert_stays(&PushMatchBelowSet, &[set("n", Expr::Raw(1.into())), Stage::Match(eq("a", 1))]);
    }

    #[test]
    fn a_term_that_may_fail_stays_behind_its_guard() {
        let size = computed(call("$size", Expr::field("a")));
        let stages = [written(), Stage::Match(Expr::And(vec![eq("n", 1), size]))];
        assert_stays(&PushMatchBelowSet, &stages);
    }
}
