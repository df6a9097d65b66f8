//! How long a query takes from its plan to its commands, all rules on and nothing traced: what every call pays.

use std::hint::black_box;

use criterion::{BatchSize, Criterion, criterion_group, criterion_main};
use data_bridge_compiler::passes::flags::Flags;
use data_bridge_compiler::{Compiled, compile};
use data_bridge_ir::expr::{CompareOp, Operands};
use data_bridge_ir::plan::{Plan, Read, Source, Terminal};
use data_bridge_ir::schema::{FieldSchema, Schema};
use data_bridge_ir::stage::{Accumulator, Projected, SortKey};
use data_bridge_ir::{DType, Expr, SchemaRef, Stage, Value};

fn users() -> Source {
    let field = |dtype| FieldSchema::new(dtype, true);
    let fields = [
        ("_id".to_owned(), field(DType::ObjectId)),
        ("age".to_owned(), field(DType::Int)),
        ("city".to_owned(), field(DType::String)),
        ("tags".to_owned(), field(DType::Array(Box::new(DType::String)))),
    ];
    let schema = SchemaRef::declare("User");
    schema.define(Schema { fields: fields.into_iter().collect(), open: false, ..Schema::default() });
    Source { collection: "users".into(), database: None, schema }
}

fn read(stages: Vec<Stage>, terminal: Terminal) -> Plan {
    Plan::Read(Read { source: users(), stages, terminal, options: Default::default() })
}

fn compare(path: &str, op: CompareOp, value: impl Into<Value>) -> Expr {
    Expr::compare(op, Expr::field(path), Expr::Literal(value.into()))
}

fn sort(path: &str) -> Stage {
    Stage::Sort(vec![SortKey { path: path.into(), descending: true }])
}

fn two_terms() -> Plan {
    let terms = vec![compare("age", CompareOp::Gt, 25), compare("city", CompareOp::Eq, "NYC")];
    read(vec![Stage::Match(Expr::And(terms))], Terminal::Find)
}

fn twelve_stages() -> Plan {
    let mean = Accumulator {
        output: "mean".into(),
        name: "$avg".into(),
        operands: Some(Operands::Single(Box::new(Expr::field("age")))),
    };
    let count = Accumulator { output: "count".into(), name: "$count".into(), operands: None };
    let stages = vec![
        Stage::Match(compare("age", CompareOp::Gt, 25)),
        sort("age"),
        Stage::Match(compare("city", CompareOp::Ne, "NYC")),
        Stage::Project(vec![
            ("age".into(), Projected::Include),
            ("city".into(), Projected::Include),
            ("tags".into(), Projected::Include),
        ]),
        Stage::Skip(10),
        Stage::Limit(10_000),
        Stage::Limit(5_000),
        Stage::Unwind { path: "tags".into(), index: None, preserve: false },
        Stage::Match(compare("tags", CompareOp::Ne, "x")),
        Stage::Group { by: Some(Expr::field("tags")), outputs: vec![mean, count] },
        sort("count"),
        Stage::Limit(20),
    ];
    assert_eq!(stages.len(), 12);
    read(stages, Terminal::Aggregate)
}

/// Terms of several kinds, on two fields.
fn conjuncts(count: i32) -> Plan {
    let term = |number: i32| match number % 4 {
        0 => compare("age", CompareOp::Ne, number),
        1 => compare("age", CompareOp::Gt, number),
        2 => Expr::Or(vec![compare("age", CompareOp::Eq, number), compare("city", CompareOp::Eq, "x")]),
        _ => Expr::And(vec![compare("age", CompareOp::Eq, number), compare("city", CompareOp::Ne, "x")]),
    };
    read(vec![Stage::Match(Expr::And((0..count).map(term).collect()))], Terminal::Find)
}

/// Sets and matches in turn, so that every match moves to the front.
fn stages(count: i32) -> Plan {
    let set = |number: i32| Stage::Set(vec![(format!("s{number}").as_str().into(), Expr::field("age"))]);
    let pair = |number: i32| [set(number), Stage::Match(compare("age", CompareOp::Gt, number))];
    read((0..count / 2).flat_map(pair).collect(), Terminal::Find)
}

fn compiled(plan: Plan) -> Compiled {
    match compile(plan, &Flags::all(), false) {
        Ok(compiled) => compiled,
        Err(failure) => unreachable!("the benchmarks' own plans compile: {failure:?}"),
    }
}

fn benches(criterion: &mut Criterion) {
    let mut plans =
        vec![("two-term filter".to_owned(), two_terms()), ("12-stage pipeline".to_owned(), twelve_stages())];
    plans.extend([10, 100, 1_000, 10_000].map(|count| (format!("{count} conjuncts"), conjuncts(count))));
    plans.extend([25, 50, 100, 200].map(|count| (format!("{count} stages"), stages(count))));
    for (name, plan) in plans {
        criterion.bench_function(&name, |bencher| {
            bencher.iter_batched(|| plan.clone(), |plan| black_box(compiled(plan)), BatchSize::SmallInput);
        });
    }
}

criterion_group!(compiling, benches);
criterion_main!(compiling);
