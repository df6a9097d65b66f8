//! Moves the terms of a `Match` that compare the key of a `Group` with plain values below it: fewer documents are
//! grouped, and an index may serve the match.
//!
//! ```text
//! Group(by=city, n=sum(1)) . Match(_id == "NYC" & n > 3)   =>   Match(city == "NYC") . Group(by=city, n=sum(1)) . Match(n > 3)
//! Group(by={c: city}) . Match(_id.c in ["NYC", "LA"])       =>   Match(city in ["NYC", "LA"]) . Group(by={c: city})
//! ```
//!
//! Only keys that are a top-level field, or a document of such fields: `$a.b` gathers a list from the elements of a list
//! `a`, which a match on `a.b` walks otherwise. Only `== != < <= > >= in not_in` with numbers, text, booleans, dates and
//! ids, and `& | ~` of those, because a group joins documents whose keys the term has to treat alike:
//!
//! - null and missing become one key, so nothing that asks for null or for presence moves;
//! - numbers of one value and several types become one key, so nothing that asks for a type moves;
//! - under a collation so does text that only compares as equal, so no regular expression moves.
//!
//! Arrays: a group takes a list as one key, and `_id == 5` walks the key `[4, 5]` exactly as `a == 5` walks the field.
//! Groups of documents that are not asked for are dropped whole, so no other group changes. Never across chance
//! (`$rand`) or an opaque operand.

use bson::RawBson;
use data_bridge_ir::{Expr, Operands, Path, Stage};

use super::{MatchRule, Passing};
use crate::analyze::reads::is_deterministic;

pub struct PushMatchBelowGroup;

impl MatchRule for PushMatchBelowGroup {
    fn name(&self) -> &'static str {
        "push_match_below_group"
    }

    fn passing<'a>(&self, stage: &'a Stage) -> Option<Passing<'a>> {
        let Stage::Group { by: Some(key), outputs } = stage else { return None };
        let operands = outputs.iter().flat_map(|output| output.operands.iter().flat_map(Operands::children));
        let settled = operands.into_iter().all(is_deterministic);
        settled.then(|| Passing::Asked(Box::new(|term| of_documents(term, key))))
    }
}

/// What the term asks of a group's key, asked of the documents.
fn of_documents(term: &Expr, key: &Expr) -> Option<Expr> {
    let field = |tested: &Expr| match tested {
        Expr::Field(path) => source(path, key).map(|path| Box::new(Expr::Field(path))),
        _ => None,
    };
    let all = |terms: &[Expr]| terms.iter().map(|term| of_documents(term, key)).collect::<Option<Vec<_>>>();
    Some(match term {
        Expr::Compare { op, left, right } if is_plain(right) => {
            Expr::Compare { op: *op, left: field(left)?, right: right.clone() }
        }
        Expr::In { needle, values, negated } if values.iter().all(|value| is_plain_value(&value.0)) => {
            Expr::In { needle: field(needle)?, values: values.clone(), negated: *negated }
        }
        Expr::And(terms) => Expr::And(all(terms)?),
        Expr::Or(terms) => Expr::Or(all(terms)?),
        Expr::Nor(terms) => Expr::Nor(all(terms)?),
        Expr::Not(term) => Expr::Not(Box::new(of_documents(term, key)?)),
        Expr::Constant(false) => Expr::Constant(false),
        _ => return None,
    })
}

/// Where a path of the key comes from.
fn source(path: &Path, key: &Expr) -> Option<Path> {
    let inside = path.as_str().strip_prefix("_id")?;
    match key {
        Expr::Field(field) if is_top_level(field) && (inside.is_empty() || inside.starts_with('.')) => {
            Some(Path(format!("{}{inside}", field.as_str())))
        }
        Expr::Document(fields) => {
            let inside = Path::from(inside.strip_prefix('.')?);
            let mut named = fields.iter().filter(|(name, _)| name == inside.root());
            match (named.next(), named.next()) {
                (Some((name, Expr::Field(field))), None) if is_top_level(field) => {
                    Some(Path(format!("{}{}", field.as_str(), &inside.as_str()[name.len()..])))
                }
                _ => None,
            }
        }
        _ => None,
    }
}

fn is_top_level(field: &Path) -> bool {
    !field.as_str().is_empty() && !field.as_str().contains('.')
}

fn is_plain(operand: &Expr) -> bool {
    matches!(operand, Expr::Literal(value) if is_plain_value(&value.0))
}

/// Values that neither null nor missing meets, and that say nothing of the type of a number.
fn is_plain_value(value: &RawBson) -> bool {
    matches!(
        value,
        RawBson::Int32(_)
            | RawBson::Int64(_)
            | RawBson::Double(_)
            | RawBson::Decimal128(_)
            | RawBson::String(_)
            | RawBson::Boolean(_)
            | RawBson::DateTime(_)
            | RawBson::ObjectId(_)
    )
}

