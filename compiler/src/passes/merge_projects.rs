//! Joins a `Project` with one behind it that only keeps some of its top-level fields.
//!
//! ```text
//! Project(a, n=b + 1, c) . Project(n, a)   =>   Project(a, n=b + 1)
//! ```
//!
//! Never when the second computes, or keeps a part of a field (`a.b`) or a field that the first does not name; nor when
//! the first computes the id, or only the id would be left, or nothing. Never when the second only drops fields: the
//! server keeps the place of a dropped field for one of its name that is written later; and so it does for a computed
//! one that is missing, so none of those is joined where a later stage writes fields. Null, missing and arrays: a field
//! that is kept is the same behind both. The order of fields is that of the first: kept fields stand as they are
//! stored, and computed ones follow as they are written, whatever order the second names them in.

use std::borrow::Cow;
use std::cell::LazyCell;

use data_bridge_ir::stage::Projected;
use data_bridge_ir::{Path, Stage};

use super::{Rewrite, StageRule};
use crate::analyze::effects::is_exclusion;

pub struct MergeProjects;

impl StageRule for MergeProjects {
    fn name(&self) -> &'static str {
        "merge_projects"
    }

    fn rewrite(&self, stages: &[Stage]) -> Option<Rewrite> {
        let [Stage::Project(first), behind @ ..] = stages else { return None };
        let written_later = LazyCell::new(|| behind.iter().any(may_write));
        let mut kept = Cow::Borrowed(first);
        let mut count = 1;
        for stage in behind {
            let Stage::Project(next) = stage else { break };
            let Some(joined) = joined(&kept, next).filter(|joined| !(computes(joined) && *written_later)) else {
                break;
            };
            kept = Cow::Owned(joined);
            count += 1;
        }
        (count > 1).then(|| Rewrite::replace(count, vec![Stage::Project(kept.into_owned())]))
    }
}

type Fields = Vec<(Path, Projected)>;

fn computes(fields: &Fields) -> bool {
    fields.iter().any(|(_, projected)| matches!(projected, Projected::Computed(_)))
}

/// Two projections as one.
fn joined(first: &Fields, second: &Fields) -> Option<Fields> {
    let computes_id =
        |(path, projected): &(Path, Projected)| path.root() == "_id" && matches!(projected, Projected::Computed(_));
    if is_exclusion(first) || is_exclusion(second) || first.iter().any(computes_id) {
        return None;
    }
    let kept = only(first, second)?;
    let some = kept.iter().any(|(path, projected)| path.root() != "_id" && !matches!(projected, Projected::Exclude));
    some.then_some(kept)
}

/// Whether a stage may give a document a field that it did not have.
fn may_write(stage: &Stage) -> bool {
    match stage {
        Stage::Match(_) | Stage::Sort(_) | Stage::Skip(_) | Stage::Limit(_) | Stage::Project(_) | Stage::Unset(_) => {
            false
        }
        Stage::Unwind { index, .. } => index.is_some(),
        _ => true,
    }
}

/// The entries of the first that the second keeps too.
fn only(first: &Fields, second: &Fields) -> Option<Fields> {
    let known = |path: &Path| {
        let kept =
            |(own, projected): &(Path, Projected)| own.root() == path.as_str() && *projected != Projected::Exclude;
        path.as_str() == "_id" || first.iter().any(kept)
    };
    let only_keeps = second.iter().all(|(path, projected)| match projected {
        Projected::Include => known(path),
        Projected::Exclude => path.as_str() == "_id",
        Projected::Computed(_) => false,
    });
    if !only_keeps {
        return None;
    }
    // Only the id is dropped by name.
    let without_id = first.iter().chain(second).any(|(_, projected)| *projected == Projected::Exclude);
    let stays = |(path, _): &&(Path, Projected)| match path.root() {
        "_id" => !without_id,
        root => second.iter().any(|(named, _)| named.as_str() == root),
    };
    let id = without_id.then(|| (Path::from("_id"), Projected::Exclude));
    Some(first.iter().filter(stays).cloned().chain(id).collect())
}

#[cfg(test)]
mod tests {
    use data_bridge_ir::Expr;

    use super::*;
    use crate::testing::{assert_stages_rewrite, assert_stages_unchanged, eq, exclude, generic, include, lookup};
    use crate::testing::{set, sort, union, unwind};

