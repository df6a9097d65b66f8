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
use crate::hashing::HashSet;

pub struct MergeUnsets;

impl StageRule for MergeUnsets {
    fn name(&self) -> &'static str {
        "merge_unsets"
    }

    fn rewrite(&self, stages: &[Stage]) -> Option<Rewrite> {
        if !matches!(stages, [Stage::Unset(_), Stage::Unset(_), ..] | [Stage::Project(_), Stage::Project(_), ..]) {
            return None;
        }
        let unsets = stages.iter().map_while(|stage| if let Stage::Unset(paths) = stage { Some(paths) } else { None });
        let unsets: Vec<_> = unsets.collect();
        if unsets.len() > 1 {
            let better = Stage::Unset(outermost(unsets.iter().copied().flatten()));
            return Some(Rewrite::replace(unsets.len(), vec![better]));
        }
        let exclusions = stages.iter().map_while(|stage| match stage {
            Stage::Project(fields) if is_exclusion(fields) => Some(fields),
            _ => None,
        });
        let exclusions: Vec<_> = exclusions.collect();
        (exclusions.len() > 1).then(|| {
            let paths = outermost(exclusions.iter().copied().flatten().map(|(path, _)| path));
            let fields = paths.into_iter().map(|path| (path, Projected::Exclude)).collect();
            Rewrite::replace(exclusions.len(), vec![Stage::Project(fields)])
        })
    }
}

/// Each path once, without those inside of others.
fn outermost<'a>(paths: impl Iterator<Item = &'a Path> + Clone) -> Vec<Path> {
    let named: HashSet<&str> = paths.clone().map(Path::as_str).collect();
    let is_inside = |path: &str| path.match_indices('.').any(|(end, _)| named.contains(&path[..end]));
    let mut kept = HashSet::default();
    paths.filter(|path| !is_inside(path.as_str()) && kept.insert(path.as_str())).cloned().collect()
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
