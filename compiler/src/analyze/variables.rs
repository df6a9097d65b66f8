//! Variables of expressions: what they stand for, and what may be read below them.
//!
//! ```text
//! map editors as e: e.name      refused: an element is the id of an editor
//! map items as i: i.ys.0        =>   map items as i: $arrayElemAt [i.ys, 0]
//! ```

use std::borrow::Cow;

use bson::RawBson;
use data_bridge_ir::expr::root;
use data_bridge_ir::schema::Crossing;
use data_bridge_ir::{DType, Expr, Value};

use super::positions::{positioned, read_type};
use super::shape::Shape;
use super::{Analyzer, named_paths, operator};
use crate::error::CompileError;

/// Whether an operator gives values names that its other operands know.
pub(super) fn binds(operator: &str) -> bool {
    matches!(operator, "$map" | "$filter" | "$reduce" | "$let")
}

impl Analyzer {
    /// The operands of an operator that names values: first these, then what knows the names.
    pub(super) fn binding(&mut self, operator: &str, given: &mut [(String, Expr)], shape: &Shape) {
        let bound = self.bound(operator, given, shape);
        let knows = |name: &str| matches!(name, "in" | "cond");
        given.iter_mut().filter(|(name, _)| !knows(name)).for_each(|(_, value)| self.value(value, shape));
        let outer = self.scope.len();
        self.scope.extend(bound);
        given.iter_mut().filter(|(name, _)| knows(name)).for_each(|(_, value)| self.value(value, shape));
        self.scope.truncate(outer);
    }

    /// Refuses an order of elements by what is behind a link.
    pub(super) fn check_order(&mut self, given: &[(String, Expr)], shape: &Shape) {
        let operand = |wanted: &str| given.iter().find_map(|(name, value)| (name == wanted).then_some(value));
        let (Some(input), Some(keys)) = (operand("input"), operand("sortBy")) else { return };
        let element = self.element(input, shape);
        for key in named_paths::keys(keys) {
            let path = format!("this.{}", key.as_str());
            if let Some(crossing) = element.crossing(&path) {
                self.refuse_variable(key.as_str(), &crossing);
            }
        }
    }

    fn bound(&self, operator: &str, given: &[(String, Expr)], shape: &Shape) -> Vec<(String, DType)> {
        let operand = |wanted: &str| given.iter().find_map(|(name, value)| (name == wanted).then_some(value));
        if operator == "$let" {
            let Some(Expr::Document(variables)) = operand("vars") else { return Vec::new() };
            return variables.iter().map(|(name, value)| (name.clone(), self.type_of(value, shape))).collect();
        }
        let element = operand("input").map_or(DType::Any, |input| self.element(input, shape));
        match operand("as") {
            Some(Expr::Literal(Value(RawBson::String(name)))) => vec![(name.clone(), element)],
            _ => vec![("value".to_owned(), DType::Any), ("this".to_owned(), element)],
        }
    }

    fn element(&self, list: &Expr, shape: &Shape) -> DType {
        if let DType::Array(item) = self.type_of(list, shape).non_null() { *item } else { DType::Any }
    }

    fn type_of(&self, value: &Expr, shape: &Shape) -> DType {
        match value {
            Expr::Field(path) => {
                shape.dtype(&path.root().into()).map_or(DType::Any, |first| read_type(path.as_str(), &first))
            }
            Expr::Variable(path) => self.known(path).map_or(DType::Any, |first| read_type(path, first)),
            other => operator::dtype(other, shape),
        }
    }

    /// The type of the variable that a path begins with.
    fn known(&self, path: &str) -> Option<&DType> {
        self.scope.iter().rev().find_map(|(name, dtype)| (name == root(path)).then_some(dtype))
    }

    /// Refuses what is behind a link; the value where the path names a position.
    pub(super) fn variable(&mut self, path: &str) -> Option<Expr> {
        let dtype = Cow::Borrowed(self.known(path)?);
        let Some(crossing) = dtype.crossing(path) else {
            return positioned(path, &dtype, |path| Expr::Variable(path.to_owned()));
        };
        self.refuse_variable(path, &crossing);
        None
    }

    fn refuse_variable(&mut self, path: &str, crossing: &Crossing) {
        let message = format!("'{path}' is a field of a linked document, and the value here is the link");
        let hint = if crossing.rest.as_str() == "_id" {
            format!("'{}' itself is the id", crossing.link.as_str())
        } else {
            "read it by its whole path, such as Book.editors.name, which gives the list of all".to_owned()
        };
        self.report(CompileError::new("link_not_followed", message).at(path).hint(hint));
    }
}
