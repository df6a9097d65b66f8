//! From a plan to its commands, in one call.

use data_bridge_ir::plan::Change;
use data_bridge_ir::{Expr, Plan};

use crate::analyze::analyze;
use crate::error::Failure;
use crate::facts::Facts;
use crate::lower::mongo;
use crate::passes::driver::{ALL, Driver, Firing};
use crate::passes::flags::Flags;
use crate::physical::PhysicalPlan;
use crate::relations::{self, Followed, MOST_IDS};
use crate::requirements::{Requirement, requirements};

/// A plan at each stage of its way.
#[derive(Debug, Clone)]
pub struct Compiled {
    pub analyzed: Option<Plan>,
    pub optimized: Plan,
    /// Which rule did what; empty unless the compile was traced.
    pub trace: Vec<Firing>,
    /// How links were followed, and why.
    pub links: Vec<String>,
    pub physical: PhysicalPlan,
    /// What the server must have.
    pub requires: Vec<Requirement>,
}

/// Compiles a plan. A traced compile also keeps what `plan()` shows.
///
/// # Errors
/// Every error of the query at once, or the bug that stopped the compiler.
pub fn compile(plan: Plan, flags: &Flags, traced: bool) -> Result<Compiled, Failure> {
    let bound = analyze(plan)?;
    let analyzed = traced.then(|| bound.clone());
    let mut driver = Driver::new(&ALL, flags, traced);
    let optimized = match bound {
        Plan::Read(read) => Plan::Read(driver.read(read)?),
        Plan::Write(mut write) => {
            let facts = Facts::of(&write.source.schema, &write.options);
            write.filter = settled(&mut driver, write.filter, &write.change, &facts)?;
            Plan::Write(write)
        }
        Plan::FindAndModify(mut plan) => {
            let facts = Facts::of(&plan.source.schema, &plan.options);
            plan.filter = settled(&mut driver, plan.filter, &plan.change, &facts)?;
            Plan::FindAndModify(plan)
        }
        insert @ Plan::Insert(_) => insert,
    };
    let (links, physical) = match relations::follow(&optimized, flags.links)? {
        None => (Vec::new(), mongo::lower(&optimized)?),
        Some(followed) => (followed.reasons.clone(), physical(&followed)?),
    };
    let requires = requirements(&optimized);
    Ok(Compiled { requires, analyzed, optimized, trace: driver.into_trace(), links, physical })
}

fn physical(followed: &Followed) -> Result<PhysicalPlan, Failure> {
    let mut physical = mongo::lower(&followed.plan)?;
    // A few reads have no form as a pipeline: those take ids however many there are.
    let otherwise = followed.otherwise.as_ref().and_then(|plan| mongo::lower(plan).ok());
    let options = match &followed.plan {
        Plan::Read(read) => &read.options,
        Plan::Write(write) => &write.options,
        Plan::FindAndModify(plan) => &plan.options,
        Plan::Insert(insert) => &insert.options,
    };
    let most = otherwise.is_some().then_some(MOST_IDS);
    physical.feeds = followed.feeds.iter().map(|feed| mongo::feed(feed, most, options)).collect::<Result<_, _>>()?;
    physical.otherwise = otherwise.map(Box::new);
    Ok(physical)
}

/// A write's filter keeps its shape, because upserts copy its equalities and `$` binds to its array predicate. Only one
/// that no document can meet is replaced, and never an upsert's.
fn settled(driver: &mut Driver<'_>, filter: Expr, change: &Change, facts: &Facts) -> Result<Expr, Failure> {
    if change.upserts() {
        return Ok(filter);
    }
    let simplified = driver.predicate(filter.clone(), facts)?;
    Ok(if simplified == Expr::Constant(false) { simplified } else { filter })
}
