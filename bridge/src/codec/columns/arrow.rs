//! Columns as Arrow arrays, handed to Python through the Arrow C data interface.
//!
//! Source: Apache Arrow, "The Arrow PyCapsule Interface".

use std::sync::Arc;

use arrow_array::ffi_stream::FFI_ArrowArrayStream;
use arrow_array::{
    ArrayRef, BooleanArray, Date32Array, Decimal128Array, DurationMicrosecondArray, Float64Array, Int64Array,
    LargeBinaryArray, LargeListArray, LargeStringArray, MapArray, RecordBatch, RecordBatchIterator, StringArray,
    StructArray, Time64MicrosecondArray, TimestampMillisecondArray,
};
use arrow_buffer::{Buffer, NullBuffer, OffsetBuffer, ScalarBuffer};
use arrow_schema::{ArrowError, DataType, Field, FieldRef, Fields, Schema};
use pyo3::prelude::*;
use pyo3::types::PyCapsule;

use super::kind::{Kind, Slot, Struct};
use super::{Column, DIGITS, Data, Decimals};
use crate::errors::internal;

/// An answer as columns. Whoever knows Arrow takes it through `__arrow_c_stream__`.
#[pyclass(frozen, module = "data_bridge._core")]
pub struct ArrowTable(RecordBatch);

#[pymethods]
impl ArrowTable {
    #[getter]
    pub fn num_rows(&self) -> usize {
        self.0.num_rows()
    }

    /// The columns as a capsule; another schema that is asked for is not made.
    #[pyo3(signature = (requested_schema = None))]
    fn __arrow_c_stream__<'py>(
        &self,
        py: Python<'py>,
        requested_schema: Option<&Bound<'py, PyAny>>,
    ) -> PyResult<Bound<'py, PyCapsule>> {
        let _ = requested_schema;
        let batches = RecordBatchIterator::new([Ok(self.0.clone())], self.0.schema());
        let stream = FFI_ArrowArrayStream::new(Box::new(batches));
        PyCapsule::new_with_value(py, stream, c"arrow_array_stream")
    }
}

/// The rows of a column of documents.
pub fn table(py: Python<'_>, column: Column, fields: &Struct) -> PyResult<ArrowTable> {
    let rows = column.present.len();
    let Data::Struct(columns) = column.data else { return Err(internal(py, "rows that are no documents")) };
    let build = || {
        let (fields, arrays) = arrays(columns, fields)?;
        let options = arrow_array::RecordBatchOptions::new().with_row_count(Some(rows));
        RecordBatch::try_new_with_options(Arc::new(Schema::new(fields)), arrays, &options)
    };
    let batch = build().map_err(|problem: ArrowError| internal(py, &format!("columns that do not fit: {problem}")))?;
    Ok(ArrowTable(batch))
}

fn arrays(columns: Vec<Column>, fields: &Struct) -> Result<(Fields, Vec<ArrayRef>), ArrowError> {
    let mut arrays = Vec::with_capacity(columns.len());
    let mut built: Vec<FieldRef> = Vec::with_capacity(columns.len());
    for (column, field) in columns.into_iter().zip(&fields.fields) {
        let array = array(column, &field.slot.kind)?;
        built.push(described(&field.name, &field.slot, &array));
        arrays.push(array);
    }
    Ok((built.into(), arrays))
}

fn described(name: &str, slot: &Slot, array: &ArrayRef) -> FieldRef {
    Arc::new(Field::new(name, array.data_type().clone(), slot.nullable))
}

