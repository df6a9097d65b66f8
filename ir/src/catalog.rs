//! Operators as data: what each takes, gives, needs and means, in one table made from `ir/catalog/*.toml`.
//!
//! | module | holds |
//! |---|---|
//! | `generated` | the table |
//! | `bind` | operands as the arguments they stand for, and what is wrong with them |
//! | `result` | the type an operator gives for the types it is given |
//! | `version` | server versions |

mod bind;
mod generated;
mod result;
mod version;

use std::collections::HashMap;
use std::sync::LazyLock;

pub use bind::{Bound, Misuse, nearest};
pub use version::Version;

/// The operators of each kind. Names are looked up in every query, so the hash is a quick one.
static BY_NAME: LazyLock<[HashMap<&str, &Operator, foldhash::fast::RandomState>; Kind::ALL.len()]> =
    LazyLock::new(|| {
        Kind::ALL.map(|kind| Operator::all(kind).iter().map(|operator| (operator.name, operator)).collect())
    });

/// Where an operator stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    Expression,
    /// In a group or a bucket.
    Accumulator,
    /// In window fields only.
    Window,
    Query,
    Update,
    Stage,
}

impl Kind {
    const ALL: [Self; 6] = [Self::Expression, Self::Accumulator, Self::Window, Self::Query, Self::Update, Self::Stage];
}

/// How an operator's arguments stand on the wire.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Shape {
    /// The one argument itself, or a list of all when there may be several.
    Single,
    /// A list of positions.
    Array,
    /// A document of names.
    Object,
}

/// What may stand in an argument.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Type {
    Any,
    Bool,
    Number,
    Int,
    String,
    /// A date, or what the server reads as one: a timestamp or an ObjectId.
    Date,
    Timestamp,
    Array,
    Object,
    Binary,
    Regex,
    /// An expression that sees variables of its own.
    Body,
    /// A list written out, not one that is computed.
    List,
    /// A document of names and expressions.
    Variables,
    /// A list of documents `{case, then}`.
    Branches,
    /// 1, -1 or a document of them.
    Sort,
    /// Constants, which the server does not evaluate.
    Constant,
    Word,
    Name,
    Flag,
    Code,
}

/// Whether an argument must be given.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Presence {
    Required,
    Optional,
    /// Any number of values, but at least this many.
    Variadic(usize),
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Argument {
    pub name: &'static str,
    pub types: &'static [Type],
    pub presence: Presence,
    /// The closed set that a `Word` is one of; empty when any will do.
    pub words: &'static [&'static str],
    pub since: Version,
}

/// What an operator gives. Names are those of arguments.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Returns {
    Any,
    Bool,
    Int,
    Double,
    Decimal,
    String,
    Date,
    Object,
    Binary,
    ObjectId,
    Array,
    Arrays,
    Ints,
    Doubles,
    Strings,
    Objects,
    /// A number of any type.
    Number,
    /// Double, or decimal when a decimal is given.
    Float,
    /// The widest type among the given numbers.
    Widest(&'static [&'static str]),
    /// As `Widest`, but whole numbers may give a double.
    Numeric,
    /// As `Widest`, and a date when one is among them.
    Sum,
    /// A number of two dates, a date of a date and a number.
    Difference,
    /// An element of a list.
    Element(&'static str),
    /// The type of an argument.
    Same(&'static str),
    /// A list of what an argument is.
    ListOf(&'static str),
    /// One of these arguments.
    Either(&'static [&'static str]),
    /// A date, or one of these arguments.
    DateOr(&'static [&'static str]),
    /// Text, or one of these arguments.
    StringOr(&'static [&'static str]),
    /// The first of the arguments that is not null.
    FirstKnown,
}

/// What an operator makes of null and missing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Nulls {
    /// Null in any argument gives null.
    Propagate,
    /// Null is a value like any other.
    Value,
    /// Null is left out.
    Skip,
    /// The server fails.
    Error,
    /// Null counts as the empty text or list.
    Empty,
    /// Nothing is given: the field is missing.
    Missing,
}

/// Whether the same arguments always give the same value.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Purity {
    Pure,
    Random,
    Clock,
    /// Depends on how and where the command runs.
    Context,
    /// Runs a user's program.
    Code,
}

/// What documents look like behind a stage.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Documents {
    /// As before it.
    Same,
    /// As the compiler works out from what the stage is given.
    Computed,
    /// Rows of the server's own, with fields that its manual names.
    Rows {
        fields: &'static [(&'static str, Type)],
        /// Why there may be others.
        more: &'static str,
    },
}

/// Where in a pipeline a stage may stand.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Place {
    Anywhere,
    First,
    Last,
}

/// What a pipeline that begins with a stage is asked of.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Target {
    /// The collection of the query.
    Collection,
    /// Its database.
    Database,
    /// The database of the server's own affairs.
    Admin,
    /// The collection where sessions are kept.
    Sessions,
}

