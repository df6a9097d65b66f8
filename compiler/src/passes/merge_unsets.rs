//! Joins adjacent `Unset`s, and adjacent exclusions.
//!
//! ```text
//! Unset(a) . Unset(b)                =>   Unset(a, b)
//! Project(not a) . Project(not b)    =>   Project(not a, not b)
//! Unset(a) . Unset(a.b)              =>   Unset(a)
//! ```
//!
//! Never an exclusion with a projection that keeps or computes: the server takes no mixture but for the id. Null,
//! missing and arrays: a field that is gone cannot be dropped again, and one path never changes what another drops. The
//! server refuses two paths of which one is in the other, so only the outer is kept.

use data_bridge_ir::stage::Projected;
use data_bridge_ir::{Path, Stage};

use super::{Rewrite, StageRule};
use crate::analyze::effects::is_exclusion;

pub struct MergeUnsets;

impl StageRule for MergeUnsets {
    fn name(&self) -> &'static str {
        "merge_unsets"
    }

    fn rewrite(&self, stages: &[Stage]) -> Option<Rewrite> {
        let better = match stages {
            [Stage::Unset(first), Stage::Unset(second), ..] => Stage::Unset(outermost(first.iter().chain(second))),
            [Stage::Project(first), Stage::Project(second), ..] if is_exclusion(first) && is_exclusion(second) => {
                let paths = outermost(first.iter().chain(second).map(|(path, _)| path));
                Stage::Project(paths.into_iter().map(|path| (path, Projected::Exclude)).collect())
            }
            _ => return None,
        };
        Some(Rewrite::Replace(2, vec![better]))
    }
}

/// Each path once, without those inside of others.
fn outermost<'a>(paths: impl Iterator<Item = &'a Path>) -> Vec<Path> {
    let mut kept: Vec<Path> = Vec::new();
    for path in paths {
        let around = |outer: &Path| outer.overlaps(path) && outer.as_str().len() <= path.as_str().len();
        if !kept.iter().any(around) {
            kept.retain(|inner| !inner.overlaps(path));
            kept.push(path.clone());
        }
    }
    kept
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{assert_stages_rewrite, assert_stages_unchanged, exclude, include};

    fn unset(paths: &[&str]) -> Stage {
        Stage::Unset(paths.iter().map(|path| Path::from(*path)).collect())
    }

    #[test]
    fn neighbours_join() {
        assert_stages_rewrite(&MergeUnsets, &[unset(&["a", "b.x"]), unset(&["ab", "b.y"])], "Unset(a, b.x, ab, b.y)");
        assert_stages_rewrite(&MergeUnsets, &[exclude(&["_id"]), exclude(&["a"])], "Project(not _id, not a)");
    }

    #[test]
    fn the_outer_of_two_paths_is_enough() {
        assert_stages_rewrite(&MergeUnsets, &[unset(&["a"]), unset(&["a.b", "a", "c"])], "Unset(a, c)");
        assert_stages_rewrite(&MergeUnsets, &[unset(&["a.b", "c", "a.c"]), unset(&["a"])], "Unset(c, a)");
    }

    #[test]
    fn what_keeps_is_not_joined_with_what_drops() {
        assert_stages_unchanged(&MergeUnsets, &[exclude(&["a"]), include(&["b"])]);
        assert_stages_unchanged(&MergeUnsets, &[include(&["b"]), exclude(&["_id"])]);
        assert_stages_unchanged(&MergeUnsets, &[exclude(&["a"]), unset(&["b"])]);
    }
}
