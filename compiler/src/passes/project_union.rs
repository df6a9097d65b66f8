//! Reads of the other side of a `UnionWith` only the fields that are read behind it: the server finds by itself what the
//! pipeline needs of its own documents, but not what it needs of those.
//!
//! ```text
//! UnionWith(old) . Group(by=city)   =>   UnionWith(old, [Project(city, not _id)]) . Group(by=city)
//! ```
//!
//! Never where the documents are given, whole or in part, or where something may read them whole: `$$ROOT`, an opaque
//! stage. Never where the pipeline itself says which fields there are. Null, missing and arrays: a field that is kept is
//! the same, and how many documents there are does not change.

use data_bridge_ir::Stage;
use data_bridge_ir::plan::Read;
use data_bridge_ir::stage::UnionWith;

use super::ReadRule;
use super::parts_kept::{gives_whole_documents, projection};
use crate::analyze::needed_fields::behind_each;
use crate::facts::Facts;

pub struct ProjectUnion;

impl ReadRule for ProjectUnion {
    fn name(&self) -> &'static str {
        "project_union"
    }

    fn rewrite(&self, read: &Read, _facts: &Facts) -> Option<Vec<Stage>> {
        let is_open = |stage: &Stage| matches!(stage, Stage::UnionWith(union) if is_open(union));
        if !read.stages.iter().any(is_open) {
            return None;
        }
        let mut changed = false;
        let mut stages = Vec::with_capacity(read.stages.len());
        behind_each(read, |stage, needed| {
            let mut stage = stage.clone();
            let sayable = |root: &str| !root.is_empty() && !root.starts_with('$');
            let open = is_open(&stage);
            if let Stage::UnionWith(union) = &mut stage
                && let Some(roots) = needed.only_read().filter(|roots| open && roots.iter().all(sayable))
            {
                union.pipeline.push(projection(roots.iter()));
                changed = true;
            }
            stages.push(stage);
        });
        stages.reverse();
        changed.then_some(stages)
    }
}

/// Whether it gives stored documents with all their fields.
fn is_open(union: &UnionWith) -> bool {
    union.collection.is_some() && gives_whole_documents(&union.pipeline)
}

#[cfg(test)]
mod tests {
    use data_bridge_ir::Expr;
    use data_bridge_ir::plan::Terminal;

    use super::*;
    use crate::testing::{eq, group, include, print, read, set, union};

    fn rewritten(pipeline: Vec<Stage>, behind: Stage, terminal: Terminal) -> Option<String> {
        let read = read(vec![union(pipeline), behind], terminal);
        ProjectUnion.rewrite(&read, &Facts::none()).map(|stages| print(&stages))
    }

    #[test]
    fn only_what_is_read_comes() {
        let after = "UnionWith(others, [Match(a == 1) . Project(b, city, not _id)]) . Group(by=city, n=sum(b))";
        let asked = vec![Stage::Match(eq("a", 1))];
        assert_eq!(rewritten(asked, group("city", "b"), Terminal::Aggregate).unwrap(), after);
        let after = "UnionWith(others, [Project(_id)]) . Limit(3)";
        assert_eq!(rewritten(vec![], Stage::Limit(3), Terminal::Count).unwrap(), after);
    }

    #[test]
    fn what_is_given_stays_whole() {
        assert_eq!(rewritten(vec![], Stage::Limit(3), Terminal::Find), None);
        assert_eq!(rewritten(vec![], include(&["a"]), Terminal::Aggregate), None);
        assert_eq!(rewritten(vec![], Stage::Raw(1.into()), Terminal::Aggregate), None);
        assert_eq!(rewritten(vec![], Stage::Raw(1.into()), Terminal::Count), None);
        let whole = set("r", Expr::Variable("ROOT".into()));
        let read = read(vec![union(vec![]), whole, group("r", "b")], Terminal::Aggregate);
        assert_eq!(ProjectUnion.rewrite(&read, &Facts::none()), None);
    }

    #[test]
    fn what_says_its_fields_stays() {
        assert_eq!(rewritten(vec![include(&["city"])], group("city", "b"), Terminal::Aggregate), None);
        assert_eq!(rewritten(vec![group("a", "b")], group("city", "b"), Terminal::Aggregate), None);
        assert_eq!(rewritten(vec![Stage::Raw(1.into())], group("city", "b"), Terminal::Aggregate), None);
    }

    #[test]
    fn one_of_two_may_say_its_fields() {
        let stages = vec![union(vec![]), union(vec![include(&["city"])]), group("city", "b")];
        let after = ProjectUnion.rewrite(&read(stages, Terminal::Aggregate), &Facts::none()).unwrap();
        let after = print(&after);
        assert_eq!(
            after,
            "UnionWith(others, [Project(b, city, not _id)]) . UnionWith(others, [Project(city)]) . Group(by=city, n=sum(b))"
        );
    }

    #[test]
    fn documents_that_the_pipeline_makes_itself_stay() {
        let made = Stage::UnionWith(UnionWith { collection: None, class: None, pipeline: vec![] });
        let read = read(vec![made, group("city", "b")], Terminal::Aggregate);
        assert_eq!(ProjectUnion.rewrite(&read, &Facts::none()), None);
    }

    #[test]
    fn names_that_no_projection_takes_stay() {
        for name in ["", "$x"] {
            assert_eq!(rewritten(vec![], group(name, "b"), Terminal::Aggregate), None);
        }
    }
}
