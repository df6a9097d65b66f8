//! Asks before an `Unwind` for documents with an element that the `Match` behind it asks for: an index may serve that,
//! and other lists are never taken apart.
//!
//! ```text
//! Unwind(items) . Match(items.price > 3 & items.new == true)
//!     =>   Match(items.any(price > 3 & new == true)) . Unwind(items) . Match(items.price > 3 & items.new == true)
//! ```
//!
//! Needs the fact that the field holds a list without lists in it: behind the unwinding `items.price` also walks an
//! element that is a list itself, before it does not. So none where a stage before has changed the field, nor where the
//! unwinding writes into it the numbers of elements. Never where documents without elements are kept, nor for what is
//! computed, opaque or a link; nor for the fields of elements that may be null. Null, missing and arrays: `$elemMatch`
//! tests an element that is a document as a match behind the unwinding tests what holds it alone, so also for what it
//! is not.

use data_bridge_ir::expr::{CompareOp, root};
use data_bridge_ir::plan::Read;
use data_bridge_ir::{DType, Expr, Path, Stage};

use super::ReadRule;
use super::flatten_boolean::joined;
use crate::analyze::effects::leaves;
use crate::facts::Facts;

pub struct PrefilterUnwind;

impl ReadRule for PrefilterUnwind {
    fn name(&self) -> &'static str {
        "prefilter_unwind"
    }

    fn rewrite(&self, read: &Read, facts: &Facts) -> Option<Vec<Stage>> {
        let place = read.stages.iter().position(|stage| matches!(stage, Stage::Unwind { .. }))?;
        let (before, from) = read.stages.split_at(place);
        let [Stage::Unwind { path, preserve: false, index }, Stage::Match(predicate), ..] = from else { return None };
        if index.as_deref().is_some_and(|index| root(index) == path.root()) {
            return None;
        }
        if !before.iter().all(|stage| leaves(stage, path.root())) {
            return None;
        }
        let item = facts.is_list_of_single(path)?;
        let terms = terms_of(predicate).iter().filter_map(|term| of_element(term, path, &item)).collect::<Vec<_>>();
        let of_documents = matches!(item, DType::Document(_));
        // The server takes one test of each kind where elements are no documents.
        if terms.is_empty() || (!of_documents && terms.len() > 1) {
            return None;
        }
        let some = Expr::ElemMatch { field: path.clone(), predicate: Box::new(joined(terms, Expr::And)) };
        let asked = before.iter().any(|stage| matches!(stage, Stage::Match(known) if terms_of(known).contains(&some)));
        if asked {
            return None;
        }
        let mut stages = read.stages.clone();
        stages.insert(place, Stage::Match(some));
        Some(stages)
    }
}

fn terms_of(predicate: &Expr) -> &[Expr] {
    if let Expr::And(terms) = predicate { terms } else { std::slice::from_ref(predicate) }
}

/// What the term asks of an element of the list alone.
fn of_element(term: &Expr, list: &Path, item: &DType) -> Option<Expr> {
    let is_simple = match item {
        DType::Document(_) => is_said_of_elements(term),
        // A bare regular expression matches by pattern, and no operator of an element does.
        _ => term.as_field_compare().is_some_and(|(op, _, value)| op != CompareOp::Ne && !value.is_regex()),
    };
    let within = |path: &Path| match path.as_str().strip_prefix(list.as_str())? {
        "" if !matches!(item, DType::Document(_)) => Some(Path::from("")),
        // An element that is null has no field, which a match finds and `$elemMatch` does not.
        rest if matches!(item, DType::Document(_)) => rest.strip_prefix('.').map(Path::from),
        _ => None,
    };
    let mut inside = is_simple;
    term.paths(&mut |path| inside &= within(path).is_some());
    inside.then(|| {
        let mut asked = term.clone();
        asked.change_paths(&|path| {
            if let Some(inner) = within(path) {
                *path = inner;
            }
        });
        asked
    })
}

/// Whether the predicate has a form inside `$elemMatch`.
fn is_said_of_elements(predicate: &Expr) -> bool {
    match predicate {
        Expr::And(terms) | Expr::Or(terms) | Expr::Nor(terms) => terms.iter().all(is_said_of_elements),
        Expr::Not(term) => is_said_of_elements(term),
        Expr::In { needle, .. } => matches!(**needle, Expr::Field(_)),
        Expr::Exists { .. }
        | Expr::IsType { .. }
        | Expr::Regex { .. }
        | Expr::Size { .. }
        | Expr::All { .. }
        | Expr::Mod { .. }
        | Expr::ElemMatch { .. } => true,
        other => other.as_field_compare().is_some(),
    }
}

#[cfg(test)]
mod tests {
    use data_bridge_ir::plan::Terminal;

    use super::*;
    use crate::testing::{compare, computed, eq, group, gt, known, linked, null, pattern, print, read, set, sort};

    fn unwind(path: &str, preserve: bool) -> Stage {
        Stage::Unwind { path: path.into(), index: None, preserve }
    }

    fn rewritten(stages: &[Stage], facts: Facts) -> Option<String> {
        PrefilterUnwind.rewrite(&read(stages.to_vec(), Terminal::Aggregate), &facts).map(|stages| print(&stages))
    }

