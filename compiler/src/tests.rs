//! Whole compiles: what a query becomes on the wire.

use data_bridge_ir::expr::CompareOp;
use data_bridge_ir::plan::{Change, Plan, Read, Source, Terminal, Write};
use data_bridge_ir::schema::{FieldSchema, Schema};
use data_bridge_ir::stage::{Projected, UnionWith};
use data_bridge_ir::update::{Operation, Update};
use data_bridge_ir::{DType, Expr, SchemaRef, Stage, Value};

use crate::compile::{compile, compile_get};
use crate::error::Failure;
use crate::explain::{mql, text};
use crate::passes::flags::Flags;
use crate::physical::StepKind;
use crate::testing::{call, compare, eq, gt, set, sort, union};

fn users() -> Source {
    let schema = SchemaRef::declare("User");
    let field = |dtype| FieldSchema::new(dtype, true);
    let fields = [
        ("_id".to_owned(), field(DType::ObjectId)),
        ("age".to_owned(), field(DType::Int)),
        ("city".to_owned(), field(DType::String)),
        ("scores".to_owned(), field(DType::Array(Box::new(DType::Int)))),
    ];
    schema.define(Schema { fields: fields.into_iter().collect(), open: false, ..Schema::default() });
    Source { collection: "users".into(), database: None, schema }
}

fn read(stages: Vec<Stage>, terminal: Terminal) -> Plan {
    Plan::Read(Read { source: users(), stages, terminal, options: Default::default() })
}

fn command(plan: Plan) -> String {
    let compiled = compile(plan, &Flags::all(), false).unwrap();
    compiled.physical.steps.iter().map(|step| mql(&step.command, true)).collect::<Vec<_>>().join("\n")
}

fn found(predicate: Expr) -> String {
    command(read(vec![Stage::Match(predicate)], Terminal::Find))
}

fn errors(plan: Plan) -> Vec<String> {
    match compile(plan, &Flags::all(), false) {
        Err(Failure::Query(errors)) => errors.iter().map(ToString::to_string).collect(),
        other => panic!("expected errors, got {other:?}"),
    }
}

