//! Moves a `Limit` or a `Skip` below stages that only change fields: documents that are not asked for are not computed.
//!
//! ```text
//! Sort(-age) . Set(n=a + 1) . Limit(10)   =>   Sort(-age) . Limit(10) . Set(n=a + 1)
//! Project(name) . Skip(20)                =>   Skip(20) . Project(name)
//! ```
//!
//! Only below `Set`, `Unset` and `Project`. Never below a `Match`, an `Unwind` or a `Group`, which change how many
//! documents there are, nor below a `Sort`, which changes which come first; and never across chance (`$rand`). Null,
//! missing and arrays: whole documents are counted, never looked into. A stage that fails on a document fails no longer
//! when that document is not asked for.

use data_bridge_ir::Stage;

use super::LimitRule;
use crate::analyze::effects::gives_one_for_one;

pub struct PushLimitBelowFields;

impl LimitRule for PushLimitBelowFields {
    fn name(&self) -> &'static str {
        "push_limit_below_fields"
    }

    fn is_passed(&self, stage: &Stage) -> bool {
        matches!(stage, Stage::Set(_) | Stage::Unset(_) | Stage::Project(_)) && gives_one_for_one(stage)
    }
}

#[cfg(test)]
mod tests {
    use data_bridge_ir::Expr;

    use super::*;
    use crate::testing::{assert_limit_passes, assert_limit_stays, chance, eq, include, lookup, set, sort};

    #[test]
    fn moves_below_what_changes_fields() {
        let stages = [set("n", Expr::field("a")), Stage::Limit(10)];
        assert_limit_passes(&PushLimitBelowFields, &stages, "Limit(10) . Set(n=a)");
        assert_limit_passes(&PushLimitBelowFields, &[include(&["a"]), Stage::Skip(2)], "Skip(2) . Project(a)");
        let stages = [Stage::Unset(vec!["a".into()]), Stage::Skip(2)];
        assert_limit_passes(&PushLimitBelowFields, &stages, "Skip(2) . Unset(a)");
    }

    #[test]
    fn stays_above_what_changes_the_number_or_the_order() {
        let unwind = Stage::Unwind { path: "a".into(), index: None, preserve: true };
        let group = Stage::Group { by: Some(Expr::field("a")), outputs: vec![] };
        for stage in [unwind, group, Stage::Match(eq("a", 1)), sort("a"), Stage::Sample(3), Stage::Raw(1.into())] {
            assert_limit_stays(&PushLimitBelowFields, &[stage, Stage::Limit(10)]);
        }
    }

    #[test]
    fn chance_is_not_crossed_and_joins_are_for_another_rule() {
        assert_limit_stays(&PushLimitBelowFields, &[set("n", chance()), Stage::Limit(10)]);
        assert_limit_stays(&PushLimitBelowFields, &[lookup("n"), Stage::Limit(10)]);
    }
}
