//! Paths in a schema: what stands there, and where they go through a link.

use super::SchemaRef;
use crate::dtype::DType;
use crate::expr::Path;

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

/// What stands at a path.
#[derive(Debug, Clone, PartialEq)]
pub enum Lookup {
    Found(DType),
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

impl Lookup {
    pub fn found(self) -> Option<DType> {
        if let Self::Found(dtype) = self { Some(dtype) } else { None }
    }
}

impl SchemaRef {
    /// Where a path first goes through a link; a reference's own parts (`author.$id`) are no crossing.
    pub fn crossing(&self, path: &str) -> Option<Crossing> {
        // A field's own name goes through nothing.
        if !path.contains('.') {
            return None;
        }
        let mut current = DType::Document(self.clone());
        let mut walked = 0;
        for segment in path.split('.') {
            if let Some(DType::Link { target, back, .. }) = current.link()
                && !segment.starts_with('$')
                && !segment.bytes().all(|byte| byte.is_ascii_digit())
            {
                return Some(Crossing {
                    link: path[..walked - 1].into(),
                    target: target.clone(),
                    back: back.as_deref().map(Path::from),
                    rest: path[walked..].into(),
                });
            }
            let Lookup::Found(next) = step(&current, segment) else { return None };
            current = next;
            walked += segment.len() + 1;
        }
        None
    }

    /// The type at a dotted path; links and lists are walked, a number steps into a list.
    pub fn lookup(&self, path: &str) -> Lookup {
        // Most paths are a field's own name.
        if let Some(field) = self.field(path) {
            return Lookup::Found(field.dtype.clone());
        }
        DType::Document(self.clone()).lookup(path)
    }
}

impl DType {
    /// The type at a dotted path in a value of this one; links and lists are walked, a number steps into a list.
    pub fn lookup(&self, path: &str) -> Lookup {
        let mut current = self.clone();
        let mut walked = 0;
        for segment in path.split('.') {
            match step(&current, segment) {
                Lookup::Found(next) => current = next,
                Lookup::NotADocument { dtype, .. } => {
                    return Lookup::NotADocument { at: path[..walked].trim_end_matches('.').to_owned(), dtype };
                }
                other => return other,
            }
            walked += segment.len() + 1;
        }
        Lookup::Found(current)
    }
}

fn step(current: &DType, segment: &str) -> Lookup {
    match current {
        DType::Any => Lookup::Open,
        DType::Map(value) => Lookup::Found((**value).clone()),
        DType::Array(item) if segment.bytes().all(|byte| byte.is_ascii_digit()) && !segment.is_empty() => {
            Lookup::Found((**item).clone())
        }
        DType::Array(item) => step(item, segment),
        DType::Document(schema) => match schema.get() {
            Some(definition) => match definition.fields.get(segment) {
                Some(field) => Lookup::Found(field.dtype.clone()),
                None if definition.open => Lookup::Open,
                None => Lookup::Unknown { within: schema.clone(), name: segment.to_owned() },
            },
            None => Lookup::Open,
        },
        DType::Union(members) => step_union(members, segment),
        DType::Link { .. } if segment.starts_with('$') => Lookup::Open,
        DType::Link { target, .. } => step(&DType::Document(target.clone()), segment),
        scalar => Lookup::NotADocument { at: String::new(), dtype: scalar.clone() },
    }
}

fn step_union(members: &[DType], segment: &str) -> Lookup {
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
    match (found.is_empty(), refusal) {
        (false, _) => Lookup::Found(DType::union(found)),
        (true, Some(refusal)) => refusal,
        (true, None) => Lookup::NotADocument { at: String::new(), dtype: DType::Null },
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
        assert_eq!(user.lookup("items.price"), Lookup::Found(DType::Double));
        assert_eq!(user.lookup("items.0.price"), Lookup::Found(DType::Double));
        assert_eq!(user.lookup("extra.anything"), Lookup::Found(DType::Int));
        assert_eq!(user.lookup("parent.parent.age"), Lookup::Found(DType::Int));
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
        assert_eq!(book.lookup("editors.friend.name"), Lookup::Found(DType::String));
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
