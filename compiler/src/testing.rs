//! Helpers of the rule tests.

use data_bridge_ir::dtype::LinkForm;
use data_bridge_ir::expr::{CompareOp, Operands};
use data_bridge_ir::plan::{Read, Source, Terminal};
use data_bridge_ir::schema::{Collection, FieldSchema, Schema, Unique};
use data_bridge_ir::stage::{Accumulator, Lookup, Projected, SortKey, UnionWith};
use data_bridge_ir::{DType, Expr, SchemaRef, Stage, Value};

use crate::facts::Facts;
use crate::passes::driver::{Driver, Rules};
use crate::passes::flags::Flags;
use crate::passes::{LimitRule, MatchRule, PredicateRule, StageRule};

pub fn compare(path: &str, op: CompareOp, value: impl Into<Value>) -> Expr {
    Expr::compare(op, Expr::field(path), Expr::Literal(value.into()))
}

pub fn eq(path: &str, value: impl Into<Value>) -> Expr {
    compare(path, CompareOp::Eq, value)
}

pub fn gt(path: &str, value: impl Into<Value>) -> Expr {
    compare(path, CompareOp::Gt, value)
}

/// A predicate computed as a value.
pub fn computed(value: Expr) -> Expr {
    Expr::Computed(Box::new(value))
}

pub fn set(path: &str, value: Expr) -> Stage {
    Stage::Set(vec![(path.into(), value)])
}

pub fn include(paths: &[&str]) -> Stage {
    Stage::Project(paths.iter().map(|path| ((*path).into(), Projected::Include)).collect())
}

pub fn exclude(paths: &[&str]) -> Stage {
    Stage::Project(paths.iter().map(|path| ((*path).into(), Projected::Exclude)).collect())
}

/// An operator of values, of one operand.
pub fn call(name: &str, operand: Expr) -> Expr {
    Expr::Call { name: name.to_owned(), operands: Operands::Single(Box::new(operand)) }
}

pub fn null() -> Value {
    Value(bson::RawBson::Null)
}

/// A value that matches by pattern.
pub fn pattern() -> Value {
    let regex = bson::Regex { pattern: bson::cstr!("^x").into(), options: bson::cstr!("").into() };
    Value(bson::RawBson::RegularExpression(regex))
}

/// What no rule may evaluate elsewhere, or more or less often.
pub fn chance() -> Expr {
    Expr::Call { name: "$rand".to_owned(), operands: Operands::Positional(Vec::new()) }
}

/// `n`, the sum of a field by another.
pub fn group(by: &str, summed: &str) -> Stage {
    let operands = Some(Operands::Single(Box::new(Expr::field(summed))));
    let sum = Accumulator { output: "n".to_owned(), name: "$sum".to_owned(), operands };
    Stage::Group { by: Some(Expr::field(by)), outputs: vec![sum] }
}

/// Other documents whose `other` is this one's `own`.
pub fn lookup(output: &str) -> Stage {
    Stage::Lookup(Lookup {
        class: None,
        collection: Some("others".to_owned()),
        local: Some("own".into()),
        foreign: Some("other".into()),
        variables: Vec::new(),
        pipeline: None,
        output: output.to_owned(),
    })
}

/// The documents of `others` behind these.
pub fn union(pipeline: Vec<Stage>) -> Stage {
    Stage::UnionWith(UnionWith { collection: Some("others".to_owned()), class: None, pipeline })
}

/// The outputs `f0`, `f1`, ...
pub fn facet(pipelines: Vec<Vec<Stage>>) -> Stage {
    Stage::Facet(pipelines.into_iter().enumerate().map(|(place, stages)| (format!("f{place}"), stages)).collect())
}

/// Gives a document for each element.
pub fn unwind(path: &str) -> Stage {
    Stage::Unwind { path: path.into(), index: None, preserve: false }
}

/// A stage that has no node of its own.
pub fn generic() -> Stage {
    Stage::Generic { name: "$densify".to_owned(), body: Expr::Document(Vec::new()), class: None }
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
    Facts::of(&known_schema(), &Default::default())
}

/// What is known of them in a query with a collation of its own.
pub fn known_under_collation() -> Facts {
    let collation = ("collation".to_owned(), Value::from("de"));
    Facts::of(&known_schema(), &[collation].into_iter().collect())
}

