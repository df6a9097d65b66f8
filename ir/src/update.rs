//! Updates: what is written into documents that are already stored.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::expr::Path;
use crate::stage::Stage;
use crate::value::Value;

/// `{op: {path: operand}}`. The path may hold positional segments (`$`, `$[]`, `$[name]`).
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Operation {
    pub op: String,
    pub path: Path,
    pub operand: Value,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Update {
    Operators(Vec<Operation>),
    Pipeline(Vec<Stage>),
}