    #[test]
    fn elements_are_asked_for_before() {
        let asked = Stage::Match(Expr::And(vec![gt("items.price", 3), eq("items.new", true), eq("age", 1)]));
        let after = "Match(items.any((price > 3) & (new == true))) . Unwind(items) . \
                     Match((items.price > 3) & (items.new == true) & (age == 1))";
        assert_eq!(rewritten(&[unwind("items", false), asked], known()).unwrap(), after);
        let after = "Match(tags.any(item == \"x\")) . Unwind(tags) . Match(tags == \"x\")";
        assert_eq!(rewritten(&[unwind("tags", false), Stage::Match(eq("tags", "x"))], known()).unwrap(), after);
    }

    #[test]
    fn every_form_that_elements_have_is_asked_for() {
        let items = |predicate| rewritten(&[unwind("items", false), Stage::Match(predicate)], known());
        let forms = [
            Expr::Exists { field: "items.a".into(), present: false },
            Expr::In { needle: Box::new(Expr::field("items.a")), values: vec![1.into(), null()], negated: true },
            Expr::Not(Box::new(gt("items.a.b", 1))),
            Expr::Nor(vec![eq("items.a", 1), eq("items.b", pattern())]),
            Expr::ElemMatch { field: "items.a".into(), predicate: Box::new(eq("b", 1)) },
        ];
        for form in forms {
            let asked = form.to_string().replace("items.", "");
            let after = items(form.clone()).unwrap();
            assert!(after.starts_with(&format!("Match(items.any({asked})) . Unwind(items)")), "{after}");
        }
    }

    #[test]
    fn of_values_one_test_is_asked_for() {
        let both = Expr::And(vec![gt("tags", "a"), compare("tags", CompareOp::Lt, "c")]);
        assert_eq!(rewritten(&[unwind("tags", false), Stage::Match(both)], known()), None);
    }

    #[test]
    fn only_the_match_behind_the_unwinding_tells() {
        assert_eq!(rewritten(&[unwind("tags", false), sort("tags")], known()), None);
        let later = [unwind("tags", false), Stage::Limit(3), Stage::Match(eq("tags", "x"))];
        assert_eq!(rewritten(&later, known()), None);
    }

    #[test]
    fn once_is_enough() {
        let some = Expr::ElemMatch { field: "tags".into(), predicate: Box::new(eq("", "x")) };
        let stages = [Stage::Match(some), sort("age"), unwind("tags", false), Stage::Match(eq("tags", "x"))];
        assert_eq!(rewritten(&stages, known()), None);
    }

    #[test]
    fn without_the_fact_a_list_may_stand_in_the_list() {
        assert_eq!(rewritten(&[unwind("tags", false), Stage::Match(eq("tags", "x"))], Facts::none()), None);
        let made = [set("tags", Expr::field("age")), unwind("tags", false), Stage::Match(eq("tags", "x"))];
        assert_eq!(rewritten(&made, known()), None);
        let grouped = [group("tags", "age"), unwind("tags", false), Stage::Match(eq("tags", "x"))];
        assert_eq!(rewritten(&grouped, known()), None);
    }

    #[test]
    fn elements_that_may_be_null_have_no_fields() {
        let missing = Stage::Match(eq("maybe.price", null()));
        assert_eq!(rewritten(&[unwind("maybe", false), missing], known()), None);
    }

    #[test]
    fn numbers_that_are_written_into_elements_are_not_stored() {
        let numbered = |path: &str, index: &str| {
            let unwind = Stage::Unwind { path: path.into(), index: Some(index.into()), preserve: false };
            [unwind, Stage::Match(eq(if path == "tags" { "tags" } else { "items.n" }, 1))]
        };
        assert_eq!(rewritten(&numbered("items", "items.n"), known()), None);
        assert_eq!(rewritten(&numbered("tags", "tags"), known()), None);
        assert!(rewritten(&numbered("items", "n"), known()).is_some());
    }

    #[test]
    fn documents_without_elements_may_be_kept() {
        assert_eq!(rewritten(&[unwind("tags", true), Stage::Match(eq("tags", "x"))], known()), None);
    }

    #[test]
    fn what_no_element_answers_stays_behind() {
        let within =
            Expr::In { needle: Box::new(Expr::field("tags")), values: vec!["x".into(), "y".into()], negated: false };
        for stays in [eq("tags", pattern()), compare("tags", CompareOp::Ne, "x"), eq("tags.x", 1), within] {
            assert_eq!(rewritten(&[unwind("tags", false), Stage::Match(stays)], known()), None);
        }
        let linked = linked("items.author", eq("name", "A"));
        let opaque = [computed(Expr::field("items.new")), Expr::Raw(1.into()), linked];
        for stays in [eq("age", 1), eq("items", 1), eq("itemsold.price", 1)].into_iter().chain(opaque) {
            let either = Expr::Or(vec![eq("items.new", true), stays.clone()]);
            for stays in [Expr::Not(Box::new(stays.clone())), stays, either] {
                assert_eq!(rewritten(&[unwind("items", false), Stage::Match(stays)], known()), None);
            }
        }
    }
}
