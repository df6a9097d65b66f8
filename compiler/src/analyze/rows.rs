//! What rows a pipeline gives: their fields and types, or why they may hold others.

use data_bridge_ir::plan::Plan;
use data_bridge_ir::stage::Stage;
use data_bridge_ir::{DType, SchemaRef};

use super::shape::Shape;
use crate::Failure;

/// The top-level fields of rows.
#[derive(Debug, Clone, PartialEq)]
pub struct Rows {
    pub fields: Vec<(String, DType)>,
    /// Why there may be other fields; nothing where these are all.
    pub open: Option<String>,
}

/// The rows that a plan's last stage gives. Plans that read nothing give none.
pub fn rows(plan: Plan) -> Result<Rows, Failure> {
    let Plan::Read(read) = super::analyze(plan)? else { return Ok(Rows { fields: Vec::new(), open: None }) };
    let mut shape = Shape::of(&read.source.schema);
    let mut opened = "its collection may hold anything".to_owned();
    for stage in &read.stages {
        let known = shape != Shape::Open;
        shape = shape.after(stage);
        if known && shape == Shape::Open {
            opened = format!("what {} gives is not known before it runs", named(stage));
        }
    }
    Ok(match shape {
        Shape::Open => Rows { fields: Vec::new(), open: Some(opened) },
        Shape::Made(fields) => Rows { fields: fields.into_iter().collect(), open: None },
        Shape::Declared { schema, added } => {
            let mut fields = declared(&schema);
            for (name, dtype) in added {
                match fields.iter_mut().find(|(known, _)| *known == name) {
                    Some(field) => field.1 = dtype,
                    None => fields.push((name, dtype)),
                }
            }
            Rows { fields, open: undeclared(&schema) }
        }
    })
}

fn declared(schema: &SchemaRef) -> Vec<(String, DType)> {
    let fields = schema.get().map(|known| &known.fields);
    fields.into_iter().flatten().map(|(name, field)| (name.clone(), field.dtype.clone())).collect()
}

fn undeclared(schema: &SchemaRef) -> Option<String> {
    match schema.get() {
        None => Some("its collection may hold anything".to_owned()),
        Some(known) => known.open.then(|| format!("{} allows fields that it does not declare", schema.name())),
    }
}

fn named(stage: &Stage) -> &str {
    match stage {
        Stage::UnionWith(_) => "$unionWith",
        Stage::Raw(_) => "a stage given as MQL",
        other => other.mql(),
    }
}