#[cfg(test)]
mod tests {
    use data_bridge_ir::Value;
    use data_bridge_ir::expr::CompareOp;
    use data_bridge_ir::stage::Accumulator;

    use super::*;
    use crate::testing::{assert_passes, assert_stays, call, chance, compare, computed, eq, gt, pattern};

    fn group(by: Expr) -> Stage {
        Stage::Group { by: Some(by), outputs: vec![] }
    }

    fn key(name: &str, value: Expr) -> Expr {
        Expr::Document(vec![(name.to_owned(), value)])
    }

    fn unchanged(by: Expr, predicate: Expr) {
        assert_stays(&PushMatchBelowGroup, &[group(by), Stage::Match(predicate)]);
    }

    #[test]
    fn terms_on_the_key_move_and_the_rest_stays() {
        let stages = [group(Expr::field("city")), Stage::Match(Expr::And(vec![eq("_id", "NYC"), gt("n", 3)]))];
        let after = "Match(city == \"NYC\") . Group(by=city) . Match(n > 3)";
        assert_passes(&PushMatchBelowGroup, &stages, after);
        let stages = [group(Expr::field("city")), Stage::Match(gt("_id.x", 3))];
        assert_passes(&PushMatchBelowGroup, &stages, "Match(city.x > 3) . Group(by=city)");
    }

    #[test]
    fn terms_on_a_part_of_the_key_move() {
        let outside = Expr::In { needle: Box::new(Expr::field("_id.c.x")), values: vec![1.into()], negated: true };
        let stages = [group(key("c", Expr::field("city"))), Stage::Match(Expr::Nor(vec![outside, eq("_id.c", 1)]))];
        let after = "Match(nor(city.x not in [1], city == 1)) . Group(by={c: city})";
        assert_passes(&PushMatchBelowGroup, &stages, after);
    }

    #[test]
    fn what_tells_null_from_missing_or_asks_for_null_stays() {
        unchanged(Expr::field("a"), Expr::Exists { field: "_id".into(), present: true });
        unchanged(Expr::field("a"), compare("_id", CompareOp::Ne, Value(RawBson::Null)));
        let values = vec![1.into(), Value(RawBson::Null)];
        unchanged(Expr::field("a"), Expr::In { needle: Box::new(Expr::field("_id")), values, negated: false });
        unchanged(Expr::field("a"), compare("_id", CompareOp::Gt, Value(RawBson::MinKey)));
    }

    #[test]
    fn what_tells_equal_keys_apart_stays() {
        unchanged(Expr::field("a"), Expr::IsType { field: "_id".into(), types: vec!["int".into()] });
        unchanged(Expr::field("a"), Expr::Regex { field: "_id".into(), pattern: "^a".into(), options: String::new() });
        unchanged(Expr::field("a"), eq("_id", pattern()));
        unchanged(Expr::field("a"), eq("_id", Value(RawBson::Array(bson::RawArrayBuf::new()))));
        unchanged(Expr::field("a"), eq("_id", bson::rawdoc! { "x": 1 }));
        unchanged(Expr::field("a"), computed(eq("_id", 1)));
    }

    #[test]
    fn keys_that_are_computed_stay() {
        unchanged(Expr::field("a.b"), eq("_id", 1));
        unchanged(key("k", Expr::field("a.b")), eq("_id.k", 1));
        unchanged(key("k", Expr::field("a")), eq("_id", 1));
        unchanged(key("k", Expr::field("a")), eq("_id.other", 1));
        unchanged(Expr::field(""), eq("_id", 1));
        unchanged(call("$abs", Expr::field("a")), eq("_id", 1));
        let twice = Expr::Document(vec![("k".into(), Expr::field("a")), ("k".into(), Expr::field("b"))]);
        unchanged(twice, eq("_id.k", 1));
        assert_stays(&PushMatchBelowGroup, &[Stage::Group { by: None, outputs: vec![] }, Stage::Match(eq("_id", 1))]);
    }

    #[test]
    fn chance_is_not_crossed() {
        let operands = Some(Operands::Single(Box::new(chance())));
        let sum = Accumulator { output: "n".into(), name: "$sum".into(), operands };
        let group = Stage::Group { by: Some(Expr::field("a")), outputs: vec![sum] };
        assert_stays(&PushMatchBelowGroup, &[group, Stage::Match(eq("_id", 1))]);
        unchanged(chance(), eq("_id", 1));
        unchanged(Expr::field("a"), Expr::Raw(1.into()));
    }

    #[test]
    fn what_the_group_makes_stays() {
        unchanged(Expr::field("a"), gt("n", 1));
        unchanged(Expr::field("a"), eq("_idea", 1));
        unchanged(Expr::field("a"), Expr::Or(vec![eq("_id", 1), gt("n", 1)]));
    }
}