fn known_schema() -> SchemaRef {
    let schema = SchemaRef::declare("User");
    let item = SchemaRef::declare("Item");
    let maybe = DType::union(vec![DType::Document(item.clone()), DType::Null]);
    let colors = ["blue", "green", "red"].map(Value::from).to_vec();
    let closed = |dtype, required| FieldSchema { values: Some(colors.clone()), ..FieldSchema::new(dtype, required) };
    let fields = [
        ("age".to_owned(), FieldSchema::new(DType::Int, true)),
        ("city".to_owned(), FieldSchema::new(DType::String, true)),
        ("score".to_owned(), FieldSchema::new(DType::Double, true)),
        ("nickname".to_owned(), FieldSchema::new(DType::union(vec![DType::String, DType::Null]), false)),
        ("tags".to_owned(), FieldSchema::new(DType::Array(Box::new(DType::String)), true)),
        ("maybe".to_owned(), FieldSchema::new(DType::Array(Box::new(maybe)), true)),
        ("items".to_owned(), FieldSchema::new(DType::Array(Box::new(DType::Document(item))), true)),
        ("color".to_owned(), closed(DType::String, true)),
        ("second".to_owned(), closed(DType::union(vec![DType::String, DType::Null]), true)),
        ("third".to_owned(), closed(DType::String, false)),
        ("colors".to_owned(), closed(DType::Array(Box::new(DType::String)), true)),
    ];
    schema.define(Schema { fields: fields.into_iter().collect(), ..Schema::default() });
    schema.set_trust(Some("the test says so"));
    schema.set_unique(Some(Unique { paths: vec!["email".into()].into(), reason: "an index of the test".into() }));
    schema
}

/// Books with an author, maybe an editor, and readers: links as ids, of which none dangles.
pub fn linking_schema() -> SchemaRef {
    let author = SchemaRef::declare("Author");
    let collection = Some(Collection { database: None, name: "authors".to_owned() });
    author.define(Schema { collection, ..Schema::default() });
    let link = DType::Link { target: author, id: Box::new(DType::Int), form: LinkForm::Id, back: None };
    let fields = [
        ("author".to_owned(), FieldSchema::new(link.clone(), true)),
        ("editor".to_owned(), FieldSchema::new(DType::union(vec![link.clone(), DType::Null]), false)),
        ("readers".to_owned(), FieldSchema::new(DType::Array(Box::new(link)), true)),
    ];
    let book = SchemaRef::declare("Book");
    book.define(Schema { fields: fields.into_iter().collect(), ..Schema::default() });
    book.set_trust(Some("the test says so"));
    book.set_link_forms_kept(true);
    book.set_links_lead(Some("the test says so"));
    book
}

/// What is known of those books.
pub fn linking() -> Facts {
    Facts::of(&linking_schema(), &Default::default())
}

/// Something asked of what a link leads to.
pub fn linked(link: &str, predicate: Expr) -> Expr {
    let predicate = Box::new(predicate);
    Expr::Linked { link: link.into(), target: SchemaRef::declare("Author"), back: None, predicate }
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

/// What becomes of the stages where these are the only rules.
fn climbed(matching: &[&dyn MatchRule], limiting: &[&dyn LimitRule], stages: &[Stage]) -> Vec<Stage> {
    let (flags, rules) = (Flags::all(), Rules::new(&[], matching, limiting, &[], &[], &[]));
    let read = Driver::new(&rules, &flags, true).read(read(stages.to_vec(), Terminal::Aggregate));
    read.expect("the rules should come to an end").stages
}

pub fn assert_passes(rule: &dyn MatchRule, before: &[Stage], after: &str) {
    assert_eq!(print(&climbed(&[rule], &[], before)), after);
    assert_ne!(print(before), after);
}

pub fn assert_stays(rule: &dyn MatchRule, before: &[Stage]) {
    assert_eq!(climbed(&[rule], &[], before), before);
}

pub fn assert_limit_passes(rule: &dyn LimitRule, before: &[Stage], after: &str) {
    assert_eq!(print(&climbed(&[], &[rule], before)), after);
    assert_ne!(print(before), after);
}

pub fn assert_limit_stays(rule: &dyn LimitRule, before: &[Stage]) {
    assert_eq!(climbed(&[], &[rule], before), before);
}

pub fn assert_stages_rewrite(rule: &dyn StageRule, before: &[Stage], after: &str) {
    let rewrite = rule.rewrite(before).expect("the rule should fire");
    let mut stages = before.to_vec().into();
    rewrite.apply(&mut stages);
    assert_eq!(print(stages.make_contiguous()), after);
}

pub fn assert_stages_unchanged(rule: &dyn StageRule, before: &[Stage]) {
    assert_eq!(rule.rewrite(before), None);
}
