//! Expressions that stand as match predicates.

use data_bridge_ir::expr::CompareOp;
use data_bridge_ir::{DType, Expr, Path, Value};

use super::Analyzer;
use super::shape::Shape;
use crate::error::CompileError;

impl Analyzer {
    /// The match form of an expression. What a match cannot say by itself is computed as a value (`$expr`).
    pub(super) fn predicate(&mut self, expr: Expr, shape: &Shape) -> Expr {
        let expr = match self.across_link(expr, shape) {
            Ok(linked) => return linked,
            Err(local) => local,
        };
        match expr {
            Expr::And(terms) => Expr::And(self.predicates(terms, shape)),
            Expr::Or(terms) => Expr::Or(self.predicates(terms, shape)),
            Expr::Nor(terms) => Expr::Nor(self.predicates(terms, shape)),
            Expr::Not(term) => Expr::Not(Box::new(self.predicate(*term, shape))),
            Expr::Compare { op, left, right } => self.compare(op, *left, *right, shape),
            Expr::In { needle, values, negated } => match *needle {
                Expr::Field(path) => {
                    values.iter().for_each(|value| self.fits(&path, value, shape));
                    Expr::In { needle: Box::new(Expr::Field(path)), values, negated }
                }
                needle => self.computed(Expr::In { needle: Box::new(needle), values, negated }, shape),
            },
            Expr::ElemMatch { field, predicate } => self.elem_match(field, *predicate, shape),
            Expr::All { field, values } => {
                values.iter().for_each(|value| self.fits(&field, value, shape));
                Expr::All { field, values }
            }
            Expr::Exists { ref field, .. }
            | Expr::IsType { ref field, .. }
            | Expr::Regex { ref field, .. }
            | Expr::Size { ref field, .. }
            | Expr::Mod { ref field, .. }
            | Expr::FieldOperator { ref field, .. } => {
                self.operand_path(field, shape);
                self.check_operand(&expr, shape);
                expr
            }
            Expr::Field(path) => {
                self.path(&path, shape);
                Expr::compare(CompareOp::Eq, Expr::Field(path), Expr::Literal(Value::from(true)))
            }
            Expr::Literal(Value(bson::RawBson::Boolean(value))) => Expr::Constant(value),
            Expr::Literal(value) => {
                let message = format!("{value} is not a predicate");
                self.report(CompileError::new("not_a_predicate", message).hint("compare a field with it"));
                Expr::Constant(true)
            }
            Expr::Call { .. } | Expr::Variable(_) | Expr::Document(_) | Expr::Array(_) => self.computed(expr, shape),
            Expr::Computed(child) => self.computed(*child, shape),
            Expr::Constant(_) | Expr::Raw(_) | Expr::Linked { .. } | Expr::Filter(_) => expr,
        }
    }

    fn predicates(&mut self, terms: Vec<Expr>, shape: &Shape) -> Vec<Expr> {
        terms.into_iter().map(|term| self.predicate(term, shape)).collect()
    }

    fn computed(&mut self, expr: Expr, shape: &Shape) -> Expr {
        Expr::Computed(Box::new(self.value(expr, shape)))
    }

    fn compare(&mut self, op: CompareOp, left: Expr, right: Expr, shape: &Shape) -> Expr {
        match (left, right) {
            (Expr::Field(path), Expr::Literal(value)) => {
                self.fits(&path, &value, shape);
                if value.is_regex() && !matches!(op, CompareOp::Eq | CompareOp::Ne) {
                    let message = format!("'{}' cannot be ordered against a regular expression", path.as_str());
                    self.report(CompileError::new("regex_not_ordered", message).at(path.as_str()));
                }
                Expr::compare(op, Expr::Field(path), Expr::Literal(value))
            }
            (Expr::Literal(value), Expr::Field(path)) => {
                self.compare(op.flipped(), Expr::Field(path), Expr::Literal(value), shape)
            }
            (left, right) => self.computed(Expr::compare(op, left, right), shape),
        }
    }

    fn elem_match(&mut self, field: Path, predicate: Expr, shape: &Shape) -> Expr {
        let element = self.element_shape(&field, shape);
        let predicate = self.predicate(predicate, &element);
        Expr::ElemMatch { field, predicate: Box::new(predicate) }
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
                    _ => Shape::open("its elements are no documents of a class"),
                }
            }
        }
    }

    fn operand_path(&mut self, path: &Path, shape: &Shape) {
        if !path.as_str().is_empty() {
            self.path(path, shape);
        }
    }

    /// A value that no stored value of the field could be compared with is a mistake.
    fn fits(&mut self, path: &Path, value: &Value, shape: &Shape) {
        if path.as_str().is_empty() {
            return;
        }
        self.path(path, shape);
        if let Ok(dtype) = shape.dtype(path)
            && !dtype.comparable_to(&value.dtype())
        {
            let message = format!("'{}' is {dtype} and never compares with {value} ({})", path.as_str(), value.dtype());
            self.report(CompileError::new("incomparable", message).at(path.as_str()).hint(format!("give {dtype}")));
        }
    }
}