#[test]
fn a_find_reads_like_the_query() {
    let stages = vec![Stage::Match(Expr::And(vec![gt("age", 25), eq("city", "NYC")])), sort("age"), Stage::Limit(10)];
    insta::assert_snapshot!(command(read(stages, Terminal::Find)), @r#"{"find":"users","filter":{"age":{"$gt":25},"city":"NYC"},"sort":{"age":-1},"limit":10}"#);
}

#[test]
fn bounds_of_one_path_share_a_document_and_equalities_do_not_clash() {
    insta::assert_snapshot!(found(Expr::And(vec![gt("age", 1), compare("age", CompareOp::Lt, 5)])), @r#"{"find":"users","filter":{"age":{"$gt":1,"$lt":5}}}"#);
    insta::assert_snapshot!(found(Expr::And(vec![eq("scores", 1), eq("scores", 2)])), @r#"{"find":"users","filter":{"scores":1,"$and":[{"scores":2}]}}"#);
}

#[test]
fn a_document_given_as_a_value_stays_a_value() {
    let mut evil = bson::RawDocumentBuf::new();
    evil.append(bson::cstr!("$gt"), "");
    let source = SchemaRef::declare("Anything");
    source.define(Schema { fields: Default::default(), open: true, ..Schema::default() });
    let source = Source { collection: "things".into(), database: None, schema: source };
    let value = Value(bson::RawBson::Document(evil));
    let plan = Plan::Read(Read {
        source,
        stages: vec![Stage::Match(eq("name", value))],
        terminal: Terminal::Find,
        options: Default::default(),
    });
    insta::assert_snapshot!(command(plan), @r#"{"find":"things","filter":{"name":{"$eq":{"$gt":""}}}}"#);
}

#[test]
fn what_a_match_cannot_say_is_computed() {
    let sum = Expr::Call {
        name: "$add".into(),
        operands: data_bridge_ir::Operands::Positional(vec![Expr::field("age"), Expr::Literal(Value::from(1))]),
    };
    let predicate = Expr::compare(CompareOp::Gt, sum, Expr::field("age"));
    insta::assert_snapshot!(found(predicate), @r#"{"find":"users","filter":{"$expr":{"$gt":[{"$add":["$age",1]},"$age"]}}}"#);
}

#[test]
fn a_negated_range_keeps_its_negation() {
    insta::assert_snapshot!(found(Expr::Not(Box::new(gt("age", 5)))), @r#"{"find":"users","filter":{"age":{"$not":{"$gt":5}}}}"#);
    insta::assert_snapshot!(found(Expr::Not(Box::new(eq("age", 5)))), @r#"{"find":"users","filter":{"age":{"$ne":5}}}"#);
}

#[test]
fn an_element_is_tested_by_itself() {
    let both = Expr::And(vec![gt("", 1), compare("", CompareOp::Lt, 5)]);
    let predicate = Expr::ElemMatch { field: "scores".into(), predicate: Box::new(both) };
    insta::assert_snapshot!(found(predicate), @r#"{"find":"users","filter":{"scores":{"$elemMatch":{"$gt":1,"$lt":5}}}}"#);
}

#[test]
fn a_predicate_nothing_can_meet_sends_nothing() {
    let nothing = Expr::In { needle: Box::new(Expr::field("age")), values: vec![], negated: false };
    for terminal in [Terminal::Find, Terminal::Count, Terminal::Exists, Terminal::Distinct("age".into())] {
        assert_eq!(command(read(vec![Stage::Match(nothing.clone())], terminal)), "");
    }
}

#[test]
fn a_union_with_nothing_is_limited_once() {
    let limited = |stages| command(read(vec![union(stages), Stage::Limit(3)], Terminal::Aggregate));
    let nothing = Expr::In { needle: Box::new(Expr::field("age")), values: vec![], negated: false };
    insta::assert_snapshot!(limited(vec![Stage::Match(nothing)]), @r#"{"aggregate":"users","pipeline":[{"$limit":3},{"$unionWith":{"coll":"others","pipeline":[{"$match":{"$alwaysFalse":1}}]}},{"$limit":3}],"cursor":{}}"#);
    insta::assert_snapshot!(limited(vec![Stage::Limit(2), Stage::Skip(2)]), @r#"{"aggregate":"users","pipeline":[{"$unionWith":{"coll":"others","pipeline":[{"$match":{"$alwaysFalse":1}}]}},{"$limit":3}],"cursor":{}}"#);
}

#[test]
fn counting_ignores_order() {
    let stages = vec![Stage::Match(gt("age", 25)), sort("age")];
    insta::assert_snapshot!(command(read(stages, Terminal::Count)), @r#"{"count":"users","query":{"age":{"$gt":25}}}"#);
}

#[test]
fn existence_asks_for_one_id() {
    let stages = vec![Stage::Match(gt("age", 25)), sort("age")];
    insta::assert_snapshot!(command(read(stages, Terminal::Exists)), @r#"{"find":"users","filter":{"age":{"$gt":25}},"projection":{"_id":1},"limit":1,"singleBatch":true}"#);
}

#[test]
fn a_match_after_a_limit_is_an_aggregate() {
    let stages = vec![sort("age"), Stage::Limit(10), Stage::Match(eq("city", "NYC"))];
    insta::assert_snapshot!(command(read(stages, Terminal::Find)), @r#"{"aggregate":"users","pipeline":[{"$sort":{"age":-1}},{"$limit":10},{"$match":{"city":"NYC"}}],"cursor":{}}"#);
}

#[test]
fn a_projected_number_is_a_value() {
    let one = Projected::Computed(Expr::Literal(Value::from(1)));
    let stages = vec![Stage::Project(vec![("one".into(), one)])];
    insta::assert_snapshot!(command(read(stages, Terminal::Find)), @r#"{"find":"users","filter":{},"projection":{"one":{"$literal":1}}}"#);
}

#[test]
fn updates_keep_their_filter_and_say_whether_they_can_be_retried() {
    let operations = vec![Operation { op: "$inc".into(), path: "age".into(), operand: Value::from(1) }];
    let write = |many| {
        Plan::Write(Write {
            source: users(),
            filter: Expr::Or(vec![eq("age", 1), eq("age", 2)]),
            change: Change::Update { update: Update::Operators(operations.clone()), upsert: false },
            many,
            options: Default::default(),
        })
    };
    insta::assert_snapshot!(command(write(true)), @r#"{"update":"users","updates":[{"q":{"$or":[{"age":1},{"age":2}]},"u":{"$inc":{"age":1}},"multi":true}]}"#);
    let kind = |many| compile(write(many), &Flags::all(), false).unwrap().physical.steps[0].kind;
    assert_eq!(kind(true), StepKind::Write { retryable: false });
    assert_eq!(kind(false), StepKind::Write { retryable: true });
}

#[test]
fn all_errors_come_at_once() {
    let stages = vec![Stage::Match(Expr::And(vec![eq("agee", 1), eq("age", "x")])), sort("scores.x")];
    insta::assert_snapshot!(errors(read(stages, Terminal::Find)).join("\n"), @r#"
    User has no field 'agee'; did you mean 'age'? fields: _id, age, city, scores
    'age' is int and never compares with "x" (string); give int
    'scores' is int, which has no fields, so 'scores.x' cannot exist
    "#);
}

#[test]
fn deep_nesting_is_refused() {
    let mut predicate = eq("age", 1);
    for _ in 0..1_000 {
        predicate = Expr::Not(Box::new(predicate));
    }
    assert!(errors(read(vec![Stage::Match(predicate)], Terminal::Find))[0].contains("nested"));
    let value = (0..1_000).fold(Expr::field("age"), |value, _| call("$abs", value));
    assert!(errors(read(vec![set("n", value)], Terminal::Find))[0].contains("$set is nested"));
    let pipeline = (0..1_000).fold(Stage::Limit(1), |inner, _| union(vec![inner]));
    assert!(errors(read(vec![pipeline], Terminal::Aggregate))[0].contains("the pipeline is nested"));
}

#[test]
fn what_is_just_not_too_deep_is_compiled() {
    let deep = (0..180).fold(eq("age", 1), |inner, level: i32| {
        let beside = compare("age", CompareOp::Gt, level);
        if level % 2 == 0 { Expr::And(vec![inner, beside]) } else { Expr::Or(vec![inner, beside]) }
    });
    let pipeline = (0..45).fold(Stage::Match(deep), |inner, _| union(vec![inner]));
    assert!(compile(read(vec![pipeline], Terminal::Aggregate), &Flags::all(), true).is_ok());
}

/// Growth is counted, not timed: what a rule does to each of many terms shows in the work of the whole.
#[test]
fn many_terms_are_compiled() {
    let several = |kind: fn(Vec<Expr>) -> Expr| {
        let term = |number: i32| match number % 5 {
            0 => compare("age", CompareOp::Ne, number),
            1 => compare("age", CompareOp::Gt, number),
            2 => eq("city", number.to_string().as_str()),
            3 => Expr::Or(vec![eq("age", number), eq("city", "x")]),
            _ => Expr::And(vec![eq("age", number), compare("city", CompareOp::Ne, "x")]),
        };
        read(vec![Stage::Match(kind((0..10_000).map(term).collect()))], Terminal::Find)
    };
    for kind in [Expr::And, Expr::Or, Expr::Nor] {
        assert!(compile(several(kind), &Flags::all(), false).is_ok());
    }
}

#[test]
fn a_plan_reads_at_a_glance() {
    let stages = vec![sort("age"), Stage::Match(Expr::Or(vec![eq("city", "NYC"), eq("city", "LA")])), Stage::Limit(3)];
    let compiled = compile(read(stages, Terminal::Find), &Flags::all(), true).unwrap();
    insta::assert_snapshot!(text(&compiled, false), @r#"
    plan
      Find User in users
        Sort(-age)
        Match((city == "NYC") | (city == "LA"))
        Limit(3)
    optimized
      Find User in users
      * Match(city in ["LA", "NYC"])
        Sort(-age)
        Limit(3)
    rules
      sort_terms: (city == "NYC") | (city == "LA")  =>  (city == "LA") | (city == "NYC")
      equalities_to_in: (city == "LA") | (city == "NYC")  =>  city in ["LA", "NYC"]
      push_match_below_sort: Sort(-age) . Match(city in ["LA", "NYC"])  =>  Match(city in ["LA", "NYC"]) . Sort(-age)
    commands
      {"find":"users","filter":{"city":{"$in":["LA","NYC"]}},"sort":{"age":-1},"limit":3}
    "#);
}

/// The equalities of the filter become part of the document that an upsert makes, so it always keeps it.
#[test]
fn an_upsert_that_matches_nothing_keeps_its_filter() {
    let update = Update::Operators(vec![Operation { op: "$set".into(), path: "age".into(), operand: Value::from(1) }]);
    let nothing = Expr::In { needle: Box::new(Expr::field("age")), values: vec![], negated: false };
    let plan = Plan::Write(Write {
        source: users(),
        filter: Expr::And(vec![eq("city", "NYC"), nothing]),
        change: Change::Update { update, upsert: true },
        many: false,
        options: Default::default(),
    });
    insta::assert_snapshot!(command(plan), @r#"{"update":"users","updates":[{"q":{"city":"NYC","age":{"$in":[]}},"u":{"$set":{"age":1}},"upsert":true}]}"#);
}

/// A step of the trace that prints like what it came from would pass for a rule that does nothing.
#[test]
fn a_lone_term_in_a_connective_is_seen_to_be_unwrapped() {
    for wrap in [Expr::And, Expr::Or] {
        let missing = Expr::Exists { field: "age".into(), present: false };
        let stages = vec![Stage::Match(wrap(vec![missing]))];
        let compiled = compile(read(stages, Terminal::Find), &Flags::all(), true).unwrap();
        assert_eq!(compiled.trace.len(), 1);
        assert_ne!(compiled.trace[0].before, compiled.trace[0].after);
    }
}

/// Where a stage reads a document as fields of its own, a bare number or boolean in it would keep or drop a field.
#[test]
fn constants_in_computed_documents_stay_values() {
    let document = Expr::Document(vec![("k".into(), Expr::Literal(1.into())), ("e".into(), Expr::Document(vec![]))]);
    let project = Stage::Project(vec![("n".into(), Projected::Computed(document.clone()))]);
    insta::assert_snapshot!(command(read(vec![project], Terminal::Aggregate)), @r#"{"find":"users","filter":{},"projection":{"n":{"k":{"$literal":1},"e":{"$literal":{}}}}}"#);
    let group = Stage::Group { by: Some(document.clone()), outputs: vec![] };
    insta::assert_snapshot!(command(read(vec![group], Terminal::Aggregate)), @r#"{"aggregate":"users","pipeline":[{"$group":{"_id":{"k":{"$literal":1},"e":{"$literal":{}}}}}],"cursor":{}}"#);
    let set = Stage::Set(vec![("n".into(), document)]);
    insta::assert_snapshot!(command(read(vec![set], Terminal::Aggregate)), @r#"{"aggregate":"users","pipeline":[{"$set":{"n":{"k":{"$literal":1},"e":{"$literal":{}}}}}],"cursor":{}}"#);
}

#[test]
fn pipelines_inside_stages_are_stages_too() {
    let adults = Stage::Match(Expr::compare(CompareOp::Gt, Expr::field("age"), Expr::Literal(Value::from(25))));
    let facet = Stage::Facet(vec![("old".into(), vec![adults.clone()]), ("n".into(), vec![Stage::Count("n".into())])]);
    insta::assert_snapshot!(command(read(vec![facet], Terminal::Aggregate)), @r#"{"aggregate":"users","pipeline":[{"$facet":{"old":[{"$match":{"age":{"$gt":25}}}],"n":[{"$count":"n"}]}}],"cursor":{}}"#);
    let union = |pipeline| Stage::UnionWith(UnionWith { collection: Some("others".into()), class: None, pipeline });
    insta::assert_snapshot!(command(read(vec![union(vec![adults])], Terminal::Aggregate)), @r#"{"aggregate":"users","pipeline":[{"$unionWith":{"coll":"others","pipeline":[{"$match":{"age":{"$gt":25}}}]}}],"cursor":{}}"#);
    insta::assert_snapshot!(command(read(vec![union(vec![])], Terminal::Aggregate)), @r#"{"aggregate":"users","pipeline":[{"$unionWith":{"coll":"others"}}],"cursor":{}}"#);
}

#[test]
fn a_facet_is_checked_before_it_is_sent() {
    let facet = |outputs: Vec<(&str, Vec<Stage>)>| {
        let outputs = outputs.into_iter().map(|(name, stages)| (name.to_owned(), stages)).collect();
        Stage::Facet(outputs)
    };
    let wrong = |stage| match compile(read(vec![stage], Terminal::Aggregate), &Flags::all(), false) {
        Err(Failure::Query(errors)) => errors.iter().map(|error| error.code).collect::<Vec<_>>(),
        other => panic!("expected errors, got {other:?}"),
    };
    assert_eq!(wrong(facet(vec![])), ["malformed_facet"]);
    assert_eq!(wrong(facet(vec![("a.b", vec![]), ("$a", vec![])])), ["malformed_facet", "malformed_facet"]);
    assert_eq!(wrong(facet(vec![("a", vec![facet(vec![("b", vec![])])])])), ["malformed_facet"]);
    assert_eq!(wrong(facet(vec![("a", vec![Stage::Match(eq("colour", 1))])])), ["unknown_field"]);
}

#[test]
fn a_get_is_what_compiling_its_predicate_gives() {
    let id = bson::oid::ObjectId::from_bytes([7; 12]);
    let get = compile_get(users(), Value::from(id)).unwrap().unwrap();
    let find = compile(read(vec![Stage::Match(eq("_id", id))], Terminal::First), &Flags::all(), false).unwrap();
    assert_eq!((get.optimized, get.physical, get.requires), (find.optimized, find.physical, find.requires));
}

#[test]
fn a_get_by_what_is_not_just_of_the_type_is_analyzed() {
    for id in [Value::from("7"), Value::from(7), Value(bson::RawBson::Null)] {
        assert!(compile_get(users(), id).unwrap().is_none());
    }
}
