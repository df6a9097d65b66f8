//! Commands too long to be sent as one: a long list of values that one field may have is divided among several.
//!
//! The answers of the parts together are the answer of the whole only where no document can be met by two of them, and
//! where nothing looks at the documents of all parts at once. Everything else is refused before anything is sent.

use std::cmp::Ordering;

use bson::RawBson;
use data_bridge_ir::plan::{Change, Plan, Read, Terminal, Write};
use data_bridge_ir::{Expr, Path, Stage, Value};

use crate::error::{CompileError, Failure};
use crate::facts::Facts;
use crate::lower::mongo;
use crate::passes::value_order;
use crate::physical::{MOST_BYTES, PhysicalPlan, Step};
use crate::relations::asks_for_snapshot;

/// What the driver adds to a command (session, cluster time, concerns) needs a little of it.
const ADDED_BYTES: usize = 64 * 1024;

/// The commands of a plan: one, or as many as its longest list of values takes.
pub fn lowered(plan: &Plan) -> Result<PhysicalPlan, Failure> {
    lowered_within(plan, MOST_BYTES - ADDED_BYTES)
}

fn lowered_within(plan: &Plan, most: usize) -> Result<PhysicalPlan, Failure> {
    let whole = mongo::lower(plan)?;
    let longest = whole.steps.iter().map(bytes).max().unwrap_or_default();
    // What is inserted is divided where it is encoded.
    if longest <= most || matches!(plan, Plan::Insert(_)) {
        return Ok(whole);
    }
    let steps = divided(plan, longest, most)?
        .iter()
        .map(|part| Ok(mongo::lower(part)?.steps))
        .collect::<Result<Vec<_>, CompileError>>()?;
    Ok(PhysicalPlan { steps: steps.into_iter().flatten().collect(), ..whole })
}

fn bytes(step: &Step) -> usize {
    step.command.as_bytes().len()
}

/// The plan as several, each with a part of the values.
fn divided(plan: &Plan, length: usize, most: usize) -> Result<Vec<Plan>, CompileError> {
    let too_long = |why: String, hint: &str| {
        let message =
            format!("the command takes {} MiB, more than the 16 MiB that a server takes, and {why}", mib(length));
        CompileError::new("command_too_long", message).hint(hint)
    };
    let Some((place, path, values)) = filter(plan).and_then(longest) else {
        let why = "no list of values that one field may have makes it so long".to_owned();
        return Err(too_long(why, "ask in several queries, each with a part of the filter"));
    };
    let name = path.as_str();
    let list = format!("the {} values of '{name}' cannot be asked for in parts", values.len());
    if let Some(whole) = looks_at_all(plan, path) {
        let hint = "leave that out; or store the values in a collection of their own and join it with a lookup";
        return Err(too_long(format!("{list}: {whole} is of all documents at once"), hint).at(name));
    }
    let facts = Facts::of(&plan.source().schema, plan.options());
    let single = facts.is_single(path);
    if name != "_id" && !single {
        let hint = "only of '_id', and of fields known to hold one value (Settings.trust_schema, or a validator)";
        return Err(too_long(format!("{list}: a document with a list there would be met twice"), hint).at(name));
    }
    if !values.iter().all(|value| stands_apart(value, single || is_simple(plan))) {
        let hint = "texts: give .collation('simple') if the collection has no other; ids that are documents or null: ask in \
                    several queries";
        return Err(too_long(format!("{list}: which of them are equal is for the server to say"), hint).at(name));
    }
    let mut sorted: Vec<&Value> = values.iter().collect();
    sorted.sort_by(|left, right| value_order(left, right));
    sorted.dedup_by(|left, right| crate::passes::order(left, right) == Some(Ordering::Equal));
    let others = length.saturating_sub(values.iter().enumerate().map(|(place, value)| in_list(place, value)).sum());
    let room = most.saturating_sub(others);
    if room < most / 2 {
        let why = "what stands beside the longest list of values is too long".to_owned();
        return Err(too_long(why, "ask in several queries, each with a part of the filter"));
    }
    let mut parts: Vec<Vec<Value>> = Vec::new();
    let mut left = 0;
    for value in sorted {
        let size = in_list(values.len(), value);
        match parts.last_mut().filter(|_| size <= left) {
            Some(part) => part.push(value.clone()),
            None => {
                parts.push(vec![value.clone()]);
                left = room;
            }
        }
        left = left.saturating_sub(size);
    }
    Ok(parts.into_iter().map(|part| with_values(plan.clone(), place, part)).collect())
}

fn mib(bytes: usize) -> usize {
    bytes.div_ceil(1024 * 1024)
}

/// So many bytes of a list: the value, its type, and its place as a text.
fn in_list(place: usize, value: &Value) -> usize {
    // Of a document of its own: its length, a name of one letter with its end, the type, and the end.
    const OF_A_DOCUMENT: usize = 8;
    let digits = place.checked_ilog10().map_or(1, |tens| tens as usize + 1);
    value.bytes().len() - OF_A_DOCUMENT + digits + 2
}

