//! What the rules that drop what nobody reads have in common.

use data_bridge_ir::Stage;
use data_bridge_ir::plan::Read;

use super::Known;
use crate::analyze::needed_fields::Needed;

/// What becomes of a stage.
pub enum Fate {
    Stays,
    Goes,
    Becomes(Stage),
}

/// The stages without what nobody reads: each stage of some kind, by what is needed of the documents that it gives.
/// None when all of them stay.
pub fn without_unread<'a>(
    read: &'a Read,
    known: &Known<'a>,
    concerns: impl Fn(&Stage) -> bool,
    fate: impl Fn(&Stage, &Needed<'a>) -> Fate,
) -> Option<Vec<Stage>> {
    if !read.stages.iter().any(&concerns) {
        return None;
    }
    let fates: Vec<_> = read
        .stages
        .iter()
        .zip(known.needed(read))
        .map(|(stage, needed)| if concerns(stage) { fate(stage, needed) } else { Fate::Stays })
        .collect();
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
