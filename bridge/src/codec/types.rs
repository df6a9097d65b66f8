//! Classes of other modules that values are told apart by, looked up once.

use pyo3::prelude::*;
use pyo3::sync::PyOnceLock;
use pyo3::types::PyType;

use super::instance::Slot;

macro_rules! classes {
    ($($field:ident = $module:literal . $name:literal),* $(,)?) => {
        pub struct Types { $(pub $field: Py<PyType>,)* }

        impl Types {
            fn load(py: Python<'_>) -> PyResult<Self> {
                Ok(Self { $($field: py.import($module)?.getattr($name)?.cast_into::<PyType>()?.unbind(),)* })
            }
        }
    };
}

classes! {
    object_id = "bson"."ObjectId",
    decimal128 = "bson"."Decimal128",
    int64 = "bson"."Int64",
    binary = "bson"."Binary",
    regex = "bson"."Regex",
    timestamp = "bson"."Timestamp",
    code = "bson"."Code",
    min_key = "bson"."MinKey",
    max_key = "bson"."MaxKey",
    dbref = "bson"."DBRef",
    datetime_ms = "bson"."DatetimeMS",
    uuid = "uuid"."UUID",
    decimal = "decimal"."Decimal",
    enumeration = "enum"."Enum",
    pattern = "re"."Pattern",
    path = "pathlib"."PurePath",
    ipv4 = "ipaddress"."_BaseAddress",
    ip_network = "ipaddress"."_BaseNetwork",
    url = "pydantic.networks"."_BaseUrl",
    multi_host_url = "pydantic.networks"."_BaseMultiHostUrl",
    secret = "pydantic"."SecretStr",
    secret_bytes = "pydantic"."SecretBytes",
    base_model = "pydantic"."BaseModel",
    link = "data_bridge.links"."Link",
    document = "data_bridge.document"."Document",
}

impl Types {
    /// `uuid.SafeUUID.unknown`.
    pub fn uuid_unknown<'py>(&self, py: Python<'py>) -> PyResult<&Bound<'py, PyAny>> {
        static UNKNOWN: PyOnceLock<Py<PyAny>> = PyOnceLock::new();
        let find = || PyResult::Ok(py.import("uuid")?.getattr("SafeUUID")?.getattr("unknown")?.unbind());
        Ok(UNKNOWN.get_or_try_init(py, find)?.bind(py))
    }
}

macro_rules! slots {
    ($($field:ident = $class:ident . $name:literal),* $(,)?) => {
        /// Slots of classes, which are set on instances without being looked for.
        pub struct Slots { $(pub $field: Slot,)* }

        impl Slots {
            fn load(py: Python<'_>) -> PyResult<Self> {
                let types = get(py)?;
                Ok(Self { $($field: Slot::of(types.$class.bind(py), $name)?,)* })
            }
        }
    };
}

slots! {
    fields_set = base_model."__pydantic_fields_set__",
    extra = base_model."__pydantic_extra__",
    private = base_model."__pydantic_private__",
    image = document."__image__",
    pending = document."__pending__",
    object_id_bytes = object_id."_ObjectId__id",
    uuid_number = uuid."int",
    uuid_safety = uuid."is_safe",
}

static TYPES: PyOnceLock<Types> = PyOnceLock::new();

pub fn get(py: Python<'_>) -> PyResult<&'static Types> {
    // The lock is a static, so what it holds lives as long as the process.
    TYPES.get_or_try_init(py, || Types::load(py)).map(|types| {
        let types: &Types = types;
        types
    })
}

static SLOTS: PyOnceLock<Slots> = PyOnceLock::new();

pub fn slots(py: Python<'_>) -> PyResult<&'static Slots> {
    // As above: a static.
    SLOTS.get_or_try_init(py, || Slots::load(py)).map(|slots| {
        let slots: &Slots = slots;
        slots
    })
}
