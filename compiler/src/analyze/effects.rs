//! What a stage does to the fields of the documents that pass it.

use data_bridge_ir::stage::Projected;
use data_bridge_ir::{Expr, Path, Stage};

use super::reads::is_deterministic;

/// Whether a top-level field of every document that comes out is as it went in, whatever else the stage does. Stages
/// that make documents of their own, and opaque ones, leave nothing.
pub fn leaves(stage: &Stage, root: &str) -> bool {
    let apart = |path: &Path| !path.is_within(root);
    match stage {
        Stage::Match(_) | Stage::Sort(_) | Stage::Skip(_) | Stage::Limit(_) | Stage::Sample(_) => true,
        Stage::Set(fields) => fields.iter().all(|(path, _)| apart(path)),
        Stage::Unset(paths) => paths.iter().all(apart),
        Stage::Project(fields) => projection_leaves(fields, root),
        Stage::Unwind { path, index, .. } => {
            apart(path) && index.as_deref().is_none_or(|index| apart(&Path::from(index)))
        }
        Stage::Lookup(lookup) => apart(&Path::from(lookup.output.as_str())),
        Stage::Group { .. }
        | Stage::Count(_)
        | Stage::UnionWith(_)
        | Stage::Facet(_)
        | Stage::Generic { .. }
        | Stage::Raw(_) => false,
    }
}

/// Whether the documents that come out are some of those that went in, as they were.
pub fn keeps_stored(stage: &Stage) -> bool {
    matches!(stage, Stage::Match(_) | Stage::Sort(_) | Stage::Skip(_) | Stage::Limit(_) | Stage::Sample(_))
}

/// Whether each document that goes in comes out, in the same order and changed only by what it holds itself: whole
/// documents may be counted, or decided on, before the stage as well as behind it.
pub fn gives_one_for_one(stage: &Stage) -> bool {
    match stage {
        Stage::Set(fields) => fields.iter().all(|(_, value)| is_deterministic(value)),
        Stage::Project(fields) => fields.iter().all(|(_, projected)| match projected {
            Projected::Computed(value) => is_deterministic(value),
            Projected::Include | Projected::Exclude => true,
        }),
        Stage::Unset(_) => true,
        Stage::Lookup(lookup) => {
            lookup.variables.iter().all(|(_, value)| is_deterministic(value))
                && lookup.pipeline.iter().flatten().all(is_settled)
        }
        _ => false,
    }
}

/// Whether one document comes out at most.
pub fn gives_one_at_most(stage: &Stage) -> bool {
    matches!(stage, Stage::Count(_) | Stage::Limit(1) | Stage::Facet(_) | Stage::Group { by: None, .. })
}

/// How many documents come out at most, however many go in; none where that is not bounded.
pub fn most(stages: &[Stage]) -> Option<u64> {
    stages.iter().fold(None, |most, stage| match stage {
        Stage::Limit(count) | Stage::Sample(count) => Some(most.map_or(*count, |most: u64| most.min(*count))),
        Stage::Count(_) | Stage::Facet(_) | Stage::Group { by: None, .. } => Some(1),
        Stage::Match(Expr::Constant(false)) => Some(0),
        Stage::Match(_) | Stage::Sort(_) | Stage::Skip(_) | Stage::Group { .. } => most,
        other => most.filter(|_| gives_one_for_one(other)),
    })
}

/// Whether a projection only drops the fields it names.
pub fn is_exclusion(fields: &[(Path, Projected)]) -> bool {
    fields.iter().all(|(_, projected)| matches!(projected, Projected::Exclude))
}

fn projection_leaves(fields: &[(Path, Projected)], root: &str) -> bool {
    let mut named = fields.iter().filter(|(path, _)| path.root() == root);
    if is_exclusion(fields) {
        return named.next().is_none();
    }
    match named.next() {
        Some((path, Projected::Include)) => path.as_str() == root,
        Some(_) => false,
        // The id is kept unasked.
        None => root == "_id",
    }
}

