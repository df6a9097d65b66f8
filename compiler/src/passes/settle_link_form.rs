//! Asks a link for the one form in which it is stored: an id, or a reference that holds the id.
//!
//! ```text
//! author in [7, {"$ref": "authors", "$id": 7}]   =>   author in [7], of a class that stores ids
//! ```
//!
//! Needs the fact that links are stored in the form that the class declares: both forms are read, whoever wrote them, so
//! without it either may be stored. Null stays, for missing links too, and so do ids that are documents, which are stored
//! as ids only. Arrays of links hold the same values one by one; what is no link is never touched.

use data_bridge_ir::dtype::LinkForm;
use data_bridge_ir::{Expr, Value};

use super::{Nodes, PredicateRule};
use crate::facts::Facts;

pub struct SettleLinkForm;

impl PredicateRule for SettleLinkForm {
    fn name(&self) -> &'static str {
        "settle_link_form"
    }

    fn concerns(&self) -> Nodes {
        Nodes::IN
    }

    fn rewrite(&self, predicate: &Expr, facts: &Facts) -> Option<Expr> {
        let Expr::In { needle, values, negated } = predicate else { return None };
        let Expr::Field(path) = &**needle else { return None };
        // Every id is asked for in both forms at once: one alone was settled already.
        if !values.iter().any(is_reference) || values.iter().all(is_reference) {
            return None;
        }
        let form = facts.link_form(path)?;
        let kept = |value: &&Value| match form {
            LinkForm::Id => !is_reference(value),
            LinkForm::Reference => value.is_null() || value.is_document(),
        };
        let kept: Vec<Value> = values.iter().filter(kept).cloned().collect();
        (kept.len() < values.len()).then(|| Expr::In { needle: needle.clone(), values: kept, negated: *negated })
    }
}

fn is_reference(value: &Value) -> bool {
    value.referred_id().is_some()
}

#[cfg(test)]
mod tests {
    use bson::RawBson;
    use data_bridge_ir::schema::{FieldSchema, Schema};
    use data_bridge_ir::{DType, SchemaRef};

    use super::*;
    use crate::testing::{assert_rewrites_knowing, assert_unchanged_knowing};

    fn known(form: LinkForm, kept: bool) -> Facts {
        let author = SchemaRef::declare("Author");
        author.define(Schema::default());
        let link = DType::Link { target: author, id: Box::new(DType::Int), form, back: None };
        let book = SchemaRef::declare("Book");
        let fields = [
            ("author".to_owned(), FieldSchema::new(DType::union(vec![link.clone(), DType::Null]), true)),
            ("editors".to_owned(), FieldSchema::new(DType::Array(Box::new(link)), true)),
            ("year".to_owned(), FieldSchema::new(DType::Int, true)),
        ];
        book.define(Schema { fields: fields.into_iter().collect(), ..Schema::default() });
        book.set_trust(Some("the test says so"));
        book.set_link_forms_kept(kept);
        Facts::of(&book, &Default::default())
    }

    fn both(path: &str, negated: bool) -> Expr {
        let id = Value::from(7_i64);
        let values = vec![id.clone(), id.as_reference("authors", None), Value(RawBson::Null)];
        Expr::In { needle: Box::new(Expr::field(path)), values, negated }
    }

    #[test]
    fn the_stored_form_is_asked_for() {
        assert_rewrites_knowing(
            &SettleLinkForm,
            &known(LinkForm::Id, true),
            both("author", false),
            "author in [7, null]",
        );
        assert_rewrites_knowing(
            &SettleLinkForm,
            &known(LinkForm::Id, true),
            both("editors", true),
            "editors not in [7, null]",
        );
        let reference = "author in [{\"$ref\":\"authors\",\"$id\":7}, null]";
        assert_rewrites_knowing(&SettleLinkForm, &known(LinkForm::Reference, true), both("author", false), reference);
    }

    #[test]
    fn both_are_where_either_may_be_stored() {
        assert_unchanged_knowing(&SettleLinkForm, &known(LinkForm::Id, false), both("author", false));
        assert_unchanged_knowing(&SettleLinkForm, &Facts::none(), both("author", false));
    }

    #[test]
    fn ids_that_are_documents_and_null_stay() {
        let id = Value::from(bson::rawdoc! { "x": 1 });
        let asked = |values| Expr::In { needle: Box::new(Expr::field("author")), values, negated: false };
        let values = vec![7.into(), id, Value::from(7_i64).as_reference("authors", None)];
        let after = "author in [{\"x\":1}, {\"$ref\":\"authors\",\"$id\":7}]";
        assert_rewrites_knowing(&SettleLinkForm, &known(LinkForm::Reference, true), asked(values), after);
        let null = vec![Value::from(7_i64).as_reference("authors", None), Value(RawBson::Null)];
        assert_unchanged_knowing(&SettleLinkForm, &known(LinkForm::Reference, true), asked(null));
    }

    #[test]
    fn references_that_were_asked_for_alone_and_other_fields_stay() {
        let only = Expr::In {
            needle: Box::new(Expr::field("author")),
            values: vec![Value::from(7_i64).as_reference("authors", None)],
            negated: false,
        };
        assert_unchanged_knowing(&SettleLinkForm, &known(LinkForm::Id, true), only);
        let ids =
            Expr::In { needle: Box::new(Expr::field("author")), values: vec![7.into(), 8.into()], negated: false };
        assert_unchanged_knowing(&SettleLinkForm, &known(LinkForm::Reference, true), ids);
        assert_unchanged_knowing(&SettleLinkForm, &known(LinkForm::Id, true), both("year", false));
    }
}
