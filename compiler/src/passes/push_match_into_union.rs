//! Moves a `Match` below a `UnionWith`, and into it: indexes of both collections may serve it.
//!
//! ```text
//! UnionWith(old, [p]) . Match(year > 2000)   =>   Match(year > 2000) . UnionWith(old, [p . Match(year > 2000)])
//! ```
//!
//! Never across chance (`$rand`), and never what is opaque, a link or the whole document (`$$ROOT`). Never where so many
//! terms would be copied into so many unions that the plan grows out of proportion. Null, missing and
//! arrays: a union gives the documents of both sides as they are, and the match decides for each by itself.

use data_bridge_ir::Stage;

use super::{MatchRule, Passing};

pub struct PushMatchIntoUnion;

impl MatchRule for PushMatchIntoUnion {
    fn name(&self) -> &'static str {
        "push_match_into_union"
    }

    fn passing<'a>(&self, stage: &'a Stage) -> Option<Passing<'a>> {
        matches!(stage, Stage::UnionWith(_)).then_some(Passing::Copied)
    }
}

#[cfg(test)]
mod tests {
    use data_bridge_ir::Expr;

    use super::*;
    use crate::testing::{assert_passes, assert_stays, call, chance, computed, eq, linked, print, union};

    #[test]
    fn moves_to_both_sides() {
        let after = "Match(a == 1) . UnionWith(others, [Limit(3) . Match(a == 1)])";
        assert_passes(&PushMatchIntoUnion, &[union(vec![Stage::Limit(3)]), Stage::Match(eq("a", 1))], after);
    }

    #[test]
    fn what_may_fail_stays_behind_what_stays() {
        let terms = vec![eq("a", 1), computed(chance()), eq("b", 2), computed(call("$size", Expr::field("c")))];
        let moved = "(a == 1) & (b == 2)";
        let after =
            format!("Match({moved}) . UnionWith(others, [Match({moved})]) . Match(expr(rand()) & expr(size(c)))");
        assert_passes(&PushMatchIntoUnion, &[union(vec![]), Stage::Match(Expr::And(terms))], &after);
    }

    #[test]
    fn chance_and_opaque_predicates_stay() {
        let root = computed(call("$isArray", Expr::Variable("ROOT".into())));
        for stays in [computed(chance()), Expr::Raw(1.into()), root, linked("a", eq("b", 1))] {
            assert_stays(&PushMatchIntoUnion, &[union(vec![]), Stage::Match(stays)]);
        }
    }

    #[test]
    fn so_many_terms_are_not_copied_into_so_many_unions() {
        let behind = |unions: usize, terms: i32| {
            let term = |at: i32| eq(&format!("a{at}"), at);
            [vec![union(vec![]); unions], vec![Stage::Match(Expr::And((0..terms).map(term).collect()))]].concat()
        };
        let few = behind(36, 7);
        let Some((Stage::Match(predicate), unions)) = few.split_last() else { unreachable!("made so") };
        let copied = union(vec![Stage::Match(predicate.clone())]);
        let after = [vec![Stage::Match(predicate.clone())], vec![copied; unions.len()]].concat();
        assert_passes(&PushMatchIntoUnion, &few, &print(&after));
        assert_stays(&PushMatchIntoUnion, &behind(37, 7));
    }

    #[test]
    fn nothing_moves_across_a_limit_of_both() {
        assert_stays(&PushMatchIntoUnion, &[union(vec![]), Stage::Limit(3), Stage::Match(eq("a", 1))]);
    }
}