/// Whether a stage of a joined pipeline always does the same.
fn is_settled(stage: &Stage) -> bool {
    match stage {
        Stage::Match(predicate) => super::reads::movable(predicate).is_some(),
        Stage::Sort(_) | Stage::Skip(_) | Stage::Limit(_) | Stage::Unwind { .. } | Stage::Count(_) => true,
        Stage::Group { by, outputs } => {
            let operands = outputs.iter().flat_map(|output| output.operands.iter().flat_map(|given| given.children()));
            by.iter().chain(operands).all(is_deterministic)
        }
        Stage::UnionWith(union) => union.pipeline.iter().all(is_settled),
        Stage::Facet(outputs) => outputs.iter().flat_map(|(_, stages)| stages).all(is_settled),
        Stage::Sample(_) | Stage::Generic { .. } | Stage::Raw(_) => false,
        other => gives_one_for_one(other),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{chance, eq, exclude, include, lookup, set};

    #[test]
    fn a_write_below_a_field_touches_all_of_it() {
        assert!(!leaves(&set("a.b", Expr::field("c")), "a"));
        assert!(leaves(&set("a.b", Expr::field("c")), "c"));
        assert!(!leaves(&Stage::Unset(vec!["a.b".into()]), "a"));
        assert!(!leaves(&lookup("a.b"), "a"));
        let unwind = Stage::Unwind { path: "a.b".into(), index: Some("i".into()), preserve: true };
        assert_eq!(["a", "i", "b"].map(|root| leaves(&unwind, root)), [false, false, true]);
    }

    #[test]
    fn a_projection_keeps_what_it_names_whole() {
        let kept = include(&["a", "b.c"]);
        assert_eq!(["a", "b", "c", "_id"].map(|root| leaves(&kept, root)), [true, false, false, true]);
        assert!(!leaves(&include(&["_id.x"]), "_id"));
        let without_id = Stage::Project(vec![("_id".into(), Projected::Exclude), ("a".into(), Projected::Include)]);
        assert_eq!(["a", "b", "_id"].map(|root| leaves(&without_id, root)), [true, false, false]);
        let dropped = exclude(&["a", "b.c"]);
        assert_eq!(["a", "b", "c", "_id"].map(|root| leaves(&dropped, root)), [false, false, true, true]);
        let computed = Stage::Project(vec![("a".into(), Projected::Computed(Expr::field("b")))]);
        assert_eq!(["a", "b"].map(|root| leaves(&computed, root)), [false, false]);
    }

    #[test]
    fn what_makes_documents_leaves_nothing() {
        assert!(!leaves(&Stage::Count("n".into()), "n"));
        assert!(!leaves(&Stage::Raw(1.into()), "a"));
    }

    #[test]
    fn so_many_documents_come_out_at_most() {
        let unwind = Stage::Unwind { path: "a".into(), index: None, preserve: true };
        assert_eq!(most(&[Stage::Limit(3), Stage::Sample(2), set("a", Expr::field("b")), Stage::Skip(1)]), Some(2));
        assert_eq!(most(&[Stage::Limit(3), Stage::Match(Expr::Constant(false))]), Some(0));
        assert_eq!(most(&[Stage::Match(Expr::Constant(false)), Stage::Count("n".into())]), Some(1));
        assert_eq!(most(&[Stage::Limit(3), unwind]), None);
        assert_eq!(most(&[Stage::Match(eq("a", 1))]), None);
    }

    #[test]
    fn chance_and_unwinding_are_not_one_for_one() {
        assert!(gives_one_for_one(&set("a", Expr::field("b"))));
        assert!(!gives_one_for_one(&set("a", chance())));
        assert!(!gives_one_for_one(&Stage::Unwind { path: "a".into(), index: None, preserve: true }));
        assert!(gives_one_for_one(&lookup("a")));
        let Stage::Lookup(mut join) = lookup("a") else { unreachable!("made as one") };
        join.pipeline = Some(vec![Stage::Match(eq("x", 1)), Stage::Sample(1)]);
        assert!(!gives_one_for_one(&Stage::Lookup(join)));
    }
}
