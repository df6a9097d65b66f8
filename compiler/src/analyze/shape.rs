//! What documents look like between two stages: which paths may be read there.

use std::borrow::Cow;
use std::collections::BTreeMap;

use data_bridge_ir::catalog::{Kind, nearest};
use data_bridge_ir::expr::Path;
use data_bridge_ir::schema::Lookup;
use data_bridge_ir::stage::{Projected, Stage};
use data_bridge_ir::{DType, Expr, Operands, SchemaRef};

use super::operator;
use super::positions::positioned;
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
    /// These top-level fields, and why there may be any others.
    Open { known: Fields, why: String },
}

impl Shape {
    pub fn of(schema: &SchemaRef) -> Self {
        Self::Declared { schema: schema.clone(), added: Fields::new() }
    }

    /// Documents of which nothing is known.
    pub fn open(why: impl Into<String>) -> Self {
        Self::Open { known: Fields::new(), why: why.into() }
    }

    /// What a stage gives of which that cannot be known.
    pub(super) fn unknown(stage: &str) -> Self {
        Self::open(format!("what {stage} gives is not known before it runs"))
    }

    /// The documents of another collection: those of its class, where one was given.
    pub fn of_others(class: Option<&SchemaRef>, collection: Option<&str>) -> Self {
        match (class, collection) {
            (Some(class), _) => Self::of(class),
            (None, Some(name)) => Self::open(format!("of the collection '{name}' no class was given")),
            (None, None) => Self::open("its documents are made by a pipeline"),
        }
    }

    /// The top-level fields that earlier stages made.
    pub(super) fn made_fields(&self) -> &Fields {
        let (Self::Declared { added: made, .. } | Self::Made(made) | Self::Open { known: made, .. }) = self;
        made
    }

