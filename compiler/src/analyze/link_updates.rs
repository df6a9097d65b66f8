//! Links in updates, written in the form in which their class stores them and found in either.
//!
//! ```text
//! $set author: 7          =>   $set author: {"$ref": "authors", "$id": 7}, of a class that stores references
//! $pull editors: 7        =>   $pull editors: {"$in": [7, {"$ref": "authors", "$id": 7}]}
//! ```
//!
//! Ids that are documents are stored as ids only.

use std::borrow::Cow;

use bson::{RawArrayBuf, RawBson, RawDocumentBuf};
use data_bridge_ir::dtype::LinkForm;
use data_bridge_ir::schema::Collection;
use data_bridge_ir::update::Operation;
use data_bridge_ir::{DType, SchemaRef, Value};

use super::link_conditions::{Conditions, all_forms, without_positions};

/// Makes each link in an operation what is stored of it.
pub(super) fn as_stored(operation: &mut Operation, conditions: &mut Conditions<'_>) {
    let path = without_positions(operation.path.as_str());
    let Some(dtype) = type_at(operation.path.as_str(), conditions.schema) else { return };
    let operand = std::mem::replace(&mut operation.operand.0, RawBson::Null);
    operation.operand.0 = match operation.op.as_str() {
        "$set" | "$setOnInsert" => in_form(operand, &dtype),
        "$push" | "$addToSet" => {
            conditions.ordered(&operand, &path);
            element(&dtype).map_or(operand.clone(), |item| added(operand, item))
        }
        "$pull" => conditions.pulled(&operand, &path),
        "$pullAll" => match element(&dtype).and_then(collection_of) {
            Some(collection) => all_forms(&operand, &collection),
            None => operand,
        },
        _ => operand,
    };
}

/// What is declared at a path of an update: a position stands for any element.
fn type_at<'a>(path: &str, schema: &'a SchemaRef) -> Option<Cow<'a, DType>> {
    if !path.contains('$') {
        return schema.lookup(path).found();
    }
    let segments = path.split('.').map(|segment| if segment.starts_with('$') { "0" } else { segment });
    schema.lookup(&segments.collect::<Vec<_>>().join(".")).found()
}

fn element(dtype: &DType) -> Option<&DType> {
    dtype.members().iter().find_map(|member| if let DType::Array(item) = member { Some(&**item) } else { None })
}

fn collection_of(dtype: &DType) -> Option<Collection> {
    let DType::Link { target, back: None, .. } = dtype else { return None };
    target.get().and_then(|target| target.collection.clone())
}

fn in_form(value: RawBson, dtype: &DType) -> RawBson {
    match value {
        RawBson::Array(items) if element(dtype).is_some_and(holds_links) => {
            let item = element(dtype).unwrap_or(dtype);
            RawBson::Array(each(items, |found| in_form(found, item)))
        }
        RawBson::Null => RawBson::Null,
        value => dtype
            .members()
            .iter()
            .find_map(|member| match (member, &value) {
                (DType::Link { form, back: None, .. }, _) => {
                    collection_of(member).map(|collection| one(value.clone(), *form, &collection))
                }
                (DType::Map(item), RawBson::Document(entries)) if holds_links(item) => {
                    Some(RawBson::Document(entries_of(entries, |found| in_form(found, item))))
                }
                _ => None,
            })
            .unwrap_or(value),
    }
}

fn holds_links(dtype: &DType) -> bool {
    dtype.members().iter().any(|member| match member {
        DType::Link { back: None, .. } => true,
        DType::Array(item) | DType::Map(item) => holds_links(item),
        _ => false,
    })
}

fn one(value: RawBson, form: LinkForm, collection: &Collection) -> RawBson {
    let value = Value(value);
    let referred = value.referred_id();
    match form {
        LinkForm::Id => referred.unwrap_or(value).0,
        LinkForm::Reference if value.is_document() => value.0,
        LinkForm::Reference => value.as_reference(&collection.name, collection.database.as_deref()).0,
    }
}

/// What a list is given: an element, or several of them beside the modifiers of the operator.
fn added(operand: RawBson, item: &DType) -> RawBson {
    match &operand {
        RawBson::Document(document) if document.get("$each").is_ok_and(|found| found.is_some()) => {
            let given = RawDocumentBuf::clone(document);
            RawBson::Document(named_entries_of(&given, |name, found| match found {
                RawBson::Array(items) if name == "$each" => RawBson::Array(each(items, |each| in_form(each, item))),
                other => other,
            }))
        }
        _ => in_form(operand, item),
    }
}

