//! How links in predicates are followed: the ids of the other side first, or a join inside the server.
//!
//! | need | plan |
//! |---|---|
//! | a test of the target's fields | semi-join: the targets' ids first, then `$in` on the link, which an index serves |
//! | the same, where more targets match than a list should hold | `$lookup` of each document that the other tests leave |
//! | the same, where the other tests leave one document | `$lookup` at once |
//! | only the id of the target | the link itself (decided in `analyze`) |

mod lookup;
mod semi_join;

use data_bridge_ir::expr::CompareOp;
use data_bridge_ir::plan::{Change, FindAndModify, Plan, Read, Write};
use data_bridge_ir::schema::Collection;
use data_bridge_ir::{Expr, Path, SchemaRef, Stage};

use crate::analyze::joins::its_class;
use crate::error::{CompileError, Failure};

/// Ids beyond this many are not sent back to the server: the documents are joined there instead. At the two forms in
/// which a link is stored, this many ObjectIds are some 2 MB of command.
pub const MOST_IDS: u64 = 20_000;

#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Strategy {
    #[default]
    Auto,
    SemiJoin,
    Lookup,
}

impl Strategy {
    pub fn parse(name: &str) -> Result<Self, CompileError> {
        Ok(match name {
            "auto" => Self::Auto,
            "batch" => Self::SemiJoin,
            "lookup" => Self::Lookup,
            other => {
                let message = format!("{other:?} is not a way to follow links");
                return Err(CompileError::new("unknown_strategy", message).hint("give auto, batch or lookup"));
            }
        })
    }
}

/// What is read first: the ids of the documents that meet a filter, which may itself hold ids read before.
#[derive(Debug, Clone, PartialEq)]
pub struct Feed {
    /// What the ids are for.
    pub purpose: String,
    pub collection: Collection,
    pub schema: SchemaRef,
    pub filter: Expr,
    /// `_id`, or the stored link that leads back.
    pub collected: Path,
}

/// A plan without links to follow.
#[derive(Debug, Clone, PartialEq)]
pub struct Followed {
    pub plan: Plan,
    /// In the order in which they are read.
    pub feeds: Vec<Feed>,
    /// What is done where a feed finds too many.
    pub otherwise: Option<Plan>,
    /// What was chosen for each link, and why.
    pub reasons: Vec<String>,
}

/// Decides how the links of a plan's predicates are followed; none when there are none.
pub fn follow(plan: &Plan, strategy: Strategy) -> Result<Option<Followed>, Failure> {
    let (filter, change, source) = match plan {
        Plan::Read(read) if read.stages.iter().any(stage_links) => return follow_read(read, strategy).map(Some),
        Plan::Write(write) => (&write.filter, &write.change, &write.source),
        Plan::FindAndModify(plan) => (&plan.filter, &plan.change, &plan.source),
        _ => return Ok(None),
    };
    if !links(filter) {
        return Ok(None);
    }
    if matches!(change, Change::Update { upsert: true, .. } | Change::Replace { upsert: true, .. }) {
        let message = "an upsert cannot make a document that a filter on linked documents describes";
        return Err(CompileError::new("upsert_over_link", message).hint("filter by the link itself").into());
    }
    let mut feeds = Vec::new();
    let without_links = semi_join::predicate(filter.clone(), &source.schema, &mut feeds)?;
    let mut plan = plan.clone();
    if let Plan::Write(Write { filter, .. }) | Plan::FindAndModify(FindAndModify { filter, .. }) = &mut plan {
        *filter = without_links;
    }
    Ok(Some(Followed { plan, feeds, otherwise: None, reasons: vec!["ids first: a write has no join".to_owned()] }))
}

fn follow_read(read: &Read, strategy: Strategy) -> Result<Followed, Failure> {
    let joined = lookup::read(read);
    let one = selects_one(&read.stages);
    if strategy == Strategy::Lookup || (strategy == Strategy::Auto && one && joined.is_ok()) {
        let why = if one { "the filter leaves one document" } else { "asked for" };
        let reasons = vec![format!("join in the server: {why}")];
        return Ok(Followed { plan: Plan::Read(joined?), feeds: Vec::new(), otherwise: None, reasons });
    }
    let mut feeds = Vec::new();
    let mut first = read.clone();
    for stage in &mut first.stages {
        if let Stage::Match(predicate) = stage {
            let given = std::mem::replace(predicate, Expr::Constant(true));
            *predicate = semi_join::predicate(given, &read.source.schema, &mut feeds)?;
        }
    }
    let otherwise = joined.ok().filter(|_| strategy == Strategy::Auto).map(Plan::Read);
    let bound = match otherwise {
        Some(_) => format!("; a join in the server when there are more than {MOST_IDS}"),
        None => String::new(),
    };
    let reasons = vec![format!("ids first: an index on the link serves them{bound}")];
    Ok(Followed { plan: Plan::Read(first), feeds, otherwise, reasons })
}

fn stage_links(stage: &Stage) -> bool {
    matches!(stage, Stage::Match(predicate) if links(predicate))
}

/// Whether a predicate goes through a link.
pub fn links(predicate: &Expr) -> bool {
    match predicate {
        Expr::Linked { .. } => true,
        Expr::And(terms) | Expr::Or(terms) | Expr::Nor(terms) => terms.iter().any(links),
        Expr::Not(term) => links(term),
        _ => false,
    }
}

/// Whether the first match asks for one document by its id.
fn selects_one(stages: &[Stage]) -> bool {
    let Some(Stage::Match(predicate)) = stages.first() else { return false };
    let terms = if let Expr::And(terms) = predicate { terms.as_slice() } else { std::slice::from_ref(predicate) };
    terms.iter().any(|term| matches!(term.as_field_compare(), Some((CompareOp::Eq, path, _)) if path.as_str() == "_id"))
}

/// The predicate, of documents of the class only where others share its collection.
fn of_class(schema: &SchemaRef, predicate: Expr) -> Expr {
    match its_class(schema) {
        None => predicate,
        Some(only) if predicate == Expr::Constant(true) => only,
        Some(only) => Expr::And(vec![only, predicate]),
    }
}

/// Where a class's documents are stored.
fn stored(schema: &SchemaRef) -> Result<Collection, CompileError> {
    schema.get().and_then(|schema| schema.collection.clone()).ok_or_else(|| {
        let message = format!("a link leads to {}, which has no collection of its own", schema.name());
        CompileError::new("not_linkable", message).hint("link to a Document, not to an EmbeddedDocument")
    })
}
