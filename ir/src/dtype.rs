//! The type system: what a stored value may be. The only one; Python asks these types through handles.

use std::fmt;

use bson::spec::ElementType;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::schema::SchemaRef;

/// The type of a field, an expression or a literal.
///
/// `Int` covers BSON's int32 and int64: MongoDB compares all numbers by value and clients pick the narrower one.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum DType {
    Any,
    Null,
    Bool,
    Int,
    Double,
    Decimal,
    String,
    Binary,
    ObjectId,
    Date,
    Timestamp,
    Regex,
    Array(Box<DType>),
    /// A document with free keys and values of one type.
    Map(Box<DType>),
    Document(SchemaRef),
    Union(Vec<DType>),
    /// A link to a document of another class, stored as its id or as a reference that holds the id. One that goes `back`
    /// is not stored: it leads to the documents whose link at that path leads here.
    Link {
        target: SchemaRef,
        id: Box<DType>,
        form: LinkForm,
        back: Option<String>,
    },
}

/// How the class that holds a link stores it. What others wrote may have either form.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum LinkForm {
    Id,
    Reference,
}

/// The groups within which a match compares values ("type bracketing").
///
/// Source: MongoDB manual, "Comparison/Sort Order".
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Bracket {
    MinKey,
    Null,
    Number,
    String,
    Document,
    Array,
    Binary,
    ObjectId,
    Bool,
    Date,
    Timestamp,
    Regex,
    Code,
    MaxKey,
}

impl Bracket {
    pub fn of(element: ElementType) -> Self {
        match element {
            ElementType::MinKey => Self::MinKey,
            ElementType::Null | ElementType::Undefined => Self::Null,
            ElementType::Double | ElementType::Int32 | ElementType::Int64 | ElementType::Decimal128 => Self::Number,
            ElementType::String | ElementType::Symbol => Self::String,
            ElementType::EmbeddedDocument => Self::Document,
            ElementType::Array => Self::Array,
            ElementType::Binary => Self::Binary,
            ElementType::ObjectId => Self::ObjectId,
            ElementType::Boolean => Self::Bool,
            ElementType::DateTime => Self::Date,
            ElementType::Timestamp => Self::Timestamp,
            ElementType::RegularExpression | ElementType::DbPointer => Self::Regex,
            ElementType::JavaScriptCode | ElementType::JavaScriptCodeWithScope => Self::Code,
            ElementType::MaxKey => Self::MaxKey,
        }
    }
}

impl DType {
    /// The type of a stored value, as far as its element type tells.
    pub fn of(element: ElementType) -> Self {
        match element {
            ElementType::Null | ElementType::Undefined => Self::Null,
            ElementType::Boolean => Self::Bool,
            ElementType::Int32 | ElementType::Int64 => Self::Int,
            ElementType::Double => Self::Double,
            ElementType::Decimal128 => Self::Decimal,
            ElementType::String | ElementType::Symbol => Self::String,
            ElementType::Binary => Self::Binary,
            ElementType::ObjectId => Self::ObjectId,
            ElementType::DateTime => Self::Date,
            ElementType::Timestamp => Self::Timestamp,
            ElementType::RegularExpression => Self::Regex,
            ElementType::Array => Self::Array(Box::new(Self::Any)),
            ElementType::EmbeddedDocument => Self::Map(Box::new(Self::Any)),
            _ => Self::Any,
        }
    }

    /// That of a document without a class, of these fields; where it would have too many parts, a document of anything.
    pub fn of_fields(fields: impl IntoIterator<Item = (String, Self)>) -> Self {
        SchemaRef::of_fields(fields).map_or_else(|| Self::Map(Box::new(Self::Any)), Self::Document)
    }

    /// How many parts it has.
    pub(crate) fn size(&self) -> usize {
        match self {
            Self::Array(item) | Self::Map(item) => 1 + item.size(),
            Self::Document(schema) => schema.size(),
            Self::Union(members) => members.iter().map(Self::size).sum(),
            _ => 1,
        }
    }

    /// A union without nesting or repeats; one member stands for itself.
    pub fn union(members: Vec<Self>) -> Self {
        let mut flat: Vec<Self> = Vec::with_capacity(members.len());
        for member in members {
            let parts = if let Self::Union(inner) = member { inner } else { vec![member] };
            for part in parts {
                if part == Self::Any {
                    return Self::Any;
                }
                if !flat.contains(&part) {
                    flat.push(part);
                }
            }
        }
        if flat.len() == 1 { flat.remove(0) } else { Self::Union(flat) }
    }

