//! Stages: what is done to a stream of documents.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::expr::{Expr, Operands, Path};
use crate::schema::SchemaRef;
use crate::value::Value;

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Projected {
    Include,
    Exclude,
    Computed(Expr),
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct SortKey {
    pub path: Path,
    pub descending: bool,
}

/// A named output of a group.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Accumulator {
    pub output: String,
    pub name: String,
    /// None for `$count`, which takes nothing.
    pub operands: Option<Operands>,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Lookup {
    pub collection: Option<String>,
    /// What is known of the other documents: their class, where one was given.
    pub class: Option<SchemaRef>,
    pub local: Option<Path>,
    pub foreign: Option<Path>,
    pub variables: Vec<(String, Expr)>,
    pub pipeline: Option<Vec<Stage>>,
    pub output: String,
}

/// The documents of another collection behind these.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct UnionWith {
    /// None: the pipeline makes its documents itself.
    pub collection: Option<String>,
    pub class: Option<SchemaRef>,
    pub pipeline: Vec<Stage>,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Stage {
    Match(Expr),
    Project(Vec<(Path, Projected)>),
    Set(Vec<(Path, Expr)>),
    Unset(Vec<Path>),
    Sort(Vec<SortKey>),
    Skip(u64),
    Limit(u64),
    Group {
        by: Option<Expr>,
        outputs: Vec<Accumulator>,
    },
    Unwind {
        path: Path,
        index: Option<String>,
        preserve: bool,
    },
    Count(String),
    Sample(u64),
    Lookup(Lookup),
    UnionWith(UnionWith),
    /// Several pipelines over the same documents: one document, a list of documents under each name.
    Facet(Vec<(String, Vec<Stage>)>),
    /// A stage the IR has no node for.
    Generic {
        name: String,
        body: Expr,
        /// The class of other documents that the stage reads, where one was given.
        class: Option<SchemaRef>,
    },
    /// A whole stage as MQL, opaque to the optimizer.
    Raw(Value),
}

impl Stage {
    /// Whether the test holds for an expression of the stage itself, those of pipelines inside it left out.
    pub fn has_expression(&self, mut test: impl FnMut(&Expr) -> bool) -> bool {
        match self {
            Self::Match(predicate) => test(predicate),
            Self::Set(fields) => fields.iter().any(|(_, value)| test(value)),
            Self::Project(fields) => fields.iter().any(|(_, projected)| match projected {
                Projected::Computed(value) => test(value),
                Projected::Include | Projected::Exclude => false,
            }),
            Self::Group { by, outputs } => {
                let operands = outputs.iter().flat_map(|output| output.operands.iter().flat_map(Operands::children));
                by.iter().chain(operands).any(test)
            }
            Self::Lookup(lookup) => lookup.variables.iter().any(|(_, value)| test(value)),
            Self::Generic { body, .. } => test(body),
            _ => false,
        }
    }

    /// The aggregation stage's name.
    pub fn mql(&self) -> &str {
        match self {
            Self::Match(_) => "$match",
            Self::Project(_) => "$project",
            Self::Set(_) => "$set",
            Self::Unset(_) => "$unset",
            Self::Sort(_) => "$sort",
            Self::Skip(_) => "$skip",
            Self::Limit(_) => "$limit",
            Self::Group { .. } => "$group",
            Self::Unwind { .. } => "$unwind",
            Self::Count(_) => "$count",
            Self::Sample(_) => "$sample",
            Self::Lookup(_) => "$lookup",
            Self::UnionWith(_) => "$unionWith",
            Self::Facet(_) => "$facet",
            Self::Generic { name, .. } => name,
            Self::Raw(_) => "raw",
        }
    }
}
