//! The ids of the other side first: each linked predicate becomes `$in` of ids that an earlier step reads.

use data_bridge_ir::dtype::LinkForm;
use data_bridge_ir::schema::Collection;
use data_bridge_ir::{Expr, Path, SchemaRef, Value};

use super::{Feed, both, of_class, stored};
use crate::analyze::links::forms;
use crate::analyze::shape::Shape;
use crate::error::CompileError;
use crate::physical::Hole;

/// The predicate without links; what it needs is appended to the feeds, what that needs before it.
///
/// Where only documents of a few ids can meet it, `ids`, what leads back is read of these alone. The documents of the
/// class have this shape where the predicate stands.
pub fn predicate(
    predicate: Expr,
    schema: &SchemaRef,
    shape: &Shape,
    ids: Option<&[Value]>,
    feeds: &mut Vec<Feed>,
) -> Result<Expr, CompileError> {
    match predicate {
        Expr::Linked { link, target, back, predicate: test } => {
            let mut filter = self::predicate(*test, &target, &Shape::of(&target), None, feeds)?;
            let here = schema.get().and_then(|schema| schema.collection.as_ref());
            if let (Some(back), Some(ids), Some(here)) = (&back, ids, here) {
                filter = both(leads_to(back, ids, here), filter);
            }
            let filter = of_class(&target, filter);
            let collection = stored(&target)?;
            let whose = format!("{}.{}", schema.name(), link.as_str());
            let purpose = match &back {
                None => format!("ids of {}, for {whose}", target.name()),
                Some(back) => format!("ids in {}.{}, for {whose}", target.name(), back.as_str()),
            };
            let (field, collected, hole) = match back {
                None => {
                    let Collection { name: collection, database } = collection.clone();
                    let hole = match shape.link_form(&link) {
                        Some(LinkForm::Id) => Hole::Ids { feed: feeds.len() },
                        _ => Hole::Links { feed: feeds.len(), collection, database },
                    };
                    (link, "_id".into(), hole)
                }
                Some(back) => ("_id".into(), back, Hole::Ids { feed: feeds.len() }),
            };
            feeds.push(Feed { purpose, collection, schema: target, filter, collected });
            Ok(Expr::In {
                needle: Box::new(Expr::Field(field)),
                values: vec![Value(hole.placeholder())],
                negated: false,
            })
        }
        mut joint @ (Expr::And(_) | Expr::Or(_) | Expr::Nor(_) | Expr::Not(_)) => {
            joint.try_each_child(|child| {
                self::predicate(child.take(), schema, shape, ids, feeds).map(|met| *child = met)
            })?;
            Ok(joint)
        }
        other => Ok(other),
    }
}

/// The link leads to one of these.
fn leads_to(link: &Path, ids: &[Value], collection: &Collection) -> Expr {
    let values = forms(ids.to_vec(), collection);
    Expr::In { needle: Box::new(Expr::Field(link.clone())), values, negated: false }
}

#[cfg(test)]
mod tests {
    use data_bridge_ir::expr::CompareOp;
    use data_bridge_ir::schema::Schema;

    use super::*;

    fn target(class_id: Option<&str>) -> SchemaRef {
        let dog = SchemaRef::declare("Dog");
        let collection = Some(Collection { database: Some("far".to_owned()), name: "animals".to_owned() });
        dog.define(Schema { collection, ..Schema::default() });
        if let Some(class_id) = class_id {
            dog.admit("_class_id", class_id);
        }
        dog
    }

    fn fed(target: SchemaRef, back: Option<Path>) -> (Expr, Feed) {
        let named = Expr::compare(CompareOp::Eq, Expr::field("name"), Expr::Literal(Value::from("Rex")));
        let mut feeds = Vec::new();
        let owner = SchemaRef::declare("Owner");
        let linked = Expr::Linked { link: "pet".into(), target, back, predicate: Box::new(named) };
        let met = predicate(linked, &owner, &Shape::of(&owner), None, &mut feeds).unwrap();
        (met, feeds.remove(0))
    }

    #[test]
    fn ids_are_fed_of_the_class_only() {
        let (_, feed) = fed(target(None), None);
        assert!(matches!(feed.filter, Expr::Compare { .. }));
        let (_, feed) = fed(target(Some("Animal.Dog")), None);
        assert!(format!("{:?}", feed.filter).contains("Animal.Dog"), "{:?}", feed.filter);
    }

    #[test]
    fn what_leads_back_is_read_of_the_given_documents_alone() {
        let owner = target(None);
        let linked = |back: Option<Path>| Expr::Linked {
            link: "pets".into(),
            target: target(None),
            back,
            predicate: Box::new(Expr::Constant(true)),
        };
        let filter = |back, ids: Option<&[Value]>| {
            let mut feeds = Vec::new();
            predicate(linked(back), &owner, &Shape::of(&owner), ids, &mut feeds).unwrap();
            feeds.remove(0).filter.to_string()
        };
        let ids = [Value::from(7_i64)];
        assert!(filter(Some("owner".into()), Some(&ids)).starts_with("owner in [7, "));
        assert_eq!(filter(Some("owner".into()), None), "true");
        assert_eq!(filter(None, Some(&ids)), "true");
    }

    #[test]
    fn a_link_is_met_by_ids_and_references_and_a_back_link_by_ids() {
        let needle = |met: &Expr| match met {
            Expr::In { needle, values, .. } => (format!("{needle:?}"), values[0].clone()),
            other => panic!("{other:?}"),
        };
        let (met, feed) = fed(target(None), None);
        assert_eq!(feed.purpose, "ids of Dog, for Owner.pet");
        let links = Hole::Links { feed: 0, collection: "animals".to_owned(), database: Some("far".to_owned()) };
        assert_eq!(needle(&met).1, Value(links.placeholder()));
        assert_eq!(feed.collected.as_str(), "_id");
        let (met, feed) = fed(target(None), Some("owner".into()));
        assert_eq!(feed.purpose, "ids in Dog.owner, for Owner.pet");
        assert_eq!(needle(&met).1, Value(Hole::Ids { feed: 0 }.placeholder()));
        assert!(needle(&met).0.contains("_id"));
        assert_eq!(feed.collected.as_str(), "owner");
    }
}
