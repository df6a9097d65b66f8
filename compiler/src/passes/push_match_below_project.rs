//! Moves the terms of a `Match` below a `Project` that keeps all they read as it is, be it under another name: an index
//! may serve them.
//!
//! ```text
//! Project(city, n=a + 1) . Match(city == "NYC" & n > 3)   =>   Match(city == "NYC") . Project(city, n=a + 1) . Match(n > 3)
//! Project(town=city) . Match(town == "NYC")               =>   Match(city == "NYC") . Project(town=city)
//! Project(not note) . Match(city == "NYC")                =>   Match(city == "NYC") . Project(not note)
//! ```
//!
//! Never a term on a field that the projection drops, computes or keeps only a part of: behind `Project(a)` the field
//! `b` is missing, `Project(a.b)` drops a scalar `a`, and `n=a.b` gathers a list from the elements of a list `a`. The
//! id counts as kept unless it is named. Never across chance (`$rand`), and never what is opaque, a link or the whole
//! document (`$$ROOT`). Null, missing and arrays: a field that is kept whole is the same on both sides. A projection
//! that fails on a document fails no longer when that document is not asked for; a term that may fail itself stays
//! behind the terms it follows.

use data_bridge_ir::stage::Projected;
use data_bridge_ir::{Expr, Path, Stage};

use super::{MatchRule, Passing};
use crate::analyze::effects::{gives_one_for_one, is_exclusion};

pub struct PushMatchBelowProject;

impl MatchRule for PushMatchBelowProject {
    fn name(&self) -> &'static str {
        "push_match_below_project"
    }

    fn passing<'a>(&self, stage: &'a Stage) -> Option<Passing<'a>> {
        let Stage::Project(fields) = stage else { return None };
        if !gives_one_for_one(stage) {
            return None;
        }
        Some(match is_exclusion(fields) {
            true => Passing::Around(fields.iter().map(|(path, _)| path.root()).collect()),
            false => Passing::named(stage, |root| renamed(fields, root)),
        })
    }
}

/// The top-level field that is kept under this name.
fn renamed<'a>(fields: &'a [(Path, Projected)], root: &str) -> Option<&'a str> {
    let mut named = fields.iter().filter(|(path, _)| path.root() == root);
    match (named.next(), named.next()) {
        (Some((path, Projected::Computed(Expr::Field(from)))), None) if path.as_str() == root => {
            let whole = !from.as_str().is_empty() && from.root() == from.as_str();
            whole.then(|| from.as_str())
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{assert_passes, assert_stays, call, chance, computed, eq, exclude, gt, include, linked};

    fn unchanged(project: Stage, predicate: Expr) {
        assert_stays(&PushMatchBelowProject, &[project, Stage::Match(predicate)]);
    }

    fn computing(path: &str, value: Expr) -> Stage {
        Stage::Project(vec![("city".into(), Projected::Include), (path.into(), Projected::Computed(value))])
    }

    #[test]
    fn terms_on_kept_fields_move_and_the_rest_stays() {
        let stages = [computing("n", Expr::field("a.b")), Stage::Match(Expr::And(vec![eq("city.x", 1), gt("n", 3)]))];
        let after = "Match(city.x == 1) . Project(city, n=a.b) . Match(n > 3)";
        assert_passes(&PushMatchBelowProject, &stages, after);
        let stages = [exclude(&["note"]), Stage::Match(eq("city", "NYC"))];
        assert_passes(&PushMatchBelowProject, &stages, "Match(city == \"NYC\") . Project(not note)");
    }

    #[test]
    fn renamed_fields_are_asked_by_their_stored_names() {
        let swapped = [("a", "b"), ("b", "a")].map(|(to, from)| (to.into(), Projected::Computed(Expr::field(from))));
        let any = Expr::ElemMatch { field: "b".into(), predicate: Box::new(eq("a", 1)) };
        let stages = [Stage::Project(swapped.to_vec()), Stage::Match(Expr::And(vec![eq("a.x", 1), any]))];
        let after = "Match((b.x == 1) & a.any(a == 1)) . Project(a=b, b=a)";
        assert_passes(&PushMatchBelowProject, &stages, after);
    }

    #[test]
    fn the_id_is_kept_unless_it_is_named() {
        let stages = [include(&["a"]), Stage::Match(eq("_id", 1))];
        assert_passes(&PushMatchBelowProject, &stages, "Match(_id == 1) . Project(a)");
        unchanged(exclude(&["_id"]), eq("_id", 1));
        unchanged(include(&["_id.x"]), eq("_id.x", 1));
        unchanged(computing("_id", Expr::field("a.b")), eq("_id", 1));
    }

    #[test]
    fn fields_that_are_dropped_computed_or_cut_keep_their_terms() {
        unchanged(include(&["a"]), eq("b", 1));
        unchanged(include(&["a.b"]), eq("a.b", 1));
        unchanged(exclude(&["a.b"]), eq("a", 1));
        unchanged(computing("a.n", Expr::field("b")), eq("a", 1));
        unchanged(computing("n", Expr::field("a")), eq("a", 1));
        unchanged(computing("n", Expr::field("a.b")), eq("n", 1));
        unchanged(computing("n.x", Expr::field("a")), eq("n.x", 1));
        unchanged(computing("n", Expr::field("")), eq("n", 1));
        let beside = vec![("n".into(), Projected::Computed(Expr::field("a"))), ("n.x".into(), Projected::Include)];
        unchanged(Stage::Project(beside), eq("n.x", 1));
    }

    #[test]
    fn chance_is_not_crossed_and_opaque_terms_stay() {
        unchanged(computing("n", chance()), eq("city", 1));
        let root = computed(call("$isArray", Expr::Variable("ROOT".into())));
        for stays in [Expr::Raw(1.into()), root, linked("a", eq("b", 1)), computed(chance())] {
            unchanged(include(&["a"]), stays.clone());
            unchanged(exclude(&["b"]), stays);
        }
    }

    #[test]
    fn a_term_that_may_fail_stays_behind_its_guard() {
        unchanged(include(&["a"]), Expr::And(vec![eq("b", 1), computed(call("$size", Expr::field("a")))]));
    }
}
