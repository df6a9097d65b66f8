//! Splits a match into the terms that may be tested before a stage and those that stay behind it.

use data_bridge_ir::{Expr, Stage};

use super::flatten_boolean::joined;
use crate::analyze::effects::leaves;
use crate::analyze::reads::{may_fail, movable};

/// The stage and its match with those terms in front that read only fields the stage leaves as they are; none when
/// there are no such terms.
pub fn around(stage: &Stage, predicate: &Expr) -> Option<(usize, Vec<Stage>)> {
    let (before, behind) = split(predicate, |term| {
        movable(term).filter(|roots| roots.iter().all(|root| leaves(stage, root))).map(|_| term.clone())
    })?;
    Some((2, [Some(before), Some(stage.clone()), behind].into_iter().flatten().collect()))
}

/// What `moved` makes of the terms it takes, as one match, and the rest as another.
pub fn split(predicate: &Expr, moved: impl Fn(&Expr) -> Option<Expr>) -> Option<(Stage, Option<Stage>)> {
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
    let as_match = |terms: Vec<Expr>| (!terms.is_empty()).then(|| Stage::Match(joined(terms, Expr::And)));
    as_match(before).map(|before| (before, as_match(behind)))
}
