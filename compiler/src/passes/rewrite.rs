//! What stage rules ask the driver to do, and how it is done.

use std::collections::VecDeque;

use data_bridge_ir::{SchemaRef, Stage};

use crate::analyze::effects::keeps_stored;
use crate::analyze::shape::Shape;

/// What a stage rule makes of the first of the stages that it sees.
#[derive(Debug, PartialEq)]
pub struct Rewrite {
    taken: usize,
    better: Vec<Stage>,
}

impl Rewrite {
    /// So many of the first stages, replaced.
    pub fn replace(taken: usize, better: Vec<Stage>) -> Self {
        Self { taken, better }
    }

    /// Carries the rewrite out on the first of these stages; gives how many stand in the place of those that were taken.
    pub fn apply(self, stages: &mut VecDeque<Stage>) -> usize {
        let given = self.better.len();
        stages.drain(..self.taken);
        self.better.into_iter().rev().for_each(|stage| stages.push_front(stage));
        given
    }

    /// Whether the rewrite of the first of these stages gives documents that look the same.
    pub fn keeps_shape(&self, schema: &SchemaRef, stages: &[Stage]) -> bool {
        same_shape(schema, &stages[..self.taken], &self.better)
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