    /// The declared type at a path, `Any` where nothing is declared; or why nothing can be there.
    pub fn dtype(&self, path: &Path) -> Result<Cow<'_, DType>, CompileError> {
        match self {
            Self::Open { known, .. } => within(known, path).unwrap_or(Ok(Cow::Borrowed(&DType::Any))),
            Self::Made(fields) => within(fields, path).unwrap_or_else(|| Err(unknown_made(fields, path))),
            Self::Declared { schema, added } => within(added, path).unwrap_or_else(|| {
                let error = |error: CompileError| match self.fields().0 {
                    fields if !added.is_empty() && schema.field(path.root()).is_none() => error.hint(listed(&fields)),
                    _ => error,
                };
                found(schema.lookup(path.as_str()), path).map_err(error)
            }),
        }
    }

    /// How a query calls the field that a text names, where one is known by that name.
    pub(super) fn label_of(&self, text: &str) -> Option<String> {
        let path = Path::from(text);
        let known = self.fields().0.iter().any(|(name, _)| name == path.root()) && self.dtype(&path).is_ok();
        known.then(|| match self {
            Self::Declared { schema, added } if !added.contains_key(path.root()) => format!("{}.{text}", schema.name()),
            _ => format!("F.{text}"),
        })
    }

    /// The value at a path with a position in a list; none where the path reads as it stands.
    pub(super) fn positioned(&self, path: &Path) -> Option<Expr> {
        let first = self.dtype(&path.root().into()).ok()?;
        positioned(path.as_str(), &first, Expr::field)
    }

    /// What follows a stage.
    pub fn after(self, stage: &Stage) -> Self {
        match stage {
            Stage::Match(_) | Stage::Sort(_) | Stage::Skip(_) | Stage::Limit(_) | Stage::Sample(_) => self,
            Stage::Set(fields) => {
                let mut given = Vec::new();
                fields.iter().for_each(|(path, value)| leaves(path.as_str(), value, &self, &mut given));
                given.into_iter().fold(self, |shape, (path, dtype)| shape.put(&path, dtype))
            }
            Stage::Lookup(lookup) => {
                let others = Self::of_others(lookup.class.as_ref(), lookup.collection.as_deref());
                let found = others.behind(lookup.pipeline.as_deref().unwrap_or_default()).document();
                self.put(&lookup.output, DType::Array(Box::new(found)))
            }
            Stage::Unwind { path, index, preserve } => self.unwound(path, index.as_deref(), *preserve),
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
                let listed = |(name, stages): &(String, Vec<Stage>)| {
                    (name.clone(), DType::Array(Box::new(self.clone().behind(stages).document())))
                };
                Self::Made(outputs.iter().map(listed).collect())
            }
            Stage::Generic { name, body, class } => self.computed(name, body, class.as_ref()),
            Stage::UnionWith(union) => {
                let others = Self::of_others(union.class.as_ref(), union.collection.as_deref());
                self.or(others.behind(&union.pipeline))
            }
            Stage::Raw(_) => Self::unknown("a stage given as MQL"),
        }
    }

    /// What follows all of these stages.
    pub fn behind(self, stages: &[Stage]) -> Self {
        stages.iter().fold(self, Self::after)
    }

    /// The top-level fields that are known, and why there may be others.
    pub fn fields(&self) -> (Vec<(String, DType)>, Option<String>) {
        match self {
            Self::Open { known, why } => (known.clone().into_iter().collect(), Some(why.clone())),
            Self::Made(fields) => (fields.clone().into_iter().collect(), None),
            Self::Declared { schema, added } => {
                let declared = schema.get().map(|known| &known.fields);
                let mut fields: Vec<_> =
                    declared.into_iter().flatten().map(|(name, field)| (name.clone(), field.dtype.clone())).collect();
                for (name, dtype) in added {
                    match fields.iter_mut().find(|(known, _)| known == name) {
                        Some(field) => field.1 = dtype.clone(),
                        None => fields.push((name.clone(), dtype.clone())),
                    }
                }
                (fields, undeclared(schema))
            }
        }
    }

    /// The type of one of the documents, as a value.
    pub(super) fn document(&self) -> DType {
        match self {
            Self::Declared { schema, added } if added.is_empty() => DType::Document(schema.clone()),
            other => match other.fields() {
                (fields, None) => DType::of_fields(fields),
                _ => DType::Map(Box::new(DType::Any)),
            },
        }
    }

    /// Documents of this shape and of another.
    pub(super) fn or(self, other: Self) -> Self {
        if self == other {
            return self;
        }
        let ((ours, open), (theirs, opened)) = (self.fields(), other.fields());
        if let Some(why) = opened.or(open) {
            return Self::open(why);
        }
        let mut fields: Fields = ours.into_iter().collect();
        for (name, dtype) in &theirs {
            let known = fields.remove(name).unwrap_or(DType::Null);
            fields.insert(name.clone(), DType::union(vec![known, dtype.clone()]));
        }
        let shared = |name: &String| theirs.iter().any(|(other, _)| other == name);
        let missing = |(name, dtype)| if shared(&name) { (name, dtype) } else { (name, or_null(dtype)) };
        Self::Made(fields.into_iter().map(missing).collect())
    }

    /// A computed field: below the top level nothing is known of the whole.
    fn made(&self, path: &Path, value: &Expr) -> (String, DType) {
        let dtype = match value {
            _ if path.root() != path.as_str() => DType::Any,
            // Of a list, a document is computed in the place of each element.
            Expr::Document(_) if self.dtype(path).is_ok_and(|there| there.may_be_array()) => {
                DType::Map(Box::new(DType::Any))
            }
            _ => operator::dtype(value, self),
        };
        (path.root().to_owned(), dtype)
    }

    /// The documents with a field at a path.
    pub(super) fn put(self, path: &str, dtype: DType) -> Self {
        let (root, below) = path.split_once('.').unwrap_or((path, ""));
        if below.is_empty() {
            return self.adding([(root.to_owned(), dtype)]);
        }
        // Where nothing stands yet there are only the documents that the path asks for.
        let (known, open) = self.fields();
        let there = known.into_iter().find_map(|(name, dtype)| (name == root).then_some(dtype));
        // What is not known may hold anything already.
        let there = there.or(open.map(|_| DType::Any));
        let whole = there.map_or_else(|| nested(below, dtype.clone()), |there| with(&there, below, &dtype));
        self.adding([(root.to_owned(), whole)])
    }

    pub(super) fn adding(self, fields: impl IntoIterator<Item = (String, DType)>) -> Self {
        match self {
            Self::Declared { schema, mut added } => {
                added.extend(fields);
                Self::Declared { schema, added }
            }
            Self::Made(mut known) => {
                known.extend(fields);
                Self::Made(known)
            }
            Self::Open { mut known, why } => {
                known.extend(fields);
                Self::Open { known, why }
            }
        }
    }

    /// An element in the place of each list.
    fn unwound(self, path: &Path, index: Option<&str>, preserve: bool) -> Self {
        // The field is now an element, no longer what the class declares.
        let listed = self.dtype(path).map_or(DType::Any, Cow::into_owned);
        let elements = listed.members().iter().filter(|member| **member != DType::Null).map(|member| match member {
            DType::Array(item) => (**item).clone(),
            other => other.clone(),
        });
        let element = DType::union(elements.collect());
        let shape = self.put(path.as_str(), if preserve { or_null(element) } else { element });
        match index {
            Some(index) => shape.put(index, if preserve { or_null(DType::Int) } else { DType::Int }),
            None => shape,
        }
    }

    fn without(mut self, paths: &[Path]) -> Self {
        // A declared field may still be asked for, as one that a document does not have.
        let (Self::Made(known) | Self::Declared { added: known, .. } | Self::Open { known, .. }) = &mut self;
        for path in paths {
            known.remove(path.as_str());
        }
        self
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

/// The fields that are computed by one: those of a document stand beside what is there already.
fn leaves(path: &str, value: &Expr, shape: &Shape, found: &mut Vec<(String, DType)>) {
    match value {
        Expr::Document(fields) if !fields.is_empty() => {
            fields.iter().for_each(|(name, inner)| leaves(&format!("{path}.{name}"), inner, shape, found));
        }
        _ => found.push((path.to_owned(), operator::dtype(value, shape))),
    }
}

/// The type at a path that starts at one of these fields; nothing where it starts at none.
fn within<'a>(fields: &'a Fields, path: &Path) -> Option<Result<Cow<'a, DType>, CompileError>> {
    if fields.is_empty() {
        return None;
    }
    let dtype = fields.get(path.root())?;
    let Some((_, below)) = path.as_str().split_once('.') else { return Some(Ok(Cow::Borrowed(dtype))) };
    // Behind a stage the ids of links stand where the links were; a union's documents are not told apart.
    if dtype.link().is_some() {
        return Some(Ok(Cow::Borrowed(&DType::Any)));
    }
    Some(found(dtype.lookup(below), path))
}

