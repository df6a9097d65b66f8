//! How links in predicates are followed: the ids of the other side first, or a join inside the server.
//!
//! | need | plan |
//! |---|---|
//! | a test of the target's fields | semi-join: the targets' ids first, then `$in` on the link, which an index serves |
//! | the same, where more targets match than a list should hold | `$lookup` of each document that the other tests leave |
//! | the same, where few documents come this far: a limit before it, a unique index | `$lookup` at once |
//! | a test through a link that leads back, of few documents given by `_id` | semi-join of what leads to these |
//! | a snapshot, or a join asked for | `$lookup` |
//! | only the id of the target | the link itself (decided in `analyze`) |

mod bounds;
mod lookup;
mod semi_join;

use data_bridge_ir::dtype::LinkForm;
use data_bridge_ir::plan::{Change, FindAndModify, Plan, Read, Write};
use data_bridge_ir::schema::Collection;
use data_bridge_ir::{Expr, Path, SchemaRef, Stage};

use crate::analyze::joins::its_class;
use crate::analyze::shape::Shape;
use crate::error::{CompileError, Failure};
use crate::facts::link_form;
use bounds::{Bound, Bounds};

/// Ids beyond this many are not sent back to the server: the documents are joined there instead. At the two forms in
/// which a link is stored, this many ObjectIds are some 2 MB of command.
pub const MOST_IDS: u64 = 20_000;

/// So many documents are joined at once: each costs the server one look at the index of ids, together less than a
/// command of their own.
const FEW: u64 = 100;

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
        Plan::Read(read) if read.stages.iter().any(|stage| linked_match(stage).is_some()) => {
            return follow_read(read, strategy).map(Some);
        }
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
    let ids = bounds::ids(filter).filter(|ids| ids.len() as u64 <= FEW);
    let without_links =
        semi_join::predicate(filter.clone(), &source.schema, &Shape::of(&source.schema), ids, &mut feeds)?;
    let mut reasons = Vec::new();
    explained(&mut reasons, filter, &source.schema, |_| "ids first: a write has no join".to_owned());
    let mut plan = plan.clone();
    if let Plan::Write(Write { filter, .. }) | Plan::FindAndModify(FindAndModify { filter, .. }) = &mut plan {
        *filter = without_links;
    }
    Ok(Some(Followed { plan, feeds, otherwise: None, reasons }))
}

fn follow_read(read: &Read, strategy: Strategy) -> Result<Followed, Failure> {
    let schema = &read.source.schema;
    let joined = lookup::read(read);
    let whole = match strategy {
        Strategy::Lookup => Some("asked for"),
        Strategy::Auto if joined.is_ok() && asks_for_snapshot(read) => Some("one command reads one snapshot"),
        _ => None,
    };
    let mut reasons = Vec::new();
    if let Some(why) = whole {
        let predicates = read.stages.iter().filter_map(linked_match);
        predicates
            .for_each(|predicate| explained(&mut reasons, predicate, schema, |_| format!("join in the server: {why}")));
        return Ok(Followed { plan: Plan::Read(joined?), feeds: Vec::new(), otherwise: None, reasons });
    }
    let otherwise = joined.ok().filter(|_| strategy == Strategy::Auto).map(Plan::Read);
    let (mut feeds, mut stages, mut bounds) = (Vec::new(), Vec::new(), Bounds::at_start(schema));
    let mut shape = Shape::of(schema);
    for stage in &read.stages {
        match linked_match(stage) {
            None => stages.push(stage.clone()),
            Some(predicate) => {
                let bound = bounds.of(predicate).filter(|bound| strategy == Strategy::Auto && bound.most <= FEW);
                let here = bound.filter(|_| !scans_back(predicate));
                match here.and_then(|bound| Some((bound, lookup::matching(predicate.clone(), schema, &shape).ok()?))) {
                    Some((Bound { most, why }, join)) => {
                        let why = format!("join in the server: at most {most} come this far, for {why}");
                        explained(&mut reasons, predicate, schema, |_| why.clone());
                        stages.extend(join);
                    }
                    None => {
                        let ways = |link: &Link<'_>| ids_first(link, schema, otherwise.is_some());
                        explained(&mut reasons, predicate, schema, ways);
                        let ids = bounds::ids(predicate).filter(|ids| ids.len() as u64 <= FEW);
                        let first = semi_join::predicate(predicate.clone(), schema, &shape, ids, &mut feeds)?;
                        stages.push(Stage::Match(first));
                    }
                }
            }
        }
        bounds.pass(stage);
        shape = shape.after(stage);
    }
    let otherwise = otherwise.filter(|_| !feeds.is_empty());
    Ok(Followed { plan: Plan::Read(Read { stages, ..read.clone() }), feeds, otherwise, reasons })
}

