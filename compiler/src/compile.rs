//! From a plan to its commands, in one call.

use bson::RawBson;
use data_bridge_ir::expr::{CompareOp, Path};
use data_bridge_ir::plan::{Change, Options, Read, Source, Terminal};
use data_bridge_ir::{DType, Expr, Plan, Stage, Value};

use crate::analyze::analyze;
use crate::error::Failure;
use crate::facts::Facts;
use crate::lower::mongo;
use crate::parts;
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
        None => (Vec::new(), parts::lowered(&optimized)?),
        Some(followed) => (followed.reasons.clone(), physical(&followed)?),
    };
    let requires = requirements(&optimized);
    Ok(Compiled { requires, analyzed, optimized, trace: driver.into_trace(), links, physical })
}

/// The plan of reading one document by its id: what [`compile`] makes of it, for there is nothing in it that a rule
/// could change. None where analysis has more to say than that the id is of the field's type.
///
/// # Errors
/// The bug that stopped the compiler.
pub fn compile_get(source: Source, id: Value) -> Result<Option<Compiled>, Failure> {
    if !source.schema.field(ID).is_some_and(|field| is_plainly(&field.dtype, &id)) {
        return Ok(None);
    }
    let same = Expr::compare(CompareOp::Eq, Expr::Field(Path::from(ID)), Expr::Literal(id));
    let read =
        Read { source, stages: vec![Stage::Match(same)], terminal: Terminal::First, options: Options::default() };
    let optimized = Plan::Read(read);
    let physical = mongo::lower(&optimized)?;
    Ok(Some(Compiled {
        analyzed: None,
        optimized,
        trace: Vec::new(),
        links: Vec::new(),
        physical,
        requires: Vec::new(),
    }))
}

const ID: &str = "_id";

/// Whether a value is of the type, and of one that is compared as it is.
fn is_plainly(dtype: &DType, value: &Value) -> bool {
    dtype.members().iter().any(|member| {
        matches!(
            (member, &value.0),
            (DType::Int, RawBson::Int32(_) | RawBson::Int64(_))
                | (DType::String, RawBson::String(_))
                | (DType::ObjectId, RawBson::ObjectId(_))
                | (DType::Binary, RawBson::Binary(_))
        )
    })
}

fn physical(followed: &Followed) -> Result<PhysicalPlan, Failure> {
    let mut physical = parts::lowered(&followed.plan)?;
    // A few reads have no form as a pipeline: those take ids however many there are.
    let otherwise = followed.otherwise.as_ref().and_then(|plan| mongo::lower(plan).ok());
    let options = followed.plan.options();
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
