//! Runs rules to a fixpoint: owns recursion, order, the budget, cycle detection, the schema check and the trace.

use data_bridge_ir::plan::{Read, Terminal};
use data_bridge_ir::{Expr, Stage};

use super::flags::Flags;
use super::{JOINING_RULES, PREDICATE_RULES, PredicateRule, READ_RULES, ReadRule, STAGE_RULES, StageRule};
use crate::analyze::shape::Shape;
use crate::error::Failure;
use crate::facts::Facts;

/// More firings than this on one plan mean that rules undo each other.
const BUDGET_PER_NODE: usize = 16;

/// One firing of one rule.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Firing {
    pub rule: &'static str,
    pub before: String,
    pub after: String,
    /// What it relied on.
    pub facts: Vec<String>,
}

/// The rules a driver runs; the library's own, or a test's.
pub struct Rules<'a> {
    pub predicate: &'a [&'a dyn PredicateRule],
    pub stage: &'a [&'a dyn StageRule],
    /// Tried where no other stage rule applies any more.
    pub joining: &'a [&'a dyn StageRule],
    pub read: &'a [&'a dyn ReadRule],
}

pub const ALL: Rules<'static> =
    Rules { predicate: PREDICATE_RULES, stage: STAGE_RULES, joining: JOINING_RULES, read: READ_RULES };

pub struct Driver<'a> {
    rules: Rules<'a>,
    flags: &'a Flags,
    /// None: nobody will read the trace, so nothing is printed for it.
    trace: Option<Vec<Firing>>,
    budget: usize,
}

impl<'a> Driver<'a> {
    pub fn new(rules: Rules<'a>, flags: &'a Flags, traced: bool) -> Self {
        Self { rules, flags, trace: traced.then(Vec::new), budget: 0 }
    }

    pub fn into_trace(self) -> Vec<Firing> {
        self.trace.unwrap_or_default()
    }

    /// The cheapest read the rules reach from this one.
    pub fn read(&mut self, mut read: Read) -> Result<Read, Failure> {
        self.budget = BUDGET_PER_NODE * (64 + read.stages.iter().map(size).sum::<usize>());
        loop {
            let mut changed = self.predicates(&mut read)?;
            changed |= self.stages(self.rules.stage, &mut read)?;
            changed |= self.whole(&mut read)?;
            if !changed && !self.stages(self.rules.joining, &mut read)? {
                return Ok(read);
            }
        }
    }

    /// The simplest predicate the rules reach from this one.
    pub fn predicate(&mut self, mut predicate: Expr, facts: &Facts) -> Result<Expr, Failure> {
        self.budget = self.budget.max(BUDGET_PER_NODE * (64 + terms(&predicate)));
        self.simplify(&mut predicate, facts)?;
        Ok(predicate)
    }

    fn predicates(&mut self, read: &mut Read) -> Result<bool, Failure> {
        let mut changed = false;
        let mut facts = Facts::of(&read.source.schema, &read.options);
        for stage in &mut read.stages {
            match stage {
                Stage::Match(predicate) => changed |= self.simplify(predicate, &facts)?,
                Stage::Sort(_) | Stage::Skip(_) | Stage::Limit(_) | Stage::Sample(_) => {}
                // What follows are no longer the stored documents.
                _ => facts = Facts::none(),
            }
        }
        Ok(changed)
    }

