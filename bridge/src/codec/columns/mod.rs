//! Stored bytes to columns: values of one field of many documents side by side, without a Python object for each.

mod arrow;
mod kind;
mod sink;

use bson::spec::ElementType;

pub use arrow::ArrowTable;
use kind::{Field, Kind, Slot, Struct};
pub use sink::{ColumnLayout, Columns};

use super::convert::{integer, number, uuid_bytes};
use super::decimal::Finite;
use super::reader::{Element, Elements, text, text_bytes, unique};
use super::{links, time};

/// Arrow's decimals have at most so many digits.
const DIGITS: u32 = 38;

/// Why a document is in no row.
#[derive(Debug, PartialEq)]
pub enum Misfit {
    Malformed(&'static str),
    /// The value at this path, in an order from the inside out, is none of its column.
    Unfit(Vec<String>),
}

impl From<&'static str> for Misfit {
    fn from(problem: &'static str) -> Self {
        Self::Malformed(problem)
    }
}

impl Misfit {
    fn below(self, key: &[u8]) -> Self {
        match self {
            Self::Unfit(mut path) => {
                path.push(String::from_utf8_lossy(key).into_owned());
                Self::Unfit(path)
            }
            malformed @ Self::Malformed(_) => malformed,
        }
    }
}

/// Values of one place in the documents.
struct Column {
    present: Vec<bool>,
    data: Data,
}

enum Data {
    Bools(Vec<bool>),
    /// Integers, and moments and spans in their units.
    Ints(Vec<i64>),
    Floats(Vec<f64>),
    Days(Vec<i32>),
    /// Texts and binary values; each ends where the next begins, and the first begins at 0.
    Bytes {
        ends: Vec<i64>,
        bytes: Vec<u8>,
    },
    Decimals(Decimals),
    List {
        ends: Vec<i64>,
        items: Box<Column>,
    },
    Map {
        ends: Vec<i32>,
        keys: Box<Column>,
        values: Box<Column>,
    },
    Struct(Vec<Column>),
}

#[derive(Default)]
struct Decimals {
    values: Vec<Finite>,
    /// Digits before the point, and behind it, that the values need.
    whole: u32,
    scale: u32,
}

impl Decimals {
    /// False where no column can hold this value beside the others.
    fn push(&mut self, value: Finite) -> bool {
        let digits = if value.coefficient == 0 { 0 } else { value.coefficient.ilog10() + 1 };
        let behind = value.exponent.min(0).unsigned_abs();
        let before = if digits == 0 { 0 } else { (digits + value.exponent.max(0) as u32).saturating_sub(behind) };
        let (whole, scale) = (self.whole.max(before), self.scale.max(behind));
        if whole + scale > DIGITS {
            return false;
        }
        (self.whole, self.scale) = (whole, scale);
        self.values.push(value);
        true
    }
}

impl Column {
    fn new(kind: &Kind) -> Self {
        let boxed = |slot: &Slot| Box::new(Self::new(&slot.kind));
        let data = match kind {
            Kind::Bool => Data::Bools(Vec::new()),
            Kind::Int | Kind::Datetime | Kind::Time | Kind::Span => Data::Ints(Vec::new()),
            Kind::Float => Data::Floats(Vec::new()),
            Kind::Date => Data::Days(Vec::new()),
            Kind::Text | Kind::Binary | Kind::ObjectId | Kind::Uuid => Data::Bytes { ends: vec![0], bytes: Vec::new() },
            Kind::Decimal => Data::Decimals(Decimals::default()),
            Kind::Link(id) => return Self::new(id),
            Kind::List(item) => Data::List { ends: vec![0], items: boxed(item) },
            Kind::Map(value) => {
                Data::Map { ends: vec![0], keys: Box::new(Self::new(&Kind::Text)), values: boxed(value) }
            }
            Kind::Struct(fields) => return Self::of(fields),
        };
        Self { present: Vec::new(), data }
    }

    /// A column of documents.
    fn of(fields: &Struct) -> Self {
        let columns = fields.fields.iter().map(|field| Self::new(&field.slot.kind)).collect();
        Self { present: Vec::new(), data: Data::Struct(columns) }
    }

    fn len(&self) -> usize {
        self.present.len()
    }

