//! What rows a pipeline gives: their fields and types, or why they may hold others.

use data_bridge_ir::DType;
use data_bridge_ir::plan::Plan;

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
    let (fields, open) = Shape::of(&read.source.schema).behind(&read.stages).fields();
    Ok(Rows { fields, open })
}
