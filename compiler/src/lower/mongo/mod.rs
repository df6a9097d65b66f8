//! MongoDB: commands as raw BSON.

mod document;
mod predicate;
mod read;
mod stage;
mod value;
mod write;

use data_bridge_ir::plan::{Options, Plan, Source};
use data_bridge_ir::{Expr, Stage};

use crate::error::CompileError;
use crate::physical::{FeedStep, PhysicalPlan, Step, StepKind};
use crate::relations::Feed;
use document::Document;

pub type Lowered<T> = Result<T, CompileError>;

/// The commands of a plan.
pub fn lower(plan: &Plan) -> Lowered<PhysicalPlan> {
    match plan {
        Plan::Read(read) => read::lower(read),
        Plan::Write(write) => write::lower(write),
        Plan::FindAndModify(plan) => write::lower_find_and_modify(plan),
        Plan::Insert(insert) => write::lower_insert(insert),
    }
}

/// Options that say how any collection is read; a hint, for one, speaks of the plan's own.
const OF_EVERY_READ: [&str; 5] = ["collation", "readConcern", "maxTimeMS", "comment", "let"];

/// What is read first, as a `find` of ids. `most` is how many may be found; the options are those of the whole plan.
pub fn feed(feed: &Feed, most: Option<u64>, options: &Options) -> Lowered<FeedStep> {
    let mut command = Document::default();
    command.put("find", feed.collection.name.as_str())?;
    command.put("filter", filter(&feed.filter)?)?;
    let mut projection = Document::default();
    projection.put(feed.collected.as_str(), 1_i32)?;
    if feed.collected.as_str() != "_id" {
        projection.put("_id", 0_i32)?;
    }
    command.put("projection", projection.finish())?;
    if let Some(most) = most {
        command.put("limit", stage::number(most + 1)?)?;
    }
    let shared = options.iter().filter(|(name, _)| OF_EVERY_READ.contains(&name.as_str()));
    shared.into_iter().try_for_each(|(name, value)| command.put(name, value.0.clone()))?;
    Ok(FeedStep {
        purpose: feed.purpose.clone(),
        class: feed.schema.name().to_owned(),
        database: feed.collection.database.clone(),
        command: command.finish(),
        collected: feed.collected.as_str().to_owned(),
        most,
    })
}

/// A predicate as a filter document.
pub fn filter(predicate: &Expr) -> Lowered<bson::RawDocumentBuf> {
    predicate::filter(predicate).map(Document::finish)
}

/// An expression as an aggregation expression.
pub fn expression(expr: &Expr) -> Lowered<bson::RawBson> {
    value::lower(expr)
}

/// A stage as a pipeline stage.
pub fn stage(stage: &Stage) -> Lowered<bson::RawDocumentBuf> {
    stage::lower(stage)
}

/// Options that only say how the client reads, and stand in no command.
fn is_client_side(name: &str) -> bool {
    matches!(name, "batchSize" | "readPreference")
}

fn append_options(command: &mut Document, options: &Options) -> Lowered<()> {
    options
        .iter()
        .filter(|(name, _)| !is_client_side(name))
        .try_for_each(|(name, value)| command.put(name, value.0.clone()))
}

fn step(source: &Source, command: Document, kind: StepKind) -> Step {
    Step { database: source.database.clone(), command: command.finish(), kind }
}
