//! Expression nodes.

use data_bridge_ir::expr::CompareOp;
use data_bridge_ir::{Expr, Operands, Path, Value};
use pyo3::exceptions::PyValueError;
use pyo3::intern;
use pyo3::prelude::*;
use pyo3::types::{PyDict, PyString, PyTuple};

use super::{DEEPEST, dict, kind, text, tuple, unknown, value};
use crate::errors;

pub fn read(node: &Bound<'_, PyAny>, depth: usize) -> PyResult<Expr> {
    if depth > DEEPEST {
        return Err(errors::compile_error(
            node.py(),
            "too_deep",
            &format!("the expression is nested more than {DEEPEST} levels deep"),
            None,
            Some("build it flat: one & or | over many terms"),
        ));
    }
    let py = node.py();
    let child = |name: &str| read(&node.getattr(name)?, depth + 1).map(Box::new);
    let kind = kind(node)?;
    Ok(match kind.to_str()? {
        "field" => Expr::Field(path_of(node)?),
        "literal" => Expr::Literal(value(&node.getattr(intern!(py, "value"))?, "literal")?),
        "compare" => compare(node, depth)?,
        "and" => Expr::And(terms(node, depth)?),
        "or" => Expr::Or(terms(node, depth)?),
        "nor" => Expr::Nor(terms(node, depth)?),
        "not" => Expr::Not(child("term")?),
        "in" => {
            let needle = child("needle")?;
            let values = values(node, label(&needle))?;
            Expr::In { needle, values, negated: node.getattr("negated")?.extract()? }
        }
        "exists" => Expr::Exists { field: field(node)?, present: node.getattr("present")?.extract()? },
        "is_type" => Expr::IsType { field: field(node)?, types: strings(&tuple(node, "types")?)? },
        "regex" => {
            Expr::Regex { field: field(node)?, pattern: text(node, "pattern")?, options: text(node, "options")? }
        }
        "elem_match" => Expr::ElemMatch { field: field(node)?, predicate: child("predicate")? },
        "size" => Expr::Size { field: field(node)?, size: node.getattr("size")?.extract()? },
        "all" => {
            let field = field(node)?;
            let values = values(node, field.as_str())?;
            Expr::All { field, values }
        }
        "mod" => {
            let field = field(node)?;
            let divisor = value(&node.getattr("divisor")?, field.as_str())?;
            let remainder = value(&node.getattr("remainder")?, field.as_str())?;
            Expr::Mod { field, divisor, remainder }
        }
        "field_operator" => {
            let field = field(node)?;
            let operand = value(&node.getattr("operand")?, field.as_str())?;
            Expr::FieldOperator { field, name: operator_name(node)?, operand }
        }
        "call" => Expr::Call { name: operator_name(node)?, operands: operands(node, depth)? },
        "variable" => Expr::Variable(text(node, "name")?),
        "document" => Expr::Document(named(&dict(node, "fields")?, depth)?),
        "array" => Expr::Array(items(&tuple(node, "items")?, depth)?),
        "raw" => Expr::Raw(value(&node.getattr(intern!(py, "value"))?, "raw")?),
        "linked" => Expr::Linked {
            link: path_of(&node.getattr("link")?)?,
            target: text(node, "target")?,
            predicate: child("predicate")?,
        },
        _ => return Err(unknown(node, "an expression")),
    })
}

fn compare(node: &Bound<'_, PyAny>, depth: usize) -> PyResult<Expr> {
    let py = node.py();
    let op = node.getattr(intern!(py, "op"))?.cast_into::<PyString>()?;
    let op = CompareOp::parse(op.to_str()?)
        .ok_or_else(|| PyValueError::new_err(format!("'{op}' is not a comparison operator")))?;
    let left = read(&node.getattr(intern!(py, "left"))?, depth + 1)?;
    let right = node.getattr(intern!(py, "right"))?;
    let right = if kind(&right)?.to_str()? == "literal" {
        Expr::Literal(value(&right.getattr(intern!(py, "value"))?, label(&left))?)
    } else {
        read(&right, depth + 1)?
    };
    Ok(Expr::compare(op, left, right))
}

/// The name an error about a value calls its place.
fn label(expr: &Expr) -> &str {
    if let Expr::Field(path) = expr { path.as_str() } else { "value" }
}

fn path_of(field: &Bound<'_, PyAny>) -> PyResult<Path> {
    let path = field.getattr(intern!(field.py(), "path"))?.cast_into::<PyString>()?;
    Ok(Path(path.to_str()?.to_owned()))
}

fn field(node: &Bound<'_, PyAny>) -> PyResult<Path> {
    path_of(&node.getattr(intern!(node.py(), "field"))?)
}

/// Operators come from users of `Raw` and of generic nodes too: they must look like operators.
fn operator_name(node: &Bound<'_, PyAny>) -> PyResult<String> {
    let name = text(node, "name")?;
    if name.starts_with('$') {
        Ok(name)
    } else {
        Err(PyValueError::new_err(format!("'{name}' is not an operator: it must start with '$'")))
    }
}

fn terms(node: &Bound<'_, PyAny>, depth: usize) -> PyResult<Vec<Expr>> {
    items(&tuple(node, "terms")?, depth)
}

pub fn items(nodes: &Bound<'_, PyTuple>, depth: usize) -> PyResult<Vec<Expr>> {
    nodes.iter().map(|item| read(&item, depth + 1)).collect()
}

pub fn named(fields: &Bound<'_, PyDict>, depth: usize) -> PyResult<Vec<(String, Expr)>> {
    fields.iter().map(|(name, item)| Ok((name.extract()?, read(&item, depth + 1)?))).collect()
}

fn values(node: &Bound<'_, PyAny>, label: &str) -> PyResult<Vec<Value>> {
    tuple(node, "values")?.iter().map(|item| value(&item, label)).collect()
}

pub fn strings(items: &Bound<'_, PyTuple>) -> PyResult<Vec<String>> {
    items.iter().map(|item| item.extract()).collect()
}

fn operands(node: &Bound<'_, PyAny>, depth: usize) -> PyResult<Operands> {
    let args = node.getattr("args")?;
    if let Ok(fields) = args.cast::<PyDict>() {
        return Ok(Operands::Named(named(fields, depth)?));
    }
    let mut args = items(args.cast::<PyTuple>()?, depth)?;
    if args.len() == 1 && node.getattr("single")?.extract()? {
        return Ok(Operands::Single(Box::new(args.remove(0))));
    }
    Ok(Operands::Positional(args))
}