    /// Forgets the values from a row on, which may be there by halves.
    fn truncate(&mut self, rows: usize) {
        self.present.truncate(rows);
        match &mut self.data {
            Data::Bools(values) => values.truncate(rows),
            Data::Ints(values) => values.truncate(rows),
            Data::Floats(values) => values.truncate(rows),
            Data::Days(values) => values.truncate(rows),
            Data::Bytes { ends, bytes } => {
                ends.truncate(rows + 1);
                bytes.truncate(last(ends));
            }
            Data::Decimals(decimals) => decimals.values.truncate(rows),
            Data::List { ends, items } => {
                ends.truncate(rows + 1);
                items.truncate(last(ends));
            }
            Data::Map { ends, keys, values } => {
                ends.truncate(rows + 1);
                keys.truncate(last(ends));
                values.truncate(last(ends));
            }
            Data::Struct(columns) => columns.iter_mut().for_each(|column| column.truncate(rows)),
        }
    }

    fn push_null(&mut self) {
        self.present.push(false);
        match &mut self.data {
            Data::Bools(values) => values.push(false),
            Data::Ints(values) => values.push(0),
            Data::Floats(values) => values.push(0.0),
            Data::Days(values) => values.push(0),
            Data::Bytes { ends, .. } | Data::List { ends, .. } => ends.push(last(ends) as i64),
            Data::Map { ends, .. } => ends.push(last(ends) as i32),
            Data::Decimals(decimals) => {
                decimals.values.push(Finite { negative: false, coefficient: 0, exponent: 0 });
            }
            Data::Struct(columns) => columns.iter_mut().for_each(Self::push_null),
        }
    }

    /// Adds a value. After an error the column holds no whole row more: `truncate` it.
    fn push(&mut self, slot: &Slot, element: &Element<'_>) -> Result<(), Misfit> {
        if element.kind == ElementType::Null {
            if !slot.nullable {
                return Err(Misfit::Unfit(Vec::new()));
            }
            self.push_null();
            return Ok(());
        }
        self.push_value(&slot.kind, element)
    }

    fn push_value(&mut self, kind: &Kind, element: &Element<'_>) -> Result<(), Misfit> {
        let unfit = || Misfit::Unfit(Vec::new());
        let (tag, value) = (element.kind, element.value);
        match (kind, &mut self.data) {
            (Kind::Bool, Data::Bools(values)) if tag == ElementType::Boolean => match value {
                [0] => values.push(false),
                [1] => values.push(true),
                _ => return Err("a boolean is neither 0 nor 1".into()),
            },
            (Kind::Int, Data::Ints(values)) => values.push(integer(element).ok_or_else(unfit)?),
            (Kind::Float, Data::Floats(values)) => values.push(number(element).ok_or_else(unfit)?),
            (Kind::Datetime, Data::Ints(values)) if tag == ElementType::DateTime => {
                time::Moment::read(value).ok_or_else(unfit)?;
                values.push(i64::from_le_bytes(*value.first_chunk().ok_or_else(unfit)?));
            }
            (Kind::Date, Data::Days(values)) if tag == ElementType::DateTime => {
                values.push(time::day_number(value).ok_or_else(unfit)?);
            }
            (Kind::Time, Data::Ints(values)) if tag == ElementType::String => {
                let (hour, minute, second, micros) = time::clock(text(value)?).ok_or_else(unfit)?;
                let seconds = (i64::from(hour) * 60 + i64::from(minute)) * 60 + i64::from(second);
                values.push(seconds * 1_000_000 + i64::from(micros));
            }
            (Kind::Span, Data::Ints(values)) => {
                let (days, seconds, micros) = number(element).and_then(time::span).ok_or_else(unfit)?;
                let seconds = i64::from(days) * 86_400 + i64::from(seconds);
                let micros = seconds.checked_mul(1_000_000).and_then(|whole| whole.checked_add(i64::from(micros)));
                values.push(micros.ok_or_else(unfit)?);
            }
            (Kind::Decimal, Data::Decimals(decimals)) if tag == ElementType::Decimal128 => {
                if !decimals.push(Finite::read(value).ok_or_else(unfit)?) {
                    return Err(unfit());
                }
            }
            (Kind::Text | Kind::Binary | Kind::ObjectId | Kind::Uuid, Data::Bytes { ends, bytes }) => {
                push_bytes(kind, element, bytes)?;
                ends.push(bytes.len() as i64);
            }
            (Kind::List(item), Data::List { ends, items }) if tag == ElementType::Array => {
                let mut elements = Elements::new(value)?;
                while let Some(each) = elements.next()? {
                    items.push(item, &each).map_err(|misfit| misfit.below(each.key))?;
                }
                ends.push(items.len() as i64);
            }
            (Kind::Map(slot), Data::Map { ends, keys, values }) if tag == ElementType::EmbeddedDocument => {
                for each in unique(value)? {
                    keys.push_key(each.key)?;
                    values.push(slot, &each).map_err(|misfit| misfit.below(each.key))?;
                }
                ends.push(i32::try_from(values.len()).map_err(|_| unfit())?);
            }
            (Kind::Struct(fields), Data::Struct(columns)) if tag == ElementType::EmbeddedDocument => {
                push_fields(fields, columns, value)?;
            }
            (Kind::Link(id), _) => {
                let referred = if tag == ElementType::EmbeddedDocument { links::referred(value)? } else { None };
                return self.push_value(id, referred.as_ref().unwrap_or(element));
            }
            _ => return Err(unfit()),
        }
        self.present.push(true);
        Ok(())
    }

