//! Plans: whole requests.

use indexmap::IndexMap;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::expr::{Expr, Path};
use crate::schema::SchemaRef;
use crate::stage::{Projected, SortKey, Stage};
use crate::update::Update;
use crate::value::Value;

/// Where documents come from, or go to.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Source {
    pub collection: String,
    /// None: the connection's database.
    pub database: Option<String>,
    pub schema: SchemaRef,
}

/// Command options by their MQL names (`hint`, `collation`, `comment`, `maxTimeMS`, ...): they survive every rewrite.
pub type Options = IndexMap<String, Value>;

/// What a read gives.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Terminal {
    Find,
    First,
    Aggregate,
    Count,
    Exists,
    Distinct(Path),
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Read {
    pub source: Source,
    pub stages: Vec<Stage>,
    pub terminal: Terminal,
    pub options: Options,
}

/// What happens to the documents that a write selects.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Change {
    Update { update: Update, upsert: bool },
    Replace { replacement: Value, upsert: bool },
    Delete,
}

impl Change {
    /// Whether a document is made when none is selected.
    pub fn upserts(&self) -> bool {
        matches!(self, Self::Update { upsert: true, .. } | Self::Replace { upsert: true, .. })
    }
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Write {
    pub source: Source,
    pub filter: Expr,
    pub change: Change,
    pub many: bool,
    pub options: Options,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct FindAndModify {
    pub source: Source,
    pub filter: Expr,
    pub change: Change,
    pub sort: Vec<SortKey>,
    pub fields: Vec<(Path, Projected)>,
    /// Give the document as it is after the change.
    pub new: bool,
    pub options: Options,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Insert {
    pub source: Source,
    pub documents: Vec<Value>,
    pub ordered: bool,
    pub options: Options,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Plan {
    Read(Read),
    Write(Write),
    FindAndModify(FindAndModify),
    Insert(Insert),
}

impl Plan {
    pub fn source(&self) -> &Source {
        match self {
            Self::Read(plan) => &plan.source,
            Self::Write(plan) => &plan.source,
            Self::FindAndModify(plan) => &plan.source,
            Self::Insert(plan) => &plan.source,
        }
    }

    pub fn options(&self) -> &Options {
        match self {
            Self::Read(plan) => &plan.options,
            Self::Write(plan) => &plan.options,
            Self::FindAndModify(plan) => &plan.options,
            Self::Insert(plan) => &plan.options,
        }
    }
}
