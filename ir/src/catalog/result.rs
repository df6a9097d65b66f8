//! The type an operator gives for the types it is given.

use super::{Nulls, Operator, Returns, Type};
use crate::dtype::DType;

/// The type of each operand, with the name of the argument that it stands for.
pub type Given<'a> = [(&'a str, DType)];

impl Operator {
    /// The type of the result; anything where that cannot be told.
    pub fn result(&self, given: &Given<'_>) -> DType {
        let dtype = self.returns.of(given);
        let nullable = self.nulls == Nulls::Propagate && all(given).any(DType::nullable);
        if nullable && !dtype.nullable() { DType::union(vec![dtype, DType::Null]) } else { dtype }
    }
}

impl Type {
    /// The type of a field that holds such values.
    pub fn dtype(self) -> DType {
        match self {
            Self::Bool | Self::Flag => DType::Bool,
            Self::Int => DType::Int,
            Self::Number => DType::union(vec![DType::Int, DType::Double, DType::Decimal]),
            Self::String | Self::Word | Self::Name | Self::Code => DType::String,
            Self::Date => DType::Date,
            Self::Timestamp => DType::Timestamp,
            Self::Array | Self::List => DType::Array(Box::new(DType::Any)),
            Self::Object => DType::Map(Box::new(DType::Any)),
            Self::Binary => DType::Binary,
            Self::Regex => DType::Regex,
            Self::Any | Self::Body | Self::Variables | Self::Branches | Self::Sort | Self::Constant => DType::Any,
        }
    }

    /// Whether some value of this type may stand in the argument. Null may always.
    pub fn admits(self, dtype: &DType) -> bool {
        dtype.members().iter().any(|member| match member {
            DType::Any | DType::Null => true,
            DType::Link { id, .. } => self.admits(id),
            member => self.admits_member(member),
        })
    }

    /// Whether every value may stand there.
    pub fn admits_all(self) -> bool {
        matches!(
            self,
            Self::Any | Self::Body | Self::List | Self::Variables | Self::Branches | Self::Sort | Self::Constant
        )
    }

    fn admits_member(self, member: &DType) -> bool {
        match self {
            Self::Number => matches!(member, DType::Int | DType::Double | DType::Decimal),
            // The server takes a double that is whole.
            Self::Int => matches!(member, DType::Int | DType::Double | DType::Decimal),
            Self::Bool | Self::Flag => matches!(member, DType::Bool | DType::Int),
            Self::String | Self::Word | Self::Name | Self::Code => matches!(member, DType::String),
            Self::Date => matches!(member, DType::Date | DType::Timestamp | DType::ObjectId),
            Self::Timestamp => matches!(member, DType::Timestamp),
            Self::Array => matches!(member, DType::Array(_)),
            Self::Object => matches!(member, DType::Map(_) | DType::Document(_)),
            Self::Binary => matches!(member, DType::Binary),
            Self::Regex => matches!(member, DType::Regex),
            Self::Any | Self::Body | Self::List | Self::Variables | Self::Branches | Self::Sort | Self::Constant => {
                true
            }
        }
    }

    /// How a message calls the type.
    pub fn label(self) -> &'static str {
        match self {
            Self::Number => "a number",
            Self::Int => "a whole number",
            Self::Bool | Self::Flag => "a boolean",
            Self::String | Self::Word | Self::Name | Self::Code => "a string",
            Self::Date => "a date",
            Self::Timestamp => "a timestamp",
            Self::Array | Self::List | Self::Branches => "a list",
            Self::Object | Self::Variables => "a document",
            Self::Binary => "binary data",
            Self::Regex => "a regular expression",
            Self::Any | Self::Body | Self::Sort | Self::Constant => "any value",
        }
    }
}

fn all<'a>(given: &'a Given<'_>) -> impl Iterator<Item = &'a DType> {
    given.iter().map(|(_, dtype)| dtype)
}

fn named<'a>(given: &'a Given<'_>, names: &'a [&str]) -> impl Iterator<Item = &'a DType> {
    given.iter().filter(move |(name, _)| names.contains(name)).map(|(_, dtype)| dtype)
}

fn list(item: DType) -> DType {
    DType::Array(Box::new(item))
}

fn object() -> DType {
    DType::Map(Box::new(DType::Any))
}

fn any_number() -> DType {
    DType::Union(vec![DType::Int, DType::Double, DType::Decimal])
}

/// The type of the widest of some numbers; any number when one of them is not known.
fn widest<'a>(types: impl Iterator<Item = &'a DType>) -> DType {
    let mut found = DType::Int;
    for member in types.flat_map(DType::members) {
        found = match (member, found) {
            (DType::Null, found) => found,
            (DType::Decimal, _) | (DType::Int | DType::Double, DType::Decimal) => DType::Decimal,
            (DType::Double, _) | (DType::Int, DType::Double) => DType::Double,
            (DType::Int, found) => found,
            _ => return any_number(),
        };
    }
    found
}

fn either<'a>(types: impl Iterator<Item = &'a DType>) -> DType {
    let types: Vec<DType> = types.cloned().collect();
    if types.is_empty() { DType::Any } else { DType::union(types) }
}