/// Commands that are sent one after another do not read the same snapshot, unless a session holds it.
pub fn asks_for_snapshot(read: &Read) -> bool {
    let concern = read.options.get("readConcern").and_then(|concern| concern.0.as_document());
    concern.is_some_and(|concern| concern.get_str("level").is_ok_and(|level| level == "snapshot"))
}

fn ids_first(link: &Link<'_>, schema: &SchemaRef, otherwise: bool) -> String {
    let served = match link.back {
        Some(_) => "_id has an index".to_owned(),
        None if schema.has_index_on(link.path.as_str()) => "the index on the link serves them".to_owned(),
        None => "no index on the link is known, and one pass finds them".to_owned(),
    };
    let bound = if otherwise { format!("; above {MOST_IDS}, a join in the server") } else { String::new() };
    format!("ids first: {served}{bound}")
}

/// A link that a predicate goes through.
struct Link<'a> {
    path: &'a Path,
    back: Option<&'a Path>,
}

/// Says of each link of a predicate, once, how it is followed.
fn explained(reasons: &mut Vec<String>, predicate: &Expr, schema: &SchemaRef, how: impl Fn(&Link<'_>) -> String) {
    for link in links_of(predicate) {
        let form = match (link.back, link_form(schema, link.path), schema.trust()) {
            (None, Some(LinkForm::Id), Some(reason)) => format!("; stored as an id ({reason})"),
            _ => String::new(),
        };
        let reason = format!("{}.{}: {}{form}", schema.name(), link.path.as_str(), how(&link));
        if !reasons.contains(&reason) {
            reasons.push(reason);
        }
    }
}

fn links_of(predicate: &Expr) -> Vec<Link<'_>> {
    match predicate {
        Expr::Linked { link, back, .. } => vec![Link { path: link, back: back.as_ref() }],
        Expr::And(terms) | Expr::Or(terms) | Expr::Nor(terms) => terms.iter().flat_map(links_of).collect(),
        Expr::Not(term) => links_of(term),
        _ => Vec::new(),
    }
}

/// Whether a join would read whole collections: by a link that leads back and has no index, here or behind another
/// link. References are joined by a part of theirs, which has none.
fn scans_back(predicate: &Expr) -> bool {
    match predicate {
        Expr::Linked { back: Some(back), target, .. }
            if link_form(target, back) != Some(LinkForm::Id) || !target.has_index_on(back.as_str()) =>
        {
            true
        }
        Expr::Linked { predicate, .. } => scans_back(predicate),
        Expr::And(terms) | Expr::Or(terms) | Expr::Nor(terms) => terms.iter().any(scans_back),
        Expr::Not(term) => scans_back(term),
        _ => false,
    }
}

fn linked_match(stage: &Stage) -> Option<&Expr> {
    match stage {
        Stage::Match(predicate) if links(predicate) => Some(predicate),
        _ => None,
    }
}

/// Whether a predicate goes through a link.
pub fn links(predicate: &Expr) -> bool {
    !links_of(predicate).is_empty()
}

/// The predicate, of documents of the class only where others share its collection.
fn of_class(schema: &SchemaRef, predicate: Expr) -> Expr {
    match its_class(schema) {
        None => predicate,
        Some(only) => both(only, predicate),
    }
}

fn both(first: Expr, second: Expr) -> Expr {
    if second == Expr::Constant(true) { first } else { Expr::And(vec![first, second]) }
}

/// Where a class's documents are stored.
fn stored(schema: &SchemaRef) -> Result<Collection, CompileError> {
    schema.get().and_then(|schema| schema.collection.clone()).ok_or_else(|| {
        let message = format!("a link leads to {}, which has no collection of its own", schema.name());
        CompileError::new("not_linkable", message).hint("link to a Document, not to an EmbeddedDocument")
    })
}
