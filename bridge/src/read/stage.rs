//! Stage nodes.

use data_bridge_ir::stage::{Accumulator, Lookup, Projected, SortKey, UnionWith};
use data_bridge_ir::{Expr, Operands, Path, SchemaRef, Stage};
use pyo3::exceptions::PyValueError;
use pyo3::prelude::*;
use pyo3::types::{PyBool, PyDict, PyTuple};

use crate::dtype::PySchema;

use super::{Node, dict, expr, refuse_depth, text, tuple, unknown, value};

pub fn read(node: &Bound<'_, PyAny>, depth: usize) -> PyResult<Stage> {
    let count = |part: PyResult<Bound<'_, PyAny>>| part?.extract::<u64>();
    refuse_depth(node.py(), depth)?;
    let child = |part: PyResult<Bound<'_, PyAny>>| expr::read(&part?, depth + 1);
    let node = &Node::of(node)?;
    Ok(match node.kind() {
        "match" => Stage::Match(child(part!(node, "predicate"))?),
        "project" => Stage::Project(projection(&tuple(part!(node, "fields"))?, depth)?),
        "set" => Stage::Set(assignments(&tuple(part!(node, "fields"))?, depth)?),
        "unset" => Stage::Unset(expr::strings(&tuple(part!(node, "paths"))?)?.into_iter().map(Path).collect()),
        "sort" => Stage::Sort(sort_keys(&tuple(part!(node, "keys"))?)?),
        "skip" => Stage::Skip(count(part!(node, "count"))?),
        "limit" => Stage::Limit(count(part!(node, "count"))?),
        "sample" => Stage::Sample(count(part!(node, "size"))?),
        "group" => group(node, depth)?,
        "unwind" => Stage::Unwind {
            path: Path(text(part!(node, "path"))?),
            index: part!(node, "index")?.extract()?,
            preserve: part!(node, "preserve")?.extract()?,
        },
        "count_stage" => Stage::Count(text(part!(node, "name"))?),
        "lookup" => Stage::Lookup(lookup(node, depth)?),
        "union_with" => Stage::UnionWith(UnionWith {
            collection: part!(node, "collection")?.extract()?,
            class: class(node)?,
            pipeline: pipeline(&tuple(part!(node, "pipeline"))?, depth)?,
        }),
        "facet" => {
            let outputs = dict(part!(node, "outputs"))?;
            let outputs = outputs
                .iter()
                .map(|(name, stages)| Ok((name.extract()?, pipeline(&stages.cast_into::<PyTuple>()?, depth)?)));
            Stage::Facet(outputs.collect::<PyResult<_>>()?)
        }
        "generic_stage" => {
            let name = text(part!(node, "name"))?;
            if !name.starts_with('$') {
                return Err(PyValueError::new_err(format!("'{name}' is not a stage: it must start with '$'")));
            }
            Stage::Generic { name, body: body(&part!(node, "body")?, depth)?, class: class(node)? }
        }
        "raw" => Stage::Raw(value(&part!(node, "value")?, "raw")?),
        _ => return Err(unknown(node, "a stage")),
    })
}

/// A generic stage's body: MQL in which expressions, and pipelines of stages, may stand.
fn body(item: &Bound<'_, PyAny>, depth: usize) -> PyResult<Expr> {
    if let Ok(fields) = item.cast::<PyDict>() {
        let fields = fields.iter().map(|(name, item)| Ok((name.extract()?, body(&item, depth + 1)?)));
        return Ok(Expr::Document(fields.collect::<PyResult<_>>()?));
    }
    if item.is_instance_of::<PyTuple>() || item.is_instance_of::<pyo3::types::PyList>() {
        let items = item.try_iter()?.map(|item| body(&item?, depth + 1));
        return Ok(Expr::Array(items.collect::<PyResult<_>>()?));
    }
    if !item.hasattr("kind")? {
        return Ok(Expr::Raw(value(item, "stage")?));
    }
    match expr::read(item, depth + 1) {
        Ok(expr) => Ok(expr),
        Err(not_an_expression) => {
            // A stage of a sub-pipeline, already what it will be on the wire.
            let Ok(stage) = read(item, depth + 1) else { return Err(not_an_expression) };
            let lowered = data_bridge_compiler::lower::mongo::stage(&stage)
                .map_err(|error| crate::errors::from_compile(item.py(), vec![error]))?;
            Ok(Expr::Raw(bson::RawBson::Document(lowered).into()))
        }
    }
}

