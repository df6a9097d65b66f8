//! Expressions as aggregation expressions.

use bson::RawBson;
use data_bridge_ir::expr::Operands;
use data_bridge_ir::{Expr, Value};

use super::Lowered;
use super::document::{Document, array, wrap};
use crate::error::CompileError;

pub fn lower(expr: &Expr) -> Lowered<RawBson> {
    match expr {
        Expr::Field(path) if path.as_str().is_empty() => Ok(RawBson::String("$$this".to_owned())),
        Expr::Field(path) => Ok(RawBson::String(format!("${}", path.as_str()))),
        Expr::Variable(name) => Ok(RawBson::String(format!("$${name}"))),
        Expr::Literal(value) => literal(value),
        Expr::Constant(value) => Ok(RawBson::Boolean(*value)),
        Expr::Compare { op, left, right } => wrap(op.mql(), array([left, right], |side| lower(side))?),
        Expr::Call { name, operands: given } => wrap(name, operands(given)?),
        Expr::Document(fields) => document(fields),
        Expr::Array(items) => array(items, lower),
        Expr::Computed(child) => lower(child),
        Expr::Raw(value) => Ok(value.0.clone()),
        other => Err(CompileError::new("no_value_form", format!("'{other}' cannot be computed as a value"))),
    }
}

/// Text that would be read as a path, and containers that would be read as expressions, are quoted.
fn literal(value: &Value) -> Lowered<RawBson> {
    match &value.0 {
        RawBson::Document(_) | RawBson::Array(_) => wrap("$literal", value.0.clone()),
        _ if value.reads_as_path() => wrap("$literal", value.0.clone()),
        plain => Ok(plain.clone()),
    }
}

pub fn operands(operands: &Operands) -> Lowered<RawBson> {
    match operands {
        Operands::Single(child) => lower(child),
        Operands::Positional(items) => array(items, lower),
        Operands::Named(fields) => document(fields),
    }
}

fn document(fields: &[(String, Expr)]) -> Lowered<RawBson> {
    let mut document = Document::default();
    fields.iter().try_for_each(|(name, value)| document.put(name, lower(value)?))?;
    Ok(RawBson::Document(document.finish()))
}
