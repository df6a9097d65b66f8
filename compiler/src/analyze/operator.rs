//! Calls of operators against the table: their arguments, and the type of what they give.
//!
//! Operators that the table does not have pass as they are: a newer server may have them.

use std::borrow::Cow;

use bson::RawBson;
use data_bridge_ir::catalog::{Bound, Kind, Misuse, Operator};
use data_bridge_ir::expr::Path;
use data_bridge_ir::{DType, Expr, Operands, Value};

use super::Analyzer;
use super::shape::Shape;
use crate::error::CompileError;

impl Analyzer {
    /// Reports everything that is wrong with what an operator is given.
    pub(super) fn check_call(&mut self, kind: Kind, name: &str, operands: &Operands, shape: &Shape) {
        let Some(operator) = Operator::find(kind, name) else { return };
        match operator.bind(operands) {
            Err(wrong) => wrong.iter().for_each(|misuse| self.report(misused(misuse))),
            Ok(bound) => self.check_types(operator, &bound, shape),
        }
    }

    fn check_types(&mut self, operator: &Operator, bound: &Bound<'_>, shape: &Shape) {
        for (argument, item) in bound {
            if argument.types.iter().any(|kind| kind.admits_all()) {
                continue;
            }
            let dtype = dtype(item, shape);
            if argument.types.iter().any(|kind| kind.admits(&dtype)) {
                continue;
            }
            let wanted: Vec<_> = argument.types.iter().map(|kind| kind.label()).collect();
            let message = format!("{} takes {} as '{}'", operator.name, wanted.join(" or "), argument.name);
            let error = CompileError::new("argument_type", format!("{message}: {item} is {dtype}")).at(operator.name);
            self.report(match instead(operator, item, &dtype, shape) {
                Some(hint) => error.hint(hint),
                None => error,
            });
        }
    }
}

/// What was meant: a field by its name, values that are joined and not added, the numbers in a list.
fn instead(operator: &Operator, item: &Expr, dtype: &DType, shape: &Shape) -> Option<String> {
    if let Expr::Literal(Value(RawBson::String(text))) = item
        && let Some(label) = shape.label_of(text.trim_start_matches('$'))
    {
        return Some(format!("a text is a constant; the field is {label}"));
    }
    match dtype.non_null() {
        DType::String if operator.name == "$add" => Some("texts are joined by fn.concat(a, b)".to_owned()),
        DType::Array(_) if operator.name == "$add" => Some("lists are joined by fn.concat_arrays(a, b)".to_owned()),
        DType::Array(_) if operator.kind == Kind::Accumulator => {
            Some("Unwind the list first, or give one number of each list, such as fn.sum(...)".to_owned())
        }
        _ => None,
    }
}

fn misused(misuse: &Misuse) -> CompileError {
    CompileError::new(misuse.code(), misuse.to_string()).at(misuse.operator().name).hint(misuse.hint())
}

/// The type of a value; anything where that cannot be told.
pub fn dtype(expr: &Expr, shape: &Shape) -> DType {
    match expr {
        Expr::Field(path) => field(path, shape),
        Expr::Literal(value) => match value.dtype() {
            // What a literal list or document holds is not looked into.
            DType::Array(_) => DType::Array(Box::new(DType::Any)),
            other => other,
        },
        Expr::Constant(_) | Expr::Compare { .. } => DType::Bool,
        Expr::Call { name, operands } => call(Kind::Expression, name, operands, shape),
        Expr::Document(fields) if fields.is_empty() => DType::Map(Box::new(DType::Any)),
        Expr::Document(fields) => {
            let fields = fields.iter().map(|(name, value)| (name.clone(), dtype(value, shape)));
            DType::of_fields(fields)
        }
        Expr::Array(items) if items.is_empty() => DType::Array(Box::new(DType::Any)),
        Expr::Array(items) => {
            let items = items.iter().map(|item| dtype(item, shape)).collect();
            DType::Array(Box::new(DType::union(items)))
        }
        Expr::Computed(child) => dtype(child, shape),
        _ => DType::Any,
    }
}

/// The type that an operator, or an accumulator, gives.
pub fn call(kind: Kind, name: &str, operands: &Operands, shape: &Shape) -> DType {
    let Some(operator) = Operator::find(kind, name) else { return DType::Any };
    let Ok(bound) = operator.bind(operands) else { return DType::Any };
    let given: Vec<_> = bound.iter().map(|(argument, item)| (argument.name, dtype(item, shape))).collect();
    operator.result(&given)
}

