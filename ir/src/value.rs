//! Literals: BSON values, converted once where a query enters.

use std::borrow::Cow;
use std::fmt;
use std::hash::{Hash, Hasher};

use bson::spec::ElementType;
use bson::{Bson, RawBson, RawDocumentBuf};
use schemars::JsonSchema;
use serde::{Deserialize, Deserializer, Serialize, Serializer, de, ser};

use crate::dtype::{Bracket, DType};

/// A BSON value written in a query.
///
/// Two values are equal when they are the same bytes of the same BSON type: 1 and 1.0 differ, as do 0.0 and -0.0.
#[derive(Debug, Clone)]
pub struct Value(pub RawBson);

impl Value {
    pub fn element_type(&self) -> ElementType {
        self.0.element_type()
    }

    pub fn bracket(&self) -> Bracket {
        Bracket::of(self.element_type())
    }

    pub fn dtype(&self) -> DType {
        DType::of(self.element_type())
    }

    pub fn is_null(&self) -> bool {
        matches!(self.0, RawBson::Null)
    }

    pub fn is_regex(&self) -> bool {
        matches!(self.0, RawBson::RegularExpression(_))
    }

    pub fn is_document(&self) -> bool {
        matches!(self.0, RawBson::Document(_))
    }

    /// The reference that holds this id, as PyMongo's `DBRef` stores it.
    pub fn as_reference(&self, collection: &str, database: Option<&str>) -> Self {
        let mut reference = RawDocumentBuf::new();
        reference.append(bson::cstr!("$ref"), collection);
        reference.append(bson::cstr!("$id"), self.0.clone());
        if let Some(database) = database {
            reference.append(bson::cstr!("$db"), database);
        }
        Self(RawBson::Document(reference))
    }

    /// The id that a reference holds; none of any other value.
    pub fn referred_id(&self) -> Option<Self> {
        let RawBson::Document(document) = &self.0 else { return None };
        document.get("$ref").ok().flatten()?;
        document.get("$id").ok().flatten().map(|id| Self(id.into()))
    }

    /// A string that an aggregation expression would read as a path or a variable.
    pub fn reads_as_path(&self) -> bool {
        matches!(&self.0, RawBson::String(text) if text.starts_with('$'))
    }

    /// The value as a one-field document's bytes: what equality and hashing look at.
    pub fn bytes(&self) -> Vec<u8> {
        let mut holder = RawDocumentBuf::new();
        holder.append(bson::cstr!("v"), self.0.clone());
        holder.into_bytes()
    }
}

impl<T: Into<RawBson>> From<T> for Value {
    fn from(value: T) -> Self {
        Self(value.into())
    }
}

impl PartialEq for Value {
    fn eq(&self, other: &Self) -> bool {
        match (&self.0, &other.0) {
            (RawBson::Double(left), RawBson::Double(right)) => left.to_bits() == right.to_bits(),
            (left, right) => left == right,
        }
    }
}

impl Eq for Value {}

impl Hash for Value {
    fn hash<H: Hasher>(&self, hasher: &mut H) {
        (self.element_type() as u8).hash(hasher);
        match &self.0 {
            RawBson::Int32(number) => number.hash(hasher),
            RawBson::Int64(number) => number.hash(hasher),
            RawBson::Double(number) => number.to_bits().hash(hasher),
            RawBson::String(text) => text.hash(hasher),
            RawBson::ObjectId(id) => id.hash(hasher),
            RawBson::Boolean(value) => value.hash(hasher),
            _ => self.bytes().hash(hasher),
        }
    }
}

/// MongoDB's relaxed extended JSON, which is what its own tools print.
impl fmt::Display for Value {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match Bson::try_from(self.0.clone()) {
            Ok(value) => write!(out, "{}", value.into_relaxed_extjson()),
            Err(_) => out.write_str("<malformed BSON>"),
        }
    }
}

/// Canonical extended JSON: every BSON type survives.
impl Serialize for Value {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let value = Bson::try_from(self.0.clone()).map_err(ser::Error::custom)?;
        value.into_canonical_extjson().serialize(serializer)
    }
}

impl<'de> Deserialize<'de> for Value {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let json = serde_json::Value::deserialize(deserializer)?;
        let value = Bson::try_from(json).map_err(de::Error::custom)?;
        RawBson::try_from(value).map(Self).map_err(de::Error::custom)
    }
}

impl JsonSchema for Value {
    fn schema_name() -> Cow<'static, str> {
        "Value".into()
    }

    fn json_schema(_: &mut schemars::SchemaGenerator) -> schemars::Schema {
        schemars::json_schema!({ "description": "canonical extended JSON" })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn equality_is_of_type_and_bytes() {
        assert_ne!(Value::from(1_i32), Value::from(1.0));
        assert_ne!(Value::from(0.0), Value::from(-0.0));
        assert_eq!(Value::from(f64::NAN), Value::from(f64::NAN));
    }

    #[test]
    fn every_type_survives_json() {
        for value in [Value::from(1_i32), Value::from(1_i64), Value::from(1.0), Value::from("a")] {
            let json = serde_json::to_string(&value).unwrap();
            assert_eq!(serde_json::from_str::<Value>(&json).unwrap(), value);
        }
    }
}
