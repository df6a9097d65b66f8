//! Stages as pipeline stages.

use bson::{RawBson, RawDocumentBuf};
use data_bridge_ir::catalog::Kind;
use data_bridge_ir::stage::{Accumulator, Lookup, Projected, SortKey, UnionWith};
use data_bridge_ir::{Expr, Path, Stage, Value};

use super::document::{Document, array, single, wrap};
use super::{Lowered, predicate, value};
use crate::error::CompileError;

pub fn lower(stage: &Stage) -> Lowered<RawDocumentBuf> {
    let body = match stage {
        Stage::Match(condition) => RawBson::Document(predicate::filter(condition)?.finish()),
        Stage::Project(fields) => RawBson::Document(projection(fields)?),
        Stage::Set(fields) => set(fields)?,
        Stage::Unset(paths) => array(paths, |path| Ok(RawBson::String(path.as_str().to_owned())))?,
        Stage::Sort(keys) => RawBson::Document(sort(keys)?),
        Stage::Skip(count) | Stage::Limit(count) | Stage::Sample(count) => {
            let count = number(*count)?;
            if matches!(stage, Stage::Sample(_)) { wrap("size", count)? } else { count }
        }
        Stage::Group { by, outputs } => group(by.as_ref(), outputs)?,
        Stage::Unwind { path, index, preserve } => unwind(path, index.as_deref(), *preserve)?,
        Stage::Count(name) => RawBson::String(name.clone()),
        Stage::Lookup(join) => lookup(join)?,
        Stage::UnionWith(other) => union_with(other)?,
        Stage::Facet(outputs) => facet(outputs)?,
        Stage::Generic { body, .. } => value::lower(body)?,
        Stage::Raw(Value(RawBson::Document(document))) => return Ok(document.clone()),
        Stage::Raw(other) => {
            return Err(CompileError::new("not_a_stage", format!("{other} is not a stage")).hint("give a document"));
        }
    };
    single(stage.mql(), body).map(Document::finish)
}

/// Counts are 64-bit signed on the wire.
pub fn number(count: u64) -> Lowered<RawBson> {
    i64::try_from(count)
        .map(RawBson::Int64)
        .map_err(|_| CompileError::new("number_too_large", format!("{count} is beyond 64-bit integers")))
}

pub fn sort(keys: &[SortKey]) -> Lowered<RawDocumentBuf> {
    let mut document = Document::default();
    keys.iter().try_for_each(|key| document.put(key.path.as_str(), if key.descending { -1_i32 } else { 1_i32 }))?;
    Ok(document.finish())
}

pub fn projection(fields: &[(Path, Projected)]) -> Lowered<RawDocumentBuf> {
    let mut document = Document::default();
    for (path, projected) in fields {
        match projected {
            Projected::Include => document.put(path.as_str(), 1_i32)?,
            Projected::Exclude => document.put(path.as_str(), 0_i32)?,
            Projected::Computed(expr) => document.put(path.as_str(), of_projection(expr)?)?,
        }
    }
    Ok(document.finish())
}

fn set(fields: &[(Path, Expr)]) -> Lowered<RawBson> {
    let mut document = Document::default();
    fields.iter().try_for_each(|(path, expr)| {
        let constant = matches!(expr, Expr::Literal(_) | Expr::Constant(_));
        document.put(path.as_str(), if constant { value::lower(expr)? } else { of_projection(expr)? })
    })?;
    Ok(RawBson::Document(document.finish()))
}

/// A value where the server reads a document as fields of its own: a bare number or boolean would keep or drop a field,
/// and an empty document is refused.
fn of_projection(expr: &Expr) -> Lowered<RawBson> {
    match expr {
        Expr::Literal(value) => wrap("$literal", value.0.clone()),
        Expr::Constant(value) => wrap("$literal", *value),
        Expr::Document(fields) if fields.is_empty() => wrap("$literal", RawDocumentBuf::new()),
        Expr::Document(fields) => {
            let mut document = Document::default();
            fields.iter().try_for_each(|(name, expr)| document.put(name, of_projection(expr)?))?;
            Ok(RawBson::Document(document.finish()))
        }
        other => value::lower(other),
    }
}

fn group(by: Option<&Expr>, outputs: &[Accumulator]) -> Lowered<RawBson> {
    let mut document = Document::default();
    document.put("_id", by.map_or(Ok(RawBson::Null), group_id)?)?;
    for output in outputs {
        let operand = match &output.operands {
            Some(operands) => value::call(Kind::Accumulator, &output.name, operands)?,
            None => RawBson::Document(RawDocumentBuf::new()),
        };
        document.put(&output.output, wrap(&output.name, operand)?)?;
    }
    Ok(RawBson::Document(document.finish()))
}

fn group_id(by: &Expr) -> Lowered<RawBson> {
    if matches!(by, Expr::Document(_)) { of_projection(by) } else { value::lower(by) }
}

fn unwind(path: &Path, index: Option<&str>, preserve: bool) -> Lowered<RawBson> {
    let path = RawBson::String(format!("${}", path.as_str()));
    if index.is_none() && !preserve {
        return Ok(path);
    }
    let mut document = Document::default();
    document.put("path", path)?;
    if let Some(index) = index {
        document.put("includeArrayIndex", index)?;
    }
    if preserve {
        document.put("preserveNullAndEmptyArrays", true)?;
    }
    Ok(RawBson::Document(document.finish()))
}

fn lookup(join: &Lookup) -> Lowered<RawBson> {
    let mut document = Document::default();
    if let Some(collection) = &join.collection {
        document.put("from", collection.as_str())?;
    }
    if let (Some(local), Some(foreign)) = (&join.local, &join.foreign) {
        document.put("localField", local.as_str())?;
        document.put("foreignField", foreign.as_str())?;
    }
    if !join.variables.is_empty() {
        let mut variables = Document::default();
        join.variables.iter().try_for_each(|(name, expr)| variables.put(name, value::lower(expr)?))?;
        document.put("let", variables.finish())?;
    }
    if let Some(stages) = &join.pipeline {
        document.put("pipeline", pipeline(stages)?)?;
    }
    document.put("as", join.output.as_str())?;
    Ok(RawBson::Document(document.finish()))
}

fn union_with(other: &UnionWith) -> Lowered<RawBson> {
    let mut document = Document::default();
    if let Some(collection) = &other.collection {
        document.put("coll", collection.as_str())?;
    }
    if !other.pipeline.is_empty() {
        document.put("pipeline", pipeline(&other.pipeline)?)?;
    }
    Ok(RawBson::Document(document.finish()))
}

fn facet(outputs: &[(String, Vec<Stage>)]) -> Lowered<RawBson> {
    let mut document = Document::default();
    outputs.iter().try_for_each(|(name, stages)| document.put(name, pipeline(stages)?))?;
    Ok(RawBson::Document(document.finish()))
}

pub fn pipeline<'a>(stages: impl IntoIterator<Item = &'a Stage>) -> Lowered<RawBson> {
    array(stages, |stage| lower(stage).map(RawBson::Document))
}
