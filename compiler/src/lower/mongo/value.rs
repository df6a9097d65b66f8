//! Expressions as aggregation expressions.

use bson::RawBson;
use data_bridge_ir::catalog::{Argument, Bound, Kind, Operator, Shape, Type};
use data_bridge_ir::expr::Operands;
use data_bridge_ir::{Expr, Value};

use super::document::{Document, array, wrap};
use super::{Lowered, predicate};
use crate::error::CompileError;

pub fn lower(expr: &Expr) -> Lowered<RawBson> {
    match expr {
        Expr::Field(path) if path.as_str().is_empty() => Ok(RawBson::String("$$this".to_owned())),
        Expr::Field(path) => Ok(RawBson::String(format!("${}", path.as_str()))),
        Expr::Variable(name) => Ok(RawBson::String(format!("$${name}"))),
        Expr::Literal(value) => literal(value),
        Expr::Constant(value) => Ok(RawBson::Boolean(*value)),
        Expr::Compare { op, left, right } => wrap(op.mql(), array([left, right], |side| lower(side))?),
        Expr::Call { name, operands } => wrap(name, call(Kind::Expression, name, operands)?),
        Expr::Document(fields) => document(fields),
        Expr::Array(items) => array(items, lower),
        Expr::Computed(child) => lower(child),
        Expr::Filter(predicate) => Ok(RawBson::Document(predicate::filter(predicate)?.finish())),
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

/// What stands under an operator's name: in the shape that the table gives it, or as it is given when the table does not
/// have the operator.
pub fn call(kind: Kind, name: &str, given: &Operands) -> Lowered<RawBson> {
    match Operator::find(kind, name).and_then(|operator| Some((operator, operator.bind(given).ok()?))) {
        Some((operator, bound)) => shaped(kind, operator, bound),
        None => as_given(given),
    }
}

fn as_given(operands: &Operands) -> Lowered<RawBson> {
    match operands {
        Operands::Single(child) => lower(child),
        Operands::Positional(items) => array(items, lower),
        Operands::Named(fields) => document(fields),
    }
}

fn shaped(kind: Kind, operator: &Operator, bound: Bound<'_>) -> Lowered<RawBson> {
    let mut items = bound.into_iter();
    match operator.shape {
        Shape::Object => {
            let mut document = Document::default();
            items.try_for_each(|(argument, item)| document.put(argument.name, operand(argument, item)?))?;
            Ok(RawBson::Document(document.finish()))
        }
        Shape::Single if !operator.takes_many() => match items.next() {
            Some((argument, item @ Expr::Array(_))) if !operator.alone => alone(kind, operand(argument, item)?),
            Some((argument, item)) => operand(argument, item),
            None => Ok(RawBson::Document(Default::default())),
        },
        Shape::Single | Shape::Array => array(items, |(argument, item)| operand(argument, item)),
    }
}

/// A list that stands alone would be read as a list of operands.
fn alone(kind: Kind, value: RawBson) -> Lowered<RawBson> {
    let one = array([value], Ok)?;
    // Accumulators of a group refuse every list; a concatenation of one list is that list.
    if kind == Kind::Accumulator { wrap("$concatArrays", one) } else { Ok(one) }
}

/// An argument: constants stand as they are, for the server does not evaluate them.
fn operand(argument: &Argument, item: &Expr) -> Lowered<RawBson> {
    match item {
        Expr::Literal(value) if argument.types.iter().all(|kind| kind.is_constant()) => Ok(value.0.clone()),
        // An order is a document of directions, and text in it a field's name.
        Expr::Literal(value) if argument.types.contains(&Type::Sort) => Ok(value.0.clone()),
        other => lower(other),
    }
}

fn document(fields: &[(String, Expr)]) -> Lowered<RawBson> {
    let mut document = Document::default();
    fields.iter().try_for_each(|(name, value)| document.put(name, lower(value)?))?;
    Ok(RawBson::Document(document.finish()))
}
