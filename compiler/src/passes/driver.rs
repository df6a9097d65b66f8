//! Runs rules to a fixpoint: owns recursion, order, the budget, cycle detection, the schema check and the trace. How it runs
//! those of predicates is in `simplify`.

use data_bridge_ir::plan::{Read, Terminal};
use data_bridge_ir::{Expr, SchemaRef, Stage};

use super::StageRule;
use super::climb::Climbers;
use super::flags::Flags;
use super::parts::{pipelines, size};
use super::rewrite::same_shape;
pub use super::rules::{ALL, Rules};
use super::settled::is_settled_read;
pub use super::trace::Firing;
use super::trace::Trace;
use super::window::Window;
use crate::analyze::effects::keeps_stored;
use crate::error::Failure;
use crate::facts::Facts;

/// More firings than this on one plan mean that rules undo each other.
pub(super) const BUDGET_PER_NODE: usize = 16;

pub struct Driver<'a> {
    pub(super) rules: &'a Rules<'a>,
    pub(super) flags: &'a Flags,
    /// None: nobody will read the trace, so nothing is printed for it.
    pub(super) trace: Option<Trace>,
    pub(super) budget: usize,
}

impl<'a> Driver<'a> {
    pub fn new(rules: &'a Rules<'a>, flags: &'a Flags, traced: bool) -> Self {
        Self { rules, flags, trace: traced.then(Trace::default), budget: 0 }
    }

    pub fn into_trace(self) -> Vec<Firing> {
        self.trace.map(|trace| trace.firings).unwrap_or_default()
    }

    /// The cheapest read the rules reach from this one.
    pub fn read(&mut self, mut read: Read) -> Result<Read, Failure> {
        if !self.flags.allow_none() {
            self.budget = BUDGET_PER_NODE * (64 + read.stages.iter().map(size).sum::<usize>());
            self.pipeline(&mut read)?;
        }
        Ok(read)
    }

    /// Runs all rules on the stages of a read, or of a pipeline inside one, until none applies.
    fn pipeline(&mut self, read: &mut Read) -> Result<bool, Failure> {
        let facts = Facts::of(&read.source.schema, &read.options);
        let mut ever = false;
        // Whether the read is as the rules of whole reads, and those inside of stages, left it alone.
        let mut settled = false;
        loop {
            // What these leave is simplified whatever follows, so that they alone are no reason for another round.
            let simplified = self.predicates(read, &facts)?;
            if is_settled_read(read, &facts) {
                return Ok(ever | simplified);
            }
            let mut moved = false;
            if simplified || !settled {
                while self.climb(read, Climbers::Matches)?
                    | self.climb(read, Climbers::LimitsAndMatches)?
                    | self.stages(read)?
                {
                    moved = true;
                }
            }
            if simplified || moved || !settled {
                settled = !(self.whole(read, &facts)? | self.nested(read)?);
            }
            ever |= simplified || moved || !settled;
            if !moved && settled {
                if !self.joining(read)? {
                    return Ok(ever);
                }
                settled = false;
                ever = true;
            }
        }
    }

    /// From the last stage to the first: what moves up meets all that it can join on its way, and moves on with it.
    fn stages(&mut self, read: &mut Read) -> Result<bool, Failure> {
        let mut changed = false;
        if self.is_idle(self.rules.stage, &read.stages) {
            return Ok(false);
        }
        let mut window = Window::at_end(std::mem::take(&mut read.stages));
        while window.back() {
            if let Some(given) = self.window(self.rules.stage, &read.source.schema, &mut window)? {
                changed = true;
                // What came out may now meet what stands behind it.
                (0..=given).for_each(|_| window.forward());
            }
        }
        read.stages = window.into_stages();
        Ok(changed)
    }

    /// From the first stage to the last: a rule takes as many at once as it can join.
    fn joining(&mut self, read: &mut Read) -> Result<bool, Failure> {
        let mut changed = false;
        if self.is_idle(self.rules.joining, &read.stages) {
            return Ok(false);
        }
        let mut window = Window::at_start(std::mem::take(&mut read.stages));
        while !window.is_at_end() {
            if self.window(self.rules.joining, &read.source.schema, &mut window)?.is_some() {
                changed = true;
                window.back();
            } else {
                window.forward();
            }
        }
        read.stages = window.into_stages();
        Ok(changed)
    }

    /// Whether there is one stage at most and nothing to do to it: of most queries, which need not be taken apart.
    fn is_idle(&self, rules: &[&dyn StageRule], stages: &[Stage]) -> bool {
        stages.len() < 2 && !rules.iter().any(|rule| self.flags.allows(rule.name()) && rule.rewrite(stages).is_some())
    }

