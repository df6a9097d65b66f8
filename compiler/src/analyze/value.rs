//! Expressions that stand as values: in projections, groups and computed predicates.

use data_bridge_ir::catalog::Kind;
use data_bridge_ir::expr::CompareOp;
use data_bridge_ir::{Expr, Operands, Value};

use super::Analyzer;
use super::shape::Shape;
use super::variables::binds;
use crate::error::CompileError;

fn call(name: &str, operands: Vec<Expr>) -> Expr {
    Expr::Call { name: name.to_owned(), operands: Operands::Positional(operands) }
}

fn literal(value: impl Into<Value>) -> Expr {
    Expr::Literal(value.into())
}

impl Analyzer {
    /// Makes an expression its value form: predicates become the aggregation operators that mean the same.
    pub(super) fn value(&mut self, expr: &mut Expr, shape: &Shape) {
        match expr {
            Expr::Field(path) => {
                self.path(path, shape);
                if let Some(element) = shape.positioned(path) {
                    *expr = element;
                }
            }
            Expr::Variable(path) => {
                if let Some(element) = self.variable(path) {
                    *expr = element;
                }
            }
            Expr::Call { name, operands } => {
                if let Operands::Named(given) = &*operands {
                    self.check_order(given, shape);
                }
                match &mut *operands {
                    Operands::Named(given) if binds(name) => self.binding(name, given, shape),
                    others => self.operands(others, shape),
                }
                self.check_call(Kind::Expression, name, operands, shape);
            }
            Expr::Compare { op, left, right } if !is_pattern_test(*op, right) => {
                self.value(left, shape);
                self.value(right, shape);
            }
            Expr::Document(fields) => fields.iter_mut().for_each(|(_, item)| self.value(item, shape)),
            Expr::Array(items) => self.values(items, shape),
            Expr::Filter(predicate) => self.filter(predicate, shape),
            Expr::Literal(_) | Expr::Raw(_) => {}
            Expr::ElemMatch { field, .. } => {
                self.report(no_value_form(
                    "elem_match",
                    field.as_str(),
                    "write fn.any_element_true(User.items.map(lambda item: item.price > 5))",
                ));
            }
            Expr::FieldOperator { field, name, .. } => {
                self.report(no_value_form(name, field.as_str(), "it stands in filters only"));
            }
            Expr::Linked { link, .. } => {
                self.report(no_value_form("a linked predicate", link.as_str(), "it stands in filters only"));
            }
            _ => *expr = self.operator(expr.take(), shape),
        }
    }

    /// The operator that a predicate is as a value.
    fn operator(&mut self, predicate: Expr, shape: &Shape) -> Expr {
        match predicate {
            Expr::And(mut terms) => {
                self.values(&mut terms, shape);
                call("$and", terms)
            }
            Expr::Or(mut terms) => {
                self.values(&mut terms, shape);
                call("$or", terms)
            }
            Expr::Nor(mut terms) => {
                self.values(&mut terms, shape);
                call("$not", vec![call("$or", terms)])
            }
            Expr::Not(mut term) => {
                self.value(&mut term, shape);
                call("$not", vec![*term])
            }
            Expr::Compare { op, mut left, right } => {
                self.value(&mut left, shape);
                let matched = matches_regex(*left, *right);
                if op == CompareOp::Ne { call("$not", vec![matched]) } else { matched }
            }
            Expr::Constant(value) => literal(value),
            Expr::In { mut needle, values, negated } => {
                self.value(&mut needle, shape);
                let found = member_of(*needle, values);
                if negated { call("$not", vec![found]) } else { found }
            }
            Expr::Exists { field, present } => {
                self.path(&field, shape);
                let op = if present { CompareOp::Ne } else { CompareOp::Eq };
                Expr::compare(op, call("$type", vec![Expr::Field(field)]), literal("missing"))
            }
            Expr::IsType { field, types } => {
                self.path(&field, shape);
                let types = types.iter().map(|name| literal(name.as_str())).collect();
                call("$in", vec![call("$type", vec![Expr::Field(field)]), Expr::Array(types)])
            }
            Expr::Regex { field, pattern, options } => {
                self.path(&field, shape);
                let mut operands =
                    vec![("input".to_owned(), Expr::Field(field)), ("regex".to_owned(), literal(pattern.as_str()))];
                if !options.is_empty() {
                    operands.push(("options".to_owned(), literal(options.as_str())));
                }
                Expr::Call { name: "$regexMatch".to_owned(), operands: Operands::Named(operands) }
            }
            Expr::Size { field, size } => {
                self.path(&field, shape);
                Expr::compare(CompareOp::Eq, call("$size", vec![Expr::Field(field)]), literal(size))
            }
            Expr::Mod { field, divisor, remainder } => {
                self.path(&field, shape);
                let rest = call("$mod", vec![Expr::Field(field), Expr::Literal(divisor)]);
                Expr::compare(CompareOp::Eq, rest, Expr::Literal(remainder))
            }
            Expr::All { field, values } => {
                self.path(&field, shape);
                let wanted = Expr::Array(values.into_iter().map(Expr::Literal).collect());
                call("$setIsSubset", vec![wanted, Expr::Field(field)])
            }
            Expr::Computed(mut child) => {
                self.value(&mut child, shape);
                *child
            }
            value => value,
        }
    }

    fn values(&mut self, items: &mut [Expr], shape: &Shape) {
        items.iter_mut().for_each(|item| self.value(item, shape));
    }
}

fn is_pattern_test(op: CompareOp, operand: &Expr) -> bool {
    matches!(op, CompareOp::Eq | CompareOp::Ne) && matches!(operand, Expr::Literal(value) if value.is_regex())
}

/// A regex that a value is compared with matches by pattern, as it does in a filter: the server's own `$eq` and `$in` of
/// values would look for a stored regex.
fn matches_regex(input: Expr, regex: Expr) -> Expr {
    let operands = vec![("input".to_owned(), input), ("regex".to_owned(), regex)];
    Expr::Call { name: "$regexMatch".to_owned(), operands: Operands::Named(operands) }
}

/// Whether a value is one of these, or matches one of the regexes among them.
fn member_of(needle: Expr, values: Vec<Value>) -> Expr {
    let (regexes, values): (Vec<_>, Vec<_>) = values.into_iter().partition(Value::is_regex);
    let listed = |needle, values: Vec<Value>| {
        call("$in", vec![needle, Expr::Array(values.into_iter().map(Expr::Literal).collect())])
    };
    if regexes.is_empty() {
        return listed(needle, values);
    }
    let mut found: Vec<Expr> =
        regexes.into_iter().map(|regex| matches_regex(needle.clone(), Expr::Literal(regex))).collect();
    if !values.is_empty() {
        found.push(listed(needle, values));
    }
    call("$or", found)
}

fn no_value_form(operator: &str, field: &str, hint: &str) -> CompileError {
    CompileError::new("no_value_form", format!("{operator} on '{field}' cannot be computed as a value"))
        .at(field)
        .hint(hint)
}
