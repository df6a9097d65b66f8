//! What the rules that drop what nobody reads have in common.

use data_bridge_ir::Stage;
use data_bridge_ir::plan::Read;

use crate::analyze::needed_fields::{Needed, behind_each};

/// What becomes of a stage.
pub enum Fate {
    Stays,
    Goes,
    Becomes(Stage),
}

/// The stages without what nobody reads: each stage of some kind, by what is needed of the documents that it gives.
/// None when all of them stay.
pub fn without_unread(
    read: &Read,
    concerns: impl Fn(&Stage) -> bool,
    fate: impl Fn(&Stage, &Needed<'_>) -> Fate,
) -> Option<Vec<Stage>> {
    if !read.stages.iter().any(&concerns) {
        return None;
    }
    let mut fates = Vec::with_capacity(read.stages.len());
    behind_each(read, |stage, needed| fates.push(if concerns(stage) { fate(stage, needed) } else { Fate::Stays }));
    fates.reverse();
    if fates.iter().all(|fate| matches!(fate, Fate::Stays)) {
        return None;
    }
    let left = read.stages.iter().zip(fates).filter_map(|(stage, fate)| match fate {
        Fate::Stays => Some(stage.clone()),
        Fate::Goes => None,
        Fate::Becomes(other) => Some(other),
    });
    Some(left.collect())
}
