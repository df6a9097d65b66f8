//! Plans of any size, of the shapes in which a compiler is tempted to compare everything with everything.

use data_bridge_ir::expr::{CompareOp, Operands};
use data_bridge_ir::plan::{Plan, Read, Source, Terminal};
use data_bridge_ir::schema::{FieldSchema, Schema};
use data_bridge_ir::stage::{Accumulator, Lookup, Projected, SortKey, UnionWith};
use data_bridge_ir::{DType, Expr, SchemaRef, Stage, Value};

/// A shape: its name, and the plan of so many stages or terms.
pub type Shape = (&'static str, fn(i32) -> Plan);

pub static STAGES: &[Shape] = &[
    ("set, match", |count| stages(count, |at| [computed(at), above(at)])),
    ("set, match, sort, unset", |count| stages(count, |at| [computed(at), above(at), sort("age"), unset(at)])),
    ("set, match, sort, project, unset, limit", |count| {
        stages(count, |at| [computed(at), above(at), sort("age"), kept(), unset(at), Stage::Limit(limit(at))])
    }),
    ("matches", |count| stages(count, |at| [above(at)])),
    ("matches of other fields", |count| stages(count, |at| [matching(field("s", at), CompareOp::Gt, at)])),
    ("sets", |count| stages(count, |at| [computed(at)])),
    ("sets of each other", |count| stages(count, |at| [chained(at)])),
    ("sets, then one match of each", |count| {
        let terms = (0..count).map(|at| compare(&field("s", at), CompareOp::Gt, at)).collect();
        read((0..count).map(computed).chain([Stage::Match(Expr::And(terms))]).collect())
    }),
    ("unsets", |count| stages(count, |at| [unset(at)])),
    ("unset, match of others", |count| stages(count, |at| [unset(at), matching(field("o", at), CompareOp::Gt, at)])),
    ("sorts", |count| stages(count, |at| [sort(&field("s", at))])),
    ("projects", |count| stages(count, |_| [kept()])),
    ("project, match", |count| stages(count, |at| [kept(), above(at)])),
    ("renaming project, match", |count| stages(count, |at| [swapped(), above(at)])),
    ("limits and skips", |count| stages(count, |at| [Stage::Limit(limit(at)), Stage::Skip(1)])),
    ("set, limit", |count| stages(count, |at| [computed(at), Stage::Limit(limit(at))])),
    ("set, limit, match", |count| stages(count, |at| [computed(at), Stage::Limit(limit(at)), above(at)])),
    ("set, skip, match of it", |count| {
        stages(count, |at| [computed(at), Stage::Skip(1), matching(field("s", at), CompareOp::Gt, at)])
    }),
    ("set, skip, match of the one before", |count| {
        stages(count, |at| [computed(at), Stage::Skip(1), matching(field("s", at - 1), CompareOp::Gt, at)])
    }),
    ("renaming project, skip, match", |count| stages(count, |at| [swapped(), Stage::Skip(1), above(at)])),
    ("lookup, skip, match", |count| stages(count, |at| [lookup(&field("s", at)), Stage::Skip(1), above(at)])),
    ("unwind, skip, match, set", |count| stages(count, |at| [unwind(at), Stage::Skip(1), above(at), computed(at)])),
    ("union, limit", |count| stages(count, |at| [union(), Stage::Limit(limit(at))])),
    ("union, set, limit", |count| stages(count, |at| [union(), computed(at), Stage::Limit(limit(at))])),
    ("facet, union, group", |count| stages(count, |_| [facet(), union(), group()])),
    ("documents of the one before, twice", |count| stages(count, |_| [doubled()])),
    ("sort, skip, match, set", |count| stages(count, |at| [sort("age"), Stage::Skip(1), above(at), computed(at)])),
    ("lookup, match", |count| stages(count, |at| [lookup(&field("s", at)), above(at)])),
    ("unwind, match", |count| stages(count, |at| [unwind(at), above(at)])),
];

/// A kind of stage: each of them by its number.
pub type Kind = (&'static str, fn(i32) -> Stage);

/// What mixtures are made of. All leave the fields that the others read.
pub static KINDS: &[Kind] = &[
    ("set", computed),
    ("set of the one before", chained),
    ("match", above),
    ("match of a set", |at| matching(field("s", at), CompareOp::Gt, at)),
    ("match of the set before", |at| matching(field("s", at - 1), CompareOp::Gt, at)),
    ("either match", |at| {
        let terms = [compare("age", CompareOp::Gt, at), compare(&field("s", at), CompareOp::Lt, at)];
        Stage::Match(Expr::Or(terms.into()))
    }),
    ("unset", unset),
    ("exclusion", |at| Stage::Project(vec![(field("s", at).as_str().into(), Projected::Exclude)])),
    ("sort", |_| sort("age")),
    ("sort by a set", |at| sort(&field("s", at))),
    ("lookup", |at| lookup(&field("found", at))),
    ("unwind", unwind),
    ("limit", |at| Stage::Limit(limit(at))),
    ("skip", |_| Stage::Skip(1)),
    ("sample", |_| Stage::Sample(5)),
];

/// So many stages that are some kinds in turn.
pub fn mixture(kinds: &[Kind], count: i32) -> Plan {
    let count = usize::try_from(count).unwrap_or_default();
    let in_turn = (0..).flat_map(|at| kinds.iter().map(move |(_, kind)| kind(at)));
    read(in_turn.take(count).collect())
}

pub static TERMS: &[Shape] = &[
    ("conjuncts of several kinds", |count| every(count, Expr::And, of_several_kinds)),
    ("disjuncts of several kinds", |count| every(count, Expr::Or, of_several_kinds)),
    ("ranges of one field", |count| every(count, Expr::And, |at| compare("age", CompareOp::Gt, at))),
    ("either range of one field", |count| every(count, Expr::Or, |at| compare("age", CompareOp::Gt, at))),
    ("equalities of one field", |count| every(count, Expr::And, |at| compare("age", CompareOp::Eq, at))),
    ("either value of one field", |count| every(count, Expr::Or, |at| compare("age", CompareOp::Eq, at))),
    ("inequalities of one field", |count| every(count, Expr::And, |at| compare("age", CompareOp::Ne, at))),
    ("neither value of one field", |count| every(count, Expr::Nor, |at| compare("age", CompareOp::Eq, at))),
    ("conjuncts of many fields", |count| every(count, Expr::And, |at| compare(&field("s", at), CompareOp::Gt, at))),
    ("disjuncts of many fields", |count| every(count, Expr::Or, |at| compare(&field("s", at), CompareOp::Gt, at))),
    ("a long list beside ranges", |count| beside(count, false)),
    ("a long list left out beside ranges", |count| beside(count, true)),
    ("lists of one field", |count| every(count, Expr::And, |at| within("age", at..at + 3, false))),
    ("complements", |count| {
        every(count, Expr::And, |at| {
            let tested = compare("age", CompareOp::Gt, at / 2);
            if at % 2 == 0 { tested } else { Expr::Not(Box::new(tested)) }
        })
    }),
    ("alternatives that share a term", |count| {
        every(count, Expr::Or, |at| {
            Expr::And(vec![compare("city", CompareOp::Eq, "x"), compare(&field("s", at), CompareOp::Gt, at)])
        })
    }),
    ("alternatives of many terms", |count| {
        let branch =
            |of: i32| Expr::And((0..count / 2).map(|at| compare(&field("s", at), CompareOp::Gt, at + of)).collect());
        read(vec![Stage::Match(Expr::Or(vec![branch(0), branch(1)]))])
    }),
    ("terms that others imply", |count| {
        every(count, Expr::And, |at| {
            Expr::Or(vec![compare("age", CompareOp::Gt, at), compare("age", CompareOp::Gt, at + 1)])
        })
    }),
];

/// The same plan of documents that are known to obey their schema, which more rules look at.
pub fn trusted(plan: Plan) -> Plan {
    if let Plan::Read(read) = &plan {
        read.source.schema.set_trust(Some("the caller says so"));
    }
    plan
}

fn source() -> Source {
    let field = |dtype| FieldSchema::new(dtype, true);
    let fields = [
        ("_id".to_owned(), field(DType::ObjectId)),
        ("age".to_owned(), field(DType::Int)),
        ("size".to_owned(), field(DType::Int)),
        ("city".to_owned(), field(DType::String)),
    ];
    let schema = SchemaRef::declare("User");
    schema.define(Schema { fields: fields.into_iter().collect(), open: true, ..Schema::default() });
    Source { collection: "users".into(), database: None, schema }
}

fn read(stages: Vec<Stage>) -> Plan {
    Plan::Read(Read { source: source(), stages, terminal: Terminal::Aggregate, options: Default::default() })
}

/// So many stages: as many groups of them as that takes.
fn stages<const SIZE: usize>(count: i32, group: impl Fn(i32) -> [Stage; SIZE]) -> Plan {
    let count = usize::try_from(count).unwrap_or_default();
    read((0..).flat_map(group).take(count).collect())
}

/// One match of so many terms.
fn every(count: i32, connective: impl Fn(Vec<Expr>) -> Expr, term: impl Fn(i32) -> Expr) -> Plan {
    read(vec![Stage::Match(connective((0..count).map(term).collect()))])
}

fn compare(path: &str, op: CompareOp, value: impl Into<Value>) -> Expr {
    Expr::compare(op, Expr::field(path), Expr::Literal(value.into()))
}

fn matching(path: String, op: CompareOp, value: i32) -> Stage {
    Stage::Match(compare(&path, op, value))
}

fn above(at: i32) -> Stage {
    matching("age".to_owned(), CompareOp::Gt, at)
}

fn field(of: &str, at: i32) -> String {
    format!("{of}{at}")
}

fn computed(at: i32) -> Stage {
    Stage::Set(vec![(field("s", at).as_str().into(), Expr::field("age"))])
}

/// A copy of what the one before it has set.
fn chained(at: i32) -> Stage {
    Stage::Set(vec![(field("s", at).as_str().into(), Expr::field(&field("s", at - 1)))])
}

fn unset(at: i32) -> Stage {
    Stage::Unset(vec![field("s", at).as_str().into()])
}

fn sort(path: &str) -> Stage {
    Stage::Sort(vec![SortKey { path: path.into(), descending: false }])
}

fn kept() -> Stage {
    Stage::Project(["age", "size", "city"].map(|path| (path.into(), Projected::Include)).to_vec())
}

fn swapped() -> Stage {
    let renamed = |to: &str, from: &str| (to.into(), Projected::Computed(Expr::field(from)));
    Stage::Project(vec![renamed("age", "size"), renamed("size", "age")])
}

fn lookup(output: &str) -> Stage {
    Stage::Lookup(Lookup {
        class: None,
        collection: Some("others".to_owned()),
        local: Some("age".into()),
        foreign: Some("other".into()),
        variables: Vec::new(),
        pipeline: None,
        output: output.to_owned(),
    })
}

fn union() -> Stage {
    Stage::UnionWith(UnionWith { collection: Some("others".to_owned()), class: None, pipeline: Vec::new() })
}

fn facet() -> Stage {
    Stage::Facet(vec![("x".to_owned(), vec![above(1), Stage::Limit(3)]), ("y".to_owned(), vec![above(2)])])
}

fn group() -> Stage {
    let age = || Expr::field("age");
    let most = Operands::Single(Box::new(age()));
    let most = Accumulator { output: "age".to_owned(), name: "$max".to_owned(), operands: Some(most) };
    Stage::Group { by: Some(age()), outputs: vec![most] }
}

fn doubled() -> Stage {
    let twice = ["x", "y"].map(|name| (name.to_owned(), Expr::field("age")));
    Stage::Set(vec![("age".into(), Expr::Document(twice.into()))])
}

fn unwind(at: i32) -> Stage {
    Stage::Unwind { path: field("s", at).as_str().into(), index: None, preserve: false }
}

/// Falls, so that each limit says more than those before it.
fn limit(at: i32) -> u64 {
    1_000_000 - u64::from(at.unsigned_abs())
}

fn within(path: &str, values: std::ops::Range<i32>, negated: bool) -> Expr {
    Expr::In { needle: Box::new(Expr::field(path)), values: values.map(Value::from).collect(), negated }
}

fn beside(count: i32, negated: bool) -> Plan {
    let ranges = [compare("age", CompareOp::Gt, 5), compare("age", CompareOp::Lt, count - 5)];
    let terms = ranges.into_iter().chain([within("age", 0..count, negated)]).collect();
    read(vec![Stage::Match(Expr::And(terms))])
}

/// On two fields.
fn of_several_kinds(at: i32) -> Expr {
    match at % 4 {
        0 => compare("age", CompareOp::Ne, at),
        1 => compare("age", CompareOp::Gt, at),
        2 => Expr::Or(vec![compare("age", CompareOp::Eq, at), compare("city", CompareOp::Eq, "x")]),
        _ => Expr::And(vec![compare("age", CompareOp::Eq, at), compare("city", CompareOp::Ne, "x")]),
    }
}
