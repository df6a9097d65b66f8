//! Expressions that stand as match predicates.

use data_bridge_ir::expr::CompareOp;
use data_bridge_ir::{DType, Expr, Path, Value};

use super::Analyzer;
use super::link_conditions::Conditions;
use super::shape::Shape;
use crate::error::CompileError;
use crate::relations::links;

impl Analyzer {
    /// Makes an expression its match form. What a match cannot say by itself is computed as a value (`$expr`).
    pub(super) fn predicate(&mut self, expr: &mut Expr, shape: &Shape) {
        if self.across_link(expr, shape) {
            return;
        }
        match expr {
            Expr::And(terms) | Expr::Or(terms) | Expr::Nor(terms) => {
                terms.iter_mut().for_each(|term| self.predicate(term, shape));
            }
            Expr::Not(term) => self.predicate(term, shape),
            Expr::Compare { op, left, right } => {
                if let (Expr::Literal(_), Expr::Field(_)) = (&**left, &**right) {
                    std::mem::swap(left, right);
                    *op = op.flipped();
                }
                match (&**left, &**right) {
                    (Expr::Field(path), Expr::Literal(value)) => self.comparison(*op, path, value, shape),
                    _ => self.computed(expr, shape),
                }
            }
            Expr::In { needle, values, .. } => match &**needle {
                Expr::Field(path) => self.fit(path, values, shape),
                _ => self.computed(expr, shape),
            },
            Expr::ElemMatch { field, predicate } => {
                let element = self.element_shape(field, shape);
                if **predicate == Expr::Literal(Value::from(true)) {
                    **predicate = Expr::element();
                }
                self.predicate(predicate, &element);
                if links(predicate) {
                    self.refuse_element(field);
                } else if is_computed(predicate) {
                    let message = format!("a test of one element of '{}' computes a value", field.as_str());
                    let error = CompileError::new("no_match_form", message).at(field.as_str());
                    self.report(error.hint("write Expr(fn.any_element_true(User.items.map(lambda item: ...)))"));
                }
            }
            Expr::All { field, values } => self.fit(field, values, shape),
            Expr::FieldOperator { field, operand, .. } if asks_linked(field, operand, shape) => {
                self.refuse_element(field);
            }
            Expr::Exists { field, .. }
            | Expr::IsType { field, .. }
            | Expr::Regex { field, .. }
            | Expr::Size { field, .. }
            | Expr::Mod { field, .. }
            | Expr::FieldOperator { field, .. } => {
                if !field.as_str().is_empty() {
                    self.path(field, shape);
                }
                self.check_operand(expr, shape);
            }
            Expr::Field(path) => {
                if let Some(dtype) = self.path(path, shape)
                    && !dtype.comparable_to(&DType::Bool)
                {
                    let message = format!("'{}' is {dtype}, and as such neither true nor false", path.as_str());
                    let error = CompileError::new("not_a_predicate", message).at(path.as_str());
                    self.report(error.hint("compare it, User.age > 0, or ask whether it is there, User.age.exists()"));
                }
                *expr = Expr::compare(CompareOp::Eq, expr.take(), Expr::Literal(Value::from(true)));
            }
            Expr::Literal(Value(bson::RawBson::Boolean(value))) => *expr = Expr::Constant(*value),
            Expr::Literal(value) => {
                let message = format!("{value} is not a predicate");
                self.report(CompileError::new("not_a_predicate", message).hint("compare a field with it"));
                *expr = Expr::Constant(true);
            }
            Expr::Call { .. } | Expr::Variable(_) | Expr::Document(_) | Expr::Array(_) => self.computed(expr, shape),
            Expr::Computed(child) => self.value(child, shape),
            Expr::Constant(_) | Expr::Raw(_) | Expr::Linked { .. } | Expr::Filter(_) => {}
        }
    }

    fn refuse_element(&mut self, list: &Path) {
        let message = format!("a test of one element of '{}' goes through a link", list.as_str());
        let error = CompileError::new("link_not_followed", message).at(list.as_str());
        self.report(error.hint("compare the link with ids that were read before, or leave out any()"));
    }

    fn computed(&mut self, expr: &mut Expr, shape: &Shape) {
        self.value(expr, shape);
        *expr = Expr::Computed(Box::new(expr.take()));
    }

    fn comparison(&mut self, op: CompareOp, path: &Path, value: &Value, shape: &Shape) {
        self.fit(path, std::slice::from_ref(value), shape);
        if value.is_regex() && !matches!(op, CompareOp::Eq | CompareOp::Ne) {
            let message = format!("'{}' cannot be ordered against a regular expression", path.as_str());
            self.report(CompileError::new("regex_not_ordered", message).at(path.as_str()));
        }
    }

    /// What paths inside an element match may name.
    fn element_shape(&mut self, field: &Path, shape: &Shape) -> Shape {
        match shape.dtype(field) {
            Err(error) => {
                self.report(error);
                Shape::open("the list is not known")
            }
            Ok(dtype) => {
                if !dtype.may_be_array() {
                    let message = format!("'{}' is {dtype}, not a list: no element of it can match", field.as_str());
                    self.report(CompileError::new("not_a_list", message).at(field.as_str()));
                }
                let items = dtype.members().iter().filter_map(|member| match member {
                    DType::Array(item) => Some((**item).clone()),
                    _ => None,
                });
                match items.collect::<Vec<_>>().as_slice() {
                    [DType::Document(schema)] => Shape::of(schema),
                    [element @ DType::Link { .. }] => {
                        let element = [(String::new(), element.clone())];
                        Shape::open("its elements are links").adding(element)
                    }
                    _ => Shape::open("its elements are no documents of a class"),
                }
            }
        }
    }

    /// A value that no stored value of the field could be compared with is a mistake.
    fn fit(&mut self, path: &Path, values: &[Value], shape: &Shape) {
        if path.as_str().is_empty() || values.is_empty() {
            return;
        }
        let Some(dtype) = self.path(path, shape) else { return };
        for value in values.iter().filter(|value| !dtype.comparable_to(&value.dtype())) {
            let message = format!("'{}' is {dtype} and never compares with {value} ({})", path.as_str(), value.dtype());
            self.report(CompileError::new("incomparable", message).at(path.as_str()).hint(format!("give {dtype}")));
        }
    }
}

/// Whether an operator asks elements of a list for what is behind a link.
fn asks_linked(list: &Path, operand: &Value, shape: &Shape) -> bool {
    let Shape::Declared { schema, .. } = shape else { return false };
    let mut conditions = Conditions::of(schema);
    conditions.all(operand, list);
    !conditions.behind.is_empty()
}

/// Whether a predicate computes a value, which the server does of whole documents only.
fn is_computed(predicate: &Expr) -> bool {
    match predicate {
        Expr::Computed(_) => true,
        Expr::And(terms) | Expr::Or(terms) | Expr::Nor(terms) => terms.iter().any(is_computed),
        Expr::Not(term) => is_computed(term),
        Expr::ElemMatch { predicate, .. } => is_computed(predicate),
        _ => false,
    }
}
