//! Handles through which Python asks the one type system.

use std::collections::HashMap;

use data_bridge_ir::DType;
use data_bridge_ir::catalog::{Kind, Operator};
use data_bridge_ir::dtype::LinkForm;
use data_bridge_ir::schema::{Collection, FieldSchema, Fields, Index, Schema, Unique};
use data_bridge_ir::{Path, SchemaRef, Value};
use pyo3::exceptions::PyValueError;
use pyo3::prelude::*;
use pyo3::types::{
    PyBool, PyBytes, PyDate, PyDict, PyFloat, PyFrozenSet, PyInt, PyList, PySet, PyString, PyTuple, PyType,
};

use crate::codec;
use crate::gate::guarded;

/// The type of a stored value or an expression.
#[pyclass(frozen, eq, name = "DType", module = "data_bridge._core", from_py_object)]
#[derive(Clone, PartialEq)]
pub struct PyDType(pub DType);

#[pymethods]
impl PyDType {
    #[staticmethod]
    fn any() -> Self {
        Self(DType::Any)
    }
    #[staticmethod]
    fn null() -> Self {
        Self(DType::Null)
    }
    #[staticmethod]
    fn bool() -> Self {
        Self(DType::Bool)
    }
    #[staticmethod]
    fn int() -> Self {
        Self(DType::Int)
    }
    #[staticmethod]
    fn double() -> Self {
        Self(DType::Double)
    }
    #[staticmethod]
    fn decimal() -> Self {
        Self(DType::Decimal)
    }
    #[staticmethod]
    fn string() -> Self {
        Self(DType::String)
    }
    #[staticmethod]
    fn binary() -> Self {
        Self(DType::Binary)
    }
    #[staticmethod]
    fn object_id() -> Self {
        Self(DType::ObjectId)
    }
    #[staticmethod]
    fn date() -> Self {
        Self(DType::Date)
    }
    #[staticmethod]
    fn timestamp() -> Self {
        Self(DType::Timestamp)
    }
    #[staticmethod]
    fn regex() -> Self {
        Self(DType::Regex)
    }
    #[staticmethod]
    fn array(item: Self) -> Self {
        Self(DType::Array(Box::new(item.0)))
    }
    #[staticmethod]
    fn map(value: Self) -> Self {
        Self(DType::Map(Box::new(value.0)))
    }
    #[staticmethod]
    fn document(schema: PySchema) -> Self {
        Self(DType::Document(schema.0))
    }
    #[staticmethod]
    fn union(members: Vec<Self>) -> Self {
        Self(DType::union(members.into_iter().map(|member| member.0).collect()))
    }
    #[staticmethod]
    #[pyo3(signature = (target, id, back = None, references = false))]
    fn link(target: PySchema, id: Self, back: Option<String>, references: bool) -> Self {
        let form = if references { LinkForm::Reference } else { LinkForm::Id };
        Self(DType::Link { target: target.0, id: Box::new(id.0), form, back })
    }

    #[getter]
    fn kind(&self) -> &'static str {
        self.0.kind()
    }

    /// The type of an array's items, a map's values or a link's id.
    #[getter]
    fn element(&self) -> Option<Self> {
        match &self.0 {
            DType::Array(inner) | DType::Map(inner) | DType::Link { id: inner, .. } => Some(Self((**inner).clone())),
            _ => None,
        }
    }

    #[getter]
    fn schema(&self) -> Option<PySchema> {
        match &self.0 {
            DType::Document(schema) | DType::Link { target: schema, .. } => Some(PySchema(schema.clone())),
            _ => None,
        }
    }

    /// Of a link that goes back, and of lists of such, the path of the link on the other side.
    #[getter]
    fn back(&self) -> Option<&str> {
        match self.0.link() {
            Some(DType::Link { back, .. }) => back.as_deref(),
            _ => None,
        }
    }

    #[getter]
    fn members(&self) -> Vec<Self> {
        self.0.members().iter().cloned().map(Self).collect()
    }

    #[getter]
    fn nullable(&self) -> bool {
        self.0.nullable()
    }

    fn non_null(&self) -> Self {
        Self(self.0.non_null())
    }

    fn comparable_to(&self, other: &Self) -> bool {
        self.0.comparable_to(&other.0)
    }

    /// Whether a value of the type can be compared with this Python value.
    fn admits(&self, value: &Bound<'_, PyAny>) -> PyResult<bool> {
        guarded(value.py(), || Ok(self.0.comparable_to(&infer(value, 0)?)))
    }

    fn __hash__(&self) -> u64 {
        use std::hash::{DefaultHasher, Hash, Hasher};
        let mut hasher = DefaultHasher::new();
        self.0.to_string().hash(&mut hasher);
        hasher.finish()
    }

    fn __str__(&self) -> String {
        self.0.to_string()
    }

    fn __repr__(&self) -> String {
        format!("DType({})", self.0)
    }
}