fn array(column: Column, kind: &Kind) -> Result<ArrayRef, ArrowError> {
    let nulls = column.present.contains(&false).then(|| NullBuffer::from(column.present.as_slice()));
    let rows = column.present.len();
    Ok(match (column.data, kind) {
        (data, Kind::Link(id)) => array(Column { present: column.present, data }, id)?,
        (Data::Bools(values), _) => Arc::new(BooleanArray::new(values.into(), nulls)),
        (Data::Ints(values), Kind::Datetime) => {
            Arc::new(TimestampMillisecondArray::try_new(values.into(), nulls)?.with_timezone("UTC"))
        }
        (Data::Ints(values), Kind::Time) => Arc::new(Time64MicrosecondArray::try_new(values.into(), nulls)?),
        (Data::Ints(values), Kind::Span) => Arc::new(DurationMicrosecondArray::try_new(values.into(), nulls)?),
        (Data::Ints(values), _) => Arc::new(Int64Array::try_new(values.into(), nulls)?),
        (Data::Floats(values), _) => Arc::new(Float64Array::try_new(values.into(), nulls)?),
        (Data::Days(values), _) => Arc::new(Date32Array::try_new(values.into(), nulls)?),
        (Data::Bytes { ends, bytes }, Kind::Binary) => {
            Arc::new(LargeBinaryArray::try_new(offsets(ends), Buffer::from_vec(bytes), nulls)?)
        }
        (Data::Bytes { ends, bytes }, _) => {
            Arc::new(LargeStringArray::try_new(offsets(ends), Buffer::from_vec(bytes), nulls)?)
        }
        (Data::Decimals(decimals), _) => Arc::new(decimal_array(&decimals, nulls)?),
        (Data::List { ends, items }, Kind::List(item)) => {
            let items = array(*items, &item.kind)?;
            let field = described("item", item, &items);
            Arc::new(LargeListArray::try_new(field, offsets(ends), items, nulls)?)
        }
        (Data::Map { ends, keys, values }, Kind::Map(slot)) => map_array(ends, *keys, *values, slot, nulls)?,
        (Data::Struct(columns), _) if columns.is_empty() => Arc::new(StructArray::new_empty_fields(rows, nulls)),
        (Data::Struct(columns), Kind::Struct(fields)) => {
            let (fields, arrays) = arrays(columns, fields)?;
            Arc::new(StructArray::try_new(fields, arrays, nulls)?)
        }
        _ => return Err(ArrowError::SchemaError("a column is not of its kind".to_owned())),
    })
}

fn offsets<T: arrow_buffer::ArrowNativeType + arrow_array::OffsetSizeTrait>(ends: Vec<T>) -> OffsetBuffer<T> {
    OffsetBuffer::new(ScalarBuffer::from(ends))
}

/// All values in the one scale that holds them.
fn decimal_array(decimals: &Decimals, nulls: Option<NullBuffer>) -> Result<Decimal128Array, ArrowError> {
    // Below 38 and so in either type.
    let scale = decimals.scale as i8;
    let values = decimals.values.iter().map(|value| {
        let shift = (value.exponent + i32::from(scale)).unsigned_abs();
        // A zero may have any exponent; the digits of all others were counted.
        let size = if value.coefficient == 0 { 0 } else { value.coefficient * 10_u128.pow(shift) } as i128;
        if value.negative { -size } else { size }
    });
    let values: Vec<i128> = values.collect();
    Decimal128Array::try_new(values.into(), nulls)?.with_precision_and_scale(DIGITS as u8, scale)
}

/// Keys of Arrow's maps have short offsets.
fn map_array(
    ends: Vec<i32>,
    keys: Column,
    values: Column,
    slot: &Slot,
    nulls: Option<NullBuffer>,
) -> Result<ArrayRef, ArrowError> {
    let Data::Bytes { ends: key_ends, bytes } = keys.data else {
        return Err(ArrowError::SchemaError("keys that are no texts".to_owned()));
    };
    let short: Result<Vec<i32>, _> = key_ends.into_iter().map(i32::try_from).collect();
    let short = short.map_err(|_| ArrowError::ComputeError("the keys of a map have more than 2 GiB".to_owned()))?;
    let keys: ArrayRef = Arc::new(StringArray::try_new(offsets(short), Buffer::from_vec(bytes), None)?);
    let values = array(values, &slot.kind)?;
    let fields =
        Fields::from(vec![Arc::new(Field::new("key", DataType::Utf8, false)), described("value", slot, &values)]);
    let entries = StructArray::try_new(fields.clone(), vec![keys, values], None)?;
    let field = Arc::new(Field::new("entries", DataType::Struct(fields), false));
    Ok(Arc::new(MapArray::try_new(field, offsets(ends), entries, nulls, false)?))
}
