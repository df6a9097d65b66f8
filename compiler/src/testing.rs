//! Helpers of the rule tests.

use data_bridge_ir::expr::CompareOp;
use data_bridge_ir::plan::{Read, Source, Terminal};
use data_bridge_ir::schema::{FieldSchema, Schema};
use data_bridge_ir::stage::SortKey;
use data_bridge_ir::{DType, Expr, SchemaRef, Stage, Value};

use crate::facts::Facts;
use crate::passes::{PredicateRule, StageRule};

pub fn compare(path: &str, op: CompareOp, value: impl Into<Value>) -> Expr {
    Expr::compare(op, Expr::field(path), Expr::Literal(value.into()))
}

pub fn eq(path: &str, value: impl Into<Value>) -> Expr {
    compare(path, CompareOp::Eq, value)
}

pub fn gt(path: &str, value: impl Into<Value>) -> Expr {
    compare(path, CompareOp::Gt, value)
}

pub fn sort(path: &str) -> Stage {
    Stage::Sort(vec![SortKey { path: path.into(), descending: true }])
}

/// A read of a collection about which nothing is known.
pub fn read(stages: Vec<Stage>, terminal: Terminal) -> Read {
    let source = Source { collection: "things".into(), database: None, schema: SchemaRef::declare("Thing") };
    Read { source, stages, terminal, options: Default::default() }
}

/// What is known of a trusted class with fields of many kinds.
pub fn known() -> Facts {
    let schema = SchemaRef::declare("User");
    let colors = ["blue", "green", "red"].map(Value::from).to_vec();
    let fields = [
        ("age".to_owned(), FieldSchema::new(DType::Int, true)),
        ("city".to_owned(), FieldSchema::new(DType::String, true)),
        ("score".to_owned(), FieldSchema::new(DType::Double, true)),
        ("nickname".to_owned(), FieldSchema::new(DType::union(vec![DType::String, DType::Null]), false)),
        ("tags".to_owned(), FieldSchema::new(DType::Array(Box::new(DType::String)), true)),
        ("color".to_owned(), FieldSchema { values: Some(colors), ..FieldSchema::new(DType::String, true) }),
    ];
    schema.define(Schema { fields: fields.into(), ..Schema::default() });
    schema.set_trust(Some("the test says so"));
    Facts::of(&schema, &Default::default())
}

pub fn print(stages: &[Stage]) -> String {
    stages.iter().map(ToString::to_string).collect::<Vec<_>>().join(" . ")
}

pub fn assert_rewrites(rule: &dyn PredicateRule, before: Expr, after: &str) {
    assert_rewrites_knowing(rule, &Facts::none(), before, after);
}

pub fn assert_unchanged(rule: &dyn PredicateRule, before: Expr) {
    assert_unchanged_knowing(rule, &Facts::none(), before);
}

pub fn assert_rewrites_knowing(rule: &dyn PredicateRule, facts: &Facts, before: Expr, after: &str) {
    assert_eq!(rule.rewrite(&before, facts).expect("the rule should fire").to_string(), after);
}

pub fn assert_unchanged_knowing(rule: &dyn PredicateRule, facts: &Facts, before: Expr) {
    assert_eq!(rule.rewrite(&before, facts), None);
}

pub fn assert_stages_rewrite(rule: &dyn StageRule, before: &[Stage], after: &str) {
    let (taken, stages) = rule.rewrite(before).expect("the rule should fire");
    assert_eq!(print(&[stages.as_slice(), &before[taken..]].concat()), after);
}

pub fn assert_stages_unchanged(rule: &dyn StageRule, before: &[Stage]) {
    assert_eq!(rule.rewrite(before), None);
}
