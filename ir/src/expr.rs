//! Expressions: predicates and values, neutral to where they stand.
//!
//! One `Compare` is a match predicate in a match and an aggregation expression in a projection. `analyze` decides
//! which, because the two differ in meaning.

use std::convert::Infallible;
use std::sync::LazyLock;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

pub use crate::compare::CompareOp;
use crate::schema::SchemaRef;
use crate::value::Value;

/// A dotted path of stored names; empty is the element itself inside an element match.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(transparent)]
pub struct Path(pub String);

impl Path {
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The first segment: the name of a top-level field.
    pub fn root(&self) -> &str {
        root(&self.0)
    }

    /// Whether a segment is a number: a position in a list.
    pub fn has_position(&self) -> bool {
        self.0.split('.').any(|segment| segment.bytes().all(|byte| byte.is_ascii_digit()))
    }

    /// Whether the path is this one, or below it.
    pub fn is_within(&self, other: &str) -> bool {
        self.0.strip_prefix(other).is_some_and(|rest| rest.is_empty() || rest.starts_with('.'))
    }

    /// Whether writing one changes what the other reads: one is the other, or an ancestor of it.
    pub fn overlaps(&self, other: &Self) -> bool {
        let (short, long) = if self.0.len() <= other.0.len() { (self, other) } else { (other, self) };
        long.is_within(short.as_str())
    }
}

/// The first segment of a dotted path.
pub fn root(path: &str) -> &str {
    path.bytes().position(|byte| byte == b'.').map_or(path, |end| &path[..end])
}

/// Where every document's id stands.
static ID: LazyLock<Path> = LazyLock::new(|| Path::from("_id"));

impl From<&str> for Path {
    fn from(path: &str) -> Self {
        Self(path.to_owned())
    }
}

/// The operands of a generic operator, as it takes them.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Operands {
    Single(Box<Expr>),
    Positional(Vec<Expr>),
    Named(Vec<(String, Expr)>),
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Expr {
    Field(Path),
    Literal(Value),
    /// What simplification leaves of a predicate that every, or no, document meets.
    Constant(bool),
    Compare {
        op: CompareOp,
        left: Box<Expr>,
        right: Box<Expr>,
    },
    And(Vec<Expr>),
    Or(Vec<Expr>),
    Nor(Vec<Expr>),
    Not(Box<Expr>),
    In {
        needle: Box<Expr>,
        values: Vec<Value>,
        negated: bool,
    },
    Exists {
        field: Path,
        present: bool,
    },
    IsType {
        field: Path,
        types: Vec<String>,
    },
    Regex {
        field: Path,
        pattern: String,
        options: String,
    },
    /// Some element of an array meets the predicate, whose paths start at the element.
    ElemMatch {
        field: Path,
        predicate: Box<Expr>,
    },
    Size {
        field: Path,
        size: i64,
    },
    All {
        field: Path,
        values: Vec<Value>,
    },
    Mod {
        field: Path,
        divisor: Value,
        remainder: Value,
    },
    /// A query operator the IR has no node for; its operand is opaque.
    FieldOperator {
        field: Path,
        name: String,
        operand: Value,
    },
    /// An aggregation operator.
    Call {
        name: String,
        operands: Operands,
    },
    Variable(String),
    Document(Vec<(String, Expr)>),
    Array(Vec<Expr>),
    /// A predicate computed as a value (`$expr`).
    Computed(Box<Expr>),
    /// A filter document among the arguments of a stage: what it asks of documents.
    Filter(Box<Expr>),
    /// A predicate on the target of a link, kept logical until the planner chooses how to follow it.
    /// It holds when some document that the link leads to meets the predicate.
    Linked {
        link: Path,
        target: SchemaRef,
        /// The target's path that leads back here; none for a stored link.
        back: Option<Path>,
        predicate: Box<Expr>,
    },
    /// MQL given as it is, opaque to the optimizer.
    Raw(Value),
}

impl Expr {
    pub fn field(path: &str) -> Self {
        Self::Field(path.into())
    }

