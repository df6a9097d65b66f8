//! Reads: the cheapest of `find`, `count`, `distinct` and `aggregate` that gives the answer.

use bson::{RawBson, RawDocumentBuf};
use data_bridge_ir::catalog::{Kind, Operator, Target};
use data_bridge_ir::plan::{Read, Terminal};
use data_bridge_ir::stage::{Accumulator, Projected, SortKey};
use data_bridge_ir::{Expr, Operands, Path, Stage, Value};

use super::document::{Document, wrap};
use super::{Lowered, append_options, predicate, stage, step};
use crate::error::CompileError;
use crate::physical::{Answer, PhysicalPlan, StepKind};

pub fn lower(read: &Read) -> Lowered<PhysicalPlan> {
    let answer = answer(&read.terminal);
    if read.stages.as_slice() == [Stage::Match(Expr::Constant(false))] {
        return Ok(PhysicalPlan::of(vec![], answer));
    }
    let parts = FindParts::of(&read.stages);
    let (command, kind) = match (&read.terminal, parts) {
        (Terminal::Find | Terminal::First | Terminal::Exists | Terminal::Aggregate, Some(parts)) => find(read, &parts)?,
        (Terminal::Count, Some(parts)) => (count(read, &parts)?, StepKind::Read),
        (Terminal::Distinct(path), Some(parts)) => (distinct(read, path, &parts)?, StepKind::Read),
        (Terminal::Distinct(path), None) if path.as_str().contains('.') => return Err(distinct_of_stages(path)),
        (_, None) => aggregate(read)?,
    };
    let mut step = step(&read.source, command, kind);
    match target(read) {
        Target::Collection | Target::Database => {}
        Target::Admin => step.database = Some("admin".to_owned()),
        Target::Sessions => step.database = Some("config".to_owned()),
    }
    Ok(PhysicalPlan::of(vec![step], answer))
}

/// What the stages are asked of.
fn target(read: &Read) -> Target {
    let first = read.stages.first().and_then(|stage| Operator::find(Kind::Stage, stage.mql()));
    first.map_or(Target::Collection, |operator| operator.target)
}

fn answer(terminal: &Terminal) -> Answer {
    match terminal {
        Terminal::Find | Terminal::Aggregate => Answer::Documents,
        Terminal::First => Answer::First,
        Terminal::Count => Answer::Count,
        Terminal::Exists => Answer::Exists,
        Terminal::Distinct(_) => Answer::Distinct,
    }
}

/// The parts of a `find`, which applies them in this order whatever order they are written in.
#[derive(Default)]
struct FindParts<'a> {
    filter: Option<&'a Expr>,
    sort: Option<&'a [SortKey]>,
    skip: Option<u64>,
    limit: Option<u64>,
    projection: Option<&'a [(Path, Projected)]>,
}

impl<'a> FindParts<'a> {
    /// The stages as a `find`, when they are one.
    fn of(stages: &'a [Stage]) -> Option<Self> {
        let mut parts = Self::default();
        let mut reached = 0;
        for stage in stages {
            let rank = match stage {
                Stage::Match(predicate) => {
                    parts.filter = Some(predicate);
                    1
                }
                Stage::Sort(keys) => {
                    parts.sort = Some(keys);
                    2
                }
                Stage::Skip(count) => {
                    parts.skip = Some(*count);
                    3
                }
                Stage::Limit(count) => {
                    parts.limit = Some(*count);
                    4
                }
                Stage::Project(fields) => {
                    parts.projection = Some(fields);
                    5
                }
                _ => return None,
            };
            if rank <= reached {
                return None;
            }
            reached = rank;
        }
        Some(parts)
    }

    fn filter(&self) -> Lowered<RawDocumentBuf> {
        self.filter.map_or(Ok(Document::default()), predicate::filter).map(Document::finish)
    }
}

fn batch_size(read: &Read) -> Option<u32> {
    match read.options.get("batchSize") {
        Some(Value(RawBson::Int32(size))) => u32::try_from(*size).ok(),
        Some(Value(RawBson::Int64(size))) => u32::try_from(*size).ok(),
        _ => None,
    }
}

