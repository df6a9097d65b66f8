//! Rewrites: equivalent, cheaper plans. No rule changes what a query means or the documents it gives.
//!
//! Predicate rules see one predicate whose children are done already; rules of matches, and of limits, see a stage that
//! one stands behind; stage rules see the stages from one position on; read rules see the whole read. The driver owns recursion,
//! order, budget and checks.

pub mod driver;
pub mod flags;

mod absorb_terms;
mod climb;
mod climbing;
mod combine_negation;
mod complement_ranges;
mod computed_to_match;
mod count_without_order;
mod distinct_without_order;
mod drop_identity_project;
mod drop_implied_terms;
mod drop_order_of_one;
mod drop_settled_sort_keys;
mod drop_sort_of_unique;
mod drop_true_match;
mod drop_unread_accumulator;
mod drop_unread_facet;
mod drop_unread_join;
mod drop_unread_lookup;
mod drop_unread_projection;
mod drop_unread_set;
mod drop_unseen_sort;
mod equalities_to_in;
mod exclusion_to_membership;
mod exists_reads_one;
mod factor_common_terms;
mod false_match_to_nothing;
mod flatten_boolean;
mod fold_computed;
mod fold_constants;
mod intersect_tests;
mod merge_exclusions;
mod merge_limits;
mod merge_matches;
mod merge_projects;
mod merge_sets;
mod merge_unsets;
mod nodes;
mod normalize_membership;
mod parts;
mod parts_kept;
mod passing;
mod prefilter_unwind;
mod project_facet;
mod project_union;
mod push_limit_below_fields;
mod push_limit_below_lookup;
mod push_limit_into_union;
mod push_match_before_facet;
mod push_match_below_group;
mod push_match_below_lookup;
mod push_match_below_project;
mod push_match_below_set;
mod push_match_below_sort;
mod push_match_below_unset;
mod push_match_below_unwind;
mod push_match_into_union;
mod remove_duplicate_terms;
mod rewrite;
mod rules;
mod settle_complements;
mod settle_link_form;
mod settle_link_test;
mod settle_presence;
mod settle_types;
mod settled;
mod simplify;
mod skip_before_limit;
mod sort_terms;
mod term_order;
mod trace;
mod unread;
mod values;
mod window;

use data_bridge_ir::plan::Read;
use data_bridge_ir::{Expr, Stage};

use crate::facts::Facts;
pub use nodes::Nodes;
pub use passing::Passing;
pub use rewrite::Rewrite;
pub use term_order::value_order;
pub use values::order;

/// A rewrite of one predicate.
pub trait PredicateRule: Sync {
    fn name(&self) -> &'static str;
    /// The kinds of predicates to which it may apply.
    fn concerns(&self) -> Nodes;
    /// The better predicate; none when the rule does not apply.
    fn rewrite(&self, predicate: &Expr, facts: &Facts) -> Option<Expr>;
}

/// What a match may pass on its way up.
pub trait MatchRule: Sync {
    fn name(&self) -> &'static str;
    /// Which terms of a match behind this stage may be tested before it; none where it is no stage of this rule.
    fn passing<'a>(&self, stage: &'a Stage) -> Option<Passing<'a>>;
}

/// What a limit or a skip may pass on its way up.
pub trait LimitRule: Sync {
    fn name(&self) -> &'static str;
    /// Whether a limit or a skip behind this stage may stand before it.
    fn is_passed(&self, stage: &Stage) -> bool;
}

/// A rewrite of adjacent stages.
pub trait StageRule: Sync {
    fn name(&self) -> &'static str;
    /// What to make of the first stages; none when the rule does not apply.
    fn rewrite(&self, stages: &[Stage]) -> Option<Rewrite>;
}

/// A rewrite that needs to know what the read is for.
pub trait ReadRule: Sync {
    fn name(&self) -> &'static str;
    /// The better stages; none when the rule does not apply.
    fn rewrite(&self, read: &Read, facts: &Facts) -> Option<Vec<Stage>>;
}

