//! Turns a computed comparison of a field with a constant into one that an index serves.
//!
//! ```text
//! $expr(age > 5)   =>   age > 5        $expr(5 < age & city == "x")   =>   age > 5 & city == "x"
//! ```
//!
//! Needs the facts that the field always holds one value of the constant's type, none of which is without an order. A
//! computed comparison orders values of all types, sees an array as one value and a missing field as less than null; a
//! match compares within one type and walks arrays. So `$expr(age < 5)` also finds documents without an age.

use data_bridge_ir::{Expr, Operands};

use super::{Nodes, PredicateRule};
use crate::facts::Facts;

pub struct ComputedToMatch;

impl PredicateRule for ComputedToMatch {
    fn name(&self) -> &'static str {
        "computed_to_match"
    }

    fn concerns(&self) -> Nodes {
        Nodes::COMPUTED
    }

    fn rewrite(&self, predicate: &Expr, facts: &Facts) -> Option<Expr> {
        let Expr::Computed(inner) = predicate else { return None };
        matched(inner, facts)
    }
}

fn matched(predicate: &Expr, facts: &Facts) -> Option<Expr> {
    let all = |terms: &[Expr]| terms.iter().map(|term| matched(term, facts)).collect::<Option<Vec<_>>>();
    match predicate {
        Expr::And(terms) => all(terms).map(Expr::And),
        Expr::Or(terms) => all(terms).map(Expr::Or),
        Expr::Call { name, operands } => {
            let terms = match operands {
                Operands::Positional(terms) => terms.as_slice(),
                Operands::Single(term) => std::slice::from_ref(&**term),
                Operands::Named(_) => return None,
            };
            match name.as_str() {
                "$and" => all(terms).map(Expr::And),
                "$or" => all(terms).map(Expr::Or),
                _ => None,
            }
        }
        Expr::Compare { op, left, right } => {
            let (op, path, value) = match (&**left, &**right) {
                (Expr::Field(path), Expr::Literal(value)) => (*op, path, value),
                (Expr::Literal(value), Expr::Field(path)) => (op.flipped(), path, value),
                _ => return None,
            };
            let known = facts.is_present(path) && facts.is_ordered(path, &value.dtype());
            known.then(|| Expr::compare(op, Expr::Field(path.clone()), Expr::Literal(value.clone())))
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use data_bridge_ir::expr::CompareOp;

    use super::*;
    use crate::testing::{assert_rewrites_knowing, assert_unchanged, assert_unchanged_knowing};
    use crate::testing::{compare, computed, eq, gt, known, known_under_collation};

    #[test]
    fn comparisons_become_matches() {
        assert_rewrites_knowing(&ComputedToMatch, &known(), computed(gt("age", 5)), "age > 5");
        let both = Expr::And(vec![gt("age", 5), eq("city", "x")]);
        assert_rewrites_knowing(&ComputedToMatch, &known(), computed(both), "(age > 5) & (city == \"x\")");
        let call = Expr::Call { name: "$or".to_owned(), operands: Operands::Positional(vec![gt("age", 5)]) };
        assert_rewrites_knowing(&ComputedToMatch, &known(), computed(call), "or(age > 5)");
        let either = Expr::Or(vec![gt("age", 5), compare("city", CompareOp::Ne, "x")]);
        assert_rewrites_knowing(&ComputedToMatch, &known(), computed(either), "(age > 5) | (city != \"x\")");
        let flipped = Expr::compare(CompareOp::Lt, Expr::Literal(5.into()), Expr::field("age"));
        assert_rewrites_knowing(&ComputedToMatch, &known(), computed(flipped), "age > 5");
        let call = Expr::Call { name: "$and".to_owned(), operands: Operands::Single(Box::new(gt("age", 5))) };
        assert_rewrites_knowing(&ComputedToMatch, &known(), computed(call), "and(age > 5)");
    }

    #[test]
    fn what_a_match_would_answer_otherwise_stays() {
        assert_unchanged(&ComputedToMatch, computed(gt("age", 5)));
        assert_unchanged_knowing(&ComputedToMatch, &known(), computed(gt("score", 0.5)));
        assert_unchanged_knowing(&ComputedToMatch, &known(), computed(gt("nickname", "b")));
        assert_unchanged_knowing(&ComputedToMatch, &known(), computed(eq("tags", "b")));
        let mixed = Expr::Or(vec![gt("age", 5), gt("score", 0.5)]);
        assert_unchanged_knowing(&ComputedToMatch, &known(), computed(mixed));
        assert_unchanged_knowing(&ComputedToMatch, &known(), computed(gt("age", 5.5)));
        assert_unchanged_knowing(&ComputedToMatch, &known(), computed(gt("age", "5")));
        assert_unchanged_knowing(&ComputedToMatch, &known(), computed(gt("unknown", 5)));
        assert_unchanged_knowing(&ComputedToMatch, &known_under_collation(), computed(gt("city", "b")));
    }

    #[test]
    fn other_operators_and_two_fields_stay() {
        let call =
            |name: &str| Expr::Call { name: name.to_owned(), operands: Operands::Positional(vec![gt("age", 5)]) };
        assert_unchanged_knowing(&ComputedToMatch, &known(), computed(call("$not")));
        assert_unchanged_knowing(&ComputedToMatch, &known(), computed(call("$allElementsTrue")));
        let named = Operands::Named(vec![("a".to_owned(), gt("age", 5))]);
        let named = Expr::Call { name: "$and".to_owned(), operands: named };
        assert_unchanged_knowing(&ComputedToMatch, &known(), computed(named));
        let fields = Expr::compare(CompareOp::Eq, Expr::field("age"), Expr::field("age"));
        assert_unchanged_knowing(&ComputedToMatch, &known(), computed(fields));
    }
}