    /// The stable name of this kind of type.
    pub fn kind(&self) -> &'static str {
        match self {
            Self::Any => "any",
            Self::Null => "null",
            Self::Bool => "bool",
            Self::Int => "int",
            Self::Double => "double",
            Self::Decimal => "decimal",
            Self::String => "string",
            Self::Binary => "binary",
            Self::ObjectId => "object_id",
            Self::Date => "date",
            Self::Timestamp => "timestamp",
            Self::Regex => "regex",
            Self::Array(_) => "array",
            Self::Map(_) => "map",
            Self::Document(_) => "document",
            Self::Union(_) => "union",
            Self::Link { .. } => "link",
        }
    }

    /// The members of a union, else the type itself.
    pub fn members(&self) -> &[Self] {
        if let Self::Union(members) = self { members } else { std::slice::from_ref(self) }
    }

    pub fn nullable(&self) -> bool {
        self.members().iter().any(|member| matches!(member, Self::Null | Self::Any))
    }

    /// The same type without null.
    pub fn non_null(&self) -> Self {
        match self {
            Self::Union(members) => {
                Self::union(members.iter().filter(|member| **member != Self::Null).cloned().collect())
            }
            other => other.clone(),
        }
    }

    /// The link that this is, or a list of.
    pub fn link(&self) -> Option<&Self> {
        self.members().iter().find_map(|member| match member {
            Self::Link { .. } => Some(member),
            Self::Array(item) => item.link(),
            _ => None,
        })
    }

    /// Whether a value of this type may be an array.
    pub fn may_be_array(&self) -> bool {
        self.members().iter().any(|member| matches!(member, Self::Any | Self::Array(_)))
    }

    fn bracket(&self) -> Option<Bracket> {
        Some(match self {
            Self::Null => Bracket::Null,
            Self::Bool => Bracket::Bool,
            Self::Int | Self::Double | Self::Decimal => Bracket::Number,
            Self::String => Bracket::String,
            Self::Binary => Bracket::Binary,
            Self::ObjectId => Bracket::ObjectId,
            Self::Date => Bracket::Date,
            Self::Timestamp => Bracket::Timestamp,
            Self::Regex => Bracket::Regex,
            Self::Array(_) => Bracket::Array,
            Self::Map(_) | Self::Document(_) => Bracket::Document,
            Self::Link { id, .. } => return id.bracket(),
            Self::Any | Self::Union(_) => return None,
        })
    }

    /// Whether some stored value of this type can equal, or be ordered against, some given value of the other.
    ///
    /// A match compares within a type bracket only; a stored array is compared whole and by its elements, and a given
    /// one with arrays alone; null is a value any field may be asked for; a regex tests strings.
    pub fn comparable_to(&self, other: &Self) -> bool {
        // Any field may be asked for null, and one that is always null for anything.
        self.values().next().is_none()
            || other.values().next().is_none()
            || self.values().any(|left| other.values().any(|right| left.meets(right)))
    }

    /// The members that are not null.
    fn values(&self) -> impl Iterator<Item = &Self> {
        self.members().iter().filter(|member| !matches!(member, Self::Null))
    }

    fn meets(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Any, _) | (_, Self::Any) => true,
            (Self::Array(left), Self::Array(right)) => left.comparable_to(right) || left.comparable_to(other),
            (Self::Array(item), scalar) => item.comparable_to(scalar),
            (Self::Regex, Self::String) | (Self::String, Self::Regex) => true,
            (left, right) => left.bracket() == right.bracket(),
        }
    }
}

impl fmt::Display for DType {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Array(item) => write!(out, "array<{item}>"),
            Self::Map(item) => write!(out, "map<{item}>"),
            Self::Document(schema) => write!(out, "{}", schema.name()),
            Self::Link { target, .. } => write!(out, "link<{}>", target.name()),
            Self::Union(members) => {
                for (position, member) in members.iter().enumerate() {
                    let separator = if position == 0 { "" } else { " | " };
                    write!(out, "{separator}{member}")?;
                }
                Ok(())
            }
            scalar => out.write_str(scalar.kind()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn array(item: DType) -> DType {
        DType::Array(Box::new(item))
    }

    #[test]
    fn numbers_compare_across_their_types() {
        assert!(DType::Int.comparable_to(&DType::Decimal));
        assert!(!DType::Int.comparable_to(&DType::String));
    }

    #[test]
    fn null_is_asked_of_any_field_and_hides_no_mistake() {
        let nullable = DType::union(vec![DType::String, DType::Null]);
        assert!(nullable.comparable_to(&DType::Null));
        assert!(DType::Int.comparable_to(&DType::Null));
        assert!(!nullable.comparable_to(&DType::Int));
    }

    #[test]
    fn arrays_compare_by_element_and_whole() {
        assert!(array(DType::Int).comparable_to(&DType::Double));
        assert!(array(DType::Int).comparable_to(&array(DType::Int)));
        assert!(array(array(DType::Int)).comparable_to(&array(DType::Int)));
        assert!(!DType::Int.comparable_to(&array(DType::Int)));
        assert!(!array(DType::Int).comparable_to(&DType::String));
    }

    #[test]
    fn unions_are_flat_and_small() {
        assert_eq!(
            DType::union(vec![DType::Int, DType::union(vec![DType::Int, DType::Null])]).to_string(),
            "int | null"
        );
        assert_eq!(DType::union(vec![DType::Int]), DType::Int);
        assert_eq!(DType::union(vec![DType::Int, DType::Null]).non_null(), DType::Int);
    }
}
