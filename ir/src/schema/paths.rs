//! Paths in a schema: what stands there, and where they go through a link.

use std::borrow::Cow;

use super::SchemaRef;
use crate::dtype::DType;
use crate::expr::{Path, root};

/// A path that goes on behind a link.
#[derive(Debug, Clone, PartialEq)]
pub struct Crossing {
    /// The link's own path.
    pub link: Path,
    pub target: SchemaRef,
    pub back: Option<Path>,
    /// The rest of the path, in the target.
    pub rest: Path,
}

/// What stands at a path, borrowed from the definitions on the way where they say it.
#[derive(Debug, Clone, PartialEq)]
pub enum Lookup<'a> {
    Found(Cow<'a, DType>),
    /// Nothing is declared there, and the schema allows it.
    Open,
    /// `within` has no such field.
    Unknown {
        within: SchemaRef,
        name: String,
    },
    /// A path goes through a value that has no fields.
    NotADocument {
        at: String,
        dtype: DType,
    },
}

impl<'a> Lookup<'a> {
    pub fn found(self) -> Option<Cow<'a, DType>> {
        if let Self::Found(dtype) = self { Some(dtype) } else { None }
    }

    fn into_owned(self) -> Lookup<'static> {
        match self {
            Self::Found(dtype) => Lookup::Found(Cow::Owned(dtype.into_owned())),
            Self::Open => Lookup::Open,
            Self::Unknown { within, name } => Lookup::Unknown { within, name },
            Self::NotADocument { at, dtype } => Lookup::NotADocument { at, dtype },
        }
    }
}

impl SchemaRef {
    /// Where a path first goes through a link; a reference's own parts (`author.$id`) are no crossing.
    pub fn crossing(&self, path: &str) -> Option<Crossing> {
        let first = root(path);
        // A field's own name goes through nothing.
        if first.len() == path.len() { None } else { cross(step_document(self, first).found()?, path) }
    }

    /// The type at a dotted path; links and lists are walked, a number steps into a list.
    pub fn lookup(&self, path: &str) -> Lookup<'_> {
        // A field's own name, which may hold a dot.
        if let Some(field) = self.field(path) {
            return Lookup::Found(Cow::Borrowed(&field.dtype));
        }
        walk(step_document(self, root(path)), path)
    }
}

/// Where a path goes through a link behind its first name, at which this stands.
fn cross(mut current: Cow<'_, DType>, path: &str) -> Option<Crossing> {
    let mut walked = root(path).len();
    while walked < path.len() {
        let segment = root(&path[walked + 1..]);
        if let Some(DType::Link { target, back, .. }) = current.link()
            && !segment.starts_with('$')
            && !is_position(segment)
        {
            return Some(Crossing {
                link: path[..walked].into(),
                target: target.clone(),
                back: back.as_deref().map(Path::from),
                rest: path[walked + 1..].into(),
            });
        }
        current = step_on(current, segment).found()?;
        walked += 1 + segment.len();
    }
    None
}

impl DType {
    /// Where a path first goes through a link, as in a schema; the path's first name is that of this value.
    pub fn crossing(&self, path: &str) -> Option<Crossing> {
        cross(Cow::Borrowed(self), path)
    }

    /// The type at a dotted path in a value of this one, as in a schema.
    pub fn lookup(&self, path: &str) -> Lookup<'_> {
        walk(step(self, root(path)), path)
    }
}

/// What stands at the end of a path, of which the first step is made.
fn walk<'a>(first: Lookup<'a>, path: &str) -> Lookup<'a> {
    let mut walked = root(path).len();
    let mut found = first;
    while walked < path.len() {
        let Lookup::Found(current) = found else { return found };
        let segment = root(&path[walked + 1..]);
        found = match step_on(current, segment) {
            Lookup::NotADocument { dtype, .. } => {
                return Lookup::NotADocument { at: path[..walked].trim_end_matches('.').to_owned(), dtype };
            }
            other => other,
        };
        walked += 1 + segment.len();
    }
    found
}

/// Whether a segment of a path is the number of a list's element, or empty.
fn is_position(segment: &str) -> bool {
    segment.bytes().all(|byte| byte.is_ascii_digit())
}

/// What was made on the way cannot be borrowed from.
fn step_on<'a>(current: Cow<'a, DType>, segment: &str) -> Lookup<'a> {
    match current {
        Cow::Borrowed(current) => step(current, segment),
        Cow::Owned(current) => step(&current, segment).into_owned(),
    }
}

