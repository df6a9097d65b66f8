//! What stage rules ask the driver to do, and how it is done.

use std::collections::VecDeque;

use data_bridge_ir::{SchemaRef, Stage};

use crate::analyze::effects::keeps_stored;
use crate::analyze::shape::Shape;

/// What a stage rule makes of the first of the stages that it sees. The driver carries it out, so that stages which only
/// move are not copied.
#[derive(Debug, PartialEq)]
pub enum Rewrite {
    /// The first two, the other way round.
    Swap,
    /// So many of the first, replaced.
    Replace(usize, Vec<Stage>),
}

impl Rewrite {
    /// Carries the rewrite out on the first of these stages; gives how many stand in the place of those that were taken.
    pub fn apply(self, stages: &mut VecDeque<Stage>) -> usize {
        match self {
            Self::Swap => {
                stages.swap(0, 1);
                2
            }
            Self::Replace(taken, better) => {
                let given = better.len();
                stages.drain(..taken);
                better.into_iter().rev().for_each(|stage| stages.push_front(stage));
                given
            }
        }
    }

    /// Whether the rewrite of the first of these stages gives documents that look the same.
    pub fn keeps_shape(&self, schema: &SchemaRef, stages: &[Stage]) -> bool {
        match (self, stages) {
            (Self::Swap, [first, second, ..]) => {
                keeps_stored(first) || keeps_stored(second) || same_shape(schema, [first, second], [second, first])
            }
            (Self::Replace(taken, better), _) => same_shape(schema, &stages[..*taken], better),
            _ => true,
        }
    }
}

/// Whether documents look the same behind the ones as behind the others.
pub fn same_shape<'a>(
    schema: &SchemaRef,
    before: impl IntoIterator<Item = &'a Stage>,
    after: impl IntoIterator<Item = &'a Stage>,
) -> bool {
    let changing = |stage: &&Stage| !keeps_stored(stage);
    let before: Vec<_> = before.into_iter().filter(changing).collect();
    let after: Vec<_> = after.into_iter().filter(changing).collect();
    let shape = |stages: Vec<&Stage>| stages.into_iter().fold(Shape::of(schema), Shape::after);
    before == after || shape(before) == shape(after)
}