pub fn projection(fields: &Bound<'_, PyTuple>, depth: usize) -> PyResult<Vec<(Path, Projected)>> {
    fields
        .iter()
        .map(|field| {
            let (path, projected): (String, Bound<'_, PyAny>) = field.extract()?;
            let projected = match projected.cast::<PyBool>() {
                Ok(flag) if flag.is_true() => Projected::Include,
                Ok(_) => Projected::Exclude,
                Err(_) => Projected::Computed(expr::read(&projected, depth + 1)?),
            };
            Ok((Path(path), projected))
        })
        .collect()
}

fn assignments(fields: &Bound<'_, PyTuple>, depth: usize) -> PyResult<Vec<(Path, Expr)>> {
    fields
        .iter()
        .map(|field| {
            let (path, value): (String, Bound<'_, PyAny>) = field.extract()?;
            Ok((Path(path), expr::read(&value, depth + 1)?))
        })
        .collect()
}

pub fn sort_keys(keys: &Bound<'_, PyTuple>) -> PyResult<Vec<SortKey>> {
    keys.iter()
        .map(|key| match key.extract()? {
            (path, 1) => Ok(SortKey { path: Path(path), descending: false }),
            (path, -1) => Ok(SortKey { path: Path(path), descending: true }),
            (path, direction) => {
                Err(PyValueError::new_err(format!("the sort direction of '{path}' is {direction}; give 1 or -1")))
            }
        })
        .collect()
}

fn group(node: &Node<'_, '_>, depth: usize) -> PyResult<Stage> {
    let by = part!(node, "by")?;
    let by = if by.is_none() { None } else { Some(expr::read(&by, depth + 1)?) };
    // `{_id: {$literal: null}}` is `{_id: null}`.
    let by = by.filter(|by| !matches!(by, Expr::Literal(value) if value.is_null()));
    let outputs = tuple(part!(node, "outputs"))?
        .iter()
        .map(|output| {
            let (output, accumulator): (String, Bound<'_, PyAny>) = output.extract()?;
            let accumulator = Node::of(&accumulator)?;
            let operand = part!(accumulator, "operand")?;
            let operands = if operand.is_none() {
                None
            } else if let Ok(fields) = operand.cast::<PyDict>() {
                Some(Operands::Named(expr::named(fields, depth)?))
            } else {
                Some(Operands::Single(Box::new(expr::read(&operand, depth + 1)?)))
            };
            Ok(Accumulator { output, name: text(part!(accumulator, "name"))?, operands })
        })
        .collect::<PyResult<_>>()?;
    Ok(Stage::Group { by, outputs })
}

/// Stages inside a stage.
fn pipeline(stages: &Bound<'_, PyTuple>, depth: usize) -> PyResult<Vec<Stage>> {
    stages.iter().map(|stage| read(&stage, depth + 1)).collect()
}

/// The class of the other documents that a stage reads, where one was given.
fn class(node: &Node<'_, '_>) -> PyResult<Option<SchemaRef>> {
    let given = node.instance.getattr_opt(pyo3::intern!(node.py(), "other"))?;
    given.map(|class| Ok(class.call_method0(pyo3::intern!(node.py(), "schema"))?.extract::<PySchema>()?.0)).transpose()
}

fn lookup(node: &Node<'_, '_>, depth: usize) -> PyResult<Lookup> {
    let path = |part: PyResult<Bound<'_, PyAny>>| Ok::<_, PyErr>(part?.extract::<Option<String>>()?.map(Path));
    let pipeline = part!(node, "pipeline")?;
    let pipeline = if pipeline.is_none() { None } else { Some(self::pipeline(pipeline.cast::<PyTuple>()?, depth)?) };
    Ok(Lookup {
        collection: part!(node, "collection")?.extract()?,
        class: class(node)?,
        local: path(part!(node, "local"))?,
        foreign: path(part!(node, "foreign"))?,
        variables: expr::named(&dict(part!(node, "let"))?, depth)?,
        pipeline,
        output: text(part!(node, "name"))?,
    })
}