fn step<'a>(current: &'a DType, segment: &str) -> Lookup<'a> {
    match current {
        // Nothing is below null, as below a field that is missing: it may be asked for.
        DType::Any | DType::Null => Lookup::Open,
        DType::Map(value) => Lookup::Found(Cow::Borrowed(value)),
        DType::Array(item) if is_position(segment) && !segment.is_empty() => Lookup::Found(Cow::Borrowed(item)),
        DType::Array(item) => step(item, segment),
        DType::Document(schema) => step_document(schema, segment),
        DType::Union(members) => step_union(members, segment),
        DType::Link { .. } if segment.starts_with('$') => Lookup::Open,
        DType::Link { target, .. } => step_document(target, segment),
        scalar => Lookup::NotADocument { at: String::new(), dtype: scalar.clone() },
    }
}

fn step_document<'a>(schema: &'a SchemaRef, segment: &str) -> Lookup<'a> {
    let Some(definition) = schema.get() else { return Lookup::Open };
    match definition.fields.get(segment) {
        Some(field) => Lookup::Found(Cow::Borrowed(&field.dtype)),
        None if definition.open => Lookup::Open,
        None => Lookup::Unknown { within: schema.clone(), name: segment.to_owned() },
    }
}

fn step_union<'a>(members: &'a [DType], segment: &str) -> Lookup<'a> {
    let mut found = Vec::new();
    let mut refusal = None;
    for member in members.iter().filter(|member| **member != DType::Null) {
        match step(member, segment) {
            Lookup::Found(dtype) => found.push(dtype),
            Lookup::Open => return Lookup::Open,
            unknown @ Lookup::Unknown { .. } => refusal = Some(unknown),
            not_a_document => refusal = refusal.or(Some(not_a_document)),
        }
    }
    match (found.len(), refusal) {
        (1, _) => Lookup::Found(found.remove(0)),
        (0, Some(refusal)) => refusal,
        (0, None) => Lookup::Open,
        _ => Lookup::Found(Cow::Owned(DType::union(found.into_iter().map(Cow::into_owned).collect()))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::dtype::LinkForm;
    use crate::schema::{FieldSchema, Schema};

    fn field(dtype: DType) -> FieldSchema {
        FieldSchema::new(dtype, true)
    }

    fn user() -> SchemaRef {
        let item = SchemaRef::declare("Item");
        item.define(Schema {
            fields: [("price".to_owned(), field(DType::Double))].into_iter().collect(),
            open: false,
            ..Schema::default()
        });
        let user = SchemaRef::declare("User");
        let items = DType::Array(Box::new(DType::Document(item)));
        user.define(Schema {
            fields: [
                ("age".to_owned(), field(DType::Int)),
                ("items".to_owned(), field(items)),
                ("extra".to_owned(), field(DType::Map(Box::new(DType::Int)))),
                ("parent".to_owned(), field(DType::union(vec![DType::Document(user.clone()), DType::Null]))),
            ]
            .into_iter()
            .collect(),
            open: false,
            ..Schema::default()
        });
        user
    }

    #[test]
    fn paths_walk_lists_maps_unions_and_recursion() {
        let user = user();
        assert_eq!(user.lookup("items.price"), Lookup::Found(Cow::Owned(DType::Double)));
        assert_eq!(user.lookup("items.0.price"), Lookup::Found(Cow::Owned(DType::Double)));
        assert_eq!(user.lookup("extra.anything"), Lookup::Found(Cow::Owned(DType::Int)));
        assert_eq!(user.lookup("parent.parent.age"), Lookup::Found(Cow::Owned(DType::Int)));
    }

    #[test]
    fn a_path_crosses_the_first_link() {
        let author = SchemaRef::declare("Author");
        let link = DType::Link { target: author.clone(), id: Box::new(DType::Int), form: LinkForm::Id, back: None };
        author.define(Schema {
            fields: [("name".to_owned(), field(DType::String)), ("friend".to_owned(), field(link.clone()))]
                .into_iter()
                .collect(),
            ..Schema::default()
        });
        let book = SchemaRef::declare("Book");
        let editors = DType::Array(Box::new(link));
        book.define(Schema {
            fields: [("editors".to_owned(), field(editors))].into_iter().collect(),
            ..Schema::default()
        });
        assert_eq!(book.lookup("editors.friend.name"), Lookup::Found(Cow::Owned(DType::String)));
        let crossing = book.crossing("editors.friend.name").unwrap();
        assert_eq!((crossing.link.as_str(), crossing.rest.as_str()), ("editors", "friend.name"));
        assert_eq!(book.crossing("editors.0.name").unwrap().link.as_str(), "editors.0");
        assert_eq!(book.crossing("editors.$id"), None);
        assert_eq!(book.crossing("editors"), None);
    }

    #[test]
    fn wrong_paths_say_where() {
        let user = user();
        assert!(matches!(user.lookup("items.prize"), Lookup::Unknown { name, .. } if name == "prize"));
        assert_eq!(user.lookup("age.x"), Lookup::NotADocument { at: "age".to_owned(), dtype: DType::Int });
    }
}
