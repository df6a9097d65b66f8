//! Plan nodes.

use data_bridge_ir::Expr;
use data_bridge_ir::expr::Path;
use data_bridge_ir::plan::{Change, FindAndModify, Insert, Options, Plan, Read, Source, Terminal, Write};
use data_bridge_ir::update::{Operation, Update};
use pyo3::exceptions::PyValueError;
use pyo3::prelude::*;
use pyo3::types::PyTuple;

use super::{Node, dict, expr, stage, text, tuple, unknown, value};
use crate::dtype::PySchema;

pub fn read(node: &Bound<'_, PyAny>) -> PyResult<Plan> {
    let node = &Node::of(node)?;
    let source = source(&part!(node, "source")?)?;
    let options = options(node)?;
    let flag = |part: PyResult<Bound<'_, PyAny>>| part?.extract::<bool>();
    Ok(match node.kind() {
        "read" => Plan::Read(Read {
            source,
            stages: stages(&tuple(part!(node, "stages"))?)?,
            terminal: terminal(node)?,
            options,
        }),
        "update" => {
            let options = with_array_filters(options, &part!(node, "update")?)?;
            let change =
                Change::Update { update: update(&part!(node, "update")?)?, upsert: flag(part!(node, "upsert"))? };
            Plan::Write(Write { source, filter: filter(node)?, change, many: flag(part!(node, "many"))?, options })
        }
        "replace" => {
            let replacement = value(&part!(node, "replacement")?, "replacement")?;
            let change = Change::Replace { replacement, upsert: flag(part!(node, "upsert"))? };
            Plan::Write(Write { source, filter: filter(node)?, change, many: false, options })
        }
        "delete" => Plan::Write(Write {
            source,
            filter: filter(node)?,
            change: Change::Delete,
            many: flag(part!(node, "many"))?,
            options,
        }),
        "find_and_modify" => Plan::FindAndModify(FindAndModify {
            source,
            filter: filter(node)?,
            change: modification(node)?,
            sort: stage::sort_keys(&tuple(part!(node, "sort"))?)?,
            fields: projection(node)?,
            new: flag(part!(node, "new"))?,
            options: with_array_filters(options, &part!(node, "update")?)?,
        }),
        "insert" => {
            let documents = part!(node, "documents")?.try_iter()?.map(|document| value(&document?, "document"));
            Plan::Insert(Insert {
                source,
                documents: documents.collect::<PyResult<_>>()?,
                ordered: flag(part!(node, "ordered"))?,
                options,
            })
        }
        _ => return Err(unknown(node, "a plan")),
    })
}

pub fn source(node: &Bound<'_, PyAny>) -> PyResult<Source> {
    let node = Node::of(node)?;
    Ok(Source {
        collection: text(part!(node, "collection"))?,
        database: part!(node, "database")?.extract()?,
        schema: part!(node, "schema")?.extract::<PySchema>()?.0,
    })
}

/// Python's names of the options, and the commands'.
fn option_name(name: &str) -> PyResult<&'static str> {
    Ok(match name {
        "hint" => "hint",
        "collation" => "collation",
        "comment" => "comment",
        "max_time_ms" => "maxTimeMS",
        "batch_size" => "batchSize",
        "let" => "let",
        "allow_disk_use" => "allowDiskUse",
        "array_filters" => "arrayFilters",
        "read_preference" => "readPreference",
        "read_concern" => "readConcern",
        "write_concern" => "writeConcern",
        other => return Err(PyValueError::new_err(format!("there is no option '{other}'"))),
    })
}

fn options(node: &Node<'_, '_>) -> PyResult<Options> {
    dict(part!(node, "options"))?
        .iter()
        .map(|(name, given)| {
            let name = option_name(name.extract()?)?;
            Ok((name.to_owned(), value(&given, name)?))
        })
        .collect()
}

/// An update's own array filters stand among the options of the command.
fn with_array_filters(mut options: Options, update: &Bound<'_, PyAny>) -> PyResult<Options> {
    if update.is_none() {
        return Ok(options);
    }
    let update = Node::of(update)?;
    if update.kind() == "update_operators" {
        let filters = tuple(part!(update, "array_filters"))?;
        if !filters.is_empty() {
            options.insert("arrayFilters".to_owned(), value(&filters, "array_filters")?);
        }
    }
    Ok(options)
}

fn stages(nodes: &Bound<'_, PyTuple>) -> PyResult<Vec<data_bridge_ir::Stage>> {
    nodes.iter().map(|node| stage::read(&node, 0)).collect()
}

fn terminal(node: &Node<'_, '_>) -> PyResult<Terminal> {
    let name = text(part!(node, "terminal"))?;
    Ok(match name.as_str() {
        "find" => Terminal::Find,
        "first" => Terminal::First,
        "aggregate" => Terminal::Aggregate,
        "count" => Terminal::Count,
        "exists" => Terminal::Exists,
        "distinct" => Terminal::Distinct(Path(text(part!(node, "path"))?)),
        other => return Err(PyValueError::new_err(format!("'{other}' is not a way to end a read"))),
    })
}

fn filter(node: &Node<'_, '_>) -> PyResult<Expr> {
    let filter = part!(node, "filter")?;
    if filter.is_none() { Ok(Expr::Constant(true)) } else { expr::read(&filter, 0) }
}

fn modification(node: &Node<'_, '_>) -> PyResult<Change> {
    let upsert = part!(node, "upsert")?.extract()?;
    if part!(node, "remove")?.extract()? {
        return Ok(Change::Delete);
    }
    let replacement = part!(node, "replacement")?;
    if !replacement.is_none() {
        return Ok(Change::Replace { replacement: value(&replacement, "replacement")?, upsert });
    }
    Ok(Change::Update { update: update(&part!(node, "update")?)?, upsert })
}

fn projection(node: &Node<'_, '_>) -> PyResult<Vec<(Path, data_bridge_ir::stage::Projected)>> {
    let fields = part!(node, "fields")?;
    if fields.is_none() { Ok(Vec::new()) } else { stage::projection(fields.cast::<PyTuple>()?, 0) }
}

fn update(node: &Bound<'_, PyAny>) -> PyResult<Update> {
    let node = &Node::of(node)?;
    Ok(match node.kind() {
        "update_operators" => {
            let operations = tuple(part!(node, "operations"))?;
            Update::Operators(operations.iter().map(|operation| read_operation(&operation)).collect::<PyResult<_>>()?)
        }
        "update_pipeline" => Update::Pipeline(stages(&tuple(part!(node, "stages"))?)?),
        _ => return Err(unknown(node, "an update")),
    })
}

fn read_operation(node: &Bound<'_, PyAny>) -> PyResult<Operation> {
    let node = Node::of(node)?;
    let path = text(part!(node, "path"))?;
    let operand = value(&part!(node, "operand")?, &path)?;
    Ok(Operation { op: text(part!(node, "op"))?, path: Path(path), operand })
}