    fn push_key(&mut self, key: &[u8]) -> Result<(), Misfit> {
        std::str::from_utf8(key).map_err(|_| "a key is not UTF-8")?;
        if let Data::Bytes { ends, bytes } = &mut self.data {
            bytes.extend_from_slice(key);
            ends.push(bytes.len() as i64);
        }
        self.present.push(true);
        Ok(())
    }

    /// Adds a whole document as a row, or nothing.
    fn add(&mut self, fields: &Struct, document: &[u8]) -> Result<(), Misfit> {
        let rows = self.len();
        let Data::Struct(columns) = &mut self.data else { return Err(Misfit::Unfit(Vec::new())) };
        let pushed = push_fields(fields, columns, document);
        match pushed {
            Ok(()) => self.present.push(true),
            Err(_) => self.truncate(rows),
        }
        pushed
    }
}

/// Where the last value ends. The ends of a column begin with 0 and are lengths of what is in memory.
fn last<T: Copy + TryInto<usize>>(ends: &[T]) -> usize {
    ends.last().and_then(|end| (*end).try_into().ok()).unwrap_or_default()
}

fn push_bytes(kind: &Kind, element: &Element<'_>, bytes: &mut Vec<u8>) -> Result<(), Misfit> {
    const DIGITS: &[u8; 16] = b"0123456789abcdef";
    let hex = |bytes: &mut Vec<u8>, given: &[u8]| {
        bytes.extend(given.iter().flat_map(|byte| [byte >> 4, byte & 15]).map(|digit| DIGITS[usize::from(digit)]));
    };
    match (kind, element.kind) {
        (Kind::Text, ElementType::String) => {
            std::str::from_utf8(text_bytes(element.value)?).map_err(|_| "a string is not UTF-8")?;
            bytes.extend_from_slice(text_bytes(element.value)?);
        }
        (Kind::Binary, ElementType::Binary) if element.value.get(4) == Some(&0) => {
            bytes.extend_from_slice(&element.value[5..]);
        }
        (Kind::ObjectId, ElementType::ObjectId) => hex(bytes, element.value),
        (Kind::Uuid, ElementType::Binary) => {
            let id = uuid_bytes(element).ok_or_else(|| Misfit::Unfit(Vec::new()))?;
            for (position, part) in [0..4, 4..6, 6..8, 8..10, 10..16].into_iter().enumerate() {
                if position > 0 {
                    bytes.push(b'-');
                }
                hex(bytes, &id[part]);
            }
        }
        _ => return Err(Misfit::Unfit(Vec::new())),
    }
    Ok(())
}

fn push_fields(fields: &Struct, columns: &mut [Column], document: &[u8]) -> Result<(), Misfit> {
    let mut values: Vec<Option<Element<'_>>> = Vec::with_capacity(columns.len());
    values.resize_with(columns.len(), || None);
    let mut predicted = 0;
    let mut elements = Elements::new(document)?;
    loop {
        let expected = fields.fields.get(predicted).map_or(&[][..], |field| &field.terminated_key);
        let Some((element, met)) = elements.next_predicted(expected)? else { break };
        let position = if met { Some(predicted) } else { fields.by_key.get(element.key).copied() };
        if let Some(position) = position {
            values[position] = Some(element);
            predicted = position + 1;
        }
    }
    for ((field, column), value) in fields.fields.iter().zip(columns).zip(values) {
        push_field(field, column, value.as_ref()).map_err(|misfit| misfit.below(field.key()))?;
    }
    Ok(())
}

fn push_field(field: &Field, column: &mut Column, value: Option<&Element<'_>>) -> Result<(), Misfit> {
    match value {
        Some(element) => column.push(&field.slot, element),
        None if field.missing_is_null => {
            column.push_null();
            Ok(())
        }
        None => Err(Misfit::Unfit(Vec::new())),
    }
}