/// Shape and order first, so that the others see flat conjunctions, and see equal ones alike; constants last, since the
/// others make them.
pub static PREDICATE_RULES: &[&dyn PredicateRule] = &[
    &flatten_boolean::FlattenBoolean,
    &sort_terms::SortTerms,
    &combine_negation::CombineNegation,
    &fold_computed::FoldComputed,
    &computed_to_match::ComputedToMatch,
    &complement_ranges::ComplementRanges,
    &remove_duplicate_terms::RemoveDuplicateTerms,
    &settle_complements::SettleComplements,
    &absorb_terms::AbsorbTerms,
    &factor_common_terms::FactorCommonTerms,
    &equalities_to_in::EqualitiesToIn,
    &merge_exclusions::MergeExclusions,
    &intersect_tests::IntersectTests,
    &drop_implied_terms::DropImpliedTerms,
    &settle_link_form::SettleLinkForm,
    &settle_link_test::SettleLinkTest,
    &settle_presence::SettlePresence,
    &settle_types::SettleTypes,
    &exclusion_to_membership::ExclusionToMembership,
    &normalize_membership::NormalizeMembership,
    &fold_constants::FoldConstants,
];

/// Each of another kind of stages.
pub static MATCH_RULES: &[&dyn MatchRule] = &[
    &push_match_below_sort::PushMatchBelowSort,
    &push_match_below_set::PushMatchBelowSet,
    &push_match_below_unset::PushMatchBelowUnset,
    &push_match_below_project::PushMatchBelowProject,
    &push_match_below_unwind::PushMatchBelowUnwind,
    &push_match_below_group::PushMatchBelowGroup,
    &push_match_below_lookup::PushMatchBelowLookup,
    &push_match_into_union::PushMatchIntoUnion,
    &merge_matches::MergeMatches,
];

/// Each of another kind of stages.
pub static LIMIT_RULES: &[&dyn LimitRule] =
    &[&push_limit_below_fields::PushLimitBelowFields, &push_limit_below_lookup::PushLimitBelowLookup];

/// Tried once all matches and limits stand as high as they may.
pub static STAGE_RULES: &[&dyn StageRule] = &[
    &push_match_before_facet::PushMatchBeforeFacet,
    &skip_before_limit::SkipBeforeLimit,
    &merge_limits::MergeLimits,
    &drop_order_of_one::DropOrderOfOne,
    &drop_unseen_sort::DropUnseenSort,
    &drop_true_match::DropTrueMatch,
];

/// What these join could not be moved apart again, so they wait until nothing moves any more.
pub static JOINING_RULES: &[&dyn StageRule] = &[
    &merge_sets::MergeSets,
    &merge_unsets::MergeUnsets,
    &merge_projects::MergeProjects,
    &drop_identity_project::DropIdentityProject,
];

pub static READ_RULES: &[&dyn ReadRule] = &[
    &count_without_order::CountWithoutOrder,
    &distinct_without_order::DistinctWithoutOrder,
    &push_limit_into_union::PushLimitIntoUnion,
    &drop_sort_of_unique::DropSortOfUnique,
    &drop_settled_sort_keys::DropSettledSortKeys,
    &drop_unread_set::DropUnreadSet,
    &drop_unread_accumulator::DropUnreadAccumulator,
    &drop_unread_lookup::DropUnreadLookup,
    &drop_unread_join::DropUnreadJoin,
    &drop_unread_facet::DropUnreadFacet,
    &drop_unread_projection::DropUnreadProjection,
    &project_facet::ProjectFacet,
    &project_union::ProjectUnion,
    &prefilter_unwind::PrefilterUnwind,
    &exists_reads_one::ExistsReadsOne,
    &false_match_to_nothing::FalseMatchToNothing,
];

/// The names of all rules, in the order they are tried.
pub fn names() -> impl Iterator<Item = &'static str> {
    let predicates = PREDICATE_RULES.iter().map(|rule| rule.name());
    let matches = MATCH_RULES.iter().map(|rule| rule.name());
    let stages = STAGE_RULES.iter().chain(JOINING_RULES).map(|rule| rule.name());
    let limits = LIMIT_RULES.iter().map(|rule| rule.name());
    predicates.chain(matches).chain(limits).chain(stages).chain(READ_RULES.iter().map(|rule| rule.name()))
}