fn element(dtype: &DType) -> DType {
    let items = dtype.members().iter().filter(|member| **member != DType::Null).map(|member| match member {
        DType::Array(item) => (**item).clone(),
        _ => DType::Any,
    });
    let items: Vec<DType> = items.collect();
    // An empty list has no element: nothing is there, which reads as null.
    if items.is_empty() { DType::Any } else { DType::union(items.into_iter().chain([DType::Null]).collect()) }
}

impl Returns {
    fn of(self, given: &Given<'_>) -> DType {
        match self {
            Self::Any => DType::Any,
            Self::Bool => DType::Bool,
            Self::Int => DType::Int,
            Self::Double => DType::Double,
            Self::Decimal => DType::Decimal,
            Self::String => DType::String,
            Self::Date => DType::Date,
            Self::Object => object(),
            Self::Binary => DType::Binary,
            Self::ObjectId => DType::ObjectId,
            Self::Array => list(DType::Any),
            Self::Arrays => list(list(DType::Any)),
            Self::Ints => list(DType::Int),
            Self::Doubles => list(DType::Union(vec![DType::Double, DType::Null])),
            Self::Strings => list(DType::String),
            Self::Objects => list(object()),
            Self::Number => any_number(),
            Self::Float => match widest(all(given)) {
                DType::Int | DType::Double => DType::union(vec![DType::Double, DType::Null]),
                DType::Decimal => DType::union(vec![DType::Decimal, DType::Null]),
                _ => DType::Union(vec![DType::Double, DType::Decimal, DType::Null]),
            },
            Self::Widest([]) => widest(all(given)),
            Self::Widest(names) => widest(named(given, names)),
            Self::Numeric => match widest(all(given)) {
                DType::Int => DType::Union(vec![DType::Int, DType::Double]),
                other => other,
            },
            Self::Sum | Self::Difference => self.with_dates(given),
            Self::Element(name) => named(given, &[name]).next().map_or(DType::Any, element),
            Self::Same(name) => either(named(given, &[name])),
            Self::ListOf(name) => list(either(named(given, &[name]))),
            Self::Either(names) => either(named(given, names)),
            Self::DateOr(names) => {
                DType::union([DType::Date].into_iter().chain(named(given, names).cloned()).collect())
            }
            Self::StringOr(names) => {
                DType::union([DType::String].into_iter().chain(named(given, names).cloned()).collect())
            }
            Self::FirstKnown => {
                let last = all(given).last().cloned().unwrap_or(DType::Any);
                let earlier = all(given).map(DType::non_null).filter(|dtype| *dtype != DType::Null);
                DType::union(earlier.chain([last]).collect())
            }
        }
    }

    /// Sums and differences of numbers and dates.
    fn with_dates(self, given: &Given<'_>) -> DType {
        let is_date = |dtype: &&DType| matches!(dtype.non_null(), DType::Date);
        let dates = all(given).filter(is_date).count();
        let numbers = || widest(all(given).filter(|dtype| !is_date(dtype)));
        match (dates, numbers()) {
            (0, DType::Union(_)) => DType::Union(vec![DType::Int, DType::Double, DType::Decimal, DType::Date]),
            (0, number) => number,
            (2, _) if self == Self::Difference => DType::Int,
            _ => DType::Date,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::{Kind, Operator};
    use super::*;

    fn result(name: &str, given: &[(&str, DType)]) -> String {
        Operator::find(Kind::Expression, name).unwrap().result(given).to_string()
    }

    #[test]
    fn numbers_follow_the_widest() {
        assert_eq!(result("$multiply", &[("factors", DType::Int), ("factors", DType::Double)]), "double");
        assert_eq!(result("$multiply", &[("factors", DType::Int), ("factors", DType::Decimal)]), "decimal");
        assert_eq!(
            result("$multiply", &[("factors", DType::Int), ("factors", DType::Any)]),
            "int | double | decimal | null"
        );
        assert_eq!(result("$round", &[("number", DType::Double), ("place", DType::Int)]), "double");
    }

    #[test]
    fn dates_add_and_subtract() {
        assert_eq!(result("$add", &[("terms", DType::Date), ("terms", DType::Int)]), "date");
        assert_eq!(result("$subtract", &[("minuend", DType::Date), ("subtrahend", DType::Date)]), "int");
        assert_eq!(result("$subtract", &[("minuend", DType::Date), ("subtrahend", DType::Int)]), "date");
    }

    #[test]
    fn null_goes_through_where_the_table_says_so() {
        let nullable = DType::union(vec![DType::String, DType::Null]);
        assert_eq!(result("$trim", &[("input", nullable.clone())]), "string | null");
        assert_eq!(result("$toUpper", &[("text", nullable.clone())]), "string");
        assert_eq!(result("$ifNull", &[("values", nullable), ("values", DType::String)]), "string");
    }

    #[test]
    fn lists_keep_their_elements() {
        let strings = list(DType::String);
        assert_eq!(result("$first", &[("array", strings.clone())]), "string | null");
        assert_eq!(result("$filter", &[("input", strings), ("cond", DType::Bool)]), "array<string>");
    }

    #[test]
    fn arguments_admit_what_the_server_takes() {
        assert!(Type::Number.admits(&DType::Any));
        assert!(Type::Number.admits(&DType::union(vec![DType::String, DType::Int])));
        assert!(!Type::Number.admits(&DType::String));
        assert!(Type::Date.admits(&DType::ObjectId));
    }
}
