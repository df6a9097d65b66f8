//! Runs the rules of what climbs: matches, limits and skips go past all stages that let them, and join those on their way.

use data_bridge_ir::Stage;
use data_bridge_ir::plan::Read;

use super::climbing::Climbing;
use super::driver::{Driver, list};
use super::passing::Passing;
use crate::error::Failure;

/// What climbs in a walk.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Climbers {
    /// A limit or a skip is a stage like any other to them.
    Matches,
    /// And the matches between them, without which they would get no further.
    LimitsAndMatches,
}

/// Where a walk from the last stage to the first has come to.
struct Walk {
    climbers: Climbers,
    /// Those that it has not come to.
    ahead: Vec<Stage>,
    /// How many of those are unions.
    unions: usize,
    climbing: Option<Climbing>,
    /// The last one first.
    behind: Vec<Stage>,
    untold: Option<Untold>,
}

/// A match is copied into each union that it passes. Where the terms that climb, for each union that is still ahead, come to
/// more copies than these, they pass no union: a plan grows no faster than what it was made from.
const MOST_COPIES: usize = 256;

/// What one rule did. The stages of one kind that something passes in a row are told as one move.
struct Untold {
    rule: &'static str,
    past: usize,
    before: String,
}

impl Walk {
    /// Whether a stage is a limit or a skip that climbs.
    fn counts(&self, stage: &Stage) -> bool {
        self.climbers == Climbers::LimitsAndMatches && is_counting(stage)
    }

    fn text(&self, met: Option<&Stage>, climbing: &[Stage]) -> String {
        self.text_between(None, met, climbing)
    }

    /// Where the first of what climbs has passed a stage and the others have not.
    fn text_between(&self, first: Option<&Stage>, met: Option<&Stage>, others: &[Stage]) -> String {
        list(self.ahead.iter().chain(first).chain(met).chain(others).chain(self.behind.iter().rev()))
    }
}

