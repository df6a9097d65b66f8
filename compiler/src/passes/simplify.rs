//! Runs the rules of predicates: children first, then each node until none applies.

use data_bridge_ir::plan::Read;
use data_bridge_ir::{Expr, Stage};

use super::driver::{BUDGET_PER_NODE, Driver};
use super::parts::{filters, terms};
use super::settled::is_settled;
use crate::analyze::effects::keeps_stored;
use crate::error::Failure;
use crate::facts::Facts;

impl Driver<'_> {
    /// The simplest predicate the rules reach from this one.
    pub fn predicate(&mut self, mut predicate: Expr, facts: &Facts) -> Result<Expr, Failure> {
        if !self.flags.allow_none() {
            self.budget = self.budget.max(BUDGET_PER_NODE * (64 + terms(&predicate)));
            self.simplify(&mut predicate, facts)?;
        }
        Ok(predicate)
    }

    /// Takes what is known of the documents that the read begins with.
    pub(super) fn predicates(&mut self, read: &mut Read, stored: &Facts) -> Result<bool, Failure> {
        let mut changed = false;
        let others = stored.of_others();
        let mut facts = stored;
        for (place, stage) in read.stages.iter_mut().enumerate() {
            self.inside(Some(place));
            if let Stage::Match(predicate) = stage {
                changed |= self.simplify(predicate, facts)?;
                continue;
            }
            // The filter of `$geoNear` is of the documents that come, all others are of another collection's.
            let tested = if stage.mql() == "$geoNear" { facts } else { &others };
            for predicate in filters(stage) {
                changed |= self.simplify(predicate, tested)?;
            }
            if !keeps_stored(stage) {
                facts = &others;
            }
        }
        self.inside(None);
        Ok(changed)
    }

    /// For the trace: inside of which stage things are done from here on.
    pub(super) fn inside(&mut self, stage: Option<usize>) {
        if let Some(trace) = &mut self.trace {
            trace.inside(stage);
        }
    }

    /// Children first, then the node itself, and what its rules make of it, until none applies to any of them.
    fn simplify(&mut self, current: &mut Expr, facts: &Facts) -> Result<bool, Failure> {
        let mut changed = false;
        let rules = self.rules;
        'again: while !is_settled(current, facts) {
            changed |= self.children(current, facts)?;
            for rule in rules.of(current) {
                if !self.flags.allows(rule.name()) {
                    continue;
                }
                if let Some(better) = rule.rewrite(current, facts) {
                    let firing =
                        (self.trace.is_some() && better != *current).then(|| (current.to_string(), better.to_string()));
                    self.fired(rule.name(), firing, facts)?;
                    changed = true;
                    *current = better;
                    continue 'again;
                }
                facts.forget_used();
            }
            break;
        }
        Ok(changed)
    }

    fn children(&mut self, parent: &mut Expr, facts: &Facts) -> Result<bool, Failure> {
        match parent {
            Expr::And(terms) | Expr::Or(terms) | Expr::Nor(terms) => {
                let mut changed = false;
                for term in terms {
                    changed |= self.simplify(term, facts)?;
                }
                Ok(changed)
            }
            Expr::Not(child) => self.simplify(child, facts),
            // Its paths start at an element.
            Expr::ElemMatch { predicate, .. } => {
                let of_itself = predicate.tests_itself();
                let changed = self.simplify(predicate, &facts.of_others())?;
                if of_itself && **predicate == Expr::Constant(true) {
                    **predicate = Expr::element();
                }
                Ok(changed)
            }
            Expr::Linked { predicate, target, .. } => self.simplify(predicate, &facts.of_linked(target)),
            _ => Ok(false),
        }
    }
}
