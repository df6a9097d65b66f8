//! The stages of a read, seen from a position on.

use std::collections::VecDeque;

use data_bridge_ir::Stage;

/// Taken apart at the position, so that what is done there costs the same however many stages there are.
pub struct Window {
    ahead: Vec<Stage>,
    pub behind: VecDeque<Stage>,
}

impl Window {
    pub fn at_start(stages: Vec<Stage>) -> Self {
        Self { ahead: Vec::with_capacity(stages.len()), behind: stages.into() }
    }

    pub fn at_end(stages: Vec<Stage>) -> Self {
        Self { behind: VecDeque::with_capacity(stages.len()), ahead: stages }
    }

    /// Those from the position on.
    pub fn stages(&mut self) -> &[Stage] {
        self.behind.make_contiguous()
    }

    pub fn all(&self) -> impl Iterator<Item = &Stage> {
        self.ahead.iter().chain(&self.behind)
    }

    pub fn is_at_end(&self) -> bool {
        self.behind.is_empty()
    }

    /// One stage towards the first; whether there was one.
    pub fn back(&mut self) -> bool {
        let Some(stage) = self.ahead.pop() else { return false };
        self.behind.push_front(stage);
        true
    }

    /// One stage towards the last, where there is one.
    pub fn forward(&mut self) {
        self.ahead.extend(self.behind.pop_front());
    }

    pub fn into_stages(mut self) -> Vec<Stage> {
        self.ahead.extend(self.behind);
        self.ahead
    }
}
