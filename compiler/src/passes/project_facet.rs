//! Keeps of the documents that an output of a `Facet` lists only the fields that are read behind it: all outputs are one
//! document, which may not pass 16 MiB.
//!
//! ```text
//! Facet(n=[Count(n)], top=[Sort(-a)]) . Project(n, top.name)
//!     =>   Facet(n=[Count(n)], top=[Sort(-a) . Project(name, not _id)]) . Project(n, top.name)
//! ```
//!
//! Never where the listed documents are given or read as wholes, or by their places in the list; nor where the output
//! itself says which fields there are. Null, missing and arrays: a field that is kept is the same, and how many documents
//! are listed, and in which order, does not change.

use data_bridge_ir::Stage;
use data_bridge_ir::plan::Read;

use super::ReadRule;
use super::parts_kept::{gives_whole_documents, projection};
use crate::analyze::parts_read::parts_read;
use crate::facts::Facts;

pub struct ProjectFacet;

impl ReadRule for ProjectFacet {
    fn name(&self) -> &'static str {
        "project_facet"
    }

    fn rewrite(&self, read: &Read, _facts: &Facts) -> Option<Vec<Stage>> {
        if !read.stages.iter().any(|stage| matches!(stage, Stage::Facet(_))) {
            return None;
        }
        let mut changed = false;
        let mut kept = |place: usize, name: &str, pipeline: &[Stage]| {
            let parts = gives_whole_documents(pipeline).then(|| parts_read(read, place, name)).flatten()?;
            changed = true;
            Some(projection(parts.iter().copied()))
        };
        let stages = read.stages.iter().enumerate().map(|(place, stage)| match stage {
            Stage::Facet(outputs) => {
                let output = |(name, pipeline): &(String, Vec<Stage>)| {
                    (name.clone(), pipeline.iter().cloned().chain(kept(place, name, pipeline)).collect())
                };
                Stage::Facet(outputs.iter().map(output).collect())
            }
            other => other.clone(),
        });
        let stages = stages.collect();
        changed.then_some(stages)
    }
}

#[cfg(test)]
mod tests {
    use data_bridge_ir::Expr;
    use data_bridge_ir::plan::Terminal;

    use super::*;
    use crate::testing::{call, eq, exclude, facet, generic, group, include, print, read, set, sort};

    fn rewritten(outputs: Vec<Vec<Stage>>, behind: Stage) -> Option<String> {
        let read = read(vec![facet(outputs), behind], Terminal::Aggregate);
        ProjectFacet.rewrite(&read, &Facts::none()).map(|stages| print(&stages))
    }

    fn outputs() -> Vec<Vec<Stage>> {
        vec![vec![Stage::Count("n".into())], vec![sort("a")]]
    }

    #[test]
    fn only_what_is_read_is_listed() {
        let after = "Facet(f0=[Count(n)], f1=[Sort(-a) . Project(name, not _id)]) . Project(f0, f1.name)";
        assert_eq!(rewritten(outputs(), include(&["f0", "f1.name"])).unwrap(), after);
    }

    #[test]
    fn what_is_given_stays_whole() {
        assert_eq!(rewritten(outputs(), include(&["f0", "f1"])), None);
        assert_eq!(rewritten(outputs(), Stage::Limit(1)), None);
    }

    #[test]
    fn what_says_its_fields_stays() {
        for says in [group("a", "b"), include(&["name"]), Stage::Count("name".into()), generic(), Stage::Raw(1.into())]
        {
            assert_eq!(rewritten(vec![vec![says]], include(&["f0.name"])), None);
        }
    }

    #[test]
    fn what_nobody_reads_a_field_of_is_listed_by_its_id() {
        let counted = set("k", call("$size", Expr::field("f1")));
        assert_eq!(rewritten(outputs(), counted), None);
        let after = "Facet(f0=[Sort(-a) . Project(_id)]) . Match(true)";
        let read = read(vec![facet(vec![vec![sort("a")]]), Stage::Match(Expr::Constant(true))], Terminal::Count);
        assert_eq!(print(&ProjectFacet.rewrite(&read, &Facts::none()).unwrap()), after);
    }

    #[test]
    fn the_id_is_kept_where_it_is_read() {
        let after = "Facet(f0=[Project(not note) . Project(_id, name)]) . Project(f0._id, f0.name)";
        let behind = include(&["f0._id", "f0.name"]);
        assert_eq!(rewritten(vec![vec![exclude(&["note"])]], behind).unwrap(), after);
    }

    #[test]
    fn places_in_the_list_and_nothing_at_all_stay() {
        assert_eq!(rewritten(outputs(), include(&["f0", "f1.0.name"])), None);
        let nothing = vec![vec![Stage::Match(Expr::Constant(false))]];
        assert_eq!(rewritten(nothing, include(&["f0.name"])), None);
        assert_eq!(rewritten(vec![vec![Stage::Match(eq("f1", 1))]], Stage::Raw(1.into())), None);
    }
}
