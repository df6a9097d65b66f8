//! What documents look like between two stages: which paths may be read there.

use std::borrow::Cow;
use std::collections::BTreeMap;

use bson::RawBson;
use data_bridge_ir::catalog::Kind;
use data_bridge_ir::expr::{Path, root};
use data_bridge_ir::schema::Lookup;
use data_bridge_ir::stage::{Projected, Stage};
use data_bridge_ir::{DType, Expr, Operands, SchemaRef, Value};

use super::operator;
use crate::error::CompileError;

/// Top-level fields and what is known of their types.
pub type Fields = BTreeMap<String, DType>;

/// The documents that a stage gives to the next.
#[derive(Debug, Clone, PartialEq)]
pub enum Shape {
    /// The class's documents, with fields that earlier stages added.
    Declared { schema: SchemaRef, added: Fields },
    /// Exactly these top-level fields, made by a group or a projection.
    Made(Fields),
    /// Anything: an opaque stage came before.
    Open,
}

impl Shape {
    pub fn of(schema: &SchemaRef) -> Self {
        Self::Declared { schema: schema.clone(), added: Fields::new() }
    }

    /// The declared type at a path, `Any` where nothing is declared; or why nothing can be there.
    pub fn dtype(&self, path: &Path) -> Result<Cow<'_, DType>, CompileError> {
        match self {
            Self::Open => Ok(Cow::Borrowed(&DType::Any)),
            Self::Made(fields) => within(fields, path).ok_or_else(|| unknown_made(fields, path)),
            Self::Declared { schema, added } => within(added, path).map_or_else(|| declared(schema, path), Ok),
        }
    }

    /// What follows a stage.
    pub fn after(self, stage: &Stage) -> Self {
        match stage {
            Stage::Match(_) | Stage::Sort(_) | Stage::Skip(_) | Stage::Limit(_) | Stage::Sample(_) => self,
            Stage::Set(fields) => {
                let added: Vec<_> = fields.iter().map(|(path, value)| self.made(path, value)).collect();
                self.adding(added)
            }
            Stage::Lookup(lookup) => self.adding([(root(&lookup.output).to_owned(), DType::Any)]),
            Stage::Unwind { path, index, .. } => {
                // The field is now an element, no longer what the class declares.
                let names = [path.root()].into_iter().chain(index.iter().map(|name| root(name)));
                self.adding(names.map(|name| (name.to_owned(), DType::Any)))
            }
            Stage::Unset(paths) => self.without(paths),
            Stage::Project(fields) => self.projected(fields),
            Stage::Group { by, outputs } => {
                let id = by.as_ref().map_or(DType::Null, |by| operator::dtype(by, &self));
                let computed = outputs.iter().map(|output| {
                    let nothing = Operands::Positional(Vec::new());
                    let operands = output.operands.as_ref().unwrap_or(&nothing);
                    (output.output.clone(), operator::call(Kind::Accumulator, &output.name, operands, &self))
                });
                Self::Made(computed.chain([("_id".to_owned(), or_null(id))]).collect())
            }
            Stage::Count(name) => Self::Made([(name.clone(), DType::Int)].into()),
            Stage::Facet(outputs) => {
                let listed = |name: &String| (name.clone(), DType::Array(Box::new(DType::Any)));
                Self::Made(outputs.iter().map(|(name, _)| listed(name)).collect())
            }
            Stage::Generic { name, body } => self.computed(name, body),
            // The other collection's documents may hold anything.
            Stage::UnionWith(_) | Stage::Raw(_) => Self::Open,
        }
    }

    /// What follows a stage that has no node of its own.
    fn computed(self, name: &str, body: &Expr) -> Self {
        let any = |name: &str| (root(name).to_owned(), DType::Any);
        match name {
            "$fill" | "$redact" | "$densify" => self,
            "$setWindowFields" => match entry(body, "output") {
                Some(Expr::Document(outputs)) => self.adding(outputs.iter().map(|(name, _)| any(name))),
                _ => Self::Open,
            },
            "$graphLookup" => entry(body, "as").and_then(text).map_or(Self::Open, |name| self.adding([any(name)])),
            "$bucket" | "$bucketAuto" => match entry(body, "output") {
                None => Self::Made([any("_id"), ("count".to_owned(), DType::Int)].into()),
                Some(Expr::Document(outputs)) => {
                    Self::Made(outputs.iter().map(|(name, _)| any(name)).chain([any("_id")]).collect())
                }
                Some(_) => Self::Open,
            },
            "$sortByCount" => Self::Made([any("_id"), ("count".to_owned(), DType::Int)].into()),
            "$replaceRoot" => entry(body, "newRoot").map_or(Self::Open, |root| self.replaced(root)),
            "$replaceWith" => self.replaced(body),
            "$out" | "$merge" => Self::Made(Fields::new()),
            _ => Self::Open,
        }
    }

    /// A document in the place of each: one that is written out, or a field that holds one.
    fn replaced(self, root: &Expr) -> Self {
        match root {
            Expr::Document(fields) => {
                Self::Made(fields.iter().map(|(name, value)| (name.clone(), operator::dtype(value, &self))).collect())
            }
            Expr::Field(path) => match self.dtype(path).map(|dtype| dtype.non_null()) {
                Ok(DType::Document(schema)) => Self::of(&schema),
                _ => Self::Open,
            },
            _ => Self::Open,
        }
    }

    /// A computed field: below the top level nothing is known of the whole.
    fn made(&self, path: &Path, value: &Expr) -> (String, DType) {
        let whole = path.root() == path.as_str();
        (path.root().to_owned(), if whole { operator::dtype(value, self) } else { DType::Any })
    }

    fn adding(self, fields: impl IntoIterator<Item = (String, DType)>) -> Self {
        match self {
            Self::Declared { schema, mut added } => {
                added.extend(fields);
                Self::Declared { schema, added }
            }
            Self::Made(mut known) => {
                known.extend(fields);
                Self::Made(known)
            }
            Self::Open => Self::Open,
        }
    }

    fn without(self, paths: &[Path]) -> Self {
        let gone = |name: &String| paths.iter().any(|path| path.as_str() == name);
        match self {
            Self::Made(fields) => Self::Made(fields.into_iter().filter(|(name, _)| !gone(name)).collect()),
            // A declared field may still be asked for, as one that a document does not have.
            Self::Declared { schema, added } => {
                Self::Declared { schema, added: added.into_iter().filter(|(name, _)| !gone(name)).collect() }
            }
            Self::Open => Self::Open,
        }
    }

    fn projected(self, fields: &[(Path, Projected)]) -> Self {
        let excludes = |projected: &Projected| matches!(projected, Projected::Exclude);
        let excluded: Vec<Path> =
            fields.iter().filter(|(_, projected)| excludes(projected)).map(|(path, _)| path.clone()).collect();
        if excluded.len() == fields.len() {
            return self.without(&excluded);
        }
        let kept = fields.iter().filter_map(|(path, projected)| match projected {
            Projected::Exclude => None,
            Projected::Include => Some(self.made(path, &Expr::Field(path.clone()))),
            Projected::Computed(value) => Some(self.made(path, value)),
        });
        let id = Path::from("_id");
        // Kept unasked, where there is one.
        let there = !matches!(&self, Self::Made(known) if !known.contains_key("_id"));
        let id = (there && !excluded.contains(&id)).then(|| self.made(&id, &Expr::Field(id.clone())));
        Self::Made(id.into_iter().chain(kept).collect())
    }
}

