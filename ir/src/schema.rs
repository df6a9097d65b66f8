//! What a document class promises of its stored documents.

mod paths;

use std::borrow::Cow;
use std::collections::HashMap;
use std::fmt;
use std::hash::{Hash, Hasher};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, OnceLock, PoisonError, RwLock};

use indexmap::IndexMap;
use schemars::JsonSchema;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::dtype::DType;
use crate::expr::Path;
use crate::value::Value;
pub use paths::{Crossing, Lookup};

/// A field of a schema, by its stored name.
#[derive(Debug, Clone, PartialEq)]
pub struct FieldSchema {
    pub dtype: DType,
    /// Every valid document has the field.
    pub required: bool,
    /// The only values it may hold, when they are few and known: those of an enum or a `Literal`.
    pub values: Option<Vec<Value>>,
    /// The only values, null apart, that may be written into it, or into the lists and dicts that it holds: wider than
    /// `values`, which says what a stored value is.
    pub accepts: Option<Vec<Value>>,
}

impl FieldSchema {
    pub fn new(dtype: DType, required: bool) -> Self {
        Self { dtype, required, values: None, accepts: None }
    }
}

/// Fields by stored name, in the order of their declaration. Names are looked up in every query, so the hash is a quick one.
pub type Fields = IndexMap<String, FieldSchema, foldhash::fast::RandomState>;

#[derive(Debug, Default)]
pub struct Schema {
    pub fields: Fields,
    /// Documents may hold fields that are not declared.
    pub open: bool,
    /// The stored names of fields that the front end calls otherwise.
    pub renamed: HashMap<String, String>,
    /// Where the class's documents are stored; none for a class of embedded documents.
    pub collection: Option<Collection>,
}

/// A collection; without a database, in the connection's.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Collection {
    pub database: Option<String>,
    pub name: String,
}

/// An index that the collection is known to have, by declaration or because the server listed it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Index {
    pub keys: Vec<String>,
    pub unique: bool,
    /// Every document is in it that has the keys.
    pub whole: bool,
}

/// How a class's documents are told from those of other classes in the same collection.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Discriminator {
    pub field: String,
    /// What the documents of the class, and of those below it, hold there.
    pub ids: Vec<String>,
}

/// Paths of which no two stored documents hold the same value, missing counted as one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Unique {
    pub paths: Arc<[Path]>,
    /// Why that is known.
    pub reason: Arc<str>,
}

/// A named schema, shared by handle. It may be named before it is defined, so that models can refer to themselves.
#[derive(Clone)]
pub struct SchemaRef(Arc<Slot>);

struct Slot {
    name: Name,
    schema: OnceLock<Schema>,
    trust: RwLock<Option<Arc<str>>>,
    link_forms_kept: AtomicBool,
    /// Why every stored link is known to lead to a document.
    links_lead: RwLock<Option<Arc<str>>>,
    unique: RwLock<Option<Unique>>,
    /// Apart from the definition: classes below this one may be defined later.
    discriminator: RwLock<Option<Discriminator>>,
    /// Apart too: what the server has is learnt later. Plans are chosen by it, and never answers.
    indexes: RwLock<Arc<[Index]>>,
}

enum Name {
    Given(String),
    /// That of a document without a class, by what it holds. Nearly nobody asks.
    Made {
        text: OnceLock<String>,
        size: usize,
    },
}

/// A document without a class whose type has more parts than this is a document of anything. One that holds another twice
/// has twice its parts, so that a few stages could ask for more than there is memory.
const MOST_PARTS: usize = 1_000;

impl SchemaRef {
    pub fn declare(name: impl Into<String>) -> Self {
        Self::with_name(Name::Given(name.into()))
    }

    fn with_name(name: Name) -> Self {
        Self(Arc::new(Slot {
            name,
            schema: OnceLock::new(),
            trust: RwLock::default(),
            link_forms_kept: AtomicBool::new(false),
            links_lead: RwLock::default(),
            unique: RwLock::default(),
            discriminator: RwLock::default(),
            indexes: RwLock::new(Arc::new([])),
        }))
    }

    /// A document without a class, of these fields; none where its type has too many parts to keep.
    pub(crate) fn of_fields(fields: impl IntoIterator<Item = (String, DType)>) -> Option<Self> {
        let fields = fields.into_iter().map(|(name, dtype)| (name, FieldSchema::new(dtype, true)));
        let fields: Fields = fields.collect();
        let size = 1 + fields.values().map(|field| field.dtype.size()).sum::<usize>();
        let schema = Self::with_name(Name::Made { text: OnceLock::new(), size });
        schema.define(Schema { fields, ..Schema::default() });
        (size <= MOST_PARTS).then_some(schema)
    }

    /// Gives a declared schema its fields; false when it already has them.
    pub fn define(&self, schema: Schema) -> bool {
        self.0.schema.set(schema).is_ok()
    }

    /// That of the class, or what a document without one holds.
    pub fn name(&self) -> &str {
        match &self.0.name {
            Name::Given(name) => name,
            Name::Made { text, .. } => text.get_or_init(|| {
                let fields: Vec<_> = self.fields().map(|(name, field)| format!("{name}: {}", field.dtype)).collect();
                format!("{{{}}}", fields.join(", "))
            }),
        }
    }

    fn fields(&self) -> impl Iterator<Item = (&String, &FieldSchema)> {
        self.get().into_iter().flat_map(|schema| &schema.fields)
    }

    /// How many parts its type has: a class is one.
    pub(crate) fn size(&self) -> usize {
        match self.0.name {
            Name::Given(_) => 1,
            Name::Made { size, .. } => size,
        }
    }

