//! How long a query takes from its plan to its commands, all rules on and nothing traced: what every call pays.

use std::hint::black_box;
use std::time::Duration;

use criterion::{BatchSize, Criterion, criterion_group, criterion_main};
use data_bridge_compiler::passes::flags::Flags;
use data_bridge_compiler::{Compiled, compile};
use data_bridge_ir::expr::{CompareOp, Operands};
use data_bridge_ir::plan::{Plan, Read, Source, Terminal};
use data_bridge_ir::schema::{FieldSchema, Schema};
use data_bridge_ir::stage::{Accumulator, Projected, SortKey};
use data_bridge_ir::{DType, Expr, SchemaRef, Stage, Value};

mod growing;

use growing::{KINDS, STAGES, TERMS, mixture, trusted};

/// The one of the Python module.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

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

fn compiled(plan: Plan) -> Compiled {
    match compile(plan, &Flags::all(), false) {
        Ok(compiled) => compiled,
        Err(failure) => unreachable!("the benchmarks' own plans compile: {failure:?}"),
    }
}

fn measured(criterion: &mut Criterion, name: &str, plan: &Plan) {
    criterion.bench_function(name, |bencher| {
        bencher.iter_batched(|| plan.clone(), |plan| black_box(compiled(plan)), BatchSize::SmallInput);
    });
}

/// What the figures are about: analysis, rules and lowering of one plan.
fn usual(criterion: &mut Criterion) {
    measured(criterion, "two-term filter", &two_terms());
    measured(criterion, "12-stage pipeline", &twelve_stages());
}

/// Each shape at two sizes, so that its growth is seen.
fn growing(criterion: &mut Criterion) {
    for (shapes, unit, sizes) in [(STAGES, "stages", [100, 200]), (TERMS, "terms", [1_000, 10_000])] {
        for (name, shape) in shapes {
            for size in sizes {
                measured(criterion, &format!("{name}/{size} {unit}"), &shape(size));
            }
        }
    }
    for size in [100, 200] {
        measured(criterion, &format!("all kinds in turn/{size} stages"), &mixture(KINDS, size));
    }
    measured(criterion, "conjuncts of a trusted class/10000 terms", &trusted(TERMS[0].1(10_000)));
}

fn briefly() -> Criterion {
    Criterion::default()
        .sample_size(10)
        .warm_up_time(Duration::from_millis(200))
        .measurement_time(Duration::from_secs(1))
}

criterion_group!(compiling, usual);
criterion_group!(name = growth; config = briefly(); targets = growing);
criterion_main!(compiling, growth);