/// What a document class promises of its stored documents.
#[pyclass(frozen, eq, name = "Schema", module = "data_bridge._core", from_py_object)]
#[derive(Clone, PartialEq)]
pub struct PySchema(pub SchemaRef);

#[pymethods]
impl PySchema {
    #[new]
    fn new(name: String) -> Self {
        Self(SchemaRef::declare(name))
    }

    /// Gives the schema its fields: (stored name, type, required), and for a class with a collection of its own
    /// (database or None, collection); `renamed` are the stored names by Python's, where they differ, `values` the closed
    /// sets of values by stored name, and `accepts` those of what may be written into fields, their lists and dicts.
    /// Once only.
    #[pyo3(signature = (fields, open, collection = None, renamed = None, values = None, accepts = None))]
    fn define(
        &self,
        fields: Vec<(String, PyDType, bool)>,
        open: bool,
        collection: Option<(Option<String>, String)>,
        renamed: Option<HashMap<String, String>>,
        values: Option<&Bound<'_, PyDict>>,
        accepts: Option<&Bound<'_, PyDict>>,
    ) -> PyResult<()> {
        let mut fields: Fields =
            fields.into_iter().map(|(name, dtype, required)| (name, FieldSchema::new(dtype.0, required))).collect();
        for (name, members) in values.into_iter().flatten() {
            let (field, members) = closed(&mut fields, &name, &members)?;
            field.values = Some(members);
        }
        for (name, members) in accepts.into_iter().flatten() {
            let (field, members) = closed(&mut fields, &name, &members)?;
            field.accepts = Some(members);
        }
        let collection = collection.map(|(database, name)| Collection { database, name });
        if self.0.define(Schema { fields, open, collection, renamed: renamed.unwrap_or_default() }) {
            Ok(())
        } else {
            Err(PyValueError::new_err(format!("schema {} is already defined", self.0.name())))
        }
    }

    /// The indexes that the collection is known to have: (keys, unique, whether every document is in it that has them).
    fn set_indexes(&self, indexes: Vec<(Vec<String>, bool, bool)>) {
        let indexes = indexes.into_iter().map(|(keys, unique, whole)| Index { keys, unique, whole });
        self.0.set_indexes(indexes.collect());
    }

    /// Makes what holds this value in the field a document of the class, where other classes share the collection.
    fn admit(&self, field: &str, id: &str) {
        self.0.admit(field, id);
    }

    #[getter]
    fn name(&self) -> &str {
        self.0.name()
    }

    /// Why stored documents are known to obey the schema; None when they are not.
    #[getter]
    fn trust(&self) -> Option<String> {
        self.0.trust().map(|reason| reason.to_string())
    }

    /// `links`: stored links are known to have the form that their class declares.
    #[pyo3(signature = (reason, links = false))]
    fn set_trust(&self, reason: Option<&str>, links: bool) {
        self.0.set_trust(reason);
        self.0.set_link_forms_kept(links);
    }

    /// Says why every link of a stored document leads to exactly one document of its class.
    fn set_links_lead(&self, reason: Option<&str>) {
        self.0.set_links_lead(reason);
    }

    /// Says on which paths an index keeps stored documents apart, and why that is known; no paths: it is not known.
    fn set_unique(&self, paths: Vec<String>, reason: &str) {
        let paths: std::sync::Arc<[Path]> = paths.into_iter().map(Path).collect();
        self.0.set_unique((!paths.is_empty()).then(|| Unique { paths, reason: reason.into() }));
    }

    /// The stored name of a field that is called otherwise in Python.
    fn stored_name(&self, name: &str) -> Option<String> {
        self.0.get()?.renamed.get(name).cloned()
    }

    #[getter]
    fn open(&self) -> bool {
        self.0.get().is_none_or(|schema| schema.open)
    }

    fn field(&self, name: &str) -> Option<PyDType> {
        self.0.field(name).map(|field| PyDType(field.dtype.clone()))
    }

    /// The only values of a field, when they are few and known.
    fn values<'py>(&self, py: Python<'py>, name: &str) -> PyResult<Option<Vec<Bound<'py, PyAny>>>> {
        listed(py, self.0.field(name).and_then(|field| field.values.as_ref()))
    }

    /// The only values, None apart, that may be written into a field, its lists and dicts.
    fn accepts<'py>(&self, py: Python<'py>, name: &str) -> PyResult<Option<Vec<Bound<'py, PyAny>>>> {
        listed(py, self.0.field(name).and_then(|field| field.accepts.as_ref()))
    }

    fn fields(&self) -> Vec<(String, PyDType, bool)> {
        let Some(schema) = self.0.get() else { return Vec::new() };
        schema.fields.iter().map(|(name, field)| (name.clone(), PyDType(field.dtype.clone()), field.required)).collect()
    }

    fn __repr__(&self) -> String {
        format!("Schema({})", self.0.name())
    }
}