fn each(items: RawArrayBuf, change: impl Fn(RawBson) -> RawBson) -> RawArrayBuf {
    let mut changed = RawArrayBuf::new();
    // Operands were encoded by the codec, which writes no malformed element.
    (&items).into_iter().filter_map(Result::ok).for_each(|item| changed.push(change(item.into())));
    changed
}

fn entries_of(document: &RawDocumentBuf, change: impl Fn(RawBson) -> RawBson) -> RawDocumentBuf {
    named_entries_of(document, |_, value| change(value))
}

fn named_entries_of(document: &RawDocumentBuf, change: impl Fn(&str, RawBson) -> RawBson) -> RawDocumentBuf {
    let mut changed = RawDocumentBuf::new();
    for (name, value) in document.iter().filter_map(Result::ok) {
        changed.append(name, change(name.as_str(), value.into()));
    }
    changed
}

#[cfg(test)]
mod tests {
    use data_bridge_ir::schema::{FieldSchema, Schema};

    use super::*;

    fn book(form: LinkForm) -> SchemaRef {
        let author = SchemaRef::declare("Author");
        let collection = Some(Collection { database: None, name: "authors".to_owned() });
        author.define(Schema { collection, ..Schema::default() });
        let link = DType::Link { target: author, id: Box::new(DType::Int), form, back: None };
        let book = SchemaRef::declare("Book");
        let fields = [
            ("author", DType::union(vec![link.clone(), DType::Null])),
            ("editors", DType::Array(Box::new(link.clone()))),
            ("roles", DType::Map(Box::new(link))),
            ("year", DType::Int),
        ];
        let fields = fields.map(|(name, dtype)| (name.to_owned(), FieldSchema::new(dtype, true)));
        book.define(Schema { fields: fields.into_iter().collect(), ..Schema::default() });
        book
    }

    fn written(op: &str, path: &str, operand: impl Into<Value>, form: LinkForm) -> String {
        let mut operation = Operation { op: op.into(), path: path.into(), operand: operand.into() };
        as_stored(&mut operation, &mut Conditions::of(&book(form)));
        operation.operand.to_string()
    }

    fn reference(id: i32) -> Value {
        Value::from(id).as_reference("authors", None)
    }

    #[test]
    fn links_are_written_in_the_form_of_the_class() {
        let same = reference(7).to_string();
        for (op, path) in
            [("$set", "author"), ("$setOnInsert", "roles.a"), ("$push", "editors"), ("$set", "editors.$[]")]
        {
            assert_eq!(written(op, path, 7, LinkForm::Reference), same);
            assert_eq!(written(op, path, reference(7), LinkForm::Reference), same);
            assert_eq!(written(op, path, 7, LinkForm::Id), "7");
            assert_eq!(written(op, path, reference(7), LinkForm::Id), "7");
        }
        let list = bson::rawbson!({"$each": [7], "$slice": 2});
        assert_eq!(
            written("$push", "editors", list, LinkForm::Reference),
            format!(r#"{{"$each":[{same}],"$slice":2}}"#)
        );
        let entries = bson::rawbson!({"x": 7});
        assert_eq!(written("$set", "roles", entries, LinkForm::Reference), format!(r#"{{"x":{same}}}"#));
    }

    #[test]
    fn either_form_is_taken_out() {
        let both = format!("[7,{}]", reference(7));
        for form in [LinkForm::Id, LinkForm::Reference] {
            assert_eq!(written("$pull", "editors", 7, form), format!(r#"{{"$in":{both}}}"#));
            assert_eq!(written("$pull", "editors", reference(7), form), format!(r#"{{"$in":{both}}}"#));
            assert_eq!(written("$pull", "editors", bson::rawbson!({"$in": [7]}), form), format!(r#"{{"$in":{both}}}"#));
            assert_eq!(written("$pullAll", "editors", bson::rawbson!([7]), form), both);
        }
    }

    #[test]
    fn what_is_no_link_stays() {
        assert_eq!(written("$set", "year", 7, LinkForm::Reference), "7");
        assert_eq!(written("$set", "author", RawBson::Null, LinkForm::Reference), "null");
        assert_eq!(written("$set", "author", bson::rawbson!({"a": 1}), LinkForm::Reference), r#"{"a":1}"#);
        assert_eq!(written("$pull", "editors", bson::rawbson!({"$gt": 7}), LinkForm::Id), r#"{"$gt":7}"#);
    }
}