    /// Makes what holds this value in the field a document of the class.
    pub fn admit(&self, field: &str, id: &str) {
        let mut known = self.0.discriminator.write().unwrap_or_else(PoisonError::into_inner);
        let known = known.get_or_insert_with(|| Discriminator { field: field.to_owned(), ids: Vec::new() });
        if !known.ids.iter().any(|other| other == id) {
            known.ids.push(id.to_owned());
        }
    }

    /// None where every document of the collection is one of the class.
    pub fn discriminator(&self) -> Option<Discriminator> {
        self.0.discriminator.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    pub fn indexes(&self) -> Arc<[Index]> {
        Arc::clone(&self.0.indexes.read().unwrap_or_else(PoisonError::into_inner))
    }

    pub fn set_indexes(&self, indexes: Vec<Index>) {
        *self.0.indexes.write().unwrap_or_else(PoisonError::into_inner) = indexes.into();
    }

    /// Whether a filter on the path alone is served by an index that is known.
    pub fn has_index_on(&self, path: &str) -> bool {
        path == "_id"
            || self.indexes().iter().any(|index| index.whole && index.keys.first().is_some_and(|key| key == path))
    }

    /// The definition, or none while the class is still being built.
    pub fn get(&self) -> Option<&Schema> {
        self.0.schema.get()
    }

    /// Why stored documents are known to obey the schema; none when they are not.
    pub fn trust(&self) -> Option<Arc<str>> {
        self.0.trust.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Says why stored documents are known to obey the schema, and compare text by its bytes; or that they no longer are.
    pub fn set_trust(&self, reason: Option<&str>) {
        *self.0.trust.write().unwrap_or_else(PoisonError::into_inner) = reason.map(Arc::from);
    }

    /// Whether links are known to be stored in the form that is declared, where the schema is trusted at all.
    pub fn keeps_link_forms(&self) -> bool {
        self.0.link_forms_kept.load(Ordering::Relaxed)
    }

    pub fn set_link_forms_kept(&self, kept: bool) {
        self.0.link_forms_kept.store(kept, Ordering::Relaxed);
    }

    /// Why every link of a stored document leads to exactly one document of its class; none when that is not known.
    pub fn links_lead(&self) -> Option<Arc<str>> {
        self.0.links_lead.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    pub fn set_links_lead(&self, reason: Option<&str>) {
        *self.0.links_lead.write().unwrap_or_else(PoisonError::into_inner) = reason.map(Arc::from);
    }

    /// The paths on which an index keeps stored documents apart; none where that was not looked at.
    pub fn unique(&self) -> Option<Unique> {
        self.0.unique.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Says on which paths stored documents are kept apart; or that it is no longer known.
    pub fn set_unique(&self, unique: Option<Unique>) {
        *self.0.unique.write().unwrap_or_else(PoisonError::into_inner) = unique;
    }

    pub fn field(&self, name: &str) -> Option<&FieldSchema> {
        self.get().and_then(|schema| schema.fields.get(name))
    }
}

/// Classes are one by their name, documents without a class by what they hold.
impl PartialEq for SchemaRef {
    fn eq(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.0, &other.0)
            || match (&self.0.name, &other.0.name) {
                (Name::Given(name), Name::Given(other)) => name == other,
                (Name::Made { size, .. }, Name::Made { size: other_size, .. }) => {
                    size == other_size && self.fields().eq(other.fields())
                }
                _ => false,
            }
    }
}

impl Eq for SchemaRef {}

impl Hash for SchemaRef {
    fn hash<H: Hasher>(&self, hasher: &mut H) {
        match &self.0.name {
            Name::Given(name) => name.hash(hasher),
            Name::Made { size, .. } => size.hash(hasher),
        }
    }
}

impl fmt::Debug for SchemaRef {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "Schema({})", self.name())
    }
}

/// A schema crosses a process by name; the reader binds it to its own class of that name.
impl Serialize for SchemaRef {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.name().serialize(serializer)
    }
}

impl<'de> Deserialize<'de> for SchemaRef {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer).map(Self::declare)
    }
}

impl JsonSchema for SchemaRef {
    fn schema_name() -> Cow<'static, str> {
        "SchemaRef".into()
    }

    fn json_schema(generator: &mut schemars::SchemaGenerator) -> schemars::Schema {
        String::json_schema(generator)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn documents_without_a_class_are_one_by_what_they_hold() {
        let of = |fields: &[(&str, DType)]| {
            SchemaRef::of_fields(fields.iter().map(|(name, dtype)| ((*name).into(), dtype.clone())))
        };
        let inner = || DType::Document(of(&[("x", DType::Int)]).expect("it is small"));
        let made = of(&[("a", inner()), ("b", DType::Null)]).expect("it is small");
        assert_eq!(Some(&made), of(&[("a", inner()), ("b", DType::Null)]).as_ref());
        assert_ne!(Some(&made), of(&[("b", DType::Null), ("a", inner())]).as_ref());
        assert_ne!(Some(&made), of(&[("a", inner()), ("b", DType::Int)]).as_ref());
        assert_eq!(made.name(), "{a: {x: int}, b: null}");
        assert_ne!(made, SchemaRef::declare(made.name()));
    }

    #[test]
    fn classes_below_may_be_admitted_later() {
        let dog = SchemaRef::declare("Dog");
        assert_eq!(dog.discriminator(), None);
        dog.admit("_class_id", "Dog");
        dog.admit("_class_id", "Dog");
        dog.clone().admit("_class_id", "Dog.Puppy");
        let ids = vec!["Dog".to_owned(), "Dog.Puppy".to_owned()];
        assert_eq!(dog.discriminator(), Some(Discriminator { field: "_class_id".to_owned(), ids }));
    }
}