    /// Children first, then the node itself until no rule applies to it.
    fn simplify(&mut self, current: &mut Expr, facts: &Facts) -> Result<bool, Failure> {
        let mut changed = false;
        match current {
            Expr::And(terms) | Expr::Or(terms) | Expr::Nor(terms) => {
                for term in terms {
                    changed |= self.simplify(term, facts)?;
                }
            }
            Expr::Not(child) => changed |= self.simplify(child, facts)?,
            // Its paths start at an element.
            Expr::ElemMatch { predicate, .. } => changed |= self.simplify(predicate, &Facts::none())?,
            Expr::Linked { predicate, target, .. } => changed |= self.simplify(predicate, &facts.of_linked(target))?,
            _ => {}
        }
        'again: loop {
            for position in 0..self.rules.predicate.len() {
                let rule = self.rules.predicate[position];
                if !self.flags.allows(rule.name()) {
                    continue;
                }
                if let Some(better) = rule.rewrite(current, facts) {
                    let before = self.trace.is_some().then(|| current.to_string());
                    self.fired(rule.name(), before, || better.to_string(), facts.take_used())?;
                    changed = true;
                    *current = better;
                    continue 'again;
                }
                facts.forget_used();
            }
            return Ok(changed);
        }
    }

    fn stages(&mut self, rules: &[&dyn StageRule], read: &mut Read) -> Result<bool, Failure> {
        let mut changed = false;
        let mut position = 0;
        while position < read.stages.len() {
            let fired = rules.iter().find_map(|rule| {
                let allowed = self.flags.allows(rule.name());
                allowed.then(|| rule.rewrite(&read.stages[position..])).flatten().map(|found| (rule.name(), found))
            });
            let Some((rule, (taken, better))) = fired else {
                position += 1;
                continue;
            };
            let mut stages = read.stages.clone();
            stages.splice(position..position + taken, better);
            self.accept(rule, read, stages)?;
            changed = true;
            // What moved up may now meet what stands before it.
            position = position.saturating_sub(1);
        }
        Ok(changed)
    }

    fn whole(&mut self, read: &mut Read) -> Result<bool, Failure> {
        let mut changed = false;
        for position in 0..self.rules.read.len() {
            let rule = self.rules.read[position];
            if self.flags.allows(rule.name())
                && let Some(stages) = rule.rewrite(read)
            {
                self.accept(rule.name(), read, stages)?;
                changed = true;
            }
        }
        Ok(changed)
    }

    /// Takes a rule's stages, once the answer's schema is seen to be the same.
    fn accept(&mut self, rule: &'static str, read: &mut Read, stages: Vec<Stage>) -> Result<(), Failure> {
        let gives_documents = !matches!(read.terminal, Terminal::Count | Terminal::Exists);
        let empty = stages.contains(&Stage::Match(Expr::Constant(false)));
        if gives_documents && !empty && shape(read, &read.stages) != shape(read, &stages) {
            return Err(Failure::Bug(format!("rule {rule} changed what the documents look like: {}", list(&stages))));
        }
        let before = self.trace.is_some().then(|| list(&read.stages));
        self.fired(rule, before, || list(&stages), Vec::new())?;
        read.stages = stages;
        Ok(())
    }

    fn fired(
        &mut self,
        rule: &'static str,
        before: Option<String>,
        after: impl FnOnce() -> String,
        facts: Vec<String>,
    ) -> Result<(), Failure> {
        self.budget = self
            .budget
            .checked_sub(1)
            .ok_or_else(|| Failure::Bug(format!("the rules do not come to an end; the last one was {rule}")))?;
        if let (Some(trace), Some(before)) = (&mut self.trace, before) {
            let after = after();
            if before == after {
                return Err(Failure::Bug(format!("rule {rule} fired and changed nothing: {after}")));
            }
            if trace.iter().any(|earlier| earlier.rule == rule && earlier.before == before && earlier.after == after)
                && trace.iter().any(|earlier| earlier.before == after && earlier.after == before)
            {
                return Err(Failure::Bug(format!("rule {rule} goes in a circle: {before} and {after}")));
            }
            trace.push(Firing { rule, before, after, facts });
        }
        Ok(())
    }
}

fn shape(read: &Read, stages: &[Stage]) -> Shape {
    stages.iter().fold(Shape::of(&read.source.schema), Shape::after)
}

fn list(stages: &[Stage]) -> String {
    if stages.is_empty() {
        return "(all documents)".to_owned();
    }
    stages.iter().map(ToString::to_string).collect::<Vec<_>>().join(" . ")
}

fn size(stage: &Stage) -> usize {
    if let Stage::Match(predicate) = stage { 1 + terms(predicate) } else { 1 }
}

