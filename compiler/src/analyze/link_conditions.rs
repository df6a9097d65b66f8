//! What conditions on elements name behind links: which of them an update removes, orders or changes, and `$all` asks for.
//!
//! ```text
//! $pull parts: {"who.name": "Bob"}                  names parts.who.name
//! $set parts.$[p].who: 1, {"p.who.name": "Bob"}     names parts.who.name
//! ```
//!
//! The server would read such a path below the stored id, where nothing is: `!=` would hold for every element, and `==`
//! for none. Fields of ids that are documents are named as they are stored.

use bson::{RawBson, RawBsonRef, RawDocument};
use data_bridge_ir::plan::Options;
use data_bridge_ir::schema::Crossing;
use data_bridge_ir::update::Operation;
use data_bridge_ir::{DType, Path, SchemaRef, Value};

/// The paths behind links that an operation names in its operand.
pub(super) fn of_operand(operation: &Operation, schema: &SchemaRef) -> Vec<String> {
    let mut found = Vec::new();
    if let Some(operand) = operation.operand.0.as_document() {
        let list = without_positions(operation.path.as_str());
        match operation.op.as_str() {
            "$pull" => condition(operand, &list, schema, &mut found),
            "$push" => {
                if let Ok(Some(RawBsonRef::Document(keys))) = operand.get("$sort") {
                    condition(keys, &list, schema, &mut found);
                }
            }
            _ => {}
        }
    }
    found
}

/// Those that a list of conditions names, each of which an element of a list is to meet.
pub(super) fn of_elements(list: &Path, operand: &Value, schema: &SchemaRef) -> Vec<String> {
    let mut found = Vec::new();
    if let RawBson::Array(conditions) = &operand.0 {
        let conditions = conditions.into_iter().filter_map(|given| given.ok()?.as_document());
        conditions
            .filter(|given| matches!(given.get("$elemMatch"), Ok(Some(_))))
            .for_each(|given| condition(given, list.as_str(), schema, &mut found));
    }
    found
}

/// Those that array filters name, of the elements that the operations call by these names.
pub(super) fn of_array_filters(operations: &[Operation], options: &Options, schema: &SchemaRef) -> Vec<String> {
    let mut found = Vec::new();
    let filters = options.get("arrayFilters").and_then(|filters| filters.0.as_array());
    for filter in filters.into_iter().flatten().filter_map(|filter| filter.ok()?.as_document()) {
        for operation in operations {
            named(filter, operation.path.as_str(), schema, &mut found);
        }
    }
    found
}

/// Looks into a filter whose paths begin with a name that the operation's path has.
fn named(filter: &RawDocument, path: &str, schema: &SchemaRef, found: &mut Vec<String>) {
    for (key, value) in filter.iter().filter_map(Result::ok) {
        if key.as_str().starts_with('$') {
            each_document(value, |inner| named(inner, path, schema, found));
            continue;
        }
        let (name, below) = key.as_str().split_once('.').unwrap_or((key.as_str(), ""));
        if let Some((list, _)) = path.split_once(&format!(".$[{name}]")) {
            test(&joined(&without_positions(list), below), value, schema, found);
        }
    }
}

/// Looks into a condition on what stands at a path.
fn condition(given: &RawDocument, at: &str, schema: &SchemaRef, found: &mut Vec<String>) {
    for (key, value) in given.iter().filter_map(Result::ok) {
        match key.as_str() {
            "$and" | "$or" | "$nor" | "$not" | "$elemMatch" => {
                each_document(value, |inner| condition(inner, at, schema, found));
            }
            operator if operator.starts_with('$') => {}
            below => test(&joined(at, below), value, schema, found),
        }
    }
}

fn test(path: &str, value: RawBsonRef<'_>, schema: &SchemaRef, found: &mut Vec<String>) {
    if schema.crossing(path).is_some_and(|crossing| !is_of_id(&crossing, schema)) {
        found.push(path.to_owned());
    } else if let RawBsonRef::Document(operators) = value
        && operators.iter().flatten().next().is_some_and(|(name, _)| name.as_str().starts_with('$'))
    {
        condition(operators, path, schema, found);
    }
}

/// Whether the rest of a path is a declared field of the link's id.
fn is_of_id(crossing: &Crossing, schema: &SchemaRef) -> bool {
    let linked = schema.lookup(crossing.link.as_str()).found();
    match linked.as_ref().and_then(|dtype| dtype.link()) {
        Some(DType::Link { id, .. }) => id.lookup(crossing.rest.as_str()).found().is_some(),
        _ => false,
    }
}

fn each_document(value: RawBsonRef<'_>, mut look: impl FnMut(&RawDocument)) {
    match value {
        RawBsonRef::Document(inner) => look(inner),
        RawBsonRef::Array(items) => {
            items.into_iter().filter_map(|item| item.ok()?.as_document()).for_each(look);
        }
        _ => {}
    }
}

fn joined(path: &str, below: &str) -> String {
    if below.is_empty() { path.to_owned() } else { format!("{path}.{below}") }
}

/// The path of all elements, of which a position is one.
pub(super) fn without_positions(path: &str) -> String {
    let names = path.split('.').filter(|segment| !segment.starts_with('$'));
    names.collect::<Vec<_>>().join(".")
}