/// A field and its closed set of values, from Python.
fn closed<'a>(
    fields: &'a mut Fields,
    name: &Bound<'_, PyAny>,
    members: &Bound<'_, PyAny>,
) -> PyResult<(&'a mut FieldSchema, Vec<Value>)> {
    let name: String = name.extract()?;
    let field = fields.get_mut(&name);
    let field = field.ok_or_else(|| PyValueError::new_err(format!("no field is stored as {name}")))?;
    let members = members.try_iter()?.map(|member| codec::value_to_rawbson(&member?, &name).map(Value));
    Ok((field, members.collect::<PyResult<_>>()?))
}

/// Values as Python's.
fn listed<'py>(py: Python<'py>, values: Option<&Vec<Value>>) -> PyResult<Option<Vec<Bound<'py, PyAny>>>> {
    values.map(|values| values.iter().map(|value| codec::rawbson_to_py(py, &value.0)).collect()).transpose()
}

/// The type of a Python value as it would be stored.
#[pyfunction]
pub fn dtype_of(value: &Bound<'_, PyAny>) -> PyResult<PyDType> {
    guarded(value.py(), || Ok(PyDType(infer(value, 0)?)))
}

/// Lists in lists deeper than this are of anything: the codec refuses them, and following them would exhaust the stack.
const DEEPEST: usize = 100;

fn infer(value: &Bound<'_, PyAny>, depth: usize) -> PyResult<DType> {
    Ok(if value.is_none() {
        DType::Null
    } else if value.is_instance_of::<PyString>() {
        DType::String
    } else if value.is_instance_of::<PyBool>() {
        DType::Bool
    } else if value.is_instance_of::<PyInt>() {
        DType::Int
    } else if value.is_instance_of::<PyFloat>() {
        DType::Double
    } else if value.is_instance_of::<PyBytes>() {
        DType::Binary
    } else if value.is_instance_of::<PyDate>() {
        DType::Date
    } else if depth > DEEPEST {
        DType::Any
    } else if is_sequence(value) {
        let mut items = Vec::new();
        for item in value.try_iter()? {
            items.push(infer(&item?, depth + 1)?);
        }
        DType::Array(Box::new(if items.is_empty() { DType::Any } else { DType::union(items) }))
    } else if value.is_instance_of::<PyDict>() {
        DType::Map(Box::new(DType::Any))
    } else {
        by_class_name(value, depth)?
    })
}

fn is_sequence(value: &Bound<'_, PyAny>) -> bool {
    value.is_instance_of::<PyList>()
        || value.is_instance_of::<PyTuple>()
        || value.is_instance_of::<PySet>()
        || value.is_instance_of::<PyFrozenSet>()
}

/// Types of other modules, known by the names of their base classes so that none has to be imported here.
fn by_class_name(value: &Bound<'_, PyAny>, depth: usize) -> PyResult<DType> {
    for class in value.get_type().mro() {
        let dtype = match class.cast::<PyType>()?.name()?.to_str()? {
            "Enum" => return infer(&value.getattr("value")?, depth + 1),
            "ObjectId" => DType::ObjectId,
            "Decimal" | "Decimal128" => DType::Decimal,
            "UUID" | "Binary" => DType::Binary,
            "Pattern" | "Regex" => DType::Regex,
            "Timestamp" => DType::Timestamp,
            "DatetimeMS" => DType::Date,
            "timedelta" => DType::Double,
            "BaseModel" => DType::Map(Box::new(DType::Any)),
            "time" | "PurePath" | "_BaseAddress" | "_BaseUrl" | "SecretStr" => DType::String,
            _ => continue,
        };
        return Ok(dtype);
    }
    Ok(DType::Any)
}

/// The type of what an operator gives for operands of these types, by the operator table; anything for one that the
/// table does not have.
#[pyfunction]
pub fn call_dtype(name: &str, given: Vec<(Option<String>, PyDType)>) -> PyDType {
    let Some(operator) = Operator::find(Kind::Expression, name) else { return PyDType(DType::Any) };
    let placed = operator.placed(given.iter().map(|(name, _)| name.as_deref()));
    let types = placed.zip(&given).map(|(argument, (_, dtype))| Some((argument?.name, dtype.0.clone())));
    PyDType(types.collect::<Option<Vec<_>>>().map_or(DType::Any, |types| operator.result(&types)))
}

pub fn register(module: &Bound<'_, PyModule>) -> PyResult<()> {
    module.add_class::<PyDType>()?;
    module.add_class::<PySchema>()?;
    module.add_function(wrap_pyfunction!(dtype_of, module)?)?;
    module.add_function(wrap_pyfunction!(call_dtype, module)?)
}