    /// Tries the rules on the stages of a window; how many stand in the place of those that one took.
    fn window(
        &mut self,
        rules: &[&dyn StageRule],
        schema: &SchemaRef,
        window: &mut Window,
    ) -> Result<Option<usize>, Failure> {
        let stages = window.stages();
        let fired = rules.iter().find_map(|rule| {
            let allowed = self.flags.allows(rule.name());
            allowed.then(|| rule.rewrite(stages)).flatten().map(|rewrite| (rule.name(), rewrite))
        });
        let Some((rule, rewrite)) = fired else { return Ok(None) };
        if !rewrite.keeps_shape(schema, stages) {
            return Err(changed_shape(rule, stages));
        }
        let before = self.trace.is_some().then(|| list(window.all()));
        let given = rewrite.apply(&mut window.behind);
        let firing = before.map(|before| (before, list(window.all()))).filter(|(before, after)| before != after);
        self.fired(rule, firing, &Facts::none())?;
        Ok(Some(given))
    }

    fn whole(&mut self, read: &mut Read, facts: &Facts) -> Result<bool, Failure> {
        let mut changed = false;
        for position in 0..self.rules.read.len() {
            let rule = self.rules.read[position];
            if !self.flags.allows(rule.name()) {
                continue;
            }
            let Some(stages) = rule.rewrite(read, facts) else {
                facts.forget_used();
                continue;
            };
            let gives_documents = !matches!(read.terminal, Terminal::Count | Terminal::Exists);
            let empty = stages.iter().any(|stage| matches!(stage, Stage::Match(Expr::Constant(false))));
            if gives_documents && !empty && !same_shape(&read.source.schema, &read.stages, &stages) {
                return Err(changed_shape(rule.name(), &stages));
            }
            let firing = (self.trace.is_some() && read.stages != stages).then(|| (list(&read.stages), list(&stages)));
            self.fired(rule.name(), firing, facts)?;
            read.stages = stages;
            changed = true;
        }
        Ok(changed)
    }

    /// The pipelines inside stages: each is a read of its own, of other documents or of these.
    fn nested(&mut self, read: &mut Read) -> Result<bool, Failure> {
        let mut changed = false;
        let mut stored = true;
        let Read { source, stages, options, .. } = read;
        for (place, stage) in stages.iter_mut().enumerate() {
            self.inside(Some(place));
            let theirs = stored && matches!(stage, Stage::Facet(_));
            stored &= keeps_stored(stage);
            for (name, pipeline) in pipelines(stage) {
                let mut source = source.clone();
                if !theirs {
                    source.schema = SchemaRef::declare("documents");
                }
                let stages = std::mem::take(pipeline);
                let mut inner = Read { source, stages, terminal: Terminal::Aggregate, options: options.clone() };
                if let Some(trace) = &mut self.trace {
                    trace.place.push(name);
                }
                changed |= self.pipeline(&mut inner)?;
                if let Some(trace) = &mut self.trace {
                    trace.place.pop();
                }
                *pipeline = inner.stages;
            }
        }
        self.inside(None);
        Ok(changed)
    }

    /// Notes a firing with its text before and after, which a traced one has unless it changed nothing.
    pub(super) fn fired(
        &mut self,
        rule: &'static str,
        firing: Option<(String, String)>,
        facts: &Facts,
    ) -> Result<(), Failure> {
        self.spend(rule)?;
        let facts = facts.take_used();
        let Some(trace) = &mut self.trace else { return Ok(()) };
        trace.note(rule, 0, firing, facts)
    }

    /// Counts an application of a rule.
    pub(super) fn spend(&mut self, rule: &str) -> Result<(), Failure> {
        let left = self.budget.checked_sub(1);
        self.budget =
            left.ok_or_else(|| Failure::Bug(format!("the rules do not come to an end; the last one was {rule}")))?;
        Ok(())
    }
}

fn changed_shape(rule: &str, stages: &[Stage]) -> Failure {
    Failure::Bug(format!("rule {rule} changed what the documents look like: {}", list(stages)))
}

