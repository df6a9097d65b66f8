//! Splits a match into the terms that may be tested before a stage and those that stay behind it.

use data_bridge_ir::{Expr, Stage};

use super::Rewrite;
use super::flatten_boolean::joined;
use crate::analyze::effects::leaves;
use crate::analyze::reads::{may_fail, may_move, reads_only};

/// The stage with those terms of its match in front that `moved` has a form for, and the others behind it; none when it
/// has none for any.
pub fn around(stage: &Stage, predicate: &Expr, moved: impl Fn(&Expr) -> Option<Expr>) -> Option<Rewrite> {
    let terms = if let Expr::And(terms) = predicate { terms.as_slice() } else { std::slice::from_ref(predicate) };
    let (mut before, mut behind) = (Vec::new(), Vec::new());
    for term in terms {
        // A term that fails on some documents may be guarded by an earlier one.
        let guarded = !behind.is_empty() && may_fail(term);
        match moved(term).filter(|_| !guarded) {
            Some(term) => before.push(term),
            None => behind.push(term.clone()),
        }
    }
    if before.is_empty() {
        return None;
    }
    let mut stages = vec![Stage::Match(joined(before, Expr::And)), stage.clone()];
    if !behind.is_empty() {
        stages.push(Stage::Match(joined(behind, Expr::And)));
    }
    Some(Rewrite::Replace(2, stages))
}

/// The same of terms that move as they are: those that read only fields which the stage leaves as they are.
pub fn around_untouched(stage: &Stage, predicate: &Expr) -> Option<Rewrite> {
    let terms = if let Expr::And(terms) = predicate { terms.as_slice() } else { std::slice::from_ref(predicate) };
    if terms.iter().all(|term| is_untouched(stage, term)) {
        return Some(Rewrite::Swap);
    }
    around(stage, predicate, |term| is_untouched(stage, term).then(|| term.clone()))
}

/// Whether a term reads only fields that the stage leaves as they are.
pub fn is_untouched(stage: &Stage, term: &Expr) -> bool {
    // Most terms compare a field with a value; of a long match every one is asked at every stage it passes.
    if let Some((_, path, _)) = term.as_field_compare() {
        return leaves(stage, path.root());
    }
    may_move(term) && reads_only(term, |root| leaves(stage, root))
}