impl Driver<'_> {
    /// Moves all that climbs up as far as it may go, in one walk from the last stage to the first. No rule of these can
    /// change what documents look like: it says what passes a stage, and the walk moves it.
    pub(super) fn climb(&mut self, read: &mut Read, climbers: Climbers) -> Result<bool, Failure> {
        let moves = |pair: &[Stage]| match climbers {
            Climbers::Matches => matches!(pair[1], Stage::Match(_)) && self.passing(&pair[0]).is_some(),
            Climbers::LimitsAndMatches => is_counting(&pair[1]) && self.counting(&pair[0]).is_some(),
        };
        if !read.stages.windows(2).any(moves) {
            return Ok(false);
        }
        let ahead = std::mem::take(&mut read.stages);
        let behind = Vec::with_capacity(ahead.len());
        let unions = ahead.iter().filter(|stage| is_union(stage)).count();
        let mut walk = Walk { climbers, ahead, unions, climbing: None, behind, untold: None };
        let mut changed = false;
        while let Some(stage) = walk.ahead.pop() {
            let unions = usize::from(is_union(&stage));
            changed |= match walk.climbing.take() {
                Some(climbing) => self.meets(&mut walk, climbing, stage)?,
                None => {
                    self.starts(&mut walk, stage);
                    false
                }
            };
            walk.unions -= unions;
        }
        if let Some(climbing) = walk.climbing.take() {
            walk.behind.extend(climbing.into_stages().into_iter().rev());
            if let Some(untold) = walk.untold.take() {
                self.tell(Some(untold), walk.text(None, &[]))?;
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

    /// The first allowed rule that lets a limit or a skip behind a stage pass it.
    fn counting(&self, stage: &Stage) -> Option<&'static str> {
        let mut rules = self.rules.limiting.iter().filter(|rule| self.flags.allows(rule.name()));
        rules.find(|rule| rule.is_passed(stage)).map(|rule| rule.name())
    }

    /// A match, a limit or a skip climbs from here where it may pass the stage before it, or join it; every other stage
    /// stays where it is.
    fn starts(&self, walk: &mut Walk, stage: Stage) {
        let climbs = walk.ahead.last().is_some_and(|next| match &stage {
            Stage::Match(_) => walk.counts(next) || self.passing(next).is_some(),
            other if walk.counts(other) => {
                is_counting(next) || matches!(next, Stage::Match(_)) || self.counting(next).is_some()
            }
            _ => false,
        });
        match climbs {
            true => walk.climbing = Some(Climbing::new(stage)),
            false => walk.behind.push(stage),
        }
    }

    /// What climbs meets the stage before it; whether that changes the stages.
    fn meets(&mut self, walk: &mut Walk, mut climbing: Climbing, stage: Stage) -> Result<bool, Failure> {
        let rule = match &stage {
            Stage::Match(_) if climbing.begins_with_match() => match self.passing(&stage).map(|(rule, _)| rule) {
                Some(rule) if !climbing.begins_opaque() => Some(rule),
                _ => return self.stops(walk, climbing.into_stages(), stage),
            },
            Stage::Match(_) => None,
            other if walk.counts(other) => None,
            _ => return self.passes(walk, climbing, stage),
        };
        if let Some(rule) = rule {
            let before = self.trace.is_some().then(|| walk.text(Some(&stage), &climbing.stages()));
            self.moves(walk, rule, 0, before)?;
        }
        climbing.join(stage);
        walk.climbing = Some(climbing);
        Ok(rule.is_some())
    }

    /// As much of what climbs passes a stage as may; the rest stays behind it.
    fn passes(&mut self, walk: &mut Walk, mut climbing: Climbing, mut stage: Stage) -> Result<bool, Failure> {
        let asked = self.trace.is_some().then(|| climbing.stages());
        let in_proportion = walk.unions * climbing.terms() <= MOST_COPIES;
        let passing = self.passing(&stage);
        let matching = passing.filter(|(_, passing)| in_proportion || !matches!(passing, Passing::Copied));
        let counting = self.counting(&stage);
        let rules = (matching.as_ref().map(|(rule, _)| *rule), counting);
        let left = match (matching, counting) {
            (Some((_, passing)), Some(_)) => climbing.pass(passing),
            (Some((_, passing)), None) => {
                let counting = climbing.leave_from_counting();
                let mut left = climbing.pass(passing);
                left.extend(counting);
                left
            }
            (None, Some(_)) => climbing.leave_from_match(),
            (None, None) => std::mem::take(&mut climbing).into_stages(),
        };
        if climbing.is_empty() {
            return self.stops(walk, left, stage);
        }
        let matching = rules.0.filter(|_| climbing.terms() > 0);
        let counting = rules.1.filter(|_| climbing.has_counting());
        let (first, second) = if climbing.begins_with_match() { (matching, counting) } else { (counting, matching) };
        let before = |asked: &Vec<Stage>| walk.text(Some(&stage), asked);
        let before = asked.as_ref().map(before);
        let between = asked.map(|asked| walk.text_between(climbing.stages().first(), Some(&stage), &asked[1..]));
        for (rule, before) in [(first, before), (second, between)] {
            if let Some(rule) = rule {
                self.moves(walk, rule, 1, before)?;
            }
        }
        walk.behind.extend(left.into_iter().rev());
        if let Stage::UnionWith(union) = &mut stage {
            union.pipeline.extend(climbing.stages());
        }
        walk.behind.push(stage);
        walk.climbing = Some(climbing);
        Ok(true)
    }

    /// A rule moved something past so many stages.
    fn moves(
        &mut self,
        walk: &mut Walk,
        rule: &'static str,
        past: usize,
        before: Option<String>,
    ) -> Result<(), Failure> {
        self.spend(rule)?;
        let Some(before) = before else { return Ok(()) };
        match &mut walk.untold {
            Some(untold) if untold.rule == rule => {
                untold.past += past;
                Ok(())
            }
            _ => {
                let untold = Untold { rule, past, before: before.clone() };
                self.tell(walk.untold.replace(untold), before)
            }
        }
    }

    /// What climbed gets no further than to behind this stage, where something else may start.
    fn stops(&mut self, walk: &mut Walk, climbed: Vec<Stage>, stage: Stage) -> Result<bool, Failure> {
        walk.behind.extend(climbed.into_iter().rev());
        if let Some(untold) = walk.untold.take() {
            self.tell(Some(untold), walk.text(Some(&stage), &[]))?;
        }
        self.starts(walk, stage);
        Ok(false)
    }

    fn tell(&mut self, untold: Option<Untold>, after: String) -> Result<(), Failure> {
        let (Some(trace), Some(Untold { rule, past, before })) = (&mut self.trace, untold) else { return Ok(()) };
        trace.note(rule, past, Some((before, after)), Vec::new())
    }
}

fn is_union(stage: &Stage) -> bool {
    matches!(stage, Stage::UnionWith(_))
}

fn is_counting(stage: &Stage) -> bool {
    matches!(stage, Stage::Limit(_) | Stage::Skip(_))
}