/// One operator of the table.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Operator {
    pub kind: Kind,
    pub name: &'static str,
    pub shape: Shape,
    /// A list that stands alone is the value itself, not a list of arguments.
    pub alone: bool,
    pub arguments: &'static [Argument],
    pub returns: Returns,
    pub nulls: Nulls,
    pub purity: Purity,
    /// Whether the answer depends on the order of the documents.
    pub order_sensitive: bool,
    /// What documents look like behind it, of a stage.
    pub documents: Documents,
    /// Where it may stand, of a stage.
    pub place: Place,
    /// What it is asked of, of a stage.
    pub target: Target,
    /// The first server version that has it.
    pub since: Version,
}

impl Operator {
    /// The operator of a kind by its MQL name.
    pub fn find(kind: Kind, name: &str) -> Option<&'static Self> {
        BY_NAME[kind as usize].get(name).copied()
    }

    pub fn all(kind: Kind) -> &'static [Self] {
        generated::table(kind)
    }

    pub fn argument(&self, name: &str) -> Option<&'static Argument> {
        self.arguments.iter().find(|argument| argument.name == name)
    }

    fn variadic(&self) -> bool {
        self.arguments.iter().any(|argument| matches!(argument.presence, Presence::Variadic(_)))
    }
}

/// Whether an expression operator gives the same value whenever it is given the same: only then may it be computed
/// ahead. Operators that the table does not have are not.
pub fn is_pure(expression: &str) -> bool {
    Operator::find(Kind::Expression, expression).is_some_and(|operator| operator.purity == Purity::Pure)
}

// The words of the generated table.

const fn argument(name: &'static str, types: &'static [Type]) -> Argument {
    Argument { name, types, presence: Presence::Required, words: &[], since: Version::ANY }
}

impl Argument {
    const fn optional(mut self) -> Self {
        self.presence = Presence::Optional;
        self
    }

    const fn at_least(mut self, count: usize) -> Self {
        self.presence = Presence::Variadic(count);
        self
    }

    const fn one_of(mut self, words: &'static [&'static str]) -> Self {
        self.words = words;
        self
    }

    const fn since(mut self, version: Version) -> Self {
        self.since = version;
        self
    }
}

const fn operator(kind: Kind, name: &'static str, shape: Shape, since: Version) -> Operator {
    Operator {
        kind,
        name,
        shape,
        alone: false,
        arguments: &[],
        returns: Returns::Any,
        nulls: Nulls::Propagate,
        purity: Purity::Pure,
        order_sensitive: false,
        documents: Documents::Computed,
        place: Place::Anywhere,
        target: Target::Collection,
        since,
    }
}

impl Operator {
    const fn takes(mut self, arguments: &'static [Argument]) -> Self {
        self.arguments = arguments;
        self
    }

    const fn gives(mut self, returns: Returns, nulls: Nulls) -> Self {
        self.returns = returns;
        self.nulls = nulls;
        self
    }

    const fn alone(mut self) -> Self {
        self.alone = true;
        self
    }

    const fn purity(mut self, purity: Purity) -> Self {
        self.purity = purity;
        self
    }

    const fn same(mut self) -> Self {
        self.documents = Documents::Same;
        self
    }

    const fn rows(mut self, fields: &'static [(&'static str, Type)], more: &'static str) -> Self {
        self.documents = Documents::Rows { fields, more };
        self
    }

    const fn at(mut self, place: Place) -> Self {
        self.place = place;
        self
    }

    const fn of(mut self, target: Target) -> Self {
        self.target = target;
        self
    }

    const fn ordered(mut self) -> Self {
        self.order_sensitive = true;
        self
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_operator_of_a_table_is_found_by_its_name() {
        for (place, kind) in Kind::ALL.into_iter().enumerate() {
            assert_eq!(place, kind as usize);
            assert!(Operator::all(kind).iter().all(|operator| Operator::find(kind, operator.name) == Some(operator)));
        }
    }

    #[test]
    fn an_operator_is_found_in_its_own_kind() {
        assert_eq!(Operator::find(Kind::Expression, "$max").map(|found| found.kind), Some(Kind::Expression));
        assert_eq!(Operator::find(Kind::Update, "$max").map(|found| found.kind), Some(Kind::Update));
        assert_eq!(Operator::find(Kind::Update, "$dateTrunc"), None);
    }

    #[test]
    fn only_known_deterministic_operators_are_pure() {
        assert!(is_pure("$add"));
        assert!(!is_pure("$rand"));
        assert!(!is_pure("$function"));
        assert!(!is_pure("$noSuchOperator"));
    }

    #[test]
    fn results_name_arguments_that_exist() {
        for kind in [Kind::Expression, Kind::Accumulator, Kind::Window] {
            for operator in Operator::all(kind) {
                let names: &[&str] = match operator.returns {
                    Returns::Element(name) | Returns::Same(name) | Returns::ListOf(name) => &[name],
                    Returns::Either(names)
                    | Returns::DateOr(names)
                    | Returns::StringOr(names)
                    | Returns::Widest(names) => names,
                    _ => &[],
                };
                for name in names {
                    assert!(operator.argument(name).is_some(), "{} has no argument {name}", operator.name);
                }
            }
        }
    }
}