/// As a value a path through a list gives a list; what a position in one gives, and what stands behind a value that may
/// be a list or not, is not known.
fn field(path: &Path, shape: &Shape) -> DType {
    if path.as_str().is_empty() {
        return DType::Any;
    }
    let mut found = shape.dtype(path).map_or(DType::Any, Cow::into_owned);
    for (end, _) in path.as_str().rmatch_indices('.') {
        let before = Path(path.as_str()[..end].to_owned());
        match shape.dtype(&before) {
            Ok(dtype) if !dtype.may_be_array() => {}
            Ok(dtype) if is_list(&dtype) && !path.has_position() => {
                found = DType::Array(Box::new(found));
                if dtype.nullable() {
                    found = DType::union(vec![found, DType::Null]);
                }
            }
            _ => return DType::Any,
        }
    }
    found
}

fn is_list(dtype: &DType) -> bool {
    matches!(dtype.non_null(), DType::Array(_))
}

#[cfg(test)]
mod tests {
    use data_bridge_ir::plan::{Plan, Read, Source, Terminal};
    use data_bridge_ir::schema::{FieldSchema, Schema};
    use data_bridge_ir::{SchemaRef, Stage};

    use super::*;
    use crate::compile::compile;
    use crate::error::Failure;
    use crate::passes::flags::Flags;

    fn schema() -> SchemaRef {
        let item = SchemaRef::declare("Item");
        let field = |dtype| FieldSchema::new(dtype, true);
        item.define(Schema {
            fields: [("price".to_owned(), field(DType::Double))].into_iter().collect(),
            ..Schema::default()
        });
        let schema = SchemaRef::declare("User");
        let items = DType::Array(Box::new(DType::Document(item)));
        let fields = [("age", DType::Int), ("name", DType::String), ("items", items)];
        let fields = fields.into_iter().map(|(name, dtype)| (name.to_owned(), field(dtype))).collect();
        schema.define(Schema { fields, ..Schema::default() });
        schema
    }

    fn shape() -> Shape {
        Shape::of(&schema())
    }

    fn positional(name: &str, operands: Vec<Expr>) -> Expr {
        Expr::Call { name: name.to_owned(), operands: Operands::Positional(operands) }
    }

    fn errors(value: Expr) -> Vec<String> {
        let source = Source { collection: "users".into(), database: None, schema: schema() };
        let stages = vec![Stage::Set(vec![("x".into(), value)])];
        let plan = Plan::Read(Read { source, stages, terminal: Terminal::Aggregate, options: Default::default() });
        match compile(plan, &Flags::all(), false) {
            Err(Failure::Query(errors)) => errors.iter().map(ToString::to_string).collect(),
            Ok(_) => vec![],
            Err(other) => panic!("{other:?}"),
        }
    }

    #[test]
    fn a_path_through_a_list_is_not_its_element() {
        let prices = DType::Array(Box::new(DType::Double));
        assert_eq!(dtype(&Expr::field("items.price"), &shape()), prices);
        assert_eq!(dtype(&Expr::field("items.0.price"), &shape()), DType::Any);
        assert_eq!(dtype(&Expr::field("age"), &shape()), DType::Int);
    }

    #[test]
    fn calls_inside_calls_have_types() {
        let half = positional("$divide", vec![Expr::field("age"), Expr::Literal(Value::from(2))]);
        let sum = positional("$add", vec![half, Expr::field("age")]);
        assert_eq!(dtype(&sum, &shape()).to_string(), "double | null");
    }

    #[test]
    fn all_mistakes_of_a_query_come_at_once() {
        let bad = positional("$add", vec![positional("$abs", vec![]), positional("$abs", vec![Expr::field("name")])]);
        let found = errors(bad);
        assert_eq!(found.len(), 2, "{found:?}");
        assert!(found[0].starts_with("$abs needs 'number'"), "{}", found[0]);
        assert_eq!(found[1], "$abs takes a number as 'number': name is string");
    }

    fn sent(value: Expr) -> String {
        let source = Source { collection: "users".into(), database: None, schema: schema() };
        let stages = vec![Stage::Set(vec![("x".into(), value)])];
        let plan = Plan::Read(Read { source, stages, terminal: Terminal::Aggregate, options: Default::default() });
        crate::explain::mql(&compile(plan, &Flags::all(), false).unwrap().physical.steps[0].command, true)
    }

    #[test]
    fn a_position_in_a_list_is_an_operator_of_values() {
        assert!(sent(Expr::field("items.0")).contains(r#"{"x":{"$arrayElemAt":["$items",0]}}"#));
        let price = sent(Expr::field("items.0.price"));
        let element = r#"{"vars":{"element":{"$arrayElemAt":["$items",0]}},"in":"$$element.price"}"#;
        assert!(price.contains(element), "{price}");
        assert!(sent(Expr::field("items.price")).contains(r#"{"x":"$items.price"}"#));
    }

    #[test]
    fn operators_of_the_future_pass() {
        assert_eq!(errors(positional("$notYetThere", vec![Expr::field("name")])), Vec::<String>::new());
    }
}