    /// What every element of a list meets by itself: a filter of fields is met by elements that have any alone.
    pub fn element() -> Self {
        Self::Exists { field: "".into(), present: true }
    }

    /// Whether a test of an element asks the element itself, by the empty path.
    pub fn tests_itself(&self) -> bool {
        let mut itself = false;
        self.paths(&mut |path| itself |= path.as_str().is_empty());
        itself
    }

    pub fn compare(op: CompareOp, left: Self, right: Self) -> Self {
        Self::Compare { op, left: Box::new(left), right: Box::new(right) }
    }

    /// Moves the expression out; what holds for every document stays in its place.
    pub fn take(&mut self) -> Self {
        std::mem::replace(self, Self::Constant(true))
    }

    /// `path op value`: the form a match serves by itself, and an index with it.
    pub fn as_field_compare(&self) -> Option<(CompareOp, &Path, &Value)> {
        match self {
            Self::Compare { op, left, right } => match (&**left, &**right) {
                (Self::Field(path), Self::Literal(value)) => Some((*op, path, value)),
                _ => None,
            },
            _ => None,
        }
    }

    /// Calls `change` with each expression directly under this one, up to the first error.
    pub fn try_each_child<E>(&mut self, mut change: impl FnMut(&mut Self) -> Result<(), E>) -> Result<(), E> {
        match self {
            Self::Compare { left, right, .. } => {
                change(left)?;
                change(right)
            }
            Self::Not(child)
            | Self::Computed(child)
            | Self::Filter(child)
            | Self::In { needle: child, .. }
            | Self::ElemMatch { predicate: child, .. }
            | Self::Linked { predicate: child, .. } => change(child),
            Self::And(items) | Self::Or(items) | Self::Nor(items) | Self::Array(items) => {
                items.iter_mut().try_for_each(change)
            }
            Self::Document(fields) => fields.iter_mut().try_for_each(|(_, child)| change(child)),
            Self::Call { operands, .. } => operands.children_mut().try_for_each(change),
            _ => Ok(()),
        }
    }

    /// The same of children that all can be changed.
    pub fn each_child(&mut self, mut change: impl FnMut(&mut Self)) {
        match self.try_each_child(|child| {
            change(child);
            Ok::<_, Infallible>(())
        }) {
            Ok(()) => {}
            Err(never) => match never {},
        }
    }

    /// Makes it the same expression of other fields. What is inside an element match is a path of the element, and stays.
    pub fn change_paths(&mut self, change: &impl Fn(&mut Path)) {
        match self {
            Self::Field(path)
            | Self::Exists { field: path, .. }
            | Self::IsType { field: path, .. }
            | Self::Regex { field: path, .. }
            | Self::ElemMatch { field: path, .. }
            | Self::Size { field: path, .. }
            | Self::All { field: path, .. }
            | Self::Mod { field: path, .. }
            | Self::FieldOperator { field: path, .. }
            | Self::Linked { link: path, .. } => change(path),
            other => other.each_child(|child| child.change_paths(change)),
        }
    }

    /// Calls `see` with every path read, in order; false when some of it is opaque and may read anything.
    pub fn paths<'a>(&'a self, see: &mut impl FnMut(&'a Path)) -> bool {
        match self {
            Self::Field(path)
            | Self::Exists { field: path, .. }
            | Self::IsType { field: path, .. }
            | Self::Regex { field: path, .. }
            | Self::ElemMatch { field: path, .. }
            | Self::Size { field: path, .. }
            | Self::All { field: path, .. }
            | Self::Mod { field: path, .. }
            | Self::FieldOperator { field: path, .. }
            | Self::Linked { link: path, back: None, .. } => {
                see(path);
                true
            }
            // What leads back here leads to the id.
            Self::Linked { back: Some(_), .. } => {
                see(&ID);
                true
            }
            Self::Literal(_) | Self::Constant(_) => true,
            Self::Compare { left, right, .. } => left.paths(see) & right.paths(see),
            Self::Not(child) | Self::Computed(child) | Self::Filter(child) | Self::In { needle: child, .. } => {
                child.paths(see)
            }
            Self::And(items) | Self::Or(items) | Self::Nor(items) | Self::Array(items) => all_paths(items, see),
            Self::Document(fields) => fields.iter().fold(true, |known, (_, child)| child.paths(see) & known),
            Self::Call { operands, .. } => operands.children().fold(true, |known, child| child.paths(see) & known),
            Self::Variable(name) => !matches!(name.split('.').next(), Some("ROOT" | "CURRENT")),
            Self::Raw(_) => false,
        }
    }