/// Documents that a path asks for, with a value at its end.
fn nested(path: &str, dtype: DType) -> DType {
    path.rsplit('.').fold(dtype, |inner, name| DType::of_fields([(name.to_owned(), inner)]))
}

/// A type whose values have another one at a path.
fn with(dtype: &DType, path: &str, changed: &DType) -> DType {
    let schema = match dtype {
        DType::Array(item) => return DType::Array(Box::new(with(item, path, changed))),
        DType::Document(schema) => schema,
        _ => return DType::Any,
    };
    let Some(known) = schema.get().filter(|known| !known.open) else { return DType::Any };
    let (name, below) = path.split_once('.').unwrap_or((path, ""));
    let field = known.fields.get(name).map(|field| &field.dtype);
    let value = match field {
        _ if below.is_empty() => changed.clone(),
        Some(field) => with(field, below, changed),
        None => nested(below, changed.clone()),
    };
    if field == Some(&value) {
        return dtype.clone();
    }
    let mut fields: Fields = known.fields.iter().map(|(name, field)| (name.clone(), field.dtype.clone())).collect();
    fields.insert(name.to_owned(), value);
    DType::of_fields(fields)
}

/// A type that may be null.
pub(super) fn or_null(dtype: DType) -> DType {
    if dtype.nullable() { dtype } else { DType::union(vec![dtype, DType::Null]) }
}

fn undeclared(schema: &SchemaRef) -> Option<String> {
    match schema.get() {
        None => Some("its collection may hold anything".to_owned()),
        Some(known) => known.open.then(|| format!("{} allows fields that it does not declare", schema.name())),
    }
}

fn unknown_made(fields: &Fields, path: &Path) -> CompileError {
    let fields: Vec<_> = fields.clone().into_iter().collect();
    CompileError::new("unknown_field", format!("no field '{}' exists after the earlier stages", path.root()))
        .at(path.as_str())
        .hint(listed(&fields))
}

fn listed(fields: &[(String, DType)]) -> String {
    let names: Vec<_> = fields.iter().map(|(name, _)| name.as_str()).collect();
    format!("fields: {}", names.join(", "))
}

fn found<'a>(lookup: Lookup<'a>, path: &Path) -> Result<Cow<'a, DType>, CompileError> {
    match lookup {
        Lookup::Found(dtype) => Ok(dtype),
        Lookup::Open => Ok(Cow::Borrowed(&DType::Any)),
        Lookup::Unknown { within, name } => {
            let fields: Vec<&str> =
                within.get().map(|known| known.fields.keys().map(String::as_str).collect()).unwrap_or_default();
            let message = format!("{} has no field '{name}'", within.name());
            let guess = nearest(&name, &fields).map(|near| format!("did you mean '{near}'? ")).unwrap_or_default();
            Err(CompileError::new("unknown_field", message)
                .at(path.as_str())
                .hint(format!("{guess}fields: {}", fields.join(", "))))
        }
        Lookup::NotADocument { at, dtype } => {
            let at = if at.is_empty() { path.root() } else { at.as_str() };
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
            Shape::Open { .. } => panic!("no stage is opaque"),
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
