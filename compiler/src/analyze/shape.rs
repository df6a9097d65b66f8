//! What documents look like between two stages: which paths may be read there.

use std::collections::BTreeSet;

use data_bridge_ir::expr::Path;
use data_bridge_ir::schema::Lookup;
use data_bridge_ir::stage::{Projected, Stage};
use data_bridge_ir::{DType, Expr, SchemaRef};

use crate::error::CompileError;

/// The documents that a stage gives to the next.
#[derive(Debug, Clone, PartialEq)]
pub enum Shape {
    /// The class's documents, with fields that earlier stages added.
    Declared { schema: SchemaRef, added: BTreeSet<String> },
    /// Exactly these top-level fields, made by a group or a projection.
    Made(BTreeSet<String>),
    /// Anything: an opaque stage came before.
    Open,
}

impl Shape {
    pub fn of(schema: &SchemaRef) -> Self {
        Self::Declared { schema: schema.clone(), added: BTreeSet::new() }
    }

    /// The declared type at a path, `Any` where nothing is declared; or why nothing can be there.
    pub fn dtype(&self, path: &Path) -> Result<DType, CompileError> {
        match self {
            Self::Open => Ok(DType::Any),
            Self::Made(fields) if fields.contains(path.root()) => Ok(DType::Any),
            Self::Made(fields) => Err(unknown_made(fields, path)),
            Self::Declared { added, .. } if added.contains(path.root()) => Ok(DType::Any),
            Self::Declared { schema, .. } => declared(schema, path),
        }
    }

    /// What follows a stage.
    pub fn after(self, stage: &Stage) -> Self {
        match stage {
            Stage::Match(_) | Stage::Sort(_) | Stage::Skip(_) | Stage::Limit(_) | Stage::Sample(_) => self,
            Stage::Set(fields) => self.adding(fields.iter().map(|(path, _)| path.root())),
            Stage::Lookup(lookup) => self.adding([root(&lookup.output)]),
            Stage::Unwind { path, index, .. } => {
                // The field is now an element, no longer what the class declares.
                self.adding([path.root()].into_iter().chain(index.iter().map(|name| root(name))))
            }
            Stage::Unset(paths) => self.without(paths),
            Stage::Project(fields) => self.projected(fields),
            Stage::Group { outputs, .. } => {
                Self::Made(outputs.iter().map(|output| output.output.clone()).chain(["_id".to_owned()]).collect())
            }
            Stage::Count(name) => Self::Made([name.clone()].into()),
            Stage::Generic { .. } | Stage::Raw(_) => Self::Open,
        }
    }

    fn adding<'a>(self, names: impl IntoIterator<Item = &'a str>) -> Self {
        let names = names.into_iter().map(str::to_owned);
        match self {
            Self::Declared { schema, mut added } => {
                added.extend(names);
                Self::Declared { schema, added }
            }
            Self::Made(mut fields) => {
                fields.extend(names);
                Self::Made(fields)
            }
            Self::Open => Self::Open,
        }
    }

    fn without(self, paths: &[Path]) -> Self {
        let gone = |name: &String| paths.iter().any(|path| path.as_str() == name);
        match self {
            Self::Made(fields) => Self::Made(fields.into_iter().filter(|name| !gone(name)).collect()),
            other => other,
        }
    }

    fn projected(self, fields: &[(Path, Projected)]) -> Self {
        let excludes = |projected: &Projected| matches!(projected, Projected::Exclude);
        let excluded: Vec<Path> =
            fields.iter().filter(|(_, projected)| excludes(projected)).map(|(path, _)| path.clone()).collect();
        if excluded.len() == fields.len() {
            return self.without(&excluded);
        }
        let kept = fields.iter().filter(|(_, projected)| !excludes(projected)).map(|(path, _)| path.root().to_owned());
        let id = (!excluded.iter().any(|path| path.as_str() == "_id")).then(|| "_id".to_owned());
        Self::Made(kept.chain(id).collect())
    }
}

fn root(path: &str) -> &str {
    path.split('.').next().unwrap_or(path)
}

fn unknown_made(fields: &BTreeSet<String>, path: &Path) -> CompileError {
    let names: Vec<_> = fields.iter().map(String::as_str).collect();
    CompileError::new("unknown_field", format!("no field '{}' exists after the earlier stages", path.root()))
        .at(path.as_str())
        .hint(format!("fields: {}", names.join(", ")))
}

fn declared(schema: &SchemaRef, path: &Path) -> Result<DType, CompileError> {
    match schema.lookup(path.as_str()) {
        Lookup::Found(dtype) => Ok(dtype),
        Lookup::Open => Ok(DType::Any),
        Lookup::Unknown { within, name } => {
            let fields: Vec<&str> =
                within.get().map(|known| known.fields.keys().map(String::as_str).collect()).unwrap_or_default();
            let message = format!("{} has no field '{name}'", within.name());
            Err(CompileError::new("unknown_field", message)
                .at(path.as_str())
                .hint(format!("fields: {}", fields.join(", "))))
        }
        Lookup::NotADocument { at, dtype } => {
            let message = format!("'{at}' is {dtype}, which has no fields, so '{}' cannot exist", path.as_str());
            Err(CompileError::new("not_a_document", message).at(path.as_str()))
        }
    }
}

/// Whether an expression is known to read only these paths.
pub fn reads(expr: &Expr) -> Option<Vec<Path>> {
    let mut paths = Vec::new();
    expr.paths(&mut |path| paths.push(path.clone())).then_some(paths)
}