fn terms(predicate: &Expr) -> usize {
    match predicate {
        Expr::And(items) | Expr::Or(items) | Expr::Nor(items) => items.iter().map(terms).sum::<usize>() + 1,
        Expr::Not(child) => terms(child) + 1,
        _ => 1,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{eq, print, read, set, sort};

    struct Flip;
    impl StageRule for Flip {
        fn name(&self) -> &'static str {
            "flip"
        }
        fn rewrite(&self, stages: &[Stage]) -> Option<(usize, Vec<Stage>)> {
            match stages {
                [first @ Stage::Skip(_), second @ Stage::Limit(_), ..]
                | [first @ Stage::Limit(_), second @ Stage::Skip(_), ..] => {
                    Some((2, vec![second.clone(), first.clone()]))
                }
                _ => None,
            }
        }
    }

    struct DropsProjection;
    impl StageRule for DropsProjection {
        fn name(&self) -> &'static str {
            "drops_projection"
        }
        fn rewrite(&self, stages: &[Stage]) -> Option<(usize, Vec<Stage>)> {
            matches!(stages, [Stage::Project(_), ..]).then(|| (1, vec![]))
        }
    }

    struct Idle;
    impl PredicateRule for Idle {
        fn name(&self) -> &'static str {
            "idle"
        }
        fn rewrite(&self, predicate: &Expr, _facts: &Facts) -> Option<Expr> {
            Some(predicate.clone())
        }
    }

    fn run(rules: Rules<'_>, stages: Vec<Stage>, traced: bool) -> Result<Read, Failure> {
        Driver::new(rules, &Flags::all(), traced).read(read(stages, Terminal::Find))
    }

    fn bug(result: Result<Read, Failure>) -> String {
        match result {
            Err(Failure::Bug(message)) => message,
            other => panic!("expected a bug, got {other:?}"),
        }
    }

    #[test]
    fn rules_that_undo_each_other_are_noticed() {
        let stages = vec![Stage::Skip(1), Stage::Limit(2)];
        let rules = || Rules { predicate: &[], stage: &[&Flip], joining: &[], read: &[] };
        assert!(bug(run(rules(), stages.clone(), true)).contains("circle"));
        assert!(bug(run(rules(), stages, false)).contains("do not come to an end"));
    }

    #[test]
    fn a_rule_that_changes_the_answer_is_noticed() {
        let project = Stage::Project(vec![("a".into(), data_bridge_ir::stage::Projected::Include)]);
        let rules = Rules { predicate: &[], stage: &[&DropsProjection], joining: &[], read: &[] };
        assert!(bug(run(rules, vec![project], false)).contains("drops_projection"));
    }

    #[test]
    fn a_rule_that_changes_nothing_is_noticed() {
        let rules = Rules { predicate: &[&Idle], stage: &[], joining: &[], read: &[] };
        assert!(bug(run(rules, vec![Stage::Match(eq("a", 1))], true)).contains("changed nothing"));
    }

    #[test]
    fn rules_work_together_to_a_fixpoint() {
        let stages = vec![
            Stage::Match(Expr::Or(vec![eq("a", 1), eq("a", 2)])),
            sort("b"),
            Stage::Match(Expr::And(vec![eq("c", 1), Expr::And(vec![eq("c", 1)])])),
            Stage::Limit(9),
            Stage::Limit(3),
        ];
        let once = run(ALL, stages, true).unwrap();
        assert_eq!(print(&once.stages), "Match((a in [1, 2]) & (c == 1)) . Sort(-b) . Limit(3)");
        assert_eq!(run(ALL, once.stages.clone(), true).unwrap(), once);
    }

    #[test]
    fn what_can_still_move_apart_is_not_joined() {
        let stages = vec![
            set("n", Expr::field("a")),
            set("m", Expr::field("b")),
            Stage::Match(eq("n", 1)),
            set("k", Expr::field("b")),
        ];
        let once = run(ALL, stages, true).unwrap();
        assert_eq!(print(&once.stages), "Set(n=a) . Match(n == 1) . Set(m=b, k=b)");
    }

    #[test]
    fn a_switch_turns_a_rule_off() {
        let mut flags = Flags::all();
        flags.set("push_match_below_sort", false).unwrap();
        let stages = vec![sort("b"), Stage::Match(eq("c", 1))];
        let kept = Driver::new(ALL, &flags, false).read(read(stages.clone(), Terminal::Find)).unwrap();
        assert_eq!(kept.stages, stages);
    }
}
