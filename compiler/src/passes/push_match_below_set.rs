//! Moves the terms of a `Match` that read no written field, or only the copy of another one, below a `Set`: fewer
//! documents are computed on, and an index may serve them.
//!
//! ```text
//! Set(n=a + 1) . Match(city == "NYC" & n > 3)   =>   Match(city == "NYC") . Set(n=a + 1) . Match(n > 3)
//! Set(town=city) . Match(town == "NYC")         =>   Match(city == "NYC") . Set(town=city)
//! ```
//!
//! Never a term that reads a field which is computed, anything in it or anything around it: `Set(a.b=1)` is seen by
//! `a`, by `a.b.c` and by `a.c` (a scalar `a` becomes a document). Never a copy of a part: `Set(n=a.b)` gathers a list
//! from the elements of a list `a`. Never across chance (`$rand`), and never what is opaque, a link or the whole
//! document (`$$ROOT`). Null, missing and arrays: the fields that are read are the same on both sides, and the copy of
//! a missing field is missing, whatever stood there. A `Set` that fails on a document fails no longer when that
//! document is not asked for; a term that may fail itself stays behind the terms it follows.

use data_bridge_ir::{Expr, Path, Stage};

use super::{MatchRule, Passing};
use crate::analyze::effects::gives_one_for_one;

pub struct PushMatchBelowSet;

impl MatchRule for PushMatchBelowSet {
    fn name(&self) -> &'static str {
        "push_match_below_set"
    }

    fn passing<'a>(&self, stage: &'a Stage) -> Option<Passing<'a>> {
        let Stage::Set(fields) = stage else { return None };
        let written = |(path, value): &'a (Path, Expr)| (path.root(), copied(path, value));
        gives_one_for_one(stage).then(|| Passing::Renamed(fields.iter().map(written).collect()))
    }
}

/// The top-level field that the whole of a written one is a copy of.
fn copied<'a>(path: &Path, value: &'a Expr) -> Option<&'a str> {
    let Expr::Field(from) = value else { return None };
    let is_top_level = |path: &Path| !path.as_str().is_empty() && !path.as_str().contains('.');
    (is_top_level(path) && is_top_level(from)).then(|| from.as_str())
}

#[cfg(test)]
mod tests {
    use data_bridge_ir::Value;

    use super::*;
    use crate::testing::{assert_passes, assert_stays, call, chance, computed, eq, gt, linked, set};

    fn written() -> Stage {
        set("n", call("$abs", Expr::field("a")))
    }

    #[test]
    fn terms_on_other_fields_move_and_the_rest_stays() {
        let stages = [written(), Stage::Match(Expr::And(vec![eq("n", 1), eq("city", "NYC"), gt("a", 3)]))];
        let after = "Match((city == \"NYC\") & (a > 3)) . Set(n=abs(a)) . Match(n == 1)";
        assert_passes(&PushMatchBelowSet, &stages, after);
        let whole = [written(), Stage::Match(Expr::Or(vec![eq("b", 1), eq("c", 1)]))];
        assert_passes(&PushMatchBelowSet, &whole, "Match((b == 1) | (c == 1)) . Set(n=abs(a))");
    }

    #[test]
    fn computed_terms_move_by_the_fields_they_read() {
        let of = |path: &str| computed(call("$size", Expr::field(path)));
        let stages = [written(), Stage::Match(of("a"))];
        assert_passes(&PushMatchBelowSet, &stages, "Match(expr(size(a))) . Set(n=abs(a))");
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
    fn copies_are_asked_by_their_stored_names() {
        let stages = [set("n", Expr::field("a")), Stage::Match(Expr::And(vec![eq("n.x", 1), gt("a", 3)]))];
        assert_passes(&PushMatchBelowSet, &stages, "Match((a.x == 1) & (a > 3)) . Set(n=a)");
        let swapped = Stage::Set(vec![("a".into(), Expr::field("b")), ("b".into(), Expr::field("a"))]);
        let stages = [swapped, Stage::Match(Expr::Or(vec![eq("a", 1), eq("b", 2)]))];
        assert_passes(&PushMatchBelowSet, &stages, "Match((b == 1) | (a == 2)) . Set(a=b, b=a)");
        let twice = [set("n", Expr::field("a")), set("m", Expr::field("n")), Stage::Match(eq("m", 1))];
        assert_passes(&PushMatchBelowSet, &twice, "Match(a == 1) . Set(n=a) . Set(m=n)");
    }

    #[test]
    fn copies_of_parts_and_into_parts_keep_their_terms() {
        for (to, from) in [("n", "a.b"), ("n", ""), ("n.x", "a"), ("n.x", "a.b")] {
            assert_stays(&PushMatchBelowSet, &[set(to, Expr::field(from)), Stage::Match(eq("n.x", 1))]);
        }
        let beside = Stage::Set(vec![("n".into(), Expr::field("a")), ("m".into(), Expr::field("a.b"))]);
        let stages = [beside, Stage::Match(Expr::Or(vec![eq("n", 1), eq("m", 1)]))];
        assert_stays(&PushMatchBelowSet, &stages);
    }

    #[test]
    fn one_side_of_a_disjunction_does_not_move() {
        let stages = [written(), Stage::Match(Expr::Or(vec![eq("n", 1), eq("b", 1)]))];
        assert_stays(&PushMatchBelowSet, &stages);
    }

    #[test]
    fn opaque_terms_and_the_whole_document_stay() {
        let root = computed(call("$isArray", Expr::Variable("ROOT".into())));
        for stays in [Expr::Raw(Value::from(1)), root, computed(chance()), linked("a", eq("b", 1))] {
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