fn entry<'a>(body: &'a Expr, name: &str) -> Option<&'a Expr> {
    let Expr::Document(entries) = body else { return None };
    entries.iter().find(|(known, _)| known == name).map(|(_, value)| value)
}

fn text(value: &Expr) -> Option<&str> {
    match value {
        Expr::Literal(Value(RawBson::String(text))) | Expr::Raw(Value(RawBson::String(text))) => Some(text),
        _ => None,
    }
}

/// The type at a path that starts at one of these fields.
fn within<'a>(fields: &'a Fields, path: &Path) -> Option<Cow<'a, DType>> {
    if fields.is_empty() {
        return None;
    }
    let root = path.root();
    let dtype = fields.get(root)?;
    Some(Cow::Borrowed(if root == path.as_str() { dtype } else { &DType::Any }))
}

/// A group's id is null where the value it groups by is missing.
fn or_null(dtype: DType) -> DType {
    if dtype.nullable() { dtype } else { DType::union(vec![dtype, DType::Null]) }
}

fn unknown_made(fields: &Fields, path: &Path) -> CompileError {
    let names: Vec<_> = fields.keys().map(String::as_str).collect();
    CompileError::new("unknown_field", format!("no field '{}' exists after the earlier stages", path.root()))
        .at(path.as_str())
        .hint(format!("fields: {}", names.join(", ")))
}

fn declared<'a>(schema: &'a SchemaRef, path: &Path) -> Result<Cow<'a, DType>, CompileError> {
    match schema.lookup(path.as_str()) {
        Lookup::Found(dtype) => Ok(dtype),
        Lookup::Open => Ok(Cow::Borrowed(&DType::Any)),
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{exclude, include, set};

    fn names(stages: &[Stage]) -> Vec<String> {
        match stages.iter().fold(Shape::of(&SchemaRef::declare("Thing")), Shape::after) {
            Shape::Declared { added, .. } => added.into_keys().collect(),
            Shape::Made(fields) => fields.into_keys().collect(),
            Shape::Open => panic!("no stage is opaque"),
        }
    }

    #[test]
    fn the_id_is_kept_where_there_is_one() {
        assert_eq!(names(&[include(&["a"])]), ["_id", "a"]);
        assert_eq!(names(&[include(&["a"]), exclude(&["_id"]), include(&["a"])]), ["a"]);
        assert_eq!(names(&[Stage::Count("n".into()), include(&["n"])]), ["n"]);
    }

    #[test]
    fn what_is_added_and_dropped_again_is_not_there() {
        let added = Stage::Set(vec![("n".into(), Expr::field("a")), ("m".into(), Expr::field("a"))]);
        assert_eq!(names(&[added.clone(), Stage::Unset(vec!["n".into(), "m.x".into()])]), ["m"]);
        assert_eq!(names(&[added, exclude(&["m"]), set("k", Expr::field("a"))]), ["k", "n"]);
    }
}
