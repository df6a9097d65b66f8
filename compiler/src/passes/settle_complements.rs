//! Decides a predicate that asks for something and for its complement.
//!
//! ```text
//! a == 1 & a != 1   =>   false        a exists | a is missing   =>   true        p & ~p   =>   false
//! a in [1, 2] | a != 1   =>   true    a in [1] & a not in [1, 2]   =>   false
//! ```
//!
//! Never for bounds: `a > 1 & a <= 1` is met by `[0, 2]`, and `a > 1 | a <= 1` not by a text. Never what is opaque or
//! depends on chance. Null, missing and arrays: the two are complements over documents, whatever one holds. A computed
//! term that fails on a document fails no longer.

use data_bridge_ir::expr::CompareOp;
use data_bridge_ir::{Expr, Path, Value};

use super::combine_negation::is_regex;
use super::{Nodes, PredicateRule};
use crate::analyze::reads::is_deterministic;
use crate::facts::Facts;
use crate::hashing::{HashMap, HashSet};

pub struct SettleComplements;

impl PredicateRule for SettleComplements {
    fn name(&self) -> &'static str {
        "settle_complements"
    }

    fn concerns(&self) -> Nodes {
        Nodes::AND.or(Nodes::OR)
    }

    fn rewrite(&self, predicate: &Expr, _facts: &Facts) -> Option<Expr> {
        match predicate {
            Expr::And(terms) if holds_both(terms) || one_is_covered(terms, Side::Asked) => Some(Expr::Constant(false)),
            Expr::Or(terms) if holds_both(terms) || one_is_covered(terms, Side::Denied) => Some(Expr::Constant(true)),
            _ => None,
        }
    }
}