    fn first() -> Stage {
        let computed = Projected::Computed(Expr::field("b"));
        let part = ("d.x".into(), Projected::Include);
        Stage::Project(vec![("a".into(), Projected::Include), ("n".into(), computed), part])
    }

    fn without_id(paths: &[&str]) -> Stage {
        let mut stage = include(paths);
        if let Stage::Project(fields) = &mut stage {
            fields.push(("_id".into(), Projected::Exclude));
        }
        stage
    }

    #[test]
    fn what_both_keep_is_kept_in_the_first_order() {
        assert_stages_rewrite(&MergeProjects, &[first(), include(&["d", "n", "a"])], "Project(a, n=b, d.x)");
        assert_stages_rewrite(&MergeProjects, &[first(), include(&["n"])], "Project(n=b)");
        assert_stages_rewrite(&MergeProjects, &[first(), include(&["_id", "n"])], "Project(n=b)");
    }

    #[test]
    fn computed_fields_stay_two_where_fields_are_written_later() {
        let write = set("n.x", Expr::field("a"));
        assert_stages_unchanged(&MergeProjects, &[first(), include(&["n"]), eq_a(), write.clone()]);
        let numbered = Stage::Unwind { path: "a".into(), index: Some("n".into()), preserve: false };
        for write in [numbered, lookup("n"), union(vec![]), generic(), Stage::Raw(1.into())] {
            assert_stages_unchanged(&MergeProjects, &[first(), include(&["n"]), write]);
        }
        let passing = [unwind("a"), sort("a"), Stage::Skip(1), Stage::Limit(1), Stage::Unset(vec!["n".into()])];
        for stage in passing {
            let after = format!("Project(n=b) . {stage}");
            assert_stages_rewrite(&MergeProjects, &[first(), include(&["n"]), stage], &after);
        }
        let after = "Project(a) . Set(n.x=a)";
        assert_stages_rewrite(&MergeProjects, &[first(), include(&["a"]), write], after);
        assert_stages_rewrite(&MergeProjects, &[first(), include(&["n"]), eq_a()], "Project(n=b) . Match(a == 1)");
    }

    fn eq_a() -> Stage {
        Stage::Match(eq("a", 1))
    }

    #[test]
    fn what_only_drops_stays_behind() {
        assert_stages_unchanged(&MergeProjects, &[first(), exclude(&["a"])]);
        assert_stages_unchanged(&MergeProjects, &[first(), exclude(&["_id"])]);
    }

    #[test]
    fn either_may_drop_the_id() {
        assert_stages_rewrite(&MergeProjects, &[without_id(&["a", "b"]), include(&["b"])], "Project(b, not _id)");
        assert_stages_rewrite(&MergeProjects, &[include(&["a", "b"]), without_id(&["b"])], "Project(b, not _id)");
        assert_stages_rewrite(&MergeProjects, &[without_id(&["a"]), include(&["_id", "a"])], "Project(a, not _id)");
    }

    #[test]
    fn what_computes_or_cuts_stays_behind() {
        let computing = Stage::Project(vec![("a".into(), Projected::Computed(Expr::field("n")))]);
        let beside = [include(&["a", "a.x"]), include(&["a", "n.x"]), include(&["a", "z"])];
        for second in [computing, include(&["a.x"]), include(&["z"])].into_iter().chain(beside) {
            assert_stages_unchanged(&MergeProjects, &[first(), second]);
        }
    }

    #[test]
    fn a_computed_id_stays_where_it_is() {
        let id = Stage::Project(vec![
            ("_id".into(), Projected::Computed(Expr::field("b"))),
            ("a".into(), Projected::Include),
        ]);
        assert_stages_unchanged(&MergeProjects, &[id, include(&["a"])]);
    }

    #[test]
    fn an_exclusion_does_not_join_what_keeps() {
        assert_stages_unchanged(&MergeProjects, &[exclude(&["a"]), include(&["b"])]);
    }

    #[test]
    fn something_is_left_beside_the_id() {
        assert_stages_unchanged(&MergeProjects, &[include(&["a"]), include(&["_id"])]);
        assert_stages_unchanged(&MergeProjects, &[include(&["a"]), without_id(&["_id"])]);
    }
}