fn find(read: &Read, parts: &FindParts<'_>) -> Lowered<(Document, StepKind)> {
    let mut command = Document::default();
    command.put("find", read.source.collection.as_str())?;
    command.put("filter", parts.filter()?)?;
    if let Some(keys) = parts.sort {
        command.put("sort", stage::sort(keys)?)?;
    }
    match (&read.terminal, parts.projection) {
        (Terminal::Exists, _) => command.put("projection", wrap("_id", 1_i32)?)?,
        (_, Some(fields)) => command.put("projection", stage::projection(fields)?)?,
        _ => {}
    }
    if let Some(skip) = parts.skip {
        command.put("skip", stage::number(skip)?)?;
    }
    let one = matches!(read.terminal, Terminal::First | Terminal::Exists);
    if one {
        command.put("limit", 1_i64)?;
        command.put("singleBatch", true)?;
    } else if let Some(limit) = parts.limit {
        command.put("limit", stage::number(limit)?)?;
    }
    let size = batch_size(read);
    if let (Some(size), false) = (size, one) {
        command.put("batchSize", i64::from(size))?;
    }
    append_options(&mut command, &read.options)?;
    Ok((command, StepKind::Cursor { batch_size: size }))
}

fn count(read: &Read, parts: &FindParts<'_>) -> Lowered<Document> {
    let mut command = Document::default();
    command.put("count", read.source.collection.as_str())?;
    command.put("query", parts.filter()?)?;
    if let Some(skip) = parts.skip {
        command.put("skip", stage::number(skip)?)?;
    }
    if let Some(limit) = parts.limit {
        command.put("limit", stage::number(limit)?)?;
    }
    append_options(&mut command, &read.options)?;
    Ok(command)
}

fn distinct(read: &Read, path: &Path, parts: &FindParts<'_>) -> Lowered<Document> {
    if parts.skip.is_some() || parts.limit.is_some() || parts.projection.is_some() {
        return Err(distinct_of_stages(path));
    }
    let mut command = Document::default();
    command.put("distinct", read.source.collection.as_str())?;
    command.put("key", path.as_str())?;
    command.put("query", parts.filter()?)?;
    append_options(&mut command, &read.options)?;
    Ok(command)
}

/// What `distinct` does, as stages: elements of lists, null but not missing; one document with all values.
fn distinct_values(path: &Path) -> [Stage; 3] {
    let values = Accumulator {
        output: "values".to_owned(),
        name: "$addToSet".to_owned(),
        operands: Some(Operands::Single(Box::new(Expr::Field(path.clone())))),
    };
    [
        Stage::Unwind { path: path.clone(), index: None, preserve: true },
        Stage::Match(Expr::Exists { field: path.clone(), present: true }),
        Stage::Group { by: None, outputs: vec![values] },
    ]
}

fn distinct_of_stages(path: &Path) -> CompileError {
    let message = format!("distinct('{}') takes a filter only", path.as_str());
    CompileError::new("distinct_of_stages", message)
        .at(path.as_str())
        .hint("leave out skip, limit and projection, or use aggregate with Unwind and Group")
}

fn aggregate(read: &Read) -> Lowered<(Document, StepKind)> {
    let last = match read.terminal {
        Terminal::Count => vec![Stage::Count("n".to_owned())],
        Terminal::First | Terminal::Exists => vec![Stage::Limit(1)],
        Terminal::Distinct(ref path) => distinct_values(path).into(),
        Terminal::Find | Terminal::Aggregate => Vec::new(),
    };
    let size = batch_size(read);
    let mut command = Document::default();
    match target(read) {
        Target::Collection => command.put("aggregate", read.source.collection.as_str())?,
        Target::Database | Target::Admin => command.put("aggregate", 1_i32)?,
        Target::Sessions => command.put("aggregate", "system.sessions")?,
    }
    command.put("pipeline", stage::pipeline(read.stages.iter().chain(&last))?)?;
    let mut cursor = Document::default();
    if let Some(size) = size {
        cursor.put("batchSize", i64::from(size))?;
    }
    command.put("cursor", cursor.finish())?;
    append_options(&mut command, &read.options)?;
    Ok((command, StepKind::Cursor { batch_size: size }))
}
