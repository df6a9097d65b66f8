//! What an expression reads of its document, and whether it may be evaluated elsewhere than where it stands.
//!
//! Fields are told apart by their first name only. Below it, paths that differ can still meet: `a.x` is written into
//! every element of a list and `a.0.x` reads one of them, and whether `{"a.y": null}` matches depends on whether the
//! elements of `a` are documents at all.

use data_bridge_ir::catalog;
use data_bridge_ir::expr::Operands;
use data_bridge_ir::{Expr, Value};

use super::roots::Roots;

/// Operators on one field that decide for each document by itself. `$near` is none: it also sorts.
const OF_ONE_DOCUMENT: [&str; 7] =
    ["$bitsAllClear", "$bitsAllSet", "$bitsAnyClear", "$bitsAnySet", "$geoIntersects", "$geoWithin", "$type"];

/// The top-level fields that an expression reads; none when it may read any.
pub fn roots(expr: &Expr) -> Option<Roots<'_>> {
    let mut found = Roots::default();
    let known = expr.paths(&mut |path| {
        found.insert(path.root());
    });
    (known && every(expr, &sees_the_document_by_paths)).then_some(found)
}

/// Whether an expression gives the same for the same document, however often and wherever it is evaluated.
pub fn is_deterministic(expr: &Expr) -> bool {
    every(expr, &|part| match part {
        Expr::Raw(_) => false,
        Expr::Call { name, .. } => catalog::is_pure(name),
        _ => true,
    })
}

/// Whether an expression reads only top-level fields that meet the test, by their names; false when it may read any.
pub fn reads_only(expr: &Expr, test: impl Fn(&str) -> bool) -> bool {
    let mut met = true;
    let known = expr.paths(&mut |path| met = met && test(path.root()));
    known && met && every(expr, &sees_the_document_by_paths)
}

/// Whether a predicate may be tested at another place of the pipeline. Otherwise it must stay: what is opaque may be a
/// text search, and a link is followed from where its predicate stands.
pub fn may_move(predicate: &Expr) -> bool {
    every(predicate, &|part| match part {
        Expr::Linked { .. } | Expr::Raw(_) => false,
        Expr::FieldOperator { name, .. } => OF_ONE_DOCUMENT.contains(&name.as_str()),
        Expr::Call { name, .. } => catalog::is_pure(name),
        _ => true,
    })
}

/// The top-level fields that a predicate reads, where it may be tested at another place; none where it must stay.
pub fn movable(predicate: &Expr) -> Option<Roots<'_>> {
    if may_move(predicate) { roots(predicate) } else { None }
}

/// Whether evaluating an expression may fail on some document: a match in its own language never does.
pub fn may_fail(predicate: &Expr) -> bool {
    predicate.as_field_compare().is_none()
        && !every(predicate, &|part| !matches!(part, Expr::Computed(_) | Expr::Call { .. } | Expr::Raw(_)))
}

/// Some operators take the whole document unasked, and `CURRENT` may be given another meaning for what is inside.
fn sees_the_document_by_paths(part: &Expr) -> bool {
    let renames = |(name, value): &(String, Expr)| {
        let called = matches!(value, Expr::Literal(Value(bson::RawBson::String(name))) if name == "CURRENT");
        name == "CURRENT" || (name == "as" && called)
    };
    let given: &[_] = match part {
        Expr::Document(fields) | Expr::Call { operands: Operands::Named(fields), .. } => fields,
        _ => &[],
    };
    let of_itself = match part {
        Expr::Call { name, operands: Operands::Named(given) } if name == "$getField" => {
            !given.iter().any(|(name, _)| name == "input")
        }
        Expr::Call { name, operands } if name == "$getField" => operands.children().count() < 2,
        _ => false,
    };
    !of_itself && !given.iter().any(renames)
}

fn every(expr: &Expr, test: &impl Fn(&Expr) -> bool) -> bool {
    test(expr) && expr.all_children(|child| every(child, test))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{call as single, chance, computed, eq};

    fn call(name: &str, operands: Operands) -> Expr {
        Expr::Call { name: name.to_owned(), operands }
    }

    fn names(found: Option<Roots<'_>>) -> Vec<&str> {
        found.expect("known").iter().collect()
    }

    #[test]
    fn fields_are_known_by_their_first_name() {
        let both = Expr::And(vec![eq("a.x", 1), computed(single("$size", Expr::field("b.0")))]);
        assert_eq!(names(roots(&both)), ["a", "b"]);
        assert_eq!(names(movable(&both)), ["a", "b"]);
    }

    #[test]
    fn what_takes_the_whole_document_reads_all_of_it() {
        let name = || Expr::Literal("a".into());
        let inside = |key: &str| Expr::Document(vec![(key.to_owned(), Expr::field("b"))]);
        let given = |key: &str| {
            let given = vec![("vars".to_owned(), inside(key)), ("in".to_owned(), Expr::field("x"))];
            call("$let", Operands::Named(given))
        };
        assert_eq!(roots(&Expr::Variable("ROOT".into())), None);
        assert_eq!(roots(&Expr::Variable("CURRENT.a".into())), None);
        assert_eq!(roots(&single("$getField", name())), None);
        assert_eq!(roots(&call("$getField", Operands::Named(vec![("field".into(), name())]))), None);
        assert_eq!(roots(&given("CURRENT")), None);
        let named = Expr::Document(vec![("as".to_owned(), Expr::Literal("CURRENT".into()))]);
        assert_eq!(roots(&single("$map", named)), None);
        assert_eq!(names(roots(&given("v"))), ["b", "x"]);
        let of_b =
            call("$getField", Operands::Named(vec![("field".into(), name()), ("input".into(), Expr::field("b"))]));
        assert_eq!(names(roots(&of_b)), ["b"]);
    }

    #[test]
    fn chance_opaque_parts_links_and_nearness_stay_where_they_are() {
        let near = |name: &str| Expr::FieldOperator { field: "a".into(), name: name.into(), operand: Value::from(1) };
        let linked = Expr::Linked {
            link: "a".into(),
            target: data_bridge_ir::SchemaRef::declare("Target"),
            back: None,
            predicate: Box::new(eq("b", 1)),
        };
        for stays in [computed(chance()), Expr::Raw(Value::from(1)), near("$near"), near("$text"), linked] {
            assert_eq!(movable(&Expr::Not(Box::new(stays.clone()))), None, "{stays}");
        }
        assert!(movable(&near("$bitsAllSet")).is_some());
    }

    #[test]
    fn only_computing_fails() {
        assert!(may_fail(&Expr::Or(vec![eq("a", 1), computed(single("$size", Expr::field("a")))])));
        assert!(!may_fail(&Expr::Nor(vec![eq("a", 1)])));
    }
}
