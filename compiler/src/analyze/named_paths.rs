//! Paths that stages and operators take by name, where no expression stands: keys of orders and partitions.

use bson::RawBson;
use data_bridge_ir::{Expr, Operands, Path, Value};

/// The paths of documents that a stage is given by name.
pub(super) fn of_stage(stage: &str, body: &Expr) -> Vec<Path> {
    let mut found = Vec::new();
    if matches!(stage, "$fill" | "$densify" | "$setWindowFields" | "$geoNear" | "$bucket" | "$bucketAuto") {
        paths(body, &mut found);
    }
    found
}

fn paths(given: &Expr, found: &mut Vec<Path>) {
    let Expr::Document(entries) = given else { return };
    for (name, value) in entries {
        match name.as_str() {
            "sortBy" => found.extend(keys(value)),
            "partitionByFields" => found.extend(texts(value)),
            "field" | "key" => found.extend(text(value)),
            _ => paths(value, found),
        }
    }
}

/// The paths by which an accumulator orders documents.
pub(super) fn of_accumulator(operands: &Operands) -> Vec<Path> {
    let Operands::Named(given) = operands else { return Vec::new() };
    given.iter().filter(|(name, _)| name == "sortBy").flat_map(|(_, value)| keys(value)).collect()
}

/// The names in a document, whether it is one of expressions or of values.
pub(super) fn keys(value: &Expr) -> Vec<Path> {
    match value {
        Expr::Document(entries) => entries.iter().map(|(name, _)| name.as_str().into()).collect(),
        Expr::Literal(Value(RawBson::Document(keys))) | Expr::Raw(Value(RawBson::Document(keys))) => {
            keys.iter().filter_map(Result::ok).map(|(name, _)| name.as_str().into()).collect()
        }
        _ => Vec::new(),
    }
}

fn texts(value: &Expr) -> Vec<Path> {
    match value {
        Expr::Array(items) => items.iter().filter_map(text).collect(),
        Expr::Literal(Value(RawBson::Array(items))) | Expr::Raw(Value(RawBson::Array(items))) => {
            items.into_iter().filter_map(|item| Some(item.ok()?.as_str()?.into())).collect()
        }
        _ => Vec::new(),
    }
}

fn text(value: &Expr) -> Option<Path> {
    match value {
        Expr::Literal(Value(RawBson::String(path))) | Expr::Raw(Value(RawBson::String(path))) => {
            Some(path.as_str().into())
        }
        _ => None,
    }
}
