//! How many documents can come to a stage, where that is known: by a limit, or by equalities that few documents meet.

use bson::RawBson;
use data_bridge_ir::expr::CompareOp;
use data_bridge_ir::{Expr, SchemaRef, Stage, Value};

/// A number of documents that is never exceeded, and what says so.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Bound {
    pub most: u64,
    pub why: String,
}

/// The bound before each stage of a pipeline, which is walked from its start.
pub struct Bounds<'a> {
    /// None once the documents are no longer those of the class.
    schema: Option<&'a SchemaRef>,
    bound: Option<Bound>,
}

impl<'a> Bounds<'a> {
    pub fn at_start(schema: &'a SchemaRef) -> Self {
        Self { schema: Some(schema), bound: None }
    }

    /// Of the documents that meet the predicate's own tests.
    pub fn of(&self, predicate: &Expr) -> Option<Bound> {
        let selected = self.schema.and_then(|schema| selected(schema, predicate));
        [self.bound.clone(), selected].into_iter().flatten().min_by_key(|bound| bound.most)
    }

    /// Goes on behind a stage.
    pub fn pass(&mut self, stage: &Stage) {
        match stage {
            Stage::Match(predicate) => self.bound = self.of(predicate),
            Stage::Limit(count) => {
                let limit = Bound { most: *count, why: format!("limit {count}") };
                self.bound = [self.bound.take(), Some(limit)].into_iter().flatten().min_by_key(|bound| bound.most);
            }
            Stage::Sort(_) | Stage::Skip(_) => {}
            Stage::Set(_)
            | Stage::Unset(_)
            | Stage::Project(_)
            | Stage::Lookup(_)
            | Stage::Group { .. }
            | Stage::Count(_) => self.schema = None,
            _ => (self.schema, self.bound) = (None, None),
        }
    }
}

/// The ids of which a predicate wants one.
pub fn ids(predicate: &Expr) -> Option<&[Value]> {
    terms(predicate).iter().find_map(|term| equal_to(term, "_id"))
}

fn selected(schema: &SchemaRef, predicate: &Expr) -> Option<Bound> {
    let by_id = ids(predicate).map(|ids| Bound { most: ids.len() as u64, why: "_id is unique".to_owned() });
    let terms = terms(predicate);
    let indexes = schema.indexes();
    let by_index = indexes.iter().filter(|index| index.unique && index.whole).filter_map(|index| {
        let counts = index.keys.iter().map(|key| terms.iter().find_map(|term| equal_to(term, key)).map(<[_]>::len));
        let most = counts.collect::<Option<Vec<_>>>()?.into_iter().product::<usize>() as u64;
        Some(Bound { most, why: format!("{} is unique", index.keys.join(", ")) })
    });
    by_id.into_iter().chain(by_index).min_by_key(|bound| bound.most)
}

fn terms(predicate: &Expr) -> &[Expr] {
    if let Expr::And(terms) = predicate { terms } else { std::slice::from_ref(predicate) }
}

/// The values of which the term wants the field to have one; none where that is not all it says.
fn equal_to<'e>(term: &'e Expr, path: &str) -> Option<&'e [Value]> {
    let (field, values) = match term {
        Expr::Compare { op: CompareOp::Eq, left, right } => match (&**left, &**right) {
            (Expr::Field(field), Expr::Literal(value)) => (field, std::slice::from_ref(value)),
            _ => return None,
        },
        Expr::In { needle, values, negated: false } => match &**needle {
            Expr::Field(field) => (field, values.as_slice()),
            _ => return None,
        },
        _ => return None,
    };
    // A regular expression is a pattern, and null is met by every document without the field.
    let exact = |value: &Value| !matches!(value.0, RawBson::RegularExpression(_) | RawBson::Null);
    (field.as_str() == path && values.iter().all(exact)).then_some(values)
}

#[cfg(test)]
mod tests {
    use data_bridge_ir::schema::Index;

    use super::*;
    use crate::testing::{eq, gt, include, lookup, sort};

    fn book() -> SchemaRef {
        let book = SchemaRef::declare("Book");
        let index = |keys: &[&str], unique, whole| Index {
            keys: keys.iter().map(|key| (*key).to_owned()).collect(),
            unique,
            whole,
        };
        book.set_indexes(vec![
            index(&["isbn"], true, true),
            index(&["shelf", "place"], true, true),
            index(&["code"], true, false),
            index(&["year"], false, true),
        ]);
        book
    }

    fn one_of(path: &str, values: &[i32]) -> Expr {
        let values = values.iter().map(|value| Value::from(i64::from(*value))).collect();
        Expr::In { needle: Box::new(Expr::field(path)), values, negated: false }
    }

    fn bound(predicate: Expr) -> Option<(u64, String)> {
        let book = book();
        Bounds::at_start(&book).of(&predicate).map(|bound| (bound.most, bound.why))
    }

    #[test]
    fn equalities_on_unique_indexes_bound() {
        assert_eq!(bound(eq("isbn", 1)), Some((1, "isbn is unique".to_owned())));
        assert_eq!(bound(one_of("_id", &[1, 2, 3])), Some((3, "_id is unique".to_owned())));
        let both = Expr::And(vec![one_of("shelf", &[1, 2]), eq("place", 4), gt("year", 2000)]);
        assert_eq!(bound(both), Some((2, "shelf, place is unique".to_owned())));
        let least = Expr::And(vec![one_of("_id", &[1, 2]), eq("isbn", 4)]);
        assert_eq!(bound(least), Some((1, "isbn is unique".to_owned())));
    }

    #[test]
    fn nothing_else_does() {
        for predicate in [
            gt("isbn", 1),
            eq("year", 2000),
            eq("shelf", 1),
            eq("code", 1),
            eq("isbn", Value(RawBson::Null)),
            Expr::Or(vec![eq("isbn", 1), eq("year", 2000)]),
            Expr::Not(Box::new(eq("isbn", 1))),
        ] {
            assert_eq!(bound(predicate.clone()), None, "{predicate}");
        }
    }

    #[test]
    fn a_bound_outlives_stages_that_make_no_documents() {
        let book = book();
        let through = |stages: &[Stage]| {
            let mut bounds = Bounds::at_start(&book);
            stages.iter().for_each(|stage| bounds.pass(stage));
            bounds.of(&eq("isbn", 1)).map(|bound| bound.most)
        };
        let unwind = Stage::Unwind { path: "tags".into(), index: None, preserve: false };
        assert_eq!(through(&[sort("year"), Stage::Limit(5)]), Some(1));
        assert_eq!(through(&[Stage::Limit(5), include(&["isbn"])]), Some(5));
        assert_eq!(through(&[Stage::Limit(5), lookup("x"), Stage::Limit(7)]), Some(5));
        assert_eq!(through(&[Stage::Limit(5), unwind]), None);
        assert_eq!(through(&[include(&["isbn"])]), None);
    }
}
