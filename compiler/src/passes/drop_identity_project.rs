//! Drops a `Project` that keeps every field a `Group` or a `Count` makes.
//!
//! ```text
//! Group(by=city, n=sum(1)) . Project(_id, n)   =>   Group(by=city, n=sum(1))
//! Count(n) . Project(n)                        =>   Count(n)
//! ```
//!
//! Never when it computes, cuts a field (`n.x`) or leaves one out, be it the id; and never behind any other stage: what
//! fields a stored document has is not known. Null, missing and arrays: a field that is kept is the same, and fields that
//! are kept stand in the order they had.

use data_bridge_ir::stage::Projected;
use data_bridge_ir::{Path, Stage};

use super::{Rewrite, StageRule};
use crate::analyze::effects::leaves;

pub struct DropIdentityProject;

impl StageRule for DropIdentityProject {
    fn name(&self) -> &'static str {
        "drop_identity_project"
    }

    fn rewrite(&self, stages: &[Stage]) -> Option<Rewrite> {
        let [made, project @ Stage::Project(fields), ..] = stages else { return None };
        let names: Vec<&str> = match made {
            Stage::Group { outputs, .. } => {
                ["_id"].into_iter().chain(outputs.iter().map(|output| output.output.as_str())).collect()
            }
            Stage::Count(name) => vec![name],
            _ => return None,
        };
        let plain = |(path, projected): &(Path, Projected)| match projected {
            Projected::Include => names.contains(&path.as_str()),
            Projected::Exclude => true,
            Projected::Computed(_) => false,
        };
        let same = fields.iter().all(plain) && names.iter().all(|name| leaves(project, name));
        same.then(|| Rewrite::replace(2, vec![made.clone()]))
    }
}

#[cfg(test)]
mod tests {
    use data_bridge_ir::Expr;

    use super::*;
    use crate::testing::{assert_stages_rewrite, assert_stages_unchanged, exclude, group, include, set};

    #[test]
    fn what_keeps_everything_goes() {
        for project in [include(&["_id", "n"]), include(&["n"]), exclude(&["other"])] {
            assert_stages_rewrite(&DropIdentityProject, &[group("a", "b"), project], "Group(by=a, n=sum(b))");
        }
        assert_stages_rewrite(&DropIdentityProject, &[Stage::Count("n".into()), include(&["n"])], "Count(n)");
    }

    #[test]
    fn what_leaves_out_cuts_or_computes_stays() {
        let computing =
            Stage::Project(vec![("n".into(), Projected::Include), ("m".into(), Projected::Computed(Expr::field("n")))]);
        for project in [
            include(&["_id"]),
            include(&["n.x"]),
            include(&["n", "other"]),
            exclude(&["_id"]),
            exclude(&["n"]),
            computing,
        ] {
            assert_stages_unchanged(&DropIdentityProject, &[group("a", "b"), project]);
        }
    }

    #[test]
    fn of_stored_documents_nothing_is_known() {
        assert_stages_unchanged(&DropIdentityProject, &[set("n", Expr::field("a")), include(&["n"])]);
    }

    #[test]
    fn a_count_has_no_other_field() {
        assert_stages_unchanged(&DropIdentityProject, &[Stage::Count("n".into()), include(&["m"])]);
        assert_stages_unchanged(&DropIdentityProject, &[Stage::Count("n".into()), exclude(&["n"])]);
        assert_stages_rewrite(&DropIdentityProject, &[Stage::Count("n".into()), exclude(&["_id"])], "Count(n)");
    }
}