    /// Whether the test holds for every expression directly under this one.
    pub fn all_children<'a>(&'a self, mut test: impl FnMut(&'a Self) -> bool) -> bool {
        match self {
            Self::Compare { left, right, .. } => test(left) && test(right),
            Self::Not(child)
            | Self::Computed(child)
            | Self::Filter(child)
            | Self::In { needle: child, .. }
            | Self::ElemMatch { predicate: child, .. }
            | Self::Linked { predicate: child, .. } => test(child),
            Self::And(items) | Self::Or(items) | Self::Nor(items) | Self::Array(items) => items.iter().all(test),
            Self::Document(fields) => fields.iter().all(|(_, child)| test(child)),
            Self::Call { operands, .. } => operands.children().all(test),
            _ => true,
        }
    }

    /// Whether the tree is deeper than so many levels. It is not followed further down.
    pub fn is_deeper_than(&self, levels: usize) -> bool {
        levels == 0 || !self.all_children(|child| !child.is_deeper_than(levels - 1))
    }
}

impl Operands {
    /// The expressions, without their names.
    pub fn children(&self) -> impl Iterator<Item = &Expr> {
        let (items, fields): (&[Expr], &[(String, Expr)]) = match self {
            Self::Single(child) => (std::slice::from_ref(child), &[]),
            Self::Positional(items) => (items, &[]),
            Self::Named(fields) => (&[], fields),
        };
        items.iter().chain(fields.iter().map(|(_, child)| child))
    }

    /// The same, to be changed.
    pub fn children_mut(&mut self) -> impl Iterator<Item = &mut Expr> {
        let (items, fields): (&mut [Expr], &mut [(String, Expr)]) = match self {
            Self::Single(child) => (std::slice::from_mut(child), &mut []),
            Self::Positional(items) => (items, &mut []),
            Self::Named(fields) => (&mut [], fields),
        };
        items.iter_mut().chain(fields.iter_mut().map(|(_, child)| child))
    }
}

fn all_paths<'a>(items: &'a [Expr], see: &mut impl FnMut(&'a Path)) -> bool {
    items.iter().fold(true, |known, child| child.paths(see) & known)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_overlap_by_whole_segments() {
        assert!(Path::from("a").overlaps(&"a.b".into()));
        assert!(Path::from("a.b").overlaps(&"a".into()));
        assert!(!Path::from("a").overlaps(&"ab".into()));
    }

    #[test]
    fn paths_of_elements_stay_when_fields_are_renamed() {
        let inside = Expr::Exists { field: "a".into(), present: true };
        let any = Expr::ElemMatch { field: "a".into(), predicate: Box::new(inside.clone()) };
        let size = Expr::Call { name: "$size".into(), operands: Operands::Single(Box::new(Expr::field("a"))) };
        let mut renamed = Expr::And(vec![any, Expr::Computed(Box::new(size))]);
        renamed.change_paths(&|path| *path = "b".into());
        assert_eq!(renamed.to_string(), "b.any(a exists) & expr(size(b))");
    }

    #[test]
    fn a_raw_part_may_read_anything() {
        let mut seen = Vec::new();
        let expr = Expr::And(vec![Expr::Raw(Value::from(1)), Expr::Exists { field: "a".into(), present: true }]);
        assert!(!expr.paths(&mut |path| seen.push(path.clone())));
        assert_eq!(seen, [Path::from("a")]);
    }
}
