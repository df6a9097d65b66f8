//! Links in conditions on elements: those by which an update removes, orders or changes some, and those of `$all`.
//!
//! ```text
//! $pull parts: {who: 7}                             =>   {who: {"$in": [7, {"$ref": "authors", "$id": 7}]}}
//! $pull parts: {"who.name": "Bob"}                  names parts.who.name
//! $set parts.$[p].who: 1, {"p.who.name": "Bob"}     names parts.who.name
//! ```
//!
//! A stored link is compared in either form. What is behind one the server would read below the stored id, where nothing
//! is: `!=` would hold for every element, and `==` for none. Fields of ids that are documents are named as they are
//! stored.

use bson::{RawArrayBuf, RawBson, RawBsonRef, RawDocument, RawDocumentBuf};
use data_bridge_ir::schema::{Collection, Crossing};
use data_bridge_ir::update::Operation;
use data_bridge_ir::{DType, Path, SchemaRef, Value};

use super::links::forms;

/// Conditions that were looked into.
pub(super) struct Conditions<'a> {
    pub schema: &'a SchemaRef,
    /// The paths behind links that they name.
    pub behind: Vec<String>,
}

impl<'a> Conditions<'a> {
    pub fn of(schema: &'a SchemaRef) -> Self {
        Self { schema, behind: Vec::new() }
    }

    /// What a pull is given: a condition, or a value that elements equal.
    pub fn pulled(&mut self, operand: &RawBson, list: &str) -> RawBson {
        match operand {
            RawBson::Document(given) if !is_reference(operand) => RawBson::Document(self.condition(given, list)),
            value => self.equal(value.clone(), list),
        }
    }

    /// The keys by which a push orders the elements.
    pub fn ordered(&mut self, operand: &RawBson, list: &str) {
        let RawBson::Document(given) = operand else { return };
        if let Ok(Some(RawBsonRef::Document(keys))) = given.get("$sort") {
            self.condition(keys, list);
        }
    }

    /// The conditions among the values of `$all`.
    pub fn all(&mut self, operand: &Value, list: &Path) {
        let RawBson::Array(values) = &operand.0 else { return };
        for given in values.into_iter().filter_map(|value| value.ok()?.as_document()) {
            if matches!(given.get("$elemMatch"), Ok(Some(_))) {
                self.condition(given, list.as_str());
            }
        }
    }

    /// Array filters, of the elements that the operations call by their names.
    pub fn array_filters(&mut self, filters: &RawBson, operations: &[Operation]) -> RawBson {
        self.each_document(filters.as_raw_bson_ref(), |all, filter| all.named(filter, operations))
    }

    fn named(&mut self, filter: &RawDocument, operations: &[Operation]) -> RawDocumentBuf {
        let mut asked = RawDocumentBuf::new();
        for (key, value) in filter.iter().filter_map(Result::ok) {
            let (name, below) = key.as_str().split_once('.').unwrap_or((key.as_str(), ""));
            let position = format!(".$[{name}]");
            let list = operations.iter().find_map(|operation| Some(operation.path.as_str().split_once(&position)?.0));
            asked.append(
                key,
                match list {
                    Some(list) => self.test(value, &joined(&without_positions(list), below)),
                    None => self.each_document(value, |all, inner| all.named(inner, operations)),
                },
            );
        }
        asked
    }

    /// A condition on what stands at a path.
    fn condition(&mut self, given: &RawDocument, at: &str) -> RawDocumentBuf {
        let linked = self.linked(at);
        let mut asked = RawDocumentBuf::new();
        for (key, value) in given.iter().filter_map(Result::ok) {
            match (key.as_str(), &linked) {
                ("$and" | "$or" | "$nor" | "$not" | "$elemMatch", _) => {
                    asked.append(key, self.each_document(value, |all, inner| all.condition(inner, at)));
                }
                ("$eq", Some(to)) => asked.append(bson::cstr!("$in"), all_forms(&one_of(value.into()), to)),
                ("$ne", Some(to)) => asked.append(bson::cstr!("$nin"), all_forms(&one_of(value.into()), to)),
                ("$in" | "$nin", Some(to)) => asked.append(key, all_forms(&value.into(), to)),
                (operator, _) if operator.starts_with('$') => asked.append(key, RawBson::from(value)),
                (below, _) => asked.append(key, self.test(value, &joined(at, below))),
            }
        }
        asked
    }

    /// What the value at a path is compared with, or the operators that test it.
    fn test(&mut self, value: RawBsonRef<'_>, path: &str) -> RawBson {
        let given = RawBson::from(value);
        if self.schema.crossing(path).is_some_and(|crossing| !is_of_id(&crossing, self.schema)) {
            self.behind.push(path.to_owned());
            return given;
        }
        match value {
            RawBsonRef::Document(tests) if !is_reference(&given) && has_operators(tests) => {
                RawBson::Document(self.condition(tests, path))
            }
            RawBsonRef::RegularExpression(_) => given,
            _ => self.equal(given, path),
        }
    }

    fn equal(&self, value: RawBson, path: &str) -> RawBson {
        let Some(to) = self.linked(path) else { return value };
        let mut condition = RawDocumentBuf::new();
        condition.append(bson::cstr!("$in"), all_forms(&one_of(value), &to));
        RawBson::Document(condition)
    }

    /// Where the stored link at a path, or each of a list, leads to.
    fn linked(&self, path: &str) -> Option<Collection> {
        match self.schema.lookup(path).found()?.link()? {
            DType::Link { target, back: None, .. } => target.get()?.collection.clone(),
            _ => None,
        }
    }

    /// The value with each document in it changed, or itself where it is one.
    fn each_document(
        &mut self,
        value: RawBsonRef<'_>,
        mut change: impl FnMut(&mut Self, &RawDocument) -> RawDocumentBuf,
    ) -> RawBson {
        match value {
            RawBsonRef::Document(inner) => RawBson::Document(change(self, inner)),
            RawBsonRef::Array(items) => {
                let mut changed = RawArrayBuf::new();
                for item in items.into_iter().filter_map(Result::ok) {
                    match item {
                        RawBsonRef::Document(inner) => changed.push(change(self, inner)),
                        other => changed.push(RawBson::from(other)),
                    }
                }
                RawBson::Array(changed)
            }
            other => other.into(),
        }
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

fn is_reference(value: &RawBson) -> bool {
    Value(value.clone()).referred_id().is_some()
}

fn has_operators(document: &RawDocument) -> bool {
    document.iter().flatten().next().is_some_and(|(name, _)| name.as_str().starts_with('$'))
}

/// Each of a list of ids in the forms in which it may be stored.
pub(super) fn all_forms(ids: &RawBson, collection: &Collection) -> RawBson {
    let RawBson::Array(ids) = ids else { return ids.clone() };
    let ids = ids.into_iter().filter_map(Result::ok).map(|id| Value(id.into())).collect();
    let mut list = RawArrayBuf::new();
    forms(ids, collection).into_iter().for_each(|form| list.push(form.0));
    RawBson::Array(list)
}

fn one_of(value: RawBson) -> RawBson {
    let mut list = RawArrayBuf::new();
    list.push(value);
    RawBson::Array(list)
}

fn joined(path: &str, below: &str) -> String {
    if below.is_empty() { path.to_owned() } else { format!("{path}.{below}") }
}

/// The path of all elements, of which a position is one.
pub(super) fn without_positions(path: &str) -> String {
    let names = path.split('.').filter(|segment| !segment.starts_with('$'));
    names.collect::<Vec<_>>().join(".")
}
