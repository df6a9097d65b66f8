//! What the rules that keep only some fields of what a pipeline inside a stage gives have in common.

use data_bridge_ir::stage::Projected;
use data_bridge_ir::{Path, Stage};

use crate::analyze::effects::is_exclusion;
use crate::analyze::parts_read::Parts;

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
