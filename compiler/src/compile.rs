//! From a plan to its commands, in one call.

use data_bridge_ir::Plan;

use crate::analyze::analyze;
use crate::error::Failure;
use crate::lower::mongo;
use crate::passes::driver::{ALL, Driver, Firing};
use crate::passes::flags::Flags;
use crate::physical::PhysicalPlan;
use crate::requirements::{Requirement, requirements};

/// A plan at each stage of its way.
#[derive(Debug, Clone)]
pub struct Compiled {
    pub analyzed: Option<Plan>,
    pub optimized: Plan,
    /// Which rule did what; empty unless the compile was traced.
    pub trace: Vec<Firing>,
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
    let mut driver = Driver::new(ALL, flags, traced);
    let optimized = match bound {
        Plan::Read(read) => Plan::Read(driver.read(read)?),
        Plan::Write(mut write) => {
            write.filter = settled(&mut driver, write.filter)?;
            Plan::Write(write)
        }
        Plan::FindAndModify(mut plan) => {
            plan.filter = settled(&mut driver, plan.filter)?;
            Plan::FindAndModify(plan)
        }
        insert @ Plan::Insert(_) => insert,
    };
    let physical = mongo::lower(&optimized)?;
    let requires = requirements(&optimized);
    Ok(Compiled { requires, analyzed, optimized, trace: driver.into_trace(), physical })
}

/// A write's filter keeps its shape, because upserts copy its equalities and `$` binds to its array predicate. Only one
/// that no document can meet is replaced.
fn settled(driver: &mut Driver<'_>, filter: data_bridge_ir::Expr) -> Result<data_bridge_ir::Expr, Failure> {
    let simplified = driver.predicate(filter.clone())?;
    Ok(if simplified == data_bridge_ir::Expr::Constant(false) { simplified } else { filter })
}
