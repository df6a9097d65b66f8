//! Keeps of what a `Lookup` with a pipeline joins only the fields that are read behind it: documents that hold long lists of
//! joined ones stay small.
//!
//! ```text
//! Lookup(pets, [Match(p)] -> pets) . Unwind(pets) . Group(by=pets.kind)
//!     =>   Lookup(pets, [Match(p) . Project(kind, not _id)] -> pets) . Unwind(pets) . Group(by=pets.kind)
//! ```
//!
//! Never where the joined documents are given or read as wholes, or by their places in the list; nor a join without a
//! pipeline, which the server runs faster than one with. Never where the pipeline itself says which fields there are.
//! Null, missing and arrays: a field that is kept is the same, and how many documents are joined does not change.

use data_bridge_ir::plan::Read;
use data_bridge_ir::stage::{Lookup, Projected};
use data_bridge_ir::{Path, Stage};

use super::{Known, ReadRule};
use crate::analyze::effects::is_exclusion;
use crate::analyze::parts_read::{Parts, parts_read};

pub struct ProjectLookup;

impl ReadRule for ProjectLookup {
    fn name(&self) -> &'static str {
        "project_lookup"
    }

    fn rewrite<'a>(&self, read: &'a Read, _known: &Known<'a>) -> Option<Vec<Stage>> {
        let (place, lookup, pipeline, parts) = read.stages.iter().enumerate().find_map(|(place, stage)| {
            let Stage::Lookup(lookup) = stage else { return None };
            let pipeline = lookup.pipeline.as_ref().filter(|pipeline| gives_whole_documents(pipeline))?;
            let is_one_name = !lookup.output.contains('.');
            let parts = is_one_name.then(|| parts_read(read, place, &lookup.output)).flatten()?;
            Some((place, lookup, pipeline, parts))
        })?;
        let pipeline = pipeline.iter().cloned().chain([projection(&parts)]).collect();
        let mut stages = read.stages.clone();
        stages[place] = Stage::Lookup(Lookup { pipeline: Some(pipeline), ..lookup.clone() });
        Some(stages)
    }
}

/// Whether a pipeline gives stored documents with all their fields, and perhaps others.
pub fn gives_whole_documents(pipeline: &[Stage]) -> bool {
    pipeline.iter().all(|stage| match stage {
        Stage::Match(_)
        | Stage::Sort(_)
        | Stage::Skip(_)
        | Stage::Limit(_)
        | Stage::Sample(_)
        | Stage::Set(_)
        | Stage::Unset(_)
        | Stage::Unwind { .. }
        | Stage::Lookup(_)
        | Stage::UnionWith(_) => true,
        Stage::Project(fields) => is_exclusion(fields),
        Stage::Group { .. } | Stage::Count(_) | Stage::Facet(_) | Stage::Generic { .. } | Stage::Raw(_) => false,
    })
}

/// These fields alone; of none the id, since a document has to hold something to be projected.
pub fn projection(parts: &Parts<'_>) -> Stage {
    let id = || Path::from("_id");
    if parts.is_empty() {
        return Stage::Project(vec![(id(), Projected::Include)]);
    }
    let kept = parts.iter().map(|part| (Path::from(*part), Projected::Include));
    let without_id = (!parts.contains("_id")).then(|| (id(), Projected::Exclude));
    Stage::Project(kept.chain(without_id).collect())
}

#[cfg(test)]
mod tests {
    use data_bridge_ir::plan::Terminal;

    use super::*;
    use crate::facts::Facts;
    use crate::testing::{eq, group, include, lookup, print, read, sort};

    fn join(pipeline: Option<Vec<Stage>>) -> Stage {
        let Stage::Lookup(join) = lookup("pets") else { unreachable!("made as one") };
        Stage::Lookup(Lookup { pipeline, ..join })
    }

    fn rewritten(pipeline: Option<Vec<Stage>>, behind: Stage, terminal: Terminal) -> Option<String> {
        let unwind = Stage::Unwind { path: "pets".into(), index: None, preserve: false };
        let read = read(vec![join(pipeline), unwind, behind], terminal);
        let known = Known::of(Facts::none());
        ProjectLookup.rewrite(&read, &known).map(|stages| print(&stages[..1]))
    }

    fn asked() -> Option<Vec<Stage>> {
        Some(vec![Stage::Match(eq("a", 1)), sort("b")])
    }

    #[test]
    fn only_what_is_read_is_joined() {
        let after = rewritten(asked(), group("pets.kind", "pets.age"), Terminal::Aggregate).unwrap();
        assert!(after.contains("[Match(a == 1) . Sort(-b) . Project(age, kind, not _id)]"), "{after}");
        let after = rewritten(asked(), group("x", "pets._id"), Terminal::Aggregate).unwrap();
        assert!(after.contains("Sort(-b) . Project(_id)]"), "{after}");
        let after = rewritten(asked(), Stage::Limit(3), Terminal::Count).unwrap();
        assert!(after.contains("Sort(-b) . Project(_id)]"), "{after}");
    }

    #[test]
    fn what_is_given_stays_whole() {
        assert_eq!(rewritten(asked(), Stage::Limit(3), Terminal::Find), None);
        assert_eq!(rewritten(asked(), group("pets", "a"), Terminal::Aggregate), None);
    }

    #[test]
    fn a_join_without_a_pipeline_is_run_by_the_faster_engine() {
        assert_eq!(rewritten(None, group("pets.kind", "a"), Terminal::Aggregate), None);
    }

    #[test]
    fn once_is_enough() {
        let chosen = Some(vec![include(&["kind"])]);
        assert_eq!(rewritten(chosen, group("pets.kind", "a"), Terminal::Aggregate), None);
    }
}
