//! What the rules that keep only some fields of what a pipeline inside a stage gives have in common.

use data_bridge_ir::stage::Projected;
use data_bridge_ir::{Expr, Path, Stage};

use crate::analyze::effects::is_exclusion;

/// Whether a pipeline gives stored documents with all their fields, and perhaps others. One that gives none is left alone.
pub fn gives_whole_documents(pipeline: &[Stage]) -> bool {
    pipeline.iter().all(|stage| match stage {
        Stage::Match(predicate) => *predicate != Expr::Constant(false),
        Stage::Sort(_)
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
pub fn projection<'a>(fields: impl Iterator<Item = &'a str>) -> Stage {
    let id = || Path::from("_id");
    let fields: Vec<_> = fields.collect();
    if fields.is_empty() {
        return Stage::Project(vec![(id(), Projected::Include)]);
    }
    let without_id = (!fields.contains(&"_id")).then(|| (id(), Projected::Exclude));
    let kept = fields.into_iter().map(|field| (Path::from(field), Projected::Include));
    Stage::Project(kept.chain(without_id).collect())
}
