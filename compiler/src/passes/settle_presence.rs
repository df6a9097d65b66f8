//! Decides tests for null and existence of a field that is always there.
//!
//! ```text
//! a != null   =>   true        a exists   =>   true        a == null   =>   false
//! ```
//!
//! Needs the fact that the field is never missing nor null, and no array stands on the path: `a == null` also finds
//! documents without `a`, and arrays with a null in them.

use data_bridge_ir::Expr;
use data_bridge_ir::expr::CompareOp;

use super::{Nodes, PredicateRule};
use crate::facts::Facts;

pub struct SettlePresence;

impl PredicateRule for SettlePresence {
    fn name(&self) -> &'static str {
        "settle_presence"
    }

    fn concerns(&self) -> Nodes {
        Nodes::COMPARE.or(Nodes::EXISTS)
    }

    fn rewrite(&self, predicate: &Expr, facts: &Facts) -> Option<Expr> {
        let (path, holds) = match predicate {
            Expr::Exists { field, present } => (field, *present),
            _ => match predicate.as_field_compare()? {
                (CompareOp::Eq, path, value) if value.is_null() => (path, false),
                (CompareOp::Ne, path, value) if value.is_null() => (path, true),
                _ => return None,
            },
        };
        facts.is_present(path).then_some(Expr::Constant(holds))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{assert_rewrites_knowing, assert_unchanged, assert_unchanged_knowing, compare, known, null};

    #[test]
    fn what_is_always_there_is_not_asked_for() {
        let exists = |present| Expr::Exists { field: "age".into(), present };
        assert_rewrites_knowing(&SettlePresence, &known(), exists(true), "true");
        assert_rewrites_knowing(&SettlePresence, &known(), exists(false), "false");
        assert_rewrites_knowing(&SettlePresence, &known(), compare("age", CompareOp::Ne, null()), "true");
        assert_rewrites_knowing(&SettlePresence, &known(), compare("age", CompareOp::Eq, null()), "false");
    }

    #[test]
    fn what_may_be_missing_or_null_is_asked_for() {
        assert_unchanged_knowing(&SettlePresence, &known(), compare("nickname", CompareOp::Ne, null()));
        assert_unchanged_knowing(&SettlePresence, &known(), compare("tags", CompareOp::Ne, null()));
        assert_unchanged(&SettlePresence, compare("age", CompareOp::Ne, null()));
        assert_unchanged_knowing(&SettlePresence, &known(), compare("nickname", CompareOp::Eq, null()));
        for path in ["nickname", "tags", "unknown"] {
            let exists = Expr::Exists { field: path.into(), present: true };
            assert_unchanged_knowing(&SettlePresence, &known(), exists);
        }
    }

    #[test]
    fn tests_for_other_values_stay() {
        assert_unchanged_knowing(&SettlePresence, &known(), compare("age", CompareOp::Eq, 1));
        assert_unchanged_knowing(&SettlePresence, &known(), compare("age", CompareOp::Ne, 1));
        assert_unchanged_knowing(&SettlePresence, &known(), compare("age", CompareOp::Gte, null()));
    }
}
