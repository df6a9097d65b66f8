//! Expression nodes.

use data_bridge_ir::expr::CompareOp;
use data_bridge_ir::{Expr, Operands, Path, Value};
use pyo3::exceptions::PyValueError;
use pyo3::prelude::*;
use pyo3::types::{PyDict, PyString, PyTuple};

use super::{Node, dict, refuse_depth, text, tuple, unknown, value};

pub fn read(node: &Bound<'_, PyAny>, depth: usize) -> PyResult<Expr> {
    refuse_depth(node.py(), depth)?;
    let child = |part: PyResult<Bound<'_, PyAny>>| read(&part?, depth + 1).map(Box::new);
    let node = &Node::of(node)?;
    Ok(match node.kind() {
        "field" => Expr::Field(path_of(node)?),
        "literal" => Expr::Literal(value(&part!(node, "value")?, "literal")?),
        "compare" => compare(node, depth)?,
        "and" => Expr::And(chain(node, "and", depth)?),
        "or" => Expr::Or(chain(node, "or", depth)?),
        "nor" => Expr::Nor(terms(node, depth)?),
        "not" => Expr::Not(child(part!(node, "term"))?),
        "computed" => Expr::Computed(child(part!(node, "term"))?),
        "filter" => Expr::Filter(child(part!(node, "predicate"))?),
        "in" => {
            let needle = child(part!(node, "needle"))?;
            let values = values(node, label(&needle))?;
            Expr::In { needle, values, negated: part!(node, "negated")?.extract()? }
        }
        "exists" => Expr::Exists { field: field(node)?, present: part!(node, "present")?.extract()? },
        "is_type" => Expr::IsType { field: field(node)?, types: strings(&tuple(part!(node, "types"))?)? },
        "regex" => Expr::Regex {
            field: field(node)?,
            pattern: text(part!(node, "pattern"))?,
            options: text(part!(node, "options"))?,
        },
        "elem_match" => Expr::ElemMatch { field: field(node)?, predicate: child(part!(node, "predicate"))? },
        "size" => Expr::Size { field: field(node)?, size: part!(node, "size")?.extract()? },
        "all" => {
            let field = field(node)?;
            let values = values(node, field.as_str())?;
            Expr::All { field, values }
        }
        "mod" => {
            let field = field(node)?;
            let divisor = value(&part!(node, "divisor")?, field.as_str())?;
            let remainder = value(&part!(node, "remainder")?, field.as_str())?;
            Expr::Mod { field, divisor, remainder }
        }
        "field_operator" => {
            let field = field(node)?;
            let operand = value(&part!(node, "operand")?, field.as_str())?;
            Expr::FieldOperator { field, name: operator_name(node)?, operand }
        }
        "call" => Expr::Call { name: operator_name(node)?, operands: operands(node, depth)? },
        "variable" => Expr::Variable(text(part!(node, "name"))?),
        "document" => Expr::Document(named(&dict(part!(node, "fields"))?, depth)?),
        "array" => Expr::Array(items(&tuple(part!(node, "items"))?, depth)?),
        "raw" => Expr::Raw(value(&part!(node, "value")?, "raw")?),
        _ => return Err(unknown(node, "an expression")),
    })
}

fn compare(node: &Node<'_, '_>, depth: usize) -> PyResult<Expr> {
    let op = part!(node, "op")?.cast_into::<PyString>()?;
    let op = CompareOp::parse(op.to_str()?)
        .ok_or_else(|| PyValueError::new_err(format!("'{op}' is not a comparison operator")))?;
    let left = read(&part!(node, "left")?, depth + 1)?;
    let right = part!(node, "right")?;
    let node = Node::of(&right)?;
    let right = if node.kind() == "literal" {
        Expr::Literal(value(&part!(node, "value")?, label(&left))?)
    } else {
        read(&right, depth + 1)?
    };
    Ok(Expr::compare(op, left, right))
}

/// The name an error about a value calls its place.
fn label(expr: &Expr) -> &str {
    if let Expr::Field(path) = expr { path.as_str() } else { "value" }
}

fn path_of(field: &Node<'_, '_>) -> PyResult<Path> {
    let path = part!(field, "path")?.cast_into::<PyString>()?;
    Ok(Path(path.to_str()?.to_owned()))
}

fn field(node: &Node<'_, '_>) -> PyResult<Path> {
    path_of(&Node::of(&part!(node, "field")?)?)
}

/// Operators come from users of `Raw` and of generic nodes too: they must look like operators.
fn operator_name(node: &Node<'_, '_>) -> PyResult<String> {
    let name = text(part!(node, "name"))?;
    if name.starts_with('$') {
        Ok(name)
    } else {
        Err(PyValueError::new_err(format!("'{name}' is not an operator: it must start with '$'")))
    }
}

/// The terms of a connective that is associative. Python says `a & b & c` as `(a & b) & c`: what is flat to a reader is not
/// deep, however long.
fn chain(node: &Node<'_, '_>, of: &str, depth: usize) -> PyResult<Vec<Expr>> {
    let mut levels = vec![tuple(part!(node, "terms"))?];
    while let Some(first) = levels.last().and_then(|terms| terms.get_item(0).ok()) {
        let first = Node::of(&first)?;
        if first.kind() != of {
            break;
        }
        levels.push(tuple(part!(first, "terms"))?);
    }
    let mut found = match levels.pop() {
        Some(innermost) => items(&innermost, depth)?,
        None => Vec::new(),
    };
    for level in levels.into_iter().rev() {
        for item in level.iter().skip(1) {
            found.push(read(&item, depth + 1)?);
        }
    }
    Ok(found)
}

fn terms(node: &Node<'_, '_>, depth: usize) -> PyResult<Vec<Expr>> {
    items(&tuple(part!(node, "terms"))?, depth)
}

pub fn items(nodes: &Bound<'_, PyTuple>, depth: usize) -> PyResult<Vec<Expr>> {
    nodes.iter().map(|item| read(&item, depth + 1)).collect()
}

pub fn named(fields: &Bound<'_, PyDict>, depth: usize) -> PyResult<Vec<(String, Expr)>> {
    fields.iter().map(|(name, item)| Ok((name.extract()?, read(&item, depth + 1)?))).collect()
}

fn values(node: &Node<'_, '_>, label: &str) -> PyResult<Vec<Value>> {
    tuple(part!(node, "values"))?.iter().map(|item| value(&item, label)).collect()
}

pub fn strings(items: &Bound<'_, PyTuple>) -> PyResult<Vec<String>> {
    items.iter().map(|item| item.extract()).collect()
}

fn operands(node: &Node<'_, '_>, depth: usize) -> PyResult<Operands> {
    let args = part!(node, "args")?;
    if let Ok(fields) = args.cast::<PyDict>() {
        return Ok(Operands::Named(named(fields, depth)?));
    }
    let mut args = items(args.cast::<PyTuple>()?, depth)?;
    if args.len() == 1 && part!(node, "single")?.extract()? {
        return Ok(Operands::Single(Box::new(args.remove(0))));
    }
    Ok(Operands::Positional(args))
}