fn filter(plan: &Plan) -> Option<&Expr> {
    match plan {
        Plan::Read(Read { stages, .. }) => match stages.first() {
            Some(Stage::Match(predicate)) => Some(predicate),
            _ => None,
        },
        Plan::Write(Write { filter, .. }) => Some(filter),
        Plan::FindAndModify(plan) => Some(&plan.filter),
        Plan::Insert(_) => None,
    }
}

fn is_simple(plan: &Plan) -> bool {
    let collation = plan.options().get("collation").and_then(|collation| collation.0.as_document());
    collation.is_some_and(|collation| collation.get_str("locale").is_ok_and(|locale| locale == "simple"))
}

fn terms(predicate: &Expr) -> &[Expr] {
    if let Expr::And(terms) = predicate { terms } else { std::slice::from_ref(predicate) }
}

/// The longest list of values of which a field must have one, by its place among the terms.
fn longest(predicate: &Expr) -> Option<(usize, &Path, &[Value])> {
    let memberships = terms(predicate).iter().enumerate().filter_map(|(place, term)| match term {
        Expr::In { needle, values, negated: false } => match &**needle {
            Expr::Field(path) => Some((place, path, values.as_slice())),
            _ => None,
        },
        _ => None,
    });
    memberships.max_by_key(|(_, _, values)| values.len())
}

/// What in the plan needs the documents of all parts at once.
fn looks_at_all(plan: &Plan, path: &Path) -> Option<String> {
    match plan {
        Plan::Read(read) if asks_for_snapshot(read) => Some("a snapshot".to_owned()),
        Plan::Read(read) => stages_look_at_all(read, path),
        Plan::Write(write) if !write.many => Some("the choice of one".to_owned()),
        // A document whose field is changed could be met again by a later part.
        Plan::Write(Write { change, .. }) if *change != Change::Delete && path.as_str() != "_id" => {
            Some(format!("an update that may change '{}'", path.as_str()))
        }
        Plan::Write(write) if write.change.upserts() => Some("an upsert".to_owned()),
        Plan::Write(_) => None,
        Plan::FindAndModify(_) => Some("the choice of one".to_owned()),
        Plan::Insert(_) => Some("an insert".to_owned()),
    }
}

fn stages_look_at_all(read: &Read, path: &Path) -> Option<String> {
    if let Terminal::Distinct(of) = &read.terminal
        && of != path
    {
        return Some(format!("distinct('{}')", of.as_str()));
    }
    let any_will_do = matches!(read.terminal, Terminal::Exists | Terminal::First);
    let of_each = |stage: &&Stage| match stage {
        Stage::Match(_)
        | Stage::Set(_)
        | Stage::Unset(_)
        | Stage::Project(_)
        | Stage::Unwind { .. }
        | Stage::Lookup(_) => true,
        Stage::Limit(count) => any_will_do && *count > 0,
        _ => false,
    };
    read.stages.iter().find(|stage| !of_each(stage)).map(|stage| format!("{stage}"))
}

/// Whether it is known which values equal this one.
fn stands_apart(value: &Value, texts_by_bytes: bool) -> bool {
    match &value.0 {
        RawBson::String(_) => texts_by_bytes,
        RawBson::Double(number) => !number.is_nan(),
        RawBson::Int32(_) | RawBson::Int64(_) | RawBson::ObjectId(_) | RawBson::DateTime(_) | RawBson::Binary(_) => {
            true
        }
        RawBson::Boolean(_) => true,
        _ => false,
    }
}

/// The plan with these values in the membership test at a place among its terms.
fn with_values(mut plan: Plan, place: usize, part: Vec<Value>) -> Plan {
    let filter = match &mut plan {
        Plan::Read(Read { stages, .. }) => match stages.first_mut() {
            Some(Stage::Match(predicate)) => Some(predicate),
            _ => None,
        },
        Plan::Write(Write { filter, .. }) => Some(filter),
        Plan::FindAndModify(_) | Plan::Insert(_) => None,
    };
    let term = match filter {
        Some(Expr::And(terms)) => terms.get_mut(place),
        other => other,
    };
    if let Some(Expr::In { values, .. }) = term {
        *values = part;
    }
    plan
}

#[cfg(test)]
mod tests {
    use data_bridge_ir::plan::Source;
    use data_bridge_ir::schema::{FieldSchema, Schema};
    use data_bridge_ir::{DType, SchemaRef};

    use super::*;
    use crate::testing::{eq, read, sort};

    const MOST: usize = 700;

    fn within(path: &str, values: Vec<Value>) -> Expr {
        Expr::In { needle: Box::new(Expr::field(path)), values, negated: false }
    }

    fn numbers(count: i32) -> Vec<Value> {
        (0..count).map(Value::from).collect()
    }