/// What a term asks, so that a term and its complement are told to be of the same.
#[derive(PartialEq, Eq, Hash)]
enum Asked<'a> {
    Presence(&'a Path),
    Alternatives(&'a [Expr]),
    Other(&'a Expr),
}

impl<'a> Asked<'a> {
    fn by(term: &'a Expr) -> Self {
        match term {
            Expr::Exists { field, present: true } => Self::Presence(field),
            Expr::Or(terms) => Self::Alternatives(terms),
            other => Self::Other(other),
        }
    }

    /// What must not hold for the term to hold; none of a term that asks no such thing.
    fn by_complement_of(term: &'a Expr) -> Option<Self> {
        Some(match term {
            Expr::Not(inner) => Self::by(inner),
            Expr::Nor(terms) => match terms.as_slice() {
                [only] => Self::by(only),
                several => Self::Alternatives(several),
            },
            Expr::Exists { field, present: false } => Self::Presence(field),
            _ => return None,
        })
    }
}

fn holds_both(terms: &[Expr]) -> bool {
    let denied: HashSet<_> = terms.iter().filter_map(Asked::by_complement_of).collect();
    !denied.is_empty() && terms.iter().any(|term| denied.contains(&Asked::by(term)) && is_deterministic(term))
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Side {
    Asked,
    Denied,
}

/// The values that a term asks a field for, or denies of it.
fn membership(term: &Expr) -> Option<(Side, &Expr, &[Value])> {
    let side = |denied| if denied { Side::Denied } else { Side::Asked };
    match term {
        // The server refuses `$ne` of a regex.
        Expr::Compare { op: op @ (CompareOp::Eq | CompareOp::Ne), left, right } if !is_regex(right) => match &**right {
            Expr::Literal(value) => Some((side(*op == CompareOp::Ne), left, std::slice::from_ref(value))),
            _ => None,
        },
        Expr::In { needle, values, negated } => Some((side(*negated), needle, values)),
        _ => None,
    }
}

/// Whether the values of one term on this side are all among those that the terms of the other side name for its field:
/// alternatives ask for all of theirs, and a conjunction denies all of its own.
fn one_is_covered(terms: &[Expr], side: Side) -> bool {
    let memberships = || terms.iter().filter_map(membership);
    if !memberships().any(|(this, ..)| this == Side::Denied) {
        return false;
    }
    let mut covered: HashMap<&Expr, HashSet<&Value>> = HashMap::default();
    for (_, needle, values) in memberships().filter(|(this, ..)| *this != side) {
        covered.entry(needle).or_default().extend(values);
    }
    memberships().filter(|(this, ..)| *this == side).any(|(_, needle, values)| {
        let among = covered.get(needle).is_some_and(|known| values.iter().all(|value| known.contains(value)));
        among && is_deterministic(needle)
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{assert_rewrites, assert_unchanged, chance, compare, computed, eq, gt, pattern};

    fn not(term: Expr) -> Expr {
        Expr::Not(Box::new(term))
    }

    #[test]
    fn complements_are_settled() {
        let differs = compare("a", CompareOp::Ne, 1);
        assert_rewrites(&SettleComplements, Expr::And(vec![eq("a", 1), eq("b", 2), differs.clone()]), "false");
        assert_rewrites(&SettleComplements, Expr::Or(vec![differs, eq("a", 1)]), "true");
        assert_rewrites(&SettleComplements, Expr::And(vec![gt("a", 1), not(gt("a", 1))]), "false");
        assert_rewrites(&SettleComplements, Expr::Or(vec![gt("a", 1), Expr::Nor(vec![gt("a", 1)])]), "true");
        let either = vec![eq("a", 1), eq("b", 2)];
        assert_rewrites(&SettleComplements, Expr::And(vec![Expr::Or(either.clone()), Expr::Nor(either)]), "false");
    }

    #[test]
    fn presence_and_absence_are_complements() {
        let exists = |path: &str, present| Expr::Exists { field: path.into(), present };
        assert_rewrites(&SettleComplements, Expr::Or(vec![exists("a", true), exists("a", false)]), "true");
        assert_rewrites(&SettleComplements, Expr::And(vec![exists("a", false), exists("a", true)]), "false");
        assert_rewrites(&SettleComplements, Expr::And(vec![exists("a", false), not(exists("a", false))]), "false");
        assert_unchanged(&SettleComplements, Expr::And(vec![exists("a", false), not(exists("a", true))]));
        assert_unchanged(&SettleComplements, Expr::Or(vec![exists("a", true), exists("b", false)]));
        assert_unchanged(&SettleComplements, Expr::Or(vec![exists("a", true), exists("a", true)]));
    }

    #[test]
    fn lists_of_values_are_compared_as_sets() {
        let of = |values: &[i32], negated| Expr::In {
            needle: Box::new(Expr::field("a")),
            values: values.iter().map(|value| Value::from(*value)).collect(),
            negated,
        };
        let differs = compare("a", CompareOp::Ne, 1);
        assert_rewrites(&SettleComplements, Expr::Or(vec![of(&[1, 2], false), differs.clone()]), "true");
        assert_rewrites(&SettleComplements, Expr::Or(vec![of(&[3, 2, 1], false), of(&[1, 2], true)]), "true");
        assert_rewrites(&SettleComplements, Expr::And(vec![of(&[1], false), of(&[1, 2], true)]), "false");
        let (either, neither) = (vec![of(&[1], false), of(&[2], false), of(&[1, 2], true)], vec![of(&[1, 2], false)]);
        assert_rewrites(&SettleComplements, Expr::Or(either), "true");
        let neither = [neither, vec![of(&[1], true), of(&[2], true)]].concat();
        assert_rewrites(&SettleComplements, Expr::And(neither), "false");
        assert_unchanged(&SettleComplements, Expr::Or(vec![of(&[2, 3], false), differs.clone()]));
        assert_unchanged(&SettleComplements, Expr::Or(vec![of(&[1], false), of(&[1, 2], true)]));
        assert_unchanged(&SettleComplements, Expr::And(vec![of(&[1, 2], false), differs]));
        assert_unchanged(&SettleComplements, Expr::And(vec![of(&[1, 2], false), of(&[1], true)]));
    }

    #[test]
    fn other_bounds_values_and_fields_say_nothing() {
        assert_unchanged(&SettleComplements, Expr::And(vec![gt("a", 1), compare("a", CompareOp::Lte, 1)]));
        assert_unchanged(&SettleComplements, Expr::And(vec![eq("a", 1), compare("a", CompareOp::Ne, 1.0)]));
        assert_unchanged(&SettleComplements, Expr::Or(vec![eq("a", 1), compare("b", CompareOp::Ne, 1)]));
        let matches = |op| compare("a", op, pattern());
        assert_unchanged(&SettleComplements, Expr::And(vec![matches(CompareOp::Eq), matches(CompareOp::Ne)]));
        assert_unchanged(&SettleComplements, Expr::And(vec![gt("a", 1), gt("b", 1)]));
    }

    #[test]
    fn what_is_opaque_or_by_chance_is_asked_twice() {
        for part in [Expr::Raw(1.into()), computed(chance())] {
            assert_unchanged(&SettleComplements, Expr::And(vec![part.clone(), not(part)]));
        }
        let among = |negated| Expr::In { needle: Box::new(chance()), values: vec![1.into()], negated };
        assert_unchanged(&SettleComplements, Expr::And(vec![among(false), among(true)]));
    }
}
