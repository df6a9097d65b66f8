//! What rules did to one plan, for a person to read.

use std::collections::HashMap;
use std::hash::{DefaultHasher, Hash, Hasher};

use crate::error::Failure;

/// One firing of one rule.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Firing {
    pub rule: &'static str,
    /// How many stages in a row it moved something past; 0 where it did something else.
    pub past: usize,
    /// The place of the stage that it changed something inside of; none where it changed the list of stages.
    pub stage: Option<usize>,
    /// The pipeline inside a stage that it changed, outermost first; empty for the read itself.
    pub place: Vec<String>,
    pub before: String,
    pub after: String,
    /// What it relied on.
    pub facts: Vec<String>,
}

/// What was done, and where it is being done now.
#[derive(Default)]
pub struct Trace {
    pub firings: Vec<Firing>,
    /// Which rule first made each step from one text to another, both as hashes.
    steps: HashMap<(u64, u64), &'static str>,
    pub place: Vec<String>,
    stage: Option<usize>,
}

impl Trace {
    /// Says which stage of the read something is done inside of. Those of inner pipelines are not told apart.
    pub fn inside(&mut self, stage: Option<usize>) {
        if self.place.is_empty() {
            self.stage = stage;
        }
    }

    /// Notes a firing with its text before and after, none where it changed nothing. What changes nothing, or goes back
    /// and forth, is a bug.
    pub fn note(
        &mut self,
        rule: &'static str,
        past: usize,
        firing: Option<(String, String)>,
        facts: Vec<String>,
    ) -> Result<(), Failure> {
        let Some((before, after)) = firing else {
            return Err(Failure::Bug(format!("rule {rule} fired and changed nothing")));
        };
        let step = (hash(&before), hash(&after));
        if self.steps.get(&step) == Some(&rule) && self.steps.contains_key(&(step.1, step.0)) {
            return Err(Failure::Bug(format!("rule {rule} goes in a circle: {before} and {after}")));
        }
        self.steps.entry(step).or_insert(rule);
        self.firings.push(Firing { rule, past, stage: self.stage, place: self.place.clone(), before, after, facts });
        Ok(())
    }
}

fn hash(text: &str) -> u64 {
    let mut hasher = DefaultHasher::new();
    text.hash(&mut hasher);
    hasher.finish()
}