    fn found(filter: Expr, terminal: Terminal) -> Plan {
        Plan::Read(read(vec![Stage::Match(filter)], terminal))
    }

    fn refused(plan: &Plan) -> CompileError {
        match lowered_within(plan, MOST) {
            Err(Failure::Query(mut errors)) => errors.remove(0),
            other => panic!("{other:?}"),
        }
    }

    fn asked(plan: &Plan, list: &str) -> Vec<Vec<i32>> {
        let physical = lowered_within(plan, MOST).unwrap();
        let values = |step: &Step| {
            assert!(bytes(step) <= MOST, "{}", bytes(step));
            let filter = step.command.get_document(list).unwrap();
            let values = filter.get_document("_id").unwrap().get_array("$in").unwrap();
            let number = |value: bson::RawBsonRef<'_>| value.as_i32().or(value.as_f64().map(|_| 7)).unwrap();
            values.into_iter().map(|value| number(value.unwrap())).collect()
        };
        physical.steps.iter().map(values).collect()
    }

    #[test]
    fn each_value_is_asked_for_once() {
        let values = [numbers(100), numbers(50), vec![7.0.into(), 7_i64.into()]].concat();
        let filter = Expr::And(vec![eq("b", 1), within("_id", values)]);
        for (terminal, list) in [(Terminal::Find, "filter"), (Terminal::Count, "query"), (Terminal::Exists, "filter")] {
            let parts = asked(&found(filter.clone(), terminal), list);
            assert!(parts.len() > 1, "{parts:?}");
            let mut all = parts.concat();
            all.sort_unstable();
            // Of one number in several types any is enough; here it is the double, which sorts first.
            assert_eq!(all, (0..100).collect::<Vec<_>>());
        }
    }

    #[test]
    fn what_fits_stays_whole() {
        assert_eq!(lowered_within(&found(within("_id", numbers(9)), Terminal::Find), MOST).unwrap().steps.len(), 1);
    }

    #[test]
    fn what_looks_at_all_documents_is_refused() {
        let of = |stages: Vec<Stage>| {
            Plan::Read(read([vec![Stage::Match(within("_id", numbers(100)))], stages].concat(), Terminal::Find))
        };
        assert!(refused(&of(vec![sort("b")])).message.ends_with("Sort(-b) is of all documents at once"));
        assert!(refused(&of(vec![Stage::Limit(3)])).message.contains("Limit(3)"));
        assert!(refused(&of(vec![Stage::Skip(3)])).message.contains("Skip(3)"));
        assert!(
            refused(&found(within("_id", numbers(100)), Terminal::Distinct("b".into()))).message.contains("distinct")
        );
    }

    #[test]
    fn a_field_that_may_hold_a_list_is_refused_unless_it_is_known_not_to() {
        assert!(refused(&found(within("a", numbers(100)), Terminal::Find)).message.contains("met twice"));
        let schema = SchemaRef::declare("Kept");
        let fields = [("a".to_owned(), FieldSchema::new(DType::Int, true))];
        schema.define(Schema { fields: fields.into_iter().collect(), ..Schema::default() });
        schema.set_trust(Some("the test says so"));
        let mut plan = read(vec![Stage::Match(within("a", numbers(100)))], Terminal::Find);
        plan.source.schema = schema;
        assert!(lowered_within(&Plan::Read(plan), MOST).unwrap().steps.len() > 1);
    }

    #[test]
    fn texts_are_equal_as_a_collation_says() {
        let texts = (0..100).map(|number| Value::from(format!("t{number}"))).collect::<Vec<_>>();
        let plan = found(within("_id", texts), Terminal::Find);
        assert!(refused(&plan).hint.unwrap().contains("collation('simple')"));
        let Plan::Read(mut plan) = plan else { unreachable!("made as one") };
        plan.options.insert("collation".to_owned(), Value(bson::rawdoc! { "locale": "simple" }.into()));
        assert!(lowered_within(&Plan::Read(plan), MOST).unwrap().steps.len() > 1);
    }

    #[test]
    fn a_deletion_of_many_is_divided_and_of_one_is_not() {
        let source = Source { collection: "things".into(), database: None, schema: SchemaRef::declare("Thing") };
        let write = |many: bool| {
            Plan::Write(Write {
                source: source.clone(),
                filter: within("_id", numbers(100)),
                change: Change::Delete,
                many,
                options: Default::default(),
            })
        };
        assert!(lowered_within(&write(true), MOST).unwrap().steps.len() > 1);
        assert!(refused(&write(false)).message.contains("the choice of one"));
    }

    #[test]
    fn what_is_long_without_a_list_is_refused() {
        assert_eq!(refused(&found(eq("a", "x".repeat(MOST)), Terminal::Find)).code, "command_too_long");
        let two = Expr::And(vec![within("a", numbers(95)), within("_id", numbers(100))]);
        assert!(refused(&found(two, Terminal::Find)).message.contains("what stands beside"));
    }
}
