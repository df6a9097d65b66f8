//! Joins adjacent `Set`s: each document is taken apart and put together once.
//!
//! ```text
//! Set(n=a + 1) . Set(m=b)   =>   Set(n=a + 1, m=b)
//! ```
//!
//! Never when the second reads a field that the first writes, or may (`$$ROOT`, an opaque value): in one `Set` every value
//! is of the document as it came in. Never when both write into one top-level field. Null, missing and arrays: each
//! value is computed as before and stored where it was, and new fields stand in the order in which they are written.

use data_bridge_ir::{Expr, Path, Stage};

use super::{Rewrite, StageRule};
use crate::analyze::reads::reads_only;
use crate::hashing::HashSet;

pub struct MergeSets;

impl StageRule for MergeSets {
    fn name(&self) -> &'static str {
        "merge_sets"
    }

    fn rewrite(&self, stages: &[Stage]) -> Option<Rewrite> {
        let [Stage::Set(first), behind @ ..] = stages else { return None };
        let mut written: HashSet<&str> = first.iter().map(|(path, _)| path.root()).collect();
        let mut joined = Vec::new();
        for stage in behind {
            match stage {
                Stage::Set(fields) if is_independent(fields, &written) => {
                    written.extend(fields.iter().map(|(path, _)| path.root()));
                    joined.push(fields);
                }
                _ => break,
            }
        }
        let all = || std::iter::once(first).chain(joined.iter().copied()).flatten().cloned().collect();
        (!joined.is_empty()).then(|| Rewrite::replace(1 + joined.len(), vec![Stage::Set(all())]))
    }
}

/// Whether the fields may be computed together with those that are written before them.
fn is_independent(fields: &[(Path, Expr)], written: &HashSet<&str>) -> bool {
    let apart = |path: &Path| !written.contains(path.root());
    fields.iter().all(|(path, value)| apart(path) && reads_only(value, |root| !written.contains(root)))
}

#[cfg(test)]
mod tests {
    use data_bridge_ir::Expr;

    use super::*;
    use crate::testing::{assert_stages_rewrite, assert_stages_unchanged, call, set};

    #[test]
    fn independent_writes_join() {
        let stages = [set("n", Expr::field("a")), set("m.x", Expr::field("b"))];
        assert_stages_rewrite(&MergeSets, &stages, "Set(n=a, m.x=b)");
    }

    #[test]
    fn what_reads_the_first_stays_behind_it() {
        for read in ["n", "n.x"] {
            assert_stages_unchanged(&MergeSets, &[set("n", Expr::field("a")), set("m", Expr::field(read))]);
        }
        assert_stages_unchanged(&MergeSets, &[set("n.x", Expr::field("a")), set("m", Expr::field("n"))]);
    }

    #[test]
    fn what_may_read_anything_stays_behind() {
        let field = call("$getField", Expr::Literal("n".into()));
        for value in [Expr::Variable("ROOT".into()), Expr::Raw(1.into()), field] {
            assert_stages_unchanged(&MergeSets, &[set("n", Expr::field("a")), set("m", value)]);
        }
    }

    #[test]
    fn writes_into_one_field_stay_two() {
        for path in ["n", "n.x", "n.y"] {
            assert_stages_unchanged(&MergeSets, &[set("n.x", Expr::field("a")), set(path, Expr::field("b"))]);
        }
    }

    #[test]
    fn as_many_join_as_are_independent_of_all_before_them() {
        let first = || [set("n", Expr::field("a")), set("m", Expr::field("b"))];
        for behind in [set("k", Expr::field("m.x")), set("m.x", Expr::field("a")), Stage::Limit(1)] {
            let after = format!("Set(n=a, m=b) . {behind}");
            assert_stages_rewrite(&MergeSets, &[first().as_slice(), &[behind]].concat(), &after);
        }
        let apart = [set("n", Expr::field("a")), Stage::Limit(1), set("m", Expr::field("b"))];
        assert_stages_unchanged(&MergeSets, &apart);
    }
}
