//! The tables of rules, as a driver tries them.

use std::sync::LazyLock;

use data_bridge_ir::Expr;

use super::{
    JOINING_RULES, LIMIT_RULES, LimitRule, MATCH_RULES, MatchRule, Nodes, PREDICATE_RULES, PredicateRule, READ_RULES,
    ReadRule, STAGE_RULES, StageRule,
};

/// The rules a driver runs; the library's own, or a test's.
pub struct Rules<'a> {
    /// By the kind of predicate that they concern.
    predicate: [Vec<&'a dyn PredicateRule>; Nodes::KINDS],
    pub(super) matching: &'a [&'a dyn MatchRule],
    pub(super) limiting: &'a [&'a dyn LimitRule],
    pub(super) stage: &'a [&'a dyn StageRule],
    /// Tried where no other stage rule applies any more.
    pub(super) joining: &'a [&'a dyn StageRule],
    pub(super) read: &'a [&'a dyn ReadRule],
}

impl<'a> Rules<'a> {
    pub fn new(
        predicate: &[&'a dyn PredicateRule],
        matching: &'a [&'a dyn MatchRule],
        limiting: &'a [&'a dyn LimitRule],
        stage: &'a [&'a dyn StageRule],
        joining: &'a [&'a dyn StageRule],
        read: &'a [&'a dyn ReadRule],
    ) -> Self {
        let of_kind = |kind| predicate.iter().copied().filter(|rule| rule.concerns().has(kind)).collect();
        Self { predicate: std::array::from_fn(of_kind), matching, limiting, stage, joining, read }
    }

    /// Those that may apply to a predicate, in their order.
    pub fn of(&self, predicate: &Expr) -> &[&'a dyn PredicateRule] {
        Nodes::kind_of(predicate).map_or(&[], |kind| &self.predicate[kind])
    }
}

pub static ALL: LazyLock<Rules<'static>> =
    LazyLock::new(|| Rules::new(PREDICATE_RULES, MATCH_RULES, LIMIT_RULES, STAGE_RULES, JOINING_RULES, READ_RULES));
