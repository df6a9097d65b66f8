//! What is in a column, as Python says it: see `data_bridge.columns`.

use std::collections::HashMap;

use pyo3::exceptions::PyTypeError;
use pyo3::prelude::*;
use pyo3::types::PyTuple;

pub enum Kind {
    Bool,
    Int,
    Float,
    Text,
    Binary,
    /// An id as its hexadecimal digits.
    ObjectId,
    Datetime,
    Date,
    Time,
    Span,
    Decimal,
    /// As text.
    Uuid,
    /// The id that a link holds.
    Link(Box<Self>),
    List(Box<Slot>),
    Map(Box<Slot>),
    Struct(Struct),
}

pub struct Slot {
    pub kind: Kind,
    pub nullable: bool,
}

pub struct Struct {
    pub fields: Vec<Field>,
    pub by_key: HashMap<Vec<u8>, usize>,
}

pub struct Field {
    pub name: String,
    /// The stored name and the NUL that ends it in BSON.
    pub terminated_key: Vec<u8>,
    pub slot: Slot,
    /// A document without the field has null there; others are asked what they have.
    pub missing_is_null: bool,
}

impl Field {
    pub fn key(&self) -> &[u8] {
        self.terminated_key.strip_suffix(&[0]).unwrap_or_default()
    }
}

impl Slot {
    /// Written `(kind,)` or `(kind, argument...)`; `("optional", inner)` may be null.
    fn read(spec: &Bound<'_, PyTuple>) -> PyResult<Self> {
        let kind: String = spec.get_item(0)?.extract()?;
        let inner = || Self::read(spec.get_item(1)?.cast::<PyTuple>()?);
        if kind == "optional" {
            return Ok(Self { kind: inner()?.kind, nullable: true });
        }
        let kind = match kind.as_str() {
            "bool" => Kind::Bool,
            "int" => Kind::Int,
            "float" => Kind::Float,
            "str" => Kind::Text,
            "bytes" => Kind::Binary,
            "object_id" => Kind::ObjectId,
            "datetime" => Kind::Datetime,
            "date" => Kind::Date,
            "time" => Kind::Time,
            "timedelta" => Kind::Span,
            "decimal" => Kind::Decimal,
            "uuid" => Kind::Uuid,
            "link" => Kind::Link(Box::new(inner()?.kind)),
            "list" => Kind::List(Box::new(inner()?)),
            "dict" => Kind::Map(Box::new(inner()?)),
            "struct" => Kind::Struct(Struct::read(spec)?),
            other => return Err(PyTypeError::new_err(format!("'{other}' is no kind of column"))),
        };
        Ok(Self { kind, nullable: false })
    }
}

impl Struct {
    /// Written `("struct", [(stored name, name, spec, missing is null)])`.
    pub fn read(spec: &Bound<'_, PyTuple>) -> PyResult<Self> {
        type Spec<'py> = (String, String, Bound<'py, PyTuple>, bool);
        let fields: Vec<Spec<'_>> = spec.get_item(1)?.extract()?;
        let fields = fields.into_iter().map(|(key, name, spec, missing_is_null)| {
            let terminated_key = [key.as_bytes(), &[0]].concat();
            Ok(Field { name, terminated_key, slot: Slot::read(&spec)?, missing_is_null })
        });
        let fields: Vec<Field> = fields.collect::<PyResult<_>>()?;
        let by_key = fields.iter().enumerate().map(|(place, field)| (field.key().to_vec(), place)).collect();
        Ok(Self { fields, by_key })
    }
}
