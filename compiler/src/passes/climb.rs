//! Runs the rules of matches: each match climbs past all stages that let it, and joins the matches on its way.

use data_bridge_ir::plan::Read;
use data_bridge_ir::{Expr, Stage};

use super::climbing::Climbing;
use super::driver::{Driver, list};
use super::flatten_boolean::joined;
use super::passing::Passing;
use crate::error::Failure;

/// Where a walk from the last stage to the first has come to.
struct Walk {
    /// Those that it has not come to.
    ahead: Vec<Stage>,
    climbing: Option<Climbing>,
    /// The last one first.
    behind: Vec<Stage>,
    untold: Option<Untold>,
}

/// What one rule did to one match. The stages of one kind that it passes in a row are told as one move.
struct Untold {
    rule: &'static str,
    past: usize,
    before: String,
}

impl Walk {
    fn text(&self, met: Option<&Stage>, climbing: Option<&Climbing>) -> String {
        let climbing = climbing.map(|climbing| Stage::Match(climbing.predicate()));
        list(self.ahead.iter().chain(met).chain(&climbing).chain(self.behind.iter().rev()))
    }
}

impl Driver<'_> {
    /// Moves every match of a read up as far as it may go, in one walk from the last stage to the first. No rule of
    /// matches can change what documents look like: it says which terms pass a stage, and the walk moves them.
    pub(super) fn matches(&mut self, read: &mut Read) -> Result<bool, Failure> {
        let meet = |pair: &[Stage]| matches!(pair[1], Stage::Match(_)) && self.passing(&pair[0]).is_some();
        if !read.stages.windows(2).any(meet) {
            return Ok(false);
        }
        let ahead = std::mem::take(&mut read.stages);
        let mut walk = Walk { behind: Vec::with_capacity(ahead.len()), ahead, climbing: None, untold: None };
        let mut changed = false;
        while let Some(stage) = walk.ahead.pop() {
            changed |= match walk.climbing.take() {
                Some(climbing) => self.meets(&mut walk, climbing, stage)?,
                None => {
                    self.starts(&mut walk, stage);
                    false
                }
            };
        }
        if let Some(climbing) = walk.climbing.take() {
            walk.behind.push(Stage::Match(climbing.into_predicate()));
            if let Some(untold) = walk.untold.take() {
                self.tell(Some(untold), walk.text(None, None))?;
            }
        }
        walk.behind.reverse();
        read.stages = walk.behind;
        Ok(changed)
    }

    /// The first allowed rule that speaks for a stage before a match, and what it says.
    fn passing<'a>(&self, stage: &'a Stage) -> Option<(&'static str, Passing<'a>)> {
        let mut rules = self.rules.matching.iter().filter(|rule| self.flags.allows(rule.name()));
        rules.find_map(|rule| rule.passing(stage).map(|passing| (rule.name(), passing)))
    }

    /// Lets what climbs pass a stage, as an allowed rule says; gives the rule and what stays behind.
    fn passes(&self, climbing: &mut Climbing, stage: &Stage) -> Option<(&'static str, Vec<Expr>)> {
        let (rule, passing) = self.passing(stage)?;
        let alone = climbing.is_opaque() && passing.is_joining();
        (!alone).then(|| (rule, climbing.pass(passing)))
    }

    /// A match climbs from here where the stage before it may let it pass; every other stage stays where it is.
    fn starts(&self, walk: &mut Walk, stage: Stage) {
        match stage {
            Stage::Match(predicate) if walk.ahead.last().is_some_and(|next| self.passing(next).is_some()) => {
                walk.climbing = Some(Climbing::new(predicate));
            }
            other => walk.behind.push(other),
        }
    }

    /// What climbs meets the stage before it; whether any of it gets further.
    fn meets(&mut self, walk: &mut Walk, mut climbing: Climbing, mut stage: Stage) -> Result<bool, Failure> {
        let before = self.trace.is_some().then(|| walk.text(Some(&stage), Some(&climbing)));
        let Some((rule, left)) = self.passes(&mut climbing, &stage) else {
            return self.stops(walk, climbing.into_predicate(), stage);
        };
        if climbing.is_empty() {
            return self.stops(walk, joined(left, Expr::And), stage);
        }
        self.spend(rule)?;
        let joins = matches!(stage, Stage::Match(_));
        if let Some(before) = before {
            let passed = usize::from(!joins);
            match &mut walk.untold {
                Some(untold) if untold.rule == rule => untold.past += passed,
                _ => {
                    let untold = Untold { rule, past: passed, before: before.clone() };
                    self.tell(walk.untold.replace(untold), before)?;
                }
            }
        }
        if !left.is_empty() {
            walk.behind.push(Stage::Match(joined(left, Expr::And)));
        }
        match &mut stage {
            Stage::Match(predicate) => climbing.join(predicate.take()),
            Stage::UnionWith(union) => union.pipeline.push(Stage::Match(climbing.predicate())),
            _ => {}
        }
        if !joins {
            walk.behind.push(stage);
        }
        walk.climbing = Some(climbing);
        Ok(true)
    }

    /// What climbed gets no further than to behind this stage, where another match may start.
    fn stops(&mut self, walk: &mut Walk, predicate: Expr, stage: Stage) -> Result<bool, Failure> {
        walk.behind.push(Stage::Match(predicate));
        if let Some(untold) = walk.untold.take() {
            self.tell(Some(untold), walk.text(Some(&stage), None))?;
        }
        self.starts(walk, stage);
        Ok(false)
    }

    fn tell(&mut self, untold: Option<Untold>, after: String) -> Result<(), Failure> {
        let (Some(trace), Some(Untold { rule, past, before })) = (&mut self.trace, untold) else { return Ok(()) };
        trace.note(rule, past, Some((before, after)), Vec::new())
    }
}