pub(super) fn list<'a>(stages: impl IntoIterator<Item = &'a Stage>) -> String {
    let stages: Vec<_> = stages.into_iter().map(ToString::to_string).collect();
    if stages.is_empty() { "(all documents)".to_owned() } else { stages.join(" . ") }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::facts::Facts;
    use crate::passes::{Nodes, PredicateRule, Rewrite};
    use data_bridge_ir::expr::CompareOp;
    use data_bridge_ir::stage::{Lookup, UnionWith};

    use crate::testing::{call, eq, lookup, print, read, set, sort};

    struct Flip;
    impl StageRule for Flip {
        fn name(&self) -> &'static str {
            "flip"
        }
        fn rewrite(&self, stages: &[Stage]) -> Option<Rewrite> {
            match stages {
                [first @ Stage::Skip(_), second @ Stage::Limit(_), ..]
                | [first @ Stage::Limit(_), second @ Stage::Skip(_), ..] => {
                    Some(Rewrite::replace(2, vec![second.clone(), first.clone()]))
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
        fn rewrite(&self, stages: &[Stage]) -> Option<Rewrite> {
            matches!(stages, [Stage::Project(_), ..]).then(|| Rewrite::replace(1, vec![]))
        }
    }

    struct Idle;
    impl PredicateRule for Idle {
        fn name(&self) -> &'static str {
            "idle"
        }
        fn concerns(&self) -> Nodes {
            Nodes::COMPARE
        }
        fn rewrite(&self, predicate: &Expr, _facts: &Facts) -> Option<Expr> {
            Some(predicate.clone())
        }
    }

    fn run(rules: &Rules<'_>, stages: Vec<Stage>, traced: bool) -> Result<Read, Failure> {
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
        let rules = Rules::new(&[], &[], &[], &[&Flip], &[], &[]);
        assert!(bug(run(&rules, stages.clone(), true)).contains("circle"));
        assert!(bug(run(&rules, stages, false)).contains("do not come to an end"));
    }

    #[test]
    fn a_rule_that_changes_the_answer_is_noticed() {
        let project = Stage::Project(vec![("a".into(), data_bridge_ir::stage::Projected::Include)]);
        let rules = Rules::new(&[], &[], &[], &[&DropsProjection], &[], &[]);
        assert!(bug(run(&rules, vec![project], false)).contains("drops_projection"));
    }

    #[test]
    fn a_rule_that_changes_nothing_is_noticed() {
        let rules = Rules::new(&[&Idle], &[], &[], &[], &[], &[]);
        let predicate = Expr::compare(CompareOp::Ne, Expr::field("a"), Expr::Literal(1.into()));
        assert!(bug(run(&rules, vec![Stage::Match(predicate)], true)).contains("changed nothing"));
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
        let once = run(&ALL, stages, true).unwrap();
        assert_eq!(print(&once.stages), "Match((a in [1, 2]) & (c == 1)) . Sort(-b) . Limit(3)");
        assert_eq!(run(&ALL, once.stages.clone(), true).unwrap(), once);
    }

    #[test]
    fn filters_among_the_arguments_of_stages_are_simplified() {
        let filter = Expr::Filter(Box::new(Expr::And(vec![eq("a", 1), Expr::And(vec![eq("a", 1)])])));
        let generic = |name: &str, filter| Stage::Generic {
            name: name.to_owned(),
            body: Expr::Document(vec![("query".to_owned(), filter), ("key".to_owned(), Expr::Constant(true))]),
            class: None,
        };
        for name in ["$geoNear", "$graphLookup"] {
            let after = run(&ALL, vec![generic(name, filter.clone())], true).unwrap();
            assert_eq!(after.stages, [generic(name, Expr::Filter(Box::new(eq("a", 1))))]);
        }
    }

    #[test]
    fn what_can_still_move_apart_is_not_joined() {
        let stages = vec![
            set("n", call("$abs", Expr::field("a"))),
            set("m", Expr::field("b")),
            Stage::Match(eq("n", 1)),
            set("k", Expr::field("b")),
        ];
        let once = run(&ALL, stages, true).unwrap();
        assert_eq!(print(&once.stages), "Set(n=abs(a)) . Match(n == 1) . Set(m=b, k=b)");
    }

    #[test]
    fn a_switch_turns_a_rule_off() {
        let mut flags = Flags::all();
        flags.set("push_match_below_sort", false).unwrap();
        let stages = vec![sort("b"), Stage::Match(eq("c", 1))];
        let kept = Driver::new(&ALL, &flags, false).read(read(stages.clone(), Terminal::Find)).unwrap();
        assert_eq!(kept.stages, stages);
    }

    #[test]
    fn pipelines_inside_stages_are_optimized_where_they_stand() {
        let long =
            || vec![sort("b"), Stage::Match(eq("c", 1)), Stage::Match(eq("c", 1)), Stage::Limit(9), Stage::Limit(3)];
        let Stage::Lookup(join) = lookup("pets") else { unreachable!("made as one") };
        let inside = [
            Stage::Lookup(Lookup { pipeline: Some(long()), ..join }),
            Stage::UnionWith(UnionWith { collection: Some("others".into()), class: None, pipeline: long() }),
            Stage::Facet(vec![("few".into(), long()), ("all".into(), vec![])]),
        ];
        for (stage, place) in inside.into_iter().zip(["Lookup(pets)", "UnionWith(others)", "Facet(few)"]) {
            let flags = Flags::all();
            let mut driver = Driver::new(&ALL, &flags, true);
            let better = driver.read(read(vec![stage], Terminal::Aggregate)).unwrap();
            assert!(
                print(&better.stages).contains("[Match(c == 1) . Sort(-b) . Limit(3)]"),
                "{}",
                print(&better.stages)
            );
            assert!(driver.into_trace().iter().all(|firing| firing.place == [place]));
        }
    }

    #[test]
    fn many_stages_take_few_firings() {
        let firings = |count: usize| {
            let pair = |number: usize| {
                [set(&format!("s{number}"), Expr::field("a")), Stage::Match(eq(&format!("m{number}"), 1))]
            };
            let stages = (0..count / 2).flat_map(pair).collect();
            let flags = Flags::all();
            let mut driver = Driver::new(&ALL, &flags, true);
            driver.read(read(stages, Terminal::Find)).unwrap();
            driver.into_trace().len()
        };
        assert!(firings(200) <= 2 * firings(100) + 8, "{} {}", firings(100), firings(200));
    }
}
